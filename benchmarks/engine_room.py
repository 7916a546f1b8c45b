"""The engine: one completion (restore or cache hit, complete, advance, encode, save) against the naive way.

Three instances of the same procedure move in step: ours restored for each move (cold), ours kept live between moves,
and the naive one. Saving is one UPDATE of one row in a database in memory, alike for all three, so that the figure is
the engine's and not the disk's.
"""

import gc
import statistics
from dataclasses import dataclass
from typing import Any

from benchmarks import naive
from benchmarks.figures import Figure, Found, Row, Series, Stopwatch
from benchmarks.procedure import Move, Recorded, record
from engine.bpmn.executor import Executor
from engine.model.calendar import OfficeCalendar
from engine.model.process import Snapshot
from engine.service.procedures.procedure import calendar_functions
from tests.office import FRIDAY, SOP

START = {"tahun": 2025, "periode": "I"}
XML = f"processes/{SOP}/{SOP}.bpmn"


class Ours:
    """An instance in Alur's executor (one of its own unless given); *live* keeps it between moves."""

    def __init__(self, recorded: Recorded, *, live: bool, executor: Executor | None = None, id_: str = "i") -> None:
        self.live, self.id = live, id_
        self.executor = executor or Executor()
        self.definition = self.executor.definition(recorded.content_hash, SOP, lambda: recorded.files)
        self.functions = calendar_functions(OfficeCalendar(), FRIDAY)
        self.row, self.revision = Row(), 1
        self._took(self.executor.start(self.definition, self.id, {}, FRIDAY, functions=self.functions))

    def complete(self, move: Move) -> None:
        """Do one move as ``engine.service.work.completion`` does."""
        task = next(t for t in self.open if t.element_id == move.element_id and move.item in (None, t.item))
        needed = {k: v for k, v in move.values.items() if k in self.definition.outline.needed_names}
        versions = {id_: {"versi": 1} for id_ in move.documents}
        snapshot = Snapshot(self.id, self.revision, self.row.load())
        step = self.executor.complete(
            self.definition, snapshot, task.id, needed, versions, FRIDAY, functions=self.functions
        )
        self._took(step)

    @property
    def size(self) -> int:
        """Bytes of the state."""
        return len(self.row.load())

    def _took(self, step: Any) -> None:
        self.row.save(step.state)
        self.open = step.open_tasks
        self.revision += 1
        if self.live:
            self.executor.keep(step, self.revision)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Medians in ms by participant over the timed moves, and the largest states seen at them."""

    cold: float
    live: float
    naive: float
    ours_bytes: int
    naive_bytes: int


def compare(recorded: Recorded, script: list[Move], repeats: int) -> Outcome:
    """Run *script* with all three *repeats* times: for each timed move the median, then their mean."""
    watch = Stopwatch()
    sizes: dict[str, list[int]] = {"ours": [], "naive": []}
    other = naive.Child(recorded.files[XML], SOP)
    gc.collect()
    gc.freeze()  # neither side pays for the other's modules
    for _ in range(repeats):
        cold, live = Ours(recorded, live=False), Ours(recorded, live=True)
        other.begin(START)
        for place, move in enumerate(script):
            whole = (move.element_id, move.item, move.values | move.documents)
            if not move.timed:
                cold.complete(move)
                live.complete(move)
                other.hurry(*whole)
                continue
            with watch.measure(f"cold/{place}"):
                cold.complete(move)
            with watch.measure(f"live/{place}"):
                live.complete(move)
            took, size = other.complete(*whole)
            watch.add(f"naive/{place}", took)
            sizes["ours"].append(cold.size)
            sizes["naive"].append(size)
    other.close()
    return Outcome(
        *(_mean(watch, name) for name in ("cold", "live", "naive")),
        ours_bytes=int(statistics.mean(sizes["ours"])),
        naive_bytes=int(statistics.mean(sizes["naive"])),
    )


def young_and_old(recorded: Recorded, loops: int, repeats: int) -> tuple[float, float]:
    """Return the median ms of a completion in the first returned loop and in the last of *loops*, done in turn."""
    script = recorded.script(5, 1)
    begins = next(n for n, move in enumerate(script) if move.values.get("hasil_verifikasi") == "kembalikan")
    before, loop = script[:begins], script[begins:-3]
    watch = Stopwatch()
    for _ in range(repeats):
        young, old = Ours(recorded, live=True), Ours(recorded, live=True)
        for move in before:
            young.complete(move)
        for move in (*before, *loop * (loops - 1)):
            old.complete(move)
        for place, move in enumerate(loop):
            with watch.measure(f"young/{place}"):
                young.complete(move)
            with watch.measure(f"old/{place}"):
                old.complete(move)
    return _mean(watch, "young"), _mean(watch, "old")


def _mean(watch: Stopwatch, name: str) -> float:
    return statistics.mean(watch.median(key) for key in watch.samples if key.startswith(f"{name}/"))


def run(*, small: bool = False) -> Found:
    """Measure the engine."""
    recorded = record()
    repeats = 1 if small else 9
    holders = (2,) if small else (5, 50, 200)
    loops = (1,) if small else (20, 50)
    goals = {5: 8.0, 200: 12.0}
    found = Found()
    charted: dict[str, Outcome] = {}
    for count in holders:
        outcome = compare(recorded, recorded.script(count), repeats)
        charted[f"{count} pemegang data"] = outcome
        found.figures += _told(f"{count} data holders", outcome, goals.get(count))
    for count in loops:
        outcome = compare(recorded, recorded.script(2 if small else 5, count), max(1, repeats // 3))
        charted[f"{count} loops"] = outcome
        found.figures += _told(f"after {count} returned loops", outcome, 15.0 if count == 20 else None)
        young, old = young_and_old(recorded, count, repeats * 2)
        goal = ("<=", 1.5) if count == 50 else None
        found.figures.append(
            Figure(
                "engine", f"completion in loop {count}", old, "ms CPU", young, "the same in loop 1", old / young, goal
            )
        )
    names = ("Alur, live", "Alur, cold", "naive")
    found.series += [
        Series(
            "engine",
            "CPU of one completion",
            "ms",
            tuple(charted),
            names,
            tuple(tuple(getattr(o, n) for o in charted.values()) for n in ("live", "cold", "naive")),
        ),
        Series(
            "engine",
            "State of one instance",
            "KB",
            tuple(charted),
            ("Alur", "naive"),
            tuple(tuple(getattr(o, n) / 1000 for o in charted.values()) for n in ("ours_bytes", "naive_bytes")),
        ),
    ]
    return found


def _told(name: str, outcome: Outcome, goal: float | None) -> list[Figure]:
    wanted = None if goal is None else (">=", goal)
    return [
        Figure(
            "engine",
            f"{name}, live",
            outcome.live,
            "ms CPU",
            outcome.naive,
            "naive",
            outcome.naive / outcome.live,
            wanted,
        ),
        Figure("engine", f"{name}, cold", outcome.cold, "ms CPU", outcome.naive, "naive", outcome.naive / outcome.cold),
        Figure(
            "engine",
            f"{name}, state",
            outcome.ours_bytes,
            "bytes",
            outcome.naive_bytes,
            "naive",
            outcome.ours_bytes / outcome.naive_bytes,
            ("<=", 0.2),
            "naive holds the form data in its state, ours by document id and version",
        ),
    ]
