"""Reads rows for checks: a value that its column's type cannot read is reported and does not end the check.

Such values come from edits of the database outside of Alur. SQLite accepts numbers, bytes and invalid texts in any
column, PostgreSQL the instant "infinity", and both accept JSON that is nested too deeply. So columns are fetched
without their types and converted here.
"""

import json
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from engine import pulse
from engine.model.history import plain
from engine.model.testimony import fits
from engine.store.tables import UtcDateTime

AT_ONCE = 500
MOST_SHOWN = 200
AS_TEXT = (UtcDateTime, sa.Date, sa.JSON)
NO_UTF_8 = "Could not decode to UTF-8"


Values = Sequence[Any]


class Unreadable(ValueError):
    """A row has in *column* a value of a wrong type."""

    def __init__(self, column: str, value: object) -> None:
        super().__init__(shown(value))
        self.column = column
        self.row: Values = ()


def shown(value: object) -> str:
    """Return the beginning of a wrong value as printable text; lone surrogates are escaped."""
    text = (value if isinstance(value, str) else ascii(value))[:MOST_SHOWN]
    return text.encode(errors="backslashreplace").decode()


@lru_cache(maxsize=4096)
def instant(kept: str) -> str:
    """Return an instant from the database's text as ``plain`` writes it; ValueError if it is none."""
    at = datetime.fromisoformat(kept)
    if kept[10:11] != " " or at.utcoffset():  # Alur writes no other zone
        raise ValueError(kept)
    return f"{kept[:10]}T{kept[11:]}Z" if at.tzinfo is None else str(plain(at))


def _day(kept: str) -> str:
    date.fromisoformat(kept)
    return kept


def _json(kept: str) -> Any:
    return plain(json.loads(kept))


NOTHING = type(None)
TRUTH = {0: False, 1: True}
KINDS: tuple[tuple[Any, tuple[type, ...], Callable[[Any], Any] | None], ...] = (
    (UtcDateTime, (str,), instant),
    (sa.Date, (str,), _day),
    (sa.JSON, (str,), _json),
    (sa.Boolean, (int, bool), TRUTH.__getitem__),
    (sa.Integer, (int,), None),
    (sa.LargeBinary, (bytes,), None),
    (sa.String, (str,), None),
)
"""For each type: the type to fetch it as, and its converter."""


