"""What a program sends for a form, as what a person would have posted: JSON by field becomes texts by path.

A program says a number as JSON does, with a point for decimals, as a number or as text; a person writes it as the
office does. The field knows which of both it is asked to read, so that "1.234" of a program is never a thousand. All
else of a form's rules is held afterwards, against the texts, by the one reading that pages use too.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.forms import messages
from engine.forms.field import MANY, NUMERIC, Field, Kind
from engine.forms.messages import Gettext
from engine.forms.values import CHECKED, typing
from engine.model.errors import FieldError

_JSON_NUMBER = re.compile(r"-?[0-9]{1,100}(\.[0-9]{1,100})?")


@dataclass
class Posting:
    """One form's JSON, being read: *entries* by path, and an error for each name or type that does not fit."""

    locale: str
    gettext: Gettext
    entries: dict[str, list[str]] = field(default_factory=dict)
    errors: list[FieldError] = field(default_factory=list)

    def post(self, fields: Iterable[Field], values: Mapping[str, Any], path: str = "", key: str | None = None) -> None:
        """Add the *values* of *fields* below *path*; *key* is the column by which a row is found again."""
        known = {each.name: each for each in fields}
        for name, value in values.items():
            here = f"{path}{name}"
            each = known.get(name)
            if each is None:
                message = f"{here[:80]}: {self.gettext('formulir ini tidak punya isian ini.')}"
                self.errors.append(FieldError(here, here, message, "unknown"))
            elif value is not None and (not each.given or name == key):
                self._post_one(each, value, here)

    def _post_one(self, each: Field, value: Any, here: str) -> None:
        match value:
            case str() if each.kind in NUMERIC and _JSON_NUMBER.fullmatch(value):
                self.entries[here] = [typing(each, Decimal(value))]
            case str() if each.kind is not Kind.BOOLEAN and each.kind not in MANY and not _holds_more(each):
                self.entries[here] = [value]
            case Mapping() if each.kind is Kind.SECTION:
                self.post(each.fields, value, f"{here}.")
            case list() if each.kind is Kind.TABLE:
                self.entries[here] = [""]
                for n, row in enumerate(value):
                    if isinstance(row, Mapping):
                        self.post(each.fields, row, f"{here}.{n}.", each.key)
                    else:
                        self._misfit(each, f"{here}.{n}")
            case list() if each.kind is Kind.TEXTS:
                self.entries[here] = [""]
                for n, text in enumerate(value):
                    if isinstance(text, str):
                        self.entries[f"{here}.{n}"] = [text]
                    else:
                        self._misfit(each, f"{here}.{n}")
            case list() if each.kind in MANY and all(isinstance(text, str) for text in value):
                self.entries[here] = ["", *value]
            case bool() if each.kind is Kind.BOOLEAN:
                self.entries[here] = [CHECKED if value else ""]
            case int() | Decimal() if each.kind in NUMERIC and not isinstance(value, bool):
                self.entries[here] = [typing(each, Decimal(value))]
            case _:
                self._misfit(each, here)

    def _misfit(self, each: Field, here: str) -> None:
        label = each.wording.of(self.locale)
        self.errors.append(FieldError(here, label, f"{label}: {messages.unreadable(each, self.gettext)}", "type"))


def _holds_more(each: Field) -> bool:
    return each.kind in (Kind.SECTION, Kind.TABLE, Kind.TEXTS)
