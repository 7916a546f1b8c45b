"""Drawing a scene: one function a kind of element, states on top, one SVG out."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from engine.bpmn.drawing import glyphs
from engine.bpmn.drawing.marks import LOOKS, OVERDUE, RETURNED, Look, Mark, State, Words, fill, patterns
from engine.bpmn.drawing.scene import Bounds, Edge, Scene, Shape, scene
from engine.bpmn.drawing.svg import FAINT, INK, PAPER, lines, path, polygon, rounded, tag, title
from engine.bpmn.drawing.text import LINE, width, wrap

_MARGIN = 20.0
_HEAD = 30.0  # the band at a pool's or lane's left that holds its name
_TEXT = 12.0
_SMALL = 11.0
_NAME_SIZES = (13.0, 12.0, 11.0)
_SLACK = 3.0  # how far the last line's leading may reach past its room

_DATA = frozenset({"dataObjectReference", "dataStoreReference", "dataInput", "dataOutput"})
_CONTAINERS = frozenset({"participant", "lane", "group"})
_SUB_PROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
_NOTHING: Mapping[str, Mark] = MappingProxyType({})


def draw(
    xml: bytes,
    marks: Mapping[str, Mark] = _NOTHING,
    flows_taken: Collection[str] = (),
    *,
    words: Words,
    english: bool = False,
    href: Callable[[str], str | None] | None = None,
    prefix: str = "diagram",
    described_by: str | None = None,
) -> str:
    """Draw the diagram in *xml* with the states in *marks*; NoDrawing if it carries no BPMN DI.

    A mark may be given by an element's id; a data object's id marks every reference to it. *href* makes links of the
    elements that it answers for. Several drawings on one page need different *prefix*es. *described_by* is the id of
    the list that says the same in words.
    """
    read = scene(xml)
    frame = read.bounds
    view = Bounds(frame.x - _MARGIN, frame.y - _MARGIN, frame.width + 2 * _MARGIN, frame.height + 2 * _MARGIN)
    pen = _Pen(read, marks, frozenset(flows_taken), words, english, href, prefix)
    small = [
        shape for shape in read.shapes if _is_activity(shape) and not (shape.kind in _SUB_PROCESSES and shape.expanded)
    ]
    pen = replace(pen, size=_name_size([(_room(shape), pen.name(shape)) for shape in small]))
    name = (read.name_en if english else None) or read.name
    content = [
        tag("title", _escaped(words.title.format(name=name)), id=f"{prefix}-title"),
        tag("defs", patterns(prefix) + _arrowheads(prefix)),
        tag("rect", x=view.x, y=view.y, width=view.width, height=view.height, fill=PAPER),
        *pen.parts(),
    ]
    return tag(
        "svg",
        "".join(content),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"{view.x:g} {view.y:g} {view.width:g} {view.height:g}",
        width=view.width,
        height=view.height,
        # A picture's parts are hidden from readers; with links inside, it has to be a group that one can walk through.
        role="img" if href is None else "group",
        aria_labelledby=f"{prefix}-title",
        aria_describedby=described_by,
        color=INK,
    )


def swatch(state: State, prefix: str = "swatch") -> str:
    """Draw one state's border, fill and sign as a small picture that stands beside the state's word."""
    return tag(
        "svg",
        tag("defs", patterns(prefix)) + _sample(state, 13, 13, prefix),
        xmlns="http://www.w3.org/2000/svg",
        viewBox="0 0 56 38",
        width=56,
        height=38,
        aria_hidden="true",
    )


def legend(states: Collection[State], words: Words, *, prefix: str = "legend", room: float = 900) -> str:
    """Draw the strip that explains *states*, in their own order, broken into rows no wider than *room*."""
    x, y, parts = 0.0, 0.0, []
    for state in (each for each in State if each in states):
        word = words.states[state]
        wide = 64 + width(word, _TEXT) + 24
        if x and x + wide > room:
            x, y = 0.0, y + 40
        parts.append(_sample(state, x + 13, y + 13, prefix))
        parts.append(lines([word], x + 62, y + 24, anchor="start"))
        x += wide
    return tag(
        "svg",
        tag("title", _escaped(words.legend), id=f"{prefix}-title") + tag("defs", patterns(prefix)) + "".join(parts),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {room:g} {y + 40:g}",
        width=room,
        height=y + 40,
        role="img",
        aria_labelledby=f"{prefix}-title",
    )


def _sample(state: State, x: float, y: float, prefix: str) -> str:
    box = Bounds(x, y, 40, 22)
    sign = _badge(box.x, box.y, LOOKS[state].colour, state.value, "") if state is not State.NOT_BEGUN else ""
    return _frame(box, LOOKS[state], prefix, corner=5) + sign


def _is_activity(shape: Shape) -> bool:
    return shape.kind.lower().endswith("task") or shape.kind in {*_SUB_PROCESSES, "callActivity"}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _arrowheads(prefix: str) -> str:
    """Return the line ends: they are sized in pixels, so that a thick arrow's head stays as small as a thin one's."""
    ends = {
        "flow": (polygon([(0, 0), (11, 5), (0, 10)], fill=INK), 11, 5),
        "open": (path("M1 1L9 5L1 9", stroke_width=1.3), 9, 5),
        "message": (polygon([(1, 1), (10, 5), (1, 9)], fill=PAPER, stroke=INK, stroke_width=1.2), 10, 5),
        "ring": (tag("circle", cx=5, cy=5, r=4, fill=PAPER, stroke=INK, stroke_width=1.2), 1, 5),
    }
    return "".join(
        tag(
            "marker",
            drawing,
            id=f"{prefix}-{name}",
            markerUnits="userSpaceOnUse",
            markerWidth=12,
            markerHeight=10,
            refX=x,
            refY=y,
            orient="auto",
        )
        for name, (drawing, x, y) in ends.items()
    )


def _frame(box: Bounds, look: Look, prefix: str, *, corner: float, thickness: float | None = None) -> str:
    """Draw a rounded rectangle in a state's border; *thickness* is BPMN's own, where thicker than the state's."""
    stroke = max(look.thickness, thickness or 0)
    place = {"x": box.x, "y": box.y, "width": box.width, "height": box.height, "rx": corner}
    drawn = tag(
        "rect",
        **place,
        fill=fill(look, prefix),
        stroke=look.colour,
        stroke_width=stroke,
        stroke_dasharray=look.dash,
    )
    if look.double:
        drawn += tag("rect", **place, fill="none", stroke=PAPER, stroke_width=1.4)
    return drawn


