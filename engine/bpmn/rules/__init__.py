"""What is checked before a procedure is deployed: every fault at once, each with where it is and how to mend it.

SpiffWorkflow silently ignores several elements of BPMN and hangs on some valid diagrams; whoever draws one of them
has to hear it here, not from an instance that stands still. Each module holds one family of rules;
what is said of a fault, and how it is mended, stands in ``sayings.toml``.
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

    *files* are the procedure's BPMN and DMN files by name; others are not looked at. *read* is what its forms ask;
    None if they are not at hand, so that nothing is said about them.
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
