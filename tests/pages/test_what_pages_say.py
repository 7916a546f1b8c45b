"""Words on pages that people act on: how a day is read, what a start lacks, what a return was, whose list this is."""

import re

import pytest
from flask import request

from engine.model.people import Capacity
from tests.office import SOP, returned
from tests.pages.conftest import known
from tests.pages.test_grid import text_of

START = f"/instans/mulai?sop={SOP}"


@pytest.mark.parametrize(
    ("kind", "text", "reading", "notice"),
    [
        ("date", "18/12/2026", "Jumat, 18 Desember 2026", ""),
        ("date", "19 des 2026", "Sabtu, 19 Desember 2026", "kantor tutup"),
        ("date", "25/12/2026", "Jumat, 25 Desember 2026", "kantor tutup: Hari Raya Natal"),
        ("date", "18/13", "", "bukan tanggal; tulis hari, bulan, tahun, misalnya 15/4/2025."),
        ("money", "350.000.000", "Rp350.000.000 (350 juta)", ""),
        ("number", "1.234", "", "maksud Anda 1.234 atau 1,234? Titik memisahkan ribuan, koma memulai desimal."),
        ("time", "9", "09.00", ""),
    ],
)
def test_what_is_typed_is_echoed_as_it_will_be_read(browse, kind, text, reading, notice):
    said = browse("sekretaris").get("/tugas/baca", query_string={"jenis": kind, "teks": text}).json
    assert said == {"reading": reading, "notice": notice}


def test_the_echo_speaks_the_reader_s_language_and_to_nobody_else(browse):
    reader = browse("sekretaris")
    reader.post("/bahasa", {"bahasa": "en"})
    said = reader.get("/tugas/baca?jenis=date&teks=26/12/2026").json
    assert said == {"reading": "Saturday, 26 December 2026", "notice": "the office is closed"}
    assert reader.get("/tugas/baca?jenis=file&teks=x").status_code == 404
    assert browse().get("/tugas/baca?jenis=date&teks=1/1/2026").status_code in (302, 303, 401)


def test_a_holiday_is_warned_of_and_not_refused(office, browse):
    instance = office.start()
    task = office.task(instance, "perintahkan_pengumpulan_data")
    head = browse("kepala.dinas")
    head.post(f"/tugas/{task}/selesai", {"disposisi.batas_waktu": "18/4/2025"})
    assert "Jumat, 18 April 2025 ⚠ kantor tutup: Wafat Yesus Kristus" in text_of(head.get(f"/tugas/{task}"))


def test_minutes_of_a_meeting_that_is_still_to_come_are_not_accepted(office, browse):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    task = office.task(instance, "susun_jadwal")
    office.services.assignments.claim(office.actor("tim.sakip"), task, office.now)
    team = browse("tim.sakip")
    entries = office.filled("tim.sakip", task, notula__hari_tanggal="14/4/2025")
    early = team.post(f"/tugas/{task}/selesai", entries, follow_redirects=True)
    assert "rapat ini belum berlangsung" in text_of(early)
    assert "Auditor" not in early.text[early.text.index('name="notula.pimpinan"') :][:3000]
    assert "Kepala Dinas" in early.text[early.text.index('name="notula.pimpinan"') :][:3000]
    office.later(days=3)
    held = browse("tim.sakip").post(
        f"/tugas/{task}/selesai", office.filled("tim.sakip", task, notula__hari_tanggal="14/4/2025")
    )
    assert held.status_code == 303
    attended = next(each for each in office.page(instance).documents if each.data_object_id == "daftar_hadir")
    assert '"hari_tanggal":"2025-04-14"' in attended.content


