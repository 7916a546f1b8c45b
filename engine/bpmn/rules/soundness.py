"""Rules about soundness: no deadlock, no two tokens on one flow, no endless loop.

A scope is explored as a Petri net without data (BPMN 2.0.2, chapter 13): choices are free, a sub-process is one step. A
marking is the set of flows with a token, as bits. Each flow has one target, so nodes do not compete for tokens, and
only one enabled node is fired, unless this leads to known markings only (a stubborn set with its proviso). It is the
node nearest to the start, so that tokens that can meet do so.
"""

from collections.abc import Iterator
from itertools import combinations

from engine.bpmn.flow_graph import FlowEdge, FlowGraph, in_order, reached
from engine.bpmn.rules.diagram import CheckedProcedure, Diagram, called, kinds
from engine.bpmn.safe_xml import Element, children, local

MOST_MARKINGS = 2_000
SHOWN = 5  # elements of a path that a message names
_ENDING = {"terminate", "error", "cancel"}  # definitions of an end event that end the whole scope
_NO_PLAY = {  # faults of single flows; exploring would report their consequences
    *("flow_across", "flow_loose", "unreachable", "two_ways_out", "cycle_without_exit", "cycle_without_wait"),
    *("start_count", "start_entered", "end_left", "boundary_entered", "boundary_loose", "id_missing", "id_twice"),
}


def check(procedure: CheckedProcedure, diagram: Diagram) -> None:
    """Check every scope of a diagram, unless its flows have other faults."""
    if any(found.rule in _NO_PLAY and found.file == diagram.file for found in procedure.findings):
        return
    for scope in diagram.scopes:
        if scope.get("isExecutable", "true") == "true" and next(children(scope, "startEvent"), None) is not None:
            _PetriNet(procedure, diagram, scope).explore()


