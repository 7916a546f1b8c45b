"""The office's own SOP sheet, word for word: what Alur makes of the diagram says what the office's document says."""

from pathlib import Path

import pytest
from lxml import etree

from engine.bpmn.definition import load
from engine.bpmn.sop_sheet import sheet_of
from engine.model.sop_sheet import SymbolKind
from engine.service.authoring.checking import read_folder
from tests.documents.pdf_text import pages_of
from tests.office import SOP

ROOT = Path(__file__).parents[2]
HEADER = """
DINAS PENANAMAN MODAL DAN PELAYANAN TERPADU SATU PINTU KOTA PEMATANGSIANTAR
Jalan Melanthon Siregar No. 36 Pematangsiantar
Telepon (0622) 24175, Kode Pos 21127, Faksimile (0622) 420330
email: dpmpfsp@pematangsiantar.go.id website: https://dpmpfsp.pematangsiantar.go.id
Nomor Standar Operasional Prosedur
020/800.1.5.1/16/1-2025
06 Januari 2025
Kepala Dinas
Pembina Utama Muda
19770415 199612 2 001
Standar Operasional Prosedur (SOP) Pengumpulan Data Kinerja
Peraturan Presiden Nomor 29 Tahun 2014 tentang Sistem Akuntabilitas Kinerja Instansi Pemerintah
Peraturan Menteri Pendayagunaan Aparatur Negara dan Reformasi Birokrasi Nomor 53 Tahun 2014 tentang petunjuk Teknis \
Perjanjian Kinerja, Pelaporan Kinerja dan Tata Cara Review atas Laporan Kinerja
Peraturan Walikota Nomor 27 Tentang Susunan Organisasi Tugas Dan Fungsi Serta Tata Kerja Perangkat Kerja Daerah Kota \
Pematangsiantar
Memiliki kemampuan pengolahan data
Mengetahui tugas dan fungsi Sistem Akuntabilitas Kinerja Instansi Pemerintah
Mengetahui tugas dan fungsi dalam pembuatan laporan kinerja
SOP Surat Keluar
SOP Penyusunan Laporan Kinerja
SOP Mekanisme Pengukuran Kinerja
Komputer dan Kelengkapan
ATK
Jika SOP tidak dilaksanakan maka penyusunan LAKIP tidak maksimal dan tidak tercapainya kinerja sesuai target yang \
ditetapkan.
Disimpan sebagai data elektronik dan manual
""".strip().split("\n")
LABELS = ["Dasar Hukum", "Kualifikasi Pelaksana", "Keterkaitan", "Peralatan / Perlengkapan", "Peringatan"]
LABELS += ["Pencatatan dan Pendataan", "Tanggal Pembuatan", "Tanggal Revisi", "Tanggal Efektif", "Disahkan Oleh"]
HEADS = ["No", "Kegiatan", "Kelengkapan", "Waktu", "Output"]
LANES = ["Kepala Dinas", "Sekretaris", "Tim SAKIP", "Pemegang Data"]
ROWS = [  # No, Kegiatan, Kelengkapan, Waktu, Output: as the office's table prints them
    (
        "1",
        "Menerintahkan untuk melakukan pengumpulan data",
        "Perjanjian Kinerja, Rencana Aksi",
        "15 menit",
        "Disposisi",
    ),
    ("2", "Mempersiapkan kertas kerja pengumpulan data", "Disposisi, kertas kerja", "1 hari", "Undangan, Kertas Kerja"),
    (
        "3",
        "Menyusun jadwal dan penentuan penanggung jawab data",
        "Undangan, kertas kerja",
        "1 hari",
        "Daftar Hadir, Notula, Surat Tugas",
    ),
    ("4", "Mempersiapkan data laporan kinerja", "Kertas Kerja", "2 hari", "Draft Laporan"),
    (
        "5",
        "Menyusun dan menganalisa data laporan kinerja",
        "Undangan, kertas kerja, laporan",
        "1 hari",
        "Daftar Hadir, Notula",
    ),
    ("6", "Meminta persetujuan Kepala Dinas", "Draft Laporan", "1 hari", "Lembar Persetujuan"),
    ("7", "Menandatangani lembar persetujuan", "Lembar Persetujuan", "1 hari", "Laporan"),
]
CORRECTED = {
    1: "Memerintahkan untuk melakukan pengumpulan data",
    5: "Menyusun dan menganalisis data laporan kinerja",
}
PERFORMERS = [0, 1, 2, 3, 2, 1, 0]  # columns: down to the data holders and up again, a reconstruction
STAMP = "Rekonstruksi – menunggu konfirmasi dinas"


