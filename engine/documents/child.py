"""A child for one reading: what comes from outside is opened in a process of its own that keeps to limits.

A file that was made to exhaust whoever opens it ends a child, never a web worker. The press keeps its children warm,
since a letter takes milliseconds; what is read here takes as long as a start does (150 ms), so each child does one
thing and nothing of one file is there when the next is opened. Arguments and answers are MessagePack: no answer of a
child can run code in its parent.
"""

import importlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgpack

from engine.model.errors import AlurError, Busy

AT_ONCE = 2
ROOT = Path(__file__).parents[2]
CPU_SECONDS = 15
WALL_SECONDS = 25.0
MEMORY = 1_200_000_000  # bytes of addresses, of which the interpreter and its libraries take a quarter
LIMITED = sys.platform.startswith("linux")
_slots = threading.BoundedSemaphore(AT_ONCE)


class ChildEnded(AlurError):
    """A child ended before it answered: what it was given asked for more than it may have."""


def call(function: str, argument: Any) -> Any:
    """Return what *function* (``module:name``) makes of *argument*, computed in a child; ChildEnded if it gave out."""
    if not _slots.acquire(timeout=WALL_SECONDS):
        raise Busy
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", "from engine.documents import child; child.serve()", function],
            input=msgpack.packb(argument),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("ALUR_")},
            timeout=WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ChildEnded(function) from None
    finally:
        _slots.release()
    if done.returncode != 0:
        raise ChildEnded(f"{function}: {done.returncode}")
    return msgpack.unpackb(done.stdout)


def serve() -> None:
    """Answer the one call that the command line and the standard input say."""
    if LIMITED:
        import resource  # noqa: PLC0415 - not everywhere

        os.nice(5)  # people who work come first
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    module, _, name = sys.argv[1].partition(":")
    answer = getattr(importlib.import_module(module), name)(msgpack.unpackb(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(msgpack.packb(answer))
