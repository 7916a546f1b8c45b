"""Reading history: timelines of one stream, and search over all of it."""

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
from engine.store.tables import history, person, personal_value, task

SEARCHED = 200_000
"""Lines, the newest that fit the rest of a filter, in which a text is sought: no index helps there."""
LINES = select(*history.c, personal_value.c.value.label("called")).outerjoin(
    personal_value, personal_value.c.commitment == history.c.name
)
"""In the order of HistoryLine's fields."""
HASH = re.compile(r"[0-9a-f]{64}")
PRINTED_HASH = re.compile(r"[0-9a-f]{4,64}")
READ = "*:read"
"""Stands for everything that was read."""
MOST_CODES = 40
"""Of a word that stands in more words than this, not all are sought in what a line changed."""


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """What a timeline is narrowed to."""

    actor: str | None = None
    element_id: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None  # anywhere in what a line says
    codes: frozenset[str] = frozenset()  # that pages show as words in which *text* stands
    about: str | None = None  # an instance, document or file, by id


def _line(row: Sequence[Any]) -> HistoryLine:
    return HistoryLine(*row)


def timeline(
    tx: Transaction, stream: str | None, narrowed: HistoryFilter, *, limit: int, offset: int = 0
) -> tuple[tuple[HistoryLine, ...], int]:
    """Return one page of a stream's lines (of all streams if None) and how many lines fit the filter."""
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
    """Whether a line is of what completing that element did: a document that it signed is filed where that was made."""
    done = history.alias()
    same = [done.c[name] == history.c[name] for name in ("stream", "at", "actor")]
    return exists().where(*same, done.c.action == Action.TASK_COMPLETED.value, done.c.element_id == element_id)


def _is_about(line: Any, id_: str) -> ColumnElement[bool]:
    return or_(line.instance_id == id_, line.change.contains(f'"{id_}"', autoescape=True))


def _says(line: Any, text: str, codes: Collection[str]) -> ColumnElement[bool]:
    """Return whether a line says *text*: in what it changed, of whom, where, by the name of who did it, or its hash.

    Hashes stand on pages in fours; a person as the name with the account in brackets.
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
"""Under format 1 a return was no line of its own."""


def returns(tx: Transaction, lines: Sequence[HistoryLine]) -> frozenset[tuple[str, int]]:
    """Return which of *lines* sent work back, by stream and number."""
    asked = [(line.stream, line.seq) for line in lines if line.action == Action.TASK_COMPLETED.value]
    these = tuple_(history.c.stream, history.c.seq).in_(asked)
    rows = tx.connection.execute(select(history.c.stream, history.c.seq).where(these, SENT_BACK)) if asked else ()
    own = {(line.stream, line.seq) for line in lines if line.action == Action.TASK_RETURNED}
    return frozenset(own.union((row.stream, row.seq) for row in rows))


def called(tx: Transaction, instance_id: str) -> dict[tuple[str, datetime], str]:
    """Return the names of who acted in an instance as they were then, by account and instant; format 1 says none."""
    query = LINES.where(history.c.stream == f"instance:{instance_id}", personal_value.c.value.is_not(None))
    return {(row.actor, row.at): row.called for row in tx.connection.execute(query)}


def name_then(actor: Any, at: Any) -> ScalarSelect[str]:
    """Return what who acted at an instant was called then, as a column."""
    those = LINES.with_only_columns(func.min(personal_value.c.value))
    return those.where(history.c.actor == actor, history.c.at == at).scalar_subquery()


def count(tx: Transaction) -> int:
    """Return how many lines there are."""
    return tx.connection.scalar(select(func.count()).select_from(history)) or 0


def after(tx: Transaction, stream: str, seq: int, limit: int) -> tuple[tuple[HistoryLine, ...], bool]:
    """Return the lines of a stream behind number *seq*, oldest first, and whether more follow."""
    query = LINES.where(history.c.stream == stream, history.c.seq > seq).order_by(history.c.seq)
    return some(tx, query, _line, limit)


def at(tx: Transaction, places: Collection[tuple[str, int]]) -> tuple[HistoryLine, ...]:
    """Return lines by stream and number."""
    query = LINES.where(tuple_(history.c.stream, history.c.seq).in_(places))
    return tuple(map(_line, tx.connection.execute(query)))


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


def said_by(tx: Transaction, actor: str, stream: str, since: datetime) -> set[tuple[str, str]]:
    """Return action and change of somebody's lines in a stream since then, found by who and when; it may be long."""
    query = select(history.c.stream, history.c.action, history.c.change)
    lines = tx.connection.execute(query.where(history.c.actor == actor, history.c.at > since))
    return {(line.action, line.change) for line in lines if line.stream == stream}


def newest(
    tx: Transaction, stream: str, limit: int, only: Collection[str] = (), but: Collection[str] = ()
) -> tuple[HistoryLine, ...]:
    """Return the newest lines of a stream: of *only* some actions, or of all *but* some."""
    which = history.c.action.in_(only) if only else history.c.action.not_in(but)
    query = LINES.where(history.c.stream == stream, which).order_by(history.c.seq.desc()).limit(limit)
    return tuple(map(_line, tx.connection.execute(query)))


def completions(tx: Transaction, instance_id: str) -> Iterator[HistoryLine]:
    """Yield the lines of an instance that complete a task, newest first."""
    done = (history.c.stream == f"instance:{instance_id}", history.c.action == Action.TASK_COMPLETED.value)
    yield from map(_line, tx.connection.execute(LINES.where(*done).order_by(history.c.seq.desc())))


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
    query = LINES.where(history.c.stream == stream, history.c.action == handed, history.c.task_id == task.id)
    row = tx.connection.execute(query.order_by(history.c.seq.desc()).limit(1)).one_or_none()
    change = json.loads(row.change) if row is not None else {}
    return (row.actor, row.at, change["reason"]) if row and change["new"] == task.assignee else None
