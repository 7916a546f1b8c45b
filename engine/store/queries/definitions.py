"""Deployed versions of procedures and their files."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from engine.model.work import DefinitionRecord
from engine.store.queries import Transaction, behind, one, some
from engine.store.tables import definition, definition_file, source

COLUMNS = tuple(definition.c[name] for name in DefinitionRecord.__dataclass_fields__)


def _record(row: Any) -> DefinitionRecord:
    return DefinitionRecord(**row._mapping)


def by_id(tx: Transaction, definition_id: str) -> DefinitionRecord | None:
    """Return the version with that id."""
    return one(tx, select(*COLUMNS).where(definition.c.id == definition_id), _record)


def latest(tx: Transaction, process_id: str) -> DefinitionRecord | None:
    """Return the version in force of *process_id*."""
    query = select(*COLUMNS).where(definition.c.process_id == process_id).order_by(definition.c.version.desc()).limit(1)
    return one(tx, query, _record)


def all_latest(tx: Transaction) -> tuple[DefinitionRecord, ...]:
    """Return the version in force of every procedure, by name."""
    newest = (
        select(definition.c.process_id, func.max(definition.c.version).label("version"))
        .group_by(definition.c.process_id)
        .subquery()
    )
    query = (
        select(*COLUMNS)
        .join(newest, (newest.c.process_id == definition.c.process_id) & (newest.c.version == definition.c.version))
        .order_by(definition.c.name)
    )
    return tuple(_record(row) for row in tx.connection.execute(query))


def versions(tx: Transaction, process_id: str) -> tuple[DefinitionRecord, ...]:
    """Return every version of *process_id*, newest first."""
    query = select(*COLUMNS).where(definition.c.process_id == process_id).order_by(definition.c.version.desc())
    return tuple(_record(row) for row in tx.connection.execute(query))


def deployed(
    tx: Transaction, process_id: str | None, after: tuple[datetime, str] | None, limit: int
) -> tuple[tuple[DefinitionRecord, ...], bool]:
    """Return versions in the order of their deployment, newest first, and whether more follow."""
    query = select(*COLUMNS).order_by(definition.c.deployed_at.desc(), definition.c.id)
    if process_id is not None:
        query = query.where(definition.c.process_id == process_id)
    if after is not None:
        query = query.where(behind(after, definition.c.deployed_at, definition.c.id))
    return some(tx, query, _record, limit)


def files(tx: Transaction, definition_id: str) -> dict[str, bytes]:
    """Return every file of a version, by path."""
    query = (
        select(definition_file.c.path, source.c.content)
        .join(source, source.c.sha256 == definition_file.c.sha256)
        .where(definition_file.c.definition_id == definition_id)
    )
    return {path: bytes(content) for path, content in tx.connection.execute(query)}


def add(tx: Transaction, record: DefinitionRecord, contents: Mapping[str, bytes]) -> None:
    """Write a version with its files; text that is already stored is stored once."""
    hashes = {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}
    known = set(tx.connection.scalars(select(source.c.sha256).where(source.c.sha256.in_(set(hashes.values())))))
    fresh = {hashes[path]: content for path, content in contents.items() if hashes[path] not in known}
    if fresh:
        tx.connection.execute(insert(source), [{"sha256": h, "content": c} for h, c in fresh.items()])
    tx.connection.execute(insert(definition), asdict(record))
    tx.connection.execute(
        insert(definition_file),
        [{"definition_id": record.id, "path": path, "sha256": sha256} for path, sha256 in hashes.items()],
    )


def confirm(tx: Transaction, definition_id: str) -> None:
    """Mark a version as confirmed by the office."""
    tx.connection.execute(update(definition).where(definition.c.id == definition_id).values(confirmed=True))
