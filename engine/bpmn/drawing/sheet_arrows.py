"""Routes the arrows of an SOP's sheet at right angles around the symbols, in millimetres.

An arrow goes straight down, or sideways and down, if no symbol is in its way. Otherwise, or if it leads back, it runs
in the margin of its target's column, on its own track, and enters the symbol from the side.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from engine.bpmn.drawing.scene import Bounds
from engine.bpmn.drawing.text import width
from engine.model.sop_sheet import Arrow, SymbolKind

POINT = 25.4 / 72
LABEL = 6.2  # size of the words at an arrow, in points
HEAD = 1.9  # length of an arrow's head
PORT = 1.7  # between two arrows on one side of a symbol
GAP = 1.5  # of an arrow above the line between two rows

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class PlacedSymbol:
    """A symbol with its place; *row* is the upper and lower edge of its row."""

    kind: SymbolKind
    box: Bounds
    column: int
    row: tuple[float, float]


@dataclass(frozen=True, slots=True)
class DrawnArrow:
    """A routed arrow with its head at the last point; *text* is empty if there is no room for it."""

    points: tuple[Point, ...]
    proposal: bool
    text: str = ""
    at: Point = (0.0, 0.0)  # of the text, on its base line
    anchor: str = "start"


@dataclass
class _Run:
    """The route of an arrow: its shape, and the sides where it leaves and enters (-1 left, 1 right, 0 neither)."""

    way: Arrow
    shape: str
    leaves: int = 0
    enters: int = 0
    track: float = 0.0
    ports: dict[str, float] = field(default_factory=dict)
    uppermost: bool = True  # of the arrows that leave by that side, which have room for one name


def route(
    places: Mapping[str, PlacedSymbol], ways: Sequence[Arrow], lanes: Sequence[tuple[float, float]]
) -> Iterator[DrawnArrow]:
    """Yield the arrows of a page between *places*; *lanes* are (left edge, width) of the columns."""
    router = _Router(places, lanes)
    busy = {(way.source, router.aside(way)) for way in ways if router.returns(way)}
    runs = []
    for way in ways:
        runs.append(router.run(way, busy))
        busy.add((way.source, runs[-1].leaves))
    router.set_tracks(runs)
    router.set_ports(runs)
    for run in runs:
        yield router.draw(run)


def take_track(tracks: list[list[tuple[float, float]]], reach: tuple[float, float], apart: float = 0.0) -> int:
    """Add *reach* to the first of *tracks* where it is *apart* from all others, or to a new one; return its index."""
    low, high = reach
    free = (n for n, taken in enumerate(tracks) if all(high + apart < a or low - apart > b for a, b in taken))
    track = next(free, len(tracks))
    if track == len(tracks):
        tracks.append([])
    tracks[track].append(reach)
    return track


@dataclass
class _Router:
    places: Mapping[str, PlacedSymbol]
    lanes: Sequence[tuple[float, float]]

    def returns(self, way: Arrow) -> bool:
        return self.places[way.target].box.y < self.places[way.source].box.bottom

    def aside(self, way: Arrow) -> int:
        """Return the side by which an arrow leaves sideways: towards its target, and within the lanes."""
        source, target = self.places[way.source].column, self.places[way.target].column
        if source == target:
            return -1 if source == len(self.lanes) - 1 > 0 else 1
        return -1 if target < source else 1

    def run(self, way: Arrow, busy: set[tuple[str, int]]) -> _Run:
        """Return the simplest route that crosses no symbol."""
        source, target = self.places[way.source], self.places[way.target]
        (sx, sy), (tx, ty) = source.box.centre, target.box.centre
        aside = self.aside(way)
        ends = (way.source, way.target)
        if abs(sy - ty) < 0.5 and source.column != target.column and self._clear_across(sy, sx, tx, ends):
            return _Run(way, "level", aside, -aside)
        below = target.box.y > source.box.bottom
        straight = all(self._clear_down(x, sy, ty, ends) for x in (sx, tx))
        if below and source.column == target.column and straight:
            return _Run(way, "down")
        if below and source.column != target.column:
            drop = source.row[1] - GAP
            if (
                source.kind is SymbolKind.DECISION
                and (way.source, aside) in busy
                and drop < target.box.y - HEAD
                and self._clear_down(sx, sy, drop, ends)
                and self._clear_down(tx, drop, ty, ends)
                and self._clear_across(drop, sx, tx, ends)
            ):
                return _Run(way, "drop")
            if self._clear_down(tx, sy, ty, ends) and self._clear_across(sy, sx, tx, ends):
                return _Run(way, "elbow", aside)
        return _Run(way, "channel", aside, aside if source.column == target.column else -aside)

    def _clear_down(self, x: float, first: float, last: float, ends: Sequence[str]) -> bool:
        return not any(
            place.box.x < x < place.box.right and place.box.bottom > first and place.box.y < last
            for key, place in self.places.items()
            if key not in ends
        )

    def _clear_across(self, y: float, first: float, last: float, ends: Sequence[str]) -> bool:
        first, last = sorted((first, last))
        return not any(
            place.box.y < y < place.box.bottom and place.box.right > first and place.box.x < last
            for key, place in self.places.items()
            if key not in ends
        )

    def set_tracks(self, runs: Sequence[_Run]) -> None:
        """Assign tracks to the arrows in the margins of columns, the outer ones to long arrows."""
        margins: dict[tuple[int, int], list[_Run]] = defaultdict(list)
        for run in runs:
            if run.shape == "channel":
                margins[(self.places[run.way.target].column, run.enters)].append(run)
        for (column, side), crowd in margins.items():
            tracks: list[list[tuple[float, float]]] = []
            taken: dict[int, int] = {}
            for run in sorted(crowd, key=lambda run: -self._span(run)):
                low, high = sorted(self.places[key].box.centre[1] for key in (run.way.source, run.way.target))
                taken[id(run)] = take_track(tracks, (low, high), PORT)
            left, across = self.lanes[min(column, len(self.lanes) - 1)]
            widest = max(self.places[run.way.target].box.width for run in crowd)
            passed = max(place.box.width for place in self.places.values() if place.column == column)
            room = max(0.6, min((across - widest) / 2 - HEAD - 0.4, (across - passed) / 2 - 0.8))
            for run in crowd:
                inwards = 0.4 + room * (taken[id(run)] + 0.5) / len(tracks)
                run.track = left + inwards if side < 0 else left + across - inwards

    def _span(self, run: _Run) -> float:
        return abs(self.places[run.way.source].box.centre[1] - self.places[run.way.target].box.centre[1])

    def set_ports(self, runs: Sequence[_Run]) -> None:
        """Spread the arrows at each side of a symbol, so that they neither overlap nor cross."""
        sides: dict[tuple[str, int], list[tuple[float, float, _Run, str]]] = defaultdict(list)
        for run in runs:
            up = self.returns(run.way)
            if run.leaves:
                rank = 0.5 if up and run.shape == "channel" else 1.0
                sides[(run.way.source, run.leaves)].append((rank, run.track, run, "source"))
            if run.enters:
                rank = 1.0 if run.shape == "level" else 2.0 if up else 0.0
                far = run.track * (1 if run.enters < 0 else -1) * (1 if up else -1)  # the outer one is above
                sides[(run.way.target, run.enters)].append((rank, far, run, "target"))
        for (key, _), crowd in sides.items():
            box = self.places[key].box
            step = min(PORT, box.height * 0.7 / len(crowd))
            named = 0
            for place, (_, _, run, end) in enumerate(sorted(crowd, key=lambda each: each[:2])):
                run.ports[end] = box.centre[1] + (place - (len(crowd) - 1) / 2) * step
                if end == "source" and run.way.text:
                    run.uppermost = not named
                    named += 1

    def draw(self, run: _Run) -> DrawnArrow:
        source, target = self.places[run.way.source], self.places[run.way.target]
        (sx, _), (tx, _) = source.box.centre, target.box.centre
        match run.shape:
            case "down":
                turn = (source.box.bottom + target.box.y - HEAD) / 2
                points = [(sx, source.box.bottom), (sx, turn), (tx, turn), (tx, target.box.y)]
            case "drop":
                turn = source.row[1] - GAP
                points = [(sx, source.box.bottom), (sx, turn), (tx, turn), (tx, target.box.y)]
            case "elbow":
                y = run.ports["source"]
                points = [(_edge(source, run.leaves, y), y), (tx, y), (tx, target.box.y)]
            case "level":
                y = run.ports["source"]
                points = [(_edge(source, run.leaves, y), y), (_edge(target, run.enters, y), y)]
            case _:
                y, end = run.ports["source"], run.ports["target"]
                edge = _edge(target, run.enters, end)
                points = [(_edge(source, run.leaves, y), y), (run.track, y), (run.track, end), (edge, end)]
        return self._labelled(run, points)

    def _labelled(self, run: _Run, points: list[Point]) -> DrawnArrow:
        text, (x, y) = run.way.text, points[0]
        if not text or not run.uppermost or not fits(text, self.lanes[0][1]):
            return DrawnArrow(tuple(points), run.way.proposal)
        if run.leaves:
            at, anchor = (x + run.leaves * 0.7, y - 0.7), "start" if run.leaves > 0 else "end"
        else:
            at, anchor = (x + 0.8, y + 2.6), "start"
        return DrawnArrow(tuple(points), run.way.proposal, text, at, anchor)


def fits(text: str, lane: float) -> bool:
    """Whether *text* has room at an arrow in a lane of that width."""
    return width(text, LABEL) * POINT <= lane / 2 - 0.9


def _edge(place: PlacedSymbol, side: int, y: float) -> float:
    """Return the x of a symbol's outline at the height *y*, on its left (-1) or right (1)."""
    (x, middle), half = place.box.centre, place.box.width / 2
    if place.kind is SymbolKind.DECISION:
        half *= 1 - abs(y - middle) / (place.box.height / 2)
    return x + side * half
