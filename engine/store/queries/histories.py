"""Queries on history lines: timelines of a stream, and search over all streams."""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, exists, func, or_, select, tuple_

from engine.model.history import Action, HistoryLine, canonical
from engine.model.work import TaskRecord
from engine.store.queries import Transaction, some
from engine.store.tables import COUNTED, DEEDS, NOTED, SIGN_INS, history, person, personal_value, task

__all__ = ["DEEDS", "SIGN_INS"]
SEARCHED = 200_000
"""Number of newest lines in which a text is searched, since no index helps; they match the rest of the filter."""
LINES = select(*history.c, personal_value.c.value.label("called")).outerjoin(
    personal_value, personal_value.c.commitment == history.c.name
)
"""Columns in the order of HistoryLine's fields."""
HASH = re.compile(r"[0-9a-f]{64}")
PRINTED_HASH = re.compile(r"[0-9a-f]{4,64}")
READ = "*:read"
"""Filter value for all actions of reading."""
MOST_CODES = 40
"""Most codes that are searched in the changes of lines."""


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """A filter for timelines."""

    actor: str | None = None
    element_id: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None  # anywhere in a line
    codes: frozenset[str] = frozenset()  # codes whose words on pages contain *text*
    about: str | None = None  # an instance, document or file, by id


def _line(row: Sequence[Any]) -> HistoryLine:
    return HistoryLine(*row)


def timeline(
    tx: Transaction, stream: str | None, narrowed: HistoryFilter, *, limit: int, offset: int = 0
) -> tuple[tuple[HistoryLine, ...], int]:
    """Return one page of a stream's lines (of all streams if None), and the number of lines that match the filter."""
    wanted = {history.c.stream: stream, history.c.actor: narrowed.actor}
    conditions = [column == value for column, value in wanted.items() if value]
    if narrowed.element_id:
        conditions.append(or_(history.c.element_id == narrowed.element_id, _done_with(narrowed.element_id)))
    if narrowed.action == READ:
        conditions.append(history.c.action.like(READ.replace("*", "%")))
    elif narrowed.action:
        sent_back = or_(history.c.action == narrowed.action, SENT_BACK)
        returned = narrowed.action == Action.TASK_RETURNED
        conditions.append(sent_back if returned else history.c.action == narrowed.action)
    if narrowed.since:
        conditions.append(history.c.at >= narrowed.since)
    if narrowed.until:
        conditions.append(history.c.at < narrowed.until)
    found = LINES.where(*conditions)
    if narrowed.text or narrowed.about:
        newest = found.order_by(history.c.at.desc()).limit(SEARCHED).subquery()
        found = select(newest)
        found = found.where(_says(newest.c, narrowed.text, narrowed.codes)) if narrowed.text else found
        found = found.where(_is_about(newest.c, narrowed.about)) if narrowed.about else found
    lines = found.subquery().c
    order: tuple[Any, ...] = (lines.seq,) if stream else (lines.at.desc(), lines.stream, lines.seq.desc())
    total = tx.connection.scalar(select(func.count()).select_from(found.subquery())) or 0
    query = select(*lines).order_by(*order).limit(limit).offset(offset)
    return tuple(_line(row) for row in tx.connection.execute(query)), total


def _done_with(element_id: str) -> ColumnElement[bool]:
    """Return the condition that a line belongs to the completion of an element, such as a signature by its form."""
    done = history.alias()
    same = [done.c[name] == history.c[name] for name in ("stream", "at", "actor")]
    return exists().where(*same, done.c.action == Action.TASK_COMPLETED.value, done.c.element_id == element_id)


def _is_about(line: Any, id_: str) -> ColumnElement[bool]:
    return or_(line.instance_id == id_, line.change.contains(f'"{id_}"', autoescape=True))


