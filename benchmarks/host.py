"""The host: durable completions over HTTP with permission, validation, inbox row, history line and hash on.

Each database is measured as it is meant to be run: SQLite with ``synchronous=FULL``, PostgreSQL with ``fsync=on``. Many
instances of the sample SOP go through it step by step, so that the clock sees nothing but completions. In the same run
and with the same Granian stand the naive host (which checks nothing), an empty page, and bare durable commits.
"""

import http.client
import json
import re
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
from sqlalchemy import update
from sqlalchemy.engine import make_url

from benchmarks.engine_room import START, XML
from benchmarks.figures import Figure, Found, Series, percentile
from benchmarks.procedure import Recorded, offices, plan_years, record
from benchmarks.servers import GRANIAN, Load, Request, Server, joined, serving
from engine.service.people.accounts import Retyped
from engine.store.database import open_database
from engine.store.queries import tasks
from engine.store.tables import person
from tests.databases import PostgreSQLServer, SQLiteFiles
from tests.office import FRIDAY, SOP, WIB, OfficeAtWork

PASSWORD = "kuda-baterai-staples"
PERIODS = ("I", "II", "III", "IV", "tahunan")
HOLDERS = ("pemegang.data.1", "pemegang.data.2")
STEPS = (
    ("perintahkan_pengumpulan_data", "kepala.dinas", None),
    ("siapkan_kertas_kerja", "sekretaris", None),
    ("susun_jadwal", "tim.sakip", None),
    *(("siapkan_data", holder, holder) for holder in HOLDERS),
    ("susun_analisis", "tim.sakip", None),
    ("minta_persetujuan", "sekretaris", None),
    ("tandatangani_persetujuan", "kepala.dinas", None),
)
DAY = re.compile(r"\d{4}-\d\d-\d\d")
NOTE = "naive checks nothing and holds the form data in its state; ours holds it by id, with everything on"


Bodies = Mapping[tuple[str, str | None], dict[str, Any]]
Maker = SQLiteFiles | PostgreSQLServer


def bodies(recorded: Recorded) -> Bodies:
    """Return what is sent for each step and item: what the office typed, without files, its dates moved to now."""
    found = {}
    later = datetime.now(WIB).date() - FRIDAY.astimezone(WIB).date()
    for element_id, _, item in STEPS:
        values, papers = recorded.steps[element_id]
        typed = values | (recorded.parts[item] if item else papers)
        sent = _later({k: v for k, v in typed.items() if v is not None}, later)
        for row in sent.get("draft_laporan", {}).get("baris", ()) if item else ():
            for name in ("bukti", "realisasi", "pembilang", "penyebut", "capaian"):  # a figure would need its file
                row.pop(name, None)
            row["alasan_belum_tersedia"] = "Belum terbit"
        found[element_id, item] = sent
    return found


def _later(value: Any, later: timedelta) -> Any:
    match value:
        case dict():
            return {key: _later(held, later) for key, held in value.items()}
        case list():
            return [_later(held, later) for held in value]
        case str() if DAY.fullmatch(value):
            return (date.fromisoformat(value) + later).isoformat()
        case _:
            return value


