"""Small models for the differential test: blocks in blocks, and free drawings of a few gateways, as BPMN XML.

A model is written as blocks (``[Task(), Fork([[Task()], [Send()]])]``), which Hypothesis draws and shrinks and a test
writes down; ``scope_of`` makes the nodes and flows of them that ``reference`` runs, and ``xml_of`` the file that the
engine loads.

Every choice is made by the user task right before it: it sets a value of its own, which only that gateway reads, so
that the order of independent steps decides no choice. Only the value ``w`` is watched from elsewhere, by conditional
events; tasks and scripts set it on purpose, each time to a value that it did not have: conditions read the last digit,
the others tell who wrote. (In Alur a branch that writes what it knew already has changed nothing, and what another
branch changed meanwhile stands; that is a rule of data and not of tokens.) 0 always goes on: out of a loop, past an
early end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from xml.sax.saxutils import quoteattr

from hypothesis import strategies as st

from tests.bpmn.reference import Brief, Condition, Event, Flow, Node, Scope, Several

WATCHED = "w"


def condition(name: str, *among: int) -> Condition:
    return Condition(name, frozenset(among))


# ── blocks ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(repr=False)
class Edge(Brief):
    """A boundary event; what follows it ends there, or joins the way behind the activity."""

    event: Event
    body: Sequence["Block"] = ()
    interrupting: bool = True
    joins: bool = False


@dataclass(repr=False)
class Side(Brief):
    """An event sub-process."""

    event: Event
    body: Sequence["Block"] = ()
    interrupting: bool = True


class Block(Brief):
    """A part of a way, with one way in and at most one way out."""


@dataclass(repr=False)
class Task(Block):
    """A user task; with *sets* the person's value becomes that of ``w``."""

    sets: bool = False
    several: Several | None = None
    edges: Sequence[Edge] = ()


@dataclass(repr=False)
class Script(Block):
    """A script task that sets ``w``; to nothing that anybody reads without a value."""

    value: int | None = None


@dataclass(repr=False)
class Send(Block):
    pass


@dataclass(repr=False)
class Throw(Block):
    event: Event


@dataclass(repr=False)
class Catch(Block):
    event: Event
    receive_task: bool = False


@dataclass(repr=False)
class Wait(Block):
    """An event-based gateway: a way for each event."""

    ways: Sequence[tuple[Event, Sequence[Block]]]


@dataclass(repr=False)
class Choose(Block):
    """A person chooses one of the ways: the value is its number."""

    ways: Sequence[Sequence[Block]]


@dataclass(repr=False)
class Include(Block):
    """A person chooses ways: 0 the first, 1 the second, 2 these two, 3 the last alone."""

    ways: Sequence[Sequence[Block]]


@dataclass(repr=False)
class Fork(Block):
    ways: Sequence[Sequence[Block]]


@dataclass(repr=False)
class Repeat(Block):
    """Once more while the person at the end of the body says 1."""

    body: Sequence[Block]


@dataclass(repr=False)
class Leave(Block):
    """A person may end here: 1 ends by the event, 0 goes on."""

    event: Event | None = None


@dataclass(repr=False)
class End(Block):
    """Ends here, always: nothing behind it in its body is drawn."""

    event: Event | None = None


@dataclass(repr=False)
class Sub(Block):
    body: Sequence[Block]
    called: bool = False
    several: Several | None = None
    edges: Sequence[Edge] = ()
    sides: Sequence[Side] = ()


