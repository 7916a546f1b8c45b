"""The WSGI application: ``create_app`` builds everything, nothing exists at import.

A view reads, asks one service, answers.
"""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, Request, g, request, session, url_for
from flask_babel import Babel
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.utils import find_modules, import_string

from engine.model.dates import type_date
from engine.service.services import Services
from engine.web import (
    api,
    authentication,
    errors,
    formatting,
    guide,
    navigation,
    readings,
    sample_people,
    security,
    tasks,
)
from engine.web.access import Pages
from engine.web.api import problems
from engine.web.ledger import Ledger

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LOCALES = ("id", "en")
DIST = "dist"
MODULES = tuple(map(import_string, find_modules("engine.web")))
"""All of this package, loaded before a worker is forked; those that have ``pages`` are served."""
FORMATS = ("number", "money", "size", "capped", "localised", "working", "standard_time", "device")
"""Filters of templates that bear the names of the functions that do the work."""
DATES = {"day": "–", "long": "–", "short": "–", "due": "–", "clock": "–", "iso": ""}
"""Filters of dates, by the methods of ``Dates``, each with the text for a date that is not there."""


def create_app(
    services: Services,
    *,
    secret_key: bytes,
    secure_cookies: bool = False,
    upload_limit: int = 100 * 1024 * 1024,
    office_name: str = "",
    proxies: tuple[str, ...] = (),
    samples: bool = False,
    clock: Callable[[], datetime] | None = None,
) -> Flask:
    """Return the WSGI application.

    Tests fix the *clock*; *secure_cookies* are for browsers that come by HTTPS; *proxies* are trusted to state whom
    they forward; *samples* lets people of this machine in as sample people.
    """
    app = Flask("engine.web")
    app.request_class = CleanRequest
    app.config.update(
        SECRET_KEY=secret_key,
        SESSION_COOKIE_NAME="__Host-alur" if secure_cookies else "alur",  # of this host alone, whole site, by HTTPS
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure_cookies,
        MAX_FORM_PARTS=20_000,
        MAX_FORM_MEMORY_SIZE=authentication.FORM_LIMIT,
        MAX_CONTENT_LENGTH=authentication.FORM_LIMIT,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        WTF_CSRF_SSL_STRICT=False,  # SameSite and the token decide; old proxies drop the referrer
        BABEL_DEFAULT_LOCALE="id",
        BABEL_TRANSLATION_DIRECTORIES="translations",
        SEND_FILE_MAX_AGE_DEFAULT=31536000,  # names of built files carry their hash
        ALUR_UPLOAD_LIMIT=upload_limit,
        ALUR_CLOCK=clock,
        ALUR_OFFICE_NAME=office_name,
        ALUR_SAMPLES=samples and not proxies,
    )
    app.extensions["alur"] = services
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    authentication.install(app)
    security.install(app)
    app.after_request(readings.note_refused)
    csrf = CSRFProtect(app)
    Babel(app, locale_selector=select_locale)
    errors.install(app, problems.answer_of)
    app.register_error_handler(CSRFError, tasks.stale_page)
    _furnish(app, services)
    for module in MODULES:
        if isinstance(getattr(module, "pages", None), Pages):
            app.register_blueprint(module.pages)
    api.install(app, csrf)
    if proxies:
        app.wsgi_app = security.TrustedProxy(app.wsgi_app, proxies)  # type: ignore[method-assign]
    return app


class CleanRequest(Request):
    """A request whose body is complete, and whose form holds no NUL, which no database stores and nobody types.

    When a connection breaks, the server passes on what has arrived and says that the body ends there. Half a form must
    not complete a step: the announced length decides, and ``authentication`` refuses a body without one.
    """

    def __init__(self, environ: "WSGIEnvironment", populate_request: bool = True, shallow: bool = False) -> None:
        environ.pop("wsgi.input_terminated", None)
        super().__init__(environ, populate_request, shallow)

    def _load_form_data(self) -> None:
        super()._load_form_data()
        form = self.__dict__.get("form")
        if form and any("\0" in text for pair in form.items(multi=True) for text in pair):
            clean = [(name.replace("\0", ""), text.replace("\0", "")) for name, text in form.items(multi=True)]
            self.__dict__["form"] = ImmutableMultiDict(clean)


def select_locale() -> str:
    """Return the language: the session's choice, or a program's (RFC 9110, 12.5.4), else the person's."""
    if request.blueprint == authentication.PROGRAMS:
        asked = request.accept_languages.best_match(LOCALES)
        holder = g.get("holder")
        return asked or (holder.locale if holder is not None and holder.locale in LOCALES else "id")
    chosen = session.get("bahasa")
    if chosen in LOCALES:
        return str(chosen)
    found = g.get("signed_in")
    return found.person.locale if found is not None and found.person.locale in LOCALES else "id"


def _date_filter(write: Callable[..., str], none: str) -> Callable[..., str]:
    return lambda at, **how: none if at is None else write(at, **how)


def _furnish(app: Flask, services: Services) -> None:
    dates = formatting.Dates(services.office.zone)
    built = Path(app.root_path) / "static" / DIST / "manifest.json"
    manifest: dict[str, str] = json.loads(built.read_text()) if built.is_file() else {}

    def asset(name: str) -> str:
        return url_for("static", filename=f"{DIST}/{manifest.get(name, name)}")

    def ledger() -> Ledger:
        if "ledger" not in g:
            g.ledger = Ledger(dates)
        return cast(Ledger, g.ledger)

    app.jinja_env.globals |= {"ledger": ledger, "N_": str}  # N_ marks a text that is translated where it is shown
    app.jinja_env.globals |= {"guide": guide.written, "first_deeds": guide.first_deeds}
    app.jinja_env.globals |= {"sample_choices": sample_people.choices, "openid_offered": services.identities.offered}
    app.jinja_env.filters |= {
        **{name: getattr(formatting, name) for name in FORMATS},
        **{name: _date_filter(getattr(dates, name), none) for name, none in DATES.items()},
        "hash": formatting.hash_text,
        "typed_day": type_date,
        "from_iso": lambda text: dates.short(datetime.fromisoformat(text)),
    }

    @app.context_processor
    def furniture() -> dict[str, Any]:
        found = authentication.signed_in()
        ready = found is not None and not (authentication.must_change() or authentication.must_enrol())
        return {
            "asset": asset,
            "office_name": app.config["ALUR_OFFICE_NAME"],
            "locale": select_locale(),
            "account": found.person if found else None,
            "actor": found.actor if found else None,
            "idle_seconds": int((found.idle_until - authentication.now()).total_seconds()) if found else None,
            "now": authentication.now(),
            "name_of": authentication.name_of,
            "called_then": authentication.called_then,
            "seal": authentication.seal,
            "unread": services.notices.unread(found.actor).count if found and ready else None,
            "navigation": navigation.of(found.actor, request.path) if found and ready else (),
            "zone_name": dates.zone_name(),
        }
