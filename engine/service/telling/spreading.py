"""Distributes notifications: each deed writes one, and the worker turns it into notices for the people it concerns.

This happens once for each notification, in a transaction that marks it as spread. The person who did the deed gets no
notice. Letters and calls (rows of ``dispatch``) are made here too; their ids derive from content and receiver, so that
nothing is sent twice.
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
    """Distributes notifications, and deletes old ones."""

    database: Database
    office: Office

    def spread(self, now: datetime) -> bool:
        """Distribute the oldest notifications; return whether there were any."""
        with self.database.write(SYSTEM, now) as work:
            found = notices.unspread(work, AT_ONCE)
            if notices.spread(work, [each.id for each in found], now) != len(found):
                raise Conflict("stale")
            today = self.office.today(now)
            members = people.members(work, today, sorted({each.role for each in found if each.role}))
            away = absences.substitutes(work, {each.person_id for each in found if each.person_id}, today)
            ended = {each.instance_id for each in found if each.instance_id and each.kind == Kind.DONE}
            worked = {id_: {each.completed_by for each in tasks.of_instance(work, id_)} for id_ in ended}
            new = {each.subject for each in found if each.kind == Kind.TASK}  # ready from the beginning
            fresh = [each for each in found if not each.over and not (each.kind == Kind.READY and each.subject in new)]
            told = [(each, sorted(_audience(each, members, away, worked) - {each.by})) for each in fresh]
            reached = notices.reach(work, {id_ for _, ids in told for id_ in ids})
            outside = _Outside(self.office.calendar(), now, *self._mail_on_and_webhook_kinds(work))
            rows = [outside.row(each, reached[id_]) for each, ids in told for id_ in ids if id_ in reached]
            rows += [outside.for_all(each) for each, _ in told if each.kind in outside.called_of]
            outside.write(work, rows)
            dated = {each.subject: each.at for each in found if each.due_at and not each.over and each.kind in OPENED}
            reminders.begin(work, dated)
            notices.settle(work, {each.instance_id for each in found if each.instance_id}, now)
        return bool(found)

    def tidy(self, now: datetime) -> None:
        """Delete notices that were read long ago, and very old ones that nobody read."""
        with self.database.write(SYSTEM, now) as work:
            notices.forget(work, now - READ_KEPT, now - KEPT)

    def _mail_on_and_webhook_kinds(self, work: Work) -> tuple[bool, frozenset[str]]:
        (mail, _), (hook, _) = (read_setting(work, section) or ({}, 0) for section in ("mail", "webhook"))
        return bool(mail.get("on")), frozenset(hook["kinds"] if hook.get("on") else ())


@dataclass
class _Outside:
    """The letters and calls for some notices, to be sent at once or in a daily digest."""

    calendar: OfficeCalendar
    now: datetime
    mail_on: bool
    called_of: frozenset[str]
    due: dict[str, dict[str, Any]] = field(default_factory=dict)

    def row(self, each: Unspread, to: Reach) -> dict[str, Any]:
        """Return the row of a person's notice, and add it to a letter."""
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
        """Return the row of a notice for the webhook, and add its call."""
        call = str(uuid.uuid5(IDS, f"webhook {each.id}"))
        self.due[call] = {"channel": dispatches.WEBHOOK, "person_id": "", "made_at": self.now, "due_at": self.now}
        about = {"person_id": "", "notification_id": each.id, "at": each.at, "dispatch_id": call}
        return {**about, "read_at": self.now}

    def write(self, work: Work, rows: Sequence[dict[str, Any]]) -> None:
        """Store notices, letters and calls. If a digest is sent already (the clock was set back), use new letters."""
        for gone in dispatches.over(work, self.due):
            for row in (row for row in rows if row["dispatch_id"] == gone):
                row["dispatch_id"] = str(uuid.uuid5(IDS, f"{gone} {row['notification_id']}"))
                self.due[row["dispatch_id"]] = {**self.due[gone], "due_at": self.now}
            del self.due[gone]
        dispatches.add(work, self.due)
        notices.add(work, rows)


def _next_digest(calendar: OfficeCalendar, now: datetime) -> datetime:
    """Return when the next daily digest is sent: on a working day at DIGEST_AT."""
    day = now.astimezone(calendar.zone).date()
    at = datetime.combine(day, DIGEST_AT, calendar.zone)
    if at <= now or not calendar.is_working_day(day):
        at = datetime.combine(calendar.working_days_after(day, 1), DIGEST_AT, calendar.zone)
    return at.astimezone(UTC)


def _audience(
    each: Unspread, members: Members, away: Mapping[str, str], worked: Mapping[str, set[str | None]]
) -> set[str]:
    """Return the people whom a notification concerns, and the substitute of an absent person.

    *worked* are the people who did the steps of completed instances.
    """
    if each.person_id:
        return {each.person_id, away.get(each.person_id, each.person_id)}
    if each.role:
        return set(members.get(each.role, ()))
    follows = {Kind.MEND: (each.made_by,), Kind.SIGNED: (each.made_by, each.started_by)}
    done = worked.get(str(each.instance_id), ()) if each.kind == Kind.DONE else ()
    return {id_ for id_ in (*follows.get(Kind(each.kind), (each.started_by,)), *done) if id_}
