"""Draws the whole picture of a diagram as one SVG."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from engine.bpmn.drawing.badges import badge, frame, time_bar
from engine.bpmn.drawing.edges import TAKEN, arrowheads, counted, draw_edge, draw_edge_name, times
from engine.bpmn.drawing.marks import LOOKS, DrawingWords, Mark, State, patterns
from engine.bpmn.drawing.scene import Bounds, Shape, scene
from engine.bpmn.drawing.shapes import draw_shape, is_activity, is_container, name_size
from engine.bpmn.drawing.svg import INK, PAPER, Attribute, lines, path, tag, title
from engine.bpmn.drawing.text import LINE, TEXT, width, wrap
from engine.bpmn.drawing.view import View

_MARGIN = 20.0
_ROOM = 900.0  # for the legend
_NOTHING: Mapping[str, Mark] = MappingProxyType({})
PREFIX, LEGEND = "diagram", "legend"
"""Prefixes of the ids in both pictures, which may be on one page."""


def draw(
    xml: bytes,
    marks: Mapping[str, Mark] = _NOTHING,
    flows_taken: Mapping[str, int] = MappingProxyType({}),
    *,
    words: DrawingWords,
    href: Callable[[str], str | None] | None = None,
) -> str:
    """Draw the diagram in *xml*; NoDrawing if it is not BPMN. Elements without coordinates are named below the picture.

    *marks* are by id of an element, or of a data object for all its references. *flows_taken* is how often each
    sequence flow was taken. *href* returns the link of an element or data object, None if it has none.
    """
    read = scene(xml)
    view = View(read, marks, flows_taken, words, href, PREFIX)
    view = replace(view, size=name_size(view))
    paper, foot = read.bounds.wider(_MARGIN), read.bounds.bottom + _MARGIN
    name = (read.name_en if words.english else None) or read.name
    heading, missing = words.title.format(name=name), ""
    if read.undrawn:
        said = words.undrawn.format(names=", ".join(read.undrawn))
        rows = wrap(said, max(read.bounds.width, 300), TEXT)
        paper = replace(paper, height=paper.height + len(rows) * TEXT * LINE + _MARGIN)
        heading = f"{heading}. {said}"
        missing = tag("g", lines(rows, read.bounds.x, foot, anchor="start"), data_undrawn="")
    content = [
        title(heading, id=f"{PREFIX}-title"),
        tag("defs", patterns(PREFIX) + arrowheads(PREFIX)),
        tag("rect", **paper.place, fill=PAPER),
        *_parts(view),
        missing,
    ]
    # Screen readers skip the parts of an "img", so a picture with links must be a "group".
    return _picture(content, paper, PREFIX, role="img" if href is None else "group", color=INK)


def legend(states: Collection[State], words: DrawingWords, *, lines_too: bool = False) -> str:
    """Draw the strip that explains *states* and, with *lines_too*, flows."""
    x, y, parts = 0.0, 0.0, []
    samples: list[tuple[str, Callable[[float, float], str]]]
    samples = [(words.states[each], partial(_sample, each)) for each in State if each in states]
    if lines_too:
        samples += [
            (words.taken, lambda x, y: path(f"M{x:g} {y + 11:g}h40", stroke_width=TAKEN)),
            (words.proposal, lambda x, y: path(f"M{x:g} {y + 11:g}h40", stroke_width=1.2, stroke_dasharray="7 5")),
            (words.repeated, lambda x, y: counted(2, x + 20, y + 11)),
        ]
    for word, sample in samples:
        wide = 64 + width(word, TEXT) + 24
        if x and x + wide > _ROOM:
            x, y = 0.0, y + 40
        parts.append(sample(x + 13, y + 13))
        parts.append(lines([word], x + 62, y + 24, anchor="start"))
        x += wide
    content = [title(words.legend, id=f"{LEGEND}-title"), tag("defs", patterns(LEGEND)), *parts]
    return _picture(content, Bounds(0, 0, _ROOM, y + 40), LEGEND)


def _picture(content: Iterable[str], box: Bounds, prefix: str, role: str = "img", **more: Attribute) -> str:
    view: dict[str, Attribute] = {"width": box.width, "height": box.height}
    at = f"{box.x:g} {box.y:g} {box.width:g} {box.height:g}"
    space = {"xmlns": "http://www.w3.org/2000/svg"}
    return tag(
        "svg", "".join(content), **space, viewBox=at, **view, role=role, aria_labelledby=f"{prefix}-title", **more
    )


def _sample(state: State, x: float, y: float) -> str:
    box = Bounds(x, y, 40, 22)
    sign = badge(box.x, box.y, LOOKS[state].colour, state.value, "") if state is not State.NOT_BEGUN else ""
    return frame(box, LOOKS[state], LEGEND, corner=5) + sign


def _parts(view: View) -> Iterator[str]:
    """Yield everything from the bottom up: containers, lines, shapes, names."""
    for shape in view.scene.shapes:
        if is_container(shape):
            yield _element(view, shape, draw_shape(view, shape))
    for shape in view.scene.shapes:
        mark = view.mark(shape)
        if is_activity(shape) and mark and mark.time_used is not None and mark.state is State.ACTIVE:
            yield time_bar(shape.bounds, mark.time_used)
    edges = sorted(view.scene.edges, key=lambda edge: edge.id in view.taken)
    for edge in edges:
        yield tag("g", title(view.caption(edge)) + draw_edge(view, edge), data_element=edge.id)
    for shape in view.scene.shapes:
        if not is_container(shape):
            yield _element(view, shape, draw_shape(view, shape))
    for edge in edges:
        yield draw_edge_name(view, edge) + times(view, edge)


def _element(view: View, shape: Shape, drawn: str) -> str:
    mark = view.mark(shape)
    state = None if mark is None else mark.state.value
    group = tag("g", title(view.caption(shape)) + drawn, data_element=shape.id, data_state=state)
    target = None
    if view.href is not None:
        target = view.href(shape.id) or (view.href(shape.holds) if shape.holds else None)
    return group if target is None else tag("a", group, href=target)
