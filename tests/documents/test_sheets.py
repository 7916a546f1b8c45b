"""A table that somebody filled in at home comes back: what is right is read, what is wrong is named by its cell."""

import io
import zipfile
from datetime import date, time
from decimal import Decimal

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart
from openpyxl.worksheet.formula import ArrayFormula

from engine.documents import sandbox, spreadsheets
from engine.documents.spreadsheets import Column, Sheet, read, write, write_book, write_csv

COLUMNS = (
    Column("kode", "Kode", locked=True, kind="text"),
    Column("realisasi", "Realisasi", decimals=2, kind="number"),
    Column("anggaran", "Realisasi anggaran", decimals=0, kind="money"),
    Column("capaian", "Capaian", decimals=2, kind="percent"),
    Column("tanggal", "Tanggal", kind="date"),
    Column("pukul", "Pukul", kind="time"),
    Column("status", "Status", choices=("Sesuai", "Perlu diperbaiki"), kind="text"),
    Column("lengkap", "Lengkap", kind="boolean"),
    Column("catatan", "Catatan", width=40, kind="text"),
)
ROWS = (
    {
        "kode": "IKU-01",
        "realisasi": Decimal("95.56"),
        "anggaran": Decimal(1204500000),
        "capaian": Decimal("62.5"),
        "tanggal": date(2025, 4, 14),
        "pukul": time(10, 15),
        "status": "Sesuai",
        "lengkap": True,
        "catatan": '=HYPERLINK("http://x")',
    },
    {"kode": "IKU-02", "catatan": "-5 dari rencana"},
)
ABOUT = {"untuk": "Kertas kerja · Triwulan I 2025"}


def workbook(change, rows=ROWS, columns=COLUMNS):
    """The sheet as the office gave it, after somebody changed it."""
    book = load_workbook(io.BytesIO(write("Isian", columns, rows, ABOUT)))
    change(book["Isian"])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def packed(members, compression=zipfile.ZIP_DEFLATED):
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return kept.getvalue()


