"""Rules about a procedure's ``functions.py``."""

from collections.abc import Mapping

from engine.bpmn import functions
from engine.bpmn.rules.diagram import CheckedProcedure


def load(procedure: CheckedProcedure, files: Mapping[str, bytes]) -> None:
    """Read the names of the procedure's functions, and report faults of the file."""
    file = functions.path_of(procedure.process_id)
    source = files.get(file)
    if source is None:
        return
    procedure.functions = functions.names(source)
    for fault in functions.faults(source):
        procedure.say(fault.saying, None, file=file, line=fault.line, **fault.facts)
