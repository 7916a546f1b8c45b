"""The second factor over HTTP, without scripts: set, asked at sign-in, demanded of roles, switched off."""

import re

import pyotp
import pytest

from tests.pages.conftest import PASSWORD

PAGE = "/akun/kode"


def sealed(page):
    secret = re.search(r'id="rahasia">([^<]+)<', page).group(1).replace(" ", "")
    return secret, re.search(r'name="_rahasia" value="([^"]+)"', page).group(1)


@pytest.fixture
def phone(office):
    """Let somebody set a second factor at their browser; the phone's codes."""

    def of(browser):
        page = browser.post(PAGE, {"sandi": PASSWORD}, page=PAGE)
        secret, seal = sealed(page.text)
        totp = pyotp.TOTP(secret)
        done = browser.post(f"{PAGE}/pasang", {"_rahasia": seal, "kode": totp.at(office.now)}, page=PAGE)
        assert "tidak akan ditampilkan lagi" in done.text
        office.later(minutes=1)
        return totp

    return of


def code_from(page):
    return {"csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)}


def test_one_sets_it_by_password_and_first_code_and_the_recovery_codes_are_shown_once(office, browse):
    somebody = browse("sekretaris")
    assert somebody.post(PAGE, {"sandi": "salah"}, page=PAGE).status_code == 422
    page = somebody.post(PAGE, {"sandi": PASSWORD}, page=PAGE)
    assert "<svg" in page.text
    assert "style=" not in page.text
    assert page.headers["Content-Security-Policy"] == somebody.get("/akun").headers["Content-Security-Policy"]
    secret, seal = sealed(page.text)
    wrong = somebody.post(f"{PAGE}/pasang", {"_rahasia": seal, "kode": "000000"}, page=PAGE)
    assert wrong.status_code == 422
    assert sealed(wrong.text)[0] == secret, "the phone that was scanned need not be scanned again"
    typed = {"_rahasia": seal, "kode": pyotp.TOTP(secret).at(office.now)}
    assert browse("auditor").post(f"{PAGE}/pasang", typed, page=PAGE).status_code == 422
    done = somebody.post(f"{PAGE}/pasang", typed, page=PAGE)
    codes = re.search(r'id="cadangan">([^<]+)<', done.text).group(1).split()
    assert len(codes) == 10
    assert not any(code in somebody.get(PAGE).text for code in codes)


def test_until_the_code_is_typed_nobody_is_signed_in(office, browse, phone):
    totp, again = phone(browse("sekretaris")), browse()
    page = again.sign_in("sekretaris", lanjut="/instans")
    assert page.status_code == 200
    assert "Keluar" not in page.text
    assert again.get("/tugas").headers["Location"] == "/masuk/kode?lanjut=/tugas"
    saving = again.http.post(
        "/studio/izin_cuti/draf", headers={"X-Alur-Background": "1", "X-CSRFToken": again.token("/masuk")}
    )
    assert saving.status_code == 401, "a page that saves in the background hears that nobody is signed in"
    assert again.post("/akun/sesi/akhiri", page="/masuk").status_code in (303, 404)
    assert 'name="lanjut" value="/tugas"' in again.get("/masuk/kode?lanjut=/tugas").text
    wrong = again.http.post("/masuk/kode", data={**code_from(page), "kode": "000000", "lanjut": "/instans"})
    assert (wrong.status_code, "Kode salah" in wrong.text) == (401, True)
    before = again.http.get_cookie("alur").value
    right = again.http.post("/masuk/kode", data={**code_from(wrong), "kode": totp.at(office.now), "lanjut": "/instans"})
    assert (right.status_code, right.headers["Location"]) == (303, "/instans")
    assert again.http.get_cookie("alur").value != before
    assert again.get("/tugas").status_code == 200


def test_what_was_typed_before_the_session_ended_goes_through_the_code_page_too(office, browse, phone):
    head, task = browse("kepala.dinas"), office.task(office.start(), "perintahkan_pengumpulan_data")
    totp, token = phone(head), head.token("/akun")
    office.services.accounts.sign_out_elsewhere(office.actor("kepala.dinas"), office.now)
    ended = head.http.post(f"/tugas/{task}/selesai", data={"csrf_token": token, "surat_perintah.perihal": "Rapat ini"})
    carried = re.search(r'name="_isian" value="([^"]+)"', ended.text).group(1)
    page = head.sign_in("kepala.dinas", _isian=carried)
    assert re.search(r'name="_isian" value="([^"]+)"', page.text).group(1) == carried
    back = head.http.post("/masuk/kode", data={**code_from(page), "kode": totp.at(office.now), "_isian": carried})
    assert back.headers["Location"] == f"/tugas/{task}"


def test_a_role_that_asks_for_it_leads_there_and_nowhere_else(office, browse, phone):
    operator, at_work = browse("operator"), browse("auditor")
    form = {"peran": ["auditor", "tak.dikenal"]}
    assert operator.post("/pengaturan/kode-masuk", form, page="/akun").status_code == 303
    assert office.services.accounts.second_factor_roles() == {"auditor"}
    assert 'value="auditor" checked' in operator.get("/pengaturan/kode-masuk").text
    auditor = browse("auditor")
    for path in ("/audit", "/akun/token", "/akun", "/"):
        assert auditor.get(path).headers["Location"] == PAGE
    assert auditor.post("/orang/baru", page=PAGE).headers["Location"] == PAGE
    assert "Peran Anda memerlukan kode masuk" in auditor.get(PAGE).text
    assert at_work.get("/audit").status_code == 200, "who is in the middle of something ends it first"
    phone(auditor)
    assert auditor.get("/audit").status_code == 200
    assert browse("sekretaris").get("/tugas").status_code == 200


def test_it_is_switched_off_with_password_and_code(office, browse, phone):
    somebody = browse("sekretaris")
    totp = phone(somebody)
    assert somebody.post(f"{PAGE}/lepas", {"sandi": PASSWORD, "kode": "000000"}, page=PAGE).status_code == 422
    assert (
        somebody.post(f"{PAGE}/lepas", {"sandi": PASSWORD, "kode": totp.at(office.now)}, page=PAGE).status_code == 303
    )
    assert browse("sekretaris").get("/tugas").status_code == 200


def test_the_operator_switches_it_off_for_who_lost_the_phone(browse, phone):
    phone(browse("sekretaris"))
    operator = browse("operator")
    place = "/orang/sekretaris/kode-masuk"
    assert "Lepas kode masuk" in operator.get("/orang/sekretaris").text
    assert operator.post(place, {"alasan": ""}).status_code == 422
    assert operator.post(place, {"alasan": "Ponsel hilang"}).status_code == 303
    assert "alasan-kode" not in operator.get("/orang/sekretaris").text
    assert browse("sekretaris").get("/tugas").status_code == 200
