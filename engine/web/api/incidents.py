"""Operations on incidents: elements that raised."""

from engine.model.people import OfficeRole
from engine.service.people.api_tokens import Scope
from engine.web.access import only
from engine.web.api import cursors, shapes
from engine.web.api.operations import Operations
from engine.web.authentication import actor, now
from engine.web.services import services

operations = Operations("incidents", writing=Scope.ADMINISTER)


@operations.operation("POST", "/incidents/search", only(OfficeRole.OPERATOR, OfficeRole.AUDITOR), writes=False)
def search_incidents(body: shapes.IncidentSearch) -> shapes.IncidentsGiven:
    """Find incidents, newest first; `status: null` finds open and resolved ones."""
    after = cursors.timed(body.page.after)
    rows, more = services().incidents.search(
        actor(), body.filter.status, body.filter.instance_id, after, body.page.limit
    )
    return shapes.IncidentsGiven(
        items=tuple(shapes.IncidentGiven.of(row) for row in rows),
        page=cursors.page(rows, more, lambda row: (row.created_at, row.id)),
    )


@operations.operation("GET", "/incidents/<incident_id>", only(OfficeRole.OPERATOR, OfficeRole.AUDITOR))
def show_incident(incident_id: str) -> shapes.IncidentDetailGiven:
    """Show one incident with the data its element was given."""
    return shapes.IncidentDetailGiven.of(services().incidents.view(actor(), incident_id).record)


@operations.operation("POST", "/incidents/<incident_id>/retry", only(OfficeRole.OPERATOR))
def retry_incident(incident_id: str, body: shapes.ReasonAsked) -> shapes.RetryGiven:
    """Run exactly the element that raised once more; everything else of its instance stands."""
    return shapes.RetryGiven(resolved=services().incidents.retry(actor(), incident_id, now(), body.reason))
