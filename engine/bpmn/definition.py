"""A process definition: the outline of its diagram, and the specification that the engine runs.

It is parsed once per worker and shared by all instances of its version, so it must not change
(``engine.bpmn.upstream.freeze``).
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

from engine.bpmn import decisions, expression, safe_xml
from engine.bpmn.flow_graph import FlowGraph, course_of, in_order
from engine.bpmn.parsing import Parser
from engine.bpmn.safe_xml import Element, bpmn, children, local, sop, text_of
from engine.bpmn.timers import is_literal
from engine.bpmn.upstream import freeze
from engine.model.errors import Finding, InvalidProcedure
from engine.model.process import DataObject, DataReference, Lane, ProcessModel, UserTask

_LOG = logging.getLogger(__name__)
MANUAL = ("userTask", "manualTask", "task")
SUB_PROCESSES = ("subProcess", "transaction")
OTHER_ACTIVITIES = (
    "scriptTask",
    "serviceTask",
    "sendTask",
    "receiveTask",
    "businessRuleTask",
    "callActivity",
    *SUB_PROCESSES,
)
EXPRESSIONS = (
    "conditionExpression",
    "timeDate",
    "timeDuration",
    "timeCycle",
    "loopCardinality",
    "loopCondition",
    "completionCondition",
    "condition",
)
SPIFF_EXPRESSIONS = ("messagePayload", "payloadExpression", "expression")  # the last in a processVariableCorrelation
SPIFF_SCRIPTS = ("preScript", "postScript")


@dataclass(frozen=True)
class Definition:
    """A version of a process, ready to run; *spec* and *subprocess_specs* are SpiffWorkflow's, frozen."""

    outline: ProcessModel
    spec: Any
    subprocess_specs: Mapping[str, Any]
    kinds: Mapping[str, str]  # element_id -> its type in BPMN, such as userTask
    flows: Mapping[tuple[str, str], tuple[str, ...]]  # (source, target) -> ids of the sequence flows between them
    course: FlowGraph
    tables: Mapping[str, decisions.Table]  # decision tables by id


def load(files: Mapping[str, bytes], process_id: str) -> Definition:
    """Return the definition in *files*; InvalidProcedure names file, element and line of a fault."""
    path = f"processes/{process_id}/{process_id}.bpmn"
    if path not in files:
        raise InvalidProcedure([Finding(path, "Berkas diagram tidak ada.", f"Tambahkan {path}.", "parse")])
    tables = _tables(files)
    parser = Parser(tables)
    roots: dict[str, Element] = {}
    for name in sorted(files):
        if name.startswith("processes/") and name.endswith(".bpmn"):
            roots[name] = _read(name, files[name])
            _drop_declarations(roots[name])
            try:
                parser.add_bpmn_xml(roots[name].getroottree(), filename=name)
            except (ValidationException, etree.LxmlError) as error:
                raise _invalid(name, error) from None
    try:
        spec = parser.get_spec(process_id)
        subprocess_specs = parser.get_subprocess_specs(process_id)
    except (ValidationException, RecursionError) as error:
        raise _invalid(path, error) from None
    freeze([spec, *subprocess_specs.values()], _sides(roots.values()))
    every = list(roots.values())
    kinds = {id_: local(e) for root in every for id_, e in safe_xml.identified(root).items()}
    process = next(p for p in roots[path].iter(bpmn("process")) if p.get("id") == process_id)
    reached = _reached(process, every)
    course = course_of(process, {each.get("id"): each for each in reached})
    return Definition(
        outline=_outline(process, reached, every, course, tables),
        spec=spec,
        subprocess_specs=subprocess_specs,
        kinds=kinds,
        flows=_flows(every),
        course=course,
        tables=tables,
    )


def _drop_declarations(root: Element) -> None:
    """Remove declarations that the engine would misunderstand.

    After an activity with an ``ioSpecification`` (BPMN 2.0.2, 10.4.2) upstream drops all other values. Data stores are
    documentation only. A process is started by a person; earlier versions may have start events of other kinds.
    """
    for activity in root.iter(*(bpmn(kind) for kind in (*MANUAL, *OTHER_ACTIVITIES))):
        for declared in list(children(activity, "ioSpecification")):
            activity.remove(declared)
    for start in [e for process in root.iter(bpmn("process")) for e in children(process, "startEvent")]:
        for waited in [e for e in children(start) if local(e).endswith("EventDefinition")]:
            start.remove(waited)
    for drawn in list(root.iter(bpmn("dataStore"), bpmn("dataStoreReference"))):
        drawn.getparent().remove(drawn)


