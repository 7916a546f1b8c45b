"""Messages and signals between instances, and subscriptions to them."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import and_, delete, insert, or_, select, true, update

from engine.model.errors import Conflict
from engine.model.process import MessageKind, Subscription
from engine.model.work import MessageRecord
from engine.store.queries import Rows, Transaction, changed, jobs
from engine.store.queries.instances import MOVING
from engine.store.tables import instance, message, message_key, subscription

ROWS, SUBSCRIPTION = Rows(MessageRecord, message), Rows(Subscription, subscription)
WAITS = message.c.status == "waiting"


def by_id(tx: Transaction, message_id: str) -> MessageRecord | None:
    """Return the message with this id."""
    return ROWS.one(tx, ROWS.query.where(message.c.id == message_id))


def undelivered(tx: Transaction, limit: int) -> tuple[MessageRecord, ...]:
    """Return the messages that wait for a receiver or failed, newest first."""
    query = ROWS.query.where(message.c.status.in_(("waiting", "failed"))).order_by(message.c.sent_at.desc())
    return ROWS.every(tx, query.limit(limit))


def send(tx: Transaction, records: Sequence[MessageRecord], correlations: Sequence[str]) -> None:
    """Send messages, each with these *correlations*."""
    if not records:
        return
    tx.connection.execute(insert(message), [ROWS.written(record) for record in records])
    keys = [{"message_id": record.id, "correlation": key} for record in records for key in dict.fromkeys(correlations)]
    tx.connection.execute(insert(message_key), keys)
    jobs.due(tx, jobs.MESSAGE, (record.id for record in records))


def listeners(tx: Transaction, name: str, *, but: str | None) -> tuple[str, ...]:
    """Return the ids of all instances but one that wait for the signal *name*, including suspended ones."""
    its = (subscription.c.kind == MessageKind.SIGNAL.value, subscription.c.name == name)
    return tuple(sorted(set(tx.connection.scalars(select(subscription.c.instance_id).where(*its))) - {but}))


def deliverable(tx: Transaction, only: str | None = None, limit: int = 200) -> tuple[tuple[str, str], ...]:
    """Return (message, receiving instance), oldest message and longest waiting instance first; *only* of one message.

    No instance occurs twice, since one message may end its waiting for another.
    """
    its, of = message.c, subscription.c
    meets = and_(of.kind == its.kind, of.name == its.name, of.correlation == message_key.c.correlation)
    may = (
        or_(its.to_instance.is_(None), its.to_instance == of.instance_id),
        or_(its.from_instance.is_(None), its.from_instance != of.instance_id),
    )
    query = select(its.id, of.instance_id).join(message_key, message_key.c.message_id == its.id)
    query = query.join(subscription, meets).join(instance, instance.c.id == of.instance_id)
    query = query.where(WAITS, its.id == only if only else true(), instance.c.status.in_(MOVING), *may)
    query = query.order_by(its.sent_at, its.id, of.since).limit(limit)
    found: dict[str, str] = {}
    taken: set[str] = set()
    for message_id, instance_id in tx.connection.execute(query):
        if message_id not in found and instance_id not in taken:
            found[message_id] = instance_id
            taken.add(instance_id)
    return tuple(found.items())


def delivered(tx: Transaction, message_id: str, instance_id: str, now: datetime) -> None:
    """Mark a message as received by an instance; Conflict("stale") if another one did in the meantime."""
    values = {"status": "delivered", "delivered_to": instance_id, "delivered_at": now}
    if changed(tx, update(message).where(message.c.id == message_id, WAITS).values(values)) != 1:
        raise Conflict("stale")


def give_up(tx: Transaction, message_id: str, note: str) -> None:
    """Mark a message as failed, with the reason."""
    tx.connection.execute(update(message).where(message.c.id == message_id, WAITS).values(status="failed", note=note))


def expire(tx: Transaction, kind: MessageKind, sent_before: datetime) -> int:
    """Mark old messages of a kind without a receiver as expired; return their number."""
    unheard = (WAITS, message.c.kind == kind.value, message.c.sent_at < sent_before)
    return changed(tx, update(message).where(*unheard).values(status="expired"))


def forget(tx: Transaction, over_before: datetime) -> None:
    """Delete old messages; the histories of sender and receiver record them."""
    over = (~WAITS, message.c.sent_at < over_before)
    ids = select(message.c.id).where(*over)
    tx.connection.execute(delete(message_key).where(message_key.c.message_id.in_(ids)))
    tx.connection.execute(delete(message).where(*over))


def subscribe(tx: Transaction, instance_id: str, waiting: Collection[Subscription], now: datetime) -> None:
    """Add subscriptions of an instance."""
    if waiting:
        facts = {"instance_id": instance_id, "since": now}
        tx.connection.execute(insert(subscription), [SUBSCRIPTION.written(each) | facts for each in waiting])


def unsubscribe(tx: Transaction, instance_id: str, gone: Collection[Subscription] | None = None) -> None:
    """Delete subscriptions of an instance, all of them if *gone* is None."""
    conditions = [
        and_(*(subscription.c[name] == its[name] for name in ("task_id", "kind", "name", "correlation")))
        for its in map(SUBSCRIPTION.written, gone or ())
    ]
    if gone is None or conditions:
        query = delete(subscription).where(subscription.c.instance_id == instance_id)
        tx.connection.execute(query.where(or_(*conditions)) if conditions else query)


def waited_for(tx: Transaction, instance_id: str) -> tuple[Subscription, ...]:
    """Return the subscriptions of an instance."""
    query = SUBSCRIPTION.query.where(subscription.c.instance_id == instance_id)
    return SUBSCRIPTION.every(tx, query.order_by(subscription.c.element_id, subscription.c.name))
