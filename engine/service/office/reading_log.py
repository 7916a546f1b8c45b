"""Records who read what, in the reader's own stream, after the answer was sent.

Refused commands of signed-in people, and throttled sign-ins, are recorded too. Repetitions within an hour are not, so
that reloads, thumbnails and the parts of a download count as one reading; for this the stream itself is searched, so
that all processes agree. A line that cannot be written (SQLite has one writer) is retried, then logged. If the process
ends first, the line is logged too, even during the answer, as the reader may have most of the file by then. An export
is recorded before its first byte is sent.
"""

import hashlib
import io
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, BinaryIO

import structlog

from engine.model.errors import Busy, TooMany
from engine.model.history import Action, HistoryEvent, canonical
from engine.model.people import Actor
from engine.store.database import Database
from engine.store.queries import Transaction, histories, people

log = structlog.get_logger(__name__)
AGAIN_AFTER = timedelta(hours=1)
MOST_REFUSED = 100  # lines of one person in AGAIN_AFTER, since refused addresses can be made up without end
MOST_EXPORTS = 120  # of one person in AGAIN_AFTER, since each may take seconds
MOST_WAITING = 200  # lines; writing them takes a second
TRIES, PAUSE = 3, 0.5  # the pause in seconds, in addition to the wait for the database


@dataclass
class Readings:
    """Records what people read and what they were refused."""

    database: Database
    writer: Executor | None = None  # writes in the background; without one, callers write
    unwritten: dict[object, tuple[str, HistoryEvent]] = field(default_factory=dict)

    def put_off(self, person_id: str, deed: HistoryEvent) -> Callable[[datetime], None]:
        """Return a function that records *deed*; if the process ends before its call, the deed is logged."""
        key = object()
        self.unwritten[key] = person_id, deed

        def note(now: datetime) -> None:
            if self.writer is not None and len(self.unwritten) <= MOST_WAITING:  # else the caller writes
                with suppress(RuntimeError):  # the process ends
                    self.writer.submit(self._write, key, person_id, deed, now)
                    return
            self._write(key, person_id, deed, now)

        return note

    def admit_export(self, actor: Actor, now: datetime) -> None:
        """Raise TooMany, before an export is made, if the actor made too many."""
        self.database.ask(admit_export, actor, now)

    def give_up(self) -> None:
        """Log the deeds that are not recorded yet, before the process is killed."""
        for person_id, deed in tuple(self.unwritten.values()):
            _log_lost(person_id, deed, "stopped")

    def _write(self, key: object, person_id: str, deed: HistoryEvent, now: datetime) -> None:
        for left in reversed(range(TRIES)):
            try:
                self._note(person_id, deed, now)
            except Exception as error:  # there is no caller to report it to
                if left and isinstance(error, Busy):
                    time.sleep(PAUSE)
                    continue
                _log_lost(person_id, deed, str(error) or type(error).__name__)
            break
        self.unwritten.pop(key, None)

    def _note(self, person_id: str, deed: HistoryEvent, now: datetime) -> None:
        with self.database.read() as reader:
            if people.credentials(reader, person_id) is None or _recorded_already(reader, person_id, deed, now):
                return
        with self.database.write(Actor(person_id, person_id, ()), now) as work:
            people.one_at_a_time(work, person_id)
            if not _recorded_already(work, person_id, deed, now):
                work.record(f"person:{person_id}", deed)


def _log_lost(person_id: str, deed: HistoryEvent, cause: str) -> None:
    log.warning("not recorded", person=person_id, action=deed.action.value, change=deed.change, cause=cause)


def record_export(database: Database, actor: Actor, file: BinaryIO, change: Mapping[str, Any], now: datetime) -> None:
    """Record an export of *file* with its size and SHA-256, and rewind the file."""
    file.seek(0)
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    sent = {"sha256": sha256, "size": file.seek(0, io.SEEK_END)}
    file.seek(0)
    with database.write(actor, now) as work:
        people.one_at_a_time(work, actor.person_id)
        admit_export(work, actor, now)
        work.record("office", HistoryEvent(Action.EXPORT_MADE, change={**change, **sent}))


def admit_export(tx: Transaction, actor: Actor, now: datetime) -> None:
    """Raise TooMany, with the time of the next one allowed, if the actor made too many exports within an hour."""
    made = histories.counted(tx, actor.person_id, Action.EXPORT_MADE.value, now - AGAIN_AFTER, MOST_EXPORTS)
    if len(made) >= MOST_EXPORTS:
        raise TooMany(made[-1].at + AGAIN_AFTER)


def _recorded_already(tx: Transaction, person_id: str, deed: HistoryEvent, now: datetime) -> bool:
    change, since = canonical(deed.change or {}), now - AGAIN_AFTER
    if deed.action is not Action.ATTEMPT_REFUSED:
        return histories.noted(tx, f"person:{person_id}", deed.action.value, change, since)
    refused = histories.counted(tx, person_id, deed.action.value, since, MOST_REFUSED)
    return len(refused) >= MOST_REFUSED or change in {line.change for line in refused}
