"""Limits on numbers and on the cost of evaluation.

Neither a signal nor the kernel can stop a single thread of a worker, so costly work is counted in *steps* before it is
done: nodes of an expression, items of a list, CPU time of a pattern. A busy machine does not change the count. The
outermost ``bounded`` sets the budget, for reading a form or moving an instance, and all expressions inside share it.
Code that cannot count steps runs in child processes, whose CPU time the kernel limits.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from time import thread_time_ns
from typing import Any

from engine.model.errors import FunctionFailed

LARGEST_EXPONENT = 100
LARGEST_BITS = 333  # of an int: about a hundred digits
MOST_STEPS = 20_000_000
STEP = 50  # nanoseconds, approximately
_left: ContextVar[list[int] | None] = ContextVar("steps", default=None)


class TooMuch(FunctionFailed):
    """The budget is spent. This is a fault of the procedure and never treated as a missing value."""

    def __init__(self) -> None:
        super().__init__("terlalu banyak yang dihitung sekaligus")


def admitted(value: Any) -> Any:
    """Return *value*; ValueError for a number that is not finite or has too many digits."""
    if isinstance(value, Decimal):
        fits = value.is_finite() and -LARGEST_EXPONENT <= value.adjusted() <= LARGEST_EXPONENT
    else:
        fits = not isinstance(value, int) or value.bit_length() <= LARGEST_BITS
    if not fits:
        raise ValueError("angka di luar jangkauan")
    return value


@contextmanager
def bounded(steps: int = MOST_STEPS) -> Iterator[None]:
    """Set a budget of *steps* for everything inside, unless an outer budget is in force."""
    if _left.get() is not None:
        yield
        return
    token = _left.set([steps])
    try:
        yield
    finally:
        _left.reset(token)


def spend(steps: int) -> bool:
    """Take *steps* from the budget, and return whether there is one; TooMuch if it is exhausted."""
    left = _left.get()
    if left is None:
        return False
    left[0] -= steps
    if left[0] < 0:
        raise TooMuch
    return True


def timed(check: Callable[[Any], bool], value: Any) -> bool:
    """Return the result of *check* on *value*; its CPU time counts as steps."""
    began = thread_time_ns()
    found = bool(check(value))
    spend((thread_time_ns() - began) // STEP)
    return found


def alike(value: Any) -> Hashable:
    """Return a hashable that is equal for equal values, to find duplicates in one pass. Hashes of texts are salted."""
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
