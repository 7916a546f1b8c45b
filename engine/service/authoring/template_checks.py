"""Proofs: prints each template of a procedure with made-up data before the procedure is deployed.

This finds missing fonts, unknown fields and files outside the procedure, with file and line, before a letter is needed.
Each template is printed twice, with all fields and with only the required ones. The data comes from the trial's child,
so that this process evaluates no expression of an undeployed procedure. If a template's own expressions fail for the
made-up data, its errors become warnings.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.documents.typst_renderer import PRESS, Order
from engine.model.errors import Busy, Finding, NotPrinted, there
from engine.service.authoring.verdict import Specimen
from engine.service.procedures.document_templates import drawers, folder, template_of

REMEMBERED = 16


@dataclass(eq=False)
class TemplateChecks:
    """Prints proofs; caches the results by templates and forms, as a diagram is checked often."""

    _known: OrderedDict[str, tuple[Finding, ...]] = field(default_factory=OrderedDict)

    def check(self, process_id: str, files: Mapping[str, bytes], specimens: Sequence[Specimen]) -> tuple[Finding, ...]:
        """Return the faults of a procedure's templates, printed with their *specimens*."""
        if not specimens:
            return ()
        digest = hashlib.sha256(repr(specimens).encode())
        for path in sorted(files):
            if path.startswith(f"forms/{process_id}/"):
                digest.update(path.encode() + b"\0" + hashlib.sha256(files[path]).digest())
        known = self._known.get(digest.hexdigest())
        if known is not None:
            return known
        found: dict[str, Finding] = {}
        try:
            for each in specimens:
                if each.template not in found and (fault := self._proof(process_id, each, files)) is not None:
                    found[each.template] = fault
        except Busy:
            message = "Templat dokumen belum sempat dicoba, karena dokumen lain sedang dicetak."
            busy = Finding(folder(process_id), message, "Coba lagi sebentar lagi.", "trial_busy")
            return (*found.values(), busy)
        self._known[digest.hexdigest()] = tuple(found.values())
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return tuple(found.values())

    def _proof(self, process_id: str, specimen: Specimen, files: Mapping[str, bytes]) -> Finding | None:
        template = there(template_of(process_id, specimen.template, files), specimen.template)
        given = drawers(process_id, files) | {name: chart.encode() for name, chart in specimen.charts.items()}
        prefix, data = folder(process_id), specimen.data.encode()
        orders = []
        if template.typ:
            orders.append(Order(template.typ.removeprefix(prefix), given, data))
        if template.docx:
            name = template.docx.removeprefix(prefix)
            orders.append(Order(name, {name: files[template.docx]}, data, format="docx"))
        for order in orders:
            try:
                PRESS.print(order)
            except NotPrinted as fault:
                said = "" if specimen.full else " bila isian opsional kosong"
                message = f"Templat tidak dapat dicetak{said}: {fault.cause}."
                mend = f"{fault.hint or 'Perbaiki baris itu'}. Lihat docs/dokumen.md.".replace("..", ".")
                severity = "error" if specimen.sure else "warning"
                return Finding(prefix + fault.template, message, mend, "documents", severity, line=fault.line)
        return None


PROOFS = TemplateChecks()  # one for the process, so that its cache is shared
