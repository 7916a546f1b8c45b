"""What a form does with what people type, whatever the procedure."""

import json
import time as clock
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bpmn import expression
from engine.forms.form import Form
from engine.forms.form_files import HERE
from engine.forms.grids import with_cells
from engine.forms.loading import load
from engine.forms.submission import Surroundings
from engine.model.bounds import TooMuch, bounded
from engine.model.calendar import OfficeCalendar
from engine.model.errors import FunctionFailed, InvalidForm, InvalidProcedure, NotFound, sayings
from engine.service.procedures.procedure import calendar_functions
from tests.forms.office import Desk, attachment

ROWS = {
    "type": "object",
    "properties": {
        "uraian": {"type": "string", "title": "Uraian"},
        "jumlah": {"type": "number", "multipleOf": 0.01, "minimum": 0, "title": "Jumlah"},
        "dibayar": {"type": "boolean", "title": "Dibayar"},
    },
    "required": ["uraian"],
}
EVERYTHING: dict[str, Any] = {
    "type": "object",
    "properties": {
        "surat": {
            "type": "object",
            "title": "Surat",
            "properties": {
                "hal": {"type": "string", "title": "Hal", "minLength": 3, "maxLength": 20, "pattern": "^[A-Za-z ]+$"},
                "isi": {"type": "string", "title": "Isi"},
                "jumlah": {"type": "integer", "title": "Jumlah", "minimum": 1, "maximum": 1000000},
                "biaya": {"type": "number", "title": "Biaya", "minimum": 0},
                "bagian": {"type": "number", "title": "Bagian", "maximum": 100},
                "nilai": {"type": "number", "title": "Nilai", "multipleOf": 0.01},
                "tanggal": {"type": "string", "format": "date", "title": "Tanggal"},
                "pukul": {"type": "string", "format": "time", "title": "Pukul"},
                "sifat": {"type": "string", "title": "Sifat", "enum": ["biasa", "segera"]},
                "tujuan": {
                    "type": "array",
                    "title": "Tujuan",
                    "uniqueItems": True,
                    "maxItems": 2,
                    "items": {"type": "string", "enum": ["a", "b", "c"]},
                },
                "benar": {"type": "boolean", "title": "Benar", "const": True},
                "tembusan": {"type": "array", "title": "Tembusan", "items": {"type": "string", "title": "Penerima"}},
                "berkas": {"type": "string", "format": "file", "title": "Berkas"},
                "lampiran": {"type": "array", "title": "Lampiran", "items": {"type": "string", "format": "file"}},
                "orang": {"type": "string", "format": "person", "title": "Orang"},
                "tim": {"type": "array", "title": "Tim", "items": {"type": "string", "format": "person"}},
            },
        },
        "baris": {"type": "array", "title": "Rincian", "minItems": 1, "maxItems": 500, "items": ROWS},
        "total": {"type": "number", "title": "Total", "x-computed": 'sum(kolom(baris, "jumlah"))'},
    },
}
EVERYTHING_UI = {
    "surat": {
        "isi": {"ui:widget": "textarea"},
        "biaya": {"ui:widget": "money"},
        "bagian": {"ui:widget": "percent"},
        "berkas": {"ui:options": {"accept": ".pdf", "maxSize": 2048}},
        "orang": {"ui:options": {"role": "tim_sakip"}},
    }
}


def made(schema: Any, ui: Any = None) -> Form:
    return load("uji", json.dumps(schema).encode(), None if ui is None else json.dumps(ui).encode(), expression.compile)


@pytest.fixture(scope="module")
def everything() -> Form:
    return made(EVERYTHING, EVERYTHING_UI)


FILES = {"b1": attachment("b1", "surat.PDF"), "b2": attachment("b2", "foto.jpg"), "b3": attachment("b3", "a.pdf", 9999)}


def accepted(form: Form, entries: Any, **context: Any) -> dict[str, Any]:
    return Desk(form, context, FILES).accept(entries)


def errors(form: Form, entries: Any, **context: Any) -> dict[str, str]:
    with pytest.raises(InvalidForm) as refused:
        Desk(form, context, FILES).accept(entries)
    return {error.path: error.message for error in refused.value.errors}


ONE_ROW = {"baris.0.uraian": ["kertas"], "surat.benar": ["ya"]}


def test_every_kind_of_field_is_read(everything):
    values = accepted(
        everything,
        {
            "surat.hal": ["  Undangan\u0000  rapat "],
            "surat.isi": ["satu\r\ndua\x07"],
            "surat.jumlah": ["1.234"],
            "surat.biaya": ["Rp1.500"],
            "surat.bagian": ["95,5%"],
            "surat.nilai": ["0,07"],
            "surat.tanggal": ["15-4-25"],
            "surat.pukul": ["0900"],
            "surat.sifat": ["", "segera"],
            "surat.tujuan": ["", "a", "c", "a"],
            "surat.benar": ["", "ya"],
            "surat.tembusan": [""],
            "surat.tembusan.0": ["Arsip"],
            "surat.tembusan.1": [" "],
            "surat.berkas": ["", "b1"],
            "surat.lampiran": ["", "b2", "b3"],
            "surat.orang": ["sakip.2"],
            "surat.tim": ["", "kepala", "sakip.1"],
            "baris": [""],
            "baris.0.uraian": ["kertas"],
            "baris.0.jumlah": ["1.000,50"],
            "baris.0.dibayar": ["", "ya"],
        },
    )
    assert values["surat"] == {
        "hal": "Undangan rapat",
        "isi": "satu\ndua",
        "jumlah": Decimal(1234),
        "biaya": Decimal(1500),
        "bagian": Decimal("95.5"),
        "nilai": Decimal("0.07"),
        "tanggal": date(2025, 4, 15),
        "pukul": time(9),
        "sifat": "segera",
        "tujuan": ["a", "c"],
        "benar": True,
        "tembusan": ["Arsip"],
        "berkas": "b1",
        "lampiran": ["b2", "b3"],
        "orang": "sakip.2",
        "tim": ["kepala", "sakip.1"],
    }
    assert values["baris"] == [{"uraian": "kertas", "jumlah": Decimal("1000.50"), "dibayar": True}]
    assert values["total"] == Decimal("1000.50")
    assert everything.decode(json.loads(json.dumps(everything.encode(values)))) == values


def test_what_is_empty_is_none_and_never_zero(everything):
    values = accepted(everything, ONE_ROW)
    assert values["baris"][0]["jumlah"] is None
    assert values["surat"]["jumlah"] is None
    assert values["surat"]["hal"] is None
    assert values["surat"]["tembusan"] == []


