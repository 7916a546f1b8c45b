"""A rule about sent messages without a receiver. It is apart from the others, as it depends on all procedures."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from engine.bpmn.rules.diagram import CheckedProcedure, Diagram, load
from engine.bpmn.safe_xml import Element, bpmn, local
from engine.model.errors import Finding

_SENDING = {"endEvent", "intermediateThrowEvent", "sendTask"}


def check(
    process_id: str, files: Mapping[str, bytes], elsewhere: Callable[[], Iterable[Mapping[str, bytes]]]
) -> list[Finding]:
    """Return a warning for each element that sends a message that no procedure waits for.

    *elsewhere* returns the files of the other procedures; it is called only if needed.
    """
    procedure = _read(process_id, files)
    sent = [(d, node, name) for d in procedure.diagrams for node, name in _messages(d) if local(node) in _SENDING]
    heard = _heard(procedure)
    if any(name not in heard for *_, name in sent):
        heard = heard.union(*(_heard(_read("", other)) for other in elsewhere()))
    for diagram, node, name in sent:
        if name not in heard:
            diagram.say("message_unheard", node, name=name)
    return procedure.findings


def _read(process_id: str, files: Mapping[str, bytes]) -> CheckedProcedure:
    procedure = CheckedProcedure(process_id, None)
    for name, content in files.items():
        if name.endswith(".bpmn"):
            load(procedure, name, content)
    return procedure


def _heard(procedure: CheckedProcedure) -> set[str]:
    return {name for each in procedure.diagrams for node, name in _messages(each) if local(node) not in _SENDING}


def _messages(diagram: Diagram) -> Iterator[tuple[Element, str]]:
    """Yield every event and task that sends or waits for a message, with the name of the message."""
    for node in diagram.all_nodes:
        for held in (node, *node.iterfind(bpmn("messageEventDefinition"))):
            message = diagram.elements.get(held.get("messageRef"))
            if message is not None and message.get("name"):
                yield node, message.get("name")
