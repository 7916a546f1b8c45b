"""The quick check of a form's rules says of every instance what the library says."""

import re
import time
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.forms import patterns
from engine.forms.rules import holds, rules_of, validator_of
from tests.forms.office import FORMS

TEXTS = st.sampled_from(["", "a", "ya", "lengkap", "2025-04-11", "x" * 40])
NUMBERS = st.one_of(st.integers(-3, 6), st.decimals("-3", "6", places=1))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), TEXTS, NUMBERS),
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(st.sampled_from("abc"), below, max_size=3)),
    max_leaves=6,
)
SMALL = [
    *({"type": kind} for kind in ("string", "number", "integer", "boolean", "object", "array")),
    {"const": "ya"},
    {"const": True},
    {"enum": ["a", "ya"]},
    {"minLength": 2, "maxLength": 7},
    {"pattern": "^[0-9-]+$"},
    {"minimum": 0, "maximum": 4},
    {"exclusiveMinimum": 0, "exclusiveMaximum": 4},
    {"multipleOf": Decimal("0.5")},
    {"minItems": 1, "maxItems": 2},
    {"oneOf": [{"const": "a", "title": "A"}, {"const": "ya"}]},
    {"required": ["a", "b"]},
    {"not": {"required": ["a"]}},
    {"type": "string", "format": "date", "x-check": [], "title": "Tanggal"},
]
LARGE = [
    *({"properties": {"a": small, "b": SMALL[0]}} for small in SMALL),
    *({"items": small} for small in SMALL),
    *({"allOf": [small, {"type": "string"}]} for small in SMALL),
    *({"if": small, "then": {"type": "string"}, "else": {"required": ["c"]}} for small in SMALL),
    {"items": {"type": "string"}, "uniqueItems": True},
]


@settings(max_examples=500)
@given(schema=st.sampled_from([*SMALL, *LARGE]), value=VALUES)
def test_both_are_of_one_opinion(schema, value):
    check = holds(schema)
    assert check is not None
    assert check(value) is bool(validator_of(schema).is_valid(value))


UNKNOWN = {"anyOf": [{"type": "string"}]}


@pytest.mark.parametrize(
    "schema",
    [
        UNKNOWN,
        {"properties": {"a": {"$ref": "#/$defs/x"}}},
        {"items": UNKNOWN},
        {"not": UNKNOWN},
        {"allOf": [{"type": "string"}, UNKNOWN]},
        {"if": {"type": "string"}, "then": UNKNOWN},
    ],
)
def test_what_it_does_not_know_is_left_to_the_library(schema):
    assert holds(schema) is None


def test_the_library_names_what_does_not_hold():
    rules = rules_of({"type": "object", "required": ["nomor"], "properties": {"nomor": {"type": "string"}}})
    assert list(rules.errors({"nomor": "7"})) == []
    assert [error.validator for error in rules.errors({})] == ["required"]


def test_every_form_of_the_sop_is_checked_quickly():
    assert all(form.rules.hold is not None for form in FORMS.values())


def seconds_of(act):
    began = time.thread_time()
    act()
    return time.thread_time() - began


@pytest.mark.parametrize("made", [holds, lambda schema: validator_of(schema).is_valid])
def test_a_pattern_takes_time_that_grows_with_the_text_alone(made):
    check = made({"type": "string", "pattern": "^(a+)+$"})
    assert seconds_of(lambda: check("a" * 15_000 + "!")) < 0.5
    assert check("a" * 15_000) is True
    assert check("a" * 15_000 + "!") is False


@pytest.mark.parametrize("made", [holds, lambda schema: validator_of(schema).is_valid])
@pytest.mark.parametrize(
    ("items", "unique"),
    [
        ([], True),
        (["a", "b", "a"], False),
        ([1, True, "1", None, False, 0], True),
        ([Decimal("1.0"), Decimal(1)], False),
        ([{"a": 1, "b": [2]}, {"b": [Decimal("2.00")], "a": 1}], False),
        ([{"a": 1}, {"a": "1"}, ["a", 1], []], True),
    ],
)
def test_unique_items_are_told_from_twins_as_json_tells_them(made, items, unique):
    assert made({"type": "array", "uniqueItems": True})(items) is unique
    assert made({"type": "array", "uniqueItems": False})(items) is True


@pytest.mark.parametrize("made", [holds, lambda schema: validator_of(schema).is_valid])
def test_a_long_list_is_looked_through_once_for_twins(made):
    check = made({"uniqueItems": True})
    rows = [{"kode": str(n)} for n in range(20_000)]
    assert seconds_of(lambda: check(rows)) < 5
    assert check([*rows, {"kode": "19999"}]) is False


@pytest.mark.parametrize("sign", "wds")
def test_classes_of_letters_digits_and_spaces_are_those_of_unicode(sign):
    ours, theirs = patterns.check(rf"^\{sign}$"), re.compile(rf"\{sign}").fullmatch
    for number in range(0x12000):
        if unicodedata.category(chr(number)) in ("Cn", "Cs"):  # not assigned yet, or half a pair
            continue
        assert ours(chr(number)) is (theirs(chr(number)) is not None), hex(number)


@pytest.mark.parametrize(
    "pattern",
    [
        "^[0-9]{3}(\\.[0-9]{1,2}){0,4}$",
        "surat",
        r"[^\d\s]+\W",
        r"^\D\S?$",
        "a{,2}b",
        r"[\[a]]|[]b]",
        r"\u00e9|\x41",
        r"^[\w .,-]+\Z",
        "(?i)^suratÉ",
    ],
)
@given(text=st.text(alphabet="a0é.É \u00a0[]AbB1,suratSURAT-", max_size=12))
def test_a_pattern_means_what_it_meant(pattern, text):
    assert patterns.check(pattern)(text) is (re.search(pattern, text) is not None)


def test_what_a_pattern_cannot_say_is_named_and_in_a_deployed_version_never_held_against_anybody():
    asked = {
        "(?<=a)b": "(?<= tidak dikenal",
        r"(a)\1": "\\1 tidak dikenal",
        "(?>a)": "(?> tidak dikenal",
        "a*+": "*+ tidak dikenal",
        "(a)(?(1)b|c)": "(?( tidak dikenal",
        "a{1001}": "{1001} tidak dikenal",
        r"\bsurat\b": "batas kata",
        r"[\W]": "kurung siku",
        r"^(\w{1,300}-){1,3}$": "terlalu besar",
        "a" * 501: "500 huruf",
    }
    for pattern, said in asked.items():
        with pytest.raises(patterns.Unsayable, match=re.escape(said)):
            patterns.compiled(pattern)
        assert patterns.check(pattern)("apa saja") is True


def test_a_large_pattern_is_for_short_texts():
    with pytest.raises(patterns.Unsayable, match="maxLength"):
        patterns.compiled(r"^\w{1,20}$")
    assert holds({"pattern": r"^\w{1,20}$", "maxLength": 20})("surat tugas") is False
    assert holds({"pattern": r"^\w{1,20}$", "maxLength": 20})("suratmasuk") is True
