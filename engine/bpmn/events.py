"""Messages and signals between instances (BPMN 2.0.2, 8.4.2, 8.4.12 and 10.5.1).

Events that an instance throws and does not catch leave it as ``Message`` values. ``Subscription`` values say what it
waits for, so that the store finds receivers by an index. A message reaches one instance, a signal all that wait for it
at that moment, including other branches of the thrower.

Correlation is SpiffWorkflow's: each key of a message is compared with the keys of the conversation. Keys are hashed
with their values (``correlation_of``).
"""

import hashlib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from SpiffWorkflow.bpmn import BpmnEvent
from SpiffWorkflow.bpmn.specs.event_definitions import MessageEventDefinition, SignalEventDefinition
from SpiffWorkflow.spiff.specs.event_definitions import MessageEventDefinition as SpiffMessage
from SpiffWorkflow.spiff.specs.event_definitions import SignalEventDefinition as SpiffSignal

from engine.bpmn.bpmn_semantics import catch, listening
from engine.bpmn.state import pack, unpack
from engine.model.history import canonical
from engine.model.process import Message, MessageKind, Subscription

KINDS: Mapping[type, MessageKind] = {
    MessageEventDefinition: MessageKind.MESSAGE,
    SignalEventDefinition: MessageKind.SIGNAL,
}


def thrown(workflow: Any) -> tuple[Message, ...]:
    """Remove from *workflow*, and return, the messages and signals that it threw."""
    return tuple(
        Message(event.event_definition.name, kind, event.payload, dict(event.correlations))
        for event in workflow.get_events()
        if (kind := _kind_of(event.event_definition)) is not None
    )


def subscriptions(workflow: Any) -> frozenset[Subscription]:
    """Return the messages and signals for which the instance waits."""
    if workflow.completed:
        return frozenset()
    return frozenset([*_waiting(workflow), *_starts_of_event_sub_processes(workflow)])


def caught(workflow: Any, message: Message) -> tuple[str, ...]:
    """Let *workflow* catch *message*; return the ids of the elements that did."""
    definition = (SpiffMessage if message.kind is MessageKind.MESSAGE else SpiffSignal)(message.name)
    event = BpmnEvent(definition, message.payload, {key: dict(held) for key, held in message.correlations.items()})
    return tuple(dict.fromkeys(str(task.task_spec.bpmn_id) for task in catch(workflow, event)))


def packed(message: Message) -> bytes:
    """Return the content of *message* as bytes; TypeError for a value that cannot be stored."""
    return pack([message.payload, message.correlations])


def unpacked(kind: MessageKind, name: str, content: bytes) -> Message:
    """Return the message with *content*, the bytes from :func:`packed`."""
    payload, correlations = unpack(content)
    return Message(name, kind, payload, correlations)


def correlation_of(key: str, values: Mapping[str, Any]) -> str:
    """Return the hash by which a message of a conversation finds the instances that wait for it."""
    return hashlib.sha256(canonical({key: _with_normal_numbers(values)}).encode()).hexdigest()


def correlations_of(message: Message) -> tuple[str, ...]:
    """Return the hashes of a message's keys, and the empty one, which matches instances without a conversation."""
    return ("", *(correlation_of(key, values) for key, values in message.correlations.items()))


def _waiting(workflow: Any) -> Iterator[Subscription]:
    for task in workflow.event_manager.tasks.values():
        definition = task.task_spec.event_definition
        for one in getattr(definition, "event_definitions", (definition,)):
            kind = _kind_of(one)
            if kind is None:
                continue
            held = task.workflow.correlations if getattr(one, "correlation_properties", ()) else {}
            for key in [correlation_of(key, values) for key, values in held.items()] or [""]:
                yield Subscription(task.id.hex, str(task.task_spec.bpmn_id), kind, one.name, key)


def _starts_of_event_sub_processes(workflow: Any) -> Iterator[Subscription]:
    for scope, _, start in listening(workflow):
        kind = _kind_of(start.event_definition)
        if kind is not None:
            name = start.event_definition.name
            yield Subscription(scope.task_tree.id.hex, str(start.bpmn_id), kind, name, "")


def _kind_of(definition: Any) -> MessageKind | None:
    return next((kind for base, kind in KINDS.items() if isinstance(definition, base)), None)


def _with_normal_numbers(value: Any) -> Any:
    match value:
        case bool():
            return value
        case int() | Decimal():
            return format(Decimal(value).normalize(), "f")
        case Mapping():
            return {str(key): _with_normal_numbers(held) for key, held in value.items()}
        case list() | tuple():
            return [_with_normal_numbers(held) for held in value]
        case _:
            return value
