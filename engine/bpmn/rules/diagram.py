"""A procedure's files as the rules look at them: elements by id, flows by end, scopes by nesting."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from engine.bpmn.decisions import Table
from engine.bpmn.decisions import read as read_tables
from engine.bpmn.expression import HOST_FUNCTIONS
from engine.bpmn.markup import Element, Unreadable, bpmn, children, identified, local, read, read_diagram, text_of
from engine.model.errors import Finding

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
class Procedure:
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

    def say(
        self,
        element: Element | None,
        rule: str,
        message: str,
        mend: str,
        *,
        file: str,
        severity: str = "error",
        line: int | None = None,
    ) -> None:
        """Note one fault of *element*: why it is one, and how to mend it."""
        self.findings.append(
            Finding(
                severity=severity,
                file=file,
                element_id=None if element is None else owner_id(element),
                name=None if element is None else element.get("name"),
                line=line if element is None else element.sourceline,
                message=message,
                mend=mend,
                rule=rule,
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

    procedure: Procedure
    file: str
    root: Element

    def fault(self, element: Element, rule: str, message: str, mend: str) -> None:
        """Note a fault that forbids deployment."""
        self.procedure.say(element, rule, message, mend, file=self.file)

    def warn(self, element: Element, rule: str, message: str, mend: str) -> None:
        """Note something that may be meant but deserves a look."""
        self.procedure.say(element, rule, message, mend, file=self.file, severity="warning")

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
        found: dict[str, list[Element]] = {}
        for flow in self.flows:
            found.setdefault(flow.get("sourceRef"), []).append(flow)
        return found

    @cached_property
    def incoming(self) -> dict[str, list[Element]]:
        """Return the sequence flows by the id of the node that they enter."""
        found: dict[str, list[Element]] = {}
        for flow in self.flows:
            found.setdefault(flow.get("targetRef"), []).append(flow)
        return found

    @cached_property
    def boundary_events(self) -> dict[str, list[Element]]:
        """Return the boundary events by the id of the activity that they sit on."""
        found: dict[str, list[Element]] = {}
        for event in self.of_kind("boundaryEvent"):
            found.setdefault(event.get("attachedToRef"), []).append(event)
        return found

    def next_nodes(self, node: Element) -> list[str]:
        """Return the ids of the nodes in the same scope that may follow *node*, its boundary events among them."""
        follow = [flow.get("targetRef") for flow in self.outgoing.get(node.get("id"), [])]
        return [*follow, *(event.get("id") for event in self.boundary_events.get(node.get("id"), []))]


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


def owner_id(element: Element) -> str | None:
    """Return the id of *element*, or of the nearest element around it that has one."""
    while element is not None and not element.get("id"):
        element = element.getparent()
    return None if element is None else str(element.get("id"))


def load(procedure: Procedure, file: str, xml: bytes) -> None:
    """Read one BPMN file into *procedure*, or note why it cannot be read."""
    try:
        root = read_diagram(xml)
    except Unreadable as error:
        procedure.say(
            None,
            "not_xml",
            f"Berkas ini tidak dapat dibaca sebagai XML ({error.reason}).",
            "Buka berkas ini di studio atau penyunting BPMN lain, lalu simpan lagi.",
            file=file,
            line=error.line,
        )
        return
    if root.tag != bpmn("definitions"):
        procedure.say(
            None,
            "not_bpmn",
            f"Berkas ini bukan BPMN 2.0: unsur terluarnya {local(root)}.",
            "Ekspor diagram sebagai BPMN 2.0 (XML).",
            file=file,
            line=root.sourceline,
        )
        return
    procedure.diagrams.append(Diagram(procedure, file, root))


def load_decisions(procedure: Procedure, file: str, xml: bytes) -> None:
    """Note the decisions that one DMN file offers."""
    try:
        root = read(xml)
    except Unreadable as error:
        procedure.say(
            None,
            "not_xml",
            f"Tabel keputusan ini tidak dapat dibaca sebagai XML ({error.reason}).",
            "Buka tabel ini di studio, lalu simpan lagi.",
            file=file,
            line=error.line,
        )
        return
    found = read_tables(xml)
    procedure.decisions |= {e.get("id") for e in root.iter() if local(e) == "decision" and e.get("id")}
    procedure.tables += [(file, table) for table in found.tables.values()]
    for fault in found.faults:
        procedure.say(
            None,
            "decision_unreadable",
            f"Tabel keputusan {fault.decision or '(tanpa id)'}: {fault.reason}.",
            "Perbaiki tabel itu; docs/ungkapan.md memuat tulisan sel yang dibaca.",
            file=file,
            line=fault.line,
        )


def inner_text(element: Element, *path: str) -> str:
    """Return the text of the BPMN descendant at *path*; empty if there is none."""
    return text_of(element.find("/".join(bpmn(name) for name in path)))
