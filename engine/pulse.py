"""The pulse of a process: a file that tells its supervisor when it was last alive, and what it works on.

A process that hangs cannot answer questions. So each child has a file in the supervisor's folder. Its modification time
is the last beat; its text is the current row, written before the work begins, so that it is known if the child is
killed. The supervisor (``serving``) replaces children that hang; the operator's page shows them.
"""

import ctypes
import os
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

PLACE, HUNG = "ALUR_PULSE", "ALUR_HUNG"
SET_ASIDE, PASSED_BY = 2, 3  # numbers of workers that died on a row, after which it is set aside, or skipped
PR_SET_PDEATHSIG = 1
_hung = 0  # number of workers that died on the current row before


def end_with_parent(number: signal.Signals = signal.SIGKILL) -> None:
    """Let the kernel send this process a signal when its parent dies (Linux: prctl(2), PR_SET_PDEATHSIG)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number)


def provide() -> tempfile.TemporaryDirectory[str]:
    """Make the folder for the children that this process starts later."""
    folder = tempfile.TemporaryDirectory(prefix="alur-", ignore_cleanup_errors=True)
    os.environ[PLACE] = folder.name
    return folder


def beat() -> None:
    """Report that this process is alive."""
    if place := os.environ.get(PLACE):
        with suppress(OSError):
            Path(place, str(os.getpid())).touch()


def at(row: str, died: int = 0) -> bool:
    """Note the current row; return False if it must be skipped. *died* workers ended on it, on all machines."""
    global _hung  # noqa: PLW0603 - one for the process
    _hung = max(os.environ.get(HUNG, "").split().count(row), died - 1)  # one of them may just have been switched off
    if place := os.environ.get(PLACE):
        with suppress(OSError):  # the disk is full
            Path(place, str(os.getpid())).write_text(row)
    return _hung < PASSED_BY


def aside() -> str:
    """Return why the current row must be set aside; empty if it need not."""
    return "pekerja latar macet dua kali karenanya" if _hung >= SET_ASIDE else ""


def passed_by() -> list[str]:
    """Return the rows that this process skips."""
    rows = os.environ.get(HUNG, "").split()
    return sorted({row for row in rows if rows.count(row) >= PASSED_BY})


def read() -> dict[int, tuple[float, str]]:
    """Return the time of the last beat and the current row of each child of the supervisor, by process id."""
    found = {}
    for file in Path(os.environ[PLACE]).iterdir() if PLACE in os.environ else ():
        with suppress(OSError):  # it ended
            found[int(file.name)] = (file.stat().st_mtime, file.read_text())
    return found
