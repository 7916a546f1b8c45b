"""An instance in memory: SpiffWorkflow's workflow with flat scans, bounded steps and incidents.

Upstream walks the task tree after every task to find what is ready or waiting; here the tasks of a workflow are
scanned by state, which gives the same results (its own suites pass) at a fraction of the cost.

A task that raises becomes an incident: it keeps its place, marked in its ``internal_data``, everything else goes on,
and trying again runs exactly that task. Two ways lead there: running an engine task, and updating a task that a
completed one leads to (expanding a multi-instance, computing a timer). The second is guarded on the specification's
own ``_update`` (``engine.bpmn.upstream.freeze``), so that the completed task is never undone.
"""

import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.script_engine.python_environment import BasePythonScriptEngineEnvironment
from SpiffWorkflow.bpmn.specs.event_definitions import SignalEventDefinition
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.spiff.specs.defaults import ParallelMultiInstanceTask, SequentialMultiInstanceTask, StandardLoopTask
from SpiffWorkflow.util.task import TaskState

from engine import pulse
from engine.bpmn import bpmn_semantics, expression
from engine.bpmn.bpmn_semantics import Watched
from engine.bpmn.joins import Meeting, merge
from engine.bpmn.limits import MOST_ITEMS
from engine.bpmn.timers import host_functions, is_literal
from engine.model.errors import FunctionFailed
from engine.model.process import OpenTask, Subscription

INCIDENT = "incident"
MOST_STEPS = 10_000  # of the engine in one move, without a person, timer or message in between
MOST_SECONDS = 4.0  # of computing: how busy the machine is with others does not count
MOST_TASKS = 50_000  # of one instance; they are counted every so many steps
COUNTED_EVERY = 50
TRACE_LINES = 30


class TooManyItems(ValueError):
    """A multi-instance would have more items than anybody can work through, or a number that is none."""


class Count(str):
    """An expression that gives how many items a multi-instance has: a whole number within limits, as the engine's int.

    Upstream hands whatever an expression gives to ``range``, which takes no Decimal and makes ten million tasks.
    """

    __slots__ = ()

    def checked(self, value: Any) -> int:
        """Return *value* as a number of items; TooManyItems if it is none or too large."""
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or value != value // 1 or value < 0:
            raise TooManyItems(f"jumlah pengulangan “{self}” bukan bilangan bulat: {value}")
        return _counted(int(value))


class CompletionCondition(str):
    """A multi-instance's completion condition: it holds where it is true, not where it gives a number or a text."""

    __slots__ = ()

    def checked(self, value: Any) -> bool:
        """Return whether *value* is true."""
        return value is True


def _counted(count: int) -> int:
    if count > MOST_ITEMS:
        raise TooManyItems(f"dikerjakan {count} kali sekaligus; batasnya {MOST_ITEMS}")
    return count


