"""The pulse of a process: when it last said that it lives and what it works on, where its supervisor reads both.

A process that is frozen, or computes for ever, cannot be asked. So each child of a supervisor writes into a memory that
they share, without a call into the kernel: a full disk does not stop a pulse, and what a child was at stays to be read
when it was killed. The supervisor (``serving``) judges; the page of operations tells.
"""

import fcntl
import mmap
import os
import struct
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

PLACE, HUNG = "ALUR_PULSE", "ALUR_HUNG"
SLOT = struct.Struct("=Qd48s")  # process, when it last said that it lives, what it works on
SLOTS = 256
SET_ASIDE, PASSED_BY = 2, 3
"""How often a process hung on a row before it is set aside, and before it is not even touched."""

_memory: mmap.mmap | None = None
_at: int | None = None


def provide() -> Path:
    """Make the memory for this process and the children that it starts from now on; where it is."""
    descriptor, name = tempfile.mkstemp(prefix="alur-")
    os.write(descriptor, bytes(SLOT.size * SLOTS))
    os.close(descriptor)
    os.environ[PLACE] = name
    _open()
    return Path(name)


def join() -> None:
    """Take a place in the supervisor's memory, if there is a supervisor, and say that this process lives."""
    global _at  # noqa: PLW0603 - one for the process, like its identity
    if PLACE in os.environ and (memory := _open()):
        with Path(os.environ[PLACE]).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            _at = next((n for n in range(SLOTS) if SLOT.unpack_from(memory, n * SLOT.size)[0] == 0), 0) * SLOT.size
            SLOT.pack_into(memory, _at, os.getpid(), time.monotonic(), b"")


def beat() -> None:
    """Say that this process lives."""
    if _at is not None and _memory is not None:
        struct.pack_into("=d", _memory, _at + 8, time.monotonic())


def rows(found: Iterable[str]) -> Iterator[str]:
    """Give row after row to work on, each noted before it is touched; those that this process must pass by are left."""
    for row in found:
        if hung(row) < PASSED_BY:
            _note(row)
            yield row
    _note("")


def hung(row: str) -> int:
    """Return how often the processes before this one hung on a row."""
    return dict(_hung()).get(row, 0)


def passed_by() -> list[str]:
    """Return the rows that this process does not touch."""
    return [row for row, times in _hung() if times >= PASSED_BY]


def read() -> dict[int, tuple[float, str]]:
    """Return when each process that has a place here last said that it lives, and what it works on."""
    if PLACE not in os.environ or (memory := _open()) is None:
        return {}
    places = (SLOT.unpack_from(memory, n * SLOT.size) for n in range(SLOTS))
    return {pid: (at, row.rstrip(b"\0").decode()) for pid, at, row in places if pid}


def leave(pid: int) -> None:
    """Free the place of a process that has ended."""
    for n in range(SLOTS if _memory is not None else 0):
        if _memory is not None and SLOT.unpack_from(_memory, n * SLOT.size)[0] == pid:
            SLOT.pack_into(_memory, n * SLOT.size, 0, 0.0, b"")


def _note(row: str) -> None:
    if _at is not None and _memory is not None:
        SLOT.pack_into(_memory, _at, os.getpid(), time.monotonic(), row.encode()[:48])


def _hung() -> list[tuple[str, int]]:
    pairs = (pair.partition(":") for pair in os.environ.get(HUNG, "").split())
    return [(row, int(times)) for row, _, times in pairs]


def _open() -> mmap.mmap | None:
    global _memory  # noqa: PLW0603 - likewise
    if _memory is None:
        with Path(os.environ[PLACE]).open("r+b") as file:
            _memory = mmap.mmap(file.fileno(), 0)
    return _memory
