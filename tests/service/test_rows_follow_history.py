"""Rows are held to history: who edits them behind the program's back is found out, and destroys no proof."""

import json
import os
import re
import shutil
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import NullPool, create_engine, delete, insert, select, update

from engine.cli import main
from engine.model.history import HistoryLine, canonical, sha256_of
from engine.model.people import Capacity
from engine.service.people.accounts import Retyped
from engine.service.people.api_tokens import Scope
from engine.store import tables as t
from engine.store.database import open_database
from engine.store.files import named
from engine.store.history import start_of
from engine.store.proof import prove
from engine.store.triggers import POSTGRESQL, SQLITE, create_triggers
from tests.office import OfficeAtWork, returned
from tests.service import archiving
from tests.service.archiving import archived
from tests.service.procedures import PEOPLE
from tests.store.test_history import tampering
from tests.swept import swept

LATE = timedelta(days=200)


def busy(url, data_dir):
    """Let an office work for a while, with everything that history tells of."""
    data_dir.mkdir(mode=0o700)
    database = open_database(url, data_dir)
    office = OfficeAtWork(database, data_dir).open()
    office.explains = True
    for role, account in PEOPLE.items():
        office.hire(account, role)
    archiving.deploy(office)
    services, operator = office.services, office.actor("operator")
    sealed = archived(office)
    services.starts.correct(office.actor("ann"), sealed, ["surat"], "Salah tulis", office.now)
    stopped = office.start(period="IV")
    office.until_data(stopped)
    services.control.terminate(operator, stopped, "Dimulai dua kali.", office.now)
    signed = office.start(period="I")
    office.until_data(signed)
    for holder in ("pemegang.data.1", "pemegang.data.2"):
        office.do(holder, signed, "siapkan_data", holder)
    office.later(hours=2)
    office.do("tim.sakip", signed, "susun_analisis", **returned("pemegang.data.2"))
    office.do("pemegang.data.2", signed, "siapkan_data", "pemegang.data.2")
    office.do("tim.sakip", signed, "susun_analisis")
    office.do("sekretaris", signed, "minta_persetujuan")
    office.do("kepala.dinas", signed, "tandatangani_persetujuan", tanda_tangan__mode="wet")
    swept(services.printing, office.now)
    running = office.start(period="III")
    office.do("kepala.dinas", running, "perintahkan_pengumpulan_data")
    office.do("sekretaris", running, "siapkan_kertas_kerja")
    services.control.comment(office.actor("sekretaris"), running, "Data menyusul.", office.now)
    task = office.task(running, "susun_jadwal")
    services.assignments.claim(office.actor("tim.sakip"), task, office.now)
    services.assignments.hand_over(office.actor("tim.sakip"), task, "tim.sakip.2", "Cuti", office.now)
    services.control.suspend(operator, running, "Menunggu DPA.", office.now)
    services.people.rename(operator, "sekretaris", "Sekretaris Dinas", "Salah tulis", office.now)
    held = services.people.add_membership(
        operator, "sekretaris", "cadangan", Capacity.ACTING_PLH, date(2025, 1, 1), None, "SK 1", "Cuti", office.now
    )
    services.people.end_membership(operator, "sekretaris", held.id, date(2025, 12, 31), "Selesai", office.now)
    value, revision = services.office.calendar_setting(operator)
    services.office.change_calendar(operator, {**value, "confirmed": True}, revision, office.now)
    series = services.numbers.series(operator)[0]
    services.numbers.move_on(operator, series.series, series.year, series.last + 3, "Di luar Alur", office.now)
    database.close()


@pytest.fixture
def office(databases, data_dir):
    """That office, to be tampered with."""
    with databases.prepared(busy, data_dir) as url:
        database = open_database(url, data_dir)
        yield OfficeAtWork(database, data_dir)
        database.close()


def found(office, stream=None):
    with office.database.read() as reader:
        return prove(reader, stream, files=office.services.documents.files).faults


