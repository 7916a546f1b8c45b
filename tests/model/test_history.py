"""History's text is RFC 8785's, whoever writes it."""

import hashlib
import json
import re
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from engine.model.history import HistoryLine, canonical, commitment, genesis, plain

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), TEXTS, st.integers(), st.decimals(allow_nan=False, allow_infinity=False)),
    lambda below: st.one_of(st.lists(below, max_size=4), st.dictionaries(TEXTS, below, max_size=4)),
)


@given(value=VALUES)
def test_it_is_written_as_the_reference_writes_it(value):
    assert canonical(value) == rfc8785.dumps(plain(value)).decode()


def lines(form: int, *later: st.SearchStrategy):
    """Lines of one format, with what only later ones say."""
    return st.builds(
        HistoryLine,
        *(TEXTS, st.integers(1, 2**31), st.datetimes(timezones=st.just(UTC)), TEXTS),
        *later,
        *[st.none() | TEXTS] * 2,
        TEXTS,
        *[st.none() | TEXTS] * 3,
        TEXTS,
        st.just(form),
        *[TEXTS] * 2,
    )


@given(line=lines(1, st.none(), st.none()) | lines(2, st.none() | TEXTS, st.none() | TEXTS))
def test_a_whole_line_is_written_as_the_reference_writes_it(line):
    facts = asdict(line)
    del facts["hash"], facts["called"]
    if line.format == 1:
        del facts["format"], facts["name"], facts["capacity"]
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


class Said(str):
    """A text of a library."""


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Said("surat"), '"surat"'),
        (timedelta(hours=1, seconds=5), '"PT3605S"'),
        (MappingProxyType({"a": (1, date(2025, 4, 15))}), '{"a":[1,"2025-04-15"]}'),
        (datetime(2025, 4, 15, 9, tzinfo=timezone(timedelta(hours=7))), '"2025-04-15T02:00:00.000000Z"'),
    ],
)
def test_what_a_line_may_hold_is_written_in_one_way(value, written):
    assert canonical(value) == written


@pytest.mark.parametrize(
    "value", [Decimal("NaN"), Decimal("Infinity"), datetime.fromisoformat("2025-04-15"), {1, 2}, object()]
)
def test_what_could_be_read_in_two_ways_is_in_no_line(value):
    with pytest.raises(TypeError):
        canonical({"nilai": value})


RIWAYAT = Path(__file__).parents[2] / "docs" / "riwayat.md"


def test_the_vectors_that_are_published_hold_with_nothing_of_ours():
    found = re.findall(r"```json\n(.+)\n```\n`([0-9a-f]{64})`", RIWAYAT.read_text())
    assert len(found) == 7
    assert [hashlib.sha256(text.encode()).hexdigest() for text, _ in found] == [hashed for _, hashed in found]
    said = [json.loads(text) for text, _ in found]
    hashes = [hashed for _, hashed in found]
    for line in (said[0], *said[3:]):
        facts = {**line, "at": datetime.fromisoformat(line["at"]), "hash": "", "format": line.get("format", 1)}
        read = HistoryLine(**{"name": None, "capacity": None, **facts})
        assert read.computed_hash() == hashes[said.index(line)]
    assert (said[3]["name"], said[3]["previous_hash"], said[4]["previous_hash"]) == (hashes[1], hashes[2], hashes[3])
    assert said[5]["previous_hash"] == hashes[4]
    assert said[6]["previous_hash"] == genesis(said[2]["installation"], said[6]["stream"])
    assert commitment(said[1]["salt"], said[1]["value"]) == hashes[1]
    assert genesis(said[2]["installation"], said[2]["stream"]) == hashes[2]
