# ruff: noqa: PT012 (a unit of work is one act, though it holds several statements)
"""Prepared statements: they give and write what SQLAlchemy would, and nothing slips past the guard with them."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from sqlalchemy import bindparam, delete, exc, func, insert, select, update

from engine.model.errors import Busy, Conflict, SetupError
from engine.model.history import Action, HistoryEvent
from engine.store import tables
from engine.store.driver_statements import Prepared
from engine.store.history_guard import UnrecordedChange
from tests.statements import counting
from tests.store.office import started

RENAMED = HistoryEvent(Action.PERSON_CHANGED)
EVERYTHING = [Prepared(select(table)) for table in (tables.instance, tables.history, tables.membership, tables.setting)]
ADD_PERSON, RENAME = Prepared(insert(tables.person)), Prepared(update(tables.person).where(tables.person.c.id == "ani"))
ATTEMPT = Prepared(insert(tables.sign_in_attempt))
BY_ROLE = Prepared(
    select(tables.membership.c.person_id, tables.membership.c.since.label("from_day"))
    .where(tables.membership.c.role == "staf", tables.membership.c.since <= bindparam("day"))
    .order_by(tables.membership.c.id)
)


def test_rows_are_those_that_sqlalchemy_reads(office):
    with office.read() as reader:
        for prepared in EVERYTHING:
            rows = prepared.rows(reader.connection, {})
            assert rows
            assert rows == reader.connection.execute(prepared._statement).all()
        assert rows[0]._mapping["value"] == {"libur": [None, True, 1, "dua"], "angka": "1.50"}


def test_what_is_fixed_and_what_is_given_are_both_asked_for(office):
    with office.read() as reader:
        [row] = BY_ROLE.rows(reader.connection, {"day": date(2026, 1, 1)})
        assert (row.person_id, row.from_day) == ("ani", date(2026, 1, 1))
        assert BY_ROLE.rows(reader.connection, {"day": date(2025, 12, 31)}) == []
        with pytest.raises(exc.InvalidRequestError, match="day"):
            BY_ROLE.rows(reader.connection, {})


def test_an_instant_of_another_zone_is_kept_as_utc_and_a_naive_one_is_refused(database, actor, now):
    there = datetime(2026, 1, 2, 7, 30, tzinfo=timezone(timedelta(hours=9)))
    attempt = {"account": "ani", "address": "::1", "succeeded": True}
    with database.write(actor, now) as work:
        assert ATTEMPT.run(work.connection, [attempt | {"at": there}, attempt | {"at": now}]) == 2
        with pytest.raises(ValueError, match="naive"):
            ATTEMPT.run(work.connection, attempt | {"at": there.replace(tzinfo=None)})
    with database.read() as reader:
        kept = reader.connection.scalars(select(tables.sign_in_attempt.c.at).order_by("at")).all()
    assert kept == sorted([there.astimezone(UTC), now])


def test_a_change_without_a_line_is_refused(office, actor, now):
    with pytest.raises(UnrecordedChange, match="person changed without"), office.write(actor, now) as work:
        assert RENAME.run(work.connection, {"name": "Ani Baru"}) == 1
    with office.write(actor, now) as work:
        RENAME.run(work.connection, {"name": "Ani Baru"})
        work.record("person:ani", RENAMED)


def test_a_change_in_a_read_is_refused(office):
    with pytest.raises(UnrecordedChange, match="in a read"), office.read() as reader:
        RENAME.run(reader.connection, {"name": "Ani Baru"})


def test_history_lines_are_not_changed(office, actor, now):
    for statement, given in ((delete(tables.history), {}), (update(tables.history), {"actor": "budi"})):
        with pytest.raises(UnrecordedChange, match="never changed"), office.write(actor, now) as work:
            Prepared(statement).run(work.connection, given)


def test_a_change_hidden_in_a_question_cannot_be_prepared():
    hidden = update(tables.person).values(name="Budi").returning(tables.person.c.id).cte()
    with pytest.raises(UnrecordedChange, match="inside"):
        Prepared(select(hidden.c.id))


def test_nothing_runs_outside_a_transaction(office):
    with office.read() as reader:
        reader.connection.rollback()
        with pytest.raises(UnrecordedChange, match="outside a transaction"):
            BY_ROLE.rows(reader.connection, {"day": date(2026, 1, 1)})


def test_what_needs_sqlalchemy_to_run_is_refused(database, actor, now):
    several = Prepared(select(tables.person.c.id).where(tables.person.c.id.in_(["ani"])))
    with database.write(actor, now) as work:
        with pytest.raises(TypeError, match="lists"):
            several.rows(work.connection, {})
        with pytest.raises(TypeError, match="default"):
            ADD_PERSON.run(work.connection, {"id": "budi", "name": "Budi", "created_at": now})


def test_each_is_counted_once(office):
    with counting(office) as count, office.read() as reader:
        BY_ROLE.rows(reader.connection, {"day": date(2026, 1, 1)})
        reader.connection.execute(select(tables.person.c.id)).all()
    assert [statement.split()[1].split(",")[0] for statement in count.statements] == [
        "membership.person_id",
        "person.id",
    ]
    with office.read() as reader:
        BY_ROLE.rows(reader.connection, {"day": date(2026, 1, 1)})
    assert len(count) == 2


# ── errors ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_is_second_is_told_so(office, actor, now):
    person = {"id": "ani", "name": "Ani", "must_change_password": False, "active": True, "sample": False}
    with pytest.raises(Conflict) as told, office.write(actor, now) as work:
        work.record("person:ani", RENAMED)
        ADD_PERSON.run(work.connection, person | {"created_at": now})
    assert (told.value.reason, told.value.facts) == ("duplicate", {"table": "person"})


def test_a_fault_of_ours_keeps_what_sqlalchemy_would_say(office, actor, now):
    with pytest.raises(exc.IntegrityError, match="INSERT INTO sign_in_attempt"), office.write(actor, now) as work:
        ATTEMPT.run(work.connection, {"account": None, "address": "::1", "at": now, "succeeded": True})


def test_who_waits_too_long_for_a_row_is_told_to_try_again(postgresql, actor, now):
    head = started(postgresql, actor, now)
    touch = Prepared(update(tables.instance).where(tables.instance.c.id == head.id))
    with pytest.raises(Busy), postgresql.write(actor, now) as first:
        touch.run(first.connection, {"title": "Cuti besar"})
        with postgresql.write(actor, now) as second:
            touch.run(second.connection, {"title": "Cuti kecil"})


def test_a_connection_that_breaks_is_given_up_and_the_next_one_works(postgresql, actor, now):
    attempt = {"account": "ani", "address": "::1", "at": now, "succeeded": True}
    with pytest.raises(SetupError, match="tidak dapat dihubungi"), postgresql.write(actor, now) as work:
        pid = work.connection.scalar(select(func.pg_backend_pid()))
        with postgresql.unguarded() as other:
            other.execute(select(func.pg_terminate_backend(pid, 5000)))
        try:
            ATTEMPT.run(work.connection, attempt)
        finally:
            assert work.connection.invalidated
    with postgresql.write(actor, now) as work:
        ATTEMPT.run(work.connection, attempt)