def with_member(content, name, text):
    """A workbook with one more member, or another in its place."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        members = {each: file.read(each) for each in file.namelist()}
    return packed({**members, name: text})


def told(found):
    return [(fault.at, fault.message) for fault in found.faults]


# ── what is given comes back ────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_written_is_read_again_with_the_cell_of_each_value():
    found = read(write("Isian", COLUMNS, ROWS, ABOUT), COLUMNS, ABOUT)
    assert not found.faults
    assert [dict(row.values) for row in found.rows] == [
        {**ROWS[0], "lengkap": "ya"},
        {name: ROWS[1].get(name) for name in (c.name for c in COLUMNS)},
    ]
    assert found.rows[0].cells["realisasi"] == "B2"
    assert found.about == ABOUT


def test_the_sheet_has_its_head_frozen_its_choices_listed_and_what_is_given_locked():
    sheet = load_workbook(io.BytesIO(write("Isian", COLUMNS, ROWS, ABOUT)))["Isian"]
    assert sheet.freeze_panes == "A2"
    assert sheet.protection.sheet
    assert not sheet.protection.password
    assert sheet["A2"].protection.locked
    assert not sheet["B2"].protection.locked
    assert {str(v.sqref): v.formula1 for v in sheet.data_validations.dataValidation} == {
        "G2:G203": '"Sesuai,Perlu diperbaiki"',
        "H2:H203": '"ya,tidak"',
    }
    assert sheet["B3"].number_format == "#,##0.00"
    assert sheet["C2"].number_format == '"Rp"#,##0'
    assert sheet["A3"].number_format == "@", "a code that is typed stays text"


def test_choices_with_commas_or_too_many_for_a_cell_are_listed_in_a_hidden_sheet():
    long = tuple(f"Dinas ke-{n}, Kota" for n in range(40))
    book = load_workbook(io.BytesIO(write("Isian", (Column("unit", "Unit", choices=long),), (), {})))
    (listed,) = book["Isian"].data_validations.dataValidation
    assert listed.formula1 == "'_pilihan'!$A$1:$A$40"
    assert book["_pilihan"].sheet_state == "hidden"
    assert book["_pilihan"]["A40"].value == "Dinas ke-39, Kota"


def test_text_that_looks_like_a_formula_stays_text_in_workbook_and_csv():
    sheet = load_workbook(io.BytesIO(write("Isian", COLUMNS, ROWS, ABOUT)))["Isian"]
    assert sheet["I2"].data_type == "s"
    assert sheet["I2"].value == ROWS[0]["catatan"]
    text = write_csv(COLUMNS, ROWS).decode("utf-8-sig")
    assert "'=HYPERLINK" in text
    assert "'-5 dari rencana" in text
    assert [row.values["catatan"] for row in read(write_csv(COLUMNS, ROWS), COLUMNS).rows] == [
        row["catatan"] for row in ROWS
    ]


def test_a_workbook_of_several_sheets_is_read_by_its_first():
    two = [Sheet("Isian: [1]", COLUMNS[:1], ROWS), Sheet("Ringkasan", COLUMNS[:2], ())]
    content = write_book(two, {})
    assert load_workbook(io.BytesIO(content)).sheetnames == ["Isian 1", "Ringkasan", "_alur"]
    assert [row.values["kode"] for row in read(content, COLUMNS[:1]).rows] == ["IKU-01", "IKU-02"]


def test_a_percentage_is_the_number_that_people_see():
    def change(sheet):
        sheet["D3"].value, sheet["D3"].number_format = 0.955, "0.0%"

    assert read(workbook(change), COLUMNS).rows[1].values["capaian"] == Decimal("95.5")


def test_a_number_typed_as_text_comes_back_as_it_was_typed():
    def change(sheet):
        sheet["B3"].value = "1.234,5"

    assert read(workbook(change), COLUMNS).rows[1].values["realisasi"] == "1.234,5"


def test_columns_that_were_moved_are_found_by_their_headings():
    content = write("Isian", COLUMNS[::-1], ROWS, ABOUT)
    found = read(content, COLUMNS, ABOUT)
    assert not found.faults
    assert found.rows[0].values["realisasi"] == Decimal("95.56")
    assert found.rows[0].cells["realisasi"] == "H2"


def test_hidden_rows_are_read_and_said_to_be_hidden():
    def change(sheet):
        sheet.row_dimensions[3].hidden = True

    assert [row.hidden for row in read(workbook(change), COLUMNS).rows] == [False, True]


# ── what is wrong is named ──────────────────────────────────────────────────────────────────────────────────────────


def test_formulas_error_cells_and_merged_cells_are_named_and_the_other_cells_are_taken():
    def change(sheet):
        sheet["B2"].value = "=1+1"
        sheet["B3"].value = ArrayFormula("B3", "=SUM(C2:C3)")
        sheet["C2"].value = "#REF!"
        sheet.merge_cells("I2:I3")
        sheet["H3"].value = "tidak"

    found = read(workbook(change), COLUMNS, ABOUT)
    assert told(found) == [
        ("I2:I3", "Sel digabung. Pisahkan dahulu."),
        ("B2", "Sel berisi rumus. Salin lalu tempel sebagai nilai."),
        ("C2", "Sel berisi kesalahan #REF!."),
        ("B3", "Sel berisi rumus. Salin lalu tempel sebagai nilai."),
    ]
    assert found.usable
    first, second = (row.values for row in found.rows)
    assert not {"realisasi", "anggaran", "catatan"} & set(first), "what cannot be taken is not empty either"
    assert first["capaian"] == Decimal("62.5")
    assert second["lengkap"] == "tidak"


def test_unknown_doubled_and_missing_columns_are_named():
    def change(sheet):
        sheet["B1"].value, sheet["D1"].value = "Realisasi akhir", "KODE"

    found = read(workbook(change), COLUMNS)
    assert told(found) == [
        ("B1", "Kolom “Realisasi akhir” tidak dikenal."),
        ("D1", "Kolom “KODE” ada dua kali."),
        ("", "Kolom “Realisasi” tidak ada."),
        ("", "Kolom “Capaian” tidak ada."),
    ]


def test_the_file_of_another_period_is_not_used():
    found = read(write("Isian", COLUMNS, ROWS, ABOUT), COLUMNS, {"untuk": "Kertas kerja · Triwulan II 2025"})
    assert told(found) == [
        (
            "",
            "Berkas ini dibuat untuk “Kertas kerja · Triwulan I 2025”, bukan untuk “Kertas kerja · Triwulan II 2025”.",
        )
    ]
    assert not found.usable


def test_more_rows_than_are_allowed_are_refused():
    many = [{"kode": str(n)} for n in range(12)]
    for content in (write("Isian", COLUMNS, many, {}), write_csv(COLUMNS, many)):
        found = read(content, COLUMNS, most_rows=10)
        assert told(found) == [("", "Lembar ini lebih dari 10 baris atau 200 kolom.")]


def test_a_cell_far_away_does_not_make_the_reader_walk_there():
    def change(sheet):
        sheet["XFD1048576"].value = 1

    assert "lebih dari" in told(read(workbook(change), COLUMNS))[0][1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"MZ\x90\x00\x03\x00\x00\x00" + b"\0" * 40, "Berkas ini bukan XLSX atau CSV berkode UTF-8."),
        (b"PK\x03\x04 ini bukan zip", "Berkas ini rusak: isinya bukan XLSX."),
        (packed({"surat.txt": "halo"}), "Berkas ini bukan XLSX."),
        (packed({"[Content_Types].xml": "<Types/>"}), "Berkas ini rusak: isinya bukan XLSX."),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 40,
            "Berkas .xls lama atau berkas bersandi. Simpan sebagai XLSX tanpa sandi, atau CSV.",
        ),
        ("kode;realisasi\nIKU-01;é".encode("latin-1"), "Berkas ini bukan XLSX atau CSV berkode UTF-8."),
        (b"", "Berkas ini kosong."),
        (b"\xef\xbb\xbf \r\n;;\r\n", "Berkas ini kosong."),
        (b"kode\n" + b"x" * 200_000, "Berkas ini bukan XLSX atau CSV berkode UTF-8."),
        (b"x" * (10 * 1024 * 1024 + 1), "Berkas lebih besar daripada 10 MB."),
    ],
    ids=["exe", "torn", "zip", "hollow", "xls", "latin-1", "empty", "blank", "huge field", "large"],
)
def test_what_is_no_sheet_at_all_is_refused_in_words(content, message):
    found = read(content, COLUMNS)
    assert told(found) == [("", message)]
    assert not found.usable
    assert not found.rows


def test_a_zip_bomb_is_not_unpacked():
    bomb = with_member(write("Isian", COLUMNS, ROWS, {}), "xl/sharedStrings.xml", b"0" * 50_000_000)
    assert len(bomb) < 100_000
    assert told(read(bomb, COLUMNS)) == [
        ("", "Berkas ini mengembang terlalu besar (xl/sharedStrings.xml) dan tidak dibuka.")
    ]


def test_many_members_that_are_large_together_are_not_unpacked():
    noise = bytes(range(256)) * 8
    more = {f"xl/media/{n}.bin": noise * 500 for n in range(80)}
    content = packed({"[Content_Types].xml": "<Types/>", **more})
    assert "mengembang terlalu besar" in told(read(content, COLUMNS))[0][1]


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>&b;</t></si></sst>'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_that_declares_entities_is_not_read(encoding):
    content = with_member(write("Isian", COLUMNS, ROWS, {}), "xl/sharedStrings.xml", LAUGHS.encode(encoding))
    assert told(read(content, COLUMNS)) == [
        ("", "Berkas ini memuat deklarasi XML yang tidak diterima (xl/sharedStrings.xml) dan tidak dibuka.")
    ]


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("xl/vbaProject.bin", "memuat makro"),
        ("xl/macrosheets/sheet1.xml", "memuat makro"),
        ("xl/externalLinks/externalLink1.xml", "merujuk ke berkas lain"),
    ],
)
def test_macros_and_links_to_other_files_are_refused(member, words):
    content = with_member(write("Isian", COLUMNS, ROWS, {}), member, "<x/>")
    assert words in told(read(content, COLUMNS))[0][1]


def test_a_workbook_without_a_sheet_to_see_is_refused():
    book = Workbook()
    book.create_chartsheet("Grafik").add_chart(BarChart())
    book["Sheet"].sheet_state = "hidden"
    kept = io.BytesIO()
    book.save(kept)
    assert told(read(kept.getvalue(), COLUMNS)) == [("", "Berkas ini tidak mempunyai lembar yang terlihat.")]


def test_what_exhausts_the_reader_ends_a_child_and_nothing_else(monkeypatch):
    monkeypatch.setattr(sandbox, "WALL_SECONDS", 0.05)
    found = read(write("Isian", COLUMNS, ROWS, {}), COLUMNS)
    assert told(found) == [("", "Berkas ini memakai terlalu banyak waktu atau memori saat dibaca; tidak dibuka.")]


def test_a_child_has_only_so_much_memory():
    with pytest.raises(sandbox.ChildEnded):
        sandbox.call("builtins:bytearray", sandbox.MEMORY)


# ── CSV ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_csv_is_read_with_any_of_the_three_delimiters_and_with_or_without_a_mark(mark, delimiter):
    text = f'Realisasi{delimiter}Kode\r\n"1.234,5"{delimiter}IKU-01\r\n'
    found = read(mark + text.encode(), COLUMNS[:2])
    assert not found.faults
    assert [dict(row.values) for row in found.rows] == [{"kode": "IKU-01", "realisasi": "1.234,5"}]


def test_a_line_with_more_cells_than_there_are_headings_is_named():
    found = read(b"kode;realisasi\nIKU-01;95;lagi\n", COLUMNS[:2])
    assert told(found) == [("C2", "Baris ini mempunyai lebih banyak sel daripada judul kolomnya.")]


def test_a_list_of_faults_ends_somewhere():
    lines = "\n".join(f"{n};1;2" for n in range(1_000))
    assert len(read(f"kode;realisasi\n{lines}".encode(), COLUMNS[:2]).faults) == spreadsheets.MOST_FAULTS
