"""A forgotten password: a letter with a link of one use, whatever is asked for whom, and however the server behaves."""

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from engine.model.errors import NotPermitted
from engine.model.people import Capacity
from engine.service.people.accounts import SignInRefused
from engine.service.people.attempts import SignInThrottled, Source
from engine.service.people.passwords import WeakPassword
from engine.service.people.people_sheets import PeopleSheet
from engine.service.procedures.procedure import INDONESIAN
from engine.store.proof import prove
from engine.store.tables import dispatch, history, reset_link
from engine.web.application import create_app
from tests.databases import KINDS
from tests.pages.conftest import PASSWORD, Browser, known
from tests.service.test_second_factors import Phone
from tests.telling.office import TellingOffice

NEW = "gerbang-kelapa-tujuh"
HERE = Source("10.0.0.1")


@pytest.fixture
def database_kind():
    """Of both kinds the story of links alone is asked, below."""
    return KINDS[0]


def owned(office, account="sekretaris"):
    """Let somebody have an address that they confirmed."""
    office.services.reaching.set_address(office.actor(account), account, f"{account}@contoh.go.id", office.now)


@pytest.fixture
def desk(people_only, post):
    """An office whose people know their passwords, whose letters go out, and whose secretary confirmed an address."""
    office = TellingOffice(people_only.database, people_only.data_dir)
    known(office).uses(post)
    owned(office)
    return office


@pytest.fixture
def links(desk):
    return desk.services.reset_links


def ask(office, account="sekretaris", address="10.0.0.1"):
    office.services.reset_links.ask(account, address, office.now)
    office.sweep()


def secrets_in(post):
    return [re.search(r"/sandi/baru/(\w+)", each.get_body(("plain",)).get_content()).group(1) for each in post.letters]


def lines(office, account="sekretaris"):
    found = office.services.histories.of_person(office.actor("auditor"), account)
    return [(line.action, json.loads(line.change)) for line in found]


def signs_in(office, password, account="sekretaris"):
    return office.services.accounts.sign_in(account, password, HERE, office.now)


@pytest.fixture
def browser(desk):
    services = desk.services
    app = create_app(services, secret_key=b"k" * 32, office_name="Dinas Contoh", clock=lambda: desk.now)
    return Browser(app)


def test_a_link_sets_a_new_password_once_and_ends_all_that_the_old_one_opened(desk, browser, post):
    opened = signs_in(desk, PASSWORD)
    asked = browser.post("/sandi/lupa", {"akun": " Sekretaris "}, page="/sandi/lupa")
    assert "Periksa surel Anda" in asked.text
    desk.sweep()
    [letter], [secret] = post.letters, secrets_in(post)
    assert letter["To"] == "sekretaris@contoh.go.id"
    assert f"https://alur.contoh.go.id/sandi/baru/{secret}" in letter.get_body(("html",)).get_content()
    page = browser.get(f"/sandi/baru/{secret}")
    assert "sekretaris" in page.text
    assert browser.get(f"/sandi/baru/{secret}").status_code == 200, "a program that looks uses nothing up"
    kept = browser.http.post(f"/sandi/baru/{secret}", data={"csrf_token": browser.token(f"/sandi/baru/{secret}")})
    assert (kept.status_code, "paling sedikit 10" in kept.text) == (422, True)
    data = {"baru": NEW, "ulang": NEW}
    done = browser.post(f"/sandi/baru/{secret}", data, page=f"/sandi/baru/{secret}")
    assert (done.status_code, done.headers["Location"]) == (303, "/masuk")
    assert desk.services.accounts.session(opened.token, desk.now) is None
    with pytest.raises(SignInRefused):
        signs_in(desk, PASSWORD)
    assert signs_in(desk, NEW)
    again = browser.get(f"/sandi/baru/{secret}", follow_redirects=True)
    assert again.request.path == "/sandi/lupa"
    assert "sudah dipakai" in again.text
    late = browser.post(f"/sandi/baru/{secret}", data, page="/sandi/lupa")
    assert late.headers["Location"] == "/sandi/lupa"
    told = lines(desk)
    assert ("password:changed", {"how": "mail", "sessions": 1, "tokens": 0}) in told
    assert "password:linked" in dict(told)
    with desk.database.read() as reader:
        assert secret not in str([reader.connection.execute(select(table)).all() for table in (reset_link, dispatch)])
        assert not prove(reader).faults


