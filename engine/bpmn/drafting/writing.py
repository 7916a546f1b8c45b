"""Writes a drafted diagram as BPMN 2.0 with its drawing (BPMN DI)."""

from collections.abc import Mapping

from lxml import etree

from engine.bpmn.drafting.placing import Places, association_id, flow_id, reference_id
from engine.bpmn.drafting.planning import QUESTION, START, Plan, PlannedStep, PlannedWay, every_way
from engine.bpmn.drawing.scene import Bounds
from engine.bpmn.drawing.svg import number
from engine.bpmn.safe_xml import BPMN, BPMNDI, DC, DI, SOP, XSI, Element, bpmn, sop
from engine.model.sop_sheet import END

NAMESPACES = {"bpmn": BPMN, "bpmndi": BPMNDI, "dc": DC, "di": DI, "sop": SOP, "xsi": XSI}


def write(plan: Plan, places: Places) -> bytes:
    """Return *plan*, drawn at *places*, as a BPMN file."""
    root = etree.Element(bpmn("definitions"), nsmap=NAMESPACES)
    root.attrib.update({"id": "definisi", "targetNamespace": f"urn:alur:{plan.process_id}", "exporter": "Alur"})
    collaboration = _add(root, "collaboration", id="kolaborasi")
    _add(collaboration, "participant", id="kantor", name=plan.name, processRef=plan.process_id)
    _process(root, plan)
    _drawing(root, plan, places)
    etree.indent(root)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def _add(parent: Element, kind: str, text: str | None = None, **attributes: str) -> Element:
    element = etree.SubElement(parent, bpmn(kind))
    for name, value in attributes.items():
        element.set(name, value)
    element.text = text
    return element


def _process(root: Element, plan: Plan) -> None:
    process = _add(root, "process", id=plan.process_id, name=plan.name, isExecutable="true")
    header = etree.SubElement(_add(process, "extensionElements"), sop("identitas"))
    header.set("judul", f"Standar Operasional Prosedur (SOP) {plan.name}")
    ends = [step for step in plan.steps if any(way.target == END for way in step.ways)]
    lanes = _add(process, "laneSet", id="jalur")
    for lane in plan.lanes:
        drawn = _add(lanes, "lane", id=lane.id, name=lane.name)
        held = [START] if plan.steps[0].lane == lane else []
        for step in plan.steps:
            if step.lane == lane:
                held += [step.id, *([step.gateway] if step.decides else [])]
                held += [plan.end_of(step)] if step in ends else []
        for id_ in held:
            _add(drawn, "flowNodeRef", id_)
    flows = _flows(plan)
    _node(process, "startEvent", START, "Mulai", flows)
    for step in plan.steps:
        _task(process, step, flows)
        if step.decides:
            gateway = _node(process, "exclusiveGateway", step.gateway, QUESTION, flows)
            gateway.set("default", flow_id(step.gateway, plan.target(step, step.ways[1])))
        if step in ends:
            _node(process, "endEvent", plan.end_of(step), "Selesai", flows)
    ways = {flow_id(step.leaves, plan.target(step, way)): (step, way) for step, way in every_way(plan)}
    for id_, (source, target) in flows.items():
        flow = _add(process, "sequenceFlow", id=id_, sourceRef=source, targetRef=target)
        if id_ in ways:
            _condition(flow, *ways[id_])
    for id_, name in plan.documents.items():
        _add(process, "dataObject", id=id_, name=name)
    for step in plan.steps:
        for needed, documents in ((True, step.inputs), (False, step.outputs)):
            for document in documents:
                id_ = reference_id(step, document, needed=needed)
                _add(process, "dataObjectReference", id=id_, name=document.name, dataObjectRef=document.object_id)


def _flows(plan: Plan) -> dict[str, tuple[str, str]]:
    pairs = [(START, plan.steps[0].id)]
    for step in plan.steps:
        if step.decides:
            pairs.append((step.id, step.gateway))
        pairs += [(step.leaves, plan.target(step, way)) for way in step.ways]
    return {flow_id(*pair): pair for pair in pairs}


def _node(process: Element, kind: str, id_: str, name: str, flows: Mapping[str, tuple[str, str]]) -> Element:
    node = _add(process, kind, id=id_, name=name)
    for kind_of_flow, end in (("incoming", 1), ("outgoing", 0)):
        for flow in (flow for flow, ends in flows.items() if ends[end] == id_):
            _add(node, kind_of_flow, flow)
    return node


def _task(process: Element, step: PlannedStep, flows: Mapping[str, tuple[str, str]]) -> None:
    task = _node(process, "userTask", step.id, step.step.activity, flows)
    if step.time:
        task.set(sop("waktu"), step.time)
    if step.step.note:
        task.set(sop("keterangan"), step.step.note)
    if step.inputs:  # BPMN requires a target of an input association; modellers write this one
        _add(task, "property", id=f"{step.id}_masukan", name="__targetRef_placeholder")
    for document in step.inputs:
        read = _add(task, "dataInputAssociation", id=association_id(step, document, needed=True))
        _add(read, "sourceRef", reference_id(step, document, needed=True))
        _add(read, "targetRef", f"{step.id}_masukan")
    for document in step.outputs:
        written = _add(task, "dataOutputAssociation", id=association_id(step, document, needed=False))
        _add(written, "targetRef", reference_id(step, document, needed=False))


def _condition(flow: Element, step: PlannedStep, way: PlannedWay) -> None:
    if way.name:
        flow.set("name", way.name)
    if step.decides and way is not step.ways[1]:  # the default flow
        condition = _add(flow, "conditionExpression", f'{step.answer} == "{way.answer}"')
        condition.set(f"{{{XSI}}}type", "bpmn:tFormalExpression")


def _drawing(root: Element, plan: Plan, places: Places) -> None:
    diagram = etree.SubElement(root, f"{{{BPMNDI}}}BPMNDiagram", id="gambar", name=plan.name)
    plane = etree.SubElement(diagram, f"{{{BPMNDI}}}BPMNPlane", id="bidang", bpmnElement="kolaborasi")
    _shape(plane, "kantor", places.pool, None, isHorizontal="true")
    lanes = {lane.id for lane in plan.lanes}
    gateways = {step.gateway for step in plan.steps}
    for id_, rect in places.shapes.items():
        more = {"isHorizontal": "true"} if id_ in lanes else {"isMarkerVisible": "true"} if id_ in gateways else {}
        _shape(plane, id_, rect, places.labels.get(id_), **more)
    for id_, points in places.lines.items():
        edge = etree.SubElement(plane, f"{{{BPMNDI}}}BPMNEdge", id=f"{id_}_di", bpmnElement=id_)
        for x, y in points:
            etree.SubElement(edge, f"{{{DI}}}waypoint", x=number(x), y=number(y))
        _label(edge, places.line_labels.get(id_))


def _shape(plane: Element, id_: str, rect: Bounds, label: Bounds | None, **more: str) -> None:
    shape = etree.SubElement(plane, f"{{{BPMNDI}}}BPMNShape", id=f"{id_}_di", bpmnElement=id_, **more)
    _bounds(shape, rect)
    _label(shape, label)


def _label(parent: Element, rect: Bounds | None) -> None:
    if rect is not None:
        _bounds(etree.SubElement(parent, f"{{{BPMNDI}}}BPMNLabel"), rect)


def _bounds(parent: Element, rect: Bounds) -> None:
    etree.SubElement(parent, f"{{{DC}}}Bounds", **{name: number(value) for name, value in rect.place.items()})
