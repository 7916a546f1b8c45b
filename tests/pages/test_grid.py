"""A nurse fills in a sheet of five hundred rows: on its own page, at home in a spreadsheet, in two tabs at once."""

import html
import io
import json
import re
from decimal import Decimal
from hashlib import sha256

import pytest
from openpyxl import load_workbook

from engine.cli import CONSOLE
from engine.model.errors import Conflict, NotFound, NotPermitted
from engine.model.history import Action
from engine.service.history.timelines import HistoryFilter
from engine.service.procedures.procedure import INDONESIAN
from engine.service.work.grids import GridRequest
from tests import counting

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
QUIET = {"X-Alur-Background": "1"}
TABLE = "lembar.baris"


@pytest.fixture
def sheet(office):
    """The task of counting twenty things, and the address of its table."""
    task = office.task(counting.begin(office), "isi_lembar")
    return task, f"/tugas/{task}/tabel/{TABLE}"


@pytest.fixture
def nurse(browse):
    return browse("sekretaris")


def text_of(answer):
    return " ".join(html.unescape(re.sub(r"<script.*?</script>|<[^>]+>", " ", answer.text, flags=re.DOTALL)).split())


def draft(office, task):
    return office.services.tasks.draft(office.actor("sekretaris"), task)


def completed(office, task):
    """What completing the task recorded."""
    found = office.services.tasks.receipt(office.actor("sekretaris"), task, office.now)
    lines = office.services.histories.of_instance(office.actor("auditor"), found.instance.id, HistoryFilter()).lines
    return next(json.loads(line.change)["values"] for line in lines if line.action == Action.TASK_COMPLETED)


def row(number, **cells):
    """What somebody types into one row."""
    named = {"kode": f"ALAT-{number:03}", **cells}
    return {f"{TABLE}.{number - 1}.{name}": text for name, text in named.items()}


def post(browser, address, data, revision=0, **options):
    return browser.post(address, {**data, "_revisi": str(revision)}, **options)


def upload(browser, address, content, name="isian.xlsx"):
    data = {"berkas": (io.BytesIO(content), name)}
    return browser.post(f"{address}/unggah", data, content_type="multipart/form-data")


def filled_in(browser, address, change):
    """The table as a workbook, after somebody worked in it."""
    book = load_workbook(io.BytesIO(browser.get(f"{address}/berkas.xlsx").data))
    change(book.worksheets[0])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def confirm(browser, address, reviewed):
    hidden = dict(re.findall(r'<input type="hidden" name="(_berkas|_revisi)" value="([^"]*)">', reviewed.text))
    return browser.post(f"{address}/unggah", hidden)


def test_the_sheet_of_another_is_not_taken_in_by_its_hash(office, nurse, sheet):
    task, address = sheet
    content = filled_in(nurse, address, lambda page: page.cell(2, 5, 7))
    assert office.services.grids.keep(content)
    answer = nurse.post(f"{address}/unggah", {"_berkas": sha256(content).hexdigest(), "_revisi": "0"})
    assert answer.status_code == 422
    assert "Pilih berkas XLSX atau CSV." in text_of(answer)
    with pytest.raises(NotFound):
        draft(office, task)


# ── without scripts ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_row_is_typed_and_saved_and_the_page_counts_it(office, nurse, sheet):
    task, address = sheet
    page = nurse.get(address)
    assert "0 dari 20 baris lengkap" in text_of(page)
    answer = post(nurse, address, row(1, ada="3", keadaan="baik"))
    assert answer.status_code == 303
    page = nurse.get(answer.headers["Location"])
    assert "1 dari 20 baris lengkap" in text_of(page)
    assert 'value="3"' in page.text
    assert draft(office, task).entries[f"{TABLE}.0.ada"] == ("3",)