@contextmanager
def behind_its_back(office):
    """Do what the owner of a database can do: no trigger, no foreign key, no program looks on."""
    if office.database.dialect == "postgresql":
        with tampering(office.database) as connection:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            yield connection
        return
    engine = create_engine(f"sqlite:///{office.database.path}", poolclass=NullPool)
    with engine.begin() as connection:
        for name in SQLITE:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        yield connection
        create_triggers(connection)


def forge(connection, stream, **facts):
    """Append a line with the right hash, and the head on the row with it."""
    last = connection.execute(select(t.history).where(t.history.c.stream == stream).order_by(-t.history.c.seq)).first()
    line = last._asdict() | {"seq": last.seq + 1, "previous_hash": last.hash, "hash": ""} | facts
    line["hash"] = HistoryLine(**line).computed_hash()
    connection.execute(insert(t.history), line)
    its = t.instance.c.id == stream.removeprefix("instance:")
    connection.execute(update(t.instance).where(its).values(history_seq=line["seq"], history_hash=line["hash"]))


def anew(connection, stream, change=lambda line: line, form=None):
    """Compute a whole chain anew, with what *change* makes of its lines, and the head on the row."""
    rows = connection.execute(select(t.history).where(t.history.c.stream == stream).order_by(t.history.c.seq)).all()
    connection.execute(delete(t.history).where(t.history.c.stream == stream))
    head = start_of(connection, stream, form or rows[0].format)
    for row in rows:
        line = change(row._asdict()) | {"previous_hash": head, "hash": ""}
        head = line["hash"] = HistoryLine(**line).computed_hash()
        connection.execute(insert(t.history), line)
    its = t.instance.c.id == stream.removeprefix("instance:")
    connection.execute(update(t.instance).where(its).values(history_hash=head))


def of_status(connection, status):
    return connection.scalar(select(t.instance.c.id).where(t.instance.c.status == status).limit(1))


def test_a_busy_office_is_sound(office):
    assert found(office) == ()
    with office.database.read() as reader:
        streams = list(reader.connection.scalars(select(t.history.c.stream).distinct()))
    assert {fault for stream in streams for fault in found(office, stream)} == set()


