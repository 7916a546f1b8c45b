"""Moves tokens: takes the state of an instance and returns a Transition, without side effects.

Live instances are cached between moves, up to a number of bytes. A move takes the instance out of the cache; ``keep``
puts it back after the commit, with its revision. So no two threads share an instance, and errors and lost races drop
it.

When only one task is open, at top level, and nothing else waits, finished tasks are dropped and the open one becomes a
child of the root. So the cost of a move does not grow in loops.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.util.task import TaskState

from engine.bpmn import definition as definitions
from engine.bpmn import events, open_work, state, waits
from engine.bpmn.definition import Definition
from engine.bpmn.expression_values import FUNCTIONS
from engine.bpmn.running_instance import INCIDENT, Budget, InstanceWorkflow, retry, run
from engine.bpmn.timers import Functions, moment
from engine.model.errors import Conflict, NotFound, there
from engine.model.process import (
    Incident,
    InstanceStatus,
    Message,
    OpenTask,
    PassedElement,
    Snapshot,
    Subscription,
    Transition,
    Wait,
)

CACHE_BYTES = 64 * 1024 * 1024
HEAP_PER_BYTE = 10
HEAP_FIXED = 20_000
"""Estimated memory of a live instance, per byte of its state and fixed; nine times the state was measured."""

REFUSED_KEYS = frozenset({"data_objects", "typename"})


@dataclass(frozen=True)
class _Moved(Transition):
    """A transition with the live instance, for the cache."""

    workflow: InstanceWorkflow = field(kw_only=True, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class _Live:
    workflow: InstanceWorkflow
    size: int
    revision: int


@dataclass
class _Move:
    """A move: the instance, its open tasks and subscriptions before, and the elements passed so far."""

    definition: Definition
    instance_id: str
    workflow: InstanceWorkflow
    functions: Functions | None
    open_ids: frozenset[str] = frozenset()
    subscriptions: frozenset[Subscription] = frozenset()
    passed: list[PassedElement] = field(default_factory=list)

    def note(self, task: Any) -> None:
        """Record that *task* was completed, and the sequence flows by which its token left."""
        element_id = open_work.element_of(task.task_spec)
        if element_id is not None and element_id in self.definition.kinds:
            kind = "multiInstance" if isinstance(task.task_spec, LoopTask) else self.definition.kinds[element_id]
            self.passed.append(PassedElement(element_id, kind, task.id.hex, self._flows(element_id, task)))

    def _flows(self, element_id: str, task: Any) -> tuple[str, ...]:
        found: list[str] = []
        waiting = list(task.children)
        while waiting:
            child = waiting.pop(0)
            if child._state < TaskState.FUTURE:
                continue
            target = open_work.element_of(child.task_spec)
            if target is None or target == element_id:
                waiting.extend(child.children)
            else:
                flows = self.definition.flows.get((element_id, target), ())
                found.extend(flow for flow in flows if flow not in found)
        return tuple(found)


class Executor:
    """Computes moves; safe to share between threads."""

    def __init__(self, cache_bytes: int = CACHE_BYTES, *, drop_finished: bool = True) -> None:
        """Cache live instances up to *cache_bytes*; tests set *drop_finished* to False for comparison."""
        self._definitions: dict[str, Definition] = {}
        self._live: OrderedDict[str, _Live] = OrderedDict()
        self._bytes = 0
        self._limit = cache_bytes
        self._drop_finished = drop_finished
        self._lock = Lock()

    def definition(self, content_hash: str, process_id: str, files: Callable[[], Mapping[str, bytes]]) -> Definition:
        """Return the definition with *content_hash*; parse *files* if it is unknown."""
        known = self._definitions.get(content_hash)
        if known is None:
            loaded = definitions.load(files(), process_id)
            with self._lock:
                known = self._definitions.setdefault(content_hash, loaded)
        return known

    # ── moves ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def start(
        self,
        definition: Definition,
        instance_id: str,
        values: Mapping[str, Any],
        now: datetime,
        *,
        functions: Functions | None = None,
    ) -> Transition:
        """Start an instance with *values* and run it until it waits for people, time or messages."""
        with moment(now, functions or {}):
            workflow = InstanceWorkflow(definition.spec, definition.subprocess_specs)
            workflow.task_tree.data.update(_accepted(values))
            return self._settle(_Move(definition, instance_id, workflow, functions))

    def complete(
        self,
        definition: Definition,
        snapshot: Snapshot,
        task_id: str,
        values: Mapping[str, Any],
        documents: Mapping[str, Mapping[str, Any]],
        now: datetime,
        *,
        functions: Functions | None = None,
    ) -> Transition:
        """Complete an open user task with *values*, and set *documents* (data object id -> value in the state).

        Raises NotFound, or Conflict if the task is no longer open.
        """
        with self._moving(definition, snapshot, now, functions) as move:
            task = there(open_work.find(move.workflow, task_id), task_id)
            if task._state != TaskState.READY or not task.task_spec.manual or INCIDENT in task.internal_data:
                raise Conflict("cancelled" if task._state == TaskState.CANCELLED else "completed")
            task.data = _copied(task.data)
            task.data.update(_accepted(values))
            self._write_documents(task, documents)
            if run(task):
                move.note(task)
            return self._settle(move)

    def fire_timers(
        self, definition: Definition, snapshot: Snapshot, now: datetime, *, functions: Functions | None = None
    ) -> Transition:
        """Fire all timers that are due at *now*."""
        with self._moving(definition, snapshot, now, functions) as move:
            move.workflow.refresh_timers()
            return self._settle(move)

    def restore(
        self,
        definition: Definition,
        before: Snapshot,
        open_ids: frozenset[str],
        subscriptions: frozenset[Subscription],
        now: datetime,
        *,
        functions: Functions | None = None,
    ) -> Transition:
        """Return the transition back to the state *before*, for an instance with *open_ids* and *subscriptions*.

        Nothing runs; timers that became due since then fire later. *opened* are the tasks that are open again.
        """
        with moment(now, functions or {}):
            workflow = state.load(definition, state.renewed(before.state))
            move = _Move(definition, before.instance_id, workflow, functions, open_ids, subscriptions)
            return self._outcome(move)

    def deliver(
        self,
        definition: Definition,
        snapshot: Snapshot,
        message: Message,
        now: datetime,
        *,
        functions: Functions | None = None,
    ) -> Transition | None:
        """Let an instance catch *message*; return None if nothing in it waits for the message.

        Raises ValueError if the content of the message does not fit the diagram's expressions.
        """
        with self._moving(definition, snapshot, now, functions) as move:
            caught_by = events.caught(move.workflow, message)
            return self._settle(move, caught_by) if caught_by else None

    def retry(
        self,
        definition: Definition,
        snapshot: Snapshot,
        task_id: str,
        now: datetime,
        *,
        functions: Functions | None = None,
    ) -> Transition:
        """Run an element with an incident again, or update the waiting tasks of an instance that is stuck."""
        with self._moving(definition, snapshot, now, functions) as move:
            workflow, task = move.workflow, open_work.find(move.workflow, task_id)
            if task is None or (INCIDENT not in task.internal_data and not open_work.stuck(workflow, definition)):
                raise NotFound(task_id)
            if INCIDENT not in task.internal_data:
                workflow.update_waiting_tasks()
                for scope in workflow.get_active_subprocesses():
                    scope.update_waiting_tasks()
            elif retry(task) and task._state == TaskState.COMPLETED:
                move.note(task)
            return self._settle(move)

    # ── without a move ──────────────────────────────────────────────────────────────────────────────────────────────

    def waits(self, definition: Definition, kept: bytes) -> tuple[Wait, ...]:
        """Return what an instance with the state *kept* waits for, besides people; empty if it is unreadable."""
        try:
            return waits.waits(definition, state.load(definition, kept))
        except state.UnknownState:
            return ()

    def unmoved(self, definition: Definition, snapshot: Snapshot) -> Transition:
        """Return the status of an instance without moving it; earlier versions did not detect stuck instances."""
        found = open_work.stuck(state.load(definition, snapshot.state), definition)
        status = InstanceStatus.INCIDENT if found else InstanceStatus.WAITING
        return Transition(snapshot.instance_id, snapshot.state, status, (), (), (), (), (), (), stuck=found)

    # ── live instances ──────────────────────────────────────────────────────────────────────────────────────────────

    def keep(self, step: Transition, revision: int) -> None:
        """Cache the live instance of a move that was committed as *revision*."""
        workflow = live(step)
        if workflow is None or step.status is InstanceStatus.COMPLETED:
            return
        size = len(step.state) * HEAP_PER_BYTE + HEAP_FIXED
        with self._lock:
            old = self._live.pop(step.instance_id, None)
            if old and old.revision > revision:  # another thread was faster with a later move
                self._live[step.instance_id] = old
                return
            self._bytes += size - (old.size if old else 0)
            self._live[step.instance_id] = _Live(workflow, size, revision)
            while self._bytes > self._limit and self._live:
                _, dropped = self._live.popitem(last=False)
                self._bytes -= dropped.size

    def forget(self, instance_id: str) -> None:
        """Remove an instance from the cache."""
        with self._lock:
            old = self._live.pop(instance_id, None)
            self._bytes -= old.size if old else 0

    @contextmanager
    def _moving(
        self, definition: Definition, snapshot: Snapshot, now: datetime, functions: Functions | None
    ) -> Iterator[_Move]:
        with moment(now, functions or {}):
            workflow = self._cached_or_restored(definition, snapshot)
            if workflow.subscriptions is not None:  # cached after its last move
                open_ids = frozenset(task.id for task in workflow.open_tasks.values())
                subscriptions = workflow.subscriptions
            else:
                open_ids = frozenset(task.id.hex for task in open_work.ready_for_people(workflow, definition))
                subscriptions = events.subscriptions(workflow)
            yield _Move(definition, snapshot.instance_id, workflow, functions, open_ids, subscriptions)

    def _cached_or_restored(self, definition: Definition, snapshot: Snapshot) -> InstanceWorkflow:
        with self._lock:
            kept = self._live.pop(snapshot.instance_id, None)
            self._bytes -= kept.size if kept else 0
        if kept is not None and kept.revision == snapshot.revision and kept.workflow.spec is definition.spec:
            return kept.workflow
        return state.load(definition, snapshot.state)

    # ── parts ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _write_documents(self, task: Any, documents: Mapping[str, Mapping[str, Any]]) -> None:
        associated = {spec.bpmn_id for spec in task.task_spec.data_output_associations}
        around = task.parent.task_spec  # of a multi-instance, to which the associations of its items belong
        associated |= {spec.bpmn_id for spec in getattr(around, "data_output_associations", ())}
        for id_ in {*documents, *associated}:
            workflow = task.workflow
            while workflow is not None and id_ not in workflow.spec.data_objects:
                workflow = workflow.parent_workflow
            if workflow is None:
                continue
            if id_ in documents:
                workflow.data_objects[id_] = dict(documents[id_])
            if id_ in associated:  # an output that this pass does not write keeps its version
                task.data[id_] = _copied(workflow.data_objects[id_])

    def _settle(self, move: _Move, caught_by: tuple[str, ...] = ()) -> Transition:
        """Run the instance until it waits or ends, and return the transition."""
        workflow = move.workflow
        budget = Budget()
        workflow.advance(move.note, budget)
        workflow.refresh_timers()
        workflow.advance(move.note, budget)
        return self._outcome(move, caught_by)

    def _outcome(self, move: _Move, caught_by: tuple[str, ...] = ()) -> Transition:
        """Return the state of the instance, and its changes since the move began."""
        workflow = move.workflow
        thrown = events.thrown(workflow)
        open_tasks = open_work.open_tasks(workflow, move.definition, move.functions)
        incidents = tuple(open_work.incidents(workflow))
        if self._drop_finished and len(open_tasks) == 1 and not incidents:
            open_work.drop_finished(workflow, open_tasks[0].id)
        timers = tuple(open_work.timers(workflow))
        waiting = tuple(
            element
            for task in workflow.every_task()
            if task._state == TaskState.WAITING
            and hasattr(task.task_spec, "event_definition")
            and (element := open_work.element_of(task.task_spec)) is not None
        )
        now_open = {task.id for task in open_tasks}
        workflow.subscriptions = subscriptions = events.subscriptions(workflow)
        done = {passed.task_id for passed in move.passed}
        stuck = () if open_tasks else open_work.stuck(workflow, move.definition)
        return _Moved(
            instance_id=move.instance_id,
            state=state.dump(workflow),
            status=_status(workflow, open_tasks, incidents or stuck),
            open_tasks=open_tasks,
            opened=tuple(task for task in open_tasks if task.id not in move.open_ids),
            passed=tuple(move.passed),
            cancelled=tuple(sorted(move.open_ids - now_open - done - {incident.task_id for incident in incidents})),
            timers=timers,
            incidents=incidents,
            waiting=waiting,
            thrown=thrown,
            subscribed=subscriptions - move.subscriptions,
            unsubscribed=move.subscriptions - subscriptions,
            caught_by=caught_by,
            stuck=stuck,
            workflow=workflow,
        )


def _copied(value: Any) -> Any:
    """Return *value* with copied containers; all other types in a state are immutable."""
    match value:
        case dict():
            return {key: _copied(held) for key, held in value.items()}
        case list():
            return [_copied(held) for held in value]
        case tuple():
            return tuple(_copied(held) for held in value)
        case set():
            return set(value)
        case _:
            return value


def _accepted(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return copies of the values, without names that have a meaning for the engine."""
    return {
        key: _copied(value)
        for key, value in values.items()
        if key not in REFUSED_KEYS and not key.startswith("_") and key not in FUNCTIONS
    }


def _status(
    workflow: InstanceWorkflow, open_tasks: tuple[OpenTask, ...], incidents: tuple[Incident, ...]
) -> InstanceStatus:
    if incidents:
        return InstanceStatus.INCIDENT
    if workflow.completed:
        return InstanceStatus.COMPLETED
    return InstanceStatus.RUNNING if open_tasks else InstanceStatus.WAITING


def live(step: Transition) -> InstanceWorkflow | None:
    """Return the live instance of a move; None if nothing was moved."""
    return step.workflow if isinstance(step, _Moved) else None
