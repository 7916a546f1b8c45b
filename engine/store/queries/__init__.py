"""What services read and write, as functions over an open transaction; frozen values go in and come out."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, and_, or_

Value = TypeVar("Value")


class Transaction(Protocol):
    """Anything that holds an open connection: a Reader or a Work."""

    @property
    def connection(self) -> Connection:
        """The open SQLAlchemy connection."""
        ...


def one(tx: Transaction, query: Select[Any], read: Callable[[Any], Value]) -> Value | None:
    """Return the first row that *query* finds as *read* gives it, if it finds any."""
    row = tx.connection.execute(query).first()
    return None if row is None else read(row)


def some(
    tx: Transaction, query: Select[Any], read: Callable[[Any], Value], limit: int, offset: int = 0
) -> tuple[tuple[Value, ...], bool]:
    """Return up to *limit* rows behind the first *offset*, and whether more follow."""
    rows = tx.connection.execute(query.limit(limit + 1).offset(offset)).all()
    return tuple(read(row) for row in rows[:limit]), len(rows) > limit


def behind(place: tuple[datetime, str], at: ColumnElement[Any], id_: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition under which a row stands behind *place* in a list, newest first and then by id."""
    return or_(at < place[0], and_(at == place[0], id_ > place[1]))
