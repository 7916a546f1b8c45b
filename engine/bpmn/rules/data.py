"""Rules about data objects, references to them, and data associations."""

from engine.bpmn.rules.diagram import CheckedProcedure, Diagram
from engine.bpmn.safe_xml import Element, bpmn, children, local, text_of


def check(procedure: CheckedProcedure, diagram: Diagram) -> None:
    """Check references and associations."""
    for scope in diagram.scopes:
        for reference in children(scope, "dataObjectReference"):
            target = diagram.elements.get(reference.get("dataObjectRef"))
            if target is None or local(target) != "dataObject":
                diagram.say("data_object_unknown", reference, data=reference.get("dataObjectRef") or "kosong")
        for store in children(scope, "dataStoreReference"):
            diagram.say("data_store", store)
    for node in diagram.all_nodes:
        for kind, far in (("dataInputAssociation", "sourceRef"), ("dataOutputAssociation", "targetRef")):
            for association in children(node, kind):
                for end in children(association, far):
                    _check_end(diagram, node, end)
                _check_mapping(diagram, node, association)


def _check_end(diagram: Diagram, node: Element, end: Element) -> None:
    reference = diagram.elements.get(text_of(end))
    if reference is None or local(reference) not in {"dataObjectReference", "dataObject", "dataStoreReference"}:
        diagram.say("data_association_unknown", end, node=node, data=text_of(end) or "(kosong)")
        return
    if local(reference) != "dataObjectReference":
        diagram.say("data_association_other", end, node=node, reference=reference)
        return
    data = diagram.elements.get(reference.get("dataObjectRef"))
    if data is not None and data.getparent() not in node.iterancestors():
        diagram.say("data_object_elsewhere", node, reference=reference)


def _check_mapping(diagram: Diagram, node: Element, association: Element) -> None:
    for name in ("transformation", "assignment"):
        if association.find(bpmn(name)) is not None:
            diagram.say("data_mapping_ignored", association, node=node, name=name)
