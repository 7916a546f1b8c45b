"""A live instance: SpiffWorkflow's workflow with flat scans, limits on steps, and incidents.

Upstream walks the task tree after every task to find ready and waiting ones. Here the tasks are scanned by state, with
the same results (upstream's own tests pass) at a fraction of the cost.

A task that raises becomes an incident, marked in its ``internal_data``. Everything else continues, and a retry runs
exactly this task. It may raise when it runs, or when it is updated after its predecessor (expanding a multi-instance,
computing a timer). Updates are guarded (``engine.bpmn.upstream.freeze``), so that the predecessor stays completed.
"""

import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.script_engine.python_environment import BasePythonScriptEngineEnvironment
from SpiffWorkflow.bpmn.specs.event_definitions import SignalEventDefinition
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.util.task import TaskState

from engine import pulse
from engine.bpmn import bpmn_semantics, expression
from engine.bpmn.bpmn_semantics import Watched
from engine.bpmn.expression_values import LARGEST_DATA, weight
from engine.bpmn.items import CompletionCondition, Count, TooManyItems
from engine.bpmn.joins import Meeting
from engine.bpmn.timers import host_functions, is_literal
from engine.model.errors import FunctionFailed
from engine.model.process import OpenTask, Subscription

INCIDENT = "incident"
MOST_STEPS = 10_000  # of the engine in one move
MOST_SECONDS = 4.0  # of CPU time in one move
MOST_TASKS = 50_000  # of one instance, counted every COUNTED_EVERY steps
COUNTED_EVERY = 50
TRACE_LINES = 30


class EndlessSteps(RuntimeError):
    """A move of an instance took more engine steps, time or tasks than any procedure needs."""


@dataclass
class Budget:
    """The limits of one move. When one is exceeded, the next task becomes an incident; a retry continues from there.

    Steps limit loops without a person, timer or message; seconds and tasks limit nested branches.
    """

    steps: int = field(default_factory=lambda: MOST_STEPS)
    until: float = field(default_factory=lambda: time.thread_time() + MOST_SECONDS)
    spent: bool = False

    def step(self, workflow: "InstanceWorkflow") -> str:
        """Take a step; return why it is not allowed, empty if it is."""
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
    """Evaluates the expressions and scripts of a diagram in the closed expression language."""

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
        if weight({**context, **found}, LARGEST_DATA) > LARGEST_DATA:
            raise expression.ExpressionError(text, 0, "data pelaksanaan ini menjadi terlalu besar")
        context.update(found)
        return True

    def call_service(self, context: Any, **kwargs: Any) -> Any:
        """Raise ValueError: there are no services."""
        raise ValueError("layanan luar (serviceTask) tidak terdaftar di Alur")


def documents_around(workflow: Any) -> dict[str, Any]:
    """Return the data objects of *workflow* and all scopes around it; inner ones take precedence."""
    found: dict[str, Any] = {}
    while workflow is not None:
        found = {**workflow.data_objects, **found}
        workflow = workflow.parent_workflow
    return found


class Engine(PythonScriptEngine):  # type: ignore[misc]
    """Lets expressions and scripts read the data objects of all scopes around them; upstream only their own scope's."""

    documents_around = staticmethod(documents_around)

    def evaluate(self, task: Any, text: str, external_context: Mapping[str, Any] | None = None) -> Any:
        """Return the value of an expression."""
        return super().evaluate(task, text, {**documents_around(task.workflow), **(external_context or {})})

    def execute(self, task: Any, text: str, external_context: Mapping[str, Any] | None = None) -> Any:
        """Run a script."""
        return super().execute(task, text, {**documents_around(task.workflow), **(external_context or {})})


ENGINE = Engine(ClosedEnvironment())
"""Shared by all instances, as it has no state."""