ROWS = [
    ("instance", "title", "title = 'Lain'", "true"),
    ("instance", "values", '"values" = \'{"tahun": 2024}\'', "status = 'suspended'"),
    ("instance", "started_at", "started_at = changed_at, changed_at = started_at", "status = 'completed'"),
    ("instance", "started_by", "started_by = 'auditor'", "true"),
    ("instance", "status", "status = 'running'", "status = 'suspended'"),
    ("instance", "status_reason", "status_reason = 'Lain'", "status = 'terminated'"),
    ("instance", "ended_by", "ended_by = 'auditor'", "status = 'completed'"),
    ("instance", "corrects", "corrects = NULL", "corrects IS NOT NULL"),
    ("instance", "corrects", 'corrects = \'{"instance": "x"}\'', "status = 'suspended'"),
    ("instance", "corrected_by", "corrected_by = NULL", "corrected_by IS NOT NULL"),
    ("instance", "corrected_by", "corrected_by = 'x'", "status = 'completed'"),
    ("instance", "definition_id", "definition_id = (SELECT min(id) FROM definition)", "true"),
    ("task", "completed_by", "completed_by = 'auditor'", "status = 'completed'"),
    ("task", "completed_at", "completed_at = created_at", "element_id = 'susun_analisis' AND status = 'completed'"),
    ("task", "status", "status = 'completed'", "status = 'ready'"),
    ("task", "status", "status = 'ready'", "status = 'completed'"),
    ("task", "capacity", "capacity = 'plh'", "status = 'completed'"),
    ("task", "decree", "decree = 'SK 9'", "status = 'completed'"),
    ("task", "assignee", "assignee = 'tim.sakip'", "status = 'ready'"),
    ("task", "returned_by", "returned_by = 'auditor'", "returned_by IS NOT NULL"),
    ("task", "returned_reason", "returned_reason = 'Lain'", "returned_by IS NOT NULL"),
    ("task", "status", "status = 'ready'", "status = 'cancelled'"),
    ("task", "role", "role = 'tim_sakip'", "element_id = 'siapkan_kertas_kerja'"),
    ("task", "performer", "performer = 'auditor'", "performer = 'pemegang.data.1'"),
    ("task", "created_at", "created_at = due_at", "due_at IS NOT NULL"),
    ("task", "standard_time", "standard_time = 'P9D'", "standard_time IS NOT NULL"),
    ("task", "due_at", "due_at = created_at", "due_at IS NOT NULL"),
    ("task", "first_due_at", "first_due_at = created_at", "first_due_at IS NOT NULL"),
    ("document", "sha256", f"sha256 = '{'0' * 64}'", "status = 'issued'"),
    ("document", "content", "content = '{}'", "content <> '{}'"),
    ("document", "status", "status = 'signed'", "status = 'replaced'"),
    ("document", "status", "status = 'issued'", "status = 'void'"),
    ("document", "version", "version = version + 7", "true"),
    ("document", "created_by", "created_by = 'auditor'", "true"),
    ("document_part", "content", "content = '{\"a\":1}'", "true"),
    ("document_part", "created_by", "created_by = 'auditor'", "true"),
    ("attachment", "sha256", f"sha256 = '{'0' * 64}'", "instance_id IS NOT NULL"),
    ("rendering", "sha256", f"sha256 = '{'0' * 64}'", "status = 'made'"),
    ("rendering", "status", "status = 'due'", "status = 'made'"),
    ("signature", "signer", "signer = 'sekretaris'", "true"),
    ("signature", "mode", "mode = 'certified'", "true"),
    ("signature", "signed_at", "signed_at = (SELECT min(started_at) FROM instance)", "true"),
    ("archive", "sha256", f"sha256 = '{'0' * 64}'", "status = 'made'"),
    ("archive", "place", "place = '{\"parts\": {}}'", "status = 'made'"),
    ("number", "text", "text = 'B/1/2025'", "ordinal = 1"),
    ("number", "void_reason", "void_reason = NULL", "instance_id IS NOT NULL"),
    ("number", "void_reason", "void_reason = 'Lain'", "instance_id IS NULL"),
    ("definition", "content_hash", f"content_hash = '{'0' * 64}'", "true"),
    ("definition", "deployed_by", "deployed_by = 'auditor'", "true"),
    ("definition", "confirmed", "confirmed = true", "true"),
    ("definition_file", "content_hash", "path = 'x' || path", "true"),
    ("register", "schema", "schema = '{}'", "true"),
    ("register_entry", "content", "content = '{}'", "true"),
    ("register_entry", "until", "until = '2025-02-01'", "true"),
    ("person", "name", "name = 'Lain'", "id = 'sekretaris'"),
    ("person", "active", "active = false", "id = 'auditor'"),
    ("person", "name_commitment", "name_commitment = NULL", "id = 'sekretaris'"),
    ("personal_value", "value", "value = 'Lain'", "person_id = 'tim.sakip'"),
    ("personal_value", "value", "value = NULL, salt = NULL", "person_id = 'tim.sakip'"),
    ("installation", "made_at", "made_at = '2020-01-01 00:00:00'", "true"),
    ("setting", "value", 'value = \'{"zone": "Asia/Jakarta"}\'', "section = 'calendar'"),
    ("setting", "revision", "revision = 1", "section = 'calendar'"),
]


@pytest.mark.parametrize(("table", "column", "change", "where"), ROWS)
def test_an_edited_row_is_named_with_its_column(office, table, column, change, where):
    with behind_its_back(office) as connection:
        assert connection.exec_driver_sql(f"UPDATE {table} SET {change} WHERE {where}".replace("%", "%%")).rowcount
    faults = found(office)
    named = {"definition_file": "definition"}.get(table, table)
    assert (named, column) in {(fault.table, fault.field) for fault in faults}, faults
    fault = next(each for each in faults if (each.table, each.field) == (named, column))
    assert fault.key in str(fault)
    assert fault.expected != fault.found


