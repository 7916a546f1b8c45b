"""Spreading notifications: from what was written with a deed to whom it reaches, by which way.

It happens once for each, in one transaction that marks it: a worker that dies before leaves all to the next one, and
two at once are one. Who did the deed is not told of it. What goes outside is made here too (``dispatch``), under an id
that follows from what it tells whom, so that nothing can go out twice.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

from engine.model.calendar import OfficeCalendar
from engine.model.errors import Conflict
from engine.model.notices import Kind
from engine.model.people import SYSTEM
from engine.service.office.business_calendar import Office
from engine.service.telling.kinds import DIGEST, KINDS, OFF
from engine.store.database import Database
from engine.store.queries import absences, dispatches, notices, people, reminders, tasks
from engine.store.queries.notices import Reach, Unspread
from engine.store.queries.office import read_setting
from engine.store.queries.people import Members
from engine.store.unit_of_work import Work

AT_ONCE = 200
DIGEST_AT = time(7, 30)
OPENED = (Kind.TASK, Kind.RETURNED)
READ_KEPT, KEPT = timedelta(days=90), timedelta(days=400)
IDS = uuid.UUID("6a1b3e0e-5d0f-5c43-9c5e-0b6c7e0f2d11")


@dataclass(frozen=True)
class Spreading:
    """What becomes of notifications."""

    database: Database
    office: Office

    def spread(self, now: datetime) -> bool:
        """Let the oldest notifications reach their people; whether there were any."""
        with self.database.write(SYSTEM, now) as work:
            found = notices.unspread(work, AT_ONCE)
            if notices.spread(work, [each.id for each in found], now) != len(found):
                raise Conflict("stale")
            today = self.office.today(now)
            members = people.members(work, today, sorted({each.role for each in found if each.role}))
            away = absences.substitutes(work, {each.person_id for each in found if each.person_id}, today)
            ended = {each.instance_id for each in found if each.instance_id and each.kind == Kind.DONE}
            worked = {id_: {each.completed_by for each in tasks.of_instance(work, id_)} for id_ in ended}
            told = [(e, sorted(_audience(e, members, away, worked) - {e.by})) for e in found if not e.over]
            reached = notices.reach(work, {id_ for _, ids in told for id_ in ids})
            outside = _Outside(self.office.calendar(), now, *self._on(work))
            rows = [outside.row(each, reached[id_]) for each, ids in told for id_ in ids if id_ in reached]
            rows += [outside.for_all(each) for each, _ in told if each.kind in outside.called_of]
            outside.write(work, rows)
            dated = {each.subject: each.at for each in found if each.due_at and not each.over and each.kind in OPENED}
            reminders.begin(work, dated)
            notices.settle(work, {each.instance_id for each in found if each.instance_id}, now)
        return bool(found)

    def tidy(self, now: datetime) -> None:
        """Forget what was read long ago, and what nobody ever read."""
        with self.database.write(SYSTEM, now) as work:
            notices.forget(work, now - READ_KEPT, now - KEPT)

    def _on(self, work: Work) -> tuple[bool, frozenset[str]]:
        """Return whether letters go out, and of what the office's webhook hears."""
        (mail, _), (hook, _) = (read_setting(work, section) or ({}, 0) for section in ("mail", "webhook"))
        return bool(mail.get("on")), frozenset(hook["kinds"] if hook.get("on") else ())


@dataclass
class _Outside:
    """What of some notices goes outside as well: at once, or with all others of a day."""

    calendar: OfficeCalendar
    now: datetime
    mail_on: bool
    called_of: frozenset[str]
    due: dict[str, dict[str, Any]] = field(default_factory=dict)

    def row(self, each: Unspread, to: Reach) -> dict[str, Any]:
        """Return the row of a notice, and note the letter that tells it."""
        way = to.choices.get(each.kind, KINDS[Kind(each.kind)].usual) if self.mail_on and to.email else OFF
        at = _next_digest(self.calendar, self.now) if way == DIGEST else self.now
        name = f"{to.person_id} {at.isoformat() if way == DIGEST else each.id}"
        letter = None if way == OFF else str(uuid.uuid5(IDS, name))
        if letter:
            facts = {"channel": dispatches.MAIL, "person_id": to.person_id, "made_at": self.now, "due_at": at}
            self.due.setdefault(letter, facts)
        return {
            "person_id": to.person_id,
            "notification_id": each.id,
            "at": each.at,
            "dispatch_id": letter,
            "read_at": None,
        }

    def for_all(self, each: Unspread) -> dict[str, Any]:
        """Return the row of a notice that the office's webhook is called with, and note the call."""
        call = str(uuid.uuid5(IDS, f"webhook {each.id}"))
        self.due[call] = {"channel": dispatches.WEBHOOK, "person_id": "", "made_at": self.now, "due_at": self.now}
        about = {"person_id": "", "notification_id": each.id, "at": each.at, "dispatch_id": call}
        return {**about, "read_at": self.now}

    def write(self, work: Work, rows: Sequence[dict[str, Any]]) -> None:
        """Write who is told what; what was to join a letter that is gone, since the clock was set back, goes alone."""
        for gone in dispatches.over(work, self.due):
            for row in (row for row in rows if row["dispatch_id"] == gone):
                row["dispatch_id"] = str(uuid.uuid5(IDS, f"{gone} {row['notification_id']}"))
                self.due[row["dispatch_id"]] = {**self.due[gone], "due_at": self.now}
            del self.due[gone]
        dispatches.add(work, self.due)
        notices.add(work, rows)


def _next_digest(calendar: OfficeCalendar, now: datetime) -> datetime:
    """Return the next instant at which the letters of a day go out: on a working day."""
    day = now.astimezone(calendar.zone).date()
    at = datetime.combine(day, DIGEST_AT, calendar.zone)
    if at <= now or not calendar.is_working_day(day):
        at = datetime.combine(calendar.working_days_after(day, 1), DIGEST_AT, calendar.zone)
    return at.astimezone(UTC)


def _audience(
    each: Unspread, members: Members, away: Mapping[str, str], worked: Mapping[str, set[str | None]]
) -> set[str]:
    """Return whom a notification concerns: who stands in as well as who is away.

    *worked*: who did the steps of instances that are completed.
    """
    if each.person_id:
        return {each.person_id, away.get(each.person_id, each.person_id)}
    if each.role:
        return set(members.get(each.role, ()))
    follows = {Kind.MEND: (each.made_by,), Kind.SIGNED: (each.made_by, each.started_by)}
    done = worked.get(str(each.instance_id), ()) if each.kind == Kind.DONE else ()
    return {id_ for id_ in (*follows.get(Kind(each.kind), (each.started_by,)), *done) if id_}
