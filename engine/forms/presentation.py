"""What templates show of a form: fields to fill in, and values to read. Only text; templates decide nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from decimal import Decimal
from typing import Any

from engine.forms import messages, numbers
from engine.forms.field import NUMERIC, ROWS, Condition, Field, Kind, SigningField, Wording
from engine.forms.posted_entries import Node
from engine.forms.rules import rules_of
from engine.forms.submission import Reading, Surroundings, Unmet, kinds
from engine.forms.values import CHECKED
from engine.model import dates
from engine.model.errors import FieldError
from engine.model.work import Attachment

MOST_RADIOS = 7
MOST_INLINE = 120
"""The most cells to type into for which a form shows a table's rows itself, where there is a grid."""
OFFERED_FROM = 9
"""The rows from which on a table is offered as a grid, too."""
SHOWN_FAULTS = 5
"""How many faults of a table that is edited in the grid its form shows."""
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class OptionView:
    """One choice as shown."""

    value: str
    label: str
    chosen: bool
    verb: str = ""  # of a decision: what the completing button says then


@dataclass(frozen=True, slots=True)
class FileView:
    """One file that a field already holds."""

    id: str
    name: str
    size: str
    sha256: str
    media_type: str


@dataclass(frozen=True, slots=True)
class When:
    """Under which condition a field counts, in words, and for a script that reveals it."""

    text: str
    cause: str  # path of the deciding field; "" if the condition is about more than one
    answers: tuple[str, ...]  # values of the deciding field for which it counts (or, negated, does not)
    negated: bool


@dataclass(frozen=True, slots=True)
class RowView:
    """One row of a table."""

    index: int
    path: str
    label: str
    cells: tuple["FieldView", ...]
    key: tuple[str, str] | None  # (name, value) to post along: which prefilled row this is


@dataclass(frozen=True, slots=True)
class GridLink:
    """A table that has a page of its own; *kept*: edited there alone, and the form leaves its rows to the draft."""

    kept: bool
    rows: int
    filled: int
    faults: tuple[FieldError, ...] = ()  # the first of those in its rows
    more: int = 0  # how many more there are


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """One field as the page shows it."""

    path: str
    name: str
    kind: str
    label: str
    help: str | None
    required: bool
    given: bool = False  # shown as text: read-only or computed
    computed: bool = False
    shown: str = ""  # the value as text, where given
    source: str | None
    texts: tuple[str, ...] = ()  # as typed
    reading: str = ""  # how what was typed was read, where that may differ
    problems: tuple[FieldError, ...]
    notice: str = ""  # what deserves a second look, and is no error: a day on which the office is closed
    options: tuple[OptionView, ...] = ()
    fields: tuple["FieldView", ...] = ()
    columns: tuple["FieldView", ...] = ()  # of a table: labels and helps, no values
    rows: tuple[RowView, ...] = ()
    fixed_rows: bool = False
    min_rows: int = 0
    max_rows: int | None = None
    files: tuple[FileView, ...] = ()
    accept: str = ""
    kinds: str = ""
    max_size: str = ""  # in words
    max_bytes: int | None = None
    unit: str = ""
    max_length: int | None = None
    decision: bool = False
    when: tuple[When, ...] = ()
    needed: tuple[When, ...] = ()  # when it is required, if not always
    active: bool = True
    aside: bool = False
    shown_rows: tuple[tuple[str, ...], ...] = ()  # of a table that is only read
    signing: SigningField | None = None  # of a signature: what it signs
    grid: GridLink | None = None  # of a table that can be edited on a page of its own

    @property
    def id(self) -> str:
        """The element id of the field's (first) input; ``error_id`` and ``help_id`` follow from it."""
        return element_id(self.path)

    @property
    def text(self) -> str:
        """What was typed, of a field with one text."""
        return next((text for text in reversed(self.texts) if text), "")

    @property
    def checked(self) -> bool:
        """Whether a box is checked."""
        return CHECKED in self.texts

    @property
    def as_select(self) -> bool:
        """Whether a closed list is shown as a select."""
        return len(self.options) > MOST_RADIOS

    @property
    def can_add(self) -> bool:
        """Whether a row may be added."""
        return not self.fixed_rows and (self.max_rows is None or len(self.rows) < self.max_rows)

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


