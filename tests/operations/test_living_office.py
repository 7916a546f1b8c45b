"""What a newcomer finds after the first `alur run`: an office with a past, played through its services."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from engine import sample_office
from engine.app import build
from engine.model.process import InstanceStatus
from engine.sample_office import CONSOLE
from engine.sample_play import Play, Script
from engine.service.office.business_calendar import read_calendar, seeded_calendar
from engine.settings import read
from engine.store.proof import prove
from engine.store.tables import history
from tests.office import ROOT, SOP
from tests.operations.harness import until

CALENDAR = read_calendar(seeded_calendar())
FIRST_STARTS = {
    "the second of January": "2027-01-02T09:00",
    "a leap day": "2028-02-29T21:30",
    "New Year's Eve": "2026-12-31T16:45",
    "a Sunday": "2026-12-06T03:00",
    "Lebaran": "2027-03-11T11:00",
    "Ramadan": "2026-03-05T13:15",
}


def local(text):
    return datetime.fromisoformat(text).replace(tzinfo=CALENDAR.zone)


@pytest.fixture
def opened(tmp_path):
    """Open a sample office at an instant, with passwords hashed at a cost that tests can pay."""
    made = []

    def at(now, *, empty=False):
        settings = {"ALUR_PROCESSES": str(ROOT / "processes"), "ALUR_FORMS": str(ROOT / "forms")}
        joined = build(read({"ALUR_DATA": str(tmp_path / "data"), **settings}), make=True)
        made.append(joined)
        quick = replace(joined.services.accounts, hasher=PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))
        joined.services.people = replace(joined.services.people, accounts=quick)
        sample_office.open_office(joined, now, empty=empty)
        return joined

    yield at
    for joined in made:
        joined.database.close()


def lines(joined, *actions):
    with joined.database.read() as reader:
        query = select(history.c.at).where(history.c.action.in_(actions)) if actions else select(history.c.at)
        return sorted(reader.connection.scalars(query))


def test_whenever_an_office_is_first_opened_its_people_worked_before_that_day_and_in_working_time():
    for number in range(366 * 2):
        now = datetime(2026, 1, 1, 4, tzinfo=UTC) + timedelta(days=number)
        script = Script.of(ROOT / "processes" / SOP, CALENDAR, now)
        deeds = script.deeds()
        assert all(CALENDAR.is_open(deed.at) for deed in deeds), now
        assert deeds[-1].at.astimezone(CALENDAR.zone).date() < script.today, now
        assert CALENDAR.is_open(script.founded()), now
        starts = [deed for deed in deeds if "langkah" not in deed.said and "isian" in deed.said]
        assert len(starts) == 4
        for deed in starts:
            typed = {name: text.format_map(deed.words) for name, text in deed.said["isian"].items()}
            month = 3 * (
                1 + ["I", "II", "III", "IV"].index("IV" if typed["periode"] == "tahunan" else typed["periode"])
            )
            assert (deed.at.year, deed.at.month) > (int(typed["tahun"]), month), (
                "nobody collects a quarter before its end"
            )


@pytest.mark.parametrize("first", FIRST_STARTS.values(), ids=FIRST_STARTS)
def test_a_new_office_has_one_quarter_done_one_late_and_returned_and_one_begun_and_all_of_it_is_proved(opened, first):
    now = local(first)
    joined = opened(now)
    found = {each.record.title: each for each in joined.services.instances.list(CONSOLE, now).items}
    assert len(found) == 4
    quarters = sorted((each.record for each in found.values() if each.record.title.startswith("Triwulan")), key=begun)
    assert [record.status for record in quarters] == [
        InstanceStatus.COMPLETED,
        InstanceStatus.RUNNING,
        InstanceStatus.RUNNING,
    ]
    _, under_way, just_begun = (joined.services.instances.page(CONSOLE, record.id, now) for record in quarters)

    [back] = under_way.open_tasks
    assert back.returned_reason
    assert CALENDAR.working_seconds(back.due_at, now) >= CALENDAR.day_seconds(back.due_at), "late by a working day"

    [team] = just_begun.open_tasks
    assert not team.holder
    assert CALENDAR.working_seconds(team.due_at, now) < CALENDAR.day_seconds(now), "whoever comes today is hardly late"
    assert [each.kind for each in just_begun.papers] == ["approve"]
    assert not just_begun.returned

    never = {each.id for each in joined.services.people.everyone(CONSOLE) if each.last_sign_in_at is None}
    assert never == {"auditor", "operator", "perancang", "pemegang.data.6"}, "who did something was there"

    with joined.database.read() as reader:
        report = prove(reader)
    assert report.sound, report.faults[:3]
    assert not report.remarks
    assert not lines(joined, "clock:set_back")
    assert lines(joined)[-1] < now


def begun(record):
    return record.started_at


def test_an_office_where_people_work_already_is_left_as_it_is(opened):
    now = local("2026-12-01T09:00")
    before = lines(opened(now, empty=True))
    assert not opened(now).services.instances.list(CONSOLE, now).items
    assert lines(opened(now + timedelta(days=1))) == before


def test_a_start_that_was_ended_while_its_past_was_played_begins_anew_and_shows_the_passwords(tmp_path, monkeypatch):
    settings = {"ALUR_PROCESSES": str(ROOT / "processes"), "ALUR_FORMS": str(ROOT / "forms")}
    settings = read({"ALUR_DATA": str(tmp_path), **settings})
    now = local("2026-12-01T09:00")
    deeds = Play._complete

    def ended(play, actor, instance, deed):
        deeds(play, actor, instance, deed)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Play, "_complete", ended)
        with pytest.raises(KeyboardInterrupt):
            sample_office.prepare(settings, now, empty=False)
    assert not (tmp_path / "alur.db").exists(), "nobody is served half an office"
    hired = sample_office.prepare(settings, now, empty=True)
    assert "kepala.dinas" in {account for account, _, _ in hired}
    joined = build(settings)
    try:
        assert not lines(joined, "instance:started")
        assert len(joined.services.people.everyone(CONSOLE)) == len(hired)
    finally:
        joined.database.close()
    assert not list(tmp_path.glob("contoh.db*"))
    assert sample_office.prepare(settings, now, empty=False) == [], "people work there now"


def test_a_newcomer_opens_letters_and_the_archive_of_a_living_office_and_history_is_proved(install):
    sample = install(processes=ROOT / "processes", forms=ROOT / "forms")
    server = sample.serve("run")
    passwords = dict(re.findall(r"^  ([a-z.0-9]+) +(\S{5}-\S{5}-\S{5}) ", server.said, re.MULTILINE))
    auditor = sample.sign_in("auditor", passwords["auditor"])
    new = {"baru": "kuda-baterai-staples", "ulang": "kuda-baterai-staples"}
    assert auditor.post("/sandi", new, page="/sandi").status == 303
    listed = auditor.get("/instans").text
    assert "Terlambat" in listed
    *_, done = re.findall(r'href="(/instans/[0-9a-f-]{36})"', listed)  # the one that began first
    until(lambda: "/berkas.zip" in auditor.get(f"{done}/arsip").text, "the worker builds the berkas")
    papers = re.findall(r'href="(/dokumen/[^"?#]+)"', auditor.get(f"{done}/dokumen").text)
    assert len(papers) > 5
    checked = sample.command("verify")
    assert checked.returncode == 0, checked.stderr


def test_one_command_starts_an_office_without_a_past(install):
    sample = install(processes=ROOT / "processes", forms=ROOT / "forms")
    server = sample.launch("run", "--empty")
    until(server.answers, "the server answers")
    with sample.database() as database, database.read() as reader:
        assert not set(reader.connection.scalars(select(history.c.action))) & {"instance:started"}
    assert "kepala.dinas" in server.said
