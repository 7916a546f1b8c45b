"""Deployed versions as services use them: outline, forms and the executor's definition, read once per process.

A version never changes after its deployment, so it is cached until the process ends. The files come from the database,
so any worker on any machine can run it.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property, partial
from typing import Any

from engine.bpmn import expression
from engine.bpmn.decisions import decide
from engine.bpmn.definition import Definition
from engine.bpmn.executor import Executor
from engine.bpmn.flow_graph import following
from engine.forms.field import FILING, Wording
from engine.forms.form import Form
from engine.forms.rules import rules_of
from engine.model.archives import ARCHIVE_FORM, Place
from engine.model.calendar import OfficeCalendar
from engine.model.errors import there
from engine.model.process import ProcessModel, UserTask
from engine.model.work import DefinitionRecord, DocumentVersion
from engine.service.procedures.files import PARTS, read_forms
from engine.service.procedures.functions import Functions
from engine.store.queries import Transaction, definitions


@dataclass(frozen=True, slots=True)
class Language:
    """The language of error messages for a person."""

    locale: str
    gettext: Callable[[str], str]


INDONESIAN = Language("id", str)
Entries = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Values:
    """A program's values for a form: JSON by field, with numbers as int, Decimal or text."""

    json: Mapping[str, Any]


def entries_of(form: Form, sent: Entries | Values, words: Language) -> Entries:
    """Return the input for *form* as posted entries; InvalidForm if *sent* does not match the form."""
    return form.posted(sent.json, words.locale, words.gettext) if isinstance(sent, Values) else sent


@dataclass(frozen=True)
class Procedure:
    """One version of a procedure: the outline of its diagram, its forms by id, and its files."""

    record: DefinitionRecord
    outline: ProcessModel
    forms: Mapping[str, Form]
    definition: Definition
    files: Mapping[str, bytes]
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)  # of its functions.py, and putusan
    roles: dict[str, str] = field(default_factory=dict)  # overridden roles by element, as last read

    @property
    def xml(self) -> bytes:
        """The BPMN diagram."""
        return self.files[f"processes/{self.outline.process_id}/{self.outline.process_id}.bpmn"]

    @cached_property
    def archives(self) -> bool:
        """Whether a completed instance is archived: some form asks for the place of the manual copy."""
        return any(FILING[0] in form.archive for form in self.forms.values())

    @property
    def archivist(self) -> str | None:
        """The role that files the paper copy after the last step; None if a step asks for its place."""
        return self.outline.archivist if ARCHIVE_FORM in self.forms else None

    @cached_property
    def place_labels(self) -> Mapping[str, Wording]:
        """Labels of the parts of a manual copy's place, in the order of the form."""
        asked = [form.archive["place"][1] for form in self.forms.values() if "place" in form.archive]
        return {each.name: each.wording for field in asked[:1] for each in field.fields}

    def place_in_words(self, place: Place) -> tuple[tuple[Wording, str], ...]:
        """Return the parts of a place with their labels."""
        known = [name for name in self.place_labels if name in place.parts]
        others = [name for name in place.parts if name not in self.place_labels]
        return tuple((self.place_labels.get(name) or Wording(name), place.parts[name]) for name in (*known, *others))

    def following(self, at: Iterable[UserTask]) -> tuple[UserTask, ...]:
        """Return the steps that may come next after *at*, except by ways back."""
        steps, ways = {step.element_id: step for step in self.outline.tasks}, self.definition.course
        found = {
            step.number: step
            for one in at
            for step in map(steps.__getitem__, following(ways, one.element_id, steps))
            if step.number > one.number
        }
        return tuple(found[number] for number in sorted(found))

    def form_of(self, element_id: str) -> Form:
        """Return the form of a step or the start event; an empty one for a manual task without a form."""
        if element_id == self.outline.start_event:
            return self.forms[element_id]
        step = self.outline.task(element_id)
        if step.form not in self.forms and self.definition.kinds[element_id] != "userTask":
            return Form(step.form, Wording(step.name, step.name_en), None, rules_of({"type": "object"}), ())
        return self.forms[step.form]

    def content_of(self, version: DocumentVersion) -> Any:
        """Return a version's typed values: a mapping, or {"bagian": {item: mapping}} for a document of parts."""
        form, id_ = self.form_of(version.element_id), version.data_object_id
        if version.parts:
            return {PARTS: {part.item: form.decode({id_: json.loads(part.content)})[id_] for part in version.parts}}
        return form.decode({id_: json.loads(version.content)})[id_]


@dataclass(frozen=True)
class Procedures:
    """Finds versions of procedures by id, and reads each at most once."""

    executor: Executor
    own_functions: Functions
    _known: dict[str, Procedure] = field(default_factory=dict)

    def of(self, tx: Transaction, definition_id: str) -> Procedure:
        """Return the version *definition_id*; NotFound if there is none."""
        known = self._known.get(definition_id)
        if known is not None:
            return known
        record = there(definitions.by_id(tx, definition_id), definition_id)
        procedure = self.read(record, definitions.files(tx, definition_id))
        return self._known.setdefault(definition_id, procedure)

    def in_force(self, tx: Transaction, process_id: str) -> Procedure:
        """Return the version for new instances; NotFound if none is deployed."""
        record = there(definitions.latest(tx, process_id), process_id)
        return self.as_recorded(tx, record)

    def as_recorded(self, tx: Transaction, record: DefinitionRecord) -> Procedure:
        """Return the version of *record*, with its facts instead of cached ones: it may be confirmed since."""
        found = self.of(tx, record.id)
        return found if found.record == record else replace(found, record=record)

    def read(self, record: DefinitionRecord, files: Mapping[str, bytes]) -> Procedure:
        """Return the procedure in *files*; InvalidProcedure with every finding."""
        definition = self.executor.definition(record.content_hash, record.process_id, lambda: files)
        own = self.own_functions.of(record.process_id, files)
        functions: dict[str, Callable[..., Any]] = {**own, "putusan": partial(decide, definition.tables, own)}
        forms = read_forms(record.process_id, files, deployed=True)
        return Procedure(record, definition.outline, forms, definition, files, functions)


def evaluator(functions: Mapping[str, Callable[..., Any]]) -> Callable[[str, Mapping[str, Any]], Any]:
    """Return the function with which forms evaluate ``x-default`` and ``x-computed`` expressions."""

    def evaluate(text: str, names: Mapping[str, Any]) -> Any:
        return expression.compile(text).evaluate(names, functions)

    return evaluate


def calendar_functions(calendar: OfficeCalendar, now: datetime) -> dict[str, Callable[..., Any]]:
    """Return the calendar functions of expressions."""

    def hari_kerja(count: Any) -> datetime:
        """The instant *count* working days from now."""
        return calendar.due(now, f"P{int(count)}D").astimezone(calendar.zone)

    def hari_kerja_sesudah(day: date, count: Any) -> date:
        """The *count*-th working day after *day*."""
        return calendar.working_days_after(day, int(count))

    return {"hari_kerja": hari_kerja, "hari_kerja_sesudah": hari_kerja_sesudah}