@dataclass(frozen=True, slots=True)
class Shown:
    """One value for reading: a label with text, a section with fields, or a table with rows."""

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
    key: int | None = None  # of a table, the place of the column that tells its rows apart

    @property
    def is_empty(self) -> bool:
        """Whether nobody filled it in."""
        return not (self.text or self.lines or self.rows or self.files or any(not f.is_empty for f in self.fields))


def element_id(path: str) -> str:
    """Return the id of the element that a path's error links to."""
    return "f-" + path.replace(".", "-")


# ── filling in ──────────────────────────────────────────────────────────────────────────────────────────────────────


def view_fields(reading: Reading, problems: Sequence[FieldError], *, grids: bool = False) -> tuple[FieldView, ...]:
    """Return the fields of a form that was read, with *problems* beside them; *grids*: long tables have a page."""
    by_path: dict[str, list[FieldError]] = {}
    for problem in problems:
        by_path.setdefault(problem.path, []).append(problem)
    viewer = Viewer(reading, by_path, grids)
    return tuple(
        viewer.field(each, reading.posted[each.name], reading.values.get(each.name), each.name) for each in reading.tree
    )


def echo(kind: Kind, text: str, around: Surroundings) -> FieldView:
    """Return how a text is read by a field of *kind*, as somebody types it."""
    field = Field("isian", kind, Wording(""), {})
    return view_fields(Reading((field,), rules_of(True), Node(below={field.name: Node([text])}), around), ())[0]


def only_read(field: Field) -> bool:
    """Whether nobody types anything into a field: it is given, or a table of fixed rows whose every column is."""
    if field.kind is Kind.TABLE and field.fixed_rows and all(each.given for each in field.fields):
        return True
    return field.given


def keeps_rows(field: Field, rows: int) -> bool:
    """Whether a table of so many rows is too long for its form, and is edited in the grid alone."""
    return field.kind is Kind.TABLE and rows * sum(not column.given for column in field.fields) > MOST_INLINE


