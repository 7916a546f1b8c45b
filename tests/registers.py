"""The office's registers as the tests know them: its schemas, and five of the sample indicators."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from engine.documents.spreadsheets import read
from engine.forms.submission import Surroundings
from engine.service.office.register_schema import read_register

FOLDER = Path(__file__).parent.parent / "forms" / "registers"
KEY_INDICATORS = tuple(f"IKU-0{n}" for n in range(1, 6))
NEEDED = ("indikator", "perjanjian_kinerja", "pk_sasaran", "pk_program", "rencana_aksi", "kode_surat", "pegawai")
SINCE = date(2025, 1, 1)


def files(register_id: str) -> dict[str, bytes]:
    """The files that define a register."""
    return {
        name: path.read_bytes()
        for name in ("schema.json", "ui.json")
        if (path := FOLDER / f"{register_id}.{name}").is_file()
    }


def sample(register_id: str, accounts: Mapping[str, Any] | None = None) -> bytes:
    """The sample rows of a register, of indicators only the five key ones, of people only those of *accounts*."""
    text = (FOLDER / "contoh" / f"{register_id}.csv").read_text()
    head, *rows = csv.reader(io.StringIO(text), delimiter=";")
    if register_id in ("indikator", "pk_sasaran", "rencana_aksi"):
        rows = [row for row in rows if row[head.index("kode")] in KEY_INDICATORS]
    if accounts is not None and "akun" in head:
        rows = [row for row in rows if row[0] in accounts]
    kept = io.StringIO()
    csv.writer(kept, delimiter=";").writerows([head, *rows])
    return kept.getvalue().encode()


def of_years(register_id: str, years: Iterable[int]) -> bytes:
    """The sample rows of a register once for each year."""
    head, *rows = csv.reader(io.StringIO(sample(register_id).decode()), delimiter=";")
    place = head.index("tahun")
    kept = io.StringIO()
    every = [[*row[:place], str(year), *row[place + 1 :]] for year in years for row in rows]
    csv.writer(kept, delimiter=";").writerows([head, *every])
    return kept.getvalue().encode()


@cache
def rows(register_id: str) -> list[dict[str, Any]]:
    """The sample rows as an expression reads them."""
    named = {name: content.decode() for name, content in sorted(files(register_id).items())}
    register = read_register(register_id, json.dumps(named))
    found = []
    for row in read(sample(register_id), register.columns).rows:
        texts = {name: ["" if value is None else str(value)] for name, value in row.values.items()}
        people = {text: text for [text] in texts.values()}
        around = Surroundings({}, _nothing, lambda role, known=people: known, {}, "id", str)
        found.append(register.form.accept(texts, around))
    return found


def _nothing(text: str, names: Mapping[str, Any]) -> Any:
    from engine.bpmn import expression

    return expression.compile(text).evaluate(names, {})
