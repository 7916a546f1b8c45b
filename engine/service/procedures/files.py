"""A procedure as files by path: its forms, and the hash of its content.

Separate from ``procedure``, because the child process that tests a deployment reads files without a database.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from engine.bpmn import expression
from engine.model.errors import Finding, InvalidProcedure

if TYPE_CHECKING:
    from engine.forms.form import Form

PARTS = "bagian"  # key of the mapping from item to part, in a document of parts
FORM_FILES = {
    "forms": ((".schema.json", ".ui.json"), ("-schema.json", "-uischema.json")),
    "processes": (("-schema.json", "-uischema.json"),),
}
"""Endings of a form's two files, by folder: SpiffArena's modeller keeps forms beside the diagram."""


def read_forms(process_id: str, files: Mapping[str, bytes], *, deployed: bool = False) -> "dict[str, Form]":
    """Return every form of a procedure by its id; InvalidProcedure carries the errors of all forms."""
    from engine.forms.loading import load as load_form  # noqa: PLC0415 - schemas take 200 ms to load, hashing none

    forms: dict[str, Form] = {}
    found: list[Finding] = []
    for path in sorted(files):
        name = PurePosixPath(path)
        for schema, shown in FORM_FILES.get("".join(name.parts[:1]), ()):
            if name.parent.parts[1:] != (process_id,) or not name.name.endswith(schema):
                continue
            form_id = name.name.removesuffix(schema)
            ui = files.get(str(name.with_name(form_id + shown)))
            try:
                forms[form_id] = load_form(form_id, files[path], ui, expression.compile, deployed=deployed)
            except InvalidProcedure as invalid:
                ends = {".schema.json": schema, ".ui.json": shown}
                for each in invalid.findings:
                    end = next(end for end in ends if each.file.endswith(end))
                    found.append(replace(each, file=str(name.with_name(form_id + ends[end]))))
    if found:
        raise InvalidProcedure(found)
    return forms


def content_hash(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256 over every path and content: equal for equal procedures."""
    lines = (f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
