"""Tables to and from office files: XLSX by openpyxl, CSV by the standard library.

What people fill in offline comes back with moved columns, formulas, merged cells and worse. ``read`` has a workbook
opened by a child (``child``) that looks at it before it unpacks it (a workbook is a ZIP: its members, their sizes and
their ratio) and lets no XML declare entities; it takes columns by their headings wherever they stand, and names every
fault by cell. A cell that cannot be taken is left out of its row, and the others stay, so that the caller may use what
is right. Values come back as what the cell held; what they mean is the caller's to say, since a number is read
differently by different columns. Of a percentage the number is taken that people see: 95% is 95.

Text that a spreadsheet would take for a formula is written as text (CWE-1236): a cell that began with ``=`` stays what
somebody typed. Sheets are protected without a password: it keeps from slips, not from people.
"""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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

from engine.documents import sandbox

LARGEST = 10 * 1024 * 1024
LARGEST_UNPACKED = 60 * 1024 * 1024
MOST_MEMBERS = 200
MOST_RATIO = 200
MOST_ROWS = 20_000
MOST_COLUMNS = 200
MOST_FAULTS = 200
LONGEST_SHOWN = 60
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
LOCKED = PatternFill("solid", fgColor="EEEEEE")
ABOUT = "_alur"
"""The hidden sheet that says what a workbook is of."""
CHOICES = "_pilihan"
"""The hidden sheet that holds choices too long for a cell's own list."""

Gettext = Callable[[str], str]
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_BROKEN = (InvalidFileException, zipfile.BadZipFile, LookupError, ValueError, TypeError, AttributeError)
_OFFERED_ROWS = 200  # beyond those written, for which a choice list is offered


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet: *name* as the caller calls it, *heading* as people read it.

    *kind* formats cells that are empty yet: ``text``, ``number``, ``money``, ``percent``, ``date``, ``time``,
    ``boolean``; without one each cell is formatted by its value.
    """

    name: str
    heading: str
    decimals: int | None = None  # of numbers
    choices: tuple[str, ...] = ()
    width: int = 16
    locked: bool = False
    kind: str = ""
    wanted: bool = True  # a file without it is told so


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet to write: its columns and its rows by the columns' names."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SheetFault:
    """What is wrong with a file, at a cell (``C7``), a range, or with the whole of it (empty).

    *keyword* tells them apart: of ``file`` and ``other`` nothing can be used, of ``column`` and ``missing`` all but
    that column, of the rest all but those cells.
    """

    at: str
    message: str
    keyword: str = ""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row that was read: values by the column's name, and the cell each stood in."""

    number: int
    values: Mapping[str, Any]
    cells: Mapping[str, str]
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class SheetRead:
    """Everything that a file held, and everything that is wrong with it; *about* is what ``write`` put beside."""

    rows: tuple[SheetRow, ...]
    faults: tuple[SheetFault, ...]
    about: Mapping[str, str]

    @property
    def usable(self) -> bool:
        """Whether anything of it may be used."""
        return not any(fault.keyword in ("file", "other") for fault in self.faults)


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def write(title: str, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], about: Mapping[str, str]) -> bytes:
    """Return a workbook with one sheet of *rows*: numbers as numbers, dates as dates, locked columns grey and locked.

    *about* says what the sheet is of (register, form, period) and comes back with ``read``.
    """
    return write_book([Sheet(title, columns, rows)], about)


def write_book(sheets: Sequence[Sheet], about: Mapping[str, str]) -> bytes:
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
    """Return where a validation finds its choices: in itself, or in the hidden sheet if they are too long for that."""
    inline = ",".join(choices)
    if len(inline) < 240 and not any(letter in choice for choice in choices for letter in ',"'):
        return f'"{inline}"'
    if choices not in longer:
        longer.append(choices)
    letter = get_column_letter(longer.index(choices) + 1)
    return f"{quote_sheetname(CHOICES)}!${letter}$1:${letter}${len(choices)}"


