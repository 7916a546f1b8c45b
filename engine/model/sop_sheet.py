"""The sheet of an SOP (PermenPANRB 35/2012) as plain values: rows, symbols in columns, arrows.

Everything on it comes from the diagram. Page, picture and PDF draw it. A table of steps has the same rows without
symbols, and can be turned into a diagram.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

END = 0
"""Target of the last step. Rows count from 1, so 0 is free."""


class SymbolKind(StrEnum):
    """The symbols of the sheet, besides arrows."""

    TERMINATOR = "terminator"  # mulai, selesai
    PROCESS = "process"
    DECISION = "decision"
    CONNECTOR = "connector"  # between pages, drawn only where a table breaks


@dataclass(frozen=True, slots=True)
class Symbol:
    """A symbol in a row."""

    element_id: str
    kind: SymbolKind
    column: int  # of the lane, from the left, starting at 0
    text: str = ""  # the name of a terminator or decision
    proposal: bool = False


@dataclass(frozen=True, slots=True)
class SheetWay:
    """A way out of a decision; *target* is the number of a row, or END."""

    text: str
    target: int
    proposal: bool = False


@dataclass(frozen=True, slots=True)
class SopStep:
    """A step, in a row of the sheet."""

    number: int
    element_id: str
    activity: str  # the office's own spelling
    activity_plain: str  # corrected spelling
    column: int  # of its lane
    symbols: tuple[Symbol, ...]  # from top to bottom
    inputs: tuple[str, ...]
    time: str  # as the sheet words it
    outputs: tuple[str, ...]
    note: str
    question: str  # the name of the decision after the step, if there is one
    ways: tuple[SheetWay, ...]  # of that decision
    next: tuple[int, ...]  # numbers of the rows it leads to, or END; by the first way of a decision
    otherwise: tuple[int, ...]  # the same by the other ways of a decision

    def words(self, *, plain: bool) -> str:
        """Return the activity in the office's spelling, or in the corrected one if *plain*."""
        return self.activity_plain if plain else self.activity


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow between the symbols of two elements."""

    source: str
    target: str
    text: str = ""
    proposal: bool = False


@dataclass(frozen=True, slots=True)
class SopSheet:
    """The whole sheet."""

    name: str
    identity: Mapping[str, Any]  # sop:identitas
    columns: tuple[str, ...]  # pelaksana, from the left
    rows: tuple[SopStep, ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, slots=True)
class TableStep:
    """A row of a table of steps: the texts of the sheet."""

    number: int
    activity: str
    performer: str
    inputs: tuple[str, ...] = ()
    time: str = ""  # as the sheet words it; empty if none
    outputs: tuple[str, ...] = ()
    note: str = ""
    next: int = END
    otherwise: tuple[int, ...] = ()
