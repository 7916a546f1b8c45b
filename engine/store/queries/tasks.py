"""User tasks: the inbox, one task with all that completing it needs, claims, drafts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, or_, select, update

from engine.model.people import Actor
from engine.model.process import InstanceStatus
from engine.model.work import Draft, InstanceRecord, TaskRecord, TaskStatus
from engine.store.queries import Transaction, instances
from engine.store.tables import definition, draft, instance, membership, person, role_override, task, timer

COLUMNS = (
    task.c.id,
    task.c.instance_id,
    instance.c.definition_id,
    instance.c.process_id,
    instance.c.title,
    instance.c.status.label("instance_status"),
    task.c.element_id,
    task.c.role,
    task.c.performer,
    task.c.item,
    task.c.activation,
    task.c.status,
    task.c.assignee,
    task.c.assigned_at,
    task.c.created_at,
    task.c.standard_time,
    task.c.due_at,
    task.c.first_due_at,
    task.c.returned_by,
    task.c.returned_reason,
    task.c.returned_at,
    task.c.completed_at,
    task.c.completed_by,
    task.c.capacity,
    task.c.decree,
    task.c.history_seq,
)
CAP = 100
"""Counts stop here and are shown as "100+"."""

RUNNING = [InstanceStatus.RUNNING.value, InstanceStatus.WAITING.value, InstanceStatus.INCIDENT.value]


def record(row: Sequence[Any]) -> TaskRecord:
    """Return a task's row as a value."""
    facts = {column.name: value for column, value in zip(COLUMNS, row, strict=False)}
    facts["instance_status"] = InstanceStatus(facts["instance_status"])
    facts["status"] = TaskStatus(facts["status"])
    return TaskRecord(**facts)


def by_id(tx: Transaction, task_id: str) -> TaskRecord | None:
    """Return the task with that id."""
    row = tx.connection.execute(_tasks().where(task.c.id == task_id)).one_or_none()
    return None if row is None else record(row)


@dataclass(frozen=True, slots=True)
class TaskContext:
    """A task with its instance and state: all that computing a step needs, read at one moment."""

    task: TaskRecord
    instance: InstanceRecord
    state: bytes
    has_timers: bool


def context(tx: Transaction, task_id: str) -> TaskContext | None:
    """Return the task with its instance and state, in one statement."""
    row = tx.connection.execute(
        select(
            *COLUMNS,
            *(column.label(f"i_{column.name}") for column in instances.COLUMNS),
            instance.c.state,
            exists().where(timer.c.instance_id == instance.c.id).label("has_timers"),
        )
        .join(instance, instance.c.id == task.c.instance_id)
        .join(definition, definition.c.id == instance.c.definition_id)
        .where(task.c.id == task_id)
    ).one_or_none()
    if row is None:
        return None
    return TaskContext(record(row), instances.record(row[len(COLUMNS) :]), bytes(row.state), row.has_timers)


@dataclass(frozen=True, slots=True)
class Standing:
    """What may have changed since a snapshot: read again inside the write transaction. *id* is the instance's."""

    id: str
    status: TaskStatus
    assignee: str | None
    performer: str | None
    role: str
    completed_by: str | None
    completed_at: datetime | None
    instance_status: InstanceStatus
    revision: int
    history_seq: int
    history_hash: str
    changed_by: str | None
    status_reason: str | None
    changed_at: datetime
    active: bool
    member: bool


def standing(tx: Transaction, task_id: str, person_id: str, today: date) -> Standing | None:
    """Return where the task stands now and whether *person_id* is active and works in its role today."""
    works_there = exists().where(
        membership.c.person_id == person_id,
        membership.c.role == task.c.role,
        membership.c.since <= today,
        or_(membership.c.until.is_(None), membership.c.until >= today),
    )
    row = tx.connection.execute(
        select(
            instance.c.id,
            task.c.status,
            task.c.assignee,
            task.c.performer,
            task.c.role,
            task.c.completed_by,
            task.c.completed_at,
            instance.c.status.label("instance_status"),
            instance.c.revision,
            instance.c.history_seq,
            instance.c.history_hash,
            instance.c.ended_by.label("changed_by"),
            instance.c.status_reason,
            instance.c.changed_at,
            exists().where(person.c.id == person_id, person.c.active).label("active"),
            works_there.label("member"),
        )
        .join(instance, instance.c.id == task.c.instance_id)
        .where(task.c.id == task_id)
    ).one_or_none()
    if row is None:
        return None
    facts = dict(row._mapping)
    facts["status"] = TaskStatus(facts["status"])
    facts["instance_status"] = InstanceStatus(facts["instance_status"])
    return Standing(**facts)


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A task in somebody's inbox, with the draft they left."""

    task: TaskRecord
    draft_saved_at: datetime | None
    siblings: int = 0


