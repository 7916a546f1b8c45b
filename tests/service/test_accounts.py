"""Signing in, sessions, passwords, one-time codes."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from time import process_time

import pytest
from sqlalchemy import select, update

from engine.model.errors import InvalidForm, NotFound, NotPermitted
from engine.service.people import passwords
from engine.service.people.accounts import AccountInactive, Retyped, SignInRefused
from engine.service.people.api_tokens import TokenRefused
from engine.service.people.attempts import SignInThrottled, Source
from engine.service.people.passwords import WeakPassword
from engine.store.tables import person, web_session

PASSWORD = "kuda-baterai-staples"


@pytest.fixture
def office(people_only):
    """An office without an SOP."""
    return people_only


@pytest.fixture
def accounts(office):
    """The accounts of the office; sekretaris has a password."""
    code = office.services.accounts.issue_reset_code(office.actor("operator"), "sekretaris", "Lupa sandi", office.now)
    token = sign_in(office, "sekretaris", code)
    found = office.services.accounts.session(token, office.now)
    office.services.accounts.change_password(found.actor, None, PASSWORD, office.now)
    return office.services.accounts


def sign_in(office, account, password, address="10.0.0.1"):
    return open_session(office, account, password, address).token


def open_session(office, account, password, address="10.0.0.1", device=""):
    return office.services.accounts.sign_in(account, password, Source(address, device, "Chrome 109"), office.now)


def issue_token(office, account, password):
    retyped = Retyped(password, "10.0.0.1")
    return office.services.tokens.issue(office.actor(account), "rekap", 30, ["read"], retyped, office.now)


def guess(office, times, account="sekretaris", address="10.0.0.1", device=""):
    """Try wrong passwords; how many of them were checked."""
    checked = 0
    for _ in range(times):
        with pytest.raises((SignInRefused, SignInThrottled)) as refusal:
            open_session(office, account, "salah", address, device)
        checked += refusal.type is SignInRefused
    return checked


def test_the_right_password_opens_a_session_with_today_s_roles(office, accounts):
    found = accounts.session(sign_in(office, " Sekretaris ", PASSWORD), office.now)
    assert found.actor.person_id == "sekretaris"
    assert found.actor.roles == {"sekretaris"}


def test_a_wrong_name_and_a_wrong_password_are_refused_alike(office, accounts):
    for account, password in (("sekretaris", "salah"), ("tidak.ada", PASSWORD), ("", ""), ("sekretaris", "x" * 5000)):
        with pytest.raises(SignInRefused):
            sign_in(office, account, password, address=f"10.0.0.{len(account)}")


def test_after_five_wrong_tries_each_further_one_waits_twice_as_long_as_the_one_before(office, accounts):
    assert guess(office, 8) == 5
    waited = []
    for _ in range(7):
        with pytest.raises(SignInThrottled) as throttled:
            sign_in(office, "sekretaris", PASSWORD)
        waited.append((throttled.value.until - office.now).total_seconds())
        office.now = throttled.value.until
        assert guess(office, 3) == 1
    assert waited == [30, 60, 120, 240, 480, 900, 900]
    office.later(minutes=15)
    assert sign_in(office, "sekretaris", PASSWORD)


def test_of_sixteen_tries_at_once_five_are_checked(office, accounts):
    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(lambda _: guess(office, 1), range(16))) == 5


def test_a_stranger_who_guesses_keeps_nobody_out_who_signed_in_before(office, accounts):
    own = open_session(office, "sekretaris", PASSWORD).device
    for n in range(12):
        guess(office, 6, address=f"192.0.2.{n}")  # from everywhere, and from the office's own address
    guess(office, 6)
    assert open_session(office, "sekretaris", PASSWORD, device=own)
    assert guess(office, 8, device=own) == 5, "the known browser has its own free tries, and no more"
    with pytest.raises(SignInThrottled):
        open_session(office, "sekretaris", PASSWORD, device=own)


def test_a_browser_is_known_for_those_only_who_signed_in_there(office, accounts):
    shared = open_session(office, "sekretaris", PASSWORD).device
    assert guess(office, 6, "auditor", device=shared) == 5
    assert open_session(office, "sekretaris", PASSWORD, device=shared).device == shared
    assert guess(office, 6, "auditor", device="made up") == 0


def test_a_right_password_gives_a_known_browser_its_free_tries_back(office, accounts):
    own = open_session(office, "sekretaris", PASSWORD).device
    for _ in range(3):
        assert guess(office, 4, device=own) == 4
        assert open_session(office, "sekretaris", PASSWORD, device=own)


def test_an_office_behind_one_address_is_not_locked_by_one_of_its_people(office, accounts):
    for account in ("tim.sakip", "auditor", *(f"siapa.{n}" for n in range(40))):
        guess(office, 6, account)
    assert sign_in(office, "sekretaris", PASSWORD)


def test_guesses_from_one_household_of_ipv6_count_together(office, accounts):
    assert sum(guess(office, 1, address=f"2001:db8:1:2::{n}") for n in range(8)) == 5
    assert guess(office, 1, address="2001:db8:1:3::1") == 1
    assert guess(office, 6, address="::ffff:10.9.9.9") == 5
    assert guess(office, 1, address="10.9.9.9") == 0


def test_a_program_that_tries_every_account_from_one_address_is_slowed_down(office, accounts, monkeypatch):
    monkeypatch.setattr("engine.service.people.attempts.FREE_OF_ADDRESS", 20)
    assert sum(guess(office, 1, f"akun.{n}") for n in range(25)) == 20
    assert guess(office, 1, "akun.25", address="10.0.0.2") == 1


def test_a_password_that_is_typed_again_is_guessed_no_faster_in_an_open_browser(office, accounts):
    actor = accounts.session(sign_in(office, "sekretaris", PASSWORD), office.now).actor
    elsewhere = accounts.session(sign_in(office, "sekretaris", PASSWORD), office.now).actor

    def typed_again(who, password):
        accounts.confirm(who, Retyped(password, "10.0.0.1"), office.now)

    for _ in range(3):
        for _ in range(4):
            with pytest.raises(SignInRefused):
                typed_again(actor, "salah")
        typed_again(actor, PASSWORD)
    for _ in range(5):
        with pytest.raises(WeakPassword):
            accounts.change_password(actor, Retyped("salah", "10.0.0.1"), "sandi lain yang baru", office.now)
    for deed in (
        lambda: typed_again(actor, PASSWORD),
        lambda: accounts.change_password(actor, Retyped(PASSWORD, "10.0.0.1"), "sandi lain yang baru", office.now),
    ):
        with pytest.raises(SignInThrottled):
            deed()
    typed_again(elsewhere, PASSWORD)
    assert sign_in(office, "sekretaris", PASSWORD)


def test_a_session_ends_when_it_is_idle_and_after_a_day_s_work_in_any_case(office, accounts):
    token = sign_in(office, "sekretaris", PASSWORD)
    for _ in range(11 * 3):
        office.later(minutes=20)
        assert accounts.session(token, office.now) is not None
    office.later(minutes=31)
    assert accounts.session(token, office.now) is None
    token = sign_in(office, "sekretaris", PASSWORD)
    for _ in range(12 * 3):
        office.later(minutes=20)
        accounts.session(token, office.now)
    office.later(minutes=20)
    assert accounts.session(token, office.now) is None


def test_signing_out_elsewhere_ends_every_other_session(office, accounts):
    tokens = [sign_in(office, "sekretaris", PASSWORD) for _ in range(3)]
    accounts.sign_out_elsewhere(accounts.session(tokens[0], office.now).actor, office.now)
    assert [bool(accounts.session(token, office.now)) for token in tokens] == [True, False, False]


def test_somebody_sees_their_open_sessions_with_device_and_address_and_ends_one(office, accounts):
    here, there, old = (sign_in(office, "sekretaris", PASSWORD) for _ in range(3))
    me = accounts.session(here, office.now).actor
    found = accounts.sessions(me, "sekretaris", office.now)
    assert {(each.user_agent, each.address) for each in found} == {("Chrome 109", "10.0.0.1")}
    accounts.end_session(me, accounts.session(there, office.now).session_id, office.now)
    assert accounts.session(there, office.now) is None
    assert "session:ended" in [line.action for line in office.services.histories.of_person(me, "sekretaris")]
    stranger = office.actor("auditor")
    for nobody_s in (accounts.session(old, office.now).session_id, "tidak-ada"):
        with pytest.raises(NotFound):
            accounts.end_session(stranger, nobody_s, office.now)
    office.later(minutes=31)
    assert accounts.sessions(me, "sekretaris", office.now) == (), "those that were idle too long are no sessions"


def test_the_operator_ends_all_of_somebody_s_sessions_with_a_reason(office, accounts):
    token = sign_in(office, "sekretaris", PASSWORD)
    with pytest.raises(InvalidForm):
        accounts.end_all(office.actor("operator"), "sekretaris", "", office.now)
    assert accounts.sessions(office.actor("operator"), "sekretaris", office.now)
    accounts.end_all(office.actor("operator"), "sekretaris", "Laptop hilang", office.now)
    assert accounts.session(token, office.now) is None


def change_the_password(office, actor):
    office.services.accounts.change_password(actor, Retyped(PASSWORD, "-"), "sandi lain yang baru", office.now)


def sign_out_elsewhere(office, actor):
    office.services.accounts.sign_out_elsewhere(actor, office.now)


def be_given_a_code(office, actor):
    office.services.accounts.issue_reset_code(office.actor("operator"), actor.person_id, "Lupa sandi", office.now)


def be_switched_off(office, actor):
    office.services.people.set_active(office.actor("operator"), actor.person_id, False, "Mutasi", office.now)
    office.services.people.set_active(office.actor("operator"), actor.person_id, True, "Mutasi", office.now)


@pytest.mark.parametrize("deed", [change_the_password, sign_out_elsewhere, be_given_a_code, be_switched_off])
def test_what_a_credential_opened_ends_with_it(office, accounts, deed):
    here, elsewhere = sign_in(office, "sekretaris", PASSWORD), sign_in(office, "sekretaris", PASSWORD)
    actor = accounts.session(here, office.now).actor
    _, text = issue_token(office, "sekretaris", PASSWORD)
    deed(office, actor)
    assert accounts.session(elsewhere, office.now) is None
    assert (accounts.session(here, office.now) is not None) == (deed in (change_the_password, sign_out_elsewhere))
    with pytest.raises(TokenRefused) as refused:
        office.services.tokens.holder(text, office.now)
    assert refused.value.reason == "revoked"
    lines = office.services.histories.of_person(office.actor("auditor"), "sekretaris")
    counted = next(found for line in lines if "tokens" in (found := json.loads(line.change or "{}")))
    others = deed in (change_the_password, sign_out_elsewhere)
    assert (counted["sessions"], counted["tokens"]) == (2 if others else 3, 1)


def test_after_a_reset_the_old_password_opens_nothing_whether_the_code_was_used_or_not(office, accounts):
    code = accounts.issue_reset_code(office.actor("operator"), "sekretaris", "Lupa sandi", office.now)
    with pytest.raises(SignInRefused):
        sign_in(office, "sekretaris", PASSWORD)
    with pytest.raises(SignInRefused):
        accounts.confirm(office.actor("sekretaris"), Retyped(PASSWORD, "10.0.0.1"), office.now)
    assert sign_in(office, "sekretaris", code)
    with pytest.raises(SignInRefused):
        sign_in(office, "sekretaris", PASSWORD)


def test_a_token_opens_nothing_from_the_very_moment_at_which_it_ends(office, accounts):
    token, text = issue_token(office, "sekretaris", PASSWORD)
    assert office.services.tokens.holder(text, token.expires_at - timedelta(microseconds=1))
    with pytest.raises(TokenRefused) as refused:
        office.services.tokens.holder(text, token.expires_at)
    assert refused.value.reason == "expired"


def test_a_one_time_code_opens_one_session_in_which_a_password_must_be_set(office, accounts):
    code = accounts.issue_reset_code(office.actor("operator"), "tim.sakip", "Lupa sandi", office.now)
    found = accounts.session(sign_in(office, "tim.sakip", code), office.now)
    assert found.person.must_change_password
    with pytest.raises(SignInRefused):
        sign_in(office, "tim.sakip", code)
    accounts.change_password(found.actor, None, "sandi baru yang panjang", office.now)
    assert sign_in(office, "tim.sakip", "sandi baru yang panjang")


def test_a_one_time_code_lasts_a_day(office, accounts):
    code = accounts.issue_reset_code(office.actor("operator"), "tim.sakip", "Lupa sandi", office.now)
    office.later(hours=24)
    with pytest.raises(SignInRefused):
        sign_in(office, "tim.sakip", code)


def test_guessing_neither_uses_up_a_one_time_code_nor_keeps_it_from_opening(office, accounts):
    guess(office, 8, "tim.sakip")
    code = accounts.issue_reset_code(office.actor("operator"), "tim.sakip", "Lupa sandi", office.now)
    guess(office, 20, "tim.sakip", address="192.0.2.1")
    assert sign_in(office, "tim.sakip", code)


def test_a_one_time_code_that_two_use_at_once_opens_for_one(office, accounts):
    code = accounts.issue_reset_code(office.actor("operator"), "tim.sakip", "Lupa sandi", office.now)

    def use(_):
        try:
            return bool(sign_in(office, "tim.sakip", code))
        except SignInRefused:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(use, range(4))) == 1


def test_only_the_operator_gives_codes(office, accounts):
    for account in ("sekretaris", "auditor", "perancang"):
        with pytest.raises(NotPermitted):
            accounts.issue_reset_code(office.actor(account), "kepala.dinas", "Lupa sandi", office.now)


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ("pendek", "short"),
        ("x" * 201, "long"),
        ("password12", "common"),
        ("januari2026!", "common"),
        ("1234567890", "common"),
        ("qwertyuiop", "common"),
        ("Rahasia123", "common"),
        ("sekretaris-2025", "name"),
        ("Pematangsiantar1", "name"),
        ("rtyuiofghjkl", "pattern"),
        ("aaaaaaaaaaaa", "pattern"),
        ("abcdefghijkl", "pattern"),
        ("17-08-1945", "pattern"),
        (PASSWORD, "same"),
    ],
)
def test_weak_passwords_are_refused_with_the_reason(office, accounts, new, reason):
    actor = accounts.session(sign_in(office, "sekretaris", PASSWORD), office.now).actor
    with pytest.raises(WeakPassword) as weak:
        accounts.change_password(actor, Retyped(PASSWORD, "-"), new, office.now)
    assert weak.value.reason == reason


@pytest.mark.parametrize(
    "sentence", ["kuda makan rumput pagi", "sekretaris suka kopi tubruk", "correct horse battery staple"]
)
def test_sentences_of_several_words_are_taken_without_digits_or_signs(office, accounts, sentence):
    passwords.check(sentence, "sekretaris", "Sri Sekretaris", "Dinas Contoh")


def test_looking_at_a_password_takes_little_time_whatever_it_is(accounts):
    began = process_time()
    for long in ("a", "ab", "4", "@4(3!", "qwertyuiop", "1.1.11"):
        with suppress(WeakPassword):
            passwords.check((long * 200)[:200], "sekretaris")
    assert process_time() - began < 3


def test_a_new_password_needs_the_old_one_and_closes_other_sessions(office, accounts):
    here, elsewhere = sign_in(office, "sekretaris", PASSWORD), sign_in(office, "sekretaris", PASSWORD)
    actor = accounts.session(here, office.now).actor
    with pytest.raises(WeakPassword):
        accounts.change_password(actor, Retyped("bukan yang lama", "-"), "sandi lain yang baru", office.now)
    accounts.change_password(actor, Retyped(PASSWORD, "-"), "sandi lain yang baru", office.now)
    assert accounts.session(here, office.now) is not None
    assert accounts.session(elsewhere, office.now) is None


def test_an_account_that_is_off_opens_nothing(office, accounts):
    token = sign_in(office, "sekretaris", PASSWORD)
    office.services.people.set_active(office.actor("operator"), "sekretaris", False, "Mutasi", office.now)
    assert accounts.session(token, office.now) is None
    with pytest.raises(AccountInactive) as off:
        sign_in(office, "sekretaris", PASSWORD)
    assert off.value.since == office.now


def test_nobody_sets_a_password_of_an_account_that_was_switched_off_meanwhile(office, accounts):
    actor = accounts.session(sign_in(office, "sekretaris", PASSWORD), office.now).actor
    office.services.people.set_active(office.actor("operator"), "sekretaris", False, "Mutasi", office.now)
    with pytest.raises(NotPermitted) as off:
        accounts.change_password(actor, Retyped(PASSWORD, "-"), "sandi lain yang baru", office.now)
    assert off.value.reason == "inactive"


def test_nobody_is_given_a_code_who_has_no_account(office, accounts):
    with pytest.raises(NotPermitted) as unknown:
        accounts.issue_reset_code(office.actor("operator"), "tidak.ada", "Lupa sandi", office.now)
    assert unknown.value.reason == "unknown"


@pytest.mark.parametrize(
    ("reason", "standing"), [("inactive", {"active": False}), ("password", {"must_change_password": True})]
)
def test_a_token_that_was_left_by_an_earlier_version_opens_no_account_that_is_closed(
    office, accounts, reason, standing
):
    _, text = issue_token(office, "sekretaris", PASSWORD)
    with office.database.unguarded() as connection:
        connection.execute(update(person).where(person.c.id == "sekretaris").values(standing))
    office.tampered = True
    with pytest.raises(TokenRefused) as refused:
        office.services.tokens.holder(text, office.now)
    assert refused.value.reason == reason


def test_a_cookie_that_was_never_given_is_nobody_s(accounts, office):
    assert accounts.session("dikarang", office.now) is None


def test_the_database_holds_neither_passwords_nor_tokens(office, accounts):
    token = sign_in(office, "sekretaris", PASSWORD)
    with office.database.read() as reader:
        hashed = reader.connection.scalar(select(person.c.password_hash).where(person.c.id == "sekretaris"))
        sessions = list(reader.connection.scalars(select(web_session.c.id)))
    assert hashed.startswith("$argon2id$")
    assert token not in sessions
