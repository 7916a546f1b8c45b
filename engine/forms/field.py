"""What one field of a form is: its kind, its words, its rules. Read from a schema once, never changed."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

VERBS = ("setujui", "kembalikan", "ajukan", "tandatangani", "paraf", "selesaikan")
"""What the button that completes a step may say. A closed list: the pages know each word and its translation."""

REGISTER = re.compile(r"""\bregister\(["']([a-z][a-z0-9_]*)["']\)""")
RETURNS = "kembalikan"  # the verb of a decision that sends work back


class Kind(StrEnum):
    """The kinds of fields, by what a person does with them."""

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

    __hash__ = str.__hash__  # an enumeration's own is written in Python, and sets of kinds are asked for every field


NUMERIC = frozenset({Kind.NUMBER, Kind.INTEGER, Kind.MONEY, Kind.PERCENT})
MANY = frozenset({Kind.CHOICES, Kind.FILES, Kind.PEOPLE})
"""Kinds whose value is a list that is posted under one name."""
ROWS = frozenset({Kind.TABLE, Kind.TEXTS})
MOST_ROWS = 2_000
"""Kinds whose value is a list that is posted under numbered names."""
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
"""What a form may say of the berkas that is made of a completed instance, and by which kinds of fields."""
FILING = ("place", "filedOn", "filedBy")
"""Without these no instance is completed: where the manual copy stands, since when, who filed it."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The same words in Indonesian and, if somebody wrote them, in English."""

    id: str
    en: str | None = None

    def of(self, locale: str) -> str:
        """Return the words for a reader of *locale*; Indonesian where there are no others."""
        return self.en if locale == "en" and self.en else self.id


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a closed list."""

    value: str
    wording: Wording


@dataclass(frozen=True, slots=True)
class Condition:
    """An ``if`` of the schema: it holds where the object at *scope* fits *test* (or, *negated*, does not)."""

    scope: tuple[str, ...]
    test: Callable[[Any], bool] = field(compare=False)
    negated: bool
    cause: str | None  # the field whose value decides, if the condition is about one field
    values: tuple[Any, ...]  # values of the cause for which the condition's test holds

    def holds(self, instance: Any) -> bool:
        """Whether the condition holds for *instance*, the object its scope starts at."""
        for name in self.scope:
            instance = instance.get(name, {}) if isinstance(instance, Mapping) else {}
        return self.test(instance) is not self.negated


@dataclass(frozen=True, slots=True)
class FieldCheck:
    """An expression that must be true once the field is filled in, and what is said if it is not."""

    expression: str
    wording: Wording


@dataclass(frozen=True, slots=True)
class Numbering:
    """Which series a field's number is taken from, and the expressions of its pattern and of its letter's date."""

    series: str
    pattern: str
    date: str | None  # None: the day on which it is issued


@dataclass(frozen=True, slots=True)
class SigningField:
    """What a signature signs: documents as they stand, or, if *own*, at least one that this form itself yields."""

    documents: tuple[str, ...]
    own: bool  # one of them does not exist yet while the form is filled in, so no file of it can be handed over
    later: bool  # a file may be handed over after the step was completed


@dataclass(frozen=True, slots=True)
class VerifiedTable:
    """How a table's rows are verified: the column that decides, what it says of both outcomes, the column of why."""

    column: str
    accept: str
    refuse: str
    note: str | None = None
    holder: str | None = None  # the column that says whose row it is
    changed: str | None = None  # the column that says what changed since the row was verified


@dataclass(frozen=True)
class Field:
    """One field, section or table of a form; what is asked of it at every reading is found out once."""

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
    number: Numbering | None = None  # x-number: taken when the step is completed
    checks: tuple[FieldCheck, ...] = ()
    options: tuple[Option, ...] = ()
    fields: tuple["Field", ...] = ()  # of a section, or a table's columns
    when: tuple[tuple[Condition, ...], ...] = ()  # shown if all conditions of one alternative hold; always, if none
    needed: tuple[tuple[Condition, ...], ...] = ()  # outside of rows: required if all of one alternative hold
    item: "Field | None" = None  # what a list of text repeats
    decision: bool = False
    buttons: Mapping[str, str] = field(default_factory=dict)
    unit: Wording | None = None
    roles: tuple[str, ...] = ()  # of whom a person is one; empty: anybody in a lane
    accept: tuple[str, ...] = ()  # file name endings, with the point
    max_size: int | None = None
    key: str | None = None  # the column that tells prefilled rows apart
    fixed_rows: bool = False  # the rows are those of x-default: none is added, removed or moved
    locked: str | None = None  # the column that says of a row, if true, that nobody types into it
    aside: bool = False  # a column that only explains its row: folded away until somebody asks
    signing: SigningField | None = None  # of a section that is a signature: its fields are "mode" and "file"
    verify: VerifiedTable | None = None  # of a table whose rows are accepted or returned
    return_reason: bool = False
    archive: str | None = None  # what the field says of the berkas: a word of ARCHIVE
    source: Wording | None = None  # where a prefilled value comes from
    messages: Mapping[str, Wording] = field(default_factory=dict)

    @cached_property
    def given(self) -> bool:
        """Whether the value never comes from what was posted."""
        return self.read_only or self.computed is not None or self.number is not None

    def locks(self, row: Mapping[str, Any]) -> bool:
        """Whether nobody types into this *row* of the table: it stays what its default says."""
        return self.locked is not None and row.get(self.locked) is True

    @property
    def conditional(self) -> bool:
        """Whether the field is shown only under a condition."""
        return bool(self.when)

    @cached_property
    def names(self) -> bool:
        """Whether a number is a name, such as a year, whose thousands nobody separates."""
        return self.kind is Kind.INTEGER and self.schema.get("maximum", 10_000) < 10_000

    @cached_property
    def registers(self) -> tuple[str, ...]:
        """The registers that the field's default reads."""
        return tuple(dict.fromkeys(REGISTER.findall(self.default or "")))

    @cached_property
    def min_items(self) -> int:
        """The fewest items of a list."""
        return min(int(self.schema.get("minItems", 0)), MOST_ROWS)  # a form of an earlier version may ask for more

    @cached_property
    def wants_items(self) -> bool:
        """Whether a list here or below must hold something."""
        return any(each.kind in LISTS and each.min_items for _, each in self.walk())

    @cached_property
    def takes_defaults(self) -> bool:
        """Whether some value here or below never comes from what was posted, and so may be a default's."""
        return any(each.given or each.fixed_rows for _, each in self.walk())

    @cached_property
    def is_conditional(self) -> bool:
        """Whether something here or below is shown only under a condition."""
        return any(each.conditional for _, each in self.walk())

    @cached_property
    def is_computed(self) -> bool:
        """Whether something here or below is computed."""
        return any(each.computed for _, each in self.walk())

    @cached_property
    def is_checked(self) -> bool:
        """Whether something here or below has a check of its own."""
        return any(each.checks for _, each in self.walk())

    @property
    def max_items(self) -> int | None:
        """The most items of a list."""
        most = self.schema.get("maxItems")
        return None if most is None else int(most)

    def field(self, name: str) -> "Field | None":
        """Return the field *name* of a section, or a table's column."""
        return next((each for each in self.fields if each.name == name), None)

    def walk(self, path: str = "") -> Iterator[tuple[str, "Field"]]:
        """Return this field and every one below with its path; rows of a table stand as ``[]``."""
        path = f"{path}.{self.name}" if path else self.name
        yield path, self
        for each in self.fields:
            yield from each.walk(f"{path}[]" if self.kind is Kind.TABLE else path)
