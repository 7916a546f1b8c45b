"""JSON Schema 2020-12 with the office's values: numbers are Decimal, and each error stands at its own field.

The library reports ``required`` at the object and names the field only in an English sentence; here every error has the
path of its field, and messages are worded from keyword and field (engine.forms.messages).
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from jsonschema import Draft202012Validator, TypeChecker, ValidationError, validators
from jsonschema.protocols import Validator


def _is_number(_: TypeChecker, value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) and not isinstance(value, bool)


def _is_integer(checker: TypeChecker, value: Any) -> bool:
    return _is_number(checker, value) and value == int(value)


def _required(validator: Any, names: Any, value: Any, _: Any) -> Iterator[ValidationError]:
    if isinstance(value, Mapping):
        for name in names:
            if name not in value:
                yield ValidationError("required", path=[name])


RULES: Any = validators.extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    validators={"required": _required},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many({"number": _is_number, "integer": _is_integer}),
)


def rules_of(schema: Mapping[str, Any] | bool) -> Validator:
    """Return what holds instances against *schema*."""
    found: Validator = RULES(schema)
    return found


def faults_of_schema(schema: Any) -> list[ValidationError]:
    """Return what keeps *schema* from being a JSON Schema 2020-12."""
    return list(RULES(Draft202012Validator.META_SCHEMA).iter_errors(schema))
