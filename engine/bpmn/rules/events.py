"""Rules about events, such as definitions that the engine ignores, fires at once, or cannot resolve."""

from engine.bpmn.rules.diagram import (
    ACTIVITIES,
    SUB_PROCESSES,
    CheckedProcedure,
    Diagram,
    definitions,
    inner_text,
    kinds,
)
from engine.bpmn.safe_xml import Element, bpmn, children, local, text_of

_REFERENCES = {"message", "signal", "error", "escalation"}
_KINDS = {
    "startEvent": {"message", "signal", "timer", "conditional", "error", "escalation"},  # of an event sub-process
    "endEvent": {"message", "signal", "error", "escalation", "cancel", "terminate"},
    "intermediateThrowEvent": {"message", "signal", "escalation"},
    "intermediateCatchEvent": {"message", "signal", "timer", "conditional"},
    "boundaryEvent": {"message", "signal", "timer", "conditional", "error", "escalation", "cancel"},
}
_NAMED_APART = {"link", "compensate"}
_WORDS = {
    "message": "pesan",
    "signal": "sinyal",
    "timer": "waktu",
    "conditional": "syarat",
    "error": "galat",
    "escalation": "eskalasi",
    "cancel": "pembatalan",
    "terminate": "penghentian",
}
_INTERRUPTING = {"error", "cancel"}
_OUTWARDS = {"error", "escalation"}
_TIMER_PARTS = ("timeDate", "timeDuration", "timeCycle")


def check(procedure: CheckedProcedure, diagram: Diagram) -> None:
    """Check every event and its definitions."""
    for event in diagram.all_nodes:
        if not local(event).endswith("Event"):
            continue
        _check_kind(diagram, event)
        for definition in definitions(event):
            _check_definition(diagram, event, definition)
    for event in diagram.of_kind("boundaryEvent"):
        _check_boundary(procedure, diagram, event)
    for event in diagram.of_kind("endEvent"):
        _check_leaving(procedure, diagram, event)
    for key in diagram.root.iter(bpmn("correlationProperty")):
        messages = [each.get("messageRef") for each in children(key, "correlationPropertyRetrievalExpression")]
        if not messages or not all(messages):
            diagram.say("correlation_empty", key)
    for kind, word in (("error", "Galat"), ("escalation", "Eskalasi")):
        _check_codes(diagram, kind, word)


def _check_kind(diagram: Diagram, event: Element) -> None:
    kind, has = local(event), kinds(event)
    lost = [text_of(reference) for reference in children(event, "eventDefinitionRef")]
    for name in lost:
        diagram.say("event_reference", event, name=name or "(kosong)")
    if "link" in has:
        diagram.say("unsupported_link", event)
    if "compensate" in has:
        diagram.say("compensation_thrown", event)
    if len(definitions(event)) > 1:
        diagram.say("event_multiple", event, count=len(definitions(event)))
    for name, word in (("error", "Galat"), ("escalation", "Eskalasi")):
        if name in has and kind == "intermediateCatchEvent":
            diagram.say("caught_at_once", event, word=word)
    if has & _INTERRUPTING and "false" in {event.get("cancelActivity"), event.get("isInterrupting")}:
        diagram.say("error_not_interrupting", event)
    beside = event.getparent().get("triggeredByEvent") == "true"
    if kind == "startEvent" and not beside and has:
        words = ", ".join(sorted(_WORDS.get(name, name) for name in has))
        diagram.say("start_by_event", event, words=words)
    waits = kind in {"intermediateCatchEvent", "boundaryEvent"} or (kind == "startEvent" and beside)
    if waits and not has and not lost:
        diagram.say("event_empty", event)
    for name in sorted(has - _KINDS[kind] - _NAMED_APART):
        if (kind == "startEvent" and not beside) or (kind == "intermediateCatchEvent" and name in _OUTWARDS):
            continue  # reported above
        usable = ", ".join(word for other, word in _WORDS.items() if other in _KINDS[kind])
        diagram.say("event_kind", event, word=_WORDS.get(name, name), usable=usable)


def _check_definition(diagram: Diagram, event: Element, definition: Element) -> None:
    name = local(definition).removesuffix("EventDefinition")
    if name in _REFERENCES and not (name in _OUTWARDS and local(event) == "intermediateCatchEvent"):
        named = definition.get(f"{name}Ref")
        found = diagram.elements.get(named)
        catches_all = name in _OUTWARDS and named is None and local(event) in {"boundaryEvent", "startEvent"}
        if not catches_all and (found is None or local(found) != name):
            saying = "reference_unknown" if named else "reference_missing"
            diagram.say(saying, event, kind=name, word=_WORDS[name], named=named)
    if name == "conditional" and definition.find(bpmn("condition")) is None:
        diagram.say("event_condition_missing", event)
    if name == "timer":
        given = [part for part in _TIMER_PARTS if inner_text(definition, part)]
        if len(given) != 1:
            diagram.say("timer_twice" if given else "timer_empty", event)
        if local(event) == "startEvent" and "timeCycle" in given:
            diagram.say("start_cycle", event)
        if local(event) == "intermediateCatchEvent" and "timeCycle" in given:
            diagram.say("catch_cycle", event)
        if local(event) == "boundaryEvent" and "timeCycle" in given and event.get("cancelActivity", "true") == "true":
            diagram.say("boundary_cycle", event)


