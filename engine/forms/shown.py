"""Values of a filled-in form, for readers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.forms import kinds, numbers
from engine.forms.field import FILES, LISTS, NUMERIC, Field, Kind
from engine.forms.handling import Known
from engine.model.work import Attachment


@dataclass(frozen=True, slots=True)
class FileView:
    """A file that a field holds."""

    id: str
    name: str
    size: str
    sha256: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A value for readers: a label with text, a section with fields, or a table with rows."""

    path: str
    kind: str
    label: str
    text: str = ""
    lines: tuple[str, ...] = ()
    fields: tuple["Shown", ...] = ()
    columns: tuple[str, ...] = ()
    numeric: tuple[bool, ...] = ()
    rows: tuple[tuple["Shown", ...], ...] = ()
    files: tuple[FileView, ...] = ()
    key: int | None = None  # of a table: the index of the column that identifies rows

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to read."""
        return not (self.text or self.lines or self.rows or self.files or any(not f.is_empty for f in self.fields))


def show(fields: Sequence[Field], values: Mapping[str, Any], known: Known, path: str = "") -> tuple[Shown, ...]:
    """Return typed values with their labels; empty conditional fields are left out."""
    return tuple(
        _shown(each, values.get(each.name), known, f"{path}{each.name}")
        for each in fields
        if values.get(each.name) is not None or not each.conditional
    )


def _shown(field: Field, value: Any, known: Known, path: str) -> Shown:
    shown = Shown(path, field.kind.value, field.wording.of(known.locale))
    if field.kind is Kind.SECTION:
        return replace(shown, fields=show(field.fields, value or {}, known, f"{path}."))
    if field.kind is Kind.TABLE:
        return replace(
            shown,
            columns=tuple(each.wording.of(known.locale) for each in field.fields),
            numeric=tuple(each.kind in NUMERIC for each in field.fields),
            rows=tuple(
                tuple(_shown(each, row.get(each.name), known, f"{path}.{n}.{each.name}") for each in field.fields)
                for n, row in enumerate(value or ())
            ),
            key=next((place for place, each in enumerate(field.fields) if each.name == field.key), None),
        )
    if field.kind in FILES:
        ids = [] if not value else [value] if isinstance(value, str) else value
        return replace(shown, files=tuple(file_view(known.files[id_]) for id_ in ids if id_ in known.files))
    if field.kind in LISTS:
        return replace(shown, lines=tuple(kinds.show(field, item, known) for item in value or ()))
    return replace(shown, text=kinds.show(field, value, known))


def file_view(file: Attachment) -> FileView:
    """Return a file as pages show it."""
    return FileView(file.id, file.name, numbers.write_size(file.size), file.sha256, file.media_type)
