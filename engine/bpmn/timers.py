"""Timer events with the clock as a parameter.

SpiffWorkflow asks the machine for the time. Here a move is computed for one instant, so that tests, repetitions after a
conflict and sweeps after an outage are reproducible. ``moment`` sets the instant and the host functions for a thread.

The text of a timer is ISO 8601 (``PT1H``, ``2025-04-14T09:00``, ``R3/PT10H``), or an expression whose value is such a
text, a date, an instant or a duration.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from reprlib import repr as brief
from typing import Any
from zoneinfo import ZoneInfo

from SpiffWorkflow.bpmn.specs.event_definitions.timer import (
    CycleTimerEventDefinition,
    DurationTimerEventDefinition,
    TimeDateEventDefinition,
    TimerEventDefinition,
)

from engine.model.bounds import bounded

Functions = Mapping[str, Callable[..., Any]]
ISO_8601 = re.compile(r"P[\dYMWDTHS.]+|R\d*/.+|\d{4}-\d{2}-\d{2}([T ][\d:.]+(Z|[+-]\d{2}:?\d{2})?)?")
LENGTH = re.compile(
    r"P(\d{1,4}[YM]|\d{1,7}[WD]|\d{1,4}[.,]\d{1,9}[YMWD])*(T[\d.,HMS]{1,20})?", re.IGNORECASE | re.ASCII
)
"""Durations that upstream computes fast: it iterates over months."""
ZONE = ZoneInfo("Asia/Jakarta")
"""The zone of dates and times without one."""

_NOW: ContextVar[datetime] = ContextVar("now")
_FUNCTIONS: ContextVar[Functions] = ContextVar("functions")


@contextmanager
def moment(now: datetime, functions: Functions) -> Iterator[None]:
    """Let the engine compute for the instant *now* with the host *functions*."""
    at, with_ = _NOW.set(now), _FUNCTIONS.set(functions)
    try:
        with bounded():
            yield
    finally:
        _NOW.reset(at)
        _FUNCTIONS.reset(with_)


def current() -> datetime:
    """Return the instant of the current move."""
    return _NOW.get()


def host_functions() -> Functions:
    """Return the host functions of the current move."""
    return _FUNCTIONS.get({})


def is_literal(text: str) -> bool:
    """Whether *text* is ISO 8601 rather than an expression."""
    return ISO_8601.fullmatch(text.strip()) is not None


def _evaluated(definition: TimerEventDefinition, task: Any) -> Any:
    return task.workflow.script_engine.evaluate(task, definition.expression)


def _instant(value: Any) -> datetime:
    match value:
        case datetime():
            found = value
        case date():
            found = datetime.combine(value, time(), ZONE)
        case str():
            found = datetime.fromisoformat(value)
        case _:
            raise ValueError(f"{brief(value)} bukan tanggal")
    return (found if found.tzinfo else found.replace(tzinfo=ZONE)).astimezone(UTC)


def _length(value: Any, start: datetime) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not LENGTH.fullmatch(value):
        raise ValueError(f"{brief(value)} bukan lama waktu")
    found = TimerEventDefinition.get_timedelta_from_start(TimerEventDefinition.parse_iso_duration(value), start)
    return timedelta(seconds=found.total_seconds())


def _due(task: Any, compute: Callable[[], datetime]) -> bool:
    """Compute and store the due instant the first time; return whether it has come."""
    if task._get_internal_data("event_value") is None:
        task._set_internal_data(event_value=compute().isoformat())
    if datetime.fromisoformat(task._get_internal_data("event_value")) <= current():
        task._set_internal_data(event_fired=True)
    return bool(task._get_internal_data("event_fired", False))


class ClockedDate(TimeDateEventDefinition):  # type: ignore[misc]
    """Fires at an instant."""

    def has_fired(self, my_task: Any) -> bool:
        """Whether the instant has come."""
        return _due(my_task, lambda: _instant(_evaluated(self, my_task)))


class ClockedDuration(DurationTimerEventDefinition):  # type: ignore[misc]
    """Fires some time after it began to wait, or at an instant if its expression gives one."""

    def has_fired(self, my_task: Any) -> bool:
        """Whether the time has passed."""

        def due() -> datetime:
            value = _evaluated(self, my_task)
            return _instant(value) if isinstance(value, date) else current() + _length(value, current())

        return _due(my_task, due)


class ClockedCycle(TimerEventDefinition):  # type: ignore[misc]
    """Fires repeatedly: ``R3/PT10H``, ``R/2025-01-01T08:00/P1D``.

    Each occurrence is a task of its own; the next one begins with the value of ``following``. In upstream, the tasks
    after each occurrence are children of the waiting event and are cancelled with it.
    """

    def has_fired(self, my_task: Any) -> bool:
        """Whether the next occurrence has come."""
        value = my_task._get_internal_data("event_value")
        if value is None:
            cycles, start, every = self._cycle(str(_evaluated(self, my_task)))
            value = {"cycles": cycles, "next": start.isoformat(), "duration": int(every.total_seconds())}
            my_task._set_internal_data(event_value=value)
        return value["cycles"] != 0 and datetime.fromisoformat(value["next"]) <= current()

    def following(self, my_task: Any) -> dict[str, Any] | None:
        """Return the internal value of the next occurrence; None if there is none."""
        value = my_task._get_internal_data("event_value")
        if value["cycles"] == 1:
            return None
        after = datetime.fromisoformat(value["next"]) + timedelta(seconds=value["duration"])
        return {**value, "next": after.isoformat(), "cycles": value["cycles"] - (value["cycles"] > 0)}

    def _cycle(self, text: str) -> tuple[int, datetime, timedelta]:
        repeats, *parts = text.upper().removeprefix("R").split("/")
        cycles = int(repeats) if repeats else -1
        if len(parts) == 1:
            every = _length(parts[0], current())
            return cycles, current() + every, every
        first, second = parts
        if first.startswith("P"):
            raise ValueError("siklus dengan waktu akhir tidak didukung; tulis R<n>/<mulai>/<lama>")
        start = _instant(first)
        return cycles, start, _length(second, start)


CLOCKED = {
    TimeDateEventDefinition: ClockedDate,
    DurationTimerEventDefinition: ClockedDuration,
    CycleTimerEventDefinition: ClockedCycle,
}


def due_of(task: Any) -> datetime | None:
    """Return the instant at which a waiting timer fires; None for other tasks, and after the last occurrence."""
    value = task.internal_data.get("event_value")
    if isinstance(value, dict):
        return datetime.fromisoformat(value["next"]) if value.get("cycles") else None
    if isinstance(value, str) and not task.internal_data.get("event_fired"):
        return datetime.fromisoformat(value)
    return None
