"""Completing a task: ``Tasks.complete`` and the receipt.

``_complete_once`` reads in order: find, permit, accept, move, write, record. The move is computed without a lock on
what was read; permission is checked again inside the short write transaction, because meanwhile a membership may have
ended or another person been faster.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from engine.bpmn import expression
from engine.bpmn.causes import read_at
from engine.forms.defaults import Names
from engine.forms.values import files_of
from engine.model.errors import Conflict, FieldError, InvalidForm, NotFound, there
from engine.model.history import Action, HistoryEvent
from engine.model.people import Actor
from engine.model.process import DONE, InstanceStatus, Snapshot, Transition, UserTask
from engine.model.work import Attachment, Clock, DocumentTask, DocumentVersion, InstanceRecord, TaskRecord, TaskStatus
from engine.service.papers import letter_numbers as numbers
from engine.service.papers import signing
from engine.service.papers.documents import named
from engine.service.papers.filing import Filing, Paper, missing, plan_filing, yielded_by
from engine.service.papers.signing import Signer, Signing
from engine.service.people.accounts import Retyped
from engine.service.people.permissions import (
    acting,
    in_capacity,
    in_place_of,
    permit_filling,
    permit_reading,
    refuse_same_eyes,
)
from engine.service.procedures.document_templates import due_of
from engine.service.procedures.procedure import INDONESIAN, Entries, Language, Procedure, Values, entries_of, evaluator
from engine.service.work import transitions
from engine.service.work.deadlines import clock_of
from engine.service.work.inbox import InboxItem, item_of
from engine.service.work.task_form import TaskForm, TaskForms
from engine.service.work.transitions import ExpectedRevision, SentBack
from engine.store.queries import (
    Transaction,
    document_tasks,
    documents,
    drafts,
    histories,
    instances,
    people,
    renderings,
    tasks,
)
from engine.store.queries.people import Members
from engine.store.queries.tasks import TaskContext
from engine.store.retrying import retrying


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
    stopped: bool  # an incident stops the instance; the completion is saved
    procedure: Procedure
    papers: tuple[DocumentTask, ...]  # what the instance's documents wait for
    mine: tuple[DocumentTask, ...]  # of that, what the viewer may do


@dataclass(frozen=True)
class _Sent(TaskForm):
    """A task's form that somebody sends, with all that its completion is computed from."""

    entries: Entries
    words: Language
    current: Mapping[str, DocumentVersion]
    files: Mapping[str, Attachment]
    members: Members