def _says(line: Any, text: str, codes: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that a line contains *text*: in its change, persons, elements or hashes.

    Pages show hashes in groups of four, and persons as "name (account)".
    """
    named = select(person.c.id).where(person.c.name.icontains(text.partition(" (")[0], autoescape=True))
    hashed = text.replace(" ", "").lower()
    hashes = (line.hash, line.previous_hash, line.change) if PRINTED_HASH.fullmatch(hashed) else ()
    said = (line.stream, line.actor, line.called, line.on_behalf_of, line.decree, line.element_id)
    written = canonical(text)[1:-1]  # as it stands in JSON
    return or_(
        line.change.icontains(written, autoescape=True),
        *(each.icontains(text, autoescape=True) for each in said),
        line.actor.in_(named),
        line.action.in_(codes),
        line.element_id.in_(codes),
        *(line.change.contains(f':"{code}"', autoescape=True) for code in sorted(codes)[:MOST_CODES]),
        *(each.contains(hashed) for each in hashes),
    )


SENT_BACK = and_(history.c.format == 1, history.c.action == Action.TASK_COMPLETED.value) & exists().where(
    task.c.instance_id == history.c.instance_id,
    task.c.returned_at == history.c.at,
    task.c.returned_by == history.c.actor,
)
"""Condition for returns under format 1, where they have no line of their own."""


def returns(tx: Transaction, lines: Sequence[HistoryLine]) -> frozenset[tuple[str, int]]:
    """Return those of *lines* that return work, as (stream, number)."""
    asked = [(line.stream, line.seq) for line in lines if line.action == Action.TASK_COMPLETED.value]
    these = tuple_(history.c.stream, history.c.seq).in_(asked)
    rows = tx.connection.execute(select(history.c.stream, history.c.seq).where(these, SENT_BACK)) if asked else ()
    own = {(line.stream, line.seq) for line in lines if line.action == Action.TASK_RETURNED}
    return frozenset(own.union((row.stream, row.seq) for row in rows))


def called(tx: Transaction, instance_id: str) -> dict[tuple[str, datetime], str]:
    """Return the names of actors in an instance at the time, by account and instant; format 1 has none."""
    query = LINES.where(history.c.stream == f"instance:{instance_id}", personal_value.c.value.is_not(None))
    return {(row.actor, row.at): row.called for row in tx.connection.execute(query)}


def name_then(actor: Any, at: Any) -> ScalarSelect[str]:
    """Return a subquery for the name of an actor at an instant."""
    those = LINES.with_only_columns(func.min(personal_value.c.value))
    return those.where(history.c.actor == actor, history.c.at == at).scalar_subquery()


def count(tx: Transaction) -> int:
    """Return the number of lines."""
    return tx.connection.scalar(select(func.count()).select_from(history)) or 0


def after(tx: Transaction, stream: str, seq: int, limit: int) -> tuple[tuple[HistoryLine, ...], bool]:
    """Return the lines of a stream after number *seq*, oldest first, and whether more follow."""
    query = LINES.where(history.c.stream == stream, history.c.seq > seq).order_by(history.c.seq)
    return some(tx, query, _line, limit)


def at(tx: Transaction, places: Collection[tuple[str, int]]) -> tuple[HistoryLine, ...]:
    """Return the lines at (stream, number) *places*."""
    query = LINES.where(tuple_(history.c.stream, history.c.seq).in_(places))
    return tuple(map(_line, tx.connection.execute(query)))


def actions_of(tx: Transaction, stream: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the actors, elements and actions that occur in a stream, for its filters."""
    query = select(history.c.actor, history.c.element_id, history.c.action).where(history.c.stream == stream)
    rows = tx.connection.execute(query.distinct()).all()
    actors, elements, actions = (tuple(sorted({row[n] for row in rows if row[n]})) for n in range(3))
    return actors, elements, actions


def passed(tx: Transaction, instance_id: str) -> tuple[str, ...]:
    """Return the changes of an instance's lines as JSON, oldest first; they name the elements and flows passed."""
    query = select(history.c.change).where(history.c.stream == f"instance:{instance_id}").order_by(history.c.seq)
    return tuple(tx.connection.scalars(query))


def hashes_named(tx: Transaction, hashes: Collection[str]) -> set[str]:
    """Return those of *hashes* that occur in some line of history; this reads all lines."""
    wanted, found = set(hashes), set[str]()
    for change in tx.connection.scalars(select(history.c.change), execution_options={"yield_per": 500}):
        found.update(wanted.intersection(HASH.findall(change)))
    return found


def noted(tx: Transaction, stream: str, action: str, change: str, since: datetime) -> bool:
    """Whether a stream has a line with this action, one of ``NOTED``, and change since an instant."""
    its = (history.c.stream == stream, history.c.action == action, history.c.change == change, history.c.at > since)
    return tx.connection.scalar(select(history.c.seq).where(NOTED, *its).limit(1)) is not None


def counted(tx: Transaction, actor: str, action: str, since: datetime, limit: int) -> Sequence[Any]:
    """Return (at, change) of a person's lines with this action, one of ``COUNTED``, since an instant, newest first."""
    its = (history.c.actor == actor, history.c.action == action, history.c.at > since)
    query = select(history.c.at, history.c.change).where(COUNTED, *its).order_by(history.c.at.desc())
    return tx.connection.execute(query.limit(limit)).all()


def newest(
    tx: Transaction, stream: str, limit: int, which: Any = None, only: Collection[str] = (), offset: int = 0
) -> tuple[HistoryLine, ...]:
    """Return the newest lines of a stream, with *only* some actions, or with the condition DEEDS or SIGN_INS."""
    query = LINES.where(history.c.stream == stream).order_by(history.c.seq.desc()).limit(limit).offset(offset)
    query = query.where(which) if which is not None else query
    query = query.where(history.c.action.in_(only)) if only else query
    return tuple(map(_line, tx.connection.execute(query)))


def since(tx: Transaction, its: TaskRecord) -> tuple[HistoryLine, ...]:
    """Return the lines of an instance after the one by which a task was completed, oldest first."""
    later = (history.c.stream == f"instance:{its.instance_id}", history.c.seq > (its.history_seq or 0))
    return tuple(map(_line, tx.connection.execute(LINES.where(*later).order_by(history.c.seq))))


def completions(tx: Transaction, instance_id: str) -> Iterator[HistoryLine]:
    """Yield the lines of an instance that complete a task, newest first, without those that were taken back."""
    done = (history.c.stream == f"instance:{instance_id}", history.c.action == Action.TASK_COMPLETED.value)
    stands = exists().where(task.c.id == history.c.task_id, task.c.history_seq == history.c.seq)
    yield from map(_line, tx.connection.execute(LINES.where(*done, stands).order_by(history.c.seq.desc())))


def last_values(tx: Transaction, instance_id: str, element_id: str) -> dict[str, Any]:
    """Return the form values, except documents, of the last completion of an element, as JSON."""
    done = (history.c.element_id == element_id, history.c.action == Action.TASK_COMPLETED.value)
    query = select(history.c.change).where(history.c.stream == f"instance:{instance_id}", *done)
    change = tx.connection.scalar(query.order_by(history.c.seq.desc()).limit(1))
    return json.loads(change).get("values", {}) if change else {}


def last_of_task(tx: Transaction, task: TaskRecord, action: Action) -> tuple[str, datetime, str, Any] | None:
    """Return (actor, instant, reason, new value) of a task's last line with *action*; None if there is none."""
    stream = f"instance:{task.instance_id}"
    query = LINES.where(history.c.stream == stream, history.c.action == action.value, history.c.task_id == task.id)
    row = tx.connection.execute(query.order_by(history.c.seq.desc()).limit(1)).one_or_none()
    change = json.loads(row.change) if row is not None else {}
    return (row.actor, row.at, change["reason"], change["new"]) if row else None
