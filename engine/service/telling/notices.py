"""A person's own notices: how many are unread, the list, and marking them as read."""

from dataclasses import dataclass
from datetime import datetime

from engine.model.errors import there
from engine.model.notices import Notice
from engine.model.people import Actor
from engine.model.process import UserTask
from engine.service.procedures.procedure import Procedures
from engine.service.telling.kinds import KINDS, Saying
from engine.store.database import Database
from engine.store.queries import Transaction, notices
from engine.store.queries.notices import Unread

PAGE = 50


@dataclass(frozen=True, slots=True)
class Told:
    """A notice with its label and the step that it concerns."""

    notice: Notice
    saying: Saying
    step: UserTask | None


@dataclass(frozen=True)
class Notices:
    """Each person's own notices."""

    database: Database
    procedures: Procedures

    def unread(self, actor: Actor) -> Unread:
        """Return the number of the actor's unread notices, capped, and when the latest came."""
        return self.database.ask(notices.unread, actor.person_id)

    def list(self, actor: Actor, page: int = 1) -> tuple[tuple[Told, ...], bool]:
        """Return one page of the actor's notices, newest first, and whether more follow."""
        with self.database.read() as reader:
            found, more = notices.of_person(reader, actor.person_id, PAGE, (page - 1) * PAGE)
            return tuple(told(reader, self.procedures, each) for each in found), more

    def open(self, actor: Actor, notification_id: str, now: datetime) -> Notice:
        """Mark one of the actor's notices as read, and return it."""
        found = there(self.database.ask(notices.one_of, actor.person_id, notification_id), notification_id)
        if found.read_at is None:
            with self.database.write(actor, now) as work:
                notices.mark(work, actor.person_id, now, notification_id)
        return found

    def read_all(self, actor: Actor, now: datetime) -> int:
        """Mark all notices of the actor as read; return how many were unread."""
        with self.database.write(actor, now) as work:
            return notices.mark(work, actor.person_id, now)

    def unread_again(self, actor: Actor, read_at: datetime, now: datetime) -> None:
        """Undo ``read_all`` of the instant *read_at*."""
        with self.database.write(actor, now) as work:
            notices.unmark(work, actor.person_id, read_at)


def told(tx: Transaction, procedures: Procedures, each: Notice) -> Told:
    """Return a notice with its label and step."""
    at = each.definition_id if each.element_id else None
    step = procedures.of(tx, at).outline.task(str(each.element_id)) if at else None
    return Told(each, KINDS[each.kind], step)
