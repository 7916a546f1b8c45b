"""The library's validators of JSON Schema 2020-12. They agree with ``rules``, and name each error."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators

from engine.forms import patterns
from engine.forms.rules import apart, is_integer, is_number


def _required(validator: Any, names: Any, value: Any, _: Any) -> Iterator[ValidationError]:
    if isinstance(value, Mapping):
        for name in names:
            if name not in value:
                yield ValidationError("required", path=[name])


def _pattern(validator: Any, pattern: str, value: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    if not patterns.check(pattern, schema.get("maxLength"))(value):
        yield ValidationError("pattern")


def _unique_items(validator: Any, wanted: bool, value: Any, _: Any) -> Iterator[ValidationError]:
    if wanted and not apart(value):
        yield ValidationError("uniqueItems")


RULES: Any = validators.extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    validators={"required": _required, "pattern": _pattern, "uniqueItems": _unique_items},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"number": lambda _, value: is_number(value), "integer": lambda _, value: is_integer(value)}
    ),
)
