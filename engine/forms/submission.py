"""From what was posted to typed values and every error at once.

In order: texts become values (or an error), conditions say which fields count, computed fields are computed, the
schema's rules and the form's own checks are held against all of it. What a field is not allowed to take from the post
(read-only, computed) it takes from where the form says.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from engine.forms import messages, numbers
from engine.forms.defaults import ROW, VALUE, Defaults, Evaluate, Names
from engine.forms.field import LISTS, MANY, MOST_ROWS, NUMERIC, Field, Kind
from engine.forms.messages import Gettext
from engine.forms.posted_entries import Node, unknown
from engine.forms.rules import Rules
from engine.forms.values import CHECKED, asks_about_points, empty, instance, typed
from engine.model import dates
from engine.model.bounds import TooMuch
from engine.model.errors import FieldError, FunctionFailed
from engine.model.signatures import Mode
from engine.model.work import Attachment

People = Callable[[tuple[str, ...]], Mapping[str, str]]
LONGEST_LINE = 1_000
LONGEST_TEXT = 20_000
NO_ROW = 0
"""What stands for the number of a row where there is none; rows are numbered from 1."""
TRUE = frozenset({CHECKED, "true", "on", "1"})

_CONTROL = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_STAND_INS: Mapping[Kind, Any] = {kind: Decimal(0) for kind in NUMERIC}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What reading a form needs to know besides what was posted."""

    context: Mapping[str, Any]
    evaluate: Evaluate
    people: People
    files: Mapping[str, Attachment]
    locale: str
    gettext: Gettext
    day_off: Callable[[date], str | None] = lambda _: None  # why the office does not work on a day (OfficeCalendar)


@dataclass(frozen=True, slots=True)
class Unmet:
    """What a form demands and nobody types: what is said of it, and the registers that it comes from."""

    message: str
    registers: tuple[str, ...]


class FieldPlace(NamedTuple):
    """A field where it stands: in a section or a row, each with its values."""

    field: Field
    path: str
    holder: dict[str, Any]
    row: int
    line: Mapping[str, Any] | None  # the row's values

    @property
    def value(self) -> Any:
        """What the field holds."""
        return self.holder.get(self.field.name)


