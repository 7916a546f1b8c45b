"""Nothing changes without a history line: what the database itself watches over, statement by statement.

The listeners sit on the database and not on sessions, because ORM events do not see Core statements. They refuse

* a commit that changed a table marked ``info={"history": True}`` and appended no history line,
* any change of a history line, a change in a read, data changes hidden in a common table expression,
* statements in text, except those that only read: what is in text cannot be told apart by its table.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.sql import visitors
from sqlalchemy.sql.dml import UpdateBase

READING = re.compile(r"\s*(select|values|pragma|show|set|explain\s+(?!analy[sz]e\b|\())\b", re.IGNORECASE)
KEY = "alur.guard"


class UnrecordedChange(RuntimeError):
    """A transaction would change what the office must be able to explain, without a history line. A fault of ours."""


@dataclass(slots=True)
class Tally:
    """What one transaction did so far."""

    changed: set[str] = field(default_factory=set)
    lines: int = 0
    heads: set[str] = field(default_factory=set)  # history hashes written into instance rows


def watch(database: Engine) -> None:
    """Make *database* refuse unrecorded changes from now on."""
    event.listen(database, "begin", _begin)
    event.listen(database, "before_cursor_execute", _before_statement)
    event.listen(database, "commit", _commit)


def _begin(connection: Connection) -> None:
    connection.info[KEY] = Tally()


def _before_statement(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
) -> None:
    compiled = context.compiled if context is not None else None
    if compiled is None or context.is_text:
        if not READING.match(statement):
            raise UnrecordedChange(f"statement in text: {statement[:80]!r}")
        return
    if getattr(compiled, "ctes", None):
        _refuse_hidden_changes(compiled.statement)
    if context.isddl:
        raise UnrecordedChange(f"tables change in migrations only: {statement[:80]!r}")
    if not (context.isinsert or context.isupdate or context.isdelete):
        return
    if connection.get_execution_options().get("readonly"):
        raise UnrecordedChange(f"a change in a read: {statement[:80]!r}")
    table = compiled.statement.table
    tally: Tally = connection.info[KEY]
    if table.info.get("history_line"):
        if not context.isinsert:
            raise UnrecordedChange("history lines are appended, never changed")
        tally.lines += len(parameters) if executemany else 1
    elif table.info.get("history"):
        tally.changed.add(table.name)
        if "history_hash" in table.c:
            tally.heads.update(p["history_hash"] for p in context.compiled_parameters if p.get("history_hash"))


def heads_written(connection: Connection) -> set[str]:
    """Return the history hashes that the running transaction wrote into rows that keep their stream's head."""
    tally: Tally = connection.info[KEY]
    return tally.heads


def _refuse_hidden_changes(statement: Any) -> None:
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

    def commit(connection: Connection) -> None:
        count.commits += not connection.get_execution_options().get("readonly", False)

    event.listen(database, "before_cursor_execute", statement)
    event.listen(database, "commit", commit)
    try:
        yield count
    finally:
        event.remove(database, "before_cursor_execute", statement)
        event.remove(database, "commit", commit)