GONE = [
    ("task", "status = 'completed'"),
    ("task", "status = 'ready'"),
    ("personal_value", "person_id = 'tim.sakip'"),
    ("document", "status = 'issued'"),
    ("attachment", "instance_id IS NOT NULL"),
    ("rendering", "status = 'made'"),
    ("signature", "true"),
    ("archive", "true"),
    ("comment", "true"),
    ("number", "instance_id IS NOT NULL"),
    ("number", "instance_id IS NULL"),
    ("definition", "true"),
    ("register_entry", "true"),
    ("membership", "role = 'cadangan'"),
    ("setting", "true"),
]


@pytest.mark.parametrize(("table", "where"), GONE)
def test_a_row_that_history_tells_of_and_that_is_gone_is_missed(office, table, where):
    with behind_its_back(office) as connection:
        assert connection.exec_driver_sql(f"DELETE FROM {table} WHERE {where}").rowcount
    assert (table, "lacking") in {(fault.table, fault.kind) for fault in found(office)}


def test_a_row_of_which_history_does_not_tell_is_found(office):
    now = office.now
    with behind_its_back(office) as connection:
        instance = of_status(connection, "suspended")
        for table, facts in {
            "comment": {"id": "k", "instance_id": instance, "text": "Disetujui", "written_at": now},
            "membership": {"id": "m", "person_id": "tim.sakip", "role": "operator", "capacity": "definitif"},
            "number": {"series": "surat", "year": 2024, "ordinal": 1, "text": "1", "place": "a", "subject": "b"},
            "register_entry": {"id": "r", "register_id": "indikator", "key": "IKU-99", "content": "{}", "version": 1},
            "person": {"id": "lain", "name": "Lain", "active": True, "must_change_password": False, "created_at": now},
        }.items():
            columns = t.metadata.tables[table].c
            defaults = {"written_by": "ann", "since": date(2025, 1, 1), "taken_at": now, "taken_by": "ann"}
            defaults |= {"instance_id": instance, "sha256": "0" * 64, "changed_at": now, "changed_by": "ann"}
            row = {name: value for name, value in (defaults | facts).items() if name in columns}
            connection.execute(insert(t.metadata.tables[table]), row)
    assert {"comment", "membership", "register_entry", "person"} <= {
        fault.table for fault in found(office) if fault.kind == "untold"
    }


ODD = [  # what is there twice, or nearly as it was
    "UPDATE membership SET decree = '' WHERE role = 'cadangan'",
    "INSERT INTO comment SELECT 'dua', instance_id, text, written_at, written_by FROM comment",
    "INSERT INTO membership SELECT 'dua', person_id, role, capacity, since, until, decree FROM membership "
    "WHERE role = 'cadangan'",
    "UPDATE instance SET history_at = started_at WHERE status = 'completed'",
    "DELETE FROM source WHERE sha256 IN (SELECT sha256 FROM definition_file WHERE path LIKE '%%.bpmn')",
]


@pytest.mark.parametrize("change", ODD)
def test_a_row_that_is_there_twice_or_nearly_as_it_was_is_found(office, change):
    with behind_its_back(office) as connection:
        done = connection.exec_driver_sql(change.replace("%%", "%") if office.database.dialect == "sqlite" else change)
        assert done.rowcount
    assert found(office)


def test_who_signs_out_everywhere_ends_the_tokens_that_were_still_in_force(office):
    tokens, actor, retyped = office.services.tokens, office.actor("sekretaris"), with_password(office)
    revoked, kept = (tokens.issue(actor, name, 30, list(Scope), retyped, office.now)[0] for name in ("lama", "baru"))
    tokens.revoke(actor, revoked.id, office.now)
    before = {token.id: token.revoked_at for token in tokens.own(actor)}
    office.later(hours=1)
    office.services.accounts.sign_out_elsewhere(actor, office.now)
    after = {token.id: token.revoked_at for token in tokens.own(actor)}
    assert (after[revoked.id], after[kept.id]) == (before[revoked.id], office.now)
    assert found(office) == ()


