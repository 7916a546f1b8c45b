"""A designer brings the office's SOP as a spreadsheet: what is wrong is told by cell, and what is right runs."""

import io
import zipfile

import pytest
from openpyxl import Workbook

from engine.bpmn.drawing import drawing_words
from engine.model.process import InstanceStatus
from engine.model.sop_sheet import END
from engine.service.authoring.starter_diagram import procedure_of_table
from engine.service.procedures import step_spreadsheet
from tests.office import SOP

HEADS = [column.heading for column in step_spreadsheet.COLUMNS]
GOOD = [
    [1, "Menerima permohonan", "Petugas", "Permohonan", "15 menit", "Tanda terima", None, None, None],
    [2, "Memeriksa permohonan", "Atasan", "Permohonan, Tanda terima", "1 hari", "Catatan pemeriksaan", None, None, 1],
    [
        3,
        "Menyerahkan hasil",
        "Petugas",
        "Catatan pemeriksaan",
        "2 jam",
        "Surat jawaban",
        "Selesai hari itu",
        None,
        None,
    ],
]


def workbook(rows=GOOD, heads=HEADS, change=lambda sheet: None):
    book = Workbook()
    sheet = book.active
    sheet.append(heads)
    for row in rows:
        sheet.append(row)
    change(sheet)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def told(content):
    table = step_spreadsheet.read(content)
    return [(fault.at, fault.message) for fault in table.faults]


def test_a_spreadsheet_is_read_as_an_office_writes_it():
    table = step_spreadsheet.read(workbook())
    assert table.faults == ()
    assert [(s.number, s.performer, s.time, s.next, s.otherwise) for s in table.steps] == [
        (1, "Petugas", "15 menit", 2, ()),
        (2, "Atasan", "1 hari", 3, (1,)),
        (3, "Petugas", "2 jam", END, ()),
    ]
    assert table.steps[1].inputs == ("Permohonan", "Tanda terima")
    assert table.steps[2].note == "Selesai hari itu"


def set_(cell, value):
    return lambda sheet: sheet.__setitem__(cell, value)