# ── nodes and flows ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Builder:
    """Draws one scope; ids are counted through the whole model by kind: ``task1``, ``fork2``."""

    id: str
    counted: dict[str, int] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)

    def fresh(self, word: str) -> str:
        self.counted[word] = self.counted.get(word, 0) + 1
        return f"{word}{self.counted[word]}"

    def node(self, word: str, kind: str, **facts: object) -> str:
        self.nodes.append(Node(self.fresh(word), kind, **facts))
        return self.nodes[-1].id

    def flow(self, source: str, target: str, when: Condition | None = None) -> str:
        self.flows.append(Flow(f"{source}_to_{target}_{self.fresh('f')}", source, target, when))
        return self.flows[-1].id

    def scope(self) -> Scope:
        return Scope(self.id, tuple(self.nodes), tuple(self.flows))

    def default(self, gateway: str, flow: str) -> None:
        at = next(place for place, node in enumerate(self.nodes) if node.id == gateway)
        self.nodes[at] = replace(self.nodes[at], default=flow)

    def whole(self, body: Sequence[Block], sides: Sequence[Side] = (), start: Event | None = None, **facts) -> Scope:
        """Draw a whole scope: start, body, end, event sub-processes."""
        last = self.body(self.node("start", "startEvent", event=start, **facts), body)
        if last is not None:
            self.flow(last, self.node("end", "endEvent"))
        for side in sides:
            name = self.fresh("side")
            inside = Builder(name, self.counted).whole(side.body, (), side.event, interrupting=side.interrupting)
            self.nodes.append(Node(name, "subProcess", inside=inside, by_event=True))
        return self.scope()

    def body(self, before: str, body: Sequence[Block], when: Condition | None = None) -> str | None:
        """Draw blocks one after another behind *before*; the node that the last leaves by, None if all ways end."""
        at: str | None = before
        if not body and when is not None:  # a flow between two gateways needs two ends
            body = [Send()]
        for block in body:
            first = len(self.flows)
            at = self.block(at, block)
            if when is not None:
                made = next(n for n, flow in enumerate(self.flows[first:], first) if flow.source == before)
                self.flows[made] = replace(self.flows[made], condition=when)
                when = None
            if at is None:
                break
        return at

    def block(self, before: str, block: Block) -> str | None:
        """Draw one block behind *before*; the node that it is left by."""
        match block:
            case Task():
                sets = (WATCHED, None) if block.sets else None
                at = self.node("task", "userTask", several=block.several, sets=sets)
                if block.several and block.several.condition:  # reads what the person has just said
                    read = replace(block.several.condition, name=at)
                    self.nodes[-1] = replace(self.nodes[-1], several=replace(block.several, condition=read))
                self.flow(before, at)
                return self.edged(at, block.edges)
            case Script():
                at = self.node("script", "scriptTask", sets=("x", 0))
                if block.value is not None:
                    written = (WATCHED, 1000 * self.counted["script"] + block.value)
                    self.nodes[-1] = replace(self.nodes[-1], sets=written)
            case Send():
                at = self.node("send", "sendTask", event=Event("message", "sent"))
            case Throw():
                at = self.node("throw", "intermediateThrowEvent", event=block.event)
            case Catch():
                kind = "receiveTask" if block.receive_task else "intermediateCatchEvent"
                at = self.node("catch", kind, event=block.event)
            case Wait():
                at = self.node("wait", "eventBasedGateway")
                self.flow(before, at)
                lasts = []
                for event, body in block.ways:
                    catch = self.node("catch", "intermediateCatchEvent", event=event)
                    self.flow(at, catch)
                    lasts.append(self.body(catch, body))
                return self.merged("merge", "exclusiveGateway", lasts)
            case Choose():
                return self.choice(before, "choose", "exclusiveGateway", block.ways, [(n,) for n in range(4)])
            case Include():
                among = [(0, 2), (1, 2), (3,)] if len(block.ways) > 2 else [(0, 2, 3), (1, 2, 3)]
                return self.choice(before, "include", "inclusiveGateway", block.ways, among)
            case Fork():
                at = self.node("fork", "parallelGateway")
                self.flow(before, at)
                return self.merged("join", "parallelGateway", [self.body(at, way or [Send()]) for way in block.ways])
            case Repeat():
                again = self.node("again", "exclusiveGateway")
                self.flow(before, again)
                last = self.body(again, block.body)
                if last is None:
                    return None
                decide, split = self.decision(last, "more", "exclusiveGateway")
                self.flow(split, again, condition(decide, 1))
                behind = self.node("send", "sendTask", event=Event("message", "sent"))
                self.default(split, self.flow(split, behind))
                return behind
            case Leave():
                decide, split = self.decision(before, "leave", "exclusiveGateway")
                self.flow(split, self.node("end", "endEvent", event=block.event), condition(decide, 1))
                behind = self.node("send", "sendTask", event=Event("message", "sent"))
                self.default(split, self.flow(split, behind))
                return behind
            case End():
                self.flow(before, self.node("end", "endEvent", event=block.event))
                return None
            case Sub():
                name = self.fresh("call" if block.called else "sub")
                inside = Builder(f"{name}_process" if block.called else name, self.counted)
                self.nodes.append(
                    Node(
                        name,
                        "callActivity" if block.called else "subProcess",
                        inside=inside.whole(block.body, block.sides),
                        several=block.several,
                    )
                )
                self.flow(before, name)
                return self.edged(name, block.edges)
        self.flow(before, at)
        return at

    def decision(self, before: str, word: str, kind: str) -> tuple[str, str]:
        """Draw a user task and the gateway that reads its value."""
        decide = self.node("task", "userTask")
        split = self.node(word, kind)
        self.flow(before, decide)
        self.flow(decide, split)
        return decide, split

    def choice(self, before: str, word: str, kind: str, ways: Sequence[Sequence[Block]], among) -> str | None:
        decide, split = self.decision(before, word, kind)
        lasts = [
            self.body(split, way or [Send()], condition(decide, *values))
            for way, values in zip(ways, among, strict=False)
        ]
        if kind == "exclusiveGateway":
            first = next(n for n, flow in enumerate(self.flows) if flow.source == split)
            self.flows[first] = replace(self.flows[first], condition=None)
            self.default(split, self.flows[first].id)
        return self.merged("merge" if kind == "exclusiveGateway" else "gather", kind, lasts)

    def merged(self, word: str, kind: str, lasts: Sequence[str | None]) -> str | None:
        came = [last for last in lasts if last is not None]
        if not came:
            return None
        at = self.node(word, kind)
        for last in came:
            self.flow(last, at)
        return at

    def edged(self, at: str, edges: Sequence[Edge]) -> str:
        """Draw the boundary events of an activity, and what follows them."""
        joining = []
        for edge in edges:
            event = self.node("edge", "boundaryEvent", event=edge.event, attached_to=at, interrupting=edge.interrupting)
            last = self.body(event, edge.body)
            if last is not None and edge.joins:
                joining.append(last)
            elif last is not None:
                self.flow(last, self.node("end", "endEvent"))
        return self.merged("merge", "exclusiveGateway", [at, *joining]) if joining else at


