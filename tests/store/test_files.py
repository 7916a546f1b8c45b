"""On a disk and in S3, files are kept once under what they hold, whole or absent, and go when nobody refers to them."""

import hashlib
import os
import tracemalloc
from datetime import UTC, datetime, timedelta
from io import BytesIO
from threading import Barrier, Thread

import pytest

from engine import settings
from engine.model.errors import Damaged, NotFound, SetupError, StoreAway
from engine.store.files import ASIDE, FileStore, TooLarge, copy, named
from engine.store.keys import key
from engine.store.places import Folder, create, place_of, read

pytestmark = pytest.mark.xdist_group("s3")
LETTER = b"Surat permohonan " * 100_000
SHA256 = hashlib.sha256(LETTER).hexdigest()
NOW = datetime.now(UTC)  # files carry the disk's own times, and the server's
TOMORROW, AFTER = NOW + timedelta(hours=25), NOW + timedelta(hours=50)


def nobody(names):
    return ()


@pytest.fixture(params=["folder", "bucket"])
def place(request, data_dir):
    """An empty place of each kind."""
    where = "" if request.param == "folder" else request.getfixturevalue("s3").prefix()
    return place_of(where, data_dir)


@pytest.fixture
def files(place):
    """An empty file store."""
    return FileStore(place)


def damage(place, sha256, content):
    """Let somebody who may write there put something else in a file's place."""
    with place.draft() as draft:
        draft.write(content)
        place.put(named(sha256), draft)


def everything(place, *folders):
    return sorted(name for folder in folders or ("files", ASIDE) for name, _ in place.names(folder))


def test_what_was_handed_over_is_found_by_its_hash(files, place):
    stored = files.put(BytesIO(LETTER), limit=len(LETTER))
    assert (stored.sha256, stored.size) == (SHA256, len(LETTER))
    assert everything(place) == [f"files/{SHA256[:2]}/{SHA256}"]
    with files.open(SHA256) as file:
        assert file.read() == LETTER
        file.seek(len(LETTER) - 3)
        assert file.read() == LETTER[-3:], "a page that answers a range moves about in it"
    assert files.content(SHA256) == LETTER


def test_on_a_disk_nobody_else_may_read_it(data_dir):
    FileStore(Folder(data_dir)).put(BytesIO(LETTER), limit=len(LETTER))
    path = data_dir / "files" / SHA256[:2] / SHA256
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_the_same_letter_twice_is_kept_once(files, place):
    assert files.put(BytesIO(LETTER), limit=1 << 30) == files.put(BytesIO(LETTER), limit=1 << 30)
    assert list(files.names()) == [SHA256]
    assert everything(place) == [named(SHA256)]


def test_a_damaged_file_is_whole_again_when_the_same_letter_is_handed_over(files, place):
    files.put_bytes(LETTER, len(LETTER))
    damage(place, SHA256, b"rusak")
    files.put_bytes(LETTER, len(LETTER))
    assert files.content(SHA256) == LETTER


def test_a_letter_that_is_too_large_leaves_nothing(files, place, data_dir):
    with pytest.raises(TooLarge) as refused:
        files.put(BytesIO(LETTER), limit=len(LETTER) - 1)
    assert refused.value.limit == len(LETTER) - 1
    assert everything(place) == []
    assert [path for path in data_dir.rglob("*") if path.is_file()] == []


