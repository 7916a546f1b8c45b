"""The sheet of an SOP as PermenPANRB 35/2012 wants it (SOP AP), as plain values: rows, symbols in columns, arrows.

Everything on it comes from the diagram. Page, picture and PDF only draw it; a table of steps is the same rows without
symbols, and goes both ways.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

END = 0
"""Where a step leads that is the last: the number of no row."""


class SymbolKind(StrEnum):
    """The symbols of the sheet; its fifth, the arrow, is what joins them."""

    TERMINATOR = "terminator"  # mulai, selesai
    PROCESS = "process"
    DECISION = "decision"
    CONNECTOR = "connector"  # between pages: drawn only where a table breaks


@dataclass(frozen=True, slots=True)
class Symbol:
    """One symbol in a column of a row."""

    element_id: str
    kind: SymbolKind
    column: int  # of the lanes, from the left, 0 first
    text: str = ""  # of a terminator or decision its name
    proposal: bool = False


@dataclass(frozen=True, slots=True)
class SheetWay:
    """One way out of a decision, in words; *target* is a row's number, or END."""

    text: str
    target: int
    proposal: bool = False


@dataclass(frozen=True, slots=True)
class SopStep:
    """One step: a row of the sheet."""

    number: int
    element_id: str
    activity: str  # the office's own spelling
    activity_plain: str  # corrected spelling; the same where nothing needs correction
    column: int  # of who does it
    symbols: tuple[Symbol, ...]  # from top to bottom
    inputs: tuple[str, ...]
    time: str  # in the sheet's words
    outputs: tuple[str, ...]
    note: str
    question: str  # the name of the decision behind the step, if there is one
    ways: tuple[SheetWay, ...]  # of that decision
    next: tuple[int, ...]  # numbers of the rows it leads to, or END; of a decision where it leads first
    otherwise: tuple[int, ...]  # where a decision leads else

    def words(self, *, plain: bool) -> str:
        """Return what is done, in the office's spelling or (*plain*) in the corrected one."""
        return self.activity_plain if plain else self.activity


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow between two symbols, by their elements."""

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
    """One row of a table of steps: what the sheet says in words."""

    number: int
    activity: str
    performer: str
    inputs: tuple[str, ...] = ()
    time: str = ""  # in the sheet's words; empty if none
    outputs: tuple[str, ...] = ()
    note: str = ""
    next: int = END
    otherwise: tuple[int, ...] = ()
