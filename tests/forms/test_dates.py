"""Dates and times, the day first."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model import dates

APRIL = date(2025, 4, 15)


@pytest.mark.parametrize(
    "text",
    [
        "15/4/2025",
        "15-4-25",
        "15.04.2025",
        "15 4 2025",
        "15 April 2025",
        "15 april 2025",
        "15 Apr 2025",
        "Selasa, 15 April 2025",
        "2025-04-15",
        " 15/04/25 ",
    ],
)
def test_the_ways_an_office_writes_a_date(text):
    assert dates.read_date(text) == APRIL


@pytest.mark.parametrize(
    "text",
    [
        "31/2/2025",
        "15/13/2025",
        "4/15/2025",
        "besok",
        "15 Ju 2025",
        "15/4",
        "32 Mei 2025",
        "0/1/25",
        "1/1/0001",
        "1/1/0099",
        "31/12/9999",
        "0001-01-01",
        "9999-12-31",
        "1 Mei 1899",
    ],
)
def test_what_is_no_day_is_refused(text):
    with pytest.raises(ValueError, match=r".*"):
        dates.read_date(text)


@pytest.mark.parametrize("text", ["09.00", "9:00", "0900", "9.00", "09.00 WIB", "9", "900"])
def test_the_ways_an_office_writes_a_time(text):
    assert dates.read_time(text) == time(9)


@pytest.mark.parametrize("text", ["25.00", "9.60", "pagi", "9.5", "24.00"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match=r".*"):
        dates.read_time(text)


def test_nothing_written_is_nothing():
    assert dates.read_date(" ") is None
    assert dates.read_time("") is None


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_every_way_of_writing_a_date_is_read_back(day):
    for text in (dates.type_date(day), dates.write_date(day), dates.write_weekday(day), day.isoformat()):
        assert dates.read_date(text) == day
    assert dates.read_date(dates.write_date(day, "en")) == day


@given(st.times().map(lambda t: t.replace(second=0, microsecond=0)))
def test_every_time_is_read_back(at):
    assert dates.read_time(dates.write_time(at)) == at
