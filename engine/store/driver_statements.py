"""Frequent statements, run directly on the cursor of the driver.

SQLAlchemy's execution of a statement takes two to four times as long as the driver's, and a completion runs nine: an
eighth of its CPU time (``docs/performance.md``). SQLAlchemy still compiles the SQL, once per kind of database, and its
types still convert values. The statement runs in the open transaction, the guard watches it
(``engine.store.history_guard``), errors are raised as SQLAlchemy's, and broken connections are invalidated.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Update, exc
from sqlalchemy.engine import Row, result_tuple
from sqlalchemy.sql.compiler import SQLCompiler

from engine.store import history_guard


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement compiled for one kind of database and certain names of parameters."""

    text: str
    positional: bool
    fixed: Mapping[str, Any]  # literal values in the statement
    bound: tuple[tuple[str, Callable[[Any], Any] | None], ...]  # names in the driver's order, with converters
    read: tuple[tuple[int, Callable[[Any], Any]], ...]  # indexes of columns with converters

    def parameters(self, given: Mapping[str, Any]) -> Any:
        """Return all parameters, the *given* and the fixed, for the driver."""
        every = {**self.fixed, **given}
        if self.positional:
            return [every[name] if into is None else into(every[name]) for name, into in self.bound]
        return {name: every[name] if into is None else into(every[name]) for name, into in self.bound}

    def values(self, row: Sequence[Any]) -> Sequence[Any]:
        """Return the driver's *row* with converted values."""
        values = list(row)
        for place, out in self.read:
            values[place] = out(values[place])
        return values


class Prepared:
    """A Core statement that is compiled once and run often; without changes in common table expressions."""

    def __init__(self, statement: Select[Any] | Insert | Update | Delete) -> None:
        history_guard.refuse_hidden_changes(statement)
        self._statement = statement
        self._changes = None if isinstance(statement, Select) else statement
        self._compiled: dict[tuple[str, ...], _Compiled] = {}
        columns = statement.selected_columns.items() if isinstance(statement, Select) else ()
        self._types = [column.type for _, column in columns]
        self._row = result_tuple([name for name, _ in columns])

    def rows(self, connection: Connection, given: Mapping[str, Any]) -> list[Row[Any]]:
        """Return the rows of a SELECT."""
        compiled, cursor = self._run(connection, given)
        try:
            found = cursor.fetchall()
        finally:
            cursor.close()
        return [self._row(compiled.values(row)) for row in found]

    def run(self, connection: Connection, given: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> int:
        """Run a change, once or for each of several sets of parameters, and return the number of changed rows."""
        _, cursor = self._run(connection, given)
        changed = int(cursor.rowcount)
        cursor.close()
        if self._changes is not None:
            history_guard.note_changed(connection, self._changes, changed)
        return changed

    def _run(
        self, connection: Connection, given: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    ) -> tuple[_Compiled, Any]:
        several = [given] if isinstance(given, Mapping) else given
        dialect = connection.dialect
        key = (dialect.name, *several[0])
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = self._compiled[key] = self._compile(dialect, tuple(several[0]))
        parameters = [compiled.parameters(each) for each in several]
        history_guard.pass_statement(connection, compiled.text, self._changes, several)
        driver = connection.connection
        cursor = driver.cursor()
        try:
            if len(parameters) == 1:
                cursor.execute(compiled.text, parameters[0])
            else:
                cursor.executemany(compiled.text, parameters)
        except dialect.loaded_dbapi.Error as error:
            broken = dialect.is_disconnect(error, driver, cursor)
            if broken:
                connection.invalidate(error)
            else:
                cursor.close()
            raise exc.DBAPIError.instance(
                compiled.text,
                parameters,
                error,
                dialect.loaded_dbapi.Error,
                connection_invalidated=broken,
                dialect=dialect,
            ) from error
        return compiled, cursor

    def _compile(self, dialect: Dialect, names: tuple[str, ...]) -> _Compiled:
        selects = isinstance(self._statement, Select) or getattr(self._statement, "select", None) is not None
        compiled = self._statement.compile(dialect=dialect, column_keys=None if selects else names)
        if not isinstance(compiled, SQLCompiler) or compiled.post_compile_params:
            raise TypeError(f"lists of values need SQLAlchemy's execution: {compiled}")
        if compiled.insert_prefetch or compiled.update_prefetch:
            raise TypeError(f"a column's default must be given: {compiled}")
        compiled.construct_params(dict.fromkeys(names))  # raises if a parameter is missing
        into = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect) for bind, name in compiled.bind_names.items()
        }
        order = compiled.positiontup if compiled.positional else into
        outs = [kind.dialect_impl(dialect).result_processor(dialect, None) for kind in self._types]
        return _Compiled(
            text=str(compiled),
            positional=compiled.positional,
            fixed={name: value for name, value in compiled.params.items() if name not in names},
            bound=tuple((name, into[name]) for name in order or ()),
            read=tuple((place, out) for place, out in enumerate(outs) if out is not None),
        )