@pytest.mark.parametrize(
    ("change", "cell", "said"),
    [
        (set_("A3", 1), "A3", "sudah dipakai di A2"),
        (set_("A3", 5), "A3", "seharusnya 2"),
        (set_("A3", "dua"), "A3", "bilangan bulat"),
        (set_("B3", None), "B3", "wajib diisi"),
        (set_("C3", "–"), "C3", "wajib diisi"),
        (set_("D3", "a; b; A"), "D3", "dua kali"),
        (set_("D3", ";".join(f"Surat {n}" for n in range(step_spreadsheet.MOST_DOCUMENTS + 1))), "D3", "Paling banyak"),
        (set_("D3", "Surat; ???"), "D3", "“???” bukan nama dokumen"),
        (set_("D3", "Surat " * 40), "D3", "bukan nama dokumen"),
        (set_("E2", "sebentar"), "E2", "bukan waktu baku"),
        (set_("E2", "1 bulan"), "E2", "bukan waktu baku"),
        (set_("E2", "0 hari"), "E2", "bukan waktu baku"),
        (set_("E2", None), "E2", "15 menit"),
        (set_("H2", 9), "H2", "tidak ada"),
        (set_("H2", "2 dan 3"), "H2", "satu langkah saja"),
        (set_("H2", 1), "H2", "tidak ada jalan sampai selesai"),
        (set_("H2", 3), "A3", "tidak dicapai"),
        (set_("I3", 8), "I3", "tidak ada"),
        (set_("I3", 3), "I3", "yang sama"),
        (set_("E3", '="1 hari"'), "E3", "rumus"),
        (set_("A3", "=A2+1"), "A3", "rumus"),
        (lambda sheet: sheet.merge_cells("C2:C3"), "C2:C3", "digabung"),
        (set_("E1", "Lamanya"), "E1", "tidak dikenal"),
        (set_("J1", "Kegiatan"), "J1", "dua kali"),
        (set_("B2", "Menerima\x85berkas" * 40), "B2", "300 huruf"),
        (set_("F2", "Kabar \u200b"), "F2", "tidak dapat dicetak"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_fault_has_its_cell_and_nothing_is_drawn(change, cell, said):
    faults = told(workbook(change=change))
    assert any(at == cell and said in message for at, message in faults), faults
    assert all(at for at, _ in faults), "each names a place"


def test_all_faults_are_told_at_once():
    rows = [list(row) for row in GOOD]
    rows[0][4], rows[1][0], rows[1][8], rows[2][1] = "lama", 1, 7, ""
    assert {at for at, _ in told(workbook(rows))} >= {"E2", "A3", "I3", "B4"}


def test_a_table_without_a_column_or_without_steps_says_so():
    without = [head for head in HEADS if head != "Pelaksana"]
    rows = [row[:2] + row[3:] for row in GOOD]
    assert told(workbook(rows, without)) == [("1:1", "Kolom “Pelaksana” tidak ada.")]
    assert told(workbook([])) == [("A2", "Tabel ini tidak memuat langkah.")]
    many = [[n, "Menerima", "Petugas", None, "1 jam", None, None, None, None] for n in range(1, 123)]
    assert told(workbook(many)) == [("A122", "Tabel ini memuat lebih dari 120 langkah.")]
    assert "bukan XLSX atau CSV" in told(b"\xff\xfe\x00kabar")[0][1]


def test_a_file_that_swells_is_not_opened():
    swollen = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as old, zipfile.ZipFile(swollen, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            new.writestr(member, old.read(member))
        new.writestr("xl/worksheets/sheet9.xml", b" " * 70_000_000)
    [(at, message)] = told(swollen.getvalue())
    assert "mengembang" in message
    assert "sheet9.xml" in message
    assert at == "", "the file as a whole, not one of its cells"


def test_a_way_back_leads_to_where_the_work_came_by():
    rows = [
        [1, "Memeriksa", "Petugas", None, "1 jam", None, None, 3, 2],
        [2, "Melengkapi", "Petugas", None, "1 jam", None, None, 4, None],
        [3, "Meneliti", "Atasan", None, "1 jam", None, None, None, 2],
        [4, "Mengarsipkan", "Petugas", None, "1 jam", None, None, None, None],
    ]
    assert told(workbook(rows)) == [("I4", "Langkah 2 bukan langkah yang mendahului ini; tukar nomornya.")]


@pytest.mark.parametrize(("name", "shown"), [("Izin usaha mikro", "Izin usaha mikro"), ("", "Pelayanan izin")])
def test_a_table_is_drawn_under_its_name_or_under_its_id_where_it_has_none(people_only, name, shown):
    drafts = people_only.services.step_drafts
    assert drafts.look_at("pelayanan_izin", name, workbook(), drawing_words(), str).sheet.name == shown


def test_what_came_from_a_table_deploys_and_runs_to_its_end_with_what_was_not_right_done_again(office):
    office.hire("ann", "petugas")
    office.hire("sam", "atasan")
    files = procedure_of_table("pelayanan", "Pelayanan", step_spreadsheet.read(workbook()).steps)
    office.services.deployments.deploy(office.actor("perancang"), "pelayanan", files, "dari tabel", office.now)
    instance = office.services.starts.start(office.actor("ann"), "pelayanan", {}, office.now)

    def does(account, element, **values):
        entries = {path.replace("__", "."): [text] for path, text in values.items()}
        task = office.task(instance, element)
        office.services.tasks.complete(office.actor(account), task, entries, office.now)

    does("ann", "menerima_permohonan", permohonan__isi="Izin usaha", tanda_terima__isi="Diterima lengkap")
    does(
        "sam",
        "memeriksa_permohonan",
        catatan_pemeriksaan__isi="Alamat keliru",
        putusan_memeriksa_permohonan="tidak",
    )
    assert office.open_steps(instance) == ["menerima_permohonan"]
    does("ann", "menerima_permohonan", permohonan__isi="Izin usaha", tanda_terima__isi="Diperbaiki")
    does("sam", "memeriksa_permohonan", catatan_pemeriksaan__isi="Sesuai", putusan_memeriksa_permohonan="ya")
    does("ann", "menyerahkan_hasil", surat_jawaban__isi="Disetujui")
    page = office.page(instance, "ann")
    assert page.record.status is InstanceStatus.COMPLETED
    issued = {(each.data_object_id, each.version) for each in page.documents}
    assert issued >= {("tanda_terima", 2), ("catatan_pemeriksaan", 2), ("surat_jawaban", 1)}


def test_the_office_s_own_sheet_taken_out_and_brought_back_is_the_same_steps(office):
    procedure = next(p for p in office.services.deployments.all() if p.outline.process_id == SOP)
    (_, sheet), (_, text) = (office.services.sheets.table(procedure, kind) for kind in ("xlsx", "csv"))
    table = step_spreadsheet.read(sheet)
    assert table.faults == ()
    assert step_spreadsheet.read(text).steps == table.steps
    assert len(table.steps) == 7
    files = procedure_of_table("salinan", "Salinan", table.steps)
    checked = office.services.deployments.check("salinan", files)
    assert [found.message for found in checked if found.severity == "error"] == []
    office.services.deployments.deploy(office.actor("perancang"), "salinan", files, "salinan", office.now)
    copy = next(p for p in office.services.deployments.all() if p.outline.process_id == "salinan")
    assert step_spreadsheet.read(office.services.sheets.table(copy, "csv")[1]).steps == table.steps
    assert [lane.role for lane in copy.outline.lanes] == [lane.role for lane in procedure.outline.lanes], "same people"
