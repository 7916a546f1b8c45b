"""Tells workers which parts of the notifying are due; one statement, run by every worker every second."""

from datetime import datetime

from sqlalchemy import bindparam, literal, select, union_all

from engine.store.queries import Transaction, dispatches, notices, reminders
from engine.store.tables import UtcDateTime

SPREAD, REMIND = "bagi", "ingat"
_now = bindparam("now", type_=UtcDateTime())
ASKED = {SPREAD: notices.NEW, REMIND: reminders.come(_now)}
ASKED |= {channel: dispatches.waits(channel, _now) for channel in (dispatches.MAIL, dispatches.WEBHOOK)}
PARTS = union_all(*(select(literal(part)).where(asked) for part, asked in ASKED.items()))


def due(tx: Transaction, now: datetime) -> tuple[str, ...]:
    """Return the parts with work to do."""
    return tuple(tx.connection.scalars(PARTS, {"now": now}))
