"""Messages and signals on their way between instances, and who waits for them."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import and_, delete, insert, or_, select, update

from engine.model.errors import Conflict
from engine.model.process import MessageKind, Subscription
from engine.model.work import MessageRecord
from engine.store.queries import Transaction
from engine.store.queries.instances import MOVING
from engine.store.tables import instance, message, message_key, subscription


def by_id(tx: Transaction, message_id: str) -> MessageRecord | None:
    """Return the message with that id."""
    row = tx.connection.execute(select(message).where(message.c.id == message_id)).one_or_none()
    return None if row is None else _record(row._mapping)


def undelivered(tx: Transaction, limit: int) -> tuple[MessageRecord, ...]:
    """Return messages that nobody received yet or could receive, newest first."""
    query = select(message).where(message.c.status.in_(("waiting", "failed"))).order_by(message.c.sent_at.desc())
    return tuple(_record(row._mapping) for row in tx.connection.execute(query.limit(limit)))


def send(tx: Transaction, records: Sequence[MessageRecord], correlations: Sequence[str]) -> None:
    """Put messages on their way, each found under *correlations*."""
    if not records:
        return
    tx.connection.execute(insert(message), [_row(record) for record in records])
    keys = [{"message_id": record.id, "correlation": key} for record in records for key in dict.fromkeys(correlations)]
    tx.connection.execute(insert(message_key), keys)


def listeners(tx: Transaction, name: str, *, but: str | None) -> tuple[str, ...]:
    """Return ids of the instances, other than *but*, that wait for the signal *name*; suspended ones hear it too."""
    query = select(subscription.c.instance_id).where(
        subscription.c.kind == MessageKind.SIGNAL.value, subscription.c.name == name
    )
    return tuple(sorted(set(tx.connection.scalars(query)) - {but}))


def deliverable(tx: Transaction, limit: int = 200) -> tuple[tuple[str, str], ...]:
    """Return (message, instance that waits for it), oldest message and longest waiting instance first.

    No instance stands there twice: receiving one message may end its waiting for the other.
    """
    query = (
        select(message.c.id, subscription.c.instance_id)
        .join(message_key, message_key.c.message_id == message.c.id)
        .join(
            subscription,
            and_(
                subscription.c.kind == message.c.kind,
                subscription.c.name == message.c.name,
                subscription.c.correlation == message_key.c.correlation,
            ),
        )
        .join(instance, instance.c.id == subscription.c.instance_id)
        .where(
            message.c.status == "waiting",
            instance.c.status.in_(MOVING),
            or_(message.c.to_instance.is_(None), message.c.to_instance == subscription.c.instance_id),
            or_(message.c.from_instance.is_(None), message.c.from_instance != subscription.c.instance_id),
        )
        .order_by(message.c.sent_at, message.c.id, subscription.c.since)
        .limit(limit)
    )
    found: dict[str, str] = {}
    taken: set[str] = set()
    for message_id, instance_id in tx.connection.execute(query):
        if message_id not in found and instance_id not in taken:
            found[message_id] = instance_id
            taken.add(instance_id)
    return tuple(found.items())


def delivered(tx: Transaction, message_id: str, instance_id: str, now: datetime) -> None:
    """Note who received a message; Conflict("stale") if somebody else did in the meantime."""
    done = tx.connection.execute(
        update(message)
        .where(message.c.id == message_id, message.c.status == "waiting")
        .values(status="delivered", delivered_to=instance_id, delivered_at=now)
    )
    if done.rowcount != 1:
        raise Conflict("stale")


def give_up(tx: Transaction, message_id: str, note: str) -> None:
    """Note why a message cannot be received."""
    tx.connection.execute(
        update(message)
        .where(message.c.id == message_id, message.c.status == "waiting")
        .values(status="failed", note=note)
    )


def expire(tx: Transaction, kind: MessageKind, sent_before: datetime) -> int:
    """Give up messages of a kind that nobody waited for; how many."""
    done = tx.connection.execute(
        update(message)
        .where(message.c.status == "waiting", message.c.kind == kind.value, message.c.sent_at < sent_before)
        .values(status="expired")
    )
    return done.rowcount


def forget(tx: Transaction, over_before: datetime) -> None:
    """Delete messages that are long over: the histories of those who sent and received them say what they carried."""
    over = select(message.c.id).where(message.c.status != "waiting", message.c.sent_at < over_before)
    tx.connection.execute(delete(message_key).where(message_key.c.message_id.in_(over)))
    tx.connection.execute(delete(message).where(message.c.status != "waiting", message.c.sent_at < over_before))


def subscribe(tx: Transaction, instance_id: str, waiting: Collection[Subscription], now: datetime) -> None:
    """Note what an instance waits for from now on."""
    if waiting:
        tx.connection.execute(
            insert(subscription),
            [{**asdict(each), "kind": each.kind.value, "instance_id": instance_id, "since": now} for each in waiting],
        )


def unsubscribe(tx: Transaction, instance_id: str, gone: Collection[Subscription] | None = None) -> None:
    """Note what an instance does not wait for any more; nothing at all, if *gone* is None."""
    conditions = [
        and_(
            subscription.c.task_id == each.task_id,
            subscription.c.kind == each.kind.value,
            subscription.c.name == each.name,
            subscription.c.correlation == each.correlation,
        )
        for each in gone or ()
    ]
    if gone is None or conditions:
        query = delete(subscription).where(subscription.c.instance_id == instance_id)
        tx.connection.execute(query.where(or_(*conditions)) if conditions else query)


def waited_for(tx: Transaction, instance_id: str) -> tuple[Subscription, ...]:
    """Return what an instance waits for."""
    query = select(subscription).where(subscription.c.instance_id == instance_id)
    return tuple(
        Subscription(row.task_id, row.element_id, MessageKind(row.kind), row.name, row.correlation)
        for row in tx.connection.execute(query.order_by(subscription.c.element_id, subscription.c.name))
    )


def _record(row: object) -> MessageRecord:
    facts = dict(row)  # type: ignore[call-overload]
    return MessageRecord(**facts | {"kind": MessageKind(facts["kind"]), "content": bytes(facts["content"])})


def _row(record: MessageRecord) -> dict[str, object]:
    facts = {name: getattr(record, name) for name in message.c.keys()}  # noqa: SIM118 - columns, not a mapping
    return facts | {"kind": record.kind.value}
