"""A queue of writers on SQLite, about first come, first served.

SQLite's busy handler sleeps and retries, so that under load some writers wait a third of a second while others pass
them. A thread lock, and a lock on a file for all processes, wake the next writer at once. The queue is for fairness;
``BEGIN IMMEDIATE`` isolates the writers.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.model.errors import Busy, SetupError


class FairQueue:
    """The queue of writers of one database, from all threads and processes of this machine."""

    def __init__(self, path: Path, timeout: float) -> None:
        """Use the lock file *path*, made when needed; wait for threads of this process at most *timeout* seconds."""
        self._path = path
        self._timeout = timeout
        self._lock = threading.Lock()
        self._holder: int | None = None
        self._file: int | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and keep it during the block; Busy after the timeout."""
        if self._holder == threading.get_ident():
            raise RuntimeError("a unit of work inside another one would wait for itself")
        if not self._lock.acquire(timeout=self._timeout):
            raise Busy("queue")
        try:
            self._holder = threading.get_ident()
            file = self._descriptor()
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)
        finally:
            self._holder = None
            self._lock.release()

    def close(self) -> None:
        """Close the lock file."""
        if self._file is not None:
            os.close(self._file)
        self._file = None

    def start_anew(self) -> None:
        """Use a lock file of its own in the child of a fork, since an inherited descriptor shares the parent's lock."""
        self._lock = threading.Lock()  # a thread of the parent may have held it at the fork
        self._holder = None
        self.close()

    def _descriptor(self) -> int:
        if self._file is None:
            try:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise SetupError("lock_not_made", path=self._path, reason=error.strerror) from error
        return self._file
