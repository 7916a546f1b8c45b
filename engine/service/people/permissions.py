"""Who may work on one task, and in what capacity: rules without a database, each with its reason.

Whether a task is somebody's is checked before its state, so that a stranger learns whose task it is, and never who
completed it or when. Services ask here before they write anything, including files that came with a form.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from engine.model.errors import Conflict, NotPermitted
from engine.model.history import HistoryEvent
from engine.model.people import Actor, Capacity, Membership, OfficeRole
from engine.model.process import DONE, InstanceStatus, UserTask
from engine.model.work import InstanceRecord, TaskRecord, TaskStatus
from engine.service.procedures.procedure import Procedure
from engine.store.queries.tasks import TaskContext


def in_place_of(actor: Actor, task: TaskRecord) -> str | None:
    """Return in whose place somebody of the lane may do a task: who has it and is away, or for whom it was taken."""
    away = task.holder in actor.stands_in_for and actor.has(task.role)
    return task.holder if away else task.acts_for


def _stands_in(actor: Actor, task: TaskRecord) -> bool:
    return task.holder is not None and in_place_of(actor, task) == task.holder


def permit_reading(actor: Actor, task: TaskRecord, procedure: Procedure) -> None:
    """Let only people of the lane, or the named performer, see a task's form; nobody without a role today."""
    actor.need()
    if task.performer is not None:
        if actor.person_id not in (task.performer, task.completed_by) and not _stands_in(actor, task):
            raise NotPermitted("named", holder=task.performer, lane=procedure.outline.lane_of_role(task.role).name)
    elif not actor.has(task.role) and task.completed_by != actor.person_id:
        raise NotPermitted("lane", role=task.role, lane=procedure.outline.lane_of_role(task.role).name)


def may_start(actor: Actor, procedure: Procedure) -> bool:
    """Whether somebody works in a role that starts the procedure."""
    return bool(actor.roles & set(procedure.outline.starters))


def permit_starting(actor: Actor, procedure: Procedure) -> None:
    """Refuse whoever works in no role that starts the procedure."""
    if not may_start(actor, procedure):
        raise NotPermitted("start", roles=procedure.outline.starters)


def permit_work(actor: Actor, found: TaskContext) -> None:
    """Refuse work on a task of another person or lane, or one that is over or stopped."""
    if not found.active:
        raise NotPermitted("inactive")
    actor.need()
    task = found.task
    if actor.person_id != task.completed_by:  # who completed it learns that it is done
        if task.performer not in (None, actor.person_id) and not (found.member and _stands_in(actor, task)):
            raise NotPermitted("named", holder=task.performer)
        if task.performer is None and not found.member:
            raise NotPermitted("lane", role=task.role)
    refuse_closed(found)


def permit_filling(actor: Actor, found: TaskContext) -> None:
    """Let only the holder fill a task in, who stands in for them, or a member of the lane while nobody holds it."""
    permit_work(actor, found)
    task = found.task
    if task.performer is None and task.assignee not in (None, actor.person_id) and not _stands_in(actor, task):
        raise Conflict("claimed", who=task.assignee, at=task.assigned_at)
    if task.acts_for not in (None, *actor.stands_in_for) and task.performer is None:
        raise Conflict("back", who=task.acts_for)  # the leave is over, and the task not yet given back


def refuse_same_eyes(actor: Actor, task: TaskRecord, step: UserTask, eyes_on: Callable[[str], frozenset[str]]) -> None:
    """Refuse a step that needs four eyes, and uploads to its form, to whoever did the other step.

    What somebody does in another's place is done by both: it is refused also if that other did the other step.
    """
    own = {actor.person_id, in_place_of(actor, task)}
    if step.not_performer_of is not None and eyes_on(step.not_performer_of) & own:
        raise NotPermitted("four_eyes", element=step.not_performer_of)


