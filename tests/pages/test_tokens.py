"""Tokens on one's own page: issued and shown once, listed, revoked; another person's are nobody's business."""

import re

from tests.pages.conftest import PASSWORD


def issue(browser, name="Rekap bulanan", days="90", **more):
    typed = {"nama": name, "masa": days, "cakupan": ["read"], "sandi": PASSWORD, **more}
    return browser.post("/akun/token", typed, page="/akun/token")


def test_a_token_is_shown_once_and_opens_the_api_in_one_s_name(app, browse):
    sekretaris = browse("sekretaris")
    text = re.search(r'id="rahasia">(alur_[^<]+)<', issue(sekretaris).text).group(1)
    assert "belum pernah" in sekretaris.get("/akun/token").text
    answer = app.test_client().get("/api/v1/account", headers={"Authorization": f"Bearer {text}"})
    assert answer.get_json()["person_id"] == "sekretaris"
    listed = sekretaris.get("/akun/token").text
    assert "belum pernah" not in listed, "the page says when it was used"
    assert "Rekap bulanan" in listed
    assert text not in listed


def test_a_revoked_token_opens_nothing_and_the_history_says_so(app, browse, office):
    sekretaris = browse("sekretaris")
    text = re.search(r'id="rahasia">(alur_[^<]+)<', issue(sekretaris).text).group(1)
    ask = re.search(r'href="(/akun/token/[^"]+/cabut)"', sekretaris.get("/akun/token").text).group(1)
    assert "langsung berhenti bekerja" in sekretaris.get(ask).text
    assert browse("tim.sakip").get(ask).status_code == 404
    assert browse("tim.sakip").post(ask).status_code == 404
    assert sekretaris.post(ask).status_code == 303
    answer = app.test_client().get("/api/v1/account", headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == 401
    lines = office.services.histories.of_person(office.actor("auditor"), "sekretaris")
    assert [line.action for line in lines][:2] == ["token:revoked", "token:issued"]


def test_a_token_needs_a_name_and_a_validity_from_the_list(browse):
    sekretaris = browse("sekretaris")
    for name, days in (("", "90"), ("x" * 81, "90"), ("Rekap", "9999"), ("Rekap", "")):
        answer = issue(sekretaris, name, days)
        assert answer.status_code == 422
        assert "error-summary" in answer.text
    for scopes in ([], ["everything"]):
        answer = issue(sekretaris, cakupan=scopes)
        assert answer.status_code == 422
        assert "Pilih paling sedikit satu cakupan" in answer.text
    assert "Belum ada token." in sekretaris.get("/akun/token").text


def test_an_open_browser_alone_issues_no_token(browse):
    sekretaris = browse("sekretaris")
    answers = [issue(sekretaris, sandi=wrong) for wrong in ("", "salah", "salah", "salah", "salah", "salah")]
    assert [answer.status_code for answer in answers] == [422] * 6
    assert "Sandi tidak cocok." in answers[-1].text
    assert "Rekap bulanan" in answers[-1].text, "what was typed stands in the form again"
    assert issue(sekretaris).status_code == 429
    assert "Belum ada token." in sekretaris.get("/akun/token").text


def test_the_page_says_in_words_what_a_token_may_do(browse):
    sekretaris = browse("sekretaris")
    issued = issue(sekretaris, cakupan=["work", "read"]).text
    assert "Mengerjakan tugas" in issued
    assert "Memasang prosedur" not in issued.split("Program mengirimnya")[0]
    assert "<code>read work</code>" in sekretaris.get("/akun/token").text
