"""Starting an instance: whether it can start, its form, the start itself; also of one that corrects another."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from engine.bpmn import expression
from engine.forms.defaults import GIVEN_NAMES
from engine.forms.form import Form
from engine.forms.submission import Surroundings, Unmet
from engine.model.errors import Conflict, FieldError, InvalidForm, NotReady, stated, there
from engine.model.history import GENESIS, Action, HistoryEvent
from engine.model.people import Actor
from engine.model.process import InstanceStatus, Lane, ProcessModel, UserTask
from engine.model.work import InstanceRecord
from engine.service.office.registers import RegisterSummary
from engine.service.papers import corrections
from engine.service.papers.corrections import COUNTING
from engine.service.people.permissions import acting, may_start, permit_starting
from engine.service.procedures.procedure import INDONESIAN, Entries, Language, Procedure, Values, entries_of, evaluator
from engine.service.work import transitions
from engine.service.work.transitions import Moves
from engine.store.queries import Transaction, definitions, documents, instances, people
from engine.store.queries.people import Members
from engine.store.retrying import retried


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a step would be due if the instance began now and everyone took the whole standard time."""

    step: UserTask
    lane: Lane
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether an instance could start now, and what the page shows beside the start form."""

    procedure: Procedure
    form: Form
    entries: Entries
    lanes: tuple[tuple[str, str, Mapping[str, str]], ...]  # role, lane's name, active members
    missing: tuple[tuple[str, str, str], ...]  # ("lane", role, lane's name)
    forecast: tuple[Forecast, ...]
    context: Mapping[str, Any]
    functions: Mapping[str, Callable[..., Any]]  # what the form's expressions call
    sources: tuple[RegisterSummary, ...]  # registers that its first steps need

    def accept(self, entries: Entries, words: Language) -> dict[str, Any]:
        """Return the typed values of the start form; InvalidForm names every error."""
        return self.form.accept(entries, _around(self.context, self.functions, words))


@dataclass(frozen=True)
class Starts(Moves):
    """How instances are started."""

    def startable(self, actor: Actor) -> tuple[Procedure, ...]:
        """Return the procedures that the actor may start."""
        with self.database.read() as reader:
            every = [self.procedures.of(reader, record.id) for record in definitions.all_latest(reader)]
        return tuple(p for p in every if may_start(actor, p))

    def readiness(self, actor: Actor, process_id: str, now: datetime, entries: Entries | None = None) -> Readiness:
        """Return whether an instance could start now: its form, its lanes' people, its expected schedule."""
        today = self.office.today(now)
        with self.database.read() as reader:
            procedure = self.procedures.in_force(reader, process_id)
            members = people.members(reader, today)
        permit_starting(actor, procedure)
        outline, form = procedure.outline, procedure.form_of(procedure.outline.start_event)
        context = {"hari_ini": today, "pelaku": actor.person_id, "butir": None, "jatuh_tempo": None}
        functions = self.office.functions(procedure, now)
        asked = (id_ for each in _at_start(procedure) for field in each.tree for id_ in field.registers)
        return Readiness(
            procedure=procedure,
            form=form,
            entries=form.prefill(context, evaluator(functions)) if entries is None else entries,
            lanes=tuple((lane.role, lane.name, members.get(lane.role, {})) for lane in outline.lanes),
            missing=_lacking(outline, members),
            forecast=self._forecast(outline, now),
            context=context,
            functions=functions,
            sources=self.office.registers.sources(actor, asked, today),
        )

    def unmet(self, actor: Actor, process_id: str, sent: Entries, now: datetime, words: Language) -> tuple[Unmet, ...]:
        """Return what steps would need that no register holds yet, as a warning; InvalidForm as in ``start``."""
        ready = self.readiness(actor, process_id, now, {})
        values = ready.accept(sent, words)
        functions = self.office.functions(ready.procedure, now, _refers_to(ready, values))
        around = _around({**ready.context, **values}, functions, words)
        found: list[Unmet] = []
        for form in _at_start(ready.procedure):
            begun = form.prefill(around.context, around.evaluate)
            found += form.read(begun, around).unmet()
        return tuple(found)

    def start(
        self,
        actor: Actor,
        process_id: str,
        entries: Entries | Values,
        now: datetime,
        *,
        words: Language = INDONESIAN,
        corrects: Mapping[str, Any] | None = None,
    ) -> str:
        """Start an instance; return its id. NotPermitted, InvalidForm, NotReady, Conflict("duplicate") say why not."""
        ready = self.readiness(actor, process_id, now, {})
        procedure, outline, record = ready.procedure, ready.procedure.outline, ready.procedure.record
        values = ready.accept(entries_of(ready.form, entries, words), words)
        title = outline.name if outline.title is None else str(_said(outline.title, ready, values))
        title, id_ = f"Ralat: {title}" if corrects else title, str(uuid.uuid4())
        key = None if (said := _said(outline.key, ready, values)) is None else str(said)
        reference = _refers_to(ready, values)
        needed = {k: v for k, v in values.items() if k in outline.needed_names}
        step = self.executor.start(procedure.definition, id_, needed, now, functions=ready.functions)
        encoded = ready.form.encode(values)
        change: dict[str, Any] = {"title": title, "key": key, "reference_date": reference, "values": encoded}
        change |= {"definition": record.id, "version": record.version, "content_hash": record.content_hash}
        change |= {"passed": transitions.passed_change(step), **({"corrects": corrects} if corrects else {})}
        role = next((each for each in outline.starters if actor.has(each)), None)
        head = transitions.ExpectedRevision(id_, 1, 0, GENESIS, None, InstanceStatus.RUNNING, has_timers=False)
        with self._unique(process_id, key), self.database.write(actor, now) as work:
            members = people.members(work, self.office.today(now), [lane.role for lane in outline.lanes])
            if lacking := _lacking(outline, members):
                raise NotReady(lacking)
            if corrects:
                corrections.begin(work, corrects, id_)
            self._refuse_duplicate(work, process_id, key)
            facts = {"instance_key": key, "reference_date": reference, "title": title, "corrects": corrects}
            instances.add(work, id_, record, encoded, step_count=len(outline.tasks), **facts)
            transitions.write_step(
                work,
                procedure,
                head,
                step,
                [HistoryEvent(Action.INSTANCE_STARTED, outline.start_event, change=change)],
                self.office.calendar(),
                held=acting(actor, role) if role else None,
                lane=outline.lane_of_role(role).name if role else "",
            )
        self.executor.keep(step, 2)
        return id_

    def correctable(self, actor: Actor, instance_id: str) -> tuple[InstanceRecord, Procedure]:
        """Return an instance that the actor may correct, and the version to do it by; raises NotPermitted, Conflict."""
        with self.database.read() as reader:
            record = there(instances.seen(reader, actor, instance_id), instance_id)
            procedure = self.procedures.in_force(reader, record.process_id)
            permit_starting(actor, procedure)
            corrections.refuse(reader, record)
        return record, procedure

    @retried
    def correct(self, actor: Actor, instance_id: str, chosen: Sequence[str], reason: str, now: datetime) -> str:
        """Start the correction of the *chosen* documents, with the same start values; return its id. InvalidForm."""
        record, procedure = self.correctable(actor, instance_id)
        with self.database.read() as reader:
            start, standing = self.procedures.of(reader, record.definition_id), documents.current(reader, instance_id)
        wrong = [v for id_, v in sorted(standing.items()) if id_ in chosen and v.status in COUNTING]
        yielded = {id_ for form in procedure.forms.values() for id_ in form.objects}
        faults = [FieldError("dokumen", v.name, "", "not_yielded") for v in wrong if v.data_object_id not in yielded]
        faults += [] if wrong else [FieldError("dokumen", "documents", "", "required")]
        try:
            reason = stated(reason)
        except InvalidForm as invalid:
            faults += invalid.errors
        if faults:
            raise InvalidForm(faults, {})
        form = start.form_of(start.outline.start_event)
        corrects = {"instance": instance_id, "documents": [v.data_object_id for v in wrong], "reason": reason}
        return self.start(actor, record.process_id, form.entries(form.decode(record.values)), now, corrects=corrects)

    def fields(self, ready: Readiness, entries: Entries, problems: Sequence[FieldError], words: Language) -> Any:
        """Return the tree of fields that the start form's template shows."""
        return ready.form.fields(entries, problems, _around(ready.context, ready.functions, words))

    @contextmanager
    def _unique(self, process_id: str, key: str | None) -> Iterator[None]:
        """Name the holder of the key in the Conflict also when the database's index refused the row."""
        try:
            yield
        except Conflict as conflict:
            if conflict.reason == "duplicate" and "instance_id" not in conflict.facts:
                with self.database.read() as reader:
                    self._refuse_duplicate(reader, process_id, key)
            raise

    def _refuse_duplicate(self, tx: Transaction, process_id: str, key: str | None) -> None:
        other = instances.by_key(tx, process_id, key) if key is not None else None
        if other is not None:
            raise Conflict("duplicate", at=other.started_at, instance_id=other.id, title=other.title)

    def _forecast(self, outline: ProcessModel, now: datetime) -> tuple[Forecast, ...]:
        calendar, at, found = self.office.calendar(), now, []
        for step in outline.tasks:
            due_at = calendar.due(at, step.standard_time) if step.standard_time else None
            at = due_at or at
            found.append(Forecast(step, outline.lane_of_role(step.role), due_at))
        return tuple(found)


