"""The two files of a form while they are read, with every fault found: its line and how to mend it."""

import json
import pathlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.forms.json_positions import Path, lines
from engine.forms.numbers import MOST_DIGITS
from engine.model.errors import Finding, sayings

HERE = pathlib.Path(__file__).parent
ABOUT = frozenset(
    {"title", "description", "en", "$comment", "readOnly", "default", "x-default", "x-computed"}
    | {"x-derived", "x-check", "x-decimals", "x-number"}
)
UI = frozenset({"ui:widget", "ui:options", "ui:order", "ui:help", "ui:messages", "items", "en"})


class NoUsualNumber(ValueError):
    """A number too large or too precise for a field or its limits; the message is the text in the file."""


class FormFiles:
    """Reads the files of one form and collects every fault."""

    def __init__(self, form_id: str) -> None:
        self.schema_file = f"{form_id}.schema.json"
        self.ui_file = f"{form_id}.ui.json"
        self.findings: list[Finding] = []
        self._lines: dict[str, dict[Path, int]] = {}

    def json(self, file: str, content: bytes) -> Any:
        """Return the JSON of a file, numbers as Decimal; None after a fault."""
        try:
            text = content.decode("utf-8")
            parsed = json.loads(text, parse_float=_number, parse_int=_number, parse_constant=_number)
        except UnicodeDecodeError:
            self._refuse("not_utf8", file, ())
            return None
        except json.JSONDecodeError as error:
            self._add("not_json", file, error.lineno, reason=error.msg)
            return None
        except (ValueError, RecursionError) as error:
            line = text[: text.find(str(error))].count("\n") + 1 if isinstance(error, NoUsualNumber) else None
            self._add("number_unusual", file, line, most=MOST_DIGITS)
            return None
        self._lines[file], twice = lines(text)
        for path in twice:
            self._refuse("name_twice", file, path, name=path[-1])
        if isinstance(parsed, dict):
            return parsed
        self._refuse("not_an_object", file, ())
        return None

    def refuse(self, saying: str, path: Path, /, **facts: Any) -> None:
        """Report a fault at *path* of the schema."""
        self._refuse(saying, self.schema_file, path, **facts)

    def refuse_ui(self, saying: str, path: Path, /, **facts: Any) -> None:
        """Report a fault at *path* of the ui file."""
        self._refuse(saying, self.ui_file, path, **facts)

    def known_keywords(self, schema: Mapping[str, Any], known: frozenset[str], path: Path) -> None:
        """Refuse all keywords but the *known*."""
        for keyword in schema:
            if keyword not in known:
                told = ", ".join(sorted(known - ABOUT))
                self.refuse("keyword_unknown", (*path, keyword), keyword=keyword, known=told)

    def known_ui(self, ui: Mapping[str, Any], path: Path, names: set[str]) -> None:
        """Refuse keys of the ui file that are neither names of fields nor keywords."""
        for key in ui:
            if key not in UI and key not in names:
                self.refuse_ui("ui_unknown", (*ui_path(path), key), key=key)

    def _refuse(self, saying: str, file: str, path: Path, /, **facts: Any) -> None:
        """Report a fault at *path*, with the line of the nearest key above that has one."""
        known = self._lines.get(file, {})
        near = path
        while near and near not in known:
            near = near[:-1]
        where = "/".join(map(str, path))
        self._add(saying, file, known.get(near), f"{where}: " if where else "", **facts)

    def _add(self, saying: str, file: str, line: int | None, where: str = "", /, **facts: Any) -> None:
        told = sayings(HERE)[saying]
        message, mend = (told[part].format_map(facts) for part in ("message", "mend"))
        self.findings.append(Finding(file, where + message, mend, "form", line=line))


def ui_path(path: Path) -> Path:
    """Return the path, in the ui file, of the field at *path* of the schema."""
    last = len(path) - 1
    named = (part for n, part in enumerate(path) if part != "properties" or n == last)
    return tuple(part for part in named if isinstance(part, str) and part not in ("allOf", "then", "else"))


def _number(text: str) -> int | Decimal:
    """Return a number of a schema; NoUsualNumber if it is too large, too small or too long."""
    try:
        found = Decimal(text)
        if not found.is_finite() or len(text) > 2 * MOST_DIGITS or not -9 < found.adjusted() < MOST_DIGITS:
            raise NoUsualNumber(text)
    except ArithmeticError:
        raise NoUsualNumber(text) from None
    return int(text) if text.lstrip("-").isdecimal() else found