def scope_of(body: Sequence[Block], sides: Sequence[Side] = ()) -> Scope:
    """Return the process that *body* and event sub-processes make."""
    return Builder("model").whole(body, sides)


# ── XML ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi='
    '"http://www.w3.org/2001/XMLSchema-instance" xmlns:spiffworkflow='
    '"http://spiffworkflow.org/bpmn/schema/1.0/core" id="definitions" targetNamespace="urn:alur:tests">'
)
PAYLOAD = "<spiffworkflow:messagePayload>1</spiffworkflow:messagePayload>"
PAYLOAD = f"<bpmn:extensionElements>{PAYLOAD}</bpmn:extensionElements>"
REFERENCED = ("message", "signal", "error", "escalation")


def xml_of(process: Scope) -> bytes:
    """Return *process*, and every process that it calls, as the file that the engine loads."""
    scopes = [process]
    for scope in scopes:  # grows while it is walked
        scopes += [node.inside for node in scope.nodes if node.inside]
    nodes = [node for scope in scopes for node in scope.nodes]
    events = {(n.event.kind, n.event.name) for n in nodes if n.event and n.event.name}
    named = [
        f"<bpmn:{kind} id={quoteattr(name)} name={quoteattr(name)}{_code(kind, name)}/>"
        for kind, name in sorted(events)
    ]
    processes = [process, *(node.inside for node in nodes if node.kind == "callActivity")]
    drawn = [
        f'<bpmn:process id={quoteattr(each.id)} isExecutable="true">{_lane(each)}{_content(each)}</bpmn:process>'
        for each in processes
    ]
    return "\n".join([HEAD, *named, *drawn, "</bpmn:definitions>"]).encode()


def _code(kind: str, name: str) -> str:
    return f" {kind}Code={quoteattr(name)}" if kind in {"error", "escalation"} else ""


def _lane(scope: Scope) -> str:
    members = "".join(f"<bpmn:flowNodeRef>{node.id}</bpmn:flowNodeRef>" for node in scope.nodes)
    return f'<bpmn:laneSet id="{scope.id}_lanes"><bpmn:lane id="{scope.id}_staf">{members}</bpmn:lane></bpmn:laneSet>'


def _content(scope: Scope) -> str:
    flows = [
        f'<bpmn:sequenceFlow id="{flow.id}" sourceRef="{flow.source}" targetRef="{flow.target}">'
        f"{_expression('conditionExpression', flow.condition)}</bpmn:sequenceFlow>"
        for flow in scope.flows
    ]
    return "\n".join(["", *map(_node, scope.nodes), *flows, ""])


