"""Moves tokens: an instance's state goes in, a Step comes out, and nothing else is touched.

Live instances are kept between moves, bounded in bytes. One is taken out of the cache when a move begins and put back
only after the move was committed (``keep``), at the revision it was committed as; so no two threads share one, and an
error or a lost race simply drops it.

At a quiet point (one open task at top level, nothing else waiting) finished work is dropped: the open task is attached
to the root with its data. History is kept elsewhere, and what a move costs stays flat over loops.
"""

import uuid
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
from engine.bpmn import events, expression, state, waits
from engine.bpmn.definition import Definition
from engine.bpmn.flow_graph import reached
from engine.bpmn.running_instance import INCIDENT, Budget, InstanceWorkflow, note_incident, retry, run
from engine.bpmn.timers import Functions, due_of, moment
from engine.model.errors import Conflict, NotFound, there
from engine.model.process import (
    DueTimer,
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
"""A live instance takes about nine times the bytes of its state (measured), and a little more."""

PERFORMER = "performer"
REFUSED_KEYS = frozenset({"data_objects", "typename"})
OPEN = TaskState.READY
WAITING_STATES = (TaskState.WAITING, TaskState.READY, TaskState.STARTED)


@dataclass(frozen=True, slots=True)
class _Live:
    workflow: InstanceWorkflow
    size: int
    revision: int


@dataclass
class _Move:
    """An instance on the move: what was open and waited for when it began, and what it passes, in order."""

    definition: Definition
    instance_id: str
    workflow: InstanceWorkflow
    functions: Functions | None
    open_ids: frozenset[str] = frozenset()
    subscriptions: frozenset[Subscription] = frozenset()
    passed: list[PassedElement] = field(default_factory=list)

    def note(self, task: Any) -> None:
        """Note that *task* was completed, and the sequence flows its token left by."""
        element_id = _element_of(task.task_spec)
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
            target = _element_of(child.task_spec)
            if target is None or target == element_id:
                waiting.extend(child.children)
            else:
                flows = self.definition.flows.get((element_id, target), ())
                found.extend(flow for flow in flows if flow not in found)
        return tuple(found)


class Executor:
    """Computes steps; safe to share between threads."""

    def __init__(self, cache_bytes: int = CACHE_BYTES, *, drop_finished: bool = True) -> None:
        """Keep live instances of up to *cache_bytes* together; *drop_finished* is off only to compare."""
        self._definitions: dict[str, Definition] = {}
        self._live: OrderedDict[str, _Live] = OrderedDict()
        self._bytes = 0
        self._limit = cache_bytes
        self._drop_finished = drop_finished
        self._lock = Lock()

    def definition(self, content_hash: str, process_id: str, files: Callable[[], Mapping[str, bytes]]) -> Definition:
        """Return the definition whose files have *content_hash*; parsed once, read through *files* if unknown."""
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
        """Begin an instance with *values* and run it to where people, time or messages must move it."""
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
        """Complete an open user task with *values*, and write *documents* (data object id -> what the state keeps).

        Raises NotFound, or Conflict if the task is not open any more.
        """
        with self._moving(definition, snapshot, now, functions) as move:
            task = there(_find(move.workflow, task_id), task_id)
            if task._state != OPEN or not task.task_spec.manual or INCIDENT in task.internal_data:
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
        """Let every timer fire that is due at *now*."""
        with self._moving(definition, snapshot, now, functions) as move:
            move.workflow.refresh_timers()
            return self._settle(move)

    def deliver(
        self,
        definition: Definition,
        snapshot: Snapshot,
        message: Message,
        now: datetime,
        *,
        functions: Functions | None = None,
    ) -> Transition | None:
        """Let an instance catch *message*; None if nothing in it waits for that one.

        Raises ValueError if the message's content does not fit what the diagram makes of it.
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
        """Try an element that raised once more, or look again at one whose instance could not go on."""
        with self._moving(definition, snapshot, now, functions) as move:
            workflow, task = move.workflow, _find(move.workflow, task_id)
            if task is None or (INCIDENT not in task.internal_data and not _stuck(workflow, definition)):
                raise NotFound(task_id)
            if INCIDENT not in task.internal_data:
                workflow.update_waiting_tasks()
                for scope in workflow.get_active_subprocesses():
                    scope.update_waiting_tasks()
            elif retry(task) and task._state == TaskState.COMPLETED:
                move.note(task)
            return self._settle(move)

    # ── where an instance stands ────────────────────────────────────────────────────────────────────────────────────

    def waits(self, definition: Definition, kept: bytes) -> tuple[Wait, ...]:
        """Return what an instance of this state waits for besides its people; nothing if it cannot be read."""
        try:
            return waits.waits(definition, state.load(definition, kept))
        except state.UnknownState:
            return ()

    def unmoved(self, definition: Definition, snapshot: Snapshot) -> Transition:
        """Return where an instance stands that nothing can move, without moving it: for those of earlier versions."""
        found = _stuck(state.load(definition, snapshot.state), definition)
        status = InstanceStatus.INCIDENT if found else InstanceStatus.WAITING
        return Transition(snapshot.instance_id, snapshot.state, status, (), (), (), (), (), (), stuck=found)

    # ── live instances ──────────────────────────────────────────────────────────────────────────────────────────────

    def keep(self, step: Transition, revision: int) -> None:
        """Keep a step's live instance: it was committed as *revision*."""
        if step.live is None or step.status is InstanceStatus.COMPLETED:
            return
        size = len(step.state) * HEAP_PER_BYTE + HEAP_FIXED
        with self._lock:
            old = self._live.pop(step.instance_id, None)
            self._bytes += size - (old.size if old else 0)
            self._live[step.instance_id] = _Live(step.live, size, revision)
            while self._bytes > self._limit and self._live:
                _, dropped = self._live.popitem(last=False)
                self._bytes -= dropped.size

    def forget(self, instance_id: str) -> None:
        """Drop a live instance."""
        with self._lock:
            old = self._live.pop(instance_id, None)
            self._bytes -= old.size if old else 0

    @property
    def live_bytes(self) -> int:
        """About how many bytes live instances take."""
        return self._bytes

    @contextmanager
    def _moving(
        self, definition: Definition, snapshot: Snapshot, now: datetime, functions: Functions | None
    ) -> Iterator[_Move]:
        """Take an instance at *now*, with what is open and waited for in it."""
        with moment(now, functions or {}):
            workflow = self._take(definition, snapshot)
            if workflow.subscriptions is not None:  # kept since the move before: it stands as it was told then
                open_ids = frozenset(task.id for task in workflow.open_tasks.values())
                subscriptions = workflow.subscriptions
            else:
                open_ids = frozenset(task.id.hex for task in _ready_for_people(workflow, definition))
                subscriptions = events.subscriptions(workflow)
            yield _Move(definition, snapshot.instance_id, workflow, functions, open_ids, subscriptions)

    def _take(self, definition: Definition, snapshot: Snapshot) -> InstanceWorkflow:
        """Return the instance at the snapshot's revision: live if it is kept, else restored."""
        with self._lock:
            kept = self._live.pop(snapshot.instance_id, None)
            self._bytes -= kept.size if kept else 0
        if kept is not None and kept.revision == snapshot.revision and kept.workflow.spec is definition.spec:
            return kept.workflow
        return state.load(definition, snapshot.state)

    # ── parts ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _write_documents(self, task: Any, documents: Mapping[str, Mapping[str, Any]]) -> None:
        associated = {spec.bpmn_id for spec in task.task_spec.data_output_associations}
        if task.parent is not None:  # a multi-instance keeps its associations on the task around its items
            associated |= {spec.bpmn_id for spec in getattr(task.parent.task_spec, "data_output_associations", ())}
        for id_ in {*documents, *associated}:
            workflow = task.workflow
            while workflow is not None and id_ not in workflow.spec.data_objects:
                workflow = workflow.parent_workflow
            if workflow is None:
                continue
            if id_ in documents:
                workflow.data_objects[id_] = dict(documents[id_])
            if id_ in associated:  # an output that this pass does not yield (a return, say) keeps its version
                task.data[id_] = _copied(workflow.data_objects[id_])

    def _settle(self, move: _Move, caught_by: tuple[str, ...] = ()) -> Transition:
        """Run what the engine can run, and return where the instance stands."""
        workflow = move.workflow
        budget = Budget()
        workflow.advance(move.note, budget)
        workflow.refresh_timers()
        workflow.advance(move.note, budget)
        thrown = events.thrown(workflow)
        open_tasks = self._open_tasks(workflow, move.definition, move.functions)
        incidents = tuple(_incidents(workflow))
        if self._drop_finished and len(open_tasks) == 1 and not incidents:
            _drop_finished(workflow, open_tasks[0].id)
        timers = tuple(_timers(workflow))
        waiting = tuple(
            element
            for task in workflow.every_task()
            if task._state == TaskState.WAITING
            and hasattr(task.task_spec, "event_definition")
            and (element := _element_of(task.task_spec)) is not None
        )
        now_open = {task.id for task in open_tasks}
        workflow.subscriptions = subscriptions = events.subscriptions(workflow)
        done = {passed.task_id for passed in move.passed}
        stuck = () if open_tasks else _stuck(workflow, move.definition)
        return Transition(
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
            live=workflow,
        )

    def _open_tasks(
        self, workflow: InstanceWorkflow, definition: Definition, functions: Functions | None
    ) -> tuple[OpenTask, ...]:
        found = {}
        for task in _ready_for_people(workflow, definition):
            if task.id in workflow.open_tasks:  # of two hundred items, a move changes one
                found[task.id] = workflow.open_tasks[task.id]
                continue
            user_task = definition.outline.task(task.task_spec.bpmn_id)
            if user_task.performer is not None and PERFORMER not in task.internal_data:
                try:
                    names = {**workflow.data_objects, **task.data}
                    named = expression.compile(user_task.performer).evaluate(names, functions)
                    task.internal_data[PERFORMER] = None if named in (None, "") else str(named)
                except expression.ExpressionError as error:
                    note_incident(task, error, opened=False)
                    continue
            is_item = _is_item(task)
            found[task.id] = OpenTask(
                id=task.id.hex,
                element_id=user_task.element_id,
                role=user_task.role,
                performer=task.internal_data.get(PERFORMER),
                item=_item_of(task) if is_item else None,
                activation=task.parent.id.hex if is_item else task.id.hex,
            )
        workflow.open_tasks = found
        return tuple(found.values())


def _copied(value: Any) -> Any:
    """Return *value* with containers of its own; what else a state may hold (``engine.bpmn.state``) never changes."""
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
    """Return the values that may enter the state: nothing that means something to the engine."""
    return {
        key: _copied(value)
        for key, value in values.items()
        if key not in REFUSED_KEYS and not key.startswith("_") and key not in expression.FUNCTIONS
    }


def _element_of(spec: Any) -> str | None:
    """Return the element a specification stands for; None for the engine's own (joins, splits, start, end)."""
    if spec.bpmn_id is not None:
        return str(spec.bpmn_id)
    return str(spec.name) if isinstance(spec, LoopTask) else None


def _is_item(task: Any) -> bool:
    """Whether *task* is one item of a multi-instance or one turn of a loop."""
    parent = task.parent
    return (
        parent is not None
        and isinstance(parent.task_spec, LoopTask)
        and parent.task_spec.task_spec == task.task_spec.name
    )


def _item_of(task: Any) -> str | None:
    spec = task.parent.task_spec
    item = getattr(spec, "input_item", None)
    if item is not None and item.exists(task):
        return str(item.get(task))
    value = task.internal_data.get("item", task.internal_data.get("key_or_index"))
    return None if value is None else str(value)


def _find(workflow: InstanceWorkflow, task_id: str) -> Any:
    try:
        wanted = uuid.UUID(hex=task_id)
    except ValueError:
        return None
    if wanted in workflow.tasks:
        return workflow.tasks[wanted]
    return next((sub.tasks[wanted] for sub in workflow.subprocesses.values() if wanted in sub.tasks), None)


def _ready_for_people(workflow: InstanceWorkflow, definition: Definition) -> list[Any]:
    known = {task.element_id for task in definition.outline.tasks}
    return [
        task
        for task in workflow.every_task()
        if task._state == OPEN
        and task.task_spec.manual
        and task.task_spec.bpmn_id in known
        and INCIDENT not in task.internal_data
    ]


def _incidents(workflow: InstanceWorkflow) -> list[Incident]:
    found = []
    for task in workflow.every_task():
        raised = task.internal_data.get(INCIDENT)
        if raised is not None and task._state not in (TaskState.COMPLETED, TaskState.CANCELLED):
            found.append(Incident(task.id.hex, _at(task), raised["cause"], raised["trace"], raised["data"]))
    return found


def _stuck(workflow: InstanceWorkflow, definition: Definition) -> tuple[Incident, ...]:
    """Return where an instance cannot go on; nothing if a person, time, a message or an operator can move it."""
    if workflow.completed or _ready_for_people(workflow, definition) or _incidents(workflow) or _timers(workflow):
        return ()
    return () if events.subscriptions(workflow) else waits.stuck(definition, workflow)


def _at(task: Any) -> str:
    """Return the element that *task* belongs to: the engine's own tasks are told as what led to them."""
    led: Any = task
    while led is not None and _element_of(led.task_spec) is None:
        caller = led.workflow.parent_task_id if led.workflow.parent_workflow is not None else None
        led = led.parent or (led.workflow.top_workflow.get_task_from_id(caller) if caller else None)
    element = _element_of(led.task_spec) if led is not None else None
    return (element or str(task.task_spec.name)).removesuffix(" [child]").split(".Boundary")[0]


def _timers(workflow: InstanceWorkflow) -> list[DueTimer]:
    found = []
    for task in workflow.every_task():
        if task._state == TaskState.WAITING and (due := due_of(task)) is not None:
            found.append(DueTimer(task.id.hex, _element_of(task.task_spec) or task.task_spec.name, due))
    return sorted(found, key=lambda timer: timer.due_at)


def _status(
    workflow: InstanceWorkflow, open_tasks: tuple[OpenTask, ...], incidents: tuple[Incident, ...]
) -> InstanceStatus:
    if incidents:
        return InstanceStatus.INCIDENT
    if workflow.completed:
        return InstanceStatus.COMPLETED
    return InstanceStatus.RUNNING if open_tasks else InstanceStatus.WAITING


def _drop_finished(workflow: InstanceWorkflow, open_id: str) -> None:
    """Drop finished work if nothing but one task at top level is alive: attach that task to the root."""
    task = workflow.tasks.get(uuid.UUID(hex=open_id))
    if task is None or workflow.get_active_subprocesses() or workflow.event_manager.tasks:
        return
    if f"{task.task_spec.bpmn_id}.BoundaryEventJoin" in workflow.spec.task_specs or _is_item(task):
        return
    if sum(t._state in WAITING_STATES for t in workflow.tasks.values()) != 1:
        return
    root = workflow.task_tree
    below = reached([task.id], lambda id_: workflow.tasks[id_]._children)
    kept = {id_: each for id_, each in workflow.tasks.items() if each is root or id_ in below}
    if any(t._state == TaskState.FUTURE and t.id not in kept for t in workflow.tasks.values()):
        return
    task._parent = root.id
    root._children = [task.id]
    root.data = {}
    root.internal_data = {}
    workflow.tasks = kept
    workflow.subprocesses = {}
    workflow.last_task = None
