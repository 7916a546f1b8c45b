"""Where SpiffWorkflow runs BPMN otherwise than the standard, and is made right (docs/bpmn.md lists every element).

*Scopes.* An error, escalation or cancellation goes outwards from where it was thrown, scope by scope, and only to what
sits on the activity that it leaves (BPMN 2.0.2, 10.5.1); upstream hands it to whatever waits for that code anywhere, so
that of two transactions in parallel both would be cancelled. It carries the values of where it was thrown. An error
that nobody catches is an incident at the end event that threw it.

*Messages* reach one of those who wait for them; upstream gives one to all of an instance (10.5.1).

*Event sub-processes* begin in any scope, not only at top level; an interrupting one ends the rest of its scope, and
one whose timer has not come yet does not keep its scope from ending (10.3.5, 13.5.4). It knows what its scope knows by
then, and what follows a boundary event what was done inside; upstream what was known when the scope began.

*Interruptions* are instant (13.5.3, 13.5.4): what interrupts runs before anything else, so that nothing of what it ends
begins, is sent or is completed afterwards. Upstream runs a sub-process until it rests before it looks at its edge.

*Boundary events* that do not interrupt catch as often as something comes; upstream once.

*Conditions* are watched in the data of their scope, whoever changes them, and fire when they turn true (10.5.5); one
that is true when the watch begins counts as turning. Upstream looks at the values of when it began to wait.

Joins are in ``engine.bpmn.joins``.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from operator import itemgetter
from typing import Any

from SpiffWorkflow.bpmn import BpmnEvent
from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit, _EndJoin
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent, EventBasedGateway, StartEvent
from SpiffWorkflow.bpmn.specs.event_definitions import ConditionalEventDefinition, MessageEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.simple import CancelEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask, ParallelMultiInstanceTask
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.spiff.specs.event_definitions import ErrorEventDefinition, EscalationEventDefinition
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn import expression
from engine.bpmn.flow_graph import reached
from engine.bpmn.joins import Meeting, ancestors, before_told, is_told, merge
from engine.bpmn.timers import ClockedCycle

ABSENT = object()
AT_WORK = (TaskState.READY, TaskState.STARTED)
TRUE_BEFORE = "true_before"
"""Marks a boundary event that waits for the next time: its condition was true already and must turn false first."""


class Uncaught(RuntimeError):
    """An error was thrown that no scope around it catches."""


# ── what leaves its scope ───────────────────────────────────────────────────────────────────────────────────────────


class _Outwards:
    """An event that looks for who catches it from the inside out, with the values of where it was thrown."""

    name: str
    expression: str | None
    variable: str | None

    def throw(self, my_task: Any) -> None:
        """Hand it to the nearest scope that catches it."""
        workflow = my_task.workflow.top_workflow
        expression = getattr(self, "expression", None)
        carried = dict(my_task.data) if expression is None else workflow.script_engine.evaluate(my_task, expression)
        event = BpmnEvent(self, payload=carried, target=my_task.workflow)
        if not _catch_outwards(workflow, event) and isinstance(self, ErrorEventDefinition):
            raise Uncaught(f"galat {self.name} tidak ditangkap siapa pun")

    def update_task_data(self, my_task: Any) -> None:
        """Give what was carried to who caught it: under a name if the diagram gives one, else value by value."""
        carried = my_task.internal_data.pop(self.name, None)
        if getattr(self, "variable", None) is not None:
            my_task.data[self.variable] = carried
        elif isinstance(carried, Mapping):
            my_task.data.update(carried)


class RaisedError(_Outwards, ErrorEventDefinition):  # type: ignore[misc]
    """An error."""


class RaisedEscalation(_Outwards, EscalationEventDefinition):  # type: ignore[misc]
    """An escalation."""


class RaisedCancel(_Outwards, CancelEventDefinition):  # type: ignore[misc]
    """The cancellation of a transaction."""

    def update_task_data(self, my_task: Any) -> None:
        """Carry nothing: what a cancelled transaction did is undone."""


def _catch_outwards(workflow: Any, event: Any) -> bool:
    """Let the nearest scope catch *event*; whether one did."""
    scope = event.target
    while scope is not None:
        start = next(_begun(workflow, [scope], event), None)
        if start is not None:
            _catch(start, event)
            return True
        if scope.parent_task_id is None:
            return False
        activity = workflow.get_task_from_id(scope.parent_task_id)
        scope = activity.workflow
        if isinstance(activity.parent.task_spec, LoopTask):  # one item of several: their common edge
            activity = activity.parent
        catching = _on_the_edge(workflow, activity, event)
        if catching:
            _catch(catching[0], event)
            return True
    return False


def _on_the_edge(workflow: Any, activity: Any, event: Any) -> list[Any]:
    """Return the boundary events of *activity* that catch *event*, those that name its code first."""
    if not isinstance(activity.parent.task_spec, BoundaryEventSplit):
        return []
    waiting = [task for task in activity.parent.children if task.id in workflow.event_manager.tasks]
    found = [task for task in waiting if task.task_spec.catches(task, event)]
    return sorted(found, key=lambda task: _takes_any(task.task_spec))


def _takes_any(spec: Any) -> bool:
    """Whether an event catches every code: whoever names the code comes first."""
    return getattr(spec.event_definition, "code", None) is None


def _catch(task: Any, event: Any) -> None:
    task.task_spec.catch(task, event)
    task.task_spec._update(task)


# ── event sub-processes ─────────────────────────────────────────────────────────────────────────────────────────────


class SideStart(StartEvent):  # type: ignore[misc]
    """The start of an event sub-process: it begins with what its scope knows by now."""

    def _run_hook(self, my_task: Any) -> Any:
        my_task.data = known(_side_of(my_task).workflow)
        return super()._run_hook(my_task)


class InterruptingStart(SideStart):
    """The start of an event sub-process that ends everything else in its scope."""

    def _on_ready_hook(self, my_task: Any) -> None:
        super()._on_ready_hook(my_task)
        my_task.workflow.top_workflow.interrupting.append(my_task)

    def _run_hook(self, my_task: Any) -> Any:
        result = super()._run_hook(my_task)
        side = _side_of(my_task)
        tasks = side.workflow.tasks
        kept = {side.workflow.task_tree.id, *reached([side.id], lambda id_: tasks[id_]._children)}
        for task in list(tasks.values()):
            if task.id not in kept and task.has_state(TaskState.NOT_FINISHED_MASK):
                task.cancel()
        return result


class Choice(EventBasedGateway):  # type: ignore[misc]
    """An event-based gateway: it goes on at once, since what it caught is not kept with its state."""

    def _on_ready_hook(self, my_task: Any) -> None:
        super()._on_ready_hook(my_task)
        my_task.workflow.top_workflow.interrupting.append(my_task)


class ScopedBoundaryEvent(BoundaryEvent):  # type: ignore[misc]
    """A boundary event: what follows it knows what was done inside its sub-process, unless that is undone."""

    def _on_ready_hook(self, my_task: Any) -> None:
        """End the activity before anything else happens, or wait for the next one that comes."""
        super()._on_ready_hook(my_task)
        if self.cancel_activity:
            my_task.workflow.top_workflow.interrupting.append(my_task)
        elif not isinstance(self.event_definition, TimerEventDefinition):
            self._update(self.arm(my_task.parent, **{TRUE_BEFORE: True}))
        elif (following := getattr(self.event_definition, "following", lambda task: None)(my_task)) is not None:
            again = self.arm(my_task.parent, event_value=following)
            my_task.workflow.top_workflow.event_manager.add_task(again)

    def arm(self, split: Any, **facts: Any) -> Any:
        """Wait for the next one that comes, beside the activity behind *split*; what waits."""
        again = split._add_child(self)
        again.triggered = True
        again.internal_data.update(facts)
        self._predict(again)
        again._set_state(TaskState.WAITING)
        return again

    def _run_hook(self, my_task: Any) -> Any:
        for beside in my_task.parent.children:
            if not isinstance(beside.task_spec, ScopedBoundaryEvent):
                if not self._undoes():
                    my_task.data = dict(my_task.data)
                    merge(my_task.data, {}, _done_inside(beside))
            elif beside is not my_task and beside._state == TaskState.READY and self.ends_as_well(beside):
                beside.cancel()  # of several that occurred at once, one ends the activity
        return super()._run_hook(my_task)

    def ends_as_well(self, other: Any) -> bool:
        """Whether this and another boundary event would both end their activity."""
        return bool(self.cancel_activity and other.task_spec.cancel_activity)

    def _undoes(self) -> bool:
        return isinstance(self.event_definition, CancelEventDefinition)


class End(Meeting, _EndJoin):  # type: ignore[misc]
    """The end of a scope: an event sub-process that has not begun does not keep it from ending."""

    def taken(self, workflow: Any, tokens: list[Any]) -> list[Any]:
        """Return every token that came, if nothing else of the scope is left."""
        idle = [side for side in _side_tracks(workflow) if not _has_begun(side)]
        behind = {self, *self.outputs}
        for task in workflow.tasks.values():
            if task._state & TaskState.NOT_FINISHED_MASK and task.task_spec not in behind and task not in idle:
                return []
        for side in idle:
            side.cancel()
        return tokens

    def brought(self, task: Any, parted: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return what a branch brings: an event sub-process only what was changed in it."""
        changed = _changed_aside(task)
        return super().brought(task, parted) if changed is None else ({}, changed)

    def _run_hook(self, my_task: Any) -> bool:
        my_task.workflow.data.update(my_task.data)
        return True


