"""The office's settings; for now its calendar: hours, Ramadan, days off, and what one day of an SOP means.

Days off are seeded once from the ``holidays`` library (national holidays and *cuti bersama*: the categories public and
government, since the default leaves joint leave out) and are the office's data from then on: a decree may change
them in mid-year, and the office has no need of the library for that.
"""

import time as clock
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import holidays as holidays_library

from engine.model import calendar as office_calendar
from engine.model.calendar import OfficeCalendar
from engine.model.errors import Busy, SetupError
from engine.model.history import canonical, sha256_of
from engine.model.people import SYSTEM, Actor, OfficeRole
from engine.service.office.earlier_documents import Precedents
from engine.service.office.registers import Registers
from engine.service.procedures.procedure import Procedure, calendar_functions
from engine.store.database import Database
from engine.store.queries import office

SECTION = "calendar"
SEEDED_YEARS = range(2025, 2029)
KEPT_SECONDS = 30.0
RAMADAN = (("2025-03-01", "2025-03-30"), ("2026-02-19", "2026-03-20"))
"""Sidang isbat of 1447 H; 1446 H by its end (Idul Fitri 31 March 2025). Later years are the operator's to enter."""


def seeded_calendar() -> dict[str, Any]:
    """Return the calendar that a new office begins with, as the setting stores it."""
    days = holidays_library.country_holidays(
        "ID", years=SEEDED_YEARS, categories=("public", "government"), language="id"
    )
    return {
        "zone": "Asia/Jakarta",
        "days_are_working": True,
        "confirmed": False,
        "normal": _texts(office_calendar.NORMAL),
        "friday": _texts(office_calendar.NORMAL_FRIDAY),
        "ramadan_normal": _texts(office_calendar.RAMADAN),
        "ramadan_friday": _texts(office_calendar.RAMADAN_FRIDAY),
        "ramadan": [list(period) for period in RAMADAN],
        "holidays": {day.isoformat(): name for day, name in sorted(days.items())},
    }


def read_calendar(value: Mapping[str, Any]) -> OfficeCalendar:
    """Return the calendar that a stored setting states."""

    def intervals(name: str) -> tuple[office_calendar.Interval, ...]:
        return tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in value[name])

    return OfficeCalendar(
        zone=ZoneInfo(value["zone"]),
        holidays={date.fromisoformat(day): name for day, name in value["holidays"].items()},
        ramadan=tuple((date.fromisoformat(first), date.fromisoformat(last)) for first, last in value["ramadan"]),
        days_are_working=value["days_are_working"],
        normal=intervals("normal"),
        friday=intervals("friday"),
        ramadan_normal=intervals("ramadan_normal"),
        ramadan_friday=intervals("ramadan_friday"),
        sha256=sha256_of(canonical(value)),
    )


@dataclass
class _Kept:
    calendar: OfficeCalendar | None = None
    until: float = 0.0


@dataclass(frozen=True)
class Office:
    """The office's settings. The calendar is kept for half a minute, so that a page costs no statement for it."""

    database: Database
    precedents: Precedents
    registers: Registers
    _kept: _Kept = field(default_factory=_Kept)

    def calendar(self) -> OfficeCalendar:
        """Return the office calendar in force."""
        if self._kept.calendar is None or clock.monotonic() > self._kept.until:
            found = self.database.ask(office.read_setting, SECTION)
            self._kept.calendar = OfficeCalendar() if found is None else read_calendar(found[0])
            self._kept.until = clock.monotonic() + KEPT_SECONDS
        return self._kept.calendar

    def zone(self) -> ZoneInfo:
        """Return the office's time zone; the last one known while the database is away, for the page that says so."""
        try:
            return self.calendar().zone
        except (Busy, SetupError):
            return (self._kept.calendar or OfficeCalendar()).zone

    def today(self, now: datetime) -> date:
        """Return the office's date at *now*."""
        return now.astimezone(self.calendar().zone).date()

    def functions(self, procedure: Procedure, now: datetime, on: date | None = None) -> dict[str, Callable[..., Any]]:
        """Return what the host adds to the expression language: calendar, registers as of *on*, the procedure's own.

        *on* is the instance's reference date; today, if it has none.
        """
        return {
            **calendar_functions(self.calendar(), now),
            "register": self.registers.as_of(on or self.today(now)),
            "terdahulu": partial(self.precedents.documents, procedure.record.process_id, now),
            **procedure.functions,
        }

    def seed(self, now: datetime) -> None:
        """Write the calendar of a new office, if none is there."""
        if self.database.ask(office.read_setting, SECTION) is not None:
            return
        value = seeded_calendar()
        with self.database.write(SYSTEM, now) as work:
            if office.read_setting(work, SECTION) is not None:
                return
            office.write_setting(work, SECTION, value, None, {"old": None, "new": value})

    def calendar_setting(self, actor: Actor) -> tuple[dict[str, Any], int]:
        """Return the calendar as stored, with its revision; for operators and auditors."""
        actor.need(OfficeRole.OPERATOR, OfficeRole.AUDITOR)
        found = self.database.ask(office.read_setting, SECTION)
        return found if found is not None else (seeded_calendar(), 0)

    def change_calendar(self, actor: Actor, value: Mapping[str, Any], revision: int, now: datetime) -> None:
        """Put *value* in place of revision *revision* of the calendar; due dates already set stay as they are."""
        actor.need(OfficeRole.OPERATOR)
        read_calendar(value)  # what cannot be read must not be stored
        with self.database.write(actor, now) as work:
            found = office.read_setting(work, SECTION)
            old = None if found is None else found[0]
            changed = {key: new for key, new in value.items() if old is None or old.get(key) != new}
            before = {key: None if old is None else old.get(key) for key in changed}
            office.write_setting(work, SECTION, value, revision or None, {"old": before, "new": changed})
        self._kept.calendar = None


def _texts(intervals: tuple[office_calendar.Interval, ...]) -> list[list[str]]:
    return [[opens.strftime("%H:%M"), closes.strftime("%H:%M")] for opens, closes in intervals]
