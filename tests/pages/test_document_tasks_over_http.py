"""The page on which a letter is approved says in whose name, what stands against it and what comes next."""

import pytest

from engine.model.signatures import Mode
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
    office.services.instances.suspend(operator, letter.instance_id, "Menunggu anggaran.", office.now)
    assert "Pelaksanaan ini sedang ditangguhkan" in head.get(f"/dokumen/{letter.id}").text
    office.services.instances.resume(operator, letter.instance_id, "Anggaran ada.", office.now)
    office.approve(letter.instance_id, Mode.WET)
    assert "Cetak PDF-nya, tanda tangani, lalu unggah" in head.get(f"/dokumen/{letter.id}").text
