"""What the author of a form is told of a field that cannot be as it is written."""

import json

import pytest

from engine.bpmn import expression
from engine.forms.loading import load
from engine.model.errors import InvalidProcedure

TEXT = {"type": "string"}
DAY = {"type": "string", "format": "date"}
CHOICE = {"type": "string", "enum": ["x", "y"]}
COLUMNS = {"kode": {**TEXT, "readOnly": True}, "hasil": CHOICE}
TABLE = {"type": "array", "items": {"type": "object", "properties": COLUMNS}}
SIGNATURE = {"type": "object", "format": "signature"}
NUMBER = {"series": "surat_keluar", "pattern": '"{urut}"'}


def options(**given):
    return {"ui:options": given}


def section(field):
    return {"type": "object", "properties": {"nomor": field}}


def table(**columns):
    return {"type": "array", "items": {"type": "object", "properties": columns}}


def nested(depth):
    return {"type": "object", "properties": {"b": nested(depth - 1)}} if depth else TEXT


def faults(properties, ui=None, **more):
    schema = json.dumps({"type": "object", "properties": properties, **more}).encode()
    with pytest.raises(InvalidProcedure) as refused:
        load("uji", schema, json.dumps(ui or {}).encode(), expression.compile)
    assert all(finding.mend for finding in refused.value.findings)
    return [finding.message for finding in refused.value.findings]


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (True, "properties/a: Isian a tidak dijelaskan."),
        (nested(9), "Formulir terlalu dalam."),
        ({"type": "array"}, "properties/a: Isi daftar tidak dijelaskan."),
        ({"type": "array", "items": DAY}, "properties/a/items: Daftar tanggal atau jam tidak dikenal."),
        ({"type": "array", "items": CHOICE}, "properties/a: Pilihan ganda tidak boleh berisi kembaran."),
        (table(b=TABLE), "properties/a/items/properties/b: Kolom tabel tidak boleh berisi tabel atau bagian."),
        ({**TEXT, "x-check": ["nilai > 3"]}, "properties/a/x-check/0: Pemeriksaan tidak terbaca."),
        (
            {**TEXT, "x-check": [{"expression": "nilai >", "message": "terlalu kecil."}]},
            "properties/a/x-check/0/expression: Ungkapan tidak terbaca: tata tulisnya salah.",
        ),
        (section({**TEXT, "x-number": "surat_keluar"}), "x-number: Penomoran tidak terbaca."),
        (
            section({**TEXT, "x-number": {**NUMBER, "series": "Surat Keluar"}}),
            "x-number: Nama deret nomor tidak terbaca.",
        ),
        (
            {**TEXT, "x-number": NUMBER},
            "x-number: Nomor hanya dapat diberikan kepada isian teks di dalam bagian sebuah dokumen.",
        ),
        (
            table(nomor={**TEXT, "x-number": NUMBER}),
            "x-number: Nomor hanya dapat diberikan kepada isian teks di dalam bagian sebuah dokumen.",
        ),
        (
            section({**TEXT, "x-number": NUMBER, "readOnly": True}),
            "x-number: Nomor diberikan oleh sistem: isian ini tidak diwajibkan, dihitung, atau dibaca saja.",
        ),
        ({**SIGNATURE, "x-default": "1"}, "Isi tanda tangan sudah tetap; x-default tidak berlaku di sini."),
        (table(ttd=SIGNATURE), "Tanda tangan tidak dapat berada di dalam tabel."),
        ({**TEXT, "enum": []}, "a: Pilihannya kosong atau kembar."),
        ({**TEXT, "enum": ["x", ""]}, "a: Pilihannya kosong atau kembar."),
        ({**TEXT, "oneOf": [{"const": "x"}, {"const": "x"}]}, "a: Pilihannya kosong atau kembar."),
    ],
)
def test_a_field_that_cannot_be_asked_for_is_refused_in_words(field, said):
    assert any(each.endswith(said) for each in faults({"a": field})), faults({"a": field})


