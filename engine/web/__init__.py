"""HTTP in, pages out: the only part that knows Flask.

``create_app`` builds everything; nothing exists at import. A view reads, asks one service, answers.
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

from engine.model.dates import type_date
from engine.web import (
    account,
    api,
    api_reference,
    archives,
    attachments,
    audit,
    authentication,
    document_tasks,
    documents,
    errors,
    formatting,
    grids,
    incidents,
    instances,
    navigation,
    numbers,
    operations,
    people,
    processes,
    public_check,
    readings,
    registers,
    security,
    sign_in,
    sop_sheets,
    step_tables,
    studio,
    tasks,
)
from engine.web.api import problems
from engine.web.ledger import Ledger
from engine.web.services import Services

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LOCALES = ("id", "en")
MEGABYTE = 1024 * 1024
DIST = "dist"


def create_app(
    services: Services,
    *,
    secret_key: bytes,
    secure_cookies: bool = False,
    upload_limit: int = 100 * MEGABYTE,
    office_name: str = "",
    clock: Callable[[], datetime] | None = None,
) -> Flask:
    """Return the WSGI application.

    *clock* gives the instant of a request (tests fix it); *secure_cookies* when browsers come by HTTPS.
    """
    app = Flask(__name__)
    app.request_class = CleanRequest
    app.config.update(
        SECRET_KEY=secret_key,
        SESSION_COOKIE_NAME="__Host-alur" if secure_cookies else "alur",  # of this host alone, whole site, by HTTPS
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure_cookies,
        MAX_FORM_PARTS=20_000,
        MAX_FORM_MEMORY_SIZE=4 * MEGABYTE,
        MAX_CONTENT_LENGTH=4 * MEGABYTE,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        WTF_CSRF_SSL_STRICT=False,  # SameSite and the token decide; old proxies drop the referrer
        BABEL_DEFAULT_LOCALE="id",
        BABEL_TRANSLATION_DIRECTORIES="translations",
        SEND_FILE_MAX_AGE_DEFAULT=31536000,  # names of built files carry their hash
        ALUR_UPLOAD_LIMIT=upload_limit,
        ALUR_CLOCK=clock,
        ALUR_OFFICE_NAME=office_name,
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
    for module in (
        sign_in,
        account,
        tasks,
        grids,
        instances,
        archives,
        document_tasks,
        documents,
        attachments,
        processes,
        sop_sheets,
        step_tables,
        studio,
        api_reference,
        audit,
        people,
        numbers,
        registers,
        public_check,
        incidents,
        operations,
    ):
        app.register_blueprint(module.pages)
    api.install(app, csrf)
    return app


class CleanRequest(Request):
    """A request that came whole, and whose texts hold no NUL: no database stores it, and no person types it.

    The server hands on what has come when a connection breaks, and says that the body ends there. Half a form must not
    complete a step: the length that was announced decides, and a body without one is refused (``identity``).
    """

    def __init__(self, environ: "WSGIEnvironment", populate_request: bool = True, shallow: bool = False) -> None:
        """Take a request as the server hands it on."""
        environ.pop("wsgi.input_terminated", None)
        super().__init__(environ, populate_request, shallow)

    def _load_form_data(self) -> None:
        super()._load_form_data()
        form = self.__dict__.get("form")
        if form and any("\0" in text for pair in form.items(multi=True) for text in pair):
            clean = [(name.replace("\0", ""), text.replace("\0", "")) for name, text in form.items(multi=True)]
            self.__dict__["form"] = ImmutableMultiDict(clean)


def select_locale() -> str:
    """Return the language: what the person chose, else what the session chose, else Indonesian.

    A program says it with each request (RFC 9110, 12.5.4); one that does not is answered in its person's language.
    """
    if request.blueprint == authentication.PROGRAMS:
        asked = request.accept_languages.best_match(LOCALES)
        holder = g.get("holder")
        return asked or (holder.locale if holder is not None and holder.locale in LOCALES else "id")
    chosen = session.get("bahasa")
    if chosen in LOCALES:
        return str(chosen)
    found = g.get("signed_in")
    return found.person.locale if found is not None and found.person.locale in LOCALES else "id"


def _furnish(app: Flask, services: Services) -> None:
    """Give templates what every page uses."""
    dates = formatting.Dates(services.office.zone)
    built = Path(app.root_path) / "static" / DIST / "manifest.json"
    manifest: dict[str, str] = json.loads(built.read_text()) if built.is_file() else {}

    def asset(name: str) -> str:
        """Return the address of a built file by its plain name."""
        return url_for("static", filename=f"{DIST}/{manifest.get(name, name)}")

    def ledger() -> Ledger:
        """Return what says lines of history in words."""
        if "ledger" not in g:
            g.ledger = Ledger(dates)
        return cast(Ledger, g.ledger)

    app.jinja_env.globals["ledger"] = ledger
    app.jinja_env.filters.update(
        number=formatting.number,
        money=formatting.money,
        size=formatting.size,
        capped=formatting.capped,
        hash=formatting.hash_text,
        localised=formatting.localised,
        day=dates.day,
        typed_day=type_date,
        long=dates.long,
        short=dates.short,
        due=dates.due,
        clock=dates.clock,
        iso=dates.iso,
        from_iso=lambda text: dates.short(datetime.fromisoformat(text)),
        working=formatting.working,
        standard_time=formatting.standard_time,
        device=formatting.device,
    )

    @app.context_processor
    def furniture() -> dict[str, Any]:
        found = authentication.signed_in()
        ready = found is not None and not (found.person.must_change_password or authentication.must_enrol())
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
            "navigation": navigation.of(found.actor, request.path) if found and ready else (),
            "zone_name": dates.zone_name(),
        }
