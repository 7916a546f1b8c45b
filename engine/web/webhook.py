"""The operator's page of the webhook, with a test call and what was set aside."""

from flask import render_template, request
from werkzeug.wrappers import Response

from engine.model.errors import Conflict, InvalidForm
from engine.model.people import OfficeRole
from engine.service.telling.kinds import KINDS
from engine.web import errors as wording
from engine.web.access import Pages, only
from engine.web.authentication import actor, now
from engine.web.services import services
from engine.web.texts import done, gettext, ngettext

pages = Pages("webhook", __name__, url_prefix="/pengaturan/webhook")


@pages.get("", only(OfficeRole.OPERATOR, OfficeRole.AUDITOR))
def show(*errors: str, secret: str | None = None) -> str:
    """Show the address, of what it hears, and how calls do; a new *secret* this once."""
    value, revision = services().webhook.setting(actor())
    state = services().webhook.state(actor(), now())
    facts = {"revision": revision, "state": state, "kinds": KINDS, "errors": errors, "secret": secret}
    return render_template("operations/webhook.html", value=value, **facts)


@pages.post("", only(OfficeRole.OPERATOR))
def change() -> str | Response | tuple[str, int]:
    """Write the address, and of what it hears."""
    form = request.form
    value = {"on": bool(form.get("on")), "url": form.get("url", "").strip()[:500], "kinds": form.getlist("kinds")}
    try:
        secret = services().webhook.change(actor(), value, form.get("_revisi", 0, type=int), now())
    except Conflict as conflict:
        return show(wording.conflict_words(conflict)), 409
    except InvalidForm:
        return show(gettext("Alamat webhook diawali https:// dan tidak memuat nama pengguna.")), 422
    return show(secret=secret) if secret else done(gettext("Webhook disimpan."), "webhook.show")


@pages.post("/rahasia", only(OfficeRole.OPERATOR))
def renew() -> str:
    """Give a new secret, shown this once."""
    return show(secret=services().webhook.renew(actor(), now()))


@pages.post("/uji", only(OfficeRole.OPERATOR))
def test() -> Response | tuple[str, int]:
    """Make a test call."""
    try:
        services().webhook.test(actor(), now())
    except InvalidForm as invalid:
        return show(gettext("Tidak terkirim: %(said)s", said=invalid.errors[0].message)), 422
    return done(gettext("Penerima menjawab uji dengan baik."), "webhook.show")


@pages.post("/ulang", only(OfficeRole.OPERATOR))
def again() -> Response:
    """Make calls that were set aside once more."""
    count = services().webhook.again(actor(), now())
    return done(ngettext("%(num)d dikirim lagi.", "%(num)d dikirim lagi.", count), "webhook.show")
