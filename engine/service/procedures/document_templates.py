"""The printed documents of a procedure: ``forms/<process_id>/documents/<data_object_id>.typ`` and its JSON.

``<id>.typ`` makes the PDF, ``<id>.docx`` the Word file, and ``<id>.json`` has settings for both. Expressions have the
same variables as in forms (``docs/dokumen.md``):

* ``nilai``: name -> expression for a further value,
* ``gambar``: name -> a chart whose rows come from an expression,
* ``bagian``: an expression that lists the parts, such as one letter to each person, printed besides the whole,
* ``lembar``: sheets of an XLSX,
* ``nomor``: an expression for the number, if the form has no ``x-number``,
* ``kertas`` ("F4", "A4") and ``arah`` ("tegak", "mendatar"),
* ``laporan``: marks a report over many instances instead of a document of one (``reports``).

All of them are deployed with the procedure and belong to its version.
"""

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from engine.bpmn import expression
from engine.documents.charts import KINDS
from engine.forms.field import Field, Kind, Wording
from engine.model.errors import Finding
from engine.model.renderings import WHOLE, Rendering, due
from engine.model.work import DocumentVersion

if TYPE_CHECKING:
    from engine.forms.form import Form

PAPERS = ("F4", "A4")
ORIENTATIONS = ("tegak", "mendatar")
PACKAGE = re.compile(r"""#?\s*(import|include)\s+["']@""")
KEYS = {"nilai", "gambar", "bagian", "lembar", "nomor", "kertas", "arah", "laporan"}
REPORT_KEYS = {"judul", "keterangan", "en", "pilih", "bukti"}


class Unreadable(ValueError):
    """The JSON of a template is invalid."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, with rows from an expression."""

    kind: str
    title: str
    rows: str


@dataclass(frozen=True, slots=True)
class SheetTemplate:
    """A sheet of an XLSX: columns as (key, title, kind), rows by an expression."""

    title: str
    columns: tuple[tuple[str, str, str], ...]
    rows: str


@dataclass(frozen=True, slots=True)
class ReportTemplate:
    """Settings that make a template a report over many instances of its procedure."""

    title: Wording
    about: Wording
    narrowed_by: tuple[str, ...]  # fields of the start form
    evidence: str | None = None  # expression: the documents that are packed with the report


@dataclass(frozen=True, slots=True)
class Template:
    """How one data object, or a report, is printed."""

    data_object_id: str  # or the report's own id
    typ: str | None  # paths among the procedure's files
    docx: str | None
    values: Mapping[str, str] = field(default_factory=dict)
    charts: Mapping[str, Chart] = field(default_factory=dict)
    parts: str | None = None
    sheets: tuple[SheetTemplate, ...] = ()
    number: str | None = None
    paper: str = "F4"
    orientation: str = "tegak"
    report: ReportTemplate | None = None
    sha256: str = ""  # of the template and its JSON

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats in which an issued version is printed."""
        found = {"pdf": self.typ, "docx": self.docx, "xlsx": self.sheets}
        return tuple(name for name, there in found.items() if there)

    @property
    def expressions(self) -> tuple[str, ...]:
        """Every expression that is evaluated for a print."""
        several = (*self.values.values(), *(c.rows for c in self.charts.values()), *(s.rows for s in self.sheets))
        evidence = self.report.evidence if self.report else None
        return (*several, *(text for text in (self.parts, self.number, evidence) if text is not None))


def folder(process_id: str) -> str:
    """Return the folder of a procedure's templates."""
    return f"forms/{process_id}/documents/"


def template_of(process_id: str, data_object_id: str, files: Mapping[str, bytes]) -> Template | None:
    """Return a data object's template, or None if it has none; Unreadable names the error in its JSON."""
    base = folder(process_id) + data_object_id
    typ, docx, beside = (base + ending if base + ending in files else None for ending in (".typ", ".docx", ".json"))
    if typ is None and docx is None:
        return None
    said = files[beside] if beside else b"{}"
    digest = hashlib.sha256(b"".join(files[path] for path in (typ, docx) if path) + said).hexdigest()
    return replace(_read(data_object_id, typ, docx, said), sha256=digest)


def prints_pdf(process_id: str, data_object_id: str, files: Mapping[str, bytes]) -> bool:
    """Whether a data object has a valid template for a PDF."""
    try:
        template = template_of(process_id, data_object_id, files)
    except Unreadable:
        return False
    return template is not None and template.typ is not None


