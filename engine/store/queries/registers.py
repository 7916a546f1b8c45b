"""Registers: the office's reference tables, each row in force from one day to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, insert, or_, select, update

from engine.store.queries import Transaction
from engine.store.tables import register, register_entry


@dataclass(frozen=True, slots=True)
class RegisterRecord:
    """One register: its columns (files of its form as one JSON text), and a count of every change of its rows."""

    id: str
    schema: str
    sha256: str
    revision: int
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One row, for as long as it is in force. Its id stays when it is corrected; what succeeds it is another."""

    id: str
    register_id: str
    key: str
    since: date
    until: date | None  # the last day
    content: str  # RFC 8785 JSON of its values
    sha256: str
    version: int  # counts corrections
    illustration: bool
    changed_at: datetime
    changed_by: str


COLUMNS = tuple(register.c[name] for name in RegisterRecord.__dataclass_fields__)
ENTRY = tuple(register_entry.c[name] for name in Entry.__dataclass_fields__)


def all_of(tx: Transaction) -> tuple[RegisterRecord, ...]:
    """Return every register."""
    return tuple(RegisterRecord(*row) for row in tx.connection.execute(select(*COLUMNS).order_by(register.c.id)))


def by_id(tx: Transaction, register_id: str) -> RegisterRecord | None:
    """Return one register."""
    row = tx.connection.execute(select(*COLUMNS).where(register.c.id == register_id)).first()
    return None if row is None else RegisterRecord(*row)


def define(tx: Transaction, new: RegisterRecord, known: bool) -> None:
    """Write a register's row, anew or in place of what it was."""
    values = {column.name: getattr(new, column.name) for column in COLUMNS}
    tx.connection.execute(
        update(register).where(register.c.id == new.id).values(values) if known else insert(register).values(values)
    )


def touch(tx: Transaction, register_id: str, by: str, now: datetime) -> None:
    """Count a change of the register's rows."""
    tx.connection.execute(
        update(register)
        .where(register.c.id == register_id)
        .values(revision=register.c.revision + 1, changed_at=now, changed_by=by)
    )


def counts(tx: Transaction, on: date) -> dict[str, int]:
    """Return how many rows of each register are in force on a day."""
    query = (
        select(register_entry.c.register_id, func.count()).where(_in_force(on)).group_by(register_entry.c.register_id)
    )
    return {row[0]: row[1] for row in tx.connection.execute(query)}


def in_force(tx: Transaction, register_id: str, on: date | None) -> tuple[Entry, ...]:
    """Return the rows in force on a day, in the order of their keys; without a day every row there ever was."""
    query = (
        select(*ENTRY)
        .where(register_entry.c.register_id == register_id)
        .order_by(register_entry.c.key, register_entry.c.since)
    )
    if on is not None:
        query = query.where(_in_force(on))
    return tuple(Entry(*row) for row in tx.connection.execute(query))


def entry(tx: Transaction, entry_id: str) -> Entry | None:
    """Return one row."""
    row = tx.connection.execute(select(*ENTRY).where(register_entry.c.id == entry_id)).first()
    return None if row is None else Entry(*row)


def of_keys(tx: Transaction, register_id: str, keys: Sequence[str]) -> dict[str, list[Entry]]:
    """Return every row of the keys, oldest first, by key."""
    found: dict[str, list[Entry]] = {key: [] for key in keys}
    query = (
        select(*ENTRY)
        .where(register_entry.c.register_id == register_id, register_entry.c.key.in_(keys))
        .order_by(register_entry.c.since)
    )
    for row in tx.connection.execute(query):
        found[row.key].append(Entry(*row))
    return found


def add(tx: Transaction, entries: Sequence[Entry]) -> None:
    """Write new rows."""
    if entries:
        rows = [{column.name: getattr(each, column.name) for column in ENTRY} for each in entries]
        tx.connection.execute(insert(register_entry), rows)


def change(tx: Transaction, entry_id: str, version: int, values: Mapping[str, Any]) -> bool:
    """Change a row that still stands at *version*; whether it did."""
    changed = tx.connection.execute(
        update(register_entry)
        .where(register_entry.c.id == entry_id, register_entry.c.version == version)
        .values(**values, version=version + 1)
    )
    return changed.rowcount == 1


def _in_force(on: date) -> Any:
    return and_(register_entry.c.since <= on, or_(register_entry.c.until.is_(None), register_entry.c.until >= on))
