"""A table of a task's form on a page of its own: read, edited cell by cell, written to a sheet and imported from one.

It edits the same draft as the form. Cells are written over the draft's rows, found by their key, under the draft's
revision, so that a save from another tab is not overwritten. An imported sheet is shown first: each cell that cannot
be taken is named with its address, and the others can be taken without it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from engine.documents import spreadsheets
from engine.documents.spreadsheets import Column, SheetFault, SheetRow
from engine.forms import kinds
from engine.forms.field import Field, Kind
from engine.forms.grids import (
    Grid,
    RowState,
    cell_texts,
    grid_of,
    in_sheets,
    page_of,
    sheet_value,
    value_at,
    with_cells,
    with_unseen,
)
from engine.forms.presentation import RowView, Viewer
from engine.forms.shown import FileView
from engine.forms.submission import Reading
from engine.forms.values import entries_of
from engine.model.errors import Conflict, NotFound, NotPermitted
from engine.model.people import Actor
from engine.service.procedures.procedure import Entries, Language
from engine.service.work.task_form import TaskForms, TaskPage
from engine.store.files import FileStore

__all__ = ["Grid", "GridImport", "GridPage", "GridRequest", "Grids", "RowState", "RowView"]

LARGEST = spreadsheets.LARGEST
NUMBER = "_no"  # the column of a sheet that tells rows without a key apart

Seen = tuple[int, str | None]  # the draft's revision, and the tab that asks


@dataclass(frozen=True, slots=True)
class GridRequest:
    """Who asks for which table of which task, in which language, and when."""

    actor: Actor
    task_id: str
    path: str
    words: Language
    now: datetime
    files: Collection[str] | None = None  # as in ``save_draft``


@dataclass(frozen=True, slots=True)
class GridPage:
    """One table of one task, as the actor's draft has it."""

    task: TaskPage
    path: str
    grid: Grid
    revision: int
    entries: Entries
    reading: Reading
    people: Mapping[str, str]
    evidence: Mapping[str, tuple[FileView, ...]]  # by a row's key: the files about it that stand in another document

    def rows(self, indexes: Sequence[int]) -> tuple[RowView, ...]:
        """Return some rows with a field for every cell."""
        begun = [row for row in self.grid.rows if row.state is not RowState.EMPTY]  # nothing is wrong before one types
        problems = [each for row in begun for those in row.problems.values() for each in those]
        return page_of(self.reading, self.path, indexes, problems)


@dataclass(frozen=True, slots=True)
class CellChange:
    """A cell that a sheet would change: its place in both, old and new value."""

    at: str
    row: str
    column: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class CellRefusal:
    """A cell of a sheet that cannot be taken: its place, its value, and why."""

    at: str
    row: str
    column: str
    value: str
    message: str


@dataclass(frozen=True, slots=True)
class GridImport:
    """What a sheet would change in a table, and all that is wrong with it."""

    faults: tuple[SheetFault, ...]
    changes: tuple[CellChange, ...]
    refusals: tuple[CellRefusal, ...]
    unchanged: int  # rows
    hidden: tuple[int, ...]  # numbers of rows that the sheet hides
    cells: Entries  # what may be taken

    @property
    def rows(self) -> int:
        """How many rows would change."""
        return len({change.row for change in self.changes})


