"""Second thoughts: a completion is taken back while nobody has built on it.

The state before the last completion stands beside the state, written by the same UPDATE; any other move clears it. To
take back is to go there again: the task is open, with what was handed in as its draft; tasks that it opened are
cancelled; what it issued is void with the reason, numbers included; what it replaced stands. Lines decide whether that
may be: only the completion's own, comments and prints may follow it. Whoever else first looks at a task that it opened
leaves a line, as a claim does. Lines are numbered, so of two who are quick at once one begins anew and sees the other.
What has left the house cannot come back: a message, a letter, the signature on another step's document.
"""

import json
import uuid
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from engine.model.errors import Conflict, NotPermitted, stated, there
from engine.model.history import Action, HistoryEvent, HistoryLine
from engine.model.notices import Kind
from engine.model.people import Actor
from engine.model.process import Snapshot
from engine.model.signatures import Signature
from engine.model.work import DocumentPart, DocumentStatus, DocumentVersion, TaskRecord, TaskStatus
from engine.service.papers import letter_numbers as numbers
from engine.service.papers.filing import union_hash
from engine.service.people.permissions import acting, permit_taking_back
from engine.service.work.transitions import ExpectedRevision, Moves, about_task, write_step
from engine.store.queries import (
    Transaction,
    dispatches,
    documents,
    drafts,
    histories,
    instances,
    messages,
    notices,
    reminders,
    signatures,
    tasks,
)
from engine.store.queries.tasks import TaskContext
from engine.store.retrying import retried
from engine.store.unit_of_work import Work

WRITTEN = (Action.DOCUMENT_SAVED, Action.DOCUMENT_ISSUED, Action.DOCUMENT_SUBMITTED)
OWN = {*WRITTEN, Action.DOCUMENT_REPLACED, Action.DOCUMENT_SIGNED, Action.NUMBER_TAKEN, Action.NUMBER_VOIDED}
OWN |= {Action.TASK_OPENED, Action.TASK_CANCELLED, Action.TASK_RETURNED, Action.INCIDENT_OPENED}
FOLLOWS = {*OWN, Action.INCIDENT_RESOLVED, Action.DOCUMENT_RENDERED, Action.RENDERING_FAILED, Action.COMMENT_ADDED}
FOLLOWS |= {Action.CLOCK_SET_BACK}
"""What may follow a completion that is taken back."""
HANDLED = {Action.TASK_VIEWED, Action.TASK_CLAIMED, Action.TASK_RELEASED, Action.TASK_DELEGATED, Action.TASK_REASSIGNED}
HANDLED |= {Action.TASK_EXTENDED}
"""What is done about a task: it matters if the completion opened it."""


@dataclass(frozen=True)
class TakingBack(Moves):
    """What people do about a completion of theirs."""

    def may(self, actor: Actor, done: Collection[TaskRecord], now: datetime) -> frozenset[str]:
        """Return which of some tasks somebody may take back."""
        found = set()
        with self.database.read() as reader:
            for each in tasks.last_done(reader, {task.instance_id for task in done}):
                with suppress(Conflict, NotPermitted):
                    self._permit(reader, actor, self._found(reader, actor, each.id, now))
                    found.add(each.id)
        return frozenset(found)

    @retried
    def take_back(self, actor: Actor, task_id: str, reason: str, now: datetime) -> None:
        """Take a completion back, with the reason; NotPermitted or Conflict say why not."""
        reason = stated(reason)
        with self.database.write(actor, now) as work:
            found = self._found(work, actor, task_id, now)
            self._undo(work, found, self._permit(work, actor, found), reason)
        self.executor.forget(found.instance.id)

    def _permit(self, tx: Transaction, actor: Actor, found: TaskContext) -> Sequence[HistoryLine]:
        """Return the lines since a completion that somebody may take back."""
        permit_taking_back(actor, found)
        task, at = found.task, there(found.task.completed_at, found.task.id)
        lines = histories.since(tx, task)
        if (by := _built_on(lines)) is not None:
            left = by.action in (Action.MESSAGE_SENT, Action.DOCUMENT_SIGNED)
            raise Conflict("left" if left else "begun" if by.action in HANDLED else "moved", who=by.actor, at=by.at)
        if dispatches.went_out(tx, task.instance_id, at, locked=isinstance(tx, Work)):
            raise Conflict("left", at=at)
        if instances.before(tx, task.instance_id) is None:  # completed by an earlier version of Alur
            raise Conflict("moved", who=task.completed_by, at=at)
        return lines

    def _undo(self, work: Work, found: TaskContext, lines: Sequence[HistoryLine], reason: str) -> None:
        """Write the way back: the instance, its tasks and documents, what people are told, and the draft."""
        task, its, now, by = found.task, found.instance, work.now, work.actor.person_id
        procedure = self.procedures.of(work, its.definition_id)
        before = Snapshot(its.id, its.revision, there(instances.before(work, its.id), its.id))
        now_open = frozenset(tasks.open_ids(work, its.id)), frozenset(messages.waited_for(work, its.id))
        functions = self.office.functions(procedure, now, its.reference_date)
        step = self.executor.restore(procedure.definition, before, *now_open, now, functions=functions)
        again = sorted(each.id for each in step.opened if each.id != task.id)
        every, given = documents.of_instance(work, its.id), signatures.of_instance(work, its.id)
        void = [each for each in every if each.id in _written(lines)]
        over = _said(lines, Action.DOCUMENT_REPLACED, "document")
        restored = {each.id: _stood(each, given).value for each in every if each.id in over}
        kept = [one for each in void if (one := _without(each, task, every, by, now))]
        holder, away = (None, None) if task.performer else (by, task.acts_for)
        said = {
            "reason": reason,
            "holder": holder,
            "reopened": again,
            "void": [v.id for v in void],
            "restored": restored,
        }
        said |= {"for": away} if away else {}
        deeds = [HistoryEvent(Action.TASK_TAKEN_BACK, task.element_id, task.id, said)]
        deeds += [HistoryEvent(Action.DOCUMENT_SAVED, task.element_id, task.id, each.named) for each in kept]
        deeds += numbers.void(work, its.id, reason, _said(lines, Action.NUMBER_TAKEN, "text"))
        head, calendar = ExpectedRevision.of(its, found.has_timers), self.office.calendar()
        held, lane = acting(work.actor, task.role), procedure.outline.lane_of_role(task.role).name
        write_step(work, procedure, head, replace(step, opened=()), deeds, calendar, held=held, lane=lane)
        gone = [each for each in tasks.by_ids(work, step.cancelled) if each.id != task.id]
        work.notify(*(about_task(Kind.RETRACTED, work.actor, each, reason) for each in gone))
        tasks.reopen(work, again)
        tasks.reopen(work, [task.id], assignee=holder, assigned_at=holder and now, acts_for=away)
        back = {"returned_by": by, "returned_at": now, "returned_reason": reason}
        documents.change(work, [each.id for each in void], status=DocumentStatus.VOID.value, **back)
        for id_, status in restored.items():
            documents.change(work, [id_], status=status)
        documents.add(work, kept)
        notices.settle(work, [its.id], now)
        reminders.begin(work, dict.fromkeys((task.id, *again), now))
        form = procedure.form_of(task.element_id)
        [line] = histories.at(work, [(f"instance:{its.id}", there(task.history_seq, task.id))])
        handed_in = {v.data_object_id: json.loads(getattr(_own(v, task), "content", v.content)) for v in void}
        entries = form.entries(form.decode({**json.loads(line.change)["values"], **handed_in}))
        entries |= {path: [""] for path, field in form.every_field() if field.number}
        drafts.save(work, drafts.of_task(work.actor, task.id), entries, over=True, instance_id=its.id)


