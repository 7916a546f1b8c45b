# ruff: noqa: PT012 (a unit of work is one act, though it holds several statements)
"""A database that cannot do what is asked is told in one sentence, with what to do; writers wait in line."""

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import exc, func, insert, select, text

from engine.model.errors import Busy, SetupError
from engine.model.history import Action, HistoryEvent
from engine.store import tables
from engine.store.chains import verify
from engine.store.database import QUEUE_FILE, check_writable, open_database
from engine.store.database_errors import in_words
from engine.store.schema import migrate
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
CHANGED = HistoryEvent(Action.SETTING_CHANGED)


@pytest.fixture
def sqlite(sqlite_files, data_dir):
    """An open, migrated SQLite database that loses patience quickly."""
    with sqlite_files.migrated() as url:
        database = open_database(url, data_dir, busy_timeout=0.2, pool_timeout=0.2)
        yield database
        database.close()


def _record(database, actor, now, times=1):
    for _ in range(times):
        with database.write(actor, now) as work:
            work.record("office", CHANGED)


FOUNDED = 1  # whoever writes the first line founds the office, and says so


def _lines(database):
    with database.read() as reader:
        return reader.connection.scalar(select(func.count()).select_from(tables.history))


# ── opening ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_url_it_is_a_private_file_in_the_data_folder(data_dir):
    database = open_database(None, data_dir)
    migrate(database)
    assert database.path == data_dir / "alur.db"
    assert {path.stat().st_mode & 0o777 for path in data_dir.iterdir()} == {0o600}
    with database.read() as reader:
        settings = {
            name: reader.connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}
    database.close()


def test_a_folder_name_with_odd_signs_is_only_a_name(tmp_path):
    folder = tmp_path / "data #1? 100%"
    folder.mkdir()
    database = open_database(None, folder)
    migrate(database)
    database.close()
    assert (folder / "alur.db").stat().st_size > 0


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:////tidak/ada/alur.db", "tidak dapat dibuka"),
        ("sqlite://", "tidak didukung"),
        ("mysql://root@localhost/alur", "tidak didukung"),
        ("bukan url", "tidak dapat dibaca"),
        ("postgresql://alur:rahasia@127.0.0.1:1/alur", "tidak dapat dihubungi"),
    ],
)
def test_a_url_that_leads_nowhere_is_refused_with_what_to_do(url, said, data_dir):
    with pytest.raises(SetupError, match=said) as refused:
        open_database(url, data_dir)
    assert "rahasia" not in str(refused.value)
    assert str(refused.value).count(". ") == 1  # one sentence what is wrong, one what to do


def test_an_office_that_was_moved_away_is_not_begun_anew(data_dir):
    with pytest.raises(SetupError, match=r"alur\.db.*tidak ada"):
        open_database(None, data_dir, make=False)
    assert list(data_dir.iterdir()) == []


def test_a_file_that_is_no_database_is_refused(data_dir):
    (data_dir / "alur.db").write_bytes(b"laporan tahunan " * 1000)
    with pytest.raises(SetupError, match="bukan basis data Alur"):
        open_database(None, data_dir)


def test_a_postgresql_database_that_nobody_created_is_refused(postgresql_server, data_dir):
    with postgresql_server.empty() as url, pytest.raises(SetupError, match="does not exist"):
        open_database(url.replace("/test_", "/tanpa_"), data_dir)


def test_a_data_folder_is_made_for_its_owner_alone(tmp_path):
    check_writable(tmp_path / "baru" / "data")
    assert (tmp_path / "baru" / "data").stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "baru" / "data").iterdir()) == []


def test_a_data_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "data").write_text("sebuah berkas")
    with pytest.raises(SetupError, match="ALUR_DATA"):
        check_writable(tmp_path / "data")
    with pytest.raises(SetupError, match="ALUR_DATA"):
        check_writable(Path("/proc/alur"))


def test_rows_that_refer_to_nothing_do_not_outlive_a_migration(sqlite):
    lost = {"id": "m", "person_id": "tidak.ada", "role": "staf", "capacity": "definitive", "since": date(2026, 1, 1)}
    with pytest.raises(RuntimeError, match="membership refers to nothing in person"):  # noqa: SIM117
        with sqlite.unguarded(foreign_keys=False) as connection:
            connection.execute(insert(tables.membership), lost)
    with sqlite.read() as reader:
        assert reader.connection.scalar(select(func.count()).select_from(tables.membership)) == 0


