"""Operations about the API itself: its description, and who shows the token."""

from datetime import date
from typing import Literal

from flask import Response, current_app, jsonify

from engine.service.people.api_tokens import Scope
from engine.web.access import anyone, personally
from engine.web.api import openapi, shapes
from engine.web.api.operations import Operations
from engine.web.authentication import actor

operations = Operations("reference", writing=Scope.READ)


class MembershipGiven(shapes.Given):
    """One role of a person."""

    id: str
    role: str
    capacity: Literal["definitif", "pj", "plt", "plh"]
    since: date
    until: date | None
    decree: str | None


class AccountGiven(shapes.Given):
    """Who shows the token, with the roles that count today."""

    person_id: str
    name: str
    memberships: tuple[MembershipGiven, ...]


@operations.operation("GET", "/openapi.json", anyone)
def describe() -> Response:
    """Give this description (OpenAPI 3.1)."""
    return jsonify(openapi.document(current_app))


@operations.operation("GET", "/account", personally)
def show_account() -> AccountGiven:
    """Say who shows the token, and which roles count today."""
    return AccountGiven.of(actor())
