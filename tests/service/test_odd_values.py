"""Whoever writes what no column can hold behind the program's back stops no check: it names the place."""

import json
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Boolean, Integer, LargeBinary, NullPool, and_, create_engine, select, text

from engine.service.history import integrity
from engine.store import chains, proof
from engine.store import tables as t
from engine.store.files import named as name_of
from engine.store.history import OFFICE
from engine.store.kept_tables import TABLES, UNREAD
from engine.store.proof import prove
from engine.store.triggers import SQLITE
from engine.store.unit_of_work import Reader
from tests.service import test_rows_follow_history as rows
from tests.service.test_rows_follow_history import behind_its_back, forge, found, of_status

office = rows.office
NO_UTF_8 = object()
OWNERS = {"id", "instance_id", "process_id", "register_id", "person_id"}
DEEP = "[" * 100_000 + "]" * 100_000
ON_SQLITE = {
    "bytes": b"\x00\xff",
    "half a number": 0.5,
    "a number": 7,
    "a word": "bukan",
    "deep JSON": DEEP,
    "JSON with a fraction": '{"a": 0.5}',
    "an instant of no calendar": "2025-02-30 00:00:00.000000",
    "no UTF-8": NO_UTF_8,
}


@contextmanager
def undone(office):
    """Give a connection whose changes nobody ever sees, to write whatever one likes."""
    url = office.database.url if office.database.dialect == "postgresql" else f"sqlite:///{office.database.path}"
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        if office.database.dialect == "postgresql":
            connection.exec_driver_sql("SET session_replication_role = replica")
            connection.exec_driver_sql("SET timezone = 'UTC'")
            connection.exec_driver_sql("ALTER TABLE history DISABLE TRIGGER USER")
        else:
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = on")
            for name in SQLITE:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        yield connection
        connection.rollback()
    engine.dispose()


def first_of(connection, table):
    """The condition for the first row of a table, by its key."""
    key = list(table.primary_key.columns)
    first = connection.execute(select(*key).order_by(*key).limit(1)).first()
    return first and and_(*(column == its for column, its in zip(key, first, strict=True)))


def write(connection, column, odd, where):
    """Write an odd value where it should not be; what SQLite keeps it as."""
    table, name = column.table.name, column.name
    row = connection.scalar(select(text("rowid")).select_from(column.table).where(where))
    value = "CAST(x'41ff42' AS TEXT)" if odd is NO_UTF_8 else "?"
    given = () if odd is NO_UTF_8 else (odd,)
    connection.exec_driver_sql(f'UPDATE "{table}" SET "{name}" = {value} WHERE rowid = {row}', given)
    return connection.exec_driver_sql(f'SELECT typeof("{name}") FROM "{table}" WHERE rowid = {row}').scalar()


@pytest.fixture
def on_sqlite(database_kind, request):
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL keeps the types of its columns")
    return request.getfixturevalue("office")


@pytest.mark.parametrize("name", ON_SQLITE)
def test_an_odd_value_in_any_column_is_named_or_stands_where_history_says_nothing(on_sqlite, name):
    """Every column of every table that is held to history, each with a value of another kind."""
    seen = 0
    with undone(on_sqlite) as connection:
        for kind, kept in ((kind, kept) for kind, tables in TABLES.items() for kept in tables):
            table = t.metadata.tables[kept.name]
            where = first_of(connection, table)
            owner = connection.scalar(kept.rows().where(where)) if where is not None else None
            for column in table.columns if owner is not None else ():
                with connection.begin_nested() as change:
                    stored = write(connection, column, ON_SQLITE[name], where)
                    faults = prove(Reader(connection), f"{kind}:{owner}".removesuffix(":")).faults
                    change.rollback()
                place = f"{column}: {stored}, {faults}"
                assert "unfinished" not in {fault.kind for fault in faults}, place
                if column.name in UNREAD or not _misplaced(column.type, stored, name):
                    continue
                seen += 1
                if column.name not in {*kept.key, *OWNERS} and not column.foreign_keys:
                    assert column.name in {fault.field for fault in faults}, (
                        place
                    )  # or of its part, which is read first
    assert seen > 20 or name == "a number"


def _misplaced(kind, stored, name):
    if isinstance(kind, Integer | Boolean):
        return stored not in ("integer", "null")
    if isinstance(kind, LargeBinary):
        return stored != "blob"
    return stored != "text" or name == "no UTF-8"


