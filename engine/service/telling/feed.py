"""Each person's calendar of due dates, at a secret address that they can replace.

Anybody who knows the address can read the titles and due dates of the person's open tasks, but nothing else. Only its
hash is stored. A new address invalidates the old one; a person without a current role has no calendar.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from engine.channels import ics
from engine.model.errors import NotFound, there
from engine.model.history import Action, sha256_of
from engine.model.people import Actor
from engine.service.office.business_calendar import Office
from engine.service.procedures.procedure import Procedures
from engine.service.telling.kinds import gettext_of
from engine.store.database import Database
from engine.store.queries import notices, people, task_lists
from engine.store.queries.task_lists import TaskFilter

MOST = 500


@dataclass(frozen=True)
class Feeds:
    """The calendars of due dates."""

    database: Database
    office: Office
    procedures: Procedures
    public_url: str

    def renew(self, actor: Actor, now: datetime, *, none: bool = False) -> str:
        """Replace the actor's secret address by a new one, or by *none*; return it, since it cannot be read later."""
        new = secrets.token_urlsafe(32)
        with self.database.write(actor, now) as work:
            notices.choose(work, actor.person_id, feed_sha256=None if none else sha256_of(new))
            work.tell(actor.person_id, Action.FEED_RENEWED, new=not none)
        return new

    def has(self, actor: Actor) -> bool:
        """Whether the actor has an address."""
        return self.database.ask(notices.has_feed, actor.person_id)

    def of(self, secret: str, now: datetime) -> str:
        """Return the calendar at an address; NotFound if there is none."""
        today = self.office.today(now)
        with self.database.read() as reader:
            owner = there(notices.feed_owner(reader, sha256_of(secret)), "kalender")
            person = there(people.by_id(reader, owner), owner)
            held = tuple(each for each in person.memberships if each.holds_on(today))
            if not (held and person.active):
                raise NotFound(owner)
            actor = Actor(person.id, person.name, held)
            found, _ = task_lists.search(reader, actor, "open", TaskFilter(), after=None, limit=MOST)
            outlines = {each.definition_id: self.procedures.of(reader, each.definition_id).outline for each in found}
        moments = []
        for each in found:
            step = outlines[each.definition_id].task(each.element_id)
            name = step.name_en if person.locale == "en" and step.name_en else step.name
            link = f"{self.public_url}/tugas/{each.id}" if self.public_url else ""
            if each.due_at is not None:
                moments.append(ics.Moment(each.id, each.created_at, each.due_at, f"{name} – {each.title}", link))
        gettext = gettext_of(person.locale)
        return ics.calendar(gettext("Jatuh tempo di Alur"), moments)
