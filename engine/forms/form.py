"""One form: what services and pages ask of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.forms import grids as tables
from engine.forms import presentation
from engine.forms import values as typed_values
from engine.forms.defaults import CORRECTED, Defaults, Evaluate
from engine.forms.field import RETURNS, ROWS, Field, Kind, Wording
from engine.forms.json_input import Posting
from engine.forms.messages import Gettext
from engine.forms.posted_entries import Node, compact, flat, tree, with_rows
from engine.forms.presentation import FormView, Shown
from engine.forms.rules import Rules
from engine.forms.submission import Reading, Surroundings
from engine.model.bounds import bounded
from engine.model.errors import FieldError, InvalidForm, NotFound, there
from engine.model.work import Attachment

Entries = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Form:
    """A form of a step or of a procedure's start; made by ``engine.forms.loading.load``."""

    id: str
    wording: Wording
    help: Wording | None
    rules: Rules
    tree: tuple[Field, ...]

    # ── what it asks ────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def names(self) -> frozenset[str]:
        """Every top-level field."""
        return frozenset(field.name for field in self.tree)

    @cached_property
    def objects(self) -> tuple[str, ...]:
        """The top-level sections: those that a data object is named like are documents."""
        return tuple(field.name for field in self.tree if field.kind is Kind.SECTION and field.signing is None)

    @cached_property
    def asks_people(self) -> bool:
        """Whether some field asks for a person; one that only shows a person does not."""
        return any(field.kind in (Kind.PERSON, Kind.PEOPLE) and not field.given for _, field in self.every_field())

    @cached_property
    def decision(self) -> str | None:
        """The path of the field whose value relabels the completing button."""
        return next((path for path, field in self.every_field() if field.decision), None)

    @cached_property
    def buttons(self) -> Mapping[str, str]:
        """Choice of the decision -> verb of the completing button (engine.forms.field.VERBS)."""
        return next((field.buttons for _, field in self.every_field() if field.decision), {})

    @cached_property
    def signatures(self) -> tuple[tuple[str, Field], ...]:
        """Every signature that the form asks for, with its path."""
        return tuple((path, field) for path, field in self.every_field() if field.signing is not None)

    @cached_property
    def numbered(self) -> bool:
        """Whether some field takes a number when the step is completed."""
        return any(field.number for _, field in self.every_field())

    @cached_property
    def archive(self) -> Mapping[str, tuple[str, Field]]:
        """The fields that say something of the berkas, with their paths, by word (engine.forms.field.ARCHIVE)."""
        return {field.archive: (path, field) for path, field in self.every_field() if field.archive}

    @cached_property
    def expressions(self) -> tuple[tuple[str, str], ...]:
        """Every expression of the form as (path of its field, text)."""
        found = []
        for path, field in self.every_field():
            number = (field.number.pattern, field.number.date) if field.number else ()
            texts = (field.default, field.computed, *number, *(check.expression for check in field.checks))
            found += [(path, text) for text in texts if text is not None]
        return tuple(found)

    def every_field(self) -> Iterator[tuple[str, Field]]:
        """Return every field with its path, as they stand on the page."""
        for field in self.tree:
            yield from field.walk()

    # ── filling in ──────────────────────────────────────────────────────────────────────────────────────────────────

    @bounded()
    def prefill(self, context: Mapping[str, Any], evaluate: Evaluate) -> dict[str, list[str]]:
        """Return what the form begins with, as texts; what cannot be evaluated begins empty."""
        defaults, said = Defaults(context, evaluate), context.get(CORRECTED, {})
        return self.entries({field.name: defaults.of(field, said.get(field.name)) for field in self.tree})

    def entries(self, values: Mapping[str, Any]) -> dict[str, list[str]]:
        """Return typed values as the texts that a person would have posted."""
        return typed_values.entries_of(self.tree, values)

    @bounded()
    def fields(
        self, entries: Entries, problems: Sequence[FieldError], around: Surroundings, *, grids: bool = False
    ) -> FormView:
        """Return what the templates show: every field with its words, what was typed into it, and what is wrong.

        With *grids* long tables have a page of their own and are not shown whole.
        """
        posted = compact(self.tree, tree(entries), drop_blank=False)
        reading = Reading(self.tree, self.rules, posted, around)
        return FormView(
            id=self.id,
            title=self.wording.of(around.locale),
            help=self.help.of(around.locale) if self.help else None,
            fields=presentation.view_fields(reading, problems, grids=grids),
            unmet=reading.unmet() if any(field.registers for field in self.tree) else (),
            decision=self.decision,
            buttons=self.buttons,
        )

    @bounded()
    def accept(self, entries: Entries, around: Surroundings) -> dict[str, Any]:
        """Return the typed values of what was posted; InvalidForm carries every error, and the entries as typed."""
        posted = compact(self.tree, tree(entries), drop_blank=True)
        reading = Reading(self.tree, self.rules, posted, around)
        errors = reading.errors()
        if errors:
            raise InvalidForm(errors, flat(posted))
        return reading.values

    def table(self, path: str) -> Field:
        """Return the table at *path* that somebody fills in; NotFound for anything else."""
        return tables.table_at(self.tree, path)

    @bounded()
    def read(self, entries: Entries, around: Surroundings) -> Reading:
        """Return what was posted as it is read, for ``engine.forms.grids``."""
        posted = compact(self.tree, tree(entries), drop_blank=False)
        return Reading(self.tree, self.rules, posted, around)

    def posted(self, values: Mapping[str, Any], locale: str, gettext: Gettext) -> dict[str, list[str]]:
        """Return JSON by field as entries; InvalidForm names each field that there is not, or that holds another type.

        Numbers may be int, Decimal or text with a decimal point; read-only fields are let pass and not taken.
        """
        posting = Posting(locale, gettext)
        posting.post(self.tree, values)
        if posting.errors:
            raise InvalidForm(posting.errors, posting.entries)
        return posting.entries

    @bounded()
    def begins_with(self, context: Mapping[str, Any], evaluate: Evaluate) -> dict[str, Any]:
        """Return what the form begins with, as JSON by field."""
        defaults, said = Defaults(context, evaluate), context.get(CORRECTED, {})
        return self.encode({field.name: defaults.of(field, said.get(field.name)) for field in self.tree})

    def add_row(self, entries: Entries, path: str) -> dict[str, list[str]]:
        """Return the entries with an empty row at the end of the table at *path*."""
        return with_rows(entries, path, [*self._rows(entries, path), Node([""])])

    def remove_row(self, entries: Entries, path: str, index: int) -> dict[str, list[str]]:
        """Return the entries without row *index* of the table at *path*."""
        rows = self._rows(entries, path)
        return with_rows(entries, path, [row for n, row in enumerate(rows) if n != index])

    def move_row(self, entries: Entries, path: str, index: int, by: int) -> dict[str, list[str]]:
        """Return the entries with row *index* moved *by* places, as far as there are any."""
        rows = self._rows(entries, path)
        target = min(max(index + by, 0), len(rows) - 1)
        if index < len(rows):
            rows.insert(target, rows.pop(index))
        return with_rows(entries, path, rows)

    def with_row(self, entries: Entries, deed: str, place: str) -> dict[str, list[str]]:
        """Return the entries with a table's row added ("tambah"), removed ("hapus") or moved ("naik", "turun")."""
        if deed == "tambah":
            return self.add_row(entries, place)
        path, _, index = place.rpartition(".")
        if not index.isdecimal() or len(index) > 6:
            raise NotFound(place)
        if deed == "hapus":
            return self.remove_row(entries, path, int(index))
        return self.move_row(entries, path, int(index), -1 if deed == "naik" else 1)

    def _rows(self, entries: Entries, path: str) -> list[Node]:
        """Return the posted rows of a table whose rows a person may change; NotFound for anything else."""
        node, fields, found = tree(entries), self.tree, None
        for name in path.split("."):
            found = there(next((field for field in fields if field.name == name), None), path)
            node, fields = node[name], found.fields if found.kind is Kind.SECTION else ()
        if found is None or found.kind not in ROWS or found.fixed_rows or found.given:
            raise NotFound(path)
        return node.rows()

    # ── values ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def encode(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return typed values as JSON: numbers, dates and times as text."""
        return {name: typed_values.encode(value) for name, value in values.items()}

    def decode(self, jsonable: Mapping[str, Any]) -> dict[str, Any]:
        """Return typed values from JSON; *jsonable* may hold only some of the top-level fields."""
        return typed_values.decode(self.tree, jsonable)

    def returns(self, values: Mapping[str, Any]) -> bool:
        """Whether the decision in *values* sends work back."""
        return self.buttons.get(str(_at(values, self.decision))) == RETURNS

    def return_reason(self, values: Mapping[str, Any]) -> str | None:
        """Return the value of the field that says why work is sent back."""
        found = _at(values, self._return_reason_at)
        return found if isinstance(found, str) else None

    @cached_property
    def _return_reason_at(self) -> str | None:
        return next((path for path, field in self.every_field() if field.return_reason), None)

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def show(
        self, values: Mapping[str, Any], locale: str, people: Mapping[str, str], files: Mapping[str, Attachment]
    ) -> tuple[Shown, ...]:
        """Return typed values with their labels, for reading; *people* are names by id."""
        return presentation.show(self.tree, values, locale, people, files)

    def show_part(
        self,
        data_object_id: str,
        content: Mapping[str, Any],
        locale: str,
        people: Mapping[str, str],
        files: Mapping[str, Attachment],
    ) -> tuple[Shown, ...]:
        """Return the typed content of one document with its labels; of one made of parts, a section for each part."""
        field = next((each for each in self.tree if each.name == data_object_id), None)
        fields = field.fields if field else ()
        if set(content) != {"bagian"}:
            return presentation.show(fields, content, locale, people, files)
        return tuple(
            Shown(
                f"bagian.{item}",
                Kind.SECTION.value,
                people.get(item, item),
                fields=presentation.show(fields, part, locale, people, files, f"bagian.{item}."),
            )
            for item, part in content["bagian"].items()
        )


def _at(values: Any, path: str | None) -> Any:
    """Return the value at *path*; None if there is none."""
    for name in path.split(".") if path else ():
        values = values.get(name) if isinstance(values, Mapping) else None
    return values if path else None
