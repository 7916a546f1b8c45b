"""Lists in a real browser: ten rows on a small screen, keys on a row alone, cards on a phone, axe on the home page."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.chromium import MARKS
from tests.pages.test_in_the_browser import PHONE, VIOLATIONS, chromium, desk, site

pytestmark = [*MARKS, pytest.mark.xdist_group("browser")]
__all__ = ["chromium", "desk", "site"]
PERIODS = ("I", "II", "III", "IV")


@pytest.fixture
def crowded(office):
    """Twelve quarters that wait for the head."""
    return [office.start(year=year, period=period) for year in ("2025", "2026", "2027") for period in PERIODS]


def visible(page):
    """How many rows of the list stand whole on the screen."""
    return page.evaluate(
        "[...document.querySelectorAll('table.list tbody tr')].map(row => row.getBoundingClientRect())"
        ".filter(row => row.bottom <= innerHeight).length"
    )


def test_a_small_screen_shows_ten_rows_and_a_phone_cards_with_the_filter_on_one_line(desk, crowded):
    head = desk("kepala.dinas")
    for path in ("/tugas", "/instans"):
        page = head.open(path)
        assert visible(page) >= 10, path
        top = page.locator("table.list").bounding_box()["y"] - page.locator("main").bounding_box()["y"]
        assert top <= 200, path
    phone = desk("kepala.dinas", viewport=PHONE)
    for path in ("/tugas", "/instans", "/dokumen", "/"):
        page = phone.open(path)
        assert phone.fits(), path
        assert page.locator(".list-filters").count() == 0 or not page.locator(".list-filters").is_visible(), path
    card = phone.open("/tugas").locator("table.list tbody tr").first
    assert card.evaluate("row => getComputedStyle(row).display") == "block"


def test_saved_filters_are_renamed_and_deleted_without_leaving_the_page(desk, crowded):
    for viewport in (None, PHONE):
        head = desk("kepala.dinas", **({"viewport": viewport} if viewport else {}))
        page = head.open("/tugas?cari=Triwulan")
        for which in ("Simpan", "Hapus"):
            page.get_by_text("Saringan tersimpan").click()
            assert head.fits(), which
            if which == "Simpan":
                page.get_by_label("Simpan saringan ini sebagai").fill("Triwulan yang menunggu saya")
            page.get_by_role("button", name=which, exact=True).click()


def test_a_list_is_worked_through_by_keys_which_act_on_a_row_alone(desk, crowded):
    head = desk("kepala.dinas")
    page = head.open("/tugas")
    rows = page.locator("table.list .task-title a")
    page.keyboard.press("?")
    expect(page.locator("[data-list-keys]")).not_to_have_attribute("open", "")
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(rows.nth(2)).to_be_focused()
    assert page.locator("tbody input:checked").count() == 2
    page.keyboard.press("?")
    expect(page.locator("[data-list-keys]")).to_have_attribute("open", "")
    page.keyboard.press("End")
    expect(rows.last).to_be_focused()
    page.keyboard.press("Control+a")
    assert page.locator("tbody input:checked").count() == 12
    page.keyboard.press("Control+a")
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Ambil", exact=True).press("Enter")
    page.get_by_role("heading", name="1 tugas diambil").wait_for()
    page = head.open("/tugas")
    page.locator("table.list .task-title a").first.press("Enter")
    expect(page.locator("[data-complete]")).to_be_attached()  # of a long form it is seen at its end


@pytest.mark.parametrize("language", ["id", "en"])
def test_axe_finds_nothing_serious_at_home_and_in_the_inbox(desk, office, crowded, language):
    office.services.accounts.set_locale(office.actor("kepala.dinas"), language, office.now)
    for account in ("kepala.dinas", "operator"):
        one = desk(account)
        for path in ("/", "/tugas", "/tugas?tampil=menunggu&cari=x", "/instans"):
            found = Axe().run(one.open(path), options=VIOLATIONS).response["violations"]
            assert [fault["id"] for fault in found if fault["impact"] in ("serious", "critical")] == [], path