def permit_taking_back(actor: Actor, found: TaskContext) -> None:
    """Let only whoever completed a task, and still works in its lane or is named for it, take that back."""
    if not found.active:
        raise NotPermitted("inactive")
    actor.need()
    task, its = found.task, found.instance
    if actor.person_id != task.performer and not found.member:
        raise NotPermitted("lane", role=task.role)
    if task.status is not TaskStatus.COMPLETED:
        raise Conflict("open_again" if task.status is TaskStatus.READY else "cancelled", at=task.completed_at)
    if actor.person_id != task.completed_by:
        raise NotPermitted("completer", holder=task.completed_by)
    if its.status in DONE:
        raise Conflict("over", at=its.ended_at)
    if its.status in (InstanceStatus.SUSPENDED, InstanceStatus.TERMINATED):
        raise Conflict(its.status.value, who=its.ended_by, at=its.changed_at, why=its.status_reason)


def watch_over(task: TaskRecord, procedure: Procedure, lanes: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Return the roles that watch over a task: those that hear when it is late.

    The diagram says so (``sop:eskalasi``), or the operator for its lane (*lanes*); else those who start the procedure,
    since the work is theirs.
    """
    above = procedure.outline.task(task.element_id).escalation or lanes.get(task.role, {}).get("role")
    return frozenset([above.partition(" ")[0]] if above else procedure.outline.starters)


def may_extend(actor: Actor, task: TaskRecord, watch: frozenset[str]) -> bool:
    """Whether somebody may let an open task be due later: who watches, or an operator, but not for their own lane."""
    if task.due_at is None or task.status is not TaskStatus.READY:
        return False
    own = actor.has(task.role) or task.holder == actor.person_id
    return not own and bool(actor.roles & {OfficeRole.OPERATOR, *watch})


def refuse_closed(found: TaskContext) -> None:
    """Refuse a task that is over or stopped, and say by whom."""
    task, its = found.task, found.instance
    if task.status is TaskStatus.COMPLETED:
        raise Conflict("completed", who=task.completed_by, at=task.completed_at)
    if task.status is TaskStatus.CANCELLED:
        raise Conflict("cancelled", at=task.completed_at)
    if its.status in (InstanceStatus.SUSPENDED, InstanceStatus.TERMINATED):
        raise Conflict(its.status.value, who=its.ended_by, at=its.changed_at, why=its.status_reason)


def acting(actor: Actor, role: str) -> Membership | None:
    """Return the membership under which somebody acts for a role, which nobody has twice at one time."""
    return next((m for m in actor.memberships if m.role == role), None)


def in_capacity(deeds: Sequence[HistoryEvent], held: Membership | None, lane: str) -> list[HistoryEvent]:
    """Return events as done under *held* in the role of *lane*; those with an actor or a capacity stay as they are."""
    if held is None:
        return list(deeds)
    called = None if held.capacity is Capacity.DEFINITIVE else held.capacity.titled(lane)
    as_held = partial(replace, capacity=held.capacity.value, on_behalf_of=called, decree=held.decree)
    return [each if each.actor or each.capacity else as_held(each) for each in deeds]


def refuse_archived(record: InstanceRecord) -> None:
    """Refuse to write into an instance whose berkas is built: what is archived stays as it was."""
    if record.status is InstanceStatus.ARCHIVED:
        raise Conflict("archived")


def permit_writing(actor: Actor, record: InstanceRecord) -> None:
    """Let those who see an instance add notes and files to it, but not those who only read."""
    if not actor.roles - {OfficeRole.AUDITOR, OfficeRole.DESIGNER}:
        raise NotPermitted("read_only")
    refuse_archived(record)


def refuse_terminated(record: InstanceRecord) -> None:
    """Refuse to write into an instance that was terminated; its papers are void."""
    if record.status is InstanceStatus.TERMINATED:
        who, why = record.ended_by, record.status_reason
        raise Conflict("terminated", who=who, at=record.ended_at, why=why)