def _node(node: Node) -> str:
    attributes = {"id": node.id}
    throws = node.kind in {"sendTask", "intermediateThrowEvent", "endEvent"}
    content = _definition(node.event, node.id, PAYLOAD if throws else "") if node.event else ""
    if node.default:
        attributes["default"] = node.default
    if node.attached_to:
        attributes |= {"attachedToRef": node.attached_to, "cancelActivity": str(node.interrupting).lower()}
    if node.kind == "startEvent" and node.event:
        attributes["isInterrupting"] = str(node.interrupting).lower()
    if node.by_event:
        attributes["triggeredByEvent"] = "true"
    if node.kind in {"sendTask", "receiveTask"}:
        attributes["messageRef"] = node.event.name
        content = PAYLOAD if throws else ""
    if node.kind == "scriptTask":
        content = f"<bpmn:script>{node.sets[0]} = {node.sets[1]}</bpmn:script>"
    if node.kind == "callActivity":
        attributes["calledElement"] = node.inside.id
    elif node.inside:
        content = _content(node.inside)
    written = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    return f"<bpmn:{node.kind}{written}>{content}{_several(node.several)}</bpmn:{node.kind}>"


def _definition(event: Event, owner: str, payload: str) -> str:
    inside, attributes = "", ""
    if event.kind in REFERENCED and event.name:
        attributes = f' {event.kind}Ref="{event.name}"'
    if event.kind == "timer":
        inside = f"<bpmn:timeDuration>PT{event.minutes}M</bpmn:timeDuration>"
    elif event.kind == "conditional":
        inside = _expression("condition", event.condition)
    elif event.kind == "message":
        inside = payload
    name = f"{event.kind}EventDefinition"
    return f'<bpmn:{name} id="{owner}_event"{attributes}>{inside}</bpmn:{name}>'


def _several(several: Several | None) -> str:
    match several:
        case None:
            return ""
        case Several("loop"):
            return (
                f'<bpmn:standardLoopCharacteristics testBefore="{str(several.test_before).lower()}" '
                f'loopMaximum="{several.count}">{_expression("loopCondition", several.condition)}'
                "</bpmn:standardLoopCharacteristics>"
            )
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{str(several.marker == "sequential").lower()}">'
        f"<bpmn:loopCardinality>{several.count}</bpmn:loopCardinality>"
        f"{_expression('completionCondition', several.condition)}</bpmn:multiInstanceLoopCharacteristics>"
    )


def _expression(tag: str, held: Condition | None) -> str:
    if held is None:
        return ""
    return f"<bpmn:{tag}>{held.name} % 10 in [{', '.join(map(str, sorted(held.among)))}]</bpmn:{tag}>"


# ── random models ───────────────────────────────────────────────────────────────────────────────────────────────────

FEATURES = frozenset(
    {
        "joins in loops",  # parallel and inclusive joins that are passed again
        "surplus tokens",  # several tokens one after another on the same flow, as behind a reminder that joins the way
        "inclusive",
        "thrown to interrupt",  # signals, errors and escalations that end a scope from inside
        "several behind edges",  # multi-instances and loops in a model with boundary events
        "edges again",  # boundary events that do not interrupt and may occur more than once
        "edges at once",  # two interrupting boundary events of one activity that wait for the same
        "every code beside one",  # event sub-processes for every error or escalation beside one with its code
        "conditional",
        "sides of called",  # event sub-processes of a called process
        "back into parallel",  # a way back into a parallel gateway, which by the standard waits for ever
    }
)
"""What may be left out of random models."""

TIMERS = (10, 25, 60)
ERROR, ESCALATION = "err", "esc"


@dataclass(frozen=True)
class _Place:
    """Where a block is drawn: what may stand there."""

    features: frozenset[str]
    edges: bool  # this model has boundary events
    depth: int = 3
    caught: bool = False  # an error is caught around it
    in_loop: bool = False

    def deeper(self, **changes: bool) -> "_Place":
        return replace(self, depth=self.depth - 1, **changes)

    def has(self, feature: str) -> bool:
        return feature in self.features


@st.composite
def models(draw, features: frozenset[str]) -> tuple[list[Block], list[Side]]:
    """Draw the body and the event sub-processes of a process: blocks in blocks."""
    place = _Place(features, edges=draw(st.booleans()))
    sides = draw(_sides(place))
    caught = any(side.event.kind == "error" for side in sides)
    return draw(_bodies(replace(place, caught=caught), 1)), sides


@st.composite
def _bodies(draw, place: _Place, least: int = 0) -> list[Block]:
    return [draw(_blocks(place)) for _ in range(draw(st.integers(least, 3)))]


