"""What every test may ask for: a clock that stands still, a person who acts, and databases of both kinds."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from _pytest.nodeid import NodeId

from engine import logs
from engine.model.people import Actor, Capacity, Membership
from engine.store.database import Database, open_database
from tests.databases import KINDS, PostgreSQLServer, SQLiteFiles
from tests.office import STAFF, OfficeAtWork, prepare
from tests.s3 import S3Server
from tests.sparing import spare

spare()
logs.configure()  # as servers log; structlog's own default draws every traceback with all its locals, for seconds
MAKERS = {"sqlite": "sqlite_files", "postgresql": "postgresql_server"}
MONDAY_MORNING = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)  # 09.00 in the office


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep tests of a group in one worker, as pytest-xdist means to: it writes the group into a name that pytest 9.2
    does not read any more, and every worker then starts a browser, an S3 server and a provider of its own.
    """
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        marker = item.get_closest_marker("xdist_group")
        if marker and not item.nodeid.endswith(f"@{marker.args[0]}"):
            item._id = NodeId.parse(f"{item.nodeid}@{marker.args[0]}")
            assert item.nodeid.endswith(f"@{marker.args[0]}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """End the browser after the last of several stories in a row that need one."""
    try:
        yield
    finally:
        chromium = sys.modules.get("tests.chromium")
        if chromium and (nextitem is None or nextitem.get_closest_marker("browser") is None):
            chromium.let_go()


@dataclass
class Clock:
    """A clock that stands still until somebody moves it."""

    now: datetime = MONDAY_MORNING

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **time: float) -> datetime:
        """Move on by *time* (``hours=1``) and return the new now."""
        self.now += timedelta(**time)
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at nine on a Monday morning of the office."""
    return Clock()


@pytest.fixture
def now(clock: Clock) -> datetime:
    """The instant at which the test happens."""
    return clock.now


@pytest.fixture
def actor() -> Actor:
    """Ani, who works in the role ``staf``."""
    membership = Membership("m-ani", "ani", "staf", Capacity.DEFINITIVE, date(2025, 1, 1), None, None)
    return Actor("ani", "Ani", (membership,), name_commitment="a" * 64)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """The folder of everything that Alur writes, empty."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> SQLiteFiles:
    """The maker of SQLite databases."""
    return SQLiteFiles(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQLServer]:
    """The maker of PostgreSQL databases; each worker of pytest-xdist has its own."""
    if "postgresql" not in KINDS:
        pytest.skip("PostgreSQL was left out by ALUR_TEST_DATABASES")
    server = PostgreSQLServer(tmp_path_factory.mktemp("postgresql"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server; each worker of pytest-xdist that needs one has its own."""
    server = S3Server(tmp_path_factory.mktemp("s3"))
    yield server
    server.stop()


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """The S3 server, answering, with its address and keys in the environment."""
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    yield s3_server
    s3_server.start()


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """Each kind of database in turn."""
    return str(request.param)


@pytest.fixture
def databases(database_kind: str, request: pytest.FixtureRequest) -> SQLiteFiles | PostgreSQLServer:
    """The maker of databases of the kind in turn."""
    maker: SQLiteFiles | PostgreSQLServer = request.getfixturevalue(MAKERS[database_kind])
    return maker


@pytest.fixture
def empty_database_url(databases: SQLiteFiles | PostgreSQLServer) -> Iterator[str]:
    """The URL of a database without tables."""
    with databases.empty() as url:
        yield url


@pytest.fixture
def database_url(databases: SQLiteFiles | PostgreSQLServer) -> Iterator[str]:
    """The URL of an empty database at the newest schema."""
    with databases.migrated() as url:
        yield url


@pytest.fixture
def database(database_url: str, data_dir: Path) -> Iterator[Database]:
    """An open, empty database at the newest schema; each test that asks runs on both kinds."""
    opened = open_database(database_url, data_dir)
    yield opened
    opened.close()


@pytest.fixture
def people_only(database: Database, data_dir: Path) -> Iterator[OfficeAtWork]:
    """An office with a person in every role and no SOP, for what needs none; in the end its rows follow its history."""
    office = OfficeAtWork(database, data_dir)
    for account, role in STAFF.items():
        office.hire(account, role)
    yield office
    office.prove()


@pytest.fixture
def open_office(databases: SQLiteFiles | PostgreSQLServer, data_dir: Path) -> Iterator[OfficeAtWork]:
    """An office with its SOP deployed and a person in every role; in the end its rows follow its history."""
    with databases.prepared(prepare, data_dir) as url:
        opened = open_database(url, data_dir)
        try:
            office = OfficeAtWork(opened, data_dir)
            yield office
            office.prove()
        finally:
            opened.close()
