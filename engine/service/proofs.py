"""Proofs: every template of a procedure is printed once with made-up data before the procedure is deployed.

A template that names a font there is not, reads a file beside the procedure, or asks for a field that its form has not,
is found here with file and line and not on the day the letter is wanted. It is printed twice: with every field filled
in, and with none, since optional fields are left empty in practice. What a template's own expressions give is reckoned
with the procedure's functions; where that fails for made-up data, faults of that template are told as warnings.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from engine.bpmn import expression
from engine.documents.charts import KINDS
from engine.documents.press import PRESS, Order, Press
from engine.forms.defaults import Names
from engine.forms.field import NUMERIC, Field, Kind
from engine.forms.form import Form
from engine.model.errors import Busy, Finding, NotPrinted
from engine.service.manuscripts import choices, plain
from engine.service.procedure_files import PARTS, read_forms
from engine.service.templates import Template, Unreadable, drawers, folder, ids, template_of

REMEMBERED = 16
DAY = date(2025, 1, 2)
PERSON = "contoh"
SIGNED = {"cara": "internal", "akun": PERSON, "atas_nama": None, "dasar": None, "sha256": "0" * 64}
Functions = Mapping[str, Callable[..., Any]]


@dataclass(eq=False)
class Proofs:
    """Prints proofs, and remembers what was found for the same templates and forms: a diagram is checked often."""

    press: Press = PRESS
    _known: OrderedDict[str, tuple[Finding, ...]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, process_id: str, files: Mapping[str, bytes], functions: Functions) -> tuple[Finding, ...]:
        """Return what is wrong with a procedure's templates."""
        names = ids(process_id, files)
        if not names:
            return ()
        prefix = f"forms/{process_id}/"
        digest = hashlib.sha256()
        for path in sorted(files):
            if path.startswith(prefix) or path.endswith("functions.py"):
                digest.update(path.encode() + b"\0" + hashlib.sha256(files[path]).digest())
        with self._lock:
            known = self._known.get(digest.hexdigest())
        if known is not None:
            return known
        forms = read_forms(process_id, files)
        found: list[Finding] = []
        try:
            for id_ in names:
                found += self._proof(process_id, id_, files, forms, functions)
        except Busy:
            message = "Templat dokumen belum sempat dicoba, karena dokumen lain sedang dicetak."
            return (*found, _finding("error", prefix, None, message, "Coba lagi sebentar lagi.", rule="trial_busy"))
        with self._lock:
            self._known[digest.hexdigest()] = tuple(found)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return tuple(found)

    def _proof(
        self, process_id: str, id_: str, files: Mapping[str, bytes], forms: Mapping[str, Form], functions: Functions
    ) -> list[Finding]:
        try:
            template = template_of(process_id, id_, files)
        except Unreadable:
            return []  # the trial says so
        fields = _fields(forms, id_)
        if template is not None and template.report is not None:
            fields = ()  # of many instances, of which there may be none
        if template is None or fields is None:
            return []  # what templates import, no template itself
        for full in (True, False):
            data, files_given, sure = _data(process_id, template, fields, files, forms, functions, full)
            for fault in self._faults(process_id, template, files, files_given, data):
                where = f"{folder(process_id)}{fault.template}"
                said = "" if full else " bila isian opsional kosong"
                message = f"Templat tidak dapat dicetak{said}: {fault.cause}."
                mend = f"{fault.hint or 'Perbaiki baris itu'}. Lihat docs/dokumen.md.".replace("..", ".")
                return [_finding("error" if sure else "warning", where, fault.line, message, mend)]
        return []

    def _faults(
        self,
        process_id: str,
        template: Template,
        files: Mapping[str, bytes],
        files_given: Mapping[str, bytes],
        data: bytes,
    ) -> list[NotPrinted]:
        found = []
        prefix = folder(process_id)
        orders = []
        if template.typ:
            orders.append(Order(template.typ.removeprefix(prefix), files_given, data))
        if template.docx:
            name = template.docx.removeprefix(prefix)
            orders.append(Order(name, {name: files[template.docx]}, data, format="docx"))
        for order in orders:
            try:
                self.press.print(order)
            except NotPrinted as fault:
                found.append(fault)
        return found


PROOFS = Proofs()
"""One for the whole process, as the press is."""


