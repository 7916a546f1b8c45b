"""Typed values of a form: as an instance for its schema, and as texts for its fields."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, time
from typing import Any

from engine.forms import kinds
from engine.forms.field import FILES, MANY, Field, Kind
from engine.forms.handling import encode


def files_of(fields: Iterable[Field], jsonable: Mapping[str, Any]) -> set[str]:
    """Return the ids of files in the values of those *fields* that hold files."""
    found: set[str] = set()
    for field in fields:
        value = jsonable.get(field.name) or ()
        held: Any = [value] if isinstance(value, str | Mapping) else value
        if field.kind in FILES:
            found |= set(held)
        elif field.kind in (Kind.SECTION, Kind.TABLE):
            found |= {id_ for row in held for id_ in files_of(field.fields, row)}
    return found


def instance(
    fields: Iterable[Field],
    values: Mapping[str, Any],
    faulty: Mapping[str, Any],
    hidden: Collection[str] = (),
    path: str = "",
) -> dict[str, Any]:
    """Return *values* as the schema sees them: without empty ones, dates as text, numbers as Decimal.

    *faulty* has, by path, stand-ins for unreadable texts, so that rules see a field that is filled in; errors at these
    paths are not shown. Paths in *hidden* are left out.
    """
    found: dict[str, Any] = {}
    for field in fields:
        here = path + field.name
        value = values.get(field.name)
        if here in hidden:
            continue
        if here in faulty:
            found[field.name] = faulty[here]
        elif field.kind is Kind.SECTION:
            found[field.name] = instance(field.fields, value or {}, faulty, hidden, f"{here}.")
        elif field.kind is Kind.TABLE:
            if value:
                found[field.name] = [
                    instance(field.fields, row, faulty, hidden, f"{here}.{index}.") for index, row in enumerate(value)
                ]
        elif value is not None and value != []:
            found[field.name] = encode(value) if isinstance(value, date | time) else value
    return found


def entries_of(fields: Iterable[Field], values: Mapping[str, Any], path: str = "") -> dict[str, list[str]]:
    """Return typed values as texts by path, as people post them."""
    found: dict[str, list[str]] = {}
    for field in fields:
        here, value = path + field.name, values.get(field.name)
        match field.kind:
            case Kind.SECTION:
                found |= entries_of(field.fields, value or {}, f"{here}.")
            case Kind.TABLE:
                found[here] = [""]
                for index, row in enumerate(value or ()):
                    found |= entries_of(field.fields, row, f"{here}.{index}.")
            case Kind.TEXTS:
                found[here] = [""]
                found |= {f"{here}.{index}": [item] for index, item in enumerate(value or ())}
            case kind if kind in MANY:
                found[here] = ["", *(value or ())]
            case _:
                found[here] = [typing(field, value)]
    return found


def typing(field: Field, value: Any) -> str:
    """Return a value as people type it into *field*; empty for None."""
    return "" if value is None else kinds.of(field).write(field, value)


def value_at(values: Any, path: str | None) -> Any:
    """Return the value at *path* outside of rows; None if there is none."""
    for name in path.split(".") if path else ():
        values = values.get(name) if isinstance(values, Mapping) else None
    return values if path else None
