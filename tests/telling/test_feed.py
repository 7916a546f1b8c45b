"""A calendar of due dates at a secret address."""

from datetime import timedelta

import pytest

from engine.channels.ics import Moment, calendar
from engine.model.errors import NotFound
from tests.databases import KINDS
from tests.office import WIB

SECRETARY = "sekretaris"


@pytest.fixture
def database_kind():
    """No question of its own to a database."""
    return KINDS[0]


def events(text):
    """What a calendar says, event by event."""
    lines = text.replace("\r\n ", "").split("\r\n")
    assert (lines[0], lines[-2], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR", "")
    found = []
    for line in lines:
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            found.append({})
        elif found:
            found[-1][name] = value
    return found


def begun(office):
    office.do("kepala.dinas", office.start(), "perintahkan_pengumpulan_data")


def test_due_dates_stand_in_the_calendar_of_whose_tasks_they_are(office):
    secret = office.services.feeds.renew(office.actor(SECRETARY), office.now)
    assert events(office.services.feeds.of(secret, office.now)) == []
    begun(office)
    [event] = events(office.services.feeds.of(secret, office.now))
    [item] = office.services.inbox.page(office.actor(SECRETARY), office.now).items
    assert event["DTSTART"] == f"{item.task.due_at:%Y%m%dT%H%M%SZ}"
    assert event["SUMMARY"].endswith("Triwulan I 2025")
    assert event["UID"] == f"{item.task.id}@alur"
    other = office.services.feeds.renew(office.actor("tim.sakip"), office.now)
    assert events(office.services.feeds.of(other, office.now)) == []


def test_a_new_address_ends_the_one_before_and_whoever_leaves_has_none(office):
    first = office.services.feeds.renew(office.actor(SECRETARY), office.now)
    second = office.services.feeds.renew(office.actor(SECRETARY), office.now)
    for gone in (first, "", "x" * 43):
        with pytest.raises(NotFound):
            office.services.feeds.of(gone, office.now)
    assert office.services.feeds.of(second, office.now)
    yesterday = office.services.office.today(office.now) - timedelta(days=1)
    office.services.people.end_membership(
        office.actor("operator"), SECRETARY, "m-sekretaris-sekretaris", yesterday, "Mutasi.", office.now
    )
    with pytest.raises(NotFound):
        office.services.feeds.of(second, office.now)


def test_long_and_odd_titles_are_folded_and_kept_apart(office):
    at = office.now.astimezone(WIB)
    odd = "Rapat; Bapak, Ibu \\ " + "é" * 90 + "\r\nEND:VEVENT"
    text = calendar("Alur", [Moment("1", office.now, at, odd, "https://alur.contoh.go.id/tugas/1")])
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    [event] = events(text)
    assert event["SUMMARY"] == "Rapat\\; Bapak\\, Ibu \\\\ " + "é" * 90 + " END:VEVENT"
    assert event["DTSTART"] == "20250411T031500Z"