def test_a_start_that_no_register_supports_is_warned_of_and_goes_on_only_if_meant(office, browse):
    head = browse("kepala.dinas")
    assert "Perjanjian Kinerja: 1 baris berlaku" in text_of(head.get(START))
    warned = head.post(START, {"tahun": "2027", "periode": "I"})
    assert warned.status_code == 409
    said = text_of(warned)
    assert "Perjanjian Kinerja tahun ini belum ditetapkan" in said
    assert "diisi oleh Sekretaris" in said
    assert 'href="/register/perjanjian_kinerja"' in warned.text
    assert office.services.instances.list(office.actor("auditor"), office.now).items == ()
    assert head.post(START, {"tahun": "2027", "periode": "I", "_tetap": "1"}).status_code == 303


def test_the_first_step_leads_to_the_register_and_the_head_may_stop_the_run(office, browse):
    instance = office.start(year="2027")
    task = office.task(instance, "perintahkan_pengumpulan_data")
    head = browse("kepala.dinas")
    shown = head.get(f"/tugas/{task}")
    assert 'href="/register/rencana_aksi"' in shown.text
    assert "diisi oleh Sekretaris, Tim Sakip" in text_of(shown)
    assert f"/instans/{instance}/hentikan" in head.get(f"/instans/{instance}").text
    stop = {"alasan": "Tahunnya salah", "judul": "Triwulan I 2027"}
    assert head.post(f"/instans/{instance}/hentikan", stop).status_code == 303
    assert office.page(instance).record.status == "terminated"
    assert head.get(f"/instans/{instance}/tangguhkan").status_code == 403
    assert browse("pemegang.data.1").get(f"/instans/{instance}/hentikan").status_code in (403, 404)


def test_a_year_is_no_amount(browse):
    said = text_of(browse("kepala.dinas").post(START, {"tahun": "2019", "periode": "I"}))
    assert "tidak boleh kurang dari 2020." in said


def test_the_receipt_of_a_return_says_so_and_the_steps_say_who_still_has_to_claim(office, browse):
    instance = office.start()
    office.until_analysis(instance)
    assert "Menunggu diambil" in text_of(browse("auditor").get(f"/instans/{instance}"))
    task = office.do("tim.sakip", instance, "susun_analisis", **returned("pemegang.data.2"))
    assert "Langkah 5: dikembalikan untuk perbaikan" in text_of(browse("tim.sakip").get(f"/tugas/{task}/hasil"))
    steps = text_of(browse("auditor").get(f"/instans/{instance}"))
    assert "1 dari 2 selesai" in steps
    assert "Pemegang Data 1" in steps[steps.rindex("4 · ") : steps.rindex("5 · ")]


def test_who_acts_for_another_reads_for_which_office(office, browse):
    office.hire("plh", "kepala_dinas", capacity=Capacity.ACTING_PLH, decree="SK 800/12/2025")
    known(office)
    instance = office.start()
    task = office.task(instance, "perintahkan_pengumpulan_data")
    office.services.assignments.claim(office.actor("plh"), task, office.now)
    office.services.tasks.complete(office.actor("plh"), task, office.filled("plh", task), office.now)
    said = text_of(browse("plh").get(f"/tugas/{task}/hasil"))
    assert "selaku Plh. Kepala Dinas" in said[said.index("Dicatat") :]


def test_a_history_is_narrowed_by_days_as_the_office_writes_them(office, browse):
    instance = office.start()
    auditor = browse("auditor")
    assert 'type="date"' not in auditor.get(f"/instans/{instance}/riwayat").text
    assert "2 baris." in text_of(auditor.get(f"/instans/{instance}/riwayat?dari=11/4/2025&sampai=11 April 2025"))
    assert "0 baris." in text_of(auditor.get(f"/instans/{instance}/riwayat?dari=12/4/2025"))


def test_a_list_leads_on_whatever_else_stands_in_its_address(app):
    odd = "/dokumen?cari=surat&endpoint=x&_scheme=javascript&_anchor=y&_external=1&_method=POST"
    with app.test_request_context(odd):
        page = app.jinja_env.get_template("parts/ui.html").make_module({}).pager(2, True, request.args)
    assert re.findall(r'href="([^"]+)"', page) == [
        "/dokumen?cari=surat&amp;halaman=1",
        "/dokumen?cari=surat&amp;halaman=3",
    ]
