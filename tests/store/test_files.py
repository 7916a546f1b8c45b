"""Files are kept once under what they hold, are whole or absent, and go when nobody refers to them."""

import hashlib
import os
import threading
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest

from engine.model.errors import Damaged, NotFound, SetupError
from engine.store.files import FileStore, TooLarge
from tests.patience import PATIENCE

LETTER = b"Surat permohonan " * 100_000
SHA256 = hashlib.sha256(LETTER).hexdigest()
NOW = datetime.now(UTC)  # files carry the disk's own times


@pytest.fixture
def files(data_dir):
    """An empty file store."""
    return FileStore(data_dir)


def _on_disk(data_dir):
    return sorted(path.relative_to(data_dir).as_posix() for path in data_dir.rglob("*") if path.is_file())


def test_what_was_handed_over_is_found_by_its_hash(files, data_dir):
    stored = files.put(BytesIO(LETTER), limit=len(LETTER))
    assert (stored.sha256, stored.size) == (SHA256, len(LETTER))
    assert files.path(SHA256) == data_dir / "files" / SHA256[:2] / SHA256
    with files.open(SHA256) as file:
        assert file.read() == LETTER
    assert files.path(SHA256).stat().st_mode & 0o777 == 0o600
    assert files.path(SHA256).parent.stat().st_mode & 0o777 == 0o700


def test_the_same_letter_twice_is_kept_once(files, data_dir):
    assert files.put(BytesIO(LETTER), limit=1 << 30) == files.put(BytesIO(LETTER), limit=1 << 30)
    assert list(files.names()) == [SHA256]
    assert _on_disk(data_dir) == ["files/.lock", f"files/{SHA256[:2]}/{SHA256}"]


def test_a_letter_that_is_too_large_leaves_nothing(files, data_dir):
    with pytest.raises(TooLarge) as refused:
        files.put(BytesIO(LETTER), limit=len(LETTER) - 1)
    assert refused.value.limit == len(LETTER) - 1
    assert _on_disk(data_dir) == ["files/.lock"]


def test_an_upload_that_breaks_off_leaves_nothing(files, data_dir):
    class Broken:
        def read(self, size, /):
            raise ValueError("sambungan putus")

    with pytest.raises(ValueError, match="putus"):
        files.put(Broken(), limit=100)
    assert _on_disk(data_dir) == ["files/.lock"]


@pytest.mark.parametrize("name", [SHA256, "../../etc/passwd", "", SHA256.upper(), SHA256 + "/x"])
def test_what_is_not_kept_is_not_found(files, name):
    for ask in (files.open, files.path):
        with pytest.raises(NotFound):
            ask(name)
    assert not files.verify(name)


def test_a_changed_file_is_noticed(files):
    files.put(BytesIO(LETTER), limit=1 << 30)
    assert files.verify(SHA256)
    files.path(SHA256).write_bytes(LETTER + b"!")
    assert not files.verify(SHA256)


def test_what_nobody_refers_to_goes_after_a_day(files, data_dir):
    kept = files.put(BytesIO(b"dirujuk"), limit=100).sha256
    staged = files.put(BytesIO(b"ditinggalkan"), limit=100).sha256
    (data_dir / "files" / "tulis-mati").write_bytes(b"separuh")
    asked = []

    def referenced(names):
        asked.append(set(names))
        return {kept} & set(names)

    assert files.collect(referenced, NOW + timedelta(hours=23)) == 0
    assert asked == []
    assert files.collect(referenced, NOW + timedelta(hours=25)) == 1
    assert {kept, staged} == set().union(*asked)
    assert list(files.names()) == [kept]
    assert _on_disk(data_dir) == ["files/.lock", f"files/{kept[:2]}/{kept}"]


def test_what_is_handed_over_again_is_young_again(files):
    staged = files.put(BytesIO(LETTER), limit=1 << 30).sha256
    yesterday = (NOW - timedelta(days=2)).timestamp()
    os.utime(files.path(staged), (yesterday, yesterday))
    files.put(BytesIO(LETTER), limit=1 << 30)
    assert files.collect(lambda names: (), NOW) == 0
    assert files.verify(staged)


def test_collecting_waits_while_somebody_hands_a_file_over(files):
    old = files.put(BytesIO(LETTER), limit=1 << 30).sha256
    yesterday = (NOW - timedelta(days=2)).timestamp()
    os.utime(files.path(old), (yesterday, yesterday))
    reading, go_on = threading.Event(), threading.Event()

    class Slow(BytesIO):
        def read(self, size=-1, /):
            reading.set()
            go_on.wait(PATIENCE)
            return super().read(size)

    removed = []
    put = threading.Thread(target=files.put, args=(Slow(LETTER), 1 << 30))
    collect = threading.Thread(target=lambda: removed.append(files.collect(lambda names: (), NOW)))
    put.start()
    reading.wait(PATIENCE)
    collect.start()
    collect.join(0.1)
    assert collect.is_alive()
    go_on.set()
    put.join()
    collect.join()
    assert removed == [0]
    assert files.verify(old)


def test_a_full_disk_is_told_and_leaves_nothing(small_disk):
    files = FileStore(small_disk)
    small = files.put(BytesIO(b"kecil"), limit=100)
    with pytest.raises(SetupError, match=r"penuh\. Kosongkan ruang"):
        files.put(BytesIO(b"x" * (3 << 20)), limit=1 << 30)
    assert _on_disk(small_disk) == ["files/.lock", f"files/{small.sha256[:2]}/{small.sha256}"]
    assert files.verify(small.sha256)


def test_a_folder_that_is_gone_is_told(tmp_path):
    with pytest.raises(SetupError, match="tidak dapat ditulis"):
        FileStore(tmp_path / "tidak ada").put(BytesIO(b"x"), limit=100)


def test_what_is_handed_out_is_what_was_kept_or_nothing(files):
    files.put_bytes(LETTER, len(LETTER))
    with files.kept(SHA256, "surat.pdf") as file:
        assert file.read() == LETTER
    files.path(SHA256).chmod(0o600)
    files.path(SHA256).write_bytes(LETTER + b".")
    for ask in (lambda: files.kept(SHA256, "surat.pdf"), lambda: files.content(SHA256)):
        with pytest.raises(Damaged) as told:
            ask()
        assert told.value.sha256 == SHA256
    files.path(SHA256).unlink()
    with pytest.raises(Damaged):
        files.kept(SHA256, "surat.pdf")
