"""What every completion asks and writes, run on the driver's own cursor.

SQLAlchemy takes two to four times as long over a statement as the driver does, and a completion runs nine of them:
an eighth of its CPU (``docs/performance.md``).
Here it still writes the SQL, once for each kind of database, and its types still convert what goes in and what comes
out; only its execution is left out. What the store promises stays: the statement runs in the transaction that is open
on the connection, the guard watches and counts it (``engine.store.history_guard``), and a driver's error is raised as
SQLAlchemy's, with a connection that broke given up.
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
    """A statement as one kind of database takes it, for parameters of certain names."""

    text: str
    positional: bool
    fixed: Mapping[str, Any]  # values that the statement itself holds
    bound: tuple[tuple[str, Callable[[Any], Any] | None], ...]  # names in the driver's order, and how values go in
    read: tuple[tuple[int, Callable[[Any], Any]], ...]  # which columns come out otherwise than the driver gives them

    def parameters(self, given: Mapping[str, Any]) -> Any:
        """Return *given* with what is fixed, as the driver takes it."""
        every = {**self.fixed, **given}
        if self.positional:
            return [every[name] if into is None else into(every[name]) for name, into in self.bound]
        return {name: every[name] if into is None else into(every[name]) for name, into in self.bound}

    def values(self, row: Sequence[Any]) -> Sequence[Any]:
        """Return the driver's *row* as the columns' types give it."""
        values = list(row)
        for place, out in self.read:
            values[place] = out(values[place])
        return values


class Prepared:
    """A Core statement that is built once and run often; one that could change anything unseen is refused."""

    def __init__(self, statement: Select[Any] | Insert | Update | Delete) -> None:
        history_guard.refuse_hidden_changes(statement)
        self._statement = statement
        self._changes = None if isinstance(statement, Select) else statement
        self._compiled: dict[tuple[str, ...], _Compiled] = {}
        columns = statement.selected_columns.items() if isinstance(statement, Select) else ()
        self._types = [column.type for _, column in columns]
        self._row = result_tuple([name for name, _ in columns])

    def rows(self, connection: Connection, given: Mapping[str, Any]) -> list[Row[Any]]:
        """Return the rows that a SELECT finds."""
        compiled, cursor = self._run(connection, given)
        try:
            found = cursor.fetchall()
        finally:
            cursor.close()
        return [self._row(compiled.values(row)) for row in found]

    def run(self, connection: Connection, given: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> int:
        """Change rows, once or for each of several parameters of the same names, and return how many changed."""
        _, cursor = self._run(connection, given)
        changed = int(cursor.rowcount)
        cursor.close()
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
        compiled = self._statement.compile(dialect=dialect, column_keys=None if self._changes is None else names)
        if not isinstance(compiled, SQLCompiler) or compiled.post_compile_params:
            raise TypeError(f"lists of values are for SQLAlchemy itself: {compiled}")
        if compiled.insert_prefetch or compiled.update_prefetch:
            raise TypeError(f"a column's default must be given: {compiled}")
        compiled.construct_params(dict.fromkeys(names))  # refuses a parameter that is not given
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
