"""Dates and times as people in an Indonesian office write them: always the day first."""

import re
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from babel.dates import format_date, get_month_names

ZONES = {"Asia/Jakarta": "WIB", "Asia/Pontianak": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}
_NUMERIC = re.compile(r"([0-9]{1,2})\s*[-/. ]\s*([0-9]{1,2})\s*[-/. ]\s*([0-9]{2}|[0-9]{4})")
_NAMED = re.compile(r"([0-9]{1,2})[\s-]*([A-Za-z]+)\.?[\s,-]*([0-9]{2}|[0-9]{4})")
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(r"([0-9]{1,2})[.:]([0-9]{2})(?:[.:]([0-9]{2}))?|([0-9]{1,2})([0-9]{2})|([0-9]{1,2})")
_WEEKDAY = re.compile(r"^(?:senin|selasa|rabu|kamis|jum'?at|sabtu|minggu)\s*,\s*", re.IGNORECASE)
_ZONE = re.compile(r"\s*(?:WIB|WITA|WIT)$", re.IGNORECASE)
_CENTURY = 2000
YEARS = range(1900, 3000)
"""Years that people may type: far from the first and last day of Python, so that sums of days do not overflow."""
_SHORT = {"agt": 8, "ags": 8, "nop": 11, "nopember": 11, "peb": 2, "pebruari": 2, "des": 12}


def read_date(text: str) -> date | None:
    """Return the date in *text*, None if it is empty; ValueError if it is not a date or its year is not in YEARS."""
    bare = _WEEKDAY.sub("", text.strip())
    if not bare:
        return None
    if found := _ISO.fullmatch(bare):
        year, month, day = found.groups()
    elif found := _NUMERIC.fullmatch(bare) or _NAMED.fullmatch(bare):
        day, month, year = found.groups()
    else:
        raise ValueError(text)
    read = date(int(year) + (_CENTURY if len(year) == 2 else 0), _month(month), int(day))
    if read.year not in YEARS:
        raise ValueError(text)
    return read


def read_time(text: str) -> time | None:
    """Return the time of day in *text*, None if it is empty; ValueError if it is not a time."""
    bare = _ZONE.sub("", text.strip())
    if not bare:
        return None
    found = _TIME.fullmatch(bare)
    if not found:
        raise ValueError(text)
    hour, minute, second, packed_hour, packed_minute, alone = found.groups()
    return time(int(hour or packed_hour or alone), int(minute or packed_minute or 0), int(second or 0))


def write_date(value: date, locale: str = "id") -> str:
    """Return a date as pages show it: ``15 April 2025``."""
    return format_date(value, "d MMMM yyyy", locale)


def write_weekday(value: date, locale: str = "id") -> str:
    """Return a date with its day of the week: ``Selasa, 15 April 2025``."""
    return format_date(value, "EEEE, d MMMM yyyy", locale)


def type_date(value: date) -> str:
    """Return a date as people type it: ``15/4/2025``."""
    return f"{value.day}/{value.month}/{value.year}"


def write_instant(at: datetime, zone: ZoneInfo, locale: str = "id") -> str:
    """Return an instant as a letter says it: ``Senin, 14 April 2025 pukul 10.15 WIB``."""
    local, word = at.astimezone(zone), "at" if locale == "en" else "pukul"
    return f"{write_weekday(local, locale)} {word} {write_time(local.time())} {ZONES.get(str(zone), str(zone))}"


def write_time(value: time) -> str:
    """Return a time as the office writes it: ``09.00``."""
    return value.strftime("%H.%M")


def _month(word: str) -> int:
    """Return a month's number as typed, by its name in either language, or by an unambiguous beginning of a name."""
    word = word.lower()
    if word.isdecimal():
        return int(word)
    if word in _SHORT:
        return _SHORT[word]
    fitting = {
        number
        for locale in ("id", "en")
        for number, name in get_month_names("wide", locale=locale).items()
        if len(word) >= 3 and name.lower().startswith(word)
    }
    if len(fitting) != 1:
        raise ValueError(word)
    return int(fitting.pop())
