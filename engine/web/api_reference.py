"""The page that explains the API to people, made from the document that programs read."""

from flask import current_app, render_template

from engine.web.access import Pages, anyone
from engine.web.api import openapi

pages = Pages("api_reference", __name__, url_prefix="/api")


@pages.get("", anyone)
def show() -> str:
    """Show every operation with what it takes and gives."""
    return render_template("api/reference.html", document=openapi.document(current_app))