@pytest.mark.parametrize(
    ("field", "ui", "said"),
    [
        (TEXT, "textarea", "a: Nilai ini harus objek JSON."),
        (TEXT, {"ui:options": "unit"}, "a/ui:options: Nilai ini harus objek JSON."),
        (TEXT, options(maxSize=10), "Pilihan maxSize tidak dikenal untuk isian jenis text."),
        (TEXT, options(aksi="x"), "Pilihan aksi tidak dikenal untuk isian jenis text."),
        ({"type": "string", "format": "file"}, options(maxSize="10 MB"), "Batas ukuran harus angka bita."),
        (section(DAY), options(archive="place"), "Tempat simpan hanya terdiri atas isian teks pendek."),
        (
            TABLE,
            options(verify="hasil"),
            "Verifikasi baris menyebut column, accept, dan return; boleh juga note, holder, dan changed.",
        ),
        (
            TABLE,
            options(verify={"column": "hasil", "accept": "x", "return": "y", "note": "catatan"}),
            "a/ui:options/verify/note: catatan bukan kolom tabel ini.",
        ),
        (
            TABLE,
            options(verify={"column": "hasil", "accept": "x", "return": "z"}),
            "a/ui:options/verify/return: z bukan pilihan kolom hasil.",
        ),
        (CHOICE, options(buttons={"x": "setujui"}), "Hanya keputusan yang mengganti nama tombol."),
        (CHOICE, {"ui:widget": "decision"}, "a/ui:options/buttons: Keputusan belum menyebut nama tombolnya."),
        (TABLE, options(key="nama"), "a: Kolom kunci nama tidak ada."),
        (TABLE, options(fixedRows=True), "a: Baris tetap tanpa x-default: tabel ini selalu kosong."),
        (TABLE, options(locked="kode"), "a: Kolom kode tidak dapat mengunci baris."),
    ],
)
def test_what_is_said_of_a_field_must_fit_it(field, ui, said):
    assert any(each.endswith(said) for each in faults({"a": field}, {"a": ui})), faults({"a": field}, {"a": ui})


def test_what_a_form_may_have_once_is_refused_twice():
    decision = {"ui:widget": "decision", **options(buttons={"x": "setujui", "y": "kembalikan"})}
    assert faults({"a": CHOICE, "b": CHOICE}, {"a": decision, "b": decision}) == [
        "Formulir ini mempunyai 2 keputusan: a, b."
    ]
    reasons = {"a": options(returnReason=True), "b": options(returnReason=True)}
    assert faults({"a": TEXT, "b": TEXT}, reasons) == ["Formulir ini mempunyai 2 alasan pengembalian: a, b."]
    codes = {"a": options(archive="level"), "b": options(archive="level")}
    assert (
        faults({"a": TEXT, "b": TEXT}, codes)[0]
        == "a: kata arsip level dipakai lebih dari sekali, atau di dalam tabel."
    )


def test_a_required_field_is_not_both_computed_and_given_a_default():
    field = {"type": "number", "x-computed": "1", "x-default": "2"}
    assert faults({"a": field}, required=["a"]) == ["a: Isian dihitung dan juga punya bawaan."]


@pytest.mark.parametrize("place", ["required", "then", "else"])
def test_a_field_that_is_required_and_not_there_is_refused(place):
    wanted = {"required": ["b"]}
    more = wanted if place == "required" else {"if": {"required": ["a"]}, place: wanted}
    assert faults({"a": TEXT}, **more) == ["required: Isian b diwajibkan tetapi tidak ada."]
    inside = {"type": "object", "properties": {"a": TEXT}, **more}
    assert faults({"s": inside})[0].startswith("properties/s/required: Isian b")
    assert faults({"s": {"type": "array", "items": inside}})[0].startswith("properties/s/items/required: Isian b")


def test_a_condition_stands_under_if_and_each_branch_says_its_own():
    assert faults({"a": TEXT}, allOf=[True]) == ["allOf/0: Bagian allOf hanya boleh berupa if/then/else."]
    assert faults({"a": TEXT}, allOf=[{"required": ["a"]}])[0].endswith("hanya boleh berupa if/then/else.")


@pytest.mark.parametrize("word", ["then", "else"])
def test_a_branch_that_refuses_whatever_is_typed_is_refused_with_its_place(word):
    when = {"if": {"required": ["a"]}, word: False}
    said = f"{word} tidak boleh false: penolakannya tidak dapat ditunjukkan pada isian mana pun."
    assert faults({"a": TEXT}, **when) == [f"{word}: {said}"]
    assert faults({"a": TEXT}, allOf=[when]) == [f"allOf/0/{word}: {said}"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"title": "Catatan"}'.encode("utf-16"), "Berkas ini bukan teks UTF-8."),
        (b'{"minimum": 1e99999999999999999999}', "JSON memuat nilai yang bukan angka biasa, atau terlalu dalam."),
    ],
)
def test_a_file_that_no_editor_of_the_office_wrote_is_refused(content, said):
    with pytest.raises(InvalidProcedure) as refused:
        load("uji", content, None, expression.compile)
    assert [(each.file, each.message) for each in refused.value.findings] == [("uji.schema.json", said)]
