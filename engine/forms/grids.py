"""A table of a form as a grid: every row lean, since there may be 500 of them, with its state and what is wrong.

A cell is what was typed into it, or what it holds if nobody types it. What a field of the form is (words, choices,
limits) is said once for its column. Entries of a form whose table is edited in the grid do not carry its rows: they
say so with one mark (``KEPT``) in the table's place, and the rows are those of the draft.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from engine.forms.field import NUMERIC, Field, Kind, VerifiedTable
from engine.forms.posted_entries import KEPT, Node, is_index, tree, with_rows
from engine.forms.presentation import FieldView, FileView, RowView, Viewer
from engine.forms.submission import Reading
from engine.forms.values import CHECKED, typing
from engine.model.errors import FieldError, NotFound, there

Entries = Mapping[str, Sequence[str]]


class RowState(StrEnum):
    """How a row stands (pages.md, 1.4)."""

    EMPTY = "empty"
    INCOMPLETE = "incomplete"
    FAULTY = "faulty"
    COMPLETE = "complete"
    CHANGED = "changed"
    ACCEPTED = "accepted"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row: by column what was typed, what is shown where nobody types, what is wrong; and what does not count."""

    index: int
    key: str | None
    texts: Mapping[str, tuple[str, ...]]
    shown: Mapping[str, str]
    problems: Mapping[str, tuple[FieldError, ...]]
    hidden: frozenset[str]
    files: Mapping[str, tuple[FileView, ...]]
    state: RowState
    note: str  # why it was returned
    acceptable: bool  # nobody decided on it, nothing else is wanted of it, and it is not to be looked at again
    locked: bool = False  # nobody types into it


@dataclass(frozen=True, slots=True)
class Grid:
    """A table to be filled in."""

    path: str
    label: str
    help: str | None
    columns: tuple[FieldView, ...]
    rows: tuple[GridRow, ...]
    fixed_rows: bool
    key: str | None  # the column that tells rows apart, where nobody types it
    min_rows: int
    max_rows: int | None
    verify: VerifiedTable | None
    decides: bool  # whether the reader decides of its rows, or reads what was decided
    problems: tuple[FieldError, ...]  # of the table as a whole

    def count(self, *states: RowState) -> int:
        """Return how many rows are in one of *states*."""
        return sum(row.state in states for row in self.rows)

    @property
    def filled(self) -> int:
        """How many rows want nothing more."""
        return self.count(RowState.COMPLETE, RowState.ACCEPTED)

    @property
    def can_add(self) -> bool:
        """Whether a row may be added."""
        return not self.fixed_rows and (self.max_rows is None or len(self.rows) < self.max_rows)


# ── the table of a form ─────────────────────────────────────────────────────────────────────────────────────────────


def table_at(fields: Sequence[Field], path: str) -> Field:
    """Return the table at *path* that somebody fills in; NotFound for anything else."""
    *above, last = path.split(".")
    for name in above:
        section = there(next((each for each in fields if each.name == name and each.kind is Kind.SECTION), None), path)
        fields = section.fields
    found = next((each for each in fields if each.name == last), None)
    if found is None or found.kind is not Kind.TABLE or found.given:
        raise NotFound(path)
    return found


def tables(fields: Iterable[Field], path: str = "") -> Iterable[tuple[str, Field]]:
    """Return every table outside of rows that somebody fills in, with its path."""
    for each in fields:
        here = f"{path}{each.name}"
        if each.kind is Kind.SECTION:
            yield from tables(each.fields, f"{here}.")
        elif each.kind is Kind.TABLE and not each.given:
            yield here, each


def is_kept(texts: Sequence[str]) -> bool:
    """Whether entries say of a table that its rows are those of the draft."""
    return KEPT in texts


def kept_tables(fields: Iterable[Field], entries: Entries) -> tuple[str, ...]:
    """Return the paths of the tables whose rows *entries* leave to the draft."""
    return tuple(path for path, _ in tables(fields) if is_kept(entries.get(path, ())))


def with_kept(entries: Entries, kept: Entries, paths: Iterable[str]) -> dict[str, list[str]]:
    """Return the entries with the rows that *kept* has of the tables at *paths*."""
    found = {path: list(texts) for path, texts in entries.items()}
    for path in paths:
        prefix = f"{path}."
        found = {name: texts for name, texts in found.items() if not name.startswith(prefix)}
        found[path] = [""]
        found |= {name: list(texts) for name, texts in kept.items() if name.startswith(prefix)}
    return found