def test_five_hundred_rows_come_in_pages_of_twenty_five_and_saving_leads_on(office, browse):
    task = office.task(counting.begin(office, 500), "isi_lembar")
    nurse, address = browse("sekretaris"), f"/tugas/{task}/tabel/{TABLE}"
    page = nurse.get(f"{address}?halaman=3&tampilan=formulir")
    assert re.findall(r'data-row="(\d+)"', page.text) == [str(n) for n in range(50, 75)]
    assert "Halaman 3 dari 20" in text_of(page)
    answer = post(nurse, f"{address}?halaman=3", {**row(60, ada="1", keadaan="baik"), "_lanjut": "1"})
    assert answer.headers["Location"] == f"{address}?halaman=4"
    assert draft(office, task).entries[f"{TABLE}.59.ada"] == ("1",)


def test_rows_are_found_by_state_by_words_and_without_losing_the_others(office, nurse, sheet):
    _, address = sheet
    post(nurse, address, {**row(1, ada="1", keadaan="baik"), **row(2, ada="satu", keadaan="baik")})
    shown = lambda query: re.findall(r'<tr data-row="(\d+)"', nurse.get(f"{address}?{query}").text)  # noqa: E731
    assert shown("saring=perbaiki") == ["1"]
    assert len(shown("saring=kosong")) == 18
    assert shown("cari=nomor 7,") == ["6"]
    assert "Bersihkan saringan" in nurse.get(f"{address}?cari=tidak ada").text


def test_what_is_computed_and_given_is_shown_and_never_taken_from_what_is_sent(office, nurse, sheet):
    _, address = sheet
    saved = post(nurse, address, row(4, ada="5,5", keadaan="baik", buku="1", selisih="99"), headers=QUIET).json
    (line,) = saved["rows"]
    assert line["s"]["selisih"] == "1,5"
    assert line["s"]["buku"] == "4"
    assert line["st"] == "complete"
    assert saved["facts"]["filled"] == 1


def test_an_ambiguous_number_is_asked_about_at_its_cell(nurse, sheet):
    _, address = sheet
    (line,) = post(nurse, address, row(4, ada="1.234", keadaan="baik"), headers=QUIET).json["rows"]
    (fault,) = line["e"]["ada"]
    assert "Baris 4, Ada" in fault["m"]
    assert [value for value, _ in fault["c"]] == ["1234", "1,234"]
    assert line["st"] == "faulty"


def test_a_condition_in_a_row_reveals_what_it_asks(nurse, sheet):
    _, address = sheet
    (line,) = post(nurse, address, row(2, ada="1", keadaan="rusak"), headers=QUIET).json["rows"]
    assert "kerusakan" not in line["h"]
    assert line["e"]["kerusakan"][0]["r"], "it is wanted, not wrong"
    assert line["st"] == "incomplete"


def test_evidence_belongs_to_its_row_and_a_renamed_program_is_refused_while_the_row_stands(office, nurse, sheet):
    task, address = sheet
    data = {**row(3, ada="3", keadaan="baik"), f"{TABLE}.2.foto": (io.BytesIO(PNG), "alat.png"), "_revisi": "0"}
    saved = nurse.post(address, data, headers=QUIET, content_type="multipart/form-data").json
    ((_, name, _),) = saved["rows"][0]["f"]["foto"]
    assert name == "alat.png"
    evil = {**row(3), f"{TABLE}.2.foto": (io.BytesIO(b"MZ" + b"\0" * 200), "alat.png"), "_revisi": "1"}
    refused = nurse.post(address, evil, headers=QUIET, content_type="multipart/form-data").json
    assert "alat.png" in refused["refused"][0]
    assert draft(office, task).entries[f"{TABLE}.2.ada"] == ("3",)


