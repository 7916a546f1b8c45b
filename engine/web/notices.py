"""Everybody's own notices: the count in the bell, the list, and where each leads."""

from datetime import UTC, datetime
from itertools import groupby

from flask import Response as Answer
from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.model.errors import InvalidForm
from engine.model.notices import OF_TASKS, Kind, Notice
from engine.service.people.accounts import SignInRefused
from engine.service.people.attempts import SignInThrottled
from engine.service.telling.kinds import KINDS
from engine.web.access import Pages, anyone, by_itself, personally
from engine.web.authentication import actor, asked_page, now, seal, unseal
from engine.web.mail import address_words
from engine.web.services import dates, services
from engine.web.sign_in import retyped, retyped_words
from engine.web.texts import done, gettext

ADDRESS = "surel"  # what a link seals that shows whose an address is
pages = Pages("notices", __name__, url_prefix="/pemberitahuan")


@pages.get("", personally)
def index() -> str:
    """Show what one was told, newest first, by day."""
    page = asked_page()
    found, more = services().notices.list(actor(), page)
    undo = request.args.get("dibaca", type=_instant)
    days = [(day, list(those)) for day, those in groupby(found, lambda told: dates().local(told.notice.at).date())]
    return render_template("notices/index.html", days=days, more=more, page=page, undo=undo)


@pages.get("/jumlah", by_itself)
def count() -> Response:
    """Answer a page that asks how much is new; nothing, as long as nothing is."""
    found = services().notices.unread(actor())
    last = found.last.isoformat() if found.last else ""
    answer = Answer(f'{{"count": {found.count}}}', mimetype="application/json")
    answer.set_etag(f"{found.count} {last}")
    return answer.make_conditional(request)


@pages.get("/<notification_id>", personally)
def show(notification_id: str) -> Response:
    """Go where a notice leads; it is read."""
    return redirect(_leads(services().notices.open(actor(), notification_id, now())), 303)


@pages.post("/dibaca", personally)
def read_all() -> Response:
    """Note that one read everything."""
    read = services().notices.read_all(actor(), now())
    return redirect(url_for("notices.index", dibaca=now().isoformat() if read else None), 303)


@pages.post("/urungkan", personally)
def unread_again() -> Response:
    """Take back that one read everything."""
    at = _instant(request.form.get("dibaca", ""))
    services().notices.unread_again(actor(), at, now())
    return redirect(url_for("notices.index"), 303)


@pages.get("/cara", personally)
def ways(*errors: str) -> str:
    """Show where one is told, and by which way of what."""
    reach = services().reaching.of(actor(), actor().person_id)
    has_feed = services().feeds.has(actor())
    facts = {"reach": reach, "kinds": KINDS, "has_feed": has_feed, "mail_on": services().mail.on()}
    return render_template("notices/ways.html", errors=errors, **facts)


@pages.post("/cara", personally)
def choose() -> Response:
    """Choose by which way each kind comes."""
    services().reaching.choose(actor(), request.form, now())
    return done(gettext("Pilihan disimpan."), "notices.ways")


@pages.post("/alamat", personally)
def ask_address() -> Response | tuple[str, int]:
    """Send a letter to an address, by which whose it is shows that; an open browser alone moves no address."""
    services().accounts.confirm(actor(), retyped(), now(), with_code=True)
    address = request.form.get("surel", "").strip()
    sealed = seal(actor().person_id, ADDRESS, {"alamat": [address]})
    public = services().mail.public_url  # and no name that a visitor gives this machine
    link = public + url_for("notices.ask_confirmed", sealed=sealed, _external=not public)
    try:
        services().reaching.ask(actor(), address, link, now())
    except InvalidForm as invalid:
        return ways(*map(address_words, invalid.errors)), 422
    return done(gettext("Surel dikirim ke %(to)s. Buka tautan di dalamnya dalam 24 jam.", to=address), "notices.ways")


@pages.get("/alamat/<sealed>", personally)
def ask_confirmed(sealed: str) -> str:
    """Ask whose link it is whether the address is theirs."""
    return render_template("notices/confirm.html", address=_address_in(sealed))


@pages.post("/alamat/<sealed>", personally)
def confirm_address(sealed: str) -> Response | tuple[str, int]:
    """Take an address into use."""
    if not (address := _address_in(sealed)):
        return ask_confirmed(sealed), 422
    services().reaching.set_address(actor(), actor().person_id, address, now())
    return done(gettext("Alamat surel dipakai mulai sekarang."), "notices.ways")


@pages.post("/alamat/hapus", personally)
def drop_address() -> Response:
    """Have no address any more."""
    services().accounts.confirm(actor(), retyped(), now(), with_code=True)
    services().reaching.set_address(actor(), actor().person_id, "", now())
    return done(gettext("Alamat surel dihapus."), "notices.ways")


@pages.errorhandler(SignInRefused)
@pages.errorhandler(SignInThrottled)
def unproven(refusal: Exception) -> tuple[str, int]:
    """Show the page again whose password, or the code beside it, was wrong."""
    message, status = retyped_words(refusal)
    return ways(message), status


@pages.post("/kalender", personally)
def renew_feed() -> str | Response:
    """Give oneself a new address of the calendar, shown this once, or none."""
    none = bool(request.form.get("hapus"))
    secret = services().feeds.renew(actor(), now(), none=none)
    if none:
        return done(gettext("Alamat kalender dihapus."), "notices.ways")
    return render_template("notices/feed.html", address=url_for("notices.feed", secret=secret, _external=True))


@pages.get("/kalender/<secret>.ics", anyone)
def feed(secret: str) -> Response:
    """Give the calendar at a secret address to whatever subscribes to it."""
    answer = Answer(services().feeds.of(secret, now()), mimetype="text/calendar")
    answer.add_etag()
    return answer.make_conditional(request)


def _address_in(sealed: str) -> str:
    path, held = unseal(sealed, actor().person_id) or ("", {})
    return held["alamat"][0] if path == ADDRESS else ""


def _instant(text: str) -> datetime:
    """Return an instant that an address says; one at which nothing happened, if it says none."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime(1, 1, 2, tzinfo=UTC)


def _leads(notice: Notice) -> str:
    match notice.kind:
        case Kind.INCIDENT:
            return url_for("incidents.show", incident_id=notice.subject)
        case Kind.MENTIONED:
            return url_for("instances.comments", instance_id=notice.instance_id)
        case Kind.SUBSTITUTE:
            return url_for("absences.show", person_id=actor().person_id)
        case Kind.MESSAGE:
            return url_for("operations.index")
        case Kind.MEND if not notice.over:
            return url_for("document_tasks.mend", document_id=notice.subject)
        case Kind.ARCHIVE if not notice.over:
            return url_for("archives.ask_place", instance_id=notice.instance_id)
        case Kind.APPROVE | Kind.MEND | Kind.SIGNED:
            return url_for("documents.show", document_id=notice.subject)
        case kind if kind in OF_TASKS and kind is not Kind.ESCALATED and not notice.over:
            return url_for("tasks.show", task_id=notice.subject)
    return url_for("instances.show", instance_id=notice.instance_id)
