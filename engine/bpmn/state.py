"""The state of an instance as bytes: compact, versioned, without specifications, and without pickle.

Layout of version 2, a msgpack list: ``[version, library version, workflow, sub-workflows, correlations]``. A workflow
is ``[spec name, data, correlations, success, completed, last task's row, names, rows]``. Rows are parents first, each
``[id, parent's row, last state change, state, index into names, triggered, internal data, data added or changed against
the parent, keys removed]``. User data consists of msgpack's types and the extension types below and is not interpreted.
Version 1 differs in the tasks that wait at joins (``engine.bpmn.first_states.revive``).
"""

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import msgpack
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.definition import Definition
from engine.bpmn.first_states import revive
from engine.bpmn.running_instance import InstanceWorkflow, SubWorkflow
from engine.bpmn.upstream import LIBRARY

VERSION = 2
READABLE = (1, VERSION)
DECIMAL, DATETIME, DATE, TIME, TIMEDELTA, UUID, SET, TUPLE = range(1, 9)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ABSENT = object()
PASSING = frozenset({"seen_events"})
"""Internal data of finished tasks that is no longer needed."""


class UnknownState(ValueError):
    """The bytes are not a state that this version reads."""


def dump(workflow: InstanceWorkflow) -> bytes:
    """Return the state of *workflow*; TypeError for a value of a type that cannot be stored."""
    subs = sorted(workflow.subprocesses.items(), key=lambda item: item[1].depth)
    inner = [[parent.bytes, sub.correlations, _pack_workflow(sub)] for parent, sub in subs]
    return pack([VERSION, LIBRARY, _pack_workflow(workflow), inner, workflow.correlations])


def load(definition: Definition, state: bytes) -> InstanceWorkflow:
    """Return the instance with *state*; UnknownState if it is unreadable."""
    try:
        version, library, top, subs, correlations = unpack(state)
    except (TypeError, ValueError, msgpack.UnpackException) as error:
        raise UnknownState(f"not the state of an instance: {error}") from None
    if (
        version not in READABLE
        or not isinstance(library, str)
        or library.rsplit(".", 1)[0] != LIBRARY.rsplit(".", 1)[0]
    ):
        raise UnknownState(f"state of version {version}, library {library}; this is {VERSION}, {LIBRARY}")
    workflow = InstanceWorkflow(definition.spec, definition.subprocess_specs, deserializing=True)
    _unpack_workflow(workflow, top)
    workflow.correlations = correlations
    for parent_bytes, sub_correlations, packed in subs:
        parent_id = uuid.UUID(bytes=parent_bytes)
        sub = SubWorkflow(
            definition.subprocess_specs[packed[0]], parent_task_id=parent_id, top_workflow=workflow, deserializing=True
        )
        workflow.subprocesses[parent_id] = sub
        _unpack_workflow(sub, packed)
        sub.correlations = sub_correlations
        if not sub.completed:
            parent = workflow.get_task_from_id(parent_id)
            sub.completed_event.connect(parent.task_spec._on_subworkflow_completed, parent)
    for task in workflow.every_task():
        if task._state == TaskState.WAITING and hasattr(task.task_spec, "event_definition"):
            workflow.event_manager.add_task(task)
    if version == 1:
        for scope in (workflow, *workflow.subprocesses.values()):
            revive(scope)
    return workflow


def renewed(state: bytes) -> bytes:
    """Return a state with new ids for the tasks ahead, as the old ids were used when it went on before."""
    whole = unpack(state)
    for *_, rows in (whole[2], *(packed for _, _, packed in whole[3])):
        for row in rows:
            row[0] = uuid.uuid4().bytes if row[3] <= TaskState.FUTURE else row[0]
    return pack(whole)


