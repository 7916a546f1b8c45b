"""How much of a step's standard time is used, in the office's working time."""

from datetime import datetime

from engine.model.calendar import OfficeCalendar
from engine.model.work import Clock, ClockState, TaskRecord

DUE_SOON_PERCENT = 75


def clock_of(task: TaskRecord, calendar: OfficeCalendar, now: datetime) -> Clock:
    """Return the clock of an open task at *now*, or of a completed one at its completion."""
    at = task.completed_at or now
    open_now = calendar.is_open(at)
    opens_at = None if open_now else calendar.next_opening(at)
    if task.due_at is None:
        return Clock(ClockState.NONE, None, None, 0, 0, 0, 0, opens_at, None, at)
    whole = calendar.working_seconds(task.created_at, task.due_at)
    left = calendar.working_seconds(at, task.due_at)
    over = calendar.working_seconds(task.due_at, at)
    used = calendar.working_seconds(task.created_at, at)
    share = used * 100 // whole if whole else (100 if at >= task.due_at else 0)
    if task.late(now):
        state = ClockState.OVERDUE
    elif not open_now and task.completed_at is None:
        state = ClockState.PAUSED
    elif share >= DUE_SOON_PERCENT:
        state = ClockState.DUE_SOON
    else:
        state = ClockState.ON_TIME
    first_due_at = task.first_due_at if task.first_due_at != task.due_at else None
    return Clock(
        state=state,
        due_at=task.due_at,
        first_due_at=first_due_at,
        share=share,
        left_seconds=left,
        overdue_seconds=over,
        day_seconds=calendar.day_seconds(task.due_at),
        opens_at=opens_at,
        standard_time=task.standard_time,
        now=at,
    )