def _at_start(procedure: Procedure) -> Iterator[Form]:
    """Return the forms that show register rows which depend only on what is known at the start."""
    known = procedure.form_of(procedure.outline.start_event).names | GIVEN_NAMES
    for form in map(procedure.form_of, (step.element_id for step in procedure.outline.tasks)):
        if any(f.registers and expression.compile(f.default or "").names <= known for f in form.tree):
            yield form


def _lacking(outline: ProcessModel, members: Members) -> tuple[tuple[str, str, str], ...]:
    """Return the lanes in which nobody works, as ("lane", role, name)."""
    return tuple(("lane", lane.role, lane.name) for lane in outline.lanes if not members.get(lane.role))


def _said(text: str | None, ready: Readiness, values: Mapping[str, Any]) -> Any:
    return None if text is None else expression.compile(text).evaluate(values, ready.functions)


def _refers_to(ready: Readiness, values: Mapping[str, Any]) -> date | None:
    """Return the day as of which an instance reads registers, if its procedure names one."""
    found = _said(ready.procedure.outline.reference_date, ready, values)
    return found if isinstance(found, date) else None


def _around(context: Mapping[str, Any], functions: Mapping[str, Any], words: Language) -> Surroundings:
    """Return the surroundings of a form before there is an instance: no people to choose, no files."""
    return Surroundings(context, evaluator(functions), lambda role: {}, {}, words.locale, words.gettext)
