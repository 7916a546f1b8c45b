"""Values, functions and operators of expressions, all with limits (``engine.bpmn.expression``).

Numbers are Decimal. Every number is ``admitted`` where it enters, so that no operation meets one with too many digits.
Functions over lists spend the items from a budget (``engine.model.bounds``).
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from reprlib import repr as brief
from typing import Any

from engine.model.bounds import admitted, alike, spend

PLACE = re.compile(r"\{([^{}]*)\}")
LONGEST_RESULT = 20_000
MOST_ITEMS = 20_000
LARGEST_VALUE = 2_000_000
LARGEST_DATA = 10_000_000
"""Most letters of one result and of all data of an instance; nested ``a = [a, a]`` has few items and great length."""
ITEM = 8  # letters that an item counts
DEEPEST_VALUE = 50
CONTAINERS = (list, dict, tuple)


class Fault(Exception):
    """A fault of an expression: the reason in Indonesian, and the position in the text."""

    def __init__(self, reason: str, position: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


def weight(value: Any, most: int) -> int:
    """Return the length of *value* in letters when written out; more than *most* if it is longer or too deep."""
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
    """Return the number of steps to walk through *value*, and spend them."""
    if not isinstance(value, CONTAINERS):
        return 1
    found = -(-weight(value, LARGEST_VALUE) // ITEM)
    spend(found)
    return found


# ── functions ───────────────────────────────────────────────────────────────────────────────────────────────────────


def number_of(value: Any) -> Decimal:
    """Return *value* as Decimal; Fault if it is not a number."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise Fault(f"{brief(value)} bukan angka")
    admitted(value)
    return value if type(value) is Decimal else Decimal(value)


def _items(value: Any) -> Sequence[Any]:
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise Fault(f"{brief(value)} bukan daftar")
    if len(value) > MOST_ITEMS:
        raise Fault("daftar terlalu panjang")
    spend(len(value))
    return value


def _round(value: Any, digits: Any = 0) -> Decimal:
    places = int(number_of(digits))
    if not -20 <= places <= 20:
        raise Fault("jumlah desimal terlalu besar")
    return number_of(value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "ya" if value else "tidak"
        case int() | Decimal():
            return format(number_of(value), "f")
        case date():
            return value.isoformat()
    raise Fault(f"{type(value).__name__} tidak dapat dijadikan teks")


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
        raise Fault(f'{brief(text)} bukan tanggal (contoh: tanggal("2025-03-31"))') from None


def _days(count: Any) -> timedelta:
    days = int(number_of(count))
    if abs(days) > 40_000:
        raise Fault("jumlah hari terlalu besar")
    return timedelta(days=days)


def _sum(values: Any) -> Decimal:
    return sum((number_of(v) for v in _items(values) if v is not None), Decimal(0))


def _extreme(pick: Callable[..., Any]) -> Callable[..., Any]:
    def choose(*values: Any) -> Any:
        chosen = _items(values[0]) if len(values) == 1 else values
        present = [v for v in chosen if v is not None]
        extent(present)
        return pick(present) if present else None

    return choose


def _joined(values: Any, between: Any = ", ") -> str:
    if not isinstance(between, str):
        raise Fault(f"pemisah {brief(between)} bukan teks")
    return _written([part for value in _items(values) for part in (between, _text(value))][1:])


def _filled_in(pattern: Any, values: Any) -> str:
    """Return *pattern* with its placeholders replaced, in one pass: inserted texts are not patterns."""
    if not isinstance(pattern, str) or not isinstance(values, Mapping):
        raise Fault("susun memerlukan teks dan objek")
    parts = PLACE.split(_bounded(pattern))
    for place in range(1, len(parts), 2):
        name = parts[place]
        parts[place] = _text(values[name]) if name in values else f"{{{name}}}"
    return _written(parts)


def _written(parts: Sequence[str]) -> str:
    """Return *parts* as one text; Fault, without making it, if it is too long."""
    spend(len(parts))
    if sum(map(len, parts)) > LONGEST_RESULT:
        raise Fault("hasilnya terlalu panjang")
    return "".join(parts)


FUNCTIONS: dict[str, tuple[Callable[..., Any], str, str]] = {
    "abs": (lambda value: abs(number_of(value)), "abs(angka)", "nilai mutlak"),
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
"""The functions of the language: code, signature, description. ``docs/ungkapan.md`` lists them too."""

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
"""Functions of the host, which need the office's calendar, registers, tables or earlier documents."""


def _bounded(text: str) -> str:
    if len(text) > LONGEST_RESULT:
        raise Fault("hasilnya terlalu panjang")
    return text


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        return _bounded(left + right)
    if isinstance(left, list) and isinstance(right, list):
        if len(left) + len(right) > MOST_ITEMS:
            raise Fault("daftar terlalu panjang")
        spend(len(left) + len(right))
        return left + right
    if isinstance(left, date | timedelta) or isinstance(right, date | timedelta):
        return left + right
    return number_of(left) + number_of(right)


def _subtract(left: Any, right: Any) -> Any:
    if isinstance(left, date) and isinstance(right, date):
        return Decimal((left - right).days)
    if isinstance(left, date | timedelta):
        return left - right
    return number_of(left) - number_of(right)


BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: _add,
    ast.Sub: _subtract,
    ast.Mult: lambda left, right: number_of(left) * number_of(right),
    ast.Div: lambda left, right: number_of(left) / number_of(right),
    ast.FloorDiv: lambda left, right: number_of(left) // number_of(right),
    ast.Mod: lambda left, right: number_of(left) % number_of(right),
}


def within(item: Any, whole: Any) -> bool:
    """Whether *item* is in a list, a text or the keys of a mapping."""
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
    ast.In: within,
    ast.NotIn: lambda left, right: not within(left, right),
}