@dataclass(frozen=True, slots=True)
class Viewer:
    """Makes views of the fields of a form that was read."""

    reading: Reading
    problems: Mapping[str, Sequence[FieldError]]
    grids: bool = False

    def field(self, field: Field, node: Node, value: Any, path: str, *, in_row: bool = False) -> FieldView:
        """Return one field."""
        if field.kind is Kind.SECTION:
            return self.section(field, node, value, path)
        if field.kind in ROWS and not only_read(field):
            return self.table(field, node, value, path)
        locale, files = self.reading.around.locale, self.reading.around.files
        given = only_read(field)
        chosen = set(node.texts) if not given else set()
        held = [files[id_] for id_ in dict.fromkeys(node.texts) if id_ in files]
        if field.kind is Kind.FILE:
            held = held[-1:]
        return FieldView(
            **self.basics(field, path),
            given=given,
            computed=field.computed is not None,
            shown=self.text(field, value) if given else "",
            texts=tuple(node.texts),
            reading="" if given or in_row else _reading(field, value, node, locale),
            notice="" if given or in_row else self.notice(field, value),
            options=() if given else self.options(field, chosen),
            files=() if given or field.kind not in (Kind.FILE, Kind.FILES) else tuple(map(_file, held)),
            accept=",".join(field.accept),
            kinds=kinds(field),
            max_size=messages.size(field.max_size) if field.max_size else "",
            max_bytes=field.max_size,
            unit=field.unit.of(locale) if field.unit else "",
            max_length=field.schema.get("maxLength"),
            decision=field.decision,
            columns=self.columns(field, path) if given and field.kind is Kind.TABLE else (),
            shown_rows=self.shown_rows(field, value) if given else (),
        )

    def notice(self, field: Field, value: Any) -> str:
        """Return what the office's calendar says of a day that it does not work on."""
        around = self.reading.around
        name = around.day_off(value) if field.kind is Kind.DATE and value is not None else None
        closed = around.gettext("kantor tutup") if name is not None else ""
        return f"{closed}: {name}" if name else closed

    def columns(self, field: Field, path: str) -> tuple[FieldView, ...]:
        """Return a table's columns: their words, without values."""
        return tuple(self.field(each, Node(), None, f"{path}.{each.name}") for each in field.fields)

    def shown_rows(self, field: Field, value: Any) -> tuple[tuple[str, ...], ...]:
        """Return the rows of a table that is only read, as text."""
        if field.kind is not Kind.TABLE or not isinstance(value, list):
            return ()
        return tuple(tuple(self.text(each, row.get(each.name)) for each in field.fields) for row in value)

    def source(self, field: Field) -> str | None:
        """Return where a value comes from that the person does not type."""
        around = self.reading.around
        if field.source is None and field.number is not None:
            return around.gettext("Nomor diberikan saat langkah ini diselesaikan.")
        return field.source.of(around.locale) if field.source else None

    def basics(self, field: Field, path: str) -> dict[str, Any]:
        """Return what every kind of field shows."""
        locale = self.reading.around.locale
        return {
            "path": path,
            "name": field.name,
            "kind": field.kind.value,
            "label": field.wording.of(locale),
            "help": field.help.of(locale) if field.help else None,
            "required": self.reading.needs(field) or (field.kind is Kind.BOOLEAN and field.schema.get("const") is True),
            "needed": self.words_of(field.needed, path),
            "source": self.source(field),
            "problems": tuple(self.problems.get(path, ())),
            "when": self.words_of(field.when, path),
            "active": path not in self.reading.hidden,
            "aside": field.aside,
        }

    def section(self, field: Field, node: Node, value: Any, path: str) -> FieldView:
        """Return a section with its fields."""
        inner = value if isinstance(value, Mapping) else {}
        return FieldView(
            **self.basics(field, path),
            signing=field.signing,
            fields=tuple(
                self.field(each, node[each.name], inner.get(each.name), f"{path}.{each.name}") for each in field.fields
            ),
        )

    def table(self, field: Field, node: Node, value: Any, path: str) -> FieldView:
        """Return a table, or a list of text as a table with one column."""
        columns = field.fields if field.kind is Kind.TABLE else (field.item,) if field.item else ()
        link = self.grid_link(field, node, value, path) if self.grids and field.kind is Kind.TABLE else None
        return FieldView(
            **self.basics(field, path),
            columns=tuple(self.field(each, Node(), None, f"{path}.{each.name}") for each in columns),
            rows=() if link is not None and link.kept else tuple(self.rows(field, node, value, path)),
            grid=link,
            fixed_rows=field.fixed_rows,
            min_rows=field.min_items,
            max_rows=field.max_items,
        )

    def grid_link(self, field: Field, node: Node, value: Any, path: str) -> GridLink | None:
        """Return how a table's own page is offered."""
        rows = len(value) if isinstance(value, list) else 0
        kept = keeps_rows(field, rows)
        if not (kept or field.fixed_rows or rows >= OFFERED_FROM):
            return None
        typed = [column.name for column in field.fields if not column.given]
        filled = sum(any(row[name].filled for name in typed) for row in node.rows())
        faults = [each for at, those in self.problems.items() if at.startswith(f"{path}.") for each in those]
        return GridLink(kept, rows, filled, tuple(faults[:SHOWN_FAULTS]), max(0, len(faults) - SHOWN_FAULTS))

    def rows(self, field: Field, node: Node, value: Any, path: str, only: Sequence[int] | None = None) -> list[RowView]:
        """Return the rows of a table: those posted, or blank ones to begin with; *only* some of them."""
        posted, known = node.rows(), value if isinstance(value, list) else []
        count = len(known) if field.fixed_rows else len(posted)
        if not count and not field.fixed_rows:
            count = max(field.min_items, int(field.required))
        gettext, found = self.reading.around.gettext, []
        for n in range(count) if only is None else only:
            row = posted[n] if n < len(posted) else Node()
            here = f"{path}.{n}"
            if field.kind is Kind.TEXTS and field.item is not None:
                cells: tuple[FieldView, ...] = (self.field(field.item, row, None, here, in_row=True),)
                found.append(RowView(n, here, messages.row(n + 1, gettext), cells, None))
                continue
            values = known[n] if n < len(known) else {}
            if field.fixed_rows and field.key:
                wanted = str(values.get(field.key))
                row = next((each for each in posted if wanted in each[field.key].texts), Node())
            locked = field.locks(values)
            columns = [replace(each, read_only=True) for each in field.fields] if locked else field.fields
            cells = tuple(
                self.field(each, row[each.name], values.get(each.name), f"{here}.{each.name}", in_row=True)
                for each in columns
            )
            key = None
            keyed = field.field(field.key) if field.key else None
            if keyed is not None and keyed.given and values.get(keyed.name) is not None:
                key = (f"{here}.{keyed.name}", str(values[keyed.name]))
            found.append(RowView(n, here, messages.row(n + 1, gettext), cells, key))
        return found

    def options(self, field: Field, chosen: set[str]) -> tuple[OptionView, ...]:
        """Return the choices of a closed list or a people picker."""
        locale = self.reading.around.locale
        if field.kind in (Kind.PERSON, Kind.PEOPLE):
            names = self.reading.people(field.roles)
            return tuple(
                OptionView(id_, name, id_ in chosen)
                for id_, name in sorted(names.items(), key=lambda item: (item[1], item[0]))
            )
        return tuple(
            OptionView(o.value, o.wording.of(locale), o.value in chosen, field.buttons.get(o.value, ""))
            for o in field.options
        )

    def words_of(self, alternatives: tuple[tuple[Condition, ...], ...], path: str) -> tuple[When, ...]:
        """Return conditions in words: the first alternative's, all of which must hold."""
        locale, gettext = self.reading.around.locale, self.reading.around.gettext
        found = []
        for condition in alternatives[0] if alternatives else ():
            if condition.cause is None:
                continue
            names = (*condition.scope, condition.cause)
            cause, fields = None, self.reading.tree
            row = [] if not _in_row(path) else path.split(".")[:-1]
            if row:
                fields = _columns(self.reading.tree, row)
            for name in names:
                cause = next((each for each in fields if each.name == name), None)
                fields = cause.fields if cause else ()
            if cause is None:
                continue
            titles = {option.value: option.wording.of(locale) for option in cause.options}
            values = [CHECKED if value is True else str(value) for value in condition.values]
            said = gettext(" atau ").join(titles.get(value, value) for value in values)
            facts = {"cause": cause.wording.of(locale), "value": said}
            text = (
                gettext("Isi bila %(cause)s bukan %(value)s")
                if condition.negated
                else gettext("Isi bila %(cause)s: %(value)s")
            )
            found.append(When(text % facts, ".".join([*row, *names]), tuple(values), condition.negated))
        return tuple(found)

    def files(self, ids: Sequence[str]) -> tuple[FileView, ...]:
        """Return the files that a cell holds."""
        known = self.reading.around.files
        return tuple(_file(known[id_]) for id_ in dict.fromkeys(ids) if id_ in known)

    def text(self, field: Field, value: Any) -> str:
        """Return a value as text, people and files by their names."""
        around = self.reading.around
        people = dict(self.reading.people(field.roles)) if field.kind in (Kind.PERSON, Kind.PEOPLE) else {}
        if field.kind is Kind.TABLE:
            return "; ".join(
                ", ".join(_text(c, row.get(c.name), around.locale, people) for c in field.fields) for row in value or ()
            )
        return _text(field, value, around.locale, people, around.files)


