"""Nobody gives himself a role, and one that watches, rules or signs takes two people."""

import json
from datetime import date

import pytest
from click.testing import CliRunner

from engine.cli import CONSOLE, main, now
from engine.model.errors import InvalidForm, NotFound, NotPermitted
from engine.model.people import Capacity, Membership, Proposal
from engine.service.history.timelines import HistoryFilter
from tests.service.test_printing import PROCESS, letter
from tests.service.test_printing import deploy as deploy_letter

TODAY = date(2025, 4, 11)


@pytest.fixture
def people(office):
    """What is asked about the office's people."""
    return office.services.people


@pytest.fixture
def console(office, monkeypatch):
    """The operator's console of this office, and of today."""
    office.now = now()
    monkeypatch.setenv("ALUR_DATA", str(office.data_dir))
    monkeypatch.setenv("ALUR_DATABASE_URL", office.database.url.render_as_string(hide_password=False))
    return lambda *words: CliRunner().invoke(main, words)


def give(office, to, role, by="operator", reason="Ditugaskan lewat nota dinas."):
    actor = CONSOLE if by == "konsol" else office.actor(by)
    return office.services.people.add_membership(
        actor, to, role, Capacity.DEFINITIVE, TODAY, None, None, reason, office.now
    )


def confirm(office, proposed, by):
    actor = CONSOLE if by == "konsol" else office.actor(by)
    office.services.people.confirm(actor, proposed.held.id, office.now)


def last_line(office, person):
    line = office.services.histories.of_person(office.actor("auditor"), person)[0]
    return line.actor, line.action, json.loads(line.change)


@pytest.mark.parametrize("role", ["auditor", "kepala_dinas", "tim_sakip"])
def test_the_operator_gives_himself_no_role_at_all(office, people, role):
    with pytest.raises(NotPermitted) as refused:
        give(office, "operator", role)
    assert refused.value.reason == "own_role"
    assert people.proposals(office.actor("auditor"), office.now) == ()


def test_a_lane_that_signs_nothing_is_given_by_one_person_who_says_why(office):
    with pytest.raises(InvalidForm) as refused:
        give(office, "sekretaris", "tim_sakip", reason=" ")
    assert refused.value.errors[0].path == "alasan"
    assert isinstance(give(office, "sekretaris", "tim_sakip"), Membership)
    assert office.actor("sekretaris").has("tim_sakip")
    actor, action, change = last_line(office, "sekretaris")
    assert (actor, action, change["reason"]) == ("operator", "membership:added", "Ditugaskan lewat nota dinas.")


@pytest.mark.parametrize("role", ["auditor", "operator", "designer", "kepala_dinas"])
def test_a_guarded_role_gives_nothing_until_a_second_person_confirms_it(office, people, role):
    proposed = give(office, "sekretaris", role)
    assert not office.actor("sekretaris").has(role)
    assert "sekretaris" not in {view.role: view.members for view in people.roles(office.now)}.get(role, {})
    assert role not in {m.role for m in people.person(office.actor("operator"), "sekretaris").memberships}
    assert last_line(office, "sekretaris")[:2] == ("operator", "proposal:made")
    confirm(office, proposed, "auditor")
    assert office.actor("sekretaris").has(role)
    actor, action, change = last_line(office, "sekretaris")
    assert (actor, action, change["proposed_by"]) == ("auditor", "membership:added", "operator")
    assert change["reason"] == "Ditugaskan lewat nota dinas."


def test_a_proposed_head_finds_no_task_and_may_start_and_sign_nothing(office):
    instance = office.start()
    task = office.task(instance, "perintahkan_pengumpulan_data")
    give(office, "perancang", "kepala_dinas")
    designer, services = office.actor("perancang"), office.services
    assert services.inbox.page(designer, office.now).items == ()
    with pytest.raises(NotPermitted):
        services.assignments.claim(designer, task, office.now)
    with pytest.raises(NotPermitted):
        office.start("perancang", period="II")


def test_who_proposed_it_who_gets_it_and_who_watches_nothing_do_not_confirm(office, people):
    office.hire("operator.2", "operator")
    proposed = give(office, "auditor", "operator")
    for account in ("operator", "auditor", "sekretaris", "perancang", "kepala.dinas"):
        with pytest.raises(NotPermitted):
            confirm(office, proposed, account)
    confirm(office, proposed, "operator.2")
    assert office.actor("auditor").has("operator")
    with pytest.raises(NotFound):
        confirm(office, proposed, "operator.2")


def test_an_office_with_one_operator_and_no_auditor_confirms_at_the_console(office, people):
    people.set_active(office.actor("operator"), "auditor", False, "Mutasi", office.now)
    proposed = give(office, "sekretaris", "auditor")
    confirm(office, proposed, "konsol")
    assert last_line(office, "sekretaris")[:2] == ("sistem", "membership:added")
    give(office, "tim.sakip", "operator", by="konsol", reason="Operator kedua.")
    assert office.actor("tim.sakip").has("operator")
    assert last_line(office, "tim.sakip")[0] == "sistem"


def test_a_role_until_the_last_day_of_the_calendar_is_ended_like_any_other(office, people):
    office.hire("operator.2", "operator")
    operator = office.actor("operator.2")
    people.end_membership(operator, "operator", "m-operator-operator", date.max, "Tetap.", office.now)
    people.end_membership(operator, "operator", "m-operator-operator", TODAY, "Pindah.", office.now)
    assert office.actor("operator").has("operator")


