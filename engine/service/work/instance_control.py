"""What is done about a whole instance: notes, suspending it, resuming it, ending it."""

import re
import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engine.model.errors import Conflict, FieldError, InvalidForm, NotPermitted, stated, there
from engine.model.history import Action, HistoryEvent
from engine.model.notices import Kind, Notification
from engine.model.people import Actor, OfficeRole, Person
from engine.model.process import DONE, OVER, InstanceStatus
from engine.model.work import InstanceRecord
from engine.service.papers import corrections
from engine.service.papers import letter_numbers as numbers
from engine.service.papers.documents import voided
from engine.service.people.permissions import may_start, permit_writing
from engine.service.procedures.procedure import Procedure
from engine.service.work.transitions import Moves
from engine.store.queries import Transaction, documents, instances, messages, office, people, tasks
from engine.store.retrying import retried
from engine.store.unit_of_work import Work, update_instance

MENTION = re.compile(r"(?<![\w@.])@(\w+(?:[.-]\w+)*)")
MOST_MENTIONED, LONGEST_QUOTE = 20, 300


@dataclass(frozen=True)
class InstanceControl(Moves):
    """What people write about an instance, and operators do to it."""

    @retried
    def comment(
        self, actor: Actor, instance_id: str, text: str, now: datetime, task_id: str | None = None
    ) -> tuple[str, ...]:
        """Add a note to an instance, or to a task of it; it goes into history. Auditors read and do not write.

        Who is mentioned in it (``@account``) is told; returned are those who may not see it, and so are not.
        """
        text = text.strip()
        if not 1 <= len(text) <= 4000:
            raise InvalidForm([FieldError("catatan", "comment", "", "required")], {"catatan": [text]})
        with self.database.write(actor, now) as work:
            record = there(instances.seen(work, actor, instance_id), instance_id)
            permit_writing(actor, record)
            its_tasks = {each.id: each for each in tasks.of_instance(work, instance_id)}
            task = there(its_tasks.get(task_id), task_id) if task_id else None
            documents.add_comment(work, str(uuid.uuid4()), instance_id, text, actor.person_id, now)
            deed = HistoryEvent(Action.COMMENT_ADDED, change={"text": text})
            self._note(work, record, replace(deed, element_id=task.element_id, task_id=task.id) if task else deed)
            named = dict.fromkeys(MENTION.findall(text.lower()))
            found = [people.by_id(work, id_) for id_ in [*named][:MOST_MENTIONED]]
            told = {who.id for who in found if who and self._may_see(work, who, instance_id, now)}
            its = Notification(Kind.MENTIONED, actor.person_id, instance_id, task_id or "", reason=text[:LONGEST_QUOTE])
            work.notify(*(replace(its, person_id=id_) for id_ in sorted(told - {actor.person_id})))
            return tuple(id_ for id_ in named if id_ not in told)

    def _may_see(self, tx: Transaction, who: Person, instance_id: str, now: datetime) -> bool:
        today = self.office.today(now)
        held = tuple(each for each in who.memberships if each.holds_on(today))
        return who.active and instances.may_see(tx, Actor.of(replace(who, memberships=held)), instance_id)

    @retried
    def suspend(self, actor: Actor, instance_id: str, reason: str, now: datetime) -> None:
        """Stop all work on an instance until it is resumed; nothing of it is lost."""
        reason = stated(reason)
        with self.database.write(actor, now) as work:
            record = self._governed(work, instance_id)
            if record.status in (*OVER, InstanceStatus.SUSPENDED):
                raise refusal(record)
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
                raise refusal(record)
            before = instances.status_before(work, instance_id)
            deed = HistoryEvent(Action.INSTANCE_RESUMED, change={"reason": reason, "new": before})
            self._note(work, record, deed, status=before, status_before=None, status_reason=None, ended_by=None)

    @retried
    def terminate(self, actor: Actor, instance_id: str, reason: str, now: datetime) -> None:
        """End an instance for good before its end event; open tasks are cancelled, its documents and numbers void.

        Operators may at any time. Whoever started it, or may start its procedure, may while none of its documents was
        issued: a start that was wrong, or that cannot go on, binds nobody yet.
        """
        reason = stated(reason)
        with self.database.write(actor, now) as work:
            record = there(instances.seen(work, actor, instance_id), instance_id)
            if not may_terminate(work, actor, record, self.procedures.of(work, record.definition_id)):
                raise NotPermitted("role", roles=(OfficeRole.OPERATOR,))
            if record.status in OVER:
                raise refusal(record)
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

    def _governed(self, work: Work, instance_id: str) -> InstanceRecord:
        record = there(instances.seen(work, work.actor, instance_id), instance_id)
        work.actor.need(OfficeRole.OPERATOR)
        return record

    def _note(self, work: Work, record: InstanceRecord, deed: HistoryEvent, **values: Any) -> None:
        work.record_instance(record, [deed])
        if values:
            update_instance(work, record.id, record.revision, {"changed_at": work.now, **values})
            self.executor.forget(record.id)


def may_terminate(tx: Transaction, actor: Actor, record: InstanceRecord, procedure: Procedure) -> bool:
    """Whether somebody may end an instance: operators, or a starter while no document was issued."""
    starts = record.started_by == actor.person_id or may_start(actor, procedure)
    return actor.has(OfficeRole.OPERATOR) or (
        starts and not any(version.issued_at for version in documents.of_instance(tx, record.id))
    )


def refusal(record: InstanceRecord) -> Conflict:
    """Return why an instance's state forbids this: which state, who brought it there, when and why."""
    if record.status in DONE:
        return Conflict("ended", at=record.ended_at)
    at = record.ended_at or record.changed_at
    return Conflict(record.status.value, who=record.ended_by, at=at, why=record.status_reason)
