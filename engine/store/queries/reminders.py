"""When open tasks are looked at next: due soon, late, or to be passed up."""

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
    """An open task that is to be looked at, with what that needs."""

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
        """Whether nobody is to be reminded any more."""
        return self.status != TaskStatus.READY.value or self.due_at is None


ROWS = Rows(Reminder, reminder, task, instance)
JOINED = reminder.join(task, task.c.id == reminder.c.task_id).join(instance, instance.c.id == task.c.instance_id)

GOES_ON = or_(task.c.status != TaskStatus.READY.value, instance.c.status.in_(MOVING))
"""What is suspended waits, and is looked at once it goes on."""


def begin(tx: Transaction, at: Mapping[str, datetime]) -> None:
    """Have tasks looked at as of when they came, unless they are already."""
    known = set(tx.connection.scalars(select(reminder.c.task_id).where(reminder.c.task_id.in_(at)))) if at else set()
    if new := [{"task_id": id_, "at": when} for id_, when in at.items() if id_ not in known]:
        tx.connection.execute(insert(reminder), new)


def come(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the condition under which some task is to be looked at."""
    return select(reminder.c.task_id).select_from(JOINED).where(reminder.c.at <= now, GOES_ON).exists()


def due(tx: Transaction, now: datetime, limit: int) -> tuple[Reminder, ...]:
    """Return the tasks that are to be looked at, those first that have waited longest."""
    query = ROWS.query.select_from(JOINED).where(reminder.c.at <= now, GOES_ON)
    return ROWS.every(tx, query.order_by(reminder.c.at, reminder.c.task_id).limit(limit))


def move(tx: Transaction, task_id: str, at: datetime, to: datetime | None) -> bool:
    """Have a task looked at next at another instant, or never; False if somebody else just did."""
    its = (reminder.c.task_id == task_id, reminder.c.at == at)
    gone, later = delete(reminder).where(*its), update(reminder).where(*its).values(at=to)
    return changed(tx, gone if to is None else later) == 1


def again(tx: Transaction, task_id: str, now: datetime) -> None:
    """Have a task looked at as of now: it is due at another time."""
    tx.connection.execute(delete(reminder).where(reminder.c.task_id == task_id))
    tx.connection.execute(insert(reminder), {"task_id": task_id, "at": now})


def look_anew(tx: Transaction, now: datetime) -> None:
    """Have every task looked at that still is to be: how people are reminded has changed."""
    tx.connection.execute(update(reminder).where(reminder.c.at > now).values(at=now))
