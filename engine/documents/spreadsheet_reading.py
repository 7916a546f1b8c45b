"""Reads the rows of a workbook, in a child process, or of a CSV file (see ``spreadsheets``)."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_COLUMNS = 200
MOST_FAULTS = 200
LONGEST_SHOWN = 60
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
LEFT_OUT = object()
Row = tuple[int, Mapping[str, Any], bool]


@dataclass
class SheetFile:
    """The contents of a file while it is read."""

    heads: list[tuple[str, str, bool]]  # (name, heading, wanted) of the columns to look for
    most_rows: int
    rows: list[tuple[int, dict[str, Any], dict[str, str], bool]] = field(default_factory=list)  # as ``SheetRow``
    faults: list[tuple[str, str, str, dict[str, str]]] = field(default_factory=list)  # (cell, keyword, what, facts)
    about: dict[str, str] = field(default_factory=dict)

    def fault(self, at: str, keyword: str, what: str, **facts: str) -> None:
        """Report a fault, up to a number that people can read."""
        if len(self.faults) <= MOST_FAULTS:
            self.faults.append((at, keyword, what, facts))

    def refuse(self, keyword: str, what: str, **facts: str) -> None:
        """Refuse the whole file."""
        self.rows.clear()
        self.faults = [("", keyword, what, facts)]

    def places(self, found: Sequence[tuple[str, Any]]) -> dict[str, str]:
        """Return the columns by letter; report unknown, duplicate and missing headings."""
        known = {_key(text): name for name, heading, _ in self.heads for text in (name, heading)}
        placed: dict[str, str] = {}
        for letter, head in found:
            if head in (None, ""):
                continue
            name, shown = known.get(_key(str(head))), str(head)[:LONGEST_SHOWN]
            if name is None:
                self.fault(f"{letter}1", "column", "unknown", head=shown)
            elif name in placed.values():
                self.fault(f"{letter}1", "column", "twice", head=shown)
            else:
                placed[letter] = name
        for name, heading, wanted in self.heads:
            if wanted and name not in placed.values():
                self.fault("", "missing", "missing", head=heading)
        return placed

    def fill(self, heads: Sequence[tuple[str, Any]], rows: Iterable[Row], value_of: Callable[[Any], Any]) -> None:
        """Add those *rows*, as (number, cells by letter, hidden), that are not empty.

        *value_of* returns the value of a cell, ``LEFT_OUT`` for one that cannot be used.
        """
        places = self.places(heads)
        for number, cells, hidden in rows:
            found = {name: value_of(cells[letter]) for letter, name in places.items()}
            values = {name: value for name, value in found.items() if value is not LEFT_OUT}
            if any(value not in (None, "") for value in values.values()):
                named = {name: f"{letter}{number}" for letter, name in places.items()}
                self.rows.append((number, values, named, hidden))

    def too_large(self) -> None:
        """Refuse a file with too many rows or columns."""
        self.refuse("file", "size", rows=str(self.most_rows), columns=str(MOST_COLUMNS))

    def answer(self) -> dict[str, Any]:
        """Return the contents as plain values for the parent process."""
        return {"rows": self.rows, "faults": self.faults, "about": self.about}

    def take(self, answer: Mapping[str, Any]) -> None:
        """Take the contents from the answer of a child."""
        self.rows, self.faults, self.about = answer["rows"], answer["faults"], answer["about"]


def _key(text: str) -> str:
    return " ".join(text.replace("_", " ").split()).casefold()


# ── CSV ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def read_csv(found: SheetFile, content: bytes) -> None:
    """Read a CSV file into *found*."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return found.refuse("file", "not_text")
    if "\0" in text:
        return found.refuse("file", "not_text")
    delimiter = max(";,\t", key=text.partition("\n")[0].count)
    lines: list[list[str]] = []
    try:
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            lines.append(line)
            if len(lines) > found.most_rows + 1 or len(line) > MOST_COLUMNS:
                return found.too_large()
    except csv.Error:  # a field of more than 128 kB
        return found.refuse("file", "not_text")
    if not any(any(cell.strip() for cell in line) for line in lines):
        return found.refuse("file", "empty")
    heads: list[tuple[str, Any]] = [(column_letter(n), head) for n, head in enumerate(lines[0], start=1)]
    rows: list[Row] = []
    for number, line in enumerate(lines[1:], start=2):
        if any(value.strip() for value in line[len(heads) :]):
            found.fault(f"{column_letter(len(heads) + 1)}{number}", "longer", "longer")
        whole = line + [""] * (len(heads) - len(line))
        rows.append((number, {column_letter(n): value for n, value in enumerate(whole, start=1)}, False))
    return found.fill(heads, rows, lambda text: _unescaped(text) or None)


def column_letter(number: int) -> str:
    """Return what a sheet calls its column of a number, from A to ZZ."""
    first, last = divmod(number - 1, 26)
    return (chr(64 + first) if first else "") + chr(65 + last)


def _unescaped(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text
