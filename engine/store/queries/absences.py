"""Absences and substitutes."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, String, and_, exists, func, insert, literal_column, or_, select, update

from engine.model.people import Absence
from engine.model.work import DraftKind, TaskStatus
from engine.store.queries import Rows, Transaction
from engine.store.tables import absence, draft, task

ROWS = Rows(Absence, absence)


def holds(day: Any) -> ColumnElement[bool]:
    """Return the condition that somebody is away on *day*."""
    return and_(absence.c.since <= day, absence.c.until >= day)


SPACE: Any = literal_column("' '", String)  # a literal, since Prepared allows no other bound values


def together(substitute: ColumnElement[str], day: Any) -> ColumnElement[str]:
    """Return a subquery for the ids of the people for whom *substitute* stands in on *day*, separated by spaces."""
    query = select(func.aggregate_strings(absence.c.person_id, SPACE))
    return query.where(absence.c.substitute_id == substitute, holds(day)).scalar_subquery()


def of(tx: Transaction, *people: str) -> tuple[Absence, ...]:
    """Return the absences in which some people are away or stand in, newest first."""
    theirs = or_(absence.c.person_id.in_(people), absence.c.substitute_id.in_(people))
    return ROWS.every(tx, ROWS.query.where(theirs).order_by(absence.c.since.desc(), absence.c.id))


def substitutes(tx: Transaction, people: Collection[str], day: date) -> dict[str, str]:
    """Return the substitutes of those *people* who are away on *day*, by person id."""
    query = select(absence.c.person_id, absence.c.substitute_id).where(absence.c.person_id.in_(people), holds(day))
    return dict(tx.connection.execute(query).all()) if people else {}


def taken_for_nobody(tx: Transaction, day: date) -> list[str]:
    """Return the open tasks claimed for somebody for whom the assignee does not stand in on *day*."""
    its = (absence.c.person_id == task.c.acts_for, absence.c.substitute_id == task.c.assignee, holds(day))
    query = select(task.c.id).where(task.c.status == TaskStatus.READY.value, task.c.acts_for.is_not(None))
    return list(tx.connection.scalars(query.where(~exists().where(*its))))


def typed_for_nobody(tx: Transaction, day: date) -> Sequence[Row[Any, Any, Any, Any, Any, Any]]:
    """Return drafts of open tasks whose holder the writer stood in for and on *day* no more.

    Each with the task, the writer, the holder, when it was saved, and the days of the leave.
    """
    holder, over = func.coalesce(task.c.performer, task.c.assignee), absence.alias()
    open_ = and_(task.c.id == draft.c.subject, task.c.status == TaskStatus.READY.value)
    pair = over.c.person_id == holder, over.c.substitute_id == draft.c.person_id, over.c.until < day
    still = absence.c.person_id == holder, absence.c.substitute_id == draft.c.person_id, holds(day)
    what = draft.c.subject, draft.c.person_id, holder, draft.c.saved_at, over.c.since, over.c.until
    query = select(*what).join(task, open_).join(over, and_(*pair)).where(~exists().where(*still))
    live = draft.c.kind == DraftKind.TASK.value, draft.c.dropped_at.is_(None)
    return tx.connection.execute(query.where(*live)).all()


def add(tx: Transaction, new: Absence) -> None:
    """Write an absence."""
    tx.connection.execute(insert(absence), ROWS.written(new))


def end(tx: Transaction, id_: str, until: date) -> None:
    """End an absence after the day *until*."""
    tx.connection.execute(update(absence).where(absence.c.id == id_).values(until=until))
