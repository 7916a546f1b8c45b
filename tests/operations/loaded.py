"""A process that has loaded Alur and forks for every command and server of a test: loading takes seconds of CPU.

The fork does what ``python -m engine`` does, with streams, folder, environment, session and signals of its own, and so
does the worker that a server starts with itself. Another one, for a worker that ended, is started as always; stories of
starting, stopping and supervising start their servers as an operator does too (``harness.AS_PEOPLE_DO``).
"""

import atexit
import ctypes
import gc
import io
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).parents[2]
LARGEST = 1 << 20  # bytes of a request: words and environment
PR_SET_NAME = 15  # prctl(2)


@cache
def loaded() -> socket.socket:
    """Start the process, and return the way to it; it ends when the tests do."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ALUR_")}
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, str(its.fileno())],
        cwd=ROOT,
        env=clean,
        pass_fds=[its.fileno()],
        stdin=subprocess.DEVNULL,
    )
    its.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


class Started:
    """``python -m engine WORDS``, started; what ``subprocess.Popen`` has, as far as tests ask for it."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], out: int, err: int) -> None:
        self._way, its = socket.socketpair()
        said = json.dumps({"words": list(words), "environment": dict(environment)}).encode()
        with its:
            socket.send_fds(loaded(), [said], [its.fileno(), out, err])
        self.pid, self.returncode = int(self._way.recv(20)), None

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, seconds: float | None = None) -> int:
        if self.returncode is None:
            self._way.settimeout(seconds)
            try:
                self.returncode = int(self._way.recv(20))
            except (BlockingIOError, TimeoutError):
                raise subprocess.TimeoutExpired("alur", seconds or 0) from None
            self._way.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(words: Sequence[str], environment: Mapping[str, str], seconds: float) -> subprocess.CompletedProcess[str]:
    """Run ``python -m engine WORDS`` to its end, as ``subprocess.run`` does."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = Started(words, environment, out.fileno(), err.fileno())
        try:
            code = started.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            raise
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode().replace("\r\n", "\n"))
        return subprocess.CompletedProcess(["alur", *words], code, *texts)


def _next(way: socket.socket) -> list[str]:
    """Wait for commands; return, in a process of its own for each, its words."""
    while True:
        said, given, _, _ = socket.recv_fds(way, LARGEST, 3)
        if not said:
            os._exit(0)
        if os.fork() == 0:  # whoever waits for the command
            way.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            answer, out, err = given
            pid = os.fork()
            teller = socket.socket(fileno=answer)
            if pid == 0:
                os.setsid()
                teller.send(b"%-20d" % os.getpid())  # now that it may be killed with all that it starts
                teller.close()
                return _become(json.loads(said), out, err)
            for each in (out, err):
                os.close(each)
            _, status = os.waitpid(pid, 0)
            teller.send(b"%-20d" % os.waitstatus_to_exitcode(status))
            os._exit(0)
        for each in given:
            os.close(each)


def _become(command: Mapping[str, Any], out: int, err: int) -> list[str]:
    from engine import serving

    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(command["environment"])
    for number, stream in ((1, out), (2, err)):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), encoding="utf-8")
    sys.stderr = io.TextIOWrapper(
        os.fdopen(2, "wb", closefd=False), encoding="utf-8", errors="backslashreplace", line_buffering=True
    )
    serving.subprocess = SimpleNamespace(Popen=_child, TimeoutExpired=subprocess.TimeoutExpired)
    return list(command["words"])


def _child(command: Sequence[str], env: Mapping[str, str]) -> Any:
    """Start the worker of a server: by a fork while this process has no thread and no S3 client that a fork breaks."""
    if threading.active_count() > 1 or "://" in env.get("ALUR_FILES", ""):
        return subprocess.Popen(command, env=env)
    return _Child(command[3:], env)


class _Child:
    """A worker that was forked; what ``subprocess.Popen`` has, as far as a supervisor asks for it."""

    def __init__(self, words: Sequence[str], env: Mapping[str, str]) -> None:
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                code = _run_as_child(words, env)
            finally:
                os._exit(code)

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, seconds: float) -> int:
        deadline = time.monotonic() + seconds
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("worker", seconds)
            time.sleep(0.02)
        return int(self.returncode or 0)

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def _run_as_child(words: Sequence[str], env: Mapping[str, str]) -> int:
    """Run a command in this process, which was forked: without what an interpreter that is started does not have."""
    ctypes.CDLL(None).prctl(PR_SET_NAME, b"worker")  # by which it is found among the processes
    atexit._clear()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for each in map(int, os.listdir("/proc/self/fd")):
        with suppress(OSError):  # the one by which they were listed
            if not os.get_inheritable(each):
                os.close(each)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["alur", *words]
    code = 0
    try:
        runpy.run_module("engine", run_name="__main__")
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()  # waits for threads that work, as the interpreter's end does
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    import granian  # noqa: F401 - as what follows, this is what takes so long

    import engine.cli  # noqa: F401
    from engine import serving

    for module in serving.LOADED:
        import_module(module)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    sys.argv = ["alur", *_next(socket.socket(fileno=int(sys.argv[1])))]
    runpy.run_module("engine", run_name="__main__")