def test_a_save_that_does_not_know_a_file_does_not_take_it_away(office, nurse, sheet):
    task, address = sheet
    place, tab = f"{TABLE}.2.foto", {"_tab": "meja"}
    data = {**row(3, ada="3"), place: (io.BytesIO(PNG), "alat.png"), "_revisi": "0", **tab}
    nurse.post(address, data, headers=QUIET, content_type="multipart/form-data")
    (kept,) = draft(office, task).entries[place]
    stale = {**row(3, ada="4", foto=""), **tab}
    post(nurse, address, stale, headers=QUIET)
    assert (draft(office, task).entries[place][-1], draft(office, task).entries[f"{TABLE}.2.ada"]) == (kept, ("4",))
    whole = {f"{TABLE}.{n}.{name}": [""] for n in range(20) for name in ("ada", "foto")}
    posted = {name: texts[0] for name, texts in whole.items()} | row(3, foto="") | {TABLE: "", "_revisi": "0", **tab}
    nurse.post(f"/tugas/{task}/draf", posted, headers=QUIET)
    assert kept in draft(office, task).entries[place]
    post(nurse, address, {**row(3, foto=""), "_lampiran": kept, **tab}, headers=QUIET)
    assert kept not in draft(office, task).entries[place], "who sees it can remove it"


def test_only_the_lane_sees_the_table_and_only_its_holder_writes(office, browse, sheet):
    _, address = sheet
    assert browse("auditor").get(address).status_code == 403
    assert post(browse("pemegang.data.1"), address, row(1, ada="1")).status_code == 403


@pytest.mark.parametrize("table", ["lembar", "catatan", "lembar.baris.0", "lembar.x", "x", "lembar.baris.ada"])
def test_what_is_no_table_of_the_form_is_404(nurse, sheet, table):
    task, _ = sheet
    assert nurse.get(f"/tugas/{task}/tabel/{table}").status_code == 404


# ── the form and its table ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_form_shows_a_long_table_as_a_line_that_leads_to_its_page(office, nurse, sheet):
    task, address = sheet
    page = nurse.get(f"/tugas/{task}")
    assert f'name="{TABLE}.0.ada"' not in page.text
    assert "0 dari 20 baris terisi" in text_of(page)
    opened = nurse.post(f"/tugas/{task}/draf", {"catatan": "Shift pagi", TABLE: "dari_draf", "_tabel": TABLE})
    assert opened.headers["Location"] == address
    assert draft(office, task).entries["catatan"] == ("Shift pagi",)
    assert draft(office, task).entries[f"{TABLE}.19.kode"] == ("ALAT-020",)


def test_completing_takes_the_rows_from_the_draft_and_what_is_typed_from_the_form(office, nurse, sheet):
    task, address = sheet
    post(nurse, address, counting.counted(20))
    answer = nurse.post(
        f"/tugas/{task}/selesai",
        {"catatan": "Lengkap", TABLE: "dari_draf", "_revisi": str(draft(office, task).revision)},
    )
    assert answer.status_code == 303, text_of(answer)
    line = completed(office, task)
    assert line["catatan"] == "Lengkap"
    assert [each["ada"] for each in line["lembar"]["baris"]] == [str(n) for n in range(1, 21)]
    assert line["lembar"]["baris"][4]["selisih"] == "0"


def test_faults_in_the_table_are_counted_on_the_form_and_lead_to_their_cells(office, nurse, sheet):
    task, address = sheet
    hasty = {"catatan": "Buru-buru", TABLE: "dari_draf", "_revisi": "0"}
    answer = nurse.post(f"/tugas/{task}/selesai", hasty, follow_redirects=True)
    assert f'href="{address}?halaman=1#f-lembar-baris-0-ada"' in answer.text
    assert "Alat: 35 isian lain perlu diperbaiki." in text_of(answer)
    assert "Buru-buru" in answer.text


