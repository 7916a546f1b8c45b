"""Absences of whole days, with a substitute from the same lane.

The substitute sees the absent person's tasks, and may claim and complete them as a member of the lane; history records
for whom. No decree is needed, as no role is transferred (for Plt., Plh., Pj. see ``people.add_membership``). A
substitute must be present on all these days, and an absent person stands in for nobody, so substitutes form no chains.
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
    """Absences, entered by the person or an operator."""

    database: Database
    office: Office

    def of(self, actor: Actor, person_id: str) -> tuple[Absence, ...]:
        """Return absences in which a person is away or stands in, newest first; for them, operators and auditors."""
        actor.need(*(() if actor.person_id == person_id else AUDIT))
        return self.database.ask(absences.of, person_id)

    def colleagues(self, actor: Actor, person_id: str, now: datetime) -> Mapping[str, str]:
        """Return the names of people who share a lane with a person today, by id."""
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
        """Record an absence and its substitute; InvalidForm says why not."""
        actor.need(*(() if actor.person_id == person_id else [OfficeRole.OPERATOR]))
        reason, today = stated(reason), self.office.today(now)
        if since is None or until is None or not today <= since <= until:
            raise InvalidForm([FieldError("sampai", "until", "", "away_period")], {})
        with self.database.write(actor, now) as work:
            people.one_at_a_time(work, "absences")  # two people may choose each other at the same moment
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
        """End an absence yesterday, or cancel one that has not begun."""
        actor.need(*(() if actor.person_id == person_id else [OfficeRole.OPERATOR]))
        last = self.office.today(now) - timedelta(days=1)
        with self.database.write(actor, now) as work:
            own = {each.id: each for each in absences.of(work, person_id) if each.person_id == person_id}
            found = there(own.get(absence_id), absence_id)
            if found.until > last:
                absences.end(work, absence_id, last)
                work.tell(person_id, Action.ABSENCE_ENDED, absence=absence_id, until=last)


def _colleagues(tx: Transaction, person_id: str, day: date) -> dict[str, str]:
    """Return the names of active people who share a lane with a person on *day*."""
    members = people.members(tx, day)
    shared = [those for role, those in members.items() if person_id in those and role not in set(OfficeRole)]
    return {id_: name for those in shared for id_, name in those.items() if id_ != person_id}


def _against(each: Absence, person_id: str, substitute: str) -> str:
    """Return why an absence of the same days forbids a new one; empty if it does not."""
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
