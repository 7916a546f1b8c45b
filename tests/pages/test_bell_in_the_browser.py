"""The bell in a real browser: it counts without reloading, tells of what is new, and fits a desk and a phone."""

import pytest

from tests.chromium import MARKS
from tests.pages.test_in_the_browser import DESKTOP, PHONE, chromium, desk, site
from tests.telling.office import swept

__all__ = ["chromium", "desk", "site"]
pytestmark = [*MARKS, pytest.mark.xdist_group("browser")]


def tell(office, period):
    """The secretary gets a task, and the worker comes by."""
    office.do("kepala.dinas", office.start(period=period), "perintahkan_pengumpulan_data")
    swept(office)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_the_bell_counts_by_itself_and_leads_to_what_is_new(desk, office, viewport):
    secretary = desk("sekretaris", viewport=viewport)
    page = secretary.page
    page.clock.install()
    secretary.open("/tugas")
    badge = page.locator(".bell .count")
    assert badge.is_hidden()
    tell(office, "I")
    asked = []
    page.on("response", lambda answer: asked.append(answer.status) if "/jumlah" in answer.url else None)
    page.clock.run_for(31_000)
    badge.wait_for()
    assert badge.inner_text() == "1"
    page.clock.run_for(31_000)
    page.wait_for_timeout(500)
    assert asked == [200, 304], "what has not changed costs a line"
    assert secretary.fits()
    page.locator(".bell").click()
    page.get_by_role("heading", name="Pemberitahuan").wait_for()
    assert secretary.fits()
    assert secretary.faults() == []
    tell(office, "II")
    page.clock.run_for(31_000)
    page.get_by_text("Ada pemberitahuan baru.").wait_for()
    page.locator("#bar-bell").get_by_role("link", name="Tampilkan").click()
    page.locator(".notices .unread").nth(1).wait_for()
    page.locator(".notices .unread a").first.click()
    page.wait_for_url("**/tugas/*")
    assert badge.inner_text() == "1"
    assert secretary.fits()
    secretary.open("/pemberitahuan")
    page.get_by_role("button", name="Tandai semua dibaca").click()
    page.get_by_role("button", name="Urungkan").click()
    page.locator(".notices .unread").first.wait_for()
    secretary.open("/pemberitahuan/cara")
    assert secretary.fits()
    assert secretary.faults() == []


def test_the_operator_s_pages_of_mail_reminders_and_webhook_fit_a_phone(desk):
    operator = desk("operator", viewport=PHONE)
    for path in ("/pengaturan/surel", "/pengaturan/pengingat", "/pengaturan/webhook"):
        operator.open(path)
        assert operator.fits(), path
        assert operator.faults() == []
