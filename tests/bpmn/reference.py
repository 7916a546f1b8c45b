"""BPMN's tokens as the standard tells them, small enough to be read against it (OMG formal/2013-12-09, chapter 13).

Nothing here knows of SpiffWorkflow or of Alur's engine: ``test_differential`` plays random models on both, move for
move, and whatever the engine does must be something that this interpreter allows.

*What lives* is a table of rows, each inside another: tokens on sequence flows, activities at work, timers. To interrupt
is to take a row out with everything inside it, at once; so nothing of an interrupted scope can pass or be sent later.

*Order.* The standard leaves open which of two independent steps is first. A move is therefore computed for every order,
and yields a set of worlds; what the engine did selects those that fit, and play goes on from them. That also settles
which of two equal open tasks was completed, or who caught a message: any of them, as long as the rest agrees.

Decided here, where the standard is silent or read in two ways:

* A condition that already holds when its event begins to wait occurs at once; later it must turn true (10.5.5, 13.5.2).
* A token inside an activity may still leave by its boundary events, and an inclusive join reckons with that (13.4.3).
* What an activity writes is written when it ends: its own boundary events do not see it any more (10.4, 13.3.2).
* Of a scope whose interrupting event sub-process has begun, no other event sub-process begins any more (13.5.4).
* Values belong to the instance as a whole. The models take care that the order of independent steps decides no choice.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from itertools import islice, permutations
from typing import NamedTuple

MOST_WORLDS = 2_000


# ── models ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Brief:
    """Shows only what differs from the default, so that a model that fails can be read, and pasted into a test."""

    def __repr__(self) -> str:
        told = [
            f"{each.name}={value!r}"
            for each in fields(self)
            if (value := getattr(self, each.name)) != each.default and value != ()
        ]
        return f"{type(self).__name__}({', '.join(told)})"


@dataclass(frozen=True, repr=False)
class Condition(Brief):
    """Holds while the last digit of the value called *name* is one of *among*; each is 0 until somebody sets it."""

    name: str
    among: frozenset[int]

    def holds(self, values: Mapping[str, int]) -> bool:
        return values.get(self.name, 0) % 10 in self.among


@dataclass(frozen=True, repr=False)
class Event(Brief):
    """What an event waits for or throws: message, signal, timer, conditional, error, escalation or terminate."""

    kind: str
    name: str = ""  # of the message, signal, error or escalation; without one, any error or escalation is caught
    minutes: int = 0  # of a timer
    condition: Condition | None = None


@dataclass(frozen=True, repr=False)
class Several(Brief):
    """A multi-instance with a fixed number of items, or a loop of at most that many turns."""

    marker: str  # parallel, sequential or loop
    count: int
    condition: Condition | None = None  # completionCondition: then the rest is ended; of a loop: go on while it holds
    test_before: bool = False  # of a loop


@dataclass(frozen=True)
class Flow:
    id: str
    source: str
    target: str
    condition: Condition | None = None


@dataclass(frozen=True)
class Node:
    """A flow node; *kind* is BPMN's name of its element."""

    id: str
    kind: str
    event: Event | None = None
    interrupting: bool = True  # of boundary events and of the starts of event sub-processes
    attached_to: str | None = None
    inside: "Scope | None" = None  # of sub-processes and call activities
    by_event: bool = False  # an event sub-process
    several: Several | None = None
    sets: tuple[str, int | None] | None = None  # a value's name, and what it becomes: None if the person says
    default: str | None = None  # id of a flow


@dataclass(frozen=True)
class Scope:
    """A process or sub-process: its nodes and the flows between them."""

    id: str
    nodes: tuple[Node, ...]
    flows: tuple[Flow, ...]


# ── worlds ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Row(NamedTuple):
    """Something that lives inside the row *parent*.

    A *token* is on a flow, or at an event that has just occurred. *active* is an activity at work (a scope, if it has
    an inside) or an event that waits; *several* is a multi-instance or loop around its items; a *timer* belongs to the
    row that it is armed by. *count* is how many items have ended, when a timer is due, or 1 for a scope whose
    interrupting event sub-process has begun.
    """

    parent: int
    kind: str
    at: str
    count: int = 0


