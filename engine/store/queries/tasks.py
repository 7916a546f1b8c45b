"""User tasks: the inbox, one task with all that completing it needs, claims, drafts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union,
    union_all,
    update,
)

from engine.model.people import Actor
from engine.model.process import InstanceStatus
from engine.model.work import DraftKind, InstanceRecord, TaskRecord, TaskStatus
from engine.store.driver_statements import Prepared
from engine.store.queries import Transaction, document_tasks, drafts, instances, one, some
from engine.store.queries.instances import MOVING
from engine.store.tables import definition, draft, instance, membership, person, role_override, task, timer

STATUS = instance.c.status.label("instance_status")
COLUMNS = tuple(
    STATUS if name == STATUS.name else (task if name in task.c else instance).c[name]
    for name in TaskRecord.__dataclass_fields__
)
CAP = 100
"""Counts stop here and are shown as "100+"."""

LATELY = 200


def record(row: Sequence[Any]) -> TaskRecord:
    """Return a task's row as a value."""
    facts = {column.name: value for column, value in zip(COLUMNS, row, strict=False)}
    facts["instance_status"] = InstanceStatus(facts["instance_status"])
    facts["status"] = TaskStatus(facts["status"])
    return TaskRecord(**facts)


def by_id(tx: Transaction, task_id: str) -> TaskRecord | None:
    """Return the task with that id."""
    return one(tx, _tasks().where(task.c.id == task_id), record)


@dataclass(frozen=True, slots=True)
class TaskContext:
    """A task with its instance and state: all that a step is permitted and computed by, as it stands for one person."""

    task: TaskRecord
    instance: InstanceRecord
    state: bytes
    has_timers: bool
    siblings: int  # other items of its multi-instance activation that are still open
    drafted: bool  # the person left a draft
    active: bool  # the person may work at all
    member: bool  # the person works in the task's role today


_sibling = task.alias("sibling")
SIBLINGS = (
    select(func.count())
    .where(
        _sibling.c.instance_id == task.c.instance_id,
        _sibling.c.activation == task.c.activation,
        _sibling.c.status == TaskStatus.READY.value,
        _sibling.c.id != task.c.id,
    )
    .scalar_subquery()
)
WORKS_THERE = exists().where(
    membership.c.person_id == bindparam("person"),
    membership.c.role == task.c.role,
    membership.c.since <= bindparam("today"),
    or_(membership.c.until.is_(None), membership.c.until >= bindparam("today")),
)
ACTIVE = exists().where(person.c.id == bindparam("person"), person.c.active)
CONTEXT = Prepared(
    select(
        *COLUMNS,
        *(column.label(f"i_{column.name}") for column in instances.COLUMNS),
        instance.c.state,
        exists().where(timer.c.instance_id == instance.c.id).label("has_timers"),
        SIBLINGS.label("siblings"),
        drafts.is_there(task.c.id, bindparam("person")).label("drafted"),
        ACTIVE.label("active"),
        WORKS_THERE.label("member"),
    )
    .join(instance, instance.c.id == task.c.instance_id)
    .join(definition, definition.c.id == instance.c.definition_id)
    .where(task.c.id == bindparam("its_id"))
)
COMPLETE = Prepared(
    update(task).where(
        task.c.id == bindparam("its_id"),
        task.c.status == TaskStatus.READY.value,
        or_(
            task.c.performer == bindparam("person"),
            and_(
                task.c.performer.is_(None),
                or_(task.c.assignee.is_(None), task.c.assignee == bindparam("person")),
                WORKS_THERE,
            ),
        ),
        ACTIVE,
    )
)


def context(tx: Transaction, task_id: str, person_id: str, today: date) -> TaskContext | None:
    """Return the task with its instance and state, and where it stands for *person_id*, in one statement."""
    found = CONTEXT.rows(tx.connection, {"its_id": task_id, "person": person_id, "today": today})
    if not found:
        return None
    [row] = found
    return TaskContext(
        record(row),
        instances.record(row[len(COLUMNS) :]),
        bytes(row.state),
        *row[len(COLUMNS) + len(instances.COLUMNS) + 1 :],
    )


def complete(tx: Transaction, task_id: str, person_id: str, today: date, **values: Any) -> bool:
    """Write that *person_id* completed an open task; False if it is not open any more, or not theirs to complete."""
    facts = {"its_id": task_id, "person": person_id, "today": today, "status": TaskStatus.COMPLETED.value, **values}
    return COMPLETE.run(tx.connection, facts) == 1


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A task in somebody's inbox, with the draft they left."""

    task: TaskRecord
    draft_saved_at: datetime | None
    siblings: int = 0


