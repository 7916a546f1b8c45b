"""Process instances: whether one can start, starting it, lists, one instance's page, suspend, resume, terminate."""

import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from engine.bpmn import expression
from engine.bpmn.waits import may_wait
from engine.forms.defaults import GIVEN_NAMES
from engine.forms.field import Wording
from engine.forms.form import Form
from engine.forms.submission import Surroundings, Unmet
from engine.model.errors import Conflict, FieldError, InvalidForm, NotPermitted, NotReady, stated, there
from engine.model.history import GENESIS, Action, HistoryEvent
from engine.model.people import Actor, OfficeRole
from engine.model.process import DONE, OVER, DueTimer, InstanceStatus, Lane, ProcessModel, UserTask, Wait
from engine.model.work import (
    Clock,
    DocumentTask,
    DocumentVersion,
    IncidentRecord,
    InstanceRecord,
    TaskRecord,
    TaskStatus,
)
from engine.service.office.registers import RegisterSummary
from engine.service.papers import corrections
from engine.service.papers import letter_numbers as numbers
from engine.service.papers.corrections import COUNTING
from engine.service.papers.documents import voided
from engine.service.people.permissions import acting, refuse_archived
from engine.service.procedures.procedure import (
    INDONESIAN,
    Entries,
    Language,
    Procedure,
    Values,
    entries_of,
    evaluator,
)
from engine.service.work import transitions
from engine.service.work.deadlines import clock_of
from engine.service.work.transitions import Moves
from engine.store.queries import (
    Transaction,
    archives,
    definitions,
    document_tasks,
    documents,
    histories,
    instances,
    messages,
    office,
    people,
    tasks,
)
from engine.store.queries.instances import InstanceFilter
from engine.store.queries.people import Members
from engine.store.retrying import retried
from engine.store.unit_of_work import Work, update_instance

__all__ = ["InstanceFilter", "InstanceList", "InstancePage", "Instances", "ListedInstance", "Readiness", "StepView"]

PAGE = 50
WHOLE = "multiInstance"


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a step would be due if everyone took the whole standard time, begun now."""

    step: UserTask
    lane: Lane
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether an instance could start now, and what the page beside the start form shows."""

    procedure: Procedure
    form: Form
    entries: Mapping[str, Sequence[str]]
    lanes: tuple[tuple[str, str, Mapping[str, str]], ...]  # role, lane's name, active members
    missing: tuple[tuple[str, str, str], ...]  # ("lane", role, lane's name)
    forecast: tuple[Forecast, ...]
    context: Mapping[str, Any]
    sources: tuple[RegisterSummary, ...]  # what registers must say before its first steps can be completed


@dataclass(frozen=True, slots=True)
class ListedInstance:
    """An instance in a list, with where it stands."""

    record: InstanceRecord
    process: ProcessModel
    open_tasks: tuple[TaskRecord, ...]
    step: UserTask | None  # the first open step
    all_of_step: int  # how often a multi-instance step is open
    clock: Clock | None
    overdue: bool
    papers: tuple[DocumentTask, ...]  # what its documents wait for
    awaits: tuple[tuple[str, str | None], ...]  # names of where it waits for time or messages, not for people


