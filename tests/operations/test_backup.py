"""The drill: an office that is at work is backed up and comes back elsewhere, on the other kind of database too."""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, update

from engine.model.people import SYSTEM
from engine.service.authoring.checking import read_folder
from engine.store import backup as backups
from engine.store.chains import verify
from engine.store.files import named
from engine.store.queries import office as office_rows
from engine.store.schema import migrate
from engine.store.tables import attachment, document, heartbeat, history, instance, task
from engine.store.triggers import create_triggers
from tests.conftest import MAKERS
from tests.office import STAFF, OfficeAtWork
from tests.operations.harness import FORMS, PASSPHRASE, PROCESSES, give_passwords, message_of, until
from tests.store.office import files_in

SECRET = {"ALUR_PASSPHRASE": PASSPHRASE}
COMPARED = (instance, task, history, document, attachment)


@pytest.fixture
def another(install, request):
    """Make an installation with an empty database of a kind."""
    given = []

    def make(name, kind):
        if kind == "sqlite":
            return install(name)
        database = request.getfixturevalue(MAKERS[kind]).empty()
        given.append(database)
        return install(name, url=database.__enter__())

    yield make
    for database in given:
        database.__exit__(None, None, None)


def set_to_work(office):
    """Let an office have an instance with documents and files, and one that waits for a timer that is due."""
    office.data.mkdir(mode=0o700)
    with office.database() as database:
        migrate(database)
        at_work = OfficeAtWork(database, office.data, now=datetime.now(UTC))
        at_work.open({**STAFF, "ani": "staf", "sam": "atasan"})
        for name in ("surat", "tunggu"):
            files = read_folder(PROCESSES, FORMS, name)
            at_work.services.deployments.deploy(at_work.actor("perancang"), name, files, "uji", at_work.now)
        at_work.until_analysis(at_work.start())
        entries = {"nomor": ["001"], "lama": ["PT1S"]}
        at_work.services.starts.start(at_work.actor("ani"), "tunggu", entries, at_work.now)
        give_passwords(at_work)
        rest(database)  # its timers, so that the backup has one that is due


def rest(database):
    """Let no timer of an office fire, as in a copy."""
    with database.write(SYSTEM, datetime.now(UTC)) as work:
        office_rows.beat(work, office_rows.RESTORED, datetime.now(UTC), {})


def rows_of(office):
    """Every row of the record, as text."""
    with office.database() as database, database.read() as reader:
        return {t.name: {str(tuple(row)) for row in reader.connection.execute(select(t))} for t in COMPARED}


def count(office, query):
    with office.database() as database, database.read() as reader:
        return reader.connection.scalar(query)


FIRED = select(func.count()).where(history.c.action == "timer:fired")


@pytest.mark.parametrize(("here", "there"), [("sqlite", "postgresql"), ("postgresql", "sqlite")])
def test_an_office_at_work_comes_back_elsewhere_as_it_was(another, tmp_path, here, there):
    source, copy, file = another("kantor", here), another("salinan", there), tmp_path / "kantor.alur"
    set_to_work(source)
    before = rows_of(source)

    source.serve()
    ani = source.sign_in("ani")
    with ThreadPoolExecutor(1) as pool:
        backing_up = pool.submit(source.command, "backup", str(file), **SECRET)
        started = 0
        while not backing_up.done():
            started += 1
            assert ani.start("surat", nomor=f"{started:03}").status == 303, "work goes on meanwhile"
    saved = backing_up.result()
    assert (saved.returncode, saved.stderr) == (0, ""), saved
    source.end()

    restored = copy.command("restore", str(file), **SECRET)
    assert (restored.returncode, restored.stderr) == (0, ""), restored
    amounts = re.search(r"\((\d+ baris, \d+ pelaksanaan, \d+ berkas)\)", saved.stdout)
    assert amounts[1] in restored.stdout
    assert "confirm-restore" in restored.stdout
    found, after = rows_of(copy), rows_of(source)
    for name, rows in found.items():
        added = {row for row in rows if "office:restored" in row}
        assert before[name] <= rows - added <= after[name], f"{name} is not as it was at one moment"
    with copy.database() as database, database.read() as reader:
        assert verify(reader).sound

    began = datetime.now(UTC)
    copy.serve()
    head = copy.sign_in("kepala.dinas")
    assert documents_read(copy, head) >= 3
    until(lambda: (count(copy, select(func.max(heartbeat.c.at))) or began) > began, "the worker goes its round")
    assert count(copy, FIRED) == 0, "timers rest until the operator confirms"
    assert copy.command("confirm-restore").returncode == 0
    until(lambda: count(copy, FIRED) == 1, "the timer fires")
    assert "Tidak ada pemulihan" in copy.command("confirm-restore").stdout


