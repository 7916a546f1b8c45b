"""Turns posted texts into typed values, or into every error at once.

The steps, in order: parse texts, find the fields whose condition holds, evaluate computed fields, apply the rules of
the schema and the checks of the form. Read-only and computed fields ignore what was posted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from typing import Any

from engine.forms import kinds, messages
from engine.forms.defaults import ROW, VALUE, Defaults, Evaluate, Names
from engine.forms.field import LISTS, MANY, MOST_ROWS, Field, Kind
from engine.forms.handling import Unfit
from engine.forms.kinds import empty, typed
from engine.forms.messages import Gettext
from engine.forms.places import NO_ROW, FieldPlace, field_in_instance, not_shown, order_of, put, walk
from engine.forms.posted_entries import Node, unknown
from engine.forms.rules import Rules
from engine.forms.values import instance
from engine.model.bounds import TooMuch
from engine.model.errors import FieldError, FunctionFailed
from engine.model.signatures import Mode
from engine.model.work import Attachment

People = Callable[[tuple[str, ...]], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Facts that reading a form needs besides the posted entries."""

    context: Mapping[str, Any]
    evaluate: Evaluate
    people: People
    files: Mapping[str, Attachment]
    locale: str
    gettext: Gettext
    day_off: Callable[[date], str | None] = lambda _: None  # why the office is closed on a day (OfficeCalendar)
    numbers: Mapping[str, str] = field(default_factory=dict)  # letter numbers already given, by path of the field


@dataclass(frozen=True, slots=True)
class Unmet:
    """An error that people cannot mend in the form, and the registers that hold the missing value."""

    message: str
    registers: tuple[str, ...]


