"""Operations on incidents: elements that raised."""

from typing import Any, Literal

from engine.model.history import Action
from engine.model.people import OfficeRole
from engine.service.people.api_tokens import Scope
from engine.web.access import only
from engine.web.api import cursors, shapes
from engine.web.api.operations import Operations
from engine.web.authentication import actor, now
from engine.web.readings import reading
from engine.web.services import services

operations = Operations("incidents", writing=Scope.ADMINISTER)


class IncidentFilterAsked(shapes.Asked):
    """What a search of incidents is narrowed to."""

    status: Literal["open", "resolved"] | None = "open"
    instance_id: shapes.Id | None = None


class IncidentSearch(shapes.SearchAsked):
    """A search of incidents, newest first."""

    filter: IncidentFilterAsked = IncidentFilterAsked()


class IncidentGiven(shapes.Given):
    """An element that raised."""

    id: str
    instance_id: str
    process_id: str
    title: str
    element_id: str
    cause: str
    attempts: int
    status: str
    created_at: shapes.Instant
    resolved_at: shapes.Instant | None
    resolved_by: str | None


class IncidentsGiven(shapes.PageOf[IncidentGiven]):
    """A page of incidents."""


class IncidentDetailGiven(IncidentGiven):
    """An element that raised, with what it was given and where it raised."""

    trace: str
    data: dict[str, Any]


class RetryGiven(shapes.Given):
    """Whether trying again went through."""

    resolved: bool


@operations.operation("POST", "/incidents/search", only(OfficeRole.OPERATOR, OfficeRole.AUDITOR), writes=False)
def search_incidents(body: IncidentSearch) -> IncidentsGiven:
    """Find incidents, newest first; `status: null` finds open and resolved ones."""
    after = cursors.timed(body.page.after)
    rows, more = services().incidents.search(
        actor(), body.filter.status, body.filter.instance_id, after, body.page.limit
    )
    return cursors.page(IncidentsGiven, rows, more, lambda row: (row.created_at, row.id))


@operations.operation("GET", "/incidents/<incident_id>", only(OfficeRole.OPERATOR, OfficeRole.AUDITOR))
def show_incident(incident_id: str) -> IncidentDetailGiven:
    """Show one incident with the data its element was given."""
    record = services().incidents.view(actor(), incident_id).record
    reading(Action.INCIDENT_READ, incident=incident_id, instance=record.instance_id)
    return IncidentDetailGiven.of(record)


@operations.operation("POST", "/incidents/<incident_id>/retry", only(OfficeRole.OPERATOR))
def retry_incident(incident_id: str, body: shapes.ReasonAsked) -> RetryGiven:
    """Run exactly the element that raised once more; everything else of its instance stands."""
    return RetryGiven(resolved=services().incidents.retry(actor(), incident_id, now(), body.reason))
