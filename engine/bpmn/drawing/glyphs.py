"""The small pictures of BPMN: task kinds, event definitions, gateway signs, markers at an activity's foot.

They are drawn in ``glyphs.svg``, each around the origin, in the ink and on the paper of ``svg``; their user moves them.
"""

from functools import cache
from pathlib import Path

from lxml import etree

from engine.bpmn.drawing.svg import tag

_SPACE = ' xmlns="http://www.w3.org/2000/svg"'


@cache
def _drawn() -> dict[str, str]:
    """Return every picture by its id."""
    groups = etree.parse(Path(__file__).with_name("glyphs.svg")).getroot().iterchildren("{*}g")
    return {
        group.get("id"): "".join(etree.tostring(part, encoding="unicode", with_tail=False) for part in group).replace(
            _SPACE, ""
        )
        for group in groups
    }


def moved(content: str, x: float, y: float, scale: float = 1) -> str:
    """Place a glyph with its origin at (*x*, *y*)."""
    size = "" if scale == 1 else f" scale({scale:g})"
    return tag("g", content, transform=f"translate({x:g} {y:g}){size}")


def glyph(name: str) -> str:
    """Return a picture; empty where there is none, as for an abstract task.

    A task's kind has one, an event's definition within a circle of radius 18, a gateway within a diamond of half-width
    25, a marker at an activity's foot 14 pixels wide, and a state 12: what tells the states apart without colour.
    """
    return _drawn().get(name, "")


def definition(kind: str, *, filled: bool) -> str:
    """Return the sign of an event's definition; *filled* is a throwing event's."""
    return glyph(f"{kind}-filled") if filled and f"{kind}-filled" in _drawn() else glyph(kind)
