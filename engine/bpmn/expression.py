"""The closed expression language of conditions, scripts, timers, performers, titles and form defaults.

Its syntax is that of Python expressions, reduced to what ``docs/ungkapan.md`` lists: a syntax tree is walked once
against a whitelist and compiled to closures, so that nothing but these closures can ever run. There is no ``eval``, no
attribute of a Python object is reachable (a point reads a key of a mapping), no function but those of ``FUNCTIONS`` and
what the host passes: its own (``HOST_FUNCTIONS``) and those of the procedure's ``functions.py``. Which of these an
expression calls stands in ``calls``, and a deployment refuses what nobody gives.

Text, syntax and results are bounded. Numbers are Decimal, and every one is ``admitted`` where it comes to light: a
literal, what a name, key or index reads, what a function returns. No operation behind that meets a number whose digits
would fill the memory. There are no loops, so an evaluation costs its nodes and the items of the lists that they walk:
both are spent from a budget (``engine.model.bounds``).

RestrictedPython was weighed and left out: it stops neither ``9**9**9`` nor ``"a" * 10**9`` and was seventeen times
slower in a trial.
"""

import ast
import builtins
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException, DivisionByZero, localcontext
from functools import lru_cache
from itertools import accumulate
from reprlib import repr as brief
from typing import Any

from engine.model.bounds import admitted, alike, bounded, spend
from engine.model.errors import FunctionFailed

