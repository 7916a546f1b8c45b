"""Refuses changes without a history line, by listeners on every statement of the database.

The listeners are on the SQLAlchemy Engine, because ORM events do not see Core statements. They refuse

* a commit that changed rows of a table marked ``info={"history": True}`` and appended no history line,
* any change of a history line, changes in a read, and changes in a common table expression,
* textual statements except reads, since their table is unknown.

``engine.store.driver_statements`` reports the statements that bypass SQLAlchemy's events.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Delete, Engine, Insert, Update, event
from sqlalchemy.sql import visitors
from sqlalchemy.sql.dml import UpdateBase

READING = re.compile(r"\s*(select|values|pragma|show|set|explain\s+(?!analy[sz]e\b|\())\b", re.IGNORECASE)
KEY = "alur.guard"


class UnrecordedChange(RuntimeError):
    """A transaction would change rows that need a history line without one. This is a programming error."""


@dataclass(slots=True)
class Tally:
    """The changes of one transaction so far."""

    reading: bool = False
    changed: set[str] = field(default_factory=set)
    lines: int = 0
    heads: set[str] = field(default_factory=set)  # history hashes written into instance rows
    told: list[list[str]] = field(default_factory=list)  # lists that collect the statements, for tests


def watch(database: Engine) -> None:
    """Make *database* refuse unrecorded changes from now on."""
    event.listen(database, "begin", _begin)
    event.listen(database, "before_cursor_execute", _before_statement)
    event.listen(database, "after_cursor_execute", _after_statement)
    event.listen(database, "commit", _commit)


def _begin(connection: Connection) -> None:
    connection.info[KEY] = Tally(reading=bool(connection.get_execution_options().get("readonly")))


def _before_statement(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
) -> None:
    compiled = context.compiled if context is not None else None
    if compiled is None or context.is_text:
        if not READING.match(statement):
            raise UnrecordedChange(f"statement in text: {statement[:80]!r}")
        return
    if getattr(compiled, "ctes", None):
        refuse_hidden_changes(compiled.statement)
    if context.isddl:
        raise UnrecordedChange(f"tables change in migrations only: {statement[:80]!r}")
    if context.isinsert or context.isupdate or context.isdelete:
        _note(connection.info[KEY], statement, compiled.statement, context.compiled_parameters)


def _after_statement(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
) -> None:
    if context is not None and (context.isinsert or context.isupdate or context.isdelete):
        note_changed(connection, context.compiled.statement, cursor.rowcount)


def note_changed(connection: Connection, changes: Insert | Update | Delete, rows: int) -> None:
    """Record that a statement changed so many *rows*; a negative number means unknown."""
    tally: Tally | None = connection.info.get(KEY)
    table: Any = changes.table
    if tally is not None and rows and table.info.get("history") and not table.info.get("history_line"):
        tally.changed.add(table.name)


def pass_statement(
    connection: Connection,
    statement: str,
    changes: Insert | Update | Delete | None,
    parameters: Sequence[Mapping[str, Any]],
) -> None:
    """Check a statement that is about to bypass SQLAlchemy's events; *changes* is None for a read."""
    if not connection.in_transaction():
        raise UnrecordedChange(f"a statement outside a transaction: {statement[:80]!r}")
    tally: Tally | None = connection.info.get(KEY)
    if tally is None:  # this database has no guard
        return
    for statements in tally.told:
        statements.append(statement)
    if changes is not None:
        _note(tally, statement, changes, parameters)


def _note(
    tally: Tally, statement: str, changes: Insert | Update | Delete, parameters: Sequence[Mapping[str, Any]]
) -> None:
    if tally.reading:
        raise UnrecordedChange(f"a change in a read: {statement[:80]!r}")
    table: Any = changes.table
    if table.info.get("history_line"):
        if not isinstance(changes, Insert):
            raise UnrecordedChange("history lines are appended, never changed")
        tally.lines += len(parameters)
    elif table.info.get("history") and "history_hash" in table.c:
        tally.heads.update(p["history_hash"] for p in parameters if p.get("history_hash"))


def heads_written(connection: Connection) -> set[str]:
    """Return the history hashes that the transaction wrote into rows as heads of their streams."""
    tally: Tally = connection.info[KEY]
    return tally.heads


def refuse_hidden_changes(statement: Any) -> None:
    """Raise UnrecordedChange for a statement that contains another one that changes rows."""
    for element in visitors.iterate(statement):
        if isinstance(element, UpdateBase) and element is not statement:
            raise UnrecordedChange("a change inside a common table expression")


def _commit(connection: Connection) -> None:
    tally: Tally = connection.info.pop(KEY, None) or Tally()
    if tally.changed and not tally.lines:
        raise UnrecordedChange(f"{', '.join(sorted(tally.changed))} changed without a history line")
