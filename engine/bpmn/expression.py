"""The closed expression language of conditions, scripts, timers, performers, titles and form defaults.

It is a subset of Python's expressions (``docs/ungkapan.md``). The syntax tree is checked against a whitelist and
compiled to closures; there is no ``eval``. A dot reads a key of a mapping, never an attribute. Callable functions are
those in ``FUNCTIONS``, the host's (``HOST_FUNCTIONS``) and those of the procedure's ``functions.py``; deployment
refuses calls of others.

The length of texts, syntax trees, values and results is limited (``engine.bpmn.expression_values``). There are no
loops, so an evaluation costs its nodes and the items of its lists, taken from a budget (``engine.model.bounds``).

RestrictedPython was rejected: it allows ``9**9**9`` and ``"a" * 10**9``, and was seventeen times slower.
"""

import ast
import builtins
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException, DivisionByZero, localcontext
from functools import lru_cache
from itertools import accumulate
from reprlib import repr as brief
from typing import Any

from engine.bpmn.expression_values import (
    BINARY,
    COMPARE,
    CONTAINERS,
    FUNCTIONS,
    ITEM,
    LARGEST_VALUE,
    Fault,
    extent,
    number_of,
)
from engine.model.bounds import admitted, bounded, spend
from engine.model.errors import FunctionFailed

