"""What strangers, people of the office and programs are told of a letter whose instance was terminated."""

import re

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
    assert re.search(r"Dicabut (\w+, )?\d+ \w+ 2025", said), "with its day"
    assert WHY not in said


def test_a_stranger_reads_whether_the_approval_sheet_was_signed_or_refused(office, browse):
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    sheet = document(office, instance, "lembar_persetujuan")
    paper(office, sheet)
    address = f"/v/{rendering(office, sheet).code}"
    said = text_of(browse().get(address))
    assert ("Tercatat, belum ditandatangani" in said, "Tercatat dan berlaku" in said) == (True, False)
    office.later(hours=1)
    back = {"keputusan": "kembalikan", "kembali_ke": "susun_analisis", "catatan_keputusan": "Angkanya lain."}
    office.do("kepala.dinas", instance, "tandatangani_persetujuan", **back)
    said = text_of(browse().get(address))
    assert re.search(r"Tidak ditandatangani, dikembalikan (\w+, )?\d+ \w+ 2025", said)
    assert "Tercatat dan berlaku" not in said
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    assert "Digantikan oleh versi 2" in text_of(browse().get(address))
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")
    [signed] = [each for each in office.page(instance).documents if each.data_object_id == "lembar_persetujuan"]
    paper(office, signed)
    assert "Tercatat dan berlaku" in text_of(browse().get(f"/v/{rendering(office, signed).code}"))


def test_its_pages_and_lists_say_so_with_the_reason(browse, letter):
    reader = browse("auditor")
    said = text_of(reader.get(f"/dokumen/{letter.id}"))
    assert "Dicabut, tidak berlaku" in said
    assert f"Pelaksanaannya dihentikan: {WHY}" in said
    assert "Diterbitkan Disposisi" not in said
    listed = text_of(reader.get("/dokumen?status=void"))
    assert "Undangan v1" in listed
    assert "Undangan v1" not in text_of(reader.get("/dokumen?status=issued"))
    assert "Nomor batal" in text_of(reader.get("/nomor/surat_keluar/2025"))
    assert "Dicabut" in text_of(reader.get(f"/instans/{letter.instance_id}/dokumen"))
