"""Figures that holders type: what an indicator cannot be is refused, and what a budget cannot bear is asked about."""

import json
from decimal import Decimal

import pytest

from engine.model.errors import InvalidForm
from engine.service.procedures.procedure import INDONESIAN, Values
from engine.service.work.grids import GridRequest
from tests.service.test_returned_figures import FIRST, HANDED, handed_in, verified

ROW = f"{HANDED}.0"  # IKU-01, two decimals; its programme 2.18.05 has Rp180.000.000


@pytest.fixture
def asked(office):
    instance = office.start()
    office.until_data(instance)
    return instance


def faults(office, instance, **typed):
    with pytest.raises(InvalidForm) as refused:
        office.do(FIRST, instance, "siapkan_data", FIRST, **typed)
    return {error.path: error.message for error in refused.value.errors}


def test_a_figure_with_more_decimals_than_its_indicator_has_is_refused_wherever_it_is_typed(office, asked):
    said = "Baris 1, Realisasi: paling banyak 2 angka di belakang koma."
    assert faults(office, asked, **{f"{ROW}.realisasi": "66,555"}) == {f"{ROW}.realisasi": said}
    task, actor = office.task(asked, "siapkan_data", FIRST), office.actor(FIRST)
    sheet = b"kode;realisasi\nIKU-01;66,555\n"
    _, found = office.services.grids.look_at(GridRequest(actor, task, HANDED, INDONESIAN, office.now), sheet)
    assert [(each.row, each.message) for each in found.refusals] == [("IKU-01", said)]
    values = {
        "draft_laporan": {"baris": [{"kode": "IKU-01", "realisasi": Decimal("66.555")}], "pernyataan_kebenaran": True}
    }
    with pytest.raises(InvalidForm) as refused:
        office.services.tasks.complete(actor, task, Values(values), office.now)
    assert said in [error.message for error in refused.value.errors]


def test_a_figure_is_kept_and_shown_with_the_decimals_of_its_indicator(office, asked):
    office.do(FIRST, asked, "siapkan_data", FIRST, **{f"{ROW}.realisasi": "66,500"})
    row = handed_in(office, asked, FIRST)["IKU-01"]
    assert (row["realisasi"], row["capaian"]) == ("66.50", "95.00")
    assert row["target"] == "70.00"


def test_what_cannot_be_negative_is_refused_unless_the_register_says_that_it_may_be(office, asked):
    ratio = f"{HANDED}.1"  # IKU-03
    typed = {f"{ROW}.realisasi": "-5", f"{ratio}.pembilang": "-402"}
    found = faults(office, asked, **typed)
    assert found[f"{ROW}.realisasi"] == (
        "Baris 1, Realisasi: tidak boleh negatif. Yang boleh negatif ditandai dalam register Indikator kinerja."
    )
    assert found[f"{ratio}.pembilang"] == "Baris 2, Pembilang: tidak boleh negatif."


def test_spending_more_than_the_budget_wants_a_reason_and_the_team_and_the_head_see_it(office, asked):
    much = {f"{ROW}.realisasi_anggaran": "9.999.999.999.999"}
    assert faults(office, asked, **much) == {f"{ROW}.alasan_anggaran": "Baris 1, Alasan melebihi pagu: wajib diisi."}
    why = "Angka LRA gabungan seluruh program."
    office.do(FIRST, asked, "siapkan_data", FIRST, **much, **{f"{ROW}.alasan_anggaran": why})
    warning = (
        "Realisasi anggaran program 2.18.05 menjadi Rp9.999.999.999.999, melebihi pagu Rp180.000.000. Alasan: " + why
    )
    office.do("pemegang.data.2", asked, "siapkan_data", "pemegang.data.2")
    assert verified(office, asked)["IKU-01"][2].shown["peringatan_anggaran"] == warning
    office.do("tim.sakip", asked, "susun_analisis")
    office.do("sekretaris", asked, "minta_persetujuan")
    [sheet] = [d for d in office.page(asked).documents if d.data_object_id == "lembar_persetujuan"]
    assert json.loads(sheet.content)["peringatan_anggaran"] == f"IKU-01: {warning}"