def _badge(x: float, y: float, colour: str, sign: str, text: str) -> str:
    """Draw a pill with a sign and, if any, a text; (*x*, *y*) is the middle of its sign."""
    if sign == "incident" and not text:
        corner = 4.6
        octagon = [
            (-11, -corner),
            (-corner, -11),
            (corner, -11),
            (11, -corner),
            (11, corner),
            (corner, 11),
            (-corner, 11),
            (-11, corner),
        ]
        body = polygon([(x + dx, y + dy) for dx, dy in octagon], fill=colour, stroke=PAPER, stroke_width=1.5)
    else:
        wide = 22 + (width(text, _SMALL, bold=True) + 6 if text else 0)
        body = tag(
            "rect", x=x - 11, y=y - 11, width=wide, height=22, rx=11, fill=colour, stroke=PAPER, stroke_width=1.5
        )
    words = lines([text], x + 10, y, size=_SMALL, anchor="start", fill=PAPER, weight="bold") if text else ""
    return body + glyphs.moved(glyphs.badge(sign), x, y) + words


def _feet(shape: Shape) -> list[str]:
    """Return the markers at an activity's foot, in the order in which BPMN draws them."""
    sub_process = shape.kind in _SUB_PROCESSES
    return [
        *([shape.loop] if shape.loop else []),
        *(["compensation"] if shape.compensation else []),
        *(["collapsed"] if sub_process and not shape.expanded else []),
        *(["adHoc"] if shape.kind == "adHocSubProcess" else []),
    ]


