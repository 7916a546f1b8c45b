"""A procedure's files as the rules look at them: elements by id, flows by end, scopes by nesting."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from engine.bpmn.decisions import Table
from engine.bpmn.decisions import read as read_tables
from engine.bpmn.expression import HOST_FUNCTIONS
from engine.bpmn.safe_xml import Element, Unreadable, bpmn, children, identified, local, read, read_diagram, text_of
from engine.model.errors import Finding, sayings

TASKS = frozenset(
    {
        "task",
        "userTask",
        "manualTask",
        "scriptTask",
        "serviceTask",
        "sendTask",
        "receiveTask",
        "businessRuleTask",
    }
)
SUB_PROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
ACTIVITIES = TASKS | SUB_PROCESSES | {"callActivity"}
EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})
GATEWAYS = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"})
NODES = ACTIVITIES | EVENTS | GATEWAYS
HERE = Path(__file__).parent
CHOOSING = frozenset({"exclusiveGateway", "inclusiveGateway"})


@dataclass(frozen=True, slots=True)
class FormExpression:
    """One expression of a form; *path* is the field that it belongs to."""

    file: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Forms:
    """What the forms of a procedure ask, by form id, and what their expressions read."""

    fields: Mapping[str, frozenset[str]]
    """The top properties of each form."""
    sections: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The fields of each section on top of a form: what can be read of a document."""
    expressions: Sequence[FormExpression] = ()
    given: frozenset[str] = frozenset()
    """Names that every expression of a form may read."""
    kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Of each top property, the kinds of the fields of that name in all forms."""
    answers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """What the choices of that name offer, in all forms together."""


@dataclass(slots=True)
class CheckedProcedure:
    """Everything that is checked together, and what was found; *forms* is None if they are not at hand."""

    process_id: str
    forms: Forms | None
    diagrams: list["Diagram"] = field(default_factory=list)
    decisions: set[str] = field(default_factory=set)
    tables: list[tuple[str, Table]] = field(default_factory=list)  # each with its file
    functions: frozenset[str] = frozenset()  # of its functions.py
    findings: list[Finding] = field(default_factory=list)

    def unknown_functions(self, calls: frozenset[str]) -> frozenset[str]:
        """Return the functions among *calls* that nobody gives."""
        return calls - HOST_FUNCTIONS.keys() - self.functions

    def say(self, saying: str, element: Element | None, *, file: str, line: int | None = None, **facts: Any) -> None:
        """Note what ``sayings.toml`` says of *element*, of which its template tells *facts*."""
        told = sayings(HERE)[saying]
        words = {name: _written(fact) for name, fact in {"it": element, **facts}.items()}
        self.findings.append(
            Finding(
                severity=told.get("severity", "error"),
                file=file,
                element_id=None if element is None else owner_id(element),
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
        """Note what is wrong with *element*, or may be meant but deserves a look."""
        self.procedure.say(saying, element, file=self.file, **facts)

    @cached_property
    def processes(self) -> list[Element]:
        """Return the processes of the file."""
        return list(children(self.root, "process"))

    @cached_property
    def elements(self) -> dict[str, Element]:
        """Return every BPMN element by its id; of two with one id the first."""
        return identified(self.root)

    @cached_property
    def scopes(self) -> list[Element]:
        """Return every element that holds flow nodes: processes and sub-processes, outer ones first."""
        return [e for p in self.processes for e in p.iter() if e is p or local(e) in SUB_PROCESSES]

    def nodes(self, scope: Element) -> list[Element]:
        """Return the flow nodes that lie directly in *scope*, but for those without an id of their own (a fault)."""
        return [
            child
            for child in children(scope)
            if local(child) in NODES and self.elements.get(child.get("id") or "") is child
        ]

    @cached_property
    def all_nodes(self) -> list[Element]:
        """Return every flow node of the file."""
        return [node for scope in self.scopes for node in self.nodes(scope)]

    def of_kind(self, *kinds: str) -> list[Element]:
        """Return the flow nodes of these kinds."""
        return [node for node in self.all_nodes if local(node) in kinds]

    @cached_property
    def flows(self) -> list[Element]:
        """Return every sequence flow."""
        return [flow for scope in self.scopes for flow in children(scope, "sequenceFlow")]

    @cached_property
    def outgoing(self) -> dict[str, list[Element]]:
        """Return the sequence flows by the id of the node that they leave."""
        return _by(self.flows, "sourceRef")

    @cached_property
    def incoming(self) -> dict[str, list[Element]]:
        """Return the sequence flows by the id of the node that they enter."""
        return _by(self.flows, "targetRef")

    @cached_property
    def boundary_events(self) -> dict[str, list[Element]]:
        """Return the boundary events by the id of the activity that they sit on."""
        return _by(self.of_kind("boundaryEvent"), "attachedToRef")

    def next_nodes(self, node: Element) -> list[str]:
        """Return the ids of the nodes in the same scope that may follow *node*, its boundary events among them."""
        follow = [flow.get("targetRef") for flow in self.outgoing.get(node.get("id"), [])]
        return [*follow, *(event.get("id") for event in self.boundary_events.get(node.get("id"), []))]


def _by(elements: Iterable[Element], attribute: str) -> dict[str, list[Element]]:
    found: dict[str, list[Element]] = {}
    for element in elements:
        found.setdefault(element.get(attribute), []).append(element)
    return found


def definitions(event: Element) -> list[Element]:
    """Return an event's definitions."""
    return [child for child in children(event) if local(child).endswith("EventDefinition")]


def kinds(event: Element) -> set[str]:
    """Return the kinds of an event's definitions: message, timer, signal ..."""
    return {local(each).removesuffix("EventDefinition") for each in definitions(event)}


def called(element: Element) -> str:
    """Return how a message refers to *element*: its name in quotes, or its id."""
    name = " ".join((element.get("name") or "").split())
    return f"“{name}”" if name else str(element.get("id") or local(element))


def _written(fact: object) -> str:
    """Return a fact as a template tells it: an element by its name, a number with its thousands apart."""
    match fact:
        case str():
            return fact
        case int():
            return f"{fact:,}".replace(",", ".")
        case None:
            return "(kosong)"
    return called(fact)


def owner_id(element: Element) -> str | None:
    """Return the id of *element*, or of the nearest element around it that has one."""
    while element is not None and not element.get("id"):
        element = element.getparent()
    return None if element is None else str(element.get("id"))


def load(procedure: CheckedProcedure, file: str, xml: bytes) -> None:
    """Read one BPMN file into *procedure*, or note why it cannot be read."""
    try:
        root = read_diagram(xml)
    except Unreadable as error:
        procedure.say("not_xml", None, file=file, line=error.line, reason=error.reason)
        return
    if root.tag != bpmn("definitions"):
        procedure.say("not_bpmn", None, file=file, line=root.sourceline, tag=local(root))
        return
    procedure.diagrams.append(Diagram(procedure, file, root))


def load_decisions(procedure: CheckedProcedure, file: str, xml: bytes) -> None:
    """Note the decisions that one DMN file offers."""
    try:
        root = read(xml)
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
