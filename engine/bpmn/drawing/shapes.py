"""Draws shapes, with a function per kind of element."""

from collections.abc import Callable, Mapping

from engine.bpmn.drawing import glyphs
from engine.bpmn.drawing.badges import badges, frame
from engine.bpmn.drawing.marks import LOOKS, Look, State, fill
from engine.bpmn.drawing.scene import Bounds, Shape
from engine.bpmn.drawing.svg import INK, PAPER, Attribute, lines, path, polygon, tag
from engine.bpmn.drawing.text import LINE, SMALL, TEXT, width, wrap
from engine.bpmn.drawing.view import DATA, View

_HEAD = 30.0  # width of the band with the name of a pool or lane
_NAME_SIZES = (13.0, 12.0, 11.0)
_SLACK = 3.0  # how far the leading of the last line may exceed its room

_CONTAINERS = frozenset({"participant", "lane", "group"})
_SUB_PROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})


def is_container(shape: Shape) -> bool:
    """Whether other shapes lie on the shape."""
    return shape.kind in _CONTAINERS or (shape.kind in _SUB_PROCESSES and shape.expanded)


def is_activity(shape: Shape) -> bool:
    """Whether the shape is a task, a call or a sub-process."""
    return shape.kind.lower().endswith("task") or shape.kind in {*_SUB_PROCESSES, "callActivity"}


def draw_shape(view: View, shape: Shape) -> str:
    """Draw an element by its kind; one of an unknown kind as a plain box."""
    ending = next((ending for ending in ("Event", "Gateway") if shape.kind.endswith(ending)), shape.kind)
    return _DRAWN.get(ending, _activity)(view, shape)


def _swimlane(view: View, shape: Shape) -> str:
    """Draw a pool or lane with its name in a band at the left, or at the top if it is vertical."""
    box, pool = shape.bounds, shape.kind == "participant"
    frame = tag("rect", **box.place, fill=PAPER, stroke=INK, stroke_width=1.5 if pool else 1)
    size, weight = (13.0, "bold") if pool else (TEXT + 1, None)
    name = view.name(shape)
    if shape.black_box:
        return frame + _block(name, *box.centre, box.width - 20, size=size, weight=weight)
    tint = "#eef1f4" if pool else "#f7f8fa"
    if shape.horizontal:
        band = Bounds(box.x, box.y, _HEAD, box.height)
        rule = path(f"M{band.right:g} {box.y:g}V{box.bottom:g}", stroke_width=1)
    else:
        band = Bounds(box.x, box.y, box.width, _HEAD)
        rule = path(f"M{box.x:g} {band.bottom:g}H{box.right:g}", stroke_width=1)
    head = tag("rect", **band.place, fill=tint, stroke=INK, stroke_width=1)
    centre = band.centre
    if not shape.horizontal:
        return frame + head + rule + _block(name, *centre, box.width - 10, size=size, weight=weight, most=1)
    rows = wrap(name, box.height - 10, size, most=2)
    top = centre[1] - (len(rows) - 1) * size * LINE / 2
    return frame + head + rule + lines(rows, centre[0], top, size=size, weight=weight, turn=centre)


def _group(view: View, shape: Shape) -> str:
    box = shape.bounds
    line: dict[str, Attribute] = {"stroke": INK, "stroke_width": 1.5, "stroke_dasharray": "8 4 1.5 4"}
    frame = tag("rect", **box.place, rx=10, fill="none", **line)
    at = shape.label or Bounds(box.x + 10, box.y + 4, max(box.width - 20, 40), 20)
    return frame + _block(view.name(shape), *at.centre, at.width)


def _annotation(view: View, shape: Shape) -> str:
    box = shape.bounds
    bracket = path(f"M{box.x + 12:g} {box.y:g}H{box.x:g}V{box.bottom:g}H{box.x + 12:g}")
    rows = wrap(view.name(shape), box.width - 14, TEXT)
    top = box.y + box.height / 2 - (len(rows) - 1) * TEXT * LINE / 2
    return bracket + lines(rows, box.x + 8, top, anchor="start")


