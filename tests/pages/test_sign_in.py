"""Signing in over HTTP: one text for both mistakes, throttling, the first password, cookies, no way out."""

import re

import pytest
from structlog.testing import capture_logs

from engine.web.application import create_app
from engine.web.security import TrustedProxy
from tests.pages.conftest import PASSWORD


def test_a_wrong_name_and_a_wrong_password_read_the_same(browse):
    texts = set()
    for account in ("sekretaris", "tidak.ada"):
        answer = browse().sign_in(account, "salah sama sekali")
        assert answer.status_code == 401
        texts.add(re.search(r'notice notice-merah" role="alert".*?</div></div>', answer.text, re.DOTALL).group())
        assert f'value="{account}"' in answer.text
    assert len(texts) == 1


def test_after_five_mistakes_the_page_says_from_when_one_may_try_again(browse):
    for _ in range(5):
        browse().sign_in("sekretaris", "salah")
    answer = browse().sign_in("sekretaris", PASSWORD)
    assert answer.status_code == 429
    assert "Coba lagi pukul 10.16" in answer.text


def test_a_browser_in_which_one_signed_in_before_is_let_in_while_strangers_guess(browse):
    own = browse("sekretaris")
    own.post("/keluar")
    for _ in range(6):
        browse().sign_in("sekretaris", "salah")
    assert own.sign_in("sekretaris").status_code == 303
    cookie = own.http.get_cookie("alur-peramban")
    assert cookie.http_only
    assert cookie.same_site == "Lax"


def test_the_old_password_is_asked_no_more_often_than_at_signing_in(browse):
    somebody = browse("sekretaris")
    typed = {"lama": "salah", "baru": "sandi lain yang baru", "ulang": "sandi lain yang baru"}
    tries = [somebody.post("/sandi", typed, page="/sandi").status_code for _ in range(6)]
    assert tries == [422] * 5 + [429]


def test_a_first_sign_in_leads_nowhere_but_to_a_new_password(office, browse):
    code = office.services.accounts.issue_reset_code(office.actor("operator"), "tim.sakip", "Lupa sandi", office.now)
    new = browse()
    new.sign_in("tim.sakip", code)
    assert new.get("/tugas").headers["Location"].startswith("/sandi")
    weak = new.post("/sandi", {"baru": "pendek", "ulang": "pendek"}, page="/sandi")
    assert weak.status_code == 422
    unlike = new.post("/sandi", {"baru": "sandi yang panjang", "ulang": "lain"}, page="/sandi")
    assert "tidak sama" in unlike.text
    assert (
        new.post("/sandi", {"baru": "sandi yang panjang", "ulang": "sandi yang panjang"}, page="/sandi").status_code
        == 303
    )
    first = new.get("/tugas")
    assert first.status_code == 200
    assert "Sesi lain Anda sudah ditutup" not in first.text, "there was none"
    assert "sesi lain dan token API Anda, bila ada, sudah ditutup" in first.text


def test_operators_see_how_many_people_are_signed_in_and_not_how_often(browse):
    operator = browse("operator")
    browse("operator")
    browse("sekretaris")
    page = " ".join(re.sub(r"<[^>]+>", " ", operator.get("/operasi").text).split())
    assert "2 orang sedang masuk" in page


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example/x", "/\\evil.example", "javascript:alert(1)", "evil"]
)
def test_signing_in_never_leads_out_of_the_house(browse, path):
    assert browse().sign_in("sekretaris", lanjut=path).headers["Location"] == "/"


@pytest.mark.parametrize("path", ["/x\r\nSet-Cookie: a=b", "/\t/evil.example", "/\n//evil.example", "//evil.example"])
def test_choosing_the_language_never_leads_out_of_the_house_either(browse, path):
    answer = browse().post("/bahasa", {"bahasa": "en", "lanjut": path}, page="/masuk")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_whoever_is_asked_to_sign_in_again_finds_their_name_and_is_not_greeted_as_signed_in(office, browse):
    holder, task = browse("kepala.dinas"), office.task(office.start(), "perintahkan_pengumpulan_data")
    token = holder.token("/akun")
    office.services.accounts.sign_out_elsewhere(office.actor("kepala.dinas"), office.now)
    page = holder.http.post(f"/tugas/{task}/draf", data={"csrf_token": token, "perihal": "rapat"})
    assert page.status_code == 401
    assert 'name="akun" value="kepala.dinas"' in page.text
    assert "Keluar" not in page.text