@dataclass
class Reading:
    """The posted entries of a form, with the values and errors read from them."""

    tree: tuple[Field, ...]
    rules: Rules
    posted: Node
    around: Surroundings
    values: dict[str, Any] = field(init=False, default_factory=dict)
    aligned: dict[str, list[Node]] = field(init=False, default_factory=dict)  # by table: the posted node of each row
    begins: dict[str, Sequence[Mapping[str, Any]]] = field(
        init=False, default_factory=dict
    )  # the same: with what values
    hidden: frozenset[str] = field(init=False, default=frozenset())
    _blanked: dict[str, Any] = field(init=False, default_factory=dict)  # by hidden path: what was typed there
    derived: dict[str, Any] = field(init=False, default_factory=dict)  # by path of what x-derived gave: what was typed
    _errors: dict[str, FieldError] = field(init=False, default_factory=dict)
    _faulty: dict[str, Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.around = replace(self.around, people=cache(self.around.people))
        defaults = Defaults(self.around.context, self.around.evaluate, only_taken=True)
        for each in self.tree:
            given = defaults.of(each) if each.takes_defaults else None
            self.values[each.name] = self._read(each, self.posted[each.name], given, each.name, NO_ROW)
        self._find_hidden()
        self._hold_decimals()
        self._compute()

    # ── outcome ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def errors(self) -> tuple[FieldError, ...]:
        """Return every error in the order of the page; those of given fields only if there are no others."""
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
        kept = [error for error in self._errors.values() if not self.is_hidden(error.path)]
        given = self._given()
        serious = [error for error in kept if error.path not in given]
        return tuple(sorted(serious or kept, key=lambda error: order_of(self.tree, error.path)))

    def unmet(self) -> tuple[Unmet, ...]:
        """Return the errors of given fields in sections whose default reads registers, one per section."""
        self.errors()
        sections, given = {each.name: each.registers for each in self.tree if each.registers}, self._given()
        found: dict[str, Unmet] = {}
        for path, error in self._errors.items():
            section = path.partition(".")[0]
            if section in sections and path in given and not self.is_hidden(path):
                said = error.message.removeprefix(f"{error.label}: ")
                found.setdefault(section, Unmet(said, sections[section]))
        return tuple(found.values())

    def blocked(self) -> tuple[FieldError, ...]:
        """Return the errors of read-only values that a register lacks; call ``errors`` first."""
        tables = {each.name for each in self.tree if each.registers}
        given = {path for path in self._given() & self._errors.keys() if path.partition(".")[0] in tables}
        return tuple(self._errors[path] for path in sorted(given) if not self.is_hidden(path))

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
        return self._read_one(field, node.last, path, row)

    def _rows(self, field: Field, node: Node, given: Any, path: str) -> Sequence[tuple[Node, Mapping[str, Any]]]:
        """Return each row as (posted node, values of its given columns)."""
        known: Sequence[Mapping[str, Any]] = given or []
        posted = node.rows()
        if len(posted) > MOST_ROWS:
            message = self.around.gettext("paling banyak %(limit)s baris.") % {"limit": MOST_ROWS}
            self._fail(field, path, NO_ROW, message, "maxItems")
        key = field.key
        if field.fixed_rows and key is not None:
            by_key = {row[key].text: row for row in posted}
            posted = [by_key.get(str(row.get(key)), Node()) for row in known]
        elif field.fixed_rows:
            posted = [posted[n] if n < len(posted) else Node() for n in range(len(known))]
        elif key is not None:
            held = {str(row.get(key)): row for row in known}
            known = [held.get(row[key].text, {}) for row in posted]
        self.aligned[path], self.begins[path] = posted, known
        return [(row, known[n] if n < len(known) else {}) for n, row in enumerate(posted)]

    def _read_lines(self, field: Field, node: Node, path: str) -> list[str]:
        item = field.item or field
        found = (self._read_one(item, row.last, f"{path}.{n}", n + 1) for n, row in enumerate(node.rows()))
        return [text for text in found if text]

    def _read_many(self, field: Field, node: Node, path: str, row: int) -> list[str]:
        found = (self._read_one(field, text, path, row) for text in node.texts)
        return list(dict.fromkeys(text for text in found if text is not None))

    def _read_one(self, field: Field, text: str, path: str, row: int) -> Any:
        """Return the value of *text*; report an error if it is not a value of *field*."""
        try:
            return kinds.of(field).parse(field, text, self.around)
        except Unfit as unfit:
            message = self.around.gettext(unfit.said) % unfit.facts
            self._fail(field, path, row, message, unfit.keyword, unfit.choices)
            return unfit.value
        except ValueError:
            self._fail(field, path, row, self.around.gettext(kinds.of(field).unreadable), "format")
            return None

    def needs(self, field: Field) -> bool:
        """Whether a field outside of rows is required, given the other values."""
        return field.required or any(all(one.holds(self._whole) for one in each) for each in field.needed)

    @cached_property
    def _whole(self) -> dict[str, Any]:
        return instance(self.tree, self.values, self._faulty, self.hidden)

    def _fail(
        self, field: Field, path: str, row: int, message: str, keyword: str, choices: tuple[tuple[str, str], ...] = ()
    ) -> None:
        """Report an error, unless *path* has one already."""
        if path in self._errors:
            return
        label = field.wording.of(self.around.locale)
        label = f"{messages.row(row, self.around.gettext)}, {label}" if row else label
        own = field.messages.get(keyword)
        if own is not None:
            message = own.of(self.around.locale)
        self._errors[path] = FieldError(path, label, f"{label}: {message}", keyword, choices)
        self._faulty.setdefault(path, kinds.of(field).stand_in)

    def _lacks(self, field: Field, path: str, row: int) -> None:
        self._fail(field, path, row, self.around.gettext(kinds.of(field).lacking), "required")

    def _walk(self, wanted: Callable[[Field], bool]) -> Iterator[FieldPlace]:
        return walk(self.tree, self.values, wanted, self.hidden)

    # ── conditions and computed fields ──────────────────────────────────────────────────────────────────────────────

    def _find_hidden(self) -> None:
        """Find the paths whose condition does not hold, and blank them. Repeats, as hidden fields may hide others."""
        if not any(each.is_conditional for each in self.tree):
            return
        for path, value in self._blanked.items():
            put(self.values, path, value)
        hidden: frozenset[str] = frozenset()
        for _ in range(10):
            seen = instance(self.tree, self.values, self._faulty, hidden)
            found = frozenset(not_shown(self.tree, seen, seen))
            if found == hidden:
                break
            hidden = found
        self.hidden = hidden
        self._blanked = {path: put(self.values, path, None) for path in hidden}

    def is_hidden(self, path: str) -> bool:
        """Whether the field at *path*, or one above it, is hidden by its condition."""
        return any(path == hidden or path.startswith(f"{hidden}.") for hidden in self.hidden)

    def _hold_decimals(self) -> None:
        """Give numbers exactly the decimals of ``x-decimals``, so that they are computed with as shown."""
        for at in self._walk(lambda each: each.is_rounded):
            if at.field.decimals is None or not isinstance(at.value, int | Decimal):
                continue
            try:
                step = Decimal(1).scaleb(-int(self.around.evaluate(at.field.decimals, self.names(at.line))))
                kept = Decimal(at.value).quantize(step)
            except (ValueError, TypeError, ArithmeticError, FunctionFailed):
                continue  # the number of decimals is not known yet
            if kept == at.value:
                at.holder[at.field.name] = kept
            else:
                message = messages.violated(at.field, "multipleOf", step, self.around.gettext)
                self._fail(at.field, at.path, at.row, message, "multipleOf")

    def _compute(self) -> None:
        """Evaluate the computed fields; again if their values show or hide others."""
        if not any(each.is_computed for each in self.tree):
            return
        for _ in range(10):
            before = self.hidden
            for at in self._walk(lambda each: each.is_computed):
                if at.field.computed is not None:
                    self._compute_one(at, at.field.computed)
                elif at.field.derived is not None:
                    self._derive(at, at.field.derived)
            self._find_hidden()
            if self.hidden == before:
                break

    def _compute_one(self, at: FieldPlace, expression: str) -> None:
        for kept in (self._errors, self._faulty):
            kept.pop(at.path, None)
        if at.field.fields:
            self._blanked = {p: v for p, v in self._blanked.items() if not p.startswith(f"{at.path}.")}
        try:
            at.holder[at.field.name] = typed(at.field, self.around.evaluate(expression, self.names(at.line)))
            return
        except FunctionFailed as failed:
            words = self.around.gettext("tidak dapat dihitung: %(cause)s.") % {"cause": failed}
        except (ValueError, TypeError):
            words = self.around.gettext("belum dapat dihitung.") if at.field.required else ""
        at.holder[at.field.name] = empty(at.field)
        if words:
            self._fail(at.field, at.path, at.row, words, "computed")

    def _derive(self, at: FieldPlace, expression: str) -> None:
        """Set a field to the result of *expression*; if that is empty, to what was typed."""
        try:
            value = typed(at.field, self.around.evaluate(expression, self.names(at.line)))
        except (ValueError, TypeError, FunctionFailed):
            value = None
        if value is not None:
            self.derived.setdefault(at.path, at.value)
            at.holder[at.field.name] = value
            self._errors.pop(at.path, None)
            self._faulty.pop(at.path, None)
        elif at.path in self.derived:
            at.holder[at.field.name] = self.derived.pop(at.path)

    def names(self, row: Mapping[str, Any] | None) -> Names:
        """Return the names that an expression reads, in a *row* of a table."""
        names = Names({**self.around.context, **self.values})
        if row is not None:
            names[ROW] = Names(row)
        return names

    # ── rules ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _hold_rules(self) -> None:
        for error in self.rules.errors(self._whole):
            found = field_in_instance(self.tree, [str(part) for part in error.absolute_path])
            if found is None:
                continue
            path, field, row = found
            keyword = str(error.validator)
            message = messages.violated(field, keyword, error.validator_value, self.around.gettext)
            self._fail(field, path, row, message, keyword)

    def _hold_fewest(self) -> None:
        """Report empty lists that need items; the schema sees them as absent."""
        for at in self._walk(lambda each: each.wants_items):
            if at.field.kind in LISTS and at.field.min_items and not at.value:
                self._lacks(at.field, at.path, at.row)

    def _hold_signatures(self) -> None:
        """Report signatures that lack the way of signing or the signed file."""
        for at in self._walk(lambda each: each.kind is Kind.SECTION):
            if at.field.signing is None:
                continue
            mode, file = at.value.get("mode"), at.value.get("file")
            lacking = None
            if mode is None and (at.field.required or file is not None):
                lacking = "mode"
            elif mode in (Mode.WET, Mode.CERTIFIED) and file is None and not at.field.signing.later:
                lacking = "file"
            inner = at.field.field(lacking) if lacking else None
            if inner is not None:
                self._lacks(inner, f"{at.path}.{inner.name}", NO_ROW)

    def _hold_checks(self) -> None:
        for at in self._walk(lambda each: each.is_checked):
            value = at.value
            if value is None or value == [] or at.path in self._errors:
                continue
            for check in at.field.checks:
                names = self.names(at.line)
                names[VALUE] = value
                try:
                    holds = bool(self.around.evaluate(check.expression, names))
                except TooMuch:
                    raise
                except ValueError:
                    continue  # it reads a field that is empty or faulty, which has an error of its own
                if not holds:
                    self._fail(at.field, at.path, at.row, check.wording.of(self.around.locale), "check")