def _room(shape: Shape) -> Bounds:
    """Return where an activity's name may stand: clear of its icon, its badge and the markers at its foot."""
    box = shape.bounds
    head = 27.0 if glyphs.task(shape.kind) else 12.0
    foot = 20.0 if _feet(shape) else 6.0
    return Bounds(box.x + 8, box.y + head, max(box.width - 16, 20), max(box.height - head - foot, 14))


def _name_size(names: Collection[tuple[Bounds, str]]) -> float:
    """Return the largest text size at which every activity's name fits its room: one size for the whole drawing."""
    return next(
        (
            size
            for size in _NAME_SIZES
            if all(len(wrap(name, room.width, size)) * size * LINE <= room.height + _SLACK for room, name in names)
        ),
        _NAME_SIZES[-1],
    )


@dataclass(frozen=True, slots=True)
class _Pen:
    """One drawing's facts, held while its parts are drawn."""

    scene: Scene
    marks: Mapping[str, Mark]
    taken: frozenset[str]
    words: Words
    english: bool
    href: Callable[[str], str | None] | None
    prefix: str
    size: float = _TEXT  # of the names of activities

    def parts(self) -> Iterator[str]:
        """Yield everything from the bottom up: containers, lines, shapes, and names over all of it."""
        for shape in self.scene.shapes:
            if shape.kind in _CONTAINERS or (shape.kind in _SUB_PROCESSES and shape.expanded):
                yield self.element(shape, self.shape(shape))
        for shape in self.scene.shapes:
            mark = self.mark(shape)
            if _is_activity(shape) and mark and mark.time_used is not None and mark.state is State.ACTIVE:
                yield self.time_bar(shape.bounds, mark.time_used)
        edges = sorted(self.scene.edges, key=lambda edge: edge.id in self.taken)
        for edge in edges:
            yield tag("g", title(self.caption(edge)) + self.line(edge), data_element=edge.id)
        for shape in self.scene.shapes:
            if shape.kind not in _CONTAINERS and not (shape.kind in _SUB_PROCESSES and shape.expanded):
                yield self.element(shape, self.shape(shape))
        for edge in edges:
            yield self.edge_name(edge)

    def element(self, shape: Shape, drawn: str) -> str:
        """Group an element with its accessible name, as a link if it has somewhere to lead."""
        group = tag("g", title(self.caption(shape)) + drawn, data_element=shape.id)
        target = self.href(shape.id) if self.href is not None else None
        return group if target is None else tag("a", group, href=target)

    def name(self, item: Shape | Edge) -> str:
        """Return the element's name in the reader's language; a proposal always says that it is one."""
        name = (item.name_en if self.english else None) or item.name
        if item.proposal and isinstance(item, Edge) and self.words.proposal.casefold() not in name.casefold():
            return f"{name} ({self.words.proposal})".strip()
        return name

    def mark(self, shape: Shape) -> Mark | None:
        """Return what is to be shown on the element, if anything."""
        return self.marks.get(shape.id) or (self.marks.get(shape.holds) if shape.holds else None)

    def caption(self, item: Shape | Edge) -> str:
        """Return everything that the picture says of an element, in words."""
        parts = [" ".join(self.name(item).split()) or item.id]
        if item.proposal and self.words.proposal.casefold() not in parts[0].casefold():
            parts.append(self.words.proposal)
        mark = self.mark(item) if isinstance(item, Shape) else None
        if mark is not None and isinstance(item, Shape):
            if item.kind not in _DATA:
                parts.append(self.words.states[mark.state])
            if mark.badge:
                parts.append(mark.badge)
            if mark.passes > 1:
                parts.append(self.words.passes.format(n=mark.passes))
            if mark.returned:
                parts.append(self.words.returned)
            if mark.overdue:
                parts.append(mark.overdue)
        return ", ".join(parts)

    # Shapes

    def shape(self, shape: Shape) -> str:
        """Draw one element by its kind; an element of a kind that BPMN may yet grow shows as a plain box."""
        kind = shape.kind
        if kind in {"participant", "lane"}:
            return self.swimlane(shape)
        if kind == "group":
            return self.group(shape)
        if kind == "textAnnotation":
            return self.annotation(shape)
        if kind.endswith("Event"):
            return self.event(shape)
        if kind.endswith("Gateway"):
            return self.gateway(shape)
        if kind == "dataStoreReference":
            return self.store(shape)
        if kind in _DATA:
            return self.document(shape)
        if kind in {"message", "messageFlow"}:
            return self.message(shape)
        return self.activity(shape)

    def swimlane(self, shape: Shape) -> str:
        """Draw a pool or lane with its name in a band at the left, or on top if it runs downwards."""
        box, pool = shape.bounds, shape.kind == "participant"
        frame = tag(
            "rect",
            x=box.x,
            y=box.y,
            width=box.width,
            height=box.height,
            fill=PAPER,
            stroke=INK,
            stroke_width=1.5 if pool else 1,
        )
        size, weight = (13.0, "bold") if pool else (_TEXT + 1, None)
        name = self.name(shape)
        if shape.black_box:
            return frame + self.block(name, *box.centre, box.width - 20, size=size, weight=weight)
        tint = "#eef1f4" if pool else "#f7f8fa"
        if shape.horizontal:
            band = Bounds(box.x, box.y, _HEAD, box.height)
            rule = path(f"M{band.right:g} {box.y:g}V{box.bottom:g}", stroke_width=1)
        else:
            band = Bounds(box.x, box.y, box.width, _HEAD)
            rule = path(f"M{box.x:g} {band.bottom:g}H{box.right:g}", stroke_width=1)
        head = tag(
            "rect", x=band.x, y=band.y, width=band.width, height=band.height, fill=tint, stroke=INK, stroke_width=1
        )
        centre = band.centre
        if not shape.horizontal:
            return frame + head + rule + self.block(name, *centre, box.width - 10, size=size, weight=weight, most=1)
        rows = wrap(name, box.height - 10, size, most=2)
        top = centre[1] - (len(rows) - 1) * size * LINE / 2
        return frame + head + rule + lines(rows, centre[0], top, size=size, weight=weight, turn=centre)

    def group(self, shape: Shape) -> str:
        """Draw a group: a dash-dotted frame with its category's value at the top left."""
        box = shape.bounds
        frame = tag(
            "rect",
            x=box.x,
            y=box.y,
            width=box.width,
            height=box.height,
            rx=10,
            fill="none",
            stroke=INK,
            stroke_width=1.5,
            stroke_dasharray="8 4 1.5 4",
        )
        at = shape.label or Bounds(box.x + 10, box.y + 4, max(box.width - 20, 40), 20)
        return frame + self.block(self.name(shape), *at.centre, at.width)

    def annotation(self, shape: Shape) -> str:
        """Draw a note: text beside an open bracket."""
        box = shape.bounds
        bracket = path(f"M{box.x + 12:g} {box.y:g}H{box.x:g}V{box.bottom:g}H{box.x + 12:g}")
        rows = wrap(self.name(shape), box.width - 14, _TEXT)
        top = box.y + box.height / 2 - (len(rows) - 1) * _TEXT * LINE / 2
        return bracket + lines(rows, box.x + 8, top, anchor="start")

    def activity(self, shape: Shape) -> str:
        """Draw a task, call activity or sub-process with its markers, name and state."""
        box, mark = shape.bounds, self.mark(shape)
        look = LOOKS[mark.state if mark else State.NOT_BEGUN]
        if shape.event_triggered and mark is None:
            look = Look(INK, 1.5, PAPER, dash="1.5 3")
        thick = 4.0 if shape.kind == "callActivity" else None
        parts = [_frame(box, look, self.prefix, corner=10, thickness=thick)]
        if shape.kind == "transaction":
            inner = Bounds(box.x + 3, box.y + 3, box.width - 6, box.height - 6)
            parts.append(_frame(inner, Look(look.colour, 1.5, PAPER), self.prefix, corner=8))
        icon = glyphs.task(shape.kind, instantiates=shape.instantiates)
        if icon:
            parts.append(glyphs.moved(icon, box.x + 16, box.y + 19))
        feet = _feet(shape)
        for index, foot in enumerate(feet):
            parts.append(
                glyphs.moved(glyphs.foot(foot), box.centre[0] + (index - (len(feet) - 1) / 2) * 20, box.bottom - 11)
            )
        if shape.kind in _SUB_PROCESSES and shape.expanded:
            name = wrap(self.name(shape), box.width - 20, _TEXT, most=2)
            parts.append(lines(name, box.x + 12, box.y + 14, anchor="start"))
        else:
            room = _room(shape)
            rows = wrap(
                self.name(shape), room.width, self.size, most=max(1, int((room.height + _SLACK) // (self.size * LINE)))
            )
            high = len(rows) * self.size * LINE
            middle = max(min(box.centre[1], room.bottom - high / 2), room.y + high / 2)
            parts.append(self.block("\n".join(rows), room.centre[0], middle, room.width, size=self.size))
        return "".join(parts) + self.badges(box, mark)

    @staticmethod
    def time_bar(box: Bounds, used: float) -> str:
        """Draw how much of the standard time is gone: full and red once it is all gone."""
        full = box.width - 16
        colour = OVERDUE if used >= 1 else LOOKS[State.ACTIVE].colour
        place = {"x": box.x + 8, "y": box.bottom + 5, "height": 4, "rx": 2}
        track = tag("rect", **place, width=full, fill="#d3d8de")
        return track + tag("rect", **place, width=full * min(max(used, 0.02), 1), fill=colour)

    def event(self, shape: Shape) -> str:
        """Draw an event's circles and its definition's sign, with the name below unless the diagram places it."""
        box, mark = shape.bounds, self.mark(shape)
        look = LOOKS[mark.state] if mark else Look(INK, 4.0 if shape.kind == "endEvent" else 1.5, PAPER)
        (x, y), radius = box.centre, min(box.width, box.height) / 2
        own = {"startEvent": 1.5, "endEvent": 4.0}.get(shape.kind, 1.5)
        dash = None if shape.interrupting else "4.5 3"
        stroke = max(look.thickness, own)
        place = {"cx": x, "cy": y}
        parts = [
            tag(
                "circle",
                **place,
                r=radius,
                fill=fill(look, self.prefix),
                stroke=look.colour,
                stroke_width=stroke,
                stroke_dasharray=dash or look.dash,
            )
        ]
        if look.double:
            parts.append(tag("circle", **place, r=radius, fill="none", stroke=PAPER, stroke_width=1.4))
        if shape.kind in {"intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"}:
            inner = radius - 3 - stroke / 2
            parts.append(
                tag("circle", **place, r=inner, fill="none", stroke=INK, stroke_width=1.2, stroke_dasharray=dash)
            )
        sign = shape.definitions[0] if len(shape.definitions) == 1 else ""
        if len(shape.definitions) > 1:
            sign = "parallelMultiple" if shape.parallel_multiple else "multiple"
        filled = shape.kind in {"intermediateThrowEvent", "endEvent"}
        parts.append(glyphs.moved(glyphs.definition(sign, filled=filled), x, y, radius / 18))
        return "".join(parts) + self.outer_name(shape) + self.badges(box, mark)

    def gateway(self, shape: Shape) -> str:
        """Draw a gateway's diamond and sign."""
        box, mark = shape.bounds, self.mark(shape)
        look = LOOKS[mark.state if mark else State.NOT_BEGUN]
        x, y = box.centre
        corners = [(x, box.y), (box.right, y), (x, box.bottom), (box.x, y)]
        dash = look.dash or ("5 3" if shape.proposal and mark is None else None)
        diamond = polygon(
            corners,
            fill=fill(look, self.prefix),
            stroke=look.colour,
            stroke_width=look.thickness,
            stroke_dasharray=dash,
        )
        if look.double:
            diamond += polygon(corners, fill="none", stroke=PAPER, stroke_width=1.4)
        visible = shape.marker_visible or shape.kind != "exclusiveGateway"
        sign = glyphs.moved(glyphs.gateway(shape.kind, marker_visible=visible), x, y, box.width / 50)
        return diamond + sign + self.outer_name(shape) + self.badges(box, mark)

    def document(self, shape: Shape) -> str:
        """Draw a data object as a sheet with a folded corner; inputs and outputs of the process with an arrow."""
        box, mark = shape.bounds, self.mark(shape)
        fold = min(box.width, box.height) * 0.3
        look = LOOKS[mark.state] if mark else LOOKS[State.NOT_BEGUN]
        sheet = path(
            f"M{box.x:g} {box.y:g}H{box.right - fold:g}L{box.right:g} {box.y + fold:g}V{box.bottom:g}H{box.x:g}Z"
            f"M{box.right - fold:g} {box.y:g}V{box.y + fold:g}H{box.right:g}",
            fill=fill(look, self.prefix),
            stroke=look.colour,
            stroke_width=min(look.thickness, 2),
            stroke_linejoin="round",
        )
        parts = [sheet]
        if shape.kind in {"dataInput", "dataOutput"}:
            filled = INK if shape.kind == "dataOutput" else PAPER
            arrow = [(-9, -3), (1, -3), (1, -7), (9, 0), (1, 7), (1, 3), (-9, 3)]
            spot = (box.x + 13, box.y + 13)
            parts.append(
                polygon([(spot[0] + 0.8 * dx, spot[1] + 0.8 * dy) for dx, dy in arrow], fill=filled, stroke=INK)
            )
        if shape.collection:
            parts.append(glyphs.moved(glyphs.foot("parallel"), box.centre[0], box.bottom - 10))
        if mark is not None and mark.badge:
            wide = width(mark.badge, _SMALL, bold=True) + 10
            parts.append(
                tag(
                    "rect",
                    x=box.centre[0] - wide / 2,
                    y=box.centre[1] - 6,
                    width=wide,
                    height=17,
                    rx=4,
                    fill=look.colour,
                )
                + lines([mark.badge], box.centre[0], box.centre[1] + 2.5, size=_SMALL, fill=PAPER, weight="bold")
            )
        return "".join(parts) + self.outer_name(shape)

    def store(self, shape: Shape) -> str:
        """Draw a data store as a drum."""
        box = shape.bounds
        curve = box.height * 0.13
        x, right, top, bottom = box.x, box.right, box.y + curve, box.bottom - curve
        half = box.width / 2
        drum = f"M{x:g} {top:g}V{bottom:g}A{half:g} {curve:g} 0 0 0 {right:g} {bottom:g}V{top:g}"
        rims = "".join(
            f"M{x:g} {top + step:g}A{half:g} {curve:g} 0 0 0 {right:g} {top + step:g}" for step in (0, 6, 12)
        )
        lid = f"M{x:g} {top:g}A{half:g} {curve:g} 0 0 1 {right:g} {top:g}"
        return path(drum + lid, fill=PAPER) + path(rims) + self.outer_name(shape)

    def message(self, shape: Shape) -> str:
        """Draw a message as an envelope."""
        box = shape.bounds
        envelope = tag(
            "rect", x=box.x, y=box.y, width=box.width, height=box.height, fill=PAPER, stroke=INK, stroke_width=1.5
        )
        flap = path(f"M{box.x:g} {box.y:g}L{box.centre[0]:g} {box.centre[1]:g}L{box.right:g} {box.y:g}")
        return envelope + flap + self.outer_name(shape)

    # Names and badges

    def block(
        self,
        text: str,
        x: float,
        y: float,
        room: float,
        *,
        size: float = _TEXT,
        weight: str | None = None,
        most: int | None = None,
    ) -> str:
        """Write *text* centred on (*x*, *y*), broken to *room*."""
        if not text:
            return ""
        rows = wrap(text, room, size, most=most)
        return lines(rows, x, y - (len(rows) - 1) * size * LINE / 2, size=size, weight=weight)

    def outer_name(self, shape: Shape) -> str:
        """Write the name beside a small shape: where the diagram places it, else below."""
        name = self.name(shape)
        if not name:
            return ""
        at = shape.label or Bounds(shape.bounds.centre[0] - 45, shape.bounds.bottom + 2, 90, 14)
        rows = wrap(name, max(at.width + 2, 30), _SMALL)
        return lines(rows, at.centre[0], at.y + 7, size=_SMALL)

    def badges(self, box: Bounds, mark: Mark | None) -> str:
        """Draw the state's badge at the top left, *returned* at the bottom right, *overdue* where it hides least."""
        if mark is None:
            return ""
        parts, used = [], 0.0
        if mark.state is not State.NOT_BEGUN:
            text = mark.badge or (f"{mark.passes}×" if mark.passes > 1 else "")
            parts.append(_badge(box.x, box.y, LOOKS[mark.state].colour, mark.state.value, text))
            used = 18 + (width(text, _SMALL, bold=True) if text else 0)
        if mark.overdue:
            wide = 28 + width(mark.overdue, _SMALL, bold=True)
            left = box.right + 22 - wide
            # On top it hides only ends of data associations; below, it would hide the markers at the activity's foot.
            at = (left, box.y) if left - 11 >= box.x + used else (min(box.x, left - 22), box.bottom)
            parts.append(_badge(*at, OVERDUE, "overdue", mark.overdue))
        if mark.returned:
            parts.append(_badge(box.right, box.bottom, RETURNED, "returned", ""))
        return "".join(parts)

    # Lines

    def line(self, edge: Edge) -> str:
        """Draw an edge by its kind; a flow that was taken is thick, a proposal dashed."""
        taken = edge.id in self.taken
        match edge.kind:
            case "sequenceFlow":
                drawn = path(
                    rounded(edge.points),
                    stroke_width=3 if taken else 1.2,
                    stroke_dasharray="7 5" if edge.proposal else None,
                    marker_end=f"url(#{self.prefix}-flow)",
                )
                return drawn + self.start_sign(edge)
            case "messageFlow":
                return path(
                    rounded(edge.points),
                    stroke_width=1.2,
                    stroke_dasharray="9 5",
                    marker_start=f"url(#{self.prefix}-ring)",
                    marker_end=f"url(#{self.prefix}-message)",
                )
            case "association":
                head = f"url(#{self.prefix}-open)"
                return path(
                    rounded(edge.points),
                    stroke_width=1.2,
                    stroke_dasharray="1.5 3.5",
                    stroke_linecap="round",
                    marker_end=head if edge.direction in {"One", "Both"} else None,
                )
            case "dataInputAssociation" | "dataOutputAssociation":
                return path(
                    rounded(edge.points),
                    stroke="#4d5866",
                    stroke_width=1.2,
                    stroke_dasharray="1.5 3.5",
                    stroke_linecap="round",
                    marker_end=f"url(#{self.prefix}-open)",
                )
        return path(rounded(edge.points), stroke=FAINT, stroke_width=1.2)

    @staticmethod
    def start_sign(edge: Edge) -> str:
        """Draw a default flow's slash or, on a flow that leaves an activity by condition, a small diamond."""
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

    def edge_name(self, edge: Edge) -> str:
        """Write a flow's name on a patch of paper, so that the line cannot run through it."""
        name = self.name(edge)
        if not name or edge.kind not in {"sequenceFlow", "messageFlow"}:
            return ""
        at = edge.label
        if at is None:
            (x1, y1), (x2, y2) = edge.points[len(edge.points) // 2 - 1 : len(edge.points) // 2 + 1]
            at = Bounds((x1 + x2) / 2 - 40, (y1 + y2) / 2 - 16, 80, 14)
        rows = wrap(name, max(at.width + 2, 30), _SMALL)
        return lines(rows, at.centre[0], at.y + 7, size=_SMALL)