def close(text):
    """*text* without spaces: where a line of a paper breaks is the paper's own business."""
    return "".join(text.split())


@pytest.fixture(scope="module")
def sheet():
    files = read_folder(ROOT / "processes", ROOT / "forms", SOP)
    return sheet_of(load(files, SOP))


def test_the_rows_say_what_the_office_s_table_says(sheet):
    said = [
        (str(row.number), row.activity, ", ".join(row.inputs), row.time, ", ".join(row.outputs)) for row in sheet.rows
    ]
    assert said == ROWS
    assert list(sheet.columns) == LANES
    assert [row.column for row in sheet.rows] == PERFORMERS
    assert {
        n: row.words(plain=True) for n, row in enumerate(sheet.rows, 1) if row.words(plain=True) != row.activity
    } == (CORRECTED)


def test_it_begins_and_ends_in_the_first_column_and_what_is_ours_stands_beside_the_office_s_symbols(sheet):
    symbols = [[(symbol.kind, symbol.column, symbol.proposal) for symbol in row.symbols] for row in sheet.rows]
    terminator, box, decision = SymbolKind.TERMINATOR, SymbolKind.PROCESS, SymbolKind.DECISION
    assert symbols[0] == [(terminator, 0, False), (box, 0, False)]
    assert symbols[6] == [(box, 0, False), (decision, 0, True), (terminator, 0, False)]
    assert symbols[4] == [(box, 2, False), (decision, 2, True)]
    assert symbols[5] == [(box, 1, False), (decision, 1, True)]
    assert all(row == [(box, column, False)] for row, column in zip(symbols, PERFORMERS, strict=True) if len(row) == 1)
    assert [s.text for row in sheet.rows for s in row.symbols if s.kind is terminator] == ["MULAI", "SELESAI"]
    returns = {(a.source, a.target) for a in sheet.arrows if a.proposal}
    assert returns == {
        ("data_lengkap", "siapkan_data"),
        ("layak_diajukan", "susun_analisis"),
        ("disetujui", "susun_analisis"),
        ("disetujui", "siapkan_data"),
    }


@pytest.mark.parametrize("paper", ["F4", "A4"])
def test_the_paper_says_it_in_the_office_s_words_on_a_page_of_its_header_and_one_of_its_table(office, paper):
    procedure = office.services.deployments.all()[0]
    made = office.services.sheets.pdf(procedure, paper, "", plain=False)
    assert made == office.services.sheets.pdf(procedure, paper, "", plain=False), "the same bytes each time"
    assert b"pdfaid" in made
    header, table = pages_of(made)
    assert [text for text in HEADER if close(text) not in header] == []
    assert [text for text in LABELS if close(text).casefold() not in header.casefold()] == []
    assert close("SOP PENGUMPULAN DATA KINERJA") in table
    assert [text for text in (*HEADS, *LANES, "PELAKSANA", "MUTU BAKU") if close(text) not in table] == []
    at = table.index("Output")
    for number, activity, inputs, time, outputs in ROWS:
        for cell in (f"{number}{activity}", f"{inputs}{time}{outputs}"):
            at = table.index(close(cell), at)
    assert table.index("MULAI") < table.index("SELESAI")
    assert close("KEPALA DINAS,") in table
    assert close(STAMP) in header
    assert close(STAMP) in table


