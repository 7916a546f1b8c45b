"""The sheet before people's eyes and ears: on an office's screen, on a phone, and in both languages."""

from playwright.sync_api import expect

from tests.office import SOP
from tests.pages import test_in_the_browser as browser
from tests.pages.test_in_the_browser import PHONE, chromium, desk, site  # noqa: F401 - fixtures
from tests.service.test_step_tables import workbook

pytestmark = browser.pytestmark
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def test_on_a_screen_it_is_the_sheet_as_printed_and_for_who_hears_it_a_table(desk):  # noqa: F811
    auditor = desk("auditor")
    page = auditor.open(f"/sop/{SOP}/lembar")
    picture = page.locator(".sheet-scroll > svg")
    assert picture.bounding_box()["width"] > 1000
    assert "Menerintahkan untuk melakukan" in picture.inner_html()
    assert page.get_by_role("table", name="Lembar SOP sebagai tabel").get_by_role("row").count() == 8
    assert not page.get_by_text("Lihat lembar").is_visible()
    page.get_by_text("Ejaan baku", exact=True).click()
    expect(page.locator(".sheet-scroll > svg")).to_contain_text("Memerintahkan untuk")  # its column is narrow
    assert auditor.fits()
    assert auditor.faults() == []
    page.get_by_role("button", name="EN").click()
    page.get_by_role("link", name="Download PDF").wait_for()
    assert auditor.faults() == []


def test_on_a_phone_it_is_numbered_cards_and_the_sheet_when_asked_for(desk):  # noqa: F811
    holder = desk("pemegang.data.1", viewport=PHONE)
    page = holder.open(f"/sop/{SOP}/lembar")
    assert page.locator(".sheet-table tbody tr").nth(3).is_visible()
    assert not page.locator(".sheet-image").is_visible()
    assert holder.fits()
    assert holder.faults() == []
    page.get_by_role("link", name="Lihat lembar").click()
    assert page.locator(".sheet-image").is_visible()
    assert holder.fits(), "the picture scrolls in its own frame"


def test_a_designer_brings_a_table_and_finds_it_drawn_in_the_studio_without_a_finding(desk):  # noqa: F811
    designer = desk("perancang")
    page = designer.open("/studio")
    page.get_by_role("link", name="Dari tabel langkah").click()
    page.fill("#nama", "Pelayanan Izin")
    page.fill("#id", "pelayanan_izin")
    page.set_input_files("#berkas", {"name": "langkah.xlsx", "mimeType": XLSX, "buffer": workbook()})
    page.get_by_role("button", name="Baca tabel").click()
    page.get_by_role("heading", name="Yang terbaca").wait_for()
    assert designer.faults() == []
    page.get_by_role("link", name="Buka draf di studio").click()
    page.locator('[data-element-id="memeriksa_permohonan"]').first.wait_for()
    page.get_by_text("Tidak ada temuan").wait_for()
    page.locator('[data-element-id="menyerahkan_hasil"]').first.click()
    remark = page.get_by_label("Keterangan pada lembar SOP")
    assert remark.input_value() == "Selesai hari itu"
