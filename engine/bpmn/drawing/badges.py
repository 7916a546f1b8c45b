"""The border, badges and time bar that show an element's state."""

from engine.bpmn.drawing import glyphs
from engine.bpmn.drawing.marks import LOOKS, OVERDUE, RETURNED, Look, Mark, State, fill
from engine.bpmn.drawing.scene import Bounds
from engine.bpmn.drawing.svg import PAPER, lines, polygon, tag
from engine.bpmn.drawing.text import SMALL, width


def frame(box: Bounds, look: Look, prefix: str, *, corner: float, thickness: float | None = None) -> str:
    """Draw a rounded rectangle with the border of a state, at least as thick as *thickness*, BPMN's own."""
    stroke = max(look.thickness, thickness or 0)
    border = {"stroke": look.colour, "stroke_width": stroke, "stroke_dasharray": look.dash}
    drawn = tag("rect", **box.place, rx=corner, fill=fill(look, prefix), **border)
    if look.double:
        drawn += tag("rect", **box.place, rx=corner, fill="none", stroke=PAPER, stroke_width=1.4)
    return drawn


def badge(x: float, y: float, colour: str, sign: str, text: str) -> str:
    """Draw a pill with a sign and, unless it is empty, a text; (*x*, *y*) is the centre of the sign."""
    if sign == "incident" and not text:
        half = [(-11, -4.6), (-4.6, -11), (4.6, -11), (11, -4.6)]
        octagon = [*half, *((-dx, -dy) for dx, dy in half)]
        body = polygon([(x + dx, y + dy) for dx, dy in octagon], fill=colour, stroke=PAPER, stroke_width=1.5)
    else:
        box = Bounds(x - 11, y - 11, 22 + (width(text, SMALL, bold=True) + 6 if text else 0), 22)
        body = tag("rect", **box.place, rx=11, fill=colour, stroke=PAPER, stroke_width=1.5)
    words = lines([text], x + 10, y, size=SMALL, anchor="start", fill=PAPER, weight="bold") if text else ""
    return body + glyphs.moved(glyphs.glyph(sign), x, y) + words


def badges(box: Bounds, mark: Mark | None) -> str:
    """Draw the badge of the state at the top left, *returned* at the bottom right, *overdue* where it hides least."""
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
        # At the top it hides only ends of data associations; at the bottom it would hide the activity's markers.
        at = (left, box.y) if left - 11 >= box.x + used else (min(box.x, left - 22), box.bottom)
        parts.append(badge(*at, OVERDUE, "overdue", mark.overdue))
    if mark.returned:
        parts.append(badge(box.right, box.bottom, RETURNED, "returned", ""))
    return "".join(parts)


def time_bar(box: Bounds, used: float) -> str:
    """Draw the used part of the standard time, 1.0 for all of it: then the bar is full and red."""
    full = box.width - 16
    colour = OVERDUE if used >= 1 else LOOKS[State.ACTIVE].colour
    place = {"x": box.x + 8, "y": box.bottom + 5, "height": 4, "rx": 2}
    track = tag("rect", **place, width=full, fill="#d3d8de")
    return track + tag("rect", **place, width=full * min(max(used, 0.02), 1), fill=colour)
