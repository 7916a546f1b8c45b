"""What is said about a field that needs correction, by keyword and kind; never the library's English.

The Indonesian sentence is the key of its translation. Sentences follow a label and a colon, so they begin small:
"Baris 3, Penanggung jawab: pilih satu orang."
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from engine.forms import numbers
from engine.forms.field import NUMERIC, Field, Kind

Gettext = Callable[[str], str]


def required(field: Field, gettext: Gettext) -> str:
    """Return what is said of a field that was left empty."""
    match field.kind:
        case Kind.CHOICE:
            return gettext("pilih salah satu.")
        case Kind.CHOICES:
            return gettext("pilih paling sedikit satu.")
        case Kind.PERSON:
            return gettext("pilih satu orang.")
        case Kind.PEOPLE:
            return gettext("pilih paling sedikit satu orang.")
        case Kind.DATE:
            return gettext("isi tanggalnya, misalnya 15/4/2025.")
        case Kind.TIME:
            return gettext("isi jamnya, misalnya 09.00.")
        case Kind.FILE | Kind.FILES:
            return gettext("unggah berkasnya.")
        case Kind.BOOLEAN:
            return gettext("centang bila benar; tanpa ini formulir tidak dapat dikirim.")
        case Kind.TABLE | Kind.TEXTS:
            return gettext("tambahkan paling sedikit satu baris.")
        case kind if kind in NUMERIC:
            return gettext("isi angkanya.")
    return gettext("wajib diisi.")


def violated(field: Field, keyword: str, limit: Any, gettext: Gettext) -> str:
    """Return what is said of a value that breaks the schema's *keyword*."""
    facts: Mapping[str, str] = {"limit": _written(limit, field)}
    match keyword:
        case "required":
            return required(field, gettext)
        case "const" if field.kind is Kind.BOOLEAN:
            return required(field, gettext)
        case "minLength":
            return gettext("tulis paling sedikit %(limit)s huruf.") % facts
        case "maxLength":
            return gettext("tulis paling banyak %(limit)s huruf.") % facts
        case "pattern":
            return gettext("cara menulisnya tidak sesuai; lihat keterangannya.")
        case "minimum":
            return gettext("tidak boleh kurang dari %(limit)s.") % facts
        case "maximum":
            return gettext("tidak boleh lebih dari %(limit)s.") % facts
        case "exclusiveMinimum":
            return gettext("harus lebih dari %(limit)s.") % facts
        case "exclusiveMaximum":
            return gettext("harus kurang dari %(limit)s.") % facts
        case "multipleOf" | "type" if limit in (1, "integer"):
            return gettext("harus bilangan bulat.")
        case "multipleOf" if _places(limit):
            return gettext("paling banyak %(places)s angka di belakang koma.") % {"places": str(_places(limit))}
        case "multipleOf":
            return gettext("harus kelipatan %(limit)s.") % facts
        case "minItems" if field.kind is Kind.PEOPLE:
            return gettext("pilih paling sedikit %(limit)s orang.") % facts
        case "minItems" if field.kind is Kind.CHOICES:
            return gettext("pilih paling sedikit %(limit)s.") % facts
        case "minItems" if field.kind is Kind.FILES:
            return gettext("unggah paling sedikit %(limit)s berkas.") % facts
        case "minItems":
            return gettext("isi paling sedikit %(limit)s baris.") % facts
        case "maxItems" if field.kind in (Kind.PEOPLE, Kind.CHOICES, Kind.FILES):
            return gettext("paling banyak %(limit)s.") % facts
        case "maxItems":
            return gettext("isi paling banyak %(limit)s baris.") % facts
        case "uniqueItems":
            return gettext("tidak boleh ada yang sama.")
        case "enum" | "oneOf" | "const":
            return gettext("pilih salah satu dari daftar.")
    return gettext("isian ini tidak sesuai.")


def unreadable(field: Field, gettext: Gettext) -> str:
    """Return what is said of a text that is no value of the field's kind."""
    match field.kind:
        case Kind.DATE:
            return gettext("bukan tanggal; tulis hari, bulan, tahun, misalnya 15/4/2025.")
        case Kind.TIME:
            return gettext("bukan jam; tulis misalnya 09.00.")
        case Kind.CHOICE | Kind.CHOICES:
            return gettext("pilih salah satu dari daftar.")
        case Kind.PERSON | Kind.PEOPLE:
            return gettext("orang ini tidak ada dalam daftar; pilih dari daftar.")
        case kind if kind in NUMERIC:
            return gettext("bukan angka; tulis misalnya 1.234,56.")
    return gettext("isian ini tidak terbaca.")


def ambiguous(readings: tuple[str, ...], gettext: Gettext) -> str:
    """Return the question which of two readings of a number is meant."""
    if len(readings) == 1:
        return gettext("maksud Anda %(reading)s? Tulis dengan koma untuk desimal.") % {"reading": readings[0]}
    return gettext("maksud Anda %(first)s atau %(second)s? Titik memisahkan ribuan, koma memulai desimal.") % {
        "first": readings[0],
        "second": readings[1],
    }


def row(number: int, gettext: Gettext) -> str:
    """Return how a row of a table is called."""
    return rows(gettext) % {"number": str(number)}


def rows(gettext: Gettext) -> str:
    """Return how rows of a table are called, with ``%(number)s`` for their number."""
    return gettext("Baris %(number)s")


def size(amount: int) -> str:
    """Return a size in bytes as people read it."""
    for unit, step in (("MB", 1024 * 1024), ("KB", 1024)):
        if amount >= step:
            return f"{numbers.write(round(Decimal(amount) / step, 1).normalize())} {unit}"
    return f"{amount} B"


def _written(limit: Any, field: Field) -> str:
    if isinstance(limit, bool) or not isinstance(limit, int | Decimal):
        return str(limit)
    return numbers.write(Decimal(limit), grouped=not field.names)


def _places(limit: Any) -> int:
    """Return how many decimals a ``multipleOf`` like 0.01 allows; 0 if it is no power of ten below one."""
    step = Decimal(limit).normalize()
    exponent = int(step.as_tuple().exponent)
    return -exponent if step.as_tuple().digits == (1,) and exponent < 0 else 0
