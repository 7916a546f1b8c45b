"""Cells of decision tables: S-FEEL unary tests (DMN 1.3, clause 9.2).

A cell is ``-``, a value, a comparison, an interval ``[1..5)``, several of these with commas, or ``not(...)`` of them.
Values include ``date("2025-03-31")``. ``engine.bpmn.decisions`` reads SpiffArena's ``4 < ? < 6``. None matches ``-``
and ``null`` only; comparisons with it are false.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from reprlib import repr as brief
from typing import Any

from engine.bpmn import expression
from engine.bpmn.expression import Expression, ExpressionError
from engine.model.bounds import admitted

TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<number>\d+(?:\.\d+)?|\.\d+)|(?P<dots>\.\.)"""
    r"""|(?P<operator><=|>=|!=|<|>|=)|(?P<mark>[\[\](),-])|(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*))"""
)
Names = Mapping[str, Any]
Functions = Mapping[str, Callable[..., Any]]
Value = Callable[[Names, Functions], Any]
Test = Callable[[Any, Names, Functions], bool]

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: bool(left == right),
    "!=": lambda left, right: bool(left != right),
    "<": lambda left, right: bool(left < right),
    "<=": lambda left, right: bool(left <= right),
    ">": lambda left, right: bool(left > right),
    ">=": lambda left, right: bool(left >= right),
}


class Cell:
    """Parses one S-FEEL unary test."""

    def __init__(self, text: str, names: set[str]) -> None:
        self.text = text
        self.names = names
        self.tokens = list(self._tokens())
        self.place = 0

    def whole(self) -> Test:
        """Unary tests = "-" | "not" "(" tests ")" | tests (DMN 1.3, 9.2, rule 12)."""
        if not self.tokens or self.text.strip() == "-":
            return lambda value, names, functions: True
        if self.tokens[0] == ("name", "not") and len(self.tokens) > 1:
            self.place = 1
            self.take("mark", "(")
            inner = self.tests()
            self.take("mark", ")")
            self.end()
            return lambda value, names, functions: not inner(value, names, functions)
        inner = self.tests()
        self.end()
        return inner

    def tests(self) -> Test:
        """Tests = test { "," test }: passed if one of them is."""
        found = [self.one()]
        while self.ahead("mark", ","):
            self.place += 1
            found.append(self.one())
        return lambda value, names, functions: any(test(value, names, functions) for test in found)

    def one(self) -> Test:
        """Return a comparison, an interval or a value."""
        kind, text = self.peek()
        if kind == "operator":
            self.place += 1
            return _comparing(text, self.endpoint())
        if kind == "mark" and text in "[](":
            self.place += 1
            low = self.endpoint()
            self.take("dots", "..")
            high = self.endpoint()
            closing, mark = self.peek()
            if closing != "mark" or mark not in "])[":
                raise self.fault("selang ditutup dengan ], ) atau [")
            self.place += 1
            above = _comparing(">=" if text == "[" else ">", low)
            below = _comparing("<=" if mark == "]" else "<", high)
            return lambda value, names, functions: above(value, names, functions) and below(value, names, functions)
        return _comparing("=", self.endpoint())

    def endpoint(self) -> Value:
        """Return a value: a number, text, true, false, null, a name, or ``date("...")``."""
        kind, text = self.peek()
        self.place += 1
        match kind, text:
            case "mark", "-":
                inner = self.endpoint()
                return lambda names, functions: -inner(names, functions)
            case "number", _:
                try:
                    return _always(admitted(Decimal(text)))
                except ValueError as error:
                    raise self.fault(str(error)) from None
            case "text", _:
                return _always(ast.literal_eval(text))
            case "name", "true" | "True":
                return _always(True)
            case "name", "false" | "False":
                return _always(False)
            case "name", "null" | "None":
                return _always(None)
            case "name", "date" | "time" | "tanggal" if self.ahead("mark", "("):
                self.place += 1
                _, written = self.take("text")
                self.take("mark", ")")
                return _always(self.instant(text, ast.literal_eval(written)))
            case "name", _:
                made: Expression = expression.compile(text)
                self.names |= made.names
                return made.evaluate
        raise self.fault(f"{text or 'akhir sel'} tidak diduga di sini")

    def instant(self, kind: str, text: str) -> date | time:
        """Return the value of a date or time literal."""
        try:
            return time.fromisoformat(text) if kind == "time" else date.fromisoformat(text)
        except ValueError:
            raise self.fault(f"“{text}” bukan tanggal (2025-03-31) atau jam (09:00)") from None

    def _tokens(self) -> Iterator[tuple[str, str]]:
        at = 0
        while self.text[at:].strip():
            match = TOKEN.match(self.text, at)
            if match is None or match.lastgroup is None:
                raise self.fault(f"tanda {self.text[at:].strip()[0]} tidak dikenal")
            yield match.lastgroup, match.group(match.lastgroup)
            at = match.end()

    def peek(self) -> tuple[str, str]:
        """Return the next token without taking it; ("", "") at the end."""
        return self.tokens[self.place] if self.place < len(self.tokens) else ("", "")

    def ahead(self, kind: str, text: str) -> bool:
        """Whether the next token is this one."""
        return self.peek() == (kind, text)

    def take(self, kind: str, text: str | None = None) -> tuple[str, str]:
        """Take the next token, which must be of *kind*, with *text* if given."""
        found = self.peek()
        if found[0] != kind or (text is not None and found[1] != text):
            raise self.fault(f"{text or kind} diharapkan")
        self.place += 1
        return found

    def end(self) -> None:
        """Raise if there are more tokens."""
        if self.place < len(self.tokens):
            raise self.fault(f"{self.peek()[1]} tidak diduga di sini")

    def fault(self, reason: str) -> ExpressionError:
        """Return the error for a fault of the cell."""
        return ExpressionError(self.text, 0, reason)


def _comparing(operator: str, endpoint: Value) -> Test:
    compare = COMPARISONS[operator]

    def test(value: Any, names: Names, functions: Functions) -> bool:
        other = endpoint(names, functions)
        if isinstance(value, datetime) and not isinstance(other, datetime):
            value = value.date()
        if operator not in ("=", "!=") and (value is None or other is None):
            return False
        try:
            return compare(value, other)
        except TypeError:
            raise ExpressionError(
                brief(value), 0, f"{brief(value)} tidak dapat dibandingkan dengan {brief(other)}"
            ) from None

    return test


def _always(value: Any) -> Value:
    return lambda names, functions: value
