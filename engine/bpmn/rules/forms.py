"""Rules about a diagram and its forms: every step has a form, with fields for the outputs of the step."""

from engine.bpmn.rules.diagram import CheckedProcedure, Diagram
from engine.bpmn.safe_xml import Element, children, form_of, local, text_of

RESERVED = frozenset({"typename", "data_objects"})


def data_of(diagram: Diagram, node: Element, association: str, end: str) -> list[tuple[Element, str]]:
    """Return the data object references of a node's associations, each with the id of its data object."""
    references = [
        diagram.elements[text_of(ref)]
        for each in children(node, association)
        for ref in children(each, end)
        if text_of(ref) in diagram.elements
    ]
    return [(each, each.get("dataObjectRef")) for each in references if local(each) == "dataObjectReference"]


def check(procedure: CheckedProcedure, diagram: Diagram) -> None:
    """Check that each step has a form, and that documents are made before they are needed."""
    if procedure.forms is None:
        return
    fields = procedure.forms.fields
    yielded = {
        data
        for other in procedure.diagrams
        for node in other.all_nodes
        for _, data in data_of(other, node, "dataOutputAssociation", "targetRef")
    }
    yielded |= {  # inputs that the step's own form asks for
        data
        for other in procedure.diagrams
        for task in other.of_kind("userTask")
        for _, data in data_of(other, task, "dataInputAssociation", "sourceRef")
        if data in fields.get(form_of(task), ())
    }
    _check_start(procedure, diagram)
    for node in diagram.all_nodes:
        for reference, _ in data_of(diagram, node, "dataOutputAssociation", "targetRef"):
            if local(node) != "userTask" and form_of(node) not in fields:
                diagram.say("output_by_nobody", node, reference=reference)
    for task in diagram.of_kind("userTask"):
        form = form_of(task)
        if form not in fields:
            diagram.say("form_missing", task, form=form)
            continue
        for name in sorted(RESERVED & fields[form]):
            diagram.say("name_reserved", task, name=name, form=form)
        for reference, data in data_of(diagram, task, "dataOutputAssociation", "targetRef"):
            if data not in fields[form]:
                diagram.say("output_without_field", task, data=data, reference=reference, form=form)
        for reference, data in data_of(diagram, task, "dataInputAssociation", "sourceRef"):
            if data not in yielded and data not in fields[form]:
                diagram.say("input_never_given", task, reference=reference, data=data, form=form)


def _check_start(procedure: CheckedProcedure, diagram: Diagram) -> None:
    for process in diagram.processes:
        start = next(children(process, "startEvent"), None)
        if start is None or process.get("id") != procedure.process_id or procedure.forms is None:
            continue
        if start.get("id") not in procedure.forms.fields:
            diagram.say("start_form_missing", start, form=start.get("id"))
