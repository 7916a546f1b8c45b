"""The translation functions, typed, as Flask-Babel carries no types; and what is said once something was done."""

from typing import Any, cast

import flask_babel
from flask import flash, redirect, url_for
from werkzeug.wrappers import Response


def gettext(text: str, **facts: Any) -> str:
    """Return *text* in the reader's language."""
    return cast(str, flask_babel.gettext(text, **facts))


def ngettext(one: str, many: str, num: int, **facts: Any) -> str:
    """Return the text for *num* things in the reader's language."""
    return cast(str, flask_babel.ngettext(one, many, num, **facts))


def npgettext(context: str, one: str, many: str, num: int) -> str:
    """Return the text for *num* things, as *context* means it."""
    return cast(str, flask_babel.npgettext(context, one, many, num))


def done(said: str, endpoint: str, **where: Any) -> Response:
    """Redirect to a page that says what was done."""
    flash(said, "success")
    return redirect(url_for(endpoint, **where), 303)