def test_all_errors_come_at_once_in_the_order_of_the_page(everything):
    found = errors(
        everything,
        {
            "surat.hal": ["x1"],
            "surat.jumlah": ["0"],
            "surat.nilai": ["0,071"],
            "surat.tanggal": ["31/2/2025"],
            "surat.pukul": ["25.00"],
            "surat.sifat": ["rahasia"],
            "surat.tujuan": ["a", "b", "c"],
            "surat.berkas": ["b2"],
            "surat.lampiran": ["hilang"],
            "surat.orang": ["kepala"],
            "baris.7.jumlah": ["-1"],
            "baris.9.uraian": ["tinta"],
            "baris.9.jumlah": ["banyak"],
        },
    )
    assert found == {
        "surat.hal": "Hal: tulis paling sedikit 3 huruf.",
        "surat.jumlah": "Jumlah: tidak boleh kurang dari 1.",
        "surat.nilai": "Nilai: paling banyak 2 angka di belakang koma.",
        "surat.tanggal": "Tanggal: bukan tanggal; tulis hari, bulan, tahun, misalnya 15/4/2025.",
        "surat.pukul": "Pukul: bukan jam; tulis misalnya 09.00.",
        "surat.sifat": "Sifat: pilih salah satu dari daftar.",
        "surat.tujuan": "Tujuan: paling banyak 2.",
        "surat.benar": "Benar: centang bila benar; tanpa ini formulir tidak dapat dikirim.",
        "surat.berkas": "Berkas: foto.jpg tidak diterima di sini; kirim PDF.",
        "surat.lampiran": "Lampiran: berkas ini tidak ada lagi; unggah sekali lagi.",
        "surat.orang": "Orang: orang ini tidak ada dalam daftar; pilih dari daftar.",
        "baris.0.uraian": "Baris 1, Uraian: wajib diisi.",
        "baris.0.jumlah": "Baris 1, Jumlah: tidak boleh kurang dari 0.",
        "baris.1.jumlah": "Baris 2, Jumlah: bukan angka; tulis misalnya 1.234,56.",
    }
    assert list(found) == sorted(found, key=list(found).index)
    assert next(iter(found)) == "surat.hal"
    assert list(found)[-1] == "baris.1.jumlah"


def test_of_a_whole_number_no_example_with_decimals_is_given(everything):
    found = errors(everything, {**ONE_ROW, "surat.jumlah": ["dua ribu"]})
    assert found["surat.jumlah"] == "Jumlah: bukan bilangan bulat; tulis misalnya 2025."


@pytest.mark.parametrize(
    ("path", "typed", "said"),
    [
        ("surat.jumlah", "1,5", "Jumlah: harus bilangan bulat."),
        ("surat.jumlah", "1,234.50", "Jumlah: bukan bilangan bulat; tulis misalnya 2025."),
        ("surat.jumlah", "12.34", "Jumlah: maksud Anda 1.234? Tulis dengan koma untuk desimal."),
        ("surat.nilai", "1,234.56", "Nilai: maksud Anda 1.234,56? Tulis dengan koma untuk desimal."),
        (
            "surat.nilai",
            "1.234",
            "Nilai: maksud Anda 1.234 atau 1,234? Titik memisahkan ribuan, koma memulai desimal.",
        ),
        ("surat.orang", "x" * 1_001, "Orang: orang ini tidak ada dalam daftar; pilih dari daftar."),
        ("surat.tembusan.0", "x" * 1_001, "Baris 1, Penerima: tulis paling banyak 1.000 huruf."),
        ("surat.isi", "x" * 20_001, "Isi: tulis paling banyak 20.000 huruf."),
    ],
)
def test_what_is_typed_and_cannot_be_taken_is_told_in_words(everything, path, typed, said):
    assert errors(everything, {**ONE_ROW, path: [typed]}) == {path: said}


def test_the_rules_of_a_list_are_told_at_the_list_and_those_of_a_row_at_the_row():
    text = {"type": "string", "minLength": 3}
    of_days = {"if": {"required": ["n"]}, "then": False}
    listed = {
        "tembusan": {"type": "array", "title": "Tembusan", "items": {**text, "title": "Penerima"}},
        "tim": {"type": "array", "title": "Tim", "items": {"type": "string", "format": "person", "maxLength": 6}},
        "pilihan": {
            "type": "array",
            "title": "Pilihan",
            "uniqueItems": True,
            "minItems": 2,
            "items": {"type": "string", "enum": ["a", "b"]},
        },
        "tabel": {
            "type": "array",
            "title": "Tabel",
            "items": {"type": "object", "properties": {"n": {"type": "number"}}, **of_days},
        },
    }
    form = made({"type": "object", "properties": listed})
    typed = {"tembusan.0": ["ab"], "tim": ["", "kepala", "sakip.1"], "pilihan": ["", "a"], "tabel.0.n": ["1"]}
    assert errors(form, typed) == {
        "tembusan.0": "Baris 1, Penerima: tulis paling sedikit 3 huruf.",
        "tim": "Tim: tulis paling banyak 6 huruf.",
        "pilihan": "Pilihan: pilih paling sedikit 2.",
        "tabel": "Tabel: isian ini tidak sesuai.",
    }


def test_a_field_that_a_version_in_force_requires_and_does_not_have_keeps_nobody():
    schema = json.dumps({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["b"]}).encode()
    assert accepted(load("uji", schema, None, expression.compile, deployed=True), {"a": ["x"]}) == {"a": "x"}


def test_a_file_that_is_too_large_says_the_limit(everything):
    assert errors(everything, {**ONE_ROW, "surat.berkas": ["b3"]}) == {
        "surat.berkas": "Berkas: a.pdf terlalu besar; paling besar 2 KB."
    }


def test_what_was_typed_survives_an_error_with_rows_numbered_anew(everything):
    with pytest.raises(InvalidForm) as refused:
        Desk(everything).accept({"baris.4.jumlah": ["dua"], "baris.2.uraian": [" "], "surat.hal": ["?!"]})
    assert refused.value.entries["baris.0.jumlah"] == ["dua"]
    assert "baris.1.uraian" not in refused.value.entries
    assert refused.value.entries["surat.hal"] == ["?!"]


def test_two_rows_that_were_posted_under_one_number_are_two_rows(everything):
    with pytest.raises(InvalidForm) as refused:
        Desk(everything).accept({"baris.1.uraian": ["tinta"], "baris.01.uraian": ["kertas"]})
    assert {refused.value.entries[f"baris.{n}.uraian"][0] for n in (0, 1)} == {"tinta", "kertas"}


