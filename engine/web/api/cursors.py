"""Cursors of lists: opaque texts that hold the place of the last row seen.

A place, and not a page's number, because rows come and go between two requests: nothing is shown twice or left out.
"""

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from engine.web.api import problems
from engine.web.api.shapes import Given, PageGiven
from engine.web.texts import gettext

Row = TypeVar("Row")
Listed = TypeVar("Listed", bound=Given)
Place = tuple[datetime | None, str]


def page(
    shape: type[Listed],
    rows: Sequence[Row],
    more: bool,
    place: Callable[[Row], Place],
    told: Callable[[Row], Any] = lambda row: row,
) -> Listed:
    """Return *rows* as a page of *shape*, each converted by *told*, and the cursor of what follows."""
    cursor = _written(place(rows[-1])) if rows else None
    return shape.of(items=[told(row) for row in rows], page=PageGiven(end_cursor=cursor, has_more=more))


def place(cursor: str | None) -> Place | None:
    """Return the place that *cursor* holds; a Problem if it is none of ours."""
    if cursor is None:
        return None
    try:
        at, between, id_ = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        if not between:
            raise ValueError(cursor)
        return (datetime.fromisoformat(at).astimezone(UTC) if at else None, id_)
    except (ValueError, OverflowError):
        raise _unknown() from None


def timed(cursor: str | None) -> tuple[datetime, str] | None:
    """Return the place that *cursor* holds in a list in which every row has its instant."""
    found = place(cursor)
    if found is None:
        return None
    at, id_ = found
    if at is None:
        raise _unknown()
    return at, id_


def _written(found: Place) -> str:
    at, id_ = found
    return base64.urlsafe_b64encode(f"{at.isoformat() if at else ''} {id_}".encode()).decode()


def _unknown() -> problems.Problem:
    return problems.invalid([("page.after", "cursor", gettext("bukan penanda dari jawaban sebelumnya."))])
