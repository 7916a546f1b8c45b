"""What a database holds is held by history or listed in docs/riwayat.md as not held: no column is forgotten."""

import io
import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
    and_,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DataError, IntegrityError

from engine.model.people import Capacity
from engine.model.process import MessageKind
from engine.service.people.accounts import Retyped
from engine.store import tables as t
from engine.store.database import open_database
from engine.store.kept_tables import TABLES
from engine.store.proof import prove
from engine.store.tables import UtcDateTime
from engine.store.triggers import create_triggers
from tests.databases import ON_ONE_KIND
from tests.office import OfficeAtWork
from tests.pages.conftest import PASSWORD, known
from tests.service import archiving
from tests.service.procedures import deploy, form, number, start, text
from tests.service.test_messages import ASKS
from tests.service.test_rows_follow_history import busy
from tests.service.test_second_factors import Phone
from tests.service.test_timers_and_incidents import RAISES
from tests.store.test_history import tampering

PAGE = Path(__file__).parents[2] / "docs" / "riwayat.md"


def busier(url, data_dir):
    """Let that office have a row of every kind, also of what is not done yet."""
    busy(url, data_dir)
    database = open_database(url, data_dir)
    office = known(OfficeAtWork(database, data_dir, explains=True))
    services, operator, now = office.services, office.actor("operator"), office.now
    archiving.completed(office)  # its papers and its berkas are due
    kept = office.start(period="II")
    office.do("kepala.dinas", kept, "perintahkan_pengumpulan_data")
    services.assignments.reassign_element(
        operator, office.page(kept).record.process_id, "siapkan_kertas_kerja", "tim_sakip", "Cuti", now
    )
    deploy(office, ASKS, {"mulai": form(nomor=number("Nomor"), perihal=text("Perihal")), "baca": form()})
    start(office, ASKS, nomor="7", perihal="Data SPM")  # a message waits for who answers it
    for name, kind in (("umum", MessageKind.SIGNAL), ("dari.luar", MessageKind.MESSAGE)):
        services.messages.publish(operator, name, kind, {}, {}, now)
    deploy(office, RAISES, {"tulis": form(angka=number("Angka"), pembagi=number("Pembagi")), "periksa": form()})
    raising = start(office, RAISES)
    typed = {"angka": ["6"], "pembagi": ["0"]}
    services.tasks.complete(office.actor("ann"), office.task(raising, "tulis"), typed, now)
    deploy(office, "boundary_timer_interrupts", {"tulis": form(), "ingatkan": form()})
    start(office, "boundary_timer_interrupts")
    task = office.task(start(office, archiving.PROCESS), "tulis")
    services.documents.stage(office.actor("ann"), task, "bukti.pdf", io.BytesIO(archiving.EVIDENCE), now)
    for account in ("sekretaris", "tim.sakip"):
        retyped = Retyped(PASSWORD, "10.0.0.1")
        services.tokens.issue(office.actor(account), "rekap", 30, ["read"], retyped, now)
    services.accounts.sign_out_elsewhere(office.actor("sekretaris"), now)
    for role in ("auditor", "operator"):
        services.people.add_membership(
            operator, "perancang", role, Capacity.DEFINITIVE, date(2025, 4, 11), None, "SK 1", "Ditugaskan", now
        )
    services.absences.mark(
        operator, "tim.sakip", "tim.sakip.2", date(2099, 1, 1), date(2099, 1, 5), "Cuti tahunan", now
    )
    Phone(office, "kepala.dinas")
    database.close()


@pytest.fixture
def office(databases, data_dir):
    """That office, to be tampered with."""
    with databases.prepared(busier, data_dir) as url:
        database = open_database(url, data_dir)
        yield OfficeAtWork(database, data_dir, tampered=True)
        database.close()


class Undone(Exception):
    """What was tried is taken back."""


def is_found(office, statement, stream):
    """Whether verifying finds what is done behind the program's back; None if the database itself refuses it."""
    found = None
    with suppress(Undone), tampering(office.database) as connection:
        if office.database.dialect == "postgresql":
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        with suppress(IntegrityError, DataError):
            assert connection.execute(statement).rowcount  # -1 of an insert on PostgreSQL
            create_triggers(connection)
            reader = SimpleNamespace(connection=connection)
            found = bool((stream and prove(reader, stream).faults) or prove(reader).faults)
        raise Undone
    return found