def test_an_upload_that_breaks_off_leaves_nothing(files, place, data_dir):
    class Broken:
        def read(self, size, /):
            raise ValueError("sambungan putus")

    with pytest.raises(ValueError, match="putus"):
        files.put(Broken(), limit=100)
    assert everything(place) == []
    assert [path for path in data_dir.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", [SHA256, "../../etc/passwd", "", SHA256.upper(), SHA256 + "/x"])
def test_what_is_not_kept_is_not_found(files, name):
    for ask in (files.open, files.content):
        with pytest.raises(NotFound):
            ask(name)
    assert not files.verify(name)


def test_what_is_handed_out_is_what_was_kept_or_nothing(files, place):
    files.put_bytes(LETTER, len(LETTER))
    assert files.verify(SHA256)
    with files.kept(SHA256, "surat.pdf") as file:
        assert file.read() == LETTER
    damage(place, SHA256, LETTER + b".")
    for ask in (lambda: files.kept(SHA256, "surat.pdf"), lambda: files.content(SHA256)):
        with pytest.raises(Damaged) as told:
            ask()
        assert told.value.sha256 == SHA256
        assert str(told.value) == told.value.path, "the log says which"
    assert not files.verify(SHA256)
    place.delete(named(SHA256))
    with pytest.raises(Damaged):
        files.kept(SHA256, "surat.pdf")


def test_a_large_file_does_not_fill_the_memory(files):
    class Zeros:
        left = 64 << 20

        def read(self, size, /):
            size = min(size, self.left)
            self.left -= size
            return bytes(size)

    tracemalloc.start()
    try:
        stored = files.put(Zeros(), 1 << 30)
        with files.kept(stored.sha256, "besar.zip") as file:
            assert file.seek(0, os.SEEK_END) == stored.size == 64 << 20
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20


def test_what_nobody_refers_to_is_gone_after_two_days(files, place):
    kept = files.put(BytesIO(b"dirujuk"), limit=100).sha256
    staged = files.put(BytesIO(b"ditinggalkan"), limit=100).sha256
    asked = []

    def referenced(names):
        asked.append(set(names))
        return {kept} & set(names)

    assert files.collect(referenced, NOW + timedelta(hours=23)) == 0
    assert asked == []
    assert files.collect(referenced, TOMORROW) == 1
    assert {kept, staged} == set().union(*asked)
    assert list(files.names()) == [kept]
    assert files.content(staged) == b"ditinggalkan", "set aside, it is still found"
    assert files.collect(referenced, NOW + timedelta(hours=23)) == 0
    assert files.verify(staged)
    files.collect(referenced, AFTER)
    assert not files.verify(staged)
    assert everything(place) == [named(kept)]


def test_what_a_process_left_that_was_killed_while_it_wrote_goes(data_dir):
    files = FileStore(Folder(data_dir))
    kept = files.put(BytesIO(b"dirujuk"), limit=100).sha256
    (data_dir / "files" / "tulis-mati").write_bytes(b"separuh")
    files.collect(lambda names: names, NOW + timedelta(hours=23))
    assert (data_dir / "files" / "tulis-mati").exists(), "somebody may be writing it"
    files.collect(lambda names: names, TOMORROW)
    assert everything(files.place) == [named(kept)]


def test_what_is_handed_over_again_is_young_again(data_dir):
    files = FileStore(Folder(data_dir))
    staged = files.put(BytesIO(LETTER), limit=1 << 30).sha256
    yesterday = (NOW - timedelta(days=2)).timestamp()
    os.utime(files.place.path(named(staged)), (yesterday, yesterday))
    files.put(BytesIO(LETTER), limit=1 << 30)
    assert files.collect(nobody, NOW) == 0
    assert files.verify(staged)


def test_what_somebody_hands_over_just_while_it_is_set_aside_is_not_lost(files):
    files.put_bytes(LETTER, len(LETTER))
    referring = set()

    def handed_over_meanwhile(names):
        files.put_bytes(LETTER, len(LETTER))
        referring.add(SHA256)
        return ()

    assert files.collect(lambda names: set(names) & referring, TOMORROW, handed_over_meanwhile) == 1
    assert files.content(SHA256) == LETTER
    files.collect(lambda names: set(names) & referring, AFTER)
    assert list(files.names()) == [SHA256]
    files.collect(lambda names: set(names) & referring, AFTER + timedelta(days=3))
    assert files.content(SHA256) == LETTER


def test_two_who_collect_together_are_not_in_each_others_way(files):
    hashes = {files.put_bytes(bytes([n]), 1).sha256 for n in range(8)}
    together = Barrier(2)

    def collect(now, found):
        def remembered(names):
            together.wait(60)
            return ()

        found.append(files.collect(nobody, now, remembered))

    for now in (TOMORROW, AFTER):
        found = []
        both = [Thread(target=collect, args=(now, found)) for _ in range(2)]
        for each in both:
            each.start()
        for each in both:
            each.join()
        assert len(found) == 2, "neither failed"
    assert not any(files.verify(sha256) for sha256 in hashes)


def test_a_full_disk_is_told_and_leaves_nothing(small_disk):
    files = FileStore(Folder(small_disk))
    small = files.put(BytesIO(b"kecil"), limit=100)
    with pytest.raises(SetupError, match=r"penuh\. Kosongkan ruang"):
        files.put(BytesIO(b"x" * (3 << 20)), limit=1 << 30)
    assert everything(files.place) == [named(small.sha256)]
    assert files.verify(small.sha256)


def test_a_disk_that_is_too_full_to_fetch_a_file_is_told(small_disk, s3):
    url = s3.prefix()
    sha256 = FileStore(place_of(url, small_disk.parent)).put_bytes(b"x" * (3 << 20), 1 << 30).sha256
    with pytest.raises(SetupError, match=r"penuh\. Kosongkan ruang"):
        FileStore(place_of(url, small_disk)).kept(sha256, "surat.pdf")


def test_a_folder_that_is_gone_is_told(tmp_path):
    with pytest.raises(SetupError, match="tidak dapat ditulis"):
        FileStore(Folder(tmp_path / "tidak ada")).put(BytesIO(b"x"), limit=100)


# ── a server that others run ────────────────────────────────────────────────────────────────────────────────────────


def test_a_server_that_is_down_is_no_damaged_file_and_goes_on_when_it_is_back(s3, data_dir):
    place = place_of(s3.prefix(), data_dir)
    files = FileStore(place)
    files.put_bytes(LETTER, len(LETTER))
    s3.stop()
    asked = (
        lambda: files.put_bytes(b"baru", 10),
        lambda: files.kept(SHA256, "surat.pdf"),
        lambda: files.verify(SHA256),
        lambda: list(files.names()),
        lambda: files.collect(nobody, TOMORROW),
        lambda: key(place, "secret"),
    )
    for ask in asked:
        with pytest.raises(StoreAway, match=r"s3://kantor/.* tidak menjawab"):
            ask()
    s3.start()
    assert list(files.names()) == [SHA256]
    assert files.verify(SHA256)
    assert everything(place, "keys") == []


def test_a_server_that_refuses_us_and_a_bucket_that_is_not_there_are_told(s3, data_dir, monkeypatch):
    sha256 = FileStore(place_of(s3.prefix(), data_dir)).put_bytes(LETTER, len(LETTER)).sha256
    with pytest.raises(StoreAway, match="embernya ada"):
        FileStore(place_of("s3://tidak-ada/x", data_dir)).verify(sha256)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "salah")
    with pytest.raises(StoreAway, match="AWS_SECRET_ACCESS_KEY"):
        FileStore(place_of(s3.prefix(), data_dir)).verify(sha256)


