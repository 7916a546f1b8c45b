"""A backup that is not what it was, or has no place to go, is refused: all of it comes back, or nothing."""

import hashlib
import io
import json
import tarfile

import pytest
from sqlalchemy import update

from engine.model.errors import SetupError
from engine.store import tables
from engine.store.backup import backup, restore
from engine.store.database import open_database
from engine.store.places import Folder
from engine.store.schema import migrate
from tests.store.office import PASSPHRASE, files_in


@pytest.fixture
def database_kind():
    """An archive does not know what it was made from: one kind is enough here."""
    return "sqlite"


@pytest.fixture
def refused(new_dir, sqlite_files, now):
    """Restores a file that must be refused, and looks that nothing is left."""

    def attempt(file, said, passphrase=PASSPHRASE):
        with sqlite_files.empty() as url:
            with pytest.raises(SetupError, match=said):
                restore(file, url, new_dir, Folder(new_dir), passphrase, now)
            assert not new_dir.exists() or list(new_dir.iterdir()) == []
            database = open_database(url, new_dir)
            migrate(database)  # still empty: nothing stands in the way
            database.close()

    return attempt


def test_another_passphrase_opens_nothing(made, refused):
    refused(made, "Kata sandi cadangan salah", "rahasia kantor lain")


def test_a_file_that_is_missing_or_no_backup_is_refused(tmp_path, refused):
    refused(tmp_path / "tidak-ada.tar.gz", "rusak atau tidak lengkap")
    (tmp_path / "x.tar.gz").write_bytes(b"bukan cadangan" * 100)
    refused(tmp_path / "x.tar.gz", "rusak atau tidak lengkap")


@pytest.mark.parametrize("share", [0.3, 0.7, 0.98])
def test_a_backup_that_was_cut_off_is_refused(made, refused, share):
    whole = made.read_bytes()
    made.write_bytes(whole[: int(len(whole) * share)])
    refused(made, "rusak atau tidak lengkap")


def test_a_changed_byte_is_refused(made, refused):
    changed = bytearray(made.read_bytes())
    changed[len(changed) // 2] ^= 1
    made.write_bytes(changed)
    refused(made, "rusak|sudah diubah")


def _rewritten(file, change):
    """Write the backup anew with *change* applied to its members, as somebody who knows the format could."""
    members = {}
    with tarfile.open(file) as archive:
        for member in archive:
            members[member.name] = archive.extractfile(member).read()
    change(members)
    with tarfile.open(file, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def test_a_changed_row_is_refused_even_with_a_new_manifest(made, refused):
    def forge(members):
        members["tables/person.jsonl"] = members["tables/person.jsonl"].replace(b"Ani", b"Adi")

    def forge_with_manifest(members):
        manifest = json.loads(members["manifest.json"])
        manifest["members"]["tables/person.jsonl"] = hashlib.sha256(members["tables/person.jsonl"]).hexdigest()
        members["manifest.json"] = json.dumps(manifest).encode()

    _rewritten(made, forge)
    refused(made, "tidak seperti ketika dicadangkan")
    _rewritten(made, forge_with_manifest)
    refused(made, "sudah diubah")


@pytest.mark.parametrize("name", ["manifest.json", "keys.json"])
def test_a_backup_that_lacks_a_part_is_refused(made, refused, name):
    _rewritten(made, lambda members: members.pop(name))
    refused(made, "tidak lengkap")


def test_a_backup_does_not_choose_how_much_memory_its_reader_spends(made, refused):
    def greedy(members):
        envelope = json.loads(members["keys.json"])
        envelope["scrypt"]["n"] *= 1024
        members["keys.json"] = json.dumps(envelope).encode()

    _rewritten(made, greedy)
    refused(made, "Kata sandi cadangan salah")


@pytest.mark.parametrize("name", ["../../keluar", "/etc/alur", "files/aa/pendek", "tables/../x.jsonl", "data.pickle"])
def test_a_member_that_no_backup_has_is_refused(made, refused, name, tmp_path):
    _rewritten(made, lambda members: members.update({name: b"x"}))
    refused(made, "tidak dikenal")
    assert not (tmp_path / "keluar").exists()


def test_a_backup_of_a_newer_release_is_refused(office, data_dir, tmp_path, now, refused, monkeypatch):
    monkeypatch.setattr("engine.store.backup.latest_version", lambda: "9999")
    backup(office, files_in(data_dir), tmp_path / "x.tar.gz", PASSPHRASE, now)
    refused(tmp_path / "x.tar.gz", "versi Alur yang lebih baru")


def test_a_data_folder_that_is_not_empty_is_left_alone(made, data_dir, sqlite_files, now):
    before = sorted(data_dir.rglob("*"))
    with sqlite_files.empty() as url, pytest.raises(SetupError, match="tidak kosong"):
        restore(made, url, data_dir, Folder(data_dir), PASSPHRASE, now)
    assert sorted(data_dir.rglob("*")) == before


def test_what_fails_at_the_end_leaves_nothing(made, refused, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.store.backup.os.sync", fail)
    refused(made, "penuh")


def test_text_that_postgresql_cannot_hold_is_named(office, data_dir, tmp_path, postgresql_server, new_dir, now):
    with office.unguarded() as connection:
        connection.execute(update(tables.person).values(name="nol \0 di tengah"))
    backup(office, files_in(data_dir), tmp_path / "x.tar.gz", PASSPHRASE, now)
    with postgresql_server.empty() as url:
        with pytest.raises(SetupError, match="tabel person"):
            restore(tmp_path / "x.tar.gz", url, new_dir, Folder(new_dir), PASSPHRASE, now)
        assert list(new_dir.iterdir()) == []