class Watched(ConditionalEventDefinition):  # type: ignore[misc]
    """A condition on the data of the scope in which it is watched."""

    def has_fired(self, my_task: Any) -> bool:
        """Whether the condition has turned true."""
        holds = self.holds(my_task.workflow)
        before = my_task.internal_data.pop(TRUE_BEFORE, False)
        if holds and before:
            my_task.internal_data[TRUE_BEFORE] = True
        return holds and not before

    def holds(self, scope: Any) -> bool:
        """Whether it is true of what may be read in *scope* now; of what nobody has given yet, nothing is true."""
        workflow, engine = scope.top_workflow, scope.script_engine
        names = workflow.seen.get(scope.task_tree.id) if workflow.seen is not None else None
        if names is None:
            names = {**engine.documents_around(scope), **visible(scope, workflow.watches)}
        if workflow.seen is not None:
            workflow.seen[scope.task_tree.id] = names
        needed = expression.compile(self.expression).names
        if not needed <= names.keys():
            return False
        try:
            return engine.environment.evaluate(self.expression, names) is True
        except expression.ExpressionError:
            if any(names[name] is None for name in needed):
                return False
            raise


def catch(workflow: Any, event: Any) -> list[Any]:
    """Let *workflow* catch *event*; the tasks that did.

    A signal is for everybody who waits; a message for one: who waits longest, else an event sub-process that it begins.
    """
    waiting = [task for task in workflow.event_manager.tasks.values() if task.task_spec.catches(task, event)]
    waiting.sort(key=lambda task: task.last_state_change)
    beginning = _begun(workflow, open_scopes(workflow), event)
    if isinstance(event.event_definition, MessageEventDefinition):
        found = waiting[:1] or list(islice(beginning, 1))
    else:
        found = [*waiting, *beginning]
    for task in found:
        _catch(task, event)
    return found


