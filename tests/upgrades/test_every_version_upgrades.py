"""Offices of earlier versions come to this one with all they hold, prove their history, and go on to the end."""

import re
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.app import build_services
from engine.documents.archive_check import inspect
from engine.model.errors import Conflict
from engine.model.process import InstanceStatus
from engine.service.people.attempts import Source
from engine.settings import read
from engine.store.chains import verify
from engine.store.database import open_database
from engine.store.proof import prove
from engine.store.queries import numbers
from engine.store.schema import check_schema, migrate
from engine.store.triggers import verify_triggers
from tests.office import STORED, OfficeAtWork
from tests.service import archiving
from tests.swept import swept
from tests.upgrades.make import PASSWORD

HERE = Path(__file__).parent
OFFICES = sorted(path.name.removesuffix(".sqlite.tar.xz") for path in HERE.glob("*.sqlite.tar.xz"))
ASKED_OF_THE_HEAD = {f"laporan.{path}": text for path, text in STORED.items()}  # until 473bd89


@contextmanager
def kept(version: str, kind: str, databases, data_dir: Path) -> Iterator[str]:
    """Give the URL of the office that *version* left, in a database and a folder of data of its own."""
    with tarfile.open(HERE / f"{version}.{kind}.tar.xz") as archive:
        archive.extractall(data_dir.parent, filter="data")
    if kind == "sqlite":
        yield f"sqlite:///{data_dir / 'alur.db'}"
        return
    with databases.empty() as url:
        psql = [databases.program("psql"), "--quiet", "--set", "ON_ERROR_STOP=1", "--output", "/dev/null"]
        address = url.replace("+psycopg", "")
        subprocess.run([*psql, "--dbname", address, "--file", data_dir.parent / "alur.sql"], check=True)
        yield url


@pytest.fixture(params=OFFICES)
def office(request, database_kind, databases, data_dir):
    """An office of an earlier version, migrated."""
    with kept(request.param, database_kind, databases, data_dir) as url:
        database = open_database(url, data_dir)
        migrate(database)
        yield OfficeAtWork(database, data_dir, explains=True)
        database.close()


def instance(office, period):
    """The instance of a quarter of 2025."""
    with office.database.read() as reader:
        rows = reader.connection.exec_driver_sql("SELECT id, title FROM instance").all()
    [found] = [id_ for id_, title in rows if title.endswith(f"Triwulan {period} 2025")]
    return found


def test_it_proves_its_history_and_goes_on_to_the_end(office):
    check_schema(office.database)
    with office.database.read() as reader:
        verify_triggers(reader.connection)
        before = prove(reader, files=office.services.documents.files)
    assert (before.faults, before.streams > 10, before.lines > 100) == ((), True, True)

    returned = instance(office, "II")
    task = office.task(returned, "siapkan_data", "pemegang.data.2")
    page = office.services.tasks.open(office.actor("pemegang.data.2"), task, office.now)
    assert page.draft is not None, "what was typed is still there"
    office.do("pemegang.data.2", returned, "siapkan_data", "pemegang.data.2")

    running = instance(office, "III")
    page = office.services.tasks.open(office.actor("tim.sakip.2"), office.task(running, "susun_jadwal"), office.now)
    assert (page.draft is not None, page.item.task.assignee) == (True, "tim.sakip.2")
    office.do("tim.sakip.2", running, "susun_jadwal")
    for holder in ("pemegang.data.1", "pemegang.data.2"):
        office.do(holder, running, "siapkan_data", holder)

    for each in (returned, running):
        office.do("tim.sakip", each, "susun_analisis")
        office.do("sekretaris", each, "minta_persetujuan")
        form = office.services.tasks.open(
            office.actor("kepala.dinas"), office.task(each, "tandatangani_persetujuan"), office.now
        ).form
        asked = ASKED_OF_THE_HEAD if "lokasi_simpan" in repr(form.tree) else {}
        office.do("kepala.dinas", each, "tandatangani_persetujuan", **asked)
        assert office.page(each).record.status is InstanceStatus.COMPLETED
    with office.database.read() as reader:
        after = prove(reader, files=office.services.documents.files)
    assert (after.faults, after.lines > before.lines) == ((), True)


