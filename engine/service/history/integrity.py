"""Whether the record is whole, looked at every night and whenever somebody asks, a slice at a time by the worker.

How far a check has come and what the last one found stand in the worker's own heartbeat row ``keutuhan``: it is no
part of the record. That a check ended, and with how many faults, is a line of history. Whoever trusts the machine no
more asks ``alur verify`` over a copy.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from engine.model.history import Action, HistoryEvent, plain
from engine.model.people import SYSTEM, Actor, OfficeRole
from engine.service.office.business_calendar import Office
from engine.store import proof
from engine.store.database import Database
from engine.store.history import HistoryReport, Walk
from engine.store.queries import histories, office

log = structlog.get_logger(__name__)
NAME = "keutuhan"
AT_ONCE = 4_000
"""Lines of a slice: under half a second, once a second."""
NIGHT = range(1, 5)
"""The hours of the office's day in which a check begins by itself."""
MOST_TOLD = 10
FIRST_FAULTS = 3
LOST = timedelta(minutes=2)
"""After which another worker takes up a check whose own says nothing."""


@dataclass(frozen=True, slots=True)
class IntegrityCheck:
    """The last check that ended, and how far the one is that runs or waits."""

    report: HistoryReport | None
    ended_at: datetime | None
    seconds: float
    asked: bool
    passed: int  # lines
    total: int
    earlier: tuple[tuple[datetime, Mapping[str, Any]], ...]  # when the last ones ended and what each found


@dataclass
class Checks:
    """Looks at every chain, and then at the rows that its lines tell of."""

    database: Database
    office: Office
    _begun: bool = False  # since this process started

    def last(self, actor: Actor) -> IntegrityCheck:
        """Return what is known, for auditors and operators."""
        actor.need(OfficeRole.AUDITOR, OfficeRole.OPERATOR)
        kept = self._kept()
        done = kept.get("done")
        told = self.database.ask(histories.newest, "office", MOST_TOLD, only=(Action.INTEGRITY_CHECKED,))
        walk = Walk.read(kept["walk"]) if kept.get("walk") else None
        return IntegrityCheck(
            report=Walk.read(done["walk"]).report if done else None,
            ended_at=datetime.fromisoformat(done["at"]) if done else None,
            seconds=done["seconds"] if done else 0,
            asked=bool(kept.get("asked")) or walk is not None,
            passed=walk.lines if walk else 0,
            total=kept.get("total", 0),
            earlier=tuple((line.at, json.loads(line.change)) for line in told),
        )

    def ask(self, actor: Actor, now: datetime) -> None:
        """Have a check begun, unless one runs."""
        actor.need(OfficeRole.AUDITOR, OfficeRole.OPERATOR)
        self._keep(self._kept() | {"asked": now.isoformat()}, now)

    def sweep(self, worker: str, now: datetime) -> int:
        """Begin a check that is due, or take one a slice further; 0 if there is nothing to do."""
        kept = self._kept()
        if kept.get("walk") is None:
            if not self._due(kept, now):
                return 0
            self._begun = True
            total = self.database.ask(histories.count)
            kept |= {"walk": Walk().written(), "total": total, "begun": now.isoformat(), "asked": None, "by": worker}
        elif kept["by"] != worker and now - datetime.fromisoformat(kept["at"]) < LOST:
            return 0
        walk = Walk.read(kept["walk"])
        with self.database.read() as reader:
            over = False
            if walk.chained:
                over = proof.advance(reader, walk)
            else:
                walk.advance(reader, AT_ONCE)
        kept |= {"walk": walk.written(), "by": worker, "at": now.isoformat()}
        if over:
            seconds = (now - datetime.fromisoformat(kept["begun"])).total_seconds()
            kept |= {"walk": None, "done": {"walk": walk.written(), "at": now.isoformat(), "seconds": seconds}}
            if not walk.report.sound:
                log.error("the record is not whole", faults=walk.fault_count)
        self._keep(kept, now, walk.report if over else None)
        return 1

    def _due(self, kept: Mapping[str, Any], now: datetime) -> bool:
        """Whether somebody asked, this process has just started, or it is night and none ended since the last one."""
        if kept.get("asked"):
            return True
        done = datetime.fromisoformat(kept["done"]["at"]) if kept.get("done") else None
        if done is None or (not self._begun and now - done > timedelta(hours=1)):
            return True
        zone = self.office.zone()
        local, ended = now.astimezone(zone), done.astimezone(zone)
        return local.hour in NIGHT and (ended.date() < local.date() or ended.hour < NIGHT.start)

    def _kept(self) -> dict[str, Any]:
        _, detail = self.database.ask(office.beats).get(NAME, (None, {}))
        return dict(detail)

    def _keep(self, kept: Mapping[str, Any], now: datetime, ended: HistoryReport | None = None) -> None:
        with self.database.write(SYSTEM, now) as work:
            office.beat(work, NAME, now, kept)
            if ended is not None:
                found = {"lines": ended.lines, "streams": ended.streams, "faults": ended.fault_count}
                first = [plain(asdict(fault)) for fault in ended.faults[:FIRST_FAULTS]]
                work.record("office", HistoryEvent(Action.INTEGRITY_CHECKED, change=found | {"first": first}))
