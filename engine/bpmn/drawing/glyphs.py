"""The small pictures of BPMN: task kinds, event definitions, gateway signs, markers at an activity's foot.

Each is drawn around the origin and moved by its user; *ink* is the colour of lines, *paper* that of what is left open.
"""

from engine.bpmn.drawing.svg import INK, PAPER, path, polygon, tag


def moved(content: str, x: float, y: float, scale: float = 1) -> str:
    """Place a glyph with its origin at (*x*, *y*)."""
    size = "" if scale == 1 else f" scale({scale:g})"
    return tag("g", content, transform=f"translate({x:g} {y:g}){size}")


def _envelope(ink: str, paper: str, *, filled: bool) -> str:
    body = tag("rect", x=-8, y=-5.5, width=16, height=11, fill=ink if filled else paper, stroke=ink, stroke_width=1.2)
    return body + path("M-8 -5.5L0 1L8 -5.5", stroke=paper if filled else ink, stroke_width=1.2)


def task(kind: str, *, instantiates: bool = False) -> str:
    """Return the marker of a task's kind; empty for an abstract task."""
    match kind:
        case "userTask":
            head = tag("circle", cx=0, cy=-4, r=3.4, fill=PAPER, stroke=INK, stroke_width=1.2)
            return path("M-6.5 7.5C-6.5 1.5 -3.5 0.5 0 0.5S6.5 1.5 6.5 7.5Z", fill=PAPER, stroke_width=1.2) + head
        case "manualTask":
            return path(
                "M-7.5 -1L-2 -6.5Q-0.5 -7.5 0 -6L-2.5 -3H6.5Q8 -1.8 6.5 -0.8H1.5H7Q8.3 0.4 7 1.5H1.5H6.5"
                "Q7.6 2.7 6.3 3.7H1.5H5.4Q6.4 4.9 5 5.8H-3.5Q-7.5 5.5 -7.5 3Z",
                fill=PAPER,
                stroke_width=1.1,
            )
        case "scriptTask":
            sheet = "M-3 -7.5H7C2.5 -4 7.5 -1 3.5 7.5H-6.5C-2 3.5 -7 -1 -3 -7.5Z"
            return path(f"{sheet}M-2.5 -4.5H3M-3.5 -1.5H3M-3 1.5H4M-4 4.5H3", fill=PAPER, stroke_width=1.1)
        case "serviceTask":
            teeth = "".join(
                tag("rect", x=-1.6, y=-8, width=3.2, height=16, fill=INK, transform=f"rotate({turn})")
                for turn in (0, 45, 90, 135)
            )
            return teeth + tag("circle", r=5.4, fill=INK) + tag("circle", r=2.8, fill=PAPER)
        case "sendTask":
            return _envelope(INK, PAPER, filled=True)
        case "receiveTask":
            ring = tag("circle", r=11, fill=PAPER, stroke=INK, stroke_width=1) if instantiates else ""
            return ring + _envelope(INK, PAPER, filled=False)
        case "businessRuleTask":
            table = tag("rect", x=-8, y=-6, width=16, height=12, fill=PAPER, stroke=INK, stroke_width=1.2)
            head = tag("rect", x=-8, y=-6, width=16, height=3.6, fill=INK)
            return table + head + path("M-8 1.8H8M-3 -2.4V6", stroke_width=1.2)
    return ""


def definition(kind: str, *, filled: bool) -> str:
    """Return the sign of an event's definition within a circle of radius 18; *filled* is a throwing event's."""
    fill = INK if filled else PAPER
    match kind:
        case "message":
            return _envelope(INK, PAPER, filled=filled)
        case "timer":
            dial = tag("circle", r=10, fill=PAPER, stroke=INK, stroke_width=1.3)
            hours = "".join(
                path("M0 -10V-7.5", stroke_width=1.1).replace("<path", f'<path transform="rotate({turn})"')
                for turn in range(0, 360, 30)
            )
            return dial + hours + path("M1.5 -7L0 0L4.5 2", stroke_width=1.4)
        case "signal":
            return polygon([(0, -9), (9, 7), (-9, 7)], fill=fill, stroke=INK, stroke_width=1.3)
        case "error":
            zigzag = [(-9, 8), (-3.5, -8), (2.5, 1), (8.5, -8), (3.5, 8), (-2.5, -1.5)]
            return polygon(zigzag, fill=fill, stroke=INK, stroke_width=1.2)
        case "escalation":
            return polygon([(0, -10), (7.5, 8), (0, 1), (-7.5, 8)], fill=fill, stroke=INK, stroke_width=1.2)
        case "conditional":
            sheet = tag("rect", x=-7.5, y=-9, width=15, height=18, fill=PAPER, stroke=INK, stroke_width=1.2)
            return sheet + path("M-5 -5.5H5M-5 -1.8H5M-5 1.8H5M-5 5.5H5", stroke_width=1.2)
        case "link":
            arrow = [(-9, -4), (2, -4), (2, -8), (10, 0), (2, 8), (2, 4), (-9, 4)]
            return polygon(arrow, fill=fill, stroke=INK, stroke_width=1.2)
        case "compensate":
            return _rewind(fill, 1.0)
        case "cancel":
            half = [(-9, -6), (-6, -9), (0, -3), (6, -9), (9, -6), (3, 0)]
            cross = [*half, *((-x, -y) for x, y in half)]
            return polygon(cross, fill=fill, stroke=INK, stroke_width=1.2)
        case "terminate":
            return tag("circle", r=10, fill=INK)
        case "multiple":
            return polygon([(0, -10), (9.5, -3), (6, 8), (-6, 8), (-9.5, -3)], fill=fill, stroke=INK, stroke_width=1.2)
        case "parallelMultiple":
            return _plus(9.5, 3, fill)
    return ""


