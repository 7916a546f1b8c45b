"""What strangers, people of the office and programs are told of a letter whose instance was terminated."""

import pytest

from tests.pages.test_grid import text_of
from tests.service.test_printing import document, paper, rendering
from tests.service.test_void_papers import WHY, terminate


@pytest.fixture
def letter(office):
    """An invitation that went out, of an instance that was terminated afterwards."""
    instance = office.start()
    office.until_data(instance)
    found = document(office, instance, "undangan")
    paper(office, found)
    terminate(office, instance)
    return found


def test_a_stranger_reads_that_it_does_not_count_and_no_reason(office, browse, letter):
    said = text_of(browse().get(f"/v/{rendering(office, letter).code}"))
    assert "Dokumen ini pernah dibuat, tetapi tidak berlaku." in said
    assert "Tercatat dan berlaku" not in said
    assert WHY not in said


def test_its_pages_and_lists_say_so_with_the_reason(browse, letter):
    reader = browse("auditor")
    said = text_of(reader.get(f"/dokumen/{letter.id}"))
    assert "Dicabut, tidak berlaku" in said
    assert f"Pelaksanaannya dihentikan: {WHY}" in said
    assert "Diterbitkan Disposisi" not in said
    listed = text_of(reader.get("/dokumen?status=void"))
    assert "Undangan v1" in listed
    assert "Undangan v1" not in text_of(reader.get("/dokumen?status=issued"))
    assert "Batal" in text_of(reader.get("/nomor/surat_keluar/2025"))
    assert "Dicabut" in text_of(reader.get(f"/instans/{letter.instance_id}/dokumen"))
