"""User tasks: the inbox, one task's page, claim, release, hand over, draft, complete.

``complete`` reads in order: find, permit, accept, move, write, record. The step is computed without a lock on what
was read; inside the short write transaction permission is checked again, because a membership may have ended and
another person may have been faster in between.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from engine.bpmn import expression
from engine.bpmn.causes import read_at
from engine.forms.defaults import Names
from engine.forms.field import NUMERIC, Kind
from engine.forms.form import Form
from engine.forms.grids import kept_tables, with_kept
from engine.forms.presentation import echo
from engine.forms.submission import Reading, Surroundings
from engine.forms.values import files_of
from engine.model.errors import Conflict, FieldError, InvalidForm, NotFound, NotPermitted, stated, there
from engine.model.history import Action, HistoryEvent
from engine.model.people import Actor, Membership, OfficeRole
from engine.model.process import DONE, InstanceStatus, Lane, ProcessModel, Snapshot, Transition, UserTask
from engine.model.work import (
    Attachment,
    Clock,
    DocumentTask,
    DocumentVersion,
    Draft,
    DraftKind,
    InstanceRecord,
    TaskRecord,
    TaskStatus,
)
from engine.service.papers import letter_numbers as numbers
from engine.service.papers import signing
from engine.service.papers.documents import Filing, Paper, missing, named, papers, plan_filing, yielded_by
from engine.service.papers.signing import Signer, Signing
from engine.service.people.accounts import Retyped
from engine.service.people.permissions import (
    acting,
    in_capacity,
    permit_filling,
    permit_reading,
    permit_work,
    refuse_closed,
    refuse_same_eyes,
)
from engine.service.procedures.document_templates import due_of
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
from engine.service.work.transitions import ExpectedRevision, Moves, SentBack
from engine.store.queries import (
    Transaction,
    definitions,
    document_tasks,
    documents,
    drafts,
    histories,
    instances,
    people,
    renderings,
    tasks,
)
from engine.store.queries.drafts import Whose
from engine.store.queries.people import Members
from engine.store.queries.tasks import TaskContext, TaskFilter, TaskPlace
from engine.store.retrying import retried, retrying
from engine.store.unit_of_work import Work

__all__ = ["Completion", "FoundTask", "Inbox", "InboxItem", "TaskFilter", "TaskPage", "TaskPlace", "Tasks"]

PAGE = 50
Evaluate = Callable[[str, Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A task in somebody's inbox, with all that its card says."""

    task: TaskRecord
    step: UserTask
    step_count: int
    clock: Clock
    process: ProcessModel
    lane: Lane
    members: int
    from_whom: str | None
    draft_saved_at: datetime | None


@dataclass(frozen=True, slots=True)
class FoundTask:
    """A task that a search found, with its step."""

    task: TaskRecord
    step: UserTask


@dataclass(frozen=True, slots=True)
class Inbox:
    """One page of an inbox, with capped counts for its tabs and chips."""

    which: str
    items: tuple[InboxItem, ...]
    more: bool
    page: int
    counts: Mapping[str, int]
    waited_for: tuple[InboxItem, ...]
    has_lanes: bool
    papers: tuple[DocumentTask, ...] = ()  # what is to be done with documents, beside the steps


@dataclass(frozen=True, slots=True)
class TaskPage:
    """One user task as its page shows it."""

    item: InboxItem
    actor: Actor  # who looks at it
    now: datetime  # when they do: what the form begins with is as of then
    instance: InstanceRecord
    procedure: Procedure
    form: Form
    may: str  # "fill", "claim", "read"
    why: str | None  # why only "read": "held", "completed", "cancelled", "suspended", "terminated"
    needs: tuple[Paper, ...]
    yields: tuple[Paper, ...]
    draft: Draft | None
    aside: Draft | None  # what the actor put aside last: begun anew, or another version of the draft
    handed: tuple[str, datetime, str] | None  # who gave the task to the person who holds it, when and why
    context: Mapping[str, Any]
    capacities: tuple[Membership, ...]
    colleagues: Mapping[str, str]  # who else works in the lane: the task can be handed to them
    next_steps: tuple[UserTask, ...]
    next_people: Mapping[str, Mapping[str, str]]
    earlier: tuple[TaskRecord, ...]  # earlier passes of this step


@dataclass(frozen=True, slots=True)
class Completion:
    """What completing a task did: the receipt."""

    task: TaskRecord
    step: UserTask
    instance: InstanceRecord
    clock: Clock
    documents: tuple[DocumentVersion, ...]
    numbers: Mapping[str, str]  # of letters, by data object
    next_tasks: tuple[InboxItem, ...]
    ended: bool
    returned: bool  # it sent work back
    stopped: bool  # an incident keeps the instance from going on; what was completed is saved
    procedure: Procedure
    papers: tuple[DocumentTask, ...]  # what the instance's documents wait for
    mine: tuple[DocumentTask, ...]  # of that, what who asks may do


