"""Berkas of completed instances."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, insert, select, update

from engine.model.archives import Archive, ArchiveStatus, Place, place_of
from engine.store.queries import Transaction, one
from engine.store.queries.document_tasks import PENDING
from engine.store.queries.signatures import unfiled
from engine.store.tables import archive, document, signature

COLUMNS = tuple(archive.c[name] for name in Archive.__dataclass_fields__)


def _archive(row: Sequence[Any]) -> Archive:
    facts = dict(zip(Archive.__dataclass_fields__, row, strict=True))
    return Archive(**{**facts, "status": ArchiveStatus(facts["status"]), "place": place_of(facts["place"])})


def add_due(tx: Transaction, instance_id: str, now: datetime) -> None:
    """Note that the berkas of an instance is to be built."""
    due = ArchiveStatus.DUE.value
    row = {"instance_id": instance_id, "status": due, "place": Place().as_json(), "due_at": now, "attempts": 0}
    tx.connection.execute(insert(archive), row)


def by_id(tx: Transaction, instance_id: str) -> Archive | None:
    """Return the berkas of an instance, built or not."""
    return one(tx, select(*COLUMNS).where(archive.c.instance_id == instance_id), _archive)


def standing(tx: Transaction, status: ArchiveStatus, limit: int) -> tuple[Archive, ...]:
    """Return berkas that stand at *status*, longest due first."""
    query = select(*COLUMNS).where(archive.c.status == status.value).order_by(archive.c.due_at).limit(limit)
    return tuple(_archive(row) for row in tx.connection.execute(query))


def buildable(tx: Transaction, limit: int) -> tuple[Archive, ...]:
    """Return berkas that are due and wait for no approval and no signed file, longest due first."""
    its = and_(signature.c.instance_id == archive.c.instance_id, document.c.id == signature.c.document_id)
    awaited = exists().where(its, unfiled())
    pending = exists().where(document.c.instance_id == archive.c.instance_id, PENDING)
    due = and_(archive.c.status == ArchiveStatus.DUE.value, ~awaited, ~pending)
    query = select(*COLUMNS).where(due).order_by(archive.c.due_at).limit(limit)
    return tuple(_archive(row) for row in tx.connection.execute(query))


def change(tx: Transaction, changed: Archive, was: ArchiveStatus) -> bool:
    """Write what became of a berkas that stood at *was*; False if it stands elsewhere meanwhile."""
    values = {name: getattr(changed, name) for name in Archive.__dataclass_fields__}
    values |= {"status": changed.status.value, "place": changed.place.as_json()}
    its = archive.c.instance_id == changed.instance_id
    result = tx.connection.execute(update(archive).where(its, archive.c.status == was.value).values(**values))
    return result.rowcount == 1
