"""Numbers as people in an Indonesian office write them: a point groups thousands, a comma begins decimals.

One grammar decides (design section 5). Anything else that has a point is not guessed: both readings are offered.
"""

import re
from decimal import Decimal

WRITTEN = re.compile(r"[-−]?([0-9]{1,3}(\.[0-9]{3})*|[0-9]+)(,[0-9]+)?")
MOST_DIGITS = 20  # a quotient by 0.000001 still fits decimal arithmetic

_ONE_POINT = re.compile(r"([-−]?)([0-9]+)\.([0-9]+)")
_ENGLISH = re.compile(r"([-−]?)([0-9]{1,3}(?:,[0-9]{3})+)(?:\.([0-9]+))?")
_DROPPED = re.compile(
    "[\\s\u200b-\u200f\u2060\ufeff]+"
)  # no-break and thin spaces are spaces too; marks come with pasting
_CURRENCY = re.compile(r"^([-−]?)(?:Rp\.?)(?=[-−0-9])", re.IGNORECASE)


class NotANumber(ValueError):
    """The text is no number at all."""


class AmbiguousNumber(ValueError):
    """The text has two readings, or one that was written in another country's way; *readings* are the candidates."""

    def __init__(self, readings: tuple[Decimal, ...]) -> None:
        super().__init__(", ".join(map(str, readings)))
        self.readings = readings


def read(text: str, *, decimals: bool) -> Decimal | None:
    """Return the number that *text* writes, None if nothing is written.

    Raises AmbiguousNumber with both readings where a point could group or begin decimals, NotANumber otherwise.
    """
    bare = _CURRENCY.sub(r"\1", _DROPPED.sub("", text))
    if not bare:
        return None
    if sum(letter.isdigit() for letter in bare) > MOST_DIGITS:
        raise NotANumber(text)
    if WRITTEN.fullmatch(bare):
        value = _decimal(bare.replace(".", "").replace(",", "."))
        if decimals and bare.count(".") == 1 and "," not in bare:
            raise AmbiguousNumber((value, _decimal(bare)))
        return value
    readings = _other_readings(bare)
    if readings:
        raise AmbiguousNumber(readings)
    raise NotANumber(text)


def write(value: Decimal, places: int | None = None, *, grouped: bool = True) -> str:
    """Return *value* in Indonesian: ``1.234,56``; with *places* decimals, else as many as it has."""
    if places is not None:
        value = round(value, places)
    text = f"{abs(value):,f}" if grouped else f"{abs(value):f}"
    text = text.translate(str.maketrans(",.", ".,"))
    return ("-" if value < 0 else "") + text


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace("−", "-")) + 0  # the sum knows no negative zero


def _other_readings(bare: str) -> tuple[Decimal, ...]:
    """Return what a text outside the grammar may have meant: "12.34" is 12,34 or 1234, "1,234.56" is 1234,56."""
    if found := _ONE_POINT.fullmatch(bare):
        sign, whole, rest = found.groups()
        return _decimal(f"{sign}{whole}.{rest}"), _decimal(f"{sign}{whole}{rest}")
    if found := _ENGLISH.fullmatch(bare):
        sign, whole, rest = found.groups()
        return (_decimal(f"{sign}{whole.replace(',', '')}.{rest or '0'}"),)
    return ()