@st.composite
def _blocks(draw, place: _Place) -> Block:
    kinds: list[type[Block]] = [Task, Send, Script, Leave, Catch, Throw]
    if place.depth > 0:
        kinds += [Fork, Choose, Sub, Repeat, Wait]
        kinds += [Include] if place.has("inclusive") else []
    if place.in_loop and not place.has("joins in loops"):
        kinds = [kind for kind in kinds if kind not in {Fork, Include}]
    kind = draw(st.sampled_from(kinds))
    ways = st.lists(_bodies(place.deeper()), min_size=2, max_size=3 if kind is not Choose else 2)
    if kind is Task:
        edges = draw(_edges(place, ("timer", "message", "signal")))
        return Task(draw(st.booleans()) and place.has("conditional"), draw(_repeated(place, is_task=True)), edges)
    if kind is Script:
        return Script(draw(st.sampled_from([None, 1, 0])) if place.has("conditional") else None)
    if kind is Send:
        return Send()
    if kind in {Leave, Throw}:
        events = [Event("message", "sent")]
        if place.has("thrown to interrupt"):
            events += [Event("signal", "s1"), Event("signal", "s2"), Event("escalation", ESCALATION)]
        if kind is Leave:
            events += [None, Event("terminate")]
            if place.has("thrown to interrupt") and place.caught:
                events.append(Event("error", ERROR))
        return kind(draw(st.sampled_from(events)))
    if kind is Catch:
        event = draw(_events(place, ("message", "signal", "timer"), quiet=("message", "signal", "timer")))
        return Catch(event, receive_task=event.kind == "message" and draw(st.booleans()))
    if kind is Wait:
        first = draw(_events(place, ("message",), conditional=False))
        other = draw(_events(place, ("timer", "signal"), conditional=False))
        return Wait([(event, draw(_bodies(place.deeper()))) for event in (first, other)])
    if kind is Repeat:
        return Repeat(draw(_bodies(place.deeper(in_loop=True))))
    if kind is Sub:
        several = draw(_repeated(place, is_task=False))
        sides = draw(_sides(place.deeper()))
        edges = draw(_edges(place, ("timer", "message", "signal", "escalation", "error")))
        caught = place.caught or any(each.event.kind == "error" for each in [*sides, *edges])
        within = place.deeper(caught=caught, in_loop=place.in_loop or several is not None)
        if several is not None:  # what an item sets is its own until it ends
            within = replace(within, features=place.features - {"conditional"})
        body = draw(_bodies(within, 1))
        called = draw(st.booleans()) and (not sides or place.has("sides of called"))
        return Sub(body, called, several, edges, sides)
    return kind(draw(ways))


@st.composite
def _events(
    draw, place: _Place, kinds: Sequence[str], conditional: bool = True, quiet: Sequence[str] = ("message", "timer")
) -> Event:
    kinds = [kind for kind in kinds if kind in quiet or place.has("thrown to interrupt")]
    kind = draw(st.sampled_from([*kinds, "conditional"] if conditional and place.has("conditional") else kinds))
    match kind:
        case "timer":
            return Event(kind, minutes=draw(st.sampled_from(TIMERS)))
        case "conditional":
            return Event(kind, condition=condition(WATCHED, 1))
        case "error" | "escalation":
            return Event(kind, draw(st.sampled_from([ERROR if kind == "error" else ESCALATION, ""])))
    return Event(kind, draw(st.sampled_from(["m1", "m2"] if kind == "message" else ["s1", "s2"])))


@st.composite
def _edges(draw, place: _Place, kinds: Sequence[str]) -> list[Edge]:
    found = []
    for _ in range(draw(st.sampled_from([0, 1, 1, 2])) if place.edges else 0):
        event = draw(_events(place, kinds))
        if not place.has("edges at once") and event in [edge.event for edge in found]:
            continue
        once = event.kind == "timer" or place.has("edges again")
        interrupting = event.kind == "error" or not once or draw(st.booleans())
        joins = draw(st.booleans()) and (interrupting or place.has("surplus tokens"))
        found.append(Edge(event, draw(_bodies(replace(place, depth=0))), interrupting, joins))
    return found


@st.composite
def _sides(draw, place: _Place) -> list[Side]:
    found = []
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        event = draw(_events(place, ("message", "timer", "signal", "escalation", "error")))
        beside = event.kind in [side.event.kind for side in found if side.event.name != event.name]
        if event.kind in {"error", "escalation"} and beside and not place.has("every code beside one"):
            continue
        interrupting = event.kind == "error" or draw(st.booleans())
        found.append(Side(event, draw(_quiet_bodies(place)), interrupting))
    return found


