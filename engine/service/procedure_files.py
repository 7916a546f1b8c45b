"""A procedure as files by path: its forms, and the hash that tells one content from another.

Apart from ``procedures`` because the child that tries a deployment (``trial``) reads files and has no database.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from engine.bpmn import expression
from engine.forms.form import Form
from engine.forms.loading import load as load_form
from engine.model.errors import Finding, InvalidProcedure

PARTS = "bagian"
"""The name under which a document made of parts holds them, by item."""


def read_forms(process_id: str, files: Mapping[str, bytes]) -> dict[str, Form]:
    """Return every form of a procedure by its id; InvalidProcedure carries every fault of every form."""
    folder = PurePosixPath("forms") / process_id
    forms: dict[str, Form] = {}
    found: list[Finding] = []
    for path in sorted(files):
        name = PurePosixPath(path)
        if name.parent == folder and name.name.endswith(".schema.json"):
            form_id = name.name.removesuffix(".schema.json")
            ui = files.get(str(folder / f"{form_id}.ui.json"))
            try:
                forms[form_id] = load_form(form_id, files[path], ui, expression.compile)
            except InvalidProcedure as invalid:
                found += [replace(each, file=str(folder / each.file)) for each in invalid.findings]
    if found:
        raise InvalidProcedure(found)
    return forms


def content_hash(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256 over every path and content: two procedures are the same if this is."""
    lines = (f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