def with_cells(field: Field, path: str, entries: Entries, cells: Entries) -> dict[str, list[str]]:
    """Return the entries with *cells* written over those of the table at *path*: found by their row's key or place.

    Only what a person may type is taken; a row that is not there is added at the end.
    """
    rows = node_at(tree(entries), path).rows()
    key = keyed(field)
    by_key = {row[key].text: row for row in rows} if key else {}
    posted = node_at(tree(cells), path).below
    for index, node in sorted((int(name), node) for name, node in posted.items() if is_index(name)):
        name = node[key].text if key else ""
        row = by_key.get(name) if name else rows[index] if index < len(rows) and not key else None
        if row is None:
            row = Node([""])
            if key:
                row.below[key] = Node([name])
                by_key[name] = row
            rows.append(row)
        row.below |= {c.name: node[c.name] for c in field.fields if not c.given and c.name in node.below}
    return with_rows(entries, path, rows)


def keyed(field: Field) -> str | None:
    """Return the column that tells a table's rows apart, unless somebody types it."""
    column = field.field(field.key) if field.key else None
    return column.name if column is not None and column.given else None


def node_at(node: Node, path: str) -> Node:
    """Return what was posted at *path*."""
    for name in path.split("."):
        node = node[name]
    return node


# ── the grid ────────────────────────────────────────────────────────────────────────────────────────────────────────


def grid_of(reading: Reading, path: str) -> Grid:
    """Return the table at *path* of a form that was read."""
    field = table_at(reading.tree, path)
    found = reading.errors()
    decides = field.field(field.verify.column) if field.verify else None
    return Grid(
        path=path,
        label=field.wording.of(reading.around.locale),
        help=field.help.of(reading.around.locale) if field.help else None,
        columns=Viewer(reading, {}).columns(field, path),
        rows=_Rows(reading, Viewer(reading, {}), field, path, found).all(),
        fixed_rows=field.fixed_rows,
        key=keyed(field),
        min_rows=field.min_items,
        max_rows=field.max_items,
        verify=field.verify,
        decides=decides is not None and not decides.given,
        problems=tuple(each for each in found if each.path == path),
    )


def page_of(reading: Reading, path: str, indexes: Sequence[int], problems: Sequence[FieldError]) -> tuple[RowView, ...]:
    """Return some rows with a field for every cell, as a page without scripts shows them."""
    field = table_at(reading.tree, path)
    by_path: dict[str, list[FieldError]] = {}
    for problem in problems:
        by_path.setdefault(problem.path, []).append(problem)
    viewer = Viewer(reading, by_path)
    return tuple(viewer.rows(field, node_at(reading.posted, path), value_at(reading.values, path), path, indexes))


def value_at(values: Mapping[str, object], path: str) -> list[Mapping[str, object]]:
    """Return the rows of the table at *path* of typed values."""
    value: object = values
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, list) else []


@dataclass(frozen=True, slots=True)
class _Rows:
    reading: Reading
    viewer: Viewer
    field: Field
    path: str
    found: Sequence[FieldError]

    def all(self) -> tuple[GridRow, ...]:
        """Return every row."""
        values = value_at(self.reading.values, self.path)
        posted = self.aligned(values)
        by_row: dict[int, dict[str, tuple[FieldError, ...]]] = {}
        for each in self.found:
            if (place := self.place(each.path)) is not None:
                column = place[1].partition(".")[0]
                row = by_row.setdefault(place[0], {})
                row[column] = (*row.get(column, ()), each)
        hidden: dict[int, set[str]] = {}
        for path in self.reading.hidden:
            if (place := self.place(path)) is not None:
                hidden.setdefault(place[0], set()).add(place[1])
        return tuple(
            self.row(n, node, value, by_row.get(n, {}), frozenset(hidden.get(n, ())))
            for n, (node, value) in enumerate(zip(posted, values, strict=True))
        )

    def place(self, path: str) -> tuple[int, str] | None:
        """Return the row and what is in it that *path* names; None if it is none of this table."""
        index, _, rest = path.removeprefix(f"{self.path}.").partition(".")
        return (int(index), rest) if path.startswith(f"{self.path}.") and index.isdecimal() else None

    def aligned(self, values: Sequence[Mapping[str, object]]) -> list[Node]:
        """Return what was posted for each row that there is."""
        nodes = node_at(self.reading.posted, self.path).rows()
        if self.field.fixed_rows and self.field.key:
            by_key = {node[self.field.key].text: node for node in nodes}
            return [by_key.get(str(value.get(self.field.key)), Node()) for value in values]
        return [nodes[n] if n < len(nodes) else Node() for n in range(len(values))]

    def row(
        self,
        index: int,
        node: Node,
        value: Mapping[str, object],
        problems: Mapping[str, tuple[FieldError, ...]],
        hidden: frozenset[str],
    ) -> GridRow:
        """Return one row."""
        texts: dict[str, tuple[str, ...]] = {}
        shown: dict[str, str] = {}
        files: dict[str, tuple[FileView, ...]] = {}
        locked = self.field.locks(value)
        for each in self.field.fields:
            if each.given or locked:
                shown[each.name] = self.viewer.text(each, value.get(each.name))
            else:
                texts[each.name] = tuple(text for text in node[each.name].texts if text)
                if each.kind in (Kind.FILE, Kind.FILES):
                    files[each.name] = self.viewer.files(texts[each.name])
        key = keyed(self.field)
        held = value.get(key) if key else None
        verify = self.field.verify
        note = ""
        if verify is not None and verify.note is not None:
            note = shown.get(verify.note) or "; ".join(texts.get(verify.note, ()))
        state = RowState.ACCEPTED if locked else self.state(texts, value, problems)
        if verify is not None and verify.changed is not None and state is RowState.CHANGED:
            note = shown.get(verify.changed, "")
        return GridRow(
            index=index,
            key=None if held is None else str(held),
            texts=texts,
            shown=shown,
            problems=problems,
            hidden=hidden,
            files=files,
            state=state,
            note=note,
            acceptable=verify is not None
            and state is not RowState.CHANGED
            and verify.column in texts
            and value.get(verify.column) not in (verify.accept, verify.refuse)
            and not set(problems) - {verify.column},
            locked=locked,
        )

    def state(
        self,
        texts: Mapping[str, tuple[str, ...]],
        value: Mapping[str, object],
        problems: Mapping[str, tuple[FieldError, ...]],
    ) -> RowState:
        """Return how a row stands: what was decided of it counts only where nothing is wrong."""
        verify = self.field.verify
        decided = value.get(verify.column) if verify else None
        if any(each.keyword != "required" for those in problems.values() for each in those):
            return RowState.FAULTY
        if verify is not None and decided == verify.refuse and not problems:
            return RowState.RETURNED
        if verify is not None and verify.changed and decided is None and value.get(verify.changed):
            return RowState.CHANGED
        if problems:
            return RowState.INCOMPLETE if any(texts.values()) else RowState.EMPTY
        if verify is not None and decided == verify.accept:
            return RowState.ACCEPTED
        asked = any(not each.given for each in self.field.fields)
        return RowState.EMPTY if asked and not any(texts.values()) else RowState.COMPLETE


