"""Charts as SVG, which Typst draws: bars of targets and results ("batang"), and lines over periods ("garis").

Series differ by pattern and position as well as colour, for prints in black and white. A missing value is marked and
never drawn as zero.

A row is {"label": text, "target": number, "realisasi": number} for "batang", and {"label": text, "titik": [{"label":
period, "nilai": number}, …]} for "garis".
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from textwrap import wrap
from typing import Any
from xml.sax.saxutils import escape

WIDTH = 720
BAR, GAP, LEFT, RIGHT, TOP = 13, 16, 250, 84, 44
INK, SOFT, PLAN, DONE = "#1d2733", "#8a94a0", "#b9c6d6", "#1f5fa8"
LINES = ("#1f5fa8", "#b4511d", "#2c7a4b", "#6b3fa0", "#8a6d00", "#a3275f")
DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 4", "12 4")
MISSING = "belum tersedia"
HALO = 'stroke="#ffffff" stroke-width="2.5" paint-order="stroke"'  # keeps lines behind a label from crossing it out


def bars(title: str, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return two horizontal bars for each row: the target, and the result below it."""
    values = [value for row in rows for key in ("target", "realisasi") if (value := _number(row, key)) is not None]
    scale = _nice(max([*values, Decimal(1)]))
    height = TOP + len(rows) * (2 * BAR + GAP) + 34
    room = WIDTH - LEFT - RIGHT
    drawn = [_text(0, 16, title, size=14, weight="bold"), *_legend()]
    bottom = height - 28
    for step in range(5):
        x = LEFT + room * step / 4
        drawn.append(_line(x, TOP - 4, x, bottom, "#dde3ea", 1))
        drawn.append(_text(x, bottom + 14, written(scale * step / 4), size=10, anchor="middle", fill=SOFT))
    for place, row in enumerate(rows):
        y = TOP + place * (2 * BAR + GAP)
        label = " ".join(str(row.get("label", "")).split())
        for line, part in enumerate(wrap(label, 44, break_long_words=False, break_on_hyphens=False)[:3]):
            drawn.append(_text(LEFT - 8, y + 10 + line * 11, part, size=10, anchor="end"))
        for offset, key, fill in ((0, "target", PLAN), (BAR, "realisasi", DONE)):
            value = _number(row, key)
            if value is None:
                drawn.append(_text(LEFT + 4, y + offset + 10, str(row.get("kosong", MISSING)), size=9, fill=SOFT))
                continue
            width = float(max(value, Decimal(0)) / scale) * room
            drawn.append(f'<rect x="{LEFT}" y="{y + offset}" width="{width:.1f}" height="{BAR - 1}" fill="{fill}"/>')
            drawn.append(_text(LEFT + width + 4, y + offset + 10, written(value), size=9.5))
    return _svg(height, drawn)


def lines(title: str, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a line for each row; the labels of the periods are those of the longest row."""
    labels = [str(point.get("label", "")) for point in max((r.get("titik") or [] for r in rows), key=len, default=[])]
    values = [v for row in rows for point in row.get("titik") or [] if (v := _number(point, "nilai")) is not None]
    scale = _nice(max([*values, Decimal(1)]))
    left, right, top, plot = 70, 24, 44, 210
    room = WIDTH - left - right
    height = top + plot + 34 + 15 * len(rows)
    drawn = [_text(0, 16, title, size=14, weight="bold")]
    for step in range(5):
        y = top + plot - plot * step / 4
        drawn.append(_line(left, y, WIDTH - right, y, "#dde3ea", 1))
        drawn.append(_text(left - 6, y + 4, written(scale * step / 4), size=10, anchor="end", fill=SOFT))
    places = [left + room * (at + 0.5) / max(len(labels), 1) for at in range(len(labels))]
    drawn += [
        _text(x, top + plot + 16, label, size=10, anchor="middle") for x, label in zip(places, labels, strict=True)
    ]
    points: dict[float, list[tuple[float, str, str]]] = {}  # height, value and colour by place
    for number, row in enumerate(rows):
        colour, dash = LINES[number % len(LINES)], DASHES[number % len(DASHES)]
        run: list[str] = []
        for x, point in zip(places, row.get("titik") or [], strict=False):
            value = _number(point, "nilai")
            if value is None:  # a gap in the line
                drawn += _path(run, colour, dash)
                run = []
                continue
            y = top + plot - float(max(value, Decimal(0)) / scale) * plot
            run.append(f"{x:.1f},{y:.1f}")
            drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')
            points.setdefault(x, []).append((y, written(value), colour))
        drawn += _path(run, colour, dash)
        y = top + plot + 34 + 15 * number
        drawn.append(_line(left, y - 4, left + 26, y - 4, colour, 2, dash))
        drawn.append(_text(left + 32, y, str(row.get("label", ""))[:95], size=10))
    for x, near in points.items():
        dot = label = -100.0  # heights of the previous dot and label
        for y, words, colour in sorted(near):  # a value is above its dot, or beside it if another dot is there
            free = y - dot >= 20
            dot, label = y, y - 7 if free else max(y + 3, label + 10)
            drawn.append(
                _text(x if free else x + 7, label, words, size=9, anchor="middle" if free else "start", fill=colour)
            )
    return _svg(height, drawn)


KINDS: Mapping[str, Callable[[str, Sequence[Mapping[str, Any]]], bytes]] = {"batang": bars, "garis": lines}
"""The kinds of charts by their names in templates."""


def written(value: Decimal) -> str:
    """Return a number in Indonesian notation, with two decimals at most."""
    text = f"{value.quantize(Decimal('0.01')):,.2f}".rstrip("0").rstrip(".")
    return text.translate(str.maketrans(",.", ".,"))


def _number(row: Mapping[str, Any], key: str) -> Decimal | None:
    value = row.get(key)
    return None if value is None or value == "" else Decimal(str(value))


def _nice(highest: Decimal) -> Decimal:
    """Return the smallest round number (a step times a power of ten) that is at least *highest*."""
    if highest <= 0:
        return Decimal(1)
    power = Decimal(10) ** highest.adjusted()
    steps = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(4), Decimal(5), Decimal(8), Decimal(10))
    return next(step for step in steps if step * power >= highest) * power


def _legend() -> list[str]:
    drawn = []
    for x, fill, word in ((LEFT, PLAN, "target"), (LEFT + 70, DONE, "realisasi")):
        drawn.append(f'<rect x="{x}" y="24" width="11" height="11" fill="{fill}"/>')
        drawn.append(_text(x + 15, 33, word, size=10))
    return drawn


def _path(run: Sequence[str], colour: str, dash: str) -> list[str]:
    if len(run) < 2:
        return []
    return [f'<polyline points="{" ".join(run)}" fill="none" stroke="{colour}" stroke-width="2"{_dash(dash)}/>']


def _line(x: float, y: float, to_x: float, to_y: float, colour: str, width: int, dash: str = "") -> str:
    return (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" '
        f'stroke="{colour}" stroke-width="{width}"{_dash(dash)}/>'
    )


def _dash(dash: str) -> str:
    return f' stroke-dasharray="{dash}"' if dash else ""


def _text(
    x: float, y: float, words: str, *, size: float, anchor: str = "start", fill: str = INK, weight: str = "normal"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family="Arimo" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="{fill}" {HALO}>{escape(words)}</text>'
    )


def _svg(height: int, drawn: Sequence[str]) -> bytes:
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">'
    )
    return f'{opening}<rect width="100%" height="100%" fill="#ffffff"/>{"".join(drawn)}</svg>'.encode()
