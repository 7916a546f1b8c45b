"""What the register of numbers says of numbers that stand on two letters."""

import hashlib
import json

from sqlalchemy import text

from engine.model.history import Action
from engine.service.history.timelines import HistoryFilter
from tests.office import kept_for_search
from tests.pages.test_grid import text_of


def test_a_number_that_an_earlier_version_gave_twice_is_told_above_all_others(office, browse):
    first, second = office.start(period="I"), office.start(period="II")
    office.until_data(first)
    reader = browse("auditor")
    assert "lebih dari satu surat" not in text_of(reader.get("/nomor/surat_keluar/2025"))
    office.tampered = True  # as the version before, which counted by another year
    with office.database.unguarded() as connection:
        row = "'surat_keluar', 2024, 1, text, :other, place, subject, taken_at, taken_by, true"
        columns = "series, year, ordinal, text, instance_id, place, subject, taken_at, taken_by, doubled"
        its = "FROM number WHERE series = 'surat_keluar' AND ordinal = 1"
        connection.execute(text(f"INSERT INTO number ({columns}) SELECT {row} {its}"), {"other": second})
    said = text_of(reader.get("/nomor/surat_keluar/2025"))
    assert "Nomor yang tercetak pada lebih dari satu surat" in said
    assert said.count("000.1.5/1/DPMPTSP/2025: Surat Undangan") == 2
    assert "Triwulan II 2025" in said


def test_who_takes_numbers_reads_the_register_and_it_says_which_letter_waits(office, browse):
    office.head_is_in = False
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    secretary = browse("sekretaris")
    assert 'href="/nomor"' in secretary.get("/dokumen").text
    assert "surat keluar" in text_of(secretary.get("/nomor"))
    said = text_of(secretary.get("/nomor/surat_keluar/2025"))
    assert "Menunggu persetujuan" in said
    assert "Dipakai" not in said
    assert "11 April 2025" in said
    assert "Majukan nomor" not in said
    office.approve(instance)
    assert "Dipakai" in text_of(secretary.get("/nomor/surat_keluar/2025"))
    assert secretary.post("/nomor/surat_keluar/2025", {"terakhir": "9", "alasan": "Buku agenda"}).status_code in (
        400,
        403,
    )
    holder = browse("pemegang.data.1")
    assert [holder.get(at).status_code for at in ("/nomor", "/nomor/surat_keluar/2025")] == [403, 403]
    assert 'href="/nomor"' not in holder.get("/dokumen").text


def test_step_seven_says_before_signing_which_letters_still_wait(office, browse):
    office.head_is_in = False
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    office.approve(instance)
    office.do("tim.sakip", instance, "susun_jadwal")
    for holder in ("pemegang.data.1", "pemegang.data.2"):
        office.do(holder, instance, "siapkan_data", holder)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    head, task = browse("kepala.dinas"), office.task(instance, "tandatangani_persetujuan")
    assert "Surat Tugas belum disetujui Kepala Dinas" in text_of(head.get(f"/tugas/{task}"))
    office.approve(instance)
    assert "belum disetujui" not in text_of(head.get(f"/tugas/{task}"))


def test_the_agenda_says_of_every_letter_its_number_date_subject_and_to_whom(office, browse):
    instance = office.start()
    office.until_data(instance)
    kept_for_search(office)
    secretary = browse("sekretaris")
    said = text_of(secretary.get("/nomor/agenda"))
    for part in (
        "000.1.5/1/DPMPTSP/2025",
        "11 April 2025",
        "800.1.11.1/2/DPMPTSP/2025",
        "Pemegang Data 1; Pemegang Data 2",
    ):
        assert part in said, part
    one = text_of(
        secretary.get("/nomor/agenda?deret=surat_keluar&tahun=2025&cari=800.1.11.1&dari=1/4/2025&sampai=30/4/2025")
    )
    assert "800.1.11.1/2/DPMPTSP/2025" in one
    assert "000.1.5/1/DPMPTSP/2025" not in one
    assert "Tidak ada surat yang cocok" in text_of(secretary.get("/nomor/agenda?sampai=1/4/2025"))
    bad = secretary.get("/nomor/agenda?dari=31/2/2025&cari=Undangan")
    assert (bad.status_code, "“31/2/2025” bukan tanggal" in text_of(bad)) == (422, True)
    assert 'value="31/2/2025"' in bad.text
    assert 'value="Undangan"' in bad.text, "the page comes back with what was asked"
    holder = browse("pemegang.data.1")
    assert holder.get("/nomor/agenda").status_code == 403
    assert not [page for page in ("/", "/dokumen", "/tugas") if "/nomor" in holder.get(page).text]


def test_a_letter_that_became_void_stays_in_the_agenda_with_the_reason_and_taking_the_agenda_is_recorded(
    office, browse
):
    instance = office.start()
    office.until_data(instance)
    office.services.control.terminate(office.actor("operator"), instance, "Salah periode.", office.now)
    kept_for_search(office)
    auditor = browse("auditor")
    assert "Nomor batal Salah periode." in text_of(auditor.get("/nomor/agenda"))
    taken = auditor.post("/nomor/agenda.csv?deret=surat_keluar", {})
    lines = taken.data.decode("utf-8-sig").splitlines()
    assert lines[0] == "Nomor;Tanggal surat;Perihal;Kepada;Pelaksanaan;Deret;Status;Alasan"
    assert any("000.1.5/1/DPMPTSP/2025;2025-04-11" in line and ";Nomor batal;Salah periode." in line for line in lines)
    told = office.services.histories.everything(office.actor("auditor"), HistoryFilter(action=Action.EXPORT_MADE)).lines
    change = json.loads(told[0].change)
    assert change["agenda"] == {"deret": "surat_keluar"}
    assert change["sha256"] == hashlib.sha256(taken.data).hexdigest()
