"""Pages of long lists: each begins where another ended, so the last one costs no more than the first."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Place:
    """A row of a list, by the values that order it; a page follows it, or with *back* comes before it."""

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
    """A filter of a list that somebody keeps, or a lane shares."""

    id: str
    list: str
    owner: str
    role: str | None  # the lane that shares it; None: the owner alone sees it
    name: str
    query: str  # as it stands in the list's address
