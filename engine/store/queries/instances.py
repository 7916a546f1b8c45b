"""Process instances: rows, lists, and the writes of a move."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, exists, func, insert, literal, or_, select, union

from engine.model.history import GENESIS
from engine.model.lists import Page, Place
from engine.model.people import Actor
from engine.model.process import DONE, OVER, DueTimer, InstanceStatus, OpenTask
from engine.model.work import DefinitionRecord, InstanceRecord, TaskStatus
from engine.store.driver_statements import Prepared
from engine.store.queries import Rows, Transaction, one, paging
from engine.store.queries.paging import Order
from engine.store.tables import definition, instance, role_override, subscription, task, timer
from engine.store.unit_of_work import Work

AT_ONCE = 500
MOVING = (InstanceStatus.RUNNING.value, InstanceStatus.WAITING.value, InstanceStatus.INCIDENT.value)
ROWS = Rows(InstanceRecord, instance, version=definition.c.version, key=instance.c.instance_key.label("key"))
INSTANCES = ROWS.query.join(definition, definition.c.id == instance.c.definition_id)
TIMER = Rows(DueTimer, timer)
NEWEST_FIRST = (instance.c.started_at.desc(), instance.c.id)


def by_id(tx: Transaction, instance_id: str) -> InstanceRecord | None:
    """Return the instance with this id."""
    return ROWS.one(tx, INSTANCES.where(instance.c.id == instance_id))


def state(tx: Transaction, instance_id: str) -> tuple[InstanceRecord, bytes] | None:
    """Return the instance and its state."""
    query = INSTANCES.add_columns(instance.c.state).where(instance.c.id == instance_id)
    return one(tx, query, lambda row: (ROWS.read(row), bytes(row.state)))


def before(tx: Transaction, instance_id: str) -> bytes | None:
    """Return the state of an instance before its last completion; None if something else moved it since."""
    found = tx.connection.scalar(select(instance.c.state_before).where(instance.c.id == instance_id))
    return None if found is None else bytes(found)


def by_key(tx: Transaction, process_id: str, key: str) -> InstanceRecord | None:
    """Return the instance of *process_id* with *key* that was neither terminated nor corrected."""
    its = (instance.c.process_id == process_id, instance.c.instance_key == key, instance.c.corrected_by.is_(None))
    return ROWS.one(tx, INSTANCES.where(*its, instance.c.status != InstanceStatus.TERMINATED))


def add(work: Work, id_: str, definition: DefinitionRecord, values: Mapping[str, Any], **facts: Any) -> None:
    """Write the row of a new instance of *definition*, at revision 1; *facts* are its other columns."""
    of = {"id": id_, "definition_id": definition.id, "process_id": definition.process_id, "values": dict(values)}
    begins = {"status": InstanceStatus.RUNNING.value, "revision": 1, "state": b"", "changed_at": work.now}
    by = {"started_at": work.now, "started_by": work.actor.person_id, "history_seq": 0, "history_hash": GENESIS}
    work.connection.execute(insert(instance), {**of, **begins, **by, **facts})


@dataclass(frozen=True, slots=True)
class InstanceFilter:
    """A filter for lists of instances, and their order: "new", "old", "title", or "due" for late ones."""

    status: str | None = None
    process_id: str | None = None
    text: str | None = None
    overdue_at: datetime | None = None
    key: str | None = None
    sort: str = "new"
    since: date | None = None  # the first and last reference date
    until: date | None = None
    started_by: str | None = None
    running: bool = False


BY_ID = (instance.c.id, False)
SORTS: dict[str, Order] = {
    "new": [(instance.c.started_at, True), BY_ID],
    "old": [(instance.c.started_at, False), BY_ID],
    "title": [(instance.c.title, False), BY_ID],
}


def page(
    tx: Transaction, actor: Actor, narrowed: InstanceFilter, *, place: Place | None = None, limit: int
) -> Page[InstanceRecord]:
    """Return one page of the instances that *actor* may see."""
    query = INSTANCES if actor.reads_everything else INSTANCES.where(takes_part(actor))
    if narrowed.status is not None:  # an archived instance was completed
        done = narrowed.status == InstanceStatus.COMPLETED
        query = query.where(instance.c.status.in_(DONE if done else [narrowed.status]))
    asked = {"process_id": narrowed.process_id, "instance_key": narrowed.key, "started_by": narrowed.started_by}
    query = query.where(*(instance.c[name] == wanted for name, wanted in asked.items() if wanted))
    if narrowed.text:
        query = query.where(instance.c.title.icontains(narrowed.text, autoescape=True))
    order = SORTS.get(narrowed.sort, SORTS["new"])
    if narrowed.overdue_at is not None:
        late = (task.c.status == TaskStatus.READY.value, task.c.due_at < narrowed.overdue_at)
        since = select(task.c.instance_id, func.min(task.c.due_at).label("due_at")).where(*late)
        its = since.group_by(task.c.instance_id).subquery()  # read once, not for each instance
        query = query.join(its, its.c.instance_id == instance.c.id)
        order = [(its.c.due_at, False), BY_ID] if narrowed.sort == "due" else order
    if narrowed.since is not None:
        query = query.where(instance.c.reference_date >= narrowed.since)
    if narrowed.until is not None:
        query = query.where(instance.c.reference_date <= narrowed.until)
    if narrowed.running:
        query = query.where(instance.c.status.not_in(OVER))
    return paging.page(tx, query, order, ROWS.read, place, limit)


NEWER = instance.alias("newer")
CORRECTED = exists().where(NEWER.c.id == instance.c.corrected_by, NEWER.c.status.in_(DONE))


def completed(tx: Transaction, process_id: str, at: datetime, limit: int) -> tuple[InstanceRecord, ...]:
    """Return the instances of a process that were completed, and not corrected, at an instant; newest first."""
    by_then = [instance.c.process_id == process_id, instance.c.status.in_(DONE), instance.c.ended_at <= at]
    by_then.append(~CORRECTED.where(NEWER.c.ended_at <= at))
    return ROWS.every(tx, INSTANCES.where(*by_then).order_by(*NEWEST_FIRST).limit(limit))


def of_process(
    tx: Transaction, process_id: str, since: datetime | None = None, until: datetime | None = None, over: bool = False
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (id, start values) of a process's instances, or of terminated ones (*over*), newest first.

    They were started from *since* on and before *until*. A corrected instance counts until its correction is completed,
    which then counts instead. Rows are read in parts, to save memory.
    """
    ended, counts = instance.c.status == InstanceStatus.TERMINATED.value, instance.c.corrects.is_(None)
    its = [instance.c.process_id == process_id]
    its += [ended] if over else [~ended, ~CORRECTED, or_(counts, instance.c.status.in_(DONE))]
    its += [instance.c.started_at >= since] if since else []
    its += [instance.c.started_at < until] if until else []
    query = select(instance.c.id, instance.c["values"]).where(*its).order_by(*NEWEST_FIRST)
    with tx.connection.execute(query, execution_options={"yield_per": AT_ONCE}) as result:
        for part in result.partitions():
            yield from ((row.id, row[1]) for row in part)


