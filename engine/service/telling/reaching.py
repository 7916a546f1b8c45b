"""How each person wants to be told, and where: their address, what comes by mail, at once or once a day."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.model.errors import FieldError, InvalidForm, stated, there
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
    """Everybody's own ways; the operator may enter an address for somebody."""

    database: Database
    mail: Mail

    def of(self, actor: Actor, person_id: str) -> Reach | None:
        """Return how somebody who is active is told; of others only operators and auditors ask."""
        if person_id != actor.person_id:
            actor.need(OfficeRole.OPERATOR, OfficeRole.AUDITOR)
        return self.database.ask(notices.reach, [person_id]).get(person_id)

    def confirmed(self, actor: Actor) -> bool:
        """Whether the actor has an address that they showed to be theirs."""
        return self.database.ask(addresses.confirmed, actor.person_id)

    def choose(self, actor: Actor, chosen: Mapping[str, str], now: datetime) -> None:
        """Write by which way each kind comes; one that is not named comes as usual."""
        kept = {kind.value: chosen[kind.value] for kind in Kind if chosen.get(kind.value) in WAYS}
        kept = {kind: way for kind, way in kept.items() if way != KINDS[Kind(kind)].usual}
        with self.database.write(actor, now) as work:
            notices.choose(work, actor.person_id, choices=kept)

    def ask(self, actor: Actor, address: str, link: str, now: datetime) -> None:
        """Send a letter with *link* to an address that the actor says is theirs; InvalidForm says why it did not go.

        Once a minute at most, so that nobody has the office's server fill somebody's box.
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
        """Write one's own address that was confirmed, or as operator somebody's with the reason; an empty one is none.

        What stood there before is erased; history holds that it changed, and by a commitment to what.
        """
        besides: dict[str, Any] = {}
        if reason is not None or person_id != actor.person_id:
            actor.need(OfficeRole.OPERATOR)
            besides = {"reason": stated(reason or "")}
        address = addresses.readable(address)
        with self.database.write(actor, now) as work:
            people.lock(work, person_id)
            there(people.by_id(work, person_id), person_id)
            addresses.write(work, person_id, address, **besides)
