"""Draws edges: sequence flows, message flows and associations, with their ends and names."""

from itertools import pairwise
from math import dist

from engine.bpmn.drawing.scene import Bounds, DrawnEdge
from engine.bpmn.drawing.svg import FAINT, INK, PAPER, Attribute, lines, path, polygon, rounded, tag
from engine.bpmn.drawing.text import SMALL, width, wrap
from engine.bpmn.drawing.view import View

TAKEN = 3.5
"""Thickness of flows that were taken."""


def arrowheads(prefix: str) -> str:
    """Return the line ends, sized in pixels, so that they do not grow with the thickness of the line."""
    ends = {
        "flow": (polygon([(0, 0), (11, 5), (0, 10)], fill=INK), 11, 5),
        "open": (path("M1 1L9 5L1 9", stroke_width=1.3), 9, 5),
        "message": (polygon([(1, 1), (10, 5), (1, 9)], fill=PAPER, stroke=INK, stroke_width=1.2), 10, 5),
        "ring": (tag("circle", cx=5, cy=5, r=4, fill=PAPER, stroke=INK, stroke_width=1.2), 1, 5),
    }
    size: dict[str, Attribute] = {"markerUnits": "userSpaceOnUse", "markerWidth": 12, "markerHeight": 10}
    return "".join(
        tag("marker", drawing, id=f"{prefix}-{name}", **size, refX=x, refY=y, orient="auto")
        for name, (drawing, x, y) in ends.items()
    )


def draw_edge(view: View, edge: DrawnEdge) -> str:
    """Draw an edge by its kind; a flow that was taken is thick, a proposal is dashed."""
    taken = edge.id in view.taken
    line = rounded(edge.points)
    run: dict[str, Attribute] = {"stroke_width": 1.2}
    dots: dict[str, Attribute] = {**run, "stroke_dasharray": "1.5 3.5", "stroke_linecap": "round"}
    ends = {name: f"url(#{view.prefix}-{name})" for name in ("flow", "ring", "message", "open")}
    match edge.kind:
        case "sequenceFlow":
            dash = "7 5" if edge.proposal else None
            drawn = path(line, stroke_width=TAKEN if taken else 1.2, stroke_dasharray=dash, marker_end=ends["flow"])
            return drawn + _start_sign(edge)
        case "messageFlow":
            return path(line, **run, stroke_dasharray="9 5", marker_start=ends["ring"], marker_end=ends["message"])
        case "association":
            return path(line, **dots, marker_end=ends["open"] if edge.direction in {"One", "Both"} else None)
        case "dataInputAssociation" | "dataOutputAssociation":
            return path(line, stroke="#4d5866", **dots, marker_end=ends["open"])
    return path(line, stroke=FAINT, **run)


def _start_sign(edge: DrawnEdge) -> str:
    """Draw the slash of a default flow, or the diamond of a conditional flow that leaves an activity."""
    (x1, y1), (x2, y2) = edge.points[0], edge.points[1]
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5 or 1
    along, across = ((x2 - x1) / length, (y2 - y1) / length), (-(y2 - y1) / length, (x2 - x1) / length)

    def at(forward: float, aside: float) -> tuple[float, float]:
        return x1 + along[0] * forward + across[0] * aside, y1 + along[1] * forward + across[1] * aside

    if edge.default:
        (a, b), (c, d) = at(7, 6), at(13, -6)
        return path(f"M{a:g} {b:g}L{c:g} {d:g}", stroke_width=1.6)
    if edge.conditional:
        return polygon([at(0, 0), at(8, 5), at(16, 0), at(8, -5)], fill=PAPER, stroke=INK, stroke_width=1.2)
    return ""


def times(view: View, edge: DrawnEdge) -> str:
    """Draw how often a flow was taken, if more than once, in the middle of its longest segment."""
    count = view.taken.get(edge.id, 0)
    (x1, y1), (x2, y2) = max(pairwise(edge.points), key=lambda ends: dist(*ends))
    return counted(count, (x1 + x2) / 2, (y1 + y2) / 2) if count > 1 else ""


def counted(count: int, x: float, y: float) -> str:
    """Draw a count on a pill centred on (*x*, *y*)."""
    text = f"{count}×"
    wide = width(text, SMALL, bold=True) + 10
    pill = tag("rect", x=x - wide / 2, y=y - 9, width=wide, height=18, rx=9, fill=INK, stroke=PAPER, stroke_width=1.5)
    return pill + lines([text], x, y, size=SMALL, fill=PAPER, weight="bold")


def draw_edge_name(view: View, edge: DrawnEdge) -> str:
    """Write the name of a flow where the diagram places it, else above its middle."""
    name = view.name(edge)
    if not name or edge.kind not in {"sequenceFlow", "messageFlow"}:
        return ""
    at = edge.label
    if at is None:
        (x1, y1), (x2, y2) = edge.points[len(edge.points) // 2 - 1 : len(edge.points) // 2 + 1]
        at = Bounds((x1 + x2) / 2 - 40, (y1 + y2) / 2 - 16, 80, 14)
    return lines(wrap(name, max(at.width + 2, 30), SMALL), at.centre[0], at.y + 7, size=SMALL)
