"""Places a drafted diagram: steps from left to right in their lanes, lines at right angles.

A step is a column, with its inputs above the task, its outputs below, and its decision to the right. Flows to the next
step cross the gap between both. Others run along the edge of the lane, each on its own track, and enter their target
from the gap before it, so that no line crosses a shape.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from engine.bpmn.drafting.planning import START, Plan, PlannedDocument, PlannedStep, PlannedWay, every_way
from engine.bpmn.drawing.scene import Bounds
from engine.bpmn.drawing.sheet_arrows import take_track
from engine.bpmn.drawing.text import SMALL, TEXT, width, wrap
from engine.model.sop_sheet import END

LEFT, TOP = 40, 40
HEADER = 30  # of pool and lane
TASK = 180
EVENT, GATEWAY = 36, 50
DOCUMENT = (36, 50)
GAP = 50
TRACK = 14
LINE = 14  # height of a line of a name
APART = 24  # from a document to its task
MARGIN = 16  # to the edge of a lane
FIRST = 200  # left edge of the first step

Point = tuple[float, float]


@dataclass
class Places:
    """The coordinates of shapes, of their names beside them, and of lines, by id."""

    shapes: dict[str, Bounds] = field(default_factory=dict)
    labels: dict[str, Bounds] = field(default_factory=dict)
    lines: dict[str, list[Point]] = field(default_factory=dict)
    line_labels: dict[str, Bounds] = field(default_factory=dict)
    pool: Bounds = field(default_factory=lambda: Bounds(0, 0, 0, 0))


def flow_id(source: str, target: str) -> str:
    """Return the id of the sequence flow between two elements."""
    return f"{source}_ke_{target}"


def reference_id(step: PlannedStep, document: PlannedDocument, *, needed: bool) -> str:
    """Return the id of a step's reference to a document."""
    return f"{document.object_id}_{'untuk' if needed else 'dari'}_{step.id}"


def association_id(step: PlannedStep, document: PlannedDocument, *, needed: bool) -> str:
    """Return the id of the line between a step and a document."""
    return f"{reference_id(step, document, needed=needed)}_{'masuk' if needed else 'keluar'}"


def place(plan: Plan) -> Places:
    """Return the coordinates of everything in *plan*."""
    return _Placer(plan).places


