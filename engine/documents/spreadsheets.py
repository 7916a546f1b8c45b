"""Writes tables to XLSX (openpyxl) and CSV, and reads them.

Files that people fill in offline come back with moved columns, formulas, merged cells and worse. ``read`` opens a
workbook in a child process, which checks the sizes of its members and refuses XML entities first. It finds columns by
their headings and reports every fault by cell. A faulty cell is left out of its row, so that the caller can use the
others. Values have the type of the cell; the caller interprets them by column.

Texts that look like formulas are written as text (CWE-1236). Sheets are protected without a password, against slips.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from engine.documents import sandbox
from engine.documents.spreadsheet_reading import FORMULA_STARTS, MOST_FAULTS, SheetFile, read_csv

LARGEST = 10 * 1024 * 1024
MOST_ROWS = 20_000
Gettext = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet: *name* for the caller, *heading* for people.

    *kind* formats empty cells too: ``text``, ``number``, ``money``, ``percent``, ``date``, ``time``, ``boolean``.
    Without it the value of a cell decides.
    """

    name: str
    heading: str
    decimals: int | None = None  # of numbers
    choices: tuple[str, ...] = ()
    width: int = 16
    locked: bool = False
    kind: str = ""
    wanted: bool = True  # its absence from a file is reported


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to write; rows are by name of the column."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SheetFault:
    """A fault of a file: at a cell (``C7``), a range, or of the whole file (empty).

    *keyword*: ``file`` and ``other`` make the file unusable, ``column`` and ``missing`` one column, others some cells.
    """

    at: str
    message: str
    keyword: str = ""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row from a file: values and cells (``C7``) by name of the column."""

    number: int
    values: Mapping[str, Any]
    cells: Mapping[str, str]
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class SheetRead:
    """The contents of a file and its faults; *about* is as given to ``write``."""

    rows: tuple[SheetRow, ...]
    faults: tuple[SheetFault, ...]
    about: Mapping[str, str]

    @property
    def usable(self) -> bool:
        """Whether some of the file can be used."""
        return not any(fault.keyword in ("file", "other") for fault in self.faults)


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def write(title: str, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], about: Mapping[str, str]) -> bytes:
    """Return a workbook with one sheet of *rows*; locked columns are grey and protected.

    *about* says what the sheet is about (register, form, period); ``read`` returns it.
    """
    return write_book([Sheet(title, columns, rows)], about)


def write_book(sheets: Sequence[Sheet], about: Mapping[str, str]) -> bytes:
    """Return a workbook of several sheets."""
    from engine.documents import workbooks  # noqa: PLC0415 - a tenth of a second, and most starts write none

    return workbooks.write(sheets, about)


def write_csv(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return *rows* as CSV with ``;`` and a byte order mark, as spreadsheet programs in Indonesia expect."""
    kept = io.StringIO()
    writer = csv.writer(kept, delimiter=";", lineterminator="\r\n")
    writer.writerow([_as_text(column.heading) for column in columns])
    for row in rows:
        writer.writerow([_as_text(row.get(column.name)) for column in columns])
    return b"\xef\xbb\xbf" + kept.getvalue().encode()


def _as_text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "ya" if value else "tidak"
        case Decimal():
            return format(value, "f").replace(".", ",")
        case datetime() | date():
            return value.strftime("%Y-%m-%d")
        case time():
            return value.strftime("%H.%M")
        case list() | tuple():
            return "; ".join(_as_text(each) for each in value)
    text = str(value)
    return "'" + text if text.startswith(FORMULA_STARTS) else text


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def read(
    content: bytes,
    columns: Sequence[Column],
    about: Mapping[str, str] | None = None,
    *,
    most_rows: int = MOST_ROWS,
    gettext: Gettext = str,
) -> SheetRead:
    """Return the contents of a workbook or CSV file.

    Headings match the headings or names of *columns* in any order and case. Empty rows are left out. A workbook whose
    own *about* differs is refused.
    """
    found = SheetFile([(column.name, column.heading, column.wanted) for column in columns], most_rows)
    if len(content) > LARGEST:
        found.refuse("file", "large")
    elif content[:4] == b"PK\x03\x04":
        try:
            answer = sandbox.call(
                "engine.documents.workbooks:read", {"content": content, "heads": found.heads, "most_rows": most_rows}
            )
        except sandbox.ChildEnded:
            found.refuse("file", "heavy")
        else:
            found.take(answer)
    elif content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        found.refuse("file", "old")
    else:
        read_csv(found, content)
    for key, ours in (about or {}).items():
        theirs = found.about.get(key)
        if theirs is not None and theirs != ours:
            found.fault("", "other", "other", theirs=theirs, ours=ours)
    faults = tuple(
        SheetFault(at, _message(what, facts, gettext), keyword)
        for at, keyword, what, facts in found.faults[:MOST_FAULTS]
    )
    return SheetRead(tuple(SheetRow(*row) for row in found.rows), faults, found.about)


def _message(what: str, facts: Mapping[str, str], gettext: Gettext) -> str:
    messages = {
        "large": gettext("Berkas lebih besar daripada 10 MB."),
        "heavy": gettext("Berkas ini memakai terlalu banyak waktu atau memori saat dibaca; tidak dibuka."),
        "old": gettext("Berkas .xls lama atau berkas bersandi. Simpan sebagai XLSX tanpa sandi, atau CSV."),
        "broken": gettext("Berkas ini rusak: isinya bukan XLSX."),
        "not_xlsx": gettext("Berkas ini bukan XLSX."),
        "macros": gettext("Berkas ini memuat makro. Simpan sebagai XLSX tanpa makro."),
        "links": gettext("Berkas ini merujuk ke berkas lain. Putuskan tautannya (Data, Edit Tautan), lalu simpan."),
        "bomb": gettext("Berkas ini mengembang terlalu besar (%(member)s) dan tidak dibuka."),
        "entities": gettext("Berkas ini memuat deklarasi XML yang tidak diterima (%(member)s) dan tidak dibuka."),
        "no_sheet": gettext("Berkas ini tidak mempunyai lembar yang terlihat."),
        "size": gettext("Lembar ini lebih dari %(rows)s baris atau %(columns)s kolom."),
        "not_text": gettext("Berkas ini bukan XLSX atau CSV berkode UTF-8."),
        "empty": gettext("Berkas ini kosong."),
        "other": gettext("Berkas ini dibuat untuk “%(theirs)s”, bukan untuk “%(ours)s”."),
        "merged": gettext("Sel digabung. Pisahkan dahulu."),
        "formula": gettext("Sel berisi rumus. Salin lalu tempel sebagai nilai."),
        "error": gettext("Sel berisi kesalahan %(value)s."),
        "unknown": gettext("Kolom “%(head)s” tidak dikenal."),
        "twice": gettext("Kolom “%(head)s” ada dua kali."),
        "missing": gettext("Kolom “%(head)s” tidak ada."),
        "longer": gettext("Baris ini mempunyai lebih banyak sel daripada judul kolomnya."),
    }
    return messages[what] % facts
