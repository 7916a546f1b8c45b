"""Figures: what was measured, against what, with which goal; and how a series becomes one number.

The machine is shared and noisy, so that absolute times mean little. What is compared is measured interleaved in one
run, in CPU time where the figure is CPU, and given as medians; a figure is the ratio of two of them.
"""

import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. *goal* bounds the ratio: ``(">=", 8)`` or ``("<=", 1.5)``; None is only told."""

    group: str
    name: str
    ours: float
    unit: str
    baseline: float | None = None
    against: str = ""
    ratio: float | None = None
    goal: tuple[str, float] | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the ratio (or, without a baseline, the value itself) keeps to the goal."""
        if self.goal is None:
            return None
        sign, bound = self.goal
        value = self.ours if self.ratio is None else self.ratio
        return value >= bound if sign == ">=" else value <= bound

    def facts(self) -> dict[str, Any]:
        """The figure as JSON holds it."""
        return asdict(self) | {"met": self.met}


@dataclass(frozen=True, slots=True)
class Series:
    """One chart: bars by label for each of *names*."""

    group: str
    title: str
    unit: str
    labels: tuple[str, ...]
    names: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]  # one row for each name


@dataclass
class Found:
    """What a benchmark found."""

    figures: list[Figure] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)

    def __iadd__(self, other: "Found") -> "Found":
        self.figures += other.figures
        self.series += other.series
        return self


class Stopwatch:
    """Collects CPU milliseconds of this process by name."""

    def __init__(self) -> None:
        self.samples: dict[str, list[float]] = {}

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        """Add what the block took."""
        begun = time.process_time()
        yield
        self.add(name, (time.process_time() - begun) * 1000)

    def add(self, name: str, milliseconds: float) -> None:
        """Add what was measured elsewhere."""
        self.samples.setdefault(name, []).append(milliseconds)

    def median(self, name: str) -> float:
        """The median of what was collected under *name*."""
        return statistics.median(self.samples[name])


class Row:
    """One row of one table in memory: where each participant saves its state."""

    def __init__(self) -> None:
        self._database = sqlite3.connect(":memory:", isolation_level=None)
        self._database.execute("CREATE TABLE instance (id INTEGER PRIMARY KEY, state BLOB)")
        self._database.execute("INSERT INTO instance VALUES (1, x'')")

    def save(self, state: bytes | str) -> None:
        """Write the state."""
        self._database.execute("UPDATE instance SET state = ? WHERE id = 1", (state,))

    def load(self) -> Any:
        """Read the state."""
        return self._database.execute("SELECT state FROM instance WHERE id = 1").fetchone()[0]


def percentile(values: Sequence[float], share: float) -> float:
    """The value that *share* of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def interleaved(repeats: int, deeds: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Do each deed *repeats* times in turn; the median of what each gives."""
    seen: dict[str, list[float]] = {name: [] for name in deeds}
    for _ in range(repeats):
        for name, deed in deeds.items():
            seen[name].append(deed())
    return {name: statistics.median(values) for name, values in seen.items()}