def test_a_field_that_the_form_does_not_have_is_refused_outside_rows_and_ignored_inside(everything):
    assert accepted(everything, {**ONE_ROW, "baris.0.asing": ["1"]})["baris"][0].keys() == {
        "uraian",
        "jumlah",
        "dibayar",
    }
    strange = {"asing": ["1"], "surat.asing": ["1"], "surat.hal.x": ["1"]}
    assert errors(everything, {**ONE_ROW, **strange}).keys() == strange.keys()


def test_a_computed_value_is_never_taken_from_the_post(everything):
    assert accepted(everything, {**ONE_ROW, "total": ["999"]})["total"] == 0


def test_the_page_shows_how_a_number_was_read(everything):
    fields = {
        f.path: f
        for f in Desk(everything).view({"surat.biaya": ["Rp350000000"], "surat.tanggal": ["1/5/25"]}).fields[0].fields
    }
    assert fields["surat.biaya"].reading == "Rp350.000.000 (350 juta)"
    less = Desk(everything).view({"surat.biaya": ["999999"]}).fields[0]
    assert {f.path: f.reading for f in less.fields}["surat.biaya"] == "999.999"
    assert fields["surat.tanggal"].reading == "Kamis, 1 Mei 2025"


def test_many_choices_become_a_select_and_few_stay_radios():
    form = made(
        {
            "type": "object",
            "properties": {
                "sedikit": {"type": "string", "enum": list("abcdefg")},
                "banyak": {"type": "string", "enum": list("abcdefgh")},
            },
        }
    )
    assert [field.as_select for field in Desk(form).view({}).fields] == [False, True]


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rows_are_added_removed_and_moved_in_what_was_typed(everything):
    entries = {"baris.0.uraian": ["a"], "baris.3.uraian": ["b"], "surat.hal": ["x"]}
    added = everything.with_row(entries, "tambah", "baris")
    assert [f.cells[0].text for f in Desk(everything).view(added).fields[1].rows] == ["a", "b", ""]
    moved = everything.with_row(added, "naik", "baris.1")
    assert (moved["baris.0.uraian"], moved["baris.1.uraian"]) == (["b"], ["a"])
    assert everything.with_row(moved, "naik", "baris.0")["baris.0.uraian"] == ["b"]
    removed = everything.with_row(moved, "hapus", "baris.0")
    assert removed["baris.0.uraian"] == ["a"]
    assert "baris.2" not in removed
    assert removed["surat.hal"] == ["x"]
    assert everything.with_row({}, "tambah", "surat.tembusan")["surat.tembusan.0"] == [""]


def test_a_row_that_another_window_took_away_is_neither_moved_nor_removed(everything):
    entries = {"baris": [""], "baris.0.uraian": ["a"], "baris.1.uraian": ["b"]}
    for deed in ("naik", "turun", "hapus"):
        assert everything.with_row(entries, deed, "baris.2") == entries
    assert everything.with_row(entries, "turun", "baris.0")["baris.1.uraian"] == ["a"]
    with pytest.raises(NotFound):
        everything.with_row(entries, "hapus", "baris.terakhir")


@pytest.mark.parametrize("path", ["surat", "surat.hal", "baris.0", "tidak_ada", ""])
def test_only_tables_have_rows(everything, path):
    with pytest.raises(NotFound):
        everything.with_row({}, "tambah", path)


def test_the_last_row_may_be_taken_away_and_stays_away(everything):
    left = everything.with_row({"baris": [""], "baris.0.uraian": ["a"]}, "hapus", "baris.0")
    assert not [path for path in left if path.startswith("baris.")]
    assert errors(everything, {**left, "surat.benar": ["ya"]}) == {
        "baris": "Rincian: tambahkan paling sedikit satu baris."
    }


def test_too_many_rows_are_refused(everything):
    entries = {f"baris.{n}.uraian": ["a"] for n in range(501)}
    assert errors(everything, {**entries, "surat.benar": ["ya"]}) == {"baris": "Rincian: isi paling banyak 500 baris."}


def test_no_table_takes_more_than_two_thousand_rows(everything):
    form = made({"type": "object", "properties": {"b": {"type": "array", "title": "B", "items": ROWS}}})
    assert errors(form, {f"b.{n}.uraian": ["a"] for n in range(2_001)}) == {"b": "B: paling banyak 2000 baris."}


PREFILLED = {
    "type": "object",
    "properties": {
        "tabel": {
            "type": "array",
            "x-default": "asal",
            "items": {
                "type": "object",
                "properties": {
                    "kode": {"type": "string", "readOnly": True},
                    "nama": {"type": "string", "readOnly": True},
                    "isi": {"type": "string", "x-default": 'baris.nama + "?"'},
                    "panjang": {"type": "number", "x-computed": "len(baris.isi)"},
                },
            },
        }
    },
}
ORIGIN = [{"kode": "A", "nama": "Apel"}, {"kode": "B", "nama": "Beri"}]


def test_prefilled_rows_begin_with_what_an_earlier_document_said():
    form = made(PREFILLED, {"tabel": {"ui:options": {"fixedRows": True, "key": "kode"}}})
    desk = Desk(form, {"asal": ORIGIN})
    assert desk.prefilled()["tabel.1.isi"] == ["Beri?"]
    assert accepted(form, desk.prefilled(), asal=ORIGIN)["tabel"] == [
        {"kode": "A", "nama": "Apel", "isi": "Apel?", "panjang": 5},
        {"kode": "B", "nama": "Beri", "isi": "Beri?", "panjang": 5},
    ]


def test_fixed_rows_keep_their_order_and_number_whatever_is_posted():
    form = made(PREFILLED, {"tabel": {"ui:options": {"fixedRows": True, "key": "kode"}}})
    posted = {
        "tabel.0.kode": ["B"],
        "tabel.0.isi": ["untuk beri"],
        "tabel.1.kode": ["Z"],
        "tabel.1.isi": ["palsu"],
        "tabel.0.nama": ["palsu"],
    }
    assert [(r["kode"], r["nama"], r["isi"]) for r in accepted(form, posted, asal=ORIGIN)["tabel"]] == [
        ("A", "Apel", None),
        ("B", "Beri", "untuk beri"),
    ]
    with pytest.raises(NotFound):
        form.with_row(posted, "tambah", "tabel")


def test_rows_without_a_key_are_told_apart_by_their_place():
    form = made(PREFILLED)
    values = accepted(form, {"tabel.0.isi": ["x"], "tabel.1.isi": ["y"], "tabel.2.isi": ["z"]}, asal=ORIGIN)
    assert [(row["kode"], row["isi"]) for row in values["tabel"]] == [("A", "x"), ("B", "y"), (None, "z")]