# ── cells of a sheet ────────────────────────────────────────────────────────────────────────────────────────────────


def in_sheets(field: Field) -> tuple[Field, ...]:
    """Return the columns of a table that a sheet can hold: all but files."""
    return tuple(each for each in field.fields if each.kind not in (Kind.FILE, Kind.FILES))


def sheet_value(column: Field, value: Any, texts: Sequence[str], people: Mapping[str, str]) -> Any:
    """Return a cell's value as a sheet holds it; what could not be read stays as it was typed."""
    if value is None or value == []:
        return next((text for text in texts if text), None)
    match column.kind:
        case Kind.CHOICE:
            return _choice(column, str(value))
        case Kind.CHOICES:
            return [_choice(column, str(item)) for item in value]
        case Kind.PERSON:
            return _person(str(value), people)
        case Kind.PEOPLE:
            return [_person(str(item), people) for item in value]
    return value


def cell_texts(column: Field, value: Any, people: Mapping[str, str]) -> list[str]:
    """Return what a cell of a sheet holds as somebody would have typed it; reading the form says whether it fits."""
    if value is None:
        return [""]
    if isinstance(value, datetime) and column.kind is Kind.DATE:
        value = value.date()
    if not isinstance(value, str):
        if column.kind is Kind.BOOLEAN and isinstance(value, Decimal):
            return [CHECKED if value else ""]
        fits = column.kind in NUMERIC or not isinstance(value, Decimal)
        return [typing(column, value) if fits else format(value, "f")]
    match column.kind:
        case Kind.BOOLEAN:
            return [CHECKED if value.strip().casefold() in ("ya", "yes", "true", "1", "v", "x") else ""]
        case Kind.CHOICE:
            return [_chosen(column, value)]
        case Kind.CHOICES:
            return ["", *(_chosen(column, each) for each in value.split(";") if each.strip())]
        case Kind.PERSON:
            return [_account(value, people)]
        case Kind.PEOPLE:
            return ["", *(_account(each, people) for each in value.split(";") if each.strip())]
    return [value]


def _choice(column: Field, value: str) -> str:
    return next((option.wording.id for option in column.options if option.value == value), value)


def _chosen(column: Field, text: str) -> str:
    wanted = " ".join(text.split()).casefold()
    for option in column.options:
        if wanted in {words.casefold() for words in (option.value, option.wording.id, option.wording.en) if words}:
            return option.value
    return text


def _person(account: str, people: Mapping[str, str]) -> str:
    name = people.get(account, account)
    return account if name == account else f"{name} ({account})"


def _account(text: str, people: Mapping[str, str]) -> str:
    wanted = " ".join(text.split())
    for account, name in people.items():
        if wanted.casefold() in (account.casefold(), name.casefold(), f"{name} ({account})".casefold()):
            return account
    return wanted
