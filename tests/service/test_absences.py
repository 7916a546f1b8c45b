"""Leave and substitutes: who stands in sees, takes and does the work, and everybody knows for whom; four eyes hold."""

import json
from datetime import date, timedelta
from io import BytesIO

import pytest

from engine.model.errors import Conflict, InvalidForm, NotFound, NotPermitted
from engine.model.history import Action
from engine.store import tables as t
from engine.store.queries import histories
from tests.office import LONG_AGO
from tests.service.procedures import deploy, form, number, start
from tests.service.test_taking_back import lines, row
from tests.service.test_talk import PDF
from tests.service.test_timers_and_incidents import RAISES
from tests.service.test_two_at_once import at_once

TODAY, LATER = date(2025, 4, 11), date(2025, 4, 18)
AWAY, STANDS_IN = "tim.sakip", "tim.sakip.2"
PLANNING = "susun_jadwal"


def mark(office, person=AWAY, substitute=STANDS_IN, since=TODAY, until=LATER, by=None, why="Cuti tahunan."):
    actor = office.actor(by or person)
    return office.services.absences.mark(actor, person, substitute, since, until, why, office.now)


def refused(office, *those, **more):
    with pytest.raises(InvalidForm) as refusal:
        mark(office, *those, **more)
    [fault] = refusal.value.errors
    return fault.keyword


