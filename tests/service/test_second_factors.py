"""The second factor: codes of the phone, recovery codes, roles that must have it, and who may switch it off."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select, update

from engine.model.errors import InvalidForm, NotPermitted
from engine.service.people.accounts import Retyped, SignInRefused
from engine.service.people.api_tokens import TokenRefused
from engine.service.people.attempts import SignInThrottled, Source
from engine.store import tables
from tests.pages.conftest import PASSWORD, known

HERE = Source("10.0.0.1")


@pytest.fixture
def office(people_only):
    """An office without an SOP, whose people all know their password."""
    return known(people_only)


@pytest.fixture
def accounts(office):
    """Its accounts."""
    return office.services.accounts


class Phone:
    """The phone of somebody who set a second factor."""

    def __init__(self, office, account="sekretaris"):
        self.office, self.account = office, account
        accounts = office.services.accounts
        self.totp = pyotp.TOTP(pyotp.random_base32())
        code = self.code()
        self.recovery = accounts.set_second_factor(office.actor(account), self.totp.secret, code, office.now)
        office.later(minutes=2)

    def code(self, steps=0):
        return self.totp.at(self.office.now, counter_offset=steps)

    def retyped(self, code):
        return Retyped(PASSWORD, "10.0.0.1", code)

    def sign_in(self, code):
        accounts, now = self.office.services.accounts, self.office.now
        opened = accounts.sign_in(self.account, PASSWORD, HERE, now)
        assert opened.awaits_code
        return accounts.sign_in_with_code(accounts.session(opened.token, now), code, HERE, now)


def lines(office, account):
    found = office.services.histories.of_person(office.actor("auditor"), account)
    return [(line.action, json.loads(line.change or "{}")) for line in found]


def test_the_password_alone_opens_nothing_and_a_code_of_the_phone_opens_a_session(office, accounts):
    phone = Phone(office)
    waiting = accounts.sign_in("sekretaris", PASSWORD, HERE, office.now)
    found = accounts.session(waiting.token, office.now)
    assert found.awaits_code
    with pytest.raises(SignInRefused):
        accounts.sign_in_with_code(found, "000000", HERE, office.now)
    opened = accounts.sign_in_with_code(found, phone.code(), HERE, office.now)
    assert not accounts.session(opened.token, office.now).awaits_code
    assert accounts.session(waiting.token, office.now) is None, "whoever saw the first cookie has nothing"
    assert ("second_factor:set", {}) in lines(office, "sekretaris")


def test_a_session_waits_ten_minutes_for_its_code(office, accounts):
    phone = Phone(office)
    waiting = accounts.sign_in("sekretaris", PASSWORD, HERE, office.now)
    office.later(minutes=10, seconds=1)
    assert accounts.session(waiting.token, office.now) is None
    assert phone.sign_in(phone.code())


def test_a_code_that_waits_ends_with_the_password(office, accounts):
    phone = Phone(office)
    found = accounts.session(accounts.sign_in("sekretaris", PASSWORD, HERE, office.now).token, office.now)
    accounts.issue_reset_code(office.actor("operator"), "sekretaris", "Lupa sandi", office.now)
    with pytest.raises(SignInRefused):
        accounts.sign_in_with_code(found, phone.code(), HERE, office.now)


def test_a_code_opens_once_even_for_two_who_saw_it_at_the_same_moment(office, accounts):
    phone = Phone(office)
    sessions = [
        accounts.session(accounts.sign_in("sekretaris", PASSWORD, HERE, office.now).token, office.now) for _ in range(4)
    ]

    def use(waiting):
        try:
            return bool(accounts.sign_in_with_code(waiting, phone.code(), HERE, office.now))
        except SignInRefused:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(use, sessions)) == 1
    with pytest.raises(SignInRefused):
        phone.sign_in(phone.code(-1))


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phone_s_clock_may_be_half_a_minute_off(office, accounts, steps, taken):
    phone = Phone(office)
    if taken:
        assert phone.sign_in(phone.code(steps))
    else:
        with pytest.raises(SignInRefused):
            phone.sign_in(phone.code(steps))


def test_a_recovery_code_opens_once_however_it_is_written(office, accounts):
    phone = Phone(office)
    assert len(set(phone.recovery)) == 10
    first = phone.recovery[0].upper().replace("-", " ")
    assert phone.sign_in(f" {first} ")
    assert ("recovery_code:used", {"left": 9}) in lines(office, "sekretaris")
    for code in (phone.recovery[0], "", Phone(office, "auditor").recovery[0]):
        with pytest.raises(SignInRefused):
            phone.sign_in(code)


def test_codes_are_guessed_no_faster_than_passwords_however_often_the_password_is_right(office, accounts):
    phone = Phone(office)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            phone.sign_in("000000")
    with pytest.raises(SignInThrottled):
        phone.sign_in(phone.code())


def test_the_database_gives_no_codes_and_another_person_s_row_opens_nothing(office, accounts):
    phone, other = Phone(office), Phone(office, "auditor")
    with office.database.unguarded() as connection:
        rows = connection.execute(select(tables.second_factor)).all()
        assert phone.totp.secret not in str(rows)
        assert phone.recovery[0] not in str(rows)
        of_auditor = next(row.sealed for row in rows if row.person_id == "auditor")
        connection.execute(update(tables.second_factor).values(sealed=of_auditor))
    with pytest.raises(SignInRefused):
        phone.sign_in(other.code())
    assert other.sign_in(other.code())


def test_who_sits_at_an_open_browser_neither_sets_nor_drops_nor_uses_it(office, accounts):
    phone, actor = Phone(office), office.actor("sekretaris")
    for proof in (Retyped(PASSWORD, "-"), Retyped(PASSWORD, "-", "000000"), Retyped("salah", "-", phone.code())):
        for deed in (
            lambda proof=proof: accounts.confirm(actor, proof, office.now, with_code=True),
            lambda proof=proof: accounts.drop_second_factor(actor, proof, office.now),
            lambda proof=proof: office.services.tokens.issue(actor, "rekap", 30, ["read"], proof, office.now),
        ):
            with pytest.raises(SignInRefused):
                deed()
            office.later(minutes=16)
    accounts.drop_second_factor(actor, phone.retyped(phone.code()), office.now)
    assert not accounts.sign_in("sekretaris", PASSWORD, HERE, office.now).awaits_code
    assert lines(office, "sekretaris")[0] == ("second_factor:dropped", {})
    told = lines(office, "sekretaris")
    accounts.drop_second_factor(actor, Retyped(PASSWORD, "-"), office.now)
    assert lines(office, "sekretaris") == told, "there was none to drop"


def test_a_page_that_is_loaded_again_makes_no_new_recovery_codes(office, accounts):
    phone = Phone(office)
    with pytest.raises(SignInRefused):
        accounts.set_second_factor(office.actor("sekretaris"), phone.totp.secret, phone.code(), office.now)
    assert phone.sign_in(phone.recovery[0])


def test_a_code_is_taken_as_phones_show_it_in_two_groups(office, accounts):
    phone = Phone(office)
    assert phone.sign_in(f"{phone.code()[:3]} {phone.code()[3:]}")


def test_another_phone_takes_the_place_of_the_one_before(office, accounts):
    before = Phone(office)
    after = pyotp.TOTP(pyotp.random_base32())
    accounts.set_second_factor(office.actor("sekretaris"), after.secret, after.at(office.now), office.now)
    office.later(minutes=1)
    for code in (before.code(), before.recovery[0]):
        with pytest.raises(SignInRefused):
            before.sign_in(code)
    assert before.sign_in(after.at(office.now))


def test_setting_it_ends_the_sessions_that_were_opened_without(office, accounts):
    elsewhere = accounts.sign_in("sekretaris", PASSWORD, HERE, office.now)
    Phone(office)
    assert accounts.session(elsewhere.token, office.now) is None


def test_the_operator_switches_off_the_second_factor_of_others_with_a_reason(office, accounts):
    phone, mine, operator = Phone(office), Phone(office, "operator"), office.actor("operator")
    session = phone.sign_in(phone.code())
    with pytest.raises(NotPermitted):
        accounts.reset_second_factor(office.actor("auditor"), "sekretaris", "Ponsel hilang", office.now)
    with pytest.raises(NotPermitted):
        accounts.reset_second_factor(operator, "operator", "Ponsel hilang", office.now)
    with pytest.raises(InvalidForm):
        accounts.reset_second_factor(operator, "sekretaris", " ", office.now)
    accounts.reset_second_factor(operator, "sekretaris", "Ponsel hilang", office.now)
    assert accounts.session(session.token, office.now) is None
    assert not accounts.sign_in("sekretaris", PASSWORD, HERE, office.now).awaits_code
    assert lines(office, "sekretaris")[0] == (
        "second_factor:reset",
        {"reason": "Ponsel hilang", "sessions": 1, "tokens": 0},
    )
    assert mine.sign_in(mine.code())


def test_a_new_password_from_the_operator_leaves_the_second_factor_where_it_is(office, accounts):
    phone = Phone(office)
    code = accounts.issue_reset_code(office.actor("operator"), "sekretaris", "Lupa sandi", office.now)
    waiting = accounts.sign_in("sekretaris", code, HERE, office.now)
    opened = accounts.sign_in_with_code(accounts.session(waiting.token, office.now), phone.code(), HERE, office.now)
    assert accounts.session(opened.token, office.now).person.must_change_password


def test_a_role_that_asks_for_it_leads_to_it_and_its_programs_wait(office, accounts):
    issued = office.services.tokens.issue(
        office.actor("auditor"), "rekap", 90, ["read"], Retyped(PASSWORD, "-"), office.now
    )
    accounts.ask_second_factor(office.actor("operator"), {"auditor"}, office.now)
    for account, must in (("auditor", True), ("sekretaris", False)):
        found = accounts.session(accounts.sign_in(account, PASSWORD, HERE, office.now).token, office.now)
        assert found.person.must_enrol == must
    with pytest.raises(TokenRefused) as refused:
        office.services.tokens.holder(issued[1], office.now)
    assert refused.value.reason == "second_factor"
    phone = Phone(office, "auditor")
    assert not accounts.session(phone.sign_in(phone.code()).token, office.now).person.must_enrol
    assert office.services.tokens.holder(issued[1], office.now)


def test_a_role_held_no_longer_asks_for_nothing(office, accounts):
    accounts.ask_second_factor(office.actor("operator"), {"tim_sakip"}, office.now)
    today = office.services.office.today(office.now)
    operator = office.actor("operator")
    office.services.people.end_membership(
        operator, "tim.sakip", "m-tim.sakip-tim_sakip", today, "Pindah tugas.", office.now
    )
    later = office.now + timedelta(days=1)
    for account, must in (("tim.sakip", False), ("tim.sakip.2", True)):
        opened = accounts.sign_in(account, PASSWORD, HERE, later)
        assert accounts.session(opened.token, later).person.must_enrol == must


def test_which_roles_is_the_operator_s_to_say_and_on_record(office, accounts):
    with pytest.raises(NotPermitted):
        accounts.ask_second_factor(office.actor("auditor"), set(), office.now)
    for roles in ({"auditor", "operator"}, {"operator"}):
        accounts.ask_second_factor(office.actor("operator"), roles, office.now)
        assert accounts.second_factor_roles() == roles
    latest = select(tables.history.c.change).where(tables.history.c.stream == "office")
    with office.database.read() as reader:
        change = reader.connection.scalar(latest.order_by(tables.history.c.seq.desc()).limit(1))
    assert json.loads(change)["old"] == {"roles": ["auditor", "operator"]}


def test_a_key_of_another_installation_opens_nothing(office, accounts):
    phone = Phone(office)
    office.services.accounts = replace(accounts, second_factor_key=b"k" * 32)
    with pytest.raises(SignInRefused):
        phone.sign_in(phone.code())
