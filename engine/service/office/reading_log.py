"""Who read what: a line in the reader's own stream, written once the answer has gone out.

Here too stand what a person who is signed in was refused, and that tries at an account have to wait. The same again
within an hour is no line: reloads, thumbnails and the parts of one download are one reading. The stream itself is asked
for that, so that all processes agree. A line that cannot be written (SQLite has one writer) is tried again and then
named in the log: its reader has the file by then. An export is recorded before its first byte leaves.
"""

import hashlib
import io
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO

import structlog

from engine.model.errors import Busy
from engine.model.history import Action, HistoryEvent, canonical
from engine.model.people import Actor
from engine.store.database import Database
from engine.store.queries import Transaction, histories, people

log = structlog.get_logger(__name__)
AGAIN_AFTER = timedelta(hours=1)
MOST_REFUSED = 100  # lines of one person in that time: an address may name anything
TRIES, PAUSE = 3, 0.5  # seconds between them; each waits for the database as well


@dataclass(frozen=True)
class Readings:
    """Records what people read and what they were refused."""

    database: Database

    def note(self, person_id: str, deed: HistoryEvent, now: datetime) -> None:
        """Record *deed* in a person's stream, unless it stands there already or there is no such person."""
        for left in reversed(range(TRIES)):
            try:
                self._note(person_id, deed, now)
            except Exception as error:  # nobody waits for an answer any more
                if left and isinstance(error, Busy):
                    time.sleep(PAUSE)
                    continue
                told = {"person": person_id, "action": deed.action.value, "change": deed.change}
                log.warning("not recorded", **told, cause=str(error) or type(error).__name__)
            return

    def _note(self, person_id: str, deed: HistoryEvent, now: datetime) -> None:
        with self.database.read() as reader:
            if people.credentials(reader, person_id) is None or _said(reader, person_id, deed, now):
                return
        with self.database.write(Actor(person_id, person_id, ()), now) as work:
            people.one_at_a_time(work, person_id)
            if not _said(work, person_id, deed, now):
                work.record(f"person:{person_id}", deed)


def record_export(database: Database, actor: Actor, file: BinaryIO, change: Mapping[str, Any], now: datetime) -> None:
    """Record that *file* is handed out, with its size and the SHA-256 of exactly its bytes; it is rewound."""
    file.seek(0)
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    sent = {"sha256": sha256, "size": file.seek(0, io.SEEK_END)}
    file.seek(0)
    with database.write(actor, now) as work:
        work.record("office", HistoryEvent(Action.EXPORT_MADE, change={**change, **sent}))


def _said(tx: Transaction, person_id: str, deed: HistoryEvent, now: datetime) -> bool:
    lines = histories.said_by(tx, deed.actor or person_id, f"person:{person_id}", now - AGAIN_AFTER)
    refused = [action for action, _ in lines if action == deed.action == Action.ATTEMPT_REFUSED]
    return (deed.action.value, canonical(deed.change or {})) in lines or len(refused) >= MOST_REFUSED
