"""A file is looked at before it is opened, and no file takes long to be looked at."""

import io
import time
import zipfile

import pytest

from engine.service.papers.uploads import DOCX, LARGEST_EXPANDED, LONGEST_NAME, UploadRefused, media_type_of, safe_name

TYPES = f'<Types><Override PartName="/word/document.xml" ContentType="{DOCX}.main+xml"/></Types>'


def packed(names):
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for name in names:
            archive.writestr(name, TYPES if name == "[Content_Types].xml" else "")
    kept.seek(0)
    return kept


def test_a_word_file_is_one_by_its_parts():
    assert media_type_of("surat.docx", packed(["[Content_Types].xml", "word/document.xml"])) == DOCX


def test_an_archive_of_very_many_files_is_refused_before_they_are_listed():
    kept = packed([f"{n:x}" for n in range(30_000)])
    began = time.thread_time()
    with pytest.raises(UploadRefused) as refused:
        media_type_of("surat.docx", kept)
    assert refused.value.facts == {"found": "zip bomb"}
    assert time.thread_time() - began < 0.1


def test_an_archive_that_unfolds_to_very_much_is_refused_before_it_is_unpacked():
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("word/media/a", "w") as part:
        for _ in range(LARGEST_EXPANDED // (1 << 20) + 1):
            part.write(bytes(1 << 20))
    kept.seek(0)
    with pytest.raises(UploadRefused) as refused:
        media_type_of("surat.docx", kept)
    assert refused.value.facts == {"found": "zip bomb"}


def test_an_archive_of_other_things_is_no_word_file():
    with pytest.raises(UploadRefused) as refused:
        media_type_of("surat.docx", packed(["catatan.txt"]))
    assert refused.value.facts == {"found": "application/zip"}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        (r"C:\\Dokumen\\surat.pdf", "surat.pdf"),
        ("../../surat\n.pdf", "surat.pdf"),
        ("\t", "berkas"),
        ("a" * 300 + ".docx", "a" * (LONGEST_NAME - 6) + "….docx"),
    ],
)
def test_a_file_is_called_by_its_own_name_and_a_long_one_keeps_its_ending(name, kept):
    assert safe_name(name) == kept
    assert len(kept) <= LONGEST_NAME


def test_an_archive_that_ends_in_the_middle_is_refused():
    content = packed(["[Content_Types].xml", "word/document.xml"]).getvalue()
    for length in range(len(content)):
        with pytest.raises(UploadRefused):
            media_type_of("surat.docx", io.BytesIO(content[:length]))
