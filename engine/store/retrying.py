"""Repeats an operation after a conflict with another move of the same instance."""

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
    """Return the result of *attempt*, which is repeated after Conflict("stale"), up to ATTEMPTS times.

    The random, growing pauses prevent further collisions.
    """
    for tries in range(1, ATTEMPTS):
        try:
            return attempt()
        except Conflict as conflict:
            if conflict.reason != "stale":
                raise
            clock.sleep(random.uniform(0, PAUSE_SECONDS * tries))  # noqa: S311 - not a secret
    return attempt()


def retried(deed: Callable[Given, Result]) -> Callable[Given, Result]:
    """Decorate a function to be repeated by :func:`retrying`."""

    @wraps(deed)
    def tried(*given: Given.args, **named: Given.kwargs) -> Result:
        return retrying(lambda: deed(*given, **named))

    return tried
