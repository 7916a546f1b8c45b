"""Corrects SpiffWorkflow where it deviates from BPMN 2.0.2 (docs/bpmn.md lists every element).

*Scopes.* An error, escalation or cancellation goes outwards, scope by scope, and only to boundary events of the
activity that it leaves (10.5.1), with the data of the place where it was thrown. Upstream gives it to every event that
waits for the code: of two parallel transactions it would cancel both. An uncaught error is an incident.

*Messages* reach one of the waiting events (10.5.1); upstream gives them to all.

*Event sub-processes* start in any scope, upstream only at top level. An interrupting one ends the rest of its scope.
One whose timer is not due does not keep the scope from ending (10.3.5, 13.5.4). It starts with the current data of its
scope, and the path after a boundary event with the data from inside; upstream uses the data of the scope's start.

*Interruptions* run before anything else (13.5.3, 13.5.4), so that nothing that they end begins, sends or completes
afterwards. Upstream first runs a sub-process as far as it goes.

*Non-interrupting boundary events* catch any number of times; upstream once.

*Conditions* see the current data of their scope and fire when they become true or are true at first (10.5.5). Upstream
uses the data of the moment when it began to wait.

Joins are in ``engine.bpmn.joins``.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from SpiffWorkflow.bpmn import BpmnEvent
from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit, _EndJoin
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent, EventBasedGateway, StartEvent
from SpiffWorkflow.bpmn.specs.event_definitions import ConditionalEventDefinition, MessageEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.simple import CancelEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.spiff.specs.event_definitions import ErrorEventDefinition, EscalationEventDefinition
from SpiffWorkflow.util.task import TaskState

from engine.bpmn import expression
from engine.bpmn.flow_graph import reached
from engine.bpmn.joins import Meeting, merge
from engine.bpmn.scope_data import changed_aside, done_inside, known, start_of, visible

AT_WORK = (TaskState.READY, TaskState.STARTED)
TRUE_BEFORE = "true_before"
"""Marks a boundary event whose condition was already true: it must become false before it can fire again."""


class Uncaught(RuntimeError):
    """A thrown error that no enclosing scope catches."""


# ── what leaves its scope ───────────────────────────────────────────────────────────────────────────────────────────


class _Outwards:
    """An event that goes outwards until a scope catches it."""

    name: str
    expression: str | None
    variable: str | None

    def throw(self, my_task: Any) -> None:
        workflow = my_task.workflow.top_workflow
        expression = getattr(self, "expression", None)
        carried = dict(my_task.data) if expression is None else workflow.script_engine.evaluate(my_task, expression)
        event = BpmnEvent(self, payload=carried, target=my_task.workflow)
        if not _catch_outwards(workflow, event) and isinstance(self, ErrorEventDefinition):
            raise Uncaught(f"galat {self.name} tidak ditangkap siapa pun")

    def update_task_data(self, my_task: Any) -> None:
        """Add the payload to the data of the catching task: under the diagram's name for it, else value by value."""
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
        """Add nothing: a cancelled transaction is undone."""


def _catch_outwards(workflow: Any, event: Any) -> bool:
    """Let the nearest scope catch *event*; return whether one did."""
    scope = event.target
    while True:
        start = next(_begun(workflow, [scope], event), None)
        if start is not None:
            _catch(start, event)
            return True
        if scope.parent_task_id is None:
            return False
        activity = workflow.get_task_from_id(scope.parent_task_id)
        scope = activity.workflow
        if isinstance(activity.parent.task_spec, LoopTask):  # boundary events belong to the loop, not to its items
            activity = activity.parent
        catching = _on_the_edge(workflow, activity, event)
        if catching:
            _catch(catching[0], event)
            return True


def _on_the_edge(workflow: Any, activity: Any, event: Any) -> list[Any]:
    """Return the boundary events of *activity* that catch *event*; first those for its code, then those for any."""
    if not isinstance(activity.parent.task_spec, BoundaryEventSplit):
        return []
    waiting = [task for task in activity.parent.children if task.id in workflow.event_manager.tasks]
    found = [task for task in waiting if task.task_spec.catches(task, event)]
    return sorted(found, key=lambda task: _takes_any(task.task_spec))


