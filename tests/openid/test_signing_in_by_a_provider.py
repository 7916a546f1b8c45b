"""Signing in by a government account: who is linked comes in by a proof that holds, others hear why not."""

import json

import pytest
from sqlalchemy import select

from engine.channels import http_exchange
from engine.model.errors import InvalidForm, NotPermitted
from engine.model.people import Capacity
from engine.store.proof import prove
from engine.store.tables import person
from engine.web.application import create_app
from tests.openid.conftest import asked, link
from tests.pages.conftest import Browser
from tests.service.test_second_factors import Phone

pytestmark = pytest.mark.xdist_group("openid")  # one provider
NIP = "198001012005011001"


def who(browser):
    page = browser.get("/akun")
    return page.text.split('class="account">')[1].split("<")[0] if page.status_code == 200 else None


def lines(office, account="sekretaris"):
    found = office.services.histories.of_person(office.actor("auditor"), account, sign_ins=True)
    return [json.loads(line.change) for line in found]


def test_who_is_linked_comes_in_by_a_code_with_pkce_and_a_p_521_signature_and_goes_where_they_wanted(office, browser):
    page = browser.get("/masuk?lanjut=/akun")
    assert 'href="/masuk/pemerintah?lanjut=/akun"' in page.text
    sent = browser.get("/masuk/pemerintah?lanjut=/akun")
    facts = asked(sent.headers["Location"])
    assert (facts["code_challenge_method"], facts["response_type"], facts["client_id"]) == ("S256", "code", "alur")
    assert len({facts[name] for name in ("state", "nonce", "code_challenge")}) == 3
    came = browser.comes(browser.goes("/masuk/pemerintah?lanjut=/akun"))
    assert (came.status_code, came.headers["Location"]) == (303, "/akun")
    assert who(browser) == "sekretaris"
    assert lines(office)[0]["how"] == "openid"
    with office.database.read() as reader:
        assert not prove(reader).faults


def test_one_comes_back_to_no_other_house(browser):
    came = browser.comes(browser.goes("/masuk/pemerintah?lanjut=//evil.example"))
    assert came.headers["Location"] == "/"


def test_who_is_not_linked_is_told_whom_to_ask_and_no_account_is_made(office, provider, browser):
    provider.says(akun="199912312024011009")
    with office.database.read() as reader:
        before = set(reader.connection.scalars(select(person.c.id)))
    answer = browser.comes(browser.goes())
    assert answer.status_code == 403
    assert "belum dihubungkan" in answer.text
    assert "199912312024011009" in answer.text
    with office.database.read() as reader:
        assert set(reader.connection.scalars(select(person.c.id))) == before
    assert who(browser) is None


def test_who_left_is_told_so(office, browser):
    office.services.people.set_active(office.actor("operator"), "sekretaris", False, "Pensiun", office.now)
    answer = browser.comes(browser.goes())
    assert (answer.status_code, "tidak aktif sejak" in answer.text) == (403, True)


def test_an_answer_counts_once_and_only_in_the_browser_that_asked(office, provider, browser):
    other = type(browser)(browser.http.application)
    back = browser.goes()
    stolen = other.comes(back)
    assert (stolen.status_code, "dimulai di peramban lain" in stolen.text) == (401, True)
    assert browser.comes(back).status_code == 303
    reloaded = browser.comes(back)
    assert (reloaded.status_code, "diulang" in reloaded.text, who(browser)) == (401, True, "sekretaris")
    assert "pemerintah=1" in browser.post("/keluar").headers["Location"], "that one came in by the provider is known"
    again = browser.comes(back)
    assert (again.status_code, "diulang" in again.text) == (401, True)
    office.later(hours=3)
    fresh = browser.comes(browser.goes())
    assert fresh.status_code == 401, "a proof is of now: the office's clock is hours ahead of it"


@pytest.mark.parametrize("query", ["", "?code=x", "?code=x&state=", "?code=x&state=y", "?error=access_denied"])
def test_an_answer_that_nobody_asked_for_opens_nothing(browser, query):
    answer = browser.get(f"/masuk/pemerintah/kembali{query}")
    assert (answer.status_code, "Mulai lagi" in answer.text) == (401, True)


