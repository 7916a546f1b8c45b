"""The operator's page of reminders: when the people of a lane are reminded, and who hears of what is late."""

from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response

from engine.model.errors import Conflict, InvalidForm
from engine.model.people import OfficeRole
from engine.service.telling.reminders import USUAL
from engine.web import errors as wording
from engine.web.access import Pages, only
from engine.web.authentication import actor, now
from engine.web.services import services
from engine.web.texts import done, gettext

pages = Pages("reminders", __name__, url_prefix="/pengaturan/pengingat")


@pages.get("", only(OfficeRole.OPERATOR, OfficeRole.AUDITOR))
def show(*errors: str) -> str:
    """Show how the people of each lane are reminded."""
    value, revision = services().reminders.setting(actor())
    lanes = services().people.roles(now())
    rows = [(lane, {**USUAL, **value.get(lane.role, {})}) for lane in lanes]
    return render_template("operations/reminders.html", rows=rows, lanes=lanes, revision=revision, errors=errors)


@pages.post("", only(OfficeRole.OPERATOR))
def change() -> Response | tuple[str, int]:
    """Write how the people of each lane are reminded."""
    lanes, form = [lane.role for lane in services().people.roles(now())], request.form
    value: dict[str, dict[str, Any]] = {}
    for role in lanes:
        passed_to, after = form.get(f"peran-{role}", ""), form.get(f"sesudah-{role}", type=int) or 0
        value[role] = {
            "percent": form.get(f"persen-{role}", -1, type=int),
            "role": passed_to if passed_to in lanes else "",
            "after": f"P{after}D" if after > 0 else "",
        }
    try:
        services().reminders.change(actor(), value, form.get("_revisi", 0, type=int), now())
    except Conflict as conflict:
        return show(wording.conflict_words(conflict)), 409
    except InvalidForm:
        return show(gettext("Persen antara 0 dan 99; hari kerja sesudahnya paling banyak 999.")), 422
    return done(gettext("Pengingat disimpan; berlaku juga untuk tugas yang sedang terbuka."), "reminders.show")
