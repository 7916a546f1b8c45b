"""Start-up and memory: of the server until it answers, of a web worker, and of an instance kept live between moves.

The naive host behind the same Granian is the baseline, and for imports Flask and SpiffWorkflow alone. Memory of
a process is what it has to itself (unique set size), after both hosts have completed the same steps; memory of an
instance is what Python allocates for one more of them before the fourth step, with five data holders.
"""

import gc
import resource
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from benchmarks import naive
from benchmarks.engine_room import START, XML, Ours
from benchmarks.figures import Figure, Found, interleaved
from benchmarks.host import Office, bodies, databases, driver_of, naive_served, naive_walk, office_of, planned, served
from benchmarks.procedure import Recorded, record
from benchmarks.servers import Server, memory, shared_out
from engine.bpmn.executor import Executor
from tests.office import SOP

HOLDERS = 5
KEPT_AFTER = 3  # moves
IMPORTS = {"ours": "import engine.cli, engine.serving", "naive": "import flask, SpiffWorkflow.bpmn"}
MEGABYTE = 1024 * 1024
Serving = Callable[[], AbstractContextManager[Server]]


def run(*, small: bool = False) -> Found:
    """Measure start-up and memory."""
    recorded, found = record(), Found()
    rounds, instances = (1, 3) if small else (3, 100)
    with databases(small=True) as kinds, ExitStack() as stack:
        maker, folder = kinds["SQLite"]
        url, other_url = stack.enter_context(maker.prepared(planned, folder)), stack.enter_context(maker.empty())
        at_work = stack.enter_context(office_of(url, folder))
        hosts: dict[str, Serving] = {
            "ours": lambda: served(url, folder),
            "naive": lambda: naive_served(other_url, recorded, folder),
        }
        found.figures += start_up(hosts, rounds)
        with hosts["ours"]() as ours, hosts["naive"]() as theirs:
            office, sent, walked = Office(ours, at_work), bodies(recorded), 1 if small else 8
            office.walk(driver_of(office), sent, walked, 4)
            naive_walk(theirs, sent, walked, 4)
            found.figures += of_processes(ours, theirs)
    found.figures += of_instances(recorded, instances)
    return found


def start_up(hosts: dict[str, Serving], rounds: int) -> Iterator[Figure]:
    """Return how long the hosts take to answer for the first time, and to import."""
    cpu: dict[str, list[float]] = {name: [] for name in hosts}

    def started(name: str) -> float:
        begun = time.perf_counter()
        with hosts[name]() as server:
            took = time.perf_counter() - begun
            cpu[name].append(server.cpu_seconds())
        return took

    seconds = interleaved(rounds, {name: lambda n=name: started(n) for name in hosts})
    imports = interleaved(rounds, {name: lambda t=text: imported(t) for name, text in IMPORTS.items()})
    ours, theirs = (statistics.median(cpu[name]) for name in ("ours", "naive"))
    yield _figure("until the server answers", seconds["ours"], "s", seconds["naive"], "naive host")
    yield _figure("until the server answers, CPU of its processes", ours, "s CPU", theirs, "naive host")
    yield _figure("import", imports["ours"], "s CPU", imports["naive"], "Flask and SpiffWorkflow")


def imported(statement: str) -> float:
    """Return the CPU seconds of a Python that runs *statement*."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True, cwd=Path(__file__).parents[1])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def of_processes(ours: Server, theirs: Server) -> Iterator[Figure]:
    """Return what the hosts' processes take in memory."""

    def worker(server: Server) -> float:
        return statistics.mean(memory(pid) for pid in server.web_workers()) / MEGABYTE

    def whole(server: Server) -> float:
        return sum(shared_out(pid) for pid in server.pids()) / MEGABYTE

    yield _figure("memory of a web worker to itself", worker(ours), "MB", worker(theirs), "naive host")
    yield _figure("memory of the whole server, two workers", whole(ours), "MB", whole(theirs), "naive host")


def of_instances(recorded: Recorded, count: int) -> Iterator[Figure]:
    """Return what an instance takes that is kept live."""
    moves = recorded.script(HOLDERS)[:KEPT_AFTER]
    executor, sizes = Executor(), []

    def keep(number: int) -> None:
        one = Ours(recorded, live=True, executor=executor, id_=str(number))
        for move in moves:
            one.complete(move)
        sizes.append(one.size)

    keep(0)
    gc.collect()
    tracemalloc.start()
    for number in range(1, count + 1):
        keep(number)
    gc.collect()
    ours = tracemalloc.get_traced_memory()[0] / count
    tracemalloc.stop()
    other = naive.Child(recorded.files[XML], SOP)
    told = [(move.element_id, move.item, move.values | move.documents) for move in moves]
    theirs = other.weigh(START, told, count)
    other.close()
    yield _figure("a live instance", ours, "bytes", theirs, "naive, live")
    yield _figure("a live instance", ours, "bytes", statistics.mean(sizes), "its state")


def _figure(name: str, ours: float, unit: str, baseline: float, against: str) -> Figure:
    return Figure("footprint", name, ours, unit, baseline, against, ours / baseline)
