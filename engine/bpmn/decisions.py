"""Decision tables (DMN 1.3, clause 8): read once from XML, decided in the closed expression language.

SpiffWorkflow's own tables know two of the hit policies, take the first of two rows where UNIQUE forbids two, read one
table a file, and cells as Python. So a table is read and decided here, and the engine only asks for the result.

A cell is a S-FEEL unary test (clause 9.2): ``-``, a value, a comparison, an interval ``[1..5)``, several of them with
commas between, ``not(...)`` around them, ``date("2025-03-31")``. SpiffArena's way to name the input (``4 < ? < 6``) is
read as well. Input expressions and outputs are expressions of the closed language. What is empty matches ``-`` and
``null`` only: a comparison with nothing is no match, rather than an error.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal, localcontext
from reprlib import repr as brief
from typing import Any

from engine.bpmn import expression, safe_xml
from engine.bpmn.expression import Expression, ExpressionError
from engine.bpmn.safe_xml import Element, local, text_of
from engine.model.bounds import admitted, bounded, spend
from engine.model.errors import FunctionFailed

INPUT = "masukan"
"""The name by which a ``?`` cell reads the input's value."""
POLICIES = ("UNIQUE", "FIRST", "ANY", "RULE ORDER", "COLLECT")
AGGREGATIONS: Mapping[str, Callable[[list[Any]], Any]] = {
    "SUM": lambda given: sum(given, Decimal(0)),
    "MIN": lambda given: min(given, default=None),
    "MAX": lambda given: max(given, default=None),
    "COUNT": lambda given: Decimal(len(given)),
}
NAME = re.compile(r"[^\W\d]\w*")
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


class Undecided(ValueError):
    """A table that cannot decide: two rows of a UNIQUE table match, or rows of an ANY table differ."""


