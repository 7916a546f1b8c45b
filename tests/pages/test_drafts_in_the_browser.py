"""Nothing that was typed or chosen is lost: one story for each way in which it could be, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.chromium import MARKS
from tests.pages.conftest import PASSWORD
from tests.pages.test_in_the_browser import PDF, PHONE, chromium, desk, site  # noqa: F401 - fixtures

pytestmark = [*MARKS, pytest.mark.xdist_group("browser")]
NOTE, WHENCE, FILE = '[name="disposisi.catatan"]', '[name="disposisi.asal_naskah"]', '[type=file][name$=".berkas"]'
STATE = ".draft-state"
ALL = "#semua"  # every part of the form at once
SAVED = ".draft-state:has-text('Draf tersimpan')"
DESKTOP = {"width": 1366, "height": 768}
SCREENS = pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])


@pytest.fixture
def path(office):
    """The head's first step."""
    return f"/tugas/{office.task(office.start(), 'perintahkan_pengumpulan_data')}"


@pytest.fixture
def kept(office, path):
    """What the server keeps of a field of that step."""

    def kept(field=NOTE):
        draft = office.services.tasks.draft(office.actor("kepala.dinas"), path.removeprefix("/tugas/"))
        return draft.entries[field.split('"')[1]][-1]

    return kept


def test_enter_saves_and_never_completes_and_in_a_text_of_many_lines_it_is_a_line(desk, office, path, kept):  # noqa: F811
    page = desk("kepala.dinas").open(path + ALL)
    page.fill(WHENCE, "Sekretariat Daerah")
    page.keyboard.press("Enter")
    page.wait_for_selector(SAVED)
    page.focus(NOTE)
    page.keyboard.type("satu")
    page.keyboard.press("Enter")
    page.keyboard.type("dua")
    page.locator(STATE, has_text="●").wait_for()
    page.keyboard.press("Control+s")
    page.wait_for_selector(SAVED)
    assert (kept(WHENCE), kept()) == ("Sekretariat Daerah", "satu\r\ndua")
    assert page.url.endswith(path + ALL)


@SCREENS
def test_after_an_error_a_menu_and_the_way_back_everything_is_there(desk, path, viewport):  # noqa: F811
    page = desk("kepala.dinas", viewport=viewport).open(path + ALL)
    page.fill(WHENCE, "")
    page.locator("[data-complete]").click()
    page.wait_for_selector(".error-summary")
    page.fill(NOTE, "ditulis sesudah kesalahan")
    page.locator('nav:visible a[href="/tugas"]').first.click()
    page.wait_for_url("**/tugas")
    page.go_back()
    assert page.input_value(NOTE) == "ditulis sesudah kesalahan"


def test_two_tabs_show_both_versions_and_what_is_not_chosen_can_be_fetched(desk, path, kept):  # noqa: F811
    head = desk("kepala.dinas")
    first = head.open(path + ALL)
    second = head.context.new_page()
    second.goto(head.site + path + ALL)
    second.fill(NOTE, "tab kedua")
    second.wait_for_selector(SAVED)
    first.fill(NOTE, "tab pertama")
    first.get_by_role("button", name="Pakai yang tersimpan pukul").wait_for()
    assert "tab pertama" in first.evaluate("JSON.stringify(Object.values(localStorage))"), "kept here meanwhile"
    first.get_by_role("button", name="Pakai isian di sini").click()
    first.wait_for_selector(SAVED)
    assert kept() == "tab pertama"
    first.reload()
    first.get_by_role("button", name="Pakai isian itu").click()
    expect(first.locator(NOTE)).to_have_value("tab kedua")


@SCREENS
def test_a_session_that_ends_while_one_types_goes_on_after_signing_in_beside(desk, office, path, kept, viewport):  # noqa: F811
    head = desk("kepala.dinas", viewport=viewport)
    page = head.open(path + ALL)
    office.later(hours=2)
    page.fill(NOTE, "diketik sesudah sesi berakhir")
    with page.expect_popup() as popup:
        page.get_by_role("link", name="Masuk lagi").click()
    beside = popup.value
    beside.fill("#akun", "kepala.dinas")
    beside.fill("#sandi", PASSWORD)
    beside.click("main .btn-primary")
    beside.wait_for_url("**/tugas")
    beside.close()
    page.evaluate("dispatchEvent(new Event('focus'))")
    page.wait_for_selector(SAVED)
    assert kept() == "diketik sesudah sesi berakhir"
    assert not page.locator("#bar-session").count()
    head.complaints.clear()  # the browser names the 401


