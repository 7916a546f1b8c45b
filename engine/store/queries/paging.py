"""Keyset paging: the condition and order under which a query finds the page at a place."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_

from engine.model.lists import Page, Place
from engine.store.queries import Transaction

Value = TypeVar("Value")
Order = Sequence[tuple[ColumnElement[Any], bool]]
"""Columns without NULL, each with whether it falls; the last one is unique."""


def beyond(order: Order, place: Place) -> ColumnElement[bool]:
    """Return the condition that a row comes after *place* in *order*, or with *back* before it."""
    steps = []
    for count, ((column, falls), value) in enumerate(zip(order, place.at, strict=True)):
        same = [each == known for (each, _), known in zip(order[:count], place.at, strict=False)]
        steps.append(and_(*same, column < value if falls is not place.back else column > value))
    return or_(*steps)


def ordered(query: Select[Any], order: Order, place: Place | None) -> Select[Any]:
    """Return *query* in *order*, or turned around before a place."""
    back = place is not None and place.back
    return query.order_by(*(column.desc() if falls is not back else column.asc() for column, falls in order))


def page(
    tx: Transaction,
    query: Select[Any],
    order: Order,
    read: Callable[[Any], Value],
    place: Place | None,
    limit: int,
    *,
    narrow: bool = True,
) -> Page[Value]:
    """Return the page of *query* at *place*; *narrow* leaves out what comes before, unless *query* does so itself."""
    back = place is not None and place.back
    if place is not None and narrow:
        query = query.where(beyond(order, place))
    query = query.add_columns(*(column.label(f"place_{n}") for n, (column, _) in enumerate(order)))
    found = list(tx.connection.execute(ordered(query, order, place).limit(limit + 1)))
    more, rows = len(found) > limit, found[:limit]
    if back:
        rows.reverse()
    if not rows:
        return Page()
    first, last = (tuple(row[-len(order) :]) for row in (rows[0], rows[-1]))
    return Page(
        tuple(map(read, rows)),
        Place(first, back=True) if (more if back else place is not None) else None,
        Place(last) if more or back else None,
    )
