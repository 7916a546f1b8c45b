"""How the state of an element shows: by border, badge, fill, pattern and word, never by colour alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.bpmn.drawing.svg import FAINT, INK, PAPER, path, tag


class State(StrEnum):
    """Where an element of a running or finished instance stands."""

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
    passes: int = 0  # how often the element was completed; from two on the badge says so
    badge: str = ""  # text of the badge in place of the passes: a holder, "4/6", "v2"
    returned: bool = False
    overdue: str = ""  # "terlambat 2 hari kerja"; empty if in time
    time_used: float | None = None  # part of the standard time that is gone, drawn as a bar under an active task


@dataclass(frozen=True, slots=True)
class DrawingWords:
    """The words in a drawing that are not the diagram's own, in the reader's language."""

    title: str = "Diagram {name}"
    states: Mapping[State, str] = field(
        default_factory=lambda: {
            State.NOT_BEGUN: "Belum",
            State.ACTIVE: "Sedang dikerjakan",
            State.WAITING: "Menunggu",
            State.DONE: "Selesai",
            State.NOT_TAKEN: "Tidak ditempuh",
            State.CANCELLED: "Dibatalkan",
            State.INCIDENT: "Terganggu",
        }
    )
    proposal: str = "usulan"
    returned: str = "Dikembalikan"
    passes: str = "{n} kali"
    taken: str = "Jalur yang ditempuh"
    repeated: str = "Dilalui 2 kali"
    legend: str = "Keterangan gambar"
    undrawn: str = "Tidak tergambar: {names}"
    english: bool = False  # the diagram's own names too, where it has them in English


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
    """Return the hatches that tell states apart without colour; ids begin with *prefix*."""
    paper = tag("rect", width=8, height=8, fill=PAPER)
    strokes = {"hatch": "M-2 6L6 -2M2 10L10 2", "crosshatch": "M-2 6L6 -2M2 10L10 2M2 -2L10 6M-2 2L6 10"}
    return "".join(
        tag(
            "pattern",
            paper + path(d, stroke="#d3d8de", stroke_width=1),
            id=f"{prefix}-{name}",
            width=8,
            height=8,
            patternUnits="userSpaceOnUse",
        )
        for name, d in strokes.items()
    )


def fill(look: Look, prefix: str) -> str:
    """Return the value of the fill attribute."""
    return look.fill if look.fill.startswith("#") else f"url(#{prefix}-{look.fill})"
