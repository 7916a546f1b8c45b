"""Error messages of fields, by keyword and kind, in place of the library's English ones.

Messages follow a label and a colon, so they begin in lower case: "Baris 3, Penanggung jawab: pilih satu orang."
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.forms import kinds, numbers
from engine.forms.field import Field, Kind
from engine.forms.handling import _

Gettext = Callable[[str], str]


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


def violated(field: Field, keyword: str, limit: Any, gettext: Gettext) -> str:
    """Return the message for a value that violates *keyword* of the schema."""
    said = _BROKEN.get(keyword) or _("isian ini tidak sesuai.")
    match keyword:
        case "required":
            said = kinds.of(field).lacking
        case "const" if field.kind is Kind.BOOLEAN:
            said = kinds.of(field).lacking
        case "multipleOf" | "type" if limit in (1, "integer"):
            said = _("harus bilangan bulat.")
        case "multipleOf" if _places(limit):
            return gettext("paling banyak %(places)s angka di belakang koma.") % {"places": str(_places(limit))}
        case "minItems":
            said = kinds.of(field).fewest
        case "maxItems":
            said = kinds.of(field).most
    return gettext(said) % {"limit": _written(limit, field)}


def row(number: int, gettext: Gettext) -> str:
    """Return the label of a row."""
    return gettext("Baris %(number)s") % {"number": str(number)}


def _written(limit: Any, field: Field) -> str:
    if isinstance(limit, bool) or not isinstance(limit, int | Decimal):
        return str(limit)
    return numbers.write(Decimal(limit), grouped=field.grouped)


def _places(limit: Any) -> int:
    """Return how many decimals a ``multipleOf`` like 0.01 allows; 0 for other values."""
    step = Decimal(limit).normalize()
    exponent = int(step.as_tuple().exponent)
    return -exponent if step.as_tuple().digits == (1,) and exponent < 0 else 0