def test_a_proposal_that_nobody_made_cannot_be_declined_and_breaks_no_proof(office):
    new = {"role": "operator", "capacity": "definitif", "since": "2025-01-01", "until": None, "decree": "SK 1"}
    with behind_its_back(office) as connection:
        change = canonical({"new": new, "reason": "x"})
        forge(connection, "person:sekretaris", action="proposal:declined", change=change)
    assert found(office) == ()


def test_a_deed_under_the_name_of_another_is_found(office):
    with behind_its_back(office) as connection:
        name = connection.scalar(select(t.person.c.name_commitment).where(t.person.c.id == "kepala.dinas"))
        forge(connection, "person:sekretaris", actor="sekretaris", name=name, action="sessions:ended", change="{}")
    [fault] = found(office)
    assert (fault.stream, fault.table, fault.field) == ("person:sekretaris", "personal_value", "person_id")


MANY = '{"first":1,"last":100000000000,"reason":"x","series":"surat","year":2025}'


@pytest.mark.parametrize(
    "odd", [{"format": 3}, {"action": "rahasia:besar"}, {"action": "number:voided", "change": MANY}]
)
def test_a_line_of_no_format_or_action_that_there_is_is_told(office, odd):
    with behind_its_back(office) as connection:
        forge(connection, "person:sekretaris", **{"action": "sessions:ended", "change": "{}"} | odd)
    [fault] = found(office)
    assert (fault.stream, fault.kind) == ("person:sekretaris", "unreadable")


def test_a_whole_instance_that_is_gone_is_missed_by_what_names_it(office):
    with behind_its_back(office) as connection:
        gone = of_status(connection, "terminated")
        for table in t.metadata.sorted_tables:
            if "instance_id" in table.c and table.name != "number":
                connection.execute(delete(table).where(table.c.instance_id == gone))
        connection.execute(delete(t.instance).where(t.instance.c.id == gone))
    fault = next(fault for fault in found(office) if fault.stream == f"instance:{gone}")
    assert (fault.kind, fault.table) == ("absent", "number")
    with behind_its_back(office) as connection:
        connection.execute(delete(t.number).where(t.number.c.instance_id == gone))
    fault = next(fault for fault in found(office))
    assert (fault.stream, fault.table, fault.field) == ("office", "number_counter", "count"), "a number is missing"
    assert int(fault.found) == int(fault.expected) - 1


@pytest.mark.parametrize(
    ("stream", "cut", "table"),
    [
        ("person:sekretaris", "person:changed", "person"),
        ("person:sekretaris", "membership:ended", "membership"),
        ("office", "setting:changed", "setting"),
        ("office", "number:voided", "number"),
        ("register:indikator", "register:imported", "register_entry"),
    ],
)
def test_a_tail_cut_from_a_stream_is_missed_where_rows_know_more(office, stream, cut, table):
    lines = t.history
    with behind_its_back(office) as connection:
        of = (lines.c.stream == stream, lines.c.action == cut)
        seq = connection.scalar(select(lines.c.seq).where(*of).order_by(-lines.c.seq).limit(1))
        connection.execute(delete(lines).where(lines.c.stream == stream, lines.c.seq >= seq))
    assert (stream, table) in {(fault.stream, fault.table) for fault in found(office)}


def test_a_tail_cut_together_with_its_head_is_missed_by_the_rows(office):
    with behind_its_back(office) as connection:
        instance = of_status(connection, "completed")
        of = t.history.c.stream == f"instance:{instance}"
        seq = connection.scalar(select(t.history.c.seq).where(of, t.history.c.action == "instance:completed"))
        connection.execute(delete(t.history).where(of, t.history.c.seq >= seq))
        last = connection.execute(select(t.history).where(of, t.history.c.seq == seq - 1)).one()
        head = {"history_seq": last.seq, "history_hash": last.hash}
        connection.execute(update(t.instance).where(t.instance.c.id == instance).values(**head))
    [fault] = found(office)
    assert (fault.table, fault.field, fault.found) == ("instance", "status", "completed")


