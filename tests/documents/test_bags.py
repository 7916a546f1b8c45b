"""A bag holds what RFC 8493 asks of one; the RFC is read here anew, clause by clause, with nothing of ours."""

import hashlib
import io
import re
import zipfile
from datetime import UTC, datetime

import pytest

from engine.documents.bagit import Bag, BagItem, item
from engine.model.errors import Damaged

AT = datetime(2025, 4, 14, 10, 15, tzinfo=UTC)


def bag(*payload, at=AT):
    files = payload or (
        item("surat.pdf", b"%PDF-"),
        item("lampiran/001-bukti.pdf", b"bukti" * 1000),
        item("kosong", b""),
    )
    return Bag(
        "arsip-contoh-r7", at, {"Source-Organization": "Dinas\nContoh"}, ("LIHAT-DAHULU.txt", b"caranya\n"), files
    )


def written(of):
    file = io.BytesIO()
    of.write(file)
    return file.getvalue()


def opened(content):
    """Section 4: one folder at the top. Return the files by their path in it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
        assert tops == {"arsip-contoh-r7"}
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def manifest(text):
    """Section 2.1.3: ``checksum`` whitespace ``filepath``; section 2.4: algorithms' names are of the file name."""
    return dict(
        reversed(re.fullmatch(r"([0-9a-f]{64})\s+(\S.*)", line).groups()) for line in text.decode().splitlines()
    )


def test_a_bag_is_one_by_every_clause_of_the_rfc():
    files = opened(written(bag()))
    assert files["bagit.txt"] == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"  # 2.1.1, exactly two lines
    payload = {path for path in files if path.startswith("data/")}  # 2.1.2
    assert payload == {"data/surat.pdf", "data/lampiran/001-bukti.pdf", "data/kosong"}
    listed = manifest(files["manifest-sha256.txt"])
    assert listed.keys() == payload  # 2.1.3: every payload file, and no other
    tags = manifest(files["tagmanifest-sha256.txt"])
    assert tags.keys() == files.keys() - payload - {"tagmanifest-sha256.txt"}  # 2.2.1: every tag file but tag manifests
    for path, digest in {**listed, **tags}.items():
        assert hashlib.sha256(files[path]).hexdigest() == digest
    facts = dict(
        line.split(": ", 1) for line in files["bag-info.txt"].decode().splitlines()
    )  # 2.2.2: label, colon, value
    assert facts["Payload-Oxum"] == f"{sum(len(files[path]) for path in payload)}.{len(payload)}"
    assert facts["Source-Organization"] == "Dinas Contoh", "a value is one line"


def test_the_same_files_give_the_same_bytes_whenever_they_are_written():
    assert written(bag()) == written(bag())
    assert written(bag()) != written(bag(at=AT.replace(minute=16)))


def test_programs_that_read_a_zip_from_its_beginning_find_every_size_before_its_file():
    with zipfile.ZipFile(io.BytesIO(written(bag()))) as archive:
        for entry in archive.infolist():
            assert (entry.compress_type, entry.flag_bits & 0x08) == (zipfile.ZIP_STORED, 0)


def test_a_file_beyond_what_old_zips_hold_is_written_in_the_larger_form(monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    content = written(bag())
    assert b"PK\x06\x06" in content, "the end record of ZIP64"
    assert opened(content)["data/lampiran/001-bukti.pdf"] == b"bukti" * 1000


def test_a_file_that_is_not_what_it_was_is_named():
    changed = BagItem("surat.pdf", hashlib.sha256(b"%PDF-").hexdigest(), 5, lambda: io.BytesIO(b"%pdf-"))
    with pytest.raises(Damaged) as damaged:
        written(bag(changed))
    assert damaged.value.path == "surat.pdf"
