"""The state of the installation, for the operator; and housekeeping."""

import shutil
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from engine import __version__, pulse
from engine.model.errors import StoreAway
from engine.model.history import Action, HistoryEvent
from engine.model.people import SYSTEM, Actor, OfficeRole
from engine.store.database import Database
from engine.store.files import FileStore
from engine.store.queries import drafts, office, people

WORKER = "worker"
LATE = timedelta(seconds=90)
SILENT = 10.0  # seconds without a pulse after which a worker of this machine counts as dead
KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Health:
    """The contents of the operator's page."""

    version: str
    database: str
    figures: Mapping[str, int]
    worker_at: datetime | None
    worker_late: bool
    passed_by: tuple[str, ...]
    beats: Mapping[str, tuple[datetime, Mapping[str, Any]]]
    disk_free: int
    disk_total: int
    jobs_off: bool
    sample_people: bool
    damaged: tuple[tuple[str, str, datetime], ...]  # name, SHA-256 and when somebody asked for it
    now: datetime


@dataclass(frozen=True)
class Monitoring:
    """Health and housekeeping."""

    database: Database
    files: FileStore
    data_dir: Path

    def health(self, actor: Actor, now: datetime) -> Health:
        """Return the state of the installation; for operators."""
        actor.need(OfficeRole.OPERATOR)
        with self.database.read() as reader:
            figures = office.figures(reader, now, now - timedelta(minutes=15))
            beats = office.beats(reader)
            samples = people.sample_people(reader)
        workers = {name: beat for name, beat in beats.items() if name.startswith(WORKER)}
        heard = {str(pid): time.time() - at for pid, (at, _) in pulse.read().items()}
        alive = [beat for name, beat in workers.items() if _lives(name, beat[0], heard, now)]
        usage = shutil.disk_usage(self.data_dir)
        return Health(
            version=__version__,
            database=self.database.dialect,
            figures=figures,
            worker_at=max((at for at, _ in workers.values()), default=None),
            worker_late=not alive,
            passed_by=tuple(row for _, detail in alive for row in detail.get("passed_by", ())),
            beats=beats,
            disk_free=usage.free,
            disk_total=usage.total,
            jobs_off=office.RESTORED in beats,
            sample_people=samples,
            damaged=self._still_damaged(beats),
            now=now,
        )

    def damaged(self, sha256: str, name: str, now: datetime) -> None:
        """Note that a stored file is missing or changed, as a reader of it found."""
        with self.database.write(SYSTEM, now) as work:
            office.note_damaged(work, sha256, name, now)

    def _still_damaged(
        self, beats: Mapping[str, tuple[datetime, Mapping[str, Any]]]
    ) -> tuple[tuple[str, str, datetime], ...]:
        _, noted = beats.get(office.DAMAGED, (None, {}))
        return tuple(
            (each["name"], sha256, datetime.fromisoformat(each["at"]))
            for sha256, each in noted.items()
            if not self._sound(sha256)
        )

    def _sound(self, sha256: str) -> bool:
        try:
            return self.files.verify(sha256)
        except StoreAway:  # show the rest of the page
            return False

    def jobs_off(self) -> bool:
        """Whether this is an unconfirmed restored copy, whose jobs must not run, as the original may run them too."""
        return self.database.ask(office.is_restored)

    def confirm_restore(self, now: datetime) -> bool:
        """Let jobs run on a restored copy, and record it; return False if there is nothing to confirm."""
        with self.database.write(SYSTEM, now) as work:
            if not office.confirm_restored(work):
                return False
            work.record("office", HistoryEvent(Action.OFFICE_RESTORED, change={"confirmed": True}))
        return True

    def ready(self) -> None:
        """Query the database, for a load balancer's probe; Busy or SetupError if it does not answer."""
        self.database.ask(people.any_people)

    def beat(self, name: str, now: datetime, detail: Mapping[str, Any]) -> None:
        """Note that a background process is alive."""
        with self.database.write(SYSTEM, now) as work:
            office.beat(work, name, now, detail)

    def tidy(self, now: datetime) -> None:
        """Delete old sessions, failed sign-ins, and drafts that were put aside long ago."""
        with self.database.write(SYSTEM, now) as work:
            drafts.forget_dropped(work, now - KEPT)
            people.forget_sessions(work, now - KEPT)


def _lives(name: str, at: datetime, heard: Mapping[str, float], now: datetime) -> bool:
    """Whether a worker is alive: on this machine by its pulse, on others by its last beat."""
    _, host, process = name.split(":")
    return heard.get(process, SILENT) < SILENT if heard and host == socket.gethostname() else now - at <= LATE
