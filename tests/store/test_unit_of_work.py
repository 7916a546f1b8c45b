# ruff: noqa: PT012 (a unit of work is one act, though it holds several statements)
"""One transaction and its history: both are kept, or neither is."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from engine.model.errors import Conflict
from engine.model.history import Action, HistoryEvent, genesis
from engine.store import tables
from engine.store.chains import verify
from engine.store.driver_statements import Prepared
from engine.store.history import InstanceHead
from engine.store.history_guard import UnrecordedChange
from engine.store.retrying import ATTEMPTS, retrying
from engine.store.unit_of_work import update_instance
from tests.statements import counting
from tests.store.office import define, start, started

COMPLETED = HistoryEvent(Action.TASK_COMPLETED, element_id="isi_permohonan", change={"lama": ["2", "3"]})
COMMENTED = HistoryEvent(Action.COMMENT_ADDED, change={"teks": "mohon dilengkapi"})


def _instance(database, id_):
    with database.read() as reader:
        return reader.connection.execute(select(tables.instance).where(tables.instance.c.id == id_)).one()


def _count(database, table):
    with database.read() as reader:
        return reader.connection.scalar(select(func.count()).select_from(table))


def office_id(database):
    """Return the id of the installation."""
    with database.read() as reader:
        return reader.connection.scalar(select(tables.installation.c.id))


# ── nothing changes without a line ──────────────────────────────────────────────────────────────────────────────────


def test_what_ani_changes_is_kept_with_its_line(database, actor, now):
    head = started(database, actor, now)
    with database.read() as reader:
        line = reader.connection.execute(
            select(tables.history).where(tables.history.c.stream == f"instance:{head.id}")
        ).one()
    assert (line.seq, line.actor, line.at) == (1, "ani", now)
    assert line.previous_hash == genesis(office_id(database), line.stream)
    assert line.hash == _instance(database, head.id).history_hash


def test_a_statement_that_came_too_late_to_change_anything_needs_no_line(database, actor, now):
    head = started(database, actor, now)
    gone = update(tables.instance).where(tables.instance.c.id == head.id, tables.instance.c.revision == 99)
    with database.write(actor, now) as work:
        assert work.connection.execute(gone.values(title="Diam-diam")).rowcount == 0
        assert Prepared(gone).run(work.connection, {"title": "Diam-diam"}) == 0


def test_a_change_without_a_line_is_refused_and_undone(database, actor, now):
    head = started(database, actor, now)
    with pytest.raises(UnrecordedChange, match="instance changed"), database.write(actor, now) as work:
        work.connection.execute(update(tables.instance).values(title="Diam-diam"))
    assert _instance(database, head.id).title == "Cuti"


@pytest.mark.parametrize(
    "statement",
    [
        insert(tables.person).values(
            id="budi", name="Budi", must_change_password=False, active=True, created_at=datetime(2026, 1, 5, tzinfo=UTC)
        ),
        update(tables.person).values(name="Bukan Ani"),
        delete(tables.person),
    ],
    ids=["insert", "update", "delete"],
)
def test_neither_insert_nor_update_nor_delete_passes_without_a_line(database, actor, now, statement):
    ani = {"id": "ani", "name": "Ani", "must_change_password": False, "active": True, "created_at": now}
    with database.write(actor, now) as work:
        work.connection.execute(insert(tables.person), ani)
        work.record("person:ani", HistoryEvent(Action.PERSON_ADDED))
    with pytest.raises(UnrecordedChange, match="person changed"), database.write(actor, now) as work:
        work.connection.execute(statement)
    with database.read() as reader:
        assert reader.connection.scalars(select(tables.person.c.name)).all() == ["Ani"]


def test_a_change_in_text_is_refused(database, actor, now):
    head = started(database, actor, now)
    for statement in (
        "UPDATE instance SET title = 'x'",
        "WITH x AS (SELECT 1) DELETE FROM instance",
        "DROP TABLE task",
        "EXPLAIN ANALYZE DELETE FROM instance",  # which PostgreSQL does while it explains
        "EXPLAIN (ANALYZE) DELETE FROM instance",
    ):
        with pytest.raises(UnrecordedChange, match="in text"), database.write(actor, now) as work:
            work.record("office", HistoryEvent(Action.SETTING_CHANGED))
            work.connection.execute(text(statement))
        with pytest.raises(UnrecordedChange, match="in text"), database.write(actor, now) as work:
            work.connection.exec_driver_sql(statement)
    assert _instance(database, head.id).title == "Cuti"


def test_tables_are_changed_in_migrations_alone(database, actor, now):
    with pytest.raises(UnrecordedChange, match="in migrations only"), database.write(actor, now) as work:
        work.record("office", HistoryEvent(Action.SETTING_CHANGED))
        tables.draft.drop(work.connection)
    assert _count(database, tables.draft) == 0


def test_a_change_hidden_in_a_query_is_refused(database, actor, now):
    hidden = update(tables.instance).values(title="x").returning(tables.instance.c.id).cte("hidden")
    with pytest.raises(UnrecordedChange, match="common table"), database.write(actor, now) as work:
        work.connection.execute(select(hidden.c.id))


def test_history_lines_are_appended_and_never_changed(database, actor, now):
    started(database, actor, now)
    for statement in (update(tables.history).values(actor="budi"), delete(tables.history)):
        with pytest.raises(UnrecordedChange, match="never changed"), database.write(actor, now) as work:
            work.record("office", HistoryEvent(Action.SETTING_CHANGED))
            work.connection.execute(statement)


def drafted(now):
    """A draft's row."""
    facts = {"id": "d", "kind": "task", "subject": "t", "person_id": "ani", "revision": 1, "content": {}}
    return facts | {"saved_at": now}


