"""What ``make bench`` leaves behind: a table on the terminal, JSON, and one page of charts that needs no network."""

import json
import os
import platform
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks.figures import Figure, Found, Series

COLUMNS = ("benchmark", "ours", "unit", "baseline", "against", "ratio", "goal", "met")
WIDTH, BAR, GAP, LEFT, RIGHT = 760, 16, 10, 190, 90


def machine() -> dict[str, str]:
    """Return what the figures were measured on."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "cores": str(os.cpu_count()),
        "processor": _processor(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{name: version(name) for name in ("spiffworkflow", "sqlalchemy", "flask", "granian", "psycopg")},
    }


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as lines of text."""
    rows = [COLUMNS, *(row_of(figure) for figure in figures)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(COLUMNS))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def markdown(figures: Sequence[Figure]) -> str:
    """Return the machine and the figures as Markdown, for ``docs/performance.md``."""
    lines = [", ".join(f"{name} {value}" for name, value in machine().items()), ""]
    for cells in (COLUMNS, ("---",) * len(COLUMNS), *(row_of(figure) for figure in figures)):
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def row_of(figure: Figure) -> tuple[str, ...]:
    """Return one figure's line."""
    met = {True: "yes", False: "NO", None: ""}[figure.met]
    return (
        f"{figure.group}: {figure.name}",
        number(figure.ours),
        figure.unit,
        "" if figure.baseline is None else number(figure.baseline),
        figure.against,
        "" if figure.ratio is None else f"{number(figure.ratio)}x",
        "" if figure.goal is None else f"{figure.goal[0]} {number(figure.goal[1])}",
        met,
    )


def number(value: float) -> str:
    """Return a number with as many digits as mean something."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def write(found: Found, folder: Path) -> tuple[Path, Path]:
    """Write JSON and the page into *folder*; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    facts: dict[str, Any] = {"machine": machine(), "figures": [figure.facts() for figure in found.figures]}
    as_json = folder / "bench.json"
    as_json.write_text(json.dumps(facts, indent=1) + "\n")
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("report.html.jinja").render(
        machine=facts["machine"],
        columns=COLUMNS,
        rows=[(row_of(figure), figure.met, figure.note) for figure in found.figures],
        charts=[chart(series) for series in found.series],
        width=WIDTH,
        bar=BAR,
        left=LEFT,
    )
    as_page = folder / "bench.html"
    as_page.write_text(page)
    return as_json, as_page


def chart(series: Series) -> dict[str, Any]:
    """Return a series as bars with their places, for the template to draw."""
    most = max((value for row in series.values for value in row), default=0.0) or 1.0
    bars, y = [], 0
    groups = []
    for place, label in enumerate(series.labels):
        top = y
        for name, row in zip(series.names, series.values, strict=True):
            value = row[place]
            bars.append(
                {
                    "y": y,
                    "width": max(1.0, value / most * (WIDTH - LEFT - RIGHT)),
                    "text": f"{number(value)} {series.unit}",
                    "title": f"{label}, {name}",
                    "kind": series.names.index(name),
                }
            )
            y += BAR + 2
        groups.append({"label": label, "y": (top + y) / 2})
        y += GAP
    return {"title": series.title, "names": series.names, "bars": bars, "groups": groups, "height": y}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
