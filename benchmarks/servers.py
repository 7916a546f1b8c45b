"""Real servers for the benchmarks: started as processes, asked over HTTP, their CPU and memory read from /proc."""

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
GRANIAN = ("-m", "granian", "--interface", "wsgi", "--factory", "--workers", "2", "--blocking-threads", "4")
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request as a client sends it, and the status it should be answered with."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] | None = None
    expected: int = 200


@dataclass(frozen=True, slots=True)
class Load:
    """What many requests took: seconds in all, milliseconds each, CPU milliseconds of the server for each."""

    seconds: float
    latencies: tuple[float, ...]
    cpu_each: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds


def joined(loads: Sequence[Load]) -> Load:
    """Return several loads as one."""
    latencies = tuple(each for load in loads for each in load.latencies)
    cpu = sum(load.cpu_each * len(load.latencies) for load in loads)
    return Load(sum(load.seconds for load in loads), latencies, cpu / len(latencies))


class Server:
    """A server's process and those it started."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self.port = process, port

    def cpu_seconds(self) -> float:
        """CPU seconds of the process and its descendants so far."""
        return sum(_cpu(pid) for pid in self.pids())

    def pids(self) -> list[int]:
        """The process and its descendants."""
        return [self.process.pid, *descendants(self.process.pid)]

    def web_workers(self) -> list[int]:
        """The forks of the process, which answer requests."""
        return [pid for pid in self.pids()[1:] if command(pid) == command(self.process.pid)]

    def ask(self, requests: Sequence[Request], clients: int) -> Load:
        """Send *requests* with so many *clients* at once, each on a connection of its own."""
        waiting = list(reversed(requests))
        latencies: list[float] = []
        faults: list[str] = []

        def client() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            try:
                while not faults:
                    try:
                        request = waiting.pop()
                    except IndexError:
                        return
                    begun = time.perf_counter()
                    connection.request(request.method, request.path, request.body, dict(request.headers or {}))
                    answer = connection.getresponse()
                    text = answer.read()
                    latencies.append((time.perf_counter() - begun) * 1000)
                    if answer.status != request.expected:
                        faults.append(f"{request.method} {request.path}: {answer.status} {text[:2000].decode()}")
            except OSError as error:
                faults.append(repr(error))
            finally:
                connection.close()

        cpu, begun = self.cpu_seconds(), time.perf_counter()
        threads = [threading.Thread(target=client) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - begun
        if faults:
            raise RuntimeError(faults[0])
        used = (self.cpu_seconds() - cpu) * 1000 / max(1, len(latencies))
        return Load(seconds, tuple(latencies), used)


def started(words: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start ``python WORDS``."""
    return subprocess.Popen(
        [sys.executable, *words],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[1],
    )


@contextmanager
def serving(arguments: Sequence[str], environment: Mapping[str, str], *, path: str = "/") -> Iterator[Server]:
    """Run ``python ARGUMENTS`` with ``PORT`` in it replaced by a free one; give it once *path* is answered."""
    port = free_port()
    words = [part.replace("PORT", str(port)) for part in arguments]
    process = started(words, {**os.environ, **environment, "ALUR_PORT": str(port)})
    try:
        answered(process, port, path)
        yield Server(process, port)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answered(process: subprocess.Popen[bytes], port: int, path: str) -> None:
    """Wait until the server answers *path* with something else than a fault of its own."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status < 500:
                return
        except OSError:
            time.sleep(0.01)
        finally:
            connection.close()
    raise RuntimeError("the server did not answer")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def descendants(pid: int) -> list[int]:
    """Return the processes that *pid* started, and those that they started."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            fields = _stat(int(entry.name))
            if fields:
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def memory(pid: int) -> int:
    """Return the bytes a process has to itself (unique set size); 0 if it is gone."""
    return sum(size for name, size in _memory(pid) if name in ("Private_Clean", "Private_Dirty"))


def shared_out(pid: int) -> int:
    """Return the bytes of a process with its share of what it has in common with others (proportional set size)."""
    return sum(size for name, size in _memory(pid) if name == "Pss")


def _memory(pid: int) -> list[tuple[str, int]]:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return []
    return [(line.split(":")[0], int(line.split()[1]) * 1024) for line in lines]


def command(pid: int) -> bytes:
    """Return how a process was started; empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _cpu(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICK if fields else 0.0


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on (proc(5)); empty if the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
