"""One's own page: roles, language, sessions."""

from flask import Blueprint, flash, redirect, render_template, session, url_for
from werkzeug.wrappers import Response

from engine.web.access import signed_in
from engine.web.identity import actor, now
from engine.web.services import services
from engine.web.texts import gettext

pages = Blueprint("account", __name__, url_prefix="/akun")


@pages.get("")
@signed_in
def show() -> str:
    """Show one's roles, language and open sessions."""
    roles = {view.role: view for view in services().people.roles(now())}
    return render_template(
        "account.html",
        person=services().people.person(actor(), actor().person_id),
        roles=roles,
        sessions=services().accounts.sessions(actor()),
        today=services().office.today(now()),
    )


@pages.post("/keluar-semua")
@signed_in
def sign_out_everywhere() -> Response:
    """End every session, this one too."""
    services().accounts.sign_out_everywhere(actor(), now())
    session.clear()
    flash(gettext("Semua sesi Anda sudah ditutup."), "success")
    return redirect(url_for("sign_in.sign_in"), 303)
