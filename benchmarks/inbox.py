"""The inbox of an office with 1,000 and 50,000 open tasks, and the history of one instance with 10,000 lines.

One instance of the sample SOP goes through all steps; its rows before each step are the templates from which an office
of fifty people is filled: every lane and step, claimed and free tasks, named performers, due dates around now. The rows
are written set-wise and without history lines, which an inbox does not read. PostgreSQL is analysed afterwards, as its
autovacuum would do within a minute; SQLite is left as it is.
"""

import hashlib
import json
import math
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from itertools import cycle, islice
from typing import Any
from uuid import uuid4

from sqlalchemy import Table, func, insert, select

from benchmarks.figures import Figure, Found, Series, interleaved, percentile
from benchmarks.host import STEPS, Bodies, Office, bodies, databases, office_served, planned, sign_in
from benchmarks.procedure import record
from benchmarks.servers import Request
from engine.model.history import Action, HistoryEvent, canonical
from engine.model.people import SYSTEM
from engine.service.history.timelines import HistoryFilter
from engine.service.procedures.procedure import Values
from engine.service.work.inbox import TaskFilter, TaskView
from engine.store.queries import histories, instances, people
from engine.store.tables import instance, task
from tests.office import OfficeAtWork

SEED = 20250411
AT_ONCE = 2_000
CLAIMED = 0.4  # of the tasks that a lane of several people may claim
RETURNED = 0.05
COLLEAGUES = {"tim_sakip": 8, "pemegang_data": 38, "sekretaris": 2}
VIEWS = (
    ("kepala.dinas", "", TaskView()),
    ("sekretaris", "", TaskView()),
    ("sekretaris", "tampil=bersama", TaskView("free")),
    ("tim.sakip", "", TaskView()),
    ("tim.sakip", "tampil=bersama", TaskView("free")),
    ("tim.sakip", "tampil=selesai", TaskView("done")),
    ("pemegang.data.1", "", TaskView()),
)
FILTERS = (
    ("tim.sakip", "cari=Berkas+ab", TaskView(narrowed=TaskFilter(text="Berkas ab"))),
    ("tim.sakip", "cari=tidak+ada", TaskView(narrowed=TaskFilter(text="tidak ada"))),
    ("tim.sakip", "sop=tidak_ada", TaskView(narrowed=TaskFilter(process_id="tidak_ada"))),
    ("tim.sakip", "periode=2024", TaskView(narrowed=TaskFilter(until=date(2024, 12, 31)))),
    ("tim.sakip", "waktu=tanpa", TaskView(narrowed=TaskFilter(undated=True))),
    ("tim.sakip", "kembali=1", TaskView(narrowed=TaskFilter(returned=True))),
    ("tim.sakip", "urut=judul", TaskView(sort="title")),
    ("tim.sakip", "tampil=menunggu", TaskView("waiting")),
    ("tim.sakip", "tampil=menunggu&orang=sekret.1", TaskView("waiting", TaskFilter(holders={"sekret.1"}))),
)
EMPTY = Request("GET", "/sehat")
GOAL, FILTER_GOAL = ("<=", 100.0), ("<=", 200.0)


@dataclass(frozen=True, slots=True)
class Template:
    """The rows of an instance before one of its steps."""

    instance: Mapping[str, Any]
    tasks: tuple[Mapping[str, Any], ...]