@pytest.mark.parametrize("name", ON_SQLITE)
def test_an_odd_value_in_any_column_of_a_line_is_named(on_sqlite, name):
    with undone(on_sqlite) as connection:
        for column in t.history.columns:
            with connection.begin_nested() as change:
                write(connection, column, ON_SQLITE[name], first_of(connection, t.history))
                faults = prove(Reader(connection)).faults
                change.rollback()
            assert faults, column
            assert all(str(fault) for fault in faults)
            assert "unfinished" not in {fault.kind for fault in faults}, faults


PLACES = [
    ("instance", '"values"', "cast(:deep AS json)"),
    ("instance", '"values"', """'{"a": 0.5}'"""),
    ("instance", "started_at", "'infinity'"),
    ("instance", "started_at", "'2025-01-06 01:15:00+00 BC'"),
    ("task", "created_at", "'-infinity'"),
    ("register_entry", "since", "'infinity'"),
    ("signature", "detail", "cast(:deep AS json)"),
    ("history", "at", "'infinity'"),
]


@pytest.mark.parametrize(("table", "column", "odd"), PLACES)
def test_what_postgresql_keeps_and_no_program_can_read_is_named(database_kind, request, table, column, odd):
    if database_kind != "postgresql":
        pytest.skip("SQLite has odd values of its own")
    office = request.getfixturevalue("office")
    with undone(office) as connection:
        given = {"deep": "[" * 5_000 + "]" * 5_000} if ":deep" in odd else {}
        assert connection.execute(text(f"UPDATE {table} SET {column} = {odd}"), given).rowcount
        faults = prove(Reader(connection)).faults
    named = {(fault.kind, fault.table, fault.field) for fault in faults}
    assert ("unreadable", table, column.strip('"')) in named, faults
    assert "unfinished" not in {fault.kind for fault in faults}


ODD_LINES = [
    ("person:sekretaris", "document:read", '{"instance":{"a":1}}'),
    ("person:sekretaris", "document:read", '{"instance":7}'),
    ("office", "export:made", '{"instances":[7,"x"]}'),
    ("office", "export:made", '{"instances":7}'),
    ("office", "export:made", "[]"),
    ("person:sekretaris", "person:changed", '{"new":{"name":{"commitment":[1]}}}'),
    ("instance:", "task:claimed", DEEP),
    ("person:sekretaris", "document:read", "{"),
    ("instance:", "instance:corrected", '{"instance":7}'),
    ("instance:", "document:returned", '{"document":7,"reason":"x"}'),
    ("office", "setting:changed", '{"section":7,"new":{}}'),
]


@pytest.mark.parametrize(("stream", "action", "change"), ODD_LINES)
def test_a_line_that_says_something_odd_with_the_right_hash_is_named(office, stream, action, change):
    with behind_its_back(office) as connection:
        stream += of_status(connection, "suspended") if stream == "instance:" else ""
        forge(connection, stream, actor="sekretaris", name=None, action=action, change=change)
    [fault] = found(office)
    assert (fault.stream, fault.kind, fault.table, fault.field) == (stream, "unreadable", "history", "change")
    assert found(office, stream) == (fault,)


@pytest.mark.parametrize("stream", ["instance:", "person:", "instance:tidak-ada", "lain:a", "", "office:"])
def test_lines_of_a_stream_that_is_nobodys_are_found(office, stream):
    with behind_its_back(office) as connection:
        line = connection.execute(select(t.history).where(t.history.c.stream == OFFICE)).first()._asdict()
        line |= {"stream": stream, "seq": 1, "action": "sessions:ended", "change": "{}", "name": None}
        line["previous_hash"] = chains.genesis(line_of_installation(connection), stream)
        line["hash"] = rows.HistoryLine(**line).computed_hash()
        connection.execute(t.history.insert(), line)
    [fault] = found(office)
    assert fault.stream == stream
    assert fault.kind in ("orphan", "unreadable")
    assert [each.kind for each in found(office, stream)] == [fault.kind]


def line_of_installation(connection):
    return connection.scalar(select(t.installation.c.id))


def test_a_stream_written_anew_in_the_format_of_the_first_releases_is_found(office):
    """Its instants lie after the office was founded, since when every line is of the second format."""
    office.later(days=1)
    begun = office.start(period="II")
    with behind_its_back(office) as connection:
        earlier = {"format": 1, "name": None, "capacity": None}
        rows.anew(connection, f"instance:{begun}", lambda line: line | earlier, form=1)
    [fault] = found(office)
    assert (fault.stream, fault.seq, fault.kind) == (f"instance:{begun}", 1, "format")


