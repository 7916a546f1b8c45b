"""Tables to and from office files: XLSX by openpyxl, CSV by the standard library.

What people fill in offline comes back with moved columns, formulas, merged cells and worse. ``read`` looks at a file
before it is opened (a workbook is a ZIP: its members, their sizes and their ratio), takes columns by their headings
wherever they stand, and names every fault by cell. Values come back as text or as what the cell held; what they mean is
the caller's to say, since a number is read differently by different columns.

Text that a spreadsheet would take for a formula is written as text (CWE-1236): a cell that began with ``=`` stays what
somebody typed.
"""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation

LARGEST = 10 * 1024 * 1024
LARGEST_UNPACKED = 60 * 1024 * 1024
MOST_MEMBERS = 200
MOST_RATIO = 200
MOST_ROWS = 20_000
MOST_COLUMNS = 200
MOST_FAULTS = 200
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
LOCKED = PatternFill("solid", fgColor="EEEEEE")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet: *name* as the caller calls it, *heading* as people read it."""

    name: str
    heading: str
    decimals: int | None = None  # of numbers
    choices: tuple[str, ...] = ()
    width: int = 16
    locked: bool = False


@dataclass(frozen=True, slots=True)
class SheetFault:
    """What is wrong with a file, at a cell (``C7``), a range, or with the whole of it (empty)."""

    at: str
    message: str


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row that was read: values by the column's name, and the cell each stood in."""

    number: int
    values: Mapping[str, Any]
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SheetRead:
    """Everything that a file held, and everything that is wrong with it; *about* is what ``write`` put beside."""

    rows: tuple[SheetRow, ...]
    faults: tuple[SheetFault, ...]
    about: Mapping[str, str]


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def write(title: str, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], about: Mapping[str, str]) -> bytes:
    """Return a workbook with one sheet of *rows*: numbers as numbers, dates as dates, locked columns grey and locked.

    *about* says what the sheet is of (register, form, period) and comes back with ``read``.
    """
    book = Workbook()
    sheet = book.active
    sheet.title = _sheet_name(title)
    for place, column in enumerate(columns, start=1):
        head = sheet.cell(row=1, column=place, value=column.heading)
        head.font = Font(bold=True)
        head.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions[get_column_letter(place)].width = column.width
        if column.choices and sum(map(len, column.choices)) < 240:
            listed = DataValidation(type="list", formula1=f'"{",".join(column.choices)}"', allow_blank=True)
            sheet.add_data_validation(listed)
            listed.add(f"{get_column_letter(place)}2:{get_column_letter(place)}{max(2, len(rows) + 200)}")
    for number, row in enumerate(rows, start=2):
        for place, column in enumerate(columns, start=1):
            _fill(sheet.cell(row=number, column=place), column, row.get(column.name))
    sheet.freeze_panes = "A2"
    if any(column.locked for column in columns):
        sheet.protection.sheet = True  # without a password: it keeps from slips, not from people
        sheet.protection.formatColumns = sheet.protection.autoFilter = False
    said = book.create_sheet("_alur")
    said.sheet_state = "hidden"
    for name, text in about.items():
        said.append([name, text])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def write_csv(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return *rows* as CSV with ``;`` and a byte order mark, as spreadsheets of an Indonesian office open it."""
    kept = io.StringIO()
    writer = csv.writer(kept, delimiter=";", lineterminator="\r\n")
    writer.writerow([column.heading for column in columns])
    for row in rows:
        writer.writerow([_as_text(row.get(column.name)) for column in columns])
    return b"\xef\xbb\xbf" + kept.getvalue().encode()


def _fill(cell: Cell, column: Column, value: Any) -> None:
    match value:
        case None:
            pass
        case bool():
            cell.value = "ya" if value else "tidak"
        case Decimal():
            cell.value = value
            cell.number_format = "#,##0" + ("." + "0" * column.decimals if column.decimals else "")
        case datetime() | date() | time():
            cell.value = value
            cell.number_format = "HH:MM" if isinstance(value, time) else "DD/MM/YYYY"
        case list() | tuple():
            cell.value = "; ".join(str(each) for each in value)
            cell.data_type = "s"
        case _:
            cell.value = str(value)
            cell.data_type = "s"  # whatever it begins with
            cell.number_format = "@"
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if column.locked:
        cell.fill = LOCKED
    else:
        cell.protection = Protection(locked=False)


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


def _sheet_name(title: str) -> str:
    kept = "".join(" " if letter in "[]:*?/\\'" else letter for letter in title)
    return " ".join(kept.split())[:31] or "Data"


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def read(content: bytes, columns: Sequence[Column]) -> SheetRead:
    """Return what a workbook or a CSV file holds, by the columns' names.

    Headings are matched with the columns' headings or names, whatever their order and case. Empty rows are left out.
    """
    if len(content) > LARGEST:
        return _refused("Berkas lebih besar daripada 10 MB.")
    if content[:4] == b"PK\x03\x04":
        return _read_xlsx(content, columns)
    if content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return _refused("Berkas .xls lama atau berkas bersandi. Simpan sebagai XLSX tanpa sandi, atau CSV.")
    return _read_csv(content, columns)


def _refused(message: str) -> SheetRead:
    return SheetRead((), (SheetFault("", message),), {})


def _read_xlsx(content: bytes, columns: Sequence[Column]) -> SheetRead:
    why = _danger(content)
    if why:
        return _refused(why)
    try:
        book = load_workbook(io.BytesIO(content), data_only=False, keep_links=False)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError, SyntaxError) as error:
        return _refused(f"Berkas ini bukan XLSX yang dapat dibaca ({type(error).__name__}).")
    about = {}
    if "_alur" in book.sheetnames:
        about = {str(row[0]): str(row[1]) for row in book["_alur"].iter_rows(max_col=2, values_only=True) if row[0]}
    sheet = next((each for each in book.worksheets if each.sheet_state == "visible"), None)
    if sheet is None:
        return _refused("Berkas ini tidak mempunyai lembar yang terlihat.")
    if sheet.max_row > MOST_ROWS + 1 or sheet.max_column > MOST_COLUMNS:
        return _refused(f"Lembar ini lebih dari {MOST_ROWS} baris atau {MOST_COLUMNS} kolom.")
    faults = [SheetFault(str(merged), "Sel digabung. Pisahkan dahulu.") for merged in sheet.merged_cells.ranges]
    heads = [(get_column_letter(cell.column), cell.value) for cell in sheet[1]]
    places, wrong = _places(heads, columns)
    faults += wrong
    rows = []
    for cells in sheet.iter_rows(min_row=2):
        by_letter = {get_column_letter(cell.column): cell for cell in cells if isinstance(cell, Cell)}
        values: dict[str, Any] = {}
        for letter, name in places.items():
            cell = by_letter.get(letter)
            value = None if cell is None else cell.value
            if cell is not None and cell.data_type == "f":
                faults.append(SheetFault(cell.coordinate, "Sel berisi rumus. Salin lalu tempel sebagai nilai."))
                value = None
            elif cell is not None and cell.data_type == "e":
                faults.append(SheetFault(cell.coordinate, f"Sel berisi kesalahan {value}."))
                value = None
            values[name] = value
        if any(value not in (None, "") for value in values.values()):
            number = cells[0].row
            rows.append(SheetRow(number, values, {name: f"{letter}{number}" for letter, name in places.items()}))
    return SheetRead(tuple(rows), tuple(faults[:MOST_FAULTS]), about)


def _danger(content: bytes) -> str | None:
    """Return why a ZIP must not be unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            members = packed.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return "Berkas ini rusak: isinya bukan XLSX."
    names = {member.filename for member in members}
    if len(members) > MOST_MEMBERS or "[Content_Types].xml" not in names:
        return "Berkas ini bukan XLSX."
    if any("vbaProject" in name for name in names):
        return "Berkas ini memuat makro. Simpan sebagai XLSX tanpa makro."
    for member in members:
        if member.file_size > LARGEST_UNPACKED or member.file_size > MOST_RATIO * max(1, member.compress_size):
            return f"Berkas ini mengembang terlalu besar ({member.filename}) dan tidak dibuka."
    if sum(member.file_size for member in members) > LARGEST_UNPACKED:
        return "Berkas ini mengembang terlalu besar dan tidak dibuka."
    return None


def _read_csv(content: bytes, columns: Sequence[Column]) -> SheetRead:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _refused("Berkas ini bukan XLSX atau CSV berkode UTF-8.")
    if "\0" in text:
        return _refused("Berkas ini bukan XLSX atau CSV.")
    first = text.partition("\n")[0]
    delimiter = max(";,\t", key=first.count)
    lines = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    if not lines or len(lines) > MOST_ROWS + 1:
        return _refused(f"Berkas CSV ini kosong atau lebih dari {MOST_ROWS} baris.")
    heads: list[tuple[str, Any]] = [(get_column_letter(n), head) for n, head in enumerate(lines[0], start=1)]
    places, faults = _places(heads, columns)
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        by_letter = {get_column_letter(n): _unescaped(value) for n, value in enumerate(line, start=1)}
        values = {name: by_letter.get(letter) or None for letter, name in places.items()}
        if len(line) > len(heads) and any(value.strip() for value in line[len(heads) :]):
            faults.append(SheetFault(f"A{number}", "Baris ini mempunyai lebih banyak sel daripada judul kolomnya."))
        if any(values.values()):
            rows.append(SheetRow(number, values, {name: f"{letter}{number}" for letter, name in places.items()}))
    return SheetRead(tuple(rows), tuple(faults[:MOST_FAULTS]), {})


def _unescaped(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text


def _places(heads: Sequence[tuple[str, Any]], columns: Sequence[Column]) -> tuple[dict[str, str], list[SheetFault]]:
    """Return which column stands where, and which headings are unknown, doubled or missing."""
    known = {_key(text): column.name for column in columns for text in (column.name, column.heading)}
    found: dict[str, str] = {}
    faults = []
    for letter, head in heads:
        if head in (None, ""):
            continue
        name = known.get(_key(str(head)))
        if name is None:
            faults.append(SheetFault(f"{letter}1", f"Kolom “{str(head)[:60]}” tidak dikenal."))
        elif name in found.values():
            faults.append(SheetFault(f"{letter}1", f"Kolom “{str(head)[:60]}” ada dua kali."))
        else:
            found[letter] = name
    for column in columns:
        if column.name not in found.values():
            faults.append(SheetFault("", f"Kolom “{column.heading}” tidak ada."))
    return found, faults


def _key(text: str) -> str:
    return " ".join(text.replace("_", " ").split()).casefold()