def _data(
    process_id: str,
    template: Template,
    fields: tuple[Field, ...],
    files: Mapping[str, bytes],
    forms: Mapping[str, Form],
    functions: Functions,
    full: bool,
) -> tuple[bytes, dict[str, bytes], bool]:
    """Return what a template is given in a proof, its files, and whether all its expressions could be reckoned."""
    known: dict[str, Any] = {}
    for form in forms.values():
        for each in form.tree:
            known[each.name] = _made_up(each, full)
            if each.kind is Kind.SECTION:
                known[each.name] |= {PARTS: {PERSON: _made_up(each, full)}}
    content = {each.name: _made_up(each, full) for each in fields}
    content |= {PARTS: {PERSON: dict(content)}}
    names = Names({**known, template.data_object_id: content, "hari_ini": DAY})
    if template.report is not None:
        names["pelaksanaan"] = []
    values: dict[str, Any] = {}
    names["nilai"] = values
    sure = True
    host: dict[str, Callable[..., Any]] = {
        "register": lambda register_id: [],
        "terdahulu": lambda data_object_id, narrowed: [],
        "putusan": lambda table, inputs: "contoh",
        **functions,
    }

    def asked(text: str) -> Any:
        nonlocal sure
        try:
            return expression.compile(text).evaluate(names, host)
        except ValueError:
            sure = False
            return None

    for name, text in template.values.items():
        values[name] = asked(text)
    given = drawers(process_id, files)
    for name, chart in template.charts.items():
        try:
            given[f"{name}.svg"] = KINDS[chart.kind](chart.title, asked(chart.rows) or [])
        except (TypeError, AttributeError, ValueError, ArithmeticError):
            given[f"{name}.svg"], sure = KINDS[chart.kind](chart.title, []), False
    at = datetime(DAY.year, DAY.month, DAY.day, 8, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M")
    about = {"versi": 1, "sha256": "0" * 64, "diterbitkan": at, "nomor": "1/2025" if full else None}
    data = {
        "data": content,
        "dokumen": {**about, "nama": template.data_object_id, "kode": "0000", "tautan": None, "qr": None},
        "instansi": {"nama": "Contoh"},
        "orang": {PERSON: {"nama": "Contoh"}},
        "pelaksanaan": {"judul": "Contoh", "nilai": known, "sop": "Contoh", "langkah": []},
        "dokumen_lain": {
            id_: {**about, "isi": isi, "nama": id_}
            for id_, isi in known.items()
            if isinstance(isi, dict) and id_ != template.data_object_id
        },
        "nilai": values,
        "bagian": None,
        "pilihan": choices(fields),
        "kertas": template.paper,
        "arah": template.orientation,
        "draf": False,
        "semua_pelaksanaan": [],
        "tanda_tangan": [{**SIGNED, "pada": at}] if full else [],
    }
    return json.dumps(data, ensure_ascii=False, default=plain).encode(), given, sure


def _fields(forms: Mapping[str, Form], data_object_id: str) -> tuple[Field, ...] | None:
    for form in forms.values():
        for each in form.tree:
            if each.name == data_object_id and each.kind is Kind.SECTION:
                return each.fields
    return None


def _made_up(each: Field, full: bool) -> Any:
    """Return a value that fits a field; None for one that may be left empty, unless *full*."""
    if each.kind is Kind.SECTION:
        return {inner.name: _made_up(inner, full) for inner in each.fields}
    if not full and not each.required:
        return None
    if each.kind in NUMERIC:
        return Decimal("12.5")
    match each.kind:
        case Kind.TABLE:
            return [{inner.name: _made_up(inner, full) for inner in each.fields} for _ in range(2)]
        case Kind.TEXTS:
            return ["Contoh", "Contoh"]
        case Kind.CHOICES:
            return [each.options[0].value] if each.options else []
        case Kind.CHOICE:
            return each.options[0].value if each.options else None
        case Kind.PEOPLE:
            return [PERSON]
        case Kind.FILES:
            return []
        case Kind.DATE:
            return DAY
        case Kind.TIME:
            return time(8)
        case Kind.BOOLEAN:
            return True
    return PERSON


def _finding(severity: str, file: str, line: int | None, message: str, mend: str, rule: str = "documents") -> Finding:
    return Finding(severity, file, None, None, line, message, mend, rule=rule)
