"""A transaction together with its history lines: both are committed, or neither."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from engine.model.errors import Conflict
from engine.model.history import Action, HistoryEvent, HistoryLine, genesis
from engine.model.notices import Notification, told_by
from engine.model.people import SYSTEM, Actor
from engine.store import history_guard
from engine.store.driver_statements import Prepared
from engine.store.history import (
    INSTANCE,
    OFFICE,
    InstanceHead,
    KeepsHead,
    StreamHead,
    append,
    head_of,
    installation_of,
    lines_after,
)
from engine.store.tables import installation, instance, notification, person

AT_REVISION = Prepared(  # the changed columns come with the values
    update(instance).where(instance.c.id == bindparam("its_id"), instance.c.revision == bindparam("its_revision"))
)

NOTIFY = Prepared(insert(notification).values({"spread_at": None}))


class Reader:
    """An open read; all queries on *connection* see one moment."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection


class Work(Reader):
    """An open write by *actor* at *now*, whose changes must be recorded in history before its block ends.

    The row of an instance has the head of its stream. :func:`update_instance` writes the head with other columns; heads
    that are still unwritten are written when the block ends.
    """

    def __init__(self, connection: Connection, actor: Actor, now: datetime) -> None:
        super().__init__(connection)
        self.actor = actor
        self.now = now
        self._heads: dict[str, StreamHead] = {}  # by stream, for streams with new lines
        self._notifications: list[Notification] = []

    def record(self, stream: str, deed: HistoryEvent) -> HistoryLine:
        """Append *deed* to *stream* and return the line."""
        return self.record_many(stream, (deed,))[0]

    def tell(self, person_id: str, action: Action, **change: Any) -> None:
        """Append a line to the stream of a person."""
        self.record(f"person:{person_id}", HistoryEvent(action, change=change))

    def record_many(self, stream: str, deeds: Sequence[HistoryEvent]) -> tuple[HistoryLine, ...]:
        """Append *deeds* to *stream* in one insert and return the lines."""
        head = self._heads.get(stream) or head_of(self.connection, stream)
        return tuple(self._append(head, stream, deeds, _instance_of(stream)))

    def record_instance(self, kept: KeepsHead, deeds: Sequence[HistoryEvent]) -> InstanceHead:
        """Append *deeds* to the stream of an instance whose head *kept* has, and return the new head.

        Conflict("stale") if somebody else appended since *kept* was read.
        """
        stream = INSTANCE + kept.id
        head = self._heads.get(stream) or StreamHead(kept.history_seq, kept.history_hash, kept.history_at)
        self._append(head, stream, deeds, kept.id)
        new = self._heads.get(stream, head)
        return InstanceHead(kept.id, new.seq, new.hash, new.at)

    def head_values(self, instance_id: str) -> dict[str, Any]:
        """Return the columns with the new head of an instance's stream; empty if nothing was recorded."""
        head = self._heads.get(INSTANCE + instance_id)
        return {"history_seq": head.seq, "history_hash": head.hash, "history_at": head.at} if head else {}

    def notify(self, *new: Notification) -> None:
        """Add notifications to those that follow from history lines."""
        self._notifications += new

    def finish(self) -> None:
        """Write the notifications, and the heads that no other statement wrote; called before the commit."""
        if self._notifications:
            NOTIFY.run(self.connection, [each.row(self.now) for each in self._notifications])
        written = history_guard.heads_written(self.connection)
        for stream, head in self._heads.items():
            if not stream.startswith(INSTANCE) or head.hash in written:
                continue
            id_ = stream.removeprefix(INSTANCE)
            found = self.connection.execute(
                update(instance).where(instance.c.id == id_).values(**self.head_values(id_))
            )
            if found.rowcount != 1:
                raise history_guard.UnrecordedChange(f"history of an instance that does not exist: {id_}")

    def _found(self) -> str:
        """Return the id of this office; the first writer of a line generates it."""
        begun = head_of(self.connection, OFFICE)  # on PostgreSQL this waits for another first writer
        id_ = installation_of(self.connection)
        if id_ is None:
            id_ = str(uuid.uuid4())
            self.connection.execute(insert(installation), {"id": id_, "made_at": self.now, "one": 1})
            founded = HistoryEvent(Action.OFFICE_FOUNDED, change={"installation": id_}, actor=SYSTEM.person_id)
            self._append(begun, OFFICE, [founded], None)
        return id_

    def _named(self) -> Actor:
        """Return the actor with the commitment to the name, which is read if it is unknown (at sign-in)."""
        its = self.actor
        if its.name_commitment is None and its.person_id != SYSTEM.person_id:
            found = self.connection.scalar(select(person.c.name_commitment).where(person.c.id == its.person_id))
            self.actor = replace(its, name_commitment=found)
        return self.actor

    def _append(
        self, head: StreamHead, stream: str, deeds: Sequence[HistoryEvent], instance_id: str | None
    ) -> list[HistoryLine]:
        if head.seq == 0:
            id_ = installation_of(self.connection) or self._found()
            head = self._heads.get(stream) or StreamHead(0, genesis(id_, stream))
        lines = lines_after(head, stream, deeds, self._named(), self.now, instance_id)
        append(self.connection, lines)
        self._heads[stream] = StreamHead(lines[-1].seq, lines[-1].hash, lines[-1].at)
        self._notifications += told_by(deeds, instance_id, self.actor.person_id)
        return lines


def update_instance(work: Work, id_: str, revision: int, values: Mapping[str, Any]) -> int:
    """Change the row of an instance at *revision*, and write its new head, if any; return the new revision.

    Conflict("stale") if the revision has changed.
    """
    columns = work.head_values(id_) | dict(values) | {"revision": revision + 1}
    changed = AT_REVISION.run(work.connection, columns | {"its_id": id_, "its_revision": revision})
    if changed != 1:
        raise Conflict("stale", instance_id=id_)
    return revision + 1


def _instance_of(stream: str) -> str | None:
    return stream.removeprefix(INSTANCE) if stream.startswith(INSTANCE) else None
