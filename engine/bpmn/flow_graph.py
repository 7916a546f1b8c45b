"""The course of a procedure: where a token may go from each element, sub-processes and called processes opened up.

The engine's own specification answers this too, but wired for running: what leads out of a sub-process, off a boundary
event or over a gateway is spread over helper tasks there. Here it is one list, as a reader of the diagram sees it.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from engine.bpmn.safe_xml import Element, bpmn, children, local

SUB_PROCESSES = ("subProcess", "transaction", "adHocSubProcess")


@dataclass(frozen=True, slots=True)
class FlowEdge:
    """A way from one element to the next; *flow* is the sequence flow's id, empty where the diagram draws none.

    *aside* is the way off an activity's edge, by a boundary event.
    """

    source: str
    target: str
    flow: str = ""
    aside: bool = False


@dataclass(frozen=True, slots=True)
class FlowGraph:
    """Every way of a procedure, in the order of the diagram's file, and where it begins and ends."""

    ways: tuple[FlowEdge, ...] = ()
    begins: tuple[str, ...] = ()
    ends: frozenset[str] = frozenset()


Node = TypeVar("Node", bound=Hashable)


def reached(begins: Iterable[Node], after: Callable[[Node], Iterable[Node]]) -> set[Node]:
    """Return *begins* and all that lies *after* them, and so on."""
    found: set[Node] = set()
    ahead = list(begins)
    while ahead:
        node = ahead.pop()
        if node not in found:
            found.add(node)
            ahead.extend(after(node))
    return found


def course_of(process: Element, callable_: Mapping[str, Element]) -> FlowGraph:
    """Return the course of *process*; *callable_* are it and the processes that it may call, by id."""
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
    """Return those of *steps* that may come next after the element *id_*, if nothing on an activity's edge happens."""
    found: list[str] = []
    ahead, seen = [id_], {id_}
    for at in ahead:  # grows: up to the nearest steps on every way
        for way in course.ways:
            if way.source == at and not way.aside and way.target not in seen:
                seen.add(way.target)
                (found if way.target in steps else ahead).append(way.target)
    return found


def in_order(course: FlowGraph, rank: Mapping[str, int]) -> list[str]:
    """Return every element that is reached, each behind all those that lead to it, but for those that lead back.

    Where the course leaves it open, as between two branches, the lower *rank* comes first; what is reached only over
    an activity's edge, or by an event sub-process, comes behind all else.
    """
    onward = _after(course, lambda way: not way.aside and way.target in rank)
    straight = reached(course.begins[:1], lambda id_: onward[id_])
    order = {id_: (id_ not in straight, place) for id_, place in rank.items()}
    after = _after(course, lambda way: way.target in order)
    for targets in after.values():
        targets.sort(key=order.__getitem__)
    forward = _without_returns(course.begins, after)
    waits: dict[str, int] = defaultdict(int)
    for targets in forward.values():
        for target in targets:
            waits[target] += 1
    ready = [(order[begin], begin) for begin in dict.fromkeys(course.begins) if begin in order and not waits[begin]]
    heapq.heapify(ready)
    found: list[str] = []
    while ready:
        _, name = heapq.heappop(ready)
        found.append(name)
        for target in forward.get(name, ()):
            waits[target] -= 1
            if not waits[target]:
                heapq.heappush(ready, (order[target], target))
    return found


def _after(course: FlowGraph, fits: Callable[[FlowEdge], bool]) -> dict[str, list[str]]:
    """Return where those ways lead that fit, each once, by where they come from."""
    after: dict[str, list[str]] = defaultdict(list)
    for way in course.ways:
        if fits(way) and way.target not in after[way.source]:
            after[way.source].append(way.target)
    return after


def _without_returns(begins: Iterable[str], after: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the ways from every element that is reached, without those that lead back to where one came from."""
    forward: dict[str, list[str]] = {}
    for begin in begins:
        if begin in forward:
            continue
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
