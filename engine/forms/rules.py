"""JSON Schema 2020-12 with the office's values: numbers are Decimal, and each error stands at its own field.

The library reports ``required`` at the object and names the field only in an English sentence; here every error has the
path of its field, and messages are worded from keyword and field (engine.forms.messages).

Most forms that are sent hold, and saying so took the library a seventh of a whole completion. ``holds`` compiles the
keywords that forms use into plain checks; only what these do not vouch for is handed to the library, which names the
errors. Both run patterns by ``patterns`` and look for twins in one pass, so that no value takes long to be refused.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

from jsonschema import Draft202012Validator, TypeChecker, ValidationError, validators
from jsonschema.protocols import Validator

from engine.forms import patterns
from engine.model.bounds import alike


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


def _pattern(validator: Any, pattern: str, value: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    if not patterns.check(pattern, schema.get("maxLength"))(value):
        yield ValidationError("pattern")


def _unique_items(validator: Any, wanted: bool, value: Any, _: Any) -> Iterator[ValidationError]:
    if wanted and not _apart(value):
        yield ValidationError("uniqueItems")


def _apart(value: Any) -> bool:
    """Whether no two items are equal."""
    return not isinstance(value, list) or len({alike(item) for item in value}) == len(value)


RULES: Any = validators.extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    validators={"required": _required, "pattern": _pattern, "uniqueItems": _unique_items},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many({"number": _is_number, "integer": _is_integer}),
)


Check = Callable[[Any], bool]
_LIMITS = {"minimum": ge, "maximum": le, "exclusiveMinimum": gt, "exclusiveMaximum": lt}
SILENT = frozenset({"$schema", "$id", "$comment", "title", "description", "en", "format", "default", "readOnly"})
"""Keywords by which nothing is held against an instance."""


@dataclass(frozen=True)
class Rules:
    """What a form's values are held against."""

    validator: Validator
    hold: Check | None

    def errors(self, instance: Any) -> Iterator[ValidationError]:
        """Yield every error of *instance*."""
        if self.hold is None or not self.hold(instance):
            yield from self.validator.iter_errors(instance)


def rules_of(schema: Mapping[str, Any] | bool) -> Rules:
    """Return what holds instances against *schema*."""
    return Rules(validator_of(schema), holds(schema))


def validator_of(schema: Mapping[str, Any] | bool) -> Validator:
    """Return the library's validator of *schema*."""
    found: Validator = RULES(schema)
    return found


def check_of(schema: Mapping[str, Any] | bool) -> Check:
    """Return whether an instance holds against *schema*, whoever has to say it."""
    return holds(schema) or validator_of(schema).is_valid


def holds(schema: Mapping[str, Any] | bool) -> Check | None:
    """Return whether an instance holds against *schema*, as a check; None if the schema says what no check knows."""
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
    """Return the check of one keyword."""
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
            return lambda v: not _number(v) or fits(v, wanted)
        case "multipleOf" if not isinstance(wanted, float):
            return lambda v: not _number(v) or not v % wanted
        case "uniqueItems":
            return lambda v: not wanted or _apart(v)
        case "required":
            names = frozenset(wanted)
            return lambda v: not isinstance(v, dict) or v.keys() >= names
        case "oneOf" if all(isinstance(each, Mapping) and isinstance(each.get("const"), str) for each in wanted):
            constants = [each["const"] for each in wanted]  # an enumeration with a title for each
            return lambda v: isinstance(v, str) and constants.count(v) == 1
    return _nested_check(keyword, wanted, schema)


def _nested_check(keyword: str, wanted: Any, schema: Mapping[str, Any]) -> Check | None:
    """Return the check of a keyword that holds schemas."""
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


def _number(value: Any) -> bool:
    return _is_number(RULES.TYPE_CHECKER, value)


_TYPES: Mapping[str, Check] = {
    "string": lambda v: isinstance(v, str),
    "number": _number,
    "integer": lambda v: _is_integer(RULES.TYPE_CHECKER, v),
    "boolean": lambda v: isinstance(v, bool),
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
}


def faults_of_schema(schema: Any) -> list[ValidationError]:
    """Return what keeps *schema* from being a JSON Schema 2020-12."""
    return list(RULES(Draft202012Validator.META_SCHEMA).iter_errors(schema))
