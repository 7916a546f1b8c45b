"""On a phone: the head approves a letter or sends it back, its author corrects it, and the scans are one page."""

import os

import pytest

from engine.model.signatures import Mode
from tests.chromium import MARKS
from tests.pages.conftest import PASSWORD
from tests.pages.test_in_the_browser import PHONE, chromium, desk, site
from tests.papers import PICTURE
from tests.service.test_printing import document
from tests.swept import swept

__all__ = ["chromium", "desk", "site"]
pytestmark = [*MARKS, pytest.mark.xdist_group("browser")]
HEAD = "kepala.dinas"


def looks_right(at, name):
    """Whether the page fits a phone and axe finds nothing; a picture of it where somebody asks for one."""
    if folder := os.environ.get("ALUR_TEST_PICTURES"):
        at.page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    assert at.fits(), name
    assert at.faults() == []


def test_the_head_sends_a_letter_back_and_approves_it_corrected(desk, office):
    office.head_is_in = False
    instance = office.start()
    office.do(HEAD, instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    head, secretary, team = (desk(each, viewport=PHONE) for each in (HEAD, "sekretaris", "tim.sakip"))
    page = head.open("/tugas")
    looks_right(head, "1-kotak-masuk")
    page.get_by_role("link", name="Baca dan setujui").click()
    looks_right(head, "2-persetujuan")
    page.get_by_text("Kembalikan kepada pembuatnya").click()
    page.get_by_text("Anda menyetujui selaku Kepala Dinas.").wait_for()
    page.get_by_label("Yang perlu diperbaiki").fill("Rapatnya di ruang lain.")
    here = page.url
    head.open("/tugas")
    page.goto(here)
    assert page.get_by_label("Yang perlu diperbaiki").input_value() == "Rapatnya di ruang lain."
    page.get_by_role("button", name="Kembalikan", exact=True).click()
    page.get_by_text("Dokumen dikembalikan kepada pembuatnya.").wait_for()

    page = secretary.open("/tugas")
    page.get_by_text("Rapatnya di ruang lain.").wait_for()
    page.get_by_role("link", name="Perbaiki Undangan").click()
    looks_right(secretary, "3-perbaiki")
    page.get_by_text("nomor 000.1.5/1/DPMPTSP/2025").first.wait_for()
    page.get_by_label("Acara").fill("Rapat yang belum diajukan")
    here = page.url
    secretary.open("/tugas")
    page.goto(here)
    assert page.get_by_label("Acara").input_value() == "Rapat yang belum diajukan"
    page.get_by_label("Acara").fill("")
    page.get_by_role("button", name="Ajukan lagi").click()
    page.get_by_role("heading", name="Ada 1 isian yang perlu diperbaiki").wait_for()
    page.get_by_label("Acara").fill("Rapat data di ruang lain")
    page.get_by_role("button", name="Ajukan lagi").click()
    page.get_by_text("menunggu persetujuan lagi").wait_for()

    page = team.open(f"/tugas/{office.task(instance, 'susun_jadwal')}")
    page.get_by_text("belum disetujui Kepala Dinas").first.wait_for()
    looks_right(team, "4-langkah-menunggu")

    page = head.open("/tugas")
    page.get_by_role("link", name="Baca dan setujui").click()
    page.get_by_text("Rapat data di ruang lain").first.wait_for()
    page.get_by_label("Persetujuan internal").check()
    page.get_by_label("Ketik ulang sandi Anda").fill("salah")
    page.get_by_role("button", name="Setujui dan terbitkan").click()
    page.get_by_text("sandi tidak cocok").wait_for()
    page.get_by_label("Ketik ulang sandi Anda").fill(PASSWORD)
    page.get_by_role("button", name="Setujui dan terbitkan").click()
    page.get_by_text("Dokumen disetujui dan diterbitkan.").wait_for()
    looks_right(head, "5-disetujui")
    assert document(office, instance, "undangan", 2).status == "signed"


def test_after_the_last_wet_signature_the_receipt_leads_to_one_page_for_all_scans(desk, office):
    office.head_is_in = False
    instance = office.start()
    office.do(HEAD, instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    office.approve(instance, Mode.WET)
    office.do("tim.sakip", instance, "susun_jadwal")
    office.approve(instance)
    for holder in ("pemegang.data.1", "pemegang.data.2"):
        office.do(holder, instance, "siapkan_data", holder)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    office.file_scans(instance, "tim.sakip")  # of the meetings
    task = office.do(HEAD, instance, "tandatangani_persetujuan")
    swept(office.services.printing, office.now)
    head = desk(HEAD, viewport=PHONE)
    page = head.open(f"/tugas/{task}/hasil")
    page.get_by_text("tugasnya ada di kotak masuk Anda").first.wait_for()
    looks_right(head, "6-hasil")
    page = head.open("/tugas")
    assert page.get_by_role("link", name="Unggah pindaian").count() == 3
    looks_right(head, "7-kotak-masuk-pindaian")
    page = head.open("/instans")
    page.get_by_text("3 pindaian belum ada").wait_for()
    looks_right(head, "8-daftar")
    page = head.open(f"/tugas/{task}/hasil")
    page.get_by_role("link", name="Unggah pindaian", exact=True).click()
    looks_right(head, "9-pindaian")
    scan = {"name": "ttd.png", "mimeType": "image/png", "buffer": PICTURE}
    for place in range(3):
        content = scan if place else scan | {"buffer": PICTURE[:70]}
        page.locator("input[type=file]").nth(place).set_input_files(content)
        page.get_by_label("Berkas ini sudah saya buka").nth(place).check()
    page.get_by_role("button", name="Unggah").click()
    page.get_by_text("gambar ini rusak").wait_for()
    looks_right(head, "10-satu-ditolak")
    assert page.locator("input[type=file]").count() == 1, "the others are filed"
    page.locator("input[type=file]").set_input_files(scan)
    page.get_by_label("Berkas ini sudah saya buka").check()
    page.get_by_role("button", name="Unggah").click()
    page.get_by_role("heading", name="Triwulan I 2025").wait_for()
    assert page.get_by_text("pindaian belum ada").count() == 0
