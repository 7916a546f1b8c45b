"""Notifications, and the notices by which they reach people."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, case, delete, exists, func, insert, or_, select, update

from engine.model.notices import OF_TASKS, Kind, Notice
from engine.model.work import DocumentStatus, TaskStatus
from engine.store.queries import Rows, Transaction, changed, some
from engine.store.queries.document_tasks import ARCHIVIST
from engine.store.queries.people import in_force
from engine.store.tables import (
    archive,
    contact,
    dispatch,
    document,
    instance,
    membership,
    notice,
    notification,
    person,
    personal_value,
    task,
)

CAP = 100
_about_task = notification.c.kind.in_(sorted(OF_TASKS))
_of_the_past = notification.c.kind.in_((Kind.STOOD_IN.value, Kind.RETRACTED.value))  # ask for nothing
OVER = or_(  # its task is done, or no longer possible
    and_(_about_task, task.c.status != TaskStatus.READY.value),
    and_(notification.c.kind == Kind.APPROVE.value, document.c.status != DocumentStatus.WAITING.value),
    and_(notification.c.kind == Kind.MEND.value, document.c.status != DocumentStatus.RETURNED.value),
    and_(notification.c.kind == Kind.ARCHIVE.value, ARCHIVIST.is_(None)),
)
TAKEN = and_(  # somebody else of the lane claimed the task; if they release it, nobody is notified again
    notification.c.kind.in_((Kind.TASK.value, Kind.RETURNED.value, Kind.READY.value)),
    notice.c.person_id != "",
    task.c.assignee != notice.c.person_id,
)
JOINED = (
    notification.outerjoin(instance, instance.c.id == notification.c.instance_id)
    .outerjoin(task, and_(or_(_about_task, _of_the_past), task.c.id == notification.c.subject))
    .outerjoin(document, document.c.id == notification.c.subject)
    .outerjoin(archive, archive.c.instance_id == notification.c.instance_id)
)
ROWS = Rows(
    Notice,
    notification,
    title=instance.c.title,
    definition_id=instance.c.definition_id,
    element_id=task.c.element_id,
    document=document.c.name,
    due_at=case((task.c.status == TaskStatus.READY.value, task.c.due_at)),  # what is not to be done is not due
    over=func.coalesce(or_(OVER, TAKEN), False).label("over"),
    read_at=notice.c.read_at,
)
TOLD = ROWS.query.select_from(notice.join(JOINED, notification.c.id == notice.c.notification_id))


@dataclass(frozen=True, slots=True)
class Unread:
    """The number of a person's unread notices, up to CAP + 1, and the time of the newest."""

    count: int
    last: datetime | None


def unread(tx: Transaction, person_id: str) -> Unread:
    """Return the number of a person's unread notices."""
    taken = exists().where(notification.c.id == notice.c.notification_id, task.c.id == notification.c.subject, TAKEN)
    first = select(notice.c.at).where(notice.c.person_id == person_id, notice.c.read_at.is_(None), ~taken)
    first_of = first.order_by(notice.c.at.desc()).limit(CAP + 1).subquery()
    return Unread(*tx.connection.execute(select(func.count(), func.max(first_of.c.at))).one())


def of_person(tx: Transaction, person_id: str, limit: int, offset: int) -> tuple[tuple[Notice, ...], bool]:
    """Return a person's notices, newest first, and whether more follow."""
    query = TOLD.where(notice.c.person_id == person_id)
    return some(tx, query.order_by(notice.c.at.desc(), notification.c.id), ROWS.read, limit, offset)


def one_of(tx: Transaction, person_id: str, notification_id: str) -> Notice | None:
    """Return a person's notice of a notification."""
    return ROWS.one(tx, TOLD.where(notice.c.person_id == person_id, notification.c.id == notification_id))


def mark(tx: Transaction, person_id: str, now: datetime, notification_id: str | None = None) -> int:
    """Mark one notice of a person as read, or all; return how many were unread."""
    those = [notice.c.person_id == person_id, notice.c.read_at.is_(None)]
    those += [notice.c.notification_id == notification_id] if notification_id else []
    return changed(tx, update(notice).where(*those).values(read_at=now))


def unmark(tx: Transaction, person_id: str, read_at: datetime) -> None:
    """Mark the notices that a person read at an instant as unread again."""
    those = (notice.c.person_id == person_id, notice.c.read_at == read_at)
    tx.connection.execute(update(notice).where(*those).values(read_at=None))


# ── spreading ───────────────────────────────────────────────────────────────────────────────────────────────────────