@dataclass(frozen=True, slots=True)
class TableFault:
    """What is wrong with a table: the decision, the line of the file, and why."""

    decision: str
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One rule: a test for each input, an expression for each output (None: empty)."""

    number: int
    tests: tuple[Test, ...]
    outputs: tuple[Expression | None, ...]


@dataclass(frozen=True)
class Table:
    """One decision table."""

    id: str
    policy: str
    aggregation: str | None
    inputs: tuple[Expression, ...]
    outputs: tuple[str, ...]  # names that it gives values
    rows: tuple[Row, ...]
    names: frozenset[str]  # that it reads
    calls: frozenset[str]  # functions that the host must give

    def decide(self, names: Names, functions: Functions) -> dict[str, Any]:
        """Return a value for each output; Undecided, or ExpressionError if an input cannot be computed."""
        try:
            with bounded(), localcontext(expression.ARITHMETIC):
                return self._decided(names, functions)
        except (Undecided, ExpressionError, FunctionFailed):
            raise
        except expression.UNFIT as error:
            raise expression.unfit(self.id, error) from None

    def _decided(self, names: Names, functions: Functions) -> dict[str, Any]:
        spend(len(self.rows) * len(self.inputs))
        values = [each.evaluate(names, functions) for each in self.inputs]
        hits = self._hits(values, names, functions)
        if self.policy == "UNIQUE" and len(hits) > 1:
            raise Undecided(f"tabel {self.id}: baris {hits[0].number} dan {hits[1].number} sama-sama cocok")
        found = [
            [None if each is None else each.evaluate(names, functions) for each in row.outputs]
            for row in (hits[:1] if self.policy == "FIRST" else hits)
        ]
        if self.policy == "ANY" and any(each != found[0] for each in found):
            raise Undecided(f"tabel {self.id}: baris yang cocok memberi hasil yang berbeda")
        columns = [[each[place] for each in found] for place in range(len(self.outputs))]
        return {name: self._gathered(column) for name, column in zip(self.outputs, columns, strict=True)}

    def _hits(self, values: Sequence[Any], names: Names, functions: Functions) -> list[Row]:
        return [
            row
            for row in self.rows
            if all(test(value, names, functions) for test, value in zip(row.tests, values, strict=True))
        ]

    def _gathered(self, column: list[Any]) -> Any:
        """Return what one output comes to, by the hit policy (DMN 1.3, 8.2.11)."""
        if self.policy == "COLLECT" and self.aggregation is not None:
            return AGGREGATIONS[self.aggregation]([value for value in column if value is not None])
        if self.policy in ("COLLECT", "RULE ORDER"):
            return column
        return column[0] if column else None


@dataclass
class Read:
    """What a DMN file holds."""

    tables: dict[str, Table] = field(default_factory=dict)
    faults: list[TableFault] = field(default_factory=list)


def read(xml: bytes) -> Read:
    """Return every decision table of a file and everything that is wrong with it; markup.Unreadable if it is no XML."""
    found = Read()
    root = safe_xml.read(xml)
    if local(root) != "definitions" or "DMN" not in str(root.tag):
        found.faults.append(TableFault("", root.sourceline, "berkas ini bukan DMN"))
        return found
    for decision in (each for each in root.iter() if local(each) == "decision"):
        id_ = decision.get("id") or ""
        table = next((each for each in decision if local(each) == "decisionTable"), None)
        if not id_ or id_ in found.tables:
            found.faults.append(TableFault(id_, decision.sourceline, "id keputusan kosong atau kembar"))
        elif table is None:
            found.faults.append(
                TableFault(id_, decision.sourceline, "keputusan ini bukan tabel; hanya tabel yang dijalankan")
            )
        else:
            reading = _Reading(id_)
            made = reading.table(table)
            found.faults += reading.faults
            if made is not None:
                found.tables[id_] = made
    return found


class _Reading:
    """Reads one table and notes every fault of it."""

    def __init__(self, decision: str) -> None:
        self.decision = decision
        self.faults: list[TableFault] = []
        self.names: set[str] = set()
        self.calls: set[str] = set()

    def table(self, element: Element) -> Table | None:
        """Return the table, or None after noting why there is none."""
        policy = (element.get("hitPolicy") or "UNIQUE").upper()
        aggregation = (element.get("aggregation") or "").upper() or None
        parts = [each for each in element if isinstance(each.tag, str)]
        inputs = [each for each in parts if local(each) == "input"]
        outputs = [each for each in parts if local(each) == "output"]
        names = [each.get("name") or each.get("label") or "" for each in outputs]
        if policy not in POLICIES or (aggregation is not None and aggregation not in AGGREGATIONS):
            asked = f"{policy} {aggregation or ''}".strip()
            self.fault(element, f"kebijakan {asked} tidak dijalankan; pilih {', '.join(POLICIES)}")
        if aggregation is not None and len(outputs) != 1:
            self.fault(element, "penjumlahan (aggregation) hanya untuk tabel dengan satu keluaran")
        if not outputs or len(set(names)) < len(names) or not all(NAME.fullmatch(name) for name in names):
            self.fault(element, "tiap keluaran perlu nama sendiri, satu kata tanpa titik")
        asked_for = [self.expression(each, self.input_text(each), "masukan") for each in inputs]
        rows = [
            self.row(number, each, len(inputs), len(outputs))
            for number, each in enumerate((each for each in parts if local(each) == "rule"), start=1)
        ]
        if self.faults:
            return None
        return Table(
            id=self.decision,
            policy=policy,
            aggregation=aggregation,
            inputs=tuple(each for each in asked_for if each is not None),
            outputs=tuple(names),
            rows=tuple(each for each in rows if each is not None),
            names=frozenset(self.names - {INPUT}),
            calls=frozenset(self.calls),
        )

    def row(self, number: int, element: Element, inputs: int, outputs: int) -> Row | None:
        """Return one rule."""
        tests = [self.test(each, number) for each in element if local(each) == "inputEntry"]
        entries = [each for each in element if local(each) == "outputEntry"]
        if (len(tests), len(entries)) != (inputs, outputs):
            self.fault(element, f"baris {number} mempunyai jumlah sel yang berbeda dari kepala tabel")
            return None
        given = [self.expression(each, _text(each), f"keluaran baris {number}", empty=True) for each in entries]
        known = [each for each in tests if each is not None]
        return Row(number, tuple(known), tuple(given)) if len(known) == len(tests) else None

    def input_text(self, element: Element) -> str:
        """Return the expression of a column; of tables without one its label, as old modellers wrote it."""
        inner = next((each for each in element if local(each) == "inputExpression"), None)
        return (_text(inner) if inner is not None else "") or element.get("label") or ""

    def expression(self, at: Element, text: str, word: str, *, empty: bool = False) -> Expression | None:
        """Return an expression of the closed language."""
        if empty and text in ("", "-"):
            return None
        try:
            made: Expression = expression.compile(text)
        except ExpressionError as error:
            self.fault(at, f"{word} “{text}” tidak dapat dibaca: {error.reason}")
            return None
        self.names |= made.names
        self.calls |= made.calls
        return made

    def test(self, element: Element, number: int) -> Test | None:
        """Return the test of one cell."""
        text = _text(element)
        try:
            if "?" in _outside_quotes(text):
                made: Expression = expression.compile(_naming_the_input(text))
                self.names |= made.names
                self.calls |= made.calls
                return lambda value, names, functions: bool(made.evaluate({**names, INPUT: value}, functions))
            return _Cell(text, self.names).whole()
        except ExpressionError as error:
            self.fault(element, f"sel “{text}” pada baris {number} tidak dapat dibaca: {error.reason}")
            return None

    def fault(self, at: Element, reason: str) -> None:
        """Note what is wrong."""
        self.faults.append(TableFault(self.decision, at.sourceline, reason))


class _Cell:
    """One S-FEEL unary test, read from left to right."""

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
        """Return a test that any of several passes."""
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
        """Return a date or time literal."""
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
        """Return the next token, ("", "") at the end."""
        return self.tokens[self.place] if self.place < len(self.tokens) else ("", "")

    def ahead(self, kind: str, text: str) -> bool:
        """Whether that token comes next."""
        return self.peek() == (kind, text)

    def take(self, kind: str, text: str | None = None) -> tuple[str, str]:
        """Return the next token, which must be that one."""
        found = self.peek()
        if found[0] != kind or (text is not None and found[1] != text):
            raise self.fault(f"{text or kind} diharapkan")
        self.place += 1
        return found

    def end(self) -> None:
        """Refuse anything that follows."""
        if self.place < len(self.tokens):
            raise self.fault(f"{self.peek()[1]} tidak diduga di sini")

    def fault(self, reason: str) -> ExpressionError:
        """Return what is wrong with the cell."""
        return ExpressionError(self.text, 0, reason)


class TableEngine:
    """What SpiffWorkflow asks for the result of a business rule task."""

    def __init__(self, table: Table, functions: Callable[[], Functions]) -> None:
        """Decide by *table*; *functions* gives the host's functions of the moment."""
        self.table = table
        self.functions = functions

    def result(self, task: Any) -> dict[str, Any]:
        """Return what the task's data gains."""
        found = self.table.decide({**task.workflow.data_objects, **task.data}, self.functions())
        for name in found:
            task.data.pop(name, None)  # the engine merges into what is there, and lists by position
        return found


