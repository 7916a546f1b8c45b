"""A number is read as it was written, or the person is asked; it is never guessed."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.forms import numbers

DECIMALS = st.decimals(min_value=-(10**12), max_value=10**12, places=3, allow_nan=False, allow_infinity=False).map(
    lambda d: d.normalize() + 0
)
GRAMMAR = re.compile(r"[-−]?([0-9]{1,3}(\.[0-9]{3})*|[0-9]+)(,[0-9]+)?")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.234,56", "1234.56"),
        ("1234,56", "1234.56"),
        ("1,5", "1.5"),
        ("0", "0"),
        ("007", "7"),
        ("-3", "-3"),
        ("−3,25", "-3.25"),
        ("Rp1.000", "1000"),
        ("Rp 1.000.000,50", "1000000.50"),
        ("rp. 5", "5"),
        ("-Rp5", "-5"),
        (" 1 234 ", "1234"),
        ("1\u00a0234,5", "1234.5"),
        ("1\u202f234,5", "1234.5"),
        ("1.234.567", "1234567"),
    ],
)
def test_what_an_office_writes_is_read(text, value):
    assert numbers.read(text, decimals=False) == Decimal(value)


@pytest.mark.parametrize("text", ["", "  ", "\u00a0"])
def test_nothing_written_is_nothing_never_zero(text):
    assert numbers.read(text, decimals=True) is None


def test_a_lone_point_groups_in_money_and_is_asked_about_where_there_are_decimals():
    assert numbers.read("1.234", decimals=False) == 1234
    with pytest.raises(numbers.AmbiguousNumber) as asked:
        numbers.read("1.234", decimals=True)
    assert asked.value.readings == (Decimal(1234), Decimal("1.234"))


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("1.5", ("1.5", "15")),
        ("12.34", ("12.34", "1234")),
        ("1,234.56", ("1234.56",)),
        ("1,234,567", ("1234567",)),
        ("-1.5", ("-1.5", "-15")),
    ],
)
def test_another_use_of_the_point_is_asked_about(text, readings):
    for decimals in (True, False):
        with pytest.raises(numbers.AmbiguousNumber) as asked:
            numbers.read(text, decimals=decimals)
        assert asked.value.readings == tuple(map(Decimal, readings))


@pytest.mark.parametrize(
    "text",
    [
        "1e5",
        "NaN",
        "Infinity",
        "-",
        ",5",
        "1,",
        "1.",
        "١٢٣",
        "１２",
        "0x10",
        "1_000",
        "1,5,5",
        "1.23.456",
        "+1",
        "1" * 21,
    ],
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(numbers.NotANumber):
        numbers.read(text, decimals=True)


@given(DECIMALS, st.booleans())
def test_what_alur_writes_it_reads_back_or_asks(value, grouped):
    text = numbers.write(value, grouped=grouped)
    if grouped and text.count(".") == 1 and "," not in text:
        with pytest.raises(numbers.AmbiguousNumber) as asked:
            numbers.read(text, decimals=True)
        assert value in asked.value.readings
    else:
        assert numbers.read(text, decimals=True) == value
    assert numbers.read(text, decimals=False) == value


@given(st.text(alphabet="0123456789.,-− Rp\u00a0e", max_size=14), st.booleans())
def test_no_text_outside_the_grammar_is_ever_read_as_a_number(text, decimals):
    bare = re.sub(r"\s", "", text)
    bare = re.sub(r"^([-−]?)Rp\.?(?=[-−0-9])", r"\1", bare, flags=re.IGNORECASE)
    try:
        value = numbers.read(text, decimals=decimals)
    except (numbers.AmbiguousNumber, numbers.NotANumber):
        return
    assert (value is None) == (bare == "")
    assert value is None or GRAMMAR.fullmatch(bare)