@pytest.mark.parametrize(
    ("deed", "table"),
    [
        ({"action": "instance:terminated", "change": '{"old":"suspended","reason":"Batal"}'}, "instance"),
        ({"action": "comment:added", "change": '{"text":"Disetujui kepala dinas."}'}, "comment"),
        (
            {"action": "task:completed", "task_id": "f" * 32, "change": '{"files":{},"passed":[],"values":{}}'},
            "instance",
        ),
        ({"action": "task:claimed", "task_id": "f" * 32, "change": "{}"}, "task"),
    ],
)
def test_a_forged_line_with_the_right_hash_and_head_is_borne_out_by_no_row(office, deed, table):
    with behind_its_back(office) as connection:
        instance = of_status(connection, "suspended")
        forge(connection, f"instance:{instance}", **deed)
    [fault] = found(office)
    assert (fault.stream, fault.table) == (f"instance:{instance}", table)


def test_a_line_dated_long_before_its_predecessor_is_told(office):
    with behind_its_back(office) as connection:
        instance = of_status(connection, "suspended")
        forge(connection, f"instance:{instance}", action="export:made", change="{}", at=office.now - LATE)
    [fault] = found(office)
    assert (fault.stream, fault.kind) == (f"instance:{instance}", "early")


def test_a_chain_computed_anew_is_found_by_the_head_that_was_recorded_when_it_was_archived(office):
    with behind_its_back(office) as connection:
        stream = "instance:" + of_status(connection, "archived")
        anew(connection, stream, lambda line: line | {"on_behalf_of": None if line["seq"] > 1 else "Plh."})
    [fault] = found(office)
    assert (fault.stream, fault.kind) == (stream, "head")


def with_password(office):
    """Give everybody a password, and return it as they type it."""
    with office.database.unguarded() as connection:
        hashed = office.services.accounts.hasher.hash("kuda-baterai-staples")
        connection.execute(update(t.person).values(password_hash=hashed))
    return Retyped("kuda-baterai-staples", "-")


def test_a_token_whose_hash_was_exchanged_for_another_s_is_found(office):
    asked = ("rekap", 30, tuple(Scope), with_password(office), office.now)
    token, _ = office.services.tokens.issue(office.actor("sekretaris"), *asked)
    assert found(office) == ()
    with behind_its_back(office) as connection:
        mine = sha256_of("alur_yang-saya-tahu")
        connection.execute(update(t.api_token).where(t.api_token.c.id == token.id).values(sha256=mine))
    [fault] = found(office)
    assert (fault.stream, fault.table, fault.field) == ("person:sekretaris", "api_token", "sha256")
    assert fault.found == mine


def test_triggers_that_were_left_off_are_told(office):
    sqlite = office.database.dialect == "sqlite"
    with office.database.unguarded() as connection:
        name = next(iter(SQLITE if sqlite else POSTGRESQL))
        connection.exec_driver_sql(f"DROP TRIGGER {name}" + ("" if sqlite else " ON history"))
    [fault] = found(office)
    assert (fault.kind, name in fault.found) == ("guard", True)


def test_a_source_and_a_kept_file_that_were_exchanged_are_told(office):
    files = office.services.documents.files
    with behind_its_back(office) as connection:
        sha256 = connection.scalar(select(t.rendering.c.sha256).where(t.rendering.c.format == "pdf").limit(1))
        path = t.definition_file.c.path.like("%.bpmn")
        source = connection.scalar(select(t.definition_file.c.sha256).where(path).limit(1))
        connection.execute(update(t.source).where(t.source.c.sha256 == source).values(content=b"<lain/>"))
    files.place.path(named(sha256)).write_bytes(b"%PDF-lain")
    faults = found(office)
    assert {("file", "rendering"), ("row", "source")} <= {(fault.kind, fault.table) for fault in faults}


