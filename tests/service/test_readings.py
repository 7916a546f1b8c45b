"""Who read what, on both databases: once an hour, however many processes ask at once; sign-ins on any database."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
from sqlalchemy import event, func, insert, select
from structlog.testing import capture_logs

from engine.model.history import Action, HistoryEvent
from engine.service.office import reading_log
from engine.store.queries import histories
from engine.store.tables import history, person


def lines(office, account):
    query = select(history.c.action, history.c.change).where(history.c.stream == f"person:{account}")
    with office.database.read() as reader:
        found = reader.connection.execute(query.order_by(history.c.seq)).all()
    return [(action, json.loads(change)) for action, change in found if not action.startswith("membership")]


def note(office, account, deed):
    """Record *deed* as if the answer that it is about had just gone out."""
    office.services.readings.put_off(account, deed)(office.now)


def test_two_hundred_readings_at_once_of_one_paper_are_one_line(office):
    deed = HistoryEvent(Action.DOCUMENT_READ, change={"document": "d", "version": 1})
    threads = [Thread(target=lambda: [note(office, "sekretaris", deed) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [line for line in lines(office, "sekretaris") if line[0] == "document:read"] == [
        ("document:read", {"document": "d", "version": 1})
    ]


def test_another_object_another_reader_and_another_hour_are_lines_of_their_own(office):
    for account in ("sekretaris", "auditor"):
        for document in ("a", "b", "a"):
            note(office, account, HistoryEvent(Action.DOCUMENT_READ, change={"document": document}))
    office.later(hours=1)
    note(office, "auditor", HistoryEvent(Action.DOCUMENT_READ, change={"document": "a"}))
    note(office, "siapa.pun", HistoryEvent(Action.DOCUMENT_READ, change={"document": "a"}))
    read = {
        a: [c["document"] for action, c in lines(office, a) if action == "document:read"]
        for a in ("sekretaris", "auditor", "siapa.pun")
    }
    assert read == {"sekretaris": ["a", "b"], "auditor": ["a", "b", "a"], "siapa.pun": []}


def read(document):
    return HistoryEvent(Action.DOCUMENT_READ, change={"document": document})


@pytest.fixture
def slow(office, monkeypatch):
    """Notes that are written beside who asks, as soon as they may."""
    readings, may = office.services.readings, Event()
    put_down = reading_log.Readings._note

    def waiting(self, *what):
        may.wait(30)
        put_down(self, *what)

    monkeypatch.setattr(reading_log.Readings, "_note", waiting)
    monkeypatch.setattr(reading_log, "MOST_WAITING", 3)
    with ThreadPoolExecutor(1) as readings.writer:
        yield may
        may.set()
    readings.writer = None


def test_when_too_many_lines_wait_whoever_asks_waits_and_none_is_lost(office, slow):
    readings = office.services.readings
    for document in "abc":
        note(office, "sekretaris", read(document))
    asking = Thread(target=note, args=(office, "sekretaris", read("d")))
    asking.start()
    asking.join(0.2)
    assert asking.is_alive(), "the fourth waits for the database itself"
    assert len(readings.unwritten) == 4
    slow.set()
    asking.join(30)
    readings.writer.shutdown()
    note(office, "sekretaris", read("e"))
    read_ = [change["document"] for action, change in lines(office, "sekretaris") if action == "document:read"]
    assert sorted(read_) == ["a", "b", "c", "d", "e"], "also what comes when nobody else writes any more"
    assert not readings.unwritten


def test_what_a_stop_comes_before_is_named_in_the_log(office, slow):
    readings = office.services.readings
    for document in "ab":
        note(office, "sekretaris", read(document))
    with capture_logs() as told:
        readings.give_up()
    assert [(each["person"], each["change"], each["cause"]) for each in told] == [
        ("sekretaris", {"document": document}, "stopped") for document in "ab"
    ]


def test_an_answer_on_its_way_is_named_in_the_log_by_a_stop_and_written_once_it_is_out(office):
    readings = office.services.readings
    done = readings.put_off("sekretaris", read("a"))
    with capture_logs() as told:
        readings.give_up()
    assert [each["change"] for each in told] == [{"document": "a"}]
    done(office.now)
    assert ("document:read", {"document": "a"}) in lines(office, "sekretaris")
    assert not readings.unwritten


def test_whether_a_line_is_there_is_found_by_an_index_among_very_many(database):
    now, asked = datetime(2025, 4, 11, 9, tzinfo=UTC), []
    its = {"stream": "person:ani", "actor": "ani", "action": "document:read", "format": 2, "at": now}
    its |= {"previous_hash": "0" * 64, "hash": "0" * 64}
    with database.unguarded() as connection:
        ani = {"id": "ani", "name": "Ani", "must_change_password": False, "active": True, "created_at": now}
        connection.execute(insert(person), ani | {"sample": False})
        connection.execute(
            insert(history), [{**its, "seq": n + 1, "change": f'{{"document":"{n}"}}'} for n in range(5000)]
        )
        connection.exec_driver_sql("ANALYZE history")

    def ask(conn, cursor, statement, parameters, context, executemany):
        if "history" in statement and statement.startswith("SELECT"):
            asked.append((statement, parameters))

    with database.read() as reader:
        engine = reader.connection.engine
    event.listen(engine, "before_cursor_execute", ask)
    for deed in (read("4999"), HistoryEvent(Action.ATTEMPT_REFUSED, change={"object": "a"})):
        reading_log.Readings(database).put_off("ani", deed)(now + timedelta(minutes=1))
    event.remove(engine, "before_cursor_execute", ask)
    with database.read() as reader:
        event.listen(engine, "before_cursor_execute", ask)
        for which in (histories.DEEDS, histories.SIGN_INS):
            histories.newest(reader, "person:ani", 100, which)
        event.remove(engine, "before_cursor_execute", ask)
    with database.unguarded() as connection:
        explain = "EXPLAIN QUERY PLAN " if database.dialect == "sqlite" else "EXPLAIN "
        plans = [str(connection.exec_driver_sql(explain + each, parameters).all()) for each, parameters in asked]
        assert connection.scalar(select(func.count()).select_from(history)) == 5001, "the one that was not there yet"
    assert "ix_history_noted" in plans[0]
    assert "ix_history_counted" in plans[1]
    assert "ix_history_deeds" in plans[-2]
    assert "ix_history_sign_ins" in plans[-1]
