"""The files of a procedure, indexed for the rules: elements by id, flows by end, scopes by nesting."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from engine.bpmn import safe_xml
from engine.bpmn.decisions import Table
from engine.bpmn.decisions import read as read_tables
from engine.bpmn.expression_values import HOST_FUNCTIONS
from engine.bpmn.safe_xml import Element, Unreadable, bpmn, children, identified, local, text_of
from engine.model.errors import Finding, sayings

_BY_PEOPLE = {"task", "userTask", "manualTask"}
TASKS = frozenset({"scriptTask", "serviceTask", "sendTask", "receiveTask", "businessRuleTask"} | _BY_PEOPLE)
SUB_PROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
ACTIVITIES = TASKS | SUB_PROCESSES | {"callActivity"}
EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})
GATEWAYS = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"})
NODES = ACTIVITIES | EVENTS | GATEWAYS
HERE = Path(__file__).parent
CHOOSING = frozenset({"exclusiveGateway", "inclusiveGateway"})


@dataclass(frozen=True, slots=True)
class FormExpression:
    """An expression of a form, at the field *path*."""

    file: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Forms:
    """The fields and expressions of a procedure's forms."""

    fields: Mapping[str, frozenset[str]]  # top-level fields by form id
    sections: Mapping[str, frozenset[str]] = field(default_factory=dict)  # fields of each top-level section
    expressions: Sequence[FormExpression] = ()
    given: frozenset[str] = frozenset()  # variables of every form expression
    kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by name, of top-level fields in all forms
    answers: Mapping[str, frozenset[str]] = field(default_factory=dict)  # values of choices by name, in all forms


@dataclass(slots=True)
class CheckedProcedure:
    """Everything that is checked together, and the findings; *forms* is None if they are unavailable."""

    process_id: str
    forms: Forms | None
    diagrams: list["Diagram"] = field(default_factory=list)
    decisions: set[str] = field(default_factory=set)
    tables: list[tuple[str, Table]] = field(default_factory=list)  # each with its file
    functions: frozenset[str] = frozenset()  # of its functions.py
    findings: list[Finding] = field(default_factory=list)

    def unknown_functions(self, calls: frozenset[str]) -> frozenset[str]:
        """Return those of *calls* that neither the host nor the procedure defines."""
        return calls - HOST_FUNCTIONS.keys() - self.functions

    def say(self, saying: str, element: Element | None, *, file: str, line: int | None = None, **facts: Any) -> None:
        """Add the finding *saying* of ``sayings.toml`` about *element*, with *facts* for its template."""
        told = sayings(HERE)[saying]
        words = {name: _written(fact) for name, fact in {"it": element, **facts}.items()}
        self.findings.append(
            Finding(
                severity=told.get("severity", "error"),
                file=file,
                element_id=None if (owner := safe_xml.nearest_identified(element)) is None else str(owner.get("id")),
                name=None if element is None else element.get("name"),
                line=line if element is None else element.sourceline,
                message=told["message"].format_map(words),
                mend=told["mend"].format_map(words),
                rule=told.get("rule", saying).format_map(words),
            )
        )

    def processes(self) -> Iterator[tuple["Diagram", Element]]:
        """Yield every process of every file."""
        for each in self.diagrams:
            for process in each.processes:
                yield each, process


