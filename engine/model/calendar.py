"""The office's working time: when it is open, when a step is due, how much of a standard time has passed.

Hours follow Perpres 21/2023 (37 h 30 m a week, in Ramadan 32 h 30 m). It does not state closing times; these are chosen
to give its totals. ``1 hari`` of an SOP means the next working day at the same time of day, clipped to office hours.
SOPs do not say so, hence the setting *days_are_working*.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

Interval = tuple[time, time]

DURATION = re.compile(
    r"P(?:(?P<weeks>\d{1,3})W)?(?:(?P<days>\d{1,3})D)?(?:T(?:(?P<hours>\d{1,4})H)?(?:(?P<minutes>\d{1,5})M)?)?"
)
WORKDAYS_A_WEEK = 5
HORIZON_DAYS = 3660  # ends the search in a calendar without open days
FRIDAY, SATURDAY = 4, 5

NORMAL = ((time(7, 30), time(12)), (time(13), time(16)))
NORMAL_FRIDAY = ((time(7, 30), time(12)), (time(13, 30), time(16, 30)))
RAMADAN = ((time(8), time(12)), (time(12, 30), time(15)))
RAMADAN_FRIDAY = ((time(8), time(11, 30)), (time(12, 30), time(15, 30)))


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """A standard time: whole working days, then working minutes."""

    days: int
    minutes: int


@lru_cache(maxsize=256)
def parse_duration(text: str) -> WorkingTime:
    """Return the working time in *text* (ISO 8601: ``PT15M``, ``P1D``, ``P1W``); ValueError if there is none.

    Years and months are refused. A week is five working days.
    """
    match = DURATION.fullmatch(text)
    if match is None or text.endswith(("P", "T")):
        raise ValueError(f"{text!r} is not a working time such as PT15M or P1D")
    part = {name: int(value or 0) for name, value in match.groupdict().items()}
    found = WorkingTime(part["weeks"] * WORKDAYS_A_WEEK + part["days"], part["hours"] * 60 + part["minutes"])
    if found == WorkingTime(0, 0):
        raise ValueError(f"{text!r} is no time at all")
    return found


@dataclass(frozen=True)
class OfficeCalendar:
    """Working hours and days off of the office; all instants have a time zone."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Jakarta"))
    holidays: Mapping[date, str] = field(default_factory=dict)  # day off -> its name
    ramadan: tuple[tuple[date, date], ...] = ()  # first and last day of each
    days_are_working: bool = True
    normal: tuple[Interval, ...] = NORMAL
    friday: tuple[Interval, ...] = NORMAL_FRIDAY
    ramadan_normal: tuple[Interval, ...] = RAMADAN
    ramadan_friday: tuple[Interval, ...] = RAMADAN_FRIDAY
    sha256: str = ""  # of the setting that it comes from, as in history
    _known: dict[date, tuple[tuple[datetime, datetime], ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )  # open intervals by day; an inbox asks for them once per task

    def is_working_day(self, day: date) -> bool:
        """Whether the office works on *day*."""
        return day.weekday() < SATURDAY and day not in self.holidays

    def day_off(self, day: date) -> str | None:
        """Return why the office is closed on *day*: the name of the holiday, "" on a weekend; None if it is open."""
        return self.holidays.get(day, "" if day.weekday() >= SATURDAY else None)

    def hours(self, day: date) -> tuple[Interval, ...]:
        """Return the open intervals of *day*, in local time; none on a day off."""
        if not self.is_working_day(day):
            return ()
        fasting = any(first <= day <= last for first, last in self.ramadan)
        if day.weekday() == FRIDAY:
            return self.ramadan_friday if fasting else self.friday
        return self.ramadan_normal if fasting else self.normal

    def is_open(self, at: datetime) -> bool:
        """Whether the office is open at the instant *at*."""
        local = at.astimezone(self.zone)
        return any(opens <= local.time() < closes for opens, closes in self.hours(local.date()))

    def next_opening(self, at: datetime) -> datetime:
        """Return *at* if the office is open then, otherwise the next instant at which it opens."""
        for opens, closes in self._intervals(at.astimezone(self.zone).date()):
            if at < closes:
                return max(at, opens).astimezone(UTC)
        raise ValueError("the calendar has no working day ahead")

    def due(self, start: datetime, duration: str) -> datetime:
        """Return the instant at which a step begun at *start* is due, after *duration* of working time."""
        wanted = parse_duration(duration)
        at = self.next_opening(start) if self.days_are_working or not wanted.days else start
        if wanted.days:
            at = self._plus_days(at, wanted.days)
        if wanted.minutes:
            at = self._plus_minutes(at, wanted.minutes)
        return at.astimezone(UTC)

    def working_days_after(self, day: date, count: int) -> date:
        """Return the *count*-th working day after *day*."""
        for _ in range(HORIZON_DAYS):
            if count <= 0:
                return day
            day += timedelta(days=1)
            count -= self.is_working_day(day)
        raise ValueError("the calendar has no working day ahead")

    def after(self, start: datetime, seconds: float) -> datetime:
        """Return the instant at which so many seconds of working time went by since *start*."""
        return self._plus_minutes(start, seconds / 60).astimezone(UTC)

    def working_seconds(self, start: datetime, end: datetime) -> int:
        """Return the seconds of working time between *start* and *end*; 0 if *end* is earlier."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        total = timedelta()
        for opens, closes in self._intervals(start.astimezone(self.zone).date()):
            if opens >= end:
                break
            total += max(timedelta(), min(closes, end) - max(opens, start))
        return int(total.total_seconds())

    def day_seconds(self, at: datetime) -> int:
        """Return the seconds of the working day at or after *at*, by which pages express times as "2 hari kerja"."""
        opening = self.next_opening(at).astimezone(self.zone)
        midnight = datetime.combine(opening.date(), time(), self.zone)
        return self.working_seconds(midnight, midnight + timedelta(days=1))

    def _plus_days(self, at: datetime, days: int) -> datetime:
        local = at.astimezone(self.zone)
        if not self.days_are_working:
            return local + timedelta(days=days)
        day = self.working_days_after(local.date(), days)
        hours = self.hours(day)
        clock = min(max(local.time(), hours[0][0]), hours[-1][1])
        for opens, _ in hours[1:]:  # a time inside a break moves to the end of the break
            before = max(closes for _, closes in hours if closes <= opens)
            if before < clock < opens:
                clock = opens
        return datetime.combine(day, clock, self.zone)

    def _plus_minutes(self, at: datetime, minutes: float) -> datetime:
        left = timedelta(minutes=minutes)
        for opens, closes in self._intervals(at.astimezone(self.zone).date()):
            begin = max(opens, at)
            if closes <= begin:
                continue
            if closes - begin >= left:
                return begin + left
            left -= closes - begin
        raise ValueError("the calendar has no working day ahead")

    def _intervals(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        for offset in range(HORIZON_DAYS):
            current = day + timedelta(days=offset)
            found = self._known.get(current)
            if found is None:
                found = tuple((self._instant(current, a), self._instant(current, b)) for a, b in self.hours(current))
                self._known[current] = found
            yield from found

    def _instant(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self.zone).astimezone(UTC)
