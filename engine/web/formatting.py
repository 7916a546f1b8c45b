"""Numbers, dates and durations the Indonesian way, in either language (pages.md, 1.5).

The English interface keeps Indonesian number format and 24-hour times with a point; only words change.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask_babel import get_locale

from engine.model import dates
from engine.model.calendar import parse_duration
from engine.service.procedures.procedure import Language
from engine.web.texts import gettext, ngettext, npgettext


def language() -> str:
    """Return the language of the page: "id" or "en"."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "id"


def words() -> Language:
    """Return the reader's language, in which services word what is wrong."""
    return Language(language(), gettext)


def number(value: Any, decimals: int | None = None) -> str:
    """Return ``1.234,56``; *decimals* pads and rounds half up, None prints what is there."""
    if value is None:
        return gettext("belum tersedia")
    amount = Decimal(str(value))
    if decimals is not None:
        amount = amount.quantize(Decimal(1).scaleb(-decimals), rounding="ROUND_HALF_UP")
    return f"{amount:,f}".translate(str.maketrans(",.", ".,"))


def money(value: Any) -> str:
    """Return ``Rp350.000.000``; decimals only if it is not whole."""
    if value is None:
        return gettext("belum tersedia")
    amount = Decimal(str(value))
    sign = "-" if amount < 0 else ""
    return f"{sign}Rp{number(abs(amount), 0 if amount == amount.to_integral_value() else 2)}"


def size(count: int) -> str:
    """Return a file's size as the office's computers show it, 1,024 to the step: ``1,2 MB``."""
    if count < 1024:
        return f"{count} B"
    amount = Decimal(count)
    for unit in ("kB", "MB", "GB"):
        amount /= 1024
        if amount < 1000 or unit == "GB":
            break
    return f"{number(amount, 0 if amount >= 10 else 1)} {unit}"


def capped(count: int, cap: int = 100) -> str:
    """Return a count, or "100+"."""
    return f"{cap}+" if count > cap else str(count)


def hash_text(value: str, groups: int = 3) -> str:
    """Return the first characters of a hash in fours: ``9f2c 41ab 77d0``."""
    return " ".join(value[i : i + 4] for i in range(0, groups * 4, 4))


