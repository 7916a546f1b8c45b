"""Lists of user tasks: inboxes, tasks of others, searches, counts."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    union,
    union_all,
)

from engine.model.lists import Page, Place
from engine.model.people import Actor
from engine.model.work import DraftKind, TaskRecord, TaskStatus
from engine.store.queries import Transaction, document_tasks
from engine.store.queries.instances import MOVING
from engine.store.queries.paging import beyond, ordered, page
from engine.store.queries.tasks import READY, ROWS, TASKS
from engine.store.tables import draft, instance, task

Value = TypeVar("Value")
CAP = 100
"""Counts stop here; pages show "100+"."""

LATELY = 200
RETURNED = document_tasks.EVERY.c.kind == "mend"
MOVES = instance.c.status.in_(MOVING)


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """A filter for lists of tasks."""

    instance_id: str | None = None
    process_id: str | None = None
    element_id: str | None = None
    text: str | None = None  # in the instance's title
    status: str | None = None
    role: str | None = None
    holders: Collection[str] | None = None
    since: date | None = None  # the first and last reference date of its instance
    until: date | None = None
    due_from: datetime | None = None
    due_before: datetime | None = None
    undated: bool = False
    returned: bool = False

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """The conditions for a task."""
        asked = {
            task.c.instance_id: self.instance_id,
            instance.c.process_id: self.process_id,
            task.c.element_id: self.element_id,
            task.c.status: self.status,
            task.c.role: self.role,
        }
        found: list[ColumnElement[bool]] = [column == wanted for column, wanted in asked.items() if wanted is not None]
        found += [instance.c.title.icontains(self.text, autoescape=True)] if self.text else []
        found += [instance.c.reference_date >= self.since] if self.since else []
        found += [instance.c.reference_date <= self.until] if self.until else []
        found += [task.c.due_at >= self.due_from] if self.due_from else []
        found += [task.c.due_at < self.due_before] if self.due_before else []
        found += [task.c.due_at.is_(None)] if self.undated else []
        found += [task.c.returned_by.is_not(None)] if self.returned else []
        if self.holders is not None:
            found.append(func.coalesce(task.c.performer, task.c.assignee).in_(sorted(self.holders)))
        return found


@dataclass(frozen=True, slots=True)
class TaskView:
    """The part of an inbox to show: "now" (or its parts "mine" and "free"), "waiting" for others, or "done"."""

    which: str = "now"
    narrowed: TaskFilter = TaskFilter()
    sort: str = "due"
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of tasks; equal ones are ordered by id."""

    key: ColumnElement[Any]
    falls: bool = False
    undated: bool = False  # the key may be NULL, which comes last


SORTS = {
    "due": Sort(task.c.due_at, undated=True),
    "new": Sort(task.c.created_at, falls=True),
    "old": Sort(task.c.created_at),
    "title": Sort(instance.c.title),
    "done": Sort(task.c.completed_at, falls=True),
}


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A task in an inbox, with the time of the person's draft, and whether they have it."""

    task: TaskRecord
    draft_saved_at: datetime | None
    mine: bool


# A list consists of several shelves: of an inbox tasks that name the person, tasks that they claimed, and the free
# tasks of each role. Each shelf has an index by due date, of which only the first rows are read. One condition with OR
# would make the database read and sort all open tasks. A shelf has a rank; those of a lower rank come first.

Shelves = Sequence[tuple[int, ColumnElement[bool]]]