@dataclass(frozen=True, slots=True)
class _Sent:
    """What somebody sends as the form of which task, when."""

    actor: Actor
    task_id: str
    entries: Entries | Values
    words: Language
    now: datetime


@dataclass(frozen=True, slots=True)
class _CompletionInput:
    """What completing a task is computed on."""

    sent: _Sent
    found: TaskContext
    procedure: Procedure
    step: UserTask
    current: Mapping[str, DocumentVersion]
    files: Mapping[str, Attachment]
    members: Members
    entries: Entries
    functions: Mapping[str, Callable[..., Any]]


@dataclass(frozen=True)
class Tasks(Moves):
    """What a person of a lane may do with user tasks."""

    signing: Signing

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def inbox(
        self,
        actor: Actor,
        now: datetime,
        *,
        which: str = "saya",
        text: str | None = None,
        overdue: bool = False,
        returned: bool = False,
        page: int = 1,
    ) -> Inbox:
        """Return one page of the actor's tasks, most urgent first."""
        actor.need()
        with self.database.read() as reader:
            members = people.members(reader, self.office.today(now), sorted(actor.roles))
            sole = _sole_roles(actor, members)
            rows, more = tasks.inbox(
                reader,
                actor,
                which,
                sole_roles=sole,
                text=text,
                overdue_at=now if overdue else None,
                returned=returned,
                limit=PAGE,
                offset=(page - 1) * PAGE,
            )
            counts = tasks.counts(reader, actor, sole, now)
            plain = which == "saya" and page == 1 and not overdue
            beside = document_tasks.of_person(reader, actor, text=text) if plain else ()
            beside = tuple(each for each in beside if not returned or each.kind == "mend")
            waiting = tasks.waited_for(reader, actor)
            everyone = people.members(reader, self.office.today(now), sorted({t.role for t in waiting}))
            items = tuple(self._item(reader, row.task, members, now, row.draft_saved_at) for row in rows)
            waited = tuple(self._item(reader, task, everyone, now) for task in waiting)
        lanes = actor.roles - set(OfficeRole)
        return Inbox(which, items, more, page, counts, waited, bool(lanes), beside)

    def search(
        self, actor: Actor, which: str, narrowed: TaskFilter, *, after: TaskPlace | None, limit: int
    ) -> tuple[tuple[FoundTask, ...], bool]:
        """Return tasks after a place in their order, and whether more follow.

        *which* is "mine", "claimable", "open" (both of these), "completed" (by the actor) or "all", which only those
        ask who see every instance.
        """
        actor.need()
        if which == "all":
            actor.need(*OfficeRole)
        with self.database.read() as reader:
            rows, more = tasks.search(reader, actor, which, narrowed, after=after, limit=limit)
            found = tuple(
                FoundTask(row, self.procedures.of(reader, row.definition_id).outline.task(row.element_id))
                for row in rows
            )
        return found, more

    def count(self, actor: Actor) -> int:
        """Return how many tasks are in the actor's hands or may be claimed, those on documents too, capped at 101."""
        return self.database.ask(tasks.count_open, actor)

    def open(self, actor: Actor, task_id: str, now: datetime) -> TaskPage:
        """Return one task's page for a person of its lane or its named performer; NotPermitted names the lane."""
        today = self.office.today(now)
        with self.database.read() as reader:
            found = self._found(reader, actor, task_id, now)
            procedure = self.procedures.of(reader, found.instance.definition_id)
            step = procedure.outline.task(found.task.element_id)
            permit_reading(actor, found.task, procedure)
            members = people.members(reader, today)
            current = documents.current(reader, found.instance.id)
            every = tasks.of_instance(reader, found.instance.id)
            draft, aside = drafts.of(reader, _own(actor, task_id)), drafts.aside(reader, _own(actor, task_id))
            handed = histories.handed_over(reader, found.task) if found.task.assignee else None
            item = self._item(reader, found.task, members, now, draft.saved_at if draft else None)
        may, why = self._may(actor, found, members)
        needs, yields = papers(procedure, step, current, found.task.status is TaskStatus.COMPLETED)
        following = procedure.following([step])
        return TaskPage(
            item=item,
            actor=actor,
            now=now,
            instance=found.instance,
            procedure=procedure,
            form=procedure.form_of(step.element_id),
            may=may,
            why=why,
            needs=needs,
            yields=yields,
            draft=draft,
            aside=aside,
            handed=handed,
            context=self.names(found, procedure, current, actor, now),
            capacities=tuple(m for m in actor.memberships if m.role == found.task.role),
            colleagues={k: v for k, v in members.get(found.task.role, {}).items() if k != actor.person_id},
            next_steps=following,
            next_people={s.element_id: members.get(s.role, {}) for s in following},
            earlier=tuple(
                t
                for t in every
                if t.element_id == step.element_id
                and t.item == found.task.item
                and t.id != task_id
                and t.status is TaskStatus.COMPLETED
            ),
        )

    def permit(self, actor: Actor, task_id: str) -> None:
        """Refuse whoever may not see a task's form, before anything that they send is read."""
        with self.database.read() as reader:
            task = there(tasks.by_id(reader, task_id), task_id)
            permit_reading(actor, task, self.procedures.of(reader, task.definition_id))

    def receipt(self, actor: Actor, task_id: str, now: datetime) -> Completion:
        """Return what completing *task_id* did, from what is recorded; for who completed it and the lane."""
        with self.database.read() as reader:
            task = tasks.by_id(reader, task_id)
            if task is None or task.status is not TaskStatus.COMPLETED:
                raise NotFound(task_id)
            record = there(instances.by_id(reader, task.instance_id), task_id)
            procedure = self.procedures.of(reader, record.definition_id)
            permit_reading(actor, task, procedure)
            every = documents.of_instance(reader, task.instance_id)
            steps = tasks.of_instance(reader, task.instance_id)
            open_now = tasks.open_of_instances(reader, [task.instance_id])[task.instance_id]
            members = people.members(reader, self.office.today(now))
            following = tuple(self._item(reader, t, members, now) for t in open_now)
            held = numbers.of_documents(reader, task.instance_id)
            waiting = document_tasks.of_instances(reader, [task.instance_id])[task.instance_id]
            own = document_tasks.of_person(reader, actor, instance_id=task.instance_id)
        mine = tuple(
            v
            for v in every
            if (v.element_id == task.element_id and v.created_at == task.completed_at)
            or any(part.task_id == task.id for part in v.parts)
        )
        return Completion(
            task=task,
            step=procedure.outline.task(task.element_id),
            instance=record,
            clock=clock_of(task, self.office.calendar(), now),
            documents=mine,
            numbers=held,
            next_tasks=following,
            ended=record.status in DONE,
            returned=any(t.returned_at == task.completed_at for t in steps),
            stopped=record.status is InstanceStatus.INCIDENT,
            procedure=procedure,
            papers=waiting,
            mine=own,
        )

    def names(
        self,
        found: TaskContext,
        procedure: Procedure,
        current: Mapping[str, DocumentVersion],
        actor: Actor,
        now: datetime,
        every: Mapping[str, DocumentVersion] | None = None,
    ) -> dict[str, Any]:
        """Return the names that a form's expressions may read: of *current* documents the content, of *every* which.

        Without *every* the two are the same; completing a step decodes only what its form reads.
        """
        start = procedure.form_of(procedure.outline.start_event).decode(found.instance.values)
        due_at = found.task.due_at
        zone = self.office.calendar().zone
        known = {
            **start,
            **{id_: procedure.content_of(version) for id_, version in current.items()},
            "hari_ini": self.office.today(now),
            "pelaku": actor.person_id,
            "butir": found.task.item,
            "jatuh_tempo": None if due_at is None else due_at.astimezone(zone).date(),
            "dokumen": {
                id_: {
                    **{"nama": version.name, "versi": Decimal(version.version), "sidik": version.sha256},
                    "menunggu": procedure.outline.lane_of_role(str(version.approver)).name if version.pending else None,
                }
                for id_, version in (current if every is None else every).items()
            },
        }
        if found.instance.corrects:
            form = procedure.form_of(found.task.element_id)
            known |= self.office.precedents.corrected(found.instance.corrects["instance"], form, known)
        return known

    def task_and_step(self, actor: Actor, task_id: str) -> tuple[TaskRecord, UserTask]:
        """Return a task and its step without its form; for those who see every instance."""
        actor.need(*OfficeRole)
        with self.database.read() as reader:
            task = there(tasks.by_id(reader, task_id), task_id)
            return task, self.procedures.of(reader, task.definition_id).outline.task(task.element_id)

    def prefill(self, page: TaskPage) -> Entries:
        """Return what the form begins with: defaults and what earlier steps yielded."""
        return page.form.prefill(page.context, self._evaluator(page.procedure, page.instance, page.now))

    def begins_with(self, page: TaskPage) -> Mapping[str, Any]:
        """Return the same as JSON by field."""
        return page.form.begins_with(page.context, self._evaluator(page.procedure, page.instance, page.now))

    def fields(self, page: TaskPage, entries: Entries, problems: Sequence[FieldError], words: Language) -> Any:
        """Return the tree of fields that the form's template shows, with *entries* as typed."""
        around, _ = self.around(page, entries, words)
        return page.form.fields(entries, problems, around, grids=True)

    def echo(self, kind: str, text: str, words: Language) -> Any:
        """Return how a day, time or number is read while it is typed; NotFound for a kind that is not echoed.

        It tells nothing but what the office's calendar says, which every page of it shows.
        """
        if kind not in NUMERIC | {Kind.DATE, Kind.TIME}:
            raise NotFound(kind)
        calendar = self.office.calendar()
        around = Surroundings({}, lambda *_: None, lambda _: {}, {}, words.locale, words.gettext, calendar.day_off)
        return echo(Kind(kind), text[:100], around)

    def reading(self, page: TaskPage, entries: Entries, words: Language) -> tuple[Reading, Mapping[str, str]]:
        """Return the entries of a task's form as they are read, and who there is."""
        around, members = self.around(page, entries, words)
        return page.form.read(entries, around), _people(members)

    def around(self, page: TaskPage, entries: Entries, words: Language) -> tuple[Surroundings, Members]:
        """Return what reading a task's form needs to know, and who works in each role."""
        with self.database.read() as reader:
            members = people.members(reader, self.office.today(page.now))
            files = named(reader, page.actor, page.procedure, page.item.task, _texts(entries))
        around = Surroundings(
            context=page.context,
            evaluate=self._evaluator(page.procedure, page.instance, page.now),
            people=lambda roles: _people(members, roles),
            files=files,
            locale=words.locale,
            gettext=words.gettext,
            day_off=self.office.calendar().day_off,
        )
        return around, members

    def begun(self, page: TaskPage) -> Entries:
        """Return what the form holds: the actor's draft, else what it begins with."""
        return page.draft.entries if page.draft else self.prefill(page)

    def with_kept_rows(self, page: TaskPage, entries: Entries) -> Entries:
        """Return the entries with the rows of tables that they leave to the draft."""
        paths = kept_tables(page.form.tree, entries)
        return with_kept(entries, self.begun(page), paths) if paths else entries

    def faults(
        self, actor: Actor, task_id: str, entries: Entries, words: Language, now: datetime
    ) -> tuple[FieldError, ...]:
        """Return what would keep the entries from being accepted, without accepting them."""
        try:
            self._accept(self._ground(_Sent(actor, task_id, entries, words, now)))
        except InvalidForm as invalid:
            return invalid.errors
        return ()

    def edit_rows(
        self, actor: Actor, task_id: str, entries: Entries, deed: str, place: str, now: datetime
    ) -> dict[str, list[str]]:
        """Return the entries with a table's row added ("tambah"), removed ("hapus") or moved ("naik", "turun")."""
        page = self.open(actor, task_id, now)
        return page.form.with_row(self.with_kept_rows(page, entries), deed, place)

    def draft(self, actor: Actor, task_id: str) -> Draft:
        """Return the actor's own draft of a task, else what they put aside last."""
        mine = _own(actor, task_id)
        with self.database.read() as reader:
            return there(drafts.of(reader, mine) or drafts.aside(reader, mine), task_id)

    def keep_entries(self, actor: Actor, task_id: str, entries: Entries, now: datetime) -> None:
        """Put aside what was not taken, whoever has the task now; strangers keep nothing."""
        with self.database.write(actor, now) as work:
            task = tasks.by_id(work, task_id)
            if task is not None and (actor.has(task.role) or actor.person_id in (task.performer, task.completed_by)):
                form = self.procedures.of(work, task.definition_id).form_of(task.element_id)
                kept = _plain(self._with_kept(work, actor, task_id, form, entries, now))
                drafts.set_aside(work, _own(actor, task_id), kept, instance_id=task.instance_id)

    def restore_draft(self, actor: Actor, task_id: str, now: datetime) -> None:
        """Take up again what the actor put aside last; their draft is put aside instead."""
        with self.database.write(actor, now) as work:
            drafts.restore(work, there(drafts.aside(work, _own(actor, task_id)), task_id))

    def _evaluator(self, procedure: Procedure, record: InstanceRecord, now: datetime) -> Evaluate:
        return evaluator(self.office.functions(procedure, now, record.reference_date))

    # ── claiming ────────────────────────────────────────────────────────────────────────────────────────────────────

    @retried
    def claim(self, actor: Actor, task_id: str, now: datetime) -> None:
        """Take a task that the actor's lane may claim; Conflict names who holds it."""
        with self.database.write(actor, now) as work:
            found = self._found(work, actor, task_id, now)
            task = found.task
            permit_work(actor, found)
            if task.performer is not None:
                raise NotPermitted("named", holder=task.performer)
            if not tasks.claim(work, task_id, actor.person_id, now):
                raise Conflict("claimed", who=task.assignee, at=task.assigned_at)
            self._record(work, found, Action.TASK_CLAIMED)

    @retried
    def release(self, actor: Actor, task_id: str, now: datetime) -> None:
        """Give a claimed task back to the lane; a draft stays with its author."""
        with self.database.write(actor, now) as work:
            found = self._found(work, actor, task_id, now)
            if found.task.assignee != actor.person_id:
                permit_work(actor, found)
                raise Conflict("claimed", who=found.task.assignee, at=found.task.assigned_at)
            refuse_closed(found)
            tasks.change(work, task_id, assignee=None, assigned_at=None)
            self._record(work, found, Action.TASK_RELEASED)

    @retried
    def hand_over(self, actor: Actor, task_id: str, to: str, reason: str, now: datetime) -> None:
        """Give a task in one's hands to a person of the same lane, with a reason, one's draft and its files."""
        reason = stated(reason)
        with self.database.write(actor, now) as work:
            found = self._found(work, actor, task_id, now)
            task = found.task
            permit_filling(actor, found)
            if task.performer is not None:
                raise NotPermitted("named", holder=task.performer)
            if to not in people.members(work, self.office.today(now), [task.role]).get(task.role, {}):
                raise InvalidForm([FieldError("kepada", "to", to, "not_in_lane")], {"alasan": [reason]})
            tasks.change(work, task_id, assignee=to, assigned_at=now)
            given = drafts.hand_over(work, _own(actor, task_id), to)
            documents.give_staged(work, _texts(given.entries if given else {}), actor.person_id, to)
            self._record(work, found, Action.TASK_DELEGATED, {"old": task.assignee, "new": to, "reason": reason})

    def _record(self, work: Work, found: TaskContext, action: Action, change: Mapping[str, Any] | None = None) -> None:
        """Record what somebody did with a task of their lane, in the capacity in which they hold it."""
        task = found.task
        deed = HistoryEvent(action, task.element_id, task.id, change)
        lane = self.procedures.of(work, task.definition_id).outline.lane_of_role(task.role).name
        work.record_instance(found.instance, in_capacity([deed], acting(work.actor, task.role, None), lane))

    @retried
    def reassign(self, actor: Actor, task_id: str, role: str, reason: str, now: datetime) -> TaskRecord:
        """Give one open task to another role without a new version (*ganti pelaksana*); for operators."""
        actor.need(OfficeRole.OPERATOR)
        reason = stated(reason)
        with self.database.write(actor, now) as work:
            found = self._found(work, actor, task_id, now)
            refuse_closed(found)
            self._reassign(work, found, role, reason)
            return found.task

    @retried
    def reassign_element(
        self, actor: Actor, process_id: str, element_id: str, role: str, reason: str, now: datetime
    ) -> int:
        """Give an element, in all running instances and those to come, to another role; how many tasks moved."""
        actor.need(OfficeRole.OPERATOR)
        reason = stated(reason)
        with self.database.write(actor, now) as work:
            for record in definitions.all_latest(work):
                if record.process_id == process_id:
                    _refuse_signing(self.procedures.of(work, record.id), element_id)
            tasks.override(work, process_id, element_id, role, reason, actor.person_id, now)
            moved = tasks.open_of_element(work, process_id, element_id)
            for task in moved:
                self._reassign(work, self._found(work, actor, task.id, now), role, reason)
            change = {"role": role, "reason": reason, "tasks": len(moved)}
            work.record(f"definition:{process_id}", HistoryEvent(Action.ELEMENT_REASSIGNED, element_id, change=change))
        return len(moved)

    # ── filling in ──────────────────────────────────────────────────────────────────────────────────────────────────

    def save_draft(
        self,
        actor: Actor,
        task_id: str,
        sent: Entries | Values,
        now: datetime,
        revision: int | None = None,
        *,
        writer: str | None = None,
        over: bool = False,
        words: Language = INDONESIAN,
    ) -> Draft:
        """Save what was typed; Conflict("draft") if another tab than *writer* saved since *revision*.

        *over* puts what was saved aside instead. Who may not complete the task any more is told why.
        """
        with self.database.write(actor, now) as work:
            found = self._found(work, actor, task_id, now)
            task = found.task
            permit_filling(actor, found)
            form = self.procedures.of(work, task.definition_id).form_of(task.element_id)
            entries = self._with_kept(work, actor, task_id, form, entries_of(form, sent, words), now)
            seen: dict[str, Any] = {"revision": revision, "writer": writer, "over": over}
            return drafts.save(work, _own(actor, task_id), _plain(entries), **seen, instance_id=task.instance_id)

    def drop_draft(self, actor: Actor, task_id: str, now: datetime) -> None:
        """Begin again with the form as it was prefilled; the draft is put aside."""
        with self.database.write(actor, now) as work:
            drafts.drop(work, _own(actor, task_id))

    def complete(
        self,
        actor: Actor,
        task_id: str,
        entries: Entries | Values,
        now: datetime,
        *,
        words: Language = INDONESIAN,
        membership_id: str | None = None,
        draft_revision: int | None = None,
        writer: str | None = None,
        retyped: Retyped | None = None,
        seen: Mapping[str, str] | None = None,
    ) -> Transition:
        """Accept the entries of a task's form, move its instance on, and return how it moved.

        *retyped* proves who signs, where the form asks for a signature and its answer is an internal approval; *seen*
        says by data object which content the signer had before them, by its SHA-256.

        *draft_revision* is the draft's at which the form was opened (0: there was none): if it was saved elsewhere
        since by another tab than *writer*, what was saved was not seen, which is Conflict("draft").

        Raises InvalidForm with every fault at once, Conflict with who was faster, NotPermitted, NotFound.
        """
        if draft_revision is not None:
            draft = self.database.ask(drafts.of, _own(actor, task_id))
            if draft and draft.revision != draft_revision and (writer is None or draft.writer != writer):
                raise Conflict("draft", at=draft.saved_at)
        signer = self.signing.signer(actor, retyped, now, seen)
        sent = _Sent(actor, task_id, entries, words, now)
        return retrying(lambda: self._complete_once(sent, membership_id, signer))

    def _complete_once(self, sent: _Sent, membership_id: str | None, signer: Signer) -> Transition:
        ground = self._ground(sent)  # find, permit
        actor, task_id, now = sent.actor, sent.task_id, sent.now
        task, step, procedure = ground.found.task, ground.step, ground.procedure
        head = ExpectedRevision.of(ground.found.instance, ground.found.has_timers)
        values = self._accept(ground)  # accept
        form = procedure.form_of(step.element_id)
        current = ground.current
        agreed = self.signing.accept(form, values, ground.files, current, signer, ground.entries, sent.words, now)
        encoded = form.encode(values)
        asked = self._numbers(ground, values)
        sent_back = form.returns(values)

        def plan(contents: Mapping[str, Any], *, last_of_activation: bool) -> Filing:
            return plan_filing(
                task,
                step,
                procedure,
                yielded_by(procedure, step, contents),
                ground.current,
                by=actor.person_id,
                now=now,
                last_of_activation=last_of_activation,
                sent_back=sent_back,
            )

        def moved(values: Mapping[str, Any], encoded: Mapping[str, Any]) -> tuple[Transition, Filing]:
            last = not ground.found.siblings
            filing = plan(encoded, last_of_activation=last)
            taken = self.executor.complete(
                procedure.definition,
                Snapshot(head.id, head.revision, ground.found.state),
                task_id,
                {k: v for k, v in values.items() if k in procedure.outline.needed_names},
                filing.versions,
                now,
                functions=ground.functions,
            )
            ended = not any(other.activation == task.activation for other in taken.open_tasks)
            if ended and not last:  # a completion condition took the others' tasks away
                filing = plan(encoded, last_of_activation=True)
            return taken, filing

        if not asked:
            taken, filing = moved(values, encoded)  # move
        held = acting(actor, task.role, membership_id)
        attached = files_of(form.tree, encoded) & ground.files.keys()
        today = self.office.today(now)
        with self.database.write(actor, now) as work:  # write, record
            numbered: list[HistoryEvent] = []
            if asked:  # what is planned holds the number, which is known in the lock only
                given, numbered = numbers.take(work, asked, task)
                values, encoded = numbers.put_in(values, given), numbers.put_in(encoded, given)
                taken, filing = moved(values, encoded)
            change = {
                "values": {k: v for k, v in encoded.items() if k not in filing.versions and v is not None},
                "passed": transitions.passed_change(taken),
                # documents hold ids of files: which bytes they stand for is history's to say
                "files": {id_: ground.files[id_].sha256 for id_ in sorted(attached)},
                "named": {id_: [(f := ground.files[id_]).name, f.media_type, f.size] for id_ in sorted(attached)},
            }
            deed = HistoryEvent(Action.TASK_COMPLETED, step.element_id, task_id, change)
            lane = procedure.outline.lane_of_role(task.role).name
            (deed,) = in_capacity([deed], held, lane)
            versions = {**ground.current, **{version.data_object_id: version for version in filing.issued}}
            signatures = signing.signed(agreed, versions, actor, deed, now)
            sequence = transitions.write_step(
                work,
                procedure,
                head,
                taken,
                [deed, *numbered, *filing.deeds(task), *(each.deed() for each in signatures)],
                self.office.calendar(),
                held=held,
                lane=lane,
                returned=_sent_back(
                    work,
                    procedure,
                    head.id,
                    taken,
                    SentBack(actor.person_id, form.return_reason(values), step.number, now),
                    values,
                ),
            )
            written = tasks.complete(
                work,
                task_id,
                actor.person_id,
                today,
                completed_at=now,
                completed_by=actor.person_id,
                assignee=actor.person_id,
                capacity=held.capacity.value if held else None,
                decree=held.decree if held else None,
                history_seq=sequence,
            )
            if not written:  # somebody was faster, or a membership ended meanwhile: say which
                self._permit_completing(work, actor, self._found(work, actor, task_id, now), step)
                raise Conflict("stale")
            filing.write(work)
            renderings.add(work, due_of(procedure.outline.process_id, procedure.files, filing.issued, now))
            documents.attach(work, attached, task.instance_id)
            signing.write(work, signatures, procedure.outline.process_id, procedure.files)
            if ground.found.drafted:
                drafts.forget(work, _own(actor, task_id))
        self.executor.keep(taken, head.revision + 1)
        return taken

    def _numbers(self, ground: _CompletionInput, values: Mapping[str, Any]) -> tuple[numbers.NumberedPlace, ...]:
        """Return the fields of the step's form that take a number, with their patterns as the values make them."""
        form = ground.procedure.form_of(ground.step.element_id)
        if not form.numbered:
            return ()
        names = Names(self._names_of(ground, ground.current) | dict(values))
        evaluate = evaluator(ground.functions)
        today = self.office.today(ground.sent.now)
        return numbers.places(form, values, ground.entries, lambda text: evaluate(text, names), today)

    def _names_of(self, ground: _CompletionInput, current: Mapping[str, DocumentVersion]) -> dict[str, Any]:
        return self.names(ground.found, ground.procedure, current, ground.sent.actor, ground.sent.now, ground.current)

    def _ground(self, sent: _Sent) -> _CompletionInput:
        """Read all that completing a task needs, at one moment, and refuse whoever may not."""
        actor, task_id, now = sent.actor, sent.task_id, sent.now
        with self.database.read() as reader:
            found = self._found(reader, actor, task_id, now)
            procedure = self.procedures.of(reader, found.instance.definition_id)
            step = procedure.outline.task(found.task.element_id)
            self._permit_completing(reader, actor, found, step)
            form = procedure.form_of(step.element_id)
            entries = self._with_kept(reader, actor, task_id, form, entries_of(form, sent.entries, sent.words), now)
            return _CompletionInput(
                sent=sent,
                found=found,
                procedure=procedure,
                step=step,
                current=documents.current(reader, found.instance.id),
                files=named(reader, actor, procedure, found.task, _texts(entries)),
                members=people.members(reader, self.office.today(now)) if form.asks_people else {},
                entries=entries,
                functions=self.office.functions(procedure, now, found.instance.reference_date),
            )

    def _with_kept(
        self, tx: Transaction, actor: Actor, task_id: str, form: Form, entries: Entries, now: datetime
    ) -> Entries:
        """Return the entries with the rows that they leave to the actor's draft, else to what was prefilled."""
        paths = kept_tables(form.tree, entries)
        if not paths:
            return entries
        draft = drafts.of(tx, _own(actor, task_id))
        if draft is not None:
            return with_kept(entries, draft.entries, paths)
        found = self._found(tx, actor, task_id, now)
        procedure = self.procedures.of(tx, found.instance.definition_id)
        names = self.names(found, procedure, documents.current(tx, found.instance.id), actor, now)
        return with_kept(entries, form.prefill(names, self._evaluator(procedure, found.instance, now)), paths)

    def _accept(self, ground: _CompletionInput) -> dict[str, Any]:
        """Return the typed values of the entries; InvalidForm with every fault, missing kelengkapan first."""
        lacking = missing(ground.procedure, ground.step, ground.current)
        errors = [_lacks(paper, ground.procedure) for paper in lacking]
        form = ground.procedure.form_of(ground.step.element_id)
        wanted = _names_read(form)  # the other documents need not be decoded
        current = {id_: version for id_, version in ground.current.items() if id_ in wanted}
        around = Surroundings(
            context=self._names_of(ground, current),
            evaluate=evaluator(ground.functions),
            people=lambda roles: _people(ground.members, roles),
            files=ground.files,
            locale=ground.sent.words.locale,
            gettext=ground.sent.words.gettext,
        )
        try:
            values = form.accept(ground.entries, around)
        except InvalidForm as invalid:
            raise InvalidForm([*errors, *invalid.errors], invalid.entries) from None
        if errors:
            raise InvalidForm(errors, ground.entries)
        return values

    # ── who may ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _permit_completing(self, tx: Transaction, actor: Actor, found: TaskContext, step: UserTask) -> None:
        """Let only the holder complete a task, or a member who alone could claim it; four eyes if the step asks."""
        permit_filling(actor, found)
        refuse_same_eyes(actor, step, lambda element_id: tasks.performer_of(tx, found.instance.id, element_id))

    def _may(self, actor: Actor, found: TaskContext, members: Members) -> tuple[str, str | None]:
        task = found.task
        if task.status is TaskStatus.COMPLETED:
            return "read", "completed"
        if task.status is TaskStatus.CANCELLED:
            return "read", "cancelled"
        if found.instance.status in (InstanceStatus.SUSPENDED, InstanceStatus.TERMINATED):
            return "read", found.instance.status.value
        if actor.person_id in (task.performer, task.assignee):
            return "fill", None
        if task.holder is not None:
            return "read", "held"
        return ("fill", None) if set(members.get(task.role, {})) == {actor.person_id} else ("claim", None)

    # ── parts ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _item(
        self,
        reader: Transaction,
        task: TaskRecord,
        members: Members,
        now: datetime,
        draft_saved_at: datetime | None = None,
    ) -> InboxItem:
        procedure = self.procedures.of(reader, task.definition_id)
        outline = procedure.outline
        step = outline.task(task.element_id)
        before = [t for t in outline.tasks if t.number == step.number - 1]
        return InboxItem(
            task=task,
            step=step,
            step_count=len(outline.tasks),
            clock=clock_of(task, self.office.calendar(), now),
            process=outline,
            lane=outline.lane_of_role(task.role),
            members=len(members.get(task.role, {})),
            from_whom=outline.lane_of_role(before[0].role).name if before else None,
            draft_saved_at=draft_saved_at,
        )

    def _found(self, tx: Transaction, actor: Actor, task_id: str, now: datetime) -> TaskContext:
        """Return a task as it stands for somebody today, whether or not they may do anything with it."""
        return there(tasks.context(tx, task_id, actor.person_id, self.office.today(now)), task_id)

    def _reassign(self, work: Work, found: TaskContext, role: str, reason: str) -> None:
        task = found.task
        _refuse_signing(self.procedures.of(work, task.definition_id), task.element_id)
        tasks.change(work, task.id, role=role, assignee=None, assigned_at=None, performer=None)
        change = {"old": {"role": task.role, "holder": task.holder}, "new": {"role": role}, "reason": reason}
        work.record_instance(found.instance, [HistoryEvent(Action.TASK_REASSIGNED, task.element_id, task.id, change)])