def _tables(files: Mapping[str, bytes]) -> dict[str, decisions.Table]:
    found: dict[str, decisions.Table] = {}
    for name in sorted(files):
        if name.startswith("processes/") and name.endswith(".dmn"):
            _read(name, files[name])  # raises with the line if it is unreadable
            read = decisions.read(files[name])
            if read.faults:
                mend = "Perbaiki tabel itu."
                findings = [
                    Finding(name, each.reason, mend, "parse", element_id=each.decision, line=each.line)
                    for each in read.faults
                ]
                raise InvalidProcedure(findings)
            found |= read.tables
    return found


def _sides(roots: Iterable[Element]) -> dict[str, bool]:
    """Return which start events of event sub-processes interrupt (BPMN 2.0.2, 10.5.2); errors always do."""
    return {
        start.get("id"): start.get("isInterrupting") != "false" or start.find(bpmn("errorEventDefinition")) is not None
        for root in roots
        for side in root.iter(bpmn("subProcess"))
        if side.get("triggeredByEvent") == "true"
        for start in children(side, "startEvent")
    }


def _read(name: str, content: bytes) -> Element:
    try:
        return safe_xml.read_diagram(content)
    except safe_xml.Unreadable as error:
        message = f"Berkas ini tidak terbaca: {error.reason}."
        found = Finding(name, message, "Simpan ulang dari editor.", "parse", line=error.line)
        raise InvalidProcedure([found]) from None


def _invalid(path: str, error: Exception) -> InvalidProcedure:
    _LOG.warning("%s: %s", path, error)  # upstream's message is for developers
    line, id_ = getattr(error, "line_number", None), getattr(error, "id", None)
    file, line = getattr(error, "file_name", None) or path, line if isinstance(line, int) else None
    message = f"Mesin tidak dapat membaca {f'unsur {id_}' if id_ else 'diagram ini'}."
    mend = "Gambar ulang unsur itu dengan cara lain; docs/bpmn.md menyebut yang dapat dijalankan."
    return InvalidProcedure([Finding(file, message, mend, "parse", element_id=id_, line=line)])


# ── the outline ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _outline(
    process: Element,
    reached: list[Element],
    roots: list[Element],
    course: FlowGraph,
    tables: Mapping[str, decisions.Table],
) -> ProcessModel:
    process_id = process.get("id")
    lanes, lane_of = _lanes(reached)
    nodes = {id_: e for each in reached for id_, e in safe_xml.identified(each).items()}
    references = {e.get("id"): e for each in roots for e in each.iter(bpmn("dataObjectReference"))}
    ordered = _in_flow_order(course, nodes)
    start = next(children(process, "startEvent"))
    names = {id_: e.get("name") for id_, e in nodes.items() if e.get("name")}
    english = {id_: e.get(sop("nama")) for id_, e in nodes.items() if e.get(sop("nama"))}
    starters = (process.get(sop("pemulai")) or "").split()
    start_lane = lane_of.get(start.get("id"))
    tasks = tuple(_user_task(element, number, lane_of, references) for number, element in enumerate(ordered, start=1))
    return ProcessModel(
        process_id=process_id,
        name=process.get("name") or process_id,
        name_en=process.get(sop("nama")),
        documentation=text_of(next(children(process, "documentation"), None)),
        identity=_identity(process),
        lanes=lanes,
        tasks=tasks,
        data_objects=_data_objects(reached, references),
        start_event=start.get("id"),
        starters=tuple(starters) if starters else ((start_lane.role,) if start_lane else ()),
        archivist=process.get(sop("arsip")),
        title=process.get(sop("judul")),
        key=process.get(sop("kunci")),
        reference_date=process.get(sop("tanggalAcuan")),
        needed_names=_needed_names(roots).union(*(table.names for table in tables.values())),
        proposals=frozenset(id_ for id_, e in nodes.items() if e.get(sop("usulan")) == "true"),
        names=names,
        names_en=english,
        roles={id_: lane.role for id_, lane in lane_of.items()},
        sample_teams=frozenset(
            element.get(sop("peran")) or element.get("id")
            for each in reached
            for element in each.iter(bpmn("lane"))
            if element.get(sop("contohTim")) == "true"
        ),
    )


def _reached(process: Element, roots: list[Element]) -> list[Element]:
    """Return *process* and all processes that it calls, directly or not (BPMN 2.0.2, 10.3.6)."""
    known = {each.get("id"): each for root in roots for each in root.iter(bpmn("process"))}
    found = [process]
    for each in found:
        for activity in each.iter(bpmn("callActivity")):
            called = known.get(activity.get("calledElement"))
            if called is not None and called not in found:
                found.append(called)
    return found


