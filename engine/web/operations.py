"""The operator's pages: how the machine is doing, and the office calendar."""

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.model.errors import Conflict
from engine.model.people import OfficeRole
from engine.web import errors as wording
from engine.web import formatting
from engine.web.access import Pages, only
from engine.web.authentication import actor, now
from engine.web.services import services
from engine.web.texts import gettext

pages = Pages("operations", __name__)


@pages.get("/operasi", only(OfficeRole.OPERATOR))
def index() -> str:
    """Show health: version, database, worker, timers, disk, people signed in."""
    return render_template(
        "operations/index.html",
        health=services().operations.health(actor(), now()),
        check=services().checks.last(actor()),
        undelivered=services().messages.undelivered(actor()),
    )


@pages.get("/pengaturan/kalender", only(OfficeRole.OPERATOR, OfficeRole.AUDITOR))
def calendar() -> str:
    """Show the office calendar."""
    return _calendar_page()


@pages.post("/pengaturan/kalender", only(OfficeRole.OPERATOR))
def change_calendar() -> Response | tuple[str, int]:
    """Add or remove a day off, or choose what one day of an SOP means."""
    value, revision = services().office.calendar_setting(actor())
    changed: dict[str, Any] = {**value, "holidays": dict(value["holidays"])}
    form = request.form
    if form.get("_revisi", type=int) != revision:
        return _calendar_page(gettext("Kalender baru saja diubah orang lain. Ini isi terbarunya.")), 409
    if form.get("_hapus"):
        changed["holidays"].pop(form["_hapus"], None)
    elif form.get("_arti"):
        changed["days_are_working"] = form["_arti"] == "kerja"
    else:
        day = formatting.read_day(form.get("tanggal"))
        if day is None:
            return _calendar_page(gettext("Isi tanggal hari libur.")), 422
        name = " ".join(form.get("nama", "").split())[:120]
        if not name:
            return _calendar_page(gettext("Isi nama hari libur.")), 422
        changed["holidays"][day.isoformat()] = name
    try:
        services().office.change_calendar(actor(), changed, revision, now())
    except Conflict as conflict:
        return _calendar_page(wording.conflict_words(conflict)), 409
    flash(gettext("Kalender disimpan. Tenggat yang sudah ditetapkan tidak berubah."), "success")
    return redirect(url_for("operations.calendar"), 303)


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
    flash(gettext("Disimpan. Siapa yang belum memasang kode masuk, memasangnya saat masuk berikutnya."), "success")
    return redirect(url_for("operations.second_factor"), 303)


def _calendar_page(error: str | None = None) -> str:
    value, revision = services().office.calendar_setting(actor())
    calendar = services().office.calendar()
    year = request.args.get("tahun", type=int) or services().office.today(now()).year
    examples = [(text, calendar.due(now(), text)) for text in ("PT15M", "P1D", "P2D")]
    days = {date.fromisoformat(day): name for day, name in value["holidays"].items() if day.startswith(f"{year}-")}
    return render_template(
        "operations/calendar.html",
        value=value,
        revision=revision,
        year=year,
        days=days,
        examples=examples,
        errors=(error,) if error else (),
        may_write=actor().has(OfficeRole.OPERATOR),
    )