def test_a_new_person_gets_plain_roles_at_once_and_guarded_ones_by_two(office, people):
    operator = office.actor("operator")
    with pytest.raises(InvalidForm):
        people.add(operator, "baru", "Orang Baru", ["tim_sakip"], TODAY, "", office.now)
    people.add(operator, "baru", "Orang Baru", ["tim_sakip", "auditor"], TODAY, "Mutasi masuk.", office.now)
    assert office.actor("baru").roles == {"tim_sakip"}
    [proposed] = people.proposals(operator, office.now)
    confirm(office, proposed, "auditor")
    assert office.actor("baru").roles == {"tim_sakip", "auditor"}


def test_a_proposal_is_withdrawn_or_refused_with_a_reason_and_can_be_made_anew(office, people):
    for account in ("operator", "auditor"):
        proposed = give(office, "sekretaris", "kepala_dinas")
        with pytest.raises(InvalidForm) as refused:
            give(office, "sekretaris", "kepala_dinas")
        assert refused.value.errors[0].keyword == "proposed"
        with pytest.raises(InvalidForm):
            people.decline(office.actor(account), proposed.held.id, "", office.now)
        with pytest.raises(NotPermitted):
            people.decline(office.actor("sekretaris"), proposed.held.id, "Bukan urusan saya.", office.now)
        people.decline(office.actor(account), proposed.held.id, "Tidak jadi cuti.", office.now)
        assert last_line(office, "sekretaris")[:2] == (account, "proposal:declined")
        with pytest.raises(NotFound):
            confirm(office, proposed, "auditor")
    assert not office.actor("sekretaris").has("kepala_dinas")


def test_a_proposal_lapses_after_two_weeks_and_can_be_made_anew(office, people):
    proposed = give(office, "sekretaris", "kepala_dinas")
    office.later(days=14, seconds=-1)
    assert people.proposals(office.actor("auditor"), office.now) == (proposed,)
    office.later(seconds=1)
    assert people.proposals(office.actor("auditor"), office.now) == ()
    with pytest.raises(NotFound):
        confirm(office, proposed, "auditor")
    assert give(office, "sekretaris", "kepala_dinas") in people.proposals(office.actor("auditor"), office.now)


@pytest.mark.parametrize(("by", "of"), [("operator", "operator.2"), ("operator.2", "operator")])
def test_whoever_has_just_reset_the_others_password_is_no_second_person(office, by, of):
    office.hire("operator.2", "operator")
    office.services.accounts.issue_reset_code(office.actor(by), of, "Lupa sandi", office.now)
    proposed = give(office, "sekretaris", "auditor")
    with pytest.raises(NotPermitted) as refused:
        confirm(office, proposed, "operator.2")
    assert refused.value.reason == "second_person"
    confirm(office, proposed, "auditor")  # whose password is their own


def test_whoever_owes_the_password_to_another_person_is_no_second_person_yet(office, people):
    people.add(office.actor("operator"), "operator.2", "Operator Dua", [], TODAY, "", office.now)
    give(office, "operator.2", "operator", by="konsol")
    proposed = give(office, "sekretaris", "auditor")
    with pytest.raises(NotPermitted) as refused:
        confirm(office, proposed, "operator.2")
    assert refused.value.reason == "second_person"
    office.services.accounts.issue_reset_code(office.actor("operator"), "auditor", "Lupa sandi", office.now)
    with pytest.raises(NotPermitted):
        confirm(office, proposed, "auditor")
    confirm(office, proposed, "konsol")


def test_the_console_says_which_roles_two_people_give_and_history_why(office, people, console):
    assert people.guarded() == {"auditor", "operator", "designer", "kepala_dinas"}
    assert console("guard-role", "sekretaris", "--reason", "Ia mewakili kepala.").exit_code == 0
    assert console("guard-role", "kepala_dinas", "--off", "--reason", "Kantor kecil.").exit_code == 0
    assert people.guarded() == {"auditor", "operator", "designer", "sekretaris"}
    assert isinstance(give(office, "tim.sakip", "kepala_dinas"), Membership)
    assert isinstance(give(office, "tim.sakip", "sekretaris"), Proposal)
    told = office.services.histories.everything(office.actor("auditor"), HistoryFilter(action="setting:changed")).lines
    assert json.loads(told[0].change)["reason"] == "Kantor kecil."
    assert console("guard-role", "auditor", "--off", "--reason", "").exit_code == 2


def test_a_lane_that_signed_stays_guarded_when_a_later_version_asks_for_no_signature(office):
    written = json.loads(letter()[f"forms/{PROCESS}/tulis.schema.json"])
    written["properties"]["ttd"] = {"type": "object", "format": "signature", "title": "Tanda tangan"}
    signing = letter() | {
        f"forms/{PROCESS}/tulis.schema.json": json.dumps(written).encode(),
        f"forms/{PROCESS}/tulis.ui.json": json.dumps({"ttd": {"ui:options": {"document": "surat"}}}).encode(),
    }
    deploy_letter(office, signing)
    assert "staf" in office.services.people.guarded()
    deploy_letter(office, letter())
    assert "staf" in office.services.people.guarded()


def test_the_console_lists_what_waits_and_confirms_it(office, console):
    proposed = give(office, "sekretaris", "auditor")
    listed = console("confirm-role").output
    assert f"{proposed.held.id}  auditor: sekretaris, diusulkan operator: {proposed.reason}" in listed
    assert console("confirm-role", proposed.held.id).exit_code == 0
    assert office.actor("sekretaris").has("auditor")
    assert console("confirm-role", proposed.held.id).exit_code == 2
