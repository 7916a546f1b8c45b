"""What every list offers to narrow it by, and the filters that people keep by name.

A filter that is shared is seen, renamed and deleted by its whole lane.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.model.errors import FieldError, InvalidForm, NotPermitted, there
from engine.model.lists import SavedFilter
from engine.model.people import Actor, OfficeRole
from engine.model.process import Lane
from engine.service.procedures.procedure import Procedures
from engine.store.database import Database
from engine.store.queries import definitions, saved_filters

LONGEST_NAME = 60
LONGEST_QUERY = 1000
MOST = 30


@dataclass(frozen=True, slots=True)
class Offers:
    """What a list can be narrowed by."""

    saved: tuple[SavedFilter, ...]
    lanes: Mapping[str, Lane]  # the actor's, by role
    processes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Lists:
    """What lists have in common, whatever they list."""

    database: Database
    procedures: Procedures

    def offers(self, actor: Actor, list_: str) -> Offers:
        """Return the actor's lanes, the deployed processes, and filters of the actor or of a lane of theirs."""
        with self.database.read() as reader:
            saved = saved_filters.of(reader, actor, list_)
            models = [self.procedures.of(reader, each.id).outline for each in definitions.all_latest(reader)]
        lanes = {lane.role: lane for model in models for lane in model.lanes if lane.role in actor.roles}
        return Offers(saved, lanes, tuple((model.process_id, model.name) for model in models))

    def find(self, actor: Actor, filter_id: str) -> SavedFilter:
        """Return a filter that is the actor's own or of a lane of theirs; NotFound if it is neither."""
        return there(self.database.ask(saved_filters.by_id, actor, filter_id), filter_id)

    def make(self, actor: Actor, list_: str, query: str, name: str, role: str | None, now: datetime) -> None:
        """Keep *query* as a filter; only a member of the lane *role* shares with it."""
        if role is not None and role not in actor.roles - set(OfficeRole):
            raise NotPermitted("lane", role=role)
        made = SavedFilter(str(uuid.uuid4()), list_, actor.person_id, role, _named(name), query)
        with self.database.write(actor, now) as work:
            if len(query) > LONGEST_QUERY or saved_filters.count(work, actor) >= MOST:
                raise InvalidForm([FieldError("nama", "nama", name, "most")], {})
            saved_filters.add(work, made)

    def change(self, actor: Actor, found: SavedFilter, name: str | None, now: datetime) -> None:
        """Name a filter that was found anew; None deletes it."""
        name = None if name is None else _named(name)
        with self.database.write(actor, now) as work:
            saved_filters.change(work, found.id, name)


def _named(text: str) -> str:
    name = " ".join(text.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidForm([FieldError("nama", "nama", text, "name")], {})
    return name
