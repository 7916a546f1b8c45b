"""How people receive notices: their e-mail address, and which kinds are sent there, at once or daily."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.model.errors import FieldError, InvalidForm, NotPermitted, stated, there
from engine.model.notices import Kind
from engine.model.people import Actor, OfficeRole
from engine.service.people import addresses
from engine.service.telling.kinds import KINDS, WAYS
from engine.service.telling.mail import Mail
from engine.service.telling.spreading import IDS
from engine.store.database import Database
from engine.store.queries import dispatches, notices, people
from engine.store.queries.notices import Reach


@dataclass(frozen=True)
class Reaching:
    """Each person's address and choices; the operator may enter an address for a person."""

    database: Database
    mail: Mail

    def of(self, actor: Actor, person_id: str) -> Reach | None:
        """Return the address and choices of an active person; those of others only for operators and auditors."""
        if person_id != actor.person_id:
            actor.need(OfficeRole.OPERATOR, OfficeRole.AUDITOR)
        return self.database.ask(notices.reach, [person_id]).get(person_id)

    def confirmed(self, actor: Actor) -> bool:
        """Whether the actor has a confirmed address."""
        return self.database.ask(addresses.confirmed, actor.person_id)

    def choose(self, actor: Actor, chosen: Mapping[str, str], now: datetime) -> None:
        """Store the way of each kind in *chosen*; the others have their usual way."""
        kept = {kind.value: chosen[kind.value] for kind in Kind if chosen.get(kind.value) in WAYS}
        kept = {kind: way for kind, way in kept.items() if way != KINDS[Kind(kind)].usual}
        with self.database.write(actor, now) as work:
            notices.choose(work, actor.person_id, choices=kept)

    def ask(self, actor: Actor, address: str, link: str, now: datetime) -> None:
        """Send a letter with *link* to an address that the actor wants to confirm; InvalidForm if it cannot be sent.

        Allowed once a minute, so that nobody can flood a mailbox.
        """
        own = there(self.of(actor, actor.person_id), actor.person_id)
        asked = str(uuid.uuid5(IDS, f"{actor.person_id} {now:%Y%m%d%H%M}"))
        with self.database.write(actor, now) as work:
            if dispatches.over(work, [asked]):
                raise InvalidForm([FieldError("surel", "email", address, "soon")], {})
            facts = {"channel": dispatches.MAIL, "person_id": own.person_id, "made_at": now, "due_at": now}
            dispatches.add(work, {asked: {**facts, "status": dispatches.SENT}})
        self.mail.confirm(own, address.strip(), link, now)

    def set_address(
        self, actor: Actor, person_id: str, address: str, now: datetime, *, reason: str | None = None
    ) -> None:
        """Store the actor's own confirmed address or, as operator and with a *reason*, a person's; empty deletes it.

        The old address gets a letter and is erased. History records the change with a commitment to the new one.
        """
        besides: dict[str, Any] = {}
        if (reason is None) != (person_id == actor.person_id):
            raise NotPermitted("self")  # an operator's own address, too, moves only once it is confirmed
        if reason is not None:
            actor.need(OfficeRole.OPERATOR)
            besides = {"reason": stated(reason)}
        address = addresses.readable(address)
        with self.database.write(actor, now) as work:
            people.lock(work, person_id)
            there(people.by_id(work, person_id), person_id)
            before = notices.reach(work, [person_id]).get(person_id)
            addresses.write(work, person_id, address, **besides)
        if before and before.email and before.email != address:
            self.mail.moved(before, actor.name, now)