def test_signing_in_leads_back_to_where_one_wanted_to_go(browse):
    stranger = browse()
    assert stranger.get("/instans?status=running").headers["Location"] == "/masuk?lanjut=/instans?status%3Drunning"
    assert (
        stranger.sign_in("sekretaris", lanjut="/instans?status=running").headers["Location"]
        == "/instans?status=running"
    )


def test_the_session_is_a_new_one_and_its_cookie_is_out_of_reach_of_scripts(browse):
    visitor = browse()
    visitor.get("/masuk")
    before = visitor.http.get_cookie("alur").value
    answer = visitor.sign_in("sekretaris")
    assert visitor.http.get_cookie("alur").value != before
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_over_https_no_other_site_of_the_domain_can_set_the_session_s_cookie(office):
    app = create_app(office.services, secret_key=b"k" * 32, secure_cookies=True, clock=lambda: office.now)
    cookie = app.test_client().get("/masuk", base_url="https://alur.example").headers["Set-Cookie"]
    assert cookie.startswith("__Host-alur=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_over_https_browsers_come_by_https_for_a_year(app):
    headers = app.test_client().get("/masuk", base_url="https://alur.example").headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_who_is_refused_is_logged_without_what_they_typed(browse):
    with capture_logs() as lines:
        browse().sign_in("sekretaris", "sandi rahasia saya")
        browse("auditor").post("/orang/baru", {"akun": "titipan"})
    assert [(line["event"], line["status"], line["path"], line["who"]) for line in lines] == [
        ("refused", 401, "/masuk", None),
        ("refused", 403, "/orang/baru", "auditor"),
    ]
    assert lines[0]["address"]
    assert "rahasia" not in str(lines)
    assert "titipan" not in str(lines)


def test_only_the_trusted_proxy_says_where_somebody_comes_from(app):
    app.wsgi_app = TrustedProxy(app.wsgi_app, ("10.0.0.9",))
    with capture_logs() as lines:
        for address in ("10.0.0.9", "192.0.2.66"):
            from_elsewhere = {"environ_base": {"REMOTE_ADDR": address}, "headers": {"X-Forwarded-For": "203.0.113.5"}}
            app.test_client().get("/api/v1/account", **from_elsewhere)
    assert [line["address"] for line in lines] == ["203.0.113.5", "192.0.2.66"]


def test_signing_out_ends_the_session_on_the_server_too(browse):
    somebody = browse("sekretaris")
    stolen = somebody.http.get_cookie("alur").value
    somebody.post("/keluar")
    assert somebody.get("/tugas").status_code == 303
    thief = browse()
    thief.http.set_cookie("alur", stolen)
    assert thief.get("/tugas").status_code == 303


def test_a_post_without_a_token_does_nothing(office, browse):
    operator = browse("operator")
    answer = operator.http.post("/orang/sekretaris/nonaktifkan")
    assert answer.status_code == 403
    assert office.services.people.person(office.actor("operator"), "sekretaris").active


def test_the_language_is_remembered_with_the_account(browse):
    reader = browse("auditor")
    reader.post("/bahasa", {"bahasa": "en"})
    assert '<html lang="en"' in reader.get("/audit").text
    assert '<html lang="en"' in browse("auditor").get("/audit").text


def test_everybody_begins_at_home_with_a_way_to_their_work(browse):
    for account, page in (
        ("sekretaris", "/tugas"),
        ("perancang", "/studio"),
        ("auditor", "/audit"),
        ("operator", "/operasi"),
    ):
        home = browse(account).get("/")
        assert home.status_code == 200
        assert "Beranda" in home.text
        assert f'href="{page}"' in home.text
