"""Who is asking: finds the session of every request, and refuses routes that do not state who may use them.

The session cookie is Flask's signed one and carries only a random token; the session itself is a row, so that ending
it takes effect on every machine at once. Flask-Login was weighed and left out: its remember-me, fresh logins and user
loader would wrap the fifteen lines below, and its cookie cannot be ended from elsewhere.

A form that is posted after the session ended is not lost: the sign-in page carries it, sealed with the server's key
for the account that typed it, and after signing in as that account it becomes its draft. The session says whose it is,
or, if the browser has none any more (it was closed, or another tab signed out), the form itself.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from flask import Flask, Request, Response, abort, current_app, g, redirect, render_template, request, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.wrappers import Response as Answer

from engine.model.errors import NotPermitted
from engine.model.people import SYSTEM, Actor
from engine.service.people.accounts import SignedIn
from engine.service.people.api_tokens import TokenRefused
from engine.service.people.passwords import LONGEST
from engine.web.access import Access, access_of
from engine.web.services import services
from engine.web.texts import gettext

CLICKED, ENROL = "clicked", "enrol"
OPENID = "openid"
TOKEN = "token"  # noqa: S105 - the name of a field
SEALED_SECONDS = 24 * 3600
FORM_LIMIT = 4 * 1024 * 1024  # bytes of a form without files
PROGRAMS = "api"  # the blueprint of the API
CARRIED = ("tasks.complete", "tasks.save_draft")
SECOND_FACTOR_PAGES = ("account.second_factor", "account.begin_second_factor", "account.set_second_factor")
PASSWORD_PAGES = ("sign_in.change_password", "sign_in.set_password", "sign_in.sign_out", "sign_in.language")

MOST_PAGES = 10_000
LONGEST_PATH = 2000  # letters of an address that a redirect leads to


def install(app: Flask) -> None:
    """Ask before every request who is there and whether they may."""
    app.session_interface = PageSessions()
    app.before_request(identify)


class PageSessions(SecureCookieSessionInterface):
    """Sessions of pages: the API has none, whatever cookie a program sends."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the session of a page's request, for the API one that is always empty."""
        if request.path.startswith(f"/{PROGRAMS}/"):
            return self.make_null_session(app)
        return super().open_session(app, request)


def now() -> datetime:
    """Return the instant of this request, the same for all that it does."""
    if "now" not in g:
        g.now = clock()()
    return cast(datetime, g.now)


def clock() -> Callable[[], datetime]:
    """Return the clock, which can be read after the request too."""
    return current_app.config.get("ALUR_CLOCK") or partial(datetime.now, UTC)


def actor() -> Actor:
    """Return who is signed in, or whose token was shown; only on routes that demand it."""
    return cast(Actor, g.actor)


def name_of(person_id: str | None, called: str | None = None) -> str:
    """Return how pages name a person: the name, or as *called* then, and the account in brackets."""
    if person_id is None:
        return gettext("orang lain")
    if person_id == SYSTEM.person_id:
        return gettext("sistem")
    if "names" not in g:
        g.names = services().people.names()
    name = called or g.names.get(person_id)
    return f"{name} ({person_id})" if name and name != person_id else person_id


def called_then(instance_id: str, person_id: str | None, at: datetime | None) -> str | None:
    """Return a person's name when they acted in an instance, if its history holds it; None if not."""
    if (kept := f"called {instance_id}") not in g:
        setattr(g, kept, services().histories.names_then(instance_id))
    name: str | None = g.get(kept).get((person_id, at))
    return name


def signed_in() -> SignedIn | None:
    """Return the session of this request, if there is one."""
    return cast("SignedIn | None", g.get("signed_in"))


def waiting() -> SignedIn | None:
    """Return the session of this request if it waits for a code; nobody is signed in by it yet."""
    return cast("SignedIn | None", g.get("waiting"))


def must_change() -> bool:
    """Whether the person must set a password first; not where a click has let a sample person in."""
    found = signed_in()
    clicked = session.get(CLICKED) and current_app.config["ALUR_SAMPLES"]
    return found is not None and found.person.must_change_password and not clicked


def must_enrol() -> bool:
    """Whether the person must set a second factor first; decided at sign-in, so that no form is interrupted."""
    found = signed_in()
    return found is not None and found.person.must_enrol and bool(session.get(ENROL))


