"""Sheets of SOPs as pictures, PDF and table of steps, made from a version's diagram on each request.

The same version gives the same bytes, since the PDF has the date of the deployment.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from engine.bpmn.drawing.sheet_pages import BOTTOM, LEFT, PAPERS, RIGHT, TITLE, TOP, SheetWords, lay_out, remarks
from engine.bpmn.drawing.sheet_picture import draw_sheet
from engine.bpmn.sop_sheet import sheet_of, table_of
from engine.documents.typst_renderer import PRESS, Order, Press
from engine.model.sop_sheet import SopSheet
from engine.service.office.business_calendar import Office
from engine.service.procedures import step_spreadsheet
from engine.service.procedures.procedure import Procedure

__all__ = ["PAPERS", "SheetWords", "SopSheets", "remarks"]

STAMP = "Rekonstruksi – menunggu konfirmasi dinas"
MAIN = b'#import "/alur/lembar.typ": *\n#lembar-sop()\n'


@dataclass(frozen=True)
class SopSheets:
    """Makes sheets."""

    office: Office
    press: Press = PRESS

    def sheet(self, procedure: Procedure) -> SopSheet:
        """Return the sheet of a version."""
        return sheet_of(procedure.definition)

    def pictures(self, procedure: Procedure, paper: str, *, plain: bool) -> tuple[str, ...]:
        """Return the pages of the table as SVG."""
        sheet = self.sheet(procedure)
        pages = lay_out(sheet, paper, plain=plain)
        return tuple(draw_sheet(pages, _title(sheet), number) for number in range(len(pages.pages)))

    def pdf(self, procedure: Procedure, paper: str, office_name: str, *, plain: bool) -> bytes:
        """Return the sheet as PDF/A: its header, the table page by page, and the signature block."""
        sheet, record = self.sheet(procedure), procedure.record
        day = record.deployed_at.astimezone(self.office.zone())
        spelling = "ejaan baku" if plain else "teks asli"
        made = f"Dibuat dari diagram versi {record.version}, sidik {record.content_hash[:12]} · {spelling} · dipasang"
        data: dict[str, Any] = {
            "identitas": dict(sheet.identity),
            "nama": sheet.name,
            "judul": _title(sheet),
            "kantor": office_name,
            "cap": STAMP if stamped(procedure) else "",
            "kaki": made,
            "hari": day.date().isoformat(),
            "ukuran": PAPERS[paper],
            "tepi": [LEFT, RIGHT, TOP, BOTTOM],
            "atas_tabel": TITLE,
            "lembar": asdict(lay_out(sheet, paper, plain=plain)),
        }
        files = {"lembar_sop.typ": MAIN}
        order = Order("lembar_sop.typ", files, json.dumps(data).encode(), timestamp=int(record.deployed_at.timestamp()))
        return self.press.print(order).content

    def table(self, procedure: Procedure, kind: str) -> tuple[str, bytes]:
        """Return the sheet as a table of steps ("xlsx" or "csv"), and the file's name."""
        sheet = self.sheet(procedure)
        name = f"langkah_{procedure.outline.process_id}-v{procedure.record.version}.{kind}"
        return name, step_spreadsheet.written(table_of(sheet), sheet.name, kind)


def stamped(procedure: Procedure) -> bool:
    """Whether the sheet is a reconstruction that the office has not confirmed yet."""
    return procedure.outline.reconstruction and not procedure.record.confirmed


def _title(sheet: SopSheet) -> str:
    name = sheet.name.upper()
    return name if name.startswith("SOP ") else f"SOP {name}"
