"""Rows as the database keeps them, for whoever holds them to something: an odd value is named and stops nothing.

Who edits a database behind the program's back may leave a value that its column's type cannot read. SQLite keeps
numbers, bytes and texts that are none in whatever column; PostgreSQL keeps an instant without end, and both JSON that
is nested deeper than it can be read. So columns are fetched without their types and read here, a row at a time.
"""

import json
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    Connection,
    Date,
    Integer,
    LargeBinary,
    Row,
    Select,
    String,
    Text,
    cast,
    exc,
    type_coerce,
)

from engine import pulse
from engine.model.history import plain
from engine.model.testimony import fits
from engine.store.tables import UtcDateTime

AT_ONCE = 500
MOST_SHOWN = 200
AS_TEXT = (UtcDateTime, Date, JSON)
NO_UTF_8 = "Could not decode to UTF-8"


Values = Sequence[Any]


class Unreadable(ValueError):
    """A row holds a value, in *column*, that is none of its type."""

    def __init__(self, column: str, value: object) -> None:
        super().__init__(shown(value))
        self.column = column
        self.row: Values = ()


def shown(value: object) -> str:
    """Return what an odd value looks like, or its beginning; half a character, which no UTF-8 writes, as its number."""
    text = (value if isinstance(value, str) else ascii(value))[:MOST_SHOWN]
    return text.encode(errors="backslashreplace").decode()


@lru_cache(maxsize=4096)
def instant(kept: str) -> str:
    """Return an instant, which both databases give as text, as ``plain`` writes it; ValueError if it is none."""
    at = datetime.fromisoformat(kept)
    if kept[10:11] != " " or at.utcoffset():  # as the program, which reads past another zone, writes none
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
    (Date, (str,), _day),
    (JSON, (str,), _json),
    (Boolean, (int, bool), TRUTH.__getitem__),
    (Integer, (int,), None),
    (LargeBinary, (bytes,), None),
    (String, (str,), None),
)
"""Of a type: as what the drivers give it, and how that is read."""


class Columns:
    """Columns that are fetched without their types, and how their values are read."""

    def __init__(self, columns: Sequence[ColumnElement[Any]]) -> None:
        self.names = tuple(str(column.key) for column in columns)
        of_json = [isinstance(column.type, JSON) for column in columns]
        self._simple = {name: at for at, name in enumerate(self.names) if not of_json[at]}
        self._json = {name: at for at, name in enumerate(self.names) if of_json[at]}
        self._columns = tuple(columns)
        self.named: Callable[[Values], Any] = namedtuple("Row", self.names)._make  # type: ignore[attr-defined]
        of = [next((given, read) for kind, given, read in KINDS if isinstance(c.type, kind)) for c in columns]
        self._given = tuple(frozenset((*given, NOTHING)) for given, _ in of)
        self._read = tuple(read for _, read in of)

    def fetched(self, connection: Connection, query: Select[Any]) -> Iterator[Sequence[Row[Any]]]:
        """Give the rows that *query* finds, some at once; who reads long says in between that it lives."""
        sqlite = connection.dialect.name == "sqlite"
        columns = (
            type_coerce(column, String).label(name)
            if sqlite
            else cast(column, Text).label(name)
            if isinstance(column.type, AS_TEXT)
            else column
            for name, column in zip(self.names, self._columns, strict=True)
        )
        ahead = {} if sqlite else {"yield_per": AT_ONCE}  # SQLite's driver fetches no row before it is asked for
        found = connection.execute(query.with_only_columns(*columns), execution_options=ahead)
        for part in found.partitions(AT_ONCE):
            pulse.beat()
            yield part

    def read(self, part: Sequence[Values]) -> list[Values]:
        """Return the columns of rows, their values as ``plain`` leaves them; Unreadable names the first odd one."""
        columns: list[Values] = list(zip(*part, strict=True))
        for at, (column, given, read) in enumerate(zip(columns, self._given, self._read, strict=True)):
            types = {*map(type, column)}
            if not types <= given:
                raise Unreadable(self.names[at], next(value for value in column if type(value) not in given))
            if read and types != {NOTHING}:
                try:  # each value once: a move writes one into many lines and rows
                    known = {value: None if value is None else read(value) for value in {*column}}
                    columns[at] = tuple(map(known.__getitem__, column))
                except (ValueError, TypeError, LookupError, RecursionError) as error:
                    raise Unreadable(self.names[at], column[0]) from error
        return columns

    def each(self, part: Sequence[Values]) -> Iterator[Values | Unreadable]:
        """Give each row as :meth:`read` leaves it; of an odd one the error, with the row as it is."""
        try:
            yield from zip(*self.read(part), strict=True)
        except Unreadable:
            for values in part:
                try:
                    yield from zip(*self.read([values]), strict=True)
                except Unreadable as odd:
                    odd.row = values
                    yield odd

    def differs(self, facts: Mapping[str, Any], values: Values) -> tuple[str, Any, Any] | None:
        """Return the first column in which a row that was read does not hold *facts*, with what it must and does hold.

        Columns that are not read are not compared; in JSON yes is told from 1.
        """
        simple = self._simple
        for name, expected in facts.items():
            if name in simple:
                found = values[simple[name]]
                if found != expected and not fits(expected, found):
                    return name, expected, found
            elif name in self._json and not fits(expected, values[self._json[name]]):
                return name, expected, values[self._json[name]]
        return None


def undecoded(error: Exception) -> bool:
    """Whether SQLite gave up at a text that is no UTF-8."""
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    return isinstance(cause, sqlite3.OperationalError) and NO_UTF_8 in str(cause)


@contextmanager
def bytes_for_no_text(connection: Connection) -> Iterator[None]:
    """Have SQLite give a text that is no UTF-8 as the bytes that it is, which takes longer for every text."""
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
