"""The auditor's pages over all instances: where to look first, every line, whether the record is unchanged."""

from flask import render_template

from engine.model.history import Action
from engine.model.people import OfficeRole
from engine.service.histories import RETURNED
from engine.web.access import Pages, only
from engine.web.identity import actor, asked_page, now
from engine.web.instances import history_filter
from engine.web.services import services

pages = Pages("audit", __name__, url_prefix="/audit")


@pages.get("", only(OfficeRole.AUDITOR))
def index() -> str:
    """Show where to look first."""
    overdue = services().instances.list(actor(), now(), overdue=True)
    recent = services().instances.list(actor(), now())
    return render_template("audit/index.html", overdue=overdue, recent=recent)


@pages.get("/jejak", only(OfficeRole.AUDITOR, OfficeRole.OPERATOR))
def trail() -> str:
    """Show every line of history, newest first."""
    narrowed = history_filter()
    timeline = services().histories.everything(actor(), narrowed, page=asked_page())
    actions = [RETURNED, *Action]
    return render_template("audit/trail.html", timeline=timeline, narrowed=narrowed, actions=actions)


@pages.get("/keutuhan", only(OfficeRole.AUDITOR, OfficeRole.OPERATOR))
def integrity() -> str:
    """Compute every hash of every stream again, now."""
    return render_template("audit/integrity.html", report=services().histories.verify(actor()))
