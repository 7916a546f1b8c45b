"""The press: prints templates of people with an office's data, in a child that keeps to limits.

A template is a program. Typst reads no file outside its root and says most faults with their line, but one that asks
for too much memory ends the whole process, and a loop in a loop computes for years; so it runs in a child
(``typst_worker``) under limits of the kernel, never in a web worker. A child costs 70 ms to start, as much as ten
letters, so one that answered is kept for the next order, and ended after some hundred orders for what Typst remembers
of each. Of a child that was killed only the template is known, not the line: what it was computing ended with it.

An order is all that a print depends on: the files of its virtual root, the data and the instant. The same order gives
the same bytes.
"""

import atexit
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import msgpack

from engine.documents.sandbox import Pool, Warm
from engine.model.errors import NotPrinted

MOST_ORDERS = 400  # of one child
NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
"""Typst fetches a package that it does not find; the check refuses those, and this one that it did not see."""


@dataclass(frozen=True, slots=True)
class RenderLimits:
    """How much one order may take."""

    cpu: int = 10  # seconds of computing
    seconds: float = 100.0  # by the clock on the wall, which guards against a child that hangs
    memory: int = 800_000_000  # bytes beyond what a child has before it begins


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be printed: *template* is one of *files*, whose paths are those in the template's root."""

    template: str
    files: Mapping[str, bytes]
    data: bytes  # JSON
    timestamp: int = 0  # seconds since 1970: when what is printed was issued
    format: str = "pdf"  # or docx
    preview: bool = False  # of a PDF, its first page as PNG too


@dataclass(frozen=True, slots=True)
class Print:
    """What came out."""

    content: bytes
    pages: int = 0
    preview: bytes | None = None  # PNG


@dataclass(eq=False)
class Press:
    """Prints, a few orders at a time; safe to share between threads."""

    limits: RenderLimits = field(default_factory=RenderLimits)
    _children: "Pool[_Child]" = field(default_factory=lambda: Pool(_Child))

    def print(self, order: Order) -> Print:
        """Return what *order* gives; NotPrinted says what is wrong with the template, Busy that others are printed."""
        with self._children.child(self.limits.seconds) as child:
            answer = child.ask(order, self.limits)
            if answer is None:
                raise NotPrinted(order.template, None, _CAUSES.get(child.end(), TOO_MUCH), MEND)
            if child.orders < MOST_ORDERS:
                self._children.keep(child)
            else:
                child.end()
        if "fault" in answer:
            raise NotPrinted(*answer["fault"])
        return Print(answer["content"], answer["pages"], answer["preview"])

    def close(self) -> None:
        """End the children that wait."""
        self._children.close()


TOO_LONG = "memakai terlalu banyak waktu"
TOO_MUCH = "memakai terlalu banyak memori"
MEND = "Periksa pengulangan dan larik besar dalam templat itu."
_CAUSES = {-signal.SIGXCPU: TOO_LONG, -signal.SIGKILL: TOO_LONG, -signal.SIGABRT: TOO_MUCH}


class _Child(Warm):
    """Prints one order after another, in a folder of its own."""

    def __init__(self) -> None:
        self.orders = 0
        self._folder = tempfile.TemporaryDirectory(prefix="alur-cetak-", ignore_cleanup_errors=True)
        program = "from engine.documents import typst_worker; typst_worker.serve()"
        super().__init__(
            program, "press_not_started", self._folder.name, **NO_NETWORK, RUST_BACKTRACE="0", RAYON_NUM_THREADS="2"
        )

    def ask(self, order: Order, limits: RenderLimits) -> dict[str, Any] | None:
        """Return what it answers; None if it ended before it answered."""
        self.orders += 1
        with self.killed_after(limits.seconds), suppress(BrokenPipeError):
            self.put([asdict(order), asdict(limits)])
            length = self.answers.read(8)
            if len(length) == 8:
                answer = self.answers.read(int.from_bytes(length))
                if len(answer) == int.from_bytes(length):
                    return cast(dict[str, Any], msgpack.unpackb(answer))
        return None

    def end(self) -> int:
        """Kill it, unless it ended by itself, and return how it ended."""
        with suppress(subprocess.TimeoutExpired):  # it may be about to say why
            self.process.wait(0.5 if self.process.poll() is None and self.questions.closed else 0.05)
        ended = super().end()
        self._folder.cleanup()
        return ended


PRESS = Press()
"""One for the whole process: it keeps the children."""
atexit.register(PRESS.close)
os.register_at_fork(before=PRESS.close)  # two processes must not talk to one child