def test_a_form_that_did_not_see_what_another_tab_saved_is_told_and_nothing_of_either_is_lost(office, nurse, sheet):
    task, address = sheet
    post(nurse, address, counting.counted(20))
    seen = draft(office, task).revision
    post(nurse, address, row(1, ada="77"), revision=seen)
    late = {"catatan": "Tab pertama", TABLE: "dari_draf", "_revisi": str(seen)}
    answer = nurse.post(f"/tugas/{task}/selesai", late, follow_redirects=True)
    assert "diubah di tab atau perangkat lain" in text_of(answer)
    assert "Tab pertama" in answer.text
    (now,) = re.findall(r'name="_revisi" value="(\d+)"', answer.text)
    done = nurse.post(f"/tugas/{task}/selesai", {**late, "_revisi": now})
    assert done.status_code == 303
    values = completed(office, task)
    assert values["lembar"]["baris"][0]["ada"] == "77"
    assert values["catatan"] == "Tab pertama"


def test_two_tabs_of_the_table_do_not_overwrite_each_other(office, nurse, sheet):
    task, address = sheet
    post(nurse, address, row(1, ada="1"))
    stale = post(nurse, address, row(2, ada="2"), headers=QUIET)
    assert stale.status_code == 409
    assert stale.json["revision"] == 1
    assert stale.json["data"]["rows"][0]["v"]["ada"] == ["1"], "the script can tell which cells both changed"
    page = post(nurse, address, row(2, ada="2"))
    assert page.status_code == 409
    assert "belum disimpan" in text_of(page)
    assert re.search(rf'name="{TABLE}.1.ada" value="2"', page.text), "what was typed is in the page"
    assert f"{TABLE}.1.ada" not in {k for k, v in draft(office, task).entries.items() if any(v)}
    assert post(nurse, address, row(2, ada="2"), revision=1).status_code == 303
    kept = draft(office, task).entries
    assert (kept[f"{TABLE}.0.ada"], kept[f"{TABLE}.1.ada"]) == (("1",), ("2",))


def test_entries_kept_by_signing_in_again_leave_the_table_alone(office, nurse, sheet):
    task, address = sheet
    post(nurse, address, row(1, ada="1"))
    entries = {"catatan": ["Sesi berakhir"], TABLE: ["dari_draf"]}
    office.services.tasks.save_draft(office.actor("sekretaris"), task, entries, office.now, -1, over=True)
    kept = draft(office, task).entries
    assert (kept["catatan"], kept[f"{TABLE}.0.ada"]) == (("Sesi berakhir",), ("1",))


def test_only_who_fills_in_the_task_writes_into_its_table(office, sheet):
    task, _ = sheet
    office.hire("sekretaris.2", "sekretaris")
    at, asked = office.services.grids, {}
    for account in ("sekretaris", "sekretaris.2"):
        asked[account] = GridRequest(office.actor(account), task, TABLE, INDONESIAN, office.now)
    with pytest.raises(NotPermitted) as unclaimed:
        at.save(asked["sekretaris"], {}, (0, ""))
    assert unclaimed.value.reason == "claim"
    office.services.assignments.claim(office.actor("sekretaris"), task, office.now)
    with pytest.raises(Conflict) as held:
        at.save(asked["sekretaris.2"], {}, (0, ""))
    assert (held.value.reason, held.value.who) == ("claimed", "sekretaris")
    office.services.control.suspend(
        office.actor("operator"),
        office.services.tasks.open(office.actor("sekretaris"), task, office.now).instance.id,
        "Menunggu",
        office.now,
    )
    with pytest.raises(Conflict) as suspended:
        at.save(asked["sekretaris"], {}, (0, ""))
    assert suspended.value.reason == "suspended"


def test_rows_of_a_table_that_nobody_examines_are_not_accepted_at_once(office, sheet):
    task, _ = sheet
    asked = GridRequest(office.actor("sekretaris"), task, TABLE, INDONESIAN, office.now)
    with pytest.raises(NotFound):
        office.services.grids.accept_all(asked, (0, ""))