# ── ours ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Office:
    """An office with a password for everybody, a server over it, and instances to be completed."""

    def __init__(self, server: Server, at_work: OfficeAtWork) -> None:
        self.server, self.at_work = server, at_work
        self._started = 0

    def walk(self, driver: "Driver", sent: Bodies, instances: int, clients: int) -> Load:
        """Take so many new instances from their first step to their end, a step of all of them at a time."""
        ids = [self._start() for _ in range(instances)]
        loads = []
        for element_id, account, item in STEPS:
            with self.at_work.database.read() as reader:
                open_now = tasks.open_of_instances(reader, ids)
            wanted = [t for id_ in ids for t in open_now[id_] if t.element_id == element_id and item in (None, t.item)]
            requests = [driver.completion(account, t.id, t.element_id, sent[element_id, item]) for t in wanted]
            assert len(requests) == instances
            loads.append(self.server.ask(requests, clients))
            for id_ in ids:
                self.at_work.approve(id_)
        return joined(loads)

    def _start(self) -> str:
        self._started += 1
        return self.at_work.start(year=str(2025 + self._started // len(PERIODS)), period=PERIODS[self._started % 5])


class Driver:
    """How a program or a browser completes a task."""

    def completion(self, account: str, task_id: str, element_id: str, body: dict[str, Any]) -> Request:
        """Return the request that completes a task."""
        raise NotImplementedError


class Api(Driver):
    """``POST /api/v1/tasks/{id}/completion`` with a bearer token."""

    name = "API"

    def __init__(self, office: Office) -> None:
        at_work, self._tokens = office.at_work, {}
        for account in {account for _, account, _ in STEPS}:
            retyped = Retyped(PASSWORD, "-")
            _, text = at_work.services.tokens.issue(at_work.actor(account), "bench", 30, ["work"], retyped, at_work.now)
            self._tokens[account] = text

    def completion(self, account: str, task_id: str, element_id: str, body: dict[str, Any]) -> Request:
        """Return the request that completes a task."""
        headers = {"Authorization": f"Bearer {self._tokens[account]}", "Content-Type": "application/json"}
        return Request("POST", f"/api/v1/tasks/{task_id}/completion", json.dumps({"values": body}).encode(), headers)


class Pages(Driver):
    """``POST /tugas/{id}/selesai`` as a browser without scripts sends it: session cookie and CSRF token."""

    name = "pages"

    def __init__(self, office: Office) -> None:
        self._office = office
        self._sessions = {account: sign_in(office.server.port, account) for account in {a for _, a, _ in STEPS}}

    def completion(self, account: str, task_id: str, element_id: str, body: dict[str, Any]) -> Request:
        """Return the request that completes a task."""
        cookie, token = self._sessions[account]
        at_work = self._office.at_work
        with at_work.database.read() as reader:
            form = at_work.services.tasks.procedures.in_force(reader, SOP).form_of(element_id)
        entries = form.posted(body, "id", str)
        sent = urlencode({"csrf_token": token, **entries}, doseq=True).encode()
        headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        return Request("POST", f"/tugas/{task_id}/selesai", sent, headers, expected=303)


def sign_in(port: int, account: str) -> tuple[str, str]:
    """Sign in as a browser does; the cookie to send and the CSRF token of the session."""
    cookie = ""

    def ask(method: str, path: str, body: str = "") -> str:
        nonlocal cookie
        headers = {"Cookie": cookie} | ({"Content-Type": "application/x-www-form-urlencoded"} if body else {})
        _, given, text = asked(port, method, path, body, headers)
        cookie = (given or cookie).partition(";")[0]
        return text

    def token(page: str) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert found is not None, page[:500]
        return found.group(1)

    form = {"csrf_token": token(ask("GET", "/masuk")), "akun": account, "sandi": PASSWORD}
    ask("POST", "/masuk", urlencode(form))
    found = token(ask("GET", "/akun"))  # its answer changes the cookie
    return cookie, found


def asked(
    port: int, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None
) -> tuple[int, str | None, str]:
    """Send one request; the answer's status, cookie and text."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path, body or None, dict(headers or {}))
        answer = connection.getresponse()
        cookies = answer.headers.get_all("Set-Cookie") or ()
        session = next((each for each in cookies if each.startswith("alur=")), None)
        return answer.status, session, answer.read().decode()


def planned(url: str, data: Path) -> None:
    """Open an office with a password for everybody, and plans for many years; offices begin with copies of it."""
    data.mkdir(mode=0o700)
    database = open_database(url, data)
    try:
        at_work = OfficeAtWork(database, data, datetime.now(UTC)).open()
        plan_years(at_work)
        hashed = at_work.services.accounts.hasher.hash(PASSWORD)
        with database.unguarded() as connection:
            connection.execute(update(person).values(password_hash=hashed))
    finally:
        database.close()


@contextmanager
def office_of(url: str, data: Path) -> Iterator[OfficeAtWork]:
    """Give the planned office of a database, at work."""
    database = open_database(url, data)
    try:
        yield OfficeAtWork(database, data, datetime.now(UTC))
    finally:
        database.close()


@contextmanager
def served(url: str, data: Path) -> Iterator[Server]:
    """Give ``alur serve`` over an office's database."""
    environment = {"ALUR_DATA": str(data), "ALUR_DATABASE_URL": url, "ALUR_WORKERS": "2", "ALUR_THREADS": "4"}
    with serving(("-m", "engine", "serve"), environment, path="/sehat") as server:
        yield server


@contextmanager
def office_served(url: str, data: Path) -> Iterator[Office]:
    """Give an office at work behind ``alur serve``."""
    with office_of(url, data) as at_work, served(url, data) as server:
        yield Office(server, at_work)


def driver_of(office: Office) -> Api | Pages:
    """Return the API's driver, or the pages' where there is no API."""
    path, headers = "/api/v1/tasks/0/completion", {"Content-Type": "application/json"}
    status, _, _ = asked(office.server.port, "POST", path, "{}", headers)
    return Api(office) if status in (401, 403) else Pages(office)


# ── baselines ───────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def naive_served(url: str, recorded: Recorded, folder: Path) -> Iterator[Server]:
    """Give the naive host behind the same Granian, on a database of the same kind."""
    diagram = folder / "naive.bpmn"
    diagram.write_bytes(recorded.files[XML])
    kind = make_url(url)
    if kind.get_backend_name() == "postgresql":
        place = kind.set(drivername="postgresql").render_as_string(hide_password=False)
    else:
        place = str(folder / "naive.db")
    environment = {"NAIVE_DATABASE": place, "NAIVE_DIAGRAM": str(diagram), "NAIVE_PROCESS": SOP}
    with serving((*GRANIAN, "--port", "PORT", "benchmarks.naive_host:application"), environment) as server:
        yield server


def naive_walk(server: Server, sent: Bodies, instances: int, clients: int) -> Load:
    """The same walk through the naive host."""
    ids = [_naive_start(server) for _ in range(instances)]
    loads = []
    for element_id, _, item in STEPS:
        query = f"?item={item}" if item else ""
        body = json.dumps(sent[element_id, item]).encode()
        loads.append(
            server.ask([Request("POST", f"/complete/{id_}/{element_id}{query}", body) for id_ in ids], clients)
        )
    return joined(loads)


def _naive_start(server: Server) -> str:
    return asked(server.port, "POST", "/start", json.dumps(START))[2]


def bare_commits(url: str, folder: Path, clients: int, seconds: float) -> float:
    """Return how many durable commits of one small row the database takes in a second."""
    until = time.perf_counter() + seconds
    counts = [0] * clients
    queue = threading.Lock()

    def client(number: int) -> None:
        deed, close = _committer(url, folder, queue)
        while not counts[number] or time.perf_counter() < until:
            deed()
            counts[number] += 1
        close()

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - begun)


def _committer(url: str, folder: Path, queue: threading.Lock) -> tuple[Callable[[], None], Callable[[], None]]:
    kind = make_url(url)
    create = "CREATE TABLE IF NOT EXISTS bare (id VARCHAR(36), content VARCHAR(200))"
    if kind.get_backend_name() == "postgresql":
        place = kind.set(drivername="postgresql").render_as_string(hide_password=False)
        opened = psycopg.connect(place, autocommit=True)
        with queue:
            opened.execute(create)

        def insert() -> None:
            opened.execute("INSERT INTO bare VALUES ('x', 'y')")

        return insert, opened.close
    file = sqlite3.connect(folder / "bare.db", isolation_level=None, timeout=30)
    with queue:
        file.execute("PRAGMA journal_mode = wal")
        file.execute("PRAGMA synchronous = full")
        file.execute(create)

    def one() -> None:
        with queue:  # one writer at a time, as fair as can be
            file.execute("INSERT INTO bare VALUES ('x', 'y')")

    return one, file.close


# ── the run ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def run(*, small: bool = False) -> Found:
    """Measure the host on both databases."""
    recorded = record()
    found = Found()
    charted: dict[str, dict[str, float]] = {}
    with databases(small=small) as kinds:
        for kind, (maker, folder) in kinds.items():
            with maker.prepared(planned, folder) as url, maker.empty() as other_url:
                found += _measured(kind, url, other_url, folder, recorded, charted, small=small)
    labels = tuple(charted)
    for title, unit, key in (("CPU of one completion, server only", "ms", "cpu"), ("Completions", "/s", "rate")):
        values = tuple(tuple(charted[label][f"{who} {key}"] for label in labels) for who in ("ours", "naive"))
        found.series.append(Series("host", title, unit, labels, ("Alur", "naive host"), values))
    return found


@contextmanager
def databases(*, small: bool) -> Iterator[dict[str, tuple[Maker, Path]]]:
    """Give makers of durable databases by kind, each with a folder for what else the office writes."""
    with tempfile.TemporaryDirectory(prefix="alur-bench-") as name, ExitStack() as stack:
        folders = {kind: Path(name) / kind for kind in (("SQLite",) if small else ("SQLite", "PostgreSQL"))}
        found: dict[str, tuple[Maker, Path]] = {}
        for kind, folder in folders.items():
            (folder / "made").mkdir(parents=True)
            (folder / "office").mkdir(mode=0o700)
            maker: Maker = offices() if small else SQLiteFiles(folder / "made")
            if kind == "PostgreSQL":
                maker = PostgreSQLServer(folder / "made")
                stack.callback(maker.stop)
                make_durable(maker)
            found[kind] = (maker, folder / "office")
        yield found


def make_durable(server: PostgreSQLServer) -> None:
    """Turn on what the tests turn off: a commit waits for the disk."""
    server._administer(
        "ALTER SYSTEM SET fsync = on", "ALTER SYSTEM SET full_page_writes = on", "SELECT pg_reload_conf()"
    )
    time.sleep(0.5)


def _measured(
    kind: str,
    url: str,
    other_url: str,
    folder: Path,
    recorded: Recorded,
    charted: dict[str, dict[str, float]],
    *,
    small: bool,
) -> Found:
    found, sent = Found(), bodies(recorded)
    rounds = 1 if small else 4
    with ExitStack() as stack:
        office = stack.enter_context(office_served(url, folder))
        naive = stack.enter_context(naive_served(other_url, recorded, folder))
        driver = driver_of(office)
        if not small:  # every worker has read the procedure and met every form
            office.walk(driver, sent, 16, 8)
            naive_walk(naive, sent, 16, 8)
        for clients, instances in ((1, 1),) if small else ((1, 6), (8, 16)):
            ours, theirs, empty, commits = [], [], [], []
            for _ in range(rounds):
                ours.append(office.walk(driver, sent, instances, clients))
                theirs.append(naive_walk(naive, sent, instances, clients))
                empty.append(naive.ask([Request("GET", "/")] * (20 if small else 400), clients))
                commits.append(
                    bare_commits(url if kind == "SQLite" else other_url, folder, clients, 0.05 if small else 0.7)
                )
            label = f"{kind}, {clients} client{'s' if clients > 1 else ''}"
            found += _told(label, driver.name, joined(ours), joined(theirs), joined(empty), statistics.median(commits))
            charted[label] = {
                "ours cpu": joined(ours).cpu_each,
                "naive cpu": joined(theirs).cpu_each,
                "ours rate": joined(ours).rate,
                "naive rate": joined(theirs).rate,
            }
    return found


def _told(label: str, driver: str, ours: Load, naive: Load, empty: Load, commits: float) -> Found:
    found = Found()

    def tell(name: str, value: float, unit: str, baseline: float, against: str, **more: Any) -> None:
        figure = Figure("host", f"{label}, {name}", value, unit, baseline, against, value / baseline, **more)
        found.figures.append(figure)

    tell("CPU of a completion", ours.cpu_each, "ms CPU", naive.cpu_each, "naive host", goal=("<=", 1.0), note=NOTE)
    tell(f"completions over {driver}", ours.rate, "/s", naive.rate, "naive host", note=NOTE)
    tell("completions", ours.rate, "/s", commits, "bare durable commits")
    tell("completions", ours.rate, "/s", empty.rate, "empty page of the same server")
    p50, p99 = percentile(ours.latencies, 0.5), percentile(ours.latencies, 0.99)
    eight = "8 clients" in label
    tell("p99 of a completion", p99, "ms", p50, "its p50", goal=("<=", 5.0) if eight else None)
    tell("p99, naive host", percentile(naive.latencies, 0.99), "ms", percentile(naive.latencies, 0.5), "its p50")
    return found
