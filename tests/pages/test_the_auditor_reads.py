"""The auditor reads every kind of line, by the names of people, with the drawing explained."""

from datetime import date, timedelta

import pytest

from engine.model.people import Capacity


@pytest.fixture
def eventful(office):
    """An instance in an office in which much happened that is no step."""
    services, operator = office.services, office.actor("operator")
    instance = office.start()
    services.accounts.set_locale(office.actor("auditor"), "id", office.now)
    services.control.suspend(operator, instance, "Menunggu arahan", office.now)
    services.control.resume(operator, instance, "Sudah ada arahan", office.now)
    services.people.rename(operator, "tim.sakip", "Ketua Tim SAKIP", "Salah tulis", office.now)
    month = date(2025, 4, 11), date(2025, 4, 30)
    services.people.add_membership(
        operator, "tim.sakip", "sekretaris", Capacity.ACTING_PLH, *month, "SK 1/2025", "Cuti.", office.now
    )
    services.people.set_active(operator, "tim.sakip.2", False, "Mutasi", office.now)
    office.later(minutes=5)
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    return instance


def test_the_auditor_sees_every_kind_of_line_with_what_was_and_what_is(browse, eventful):
    auditor = browse("auditor")
    answer = auditor.get("/audit/jejak")
    assert answer.status_code == 200
    for words in ("Tangguhkan", "Lanjutkan", "Ubah orang", "Tambah keanggotaan", "Nonaktifkan", "Menunggu arahan"):
        assert words in answer.text
    assert "Kepala Dinas (kepala.dinas)" in answer.text
    narrowed = auditor.get("/audit/jejak?jenis=instance:suspended").text
    assert "1 baris" in narrowed
    assert '<option value="instance:suspended" selected>Tangguhkan' in narrowed


def test_the_history_of_an_instance_names_documents_as_the_sop_does(browse, eventful):
    page = browse("auditor").get(f"/instans/{eventful}/riwayat").text
    assert "Perjanjian Kinerja v1</a>" in page
    assert "perjanjian_kinerja v1" not in page


def test_an_english_reader_finds_english_names_in_the_diagram(browse, eventful):
    auditor = browse("auditor")

    def drawn():
        return auditor.get(f"/instans/{eventful}/diagram").text.partition("<figure")[2].partition("</svg>")[0]

    assert "Secretary" not in drawn()
    auditor.post("/bahasa", {"bahasa": "en"})
    assert "Secretary" in drawn()
    assert "Sekretaris" not in drawn()
    auditor.post("/bahasa", {"bahasa": "id"})


def test_the_diagram_of_an_instance_explains_its_marks(browse, eventful):
    legend = browse("auditor").get(f"/instans/{eventful}/diagram").text.partition('<figcaption class="legend">')[2]
    legend = legend.partition("</figcaption>")[0]
    assert all(word in legend for word in ("Belum", "Sedang dikerjakan", "Selesai"))


def test_the_phone_s_bar_holds_everything_and_begins_with_what_somebody_is_here_for(browse):
    bar = browse("operator").get("/operasi").text.partition('<nav class="bottom"')[2].partition("</nav>")[0]
    places = [
        bar.index(f'href="{path}"') for path in ("/operasi", "/insiden", "/orang", "/pengaturan/kalender", "/sop")
    ]
    assert places == sorted(places)
    assert bar.index("Lainnya") < bar.index("/pengaturan/kalender")


def test_a_page_that_was_open_too_long_does_not_speak_of_roles(browse):
    answer = browse("operator").http.post("/orang/sekretaris/sandi", data={})
    assert answer.status_code == 403
    assert "Halaman terlalu lama terbuka" in answer.text
    assert "bukan untuk peran" not in answer.text


def test_who_was_faster_is_told_by_name(office, browse, eventful):
    office.do("sekretaris", eventful, "siapkan_kertas_kerja")
    task = office.task(eventful, "susun_jadwal")
    office.services.assignments.claim(office.actor("tim.sakip"), task, office.now + timedelta(seconds=1))
    office.services.people.set_active(office.actor("operator"), "tim.sakip.2", True, "Mutasi", office.now)
    late = browse("tim.sakip.2")
    assert late.post(f"/tugas/{task}/ambil").status_code == 303
    assert "Ketua Tim SAKIP (tim.sakip)" in late.get("/tugas?tampil=bersama").text


def test_a_finished_run_does_not_say_that_lanes_and_documents_were_not_taken(office, browse):
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis", hasil_verifikasi="lengkap")
    office.do("sekretaris", instance, "minta_persetujuan")
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")
    marks = browse("auditor").get(f"/instans/{instance}/tanda.json").json["elements"]
    assert marks["susun_jadwal"]["state"] == "done"
    assert not {"tim_sakip", "notula", "disposisi", "undangan"} & marks.keys()