def keyless():
    """The procedure with a table whose rows have no key, and to which rows are added."""
    files = counting.files()
    path = f"forms/{counting.PROCESS}/isi_lembar.ui.json"
    shown = json.loads(files[path])
    del shown["lembar"]["baris"]["ui:options"]
    return files | {path: json.dumps(shown).encode()}


def test_rows_are_added_moved_and_removed_without_scripts(office, nurse):
    office.services.deployments.deploy(CONSOLE, counting.PROCESS, keyless(), "uji", office.now, at_console=True)
    entries = {"ruang": ["ICU"], "jumlah": ["2"]}
    instance = office.services.starts.start(office.actor("sekretaris"), counting.PROCESS, entries, office.now)
    task = office.task(instance, "isi_lembar")
    asked = GridRequest(office.actor("sekretaris"), task, TABLE, INDONESIAN, office.now)

    def after(deed, index, **cells):
        kept = office.services.tasks.open(office.actor("sekretaris"), task, office.now).draft
        seen = (kept.revision if kept else 0, "tab")
        typed = {f"{TABLE}.{name}": [text] for name, text in cells.items()}
        saved = office.services.grids.edit_rows(asked, typed, deed, index, seen)
        return ["".join(row.texts["ada"]) for row in saved.grid.rows]

    assert after("tambah", 2, **{"0.ada": "1", "1.ada": "2"}) == ["1", "2", ""]
    assert after("turun", 0, **{"2.ada": "3"}) == ["2", "1", "3"]
    assert after("naik", 2) == ["2", "3", "1"]
    assert after("hapus", 0) == ["3", "1"]


# ── sheets ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_sheet_is_filled_in_at_home_looked_at_and_taken(office, nurse, sheet):
    task, address = sheet

    def work(cells):
        assert [cell.value for cell in cells[1]][:5] == ["Kode", "Alat", "Menurut buku", "Petugas", "Ada"]
        cells["E2"], cells["G2"], cells["H2"], cells["I2"] = 12.5, "Rusak", "1.250.000", "14 April 2025"

    reviewed = upload(nurse, address, filled_in(nurse, address, work))
    assert reviewed.status_code == 200, text_of(reviewed)
    assert "4 sel di 1 baris akan berubah; 19 baris tetap" in text_of(reviewed)
    with pytest.raises(NotFound):
        draft(office, task)
    assert confirm(nurse, address, reviewed).headers["Location"] == address
    kept = draft(office, task).entries
    assert {name: kept[f"{TABLE}.0.{name}"] for name in ("ada", "keadaan", "harga", "dihitung")} == {
        "ada": ("12,5",),
        "keadaan": ("rusak",),
        "harga": ("1.250.000",),
        "dihitung": ("14 April 2025",),
    }
    again = upload(nurse, address, nurse.get(f"{address}/berkas.xlsx").data)
    assert "tidak ada yang berubah" in text_of(again)


def test_every_cell_that_cannot_be_taken_is_named_and_the_right_ones_are_taken_without_them(office, nurse, sheet):
    task, address = sheet
    post(nurse, address, row(2, ada="2"))

    def work(cells):
        cells["E2"] = "dua belas"
        cells["E3"] = "=1+1"
        cells["E4"] = "1.234"
        cells["E5"] = -4
        cells["E6"] = 6
        cells["G6"] = "hilang"
        cells.merge_cells("E7:E8")
        cells["A9"] = "ALAT-999"
        cells["A10"] = "ALAT-010"
        cells["A11"] = "ALAT-010"

    reviewed = upload(nurse, address, filled_in(nurse, address, work))
    assert reviewed.status_code == 422
    said = text_of(reviewed)
    for words in (
        "E7:E8 Sel digabung.",
        "E3 Sel berisi rumus.",
        "E2 ALAT-001 Ada dua belas",
        "E4 ALAT-003 Ada 1.234",
        "E5 ALAT-004 Ada -4",
        "G6 ALAT-005 Keadaan hilang",
        "Baris “ALAT-999” tidak ada dalam tabel ini.",
        "Baris “ALAT-010” ada dua kali.",
        "Pakai yang benar (1 sel)",
    ):
        assert words in said, words
    assert confirm(nurse, address, reviewed).status_code == 303
    kept = draft(office, task).entries
    assert kept[f"{TABLE}.4.ada"] == ("6",)
    assert kept[f"{TABLE}.1.ada"] == ("2",), "what stood there stays"
    assert not any(kept.get(f"{TABLE}.0.ada", ()))


