"""Signing in as a sample person by one click: at this machine, where `alur run` serves, and nowhere else."""

import re

import pyotp
import pytest
from sqlalchemy import select, update

from engine.store.tables import history, person
from engine.web.application import create_app
from tests.pages.conftest import Browser

HERE = "http://127.0.0.1:8000"


def changed(office, **values):
    with office.database.unguarded() as connection:
        connection.execute(update(person).values(**values))
        connection.commit()


@pytest.fixture
def tried(office):
    """The office as `alur run` serves it: with sample people, who must all set a password of their own."""
    changed(office, sample=True, must_change_password=True)

    def served(**how):
        how = {"samples": True} | how
        return create_app(office.services, secret_key=b"k" * 32, clock=lambda: office.now, **how)

    return served


def click(app, account="auditor", at=HERE, **how):
    """Somebody's browser, its sign-in page, and the answer to pressing (or forging) the button of an account."""
    browser = Browser(app)
    shown = browser.get("/masuk", base_url=at, **how).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', shown).group(1)
    data = {"csrf_token": token, "akun": account}
    return browser, shown, browser.http.post("/masuk/contoh", data=data, base_url=at, buffered=True, **how)


@pytest.mark.parametrize("at", [HERE, "http://localhost:8000", "http://[::1]:8000"])
def test_a_newcomer_tries_every_workplace_with_one_click_and_is_asked_for_no_password(tried, at):
    app = tried()
    for account, place in {"kepala.dinas": "/tugas", "perancang": "/studio", "auditor": "/audit"}.items():
        browser, shown, answer = click(app, account, at)
        assert f'value="{account}"' in shown
        assert "Ini akun contoh" in shown
        assert answer.status_code == 303
        assert f'href="{place}"' in browser.get("/", base_url=at).text
        assert browser.get(place, base_url=at).status_code == 200


def test_the_click_gives_back_what_was_typed_before_the_session_ended(tried, office):
    task = office.task(office.start(), "perintahkan_pengumpulan_data")
    browser, _, _ = click(tried(), "kepala.dinas")
    shown = browser.get("/akun", base_url=HERE).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', shown).group(1)
    office.later(hours=2)
    typed = {"csrf_token": token, "disposisi.catatan": "kalimat khas saya"}
    asked = browser.http.post(f"/tugas/{task}/selesai", data=typed, base_url=HERE)
    button = re.search(r'<form[^>]+action="/masuk/contoh">(.*?value="kepala.dinas".*?)</form>', asked.text).group(1)
    carried = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', button))
    answer = browser.http.post("/masuk/contoh", data={**carried, "akun": "kepala.dinas"}, base_url=HERE)
    assert answer.headers["Location"] == f"/tugas/{task}"
    assert "kalimat khas saya" in browser.get(f"/tugas/{task}", base_url=HERE).text


def test_a_lane_is_offered_with_the_steps_that_it_does(tried):
    shown = Browser(tried()).get("/masuk", base_url=HERE).text
    assert "4. Mempersiapkan data laporan kinerja" in shown
    assert shown.count('name="akun" value="pemegang.data') == 1, "one button for each role"


def test_history_says_that_a_click_opened_the_session(tried, office):
    click(tried())
    with office.database.read() as reader:
        query = select(history.c.change).where(history.c.action == "session:opened")
        assert '"how":"one_click"' in list(reader.connection.scalars(query))[-1]


ELSEWHERE = {
    "a name that was rebound": {"at": "http://alur.kantor.example"},
    "a name that begins like it": {"at": "http://127.0.0.1.kantor.example:8000"},
    "the office network": {"at": "http://192.168.1.7:8000"},
    "another machine": {"environ_overrides": {"REMOTE_ADDR": "192.168.1.9"}},
    "forwarded": {"headers": {"X-Forwarded-For": "127.0.0.1"}},
    "forwarded as RFC 7239 says": {"headers": {"Forwarded": "for=127.0.0.1"}},
    "forwarded for another host": {"headers": {"X-Forwarded-Host": "127.0.0.1"}},
}


@pytest.mark.parametrize("elsewhere", ELSEWHERE.values(), ids=ELSEWHERE)
def test_whoever_is_not_at_this_machine_is_offered_no_click_and_refused(tried, elsewhere):
    _, shown, answer = click(tried(), **elsewhere)
    assert "/masuk/contoh" not in shown
    assert answer.status_code == 404


@pytest.mark.parametrize("how", [{"samples": False}, {"proxies": ("10.0.0.1",)}], ids=["alur serve", "behind a proxy"])
def test_an_office_that_is_served_in_earnest_takes_no_click(tried, how):
    _, shown, answer = click(tried(**how))
    assert "/masuk/contoh" not in shown
    assert answer.status_code == 404


def test_a_click_without_the_token_of_the_page_is_refused(tried):
    answer = Browser(tried()).http.post("/masuk/contoh", data={"akun": "auditor"}, base_url=HERE)
    assert answer.status_code in (400, 403)


def test_a_person_who_is_no_sample_is_never_let_in_by_a_click(tried, office):
    app = tried()
    changed(office, sample=False)
    _, shown, answer = click(app)
    assert "/masuk/contoh" not in shown
    assert answer.status_code == 404


def test_a_sample_person_with_a_second_factor_is_let_in_by_password_and_code_alone(tried, office):
    app = tried()
    phone = pyotp.TOTP(pyotp.random_base32())
    code = phone.at(office.now)
    office.services.accounts.set_second_factor(office.actor("auditor"), phone.secret, code, office.now)
    assert click(app)[2].status_code == 404
    assert click(app, "operator")[2].status_code == 303


def test_a_session_that_a_click_opened_sets_a_password_first_once_the_office_is_served_in_earnest(tried):
    browser, _, _ = click(tried())
    assert browser.get("/audit", base_url=HERE).status_code == 200
    browser.http.application = tried(samples=False)
    assert browser.get("/audit", base_url=HERE).headers["Location"].startswith("/sandi")
