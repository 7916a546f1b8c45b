"""Trying a deed again that another move of the same instance came in between."""

import random
import time as clock
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from engine.model.errors import Conflict

ATTEMPTS = 8
PAUSE_SECONDS = 0.02
Result = TypeVar("Result")
Given = ParamSpec("Given")


def retrying(attempt: Callable[[], Result]) -> Result:
    """Return what *attempt* gives, trying again while another move of the same instance came in between.

    The pause grows and is drawn by chance, so that two who collided do not collide again.
    """
    for tries in range(1, ATTEMPTS):
        try:
            return attempt()
        except Conflict as conflict:
            if conflict.reason != "stale":
                raise
            clock.sleep(random.uniform(0, PAUSE_SECONDS * tries))  # noqa: S311 - no secret
    return attempt()


def retried(deed: Callable[Given, Result]) -> Callable[Given, Result]:
    """Let a deed be tried again, all of it, while another move of the same instance came in between."""

    @wraps(deed)
    def tried(*given: Given.args, **named: Given.kwargs) -> Result:
        return retrying(lambda: deed(*given, **named))

    return tried
