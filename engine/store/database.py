"""Opens a database and gives read and write transactions on it.

This hides the differences of SQLite and PostgreSQL: a read sees the whole database at one moment, a write is one
transaction that commits when its block ends, and errors are those of ``engine.model.errors``.
"""

import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, exc, make_url

from engine.model.errors import SetupError
from engine.model.people import Actor
from engine.store import history_guard
from engine.store.database_errors import in_words
from engine.store.unit_of_work import Reader, Work
from engine.store.write_queue import FairQueue

SQLITE, POSTGRESQL = "sqlite", "postgresql"
DATABASE_FILE = "alur.db"
QUEUE_FILE = "alur.lock"
Answer = TypeVar("Answer")
Given = ParamSpec("Given")


class Database:
    """The database of the office; safe to share between threads, and usable after a fork."""

    def __init__(self, url: URL, data_dir: Path, *, pool_size: int, pool_timeout: float, busy_timeout: float) -> None:
        self.url = url
        self.data_dir = data_dir
        self.dialect = url.get_backend_name()
        self.path = Path(url.database or "") if self.dialect == SQLITE else None
        self.place = str(self.path) if self.path else url.set(query={}).render_as_string(hide_password=True)
        self._busy_timeout = busy_timeout
        self._reading: dict[str, Any] = {"readonly": True}
        if self.dialect == POSTGRESQL:
            self._reading |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._queue = FairQueue(data_dir / QUEUE_FILE, timeout=busy_timeout) if self.path else None
        self._engine = self._connected(
            pool_size=pool_size, max_overflow=0, pool_timeout=pool_timeout, pool_pre_ping=self.dialect == POSTGRESQL
        )
        history_guard.watch(self._engine)
        self._identity = _identity(self.path) if self.path else None
        _after_fork(self)

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """Give a :class:`Reader` whose queries all see the database at one moment."""
        with in_words(self.place):
            self._refuse_a_lost_file()
            with self._engine.connect().execution_options(**self._reading) as connection, connection.begin():
                yield Reader(connection)

    def ask(
        self, query: Callable[Concatenate[Reader, Given], Answer], *given: Given.args, **named: Given.kwargs
    ) -> Answer:
        """Return the result of a single *query*."""
        with self.read() as reader:
            return query(reader, *given, **named)

    @contextmanager
    def write(self, actor: Actor, now: datetime) -> Iterator[Work]:
        """Give a :class:`Work` for changes by *actor* at *now*; it commits when the block ends without an error."""
        with in_words(self.place), ExitStack() as stack:
            self._refuse_a_lost_file()
            connection = stack.enter_context(self._engine.connect())
            if self._queue:
                stack.enter_context(self._queue.turn())
            with connection.begin():
                work = Work(connection, actor, now)
                yield work
                work.finish()

    @contextmanager
    def unguarded(self, *, foreign_keys: bool = True) -> Iterator[Connection]:
        """Give a connection in a write transaction without the history guard, for migrations and restoring.

        Concurrent callers wait for each other. Without *foreign_keys*, SQLite allows tables to be rebuilt; foreign
        keys are checked before the commit.
        """
        with in_words(self.place), ExitStack() as stack:
            if self._queue:
                stack.enter_context(self._queue.turn())
            engine = self._connected(poolclass=NullPool, foreign_keys=foreign_keys)
            stack.callback(engine.dispose)
            with engine.connect() as connection, connection.begin():
                if self.dialect == POSTGRESQL:
                    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MAINTENANCE_LOCK})")
                yield connection
                if self.dialect == SQLITE and not foreign_keys:
                    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                    if broken:
                        raise RuntimeError(f"row {broken[1]} of {broken[0]} refers to nothing in {broken[2]}")

    @property
    def driver_arguments(self) -> dict[str, Any]:
        """The arguments with which psycopg connects to this database, for connections outside the pool."""
        return {**self._engine.dialect.create_connect_args(self.url)[1], **_postgresql_arguments(self._busy_timeout)}

    def close(self) -> None:
        """Close the idle connections and the lock file."""
        self._engine.dispose()
        if self._queue:
            self._queue.close()

    def start_anew(self) -> None:
        """Abandon the parent's connections; for the child of a fork."""
        self._of_parent = self._engine.pool  # referenced, since closing would use the parent's sockets
        self._engine.dispose(close=False)
        if self._queue:
            self._queue.start_anew()

    def _connected(self, *, foreign_keys: bool = True, **pool: Any) -> Engine:
        if self.path is None:
            engine = create_engine(self.url, connect_args=_postgresql_arguments(self._busy_timeout), **pool)
        else:
            engine = create_engine(self.url, creator=self._connect_sqlite, **pool)
            event.listen(engine, "connect", _sqlite_pragmas(self._busy_timeout, foreign_keys))
            event.listen(engine, "begin", _begin_on_sqlite)
        return engine

    def _connect_sqlite(self) -> sqlite3.Connection:
        # mode=rw does not create a file: one that disappeared must not come back empty.
        return sqlite3.connect(
            f"file:{quote(str(self.path))}?mode=rw", uri=True, isolation_level=None, check_same_thread=False
        )

    def _refuse_a_lost_file(self) -> None:
        # Open connections would commit to an unlinked or replaced file, and the commits would be lost.
        if self.path and _identity(self.path) != self._identity:
            raise SetupError("database_lost", path=self.path)


