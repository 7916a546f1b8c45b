"""Rules for the deployment of a procedure. All faults are reported at once, with place and mend.

SpiffWorkflow silently ignores some elements of BPMN and hangs on some valid diagrams; rules report these before an
instance is stuck. Each module is a family of rules; the messages are in ``sayings.toml``.
"""

from collections.abc import Callable, Mapping

from engine.bpmn.rules import (
    data,
    diagram,
    events,
    expressions,
    flow,
    forms,
    functions,
    lanes,
    process,
    soundness,
    unsupported_elements,
    vendor_extensions,
)
from engine.bpmn.rules.diagram import CheckedProcedure, Diagram, FormExpression, Forms
from engine.model.errors import Finding

__all__ = ["FormExpression", "Forms", "check"]

RULES: tuple[Callable[[CheckedProcedure, Diagram], None], ...] = (
    process.check,
    process.check_places,
    unsupported_elements.check,
    lanes.check,
    flow.check,
    events.check,
    data.check,
    vendor_extensions.check,
    expressions.check,
    forms.check,
)


def check(files: Mapping[str, bytes], process_id: str, read: Forms | None) -> list[Finding]:
    """Return every fault and warning of the procedure *process_id*, in the order of its files and lines.

    *files* are its files by name; only BPMN, DMN and functions.py are checked. *read* describes its forms, and is None
    if they are unavailable; then rules about forms are skipped.
    """
    procedure = CheckedProcedure(process_id, read)
    functions.load(procedure, files)
    for name in sorted(files):
        if name.endswith(".bpmn"):
            diagram.load(procedure, name, files[name])
        elif name.endswith(".dmn"):
            diagram.load_decisions(procedure, name, files[name])
    if not any(name.endswith(".bpmn") for name in files):
        procedure.say("no_diagram", None, file=f"processes/{process_id}/{process_id}.bpmn", process_id=process_id)
    else:
        process.check_procedure(procedure)
        expressions.check_names(procedure)
    for each in procedure.diagrams:
        for rule in RULES:
            rule(procedure, each)
    for each in procedure.diagrams:
        soundness.check(procedure, each)
    return sorted(procedure.findings, key=lambda found: (found.file, found.line or 0, found.rule))