def identify() -> Answer | None:
    """Find the session, then admit, send to sign-in, or refuse."""
    g.signed_in = g.waiting = None
    if "\0" in unquote(request.full_path):
        abort(404)
    if request.content_length is None and "Transfer-Encoding" in request.headers:
        abort(411)  # without a length, nobody knows whether the body is complete
    access = _access()
    request.max_content_length = current_app.config["ALUR_UPLOAD_LIMIT"] if access and access.uploads else FORM_LIMIT
    if request.blueprint == PROGRAMS:
        _identify_program(access)
        return None
    token = session.get(TOKEN)
    if token and request.endpoint != "static":
        seen = access is None or not access.asked_by_itself
        g.signed_in = services().accounts.session(token, now(), seen=seen)
        if g.signed_in is not None and g.signed_in.awaits_code:
            g.signed_in, g.waiting = None, g.signed_in
        g.actor = g.signed_in.actor if g.signed_in else None
    if request.endpoint is None:
        return None  # 404 or 405 follow by themselves
    if access is None:
        abort(403)
    if access.open:
        return None
    if g.signed_in is None:
        return _carrying_entries(token) or _to_sign_in(token)
    if must_change() and request.endpoint not in PASSWORD_PAGES:
        return redirect(url_for("sign_in.change_password", lanjut=_next()), 303)
    if must_enrol() and request.endpoint not in (*PASSWORD_PAGES, *SECOND_FACTOR_PAGES):
        return redirect(url_for("account.second_factor"), 303)
    if not access.admits(g.signed_in.actor.roles):
        abort(403)
    if access.button:
        services().readings.admit_export(g.actor, now())
    if access.permit is not None:
        access.permit(**(request.view_args or {}))
    return None


def _identify_program(access: Access | None) -> None:
    """Find the holder of the bearer token (RFC 6750, 2.1), and admit or refuse; cookies are ignored."""
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


def seen_files() -> frozenset[str]:
    """Return the ids of the files that the posting page shows, also of those that its person removed."""
    return frozenset(request.form.getlist("_lampiran"))


def row_button() -> tuple[str, str] | None:
    """Return the pressed button of a table: ("tambah", table), or ("hapus", "naik" or "turun", path of the row)."""
    verbs = ("tambah", "hapus", "naik", "turun")
    return next(((verb, request.form[f"_{verb}"]) for verb in verbs if request.form.get(f"_{verb}")), None)


def typed_again() -> str:
    """Return the password typed beside a signature; in a form with several, the one that was filled in."""
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
    if request.method != "POST" or request.endpoint not in CARRIED:
        return None
    owner = services().accounts.owner(token) if token else _named_by_form()
    if owner is None:
        return None
    path = url_for("tasks.show", **(request.view_args or {}))
    page = render_template(
        "sign_in.html", sealed=seal(owner, path, posted_entries()), ended=True, account_name=owner, errors=()
    )
    return Response(page, status=401)


def _named_by_form() -> str | None:
    try:
        return str(_serializer().loads(request.form.get("_milik", ""), max_age=SEALED_SECONDS)["p"])
    except BadData:
        return None


def device_cookie() -> str:
    """Return the name of the cookie by which a browser is known."""
    return f"{current_app.config['SESSION_COOKIE_NAME']}-peramban"


def _next() -> str:
    """Return where to go after signing in: the requested page, or the one that a form was sent from."""
    came = urlsplit(request.url if request.method == "GET" else request.referrer or "")
    path = f"{came.path}?{came.query}".rstrip("?") if came.netloc == request.host else ""
    return path if len(path) <= LONGEST_PATH else ""


def _to_sign_in(token: str | None) -> Answer:
    if request.headers.get("HX-Request") or request.headers.get("X-Alur-Background"):
        return Response(status=401)
    if waiting() is not None:
        return redirect(url_for("sign_in.ask_code", lanjut=_next()), 303)
    ended = token or request.method == "POST" or device_cookie() in request.cookies
    return redirect(url_for("sign_in.sign_in", lanjut=_next(), berakhir=1 if ended else None), 303)


def asked_page() -> int:
    """Return which page of a list is asked for, from 1 to MOST_PAGES."""
    return min(max(1, request.args.get("halaman", 1, int)), MOST_PAGES)
