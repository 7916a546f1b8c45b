"""History's text is RFC 8785's, whoever writes it."""

from dataclasses import asdict
from datetime import UTC
from decimal import Decimal

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from engine.model.history import HistoryLine, canonical, plain

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), TEXTS, st.integers(), st.decimals(allow_nan=False, allow_infinity=False)),
    lambda below: st.one_of(st.lists(below, max_size=4), st.dictionaries(TEXTS, below, max_size=4)),
)


@given(value=VALUES)
def test_it_is_written_as_the_reference_writes_it(value):
    assert canonical(value) == rfc8785.dumps(plain(value)).decode()


@given(
    line=st.builds(
        HistoryLine,
        *(TEXTS, st.integers(1, 2**31), st.datetimes(timezones=st.just(UTC)), TEXTS),
        *[st.none() | TEXTS] * 2,
        TEXTS,
        *[st.none() | TEXTS] * 3,
        *[TEXTS] * 3,
    )
)
def test_a_whole_line_is_written_as_the_reference_writes_it(line):
    facts = asdict(line)
    del facts["hash"]
    assert line.hashed_text() == rfc8785.dumps(plain(facts)).decode()


@pytest.mark.parametrize("text", ['\x00\x1f\x7f\b\t\n\f\r"\\/', "Rp 1.000 – ‘cap’ \u2028", "\ufffd\U0001f5ce"])
def test_no_character_is_written_otherwise(text):
    assert canonical({text: text}) == rfc8785.dumps({text: text}).decode()


def test_keys_beyond_the_basic_plane_stand_where_the_standard_puts_them():
    assert canonical({"\ufffd": 1, "\U0001f5ce": 2}) == '{"\U0001f5ce":2,"\ufffd":1}'


def test_half_a_character_is_refused():
    with pytest.raises((ValueError, rfc8785.CanonicalizationError)):
        canonical({"nama": "\ud800"})


def test_numbers_are_written_in_full():
    assert canonical({"b": Decimal("1E+3"), "a": 2**60}) == '{"a":"1152921504606846976","b":"1000"}'
