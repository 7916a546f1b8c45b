"""The services of the application that answers a request, and dates in the office's zone."""

from typing import cast

from flask import current_app

from engine.service.services import Services
from engine.web.formatting import Dates


def services() -> Services:
    """Return the services of the application that answers this request."""
    return cast(Services, current_app.extensions["alur"])


def dates() -> Dates:
    """Return the writer of dates and hours in the office's zone."""
    return Dates(services().office.zone)
