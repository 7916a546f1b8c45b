"""People of the office fill in the seven steps of the sample SOP."""

from decimal import Decimal

import pytest

from engine.bpmn.expression import compile as compile_expression
from engine.forms.defaults import GIVEN_NAMES
from engine.model.errors import InvalidForm
from tests.forms.office import FORMS, FUNCTIONS, STEPS, TODAY, TYPED, desk, walk_to

LATER = ("draft_laporan", "notula_analisis")
"""Documents that a step reads after it was returned, and that are not there before."""


@pytest.mark.parametrize("locale", ["id", "en"])
@pytest.mark.parametrize("step", STEPS)
def test_a_person_fills_in_what_nobody_else_knows_and_the_form_is_accepted(step, locale):
    at = desk(step, walk_to(step), locale=locale)
    values = at.accept(at.prefilled(TYPED[step]))
    assert FORMS[step].decode(FORMS[step].encode(values)) == values
    assert len(TYPED[step]) <= 15  # minutes, not hours


@pytest.mark.parametrize("step", STEPS)
def test_an_empty_form_comes_back_with_every_error_at_once(step):
    at = desk(step, walk_to(step))
    with pytest.raises(InvalidForm) as refused:
        at.accept({})
    paths = [error.path for error in refused.value.errors]
    asked = {
        path
        for path, field in FORMS[step].every_field()
        if field.required
        and not field.given
        and not field.fixed_rows
        and "[]" not in path
        and field.kind != "section"
        and not any(outer.conditional for name, outer in FORMS[step].every_field() if path.startswith(name))
    }
    assert asked <= set(paths)
    assert len(paths) == len(set(paths))
    assert all(error.message.startswith(f"{error.label}: ") for error in refused.value.errors)


@pytest.mark.parametrize("step", STEPS)
def test_every_word_has_an_english_translation_beside_it(step):
    for path, field in FORMS[step].every_field():
        assert field.wording.en, path
        assert field.help is None or field.help.en, path
        assert all(option.wording.en for option in field.options), path
        assert all(check.wording.en for check in field.checks), path


@pytest.mark.parametrize("step", STEPS)
def test_every_expression_reads_only_names_that_exist_by_then(step):
    known = set(walk_to(step)) | FORMS[step].names | GIVEN_NAMES | set(LATER)
    for path, text in FORMS[step].expressions:
        assert compile_expression(text).names <= known, path
        assert compile_expression(text).calls <= FUNCTIONS.keys(), path


def test_the_secretary_finds_the_invitation_written():
    view = desk("siapkan_kertas_kerja", walk_to("siapkan_kertas_kerja")).prefilled()
    assert view["undangan.hal"] == ["Undangan Rapat Pengumpulan Data Kinerja Triwulan I Tahun 2025"]
    assert view["undangan.hari_tanggal"] == ["16/4/2025"]
    assert "tentang Pengumpulan data kinerja Triwulan I Tahun 2025" in view["undangan.alinea_pembuka"][0]


def test_the_worksheet_is_made_from_the_agreement_and_the_action_plan():
    rows = desk("siapkan_kertas_kerja", walk_to("siapkan_kertas_kerja")).prefilled()
    assert [rows[f"kertas_kerja.baris.{n}.kode"] for n in range(5)] == [[f"IKU-0{n}"] for n in range(1, 6)]
    assert rows["kertas_kerja.baris.0.target"] == ["70,00"]
    assert rows["kertas_kerja.baris.1.target"] == [""], (
        "an indicator of the semester has no target in the first quarter"
    )


def test_without_an_adopted_agreement_the_first_step_cannot_be_completed():
    at = desk("perintahkan_pengumpulan_data", {"tahun": Decimal(2031), "periode": "I"})
    with pytest.raises(InvalidForm) as refused:
        at.accept(at.prefilled())
    assert {error.path for error in refused.value.errors} >= {
        "perjanjian_kinerja.ditetapkan",
        "rencana_aksi.ditetapkan",
    }
    assert any("register" in error.message for error in refused.value.errors)


