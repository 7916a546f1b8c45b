"""Child processes with limits, in which files from outside are opened and templates are printed.

A malicious file ends a child, never a web worker. ``call`` starts a child for each file, so that no file affects the
next; starting takes 150 ms, about as long as reading. A ``Warm`` child answers many questions, such as prints of some
milliseconds. Arguments and answers are MessagePack, so that no answer can run code in the parent.

The limits count CPU time. Wall-clock limits only end children that hang: on a busy machine a second of computing may
take half a minute.
"""

import importlib
import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Generic, TypeVar, cast

import msgpack

from engine import pulse
from engine.model.errors import AlurError, Busy, SetupError

AT_ONCE = 2
ROOT = Path(__file__).parents[2]
CPU_SECONDS = 15
WALL_SECONDS = 100.0
STARTING = 60.0  # seconds that a child may take to start
IDLE_SECONDS = 600  # after which an idle child ends
WAITING = 15.0  # seconds for a free slot
MEMORY = 1_200_000_000  # bytes of address space, of which the interpreter and its libraries take a quarter
LIMITED = sys.platform.startswith("linux")
if LIMITED:
    import resource
EXACT: Mapping[type, Callable[[str], Any]] = {
    Decimal: Decimal,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    time: time.fromisoformat,
}
"""Types that an answer may contain besides those of MessagePack, and how their texts are parsed."""
_slots = threading.BoundedSemaphore(AT_ONCE)


class ChildEnded(AlurError):
    """A child ended before it answered, as a rule because it exceeded its limits."""


@contextmanager
def _place(slots: threading.Semaphore, seconds: float) -> Iterator[None]:
    """Take a slot; Busy if none is free within *seconds*."""
    if not slots.acquire(timeout=seconds):
        raise Busy
    try:
        yield
    finally:
        slots.release()


def call(function: str, argument: Any) -> Any:
    """Return the result of *function* (``module:name``) on *argument*, from a child; ChildEnded if it failed."""
    with _place(_slots, WAITING):
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter
                [sys.executable, "-c", "from engine.documents import sandbox; sandbox.serve()", function],
                input=_packed(argument),
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
    return msgpack.unpackb(done.stdout, ext_hook=_unpacked)


def _packed(value: Any) -> bytes:
    return bytes(msgpack.packb(value, default=_exact))


def _exact(value: Any) -> Any:
    return msgpack.ExtType(list(EXACT).index(type(value)), str(value).encode())


def _unpacked(code: int, text: bytes) -> Any:
    return list(EXACT.values())[code](text.decode())


def serve() -> None:
    """Answer one call: the function from the command line, the argument from standard input."""
    pulse.end_with_parent()
    if LIMITED:
        _step_back()
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    module, _, name = sys.argv[1].partition(":")
    answer = getattr(importlib.import_module(module), name)(msgpack.unpackb(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(_packed(answer))


def _step_back() -> None:
    os.nice(5)  # web workers come first
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Warm:
    """A child that answers one question after another; it does not see the settings of the office."""

    def __init__(self, program: str, failure: str, *arguments: str, **settings: str) -> None:
        """Start *program*; SetupError with the saying *failure* if it is not ready in time."""
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
        """Kill the child if the body takes longer than *seconds*."""
        timer = threading.Timer(seconds, self.process.kill)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def put(self, question: Any) -> None:
        """Send a question."""
        packed: bytes = msgpack.packb(question)
        self.questions.write(len(packed).to_bytes(8) + packed)
        self.questions.flush()

    def end(self) -> int:
        """Kill the child, unless it ended by itself, and return its exit code."""
        self.process.kill()
        with suppress(BrokenPipeError):  # unread input
            self.questions.close()
        self.answers.close()
        return self.process.wait()


Child = TypeVar("Child", bound=Warm)


class Pool(Generic[Child]):
    """Warm children, of which a few work at a time; safe to share between threads."""

    def __init__(self, start: Callable[[], Child], at_once: int = AT_ONCE) -> None:
        self._start = start
        self._slots = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._idle: list[Child] = []

    @contextmanager
    def child(self, seconds: float) -> Iterator[Child]:
        """Lend an idle child or a new one, which the caller keeps or ends; Busy if no slot is free for *seconds*."""
        with _place(self._slots, min(WAITING, seconds)):
            with self._lock:
                kept = self._idle.pop() if self._idle else None
            if kept is not None and kept.process.poll() is not None:  # it ended while idle
                kept.end()
                kept = None
            yield kept or self._start()

    def keep(self, child: Child) -> None:
        """Take back a child for further questions."""
        with self._lock:
            self._idle.append(child)

    def close(self) -> None:
        """End the idle children."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()


def asked(pipe: IO[bytes]) -> Iterator[Any]:
    """Yield the questions to a warm child until the pipe is closed or idle for too long."""
    if LIMITED:
        _step_back()
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
    """Limit this process, from now on, to *cpu* seconds of CPU time and *memory* more bytes."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    allow(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime + cpu))
    with open("/proc/self/statm") as file:
        allow(resource.RLIMIT_AS, int(file.read().split()[0]) * resource.getpagesize() + memory)


def allow(what: int, most: int) -> None:
    """Set the soft limit of a resource, within the hard one, so that it can be lifted again."""
    _, hard = resource.getrlimit(what)
    with suppress(ValueError):
        resource.setrlimit(what, (hard if most == resource.RLIM_INFINITY else most, hard))


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("ALUR_", "AWS_"))}
