"""What is said about a field that needs correction, by keyword and kind; never the library's English.

The Indonesian sentence is the key of its translation. Sentences follow a label and a colon, so they begin small:
"Baris 3, Penanggung jawab: pilih satu orang."
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.forms import numbers
from engine.forms.field import NUMERIC, ROWS, Field, Kind

Gettext = Callable[[str], str]


def _(text: str) -> str:
    """Mark a text that is translated where it is said."""
    return text


_LACKING = {
    Kind.CHOICE: _("pilih salah satu."),
    Kind.CHOICES: _("pilih paling sedikit satu."),
    Kind.PERSON: _("pilih satu orang."),
    Kind.PEOPLE: _("pilih paling sedikit satu orang."),
    Kind.DATE: _("isi tanggalnya, misalnya 15/4/2025."),
    Kind.TIME: _("isi jamnya, misalnya 09.00."),
    **dict.fromkeys((Kind.FILE, Kind.FILES), _("unggah berkasnya.")),
    Kind.BOOLEAN: _("centang bila benar; tanpa ini formulir tidak dapat dikirim."),
    **dict.fromkeys(ROWS, _("tambahkan paling sedikit satu baris.")),
    **dict.fromkeys(NUMERIC, _("isi angkanya.")),
}
_FEWEST = {
    Kind.PEOPLE: _("pilih paling sedikit %(limit)s orang."),
    Kind.CHOICES: _("pilih paling sedikit %(limit)s."),
    Kind.FILES: _("unggah paling sedikit %(limit)s berkas."),
}
_BROKEN = {
    "minLength": _("tulis paling sedikit %(limit)s huruf."),
    "maxLength": _("tulis paling banyak %(limit)s huruf."),
    "pattern": _("cara menulisnya tidak sesuai; lihat keterangannya."),
    "minimum": _("tidak boleh kurang dari %(limit)s."),
    "maximum": _("tidak boleh lebih dari %(limit)s."),
    "exclusiveMinimum": _("harus lebih dari %(limit)s."),
    "exclusiveMaximum": _("harus kurang dari %(limit)s."),
    "multipleOf": _("harus kelipatan %(limit)s."),
    "uniqueItems": _("tidak boleh ada yang sama."),
    **dict.fromkeys(("enum", "oneOf", "const"), _("pilih salah satu dari daftar.")),
}
_UNREADABLE = {
    Kind.DATE: _("bukan tanggal; tulis hari, bulan, tahun, misalnya 15/4/2025."),
    Kind.TIME: _("bukan jam; tulis misalnya 09.00."),
    **dict.fromkeys((Kind.CHOICE, Kind.CHOICES), _("pilih salah satu dari daftar.")),
    **dict.fromkeys((Kind.PERSON, Kind.PEOPLE), _("orang ini tidak ada dalam daftar; pilih dari daftar.")),
    **dict.fromkeys(NUMERIC, _("bukan angka; tulis misalnya 1.234,56.")),
}


def required(field: Field, gettext: Gettext) -> str:
    """Return what is said of a field that was left empty."""
    return gettext(_LACKING.get(field.kind) or _("wajib diisi."))


def violated(field: Field, keyword: str, limit: Any, gettext: Gettext) -> str:
    """Return what is said of a value that breaks the schema's *keyword*."""
    said = _BROKEN.get(keyword) or _("isian ini tidak sesuai.")
    match keyword:
        case "required":
            return required(field, gettext)
        case "const" if field.kind is Kind.BOOLEAN:
            return required(field, gettext)
        case "multipleOf" | "type" if limit in (1, "integer"):
            said = _("harus bilangan bulat.")
        case "multipleOf" if _places(limit):
            return gettext("paling banyak %(places)s angka di belakang koma.") % {"places": str(_places(limit))}
        case "minItems":
            said = _FEWEST.get(field.kind) or _("isi paling sedikit %(limit)s baris.")
        case "maxItems":
            said = _("paling banyak %(limit)s.") if field.kind in _FEWEST else _("isi paling banyak %(limit)s baris.")
    return gettext(said) % {"limit": _written(limit, field)}


def unreadable(field: Field, gettext: Gettext) -> str:
    """Return what is said of a text that is no value of the field's kind."""
    return gettext(_UNREADABLE.get(field.kind) or _("isian ini tidak terbaca."))


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