MAINTENANCE_LOCK = 0x616C7572  # "alur"; advisory lock of PostgreSQL for one migration or restore at a time


def open_database(
    url: str | None,
    data_dir: Path,
    *,
    pool_size: int = 10,
    pool_timeout: float = 10.0,
    busy_timeout: float = 5.0,
    make: bool = True,
) -> Database:
    """Open the database at *url*, by default SQLite in *data_dir*; SetupError says why it cannot be used.

    With *make*, a missing SQLite file is created, for ``migrate``. Others must not create one, lest a file that was
    moved away comes back as an empty office. ``Busy`` is raised after *pool_timeout* seconds without a free one of
    *pool_size* connections, and after *busy_timeout* seconds without a lock.
    """
    parsed = _parse(url, data_dir)
    if parsed.get_backend_name() == SQLITE:
        _make_file(Path(parsed.database or ""), make)
    database = Database(parsed, data_dir, pool_size=pool_size, pool_timeout=pool_timeout, busy_timeout=busy_timeout)
    try:
        with database.read() as reader:
            reader.connection.exec_driver_sql("SELECT 1")
    except BaseException:
        database.close()
        raise
    return database


def check_writable(data_dir: Path) -> None:
    """Make *data_dir* (mode 0700) if needed, and check that it is writable; SetupError says why it is not."""
    probe = data_dir / f".tulis-{os.getpid()}-{threading.get_ident()}"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, b"alur" * 1024)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
            probe.unlink()
    except OSError as error:
        raise SetupError("folder_not_writable", data_dir=data_dir, reason=error.strerror) from error


def _after_fork(database: Database) -> None:
    opened = weakref.ref(database)

    def start_anew() -> None:
        found = opened()
        if found is not None:
            found.start_anew()

    os.register_at_fork(after_in_child=start_anew)


def _parse(url: str | None, data_dir: Path) -> URL:
    if not url:
        return URL.create(SQLITE, database=str((data_dir / DATABASE_FILE).absolute()))
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError) as error:
        raise SetupError("database_url") from error
    kind = parsed.drivername.partition("+")[0]
    if kind in ("postgres", POSTGRESQL):
        return parsed.set(drivername="postgresql+psycopg")
    if kind == SQLITE and parsed.database and parsed.database != ":memory:":
        return URL.create(SQLITE, database=str(Path(parsed.database).absolute()))
    raise SetupError("database_of_other_kind", kind=kind)


def _make_file(path: Path, make: bool) -> None:
    if not make and not path.exists():
        raise SetupError("database_missing", path=path)
    try:
        os.close(os.open(path, os.O_RDWR | (os.O_CREAT if make else 0) | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise SetupError("database_not_opened", path=path, reason=error.strerror) from error


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _sqlite_pragmas(busy_timeout: float, foreign_keys: bool) -> Any:
    def configure(connection: sqlite3.Connection, record: Any) -> None:
        connection.execute(f"PRAGMA busy_timeout = {int(busy_timeout * 1000)}")
        (mode,) = connection.execute("PRAGMA journal_mode = wal").fetchone()
        if mode != "wal":
            raise SetupError("disk_without_wal")
        connection.execute("PRAGMA synchronous = full")
        connection.execute(f"PRAGMA foreign_keys = {'on' if foreign_keys else 'off'}")
        connection.execute("PRAGMA recursive_triggers = on")
        connection.execute("PRAGMA trusted_schema = off")
        connection.execute("PRAGMA journal_size_limit = 67108864")

    return configure


def _begin_on_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("readonly")
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN" if reading else "BEGIN IMMEDIATE")


def _postgresql_arguments(busy_timeout: float) -> dict[str, Any]:
    milliseconds = int(busy_timeout * 1000)
    settings = {
        "timezone": "UTC",
        "lock_timeout": milliseconds,
        "statement_timeout": 30_000,
        "idle_in_transaction_session_timeout": 60_000,
    }
    return {
        "application_name": "alur",
        "connect_timeout": 5,
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
    }