def test_fixed_rows_without_a_key_are_told_apart_by_their_place():
    form = made(PREFILLED, {"tabel": {"ui:options": {"fixedRows": True}}})
    values = accepted(form, {"tabel.0.isi": ["x"]}, asal=ORIGIN)
    assert [(row["kode"], row["isi"]) for row in values["tabel"]] == [("A", "x"), ("B", None)]


def test_rows_with_a_key_keep_what_is_known_of_them_wherever_they_are_moved():
    form = made(PREFILLED, {"tabel": {"ui:options": {"key": "kode"}}})
    posted = {"tabel.0.kode": ["B"], "tabel.0.isi": ["x"], "tabel.1.kode": ["A"], "tabel.2.isi": ["baru"]}
    values = accepted(form, posted, asal=ORIGIN)
    assert [(row["nama"], row["isi"]) for row in values["tabel"]] == [("Beri", "x"), ("Apel", None), (None, "baru")]


def test_cells_of_a_grid_go_to_the_row_of_their_key_or_place_and_new_ones_to_the_end():
    keyed = made(PREFILLED, {"tabel": {"ui:options": {"key": "kode"}}})
    begun = {"tabel": [""], "tabel.0.kode": ["A"], "tabel.0.isi": ["lama"]}
    cells = {"tabel.5.kode": ["A"], "tabel.5.isi": ["baru"], "tabel.6.kode": ["C"], "tabel.6.isi": ["lagi"]}
    found = with_cells(keyed.table("tabel"), "tabel", begun, cells)
    assert [found[f"tabel.{n}.{name}"] for n in (0, 1) for name in ("kode", "isi")] == [
        ["A"],
        ["baru"],
        ["C"],
        ["lagi"],
    ]
    found = with_cells(made(PREFILLED).table("tabel"), "tabel", begun, {"tabel.0.isi": ["x"], "tabel.1.isi": ["y"]})
    assert [found["tabel.0.isi"], found["tabel.1.isi"]] == [["x"], ["y"]]


# ── conditions ──────────────────────────────────────────────────────────────────────────────────────────────────────

CONDITIONAL = {
    "type": "object",
    "properties": {
        "pilih": {"type": "string", "oneOf": [{"const": "x", "title": "Iks"}, {"const": "y", "title": "Ye"}]},
        "bagian": {"type": "object", "properties": {"tetap": {"type": "string"}}},
        "tabel": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"ada": {"type": "boolean"}},
                "if": {"properties": {"ada": {"const": True}}, "required": ["ada"]},
                "then": {"properties": {"rinci": {"type": "string", "title": "Rinci"}}, "required": ["rinci"]},
            },
        },
    },
    "required": ["pilih"],
    "allOf": [
        {
            "if": {"properties": {"pilih": {"const": "x"}}, "required": ["pilih"]},
            "then": {
                "properties": {
                    "bagian": {
                        "properties": {"tambahan": {"type": "string", "title": "Tambahan"}},
                        "required": ["tambahan"],
                    },
                    "dokumen": {"type": "object", "properties": {"nomor": {"type": "string"}}, "required": ["nomor"]},
                },
            },
            "else": {"properties": {"alasan": {"type": "string", "title": "Alasan"}}, "required": ["alasan"]},
        }
    ],
}


def test_fields_of_a_section_may_depend_on_a_field_above_it():
    form = made(CONDITIONAL)
    assert form.objects == ("bagian", "dokumen")
    assert set(errors(form, {"pilih": ["x"]})) == {"bagian.tambahan", "dokumen.nomor"}
    assert set(errors(form, {"pilih": ["y"]})) == {"alasan"}


def test_what_does_not_count_is_dropped_and_its_errors_with_it():
    form = made(CONDITIONAL)
    values = accepted(form, {"pilih": ["y"], "alasan": ["a"], "dokumen.nomor": ["1"], "bagian.tambahan": ["z"]})
    assert values["dokumen"] is None
    assert values["bagian"] == {"tetap": None, "tambahan": None}
    assert (
        accepted(form, {"pilih": ["x"], "dokumen.nomor": ["1"], "bagian.tambahan": ["z"], "alasan": ["a"]})["alasan"]
        is None
    )
    assert form.decode(form.encode(values)) == values


def test_a_condition_holds_row_by_row():
    form = made(CONDITIONAL)
    posted = {
        "pilih": ["y"],
        "alasan": ["a"],
        "tabel.0.ada": ["ya"],
        "tabel.1.ada": [""],
        "tabel.1.rinci": ["tidak perlu"],
    }
    assert errors(form, posted) == {"tabel.0.rinci": "Baris 1, Rinci: wajib diisi."}
    values = accepted(form, {**posted, "tabel.0.rinci": ["perlu"]})
    assert [row["rinci"] for row in values["tabel"]] == ["perlu", None]


def test_the_page_says_when_a_conditional_field_counts():
    fields = {f.path: f for f in Desk(made(CONDITIONAL)).view({"pilih": ["y"]}).fields}
    assert fields["dokumen"].when[0].text == "Isi bila Pilih: Iks"
    assert not fields["dokumen"].active
    assert fields["alasan"].when[0].negated
    assert fields["alasan"].when[0].text == "Isi bila Pilih bukan Iks"
    assert fields["alasan"].active


def counted_form():
    """A form whose fine, and the reason for it, are asked for only where the computed total is large."""
    large = {"properties": {"total": {"minimum": 10}}, "required": ["total"]}
    more = {
        "alasan": {"type": "string", "title": "Alasan"},
        "denda": {"type": "number", "title": "Denda", "x-computed": "total * faktor"},
        "rincian": {
            "type": "array",
            "x-computed": 'kolom([{"r": {"nama": "satu"}}], "r")',
            "items": {"type": "object", "properties": {"nama": {"type": "string"}}},
        },
    }
    return made(
        {
            "type": "object",
            "properties": {
                "banyak": {"type": "number"},
                "faktor": {"type": "number"},
                "total": {"type": "number", "x-computed": "banyak * 2"},
            },
            "if": large,
            "then": {"properties": more, "required": ["alasan", "denda"]},
        }
    )


def test_what_is_typed_into_a_field_that_a_computed_value_shows_is_kept():
    posted = {"banyak": ["20"], "faktor": ["3"], "alasan": ["besar"]}
    values = accepted(counted_form(), posted)
    assert (values["total"], values["alasan"], values["denda"]) == (40, "besar", 120)
    assert values["rincian"] == [{"nama": "satu"}]
    assert accepted(counted_form(), {**posted, "banyak": ["2"]})["alasan"] is None