class Columns:
    """Columns that are fetched without their types, with converters for their values."""

    def __init__(self, columns: Sequence[sa.ColumnElement[Any]]) -> None:
        self.names = tuple(str(column.key) for column in columns)
        self._at = {name: at for at, name in enumerate(self.names)}
        self._exact = {str(c.key) for c in columns if isinstance(c.type, (sa.JSON, sa.Boolean, sa.Integer))}
        self._shapes: dict[tuple[str, ...], tuple[Callable[[Values], Values], tuple[str, ...]]] = {}
        self._columns = tuple(columns)
        self.named: Callable[[Values], Any] = namedtuple("Row", self.names)._make  # type: ignore[attr-defined]
        of = [next((given, read) for kind, given, read in KINDS if isinstance(c.type, kind)) for c in columns]
        self._given = tuple(frozenset((*given, NOTHING)) for given, _ in of)
        self._read = tuple(read for _, read in of)

    def asked(self, query: sa.Select[Any], dialect: str) -> sa.Select[Any]:
        """Return *query* with these columns, without their types."""
        columns = (
            sa.type_coerce(column, sa.String).label(name)
            if dialect == "sqlite"
            else sa.cast(column, sa.Text).label(name)
            if isinstance(column.type, AS_TEXT)
            else column
            for name, column in zip(self.names, self._columns, strict=True)
        )
        return query.with_only_columns(*columns)

    def fetched(self, connection: sa.Connection, query: sa.Select[Any]) -> Iterator[Sequence[Values]]:
        """Yield the rows of *query*, in parts."""
        return fetched(connection, self.asked(query, connection.dialect.name))

    def read(self, part: Sequence[Values]) -> list[Values]:
        """Return the columns of some rows, values as ``plain`` writes them; Unreadable names the first wrong one."""
        columns: list[Values] = list(zip(*part, strict=True))
        for at, (column, given, read) in enumerate(zip(columns, self._given, self._read, strict=True)):
            types = {*map(type, column)}
            if not types <= given:
                raise Unreadable(self.names[at], next(value for value in column if type(value) not in given))
            if read and types != {NOTHING}:
                try:  # each value once, since many lines and rows have the same
                    known = {value: None if value is None else read(value) for value in {*column}}
                    columns[at] = tuple(map(known.__getitem__, column))
                except (ValueError, TypeError, LookupError, RecursionError) as error:
                    raise Unreadable(self.names[at], column[0]) from error
        return columns

    def differs(self, facts: Mapping[str, Any], values: Values) -> tuple[str, Any, Any] | None:
        """Return the first (column, expected, found) in which a row differs from *facts*; None if there is none.

        Columns that are not read are not compared; True and 1 differ. Nearly every row is right, so all columns are
        compared at once first.
        """
        names = tuple(facts)
        held, exact = self._shapes.get(names) or self._shaped(names)
        if held(values) == tuple(facts.values()):
            names = exact
        for name in names:
            at = self._at.get(name)
            if at is not None and not fits(facts[name], values[at]):
                return name, facts[name], values[at]
        return None

    def _shaped(self, names: tuple[str, ...]) -> tuple[Callable[[Values], Values], tuple[str, ...]]:
        """Return a getter for the columns *names* of a row, and those in which equal values may differ as JSON."""
        places = [self._at[name] for name in names if name in self._at]
        exact = tuple(name for name in names if name in self._exact)
        held = itemgetter(*places) if len(places) > 1 else lambda values: tuple(values[at] for at in places)
        return self._shapes.setdefault(names, (held, exact))


def fetched(
    connection: sa.Connection, query: sa.Select[Any], given: Mapping[str, Any] | None = None
) -> Iterator[Sequence[Values]]:
    """Yield the rows of *query* in parts."""
    sqlite = connection.dialect.name == "sqlite"
    ahead = {} if sqlite else {"yield_per": AT_ONCE}  # SQLite's driver reads no row in advance
    found = connection.execute(query, given, execution_options=ahead)
    some: Any = found.cursor if sqlite else found  # rows of SQLite's driver need no conversion
    while part := some.fetchmany(AT_ONCE):
        pulse.beat()
        yield part


def among(column: sa.ColumnElement[str], dialect: str) -> sa.ColumnElement[bool]:
    """Return the condition that *column* is one of ``those``, one parameter however many, so the SQL stays the same."""
    if dialect == "sqlite":
        return column.in_(sa.select(sa.func.json_each(sa.bindparam("those")).table_valued("value").c.value))
    return column == sa.any_(sa.bindparam("those", type_=sa.ARRAY(sa.String)))


def those(values: Iterable[str], dialect: str) -> Mapping[str, Any]:
    """Return the parameter of a statement with :func:`among`."""
    return {"those": json.dumps([*values]) if dialect == "sqlite" else [*values]}


def undecoded(error: Exception) -> bool:
    """Whether SQLite failed at a text that is not UTF-8."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    return isinstance(cause, sqlite3.OperationalError) and NO_UTF_8 in str(cause)


@contextmanager
def bytes_for_no_text(connection: sa.Connection) -> Iterator[None]:
    """Make SQLite return invalid UTF-8 as bytes; this makes reading every text slower."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name != "sqlite":
        yield
        return
    driver.text_factory = _text_or_bytes
    try:
        yield
    finally:
        driver.text_factory = str


def _text_or_bytes(kept: bytes) -> str | bytes:
    try:
        return kept.decode()
    except UnicodeDecodeError:
        return kept
