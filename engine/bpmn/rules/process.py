"""Rules about the process as a whole: ids, executability, coordinates."""

import re
from collections import Counter

from engine.bpmn.drawing.scene import undrawn
from engine.bpmn.rules.diagram import NODES, CheckedProcedure, Diagram, called
from engine.bpmn.safe_xml import BPMN, Element, bpmn, local, namespace

_SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
NAMED = 8  # elements that one message names
_SHOWN = NODES | {"process", "lane", "dataObject"}
_NAMED = _SHOWN - {"lane"} | {"message", "signal", "error", "escalation", "correlationProperty"}


def check_procedure(procedure: CheckedProcedure) -> None:
    """Check that exactly one process can be started, and that it has the procedure's id."""
    callees = {
        activity.get("calledElement") for diagram in procedure.diagrams for activity in diagram.of_kind("callActivity")
    }
    runnable = [(d, p) for d, p in procedure.processes() if p.get("isExecutable", "true") == "true"]
    started = [(d, p) for d, p in runnable if p.get("id") not in callees or p.get("id") == procedure.process_id]
    ours = [(d, p) for d, p in procedure.processes() if p.get("id") == procedure.process_id]
    if procedure.diagrams and not ours:
        diagram = procedure.diagrams[0]
        at = diagram.processes[0] if diagram.processes else diagram.root
        there = ", ".join(str(p.get("id")) for _, p in procedure.processes()) or "tidak satu pun"
        diagram.say("process_id", at, process_id=procedure.process_id, there=there)
    first = {scope.get("id"): each for each in reversed(procedure.diagrams) for scope in each.scopes}
    for diagram in procedure.diagrams:
        for scope in diagram.scopes:
            if scope.get("id") and first[scope.get("id")] is not diagram:
                diagram.say("id_elsewhere", scope, id=scope.get("id"), other=first[scope.get("id")].file)
    for diagram, process in ours:
        if process.get("isExecutable", "true") != "true":
            diagram.say("not_executable", process)
    for diagram, process in started:
        if len(started) > 1 and process.get("id") != procedure.process_id:
            diagram.say("several_executable", process)


def check(procedure: CheckedProcedure, diagram: Diagram) -> None:
    """Check ids and unknown elements."""
    ids = Counter(e.get("id") for e in diagram.root.iter(bpmn("*")) if e.get("id"))
    for name, count in ids.items():
        if count > 1:
            diagram.say("id_twice", diagram.elements.get(name, diagram.root), name=name, count=count)
    for element in diagram.root.iter():
        ours = namespace(element) == BPMN
        if ours and local(element) in _NAMED and not element.get("id"):
            diagram.say("id_missing", element)
    for element in diagram.elements.values():
        if local(element) in _SHOWN and not _SNAKE_CASE.fullmatch(element.get("id")):
            saying = "lane_id_spelling" if local(element) == "lane" else "id_spelling"
            diagram.say(saying, element, id=element.get("id"), better=_suggestion(element))
    for scope in diagram.scopes:
        for child in scope:
            if namespace(child) == BPMN and local(child) not in _KNOWN:
                diagram.say("unknown_element", child, tag=local(child))


def check_places(procedure: CheckedProcedure, diagram: Diagram) -> None:
    """Check that all elements have coordinates, since people follow instances in the picture."""
    missing = undrawn(diagram.root)
    if not missing:
        return
    shown = ", ".join(called(each) for each in missing[:NAMED]) + (" dan lainnya" if len(missing) > NAMED else "")
    diagram.say("undrawn", missing[0], count=len(missing), shown=shown)


def _suggestion(element: Element) -> str:
    words = re.findall(r"[a-z0-9]+", (element.get("name") or element.get("id")).casefold())
    return "_".join(words[:4]) or "nama_langkah"


# Children of a process or sub-process without behaviour, or with rules elsewhere.
_KNOWN = NODES | {
    *("documentation", "extensionElements", "auditing", "monitoring", "property", "categoryValueRef"),
    *("laneSet", "sequenceFlow", "incoming", "outgoing", "textAnnotation", "association", "group"),
    *("dataObject", "dataObjectReference", "dataStoreReference", "ioSpecification", "ioBinding"),
    *("dataInputAssociation", "dataOutputAssociation", "correlationSubscription"),
    *("standardLoopCharacteristics", "multiInstanceLoopCharacteristics", "completionCondition"),
    *("resourceRole", "performer", "humanPerformer", "potentialOwner", "supportedInterfaceRef", "supports"),
}
