"""Makes drafts of procedures from tables of steps, which are shown first and then opened in the studio.

The same table always gives the same draft, so only the table is kept, by its hash and for a day. The first change in
the studio saves the draft as any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.bpmn.definition import load
from engine.bpmn.drawing import DrawingWords, draw
from engine.bpmn.sop_sheet import sheet_of
from engine.documents import spreadsheets
from engine.documents.spreadsheets import Gettext
from engine.model.errors import NotFound
from engine.model.sop_sheet import SopSheet
from engine.service.authoring.starter_diagram import procedure_of_table
from engine.service.authoring.studio import ProcedureDraft, Studio, titled
from engine.service.procedures import step_spreadsheet
from engine.service.procedures.step_spreadsheet import StepTable
from engine.store.files import FileStore


@dataclass(frozen=True, slots=True)
class TableDraft:
    """A table, and the procedure made of it: files, sheet and drawing, unless the table has faults."""

    table: StepTable
    kept: str = ""  # the file's hash
    files: Mapping[str, bytes] | None = None
    sheet: SopSheet | None = None
    drawing: str = ""  # SVG


@dataclass(frozen=True)
class StepDrafts:
    """Makes drafts from tables."""

    studio: Studio
    kept: FileStore

    def look_at(self, process_id: str, name: str, content: bytes, words: DrawingWords, gettext: Gettext) -> TableDraft:
        """Return a file's table with its procedure, and keep the file; InvalidForm for an invalid *process_id*."""
        self.studio.require_free(process_id, name)
        table = step_spreadsheet.read(content, gettext)
        if table.faults:
            return TableDraft(table)
        sha256 = self.kept.put_bytes(content, spreadsheets.LARGEST).sha256
        files = procedure_of_table(process_id, name or titled(process_id), table.steps)
        sheet = sheet_of(load(files, process_id))
        drawing = draw(files[f"processes/{process_id}/{process_id}.bpmn"], words=words)
        return TableDraft(table, sha256, files, sheet, drawing)

    def open(self, process_id: str, name: str, sha256: str) -> ProcedureDraft:
        """Return the draft of a table that is kept; NotFound if it is kept no longer."""
        self.studio.require_free(process_id, name)
        table = step_spreadsheet.read(self.kept.content(sha256))
        if table.faults:
            raise NotFound(sha256)
        return ProcedureDraft(process_id, None, procedure_of_table(process_id, name or titled(process_id), table.steps))
