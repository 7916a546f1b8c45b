"""Checks the whole history every night and on request; the worker does it in slices.

The progress of a check and the last result are in the heartbeat row ``keutuhan``, outside of history. The end of a
check, with its number of faults, is a history line. If the machine itself is not trusted, run ``alur verify`` on a
copy.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from engine.model.errors import Busy
from engine.model.history import Action, HistoryEvent, plain
from engine.model.people import SYSTEM, Actor, OfficeRole
from engine.service.office.business_calendar import Office
from engine.store import proof
from engine.store.chains import HistoryReport, Walk
from engine.store.database import Database
from engine.store.queries import histories, office

log = structlog.get_logger(__name__)
NAME = "keutuhan"
AT_ONCE = 4_000  # lines of a slice, which takes half a second; there is one slice a second
NIGHT = range(1, 5)  # hours in which the nightly check begins
MOST_TOLD = 10
FIRST_FAULTS = 3
LOST = timedelta(minutes=2)  # without progress, after which another worker continues the check


@dataclass(frozen=True, slots=True)
class IntegrityCheck:
    """The last complete check, and the progress of one that runs or is requested."""

    report: HistoryReport | None
    ended_at: datetime | None
    seconds: float
    asked: bool
    passed: int  # lines
    total: int
    earlier: tuple[tuple[datetime, Mapping[str, Any]], ...]  # end and result of the last checks


@dataclass
class Checks:
    """Checks all chains, and the rows that their lines describe."""

    database: Database
    office: Office
    _begun: bool = False  # since this process started

    def last(self, actor: Actor) -> IntegrityCheck:
        """Return the last result and the progress, for auditors and operators."""
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
        """Request a check."""
        actor.need(OfficeRole.AUDITOR, OfficeRole.OPERATOR)
        self._keep(self._kept() | {"asked": now.isoformat()}, now)

    def sweep(self, worker: str, now: datetime) -> int:
        """Begin a check that is due, or continue one by a slice; return 0 if there is nothing to do."""
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
        try:
            with self.database.read() as reader:
                over = proof.advance(reader, walk, AT_ONCE)
        except Busy:  # retried; any other error would come again and is a fault
            raise
        except Exception as error:
            log.error("history not checked", cause=str(error), exc_info=error)
            walk.note(proof.unfinished(error))
            over = True
        try:
            self._store(kept, walk, worker, now, over)
        except Busy:
            raise
        except Exception as error:  # the progress cannot be stored
            log.error("history not checked", cause=str(error), exc_info=error)
            (lost := Walk()).note(proof.unfinished(error))
            self._store(kept, lost, worker, now, over=True)
        return 1

    def _store(self, kept: dict[str, Any], walk: Walk, worker: str, now: datetime, over: bool) -> None:
        kept |= {"walk": walk.written(), "by": worker, "at": now.isoformat()}
        if over:
            seconds = (now - datetime.fromisoformat(kept["begun"])).total_seconds()
            kept |= {"walk": None, "done": {"walk": walk.written(), "at": now.isoformat(), "seconds": seconds}}
            if not walk.report.sound:
                log.error("the record is not whole", faults=walk.fault_count)
        self._keep(kept, now, walk.report if over else None)

    def _due(self, kept: Mapping[str, Any], now: datetime) -> bool:
        """Whether a check was requested, this process has just started, or tonight's check is due.

        A restart does not repeat a check that found no fault within the last hour, in case a worker restarts often.
        """
        if kept.get("asked"):
            return True
        done = datetime.fromisoformat(kept["done"]["at"]) if kept.get("done") else None
        if done is None:
            return True
        if not self._begun and (now - done > timedelta(hours=1) or not Walk.read(kept["done"]["walk"]).report.sound):
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
