"""Operations on absences: who is away, and who stands in."""

from flask import url_for

from engine.model.errors import InvalidForm
from engine.service.people.api_tokens import Scope
from engine.web.absences import words_of
from engine.web.access import signed_in
from engine.web.api import problems, shapes
from engine.web.api.operations import Operations
from engine.web.authentication import actor, now
from engine.web.services import services

operations = Operations("absences", writing=Scope.WORK)


class AbsenceAsked(shapes.Asked):
    """When somebody is away, both days included, and who of the same lane stands in."""

    substitute: shapes.Id
    since: shapes.Day
    until: shapes.Day
    reason: shapes.Reason


class AbsenceGiven(shapes.Given):
    """When somebody is away, and who stands in; ended before it began if `until` is before `since`."""

    id: str
    person_id: str
    substitute_id: str
    since: shapes.Day
    until: shapes.Day
    reason: str


class AbsencesGiven(shapes.Given):
    """When somebody is or was away or stands in, newest first."""

    items: tuple[AbsenceGiven, ...]


@operations.operation("GET", "/people/<person_id>/absences", signed_in)
def list_absences(person_id: str) -> AbsencesGiven:
    """List when somebody is away or stands in: oneself, or for operators and auditors anybody."""
    return AbsencesGiven(items=tuple(map(AbsenceGiven.of, services().absences.of(actor(), person_id))))


@operations.operation("POST", "/people/<person_id>/absences", signed_in, status=201)
def mark_absence(person_id: str, body: AbsenceAsked) -> tuple[AbsenceGiven, dict[str, str]]:
    """Record that somebody is away and who stands in: oneself, or for operators anybody."""
    asked = (body.substitute, body.since, body.until, body.reason)
    try:
        marked = services().absences.mark(actor(), person_id, *asked, now())
    except InvalidForm as invalid:
        code = invalid.errors[0].keyword
        at = "until" if code == "away_period" else "substitute"
        raise problems.invalid([(at, code, words_of(code))]) from None
    return AbsenceGiven.of(marked), {"Location": url_for("api.list_absences", person_id=person_id)}


@operations.operation("DELETE", "/people/<person_id>/absences/<absence_id>", signed_in, status=204)
def end_absence(person_id: str, absence_id: str) -> None:
    """Let somebody be back from today on; what began later does not begin."""
    services().absences.end(actor(), person_id, absence_id, now())
    services().assignments.give_back(now())
