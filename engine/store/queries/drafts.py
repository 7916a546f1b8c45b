"""Drafts: unsubmitted entries of a form, or an unsubmitted diagram from the studio.

A person has one draft of a subject at most. Others are put aside, by starting over or by choosing between two versions;
they can be restored until the hourly tidying deletes them.

Saving over a revision that the client has not seen is a conflict, unless the same browser tab saved last (it missed the
answer), or the contents are equal.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, delete, exists, insert, select, update

from engine.model.errors import Conflict
from engine.model.people import Actor
from engine.model.work import Draft, DraftKind
from engine.store.files import TooLarge
from engine.store.queries import Rows, Transaction
from engine.store.tables import draft
from engine.store.unit_of_work import Work

ROWS = Rows(Draft, draft)
LARGEST = 8 * 1024 * 1024
MOST_ASIDE = 5  # of one subject
LIVE = draft.c.dropped_at.is_(None)


class Whose(NamedTuple):
    """The subject and the owner of drafts."""

    kind: DraftKind
    subject: str
    person_id: str

    @property
    def rows(self) -> ColumnElement[bool]:
        """The condition for these drafts."""
        its = draft.c.subject == self.subject, draft.c.person_id == self.person_id
        return and_(draft.c.kind == self.kind.value, *its)


def of_task(actor: Actor, task_id: str) -> Whose:
    """Return the key of the actor's drafts of a task."""
    return Whose(DraftKind.TASK, task_id, actor.person_id)


def of(tx: Transaction, whose: Whose, *, locked: bool = False) -> Draft | None:
    """Return a person's draft of a subject; with *locked*, lock its row for a change."""
    query = ROWS.query.where(whose.rows, LIVE)
    return ROWS.one(tx, query.with_for_update() if locked else query)


def aside(tx: Transaction, whose: Whose) -> Draft | None:
    """Return the draft of a subject that was put aside last."""
    query = ROWS.query.where(whose.rows, draft.c.dropped_at.is_not(None))
    return ROWS.one(tx, query.order_by(draft.c.dropped_at.desc(), draft.c.revision.desc()).limit(1))


def of_person(tx: Transaction, kind: DraftKind, person_id: str) -> tuple[Draft, ...]:
    """Return a person's drafts of one kind, newest first."""
    query = ROWS.query.where(draft.c.kind == kind.value, draft.c.person_id == person_id, LIVE)
    return ROWS.every(tx, query.order_by(draft.c.saved_at.desc()))


def subjects(tx: Transaction, kind: DraftKind, person_id: str) -> set[str]:
    """Return the subjects of a person's drafts of one kind, including those put aside."""
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
    """Save a draft over *revision* (None: any); Conflict("draft") with time and revision of a newer one.

    With *over*, put the newer one aside instead.
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
    """Save a version that was not chosen, put aside."""
    kept = _add(work, Draft(str(uuid4()), *whose, base, None, 1, content, work.now, work.now), instance_id)
    _forget_oldest(work, whose)
    return kept


def drop(work: Work, whose: Whose) -> None:
    """Put a draft aside."""
    work.connection.execute(update(draft).where(whose.rows, LIVE).values(dropped_at=work.now))
    _forget_oldest(work, whose)


def restore(work: Work, put_aside: Draft) -> Draft:
    """Restore a draft that was put aside, and put the current one aside."""
    whose = Whose(put_aside.kind, put_aside.subject, put_aside.person_id)
    there = of(work, whose, locked=True)
    work.connection.execute(update(draft).where(whose.rows, LIVE).values(dropped_at=work.now))
    newest = max(put_aside.revision, there.revision if there else 0) + 1
    values: dict[str, Any] = {"dropped_at": None, "revision": newest, "writer": None}
    work.connection.execute(update(draft).where(draft.c.id == put_aside.id).values(**values))
    return replace(put_aside, **values)


def hand_over(work: Work, whose: Whose, receiver: str) -> Draft | None:
    """Give a draft to another person, whose own is put aside; return it, None if there is none."""
    given = of(work, whose, locked=True)
    if given is not None:
        drop(work, whose._replace(person_id=receiver))
        work.connection.execute(update(draft).where(draft.c.id == given.id).values(person_id=receiver, writer=None))
    return given


def forget(tx: Transaction, whose: Whose) -> None:
    """Delete a person's drafts of a subject, including those put aside, after submission."""
    tx.connection.execute(delete(draft).where(whose.rows))


def forget_dropped(tx: Transaction, before: datetime) -> None:
    """Delete drafts that were put aside *before* that instant."""
    tx.connection.execute(delete(draft).where(draft.c.dropped_at < before))


def _forget_oldest(tx: Transaction, whose: Whose) -> None:
    """Delete all but the newest drafts that were put aside."""
    aside = select(draft.c.id).where(whose.rows, draft.c.dropped_at.is_not(None))
    kept = aside.order_by(draft.c.dropped_at.desc(), draft.c.revision.desc()).limit(MOST_ASIDE).subquery()
    tx.connection.execute(delete(draft).where(draft.c.id.in_(aside), draft.c.id.not_in(select(kept.c.id))))


def is_there(task_id: ColumnElement[str | None], person_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that a person has drafts of a task, including those put aside."""
    return exists().where(
        draft.c.kind == DraftKind.TASK.value, draft.c.subject == task_id, draft.c.person_id == person_id
    )


def _add(tx: Transaction, made: Draft, instance_id: str | None) -> Draft:
    tx.connection.execute(insert(draft), _bounded({**ROWS.written(made), "instance_id": instance_id}))
    return made


def _bounded(values: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(values["content"])) > LARGEST:
        raise TooLarge(LARGEST)
    return values
