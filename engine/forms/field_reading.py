"""Reads one field from the two files of a form: its kind, labels, rules and options."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.forms.field import (
    ARCHIVE,
    FILES,
    LISTS,
    MOST_ROWS,
    VERBS,
    Field,
    FieldCheck,
    Kind,
    Numbering,
    Option,
    VerifiedTable,
    Wording,
)
from engine.forms.form_files import ABOUT, FormFiles, ui_path
from engine.forms.json_positions import Path
from engine.forms.kinds import KINDS

OBJECT = frozenset({"type", "properties", "required", "allOf", "if", "then", "else"})
STRING = frozenset({"type", "minLength", "maxLength", "pattern", "format", "enum", "oneOf", "const"})
NUMBER = frozenset({"type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
ARRAY = frozenset({"type", "items", "minItems", "maxItems", "uniqueItems", "x-pick"})
SIGNATURE = "signature"
"""``format`` of an object that is a signature; the schema does not declare its fields."""
FORMATS = {handled.format: kind for kind, handled in KINDS.items() if handled.format}
WIDGETS = {"decision": (Kind.CHOICE, Kind.CHOICE)} | {
    handled.widget[0]: (handled.widget[1], kind) for kind, handled in KINDS.items() if handled.widget
}
"""By ``ui:widget``: the kind that the schema must have, and the kind that the field becomes."""
CHECK = frozenset({"expression", "message"})
VERIFY = frozenset({"column", "accept", "return", "note", "holder", "changed"})
NAME = re.compile(r"[a-z][a-z0-9_]*")
EVIDENCE = re.compile(rf"{NAME.pattern}(\.{NAME.pattern}){{2,}}")
CheckExpression = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class FieldReader:
    """Reads the field at *path* of the schema, and reports every fault to *files*."""

    files: FormFiles
    check: CheckExpression
    name: str
    schema: Mapping[str, Any]
    ui: Mapping[str, Any]
    path: Path

    def refuse(self, saying: str, /, *below: str | int, **facts: Any) -> None:
        """Report a fault of the field in the schema, at the keys *below*."""
        self.files.refuse(saying, (*self.path, *below), **facts)

    def refuse_ui(self, saying: str, /, *below: str, **facts: Any) -> None:
        """Report a fault of the field in the ui file, at the keys *below*."""
        self.files.refuse_ui(saying, (*ui_path(self.path), *below), **facts)

    def field(self, *, required: bool) -> Field | None:
        """Return the field without its options and the fields below it; None after a fault."""
        kind = self.kind()
        if kind is None:
            return None
        kind = self.shown_as(kind)
        return Field(
            name=self.name,
            kind=kind,
            wording=wording(self.schema, "title") or Wording(self.name.replace("_", " ").capitalize()),
            schema=self.schema,
            help=wording(self.schema, "description") or _ui_words(self.ui.get("ui:help")),
            required=required,
            read_only=bool(self.schema.get("readOnly", False)),
            default=self.expression(self.schema, "x-default"),
            constant=self.schema.get("default"),
            computed=self.expression(self.schema, "x-computed"),
            derived=self.derived(kind),
            decimals=self.expression(self.schema, "x-decimals"),
            number=self.number(kind, required),
            checks=self.checks(),
            pick=self.pick(kind),
            options=_choices(self.schema, kind),
            decision=self.ui.get("ui:widget") == "decision",
        )

    def derived(self, kind: Kind) -> str | None:
        """Return ``x-derived``: the expression for a field's value. If it gives none, people type the value."""
        rivals = sorted(self.schema.keys() & {"readOnly", "x-computed", "x-number"})
        if "x-derived" in self.schema and (rivals or kind in LISTS | FILES or kind is Kind.SECTION):
            self.refuse("derived_unfit", "x-derived", rival=", ".join(rivals) or kind.value)
        return self.expression(self.schema, "x-derived")

    # ── its kind ────────────────────────────────────────────────────────────────────────────────────────────────────

    def kind(self) -> Kind | None:
        """Return the kind of field that the schema describes; None after a fault."""
        match self.schema.get("type"):
            case "string":
                return self.text_kind(self.schema)
            case "number" | "integer" as which:
                self.known_keywords(NUMBER)
                return Kind.INTEGER if which == "integer" else Kind.NUMBER
            case "boolean":
                self.known_keywords(frozenset({"type", "const"}))
                return Kind.BOOLEAN
            case "object":
                signed = frozenset({"format"} if self.schema.get("format") == SIGNATURE else ())
                self.known_keywords(OBJECT | signed)
                return Kind.SECTION
            case "array":
                return self.list_kind()
            case other:
                self.refuse("type_unknown", type=other)
                return None

    def known_keywords(self, known: frozenset[str]) -> None:
        """Refuse all keywords but the *known*."""
        self.files.known_keywords(self.schema, known | ABOUT, self.path)

    def text_kind(self, schema: Mapping[str, Any], *below: str) -> Kind | None:
        """Return the kind of the field, or of its items, that a schema of texts describes."""
        self.files.known_keywords(schema, STRING | ABOUT, (*self.path, *below))
        if "oneOf" in schema or "enum" in schema:
            return Kind.CHOICE
        if "format" not in schema:
            return Kind.TEXT
        kind = FORMATS.get(schema["format"])
        if kind is None:
            known = ", ".join(sorted(FORMATS))
            self.refuse("format_unknown", *below, "format", format=schema["format"], known=known)
        return kind

    def list_kind(self) -> Kind | None:
        """Return the kind of field that a schema of a list describes; None after a fault."""
        self.known_keywords(ARRAY)
        if int(self.schema.get("minItems", 0)) > MOST_ROWS:
            self.refuse("list_too_long", "minItems", most=str(MOST_ROWS))
        items = self.schema.get("items")
        if not isinstance(items, Mapping):
            self.refuse("list_undescribed")
            return None
        if items.get("type") == "object":
            return Kind.TABLE
        if items.get("type") != "string":
            self.refuse("list_of_what", "items")
            return None
        item = self.text_kind(items, "items")
        many = KINDS[item].many if item else None
        if item is not None and many is None:
            self.refuse("list_of_days", "items")
        if many is Kind.CHOICES and self.schema.get("uniqueItems") is not True:
            self.refuse("choices_twice")
        return many

    def shown_as(self, kind: Kind) -> Kind:
        """Return the kind that ``ui:widget`` makes of *kind*."""
        widget = self.ui.get("ui:widget")
        if widget is None:
            return kind
        asked = WIDGETS.get(widget) if isinstance(widget, str) else None
        if asked is None:
            self.refuse_ui("widget_unknown", "ui:widget", widget=widget, known=", ".join(sorted(WIDGETS)))
            return kind
        wanted, becomes = asked
        if kind is not wanted and not (kind is Kind.INTEGER and wanted is Kind.NUMBER):
            self.refuse_ui("widget_unfit", "ui:widget", widget=widget, kind=kind.value)
            return kind
        return becomes

    # ── its rules ───────────────────────────────────────────────────────────────────────────────────────────────────

    def checks(self) -> tuple[FieldCheck, ...]:
        """Return the checks in ``x-check``."""
        found = []
        for n, check in enumerate(self.schema.get("x-check", ())):
            if not isinstance(check, Mapping) or not CHECK <= check.keys() <= CHECK | {"en"}:
                self.refuse("check_unreadable", "x-check", n)
                continue
            text = self.expression(check, "expression", "x-check", n)
            if text is not None:
                found.append(FieldCheck(text, Wording(str(check["message"]), check.get("en"))))
        return tuple(found)

    def pick(self, kind: Kind) -> tuple[str, Mapping[str, str]] | None:
        """Return ``x-pick``: the expression for rows to choose from, and which of their names fills which column."""
        wanted = self.schema.get("x-pick")
        if wanted is None:
            return None
        fills = wanted.get("fills") if isinstance(wanted, Mapping) and wanted.keys() == {"rows", "fills"} else None
        columns = self.schema["items"].get("properties", {}) if kind is Kind.TABLE else {}
        plain = [name for name in fills or () if columns.get(name, {}).keys() & {"type", "format"} == {"type"}]
        if not isinstance(fills, Mapping) or not fills or len(plain) < len(fills):
            self.refuse("pick_unreadable", "x-pick")
            return None
        rows = self.expression(wanted, "rows", "x-pick")
        return None if rows is None else (rows, {name: str(of) for name, of in fills.items()})

    def number(self, kind: Kind, required: bool) -> Numbering | None:
        """Return ``x-number``: how the field gets a letter number."""
        wanted = self.schema.get("x-number")
        if wanted is None:
            return None
        if not isinstance(wanted, Mapping) or wanted.keys() - {"date", "about", "to"} != {"series", "pattern"}:
            self.refuse("number_unreadable", "x-number")
            return None
        if not isinstance(wanted["series"], str) or not NAME.fullmatch(wanted["series"]):
            self.refuse("series_unreadable", "x-number")
        if kind is not Kind.TEXT or "items" in self.path or len(self.path) < 4:
            self.refuse("number_elsewhere", "x-number")
        if required or self.schema.keys() & {"readOnly", "x-computed"}:
            self.refuse("number_demanded", "x-number")
        pattern, date = (self.expression(wanted, name, "x-number") for name in ("pattern", "date"))
        about, to = (str(wanted[name]) if name in wanted else None for name in ("about", "to"))
        return None if pattern is None else Numbering(str(wanted["series"]), pattern, date, about, to)

    def expression(self, schema: Mapping[str, Any], keyword: str, *below: str | int) -> str | None:
        """Return the expression under *keyword*; None if there is none, or after a fault."""
        if keyword not in schema:
            return None
        text = schema[keyword]
        try:
            self.check(text if isinstance(text, str) else "")
        except ValueError as error:
            self.refuse("expression_unreadable", *below, keyword, reason=getattr(error, "reason", error))
            return None
        return str(text)

    # ── its options ─────────────────────────────────────────────────────────────────────────────────────────────────

    def with_options(self, field: Field) -> Field:
        """Return *field* with its ``ui:options`` and ``ui:messages``."""
        options = self.options()
        known = KINDS[field.kind].options | {"source", "aside"}
        for name in options:
            if name not in known and not (name == "archive" and any(field.kind in each for each in ARCHIVE.values())):
                self.refuse_ui("option_unknown", "ui:options", name, name=name, kind=field.kind.value)
        size = options.get("maxSize")
        if size is not None and not (isinstance(size, int) and size > 0):
            self.refuse_ui("size_unreadable", "ui:options", "maxSize")
            size = None
        messages = self.ui.get("ui:messages", {})
        return replace(
            field,
            buttons=self.verbs(field, options.get("buttons")),
            return_reason=options.get("returnReason") is True,
            archive=self.archived(field, options.get("archive")),
            aside=options.get("aside") is True and (field.read_only or field.computed is not None),
            accept=tuple(_ending(each) for each in _listed(options.get("accept"))),
            max_size=size,
            roles=tuple(_listed(options.get("role"))),
            unit=_ui_words(options.get("unit")),
            key=options.get("key"),
            fixed_rows=options.get("fixedRows") is True,
            locked=options.get("locked"),
            evidence=self.evidence(options),
            verify=self.verification(field, options.get("verify")),
            source=_ui_words(options.get("source")),
            messages={k: w for k, v in messages.items() if (w := _ui_words(v)) is not None},
        )

    def options(self) -> Mapping[str, Any]:
        """Return ``ui:options``; empty after a fault."""
        options = self.ui.get("ui:options", {})
        if isinstance(options, Mapping):
            return options
        self.refuse_ui("ui_not_object", "ui:options")
        return {}

    def archived(self, field: Field, word: Any) -> str | None:
        """Return the archive detail that the field holds. A storage place consists of short texts only."""
        if word is None:
            return None
        if field.kind not in ARCHIVE.get(str(word), frozenset()):
            fitting = ", ".join(known for known, kinds in ARCHIVE.items() if field.kind in kinds)
            saying = "archive_word_unknown" if fitting else "archive_word_unfit"
            self.refuse_ui(saying, "ui:options", "archive", word=word, kind=field.kind.value, fitting=fitting)
            return None
        if word == "place" and any(each.kind is not Kind.TEXT or each.given for each in field.fields):
            self.refuse_ui("place_not_plain", "ui:options", "archive")
            return None
        return str(word)

    def verification(self, field: Field, verify: Any) -> VerifiedTable | None:
        """Return how the rows of a table are verified. Names must be columns, both outcomes choices of ``column``."""
        if verify is None or field.kind is not Kind.TABLE:
            return None
        if not isinstance(verify, Mapping) or set(verify) - VERIFY or not {"column", "accept", "return"} <= set(verify):
            self.refuse_ui("verification_unreadable", "ui:options", "verify")
            return None
        for key in ("column", "note", "holder", "changed"):
            if key in verify and field.field(str(verify[key])) is None:
                self.refuse_ui("verification_column", "ui:options", "verify", key, name=verify[key])
                return None
        column = field.field(str(verify["column"]))
        choices = {option.value for option in column.options} if column else set()
        for key in ("accept", "return"):
            if verify[key] not in choices and not (column and column.given):
                facts = {"name": verify[key], "column": verify["column"]}
                self.refuse_ui("verification_outcome", "ui:options", "verify", key, **facts)
                return None
        named = {key: str(verify[key]) for key in ("note", "holder", "changed") if key in verify}
        return VerifiedTable(str(verify["column"]), str(verify["accept"]), str(verify["return"]), **named)

    def evidence(self, options: Mapping[str, Any]) -> str | None:
        """Return the column with the files about a table's rows, as "document.table.column"."""
        place = options.get("evidence")
        if place is not None and not (isinstance(place, str) and EVIDENCE.fullmatch(place) and options.get("key")):
            self.refuse_ui("evidence_unreadable", "ui:options", "evidence")
            return None
        return place

    def verbs(self, field: Field, buttons: Any) -> Mapping[str, str]:
        """Return the label of the completing button for each choice of a decision."""
        if not field.decision:
            if buttons is not None:
                self.refuse_ui("buttons_without_decision", "ui:options", "buttons")
            return {}
        if not isinstance(buttons, Mapping):
            self.refuse_ui("buttons_missing", "ui:options", "buttons")
            return {}
        known = ", ".join(VERBS)
        for choice in (option.value for option in field.options):
            if buttons.get(choice) not in VERBS:
                self.refuse_ui("button_unknown", "ui:options", "buttons", choice, option=choice, known=known)
        return dict(buttons)