class Crowd:
    """Fills an office with instances until so many tasks are open."""

    def __init__(self, at_work: OfficeAtWork, sent: Bodies) -> None:
        self._at_work, self._chance = at_work, random.Random(SEED)
        for role, count in COLLEAGUES.items():
            for number in range(1, count + 1):
                at_work.hire(f"{role[:6]}.{number}", role)  # short: the id of a membership names both
        with at_work.database.read() as reader:
            members = people.members(reader, at_work.services.office.today(at_work.now))
        self._members = {role: sorted(of_role) for role, of_role in members.items()}
        self._templates = cycle(_templates(at_work, sent))
        with at_work.database.read() as reader:
            counting = select(func.count()).select_from(task).where(task.c.status == "ready")
            self._open = reader.connection.scalar(counting) or 0

    def grow(self, wanted: int) -> None:
        """Add instances until *wanted* tasks are open."""
        while self._open < wanted:
            self.add(AT_ONCE, wanted)

    def add(self, instances: int, wanted: float = math.inf) -> None:
        """Add so many instances, or fewer once *wanted* tasks are open."""
        with self._at_work.database.unguarded() as connection:
            for first in range(0, instances, AT_ONCE):
                rows: dict[Table, list[dict[str, Any]]] = {instance: [], task: []}
                while self._open < wanted and len(rows[instance]) < min(AT_ONCE, instances - first):
                    one, tasks = self._copy(next(self._templates))
                    rows[instance].append(one)
                    rows[task] += tasks
                    self._open += sum(row["status"] == "ready" for row in tasks)
                for table, added in rows.items():
                    connection.execute(insert(table), added)
            if self._at_work.database.dialect == "postgresql":
                connection.exec_driver_sql("ANALYZE")

    def _copy(self, template: Template) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        id_, age = str(uuid4()), timedelta(minutes=self._chance.randrange(40 * 24 * 60))
        title = f"{template.instance['title']} · Berkas {id_[:4]}"
        one = _aged(template.instance, age) | {"id": id_, "instance_key": None, "title": title}
        return one, [self._task(_aged(row, age), id_) for row in template.tasks]

    def _task(self, row: dict[str, Any], instance_id: str) -> dict[str, Any]:
        row |= {"id": uuid4().hex, "instance_id": instance_id, "activation": uuid4().hex}
        members = self._members[row["role"]]
        if row["performer"]:
            row["performer"] = row["item"] = self._chance.choice(members)
        if row["status"] == "completed":
            row["completed_by"] = row["assignee"] = row["performer"] or self._chance.choice(members)
        else:
            due = datetime.now(UTC) + timedelta(minutes=self._chance.randrange(-10 * 24 * 60, 20 * 24 * 60))
            row |= {"due_at": due, "first_due_at": due}
            if self._chance.random() < RETURNED:
                row |= {"returned_by": "tim.sakip", "returned_reason": "Rekap bukan dari periode ini."}
            if not row["performer"] and len(members) > 1 and self._chance.random() < CLAIMED:
                row |= {"assignee": self._chance.choice(members), "assigned_at": row["created_at"]}
        return row


def _aged(row: Mapping[str, Any], age: timedelta) -> dict[str, Any]:
    return {key: value - age if isinstance(value, datetime) else value for key, value in row.items()}


def _templates(at_work: OfficeAtWork, sent: Bodies) -> list[Template]:
    id_ = at_work.start(year="2026", period="I")
    found = []
    for element_id, account, item in STEPS:
        with at_work.database.read() as reader:
            [one] = reader.connection.execute(select(instance).where(instance.c.id == id_)).mappings()
            tasks = reader.connection.execute(select(task).where(task.c.instance_id == id_)).mappings()
            found.append(Template(dict(one), tuple(dict(row) for row in tasks)))
        place = at_work.task(id_, element_id, item)
        values = Values(sent[element_id, item])
        at_work.services.tasks.complete(at_work.actor(account), place, values, at_work.now)
        at_work.approve(id_)
    return found


# ── the inbox ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Timed:
    """What a reader waited for, in ms."""

    pages: tuple[float, ...]
    alone: tuple[float, ...]
    empty: tuple[float, ...]


def browse(office: Office, rounds: int, views: Sequence[tuple[str, str, TaskView]]) -> Timed:
    """Open every view *rounds* times over HTTP and through the service alone, an empty page in between."""
    at_work = office.at_work
    cookies = {account: sign_in(office.server.port, account)[0] for account in {who for who, _, _ in views}}
    actors = {account: at_work.actor(account) for account in cookies}
    requests = [Request("GET", f"/tugas?{query}", headers={"Cookie": cookies[who]}) for who, query, _ in views]
    office.server.ask(requests * min(rounds, 4), 1)  # every worker has read the procedure once
    pages: list[float] = []
    alone: list[float] = []
    empty: list[float] = []
    for _ in range(rounds):
        pages += office.server.ask(requests, 1).latencies
        empty += office.server.ask([EMPTY] * len(requests), 1).latencies
        alone += [
            took(lambda a=actors[who], v=view: at_work.services.inbox.page(a, datetime.now(UTC), v))
            for who, _, view in views
        ]
    return Timed(tuple(pages), tuple(alone), tuple(empty))


def took(deed: Callable[[], Any]) -> float:
    """Return how many ms *deed* takes."""
    begun = time.perf_counter()
    deed()
    return (time.perf_counter() - begun) * 1000


def inbox_figures(label: str, timed: Timed, goal: tuple[str, float] | None) -> Iterator[Figure]:
    """Return the figures of an inbox."""
    for name, ours in (("page", timed.pages), ("service alone", timed.alone)):
        p50, p95, empty = percentile(ours, 0.5), percentile(ours, 0.95), statistics.median(timed.empty)
        yield Figure("inbox", f"{label}, {name} p50", p50, "ms", empty, "an empty page", p50 / empty)
        wanted = goal if name == "page" else None
        yield Figure("inbox", f"{label}, {name} p95", p95, "ms", percentile(timed.empty, 0.95), "its p95", goal=wanted)