class _ItemsApart:
    """A multi-instance that has no more than so many items, and leaves nothing behind but what they changed.

    A second pass begins with an empty output; a value that is called like its item is another one, and stays.
    """

    input_item: Any
    output_item: Any
    data_input: Any
    data_output: Any

    def _update_hook(self, my_task: Any) -> Any:
        """Make the items: behind a boundary event, upstream leaves the task a guess, which may have none."""
        if my_task.has_state(TaskState.PREDICTED_MASK):
            my_task._set_state(TaskState.FUTURE)
        return super()._update_hook(my_task)  # type: ignore[misc]

    def count_items(self, my_task: Any) -> None:
        """Refuse a collection that is too long."""
        held = self.data_input.get(my_task) if self.data_input is not None else ()
        _counted(len(held) if isinstance(held, Sized) else 0)

    def create_child(self, my_task: Any, item: Any, key_or_index: Any = None) -> None:
        """Make the task of one item; a value of the process with the item's name is hidden meanwhile."""
        names = {each.bpmn_id for each in (self.input_item, self.output_item) if each is not None}
        hidden = {name: my_task.data.pop(name) for name in names if name in my_task.data}
        super().create_child(my_task, item, key_or_index)  # type: ignore[misc]
        my_task.data.update(hidden)

    def init_data_output_with_cardinality(self, my_task: Any) -> None:
        """Begin with an empty output: what is there is the pass before's."""
        my_task.data.pop(self.data_output.bpmn_id, None)
        super().init_data_output_with_cardinality(my_task)  # type: ignore[misc]

    def init_data_output_with_input_data(self, my_task: Any, input_data: Any) -> None:
        """Begin with an empty output, unless the input is updated in place."""
        if self.data_output.bpmn_id != self.data_input.bpmn_id:
            my_task.data.pop(self.data_output.bpmn_id, None)
        super().init_data_output_with_input_data(my_task, input_data)  # type: ignore[misc]

    def merge_child(self, workflow: Any, child: Any) -> None:
        """Take over what an item yielded: its output, or without one whatever it changed, but not the item itself.

        If what comes next raises, nothing was taken over, so that it may be tried again.
        """
        around, whole = child.parent, child.data
        before, merged_before = around.data, list(around.internal_data["merged"])
        output = self.data_output.bpmn_id if self.data_output is not None else None
        around.data = {**before, output: copy(before[output])} if output in before else dict(before)
        try:
            if self.data_output is not None and self.output_item is not None:
                super().merge_child(workflow, child)  # type: ignore[misc]
            else:
                item = None if self.input_item is None else self.input_item.bpmn_id
                yielded = {key: value for key, value in whole.items() if key != item}
                merged = dict(before)
                merge(merged, around.parent.data, yielded)
                around.data, child.data = {}, yielded  # what upstream merges, by its own rules
                super().merge_child(workflow, child)  # type: ignore[misc]
                around.data, child.data = merged, whole
        except Exception:
            around.data, child.data, around.internal_data["merged"] = before, whole, merged_before
            raise
        _note_whole(around)


def _note_whole(around: Any) -> None:
    top = around.workflow.top_workflow
    if top.watches and around._state == TaskState.READY:
        top.whole.append(around)


class ParallelItems(_ItemsApart, ParallelMultiInstanceTask):  # type: ignore[misc]
    """A parallel multi-instance."""

    def create_children(self, my_task: Any) -> None:
        """Make a task for each item."""
        self.count_items(my_task)
        super().create_children(my_task)


class SequentialItems(_ItemsApart, SequentialMultiInstanceTask):  # type: ignore[misc]
    """A sequential multi-instance."""

    def init_remaining_items(self, my_task: Any) -> Any:
        """Return the items to come, with their keys: those that there are when it begins (13.3.7)."""
        self.count_items(my_task)
        keys, held = super().init_remaining_items(my_task), self.data_input.get(my_task)
        keyed = isinstance(held, Mapping | Sequence)
        return [(key, held[key]) if keyed else (None, key) for key in keys]

    def add_next_child(self, my_task: Any) -> None:
        """Make the next item, which may be nothing at all."""
        remaining = my_task.internal_data.get("remaining")
        if not remaining or not isinstance(remaining[0], tuple):  # counted, or begun by an earlier version
            super().add_next_child(my_task)
            return
        my_task.internal_data["remaining"] = remaining[1:]
        key, item = remaining[0]
        self.create_child(my_task, item, key)


class LoopTask(StandardLoopTask):  # type: ignore[misc]
    """A loop whose turns begin with what the turn before left."""

    def merge_child(self, workflow: Any, child: Any) -> None:
        """Take over what a turn left, lists as they are."""
        around, merged_before = child.parent, list(child.parent.internal_data["merged"])
        before, around.data = around.data, {}
        try:
            super().merge_child(workflow, child)
        except Exception:
            around.data, around.internal_data["merged"] = before, merged_before
            raise
        _note_whole(around)