def _takes_any(spec: Any) -> bool:
    return getattr(spec.event_definition, "code", None) is None


def _catch(task: Any, event: Any) -> None:
    task.task_spec.catch(task, event)
    task.task_spec._update(task)


# ── event sub-processes ─────────────────────────────────────────────────────────────────────────────────────────────


class SideStart(StartEvent):  # type: ignore[misc]
    """The start event of an event sub-process; it has the current data of the scope."""

    def _run_hook(self, my_task: Any) -> Any:
        my_task.data = known(_event_sub_process_of(my_task).workflow)
        return super()._run_hook(my_task)


class InterruptingStart(SideStart):
    """The start event of an interrupting event sub-process, which ends everything else in its scope."""

    def _on_ready_hook(self, my_task: Any) -> None:
        super()._on_ready_hook(my_task)
        my_task.workflow.top_workflow.interrupting.append(my_task)

    def _run_hook(self, my_task: Any) -> Any:
        result = super()._run_hook(my_task)
        side = _event_sub_process_of(my_task)
        tasks = side.workflow.tasks
        kept = {side.workflow.task_tree.id, *reached([side.id], lambda id_: tasks[id_]._children)}
        for task in list(tasks.values()):
            if task.id not in kept and task.has_state(TaskState.NOT_FINISHED_MASK):
                task.cancel()
        return result


class Choice(EventBasedGateway):  # type: ignore[misc]
    """An event-based gateway: it continues at once, because the state does not store what it caught."""

    def _on_ready_hook(self, my_task: Any) -> None:
        super()._on_ready_hook(my_task)
        my_task.workflow.top_workflow.interrupting.append(my_task)


class ScopedBoundaryEvent(BoundaryEvent):  # type: ignore[misc]
    """A boundary event: the path after it has the data from inside the sub-process, unless that is undone."""

    def _on_ready_hook(self, my_task: Any) -> None:
        """End the activity before anything else happens or, if it is not interrupting, wait for the next event."""
        super()._on_ready_hook(my_task)
        if self.cancel_activity:
            my_task.workflow.top_workflow.interrupting.append(my_task)
        elif not isinstance(self.event_definition, TimerEventDefinition):
            self._update(self.arm(my_task.parent, **{TRUE_BEFORE: True}))
        elif (following := getattr(self.event_definition, "following", lambda task: None)(my_task)) is not None:
            again = self.arm(my_task.parent, event_value=following)
            my_task.workflow.top_workflow.event_manager.add_task(again)

    def arm(self, split: Any, **facts: Any) -> Any:
        """Return a new task that waits for the next event at the activity after *split*."""
        again = split._add_child(self)
        again.triggered = True
        again.internal_data.update(facts)
        self._predict(again)
        again._set_state(TaskState.WAITING)
        return again

    def _run_hook(self, my_task: Any) -> Any:
        for beside in my_task.parent.children:
            if not isinstance(beside.task_spec, ScopedBoundaryEvent):
                if not isinstance(self.event_definition, CancelEventDefinition):  # a cancelled transaction is undone
                    my_task.data = dict(my_task.data)
                    merge(my_task.data, {}, done_inside(beside))
            elif (
                beside is not my_task
                and beside._state == TaskState.READY
                and self.cancel_activity
                and beside.task_spec.cancel_activity
            ):
                beside.cancel()  # of several simultaneous events, one ends the activity
        return super()._run_hook(my_task)


