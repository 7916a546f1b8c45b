"""Who may use a route: every route states it, and a request to one that does not is refused.

``tests/pages/test_every_route_says_who.py`` walks all routes. Services may narrow access further: a task belongs to a
lane, an instance to those who take part.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from flask import Blueprint

from engine.model.people import OfficeRole

View = TypeVar("View", bound=Callable[..., Any])
Mark = Callable[[Any], Any]  # marks a view with who may use it
ATTRIBUTE = "alur_access"


@dataclass(frozen=True, slots=True)
class Access:
    """What a route requires: nothing, a session, any role today, or one of *roles*; and what may be sent."""

    open: bool = False
    personal: bool = False  # a page of one's own account, also for people without a role today
    roles: frozenset[str] = frozenset()
    uploads: bool = False  # takes files: the larger limit holds
    button: str = ""  # endpoint of the page with the button of an export
    asked_by_itself: bool = False  # by a page that nobody looks at, maybe: keeps no session open
    permit: Callable[..., object] | None = None  # called with the route's arguments before the body is read

    def admits(self, roles: frozenset[str]) -> bool:
        """Whether somebody who is signed in and holds *roles* is admitted."""
        return self.personal or bool(self.roles & roles if self.roles else roles)


class Pages(Blueprint):
    """The routes of some pages, each with who may use it."""

    def get(self, rule: str, who: Mark) -> Callable[[View], View]:  # type: ignore[override]  # says more than Flask's
        """Add a view that shows something, for *who* may use it."""
        return self._added("GET", rule, who)

    def post(self, rule: str, who: Mark) -> Callable[[View], View]:  # type: ignore[override]
        """Add a view that does something, for *who* may use it."""
        return self._added("POST", rule, who)

    def _added(self, method: str, rule: str, who: Mark) -> Callable[[View], View]:
        def add(view: View) -> View:
            self.add_url_rule(rule, view_func=who(view), methods=[method])
            return view

        return add


def anyone(view: View) -> View:
    """Open to everybody, signed in or not."""
    return _mark(view, Access(open=True))


def anyone_uploading(view: View) -> View:
    """Open to everybody, signed in or not; takes files."""
    return _mark(view, Access(open=True, uploads=True))


def signed_in(view: View) -> View:
    """Open to everybody who is signed in and works in a role today; the service decides what they see of it."""
    return _mark(view, Access())


def personally(view: View) -> View:
    """Open to everybody who is signed in, for their own account, whatever they work in."""
    return _mark(view, Access(personal=True))


def uploading(permit: Callable[..., object]) -> Callable[[View], View]:
    """Open to everybody who is signed in and whom *permit* does not refuse; takes files."""
    return lambda view: _mark(view, Access(uploads=True, permit=permit))


def by_itself(view: View) -> View:
    """Open to everybody who is signed in; asked by pages without a person, so that it keeps no session open."""
    return _mark(view, Access(personal=True, asked_by_itself=True))


def only(*roles: OfficeRole) -> Callable[[View], View]:
    """Open to people with one of *roles*."""
    return lambda view: _mark(view, Access(roles=frozenset(roles)))


def by_button(who: Mark, page: str) -> Mark:
    """Open to *who*, by a button on the endpoint *page* and not by a link: taking a copy of records is a deed."""
    return lambda view: _mark(view, replace(access_of(who(view)) or Access(), button=page))


def access_of(view: Callable[..., Any]) -> Access | None:
    """Return what *view* demands, or None if it does not say."""
    return getattr(view, ATTRIBUTE, None)


def _mark(view: View, access: Access) -> View:
    setattr(view, ATTRIBUTE, access)
    return view
