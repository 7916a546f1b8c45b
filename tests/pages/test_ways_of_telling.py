"""Everybody chooses how they are told; the operator sets the mail account up and sees what goes wrong."""

import re
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from tests.pages.conftest import PASSWORD as OWN
from tests.telling.office import swept
from tests.telling.post import PASSWORD, USER, PostOffice, certificate

ACCOUNT = {"on": "1", "host": "localhost", "security": "starttls", "user": USER, "sender": "alur@contoh.go.id"}
PAGE, WAYS = "/pengaturan/surel", "/pemberitahuan/cara"


@pytest.fixture
def post(tmp_path, monkeypatch):
    chain, secret = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    server = PostOffice(chain, secret).open()
    yield server
    server.close()


@pytest.fixture
def operator(browse, post):
    """The operator, who set the mail account up on its page."""
    at = browse("operator")
    typed = {**ACCOUNT, "port": str(post.port), "sandi_surel": PASSWORD, "_revisi": "0"}
    assert at.post(PAGE, typed, page=PAGE).status_code == 303
    return at


def test_the_operator_sets_the_account_up_and_sends_a_test_letter(operator, post, browse):
    page = operator.get(PAGE).text
    assert PASSWORD not in page
    assert "Tersimpan, disegel" in page
    assert operator.post(f"{PAGE}/uji", {"kepada": "ops@contoh.go.id"}, page=PAGE).status_code == 303
    assert post.said == [("ops@contoh.go.id", "[Alur] Surel uji")]
    post.close()
    answer = operator.post(f"{PAGE}/uji", {"kepada": "ops@contoh.go.id"}, page=PAGE)
    assert (answer.status_code, "Surel tidak terkirim. Jawaban peladen:" in answer.text) == (422, True)
    wrong = operator.post(PAGE, {**ACCOUNT, "port": "x", "host": "a b", "_revisi": "1"}, page=PAGE)
    assert wrong.status_code == 422
    assert "Nama peladen surel" in wrong.text
    assert operator.post(PAGE, {**ACCOUNT, "port": "587", "_revisi": "0"}, page=PAGE).status_code == 409
    assert "disabled" in browse("auditor").get(PAGE).text
    trail = browse("auditor").get("/audit/jejak?jenis=setting:changed").text
    assert "peladen" in trail
    assert PASSWORD not in trail


def test_a_letter_leads_to_the_office_s_own_address_whatever_a_visitor_calls_this_machine(operator, post, browse, app):
    services = app.extensions["alur"]
    services.mail = replace(services.mail, public_url="https://alur.contoh.go.id")
    secretary = browse("sekretaris")
    secretary.post("/pemberitahuan/alamat", {"surel": "ani@contoh.go.id", "sandi": OWN}, page=WAYS)
    text = post.letters[0].get_body(("plain",)).get_content().replace("=\n", "")
    assert "https://alur.contoh.go.id/pemberitahuan/alamat/" in text
    assert "localhost" not in text


def test_what_lets_its_reader_in_stands_in_no_log(browse):
    with capture_logs() as told:
        assert browse("sekretaris").http.post("/sandi/baru/rahasia-sekali", data={}).status_code == 403
    assert [entry["path"] for entry in told if entry["event"] == "refused"] == ["/sandi/baru/…"]


def test_somebody_shows_that_an_address_is_theirs_and_gets_their_letters_there(operator, post, browse, office):
    secretary = browse("sekretaris")
    asked = secretary.post("/pemberitahuan/alamat", {"surel": "ani@contoh.go.id", "sandi": OWN}, page=WAYS)
    assert asked.status_code == 303
    text = post.letters[0].get_body(("plain",)).get_content()
    link = re.search(r"http://localhost(/pemberitahuan/alamat/\S+)", text.replace("=\n", "")).group(1)
    secretary.get("/pemberitahuan/cara")  # which says that it was sent
    assert "ani@contoh.go.id" not in secretary.get("/pemberitahuan/cara").text, "nobody showed it yet"
    assert "untuk akun lain" in browse("tim.sakip").get(link).text
    assert browse("tim.sakip").post(link).status_code == 422
    assert "ani@contoh.go.id" in secretary.get(link).text
    assert secretary.post(link, page=link).status_code == 303
    assert "ani@contoh.go.id" in secretary.get("/pemberitahuan/cara").text
    again = secretary.post("/pemberitahuan/alamat", {"surel": "ani@contoh.go.id", "sandi": OWN}, page=WAYS)
    assert (again.status_code, "Tunggu semenit" in again.text) == (422, True)
    office.do("kepala.dinas", office.start(), "perintahkan_pengumpulan_data")
    swept(office)
    assert post.letters[-1]["To"] == "ani@contoh.go.id"
    secretary.post("/pemberitahuan/cara", {"task": "tidak"}, page="/pemberitahuan/cara")
    page = secretary.get("/pemberitahuan/cara").text
    assert re.search(r'name="task".*?value="tidak" selected', page, re.DOTALL)
    secretary.post("/pemberitahuan/alamat/hapus", {"sandi": OWN}, page=WAYS)
    assert "ani@contoh.go.id" not in secretary.get("/pemberitahuan/cara").text


