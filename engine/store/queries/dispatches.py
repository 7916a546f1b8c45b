"""Dispatches, which are e-mails and calls of the webhook: due, sent, dropped or failed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, insert, select, update

from engine.model.notices import Notice
from engine.store.queries import Rows, Transaction, changed, one
from engine.store.queries.notices import ROWS, TOLD
from engine.store.tables import dispatch, heartbeat, notice, notification, secret

DUE, SENT, DROPPED, FAILED = "due", "sent", "dropped", "failed"
MAIL, WEBHOOK = "surel", "webhook"
LISTED = 50


@dataclass(frozen=True, slots=True)
class Dispatch:
    """An e-mail, or a call of the webhook."""

    id: str
    channel: str
    person_id: str
    status: str
    made_at: datetime
    due_at: datetime
    attempts: int
    cause: str | None


DISPATCHES = Rows(Dispatch, dispatch)


def add(tx: Transaction, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Write due dispatches by id; existing ones stay unchanged."""
    known = set(tx.connection.scalars(select(dispatch.c.id).where(dispatch.c.id.in_(rows)))) if rows else set()
    new = [{"id": id_, "status": DUE, "attempts": 0, **row} for id_, row in rows.items() if id_ not in known]
    if new:
        tx.connection.execute(insert(dispatch), new)


def over(tx: Transaction, ids: Collection[str]) -> set[str]:
    """Return which of *ids* are no longer due, so that no notice can be added to them."""
    query = select(dispatch.c.id).where(dispatch.c.id.in_(ids), dispatch.c.status != DUE)
    return set(tx.connection.scalars(query)) if ids else set()


def due(tx: Transaction, channel: str, now: datetime, limit: int) -> tuple[str, ...]:
    """Return the ids of due dispatches of a channel, longest due first."""
    query = select(dispatch.c.id).where(
        dispatch.c.status == DUE, dispatch.c.channel == channel, dispatch.c.due_at <= now
    )
    return tuple(tx.connection.scalars(query.order_by(dispatch.c.due_at, dispatch.c.id).limit(limit)))


def take(tx: Transaction, id_: str, now: datetime, until: datetime) -> Dispatch | None:
    """Lease a due dispatch to the caller *until* that instant; None if it is leased or no longer due."""
    still = (dispatch.c.id == id_, dispatch.c.status == DUE, dispatch.c.due_at <= now)
    leased = update(dispatch).where(*still).values(due_at=until, attempts=dispatch.c.attempts + 1)
    if changed(tx, leased) != 1:
        return None
    return DISPATCHES.one(tx, DISPATCHES.query.where(dispatch.c.id == id_))


def went_out(tx: Transaction, instance_id: str, at: datetime, *, locked: bool) -> bool:
    """Whether a dispatch about an instance's history lines of that instant was sent, or its sending has begun.

    With *locked*, other such dispatches wait until the transaction ends.
    """
    tells = notice.join(notification, notification.c.id == notice.c.notification_id)
    its = (notification.c.instance_id == instance_id, notification.c.at == at, notice.c.dispatch_id == dispatch.c.id)
    query = select(dispatch.c.status, dispatch.c.attempts).where(exists().select_from(tells).where(*its))
    rows = tx.connection.execute(query.with_for_update() if locked else query).all()
    return any(row.status == SENT or (row.status == DUE and row.attempts) for row in rows)


def change(tx: Transaction, id_: str, **values: Any) -> None:
    """Change the row of a due dispatch."""
    tx.connection.execute(update(dispatch).where(dispatch.c.id == id_, dispatch.c.status == DUE).values(values))


def drop_due(tx: Transaction, channel: str, cause: str) -> None:
    """Mark due dispatches of a channel as dropped."""
    those = (dispatch.c.status == DUE, dispatch.c.channel == channel)
    tx.connection.execute(update(dispatch).where(*those).values(status=DROPPED, cause=cause))


def again(tx: Transaction, channel: str, now: datetime) -> int:
    """Make failed dispatches of a channel due again; return their number."""
    those = (dispatch.c.status == FAILED, dispatch.c.channel == channel)
    return changed(tx, update(dispatch).where(*those).values(status=DUE, due_at=now, made_at=now, attempts=0))


def failed(tx: Transaction, channel: str) -> tuple[Dispatch, ...]:
    """Return failed dispatches of a channel, newest first."""
    query = DISPATCHES.query.where(dispatch.c.status == FAILED, dispatch.c.channel == channel)
    return DISPATCHES.every(tx, query.order_by(dispatch.c.due_at.desc()).limit(LISTED))


def counts(tx: Transaction, channel: str, since: datetime) -> dict[str, int]:
    """Return the numbers of dispatches of a channel by status; of sent ones, those made since that instant."""
    lately = (dispatch.c.status != SENT) | (dispatch.c.made_at >= since)
    query = select(dispatch.c.status, func.count()).where(dispatch.c.channel == channel, lately)
    return dict(tx.connection.execute(query.group_by(dispatch.c.status)).all())


def items(tx: Transaction, id_: str) -> tuple[tuple[Notice, str | None], ...]:
    """Return the notices of a dispatch, oldest first, each with the role that was notified, if any."""
    query = TOLD.add_columns(notification.c.role).where(notice.c.dispatch_id == id_)
    found = tx.connection.execute(query.order_by(notice.c.at, notification.c.id))
    return tuple((ROWS.read(row), row.role) for row in found)


# ── pauses and secrets ──────────────────────────────────────────────────────────────────────────────────────────────


def pause(tx: Transaction, channel: str) -> tuple[datetime, dict[str, Any]] | None:
    """Return the end of a channel's pause after failures, with its details; None if there is none."""
    query = select(heartbeat.c.at, heartbeat.c.detail).where(heartbeat.c.name == channel)
    return one(tx, query, lambda row: (row.at, row.detail))


def resume(tx: Transaction, channel: str) -> None:
    """End the pause of a channel."""
    tx.connection.execute(delete(heartbeat).where(heartbeat.c.name == channel))


def secret_of(tx: Transaction, name: str) -> bytes | None:
    """Return an encrypted secret."""
    return tx.connection.scalar(select(secret.c.sealed).where(secret.c.name == name))


def keep_secret(tx: Transaction, name: str, sealed: bytes | None) -> None:
    """Replace an encrypted secret; None deletes it."""
    tx.connection.execute(delete(secret).where(secret.c.name == name))
    if sealed is not None:
        tx.connection.execute(insert(secret), {"name": name, "sealed": sealed})


def waits(channel: str, now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the condition that a channel is not paused and has a due dispatch."""
    left_alone = exists().where(heartbeat.c.name == channel, heartbeat.c.at > now)
    return (
        exists().where(dispatch.c.status == DUE, dispatch.c.channel == channel, dispatch.c.due_at <= now) & ~left_alone
    )
