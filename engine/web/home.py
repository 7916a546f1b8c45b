"""Where one begins: what is to be done today, what is late and with whom, what one started."""

from flask import g, redirect, render_template, url_for
from werkzeug.wrappers import Response

from engine.service.work.instances import InstanceFilter
from engine.web.access import personally
from engine.web.authentication import actor, now
from engine.web.services import services
from engine.web.sign_in import pages as sign_in_pages

FEW = 5


@sign_in_pages.get("/", personally)
def home() -> str | Response:
    """Show what somebody's roles have to do with today; who has none is led to their account."""
    by, at = actor(), now()
    if not by.roles:
        return redirect(url_for("account.show"), 303)
    inbox = services().inbox.page(by, at)
    g.open_tasks = inbox.counts["now"]  # what the navigation says too
    begun = services().instances.list(by, at, InstanceFilter(started_by=by.person_id, running=True), limit=FEW)
    return render_template(
        "home.html",
        inbox=inbox,
        few=FEW,
        late=services().inbox.late(by, at),
        begun=begun,
        startable=services().starts.startable(by),
        incidents=services().incidents.count_open() if by.has("operator") else 0,
    )