@SCREENS
def test_a_browser_that_dies_between_two_keys_has_it_when_it_is_opened_again(desk, path, viewport):  # noqa: F811
    head = desk("kepala.dinas", viewport=viewport)
    page = head.open(path + ALL)
    head.context.set_offline(True)  # nothing leaves any more
    page.fill(NOTE, "tombol terakhir sebelum mati")
    page.locator(STATE, has_text="tersimpan di peramban ini").wait_for()
    page.close()
    head.context.set_offline(False)
    head.page = head.context.new_page()
    assert head.open(path + ALL).input_value(NOTE) == "tombol terakhir sebelum mati"
    assert "dipasang kembali" in head.page.inner_text(STATE)
    head.complaints.clear()


def test_on_a_phone_with_a_weak_network_it_is_kept_said_and_sent_by_itself(desk, path, kept):  # noqa: F811
    head = desk("kepala.dinas", viewport=PHONE)
    page = head.open(path + ALL)
    page.set_input_files(FILE, [])
    head.context.set_offline(True)
    page.fill(NOTE, "di jalan")
    page.set_input_files(FILE, {"name": "pk.pdf", "mimeType": "application/pdf", "buffer": PDF})
    page.locator(STATE, has_text="tersimpan di peramban ini").wait_for()
    page.locator(".form-hint", has_text="pk.pdf belum terkirim").wait_for()
    head.context.set_offline(False)
    page.locator(".check", has_text="pk.pdf").wait_for()
    page.wait_for_selector(SAVED)
    assert kept() == "di jalan"
    assert head.fits()
    head.complaints.clear()


def test_files_are_there_after_saving_typing_reloading_and_completing(desk, office, path, kept):  # noqa: F811
    page = desk("kepala.dinas").open(path + ALL)
    page.set_input_files(FILE, {"name": "pk.pdf", "mimeType": "application/pdf", "buffer": PDF})
    box = page.locator(".check", has_text="pk.pdf").locator("input[type=checkbox]")
    box.wait_for()
    page.fill(NOTE, "sesudah berkas")
    page.wait_for_selector(SAVED)
    page.get_by_role("button", name="Simpan draf", exact=True).click()
    page.wait_for_selector(".notice-hijau")
    assert box.is_checked()
    page.fill(NOTE, "sesudah disimpan")
    page.locator(STATE, has_text="●").wait_for()
    page.wait_for_selector(SAVED)
    page.reload()
    assert box.is_checked()
    assert len(kept('[name="perjanjian_kinerja.berkas"]')) == 36


def test_beginning_anew_is_undone(desk, path, kept):  # noqa: F811
    page = desk("kepala.dinas").open(path + ALL)
    page.fill(NOTE, "setengah hari kerja")
    page.wait_for_selector(SAVED)
    page.reload()
    page.get_by_role("button", name="Mulai dari kosong").click()
    page.get_by_role("button", name="Urungkan").click()
    expect(page.locator(NOTE)).to_have_value("setengah hari kerja")


def test_signing_out_sends_what_is_left_and_asks_about_what_cannot_be_sent(desk, path, kept):  # noqa: F811
    head = desk("kepala.dinas")
    page = head.open(path + ALL)
    page.route("**/draf", lambda route: route.abort())
    page.fill(NOTE, "belum sampai")
    page.locator(STATE, has_text="tersimpan di peramban ini").wait_for()
    with page.expect_event("dialog") as asked:
        page.once("dialog", lambda dialog: dialog.dismiss())
        page.locator(".sign-out button").click()
    assert "belum sampai di server" in asked.value.message
    page.unroute("**/draf")
    page.locator(".sign-out button").click()
    page.wait_for_url("**/masuk")
    assert kept() == "belum sampai"
    head.complaints.clear()


def test_one_click_signs_out_where_nothing_waits_to_be_sent(desk):  # noqa: F811
    head = desk("kepala.dinas")
    head.page.get_by_role("heading", name="Beranda").wait_for()
    head.page.locator(".sign-out button").click()
    head.page.wait_for_url("**/masuk")
    assert "/masuk?lanjut=/tugas" in head.open("/tugas").url
