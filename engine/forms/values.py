"""A form's typed values: as JSON for documents and history, as an instance for its schema, as texts for its fields."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from engine.forms import numbers
from engine.forms.field import MANY, NUMERIC, ROWS, Field, Kind
from engine.model import dates
from engine.model.bounds import admitted

CHECKED = "ya"
"""What a checked box posts."""


def encode(value: Any) -> Any:
    """Return *value* as JSON: numbers, dates and times as text, so that nothing rounds them."""
    match value:
        case bool() | None | str():
            return value
        case Decimal() | int():
            return format(Decimal(value), "f")
        case datetime():
            return value.date().isoformat()
        case date():
            return value.isoformat()
        case time():
            return value.isoformat("minutes" if not value.second else "seconds")
        case Mapping():
            return {str(key): encode(item) for key, item in value.items()}
        case list() | tuple():
            return [encode(item) for item in value]
    raise TypeError(f"a form has no value of type {type(value).__name__}")


def decode(fields: Iterable[Field], jsonable: Mapping[str, Any]) -> dict[str, Any]:
    """Return the typed values of those *fields* that *jsonable* holds; what no field knows stays as it is."""
    return _decoded_in({field.name: field for field in fields}, jsonable)


def files_of(fields: Iterable[Field], jsonable: Mapping[str, Any]) -> set[str]:
    """Return the ids of files that *jsonable* holds in those of *fields* that are for files, and in no other."""
    found: set[str] = set()
    for field in fields:
        value = jsonable.get(field.name) or ()
        held: Any = [value] if isinstance(value, str | Mapping) else value
        if field.kind in (Kind.FILE, Kind.FILES):
            found |= set(held)
        elif field.kind in (Kind.SECTION, Kind.TABLE):
            found |= {id_ for row in held for id_ in files_of(field.fields, row)}
    return found


def typed(field: Field, value: Any) -> Any:
    """Return an expression's result as the value of *field*; ValueError if it can be none."""
    if value is None:
        return [] if field.kind in MANY | ROWS else None
    match field.kind:
        case Kind.SECTION:
            rest = _mapping(value)
            return {each.name: typed(each, rest.get(each.name)) for each in field.fields}
        case Kind.TABLE:
            return [{each.name: typed(each, _mapping(row).get(each.name)) for each in field.fields} for row in value]
        case Kind.TEXTS | Kind.CHOICES | Kind.FILES | Kind.PEOPLE:
            return [_text(item) for item in ([value] if isinstance(value, str) else value)]
        case Kind.DATE:
            if isinstance(value, datetime):
                return value.date()
            return value if isinstance(value, date) else date.fromisoformat(_text(value))
        case Kind.TIME:
            return value if isinstance(value, time) else time.fromisoformat(_text(value))
        case Kind.BOOLEAN:
            if not isinstance(value, bool):
                raise ValueError(f"{value!r} is no yes or no")
            return value
        case kind if kind in NUMERIC:
            if isinstance(value, bool) or not isinstance(value, int | Decimal):
                raise ValueError(f"{value!r} is no number")
            if Decimal(admitted(value)).adjusted() >= numbers.MOST_DIGITS:
                raise ValueError("a number too large for a field")
            return Decimal(value)
        case _:
            return _text(value) or None


def instance(
    fields: Iterable[Field],
    values: Mapping[str, Any],
    faulty: Mapping[str, Any],
    hidden: Collection[str] = (),
    path: str = "",
) -> dict[str, Any]:
    """Return *values* as the schema sees them: what is empty is absent, a date is text, a number stays Decimal.

    *faulty* holds, by path, a stand-in for what could not be read: it is not empty, so that no rule that asks whether
    a field is filled in is misled; errors found at such a path are not shown. Paths in *hidden* are left out.
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
            if value is not None:
                found[field.name] = instance(field.fields, value, faulty, hidden, f"{here}.")
        elif field.kind is Kind.TABLE:
            if value:
                found[field.name] = [
                    instance(field.fields, row, faulty, hidden, f"{here}.{index}.") for index, row in enumerate(value)
                ]
        elif value is not None and value != []:
            found[field.name] = encode(value) if isinstance(value, date | time) else value
    return found


def empty(field: Field) -> Any:
    """Return the value of a field that nobody filled in."""
    if field.kind is Kind.SECTION:
        return {each.name: empty(each) for each in field.fields}
    return [] if field.kind in MANY | ROWS else None


def entries_of(fields: Iterable[Field], values: Mapping[str, Any], path: str = "") -> dict[str, list[str]]:
    """Return typed values as the texts that a person would have typed and posted."""
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
    """Return one value as a person types it into *field*."""
    match value:
        case None | False:
            return ""
        case True:
            return CHECKED
        case Decimal() | int():
            return numbers.write(Decimal(value), grouped=_grouped(field, Decimal(value)))
        case date():
            return dates.type_date(value)
        case time():
            return dates.write_time(value)
    return str(value)


def asks_about_points(field: Field) -> bool:
    """Whether "1.234" has two readings in *field*: it takes decimals, and is no amount of money."""
    step = field.schema.get("multipleOf")
    return field.kind in (Kind.NUMBER, Kind.PERCENT) and (step is None or step != int(step))


def _grouped(field: Field, value: Decimal) -> bool:
    """Group thousands, except where a lone point would be asked about and where a number is a name (a year)."""
    if field.names:
        return False
    return not asks_about_points(field) or value != int(value) or abs(value) >= 1_000_000


def _decoded_in(known: Mapping[str, Field], jsonable: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _decoded(known[name], item) if name in known else item for name, item in jsonable.items()}


def _decoded(field: Field, item: Any) -> Any:
    if item is None:
        return None
    match field.kind:
        case Kind.SECTION:
            known = {each.name: empty(each) for each in field.fields}
            return {**known, **decode(field.fields, item)} if isinstance(item, Mapping) else item
        case Kind.TABLE:
            columns = {each.name: each for each in field.fields}
            known = {name: empty(each) for name, each in columns.items()}
            return [{**known, **_decoded_in(columns, row)} for row in item]
        case Kind.DATE:
            return date.fromisoformat(item)
        case Kind.TIME:
            return time.fromisoformat(item)
        case kind if kind in NUMERIC:
            return Decimal(item)
    return item


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{value!r} is no mapping")
    return value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | Decimal | date):
        raise ValueError(f"{value!r} is no text")
    return str(encode(value))