def test_a_required_value_that_cannot_be_computed_yet_says_so_and_another_stays_empty():
    assert errors(counted_form(), {"banyak": ["20"], "alasan": ["besar"]}) == {"denda": "Denda: belum dapat dihitung."}
    assert accepted(counted_form(), {"faktor": ["3"]})["total"] is None


def test_a_section_that_is_computed_from_nothing_is_empty():
    section = {"type": "object", "properties": {"nomor": {"type": "string"}}, "x-computed": "terdahulu"}
    form = made({"type": "object", "properties": {"surat": section}})
    assert accepted(form, {}, terdahulu=None)["surat"] == {"nomor": None}
    assert accepted(form, {}, terdahulu={"nomor": "7"})["surat"] == {"nomor": "7"}
    assert accepted(form, {}, terdahulu="tujuh")["surat"] == {"nomor": None}


def test_two_fields_that_hide_each_other_are_both_read():
    shown = {name: {"properties": {name: {"type": "string"}}} for name in "ab"}
    lacks = {name: {"not": {"required": [name]}} for name in "ab"}
    branches = [{"if": lacks["b"], "then": shown["a"]}, {"if": lacks["a"], "then": shown["b"]}]
    form = made({"type": "object", "properties": {"c": {"type": "string"}}, "allOf": branches})
    assert accepted(form, {"a": ["satu"], "b": ["dua"]}) == {"c": None, "a": "satu", "b": "dua"}


@pytest.mark.parametrize(
    ("asked", "shown"),
    [(True, {"", "x", "y"}), ({"properties": {"pilih": True}, "required": ["pilih"]}, {"x", "y"})],
)
def test_a_condition_need_not_be_about_one_value(asked, shown):
    then = {"properties": {"alasan": {"type": "string"}}}
    form = made({"type": "object", "properties": {"pilih": {"type": "string"}}, "if": asked, "then": then})
    for typed in ("", "x", "y"):
        field = Desk(form).view({"pilih": [typed]}).fields[1]
        assert field.active is (typed in shown)


def test_a_field_of_two_branches_is_asked_for_in_either():
    reason = {"properties": {"alasan": {"type": "string", "title": "Alasan"}}}
    chosen = {each: {"properties": {"pilih": {"const": each}}, "required": ["pilih"]} for each in "xy"}
    branches = [{"if": chosen["x"], "then": {**reason, "required": ["alasan"]}}, {"if": chosen["y"], "then": reason}]
    form = made({"type": "object", "properties": {"pilih": {"type": "string"}}, "allOf": branches})
    assert errors(form, {"pilih": ["x"]}) == {"alasan": "Alasan: wajib diisi."}
    read = {each: accepted(form, {"pilih": [each], "alasan": ["a"]})["alasan"] for each in "xyz"}
    assert read == {"x": "a", "y": "a", "z": None}


# ── checks and defaults ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_check_of_the_form_speaks_in_the_readers_language():
    form = made(
        {
            "type": "object",
            "properties": {
                "mulai": {"type": "string", "format": "date"},
                "selesai": {
                    "type": "string",
                    "format": "date",
                    "title": "Selesai",
                    "en": {"title": "End"},
                    "x-check": [
                        {"expression": "nilai >= mulai", "message": "sebelum mulai.", "en": "before the start."}
                    ],
                },
            },
        }
    )
    late = {"mulai": ["2/5/2025"], "selesai": ["1/5/2025"]}
    assert errors(form, late) == {"selesai": "Selesai: sebelum mulai."}
    with pytest.raises(InvalidForm) as refused:
        Desk(form, locale="en").accept(late)
    assert refused.value.errors[0].message == "End: before the start."
    assert accepted(form, {"selesai": ["1/5/2025"]})["mulai"] is None  # nothing to compare with


def test_a_default_that_cannot_be_evaluated_leaves_the_field_empty():
    form = made({"type": "object", "properties": {"a": {"type": "string", "x-default": "belum_ada + 1"}}})
    assert Desk(form).prefilled() == {"a": [""]}


def test_a_function_that_fails_is_told_and_no_field_begins_empty_for_it():
    def evaluate(text, names):
        raise FunctionFailed("fungsi hitung: ZeroDivisionError")

    form = made({"type": "object", "properties": {"a": {"type": "string", "x-default": "hitung()"}}})
    with pytest.raises(FunctionFailed, match="ZeroDivisionError"):
        form.prefill({}, evaluate)


def test_a_check_that_costs_too_much_is_told_and_does_not_pass():
    check = {"expression": "len(unik(kolom(baris, 'uraian'))) > 0", "message": "kosong."}
    form = made({"type": "object", "properties": {"baris": {"type": "array", "items": ROWS, "x-check": [check]}}})
    with bounded(100), pytest.raises(TooMuch):
        accepted(form, {f"baris.{n}.uraian": [str(n)] for n in range(100)})


def test_a_day_so_many_working_days_ahead_is_that_of_the_office_wherever_it_is():
    jayapura = OfficeCalendar(ZoneInfo("Asia/Jayapura"))
    opening = datetime(2025, 4, 14, 7, 30, tzinfo=jayapura.zone)
    day = {"type": "string", "format": "date", "x-default": "hari_kerja(1)"}
    form = made(
        {"type": "object", "properties": {"batas": day, "teks": {"type": "string", "x-default": day["x-default"]}}}
    )
    functions = calendar_functions(jayapura, opening)
    found = form.begins_with({}, lambda text, names: expression.compile(text).evaluate(names, functions))
    assert found == {"batas": "2025-04-15", "teks": "2025-04-15"}


def test_a_document_that_nobody_has_yielded_yet_reads_as_empty():
    form = made({"type": "object", "properties": {"a": {"type": "string", "x-default": 'isi(surat.nomor, "-")'}}})
    assert Desk(form).prefilled() == {"a": ["-"]}


def test_sentences_are_looked_up_in_the_readers_language():
    form = made({"type": "object", "properties": {"a": {"type": "string", "minLength": 3}}, "required": ["a"]})
    catalogue = {
        "wajib diisi.": "is required.",
        "tulis paling sedikit %(limit)s huruf.": "write at least %(limit)s letters.",
    }
    for typed, said in (("", "A: is required."), ("ab", "A: write at least 3 letters.")):
        with pytest.raises(InvalidForm) as refused:
            Desk(form, gettext=lambda text: catalogue[text]).accept({"a": [typed]})
        assert refused.value.errors[0].message == said