def others(column, value, values):
    """What somebody could put in the place of a value: one of his own, one that stands elsewhere, none."""
    own = {
        Boolean: lambda: not value,
        Integer: lambda: (value or 0) + 7,
        Date: lambda: (value or date(2025, 4, 1)) + timedelta(days=3),
        UtcDateTime: lambda: (value or datetime(2025, 4, 1, tzinfo=UTC)) + timedelta(hours=3),
        JSON: lambda: {**(value or {}), "lain": 1},
        LargeBinary: lambda: (value or b"") + b"x",
        String: lambda: "lain" if not value else value[:-1] + ("0" if value[-1] != "0" else "1"),
    }
    kind = next(each for each in own if isinstance(column.type, each))
    there = [each for each in values if each not in (None, value)]
    found = [own[kind](), *(there if column.name == "status" else there[:1])]
    return found + [None] * (column.nullable and value is not None)


def edits(connection, table):
    """Yield (what, row, statement) for a row of each kind: gone, doubled, and every column edited in several ways."""
    rows = connection.execute(select(table).order_by(*table.primary_key)).mappings().all()
    if table is t.membership:
        rows = [row for row in rows if row["role"] == "cadangan"]  # the others are given by lines of the first releases
    held = [row for row in rows if table is not t.attachment or row["instance_id"]]  # else staged, and a draft
    assert held, f"nothing of {table.name} in this office"
    for row in kinds(held):
        its = and_(*(column == row[column] for column in table.primary_key))
        yield "DELETE", row, delete(table).where(its)
        yield "INSERT", row, insert(table).values(doubled(connection, table, row, rows))
    for column in table.c:
        of = next((key.column for key in column.foreign_keys), column)
        of = t.instance.c.id if column.name in ("to_instance", "from_instance", "instance_id", "delivered_to") else of
        values = list({repr(value): value for value in connection.scalars(select(of))}.values())
        those = rows if column is t.attachment.c.instance_id else held
        for row in kinds(those):
            its = and_(*(each == row[each] for each in table.primary_key))
            for other in others(column, row[column], values):
                yield column.name, row, update(table).where(its).values({column: other})


def kinds(rows):
    """Return one row of each kind: of all with one status, one format and the same columns empty."""
    return {
        (row.get("status"), row.get("format"), *(value is None for value in row.values())): row for row in rows
    }.values()


def doubled(connection, table, row, rows):
    """A row like that one beside it, with keys of its own."""
    unique = [each for each in table.constraints if isinstance(each, (PrimaryKeyConstraint, UniqueConstraint))]
    new = dict(row)
    for column in {column for each in unique for column in each.columns}:
        free = [value for key in column.foreign_keys for value in connection.scalars(select(key.column))]
        free = [value for value in free if value not in {each[column] for each in rows}]
        if free or not column.foreign_keys:
            new[column.name] = free[0] if free else others(column, row[column], ())[0]
    return new


def stream_of(connection, table, row):
    """Which stream tells of a row; "" if none does by itself."""
    if table is t.history:
        return row["stream"]
    its = and_(*(column == row[column] for column in table.primary_key))
    for kind, kept in ((kind, kept) for kind, those in TABLES.items() for kept in those if kept.name == table.name):
        owner = connection.scalar(kept.rows().with_only_columns(kept.owner).where(its))
        if owner is not None:
            return f"{kind}:{owner}".removesuffix(":")
    return ""


def listed():
    """What docs/riwayat.md says that no line holds, by table: names of columns, DELETE and INSERT of rows."""
    part = PAGE.read_text(encoding="utf-8").partition("## What lines do not say")[2].partition("\n## ")[0]
    found = {}
    for tables, columns in re.findall(r"^\| (`[^|]*) \| ([^|]*) \|", part, re.MULTILINE):
        of = {"everything"} if columns == "everything" else set(re.findall(r"`(\w+)`", columns))
        found |= dict.fromkeys(re.findall(r"`(\w+)`", tables), of)
    return found


@ON_ONE_KIND
@pytest.mark.parametrize("table", t.metadata.sorted_tables, ids=str)
def test_what_somebody_does_to_a_table_is_found_or_the_page_says_that_it_is_not(office, table):
    said = listed().get(table.name, set())
    if said == {"everything"}:
        assert table.name not in {kept.name for those in TABLES.values() for kept in those}
        return
    with office.database.read() as reader:
        tried = [(*each, stream_of(reader.connection, table, each[1])) for each in edits(reader.connection, table)]
    unseen = set()
    for what, _, statement, stream in tried:
        if what not in unseen and is_found(office, statement, stream) is False:
            unseen.add(what)
    assert sorted(unseen) == sorted(said)


def test_the_page_lists_no_table_and_no_column_that_there_is_not():
    for table, columns in listed().items():
        assert columns <= {"everything", "DELETE", "INSERT", *t.metadata.tables[table].c.keys()}, table