def test_a_provider_that_does_not_answer_is_left_alone_for_some_seconds(office, browser):
    held = office.services.identities.provider
    held.issuer = "http://127.0.0.1:9"
    assert browser.get("/masuk/pemerintah").status_code == 503
    at, cause = held._away
    assert browser.get("/masuk/pemerintah").status_code == 503
    assert held._away == (at, cause), "nobody waits for it again"


def test_an_answer_of_another_issuer_is_refused(browser):
    back = browser.goes()
    mixed = browser.comes(back.split("&iss=")[0] + "&iss=https%3A%2F%2Flain.contoh.go.id")
    assert (mixed.status_code, "penyedia lain" in mixed.text) == (401, True)
    without = browser.comes(browser.goes().split("&iss=")[0])
    assert without.status_code == 401, "the provider says that it always names itself"


@pytest.mark.parametrize(
    ("wrong", "status", "said"),
    [
        ("nama", 401, "penyedia lain"),
        ("rusak", 503, "tidak menjawab"),
        ("pengalihan", 503, "tidak menjawab"),
        ("diam", 503, "tidak menjawab"),
    ],
)
def test_a_provider_that_is_away_or_says_rubbish_leaves_the_password(
    provider, browser, monkeypatch, wrong, status, said
):
    monkeypatch.setattr(http_exchange, "TIMEOUT", 0.3)
    provider.says(salah=wrong)
    answer = browser.get("/masuk/pemerintah")
    assert (answer.status_code, said in answer.text) == (status, True)
    assert 'name="sandi"' in answer.text
    assert browser.sign_in("sekretaris").status_code == 303


def test_a_proof_by_another_key_opens_nothing(provider, browser):
    provider.says(akun=NIP, salah="kunci")
    answer = browser.comes(browser.goes())
    assert (answer.status_code, "tidak sah" in answer.text) == (401, True)
    assert who(browser) is None


def test_a_provider_that_changed_its_key_is_believed_after_a_look(office, provider, browser):
    provider.says(akun=NIP, salah="kunci")
    assert browser.comes(browser.goes()).status_code == 401
    provider.says(akun=NIP)
    held = office.services.identities.provider
    held._kept = {place: (at - 61, kept) for place, (at, kept) in held._kept.items()}
    assert browser.comes(browser.goes()).status_code == 303


def test_who_turns_back_at_the_provider_is_told_so(provider, browser):
    provider.says(akun=NIP, salah="batal")
    answer = browser.comes(browser.goes())
    assert (answer.status_code, "membatalkan" in answer.text) == (401, True)


@pytest.mark.parametrize(("amr", "asked_for_code"), [("pwd", True), ("pwd otp", False)])
def test_our_code_is_asked_unless_the_provider_asked_for_one_that_counts(
    office, provider, browser, amr, asked_for_code
):
    phone = Phone(office)
    provider.says(akun=NIP, amr=amr)
    came = browser.comes(browser.goes("/masuk/pemerintah?lanjut=/akun"))
    assert came.headers["Location"] == ("/masuk/kode?lanjut=/akun" if asked_for_code else "/akun")
    if asked_for_code:
        assert who(browser) is None
        token = browser.token("/masuk/kode?lanjut=/akun")
        data = {"csrf_token": token, "kode": phone.code(), "lanjut": "/akun"}
        assert browser.http.post("/masuk/kode", data=data).headers["Location"] == "/akun"
    assert who(browser) == "sekretaris"


def test_a_claim_that_only_the_userinfo_has_serves_too_and_one_that_nothing_has_is_told(office, provider, browser):
    at = office.services.identities.provider
    at.claim = "nip"
    provider.says(akun="u-1", nip=NIP)
    assert browser.comes(browser.goes()).status_code == 303
    assert who(browser) == "sekretaris"
    browser.post("/keluar")
    browser.elsewhere.cookies.clear()
    provider.says(akun="u-2")
    answer = browser.comes(browser.goes())
    assert (answer.status_code, "identitas yang disepakati" in answer.text) == (401, True)


