"""The kinds of fields: how each is parsed, stored, shown, written into a spreadsheet, and made up for a trial.

``KINDS`` has a record per kind, with defaults of a line of text (``handling``). A new kind is a name in ``field.Kind``,
a record here and a template in ``web/templates/forms``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from engine.forms import handling, number_fields, numbers
from engine.forms.field import LISTS, Field, Kind
from engine.forms.handling import CHECKED, Handling, Known, People, Samples, Unfit, _, clean, plain, title
from engine.model import dates

if TYPE_CHECKING:
    from engine.forms.submission import Surroundings

TRUE = frozenset({CHECKED, "true", "on", "1"})
YES = frozenset({CHECKED, "yes", "true", "1", "v", "x"})  # in cells of sheets


def of(field: Field) -> Handling:
    """Return how *field* is handled."""
    return KINDS[field.kind]


# ── choices, people and files ───────────────────────────────────────────────────────────────────────────────────────


def _parse_choice(field: Field, text: str, around: "Surroundings") -> str | None:
    return _one_of({option.value for option in field.options}, text)


def _parse_person(field: Field, text: str, around: "Surroundings") -> str | None:
    return _one_of(around.people(field.roles), text)


def _one_of(known: Any, text: str) -> str | None:
    if (found := clean(text)) and found not in known:
        raise ValueError(text)
    return found or None


def _parse_file(field: Field, text: str, around: "Surroundings") -> str | None:
    id_ = clean(text)
    if not id_:
        return None
    file = around.files.get(id_)
    if file is None:
        raise Unfit("file", _("berkas ini tidak ada lagi; unggah sekali lagi."))
    if field.accept and not file.name.lower().endswith(field.accept):
        said = _("%(name)s tidak diterima di sini; kirim %(kinds)s.")
        raise Unfit("accept", said, id_, name=file.name, kinds=endings(field))
    if field.max_size is not None and file.size > field.max_size:
        said = _("%(name)s terlalu besar; paling besar %(limit)s.")
        raise Unfit("maxSize", said, id_, name=file.name, limit=numbers.write_size(field.max_size))
    return id_


def endings(field: Field) -> str:
    """Return the file types that a field accepts, for people to read."""
    return ", ".join(dict.fromkeys(ending.removeprefix(".").upper() for ending in field.accept))


def _choice_from_cell(column: Field, text: str, people: People) -> str:
    wanted = " ".join(text.split()).casefold()
    for option in column.options:
        if wanted in {words.casefold() for words in (option.value, option.wording.id, option.wording.en) if words}:
            return option.value
    return text


def _person_to_cell(column: Field, account: str, people: People) -> str:
    name = people.get(account, account)
    return account if name == account else f"{name} ({account})"


def _person_from_cell(column: Field, text: str, people: People) -> str:
    wanted = " ".join(text.split())
    for account, name in people.items():
        if wanted.casefold() in (account.casefold(), name.casefold(), f"{name} ({account})".casefold()):
            return account
    return wanted


def _typed_boolean(field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is no yes or no")
    return value


# ── days and times ──────────────────────────────────────────────────────────────────────────────────────────────────


def _typed_day(field: Field, value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(plain(value))


# ── sections and rows ───────────────────────────────────────────────────────────────────────────────────────────────


def _typed_texts(field: Field, value: Any) -> list[str]:
    return [plain(item) for item in ([value] if isinstance(value, str) else value)]


def _post_texts(field: Field, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError(f"{value!r} is no list of texts")
    return ["", *value]


def empty(field: Field) -> Any:
    """Return the value of an empty field."""
    return _empty_row(field) if field.kind is Kind.SECTION else [] if field.kind in LISTS else None


def _empty_row(field: Field) -> dict[str, Any]:
    return {each.name: empty(each) for each in field.fields}


def typed(field: Field, value: Any) -> Any:
    """Return the result of an expression as a value of *field*; ValueError if the field cannot hold it."""
    return empty(field) if value is None else of(field).typed(field, value)


def _typed_section(field: Field, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{value!r} is no mapping")
    return {each.name: typed(each, value.get(each.name)) for each in field.fields}


def decode(fields: Iterable[Field], jsonable: Mapping[str, Any]) -> dict[str, Any]:
    """Return the typed values of those *fields* that *jsonable* holds; other members stay as they are."""
    known = {field.name: field for field in fields}
    return {
        name: of(known[name]).decode(known[name], item) if name in known and item is not None else item
        for name, item in jsonable.items()
    }


def _decode_section(field: Field, item: Any) -> Any:
    return _empty_row(field) | decode(field.fields, item) if isinstance(item, Mapping) else item


def show(field: Field, value: Any, known: Known) -> str:
    """Return a value as text for readers; the items of a list on one line."""
    if value is None:
        return ""
    one = of(field).show
    if isinstance(value, list | tuple):
        return "; ".join(one(field, item, known) for item in value)
    return one(field, value, known)


def sample(field: Field, samples: Samples, path: str = "") -> Any:
    """Return a made-up value of the field at *path*; None if it is left empty."""
    if field.kind is not Kind.SECTION and samples.leaves_empty(field):
        return None
    return of(field).sample(field, samples, path)


def _sample_row(field: Field, samples: Samples, path: str) -> dict[str, Any]:
    return {each.name: sample(each, samples, f"{path}.{each.name}") for each in field.fields}


_TEXT = Handling(many=Kind.TEXTS, options=frozenset({"returnReason"}), width=24)
_CHOICE = Handling(
    lacking=_("pilih salah satu."),
    unreadable=_("pilih salah satu dari daftar."),
    many=Kind.CHOICES,
    options=frozenset({"buttons"}),
    parse=_parse_choice,
    sample=lambda field, samples, path: samples.choose([option.value for option in field.options], path),
    to_cell=lambda column, value, people: title(column, value, "id"),
    from_cell=_choice_from_cell,
)
_PERSON = Handling(
    lacking=_("pilih satu orang."),
    unreadable=_("orang ini tidak ada dalam daftar; pilih dari daftar."),
    format="person",
    many=Kind.PEOPLE,
    options=frozenset({"role"}),
    parse=_parse_person,
    show=lambda field, value, known: known.people.get(value, value),
    sample=lambda field, samples, path: samples.people[0],
    width=28,
    to_cell=_person_to_cell,
    from_cell=_person_from_cell,
)
_FILE = Handling(
    lacking=_("unggah berkasnya."),
    format="file",
    many=Kind.FILES,
    options=frozenset({"accept", "maxSize"}),
    parse=_parse_file,
    show=lambda field, value, known: known.files[value].name if value in known.files else value,
)
_MANY: Mapping[str, Any] = {"format": None, "many": None, "typed": _typed_texts, "post": _post_texts}
_ROWS = Handling(lacking=_("tambahkan paling sedikit satu baris."))
KINDS: Mapping[Kind, Handling] = {
    Kind.SECTION: Handling(
        typed=_typed_section,
        decode=_decode_section,
        show=lambda field, value, known: "",
        sample=_sample_row,
    ),
    Kind.TABLE: replace(
        _ROWS,
        options=frozenset({"key", "fixedRows", "locked", "verify", "evidence"}),
        typed=lambda field, value: [_typed_section(field, row) for row in value],
        decode=lambda field, item: [_empty_row(field) | decode(field.fields, row) for row in item],
        show=lambda field, row, known: ", ".join(show(each, row.get(each.name), known) for each in field.fields),
        sample=lambda field, samples, path: [_sample_row(field, samples, path) for _ in range(samples.rows(field))],
    ),
    Kind.TEXTS: replace(
        _ROWS,
        typed=_typed_texts,
        sample=lambda field, samples, path: [f"contoh {n}" for n in range(1, samples.rows(field) + 1)],
    ),
    Kind.TEXT: _TEXT,
    Kind.LONG_TEXT: replace(_TEXT, widget=("textarea", Kind.TEXT), parse=handling.parse_text, width=44),
    Kind.NUMBER: number_fields.NUMBER,
    Kind.INTEGER: number_fields.INTEGER,
    Kind.MONEY: number_fields.MONEY,
    Kind.PERCENT: number_fields.PERCENT,
    Kind.DATE: Handling(
        lacking=_("isi tanggalnya, misalnya 15/4/2025."),
        unreadable=_("bukan tanggal; tulis hari, bulan, tahun, misalnya 15/4/2025."),
        format="date",
        parse=lambda field, text, around: dates.read_date(clean(text)),
        typed=_typed_day,
        decode=lambda field, item: date.fromisoformat(item),
        show=lambda field, value, known: dates.write_date(value, known.locale),
        echo=dates.write_weekday,
        sample=lambda field, samples, path: samples.day,
        sheet="date",
    ),
    Kind.TIME: Handling(
        lacking=_("isi jamnya, misalnya 09.00."),
        unreadable=_("bukan jam; tulis misalnya 09.00."),
        format="time",
        parse=lambda field, text, around: dates.read_time(clean(text)),
        typed=lambda field, value: value if isinstance(value, time) else time.fromisoformat(plain(value)),
        decode=lambda field, item: time.fromisoformat(item),
        show=lambda field, value, known: dates.write_time(value),
        echo=lambda value, locale: dates.write_time(value),
        sample=lambda field, samples, path: samples.time,
        sheet="time",
    ),
    Kind.CHOICE: _CHOICE,
    Kind.CHOICES: replace(
        _CHOICE,
        **_MANY,
        lacking=_("pilih paling sedikit satu."),
        fewest=_("pilih paling sedikit %(limit)s."),
        most=_("paling banyak %(limit)s."),
        options=frozenset(),
        sample=lambda field, samples, path: [option.value for option in field.options[: max(1, field.min_items)]],
    ),
    Kind.BOOLEAN: Handling(
        lacking=_("centang bila benar; tanpa ini formulir tidak dapat dikirim."),
        parse=lambda field, text, around: text.strip().lower() in TRUE,
        write=lambda field, value: CHECKED if isinstance(value, bool | Decimal) and value else "",
        typed=_typed_boolean,
        post=lambda field, value: [CHECKED if _typed_boolean(field, value) else ""],
        show=lambda field, value, known: (("Yes", "No") if known.locale == "en" else ("Ya", "Tidak"))[not value],
        sample=lambda field, samples, path: samples.choose([True, False], path),
        sheet="boolean",
        width=10,
        from_cell=lambda column, text, people: CHECKED if text.strip().casefold() in YES else "",
    ),
    Kind.FILE: _FILE,
    Kind.FILES: replace(
        _FILE,
        **_MANY,
        fewest=_("unggah paling sedikit %(limit)s berkas."),
        most=_("paling banyak %(limit)s."),
        sample=lambda field, samples, path: ["contoh"],
    ),
    Kind.PERSON: _PERSON,
    Kind.PEOPLE: replace(
        _PERSON,
        **_MANY,
        lacking=_("pilih paling sedikit satu orang."),
        fewest=_("pilih paling sedikit %(limit)s orang."),
        most=_("paling banyak %(limit)s."),
        sample=lambda field, samples, path: list(samples.people[: max(1, samples.rows(field))]),
    ),
}
