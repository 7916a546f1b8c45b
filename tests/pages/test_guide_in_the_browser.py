"""A newcomer's ten minutes in a real browser: three workplaces of the living office, with help at hand.

The story passes the pages that the guide shows. ``ALUR_PANDUAN=1`` keeps its pictures in ``docs/panduan/gambar``: they
change only when somebody wants them to, and a fresh machine, which has no browser, has them all the same.
"""

import os
from base64 import b64decode, b64encode
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from engine import sample_office
from engine.app import build
from engine.settings import read
from engine.web.application import create_app
from tests.chromium import MARKS
from tests.office import ROOT, WIB
from tests.pages.test_guide import TEXTS
from tests.pages.test_in_the_browser import PHONE, Desk, chromium, served  # noqa: F401 - a fixture

pytestmark = [*MARKS, pytest.mark.xdist_group("studio")]  # beside the others on another core
FIRST_START = datetime(2026, 12, 1, 9, 15, tzinfo=WIB)
FRAME = {"width": 1120, "height": 660}
TO_WEBP = """async (png) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", 0.6).split(",")[1];
}"""


@pytest.fixture(scope="module")
def living(tmp_path_factory):
    """The living office as `alur run` serves it."""
    folders = {"ALUR_PROCESSES": str(ROOT / "processes"), "ALUR_FORMS": str(ROOT / "forms")}
    joined = build(read({"ALUR_DATA": str(tmp_path_factory.mktemp("living") / "data"), **folders}), make=True)
    sample_office.open_office(joined, FIRST_START, empty=False)
    joined.services.checks.sweep("uji", FIRST_START)
    times = iter(FIRST_START + timedelta(seconds=n) for n in range(1, 100_000))
    key, name = b"k" * 32, "DPMPTSP Kota Pematangsiantar"
    with served(
        create_app(joined.services, secret_key=key, office_name=name, samples=True, clock=times.__next__)
    ) as at:
        yield at
    joined.database.close()


@pytest.fixture
def newcomer(chromium, living):  # noqa: F811
    """Sit a newcomer down, who clicks on a role; what the browser complains about fails the test."""
    desks = []

    def sit(account, viewport=FRAME):
        desk = Desk(chromium, living, viewport=viewport)
        desks.append(desk)
        desk.open("/masuk").click(f'button[name="akun"][value="{account}"]')
        desk.page.locator(".sign-out").wait_for()
        return desk

    yield sit
    for desk in desks:
        desk.close()


def kept(desk, name):
    """Keep what the person sees as a picture of the guide, if that is wanted."""
    assert not desk.faults()
    assert desk.fits()
    if os.environ.get("ALUR_PANDUAN"):
        desk.page.evaluate("scrollTo(0, 0)")
        blank, seen = desk.context.new_page(), b64encode(desk.page.screenshot()).decode()
        (TEXTS / "gambar" / f"{name}.webp").write_bytes(b64decode(blank.evaluate(TO_WEBP, seen)))
        blank.close()


def understood(desk):
    """Hide what to do first."""
    desk.page.locator(".first-deeds button").click()
    desk.page.locator(".first-deeds").wait_for(state="detached")
    return desk.page


def test_a_newcomer_sees_the_three_workplaces_in_ten_minutes(newcomer, chromium, living):  # noqa: F811
    door = Desk(chromium, living, viewport=FRAME)
    door.open("/masuk")
    kept(door, "masuk")
    door.close()

    holder = newcomer("pemegang.data.1")
    page = understood(holder)
    page.goto(f"{living}/tugas")
    assert "Dikembalikan oleh Tim SAKIP" in page.inner_text("main")
    kept(holder, "tugas")
    page.locator(".task-action .btn").first.click()
    page.wait_for_url("**/tugas/*")
    kept(holder, "formulir")

    head = newcomer("kepala.dinas")
    understood(head).goto(f"{living}/tugas")
    head.page.locator(".task-action .btn").first.click()
    head.page.wait_for_url("**/dokumen/*")
    kept(head, "setujui")

    designer = newcomer("perancang")
    understood(designer).goto(f"{living}/studio")
    kept(designer, "studio")

    auditor = newcomer("auditor")
    page = understood(auditor)
    page.goto(f"{living}/audit/keutuhan")
    kept(auditor, "keutuhan")
    page.goto(f"{living}/instans")
    page.locator("main table a").last.click()
    page.wait_for_url("**/instans/*")
    page.goto(f"{page.url.partition('#')[0]}/riwayat")
    kept(auditor, "riwayat")

    operator = newcomer("operator")
    understood(operator).goto(f"{living}/orang")
    kept(operator, "orang")


@pytest.mark.parametrize("viewport", [FRAME, PHONE], ids=["desk", "phone"])
def test_one_key_opens_the_help_of_a_page_and_closes_it(newcomer, viewport):
    desk = newcomer("sekretaris", viewport)
    desk.open("/tugas")
    page, panel = desk.page, desk.page.locator(".help-panel")
    page.keyboard.press("Alt+h")
    expect(panel).to_contain_text("memuat yang harus Anda kerjakan")
    assert desk.fits()
    assert not desk.faults()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    page.keyboard.press("Alt+h")
    expect(panel).to_be_visible()
    page.keyboard.press("Alt+h")
    expect(panel).to_be_hidden()
    page.locator("#cari-semua, #cari").last.press("h")  # a letter by itself opens nothing
    expect(panel).to_be_hidden()


def test_the_guide_is_read_on_a_phone(newcomer):
    desk = newcomer("auditor", PHONE)
    desk.open("/panduan/pegawai")
    assert desk.fits()
    assert not desk.faults()
