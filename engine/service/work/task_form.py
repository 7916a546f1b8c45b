"""A task's form before completion: its page, how entries are read, drafts."""

import calendar
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.forms.field import NUMERIC, Field, Kind
from engine.forms.form import Form
from engine.forms.grids import kept_tables, with_kept, with_unseen
from engine.forms.presentation import echo
from engine.forms.shown import FileView, file_view
from engine.forms.submission import Reading, Surroundings
from engine.forms.values import value_at
from engine.model.errors import Busy, FieldError, NotFound, there
from engine.model.history import Action, HistoryEvent
from engine.model.people import Actor, Membership, OfficeRole
from engine.model.process import InstanceStatus, UserTask
from engine.model.work import Attachment, DocumentVersion, Draft, InstanceRecord, TaskRecord, TaskStatus
from engine.service.papers.documents import named
from engine.service.papers.filing import Paper, papers
from engine.service.people.permissions import acting, in_capacity, in_place_of, permit_filling, permit_reading
from engine.service.procedures.files import PARTS
from engine.service.procedures.procedure import INDONESIAN, Entries, Language, Procedure, Values, entries_of, evaluator
from engine.service.work.inbox import InboxItem, item_of
from engine.service.work.taking_back import first_look
from engine.service.work.transitions import Moves
from engine.store.queries import Transaction, absences, documents, drafts, histories, people, tasks
from engine.store.queries.people import Members
from engine.store.queries.tasks import TaskContext
from engine.store.retrying import retried


@dataclass(frozen=True)
class TaskForm:
    """The form of a task as it stands for somebody, whether or not they may do anything with it."""

    actor: Actor  # who looks at it
    now: datetime  # when they look: prefilled values are as of then
    found: TaskContext
    procedure: Procedure
    step: UserTask
    form: Form
    functions: Mapping[str, Callable[..., Any]]  # what its expressions call

    @property
    def instance(self) -> InstanceRecord:
        """The instance that the task belongs to."""
        return self.found.instance

    @property
    def drafts(self) -> drafts.Whose:
        """Which drafts of the task are the person's own."""
        return drafts.of_task(self.actor, self.found.task.id)


@dataclass(frozen=True)
class TaskPage(TaskForm):
    """One user task as its page shows it."""

    item: InboxItem
    may: str  # "fill", "claim", "read"
    why: str | None  # why only "read": "held", "completed", "cancelled", "suspended", "terminated"
    needs: tuple[Paper, ...]
    yields: tuple[Paper, ...]
    draft: Draft | None
    aside: Draft | None  # what the actor put aside last
    handed: tuple[str, datetime, str] | None  # who handed the task to its holder, when and why
    extended: tuple[str, datetime, str] | None  # who put off its due date last, when and why
    context: Mapping[str, Any]
    capacities: tuple[Membership, ...]
    colleagues: Mapping[str, str]  # who else works in the lane: the task can be handed to them
    away: Mapping[str, str]  # who of them is away, and who stands in
    next_steps: tuple[UserTask, ...]
    next_people: Mapping[str, Mapping[str, str]]
    earlier: tuple[TaskRecord, ...]  # earlier passes of this step