def test_a_read_changes_nothing(database, now):
    draft = drafted(now)
    with pytest.raises(UnrecordedChange, match="in a read"), database.read() as reader:
        reader.connection.execute(insert(tables.draft), draft)
    assert _count(database, tables.draft) == 0


def test_a_draft_needs_no_line(database, actor, now):
    draft = drafted(now)
    with database.write(actor, now) as work:
        work.connection.execute(insert(tables.draft), draft)
    assert _count(database, tables.draft) == 1


def test_what_fails_midway_leaves_neither_change_nor_line(database, actor, now):
    with pytest.raises(ZeroDivisionError), database.write(actor, now) as work:
        start(work, define(work))
        raise ZeroDivisionError
    assert _count(database, tables.instance) == _count(database, tables.history) == 0


def test_what_one_transaction_recorded_does_not_cover_the_next(database, actor, now):
    started(database, actor, now)
    with pytest.raises(UnrecordedChange), database.write(actor, now) as work:
        work.connection.execute(update(tables.definition).values(confirmed=True))


# ── the head of an instance's stream ────────────────────────────────────────────────────────────────────────────────


def test_a_completion_costs_two_statements_and_one_commit(database, actor, now):
    head = started(database, actor, now)
    with counting(database) as count, database.write(actor, now) as work:
        work.record_instance(head, [COMPLETED, COMPLETED])
        update_instance(work, head.id, 1, {"status": "completed"})
    assert [s.split()[0] for s in count.statements] == ["INSERT", "UPDATE"]
    assert count.commits == 1


def test_the_instance_keeps_the_head_whichever_is_written_first(database, actor, now):
    head = started(database, actor, now)
    with database.write(actor, now) as work:
        head = work.record_instance(head, [COMPLETED])
        update_instance(work, head.id, 1, {"status": "waiting"})
    with database.write(actor, now) as work:
        update_instance(work, head.id, 2, {"status": "running"})
        head = work.record_instance(head, [COMPLETED])
        head = work.record_instance(head, [COMPLETED])
    with database.write(actor, now) as work:  # a comment changes history alone
        head = work.record_instance(head, [COMMENTED])
    row = _instance(database, head.id)
    assert (row.history_seq, row.history_hash, row.revision) == (5, head.history_hash, 3)
    with database.read() as reader:
        assert verify(reader).sound


def test_a_stream_whose_head_is_not_known_is_asked_for_it_once(database, actor, now):
    with database.write(actor, now) as work:
        first = work.record("office", HistoryEvent(Action.SETTING_CHANGED))
        second, third = work.record_many(
            "office", [HistoryEvent(Action.EXPORT_MADE), HistoryEvent(Action.EXPORT_MADE, actor="sistem")]
        )
    assert [line.seq for line in (first, second, third)] == [2, 3, 4]  # the first says that the office was founded
    assert (second.previous_hash, third.previous_hash) == (first.hash, second.hash)
    assert (second.actor, third.actor) == ("ani", "sistem")


def test_every_one_of_many_lines_of_an_instance_says_whose_it_is(database, actor, now):
    head = started(database, actor, now)
    with database.write(actor, now) as work:
        lines = work.record_many(f"instance:{head.id}", [COMMENTED, COMMENTED])
        [other] = work.record_many("office", [HistoryEvent(Action.SETTING_CHANGED)])
    assert [line.instance_id for line in lines] == [head.id, head.id]
    assert other.instance_id is None