def test_a_borrowed_browser_moves_no_address_and_its_owner_is_told_where_letters_went(operator, post, browse, office):
    office.services.reaching.set_address(office.actor("sekretaris"), "sekretaris", "ani@contoh.go.id", office.now)
    borrowed = browse("sekretaris")
    for typed in ({}, {"sandi": "salah-sekali-ini"}):
        for path, more in (("alamat", {"surel": "pencuri@contoh.go.id"}), ("alamat/hapus", {})):
            refused = borrowed.post(f"/pemberitahuan/{path}", {**more, **typed}, page=WAYS)
            assert (refused.status_code, "Sandi tidak cocok" in refused.text) == (422, True)
    assert "ani@contoh.go.id" in borrowed.get(WAYS).text
    assert not post.letters
    page = "/orang/sekretaris"
    operator.post(f"{page}/surel", {"surel": "baru@contoh.go.id", "alasan": "Diminta"}, page=page)
    [letter] = post.letters
    assert letter["To"] == "ani@contoh.go.id"
    told = letter.get_body(("plain",)).get_content()
    assert all(word in told for word in ("sekretaris", "diganti atau dihapus", "Operator"))
    post.close()
    assert borrowed.post("/pemberitahuan/alamat/hapus", {"sandi": OWN}, page=WAYS).status_code == 303


def test_the_operator_enters_an_address_with_a_reason_and_sees_letters_that_were_refused(operator, post, office):
    page = "/orang/sekretaris"
    wrong = operator.post(f"{page}/surel", {"surel": "bukan", "alasan": "Diminta"}, page=page)
    assert (wrong.status_code, "Alamat surel tidak terbaca" in wrong.text) == (422, True)
    assert operator.post(f"{page}/surel", {"surel": "ani@contoh.go.id", "alasan": ""}, page=page).status_code == 422
    assert (
        operator.post(f"{page}/surel", {"surel": "ani@contoh.go.id", "alasan": "Diminta"}, page=page).status_code == 303
    )
    post.refuses["ani@contoh.go.id"] = "550 no such user here"
    office.do("kepala.dinas", office.start(), "perintahkan_pengumpulan_data")
    swept(office)
    assert "disisihkan" in operator.get("/operasi").text
    assert "550 no such user here" in operator.get(PAGE).text
    post.refuses.clear()
    operator.post(f"{PAGE}/ulang", page=PAGE)
    swept(office)
    assert post.letters[-1]["To"] == "ani@contoh.go.id"


def test_without_mail_everybody_is_told_so_and_nothing_breaks(browse):
    secretary = browse("sekretaris")
    answer = secretary.post("/pemberitahuan/alamat", {"surel": "ani@contoh.go.id", "sandi": OWN}, page=WAYS)
    assert (answer.status_code, "Surel belum diatur" in answer.text) == (422, True)
    page = secretary.get(WAYS).text
    assert "Kantor ini belum mengirim surel." in page
    assert "Kirim tautan" not in page
    assert "Ringkasan" not in page
    assert "Buat alamat kalender" in page


def test_the_operator_sets_the_webhook_up_and_sees_its_secret_once(browse):
    operator, page = browse("operator"), "/pengaturan/webhook"
    typed = {"on": "1", "url": "https://127.0.0.1:9/", "kinds": ["late"], "_revisi": "0"}
    assert operator.post(page, {**typed, "url": "http://x"}, page=page).status_code == 422
    first = operator.post(page, typed, page=page)
    assert "whsec_" in first.text
    assert "whsec_" not in operator.get(page).text
    assert operator.post(page, typed, page=page).status_code == 409
    assert operator.post(page, {**typed, "_revisi": "1"}, page=page).status_code == 303
    answer = operator.post(f"{page}/uji", page=page)
    assert (answer.status_code, "bukan alamat internet umum" in answer.text) == (422, True)
    assert "whsec_" in operator.post(f"{page}/rahasia", page=page).text
    assert operator.post(f"{page}/ulang", page=page).status_code == 303
    assert "disabled" in browse("auditor").get(page).text