def test_a_file_that_history_names_is_not_swept_away_when_somebody_edits_its_row(office):
    files = office.services.documents.files
    history_names = set(files.names())
    forgotten = files.put_bytes(b"yang tidak jadi dipakai", 100).sha256
    for name in files.names():
        at = (office.now - timedelta(days=2)).timestamp()
        os.utime(files.place.path(named(name)), (at, at))
    with office.database.unguarded() as connection:
        connection.execute(update(t.attachment).values(sha256="0" * 64))
    assert "attachment" in {fault.table for fault in found(office)}
    with office.database.unguarded() as connection:
        for table in (t.rendering, t.archive):
            connection.execute(update(table).values(sha256="0" * 64))
    assert office.services.documents.forget_staged(office.now) == 1
    assert set(files.names()) == history_names
    assert forgotten not in history_names


# ── what only an anchor outside shows ───────────────────────────────────────────────────────────────────────────────


def test_the_nightly_check_finds_an_edited_row_too_slice_by_slice(office):
    operator, now = office.actor("operator"), office.now

    def checked():
        office.services.checks.ask(operator, now)
        while office.services.checks.sweep("pekerja", now):
            pass
        return office.services.checks.last(operator).report

    assert checked().sound
    with behind_its_back(office) as connection:
        connection.execute(update(t.signature).values(signer="sekretaris"))
    report = checked()
    assert {(fault.table, fault.field) for fault in report.faults} == {("signature", "signer")}
    own = 1  # that it was checked is a line too, written when it is over
    assert report.lines + own == office.database.ask(prove).lines


def test_a_chain_computed_anew_with_its_rows_is_not_found(office):
    def told_otherwise(line):
        change = json.loads(line["change"])
        said = json.dumps(change | {"reason": "Lain"}, sort_keys=True, separators=(",", ":"))
        return line | ({"change": said} if line["action"] == "instance:suspended" else {})

    with behind_its_back(office) as connection:
        instance = of_status(connection, "suspended")
        anew(connection, f"instance:{instance}", told_otherwise)
        connection.execute(update(t.instance).where(t.instance.c.id == instance).values(status_reason="Lain"))
    assert found(office) == ()


def test_an_old_database_put_in_place_is_not_found(office, tmp_path):
    if office.database.dialect != "sqlite":
        pytest.skip("on PostgreSQL it takes a dump, and shows as little")
    shutil.copyfile(office.database.path, tmp_path / "lama.db")
    with office.database.read() as reader:
        instance = of_status(reader.connection, "suspended")
    office.services.control.resume(office.actor("operator"), instance, "DPA terbit.", office.now)
    old = open_database(f"sqlite:///{tmp_path / 'lama.db'}", office.data_dir)
    with old.read() as reader:
        assert prove(reader).sound
    old.close()


def test_the_console_says_what_is_proved_and_what_is_not_and_names_an_edited_row(office, monkeypatch):
    url = office.database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("ALUR_DATABASE_URL", url)
    monkeypatch.setenv("ALUR_DATA", str(office.data_dir))
    done = CliRunner().invoke(main, ["verify"])
    assert (done.exit_code, "Utuh. Terbukti:" in done.output) == (0, True), done.output
    assert "Tidak terbukti: bahwa basis data ini bukan salinan lama" in done.output
    assert "hilang, atau disisipkan" not in done.output
    assert re.search(r"Ujung \d+ rantai dengan \d+ baris, sidiknya: [0-9a-f]{64}", done.output)
    none = CliRunner().invoke(main, ["verify", "--stream", "instance:tidak-ada"])
    assert (none.exit_code != 0, "instance:tidak-ada tidak ada" in none.output) == (True, True), none.output
    assert "Utuh" not in none.output
    assert "Utuh" in CliRunner().invoke(main, ["verify", "--stream", "office"]).output
    with behind_its_back(office) as connection:
        connection.execute(update(t.task).where(t.task.c.status == "completed").values(completed_by="auditor"))
    done = CliRunner().invoke(main, ["verify"])
    assert (done.exit_code, "kolom completed_by, bukan yang disebut riwayat" in done.output) == (1, True), done.output
    assert "ditemukan auditor" in done.output
