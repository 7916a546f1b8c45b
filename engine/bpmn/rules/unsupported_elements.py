"""Rules about elements that the engine does not run, or not as BPMN defines them."""

import re
from decimal import Decimal

from engine.bpmn import expression
from engine.bpmn.flow_graph import reached
from engine.bpmn.limits import MOST_ITEMS
from engine.bpmn.rules.diagram import CheckedProcedure, Diagram, inner_text
from engine.bpmn.safe_xml import CAMUNDA, SPIFF, ZEEBE, Element, bpmn, children, local

_MAXIMUM = re.compile(r"[1-9][0-9]{0,8}")
_REFUSED = {"adHocSubProcess": "unsupported_ad_hoc", "complexGateway": "unsupported_complex_gateway"}


def check(procedure: CheckedProcedure, diagram: Diagram) -> None:
    """Check the kinds of activities and gateways, loops and calls."""
    for node in diagram.all_nodes:
        kind = local(node)
        if kind in _REFUSED:
            diagram.say(_REFUSED[kind], node)
        if node.get("isForCompensation") == "true":
            diagram.say("unsupported_compensation", node)
        _check_loop(diagram, node)
        _check_beginning(diagram, node)
        match kind:
            case "task":
                diagram.say("task_abstract", node)
            case "serviceTask":
                service = service_of(node)
                diagram.say("unsupported_service", node, service=f" ({service})" if service else "")
            case "businessRuleTask":
                _check_decision(procedure, diagram, node)
            case "callActivity":
                _check_call(procedure, diagram, node)
            case "sendTask" | "receiveTask" if not _names_message(diagram, node):
                diagram.say("message_missing", node)
            case "subProcess" if node.get("triggeredByEvent") == "true" and _is_joined(diagram, node):
                diagram.say("event_sub_process_flow", node)


def _check_beginning(diagram: Diagram, node: Element) -> None:
    if node.get("instantiate") == "true":
        diagram.say("start_instantiates", node)
    for attribute in ("startQuantity", "completionQuantity"):
        if node.get(attribute, "1") != "1":
            diagram.say("quantity", node, attribute=attribute)


def _names_message(diagram: Diagram, task: Element) -> bool:
    message = diagram.elements.get(task.get("messageRef"))
    return message is not None and local(message) == "message"


def service_of(node: Element) -> str:
    """Return the name of the service that a task calls, from another tool's extension; empty if there is none."""
    for attribute in ("class", "delegateExpression", "expression", "topic"):
        if node.get(f"{{{CAMUNDA}}}{attribute}"):
            return f"camunda:{attribute} {node.get(f'{{{CAMUNDA}}}{attribute}')}"
    for tag, attribute in ((f"{{{SPIFF}}}serviceTaskOperator", "id"), (f"{{{ZEEBE}}}taskDefinition", "type")):
        for element in node.iterfind(f"{bpmn('extensionElements')}/{tag}"):
            if element.get(attribute):
                return str(element.get(attribute))
    return ""


def _check_decision(procedure: CheckedProcedure, diagram: Diagram, task: Element) -> None:
    node = task.find(f"{bpmn('extensionElements')}/{{{SPIFF}}}calledDecisionId")
    decision = (node.text or "").strip() if node is not None else (task.get(f"{{{CAMUNDA}}}decisionRef") or "")
    if decision not in procedure.decisions:
        diagram.say("decision_missing", task, decision=decision or "(kosong)")


def _check_call(procedure: CheckedProcedure, diagram: Diagram, activity: Element) -> None:
    processes = {process.get("id"): process for _, process in procedure.processes()}
    target = activity.get("calledElement")
    if target not in processes:
        diagram.say("call_missing", activity, target=target or "(kosong)")
        return
    if processes[target].get("isExecutable", "true") != "true":
        diagram.say("call_not_executable", activity, target=target)

    def called_by(name: str) -> list[str]:
        calls = processes[name].iter(bpmn("callActivity")) if name in processes else ()
        return [call.get("calledElement") for call in calls]

    own = next(around for around in activity.iterancestors() if local(around) == "process")
    if own.get("id") in reached([target], called_by):
        diagram.say("call_recursion", activity, process=own.get("id"))


def _is_joined(diagram: Diagram, node: Element) -> bool:
    return bool(diagram.incoming.get(node.get("id")) or diagram.outgoing.get(node.get("id")))


def _check_loop(diagram: Diagram, node: Element) -> None:
    standard = node.find(bpmn("standardLoopCharacteristics"))
    if standard is not None and not standard.get("loopMaximum") and not inner_text(standard, "loopCondition"):
        diagram.say("loop_open", node)
    if standard is not None and not _MAXIMUM.fullmatch(standard.get("loopMaximum") or "1"):
        diagram.say("loop_maximum", node, most=standard.get("loopMaximum"))
    if len(loops := list(children(node, "standardLoopCharacteristics", "multiInstanceLoopCharacteristics"))) > 1:
        diagram.say("loop_twice", node, count=len(loops))
    several = node.find(bpmn("multiInstanceLoopCharacteristics"))
    if several is None:
        return
    if several.get(f"{{{CAMUNDA}}}collection"):
        item = several.get(f"{{{CAMUNDA}}}elementVariable") or "butirnya"
        diagram.say("camunda_collection", node, collection=several.get(f"{{{CAMUNDA}}}collection"), item=item)
        return
    count, collection = inner_text(several, "loopCardinality"), inner_text(several, "loopDataInputRef")
    if bool(count) == bool(collection):
        diagram.say("instances_twice" if count else "instances_unknown", node)
    if (known := _constant(count)) is not None and known > MOST_ITEMS:
        diagram.say("instances_too_many", node, count=int(known), most=MOST_ITEMS)
    if several.get("behavior", "All") != "All":
        diagram.say("instances_behavior", node)


def _constant(text: str) -> Decimal | None:
    """Return the value of a constant expression; None if it is not constant or not a number."""
    try:
        compiled = expression.compile(text)
        value = None if compiled.names or compiled.calls else compiled.evaluate({})
    except expression.ExpressionError:
        return None  # reported by the rules about expressions
    return value if isinstance(value, Decimal) else None
