"""The quick check of a form's rules says of every instance what the library says."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


@pytest.mark.parametrize("schema", [{"anyOf": [{"type": "string"}]}, {"properties": {"a": {"$ref": "#/$defs/x"}}}])
def test_what_it_does_not_know_is_left_to_the_library(schema):
    assert holds(schema) is None


def test_the_library_names_what_does_not_hold():
    rules = rules_of({"type": "object", "required": ["nomor"], "properties": {"nomor": {"type": "string"}}})
    assert list(rules.errors({"nomor": "7"})) == []
    assert [error.validator for error in rules.errors({})] == ["required"]


def test_every_form_of_the_sop_is_checked_quickly():
    assert all(form.rules.hold is not None for form in FORMS.values())
