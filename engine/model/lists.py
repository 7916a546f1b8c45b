"""Pages of long lists. A page begins after the last row of another, so the last page costs no more than the first."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a list: the sort values of a row. It stands for the page after it or, with *back*, before it."""

    at: tuple[Any, ...]
    back: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[Value]):
    """One page of a list, with the places of the pages before and after it; None where there are none."""

    rows: tuple[Value, ...] = ()
    before: Place | None = None
    after: Place | None = None


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """A saved filter of a list, of one person or shared with a lane."""

    id: str
    list: str
    owner: str
    role: str | None  # the lane that shares it; None: the owner alone sees it
    name: str
    query: str  # as it stands in the list's address
