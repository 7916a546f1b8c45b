"""Bounds on what people write and Alur computes: how large a number may be, how much one evaluation may cost.

A web or job worker serves others while it evaluates, and neither a signal nor the kernel can stop one thread, so what
costs more than a moment is counted in *steps* before it is done: the nodes of an expression, the items of a list, the
time of a pattern. Steps are the same on a busy machine. The budget is the outermost ``bounded``: a form that is read
or a move of an instance, so that many expressions together get no more than one.
Code that is not ours to count in steps runs in children, whose CPU time the kernel limits.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from time import thread_time_ns
from typing import Any

from engine.model.errors import FunctionFailed

LARGEST_EXPONENT = 100
LARGEST_BITS = 333  # of an int: as many digits
MOST_STEPS = 20_000_000
STEP = 50  # nanoseconds, about
_left: ContextVar[list[int] | None] = ContextVar("steps", default=None)


class TooMuch(FunctionFailed):
    """The budget is spent. The procedure is at fault, so nothing goes on as if a value were merely missing."""

    def __init__(self) -> None:
        super().__init__("terlalu banyak yang dihitung sekaligus")


def admitted(value: Any) -> Any:
    """Return *value*; ValueError for a number that is not finite, or too long to be written out in digits."""
    if isinstance(value, Decimal):
        fits = value.is_finite() and -LARGEST_EXPONENT <= value.adjusted() <= LARGEST_EXPONENT
    else:
        fits = not isinstance(value, int) or value.bit_length() <= LARGEST_BITS
    if not fits:
        raise ValueError("angka di luar jangkauan")
    return value


@contextmanager
def bounded(steps: int = MOST_STEPS) -> Iterator[None]:
    """Let all that is computed inside take *steps* together; inside of another budget, that one holds."""
    if _left.get() is not None:
        yield
        return
    token = _left.set([steps])
    try:
        yield
    finally:
        _left.reset(token)


def spend(steps: int) -> bool:
    """Take *steps* from the budget, and return whether one holds; TooMuch if they are not there."""
    left = _left.get()
    if left is None:
        return False
    left[0] -= steps
    if left[0] < 0:
        raise TooMuch
    return True


def timed(check: Callable[[Any], bool], value: Any) -> bool:
    """Return what *check* says of *value*; its CPU time is spent as steps."""
    began = thread_time_ns()
    found = bool(check(value))
    spend((thread_time_ns() - began) // STEP)
    return found


def alike(value: Any) -> Hashable:
    """Return what is equal for equal values, so that twins are found in one pass; nobody can aim the hash of a text."""
    match value:
        case bool() | None | str():
            return value
        case int() | Decimal():
            return "number", str((Decimal(value) + 0).normalize())
        case Mapping():
            return "fields", frozenset((key, alike(item)) for key, item in value.items())
        case list() | tuple():
            return "items", tuple(map(alike, value))
    return value  # type: ignore[no-any-return]
