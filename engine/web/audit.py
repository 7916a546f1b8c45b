"""The auditor's pages over all instances: where to look first, every line, whether the record is unchanged."""

from flask import make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from engine.model.history import Action
from engine.model.people import OfficeRole
from engine.service.history.timelines import READ
from engine.service.work.instances import InstanceFilter
from engine.web.access import Pages, only
from engine.web.authentication import actor, asked_page, now
from engine.web.instances import history_filter
from engine.web.services import services

pages = Pages("audit", __name__, url_prefix="/audit")


@pages.get("", only(OfficeRole.AUDITOR))
def index() -> str:
    """Show where to look first."""
    overdue = services().instances.list(actor(), now(), InstanceFilter(overdue_at=now(), sort="due"))
    recent = services().instances.list(actor(), now())
    check = services().checks.last(actor())
    return render_template("audit/index.html", overdue=overdue, recent=recent, check=check)


@pages.get("/jejak", only(OfficeRole.AUDITOR, OfficeRole.OPERATOR))
def trail() -> str:
    """Show every line of history, newest first."""
    narrowed = history_filter()
    timeline = services().histories.everything(actor(), narrowed, page=asked_page())
    return render_template("audit/trail.html", timeline=timeline, narrowed=narrowed, actions=[READ, *Action])


@pages.get("/keutuhan", only(OfficeRole.AUDITOR, OfficeRole.OPERATOR))
def integrity() -> Response:
    """Show what the last check of every chain found, and how far one is that runs."""
    check = services().checks.last(actor())
    blamed = services().histories.blamed(check.report.faults if check.report else ())
    page = make_response(render_template("audit/integrity.html", check=check, blamed=blamed))
    if check.asked:
        page.headers["Refresh"] = "5"  # seconds
    return page


@pages.post("/keutuhan", only(OfficeRole.AUDITOR, OfficeRole.OPERATOR))
def check() -> Response:
    """Have every hash of every chain computed again; the worker does it."""
    services().checks.ask(actor(), now())
    return redirect(url_for("audit.integrity"), 303)