FUNCTION_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
"""Of a function that is not the language's own; none of Python's built-in functions is ever one."""
PLACE = re.compile(r"\{([^{}]*)\}")
LONGEST_TEXT = 2_000
LONGEST_SCRIPT = 10_000
MOST_NODES = 300
DEEPEST = 40
LONGEST_RESULT = 20_000
MOST_ITEMS = 20_000
LARGEST_VALUE = 2_000_000
LARGEST_DATA = 10_000_000
"""Of one result and of all that an instance holds, in letters: ``a = [a, a]`` forty times has few items, and no end."""
ITEM = 8  # letters that an item counts as
DEEPEST_VALUE = 50
CONTAINERS = (list, dict, tuple)
ARITHMETIC = Context(prec=34, Emin=-67, Emax=100, rounding=ROUND_HALF_UP)
"""The digits of IEEE 754 decimal128, and no result that is not admitted."""
UNFIT = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What Python raises where a value does not fit an operation or a function of the host."""

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
    """A compiled expression: the *names* it reads, and the functions it *calls* that the host must give."""

    text: str
    names: frozenset[str]
    calls: frozenset[str]
    code: Code
    cost: int  # nodes

    def evaluate(self, names: Scope, functions: Mapping[str, Callable[..., Any]] | None = None) -> Any:
        """Return the value for *names*; ExpressionError says what was missing or did not fit.

        FunctionFailed comes through as it is: it is the procedure that is at fault, not the values.
        """
        if not spend(self.cost):
            with bounded():
                return self.evaluate(names, functions)
        try:
            with localcontext(ARITHMETIC):
                value = self.code(names, functions or {})
            if isinstance(value, CONTAINERS) and extent(value) > LARGEST_VALUE // ITEM:
                raise _Fault("hasilnya terlalu besar")
            return value
        except (ExpressionError, FunctionFailed):
            raise
        except _Fault as fault:
            raise ExpressionError(self.text, fault.position, fault.reason) from None
        except UNFIT as error:
            raise unfit(self.text, error) from None


def unfit(text: str, error: Exception) -> ExpressionError:
    """Return what is told of a value that did not fit."""
    if isinstance(error, DecimalException):
        by_zero = isinstance(error, DivisionByZero) or "Division" in str(error)  # 0 / 0 tells it so
        reason = "pembaginya nol" if by_zero else "pembaginya nol, atau hasilnya terlalu besar"
        return ExpressionError(text, 0, f"hitungan tidak dapat dilakukan: {reason}")
    return ExpressionError(text, 0, f"nilai tidak cocok ({str(error)[:200]})")


class _Fault(Exception):
    def __init__(self, reason: str, position: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


def weight(value: Any, most: int) -> int:
    """Return how many letters *value* takes when it is written down; more than *most* if it is larger or too deep."""
    found, level = 0, [value]
    for _ in range(DEEPEST_VALUE):
        below: list[Any] = []
        for each in level:
            found += ITEM
            match each:
                case str():
                    found += len(each)
                case dict():
                    below += each.values()
                case list() | tuple():
                    below += each
            if found + ITEM * len(below) > most:
                return most + 1
        if not below:
            return found
        level = below
    return most + 1


def extent(value: Any) -> int:
    """Return how many steps it takes to walk through *value*, and spend them."""
    if not isinstance(value, CONTAINERS):
        return 1
    found = -(-weight(value, LARGEST_VALUE) // ITEM)
    spend(found)
    return found


# ── functions ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise _Fault(f"{brief(value)} bukan angka")
    admitted(value)
    return value if type(value) is Decimal else Decimal(value)


def _items(value: Any) -> Sequence[Any]:
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise _Fault(f"{brief(value)} bukan daftar")
    if len(value) > MOST_ITEMS:
        raise _Fault("daftar terlalu panjang")
    spend(len(value))
    return value


def _round(value: Any, digits: Any = 0) -> Decimal:
    places = int(_number(digits))
    if not -20 <= places <= 20:
        raise _Fault("jumlah desimal terlalu besar")
    return _number(value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "ya" if value else "tidak"
        case int() | Decimal():
            return format(_number(value), "f")
        case date():
            return value.isoformat()
    raise _Fault(f"{type(value).__name__} tidak dapat dijadikan teks")


def _length(value: Any) -> int:
    return 0 if value is None else len(value)


def _unique(rows: Any) -> list[Any]:
    given = [item for item in _items(rows) if item is not None and item != ""]
    extent(given)
    found: dict[Any, Any] = {}
    for item in given:
        found.setdefault(alike(item), item)
    return list(found.values())


def _column(rows: Any, key: str) -> list[Any]:
    return [row.get(key) if isinstance(row, Mapping) else None for row in _items(rows)]


def _filtered(rows: Any, key: str, value: Any) -> list[Any]:
    spend(len(_items(rows)) * extent(value))
    return [row for row in _items(rows) if isinstance(row, Mapping) and row.get(key) == value]


def _or_else(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None or value in ("", []) else value


def _date(text: Any) -> date:
    if isinstance(text, datetime):
        return text.date()
    if isinstance(text, date):
        return text
    try:
        return date.fromisoformat(_text(text))
    except ValueError:
        raise _Fault(f'{brief(text)} bukan tanggal (contoh: tanggal("2025-03-31"))') from None


def _days(count: Any) -> timedelta:
    days = int(_number(count))
    if abs(days) > 40_000:
        raise _Fault("jumlah hari terlalu besar")
    return timedelta(days=days)


def _sum(values: Any) -> Decimal:
    return sum((_number(v) for v in _items(values) if v is not None), Decimal(0))


def _extreme(pick: Callable[..., Any]) -> Callable[..., Any]:
    def choose(*values: Any) -> Any:
        chosen = _items(values[0]) if len(values) == 1 else values
        present = [v for v in chosen if v is not None]
        extent(present)
        return pick(present) if present else None

    return choose


def _joined(values: Any, between: Any = ", ") -> str:
    if not isinstance(between, str):
        raise _Fault(f"pemisah {brief(between)} bukan teks")
    return _written([part for value in _items(values) for part in (between, _text(value))][1:])


def _filled_in(pattern: Any, values: Any) -> str:
    """Return *pattern* with its places filled in, in one pass: what is filled in is no pattern again."""
    if not isinstance(pattern, str) or not isinstance(values, Mapping):
        raise _Fault("susun memerlukan teks dan objek")
    parts = PLACE.split(_bounded(pattern))
    for place in range(1, len(parts), 2):
        name = parts[place]
        parts[place] = _text(values[name]) if name in values else f"{{{name}}}"
    return _written(parts)


def _written(parts: Sequence[str]) -> str:
    """Return *parts* as one text, which is not made if it is too long."""
    spend(len(parts))
    if sum(map(len, parts)) > LONGEST_RESULT:
        raise _Fault("hasilnya terlalu panjang")
    return "".join(parts)


FUNCTIONS: dict[str, tuple[Callable[..., Any], str, str]] = {
    "abs": (lambda value: abs(_number(value)), "abs(angka)", "nilai mutlak"),
    "gabung": (_joined, "gabung(daftar, pemisah)", "isi daftar sebagai satu teks"),
    "hari": (_days, "hari(n)", "lamanya n hari kalender, untuk dijumlahkan pada tanggal"),
    "isi": (_or_else, "isi(nilai, pengganti)", "nilai itu, atau penggantinya bila kosong"),
    "kolom": (_column, "kolom(baris, kunci)", "satu kolom dari baris tabel sebagai daftar"),
    "len": (_length, "len(nilai)", "jumlah isi daftar atau huruf"),
    "max": (_extreme(max), "max(daftar) atau max(a, b)", "yang terbesar; kosong dilewati"),
    "min": (_extreme(min), "min(daftar) atau min(a, b)", "yang terkecil; kosong dilewati"),
    "round": (_round, "round(angka, desimal)", "pembulatan, setengah ke atas"),
    "saring": (_filtered, "saring(baris, kunci, nilai)", "baris tabel yang kolomnya sama dengan nilai"),
    "str": (_text, "str(nilai)", "nilai sebagai teks"),
    "sum": (_sum, "sum(daftar)", "jumlah; kosong dilewati"),
    "susun": (_filled_in, 'susun("{kode}/{tahun}", {"kode": k, "tahun": t})', "pola yang {nama}-nya diganti nilai"),
    "tanggal": (_date, 'tanggal("2025-03-31")', "tanggal dari teks"),
    "unik": (_unique, "unik(daftar)", "isi daftar tanpa kembaran dan tanpa yang kosong"),
}
"""Every function of the language: what runs, how it is written, what it gives. ``docs/ungkapan.md`` lists the same."""

HOST_FUNCTIONS = {
    "hari_kerja": ("hari_kerja(n)", "saat n hari kerja dari sekarang menurut kalender kantor"),
    "hari_kerja_sesudah": ("hari_kerja_sesudah(tanggal, n)", "hari kerja ke-n sesudah tanggal"),
    "putusan": (
        'putusan("tabel", {"nama": nilai})',
        "hasil tabel keputusan (DMN) milik prosedur ini; dari daftar baris satu hasil tiap baris",
    ),
    "register": ('register("nama_register")', "baris register kantor yang berlaku pada tanggal acuan pelaksanaan"),
    "terdahulu": (
        'terdahulu("objek_data", {"tahun": tahun})',
        "dokumen pelaksanaan prosedur ini yang sudah selesai: `mulai`, `isi`, `versi`, yang terlama dahulu",
    ),
}
"""Functions that the host gives: they know the office's calendar and what it did before."""