def test_signing_out_offers_to_sign_out_at_the_provider_too(provider, browser):
    browser.comes(browser.goes())
    out = browser.post("/keluar")
    assert out.headers["Location"] == "/masuk?pemerintah=1"
    assert "Keluar juga dari akun pemerintah" in browser.get(out.headers["Location"]).text
    there = browser.get("/masuk/pemerintah/keluar").headers["Location"]
    assert there.startswith(f"{provider.issuer}/session/end?")
    assert asked(there) == {"client_id": "alur", "post_logout_redirect_uri": "http://localhost/masuk"}
    assert browser.elsewhere.get(there, timeout=10).status_code == 200


def test_who_signs_in_by_the_provider_alone_is_shown_there_and_an_operator_lets_them_back(office, browser):
    link(office, "sekretaris", only=True)
    wrong = browser.sign_in("sekretaris", "salah-sekali")
    assert (wrong.status_code, "Nama pengguna atau sandi salah" in wrong.text) == (401, True)
    right = browser.sign_in("sekretaris")
    assert (right.status_code, "hanya masuk dengan akun pemerintah" in right.text) == (403, True)
    assert browser.comes(browser.goes()).status_code == 303
    browser.post("/keluar")
    link(office, "sekretaris")
    assert browser.sign_in("sekretaris").status_code == 303


def test_linking_is_an_operator_s_deed_of_others_with_a_reason_and_of_one_account_alone(office, browser):
    at, operator = office.services.identities, office.actor("operator")
    with pytest.raises(NotPermitted):
        at.link(office.actor("auditor"), "sekretaris", "1", False, "Diminta", office.now)
    with pytest.raises(NotPermitted):
        at.link(operator, "operator", "1", False, "Diminta", office.now)
    for value, only in ((NIP, False), ("x" * 201, False), ("", True)):
        with pytest.raises(InvalidForm):
            at.link(operator, "kepala.dinas", value, only, "Diminta", office.now)
    with pytest.raises(InvalidForm):
        at.link(operator, "kepala.dinas", "2", False, " ", office.now)
    assert browser.sign_in("operator").status_code == 303
    page = browser.post("/orang/sekretaris/identitas", {"identitas": "", "alasan": "Salah orang"})
    assert page.status_code == 303
    assert at.of(operator, "sekretaris") == ("", False)
    taken = browser.post("/orang/sekretaris/identitas", {"hanya": "1", "alasan": "Salah orang"})
    assert (taken.status_code, "Identitas ini" in taken.text) == (422, True)


def test_who_linked_an_account_does_not_get_a_second_word_from_it(office):
    operator, today = office.actor("operator"), office.services.office.today(office.now)
    link(office, "auditor", "197001011995011001")  # maybe the operator's own
    held = (Capacity.DEFINITIVE, today, None, None, "Ditugaskan")
    proposed = office.services.people.add_membership(operator, "tim.sakip", "designer", *held, office.now)
    with pytest.raises(NotPermitted) as refused:
        office.services.people.confirm(office.actor("auditor"), proposed.held.id, office.now)
    assert refused.value.reason == "second_person"


def test_an_office_without_a_provider_offers_none(people_only):
    app = create_app(people_only.services, secret_key=b"k" * 32, office_name="Dinas", clock=lambda: people_only.now)
    browser = Browser(app)
    assert "akun pemerintah" not in browser.get("/masuk").text
    for path in ("", "/kembali?code=x&state=y", "/keluar"):
        assert browser.get(f"/masuk/pemerintah{path}").headers["Location"] == "/masuk"


@pytest.mark.parametrize("change", [("", False), ("199912312024011009", False), (NIP, True)])
def test_what_somebody_opened_by_a_way_in_ends_with_it(office, browser, change):
    browser.comes(browser.goes())
    assert who(browser) == "sekretaris"
    link(office, "sekretaris", change[0], only=change[1])
    assert who(browser) is None