BROWSERS = {"Edg/": "Edge", "OPR/": "Opera", "SamsungBrowser": "Samsung Internet"}
BROWSERS |= {"Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
"""The first that is named counts: browsers also name those that they descend from."""
SYSTEMS = {name: name for name in ("Android", "iPhone", "iPad", "Windows")} | {"Mac OS": "macOS", "Linux": "Linux"}


def device(user_agent: str) -> str:
    """Return browser and system of a session: ``Chrome, Windows``."""
    marks = (BROWSERS, SYSTEMS)
    names = [next((word for mark, word in known.items() if mark in user_agent), "") for known in marks]
    return ", ".join(filter(None, names)) or user_agent[:80]


def localised(thing: Any, field: str = "name") -> str:
    """Return a diagram's or form's text in English if the reader wants that and it has one, else in Indonesian."""
    if language() == "en":
        english = thing.get(f"{field}_en") if isinstance(thing, Mapping) else getattr(thing, f"{field}_en", None)
        if english:
            return str(english)
    return str(thing[field] if isinstance(thing, Mapping) else getattr(thing, field))


class Dates:
    """Dates in the office's zone."""

    def __init__(self, zone: Callable[[], ZoneInfo]) -> None:
        self._zone = zone

    def local(self, at: datetime) -> datetime:
        """Return an instant in the office's zone."""
        return at.astimezone(self._zone())

    def zone_name(self) -> str:
        """Return WIB, WITA or WIT."""
        return dates.ZONES.get(str(self._zone()), str(self._zone()))

    def day(self, value: date | datetime, *, weekday: bool = False) -> str:
        """Return ``14 April 2025``, or ``Senin, 14 April 2025``."""
        local = self.local(value).date() if isinstance(value, datetime) else value
        return (dates.write_weekday if weekday else dates.write_date)(local, language())

    def long(self, at: datetime) -> str:
        """Return ``Senin, 14 April 2025 pukul 10.15 WIB``."""
        clock = self.clock(at)
        return gettext("%(day)s pukul %(time)s", day=self.day(at, weekday=True), time=f"{clock} {self.zone_name()}")

    def short(self, at: datetime, *, seconds: bool = False) -> str:
        """Return ``14 Apr 2025 10.15``."""
        local = self.local(at)
        text = format_date(local, "d MMM yyyy", language())
        return f"{text} {local:%H.%M.%S}" if seconds else f"{text} {local:%H.%M}"

    def due(self, at: datetime) -> str:
        """Return ``Sen 21 Apr 10.15``: a day near now, as cards say it."""
        local = self.local(at)
        return f"{format_date(local, 'E d MMM', language())} {local:%H.%M}"

    def clock(self, at: datetime | time) -> str:
        """Return ``10.15``."""
        return (self.local(at) if isinstance(at, datetime) else at).strftime("%H.%M")

    def iso(self, at: datetime | date) -> str:
        """Return the machine's form for ``<time datetime>``."""
        return self.local(at).isoformat(timespec="seconds") if isinstance(at, datetime) else at.isoformat()


def working(seconds: int, day_seconds: int = 27000) -> str:
    """Return working time in words: ``3 jam 10 menit kerja``, ``2 hari kerja``."""
    minutes = max(0, seconds) // 60
    day = max(1, day_seconds // 60)
    if minutes >= day * 2 or (minutes and minutes % day == 0):
        days = minutes // day
        return ngettext("%(num)d hari kerja", "%(num)d hari kerja", days)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return ngettext("%(num)d menit kerja", "%(num)d menit kerja", rest)
    if not rest:
        return ngettext("%(num)d jam kerja", "%(num)d jam kerja", hours)
    return gettext("%(hours)d jam %(minutes)d menit kerja", hours=hours, minutes=rest)


def standard_time(text: str | None) -> str:
    """Return a standard time in the sheet's words: ``15 menit``, ``1 hari kerja``."""
    if not text:
        return "–"
    time_ = parse_duration(text)
    parts = []
    if time_.days:
        parts.append(npgettext("waktu baku", "%(num)d hari kerja", "%(num)d hari kerja", time_.days))
    hours, minutes = divmod(time_.minutes, 60)
    if hours:
        parts.append(ngettext("%(num)d jam", "%(num)d jam", hours))
    if minutes:
        parts.append(ngettext("%(num)d menit", "%(num)d menit", minutes))
    return " ".join(parts)


def read_day(text: str | None) -> date | None:
    """Return the day that somebody typed, the office's way or ISO's; None for what is no day."""
    try:
        return dates.read_date(text or "")
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class AskedDays:
    """The first and last day that a list is narrowed to, and what is wrong with the typed texts."""

    first: date | None
    last: date | None
    faults: tuple[str, ...]

    def bounds(self, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        """Return the instants at which the first day begins and the last one ends."""
        first, last = self.first, self.last
        return (
            datetime.combine(first, time(), zone) if first else None,
            datetime.combine(last + timedelta(days=1), time(), zone) if last else None,
        )


def asked_days(first: str | None, last: str | None) -> AskedDays:
    """Read the days that narrow a list."""
    asked = [(text or "").strip() for text in (first, last)]
    since, until = map(read_day, asked)
    unread = [text[:40] for text, day in zip(asked, (since, until), strict=True) if text and day is None]
    faults = [gettext("“%(said)s” bukan tanggal. Contoh: 14/4/2025.", said=said) for said in unread]
    if since and until and since > until:
        faults.append(gettext("Tanggal “dari” sesudah “sampai”: tidak ada hari di antaranya."))
    return AskedDays(since, until, tuple(faults))
