"""Berkas of completed instances."""

from datetime import datetime

from sqlalchemy import and_, exists, insert, update

from engine.model.archives import Archive, ArchiveStatus, Place, place_of
from engine.store.queries import Rows, Transaction, changed
from engine.store.queries.document_tasks import ARCHIVIST, PENDING
from engine.store.queries.signatures import unfiled
from engine.store.tables import archive, document, signature

ROWS = Rows(Archive, archive, read={"place": place_of})


def add_due(tx: Transaction, instance_id: str, place: Place, now: datetime) -> None:
    """Add the row of a berkas that is due."""
    due = ArchiveStatus.DUE.value
    row = {"instance_id": instance_id, "status": due, "place": place.as_json(), "due_at": now, "attempts": 0}
    tx.connection.execute(insert(archive), row)


def by_id(tx: Transaction, instance_id: str) -> Archive | None:
    """Return the berkas of an instance."""
    return ROWS.one(tx, ROWS.query.where(archive.c.instance_id == instance_id))


def standing(tx: Transaction, status: ArchiveStatus, limit: int) -> tuple[Archive, ...]:
    """Return berkas with *status*, longest due first."""
    query = ROWS.query.where(archive.c.status == status.value).order_by(archive.c.due_at).limit(limit)
    return ROWS.every(tx, query)


def buildable(tx: Transaction, limit: int) -> tuple[Archive, ...]:
    """Return due berkas whose instance has no open document task, longest due first."""
    its = and_(signature.c.instance_id == archive.c.instance_id, document.c.id == signature.c.document_id)
    awaited = exists().where(its, unfiled())
    pending = exists().where(document.c.instance_id == archive.c.instance_id, PENDING)
    due = and_(archive.c.status == ArchiveStatus.DUE.value, ARCHIVIST.is_(None), ~awaited, ~pending)
    return ROWS.every(tx, ROWS.query.where(due).order_by(archive.c.due_at).limit(limit))


def change(tx: Transaction, new: Archive, was: ArchiveStatus) -> bool:
    """Write the new state of a berkas; return False if its status is no longer *was*."""
    its, values = archive.c.instance_id == new.instance_id, ROWS.written(new) | {"place": new.place.as_json()}
    return changed(tx, update(archive).where(its, archive.c.status == was.value).values(values)) == 1
