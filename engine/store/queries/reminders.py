"""Times at which open tasks are checked next: whether they are due soon, late, or to be escalated."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, insert, or_, select, update

from engine.model.work import TaskStatus
from engine.store.queries import Rows, Transaction, changed
from engine.store.queries.instances import MOVING
from engine.store.tables import instance, reminder, task


@dataclass(frozen=True, slots=True)
class Reminder:
    """A task to check, with the facts for it."""

    task_id: str
    at: datetime
    instance_id: str
    element_id: str
    role: str
    performer: str | None
    assignee: str | None
    status: str
    created_at: datetime
    due_at: datetime | None
    definition_id: str

    @property
    def over(self) -> bool:
        """Whether no reminder is needed any more."""
        return self.status != TaskStatus.READY.value or self.due_at is None


ROWS = Rows(Reminder, reminder, task, instance)
JOINED = reminder.join(task, task.c.id == reminder.c.task_id).join(instance, instance.c.id == task.c.instance_id)

GOES_ON = or_(task.c.status != TaskStatus.READY.value, instance.c.status.in_(MOVING))
"""Condition that the task is not in a suspended instance, whose tasks are checked once it is resumed."""


def begin(tx: Transaction, at: Mapping[str, datetime]) -> None:
    """Write the first checks of tasks, except for those that have a check."""
    known = set(tx.connection.scalars(select(reminder.c.task_id).where(reminder.c.task_id.in_(at)))) if at else set()
    if new := [{"task_id": id_, "at": when} for id_, when in at.items() if id_ not in known]:
        tx.connection.execute(insert(reminder), new)


def come(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the condition that a check is due."""
    return select(reminder.c.task_id).select_from(JOINED).where(reminder.c.at <= now, GOES_ON).exists()


def due(tx: Transaction, now: datetime, limit: int) -> tuple[Reminder, ...]:
    """Return the tasks whose check is due, longest due first."""
    query = ROWS.query.select_from(JOINED).where(reminder.c.at <= now, GOES_ON)
    return ROWS.every(tx, query.order_by(reminder.c.at, reminder.c.task_id).limit(limit))


def move(tx: Transaction, task_id: str, at: datetime, to: datetime | None) -> bool:
    """Move a task's check from one instant *to* another, or delete it; return False if somebody was faster."""
    its = (reminder.c.task_id == task_id, reminder.c.at == at)
    gone, later = delete(reminder).where(*its), update(reminder).where(*its).values(at=to)
    return changed(tx, gone if to is None else later) == 1


def again(tx: Transaction, task_id: str, now: datetime) -> None:
    """Check a task now, since its deadline has changed."""
    tx.connection.execute(delete(reminder).where(reminder.c.task_id == task_id))
    tx.connection.execute(insert(reminder), {"task_id": task_id, "at": now})


def look_anew(tx: Transaction, now: datetime) -> None:
    """Check all tasks now, since the settings of reminders have changed."""
    tx.connection.execute(update(reminder).where(reminder.c.at > now).values(at=now))
