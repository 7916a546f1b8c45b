"""Reading history: timelines of one stream, and search over all of it."""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from engine.model.history import Action, HistoryLine
from engine.model.work import TaskRecord
from engine.store.queries import Transaction, one, some
from engine.store.tables import history

COLUMNS = tuple(history.c[name] for name in HistoryLine.__dataclass_fields__)
HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Filter:
    """What a timeline is narrowed to."""

    actor: str | None = None
    element_id: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def _line(row: Sequence[Any]) -> HistoryLine:
    return HistoryLine(*row)


def timeline(
    tx: Transaction, stream: str | None, narrowed: Filter, *, limit: int, offset: int = 0, newest_first: bool = False
) -> tuple[tuple[HistoryLine, ...], int]:
    """Return one page of a stream's lines (of all streams if None) and how many lines fit the filter."""
    wanted = {
        history.c.stream: stream,
        history.c.actor: narrowed.actor,
        history.c.element_id: narrowed.element_id,
        history.c.action: narrowed.action,
    }
    conditions = [column == value for column, value in wanted.items() if value]
    if narrowed.since:
        conditions.append(history.c.at >= narrowed.since)
    if narrowed.until:
        conditions.append(history.c.at < narrowed.until)
    order: tuple[Any, ...]
    if stream is None:
        order = (history.c.at.desc(), history.c.stream, history.c.seq.desc())
    else:
        order = (history.c.seq.desc() if newest_first else history.c.seq,)
    total = tx.connection.scalar(select(func.count()).select_from(history).where(*conditions)) or 0
    query = select(*COLUMNS).where(*conditions).order_by(*order).limit(limit).offset(offset)
    return tuple(_line(row) for row in tx.connection.execute(query)), total


def after(tx: Transaction, stream: str, seq: int, limit: int) -> tuple[tuple[HistoryLine, ...], bool]:
    """Return the lines of a stream behind number *seq*, oldest first, and whether more follow."""
    query = select(*COLUMNS).where(history.c.stream == stream, history.c.seq > seq).order_by(history.c.seq)
    return some(tx, query, _line, limit)


def actions_of(tx: Transaction, stream: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the actors, elements and actions that occur in a stream, for its filters."""
    rows = tx.connection.execute(
        select(history.c.actor, history.c.element_id, history.c.action).where(history.c.stream == stream).distinct()
    ).all()
    actors = sorted({row.actor for row in rows})
    elements = sorted({row.element_id for row in rows if row.element_id})
    actions = sorted({row.action for row in rows})
    return tuple(actors), tuple(elements), tuple(actions)


def passed(tx: Transaction, instance_id: str) -> tuple[str, ...]:
    """Return the change texts of an instance's lines, oldest first: they hold the elements and flows passed."""
    query = select(history.c.change).where(history.c.stream == f"instance:{instance_id}").order_by(history.c.seq)
    return tuple(tx.connection.scalars(query))


def hashes_named(tx: Transaction, hashes: Collection[str]) -> set[str]:
    """Return which of *hashes* some line of history names; every line is read, and few are kept in memory."""
    wanted, found = set(hashes), set[str]()
    for change in tx.connection.scalars(select(history.c.change), execution_options={"yield_per": 500}):
        found.update(wanted.intersection(HASH.findall(change)))
    return found


def last_values(tx: Transaction, instance_id: str, element_id: str) -> dict[str, Any]:
    """Return what the last completion of an element recorded of its form beside documents, as JSON."""
    query = (
        select(history.c.change)
        .where(
            history.c.stream == f"instance:{instance_id}",
            history.c.element_id == element_id,
            history.c.action == Action.TASK_COMPLETED.value,
        )
        .order_by(history.c.seq.desc())
    )
    change = tx.connection.scalar(query.limit(1))
    return json.loads(change).get("values", {}) if change else {}


def handed_over(tx: Transaction, task: TaskRecord) -> tuple[str, datetime, str] | None:
    """Return who gave a task to the person who holds it, when and why."""
    stream, handed = f"instance:{task.instance_id}", Action.TASK_DELEGATED.value
    query = select(*COLUMNS).where(history.c.stream == stream, history.c.action == handed, history.c.task_id == task.id)
    row = tx.connection.execute(query.order_by(history.c.seq.desc()).limit(1)).one_or_none()
    change = json.loads(row.change) if row is not None else {}
    return (row.actor, row.at, change["reason"]) if row and change["new"] == task.assignee else None


def line(tx: Transaction, stream: str, seq: int) -> HistoryLine | None:
    """Return one line."""
    return one(tx, select(*COLUMNS).where(history.c.stream == stream, history.c.seq == seq), _line)
