"""Rules about sequence flows: reachability, cycles, and sizes that the engine cannot process."""

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from engine.bpmn.flow_graph import reached
from engine.bpmn.rules.diagram import CHOOSING, GATEWAYS, SUB_PROCESSES, CheckedProcedure, Diagram, called, kinds
from engine.bpmn.safe_xml import Element, bpmn, children, local

MAX_CHAIN = 750  # the engine predicts tasks recursively; at about 950 in a row Python's stack is exceeded
MAX_PREDICTED = 2_000  # tasks that the engine predicts at once

_AT_AN_END = 3  # an end event and two internal tasks after it

# Elements at which an instance waits for an event from outside.
_WAITING = frozenset(
    {"userTask", "manualTask", "task", "receiveTask", "intermediateCatchEvent", "eventBasedGateway", "callActivity"}
)


def check(procedure: CheckedProcedure, diagram: Diagram) -> None:
    """Check the flows, starts, ends and cycles of every scope."""
    for flow in diagram.flows:
        _check_ends(diagram, flow)
    for node in diagram.all_nodes:
        _check_outgoing(diagram, node)
    for scope in diagram.scopes:
        if local(scope) == "process" and scope.get("isExecutable", "true") != "true":
            continue
        _check_starts_and_ends(diagram, scope)
        graph = {
            node.get("id"): [name for name in diagram.next_nodes(node) if name in diagram.elements]
            for node in diagram.nodes(scope)
        }
        _check_reachable(diagram, scope, graph)
        if not _check_cycles(diagram, graph):
            _check_size(diagram, graph)


def _check_ends(diagram: Diagram, flow: Element) -> None:
    for attribute, word in (("sourceRef", "asal"), ("targetRef", "tujuan")):
        node = diagram.elements.get(flow.get(attribute))
        if node is None:
            diagram.say("flow_loose", flow, word=word, named=flow.get(attribute) or "kosong")
        elif node.getparent() is not flow.getparent():
            diagram.say("flow_across", flow)


def _check_outgoing(diagram: Diagram, node: Element) -> None:
    kind, outgoing = local(node), diagram.outgoing.get(node.get("id"), [])
    conditional = [flow for flow in outgoing if flow.find(bpmn("conditionExpression")) is not None]
    if kind not in CHOOSING:
        for flow in conditional:
            diagram.say("condition_ignored", flow, node=node)
    if kind == "endEvent" and outgoing:
        diagram.say("end_left", node)
    elif kind == "startEvent" and diagram.incoming.get(node.get("id")):
        diagram.say("start_entered", node)
    elif kind not in GATEWAYS and kind != "startEvent" and len(outgoing) > 1:
        diagram.say("two_ways_out", node, count=len(outgoing))
    if kind in CHOOSING and node.get("default") and node.get("default") not in {f.get("id") for f in outgoing}:
        diagram.say("default_unknown", node, flow=node.get("default"))
    if kind in CHOOSING and len(outgoing) > 1:
        plain = [f for f in outgoing if f not in conditional and f.get("id") != node.get("default")]
        for flow in plain:
            diagram.say("condition_missing", flow, node=node)
        if not plain and not node.get("default"):
            diagram.say("default_missing", node)
    if kind == "eventBasedGateway":
        _check_event_gateway(diagram, node, outgoing)


def _check_event_gateway(diagram: Diagram, gateway: Element, outgoing: Iterable[Element]) -> None:
    targets = [diagram.elements[f.get("targetRef")] for f in outgoing if f.get("targetRef") in diagram.elements]
    for target in targets:
        if local(target) not in {"intermediateCatchEvent", "receiveTask"} or "conditional" in kinds(target):
            diagram.say("event_gateway", target, gateway=gateway)
    timers = [target for target in targets if "timer" in kinds(target)]
    for timer in timers[1:]:
        diagram.say("event_gateway_timers", timer, gateway=gateway, count=len(timers))


def _check_starts_and_ends(diagram: Diagram, scope: Element) -> None:
    nodes = diagram.nodes(scope)
    starts = [node for node in nodes if local(node) == "startEvent"]
    place = "Proses" if local(scope) == "process" else "Subproses"
    if local(scope) == "adHocSubProcess":
        return
    if not nodes and local(scope) == "process":
        diagram.say("scope_empty", scope, place=place)
        return
    if not starts:
        diagram.say("start_missing", scope, place=place)
    for extra in starts[1:]:
        diagram.say("starts_several", extra, place=place, scope=scope, count=len(starts))
    if not any(local(node) == "endEvent" for node in nodes):
        diagram.say("end_missing", scope, place=place)
    for node in nodes:
        leaves = diagram.outgoing.get(node.get("id"))
        if not leaves and local(node) != "endEvent" and not _stands_alone(node) and "link" not in kinds(node):
            diagram.say("implicit_end", node)


