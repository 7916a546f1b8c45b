"""Reminders before a task is due, when it is late, and passing it up: all in the office's working time.

What the diagram says of a step comes first (``sop:pengingat``, ``sop:eskalasi``), then what the operator set for its
lane, then the usual: once when three quarters of the standard time are gone, and once when it is late. Each task has
one row that says when it is looked at next, so that a worker that was away tells only what still matters: of a task
that became late meanwhile not that it is due soon.
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
"""Of a lane: how much of the standard time is gone when its people are reminded (0: never), and who hears how long
after the due date that it is late."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something to tell of a task, and when."""

    at: datetime
    kind: Kind
    role: str | None = None  # to whom it is passed up


@dataclass(frozen=True)
class Reminders:
    """Who is reminded of what, when."""

    database: Database
    office: Office
    procedures: Procedures

    def setting(self, actor: Actor) -> tuple[dict[str, dict[str, Any]], int]:
        """Return by lane's role how its people are reminded, and the revision; for operators and auditors."""
        actor.need(OfficeRole.OPERATOR, OfficeRole.AUDITOR)
        return self.database.ask(read_setting, SECTION) or ({}, 0)

    def change(self, actor: Actor, value: Mapping[str, Mapping[str, Any]], revision: int, now: datetime) -> None:
        """Put *value* in place of revision *revision*; it holds for what is open, too, from now on."""
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
            gone = {role: dict(USUAL) for role in old if role not in kept}  # lines say what changed, and nothing goes
            write_setting(work, SECTION, {**gone, **kept}, revision or None, {"old": old, "new": {**gone, **kept}})
            reminders.look_anew(work, now)

    def remind(self, now: datetime) -> bool:
        """Tell what is to be told of open tasks by now; whether there were any to look at."""
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
    """Yield what is to be told of an open task, and when."""
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
