"""Operations on messages and signals from outside."""

from typing import Annotated, Any, Literal

from pydantic import Field

from engine.model.errors import InvalidForm
from engine.model.people import OfficeRole
from engine.model.process import MessageKind
from engine.service.people.api_tokens import Scope
from engine.web.access import only
from engine.web.api import problems, shapes
from engine.web.api.operations import Operations
from engine.web.authentication import actor, now
from engine.web.services import services
from engine.web.texts import gettext

operations = Operations("messages", writing=Scope.ADMINISTER)


class MessageAsked(shapes.Asked):
    """A message or signal from outside."""

    name: Annotated[str, shapes.Squeezed, Field(min_length=1, max_length=200)] = Field(
        description="As the diagram names it."
    )
    kind: Literal["message", "signal"] = "message"
    values: shapes.Values = Field(default_factory=dict)
    correlations: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="By correlation key: its properties' values. Without: any conversation."
    )
    reason: shapes.Reason


class MessageSent(shapes.Given):
    """What is on its way."""

    ids: tuple[str, ...]


class MessageGiven(shapes.Given):
    """A message or signal that nobody received yet, or could receive."""

    id: str
    kind: Literal["message", "signal"]
    name: str
    status: str
    from_instance: str | None
    to_instance: str | None
    sent_at: shapes.Instant
    sent_by: str
    note: str | None


class MessagesGiven(shapes.Given):
    """Messages that nobody received, newest first."""

    items: tuple[MessageGiven, ...]


@operations.operation("POST", "/messages", only(OfficeRole.OPERATOR), status=202)
def publish_message(body: MessageAsked) -> MessageSent:
    """Send a message to the instance that waits for it, or a signal to all that do; received within a second.

    A message for which nobody waits yet stays on its way; a signal that nobody hears is gone (BPMN 2.0.2, 10.5.1).
    """
    try:
        ids = services().messages.publish(
            actor(), body.name, MessageKind(body.kind), body.values, body.correlations, now(), body.reason
        )
    except InvalidForm as invalid:
        message = gettext("tidak dapat dikirim: terlalu besar, atau memuat nilai yang tidak dikenal.")
        raise problems.invalid([(each.path, each.keyword, message) for each in invalid.errors]) from None
    return MessageSent(ids=ids)


@operations.operation("GET", "/messages/undelivered", only(OfficeRole.OPERATOR, OfficeRole.AUDITOR))
def show_undelivered() -> MessagesGiven:
    """Show up to 100 messages that nobody received yet or could receive, newest first."""
    return MessagesGiven.of(items=services().messages.undelivered(actor()))
