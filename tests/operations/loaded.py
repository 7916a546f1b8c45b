"""A process that has loaded Alur and forks for every command that a test gives: loading takes a second and more of CPU.

The fork does what ``python -m engine`` does, with streams, folder, environment, session and signals of its own. It is
for commands that come to an end. Servers are started as an operator starts them, and some commands too, in
``test_run.py`` and wherever a test starts its own process.
"""

import atexit
import io
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
LARGEST = 1 << 20  # bytes of a request: words and environment


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


def run(words: Sequence[str], environment: Mapping[str, str], seconds: float) -> subprocess.CompletedProcess[str]:
    """Run ``python -m engine WORDS`` to its end, as ``subprocess.run`` does."""
    ours, its = socket.socketpair()
    with ours, its, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        said = json.dumps({"words": list(words), "environment": dict(environment)}).encode()
        socket.send_fds(loaded(), [said], [its.fileno(), out.fileno(), err.fileno()])
        its.close()
        ours.settimeout(seconds)
        pid = int(ours.recv(20))
        try:
            code = int(ours.recv(20))
        except TimeoutError:
            os.killpg(pid, signal.SIGKILL)
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
            if pid == 0:
                os.close(answer)
                return _become(json.loads(said), out, err)
            teller = socket.socket(fileno=answer)
            teller.send(b"%-20d" % pid)
            _, status = os.waitpid(pid, 0)
            teller.send(b"%-20d" % os.waitstatus_to_exitcode(status))
            os._exit(0)
        for each in given:
            os.close(each)


def _become(command: Mapping[str, Mapping[str, str]], out: int, err: int) -> list[str]:
    os.setsid()
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
    return list(command["words"])


if __name__ == "__main__":
    import engine.cli  # noqa: F401 - which is what takes so long

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    sys.argv = ["alur", *_next(socket.socket(fileno=int(sys.argv[1])))]
    runpy.run_module("engine", run_name="__main__")
