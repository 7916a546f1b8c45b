"""The worker: fires due timers, delivers messages and keeps house.

The database rows are the truth. Every second a sweep asks one indexed query for instances with a due timer and one for
messages that somebody waits for. Firing and receiving are moves under the revision check, so any number of workers on
any number of machines may sweep at once, and one that dies loses nothing. A queue (Huey) was weighed: in front of rows
that a sweep finds anyway it would only save the second; papers and berkas that are due are rows as well.

Which row it works on, the worker says before it touches it (``engine.pulse``). One on which two workers ended is set
aside: an instance goes no further than an incident, a paper or a berkas is said to have failed. Where even that ends a
worker, because the instance cannot be loaded, the row is passed by, and the operator's page names it.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import FrameType

import structlog

from engine import pulse
from engine.model.errors import AlurError
from engine.service.history.integrity import Checks
from engine.service.office.monitoring import WORKER, Monitoring
from engine.service.papers.archives import Archives
from engine.service.papers.documents import Documents
from engine.service.papers.printing import Printing
from engine.service.work.messages import Messages
from engine.service.work.timers import Timers
from engine.store.backup import is_restored

log = structlog.get_logger(__name__)
SWEEP_SECONDS = 1.0
BEAT_EVERY = timedelta(seconds=20)
TIDY_EVERY = timedelta(hours=1)


@dataclass
class Worker:
    """One worker process; ``run`` returns when it is told to stop."""

    timers: Timers
    messages: Messages
    documents: Documents
    printing: Printing
    archives: Archives
    operations: Monitoring
    checks: Checks
    data_dir: Path
    stopping: threading.Event = field(default_factory=threading.Event)
    name: str = field(default_factory=lambda: f"{WORKER}:{socket.gethostname()}:{os.getpid()}")
    _beaten: datetime | None = None
    _tidied: datetime | None = None
    fired: int = 0

    def run(self) -> None:
        """Sweep until told to stop by SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        log.info("worker started", name=self.name)
        while not self.stopping.wait(SWEEP_SECONDS):
            pulse.beat()
            try:
                self.sweep(datetime.now(UTC))
            except AlurError as error:  # a database that is busy or gone comes back; the rows wait
                log.warning("sweep failed", cause=str(error))
        log.info("worker finished", name=self.name, fired=self.fired)

    def sweep(self, now: datetime) -> int:
        """Fire what is due at *now*, deliver what is waited for, and keep house; how many instances moved."""
        moved = 0
        if not is_restored(self.data_dir):
            for instance_id in self.timers.due(now):
                moved += self._moved(instance_id, partial(self.timers.fire, instance_id, now))
            for message_id, instance_id in self.messages.deliverable():
                moved += self._moved(instance_id, partial(self.messages.deliver, message_id, instance_id, now))
            self._quietly("documents not printed", self.printing.sweep, now)
            self._quietly("berkas not built", self.archives.sweep, now)
            pulse.at("")
        self._quietly("history not checked", partial(self.checks.sweep, self.name), now)
        self.fired += moved
        if self._beaten is None or now - self._beaten >= BEAT_EVERY:
            self.operations.beat(self.name, now, {"fired": self.fired, "passed_by": pulse.passed_by()})
            self._beaten = now
        if self._tidied is None or now - self._tidied >= TIDY_EVERY:
            for instance_id in () if is_restored(self.data_dir) else self.timers.unmoved():
                self._moved(instance_id, partial(self.timers.tell, instance_id, now))
            pulse.at("")
            self.documents.forget_staged(now)
            self.operations.tidy(now)
            self.messages.tidy(now)
            self._tidied = now
        return moved

    def _quietly(self, failing: str, sweep: Callable[[datetime], int], now: datetime) -> None:
        try:
            sweep(now)
        except Exception as error:  # a paper must not keep instances from moving
            log.error(failing, cause=str(error), exc_info=error)

    def _moved(self, instance_id: str, move: Callable[[], bool]) -> bool:
        try:
            return pulse.at(instance_id) and move()
        except Exception as error:  # one instance must not keep the others from moving
            log.error("instance not moved", instance=instance_id, cause=str(error), exc_info=error)
            return False

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping.set()
