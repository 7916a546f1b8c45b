"""Standard times as an SOP's sheet words them (waktu): ``15 menit``, ``1 hari``."""

import re

from engine.model.calendar import parse_duration

UNITS = (("W", "minggu"), ("D", "hari"), ("H", "jam"), ("M", "menit"))
_PART = re.compile(r"(\d+)\s*(minggu|hari(?:\s+kerja)?|jam|menit|mnt)\b[\s,]*(?:dan\s+)?", re.IGNORECASE)


def say(text: str | None) -> str:
    """Return a standard time (ISO 8601) as the sheet words it; other texts unchanged, empty for None.

    >>> say("PT15M"), say("P1D"), say("P1DT2H")
    ('15 menit', '1 hari', '1 hari 2 jam')
    """
    if not text:
        return ""
    found = {unit: count for count, unit in re.findall(r"(?<!\d)(\d{1,5})([WDHM])", text)}
    return " ".join(f"{found[unit]} {word}" for unit, word in UNITS if unit in found) or text


def read(text: str) -> str:
    """Return the standard time (ISO 8601) in *text*; ValueError if there is none.

    Days and weeks are working days and weeks; months and years are refused.

    >>> read("15 Menit"), read("1 hari kerja"), read("1 hari 2 jam"), read("P1D")
    ('PT15M', 'P1D', 'P1DT2H', 'P1D')
    """
    text = " ".join(text.split())
    if re.fullmatch(r"P[\dWDTHM]+", text):
        parse_duration(text)
        return text
    found: dict[str, int] = {}
    at = 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise ValueError(text)
        word = part[2].casefold().split()[0]
        unit = next(unit for unit, name in UNITS if name == ("menit" if word == "mnt" else word))
        if unit in found:
            raise ValueError(text)
        found[unit] = int(part[1])
        at = part.end()
    days = "".join(f"{found[unit]}{unit}" for unit in "WD" if unit in found)
    hours = "".join(f"{found[unit]}{unit}" for unit in "HM" if unit in found)
    said = f"P{days}{'T' + hours if hours else ''}"
    parse_duration(said)
    return said