@dataclass
class World:
    """One way in which an instance may stand, and what its last move passed and sent to get there."""

    rows: dict[int, Row] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)
    now: int = 0
    newest: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    sent: Counter[tuple[str, str]] = field(default_factory=Counter)

    def copy(self) -> "World":
        return World(
            dict(self.rows), dict(self.values), self.now, self.newest, Counter(self.passed), Counter(self.sent)
        )

    def add(self, parent: int, kind: str, at: str, count: int = 0) -> int:
        self.newest += 1
        self.rows[self.newest] = Row(parent, kind, at, count)
        return self.newest

    def inside(self, id_: int) -> list[int]:
        return [each for each, row in self.rows.items() if row.parent == id_]

    def end(self, id_: int) -> None:
        """Take a row out, with all that is inside it."""
        for each in self.inside(id_):
            self.end(each)
        del self.rows[id_]

    def key(self) -> object:
        """Return what tells two worlds apart: not in which order their rows came to be."""
        inside = defaultdict(list)
        for id_ in self.rows:
            inside[self.rows[id_].parent].append(id_)

        def shape(id_: int) -> tuple[object, ...]:
            row = self.rows[id_]
            return (row.kind, row.at, row.count, *sorted(shape(each) for each in inside[id_]))

        tallies = (self.values, self.passed, self.sent)
        return (tuple(sorted(shape(each) for each in inside[0])), *(frozenset(tally.items()) for tally in tallies))


@dataclass(frozen=True)
class Seen:
    """What can be seen of an instance after a move; how often each, since the order of independent steps is open."""

    open: Mapping[str, int]  # user tasks
    timers: Mapping[tuple[str, int], int]  # element and due minute
    awaited: Mapping[tuple[str, str], int]  # element and what it waits for
    passed: Mapping[str, int]  # tasks, events and gateways that the move passed
    sent: Mapping[tuple[str, str], int]  # kind and name
    completed: bool


class TooManyWorlds(Exception):
    """A move has more orders than are worth looking at."""


# ── the interpreter ─────────────────────────────────────────────────────────────────────────────────────────────────

WAITS = frozenset({"userTask", "receiveTask", "intermediateCatchEvent", "eventBasedGateway"})
REACHES_FAR = frozenset({"signal", "error", "escalation", "terminate"})


