"""The grid under a person's hands: arrows, typing, blocks from a spreadsheet, errors, another tab, a phone."""

import json

import pytest

from engine.model.work import DraftKind
from engine.store.queries import drafts
from tests import counting
from tests.chromium import MARKS
from tests.pages.test_in_the_browser import DESKTOP, PHONE, chromium, desk, site  # noqa: F401 - fixtures

pytestmark = [*MARKS, pytest.mark.xdist_group("studio")]  # beside the others on another core
TABLE = "lembar.baris"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


@pytest.fixture
def sheet(office):
    """The task of counting twenty things."""
    return office.task(counting.begin(office), "isi_lembar")


@pytest.fixture
def open_grid(desk, sheet):  # noqa: F811
    """Sit the nurse down before the grid, in a tab of her own."""

    def sit(**options):
        nurse = desk("sekretaris", **options)
        nurse.open(f"/tugas/{sheet}/tabel/{TABLE}")
        return nurse

    return sit


def cell(page, number, column):
    return page.locator(f'[id="f-lembar-baris-{number - 1}-{column}"]')


def saved(page):
    """Save, and wait until the server has it."""
    page.keyboard.press("Control+s")
    arrived(page)


def arrived(page):
    """Wait until nothing is left that the server does not have."""
    page.wait_for_selector(".grid-bar [data-state=saved]")


def draft(office, task, account="sekretaris"):
    with office.database.read() as reader:
        found = drafts.of(reader, drafts.Whose(DraftKind.TASK, task, account))
    return {} if found is None else {path: texts for path, texts in found.entries.items() if any(texts)}


CLIPBOARD = """([kind, text]) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    const event = new ClipboardEvent(kind, {clipboardData: data, bubbles: true, cancelable: true});
    document.activeElement.dispatchEvent(event);
    return data.getData("text/plain");
}"""


def paste(page, text):
    """Paste a block, as a spreadsheet puts it on the clipboard, at the cell in focus."""
    page.evaluate(CLIPBOARD, ["paste", text])


def copied(page):
    """What copying the cells in focus puts on the clipboard."""
    return page.evaluate(CLIPBOARD, ["copy", ""])


def at(page):
    return page.evaluate("document.activeElement.id")


def test_a_row_is_counted_with_the_keyboard_alone_and_what_is_computed_comes_back(office, open_grid, sheet):
    page = open_grid().page
    assert at(page) == "f-lembar-baris-0-kode", "one begins in the first cell"
    cell(page, 1, "ada").click()
    page.keyboard.type("12,5")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.locator(".editing select").select_option("baik")
    page.keyboard.press("Enter")
    assert at(page) == "f-lembar-baris-1-keadaan", "Enter commits and goes down"
    page.keyboard.press("Control+Home")
    assert at(page) == "f-lembar-baris-0-kode"
    page.keyboard.press("Control+End")
    assert at(page).startswith("f-lembar-baris-19-")
    saved(page)
    assert cell(page, 1, "selisih").inner_text().strip().startswith("11,5")
    assert "1 dari 20 baris lengkap" in page.inner_text(".grid-count")
    assert draft(office, sheet)[f"{TABLE}.0.keadaan"] == ("baik",)


def test_escape_restores_delete_empties_and_undo_brings_back(office, open_grid):
    page = open_grid().page
    cell(page, 2, "ada").click()
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("F2")
    page.keyboard.type("99")
    page.keyboard.press("Escape")
    assert cell(page, 2, "ada").inner_text().strip().startswith("7")
    page.keyboard.press("Delete")
    assert "kosong" in cell(page, 2, "ada").inner_text()
    page.keyboard.press("Control+z")
    assert cell(page, 2, "ada").inner_text().strip().startswith("7")
    page.keyboard.press("Control+y")
    assert "kosong" in cell(page, 2, "ada").inner_text()
    cell(page, 2, "buku").click()
    page.keyboard.type("5")
    assert not page.locator(".editing").count(), "what is given is not typed over"


