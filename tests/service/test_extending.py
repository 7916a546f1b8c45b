"""A due date is put off by whoever watches over a task, with a reason; the first one stays known."""

from datetime import date

import pytest

from engine.model.errors import Conflict, InvalidForm, NotPermitted
from engine.model.history import Action
from engine.model.people import Capacity
from tests.office import LONG_AGO
from tests.service.test_taking_back import ORDER, lines, refused, row

LATER, SUNDAY, NEVER = date(2025, 4, 25), date(2025, 4, 27), date(9999, 12, 31)
WHY = "Menunggu data BPS."


@pytest.fixture
def ordered(office):
    office.instance = office.start()
    office.order = office.do("kepala.dinas", office.instance, ORDER)
    office.following = office.task(office.instance, "siapkan_kertas_kerja")
    return office


def extend(office, account, until=LATER, why=WHY):
    office.services.assignments.extend(office.actor(account), office.following, until, why, office.now)


def test_who_starts_the_procedure_puts_it_off_till_the_end_of_a_working_day(ordered):
    office, before = ordered, row(ordered, ordered.following)
    extend(office, "kepala.dinas")
    after = row(office, office.following)
    calendar = office.services.office.calendar()
    local = after.due_at.astimezone(calendar.zone)
    assert (local.date(), local.time()) == (LATER, calendar.hours(LATER)[-1][1])
    assert (after.first_due_at, after.due_at > before.due_at) == (before.due_at, True)
    [line] = lines(office, office.instance, Action.TASK_EXTENDED)
    assert (line.actor, line.capacity, WHY in line.change) == ("kepala.dinas", "definitif", True)
    assert office.page(office.instance, "kepala.dinas").may_extend == {office.following}
    assert refused(office, "kepala.dinas", office.order) == "begun"


def test_nobody_puts_off_the_work_of_their_own_lane_and_strangers_nothing(ordered):
    office = ordered
    for account in ("sekretaris", "pemegang.data.1", "auditor"):
        assert not office.page(office.instance).may_extend
        with pytest.raises(NotPermitted):
            extend(office, account)
    office.gives("kepala.dinas", "sekretaris", LONG_AGO, None, Capacity.ACTING_PLT, "SK 1")
    with pytest.raises(NotPermitted):
        extend(office, "kepala.dinas")
    extend(office, "operator")


def test_a_stranger_does_not_learn_that_a_task_is_over(ordered):
    ordered.following = ordered.order
    for account in ("perancang", "pemegang.data.1", "auditor"):
        with pytest.raises(NotPermitted):
            extend(ordered, account)
    with pytest.raises(Conflict, match="open_no_more"):
        extend(ordered, "operator")


def test_an_operator_who_works_in_the_lane_puts_off_nothing_of_it(ordered):
    ordered.gives("operator", "sekretaris", LONG_AGO, None, Capacity.ACTING_PLT, "SK 1")
    assert not ordered.page(ordered.instance, "operator").may_extend
    with pytest.raises(NotPermitted):
        extend(ordered, "operator")


@pytest.mark.parametrize(
    ("until", "why"), [(None, WHY), (date(2025, 4, 11), WHY), (SUNDAY, WHY), (LATER, " "), (NEVER, WHY)]
)
def test_what_is_no_later_working_day_or_without_a_reason_changes_nothing(ordered, until, why):
    before = row(ordered, ordered.following)
    with pytest.raises(InvalidForm):
        extend(ordered, "kepala.dinas", until, why)
    assert row(ordered, ordered.following) == before


def test_whom_the_operator_lets_hear_of_delays_watches_instead_of_who_starts(ordered):
    office = ordered
    lanes = {"sekretaris": {"percent": 75, "role": "tim_sakip", "after": ""}}
    office.services.reminders.change(office.actor("operator"), lanes, 0, office.now)
    with pytest.raises(NotPermitted):
        extend(office, "kepala.dinas")
    extend(office, "tim.sakip")


def test_people_are_reminded_by_the_new_date(ordered):
    office, telling = ordered, ordered.services.telling
    telling.spreading.spread(office.now)
    extend(office, "kepala.dinas")

    def told():
        office.services.reminders.remind(office.now)
        telling.spreading.spread(office.now)
        found, _ = office.services.notices.list(office.actor("sekretaris"))
        return [each.notice.kind.value for each in found].count("late")

    office.now = row(office, office.following).first_due_at
    office.later(hours=1)
    assert told() == 0
    office.now = row(office, office.following).due_at
    office.later(minutes=1)
    assert told() == 1