def _stands_alone(node: Element) -> bool:
    """Whether *node* needs no incoming flow: an event sub-process or a compensation handler."""
    return "true" in {node.get("triggeredByEvent"), node.get("isForCompensation")}


def _check_reachable(diagram: Diagram, scope: Element, graph: Mapping[str, list[str]]) -> None:
    nodes = {node.get("id"): node for node in diagram.nodes(scope)}
    begin = [name for name, node in nodes.items() if local(node) == "startEvent" or _stands_alone(node)]
    if not any(local(nodes[name]) == "startEvent" for name in begin):
        return  # reported already; every node of the scope would be unreachable
    found = reached(begin, lambda name: graph.get(name, ()))
    for name, node in nodes.items():
        if name not in found:
            diagram.say("unreachable", node)


def _check_cycles(diagram: Diagram, graph: Mapping[str, list[str]]) -> bool:
    """Report a cycle that cannot run; return whether there is one."""
    elements = diagram.elements
    may_leave = {name for name in graph if _may_leave(diagram, elements[name])}
    waiting = {name for name in graph if _waits(elements[name])}
    for saying, stops in (("cycle_without_exit", may_leave), ("cycle_without_wait", waiting)):
        if cycle := _cycle(graph, stops):
            diagram.say(saying, elements[cycle[0]], route=_route(elements, cycle))
            return True
    return False


def _may_leave(diagram: Diagram, node: Element) -> bool:
    """Whether a token has alternatives at *node*; the engine's prediction stops there.

    The path after a boundary event is taken instead of the activity's normal exit, or in addition.
    """
    if local(node) in {"eventBasedGateway", "boundaryEvent"}:
        return True
    return local(node) in CHOOSING and len(diagram.outgoing.get(node.get("id"), [])) > 1


def _waits(node: Element) -> bool:
    if local(node) in SUB_PROCESSES:
        return any(_waits(child) for child in children(node))
    return local(node) in _WAITING


def _route(elements: Mapping[str, Element], cycle: Iterable[str]) -> str:
    names = [called(elements[name]) for name in cycle]
    shown = [*names[:3], "…", names[-1]] if len(names) > 5 else names
    return " → ".join([*shown, names[0]])


def _cycle(graph: Mapping[str, list[str]], stops: set[str]) -> list[str]:
    """Return a cycle that avoids *stops*, in order; empty if there is none."""
    sorter = TopologicalSorter[str]({name: () for name in graph if name not in stops})
    for name, ahead in graph.items():
        for step in ahead:
            if step in graph and not stops & {name, step}:
                sorter.add(step, name)
    try:
        sorter.prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        return cycle[:-1]  # it ends where it begins
    return []


def _check_size(diagram: Diagram, graph: Mapping[str, list[str]]) -> None:
    """Check the depth and the number of tasks of the engine's prediction."""
    depths, counts = _predicted(diagram, graph)
    deepest = max(depths, key=lambda name: depths[name], default="")
    if depths.get(deepest, 0) > MAX_CHAIN:
        diagram.say("chain_too_long", diagram.elements[deepest], count=depths[deepest], most=MAX_CHAIN)
        return
    worst = max(counts, key=lambda name: counts[name], default="")
    if counts.get(worst, 0) > MAX_PREDICTED:
        diagram.say("too_many_branches", diagram.elements[worst], count=counts[worst], most=MAX_PREDICTED)


def _predicted(diagram: Diagram, graph: Mapping[str, list[str]]) -> tuple[dict[str, int], dict[str, int]]:
    """Return the depth and the number of tasks that the engine predicts from every node.

    The prediction follows every way and joins nothing, so tasks after a join count once per branch. It ends at a
    gateway that chooses.
    """
    depths: dict[str, int] = {}
    counts: dict[str, int] = {}
    for start in graph:
        stack = [start]
        while stack:
            name = stack[-1]
            ahead = [step for step in graph[name] if step in graph]
            if name in counts:
                stack.pop()
            elif _may_leave(diagram, diagram.elements[name]):
                depths[name], counts[name] = 2, 1 + len(ahead)
            elif missing := [step for step in ahead if step not in counts]:
                stack.extend(missing)
            else:
                depths[name] = 1 + max((depths[step] for step in ahead), default=0)
                counts[name] = (1 if ahead else _AT_AN_END) + sum(counts[step] for step in ahead)
    return depths, counts
