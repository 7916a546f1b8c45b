"""The page of the search box in the bar above: what somebody may see with all words in it, by kind."""

from flask import render_template, request

from engine.web.access import Pages, signed_in
from engine.web.asked import asked_text
from engine.web.authentication import actor, asked_page
from engine.web.services import services

pages = Pages("finding", __name__)


@pages.get("/cari", signed_in)
def show() -> str:
    """Show the first few of each kind, or one kind page by page."""
    text, kind, page = asked_text("q"), request.args.get("jenis", ""), asked_page()
    found = services().finding.find(actor(), text, kind, page)
    return render_template("finding.html", found=found, asked=text, kind=kind, page=page)