def test_the_holders_of_the_letter_of_assignment_are_the_holders_asked():
    at = desk("susun_jadwal", walk_to("susun_jadwal"))
    values = at.accept(at.prefilled(TYPED["susun_jadwal"]))
    assert values["pemegang_diminta"] == ["pemegang.1", "pemegang.2"]
    assert values["surat_tugas"]["penugasan"][2]["target"] == Decimal("95.0")


def test_a_holder_sees_only_the_indicators_that_are_theirs():
    at = desk("siapkan_data", {**walk_to("siapkan_data"), "butir": "pemegang.2"})
    rows = at.view(at.prefilled()).fields[0].fields[2].rows
    assert [row.cells[0].shown for row in rows] == ["IKU-02", "IKU-04"]


def test_a_holder_may_leave_a_realisation_empty_with_a_reason_but_not_without():
    at = desk("siapkan_data", walk_to("siapkan_data"))
    typed = {**TYPED["siapkan_data"], "draft_laporan.baris.2.alasan_belum_tersedia": ""}
    with pytest.raises(InvalidForm) as refused:
        at.accept(at.prefilled(typed))
    [error] = refused.value.errors
    assert error.path == "draft_laporan.baris.2.alasan_belum_tersedia"
    assert error.message == "Baris 3, Alasan belum tersedia: wajib diisi."
    values = at.accept(at.prefilled(TYPED["siapkan_data"]))
    assert [row["realisasi"] for row in values["draft_laporan"]["baris"]] == [Decimal("66.5"), Decimal("93.93"), None]


def test_obstacles_call_for_a_follow_up():
    at = desk("siapkan_data", walk_to("siapkan_data"))
    with pytest.raises(InvalidForm) as refused:
        at.accept(at.prefilled({**TYPED["siapkan_data"], "draft_laporan.baris.0.tindak_lanjut": " "}))
    assert [error.path for error in refused.value.errors] == ["draft_laporan.baris.0.tindak_lanjut"]


def test_a_holder_cannot_change_what_the_letter_of_assignment_says():
    at = desk("siapkan_data", walk_to("siapkan_data"))
    forged = {"draft_laporan.baris.0.target": "1", "draft_laporan.pemegang_data": "pemegang.2"}
    values = at.accept(at.prefilled({**TYPED["siapkan_data"], **forged}))
    assert values["draft_laporan"]["baris"][0]["target"] == Decimal(70)
    assert values["draft_laporan"]["pemegang_data"] == "pemegang.1"


def test_a_returned_part_opens_as_it_was_but_is_declared_anew():
    known = walk_to("susun_analisis")
    entries = desk("siapkan_data", known).prefilled()
    assert entries["draft_laporan.baris.0.realisasi"] == ["66,50"]
    assert entries["draft_laporan.baris.0.bukti"] == ["", "berkas-1"]
    assert entries["draft_laporan.pernyataan_kebenaran"] == [""]


def test_returning_to_holders_asks_whom_and_why():
    at = desk("susun_analisis", walk_to("susun_analisis"))
    row = "notula_analisis.analisis.1."
    typed = {**TYPED["susun_analisis"], f"{row}status_verifikasi": "perlu_perbaikan", "hasil_verifikasi": "kembalikan"}
    with pytest.raises(InvalidForm) as refused:
        at.accept(at.prefilled(typed))
    assert [error.path for error in refused.value.errors] == [f"{row}catatan"]
    typed |= {f"{row}catatan": "Lampirkan rekap."}
    values = at.accept(at.prefilled(typed))
    assert values["pemegang_diminta"] == ["pemegang.2"]
    assert FORMS["susun_analisis"].return_reason(values) == "IKU-02: Lampirkan rekap."
    values = at.accept(at.prefilled({**typed, "catatan_pengembalian": "Bukan dari periode ini."}))
    assert FORMS["susun_analisis"].return_reason(values) == "Bukan dari periode ini.\nIKU-02: Lampirkan rekap."


