"""How many statements and commits a deed takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, event

from engine.store.database import Database
from engine.store.history_guard import KEY


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
def counting(database: Database) -> Iterator[StatementCount]:
    """Count what *database* is asked while the block runs (BEGIN and COMMIT are not statements)."""
    engine = database._engine
    count = StatementCount()

    def statement(connection: Connection, cursor: Any, text: str, *_: Any) -> None:
        count.statements.append(text)

    def begin(connection: Connection) -> None:
        connection.info[KEY].told.append(count.statements)

    def commit(connection: Connection) -> None:
        count.commits += not connection.get_execution_options().get("readonly", False)

    listeners: dict[str, Any] = {"begin": begin, "before_cursor_execute": statement, "commit": commit}
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    try:
        yield count
    finally:
        for name, listener in listeners.items():
            event.remove(engine, name, listener)