def test_a_block_from_a_spreadsheet_goes_in_at_the_cell_and_is_undone_at_once(office, open_grid, sheet):
    page = open_grid().page
    cell(page, 3, "ada").click()
    paste(page, "1\tx\tBaik\n2\tx\tRusak\n")
    arrived(page)
    assert "4 sel ditempel, 2 dilewati" in page.inner_text(".grid-status")
    kept = draft(office, sheet)
    assert [kept[f"{TABLE}.{n}.keadaan"] for n in (2, 3)] == [("baik",), ("rusak",)]
    assert cell(page, 3, "selisih").inner_text().strip().startswith("-2"), "what is computed was skipped"
    cell(page, 3, "ada").click()
    page.keyboard.press("Shift+ArrowDown")
    assert copied(page) == "1\n2"
    page.click(".grid-status button")
    saved(page)
    assert f"{TABLE}.2.ada" not in draft(office, sheet)


def test_two_thousand_cells_are_pasted_into_five_hundred_rows(desk, office):  # noqa: F811
    task = office.task(counting.begin(office, 500), "isi_lembar")
    page = desk("sekretaris").open(f"/tugas/{task}/tabel/{TABLE}")
    assert page.locator(".grid tbody tr").count() == 500
    cell(page, 1, "ada").click()
    paste(page, "\n".join("7\t\tbaik\t1.000" for _ in range(500)))
    arrived(page)
    assert "500 dari 500 baris lengkap" in page.inner_text(".grid-count")
    assert draft(office, task)[f"{TABLE}.499.harga"] == ("1.000",)


def test_f8_leads_from_error_to_error_and_one_reading_serves_all_alike(office, open_grid, sheet):
    page = open_grid().page
    cell(page, 4, "ada").click()
    paste(page, "1.234\n2.345\n3")
    page.wait_for_selector(".grid td.wrong")
    page.keyboard.press("Control+Home")
    page.locator('[data-filter-name="perbaiki"]').click()
    page.locator(".grid td[tabindex='0']").focus()
    page.keyboard.press("F8")
    assert at(page) == "f-lembar-baris-3-ada"
    assert cell(page, 4, "ada").get_attribute("aria-invalid") == "true"
    assert page.locator(f"#{cell(page, 4, 'ada').get_attribute('aria-errormessage')}").is_visible()
    page.get_by_role("button", name="1.234: Pakai tafsir ini untuk 2 sel serupa").click()
    saved(page)
    assert [draft(office, sheet)[f"{TABLE}.{n}.ada"] for n in (3, 4)] == [("1234",), ("2345",)]


def test_the_panel_of_a_row_holds_its_long_texts_and_its_files(office, open_grid, sheet):
    nurse = open_grid()
    page = nurse.page
    cell(page, 2, "ada").click()
    page.keyboard.press("F4")
    assert "Dibeli tahun 2012." in page.inner_text(".grid-panel"), "what explains a row is here"
    page.fill(".grid-panel #panel-uraian", "Kabel putus,\nmenunggu suku cadang")
    page.set_input_files(".grid-panel #panel-foto", {"name": "alat.png", "mimeType": "image/png", "buffer": PNG})
    page.wait_for_selector(".grid-panel a[href^='/lampiran/']")
    assert not nurse.faults()
    page.keyboard.press("Escape")
    saved(page)
    kept = draft(office, sheet)
    assert (
        kept[f"{TABLE}.1.uraian"] == ("Kabel putus,\nmenunggu suku cadang",)
        or "Kabel putus" in kept[f"{TABLE}.1.uraian"][0]
    )
    assert len([text for text in kept[f"{TABLE}.1.foto"] if text]) == 1


def test_two_tabs_that_changed_the_same_cell_show_both_values_and_lose_none(office, open_grid, sheet):
    first, second = open_grid().page, open_grid().page
    cell(first, 1, "ada").click()
    first.keyboard.type("1")
    first.keyboard.press("Enter")
    saved(first)
    second.context.set_offline(True)  # so that both changes go out together, however slow the machine
    cell(second, 2, "ada").click()
    second.keyboard.type("22")
    second.keyboard.press("Enter")
    cell(second, 1, "ada").click()
    second.keyboard.type("11")
    second.keyboard.press("Enter")
    second.context.set_offline(False)
    second.keyboard.press("Control+s")
    second.get_by_role("button", name="Pakai isian saya: 11").wait_for()
    second.wait_for_timeout(500)
    kept = draft(office, sheet)
    assert (kept[f"{TABLE}.0.ada"], kept[f"{TABLE}.1.ada"]) == (("1",), ("22",)), "what does not clash is saved"
    second.get_by_role("button", name="Pakai yang tersimpan: 1").click()
    assert cell(second, 1, "ada").inner_text().strip().startswith("1")
    assert not second.locator(".grid td.wrong").count()


