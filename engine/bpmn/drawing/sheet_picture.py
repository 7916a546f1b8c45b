"""Draws the pages of an SOP's sheet as SVG for the screen, like the PDF."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from engine.bpmn.drawing.sheet_arrows import HEAD, LABEL, POINT, DrawnArrow
from engine.bpmn.drawing.sheet_pages import HEAD as FIRST
from engine.bpmn.drawing.sheet_pages import PAD, TITLE, PageSymbol, SheetPage, SheetPages
from engine.bpmn.drawing.svg import INK, PAPER, Attribute, lines, path, polygon, tag
from engine.bpmn.drawing.text import width
from engine.model.sop_sheet import SymbolKind

SCALE = 4.0  # pixels per millimetre
RULE, STRONG = 1.0, 1.6
SHADE = "#eef1f5"
DASHES = "6 4"
SPANNED = {"inputs": "MUTU BAKU", "time": "MUTU BAKU", "outputs": "MUTU BAKU", "lane": "PELAKSANA"}


def draw_sheet(pages: SheetPages, title: str, number: int) -> str:
    """Return page *number* (from 0) as SVG, with *title* above the table; hidden from screen readers."""
    page = pages.pages[number]
    height = page.bottom + 2
    drawn = [
        lines([title], pages.width * SCALE / 2, 18, size=_size(pages.size + 2), weight="bold"),
        *_head(pages),
        *_rows(pages, page),
        *(_symbol(symbol) for symbol in page.symbols),
        *(part for arrow in page.arrows for part in _arrow(arrow)),
        *(part for arrow in page.arrows if arrow.text for part in _label(arrow)),
    ]
    return tag(
        "svg",
        "".join(drawn),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"-2 -2 {pages.width * SCALE + 4:.0f} {height * SCALE:.0f}",
        aria_hidden="true",
        focusable="false",
    )


def _head(pages: SheetPages) -> Iterator[str]:
    top, middle, bottom = TITLE, TITLE + FIRST, TITLE + sum(pages.head)
    yield _rect(0, top, pages.width, bottom - top, fill=SHADE, stroke=INK, stroke_width=STRONG)
    for _, spanned in groupby(pages.columns, lambda column: SPANNED.get(column.name, column.name)):
        columns = list(spanned)
        above = SPANNED.get(columns[0].name)
        left, right = columns[0].x, columns[-1].x + columns[-1].width
        yield _line(left, top, left, bottom)
        if above:
            yield _line(left, middle, right, middle)
            yield _text([above], (left + right) / 2, (top + middle) / 2, pages.size, bold=True)
        for column in columns:
            yield _line(column.x, middle if above else top, column.x, bottom)
            centre = ((middle if above else top) + bottom) / 2
            size = pages.lane_size if column.name == "lane" else pages.size
            yield _text(column.title, column.x + column.width / 2, centre, size, bold=True)


def _rows(pages: SheetPages, page: SheetPage) -> Iterator[str]:
    first = TITLE + sum(pages.head)
    yield _rect(0, first, pages.width, page.bottom - first, stroke=INK, stroke_width=STRONG)
    for column in pages.columns[1:]:
        yield _line(column.x, first, column.x, page.bottom)
    for row in page.rows:
        yield _line(0, row.y, pages.width, row.y)
        for column in pages.columns:
            said = row.lines.get(column.name, ())
            if not said:
                continue
            if column.name in ("no", "time"):
                yield _text(said, column.x + column.width / 2, row.y + row.height / 2, pages.size)
            else:
                depth = len(said) * pages.size * POINT * 1.2
                yield _text(said, column.x + PAD, row.y + PAD + depth / 2, pages.size, anchor="start")
    if page.below:
        yield _line(0, page.bottom - page.below, pages.width, page.bottom - page.below)


def _symbol(symbol: PageSymbol) -> str:
    box = symbol.box
    (x, y), dashes = box.centre, DASHES if symbol.proposal else None
    how: dict[str, Attribute] = {"fill": PAPER, "stroke": INK, "stroke_width": STRONG, "stroke_dasharray": dashes}
    match symbol.kind:
        case SymbolKind.TERMINATOR:
            shape = _rect(box.x, box.y, box.width, box.height, rx=min(box.height / 2, 3.5) * SCALE, **how)
        case SymbolKind.DECISION:
            shape = _polygon([(x, box.y), (box.right, y), (x, box.bottom), (box.x, y)], **how)
        case SymbolKind.CONNECTOR:
            shoulder = box.y + box.height * 0.62
            corners = [(box.x, box.y), (box.right, box.y), (box.right, shoulder), (x, box.bottom), (box.x, shoulder)]
            shape = _polygon(corners, **how)
            y -= box.height * 0.12
        case _:
            shape = _rect(box.x, box.y, box.width, box.height, **how)
    return shape + (_text(symbol.lines, x, y, symbol.size) if symbol.lines else "")


def _arrow(arrow: DrawnArrow) -> Iterator[str]:
    (before_x, before_y), (x, y) = arrow.points[-2:]
    along = (x - before_x, y - before_y)
    length = max(0.001, (along[0] ** 2 + along[1] ** 2) ** 0.5)
    ahead = (along[0] / length, along[1] / length)
    back = (x - ahead[0] * HEAD, y - ahead[1] * HEAD)
    aside = (-ahead[1] * 0.75, ahead[0] * 0.75)
    run = [*arrow.points[:-1], back]
    d = "".join(f"{'L' if place else 'M'}{px * SCALE:.1f} {py * SCALE:.1f}" for place, (px, py) in enumerate(run))
    yield path(d, stroke_width=STRONG, stroke_dasharray=DASHES if arrow.proposal else None)
    yield _polygon(
        [(x, y), (back[0] + aside[0], back[1] + aside[1]), (back[0] - aside[0], back[1] - aside[1])], fill=INK
    )


def _label(arrow: DrawnArrow) -> Iterator[str]:
    long, deep = width(arrow.text, LABEL) * POINT, LABEL * POINT
    left = arrow.at[0] - (long if arrow.anchor == "end" else 0)
    yield _rect(left, arrow.at[1] - deep * 0.8, long, deep, fill=PAPER)
    yield _text([arrow.text], arrow.at[0], arrow.at[1] - deep * 0.35, LABEL, anchor=arrow.anchor)


def _text(said: Sequence[str], x: float, y: float, points: float, *, anchor: str = "middle", bold: bool = False) -> str:
    size = _size(points)
    first = y * SCALE - (len(said) - 1) * size * 1.2 / 2
    return lines(said, x * SCALE, first, size=size, anchor=anchor, weight="bold" if bold else None)


def _size(points: float) -> float:
    return points * POINT * SCALE


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return tag("line", x1=x1 * SCALE, y1=y1 * SCALE, x2=x2 * SCALE, y2=y2 * SCALE, stroke=INK, stroke_width=RULE)


def _rect(x: float, y: float, across: float, down: float, **how: Attribute) -> str:
    box = {"x": x * SCALE, "y": y * SCALE, "width": across * SCALE, "height": down * SCALE}
    return tag("rect", **{**box, "fill": "none", **how})


def _polygon(points: Sequence[tuple[float, float]], **how: Attribute) -> str:
    return polygon([(x * SCALE, y * SCALE) for x, y in points], **how)