def test_a_partial_document_is_decoded_by_itself(everything):
    assert everything.decode({"total": "12.50"}) == {"total": Decimal("12.50")}
    assert everything.decode({"surat": {"tanggal": "2025-04-15"}})["surat"]["tanggal"] == date(2025, 4, 15)
    assert everything.decode({"lama": {"x": 1}}) == {"lama": {"x": 1}}


# ── what cannot be a form ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("schema", "ui", "said"),
    [
        ('{"type": "object",\n"properties": {', None, (2, "JSON tidak terbaca")),
        ("[]", None, (1, "bukan objek JSON")),
        (
            '{"type": "object", "properties": {"a": {"type": "number", "minimum": NaN}}}',
            None,
            (1, "bukan angka biasa"),
        ),
        (
            '{"type": "object", "properties": {"a": {"type": "number",\n"multipleOf": 1e99999999}}}',
            None,
            (2, "bukan angka biasa"),
        ),
        (
            '{"type": "object", "properties": {"a": {"type": "number",\n"default": 1e-99999999}}}',
            None,
            (2, "bukan angka biasa"),
        ),
        (
            '{"type": "object", "properties": {"a": {"type": "array",\n"minItems": 3000, "items": {}}}}',
            None,
            (2, "lebih dari 2000"),
        ),
        ('{"type": "object",\n"properties": {"a": {"type":\n"strin"}}}', None, (2, "Bukan JSON Schema")),
        ('{"type": "array"}', None, (1, "harus bertipe object")),
        (
            '{"type": "object", "properties": {\n"Nama": {"type": "string"}}}',
            None,
            (2, "Nama Nama tidak dapat dipakai"),
        ),
        (
            '{"type": "object", "properties": {\n"a": {"type": "string"},\n"a": {"type": "string"}}}',
            None,
            (3, "dua kali"),
        ),
        (
            '{"type": "object", "properties": {"a": {\n"type": "string",\n"patern": "x"}}}',
            None,
            (3, "patern tidak dikenal"),
        ),
        ('{"type": "object", "properties": {"a": {"type": "string",\n"format": "email"}}}', None, (2, "Format email")),
        (
            '{"type": "object", "properties": {"a": {"type": "string",\n"pattern": "("}}}',
            None,
            (2, "Pola ini tidak dapat dijalankan: ( tidak dikenal"),
        ),
        (
            '{"type": "object", "properties": {"a": {"type": "string",\n"pattern": "^(?!surat)"}}}',
            None,
            (2, "(?! tidak dikenal"),
        ),
        (
            '{"type": "object", "properties": {"a": {"type": "string"}},\n'
            '"if": {"properties": {"a": {\n"pattern": "(a)\\\\1"}}}, "then": {"required": ["a"]}}',
            None,
            (3, "\\1 tidak dikenal"),
        ),
        (
            '{"type": "object", "properties": {"a": {"type": "string"}},\n'
            '"if": {"patternProperties": {"^(a+)+$": {}}}, "then": {"required": ["a"]}}',
            None,
            (2, "patternProperties tidak dikenal"),
        ),
        ('{"type": "object", "properties": {"a": {"type": "null"}}}', None, (1, "Tipe 'null' tidak dikenal")),
        ('{"type": "object", "properties": {"a": {"$ref":\n"#/$defs/b"}}}', None, (1, "Rujukan #/$defs/b")),
        (
            '{"type": "object", "properties": {"a": {"type": "string",\n"x-default": "1 +"}}}',
            None,
            (2, "Ungkapan tidak terbaca"),
        ),
        ('{"type": "object", "properties": {"a": {"type": "string"}}}', '{"b": {}}', (1, "b bukan isian")),
        (
            '{"type": "object", "properties": {"a": {"type": "string"}}}',
            '{"a":\n{"ui:widget": "peta"}}',
            (2, "'peta' tidak"),
        ),
        (
            '{"type": "object", "properties": {"a": {"type": "string"}}}',
            '{"a": {"ui:widget": "money"}}',
            (1, "tidak cocok"),
        ),
        ('{"type": "object", "properties": {"a": {"type": "string"}}}', '{"ui:order": []}', (1, "Urutan")),
        (
            '{"type": "object", "properties": {"a": {"type": "string", "enum": ["x"]}}}',
            '{"a": {"ui:widget": "decision", "ui:options": {"buttons": {"x": "hapus"}}}}',
            (1, "Tombol untuk pilihan x"),
        ),
        (
            '{"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {"type": "string"}}}}}',
            '{"a": {\n"ui:groups": [{"title": "Satu", "fields": ["b", "c"]}]}}',
            (2, "Kelompok tidak memuat tiap isian satu kali, masing-masing dengan judul: c."),
        ),
        (
            '{"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {"type": "string"}}}}}',
            '{"a": {"ui:groups": [{"fields": ["b"]}]}}',
            (1, "Kelompok tidak memuat"),
        ),
        (
            '{"type": "object", "properties": {"a": {"type": "string"}}}',
            '{"a": {"ui:groups": [{"title": "Satu", "fields": []}]}}',
            (1, "ui:groups bukan isian"),
        ),
        (
            '{"type": "object", "properties": {"a": {"type": "boolean", "maxLength": 3}}}',
            None,
            (1, "maxLength"),
        ),
        (
            '{"type": "object", "properties": {"a": {"type": "string", "readOnly": true, "x-derived": "1"}}}',
            None,
            (1, "x-derived tidak dapat dipakai di sini (readOnly)"),
        ),
    ],
)
def test_a_fault_is_named_with_its_line_and_how_to_mend_it(schema, ui, said):
    with pytest.raises(InvalidProcedure) as refused:
        load("uji", schema.encode(), None if ui is None else ui.encode(), expression.compile)
    finding = refused.value.findings[0]
    assert finding.file == ("uji.ui.json" if ui else "uji.schema.json")
    assert said[1] in finding.message
    assert finding.line == said[0]
    assert finding.mend