def by_ids(tx: Transaction, ids: Sequence[str]) -> tuple[InstanceRecord, ...]:
    """Return the instances with these ids, in their order."""
    found = {record.id: record for record in ROWS.every(tx, INSTANCES.where(instance.c.id.in_(ids)))}
    return tuple(found[id_] for id_ in ids if id_ in found)


def takes_part(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that *actor*, if holding a role today, started the instance or has or had a task in it."""
    named = (task.c[name] == actor.person_id for name in ("performer", "assignee", "completed_by"))
    theirs = or_(task.c.role.in_(sorted(actor.roles)), *named)
    took_part = exists().where(task.c.instance_id == instance.c.id, theirs)
    return literal(bool(actor.roles)) & or_(instance.c.started_by == actor.person_id, took_part)


def may_see(tx: Transaction, actor: Actor, instance_id: str) -> bool:
    """Whether *actor* may see an instance."""
    if actor.reads_everything:
        return True
    query = select(instance.c.id).where(instance.c.id == instance_id, takes_part(actor))
    return tx.connection.execute(query).first() is not None


def seen(tx: Transaction, actor: Actor, instance_id: str) -> InstanceRecord | None:
    """Return the instance with this id if *actor* may see it."""
    return by_id(tx, instance_id) if may_see(tx, actor, instance_id) else None


def running_by_version(tx: Transaction, process_id: str) -> dict[str, int]:
    """Return the number of running instances by definition id."""
    query = select(instance.c.definition_id, func.count()).group_by(instance.c.definition_id)
    runs = (instance.c.process_id == process_id, instance.c.status.not_in(OVER))
    return dict(tx.connection.execute(query.where(*runs)).all())


RETURNED = ("returned_by", "returned_reason", "returned_at")
OPENED = [
    *(task.c[name] for name in ("instance_id", "status", "created_at", "standard_time", "due_at", "first_due_at")),
    *(task.c[name] for name in (*OpenTask.__dataclass_fields__, *RETURNED)),
]
GIVEN = {column.name: bindparam(column.name, type_=column.type) for column in OPENED}
# The insert checks that the role of the element was not changed (ganti pelaksana) since the move was computed.
ANOTHERS = exists().where(
    role_override.c.process_id == bindparam("its_process"),
    role_override.c.element_id == GIVEN["element_id"],
    role_override.c.role != GIVEN["role"],
)
OPEN_TASK = Prepared(insert(task).from_select(OPENED, select(*GIVEN.values()).where(~ANOTHERS)))


def overrides(tx: Transaction, process_id: str) -> dict[str, str]:
    """Return the roles of elements that were changed (*ganti pelaksana*)."""
    query = select(role_override.c.element_id, role_override.c.role).where(role_override.c.process_id == process_id)
    return dict(tx.connection.execute(query).all())


def opened(
    tx: Transaction,
    instance_id: str,
    tasks: Sequence[OpenTask],
    facts: Mapping[str, Mapping[str, Any]],
    roles: Mapping[str, str],
    now: datetime,
) -> list[dict[str, Any]]:
    """Return the rows of newly opened tasks; *facts* has due_at and the like by task id.

    Later passes of an element keep the deadline of its first pass, for statistics. *roles* overrides roles of elements.
    """
    first_due: dict[tuple[str, str | None], datetime | None] = {}
    if any(facts[each.id].get("again") for each in tasks):
        its = (task.c.instance_id == instance_id, task.c.element_id.in_({each.element_id for each in tasks}))
        query = select(task.c.element_id, task.c.item, func.min(task.c.first_due_at)).where(*its)
        query = query.group_by(task.c.element_id, task.c.item)
        first_due = {(element_id, item): due for element_id, item, due in tx.connection.execute(query)}
    rows = []
    for new in tasks:
        own, fact = asdict(new), facts[new.id]
        own |= {"instance_id": instance_id, "status": TaskStatus.READY.value, "created_at": now}
        own |= {name: fact.get(name) for name in ("standard_time", "due_at", *RETURNED)}
        own |= {"role": roles.get(new.element_id, new.role)}
        rows.append(own | {"first_due_at": first_due.get((new.element_id, new.item)) or fact["due_at"]})
    return rows


def open_tasks(tx: Transaction, process_id: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Write the rows of newly opened tasks; return False if the role of an element has changed since."""
    written = [{**row, "its_process": process_id} for row in rows]
    return not rows or OPEN_TASK.run(tx.connection, written) == len(rows)


def replace_timers(tx: Transaction, instance_id: str, timers: Sequence[DueTimer]) -> None:
    """Replace the timers of an instance."""
    tx.connection.execute(delete(timer).where(timer.c.instance_id == instance_id))
    if timers:
        tx.connection.execute(insert(timer), [TIMER.written(each) | {"instance_id": instance_id} for each in timers])


def due_timers(tx: Transaction, now: datetime, limit: int = 200) -> tuple[str, ...]:
    """Return the ids of running instances with a due timer, longest due first."""
    query = select(timer.c.instance_id).join(instance, instance.c.id == timer.c.instance_id)
    query = query.where(timer.c.due_at <= now, instance.c.status.in_(MOVING)).group_by(timer.c.instance_id)
    return tuple(tx.connection.scalars(query.order_by(func.min(timer.c.due_at)).limit(limit)))


def unmoved(tx: Transaction) -> tuple[str, ...]:
    """Return the ids of waiting instances without a timer or subscription."""
    query = select(instance.c.id).where(
        instance.c.status == InstanceStatus.WAITING.value,
        ~exists().where(timer.c.instance_id == instance.c.id),
        ~exists().where(subscription.c.instance_id == instance.c.id),
    )
    return tuple(tx.connection.scalars(query))


def waiting_timers(tx: Transaction, instance_id: str) -> tuple[DueTimer, ...]:
    """Return the timers of an instance, the next one first."""
    return TIMER.every(tx, TIMER.query.where(timer.c.instance_id == instance_id).order_by(timer.c.due_at))


def awaited(tx: Transaction, instance_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the elements where instances wait for time, messages or signals, by instance id."""
    found: dict[str, list[str]] = {id_: [] for id_ in instance_ids}
    asked = (
        select(each.c.instance_id, each.c.element_id).where(each.c.instance_id.in_(instance_ids))
        for each in (timer, subscription)
    )
    for id_, element_id in tx.connection.execute(union(*asked)) if found else ():
        found[id_].append(element_id)
    return found


def status_before(tx: Transaction, instance_id: str) -> str:
    """Return the status of a suspended instance before its suspension."""
    before = tx.connection.scalar(select(instance.c.status_before).where(instance.c.id == instance_id))
    return before or InstanceStatus.RUNNING.value
