"""Writes workbooks (XLSX), and reads them in a child. Kept apart since openpyxl is slow to load."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from engine.documents.spreadsheet_reading import LEFT_OUT, LONGEST_SHOWN, MOST_COLUMNS, SheetFile
from engine.documents.spreadsheets import Column, Sheet

LARGEST_UNPACKED = 60 * 1024 * 1024
MOST_MEMBERS = 200
MOST_RATIO = 200
ABOUT = "_alur"
"""The hidden sheet that says what a workbook is about."""
CHOICES = "_pilihan"
"""The hidden sheet for choices that are too long for a cell's own list."""
LOCKED = PatternFill("solid", fgColor="EEEEEE")
_OFFERED_ROWS = 200  # empty rows after the written ones that offer choices
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_BROKEN = (InvalidFileException, zipfile.BadZipFile, LookupError, ValueError, TypeError, AttributeError)


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def write(sheets: Sequence[Sheet], about: Mapping[str, str]) -> bytes:
    """Return a workbook of several sheets."""
    book = Workbook()
    book.remove(book.active)
    longer: list[tuple[str, ...]] = []
    for each in sheets:
        _write_sheet(book.create_sheet(_sheet_name(each.title)), each, longer)
    said = book.create_sheet(ABOUT)
    said.sheet_state = "hidden"
    for name, text in about.items():
        said.append([name, text])
    if longer:
        listed = book.create_sheet(CHOICES)
        listed.sheet_state = "hidden"
        for place, choices in enumerate(longer, start=1):
            for number, choice in enumerate(choices, start=1):
                _write_text(listed.cell(row=number, column=place), choice)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def _write_sheet(sheet: Worksheet, what: Sheet, longer: list[tuple[str, ...]]) -> None:
    last = max(2, len(what.rows) + 1 + _OFFERED_ROWS)
    for place, column in enumerate(what.columns, start=1):
        letter = get_column_letter(place)
        head = sheet.cell(row=1, column=place)
        _write_text(head, column.heading)
        head.font = Font(bold=True)
        head.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions[letter].width = column.width
        choices = ("ya", "tidak") if column.kind == "boolean" else column.choices
        if choices and not column.locked:
            allowed = DataValidation(type="list", formula1=_listed(choices, longer), allow_blank=True)
            allowed.showErrorMessage = True
            sheet.add_data_validation(allowed)
            allowed.add(f"{letter}2:{letter}{last}")
    for number, row in enumerate(what.rows, start=2):
        for place, column in enumerate(what.columns, start=1):
            _fill(sheet.cell(row=number, column=place), column, row.get(column.name))
    sheet.freeze_panes = "A2"
    if any(column.locked for column in what.columns):
        sheet.protection.sheet = True
        sheet.protection.formatColumns = sheet.protection.formatRows = False
        sheet.protection.autoFilter = sheet.protection.sort = False


def _listed(choices: tuple[str, ...], longer: list[tuple[str, ...]]) -> str:
    """Return the formula of a validation by choices: the list itself, or its place in the hidden sheet if too long."""
    inline = ",".join(choices)
    if len(inline) < 240 and not any(letter in choice for choice in choices for letter in ',"'):
        return f'"{inline}"'
    if choices not in longer:
        longer.append(choices)
    letter = get_column_letter(longer.index(choices) + 1)
    return f"{quote_sheetname(CHOICES)}!${letter}$1:${letter}${len(choices)}"


def _fill(cell: Cell, column: Column, value: Any) -> None:
    format_ = _format(column)
    match value:
        case None:
            pass
        case bool():
            cell.value = "ya" if value else "tidak"
        case Decimal():
            cell.value = value
            format_ = format_ or _number_format(column.decimals)
        case datetime() | date() | time():
            cell.value = value
            format_ = "HH:MM" if isinstance(value, time) else "DD/MM/YYYY"
        case list() | tuple():
            _write_text(cell, "; ".join(str(each) for each in value))
        case _:
            _write_text(cell, str(value))
            format_ = "@"
    if format_:
        cell.number_format = format_
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if column.locked:
        cell.fill = LOCKED
    else:
        cell.protection = Protection(locked=False)


def _write_text(cell: Cell, text: str) -> None:
    cell.value = text
    cell.data_type = "s"  # not a formula, even if it begins with =


def _format(column: Column) -> str:
    number = _number_format(column.decimals)
    numbers = {"number": number, "money": f'"Rp"{number}', "percent": f'{number}"%"'}
    return {"text": "@", **numbers, "date": "DD/MM/YYYY", "time": "HH:MM"}.get(column.kind, "")