def test_every_fault_is_named_at_once():
    schema = {"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "string", "format": "uri"}}}
    with pytest.raises(InvalidProcedure) as refused:
        made(schema, {"c": {}})
    assert len(refused.value.findings) >= 2


def test_a_part_written_once_may_be_used_twice():
    schema = {
        "type": "object",
        "$defs": {"nomor": {"type": "string", "title": "Nomor", "minLength": 2}},
        "properties": {"a": {"$ref": "#/$defs/nomor"}, "b": {"$ref": "#/$defs/nomor", "title": "Nomor lain"}},
    }
    assert errors(made(schema), {"a": ["x"], "b": ["y"]}) == {
        "a": "Nomor: tulis paling sedikit 2 huruf.",
        "b": "Nomor lain: tulis paling sedikit 2 huruf.",
    }


LONG = {
    "type": "object",
    "properties": {
        "pilihan": {"type": "string", "title": "Keputusan"},
        "rapat": {
            "type": "object",
            "title": "Rapat",
            "properties": {
                "hari": {"type": "string", "format": "date"},
                "tempat": {"type": "string", "default": "Aula"},
                "isi": {"type": "string"},
                "ringkas": {"type": "string"},
            },
            "required": ["hari", "tempat", "isi"],
        },
    },
    "required": ["rapat", "pilihan"],
}
GROUPS = [{"title": "waktu", "fields": ["hari", "tempat"]}, {"title": "isi", "fields": ["isi", "ringkas"]}]


def shown_in_parts(form, entries):
    around = Desk(form, {}, FILES).surroundings()
    return form.fields({path: [text] for path, text in entries.items()}, (), around, grids=True)


def parts(ui=None, **entries):
    """The parts of the long form as its page shows them: title, state, names of its fields."""
    view = shown_in_parts(made(LONG, {"rapat": {"ui:groups": GROUPS}} if ui is None else ui), entries)
    return [(part.title, part.state.value, part.paths) for part in view.parts]


def test_a_long_form_has_parts_each_with_what_it_lacks():
    where = {"rapat.tempat": "Aula"}
    assert parts(**where) == [
        ("Keputusan", "empty", ("pilihan",)),
        ("Rapat: waktu", "incomplete", ("rapat.hari", "rapat.tempat")),
        ("Rapat: isi", "empty", ("rapat.isi", "rapat.ringkas")),
    ], "what the form begins with is there, and only the rest is missing"
    filled = {"pilihan": "Ya", "rapat.hari": "besok", "rapat.ringkas": "Ada", **where}
    assert [state for _, state, _ in parts(**filled)] == ["complete", "faulty", "incomplete"]


def test_every_part_of_a_section_has_a_name_of_its_own():
    view = shown_in_parts(made(LONG, {"rapat": {"ui:groups": GROUPS}}), {})
    assert [part.id for part in view.parts] == ["pilihan", "rapat-1", "rapat-2"]


def test_a_short_form_is_not_divided_and_what_is_only_computed_is_no_part():
    short = made({"type": "object", "properties": {"a": {"type": "string"}}})
    assert not shown_in_parts(short, {}).parts
    computed = {"jumlah": {"type": "string", "x-computed": "'1'"}}
    schema = {**LONG, "properties": {"rapat": LONG["properties"]["rapat"]} | computed}
    (part,) = shown_in_parts(made({**schema, "required": ["rapat"]}), {}).parts
    assert part.paths[-1] == "jumlah"


def test_what_follows_from_other_fields_is_taken_and_what_does_not_is_typed():
    own = {"type": "integer", "x-derived": "None if a is None else a + 1"}
    form = made({"type": "object", "properties": {"a": {"type": "integer"}, "b": own}, "required": ["b"]})
    desk = Desk(form, {}, FILES)
    assert desk.accept({"a": ["4"], "b": ["x"]})["b"] == 5, "whatever was typed before"
    assert desk.accept({"b": ["7"]})["b"] == 7
    assert errors(form, {}) == {"b": "B: isi angkanya."}


# ── whatever is posted ──────────────────────────────────────────────────────────────────────────────────────────────

NAMES = st.sampled_from(
    [
        "surat",
        "baris",
        "total",
        "hal",
        "isi",
        "jumlah",
        "biaya",
        "nilai",
        "tanggal",
        "pukul",
        "tujuan",
        "tembusan",
        "0",
        "1",
        "lampiran",
        "tim",
        "benar",
        "uraian",
        "-1",
        "",
        "99999999999",
    ]
)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(".".join)
TEXTS = st.lists(
    st.one_of(
        st.text(max_size=12), st.sampled_from(["1,5", "1.234", "ya", "b1", "a", "15/4/2025", "9.00", "1e999", "NaN"])
    ),
    max_size=3,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(PATHS, TEXTS, max_size=12))
def test_whatever_is_posted_is_accepted_or_refused_with_words(entries):
    form = made_once()
    desk = Desk(form, {}, FILES)
    try:
        values = desk.accept(entries)
    except InvalidForm as refused:
        view = desk.view(refused.entries, refused.errors)
    else:
        assert form.decode(json.loads(json.dumps(form.encode(values)))) == values
        assert desk.accept(form.entries(values)) == values
        view = desk.view(form.entries(values))
    assert len(view.fields) == 3


WORDS = st.text(alphabet="abc xyzÉ<&'\"", min_size=3, max_size=15).map(lambda t: " ".join(t.split())).filter(bool)
AMOUNTS = st.decimals(0, 10**9, places=2, allow_nan=False, allow_infinity=False)
FILLED = st.fixed_dictionaries(
    {
        "surat": st.fixed_dictionaries(
            {
                "hal": st.none(),
                "isi": st.none() | WORDS,
                "jumlah": st.none() | st.integers(1, 1000000).map(Decimal),
                "biaya": st.none() | AMOUNTS,
                "bagian": st.none() | st.integers(0, 100).map(Decimal),
                "nilai": st.none() | AMOUNTS,
                "tanggal": st.none() | st.dates(date(2000, 1, 1), date(2099, 12, 31)),
                "pukul": st.none() | st.times().map(lambda at: at.replace(second=0, microsecond=0)),
                "sifat": st.sampled_from([None, "biasa", "segera"]),
                "tujuan": st.lists(st.sampled_from("abc"), unique=True, max_size=2),
                "benar": st.just(True),
                "tembusan": st.lists(WORDS, max_size=3),
                "berkas": st.sampled_from([None, "b1"]),
                "lampiran": st.lists(st.sampled_from(["b1", "b2", "b3"]), unique=True),
                "orang": st.sampled_from([None, "sakip.1", "sakip.2"]),
                "tim": st.lists(st.sampled_from(["kepala", "sakip.1"]), unique=True),
            }
        ),
        "baris": st.lists(
            st.fixed_dictionaries({"uraian": WORDS, "jumlah": st.none() | AMOUNTS, "dibayar": st.booleans()}),
            min_size=1,
            max_size=4,
        ),
    }
)


@settings(max_examples=100, deadline=None)
@given(FILLED)
def test_what_a_form_holds_comes_back_from_page_and_from_storage_as_it_was(values):
    form = made_once()
    values = {**values, "total": sum((row["jumlah"] or Decimal(0) for row in values["baris"]), Decimal(0))}
    assert Desk(form, {}, FILES).accept(form.entries(values)) == values
    assert form.decode(json.loads(json.dumps(form.encode(values)))) == values


@cache
def made_once() -> Form:
    return made(EVERYTHING, EVERYTHING_UI)


def test_five_hundred_rows_of_eight_are_accepted_in_half_a_second():
    columns = {f"k{n}": {"type": "number", "minimum": 0} for n in range(6)}
    columns |= {"nama": {"type": "string", "maxLength": 50}, "tanggal": {"type": "string", "format": "date"}}
    form = made(
        {
            "type": "object",
            "properties": {
                "baris": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": columns,
                        "required": ["nama"],
                        "if": {"not": {"required": ["k0"]}},
                        "then": {"required": ["k1"]},
                    },
                }
            },
        }
    )
    entries = {}
    for row in range(500):
        entries |= {f"baris.{row}.k{n}": ["1.234,5"] for n in range(6)}
        entries |= {f"baris.{row}.nama": ["Bidang"], f"baris.{row}.tanggal": ["15/4/2025"]}
    desk = Desk(form)
    best = min(_seconds(lambda: desk.accept(entries)) for _ in range(3))
    assert best < 0.5


