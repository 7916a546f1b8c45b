"""The office calendar: the worked examples of the domain notes, hours, breaks, Ramadan, days off."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.calendar import OfficeCalendar, parse_duration

WIB = ZoneInfo("Asia/Jakarta")
OFFICE = OfficeCalendar(
    holidays={
        date(2025, 4, 18): "Wafat Yesus Kristus",
        date(2026, 1, 16): "Isra Mikraj",
        **{date(2025, 3, 28) + timedelta(days=n): "Idul Fitri" for n in range(11)},
    },
    ramadan=((date(2025, 3, 1), date(2025, 3, 30)), (date(2026, 2, 19), date(2026, 3, 20))),
)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=WIB)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (at(2025, 4, 11, 10, 15), [date(2025, 4, d) for d in (14, 15, 17, 21, 22, 23)]),
        (at(2026, 1, 12, 9, 0), [date(2026, 1, d) for d in (13, 14, 19, 20, 21, 22)]),
        (at(2025, 4, 8, 8, 0), [date(2025, 4, d) for d in (9, 10, 14, 15, 16, 17)]),
    ],
)
def test_the_seven_steps_are_due_on_the_days_that_were_checked_by_hand(start, expected):
    due, days = start, []
    for standard in ("P1D", "P1D", "P2D", "P1D", "P1D", "P1D"):
        due = OFFICE.due(due, standard)
        days.append(due.astimezone(WIB).date())
    assert days == expected


def test_fifteen_minutes_begun_just_before_the_break_end_after_it():
    assert OFFICE.due(at(2025, 4, 14, 11, 50), "PT15M") == at(2025, 4, 14, 13, 5)


def test_fifteen_minutes_begun_on_friday_evening_end_on_monday_morning():
    assert OFFICE.due(at(2025, 4, 11, 18, 0), "PT15M") == at(2025, 4, 14, 7, 45)


def test_a_day_begun_on_monday_during_the_friday_break_waits_for_its_end_on_friday():
    assert OFFICE.due(at(2025, 4, 10, 13, 10), "P1D") == at(2025, 4, 11, 13, 30)


def test_an_office_that_never_opens_again_has_no_day_on_which_a_step_is_due():
    first = date(2025, 4, 14)
    closed = OfficeCalendar(holidays={first + timedelta(days=n): "Tutup" for n in range(11 * 366)})
    for duration in ("P1D", "PT15M"):
        with pytest.raises(ValueError, match="no working day ahead"):
            closed.due(at(2025, 4, 14, 8, 0), duration)
    with pytest.raises(ValueError, match="no working day ahead"):
        closed.working_days_after(first, 1)
    open_once = OfficeCalendar(holidays={day: why for day, why in closed.holidays.items() if day != first})
    assert open_once.due(at(2025, 4, 14, 8, 0), "PT15M") == at(2025, 4, 14, 8, 15)
    with pytest.raises(ValueError, match="no working day ahead"):
        open_once.due(at(2025, 4, 14, 15, 50), "PT15M")
    assert open_once.working_seconds(at(2025, 4, 14, 15, 0), at(2040, 1, 1)) == 3600


def test_a_day_begun_late_on_friday_is_clipped_to_monday_s_closing():
    assert OFFICE.due(at(2025, 4, 11, 16, 20), "P1D") == at(2025, 4, 14, 16, 0)


def test_a_week_has_thirty_seven_and_a_half_hours_and_in_ramadan_five_less():
    assert OFFICE.working_seconds(at(2025, 4, 21), at(2025, 4, 28)) == int(37.5 * 3600)
    assert OFFICE.working_seconds(at(2025, 3, 3), at(2025, 3, 10)) == int(32.5 * 3600)


def test_the_last_day_of_ramadan_still_has_its_hours_and_the_next_day_has_not():
    assert OFFICE.hours(date(2026, 3, 20)) == OFFICE.ramadan_friday
    assert OFFICE.hours(date(2026, 3, 23)) == OFFICE.normal


def test_the_office_is_open_from_its_opening_until_just_before_its_closing():
    open_at = [OFFICE.is_open(at(2025, 4, 14, *clock)) for clock in ((7, 30), (12, 0), (13, 0), (15, 59), (16, 0))]
    assert open_at == [True, False, True, True, False]


def test_what_is_due_as_a_break_begins_or_as_the_office_closes_is_due_then_and_not_after():
    assert OFFICE.due(at(2025, 3, 6, 11, 30), "P1D") == at(2025, 3, 7, 11, 30)  # in Ramadan, on Friday earlier
    assert OFFICE.due(at(2025, 4, 14, 11, 45), "PT15M") == at(2025, 4, 14, 12, 0)
    assert OFFICE.due(at(2025, 4, 14, 15, 45), "PT15M") == at(2025, 4, 14, 16, 0)


def test_the_clock_stands_still_at_night_and_on_holidays():
    assert not OFFICE.is_open(at(2025, 4, 18, 10, 0))
    assert OFFICE.next_opening(at(2025, 4, 17, 16, 0)) == at(2025, 4, 21, 7, 30)
    assert OFFICE.working_seconds(at(2025, 4, 17, 16, 0), at(2025, 4, 21, 7, 30)) == 0


def test_days_can_be_calendar_days_if_the_office_says_so():
    office = OfficeCalendar(holidays=OFFICE.holidays, days_are_working=False)
    assert office.due(at(2025, 4, 17, 10, 0), "P1D") == at(2025, 4, 18, 10, 0)


@pytest.mark.parametrize("text", ["", "P", "PT", "P1M", "P1Y", "1D", "P0D", "PT0M", "-P1D", "P1.5D", "P1DT", "P9999D"])
def test_what_is_no_working_time_is_refused(text):
    with pytest.raises(ValueError, match=r"working time|no time"):
        parse_duration(text)


def test_an_office_that_never_opens_is_an_error_and_not_an_endless_search():
    closed = OfficeCalendar(normal=(), friday=())
    with pytest.raises(ValueError, match="no working day"):
        closed.next_opening(at(2025, 4, 14))


instants = st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 1)).map(lambda d: d.replace(tzinfo=UTC))  # noqa: DTZ001


@given(instants, st.integers(1, 2000))
def test_minutes_of_working_time_are_neither_lost_nor_gained(start, minutes):
    due = OFFICE.due(start, f"PT{minutes}M")
    assert OFFICE.working_seconds(start.replace(microsecond=0), due) in (minutes * 60, minutes * 60 + 1)


@given(instants, st.integers(1, 20))
def test_a_due_instant_lies_in_office_hours_and_later_starts_are_never_due_earlier(start, days):
    due = OFFICE.due(start, f"P{days}D").astimezone(WIB)
    hours = OFFICE.hours(due.date())
    assert any(opens <= due.time() <= closes for opens, closes in hours)
    assert OFFICE.due(start + timedelta(hours=3), f"P{days}D") >= due