@pytest.fixture
def planning(office):
    """Somebody of the team took the planning of the collection, and the other one has nothing to do."""
    office.instance = office.start()
    office.do("kepala.dinas", office.instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", office.instance, "siapkan_kertas_kerja")
    office.planning = office.task(office.instance, PLANNING)
    office.services.assignments.claim(office.actor(AWAY), office.planning, office.now)
    return office


def mine(office, account):
    return {each.task.id for each in office.services.inbox.page(office.actor(account), office.now).items}


def test_who_stands_in_sees_the_task_takes_it_and_the_record_says_for_whom(planning):
    office, task = planning, planning.planning
    assert task not in mine(office, STANDS_IN)
    mark(office)
    assert task in mine(office, STANDS_IN)
    assert office.services.inbox.count(office.actor(STANDS_IN)) == 1
    assert office.services.tasks.open(office.actor(STANDS_IN), task, office.now).may == "fill"
    office.services.assignments.claim(office.actor(STANDS_IN), task, office.now)
    [_, line] = lines(office, office.instance, Action.TASK_CLAIMED)
    assert (line.actor, json.loads(line.change)) == (STANDS_IN, {"for": AWAY})
    assert (row(office, task).assignee, row(office, task).acts_for) == (STANDS_IN, AWAY)
    assert task not in mine(office, AWAY)
    office.do(STANDS_IN, office.instance, PLANNING)
    done = row(office, task)
    assert (done.completed_by, done.acts_for) == (STANDS_IN, AWAY)
    assert json.loads(lines(office, office.instance, Action.TASK_COMPLETED)[-1].change)["for"] == AWAY


def test_who_stands_in_does_it_without_taking_it_first_also_what_names_who_is_away(office):
    office.instance = office.start()
    office.until_data(office.instance)
    away, other = "pemegang.data.1", "pemegang.data.2"
    task = office.task(office.instance, "siapkan_data", away)
    with pytest.raises(NotPermitted):
        office.services.tasks.open(office.actor(other), task, office.now)
    mark(office, away, other)
    assert task in mine(office, other)
    office.do(other, office.instance, "siapkan_data", away)
    assert (row(office, task).completed_by, row(office, task).acts_for) == (other, away)
    office.services.taking_back.take_back(office.actor(other), task, "Salah angka.", office.now)
    assert (row(office, task).holder, row(office, task).acts_for) == (away, None)
    office.do(away, office.instance, "siapkan_data", away)
    assert (row(office, task).completed_by, row(office, task).acts_for) == (away, None)


def test_it_ends_with_its_last_day_or_earlier_and_a_page_left_open_takes_nothing(planning):
    office, task = planning, planning.planning
    leave = mark(office)
    seen = office.actor(STANDS_IN)
    filled = office.filled(STANDS_IN, task)
    office.services.absences.end(office.actor(AWAY), AWAY, leave.id, office.now)
    assert task not in mine(office, STANDS_IN)
    with pytest.raises(Conflict):  # signed in before it ended
        office.services.tasks.complete(seen, task, filled, office.now)
    office.services.absences.end(office.actor("operator"), AWAY, leave.id, office.now)  # twice is once
    leave = mark(office)
    office.now = office.now + timedelta(days=8)
    assert task not in mine(office, STANDS_IN)
    told = office.services.histories.of_person(office.actor("operator"), AWAY)
    assert [line.action for line in told][:3] == ["absence:marked", "absence:ended", "absence:marked"]


@pytest.mark.parametrize("ended", [True, False])
def test_what_was_taken_for_who_is_back_goes_back_with_what_was_typed_and_the_record_says_so(planning, ended):
    office, task = planning, planning.planning
    leave = mark(office)
    office.services.assignments.claim(office.actor(STANDS_IN), task, office.now)
    typed = office.filled(STANDS_IN, task)
    office.services.tasks.save_draft(office.actor(STANDS_IN), task, typed, office.now)
    assert not office.services.assignments.give_back(office.now), "while it lasts"
    if ended:
        office.services.absences.end(office.actor(AWAY), AWAY, leave.id, office.now)
    else:
        office.later(days=8)
    assert office.services.assignments.give_back(office.now) == 1
    assert not office.services.assignments.give_back(office.now)
    assert (row(office, task).assignee, row(office, task).acts_for) == (AWAY, None)
    line = lines(office, office.instance, Action.TASK_DELEGATED)[-1]
    assert json.loads(line.change) == {"old": STANDS_IN, "new": AWAY, "reason": "Cuti berakhir"}
    assert office.services.tasks.open(office.actor(AWAY), task, office.now).draft
    assert task not in mine(office, STANDS_IN)
    office.prove()


def test_what_was_typed_for_who_is_back_without_taking_the_task_goes_to_them_too(office):
    office.instance = office.start()
    office.until_data(office.instance)
    away, other = "pemegang.data.1", "pemegang.data.2"
    task = office.task(office.instance, "siapkan_data", away)
    tasks, give_back = office.services.tasks, office.services.assignments.give_back
    tasks.save_draft(office.actor(away), task, {"a": ["sendiri"]}, office.now)
    leave = mark(office, away, other)
    file = office.services.documents.stage(office.actor(other), task, "bukti.pdf", BytesIO(PDF), office.now).id
    tasks.save_draft(office.actor(other), task, {"a": ["untuk yang cuti"], "bukti": [file]}, office.now)
    give_back(office.now)
    assert tasks.draft(office.actor(other), task).entries["a"] == ("untuk yang cuti",), "while it lasts"
    office.services.absences.end(office.actor(away), away, leave.id, office.now)
    give_back(office.now)
    page = tasks.open(office.actor(away), task, office.now)
    assert (page.draft.entries["a"], page.aside.entries["a"]) == (("untuk yang cuti",), ("sendiri",))
    office.services.documents.attachment(office.actor(away), file)[1].close()
    with pytest.raises(NotFound):
        tasks.draft(office.actor(other), task)


def test_a_draft_from_before_or_after_a_leave_stays_its_writers(planning):
    office, task = planning, planning.planning
    office.services.assignments.release(office.actor(AWAY), task, office.now)
    office.services.tasks.save_draft(office.actor(STANDS_IN), task, {"a": ["milik saya"]}, office.now)
    office.services.assignments.claim(office.actor(AWAY), task, office.now)
    mark(office, since=LATER, until=LATER)
    office.later(days=14)
    office.services.assignments.give_back(office.now)
    assert office.services.tasks.draft(office.actor(STANDS_IN), task).entries == {"a": ("milik saya",)}


def test_who_stands_in_hands_nothing_over_for_who_is_away(planning):
    office, task = planning, planning.planning
    mark(office)
    for _ in ("before it was taken", "and after"):
        with pytest.raises(Conflict, match="stands_in"):
            office.services.assignments.hand_over(office.actor(STANDS_IN), task, STANDS_IN, "Saya saja.", office.now)
        if row(office, task).assignee == AWAY:
            office.services.assignments.claim(office.actor(STANDS_IN), task, office.now)


def test_before_its_first_day_nobody_stands_in_and_it_can_be_called_off(planning):
    office, task = planning, planning.planning
    leave = mark(office, since=LATER, until=LATER)
    assert task not in mine(office, STANDS_IN)
    office.services.absences.end(office.actor(AWAY), AWAY, leave.id, office.now)
    assert mark(office, since=LATER, until=LATER) != leave


def test_only_a_colleague_stands_in_who_is_there(planning):
    office = planning
    assert refused(office, substitute="sekretaris") == "not_in_lane"
    assert refused(office, substitute=AWAY) == "not_in_lane"
    assert refused(office, since=LATER, until=TODAY) == "away_period"
    assert refused(office, since=None) == "away_period"
    assert refused(office, since=LONG_AGO) == "away_period"
    assert refused(office, why=" ") == "required"
    office.services.people.set_active(office.actor("operator"), STANDS_IN, False, "Mutasi", office.now)
    assert refused(office) == "not_in_lane"
    with pytest.raises(NotPermitted):
        mark(office, by="sekretaris")


def test_there_is_no_substitute_of_a_substitute_and_no_two_stand_in_for_each_other(planning):
    office = planning
    office.hire("tim.sakip.3", "tim_sakip")
    mark(office, by="operator")
    assert refused(office) == "away_already"
    assert refused(office, STANDS_IN, AWAY) == "each_other"
    assert refused(office, STANDS_IN, "tim.sakip.3") == "stands_in"
    assert refused(office, "tim.sakip.3", AWAY) == "substitute_away"
    after = LATER + timedelta(days=1)
    mark(office, STANDS_IN, AWAY, since=after, until=after)
    mark(office, "tim.sakip.3", STANDS_IN)  # somebody may stand in for two


def test_of_two_who_choose_each_other_at_one_moment_one_is_told(planning):
    office = planning
    actors = {who: office.actor(who) for who in (AWAY, STANDS_IN)}
    absences = office.services.absences
    pairs = ((AWAY, STANDS_IN), (STANDS_IN, AWAY))
    results = at_once(
        *(
            lambda p=pair: absences.mark(actors[p[0]], *p, TODAY, LATER, "Cuti tahunan.", office.now).person_id and "ok"
            for pair in pairs
        )
    )
    assert sorted(type(each).__name__ for each in results) == ["InvalidForm", "str"]


def test_who_left_the_lane_stands_in_no_longer(planning):
    office, task = planning, planning.planning
    mark(office)
    seen = office.actor(STANDS_IN)
    filled = office.filled(STANDS_IN, task)
    last = TODAY - timedelta(days=1)
    ends = f"m-{STANDS_IN}-tim_sakip"
    office.services.people.end_membership(office.actor("operator"), STANDS_IN, ends, last, "Pindah.", office.now)
    with pytest.raises(NotPermitted):
        office.services.tasks.complete(seen, task, filled, office.now)
    assert row(office, task).assignee == AWAY


def test_who_stands_in_is_told_what_comes_for_who_is_away(office):
    office.instance = office.start()
    mark(office, "pemegang.data.1", "pemegang.data.2")
    office.until_data(office.instance)
    while office.services.telling.spreading.spread(office.now):
        pass
    told, _ = office.services.notices.list(office.actor("pemegang.data.2"))
    named = {office.task(office.instance, "siapkan_data", who) for who in ("pemegang.data.1", "pemegang.data.2")}
    assert named <= {each.notice.subject for each in told}


# ── four eyes ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def checked(staffed):
    """A procedure whose second step is for other eyes than the first: Ann, Budi and Cici are of its lane."""
    deploy(
        staffed, RAISES, {"tulis": form(angka=number("Angka"), pembagi=number("Pembagi")), "periksa": form()}, four_eyes
    )
    for account in ("budi", "cici"):
        staffed.hire(account, "staf")
    staffed.instance = start(staffed, RAISES)
    return staffed


def four_eyes(xml):
    other = '<bpmn:userTask id="periksa" name="periksa" sop:bukanPelaksana="tulis">'
    return xml.replace('<bpmn:userTask id="periksa" name="periksa" >', other)


def write(office, account):
    typed = {"angka": ["6"], "pembagi": ["2"]}
    task = office.task(office.instance, "tulis")
    office.services.tasks.complete(office.actor(account), task, typed, office.now)
    return office.task(office.instance, "periksa")


def lets(office, account, task):
    """Whether somebody may take the check, and complete it: both say the same."""
    said = set()
    for deed in (
        lambda: office.services.assignments.claim(office.actor(account), task, office.now),
        lambda: office.services.tasks.complete(office.actor(account), task, {}, office.now),
    ):
        try:
            deed()
        except NotPermitted as refusal:
            said.add(refusal.reason)
        else:
            said.add("done")
    [one] = said
    return one


def test_what_one_did_for_another_counts_as_of_both(checked):
    office, task = checked, checked.task(checked.instance, "tulis")
    office.services.assignments.claim(office.actor("ann"), task, office.now)
    mark(office, "ann", "budi")
    check = write(office, "budi")
    assert row(office, task).acts_for == "ann"
    assert lets(office, "budi", check) == "four_eyes"
    assert lets(office, "ann", check) == "four_eyes"
    assert lets(office, "cici", check) == "done"


def test_who_wrote_is_not_let_in_through_a_substitute_either(checked):
    office, check = checked, write(checked, "ann")
    office.services.assignments.claim(office.actor("budi"), check, office.now)
    mark(office, "budi", "ann")
    assert lets(office, "ann", check) == "four_eyes"  # through the one who is away
    assert row(office, check).assignee == "budi"


def test_who_stands_in_for_the_writer_does_not_check_in_the_writers_place(checked):
    office, check = checked, write(checked, "ann")
    with office.database.unguarded() as connection:  # the writer got it in hand before this version
        connection.execute(t.task.update().where(t.task.c.id == check).values(assignee="ann", assigned_at=office.now))
    office.tampered = True
    mark(office, "ann", "budi")
    assert lets(office, "budi", check) == "four_eyes"


def test_the_line_of_leave_says_who_stands_in_and_when(planning):
    mark(planning)
    with planning.database.read() as reader:
        [line] = histories.newest(reader, f"person:{AWAY}", 1)
    assert set(json.loads(line.change)) == {"absence", "substitute", "since", "until", "reason"}
