"""What a form begins with: ``x-default`` and ``default`` of its fields, and rows that come from earlier documents."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.forms.field import FILES, Field, Kind
from engine.forms.kinds import empty, typed
from engine.model.errors import FunctionFailed

Evaluate = Callable[[str, Mapping[str, Any]], Any]
log = logging.getLogger(__name__)

ROW = "baris"
"""Variable of a column's expressions: the row."""
VALUE = "nilai"
"""Variable of a check: the value that it checks."""
CORRECTED = "(semula)"
"""Key, in the context of a correction, of the earlier answers. Fields with ``x-default`` ignore them."""
GIVEN_NAMES = frozenset({"hari_ini", "pelaku", "butir", "jatuh_tempo", "dokumen", ROW, VALUE})
"""Variables of form expressions besides fields and documents."""


class Names(dict[str, Any]):
    """Variables of an expression; a document that does not exist yet reads as empty."""

    def __missing__(self, name: str) -> None:
        return None


def carried_on(field: Field, said: Any) -> Any:
    """Return the part of an earlier answer that a correction copies: all but files and letter numbers."""
    match field.kind, said:
        case Kind.SECTION, Mapping():
            return {**said, **{each.name: carried_on(each, said.get(each.name)) for each in field.fields}}
        case Kind.TABLE, list():
            return [carried_on(replace(field, kind=Kind.SECTION), row) for row in said]
    return None if field.number or field.kind in FILES else said


@dataclass(frozen=True, slots=True)
class Defaults:
    """Evaluates the defaults of one form for one person at one moment."""

    context: Mapping[str, Any]
    evaluate: Evaluate
    only_taken: bool = False
    """Skip the fields of a section whose value is posted anyway."""

    def of(self, field: Field, inherited: Any = None, row: Mapping[str, Any] | None = None) -> Any:
        """Return the typed default of *field*; *inherited* is its value in the default of its section or row.

        A section may start from its document's last version. This holds for what people typed only: fixed rows and
        read-only fields take their own default, or a second pass would show the data of the first.
        """
        if field.default is not None and (field.fixed_rows or field.given or CORRECTED in self.context):
            inherited = None
        value = inherited if inherited is not None else self._own(field, row)
        if field.kind is Kind.SECTION:
            base = value if isinstance(value, Mapping) else {}
            return {
                each.name: self.of(each, base.get(each.name), row)
                for each in field.fields
                if each.takes_defaults or not self.only_taken
            }
        if field.kind is Kind.TABLE:
            rows = [each for each in value if isinstance(each, Mapping)] if isinstance(value, list | tuple) else []
            return [
                {column.name: self.of(column, each.get(column.name), each) for column in field.fields} for each in rows
            ]
        try:
            return typed(field, value)
        except (ValueError, TypeError):
            log.warning("the default of %s does not fit its field: %r", field.name, value)
            return empty(field)

    def _own(self, field: Field, row: Mapping[str, Any] | None) -> Any:
        if field.default is None:
            return field.constant
        names = Names(self.context)
        if row is not None:
            names[ROW] = Names(row)
        try:
            return self.evaluate(field.default, names)
        except FunctionFailed:
            raise
        except ValueError as error:
            log.warning("the default of %s cannot be evaluated: %s", field.name, error)
            return None