NEW = exists().where(notification.c.spread_at.is_(None))
"""Condition that some notification is not spread yet."""


@dataclass(frozen=True, slots=True)
class Unspread:
    """A notification that is not spread yet, with the people whom it may concern."""

    id: str
    kind: str
    at: datetime
    by: str
    instance_id: str | None
    subject: str
    person_id: str | None
    role: str | None
    started_by: str | None  # the instance
    made_by: str | None  # the document
    due_at: datetime | None
    over: bool


UNSPREAD = Rows(
    Unspread,
    notification,
    started_by=instance.c.started_by,
    made_by=document.c.created_by,
    due_at=task.c.due_at,
    over=func.coalesce(OVER, False).label("over"),
)


def unspread(tx: Transaction, limit: int) -> tuple[Unspread, ...]:
    """Return the oldest notifications that are not spread yet."""
    query = UNSPREAD.query.select_from(JOINED).where(notification.c.spread_at.is_(None))
    return UNSPREAD.every(tx, query.order_by(notification.c.at, notification.c.id).limit(limit))


def spread(tx: Transaction, ids: Collection[str], now: datetime) -> int:
    """Mark notifications as spread; return how many were not."""
    those = (notification.c.id.in_(ids), notification.c.spread_at.is_(None))
    return changed(tx, update(notification).where(*those).values(spread_at=now))


def settle(tx: Transaction, instances: Collection[str], now: datetime) -> None:
    """Mark the notices of some instances as read whose tasks are over."""
    over = select(notification.c.id).select_from(JOINED).where(notification.c.instance_id.in_(instances), OVER)
    gone = (notice.c.notification_id.in_(over), notice.c.read_at.is_(None))
    tx.connection.execute(update(notice).where(*gone).values(read_at=now))


def add(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write notices."""
    if rows:
        tx.connection.execute(insert(notice), list(rows))


def forget(tx: Transaction, read_before: datetime, told_before: datetime) -> None:
    """Delete notices read or written before those instants, and notifications without notices."""
    old = or_(notice.c.read_at < read_before, notice.c.at < told_before)
    tx.connection.execute(delete(notice).where(old))
    alone = and_(notification.c.spread_at < read_before, ~exists().where(notice.c.notification_id == notification.c.id))
    tx.connection.execute(delete(notification).where(alone))
    tx.connection.execute(delete(dispatch).where(dispatch.c.made_at < told_before))


# ── how people are reached ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Reach:
    """The way to notify an active person: address, language, and the choice for each kind."""

    person_id: str
    name: str
    locale: str | None
    email: str | None
    choices: Mapping[str, str]


REACH = Rows(
    Reach,
    person,
    person_id=person.c.id,
    email=personal_value.c.value,
    choices=contact.c.choices,
    read={"choices": lambda found: found or {}},
)
REACHED = REACH.query.select_from(
    person.outerjoin(contact, contact.c.person_id == person.c.id).outerjoin(
        personal_value, personal_value.c.commitment == person.c.email_commitment
    )
)


def reach(tx: Transaction, ids: Collection[str]) -> dict[str, Reach]:
    """Return the ways to notify the active ones of *ids*."""
    query = REACHED.where(person.c.id.in_(ids), person.c.active)
    return {each.person_id: each for each in REACH.every(tx, query)}


def address_of(tx: Transaction, person_id: str) -> str | None:
    """Return the commitment to a person's e-mail address."""
    return tx.connection.scalar(select(person.c.email_commitment).where(person.c.id == person_id))


def has_feed(tx: Transaction, person_id: str) -> bool:
    """Whether a person has a calendar feed."""
    its = select(contact.c.feed_sha256).where(contact.c.person_id == person_id)
    return tx.connection.scalar(its) is not None


def feed_owner(tx: Transaction, sha256: str) -> str | None:
    """Return the owner of a calendar feed, by the SHA-256 of its secret."""
    return tx.connection.scalar(select(contact.c.person_id).where(contact.c.feed_sha256 == sha256))


def roles_on(tx: Transaction, person_id: str, day: date) -> set[str]:
    """Return the roles of a person on *day*."""
    held = select(membership.c.role).where(membership.c.person_id == person_id, in_force(day))
    return set(tx.connection.scalars(held))


def choose(tx: Transaction, person_id: str, **values: Any) -> None:
    """Write how a person wants to be notified."""
    if changed(tx, update(contact).where(contact.c.person_id == person_id).values(values)) == 0:
        tx.connection.execute(insert(contact), {"person_id": person_id, "choices": {}, **values})
