"""Views of a form that people fill in: texts and flags, so that templates decide nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Self

from engine.forms import kinds, messages, numbers
from engine.forms.field import FILES, PERSONS, ROWS, Condition, Field, Kind, Wording, field_at
from engine.forms.handling import CHECKED, Known
from engine.forms.parts import Part
from engine.forms.posted_entries import Node
from engine.forms.rules import rules_of
from engine.forms.shown import FileView, file_view
from engine.forms.submission import Reading, Surroundings, Unmet
from engine.model.errors import FieldError, FunctionFailed

MOST_RADIOS = 7
BLANK = 999_999
"""Row number in the blank row from which a script makes new rows."""
MOST_INLINE = 120
"""Most editable cells of a table that the form itself shows; larger tables are edited only in the grid."""
MOST_FIXED = 20
"""The same for a table with fixed rows."""
OFFERED_FROM = 9
"""Least rows of a table for which the grid is offered."""
SHOWN_FAULTS = 5
"""Most errors of a grid table that its form lists; the grid shows the rest."""


@dataclass(frozen=True, slots=True)
class OptionView:
    """A choice as shown."""

    value: str
    label: str
    chosen: bool
    verb: str = ""  # of a decision: the label of the completing button


@dataclass(frozen=True, slots=True)
class When:
    """The condition under which a field counts, as text and for the script that shows the field."""

    text: str
    cause: str  # path of the field that decides
    answers: tuple[str, ...]  # its values for which the condition holds (or, if negated, fails)
    negated: bool


@dataclass(frozen=True, slots=True)
class RowView:
    """One row of a table."""

    index: int
    path: str
    label: str
    cells: tuple["FieldView", ...]
    key: tuple[str, str] | None  # (name, value) to post in order to identify a prefilled row


@dataclass(frozen=True, slots=True)
class GridLink:
    """The link to the grid of a table."""

    kept: bool  # edited only in the grid: the rows are in the draft, not in the form
    rows: int
    filled: int
    faults: tuple[FieldError, ...] = ()  # the first errors in its rows
    more: int = 0  # the number of further errors


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """A field as the page shows it."""

    path: str
    name: str
    kind: str
    label: str
    help: str | None
    required: bool
    asked: Field = field(repr=False)
    given: bool = False  # shown as text: read-only or computed
    shown: str = ""  # the value as text, if given
    source: str | None
    texts: tuple[str, ...] = ()  # as typed
    reading: str = ""  # how the text was understood, if that is not plain
    problems: tuple[FieldError, ...]
    notice: str = ""  # a warning that is not an error: the office is closed on this day
    options: tuple[OptionView, ...] = ()
    fields: tuple["FieldView", ...] = ()
    columns: tuple["FieldView", ...] = ()  # of a table: labels and helps without values
    rows: tuple[RowView, ...] = ()
    fixed_rows: bool = False
    blank: RowView | None = None  # of a table to which rows are added
    picks: tuple[Mapping[str, str], ...] = ()  # rows to choose from: text by column
    files: tuple[FileView, ...] = ()
    kinds: str = ""
    max_size: str = ""  # in words
    unit: str = ""
    when: tuple[When, ...] = ()
    needed: tuple[When, ...] = ()  # when it is required, unless always
    active: bool = True
    shown_rows: tuple[tuple[str, ...], ...] = ()  # of a read-only table
    grid: GridLink | None = None  # of a table that can be edited in the grid
    group: str = ""  # suffix of the part, if the section is divided and this is a later group: "-2"

    @property
    def id(self) -> str:
        """The element id of the field's (first) input."""
        return element_id(self.path)

    @property
    def text(self) -> str:
        """The text of a field that has only one."""
        return next((text for text in reversed(self.texts) if text), "")

    @property
    def checked(self) -> bool:
        """Whether a box is checked."""
        return CHECKED in self.texts

    @property
    def as_select(self) -> bool:
        """Whether a closed list is shown as a select rather than radio buttons."""
        return len(self.options) > MOST_RADIOS

    @property
    def can_add(self) -> bool:
        """Whether a row may be added."""
        return self.asked.takes_more(len(self.rows))

    @property
    def described_by(self) -> str:
        """The ids of help and error, for ``aria-describedby``."""
        return " ".join(
            [f"{self.id}-help"] * bool(self.help)
            + [f"{self.id}-error"] * bool(self.problems)
            + [f"{self.id}-reading"] * bool(self.reading)
        )


