"""The press: prints the office's templates by Typst, in child processes with limits.

A template is a program that may take too much memory or time, so it runs in a child (``typst_worker``), never in a web
worker. Starting a child takes 70 ms, as long as ten letters, so children are kept; they end after some hundred orders,
because Typst caches. If a child is killed, the error names the template without a line.

An order is everything that a print depends on: files, data and instant. The same order gives the same bytes.
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
"""Proxy settings that make every download fail: Typst would fetch missing packages. A check refuses imports first."""


@dataclass(frozen=True, slots=True)
class RenderLimits:
    """Limits of one order."""

    cpu: int = 10  # seconds of CPU time
    seconds: float = 100.0  # wall-clock time, in case a child hangs
    memory: int = 800_000_000  # bytes, besides those used before the order


@dataclass(frozen=True, slots=True)
class Order:
    """A print order; *files* are by path in the virtual root, and *template* is one of them."""

    template: str
    files: Mapping[str, bytes]
    data: bytes  # JSON
    timestamp: int = 0  # of issue, in seconds since 1970
    format: str = "pdf"  # or docx
    preview: bool = False  # also return the first page of a PDF as PNG


@dataclass(frozen=True, slots=True)
class Print:
    """A printed document."""

    content: bytes
    pages: int = 0
    preview: bytes | None = None  # PNG


@dataclass(eq=False)
class Press:
    """Prints a few orders at a time; safe to share between threads."""

    limits: RenderLimits = field(default_factory=RenderLimits)
    _children: "Pool[_Child]" = field(default_factory=lambda: Pool(_Child))

    def print(self, order: Order) -> Print:
        """Print *order*; NotPrinted if the template is faulty, Busy if too many others are printed."""
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
        """End the idle children."""
        self._children.close()


TOO_LONG = "memakai terlalu banyak waktu"
TOO_MUCH = "memakai terlalu banyak memori"
MEND = "Periksa pengulangan dan larik besar dalam templat itu."
_CAUSES = {-signal.SIGXCPU: TOO_LONG, -signal.SIGKILL: TOO_LONG, -signal.SIGABRT: TOO_MUCH}


class _Child(Warm):
    """A child that prints one order after another, in its own folder."""

    def __init__(self) -> None:
        self.orders = 0
        self._folder = tempfile.TemporaryDirectory(prefix="alur-cetak-", ignore_cleanup_errors=True)
        program = "from engine.documents import typst_worker; typst_worker.serve()"
        super().__init__(
            program, "press_not_started", self._folder.name, **NO_NETWORK, RUST_BACKTRACE="0", RAYON_NUM_THREADS="2"
        )

    def ask(self, order: Order, limits: RenderLimits) -> dict[str, Any] | None:
        """Return the answer; None if the child ended before it answered."""
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
        with suppress(subprocess.TimeoutExpired):  # a child that is ending has an exit code that says why
            self.process.wait(0.5 if self.process.poll() is None and self.questions.closed else 0.05)
        ended = super().end()
        self._folder.cleanup()
        return ended


PRESS = Press()
"""The press of this process."""
atexit.register(PRESS.close)
os.register_at_fork(before=PRESS.close)  # two processes must not share a child