def _in_row(path: str) -> bool:
    return any(part.isdecimal() for part in path.split("."))


def _columns(fields: Sequence[Field], row: Sequence[str]) -> tuple[Field, ...]:
    found: tuple[Field, ...] = tuple(fields)
    for name in row:
        if not name.isdecimal():
            found = next((each.fields for each in found if each.name == name), ())
    return found


def _reading(field: Field, value: Any, node: Node, locale: str) -> str:
    """Return how a text was read, where a person may doubt it."""
    if value is None or not node.filled:
        return ""
    if field.kind is Kind.DATE:
        return dates.write_weekday(value, locale)
    if field.kind is Kind.TIME:
        return dates.write_time(value)
    if field.kind is Kind.MONEY and abs(value) >= _MILLION:
        return f"Rp{numbers.write(value)} ({_round_money(value)})"
    return numbers.write(value) if field.kind in NUMERIC - {Kind.INTEGER} else ""


def _round_money(value: Decimal) -> str:
    for step, word in ((_MILLION**2, "triliun"), (_MILLION * 1000, "miliar"), (_MILLION, "juta")):
        if abs(value) >= step:
            return f"{numbers.write((value / step).quantize(Decimal('0.01')).normalize())} {word}"
    return numbers.write(value)


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def show(
    fields: Sequence[Field],
    values: Mapping[str, Any],
    locale: str,
    people: Mapping[str, str],
    files: Mapping[str, Attachment],
    path: str = "",
) -> tuple[Shown, ...]:
    """Return typed values with their labels; a conditional field that nobody filled in is left out."""
    found = []
    for each in fields:
        value = values.get(each.name)
        if value is None and each.conditional:
            continue
        found.append(_shown(each, value, locale, people, files, f"{path}{each.name}"))
    return tuple(found)