@dataclass(frozen=True)
class TaskForms(Moves):
    """What a person does with a task's form before completing the task."""

    def open(self, actor: Actor, task_id: str, now: datetime) -> TaskPage:
        """Return one task's page for a person of its lane or its named performer; NotPermitted names the lane.

        That somebody first looks is recorded, if the task's opening could be taken back till then.
        """
        with self.database.read() as reader:
            at = self._form(reader, actor, task_id, now)
            task, procedure = at.found.task, at.procedure
            permit_reading(actor, task, procedure)
            members = people.members(reader, self.office.today(now))
            current = documents.current(reader, task.instance_id)
            every = tasks.of_instance(reader, task.instance_id)
            draft, aside = drafts.of(reader, at.drafts), drafts.aside(reader, at.drafts)
            handed = histories.last_of_task(reader, task, Action.TASK_DELEGATED) if task.assignee else None
            moved = task.due_at != task.first_due_at
            extended = histories.last_of_task(reader, task, Action.TASK_EXTENDED) if moved else None
            first = first_look(reader, actor, task)
            away = absences.substitutes(reader, members.get(task.role, {}), self.office.today(now))
        if first:
            self._look(actor, task_id, now)
        may, why = _may(actor, at.found, members)
        needs, yields = papers(procedure, at.step, current, task.status is TaskStatus.COMPLETED)
        following = procedure.following([at.step])
        passes = [t for t in every if t.status is TaskStatus.COMPLETED and t.id != task_id]
        return TaskPage(
            **vars(at),
            item=item_of(procedure, task, members, self.office.calendar(), now, draft.saved_at if draft else None),
            may=may,
            why=why,
            needs=needs,
            yields=yields,
            draft=draft,
            aside=aside,
            handed=handed[:3] if handed and handed[3] == task.assignee else None,
            extended=extended[:3] if extended else None,
            context=self.names(at, current),
            capacities=tuple(m for m in actor.memberships if m.role == task.role),
            colleagues={k: v for k, v in members.get(task.role, {}).items() if k != actor.person_id},
            away=away,
            next_steps=following,
            next_people={s.element_id: members.get(s.role, {}) for s in following},
            earlier=tuple(t for t in passes if (t.element_id, t.item) == (task.element_id, task.item)),
        )

    @retried
    def _look(self, actor: Actor, task_id: str, now: datetime) -> None:
        with suppress(Busy), self.database.write(actor, now) as work:  # who reads does not wait for who writes
            at = self._form(work, actor, task_id, now)
            if first_look(work, actor, at.found.task):
                lane = at.procedure.outline.lane_of_role(at.found.task.role)
                deed = HistoryEvent(Action.TASK_VIEWED, at.step.element_id, task_id)
                work.record_instance(at.instance, in_capacity([deed], acting(actor, lane.role), lane.name))

    def permit(self, actor: Actor, task_id: str) -> None:
        """Refuse whoever may not see a task's form, before anything that they send is read."""
        with self.database.read() as reader:
            task = there(tasks.by_id(reader, task_id), task_id)
            permit_reading(actor, task, self.procedures.of(reader, task.definition_id))

    # ── what is read ────────────────────────────────────────────────────────────────────────────────────────────────

    def names(
        self, at: TaskForm, current: Mapping[str, DocumentVersion], every: Mapping[str, DocumentVersion] | None = None
    ) -> dict[str, Any]:
        """Return the variables of form expressions: content of *current* documents, facts of *every* one."""
        procedure, task, corrects = at.procedure, at.found.task, at.instance.corrects
        current = {id_: version for id_, version in current.items() if not version.void}
        due_at = task.due_at and task.due_at.astimezone(self.office.calendar().zone)
        known = {
            **procedure.form_of(procedure.outline.start_event).decode(at.instance.values),
            **{id_: procedure.content_of(version) for id_, version in current.items()},
            "hari_ini": self.office.today(at.now),
            "pelaku": at.actor.person_id,
            "butir": task.item,
            "jatuh_tempo": due_at and due_at.date(),
            "dokumen": {
                id_: {
                    **{"nama": version.name, "versi": Decimal(version.version), "sidik": version.sha256},
                    "menunggu": procedure.outline.lane_of_role(str(version.approver)).name if version.pending else None,
                }
                for id_, version in (current if every is None else every).items()
                if not version.void
            },
        }
        return known | (self.office.precedents.corrected(corrects["instance"], at.form, known) if corrects else {})

    def prefill(self, page: TaskPage) -> Entries:
        """Return what the form begins with: defaults and what earlier steps yielded."""
        return page.form.prefill(page.context, evaluator(page.functions))

    def begins_with(self, page: TaskPage) -> Mapping[str, Any]:
        """Return the same as JSON by field."""
        return page.form.begins_with(page.context, evaluator(page.functions))

    def fields(self, page: TaskPage, entries: Entries, problems: Sequence[FieldError], words: Language) -> Any:
        """Return the tree of fields that the form's template shows, with *entries* as typed."""
        around, _ = self.around(page, entries, words)
        return page.form.fields(entries, problems, around, grids=True)

    def echo(self, kind: str, text: str, words: Language) -> Any:
        """Return how a day, time or number is read while it is typed; NotFound for another kind of field."""
        if kind not in NUMERIC | {Kind.DATE, Kind.TIME}:
            raise NotFound(kind)
        calendar = self.office.calendar()
        around = Surroundings({}, lambda *_: None, lambda _: {}, {}, words.locale, words.gettext, calendar.day_off)
        return echo(Kind(kind), text[:100], around)

    def days_off(self, month: str) -> dict[str, str]:
        """Return the days of a month ("2025-04") on which the office does not work, each with its holiday's name."""
        try:
            first = date.fromisoformat(f"{month}-01")
        except ValueError:
            raise NotFound(month) from None
        days = (first + timedelta(n) for n in range(calendar.monthrange(first.year, first.month)[1]))
        off = self.office.calendar().day_off
        return {day.isoformat(): name for day in days if (name := off(day)) is not None}

    def answers(self, page: TaskPage, entries: Entries, words: Language) -> Any:
        """Return each part of a long form with what is answered in it, for reading before it is handed in."""
        reading, everybody = self.reading(page, entries, words)
        return page.form.answers(reading, everybody)

    def reading(self, page: TaskPage, entries: Entries, words: Language) -> tuple[Reading, Mapping[str, str]]:
        """Return the entries of a task's form as they are read, and the names of all people."""
        around, members = self.around(page, entries, words)
        return page.form.read(entries, around), _people(members)

    def evidence(self, page: TaskPage, table: Field) -> dict[str, tuple[FileView, ...]]:
        """Return the files about the rows of a table, by the rows' key; those alone that the person may read."""
        document, _, place = (table.evidence or "").partition(".")
        content, (path, _, column) = page.context.get(document) or {}, place.rpartition(".")
        ids: dict[str, list[str]] = {}
        for part in content[PARTS].values() if PARTS in content else [content]:
            for row in value_at(part, path) or ():
                ids.setdefault(str(row.get(table.key)), []).extend(row.get(column) or ())
        if not ids:
            return {}
        with self.database.read() as reader:
            files = named(reader, page.actor, page.procedure, page.found.task, ids)
        return {key: tuple(file_view(files[each]) for each in own if each in files) for key, own in ids.items()}

    def around(self, page: TaskPage, entries: Entries, words: Language) -> tuple[Surroundings, Members]:
        """Return what is needed to read a task's form, and who works in each role."""
        with self.database.read() as reader:
            members = people.members(reader, self.office.today(page.now))
            files = named(reader, page.actor, page.procedure, page.found.task, entries)
        return self._around(page, page.context, members, files, words), members

    def _around(
        self,
        at: TaskForm,
        context: Mapping[str, Any],
        members: Members,
        files: Mapping[str, Attachment],
        words: Language,
    ) -> Surroundings:
        told, day_off = (words.locale, words.gettext), self.office.calendar().day_off
        return Surroundings(context, evaluator(at.functions), lambda of: _people(members, of), files, *told, day_off)

    def _form(self, tx: Transaction, actor: Actor, task_id: str, now: datetime) -> TaskForm:
        found = self._found(tx, actor, task_id, now)
        procedure = self.procedures.of(tx, found.instance.definition_id)
        step, form = procedure.outline.task(found.task.element_id), procedure.form_of(found.task.element_id)
        functions = self.office.functions(procedure, now, found.instance.reference_date)
        return TaskForm(actor, now, found, procedure, step, form, functions)

    # ── drafts ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def begun(self, page: TaskPage) -> Entries:
        """Return the form's entries: the actor's draft, else the prefilled values."""
        return page.draft.entries if page.draft else self.prefill(page)

    def with_kept_rows(self, page: TaskPage, entries: Entries) -> Entries:
        """Return the entries with the rows of tables that are edited on pages of their own."""
        paths = kept_tables(page.form.tree, entries)
        return with_kept(entries, self.begun(page), paths) if paths else entries

    def edit_rows(
        self, actor: Actor, task_id: str, entries: Entries, deed: str, place: str, now: datetime, seen: Collection[str]
    ) -> dict[str, list[str]]:
        """Return the entries with a table's row added ("tambah"), removed ("hapus") or moved ("naik", "turun")."""
        page = self.open(actor, task_id, now)
        whole = with_unseen(page.form.tree, self.with_kept_rows(page, entries), self.begun(page), seen)
        return page.form.with_row(whole, deed, place)

    def draft(self, actor: Actor, task_id: str) -> Draft:
        """Return the actor's own draft of a task, else what they put aside last."""
        mine = drafts.of_task(actor, task_id)
        with self.database.read() as reader:
            return there(drafts.of(reader, mine) or drafts.aside(reader, mine), task_id)

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
        files: Collection[str] | None = None,
        words: Language = INDONESIAN,
    ) -> Draft:
        """Save entries; Conflict("draft") if another tab than *writer* saved since *revision*, unless *over* it.

        A page says which *files* it shows: what the draft holds besides stays.
        """
        with self.database.write(actor, now) as work:
            at = self._form(work, actor, task_id, now)
            permit_filling(actor, at.found)
            entries = self._with_kept(work, at, entries_of(at.form, sent, words), files)
            seen: dict[str, Any] = {"revision": revision, "writer": writer, "over": over}
            saved = drafts.save(work, at.drafts, _plain(entries), **seen, instance_id=at.instance.id)
        if not at.found.drafted:  # else it was looked at when the draft was begun
            self._look(actor, task_id, now)
        return saved

    def keep_entries(self, actor: Actor, task_id: str, entries: Entries, now: datetime) -> None:
        """Put aside entries that were not taken, whoever has the task now; strangers keep nothing."""
        with self.database.write(actor, now) as work:
            at = self._form(work, actor, task_id, now)
            task = at.found.task
            if actor.has(task.role) or actor.person_id in (task.performer, task.completed_by):
                kept = _plain(self._with_kept(work, at, entries))
                drafts.set_aside(work, at.drafts, kept, instance_id=task.instance_id)

    def restore_draft(self, actor: Actor, task_id: str, now: datetime) -> None:
        """Restore what the actor put aside last; the current draft is put aside instead."""
        with self.database.write(actor, now) as work:
            drafts.restore(work, there(drafts.aside(work, drafts.of_task(actor, task_id)), task_id))

    def drop_draft(self, actor: Actor, task_id: str, now: datetime) -> None:
        """Begin again with the form as it was prefilled; the draft is put aside."""
        with self.database.write(actor, now) as work:
            drafts.drop(work, drafts.of_task(actor, task_id))

    def _with_kept(
        self, tx: Transaction, at: TaskForm, entries: Entries, files: Collection[str] | None = None
    ) -> Entries:
        """Return the entries with the rows that they leave to the actor's draft, else to the prefilled values."""
        paths = kept_tables(at.form.tree, entries)
        draft = drafts.of(tx, at.drafts) if at.found.drafted and (paths or files is not None) else None
        if draft and files is not None:
            entries = with_unseen(at.form.tree, entries, draft.entries, files)
        if not paths:
            return entries
        if draft:
            return with_kept(entries, draft.entries, paths)
        names = self.names(at, documents.current(tx, at.instance.id))
        return with_kept(entries, at.form.prefill(names, evaluator(at.functions)), paths)


def _may(actor: Actor, found: TaskContext, members: Members) -> tuple[str, str | None]:
    task, stands = found.task, found.instance.status
    if task.status is not TaskStatus.READY:
        return "read", task.status.value
    if stands in (InstanceStatus.SUSPENDED, InstanceStatus.TERMINATED):
        return "read", stands.value
    if task.acts_for not in (None, *actor.stands_in_for) and task.assignee == actor.person_id:
        return "read", "back"
    if actor.person_id in (task.performer, task.assignee) or (task.holder and in_place_of(actor, task) == task.holder):
        return "fill", None
    if task.holder is not None:
        return "read", "held"
    return ("fill", None) if set(members.get(task.role, {})) == {actor.person_id} else ("claim", None)


def _plain(entries: Entries) -> dict[str, list[str]]:
    return {path: list(texts) for path, texts in entries.items()}


def _people(members: Members, roles: Sequence[str] = ()) -> dict[str, str]:
    lanes = roles or [of for of in members if of not in set(OfficeRole)]  # others only read, or run the office
    return {id_: name for of in lanes for id_, name in members.get(of, {}).items()}
