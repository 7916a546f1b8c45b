"""Drafts: what somebody typed into a form or drew in the studio, and has not handed in.

A person has at most one draft of a subject. Beside it stand those that were put aside, by beginning anew or by choosing
between two versions: they can be taken up again until the hourly tidy forgets them.

A draft is saved over the revision that was seen, or it is a conflict. It is none when the same tab saved last, for then
only the answer to its last save is missing; and none when both hold the same.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import ColumnElement, Select, and_, delete, exists, insert, select, update

from engine.model.errors import Conflict
from engine.model.work import Draft, DraftKind
from engine.store.files import TooLarge
from engine.store.queries import Transaction, one
from engine.store.tables import draft
from engine.store.unit_of_work import Work

COLUMNS = [column for column in draft.c if column.name != "instance_id"]
LARGEST = 8 * 1024 * 1024
MOST_ASIDE = 5  # of one subject
LIVE = draft.c.dropped_at.is_(None)


class Whose(NamedTuple):
    """What drafts are of, and whose they are."""

    kind: DraftKind
    subject: str
    person_id: str

    @property
    def rows(self) -> ColumnElement[bool]:
        """The condition for all of them."""
        its = draft.c.subject == self.subject, draft.c.person_id == self.person_id
        return and_(draft.c.kind == self.kind.value, *its)


def of(tx: Transaction, whose: Whose, *, locked: bool = False) -> Draft | None:
    """Return a person's draft of a subject; *locked* if it is about to change."""
    query = select(*COLUMNS).where(whose.rows, LIVE)
    return _first(tx, query.with_for_update() if locked else query)


def aside(tx: Transaction, whose: Whose) -> Draft | None:
    """Return what a person put aside last of a subject."""
    query = select(*COLUMNS).where(whose.rows, draft.c.dropped_at.is_not(None))
    return _first(tx, query.order_by(draft.c.dropped_at.desc(), draft.c.revision.desc()))


def of_person(tx: Transaction, kind: DraftKind, person_id: str) -> tuple[Draft, ...]:
    """Return a person's drafts of one kind, the newest first."""
    query = select(*COLUMNS).where(draft.c.kind == kind.value, draft.c.person_id == person_id, LIVE)
    return tuple(_record(row) for row in tx.connection.execute(query.order_by(draft.c.saved_at.desc())))


def subjects(tx: Transaction, kind: DraftKind, person_id: str) -> set[str]:
    """Return what a person has drafts of one kind of, also if they are put aside."""
    query = select(draft.c.subject).where(draft.c.kind == kind.value, draft.c.person_id == person_id)
    return set(tx.connection.execute(query.distinct()).scalars())


def save(
    work: Work,
    whose: Whose,
    content: Mapping[str, Any],
    *,
    revision: int | None = None,
    writer: str | None = None,
    over: bool = False,
    instance_id: str | None = None,
    base: str | None = None,
) -> Draft:
    """Save a draft over *revision* (None: whatever is there); Conflict("draft") with the other's time and revision.

    *over* puts aside what another tab saved since, instead.
    """
    there = of(work, whose, locked=True)
    if there is not None and there.content == content and there.base == base:
        return there
    foreign = there and revision not in (None, there.revision) and (writer is None or writer != there.writer)
    if there is not None and foreign and not over:
        raise Conflict("draft", at=there.saved_at, revision=there.revision)
    if there is None or foreign:
        drop(work, whose)
        newer = 1 + (there.revision if there else revision or 0)
        return _add(work, Draft(str(uuid4()), *whose, base, writer, newer, content, work.now), instance_id)
    saved = replace(there, revision=there.revision + 1, content=content, saved_at=work.now, writer=writer, base=base)
    values = {name: getattr(saved, name) for name in ("revision", "content", "saved_at", "writer", "base")}
    work.connection.execute(update(draft).where(draft.c.id == there.id).values(**_bounded(values)))
    return saved


def set_aside(
    work: Work, whose: Whose, content: Mapping[str, Any], *, instance_id: str | None = None, base: str | None = None
) -> Draft:
    """Keep a version that was not chosen beside the draft."""
    kept = _add(work, Draft(str(uuid4()), *whose, base, None, 1, content, work.now, work.now), instance_id)
    _forget_oldest(work, whose)
    return kept


def drop(work: Work, whose: Whose) -> None:
    """Put a person's draft aside."""
    work.connection.execute(update(draft).where(whose.rows, LIVE).values(dropped_at=work.now))
    _forget_oldest(work, whose)


def restore(work: Work, put_aside: Draft) -> Draft:
    """Take up again what its owner put aside; what they have now goes beside it."""
    whose = Whose(put_aside.kind, put_aside.subject, put_aside.person_id)
    there = of(work, whose, locked=True)
    work.connection.execute(update(draft).where(whose.rows, LIVE).values(dropped_at=work.now))
    newest = max(put_aside.revision, there.revision if there else 0) + 1
    values: dict[str, Any] = {"dropped_at": None, "revision": newest, "writer": None}
    work.connection.execute(update(draft).where(draft.c.id == put_aside.id).values(**values))
    _forget_oldest(work, whose)
    return replace(put_aside, **values)


def hand_over(work: Work, whose: Whose, receiver: str) -> Draft | None:
    """Give a draft to another person, whose own goes beside it; return what was given."""
    given = of(work, whose, locked=True)
    if given is not None:
        drop(work, whose._replace(person_id=receiver))
        work.connection.execute(update(draft).where(draft.c.id == given.id).values(person_id=receiver, writer=None))
    return given


def forget(tx: Transaction, whose: Whose) -> None:
    """Delete a person's drafts of a subject, also those put aside: what they hold was handed in."""
    tx.connection.execute(delete(draft).where(whose.rows))


def forget_dropped(tx: Transaction, before: datetime) -> None:
    """Delete what was put aside *before* that instant."""
    tx.connection.execute(delete(draft).where(draft.c.dropped_at < before))


def _forget_oldest(tx: Transaction, whose: Whose) -> None:
    """Keep the newest that were put aside: nobody fills the disk with the others."""
    aside = select(draft.c.id).where(whose.rows, draft.c.dropped_at.is_not(None))
    kept = aside.order_by(draft.c.dropped_at.desc(), draft.c.revision.desc()).limit(MOST_ASIDE).subquery()
    tx.connection.execute(delete(draft).where(draft.c.id.in_(aside), draft.c.id.not_in(select(kept.c.id))))


def is_there(task_id: ColumnElement[str | None], person_id: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that a person has drafts of a task, also if they are put aside."""
    return exists().where(
        draft.c.kind == DraftKind.TASK.value, draft.c.subject == task_id, draft.c.person_id == person_id
    )


def _first(tx: Transaction, query: Select[Any]) -> Draft | None:
    return one(tx, query.limit(1), _record)


def _record(row: Any) -> Draft:
    return Draft(**{**row._mapping, "kind": DraftKind(row.kind)})


def _add(tx: Transaction, made: Draft, instance_id: str | None) -> Draft:
    values = {column.name: getattr(made, column.name) for column in COLUMNS}
    tx.connection.execute(insert(draft), _bounded({**values, "kind": made.kind.value, "instance_id": instance_id}))
    return made


def _bounded(values: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(values["content"])) > LARGEST:
        raise TooLarge(LARGEST)
    return values
