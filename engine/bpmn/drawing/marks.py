"""The look of each state: border, badge, fill, pattern and word, never colour alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.bpmn.drawing.svg import FAINT, INK, PAPER, Attribute, path, tag


class State(StrEnum):
    """The state of an element of an instance."""

    NOT_BEGUN = "not_begun"
    ACTIVE = "active"
    WAITING = "waiting"
    DONE = "done"
    NOT_TAKEN = "not_taken"
    CANCELLED = "cancelled"
    INCIDENT = "incident"


@dataclass(frozen=True, slots=True)
class Mark:
    """What to show on one element."""

    state: State = State.NOT_BEGUN
    passes: int = 0  # how often the element was completed; the badge shows it from 2
    badge: str = ""  # text of the badge instead of the passes: a holder, "4/6", "v2"
    returned: bool = False
    overdue: str = ""  # "terlambat 2 hari kerja"; empty if on time
    time_used: float | None = None  # part of the standard time that has passed, for the bar under an active task


@dataclass(frozen=True, slots=True)
class DrawingWords:
    """The words that a drawing adds to those of the diagram, in the reader's language."""

    title: str
    states: Mapping[State, str]
    proposal: str
    returned: str
    passes: str
    taken: str
    repeated: str
    legend: str
    undrawn: str
    english: bool  # use the diagram's English names


def drawing_words(gettext: Callable[[str], str] = str, *, english: bool = False) -> DrawingWords:
    """Return the words of a drawing in the language of *gettext*."""
    return DrawingWords(
        title=gettext("Diagram {name}"),
        states={
            State.NOT_BEGUN: gettext("Belum"),
            State.ACTIVE: gettext("Sedang dikerjakan"),
            State.WAITING: gettext("Menunggu"),
            State.DONE: gettext("Selesai"),
            State.NOT_TAKEN: gettext("Tidak ditempuh"),
            State.CANCELLED: gettext("Dibatalkan"),
            State.INCIDENT: gettext("Terganggu"),
        },
        proposal=gettext("usulan"),
        returned=gettext("Dikembalikan"),
        passes=gettext("{n} kali"),
        taken=gettext("Jalur yang ditempuh"),
        repeated=gettext("Dilalui 2 kali"),
        legend=gettext("Keterangan gambar"),
        undrawn=gettext("Tidak tergambar: {names}"),
        english=english,
    )


@dataclass(frozen=True, slots=True)
class Look:
    """Border and fill of one state."""

    colour: str
    thickness: float
    fill: str
    dash: str | None = None
    double: bool = False


LOOKS: Mapping[State, Look] = {
    State.NOT_BEGUN: Look(INK, 1.5, PAPER),
    State.ACTIVE: Look("#0b5cad", 4, "#e3effb"),
    State.WAITING: Look("#9a5b00", 3, "#fdf0d5", dash="7 4"),
    State.DONE: Look("#1a7f37", 2, "#e2f4e6"),
    State.NOT_TAKEN: Look(FAINT, 1.5, "hatch", dash="1.5 3"),
    State.CANCELLED: Look(FAINT, 1.5, "crosshatch", dash="1.5 3"),
    State.INCIDENT: Look("#b42318", 4, "#fce6e6", double=True),
}
RETURNED = "#6a2a8c"
OVERDUE = "#a01f1f"


def patterns(prefix: str) -> str:
    """Return the hatch patterns; their ids begin with *prefix*."""
    paper = tag("rect", width=8, height=8, fill=PAPER)
    strokes = {"hatch": "M-2 6L6 -2M2 10L10 2", "crosshatch": "M-2 6L6 -2M2 10L10 2M2 -2L10 6M-2 2L6 10"}
    size: dict[str, Attribute] = {"width": 8, "height": 8, "patternUnits": "userSpaceOnUse"}
    return "".join(
        tag("pattern", paper + path(d, stroke="#d3d8de", stroke_width=1), id=f"{prefix}-{name}", **size)
        for name, d in strokes.items()
    )


def fill(look: Look, prefix: str) -> str:
    """Return the value of the fill attribute."""
    return look.fill if look.fill.startswith("#") else f"url(#{prefix}-{look.fill})"