def test_what_the_network_lost_is_there_again_in_this_browser(office, open_grid, sheet):
    nurse = open_grid()
    page = nurse.page
    page.context.set_offline(True)
    cell(page, 5, "ada").click()
    page.keyboard.type("55")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+s")
    page.wait_for_selector(".grid-bar [data-state=local]")
    kept = page.evaluate("JSON.stringify(Object.values(localStorage))")
    assert "55" in json.dumps(kept)
    page.context.set_offline(False)
    page.on("dialog", lambda dialog: dialog.accept())
    saved(page)
    assert draft(office, sheet)[f"{TABLE}.4.ada"] == ("55",)
    nurse.complaints.clear()  # the browser says that it was offline


def test_the_form_leads_to_the_table_and_back_without_losing_a_word(desk, office, sheet):  # noqa: F811
    page = desk("sekretaris").open(f"/tugas/{sheet}")
    page.fill('[name="catatan"]', "Shift malam")
    page.get_by_role("button", name="Buka tabel").click()
    page.wait_for_url("**/tabel/**")
    cell(page, 1, "ada").click()
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    saved(page)
    page.get_by_role("link", name="Kembali ke tugas").click()
    assert page.input_value('[name="catatan"]') == "Shift malam"
    assert "1 dari 20 baris terisi" in page.inner_text("main")


def test_what_the_form_could_not_send_is_there_again_after_a_look_at_the_table(desk, office, sheet):  # noqa: F811
    sitting = desk("sekretaris")
    page = sitting.open(f"/tugas/{sheet}")
    page.route("**/draf", lambda route: route.abort())
    page.fill('[name="catatan"]', "Shift malam")
    page.locator(".draft-state", has_text="⚠").wait_for()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(page.url.split("#")[0] + f"/tabel/{TABLE}")
    cell(page, 1, "ada").wait_for()
    assert "Shift malam" in page.evaluate("JSON.stringify(Object.values(localStorage))"), "nothing else has it"
    page.unroute("**/draf")
    page.get_by_role("link", name="Kembali ke tugas").click()
    page.wait_for_selector('[name="catatan"]')
    page.wait_for_function("document.querySelector('[name=catatan]').value === 'Shift malam'")
    sitting.complaints.clear()  # the browser says what did not get through


def test_rows_are_accepted_and_returned_and_that_is_undone(desk, office, sheet):  # noqa: F811
    nurse = office.actor("sekretaris")
    entries = {**counting.counted(20), "catatan": [""]}
    office.services.tasks.complete(nurse, sheet, entries, office.now)
    instance = office.services.tasks.receipt(nurse, sheet, office.now).instance.id
    task = office.task(instance, "periksa_lembar")
    head = desk("kepala.dinas")
    page = head.open(f"/tugas/{task}/tabel/periksa")
    page.get_by_role("button", name="Kembalikan…: ALAT-003").click()
    page.keyboard.type("Hitung lagi.")
    page.keyboard.press("Enter")
    arrived(page)
    assert "Dikembalikan" in page.locator(".grid tbody tr").nth(2).inner_text()
    page.get_by_role("button", name="Terima semua yang lengkap (19)").click()
    page.wait_for_selector(".row-accepted")
    assert page.locator(".row-accepted").count() == 19
    assert draft(office, task, "kepala.dinas")["periksa.2.alasan"] == ("Hitung lagi.",)
    page.get_by_role("button", name="Urungkan").click()
    page.wait_for_selector(".row-accepted", state="detached")
    page.select_option("#pemegang", "Petugas 2")
    assert page.locator(".grid tbody tr:not([hidden])").count() == 7
    assert not head.faults()