@dataclass(frozen=True)
class Tasks(TaskForms):
    """What a person of a lane may do with the form of a user task."""

    signing: Signing

    def complete(
        self,
        actor: Actor,
        task_id: str,
        entries: Entries | Values,
        now: datetime,
        *,
        words: Language = INDONESIAN,
        draft_revision: int | None = None,
        writer: str | None = None,
        retyped: Retyped | None = None,
        seen: Mapping[str, str] | None = None,
        files: Collection[str] | None = None,
    ) -> Transition:
        """Accept the entries of a task's form, move its instance on, and return how it moved.

        *retyped* proves who signs, where the form asks for a signature and the answer is an internal approval; *seen*
        is, by data object, the SHA-256 of the content that the signer saw; *files* as in ``save_draft``.

        *draft_revision* is the draft's revision when the form was opened (0: none). If another tab than *writer* saved
        since, the person has not seen that: Conflict("draft").

        Raises InvalidForm with every error at once, Conflict with who was faster, NotPermitted, NotFound.
        """
        if draft_revision is not None:
            draft = self.database.ask(drafts.of, drafts.of_task(actor, task_id))
            if draft and draft.revision != draft_revision and (writer is None or draft.writer != writer):
                raise Conflict("draft", at=draft.saved_at)
        signer = self.signing.signer(actor, retyped, now, seen)
        find = partial(self._sent, actor, task_id, entries, words, now, files)
        return retrying(lambda: self._complete_once(find, signer))

    def confirm(self, actor: Actor, task_id: str, now: datetime, words: Language = INDONESIAN) -> Transition:
        """Complete a step whose form asks nothing, among several at once; InvalidForm("asks") of another."""
        self.permit(actor, task_id)
        with self.database.read() as reader:
            task = there(tasks.by_id(reader, task_id), task_id)
            if self.procedures.of(reader, task.definition_id).form_of(task.element_id).tree:
                raise InvalidForm([FieldError("", "", "", "asks")], {})
        return self.complete(actor, task_id, {}, now, words=words)

    def faults(
        self, actor: Actor, task_id: str, entries: Entries, words: Language, now: datetime
    ) -> tuple[FieldError, ...]:
        """Return what would keep the entries from being accepted, without accepting them."""
        try:
            self._accept(self._sent(actor, task_id, entries, words, now))
        except InvalidForm as invalid:
            return invalid.errors
        return ()

    # ── find, permit, accept, move, write, record ───────────────────────────────────────────────────────────────────

    def _sent(
        self,
        actor: Actor,
        task_id: str,
        entries: Entries | Values,
        words: Language,
        now: datetime,
        files: Collection[str] | None = None,
    ) -> _Sent:
        """Find all that completing a task needs, as of one moment, and refuse whoever may not."""
        with self.database.read() as reader:
            at = self._form(reader, actor, task_id, now)
            self._permit_completing(reader, actor, at.found, at.step)
            typed = self._with_kept(reader, at, entries_of(at.form, entries, words), files)
            return _Sent(
                **vars(at),
                entries=typed,
                words=words,
                current=documents.current(reader, at.instance.id),
                files=named(reader, actor, at.procedure, at.found.task, typed),
                members=people.members(reader, self.office.today(now)) if at.form.asks_people else {},
            )

    def _permit_completing(self, tx: Transaction, actor: Actor, found: TaskContext, step: UserTask) -> None:
        """Let only the holder complete a task, or a member who could claim it; four eyes if the step asks."""
        permit_filling(actor, found)
        refuse_same_eyes(actor, found.task, step, lambda id_: tasks.eyes_on(tx, found.instance.id, id_))

    def _complete_once(self, find: Callable[[], _Sent], signer: Signer) -> Transition:
        sent = find()  # find, permit
        actor, now, task, form, procedure = sent.actor, sent.now, sent.found.task, sent.form, sent.procedure
        head = ExpectedRevision.of(sent.instance, sent.found.has_timers)
        values = self._accept(sent)  # accept
        stands = {id_: version for id_, version in sent.current.items() if not version.void}
        agreed = self.signing.accept(form, values, sent.files, stands, signer, sent.entries, sent.words, now)
        encoded, asked = form.encode(values), self._numbers(sent, values)
        attached = files_of(form.tree, encoded) & sent.files.keys()
        if not asked:
            taken, filing = self._move(sent, values, encoded)  # move
        held, lane = acting(actor, task.role), procedure.outline.lane_of_role(task.role).name
        with self.database.write(actor, now) as work:  # write, record
            numbered: list[HistoryEvent] = []
            if asked:  # the plan holds the number, which is known only inside the lock
                given, numbered = numbers.take(work, asked, task)
                values, encoded = numbers.put_in(values, given), numbers.put_in(encoded, given)
                taken, filing = self._move(sent, values, encoded)
            (deed,) = in_capacity([_deed(sent, encoded, taken, filing, attached)], held, lane)
            versions = {**sent.current, **{version.data_object_id: version for version in filing.issued}}
            signatures = signing.signed(agreed, versions, actor, deed, now)
            due = due_of(procedure.outline.process_id, procedure.files, filing.issued, now)
            sequence = transitions.write_step(
                work,
                procedure,
                head,
                taken,
                [deed, *numbered, *filing.deeds(task, due), *(each.deed() for each in signatures)],
                self.office.calendar(),
                held=held,
                lane=lane,
                returned=_sent_back(work, sent, taken, values),
                before=None if taken.status is InstanceStatus.COMPLETED else sent.found.state,
            )
            if not tasks.complete(work, task.id, self.office.today(now), held, sequence, in_place_of(actor, task)):
                # somebody was faster, or a membership ended: raise which
                self._permit_completing(work, actor, self._found(work, actor, task.id, now), sent.step)
                raise Conflict("stale")
            filing.write(work)
            renderings.add(work, due)
            documents.attach(work, attached, task.instance_id)
            signing.write(work, signatures, procedure.outline.process_id, procedure.files)
            if sent.found.drafted:
                drafts.forget(work, sent.drafts)
        self.executor.keep(taken, head.revision + 1)
        return taken

    def _accept(self, sent: _Sent) -> dict[str, Any]:
        """Return the typed values of the entries; InvalidForm with every error, missing kelengkapan first."""
        errors = [_lacks(paper, sent.procedure) for paper in missing(sent.procedure, sent.step, sent.current)]
        read = {name for _, text in sent.form.expressions for name in expression.compile(text).names}
        current = {id_: version for id_, version in sent.current.items() if id_ in read}  # others need no decoding
        names = self.names(sent, current, sent.current)
        try:
            values = sent.form.accept(sent.entries, self._around(sent, names, sent.members, sent.files, sent.words))
        except InvalidForm as invalid:
            raise InvalidForm([*errors, *invalid.errors], invalid.entries) from None
        if errors:
            raise InvalidForm(errors, sent.entries)
        return values

    def _numbers(self, sent: _Sent, values: Mapping[str, Any]) -> tuple[numbers.NumberedPlace, ...]:
        """Return the fields of the form that take a number, with their patterns for these values."""
        if not sent.form.numbered:
            return ()
        names, evaluate = Names(self.names(sent, sent.current) | dict(values)), evaluator(sent.functions)
        today = self.office.today(sent.now)
        return numbers.places(sent.form, values, sent.entries, lambda text: evaluate(text, names), today)

    def _move(self, sent: _Sent, values: Mapping[str, Any], encoded: Mapping[str, Any]) -> tuple[Transition, Filing]:
        """Return how the instance moves, and what is filed as documents."""
        task, step, procedure = sent.found.task, sent.step, sent.procedure
        yielded, by = yielded_by(procedure, step, encoded), sent.actor.person_id
        plan = partial(plan_filing, task, step, procedure, yielded, sent.current, by=by, now=sent.now)
        plan = partial(plan, sent_back=sent.form.returns(values))
        filing = plan(last_of_activation=not sent.found.siblings)
        taken = self.executor.complete(
            procedure.definition,
            Snapshot(sent.instance.id, sent.instance.revision, sent.found.state),
            task.id,
            {k: v for k, v in values.items() if k in procedure.outline.needed_names},
            filing.versions,
            sent.now,
            functions=sent.functions,
        )
        if sent.found.siblings and all(other.activation != task.activation for other in taken.open_tasks):
            filing = plan(last_of_activation=True)  # a completion condition took the others' tasks away
        return taken, filing

    # ── the receipt ─────────────────────────────────────────────────────────────────────────────────────────────────

    def receipt(self, actor: Actor, task_id: str, now: datetime) -> Completion:
        """Return what completing *task_id* did, as recorded; for who completed it and the lane."""
        calendar = self.office.calendar()
        with self.database.read() as reader:
            task = there(tasks.by_id(reader, task_id), task_id)
            if task.status is not TaskStatus.COMPLETED:
                raise NotFound(task_id)
            record = there(instances.by_id(reader, task.instance_id), task_id)
            procedure = self.procedures.of(reader, record.definition_id)
            permit_reading(actor, task, procedure)
            every = documents.of_instance(reader, record.id)
            steps = tasks.of_instance(reader, record.id)
            open_now = tasks.open_of_instances(reader, [record.id])[record.id]
            members = people.members(reader, self.office.today(now))
            held = numbers.of_documents(reader, record.id)
            waiting = document_tasks.of_instances(reader, [record.id])[record.id]
            own = document_tasks.of_person(reader, actor, instance_id=record.id)
        made = (task.element_id, task.completed_at)
        return Completion(
            task=task,
            step=procedure.outline.task(task.element_id),
            instance=record,
            clock=clock_of(task, calendar, now),
            documents=tuple(
                version
                for version in every
                if (version.element_id, version.created_at) == made or any(p.task_id == task_id for p in version.parts)
            ),
            numbers=held,
            next_tasks=tuple(item_of(procedure, each, members, calendar, now) for each in open_now),
            ended=record.status in DONE,
            returned=any(each.returned_at == task.completed_at for each in steps),
            stopped=record.status is InstanceStatus.INCIDENT,
            procedure=procedure,
            papers=waiting,
            mine=own,
        )


