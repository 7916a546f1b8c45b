"""Registers: reference tables of the office, with rows that are valid from one day to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, insert, or_, select, update

from engine.store.queries import Rows, Transaction
from engine.store.tables import register, register_entry


@dataclass(frozen=True, slots=True)
class RegisterRecord:
    """The row of a register."""

    id: str
    schema: str  # JSON of the files of its form, which defines the columns
    sha256: str
    revision: int  # counts changes of its rows
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a register. A correction keeps its id; a successor from a later day has another."""

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


REGISTER, ENTRY = Rows(RegisterRecord, register), Rows(Entry, register_entry)


def all_of(tx: Transaction) -> tuple[RegisterRecord, ...]:
    """Return all registers."""
    return REGISTER.every(tx, REGISTER.query.order_by(register.c.id))


def by_id(tx: Transaction, register_id: str) -> RegisterRecord | None:
    """Return the register with this id."""
    return REGISTER.one(tx, REGISTER.query.where(register.c.id == register_id))


def lock(tx: Transaction, register_id: str) -> None:
    """Lock a register before its rows are read for a change; on SQLite all writers wait anyway."""
    tx.connection.execute(select(register.c.id).where(register.c.id == register_id).with_for_update(key_share=True))


def define(tx: Transaction, new: RegisterRecord, known: bool) -> None:
    """Insert the row of a register, or update it if it is *known*."""
    statement = update(register).where(register.c.id == new.id) if known else insert(register)
    tx.connection.execute(statement.values(REGISTER.written(new)))


def touch(tx: Transaction, register_id: str, by: str, now: datetime) -> None:
    """Count a change of a register's rows."""
    counted = {"revision": register.c.revision + 1, "changed_at": now, "changed_by": by}
    tx.connection.execute(update(register).where(register.c.id == register_id).values(counted))


def counts(tx: Transaction, on: date) -> dict[str, int]:
    """Return the number of rows that are valid on a day, by register."""
    query = select(register_entry.c.register_id, func.count()).where(_in_force(on))
    return dict(tx.connection.execute(query.group_by(register_entry.c.register_id)).all())


def in_force(tx: Transaction, register_id: str, on: date | None) -> tuple[Entry, ...]:
    """Return the rows that are valid on a day, ordered by key; all rows if *on* is None."""
    its = [register_entry.c.register_id == register_id, *([] if on is None else [_in_force(on)])]
    return ENTRY.every(tx, ENTRY.query.where(*its).order_by(register_entry.c.key, register_entry.c.since))


def entry(tx: Transaction, entry_id: str) -> Entry | None:
    """Return the row with this id."""
    return ENTRY.one(tx, ENTRY.query.where(register_entry.c.id == entry_id))


def of_keys(tx: Transaction, register_id: str, keys: Sequence[str]) -> dict[str, list[Entry]]:
    """Return all rows with these keys, oldest first, by key."""
    found: dict[str, list[Entry]] = {key: [] for key in keys}
    query = ENTRY.query.where(register_entry.c.register_id == register_id, register_entry.c.key.in_(keys))
    for each in ENTRY.every(tx, query.order_by(register_entry.c.since)):
        found[each.key].append(each)
    return found


def add(tx: Transaction, entries: Sequence[Entry]) -> None:
    """Write new rows."""
    if entries:
        tx.connection.execute(insert(register_entry), [ENTRY.written(each) for each in entries])


def change(tx: Transaction, entry_id: str, version: int, values: Mapping[str, Any]) -> None:
    """Change a row of a locked register; *version* is its present one."""
    tx.connection.execute(
        update(register_entry).where(register_entry.c.id == entry_id).values(**values, version=version + 1)
    )


def _in_force(on: date) -> Any:
    return and_(register_entry.c.since <= on, or_(register_entry.c.until.is_(None), register_entry.c.until >= on))