def wording(schema: Mapping[str, Any], keyword: str) -> Wording | None:
    """Return the title or description with its English, the value of ``en`` (of a title) or a member of it."""
    text = schema.get(keyword)
    if not isinstance(text, str):
        return None
    match schema.get("en"):
        case str(english):
            return Wording(text, english if keyword == "title" else None)
        case Mapping() as english:
            return Wording(text, english.get(keyword))
    return Wording(text)


def _choices(schema: Mapping[str, Any], kind: Kind) -> tuple[Option, ...]:
    if kind not in (Kind.CHOICE, Kind.CHOICES):
        return ()
    schema = schema["items"] if kind is Kind.CHOICES else schema
    if "oneOf" not in schema:
        return tuple(Option(str(value), Wording(str(value))) for value in schema["enum"])
    every = [choice if isinstance(choice, Mapping) else {} for choice in schema["oneOf"]]
    values = [str(choice.get("const", "")) for choice in every]
    return tuple(Option(v, wording(each, "title") or Wording(v)) for v, each in zip(values, every, strict=True))


def _ui_words(value: Any) -> Wording | None:
    match value:
        case str():
            return Wording(value)
        case {"id": str(text), **rest}:
            english = rest.get("en")
            return Wording(text, english if isinstance(english, str) else None)
    return None


def _listed(value: Any) -> list[str]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [str(part) for part in value or ()]


def _ending(text: str) -> str:
    return text.lower() if text.startswith(".") else f".{text.lower()}"