@dataclass(frozen=True, slots=True)
class FormView:
    """A form as the page shows it."""

    id: str
    title: str
    help: str | None
    fields: tuple[FieldView, ...]
    decision: str | None
    buttons: Mapping[str, str]
    unmet: tuple[Unmet, ...]
    parts: tuple[Part, ...] = ()  # of a long form

    @property
    def pages(self) -> tuple[tuple[Part, tuple[FieldView, ...]], ...]:
        """Each part with its fields; a divided section has only the fields of the part."""
        return tuple((part, tuple(self._fields(part))) for part in self.parts)

    def _fields(self, part: Part) -> Iterator[FieldView]:
        for view in self.fields:
            own = tuple(each for each in view.fields if each.path in part.paths)
            if view.path in part.paths or len(own) == len(view.fields) > 0:
                yield view
            elif own:
                yield replace(view, fields=own, label=part.title, group="" if part.section else part.id[-2:])


def element_id(path: str) -> str:
    """Return the id of the element that a path's error links to."""
    return "f-" + path.replace(".", "-")


def view_fields(reading: Reading, problems: Sequence[FieldError], *, grids: bool = False) -> tuple[FieldView, ...]:
    """Return the views of a form's fields with their *problems*; with *grids*, long tables are links to grids."""
    viewer = Viewer.of(reading, problems, grids=grids)
    return tuple(
        viewer.field(each, reading.posted[each.name], reading.values.get(each.name), each.name) for each in reading.tree
    )


def echo(kind: Kind, text: str, around: Surroundings) -> FieldView:
    """Return the view of *text* while it is typed into a field of *kind*: its reading, or its error."""
    field = Field("isian", kind, Wording(""), {})
    reading = Reading((field,), rules_of(True), Node(below={field.name: Node([text])}), around)
    return view_fields(reading, reading.errors())[0]


def only_read(field: Field) -> bool:
    """Whether a field is read-only, or a table with fixed rows and read-only columns."""
    return field.given or (field.fixed_rows and all(each.given for each in field.fields))


def keeps_rows(field: Field, rows: int) -> bool:
    """Whether a table of so many *rows* is edited only in the grid."""
    most = MOST_FIXED if field.fixed_rows else MOST_INLINE
    return field.kind is Kind.TABLE and rows * sum(not column.given for column in field.fields) > most