def test_rows_without_a_key_are_told_by_their_number_or_else_by_their_order(office, nurse):
    office.services.deployments.deploy(CONSOLE, counting.PROCESS, keyless(), "uji", office.now, at_console=True)
    entries = {"ruang": ["ICU"], "jumlah": ["3"]}
    instance = office.services.starts.start(office.actor("sekretaris"), counting.PROCESS, entries, office.now)
    address = f"/tugas/{office.task(instance, 'isi_lembar')}/tabel/{TABLE}"
    numbered = upload(nurse, address, b"No;Ada;Keadaan\n2;7;baik\n9;3;rusak\n", "isian.csv")
    assert "4 sel di 2 baris akan berubah" in text_of(numbered), "one of them is new, behind the three"
    confirm(nurse, address, numbered)
    kept = draft(office, office.task(instance, "isi_lembar")).entries
    assert [kept.get(f"{TABLE}.{n}.ada") for n in range(5)] == [("",), ("7",), ("",), ("3",), None]
    ordered = upload(nurse, address, b"Ada;Keadaan\n5;baik\n", "isian.csv")
    assert "2 sel di 1 baris akan berubah" in text_of(ordered)
    confirm(nurse, address, ordered)
    assert draft(office, office.task(instance, "isi_lembar")).entries[f"{TABLE}.0.ada"] == ("5",)


def test_the_sheet_of_another_room_is_not_taken(office, browse, nurse, sheet):
    _, address = sheet
    other = office.task(counting.begin(office, 20, room="IGD"), "isi_lembar")
    reviewed = upload(nurse, address, nurse.get(f"/tugas/{other}/tabel/{TABLE}/berkas.xlsx").data)
    assert reviewed.status_code == 422
    assert "Berkas ini dibuat untuk “Hitung alat IGD" in text_of(reviewed)
    assert "Periksa berkas" in text_of(reviewed)


def test_columns_that_were_moved_or_left_out_do_not_matter_but_the_key_does(office, nurse, sheet):
    _, address = sheet
    taken = upload(nurse, address, b"ada;kode\n7;ALAT-007\n", "isian.csv")
    assert "1 sel di 1 baris akan berubah" in text_of(taken)
    assert "Kolom “Keadaan” tidak ada." in text_of(taken)
    lost = upload(nurse, address, b"ada;keadaan\n7;baik\n", "isian.csv")
    assert "Kolom “Kode” tidak ada." in text_of(lost)
    assert "Pakai yang benar" not in text_of(lost)


@pytest.mark.parametrize("content", [b"", b"MZ\x90\0" * 20, b"PK\x03\x04rusak"], ids=["nothing", "exe", "torn"])
def test_what_is_no_sheet_is_refused_and_the_table_stands(office, nurse, sheet, content):
    task, address = sheet
    post(nurse, address, row(1, ada="1"))
    assert upload(nurse, address, content).status_code == 422
    assert draft(office, task).revision == 1


def test_a_file_looked_at_before_somebody_else_saved_is_looked_at_again(office, nurse, sheet):
    task, address = sheet
    reviewed = upload(nurse, address, b"kode;ada\nALAT-007;7\n", "isian.csv")
    post(nurse, address, row(1, ada="1"))
    assert confirm(nurse, address, reviewed).headers["Location"] == f"{address}/unggah"
    assert not any(draft(office, task).entries.get(f"{TABLE}.6.ada", ()))


