"""A form under a person's hands: days and numbers are read back while they are typed, and paper shows what counts."""

import pytest
from playwright.sync_api import expect

from tests.chromium import MARKS
from tests.pages.test_in_the_browser import chromium, desk, site  # noqa: F401 - fixtures

pytestmark = [*MARKS, pytest.mark.xdist_group("studio")]
F4_INSIDE = {"width": 661, "height": 1096}
"""What is left of a sheet of 215 x 330 mm inside its margins, in pixels of CSS."""


@pytest.fixture
def first(office):
    """The first step of an instance: (instance, task)."""
    instance = office.start()
    return instance, office.task(instance, "perintahkan_pengumpulan_data")


def test_a_day_is_read_back_as_it_is_typed_and_may_be_picked_and_long_texts_say_what_is_left(desk, first):  # noqa: F811
    page = desk("kepala.dinas").open(f"/tugas/{first[1]}#bagian-disposisi")
    day, echoed = page.locator('[name="disposisi.batas_waktu"]'), page.locator("#f-disposisi-batas_waktu-reading")
    expect(echoed).to_contain_text("Rabu, 23 April 2025")
    day.fill("18/12/2026")
    expect(echoed).to_have_text("Dibaca: Jumat, 18 Desember 2026")
    day.fill("25/12/2026")
    expect(echoed).to_have_text("Dibaca: Jumat, 25 Desember 2026 ⚠ kantor tutup: Hari Raya Natal")
    day.fill("25/13/2026")
    expect(echoed).to_be_empty()
    native = page.locator(".date-input", has=day).locator("input[type=date]")
    native.evaluate("(input) => { input.value = '2026-12-21'; input.dispatchEvent(new Event('change')); }")
    expect(day).to_have_value("21/12/2026")
    expect(echoed).to_have_text("Dibaca: Senin, 21 Desember 2026")
    expect(page.get_by_role("button", name="Pilih tanggal").first).to_be_visible()
    note = page.locator('[name="disposisi.catatan"]')
    note.fill("a" * 990)
    expect(note.locator("+ p")).to_have_text("10 karakter lagi")
    note.fill("a" * 1003)
    expect(note.locator("+ p")).to_have_text("kelebihan 3 karakter")


def test_a_printed_form_begins_on_its_first_page_without_buttons_and_a_history_fits_its_sheet(desk, first):  # noqa: F811
    at = desk("kepala.dinas", viewport=F4_INSIDE)
    page = at.open(f"/tugas/{first[1]}")
    page.emulate_media(media="print")
    assert page.locator("button:visible, .btn:visible, input[type=file]:visible").count() == 0
    form = page.locator("form.task-form")
    assert form.evaluate("(form) => getComputedStyle(form).breakInside") == "auto", "or it would move to a second page"
    assert form.evaluate("(form) => getComputedStyle(form.parentElement).display") == "block"
    page = at.open(f"/instans/{first[0]}/riwayat")
    last = page.locator(".ledger thead th").last
    assert last.evaluate("(cell) => cell.getBoundingClientRect().right <= innerWidth")
    assert at.fits()