def inbox(tx: Transaction, actor: Actor, view: TaskView, *, sole_roles: Collection[str], limit: int) -> Page[InboxRow]:
    """Return one page of a view; "now" begins with what the actor has.

    Tasks of *sole_roles*, which only the actor holds, count as theirs.
    """
    mine = (draft.c.kind == DraftKind.TASK.value, draft.c.person_id == actor.person_id, draft.c.dropped_at.is_(None))
    query = TASKS.add_columns(draft.c.saved_at).outerjoin(draft, and_(draft.c.subject == task.c.id, *mine))
    sort, conditions = view.sort, [MOVES, *view.narrowed.conditions]
    match view.which:
        case "done":
            shelves: Shelves = [(0, done_by(actor))]
            sort, conditions = "done" if sort == "due" else sort, conditions[1:]
        case "waiting":
            shelves = [(0, waiting(actor))]
        case _:
            shelves = _shelves(actor, view.which, sole_roles)
    theirs = view.which in ("done", "waiting")

    def read(row: Any) -> InboxRow:
        return InboxRow(ROWS.read(row), row.saved_at, mine=not theirs and row.place_0 == 0)

    return _listed(tx, query, read, shelves, conditions, SORTS[sort], view.place, limit)


def search(
    tx: Transaction,
    actor: Actor,
    which: str,
    narrowed: TaskFilter,
    *,
    after: tuple[datetime | None, str] | None,
    limit: int,
) -> tuple[tuple[TaskRecord, ...], bool]:
    """Return tasks after a due time (or time of completion) and id, in that order, and whether more follow."""
    place = Place((0, int(after[0] is None), *after)) if after is not None else None
    conditions = narrowed.conditions
    match which:
        case "completed" | "all":
            shelves: Shelves = [(0, done_by(actor) if which == "completed" else true())]
        case _:
            part = {"mine": "mine", "claimable": "free"}.get(which, "now")
            shelves = [(0, shelf) for _, shelf in _shelves(actor, part, ())]
            conditions.append(MOVES)
    sort = SORTS["done" if which == "completed" else "due"]
    found = _listed(tx, TASKS, ROWS.read, shelves, conditions, sort, place, limit)
    return found.rows, found.after is not None


def counts(tx: Transaction, actor: Actor, now: datetime) -> dict[str, int]:
    """Return the number of tasks in the tabs "now" and "waiting" and of those late or returned, up to CAP + 1."""
    shelves, papers = _shelves(actor, "now", ()), document_tasks.counted(actor)
    returned = _counted(shelves, task.c.returned_by.is_not(None)) + document_tasks.counted(actor, RETURNED)
    columns = {
        "now": _counted(shelves) + papers,
        "waiting": _counted([(0, waiting(actor))]) + document_tasks.counted_for_others(actor),
        "late": _counted(shelves, task.c.due_at < now),
        "returned": returned,
    }
    row = tx.connection.execute(select(*(column.label(name) for name, column in columns.items()))).one()
    return {tab: min(count, CAP + 1) for tab, count in row._mapping.items()}


def count_open(tx: Transaction, actor: Actor) -> int:
    """Return the number of tasks that *actor* has or can claim, including document tasks, up to CAP + 1."""
    shelves = _shelves(actor, "now", ())
    return min(tx.connection.scalar(select(_counted(shelves) + document_tasks.counted(actor))) or 0, CAP + 1)


