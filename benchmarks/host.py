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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
from sqlalchemy import update
from sqlalchemy.engine import make_url

from benchmarks.engine_room import START, XML
from benchmarks.figures import Figure, Found, Series, percentile
from benchmarks.procedure import Recorded, record
from benchmarks.servers import GRANIAN, Load, Request, Server, joined, serving
from engine.store.database import open_database
from engine.store.queries import tasks
from engine.store.tables import person
from tests.databases import PostgreSQLServer, SQLiteFiles
from tests.office import SOP, OfficeAtWork

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
NOTE = "naive checks nothing and holds the form data in its state; ours holds it by id, with everything on"


def bodies(recorded: Recorded) -> dict[str, dict[str, Any]]:
    """Return what is sent for each step: the values that the office typed, without files."""
    found = {}
    for element_id, (values, papers) in recorded.steps.items():
        sent = json.loads(json.dumps({k: v for k, v in (values | papers).items() if v is not None}))
        for row in sent.get("draft_laporan", {}).get("baris", ()) if element_id == "siapkan_data" else ():
            row.pop("bukti", None)
        found[element_id] = sent
    return found


# ── ours ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Office:
    """An office with a password for everybody, a server over it, and instances to be completed."""

    def __init__(self, url: str, data: Path, server: Server, at_work: OfficeAtWork) -> None:
        self.url, self.data, self.server, self.at_work = url, data, server, at_work
        self._started = 0

    def walk(self, driver: "Driver", sent: Mapping[str, dict[str, Any]], instances: int, clients: int) -> Load:
        """Take so many new instances from their first step to their end, a step of all of them at a time."""
        ids = [self._start() for _ in range(instances)]
        loads = []
        for element_id, account, item in STEPS:
            with self.at_work.database.read() as reader:
                open_now = tasks.open_of_instances(reader, ids)
            wanted = [t for id_ in ids for t in open_now[id_] if t.element_id == element_id and item in (None, t.item)]
            requests = [driver.completion(account, t.id, t.element_id, sent[element_id]) for t in wanted]
            assert len(requests) == instances
            loads.append(self.server.ask(requests, clients))
        return joined(loads)

    def _start(self) -> str:
        self._started += 1
        return self.at_work.start(year=str(2020 + self._started // len(PERIODS)), period=PERIODS[self._started % 5])


class Driver:
    """How a program or a browser completes a task."""

    def completion(self, account: str, task_id: str, element_id: str, body: dict[str, Any]) -> Request:
        """Return the request that completes a task."""
        raise NotImplementedError


class Api(Driver):
    """``POST /api/v1/tasks/{id}/complete`` with a bearer token."""

    name = "API"

    def __init__(self, office: Office) -> None:
        at_work, self._tokens = office.at_work, {}
        for account in {account for _, account, _ in STEPS}:
            _, text = at_work.services.tokens.issue(at_work.actor(account), "bench", 30, at_work.now)
            self._tokens[account] = text

    def completion(self, account: str, task_id: str, element_id: str, body: dict[str, Any]) -> Request:
        """Return the request that completes a task."""
        headers = {"Authorization": f"Bearer {self._tokens[account]}", "Content-Type": "application/json"}
        return Request("POST", f"/api/v1/tasks/{task_id}/complete", json.dumps({"values": body}).encode(), headers)


class Pages(Driver):
    """``POST /tugas/{id}/selesai`` as a browser without scripts sends it: session cookie and CSRF token."""

    name = "pages"

    def __init__(self, office: Office) -> None:
        self._office, self._sessions = office, {}
        for account in {account for _, account, _ in STEPS}:
            self._sessions[account] = self._sign_in(account)

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

    def _sign_in(self, account: str) -> tuple[str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self._office.server.port, timeout=30)
        cookie = ""

        def ask(method: str, path: str, body: str | None = None) -> str:
            nonlocal cookie
            headers = {"Cookie": cookie} | ({"Content-Type": "application/x-www-form-urlencoded"} if body else {})
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie" and value.startswith("session="):
                    cookie = value.partition(";")[0]
            return answer.read().decode()

        def token(page: str) -> str:
            found = re.search(r'name="csrf_token" value="([^"]+)"', page)
            assert found is not None, page[:500]
            return found.group(1)

        form = {"csrf_token": token(ask("GET", "/masuk")), "akun": account, "sandi": PASSWORD}
        ask("POST", "/masuk", urlencode(form))
        return cookie, token(ask("GET", "/akun"))


@contextmanager
def office_served(url: str, data: Path) -> Iterator[Office]:
    """Give an office at work behind ``alur serve``."""
    database = open_database(url, data)
    try:
        at_work = OfficeAtWork(database, data).open()
        hashed = at_work.services.accounts.hasher.hash(PASSWORD)
        with database.unguarded() as connection:
            connection.execute(update(person).values(password_hash=hashed))
            connection.commit()
        environment = {"ALUR_DATA": str(data), "ALUR_DATABASE_URL": url, "ALUR_WORKERS": "2", "ALUR_THREADS": "4"}
        with serving(("-m", "engine", "serve"), environment, path="/sehat") as server:
            yield Office(url, data, server, at_work)
    finally:
        database.close()


def driver_of(office: Office) -> Api | Pages:
    """Return the API's driver, or the pages' where there is no API."""
    connection = http.client.HTTPConnection("127.0.0.1", office.server.port, timeout=10)
    connection.request("POST", "/api/v1/tasks/0/complete", b"{}", {"Content-Type": "application/json"})
    return Api(office) if connection.getresponse().status in (401, 403) else Pages(office)


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


def naive_walk(server: Server, sent: Mapping[str, dict[str, Any]], instances: int, clients: int) -> Load:
    """The same walk through the naive host."""
    ids = [_naive_start(server) for _ in range(instances)]
    loads = []
    for element_id, _, item in STEPS:
        query = f"?item={item}" if item else ""
        body = json.dumps(sent[element_id]).encode()
        loads.append(
            server.ask([Request("POST", f"/complete/{id_}/{element_id}{query}", body) for id_ in ids], clients)
        )
    return joined(loads)


def _naive_start(server: Server) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", "/start", json.dumps(START))
    return connection.getresponse().read().decode()


def bare_commits(url: str, folder: Path, clients: int, seconds: float) -> float:
    """Return how many durable commits of one small row the database takes in a second."""
    until = time.perf_counter() + seconds
    counts = [0] * clients
    queue = threading.Lock()

    def client(number: int) -> None:
        deed, close = _committer(url, folder, queue)
        while time.perf_counter() < until:
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
    with tempfile.TemporaryDirectory(prefix="alur-bench-") as name:
        folder = Path(name)
        files, postgresql = SQLiteFiles(folder / "sqlite"), PostgreSQLServer(folder / "postgresql")
        (folder / "sqlite").mkdir()
        kinds: Sequence[tuple[str, Any]] = (
            (("SQLite", files),) if small else (("SQLite", files), ("PostgreSQL", postgresql))
        )
        try:
            for kind, maker in kinds:
                with maker.migrated() as url, maker.empty() as other_url:
                    if kind == "PostgreSQL":
                        make_durable(postgresql)
                    place = folder / kind
                    place.mkdir(mode=0o700)
                    found += _measured(kind, url, other_url, place, recorded, charted, small=small)
        finally:
            postgresql.stop()
    labels = tuple(charted)
    for title, unit, key in (("CPU of one completion, server only", "ms", "cpu"), ("Completions", "/s", "rate")):
        values = tuple(tuple(charted[label][f"{who} {key}"] for label in labels) for who in ("ours", "naive"))
        found.series.append(Series("host", title, unit, labels, ("Alur", "naive host"), values))
    return found


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
        for clients, instances in ((1, 1),) if small else ((1, 6), (8, 16)):
            ours, theirs, empty, commits = [], [], [], []
            if not small:
                office.walk(driver, sent, clients, clients)  # every worker has read the procedure once
                naive_walk(naive, sent, clients, clients)
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