class _PetriNet:
    def __init__(self, procedure: CheckedProcedure, diagram: Diagram, scope: Element) -> None:
        self.diagram = diagram
        self.start = next(children(scope, "startEvent")).get("id")
        self.nodes = {node.get("id"): node for node in diagram.nodes(scope)}
        flows = list(children(scope, "sequenceFlow"))
        self.flows = {1 << place: flow for place, flow in enumerate(flows)}
        self.held = (1 << len(flows)) - 1  # higher bits: non-interrupting boundary events that occurred, once each
        self.into: dict[str, list[int]] = {name: [] for name in self.nodes}
        self.out: dict[str, list[int]] = {name: [] for name in self.nodes}
        for bit, flow in self.flows.items():
            self.into[flow.get("targetRef")].append(bit)
            self.out[flow.get("sourceRef")].append(bit)
        self.gives = {name: list(self._given(node)) for name, node in self.nodes.items()}
        ways = [FlowEdge(name, each) for name, node in self.nodes.items() for each in diagram.next_nodes(node)]
        order = in_order(FlowGraph(tuple(ways), (self.start,)), {name: place for place, name in enumerate(self.nodes)})
        self.rank = {name: (self._ends(name), place) for place, name in enumerate(order)}  # ends of the scope last
        beside = [
            e for each in self.nodes.values() if each.get("triggeredByEvent") for e in children(each, "startEvent")
        ]
        callers = [
            (other, each)
            for other in procedure.diagrams
            for each in other.of_kind("callActivity")
            if each.get("calledElement") == scope.get("id")
        ]
        for other, activity in [(diagram, scope), *callers]:
            beside += other.boundary_events.get(activity.get("id"), [])
        breaking = [e for e in beside if "false" not in {e.get("isInterrupting"), e.get("cancelActivity")}]
        thrown = {"error", "cancel", "escalation"}  # only a moving token of the scope itself throws these
        self.broken_off = bool(breaking)
        self.broken_by = [called(event) for event in breaking if kinds(event) - thrown]

    def _given(self, node: Element) -> Iterator[tuple[int, int]]:
        """Yield (flows that get a token, bit of a boundary event that occurs) for each outcome of *node*."""
        name, out = node.get("id"), self.out[node.get("id")]
        if local(node) in {"exclusiveGateway", "eventBasedGateway"}:
            yield from ((bit, 0) for bit in out)
        elif local(node) == "inclusiveGateway":
            for count in sorted({1, min(2, len(out)), len(out)} - {0}):
                yield from ((sum(chosen), 0) for chosen in combinations(out, count))
        else:
            yield sum(out), 0
        for event in self.diagram.boundary_events.get(name, ()):
            aside = sum(self.out[event.get("id")])
            once = 1 << (len(self.flows) + list(self.nodes).index(event.get("id")))
            yield (aside, 0) if event.get("cancelActivity", "true") == "true" else (aside + sum(out), once)

    def _ends(self, name: str) -> bool:
        """Whether a token at *name* ends the scope, there or after a gateway with one way out."""
        node, out = self.nodes[name], self.out[name]
        if local(node) == "exclusiveGateway" and len(out) == 1:
            return local(after := self.nodes[self.flows[out[0]].get("targetRef")]) == "endEvent" and self._ends(
                after.get("id")
            )
        return local(node) == "endEvent" and bool(kinds(node) & _ENDING)

    # ── exploring ───────────────────────────────────────────────────────────────────────────────────────────────────

    def explore(self) -> None:
        begin = sum(self.out[self.start])
        self.came: dict[int, tuple[int, str]] = {begin: (-1, self.start)}
        before: dict[int, set[int]] = {}
        ends: list[int] = []  # final markings, good or bad
        ahead, said = [begin], set[str]()
        for marking in ahead:
            moves = False
            for name in self._reached(marking):
                fresh = False
                for following in self._fired(name, marking):
                    moves = True
                    if following is None:
                        ends.append(marking)
                        if name not in said and len(self.into[name]) > 1:  # others are consequences
                            said.add(name)
                            self.diagram.say("doubled", self.nodes[name], way=self._path_to(marking))
                    else:
                        before.setdefault(following, set()).add(marking)
                        if following not in self.came:
                            fresh = True
                            self.came[following] = (marking, name)
                            ahead.append(following)
                if fresh:
                    break
            if not moves:
                ends.append(marking)
                if marking & self.held:
                    self._say_stuck(marking, said)
            if len(ahead) > MOST_MARKINGS:
                return
        leaving = reached(ends, lambda marking: before.get(marking, set()))
        trapped = next((marking for marking in ahead if marking not in leaving), None)
        if trapped is not None and not self.broken_off:
            self._say_endless(trapped)

    def _reached(self, marking: int) -> list[str]:
        """Return the nodes with a token on an incoming flow, nearest to the start first."""
        found, left = set[str](), marking & self.held
        while left:
            found.add(self.flows[left & -left].get("targetRef"))
            left &= left - 1
        return sorted(found, key=self.rank.__getitem__)

    def _fired(self, name: str, marking: int) -> Iterator[int | None]:
        """Yield each marking after firing *name*; None if a flow would have two tokens."""
        into = self.into[name]
        given = [bit for bit in into if bit & marking]
        kind = local(self.nodes[name])
        if not given or (kind == "parallelGateway" and given != into):
            return
        if kind == "inclusiveGateway" and not self._complete(name, given, marking):
            return
        if kind not in {"parallelGateway", "inclusiveGateway"}:
            given = given[:1]
        left = marking & ~sum(given)
        if self._ends(name):
            yield left & ~self.held
            return
        for bits, once in self.gives[name]:
            if not once & marking:
                yield None if bits & left else left | bits | once

    def _complete(self, name: str, given: list[int], marking: int) -> bool:
        """Whether an inclusive join can fire (BPMN 2.0.2, 13.4.3).

        No other token can reach one of its empty flows, except tokens that can also reach a flow with a token.
        """
        elsewhere = marking & self.held & ~sum(given)
        empty = [bit for bit in self.into[name] if bit not in given]
        return not elsewhere & self._leading(name, empty) & ~self._leading(name, given)

    def _leading(self, name: str, ends: list[int]) -> int:
        """Return the flows from which one of *ends* is reachable without passing *name*."""
        found, ahead = 0, list(ends)
        while ahead:
            bit = ahead.pop()
            if not found & bit:
                found |= bit
                source = self.nodes[self.flows[bit].get("sourceRef")]
                source = source if source.get("attachedToRef") is None else self.nodes[source.get("attachedToRef")]
                if source.get("id") != name:
                    ahead += self.into[source.get("id")]
        return found

    # ── saying ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _path_to(self, marking: int) -> str:
        return " → ".join(called(self.nodes[name]) for name in self._passed(marking)[-SHOWN:])

    def _passed(self, marking: int) -> list[str]:
        names: list[str] = []
        while marking in self.came:
            marking, name = self.came[marking]
            names.append(name)
        return names[::-1]

    def _say_stuck(self, marking: int, said: set[str]) -> None:
        for name in self._reached(marking):
            missing = [bit for bit in self.into[name] if not bit & marking]
            if name not in said:
                said.add(name)
                absent = ", ".join(called(self.nodes[self.flows[bit].get("sourceRef")]) for bit in missing)
                ended = [called(self.nodes[one]) for one in self._passed(marking) if not self.out[one]]
                until = f"sampai {' atau '.join(self.broken_by)} menyelanya" if self.broken_by else "selamanya"
                saying = "deadlock" if ended else "deadlock_unmatched"
                facts = {"until": until, "absent": absent, "way": self._path_to(marking), "ended": ", ".join(ended)}
                self.diagram.say(saying, self.nodes[name], **facts)

    def _say_endless(self, marking: int) -> None:
        where = self._reached(marking)
        waits = max(where, key=lambda name: (len(self.into[name]) > 1, bool(self.out[name])))  # where a loop begins
        self.diagram.say("no_way_out", self.nodes[waits], way=self._path_to(marking))
