"""Specimens: made-up data for test prints of a procedure's templates.

Forms are filled in with made-up values, and the templates' expressions are evaluated with the procedure's functions.
As people write these, all of it happens in the trial's child process, within its limits (``validation_worker``).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from engine.bpmn import expression
from engine.documents.charts import KINDS
from engine.forms.defaults import Names
from engine.forms.field import Field, Kind
from engine.forms.form import Form
from engine.forms.handling import Samples
from engine.forms.kinds import sample
from engine.model.bounds import TooMuch, bounded
from engine.service.authoring.verdict import Specimen
from engine.service.procedures.document_templates import (
    Chart,
    Template,
    choices,
    fields_of,
    folder,
    given,
    ids,
    template_of,
)
from engine.service.procedures.files import PARTS

DAY = date(2025, 1, 2)
PERSON = "contoh"
LONG = 8  # rows of a full list; templates may print longer lists on a separate page
SIGNED = {"cara": "internal", "akun": PERSON, "atas_nama": None, "dasar": None, "sha256": "0" * 64}
Functions = Mapping[str, Callable[..., Any]]


HOST: Mapping[str, Callable[..., Any]] = {
    "register": lambda register_id: [],
    "terdahulu": lambda data_object_id, narrowed: [],
    "putusan": lambda table, inputs: ["contoh"] * len(inputs) if isinstance(inputs, list) else "contoh",
}
"""Made-up results of the functions that templates can call."""


def specimens(
    process_id: str,
    files: Mapping[str, bytes],
    forms: Mapping[str, Form],
    functions: Functions,
    watch: Callable[[str], None],
) -> Iterator[Specimen]:
    """Yield the specimens of all templates, except imported ones; *watch* gets the file before each."""
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


def _samples(full: bool) -> Samples:
    """Return the rules for made-up values: all fields are filled in or, unless *full*, only required ones."""
    return Samples(
        day=DAY,
        time=time(8),
        people=(PERSON,),
        numbers=(Decimal("12.5"), Decimal(12)),
        choose=lambda options, path: options[0] if options else None,
        rows=lambda field: (
            max(field.min_items, min(LONG, field.max_items or LONG)) if full else max(1, field.min_items)
        ),
        leaves_empty=lambda field: not full and not field.required,
    )


@bounded()
def _specimen(
    template: Template, fields: tuple[Field, ...], forms: Mapping[str, Form], functions: Functions, full: bool
) -> Specimen:
    samples = _samples(full)
    known = _values_of_all_forms(forms, samples)
    content = {each.name: sample(each, samples) for each in fields}
    content |= {PARTS: {PERSON: dict(content)}}
    names = Names({**known, template.data_object_id: content, "hari_ini": DAY})
    if template.report is not None:
        names["pelaksanaan"] = []
    values: dict[str, Any] = {}
    names["nilai"] = values
    sure, host = True, {**HOST, **functions}

    def evaluated(text: str) -> Any:
        nonlocal sure
        try:
            return expression.compile(text).evaluate(names, host)
        except TooMuch:
            raise
        except ValueError:
            sure = False
            return None

    for name, text in template.values.items():
        values[name] = evaluated(text)
    charts: dict[str, str] = {}
    for name, chart in template.charts.items():
        charts[f"{name}.svg"], fits = _drawn(chart, evaluated(chart.rows) or [])
        sure &= fits
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


def _drawn(chart: Chart, rows: Any) -> tuple[str, bool]:
    """Return a chart as SVG, and whether *rows* are valid for it; if not, it is empty."""
    draw = KINDS[chart.kind]
    try:
        return draw(chart.title, rows).decode(), True
    except TooMuch:
        raise
    except (TypeError, AttributeError, ValueError, ArithmeticError):
        return draw(chart.title, []).decode(), False


def _values_of_all_forms(forms: Mapping[str, Form], samples: Samples) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for each in (each for form in forms.values() for each in form.tree):
        known[each.name] = sample(each, samples)
        if each.kind is Kind.SECTION:
            known[each.name] |= {PARTS: {PERSON: sample(each, samples)}}
    return known
