"""Decision tables (DMN 1.3, clause 8), in the closed expression language.

SpiffWorkflow's tables are not used: they know two hit policies, do not enforce UNIQUE, read one table per file, and run
cells as Python. Cells here are unary tests (``engine.bpmn.unary_tests``).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Any

from engine.bpmn import expression, safe_xml
from engine.bpmn.expression import Expression, ExpressionError
from engine.bpmn.safe_xml import Element, local, text_of
from engine.bpmn.unary_tests import Cell, Functions, Names, Test
from engine.model.bounds import bounded, spend
from engine.model.errors import FunctionFailed

INPUT = "masukan"
"""The variable that stands for ``?``, the input's value, in a cell."""
POLICIES = ("UNIQUE", "FIRST", "ANY", "RULE ORDER", "COLLECT")
AGGREGATIONS: Mapping[str, Callable[[list[Any]], Any]] = {
    "SUM": lambda given: sum(given, Decimal(0)),
    "MIN": lambda given: min(given, default=None),
    "MAX": lambda given: max(given, default=None),
    "COUNT": lambda given: Decimal(len(given)),
}
NAME = re.compile(r"[^\W\d]\w*")


class Undecided(ValueError):
    """A table gives no result: two rows of a UNIQUE table match, or matching rows of an ANY table differ."""


@dataclass(frozen=True, slots=True)
class TableFault:
    """A fault of a table: the decision, the line of the file, and the reason."""

    decision: str
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """A rule: a test for each input, and an expression for each output (None if empty)."""

    number: int
    tests: tuple[Test, ...]
    outputs: tuple[Expression | None, ...]


@dataclass(frozen=True)
class Table:
    """A decision table."""

    id: str
    policy: str
    aggregation: str | None
    inputs: tuple[Expression, ...]
    outputs: tuple[str, ...]
    rows: tuple[Row, ...]
    names: frozenset[str]  # the variables that it reads
    calls: frozenset[str]  # the host functions that it calls

    def decide(self, names: Names, functions: Functions) -> dict[str, Any]:
        """Return a value for each output; Undecided, or ExpressionError if an expression cannot be evaluated."""
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
        """Return the value of one output by the hit policy (DMN 1.3, 8.2.11)."""
        if self.policy == "COLLECT" and self.aggregation is not None:
            return AGGREGATIONS[self.aggregation]([value for value in column if value is not None])
        if self.policy in ("COLLECT", "RULE ORDER"):
            return column
        return column[0] if column else None


@dataclass
class Read:
    """The contents of a DMN file."""

    tables: dict[str, Table] = field(default_factory=dict)
    faults: list[TableFault] = field(default_factory=list)


def read(xml: bytes) -> Read:
    """Return the decision tables of a file and its faults; safe_xml.Unreadable if it is not XML."""
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
    def __init__(self, decision: str) -> None:
        self.decision = decision
        self.faults: list[TableFault] = []
        self.names: set[str] = set()
        self.calls: set[str] = set()

    def table(self, element: Element) -> Table | None:
        policy = (element.get("hitPolicy") or "UNIQUE").upper()
        aggregation = (element.get("aggregation") or "").upper() or None
        inputs = [each for each in element if local(each) == "input"]
        outputs = [each for each in element if local(each) == "output"]
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
            for number, each in enumerate((each for each in element if local(each) == "rule"), start=1)
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
        tests = [self.test(each, number) for each in element if local(each) == "inputEntry"]
        entries = [each for each in element if local(each) == "outputEntry"]
        if (len(tests), len(entries)) != (inputs, outputs):
            self.fault(element, f"baris {number} mempunyai jumlah sel yang berbeda dari kepala tabel")
            return None
        given = [self.expression(each, _text(each), f"keluaran baris {number}", empty=True) for each in entries]
        known = [each for each in tests if each is not None]
        return Row(number, tuple(known), tuple(given)) if len(known) == len(tests) else None

    def input_text(self, element: Element) -> str:
        """Return the expression of an input column, or its label, where old modellers wrote it."""
        inner = next((each for each in element if local(each) == "inputExpression"), None)
        return (_text(inner) if inner is not None else "") or element.get("label") or ""

    def expression(self, at: Element, text: str, word: str, *, empty: bool = False) -> Expression | None:
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
        text = _text(element)
        try:
            if (named := _naming_the_input(text)) != text:
                made: Expression = expression.compile(named)
                self.names |= made.names
                self.calls |= made.calls
                return lambda value, names, functions: bool(made.evaluate({**names, INPUT: value}, functions))
            return Cell(text, self.names).whole()
        except ExpressionError as error:
            self.fault(element, f"sel “{text}” pada baris {number} tidak dapat dibaca: {error.reason}")
            return None

    def fault(self, at: Element, reason: str) -> None:
        self.faults.append(TableFault(self.decision, at.sourceline, reason))


class TableEngine:
    """Decides a business rule task for SpiffWorkflow."""

    def __init__(self, table: Table, functions: Callable[[], Functions]) -> None:
        """Decide by *table*, with the host functions that *functions* returns at that moment."""
        self.table = table
        self.functions = functions

    def result(self, task: Any) -> dict[str, Any]:
        """Return the values to add to the task's data."""
        found = self.table.decide({**task.workflow.data_objects, **task.data}, self.functions())
        for name in found:
            task.data.pop(name, None)  # or SpiffWorkflow would merge both values
        return found


def _text(element: Element) -> str:
    inner = next((each for each in element if local(each) == "text"), None)
    return text_of(inner) if inner is not None else ""


def _naming_the_input(text: str) -> str:
    """Return *text* with INPUT in place of every ``?`` outside quotes."""
    parts = re.split(r'("[^"]*"|\'[^\']*\')', text)
    return "".join(part if place % 2 else part.replace("?", INPUT) for place, part in enumerate(parts))


def decide(tables: Mapping[str, Table], functions: Mapping[str, Callable[..., Any]], table_id: Any, inputs: Any) -> Any:
    """Return the result of a decision table for *inputs*: a value, or a mapping if it has several outputs.

    For a list of inputs, return a list. FunctionFailed if the table is missing or gives no result.
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