def _check_boundary(procedure: CheckedProcedure, diagram: Diagram, event: Element) -> None:
    host = diagram.elements.get(event.get("attachedToRef"))
    if host is None or local(host) not in ACTIVITIES:
        diagram.say("boundary_loose", event)
    elif "cancel" in kinds(event) and local(host) != "transaction":
        diagram.say("cancel_outside_transaction", event)
    elif "error" in kinds(event) and not any(
        _may_throw(procedure, diagram, host, _code(diagram, each), set())
        for each in event.iterfind(bpmn("errorEventDefinition"))
    ):
        diagram.say("error_never", event, host=host)
    if any(True for _ in children(event, "incoming")) or diagram.incoming.get(event.get("id")):
        diagram.say("boundary_entered", event)


def _check_leaving(procedure: CheckedProcedure, diagram: Diagram, event: Element) -> None:
    """Check that a scope around an end event catches what it throws."""
    if "cancel" in kinds(event):
        scope = event.getparent()
        if local(scope) != "transaction":
            diagram.say("cancel_end_outside_transaction", event)
        elif not any("cancel" in kinds(each) for each in diagram.boundary_events.get(scope.get("id"), [])):
            diagram.say("cancel_uncaught", event, scope=scope)
    for definition in definitions(event):
        if local(definition) != "errorEventDefinition":
            continue
        error = diagram.elements.get(definition.get("errorRef"))
        code = None if error is None else error.get("errorCode")
        if error is not None and not _is_caught(procedure, diagram, event, code, set()):
            diagram.say("error_uncaught", event, error=error)


def _is_caught(procedure: CheckedProcedure, diagram: Diagram, node: Element, code: str | None, seen: set[str]) -> bool:
    """Whether a scope around *node*, or an activity that calls its process, catches an error of *code*."""
    scope = node.getparent()
    if any(_catches(diagram, start, code) for side in _sides(scope) for start in children(side, "startEvent")):
        return True
    if local(scope) in SUB_PROCESSES:
        on_edge = diagram.boundary_events.get(scope.get("id"), [])
        return any(_catches(diagram, each, code) for each in on_edge) or _is_caught(
            procedure, diagram, scope, code, seen
        )
    if scope.get("id") in seen:
        return False
    seen.add(scope.get("id"))
    return any(
        any(_catches(other, each, code) for each in other.boundary_events.get(call.get("id"), []))
        or _is_caught(procedure, other, call, code, seen)
        for other in procedure.diagrams
        for call in other.of_kind("callActivity")
        if call.get("calledElement") == scope.get("id")
    )


def _code(diagram: Diagram, definition: Element) -> str | None:
    """Return the code of a definition's error; None if it has no error or the error no code."""
    error = diagram.elements.get(definition.get("errorRef"))
    return None if error is None else error.get("errorCode")


def _may_throw(procedure: CheckedProcedure, diagram: Diagram, scope: Element, code: str | None, seen: set[str]) -> bool:
    """Whether an error of *code* (None: any) can be thrown in *scope* or in a process that it calls."""
    thrown = {
        _code(diagram, each) for end in scope.iter(bpmn("endEvent")) for each in end.iter(bpmn("errorEventDefinition"))
    }
    targets = {call.get("calledElement") for call in scope.iter(bpmn("callActivity"))} - seen
    return bool(thrown & {code, None} if code else thrown) or any(
        _may_throw(procedure, other, process, code, seen | targets)
        for other, process in procedure.processes()
        if process.get("id") in targets
    )


def _sides(scope: Element) -> list[Element]:
    return [side for side in children(scope, "subProcess") if side.get("triggeredByEvent") == "true"]


def _catches(diagram: Diagram, event: Element, code: str | None) -> bool:
    return any(_code(diagram, each) in (None, code) for each in event.iterfind(bpmn("errorEventDefinition")))


def _check_codes(diagram: Diagram, kind: str, word: str) -> None:
    """Check that each of several errors or escalations has a code; without one it matches all others."""
    named = list(children(diagram.root, kind))
    for element in named if len(named) > 1 else ():
        if not element.get(f"{kind}Code"):
            diagram.say("code_missing", element, word=word, kind=kind, small=word.lower())
