"""Who is asking: reads the session before every request and refuses every route that did not say who may use it.

The session cookie is Flask's signed one and carries only a random token; the session itself is a row, so that it ends
when it is told to, on every machine at once. Flask-Login was weighed and left out: its remember-me, fresh logins and
user loader would wrap the fifteen lines below, and its cookie cannot be ended from elsewhere.

A form that is posted after the session ended is not lost: the sign-in page carries it, sealed with the server's key
for the account that typed it, and after signing in as the same account it is that account's draft.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast
from urllib.parse import unquote

from flask import Flask, Request, Response, abort, current_app, g, redirect, render_template, request, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadData, URLSafeTimedSerializer

from engine.model.errors import NotPermitted
from engine.model.people import Actor
from engine.service.people.accounts import SignedIn
from engine.service.people.api_tokens import TokenRefused
from engine.service.people.passwords import LONGEST
from engine.web.access import Access, access_of
from engine.web.services import services
from engine.web.texts import gettext

ENROL = "enrol"
TOKEN = "token"  # noqa: S105 - the name of a field
SEALED_SECONDS = 24 * 3600
MEGABYTE = 1024 * 1024
FORM_LIMIT = 4 * MEGABYTE
PROGRAMS = "api"  # the blueprint of the API
CARRIED = ("tasks.complete", "tasks.save_draft")
SECOND_FACTOR_PAGES = ("account.second_factor", "account.begin_second_factor", "account.set_second_factor")
PASSWORD_PAGES = ("sign_in.change_password", "sign_in.set_password", "sign_in.sign_out", "sign_in.language")

MOST_PAGES = 10_000


def install(app: Flask) -> None:
    """Ask before every request who is there and whether they may."""
    app.session_interface = PageSessions()
    app.before_request(identify)


class PageSessions(SecureCookieSessionInterface):
    """Sessions of pages: whatever cookie a program sends, it has none."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the session of a page's request, for the API one that is always empty."""
        if request.path.startswith(f"/{PROGRAMS}/"):
            return self.make_null_session(app)
        return super().open_session(app, request)


def now() -> datetime:
    """Return the instant of this request: one for all that it does."""
    if "now" not in g:
        g.now = clock()()
    return cast(datetime, g.now)


def clock() -> Callable[[], datetime]:
    """Return what tells the time, also once the request is over."""
    return current_app.config.get("ALUR_CLOCK") or partial(datetime.now, UTC)


def actor() -> Actor:
    """Return who is signed in, or whose token was shown; only on routes that demand it."""
    return cast(Actor, g.actor)


def name_of(person_id: str | None, called: str | None = None) -> str:
    """Return a person as pages and errors name them: the name, as *called* then, the account in brackets.

    All names are read once.
    """
    if person_id is None:
        return gettext("orang lain")
    if "names" not in g:
        g.names = services().people.names()
    name = called or g.names.get(person_id)
    return f"{name} ({person_id})" if name and name != person_id else person_id


def called_then(instance_id: str, person_id: str | None, at: datetime | None) -> str | None:
    """Return what somebody was called when they acted in an instance, if its history says so; it is read once."""
    if (kept := f"called {instance_id}") not in g:
        setattr(g, kept, services().histories.names_then(instance_id))
    name: str | None = g.get(kept).get((person_id, at))
    return name


def signed_in() -> SignedIn | None:
    """Return the session of this request, if there is one."""
    return cast("SignedIn | None", g.get("signed_in"))


def waiting() -> SignedIn | None:
    """Return the session of this request that waits for a code, if it is one: nobody is signed in by it yet."""
    return cast("SignedIn | None", g.get("waiting"))


def must_enrol() -> bool:
    """Whether who is signed in must set a second factor first: asked at sign-in, so that no form is cut short."""
    found = signed_in()
    return found is not None and found.person.must_enrol and bool(session.get(ENROL))


