"""The properties of a kind of field. The defaults fit a line of text; ``kinds`` overrides them for other kinds."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.forms import numbers
from engine.forms.field import Field, Kind
from engine.model import dates
from engine.model.work import Attachment

if TYPE_CHECKING:
    from engine.forms.submission import Surroundings

CHECKED = "ya"
"""The value that a checked box posts."""
LONGEST_LINE = 1_000
LONGEST_TEXT = 20_000
_CONTROL = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
People = Mapping[str, str]  # names by account


class Unfit(ValueError):
    """A text is not a value that its field accepts. *value* is kept nevertheless; *said* is translated later."""

    def __init__(
        self, keyword: str, said: str, value: Any = None, choices: tuple[tuple[str, str], ...] = (), **facts: str
    ) -> None:
        super().__init__(said)
        self.keyword, self.said, self.value, self.choices, self.facts = keyword, said, value, choices, facts


class Known(NamedTuple):
    """Facts needed to show a value: the reader's language, and names of people and files by id."""

    locale: str
    people: People
    files: Mapping[str, Attachment]


@dataclass(frozen=True, slots=True)
class Samples:
    """Sources of made-up values for simulations and trial prints."""

    day: date
    time: time
    people: Sequence[str]
    numbers: Sequence[Decimal]
    choose: Callable[[Sequence[Any], str], Any]  # picks one of the values that fit the field at a path
    rows: Callable[[Field], int]
    leaves_empty: Callable[[Field], bool] = lambda _: False


def _(text: str) -> str:
    """Mark *text* for translation, which happens where it is shown."""
    return text


def clean(text: str, *, lines: bool = False) -> str:
    """Return *text* in Unicode form NFC and without control characters; on one line unless *lines*."""
    if not (text.isascii() and text.isprintable()):  # others need no cleaning
        text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
        text = _CONTROL.sub("", text)
    return text.strip() if lines else " ".join(text.split())


def _parse_line(field: Field, text: str, around: "Surroundings") -> str | None:
    return _no_longer(field, clean(text), LONGEST_LINE)


def parse_text(field: Field, text: str, around: "Surroundings") -> str | None:
    """Return a text of several lines."""
    return _no_longer(field, clean(text, lines=True), LONGEST_TEXT)


def _no_longer(field: Field, value: str, limit: int) -> str | None:
    if len(value) > max(limit, field.schema.get("maxLength", 0)):
        said = _("tulis paling banyak %(limit)s huruf.")
        raise Unfit("maxLength", said, value, limit=numbers.write(Decimal(limit)))
    return value or None


def encode(value: Any) -> Any:
    """Return *value* as JSON: numbers, dates and times as text, so that nothing rounds them."""
    match value:
        case bool() | None | str():
            return value
        case Decimal() | int():
            return format(Decimal(value), "f")
        case datetime():
            return value.date().isoformat()
        case date():
            return value.isoformat()
        case time():
            return value.isoformat("minutes" if not value.second else "seconds")
        case Mapping():
            return {str(key): encode(item) for key, item in value.items()}
    return [encode(item) for item in value]


def plain(value: Any) -> str:
    """Return a text, number or date, the result of an expression, as text; ValueError for anything else."""
    if not isinstance(value, str | int | Decimal | date) or isinstance(value, bool):
        raise ValueError(f"{value!r} is no text")
    return str(encode(value))


def write(field: Field, value: Any) -> str:
    """Return a value as people type it. Its type need not be the field's: cells of spreadsheets hold any type."""
    match value:
        case bool():
            return CHECKED if value else ""
        case Decimal():
            return format(value, "f")
        case date():
            return dates.type_date(value)
        case time():
            return dates.write_time(value)
    return str(value)


def _post_text(field: Field, value: Any) -> list[str]:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return [value]


def title(field: Field, value: str, locale: str) -> str:
    """Return the label of a choice; *value* itself if it is not a choice."""
    return next((option.wording.of(locale) for option in field.options if option.value == value), value)


@dataclass(frozen=True, kw_only=True)
class Handling:
    """How fields of one kind are handled."""

    lacking: str = _("wajib diisi.")  # the error of an empty field
    unreadable: str = _("isian ini tidak terbaca.")  # the error of a text that is not a value
    fewest: str = _("isi paling sedikit %(limit)s baris.")  # the errors of lists that are too short and too long
    most: str = _("isi paling banyak %(limit)s baris.")

    format: str | None = None  # ``format`` of the schema
    many: Kind | None = None  # the kind of a list of such fields
    widget: tuple[str, Kind] | None = None  # the ui:widget that makes this kind of another, and the other kind
    options: frozenset[str] = frozenset()  # allowed in ui:options, besides those of every kind

    parse: Callable[[Field, str, "Surroundings"], Any] = _parse_line
    """Typed text -> value, None for an empty text; Unfit, or ValueError for a text that is not a value."""
    write: Callable[[Field, Any], str] = write
    """Value -> text as people type it."""
    typed: Callable[[Field, Any], Any] = lambda field, value: plain(value) or None
    """Result of an expression -> value; ValueError or TypeError if the field cannot hold it."""
    decode: Callable[[Field, Any], Any] = lambda field, item: item
    """Stored JSON -> value."""
    post: Callable[[Field, Any], list[str]] = _post_text
    """JSON from a program -> texts as people post them; ValueError for another type."""
    show: Callable[[Field, Any, Known], str] = lambda field, value, known: title(field, str(value), known.locale)
    """Value, or an item of a list -> text for readers."""
    echo: Callable[[Any, str], str] = lambda value, locale: ""
    """Value and locale -> how it was understood, shown while people type; empty if that is obvious."""
    sample: Callable[[Field, Samples, str], Any] = lambda field, samples, path: "contoh"

    stand_in: Any = "?"  # what rules see in place of an unreadable text
    sheet: str = "text"  # kind and width of the column in a spreadsheet
    width: int = 16
    decimals: Callable[[Field], int | None] = lambda field: None  # of the numbers in a column
    to_cell: Callable[[Field, Any, People], Any] = lambda column, value, people: value
    from_cell: Callable[[Field, str, People], str] = lambda column, text, people: text