def mine(actor: Actor) -> ColumnElement[bool]:
    """Tasks that are in *actor*'s hands."""
    return and_(
        task.c.status == TaskStatus.READY.value,
        or_(
            task.c.performer == actor.person_id,
            and_(task.c.performer.is_(None), task.c.assignee == actor.person_id),
        ),
    )


def claimable(actor: Actor) -> ColumnElement[bool]:
    """Tasks that *actor*'s lanes may claim."""
    return and_(
        task.c.status == TaskStatus.READY.value,
        task.c.performer.is_(None),
        task.c.assignee.is_(None),
        task.c.role.in_(sorted(actor.roles)),
    )


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
    query = select(*COLUMNS, draft.c.saved_at).join(instance, instance.c.id == task.c.instance_id)
    query = query.outerjoin(draft, and_(draft.c.task_id == task.c.id, draft.c.person_id == actor.person_id))
    query = query.where(_which(actor, which, sole_roles))
    if which == "selesai":
        query = query.order_by(task.c.completed_at.desc(), task.c.id)
    else:
        query = query.order_by(task.c.due_at.is_(None), task.c.due_at, task.c.id)
        query = query.where(instance.c.status.in_(RUNNING))
    if text:
        query = query.where(instance.c.title.icontains(text, autoescape=True))
    if overdue_at is not None:
        query = query.where(task.c.due_at < overdue_at)
    if returned:
        query = query.where(task.c.returned_by.is_not(None))
    rows = tx.connection.execute(query.limit(limit + 1).offset(offset)).all()
    return tuple(InboxRow(record(row), row.saved_at) for row in rows[:limit]), len(rows) > limit


def counts(tx: Transaction, actor: Actor, sole_roles: frozenset[str], now: datetime) -> dict[str, int]:
    """Return how many tasks stand in each tab and chip, counted up to CAP + 1."""

    def count(*conditions: ColumnElement[bool]) -> Any:
        query = select(task.c.id).join(instance, instance.c.id == task.c.instance_id)
        query = query.where(instance.c.status.in_(RUNNING), *conditions)
        return select(func.count()).select_from(query.limit(CAP + 1).subquery()).scalar_subquery()

    own = _which(actor, "saya", sole_roles)
    row = tx.connection.execute(
        select(
            count(own).label("saya"),
            count(_which(actor, "bersama", sole_roles)).label("bersama"),
            count(own, task.c.due_at < now).label("terlambat"),
            count(own, task.c.returned_by.is_not(None)).label("dikembalikan"),
        )
    ).one()
    return dict(row._mapping)


def _which(actor: Actor, which: str, sole_roles: frozenset[str]) -> ColumnElement[bool]:
    alone = and_(claimable(actor), task.c.role.in_(sorted(sole_roles)))
    if which == "selesai":
        return and_(task.c.completed_by == actor.person_id, task.c.status == TaskStatus.COMPLETED.value)
    if which == "bersama":
        return and_(claimable(actor), task.c.role.not_in(sorted(sole_roles)))
    return or_(mine(actor), alone) if sole_roles else mine(actor)


def of_instance(tx: Transaction, instance_id: str) -> tuple[TaskRecord, ...]:
    """Return every task of an instance in the order they opened."""
    query = _tasks().where(task.c.instance_id == instance_id).order_by(task.c.created_at, task.c.item, task.c.id)
    return tuple(record(row) for row in tx.connection.execute(query))