def done_by(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that *actor* completed a task."""
    return and_(task.c.completed_by == actor.person_id, task.c.status == TaskStatus.COMPLETED.value)


def waiting(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that others have, or may claim, an open task that *actor* waits for.

    That is one of an instance that they recently took part in: with one of the last LATELY completed tasks or started
    instances.
    """
    acted = select(task.c.instance_id).where(done_by(actor)).order_by(task.c.completed_at.desc()).limit(LATELY)
    began = select(instance.c.id).where(instance.c.started_by == actor.person_id)
    began = began.order_by(instance.c.started_at.desc()).limit(LATELY)
    took_part = union(select(acted.subquery().c.instance_id), select(began.subquery().c.id))
    holder = func.coalesce(task.c.performer, task.c.assignee)
    theirs = holder.not_in(sorted({actor.person_id, *actor.stands_in_for}))
    others = or_(theirs, and_(holder.is_(None), task.c.role.not_in(sorted(actor.roles))))
    return and_(READY, task.c.instance_id.in_(took_part), others)


def late(tx: Transaction, actor: Actor, now: datetime, limit: int) -> Page[TaskRecord]:
    """Return late tasks of others, longest late first: all tasks if *actor* sees all, else those waited for."""
    shelf = READY if actor.reads_everything else waiting(actor)
    ids = select(task.c.id).where(shelf, task.c.due_at < now).order_by(task.c.due_at).limit(LATELY)
    query = TASKS.where(task.c.id.in_(select(ids.subquery().c.id)), MOVES)  # few are suspended
    return page(tx, query, [(task.c.due_at, False), (task.c.id, False)], ROWS.read, None, limit)


def _shelves(actor: Actor, which: str, sole_roles: Collection[str]) -> list[tuple[int, ColumnElement[bool]]]:
    """Return the shelves of "now", "mine" or "free"; they are disjoint."""
    unnamed = task.c.performer.is_(None)
    found: list[tuple[int, ColumnElement[bool]]] = []
    for role in sorted(actor.roles):
        free = and_(READY, unnamed, task.c.assignee.is_(None), task.c.role == role)
        found.append((0 if role in sole_roles else 1, free))
    own = [task.c.performer == actor.person_id, and_(unnamed, task.c.assignee == actor.person_id)]
    for away in sorted(actor.stands_in_for):
        theirs = (task.c.performer == away, and_(unnamed, task.c.assignee == away))
        own += [and_(each, task.c.role.in_(sorted(actor.roles))) for each in theirs]
    found = [*((0, and_(READY, each)) for each in own), *found]
    return [(rank, shelf) for rank, shelf in found if which == "now" or rank == (which == "free")]


def _listed(
    tx: Transaction,
    query: Select[Any],
    read: Callable[[Any], Value],
    shelves: Shelves,
    conditions: Sequence[ColumnElement[bool]],
    sort: Sort,
    place: Place | None,
    limit: int,
) -> Page[Value]:
    """Return one page of the tasks on *shelves*."""
    parts = _first_of(shelves, conditions, sort, place, limit + 1)
    if not parts:
        return Page()
    found = _together(parts, 4).subquery()
    rank, undated, key, id_ = found.c
    query = query.join(found, id_ == task.c.id)
    order = ((rank, False), (undated, False), (key, sort.falls), (id_, False))
    return page(tx, query, order, read, place, limit, narrow=False)


def _first_of(
    shelves: Shelves, conditions: Sequence[ColumnElement[bool]], sort: Sort, place: Place | None, most: int
) -> list[Select[Any]]:
    """Return queries for the first *most* tasks at *place* of each shelf, and of as many without a key."""
    parts = []
    for rank, shelf in shelves:
        for undated in (0, 1) if sort.undated else (0,):
            order: list[tuple[ColumnElement[Any], bool]] = [(task.c.id, False)]
            order = order if undated else [(sort.key, sort.falls), *order]
            its: list[ColumnElement[bool]] = (
                [sort.key.is_not(None) if undated == 0 else sort.key.is_(None)] if sort.undated else []
            )
            if place is not None:
                here, there = (rank, undated), place.at[:2]
                if here != there and (here > there) is place.back:
                    continue
                its += [beyond(order, Place(place.at[-len(order) :], place.back))] if here == there else []
            part = _ids(shelf, *its, *conditions).with_only_columns(
                literal_column(str(rank)).label("rank"),
                literal_column(str(undated)).label("undated"),
                sort.key.label("key"),
                task.c.id.label("id"),
            )
            parts.append(ordered(part, order, place).limit(most))
    return parts


def _ids(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Return a query for the ids of tasks."""
    return select(task.c.id).join_from(task, instance, instance.c.id == task.c.instance_id).where(*conditions)


def _together(parts: Sequence[Select[Any]], width: int) -> CompoundSelect[Any]:
    return union_all(*(select(*list(part.subquery().c)[:width]) for part in parts))


def _counted(shelves: Shelves, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """Return a subquery for the number of tasks in running instances on *shelves*, on each up to CAP + 1."""
    if not shelves:
        return literal(0)
    found = _together([_ids(shelf, MOVES, *conditions).limit(CAP + 1) for _, shelf in shelves], 1)
    return select(func.count()).select_from(found.subquery()).scalar_subquery()
