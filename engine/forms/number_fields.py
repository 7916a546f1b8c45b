"""Number fields: how people and programs write their values, and how they are shown."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from engine.forms import handling, numbers, rules
from engine.forms.field import Field, Kind
from engine.forms.handling import Handling, Known, Samples, Unfit, _
from engine.model.bounds import admitted

if TYPE_CHECKING:
    from engine.forms.submission import Surroundings

_JSON_NUMBER = re.compile(r"-?[0-9]{1,100}(\.[0-9]{1,100})?")
_MILLION = Decimal(1_000_000)


def asks_about_points(field: Field) -> bool:
    """Whether "1.234" is ambiguous in *field*: it takes decimals, and is not an amount of money."""
    step = field.schema.get("multipleOf")
    return field.kind not in (Kind.INTEGER, Kind.MONEY) and (step is None or step != int(step))


def _parse_number(field: Field, text: str, around: "Surroundings") -> Decimal | None:
    try:
        return numbers.read(text, decimals=asks_about_points(field))
    except numbers.AmbiguousNumber as error:
        readings = [r for r in error.readings if field.kind is not Kind.INTEGER or r == int(r)]
    choices = tuple((numbers.write(r, grouped=False), numbers.write(r)) for r in readings)
    match [shown for _, shown in choices]:
        case [first, second]:
            said = _("maksud Anda %(first)s atau %(second)s? Titik memisahkan ribuan, koma memulai desimal.")
            raise Unfit("ambiguous", said, choices=choices, first=first, second=second)
        case [reading]:
            said = _("maksud Anda %(reading)s? Tulis dengan koma untuk desimal.")
            raise Unfit("ambiguous", said, choices=choices, reading=reading)
    raise ValueError(text)


def _write_number(field: Field, value: Any) -> str:
    """Group thousands, except where the text would be ambiguous when it is posted again, and in years."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return handling.write(field, value)
    number = Decimal(value)
    plain = asks_about_points(field) and number == int(number) and abs(number) < _MILLION
    return numbers.write(number, grouped=field.grouped and not plain)


def _typed_number(field: Field, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"{value!r} is no number")
    if Decimal(admitted(value)).adjusted() >= numbers.MOST_DIGITS:
        raise ValueError("a number too large for a field")
    return Decimal(value)


def _post_number(field: Field, value: Any) -> list[str]:
    if isinstance(value, str):
        return [_write_number(field, Decimal(value)) if _JSON_NUMBER.fullmatch(value) else value]
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"{value!r} is no number")
    return [_write_number(field, Decimal(value))]


def _show_number(field: Field, value: Any, known: Known) -> str:
    written = numbers.write(Decimal(value), grouped=field.grouped)
    return f"{written} {field.unit.of(known.locale)}" if field.unit else written


def _echo_money(value: Decimal, locale: str) -> str:
    for step, word in ((_MILLION**2, "triliun"), (_MILLION * 1000, "miliar"), (_MILLION, "juta")):
        if abs(value) >= step:
            rounded = numbers.write((value / step).quantize(Decimal("0.01")).normalize())
            return f"Rp{numbers.write(value)} ({rounded} {word})"
    return numbers.write(value)


def _sample_number(field: Field, samples: Samples, path: str) -> Decimal:
    ends = [Decimal(field.schema[end]) for end in ("minimum", "maximum") if end in field.schema]
    fits = rules.check_of(field.schema)
    fitting = [number for number in dict.fromkeys([*samples.numbers, *ends]) if fits(number)]
    return Decimal(samples.choose(fitting or ends or samples.numbers, path))


def _decimals(field: Field) -> int:
    step: Any = field.schema.get("multipleOf")
    return max(0, -int(Decimal(str(step if step is not None else "0.01")).normalize().as_tuple().exponent))


NUMBER = Handling(
    lacking=_("isi angkanya."),
    unreadable=_("bukan angka; tulis misalnya 1.234,56."),
    options=frozenset({"unit"}),
    parse=_parse_number,
    write=_write_number,
    typed=_typed_number,
    decode=lambda field, item: Decimal(item),
    post=_post_number,
    show=_show_number,
    echo=lambda value, locale: numbers.write(value),
    sample=_sample_number,
    stand_in=Decimal(0),
    sheet="number",
    decimals=_decimals,
)
INTEGER = replace(
    NUMBER,
    unreadable=_("bukan bilangan bulat; tulis misalnya 2025."),
    echo=lambda value, locale: "",
    decimals=lambda field: 0,
)
MONEY = replace(
    NUMBER,
    widget=("money", Kind.NUMBER),
    show=lambda field, value, known: f"Rp{numbers.write(Decimal(value), grouped=field.grouped)}",
    echo=_echo_money,
    sheet="money",
    decimals=lambda field: 0,
)
PERCENT = replace(
    NUMBER,
    widget=("percent", Kind.NUMBER),
    parse=lambda field, text, around: _parse_number(field, text.strip().removesuffix("%"), around),
    show=lambda field, value, known: f"{numbers.write(Decimal(value), grouped=field.grouped)}%",
    sheet="percent",
)
