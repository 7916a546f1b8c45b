"""Process instances: their rows, lists of them, and what one move of an instance writes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, exists, func, insert, literal, or_, select, union

from engine.model.history import GENESIS
from engine.model.people import Actor
from engine.model.process import DONE, OVER, DueTimer, InstanceStatus, OpenTask
from engine.model.work import DefinitionRecord, InstanceRecord, TaskStatus
from engine.store.driver_statements import Prepared
from engine.store.queries import Transaction, behind, one, some
from engine.store.tables import definition, instance, role_override, subscription, task, timer
from engine.store.unit_of_work import Work

AT_ONCE = 500
MOVING = (InstanceStatus.RUNNING.value, InstanceStatus.WAITING.value, InstanceStatus.INCIDENT.value)
ELSEWHERE = {"version": definition.c.version, "key": instance.c.instance_key.label("key")}
COLUMNS = tuple(
    ELSEWHERE[name] if name in ELSEWHERE else instance.c[name] for name in InstanceRecord.__dataclass_fields__
)
INSTANCES = select(*COLUMNS).join(definition, definition.c.id == instance.c.definition_id)
NEWEST_FIRST = (instance.c.started_at.desc(), instance.c.id)


def record(row: Sequence[Any]) -> InstanceRecord:
    """Return an instance's row as a value."""
    facts = {column.name: value for column, value in zip(COLUMNS, row, strict=False)}
    facts["status"] = InstanceStatus(facts["status"])
    return InstanceRecord(**facts)


def by_id(tx: Transaction, instance_id: str) -> InstanceRecord | None:
    """Return the instance with that id."""
    return one(tx, INSTANCES.where(instance.c.id == instance_id), record)


def state(tx: Transaction, instance_id: str) -> tuple[InstanceRecord, bytes] | None:
    """Return the instance and its state."""
    query = INSTANCES.add_columns(instance.c.state).where(instance.c.id == instance_id)
    return one(tx, query, lambda row: (record(row), bytes(row.state)))


def by_key(tx: Transaction, process_id: str, key: str) -> InstanceRecord | None:
    """Return the instance of *process_id* that holds *key* and was neither terminated nor corrected."""
    its = (instance.c.process_id == process_id, instance.c.instance_key == key, instance.c.corrected_by.is_(None))
    return one(tx, INSTANCES.where(*its, instance.c.status != InstanceStatus.TERMINATED), record)


def add(work: Work, id_: str, definition: DefinitionRecord, values: Mapping[str, Any], **facts: Any) -> None:
    """Write the row of an instance of *definition* that begins now, at revision 1; *facts* are its other columns."""
    of = {"id": id_, "definition_id": definition.id, "process_id": definition.process_id, "values": dict(values)}
    begins = {"status": InstanceStatus.RUNNING.value, "revision": 1, "state": b"", "changed_at": work.now}
    by = {"started_at": work.now, "started_by": work.actor.person_id, "history_seq": 0, "history_hash": GENESIS}
    work.connection.execute(insert(instance), {**of, **begins, **by, **facts})


@dataclass(frozen=True, slots=True)
class InstanceFilter:
    """What a list of instances is narrowed to."""

    status: str | None = None
    process_id: str | None = None
    text: str | None = None
    overdue_at: datetime | None = None
    key: str | None = None
    after: tuple[datetime, str] | None = None  # when the last one seen was started, and its id
    longest_due: bool = False  # those first whose open task was due first