def _lacks(paper: Paper, procedure: Procedure) -> FieldError:
    """Return why a step cannot be completed: a document is missing, or not yet approved by a role."""
    role = paper.version.approver if paper.version else None
    said = procedure.outline.lane_of_role(role).name if role else paper.reference.data_object_id
    return FieldError("", paper.reference.name, said, "pending" if role else "kelengkapan")


def _deed(
    sent: _Sent, encoded: Mapping[str, Any], taken: Transition, filing: Filing, attached: Collection[str]
) -> HistoryEvent:
    """Return the line of a completed task: values outside documents, elements passed, files attached."""
    files = {id_: sent.files[id_] for id_ in sorted(attached)}
    change = {
        "values": {k: v for k, v in encoded.items() if k not in filing.versions and v is not None},
        "passed": transitions.passed_change(taken),
        # documents hold ids of files; history holds their hashes
        "files": {id_: file.sha256 for id_, file in files.items()},
        "named": {id_: [file.name, file.media_type, file.size] for id_, file in files.items()},
    }
    if away := in_place_of(sent.actor, sent.found.task):
        change["for"] = away
    return HistoryEvent(Action.TASK_COMPLETED, sent.step.element_id, sent.found.task.id, change)


def _sent_back(tx: Transaction, sent: _Sent, taken: Transition, values: Mapping[str, Any]) -> SentBack:
    """Return who sent work back: whoever answered what the gateway decided by, not always the last person."""
    procedure, number = sent.procedure, sent.step.number
    last = SentBack(sent.actor.person_id, sent.form.return_reason(values), number, sent.now)
    back = any(procedure.outline.task(opened.element_id).number <= number for opened in taken.opened)
    read = set[str]().union(*(read_at(procedure.definition, each.element_id) for each in taken.passed if back))
    if not read or read & values.keys():
        return last
    for line in histories.completions(tx, sent.instance.id):
        given = json.loads(line.change).get("values", {})
        if line.element_id is not None and read & given.keys():
            reason = procedure.form_of(line.element_id).return_reason(given)
            return replace(last, by=line.actor, reason=reason, at=line.at)
    return last
