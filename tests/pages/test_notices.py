"""The bell and the list, over HTTP."""

import re
from datetime import timedelta

import pytest

from tests.telling.office import swept


@pytest.fixture
def told(office):
    """An office in which the secretary was told of a task."""
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    swept(office)
    return office


def badge(page):
    return re.search(r'class="count count-new"( hidden)?>([^<]+)', page.text).groups()


def test_the_bell_counts_and_a_notice_leads_to_its_task_and_is_read(told, browse):
    secretary = browse("sekretaris")
    assert badge(secretary.get("/tugas")) == (None, "1")
    page = secretary.get("/pemberitahuan")
    assert "Tugas baru" in page.text
    [link] = set(re.findall(r'href="(/pemberitahuan/[0-9a-f-]{36})"', page.text))
    answer = secretary.get(link)
    assert (answer.status_code, answer.headers["Location"][:7]) == (303, "/tugas/")
    assert badge(secretary.get("/tugas")) == (" hidden", "0")
    assert browse("tim.sakip").get(link).status_code == 404


def test_a_page_that_asks_again_gets_304_until_something_is_new_and_keeps_no_session_open(told, browse):
    secretary = browse("sekretaris")
    first = secretary.get("/pemberitahuan/jumlah")
    assert (first.status_code, first.get_json()) == (200, {"count": 1})
    asks = {"If-None-Match": first.headers["ETag"], "X-Alur-Background": "1"}
    for _ in range(10):
        told.later(minutes=2)
        assert secretary.get("/pemberitahuan/jumlah", headers=asks).status_code == 304
    secretary.post("/pemberitahuan/dibaca", page="/pemberitahuan")
    told.later(minutes=1)
    assert secretary.get("/pemberitahuan/jumlah", headers=asks).get_json() == {"count": 0}
    for _ in range(16):
        told.later(minutes=2)
        status = secretary.get("/pemberitahuan/jumlah", headers=asks).status_code
    assert status == 401, "half an hour without a person ends the session"


def test_all_is_marked_as_read_and_taken_back(told, browse):
    secretary = browse("sekretaris")
    answer = secretary.post("/pemberitahuan/dibaca", page="/pemberitahuan")
    page = secretary.get(answer.headers["Location"])
    assert "Semua ditandai dibaca" in page.text
    at = re.search(r'name="dibaca" value="([^"]+)"', page.text).group(1)
    secretary.post("/pemberitahuan/urungkan", {"dibaca": at}, page="/pemberitahuan")
    assert badge(secretary.get("/tugas")) == (None, "1")
    for odd in ("", "kemarin", "9999-12-31T23:59:59-23:59", "2025-01-01"):
        assert secretary.get("/pemberitahuan", query_string={"dibaca": odd}).status_code == 200
        assert secretary.post("/pemberitahuan/urungkan", {"dibaca": odd}).status_code == 303


def test_who_has_no_role_any_more_still_reads_what_they_were_told(told, browse):
    day = told.services.office.today(told.now) - timedelta(days=1)
    secretary = browse("sekretaris")
    told.services.people.end_membership(
        told.actor("operator"), "sekretaris", "m-sekretaris-sekretaris", day, "Mutasi.", told.now
    )
    assert secretary.get("/pemberitahuan").status_code == 200


def test_a_calendar_is_read_at_its_secret_address_without_signing_in_and_304_until_it_changes(told, browse):
    secretary, phone = browse("sekretaris"), browse()
    page = secretary.post("/pemberitahuan/kalender", page="/pemberitahuan/cara").text
    address = re.search(r'id="rahasia">http://localhost([^<]+)<', page).group(1)
    assert address not in secretary.get("/pemberitahuan/cara").text
    first = phone.get(address)
    assert (first.status_code, first.mimetype, first.text.count("BEGIN:VEVENT")) == (200, "text/calendar", 1)
    told.later(minutes=5)
    assert phone.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    secretary.post("/pemberitahuan/kalender", {"hapus": "1"}, page="/pemberitahuan/cara")
    assert phone.get(address).status_code == 404
    assert "Alamat kalender diganti" in browse("operator").get("/orang/sekretaris").text


def test_a_message_for_the_chat_leads_to_the_task_and_says_when_it_is_due(told, browse):
    secretary = browse("sekretaris")
    link = re.search(r'href="(/tugas/[0-9a-f]{32})"', secretary.get("/tugas").text).group(1)
    said = re.search(r'id="pesan" hidden>([^<]+)<', secretary.get(link).text).group(1)
    assert f"http://localhost{link}" in said
    assert "jatuh tempo Senin, 14 April 2025" in said
