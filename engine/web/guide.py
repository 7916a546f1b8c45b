"""The guide for people of the office, and the part of it that explains a page; ``frontend/guide.py`` builds both."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from flask import abort, current_app, redirect, render_template, request
from werkzeug.wrappers import Response

from engine.web.access import Pages, anyone, personally
from engine.web.authentication import actor, signed_in
from engine.web.sign_in import KNOWN_SECONDS, safe_path

pages = Pages("guide", __name__, url_prefix="/panduan")
DISMISSED = "alur-panduan"  # a cookie: who of this browser has hidden the first deeds
MOST_KNOWN = 20


@cache
def written() -> dict[str, Any]:
    """Return the built guide: ``chapters``, and by endpoint where its help stands, ``pages``."""
    built = Path(__file__).parent / "static" / "dist" / "panduan.json"
    found: dict[str, Any] = json.loads(built.read_text()) if built.is_file() else {"chapters": [], "pages": {}}
    return found


def first_deeds() -> bool:
    """Whether this page tells what to do first: home, until somebody hides it."""
    here = request.endpoint == "sign_in.home" and signed_in() is not None
    return here and actor().person_id not in request.cookies.get(DISMISSED, "").split()


@pages.get("", anyone)
@pages.get("/<chapter>", anyone)
def show(chapter: str | None = None) -> str:
    """Show a chapter, the first one unless it is named."""
    chapters = written()["chapters"]
    found = next((each for each in chapters if chapter in (None, each["name"])), None) or abort(404)
    return render_template("guide.html", chapters=chapters, chapter=found)


@pages.post("/mengerti", personally)
def dismiss() -> Response:
    """Hide what to do first, for this person in this browser."""
    response = redirect(safe_path(request.form.get("lanjut")) or "/", 303)
    known = [actor().person_id, *request.cookies.get(DISMISSED, "").split()][:MOST_KNOWN]
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.set_cookie(DISMISSED, " ".join(known), KNOWN_SECONDS, secure=secure, httponly=True, samesite="Lax")
    return response
