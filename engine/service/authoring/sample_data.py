"""Specimens: what a procedure's templates are given when they are printed for proof.

Forms are filled in with made-up values, and what the template's own expressions give is reckoned with the procedure's
functions. Expressions are a person's, so all of it happens in the trial's child, within its limits (``trial``).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from engine.bpmn import expression
from engine.documents.charts import KINDS
from engine.forms.defaults import Names
from engine.forms.field import NUMERIC, Field, Kind
from engine.forms.form import Form
from engine.model.bounds import TooMuch, bounded
from engine.service.authoring.verdict import Specimen
from engine.service.procedures.document_templates import Template, choices, fields_of, folder, given, ids, template_of
from engine.service.procedures.files import PARTS

DAY = date(2025, 1, 2)
PERSON = "contoh"
LONG = 8  # rows of a full list: templates set longer lists apart, on a page of their own
SIGNED = {"cara": "internal", "akun": PERSON, "atas_nama": None, "dasar": None, "sha256": "0" * 64}
Functions = Mapping[str, Callable[..., Any]]


def specimens(
    process_id: str,
    files: Mapping[str, bytes],
    forms: Mapping[str, Form],
    functions: Functions,
    watch: Callable[[str], None],
) -> Iterator[Specimen]:
    """Yield the specimens of every template; *watch* hears the file before each. What templates import has none."""
    for id_ in ids(process_id, files):
        template = template_of(process_id, id_, files)
        fields = () if template is not None and template.report is not None else fields_of(forms, id_)
        if template is not None and fields is not None:
            watch(
                next(
                    path
                    for ending in (".json", ".typ", ".docx")
                    if (path := folder(process_id) + id_ + ending) in files
                )
            )
            yield from (_specimen(template, fields, forms, functions, full) for full in (True, False))


@bounded()
def _specimen(
    template: Template, fields: tuple[Field, ...], forms: Mapping[str, Form], functions: Functions, full: bool
) -> Specimen:
    """Return what a template is given in a proof."""
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
        "putusan": lambda table, inputs: ["contoh"] * len(inputs) if isinstance(inputs, list) else "contoh",
        **functions,
    }

    def asked(text: str) -> Any:
        nonlocal sure
        try:
            return expression.compile(text).evaluate(names, host)
        except TooMuch:
            raise
        except ValueError:
            sure = False
            return None

    for name, text in template.values.items():
        values[name] = asked(text)
    charts: dict[str, str] = {}
    for name, chart in template.charts.items():
        try:
            drawn = KINDS[chart.kind](chart.title, asked(chart.rows) or [])
        except TooMuch:
            raise
        except (TypeError, AttributeError, ValueError, ArithmeticError):
            drawn, sure = KINDS[chart.kind](chart.title, []), False
        charts[f"{name}.svg"] = drawn.decode()
    at = datetime(DAY.year, DAY.month, DAY.day, 8, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M")
    about = {"versi": 1, "sha256": "0" * 64, "diterbitkan": at, "oleh": PERSON, "nomor": "1/2025" if full else None}
    data = given(
        template,
        data=content,
        dokumen={**about, "nama": template.data_object_id, "kode": "0000", "tautan": None, "qr": None},
        instansi={"nama": "Contoh"},
        orang={PERSON: {"nama": "Contoh"}},
        pelaksanaan={"judul": "Contoh", "nilai": known, "sop": "Contoh", "langkah": []},
        dokumen_lain={
            id_: {**about, "isi": isi, "nama": id_}
            for id_, isi in known.items()
            if isinstance(isi, dict) and id_ != template.data_object_id
        },
        nilai=values,
        pilihan=choices(fields),
        tanda_tangan=[{**SIGNED, "pada": at}] if full else [],
    )
    return Specimen(template.data_object_id, full, sure, data.decode(), charts)


def _made_up(each: Field, full: bool) -> Any:
    """Return a value that fits a field; None for one that may be left empty, unless *full*."""
    if each.kind is Kind.SECTION:
        return {inner.name: _made_up(inner, full) for inner in each.fields}
    if not full and not each.required:
        return None
    if each.kind in NUMERIC:
        return Decimal("12.5")
    rows = max(each.min_items, min(LONG, each.max_items or LONG)) if full else max(1, each.min_items)
    match each.kind:
        case Kind.TABLE:
            return [{inner.name: _made_up(inner, full) for inner in each.fields} for _ in range(rows)]
        case Kind.TEXTS:
            return ["Contoh"] * rows
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