def _seconds(act: Any) -> float:
    start = clock.thread_time()  # of computing: others may keep the machine busy
    act()
    return clock.thread_time() - start


SIGNED = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "title": "Putusan",
    "properties": {"keputusan": {"type": "string", "title": "Keputusan", "enum": ["setuju", "tolak"]}},
    "if": {"properties": {"keputusan": {"const": "setuju"}}, "required": ["keputusan"]},
    "then": {
        "required": ["tanda_tangan"],
        "properties": {"tanda_tangan": {"type": "object", "format": "signature", "title": "Tanda tangan"}},
    },
}


def signed_form(**options):
    ui = {"tanda_tangan": {"ui:options": {"document": "surat", **options}}}
    return load("putusan", json.dumps(SIGNED).encode(), json.dumps(ui).encode(), expression.compile)


def signing(form, **entries):
    posted = {name.replace("__", "."): [text] for name, text in entries.items()}
    return form.accept(posted, Surroundings({}, lambda text, names: None, lambda role: {}, {}, "id", str))


def test_a_signature_says_how_and_hands_over_its_file_where_the_decision_asks_for_one():
    form = signed_form()
    assert signing(form, keputusan="tolak", tanda_tangan__mode="wet")["tanda_tangan"] is None
    for lacking, entries in {"mode": {}, "file": {"tanda_tangan__mode": "certified"}}.items():
        with pytest.raises(InvalidForm) as refused:
            signing(form, keputusan="setuju", **entries)
        assert [error.path for error in refused.value.errors] == [f"tanda_tangan.{lacking}"]
    agreed = signing(form, keputusan="setuju", tanda_tangan__mode="internal", tanda_tangan__file="abc")
    assert agreed["tanda_tangan"] == {"mode": "internal", "file": None}, "an internal approval has no file"
    assert (
        signing(signed_form(later=True), keputusan="setuju", tanda_tangan__mode="wet")["tanda_tangan"]["mode"] == "wet"
    )


def test_only_the_ways_of_signing_that_the_form_allows_are_taken():
    with pytest.raises(InvalidForm):
        signing(signed_form(modes=["wet"]), keputusan="setuju", tanda_tangan__mode="internal")


@pytest.mark.parametrize(
    "options", [{"modes": []}, {"modes": ["rubber stamp"]}, {"modes": [{}]}, {"document": "Bukan Nama"}, {"kapan": 1}]
)
def test_a_signature_that_nobody_could_give_is_refused_with_its_place(options):
    with pytest.raises(InvalidProcedure) as refused:
        signed_form(**options)
    assert all("tanda_tangan" in finding.message for finding in refused.value.findings)


def archiving_form(required=("simpan", "tanggal", "petugas"), **words):
    """A form that asks where the manual copy of an instance is."""
    place = {"type": "object", "properties": {"ruang": {"type": "string", "title": "Ruang"}}, "required": ["ruang"]}
    schema = {
        "type": "object",
        "properties": {
            "simpan": place,
            "tanggal": {"type": "string", "format": "date"},
            "petugas": {"type": "string", "format": "person"},
            "kode": {"type": "string"},
        },
        "required": list(required),
    }
    shown = {name: {"ui:options": {"archive": word}} for name, word in words.items()}
    return load("tutup", json.dumps(schema).encode(), json.dumps(shown).encode(), expression.compile)


def test_a_form_says_what_the_berkas_must_know_of_the_manual_copy():
    form = archiving_form(simpan="place", tanggal="filedOn", petugas="filedBy", kode="classification")
    assert {word: path for word, (path, _) in form.archive.items()} == {
        "place": "simpan",
        "filedOn": "tanggal",
        "filedBy": "petugas",
        "classification": "kode",
    }


def test_a_form_may_say_how_the_record_is_classified_and_leave_its_place_to_who_archives():
    assert set(archiving_form(kode="classification").archive) == {"classification"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"simpan": "place", "tanggal": "filedOn"}, "tanpa menanyakan filedBy"),
        ({"simpan": "filedOn"}, "Kata arsip filedOn tidak dikenal untuk isian jenis section"),
        ({"kode": "shelf"}, "Kata arsip shelf tidak dikenal"),
        (
            {"simpan": "place", "tanggal": "filedOn", "petugas": "filedBy", "required": ("simpan",)},
            "tanggal: pelaksanaan",
        ),
    ],
)
def test_a_form_with_which_an_instance_would_end_without_its_place_is_refused(options, said):
    with pytest.raises(InvalidProcedure) as refused:
        archiving_form(**options)
    assert any(said in finding.message for finding in refused.value.findings), refused.value.findings


def test_a_row_of_a_number_that_nobody_writes_is_no_row():
    form = made(
        {
            "type": "object",
            "properties": {
                "baris": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"nama": {"type": "string"}}},
                }
            },
        }
    )
    found = with_cells(form.table("baris"), "baris", {"baris": [""]}, {f"baris.{'9' * 5_000}.nama": ["x"]})
    assert not any("nama" in path for path in found)


def test_nothing_is_kept_to_be_said_that_no_fault_of_a_form_says() -> None:
    written = "".join(module.read_text() for module in HERE.glob("*.py"))
    assert [name for name in sayings(HERE) if f'"{name}"' not in written] == []
