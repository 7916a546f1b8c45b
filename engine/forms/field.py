"""A field of a form: its kind, labels and rules. Read from the schema once and never changed."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

VERBS = ("setujui", "kembalikan", "ajukan", "tandatangani", "paraf", "selesaikan")
"""Labels of the button that completes a step. The list is closed because pages translate each label."""

REGISTER = re.compile(r"""\bregister\(["']([a-z][a-z0-9_]*)["']\)""")
RETURNS = "kembalikan"  # the verb of a decision that sends work back


class Kind(StrEnum):
    """The kind of a field, by what a person does with it."""

    SECTION = "section"
    TABLE = "table"
    TEXTS = "texts"
    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    INTEGER = "integer"
    MONEY = "money"
    PERCENT = "percent"
    DATE = "date"
    TIME = "time"
    CHOICE = "choice"
    CHOICES = "choices"
    BOOLEAN = "boolean"
    FILE = "file"
    FILES = "files"
    PERSON = "person"
    PEOPLE = "people"

    __hash__ = str.__hash__  # faster than that of Enum, which is written in Python; every field looks up sets of kinds


NUMERIC = frozenset({Kind.NUMBER, Kind.INTEGER, Kind.MONEY, Kind.PERCENT})
MANY = frozenset({Kind.CHOICES, Kind.FILES, Kind.PEOPLE})
"""Kinds whose value is a list, posted under one name."""
FILES = frozenset({Kind.FILE, Kind.FILES})
PERSONS = frozenset({Kind.PERSON, Kind.PEOPLE})
ROWS = frozenset({Kind.TABLE, Kind.TEXTS})
"""Kinds whose value is a list, posted under numbered names."""
MOST_ROWS = 2_000
LISTS = MANY | ROWS
ARCHIVE: Mapping[str, frozenset[Kind]] = {
    "place": frozenset({Kind.SECTION}),
    "filedOn": frozenset({Kind.DATE}),
    "filedBy": frozenset({Kind.PERSON}),
    "classification": frozenset({Kind.TEXT, Kind.CHOICE}),
    "level": frozenset({Kind.TEXT, Kind.CHOICE}),
    "security": frozenset({Kind.TEXT, Kind.CHOICE}),
    "activeRetention": frozenset({Kind.INTEGER}),
    "inactiveRetention": frozenset({Kind.INTEGER}),
    "disposition": frozenset({Kind.TEXT, Kind.CHOICE}),
}
"""Archive details that a form may ask for, each with the kinds of fields that can hold it."""
FILING = ("place", "filedOn", "filedBy")
"""Archive details that completing an instance requires: where the paper copy is stored, since when, who filed it."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A text in Indonesian and, if the author translated it, in English."""

    id: str
    en: str | None = None

    def of(self, locale: str) -> str:
        """Return the text in *locale*; in Indonesian if there is no translation."""
        return self.en if locale == "en" and self.en else self.id


@dataclass(frozen=True, slots=True)
class Option:
    """A choice of a closed list."""

    value: str
    wording: Wording


@dataclass(frozen=True, slots=True)
class Condition:
    """An ``if`` of the schema: it holds if the object at *scope* passes *test* (or, if *negated*, fails it)."""

    scope: tuple[str, ...]
    test: Callable[[Any], bool] = field(compare=False)
    negated: bool
    cause: str | None  # the field whose value decides, if the condition is about one field
    values: tuple[Any, ...]  # values of the cause for which the condition's test holds

    def holds(self, instance: Any) -> bool:
        """Whether the condition holds for *instance*, the object at which the scope starts."""
        for name in self.scope:
            instance = instance.get(name, {}) if isinstance(instance, Mapping) else {}
        return self.test(instance) is not self.negated


@dataclass(frozen=True, slots=True)
class FieldCheck:
    """An expression that must be true of a filled-in field, and the message if it is not."""

    expression: str
    wording: Wording


@dataclass(frozen=True, slots=True)
class Numbering:
    """Where a field's letter number comes from: the series, and expressions for the pattern and the letter's date."""

    series: str
    pattern: str
    date: str | None  # None: the day of issue
    about: str | None = None  # path of the field with the subject of the letter
    to: str | None = None  # path of the field with its recipient


@dataclass(frozen=True, slots=True)
class SigningField:
    """The documents that a signature signs."""

    documents: tuple[str, ...]
    own: bool  # this form makes one of them, so that no signed file can be uploaded while it is filled in
    later: bool  # the signed file may be uploaded after the step is completed


@dataclass(frozen=True, slots=True)
class VerifiedTable:
    """How the rows of a table are verified: the column of the decision, its two values, and further columns."""

    column: str
    accept: str
    refuse: str
    note: str | None = None  # the column of the reason
    holder: str | None = None  # the column of the person whose row it is
    changed: str | None = None  # the column of the changes since the row was verified


def _here_or_below(test: Callable[["Field"], bool]) -> "cached_property[bool]":
    """Return a property that says whether *test* holds for the field or one below it."""
    return cached_property(lambda field: any(test(each) for _, each in field.walk()))


@dataclass(frozen=True)
class Field:
    """A field, section or table of a form."""

    name: str
    kind: Kind
    wording: Wording
    schema: Mapping[str, Any] = field(repr=False)
    help: Wording | None = None
    required: bool = False
    read_only: bool = False
    default: str | None = None  # x-default
    constant: Any = None  # default
    computed: str | None = None  # x-computed
    derived: str | None = None  # x-derived: computed if the expression gives a value, typed otherwise
    decimals: str | None = None  # x-decimals: expression; the number is stored with so many decimals
    number: Numbering | None = None  # x-number: taken when the step is completed
    checks: tuple[FieldCheck, ...] = ()
    options: tuple[Option, ...] = ()
    fields: tuple["Field", ...] = ()  # of a section, or a table's columns
    groups: tuple[tuple[Wording, tuple[str, ...]], ...] = ()  # ui:groups of a section: title and field names of each
    when: tuple[tuple[Condition, ...], ...] = ()  # shown if all of one alternative hold, or if there are none
    needed: tuple[tuple[Condition, ...], ...] = ()  # outside of rows: required if all of one alternative hold
    item: "Field | None" = None  # of a list of texts
    decision: bool = False
    buttons: Mapping[str, str] = field(default_factory=dict)
    unit: Wording | None = None
    roles: tuple[str, ...] = ()  # of the people to choose from; empty: anybody in a lane
    accept: tuple[str, ...] = ()  # file name endings, with the dot
    max_size: int | None = None  # of a file, in bytes
    key: str | None = None  # the column that identifies prefilled rows
    fixed_rows: bool = False  # the rows are those of x-default: none is added, removed or moved
    locked: str | None = None  # the boolean column that makes a row read-only
    pick: tuple[str, Mapping[str, str]] | None = (
        None  # x-pick: expression for the rows to choose from, and which of their names fills which column
    )
    evidence: str | None = None  # the column with files about a table's rows, "document.table.column", by the same key
    aside: bool = False  # a column that only explains its row: folded away
    signing: SigningField | None = None  # of a signature: a section with the fields "mode" and "file"
    verify: VerifiedTable | None = None  # of a table whose rows are accepted or returned
    return_reason: bool = False
    archive: str | None = None  # the archive detail that the field holds: a key of ARCHIVE
    source: Wording | None = None  # where a prefilled value comes from
    messages: Mapping[str, Wording] = field(default_factory=dict)

    @cached_property
    def given(self) -> bool:
        """Whether the value is never taken from the post."""
        return self.read_only or self.computed is not None or self.number is not None

    def locks(self, row: Mapping[str, Any]) -> bool:
        """Whether this *row* of the table is read-only and keeps its default."""
        return self.locked is not None and row.get(self.locked) is True

    @property
    def conditional(self) -> bool:
        """Whether the field is shown only under a condition."""
        return bool(self.when)

    @cached_property
    def grouped(self) -> bool:
        """Whether thousands of a number are separated: not in a small whole number, such as a year."""
        return self.kind is not Kind.INTEGER or self.schema.get("maximum", 10_000) >= 10_000

    @cached_property
    def registers(self) -> tuple[str, ...]:
        """The registers that the field's default reads."""
        return tuple(dict.fromkeys(REGISTER.findall(self.default or "")))

    @cached_property
    def min_items(self) -> int:
        """The least number of items of a list."""
        return min(int(self.schema.get("minItems", 0)), MOST_ROWS)  # forms of earlier versions may ask for more

    wants_items = _here_or_below(lambda each: each.kind in LISTS and each.min_items > 0)
    takes_defaults = _here_or_below(lambda each: each.given or each.fixed_rows)
    is_conditional = _here_or_below(lambda each: each.conditional)
    is_computed = _here_or_below(lambda each: each.computed is not None or each.derived is not None)
    is_rounded = _here_or_below(lambda each: each.decimals is not None)
    is_checked = _here_or_below(lambda each: bool(each.checks))

    @cached_property
    def row_key(self) -> str | None:
        """The column that identifies the rows of a table, unless people type it."""
        column = self.field(self.key) if self.key else None
        return column.name if column is not None and column.given else None

    @property
    def max_items(self) -> int | None:
        """The greatest number of items of a list; None if there is no limit."""
        most = self.schema.get("maxItems")
        return None if most is None else int(most)

    def takes_more(self, rows: int) -> bool:
        """Whether a row may be added to a table of so many *rows*."""
        return not self.fixed_rows and (self.max_items is None or rows < self.max_items)

    def field(self, name: str) -> "Field | None":
        """Return the field *name* of a section, or the column of a table."""
        return next((each for each in self.fields if each.name == name), None)

    def walk(self, path: str = "") -> Iterator[tuple[str, "Field"]]:
        """Yield the path of this field and of every field below, each with its field; ``[]`` stands for rows."""
        path = f"{path}.{self.name}" if path else self.name
        yield path, self
        for each in self.fields:
            yield from each.walk(f"{path}[]" if self.kind is Kind.TABLE else path)


def field_at(fields: Iterable[Field], path: str) -> Field | None:
    """Return the field at *path*, in whichever row; None if there is none."""
    found = None
    for name in path.split("."):
        found = next((each for each in fields if each.name == name), None)
        if found is not None:
            fields = found.fields
        elif not name.isdecimal():
            return None
    return found
