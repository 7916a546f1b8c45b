"""A table of a form as a grid: its rows with their states and errors, and its cells in spreadsheets.

A row is lean, since there may be 500 of them: labels, choices and limits are stated once, by the column. If a table is
edited in the grid, the entries of its form have a mark (``KEPT``) in place of its rows; these are in the draft.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from engine.forms import kinds, values
from engine.forms.field import FILES, MANY, Field, Kind, VerifiedTable, field_at
from engine.forms.posted_entries import KEPT, Node, is_index, node_at, tree, with_rows
from engine.forms.presentation import FieldView, RowView, Viewer
from engine.forms.shown import FileView
from engine.forms.submission import Reading
from engine.model.errors import FieldError, NotFound

Entries = Mapping[str, Sequence[str]]
NOTHING: tuple[object, ...] = (None, "", [])


class RowState(StrEnum):
    """The state of a row."""

    EMPTY = "empty"
    INCOMPLETE = "incomplete"
    FAULTY = "faulty"
    COMPLETE = "complete"
    CHANGED = "changed"
    WAITING = "waiting"  # complete but for the decision on it
    ACCEPTED = "accepted"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row; mappings are by column."""

    index: int
    key: str | None
    texts: Mapping[str, tuple[str, ...]]  # as typed
    shown: Mapping[str, str]  # values of read-only cells
    problems: Mapping[str, tuple[FieldError, ...]]
    hidden: frozenset[str]  # columns whose condition does not hold
    files: Mapping[str, tuple[FileView, ...]]
    state: RowState
    note: str  # why it was returned
    acceptable: bool  # complete but for the decision, and not changed since an earlier one
    locked: bool = False  # read-only
    derived: frozenset[str] = frozenset()  # columns that are read-only in this row, since x-derived gave their value


@dataclass(frozen=True, slots=True)
class Grid:
    """A table to fill in."""

    path: str
    label: str
    help: str | None
    columns: tuple[FieldView, ...]
    rows: tuple[GridRow, ...]
    fixed_rows: bool
    key: str | None  # the read-only column that identifies rows
    can_add: bool
    verify: VerifiedTable | None
    decides: bool  # whether the reader decides on the rows
    problems: tuple[FieldError, ...]  # of the table as a whole

    def count(self, *states: RowState) -> int:
        """Return the number of rows in one of *states*."""
        return sum(row.state in states for row in self.rows)

    @property
    def filled(self) -> int:
        """The number of rows that are complete."""
        return self.count(RowState.COMPLETE, RowState.ACCEPTED)


# ── the table of a form ─────────────────────────────────────────────────────────────────────────────────────────────


def table_at(fields: Sequence[Field], path: str) -> Field:
    """Return the table at *path* that people fill in; NotFound for anything else."""
    found = field_at(fields, path)
    if found is None or found.kind is not Kind.TABLE or found.given:
        raise NotFound(path)
    return found


def tables(fields: Iterable[Field], path: str = "") -> Iterable[tuple[str, Field]]:
    """Yield every table outside of rows that people fill in, with its path."""
    for each in fields:
        here = f"{path}{each.name}"
        if each.kind is Kind.SECTION:
            yield from tables(each.fields, f"{here}.")
        elif each.kind is Kind.TABLE and not each.given:
            yield here, each


def kept_tables(fields: Iterable[Field], entries: Entries) -> tuple[str, ...]:
    """Return the paths of the tables whose rows are in the draft and not in *entries*."""
    return tuple(path for path, _ in tables(fields) if KEPT in entries.get(path, ()))


def with_kept(entries: Entries, kept: Entries, paths: Iterable[str]) -> dict[str, list[str]]:
    """Return the entries with the rows of the tables at *paths* taken from *kept*."""
    found = {path: list(texts) for path, texts in entries.items()}
    for path in paths:
        prefix = f"{path}."
        found = {name: texts for name, texts in found.items() if not name.startswith(prefix)}
        found[path] = [""]
        found |= {name: list(texts) for name, texts in kept.items() if name.startswith(prefix)}
    return found


def with_unseen(
    fields: Sequence[Field], entries: Entries, kept: Entries, seen: Collection[str]
) -> dict[str, list[str]]:
    """Return the entries with those files of *kept* added that their sender had not *seen* and so did not remove."""
    found = {path: list(texts) for path, texts in entries.items()}
    for path, texts in kept.items():
        unseen = [text for text in texts if text and text not in seen and text not in entries.get(path, ())]
        field = field_at(fields, path) if unseen and path in found else None
        if field and (field.kind is Kind.FILES or (field.kind is Kind.FILE and not any(found[path]))):
            found[path] += unseen
    return found


def with_cells(field: Field, path: str, entries: Entries, cells: Entries) -> dict[str, list[str]]:
    """Return the entries with *cells* replacing those of the table at *path*; the key or index of a row identifies it.

    Cells that people may not type are ignored; rows that do not exist are added at the end.
    """
    rows = node_at(tree(entries), path).rows()
    key = field.row_key
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


# ── the grid ────────────────────────────────────────────────────────────────────────────────────────────────────────


def grid_of(reading: Reading, path: str) -> Grid:
    """Return the grid of the table at *path*."""
    field = table_at(reading.tree, path)
    found = reading.errors()
    decides = field.field(field.verify.column) if field.verify else None
    rows = _Rows(reading, Viewer(reading, {}), field, path, found).all()
    return Grid(
        path=path,
        label=field.wording.of(reading.around.locale),
        help=field.help.of(reading.around.locale) if field.help else None,
        columns=Viewer(reading, {}).columns(field, path),
        rows=rows,
        fixed_rows=field.fixed_rows,
        key=field.row_key,
        can_add=field.takes_more(len(rows)),
        verify=field.verify,
        decides=decides is not None and not decides.given,
        problems=tuple(each for each in found if each.path == path),
    )


