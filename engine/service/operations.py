"""How the machine is doing, for the operator; and the housekeeping that happens without a person."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from engine import __version__
from engine.model.errors import NotPermitted
from engine.model.people import SYSTEM, Actor, OfficeRole
from engine.store.database import Database
from engine.store.queries import drafts, office, people

WORKER = "worker"
LATE = timedelta(seconds=90)
KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Health:
    """What the operator's page shows."""

    version: str
    database: str
    figures: Mapping[str, int]
    worker_at: datetime | None
    worker_late: bool
    beats: Mapping[str, tuple[datetime, Mapping[str, Any]]]
    disk_free: int
    disk_total: int
    jobs_off: bool
    sample_people: bool
    now: datetime


@dataclass(frozen=True)
class Operations:
    """Health and housekeeping."""

    database: Database
    data_dir: Path

    def health(self, actor: Actor, now: datetime) -> Health:
        """Return how the machine is doing; for operators."""
        if not actor.has(OfficeRole.OPERATOR):
            raise NotPermitted("role", roles=(OfficeRole.OPERATOR,))
        with self.database.read() as reader:
            figures = office.figures(reader, now, now - timedelta(minutes=15))
            beats = office.beats(reader)
            samples = people.sample_people(reader)
        worker = max((at for name, (at, _) in beats.items() if name.startswith(WORKER)), default=None)
        usage = shutil.disk_usage(self.data_dir)
        return Health(
            version=__version__,
            database=self.database.dialect,
            figures=figures,
            worker_at=worker,
            worker_late=worker is None or now - worker > LATE,
            beats=beats,
            disk_free=usage.free,
            disk_total=usage.total,
            jobs_off=(self.data_dir / "restored").exists(),
            sample_people=samples,
            now=now,
        )

    def ready(self, now: datetime) -> bool:
        """Whether the database answers: for a load balancer's probe, open to everybody."""
        with self.database.read() as reader:
            people.any_people(reader)
        return True

    def beat(self, name: str, now: datetime, detail: Mapping[str, Any]) -> None:
        """Note that a part that runs without a person is alive."""
        with self.database.write(SYSTEM, now) as work:
            office.beat(work, name, now, detail)

    def tidy(self, now: datetime) -> None:
        """Delete sessions and failed tries that are long over, and drafts that nobody took up again."""
        with self.database.write(SYSTEM, now) as work:
            drafts.forget_dropped(work, now - KEPT)
            people.forget_sessions(work, now - KEPT)