@dataclass
class Reading:
    """One form's posted tree, read."""

    tree: tuple[Field, ...]
    rules: Rules
    posted: Node
    around: Surroundings
    values: dict[str, Any] = field(init=False, default_factory=dict)
    hidden: frozenset[str] = field(init=False, default=frozenset())
    _errors: dict[str, FieldError] = field(init=False, default_factory=dict)
    _faulty: dict[str, Any] = field(init=False, default_factory=dict)
    _known_people: dict[tuple[str, ...], Mapping[str, str]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        defaults = Defaults(self.around.context, self.around.evaluate, only_taken=True)
        for each in self.tree:
            given = defaults.of(each) if each.takes_defaults else None
            self.values[each.name] = self._read(each, self.posted[each.name], given, each.name, NO_ROW)
        self._find_hidden()
        self._compute()

    # ── outcome ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def errors(self) -> tuple[FieldError, ...]:
        """Return every error, as the fields stand on the page."""
        for path in unknown(self.tree, self.posted):
            self._errors[path] = FieldError(
                path, path, f"{path[:80]}: {self.around.gettext('formulir ini tidak punya isian ini.')}"
            )
        self._hold_rules()
        self._hold_fewest()
        self._hold_signatures()
        self._hold_checks()
        if not self._errors:
            return ()
        kept = [error for error in self._errors.values() if not self._is_hidden(error.path)]
        given = self._given()
        serious = [error for error in kept if error.path not in given]
        return tuple(sorted(serious or kept, key=lambda error: self._place(error.path)))

    def unmet(self) -> tuple[Unmet, ...]:
        """Return what the form demands and nobody types, where it is lacking: what a register must say first."""
        self.errors()
        sections, given = {each.name: each.registers for each in self.tree if each.registers}, self._given()
        found: dict[str, Unmet] = {}
        for path, error in self._errors.items():
            section = path.partition(".")[0]
            if section in sections and path in given and not self._is_hidden(path):
                said = error.message.removeprefix(f"{error.label}: ")
                found.setdefault(section, Unmet(said, sections[section]))
        return tuple(found.values())

    def _given(self) -> set[str]:
        return {at.path for at in self._walk(lambda each: each.takes_defaults) if at.field.given}

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _read(self, field: Field, node: Node, given: Any, path: str, row: int) -> Any:
        if field.kind is Kind.SECTION:
            given = given if isinstance(given, Mapping) else {}
            return {
                each.name: self._read(each, node[each.name], given.get(each.name), f"{path}.{each.name}", row)
                for each in field.fields
            }
        if field.computed is not None:
            return empty(field)
        if field.kind is Kind.TABLE and not field.read_only:
            return [
                dict(base)
                if field.locks(base)
                else {
                    each.name: self._read(each, below[each.name], base.get(each.name), f"{path}.{n}.{each.name}", n + 1)
                    for each in field.fields
                }
                for n, (below, base) in enumerate(self._rows(field, node, given, path))
            ]
        if field.read_only or field.number is not None:
            return given
        if field.kind is Kind.TEXTS:
            return self._read_lines(field, node, path)
        if field.kind in MANY:
            return self._read_many(field, node, path, row)
        return self._read_one(field, node.texts, path, row)

    def _rows(self, field: Field, node: Node, given: Any, path: str) -> Sequence[tuple[Node, Mapping[str, Any]]]:
        """Return each row as (what was posted, what its read-only columns hold)."""
        known: Sequence[Mapping[str, Any]] = given or []
        posted = node.rows()
        if len(posted) > MOST_ROWS:
            message = self.around.gettext("paling banyak %(limit)s baris.") % {"limit": MOST_ROWS}
            self._fail(field, path, NO_ROW, message, "maxItems")
        if field.fixed_rows:
            return list(zip(self._aligned(field, posted, known), known, strict=True))
        if field.key is not None:
            by_key = {str(row.get(field.key)): row for row in known}
            return [(row, by_key.get(row[field.key].text, {})) for row in posted]
        return [(row, known[n] if n < len(known) else {}) for n, row in enumerate(posted)]

    def _aligned(self, field: Field, posted: Sequence[Node], known: Sequence[Mapping[str, Any]]) -> list[Node]:
        """Return for each known row what was posted for it: found by its key, else by its place."""
        if field.key is None:
            return [posted[n] if n < len(posted) else Node() for n in range(len(known))]
        by_key = {row[field.key].text: row for row in posted}
        return [by_key.get(str(row.get(field.key)), Node()) for row in known]

    def _read_lines(self, field: Field, node: Node, path: str) -> list[str]:
        item = field.item or field
        found = (self._read_one(item, row.texts, f"{path}.{n}", n + 1) for n, row in enumerate(node.rows()))
        return [text for text in found if text]

    def _read_many(self, field: Field, node: Node, path: str, row: int) -> list[str]:
        found: list[str] = []
        for text in node.texts:
            value = self._one_of(field, clean(text), path, row)
            if value is not None and value not in found:
                found.append(value)
        return found

    def _read_one(self, field: Field, texts: Sequence[str], path: str, row: int) -> Any:
        if field.kind is Kind.BOOLEAN:
            return any(text.strip().lower() in TRUE for text in texts)
        text = next((text for text in reversed(texts) if text.strip()), "")
        match field.kind:
            case Kind.TEXT | Kind.LONG_TEXT:
                return self._read_text(field, text, path, row)
            case Kind.CHOICE | Kind.FILE | Kind.PERSON:
                return self._one_of(field, clean(text), path, row)
            case Kind.DATE | Kind.TIME:
                try:
                    return (dates.read_date if field.kind is Kind.DATE else dates.read_time)(clean(text))
                except ValueError:
                    self._unreadable(field, path, row)
                    return None
        return self._read_number(field, text, path, row)

    def _read_text(self, field: Field, text: str, path: str, row: int) -> str | None:
        long = field.kind is Kind.LONG_TEXT
        value = clean(text, lines=long)
        limit = LONGEST_TEXT if long else LONGEST_LINE
        if len(value) > max(limit, field.schema.get("maxLength", 0)):
            self._fail(field, path, row, messages.violated(field, "maxLength", limit, self.around.gettext), "maxLength")
        return value or None

    def _read_number(self, field: Field, text: str, path: str, row: int) -> Decimal | None:
        if field.kind is Kind.PERCENT:
            text = text.strip().removesuffix("%")
        try:
            return numbers.read(text, decimals=asks_about_points(field))
        except numbers.AmbiguousNumber as error:
            readings = [r for r in error.readings if field.kind is not Kind.INTEGER or r == int(r)]
            choices = tuple((numbers.write(r, grouped=False), numbers.write(r)) for r in readings)
            if choices:
                message = messages.ambiguous(tuple(shown for _, shown in choices), self.around.gettext)
                self._fail(field, path, row, message, "ambiguous", choices)
                return None
        except numbers.NotANumber:
            pass
        self._unreadable(field, path, row)
        return None

    def _one_of(self, field: Field, text: str, path: str, row: int) -> str | None:
        """Return *text* if it is a choice, person or file that the field may hold."""
        if not text:
            return None
        match field.kind:
            case Kind.CHOICE | Kind.CHOICES:
                if any(option.value == text for option in field.options):
                    return text
            case Kind.PERSON | Kind.PEOPLE:
                if text in self.people(field.roles):
                    return text
            case _:
                return self._file(field, text, path, row)
        self._unreadable(field, path, row)
        return None

    def _file(self, field: Field, id_: str, path: str, row: int) -> str | None:
        gettext = self.around.gettext
        file = self.around.files.get(id_)
        if file is None:
            self._fail(field, path, row, gettext("berkas ini tidak ada lagi; unggah sekali lagi."), "file")
            return None
        if field.accept and not file.name.lower().endswith(field.accept):
            facts = {"name": file.name, "kinds": kinds(field)}
            self._fail(field, path, row, gettext("%(name)s tidak diterima di sini; kirim %(kinds)s.") % facts, "accept")
        elif field.max_size is not None and file.size > field.max_size:
            facts = {"name": file.name, "limit": messages.size(field.max_size)}
            self._fail(field, path, row, gettext("%(name)s terlalu besar; paling besar %(limit)s.") % facts, "maxSize")
        return id_

    def needs(self, field: Field) -> bool:
        """Whether a field outside of rows must be filled in, as the form stands."""
        return field.required or any(all(one.holds(self._whole) for one in each) for each in field.needed)

    @cached_property
    def _whole(self) -> dict[str, Any]:
        return instance(self.tree, self.values, self._faulty, self.hidden)

    def people(self, roles: tuple[str, ...]) -> Mapping[str, str]:
        """Return who may be chosen, asked for once per roles."""
        if roles not in self._known_people:
            self._known_people[roles] = self.around.people(roles)
        return self._known_people[roles]

    def _unreadable(self, field: Field, path: str, row: int) -> None:
        self._fail(field, path, row, messages.unreadable(field, self.around.gettext), "format")

    def _fail(
        self, field: Field, path: str, row: int, message: str, keyword: str, choices: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """Note one error; the first at a path stays."""
        if path in self._errors:
            return
        label = field.wording.of(self.around.locale)
        label = f"{self._row(row)}, {label}" if row else label
        own = field.messages.get(keyword)
        if own is not None:
            message = own.of(self.around.locale)
        self._errors[path] = FieldError(path, label, f"{label}: {message}", keyword, choices)
        self._faulty.setdefault(path, _STAND_INS.get(field.kind, "?"))

    def _row(self, number: int) -> str:
        return self._rows_are_called % {"number": str(number)}

    @cached_property
    def _rows_are_called(self) -> str:
        return messages.rows(self.around.gettext)

    # ── conditions and computed fields ──────────────────────────────────────────────────────────────────────────────

    @cached_property
    def _has_conditions(self) -> bool:
        return any(each.is_conditional for each in self.tree)

    def _find_hidden(self) -> None:
        """Find the paths whose condition does not hold, and blank them; a hidden field may decide over another."""
        if not self._has_conditions:
            return
        hidden: frozenset[str] = frozenset()
        for _ in range(10):
            seen = instance(self.tree, self.values, self._faulty, hidden)
            found = frozenset(_not_shown(self.tree, seen, seen, ""))
            if found == hidden:
                break
            hidden = found
        self.hidden = hidden
        self._blank_hidden()

    def _is_hidden(self, path: str) -> bool:
        return any(path == hidden or path.startswith(f"{hidden}.") for hidden in self.hidden)

    def _blank_hidden(self) -> None:
        for path in self.hidden:
            *above, name = path.split(".")
            holder: Any = self.values
            for part in above:
                holder = None if holder is None else holder[int(part)] if isinstance(holder, list) else holder[part]
            if holder is not None:
                holder[name] = None

    def _compute(self) -> None:
        if not any(each.is_computed for each in self.tree):
            return
        for at in self._walk(lambda each: each.is_computed):
            if at.field.computed is not None:
                self._compute_one(at, at.field.computed)
        self._find_hidden()

    def _compute_one(self, at: FieldPlace, expression: str) -> None:
        try:
            at.holder[at.field.name] = typed(at.field, self.around.evaluate(expression, self._names(at.line)))
            return
        except FunctionFailed as failed:
            words = self.around.gettext("tidak dapat dihitung: %(cause)s.") % {"cause": failed}
        except (ValueError, TypeError):
            words = self.around.gettext("belum dapat dihitung.") if at.field.required else ""
        at.holder[at.field.name] = empty(at.field)
        if words:
            self._fail(at.field, at.path, at.row, words, "computed")

    def _names(self, row: Mapping[str, Any] | None) -> Names:
        names = Names({**self.around.context, **self.values})
        if row is not None:
            names[ROW] = Names(row)
        return names

    # ── rules ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _hold_rules(self) -> None:
        for error in self.rules.errors(self._whole):
            found = self._field_at([str(part) for part in error.absolute_path])
            if found is None:
                continue
            path, field, row = found
            keyword = str(error.validator)
            message = messages.violated(field, keyword, error.validator_value, self.around.gettext)
            self._fail(field, path, row, message, keyword)

    def _hold_fewest(self) -> None:
        """Report lists that are empty although they want something: to the schema an empty list is absent."""
        for at in self._walk(lambda each: each.wants_items):
            if at.field.kind in LISTS and at.field.min_items and not at.value:
                words = messages.required(at.field, self.around.gettext)
                self._fail(at.field, at.path, at.row, words, "required")

    def _hold_signatures(self) -> None:
        """Report signatures that do not say how, or that lack the file which carries them."""
        for at in self._walk(lambda each: each.kind is Kind.SECTION):
            if at.field.signing is None or at.value is None:
                continue
            mode, file = at.value.get("mode"), at.value.get("file")
            lacking = None
            if mode is None and (at.field.required or file is not None):
                lacking = "mode"
            elif mode in (Mode.WET, Mode.CERTIFIED) and file is None and not at.field.signing.later:
                lacking = "file"
            inner = at.field.field(lacking) if lacking else None
            if inner is not None:
                words = messages.required(inner, self.around.gettext)
                self._fail(inner, f"{at.path}.{inner.name}", NO_ROW, words, "required")

    def _hold_checks(self) -> None:
        for at in self._walk(lambda each: each.is_checked):
            value = at.value
            if value is None or value == [] or at.path in self._errors:
                continue
            for check in at.field.checks:
                names = self._names(at.line)
                names[VALUE] = value
                try:
                    holds = bool(self.around.evaluate(check.expression, names))
                except TooMuch:
                    raise
                except ValueError:
                    continue  # it asks for a field that is empty or wrong, which has an error of its own
                if not holds:
                    self._fail(at.field, at.path, at.row, check.wording.of(self.around.locale), "check")

    # ── places ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _field_at(self, parts: Sequence[str]) -> tuple[str, Field, int] | None:
        """Return (path as posted, field, row's number) of a place in the instance."""
        fields, path, row = self.tree, [], NO_ROW
        found: Field | None = None
        for n, part in enumerate(parts):
            if found is not None and found.kind in MANY:
                break
            if found is not None and found.kind in (Kind.TABLE, Kind.TEXTS) and part.isdecimal():
                path.append(part)
                row = int(part) + 1
                if found.kind is Kind.TEXTS:
                    return ".".join(path), found.item or found, row
                if n == len(parts) - 1:
                    return ".".join(path[:-1]), found, NO_ROW
                continue
            found = next((each for each in fields if each.name == part), None)
            if found is None:
                return None
            path.append(part)
            fields = found.fields
        return None if found is None else (".".join(path), found, row)

    def _place(self, path: str) -> tuple[int, ...]:
        """Return where on the page a path stands, for sorting."""
        fields, place = self.tree, []
        for part in path.split("."):
            if part.isdecimal():
                place.append(int(part))
                continue
            index = next((n for n, each in enumerate(fields) if each.name == part), None)
            if index is None:
                return (10_000,)
            place.append(index)
            fields = fields[index].fields
        return tuple(place)

    def _walk(self, wanted: Callable[[Field], bool]) -> Iterator[FieldPlace]:
        """Yield every field that counts and, itself or by what is below it, is *wanted*, each before those below."""
        return self._walk_in(self.tree, self.values, "", NO_ROW, None, wanted)

    def _walk_in(
        self,
        fields: Sequence[Field],
        holder: dict[str, Any],
        path: str,
        row: int,
        line: Mapping[str, Any] | None,
        wanted: Callable[[Field], bool],
    ) -> Iterator[FieldPlace]:
        for each in fields:
            at = FieldPlace(each, f"{path}{each.name}", holder, row, line)
            if not wanted(each) or at.path in self.hidden:
                continue
            value = at.value
            yield at
            if at.value is not value:  # computed as a whole meanwhile
                continue
            if each.kind is Kind.SECTION and value:
                yield from self._walk_in(each.fields, value, f"{at.path}.", row, line, wanted)
            elif each.kind is Kind.TABLE and any(wanted(column) for column in each.fields):
                for n, below in enumerate(value or ()):
                    yield from self._walk_in(each.fields, below, f"{at.path}.{n}.", n + 1, below, wanted)


def clean(text: str, *, lines: bool = False) -> str:
    """Return *text* without control characters and with composed letters; on one line unless *lines*."""
    if not (text.isascii() and text.isprintable()):  # in the others there is nothing to clean
        text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
        text = _CONTROL.sub("", text)
    return text.strip() if lines else " ".join(text.split())


def kinds(field: Field) -> str:
    """Return the file kinds that a field accepts, as people call them."""
    return ", ".join(dict.fromkeys(ending.removeprefix(".").upper() for ending in field.accept))


def _not_shown(fields: Sequence[Field], seen: Mapping[str, Any], whole: Mapping[str, Any], path: str) -> Iterator[str]:
    """Return the paths of fields none of whose conditions hold; *whole* is what conditions' scopes start at."""
    for each in fields:
        here = f"{path}{each.name}"
        if each.when and not any(all(one.holds(whole) for one in alternative) for alternative in each.when):
            yield here
        elif each.kind is Kind.SECTION:
            yield from _not_shown(each.fields, seen.get(each.name, {}), whole, f"{here}.")
        elif each.kind is Kind.TABLE and any(column.conditional for column in each.fields):
            rows = seen.get(each.name, ())
            for n, row in enumerate(rows if isinstance(rows, list) else ()):
                yield from _not_shown(each.fields, row, row, f"{here}.{n}.")