def inbox(
    tx: Transaction,
    actor: Actor,
    which: str,
    *,
    sole_roles: frozenset[str],
    text: str | None,
    overdue_at: datetime | None,
    returned: bool,
    limit: int,
    offset: int,
) -> tuple[tuple[InboxRow, ...], bool]:
    """Return one page of *which* ("saya", "bersama", "selesai"), most urgent first, and whether more follow.

    Tasks of roles in *sole_roles*, whose only member is the actor, count as already theirs.
    """
    narrowed: list[ColumnElement[bool]] = []
    if text:
        narrowed.append(instance.c.title.icontains(text, autoescape=True))
    if overdue_at is not None:
        narrowed.append(task.c.due_at < overdue_at)
    if returned:
        narrowed.append(task.c.returned_by.is_not(None))
    query = select(*COLUMNS, draft.c.saved_at).join(instance, instance.c.id == task.c.instance_id)
    mine = (draft.c.kind == DraftKind.TASK.value, draft.c.person_id == actor.person_id, draft.c.dropped_at.is_(None))
    query = query.outerjoin(draft, and_(draft.c.subject == task.c.id, *mine))
    if which == "selesai":
        query = query.where(done_by(actor), *narrowed).order_by(task.c.completed_at.desc(), task.c.id)
    else:
        shelves = _shelves(actor, which, sole_roles)
        if not shelves:
            return (), False
        query = query.where(task.c.id.in_(_first_of(shelves, narrowed, offset + limit + 1)))
        query = query.order_by(task.c.due_at.is_(None), task.c.due_at, task.c.id)
    return some(tx, query, lambda row: InboxRow(record(row), row.saved_at), limit, offset)


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """What a search of tasks is narrowed to."""

    instance_id: str | None = None
    process_id: str | None = None
    element_id: str | None = None
    text: str | None = None  # in the instance's title
    status: str | None = None


@dataclass(frozen=True, slots=True)
class TaskPlace:
    """Where in a list of tasks one stands: *at* is when it was completed, or is due; None: it is never due."""

    at: datetime | None
    id: str


def search(
    tx: Transaction, actor: Actor, which: str, narrowed: TaskFilter, *, after: TaskPlace | None, limit: int
) -> tuple[tuple[TaskRecord, ...], bool]:
    """Return tasks after a place in their order, and whether more follow: most urgent, or last completed first."""
    narrowing = [
        column == wanted
        for column, wanted in (
            (task.c.instance_id, narrowed.instance_id),
            (instance.c.process_id, narrowed.process_id),
            (task.c.element_id, narrowed.element_id),
            (task.c.status, narrowed.status),
        )
        if wanted is not None
    ]
    if narrowed.text:
        narrowing.append(instance.c.title.icontains(narrowed.text, autoescape=True))
    if after is not None:
        narrowing.append(_beyond(after, which))
    query = _tasks().order_by(task.c.due_at.is_(None), task.c.due_at, task.c.id)
    match which:
        case "completed":
            query = query.where(done_by(actor), *narrowing).order_by(None)
            query = query.order_by(task.c.completed_at.desc(), task.c.id)
        case "all":
            query = query.where(*narrowing)
        case _:
            own = _shelves(actor, "saya", ()) if which != "claimable" else []
            free = _shelves(actor, "bersama", ()) if which != "mine" else []
            if not own + free:
                return (), False
            query = query.where(task.c.id.in_(_first_of([*own, *free], narrowing, limit + 1)))
    return some(tx, query, record, limit)


def _beyond(place: TaskPlace, which: str) -> ColumnElement[bool]:
    """Return the condition under which a task stands behind *place* in the order of *which*."""
    if which == "completed":
        return or_(task.c.completed_at < place.at, and_(task.c.completed_at == place.at, task.c.id > place.id))
    if place.at is None:
        return and_(task.c.due_at.is_(None), task.c.id > place.id)
    return or_(task.c.due_at > place.at, and_(task.c.due_at == place.at, task.c.id > place.id), task.c.due_at.is_(None))


def counts(tx: Transaction, actor: Actor, sole_roles: frozenset[str], now: datetime) -> dict[str, int]:
    """Return how many tasks stand in each tab and chip, counted up to CAP + 1."""
    own, shared = _shelves(actor, "saya", sole_roles), _shelves(actor, "bersama", sole_roles)
    row = tx.connection.execute(
        select(
            (_counted(own) + document_tasks.counted(actor)).label("saya"),
            _counted(shared).label("bersama"),
            _counted(own, task.c.due_at < now).label("terlambat"),
            _counted(own, task.c.returned_by.is_not(None)).label("dikembalikan"),
        )
    ).one()
    return {tab: min(count, CAP + 1) for tab, count in row._mapping.items()}


