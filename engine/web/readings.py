"""Records what was read, and which commands were refused, once the answer has gone out.

A view that gives out a document, a file or a person's data calls :func:`reading`. An interrupted download counts too:
nobody knows how much of it was seen. One that the end of the process interrupts is named in the log.
"""

from typing import Any

from flask import Response, after_this_request, g, request

from engine.model.history import Action, HistoryEvent
from engine.web.authentication import actor, clock
from engine.web.services import services


def reading(action: Action, **what: Any) -> None:
    """Have it recorded that this answer lets its reader read *what*: named by id, SHA-256 and instance."""
    by = {"token": g.token_id} if "token_id" in g else {}
    note_afterwards(actor().person_id, HistoryEvent(action, change={**what, **by}), 200, 206, 422)


def note_afterwards(person_id: str, deed: HistoryEvent, *statuses: int) -> None:
    """Record *deed* in a person's stream once an answer with one of *statuses* has gone out; never for HEAD."""

    def put_off(response: Response) -> Response:
        if request.method != "HEAD" and response.status_code in statuses:
            _on_close(response, person_id, deed)
        return response

    after_this_request(put_off)


def note_refused(response: Response) -> Response:
    """Record a command that somebody signed in may not give; a page that was open too long is no refusal."""
    refused = response.status_code == 403 and request.method not in ("GET", "HEAD", "OPTIONS") and "stale" not in g
    if refused and g.get("actor") is not None and request.url_rule is not None:
        named = " ".join(map(str, (request.view_args or {}).values()))[:200]
        what = {"address": f"{request.method} {request.url_rule.rule}", "object": named}
        _on_close(response, actor().person_id, HistoryEvent(Action.ATTEMPT_REFUSED, change=what))
    return response


def _on_close(response: Response, person_id: str, deed: HistoryEvent) -> None:
    note, at = services().readings.put_off(person_id, deed), clock()
    response.direct_passthrough = False  # else the file alone would be closed
    response.call_on_close(lambda: note(at()))