def _shown(
    field: Field, value: Any, locale: str, people: Mapping[str, str], files: Mapping[str, Attachment], path: str
) -> Shown:
    label = field.wording.of(locale)
    match field.kind:
        case Kind.SECTION:
            inner = show(field.fields, value or {}, locale, people, files, f"{path}.")
            return Shown(path, field.kind.value, label, fields=inner)
        case Kind.TABLE:
            rows = tuple(
                tuple(_shown(c, row.get(c.name), locale, people, files, f"{path}.{n}.{c.name}") for c in field.fields)
                for n, row in enumerate(value or ())
            )
            return Shown(
                path,
                field.kind.value,
                label,
                columns=tuple(c.wording.of(locale) for c in field.fields),
                numeric=tuple(c.kind in NUMERIC for c in field.fields),
                rows=rows,
                key=next((place for place, c in enumerate(field.fields) if c.name == field.key), None),
            )
        case Kind.FILE | Kind.FILES:
            ids = [] if not value else [value] if isinstance(value, str) else value
            return Shown(path, field.kind.value, label, files=tuple(_file(files[id_]) for id_ in ids if id_ in files))
        case Kind.TEXTS | Kind.CHOICES | Kind.PEOPLE:
            lines = tuple(_one(field, item, people, locale) for item in value or ())
            return Shown(path, field.kind.value, label, lines=lines)
    return Shown(path, field.kind.value, label, text=_text(field, value, locale, people))


def _text(
    field: Field, value: Any, locale: str, people: Mapping[str, str], files: Mapping[str, Attachment] | None = None
) -> str:
    """Return a value as people of the office write it."""
    match value:
        case None:
            return ""
        case bool():
            return {"id": ("Ya", "Tidak"), "en": ("Yes", "No")}.get(locale, ("Ya", "Tidak"))[not value]
        case int() | Decimal():
            written = numbers.write(Decimal(value), grouped=not field.names)
            if field.kind is Kind.MONEY:
                return f"Rp{written}"
            if field.kind is Kind.PERCENT:
                return f"{written}%"
            return f"{written} {field.unit.of(locale)}" if field.unit else written
        case date():
            return dates.write_date(value, locale)
        case time():
            return dates.write_time(value)
        case list() | tuple():
            return "; ".join(_text(field, item, locale, people, files) for item in value)
        case Mapping():
            return ""
    if files and str(value) in files:
        return files[str(value)].name
    return _one(field, str(value), people, locale)


def _one(field: Field, item: str, people: Mapping[str, str], locale: str) -> str:
    """Return one text, choice or person as read."""
    if field.kind in (Kind.PERSON, Kind.PEOPLE):
        return people.get(item, item)
    return next((option.wording.of(locale) for option in field.options if option.value == item), item)


def _file(file: Attachment) -> FileView:
    return FileView(file.id, file.name, messages.size(file.size), file.sha256, file.media_type)
