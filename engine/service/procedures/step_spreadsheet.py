"""Tables of steps, as offices keep their SOP in a spreadsheet: reading and writing them.

The columns are those of the SOP sheet. After a step comes the next row, unless "Lanjut ke" names another number or
"selesai". With "Jika tidak" the step is a decision, and that column says where "no" leads. Every fault names its cell;
a file with a fault gives no diagram.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any

from engine.bpmn.flow_graph import reached
from engine.documents import spreadsheets
from engine.documents.spreadsheets import Column, Gettext, SheetFault, SheetRow
from engine.model import standard_time
from engine.model.sop_sheet import END, TableStep

COLUMNS = (
    Column("no", "No", 0, width=6, kind="number"),
    Column("kegiatan", "Kegiatan", width=48),
    Column("pelaksana", "Pelaksana", width=22),
    Column("kelengkapan", "Kelengkapan", width=32, wanted=False),
    Column("waktu", "Waktu", width=14),
    Column("output", "Output", width=32, wanted=False),
    Column("keterangan", "Keterangan", width=32, wanted=False),
    Column("lanjut_ke", "Lanjut ke", width=12, wanted=False),
    Column("jika_tidak", "Jika tidak kembali ke", width=20, wanted=False),
)
MOST_STEPS = 120
LONGEST = {"kegiatan": 300, "pelaksana": 80, "keterangan": 500, "dokumen": 120}
MOST_DOCUMENTS = 12
LAST = "selesai"


@dataclass(frozen=True, slots=True)
class StepTable:
    """A table of steps as read: the usable steps, and all faults of the file."""

    steps: tuple[TableStep, ...]
    faults: tuple[SheetFault, ...]


# ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def written(steps: Sequence[TableStep], title: str, kind: str) -> bytes:
    """Return a table of steps as a file ("xlsx" or "csv") for ``read``."""
    rows = [_cells(step, last=step is steps[-1]) for step in steps]
    return spreadsheets.write_csv(COLUMNS, rows) if kind == "csv" else spreadsheets.write(title, COLUMNS, rows, {})


def _cells(step: TableStep, *, last: bool) -> dict[str, Any]:
    follows = step.next == (END if last else step.number + 1)
    return {
        "no": Decimal(step.number),
        "kegiatan": step.activity,
        "pelaksana": step.performer,
        "kelengkapan": _listed(step.inputs),
        "waktu": step.time,
        "output": _listed(step.outputs),
        "keterangan": step.note,
        "lanjut_ke": "" if follows else _called(step.next),
        "jika_tidak": ", ".join(_called(number) for number in step.otherwise),
    }


def _listed(names: Sequence[str]) -> str:
    """Return names joined by commas as on the sheet, or by semicolons if a name contains a comma."""
    if not any("," in name for name in names):
        return ", ".join(names)
    return "; ".join(names) if len(names) > 1 else f"{names[0]};"


def _called(number: int) -> str:
    return LAST if number == END else str(number)


def example() -> bytes:
    """Return a workbook with the columns and three example steps."""
    steps = (
        TableStep(
            1, "Menerima dan mencatat permohonan", "Petugas", ("Permohonan",), "15 menit", ("Tanda terima",), "", 2
        ),
        TableStep(
            2, "Memeriksa permohonan", "Atasan", ("Permohonan",), "1 hari", ("Catatan pemeriksaan",), "", 3, (1,)
        ),
        TableStep(3, "Menyerahkan hasil", "Petugas", ("Catatan pemeriksaan",), "2 jam", ("Surat jawaban",), "", END),
    )
    return written(steps, "Langkah", "xlsx")


# ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def read(content: bytes, gettext: Gettext = str) -> StepTable:
    """Return the steps in an XLSX or CSV file, and every fault by its cell."""
    found = spreadsheets.read(content, COLUMNS, most_rows=1_000, gettext=gettext)
    faults = [SheetFault(f.at or ("1:1" if f.keyword == "missing" else ""), f.message, f.keyword) for f in found.faults]
    if not found.usable or any(fault.keyword == "missing" for fault in faults):
        return StepTable((), tuple(faults))
    reader = _Reader(gettext, found.rows, {fault.at for fault in faults})
    steps = reader.steps()
    faults = sorted([*faults, *reader.faults], key=lambda fault: _place(fault.at))
    if not faults and not steps:
        faults.append(SheetFault("A2", gettext("Tabel ini tidak memuat langkah."), "empty"))
    return StepTable(steps, tuple(faults))


def _place(at: str) -> tuple[int, int, str]:
    """Return row and column of a cell, as a sort key."""
    found = re.match(r"([A-Z]*)(\d+)", at)
    return (int(found[2]), len(found[1]), found[1]) if found else (0, 0, at)


@dataclass
class _Reader:
    """Reads the rows of a file; *spoilt* are cells with a known fault."""

    gettext: Gettext
    rows: Sequence[SheetRow]
    spoilt: set[str]
    faults: list[SheetFault] = field(default_factory=list)

    def say(self, row: SheetRow, column: str, message: str, **facts: str) -> None:
        """Report a fault of a cell."""
        self.faults.append(SheetFault(row.cells.get(column, f"A{row.number}"), message % facts, "cell"))

    def steps(self) -> tuple[TableStep, ...]:
        """Return the steps, in the order of the rows."""
        gettext = self.gettext
        if len(self.rows) > MOST_STEPS:
            message = gettext("Tabel ini memuat lebih dari %(most)s langkah.") % {"most": str(MOST_STEPS)}
            self.faults.append(SheetFault(f"A{self.rows[MOST_STEPS].number}", message, "cell"))
            return ()
        places: dict[int, SheetRow] = {}
        numbers = [self._number(row, places) for row in self.rows]
        following = [after or number + 1 for number, after in pairwise(numbers)] + [END]
        read = [
            self._step(row, number, following[place], places)
            for place, (row, number) in enumerate(zip(self.rows, numbers, strict=True))
        ]
        steps = tuple(step for step in read if step.number)
        if not self.faults:
            self._check_course(steps, places)
        return steps

    def _text(self, row: SheetRow, column: str) -> str:
        value = row.values.get(column)
        return "" if value is None else " ".join(_plain(value).split())

    def _number(self, row: SheetRow, places: dict[int, SheetRow]) -> int:
        """Return a row's number; 0 if it has no usable one."""
        text = self._text(row, "no").rstrip(".")
        if row.cells.get("no") in self.spoilt:
            return 0
        if not re.fullmatch(r"[1-9]\d{0,3}", text):
            message = self.gettext("Nomor langkah harus bilangan bulat mulai 1; tertulis “%(text)s”.")
            self.say(row, "no", message, text=text)
            return 0
        number = int(text)
        if number in places:
            message = self.gettext("Nomor %(number)s sudah dipakai di %(cell)s.")
            self.say(row, "no", message, number=text, cell=places[number].cells["no"])
            return 0
        expected = max(places, default=0) + 1
        places[number] = row
        if number != expected:
            message = self.gettext("Nomor langkah berurutan: di sini seharusnya %(expected)s, tertulis %(number)s.")
            self.say(row, "no", message, expected=str(expected), number=text)
        return number

    def _step(self, row: SheetRow, number: int, following: int, places: Mapping[int, SheetRow]) -> TableStep:
        otherwise = self._targets(row, "jika_tidak", places)
        ahead = self._targets(row, "lanjut_ke", places)
        if len(ahead) > 1:
            self.say(row, "lanjut_ke", self.gettext("Sebut satu langkah saja; pilihan lain ditulis di kolom sebelah."))
        target = ahead[0] if ahead else following
        if target in otherwise:
            message = self.gettext("Kedua kolom menyebut langkah yang sama, sehingga tidak ada yang diputuskan.")
            self.say(row, "jika_tidak", message)
        return TableStep(
            number=number,
            activity=self._needed(row, "kegiatan"),
            performer=self._needed(row, "pelaksana"),
            inputs=self._documents(row, "kelengkapan"),
            time=self._time(row),
            outputs=self._documents(row, "output"),
            note=self._short(row, "keterangan"),
            next=target,
            otherwise=otherwise,
        )

    def _needed(self, row: SheetRow, column: str) -> str:
        text = self._short(row, column)
        if not re.search(r"[^\W_]", text) and row.cells.get(column) not in self.spoilt:
            self.say(row, column, self.gettext("Sel ini wajib diisi."))
        return text

    def _short(self, row: SheetRow, column: str) -> str:
        text = self._text(row, column)
        if len(text) > LONGEST[column]:
            self.say(row, column, self.gettext("Paling banyak %(most)s huruf."), most=str(LONGEST[column]))
        return self._printable(row, column, text)

    def _printable(self, row: SheetRow, column: str, text: str) -> str:
        if any(not sign.isprintable() for sign in text):
            self.say(row, column, self.gettext("Sel ini memuat tanda yang tidak dapat dicetak."))
        return text

    def _documents(self, row: SheetRow, column: str) -> tuple[str, ...]:
        value = row.values.get(column)
        text = "" if value is None else _plain(value)
        parts = re.split(r"[;\n]", text) if ";" in text or "\n" in text else text.split(",")
        names = tuple(dict.fromkeys(" ".join(part.split()) for part in parts if part.strip()))
        if len(names) > MOST_DOCUMENTS:
            self.say(row, column, self.gettext("Paling banyak %(most)s dokumen."), most=str(MOST_DOCUMENTS))
        for name in names:
            self._printable(row, column, name)
            if len(name) > LONGEST["dokumen"] or not re.search(r"[^\W_]", name):
                self.say(row, column, self.gettext("“%(name)s” bukan nama dokumen."), name=name[:40])
        folded = [name.casefold() for name in names]
        if len(set(folded)) < len(folded):
            self.say(row, column, self.gettext("Satu dokumen disebut dua kali."))
        return names

    def _time(self, row: SheetRow) -> str:
        text = self._text(row, "waktu")
        if row.cells.get("waktu") in self.spoilt:
            return ""
        try:
            return standard_time.say(standard_time.read(text))
        except ValueError:
            message = (
                self.gettext("“%(text)s” bukan waktu baku. Tulis misalnya 15 menit, 2 jam, 1 hari, atau 1 hari 2 jam.")
                if text
                else self.gettext("Sel ini wajib diisi: waktu baku, misalnya 15 menit, 2 jam, atau 1 hari.")
            )
            self.say(row, "waktu", message, text=text[:40])
            return ""

    def _targets(self, row: SheetRow, column: str, places: Mapping[int, SheetRow]) -> tuple[int, ...]:
        found = []
        for part in re.split(r"[,;]|\bdan\b|\batau\b", self._text(row, column)):
            name = part.strip().rstrip(".").casefold().removeprefix("langkah").strip()
            if not name:
                continue
            if name == LAST:
                found.append(END)
            elif re.fullmatch(r"[0-9]{1,4}", name) and int(name) in places:
                found.append(int(name))
            else:
                message = self.gettext("Langkah “%(name)s” tidak ada; sebut nomor langkah atau “selesai”.")
                self.say(row, column, message, name=part.strip()[:40])
        return tuple(dict.fromkeys(found))

    def _check_course(self, steps: Sequence[TableStep], places: Mapping[int, SheetRow]) -> None:
        """Check that each step is reached from an earlier one, leads back only to such ones, and reaches the end."""
        after = {step.number: [step.next, *step.otherwise] for step in steps}
        for step in steps[1:]:
            if not any(step.number in after[number] for number in after if number < step.number):
                message = self.gettext("Langkah %(n)s tidak dicapai: tidak ada langkah sebelumnya yang ke sini.")
                self.say(places[step.number], "no", message, n=str(step.number))
        for step in steps:
            if END not in _reached(step.number, after):
                message = self.gettext("Dari langkah %(n)s tidak ada jalan sampai selesai.")
                self.say(places[step.number], "lanjut_ke", message, n=str(step.number))
            for column, targets in (("lanjut_ke", [step.next]), ("jika_tidak", step.otherwise)):
                for target in targets:
                    if END < target < step.number and step.number not in _reached(target, after):
                        message = self.gettext("Langkah %(n)s bukan langkah yang mendahului ini; tukar nomornya.")
                        self.say(places[step.number], column, message, n=str(target))


def _reached(number: int, after: Mapping[int, Sequence[int]]) -> set[int]:
    return reached(after[number], lambda target: after.get(target, ()))


def _plain(value: Any) -> str:
    return format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)
