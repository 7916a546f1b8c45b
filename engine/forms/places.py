"""Places of fields: in sections and rows, on the page, and in the JSON that the schema validates."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from engine.forms.field import MANY, ROWS, Field, Kind

NO_ROW = 0
"""Row number of a field outside of rows. Rows count from 1, so 0 is free."""


class FieldPlace(NamedTuple):
    """A field and the values of the section or row that holds it."""

    field: Field
    path: str
    holder: dict[str, Any]
    row: int
    line: Mapping[str, Any] | None  # the row's values

    @property
    def value(self) -> Any:
        """The value of the field."""
        return self.holder.get(self.field.name)


def walk(
    fields: Sequence[Field],
    values: dict[str, Any],
    wanted: Callable[[Field], bool],
    hidden: Collection[str],
    path: str = "",
    row: int = NO_ROW,
    line: Mapping[str, Any] | None = None,
) -> Iterator[FieldPlace]:
    """Yield every *wanted* field that is not *hidden*, each before the fields below it.

    *wanted* must hold for sections and tables if it holds for a field below them.
    """
    for each in fields:
        at = FieldPlace(each, f"{path}{each.name}", values, row, line)
        if not wanted(each) or at.path in hidden:
            continue
        value = at.value
        yield at
        if at.value is not value:  # the caller computed the section or table as a whole
            continue
        if each.kind is Kind.SECTION and value:
            yield from walk(each.fields, value, wanted, hidden, f"{at.path}.", row, line)
        elif each.kind is Kind.TABLE and any(wanted(column) for column in each.fields):
            for n, below in enumerate(value or ()):
                yield from walk(each.fields, below, wanted, hidden, f"{at.path}.{n}.", n + 1, below)


def put(values: Any, path: str, value: Any) -> Any:
    """Set the field at *path*, and return what it held."""
    *above, name = path.split(".")
    for part in above:
        values = values[int(part)] if isinstance(values, list) else values[part]
    held, values[name] = values[name], value
    return held


def not_shown(
    fields: Sequence[Field], seen: Mapping[str, Any], whole: Mapping[str, Any], path: str = ""
) -> Iterator[str]:
    """Yield the paths of fields whose conditions do not hold; scopes of conditions start at *whole*."""
    for each in fields:
        here = f"{path}{each.name}"
        if each.when and not any(all(one.holds(whole) for one in alternative) for alternative in each.when):
            yield here
        elif each.kind is Kind.SECTION:
            yield from not_shown(each.fields, seen.get(each.name, {}), whole, f"{here}.")
        elif each.kind is Kind.TABLE and any(column.conditional for column in each.fields):
            rows = seen.get(each.name, ())
            for n, row in enumerate(rows if isinstance(rows, list) else ()):
                yield from not_shown(each.fields, row, row, f"{here}.{n}.")


def field_in_instance(fields: Sequence[Field], parts: Sequence[str]) -> tuple[str, Field, int] | None:
    """Return (path as posted, field, row number) of a path in the JSON that the schema validates; None if unknown."""
    path, row = list[str](), NO_ROW
    found: Field | None = None
    for n, part in enumerate(parts):
        if found is not None and found.kind in MANY:
            break
        if found is not None and found.kind in ROWS and part.isdecimal():
            path.append(part)
            row = int(part) + 1
            if found.kind is Kind.TEXTS:
                return ".".join(path), found.item or found, row
            if n == len(parts) - 1:
                return ".".join(path[:-1]), found, NO_ROW
            continue
        found = next((each for each in fields if each.name == part), None)
        if found is None:
            return None
        path.append(part)
        fields = found.fields
    return None if found is None else (".".join(path), found, row)


def order_of(fields: Sequence[Field], path: str) -> tuple[int, ...]:
    """Return a sort key: the position of *path* on the page."""
    place = list[int]()
    for part in path.split("."):
        if part.isdecimal():
            place.append(int(part))
            continue
        index = next((n for n, each in enumerate(fields) if each.name == part), None)
        if index is None:
            return (10_000,)
        place.append(index)
        fields = fields[index].fields
    return tuple(place)
