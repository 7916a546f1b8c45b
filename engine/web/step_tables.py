"""A new SOP from a table of its steps: the file, a look at what was read and its faults by cell, then the draft."""

import json

from flask import render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from engine.model.errors import InvalidForm
from engine.model.people import OfficeRole
from engine.service.authoring.spreadsheet_import import TableDraft
from engine.service.procedures.step_spreadsheet import COLUMNS, example
from engine.web import diagrams
from engine.web.access import Pages, only
from engine.web.attachments import sheet
from engine.web.services import services
from engine.web.studio import id_words
from engine.web.texts import gettext

pages = Pages("step_tables", __name__, url_prefix="/studio")


@pages.get("/tabel-langkah", only(OfficeRole.DESIGNER))  # no id has a hyphen
def ask(*errors: str, draft: TableDraft | None = None) -> str:
    """Ask for a table of steps."""
    process_id, name = _called()
    texts = {path: content.decode() for path, content in (draft.files or {}).items()} if draft else {}
    return render_template(
        "studio/table.html",
        errors=errors,
        process_id=process_id,
        name=name,
        found=draft,
        headings=[(column.heading, column.wanted) for column in COLUMNS],
        drawing=Markup(draft.drawing) if draft else "",  # noqa: S704 - our own drawing, its text escaped
        texts=json.dumps(texts, ensure_ascii=False),
    )


@pages.get("/tabel-langkah/contoh.xlsx", only(OfficeRole.DESIGNER))
def sample() -> Response:
    """Give a table to begin with."""
    return sheet(example(), "xlsx", "tabel_langkah.xlsx")


@pages.post("/tabel-langkah", only(OfficeRole.DESIGNER))
def look_at() -> tuple[str, int]:
    """Show what was read of a table, and the diagram that it becomes; nothing is kept but the file, for a day."""
    process_id, name = _called()
    file = request.files.get("berkas")
    if file is None or not file.filename:
        return ask(gettext("Pilih berkas.")), 422
    try:
        draft = services().step_drafts.look_at(process_id, name, file.read(), diagrams.words(), gettext)
    except InvalidForm as invalid:
        return ask(id_words(process_id, invalid)), 422
    return ask(draft=draft), 422 if draft.table.faults else 200


def _called() -> tuple[str, str]:
    return request.form.get("id", "").strip(), " ".join(request.form.get("nama", "").split())[:120]
