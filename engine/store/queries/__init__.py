"""Queries and changes for services, as functions over an open transaction, with frozen values in and out."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar, get_type_hints

from sqlalchemy import ColumnElement, Connection, Executable, FromClause, Select, and_, or_, select

Value = TypeVar("Value")


class Transaction(Protocol):
    """An open transaction: a Reader or a Work."""

    @property
    def connection(self) -> Connection:
        """The open SQLAlchemy connection."""
        ...


def one(tx: Transaction, query: Select[Any], read: Callable[[Any], Value]) -> Value | None:
    """Return the first row of *query* converted by *read*; None if there is none."""
    row = tx.connection.execute(query).first()
    return None if row is None else read(row)


def changed(tx: Transaction, change: Executable) -> int:
    """Run *change* and return the number of changed or deleted rows."""
    return tx.connection.execute(change).rowcount


def some(
    tx: Transaction, query: Select[Any], read: Callable[[Any], Value], limit: int, offset: int = 0
) -> tuple[tuple[Value, ...], bool]:
    """Return up to *limit* rows after the first *offset*, and whether more follow."""
    rows = tx.connection.execute(query.limit(limit + 1).offset(offset)).all()
    return tuple(read(row) for row in rows[:limit]), len(rows) > limit


class Rows(Generic[Value]):
    """Converts rows to frozen values of one class and back; each field has a column of the same name."""

    def __init__(
        self,
        of: type[Value],
        *tables: FromClause,
        but: Collection[str] = (),
        read: Mapping[str, Callable[[Any], Any]] = MappingProxyType({}),
        **elsewhere: ColumnElement[Any],
    ) -> None:
        """Find the columns for the fields, all *but* some, in *elsewhere* or the first of *tables* that has them.

        Values are converted by *read*, or to the type of the field if that is an enumeration or bytes.
        """
        kinds = {name: kind for name, kind in get_type_hints(of).items() if name not in but}
        found = {column.name: column for table in reversed(tables) for column in table.c} | elsewhere
        self._of = of
        self.columns = tuple(found[name] for name in kinds)
        self.names = tuple(kinds)
        self.query = select(*self.columns)
        own = {name: kind for name, kind in kinds.items() if isinstance(kind, type) and issubclass(kind, Enum | bytes)}
        self._read = {**own, **read}

    def facts(self, row: Sequence[Any]) -> dict[str, Any]:
        """Return the fields of a row that begins with these columns."""
        facts = dict(zip(self.names, row, strict=False))
        return facts | {name: kind(facts[name]) for name, kind in self._read.items()}

    def read(self, row: Sequence[Any]) -> Value:
        """Return the value of a row that begins with these columns."""
        return self._of(**self.facts(row))

    def written(self, value: Value) -> dict[str, Any]:
        """Return the row of a value."""
        facts = {name: getattr(value, name) for name in self.names}
        return {name: fact.value if isinstance(fact, Enum) else fact for name, fact in facts.items()}

    def one(self, tx: Transaction, query: Select[Any]) -> Value | None:
        """Return the first value of *query*; None if there is none."""
        return one(tx, query, self.read)

    def every(self, tx: Transaction, query: Select[Any]) -> tuple[Value, ...]:
        """Return all values of *query*."""
        return tuple(map(self.read, tx.connection.execute(query)))


def behind(place: tuple[datetime, str], at: ColumnElement[Any], id_: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that a row is after *place* in a list, newest first and then by id."""
    return or_(at < place[0], and_(at == place[0], id_ > place[1]))