ITEMS_APART = {
    ParallelMultiInstanceTask: ParallelItems,
    SequentialMultiInstanceTask: SequentialItems,
    StandardLoopTask: LoopTask,
}


class EndlessSteps(RuntimeError):
    """An instance took more engine steps, time or tasks in one move than any procedure needs."""


@dataclass
class Budget:
    """What one move may take; when it is spent, a task becomes an incident, and trying it again goes on from there.

    Steps bound a loop without a person, timer or message in it, seconds and tasks bound branches upon branches.
    """

    steps: int = field(default_factory=lambda: MOST_STEPS)
    until: float = field(default_factory=lambda: time.thread_time() + MOST_SECONDS)
    spent: bool = False

    def step(self, workflow: "InstanceWorkflow") -> str:
        """Take a step; why it may not be taken, or nothing."""
        if reason := pulse.aside():
            self.steps = 0
        elif self.steps <= 0:
            reason = f"lebih dari {MOST_STEPS} langkah mesin tanpa menunggu siapa pun"
        elif time.thread_time() > self.until:
            reason = f"lebih dari {MOST_SECONDS:g} detik hitungan mesin tanpa menunggu siapa pun"
        elif self.steps % COUNTED_EVERY == 0 and sum(1 for _ in workflow.every_task()) > MOST_TASKS:
            reason = f"lebih dari {MOST_TASKS} tugas sekaligus"
        self.steps -= 1
        self.spent = bool(reason)
        return reason


class ClosedEnvironment(BasePythonScriptEngineEnvironment):  # type: ignore[misc]
    """Evaluates everything that a diagram writes in the closed expression language."""

    def evaluate(self, text: str, context: Mapping[str, Any], external_context: Any = None) -> Any:
        """Return the value of an expression, or the text itself if it is ISO 8601."""
        if is_literal(text):
            return text.strip()
        names = {**(external_context or {}), **context}
        value = expression.compile(text).evaluate(names, host_functions())
        return text.checked(value) if isinstance(text, Count | CompletionCondition) else value

    def execute(self, text: str, context: dict[str, Any], external_context: Any = None) -> bool:
        """Run a script: ``name = expression`` lines."""
        found: dict[str, Any] = {}
        for name, assigned in expression.script(text):
            names = {**(external_context or {}), **context, **found}
            found[name] = assigned.evaluate(names, host_functions())
        if expression.weight({**context, **found}, expression.LARGEST_DATA) > expression.LARGEST_DATA:
            raise expression.ExpressionError(text, 0, "data pelaksanaan ini menjadi terlalu besar")
        context.update(found)
        return True

    def call_service(self, context: Any, **kwargs: Any) -> Any:
        """Refuse: no services are registered."""
        raise ValueError("layanan luar (serviceTask) tidak terdaftar di Alur")


def documents_around(workflow: Any) -> dict[str, Any]:
    """Return the documents that *workflow* and every scope around it hold; of two of one name the inner one."""
    found: dict[str, Any] = {}
    while workflow is not None:
        found = {**workflow.data_objects, **found}
        workflow = workflow.parent_workflow
    return found


class Engine(PythonScriptEngine):  # type: ignore[misc]
    """Lets expressions and scripts read the documents of every scope around them, upstream those of their own."""

    documents_around = staticmethod(documents_around)

    def evaluate(self, task: Any, text: str, external_context: Mapping[str, Any] | None = None) -> Any:
        """Return the value of an expression."""
        return super().evaluate(task, text, {**documents_around(task.workflow), **(external_context or {})})

    def execute(self, task: Any, text: str, external_context: Mapping[str, Any] | None = None) -> Any:
        """Run a script."""
        return super().execute(task, text, {**documents_around(task.workflow), **(external_context or {})})


ENGINE = Engine(ClosedEnvironment())
"""One for all instances: it keeps nothing."""


