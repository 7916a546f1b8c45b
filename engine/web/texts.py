"""The translation functions, typed: Flask-Babel carries no types."""

from typing import Any, cast

import flask_babel


def gettext(text: str, **facts: Any) -> str:
    """Return *text* in the reader's language."""
    return cast(str, flask_babel.gettext(text, **facts))


def ngettext(one: str, many: str, num: int, **facts: Any) -> str:
    """Return the text for *num* things in the reader's language."""
    return cast(str, flask_babel.ngettext(one, many, num, **facts))


def npgettext(context: str, one: str, many: str, num: int) -> str:
    """Return the text for *num* things, as *context* means it."""
    return cast(str, flask_babel.npgettext(context, one, many, num))