class End(Meeting, _EndJoin):  # type: ignore[misc]
    """The end of a scope, which event sub-processes that have not begun do not delay."""

    def taken(self, workflow: Any, tokens: list[Any]) -> list[Any]:
        """Return all tokens that arrived, once nothing else in the scope is left."""
        idle = [side for side in _side_tracks(workflow) if not _has_begun(side)]
        behind = {self, *self.outputs}
        for task in workflow.tasks.values():
            if task._state & TaskState.NOT_FINISHED_MASK and task.task_spec not in behind and task not in idle:
                return []
        for side in idle:
            side.cancel()
        return tokens

    def brought(self, task: Any, parted: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return the data that a branch adds; of an event sub-process only its changes."""
        changed = changed_aside(task)
        return super().brought(task, parted) if changed is None else ({}, changed)

    def _run_hook(self, my_task: Any) -> bool:
        my_task.workflow.data.update(my_task.data)
        return True


class Watched(ConditionalEventDefinition):  # type: ignore[misc]
    """A condition on the current data of its scope."""

    def has_fired(self, my_task: Any) -> bool:
        """Whether the condition has become true."""
        holds = self.holds(my_task.workflow)
        before = my_task.internal_data.pop(TRUE_BEFORE, False)
        if holds and before:
            my_task.internal_data[TRUE_BEFORE] = True
        return holds and not before

    def holds(self, scope: Any) -> bool:
        """Whether the condition is true of the data in *scope*; false while a variable is missing or None."""
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
    """Let *workflow* catch *event*; return the tasks that did.

    All waiting tasks catch a signal. One catches a message: the task waiting longest, else an event sub-process.
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
    """Yield the instance and each of its running sub-processes."""
    if not workflow.completed:
        yield workflow
    for scope in workflow.get_active_subprocesses():
        if workflow.get_task_from_id(scope.parent_task_id)._state == TaskState.STARTED:
            yield scope


def listening(workflow: Any) -> Iterator[tuple[Any, str, Any]]:
    """Yield the event sub-processes that can start now: scope, name, specification of the start event."""
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
    """Start the event sub-processes of *scopes* that *event* triggers; yield their start events."""
    found = [each for one in list(scopes) for each in _listening(workflow, one)]
    for scope, name, start in sorted(found, key=lambda each: _takes_any(each[2])):
        if start.event_definition == event.event_definition:
            begun = _begin(workflow, scope, name)
            begun.correlations.update(event.correlations or {})
            yield next(task for task in begun.tasks.values() if task.task_spec is start)


def _begin(workflow: Any, scope: Any, name: str) -> Any:
    """Start an event sub-process of *scope*; return its workflow."""
    side = scope.tasks[scope.spec.start.trigger_wf(scope.task_tree, name)]
    side.task_spec._predict(side, mask=TaskState.STARTED | TaskState.FUTURE)
    return workflow.subprocesses[side.id]


def watch(workflow: Any) -> None:
    """Evaluate the conditions of waiting events and of event sub-processes."""
    workflow.seen = {}  # caches the data of each scope, as nothing runs meanwhile
    for task in list(workflow.event_manager.tasks.values()):
        if isinstance(task.task_spec.event_definition, Watched):
            task.task_spec._update(task)
    for scope, name, start in list(listening(workflow)):
        if isinstance(start.event_definition, Watched):
            root, known_true = scope.task_tree, f"{TRUE_BEFORE} {name}"
            try:
                holds = start.event_definition.holds(scope)
            except expression.ExpressionError:  # the values do not fit yet
                holds = False
            if holds and not root.internal_data.get(known_true):
                _begin(workflow, scope, name)
            root.internal_data[known_true] = holds
    workflow.seen = None


def _side_tracks(scope: Any) -> list[Any]:
    """Return the tasks of the event sub-processes of *scope* that began or whose timer runs.

    Only these are direct children of the root.
    """
    return [task for task in scope.task_tree.children if isinstance(task.task_spec, SubWorkflowTask)]


def _event_sub_process_of(start: Any) -> Any:
    return start.workflow.top_workflow.get_task_from_id(start.workflow.parent_task_id)


def _has_begun(side: Any) -> bool:
    start = start_of(side)
    return start is None or start._state != TaskState.WAITING


def _interrupts(side: Any) -> bool:
    start = start_of(side)
    return start is not None and isinstance(start.task_spec, InterruptingStart)


EVENTS = {
    ErrorEventDefinition: RaisedError,
    EscalationEventDefinition: RaisedEscalation,
    CancelEventDefinition: RaisedCancel,
    ConditionalEventDefinition: Watched,
}
"""Our replacements for upstream's event definitions."""
