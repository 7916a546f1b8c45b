"""The operator's pages: how the machine is doing, and the office calendar."""

from datetime import date
from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response

from engine.model.errors import Conflict
from engine.model.people import OfficeRole
from engine.web import errors as wording
from engine.web import formatting
from engine.web.access import Pages, only
from engine.web.authentication import actor, now
from engine.web.services import services
from engine.web.texts import done, gettext

pages = Pages("operations", __name__)


@pages.get("/operasi", only(OfficeRole.OPERATOR))
def index() -> str:
    """Show health: version, database, worker, timers, disk, people signed in."""
    return render_template(
        "operations/index.html",
        health=services().operations.health(actor(), now()),
        check=services().checks.last(actor()),
        mail=services().mail.state(actor(), now()),
        undelivered=services().messages.undelivered(actor()),
    )


@pages.get("/pengaturan/kalender", only(OfficeRole.OPERATOR, OfficeRole.AUDITOR))
def calendar(*errors: str) -> str:
    """Show the office calendar."""
    value, revision = services().office.calendar_setting(actor())
    reckoned = services().office.calendar()
    year = request.args.get("tahun", type=int) or services().office.today(now()).year
    examples = [(text, reckoned.due(now(), text)) for text in ("PT15M", "P1D", "P2D")]
    days = {date.fromisoformat(day): name for day, name in value["holidays"].items() if day.startswith(f"{year}-")}
    return render_template(
        "operations/calendar.html",
        value=value,
        revision=revision,
        year=year,
        days=days,
        examples=examples,
        errors=errors,
        may_write=actor().has(OfficeRole.OPERATOR),
    )


@pages.post("/pengaturan/kalender", only(OfficeRole.OPERATOR))
def change_calendar() -> Response | tuple[str, int]:
    """Add or remove a day off, or choose what one day of an SOP means."""
    value, revision = services().office.calendar_setting(actor())
    changed: dict[str, Any] = {**value, "holidays": dict(value["holidays"])}
    form = request.form
    if form.get("_revisi", type=int) != revision:
        return calendar(gettext("Kalender baru saja diubah orang lain. Ini isi terbarunya.")), 409
    if form.get("_hapus"):
        changed["holidays"].pop(form["_hapus"], None)
    elif form.get("_arti"):
        changed["days_are_working"] = form["_arti"] == "kerja"
    else:
        day = formatting.read_day(form.get("tanggal"))
        if day is None:
            return calendar(gettext("Isi tanggal hari libur.")), 422
        name = " ".join(form.get("nama", "").split())[:120]
        if not name:
            return calendar(gettext("Isi nama hari libur.")), 422
        changed["holidays"][day.isoformat()] = name
    try:
        services().office.change_calendar(actor(), changed, revision, now())
    except Conflict as conflict:
        return calendar(wording.conflict_words(conflict)), 409
    return done(gettext("Kalender disimpan. Tenggat yang sudah ditetapkan tidak berubah."), "operations.calendar")


@pages.get("/pengaturan/kode-masuk", only(OfficeRole.OPERATOR, OfficeRole.AUDITOR))
def second_factor() -> str:
    """Show which roles must sign in with a code."""
    chosen, roles = services().accounts.second_factor_roles(), services().people.roles(now())
    return render_template("operations/second_factor.html", chosen=chosen, roles=roles)


@pages.post("/pengaturan/kode-masuk", only(OfficeRole.OPERATOR))
def ask_second_factor() -> Response:
    """Choose which roles must sign in with a code."""
    known = {view.role for view in services().people.roles(now())} | set(OfficeRole)
    services().accounts.ask_second_factor(actor(), known & set(request.form.getlist("peran")), now())
    said = gettext("Disimpan. Siapa yang belum memasang kode masuk, memasangnya saat masuk berikutnya.")
    return done(said, "operations.second_factor")
