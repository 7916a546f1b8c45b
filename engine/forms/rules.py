"""Validation by JSON Schema 2020-12, with numbers as Decimal and every error at its own field.

The library reports ``required`` at the object and names the field only in an English sentence. Here every error has
the path of its field, and ``messages`` words it.

Most submissions are valid, and the library took a seventh of completing a task to find that. ``holds`` compiles the
keywords that forms use into plain checks; the library validates what these refuse and names the errors. Both use
``patterns``, and find duplicates in one pass, so that no value takes long to validate.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any

from engine.forms import patterns
from engine.model.bounds import alike

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator


def is_number(value: Any) -> bool:
    """Whether a value is a number of a form."""
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) and not isinstance(value, bool)


def is_integer(value: Any) -> bool:
    """Whether a value is a whole number of a form."""
    return is_number(value) and value == int(value)


def apart(value: Any) -> bool:
    """Whether no two items of a list are equal."""
    return not isinstance(value, list) or len({alike(item) for item in value}) == len(value)


Check = Callable[[Any], bool]
_LIMITS = {"minimum": ge, "maximum": le, "exclusiveMinimum": gt, "exclusiveMaximum": lt}
SILENT = frozenset({"$schema", "$id", "$comment", "title", "description", "en", "format", "default", "readOnly"})
"""Keywords that validate nothing."""


@dataclass(frozen=True)
class Rules:
    """Validates the values of a form."""

    schema: Mapping[str, Any] | bool
    hold: Check | None

    @cached_property
    def validator(self) -> "Validator":
        """The library's validator, which names the errors."""
        return validator_of(self.schema)

    def errors(self, instance: Any) -> Iterator["ValidationError"]:
        """Yield every error of *instance*."""
        if self.hold is None or not self.hold(instance):
            yield from self.validator.iter_errors(instance)


def rules_of(schema: Mapping[str, Any] | bool) -> Rules:
    """Return the rules of *schema*."""
    return Rules(schema, holds(schema))


def validator_of(schema: Mapping[str, Any] | bool) -> "Validator":
    """Return the library's validator of *schema*."""
    from engine.forms.json_schema import RULES  # noqa: PLC0415 - a twentieth of a start, of no use to forms that hold

    found: Validator = RULES(schema)
    return found


def check_of(schema: Mapping[str, Any] | bool) -> Check:
    """Return a check of whether an instance is valid: compiled if possible, else the library's."""
    return holds(schema) or validator_of(schema).is_valid


def holds(schema: Mapping[str, Any] | bool) -> Check | None:
    """Return *schema* compiled into a check; None if it has a keyword that cannot be compiled."""
    if isinstance(schema, bool):
        return lambda _: schema
    checks = []
    for keyword, wanted in schema.items():
        if keyword in SILENT or keyword.startswith("x-") or keyword in ("then", "else"):
            continue
        made = _check(keyword, wanted, schema)
        if made is None:
            return None
        checks.append(made)
    return _every(checks)


def _every(checks: Sequence[Check]) -> Check:
    return checks[0] if len(checks) == 1 else lambda value: all(check(value) for check in checks)


def _check(keyword: str, wanted: Any, schema: Mapping[str, Any]) -> Check | None:
    match keyword:
        case "type":
            return _TYPES.get(wanted) if isinstance(wanted, str) else None
        case "const" if isinstance(wanted, str | bool):
            return lambda v: type(v) is type(wanted) and v == wanted
        case "enum" if all(isinstance(each, str) for each in wanted):
            return lambda v: isinstance(v, str) and v in wanted
        case "minLength" | "maxLength" | "minItems" | "maxItems":
            kind, holds = (str if keyword.endswith("Length") else list), (ge if keyword.startswith("min") else le)
            return lambda v: not isinstance(v, kind) or holds(len(v), wanted)
        case "pattern":
            return patterns.check(wanted, schema.get("maxLength"))
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            fits = _LIMITS[keyword]
            return lambda v: not is_number(v) or fits(v, wanted)
        case "multipleOf" if not isinstance(wanted, float):
            return lambda v: not is_number(v) or not v % wanted
        case "uniqueItems":
            return lambda v: not wanted or apart(v)
        case "required":
            names = frozenset(wanted)
            return lambda v: not isinstance(v, dict) or v.keys() >= names
        case "oneOf" if all(isinstance(each, Mapping) and isinstance(each.get("const"), str) for each in wanted):
            constants = [each["const"] for each in wanted]  # an enumeration with a title for each
            return lambda v: isinstance(v, str) and constants.count(v) == 1
    return _nested_check(keyword, wanted, schema)


def _nested_check(keyword: str, wanted: Any, schema: Mapping[str, Any]) -> Check | None:
    match keyword:
        case "properties":
            below = {name: check for name, each in wanted.items() if (check := holds(each)) is not None}
            if len(below) == len(wanted):
                return lambda v: (
                    not isinstance(v, dict) or all(check(v[name]) for name, check in below.items() if name in v)
                )
        case "items":
            item = holds(wanted)
            if item is not None:
                return lambda v: not isinstance(v, list) or all(item(each) for each in v)
        case "not":
            inner = holds(wanted)
            if inner is not None:
                return lambda v: not inner(v)
        case "allOf":
            every = [check for each in wanted if (check := holds(each)) is not None]
            if len(every) == len(wanted):
                return _every(every)
        case "if":
            asked, then, otherwise = holds(wanted), holds(schema.get("then", True)), holds(schema.get("else", True))
            if asked is not None and then is not None and otherwise is not None:
                return lambda v: then(v) if asked(v) else otherwise(v)
    return None


_TYPES: Mapping[str, Check] = {
    "string": lambda v: isinstance(v, str),
    "number": is_number,
    "integer": is_integer,
    "boolean": lambda v: isinstance(v, bool),
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
}


def faults_of_schema(schema: Any) -> list["ValidationError"]:
    """Return the errors of *schema* as a JSON Schema 2020-12."""
    meta: Mapping[str, Any] = validator_of(True).META_SCHEMA
    return list(validator_of(meta).iter_errors(schema))
