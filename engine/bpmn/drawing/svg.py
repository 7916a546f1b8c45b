"""Writes SVG with presentation attributes only, because the content security policy blocks ``style``."""

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

from engine.bpmn.drawing.text import FAMILY, LINE

INK = "#1b2533"
PAPER = "#ffffff"
FAINT = "#76818f"

Point = tuple[float, float]
Attribute = str | float | None


def number(value: float) -> str:
    """Write a coordinate rounded to a tenth of a pixel."""
    return f"{value:.1f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def tag(name: str, content: str | None = None, /, **attributes: Attribute) -> str:
    """Write an element; ``stroke_width`` becomes ``stroke-width``; attributes that are None are left out."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(value if isinstance(value, str) else number(value))}"
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}/>" if content is None else f"<{name}{written}>{content}</{name}>"


def title(text: str, **attributes: Attribute) -> str:
    """Write the accessible name of an element, which browsers also show as a tooltip."""
    return tag("title", escape(text), **attributes)


def path(d: str, **attributes: Attribute) -> str:
    """Write an unfilled path in ink; *attributes* override."""
    return tag("path", d=d, **{"fill": "none", "stroke": INK, "stroke_width": 1.5, **attributes})


def lines(
    rows: Sequence[str],
    x: float,
    y: float,
    *,
    size: float = 12,
    anchor: str = "middle",
    fill: str = INK,
    weight: str | None = None,
    turn: tuple[float, float] | None = None,
) -> str:
    """Write lines of text, the first centred vertically on *y*; *turn* rotates them by 90° about that point."""
    spans = "".join(
        tag("tspan", escape(row), x=x, dy=None if index == 0 else size * LINE) for index, row in enumerate(rows)
    )
    return tag(
        "text",
        spans,
        x=x,
        y=y + size * 0.35,
        font_family=FAMILY,
        font_size=size,
        font_weight=weight,
        text_anchor=anchor,
        fill=fill,
        transform=None if turn is None else f"rotate(-90 {number(turn[0])} {number(turn[1])})",
    )


def rounded(points: Sequence[Point], radius: float = 6) -> str:
    """Return the path data of a polyline with rounded corners."""
    (x, y), *_ = points
    data = [f"M{number(x)} {number(y)}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        enter, leave = _towards(corner, before, radius), _towards(corner, after, radius)
        data.append(f"L{_at(enter)}Q{_at(corner)} {_at(leave)}")
    data.append(f"L{_at(points[-1])}")
    return "".join(data)


def _at(point: Point) -> str:
    return f"{number(point[0])} {number(point[1])}"


def _towards(start: Point, end: Point, distance: float) -> Point:
    """Return the point at *distance* from *start* towards *end*, at most half-way."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = (dx * dx + dy * dy) ** 0.5
    if length == 0:
        return start
    part = min(distance, length / 2) / length
    return start[0] + dx * part, start[1] + dy * part


def polygon(points: Iterable[Point], **attributes: Attribute) -> str:
    """Write a polygon."""
    return tag("polygon", points=" ".join(f"{number(x)},{number(y)}" for x, y in points), **attributes)