# ── locked, full, gone ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_database_that_another_program_locks_is_busy(sqlite, actor, now):
    other = sqlite3.connect(sqlite.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy):
        _record(sqlite, actor, now)
    assert _lines(sqlite) == 0  # readers go on
    other.execute("ROLLBACK")
    other.close()
    _record(sqlite, actor, now)
    assert _lines(sqlite) == 1 + FOUNDED


def test_a_row_that_another_program_locks_is_busy(postgresql, actor, now):
    with postgresql.unguarded() as other:
        other.exec_driver_sql("LOCK TABLE history IN EXCLUSIVE MODE")
        with pytest.raises(Busy):
            _record(postgresql, actor, now)
    _record(postgresql, actor, now)


def test_more_readers_than_connections_are_busy(postgresql):
    with postgresql.read(), postgresql.read(), pytest.raises(Busy), postgresql.read():
        pass


def test_a_writer_waits_in_line_no_longer_than_it_may(sqlite, actor, now):
    outcomes = []
    with sqlite.write(actor, now) as work:
        work.record("office", CHANGED)

        def late() -> None:
            try:
                _record(sqlite, actor, now)
            except Busy as busy:
                outcomes.append(str(busy))

        thread = threading.Thread(target=late)
        thread.start()
        thread.join()
    assert outcomes == ["queue"]
    _record(sqlite, actor, now)


@pytest.mark.parametrize(
    ("options", "statement", "said"),
    [
        ("mode=ro", "CREATE TABLE baru (x)", "tidak dapat ditulis"),
        ("mode=rw", "ATTACH '/tidak/ada/alur.db' AS lain", "tidak dapat dibuka"),
    ],
)
def test_a_file_that_the_system_closes_to_us_is_told_with_what_to_do(sqlite, options, statement, said):
    other = sqlite3.connect(f"file:{sqlite.path}?{options}", uri=True)
    with pytest.raises(SetupError, match=said), in_words(sqlite.place):
        other.execute(statement)
    other.close()


def test_a_full_disk_loses_nothing_that_was_acknowledged(small_disk, sqlite_files, data_dir, actor, now):
    with sqlite_files.migrated() as url:
        shutil.copy(url.removeprefix("sqlite:///"), small_disk / "alur.db")
    database = open_database(f"sqlite:///{small_disk}/alur.db", data_dir)
    kept = 0
    with pytest.raises(SetupError, match=r"penuh\. Kosongkan ruang"):
        while kept < 1000:
            with database.write(actor, now) as work:
                work.record("office", HistoryEvent(Action.SETTING_CHANGED, change={"isi": "x" * 20_000}))
            kept += 1
    assert 0 < kept < 1000
    with database.read() as reader:
        report = verify(reader)
    assert (report.lines, report.sound) == (kept + FOUNDED, True)
    database.close()


def test_a_limit_on_file_size_is_told_as_a_failing_disk(sqlite, actor, now):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    _record(sqlite, actor, now)
    resource.setrlimit(resource.RLIMIT_FSIZE, (Path(f"{sqlite.path}-wal").stat().st_size, before[1]))
    try:
        with pytest.raises(SetupError, match="Disk tempat basis data"):
            _record(sqlite, actor, now)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    _record(sqlite, actor, now)
    assert _lines(sqlite) == 2 + FOUNDED


@pytest.mark.parametrize(
    ("state", "told"),
    [("53100", SetupError), ("25006", SetupError), ("57P01", SetupError), ("40001", Busy), ("40P01", Busy)],
)
def test_what_postgresql_reports_is_told_in_our_words(postgresql, state, told):
    with postgresql.unguarded() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION gagal() RETURNS integer LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION 'gagal' USING ERRCODE = '{state}'; END $$"
            )
        )
    with pytest.raises(told), postgresql.read() as reader:
        reader.connection.scalar(select(func.gagal()))


def test_a_fault_of_ours_is_not_blamed_on_the_operator(database):
    with pytest.raises(exc.DBAPIError), database.read() as reader:
        reader.connection.scalar(select(func.tidak_ada()))


