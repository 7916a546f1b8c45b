"""The worker: fires timers, delivers messages, prints papers, builds berkas, sends notices and cleans up.

Due rows are in the database. Every second a sweep queries each kind of row. On SQLite the sweep does the work. On
PostgreSQL it adds jobs (``engine.jobs.queue``): for timers and berkas always, for papers and messages only as a safety
net, since their job is written with the row. The work reads the row again and writes under a condition on it, so any
number of workers may run, and one that dies loses nothing.

A worker notes the row before it works on it (``engine.pulse``). A row on which two workers died is set aside: the
instance gets an incident, the paper or berkas is marked as failed. If even this kills a worker, because the instance
cannot be loaded, the row is skipped, and the operator's page names it.
"""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple

import structlog

from engine import pulse
from engine.model.errors import AlurError
from engine.service.office.monitoring import WORKER
from engine.service.services import Services
from engine.store.database import POSTGRESQL
from engine.store.queries import jobs

log = structlog.get_logger(__name__)
SWEEP_SECONDS = 1.0
BEAT_EVERY = timedelta(seconds=20)
TIDY_EVERY = timedelta(hours=1)


class Chore(NamedTuple):
    """Work for one kind of row: which rows are due, and how to do one; *do* returns whether there was work."""

    kind: str
    due: Callable[[datetime], Sequence[str]]
    do: Callable[[str, datetime], bool]


@dataclass
class Worker:
    """One worker process. If it does *only* some kinds of rows, it does no housekeeping."""

    services: Services
    only: Sequence[str] = ()
    done: int = 0
    _beaten: datetime | None = None
    _tidied: datetime | None = None

    def __post_init__(self) -> None:
        self.database = self.services.operations.database
        self.name = f"{'+'.join(self.only) or WORKER}:{socket.gethostname()}:{os.getpid()}"
        every = (
            Chore(jobs.TIMER, self.services.timers.due, self.services.timers.fire),
            Chore(jobs.MESSAGE, self.services.messages.due, self.services.messages.receive),
            Chore(jobs.PAPER, self.services.printing.due, self.services.printing.print),
            Chore(jobs.BERKAS, self.services.archives.due, self.services.archives.make),
            Chore(jobs.TELLING, self.services.telling.due, self.services.telling.do),
        )
        self.take: Callable[[Chore, Sequence[str], datetime], int] = self.do_each
        self.chores = [chore for chore in every if chore.kind in (self.only or jobs.PRIORITIES)]

    def run(self) -> None:
        """Work until SIGTERM or SIGINT."""
        log.info("worker started", name=self.name)
        if self.database.dialect == POSTGRESQL:
            from engine.jobs.queue import Queue  # noqa: PLC0415 - takes 0.3 s, and SQLite does not need it

            asyncio.run(Queue(self).run())
        else:
            stopping = threading.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stopping.set())
            while not stopping.wait(SWEEP_SECONDS):
                self.turn()
        log.info("worker finished", name=self.name, done=self.done)

    def turn(self) -> None:
        """Send a heartbeat, and sweep."""
        pulse.beat()
        try:
            self.sweep(datetime.now(UTC))
        except AlurError as error:  # the database is busy or away; the rows wait
            log.warning("sweep failed", cause=str(error))

    def sweep(self, now: datetime) -> int:
        """Do or queue the rows due at *now*, and clean up; return how many were done."""
        restored, done = self.services.operations.jobs_off(), 0
        if not self.only:  # before papers, which may take long
            self._quietly("search not kept", self.services.finding.sweep, now)
        for chore in () if restored else self.chores:
            done += self.take(chore, chore.due(now), now)
        pulse.at("")
        if not self.only:
            self._quietly("history not checked", partial(self.services.checks.sweep, self.name), now)
        if self._beaten is None or now - self._beaten >= BEAT_EVERY:
            self.services.operations.beat(self.name, now, {"done": self.done, "passed_by": pulse.passed_by()})
            self._beaten = now
        if not self.only and (self._tidied is None or now - self._tidied >= TIDY_EVERY):
            if not restored:
                timers = self.services.timers
                self.do_each(Chore(jobs.TIMER, timers.due, timers.tell), timers.unmoved(), now)
            pulse.at("")
            self._quietly("tasks not given back", self.services.assignments.give_back, now)
            self._quietly("files not swept", self.services.documents.forget_staged, now)
            self.services.operations.tidy(now)
            self.services.messages.tidy(now)
            self.services.telling.spreading.tidy(now)
            self._tidied = now
        return done

    def _quietly(self, failing: str, sweep: Callable[[datetime], int], now: datetime) -> None:
        try:
            sweep(now)
        except Exception as error:  # must not stop the instances
            log.error(failing, cause=str(error), exc_info=error)

    def do_each(self, chore: Chore, rows: Sequence[str], now: datetime) -> int:
        """Do a chore for each of *rows*, even if some fail; return how many needed work."""
        done = 0
        for row in rows:
            with suppress(Exception):  # logged already
                done += self.do(chore, row, now)
        return done

    def do(self, chore: Chore, row: str, now: datetime, died: int = 0) -> bool:
        """Do a chore for a row on which *died* workers died before; return whether there was work.

        Errors are logged and raised; TimeoutError if the row is skipped.
        """
        if not pulse.at(row, died):
            raise TimeoutError(row)
        try:
            done = chore.do(row, now)
        except Exception as error:
            log.error("row not done", kind=chore.kind, row=row, cause=str(error), exc_info=error)
            raise
        self.done += done
        return done
