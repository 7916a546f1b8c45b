"""Filters of lists in an address: read by one rule for all lists, and refused with a reason where that fails."""

from typing import NoReturn

from flask import abort, make_response, request

from engine.web import errors, formatting
from engine.web.texts import gettext

LONGEST = 200  # letters


def asked_text(name: str) -> str:
    """Return the text of a filter; one that is too long is refused, since half of it would find something else."""
    text = request.args.get(name, "").strip()
    if len(text) > LONGEST:
        _refuse(gettext("Saringan “%(name)s” terlalu panjang: paling banyak %(n)d huruf.", name=name, n=LONGEST))
    return text


def asked_days() -> formatting.AskedDays:
    """Return the days "dari" and "sampai"; an unreadable one is refused, since the list would look narrowed."""
    days = formatting.asked_days(request.args.get("dari"), request.args.get("sampai"))
    if days.faults:
        _refuse(" ".join(days.faults))
    return days


def _refuse(why: str) -> NoReturn:
    abort(make_response(errors.page(422, reason=why)))