@pytest.mark.parametrize("language", ["id", "en"])
def test_axe_finds_nothing_serious_and_nothing_but_the_grid_scrolls_sideways(desk, office, sheet, language):  # noqa: F811
    nurse = desk("sekretaris")
    nurse.open("/masuk")
    if language == "en":
        nurse.page.locator('[name="bahasa"][value="en"]').click()
    faults, wide = [], []
    for path in (
        f"/tugas/{sheet}/tabel/{TABLE}",
        f"/tugas/{sheet}/tabel/{TABLE}?tampilan=formulir",
        f"/tugas/{sheet}/tabel/{TABLE}/unggah",
        f"/tugas/{sheet}",
    ):
        for viewport in (DESKTOP, PHONE):
            nurse.page.set_viewport_size(viewport)
            nurse.open(path)
            faults += nurse.faults()
            wide += [] if nurse.fits() else [(path, viewport)]
    assert not faults, "\n".join(faults)
    assert not wide


def test_on_a_phone_rows_are_cards_that_save_themselves_page_by_page(desk, office, sheet):  # noqa: F811
    page = desk("sekretaris", viewport=PHONE).open(f"/tugas/{sheet}/tabel/{TABLE}")
    assert not page.locator(".grid").count()
    page.get_by_role("button", name="1 · ALAT-001").click()
    page.fill(f'[name="{TABLE}.0.ada"]', "4")
    on, field = page.get_by_role("button", name="Berikutnya"), page.locator(f'[name="{TABLE}.0.ada"]')
    assert on.bounding_box()["y"] > field.bounding_box()["y"], "one goes on below what one filled in"
    on.click()
    assert not page.locator(f'[name="{TABLE}.0.ada"]').is_visible(), "one row at a time"
    page.get_by_role("button", name="Simpan draf").click()
    page.wait_for_selector(".notice-hijau")
    assert draft(office, sheet)[f"{TABLE}.0.ada"] == ("4",)


@pytest.mark.parametrize(("viewport", "view"), [(DESKTOP, "?tampilan=formulir"), (PHONE, "")], ids=["form", "phone"])
def test_evidence_chosen_in_the_form_of_a_row_survives_every_save(desk, office, sheet, viewport, view):  # noqa: F811
    nurse = desk("sekretaris", viewport=viewport)
    page = nurse.open(f"/tugas/{sheet}/tabel/{TABLE}{view}#f-lembar-baris-0-ada")
    photo, box = f"{TABLE}.0.foto", page.locator(f'input[type=checkbox][name="{TABLE}.0.foto"]')
    page.set_input_files(f'[type=file][name="{photo}"]', {"name": "alat.png", "mimeType": "image/png", "buffer": PNG})
    box.wait_for()
    page.wait_for_selector(".draft-state:has-text('Draf tersimpan')")
    kept = draft(office, sheet)[photo]
    assert len(kept[-1]) == 36, "the server has it before anybody presses a button"
    assert not page.locator(".invalid-feedback").count(), "nothing is wrong before anybody types"
    page.fill(f'[name="{TABLE}.0.ada"]', "4")
    page.locator(f'[name="{TABLE}.0.ada"]').blur()
    page.locator("#f-lembar-baris-0-selisih", has_text="3").wait_for()
    page.get_by_role("button", name="Simpan draf").click()
    page.wait_for_selector(".notice-hijau")
    assert "dipasang kembali" not in page.inner_text(".draft-state")
    page.fill(f'[name="{TABLE}.0.uraian"]', "Kabel putus.")
    page.locator(".draft-state", has_text="●").wait_for()
    page.wait_for_selector(".draft-state:has-text('Draf tersimpan')")
    page.reload()
    assert box.is_checked()
    assert draft(office, sheet)[photo] == kept
    assert not nurse.faults()
    box.uncheck()
    page.locator(".draft-state", has_text="●").wait_for()
    page.wait_for_selector(".draft-state:has-text('Draf tersimpan')")
    page.reload()
    assert not box.count(), "only their own hand takes it away"
