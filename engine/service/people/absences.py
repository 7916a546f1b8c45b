"""Who is away, by days, and which person of the same lane stands in.

The substitute sees the tasks of who is away and may take and complete them, as a member of the lane: the line says in
whose place. A role itself is lent by a decree (Plt., Plh., Pj.: ``people.add_membership``), which this does not need.
Nobody stands in who is away on one of these days, and nobody is away who stands in: so there is no substitute of a
substitute, and no two stand in for each other.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from engine.model.dates import type_date
from engine.model.errors import FieldError, InvalidForm, stated, there
from engine.model.history import Action
from engine.model.notices import Kind, Notification
from engine.model.people import Absence, Actor, OfficeRole
from engine.service.office.business_calendar import Office
from engine.store.database import Database
from engine.store.queries import Transaction, absences, people

AUDIT = (OfficeRole.OPERATOR, OfficeRole.AUDITOR)


@dataclass(frozen=True)
class Absences:
    """Leave and substitutes, marked by the person or an operator."""

    database: Database
    office: Office

    def of(self, actor: Actor, person_id: str) -> tuple[Absence, ...]:
        """Return when somebody is or was away or stands in, newest first; for themselves, operators and auditors."""
        actor.need(*(() if actor.person_id == person_id else AUDIT))
        return self.database.ask(absences.of, person_id)

    def colleagues(self, actor: Actor, person_id: str, now: datetime) -> Mapping[str, str]:
        """Return who works in a lane of somebody's today, by id."""
        actor.need(*(() if actor.person_id == person_id else AUDIT))
        return self.database.ask(_colleagues, person_id, self.office.today(now))

    def mark(
        self,
        actor: Actor,
        person_id: str,
        substitute: str,
        since: date | None,
        until: date | None,
        reason: str,
        now: datetime,
    ) -> Absence:
        """Record that somebody is away and who stands in; InvalidForm says what speaks against it."""
        actor.need(*(() if actor.person_id == person_id else [OfficeRole.OPERATOR]))
        reason, today = stated(reason), self.office.today(now)
        if since is None or until is None or not today <= since <= until:
            raise InvalidForm([FieldError("sampai", "until", "", "away_period")], {})
        with self.database.write(actor, now) as work:
            people.one_at_a_time(work, "absences")  # two who choose each other at once are two rows
            if substitute not in _colleagues(work, person_id, since):
                raise InvalidForm([FieldError("pengganti", "substitute", substitute, "not_in_lane")], {})
            for each in absences.of(work, person_id, substitute):
                if each.meets(since, until) and (why := _against(each, person_id, substitute)):
                    raise InvalidForm([FieldError("pengganti", "substitute", "", why)], {})
            new = Absence(str(uuid.uuid4()), person_id, substitute, since, until, reason)
            absences.add(work, new)
            said = {"absence": new.id, "substitute": substitute, "since": since, "until": until, "reason": reason}
            work.tell(person_id, Action.ABSENCE_MARKED, **said)
            when = f"{type_date(since)}–{type_date(until)}: {reason}"
            work.notify(Notification(Kind.SUBSTITUTE, person_id, person_id=substitute, subject=new.id, reason=when))
        return new

    def end(self, actor: Actor, person_id: str, absence_id: str, now: datetime) -> None:
        """Let somebody be back from today on; what began later does not begin."""
        actor.need(*(() if actor.person_id == person_id else [OfficeRole.OPERATOR]))
        last = self.office.today(now) - timedelta(days=1)
        with self.database.write(actor, now) as work:
            own = {each.id: each for each in absences.of(work, person_id) if each.person_id == person_id}
            found = there(own.get(absence_id), absence_id)
            if found.until > last:
                absences.end(work, absence_id, last)
                work.tell(person_id, Action.ABSENCE_ENDED, absence=absence_id, until=last)


def _colleagues(tx: Transaction, person_id: str, day: date) -> dict[str, str]:
    """Return the names of active people who share a lane with somebody on *day*."""
    members = people.members(tx, day)
    shared = [those for role, those in members.items() if person_id in those and role not in set(OfficeRole)]
    return {id_: name for those in shared for id_, name in those.items() if id_ != person_id}


def _against(each: Absence, person_id: str, substitute: str) -> str:
    """Return why an absence of the same days forbids another; empty if it does not."""
    match (each.person_id == person_id, each.person_id == substitute, each.substitute_id == person_id):
        case (True, _, _):
            return "away_already"
        case (_, True, True):
            return "each_other"
        case (_, True, _):
            return "substitute_away"
        case (_, _, True):
            return "stands_in"
    return ""