def due_of(
    process_id: str, files: Mapping[str, bytes], issued: Sequence[DocumentVersion], now: datetime
) -> tuple[Rendering, ...]:
    """Return the renderings due for issued versions; also for an invalid template, since printing reports the error."""
    found = []
    for version in issued:
        try:
            template = template_of(process_id, version.data_object_id, files)
            formats: tuple[str, ...] = template.formats if template else ()
        except Unreadable:
            formats = ("pdf",)
        found += [due(version.id, version.instance_id, kind, WHOLE, now) for kind in formats]
    return tuple(found)


def printed(version: DocumentVersion, due: Sequence[Rendering]) -> dict[str, Any]:
    """Return the codes of the *due* renderings of a version by format, for its history line."""
    codes = {each.format: each.code for each in due if each.document_id == version.id}
    return {"printed": codes} if codes else {}


def drawers(process_id: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files that a template may import or show, by their names."""
    prefix = folder(process_id)
    kept = (".typ", ".svg", ".png", ".jpg")
    return {
        path.removeprefix(prefix): content
        for path, content in files.items()
        if path.startswith(prefix) and path.endswith(kept)
    }


def ids(process_id: str, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return every name with a template or a JSON file."""
    found = {
        PurePosixPath(path).stem
        for path in files
        if path.startswith(folder(process_id)) and path.endswith((".typ", ".docx", ".json"))
    }
    return tuple(sorted(found))


def reports(process_id: str, files: Mapping[str, bytes]) -> tuple[Template, ...]:
    """Return the reports of a procedure, by id; unreadable ones are left out."""
    found = []
    for id_ in ids(process_id, files):
        try:
            template = template_of(process_id, id_, files)
        except Unreadable:
            continue
        if template is not None and template.report is not None:
            found.append(template)
    return tuple(found)


def findings(process_id: str, data_objects: Collection[str], files: Mapping[str, bytes]) -> list[Finding]:
    """Return the errors in the JSON files of templates, without printing."""
    found = _packages(process_id, files)
    for id_ in ids(process_id, files):
        path = f"{folder(process_id)}{id_}.json"
        try:
            template = template_of(process_id, id_, files)
        except Unreadable as error:
            found.append(Finding(path, str(error), "Lihat docs/dokumen.md.", "documents"))
            continue
        if path in files and template is None:
            mend = f"Tambahkan {id_}.typ atau {id_}.docx."
            found.append(Finding(path, "Tidak ada templat untuk berkas ini.", mend, "documents"))
        elif template is not None and path in files and id_ not in data_objects and template.report is None:
            message = f"Diagram tidak mempunyai objek data {id_}."
            found.append(Finding(path, message, "Namai templat menurut id objek data.", "documents"))
    return found


def _packages(process_id: str, files: Mapping[str, bytes]) -> list[Finding]:
    """Return every line that imports a package: templates print without a network."""
    found = []
    for path, content in files.items():
        if path.startswith(folder(process_id)) and path.endswith(".typ"):
            for number, line in enumerate(content.decode(errors="replace").splitlines(), start=1):
                if PACKAGE.search(line):
                    message = "Paket Typst dari luar tidak dipakai: templat mencetak tanpa jaringan."
                    mend = "Salin fungsi yang diperlukan ke folder documents, atau pakai /alur/naskah.typ."
                    found.append(Finding(path, message, mend, "documents", line=number))
    return found


@lru_cache(maxsize=256)
def _read(data_object_id: str, typ: str | None, docx: str | None, beside: bytes) -> Template:
    try:
        said = json.loads(beside)
    except ValueError as error:
        raise Unreadable(f"Berkas ini bukan JSON: {error}.") from None
    if not isinstance(said, dict) or set(said) - KEYS:
        raise Unreadable(f"Berkas ini hanya boleh memuat {', '.join(sorted(KEYS))}.")
    values = _texts(said, "nilai")
    charts = {}
    for name, chart in _mapping(said, "gambar").items():
        if not isinstance(chart, dict) or chart.get("jenis") not in KINDS:
            raise Unreadable(f"gambar.{name}: jenis harus salah satu dari {', '.join(KINDS)}.")
        charts[name] = Chart(chart["jenis"], str(chart.get("judul", "")), _text(chart.get("baris"), f"gambar.{name}"))
    sheets = []
    for place, sheet in enumerate(said.get("lembar", [])):
        if not isinstance(sheet, dict) or not isinstance(sheet.get("kolom"), list):
            raise Unreadable(f"lembar {place + 1}: perlu judul, kolom dan baris.")
        columns = tuple((str(c["isian"]), str(c["judul"]), str(c.get("jenis", "text"))) for c in sheet["kolom"])
        sheets.append(
            SheetTemplate(
                str(sheet.get("judul", data_object_id)), columns, _text(sheet.get("baris"), f"lembar {place + 1}")
            )
        )
    template = Template(
        data_object_id,
        typ,
        docx,
        values,
        charts,
        _text(said["bagian"], "bagian") if "bagian" in said else None,
        tuple(sheets),
        _text(said["nomor"], "nomor") if "nomor" in said else None,
        said.get("kertas", PAPERS[0]),
        said.get("arah", ORIENTATIONS[0]),
        _report(said["laporan"]) if "laporan" in said else None,
    )
    if template.paper not in PAPERS or template.orientation not in ORIENTATIONS:
        raise Unreadable(f"kertas harus {' atau '.join(PAPERS)}, arah {' atau '.join(ORIENTATIONS)}.")
    for text in template.expressions:
        try:
            expression.compile(text)
        except ValueError as error:
            raise Unreadable(f"Ungkapan {text!r}: {error}") from None
    return template


def _report(said: Any) -> ReportTemplate:
    if not isinstance(said, dict) or set(said) - REPORT_KEYS or not isinstance(said.get("en", {}), dict):
        raise Unreadable(f"laporan hanya boleh memuat {', '.join(sorted(REPORT_KEYS))}.")
    narrowed, english = said.get("pilih", []), _texts(said, "en")
    if not isinstance(narrowed, list) or not all(isinstance(name, str) for name in narrowed):
        raise Unreadable("laporan.pilih harus daftar isian formulir mulai.")
    title = Wording(_text(said.get("judul"), "laporan.judul"), english.get("judul"))
    about = Wording(_text(said.get("keterangan", ""), "laporan.keterangan"), english.get("keterangan"))
    return ReportTemplate(
        title, about, tuple(narrowed), _text(said["bukti"], "laporan.bukti") if "bukti" in said else None
    )


def _mapping(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name, {})
    if not isinstance(found, dict):
        raise Unreadable(f"{name} harus berupa nama dan isinya.")
    return found


def _texts(said: Mapping[str, Any], name: str) -> dict[str, str]:
    return {key: _text(value, f"{name}.{key}") for key, value in _mapping(said, name).items()}


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise Unreadable(f"{place}: perlu sebuah ungkapan.")
    return value


def fields_of(forms: "Mapping[str, Form]", data_object_id: str) -> tuple[Field, ...] | None:
    """Return the fields of a document from the form that has them; None if there is none."""
    every = (each for form in forms.values() for each in form.tree if each.kind is Kind.SECTION)
    return next((each.fields for each in every if each.name == data_object_id), None)


def choices(fields: Sequence[Field]) -> dict[str, dict[str, str]]:
    """Return the labels of each choice of a document's fields, including columns of its tables."""
    found: dict[str, dict[str, str]] = {}
    for each in fields:
        if each.options:
            found[each.name] = {option.value: option.wording.id for option in each.options}
        found |= choices(each.fields)
    return found


def given(template: Template, **facts: Any) -> bytes:
    """Return a template's data as JSON: *facts*, and empty values for the rest."""
    unsaid: dict[str, Any] = {"peran": {}, "dokumen_lain": {}, "semua_pelaksanaan": [], "pilihan": {}, "bagian": None}
    unsaid |= {"draf": False, "tanda_tangan": [], "kertas": template.paper, "arah": template.orientation}
    return as_json(unsaid | facts)


def as_json(data: Mapping[str, Any]) -> bytes:
    """Return a template's data as JSON."""
    return json.dumps(data, ensure_ascii=False, default=plain).encode()


def plain(value: Any) -> str:
    """Return a decimal, date or time as text, since JSON has none."""
    match value:
        case Decimal():
            return format(value, "f")
        case time():
            return value.strftime("%H:%M")
        case date():  # also datetime
            return value.isoformat()
    raise TypeError(type(value).__name__)