@dataclass(frozen=True, slots=True)
class InstanceList:
    """One page of instances."""

    items: tuple[ListedInstance, ...]
    more: bool
    page: int
    processes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Pass:
    """An earlier pass of a step, with those of its tasks that the newest pass does not show."""

    number: int
    tasks: tuple[TaskRecord, ...]
    late: int


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of an instance: how often it was passed, who has it, when it was done, in which time."""

    step: UserTask
    lane: Lane
    state: str  # "not_begun", "active", "done", "not_taken", "cancelled", "incident"
    passes: int
    tasks: tuple[TaskRecord, ...]  # of the newest pass; of each item of a multi-instance step, its newest
    clocks: Mapping[str, Clock]  # by task id, of every pass
    earlier: tuple[Pass, ...]  # newest first; every task of the step stands here or in *tasks*, once
    done: int
    total: int
    people: Mapping[str, str]
    documents: tuple[DocumentVersion, ...]
    forecast_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class InstancePage:
    """One instance: where it is, who has it, what exists."""

    record: InstanceRecord
    procedure: Procedure
    steps: tuple[StepView, ...]
    current: tuple[StepView, ...]
    open_tasks: tuple[TaskRecord, ...]
    following: tuple[UserTask, ...]
    documents: tuple[DocumentVersion, ...]  # newest version of each
    numbers: Mapping[str, str]  # of letters, by data object
    all_documents: tuple[DocumentVersion, ...]
    incidents: tuple[IncidentRecord, ...]
    timers: tuple[DueTimer, ...]
    comments: tuple[tuple[str, datetime, str], ...]
    names: Mapping[str, str]
    passes: Mapping[str, int]  # element_id -> how often it was passed
    flows: Mapping[str, int]  # sequence flow -> how often it was taken
    waits: tuple[Wait, ...]  # for what else than people, since when and until when
    overdue: bool
    returned: frozenset[str]  # element ids of open steps that were sent back
    sent_back_to: Mapping[datetime, int]  # when somebody sent work back -> the first step that opened again by it
    may_terminate: bool
    line_count: int
    start_values: Mapping[str, Any]
    papers: tuple[DocumentTask, ...]  # what its documents wait for
    mine: tuple[DocumentTask, ...]  # of that, what who asks may do
    place: tuple[tuple[Wording, str], ...]  # of an archived one: where its manual copy stands, by the form's labels
    linked: Mapping[str, InstanceRecord]  # what it corrects and what corrects it, by id, if the actor may see them
    may_correct: bool


@dataclass(frozen=True)
class Instances(Moves):
    """What people may ask about process instances."""

    # ── starting ────────────────────────────────────────────────────────────────────────────────────────────────────

    def startable(self, actor: Actor) -> tuple[Procedure, ...]:
        """Return the procedures that the actor may start."""
        with self.database.read() as reader:
            every = [self.procedures.of(reader, record.id) for record in definitions.all_latest(reader)]
        return tuple(p for p in every if self.may_start(actor, p))

    def may_start(self, actor: Actor, procedure: Procedure) -> bool:
        """Whether the actor works in a role that starts the procedure."""
        return bool(actor.roles & set(procedure.outline.starters))

    def readiness(
        self, actor: Actor, process_id: str, now: datetime, entries: Mapping[str, Sequence[str]] | None = None
    ) -> Readiness:
        """Return whether an instance could start now: its form, its lanes' people, its expected schedule."""
        with self.database.read() as reader:
            procedure = self.procedures.in_force(reader, process_id)
            members = people.members(reader, self.office.today(now))
        if not self.may_start(actor, procedure):
            raise NotPermitted("start", roles=procedure.outline.starters)
        form = procedure.form_of(procedure.outline.start_event)
        context = {"hari_ini": self.office.today(now), "pelaku": actor.person_id, "butir": None, "jatuh_tempo": None}
        functions = self.office.functions(procedure, now)
        outline = procedure.outline
        lanes = tuple((lane.role, lane.name, members.get(lane.role, {})) for lane in outline.lanes)
        return Readiness(
            procedure=procedure,
            form=form,
            entries=form.prefill(context, evaluator(functions)) if entries is None else entries,
            lanes=lanes,
            missing=tuple(("lane", role, name) for role, name, held in lanes if not held),
            forecast=self._forecast(procedure, outline.tasks, now),
            context=context,
            sources=self.office.registers.sources(
                actor,
                (id_ for each in self._at_start(procedure) for field in each.tree for id_ in field.registers),
                self.office.today(now),
            ),
        )

    def unmet(self, actor: Actor, process_id: str, sent: Entries, now: datetime, words: Language) -> tuple[Unmet, ...]:
        """Return what steps will demand that nobody types and no register says yet, of an instance begun with *sent*.

        It is a warning: somebody may fill the register while the instance waits. InvalidForm as of ``start``.
        """
        ready = self.readiness(actor, process_id, now, {})
        values = self._accepted(ready, sent, now, words)
        functions = self.office.functions(ready.procedure, now, self._refers_to(ready.procedure, values, now))
        around = _around({**ready.context, **values}, functions, words)
        found: list[Unmet] = []
        for form in self._at_start(ready.procedure):
            begun = form.prefill(around.context, around.evaluate)
            found += form.read(begun, around).unmet()
        return tuple(found)

    def _at_start(self, procedure: Procedure) -> Iterator[Form]:
        """Return the forms of steps that show what registers say, from what is known at the start alone."""
        known = procedure.form_of(procedure.outline.start_event).names | GIVEN_NAMES
        for form in map(procedure.form_of, (step.element_id for step in procedure.outline.tasks)):
            if any(f.registers and expression.compile(f.default or "").names <= known for f in form.tree):
                yield form

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
        """Start an instance and return its id.

        Raises NotPermitted, InvalidForm, NotReady (a lane has nobody), Conflict("duplicate") with the one that runs.
        """
        ready = self.readiness(actor, process_id, now, {})
        entries = entries_of(ready.form, entries, words)
        procedure, outline = ready.procedure, ready.procedure.outline
        functions = self.office.functions(procedure, now)
        values = self._accepted(ready, entries, now, words)
        if ready.missing:
            raise NotReady(ready.missing)
        title = str(self._said(outline.title, values, functions, outline.name))
        title = f"Ralat: {title}" if corrects else title
        said = self._said(outline.key, values, functions, None)
        key = None if said is None else str(said)
        reference = self._refers_to(procedure, values, now)
        instance_id = str(uuid.uuid4())
        step = self.executor.start(
            procedure.definition,
            instance_id,
            {k: v for k, v in values.items() if k in outline.needed_names},
            now,
            functions=functions,
        )
        encoded = ready.form.encode(values)
        role = next((each for each in outline.starters if actor.has(each)), None)
        deed = HistoryEvent(
            Action.INSTANCE_STARTED,
            outline.start_event,
            change={
                "title": title,
                "key": key,
                "reference_date": reference,
                "definition": procedure.record.id,
                "version": procedure.record.version,
                "content_hash": procedure.record.content_hash,
                "values": encoded,
                "passed": transitions.passed_change(step),
                **({"corrects": corrects} if corrects else {}),
            },
        )
        with self._unique(process_id, key), self.database.write(actor, now) as work:
            self._ready_still(work, procedure)
            if corrects:
                corrections.begin(work, corrects, instance_id)
            self._refuse_duplicate(work, process_id, key)
            facts = {"instance_key": key, "reference_date": reference, "title": title, "corrects": corrects}
            instances.add(work, instance_id, procedure.record, encoded, step_count=len(outline.tasks), **facts)
            transitions.write_step(
                work,
                procedure,
                transitions.ExpectedRevision(
                    instance_id, 1, 0, GENESIS, None, InstanceStatus.RUNNING, has_timers=False
                ),
                step,
                [deed],
                self.office.calendar(),
                held=acting(actor, role, None) if role else None,
                lane=outline.lane_of_role(role).name if role else "",
            )
        self.executor.keep(step, 2)
        return instance_id

    def correctable(self, actor: Actor, instance_id: str) -> tuple[InstanceRecord, Procedure]:
        """Return an instance that the actor may correct, and the version in force, by which that is done.

        NotPermitted unless they may start its procedure; Conflict if it is not completed, or corrected already.
        """
        with self.database.read() as reader:
            record = there(instances.seen(reader, actor, instance_id), instance_id)
            procedure = self.procedures.in_force(reader, record.process_id)
            if not self.may_start(actor, procedure):
                raise NotPermitted("start", roles=procedure.outline.starters)
            corrections.refuse(reader, record)
        return record, procedure

    @retried
    def correct(self, actor: Actor, instance_id: str, chosen: Sequence[str], reason: str, now: datetime) -> str:
        """Start the correction of an instance by the version in force, with the same start values; return its id.

        *chosen* are the data objects of its documents that are wrong. InvalidForm also if today's form asks for more.
        """
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

    def fields(
        self,
        ready: Readiness,
        entries: Mapping[str, Sequence[str]],
        problems: Sequence[FieldError],
        words: Language,
        now: datetime,
    ) -> Any:
        """Return the tree of fields that the start form's template shows."""
        functions = self.office.functions(ready.procedure, now)
        return ready.form.fields(entries, problems, _around(ready.context, functions, words))

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def list(
        self,
        actor: Actor,
        now: datetime,
        *,
        status: str | None = None,
        process_id: str | None = None,
        text: str | None = None,
        overdue: bool = False,
        page: int = 1,
    ) -> InstanceList:
        """Return one page of the instances that the actor may see, newest first; *overdue*, those that are longest."""
        narrowed = instances.InstanceFilter(status, process_id, text, now if overdue else None, longest_due=overdue)
        with self.database.read() as reader:
            records, more = instances.page(reader, actor, narrowed, limit=PAGE, offset=(page - 1) * PAGE)
            open_tasks = tasks.open_of_instances(reader, [r.id for r in records])
            awaited = instances.awaited(reader, [r.id for r in records if r.status is InstanceStatus.WAITING])
            papers = document_tasks.of_instances(reader, [r.id for r in records])
            items = tuple(
                self._listed(reader, r, open_tasks[r.id], now, awaited.get(r.id, ()), papers[r.id]) for r in records
            )
            processes = tuple((d.process_id, d.name) for d in definitions.all_latest(reader))
        return InstanceList(items, more, page, processes)

    def search(
        self, actor: Actor, narrowed: InstanceFilter, limit: int, now: datetime
    ) -> tuple[tuple[ListedInstance, ...], bool]:
        """Return instances that the actor may see, newest first, and whether more follow."""
        with self.database.read() as reader:
            records, more = instances.page(reader, actor, narrowed, limit=limit, offset=0)
            open_tasks = tasks.open_of_instances(reader, [r.id for r in records])
            return tuple(self._listed(reader, record, open_tasks[record.id], now) for record in records), more

    def record(self, actor: Actor, instance_id: str) -> InstanceRecord:
        """Return one instance's row; NotFound also for whoever may not know of it."""
        return there(self.database.ask(instances.seen, actor, instance_id), instance_id)

    def page(self, actor: Actor, instance_id: str, now: datetime) -> InstancePage:
        """Return one instance's page; NotFound also for whoever may not know of it."""
        with self.database.read() as reader:
            record = there(instances.seen(reader, actor, instance_id), instance_id)
            procedure = self.procedures.of(reader, record.definition_id)
            every = tasks.of_instance(reader, instance_id)
            versions = documents.of_instance(reader, instance_id)
            changes = histories.passed(reader, instance_id)
            incidents = office.open_incidents_of(reader, instance_id)
            beside: dict[str, Any] = {
                "timers": instances.waiting_timers(reader, instance_id),
                "comments": documents.comments(reader, instance_id),
                "numbers": numbers.of_documents(reader, instance_id),
                "names": people.names(reader),
                "papers": document_tasks.of_instances(reader, [instance_id])[instance_id],
                "mine": document_tasks.of_person(reader, actor, instance_id=instance_id),
            }
            members = people.members(reader, self.office.today(now))
            may_terminate = record.status not in OVER and self._may_terminate(reader, actor, record)
            archive = archives.by_id(reader, instance_id) if record.status is InstanceStatus.ARCHIVED else None
            unread = record.status in OVER or not may_wait(procedure.definition)
            state = None if unread else instances.state(reader, instance_id)
            ids = ((record.corrects or {}).get("instance"), record.corrected_by)
            linked = [instances.seen(reader, actor, id_) for id_ in ids if id_]
            in_force = self.procedures.in_force(reader, record.process_id)
        newest = {version.data_object_id: version for version in versions}
        passes, flows = _travelled(changes)
        steps = self._steps(record, procedure, every, newest, incidents, members, now)
        current = tuple(s for s in steps if s.state in ("active", "incident"))
        now_at = {s.step.number: s.step for s in current}
        start = procedure.form_of(procedure.outline.start_event)
        return InstancePage(
            record=record,
            procedure=procedure,
            steps=steps,
            current=current,
            open_tasks=tuple(t for t in every if t.status is TaskStatus.READY),
            following=tuple(t for t in procedure.following(now_at.values()) if t.number not in now_at),
            documents=tuple(newest.values()),
            all_documents=versions,
            incidents=incidents,
            **beside,
            passes=passes,
            flows=flows,
            waits=() if state is None else self.executor.waits(procedure.definition, state[1]),
            overdue=any(t.status is TaskStatus.READY and t.due_at and t.due_at < now for t in every),
            sent_back_to={
                each.created_at: procedure.outline.task(each.element_id).number
                for each in sorted(every, key=lambda t: -procedure.outline.task(t.element_id).number)
                if each.returned_at == each.created_at
            },
            returned=frozenset(t.element_id for t in every if t.status is TaskStatus.READY and t.returned_by),
            may_terminate=may_terminate,
            line_count=len(changes),
            start_values=start.decode(record.values),
            place=() if archive is None else procedure.place_in_words(archive.place),
            linked={each.id: each for each in linked if each is not None},
            may_correct=record.status in DONE
            and record.corrected_by is None
            and self.may_start(actor, in_force)
            and any(v.status in COUNTING for v in newest.values()),
        )

    # ── comments, suspending, ending ────────────────────────────────────────────────────────────────────────────────

    @retried
    def comment(self, actor: Actor, instance_id: str, text: str, now: datetime) -> None:
        """Add a note to an instance; it goes into history. Auditors read and do not write."""
        text = text.strip()
        if not 1 <= len(text) <= 4000:
            raise InvalidForm([FieldError("catatan", "comment", "", "required")], {"catatan": [text]})
        with self.database.write(actor, now) as work:
            record = there(instances.seen(work, actor, instance_id), instance_id)
            if not self.takes_part(work, actor, instance_id):
                raise NotPermitted("read_only")
            refuse_archived(record)
            documents.add_comment(work, str(uuid.uuid4()), instance_id, text, actor.person_id, now)
            self._note(work, record, HistoryEvent(Action.COMMENT_ADDED, change={"text": text}))

    def takes_part(self, tx: Transaction, actor: Actor, instance_id: str) -> bool:
        """Whether the actor works in the instance, rather than only reading it; operators may write too."""
        only_reads = not (actor.roles - {OfficeRole.AUDITOR, OfficeRole.DESIGNER})
        return not only_reads and instances.may_see(tx, actor, instance_id)

    @retried
    def suspend(self, actor: Actor, instance_id: str, reason: str, now: datetime) -> None:
        """Stop all work on an instance until it is resumed; nothing of it is lost."""
        reason = stated(reason)
        with self.database.write(actor, now) as work:
            record = self._governed(work, instance_id)
            if record.status in (*OVER, InstanceStatus.SUSPENDED):
                raise _stands(record)
            deed = HistoryEvent(Action.INSTANCE_SUSPENDED, change={"reason": reason, "old": record.status})
            stands = {"status": InstanceStatus.SUSPENDED.value, "status_before": record.status.value}
            self._note(work, record, deed, **stands, status_reason=reason, ended_by=actor.person_id)

    @retried
    def resume(self, actor: Actor, instance_id: str, reason: str, now: datetime) -> None:
        """Let work on a suspended instance go on."""
        reason = stated(reason)
        with self.database.write(actor, now) as work:
            record = self._governed(work, instance_id)
            if record.status is not InstanceStatus.SUSPENDED:
                raise _stands(record)
            before = instances.status_before(work, instance_id)
            deed = HistoryEvent(Action.INSTANCE_RESUMED, change={"reason": reason, "new": before})
            self._note(work, record, deed, status=before, status_before=None, status_reason=None, ended_by=None)

    @retried
    def terminate(self, actor: Actor, instance_id: str, reason: str, now: datetime) -> None:
        """End an instance for good before its end event; open tasks are cancelled, its documents and numbers void.

        Operators may at any time. Who started it, and whoever may start its procedure, may while none of its documents
        was ever issued: a start that was wrong, or that cannot go on, is theirs to take back, and binds nobody yet.
        """
        reason = stated(reason)
        with self.database.write(actor, now) as work:
            record = there(instances.seen(work, actor, instance_id), instance_id)
            if not self._may_terminate(work, actor, record):
                raise NotPermitted("role", roles=(OfficeRole.OPERATOR,))
            if record.status in OVER:
                raise _stands(record)
            deed = HistoryEvent(Action.INSTANCE_TERMINATED, change={"reason": reason, "old": record.status})
            over = {"status": InstanceStatus.TERMINATED.value, "ended_at": now, "ended_by": actor.person_id}
            self._note(work, record, deed, **over, status_reason=reason)
            tasks.cancel(work, tasks.open_ids(work, instance_id), now)
            instances.replace_timers(work, instance_id, ())
            messages.unsubscribe(work, instance_id)
            lost = [voided(each, reason) for each in documents.current(work, instance_id).values()]
            documents.void(work, instance_id)
            lost += numbers.void(work, instance_id, reason)
            if lost:
                work.record_many(f"instance:{instance_id}", lost)
            for raised in office.open_incidents_of(work, instance_id):
                office.change_incident(work, raised.id, status="resolved", resolved_at=now, resolved_by=actor.person_id)
            corrections.drop(work, record, reason)

    @contextmanager
    def _unique(self, process_id: str, key: str | None) -> Iterator[None]:
        """Tell who holds the key also if the other instance was written at the same moment (the index refuses it)."""
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

    # ── parts ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _ready_still(self, work: Work, procedure: Procedure) -> None:
        lanes = procedure.outline.lanes
        members = people.members(work, self.office.today(work.now), [lane.role for lane in lanes])
        lacking = [("lane", lane.role, lane.name) for lane in lanes if not members.get(lane.role)]
        if lacking:
            raise NotReady(lacking)

    def _accepted(self, ready: Readiness, entries: Entries, now: datetime, words: Language) -> dict[str, Any]:
        """Return the typed values of the start form."""
        functions = self.office.functions(ready.procedure, now)
        return ready.form.accept(entries, _around(ready.context, functions, words))

    def _refers_to(self, procedure: Procedure, values: Mapping[str, Any], now: datetime) -> date | None:
        """Return the day as of which an instance reads registers, if its procedure names one."""
        found = self._said(procedure.outline.reference_date, values, self.office.functions(procedure, now), None)
        return found if isinstance(found, date) else None

    def _said(self, text: str | None, values: Mapping[str, Any], functions: Mapping[str, Any], otherwise: Any) -> Any:
        return otherwise if text is None else expression.compile(text).evaluate(values, functions)

    def _forecast(self, procedure: Procedure, steps: Sequence[UserTask], now: datetime) -> tuple[Forecast, ...]:
        calendar, at, found = self.office.calendar(), now, []
        for step in steps:
            due_at = calendar.due(at, step.standard_time) if step.standard_time else None
            at = due_at or at
            found.append(Forecast(step, procedure.outline.lane_of_role(step.role), due_at))
        return tuple(found)

    def _listed(
        self,
        reader: Transaction,
        record: InstanceRecord,
        open_tasks: Sequence[TaskRecord],
        now: datetime,
        awaited: Sequence[str] = (),
        papers: tuple[DocumentTask, ...] = (),
    ) -> ListedInstance:
        outline = self.procedures.of(reader, record.definition_id).outline
        first = min(open_tasks, key=lambda t: (t.due_at is None, t.due_at, t.id), default=None)
        step = outline.task(first.element_id) if first else None
        waiting = [t for t in open_tasks if first and t.activation == first.activation]
        return ListedInstance(
            record=record,
            process=outline,
            open_tasks=tuple(open_tasks),
            step=step,
            all_of_step=len(waiting),
            clock=clock_of(first, self.office.calendar(), now) if first else None,
            overdue=any(t.due_at is not None and t.due_at < now for t in open_tasks),
            papers=papers,
            awaits=tuple((outline.names[id_], outline.names_en.get(id_)) for id_ in awaited if id_ in outline.names),
        )

    def _steps(
        self,
        record: InstanceRecord,
        procedure: Procedure,
        every: Sequence[TaskRecord],
        newest: Mapping[str, DocumentVersion],
        incidents: Sequence[IncidentRecord],
        members: Members,
        now: datetime,
    ) -> tuple[StepView, ...]:
        calendar, outline = self.office.calendar(), procedure.outline
        broken = {incident.element_id for incident in incidents}
        begun = {t.element_id for t in every}
        expected = now
        views = []
        for step in outline.tasks:
            own = [t for t in every if t.element_id == step.element_id]
            activations = list(dict.fromkeys(t.activation for t in own))
            # of who was not asked again after a return, the newest task is that of an earlier pass
            asked = {t.item for t in own if t.activation == activations[-1]}
            newest_of = {t.item: t for t in own if t.item not in asked} if step.multi_instance else {}
            last = tuple(
                t
                for t in own
                if t.activation == activations[-1] or newest_of.get(t.item) is t or t.status is TaskStatus.READY
            )
            shown = {t.id for t in last}
            before = [
                (number, tuple(t for t in own if t.activation == each and t.id not in shown))
                for number, each in enumerate(activations[:-1], start=1)
            ]
            open_now = [t for t in last if t.status is TaskStatus.READY]
            done = sum(t.status is TaskStatus.COMPLETED for t in last)
            if step.element_id in broken:
                state = "incident"
            elif open_now:
                state = "active"
            elif done:
                state = "done"
            elif last:
                state = "cancelled"
            else:
                state = "not_taken" if record.status in OVER else "not_begun"
            forecast = None
            if open_now and open_now[0].due_at:
                expected = max(expected, open_now[0].due_at)
            elif state == "not_begun" and step.standard_time and begun:
                forecast = expected = calendar.due(expected, step.standard_time)
            role = (open_now or last)[-1].role if last else step.role
            views.append(
                StepView(
                    step=step,
                    lane=outline.lane_of_role(step.role),
                    state=state,
                    passes=len(activations) if done or open_now else 0,
                    tasks=last,
                    clocks={t.id: clock_of(t, calendar, now) for t in own},
                    earlier=tuple(
                        Pass(number, held, sum(t.late(now) for t in held)) for number, held in reversed(before) if held
                    ),
                    done=done,
                    total=len(last),
                    people=members.get(role, {}),
                    documents=tuple(
                        newest[r.data_object_id] for r in step.outputs if r.data_object_id in newest and last
                    ),
                    forecast_due_at=forecast,
                )
            )
        return tuple(views)

    def _may_terminate(self, tx: Transaction, actor: Actor, record: InstanceRecord) -> bool:
        if actor.has(OfficeRole.OPERATOR):
            return True
        starts = record.started_by == actor.person_id or self.may_start(
            actor, self.procedures.of(tx, record.definition_id)
        )
        return starts and not any(v.issued_at for v in documents.of_instance(tx, record.id))

    def _governed(self, work: Work, instance_id: str) -> InstanceRecord:
        record = there(instances.seen(work, work.actor, instance_id), instance_id)
        work.actor.need(OfficeRole.OPERATOR)
        return record

    def _note(self, work: Work, record: InstanceRecord, deed: HistoryEvent, **values: Any) -> None:
        work.record_instance(record, [deed])
        if values:
            update_instance(work, record.id, record.revision, {"changed_at": work.now, **values})
            self.executor.forget(record.id)


def _around(context: Mapping[str, Any], functions: Mapping[str, Any], words: Language) -> Surroundings:
    """Return what a form is read with where there is no instance yet: no people to choose, no files."""
    return Surroundings(context, evaluator(functions), lambda role: {}, {}, words.locale, words.gettext)


def _stands(record: InstanceRecord) -> Conflict:
    """Return that an instance stands where this cannot be done to it: who brought it there, when and why."""
    if record.status in DONE:
        return Conflict("ended", at=record.ended_at)
    at = record.ended_at or record.changed_at
    return Conflict(record.status.value, who=record.ended_by, at=at, why=record.status_reason)


def _travelled(changes: Sequence[str]) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Return how often each element was passed and each sequence flow taken, from an instance's history."""
    every = [each for text in changes if '"passed"' in text for each in json.loads(text).get("passed", ())]
    whole = {each["element"] for each in every if each["kind"] == WHOLE}
    # of multi-instances and loops an item is no pass of its own
    counted = [each for each in every if (each["kind"] == WHOLE) is (each["element"] in whole)]
    return Counter(each["element"] for each in counted), Counter(flow for each in counted for flow in each["flows"])
