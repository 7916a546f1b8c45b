"""Permissions for one task, and the capacity of the actor: rules without a database, each with its reason.

The person is checked before the state of the task, so that a stranger learns only the lane, and not who completed the
task or when. Services check here before they write anything, including files that came with a form.
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
    """Return for whom a member of the lane may do a task: its absent holder, or the one for whom it was claimed."""
    away = task.holder in actor.stands_in_for and actor.has(task.role)
    return task.holder if away else task.acts_for


def _stands_in(actor: Actor, task: TaskRecord) -> bool:
    return task.holder is not None and in_place_of(actor, task) == task.holder


def permit_reading(actor: Actor, task: TaskRecord, procedure: Procedure) -> None:
    """Permit reading a task's form only to people of the lane or the named performer, with a role today."""
    actor.need()
    if task.performer is not None:
        if actor.person_id not in (task.performer, task.completed_by) and not _stands_in(actor, task):
            raise NotPermitted("named", holder=task.performer, lane=procedure.outline.lane_of_role(task.role).name)
    elif not actor.has(task.role) and task.completed_by != actor.person_id:
        raise NotPermitted("lane", role=task.role, lane=procedure.outline.lane_of_role(task.role).name)


def may_start(actor: Actor, procedure: Procedure) -> bool:
    """Whether the actor has a role that starts the procedure."""
    return bool(actor.roles & set(procedure.outline.starters))


def permit_starting(actor: Actor, procedure: Procedure) -> None:
    """Refuse actors without a role that starts the procedure."""
    if not may_start(actor, procedure):
        raise NotPermitted("start", roles=procedure.outline.starters)


def permit_work(actor: Actor, found: TaskContext) -> None:
    """Refuse work on a task of another person or lane, and on a task that is over or stopped."""
    if not found.active:
        raise NotPermitted("inactive")
    actor.need()
    task = found.task
    if actor.person_id != task.completed_by:  # its completer is told that it is completed
        if task.performer not in (None, actor.person_id) and not (found.member and _stands_in(actor, task)):
            raise NotPermitted("named", holder=task.performer)
        if task.performer is None and not found.member:
            raise NotPermitted("lane", role=task.role)
    refuse_closed(found)


def permit_filling(actor: Actor, found: TaskContext) -> None:
    """Permit filling in a task to its holder, their substitute, and members of the lane while nobody has it."""
    permit_work(actor, found)
    task = found.task
    if task.performer is None and task.assignee not in (None, actor.person_id) and not _stands_in(actor, task):
        raise Conflict("claimed", who=task.assignee, at=task.assigned_at)
    if task.acts_for not in (None, *actor.stands_in_for) and task.performer is None:
        raise Conflict("back", who=task.acts_for)  # the absence is over, and the task not yet given back


def refuse_same_eyes(actor: Actor, task: TaskRecord, step: UserTask, eyes_on: Callable[[str], frozenset[str]]) -> None:
    """Refuse a step with four eyes, and uploads to its form, to the person who completed the other step.

    A step completed for an absent person counts for both people.
    """
    own = {actor.person_id, in_place_of(actor, task)}
    if step.not_performer_of is not None and eyes_on(step.not_performer_of) & own:
        raise NotPermitted("four_eyes", element=step.not_performer_of)


def permit_taking_back(actor: Actor, found: TaskContext) -> None:
    """Permit taking back a completion only to the completer, who must still be of the lane or the named performer."""
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
    """Return the roles that watch over a task, which are told when it is late.

    The diagram names them (``sop:eskalasi``), or the operator's setting for its lane (*lanes*); else they are the roles
    that start the procedure.
    """
    above = procedure.outline.task(task.element_id).escalation or lanes.get(task.role, {}).get("role")
    return frozenset([above.partition(" ")[0]] if above else procedure.outline.starters)


def may_extend(actor: Actor, task: TaskRecord, watch: frozenset[str]) -> bool:
    """Whether the actor may extend a deadline: as a watching role or operator, but not in their own lane."""
    own = actor.has(task.role) or task.holder == actor.person_id
    return not own and bool(actor.roles & {OfficeRole.OPERATOR, *watch})


def refuse_closed(found: TaskContext) -> None:
    """Refuse a task that is over or stopped, and name the person who did that."""
    task, its = found.task, found.instance
    if task.status is TaskStatus.COMPLETED:
        raise Conflict("completed", who=task.completed_by, at=task.completed_at)
    if task.status is TaskStatus.CANCELLED:
        raise Conflict("cancelled", at=task.completed_at)
    if its.status in (InstanceStatus.SUSPENDED, InstanceStatus.TERMINATED):
        raise Conflict(its.status.value, who=its.ended_by, at=its.changed_at, why=its.status_reason)


def acting(actor: Actor, role: str) -> Membership | None:
    """Return the actor's membership in a role; nobody has two at one time."""
    return next((m for m in actor.memberships if m.role == role), None)


def in_capacity(deeds: Sequence[HistoryEvent], held: Membership | None, lane: str) -> list[HistoryEvent]:
    """Return events with the capacity of *held* in *lane*; those with an actor or a capacity stay unchanged."""
    if held is None:
        return list(deeds)
    called = None if held.capacity is Capacity.DEFINITIVE else held.capacity.titled(lane)
    as_held = partial(replace, capacity=held.capacity.value, on_behalf_of=called, decree=held.decree)
    return [each if each.actor or each.capacity else as_held(each) for each in deeds]


def refuse_archived(record: InstanceRecord) -> None:
    """Refuse changes of an archived instance."""
    if record.status is InstanceStatus.ARCHIVED:
        raise Conflict("archived")


def permit_writing(actor: Actor, record: InstanceRecord) -> None:
    """Refuse notes and files of people who may only read, and any to an archived instance."""
    if not actor.roles - {OfficeRole.AUDITOR, OfficeRole.DESIGNER}:
        raise NotPermitted("read_only")
    refuse_archived(record)


def refuse_terminated(record: InstanceRecord) -> None:
    """Refuse changes of a terminated instance, whose documents are void."""
    if record.status is InstanceStatus.TERMINATED:
        who, why = record.ended_by, record.status_reason
        raise Conflict("terminated", who=who, at=record.ended_at, why=why)
