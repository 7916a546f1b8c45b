"""The first files of a new procedure, with one step or the steps of a table; they can be deployed unchanged.

Texts are in Indonesian, the language of the office; a designer replaces them.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from engine.bpmn.drafting import LAST, YES, PlannedStep, PlannedWay, place, plan, write
from engine.model.sop_sheet import END, TableStep

START = "mulai"
STEP = "langkah_pertama"


def new_procedure(process_id: str, name: str) -> dict[str, bytes]:
    """Return the files of a new procedure by path: its diagram, and the forms of its start and its first step."""
    forms = {START: ("Mulai", "Keterangan"), STEP: ("Langkah pertama", "Catatan")}
    files = {f"processes/{process_id}/{process_id}.bpmn": _diagram(process_id, name)}
    for form_id, (title, field) in forms.items():
        files |= _form(process_id, form_id, title, {field.lower(): _text(field, 2000)}, [])
    return files


def procedure_of_table(process_id: str, name: str, steps: Sequence[TableStep]) -> dict[str, bytes]:
    """Return the files of a procedure with *steps*; forms ask for needed documents that may not exist by then."""
    planned = plan(process_id, name, steps)
    files = {f"processes/{process_id}/{process_id}.bpmn": write(planned, place(planned))}
    files |= _form(process_id, START, "Mulai", {"keterangan": _text("Keterangan", 2000)}, [])
    for each in planned.steps:
        files |= _form_of_step(process_id, each)
    return files


def _form_of_step(process_id: str, step: PlannedStep) -> dict[str, bytes]:
    own = {document.object_id for document in step.outputs}
    asked = [each for each in step.inputs if each.object_id not in own and not each.known]
    properties: dict[str, Any] = {}
    for document in (*asked, *step.outputs):
        contents = {"type": "object", "title": document.name, "properties": {"isi": _text("Isi", 10_000)}}
        properties[document.object_id] = {**contents, "required": ["isi"]}
    required = list(properties)
    properties["catatan"] = _text("Catatan", 2000)
    if step.decides:
        several = len(step.ways) > 2
        options = [{"const": way.answer, "title": _label(way, several=several)} for way in step.ways]
        properties[step.answer] = {"type": "string", "title": "Sesuai?", "oneOf": options}
        required.append(step.answer)
    return _form(process_id, step.id, step.step.activity, properties, required)


def _label(way: PlannedWay, *, several: bool) -> str:
    if not several or way.answer == YES:
        return way.name
    return f"{way.name}, {LAST if way.target == END else f'ke langkah {way.target}'}"


def _text(title: str, longest: int) -> dict[str, Any]:
    return {"type": "string", "title": title, "maxLength": longest}


def _form(
    process_id: str, form_id: str, title: str, properties: dict[str, Any], required: list[str]
) -> dict[str, bytes]:
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": properties,
    }
    if required:
        schema["required"] = required
    text = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
    return {f"forms/{process_id}/{form_id}.schema.json": text.encode()}


def _diagram(process_id: str, name: str) -> bytes:
    drawn = Path(__file__).with_suffix(".bpmn").read_text(encoding="utf-8")
    return drawn.replace("proses_baru", process_id).replace('"Proses baru"', quoteattr(name)).encode()
