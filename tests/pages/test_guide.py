"""Help: what explains a page, the guide behind it, and what somebody does first."""

import re

import pytest

from engine.web.guide import written
from tests.office import ROOT

TEXTS = ROOT / "docs" / "panduan"
PICTURE = re.compile(r"\(gambar/([\w-]+\.webp)\)")
LARGEST_PICTURE = 60_000


def test_every_page_that_the_guide_explains_exists(app):
    assert written()["pages"].keys() <= app.view_functions.keys()


@pytest.mark.parametrize("chapter", [path.stem[2:] for path in sorted(TEXTS.glob("*.md"))])
def test_anybody_reads_the_guide_before_signing_in_and_its_links_lead_somewhere(browse, chapter):
    shown = browse().get(f"/panduan/{chapter}")
    assert shown.status_code == 200
    sections = {(each["name"], part["name"]) for each in written()["chapters"] for part in each["sections"]}
    for name, anchor in re.findall(r'href="/panduan/(\w+)#([\w-]+)"', shown.text):
        assert (name, anchor) in sections
    for anchor in re.findall(r'href="#([\w-]+)"', shown.text):
        assert f'id="{anchor}"' in shown.text


def test_a_chapter_that_is_not_there_is_not_found(browse):
    assert browse().get("/panduan/tiada").status_code == 404


def test_the_pictures_of_the_guide_are_there_small_and_all_in_use():
    named = {name for path in TEXTS.glob("*.md") for name in PICTURE.findall(path.read_text())}
    kept = {path.name: path.stat().st_size for path in (TEXTS / "gambar").glob("*")}
    assert named == kept.keys()
    assert not {name: size for name, size in kept.items() if size > LARGEST_PICTURE}


def test_the_help_of_a_page_is_its_place_in_the_guide(browse):
    secretary = browse("sekretaris")
    shown = secretary.get("/tugas").text
    [place] = re.findall(r'href="(/panduan/\w+#[\w-]+)"', shown)
    told = secretary.get(place.partition("#")[0]).text.partition(f'<section id="{place.partition("#")[2]}">')[2]
    assert "dan yang menunggu persetujuan Anda." in told.partition("</section>")[0]


@pytest.mark.parametrize("account", ["sekretaris", "perancang", "auditor", "operator"])
def test_each_role_is_told_its_three_deeds_until_it_has_understood(browse, account):
    somebody = browse(account)
    card = somebody.get("/").text.partition('<section class="card first-deeds')[2].partition("</section>")[0]
    places = re.findall(r'<li><a href="([^"]+)"', card)
    assert len(places) == 3
    for place in places:
        assert somebody.get(place).status_code == 200, place
    assert "first-deeds" not in somebody.get("/akun").text
    assert somebody.post("/panduan/mengerti", {"lanjut": "/?a=1"}).headers["Location"] == "/?a=1"
    assert "first-deeds" not in somebody.get("/").text


def test_whoever_comes_to_the_same_browser_after_somebody_is_told_all_the_same(browse):
    browser = browse("auditor")
    browser.post("/panduan/mengerti")
    browser.post("/keluar")
    browser.sign_in("operator")
    assert "first-deeds" in browser.get("/").text
    browser.post("/panduan/mengerti")
    browser.post("/keluar")
    browser.sign_in("auditor")
    assert "first-deeds" not in browser.get("/").text


def test_what_is_hidden_leads_nowhere_else(browse):
    assert browse("auditor").post("/panduan/mengerti", {"lanjut": "//luar.example"}).headers["Location"] == "/"