def test_history_of_no_instance_is_refused(database, actor, now):
    with pytest.raises(UnrecordedChange, match="does not exist"), database.write(actor, now) as work:
        work.record_instance(InstanceHead("hantu"), [COMPLETED])


# ── two at once ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_of_two_who_change_one_instance_one_wins(database, actor, now):
    head = started(database, actor, now)
    outcomes: list[str] = []
    meet = threading.Barrier(2)

    def complete(who: str) -> None:
        meet.wait()
        try:
            with database.write(actor, now) as work:
                work.record_instance(head, [HistoryEvent(Action.TASK_COMPLETED, actor=who)])
                update_instance(work, head.id, 1, {"ended_by": who})
            outcomes.append(who)
        except Conflict as conflict:
            outcomes.append(conflict.reason)

    threads = [threading.Thread(target=complete, args=(who,)) for who in ("ani", "budi")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row = _instance(database, head.id)
    assert sorted(outcomes) == sorted([row.ended_by, "stale"])
    assert (row.revision, row.history_seq) == (2, 2)


def test_who_read_an_older_revision_is_told_so(database, actor, now):
    head = started(database, actor, now)
    with database.write(actor, now) as work:
        work.record_instance(head, [COMPLETED])
        update_instance(work, head.id, 1, {})
    with pytest.raises(Conflict, match="stale"), database.write(actor, now) as work:
        update_instance(work, head.id, 1, {"title": "Terlambat"})


def test_who_read_an_older_head_is_told_so(database, actor, now):
    head = started(database, actor, now)
    with database.write(actor, now) as work:
        work.record_instance(head, [COMMENTED])
    with pytest.raises(Conflict, match="stale"), database.write(actor, now) as work:
        work.record_instance(head, [COMMENTED])


def test_who_is_late_at_every_try_is_told_so(database, actor, now):
    head = started(database, actor, now)
    tries = []

    def complete():
        tries.append(head)
        with database.write(actor, now) as work:
            update_instance(work, head.id, 99, {"title": "Terlambat"})

    with pytest.raises(Conflict, match="stale"):
        retrying(complete)
    assert len(tries) == ATTEMPTS


def test_a_second_instance_of_one_key_is_a_duplicate(database, actor, now):
    with database.write(actor, now) as work:
        definition = define(work)
        start(work, definition, key="2026-1")
    with pytest.raises(Conflict) as refused, database.write(actor, now) as work:
        start(work, definition, key="2026-1")
    assert (refused.value.reason, refused.value.facts) == ("duplicate", {"table": "instance"})


def test_writers_of_the_office_stream_take_turns(database, actor, now):
    def record() -> None:
        for _ in range(5):
            with database.write(actor, now) as work:
                work.record("office", HistoryEvent(Action.SETTING_CHANGED))

    threads = [threading.Thread(target=record) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as reader:
        report = verify(reader, "office")
    assert (report.lines, report.sound) == (21, True)


def test_a_unit_of_work_inside_another_does_not_wait_for_itself(sqlite_files, data_dir, actor, now):
    from engine.store.database import open_database

    with sqlite_files.migrated() as url:
        database = open_database(url, data_dir)
        with (
            pytest.raises(RuntimeError, match="inside another"),
            database.write(actor, now),
            database.write(actor, now),
        ):
            pass
        with database.write(actor, now) as work:  # the queue is free again
            work.record("office", HistoryEvent(Action.SETTING_CHANGED))
        database.close()


# ── instants ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_instant_of_any_zone_comes_back_as_utc(database, actor):
    local = datetime(2026, 1, 5, 9, 30, 0, 123456, tzinfo=timezone(timedelta(hours=7)))
    with database.write(actor, local) as work:
        line = work.record("office", HistoryEvent(Action.SETTING_CHANGED))
    with database.read() as reader:
        found = reader.connection.scalar(select(tables.history.c.at))
        assert verify(reader).sound
    assert found == line.at == local
    assert found.tzinfo is UTC


def test_an_instant_without_zone_is_refused(database, actor):
    naive = datetime(2026, 1, 5, 9, 30)  # noqa: DTZ001
    with pytest.raises(Exception, match="naive instant"), database.write(actor, naive) as work:
        work.record("office", HistoryEvent(Action.SETTING_CHANGED))


def test_a_read_sees_one_moment(database, actor, now):
    with database.read() as reader:
        count = select(func.count()).select_from(tables.history)
        before = reader.connection.scalar(count)
        with database.write(actor, now) as work:
            work.record("office", HistoryEvent(Action.SETTING_CHANGED))
        assert reader.connection.scalar(count) == before == 0
