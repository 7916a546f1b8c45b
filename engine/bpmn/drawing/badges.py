"""What a state adds to an element: its border, its badges, its bar of time used."""

from engine.bpmn.drawing import glyphs
from engine.bpmn.drawing.marks import LOOKS, OVERDUE, RETURNED, Look, Mark, State, fill
from engine.bpmn.drawing.scene import Bounds
from engine.bpmn.drawing.svg import PAPER, lines, polygon, tag
from engine.bpmn.drawing.text import SMALL, width


def frame(box: Bounds, look: Look, prefix: str, *, corner: float, thickness: float | None = None) -> str:
    """Draw a rounded rectangle in a state's border; *thickness* is BPMN's own, where thicker than the state's."""
    stroke = max(look.thickness, thickness or 0)
    border = {"stroke": look.colour, "stroke_width": stroke, "stroke_dasharray": look.dash}
    drawn = tag("rect", **box.place, rx=corner, fill=fill(look, prefix), **border)
    if look.double:
        drawn += tag("rect", **box.place, rx=corner, fill="none", stroke=PAPER, stroke_width=1.4)
    return drawn


def badge(x: float, y: float, colour: str, sign: str, text: str) -> str:
    """Draw a pill with a sign and, if any, a text; (*x*, *y*) is the middle of its sign."""
    if sign == "incident" and not text:
        half = [(-11, -4.6), (-4.6, -11), (4.6, -11), (11, -4.6)]
        octagon = [*half, *((-dx, -dy) for dx, dy in half)]
        body = polygon([(x + dx, y + dy) for dx, dy in octagon], fill=colour, stroke=PAPER, stroke_width=1.5)
    else:
        wide = 22 + (width(text, SMALL, bold=True) + 6 if text else 0)
        body = tag(
            "rect", x=x - 11, y=y - 11, width=wide, height=22, rx=11, fill=colour, stroke=PAPER, stroke_width=1.5
        )
    words = lines([text], x + 10, y, size=SMALL, anchor="start", fill=PAPER, weight="bold") if text else ""
    return body + glyphs.moved(glyphs.glyph(sign), x, y) + words


def badges(box: Bounds, mark: Mark | None) -> str:
    """Draw the state's badge at the top left, *returned* at the bottom right, *overdue* where it hides least."""
    if mark is None:
        return ""
    parts, used = [], 0.0
    if mark.state is not State.NOT_BEGUN:
        text = mark.badge or (f"{mark.passes}×" if mark.passes > 1 else "")
        parts.append(badge(box.x, box.y, LOOKS[mark.state].colour, mark.state.value, text))
        used = 18 + (width(text, SMALL, bold=True) if text else 0)
    if mark.overdue:
        wide = 28 + width(mark.overdue, SMALL, bold=True)
        left = box.right + 22 - wide
        # On top it hides only ends of data associations; below, it would hide the markers at the activity's foot.
        at = (left, box.y) if left - 11 >= box.x + used else (min(box.x, left - 22), box.bottom)
        parts.append(badge(*at, OVERDUE, "overdue", mark.overdue))
    if mark.returned:
        parts.append(badge(box.right, box.bottom, RETURNED, "returned", ""))
    return "".join(parts)


def time_bar(box: Bounds, used: float) -> str:
    """Draw how much of the standard time is gone: full and red once it is all gone."""
    full = box.width - 16
    colour = OVERDUE if used >= 1 else LOOKS[State.ACTIVE].colour
    place = {"x": box.x + 8, "y": box.bottom + 5, "height": 4, "rx": 2}
    track = tag("rect", **place, width=full, fill="#d3d8de")
    return track + tag("rect", **place, width=full * min(max(used, 0.02), 1), fill=colour)
