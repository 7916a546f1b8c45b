"""One writer at a time on SQLite, in about the order they came.

SQLite's own busy handler sleeps and tries again, so that under load a few writers wait a third of a second while
others pass them. A thread lock, then a lock on a file that every process opens, wake the next one at once.
It only orders the writers: ``BEGIN IMMEDIATE`` behind it is what keeps them apart.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.model.errors import Busy, SetupError


class FairQueue:
    """A place in the line of all writers of one database, of every thread and process of this machine."""

    def __init__(self, path: Path, timeout: float) -> None:
        """Wait in *path* (a lock file, made when first needed), inside this process at most *timeout* seconds."""
        self._path = path
        self._timeout = timeout
        self._lock = threading.Lock()
        self._holder: int | None = None
        self._file: int | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn and keep it while the block runs."""
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
        """Open a file of its own for the child of a fork: the parent's is shared, and with it the lock itself."""
        self._lock = threading.Lock()  # another thread of the parent may have held it at the fork
        self._holder = None
        self.close()

    def _descriptor(self) -> int:
        if self._file is None:
            try:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise SetupError("lock_not_made", path=self._path, reason=error.strerror) from error
        return self._file
