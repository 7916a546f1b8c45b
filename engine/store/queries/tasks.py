"""User tasks: their rows, completion, claims; lists of them are in ``task_lists``."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from engine.model.people import Actor, Membership
from engine.model.work import InstanceRecord, TaskRecord, TaskStatus
from engine.store.driver_statements import Prepared
from engine.store.queries import Rows, Transaction, absences, changed, drafts, instances, people
from engine.store.tables import absence, definition, instance, membership, person, role_override, task, timer
from engine.store.unit_of_work import Work

ROWS = Rows(TaskRecord, task, instance, instance_status=instance.c.status.label("instance_status"))
TASKS = ROWS.query.join(instance, instance.c.id == task.c.instance_id)
READY = task.c.status == TaskStatus.READY.value


def by_id(tx: Transaction, task_id: str) -> TaskRecord | None:
    """Return the task with this id."""
    return ROWS.one(tx, TASKS.where(task.c.id == task_id))


def by_ids(tx: Transaction, ids: Sequence[str]) -> tuple[TaskRecord, ...]:
    """Return the tasks with these ids."""
    return ROWS.every(tx, TASKS.where(task.c.id.in_(ids)))


@dataclass(frozen=True, slots=True)
class TaskContext:
    """A task with everything that completing it by one person needs."""

    task: TaskRecord
    instance: InstanceRecord
    state: bytes
    has_timers: bool
    siblings: int  # other open items of its multi-instance activation
    drafted: bool  # the person has a draft
    active: bool  # the person's account is active
    member: bool  # the person holds the task's role today


_sibling = task.alias("sibling")
SIBLINGS = select(func.count()).where(
    _sibling.c.instance_id == task.c.instance_id,
    _sibling.c.activation == task.c.activation,
    _sibling.c.status == TaskStatus.READY.value,
    _sibling.c.id != task.c.id,
)
WORKS_HERE = exists().where(membership.c.person_id == bindparam("person"), people.in_force(bindparam("today")))
WORKS_THERE = WORKS_HERE.where(membership.c.role == task.c.role)
_away = (absence.c.substitute_id == bindparam("person"), absences.holds(bindparam("today")))
STANDS_IN = exists().where(*_away, absence.c.person_id == func.coalesce(task.c.performer, task.c.assignee))
STILL_ACTS = or_(task.c.acts_for.is_(None), exists().where(*_away, absence.c.person_id == task.c.acts_for))
ACTIVE = exists().where(person.c.id == bindparam("person"), person.c.active)
CONTEXT = Prepared(
    select(
        *ROWS.columns,
        *(column.label(f"i_{column.name}") for column in instances.ROWS.columns),
        instance.c.state,
        exists().where(timer.c.instance_id == instance.c.id).label("has_timers"),
        SIBLINGS.scalar_subquery().label("siblings"),
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
        READY,
        or_(
            task.c.performer == bindparam("person"),
            and_(
                task.c.performer.is_(None),
                or_(task.c.assignee.is_(None), task.c.assignee == bindparam("person")),
                STILL_ACTS,
                WORKS_THERE,
            ),
            and_(STANDS_IN, WORKS_THERE),
        ),
        WORKS_HERE,
        ACTIVE,
    )
)


def context(tx: Transaction, task_id: str, person_id: str, today: date) -> TaskContext | None:
    """Return a task with everything that completing it by *person_id* needs, by one statement."""
    for row in CONTEXT.rows(tx.connection, {"its_id": task_id, "person": person_id, "today": today}):
        its = len(ROWS.columns), len(ROWS.columns) + len(instances.ROWS.columns)
        state, *facts = row[its[1] :]
        return TaskContext(ROWS.read(row), instances.ROWS.read(row[its[0] :]), bytes(state), *facts)
    return None


def complete(
    work: Work, task_id: str, today: date, held: Membership | None, history_seq: int, acts_for: str | None = None
) -> bool:
    """Mark a task as completed by the actor, who holds *held*; return False if it is not open or not theirs."""
    by, capacity = work.actor.person_id, held.capacity.value if held else None
    facts = {"completed_at": work.now, "completed_by": by, "assignee": by, "history_seq": history_seq}
    facts |= {
        "capacity": capacity,
        "decree": held.decree if held else None,
        "status": TaskStatus.COMPLETED.value,
        "acts_for": acts_for,
    }
    return COMPLETE.run(work.connection, {"its_id": task_id, "person": by, "today": today, **facts}) == 1


def readable(actor: Actor, its: FromClause = task) -> ColumnElement[bool]:
    """Return the condition that *actor* may read a task's form (``permissions.permit_reading``)."""
    own = or_(its.c.performer == actor.person_id, its.c.completed_by == actor.person_id)
    return or_(own, and_(its.c.performer.is_(None), its.c.role.in_(sorted(actor.roles))))


def of_instance(tx: Transaction, instance_id: str) -> tuple[TaskRecord, ...]:
    """Return the tasks of an instance in the order of their opening."""
    query = TASKS.where(task.c.instance_id == instance_id).order_by(task.c.created_at, task.c.item, task.c.id)
    return ROWS.every(tx, query)