@dataclass
class _Placer:
    plan: Plan

    def __post_init__(self) -> None:
        self.places = Places()
        self.around = [(step, way) for step, way in every_way(self.plan) if self._goes_around(step, way)]
        self.entering: dict[int, list[tuple[PlannedStep, PlannedWay]]] = defaultdict(list)
        for step, way in reversed(self.around):
            self.entering[way.target].append((step, way))
        self._set_columns()
        self._set_edges()
        self._set_lanes()
        for step in self.plan.steps:
            self._put_step(step)
        self._put_start()
        self._put_ways()

    def _goes_around(self, step: PlannedStep, way: PlannedWay) -> bool:
        """Whether a way leads neither to the next step through the gap nor to an end at its step."""
        return way.target != END and not (way is step.ways[0] and way.target == step.number + 1)

    # ── columns ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _set_columns(self) -> None:
        self.left: dict[int, float] = {}
        self.right: dict[int, float] = {}  # including decision and end
        x = float(FIRST)
        for step in self.plan.steps:
            x += TRACK * len(self.entering[step.number])
            self.left[step.number] = x
            x += self._width(step)
            if step.decides:
                x += GAP + GATEWAY
            if any(way.target == END for way in step.ways[:1]):
                x += GAP + EVENT
            self.right[step.number] = x
            x += GAP + (20 if step.decides else 0)
        self.end = x + 10

    def _width(self, step: PlannedStep) -> float:
        return max(TASK, *(self._cell(each) * len(each) for each in (step.inputs, step.outputs)))

    def _cell(self, documents: tuple[PlannedDocument, ...]) -> float:
        """Return the width that a document needs so that no word of its name is broken."""
        words = (word for document in documents for word in document.name.split())
        return max(62.0, *(min(180.0, width(word, SMALL) + 8) for word in words), 0.0)

    def _height(self, step: PlannedStep) -> float:
        return max(80.0, len(wrap(step.step.activity, self._width(step) - 20, TEXT)) * 16 + 16)

    def _spread(self, step: PlannedStep, documents: tuple[PlannedDocument, ...]) -> tuple[float, float]:
        """Return the distance between documents of a step, and the width of their names."""
        count = max(1, len(documents))
        apart = min(max(120.0 if count == 1 else 90.0, self._cell(documents)), self._width(step) / count)
        return apart, apart - 2

    def _names(self, step: PlannedStep, documents: tuple[PlannedDocument, ...]) -> float:
        _, room = self._spread(step, documents)
        return max((LINE * len(wrap(each.name, room, SMALL)) for each in documents), default=0.0)

    # ── lanes ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _set_edges(self) -> None:
        """Assign a track along the upper or lower edge of the lane to every way that goes around."""
        order = {lane.id: place for place, lane in enumerate(self.plan.lanes)}
        self.upwards: dict[tuple[int, int], bool] = {}
        self.track: dict[tuple[int, int], int] = {}
        self.tracks: dict[tuple[str, bool], list[list[tuple[float, float]]]] = defaultdict(list)
        for step, way in self.around:
            target = self.plan.steps[way.target - 1]
            sides = [self.upwards[key] for key in self.upwards if key[0] == step.number]
            upwards = order[target.lane.id] < order[step.lane.id]
            if step.decides and self._end_below(step):
                upwards = True
            elif sides and all(side == upwards for side in sides) and way is not step.ways[0]:
                upwards = not upwards
            key = (step.number, way.target)
            self.upwards[key] = upwards
            ends = sorted((self.left[step.number] + self._width(step), self.left[way.target] - 60))
            reach = (ends[0] - 80, self.right[step.number] + GAP if ends[1] < self.right[step.number] else ends[1] + 80)
            self.track[key] = take_track(self.tracks[(step.lane.id, upwards)], reach)

    def _end_below(self, step: PlannedStep) -> bool:
        return any(way.target == END for way in step.ways[1:])

    def _set_lanes(self) -> None:
        self.middle: dict[str, float] = {}
        self.lane_top: dict[str, float] = {}
        self.lane_bottom: dict[str, float] = {}
        y = float(TOP)
        right = self.end
        for lane in self.plan.lanes:
            above = below = 60.0
            for step in self.plan.steps:
                if step.lane.id != lane.id:
                    continue
                half = self._height(step) / 2
                above, below = max(above, half + MARGIN), max(below, half + MARGIN)
                if step.inputs:
                    above = max(above, half + APART + DOCUMENT[1] + 2 + self._names(step, step.inputs) + MARGIN)
                if step.outputs:
                    below = max(below, half + APART + DOCUMENT[1] + 2 + self._names(step, step.outputs) + MARGIN)
                if self._end_below(step):
                    below = max(below, GATEWAY / 2 + 40 + EVENT + 4 + LINE + MARGIN)
            above += TRACK * len(self.tracks[(lane.id, True)])
            below += TRACK * len(self.tracks[(lane.id, False)])
            lacking = width(lane.name, TEXT) + 24 - above - below
            if lacking > 0:
                above, below = above + lacking / 2, below + lacking / 2
            above, below = float(round(above)), float(round(below))
            self.lane_top[lane.id], self.middle[lane.id], self.lane_bottom[lane.id] = y, y + above, y + above + below
            self.places.shapes[lane.id] = Bounds(LEFT + HEADER, y, right - LEFT - HEADER, above + below)
            y += above + below
        self.places.pool = Bounds(LEFT, TOP, right - LEFT, y - TOP)

    # ── shapes ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _put_step(self, step: PlannedStep) -> None:
        x, y = self.left[step.number], self.middle[step.lane.id]
        across, down = self._width(step), self._height(step)
        self.places.shapes[step.id] = Bounds(x, y - down / 2, across, down)
        self._put_documents(step, step.inputs, needed=True)
        self._put_documents(step, step.outputs, needed=False)
        right = x + across
        if step.decides:
            gateway = Bounds(right + GAP, y - GATEWAY / 2, GATEWAY, GATEWAY)
            self.places.shapes[step.gateway] = gateway
            self.places.labels[step.gateway] = Bounds(gateway.x - 46, y - 44, 64, LINE)
            self.places.lines[flow_id(step.id, step.gateway)] = [(right, y), (gateway.x, y)]
            right += GAP + GATEWAY
        for way in step.ways:
            if way.target == END:
                end = self.plan.end_of(step)
                if way is step.ways[0]:
                    place = Bounds(right + GAP, y - EVENT / 2, EVENT, EVENT)
                    line = [(right, y), (place.x, y)]
                else:
                    middle = right - GATEWAY / 2
                    place = Bounds(middle - EVENT / 2, y + GATEWAY / 2 + 40, EVENT, EVENT)
                    line = [(middle, y + GATEWAY / 2), (middle, place.y)]
                self.places.shapes[end] = place
                self.places.labels[end] = Bounds(place.x - 8, place.y + EVENT + 4, 52, LINE)
                self.places.lines[flow_id(step.leaves, end)] = line

    def _put_documents(self, step: PlannedStep, documents: tuple[PlannedDocument, ...], *, needed: bool) -> None:
        task = self.places.shapes[step.id]
        apart, room = self._spread(step, documents)
        across, down = DOCUMENT
        for place, document in enumerate(documents):
            x = task.x + task.width / 2 + (place - (len(documents) - 1) / 2) * apart
            y = task.y - APART - down if needed else task.y + task.height + APART
            id_ = reference_id(step, document, needed=needed)
            high = LINE * len(wrap(document.name, room, SMALL))
            self.places.shapes[id_] = Bounds(x - across / 2, y, across, down)
            self.places.labels[id_] = Bounds(x - room / 2, y - 2 - high if needed else y + down + 2, room, high)
            line = [(x, y + down), (x, task.y)] if needed else [(x, task.y + task.height), (x, y)]
            self.places.lines[association_id(step, document, needed=needed)] = line

    def _put_start(self) -> None:
        first = self.plan.steps[0]
        y = self.middle[first.lane.id]
        x = LEFT + 2 * HEADER + 24.0
        self.places.shapes[START] = Bounds(x, y - EVENT / 2, EVENT, EVENT)
        self.places.labels[START] = Bounds(x - 4, y + EVENT / 2 + 4, 44, LINE)
        self.places.lines[flow_id(START, first.id)] = [(x + EVENT, y), (self.left[first.number], y)]

    # ── ways ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _put_ways(self) -> None:
        for step, way in every_way(self.plan):
            id_ = flow_id(step.leaves, self.plan.target(step, way))
            if way.target != END:
                around = self._goes_around(step, way)
                self.places.lines[id_] = self._around(step, way) if around else self._onwards(step, way)
            if way.name:
                self.places.line_labels[id_] = self._named(step, way)

    def _leaving(self, step: PlannedStep) -> Point:
        shape = self.places.shapes[step.leaves]
        return shape.x + shape.width, self.middle[step.lane.id]

    def _onwards(self, step: PlannedStep, way: PlannedWay) -> list[Point]:
        x, y = self._leaving(step)
        target = self.plan.steps[way.target - 1]
        end = (self.left[target.number], self.middle[target.lane.id])
        if end[1] == y:
            return [(x, y), end]
        turn = self.right[step.number] + (GAP + (20 if step.decides else 0)) / 2
        return [(x, y), (turn, y), (turn, end[1]), end]

    def _around(self, step: PlannedStep, way: PlannedWay) -> list[Point]:
        upwards = self.upwards[(step.number, way.target)]
        inwards = MARGIN / 2 + 4 + TRACK * self.track[(step.number, way.target)]
        edge = self.lane_top[step.lane.id] + inwards if upwards else self.lane_bottom[step.lane.id] - inwards
        x, y = self._leaving(step)
        if way is step.ways[0]:
            turn = x + GAP / 2
            begin = [(x, y), (turn, y), (turn, edge)]
        else:
            x -= GATEWAY / 2
            y += -GATEWAY / 2 if upwards else GATEWAY / 2
            begin = [(x, y), (x, edge)]
        target = self.plan.steps[way.target - 1]
        place = self.entering[way.target].index((step, way))
        track = self.left[way.target] - 10 - TRACK * place
        middle = self.middle[target.lane.id]
        count = len(self.entering[way.target])
        upper = self.places.shapes[target.id].y + min(30.0, 8 + min(10.0, 22 / max(1, count)) * (count - 1 - place))
        enter = upper if edge < middle else 2 * middle - upper
        return [*begin, (track, edge), (track, enter), (self.left[way.target], enter)]

    def _named(self, step: PlannedStep, way: PlannedWay) -> Bounds:
        x, y = self._leaving(step)
        if way is step.ways[0]:
            return Bounds(x + 2, y - 18, 22, LINE)
        upwards = way.target != END and self.upwards[(step.number, way.target)]
        top = y - GATEWAY / 2 - LINE - 4 if upwards else y + GATEWAY / 2 + 4
        return Bounds(x - GATEWAY / 2 + 5, top, 40, LINE)
