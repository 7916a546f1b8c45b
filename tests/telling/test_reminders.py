"""Reminders in working time, what is late, and passing it up."""

from datetime import datetime

import pytest
from sqlalchemy import select

from engine.model.errors import Conflict, InvalidForm
from engine.store.tables import reminder
from tests.office import WIB
from tests.service.procedures import deploy, form, start

HEAD, SECRETARY = "kepala.dinas", "sekretaris"


def at(day, hour, minute=0):
    """An instant of April 2025 in the office; the 11th is a Friday."""
    return datetime(2025, 4, day, hour, minute, tzinfo=WIB)


def begun(office, when):
    """The secretary's step of the SOP, which takes a working day, opens; the instance."""
    office.now = when
    instance = office.start()
    office.do(HEAD, instance, "perintahkan_pengumpulan_data")
    office.sweep()
    return instance


def kinds(office, account):
    return [kind for kind, _ in office.told(account)]


def heard(office, account, *instants):
    """What somebody was told newly at each of some instants."""
    found = []
    for instant in instants:
        before = len(office.told(account))
        office.now = instant
        office.sweep()
        found.append(kinds(office, account)[: len(office.told(account)) - before])
    return found


def looked_at(office):
    with office.database.read() as reader:
        return sorted(each.astimezone(WIB) for each in reader.connection.scalars(select(reminder.c.at)))


def test_over_a_weekend_nobody_is_reminded_and_no_working_time_goes_by(office):
    begun(office, at(11, 15))  # Friday; a working day later is Monday 15.00
    assert at(14, 12) in looked_at(office), "then three quarters of it are gone"
    said = heard(office, SECRETARY, at(12, 10), at(13, 10), at(14, 11, 59), at(14, 12), at(14, 14, 59), at(14, 15))
    assert said == [[], [], [], ["soon"], [], ["late"]]
    assert heard(office, SECRETARY, at(15, 15), at(30, 15)) == [[], []], "each is said once"


def test_a_worker_that_was_away_tells_only_what_still_matters(office):
    begun(office, at(11, 9))
    assert heard(office, SECRETARY, at(16, 9)) == [["late"]]


def test_a_clock_that_jumps_ahead_and_back_tells_once(office):
    begun(office, at(11, 9))
    said = heard(office, SECRETARY, at(14, 9), at(11, 10), at(14, 8), at(14, 9), at(14, 10))
    assert [kind for each in said for kind in each] == ["late"]


def test_who_holds_the_task_is_reminded_and_after_it_is_done_nobody(office):
    instance = begun(office, at(11, 9))
    office.do(SECRETARY, instance, "siapkan_kertas_kerja")
    office.sweep()
    task = office.task(instance, "susun_jadwal")
    office.services.assignments.claim(office.actor("tim.sakip"), task, office.now)
    office.now = at(30, 9)
    office.sweep()
    assert kinds(office, "tim.sakip").count("late") == 1
    assert "late" not in kinds(office, "tim.sakip.2")
    assert not {"soon", "late"} & set(kinds(office, SECRETARY))
    assert looked_at(office) == []


def test_what_is_suspended_is_not_reminded_of_until_it_goes_on(office):
    instance = begun(office, at(11, 9))
    office.services.control.suspend(office.actor("operator"), instance, "Menunggu anggaran.", office.now)
    assert heard(office, SECRETARY, at(15, 9), at(15, 10, 30)) == [[], []]
    office.services.control.resume(office.actor("operator"), instance, "Anggaran ada.", office.now)
    assert heard(office, SECRETARY, at(15, 12)) == [["late"]]


def test_the_operator_sets_a_lane_s_reminders_which_hold_for_what_is_open_too(office):
    begun(office, at(11, 9))
    at_, operator = office.services.reminders, office.actor("operator")
    at_.change(operator, {SECRETARY: {"percent": 10, "role": "kepala_dinas", "after": "P1D"}}, 0, office.now)
    said = heard(office, SECRETARY, at(11, 9, 30), at(11, 10), at(14, 9))
    assert said == [[], ["soon"], ["late"]]
    assert "escalated" not in kinds(office, HEAD)
    assert heard(office, HEAD, at(15, 8, 59), at(15, 9)) == [[], ["escalated"]]
    _, revision = at_.setting(operator)
    with pytest.raises(Conflict):
        at_.change(operator, {}, revision + 1, office.now)
    for wrong in ({"percent": 100}, {"percent": -1}, {"after": "besok"}):
        with pytest.raises(InvalidForm):
            at_.change(operator, {SECRETARY: {"percent": 75, "role": "", "after": "", **wrong}}, revision, office.now)
    at_.change(operator, {}, revision, office.now)
    assert at_.setting(operator)[0][SECRETARY]["percent"] == 75


def test_a_percentage_of_nothing_reminds_nobody_before(office):
    office.services.reminders.change(
        office.actor("operator"), {SECRETARY: {"percent": 0, "role": "", "after": ""}}, 0, office.now
    )
    begun(office, at(11, 9))
    assert heard(office, SECRETARY, at(14, 8, 59), at(14, 9)) == [[], ["late"]]


def test_what_the_diagram_says_comes_first(office):
    office.hire("ann", "staf")
    office.hire("sam", "atasan")
    lane = {"percent": 10, "role": "sekretaris", "after": ""}
    office.services.reminders.change(office.actor("operator"), {"staf": lane}, 0, office.now)
    office.now = at(11, 9)
    said = 'id="tulis" sop:waktu="P1D" sop:pengingat="PT2H" sop:eskalasi="atasan PT1H" '
    forms = {"tulis": form(), "ingatkan": form()}
    deploy(office, "boundary_timer_reminds", forms, lambda xml: xml.replace('id="tulis" ', said))
    start(office, "boundary_timer_reminds")
    office.sweep()
    said = heard(office, "ann", at(11, 15, 59), at(11, 16), at(14, 9))
    assert said == [[], ["soon"], ["late"]], "two working hours before Monday, nine o'clock"
    assert heard(office, "sam", at(14, 9, 59), at(14, 10)) == [[], ["escalated"]]
    assert "escalated" not in kinds(office, SECRETARY)