def count_open(tx: Transaction, actor: Actor) -> int:
    """Return how many tasks are in *actor*'s hands or may be claimed, on documents too, counted up to CAP + 1."""
    shelves = _shelves(actor, "saya", actor.roles)
    return min(tx.connection.scalar(select(_counted(shelves) + document_tasks.counted(actor))) or 0, CAP + 1)


def done_by(actor: Actor) -> ColumnElement[bool]:
    """Tasks that *actor* completed."""
    return and_(task.c.completed_by == actor.person_id, task.c.status == TaskStatus.COMPLETED.value)


# An inbox is read from several shelves: tasks that name the person, those that they claimed, and of each role those
# that nobody took. Each has an index in the order of due dates, of which only the first rows are read; all of them in
# one condition, with OR, made the database read and sort everything that is open.


def _shelves(actor: Actor, which: str, sole_roles: Collection[str]) -> list[ColumnElement[bool]]:
    """Return the conditions whose tasks together are *which*; no task meets two of them."""
    ready, unnamed = task.c.status == TaskStatus.READY.value, task.c.performer.is_(None)
    free = [
        and_(ready, unnamed, task.c.assignee.is_(None), task.c.role == role)
        for role in sorted(actor.roles)
        if (role in sole_roles) is (which == "saya")
    ]
    if which == "bersama":
        return free
    own = [task.c.performer == actor.person_id, and_(unnamed, task.c.assignee == actor.person_id)]
    return [*(and_(ready, each) for each in own), *free]


def _first_of(
    shelves: Sequence[ColumnElement[bool]], conditions: Sequence[ColumnElement[bool]], most: int
) -> CompoundSelect[Any]:
    """Ask for the ids of the *most* urgent tasks of each shelf, those that are never due beside them."""
    return _together(
        [
            _ids(shelf, due, *conditions).order_by(task.c.due_at, task.c.id).limit(most)
            for shelf in shelves
            for due in (task.c.due_at.is_not(None), task.c.due_at.is_(None))
        ]
    )