def test_a_check_that_cannot_be_finished_says_so_and_why(office, monkeypatch):
    """Whatever else goes wrong: neither the console nor the page shows an earlier verdict in its place."""
    operator = office.actor("operator")
    checks = office.services.checks
    checks.ask(operator, office.now)
    while checks.sweep("pekerja", office.now):
        pass
    assert checks.last(operator).report.sound

    def broken(connection):
        raise ZeroDivisionError("sesuatu yang tidak terduga")

    monkeypatch.setattr(proof, "heads_of", broken)
    with office.database.read() as reader:
        report = prove(reader)
    assert (report.sound, report.unfinished) == (False, True)
    assert "tidak terduga" in report.faults[-1].found
    checks.ask(operator, office.now + timedelta(hours=1))
    while checks.sweep("pekerja", office.now + timedelta(hours=1)):
        pass
    last = checks.last(operator)
    assert (last.report.sound, last.report.unfinished, last.asked) == (False, True, False)
    assert last.ended_at == office.now + timedelta(hours=1)
    assert json.loads(json.dumps(last.earlier[0][1]))["first"][0]["kind"] == "unfinished"


def test_the_nightly_check_ends_over_odd_values_too(on_sqlite, monkeypatch):
    operator, checks = on_sqlite.actor("operator"), on_sqlite.services.checks
    monkeypatch.setattr(integrity, "AT_ONCE", 20)
    with behind_its_back(on_sqlite) as connection:
        instance = of_status(connection, "suspended")
        connection.exec_driver_sql(f"UPDATE instance SET \"values\" = '[0.5]' WHERE id = '{instance}'")
        connection.exec_driver_sql("UPDATE person SET name = CAST(x'41ff' AS TEXT) WHERE id = 'auditor'")
        connection.exec_driver_sql("UPDATE history SET stream = x'ff00', change = x'00' WHERE stream = 'office'")
    checks.ask(operator, on_sqlite.now)
    for _ in range(500):
        if not checks.sweep("pekerja", on_sqlite.now):
            break
    report = checks.last(operator).report
    named = {(fault.kind, fault.table, fault.field) for fault in report.faults}
    assert {
        ("unreadable", "instance", "values"),
        ("unreadable", "person", "name"),
        ("unreadable", "history", "stream"),
    } <= named
    assert not report.unfinished


def begin_stream(connection, stream, count=1, **facts):
    """Write a stream of lines with the right hashes."""
    line = connection.execute(select(t.history).where(t.history.c.stream == OFFICE)).first()._asdict()
    line |= {"stream": stream, "name": None, "action": "document:read", "change": "{}", **facts}
    head = chains.genesis(line_of_installation(connection), stream)
    lines = []
    for seq in range(1, count + 1):
        line = line | {"seq": seq, "previous_hash": head, "hash": ""}
        head = line["hash"] = rows.HistoryLine(**line).computed_hash()
        lines.append(line)
    connection.execute(t.history.insert(), lines)


def checked(office):
    """Let the worker check until it is over: what it says."""
    operator, checks = office.actor("operator"), office.services.checks
    office.later(hours=2)
    checks.ask(operator, office.now)
    for _ in range(500):
        if not checks.sweep("pekerja", office.now):
            break
    last = checks.last(operator)
    assert (last.asked, last.ended_at) == (False, office.now), "it came to an end"
    return last.report


@pytest.mark.parametrize("half", ['{"a": "\\ud800"}', '{"\\udc00": "a"}'])
def test_half_a_character_in_a_row_is_found_and_what_is_found_is_kept(office, half):
    assert checked(office).sound
    with behind_its_back(office) as connection:
        its = {"half": half, "id": of_status(connection, "suspended")}
        connection.execute(text('UPDATE instance SET "values" = :half WHERE id = :id'), its)
    assert {(fault.kind, fault.field) for fault in checked(office).faults} == {("row", "values")}