@dataclass(frozen=True)
class Diagram:
    """One BPMN file."""

    procedure: CheckedProcedure
    file: str
    root: Element

    def say(self, saying: str, element: Element, **facts: Any) -> None:
        """Add the finding *saying* about *element*."""
        self.procedure.say(saying, element, file=self.file, **facts)

    @cached_property
    def processes(self) -> list[Element]:
        """The processes of the file."""
        return list(children(self.root, "process"))

    @cached_property
    def elements(self) -> dict[str, Element]:
        """The BPMN elements by id; of duplicates the first."""
        return identified(self.root)

    @cached_property
    def scopes(self) -> list[Element]:
        """The elements that contain flow nodes, processes and sub-processes, outer ones first."""
        return [e for p in self.processes for e in p.iter() if e is p or local(e) in SUB_PROCESSES]

    def nodes(self, scope: Element) -> list[Element]:
        """Return the flow nodes directly in *scope*, except those without a unique id (a fault)."""
        return [
            child
            for child in children(scope)
            if local(child) in NODES and self.elements.get(child.get("id") or "") is child
        ]

    @cached_property
    def all_nodes(self) -> list[Element]:
        """The flow nodes of the file."""
        return [node for scope in self.scopes for node in self.nodes(scope)]

    def of_kind(self, *kinds: str) -> list[Element]:
        """Return the flow nodes of these kinds."""
        return [node for node in self.all_nodes if local(node) in kinds]

    @cached_property
    def flows(self) -> list[Element]:
        """The sequence flows of the file."""
        return [flow for scope in self.scopes for flow in children(scope, "sequenceFlow")]

    @cached_property
    def outgoing(self) -> dict[str, list[Element]]:
        """The sequence flows by id of their source."""
        return _by(self.flows, "sourceRef")

    @cached_property
    def incoming(self) -> dict[str, list[Element]]:
        """The sequence flows by id of their target."""
        return _by(self.flows, "targetRef")

    @cached_property
    def boundary_events(self) -> dict[str, list[Element]]:
        """The boundary events by id of their activity."""
        return _by(self.of_kind("boundaryEvent"), "attachedToRef")

    def next_nodes(self, node: Element) -> list[str]:
        """Return the ids of the nodes that can follow *node* in its scope, including its boundary events."""
        follow = [flow.get("targetRef") for flow in self.outgoing.get(node.get("id"), [])]
        return [*follow, *(event.get("id") for event in self.boundary_events.get(node.get("id"), []))]


def _by(elements: Iterable[Element], attribute: str) -> dict[str, list[Element]]:
    found: dict[str, list[Element]] = {}
    for element in elements:
        found.setdefault(element.get(attribute), []).append(element)
    return found


def definitions(event: Element) -> list[Element]:
    """Return the definitions of an event."""
    return [child for child in children(event) if local(child).endswith("EventDefinition")]


def kinds(event: Element) -> set[str]:
    """Return the kinds of an event's definitions, such as message or timer."""
    return {local(each).removesuffix("EventDefinition") for each in definitions(event)}


def called(element: Element) -> str:
    """Return *element* as messages name it: its name in quotes, or its id."""
    name = " ".join((element.get("name") or "").split())
    return f"“{name}”" if name else str(element.get("id") or local(element))


def _written(fact: object) -> str:
    """Return a fact for a template: an element by name, a number with grouped thousands."""
    match fact:
        case str():
            return fact
        case int():
            return f"{fact:,}".replace(",", ".")
        case None:
            return "(kosong)"
    return called(fact)


def load(procedure: CheckedProcedure, file: str, xml: bytes) -> None:
    """Read a BPMN file into *procedure*, or report why it is unreadable."""
    try:
        root = safe_xml.read_diagram(xml)
    except Unreadable as error:
        procedure.say("not_xml", None, file=file, line=error.line, reason=error.reason)
        return
    if root.tag != bpmn("definitions"):
        procedure.say("not_bpmn", None, file=file, line=root.sourceline, tag=local(root))
        return
    procedure.diagrams.append(Diagram(procedure, file, root))


def load_decisions(procedure: CheckedProcedure, file: str, xml: bytes) -> None:
    """Read the decisions of a DMN file into *procedure*, and report its faults."""
    try:
        root = safe_xml.read(xml)
    except Unreadable as error:
        procedure.say("table_not_xml", None, file=file, line=error.line, reason=error.reason)
        return
    found = read_tables(xml)
    procedure.decisions |= {e.get("id") for e in root.iter() if local(e) == "decision" and e.get("id")}
    procedure.tables += [(file, table) for table in found.tables.values()]
    for fault in found.faults:
        facts = {"decision": fault.decision or "(tanpa id)", "reason": fault.reason}
        procedure.say("decision_unreadable", None, file=file, line=fault.line, **facts)


def inner_text(element: Element, *path: str) -> str:
    """Return the text of the BPMN descendant at *path*; empty if there is none."""
    return text_of(element.find("/".join(bpmn(name) for name in path)))