def _quiet_bodies(place: _Place) -> st.SearchStrategy[list[Block]]:
    """Return what happens in an event sub-process: nothing is thrown out of one by which it began."""
    return st.lists(st.sampled_from([Task(), Send(), Script()]), max_size=2)


@st.composite
def _repeated(draw, place: _Place, *, is_task: bool) -> Several | None:
    if place.edges and not place.has("several behind edges"):
        return None
    marker = draw(st.sampled_from([None, None, None, "parallel", "sequential", "loop"]))
    if marker is None:
        return None
    read = condition("", 1) if is_task and draw(st.booleans()) else None
    if marker == "loop":
        return Several(marker, draw(st.integers(1, 3)), read, test_before=draw(st.booleans()))
    return Several(marker, draw(st.integers(0, 3)), read)


# ── free drawings ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Drawing(Brief):
    """Units and where each leads: by number, beyond the last one to an end.

    A unit is a *task*, a *send*, a *merge* (exclusive), a *join* (inclusive), an *and* (parallel, joins and splits), or
    a task that decides, *xor* or *or*: its first way is taken at 0, its second at 1, of *or* both at 2.
    """

    units: tuple[tuple[str, tuple[int, ...]], ...]

    def scope(self) -> Scope:
        builder = Builder("model")
        entries = [self._draw(builder, kind) for kind, _ in self.units]
        builder.flow(builder.node("start", "startEvent"), entries[0][0])
        for (kind, leads), (entry, left_by) in zip(self.units, entries, strict=True):
            among: list[Condition | None] = [None, None]
            if kind == "xor":
                among = [None, condition(entry, 1)]
            elif kind == "or":
                among = [condition(entry, 0, 2, 3), condition(entry, 1, 2, 3)]
            for place, (to, when) in enumerate(zip(leads, among, strict=False)):
                target = entries[to][0] if to < len(entries) else builder.node("end", "endEvent")
                flow = builder.flow(left_by, target, when)
                if kind == "xor" and place == 0:
                    builder.default(left_by, flow)
        return builder.scope()

    def _draw(self, builder: Builder, kind: str) -> tuple[str, str]:
        """Draw one unit; the nodes that it is entered and left by."""
        match kind:
            case "task":
                entry = builder.node("task", "userTask")
            case "send":
                entry = builder.node("send", "sendTask", event=Event("message", "sent"))
            case "merge" | "join" | "and":
                gateways = {"merge": "exclusiveGateway", "join": "inclusiveGateway", "and": "parallelGateway"}
                entry = builder.node(kind, gateways[kind])
            case _:
                entry = builder.node("task", "userTask")
                split = builder.node(kind, "exclusiveGateway" if kind == "xor" else "inclusiveGateway")
                builder.flow(entry, split)
                return entry, split
        return entry, entry


@st.composite
def drawings(draw, features: frozenset[str]) -> Drawing:
    """Draw a few units that lead to one another in any way; only the second way of an *xor* leads back."""
    kinds = ["task", "send", "merge", "xor"]
    kinds += ["and"] if "surplus tokens" in features else []
    kinds += ["or", "join"] if "inclusive" in features else []
    count = draw(st.integers(2, 8))
    units: list[tuple[str, tuple[int, ...]]] = []
    for number in range(count):
        kind = draw(st.sampled_from(kinds))
        ahead = st.integers(number + 1, min(number + 3, count))  # near, so that ways meet again
        leads = [draw(ahead)]
        if kind in {"xor", "or"} or (kind == "and" and draw(st.booleans())):
            back = [n for n in range(number) if units[n][0] != "and" or "back into parallel" in features]
            loops = kind == "xor" and back and "joins in loops" in features
            leads.append(draw(ahead | st.sampled_from(back) if loops else ahead))
        units.append((kind, tuple(leads)))
    return Drawing(_reached(units, count))


def _reached(units: list[tuple[str, tuple[int, ...]]], count: int) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return the units that the first leads to, numbered anew; two ways to one unit are two to different ends."""
    reached, ahead = {0}, [0]
    while ahead:
        new = {to for to in units[ahead.pop()][1] if to < count} - reached
        reached |= new
        ahead += new
    numbers = {old: new for new, old in enumerate(sorted(reached))}
    return tuple(
        (kind, tuple(numbers.get(to, count) if leads.index(to) == place else count for place, to in enumerate(leads)))
        for number, (kind, leads) in enumerate(units)
        if number in reached
    )
