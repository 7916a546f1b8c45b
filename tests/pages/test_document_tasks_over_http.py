"""The page on which a letter is approved says in whose name, what stands against it and what comes next."""

import re

import pytest

from engine.model.signatures import Mode
from tests.office import INDONESIAN
from tests.pages.test_grid import text_of
from tests.service.test_printing import document

HEAD = "kepala.dinas"


@pytest.fixture
def letter(office):
    """An invitation that waits for the head."""
    office.head_is_in = False
    instance = office.start()
    office.do(HEAD, instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    return document(office, instance, "undangan")


def test_a_password_that_is_not_typed_is_asked_for(browse, letter):
    head = browse(HEAD)
    sent = {"cara": "internal", "_sandi": "", "csrf_token": head.token("/akun")}
    answer = head.http.post(f"/dokumen/{letter.id}/setujui", data=sent)
    assert (answer.status_code, "Isi sandi Anda dahulu." in answer.text) == (422, True)


def test_the_page_says_what_stands_against_approving_and_what_comes_after(office, browse, letter):
    head, operator = browse(HEAD), office.actor("operator")
    page = head.get(f"/dokumen/{letter.id}").text
    assert "nomor 000.1.5/1/DPMPTSP/2025" in page
    assert "Anda menyetujui selaku Kepala Dinas." in page
    office.services.control.suspend(operator, letter.instance_id, "Menunggu anggaran.", office.now)
    assert "Pelaksanaan ini sedang ditangguhkan" in head.get(f"/dokumen/{letter.id}").text
    office.services.control.resume(operator, letter.instance_id, "Anggaran ada.", office.now)
    office.approve(letter.instance_id, Mode.WET)
    page = head.get(f"/dokumen/{letter.id}").text
    assert "Cetak PDF-nya, tanda tangani, lalu unggah" in page
    assert page.count(f"/instans/{letter.instance_id}/pindaian") == 1, "one link to one place"


def test_whoever_may_not_approve_is_told_so_before_anything_that_they_send_is_looked_at(browse, letter):
    other = browse("sekretaris")
    for deed, sent in (("setujui", {"cara": "tidak-ada"}), ("setujui", {"cara": "internal"}), ("kembalikan", {})):
        answer = other.post(f"/dokumen/{letter.id}/{deed}", sent)
        assert (answer.status_code, "Tugas ini milik jalur Kepala Dinas" in answer.text) == (403, True), (deed, sent)


def test_a_letter_that_waits_for_its_scan_was_approved_and_not_yet_signed(office, browse, letter):
    office.approve(letter.instance_id, Mode.WET)
    page = text_of(browse(HEAD).get(f"/instans/{letter.instance_id}/pindaian"))
    assert "Unggah pindaian" in page
    assert "1 pindaian belum ada" in page
    assert re.search(r"Disetujui Kepala Dinas[^,]*, menunggu pindaian", page)
    assert "Ditandatangani" not in page


def test_of_a_letter_that_is_signed_by_certificate_a_signed_pdf_is_asked_for_and_no_scan(office, browse, letter):
    office.approve(letter.instance_id, Mode.CERTIFIED)
    page = text_of(browse(HEAD).get(f"/instans/{letter.instance_id}/pindaian"))
    assert "1 PDF bertanda tangan belum ada" in page
    assert "menunggu PDF bertanda tangan" in page
    assert "Unggah pindaian" not in page
    assert "menunggu pindaian" not in page


def test_a_letter_that_came_back_is_counted_keeps_its_number_and_says_afterwards_why(office, browse, letter):
    head, secretary = browse(HEAD), browse("sekretaris")
    assert "Setujui Undangan" in text_of(secretary.get("/tugas?tampil=menunggu"))
    head.post(f"/dokumen/{letter.id}/kembalikan", {"alasan": "Rapatnya di ruang lain."})
    assert "Dikembalikan 1" in text_of(secretary.get("/tugas"))
    assert "Dikembalikan 1" in text_of(secretary.get("/tugas?waktu=dikembalikan"))
    assert "Perbaiki Undangan" in text_of(head.get("/tugas?tampil=menunggu"))
    form = text_of(secretary.get(f"/dokumen/{letter.id}/perbaiki"))
    assert form.count("000.1.5/1/DPMPTSP/2025") == 2, "in its head line and in the form"
    assert "Nomor diberikan saat langkah ini diselesaikan" not in form
    at, by = office.services.approvals, office.actor("sekretaris")
    made = at.mend(by, at.mending(by, letter.id, office.now), INDONESIAN, office.now)
    assert made != letter.id
    assert "Dikembalikan 0" in text_of(secretary.get("/tugas"))
    old = text_of(secretary.get(f"/dokumen/{letter.id}"))
    assert re.search(r"Dikembalikan oleh Kepala Dinas[^·]*Rapatnya di ruang lain\.", old)
    assert "Rapatnya di ruang lain." not in text_of(secretary.get(f"/dokumen/{made}"))


def test_a_wrong_password_beside_an_approval_is_said_in_a_sentence(browse, letter):
    answer = browse(HEAD).post(f"/dokumen/{letter.id}/setujui", {"cara": "internal", "_sandi": "salah"})
    assert answer.status_code == 422
    assert "Sandi tidak cocok. Ketik ulang" in answer.text
