"""The check of the record: lines held to their chains and rows held to lines, against walking the chains alone.

One completed instance of the sample office is cloned under other ids, its chains computed anew, until
there are some hundred thousand lines with their rows. What is timed is this process's CPU, the least of several, both
ways in turn; files are not read. SQLite, where fetching is this process's work too.
"""

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

from benchmarks.figures import Figure, Found
from benchmarks.procedure import office_at_work
from engine.model.history import genesis, hashed_text, sha256_of
from engine.store.chains import verify
from engine.store.database import Database
from engine.store.proof import prove
from engine.store.tables import metadata
from engine.store.untyped import instant
from tests.office import OfficeAtWork
from tests.swept import swept

ID = re.compile(r"\b([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})\b")
GOAL = (">=", 50_000.0)
Rows = dict[str, list[dict[str, Any]]]


def completed(office: OfficeAtWork) -> str:
    """Return an instance that reached its end, its papers printed."""
    instance = office.start()
    office.until_analysis(instance)
    for element, account in (
        ("susun_analisis", "tim.sakip"),
        ("minta_persetujuan", "sekretaris"),
        ("tandatangani_persetujuan", "kepala.dinas"),
    ):
        office.do(account, instance, element)
    swept(office.services.printing, office.now)
    return instance


def clone(database: Database, instance: str, times: int) -> None:
    """Write *instance* again and again, with all its rows, each time under other ids and another series of numbers."""
    connection = sqlite3.connect(str(database.path), isolation_level=None)
    connection.row_factory = sqlite3.Row
    tables = [table for table in metadata.sorted_tables if "instance_id" in table.c or table.name == "instance"]
    of = {table.name: "id" if table.name == "instance" else "instance_id" for table in tables}
    rows: Rows = {
        name: [dict(row) for row in connection.execute(f'SELECT * FROM "{name}" WHERE {column} = ?', (instance,))]
        for name, column in of.items()
    }
    counters = [dict(row) for row in connection.execute("SELECT * FROM number_counter")]
    (office,) = connection.execute("SELECT id FROM installation").fetchone()
    connection.execute("BEGIN")
    for n in range(times):
        told = dict(_told_anew(rows, counters, f"-{n}"))
        told["history"] = list(_chained(told["history"], office))
        (its,) = told["instance"]
        its["history_hash"] = told["history"][-1]["hash"]
        for name, written in told.items():
            for row in written:
                names = ", ".join(f'"{column}"' for column in row)
                places = ", ".join("?" * len(row))
                connection.execute(f'INSERT INTO "{name}" ({names}) VALUES ({places})', list(row.values()))
    connection.execute("COMMIT")
    connection.close()


def _told_anew(rows: Rows, counters: list[dict[str, Any]], series: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    definition = {rows["instance"][0]["definition_id"]}
    kept = {row["series"] for row in counters}
    ids: dict[str, str] = {}

    def other(found: re.Match[str]) -> str:
        text = found.group()
        if text in definition:
            return text
        return ids.setdefault(text, str(uuid4()) if "-" in text else uuid4().hex)

    def anew(column: str, value: Any) -> Any:
        if not isinstance(value, str) or column in ("hash", "previous_hash", "sha256", "content"):
            return value
        if column == "series":
            return value + series
        if column in ("instance_key", "code") and value not in kept:
            return value + series
        return re.sub(r'("code":"[^"]*|"key":"[^"]*|"series":"[^"]*)', rf"\1{series}", ID.sub(other, value))

    for name, those in {**rows, "number_counter": counters}.items():
        if name != "draft":
            yield name, [{column: anew(column, value) for column, value in row.items()} for row in those]


def _chained(lines: list[dict[str, Any]], office: str) -> Iterator[dict[str, Any]]:
    head = genesis(office, lines[0]["stream"])
    for line in sorted(lines, key=lambda line: int(line["seq"])):
        said = {**line, "at": instant(line["at"]), "previous_hash": head}
        del said["hash"]
        head = sha256_of(hashed_text(**said))
        yield {**line, "previous_hash": said["previous_hash"], "hash": head}


def run(*, small: bool = False) -> Found:
    """Measure lines a second with their rows, and beside it of the chains alone."""
    with office_at_work() as office:
        instance = completed(office)
        clone(office.database, instance, 2 if small else 1_000)
        with office.database.read() as reader:
            deeds: dict[str, Callable[[], Any]] = {"rows": lambda: prove(reader), "chains": lambda: verify(reader)}
            took = dict.fromkeys(deeds, float("inf"))
            for _ in range(1 if small else 3):
                for name, deed in deeds.items():
                    begun = time.process_time()
                    report = deed()
                    took[name] = min(took[name], time.process_time() - begun)
                    if not report.sound:
                        raise AssertionError(report.faults[:3])
    with_rows, alone = (report.lines / took[name] for name in ("rows", "chains"))
    against = f"{alone:,.0f} lines/s of the chains alone"
    goal = None if small else GOAL
    name = f"SQLite, {report.lines:,} lines in {report.streams:,} streams, held to their rows"
    return Found([Figure("proof", name, with_rows, "lines/s", alone, against, goal=goal)])