def identify() -> Response | None:
    """Find the session, then admit, send to sign-in, or refuse."""
    g.signed_in = g.waiting = None
    if "\0" in unquote(request.full_path):
        abort(404)
    if request.content_length is None and "Transfer-Encoding" in request.headers:
        abort(411)  # nobody could tell whether its body came whole
    access = _access()
    request.max_content_length = current_app.config["ALUR_UPLOAD_LIMIT"] if access and access.uploads else FORM_LIMIT
    if request.blueprint == PROGRAMS:
        _identify_program(access)
        return None
    token = session.get(TOKEN)
    if token and request.endpoint != "static":
        g.signed_in = services().accounts.session(token, now())
        if g.signed_in is not None and g.signed_in.awaits_code:
            g.signed_in, g.waiting = None, g.signed_in
        g.actor = g.signed_in.actor if g.signed_in else None
    if request.endpoint is None or access is None:
        if request.endpoint is None:
            return None  # 404 or 405 follow by themselves
        abort(403)
    if access.open:
        return None
    if g.signed_in is None:
        return _carrying_entries(token) or _to_sign_in()
    if g.signed_in.person.must_change_password and request.endpoint not in PASSWORD_PAGES:
        return cast(Response, redirect(url_for("sign_in.change_password", lanjut=_next()), 303))
    if must_enrol() and request.endpoint not in (*PASSWORD_PAGES, *SECOND_FACTOR_PAGES):
        return cast(Response, redirect(url_for("account.second_factor"), 303))
    if not access.admits(g.signed_in.actor.roles):
        abort(403)
    if access.permit is not None:
        access.permit(**(request.view_args or {}))
    return None


def _identify_program(access: Access | None) -> None:
    """Find whose bearer token was shown (RFC 6750, 2.1), and admit or refuse; a cookie counts for nothing here."""
    if access is None:
        abort(403)
    if access.open:
        return
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise TokenRefused("missing")
    found = services().tokens.holder(text.strip(), now())
    g.actor, g.holder, g.scopes = found.actor, found.person, found.token.scopes.split()
    g.token_id = found.token.id
    if not access.admits(g.actor.roles):
        raise NotPermitted("role", roles=tuple(sorted(access.roles)))
    if access.permit is not None:
        access.permit(**(request.view_args or {}))


def posted_entries() -> dict[str, list[str]]:
    """Return what was typed into a form: every field but our own (``csrf_token`` and names with ``_`` in front)."""
    return {
        name: values
        for name, values in request.form.to_dict(flat=False).items()
        if not name.startswith("_") and name != "csrf_token"
    }


def typed_again() -> str:
    """Return the password that was typed beside a signature; of a form with several, the one that was filled in."""
    return next((text for text in request.form.getlist("_sandi") if text), "")[: LONGEST + 1]


def tab() -> str | None:
    """Return which tab sends this, as its script named it."""
    return request.form.get("_tab", "")[:64] or None


def seal(person_id: str, path: str, entries: Mapping[str, Sequence[str]]) -> str:
    """Return what was typed, compressed and signed for *person_id*, to be carried through signing in."""
    return str(_serializer().dumps({"p": person_id, "u": path, "e": {k: list(v) for k, v in entries.items()}}))


def unseal(text: str, person_id: str) -> tuple[str, dict[str, list[str]]] | None:
    """Return (path, entries) sealed for *person_id*; None for anybody else, or after a day."""
    try:
        held: Any = _serializer().loads(text, max_age=SEALED_SECONDS)
    except BadData:
        return None
    return (held["u"], held["e"]) if held["p"] == person_id else None


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(cast(str, current_app.secret_key), salt="typed")


def _access() -> Access | None:
    if request.endpoint is None:
        return None
    if request.endpoint == "static":
        return Access(open=True)
    return access_of(current_app.view_functions[request.endpoint])


def _carrying_entries(token: str | None) -> Response | None:
    """Answer a form that was posted after its session ended with a sign-in page that carries what was typed."""
    if request.method != "POST" or request.endpoint not in CARRIED or not token:
        return None
    owner = services().accounts.owner(token)
    if owner is None:
        return None
    path = url_for("tasks.show", **(request.view_args or {}))
    page = render_template(
        "sign_in.html", sealed=seal(owner, path, posted_entries()), ended=True, account_name=owner, errors=()
    )
    return Response(page, status=401)


def _next() -> str:
    return request.full_path.rstrip("?") if request.method == "GET" else ""


def _to_sign_in() -> Response:
    if request.headers.get("HX-Request") or request.headers.get("X-Alur-Background"):
        return Response(status=401)
    if waiting() is not None:
        return cast(Response, redirect(url_for("sign_in.ask_code", lanjut=_next()), 303))
    return cast(
        Response, redirect(url_for("sign_in.sign_in", lanjut=_next(), berakhir=1 if session.get(TOKEN) else None), 303)
    )


def asked_page() -> int:
    """Return which page of a list is asked for, from 1; nobody turns ten thousand."""
    return min(max(1, request.args.get("halaman", 1, int)), MOST_PAGES)