@pytest.mark.parametrize("url", ["s3://", "http://kantor/x", "s3://kan tor/x", "gs://kantor"])
def test_an_address_that_is_none_is_refused(url, data_dir):
    with pytest.raises(SetupError, match="ALUR_FILES"):
        place_of(url, data_dir)


@pytest.mark.parametrize("url", ["s3://kunci:rahasia@kantor/x", "s3://kantor/x?secret_access_key=rahasia"])
def test_an_address_that_holds_keys_is_refused_without_telling_them(url):
    with pytest.raises(SetupError, match="ALUR_FILES") as refused:
        settings.read({"ALUR_FILES": url})
    assert "rahasia" not in str(refused.value)
    assert settings.read({"ALUR_FILES": "s3://kantor/awalan"}).files == "s3://kantor/awalan"


def test_what_somebody_put_under_another_name_is_left_and_not_set_aside_again_and_again(files, place):
    with place.draft() as draft:
        draft.write(LETTER)
        place.put(f"files/zz/{SHA256}", draft)
    assert [files.collect(nobody, now) for now in (TOMORROW, AFTER)] == [0, 0]
    assert list(files.names()) == []
    assert everything(place) == [f"files/zz/{SHA256}"]


def test_machines_that_start_together_get_one_key(place):
    together, made = Barrier(4), []

    def start():
        together.wait(60)
        made.append(key(place, "secret"))

    starting = [Thread(target=start) for _ in range(4)]
    for each in starting:
        each.start()
    for each in starting:
        each.join()
    assert len(made) == 4
    assert set(made) == {key(place, "secret")}
    assert len(made[0]) == 32


def test_everything_of_one_machine_is_copied_to_where_others_read_it(data_dir, s3):
    here, there = Folder(data_dir), place_of(s3.prefix(), data_dir)
    FileStore(here).put_bytes(LETTER, len(LETTER))
    secret = key(here, "secret")
    for name, content in {"functions/ab.py": b"x = 1\n", "trust/akar.pem": b"PEM"}.items():
        create(here, name, content)
    assert dict(copy(here, there)) == dict.fromkeys(
        [named(SHA256), "functions/ab.py", "keys/secret.key", "trust/akar.pem"], True
    )
    assert FileStore(there).content(SHA256) == LETTER
    assert (key(there, "secret"), read(there, "trust/akar.pem")) == (secret, b"PEM")

    damage(there, SHA256, b"rusak")
    here.path("keys/secret.key").write_bytes(bytes(32))
    assert sorted(name for name, same in copy(here, there) if not same) == [named(SHA256), "keys/secret.key"]
    assert key(there, "secret") == secret, "what is there is left as it is"
