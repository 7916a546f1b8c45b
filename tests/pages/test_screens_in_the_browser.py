"""How long each step's pages are, on the screen of an office PC and on a phone."""

import pytest

from tests.chromium import MARKS
from tests.pages.conftest import known
from tests.pages.test_in_the_browser import DESKTOP, PHONE, chromium, desk, site  # noqa: F401 - fixtures
from tests.year import HOLDERS, Year

pytestmark = [*MARKS, pytest.mark.xdist_group("studio")]  # beside the others on another core
STEPS = (
    ("kepala.dinas", "perintahkan_pengumpulan_data"),
    ("sekretaris", "siapkan_kertas_kerja"),
    ("tim.sakip", "susun_jadwal"),
    *((holder, "siapkan_data") for holder in HOLDERS),
    ("tim.sakip", "susun_analisis"),
    ("sekretaris", "minta_persetujuan"),
    ("kepala.dinas", "tandatangani_persetujuan"),
)


@pytest.fixture
def office(database, data_dir):
    """The office in its sample year, whose people all know their password."""
    return known(Year(database, data_dir).open())


def screens(page):
    """How many screens high the page is as it stands."""
    page.locator("[data-answers][aria-busy]").wait_for(state="detached")
    return round(page.evaluate("document.documentElement.scrollHeight / innerHeight"), 2)


def walk(somebody, task):
    """The views of a step's form with their screens, and the pages of its tables."""
    page = somebody.open(f"/tugas/{task}")
    yield "first", screens(page)
    if page.locator('[name="keputusan"][value="setuju"]').count():
        page.evaluate("location.hash = 'bagian-keputusan'")
        page.locator('[name="keputusan"][value="setuju"]').check()
    for link in page.eval_on_selector_all("[data-parts] li a", "all => all.map(each => each.hash)"):
        page.evaluate("hash => location.hash = hash", link)
        yield link, screens(page)
    for table in page.eval_on_selector_all("[name=_tabel]", "all => all.map(each => each.value)"):
        page = somebody.open(f"/tugas/{task}/tabel/{table}")
        yield table, screens(page)


@pytest.mark.parametrize(("viewport", "most"), [(DESKTOP, 3), (PHONE, 8)], ids=["desk", "phone"])
def test_no_step_is_longer_than_three_screens_or_eight_on_a_phone(desk, office, viewport, most):  # noqa: F811
    instance, desks, found = office.begin(1), {}, {}
    for account, step in STEPS:
        item = account if step == "siapkan_data" else None
        if account not in HOLDERS[1:]:
            task = office.task(instance, step, item)
            if (step, account) in STEPS[2:3] or step == "susun_analisis":
                office.services.assignments.claim(office.actor(account), task, office.now)
            somebody = desks.get(account) or desks.setdefault(account, desk(account, viewport=viewport))
            for view, high in walk(somebody, task):
                found[f"{step} {view}"] = high
        office.do(account, instance, step, item)
    print("\n".join(f"{high:6} {at}" for at, high in found.items()))
    assert not {at: high for at, high in found.items() if high > most}
