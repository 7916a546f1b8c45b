"""The pulse of a process: when it last reported that it lives, and what it works on, in a file for its supervisor.

A process that is frozen, or computes for ever, cannot be asked. So each child of a supervisor has a file in the
supervisor's folder: its time is the beat, its text the row being worked on, noted before the work begins, so that it
can still be read after the child was killed. The supervisor (``serving``) judges; the page of operations shows it.
"""

import ctypes
import os
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

PLACE, HUNG = "ALUR_PULSE", "ALUR_HUNG"
SET_ASIDE, PASSED_BY = 2, 3  # so many workers end on a row before it is set aside, and before it is not even touched
PR_SET_PDEATHSIG = 1
_hung = 0  # how many workers before this one ended on the current row


def end_with_parent(number: signal.Signals = signal.SIGKILL) -> None:
    """Let the kernel send this process a signal when its parent dies (Linux: prctl(2), PR_SET_PDEATHSIG)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number)


def provide() -> tempfile.TemporaryDirectory[str]:
    """Make the folder for children that this process starts from now on."""
    folder = tempfile.TemporaryDirectory(prefix="alur-", ignore_cleanup_errors=True)
    os.environ[PLACE] = folder.name
    return folder


def beat() -> None:
    """Report that this process lives."""
    if place := os.environ.get(PLACE):
        with suppress(OSError):
            Path(place, str(os.getpid())).touch()


def at(row: str, died: int = 0) -> bool:
    """Note the row being worked on; whether it may be. *died* is how many workers ended on it, on any machine."""
    global _hung  # noqa: PLW0603 - one for the process
    _hung = max(os.environ.get(HUNG, "").split().count(row), died - 1)  # one may only have been switched off
    if place := os.environ.get(PLACE):
        with suppress(OSError):  # a disk that is full
            Path(place, str(os.getpid())).write_text(row)
    return _hung < PASSED_BY


def aside() -> str:
    """Return why the current row must be set aside; empty if it need not be."""
    return "pekerja latar macet dua kali karenanya" if _hung >= SET_ASIDE else ""


def passed_by() -> list[str]:
    """Return the rows that this process does not touch."""
    rows = os.environ.get(HUNG, "").split()
    return sorted({row for row in rows if rows.count(row) >= PASSED_BY})


def read() -> dict[int, tuple[float, str]]:
    """Return when each child of the supervisor last reported, and what it works on."""
    found = {}
    for file in Path(os.environ[PLACE]).iterdir() if PLACE in os.environ else ():
        with suppress(OSError):  # it ended
            found[int(file.name)] = (file.stat().st_mtime, file.read_text())
    return found
