"""Whose hands a task is in: claimed, released, handed over within the lane, given to another role."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from engine.model.errors import Conflict, FieldError, InvalidForm, NotPermitted, stated, there
from engine.model.history import Action, HistoryEvent
from engine.model.notices import Kind
from engine.model.people import SYSTEM, Actor, OfficeRole
from engine.model.process import UserTask
from engine.model.work import DraftKind, TaskRecord, TaskStatus
from engine.service.papers.documents import file_ids
from engine.service.people.permissions import (
    acting,
    in_capacity,
    in_place_of,
    may_extend,
    permit_filling,
    permit_work,
    refuse_closed,
    refuse_same_eyes,
    watch_over,
)
from engine.service.procedures.procedure import Procedure
from engine.service.work.transitions import Moves, about_task
from engine.store.queries import Transaction, absences, definitions, documents, drafts, people, reminders, tasks
from engine.store.queries.office import read_setting
from engine.store.queries.tasks import TaskContext
from engine.store.retrying import retried
from engine.store.unit_of_work import Work

LONGEST = timedelta(days=731)
"""From today, until a task may be due at most."""
BACK = "Cuti berakhir"


@dataclass(frozen=True)
class Assignments(Moves):
    """What people of a lane, and operators, do about who does a task."""

    @retried
    def claim(self, actor: Actor, task_id: str, now: datetime) -> None:
        """Take a task that the actor's lane may claim; Conflict names who holds it."""
        with self.database.write(actor, now) as work:
            found = self._found(work, actor, task_id, now)
            permit_work(actor, found)
            if found.task.assignee == actor.person_id:
                return  # asked twice
            _refuse_named(found.task)
            step = self.procedures.of(work, found.task.definition_id).outline.task(found.task.element_id)
            refuse_same_eyes(actor, found.task, step, lambda id_: tasks.eyes_on(work, found.instance.id, id_))
            away = in_place_of(actor, found.task) if found.task.assignee else None
            if not tasks.claim(work, task_id, actor.person_id, now, away):
                raise _claimed(found.task)
            self._record(work, found, Action.TASK_CLAIMED, {"for": away} if away else None)

    @retried
    def release(self, actor: Actor, task_id: str, now: datetime) -> None:
        """Give a claimed task back to the lane; a draft stays with its author."""
        with self.database.write(actor, now) as work:
            found = self._found(work, actor, task_id, now)
            if found.task.assignee != actor.person_id:
                permit_work(actor, found)
                _refuse_named(found.task)
                raise _claimed(found.task) if found.task.assignee else Conflict("free")
            refuse_closed(found)
            tasks.change(work, task_id, assignee=None, assigned_at=None, acts_for=None)
            self._record(work, found, Action.TASK_RELEASED)

    @retried
    def hand_over(self, actor: Actor, task_id: str, to: str, reason: str, now: datetime) -> None:
        """Give a task in one's hands to a person of the same lane, with a reason, one's draft and its files."""
        reason = stated(reason)
        with self.database.write(actor, now) as work:
            found = self._found(work, actor, task_id, now)
            task = found.task
            permit_filling(actor, found)
            _refuse_named(task)
            if in_place_of(actor, task):
                raise Conflict("stands_in")
            if to not in people.members(work, self.office.today(now), [task.role]).get(task.role, {}):
                raise InvalidForm([FieldError("kepada", "to", to, "not_in_lane")], {"alasan": [reason]})
            tasks.change(work, task_id, assignee=to, assigned_at=now, acts_for=None)
            _give_draft(work, task_id, actor.person_id, to)
            self._record(work, found, Action.TASK_DELEGATED, {"old": task.assignee, "new": to, "reason": reason})

    def give_back(self, now: datetime) -> int:
        """Give tasks that substitutes took back to whoever is here again, with the draft; return how many.

        Drafts of tasks that nobody had to take, as they name who was away, go back alone.
        """
        on = self.office.today
        with self.database.read() as reader:
            ids, left = absences.taken_for_nobody(reader, on(now)), absences.typed_for_nobody(reader, on(now))
        for id_ in ids:
            self._give_back(id_, now)
        for id_, by, holder, saved_at, since, until in left:
            if since <= on(saved_at) <= until + timedelta(days=1):  # ended today, it has lasted until yesterday
                with self.database.write(SYSTEM, now) as work:
                    _give_draft(work, id_, by, holder)
        return len(ids)

    @retried
    def _give_back(self, task_id: str, now: datetime) -> None:
        with self.database.write(SYSTEM, now) as work:
            found = self._found(work, SYSTEM, task_id, now)
            task, back = found.task, found.task.acts_for
            if back and task.assignee and tasks.change(work, task_id, assignee=back, assigned_at=now, acts_for=None):
                _give_draft(work, task_id, task.assignee, back)
                self._record(work, found, Action.TASK_DELEGATED, {"old": task.assignee, "new": back, "reason": BACK})

    def _record(self, work: Work, found: TaskContext, action: Action, change: Mapping[str, Any] | None = None) -> None:
        """Record what somebody did with a task of their lane, in the capacity in which they hold it."""
        task = found.task
        deed = HistoryEvent(action, task.element_id, task.id, change)
        lane = self.procedures.of(work, task.definition_id).outline.lane_of_role(task.role).name
        work.record_instance(found.instance, in_capacity([deed], acting(work.actor, task.role), lane))

    # ── due dates ───────────────────────────────────────────────────────────────────────────────────────────────────

    def extending(self, actor: Actor, task_id: str, now: datetime) -> tuple[TaskRecord, UserTask]:
        """Return a task whose due date somebody may put off, and its step."""
        with self.database.read() as reader:
            task = self._found(reader, actor, task_id, now).task
            self._permit_extending(reader, actor, task)
            return task, self.procedures.of(reader, task.definition_id).outline.task(task.element_id)

    @retried
    def extend(self, actor: Actor, task_id: str, until: date | None, reason: str, now: datetime) -> None:
        """Let a task be due later: when a working day ends, after it was to be due; the first due date stays known."""
        calendar, reason = self.office.calendar(), stated(reason)
        with self.database.write(actor, now) as work:
            found = self._found(work, actor, task_id, now)
            task = found.task
            watch = self._permit_extending(work, actor, task)
            refuse_closed(found)
            hours = calendar.hours(until) if until else ()
            ends = datetime.combine(until, hours[-1][1], calendar.zone).astimezone(UTC) if until and hours else now
            if not max(now, task.due_at or now) < ends <= now + LONGEST:
                raise InvalidForm([FieldError("sampai", "until", "", "extension")], {})
            tasks.change(work, task_id, due_at=ends)
            reminders.again(work, task_id, now)
            change = {"old": task.due_at, "new": ends, "reason": reason}
            deed = HistoryEvent(Action.TASK_EXTENDED, task.element_id, task_id, change)
            work.notify(about_task(Kind.EXTENDED, actor, task, reason))
            held = next((m for m in actor.memberships if m.role in watch), None)
            lane = self.procedures.of(work, task.definition_id).outline.lane_of_role(held.role).name if held else ""
            work.record_instance(found.instance, in_capacity([deed], held, lane))

    def _permit_extending(self, tx: Transaction, actor: Actor, task: TaskRecord) -> frozenset[str]:
        """Return the roles that watch over a task, for who may extend it."""
        lanes, _ = read_setting(tx, "reminders") or ({}, 0)
        watch = watch_over(task, self.procedures.of(tx, task.definition_id), lanes)
        if task.due_at is None or not may_extend(actor, task, watch):
            raise NotPermitted("extend")
        if task.status is not TaskStatus.READY:
            raise Conflict("open_no_more")
        return watch

    # ── ganti pelaksana ─────────────────────────────────────────────────────────────────────────────────────────────

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
        """Give a deployed element, now and in future instances, to another role; return how many tasks moved."""
        actor.need(OfficeRole.OPERATOR)
        reason = stated(reason)
        with self.database.write(actor, now) as work:
            latest = there(definitions.latest(work, process_id), process_id)
            _refuse_signing(self.procedures.of(work, latest.id), element_id)
            tasks.override(work, process_id, element_id, role, reason, actor.person_id, now)
            moved = tasks.open_of_element(work, process_id, element_id)
            for task in moved:
                self._reassign(work, self._found(work, actor, task.id, now), role, reason)
            change = {"role": role, "reason": reason, "tasks": len(moved)}
            work.record(f"definition:{process_id}", HistoryEvent(Action.ELEMENT_REASSIGNED, element_id, change=change))
        return len(moved)

    def _reassign(self, work: Work, found: TaskContext, role: str, reason: str) -> None:
        task = found.task
        _refuse_signing(self.procedures.of(work, task.definition_id), task.element_id)
        tasks.change(work, task.id, role=role, assignee=None, assigned_at=None, performer=None, acts_for=None)
        change = {"old": {"role": task.role, "holder": task.holder}, "new": {"role": role}, "reason": reason}
        work.record_instance(found.instance, [HistoryEvent(Action.TASK_REASSIGNED, task.element_id, task.id, change)])


def _give_draft(work: Work, task_id: str, giver: str, receiver: str) -> None:
    given = drafts.hand_over(work, drafts.Whose(DraftKind.TASK, task_id, giver), receiver)
    documents.give_staged(work, file_ids(given.entries if given else {}), giver, receiver)


def _claimed(task: TaskRecord) -> Conflict:
    return Conflict("claimed", who=task.assignee, at=task.assigned_at)


def _refuse_named(task: TaskRecord) -> None:
    if task.performer is not None:
        raise NotPermitted("named", holder=task.performer)


def _refuse_signing(procedure: Procedure, element_id: str) -> None:
    """Refuse to move a step that signs: one person would choose who signs, which takes two (``guarded_roles``)."""
    if any(t.element_id == element_id and procedure.form_of(t.element_id).signs for t in procedure.outline.tasks):
        raise NotPermitted("signs")
