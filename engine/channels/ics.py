"""Calendars to subscribe to (iCalendar, RFC 5545). Due dates are instants and block no time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

LINE = 75  # octets (3.1)


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that is due at an instant."""

    id: str
    made: datetime
    at: datetime
    summary: str
    link: str


def calendar(name: str, moments: Iterable[Moment]) -> str:
    """Return a calendar as text."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Alur//ID", "METHOD:PUBLISH", f"X-WR-CALNAME:{_escaped(name)}"]
    for each in moments:
        lines += ["BEGIN:VEVENT", f"UID:{each.id}@alur", f"DTSTAMP:{_instant(each.made)}"]
        lines += [f"DTSTART:{_instant(each.at)}", f"SUMMARY:{_escaped(each.summary)}", "TRANSP:TRANSPARENT"]
        lines += [f"URL:{each.link}"] if each.link else []
        lines.append("END:VEVENT")
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _escaped(text: str) -> str:
    text = " ".join(text.split())
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _folded(line: str) -> str:
    """Return *line* folded into parts of at most LINE octets (3.1), without splitting a character."""
    parts, part, size = [], "", 0
    for letter in line:
        octets = len(letter.encode())
        if size + octets > LINE:
            parts.append(part)
            part, size = " ", 1
        part, size = part + letter, size + octets
    return "\r\n".join([*parts, part])
