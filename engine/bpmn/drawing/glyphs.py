"""The signs of BPMN: task types, event definitions, gateways, markers of activities.

They are in ``glyphs.svg``, each centred on the origin.
"""

from functools import cache
from pathlib import Path

from lxml import etree

from engine.bpmn.drawing.svg import tag

_SPACE = ' xmlns="http://www.w3.org/2000/svg"'


@cache
def _drawn() -> dict[str, str]:
    groups = etree.parse(Path(__file__).with_name("glyphs.svg")).getroot().iterchildren("{*}g")
    return {
        group.get("id"): "".join(etree.tostring(part, encoding="unicode", with_tail=False) for part in group).replace(
            _SPACE, ""
        )
        for group in groups
    }


def moved(content: str, x: float, y: float, scale: float = 1) -> str:
    """Move a glyph to (*x*, *y*)."""
    size = "" if scale == 1 else f" scale({scale:g})"
    return tag("g", content, transform=f"translate({x:g} {y:g}){size}")


def glyph(name: str) -> str:
    """Return a glyph; empty if there is none, as for an abstract task.

    Sizes: event definitions fit a circle of radius 18, gateway signs a diamond of half-width 25; markers of activities
    are 14 pixels wide, signs of states 12.
    """
    return _drawn().get(name, "")


def definition(kind: str, *, filled: bool) -> str:
    """Return the sign of an event definition, *filled* for a throwing event."""
    return glyph(f"{kind}-filled") if filled and f"{kind}-filled" in _drawn() else glyph(kind)