def write_csv(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return *rows* as CSV with ``;`` and a byte order mark, as spreadsheets of an Indonesian office open it."""
    kept = io.StringIO()
    writer = csv.writer(kept, delimiter=";", lineterminator="\r\n")
    writer.writerow([_as_text(column.heading) for column in columns])
    for row in rows:
        writer.writerow([_as_text(row.get(column.name)) for column in columns])
    return b"\xef\xbb\xbf" + kept.getvalue().encode()


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
    cell.data_type = "s"  # whatever it begins with


def _format(column: Column) -> str:
    number = _number_format(column.decimals)
    numbers = {"number": number, "money": f'"Rp"{number}', "percent": f'{number}"%"'}
    return {"text": "@", **numbers, "date": "DD/MM/YYYY", "time": "HH:MM"}.get(column.kind, "")


def _number_format(decimals: int | None) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals else "")


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


def read(
    content: bytes,
    columns: Sequence[Column],
    about: Mapping[str, str] | None = None,
    *,
    most_rows: int = MOST_ROWS,
    gettext: Gettext = str,
) -> SheetRead:
    """Return what a workbook or a CSV file holds, by the columns' names.

    Headings are matched with the columns' headings or names, whatever their order and case. Empty rows are left out.
    A workbook that says of itself something else than *about* is refused; one that says nothing, and CSV, is not.
    """
    found = _File([(column.name, column.heading, column.wanted) for column in columns], most_rows)
    if len(content) > LARGEST:
        found.refuse("file", "large")
    elif content[:4] == b"PK\x03\x04":
        try:
            answer = sandbox.call(
                "engine.documents.spreadsheets:read_workbook",
                {"content": content, "heads": found.heads, "most_rows": most_rows},
            )
        except sandbox.ChildEnded:
            found.refuse("file", "heavy")
        else:
            found.take(answer)
    elif content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        found.refuse("file", "old")
    else:
        _read_csv(found, content)
    for key, ours in (about or {}).items():
        theirs = found.about.get(key)
        if theirs is not None and theirs != ours:
            found.fault("", "other", "other", theirs=theirs, ours=ours)
    faults = tuple(
        SheetFault(at, _message(what, facts, gettext), keyword)
        for at, keyword, what, facts in found.faults[:MOST_FAULTS]
    )
    return SheetRead(tuple(found.rows), faults, found.about)


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


@dataclass
class _File:
    """One file being read: what was found, and what is wrong as (cell, keyword, what, facts)."""

    heads: list[tuple[str, str, bool]]  # (name, heading, wanted) of the columns that are looked for
    most_rows: int
    rows: list[SheetRow] = field(default_factory=list)
    faults: list[tuple[str, str, str, dict[str, str]]] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)

    def fault(self, at: str, keyword: str, what: str, **facts: str) -> None:
        """Note a fault; nobody reads more than so many."""
        if len(self.faults) <= MOST_FAULTS:
            self.faults.append((at, keyword, what, facts))

    def refuse(self, keyword: str, what: str, **facts: str) -> None:
        """Take nothing of the file."""
        self.rows.clear()
        self.faults = [("", keyword, what, facts)]

    def places(self, found: Sequence[tuple[str, Any]]) -> dict[str, str]:
        """Return which column stands under which letter; note headings that are unknown, doubled or missing."""
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

    def answer(self) -> dict[str, Any]:
        """Return all of it as plain values, for a parent."""
        rows = [[r.number, [[n, *_packed(v)] for n, v in r.values.items()], r.cells, r.hidden] for r in self.rows]
        return {"rows": rows, "faults": self.faults, "about": self.about}

    def take(self, answer: Mapping[str, Any]) -> None:
        """Take what a child answered."""
        self.rows = [
            SheetRow(number, {name: _unpacked(kind, text) for name, kind, text in values}, cells, hidden)
            for number, values, cells, hidden in answer["rows"]
        ]
        self.faults = [(at, keyword, what, facts) for at, keyword, what, facts in answer["faults"]]
        self.about = answer["about"]


def _key(text: str) -> str:
    return " ".join(text.replace("_", " ").split()).casefold()


def _packed(value: Any) -> tuple[str, Any]:
    match value:
        case None | bool():
            return "", value
        case int() | float() | Decimal():
            return "number", str(value)
        case datetime() if value.time() != time():
            return "datetime", value.isoformat()
        case datetime():
            return "date", value.date().isoformat()
        case date():
            return "date", value.isoformat()
        case time():
            return "time", value.isoformat()
        case timedelta():
            minutes = int(value.total_seconds()) // 60
            return "", f"{minutes // 60}:{minutes % 60:02}"
    return "", str(value)


_UNPACKING: Mapping[str, Callable[[str], Any]] = {
    "number": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
}


def _unpacked(kind: str, text: Any) -> Any:
    return _UNPACKING[kind](text) if kind else text


# ── a workbook, in the child ────────────────────────────────────────────────────────────────────────────────────────


def read_workbook(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a workbook holds; runs in a child."""
    found = _File([(name, heading, wanted) for name, heading, wanted in asked["heads"]], asked["most_rows"])
    content: bytes = asked["content"]
    danger = _danger(content)
    if danger is not None:
        found.refuse("file", danger[0], member=danger[1][:LONGEST_SHOWN])
        return found.answer()
    try:
        book = load_workbook(io.BytesIO(content), data_only=False, keep_links=False)
    except (*_BROKEN, OSError, SyntaxError):  # the last is of XML
        found.refuse("file", "broken")
    else:
        _read_book(found, book)
    return found.answer()


def _read_book(found: _File, book: Workbook) -> None:
    if ABOUT in book.sheetnames and isinstance(book[ABOUT], Worksheet):
        rows = book[ABOUT].iter_rows(max_row=100, max_col=2, values_only=True)
        found.about = {str(row[0]): str(row[1]) for row in rows if row[0]}
    sheet = next((each for each in book.worksheets if each.sheet_state == "visible"), None)
    if sheet is None:
        return found.refuse("file", "no_sheet")
    if sheet.max_row > found.most_rows + 1 or sheet.max_column > MOST_COLUMNS:
        return found.refuse("file", "size", rows=str(found.most_rows), columns=str(MOST_COLUMNS))
    if sheet.max_row == 1 and sheet.max_column == 1 and sheet["A1"].value is None:
        return found.refuse("file", "empty")
    merged = set()
    for range_ in sheet.merged_cells.ranges:
        found.fault(str(range_), "merged", "merged")
        merged |= {(row, column) for row, column in range_.cells if row <= sheet.max_row}
    places = found.places([(get_column_letter(cell.column), cell.value) for cell in sheet[1]])
    for cells in sheet.iter_rows(min_row=2):
        values: dict[str, Any] = {}
        number = cells[0].row
        for cell in cells:
            name = places.get(get_column_letter(cell.column))
            if name is None or (cell.row, cell.column) in merged or not isinstance(cell, Cell):
                continue
            if cell.data_type == "f":
                found.fault(cell.coordinate, "formula", "formula")
            elif cell.data_type == "e":
                found.fault(cell.coordinate, "error", "error", value=str(cell.value))
            else:
                values[name] = _seen(cell)
        if any(value not in (None, "") for value in values.values()):
            named = {name: f"{letter}{number}" for letter, name in places.items()}
            found.rows.append(SheetRow(number, values, named, bool(sheet.row_dimensions[number].hidden)))
    return None


def _seen(cell: Cell) -> Any:
    """Return a cell's value; of a percentage the number that is seen."""
    value: Any = cell.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        if "%" in _QUOTED.sub("", cell.number_format or ""):
            value = (value * 100).normalize()
    return value


def _danger(content: bytes) -> tuple[str, str] | None:
    """Return why a ZIP must not be opened as a workbook, and which member says so."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return next(_dangers(packed), None)
    except Exception:  # of zipfile, zlib, lzma, bz2 and struct: a member that is broken or under a password
        return "broken", ""


def _dangers(packed: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    members = packed.infolist()
    names = [member.filename for member in members]
    if len(members) > MOST_MEMBERS or "[Content_Types].xml" not in names or len(set(names)) != len(names):
        yield "not_xlsx", ""
    for member in members:  # what a member says of its size binds whoever unpacks it
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
            if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"\0" in text:  # NUL: UTF-16, which no office writes
                yield "entities", member.filename
            if member.filename == "[Content_Types].xml" and b"macroEnabled" in text:
                yield "macros", member.filename


# ── CSV ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _read_csv(found: _File, content: bytes) -> None:
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
                return found.refuse("file", "size", rows=str(found.most_rows), columns=str(MOST_COLUMNS))
    except csv.Error:  # a field of more than 128 kB
        return found.refuse("file", "not_text")
    if not any(any(cell.strip() for cell in line) for line in lines):
        return found.refuse("file", "empty")
    heads: list[tuple[str, Any]] = [(get_column_letter(n), head) for n, head in enumerate(lines[0], start=1)]
    places = found.places(heads)
    for number, line in enumerate(lines[1:], start=2):
        by_letter = {get_column_letter(n): _unescaped(value) for n, value in enumerate(line, start=1)}
        values = {name: by_letter.get(letter) or None for letter, name in places.items()}
        if len(line) > len(heads) and any(value.strip() for value in line[len(heads) :]):
            found.fault(f"{get_column_letter(len(heads) + 1)}{number}", "longer", "longer")
        if any(values.values()):
            named = {name: f"{letter}{number}" for letter, name in places.items()}
            found.rows.append(SheetRow(number, values, named))
    return None


def _unescaped(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text
