"""A worksheet of 500 rows: opened, validated and saved, its sheet written, read and looked at.

The procedure is a hospital's (``tests/counting``): every row has eight columns that somebody fills in, one that is
computed and a condition. "Opens" is the page of the grid with all rows in it; "validates and saves" is one cell sent by
the grid, and 500 rows at once; the form that holds the table leaves its rows out. All over HTTP, from one worker.
"""

import io
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from openpyxl import load_workbook

from benchmarks.figures import Figure, Found, interleaved
from benchmarks.host import Office, databases, office_served, planned, sign_in
from benchmarks.servers import Request
from engine.service.procedures.procedure import INDONESIAN
from engine.service.work.grids import GridRequest
from tests import counting

TABLE = "lembar.baris"
NURSE = "sekretaris"
GOAL = ("<=", 1_000.0)


def took(deed: Callable[[], Any]) -> float:
    """Return how many ms *deed* takes."""
    begun = time.perf_counter()
    deed()
    return (time.perf_counter() - begun) * 1000


def deeds(office: Office, rows: int) -> Iterator[tuple[str, Callable[[], float]]]:
    """Return what a nurse does with a sheet of *rows* rows, each timed."""
    at_work = office.at_work
    task = at_work.task(counting.begin(at_work, rows, room=f"Ruang {rows}"), "isi_lembar")
    address, nurse = f"/tugas/{task}/tabel/{TABLE}", at_work.actor(NURSE)
    cookie, token = sign_in(office.server.port, NURSE)
    grids = at_work.services.grids

    def table() -> GridRequest:
        return GridRequest(nurse, task, TABLE, INDONESIAN, datetime.now(UTC))

    def revision() -> int:
        return grids.open(table()).revision

    def sent(cells: Mapping[str, list[str]]) -> float:
        body = {**cells, "csrf_token": [token], "_revisi": [str(revision())]}
        headers = {
            "Cookie": cookie,
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Alur-Background": "1",
        }
        request = Request("POST", address, headers=headers, body=urlencode(body, doseq=True).encode())
        return office.server.ask([request], 1).latencies[0]

    def asked(path: str) -> float:
        return office.server.ask([Request("GET", path, headers={"Cookie": cookie})], 1).latencies[0]

    one = {f"{TABLE}.0.kode": ["ALAT-001"], f"{TABLE}.0.ada": ["12,5"]}
    every = counting.counted(rows)
    sent(every)
    name, content = grids.sheet(table(), "xlsx")
    assert re.search(r"\.xlsx$", name)
    book = load_workbook(io.BytesIO(content))
    for line in range(2, rows + 2):
        book.worksheets[0].cell(row=line, column=5).value = line * 1.25
    kept = io.BytesIO()
    book.save(kept)
    yield "opens", lambda: asked(address)
    yield "its form opens", lambda: asked(f"/tugas/{task}")
    yield "validates and saves one cell", lambda: sent(one)
    yield "validates and saves every row", lambda: sent(every)
    yield "is written as XLSX", lambda: asked(f"{address}/berkas.xlsx")
    yield (
        "a filled in XLSX is looked at",
        lambda: took(lambda: grids.look_at(table(), kept.getvalue())),
    )


def run(*, small: bool = False) -> Found:
    """Measure a long table against one of ten rows, on both databases."""
    found = Found()
    rows, rounds = (30, 1) if small else (500, 6)
    with databases(small=small) as kinds:
        for kind, (maker, folder) in kinds.items():
            with maker.prepared(planned, folder) as url, office_served(url, folder) as office:
                long, short = dict(deeds(office, rows)), dict(deeds(office, 10))
                timed = interleaved(
                    rounds,
                    {
                        f"{size} {name}": deed
                        for size, those in (("long", long), ("short", short))
                        for name, deed in those.items()
                    },
                )
                for name in long:
                    ours, baseline = timed[f"long {name}"], timed[f"short {name}"]
                    label = f"{kind}, {rows} rows: {name}"
                    against, goal = f"{baseline:.0f} ms of ten rows", None if small else GOAL
                    found.figures.append(Figure("grid", label, ours, "ms", baseline, against, goal=goal))
    return found