def first_look(tx: Transaction, actor: Actor, task: TaskRecord) -> bool:
    """Whether a task's opening can be taken back till *actor* looks at it."""
    last = tasks.last_done(tx, {task.instance_id}) if task.status is TaskStatus.READY else ()
    lines = [histories.since(tx, each) for each in last if each.completed_by != actor.person_id]
    return bool(lines) and _built_on(lines[0]) is None and task.id in _said(lines[0], Action.TASK_OPENED)


def _built_on(lines: Sequence[HistoryLine]) -> HistoryLine | None:
    """Return the first of the lines after a completion by which something was built on it, or left the house."""
    opened, written = _said(lines, Action.TASK_OPENED), _written(lines)
    for line in lines:
        others = line.action in HANDLED and line.task_id not in opened
        signs = line.action == Action.DOCUMENT_SIGNED and json.loads(line.change)["document"] not in written
        if signs or not (others or line.action in FOLLOWS):
            return line
    return None


def _said(lines: Sequence[HistoryLine], action: Action, key: str = "") -> set[str]:
    """Return the tasks of an action's lines, or what their changes say under *key*."""
    its = [line for line in lines if line.action == action]
    return {str(json.loads(line.change)[key] if key else line.task_id) for line in its}


def _written(lines: Sequence[HistoryLine]) -> set[str]:
    """Return the documents that a completion began, or added a part to."""
    return {id_ for action in WRITTEN for id_ in _said(lines, action, "document")}


def _own(version: DocumentVersion, task: TaskRecord) -> DocumentPart | None:
    return next((part for part in version.parts if part.task_id == task.id), None)


def _without(
    version: DocumentVersion, task: TaskRecord, every: Sequence[DocumentVersion], by: str, now: datetime
) -> DocumentVersion | None:
    """Return the version in place of one that has parts of other tasks, too: with these, and the earlier part."""
    own, same = _own(version, task), [each for each in every if each.data_object_id == version.data_object_id]
    others = tuple(part for part in version.parts if part is not own)
    if own is None or all(part.task_id is None for part in others):
        return None
    earlier = [each for each in same if each.version < version.version and not each.void][-1:]
    old = (replace(part, task_id=None) for each in earlier for part in each.parts if part.item == own.item)
    parts, number = (*others, *old), max(each.version for each in same) + 1
    draft = replace(version, id=str(uuid.uuid4()), version=number, status=DocumentStatus.DRAFT, issued_at=None)
    return replace(draft, parts=parts, sha256=union_hash(parts), created_at=now, created_by=by)


def _stood(version: DocumentVersion, given: Sequence[Signature]) -> DocumentStatus:
    """Return how a version stood that was replaced: as its row and its signatures say."""
    if version.issued_at is not None:
        filed = [each.filed for each in given if each.document_id == version.id]
        return DocumentStatus.SIGNED if filed and all(filed) else DocumentStatus.ISSUED
    if version.approver is None:
        return DocumentStatus.DRAFT
    return DocumentStatus.RETURNED if version.returned_by else DocumentStatus.WAITING