def test_the_corrected_spelling_is_another_paper(office):
    procedure = office.services.deployments.all()[0]
    _, table = pages_of(office.services.sheets.pdf(procedure, "F4", "", plain=True))
    for activity in CORRECTED.values():
        assert close(activity) in table
    assert "Menerintahkan" not in table
    assert "menganalisa" not in table


def cells(page):
    """The sheet's table as who hears it has it: by heading."""
    table = etree.HTML(page).xpath("//div[@class='sheet-table']/table")[0]
    heads = ["".join(th.itertext()).strip() for th in table.xpath("./thead//th")]
    return [
        dict(zip(heads, (" ".join("".join(cell.itertext()).split()) for cell in row.xpath("./td|./th")), strict=True))
        for row in table.xpath("./tbody/tr")
    ]


def test_the_page_says_it_too_in_a_table_with_its_symbols_in_words(browse):
    page = browse("auditor").get(f"/sop/{SOP}/lembar").text
    rows = cells(page)
    assert [tuple(row[head] for head in HEADS) for row in rows] == ROWS
    assert [row["Pelaksana"] for row in rows] == [LANES[column] for column in PERFORMERS]
    assert [row["Simbol"] for row in rows] == [
        "mulai, proses",
        "proses",
        "proses",
        "proses",
        "proses, keputusan (usulan)",
        "proses, keputusan (usulan)",
        "proses, keputusan (usulan), selesai",
    ]
    assert rows[6]["Lanjut ke"] == "selesai; jika tidak: langkah 5, langkah 4"
    whole = close("".join(etree.HTML(page).xpath("//main")[0].itertext()))
    assert [text for text in HEADER if close(text).casefold() not in whole.casefold()] == []
    assert [text for text in LABELS if close(text).casefold() not in whole.casefold()] == []


def test_the_page_shows_the_spelling_that_is_asked_for_and_the_stamp_until_the_office_confirms(browse, office):
    reader = browse("kepala.dinas")
    asked = reader.get(f"/sop/{SOP}/lembar?ejaan=baku&kertas=A4").text
    rows = cells(asked)
    assert {n: rows[n - 1]["Kegiatan"] for n in CORRECTED} == CORRECTED
    assert STAMP in asked
    assert reader.get(f"/sop/{SOP}/lembar?ejaan=lain").status_code == 404
    browse("operator").post(f"/sop/{SOP}/konfirmasi", {"alasan": "Surat Kepala Dinas 20 April 2025"})
    assert STAMP not in reader.get(f"/sop/{SOP}/lembar").text
    paper = reader.get(f"/sop/{SOP}/lembar.pdf?kertas=A4&ejaan=baku")
    assert paper.mimetype == "application/pdf"
    assert not any(close(STAMP) in page for page in pages_of(paper.data))


def test_whoever_edits_the_diagram_sees_the_sheet_follow_and_the_old_version_keep_its_own(browse, office):
    path = f"processes/{SOP}/{SOP}.bpmn"
    designer = office.actor("perancang")
    bench = office.services.studio.open(SOP)
    moved = bench.files[path].decode().replace('sop:waktu="P2D"', 'sop:waktu="P3D"')
    moved = moved.replace('name="Sekretaris"', 'name="Sekretaris Dinas"')
    files = {**bench.files, path: moved.encode()}
    office.services.studio.deploy(designer, SOP, bench.record.id, files, "tiga hari", office.now)
    reader = browse("sekretaris")
    new, old = (cells(reader.get(f"/sop/{SOP}/lembar{query}").text) for query in ("", "?versi=1"))
    assert [(row["Waktu"], row["Pelaksana"]) for row in (new[3], new[1])] == [
        ("3 hari", "Pemegang Data"),
        ("1 hari", "Sekretaris Dinas"),
    ]
    assert [row["Waktu"] for row in old] == [row[3] for row in ROWS]
