"""Who may work on one task, and in what capacity: rules without a database, each with its reason.

Whether it is somebody's at all is asked before how it stands, so that a stranger is told whose task it is and never who
completed it, or when. Each service asks here before it writes anything, files that came with a form included.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from engine.model.errors import Conflict, NotPermitted
from engine.model.history import HistoryEvent
from engine.model.people import Actor, Capacity, Membership
from engine.model.process import InstanceStatus, UserTask
from engine.model.work import InstanceRecord, TaskRecord, TaskStatus
from engine.service.procedures.procedure import Procedure
from engine.store.queries.tasks import TaskContext


def permit_reading(actor: Actor, task: TaskRecord, procedure: Procedure) -> None:
    """Let only people of the lane, or the one who is named, see a task's form; nobody who has no role today."""
    actor.need()
    if task.performer is not None:
        if actor.person_id not in (task.performer, task.completed_by):
            raise NotPermitted("named", holder=task.performer, lane=procedure.outline.lane_of_role(task.role).name)
    elif not actor.has(task.role) and task.completed_by != actor.person_id:
        raise NotPermitted("lane", role=task.role, lane=procedure.outline.lane_of_role(task.role).name)


def permit_work(actor: Actor, found: TaskContext) -> None:
    """Refuse work on a task that is another's or another lane's, is over, or stopped."""
    if not found.active:
        raise NotPermitted("inactive")
    actor.need()
    task = found.task
    if actor.person_id != task.completed_by:  # who completed it learns that it is done
        if task.performer not in (None, actor.person_id):
            raise NotPermitted("named", holder=task.performer)
        if task.performer is None and not found.member:
            raise NotPermitted("lane", role=task.role)
    refuse_closed(found)


def permit_filling(actor: Actor, found: TaskContext) -> None:
    """Let only the holder fill a task in, or a member of the lane while nobody holds it."""
    permit_work(actor, found)
    task = found.task
    if task.performer is None and task.assignee not in (None, actor.person_id):
        raise Conflict("claimed", who=task.assignee, at=task.assigned_at)


def refuse_same_eyes(actor: Actor, step: UserTask, performer_of: Callable[[str], str | None]) -> None:
    """Refuse a step that asks for other eyes, and what would come with its form, to whoever did the one before."""
    if step.not_performer_of is not None and performer_of(step.not_performer_of) == actor.person_id:
        raise NotPermitted("four_eyes", element=step.not_performer_of)


def refuse_closed(found: TaskContext) -> None:
    """Refuse what is over, or stopped, and say by whom."""
    task, its = found.task, found.instance
    if task.status is TaskStatus.COMPLETED:
        raise Conflict("completed", who=task.completed_by, at=task.completed_at)
    if task.status is TaskStatus.CANCELLED:
        raise Conflict("cancelled", at=task.completed_at)
    if its.status in (InstanceStatus.SUSPENDED, InstanceStatus.TERMINATED):
        raise Conflict(its.status.value, who=its.ended_by, at=its.changed_at, why=its.status_reason)


def acting(actor: Actor, role: str, membership_id: str | None) -> Membership | None:
    """Return in what capacity somebody acts for a role: the chosen one, else the definitive one."""
    held = [m for m in actor.memberships if m.role == role]
    chosen = next((m for m in held if m.id == membership_id), None)
    if chosen is not None:
        return chosen
    return next((m for m in held if m.capacity is Capacity.DEFINITIVE), held[0] if held else None)


def in_capacity(deeds: Sequence[HistoryEvent], held: Membership | None, lane: str) -> list[HistoryEvent]:
    """Return a person's deeds as done by the membership under which the person holds the role of *lane*.

    What followed by itself, and what says its own capacity, stays as it is.
    """
    if held is None:
        return list(deeds)
    called = None if held.capacity is Capacity.DEFINITIVE else held.capacity.titled(lane)
    as_held = partial(replace, capacity=held.capacity.value, on_behalf_of=called, decree=held.decree)
    return [each if each.actor or each.capacity else as_held(each) for each in deeds]


def refuse_archived(record: InstanceRecord) -> None:
    """Refuse to write into an instance whose berkas is built: what went into the archive stays what it was."""
    if record.status is InstanceStatus.ARCHIVED:
        raise Conflict("archived")


def refuse_terminated(record: InstanceRecord) -> None:
    """Refuse to write into an instance that was terminated; its papers are void."""
    if record.status is InstanceStatus.TERMINATED:
        who, why = record.ended_by, record.status_reason
        raise Conflict("terminated", who=who, at=record.ended_at, why=why)
