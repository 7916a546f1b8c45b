"""Reminders before a task is due and when it is late, and escalation, all in the office's working time.

A step's own attributes in the diagram (``sop:pengingat``, ``sop:eskalasi``) take precedence over the operator's setting
for its lane, and that over USUAL. A row for each task says when to look at it next. So a worker that was away sends
only what still matters: for a task that is late by now, no reminder that it is due soon.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.model.calendar import OfficeCalendar, parse_duration
from engine.model.errors import FieldError, InvalidForm
from engine.model.notices import Kind, Notification
from engine.model.people import SYSTEM, Actor, OfficeRole
from engine.model.process import UserTask
from engine.service.office.business_calendar import Office
from engine.service.procedures.procedure import Procedures
from engine.store.database import Database
from engine.store.queries import reminders
from engine.store.queries.office import read_setting, write_setting
from engine.store.queries.reminders import Reminder
from engine.store.unit_of_work import Work

SECTION = "reminders"
AT_ONCE = 200
USUAL = {"percent": 75, "role": "", "after": ""}
"""A lane's setting: remind after *percent* of the standard time (0: never); tell *role* when the task is late for
*after*."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A notice about a task, and when to send it."""

    at: datetime
    kind: Kind
    role: str | None = None  # of an escalation


@dataclass(frozen=True)
class Reminders:
    """Sends reminders and escalations."""

    database: Database
    office: Office
    procedures: Procedures

    def setting(self, actor: Actor) -> tuple[dict[str, dict[str, Any]], int]:
        """Return the settings by lane's role, and their revision; for operators and auditors."""
        actor.need(OfficeRole.OPERATOR, OfficeRole.AUDITOR)
        return self.database.ask(read_setting, SECTION) or ({}, 0)

    def change(self, actor: Actor, value: Mapping[str, Mapping[str, Any]], revision: int, now: datetime) -> None:
        """Replace revision *revision* of the settings by *value*, also for tasks that are open already."""
        actor.need(OfficeRole.OPERATOR)
        for role, its in value.items():
            try:
                if not 0 <= its["percent"] <= 99:
                    raise ValueError(its["percent"])
                parse_duration(its["after"] or "P1D")
            except ValueError as error:
                raise InvalidForm([FieldError(role, role, str(error), "reminder")], {}) from None
        kept = {role: dict(its) for role, its in value.items() if its != USUAL}
        with self.database.write(actor, now) as work:
            old, _ = read_setting(work, SECTION) or ({}, 0)
            new = {role: dict(USUAL) for role in old} | kept  # none is removed, so that history shows the change
            write_setting(work, SECTION, new, revision or None, {"old": old, "new": new})
            reminders.look_anew(work, now)

    def remind(self, now: datetime) -> bool:
        """Send the reminders that are due at *now*; return whether there were tasks to look at."""
        calendar = self.office.calendar()
        with self.database.write(SYSTEM, now) as work:
            found = reminders.due(work, now, AT_ONCE)
            lanes, _ = read_setting(work, SECTION) or ({}, 0)
            for each in found:
                if each.over:
                    reminders.move(work, each.task_id, each.at, None)
                else:
                    step = self.procedures.of(work, each.definition_id).outline.task(each.element_id)
                    every = list(moments(calendar, each, step, {**USUAL, **lanes.get(each.role, {})}))
                    self._tell(work, each, every)
        return bool(found)

    def _tell(self, work: Work, each: Reminder, every: list[Moment]) -> None:
        ahead = min((moment.at for moment in every if moment.at > work.now), default=None)
        if not reminders.move(work, each.task_id, each.at, ahead):
            return
        come = [moment for moment in every if each.at <= moment.at <= work.now]
        late = any(moment.kind is Kind.LATE for moment in come)
        for moment in come:
            if moment.kind is Kind.SOON and late:
                continue
            holder = None if moment.role else each.performer or each.assignee
            role = moment.role or (None if holder else each.role)
            about = (moment.kind, SYSTEM.person_id, each.instance_id, each.task_id)
            work.notify(Notification(*about, person_id=holder, role=role))


def moments(calendar: OfficeCalendar, task: Reminder, step: UserTask, lane: Mapping[str, Any]) -> Iterator[Moment]:
    """Yield the reminders of an open task."""
    if task.due_at is None:
        return
    whole = calendar.working_seconds(task.created_at, task.due_at)
    if step.reminder:
        before = parse_duration(step.reminder)
        gone = whole - before.days * calendar.day_seconds(task.due_at) - before.minutes * 60
    else:
        gone = whole * lane["percent"] // 100
    if gone > 0:
        yield Moment(calendar.after(task.created_at, gone), Kind.SOON)
    yield Moment(task.due_at, Kind.LATE)
    role, _, after = (step.escalation or f"{lane['role']} {lane['after']}").strip().partition(" ")
    if role:
        yield Moment(calendar.due(task.due_at, after) if after else task.due_at, Kind.ESCALATED, role)