def page_of(reading: Reading, path: str, indexes: Sequence[int], problems: Sequence[FieldError]) -> tuple[RowView, ...]:
    """Return some rows of a table for a page without scripts: every cell is a field."""
    field = table_at(reading.tree, path)
    viewer = Viewer.of(reading, problems)
    return tuple(viewer.rows(field, node_at(reading.posted, path), value_at(reading.values, path), path, indexes))


def value_at(holder: Mapping[str, object], path: str) -> list[Mapping[str, object]]:
    """Return the rows of the table at *path* in typed values."""
    return values.value_at(holder, path) or []


@dataclass(frozen=True, slots=True)
class _Rows:
    reading: Reading
    viewer: Viewer
    field: Field
    path: str
    found: Sequence[FieldError]

    def all(self) -> tuple[GridRow, ...]:
        values = value_at(self.reading.values, self.path)
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
            for n, (node, value) in enumerate(zip(self.reading.aligned[self.path], values, strict=False))
        )

    def place(self, path: str) -> tuple[int, str] | None:
        """Return the row's index and the rest of *path*; None for a path outside this table."""
        index, _, rest = path.removeprefix(f"{self.path}.").partition(".")
        return (int(index), rest) if path.startswith(f"{self.path}.") and index.isdecimal() else None

    def row(
        self,
        index: int,
        node: Node,
        value: Mapping[str, object],
        problems: Mapping[str, tuple[FieldError, ...]],
        hidden: frozenset[str],
    ) -> GridRow:
        texts: dict[str, tuple[str, ...]] = {}
        shown: dict[str, str] = {}
        files: dict[str, tuple[FileView, ...]] = {}
        locked = self.field.locks(value)
        follows, here = self.reading.derived, f"{self.path}.{index}"
        derived = {each.name for each in self.field.fields if f"{here}.{each.name}" in follows}
        for each in self.field.fields:
            if each.given or locked or each.name in derived:
                shown[each.name] = self.viewer.text(each, value.get(each.name))
            else:
                texts[each.name] = tuple(text for text in node[each.name].texts if text)
                if each.kind in FILES:
                    files[each.name] = self.viewer.files(texts[each.name])
        held = value.get(self.field.row_key) if self.field.row_key else None
        verify = self.field.verify
        note = ""
        if verify is not None and verify.note is not None:
            note = shown.get(verify.note) or "; ".join(texts.get(verify.note, ()))
        state = RowState.ACCEPTED if locked else self.state(index, texts, value, problems)
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
            acceptable=verify is not None and state is RowState.WAITING,
            locked=locked,
            derived=frozenset(derived),
        )

    def untouched(self, index: int, value: Mapping[str, object]) -> bool:
        """Whether a row still holds what it began with."""
        known = self.reading.begins.get(self.path, ())
        begun = known[index] if index < len(known) else {}
        typed = [each.name for each in self.field.fields if not each.given]
        return all(
            (value.get(name) in NOTHING and begun.get(name) in NOTHING) or value.get(name) == begun.get(name)
            for name in typed
        )

    def state(
        self,
        index: int,
        texts: Mapping[str, tuple[str, ...]],
        value: Mapping[str, object],
        problems: Mapping[str, tuple[FieldError, ...]],
    ) -> RowState:
        """Return the state of a row; a decision on it counts only if it has no errors.

        If somebody else decided, a returned row stays returned until something in it changes.
        """
        verify = self.field.verify
        open_ = verify is not None and verify.column in texts
        decided = value.get(verify.column) if verify else None
        if any(each.keyword != "required" for those in problems.values() for each in those):
            return RowState.FAULTY
        if verify is not None and decided == verify.refuse and not problems and (open_ or self.untouched(index, value)):
            return RowState.RETURNED
        if verify is not None and verify.changed and decided is None and value.get(verify.changed):
            return RowState.CHANGED
        lacks = set(problems) - {verify.column} if verify else set(problems)
        if verify is not None and open_ and not lacks and decided not in (verify.accept, verify.refuse):
            return RowState.WAITING
        if problems:
            return RowState.INCOMPLETE if any(texts.values()) else RowState.EMPTY
        if verify is not None and decided == verify.accept:
            return RowState.ACCEPTED
        asked = any(not each.given for each in self.field.fields)
        return RowState.EMPTY if asked and not any(texts.values()) else RowState.COMPLETE


# ── cells of a sheet ────────────────────────────────────────────────────────────────────────────────────────────────


def in_sheets(field: Field) -> tuple[Field, ...]:
    """Return the columns of a table that a spreadsheet can hold: all but files."""
    return tuple(each for each in field.fields if each.kind not in FILES)


def sheet_value(column: Field, value: Any, texts: Sequence[str], people: Mapping[str, str]) -> Any:
    """Return the value of a spreadsheet's cell; a text that could not be read stays as typed."""
    if value is None or value == []:
        return next((text for text in texts if text), None)
    to_cell = kinds.of(column).to_cell
    return (
        [to_cell(column, item, people) for item in value] if isinstance(value, list) else to_cell(column, value, people)
    )


def cell_texts(column: Field, value: Any, people: Mapping[str, str]) -> list[str]:
    """Return the value of a spreadsheet's cell as people would type it; validating the form is left to its reader."""
    if value is None:
        return [""]
    if not isinstance(value, str):
        return [values.typing(column, value)]
    from_cell = kinds.of(column).from_cell
    if column.kind in MANY:
        return ["", *(from_cell(column, each, people) for each in value.split(";") if each.strip())]
    return [from_cell(column, value, people)]