@pytest.mark.parametrize("account", ["tidak.ada", "auditor", "kepala.dinas", "tim.sakip", "x" * 300])
def test_whoever_asks_learns_nothing_of_an_account_and_only_a_confirmed_address_gets_a_letter(
    desk, browser, post, account
):
    desk.reached("kepala.dinas")  # entered by the operator: whoever enters addresses must not become anybody
    owned(desk, "tim.sakip")
    desk.services.people.set_active(desk.actor("operator"), "tim.sakip", False, "Mutasi", desk.now)
    answers = [browser.post("/sandi/lupa", {"akun": each}, page="/sandi/lupa") for each in ("sekretaris", account)]
    known, unknown = (re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text) for answer in answers)
    assert known == unknown
    desk.sweep()
    assert [letter["To"] for letter in post.letters] == ["sekretaris@contoh.go.id"]


def test_a_link_holds_half_an_hour_and_neither_a_new_address_nor_a_leaving_lets_it_open(desk, links, post):
    for over in (
        lambda: desk.later(minutes=30),
        lambda: owned(desk),
        lambda: desk.services.accounts.sign_out_elsewhere(desk.actor("sekretaris"), desk.now),
        lambda: desk.services.people.set_active(desk.actor("operator"), "sekretaris", False, "Mutasi", desk.now),
    ):
        ask(desk)
        secret = secrets_in(post)[-1]
        assert links.owner(secret, desk.now) == "sekretaris"
        over()
        with pytest.raises(SignInRefused):
            links.use(secret, NEW, desk.now)
        desk.later(minutes=1)
    assert len(post.letters) == 4
    assert signs_in_after(desk)


def signs_in_after(office):
    """The old password still opens, once the account is on again: nobody used a link."""
    office.services.people.set_active(office.actor("operator"), "sekretaris", True, "Kembali", office.now)
    return signs_in(office, PASSWORD)


def test_nobody_fills_a_box_and_nobody_s_asking_takes_a_link_away(desk, links, post):
    for n in range(8):
        ask(desk, address=f"10.0.{n}.1")
    assert len(post.letters) == 3
    assert {links.owner(secret, desk.now) for secret in secrets_in(post)} == {"sekretaris"}
    for _ in range(5):
        links.ask("sekretaris", "10.9.9.9", desk.now)
    with pytest.raises(SignInThrottled):
        links.ask("sekretaris", "10.9.9.9", desk.now)
    links.use(secrets_in(post)[0], NEW, desk.now)
    assert {links.owner(secret, desk.now) for secret in secrets_in(post)} == {None}


def test_many_who_ask_are_told_to_wait_in_words(browser):
    for _ in range(5):
        browser.post("/sandi/lupa", {"akun": "auditor"}, page="/sandi/lupa")
    answer = browser.post("/sandi/lupa", {"akun": "auditor"}, page="/sandi/lupa")
    assert (answer.status_code, "Terlalu banyak percobaan" in answer.text) == (429, True)


def test_a_weak_password_leaves_the_link_and_the_second_factor_is_asked_all_the_same(desk, links, post):
    phone = Phone(desk)
    ask(desk)
    [secret] = secrets_in(post)
    with pytest.raises(WeakPassword):
        links.use(secret, "sekretaris", desk.now)
    links.use(secret, NEW, desk.now)
    opened = signs_in(desk, NEW)
    assert opened.awaits_code
    waiting = desk.services.accounts.session(opened.token, desk.now)
    assert desk.services.accounts.sign_in_with_code(waiting, phone.code(), HERE, desk.now)


