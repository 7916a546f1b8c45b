"""The office's figures reckoned a second time, from the rules of its domain research alone and with fractions.

Not a line of the product is used, so that where both agree the product does what the rules say: achievement (maksimal,
minimal in its two variants, range targets, targets of zero), quarters so far by the four methods, means of objectives
and of the office, budget absorption, efficiency, ratings. Values are Fraction until they are printed; None is "not yet
available" or "no target", never zero.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

SCALE = ((90, "Sangat Tinggi"), (75, "Tinggi"), (65, "Sedang"), (50, "Rendah"))
"""Permendagri 86/2017, without its holes: the first bound that the achievement exceeds."""


@dataclass(frozen=True)
class Indicator:
    """What the register, the performance agreement and the action plan say of one indicator."""

    code: str
    name: str
    unit: str
    objective: str
    programme: str
    holder: str  # the unit that holds its data
    minimise: bool
    variant: str
    method: str
    percent: bool
    decimals: int
    bounds: tuple[Fraction, Fraction] | None
    targets: tuple[Fraction | None, ...]  # of the four quarters


@dataclass(frozen=True)
class Entry:
    """What a holder hands in for one quarter; *spent* is the budget spent up to its end."""

    value: Fraction | None = None
    top: Fraction | None = None
    bottom: Fraction | None = None
    spent: Fraction | None = None


@dataclass(frozen=True)
class Line:
    """One row of a printed table: target, realisation and achievement as officials read them."""

    target: Fraction | None
    bounds: tuple[Fraction, Fraction] | None
    value: Decimal | None
    achieved: Decimal | None


def printed(value: Fraction | None, places: int = 2) -> Decimal | None:
    """Round half away from zero, as with a pencil."""
    if value is None:
        return None
    whole, rest = divmod(abs(value) * 10**places, 1)
    whole += rest >= Fraction(1, 2)
    return (Decimal(int(whole)) * (1 if value >= 0 else -1)).scaleb(-places)


def of_quarter(about: Indicator, number: int, entry: Entry) -> Line:
    """The quarter *number* by itself."""
    return _line(about, about.targets[number - 1], about.bounds, entry.value)


def so_far(about: Indicator, entries: Sequence[Entry]) -> Line:
    """The year up to the last of *entries*, by the indicator's method."""
    quarters = list(zip(about.targets, entries, strict=False))
    filled = [(target, entry) for target, entry in quarters if entry.value is not None]
    if not filled:
        nothing_counts = about.method == "akumulasi"
        return Line(None if nothing_counts else quarters[-1][0], None if nothing_counts else about.bounds, None, None)
    target, value, bounds = filled[-1][0], filled[-1][1].value, about.bounds
    match about.method:
        case "akumulasi":
            value = sum((entry.value for _, entry in filled), Fraction(0))
            known = [goal for goal, _ in filled if goal is not None]
            target = sum(known, Fraction(0)) if known else None
            bounds = bounds and (bounds[0] * len(filled), bounds[1] * len(filled))
        case "rasio_kumulatif":
            value = sum(entry.top for _, entry in filled) / sum(entry.bottom for _, entry in filled)
            value *= 100 if about.percent else 1
        case "rata_rata_tertimbang":
            weights = sum(entry.bottom for _, entry in filled)
            value = sum(entry.bottom * entry.value for _, entry in filled) / weights
    return _line(about, target, bounds, value)


def achievement(
    target: Fraction | None, value: Fraction, *, minimise: bool, variant: str, bounds: tuple[Fraction, Fraction] | None
) -> Fraction | None:
    """Percent of the target, exactly."""
    if bounds is not None:
        low, high = bounds
        if low <= value <= high:
            return Fraction(100)
        target = high if value > high else low
    if target is None:
        return None
    if not minimise:
        return None if target == 0 else value / target * 100
    if target == 0 or (variant == "B" and value == 0):
        return Fraction(100 if value == 0 else 0)
    if variant == "B":
        return target / value * 100
    return max(Fraction(0), (1 + (1 - value / target)) * 100)


def rating(line: Line) -> str:
    """What an achievement is called."""
    if line.achieved is None:
        without = "Target nol" if line.target == 0 else "Tidak ada target"
        return "Belum tersedia" if line.value is None else without
    return next((name for bound, name in SCALE if line.achieved > bound), "Sangat Rendah")


def mean(achieved: Iterable[Decimal | None]) -> tuple[Decimal | None, int, int]:
    """The mean of those that have a value, how many they are, and how many were left out."""
    every = list(achieved)
    counted = [Fraction(each) for each in every if each is not None]
    value = printed(sum(counted) / len(counted)) if counted else None
    return value, len(counted), len(every) - len(counted)


def absorption(spent: Fraction | None, ceiling: Fraction) -> Decimal | None:
    """Percent of a programme's budget that was spent."""
    return None if spent is None or ceiling == 0 else printed(spent / ceiling * 100)


def budget(
    abouts: Sequence[Indicator], entries: Mapping[str, Entry], achieved: Mapping[str, Decimal | None], ceiling: Fraction
) -> tuple[Fraction | None, Decimal | None, Decimal | None, Decimal | None]:
    """Of one programme with its indicators: spent, absorbed, mean achievement of the year so far, efficiency."""
    known = [entries[each.code].spent for each in abouts if entries[each.code].spent is not None]
    spent = sum(known, Fraction(0)) if known else None
    absorbed = absorption(spent, ceiling)
    value, _, _ = mean(achieved[each.code] for each in abouts)
    return spent, absorbed, value, None if value is None or absorbed is None else value - absorbed


def _line(
    about: Indicator, target: Fraction | None, bounds: tuple[Fraction, Fraction] | None, value: Fraction | None
) -> Line:
    """Realisation at the indicator's decimals first, the achievement of that, so that a calculator gives the same."""
    shown = printed(value, about.decimals)
    if shown is None:
        return Line(target, bounds, None, None)
    exact = achievement(target, Fraction(shown), minimise=about.minimise, variant=about.variant, bounds=bounds)
    return Line(target, bounds, shown, printed(exact))
