"""Logs JSON lines to stderr. They never contain form data."""

import logging
import sys
from contextlib import suppress
from typing import Any

import structlog

PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    structlog.processors.JSONRenderer(),
]
"""One list for all calls of ``configure``, since a logger keeps the list that it was created with."""


def configure() -> None:
    """Send every log line as JSON to stderr."""
    structlog.configure(
        processors=PROCESSORS,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_Log,
        cache_logger_on_first_use=True,
    )


class _Log(structlog.PrintLogger):
    """Drops lines that cannot be written, so that a full disk does not fail requests."""

    def __init__(self, *name: Any) -> None:
        super().__init__(sys.stderr)

    def msg(self, message: str) -> None:
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = error = critical = exception = fatal = failure = err = msg
