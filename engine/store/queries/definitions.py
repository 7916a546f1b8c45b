"""Deployed versions of procedures and their files."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import func, insert, select, tuple_, update

from engine.model.work import DefinitionRecord
from engine.store.queries import Rows, Transaction, behind, some
from engine.store.tables import definition, definition_file, source

ROWS = Rows(DefinitionRecord, definition)


def by_id(tx: Transaction, definition_id: str) -> DefinitionRecord | None:
    """Return the version with this id."""
    return ROWS.one(tx, ROWS.query.where(definition.c.id == definition_id))


def latest(tx: Transaction, process_id: str) -> DefinitionRecord | None:
    """Return the newest version of *process_id*."""
    query = ROWS.query.where(definition.c.process_id == process_id).order_by(definition.c.version.desc()).limit(1)
    return ROWS.one(tx, query)


def all_latest(tx: Transaction) -> tuple[DefinitionRecord, ...]:
    """Return the newest version of every procedure, ordered by name."""
    newest = select(definition.c.process_id, func.max(definition.c.version)).group_by(definition.c.process_id)
    which = tuple_(definition.c.process_id, definition.c.version).in_(newest)
    return ROWS.every(tx, ROWS.query.where(which).order_by(definition.c.name))


def versions(tx: Transaction, process_id: str) -> tuple[DefinitionRecord, ...]:
    """Return every version of *process_id*, newest first."""
    query = ROWS.query.where(definition.c.process_id == process_id).order_by(definition.c.version.desc())
    return ROWS.every(tx, query)


def deployed(
    tx: Transaction, process_id: str | None, after: tuple[datetime, str] | None, limit: int
) -> tuple[tuple[DefinitionRecord, ...], bool]:
    """Return versions, last deployed first, and whether more follow."""
    query = ROWS.query.order_by(definition.c.deployed_at.desc(), definition.c.id)
    if process_id is not None:
        query = query.where(definition.c.process_id == process_id)
    if after is not None:
        query = query.where(behind(after, definition.c.deployed_at, definition.c.id))
    return some(tx, query, ROWS.read, limit)


def files(tx: Transaction, definition_id: str) -> dict[str, bytes]:
    """Return the files of a version by path."""
    query = select(definition_file.c.path, source.c.content).join(source, source.c.sha256 == definition_file.c.sha256)
    rows = tx.connection.execute(query.where(definition_file.c.definition_id == definition_id))
    return {path: bytes(content) for path, content in rows}


def add(tx: Transaction, record: DefinitionRecord, contents: Mapping[str, bytes]) -> None:
    """Write a version with its files; equal contents are stored once."""
    hashes = {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}
    known = set(tx.connection.scalars(select(source.c.sha256).where(source.c.sha256.in_(set(hashes.values())))))
    fresh = {hashes[path]: content for path, content in contents.items() if hashes[path] not in known}
    if fresh:
        tx.connection.execute(insert(source), [{"sha256": h, "content": c} for h, c in fresh.items()])
    tx.connection.execute(insert(definition), asdict(record))
    rows = [{"definition_id": record.id, "path": path, "sha256": sha256} for path, sha256 in hashes.items()]
    tx.connection.execute(insert(definition_file), rows)


def confirm(tx: Transaction, definition_id: str) -> None:
    """Mark a version as confirmed by the office."""
    tx.connection.execute(update(definition).where(definition.c.id == definition_id).values(confirmed=True))
