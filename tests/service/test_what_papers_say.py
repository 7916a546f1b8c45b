"""What the office's papers say, word for word, as who signs or files them reads it."""

import pytest

from engine.model.history import Action, HistoryEvent
from engine.model.people import Capacity
from engine.model.renderings import COVER
from engine.store.queries import people
from tests.databases import ON_ONE_KIND
from tests.documents.pdf_text import pages_of
from tests.office import returned
from tests.service.test_printing import document, paper, rendering
from tests.service.test_signing import PASSWORD, signs
from tests.swept import swept

pytestmark = ON_ONE_KIND


def said(office, instance, name, part=""):
    return "".join(pages_of(paper(office, document(office, instance, name), part=part)[2]))


@pytest.fixture
def instance(office):
    """An instance that was returned once from step 5, with sentences that end in a full stop and some that do not."""
    with office.database.write(office.actor("kepala.dinas"), office.now) as work:
        people.change(work, "kepala.dinas", password_hash=office.services.accounts.hasher.hash(PASSWORD))
        work.record("person:kepala.dinas", HistoryEvent(Action.PASSWORD_CHANGED))
    instance = office.start()
    office.until_analysis(instance)
    office.explains = True
    office.do("tim.sakip", instance, "susun_analisis", **returned("pemegang.data.1"))
    office.later(hours=1)
    office.do("pemegang.data.1", instance, "siapkan_data", "pemegang.data.1")
    office.do("tim.sakip", instance, "susun_analisis", **{"notula_analisis.analisis.0.hasil": "Sudah dibahas"})
    office.do("sekretaris", instance, "minta_persetujuan")
    office.later(hours=1)
    return instance


def test_the_minutes_name_the_meeting_not_the_invitation_to_it(office, instance):
    minutes = said(office, instance, "notula")
    assert "Namarapat:RapatPengumpulanDataKinerjaTriwulanITahun2025" in minutes
    assert "UndanganRapat" not in minutes
    assert "Penanggungjawab" not in minutes.split("Lampiran")[0], "no columns for follow-ups that there are not"


def test_a_letter_of_assignment_says_by_which_day_the_data_are_due(office, instance):
    for part in ("", "pemegang.data.1"):
        letter = said(office, instance, "surat_tugas", part)
        assert "Penyerahan:palinglambatSelasa,15April2025" in letter
        assert "bataspenyerahan" not in letter.replace("Bataspenyerahan", "")
        assert "Verifikator" not in letter, "nobody was named"


def test_the_report_counts_the_steps_of_the_sop_and_ends_sentences_once(office, instance):
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")
    report = said(office, instance, "laporan")
    assert "melalui7langkah,dalam10tugas." in report, "three tasks more than steps: a second holder and a return"
    assert ".." not in report
    assert "Adapunhambatanyangdihadapi:Datapusatterlambat.Tindaklanjut:Datadimintalebihawal.Sudahdibahas." in report


def test_figures_stand_with_their_units(office, instance):
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")
    report = said(office, instance, "laporan")
    assert "sebesarRp66,50miliardaritargetRp70,00miliar,capaian95,00%(SangatTinggi)." in report
    assert "sebesar93,93%daritarget95,00%" in report
    assert "sebesar4,60harikerjadaritarget4,50harikerja" in report
    assert "sebesar87,64;tidakadatargetuntukperiodeini" in report, "an index has no unit"


def test_the_approval_sheet_tells_who_examined_it_before_the_head(office, instance):
    sheet = said(office, instance, "lembar_persetujuan")
    assert "TimSAKIPKetuaTimSAKIP(contoh)11Apr202511.15" in sheet, "the last pass, not the one that returned"
    assert "SekretarisSekretaris(contoh)11Apr202511.15" in sheet
    assert "Parafhierarki" not in sheet


def test_the_approval_sheet_names_who_examined_it_by_their_capacity(office):
    office.hire("plh", "sekretaris", until=office.now.date(), capacity=Capacity.ACTING_PLH, decree="SK 1/2025")
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("plh", instance, "minta_persetujuan")
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")
    step = next(step for step in office.page(instance).steps if step.step.element_id == "minta_persetujuan")
    assert step.tasks[0].capacity == "plh"
    office.later(days=1)
    assert "Plh.Sekretaris" in said(office, instance, "lembar_persetujuan").split("Keputusan")[1]


def test_agreement_and_plan_of_action_are_printed_too(office, instance):
    agreement, plan = (said(office, instance, name) for name in ("perjanjian_kinerja", "rencana_aksi"))
    assert "PERJANJIANKINERJATAHUN2025NOMORILUSTRASI/PK/2025" in agreement
    assert "JumlahRp4.140.000.000" in agreement
    assert "bukanpenggantidokumenyangditandatanganikeduapihak" in agreement
    assert "IKU-01" in plan
    assert "RENCANAAKSITAHUN2025" in plan


def test_the_sheet_that_is_shown_first_is_the_one_that_was_signed(office, instance):
    sheet = document(office, instance, "lembar_persetujuan")
    unsigned = paper(office, sheet)[2]
    signs(office, instance, "internal", PASSWORD)
    while swept(office.services.printing, office.now):
        pass
    assert rendering(office, sheet, COVER, "#1").sha256 != rendering(office, sheet, COVER).sha256
    _, sha256 = office.services.printing.paper(sheet.id, office.now)
    assert sha256 == rendering(office, sheet, "pdf", "#1").sha256, "what is handed out together holds the approval"
    assert paper(office, sheet)[2] == unsigned, "and the paper that went out stays"


def test_the_report_tells_each_return_and_explains_how_progress_is_computed(office, instance):
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")
    report = said(office, instance, "laporan")
    assert "Langkah4dikembalikanolehKetuaTimSAKIP(contoh)kepada" in report
    assert "Kemajuan:realisasisampaidenganperiodeinidibagitargetakhirRenstra" in report


def test_a_meeting_begins_at_one_time_on_all_its_papers(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja", undangan__pukul_mulai="13:30")
    office.do("tim.sakip", instance, "susun_jadwal", notula__waktu_rapat="13:45", notula__waktu_penutupan="15:00")
    for holder in ("pemegang.data.1", "pemegang.data.2"):
        office.do(holder, instance, "siapkan_data", holder)
    times = {"notula_analisis.waktu_rapat": "15:15", "notula_analisis.waktu_penutupan": "16:00"}
    office.do("tim.sakip", instance, "susun_analisis", **times)
    assert "Pukul:13.45" in said(office, instance, "daftar_hadir")
    assert "Pukul:15.15" in said(office, instance, "daftar_hadir_analisis")
    assert "Wakturapat:15.15" in said(office, instance, "notula_analisis")


def test_an_invitation_names_the_disposition_by_its_number_and_nobody_wrongly(office, instance):
    letter = said(office, instance, "undangan")
    assert "MenindaklanjutiDisposisinomoragenda" in letter
    assert "DisposisiKepalaDinas" not in letter