def open_scopes(workflow: Any) -> Iterator[Any]:
    """Yield the instance and every sub-process of it that is being worked on."""
    if not workflow.completed:
        yield workflow
    for scope in workflow.get_active_subprocesses():
        if workflow.get_task_from_id(scope.parent_task_id)._state == TaskState.STARTED:
            yield scope


def listening(workflow: Any) -> Iterator[tuple[Any, str, Any]]:
    """Yield what may begin an event sub-process now: scope, the sub-process's name, its start event's specification."""
    for scope in open_scopes(workflow):
        yield from _listening(workflow, scope)


def _listening(workflow: Any, scope: Any) -> Iterator[tuple[Any, str, Any]]:
    names = scope.spec.start.side_tracks
    if not names or any(_interrupts(side) and _has_begun(side) for side in _side_tracks(scope)):
        return
    for name in names:
        for start in workflow.subprocess_specs[name].bpmn_start_events:
            yield scope, name, start


def _begun(workflow: Any, scopes: Iterable[Any], event: Any) -> Iterator[Any]:
    """Begin the event sub-processes of *scopes* that *event* starts; yield their start events."""
    found = [each for one in list(scopes) for each in _listening(workflow, one)]
    for scope, name, start in sorted(found, key=lambda each: _takes_any(each[2])):
        if start.event_definition == event.event_definition:
            begun = _begin(workflow, scope, name)
            begun.correlations.update(event.correlations or {})
            yield next(task for task in begun.tasks.values() if task.task_spec is start)