def page(
    tx: Transaction, actor: Actor, narrowed: InstanceFilter, *, limit: int, offset: int
) -> tuple[tuple[InstanceRecord, ...], bool]:
    """Return one page of the instances *actor* may see, newest first, and whether more follow."""
    due = select(func.min(task.c.due_at)).where(task.c.instance_id == instance.c.id, task.c.status == TaskStatus.READY)
    query = INSTANCES.order_by(*([due.scalar_subquery()] if narrowed.longest_due else []), *NEWEST_FIRST)
    if not actor.reads_everything:
        query = query.where(takes_part(actor))
    if narrowed.status:
        query = query.where(instance.c.status == narrowed.status)
    if narrowed.process_id:
        query = query.where(instance.c.process_id == narrowed.process_id)
    if narrowed.text:
        query = query.where(instance.c.title.icontains(narrowed.text, autoescape=True))
    if narrowed.key:
        query = query.where(instance.c.instance_key == narrowed.key)
    if narrowed.after is not None:
        query = query.where(behind(narrowed.after, instance.c.started_at, instance.c.id))
    if narrowed.overdue_at is not None:
        query = query.where(
            exists().where(
                task.c.instance_id == instance.c.id,
                task.c.status == TaskStatus.READY.value,
                task.c.due_at < narrowed.overdue_at,
            )
        )
    return some(tx, query, record, limit, offset)


NEWER = instance.alias("newer")
CORRECTED = exists().where(NEWER.c.id == instance.c.corrected_by, NEWER.c.status.in_(DONE))


def completed(tx: Transaction, process_id: str, at: datetime, limit: int) -> tuple[InstanceRecord, ...]:
    """Return the instances of a process that were completed by then, those started last first; not the corrected."""
    by_then = [instance.c.process_id == process_id, instance.c.status.in_(DONE), instance.c.ended_at <= at]
    by_then.append(~CORRECTED.where(NEWER.c.ended_at <= at))
    query = INSTANCES.where(*by_then).order_by(*NEWEST_FIRST).limit(limit)
    return tuple(record(row) for row in tx.connection.execute(query))