class FlatScans:
    """What a workflow and its sub-processes share: scans by state in place of walks over the tree."""

    tasks: dict[Any, Any]
    top_workflow: Any

    def _task_removed_notify(self, task: Any) -> None:
        """Let go of what a removed task waited for, and of the sub-process inside it, which upstream leaves running."""
        if task.has_state(TaskState.NOT_FINISHED_MASK):  # whoever goes through tasks just now passes it by
            task._set_state(TaskState.CANCELLED)
        self.top_workflow.event_manager.remove_task(task)
        inside = self.top_workflow.subprocesses.pop(task.id, None)
        for inner in list(inside.tasks.values()) if inside is not None else ():
            inside._task_removed_notify(inner)

    def in_state(self, state: int) -> list[Any]:
        """Return the tasks in exactly *state*."""
        return [task for task in self.tasks.values() if task._state == state]

    def update_waiting_tasks(self) -> None:
        """Update every waiting task; of the tokens at a join one is enough, and conditions have their own watch."""
        asked = set()
        for task in self.in_state(TaskState.WAITING):
            spec = task.task_spec
            if spec not in asked and not isinstance(getattr(spec, "event_definition", None), Watched):
                spec._update(task)
            if isinstance(spec, Meeting):
                asked.add(spec)


class SubWorkflow(FlatScans, BpmnSubWorkflow):  # type: ignore[misc]
    """A sub-process or called process of an instance."""


class InstanceWorkflow(FlatScans, BpmnWorkflow):  # type: ignore[misc]
    """An instance in memory."""

    def __init__(self, spec: Any, subprocess_specs: Mapping[str, Any], *, deserializing: bool = False) -> None:
        """Begin an instance of *spec*, or an empty one to be restored into."""
        self.open_tasks: dict[Any, OpenTask] = {}  # by task id, as told after the move before
        self.subscriptions: frozenset[Subscription] | None = None  # likewise; None if there was no move yet
        self.watches = frozenset[str]().union(*(each.watches for each in (spec, *subprocess_specs.values())))  # names
        self.changed = True  # something that a condition reads, since it was looked at
        self.seen: dict[Any, dict[str, Any]] | None = None  # what scopes know, while conditions are looked at
        self.whole: list[Any] = []  # multi-instances and loops whose last item is done
        self.interrupting: list[Any] = []  # what has occurred and ends something, not run yet
        super().__init__(spec, dict(subprocess_specs), script_engine=ENGINE, deserializing=deserializing)

    def create_subprocess(self, my_task: Any, spec_name: str) -> SubWorkflow:
        """Begin a sub-process for *my_task*."""
        subprocess = SubWorkflow(self.subprocess_specs[spec_name], parent_task_id=my_task.id, top_workflow=self)
        self.subprocesses[my_task.id] = subprocess
        self.changed = True
        return subprocess

    def catch(self, event: Any) -> None:
        """Let the instance catch what it threw; a signal goes on to everybody else as well (BPMN 2.0.2, 10.5.1)."""
        if event.target is not None:  # terminates its scope, and is nobody else's
            return
        heard = bpmn_semantics.catch(self, event)
        if not heard or isinstance(event.event_definition, SignalEventDefinition):
            self.bpmn_events.append(event)

    def every_task(self) -> Iterator[Any]:
        """Yield every task of the instance and its sub-processes."""
        yield from self.tasks.values()
        for subprocess in self.subprocesses.values():
            yield from subprocess.tasks.values()

    def advance(self, on_completed: Callable[[Any], None], budget: Budget | None = None) -> None:
        """Run engine tasks until only people, time or messages can move the instance, or the move's budget is spent."""
        budget = budget or Budget()
        self.changed = True
        self._react(budget, on_completed)
        while True:
            count = 0
            active = self.get_active_subprocesses()
            for subprocess in sorted(active, key=lambda s: s.depth, reverse=True):
                while ran := self._run_ready(subprocess, budget, on_completed):
                    count += ran
                if subprocess.parent_task_id in self.subprocesses:  # else what it was in was ended meanwhile
                    parent = self.get_task_from_id(subprocess.parent_task_id)
                    parent.task_spec._update(parent)
            ran = self._run_ready(self, budget, on_completed)
            if not count + ran and len(self.get_active_subprocesses()) <= len(active):
                return

    def _run_ready(self, workflow: Any, budget: Budget, on_completed: Callable[[Any], None]) -> int:
        ran = 0
        for task in workflow.in_state(TaskState.READY):
            if self._step(task, budget, on_completed):
                ran += 1
                self._react(budget, on_completed)
        return ran

    def _step(self, task: Any, budget: Budget, on_completed: Callable[[Any], None]) -> bool:
        """Run *task* if it is the engine's to run; whether it was completed."""
        if budget.spent or task._state != TaskState.READY or task.task_spec.manual or INCIDENT in task.internal_data:
            return False
        if reason := budget.step(self):
            note_incident(task, EndlessSteps(reason))
            return False
        if not run(task):
            return False
        self.changed = self.changed or self._told(task)
        on_completed(task)
        return True

    def _told(self, task: Any) -> bool:
        """Whether *task* may have changed what a condition reads."""
        before = task.parent.data if task.parent is not None else {}
        associated = getattr(task.task_spec, "data_output_associations", ())
        return bool(associated) or any(task.data.get(name) != before.get(name) for name in self.watches)

    def _react(self, budget: Budget, on_completed: Callable[[Any], None]) -> None:
        """Look at the conditions that are watched, and run what interrupts, the outermost first."""
        while True:
            if self.watches and self.changed:
                self.changed = False
                while self.whole:
                    self._step(self.whole.pop(), budget, on_completed)
                bpmn_semantics.watch(self)
            if self.interrupting:
                self.interrupting.sort(key=lambda task: task.workflow.depth)
                self._step(self.interrupting.pop(0), budget, on_completed)
            elif not (self.watches and self.changed):
                return


