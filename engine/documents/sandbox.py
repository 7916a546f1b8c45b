"""A child for one reading: what comes from outside is opened in a process of its own that keeps to limits.

A file that was made to exhaust whoever opens it ends a child, never a web worker. The press keeps its children warm,
since a letter takes milliseconds; what is read here takes as long as a start does (150 ms), so each child does one
thing and nothing of one file is there when the next is opened. Arguments and answers are MessagePack: no answer of a
child can run code in its parent.

Limits that protect count CPU time. The clock on the wall only guards against a child that neither computes nor answers:
on a busy machine a second of computing may take half a minute, and nothing is wrong with what is computed.
"""

import importlib
import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Generic, TypeVar, cast

import msgpack

from engine import pulse
from engine.model.errors import AlurError, Busy, SetupError

AT_ONCE = 2
ROOT = Path(__file__).parents[2]
CPU_SECONDS = 15
WALL_SECONDS = 100.0
STARTING = 60.0  # seconds that a child may take to start, which is no fault of what it is given
IDLE_SECONDS = 600  # after which a child that nobody asks ends
WAITING = 15.0  # for a place among those at once
MEMORY = 1_200_000_000  # bytes of addresses, of which the interpreter and its libraries take a quarter
LIMITED = sys.platform.startswith("linux")
if LIMITED:
    import resource
_slots = threading.BoundedSemaphore(AT_ONCE)


class ChildEnded(AlurError):
    """A child ended before it answered: what it was given asked for more than it may have."""


@contextmanager
def _place(slots: threading.Semaphore, seconds: float) -> Iterator[None]:
    """Take a place among those at once; Busy if there is none within *seconds*."""
    if not slots.acquire(timeout=seconds):
        raise Busy
    try:
        yield
    finally:
        slots.release()


def call(function: str, argument: Any) -> Any:
    """Return what *function* (``module:name``) makes of *argument*, computed in a child; ChildEnded if it gave out."""
    with _place(_slots, WAITING):
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter
                [sys.executable, "-c", "from engine.documents import sandbox; sandbox.serve()", function],
                input=msgpack.packb(argument),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
                env=_environment(),
                timeout=WALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ChildEnded(function) from None
    if done.returncode != 0:
        raise ChildEnded(f"{function}: {done.returncode}")
    return msgpack.unpackb(done.stdout)


def serve() -> None:
    """Answer the one call that the command line and the standard input say."""
    pulse.end_with_parent()
    if LIMITED:
        os.nice(5)  # people who work come first
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    module, _, name = sys.argv[1].partition(":")
    answer = getattr(importlib.import_module(module), name)(msgpack.unpackb(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(msgpack.packb(answer))


class Warm:
    """A process of ours that answers one question after another; it knows nothing of the office's settings."""

    def __init__(self, program: str, failure: str, *arguments: str, **settings: str) -> None:
        """Start *program*; SetupError says *failure* if it is not ready in time."""
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if settings else None,
            cwd=ROOT,
            env=_environment() | settings,
        )
        self.questions = cast(IO[bytes], self.process.stdin)
        self.answers = cast(IO[bytes], self.process.stdout)
        with self.killed_after(STARTING):
            ready = self.answers.readline()
        if not ready:
            self.end()
            raise SetupError(failure)

    @contextmanager
    def killed_after(self, seconds: float) -> Iterator[None]:
        """Kill it if what is done with it takes longer than *seconds*."""
        timer = threading.Timer(seconds, self.process.kill)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def put(self, question: Any) -> None:
        """Send it a question."""
        packed: bytes = msgpack.packb(question)
        self.questions.write(len(packed).to_bytes(8) + packed)
        self.questions.flush()

    def end(self) -> int:
        """Kill it, unless it ended by itself, and return how it ended."""
        self.process.kill()
        with suppress(BrokenPipeError):  # what it did not read
            self.questions.close()
        self.answers.close()
        return self.process.wait()


Child = TypeVar("Child", bound=Warm)


class Pool(Generic[Child]):
    """Keeps warm children for the next question, and lets a few be asked at a time; safe to share between threads."""

    def __init__(self, start: Callable[[], Child], at_once: int = AT_ONCE) -> None:
        self._start = start
        self._slots = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._idle: list[Child] = []

    @contextmanager
    def child(self, seconds: float) -> Iterator[Child]:
        """Lend a child that waits, else a new one, to be kept or ended; Busy if others have them all for *seconds*."""
        with _place(self._slots, min(WAITING, seconds)):
            with self._lock:
                kept = self._idle.pop() if self._idle else None
            if kept is not None and kept.process.poll() is not None:  # it ended while nobody asked
                kept.end()
                kept = None
            yield kept or self._start()

    def keep(self, child: Child) -> None:
        """Take back a child that can be asked again."""
        with self._lock:
            self._idle.append(child)

    def close(self) -> None:
        """End the children that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()


def asked(pipe: IO[bytes]) -> Iterator[Any]:
    """Yield the questions that come to a warm child, until nothing comes any more; limits are set for each."""
    if LIMITED:
        os.nice(5)  # people who work come first
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while True:
        if LIMITED:
            signal.alarm(IDLE_SECONDS)
        length = pipe.read(8)
        packed = pipe.read(int.from_bytes(length)) if len(length) == 8 else b""
        if LIMITED:
            signal.alarm(0)
        if not packed:
            return
        yield msgpack.unpackb(packed)


def limit(cpu: float, memory: int) -> None:
    """Let the kernel end this process if from now on it computes longer than *cpu*, or takes more than *memory*."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    allow(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime + cpu))
    with open("/proc/self/statm") as file:
        allow(resource.RLIMIT_AS, int(file.read().split()[0]) * resource.getpagesize() + memory)


def allow(what: int, most: int) -> None:
    """Set a limit that can be lifted again, within what this machine allows at all."""
    _, hard = resource.getrlimit(what)
    with suppress(ValueError):
        resource.setrlimit(what, (hard if most == resource.RLIM_INFINITY else most, hard))


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("ALUR_")}
