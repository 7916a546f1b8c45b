"""Two people at one moment: for one task one wins and the other is told who; for two tasks both win."""

import threading
from contextlib import suppress
from datetime import date

import pytest

from engine.model.errors import AlurError, Conflict, InvalidForm, NotFound
from engine.model.people import Capacity
from engine.service.people import accounts as its_accounts
from engine.service.people import api_tokens
from engine.service.people.accounts import Retyped, SignInRefused
from engine.service.people.attempts import Source
from engine.service.work import approvals
from engine.store.proof import prove


def at_once(*deeds):
    """Do all of them at the same moment; what each gave or raised."""
    barrier, results = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(place, deed):
        barrier.wait()
        try:
            done = deed()
            results[place] = done if isinstance(done, str) else "done"
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_of_two_who_complete_one_task_one_wins_and_the_other_is_told_who(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    task = office.task(instance, "susun_jadwal")
    people = ("tim.sakip", "tim.sakip.2")
    filled = {who: office.filled(who, task) for who in people}
    actors = {who: office.actor(who) for who in people}
    results = at_once(
        *(lambda who=who: office.services.tasks.complete(actors[who], task, filled[who], office.now) for who in people)
    )
    assert results.count("done") == 1
    [lost] = [r for r in results if r != "done"]
    assert isinstance(lost, Conflict)
    assert lost.who in people
    versions = [d for d in office.page(instance).all_documents if d.data_object_id == "notula"]
    assert len(versions) == 1


def test_of_two_who_claim_one_task_one_wins(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    task, actors = office.task(instance, "susun_jadwal"), [office.actor(a) for a in ("tim.sakip", "tim.sakip.2")]
    results = at_once(*(lambda a=a: office.services.assignments.claim(a, task, office.now) for a in actors))
    assert sorted(str(r) for r in results) == ["claimed", "done"]


def test_two_holders_who_hand_in_at_the_same_moment_both_win(office):
    instance = office.start()
    office.until_data(instance)
    holders = ("pemegang.data.1", "pemegang.data.2")
    tasks = {h: office.task(instance, "siapkan_data", h) for h in holders}
    filled = {h: office.filled(h, tasks[h]) for h in holders}
    actors = {h: office.actor(h) for h in holders}
    results = at_once(
        *(lambda h=h: office.services.tasks.complete(actors[h], tasks[h], filled[h], office.now) for h in holders)
    )
    assert results == ["done", "done"]
    assert office.open_steps(instance) == ["susun_analisis"]
    draft = next(d for d in office.page(instance).documents if d.data_object_id == "draft_laporan")
    assert (draft.version, draft.status, len(draft.parts)) == (1, "issued", 2)
    with office.database.read() as reader:
        assert prove(reader).sound


def test_the_same_period_started_twice_at_one_moment_runs_once(office):
    results = at_once(*(lambda a=a: office.start(a) for a in ("kepala.dinas", "sekretaris", "tim.sakip")))
    started = [r for r in results if isinstance(r, str)]
    assert len(started) == 1
    assert all(r.facts["instance_id"] == started[0] for r in results if isinstance(r, Conflict))


def test_many_notes_at_one_moment_are_all_there_and_the_chain_holds(office):
    instance = office.start()
    accounts = ("kepala.dinas", "sekretaris", "tim.sakip", "tim.sakip.2", "pemegang.data.1", "operator")
    actors = [office.actor(a) for a in accounts]
    office.until_data(instance)
    results = at_once(
        *(lambda a=a: office.services.control.comment(a, instance, f"dari {a.person_id}", office.now) for a in actors)
    )
    assert results == ["done"] * len(actors)
    assert len(office.page(instance).comments) == len(actors)
    with office.database.read() as reader:
        assert prove(reader).sound


# ── people of the office ────────────────────────────────────────────────────────────────────────────────────────────

SINCE, TODAY = date(2025, 1, 1), date(2025, 4, 11)
OLD, NEW = "kuda-baterai-staples", "gajah-lampu-tembaga"


def give(office, person, role, by="operator"):
    people, actor = office.services.people, office.actor(by)
    return lambda: people.add_membership(
        actor, person, role, Capacity.DEFINITIVE, SINCE, None, None, "Nota dinas.", office.now
    )


def sound(office):
    with office.database.read() as reader:
        return prove(reader).sound


def roles(office, person):
    found = office.services.people.person(office.actor("operator"), person)
    return sorted(m.role for m in found.memberships)


def test_two_operators_who_leave_at_once_leave_one_of_them(people_only):
    office, people = people_only, people_only.services.people
    office.hire("operator.2", "operator")
    pairs = (("operator", "operator.2"), ("operator.2", "operator"))
    actors = {who: office.actor(who) for who, _ in pairs}
    ends = {who: actors[who].memberships[0].id for who in actors}
    for deed in (
        lambda by, who: people.set_active(actors[by], who, False, "Mutasi", office.now),
        lambda by, who: people.end_membership(actors[by], who, ends[who], TODAY, "Mutasi", office.now),
    ):
        results = at_once(*(lambda pair=pair, deed=deed: deed(*pair) for pair in pairs))
        assert sorted(str(each) for each in results) == ["done", "last_operator"]
        for by, who in pairs:
            people.set_active(actors[by], who, True, "Kembali", office.now)


def test_a_role_that_two_give_at_once_is_held_once(people_only):
    office = people_only
    for n in range(4):
        results = at_once(*[give(office, "sekretaris", f"jalur_{n}")] * 2)
        assert [each.errors[0].keyword for each in results if isinstance(each, InvalidForm)] == ["overlap"]
        assert results.count("done") == 1
    assert sound(office)


def test_a_guarded_role_that_two_propose_at_once_is_proposed_once_and_confirmed_once(office):
    people = office.services.people
    for account, role in (("operator.2", "operator"), ("auditor.2", "auditor")):
        office.hire(account, role)
    results = at_once(*(give(office, "sekretaris", "kepala_dinas", by) for by in ("operator", "operator.2")))
    assert [each.errors[0].keyword for each in results if isinstance(each, InvalidForm)] == ["proposed"]
    auditors = [office.actor(account) for account in ("auditor", "auditor.2")]
    [proposed] = people.proposals(auditors[0], office.now)
    results = at_once(*(lambda a=a: people.confirm(a, proposed.held.id, office.now) for a in auditors))
    assert results.count("done") == 1
    assert [type(each) for each in results if each != "done"] == [NotFound]
    assert roles(office, "sekretaris") == ["kepala_dinas", "sekretaris"]
    assert sound(office)


def test_a_membership_that_two_end_at_once_ends_on_the_day_that_history_says(people_only):
    office, people, operator = people_only, people_only.services.people, people_only.actor("operator")
    for n in range(4):
        held = give(office, "sekretaris", f"jalur_{n}")()
        days = (date(2025, 12, 30), date(2025, 12, 31))
        at_once(
            *(
                lambda day=day, id_=held.id: people.end_membership(
                    operator, "sekretaris", id_, day, "Selesai", office.now
                )
                for day in days
            )
        )
        assert sound(office)


@pytest.fixture
def opened(people_only):
    """A session of somebody whose password is OLD."""
    office, accounts = people_only, people_only.services.accounts
    code = accounts.issue_reset_code(office.actor("operator"), "sekretaris", "Lupa sandi", office.now)
    found = accounts.session(accounts.sign_in("sekretaris", code, Source("-"), office.now).token, office.now)
    accounts.change_password(found.actor, None, OLD, office.now)
    return found.actor


def in_between(monkeypatch, module, name, deed):
    """Have *deed* begin right before *module*'s function returns, and go on beside it; its thread, once begun."""
    before, begun = getattr(module, name), []

    def then(*what, **named):
        done = before(*what, **named)
        if not begun:
            begun.append(threading.Thread(target=deed))
            begun[0].start()
            begun[0].join(0.5)
        return done

    monkeypatch.setattr(module, name, then)
    return begun


def test_no_session_that_the_old_password_opened_outlives_its_change(people_only, opened, monkeypatch):
    office, accounts, came = people_only, people_only.services.accounts, []

    def come():
        try:
            came.append(accounts.sign_in("sekretaris", OLD, Source("-"), office.now).token)
        except SignInRefused:
            came.append(None)

    begun = in_between(monkeypatch, its_accounts, "end_access", come)
    accounts.change_password(opened, Retyped(OLD, "-"), NEW, office.now)
    begun[0].join(30)
    [token] = came
    assert token is None or accounts.session(token, office.now) is None


@pytest.mark.parametrize("ending", ["everywhere", "password", "reset", "off"])
def test_no_token_outlives_what_ended_the_session_that_asked_for_it(people_only, opened, monkeypatch, ending):
    office, accounts, operator = people_only, people_only.services.accounts, people_only.actor("operator")
    elsewhere = accounts.session(accounts.sign_in("sekretaris", OLD, Source("-"), office.now).token, office.now).actor
    ends = {
        "everywhere": lambda: accounts.sign_out_elsewhere(elsewhere, office.now),
        "password": lambda: accounts.change_password(elsewhere, Retyped(OLD, "-"), NEW, office.now),
        "reset": lambda: accounts.issue_reset_code(operator, "sekretaris", "Lupa sandi", office.now),
        "off": lambda: office.services.people.set_active(operator, "sekretaris", False, "Mutasi", office.now),
    }
    tokens, confirmed = office.services.tokens, type(accounts).confirm

    def proven(*what, **named):
        confirmed(*what, **named)
        monkeypatch.setattr(type(accounts), "confirm", confirmed)
        ends[ending]()

    monkeypatch.setattr(type(accounts), "confirm", proven)
    with pytest.raises(AlurError):
        tokens.issue(opened, "rekap", 30, ["read"], Retyped(OLD, "-"), office.now)
    assert all(token.revoked_at for token in tokens.own(opened))


def test_a_token_issued_while_everything_is_signed_out_ends_with_it(people_only, opened, monkeypatch):
    office, accounts, tokens = people_only, people_only.services.accounts, people_only.services.tokens
    begun = in_between(monkeypatch, api_tokens.tokens, "add", lambda: accounts.sign_out_elsewhere(opened, office.now))
    tokens.issue(opened, "rekap", 30, ["read"], Retyped(OLD, "-"), office.now)
    begun[0].join(30)
    assert all(token.revoked_at for token in tokens.own(opened))
    assert sound(office)


def test_nobody_sets_a_password_in_a_session_that_the_operator_s_reset_ended(people_only, opened, monkeypatch):
    office, accounts = people_only, people_only.services.accounts
    codes, check = [], its_accounts.passwords.check

    def checked(*what):
        check(*what)
        operator = office.actor("operator")
        codes.append(accounts.issue_reset_code(operator, "sekretaris", "Sandi bocor", office.now))

    monkeypatch.setattr(its_accounts.passwords, "check", checked)
    with pytest.raises(SignInRefused):
        accounts.change_password(opened, Retyped(OLD, "-"), NEW, office.now)
    with pytest.raises(SignInRefused):
        accounts.sign_in("sekretaris", NEW, Source("-"), office.now)
    assert accounts.sign_in("sekretaris", codes[0], Source("-"), office.now)


def test_nobody_gets_more_tokens_than_there_may_be_by_asking_at_once(people_only, monkeypatch):
    office, tokens, actor = people_only, people_only.services.tokens, people_only.actor("sekretaris")
    monkeypatch.setattr(type(office.services.accounts), "confirm", lambda *_, **__: None)
    monkeypatch.setattr(api_tokens, "MOST_TOKENS", 3)
    proof = Retyped("", "-")
    results = at_once(
        *(lambda n=n: tokens.issue(actor, f"rekap {n}", 30, ["read"], proof, office.now) for n in range(6))
    )
    assert results.count("done") == 3


def test_of_a_request_that_is_sent_twice_at_once_one_is_done_and_the_other_hears_of_it(people_only, monkeypatch):
    office, tokens, actor = people_only, people_only.services.tokens, people_only.actor("sekretaris")
    look, both = api_tokens.tokens.kept_reply, threading.Barrier(2)

    def beside(*which):
        found = look(*which)
        with suppress(threading.BrokenBarrierError):
            both.wait(1)  # SQLite lets the other look only afterwards
        return found

    monkeypatch.setattr(api_tokens.tokens, "kept_reply", beside)
    results = at_once(*[lambda: tokens.reserve(actor, "k", "mulai", office.now)] * 2)
    assert results.count("done") == 1
    assert [each.reason for each in results if isinstance(each, Conflict)] == ["key_in_use"]


def test_a_letter_is_sent_back_though_somebody_writes_a_note_meanwhile(office, monkeypatch):
    office.head_is_in = False
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    [letter] = [each for each in office.page(instance).documents if each.pending]
    head, control, stated = office.actor("kepala.dinas"), office.services.control, approvals.stated
    note = threading.Thread(target=lambda: control.comment(head, instance, "Tunggu.", office.now))

    def beside(reason):
        if note.ident is None:
            note.start()
            note.join(1)  # SQLite lets the note in only afterwards
        return stated(reason)

    monkeypatch.setattr(approvals, "stated", beside)
    office.services.approvals.send_back(head, letter.id, "Tanggalnya keliru.", office.now)
    note.join(60)
    assert [each.status for each in office.page(instance).documents if each.id == letter.id] == ["returned"]
    assert len(office.page(instance).comments) == 1


def test_a_row_of_a_register_that_two_add_at_once_is_there_once(office):
    operator, registers = office.actor("operator"), office.services.registers
    for n in "abcd":
        row = {"jenis": [f"uji_{n}"], "kode": ["800.1"], "pola": ["{urut}/{tahun}"], "unit": ["X"], "keterangan": ["-"]}
        days = (date(2025, 1, 1), date(2025, 2, 1))
        results = at_once(
            *(lambda day=day, row=row: registers.add(operator, "kode_surat", row, day, office.now) for day in days)
        )
        assert [each.reason for each in results if isinstance(each, Conflict)] == ["duplicate"]
    assert sound(office)


def test_of_two_who_change_the_calendar_they_both_read_the_second_is_told(office):
    at, operator = office.services.office, office.actor("operator")
    value, revision = at.calendar_setting(operator)
    at.change_calendar(operator, {**value, "confirmed": True}, revision, office.now)
    with pytest.raises(Conflict, match="stale"):
        at.change_calendar(operator, {**value, "holidays": {}}, revision, office.now)
    assert at.calendar_setting(operator) == ({**value, "confirmed": True}, revision + 1)
