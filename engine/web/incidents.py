"""The pages of incidents: what raised, why, and trying again."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.model.history import Action
from engine.model.people import OfficeRole
from engine.web.access import Pages, only
from engine.web.authentication import actor, asked_page, now
from engine.web.readings import reading
from engine.web.services import services
from engine.web.texts import gettext

pages = Pages("incidents", __name__, url_prefix="/insiden")


@pages.get("", only(OfficeRole.OPERATOR, OfficeRole.AUDITOR))
def index() -> str:
    """Show incidents, newest first."""
    status = None if request.args.get("semua") else "open"
    page = asked_page()
    found, more = services().incidents.list(actor(), status, page)
    return render_template(
        "incidents/index.html",
        unbuilt=services().archives.failed(actor()),
        found=found,
        names=services().incidents.names(found),
        more=more,
        page=page,
        all=status is None,
    )


@pages.get("/<incident_id>", only(OfficeRole.OPERATOR, OfficeRole.AUDITOR))
def show(incident_id: str) -> str:
    """Show one incident."""
    view = services().incidents.view(actor(), incident_id)
    reading(Action.INCIDENT_READ, incident=incident_id, instance=view.record.instance_id)
    return render_template("incidents/show.html", view=view, may_retry=actor().has(OfficeRole.OPERATOR))


@pages.post("/<incident_id>/coba", only(OfficeRole.OPERATOR))
def retry(incident_id: str) -> Response:
    """Run the element again."""
    if services().incidents.retry(actor(), incident_id, now()):
        flash(gettext("Berhasil. Pelaksanaan berjalan lagi."), "success")
    else:
        flash(
            gettext("Masih gagal. Sebab terakhir tertulis di bawah; bagian lain pelaksanaan tidak tersentuh."), "danger"
        )
    return redirect(url_for("incidents.show", incident_id=incident_id), 303)
