"""The office's calendar: hours, Ramadan, days off, and whether an SOP's days are working days.

Days off are taken once from the ``holidays`` library: national holidays and joint leave (*cuti bersama*), its
categories public and government. After that the office maintains them, as a decree may change them during the year.
"""

import time as clock
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

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
"""1447 H by the government's decision (*sidang isbat*), 1446 H by its end (Idul Fitri was on 31 March 2025). The
operator enters later years."""


def seeded_calendar() -> dict[str, Any]:
    """Return the setting of a new office's calendar."""
    import holidays  # noqa: PLC0415 - once in an office's life

    days = holidays.country_holidays("ID", years=SEEDED_YEARS, categories=("public", "government"), language="id")
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
    """Return the calendar of a setting."""

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
class Office:
    """The office's settings. The calendar is cached for KEPT_SECONDS, so that pages need not query it."""

    database: Database
    precedents: Precedents
    registers: Registers
    _calendar: OfficeCalendar | None = None
    _kept_until: float = 0.0

    def calendar(self) -> OfficeCalendar:
        """Return the office calendar in force."""
        if self._calendar is None or clock.monotonic() > self._kept_until:
            found = self.database.ask(office.read_setting, SECTION)
            self._calendar = OfficeCalendar() if found is None else read_calendar(found[0])
            self._kept_until = clock.monotonic() + KEPT_SECONDS
        return self._calendar

    def zone(self) -> ZoneInfo:
        """Return the office's time zone; the last known one while the database is away, for the error page."""
        try:
            return self.calendar().zone
        except (Busy, SetupError):
            return (self._calendar or OfficeCalendar()).zone

    def today(self, now: datetime) -> date:
        """Return the office's date at *now*."""
        return now.astimezone(self.calendar().zone).date()

    def functions(self, procedure: Procedure, now: datetime, on: date | None = None) -> dict[str, Callable[..., Any]]:
        """Return the functions of expressions: calendar, registers as of *on* (None: today), the procedure's own."""
        return {
            **calendar_functions(self.calendar(), now),
            "register": self.registers.as_of(on or self.today(now)),
            "terdahulu": partial(self.precedents.documents, procedure.record.process_id, now),
            **procedure.functions,
        }

    def seed(self, now: datetime) -> None:
        """Store the calendar of a new office, unless there is one."""
        with self.database.write(SYSTEM, now) as work:
            if office.read_setting(work, SECTION) is None:
                value = seeded_calendar()
                office.write_setting(work, SECTION, value, None, {"old": None, "new": value})

    def calendar_setting(self, actor: Actor) -> tuple[dict[str, Any], int]:
        """Return the calendar's setting and its revision; for operators and auditors."""
        actor.need(OfficeRole.OPERATOR, OfficeRole.AUDITOR)
        found = self.database.ask(office.read_setting, SECTION)
        return found if found is not None else (seeded_calendar(), 0)

    def change_calendar(self, actor: Actor, value: Mapping[str, Any], revision: int, now: datetime) -> None:
        """Replace revision *revision* of the calendar by *value*; existing due dates stay."""
        actor.need(OfficeRole.OPERATOR)
        read_calendar(value)  # raises for an invalid value
        with self.database.write(actor, now) as work:
            old, _ = office.read_setting(work, SECTION) or ({}, None)
            changed = {key: new for key, new in value.items() if old.get(key) != new}
            before = {key: old.get(key) for key in changed}
            office.write_setting(work, SECTION, value, revision or None, {"old": before, "new": changed})
        self._calendar = None


def _texts(intervals: tuple[office_calendar.Interval, ...]) -> list[list[str]]:
    return [[opens.strftime("%H:%M"), closes.strftime("%H:%M")] for opens, closes in intervals]