class FlatScans:
    """Scans tasks by state instead of walking the tree; for a workflow and its sub-processes."""

    tasks: dict[Any, Any]
    top_workflow: Any

    def _task_removed_notify(self, task: Any) -> None:
        """Remove a task's subscriptions and its sub-process, which upstream leaves running."""
        if task.has_state(TaskState.NOT_FINISHED_MASK):  # so that a loop over tasks skips it
            task._set_state(TaskState.CANCELLED)
        self.top_workflow.event_manager.remove_task(task)
        inside = self.top_workflow.subprocesses.pop(task.id, None)
        for inner in list(inside.tasks.values()) if inside is not None else ():
            inside._task_removed_notify(inner)

    def in_state(self, state: int) -> list[Any]:
        """Return the tasks in exactly *state*."""
        return [task for task in self.tasks.values() if task._state == state]

    def update_waiting_tasks(self) -> None:
        """Update the waiting tasks, one per join, except conditions (``bpmn_semantics.watch``)."""
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
    """A live instance."""

    def __init__(self, spec: Any, subprocess_specs: Mapping[str, Any], *, deserializing: bool = False) -> None:
        """Create an instance of *spec*, or an empty one to restore a state into."""
        self.open_tasks: dict[Any, OpenTask] = {}  # by task id, after the last move
        self.subscriptions: frozenset[Subscription] | None = None  # after the last move, if there was one
        self.watches = frozenset[str]().union(*(each.watches for each in (spec, *subprocess_specs.values())))
        self.changed = True  # whether a variable in *watches*, those of conditions, may have changed
        self.seen: dict[Any, dict[str, Any]] | None = None  # data of scopes, while conditions are evaluated
        self.whole: list[Any] = []  # multi-instances and loops whose last item is done
        self.interrupting: list[Any] = []  # interrupting events that occurred and have not run yet
        super().__init__(spec, dict(subprocess_specs), script_engine=ENGINE, deserializing=deserializing)

    def create_subprocess(self, my_task: Any, spec_name: str) -> SubWorkflow:
        """Start a sub-process for *my_task*."""
        subprocess = SubWorkflow(self.subprocess_specs[spec_name], parent_task_id=my_task.id, top_workflow=self)
        self.subprocesses[my_task.id] = subprocess
        self.changed = True
        return subprocess

    def catch(self, event: Any) -> None:
        """Let the instance catch its own event; others get uncaught messages, and all signals (BPMN 2.0.2, 10.5.1)."""
        if event.target is not None:  # for its own scope only, such as terminate
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
        """Run engine tasks until the instance waits for people, time or messages, or the budget is spent."""
        budget = budget or Budget()
        self.changed = True
        self._react(budget, on_completed)
        while True:
            count = 0
            active = self.get_active_subprocesses()
            for subprocess in sorted(active, key=lambda s: s.depth, reverse=True):
                while ran := self._run_ready(subprocess, budget, on_completed):
                    count += ran
                if subprocess.parent_task_id in self.subprocesses:  # not if it was ended meanwhile
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
        """Run *task* if it is an engine task that is ready; return whether it was completed."""
        if budget.spent or task._state != TaskState.READY or task.task_spec.manual or INCIDENT in task.internal_data:
            return False
        if reason := budget.step(self):
            note_incident(task, EndlessSteps(reason))
            return False
        if not run(task):
            return False
        self.changed = self.changed or self._may_change_conditions(task)
        on_completed(task)
        return True

    def _may_change_conditions(self, task: Any) -> bool:
        before = task.parent.data if task.parent is not None else {}
        associated = getattr(task.task_spec, "data_output_associations", ())
        return bool(associated) or any(task.data.get(name) != before.get(name) for name in self.watches)

    def _react(self, budget: Budget, on_completed: Callable[[Any], None]) -> None:
        """Evaluate conditions, and run interrupting events, the outermost first."""
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
    """Run a ready task; return False if it raised and became an incident."""
    try:
        task.run()
    except Exception as error:  # a diagram may cause any error
        task._set_state(TaskState.READY)
        note_incident(task, error)
        return False
    return True


def guarded_update(original: Callable[[Any], Any], task: Any) -> None:
    """Update a task; if it raises, it becomes an incident and is not updated until a retry."""
    if INCIDENT in task.internal_data:
        return
    try:
        original(task)
    except Exception as error:  # a diagram may cause any error
        note_incident(task, error)


def retry(task: Any) -> bool:
    """Retry a task with an incident; return whether it succeeded."""
    raised = task.internal_data.pop(INCIDENT)
    if task._state == TaskState.READY:
        never_open = "opened" in raised or "_open_tasks" in raised["trace"]  # the latter in earlier versions
        return not never_open and run(task)
    task._drop_children(force=True)
    task._set_state(TaskState.FUTURE)
    task.task_spec._predict(task, mask=TaskState.PREDICTED_MASK | TaskState.FUTURE)
    task.task_spec._update(task)
    return INCIDENT not in task.internal_data


def note_incident(task: Any, error: Exception, **more: Any) -> None:
    """Mark a task as an incident, with its cause, and *more* facts for a retry."""
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
