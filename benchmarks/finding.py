"""Search over an office of 100,000 instances, and over one of 1,000 in the same run.

Instances and tasks are copied as for the inbox (``benchmarks.inbox``); their entries are those that the worker wrote of
one instance that went through all steps (of its documents a third, lest the disk be what is measured), each with a
number of its own: sought are words that all have and words that one has, by who sees everything and by who sees a part.
"""

import statistics
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any
from urllib.parse import quote_plus

from sqlalchemy import func, select

from benchmarks.figures import Figure, Found, Series, percentile
from benchmarks.host import Office, bodies, databases, office_served, planned, sign_in
from benchmarks.inbox import EMPTY, Crowd, took
from benchmarks.procedure import record
from benchmarks.servers import Request
from engine.store.queries import search
from engine.store.tables import instance, task
from tests.office import OfficeAtWork, kept_for_search

AT_ONCE = 1_000
ASKED = (  # who seeks what: what one has, what all have, what nobody has
    ("auditor", "000.1.5/77/DPMPTSP/2026"),
    ("auditor", "triwulan i 2026"),
    ("auditor", "pengump kinerj undang"),
    ("auditor", "tidakadakatanya"),
    ("sekretaris", "triwulan"),
    ("pemegang.data.1", "triwulan i"),
    ("pemegang.data.1", "surat tugas 2026"),
)
GOAL = ("<=", 200.0)


def fill(at_work: OfficeAtWork, crowd: Crowd, instances: int) -> None:
    """Add instances until there are so many, and the entries of those that have none."""
    with at_work.database.read() as reader:
        there = reader.connection.scalar(select(func.count()).select_from(instance)) or 0
        its = select(search.ENTRY.c.instance_id, func.count().label("n")).group_by(search.ENTRY.c.instance_id)
        richest = its.order_by(func.count().desc()).limit(1).subquery()
        entries = reader.connection.execute(
            select(search.ENTRY).where(search.ENTRY.c.instance_id == richest.c.instance_id)
        ).mappings().all()  # fmt: skip
    crowd.add(instances - there)
    while True:
        with at_work.database.unguarded() as connection:
            kept = select(search.ENTRY.c.instance_id).where(search.ENTRY.c.kind == search.INSTANCE)
            lacking = select(instance.c.id, instance.c.title, instance.c.history_seq).where(instance.c.id.not_in(kept))
            rows = connection.execute(lacking.limit(AT_ONCE)).all()
            if not rows:
                break
            ids = [row.id for row in rows]
            tasks: dict[str, list[str]] = {}
            for id_, of in connection.execute(select(task.c.id, task.c.instance_id).where(task.c.instance_id.in_(ids))):
                tasks.setdefault(of, []).append(id_)
            new = [each for row in rows for each in _copied(entries, row, tasks.get(row.id, []))]
            search.keep(Connected(connection), ids, new)
    if at_work.database.dialect == "postgresql":
        with at_work.database.unguarded() as connection:
            connection.exec_driver_sql("ANALYZE")


class Connected:
    """A transaction, as queries ask for one."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection


def _copied(entries: Any, row: Any, tasks: list[str]) -> Iterator[search.Entry]:
    left, number, documents = iter(tasks), int(row.id[:8], 16) % 100_000, count()
    for each in entries:
        if each["kind"] == search.DOCUMENT and next(documents) % 3:
            continue
        facts = {name: each[name] for name in search.Entry.__dataclass_fields__}
        said = each["said"].replace("00015", f"0001{number}") + f" {row.id[:4]}"
        subject = row.id if each["kind"] == search.INSTANCE else each["subject"]
        subject = next(left, "") if each["kind"] == search.TASK else subject
        if subject:
            entry = search.Entry(**facts)
            yield replace(entry, instance_id=row.id, subject=subject, said=said, seq=row.history_seq)


def sought(office: Office, rounds: int) -> tuple[list[float], list[float], dict[tuple[str, str], float]]:
    """Return what pages of results took, what an empty page took, and the median of each search alone, all in ms."""
    at_work, cookies = office.at_work, {account: sign_in(office.server.port, account)[0] for account in dict(ASKED)}
    actors = {account: at_work.actor(account) for account in cookies}
    requests = [Request("GET", f"/cari?q={quote_plus(text)}", headers={"Cookie": cookies[who]}) for who, text in ASKED]
    office.server.ask(requests * min(rounds, 4), 1)
    pages: list[float] = []
    empty: list[float] = []
    alone: dict[tuple[str, str], list[float]] = {asked: [] for asked in ASKED}
    for _ in range(rounds):
        pages += office.server.ask(requests, 1).latencies
        empty += office.server.ask([EMPTY] * len(requests), 1).latencies
        for who, text in ASKED:
            alone[who, text].append(took(lambda w=who, t=text: at_work.services.finding.find(actors[w], t)))
    return pages, empty, {asked: statistics.median(found) for asked, found in alone.items()}


def run(*, small: bool = False) -> Found:
    """Measure search on both databases."""
    sent, found = bodies(record()), Found()
    sizes, rounds = ((30, 60), 1) if small else ((1_000, 100_000), 8)
    charted: dict[str, list[float]] = {}
    with databases(small=small) as kinds:
        for kind, (maker, folder) in kinds.items():
            with maker.prepared(planned, folder) as url, office_served(url, folder) as office:
                crowd, before = Crowd(office.at_work, sent), 0.0
                kept_for_search(office.at_work)
                for size in sizes:
                    fill(office.at_work, crowd, size)
                    pages, empty, of_one = sought(office, rounds)
                    label = f"{kind}, {size:,} instances"
                    p50, p95 = percentile(pages, 0.5), percentile(pages, 0.95)
                    against = (
                        (before, f"{sizes[0]:,} instances") if before else (statistics.median(empty), "empty page")
                    )
                    found.figures.append(Figure("finding", f"{label}, p50", p50, "ms", *against, p50 / against[0]))
                    wanted = GOAL if size == sizes[-1] and not small else None
                    found.figures.append(Figure("finding", f"{label}, p95", p95, "ms", goal=wanted))
                    for (who, text), ms in of_one.items():
                        found.figures.append(Figure("finding", f"{label}, {who} seeks {text}", ms, "ms"))
                    charted[label], before = [p50, p95], p50
    values = tuple(zip(*charted.values(), strict=True))
    found.series.append(Series("finding", "Search", "ms", tuple(charted), ("p50", "p95"), values))
    return found
