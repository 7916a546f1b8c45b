"""A form, as services and pages use it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from engine.forms import grids as tables
from engine.forms import kinds, presentation
from engine.forms import values as typed_values
from engine.forms.defaults import CORRECTED, Defaults, Evaluate
from engine.forms.field import PERSONS, RETURNS, ROWS, Field, Kind, Wording, field_at
from engine.forms.handling import Known, encode
from engine.forms.json_input import Posting
from engine.forms.messages import Gettext
from engine.forms.parts import Part, read_parts
from engine.forms.posted_entries import Node, compact, flat, is_index, node_at, tree, with_rows
from engine.forms.presentation import FormView
from engine.forms.rules import Rules
from engine.forms.shown import Shown, show
from engine.forms.submission import Reading, Surroundings
from engine.model.bounds import bounded
from engine.model.errors import FieldError, InvalidForm, NotFound
from engine.model.signatures import Mode
from engine.model.work import Attachment

Entries = Mapping[str, Sequence[str]]
Answer = tuple[Shown, bool]
"""A row of a part's summary: the answer, and whether people may change it."""


@dataclass(frozen=True)
class Form:
    """A form of a step or of a procedure's start; made by ``engine.forms.loading.load``."""

    id: str
    wording: Wording
    help: Wording | None
    rules: Rules
    tree: tuple[Field, ...]

    # ── its fields ──────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all top-level fields."""
        return frozenset(field.name for field in self.tree)

    @cached_property
    def objects(self) -> tuple[str, ...]:
        """The names of all top-level sections; one that a data object shares is a document."""
        return tuple(field.name for field in self.tree if field.kind is Kind.SECTION and field.signing is None)

    @cached_property
    def asks_people(self) -> bool:
        """Whether some field lets people choose a person."""
        return any(field.kind in PERSONS and not field.given for _, field in self.every_field())

    @cached_property
    def decision(self) -> str | None:
        """The path of the decision: the field whose value relabels the completing button."""
        return next((path for path, field in self.every_field() if field.decision), None)

    @cached_property
    def buttons(self) -> Mapping[str, str]:
        """The label of the completing button (engine.forms.field.VERBS) by choice of the decision."""
        return next((field.buttons for _, field in self.every_field() if field.decision), {})

    @cached_property
    def signatures(self) -> tuple[tuple[str, Field], ...]:
        """Every signature of the form, with its path."""
        return tuple((path, field) for path, field in self.every_field() if field.signing is not None)

    @cached_property
    def signs(self) -> bool:
        """Whether an account may sign with the form. With ink alone, the paper names the signer."""
        ways = (inner.options for _, field in self.signatures for inner in field.fields if inner.name == "mode")
        return any(option.value != Mode.WET for each in ways for option in each)

    @cached_property
    def numbered(self) -> bool:
        """Whether some field gets a letter number when the step is completed."""
        return any(field.number for _, field in self.every_field())

    @cached_property
    def archive(self) -> Mapping[str, tuple[str, Field]]:
        """The fields that hold archive details, with their paths, by key of engine.forms.field.ARCHIVE."""
        return {field.archive: (path, field) for path, field in self.every_field() if field.archive}

    @cached_property
    def expressions(self) -> tuple[tuple[str, str], ...]:
        """Every expression of the form as (path of its field, text)."""
        found = []
        for path, field in self.every_field():
            number = (field.number.pattern, field.number.date) if field.number else ()
            number = (*number, field.pick[0]) if field.pick else number
            texts = (
                field.default,
                field.computed,
                field.derived,
                field.decimals,
                *number,
                *(check.expression for check in field.checks),
            )
            found += [(path, text) for text in texts if text is not None]
        return tuple(found)

    def every_field(self) -> Iterator[tuple[str, Field]]:
        """Yield every field with its path, in the order of the page."""
        for field in self.tree:
            yield from field.walk()

    # ── filling in ──────────────────────────────────────────────────────────────────────────────────────────────────

    @bounded()
    def prefill(self, context: Mapping[str, Any], evaluate: Evaluate) -> dict[str, list[str]]:
        """Return the defaults as texts by path; one that cannot be evaluated is empty."""
        return self.entries(self._begun(context, evaluate))

    def entries(self, values: Mapping[str, Any]) -> dict[str, list[str]]:
        """Return typed values as the texts that a person would have posted."""
        return typed_values.entries_of(self.tree, values)

    @bounded()
    def fields(
        self, entries: Entries, problems: Sequence[FieldError], around: Surroundings, *, grids: bool = False
    ) -> FormView:
        """Return what the templates show: every field with its labels, what was typed into it, and its errors.

        With *grids*, long tables are edited on a page of their own and not shown in full, and a long form has parts.
        """
        reading = self.read(entries, around)
        return FormView(
            id=self.id,
            title=self.wording.of(around.locale),
            help=self.help.of(around.locale) if self.help else None,
            fields=presentation.view_fields(reading, problems, grids=grids),
            unmet=reading.unmet() if any(field.registers for field in self.tree) else (),
            decision=self.decision,
            buttons=self.buttons,
            parts=read_parts(reading) if grids else (),
        )

    @bounded()
    def accept(self, entries: Entries, around: Surroundings) -> dict[str, Any]:
        """Return the typed values of what was posted; InvalidForm carries every error and the entries as typed."""
        reading = self.read(entries, around, drop_blank=True)
        errors = reading.errors()
        if errors:
            raise InvalidForm(errors, flat(reading.posted))
        return reading.values

    def table(self, path: str) -> Field:
        """Return the table at *path* that people fill in; NotFound for anything else."""
        return tables.table_at(self.tree, path)

    @bounded()
    def read(self, entries: Entries, around: Surroundings, *, drop_blank: bool = False) -> Reading:
        """Read what was posted; *drop_blank* leaves out rows into which nobody typed."""
        posted = compact(self.tree, tree(entries), drop_blank=drop_blank)
        return Reading(self.tree, self.rules, posted, around)

    def posted(self, values: Mapping[str, Any], locale: str, gettext: Gettext) -> dict[str, list[str]]:
        """Return JSON by field as entries; InvalidForm lists unknown fields and values of a wrong type.

        Numbers may be int, Decimal or text with a decimal point. Values of read-only fields are ignored.
        """
        posting = Posting(locale, gettext)
        posting.post(self.tree, values)
        if posting.errors:
            raise InvalidForm(posting.errors, posting.entries)
        return posting.entries

    @bounded()
    def begins_with(self, context: Mapping[str, Any], evaluate: Evaluate) -> dict[str, Any]:
        """Return the defaults as JSON by field."""
        return self.encode(self._begun(context, evaluate))

    def _begun(self, context: Mapping[str, Any], evaluate: Evaluate) -> dict[str, Any]:
        defaults, said = Defaults(context, evaluate), context.get(CORRECTED, {})
        return {field.name: defaults.of(field, said.get(field.name)) for field in self.tree}

    def with_row(self, entries: Entries, deed: str, place: str) -> dict[str, list[str]]:
        """Return the entries with a table's row added ("tambah"), removed ("hapus") or moved ("naik", "turun").

        *place* is the path of the table ("tambah") or of the row. A move stops at both ends of the table.
        """
        if deed == "tambah":
            return with_rows(entries, place, [*self._rows(entries, place), Node([""])])
        path, _, index = place.rpartition(".")
        if not is_index(index):
            raise NotFound(place)
        rows, n = self._rows(entries, path), int(index)
        if n < len(rows):
            row = rows.pop(n)
            if deed != "hapus":
                rows.insert(max(n - 1, 0) if deed == "naik" else n + 1, row)
        return with_rows(entries, path, rows)

    def _rows(self, entries: Entries, path: str) -> list[Node]:
        """Return the posted rows of a table to which people add rows; NotFound for anything else."""
        found = field_at(self.tree, path)
        if found is None or found.kind not in ROWS or found.fixed_rows or found.given:
            raise NotFound(path)
        return node_at(tree(entries), path).rows()

    # ── values ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def encode(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return typed values as JSON: numbers, dates and times as text."""
        return {name: encode(value) for name, value in values.items()}

    def decode(self, jsonable: Mapping[str, Any]) -> dict[str, Any]:
        """Return typed values from JSON; *jsonable* may hold only some of the top-level fields."""
        return kinds.decode(self.tree, jsonable)

    def returns(self, values: Mapping[str, Any]) -> bool:
        """Whether the decision in *values* sends work back."""
        return self.buttons.get(str(typed_values.value_at(values, self.decision))) == RETURNS

    def return_reason(self, values: Mapping[str, Any]) -> str | None:
        """Return the reason for sending work back."""
        found = typed_values.value_at(values, self._return_reason_at)
        return found if isinstance(found, str) else None

    @cached_property
    def _return_reason_at(self) -> str | None:
        return next((path for path, field in self.every_field() if field.return_reason), None)

    # ── for readers ─────────────────────────────────────────────────────────────────────────────────────────────────

    def show(
        self, values: Mapping[str, Any], locale: str, people: Mapping[str, str], files: Mapping[str, Attachment]
    ) -> tuple[Shown, ...]:
        """Return typed values with their labels, for readers; *people* maps ids to names."""
        return show(self.tree, values, Known(locale, people, files))

    def answers(self, reading: Reading, people: Mapping[str, str]) -> tuple[tuple[Part, tuple[Answer, ...]], ...]:
        """Return each part with its answers; *people* are names by id."""
        around = reading.around
        shown = self.show(reading.values, around.locale, people, around.files)
        return tuple(
            (part, tuple(self._answer(each, reading) for each in part.answers(shown))) for part in read_parts(reading)
        )

    def _answer(self, shown: Shown, reading: Reading) -> Answer:
        """Return an answer: as typed if it has no value; of a table in a grid, only the number of rows."""
        field, gettext = field_at(self.tree, shown.path), reading.around.gettext
        if shown.is_empty and field and not field.given and (typed := node_at(reading.posted, shown.path).last):
            shown = replace(shown, text=f"⚠ {typed}")
        if field is None or not presentation.keeps_rows(field, len(shown.rows)):
            return shown, field is not None and not presentation.only_read(field)
        return replace(shown, rows=(), text=gettext("%(n)s baris") % {"n": len(shown.rows)}), True

    def show_part(
        self,
        data_object_id: str,
        content: Mapping[str, Any],
        locale: str,
        people: Mapping[str, str],
        files: Mapping[str, Attachment],
    ) -> tuple[Shown, ...]:
        """Return the typed content of a document with its labels; a document of parts has a section for each part."""
        field = next((each for each in self.tree if each.name == data_object_id), None)
        fields, known = field.fields if field else (), Known(locale, people, files)
        if set(content) != {"bagian"}:
            return show(fields, content, known)
        return tuple(
            Shown(at, Kind.SECTION.value, people.get(item, item), fields=show(fields, part, known, f"{at}."))
            for item, part in content["bagian"].items()
            for at in [f"bagian.{item}"]
        )
