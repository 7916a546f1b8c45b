"""The flow graph of a procedure: where a token can go from each element, including sub- and called processes.

SpiffWorkflow's specification is not used, because helper tasks hide the ways out of sub-processes, boundary events and
gateways there.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import TypeVar

from engine.bpmn.safe_xml import Element, bpmn, children, local

SUB_PROCESSES = ("subProcess", "transaction", "adHocSubProcess")


@dataclass(frozen=True, slots=True)
class FlowEdge:
    """A way from one element to the next."""

    source: str
    target: str
    flow: str = ""  # id of the sequence flow, if there is one
    aside: bool = False  # from an activity to its boundary event


@dataclass(frozen=True, slots=True)
class FlowGraph:
    """The ways of a procedure in the order of the file, with its start and end events."""

    ways: tuple[FlowEdge, ...] = ()
    begins: tuple[str, ...] = ()
    ends: frozenset[str] = frozenset()


Node = TypeVar("Node", bound=Hashable)


def reached(begins: Iterable[Node], after: Callable[[Node], Iterable[Node]]) -> set[Node]:
    """Return *begins* and all nodes reachable from them by *after*."""
    found: set[Node] = set()
    ahead = list(begins)
    while ahead:
        node = ahead.pop()
        if node not in found:
            found.add(node)
            ahead.extend(after(node))
    return found


def course_of(process: Element, callable_: Mapping[str, Element]) -> FlowGraph:
    """Return the flow graph of *process*; *callable_* has it and the processes that it calls, by id."""
    found: list[FlowEdge] = []
    seen: set[str] = set()

    def walk(scope: Element) -> None:
        if scope.get("id") in seen:
            return
        seen.add(scope.get("id"))
        inner: dict[str, Element] = {}
        for activity in children(scope, *SUB_PROCESSES, "callActivity"):
            called = activity if local(activity) != "callActivity" else callable_.get(activity.get("calledElement"))
            if called is not None:
                inner[activity.get("id")] = called
                found.extend(FlowEdge(activity.get("id"), start.get("id")) for start in children(called, "startEvent"))
                walk(called)
        for flow in children(scope, "sequenceFlow"):
            source, target = flow.get("sourceRef"), flow.get("targetRef")
            ends = [e.get("id") for e in children(inner[source], "endEvent")] if source in inner else []
            found.extend(FlowEdge(end, target, flow.get("id")) for end in ends or [source])
        found.extend(
            FlowEdge(e.get("attachedToRef"), e.get("id"), aside=True) for e in children(scope, "boundaryEvent")
        )

    walk(process)
    begins = [e.get("id") for e in children(process, "startEvent")]
    for aside in (each for one in callable_.values() for each in one.iter(bpmn("subProcess"))):
        if aside.get("triggeredByEvent") == "true":
            begins.extend(e.get("id") for e in children(aside, "startEvent"))
    return FlowGraph(tuple(found), tuple(begins), frozenset(e.get("id") for e in children(process, "endEvent")))


def following(course: FlowGraph, id_: str, steps: Container[str]) -> list[str]:
    """Return those of *steps* that can come next after the element *id_* without a boundary event."""
    found: list[str] = []
    ahead, seen = [id_], {id_}
    for at in ahead:  # grows up to the next step on every way
        for way in course.ways:
            if way.source == at and not way.aside and way.target not in seen:
                seen.add(way.target)
                (found if way.target in steps else ahead).append(way.target)
    return found


def in_order(course: FlowGraph, rank: Mapping[str, int]) -> list[str]:
    """Return the reachable elements in topological order, ignoring ways back.

    Between branches the lower *rank* comes first. Elements that only boundary events or event sub-processes reach come
    last.
    """
    onward = _after(course, lambda way: not way.aside and way.target in rank)
    straight = reached(course.begins[:1], lambda id_: onward[id_])
    order = {id_: (id_ not in straight, place) for id_, place in rank.items()}
    after = _after(course, lambda way: way.target in order)
    for targets in after.values():
        targets.sort(key=order.__getitem__)
    sorter = TopologicalSorter[str]()
    for source, targets in _without_returns([begin for begin in course.begins if begin in order], after).items():
        sorter.add(source)
        for target in targets:
            sorter.add(target, source)
    sorter.prepare()
    ready: list[tuple[tuple[bool, int], str]] = []
    found: list[str] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heapq.heappush(ready, (order[name], name))
        found.append(heapq.heappop(ready)[1])
        sorter.done(found[-1])
    return found


def _after(course: FlowGraph, fits: Callable[[FlowEdge], bool]) -> dict[str, list[str]]:
    """Return the targets of the ways that fit, each once, by source."""
    after: dict[str, list[str]] = defaultdict(list)
    for way in course.ways:
        if fits(way) and way.target not in after[way.source]:
            after[way.source].append(way.target)
    return after


def _without_returns(begins: Iterable[str], after: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the ways from every reachable element, without those that lead back."""
    forward: dict[str, list[str]] = {}
    for begin in begins:
        forward[begin] = []
        path, ways = [begin], [iter(after.get(begin, ()))]
        on_path = {begin}
        while path:
            step = next(ways[-1], None)
            if step is None:
                ways.pop()
                on_path.discard(path.pop())
            elif step not in on_path:
                forward[path[-1]].append(step)
                if step not in forward:
                    forward[step] = []
                    path.append(step)
                    on_path.add(step)
                    ways.append(iter(after.get(step, ())))
    return forward