def of_process(
    tx: Transaction, process_id: str, since: datetime | None = None, until: datetime | None = None, over: bool = False
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield id and start values of a process's instances, or of those terminated (*over*); those started last first.

    What is corrected counts until its correction is completed, which counts from then on: nothing counts twice.
    Those only that were started from *since* on and before *until*; as many at once as memory is to hold.
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
    found = {row.id: record(row) for row in tx.connection.execute(INSTANCES.where(instance.c.id.in_(ids)))}
    return tuple(found[id_] for id_ in ids if id_ in found)


def takes_part(actor: Actor) -> ColumnElement[bool]:
    """Return the condition under which *actor*, at work today, started an instance, or a task is or was theirs."""
    return literal(bool(actor.roles)) & or_(
        instance.c.started_by == actor.person_id,
        exists().where(
            task.c.instance_id == instance.c.id,
            or_(
                task.c.role.in_(sorted(actor.roles)),
                task.c.performer == actor.person_id,
                task.c.assignee == actor.person_id,
                task.c.completed_by == actor.person_id,
            ),
        ),
    )


def may_see(tx: Transaction, actor: Actor, instance_id: str) -> bool:
    """Whether *actor* may open the instance's page."""
    if actor.reads_everything:
        return True
    query = select(instance.c.id).where(instance.c.id == instance_id, takes_part(actor))
    return tx.connection.execute(query).first() is not None


def seen(tx: Transaction, actor: Actor, instance_id: str) -> InstanceRecord | None:
    """Return the instance with that id if *actor* may see it."""
    return by_id(tx, instance_id) if may_see(tx, actor, instance_id) else None


def running_by_version(tx: Transaction, process_id: str) -> dict[str, int]:
    """Return how many instances of each version still run, by definition id."""
    query = (
        select(instance.c.definition_id, func.count())
        .where(instance.c.process_id == process_id, instance.c.status.not_in(OVER))
        .group_by(instance.c.definition_id)
    )
    return dict(tx.connection.execute(query).all())


RETURNED = ("returned_by", "returned_reason", "returned_at")
OPENED = [
    *(task.c[name] for name in ("instance_id", "status", "created_at", "standard_time", "due_at", "first_due_at")),
    *(task.c[name] for name in (*OpenTask.__dataclass_fields__, *RETURNED)),
]
GIVEN = {column.name: bindparam(column.name, type_=column.type) for column in OPENED}
# ganti pelaksana may have given an element to another role since: held against where the row is written, so that no
# task slips in between.
ANOTHERS = exists().where(
    role_override.c.process_id == bindparam("its_process"),
    role_override.c.element_id == GIVEN["element_id"],
    role_override.c.role != GIVEN["role"],
)
OPEN_TASK = Prepared(insert(task).from_select(OPENED, select(*GIVEN.values()).where(~ANOTHERS)))


def overrides(tx: Transaction, process_id: str) -> dict[str, str]:
    """Return the roles to which elements of a procedure were given (*ganti pelaksana*)."""
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
    """Return the row of each newly opened task; *facts* holds due_at and the like by task id.

    The deadline of an element's first pass stays with every later pass of it, for statistics. An element opens in the
    role that *roles* gives it, else in its lane's.
    """
    first_due: dict[tuple[str, str | None], datetime | None] = {}
    if any(facts[each.id].get("again") for each in tasks):
        query = (
            select(task.c.element_id, task.c.item, func.min(task.c.first_due_at))
            .where(task.c.instance_id == instance_id, task.c.element_id.in_({each.element_id for each in tasks}))
            .group_by(task.c.element_id, task.c.item)
        )
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
    """Write the rows of newly opened tasks; whether all are in the role that their element has now."""
    written = [{**row, "its_process": process_id} for row in rows]
    return not rows or OPEN_TASK.run(tx.connection, written) == len(rows)


def replace_timers(tx: Transaction, instance_id: str, timers: Sequence[DueTimer]) -> None:
    """Write the timers that wait now in place of those that waited before."""
    tx.connection.execute(delete(timer).where(timer.c.instance_id == instance_id))
    if timers:
        tx.connection.execute(
            insert(timer),
            [
                {"instance_id": instance_id, "task_id": t.task_id, "element_id": t.element_id, "due_at": t.due_at}
                for t in timers
            ],
        )


def due_timers(tx: Transaction, now: datetime, limit: int = 200) -> tuple[str, ...]:
    """Return ids of running instances with a timer that is due, the longest due first."""
    query = (
        select(timer.c.instance_id)
        .join(instance, instance.c.id == timer.c.instance_id)
        .where(timer.c.due_at <= now, instance.c.status.in_(MOVING))
        .group_by(timer.c.instance_id)
        .order_by(func.min(timer.c.due_at))
        .limit(limit)
    )
    return tuple(tx.connection.scalars(query))


def unmoved(tx: Transaction) -> tuple[str, ...]:
    """Return ids of waiting instances that no timer, message or signal will move."""
    query = select(instance.c.id).where(
        instance.c.status == InstanceStatus.WAITING.value,
        ~exists().where(timer.c.instance_id == instance.c.id),
        ~exists().where(subscription.c.instance_id == instance.c.id),
    )
    return tuple(tx.connection.scalars(query))


def waiting_timers(tx: Transaction, instance_id: str) -> tuple[DueTimer, ...]:
    """Return the timers that wait in an instance."""
    query = select(timer.c.task_id, timer.c.element_id, timer.c.due_at).where(timer.c.instance_id == instance_id)
    return tuple(DueTimer(*row) for row in tx.connection.execute(query.order_by(timer.c.due_at)))


def awaited(tx: Transaction, instance_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the elements at which instances wait for time, a message or a signal, by instance id."""
    found: dict[str, list[str]] = {id_: [] for id_ in instance_ids}
    asked = (
        select(each.c.instance_id, each.c.element_id).where(each.c.instance_id.in_(instance_ids))
        for each in (timer, subscription)
    )
    for id_, element_id in tx.connection.execute(union(*asked)) if found else ():
        found[id_].append(element_id)
    return found


def status_before(tx: Transaction, instance_id: str) -> str:
    """Return the status that a suspended instance goes back to."""
    before = tx.connection.scalar(select(instance.c.status_before).where(instance.c.id == instance_id))
    return before or InstanceStatus.RUNNING.value