def _lacks(paper: Paper, procedure: Procedure) -> FieldError:
    """Return why a step cannot be completed: a document is not there, or not approved; then by whose role."""
    role = paper.version.approver if paper.version else None
    said = procedure.outline.lane_of_role(role).name if role else paper.reference.data_object_id
    return FieldError("", paper.reference.name, said, "pending" if role else "kelengkapan")


def _own(actor: Actor, task_id: str) -> Whose:
    """Return which drafts of a task are the actor's own."""
    return Whose(DraftKind.TASK, task_id, actor.person_id)


def _plain(entries: Entries) -> dict[str, list[str]]:
    return {path: list(texts) for path, texts in entries.items()}


def _refuse_signing(procedure: Procedure, element_id: str) -> None:
    """Keep a step that signs in its lane: one person who moves it would choose who signs, which takes two (guards)."""
    if any(t.element_id == element_id and procedure.form_of(t.element_id).signatures for t in procedure.outline.tasks):
        raise NotPermitted("signs")


def _sole_roles(actor: Actor, members: Members) -> frozenset[str]:
    return frozenset(role for role in actor.roles if set(members.get(role, {})) == {actor.person_id})


def _people(members: Members, roles: Sequence[str] = ()) -> dict[str, str]:
    lanes = roles or [of for of in members if of not in set(OfficeRole)]  # others only read, or run the office
    return {id_: name for of in lanes for id_, name in members.get(of, {}).items()}


def _sent_back(
    tx: Transaction,
    procedure: Procedure,
    instance_id: str,
    taken: Transition,
    last: SentBack,
    values: Mapping[str, Any],
) -> SentBack:
    """Return who chose that work goes back: not who came *last* if another answered what a gateway decided by."""
    back = any(procedure.outline.task(opened.element_id).number <= last.from_number for opened in taken.opened)
    read = set[str]().union(*(read_at(procedure.definition, each.element_id) for each in taken.passed if back))
    if not read or read & values.keys():
        return last
    for line in histories.completions(tx, instance_id):
        given = json.loads(line.change).get("values", {})
        if line.element_id is not None and read & given.keys():
            return replace(
                last, by=line.actor, reason=procedure.form_of(line.element_id).return_reason(given), at=line.at
            )
    return last


def _names_read(form: Form) -> frozenset[str]:
    """Every name that an expression of the form reads."""
    return frozenset(name for _, text in form.expressions for name in expression.compile(text).names)


def _texts(entries: Entries) -> set[str]:
    """Texts that could be ids of files: 36 characters, as UUIDs are."""
    return {text for texts in entries.values() for text in texts if len(text) == 36}
