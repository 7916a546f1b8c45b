"""The office's calculations: the worked cases of its regulations, and what must hold for every figure."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bpmn.decisions import read
from engine.service.procedures.functions import load

FOLDER = Path(__file__).parents[2] / "processes" / "pengumpulan_data_kinerja"
NAMES = frozenset(
    {"capaian", "capaian_baris", "agregasi", "rekap_sasaran", "rekap_dinas", "serapan", "efisiensi", "perlu_diperiksa"}
    | {"rekap_anggaran", "sampai_dengan", "baris_analisis", "baris_pemegang", "rasio_baris", "tiap_triwulan"}
    | {"setahun", "rekap_tahunan", "keterangan", "banding_laporan", "tabel_laporan", "sidik_baris", "grafik_capaian"}
    | {"anggaran_tahunan", "peringatan_anggaran", "baris_kertas_kerja"}
)
OF = load(FOLDER / "functions.py", NAMES)
TABLES = read((FOLDER / "predikat_capaian.dmn").read_bytes()).tables
amounts = st.decimals(min_value=0, max_value=10**12, places=2, allow_nan=False, allow_infinity=False)
targets = st.decimals(min_value=Decimal("0.01"), max_value=10**9, places=2, allow_nan=False, allow_infinity=False)


def d(text):
    return None if text is None else Decimal(str(text))


def achievement(target, value, *more):
    return OF["capaian"](d(target), d(value), *more)


def half_up(value: Fraction, places: int = 2) -> Decimal:
    """Round a fraction as an official with a pencil would: half away from zero."""
    scaled = abs(value) * 10**places
    whole = scaled.numerator // scaled.denominator
    whole += (scaled - whole) >= Fraction(1, 2)
    return Decimal(whole if value >= 0 else -whole).scaleb(-places)


@pytest.mark.parametrize(
    ("target", "value", "kind", "variant", "expected"),
    [
        (70, "74.2", "maksimal", "A", "106.00"),
        ("95.0", "93.93", "maksimal", "A", "98.87"),
        (24, 33, "minimal", "A", "62.50"),  # the demo indicator IKP-06, missed badly: A and B differ much
        (24, 33, "minimal", "B", "72.73"),
        ("4.5", "4.6", "minimal", "A", "97.78"),
        (6, 13, "minimal", "A", "0.00"),  # below zero is zero
        (6, 0, "minimal", "B", "100.00"),  # pegged
        (0, 0, "minimal", "A", "100.00"),
        (0, 2, "minimal", "B", "0.00"),
        (0, 5, "maksimal", "A", None),  # no target to reach
        (None, 5, "maksimal", "A", None),
        (5, None, "maksimal", "A", None),
        (5, 0, "maksimal", "A", "0.00"),  # zero is a figure, empty is none
    ],
)
def test_an_achievement_is_as_the_formulas_say(target, value, kind, variant, expected):
    assert achievement(target, value, kind, variant) == d(expected)


@pytest.mark.parametrize(
    ("value", "kind", "low", "high", "expected"),
    [
        (92, "maksimal", 80, 90, "102.22"),  # PermenPANRB 8/2021 prints 113 percent, which is its own slip
        (70, "maksimal", 80, 90, "87.50"),
        ("6.5", "minimal", 7, 8, "107.14"),
        (9, "minimal", 7, 8, "87.50"),
        (85, "maksimal", 80, 90, "100.00"),
        (80, "maksimal", 80, 90, "100.00"),
    ],
)
def test_a_range_target_is_held_to_its_nearer_bound(value, kind, low, high, expected):
    assert achievement(None, value, kind, "A", d(low), d(high)) == d(expected)


@given(targets, amounts)
def test_maksimal_is_the_share_of_the_target_rounded_half_up(target, value):
    assert achievement(target, value) == half_up(Fraction(value) / Fraction(target) * 100)


@given(targets, amounts)
def test_minimal_a_is_never_below_zero_and_else_the_printed_formula(target, value):
    exact = max(Fraction(0), (2 * Fraction(target) - Fraction(value)) / Fraction(target) * 100)
    assert achievement(target, value, "minimal", "A") == half_up(exact)


@given(targets)
def test_both_minimise_variants_agree_when_the_target_is_met_exactly(target):
    assert achievement(target, target, "minimal", "A") == achievement(target, target, "minimal", "B") == 100


@given(targets, amounts, amounts)
def test_more_is_never_worse_for_maksimal_and_never_better_for_minimal(target, one, other):
    less, more = sorted((one, other))
    assert achievement(target, less) <= achievement(target, more)
    assert achievement(target, less, "minimal", "A") >= achievement(target, more, "minimal", "A")
    if less > 0:  # nothing at all is pegged to 100, and the smallest something is far above it
        assert achievement(target, less, "minimal", "B") >= achievement(target, more, "minimal", "B")


def test_a_realisation_is_rounded_to_its_indicator_s_decimals_before_anything_is_computed_of_it():
    row = {"target": d("3"), "realisasi": d("2.005"), "desimal": d(2), "polaritas": "maksimal"}
    assert OF["capaian_baris"](row) == d("67.00"), "2.01 of 3, as printed, not 2.005 of 3"


def quarter(method, target, value, top=None, bottom=None, **more):
    row = {"metode_agregasi": method, "target": d(target), "realisasi": d(value), "pembilang": d(top)}
    return row | {"penyebut": d(bottom), "desimal": d(2), "polaritas": "maksimal", "tipe_nilai": "persen"} | more


def test_increments_are_added_and_held_to_the_targets_of_the_same_quarters():
    rows = [quarter("akumulasi", 70, "74.2"), quarter("akumulasi", 85, None), quarter("akumulasi", 95, "88.1")]
    found = OF["agregasi"](rows)
    assert (found["realisasi"], found["target"], found["terisi"]) == (d("162.30"), 165, 2)
    assert found["capaian"] == d("98.36")


def test_the_last_filled_quarter_stands_for_a_position():
    rows = [
        quarter("posisi_akhir", None, None),
        quarter("posisi_akhir", 88, "87.64"),
        quarter("posisi_akhir", 89, None),
    ]
    found = OF["agregasi"](rows)
    assert (found["realisasi"], found["target"], found["capaian"]) == (d("87.64"), 88, d("99.59"))


def test_ratios_are_added_part_by_part_and_never_averaged():
    rows = [quarter("rasio_kumulatif", 95, "93.93", 402, 428), quarter("rasio_kumulatif", "95.5", "95.59", 455, 476)]
    found = OF["agregasi"](rows)
    assert found["realisasi"] == half_up(Fraction(402 + 455, 428 + 476) * 100) == d("94.80")
    assert found["target"] == d("95.5")


def test_means_are_weighted():
    rows = [
        quarter("rata_rata_tertimbang", "4.5", "4.6", "1968.8", 428, polaritas="minimal", tipe_nilai="desimal"),
        quarter("rata_rata_tertimbang", "4.25", "4.3", "2046.8", 476, polaritas="minimal", tipe_nilai="desimal"),
    ]
    exact = (Fraction("4.6") * 428 + Fraction("4.3") * 476) / (428 + 476)
    assert OF["agregasi"](rows)["realisasi"] == half_up(exact)


@given(st.lists(st.one_of(st.none(), amounts), min_size=1, max_size=4), st.sampled_from(("akumulasi", "posisi_akhir")))
def test_quarters_that_nobody_filled_in_are_never_zero(values, method):
    found = OF["agregasi"]([quarter(method, 10, value) for value in values])
    assert (found["realisasi"] is None) == all(value is None for value in values)
    assert found["terisi"] == sum(value is not None for value in values)
    if method == "akumulasi" and found["realisasi"] is not None:
        assert found["realisasi"] == sum(value for value in values if value is not None)


@given(
    st.lists(st.tuples(amounts, st.integers(0, 10**6), st.integers(1, 10**6)), min_size=1, max_size=4),
    st.sampled_from(("akumulasi", "rasio_kumulatif", "rata_rata_tertimbang")),
    st.randoms(use_true_random=False),
)
def test_only_a_position_depends_on_the_order_of_the_quarters(quarters, method, chance):
    def value(rows):
        return OF["agregasi"]([quarter(method, 10, *row, tipe_nilai="desimal") for row in rows])["realisasi"]

    mixed = list(quarters)
    chance.shuffle(mixed)
    assert value(quarters) == value(mixed)
    sums = {
        "akumulasi": lambda: sum(Fraction(each) for each, _, _ in quarters),
        "rasio_kumulatif": lambda: Fraction(sum(top for _, top, _ in quarters), sum(n for _, _, n in quarters)),
        "rata_rata_tertimbang": lambda: (
            sum(Fraction(each) * n for each, _, n in quarters) / sum(n for _, _, n in quarters)
        ),
    }
    assert value(quarters) == half_up(sums[method]())


def test_a_quarter_without_both_parts_of_its_ratio_does_not_count():
    rows = [
        quarter("rasio_kumulatif", 90, "93.93", 402, 428),
        quarter("rasio_kumulatif", 91, 50, None, 100),
        quarter("rasio_kumulatif", 92, None, 5, 10),
    ]
    found = OF["agregasi"](rows)
    assert (found["realisasi"], found["target"], found["terisi"]) == (d("93.93"), 90, 1)
    none = OF["agregasi"](rows[1:])
    assert (none["realisasi"], none["capaian"], none["terisi"]) == (None, None, 0), "never a mean of percentages"


def test_an_empty_quarter_shows_the_figures_so_far_and_nothing_else_of_the_quarter_before():
    rows = [
        quarter("posisi_akhir", 88, "87.64", kendala="Kuesioner terlambat", alasan_belum_tersedia=None),
        quarter("posisi_akhir", None, None, kendala=None, alasan_belum_tersedia="Survei tiap semester"),
    ]
    found = OF["agregasi"](rows)
    assert (found["realisasi"], found["target"]) == (d("87.64"), 88)
    assert (found["kendala"], found["alasan_belum_tersedia"]) == (None, "Survei tiap semester")


def test_range_targets_of_increments_are_added_like_targets():
    bounds = {"target_bawah": d(8), "target_atas": d(10)}
    rows = [quarter("akumulasi", None, 12, **bounds), quarter("akumulasi", None, 15, **bounds)]
    found = OF["agregasi"](rows)
    assert (found["target_bawah"], found["target_atas"], found["capaian"]) == (16, 20, d("135.00"))


def test_the_year_is_held_to_its_own_target_and_so_far_to_the_quarters_that_are_filled():
    rows = [quarter("akumulasi", 70, "74.2"), quarter("akumulasi", 85, "91.75"), quarter("akumulasi", 95, "88.1")]
    rows.append(quarter("akumulasi", 100, None))
    so_far, year = OF["agregasi"](rows), OF["setahun"](rows, d(350))
    assert (so_far["target"], so_far["capaian"]) == (250, half_up(Fraction("254.05") / 250 * 100))
    assert (year["target"], year["realisasi"]) == (350, d("254.05"))
    assert year["capaian"] == half_up(Fraction("254.05") / 350 * 100) == d("72.59")


SAMPLE = {  # illustration: four quarters of target, realisation, numerator, denominator; the year's target
    "IKU-01": ("akumulasi", "maksimal", [(70, "74.2"), (85, "91.75"), (95, "88.1"), (100, "104.6")], 350),
    "IKU-02": ("posisi_akhir", "maksimal", [(None, None), (88, "87.64"), (None, None), ("88.5", "88.92")], "88.5"),
    "IKU-03": (
        "rasio_kumulatif",
        "maksimal",
        [(95, "93.93", 402, 428), ("95.5", "95.59", 455, 476), (96, "96.97", 448, 462), (96, "97.11", 470, 484)],
        96,
    ),
    "IKP-06": ("akumulasi", "minimal", [(6, 9), (6, 8), (6, 7), (6, 9)], 24),
}


def test_a_year_of_the_sample_office_is_what_a_calculator_gives():
    def row(code, place):
        method, polarity, quarters, _ = SAMPLE[code]
        kind = "persen" if method == "rasio_kumulatif" else "desimal"
        return quarter(
            method, *quarters[place], kode=code, sasaran="A", polaritas=polarity, varian="A", tipe_nilai=kind
        )

    periods = ("I", "II", "III", "IV")
    sheets = [[row(code, place) for code in SAMPLE] for place in range(4)]
    earlier = [
        {"mulai": {"tahun": d(2025), "periode": period}, "isi": {"bagian": {"p": {"baris": rows}}}}
        for period, rows in zip(periods, sheets[:3], strict=False)
    ]
    plan = [{"kode": code, "target_tahunan": d(target)} for code, (*_, target) in SAMPLE.items()]
    found = {each["kode"]: each for each in OF["rekap_tahunan"](sheets[3], earlier, "IV", plan)}
    assert found["IKU-01"]["realisasi"] == d("358.65")
    assert found["IKU-01"]["capaian"] == d("102.47")
    assert (found["IKU-02"]["realisasi"], found["IKU-02"]["capaian"]) == (d("88.92"), d("100.47"))
    assert found["IKU-03"]["realisasi"] == half_up(Fraction(402 + 455 + 448 + 470, 428 + 476 + 462 + 484) * 100)
    assert found["IKU-03"]["capaian"] == d("99.95"), "of 95.95 as printed; 95.9459 would give 99.94"
    assert (found["IKP-06"]["realisasi"], found["IKP-06"]["capaian"]) == (33, d("62.50"))
    assert [found["IKU-01"][f"realisasi_tw{n}"] for n in (1, 2, 3, 4)] == [d("74.2"), d("91.75"), d("88.1"), d("104.6")]
    assert [found["IKU-02"]["terisi"], found["IKU-02"]["keterangan"]] == [2, None]
    [annual] = OF["rekap_tahunan"]([quarter("akumulasi", 350, 355, kode="IKU-01")], earlier, "tahunan", plan)
    assert (annual["realisasi"], annual["capaian"]) == (355, d("101.43")), "a year's own worksheet is not added to"


def test_progress_towards_the_renstra_counts_the_year_so_far_and_not_the_quarter():
    row = quarter("akumulasi", 85, "91.75", kode="IKU-01")
    earlier = [
        {
            "mulai": {"tahun": d(2025), "periode": "I"},
            "isi": {"bagian": {"p": {"baris": [quarter("akumulasi", 70, "74.2", kode="IKU-01")]}}},
        }
    ]
    table = OF["tabel_laporan"]([row], earlier, "II", [])
    [found] = OF["banding_laporan"](table, [], [{"kode": "IKU-01", "target_akhir_renstra": d(385)}])
    assert (found["realisasi"], found["kemajuan"]) == (d("91.75"), half_up(Fraction("165.95") / 385 * 100))


@pytest.mark.parametrize(
    ("target", "value", "said"),
    [
        (10, None, "Belum tersedia"),
        (None, 5, "Tidak ada target"),
        (0, 5, "Target nol"),
        (10, 13, "Periksa target"),
        (10, 12, None),
    ],
)
def test_a_table_says_why_there_is_no_achievement_or_that_it_deserves_a_look(target, value, said):
    assert OF["keterangan"](quarter("posisi_akhir", target, value)) == said


def test_a_quarter_is_added_to_those_before_it_and_not_to_those_after():
    def completed(period, value):
        row = quarter("akumulasi", 10, value, kode="IKU-01")
        return {"mulai": {"tahun": d(2025), "periode": period}, "isi": {"bagian": {"pemegang.1": {"baris": [row]}}}}

    earlier = [completed("I", 4), completed("III", 100)]
    [found] = OF["sampai_dengan"]([quarter("akumulasi", 10, 5, kode="IKU-01")], earlier, "II")
    assert (found["realisasi"], found["target"], found["capaian"]) == (9, 20, d("45.00"))
    [found] = OF["tiap_triwulan"]([quarter("akumulasi", 10, 5, kode="IKU-01")], earlier, "II")
    assert [found[f"capaian_tw{n}"] for n in (1, 2, 3, 4)] == [d("40.00"), d("50.00"), d("1000.00"), None]


def test_objectives_are_means_of_what_is_known_and_say_how_much_is_not():
    rows = [
        {"sasaran": "A", "capaian": d("90")},
        {"sasaran": "A", "capaian": d("101")},
        {"sasaran": "A", "capaian": None},
        {"sasaran": "B", "capaian": d("50")},
        {"sasaran": "C", "capaian": None},
    ]
    assert OF["rekap_sasaran"](rows) == [
        {"sasaran": "A", "capaian": d("95.50"), "dihitung": 2, "dikecualikan": 1},
        {"sasaran": "B", "capaian": d("50.00"), "dihitung": 1, "dikecualikan": 0},
        {"sasaran": "C", "capaian": None, "dihitung": 0, "dikecualikan": 1},
    ]
    office = {"capaian": d("72.75"), "dihitung": 2, "dikecualikan": 1, "indikator_dikecualikan": 2}
    assert OF["rekap_dinas"](rows) == office
    capped = OF["rekap_sasaran"](rows, d(100))
    assert [each["capaian"] for each in capped] == [d("95.00"), d("50.00"), None], "where an office caps its means"


@given(st.lists(st.one_of(st.none(), amounts), max_size=30))
def test_a_mean_lies_between_its_smallest_and_its_largest_and_counts_every_row_once(values):
    found = OF["rekap_sasaran"]([{"sasaran": "A", "capaian": value} for value in values])
    if not values:
        assert found == []
        return
    [mean] = found
    known = [value for value in values if value is not None]
    assert (mean["dihitung"], mean["dikecualikan"]) == (len(known), len(values) - len(known))
    assert mean["capaian"] is None if not known else min(known) <= mean["capaian"] <= max(known)
    if known:
        assert mean["capaian"] == half_up(sum(map(Fraction, known)) / len(known))


def test_a_budget_s_absorption_and_efficiency():
    assert OF["serapan"](d("46500000"), d("120000000")) == d("38.75")
    assert OF["serapan"](d(1), d(0)) is None
    assert OF["efisiensi"](d("95.50"), d("38.75")) == d("56.75")
    rows = [
        {"program_kode": "1", "realisasi_anggaran": d(30), "capaian": d(80)},
        {"program_kode": "1", "capaian": d(90)},
    ]
    [found] = OF["rekap_anggaran"]([{"kode": "1", "program": "P", "anggaran": d(40)}], rows)
    assert (found["realisasi"], found["serapan"], found["capaian"], found["efisiensi"]) == (30, 75, 85, 10)


def test_what_was_spent_in_a_year_is_what_was_told_last_of_each_indicator():
    def quarter_of(period, **spent):
        rows = [{"kode": code, "realisasi_anggaran": d(amount)} for code, amount in spent.items()]
        return {"mulai": {"periode": period}, "isi": {"bagian": {"p": {"baris": rows}}}}

    told = [quarter_of("II", a=30), quarter_of("III", a=None), quarter_of("I", a=10, b=5)]
    year = {"tahun_ini": told, "program": [{"kode": "1", "program": "P", "anggaran": d(70)}]}
    [found] = OF["anggaran_tahunan"](year, [{"kode": code, "program_kode": "1", "capaian": d(80)} for code in "ab"])
    assert (found["realisasi"], found["serapan"]) == (35, 50)


def test_what_was_spent_of_the_year_s_budget_is_held_to_the_achievement_of_the_year_so_far():
    rows = [{"program_kode": "1", "realisasi_anggaran": d(30), "capaian": d(80), "capaian_sd": d(90)}]
    [found] = OF["rekap_anggaran"]([{"kode": "1", "program": "P", "anggaran": d(40)}], rows)
    assert (found["capaian"], found["efisiensi"]) == (90, 15)


def rated(table, name, value):
    [found] = TABLES[table].decide({name: d(value)}, {}).values()
    return found


@pytest.mark.parametrize(
    ("value", "rating"),
    [
        ("150", "Sangat Tinggi"),
        ("90.01", "Sangat Tinggi"),
        ("90", "Tinggi"),
        ("75.01", "Tinggi"),
        ("75", "Sedang"),
        ("65", "Rendah"),
        ("50.01", "Rendah"),
        ("50", "Sangat Rendah"),
        ("0", "Sangat Rendah"),
        (None, "Belum tersedia"),
    ],
)
def test_the_office_s_table_rates_every_achievement_and_has_no_holes(value, rating):
    assert rated("predikat_capaian", "capaian", value) == rating


@pytest.mark.parametrize(
    ("value", "said"),
    [("5.01", "Efisien"), ("5", "Cukup efisien"), ("-5", "Cukup efisien"), ("-5.01", "Tidak efisien")],
)
def test_the_office_s_table_says_what_is_efficient(value, said):
    assert rated("efisiensi_anggaran", "efisiensi", value) == said


@pytest.mark.parametrize(
    ("value", "quality"),
    [
        ("94.61", "A"),  # Bantul's three, as printed there
        ("86.29", "B"),
        ("75.56", "C"),
        ("88.30", "B"),
        ("88.31", "A"),
        ("76.60", "C"),
        ("76.61", "B"),
        ("65", "C"),
        ("64.99", "D"),
        ("88.305", "B"),
        ("24.99", "-"),
        ("100.01", "-"),
        (None, "-"),
    ],
)
def test_satisfaction_is_rated_without_holes(value, quality):
    assert TABLES["mutu_ikm"].decide({"ikm": d(value)}, {})["mutu"] == quality


def test_a_predicate_s_achievement_is_that_of_its_place_on_the_scale():
    def place(scale, predicate):
        return TABLES["nilai_predikat"].decide({"skala": scale, "predikat": predicate}, {})["nilai"]

    assert OF["capaian"](place("akip", "B"), place("akip", "BB")) == d("125.00")
    assert OF["capaian"](place("opini_bpk", "WTP"), place("opini_bpk", "WDP")) == d("75.00")
    assert OF["capaian"](place("akip", "B"), place("akip", None)) is None
    assert place("akip", "WTP") is None, "a predicate of another scale has no place on this one"


def test_what_is_far_above_its_target_is_marked_and_not_cut():
    assert OF["perlu_diperiksa"](d("120.01"))
    assert not OF["perlu_diperiksa"](d("120"))
    assert not OF["perlu_diperiksa"](None)
    assert achievement(1, 3) == 300


def test_a_ratio_is_what_its_parts_give_and_nothing_else_is_reckoned():
    row = quarter("rasio_kumulatif", 95, None, 402, 428)
    assert OF["rasio_baris"](row) == d("93.93")
    assert OF["rasio_baris"](row | {"pembilang": None}) is None
    assert OF["rasio_baris"](row | {"metode_agregasi": "akumulasi"}) is None


def test_what_was_accepted_stays_accepted_until_its_figure_changes():
    sheet = [{"kode": "A", "target": d(1)}, {"kode": "B", "target": d(1)}]
    draft = {"bagian": {"p1": {"baris": [{"kode": "A", "realisasi": d(1)}, {"kode": "B", "realisasi": d(2)}]}}}
    mark = OF["sidik_baris"]({"realisasi": d("1.00")})
    said = {
        "analisis": [
            {"kode": "A", "realisasi": d(1), "sidik": mark, "status_verifikasi": "sesuai", "hasil": "Baik"},
            {"kode": "B", "realisasi": d(1), "sidik": mark, "status_verifikasi": "sesuai"},
        ]
    }
    rows = OF["baris_analisis"](sheet, [{"kode": "A", "pemegang_data": "p1"}], draft, said)
    assert [(row["kode"], row["status_verifikasi"], row["hasil"]) for row in rows] == [
        ("A", "sesuai", "Baik"),
        ("B", None, None),
    ]
    assert [row["perubahan"] for row in rows] == [None, "Perlu diperiksa lagi: realisasi 1 menjadi 2."]
    handed = OF["baris_pemegang"](sheet, [{"kode": "B", "pemegang_data": "p1"}], "p1", draft, said)
    assert [(row["kode"], row["realisasi"], row["status_verifikasi"]) for row in handed] == [("B", 2, "Sesuai")]


def test_rounding_is_half_up_everywhere():
    assert half_up(Fraction(1, 8)) == Decimal("0.125").quantize(Decimal("0.01"), rounding=ROUND_HALF_UP) == d("0.13")
    assert achievement(800, 1) == d("0.13")


def test_what_has_no_target_has_no_bar_of_one():
    rows = [{"kode": "A", "capaian": None, "realisasi": Decimal(0)}, {"kode": "B", "capaian": None, "realisasi": None}]
    without, unknown = OF["grafik_capaian"](rows, "indikator")
    assert (without["target"], without["kosong"]) == (None, "tidak ada target")
    assert (unknown["target"], unknown.get("kosong")) == (Decimal(100), None)


def test_indicators_of_one_programme_share_its_budget():
    program = [{"kode": "P", "anggaran": d(100)}]
    rows = [{"kode": code, "program_kode": "P", "realisasi_anggaran": d(60)} for code in "AB"]
    assert OF["peringatan_anggaran"](program, rows, "A") is None
    said = "Realisasi anggaran program P menjadi Rp120, melebihi pagu Rp100."
    assert OF["peringatan_anggaran"](program, rows, "B") == said


def test_the_bounds_of_a_range_target_have_the_indicator_s_decimals_and_keep_more_of_them():
    about = {"kode": "IKU-01", "desimal": 2, "batas_bawah": d(8), "batas_atas": d("10.125")}
    [row] = OF["baris_kertas_kerja"]([about], None, [{"kode": "IKU-01"}], "I")
    assert (str(row["target_bawah"]), str(row["target_atas"])) == ("8.00", "10.125")