def test_a_file_that_vanishes_while_we_run_takes_no_more_commits(sqlite, actor, now):
    _record(sqlite, actor, now)
    kept = sqlite.path.with_suffix(".sementara")
    sqlite.path.rename(kept)
    for attempt in (lambda: _record(sqlite, actor, now), lambda: _lines(sqlite)):
        with pytest.raises(SetupError, match="hilang atau diganti"):
            attempt()
    assert not sqlite.path.exists()
    kept.rename(sqlite.path)
    _record(sqlite, actor, now)
    assert _lines(sqlite) == 2 + FOUNDED


def test_a_server_that_ends_our_connections_is_found_again(postgresql, actor, now):
    _record(postgresql, actor, now)
    with postgresql.unguarded() as other:
        other.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'alur' "
                 "AND pid <> pg_backend_pid() AND datname = current_database()")
        )  # fmt: skip
    _record(postgresql, actor, now)
    assert _lines(postgresql) == 2 + FOUNDED


def test_a_server_that_ends_our_connection_midway_is_told_so(postgresql, actor, now):
    with pytest.raises(SetupError, match="tidak dapat dihubungi"), postgresql.write(actor, now) as work:
        work.record("office", CHANGED)
        pid = work.connection.scalar(select(func.pg_backend_pid()))
        with postgresql.unguarded() as other:
            other.execute(select(func.pg_terminate_backend(pid, 5000)))
        work.record("office", CHANGED)
    assert _lines(postgresql) == 0


def test_a_child_that_was_forked_uses_no_connection_of_its_parent(database, actor, now):
    _record(database, actor, now)
    script = """
import os, sys
from pathlib import Path
from datetime import UTC, datetime
from engine.model.history import Action, HistoryEvent
from engine.model.people import SYSTEM
from engine.store.database import open_database
now = datetime(2026, 1, 5, tzinfo=UTC)
database = open_database(sys.argv[1], Path(sys.argv[2]))
def record():
    with database.write(SYSTEM, now) as work:
        work.record("office", HistoryEvent(Action.SETTING_CHANGED))
record()
child = os.fork()
for _ in range(10):
    record()
if child:
    _, status = os.waitpid(child, 0)
    record()
    sys.exit(os.waitstatus_to_exitcode(status))
os._exit(0)
"""
    url = database.url.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, "-c", script, url, str(database.data_dir)], cwd=ROOT, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0
    with database.read() as reader:
        assert (verify(reader).lines, verify(reader).sound) == (23 + FOUNDED + 1, True)  # the clock was set back


# ── the line of writers ─────────────────────────────────────────────────────────────────────────────────────────────

WRITERS = """
import sys, threading
from pathlib import Path
from datetime import UTC, datetime
from engine.model.history import Action, HistoryEvent
from engine.model.people import SYSTEM
from engine.store.database import open_database
database = open_database(sys.argv[1], Path(sys.argv[2]))
def write():
    for _ in range(25):
        with database.write(SYSTEM, datetime(2026, 1, 5, tzinfo=UTC)) as work:
            work.record("office", HistoryEvent(Action.SETTING_CHANGED))
            done.append(1)
done = []
threads = [threading.Thread(target=write) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
sys.exit(0 if len(done) == 100 else 1)
"""


def test_a_line_that_cannot_be_kept_is_told_with_its_place(sqlite, actor, now):
    (sqlite.data_dir / QUEUE_FILE).unlink(missing_ok=True)
    (sqlite.data_dir / QUEUE_FILE).mkdir()
    with pytest.raises(SetupError, match=r"alur\.lock.*directory"):
        _record(sqlite, actor, now)
    assert _lines(sqlite) == 0


def test_two_processes_of_four_writers_each_lose_nothing(database):
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", WRITERS, url, str(database.data_dir)]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    assert [process.wait(timeout=PATIENCE) for process in processes] == [0, 0]
    with database.read() as reader:
        report = verify(reader, "office")
    assert (report.lines, report.faults) == (200 + FOUNDED, ())


def test_a_writer_that_is_killed_in_its_turn_lets_the_next_one_in(sqlite, actor, now):
    script = WRITERS.replace("done.append(1)", "print('menulis', flush=True); import time; time.sleep(60)")
    command = [sys.executable, "-c", script, f"sqlite:///{sqlite.path}", str(sqlite.data_dir)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"menulis\n"
    os.kill(process.pid, 9)
    process.communicate()
    _record(sqlite, actor, now)
    assert _lines(sqlite) == 1 + FOUNDED