def _number_format(decimals: int | None) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def _sheet_name(title: str) -> str:
    kept = "".join(" " if letter in "[]:*?/\\'" else letter for letter in title)
    return " ".join(kept.split())[:31] or "Data"


# ── reading, in the child ───────────────────────────────────────────────────────────────────────────────────────────


def read(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the contents of a workbook; runs in a child."""
    found = SheetFile([(name, heading, wanted) for name, heading, wanted in asked["heads"]], asked["most_rows"])
    content: bytes = asked["content"]
    danger = _danger(content)
    if danger is not None:
        found.refuse("file", danger[0], member=danger[1][:LONGEST_SHOWN])
        return found.answer()
    try:
        book = load_workbook(io.BytesIO(content), data_only=False, keep_links=False)
    except (*_BROKEN, OSError, SyntaxError):  # SyntaxError: of the XML parser
        found.refuse("file", "broken")
    else:
        _read_book(found, book)
    return found.answer()


def _read_book(found: SheetFile, book: Workbook) -> None:
    if ABOUT in book.sheetnames and isinstance(book[ABOUT], Worksheet):
        rows = book[ABOUT].iter_rows(max_row=100, max_col=2, values_only=True)
        found.about = {str(row[0]): str(row[1]) for row in rows if row[0]}
    sheet = next((each for each in book.worksheets if each.sheet_state == "visible"), None)
    if sheet is None:
        return found.refuse("file", "no_sheet")
    if sheet.max_row > found.most_rows + 1 or sheet.max_column > MOST_COLUMNS:
        return found.too_large()
    if sheet.max_row == 1 and sheet.max_column == 1 and sheet["A1"].value is None:
        return found.refuse("file", "empty")
    merged = set()
    for range_ in sheet.merged_cells.ranges:
        found.fault(str(range_), "merged", "merged")
        merged |= {(row, column) for row, column in range_.cells if row <= sheet.max_row}

    def value_of(cell: Any) -> Any:
        if (cell.row, cell.column) in merged or not isinstance(cell, Cell):
            return LEFT_OUT
        if cell.data_type == "f":
            found.fault(cell.coordinate, "formula", "formula")
            return LEFT_OUT
        if cell.data_type == "e":
            found.fault(cell.coordinate, "error", "error", value=str(cell.value))
            return LEFT_OUT
        return _value_as_shown(cell)

    heads = [(get_column_letter(cell.column), cell.value) for cell in sheet[1]]
    rows = (
        (
            cells[0].row,
            {get_column_letter(cell.column): cell for cell in cells},
            bool(sheet.row_dimensions[cells[0].row].hidden),
        )
        for cells in sheet.iter_rows(min_row=2)
    )
    return found.fill(heads, rows, value_of)


def _value_as_shown(cell: Cell) -> Any:
    """Return a cell's value; of a percentage the number that people see (95 % is 95)."""
    value: Any = cell.value
    match value:
        case None | bool() | str() | time():
            return value
        case int() | float():
            number = Decimal(repr(value))
            percent = "%" in _QUOTED.sub("", cell.number_format or "")
            return (number * 100).normalize() if percent else number
        case datetime() if value.time() == time():
            return value.date()
        case date():
            return value
        case timedelta():
            minutes = int(value.total_seconds()) // 60
            return f"{minutes // 60}:{minutes % 60:02}"
    return str(value)


def _danger(content: bytes) -> tuple[str, str] | None:
    """Return why a ZIP must not be opened as a workbook, and the member concerned; None if it may."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return next(_dangers(packed), None)
    except Exception:  # zipfile, zlib, lzma, bz2 and struct each raise their own for broken or encrypted members
        return "broken", ""


def _dangers(packed: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    members = packed.infolist()
    names = [member.filename for member in members]
    if len(members) > MOST_MEMBERS or "[Content_Types].xml" not in names or len(set(names)) != len(names):
        yield "not_xlsx", ""
    for member in members:  # zipfile unpacks no more than the declared size
        if member.file_size > LARGEST_UNPACKED or member.file_size > MOST_RATIO * max(1, member.compress_size):
            yield "bomb", member.filename
    if sum(member.file_size for member in members) > LARGEST_UNPACKED:
        yield "bomb", ""
    for name in names:
        if "vbaproject" in name.lower() or "macrosheets/" in name.lower():
            yield "macros", name
        if "externallinks/" in name.lower():
            yield "links", name
    for member in members:
        if member.filename.lower().endswith((".xml", ".rels", ".vml")):
            text = packed.read(member)
            if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\0" in text:  # NUL: UTF-16, which no program writes
                yield "entities", member.filename
            if member.filename == "[Content_Types].xml" and b"macroEnabled" in text:
                yield "macros", member.filename