def run(task: Any) -> bool:
    """Run a ready task; False if it raised and is an incident now."""
    try:
        task.run()
    except Exception as error:  # whatever a diagram makes the engine raise
        task._set_state(TaskState.READY)
        note_incident(task, error)
        return False
    return True


def guarded_update(original: Callable[[Any], Any], task: Any) -> None:
    """Update a task; one that raises becomes an incident and is left alone until it is tried again."""
    if INCIDENT in task.internal_data:
        return
    try:
        original(task)
    except Exception as error:  # whatever a diagram makes the engine raise
        note_incident(task, error)


def retry(task: Any) -> bool:
    """Try a task that raised once more; whether it went through."""
    raised = task.internal_data.pop(INCIDENT)
    if task._state == TaskState.READY:
        never_open = "opened" in raised or "_open_tasks" in raised["trace"]  # the trace tells it of earlier versions
        return not never_open and run(task)
    task._drop_children(force=True)
    task._set_state(TaskState.FUTURE)
    task.task_spec._predict(task, mask=TaskState.PREDICTED_MASK | TaskState.FUTURE)
    task.task_spec._update(task)
    return INCIDENT not in task.internal_data


def note_incident(task: Any, error: Exception, **more: Any) -> None:
    """Mark a task as an incident, with its cause in one sentence, and *more* that trying it again has to know."""
    known = (expression.ExpressionError, FunctionFailed, TooManyItems)
    reason = next((e for e in _causes(error) if isinstance(e, known)), error)
    lines = traceback.format_exception(error)
    task.internal_data[INCIDENT] = {
        "cause": str(reason) or type(reason).__name__,
        "trace": "".join(lines)[-4000:],
        "data": {key: value for key, value in task.data.items() if not key.startswith("_")},
        **more,
    }


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen = 0
    found: BaseException | None = error
    while found is not None and seen < TRACE_LINES:
        yield found
        inner = getattr(found, "exception", None)
        found = inner if isinstance(inner, BaseException) else found.__cause__ or found.__context__
        seen += 1