class Reference:
    """An instance of *process* as the standard runs it: every world that fits what was told of it so far."""

    def __init__(self, process: Scope) -> None:
        self.process = Node(process.id, "process", inside=process)
        self.nodes = {self.process.id: self.process}
        self.flows: dict[str, Flow] = {}
        self.edges: dict[str, list[Node]] = defaultdict(list)  # boundary events by activity
        self.starts: dict[str, Node] = {}  # by scope
        self.sides: dict[str, dict[str, Node]] = {}  # event sub-processes by scope, and by the ids of their starts
        self._know(process)
        self.leaving: dict[str, list[Flow]] = defaultdict(list)
        self.entering: dict[str, list[Flow]] = defaultdict(list)
        for flow in self.flows.values():
            self.leaving[flow.source].append(flow)
            self.entering[flow.target].append(flow)
        self.order_matters = any(self._reaches_far(node) for node in self.nodes.values())
        self._reach = cache(self._reach_of)
        self.worlds = [World()]

    def _know(self, scope: Scope) -> None:
        for flow in scope.flows:
            self.flows[flow.id] = flow
        self.sides[scope.id] = {}
        for node in scope.nodes:
            self.nodes[node.id] = node
            if node.attached_to:
                self.edges[node.attached_to].append(node)
            if node.inside:
                self._know(node.inside)
            if node.by_event:
                self.sides[scope.id][self.starts[node.inside.id].id] = node
            if node.kind == "startEvent":
                self.starts[scope.id] = node

    def _reaches_far(self, node: Node) -> bool:
        """Whether passing *node* may change what becomes of other tokens, so that its order among them matters."""
        return (
            (node.event is not None and (node.event.kind in REACHES_FAR or node.event.kind == "conditional"))
            or (node.kind == "inclusiveGateway" and len(self.entering[node.id]) > 1)
            or (node.several is not None and node.several.condition is not None)
        )

    # ── moves ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def start(self) -> list[Seen]:
        """Begin, and return what may be seen then."""

        def begin(world: World) -> Iterator[World]:
            self._begin(world, 0, self.process)
            yield world

        return self._move(begin)

    def complete(self, task: str, value: int) -> list[Seen]:
        """Complete one of the open user tasks called *task*; the person says *value*."""

        def completed(world: World) -> Iterator[World]:
            for id_, row in world.rows.items():
                if row.kind == "active" and row.at == task:
                    after = world.copy()
                    after.passed[task] += 1
                    name, fixed = self.nodes[task].sets or (task, None)
                    known = dict(after.values)
                    after.values[name] = value if fixed is None else fixed
                    self._finish(after, id_)
                    yield from self._turned(after, known)

        return self._move(completed)

    def fire(self, now: int) -> list[Seen]:
        """Let the clock show *now*, in minutes since the start: every timer that is due by then fires."""

        def later(world: World) -> Iterator[World]:
            world.now = now
            yield world

        due = max(sum(row.kind == "timer" and row.count <= now for row in w.rows.values()) for w in self.worlds)
        return self._move(later, any_order=due > 1)

    def deliver(self, kind: str, name: str) -> list[Seen]:
        """Deliver a message to one who waits for it, or a signal to everybody; empty if nobody does."""

        def heard(world: World) -> Iterator[World]:
            yield from self._delivered(world, kind, name)

        return self._move(heard)

    def keep(self, seen: Seen) -> None:
        """Go on from the worlds that look like *seen*."""
        self.worlds = [world for world in self.worlds if self.seen(world) == seen]

    def seen(self, world: World) -> Seen:
        """Return what can be seen of *world*; what an event-based gateway waits for is told as the gateway's."""
        open_: Counter[str] = Counter()
        timers: Counter[tuple[str, int]] = Counter()
        awaited: Counter[tuple[str, str]] = Counter()
        for id_, row in world.rows.items():
            if row.kind == "timer":
                timers[self._teller(world.rows[row.parent], row.at), row.count] += 1
            elif row.kind == "active" and self.nodes[row.at].kind == "userTask":
                open_[row.at] += 1
            for event in self._armed(world, id_):
                if event.event.kind in {"message", "signal"}:
                    awaited[self._teller(row, event.id), event.event.name] += 1
        return Seen(open_, timers, awaited, world.passed, world.sent, completed=not world.rows)

    def _teller(self, row: Row, event: str) -> str:
        return row.at if self.nodes[row.at].kind == "eventBasedGateway" else event

    def _move(self, begun: Callable[[World], Iterator[World]], *, any_order: bool = False) -> list[Seen]:
        """Let every world begin a move, and run each to where nothing moves by itself, in every order that matters."""
        any_order = any_order or self.order_matters
        ahead: list[World] = []
        for world in self.worlds:
            fresh = world.copy()
            fresh.passed, fresh.sent = Counter(), Counter()
            ahead.extend(begun(fresh))
        known: set[object] = set()
        self.worlds = []
        while ahead:
            world = ahead.pop()
            if (key := world.key()) in known:
                continue
            known.add(key)
            if len(known) > MOST_WORLDS:
                raise TooManyWorlds
            steps = self._steps(world)
            after = list(steps if any_order else islice(steps, 1))
            ahead.extend(after)
            if not after:
                self.worlds.append(world)
        return [self.seen(world) for world in self.worlds]

    # ── steps ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _steps(self, world: World) -> Iterator[World]:
        """Yield what *world* may become by one step that nobody has to take."""
        for id_, row in list(world.rows.items()):
            if row.kind == "token":
                yield from self._passed(world, id_, row)
            elif row.kind == "timer" and row.count <= world.now:
                after = world.copy()
                after.end(id_)
                self._occur(after, row.parent, self.nodes[row.at])
                yield after
            elif row.kind == "active" and self.nodes[row.at].inside and self._is_over(world, id_):
                after = world.copy()
                self._finish(after, id_)
                yield after

    def _is_over(self, world: World, scope: int) -> bool:
        return all(world.rows[each].kind == "timer" for each in world.inside(scope))

    def _passed(self, world: World, id_: int, row: Row) -> Iterator[World]:
        """Yield what becomes of a token that enters the node ahead of it, if it may."""
        came = self.flows.get(row.at)
        node = self.nodes[came.target if came else row.at]
        taken: list[int] = [id_]
        if node.kind in {"parallelGateway", "inclusiveGateway"}:
            first = {world.rows[each].at: each for each in reversed(world.inside(row.parent))}
            taken = [first[flow.id] for flow in self.entering[node.id] if flow.id in first]
            if node.kind == "parallelGateway" and len(taken) < len(self.entering[node.id]):
                return
            if node.kind == "inclusiveGateway" and not self._all_have_come(world, row.parent, node):
                return
        after = world.copy()
        for each in taken:
            del after.rows[each]
        if came and (node.kind in WAITS or node.inside):
            self._activate(after, row.parent, node)
            yield after
            return
        after.passed[node.id] += 1
        known = dict(after.values)
        if node.kind == "scriptTask" and node.sets:
            after.values[node.sets[0]] = node.sets[1]
        self._leave(after, row.parent, node)
        if node.event and node.kind in {"sendTask", "intermediateThrowEvent", "endEvent"}:
            yield from self._thrown(after, row.parent, node.event)
        else:
            yield from self._turned(after, known)

    def _leave(self, world: World, scope: int, node: Node) -> None:
        """Put tokens on the flows by which *node* is left (13.4.1 to 13.4.3)."""
        flows = self.leaving[node.id]
        if node.kind in {"exclusiveGateway", "inclusiveGateway"} and len(flows) > 1:
            others = [flow for flow in flows if flow.id != node.default]
            held = [flow for flow in others if flow.condition is None or flow.condition.holds(world.values)]
            flows = held or [flow for flow in flows if flow.id == node.default]
            flows = flows[:1] if node.kind == "exclusiveGateway" else flows
        for flow in flows:
            world.add(scope, "token", flow.id)

    def _all_have_come(self, world: World, scope: int, gateway: Node) -> bool:
        """Whether an inclusive join need not wait for any token elsewhere in its scope (13.4.3)."""
        rows = [world.rows[each] for each in world.inside(scope)]
        entering = {flow.id for flow in self.entering[gateway.id]}
        filled = {row.at for row in rows if row.kind == "token"} & entering
        for row in rows:
            if row.kind == "timer" or row.at in entering:
                continue
            may_reach = self._reach(row.at, gateway.id)
            if may_reach - filled and not may_reach & filled:
                return False
        return True

    def _reach_of(self, at: str, gateway: str) -> frozenset[str]:
        """Return the flows into *gateway* that a token at a flow or node may reach without passing the gateway."""
        found, seen, ahead = set(), {at}, [at]
        while ahead:
            place = ahead.pop()
            if place in self.flows and self.flows[place].target == gateway:
                found.add(place)
                continue
            node = self.flows[place].target if place in self.flows else place
            ways = {flow.id for origin in (node, *(e.id for e in self.edges[node])) for flow in self.leaving[origin]}
            ahead += ways - seen
            seen |= ways
        return frozenset(found)

    # ── activities (13.3) ───────────────────────────────────────────────────────────────────────────────────────────

    def _activate(self, world: World, scope: int, node: Node) -> None:
        """Begin an activity, or an event that waits."""
        several = node.several
        if several is None:
            self._begin(world, scope, node)
            return
        whole = world.add(scope, "several", node.id)
        self._arm(world, whole)
        if whole not in world.rows:
            return
        never = several.test_before and several.condition is not None and not several.condition.holds(world.values)
        if never or not several.count:
            world.end(whole)
            self._leave(world, scope, node)
            return
        for _ in range(several.count if several.marker == "parallel" else 1):
            self._begin(world, whole, node)

    def _begin(self, world: World, parent: int, node: Node) -> int:
        """Begin an activity that is done once, or one item of several."""
        id_ = world.add(parent, "active", node.id)
        if node.inside:
            world.add(id_, "token", self.starts[node.inside.id].id)
        self._arm(world, id_)
        return id_

    def _finish(self, world: World, id_: int) -> None:
        """End an activity whose work is done, and go on behind it."""
        row = world.rows[id_]
        node = self.nodes[row.at]
        around = world.rows.get(row.parent)
        world.end(id_)
        if around is None or node.by_event:
            return
        if around.kind != "several" or around.at != node.id:
            self._leave(world, row.parent, node)
            return
        ended = around.count + 1
        world.rows[row.parent] = around._replace(count=ended)
        several = node.several
        holds = several.condition is not None and several.condition.holds(world.values)
        go_on = holds or several.condition is None if several.marker == "loop" else not holds
        if ended == several.count or not go_on:
            self._finish(world, row.parent)
        elif several.marker != "parallel":
            self._begin(world, row.parent, node)

    # ── events (13.5) ───────────────────────────────────────────────────────────────────────────────────────────────

    def _armed(self, world: World, id_: int) -> list[Node]:
        """Return the events that wait as long as a row lives."""
        row = world.rows[id_]
        if row.kind not in {"active", "several"}:
            return []
        node = self.nodes[row.at]
        is_item = row.parent in world.rows and world.rows[row.parent][1:3] == ("several", row.at)
        found = [] if is_item else list(self.edges[node.id])
        if row.kind == "several":
            return found
        if node.kind in {"intermediateCatchEvent", "receiveTask"}:
            found.append(node)
        elif node.kind == "eventBasedGateway":
            found += [self.nodes[flow.target] for flow in self.leaving[node.id]]
        elif node.inside and not row.count:
            found += [self.nodes[start] for start in self.sides[node.inside.id]]
        return found

    def _arm(self, world: World, id_: int) -> None:
        """Let the events of a row begin to wait."""
        for event in self._armed(world, id_):
            if event.event.kind == "timer":
                world.add(id_, "timer", event.id, world.now + event.event.minutes)
        for event in self._armed(world, id_):
            if event.event.kind == "conditional" and event.event.condition.holds(world.values) and id_ in world.rows:
                self._occur(world, id_, event)

    def _occur(self, world: World, id_: int, event: Node) -> None:
        """Let an event that waits at a row occur."""
        row = world.rows[id_]
        if event.kind == "startEvent":
            if row.count:
                return  # another one has interrupted this scope meanwhile
            if event.interrupting:
                for each in world.inside(id_):
                    world.end(each)
                world.rows[id_] = row._replace(count=1)
            self._begin(world, id_, self.sides[self.nodes[row.at].inside.id][event.id])
            return
        if event.interrupting:
            world.end(id_)
        world.add(row.parent, "token", event.id)

    def _occur_all(self, world: World, caught: list[tuple[int, Node]]) -> Iterator[World]:
        """Let several events occur at the same time: in any order if one of them may end another.

        One that occurs and is ended at the same time may be told as passed or not, but not what is behind it.
        """
        orders: Iterable[Iterable[tuple[int, Node]]] = [caught]
        races = len(caught) > 1 and any(event.interrupting for _, event in caught)
        if races:
            orders = permutations(caught) if len(caught) < 5 else [caught, caught[::-1]]
        for order in orders:
            for told in (True, False) if races else (False,):
                after = world.copy()
                for id_, event in order:
                    if id_ in after.rows:
                        self._occur(after, id_, event)
                        occurred = (
                            [e for e, row in after.rows.items() if row[1:3] == ("token", event.id)] if told else []
                        )
                        for each in occurred[-1:]:
                            after.passed[event.id] += 1
                            self._leave(after, after.rows.pop(each).parent, event)
                yield after

    def _thrown(self, world: World, scope: int, event: Event) -> Iterator[World]:
        """Yield what becomes of a world in which something inside *scope* throws *event*."""
        match event.kind:
            case "message":
                world.sent["message", event.name] += 1
                yield world
            case "signal":
                world.sent["signal", event.name] += 1
                yield from self._delivered(world, "signal", event.name, heard_by_nobody=True)
            case "terminate":
                for each in world.inside(scope):
                    world.end(each)
                yield world
            case _:
                yield self._thrown_outwards(world, scope, event)

    def _thrown_outwards(self, world: World, scope: int, event: Event) -> World:
        """Hand an error or escalation to the nearest that catches it, from the inside out (10.5.1)."""
        at = scope
        while at in world.rows:
            matching = [
                each
                for each in self._armed(world, at)
                if each.event.kind == event.kind and each.event.name in {"", event.name}
            ]
            matching.sort(key=lambda each: (each.kind != "startEvent", each.event.name == ""))
            if matching:
                self._occur(world, at, matching[0])
                return world
            at = world.rows[at].parent
        return world

    def _delivered(self, world: World, kind: str, name: str, *, heard_by_nobody: bool = False) -> Iterator[World]:
        caught = [
            (id_, event)
            for id_ in world.rows
            for event in self._armed(world, id_)
            if (event.event.kind, event.event.name) == (kind, name)
        ]
        if kind == "message":
            for one in caught:
                yield from self._occur_all(world, [one])
        elif caught or heard_by_nobody:
            yield from self._occur_all(world, caught)

    def _turned(self, world: World, before: Mapping[str, int]) -> Iterator[World]:
        """Let every condition that has just turned true occur (13.5.2)."""
        caught = [
            (id_, event)
            for id_ in world.rows
            for event in self._armed(world, id_)
            if (condition := event.event.condition) is not None
            and condition.holds(world.values)
            and not condition.holds(before)
        ]
        yield from self._occur_all(world, caught)
