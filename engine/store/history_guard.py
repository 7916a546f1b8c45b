"""Nothing changes without a history line: what the database itself watches over, statement by statement.

The listeners sit on the database and not on sessions, because ORM events do not see Core statements. They refuse

* a commit that changed a table marked ``info={"history": True}`` and appended no history line,
* any change of a history line, a change in a read, data changes hidden in a common table expression,
* statements in text, except those that only read: what is in text cannot be told apart by its table.

Statements that do not pass SQLAlchemy's events (``engine.store.driver_statements``) are told to it by who runs them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Delete, Engine, Insert, Update, event
from sqlalchemy.sql import visitors
from sqlalchemy.sql.dml import UpdateBase

READING = re.compile(r"\s*(select|values|pragma|show|set|explain\s+(?!analy[sz]e\b|\())\b", re.IGNORECASE)
KEY = "alur.guard"


class UnrecordedChange(RuntimeError):
    """A transaction would change what the office must be able to explain, without a history line. A fault of ours."""


@dataclass(slots=True)
class Tally:
    """What one transaction did so far."""

    reading: bool = False
    changed: set[str] = field(default_factory=set)
    lines: int = 0
    heads: set[str] = field(default_factory=set)  # history hashes written into instance rows
    told: list[list[str]] = field(default_factory=list)  # who else wants to know of statements


def watch(database: Engine) -> None:
    """Make *database* refuse unrecorded changes from now on."""
    event.listen(database, "begin", _begin)
    event.listen(database, "before_cursor_execute", _before_statement)
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


def pass_statement(
    connection: Connection,
    statement: str,
    changes: Insert | Update | Delete | None,
    parameters: Sequence[Mapping[str, Any]],
) -> None:
    """Watch a statement that is about to run past SQLAlchemy's events; *changes* is None if it only reads."""
    if not connection.in_transaction():
        raise UnrecordedChange(f"a statement outside a transaction: {statement[:80]!r}")
    tally: Tally | None = connection.info.get(KEY)
    if tally is None:  # nobody watches this database
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
    elif table.info.get("history"):
        tally.changed.add(table.name)
        if "history_hash" in table.c:
            tally.heads.update(p["history_hash"] for p in parameters if p.get("history_hash"))


def heads_written(connection: Connection) -> set[str]:
    """Return the history hashes that the running transaction wrote into rows that keep their stream's head."""
    tally: Tally = connection.info[KEY]
    return tally.heads


def refuse_hidden_changes(statement: Any) -> None:
    """Refuse a statement with another inside that changes rows."""
    for element in visitors.iterate(statement):
        if isinstance(element, UpdateBase) and element is not statement:
            raise UnrecordedChange("a change inside a common table expression")


def _commit(connection: Connection) -> None:
    tally: Tally = connection.info.pop(KEY, None) or Tally()
    if tally.changed and not tally.lines:
        raise UnrecordedChange(f"{', '.join(sorted(tally.changed))} changed without a history line")


@dataclass(slots=True)
class StatementCount:
    """The statements, and the commits of writes, that passed while it was listening."""

    statements: list[str] = field(default_factory=list)
    commits: int = 0

    @property
    def writes(self) -> list[str]:
        """The statements that change rows."""
        return [s for s in self.statements if s.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE")]

    def __len__(self) -> int:
        return len(self.statements)


@contextmanager
def listening(database: Engine) -> Iterator[StatementCount]:
    """Count what *database* is asked while the block runs (BEGIN and COMMIT are not statements)."""
    count = StatementCount()

    def statement(connection: Connection, cursor: Any, text: str, *_: Any) -> None:
        count.statements.append(text)

    def begin(connection: Connection) -> None:
        connection.info[KEY].told.append(count.statements)

    def commit(connection: Connection) -> None:
        count.commits += not connection.get_execution_options().get("readonly", False)

    listeners: dict[str, Any] = {"begin": begin, "before_cursor_execute": statement, "commit": commit}
    for name, listener in listeners.items():
        event.listen(database, name, listener)
    try:
        yield count
    finally:
        for name, listener in listeners.items():
            event.remove(database, name, listener)