def test_returning_one_row_asks_for_nothing_but_the_row_and_why():
    at = desk("susun_analisis", walk_to("susun_analisis"))
    typed = {
        "notula_analisis.analisis.1.status_verifikasi": "perlu_perbaikan",
        "notula_analisis.analisis.1.catatan": "Lampirkan rekap.",
        "notula_analisis.pembahasan": "Belum",
    }
    with pytest.raises(InvalidForm) as refused:
        at.accept(at.prefilled({**typed, "hasil_verifikasi": "lengkap"}))
    wanted = {error.path for error in refused.value.errors}
    assert wanted >= {f"notula_analisis.{name}" for name in ("pimpinan", "pembahasan", "bab4_simpulan_saran")}
    assert wanted >= {f"notula_analisis.analisis.{n}.status_verifikasi" for n in (0, 2, 3, 4)}
    values = at.accept(at.prefilled({**typed, "hasil_verifikasi": "kembalikan"}))
    assert values["notula_analisis"]["pembahasan"] == "Belum", "and keeps what was typed for the next pass"
    assert FORMS["susun_analisis"].returns(values)


def test_a_form_marks_as_required_what_its_decision_asks_for():
    at = desk("susun_analisis", walk_to("susun_analisis"))
    for decision, asked in (("", True), ("lengkap", True), ("kembalikan", False)):
        minutes = at.view(at.prefilled({"hasil_verifikasi": decision})).fields[1]
        discussed = next(field for field in minutes.fields if field.name == "pembahasan")
        assert discussed.required is asked
        assert [(when.cause, when.answers, when.negated) for when in discussed.needed] == [
            ("hasil_verifikasi", ("kembalikan",), True)
        ]


def test_whether_the_data_are_complete_follows_from_the_rows():
    at = desk("susun_analisis", walk_to("susun_analisis"))
    returned = {"notula_analisis.analisis.0.status_verifikasi": "perlu_perbaikan"}
    returned |= {"notula_analisis.analisis.0.catatan": "Lampirkan rekap LKPM."}
    for typed in (returned, {"hasil_verifikasi": "kembalikan", "catatan_pengembalian": "Tidak ada alasannya."}):
        with pytest.raises(InvalidForm) as refused:
            at.accept(at.prefilled({**TYPED["susun_analisis"], **typed}))
        assert "hasil_verifikasi" in {error.path for error in refused.value.errors}


def test_a_figure_far_off_its_target_calls_for_an_obstacle_and_one_above_it_for_its_cause():
    at = desk("siapkan_data", walk_to("siapkan_data"))
    for value, asked in (("63", "kendala"), ("70,01", "faktor_pendukung")):
        typed = {**TYPED["siapkan_data"], "draft_laporan.baris.0.realisasi": value, "draft_laporan.baris.0.kendala": ""}
        with pytest.raises(InvalidForm) as refused:
            at.accept(at.prefilled(typed))
        assert [error.path for error in refused.value.errors] == [f"draft_laporan.baris.0.{asked}"]


def test_a_ratio_is_what_its_parts_give():
    at = desk("siapkan_data", walk_to("siapkan_data"))
    for typed in ("", "94"):
        row = {"draft_laporan.baris.1.realisasi": typed}
        values = at.accept(at.prefilled({**TYPED["siapkan_data"], **row}))
        assert values["draft_laporan"]["baris"][1]["realisasi"] == Decimal("93.93"), "reckoned, whatever was typed"
    for typed, wrong in (
        ({"pembilang": "429", "realisasi": "100,23"}, "pembilang"),
        ({"penyebut": ""}, "penyebut"),
        ({"penyebut": "0"}, "penyebut"),
    ):
        row = {f"draft_laporan.baris.1.{name}": text for name, text in typed.items()}
        with pytest.raises(InvalidForm) as refused:
            at.accept(at.prefilled({**TYPED["siapkan_data"], **row}))
        assert f"draft_laporan.baris.1.{wrong}" in {error.path for error in refused.value.errors}