# ── compiling ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _bounded(text: str) -> str:
    if len(text) > LONGEST_RESULT:
        raise _Fault("hasilnya terlalu panjang")
    return text


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        return _bounded(left + right)
    if isinstance(left, list) and isinstance(right, list):
        if len(left) + len(right) > MOST_ITEMS:
            raise _Fault("daftar terlalu panjang")
        spend(len(left) + len(right))
        return left + right
    if isinstance(left, date | timedelta) or isinstance(right, date | timedelta):
        return left + right
    return _number(left) + _number(right)


def _subtract(left: Any, right: Any) -> Any:
    if isinstance(left, date) and isinstance(right, date):
        return Decimal((left - right).days)
    if isinstance(left, date | timedelta):
        return left - right
    return _number(left) - _number(right)


BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: _add,
    ast.Sub: _subtract,
    ast.Mult: lambda left, right: _number(left) * _number(right),
    ast.Div: lambda left, right: _number(left) / _number(right),
    ast.FloorDiv: lambda left, right: _number(left) // _number(right),
    ast.Mod: lambda left, right: _number(left) % _number(right),
}


def _within(item: Any, whole: Any) -> bool:
    whole = whole or ()
    if not isinstance(whole, str | Mapping):
        spend(len(whole) * extent(item))
    return item in whole


COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: lambda left, right: left is right,
    ast.IsNot: lambda left, right: left is not right,
    ast.In: _within,
    ast.NotIn: lambda left, right: not _within(left, right),
}


@lru_cache(maxsize=4096)
def compile(text: str) -> Expression:
    """Return the expression that *text* writes; ExpressionError says what of it is not of the language."""
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
    except _Fault as fault:
        raise ExpressionError(text, fault.position, fault.reason) from None
    return Expression(text, frozenset(compiler.names), frozenset(compiler.calls), code, cost)