def test_a_letter_waits_for_a_server_that_is_away_and_none_goes_out_that_would_open_nothing(desk, browser, links, post):
    post.close()
    ask(desk)
    assert "sedang tidak menjawab" in browser.get("/sandi/lupa").text
    post.open()
    desk.later(minutes=2)
    desk.sweep()
    [secret] = secrets_in(post)
    assert links.owner(secret, desk.now) == "sekretaris"
    post.close()
    desk.later(minutes=30)
    ask(desk)
    post.open()
    desk.later(minutes=31)
    desk.sweep()
    assert len(post.letters) == 1, "the second would be too old"
    with desk.database.read() as reader:
        statuses = reader.connection.scalars(select(dispatch.c.status).order_by(dispatch.c.made_at)).all()
    assert statuses == ["sent", "dropped"]


def test_a_letter_that_is_sent_again_is_the_same_and_a_used_link_does_not_come_back(desk, links, post):
    ask(desk)
    for _ in range(2):  # a worker that was killed before it noted that the letter went
        with desk.database.unguarded() as connection:
            connection.execute(update(dispatch).values(status="due", due_at=desk.now))
            connection.commit()
        desk.sweep()
    first, second, third = secrets_in(post)
    assert first == second == third
    links.use(first, NEW, desk.now)
    with desk.database.unguarded() as connection:
        connection.execute(update(dispatch).values(status="due", due_at=desk.now))
        connection.commit()
    desk.sweep()
    assert (len(post.letters), links.owner(first, desk.now)) == (3, None)


def test_an_office_without_mail_says_whom_to_ask_and_writes_nothing(people_only):
    app = create_app(people_only.services, secret_key=b"k" * 32, office_name="Dinas", clock=lambda: people_only.now)
    browser = Browser(app)
    assert "Hubungi operator" in browser.get("/sandi/lupa").text
    assert "Kirim tautan" not in browser.get("/sandi/lupa").text
    answer = browser.post("/sandi/lupa", {"akun": "sekretaris"}, page="/masuk")
    assert "Hubungi operator" in answer.text
    with people_only.database.read() as reader:
        assert not reader.connection.execute(select(dispatch)).all()
        assert not reader.connection.scalars(select(history.c.seq).where(history.c.action == "password:linked")).all()


def test_who_set_the_mail_server_becomes_no_second_person_by_reading_its_letters(desk, links, post):
    people, operator = desk.services.people, desk.actor("operator")
    owned(desk, "auditor")
    ask(desk, "auditor")
    links.use(secrets_in(post)[-1], NEW, desk.now)
    why, since = "Ditugaskan lewat nota dinas.", desk.now.date()
    given = (Capacity.DEFINITIVE, since, None, None, why, desk.now)
    proposed = people.add_membership(operator, "sekretaris", "designer", *given)
    with pytest.raises(NotPermitted) as refused:
        people.confirm(desk.actor("auditor"), proposed.held.id, desk.now)
    assert refused.value.reason == "second_person"
    people.decline(operator, proposed.held.id, "Tidak jadi.", desk.now)
    desk.later(days=15)
    proposed = people.add_membership(operator, "sekretaris", "designer", *given[:-1], desk.now)
    people.confirm(desk.actor("auditor"), proposed.held.id, desk.now)


def test_links_are_forgotten_with_sessions(desk, links, post):
    ask(desk)
    desk.now += timedelta(days=40)
    desk.services.operations.tidy(desk.now)
    with desk.database.read() as reader:
        assert not reader.connection.execute(select(reset_link)).all()


def test_who_is_taken_in_from_a_file_sets_the_first_password_by_a_link_at_the_address_in_it(desk, links, post):
    rows = "Akun;Nama;Alamat surel\nbaru.1;Orang Baru 1;baru.1@contoh.go.id\nbaru.2;Orang Baru 2;\n"
    sheet = PeopleSheet(rows.encode(), "Penerimaan pegawai", True, INDONESIAN)
    done = desk.services.people_sheets.take(desk.actor("operator"), sheet, desk.now)
    assert (done.written_to, list(done.passwords)) == (["baru.1"], ["baru.2"])
    desk.sweep()
    [letter], [secret] = post.letters, secrets_in(post)
    assert letter["To"] == "baru.1@contoh.go.id"
    assert "tiga hari" in letter.get_body(("plain",)).get_content()
    desk.later(days=2)
    links.use(secret, NEW, desk.now)
    assert signs_in(desk, NEW, "baru.1")