def _pack_workflow(workflow: Any) -> list[Any]:
    tasks, last = workflow.tasks, workflow.last_task
    names: dict[str, int] = {}
    rows: list[Any] = []
    last_row: int | None = None
    waiting: list[tuple[Any, int | None, Mapping[str, Any]]] = [(workflow.task_tree, None, {})]
    while waiting:
        task, parent_row, inherited = waiting.pop()
        row, data, internal = len(rows), task.data, task.internal_data
        if task is last:
            last_row = row
        if not PASSING.isdisjoint(internal):
            internal = {key: value for key, value in internal.items() if key not in PASSING}
        rows.append(
            [
                task.id.bytes,
                parent_row,
                task.last_state_change,
                task._state,
                names.setdefault(task.task_spec.name, len(names)),
                task.triggered,
                internal,
                {
                    key: value
                    for key, value in data.items()
                    if (held := inherited.get(key, ABSENT)) is not value and not _same(held, value)
                },
                [key for key in inherited if key not in data],
            ]
        )
        waiting.extend((tasks[child], row, data) for child in reversed(task._children))
    facts = (workflow.data, workflow.correlations, workflow.success, workflow.completed)
    return [workflow.spec.name, *facts, last_row, list(names), rows]


def _unpack_workflow(workflow: Any, packed: list[Any]) -> None:
    _, data, correlations, success, completed, last, names, rows = packed
    workflow.data, workflow.correlations = data, correlations
    workflow.success, workflow.completed = success, completed
    specs = [workflow.spec.task_specs[name] for name in names]
    tasks: list[Any] = []
    for id_, parent_row, changed, state, name, triggered, internal, added, removed in rows:
        task = Task.__new__(Task)
        task.id = uuid.UUID(bytes=id_)
        task.workflow = workflow
        task._children = []
        task._state = state
        task.triggered = triggered
        task.task_spec = specs[name]
        task.thread_id = 0
        task.internal_data = internal
        task.last_state_change = changed
        if parent_row is None:
            task._parent = None
            task.data = added
            workflow.task_tree = task
        else:
            parent = tasks[parent_row]
            task._parent = parent.id
            parent._children.append(task.id)
            task.data = {k: v for k, v in parent.data.items() if k not in removed and k not in added} | added
        workflow.tasks[task.id] = task
        tasks.append(task)
    workflow.last_task = tasks[last] if last is not None else None


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def pack(value: Any) -> bytes:
    """Return *value* as msgpack with our extension types."""
    return bytes(msgpack.packb(value, default=_extension, strict_types=True, use_bin_type=True))


def unpack(content: bytes) -> Any:
    """Return the value from the bytes of ``pack``."""
    return msgpack.unpackb(content, ext_hook=_from_extension, strict_map_key=False, raw=False)


def _extension(value: Any) -> Any:
    match value:
        case Decimal():
            return msgpack.ExtType(DECIMAL, str(value).encode())
        case datetime():
            if value.tzinfo is None:
                raise TypeError(f"naive instant {value!r}")
            micros = (value.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)
            return msgpack.ExtType(DATETIME, str(micros).encode())
        case date():
            return msgpack.ExtType(DATE, value.isoformat().encode())
        case time():
            return msgpack.ExtType(TIME, value.isoformat().encode())
        case timedelta():
            return msgpack.ExtType(TIMEDELTA, str(value // timedelta(microseconds=1)).encode())
        case uuid.UUID():
            return msgpack.ExtType(UUID, value.bytes)
        case set() | frozenset():
            return msgpack.ExtType(SET, pack(sorted(value, key=repr)))
        case tuple():
            return msgpack.ExtType(TUPLE, pack(list(value)))
        case str():
            return str(value)  # an enum's text
        case int():
            return int(value)
    raise TypeError(f"an instance's state cannot hold a {type(value).__module__}.{type(value).__qualname__}")


def _from_extension(code: int, content: bytes) -> Any:
    match code:
        case 1:
            return Decimal(content.decode())
        case 2:
            return EPOCH + timedelta(microseconds=int(content))
        case 3:
            return date.fromisoformat(content.decode())
        case 4:
            return time.fromisoformat(content.decode())
        case 5:
            return timedelta(microseconds=int(content))
        case 6:
            return uuid.UUID(bytes=content)
        case 7:
            return set(unpack(content))
        case 8:
            return tuple(unpack(content))
    raise UnknownState(f"unknown extension type {code}")
