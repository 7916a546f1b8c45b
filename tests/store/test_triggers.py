# ruff: noqa: PT012 (a unit of work is one act, though it holds several statements)
"""History is append-only for whoever asks the database, and a start refuses a database where it is not."""

import re
import sqlite3

import pytest
from sqlalchemy import exc, insert, select, text

from engine.model.errors import Conflict, SetupError
from engine.store import tables
from engine.store.schema import check_schema, migrate
from engine.store.triggers import verify_triggers
from tests.store.office import started

LINE = (
    "INTO history (stream, seq, at, actor, action, change, previous_hash, hash) "
    "VALUES ('{stream}', {seq}, '2026-01-05 00:00:00', 'budi', 'task:completed', '{{}}', 'x', 'y')"
)


@pytest.fixture
def office(database, actor, now):
    """A database with one instance and its first line."""
    started(database, actor, now)
    return database


def _lines(database):
    with database.read() as reader:
        return reader.connection.execute(select(tables.history).order_by(tables.history.c.stream)).all()


@pytest.mark.parametrize("statement", ["UPDATE history SET actor = 'budi'", "DELETE FROM history"])
def test_nobody_changes_or_removes_a_line(office, statement):
    before = _lines(office)
    with pytest.raises(exc.DBAPIError, match="append-only"), office.unguarded() as connection:
        connection.exec_driver_sql(statement)
    assert _lines(office) == before


def test_nobody_replaces_a_line(office):
    before = _lines(office)
    line = LINE.format(stream=before[0].stream, seq=1)
    if office.dialect == "sqlite":
        with pytest.raises(Conflict), office.unguarded() as connection:
            connection.exec_driver_sql(f"INSERT OR REPLACE {line}")
    else:
        upsert = f"INSERT {line} ON CONFLICT (stream, seq) DO UPDATE SET actor = 'budi'"
        with pytest.raises(exc.DBAPIError, match="append-only"), office.unguarded() as connection:
            connection.exec_driver_sql(upsert)
    assert _lines(office) == before


def test_a_foreign_program_without_our_settings_replaces_no_line_either(office):
    if office.dialect != "sqlite":
        pytest.skip("REPLACE is SQLite's")
    before = _lines(office)
    foreign = sqlite3.connect(office.path, isolation_level=None)
    with pytest.raises(sqlite3.IntegrityError, match="line exists"):
        foreign.execute(f"REPLACE {LINE.format(stream=before[0].stream, seq=1)}")
    by_rowid = (
        LINE.format(stream="office", seq=1).replace("(stream", "(rowid, stream").replace("('office'", "(1, 'office'")
    )
    with pytest.raises(sqlite3.IntegrityError, match="line exists"):
        foreign.execute(f"REPLACE {by_rowid}")
    foreign.close()
    assert _lines(office) == before


def test_nobody_empties_history_at_once(office):
    if office.dialect != "postgresql":
        pytest.skip("TRUNCATE is PostgreSQL's")
    with pytest.raises(exc.DBAPIError, match="append-only"), office.unguarded() as connection:
        connection.exec_driver_sql("TRUNCATE history")
    with pytest.raises(exc.DBAPIError, match="append-only"), office.unguarded() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # ordinary triggers sleep then
        connection.exec_driver_sql("DELETE FROM history")


def test_two_lines_of_one_number_are_a_conflict(office, actor, now):
    line = _lines(office)[0]._asdict()
    with pytest.raises(Conflict, match="stale"), office.write(actor, now) as work:
        work.connection.execute(insert(tables.history), line)


@pytest.mark.parametrize(
    "tampering",
    {
        "sqlite": [
            "DROP TRIGGER history_no_delete",
            "DROP TRIGGER history_no_replace; "
            "CREATE TRIGGER history_no_replace BEFORE INSERT ON history BEGIN SELECT 1; END",
            "CREATE TRIGGER pintu AFTER INSERT ON history BEGIN SELECT 1; END",
        ],
        "postgresql": [
            "DROP TRIGGER history_no_truncate ON history",
            "ALTER TABLE history DISABLE TRIGGER history_no_change",
            "CREATE OR REPLACE FUNCTION alur_refuse_history_change() RETURNS trigger LANGUAGE plpgsql "
            "AS 'BEGIN RETURN NEW; END'",
        ],
    }.items(),
    ids=lambda item: item[0],
)
def test_a_start_refuses_unprotected_history_and_a_migration_mends_it(database, tampering):
    kind, ways = tampering
    if kind != database.dialect:
        pytest.skip("the other database's words")
    for way in ways:
        check_schema(database)
        with database.unguarded() as connection:
            for statement in re.split(r";(?= CREATE)", way):
                connection.execute(text(statement))
        with pytest.raises(SetupError, match="Pelindung riwayat"):
            check_schema(database)
        migrate(database)
    check_schema(database)


BESIDE = {
    "diam": "CREATE RULE diam AS ON INSERT TO history DO INSTEAD NOTHING",
    "row level security": "ALTER TABLE history ENABLE ROW LEVEL SECURITY",
    "lain": "CREATE TABLE lain (LIKE history); ALTER TABLE lain INHERIT history",
}


@pytest.mark.parametrize("name", BESIDE)
def test_a_rule_security_of_rows_or_a_table_that_inherits_from_history_is_told_beside_the_triggers(office, name):
    if office.dialect != "postgresql":
        pytest.skip("SQLite has none of them")
    with office.unguarded() as connection:
        connection.exec_driver_sql(BESIDE[name])
    with office.read() as reader, pytest.raises(SetupError) as refused:
        verify_triggers(reader.connection)
    assert name in str(refused.value)