def test_what_was_typed_for_a_return_is_dropped_when_the_data_are_complete():
    at = desk("susun_analisis", walk_to("susun_analisis"))
    typed = {**TYPED["susun_analisis"], "pemegang_diminta": ["pemegang.2"], "catatan_pengembalian": "x"}
    values = at.accept(at.prefilled(typed))
    assert values["pemegang_diminta"] is None
    assert values["catatan_pengembalian"] is None
    assert FORMS["susun_analisis"].return_reason(values) is None


def test_the_head_of_office_sees_the_figures_that_are_to_be_approved():
    context = walk_to("tandatangani_persetujuan")
    at = desk("tandatangani_persetujuan", context)
    (shown,) = [each for each in at.view(at.prefilled()).fields if each.name == "capaian_indikator"]
    analysed = context["notula_analisis"]["analisis"]
    assert [row[0] for row in shown.shown_rows] == [row["kode"] for row in analysed]
    assert [row[6] for row in shown.shown_rows] == [row["predikat"] or "" for row in analysed]


def test_the_head_of_office_signs_and_the_report_exists():
    at = desk("tandatangani_persetujuan", walk_to("tandatangani_persetujuan"))
    values = at.accept(at.prefilled(TYPED["tandatangani_persetujuan"]))
    assert values["laporan"]["nomor_laporan"] is None, "which the series gives when the step is completed"
    assert values["laporan"]["tanggal_laporan"] == TODAY
    assert "lokasi_simpan" not in values["laporan"], "which who archives says afterwards"
    assert values["kembali_ke"] is None


def test_the_head_of_office_returns_to_the_holders_and_there_is_no_report():
    at = desk("tandatangani_persetujuan", walk_to("tandatangani_persetujuan"))
    typed = {"keputusan": "kembalikan", "kembali_ke": "siapkan_data", "catatan_keputusan": "Data sumber keliru."}
    with pytest.raises(InvalidForm) as refused:
        at.accept(at.prefilled(typed))
    assert [error.path for error in refused.value.errors] == ["pemegang_diminta"]
    values = at.accept(at.prefilled({**typed, "pemegang_diminta": "pemegang.1"}))
    assert values["laporan"] is None
    assert FORMS["tandatangani_persetujuan"].return_reason(values) == "Data sumber keliru."


def test_the_head_of_office_says_how_they_sign():
    at = desk("tandatangani_persetujuan", walk_to("tandatangani_persetujuan"))
    typed = {path: text for path, text in TYPED["tandatangani_persetujuan"].items() if path != "tanda_tangan.mode"}
    with pytest.raises(InvalidForm) as refused:
        at.accept(at.prefilled(typed))
    assert [error.path for error in refused.value.errors] == ["tanda_tangan.mode"]


def test_a_missing_document_of_the_checklist_needs_a_reason():
    at = desk("minta_persetujuan", walk_to("minta_persetujuan"))
    with pytest.raises(InvalidForm) as refused:
        at.accept(at.prefilled(TYPED["minta_persetujuan"] | {"lembar_persetujuan.daftar_periksa": ["disposisi"]}))
    assert [error.path for error in refused.value.errors] == ["lembar_persetujuan.alasan_tidak_lengkap"]


def test_only_a_field_that_is_given_a_number_says_when_it_is_given():
    at = desk("siapkan_kertas_kerja", walk_to("siapkan_kertas_kerja"))
    later = "Nomor diberikan saat langkah ini diselesaikan."
    said = {each.path: each.source for section in at.view(at.prefilled()).fields for each in section.fields}
    assert [path for path, source in said.items() if source == later] == ["undangan.nomor"]
