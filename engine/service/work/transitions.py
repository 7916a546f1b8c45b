"""What one move of an instance writes: start, completion, timer and retry all end here.

The executor computes a move without any lock. Writing it is one transaction whose first statement after the check is
``UPDATE instance ... WHERE id = :id AND revision = :revision``: whoever computed on an older revision gets
Conflict("stale"), discards the result, reads again and computes again.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Self

from engine.bpmn import events, waits
from engine.bpmn.causes import in_words
from engine.bpmn.executor import Executor, live
from engine.model.archives import Place
from engine.model.calendar import OfficeCalendar
from engine.model.errors import Conflict, there
from engine.model.history import Action, HistoryEvent, plain
from engine.model.notices import Kind, Notification
from engine.model.people import SYSTEM, Actor, Membership
from engine.model.process import DueTimer, Incident, InstanceStatus, Message, MessageKind, Snapshot, Transition
from engine.model.work import IncidentRecord, InstanceRecord, MessageRecord, TaskRecord
from engine.service.office.business_calendar import Office
from engine.service.people.permissions import in_capacity
from engine.service.procedures.procedure import Procedure, Procedures
from engine.store.database import Database
from engine.store.queries import Transaction, archives, instances, messages, office, tasks
from engine.store.queries.tasks import TaskContext
from engine.store.unit_of_work import Work, update_instance

MOVING = (InstanceStatus.RUNNING, InstanceStatus.WAITING, InstanceStatus.INCIDENT)


@dataclass(frozen=True, slots=True)
class ExpectedRevision:
    """What must still hold of an instance for a move to be written."""

    id: str
    revision: int
    history_seq: int
    history_hash: str
    history_at: datetime | None
    status: InstanceStatus
    has_timers: bool

    @classmethod
    def of(cls, record: InstanceRecord, has_timers: bool) -> Self:
        """Return where an instance stood when it was read."""
        its = (record.history_seq, record.history_hash, record.history_at)
        return cls(record.id, record.revision, *its, record.status, has_timers)


@dataclass(frozen=True, slots=True)
class SentBack:
    """A step was sent back: by whom, why, from which step number, and when that was decided."""

    by: str
    reason: str | None
    from_number: int
    at: datetime


def passed_change(step: Transition) -> list[dict[str, Any]]:
    """Return the elements a step passed, as history keeps them."""
    return [{"element": p.element_id, "kind": p.kind, "flows": list(p.flows)} for p in step.passed]


def task_facts(
    procedure: Procedure, step: Transition, calendar: OfficeCalendar, now: datetime, returned: SentBack | None = None
) -> dict[str, dict[str, Any]]:
    """Return, by task id, what the rows of newly opened tasks hold besides what the engine says."""
    facts: dict[str, dict[str, Any]] = {}
    for opened in step.opened:
        user_task = procedure.outline.task(opened.element_id)
        due_at = calendar.due(now, user_task.standard_time) if user_task.standard_time else None
        facts[opened.id] = {"standard_time": user_task.standard_time, "due_at": due_at}
        if returned is not None and user_task.number <= returned.from_number:
            back = {"returned_by": returned.by, "returned_reason": returned.reason, "returned_at": returned.at}
            facts[opened.id] |= {**back, "again": True}
    return facts


def troubles(procedure: Procedure, step: Transition) -> tuple[tuple[Incident, ...], InstanceStatus]:
    """Return the incidents of an instance after *step*, and its status.

    A join that waits for something that cannot come is an incident even while others work or wait. It stops the
    instance as soon as nobody has anything to do, unless something that is armed may still end that.
    """
    hopeless: tuple[tuple[Incident, bool], ...] = ()
    left = live(step)
    if left is not None and not step.stuck and waits.may_wait(procedure.definition):
        hopeless = waits.hopeless(procedure.definition, left)
    stops = step.status is InstanceStatus.WAITING and not all(may_end for _, may_end in hopeless)
    incidents = (in_words(procedure.definition, each) for each in step.incidents)
    raised = (*incidents, *step.stuck, *(each for each, _ in hopeless))
    return raised, InstanceStatus.INCIDENT if stops else step.status


def write_step(
    work: Work,
    procedure: Procedure,
    head: ExpectedRevision,
    step: Transition,
    deeds: Sequence[HistoryEvent],
    calendar: OfficeCalendar,
    *,
    returned: SentBack | None = None,
    held: Membership | None = None,
    lane: str = "",
    before: bytes | None = None,
) -> int:
    """Write a step over *head*, done under *held* in the role of *lane*; return the number of its first line.

    *before* is the state to which the step can be taken back.
    """
    now, by_itself = work.now, partial(HistoryEvent, actor=SYSTEM.person_id)
    raised, status = troubles(procedure, step)
    may_have = head.status is InstanceStatus.INCIDENT or waits.may_wait(procedure.definition)
    lines = [*deeds, *_incidents(work, head.id, office.open_incidents_of(work, head.id) if may_have else (), raised)]
    outgoing = [(message, prepare(work, message, head.id)) for message in step.thrown]
    lines += [replace(sent_deed(message, sent), actor=SYSTEM.person_id) for message, sent in outgoing]
    facts = task_facts(procedure, step, calendar, now, returned)
    rows = instances.opened(work, head.id, step.opened, facts, procedure.roles, now)
    lines += [line for row in rows for line in _opening(row, calendar)]
    lines += [by_itself(Action.TASK_CANCELLED, task_id=each) for each in step.cancelled]
    if step.status is InstanceStatus.COMPLETED:
        archived = {"place": place.as_json()} if (place := Place(role=procedure.archivist)).role else {}
        lines.append(by_itself(Action.INSTANCE_COMPLETED, change={"archives": procedure.archives, **archived}))
    sequence = work.record_instance(head, in_capacity(lines, held, lane)).history_seq - len(lines) + 1
    values: dict[str, Any] = {"state": step.state, "state_before": before, "status": status.value, "changed_at": now}
    completed = step.status is InstanceStatus.COMPLETED
    over = {"ended_at": now, "ended_by": work.actor.person_id} if completed else {}
    update_instance(work, head.id, head.revision, values | over)
    if completed and procedure.archives:
        archives.add_due(work, head.id, Place(role=procedure.archivist), now)
    if not instances.open_tasks(work, procedure.outline.process_id, rows):  # given to another role since
        procedure.roles.update(instances.overrides(work, procedure.outline.process_id))
        raise Conflict("stale")
    tasks.cancel(work, step.cancelled, now)
    if step.timers or head.has_timers:
        instances.replace_timers(work, head.id, step.timers)
    messages.unsubscribe(work, head.id, step.unsubscribed)
    messages.subscribe(work, head.id, step.subscribed, now)
    for message, sent in outgoing:
        messages.send(work, sent, events.correlations_of(message))
    return sequence


def _incidents(
    work: Work, instance_id: str, before: Sequence[IncidentRecord], raised: Sequence[Incident]
) -> Iterator[HistoryEvent]:
    """Open, change and resolve incidents by what a step *raised*, and yield their lines."""
    known, raised_now = {record.task_id: record for record in before}, {each.task_id: each for each in raised}
    for task_id, each in raised_now.items():
        if task_id not in known:
            id_ = str(uuid.uuid4())
            office.open_incident(work, id_, instance_id, each, plain_data(each.data), work.now)
            about = {"incident": id_, "cause": each.cause}
            yield HistoryEvent(Action.INCIDENT_OPENED, each.element_id, task_id, about, actor=SYSTEM.person_id)
        elif known[task_id].cause != each.cause:
            office.change_incident(work, known[task_id].id, cause=each.cause, trace=each.trace)
    resolved = {"status": "resolved", "resolved_at": work.now, "resolved_by": work.actor.person_id}
    for record in known.values():
        if record.task_id not in raised_now:
            office.change_incident(work, record.id, **resolved)
            about = {"incident": record.id}
            yield HistoryEvent(
                Action.INCIDENT_RESOLVED, record.element_id, record.task_id, about, actor=SYSTEM.person_id
            )


def _opening(row: Mapping[str, Any], calendar: OfficeCalendar) -> Iterator[HistoryEvent]:
    """Yield the lines of a task that opens: its due date and by which calendar; and who sent it back."""
    change = {name: row[name] for name in ("role", "performer", "item", "standard_time", "due_at", "first_due_at")}
    said = {name: value for name, value in change.items() if value is not None}
    if row["due_at"] is not None:
        said["calendar"] = calendar.sha256
    yield HistoryEvent(Action.TASK_OPENED, row["element_id"], row["id"], said, actor=SYSTEM.person_id)
    if row["returned_by"] is not None:
        returned = {"by": row["returned_by"], "at": row["returned_at"], "reason": row["returned_reason"]}
        yield HistoryEvent(Action.TASK_RETURNED, row["element_id"], row["id"], returned)


def about_task(kind: Kind, actor: Actor, task: TaskRecord, reason: str | None = None) -> Notification:
    """Return a notification about a task to whoever has it, or else to its lane."""
    role = None if task.holder else task.role
    return Notification(kind, actor.person_id, task.instance_id, task.id, task.holder, role, reason)


def prepare(work: Work, message: Message, from_instance: str | None) -> tuple[MessageRecord, ...]:
    """Return the rows of a sent message: one, or of a signal one for each instance that waits for it now."""
    hear = messages.listeners(work, message.name, but=from_instance) if message.kind is MessageKind.SIGNAL else (None,)
    content = events.packed(message)
    return tuple(
        MessageRecord(
            id=str(uuid.uuid4()),
            kind=message.kind,
            name=message.name,
            content=content,
            from_instance=from_instance,
            to_instance=listener,
            sent_at=work.now,
            sent_by=work.actor.person_id,
            status="waiting",
        )
        for listener in hear
    )


def sent_deed(message: Message, sent: Sequence[MessageRecord], reason: str | None = None) -> HistoryEvent:
    """Return the history line of a sent message: its content, why it was sent, and of a signal who waited for it."""
    facts: dict[str, Any] = {"kind": message.kind, "name": message.name, "messages": [record.id for record in sent]}
    facts["payload"] = hashlib.sha256(events.packed(message)).hexdigest()
    facts |= plain_data({"values": message.payload}) | ({"reason": reason} if reason else {})
    facts |= {"to": [record.to_instance for record in sent]} if message.kind is MessageKind.SIGNAL else {}
    return HistoryEvent(Action.MESSAGE_SENT, change=facts)


def plain_data(data: Mapping[str, Any]) -> Any:
    """Return an incident's data as JSON; a value that JSON cannot hold is named by its type."""
    found = {}
    for key, value in data.items():
        try:
            found[str(key)] = plain(value)
        except TypeError:
            found[str(key)] = f"<{type(value).__name__}>"
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """An instance as it was read, to be moved."""

    record: InstanceRecord
    procedure: Procedure
    timers: tuple[DueTimer, ...]
    snapshot: Snapshot  # what the executor computes on

    @property
    def head(self) -> ExpectedRevision:
        """What must still hold when the move is written."""
        return ExpectedRevision.of(self.record, bool(self.timers))


@dataclass(frozen=True)
class Moves:
    """What every service that moves instances needs."""

    database: Database
    executor: Executor
    procedures: Procedures
    office: Office

    def standing(self, reader: Transaction, instance_id: str) -> Standing:
        """Return where an instance stands."""
        record, state = there(instances.state(reader, instance_id), instance_id)
        timers = instances.waiting_timers(reader, instance_id)
        snapshot = Snapshot(record.id, record.revision, state)
        return Standing(record, self.procedures.of(reader, record.definition_id), timers, snapshot)

    def _found(self, tx: Transaction, actor: Actor, task_id: str, now: datetime) -> TaskContext:
        """Return a task as it stands for somebody today, whether or not they may do anything with it."""
        return there(tasks.context(tx, task_id, actor.person_id, self.office.today(now)), task_id)

    def functions(self, its: Standing, now: datetime) -> Mapping[str, Callable[..., Any]]:
        """Return what expressions of an instance may call."""
        return self.office.functions(its.procedure, now, its.record.reference_date)

    def write(self, work: Work, its: Standing, step: Transition, deeds: Sequence[HistoryEvent]) -> None:
        """Write a move of an instance that was read as *its*."""
        write_step(work, its.procedure, its.head, step, deeds, self.office.calendar())