def of_instances(tx: Transaction, instance_ids: Sequence[str]) -> dict[str, list[TaskRecord]]:
    """Return the tasks of several instances in the order of their opening, by instance id."""
    query = TASKS.where(task.c.instance_id.in_(instance_ids))
    return _by_instance(tx, instance_ids, query.order_by(task.c.created_at, task.c.item, task.c.id))


def open_of_instances(tx: Transaction, instance_ids: Sequence[str]) -> dict[str, list[TaskRecord]]:
    """Return the open tasks of several instances, by instance id."""
    query = TASKS.where(task.c.instance_id.in_(instance_ids), READY)
    return _by_instance(tx, instance_ids, query.order_by(task.c.due_at, task.c.id))


def _by_instance(tx: Transaction, instance_ids: Sequence[str], query: Select[Any]) -> dict[str, list[TaskRecord]]:
    found: dict[str, list[TaskRecord]] = {instance_id: [] for instance_id in instance_ids}
    for each in ROWS.every(tx, query):
        found[each.instance_id].append(each)
    return found


def open_of_person(tx: Transaction, person_id: str) -> tuple[TaskRecord, ...]:
    """Return the open tasks that *person_id* has."""
    query = TASKS.where(
        READY,
        or_(task.c.performer == person_id, and_(task.c.performer.is_(None), task.c.assignee == person_id)),
    )
    return ROWS.every(tx, query.order_by(task.c.due_at))


def open_of_element(tx: Transaction, process_id: str, element_id: str) -> tuple[TaskRecord, ...]:
    """Return the open tasks of an element in all running instances of a process."""
    query = TASKS.where(instance.c.process_id == process_id, task.c.element_id == element_id, READY)
    return ROWS.every(tx, query.order_by(task.c.due_at))


def eyes_on(tx: Transaction, instance_id: str, element_id: str) -> frozenset[str]:
    """Return who last completed *element_id* in the instance, and for whom, for the four-eyes rule."""
    done = (task.c.element_id == element_id, task.c.status == TaskStatus.COMPLETED.value)
    query = select(task.c.completed_by, task.c.acts_for).where(task.c.instance_id == instance_id, *done)
    row = tx.connection.execute(query.order_by(task.c.completed_at.desc()).limit(1)).first()
    return frozenset(row or ()) - {None}


def last_done(tx: Transaction, instance_ids: Collection[str]) -> tuple[TaskRecord, ...]:
    """Return the last completed task of those instances whose last completion can be taken back."""
    later = _sibling.c.instance_id == task.c.instance_id, _sibling.c.history_seq > task.c.history_seq
    its = (task.c.instance_id.in_(instance_ids), task.c.status == TaskStatus.COMPLETED.value, ~exists().where(*later))
    return ROWS.every(tx, TASKS.where(*its, instance.c.state_before.is_not(None)))


def reopen(tx: Transaction, task_ids: Sequence[str], **values: Any) -> None:
    """Reopen tasks."""
    never = dict.fromkeys(("completed_at", "completed_by", "capacity", "decree", "history_seq"))
    stands = {"status": TaskStatus.READY.value, **never, **values}
    tx.connection.execute(update(task).where(task.c.id.in_(task_ids)).values(stands))


def change(tx: Transaction, task_id: str, **values: Any) -> bool:
    """Change the row of an open task; return False if it is no longer open."""
    return changed(tx, update(task).where(task.c.id == task_id, READY).values(**values)) == 1


def claim(tx: Transaction, task_id: str, person_id: str, now: datetime, acts_for: str | None = None) -> bool:
    """Claim a task that is free, or that the absent person *acts_for* has; return False if another has it."""
    has_it = task.c.assignee.is_(None) if acts_for is None else task.c.assignee == acts_for
    free = (task.c.id == task_id, READY, has_it, task.c.performer.is_(None))
    held = {"assignee": person_id, "assigned_at": now, "acts_for": acts_for}
    return changed(tx, update(task).where(*free).values(held)) == 1


def cancel(tx: Transaction, task_ids: Sequence[str], now: datetime) -> None:
    """Mark tasks as cancelled."""
    if task_ids:
        over = {"status": TaskStatus.CANCELLED.value, "completed_at": now}
        tx.connection.execute(update(task).where(task.c.id.in_(task_ids), READY).values(over))


def open_ids(tx: Transaction, instance_id: str) -> tuple[str, ...]:
    """Return the ids of an instance's open tasks."""
    return tuple(tx.connection.scalars(select(task.c.id).where(task.c.instance_id == instance_id, READY)))


def override(tx: Transaction, process_id: str, element_id: str, role: str, reason: str, by: str, now: datetime) -> None:
    """Assign an element of a process to another role (*ganti pelaksana*)."""
    its = (role_override.c.process_id == process_id, role_override.c.element_id == element_id)
    tx.connection.execute(delete(role_override).where(*its))
    facts = {"process_id": process_id, "element_id": element_id, "role": role, "reason": reason}
    tx.connection.execute(insert(role_override), {**facts, "changed_by": by, "changed_at": now})