def documents_read(office, reader_of_all):
    """Open every document and file through its page and compare its content's hash; how many there were."""
    with office.database() as database, database.read() as reader:
        documents = reader.connection.execute(select(document.c.id, document.c.sha256)).all()
        files = reader.connection.execute(select(attachment.c.id, attachment.c.sha256)).all()
    for id_, sha256 in documents:
        shown = reader_of_all.get(f"/dokumen/{id_}")
        assert shown.status == 200, shown
        assert sha256[:8] in shown.text.replace(" ", "").replace("\u202f", "")
    for id_, sha256 in files:
        taken = reader_of_all.get(f"/lampiran/{id_}")
        assert hashlib.sha256(taken.text.encode()).hexdigest() == sha256
    assert files
    return len(documents)


@pytest.fixture
def backed_up(installation, tmp_path):
    """A backup of a small office."""
    with installation.database() as database:
        backups.backup(database, files_in(installation.data), tmp_path / "kantor.alur", PASSPHRASE, datetime.now(UTC))
    return tmp_path / "kantor.alur"


@pytest.mark.parametrize("what", ["a wrong passphrase", "a truncated file", "a folder that is not empty"])
def test_what_cannot_be_restored_is_refused_in_words_and_changes_nothing(install, installation, backed_up, what):
    copy, passphrase = install("salinan"), PASSPHRASE
    match what:
        case "a wrong passphrase":
            passphrase, words = "dua belas ekor kuda", "sandi"
        case "a truncated file":
            backed_up.write_bytes(backed_up.read_bytes()[:-100])
            words = "rusak atau tidak lengkap"
        case _:
            copy, words = installation, "tidak kosong"
    before = content_of(copy.data)
    message = message_of(copy.command("restore", str(backed_up), ALUR_PASSPHRASE=passphrase))
    assert words in message
    assert content_of(copy.data) == before


def content_of(folder):
    """Every file in a folder with its content, but for the lock."""
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != "alur.lock"}


def test_an_operator_is_told_which_files_were_damaged_or_lost_before_the_backup(install, tmp_path):
    office = install()
    set_to_work(office)
    files = files_in(office.data)
    with office.database() as database:
        [damaged, *_] = files.names()
        files.place.path(named(damaged)).write_bytes(b"rusak")
        with database.unguarded() as connection:
            connection.execute(attachment.insert(), [lost_file(connection)])
    saved = office.command("backup", str(tmp_path / "kantor.alur"), **SECRET)
    assert saved.returncode == 1
    assert f"RUSAK   files/{damaged[:2]}/{damaged}" in saved.stderr
    assert f"HILANG  files/00/{'0' * 64}" in saved.stderr
    assert "cadangan lama" in saved.stderr
    assert "Report(" not in saved.stdout
    assert (tmp_path / "kantor.alur").exists(), "what is left is kept all the same"


def lost_file(connection):
    known = dict(connection.execute(select(attachment).where(attachment.c.instance_id.is_not(None))).first()._mapping)
    return known | {"id": "hilang", "sha256": "0" * 64}


def test_an_operator_is_told_that_the_history_was_changed_before_the_backup(install, installation, tmp_path):
    with installation.database() as database:
        with database.unguarded() as connection:
            connection.exec_driver_sql("DROP TRIGGER history_no_update")
            connection.execute(update(history).where(history.c.stream == "person:ani").values(actor="budi"))
            create_triggers(connection)
        backups.backup(database, files_in(installation.data), tmp_path / "kantor.alur", PASSPHRASE, datetime.now(UTC))
    copy = install("salinan")
    restored = copy.command("restore", str(tmp_path / "kantor.alur"), **SECRET)
    said = "TIDAK UTUH  person:ani baris 1: isi baris ini bukan yang ditulis semula"
    assert restored.returncode == 1
    assert said in restored.stderr
    assert "Report(" not in restored.stdout
    verified = copy.command("verify")
    assert verified.returncode == 1
    assert said in verified.stderr