def _begin(workflow: Any, scope: Any, name: str) -> Any:
    """Begin an event sub-process of *scope*; its workflow."""
    side = scope.tasks[scope.spec.start.trigger_wf(scope.task_tree, name)]
    side.task_spec._predict(side, mask=TaskState.STARTED | TaskState.FUTURE)  # its way to the end
    return workflow.subprocesses[side.id]


def watch(workflow: Any) -> None:
    """Look at every condition that is watched: those that wait, and those that begin event sub-processes."""
    workflow.seen = {}  # what each scope knows: nothing runs meanwhile
    for task in list(workflow.event_manager.tasks.values()):
        if isinstance(task.task_spec.event_definition, Watched):
            task.task_spec._update(task)
    for scope, name, start in list(listening(workflow)):
        if isinstance(start.event_definition, Watched):
            root, known_true = scope.task_tree, f"{TRUE_BEFORE} {name}"
            try:
                holds = start.event_definition.holds(scope)
            except expression.ExpressionError:  # of values that it does not fit yet
                holds = False
            if holds and not root.internal_data.get(known_true):
                _begin(workflow, scope, name)
            root.internal_data[known_true] = holds
    workflow.seen = None


def _side_tracks(scope: Any) -> list[Any]:
    """Return the tasks of the event sub-processes of *scope*: those that began, and those whose timer runs.

    Only they lie directly behind the engine's own start.
    """
    return [task for task in scope.task_tree.children if isinstance(task.task_spec, SubWorkflowTask)]


def _start_of(side: Any) -> Any:
    """Return the start event's task inside an event sub-process; None if it is gone."""
    inside = side.workflow.top_workflow.subprocesses.get(side.id)
    if inside is None:
        return None
    return next((task for task in inside.tasks.values() if task.task_spec in inside.spec.bpmn_start_events), None)


def _side_of(start: Any) -> Any:
    """Return the task of the event sub-process that *start* begins."""
    return start.workflow.top_workflow.get_task_from_id(start.workflow.parent_task_id)


def known(scope: Any, names: Collection[str] | None = None) -> dict[str, Any]:
    """Return what a scope knows by now, or *names* of it: every change made in it, in the order of their making."""
    root = scope.task_tree.data
    data = dict(root) if names is None else {name: root[name] for name in names if name in root}
    made = []
    for at, before, after in _changes(scope):
        told = after if names is None else {name: after[name] for name in names if name in after}
        if any(before.get(name, ABSENT) is not value for name, value in told.items()):
            made.append((at, before, told))
    for _, before, told in sorted(made, key=itemgetter(0)):
        merge(data, before, told)
    return data


def visible(scope: Any, names: Collection[str] | None = None) -> dict[str, Any]:
    """Return what may be read in a scope now: what the scopes around it know by now, and over that what it changed."""
    around = scope.parent_workflow
    if around is None or scope.spec.io_specification is not None:
        return known(scope, names)
    data = visible(around, names)
    merge(data, scope.task_tree.data, known(scope, names))
    return data


def _changes(scope: Any) -> Iterator[tuple[float, Mapping[str, Any], Mapping[str, Any]]]:
    """Yield what was changed in *scope*: when, what was known before, and after.

    What a join brings together, those who came there tell. Items tell what they changed, unless they yield an output:
    then their values are their own, and the whole tells.
    """
    latest: dict[Any, Mapping[str, Any]] = {}  # of items one after another: what the one before left
    for task in scope.tasks.values():
        parent, spec = task.parent, task.task_spec
        if parent is None or task.has_state(TaskState.PREDICTED_MASK | TaskState.FUTURE):
            continue
        around = parent.task_spec
        if isinstance(around, LoopTask) and around.task_spec == spec.name:
            if not _gathers(around):
                item = getattr(around, "input_item", None)
                after = {name: value for name, value in task.data.items() if item is None or name != item.bpmn_id}
                yield task.last_state_change, latest.get(parent.id, parent.parent.data), after
                if not isinstance(around, ParallelMultiInstanceTask):
                    latest[parent.id] = after
        elif is_told(task):
            yield task.last_state_change, before_told(task), task.data
        elif (changed := _changed_aside(task)) is not None:
            yield task.last_state_change, {}, changed
        elif not isinstance(spec, Meeting) and (not isinstance(spec, LoopTask) or _gathers(spec)):
            yield task.last_state_change, parent.data, task.data
        inside = scope.top_workflow.subprocesses.get(task.id)
        if inside is not None and task._state == TaskState.STARTED:
            yield from _changes(inside)


