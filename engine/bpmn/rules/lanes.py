"""Rules about lanes."""

from engine.bpmn.rules.diagram import SUB_PROCESSES, CheckedProcedure, Diagram
from engine.bpmn.safe_xml import Element, bpmn, children, local, text_of


def check(procedure: CheckedProcedure, diagram: Diagram) -> None:
    """Check that every task for people is in a lane, and that lanes have ids and names."""
    placed: set[str] = set()
    for process in diagram.processes:
        for lane in process.iter(bpmn("lane")):
            _check_lane(diagram, lane)
            placed |= {text_of(ref) for ref in children(lane, "flowNodeRef")}
    for task in diagram.of_kind("userTask", "manualTask", "task"):
        if not any(around.get("id") in placed for around in _with_sub_processes(task)):
            diagram.say("lane_missing", task)


def _check_lane(diagram: Diagram, lane: Element) -> None:
    if not lane.get("id"):
        diagram.say("lane_without_id", lane)
    if not (lane.get("name") or "").strip():
        diagram.say("lane_without_name", lane)
    for ref in children(lane, "flowNodeRef"):
        if text_of(ref) not in diagram.elements:
            diagram.say("lane_reference", ref, lane=lane, named=text_of(ref))


def _with_sub_processes(node: Element) -> list[Element]:
    """Return *node* and the sub-processes around it, whose lane it inherits."""
    around = [node]
    while (node := node.getparent()) is not None and local(node) in SUB_PROCESSES:
        around.append(node)
    return around