def _activity(view: View, shape: Shape) -> str:
    box, mark = shape.bounds, view.mark(shape)
    look = LOOKS[mark.state if mark else State.NOT_BEGUN]
    if shape.event_triggered and mark is None:
        look = Look(INK, 1.5, PAPER, dash="1.5 3")
    thick = 4.0 if shape.kind == "callActivity" else None
    parts = [frame(box, look, view.prefix, corner=10, thickness=thick)]
    if shape.kind == "transaction":
        inner = Bounds(box.x + 3, box.y + 3, box.width - 6, box.height - 6)
        parts.append(frame(inner, Look(look.colour, 1.5, PAPER), view.prefix, corner=8))
    icon = (shape.instantiates and glyphs.glyph(f"{shape.kind}-instantiates")) or glyphs.glyph(shape.kind)
    if icon:
        parts.append(glyphs.moved(icon, box.x + 16, box.y + 21))
    feet = _markers(shape)
    for index, foot in enumerate(feet):
        x = box.centre[0] + (index - (len(feet) - 1) / 2) * 20
        parts.append(glyphs.moved(glyphs.glyph(foot), x, box.bottom - 11))
    if shape.kind in _SUB_PROCESSES and shape.expanded:
        name = wrap(view.name(shape), box.width - 20, TEXT, most=2)
        parts.append(lines(name, box.x + 12, box.y + 14, anchor="start"))
    else:
        room = _room(shape)
        most = max(1, int((room.height + _SLACK) // (view.size * LINE)))
        rows = wrap(view.name(shape), room.width, view.size, most=most)
        high = len(rows) * view.size * LINE
        middle = max(min(box.centre[1], room.bottom - high / 2), room.y + high / 2)
        parts.append(_block("\n".join(rows), room.centre[0], middle, room.width, size=view.size))
    return "".join(parts) + badges(box, mark)


def _markers(shape: Shape) -> list[str]:
    return [
        *([shape.loop] if shape.loop else []),
        *(["compensation"] if shape.compensation else []),
        *(["collapsed"] if shape.kind in _SUB_PROCESSES and not shape.expanded else []),
        *(["adHoc"] if shape.kind == "adHocSubProcess" else []),
    ]


def _room(shape: Shape) -> Bounds:
    """Return the room for an activity's name: clear of its icon, badge and markers."""
    box = shape.bounds
    head = 29.0 if glyphs.glyph(shape.kind) else 12.0
    foot = 20.0 if _markers(shape) else 6.0
    return Bounds(box.x + 8, box.y + head, max(box.width - 16, 20), max(box.height - head - foot, 14))


def name_size(view: View) -> float:
    """Return the largest of the text sizes at which the names of all activities fit, for the whole drawing."""
    names = [
        (_room(shape), view.name(shape))
        for shape in view.scene.shapes
        if is_activity(shape) and not is_container(shape)
    ]
    for size in _NAME_SIZES:
        if all(len(wrap(name, room.width, size)) * size * LINE <= room.height + _SLACK for room, name in names):
            return size
    return _NAME_SIZES[-1]


def _event(view: View, shape: Shape) -> str:
    box, mark = shape.bounds, view.mark(shape)
    own = 4.0 if shape.kind == "endEvent" else 1.5
    look = LOOKS[mark.state] if mark else Look(INK, own, PAPER)
    (x, y), radius = box.centre, min(box.width, box.height) / 2
    dash = None if shape.interrupting else "4.5 3"
    stroke = max(look.thickness, own)
    place, dashes = {"cx": x, "cy": y}, dash or look.dash
    border: dict[str, Attribute] = {"stroke": look.colour, "stroke_width": stroke, "stroke_dasharray": dashes}
    parts = [tag("circle", **place, r=radius, fill=fill(look, view.prefix), **border)]
    if look.double:
        parts.append(tag("circle", **place, r=radius, fill="none", stroke=PAPER, stroke_width=1.4))
    if shape.kind in {"intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"}:
        inner = radius - 3 - stroke / 2
        parts.append(tag("circle", **place, r=inner, fill="none", stroke=INK, stroke_width=1.2, stroke_dasharray=dash))
    sign = shape.definitions[0] if len(shape.definitions) == 1 else ""
    if len(shape.definitions) > 1:
        sign = "parallelMultiple" if shape.parallel_multiple else "multiple"
    filled = shape.kind in {"intermediateThrowEvent", "endEvent"}
    parts.append(glyphs.moved(glyphs.definition(sign, filled=filled), x, y, radius / 18))
    return "".join(parts) + _outer_name(view, shape) + badges(box, mark)


def _gateway(view: View, shape: Shape) -> str:
    box, mark = shape.bounds, view.mark(shape)
    look = LOOKS[mark.state if mark else State.NOT_BEGUN]
    x, y = box.centre
    corners = [(x, box.y), (box.right, y), (x, box.bottom), (box.x, y)]
    dash = look.dash or ("5 3" if shape.proposal and mark is None else None)
    border: dict[str, Attribute] = {"stroke": look.colour, "stroke_width": look.thickness, "stroke_dasharray": dash}
    diamond = polygon(corners, fill=fill(look, view.prefix), **border)
    if look.double:
        diamond += polygon(corners, fill="none", stroke=PAPER, stroke_width=1.4)
    visible = shape.marker_visible or shape.kind != "exclusiveGateway"
    sign = glyphs.moved(glyphs.glyph(shape.kind) if visible else "", x, y, box.width / 50)
    return diamond + sign + _outer_name(view, shape) + badges(box, mark)


def _document(view: View, shape: Shape) -> str:
    """Draw a data object as a sheet with a folded corner; an input or output of the process has an arrow."""
    box, mark = shape.bounds, view.mark(shape)
    fold = min(box.width, box.height) * 0.3
    look = LOOKS[mark.state] if mark else LOOKS[State.NOT_BEGUN]
    sheet = path(
        f"M{box.x:g} {box.y:g}H{box.right - fold:g}L{box.right:g} {box.y + fold:g}V{box.bottom:g}H{box.x:g}Z"
        f"M{box.right - fold:g} {box.y:g}V{box.y + fold:g}H{box.right:g}",
        fill=fill(look, view.prefix),
        stroke=look.colour,
        stroke_width=min(look.thickness, 2),
        stroke_linejoin="round",
    )
    parts = [sheet]
    if shape.kind in {"dataInput", "dataOutput"}:
        filled = INK if shape.kind == "dataOutput" else PAPER
        arrow = [(-9, -3), (1, -3), (1, -7), (9, 0), (1, 7), (1, 3), (-9, 3)]
        spot = (box.x + 13, box.y + 13)
        parts.append(polygon([(spot[0] + 0.8 * dx, spot[1] + 0.8 * dy) for dx, dy in arrow], fill=filled, stroke=INK))
    if shape.collection:
        parts.append(glyphs.moved(glyphs.glyph("parallel"), box.centre[0], box.bottom - 10))
    if mark is not None and mark.badge:
        wide = width(mark.badge, SMALL, bold=True) + 10
        parts.append(
            tag("rect", **Bounds(box.centre[0] - wide / 2, box.centre[1] - 6, wide, 17).place, rx=4, fill=look.colour)
            + lines([mark.badge], box.centre[0], box.centre[1] + 2.5, size=SMALL, fill=PAPER, weight="bold")
        )
    return "".join(parts) + _outer_name(view, shape)


def _store(view: View, shape: Shape) -> str:
    box = shape.bounds
    curve = box.height * 0.13
    x, right, top, bottom = box.x, box.right, box.y + curve, box.bottom - curve
    half = box.width / 2
    drum = f"M{x:g} {top:g}V{bottom:g}A{half:g} {curve:g} 0 0 0 {right:g} {bottom:g}V{top:g}"
    rims = "".join(f"M{x:g} {top + step:g}A{half:g} {curve:g} 0 0 0 {right:g} {top + step:g}" for step in (0, 6, 12))
    lid = f"M{x:g} {top:g}A{half:g} {curve:g} 0 0 1 {right:g} {top:g}"
    return path(drum + lid, fill=PAPER) + path(rims) + _outer_name(view, shape)


def _message(view: View, shape: Shape) -> str:
    box = shape.bounds
    envelope = tag("rect", **box.place, fill=PAPER, stroke=INK, stroke_width=1.5)
    flap = path(f"M{box.x:g} {box.y:g}L{box.centre[0]:g} {box.centre[1]:g}L{box.right:g} {box.y:g}")
    return envelope + flap + _outer_name(view, shape)


_DRAWN: Mapping[str, Callable[[View, Shape], str]] = {
    **dict.fromkeys(DATA, _document),
    **dict.fromkeys(("participant", "lane"), _swimlane),
    **dict.fromkeys(("message", "messageFlow"), _message),
    "group": _group,
    "textAnnotation": _annotation,
    "Event": _event,
    "Gateway": _gateway,
    "dataStoreReference": _store,
}


def _block(
    text: str,
    x: float,
    y: float,
    room: float,
    *,
    size: float = TEXT,
    weight: str | None = None,
    most: int | None = None,
) -> str:
    """Write *text* centred on (*x*, *y*), with lines as wide as *room*."""
    if not text:
        return ""
    rows = wrap(text, room, size, most=most)
    return lines(rows, x, y - (len(rows) - 1) * size * LINE / 2, size=size, weight=weight)


def _outer_name(view: View, shape: Shape) -> str:
    """Write the name of a small shape: where the diagram places it, else below."""
    name = view.name(shape)
    if not name:
        return ""
    at = shape.label or Bounds(shape.bounds.centre[0] - 45, shape.bounds.bottom + 2, 90, 14)
    return lines(wrap(name, max(at.width + 2, 30), SMALL), at.centre[0], at.y + 7, size=SMALL)
