"""Sends what is due on a channel: leases each item, sends it, retries after growing pauses, and finally sets it aside.

A lease is a due date in the future, so an item whose worker died becomes due again, with the same id. If the whole
channel does not answer, it pauses, and no item loses a try.
"""

import time as clock
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

from engine.channels.faults import Away, Refused
from engine.model.people import SYSTEM, Actor, OfficeRole
from engine.store.database import Database
from engine.store.queries import dispatches, office
from engine.store.queries.dispatches import Dispatch

Way = TypeVar("Way")
AT_ONCE, SECONDS = 50, 20.0
LATELY = timedelta(days=1)
LEASE = timedelta(minutes=10)
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 30)]
TRIED_FOR = timedelta(days=3)


class Nothing(Exception):
    """The item need not be sent any more; the message says why."""


@dataclass(frozen=True, slots=True)
class OutboxState:
    """The state of a channel: numbers of the last day by status, items set aside, and since when and why it pauses."""

    counts: Mapping[str, int]
    failed: tuple[Dispatch, ...]
    since: datetime | None
    next_at: datetime | None
    cause: str


@dataclass(frozen=True)
class Outbox:
    """The items, state and setting of one channel."""

    database: Database
    channel: ClassVar[str]
    section: ClassVar[str]
    unset: ClassVar[Mapping[str, Any]]

    def setting(self, actor: Actor) -> tuple[dict[str, Any], int]:
        """Return the setting, without secrets, and its revision; for operators and auditors."""
        actor.need(OfficeRole.OPERATOR, OfficeRole.AUDITOR)
        found, revision = self.database.ask(office.read_setting, self.section) or ({}, 0)
        return {**self.unset, **found}, revision

    def again(self, actor: Actor, now: datetime) -> int:
        """Make the items that were set aside due again; return how many."""
        actor.need(OfficeRole.OPERATOR)
        with self.database.write(actor, now) as work:
            return dispatches.again(work, self.channel, now)

    def state(self, actor: Actor, now: datetime) -> OutboxState:
        """Return the state of the channel; for operators and auditors."""
        actor.need(OfficeRole.OPERATOR, OfficeRole.AUDITOR)
        with self.database.read() as reader:
            counts = dispatches.counts(reader, self.channel, now - LATELY)
            failed = dispatches.failed(reader, self.channel)
            next_at, detail = dispatches.pause(reader, self.channel) or (None, {})
        since = datetime.fromisoformat(detail["since"]) if detail else None
        return OutboxState(counts, failed, since, next_at, detail.get("cause", ""))

    def empty(
        self, connected: Callable[[], AbstractContextManager[Way]], send: Callable[[Way, Dispatch], None], now: datetime
    ) -> bool:
        """Send what is due, for SECONDS at most; return whether anything was sent. *send* may raise Nothing too."""
        begun, went = clock.monotonic(), 0
        try:
            with connected() as way:
                for id_ in self.database.ask(dispatches.due, self.channel, now, AT_ONCE):
                    if clock.monotonic() - begun > SECONDS:
                        break
                    went += self._send(way, id_, send, now)
        except Away as away:
            self._pause(str(away), now)
            return False
        if self.database.ask(dispatches.pause, self.channel) is not None:
            with self.database.write(SYSTEM, now) as work:
                dispatches.resume(work, self.channel)
        return went > 0

    def _send(self, way: Way, id_: str, send: Callable[[Way, Dispatch], None], now: datetime) -> bool:
        with self.database.write(SYSTEM, now) as work:
            taken = dispatches.take(work, id_, now, now + LEASE)
        if taken is None:
            return False
        became: dict[str, Any]
        try:
            send(way, taken)
            became = {"status": dispatches.SENT, "sent_at": now, "cause": None}
        except Nothing as nothing:
            became = {"status": dispatches.DROPPED, "cause": str(nothing)}
        except Refused as refused:
            over = refused.for_good or now - taken.made_at > TRIED_FOR
            later = now + PAUSES[min(taken.attempts, len(PAUSES)) - 1]
            became = {"cause": str(refused), "due_at": now if over else later}
            became |= {"status": dispatches.FAILED} if over else {}
        except Away:
            with self.database.write(SYSTEM, now) as work:  # the item is not the cause
                dispatches.change(work, id_, due_at=now, attempts=taken.attempts - 1)
            raise
        with self.database.write(SYSTEM, now) as work:
            dispatches.change(work, id_, **became)
        return became.get("status") == dispatches.SENT

    def _pause(self, cause: str, now: datetime) -> None:
        with self.database.write(SYSTEM, now) as work:
            _, before = dispatches.pause(work, self.channel) or (now, {})
            tries = before.get("tries", 0) + 1
            detail = {"since": before.get("since", now.isoformat()), "tries": tries, "cause": cause}
            office.beat(work, self.channel, now + PAUSES[min(tries, len(PAUSES)) - 1], detail)
