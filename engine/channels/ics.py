"""A calendar that others subscribe to (iCalendar, RFC 5545): due dates as moments, and nothing that takes time away."""

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
    """Return the calendar *name* as a text."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Alur//ID", "METHOD:PUBLISH", f"X-WR-CALNAME:{_text(name)}"]
    for each in moments:
        lines += ["BEGIN:VEVENT", f"UID:{each.id}@alur", f"DTSTAMP:{_instant(each.made)}"]
        lines += [f"DTSTART:{_instant(each.at)}", f"SUMMARY:{_text(each.summary)}", "TRANSP:TRANSPARENT"]
        lines += [f"URL:{each.link}"] if each.link else []
        lines.append("END:VEVENT")
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _text(text: str) -> str:
    """Return a text with what means something else kept apart (3.3.11), in one line."""
    text = " ".join(text.split())
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _folded(line: str) -> str:
    """Return a line in parts of at most LINE octets, of which none ends within a letter."""
    parts, part, size = [], "", 0
    for letter in line:
        octets = len(letter.encode())
        if size + octets > LINE:
            parts.append(part)
            part, size = " ", 1
        part, size = part + letter, size + octets
    return "\r\n".join([*parts, part])