def _lanes(processes: list[Element]) -> tuple[tuple[Lane, ...], dict[str, Lane]]:
    """Return the lanes from top to bottom, and the innermost lane of every flow node.

    Elements in a sub-process inherit its lane. Lanes of one role in several processes count once.
    """
    lanes: dict[str, Lane] = {}
    lane_of: dict[str, Lane] = {}
    for element in (lane for process in processes for lane in process.iter(bpmn("lane"))):
        lane = Lane(
            id=element.get("id"),
            name=element.get("name") or element.get("id"),
            name_en=element.get(sop("nama")),
            role=element.get(sop("peran")) or element.get("id"),
        )
        if next(element.iter(bpmn("childLaneSet")), None) is None:
            lanes.setdefault(lane.role, lane)
        for reference in children(element, "flowNodeRef"):
            lane_of[text_of(reference)] = lane
    for element in (e for process in processes for e in process.iter(*(bpmn(kind) for kind in SUB_PROCESSES))):
        inherited = lane_of.get(element.get("id"))
        for inner in element.iter():
            if inherited is not None and inner.get("id"):
                lane_of.setdefault(inner.get("id"), inherited)
    return tuple(lanes.values()), lane_of


def _in_flow_order(course: FlowGraph, nodes: Mapping[str, Element]) -> list[Element]:
    """Return the tasks for people in flow order; parallel branches in the order of the file."""
    rank = {id_: place for place, id_ in enumerate(nodes)}
    return [nodes[id_] for id_ in in_order(course, rank) if id_ in nodes and local(nodes[id_]) in MANUAL]


def _user_task(
    element: Element, number: int, lane_of: Mapping[str, Lane], references: Mapping[str, Element]
) -> UserTask:
    id_ = element.get("id")
    lane = lane_of.get(id_)
    return UserTask(
        element_id=id_,
        name=element.get("name") or id_,
        name_plain=element.get(sop("ejaanBaku")),
        name_en=element.get(sop("nama")),
        reminder=element.get(sop("pengingat")),
        escalation=element.get(sop("eskalasi")),
        note=element.get(sop("keterangan")) or "",
        number=number,
        role=lane.role if lane else "",
        standard_time=element.get(sop("waktu")),
        performer=element.get(sop("pelaksana")),
        not_performer_of=element.get(sop("bukanPelaksana")),
        inputs=_associated(element, "dataInputAssociation", "sourceRef", references),
        outputs=_associated(element, "dataOutputAssociation", "targetRef", references),
        multi_instance=next(children(element, "multiInstanceLoopCharacteristics"), None) is not None,
        form=safe_xml.form_of(element),
        documentation=text_of(next(children(element, "documentation"), None)),
    )


def _associated(
    element: Element, association: str, end: str, references: Mapping[str, Element]
) -> tuple[DataReference, ...]:
    found = []
    for one in children(element, association):
        for reference_id in (text_of(e) for e in children(one, end)):
            reference = references[reference_id]  # upstream refuses others
            object_id = reference.get("dataObjectRef") or reference_id
            name = reference.get("name") or object_id
            found.append(DataReference(object_id, name, reference.get(sop("nama")), reference_id))
    return tuple(found)


def _data_objects(processes: list[Element], references: Mapping[str, Element]) -> tuple[DataObject, ...]:
    found = []
    for element in (data_object for process in processes for data_object in process.iter(bpmn("dataObject"))):
        id_ = element.get("id")
        named = [element, *(r for r in references.values() if r.get("dataObjectRef") == id_)]
        name = next((e.get("name") for e in named if e.get("name")), id_)
        english = next((e.get(sop("nama")) for e in named if e.get(sop("nama"))), None)
        found.append(DataObject(id_, name, english, element.get(sop("persetujuan")) or None))
    return tuple(found)


def _identity(process: Element) -> dict[str, Any]:
    for extensions in children(process, "extensionElements"):
        for element in extensions:
            if element.tag == sop("identitas"):
                found: dict[str, Any] = dict(element.attrib)
                for child in element:
                    found.setdefault(local(child), []).append(text_of(child))
                return found
    return {}


def _needed_names(roots: list[Element]) -> frozenset[str]:
    """Return the variables in all expressions of the diagrams; rules refuse unreadable ones at deployment."""
    names: set[str] = set()

    def read(text: str | None) -> None:
        if text and text.strip() and not is_literal(text) and (compiled := expression.if_readable(text)):
            names.update(compiled.names)

    for root in roots:
        for element in root.iter():
            name = local(element)
            if name in EXPRESSIONS or name in SPIFF_EXPRESSIONS:
                read(element.text)
            elif name == "loopDataInputRef" and element.text:
                names.add(element.text.strip())
            elif name in ("outputDataItem", "dataInput", "dataOutput"):  # collected, or passed to and from a call
                names.add(str(element.get("id")))
            elif name == "script" or name in SPIFF_SCRIPTS:
                try:
                    for _, assigned in expression.script(element.text or ""):
                        names.update(assigned.names)
                except expression.ExpressionError:
                    continue
            read(element.get(sop("pelaksana")))
    return frozenset(names)


def _flows(roots: list[Element]) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for root in roots:
        for flow in root.iter(bpmn("sequenceFlow")):
            ends = (flow.get("sourceRef"), flow.get("targetRef"))
            found[ends] = (*found.get(ends, ()), flow.get("id"))
    return found