@pytest.mark.parametrize("seq", ["x'01'", "'abc'", "9e999", "0.5"])
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_lines_whose_number_is_none_end_the_check_and_are_named(on_sqlite, monkeypatch, seq, order):
    monkeypatch.setattr(integrity, "AT_ONCE", 3)
    with behind_its_back(on_sqlite) as connection:
        last = connection.exec_driver_sql(
            f"SELECT stream, max(seq) FROM history GROUP BY stream ORDER BY stream {order} LIMIT 1"
        ).one()
        connection.exec_driver_sql(f"UPDATE history SET seq = {seq} WHERE stream = ? AND seq = ?", tuple(last))
        instance = of_status(connection, "suspended")
        odd = f"SELECT rowid FROM history WHERE stream = 'instance:{instance}' AND seq > 2"
        for (rowid,) in connection.exec_driver_sql(odd).all():
            connection.exec_driver_sql(f"UPDATE history SET seq = CAST('x{rowid}' AS BLOB) WHERE rowid = {rowid}")
    report = checked(on_sqlite)
    assert not report.unfinished
    assert {last.stream, f"instance:{instance}"} <= {fault.stream for fault in report.faults}
    assert {(fault.kind, fault.field) for fault in report.faults} >= {("unreadable", "seq")}


def test_a_stream_with_a_long_name_and_many_lines_is_walked_once(on_sqlite, monkeypatch):
    """PostgreSQL keeps no longer name than its column's."""
    monkeypatch.setattr(integrity, "AT_ONCE", 20)
    with behind_its_back(on_sqlite) as connection:
        begin_stream(connection, f"person:{'x' * 300}", 50)
    [fault] = checked(on_sqlite).faults
    assert (fault.kind, len(fault.stream)) == ("orphan", 200)


def test_what_is_found_stays_in_history_as_a_short_line_however_long_it_is(office):
    with behind_its_back(office) as connection:
        connection.execute(text("UPDATE person SET name = :name WHERE id = 'auditor'"), {"name": "x" * 1_000_000})
    told = select(t.history.c.change).where(t.history.c.action == "integrity:checked")
    [fault] = checked(office).faults
    assert (fault.field, len(fault.found)) == ("name", 200)
    with office.database.read() as reader:
        assert len(reader.connection.scalars(told).one()) < 2_000


def test_a_report_that_cannot_be_kept_is_kept_as_a_check_that_came_to_no_end(office, monkeypatch):
    assert checked(office).sound
    monkeypatch.setattr(proof, "heads_of", lambda connection: (object(),))
    assert checked(office).unfinished


@pytest.mark.parametrize("form", [0, -1, 3])
def test_a_line_of_a_format_that_never_was_is_named(office, form):
    with behind_its_back(office) as connection:
        begin_stream(connection, "person:auditor.kedua", format=form)
    [fault] = found(office, "person:auditor.kedua")
    assert fault.kind in ("format", "unreadable")


@pytest.mark.parametrize("end", ["replace(due_at, ' ', 'T')", "due_at || '+07:00'", "replace(due_at, ' ', '_')"])
def test_an_instant_that_the_program_writes_otherwise_is_named(on_sqlite, end):
    with behind_its_back(on_sqlite) as connection:
        connection.exec_driver_sql(f"UPDATE task SET due_at = {end} WHERE due_at IS NOT NULL")
    assert {(fault.kind, fault.field) for fault in found(on_sqlite)} == {("unreadable", "due_at")}


def test_an_odd_number_on_an_instance_hides_no_other_row(on_sqlite):
    with behind_its_back(on_sqlite) as connection:
        instance = of_status(connection, "suspended")
        connection.exec_driver_sql("UPDATE person SET name = 'Palsu' WHERE id = 'auditor'")
        connection.exec_driver_sql(f"UPDATE instance SET history_seq = 'abc' WHERE id = '{instance}'")
    told = {(fault.kind, fault.table, fault.field): fault for fault in checked(on_sqlite).faults}
    assert told.keys() == {("unreadable", "instance", "history_seq"), ("row", "person", "name")}
    assert told["unreadable", "instance", "history_seq"].seq == 0, "it is at fault in no line"


def test_what_stands_in_the_place_of_a_kept_file_and_cannot_be_read_is_found(office):
    files = office.services.documents.files
    with office.database.read() as reader:
        sha256 = reader.connection.scalar(select(t.rendering.c.sha256).where(t.rendering.c.sha256.is_not(None)))
    path = files.place.path(name_of(sha256))
    path.unlink()
    path.mkdir()
    assert {(fault.kind, fault.key) for fault in found(office)} == {("file", sha256)}


def test_once_all_is_proved_texts_are_read_quickly_again(office):
    if office.database.dialect == "postgresql":
        pytest.skip("PostgreSQL keeps the types of its columns")
    with office.database.read() as reader:
        assert prove(reader).faults == ()
        assert reader.connection.connection.driver_connection.text_factory is str
