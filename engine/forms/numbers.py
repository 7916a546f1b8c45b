"""Numbers as people in an Indonesian office write them: points group thousands, a comma begins decimals.

Other texts with a point are not guessed: people choose between both readings.
"""

import re
from decimal import Decimal

WRITTEN = re.compile(r"[-−]?([0-9]{1,3}(\.[0-9]{3})*|[0-9]+)(,[0-9]+)?")
MOST_DIGITS = 20  # so that a quotient by 0.000001 fits decimal arithmetic

_ONE_POINT = re.compile(r"([-−]?)([0-9]+)\.([0-9]+)")
_ENGLISH = re.compile(r"([-−]?)([0-9]{1,3}(?:,[0-9]{3})+)(?:\.([0-9]+))?")
_DROPPED = re.compile("[\\s\u200b-\u200f\u2060\ufeff]+")  # spaces of any width, and marks that come with pasted texts
_CURRENCY = re.compile(r"^([-−]?)(?:Rp\.?)(?=[-−0-9])", re.IGNORECASE)


class NotANumber(ValueError):
    """The text is not a number."""


class AmbiguousNumber(ValueError):
    """The text is ambiguous or written in another country's way; *readings* are the candidates."""

    def __init__(self, readings: tuple[Decimal, ...]) -> None:
        super().__init__(", ".join(map(str, readings)))
        self.readings = readings


def read(text: str, *, decimals: bool) -> Decimal | None:
    """Return the number in *text*; None if the text is empty.

    Raises AmbiguousNumber if a point may group thousands or begin decimals, NotANumber if the text is not a number.
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


def write(value: Decimal, *, grouped: bool = True) -> str:
    """Return *value* as Indonesians write it, ``1.234,56``, with as many decimals as it has."""
    text = f"{abs(value):,f}" if grouped else f"{abs(value):f}"
    text = text.translate(str.maketrans(",.", ".,"))
    return ("-" if value < 0 else "") + text


def write_size(amount: int) -> str:
    """Return a size of *amount* bytes in MB, KB or B."""
    for unit, step in (("MB", 1024 * 1024), ("KB", 1024)):
        if amount >= step:
            return f"{write(round(Decimal(amount) / step, 1).normalize())} {unit}"
    return f"{amount} B"


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace("−", "-")) + 0  # adding 0 turns negative zero into zero


def _other_readings(bare: str) -> tuple[Decimal, ...]:
    """Return the readings of a text outside the grammar: "12.34" is 12,34 or 1234, "1,234.56" is 1234,56."""
    if found := _ONE_POINT.fullmatch(bare):
        sign, whole, rest = found.groups()
        return _decimal(f"{sign}{whole}.{rest}"), _decimal(f"{sign}{whole}{rest}")
    if found := _ENGLISH.fullmatch(bare):
        sign, whole, rest = found.groups()
        return (_decimal(f"{sign}{whole.replace(',', '')}.{rest or '0'}"),)
    return ()
