"""Whoever changes, removes or inserts a line is found out by walking the chains."""

from contextlib import contextmanager

import pytest
from sqlalchemy import delete, insert, select, update

from engine.model.history import GENESIS, Action, Deed
from engine.store import tables
from engine.store.history import AT_ONCE, verify
from engine.store.triggers import POSTGRESQL, SQLITE, create_triggers
from tests.store.office import define, start

history, instance = tables.history, tables.instance
DONE = Deed(Action.TASK_COMPLETED, element_id="isi_permohonan", change={"lama": ["2", "3"]})


@pytest.fixture
def chained(database, actor, now):
    """A database with two instances of four lines each; gives it with the first one's stream."""
    with database.write(actor, now) as work:
        definition = define(work)
        heads = [work.record_instance(start(work, definition), [DONE] * 3) for _ in range(2)]
    assert _report(database).sound
    return database, min(f"instance:{head.id}" for head in heads)


def _report(database, stream=None):
    with database.read() as reader:
        return verify(reader, stream)


@contextmanager
def tampering(database):
    """What the owner of a database can do who switches the triggers off."""
    with database.unguarded(foreign_keys=False) as connection:
        for name in SQLITE if database.dialect == "sqlite" else POSTGRESQL:
            connection.exec_driver_sql(f"DROP TRIGGER {name}" + ("" if database.dialect == "sqlite" else " ON history"))
        yield connection
        create_triggers(connection)


def _line(connection, stream, seq):
    return connection.execute(select(history).where(history.c.stream == stream, history.c.seq == seq)).one()


def test_untouched_chains_fit(chained):
    database, stream = chained
    report = _report(database)
    assert (report.streams, report.lines, report.faults) == (3, 9, ())
    assert (_report(database, stream).streams, _report(database, stream).lines) == (1, 4)


@pytest.mark.parametrize("column", ["actor", "action", "change", "decree", "on_behalf_of", "task_id", "at"])
def test_a_changed_line_is_named_with_both_hashes(chained, column, clock):
    database, stream = chained
    value = clock.advance(minutes=1) if column == "at" else "lain"
    with tampering(database) as connection:
        kept = _line(connection, stream, 2).hash
        connection.execute(
            update(history).where(history.c.stream == stream, history.c.seq == 2).values({column: value})
        )
    report = _report(database)
    assert (report.fault_count, report.lines) == (1, 9)
    (fault,) = report.faults
    assert (fault.stream, fault.seq, fault.kind, fault.found) == (stream, 2, "content", kept)
    assert fault.expected != kept


def test_a_changed_line_with_a_new_hash_does_not_fit_the_next(chained):
    database, stream = chained
    with tampering(database) as connection:
        line = _line(connection, stream, 2)
        forged = line._asdict() | {"actor": "budi", "hash": ""}
        from engine.model.history import HistoryLine

        forged["hash"] = HistoryLine(**forged).computed_hash()
        connection.execute(delete(history).where(history.c.stream == stream, history.c.seq == 2))
        connection.execute(insert(history), forged)
    (fault,) = _report(database).faults
    assert (fault.seq, fault.kind, fault.expected, fault.found) == (3, "link", forged["hash"], line.hash)


@pytest.mark.parametrize("removed", [1, 2])
def test_a_removed_line_leaves_a_gap(chained, removed):
    database, stream = chained
    with tampering(database) as connection:
        connection.execute(delete(history).where(history.c.stream == stream, history.c.seq == removed))
    (fault,) = _report(database, stream).faults
    assert (fault.seq, fault.kind, fault.expected, fault.found) == (removed, "gap", str(removed), str(removed + 1))


def test_a_removed_tail_shows_against_the_instance(chained):
    database, stream = chained
    with tampering(database) as connection:
        connection.execute(delete(history).where(history.c.stream == stream, history.c.seq > 2))
    (fault,) = _report(database).faults
    assert (fault.stream, fault.seq, fault.kind) == (stream, 3, "tail")
    assert fault.expected.startswith("4 ")
    assert fault.found == "2"


def test_a_removed_stream_shows_against_the_instance(chained):
    database, stream = chained
    with tampering(database) as connection:
        connection.execute(delete(history).where(history.c.stream == stream))
    (fault,) = _report(database).faults
    assert (fault.stream, fault.seq, fault.kind, fault.found) == (stream, 1, "tail", "0")


def test_a_head_put_back_on_the_row_shows(chained):
    database, stream = chained
    with tampering(database) as connection:
        connection.execute(
            update(instance)
            .where(instance.c.id == stream.removeprefix("instance:"))
            .values(history_seq=0, history_hash=GENESIS)
        )
    (fault,) = _report(database).faults
    assert (fault.stream, fault.kind) == (stream, "tail")


def test_another_head_on_the_row_shows_though_its_number_is_right(chained):
    database, stream = chained
    with tampering(database) as connection:
        connection.execute(
            update(instance).where(instance.c.id == stream.removeprefix("instance:")).values(history_hash=GENESIS)
        )
    (fault,) = _report(database).faults
    assert (fault.stream, fault.kind) == (stream, "tail")


def test_a_removed_instance_leaves_an_orphan(chained):
    database, stream = chained
    with tampering(database) as connection:
        connection.execute(delete(instance).where(instance.c.id == stream.removeprefix("instance:")))
    (fault,) = _report(database).faults
    assert (fault.stream, fault.kind) == (stream, "orphan")


def test_one_broken_stream_does_not_hide_another(chained):
    database, _ = chained
    with tampering(database) as connection:
        connection.execute(update(history).where(history.c.seq == 1).values(actor="budi"))
    report = _report(database)
    assert report.fault_count == 3
    assert {fault.kind for fault in report.faults} == {"content"}
    assert len({fault.stream for fault in report.faults}) == 3


def test_a_line_that_cannot_be_read_is_a_fault_and_no_crash(chained):
    database, _ = chained
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL keeps no instant that is none")
    with tampering(database) as connection:
        connection.exec_driver_sql("UPDATE history SET at = 'kemarin' WHERE seq = 2")
        connection.exec_driver_sql("UPDATE history SET actor = x'ff' WHERE stream LIKE 'definition:%'")
    report = _report(database)
    assert {fault.kind for fault in report.faults} == {"unreadable"}
    assert report.fault_count == 3


def test_a_long_stream_is_walked_in_parts(database, actor, now):
    with database.write(actor, now) as work:
        for _ in range(3):
            work.record_many("office", [Deed(Action.EXPORT_MADE)] * AT_ONCE)
    report = _report(database)
    assert (report.lines, report.sound) == (3 * AT_ONCE, True)