# ── the history ─────────────────────────────────────────────────────────────────────────────────────────────────────


def lengthen(at_work: OfficeAtWork, instance_id: str, count: int) -> None:
    """Record what happened in an instance again and again, until its history has *count* lines."""
    with at_work.database.read() as reader:
        kept = instances.by_id(reader, instance_id)
        lines, total = histories.timeline(reader, f"instance:{instance_id}", HistoryFilter(), limit=100)
    assert kept is not None
    deeds = [
        HistoryEvent(Action(line.action), line.element_id, line.task_id, json.loads(line.change), line.actor)
        for line in lines
    ]
    with at_work.database.write(SYSTEM, at_work.now) as work:
        work.record_instance(kept, list(islice(cycle(deeds), count - total)))


def hashed(at_work: OfficeAtWork, instance_id: str) -> list[bytes]:
    """Return the bytes that an instance's hashes cover, line by line."""
    with at_work.database.read() as reader:
        lines, _ = histories.timeline(reader, f"instance:{instance_id}", HistoryFilter(), limit=1_000_000)
    facts = [{f.name: getattr(line, f.name) for f in fields(line) if f.name != "hash"} for line in lines]
    return [canonical(each).encode() for each in facts]


def history_figures(kind: str, office: Office, count: int, rounds: int) -> Iterator[Figure]:
    """Return how long it takes to open and to verify a history of *count* lines."""
    at_work = office.at_work
    auditor, (cookie, _) = at_work.actor("auditor"), sign_in(office.server.port, "auditor")
    short, long = at_work.start(year="2027", period="I"), at_work.start(year="2027", period="II")
    lengthen(at_work, long, count)
    content = hashed(at_work, long)
    pages = {
        name: Request("GET", f"/instans/{id_}/riwayat", headers={"Cookie": cookie})
        for name, id_ in (("short", short), ("long", long))
    }
    office.server.ask([*pages.values()] * min(rounds, 4), 1)
    found = interleaved(
        rounds,
        {
            **{name: lambda r=request: office.server.ask([r], 1).latencies[0] for name, request in pages.items()},
            "short alone": lambda: took(
                lambda: at_work.services.histories.of_instance(auditor, short, HistoryFilter())
            ),
            "long alone": lambda: took(lambda: at_work.services.histories.of_instance(auditor, long, HistoryFilter())),
            "verify": lambda: took(lambda: at_work.services.histories.verify(auditor, long)),
            "hash": lambda: took(lambda: [hashlib.sha256(each).hexdigest() for each in content]),
        },
    )
    label = f"{kind}, history of {count:,} lines"
    for name, ours, baseline, against in (
        ("page", "long", "short", "of a new instance"),
        ("first hundred lines alone", "long alone", "short alone", "of a new instance"),
        ("verify", "verify", "hash", "hashing its bytes alone"),
    ):
        yield Figure(
            "inbox", f"{label}, {name}", found[ours], "ms", found[baseline], against, found[ours] / found[baseline]
        )


def run(*, small: bool = False) -> Found:
    """Measure inbox and history on both databases."""
    sent, found = bodies(record()), Found()
    sizes, lines, rounds = ((100,), 200, 1) if small else ((1_000, 50_000), 10_000, 8)
    charted: dict[str, list[float]] = {}
    with databases(small=small) as kinds:
        for kind, (maker, folder) in kinds.items():
            with maker.prepared(planned, folder) as url, office_served(url, folder) as office:
                crowd = Crowd(office.at_work, sent)
                for size in sizes:
                    crowd.grow(size)
                    timed = browse(office, rounds, VIEWS)
                    label, whole = f"{kind}, {size:,} open tasks", size == sizes[-1] and not small
                    found.figures += inbox_figures(label, timed, GOAL if whole else None)
                    narrowed = browse(office, rounds, FILTERS)
                    found.figures += inbox_figures(f"{label}, filtered", narrowed, FILTER_GOAL if whole else None)
                    charted[label] = [percentile(timed.pages, 0.95), percentile(timed.alone, 0.95)]
                found.figures += history_figures(kind, office, lines, rounds)
    values = tuple(zip(*charted.values(), strict=True))
    found.series.append(Series("inbox", "Inbox, p95", "ms", tuple(charted), ("page", "service alone"), values))
    return found