FUNCTION_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
"""Name of a function defined by a procedure. Python built-ins are never callable."""
LONGEST_TEXT = 2_000
LONGEST_SCRIPT = 10_000
MOST_NODES = 300
DEEPEST = 40
ARITHMETIC = Context(prec=34, Emin=-67, Emax=100, rounding=ROUND_HALF_UP)
"""The precision of IEEE 754 decimal128, with the exponents that ``admitted`` allows."""
UNFIT = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""Errors of Python for a value that does not fit an operation or a host function."""

Scope = Mapping[str, Any]
Code = Callable[[Scope, Mapping[str, Callable[..., Any]]], Any]


class ExpressionError(ValueError):
    """An expression cannot be read or evaluated: *reason* in Indonesian, *position* of the fault in *text*."""

    def __init__(self, text: str, position: int, reason: str) -> None:
        super().__init__(f"{reason}: {text[:200]!r} (posisi {position})")
        self.text = text
        self.position = position
        self.reason = reason


@dataclass(frozen=True)
class Expression:
    """A compiled expression: the *names* of its variables, and the host functions it *calls*."""

    text: str
    names: frozenset[str]
    calls: frozenset[str]
    code: Code
    cost: int  # nodes

    def evaluate(self, names: Scope, functions: Mapping[str, Callable[..., Any]] | None = None) -> Any:
        """Return the value for *names*; ExpressionError if one is missing or does not fit.

        FunctionFailed is passed on, since it is a fault of the procedure and not of the values.
        """
        if not spend(self.cost):
            with bounded():
                return self.evaluate(names, functions)
        try:
            with localcontext(ARITHMETIC):
                value = self.code(names, functions or {})
            if isinstance(value, CONTAINERS) and extent(value) > LARGEST_VALUE // ITEM:
                raise Fault("hasilnya terlalu besar")
            return value
        except (ExpressionError, FunctionFailed):
            raise
        except Fault as fault:
            raise ExpressionError(self.text, fault.position, fault.reason) from None
        except UNFIT as error:
            raise unfit(self.text, error) from None


def unfit(text: str, error: Exception) -> ExpressionError:
    """Return the error for a value that did not fit."""
    if isinstance(error, DecimalException):
        by_zero = isinstance(error, DivisionByZero) or "Division" in str(error)  # 0 / 0 is DivisionUndefined
        reason = "pembaginya nol" if by_zero else "pembaginya nol, atau hasilnya terlalu besar"
        return ExpressionError(text, 0, f"hitungan tidak dapat dilakukan: {reason}")
    return ExpressionError(text, 0, f"nilai tidak cocok ({str(error)[:200]})")


@lru_cache(maxsize=4096)
def compile(text: str) -> Expression:
    """Return the compiled *text*; ExpressionError if it is not an expression of the language."""
    text = text.strip()
    if not text:
        raise ExpressionError(text, 0, "ungkapan kosong")
    if len(text) > LONGEST_TEXT:
        raise ExpressionError(text, LONGEST_TEXT, f"ungkapan lebih dari {LONGEST_TEXT} huruf")
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        raise ExpressionError(text, max(0, (error.offset or 1) - 1), "tata tulisnya salah") from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionError(text, 0, "tata tulisnya terlalu rumit atau memuat huruf terlarang") from None
    cost = sum(1 for _ in ast.walk(tree))
    if cost > MOST_NODES:
        raise ExpressionError(text, 0, "ungkapan terlalu rumit")
    compiler = _Compiler(text)
    try:
        code = compiler.visit(tree.body, 0)
    except Fault as fault:
        raise ExpressionError(text, fault.position, fault.reason) from None
    return Expression(text, frozenset(compiler.names), frozenset(compiler.calls), code, cost)


def if_readable(text: str) -> Expression | None:
    """Return the compiled *text*; None if it is not an expression of the language."""
    try:
        return compile(text)
    except ExpressionError:
        return None


class _Compiler:
    def __init__(self, text: str) -> None:
        self.text = text
        self.names: set[str] = set()
        self.calls: set[str] = set()

    def visit(self, node: ast.expr, depth: int) -> Code:
        at = getattr(node, "col_offset", 0)
        if depth > DEEPEST:
            raise Fault("ungkapan terlalu dalam", at)
        deeper = depth + 1
        match node:
            case ast.Constant(value=value):
                return self.constant(value, at)
            case ast.Name(id=name):
                return self.name(name, at)
            case ast.BoolOp(op=op, values=values):
                parts = [self.visit(value, deeper) for value in values]
                return _until(parts, holds=isinstance(op, ast.Or))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.visit(operand, deeper)
                return lambda names, functions: not inner(names, functions)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.visit(operand, deeper)
                return lambda names, functions: -number_of(inner(names, functions))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
                return _binary(BINARY[type(op)], self.visit(left, deeper), self.visit(right, deeper))
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                pairs = [
                    (COMPARE[type(op)], self.visit(other, deeper)) for op, other in zip(ops, comparators, strict=True)
                ]
                return _compared(self.visit(left, deeper), pairs, at)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                condition, yes, no = self.visit(test, deeper), self.visit(body, deeper), self.visit(orelse, deeper)
                return lambda names, functions: (yes if condition(names, functions) else no)(names, functions)
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                parts = [self.visit(element, deeper) for element in elements]
                return lambda names, functions: [part(names, functions) for part in parts]
            case ast.Dict(keys=keys, values=values):
                return self.fields(keys, [self.visit(value, deeper) for value in values], at)
            case ast.Subscript(value=value, slice=key):
                return _item(self.visit(value, deeper), self.visit(key, deeper), at)
            case ast.Attribute(value=value, attr=attribute):
                if attribute.startswith("_"):
                    raise Fault(f"nama {attribute!r} tidak boleh berawalan garis bawah", at)
                return _key(self.visit(value, deeper), attribute, at)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.call(name, [self.visit(argument, deeper) for argument in arguments], at)
        raise Fault(f"{_word(node)} tidak dikenal dalam ungkapan", at)

    def fields(self, keys: list[ast.expr | None], parts: list[Code], at: int) -> Code:
        """Return the code of ``{"name": value}``, the content of a message; names must be literals."""
        written = [key.value if isinstance(key, ast.Constant) else None for key in keys]
        named = [key for key in written if isinstance(key, str) and key and not key.startswith("_")]
        if len(set(named)) != len(keys):
            raise Fault('kunci kamus harus teks yang berbeda, misalnya {"nomor": nomor}', at)
        return lambda names, functions: {key: part(names, functions) for key, part in zip(named, parts, strict=True)}

    def constant(self, value: Any, at: int) -> Code:
        match value:
            case bool() | None | str():
                constant: Any = value
            case int() | float():
                try:
                    constant = admitted(Decimal(value) if isinstance(value, int) else self._decimal(at))
                except ValueError as error:
                    raise Fault(str(error), at) from None
            case _:
                raise Fault(f"{value!r} tidak dikenal dalam ungkapan", at)
        return lambda names, functions: constant

    def name(self, name: str, at: int) -> Code:
        if name.startswith("_"):
            raise Fault(f"nama {name!r} tidak boleh berawalan garis bawah", at)
        if name in FUNCTIONS:
            raise Fault(f"{name} adalah fungsi; tulis {FUNCTIONS[name][1]}", at)
        self.names.add(name)

        def read(names: Scope, functions: Mapping[str, Callable[..., Any]]) -> Any:
            try:
                return admitted(names[name])
            except KeyError:
                raise Fault(f"nama {name!r} tidak ada", at) from None

        return read

    def call(self, name: str, arguments: list[Code], at: int) -> Code:
        known = FUNCTIONS.get(name)
        if known is None:
            if not FUNCTION_NAME.fullmatch(name) or hasattr(builtins, name):
                raise Fault(f"fungsi {name!r} tidak ada", at)
            self.calls.add(name)

        def run(names: Scope, functions: Mapping[str, Callable[..., Any]]) -> Any:
            function = known[0] if known is not None else functions.get(name)
            if function is None:
                raise Fault(f"fungsi {name!r} tidak tersedia di sini", at)
            return admitted(function(*(argument(names, functions) for argument in arguments)))

        return run

    def _decimal(self, at: int) -> Decimal:
        """Return a literal with a decimal point exactly, which a binary float could change."""
        end = at
        while end < len(self.text) and (self.text[end].isalnum() or self.text[end] in "._"):
            end += 1
        try:
            return Decimal(self.text[at:end].replace("_", ""))
        except DecimalException:
            raise Fault("angka tidak terbaca", at) from None


def _until(parts: list[Code], *, holds: bool) -> Code:
    """Return the code of ``or`` (*holds*) or ``and``: the first part that is true, or false; else the last."""

    def first(names: Scope, functions: Mapping[str, Callable[..., Any]]) -> Any:
        value: Any = None
        for part in parts:
            value = part(names, functions)
            if bool(value) is holds:
                break
        return value

    return first


def _binary(operate: Callable[[Any, Any], Any], left: Code, right: Code) -> Code:
    return lambda names, functions: operate(left(names, functions), right(names, functions))


def _compared(first: Code, pairs: list[tuple[Callable[[Any, Any], Any], Code]], at: int) -> Code:
    def compare(names: Scope, functions: Mapping[str, Callable[..., Any]]) -> bool:
        left = first(names, functions)
        for relate, code in pairs:
            right = code(names, functions)
            if isinstance(left, CONTAINERS):
                extent(left)  # comparing walks through one side at most
            try:
                if not relate(left, right):
                    return False
            except TypeError:
                raise Fault(f"{brief(left)} tidak dapat dibandingkan dengan {brief(right)}", at) from None
            left = right
        return True

    return compare


def _item(of: Code, key: Code, at: int) -> Code:
    def read(names: Scope, functions: Mapping[str, Callable[..., Any]]) -> Any:
        value, wanted = of(names, functions), key(names, functions)
        if isinstance(value, Mapping):
            return admitted(value.get(wanted))
        if isinstance(value, Sequence) and isinstance(wanted, int | Decimal) and not isinstance(wanted, bool):
            index = int(wanted)
            if -len(value) <= index < len(value):
                return admitted(value[index])
            raise Fault(f"tidak ada isi ke-{index}", at)
        raise Fault(f"{type(value).__name__} tidak punya isi {brief(wanted)}", at)

    return read


def _key(of: Code, name: str, at: int) -> Code:
    def read(names: Scope, functions: Mapping[str, Callable[..., Any]]) -> Any:
        value = of(names, functions)
        if value is None:
            return None
        if isinstance(value, Mapping):
            return admitted(value.get(name))
        raise Fault(f"{type(value).__name__} tidak punya {name!r}", at)

    return read


def _word(node: ast.expr) -> str:
    return {
        ast.Call: "pemanggilan ini",
        ast.Lambda: "lambda",
        ast.ListComp: "perulangan",
        ast.GeneratorExp: "perulangan",
        ast.DictComp: "perulangan",
        ast.SetComp: "perulangan",
        ast.JoinedStr: "teks berformat",
        ast.Set: "himpunan",
        ast.Starred: "tanda bintang",
        ast.Await: "await",
        ast.NamedExpr: "penugasan",
    }.get(type(node), "tulisan ini")


@lru_cache(maxsize=1024)
def script(text: str) -> tuple[tuple[str, Expression], ...]:
    """Return the assignments of a script, which consists of lines ``name = expression``."""
    found = []
    if len(text) > LONGEST_SCRIPT:
        raise ExpressionError(text, LONGEST_SCRIPT, f"skrip lebih dari {LONGEST_SCRIPT} huruf")
    source = text.strip()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError(text, 0, "skrip hanya boleh memuat baris nama = ungkapan") from None
    encoded = source.encode()  # split once; ast.get_source_segment would split it for each statement
    begins = list(accumulate(map(len, encoded.splitlines(keepends=True)), initial=0))
    for statement in tree.body:
        match statement:
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.expr(lineno=line, col_offset=at, end_lineno=int(last), end_col_offset=int(end)),
            ) if not name.startswith("_") and name not in FUNCTIONS:
                written = encoded[begins[line - 1] + at : begins[last - 1] + end].decode()
                found.append((name, compile(written)))
            case _:
                raise ExpressionError(text, 0, "skrip hanya boleh memuat baris nama = ungkapan")
    return tuple(found)