def open_of_instances(tx: Transaction, instance_ids: Sequence[str]) -> dict[str, list[TaskRecord]]:
    """Return the open tasks of several instances, by instance id."""
    query = _tasks().where(task.c.instance_id.in_(instance_ids), task.c.status == TaskStatus.READY.value)
    found: dict[str, list[TaskRecord]] = {instance_id: [] for instance_id in instance_ids}
    for row in tx.connection.execute(query.order_by(task.c.due_at, task.c.id)):
        record_ = record(row)
        found[record_.instance_id].append(record_)
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
        instance.c.process_id == process_id,
        task.c.element_id == element_id,
        task.c.status == TaskStatus.READY.value,
    )
    return tuple(record(row) for row in tx.connection.execute(query.order_by(task.c.due_at)))


def waited_for(tx: Transaction, actor: Actor, limit: int = 5) -> tuple[TaskRecord, ...]:
    """Return open tasks of others in running instances that *actor* took part in ("yang sedang saya tunggu")."""
    took_part = (
        select(task.c.instance_id)
        .where(task.c.completed_by == actor.person_id)
        .union(select(instance.c.id).where(instance.c.started_by == actor.person_id))
    )
    query = _tasks().where(
        task.c.status == TaskStatus.READY.value,
        instance.c.status.in_(RUNNING),
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


def open_siblings(tx: Transaction, of: TaskRecord) -> int:
    """Return how many other items of a task's multi-instance activation are still open."""
    query = select(func.count()).where(
        task.c.instance_id == of.instance_id,
        task.c.activation == of.activation,
        task.c.status == TaskStatus.READY.value,
        task.c.id != of.id,
    )
    return tx.connection.scalar(query) or 0


def overrides(tx: Transaction, process_id: str, element_ids: Sequence[str]) -> dict[str, str]:
    """Return the roles that *ganti pelaksana* gave to elements of a process, by element id."""
    query = select(role_override.c.element_id, role_override.c.role).where(
        role_override.c.process_id == process_id, role_override.c.element_id.in_(element_ids)
    )
    return dict(tx.connection.execute(query).all())


def override(tx: Transaction, process_id: str, element_id: str, role: str, reason: str, by: str, now: datetime) -> None:
    """Give an element of a process to another role from now on."""
    tx.connection.execute(
        delete(role_override).where(role_override.c.process_id == process_id, role_override.c.element_id == element_id)
    )
    tx.connection.execute(
        insert(role_override),
        {
            "process_id": process_id,
            "element_id": element_id,
            "role": role,
            "reason": reason,
            "changed_by": by,
            "changed_at": now,
        },
    )


def draft_of(tx: Transaction, task_id: str, person_id: str) -> Draft | None:
    """Return what *person_id* had typed into the task's form."""
    row = tx.connection.execute(
        select(draft).where(draft.c.task_id == task_id, draft.c.person_id == person_id)
    ).one_or_none()
    if row is None:
        return None
    entries = {path: tuple(texts) for path, texts in row.entries.items()}
    return Draft(row.task_id, row.person_id, row.revision, entries, row.saved_at)


def save_draft(
    tx: Transaction,
    task_id: str,
    person_id: str,
    instance_id: str,
    entries: Mapping[str, Sequence[str]],
    now: datetime,
    revision: int | None,
) -> int | None:
    """Save a draft over *revision* (None: whatever is there); the new revision, or None if another device was first."""
    there: int | None = tx.connection.scalar(
        select(draft.c.revision).where(draft.c.task_id == task_id, draft.c.person_id == person_id)
    )
    plain = {path: list(texts) for path, texts in entries.items()}
    if there is None:
        tx.connection.execute(
            insert(draft),
            {
                "task_id": task_id,
                "person_id": person_id,
                "instance_id": instance_id,
                "revision": 1,
                "entries": plain,
                "saved_at": now,
            },
        )
        return 1
    if revision is not None and revision != there:
        return None
    tx.connection.execute(
        update(draft)
        .where(draft.c.task_id == task_id, draft.c.person_id == person_id)
        .values(revision=there + 1, entries=plain, saved_at=now)
    )
    return there + 1


def drop_draft(tx: Transaction, task_id: str, person_id: str) -> None:
    """Delete a draft whose entries were accepted or given up."""
    tx.connection.execute(delete(draft).where(draft.c.task_id == task_id, draft.c.person_id == person_id))


def _tasks() -> Any:
    return select(*COLUMNS).join(instance, instance.c.id == task.c.instance_id)
