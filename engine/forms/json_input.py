"""Turns the JSON that a program sends for a form into texts by path, as people post them.

Programs write numbers with a decimal point, people as the office does: "1.234" of a program is never a thousand. The
rules of the form are then applied to the texts, as for pages.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.forms import kinds
from engine.forms.field import Field, Kind
from engine.forms.messages import Gettext
from engine.model.errors import FieldError


@dataclass
class Posting:
    """Reads the JSON of one form into *entries* by path, and *errors* for unknown names and wrong types."""

    locale: str
    gettext: Gettext
    entries: dict[str, list[str]] = field(default_factory=dict)
    errors: list[FieldError] = field(default_factory=list)

    def post(self, fields: Iterable[Field], values: Mapping[str, Any], path: str = "", key: str | None = None) -> None:
        """Add the *values* of *fields* below *path*; *key* is the column that identifies a row."""
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
        match each.kind, value:
            case Kind.SECTION, Mapping():
                self.post(each.fields, value, f"{here}.")
            case Kind.TABLE, list():
                self.entries[here] = [""]
                for n, row in enumerate(value):
                    if isinstance(row, Mapping):
                        self.post(each.fields, row, f"{here}.{n}.", each.key)
                    else:
                        self._misfit(each, f"{here}.{n}")
            case Kind.TEXTS, list():
                self.entries[here] = [""]
                for n, text in enumerate(value):
                    self._post_texts(each, text, f"{here}.{n}")
            case ((Kind.SECTION | Kind.TABLE | Kind.TEXTS), _):
                self._misfit(each, here)
            case _:
                self._post_texts(each, value, here)

    def _post_texts(self, each: Field, value: Any, here: str) -> None:
        try:
            self.entries[here] = kinds.of(each).post(each, value)
        except ValueError:
            self._misfit(each, here)

    def _misfit(self, each: Field, here: str) -> None:
        label = each.wording.of(self.locale)
        self.errors.append(FieldError(here, label, f"{label}: {self.gettext(kinds.of(each).unreadable)}", "type"))