def _gathers(several: Any) -> bool:
    """Whether the items of a multi-instance yield an output, and keep whatever else they change to themselves."""
    return getattr(several, "data_output", None) is not None and several.output_item is not None


def _done_inside(activity: Any) -> dict[str, Any]:
    """Return what was changed in an activity that is at work: in its sub-process, or in items that are done."""
    found: dict[str, Any] = {}
    if isinstance(activity.task_spec, LoopTask):
        merge(found, activity.parent.data, activity.data)
        parts = activity.children
    else:
        parts = [activity]
    for part in parts:
        inside = activity.workflow.top_workflow.subprocesses.get(part.id)
        if inside is not None and inside.spec.io_specification is None:
            merge(found, part.data, known(inside))
    return found


def _changed_aside(task: Any) -> dict[str, Any] | None:
    """Return what was changed in an event sub-process; None if *task* is none."""
    if not isinstance(task.task_spec, SubWorkflowTask) or task.parent is not task.workflow.task_tree:
        return None
    start = _start_of(task)
    if start is None:
        return None
    found: dict[str, Any] = {}
    merge(found, before_told(start), task.data)
    return found


def _has_begun(side: Any) -> bool:
    start = _start_of(side)
    return start is None or start._state != TaskState.WAITING


def _interrupts(side: Any) -> bool:
    start = _start_of(side)
    return start is not None and isinstance(start.task_spec, InterruptingStart)


def revive(workflow: Any) -> None:
    """Make a scope of a state of version 1 one of today.

    There, of the tokens that wait at a join all but one are cancelled: those that came in the same pass as the one that
    is alive, behind the same passage of this join or none. Boundary events that do not interrupt were heard once, and
    what a repeated timer opened hangs on the timer, and would fall with it.
    """
    joins = [task for task in workflow.tasks.values() if isinstance(task.task_spec, Meeting)]

    def passage(task: Any) -> Any:
        return next((each for each in ancestors(task) if each.task_spec is task.task_spec), None)

    for alive in joins:
        spec = alive.task_spec
        if not alive.has_state(TaskState.WAITING | TaskState.READY):
            continue
        ended = [task for task in joins if task.task_spec is spec and task._state == TaskState.CANCELLED]
        came = [t for t in ended if t.parent._state == TaskState.COMPLETED and passage(t) is passage(alive)]
        if alive._state == TaskState.READY:
            spec.meet(alive, came)
        for task in came if alive._state == TaskState.WAITING else ():
            task._state = TaskState.WAITING
    for task in list(workflow.tasks.values()):
        spec = task.task_spec
        if isinstance(getattr(spec, "event_definition", None), ClockedCycle) and task._state == TaskState.WAITING:
            opened = [child for child in task.children if not child.has_state(TaskState.PREDICTED_MASK)]
            if opened:
                done = Task(workflow, spec, task.parent, TaskState.COMPLETED)
                done.data = dict(task.data)
                for child in opened:
                    child.parent = done
                done.children, task.children = opened, [c for c in task.children if c not in opened]
            spec._predict(task, mask=TaskState.PREDICTED_MASK | TaskState.FUTURE | TaskState.WAITING)
        elif (
            is_told(task)
            and task._state == TaskState.COMPLETED
            and isinstance(task.parent.task_spec, BoundaryEventSplit)
        ):
            beside = task.parent.children
            at_work = any(not isinstance(t.task_spec, ScopedBoundaryEvent) and t._state in AT_WORK for t in beside)
            deaf = not any(t.task_spec is spec and t._state == TaskState.WAITING for t in beside)
            if at_work and deaf and not isinstance(spec.event_definition, TimerEventDefinition):
                spec._update(spec.arm(task.parent, **{TRUE_BEFORE: True}))


EVENTS = {
    ErrorEventDefinition: RaisedError,
    EscalationEventDefinition: RaisedEscalation,
    CancelEventDefinition: RaisedCancel,
    ConditionalEventDefinition: Watched,
}
"""Upstream's event definitions, and ours in their place."""
