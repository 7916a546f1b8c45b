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


OPENED = """() => {
  const high = () => document.documentElement.scrollHeight / innerHeight;
  let most = high();
  const seen = new Set();
  const next = () => [...document.querySelectorAll("main details")].find(
    (fold) => fold.offsetParent && !fold.open && !seen.has(fold));
  for (let fold = next(); fold; fold = next()) {
    seen.add(fold);
    fold.open = true;
    most = Math.max(most, high());
  }
  return most;
}"""
PRESENT = 20


def screens(page):
    """How many screens high the page is, whichever of its folds a person opens."""
    page.locator("[data-answers][aria-busy]").wait_for(state="detached")
    return round(page.evaluate(OPENED), 2)


def written(sat):
    """How many screens high the page is where no script runs."""
    size = sat.context.new_cdp_session(sat.page).send("Page.getLayoutMetrics")["cssContentSize"]
    return round(size["height"] / sat.page.viewport_size["height"], 2)


def filled(office, account, task):
    """What the person will hand in, kept as their draft, with as many people in the room as come to such a meeting."""
    entries = office.filled(account, task)
    for path in [path for path in entries if ".baris.0." in path and path.startswith("daftar_hadir")]:
        entries |= {path.replace(".0.", f".{n}."): entries[path] for n in range(1, PRESENT)}
    office.services.tasks.save_draft(office.actor(account), task, entries, office.now, over=True)


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


def walk_without_scripts(somebody, task):
    """The same of a browser that runs no script."""
    page = somebody.open(f"/tugas/{task}")
    yield "first, no script", written(somebody)
    parts = [part.get_attribute("id") for part in page.locator(".form-part[data-part]").all()]
    tables = [button.get_attribute("value") for button in page.locator("[name=_tabel]").all()]
    places = [*(f"#{part}" for part in parts), "/periksa", *(f"/tabel/{table}" for table in tables)]
    for place in places:
        somebody.open(f"/tugas/{task}{place}")
        yield f"{place}, no script", written(somebody)


@pytest.mark.parametrize(("viewport", "most"), [(DESKTOP, 3), (PHONE, 8)], ids=["desk", "phone"])
def test_no_step_is_longer_than_three_screens_or_eight_on_a_phone(desk, office, viewport, most):  # noqa: F811
    instance, desks, found = office.begin(1), {}, {}
    for account, step in STEPS:
        item = account if step == "siapkan_data" else None
        if account not in HOLDERS[1:]:
            task = office.task(instance, step, item)
            if (step, account) in STEPS[2:3] or step == "susun_analisis":
                office.services.assignments.claim(office.actor(account), task, office.now)
            for how, way in (({}, walk), ({"java_script_enabled": False}, walk_without_scripts)):
                somebody = desks.get((account, way)) or desks.setdefault(
                    (account, way), desk(account, viewport=viewport, **how)
                )
                if way is walk:
                    found[f"{step} as it begins"] = screens(somebody.open(f"/tugas/{task}"))
                    filled(office, account, task)
                found |= {f"{step} {view}": high for view, high in way(somebody, task)}
        office.do(account, instance, step, item)
    print("\n".join(f"{high:6} {at}" for at, high in found.items()))
    assert not {at: high for at, high in found.items() if high > most}