def _ids(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Ask for the ids of tasks in running instances."""
    joined = select(task.c.id).join(instance, instance.c.id == task.c.instance_id)
    return joined.where(instance.c.status.in_(MOVING), *conditions)


def _together(parts: Sequence[Select[Any]]) -> CompoundSelect[Any]:
    """Ask for the ids of several limited questions."""
    return union_all(*(select(part.subquery().c.id) for part in parts))


def _counted(shelves: Sequence[ColumnElement[bool]], *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """Ask how many tasks stand on *shelves*; on each up to CAP + 1."""
    if not shelves:
        return literal(0)
    found = _together([_ids(shelf, *conditions).limit(CAP + 1) for shelf in shelves])
    return select(func.count()).select_from(found.subquery()).scalar_subquery()


def of_instance(tx: Transaction, instance_id: str) -> tuple[TaskRecord, ...]:
    """Return every task of an instance in the order they opened."""
    query = _tasks().where(task.c.instance_id == instance_id).order_by(task.c.created_at, task.c.item, task.c.id)
    return tuple(record(row) for row in tx.connection.execute(query))


def of_instances(tx: Transaction, instance_ids: Sequence[str]) -> dict[str, list[TaskRecord]]:
    """Return every task of several instances in the order they opened, by instance id."""
    query = _tasks().where(task.c.instance_id.in_(instance_ids))
    return _by_instance(tx, instance_ids, query.order_by(task.c.created_at, task.c.item, task.c.id))


def open_of_instances(tx: Transaction, instance_ids: Sequence[str]) -> dict[str, list[TaskRecord]]:
    """Return the open tasks of several instances, by instance id."""
    query = _tasks().where(task.c.instance_id.in_(instance_ids), task.c.status == TaskStatus.READY.value)
    return _by_instance(tx, instance_ids, query.order_by(task.c.due_at, task.c.id))


def _by_instance(tx: Transaction, instance_ids: Sequence[str], query: Select[Any]) -> dict[str, list[TaskRecord]]:
    found: dict[str, list[TaskRecord]] = {instance_id: [] for instance_id in instance_ids}
    for each in map(record, tx.connection.execute(query)):
        found[each.instance_id].append(each)
    return found


def open_of_person(tx: Transaction, person_id: str) -> tuple[TaskRecord, ...]:
    """Return the open tasks that *person_id* holds."""
    query = _tasks().where(
        task.c.status == TaskStatus.READY.value,
        or_(task.c.performer == person_id, and_(task.c.performer.is_(None), task.c.assignee == person_id)),
    )
    return tuple(record(row) for row in tx.connection.execute(query.order_by(task.c.due_at)))


def open_of_element(tx: Transaction, process_id: str, element_id: str) -> tuple[TaskRecord, ...]:
    """Return the open tasks of one element in all running instances of a process."""
    query = _tasks().where(
        instance.c.process_id == process_id, task.c.element_id == element_id, task.c.status == TaskStatus.READY.value
    )
    return tuple(record(row) for row in tx.connection.execute(query.order_by(task.c.due_at)))


def waited_for(tx: Transaction, actor: Actor, limit: int = 5) -> tuple[TaskRecord, ...]:
    """Return open tasks of others in running instances that *actor* lately took part in ("yang sedang saya tunggu").

    Lately is in the LATELY tasks completed last, and the LATELY instances started last.
    """
    acted = select(task.c.instance_id).where(done_by(actor)).order_by(task.c.completed_at.desc()).limit(LATELY)
    began = select(instance.c.id).where(instance.c.started_by == actor.person_id)
    began = began.order_by(instance.c.started_at.desc()).limit(LATELY)
    took_part = union(select(acted.subquery().c.instance_id), select(began.subquery().c.id))
    query = _tasks().where(
        task.c.status == TaskStatus.READY.value,
        instance.c.status.in_(MOVING),
        task.c.instance_id.in_(took_part),
        or_(task.c.performer.is_(None), task.c.performer != actor.person_id),
        or_(task.c.assignee.is_(None), task.c.assignee != actor.person_id),
        task.c.role.not_in(sorted(actor.roles)),
    )
    return tuple(record(row) for row in tx.connection.execute(query.order_by(task.c.created_at).limit(limit)))


def performer_of(tx: Transaction, instance_id: str, element_id: str) -> str | None:
    """Return who last completed *element_id* in the instance (for four eyes)."""
    query = (
        select(task.c.completed_by)
        .where(
            task.c.instance_id == instance_id,
            task.c.element_id == element_id,
            task.c.status == TaskStatus.COMPLETED.value,
        )
        .order_by(task.c.completed_at.desc())
        .limit(1)
    )
    return tx.connection.scalar(query)


def change(tx: Transaction, task_id: str, **values: Any) -> bool:
    """Change an open task's row; False if it is no longer open."""
    result = tx.connection.execute(
        update(task).where(task.c.id == task_id, task.c.status == TaskStatus.READY.value).values(**values)
    )
    return result.rowcount == 1


def claim(tx: Transaction, task_id: str, person_id: str, now: datetime) -> bool:
    """Claim a task that nobody holds; False if somebody does."""
    result = tx.connection.execute(
        update(task)
        .where(
            task.c.id == task_id,
            task.c.status == TaskStatus.READY.value,
            task.c.assignee.is_(None),
            task.c.performer.is_(None),
        )
        .values(assignee=person_id, assigned_at=now)
    )
    return result.rowcount == 1


def cancel(tx: Transaction, task_ids: Sequence[str], now: datetime) -> None:
    """Close tasks that the process cancelled."""
    if task_ids:
        tx.connection.execute(
            update(task)
            .where(task.c.id.in_(task_ids), task.c.status == TaskStatus.READY.value)
            .values(status=TaskStatus.CANCELLED.value, completed_at=now)
        )


def open_ids(tx: Transaction, instance_id: str) -> tuple[str, ...]:
    """Return ids of an instance's open tasks."""
    query = select(task.c.id).where(task.c.instance_id == instance_id, task.c.status == TaskStatus.READY.value)
    return tuple(tx.connection.scalars(query))


def override(tx: Transaction, process_id: str, element_id: str, role: str, reason: str, by: str, now: datetime) -> None:
    """Give an element of a process to another role from now on."""
    tx.connection.execute(
        delete(role_override).where(role_override.c.process_id == process_id, role_override.c.element_id == element_id)
    )
    facts = {"process_id": process_id, "element_id": element_id, "role": role, "reason": reason}
    tx.connection.execute(insert(role_override), {**facts, "changed_by": by, "changed_at": now})


def _tasks() -> Any:
    return select(*COLUMNS).join(instance, instance.c.id == task.c.instance_id)
