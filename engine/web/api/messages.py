"""Operations on messages and signals from outside."""

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


@operations.operation("POST", "/messages", only(OfficeRole.OPERATOR), status=202)
def publish_message(body: shapes.MessageAsked) -> shapes.MessageSent:
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
    return shapes.MessageSent(ids=ids)


@operations.operation("GET", "/messages/undelivered", only(OfficeRole.OPERATOR, OfficeRole.AUDITOR))
def show_undelivered() -> shapes.MessagesGiven:
    """Show up to 100 messages that nobody received yet or could receive, newest first."""
    found = services().messages.undelivered(actor())
    return shapes.MessagesGiven(items=tuple(shapes.MessageGiven.of(record) for record in found))