def _rewind(fill: str, size: float) -> str:
    back = [[(-10, 0), (-1, -7), (-1, 7)], [(-1, 0), (8, -7), (8, 7)]]
    return "".join(
        polygon([(x * size, y * size) for x, y in points], fill=fill, stroke=INK, stroke_width=1.2) for points in back
    )


def _plus(reach: float, half: float, fill: str) -> str:
    right = [(-half, -reach), (half, -reach), (half, -half), (reach, -half), (reach, half), (half, half)]
    corners = [*right, *((-x, -y) for x, y in right)]
    return polygon(corners, fill=fill, stroke=INK, stroke_width=1.2)


def gateway(kind: str, *, marker_visible: bool) -> str:
    """Return the sign within a gateway's diamond of half-width 25."""
    match kind:
        case "exclusiveGateway":
            return path("M-7.5 -8.5L7.5 8.5M7.5 -8.5L-7.5 8.5", stroke_width=4) if marker_visible else ""
        case "parallelGateway":
            return path("M0 -12V12M-12 0H12", stroke_width=4)
        case "inclusiveGateway":
            return tag("circle", r=11, fill="none", stroke=INK, stroke_width=3)
        case "complexGateway":
            return path("M0 -12V12M-12 0H12M-8.5 -8.5L8.5 8.5M8.5 -8.5L-8.5 8.5", stroke_width=3)
        case "eventBasedGateway":
            rings = "".join(tag("circle", r=r, fill="none", stroke=INK, stroke_width=1) for r in (15, 12))
            return rings + moved(definition("multiple", filled=False), 0, 0, 0.75)
    return ""


def foot(kind: str) -> str:
    """Return a marker that stands at the foot of an activity, 14 pixels wide."""
    match kind:
        case "parallel":
            return path("M-5 -6V6M0 -6V6M5 -6V6", stroke_width=2.4)
        case "sequential":
            return path("M-6 -5H6M-6 0H6M-6 5H6", stroke_width=2.4)
        case "loop":
            return path("M-3 5.5A6 6 0 1 1 2 5.8M-3 5.5L-6.5 4.6M-3 5.5L-2.6 1.8", stroke_width=1.6)
        case "compensation":
            return _rewind(PAPER, 0.7)
        case "adHoc":
            return path("M-7 1.5C-4.5 -4.5 -2 -2.5 0 0S4.5 4.5 7 -1.5", stroke_width=2.2)
        case "collapsed":
            frame = tag("rect", x=-7, y=-7, width=14, height=14, fill=PAPER, stroke=INK, stroke_width=1.2)
            return frame + path("M0 -4.5V4.5M-4.5 0H4.5", stroke_width=1.4)
    return ""


def badge(state: str, colour: str = PAPER) -> str:
    """Return a state's sign, 12 pixels wide: what tells the states apart without colour."""
    match state:
        case "active":
            return tag("circle", r=4.5, fill=colour)
        case "waiting":
            return path(
                "M-4 -5.5H4M-4 5.5H4M-3.2 -5C-3.2 -1.5 0 -1 0 0S-3.2 1.5 -3.2 5M3.2 -5C3.2 -1.5 0 -1 0 0S3.2 1.5 3.2 5",
                stroke=colour,
                stroke_width=1.5,
            )
        case "done":
            return path("M-4.5 0.5L-1.5 4L5 -4", stroke=colour, stroke_width=2.2)
        case "not_taken":
            return path("M-4.5 0H4.5", stroke=colour, stroke_width=2.4)
        case "cancelled":
            return path("M-4 -4L4 4M4 -4L-4 4", stroke=colour, stroke_width=2.2)
        case "incident":
            return path("M0 -6V1.2M0 4V6", stroke=colour, stroke_width=2.6)
        case "returned":
            return path("M-1.5 -5.5L-5 -2L-1.5 1.5M-5 -2H1.5C6 -2 6 4.5 1.5 4.5H-2", stroke=colour, stroke_width=1.9)
        case "overdue":
            triangle = polygon([(0, -6), (6.5, 5.5), (-6.5, 5.5)], fill=colour)
            return triangle + path("M0 -2.5V1.6M0 3V4.2", stroke="#a01f1f", stroke_width=1.6)
    return ""