def test_what_was_over_stays_as_it_was_and_what_waited_is_made(office):
    stopped = office.page(instance(office, "IV")).record
    assert (stopped.status, stopped.status_reason) == (InstanceStatus.TERMINATED, "Dimulai dua kali.")
    finished = office.page(instance(office, "I"))
    assert finished.record.status is InstanceStatus.COMPLETED
    swept(office.services.printing, office.now)
    letter = next(each for each in finished.documents if each.data_object_id == "undangan")
    printed = office.services.printing.files_of(office.actor("auditor"), letter.id)
    assert [one.rendering.format for one in printed if one.rendering.sha256]
    with office.database.read() as reader:
        berkas = dict(reader.connection.exec_driver_sql("SELECT instance_id, sha256 FROM archive").all())
    [sha256] = [sha256 for id_, sha256 in berkas.items() if office.page(id_).record.process_id == archiving.PROCESS]
    assert inspect(office.data_dir / "files" / sha256[:2] / sha256).sound
    session = office.services.accounts.sign_in("kepala.dinas", PASSWORD, Source("10.0.0.7"), office.now)
    assert session, "people come in with the passwords they had"


def test_the_berkas_of_an_instance_that_began_before_is_checked_by_the_commands_that_lie_in_it(office, tmp_path):
    name, content = office.services.archives.examine(office.actor("auditor"), instance(office, "I"), office.now)
    with content:
        (tmp_path / name).write_bytes(content.read())
    files, chain, _, _ = archiving.by_hand(tmp_path / name, tmp_path / "dibuka")
    assert set(re.findall(r": (\w+)$", files, re.MULTILINE)) == {"OK"}
    assert re.fullmatch(r"Alur-Riwayat-Sidik: [0-9a-f]{64}\n", chain), "its first line follows 64 zeros"


def test_a_second_start_of_the_upgraded_office_changes_nothing(office):
    assert migrate(office.database) == migrate(office.database)
    again = build_services(read({"ALUR_DATA": str(office.data_dir)}), office.database, office.data_dir)
    assert len(again.inbox.page(office.actor("pemegang.data.2"), office.now).items) == 1


def test_letters_of_what_was_terminated_before_are_void_from_now_on(database_kind, databases, data_dir):
    with kept(OFFICES[0], database_kind, databases, data_dir) as url:
        database = open_database(url, data_dir)
        with database.unguarded() as connection:
            stopped = "UPDATE instance SET status = 'terminated' WHERE title LIKE '%Triwulan III 2025'"
            connection.execute(text(stopped))
        migrate(database)
        office = OfficeAtWork(database, data_dir)
        papers = {each.data_object_id: each.status for each in office.page(instance(office, "III")).documents}
        assert (papers["undangan"], set(papers.values())) == ("void", {"void"})
        assert {each.status for each in office.page(instance(office, "I")).documents} & {"issued", "signed"}
        database.close()


def test_a_number_that_was_given_twice_before_is_told_and_none_is_given_twice_again(database_kind, databases, data_dir):
    with kept(OFFICES[0], database_kind, databases, data_dir) as url:
        database = open_database(url, data_dir)
        twice = "000.1.5/1/DPMPTSP/2025"
        with database.unguarded() as connection:
            rows = connection.exec_driver_sql("SELECT * FROM number WHERE series = 'surat_keluar' ORDER BY ordinal")
            first = dict(rows.mappings().first())
            assert first["text"] == twice
            another = connection.execute(text("SELECT id FROM instance WHERE title LIKE '%Triwulan III 2025'"))
            again = first | {"year": 2026, "instance_id": another.scalar_one()}
            connection.execute(text(f"INSERT INTO number ({', '.join(again)}) VALUES (:{', :'.join(again)})"), again)
            held = {"series": "surat_keluar", "year": 2026, "last": 1}
            connection.execute(text("INSERT INTO number_counter VALUES (:series, :year, :last)"), held)
        migrate(database)
        check_schema(database)
        with database.read() as reader:
            assert verify(reader).faults == ()
        office = OfficeAtWork(database, data_dir)
        page = office.services.numbers.page(office.actor("auditor"), "surat_keluar", 2025)
        assert [(each.text, each.year) for each in page.doubles] == [(twice, 2025), (twice, 2026)]
        assert len({page.titles[each.instance_id] for each in page.doubles}) == 2
        with pytest.raises(Conflict), office.database.write(office.actor("operator"), office.now) as work:
            numbers.add(work, [replace(page.doubles[0], year=2027)])
        database.close()
