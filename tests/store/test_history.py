"""Whoever changes, removes or inserts a line is found out by walking the chains."""

import json
from contextlib import contextmanager

import pytest
from sqlalchemy import delete, insert, select, update

from engine.model.history import GENESIS, Action, HistoryEvent, HistoryLine, plain
from engine.store import tables
from engine.store.chains import Walk, verify
from engine.store.queries import histories
from engine.store.tables import installation
from engine.store.triggers import POSTGRESQL, SQLITE, create_triggers
from engine.store.untyped import AT_ONCE
from tests.store.office import define, start

history, instance, number = tables.history, tables.instance, tables.number
DONE = HistoryEvent(Action.TASK_COMPLETED, element_id="isi_permohonan", change={"lama": ["2", "3"]})


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
    assert (report.streams, report.lines, report.faults) == (4, 10, ())  # one says that the office was founded
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
    assert (report.fault_count, report.lines) == (1, 10)
    (fault,) = report.faults
    assert (fault.stream, fault.seq, fault.kind, fault.found) == (stream, 2, "content", kept)
    assert fault.expected != kept


def test_a_changed_line_with_a_new_hash_does_not_fit_the_next(chained):
    database, stream = chained
    with tampering(database) as connection:
        line = _line(connection, stream, 2)
        forged = line._asdict() | {"actor": "budi", "hash": ""}
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
    assert report.fault_count == 4
    assert {fault.kind for fault in report.faults} == {"content"}
    assert len({fault.stream for fault in report.faults}) == 4


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
            work.record_many("office", [HistoryEvent(Action.EXPORT_MADE)] * AT_ONCE)
    report = _report(database)
    assert (report.lines, report.sound) == (1 + 3 * AT_ONCE, True)


def _sliced(database, most):
    """What a check finds that rests after every few lines and is written down in between."""
    walk, slices = Walk(), 0
    while True:
        with database.read() as reader:
            over = walk.advance(reader, most)
        walk, slices = Walk.read(json.loads(json.dumps(walk.written()))), slices + 1
        if over:
            return walk.report, slices


@pytest.mark.parametrize("most", [1, 2, 3, 500])
def test_a_check_in_slices_finds_what_one_in_a_go_finds(chained, most, clock):
    database, stream = chained
    assert _sliced(database, most) == (_report(database), pytest.approx(10 // most + 1 + 2 // most + 1, abs=1))
    with tampering(database) as connection:
        others = select(history.c.stream).where(history.c.stream.startswith("instance:"), history.c.stream != stream)
        other = connection.scalars(others.distinct()).one()
        connection.execute(delete(history).where(history.c.stream == stream, history.c.seq == 2))
        connection.execute(delete(history).where(history.c.stream == other, history.c.seq == 4))
        line = _line(connection, stream, 1)._mapping
        connection.execute(insert(history), {**line, "stream": "instance:zzz"})
    whole, (sliced, _) = _report(database), _sliced(database, most)
    kinds = sorted((fault.stream, fault.kind) for fault in whole.faults)
    assert [kind for _, kind in kinds].count("tail") == 1
    assert {kind for _, kind in kinds} >= {"gap", "tail", "link"}
    assert sorted((fault.stream, fault.kind) for fault in sliced.faults) == kinds


def _set_back(database, actor, clock):
    """An instance that somebody wrote to, half a year later, and again with the clock set back; its stream."""
    with database.write(actor, clock.now) as work:
        head = work.record_instance(start(work, define(work)), [DONE])
    for days in (180, -180):
        with database.write(actor, clock.advance(days=days)) as work:
            head = work.record_instance(head, [DONE])
    return f"instance:{head.id}"


def test_a_clock_that_was_set_back_is_said_by_a_line_of_its_own(database, actor, clock):
    stream = _set_back(database, actor, clock)
    with database.read() as reader:
        lines = histories.after(reader, stream, 0, 10)[0]
    assert [line.action for line in lines][-3:] == [DONE.action, Action.CLOCK_SET_BACK, DONE.action]
    assert (lines[-2].actor, json.loads(lines[-2].change)) == ("sistem", {"before": plain(lines[-3].at)})
    assert (_report(database).sound, _report(database).remarks) == (True, ())
    assert _sliced(database, 2)[0] == _report(database)


def test_a_line_that_goes_back_in_time_unmarked_is_a_fault(database, actor, clock):
    stream = _set_back(database, actor, clock)
    with tampering(database) as connection:
        marked, last = _line(connection, stream, 4), _line(connection, stream, 5)
        forged = HistoryLine(**{**last._asdict(), "seq": 4, "previous_hash": marked.previous_hash, "hash": ""})
        forged = {**last._asdict(), "seq": 4, "previous_hash": marked.previous_hash, "hash": forged.computed_hash()}
        connection.execute(delete(history).where(history.c.stream == stream, history.c.seq >= 4))
        connection.execute(insert(history), forged)
        of = instance.c.id == stream.removeprefix("instance:")
        connection.execute(update(instance).where(of).values(history_seq=4, history_hash=forged["hash"]))
    (early,) = _report(database).faults
    assert (early.kind, early.stream, early.seq) == ("early", stream, 4)
    assert early.found < early.expected


def test_small_steps_back_that_add_up_are_looked_at_and_told_once(database, actor, clock):
    with database.write(actor, clock.now) as work:
        head = work.record_instance(start(work, define(work)), [DONE])
    for seconds in (-50, -50, -5, 300):
        with database.write(actor, clock.advance(seconds=seconds)) as work:
            head = work.record_instance(head, [DONE])
    report = _report(database)
    assert (report.sound, [(each.kind, each.seq) for each in report.remarks]) == (True, [("early", 4)])
    assert _sliced(database, 2)[0] == report


def test_a_mark_that_names_another_instant_than_the_line_before_is_a_fault(database, actor, clock):
    with database.write(actor, clock.now) as work:
        head = work.record_instance(start(work, define(work)), [DONE])
    with database.write(actor, clock.advance(hours=1)) as work:
        forged = HistoryEvent(Action.CLOCK_SET_BACK, change={"before": clock.now})
        work.record_instance(head, [forged])
    (fault,) = _report(database).faults
    assert (fault.kind, fault.seq) == ("early", 3)


def test_a_stream_of_another_installation_does_not_fit(chained):
    database, _ = chained
    with tampering(database) as connection:
        connection.execute(update(installation).values(id="0" * 36))
    assert {(fault.kind, fault.seq) for fault in _report(database).faults} == {("link", 1)}


def test_a_line_under_an_earlier_format_than_the_one_before_is_a_fault(chained):
    database, stream = chained
    with tampering(database) as connection:
        last = _line(connection, stream, 4)._asdict() | {"format": 1, "name": None, "hash": ""}
        last["hash"] = HistoryLine(**last).computed_hash()
        connection.execute(delete(history).where(history.c.stream == stream, history.c.seq == 4))
        connection.execute(insert(history), last)
    (fault, *_) = _report(database, stream).faults
    assert (fault.kind, fault.seq) == ("format", 4)


def test_a_missing_number_of_a_letter_is_told(database, actor, now):
    given = {"series": "surat", "year": 2026, "place": "surat.nomor", "subject": "", "taken_at": now, "taken_by": "ani"}
    with database.write(actor, now) as work:
        work.connection.execute(insert(number), [{**given, "ordinal": n, "text": f"{n}"} for n in (7, 8, 11, 12, 14)])
        work.record("office", DONE)
    assert [(f.stream, f.expected) for f in _report(database).remarks] == [
        ("nomor:surat:2026", "9-10"),
        ("nomor:surat:2026", "13"),
    ]