@dataclass(frozen=True, slots=True)
class Viewer:
    """Makes the views of a form's fields."""

    reading: Reading
    problems: Mapping[str, Sequence[FieldError]]  # by path
    grids: bool = False

    @classmethod
    def of(cls, reading: Reading, problems: Sequence[FieldError], *, grids: bool = False) -> Self:
        """Return a viewer that shows *problems* at their fields."""
        by_path: dict[str, list[FieldError]] = {}
        for problem in problems:
            by_path.setdefault(problem.path, []).append(problem)
        return cls(reading, by_path, grids)

    def field(self, field: Field, node: Node, value: Any, path: str, *, in_row: bool = False) -> FieldView:
        """Return one field."""
        if field.kind is Kind.SECTION:
            return self.section(field, node, value, path)
        if field.kind in ROWS and not only_read(field):
            return self.table(field, node, value, path)
        locale, given = self.reading.around.locale, only_read(field) or path in self.reading.derived
        held = self.files(node.texts) if field.kind in FILES and not given else ()
        return FieldView(
            **self.basics(field, path),
            given=given,
            shown=(self.reading.around.numbers.get(path) or self.text(field, value)) if given else "",
            texts=tuple(node.texts),
            reading="" if given or in_row or value is None or not node.filled else kinds.of(field).echo(value, locale),
            notice="" if given or in_row else self.notice(field, value),
            options=() if given else self.options(field, set(node.texts)),
            files=held[-1:] if field.kind is Kind.FILE else held,
            kinds=kinds.endings(field),
            max_size=numbers.write_size(field.max_size) if field.max_size else "",
            unit=field.unit.of(locale) if field.unit else "",
            columns=self.columns(field, path) if given and field.kind is Kind.TABLE else (),
            shown_rows=self.shown_rows(field, value) if given else (),
        )

    def notice(self, field: Field, value: Any) -> str:
        """Return a warning about a day on which the office is closed; empty for other values."""
        around = self.reading.around
        name = around.day_off(value) if isinstance(value, date) else None
        closed = around.gettext("kantor tutup") if name is not None else ""
        return f"{closed}: {name}" if name else closed

    def columns(self, field: Field, path: str) -> tuple[FieldView, ...]:
        """Return the columns of a table or of a list of texts, without values."""
        columns = (field.item,) if field.item else field.fields
        return tuple(self.field(each, Node(), None, f"{path}.{each.name}") for each in columns)

    def shown_rows(self, field: Field, value: Any) -> tuple[tuple[str, ...], ...]:
        """Return the rows of a read-only table as text."""
        if field.kind is not Kind.TABLE or not isinstance(value, list):
            return ()
        return tuple(tuple(self.text(each, row.get(each.name)) for each in field.fields) for row in value)

    def source(self, field: Field) -> str | None:
        """Return the text that says where a given value comes from."""
        around = self.reading.around
        if field.source is None and field.number is not None:
            return around.gettext("Nomor diberikan saat langkah ini diselesaikan.")
        return field.source.of(around.locale) if field.source else None

    def basics(self, field: Field, path: str) -> dict[str, Any]:
        """Return the facts that fields of every kind show."""
        locale = self.reading.around.locale
        return {
            "path": path,
            "name": field.name,
            "kind": field.kind.value,
            "label": field.wording.of(locale),
            "help": field.help.of(locale) if field.help else None,
            "required": self.reading.needs(field) or (field.kind is Kind.BOOLEAN and field.schema.get("const") is True),
            "needed": self.words_of(field.needed, path),
            "source": None if path in self.reading.around.numbers else self.source(field),
            "problems": tuple(self.problems.get(path, ())),
            "when": self.words_of(field.when, path),
            "active": path not in self.reading.hidden,
            "asked": field,
        }

    def section(self, field: Field, node: Node, value: Any, path: str) -> FieldView:
        """Return a section with its fields."""
        inner = value if isinstance(value, Mapping) else {}
        return FieldView(
            **self.basics(field, path),
            fields=tuple(
                self.field(each, node[each.name], inner.get(each.name), f"{path}.{each.name}") for each in field.fields
            ),
        )

    def table(self, field: Field, node: Node, value: Any, path: str) -> FieldView:
        """Return a table, or a list of texts as a table with one column."""
        link = self.grid_link(field, node, value, path) if self.grids and field.kind is Kind.TABLE else None
        return FieldView(
            **self.basics(field, path),
            columns=self.columns(field, path),
            rows=() if link is not None and link.kept else tuple(self.rows(field, node, value, path)),
            grid=link,
            fixed_rows=field.fixed_rows,
            blank=None if field.fixed_rows or not self.grids else self.rows(field, node, value, path, [BLANK])[0],
            picks=self.picks(field),
        )

    def picks(self, field: Field) -> tuple[Mapping[str, str], ...]:
        """Return the rows to choose from, as text by column; rows whose first column is empty are left out."""
        if field.pick is None:
            return ()
        expression, fills = field.pick
        try:
            rows = self.reading.around.evaluate(expression, self.reading.names(None))
        except (ValueError, FunctionFailed):
            return ()
        found = [{name: str(row.get(of) or "") for name, of in fills.items()} for row in rows or ()]
        return tuple(each for each in found if each[next(iter(fills))])

    def grid_link(self, field: Field, node: Node, value: Any, path: str) -> GridLink | None:
        """Return the link to a table's grid; None if the table is short."""
        rows = len(value) if isinstance(value, list) else 0
        kept = keeps_rows(field, rows)
        if not (kept or field.fixed_rows or rows >= OFFERED_FROM):
            return None
        typed = [column.name for column in field.fields if not column.given]
        filled = sum(any(row[name].filled for name in typed) for row in node.rows())
        faults = [each for at, those in self.problems.items() if at.startswith(f"{path}.") for each in those]
        return GridLink(kept, rows, filled, tuple(faults[:SHOWN_FAULTS]), max(0, len(faults) - SHOWN_FAULTS))

    def rows(self, field: Field, node: Node, value: Any, path: str, only: Sequence[int] | None = None) -> list[RowView]:
        """Return the rows of a table, all or *only* some indexes: the posted rows, or blank ones at first."""
        known = value if isinstance(value, list) else []
        posted = self.reading.aligned.get(path) or node.rows()
        count = len(known) if field.fixed_rows else len(posted) or max(field.min_items, int(field.required))
        gettext, found = self.reading.around.gettext, []
        for n in range(count) if only is None else only:
            row = posted[n] if n < len(posted) else Node()
            here = f"{path}.{n}"
            if field.kind is Kind.TEXTS and field.item is not None:
                cells: tuple[FieldView, ...] = (self.field(field.item, row, None, here, in_row=True),)
                found.append(RowView(n, here, messages.row(n + 1, gettext), cells, None))
                continue
            values = known[n] if n < len(known) else {}
            locked = field.locks(values)
            columns = [
                replace(each, read_only=True) if locked or self.settled(field, each, here) else each
                for each in field.fields
            ]
            cells = tuple(
                self.field(each, row[each.name], values.get(each.name), f"{here}.{each.name}", in_row=True)
                for each in columns
            )
            held = values.get(field.row_key)
            key = None if held is None else (f"{here}.{field.row_key}", str(held))
            found.append(RowView(n, here, messages.row(n + 1, gettext), cells, key))
        return found

    def settled(self, table: Field, column: Field, row: str) -> bool:
        """Whether a column's condition fails in a *row* whatever is typed into the row."""
        causes = [table.field(one.cause or "") for each in column.when for one in each]
        return f"{row}.{column.name}" in self.reading.hidden and all(cause and cause.given for cause in causes)

    def options(self, field: Field, chosen: set[str]) -> tuple[OptionView, ...]:
        """Return the choices of a closed list or a people picker."""
        around = self.reading.around
        if field.kind in PERSONS:
            names = sorted(around.people(field.roles).items(), key=lambda item: (item[1], item[0]))
            return tuple(OptionView(id_, name, id_ in chosen) for id_, name in names)
        return tuple(
            OptionView(o.value, o.wording.of(around.locale), o.value in chosen, field.buttons.get(o.value, ""))
            for o in field.options
        )

    def words_of(self, alternatives: tuple[tuple[Condition, ...], ...], path: str) -> tuple[When, ...]:
        """Return the conditions of the first alternative, all of which must hold."""
        locale, gettext = self.reading.around.locale, self.reading.around.gettext
        found = []
        for condition in alternatives[0] if alternatives else ():
            if condition.cause is None:
                continue
            row = path.split(".")[:-1] if any(part.isdecimal() for part in path.split(".")) else []
            at = ".".join([*row, *condition.scope, condition.cause])
            cause = field_at(self.reading.tree, at)
            if cause is None:
                continue
            titles = {option.value: option.wording.of(locale) for option in cause.options}
            values = [CHECKED if value is True else str(value) for value in condition.values]
            said = gettext(" atau ").join(titles.get(value, value) for value in values)
            facts = {"cause": cause.wording.of(locale), "value": said}
            positive, negative = gettext("Isi bila %(cause)s: %(value)s"), gettext("Isi bila %(cause)s bukan %(value)s")
            text = (negative if condition.negated else positive) % facts
            found.append(When(text, at, tuple(values), condition.negated))
        return tuple(found)

    def files(self, ids: Sequence[str]) -> tuple[FileView, ...]:
        """Return the files of these *ids* that still exist."""
        known = self.reading.around.files
        return tuple(file_view(known[id_]) for id_ in dict.fromkeys(ids) if id_ in known)

    def text(self, field: Field, value: Any) -> str:
        """Return a value as text; people and files by name."""
        around = self.reading.around
        people = around.people(field.roles) if field.kind in PERSONS else {}
        return kinds.show(field, value, Known(around.locale, people, around.files))
