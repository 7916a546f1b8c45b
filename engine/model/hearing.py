"""Passes the lines of a stream to its testimony, in order."""

from typing import Any

from engine.model import instance_deeds, office_deeds
from engine.model.testimony import MOVING, Line, Testimony

MOVERS = frozenset({"instance:started", "task:completed", "timer:fired", "message:received", "incident:retried"})
"""Actions that move an instance. The tasks that a move opens, cancels or ends have its instant and its actor."""
DEEDS = instance_deeds.DEEDS | office_deeds.DEEDS


def hear(told: Testimony, line: Line, change: Any) -> None:
    """Process a line with its decoded change; KeyError, TypeError or AttributeError if its shape is wrong."""
    if told.last is None:
        told.tells_tasks = line.format > 1
    told.last, told.seq = line, line.seq
    if line.name is not None:
        told.called[line.name] = line.actor
    if line.action in MOVERS:
        told.mover = line.actor
        told.deeds |= {line.at, f"{line.at} {line.actor}"}
        told.say("instance", told.id, {"status": MOVING})
    if deed := DEEDS.get(line.action):
        deed(told, line, change)