@dataclass(frozen=True)
class Grids:
    """Editing the tables of tasks."""

    tasks: TaskForms
    files: FileStore

    def open(self, asked: GridRequest) -> GridPage:
        """Return a table; NotFound if the task's form has none there."""
        page = self._task(asked)
        return self._page(page, asked, self.tasks.begun(page))

    def save(self, asked: GridRequest, cells: Entries, seen: Seen) -> GridPage:
        """Write cells over the actor's draft; Conflict("draft") if it was saved elsewhere since it was *seen*."""
        page = self._filling(asked)
        return self._saved(page, asked, self._with(page, asked, cells), seen)

    def preview(self, asked: GridRequest, cells: Entries) -> GridPage:
        """Return a table as it would be with *cells*; nothing is saved."""
        page = self._task(asked)
        return self._page(page, asked, self._with(page, asked, cells))

    def edit_rows(self, asked: GridRequest, cells: Entries, deed: str, index: int, seen: Seen) -> GridPage:
        """Write cells, then add a row ("tambah"), remove ("hapus") or move ("naik", "turun") the one at *index*."""
        page, place = self._filling(asked), asked.path if deed == "tambah" else f"{asked.path}.{index}"
        return self._saved(page, asked, page.form.with_row(self._with(page, asked, cells), deed, place), seen)

    def accept_all(self, asked: GridRequest, seen: Seen) -> tuple[GridPage, dict[str, list[str]]]:
        """Accept every row that is complete; also return the cells that undo it."""
        page, path = self.open(asked), asked.path
        verify = page.grid.verify
        if verify is None or not page.grid.decides:
            raise NotFound(path)
        undo: dict[str, list[str]] = {}
        cells: dict[str, list[str]] = {}
        for row in page.grid.rows:
            if row.acceptable:
                there = f"{path}.{row.index}."
                named = {f"{there}{page.grid.key}": [row.key]} if page.grid.key and row.key else {}
                cells |= {**named, f"{there}{verify.column}": [verify.accept]}
                undo |= {**named, f"{there}{verify.column}": list(row.texts.get(verify.column, ())) or [""]}
        return self.save(asked, cells, seen), undo

    # ── sheets ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def sheet(self, asked: GridRequest, kind: str) -> tuple[str, bytes]:
        """Return a table as a file ("xlsx" or "csv") and the file's name."""
        page = self.open(asked)
        field = page.task.form.table(asked.path)
        columns = _columns(field)
        values = value_at(page.reading.values, asked.path)
        rows = []
        for row, value in zip(page.grid.rows, values, strict=True):
            cells = {
                each.name: sheet_value(each, value.get(each.name), row.texts.get(each.name, ()), page.people)
                for each in in_sheets(field)
            }
            rows.append({NUMBER: Decimal(row.index + 1), **cells})
        name = f"{field.wording.id} - {page.task.item.task.title}"[:100].replace("/", "-")
        if kind == "csv":
            return f"{name}.csv", spreadsheets.write_csv(columns, rows)
        about = {**self._about(page), "isi": str(page.revision), "diunduh": asked.now.isoformat()}
        return f"{name}.xlsx", spreadsheets.write(field.wording.id, columns, rows, about)

    def look_at(self, asked: GridRequest, content: bytes) -> tuple[GridPage, GridImport]:
        """Return what a file would change in a table, and every cell that cannot be taken; nothing is changed."""
        page, gettext = self.open(asked), asked.words.gettext
        field, most = page.task.form.table(asked.path), max(2_000, len(page.grid.rows))
        found = spreadsheets.read(content, _columns(field), self._about(page), most_rows=most, gettext=gettext)
        key = field.row_key or NUMBER
        lacks_key = bool(found.rows) and key != NUMBER and all(key not in row.cells for row in found.rows)
        if not found.usable or lacks_key:
            return page, GridImport(found.faults, (), (), 0, (), {})
        looked = _Look(page, field, key, asked.words, _lost(found.rows, key))
        looked.place(found.rows)
        return page, looked.result(self.tasks, found.faults, tuple(r.number for r in found.rows if r.hidden))

    def keep(self, content: bytes) -> str:
        """Keep a file for a day, until its import is confirmed, and return its hash."""
        return self.files.put_bytes(content, spreadsheets.LARGEST).sha256

    def take_in(self, asked: GridRequest, sha256: str, seen: Seen) -> GridImport:
        """Write every cell of a kept file that can be taken into the actor's draft."""
        _, found = self.look_at(asked, self.files.content(sha256))
        self.save(asked, found.cells, seen)
        return found

    def _task(self, asked: GridRequest) -> TaskPage:
        page = self.tasks.open(asked.actor, asked.task_id, asked.now)
        page.form.table(asked.path)
        return page

    def _filling(self, asked: GridRequest) -> TaskPage:
        page = self._task(asked)
        if page.may == "claim":
            raise NotPermitted("claim")
        if page.may != "fill":
            task, why = page.found.task, "claimed" if page.why == "held" else page.why
            raise Conflict(why or "stale", who=task.holder, at=task.assigned_at)
        return page

    def _with(self, page: TaskPage, asked: GridRequest, cells: Entries) -> Entries:
        begun = self.tasks.begun(page)
        whole = with_cells(page.form.table(asked.path), asked.path, begun, cells)
        return whole if asked.files is None else with_unseen(page.form.tree, whole, begun, asked.files)

    def _saved(self, page: TaskPage, asked: GridRequest, entries: Entries, seen: Seen) -> GridPage:
        revision, writer = seen
        saved = self.tasks.save_draft(asked.actor, asked.task_id, entries, asked.now, revision, writer=writer)
        return self._page(replace(page, draft=saved), asked, saved.entries)

    def _page(self, page: TaskPage, asked: GridRequest, entries: Entries) -> GridPage:
        reading, everybody = self.tasks.reading(page, entries, asked.words)
        revision = page.draft.revision if page.draft else 0
        proof = self.tasks.evidence(page, page.form.table(asked.path))
        return GridPage(page, asked.path, grid_of(reading, asked.path), revision, entries, reading, everybody, proof)

    def _about(self, page: GridPage) -> dict[str, str]:
        task = page.task.item.task
        return {"untuk": f"{task.title} · {page.task.item.step.name} · {page.task.form.table(page.path).wording.id}"}


