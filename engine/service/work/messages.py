"""Messages and signals: find who waits for one, and deliver it exactly once.

A thrown message is a row of the transaction that threw it, and an awaited message a row of the transaction that made
an instance wait; a sweep joins both. Receiving is a move under the revision check that marks the message in the same
transaction, so a lost wake-up loses nothing and a doubled one delivers nothing twice. A message that nobody waits for
yet stays on its way; a signal that nobody hears is gone (BPMN 2.0.2, 10.5.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.bpmn import events
from engine.model.errors import FieldError, InvalidForm, there
from engine.model.history import Action, HistoryEvent
from engine.model.notices import Kind, Notification
from engine.model.people import SYSTEM, Actor, OfficeRole
from engine.model.process import Message, MessageKind
from engine.model.work import MessageRecord
from engine.service.work import transitions
from engine.service.work.transitions import MOVING, Moves
from engine.store.queries import instances, messages
from engine.store.retrying import retried

UNHEARD = timedelta(hours=1)
KEPT = timedelta(days=90)
LISTED = 100
LONGEST_NAME = 200
MOST_BYTES = 256 * 1024


@dataclass(frozen=True)
class Messages(Moves):
    """What travels between instances, and from outside to them."""

    def undelivered(self, actor: Actor) -> tuple[MessageRecord, ...]:
        """Return messages that nobody received, newest first; for operators and auditors."""
        actor.need(OfficeRole.OPERATOR, OfficeRole.AUDITOR)
        return self.database.ask(messages.undelivered, LISTED)

    def publish(
        self,
        actor: Actor,
        name: str,
        kind: MessageKind,
        values: Any,
        correlations: Mapping[str, Mapping[str, Any]],
        now: datetime,
        reason: str | None = None,
    ) -> tuple[str, ...]:
        """Send a message or signal from outside, recorded with *reason*; for operators. Return the ids of what is sent.

        *correlations* maps a correlation key to its properties' values; InvalidForm names what cannot be sent.
        """
        actor.need(OfficeRole.OPERATOR)
        message = Message(name.strip(), kind, values, correlations)
        _refuse_unsendable(message)
        with self.database.write(actor, now) as work:
            sent = transitions.prepare(work, message, None)
            messages.send(work, sent, events.correlations_of(message))
            work.record("office", transitions.sent_deed(message, sent, reason))
        return tuple(record.id for record in sent)

    def deliverable(self, message_id: str | None = None) -> tuple[tuple[str, str], ...]:
        """Return (message id, id of the instance that waits for it), of one message or of all."""
        return self.database.ask(messages.deliverable, message_id)

    def due(self, now: datetime) -> tuple[str, ...]:
        """Return ids of the messages that somebody waits for."""
        return tuple(message_id for message_id, _ in self.deliverable())

    def receive(self, message_id: str, now: datetime) -> bool:
        """Deliver a message to whoever waits for it longest; whether anybody received it."""
        return any(self.deliver(message_id, to, now) for _, to in self.deliverable(message_id))

    @retried
    def deliver(self, message_id: str, instance_id: str, now: datetime) -> bool:
        """Deliver a message to an instance; whether it was received. One that does not fit is given up with a note."""
        with self.database.read() as reader:
            record = there(messages.by_id(reader, message_id), message_id)
            its = self.standing(reader, instance_id)
        if record.status != "waiting" or its.record.status not in MOVING:
            return False
        message = events.unpacked(record.kind, record.name, record.content)
        functions = self.functions(its, now)
        try:
            step = self.executor.deliver(its.procedure.definition, its.snapshot, message, now, functions=functions)
        except (ValueError, TypeError) as error:
            return self._give_up(message_id, f"isi pesan tidak cocok: {error}", now)
        if step is None:
            if self._still_waits(record, instance_id, its.record.revision):
                return self._give_up(message_id, f"pelaksanaan {instance_id} menolaknya", now)
            return False  # it moved on in the meantime; somebody else may wait
        change: dict[str, Any] = {"message": record.id, "kind": record.kind, "name": record.name}
        change |= {"from": record.from_instance or record.sent_by, "passed": transitions.passed_change(step)}
        deed = HistoryEvent(Action.MESSAGE_RECEIVED, step.caught_by[0], change=change)
        with self.database.write(SYSTEM, now) as work:
            self.write(work, its, step, [deed])
            messages.delivered(work, message_id, instance_id, now)
        self.executor.keep(step, its.record.revision + 1)
        return True

    def tidy(self, now: datetime) -> None:
        """Expire signals that nobody heard, and delete old messages."""
        with self.database.write(SYSTEM, now) as work:
            messages.expire(work, MessageKind.SIGNAL, now - UNHEARD)
            messages.forget(work, now - KEPT)

    def _still_waits(self, record: MessageRecord, instance_id: str, revision: int) -> bool:
        """Whether the store still says that the instance at *revision* waits for it, though the engine refused."""
        with self.database.read() as reader:
            waiting = messages.waited_for(reader, instance_id)
            now_at = instances.by_id(reader, instance_id)  # read last: unchanged means that *waiting* is of it, too
        same = now_at is not None and now_at.revision == revision
        return same and (record.kind, record.name) in {(each.kind, each.name) for each in waiting}

    def _give_up(self, message_id: str, note: str, now: datetime) -> bool:
        with self.database.write(SYSTEM, now) as work:
            messages.give_up(work, message_id, note[:2000])
            whom = OfficeRole.OPERATOR.value
            work.notify(Notification(Kind.MESSAGE, SYSTEM.person_id, None, message_id, role=whom, reason=note[:200]))
        return False


def _refuse_unsendable(message: Message) -> None:
    if not 1 <= len(message.name) <= LONGEST_NAME:
        raise InvalidForm([FieldError("name", "name", "", "required")], {"name": [message.name]})
    try:
        size = len(events.packed(message))
        events.correlations_of(message)
    except (TypeError, ValueError) as error:
        raise InvalidForm([FieldError("values", "values", str(error), "type")], {}) from None
    if size > MOST_BYTES:
        raise InvalidForm([FieldError("values", "values", f"{size} bita", "maxLength")], {})