def _text(element: Element) -> str:
    inner = next((each for each in element if isinstance(each.tag, str) and local(each) == "text"), None)
    return text_of(inner) if inner is not None else ""


def _always(value: Any) -> Value:
    return lambda names, functions: value


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


def _outside_quotes(text: str) -> str:
    return re.sub(r'"[^"]*"|\'[^\']*\'', "", text)


def _naming_the_input(text: str) -> str:
    """Return *text* with every ``?`` outside quotes as the input's name."""
    parts = re.split(r'("[^"]*"|\'[^\']*\')', text)
    return "".join(part if place % 2 else part.replace("?", INPUT) for place, part in enumerate(parts))


def decide(tables: Mapping[str, Table], functions: Mapping[str, Callable[..., Any]], table_id: Any, inputs: Any) -> Any:
    """Return what a procedure's decision table gives for *inputs*: one value, or a mapping if it has several outputs.

    Of a list of rows it is a list, one result for each row.
    FunctionFailed if there is no such table, or if its rows do not decide.
    """
    table = tables.get(str(table_id))
    if table is None:
        raise FunctionFailed(f"tabel keputusan {table_id!r} tidak ada")
    if isinstance(inputs, (list, tuple)):
        return [decide(tables, functions, table_id, row) for row in inputs]
    try:
        found = table.decide(dict(inputs), functions)
    except ValueError as error:
        raise FunctionFailed(f"tabel keputusan {table_id}: {error}") from error
    return found if len(found) > 1 else next(iter(found.values()))