def test_csv_opens_in_the_office_and_holds_what_was_typed(nurse, sheet):
    _, address = sheet
    post(nurse, address, row(1, ada="12,5", keadaan="baik", uraian="=1+1"))
    lines = nurse.get(f"{address}/berkas.csv").data.decode("utf-8-sig").splitlines()
    assert lines[1].startswith("ALAT-001;")
    assert ";12,5;11,5;Baik;" in lines[1]
    assert "'=1+1" in lines[1]
    assert len(lines) == 21


# ── verification ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def check(office, nurse, sheet):
    """The task of checking what was counted, and its table's address."""
    task, address = sheet
    post(nurse, address, counting.counted(20))
    office.services.tasks.complete(
        office.actor("sekretaris"), task, {"catatan": [""], TABLE: ["dari_draf"]}, office.now
    )
    instance = office.services.tasks.receipt(office.actor("sekretaris"), task, office.now).instance.id
    checking = office.task(instance, "periksa_lembar")
    return checking, f"/tugas/{checking}/tabel/periksa"


def test_a_row_that_lacks_nothing_but_the_decision_says_so(browse, check):
    _, address = check
    page = browse("kepala.dinas").get(address).text
    states = re.findall(r'"st": "(\w+)"', page)
    assert (len(states), set(states)) == (20, {"waiting"}), "what is accepted at once is not called incomplete"


def test_all_complete_rows_are_accepted_at_once_and_that_is_undone(office, browse, check):
    task, address = check
    head = browse("kepala.dinas")
    returned = {"periksa.2.kode": "ALAT-003", "periksa.2.putusan": "ulang", "periksa.2.alasan": "Hitung lagi."}
    post(head, address, returned)
    page = post(head, address, {"_terima_semua": "1"}, revision=1)
    assert page.status_code == 200
    assert "19 baris diterima." in text_of(page)
    kept = office.services.tasks.draft(office.actor("kepala.dinas"), task)
    assert kept.entries["periksa.0.putusan"] == ("sesuai",)
    assert kept.entries["periksa.2.putusan"] == ("ulang",), "a decision that was made stands"
    form = page.text[page.text.index("19 baris diterima.") :]
    undo = dict(re.findall(r'<input type="hidden" name="(periksa[^"]+|_revisi)" value="([^"]*)">', form))
    assert head.post(address, undo).status_code == 303
    kept = office.services.tasks.draft(office.actor("kepala.dinas"), task)
    assert kept.entries["periksa.0.putusan"] == ("belum",)


def test_returning_a_row_wants_a_reason(browse, check):
    _, address = check
    head = browse("kepala.dinas")
    data = {"periksa.2.kode": "ALAT-003", "periksa.2.putusan": "ulang"}
    (line,) = post(head, address, data, headers=QUIET).json["rows"]
    assert line["st"] == "incomplete"
    (line,) = post(head, address, {**data, "periksa.2.alasan": "Kurang."}, revision=1, headers=QUIET).json["rows"]
    assert (line["st"], line["n"]) == ("returned", "Kurang.")


def test_rows_of_one_holder_are_looked_at_alone(browse, check):
    _, address = check
    page = browse("kepala.dinas").get(f"{address}?pemegang=Petugas 2")
    assert re.findall(r'<tr data-row="(\d+)"', page.text) == ["0", "3", "6", "9", "12", "15", "18"]


def test_numbers_of_a_sheet_lose_nothing(office, nurse, sheet):
    task, address = sheet

    def work(cells):
        cells["E2"] = 95.56
        cells["H2"] = 1204500000

    confirm(nurse, address, upload(nurse, address, filled_in(nurse, address, work)))
    page = office.services.grids.open(GridRequest(office.actor("sekretaris"), task, TABLE, INDONESIAN, office.now))
    line = page.reading.values["lembar"]["baris"][0]
    assert (line["ada"], line["harga"]) == (Decimal("95.56"), Decimal(1204500000))