@dataclass
class _Look:
    """A comparison of a sheet with a table."""

    page: GridPage
    field: Field
    key: str
    words: Language
    doubled: frozenset[str]

    def __post_init__(self) -> None:
        self.cells: dict[str, list[str]] = {}
        self.found: dict[str, tuple[str, str, str]] = {}  # path of a cell -> (address, row, what the sheet holds)
        self.refusals: list[CellRefusal] = []
        self.seen: set[int] = set()

    def place(self, rows: Sequence[SheetRow]) -> None:
        """Find the table's row of each row of the sheet."""
        grid = self.page.grid
        by_key = {row.key if self.key != NUMBER else str(row.index + 1): row.index for row in grid.rows}
        typed = [each for each in in_sheets(self.field) if not each.given]
        for number, row in enumerate(rows):
            told = row.values.get(self.key)
            name = "" if told is None else format(told, "f") if isinstance(told, Decimal) else str(told).strip()
            if self.key == NUMBER and self.key not in row.values:
                name = str(number + 1)
            index = by_key.get(name)
            at = row.cells.get(self.key, f"A{row.number}")
            if index is None and self.key == NUMBER and not self.field.fixed_rows:
                index = len(grid.rows) + sum(each >= len(grid.rows) for each in self.seen)
            gettext = self.words.gettext
            if index is None:
                self.refuse(at, name, "", name, gettext("Baris “%(key)s” tidak ada dalam tabel ini.") % {"key": name})
                continue
            if index in self.seen or name in self.doubled:
                self.refuse(at, name, "", name, gettext("Baris “%(key)s” ada dua kali.") % {"key": name})
                continue
            self.seen.add(index)
            there = f"{self.page.path}.{index}."
            if self.key != NUMBER:
                self.cells[f"{there}{self.key}"] = [name]
            for each in typed:
                if each.name in row.values:
                    value = row.values[each.name]
                    self.cells[there + each.name] = cell_texts(each, value, self.page.people)
                    shown = format(value, "f").replace(".", ",") if isinstance(value, Decimal) else str(value or "")
                    self.found[there + each.name] = (row.cells[each.name], name, shown)

    def refuse(self, at: str, row: str, column: str, value: str, message: str) -> None:
        """Note a cell that cannot be taken."""
        self.refusals.append(CellRefusal(at, row, column, value[:100], message))

    def result(self, tasks: TaskForms, faults: Sequence[SheetFault], hidden: tuple[int, ...]) -> GridImport:
        """Return which cells change and which cannot be taken."""
        page, path = self.page, self.page.path
        entries = with_cells(self.field, path, page.entries, self.cells)
        reading, _ = tasks.reading(page.task, entries, self.words)
        wrong = {each.path: each for each in reading.errors() if each.keyword != "required"}
        before, after = value_at(page.reading.values, path), value_at(reading.values, path)
        viewer = Viewer(reading, {})
        changes: list[CellChange] = []
        taken: dict[str, list[str]] = {}
        changed: set[int] = set()
        columns = {each.name: each for each in in_sheets(self.field)}
        for at, (address, row, shown) in self.found.items():
            index, _, name = at.removeprefix(f"{path}.").partition(".")
            n, column = int(index), columns[name]
            heading = column.wording.of(self.words.locale)
            old = before[n].get(name) if n < len(before) else None
            new = after[n].get(name) if n < len(after) else None
            known = page.grid.rows[n] if n < len(page.grid.rows) else None
            typed = known.texts.get(name, ()) if known else ()
            if known and known.locked:
                if set(self.cells[at]) - {""} != set(entries_of([column], {name: old})[name]) - {""}:
                    refused = self.words.gettext("baris ini sudah diterima; isinya tidak dapat diubah.")
                    self.refuse(address, row, heading, shown, refused)
            elif at in wrong and (old != new or new is None):
                self.refuse(address, row, heading, shown, wrong[at].message)
            elif old != new or (new is None and any(typed)):
                was = viewer.text(column, old) or "; ".join(typed)
                changes.append(CellChange(address, row, heading, was, viewer.text(column, new)))
                taken[at] = self.cells[at]
                changed.add(n)
        if self.key != NUMBER:
            taken |= {f"{path}.{n}.{self.key}": self.cells[f"{path}.{n}.{self.key}"] for n in changed}
        return GridImport(tuple(faults), tuple(changes), tuple(self.refusals), len(self.seen - changed), hidden, taken)


def _lost(rows: Sequence[SheetRow], key: str) -> frozenset[str]:
    """Return the keys that several rows of a sheet have: nobody knows which is meant."""
    said = [str(row.values[key]).strip() for row in rows if row.values.get(key) is not None]
    return frozenset(name for name in said if said.count(name) > 1)


def _columns(field: Field) -> tuple[Column, ...]:
    titles = [each.wording.id for each in in_sheets(field)]
    numbered = () if field.row_key else (Column(NUMBER, "No", 0, width=6, locked=True, kind="number", wanted=False),)
    return (*numbered, *(_column(field, each, titles.count(each.wording.id) == 1) for each in in_sheets(field)))


def _column(field: Field, each: Field, alone: bool) -> Column:
    """Return a column of the sheet of *field*; if its title is not unique (*alone*), it shows its name too."""
    handled = kinds.of(each)
    return Column(
        name=each.name,
        heading=each.wording.id if alone else f"{each.wording.id} ({each.name})",
        decimals=handled.decimals(each),
        choices=tuple(option.wording.id for option in each.options) if each.kind is Kind.CHOICE else (),
        width=handled.width,
        locked=each.given,
        kind=handled.sheet,
        wanted=not each.given or each.name == field.row_key,
    )