def if_readable(text: str) -> Expression | None:
    """Return the expression that *text* writes; None if it is none of the language."""
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
            raise _Fault("ungkapan terlalu dalam", at)
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
                return lambda names, functions: -_number(inner(names, functions))
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
                    raise _Fault(f"nama {attribute!r} tidak boleh berawalan garis bawah", at)
                return _key(self.visit(value, deeper), attribute, at)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.call(name, [self.visit(argument, deeper) for argument in arguments], at)
        raise _Fault(f"{_word(node)} tidak dikenal dalam ungkapan", at)

    def fields(self, keys: list[ast.expr | None], parts: list[Code], at: int) -> Code:
        """Return ``{"name": value}``: what a message carries. Names are written out, so that they can be checked."""
        written = [key.value if isinstance(key, ast.Constant) else None for key in keys]
        named = [key for key in written if isinstance(key, str) and key and not key.startswith("_")]
        if len(set(named)) != len(keys):
            raise _Fault('kunci kamus harus teks yang berbeda, misalnya {"nomor": nomor}', at)
        return lambda names, functions: {key: part(names, functions) for key, part in zip(named, parts, strict=True)}

    def constant(self, value: Any, at: int) -> Code:
        match value:
            case bool() | None | str():
                constant: Any = value
            case int() | float():
                try:
                    constant = admitted(Decimal(value) if isinstance(value, int) else self._decimal(at))
                except ValueError as error:
                    raise _Fault(str(error), at) from None
            case _:
                raise _Fault(f"{value!r} tidak dikenal dalam ungkapan", at)
        return lambda names, functions: constant

    def name(self, name: str, at: int) -> Code:
        if name.startswith("_"):
            raise _Fault(f"nama {name!r} tidak boleh berawalan garis bawah", at)
        if name in FUNCTIONS:
            raise _Fault(f"{name} adalah fungsi; tulis {FUNCTIONS[name][1]}", at)
        self.names.add(name)

        def read(names: Scope, functions: Mapping[str, Callable[..., Any]]) -> Any:
            try:
                return admitted(names[name])
            except KeyError:
                raise _Fault(f"nama {name!r} tidak ada", at) from None

        return read

    def call(self, name: str, arguments: list[Code], at: int) -> Code:
        known = FUNCTIONS.get(name)
        if known is None:
            if not FUNCTION_NAME.fullmatch(name) or hasattr(builtins, name):
                raise _Fault(f"fungsi {name!r} tidak ada", at)
            self.calls.add(name)

        def run(names: Scope, functions: Mapping[str, Callable[..., Any]]) -> Any:
            function = known[0] if known is not None else functions.get(name)
            if function is None:
                raise _Fault(f"fungsi {name!r} tidak tersedia di sini", at)
            return admitted(function(*(argument(names, functions) for argument in arguments)))

        return run

    def _decimal(self, at: int) -> Decimal:
        """Return a literal with a point exactly as written: a binary float would change it."""
        end = at
        while end < len(self.text) and (self.text[end].isalnum() or self.text[end] in "._"):
            end += 1
        try:
            return Decimal(self.text[at:end].replace("_", ""))
        except DecimalException:
            raise _Fault("angka tidak terbaca", at) from None


def _until(parts: list[Code], *, holds: bool) -> Code:
    """Return what gives the first of *parts* that holds, or that does not hold; the last if there is none."""

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
                extent(left)  # as far as two are alike, one is walked through
            try:
                if not relate(left, right):
                    return False
            except TypeError:
                raise _Fault(f"{brief(left)} tidak dapat dibandingkan dengan {brief(right)}", at) from None
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
            raise _Fault(f"tidak ada isi ke-{index}", at)
        raise _Fault(f"{type(value).__name__} tidak punya isi {brief(wanted)}", at)

    return read


def _key(of: Code, name: str, at: int) -> Code:
    def read(names: Scope, functions: Mapping[str, Callable[..., Any]]) -> Any:
        value = of(names, functions)
        if value is None:
            return None
        if isinstance(value, Mapping):
            return admitted(value.get(name))
        raise _Fault(f"{type(value).__name__} tidak punya {name!r}", at)

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
    """Return the assignments of a script: ``name = expression`` lines and nothing else."""
    found = []
    if len(text) > LONGEST_SCRIPT:
        raise ExpressionError(text, LONGEST_SCRIPT, f"skrip lebih dari {LONGEST_SCRIPT} huruf")
    source = text.strip()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError(text, 0, "skrip hanya boleh memuat baris nama = ungkapan") from None
    encoded = source.encode()  # split once: ast.get_source_segment does it for each statement
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
