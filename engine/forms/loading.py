"""Reads a form's two files: a JSON Schema 2020-12 and how its fields are shown. What is not understood is refused.

A keyword that nothing acts on would be a rule that the author believes in and nobody keeps. So the vocabulary is
closed, and every fault comes back at once, with its line and how to mend it (``sayings.toml``).
"""

import json
import pathlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from engine.forms import patterns, rules
from engine.forms.field import (
    ARCHIVE,
    FILING,
    LISTS,
    MOST_ROWS,
    NUMERIC,
    VERBS,
    Condition,
    Field,
    FieldCheck,
    Kind,
    Numbering,
    Option,
    SigningField,
    VerifiedTable,
    Wording,
)
from engine.forms.form import Form
from engine.forms.json_positions import Path, lines
from engine.forms.numbers import MOST_DIGITS
from engine.model.errors import Finding, InvalidProcedure, sayings
from engine.model.signatures import Mode

ABOUT = frozenset(
    {"title", "description", "en", "$comment", "readOnly", "default", "x-default", "x-computed", "x-check", "x-number"}
)
OBJECT = frozenset({"type", "properties", "required", "allOf", "if", "then", "else"})
STRING = frozenset({"type", "minLength", "maxLength", "pattern", "format", "enum", "oneOf", "const"})
NUMBER = frozenset({"type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
ARRAY = frozenset({"type", "items", "minItems", "maxItems", "uniqueItems"})
ROOT = frozenset({"$schema", "$id", "$defs"})
WIDGETS = {
    "textarea": (Kind.TEXT, Kind.LONG_TEXT),
    "money": (Kind.NUMBER, Kind.MONEY),
    "percent": (Kind.NUMBER, Kind.PERCENT),
    "decision": (Kind.CHOICE, Kind.CHOICE),
}
"""ui:widget: the kind that it asks of the schema, and the kind that the field then is."""
FORMATS = {"date": Kind.DATE, "time": Kind.TIME, "file": Kind.FILE, "person": Kind.PERSON}
UI = frozenset({"ui:widget", "ui:options", "ui:order", "ui:help", "ui:messages", "items", "en"})
UI_OPTIONS: Mapping[str, frozenset[Kind]] = {
    "buttons": frozenset({Kind.CHOICE}),
    "returnReason": frozenset({Kind.TEXT, Kind.LONG_TEXT}),
    "accept": frozenset({Kind.FILE, Kind.FILES}),
    "maxSize": frozenset({Kind.FILE, Kind.FILES}),
    "role": frozenset({Kind.PERSON, Kind.PEOPLE}),
    "unit": NUMERIC,
    "key": frozenset({Kind.TABLE}),
    "fixedRows": frozenset({Kind.TABLE}),
    "locked": frozenset({Kind.TABLE}),
    "source": frozenset(Kind),
    "aside": frozenset(Kind),
    "verify": frozenset({Kind.TABLE}),
    "archive": frozenset[Kind]().union(*ARCHIVE.values()),
}
SIGNATURE = "signature"
"""The format of an object that is a signature; what it holds is not written in the schema."""
SIGNATURE_OPTIONS = frozenset({"document", "modes", "later"})
SCANS = (".pdf", ".jpg", ".jpeg", ".png")
MODES = {
    Mode.WET: Wording("Tanda tangan basah", "Wet-ink signature"),
    Mode.CERTIFIED: Wording("TTE tersertifikasi", "Certified electronic signature"),
    Mode.INTERNAL: Wording("Persetujuan elektronik internal", "Internal electronic approval"),
}
CHECK = frozenset({"expression", "message"})
VERIFY = frozenset({"column", "accept", "return", "note", "holder", "changed"})
NAME = re.compile(r"[a-z][a-z0-9_]*")
HERE = pathlib.Path(__file__).parent
DEEPEST = 8
CheckExpression = Callable[[str], object]


@lru_cache(maxsize=512)
def load(form_id: str, schema: bytes, ui: bytes | None, check: CheckExpression, *, deployed: bool = False) -> Form:
    """Return the form that *schema* and *ui* describe; InvalidProcedure carries every fault of both.

    *check* reads an expression and raises ValueError with a ``reason`` if it is none: the language is not ours.
    One that was *deployed* may hold patterns that are refused today (``patterns``).
    A form never changes, so one is read once for all versions that have it: holding a schema to its metaschema takes
    most of reading a procedure.
    """
    reader = _Reader(form_id, check, deployed)
    parsed = reader.json(reader.schema_file, schema)
    shown = reader.json(reader.ui_file, ui) if ui is not None else {}
    if reader.findings:
        raise InvalidProcedure(reader.findings)
    form = reader.form(parsed, shown)
    if reader.findings or form is None:
        raise InvalidProcedure(reader.findings)
    return form


class _Reader:
    """Reads one form and remembers every fault on the way."""

    def __init__(self, form_id: str, check: CheckExpression, deployed: bool) -> None:
        self.form_id = form_id
        self.check = check
        self.deployed = deployed
        self.schema_file = f"{form_id}.schema.json"
        self.ui_file = f"{form_id}.ui.json"
        self.findings: list[Finding] = []
        self.sections: frozenset[str] = frozenset()  # the top-level sections: what the form itself yields
        self.lines: dict[str, dict[Path, int]] = {}

    # ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def json(self, file: str, content: bytes) -> Any:
        """Return the JSON of a file, numbers as Decimal; None after a fault."""
        try:
            text = content.decode("utf-8")
            parsed = json.loads(text, parse_float=_number, parse_int=_number, parse_constant=_number)
        except UnicodeDecodeError:
            self._refuse("not_utf8", file, ())
            return None
        except json.JSONDecodeError as error:
            self._add("not_json", file, error.lineno, reason=error.msg)
            return None
        except (ValueError, RecursionError) as error:
            line = text[: text.find(str(error))].count("\n") + 1 if isinstance(error, NoUsualNumber) else None
            self._add("number_unusual", file, line, most=MOST_DIGITS)
            return None
        self.lines[file], twice = lines(text)
        for path in twice:
            self._refuse("name_twice", file, path, name=path[-1])
        if not isinstance(parsed, dict):
            self._refuse("not_an_object", file, ())
            return None
        return parsed

    def refuse(self, saying: str, path: Path, /, **facts: Any) -> None:
        """Note a fault of the schema."""
        self._refuse(saying, self.schema_file, path, **facts)

    def refuse_ui(self, saying: str, path: Path, /, **facts: Any) -> None:
        """Note a fault of how fields are shown."""
        self._refuse(saying, self.ui_file, path, **facts)

    def _refuse(self, saying: str, file: str, path: Path, /, **facts: Any) -> None:
        """Note a fault at *path*; the line is that of the nearest place above that has one."""
        known = self.lines.get(file, {})
        near = path
        while near and near not in known:
            near = near[:-1]
        where = "/".join(map(str, path))
        self._add(saying, file, known.get(near), f"{where}: " if where else "", **facts)

    def _add(self, saying: str, file: str, line: int | None, where: str = "", /, **facts: Any) -> None:
        told = sayings(HERE)[saying]
        message, mend = (told[part].format_map(facts) for part in ("message", "mend"))
        self.findings.append(Finding(file, where + message, mend, "form", line=line))

    # ── the form ────────────────────────────────────────────────────────────────────────────────────────────────────

    def form(self, schema: dict[str, Any], ui: dict[str, Any]) -> Form | None:
        """Return the form, or None after faults."""
        for fault in rules.faults_of_schema(schema):
            self.refuse("schema_invalid", tuple(fault.absolute_path))
        if self.findings:
            return None
        whole = self.resolved(schema, schema.get("$defs", {}), ())
        if self.findings:
            return None
        if whole.get("type") != "object":
            self.refuse("form_not_object", ("type",))
            return None
        self.known_keywords(whole, OBJECT | ABOUT | ROOT, ())
        self.check_patterns(whole, ())
        self.sections = frozenset(_sections(whole))
        fields = self.declared([], whole, ui, (), (), ())
        if self.findings:
            return None
        order = ui.get("ui:order")
        self.known_ui(ui, (), {field.name for field in fields})
        form = Form(
            id=self.form_id,
            wording=_wording(whole, "title") or Wording(self.form_id),
            help=_wording(whole, "description"),
            rules=rules.rules_of({k: v for k, v in whole.items() if k != "$defs"}),
            tree=self.ordered(fields, order, ()),
        )
        self.check_whole(form)
        return form

    def resolved(self, schema: Any, defs: Mapping[str, Any], seen: tuple[str, ...], path: Path = ()) -> Any:
        """Return *schema* with every ``$ref`` to ``#/$defs/...`` written out."""
        if isinstance(schema, list):
            return [self.resolved(item, defs, seen, (*path, n)) for n, item in enumerate(schema)]
        if not isinstance(schema, dict):
            return schema
        if "$ref" in schema and isinstance(schema["$ref"], str):
            name = schema["$ref"].removeprefix("#/$defs/")
            if name in seen or name not in defs:
                self.refuse("reference_unknown", (*path, "$ref"), name=schema["$ref"])
                return {}
            rest = {k: self.resolved(v, defs, seen, (*path, k)) for k, v in schema.items() if k != "$ref"}
            return {**self.resolved(defs[name], defs, (*seen, name), ("$defs", name)), **rest}
        return {k: self.resolved(v, defs, seen, (*path, k)) for k, v in schema.items() if k != "$defs"}

    def declared(
        self,
        fields: list[Field],
        schema: Mapping[str, Any],
        ui: Mapping[str, Any],
        path: Path,
        when: tuple[Condition, ...],
        scope: tuple[str, ...],
    ) -> list[Field]:
        """Add to *fields* those that an object, or one outcome of its conditions, declares; then what its own bring."""
        if when:
            self.known_keywords(schema, OBJECT | {"$comment"}, path)
        required = frozenset(schema.get("required", ()))
        for name, own in schema.get("properties", {}).items():
            known = next((n for n, field in enumerate(fields) if field.name == name), None)
            place = (*path, "properties", name)
            if known is None:
                made = self.field(name, own, ui.get(name, {}), place, name in required, scope)
                if made is not None:
                    fields = [*fields, replace(made, when=(when,)) if when else made]
                continue
            before = fields[known]
            if before.when and not any(alternative == when for alternative in before.when):
                before = replace(before, when=(*before.when, when))
            if before.kind is Kind.SECTION and isinstance(own, Mapping):
                inner = self.declared(list(before.fields), own, ui.get(name, {}), place, when, (*scope, name))
                before = replace(before, fields=tuple(inner))
            fields = [*fields[:known], before, *fields[known + 1 :]]
        if "items" not in path:
            lacking = {each.name for each in fields if each.name in required and not each.required}
            fields = [replace(f, needed=(*f.needed, when)) if f.name in lacking else f for f in fields]
        branches = [(schema, path)] if "if" in schema else []
        branches += [(part, (*path, "allOf", n)) for n, part in enumerate(schema.get("allOf", ()))]
        for branch, place in branches:
            if not isinstance(branch, Mapping) or "if" not in branch:
                self.refuse("all_of_without_if", place)
                continue
            if branch is not schema:
                self.known_keywords(branch, frozenset({"if", "then", "else", "$comment"}), place)
            for word, negated in (("then", False), ("else", True)):
                outcome = branch.get(word)
                if isinstance(outcome, Mapping):
                    condition = self.condition(branch["if"], scope, negated)
                    fields = self.declared(fields, outcome, ui, (*place, word), (*when, condition), scope)
        return fields

    def condition(self, test: Any, scope: tuple[str, ...], negated: bool) -> Condition:
        """Return an ``if`` as a condition, with the one field it is about if it is of that shape."""
        cause, values = None, ()
        if isinstance(test, Mapping):
            match test.get("properties"):
                case {**only} if len(only) == 1:
                    cause, fitting = next(iter(only.items()))
                    if isinstance(fitting, Mapping):
                        values = (fitting["const"],) if "const" in fitting else tuple(fitting.get("enum", ()))
        return Condition(scope, rules.check_of(test), negated, cause if values else None, values)

    # ── one field ───────────────────────────────────────────────────────────────────────────────────────────────────

    def field(
        self, name: str, schema: Any, ui: Any, path: Path, required: bool, scope: tuple[str, ...]
    ) -> Field | None:
        """Return one field; None after a fault."""
        if not NAME.fullmatch(name):
            self.refuse("name_unusable", path, name=name)
            return None
        if len(path) > 2 * DEEPEST:
            self.refuse("too_deep", path)
            return None
        if not isinstance(schema, Mapping):
            self.refuse("field_undescribed", path, name=name)
            return None
        if not isinstance(ui, Mapping):
            self.refuse_ui("ui_not_object", (name,))
            return None
        kind = self.kind(schema, path)
        if kind is None:
            return None
        kind = self.shown_as(kind, ui, path)
        field = Field(
            name=name,
            kind=kind,
            wording=_wording(schema, "title") or Wording(name.replace("_", " ").capitalize()),
            schema=schema,
            help=_wording(schema, "description") or _ui_words(ui.get("ui:help")),
            required=required,
            read_only=bool(schema.get("readOnly", False)),
            default=self.expression(schema, "x-default", path),
            constant=schema.get("default"),
            computed=self.expression(schema, "x-computed", path),
            number=self.number(schema, kind, required, path),
            checks=self.checks(schema, path),
            options=self.options(schema.get("items", {}) if kind is Kind.CHOICES else schema, kind),
            decision=ui.get("ui:widget") == "decision",
        )
        if kind is Kind.SECTION and schema.get("format") == SIGNATURE:
            return self.signature(field, ui, path, scope)
        if kind is Kind.SECTION:
            inner = self.declared([], schema, ui, path, (), (*scope, name))
            self.known_ui(ui, path, {each.name for each in inner})
            field = replace(field, fields=self.ordered(inner, ui.get("ui:order"), path))
        elif kind is Kind.TABLE:
            field = self.table(field, schema, ui, path)
        else:
            self.known_ui(ui, path, set())
            if kind is Kind.TEXTS:
                item = self.field("isi", schema["items"], ui.get("items", {}), (*path, "items"), True, ())
                field = replace(field, item=item)
        return self.with_options(field, ui, path)

    def signature(self, field: Field, ui: Mapping[str, Any], path: Path, scope: tuple[str, ...]) -> Field:
        """Return a signature: a section of its own making, which asks how and, where there is one, for the file."""
        self.known_ui(ui, path, set())
        place = _ui_path(path, "ui:options")
        options = self.ui_options(ui, place)
        for name in sorted(set(options) - SIGNATURE_OPTIONS):
            self.refuse_ui("signature_option", (*place, name), name=name, known=", ".join(sorted(SIGNATURE_OPTIONS)))
        asked = field.schema.keys() & (OBJECT - {"type"} | {"x-default", "x-computed", "x-number", "readOnly"})
        if asked:
            self.refuse("signature_fixed", (*path, sorted(asked)[0]), name=sorted(asked)[0])
        if "items" in path:
            self.refuse("signature_in_table", path)
        wanted = options.get("modes", [mode.value for mode in Mode])
        known = isinstance(wanted, list) and all(isinstance(mode, str) and mode in set(Mode) for mode in wanted)
        if not known or not wanted or len(set(wanted)) < len(wanted):
            self.refuse_ui("signature_modes", (*place, "modes"), known=", ".join(Mode))
            return field
        said = options.get("document", scope[0] if scope else None)
        documents = tuple(said) if isinstance(said, list) else (said,)
        if not documents or not all(isinstance(each, str) and NAME.fullmatch(each) for each in documents):
            self.refuse_ui("signature_document", (*place, "document"))
            return field
        own = any(each in self.sections for each in documents)
        here = (*scope, field.name)
        modes = tuple(Option(mode.value, MODES[mode]) for mode in Mode if mode in wanted)
        only = modes[0].value if field.required and len(modes) == 1 else None
        words = Wording("Cara menandatangani", "Way of signing")
        inner = [Field("mode", Kind.CHOICE, words, {}, required=field.required, constant=only, options=modes)]
        by_file = tuple(mode.value for mode in (Mode.WET, Mode.CERTIFIED) if mode in wanted)
        if by_file and not own and len(documents) == 1:  # one file carries one document
            takes = Condition(here, lambda signed: signed.get("mode") in by_file, False, "mode", by_file)
            words = Wording("Berkas bertanda tangan", "Signed file")
            inner.append(Field("file", Kind.FILE, words, {}, when=((takes,),), accept=SCANS))
        later = own or len(documents) > 1 or options.get("later") is True
        signing = SigningField(documents, own, later)
        return replace(field, fields=tuple(inner), signing=signing)

    def table(self, field: Field, schema: Mapping[str, Any], ui: Mapping[str, Any], path: Path) -> Field:
        """Return a table's field with its columns."""
        below = (*path, "items")
        shown = ui.get("items", {})
        self.known_keywords(schema["items"], OBJECT | ABOUT, below)
        columns = self.declared([], schema["items"], shown, below, (), ())
        self.known_ui({k: v for k, v in ui.items() if k != "items"}, path, set())
        self.known_ui(shown, below, {each.name for each in columns})
        for column in columns:
            if column.kind in (Kind.SECTION, Kind.TABLE, Kind.TEXTS):
                self.refuse("column_not_plain", (*below, "properties", column.name))
        return replace(field, fields=self.ordered(columns, shown.get("ui:order"), below))

    def kind(self, schema: Mapping[str, Any], path: Path) -> Kind | None:
        """Return what kind of field a schema describes; None after a fault."""
        match schema.get("type"):
            case "string":
                return self.text_kind(schema, path)
            case "number" | "integer" as which:
                self.known_keywords(schema, NUMBER | ABOUT, path)
                return Kind.INTEGER if which == "integer" else Kind.NUMBER
            case "boolean":
                self.known_keywords(schema, ABOUT | {"type", "const"}, path)
                return Kind.BOOLEAN
            case "object":
                signed = {"format"} if schema.get("format") == SIGNATURE else set()
                self.known_keywords(schema, OBJECT | ABOUT | signed, path)
                return Kind.SECTION
            case "array":
                return self.list_kind(schema, path)
            case other:
                self.refuse("type_unknown", path, type=other)
                return None

    def text_kind(self, schema: Mapping[str, Any], path: Path) -> Kind | None:
        """Return what kind of field a text schema describes."""
        self.known_keywords(schema, STRING | ABOUT, path)
        if "oneOf" in schema or "enum" in schema:
            return Kind.CHOICE
        if "format" not in schema:
            return Kind.TEXT
        kind = FORMATS.get(schema["format"])
        if kind is None:
            self.refuse("format_unknown", (*path, "format"), format=schema["format"], known=", ".join(sorted(FORMATS)))
        return kind

    def check_patterns(self, schema: Any, path: Path) -> None:
        """Refuse every pattern below *path* that cannot be run, in conditions too."""
        below = schema.items() if isinstance(schema, Mapping) else enumerate(schema) if isinstance(schema, list) else ()
        for name, part in below:
            here = (*path, name)
            if name == "patternProperties":
                self.refuse("keyword_refused", here, name=name)
            elif name != "pattern" or not isinstance(part, str) or path[-1:] == ("x-number",):
                self.check_patterns(part, here)
            elif not self.deployed:
                try:
                    patterns.compiled(part, schema.get("maxLength"))
                except patterns.Unsayable as error:
                    self.refuse("pattern_unsayable", here, reason=error)

    def list_kind(self, schema: Mapping[str, Any], path: Path) -> Kind | None:
        """Return what kind of field an array schema describes."""
        self.known_keywords(schema, ARRAY | ABOUT, path)
        if int(schema.get("minItems", 0)) > MOST_ROWS:
            self.refuse("list_too_long", (*path, "minItems"), most=str(MOST_ROWS))
        items = schema.get("items")
        if not isinstance(items, Mapping):
            self.refuse("list_undescribed", path)
            return None
        if items.get("type") == "object":
            return Kind.TABLE
        if items.get("type") != "string":
            self.refuse("list_of_what", (*path, "items"))
            return None
        match self.text_kind(items, (*path, "items")):
            case Kind.CHOICE:
                if schema.get("uniqueItems") is not True:
                    self.refuse("choices_twice", path)
                return Kind.CHOICES
            case Kind.FILE:
                return Kind.FILES
            case Kind.PERSON:
                return Kind.PEOPLE
            case Kind.TEXT:
                return Kind.TEXTS
            case None:
                return None
            case _:
                self.refuse("list_of_days", (*path, "items"))
                return None

    def shown_as(self, kind: Kind, ui: Mapping[str, Any], path: Path) -> Kind:
        """Return the kind after ``ui:widget`` has had its say."""
        widget = ui.get("ui:widget")
        if widget is None:
            return kind
        asked = WIDGETS.get(widget) if isinstance(widget, str) else None
        if asked is None:
            self.refuse_ui(
                "widget_unknown", _ui_path(path, "ui:widget"), widget=widget, known=", ".join(sorted(WIDGETS))
            )
            return kind
        wanted, becomes = asked
        if kind is not wanted and not (kind is Kind.INTEGER and wanted is Kind.NUMBER):
            self.refuse_ui("widget_unfit", _ui_path(path, "ui:widget"), widget=widget, kind=kind.value)
            return kind
        return becomes

    def options(self, schema: Mapping[str, Any], kind: Kind) -> tuple[Option, ...]:
        """Return the choices of a closed list."""
        if kind not in (Kind.CHOICE, Kind.CHOICES):
            return ()
        if "oneOf" in schema:
            found = []
            for choice in schema["oneOf"]:
                value = str(choice.get("const", "")) if isinstance(choice, Mapping) else ""
                words = _wording(choice, "title") if isinstance(choice, Mapping) else None
                found.append(Option(value, words or Wording(value)))
            return tuple(found)
        return tuple(Option(str(value), Wording(str(value))) for value in schema["enum"])

    def checks(self, schema: Mapping[str, Any], path: Path) -> tuple[FieldCheck, ...]:
        """Return the expressions that must be true of a field."""
        found = []
        for n, check in enumerate(schema.get("x-check", ())):
            place = (*path, "x-check", n)
            if not isinstance(check, Mapping) or not CHECK <= check.keys() <= CHECK | {"en"}:
                self.refuse("check_unreadable", place)
                continue
            text = self.expression(check, "expression", place)
            if text is not None:
                found.append(FieldCheck(text, Wording(str(check["message"]), check.get("en"))))
        return tuple(found)

    def number(self, schema: Mapping[str, Any], kind: Kind, required: bool, path: Path) -> Numbering | None:
        """Return the series that gives a field its number."""
        wanted = schema.get("x-number")
        if wanted is None:
            return None
        place = (*path, "x-number")
        if not isinstance(wanted, Mapping) or wanted.keys() - {"date"} != {"series", "pattern"}:
            self.refuse("number_unreadable", place)
            return None
        if not isinstance(wanted["series"], str) or not NAME.fullmatch(wanted["series"]):
            self.refuse("series_unreadable", place)
        if kind is not Kind.TEXT or "items" in path or len(path) < 4:
            self.refuse("number_elsewhere", place)
        if required or schema.keys() & {"readOnly", "x-computed"}:
            self.refuse("number_demanded", place)
        pattern, date = (self.expression(wanted, name, place) for name in ("pattern", "date"))
        return None if pattern is None else Numbering(str(wanted["series"]), pattern, date)

    def expression(self, schema: Mapping[str, Any], keyword: str, path: Path) -> str | None:
        """Return the expression under *keyword*, if there is one and it is of the language."""
        if keyword not in schema:
            return None
        text = schema[keyword]
        try:
            self.check(text if isinstance(text, str) else "")
        except ValueError as error:
            self.refuse("expression_unreadable", (*path, keyword), reason=getattr(error, "reason", error))
            return None
        return str(text)

    def with_options(self, field: Field, ui: Mapping[str, Any], path: Path) -> Field:
        """Return *field* with what ``ui:options`` and ``ui:messages`` say of it."""
        place = _ui_path(path, "ui:options")
        options = self.ui_options(ui, place)
        for name in options:
            if name not in UI_OPTIONS or field.kind not in UI_OPTIONS[name]:
                self.refuse_ui("option_unknown", (*place, name), name=name, kind=field.kind.value)
        size = options.get("maxSize")
        if size is not None and not (isinstance(size, int) and size > 0):
            self.refuse_ui("size_unreadable", (*place, "maxSize"))
            size = None
        messages = ui.get("ui:messages", {})
        return replace(
            field,
            buttons=self.verbs(field, options.get("buttons"), (*place, "buttons")),
            return_reason=options.get("returnReason") is True,
            archive=self.archived(field, options.get("archive"), (*place, "archive")),
            aside=options.get("aside") is True and (field.read_only or field.computed is not None),
            accept=tuple(_ending(each) for each in _listed(options.get("accept"))),
            max_size=size,
            roles=tuple(_listed(options.get("role"))),
            unit=_ui_words(options.get("unit")),
            key=options.get("key"),
            fixed_rows=options.get("fixedRows") is True,
            locked=options.get("locked"),
            verify=self.verification(field, options.get("verify"), (*place, "verify")),
            source=_ui_words(options.get("source")),
            messages={k: w for k, v in messages.items() if (w := _ui_words(v)) is not None},
        )

    def ui_options(self, ui: Mapping[str, Any], place: Path) -> Mapping[str, Any]:
        """Return what ``ui:options`` says; nothing after a fault."""
        options = ui.get("ui:options", {})
        if isinstance(options, Mapping):
            return options
        self.refuse_ui("ui_not_object", place)
        return {}

    def archived(self, field: Field, word: Any, place: Path) -> str | None:
        """Return what a field says of the berkas; a place consists of short texts, as a label on a box does."""
        if word is None:
            return None
        if field.kind not in ARCHIVE.get(str(word), frozenset()):
            fitting = ", ".join(known for known, kinds in ARCHIVE.items() if field.kind in kinds)
            saying = "archive_word_unknown" if fitting else "archive_word_unfit"
            self.refuse_ui(saying, place, word=word, kind=field.kind.value, fitting=fitting)
            return None
        if word == "place" and any(each.kind is not Kind.TEXT or each.given for each in field.fields):
            self.refuse_ui("place_not_plain", place)
            return None
        return str(word)

    def verification(self, field: Field, verify: Any, place: Path) -> VerifiedTable | None:
        """Return how a table's rows are accepted or returned; names must be columns, outcomes choices of the first."""
        if verify is None or field.kind is not Kind.TABLE:
            return None
        if not isinstance(verify, Mapping) or set(verify) - VERIFY or not {"column", "accept", "return"} <= set(verify):
            self.refuse_ui("verification_unreadable", place)
            return None
        for key in ("column", "note", "holder", "changed"):
            if key in verify and field.field(str(verify[key])) is None:
                self.refuse_ui("verification_column", (*place, key), name=verify[key])
                return None
        column = field.field(str(verify["column"]))
        choices = {option.value for option in column.options} if column else set()
        for key in ("accept", "return"):
            if verify[key] not in choices and not (column and column.given):
                self.refuse_ui("verification_outcome", (*place, key), name=verify[key], column=verify["column"])
                return None
        named = {key: str(verify[key]) for key in ("note", "holder", "changed") if key in verify}
        return VerifiedTable(str(verify["column"]), str(verify["accept"]), str(verify["return"]), **named)

    def verbs(self, field: Field, buttons: Any, place: Path) -> Mapping[str, str]:
        """Return which verb the completing button takes for each choice of a decision."""
        if not field.decision:
            if buttons is not None:
                self.refuse_ui("buttons_without_decision", place)
            return {}
        if not isinstance(buttons, Mapping):
            self.refuse_ui("buttons_missing", place)
            return {}
        for option in field.options:
            if buttons.get(option.value) not in VERBS:
                self.refuse_ui("button_unknown", (*place, option.value), option=option.value, known=", ".join(VERBS))
        return dict(buttons)

    # ── the whole ───────────────────────────────────────────────────────────────────────────────────────────────────

    def ordered(self, fields: Sequence[Field], order: Any, path: Path) -> tuple[Field, ...]:
        """Return the fields in ``ui:order``; a name left out is a fault, as is one that is none."""
        if order is None:
            return tuple(fields)
        by_name = {field.name: field for field in fields}
        if not isinstance(order, list) or set(order) != set(by_name) or len(order) != len(by_name):
            wrong = sorted(set(map(str, order)) ^ set(by_name)) if isinstance(order, list) else []
            self.refuse_ui("order_incomplete", _ui_path(path, "ui:order"), wrong=", ".join(wrong))
            return tuple(fields)
        return tuple(by_name[name] for name in order)

    def known_keywords(self, schema: Mapping[str, Any], known: frozenset[str], path: Path) -> None:
        """Refuse keywords that nothing acts on."""
        for keyword in schema:
            if keyword not in known:
                self.refuse(
                    "keyword_unknown", (*path, keyword), keyword=keyword, known=", ".join(sorted(known - ABOUT))
                )

    def known_ui(self, ui: Mapping[str, Any], path: Path, names: set[str]) -> None:
        """Refuse keys of the ui file that name neither a field nor a way to show one."""
        for key in ui:
            if key not in UI and key not in names:
                self.refuse_ui("ui_unknown", _ui_path(path, key), key=key)

    def check_whole(self, form: Form) -> None:
        """Check what only the whole form shows: one decision, one reason for returning, keys that exist."""
        every = [each for field in form.tree for each in field.walk()]
        for what, found in (
            ("keputusan", [path for path, field in every if field.decision]),
            ("alasan pengembalian", [path for path, field in every if field.return_reason]),
        ):
            if len(found) > 1:
                self.refuse_ui("only_one", (), count=len(found), what=what, found=", ".join(found))
        self.check_archive(every)
        for path, field in every:
            self.check_field(path, field)

    def check_archive(self, every: Sequence[tuple[str, Field]]) -> None:
        """Check that a form which says something of the berkas says each word once, and where its manual copy is."""
        said = [(field.archive, path, field) for path, field in every if field.archive]
        words = [word for word, _, _ in said]
        for word, path, _ in said:
            if words.count(word) > 1 or "[]" in path:
                self.refuse_ui("archive_word_twice", (), path=path, word=word)
        lacking = [word for word in FILING if word not in words]
        if said and lacking:
            self.refuse_ui("archive_word_lacking", (), lacking=", ".join(lacking), words=", ".join(FILING))
        for word, path, field in said:
            if word in FILING and not field.required:
                self.refuse("archive_not_required", (), path=path)

    def check_field(self, path: str, field: Field) -> None:
        """Check one field against itself."""

        def blame(saying: str, **facts: Any) -> None:
            self.refuse(saying, (path,), **facts)

        if field.kind is Kind.TABLE and field.key is not None and field.field(field.key) is None:
            blame("key_unknown", column=field.key)
        if field.fixed_rows and field.default is None:
            blame("fixed_without_default")
        lock = field.field(field.locked) if field.locked is not None else None
        if field.locked is not None and not (field.fixed_rows and lock and lock.given and lock.kind is Kind.BOOLEAN):
            blame("lock_unfit", column=field.locked)
        if field.required and field.kind not in LISTS and field.computed and field.default:
            blame("computed_and_default")
        values = [option.value for option in field.options]
        if field.kind in (Kind.CHOICE, Kind.CHOICES) and (not values or "" in values or len(set(values)) < len(values)):
            blame("choices_unfit")


class NoUsualNumber(ValueError):
    """A number that no field can hold, nor a limit of one; the message is what was written."""


def _number(text: str) -> int | Decimal:
    """Return a number of a schema: no larger than a field holds, nor so small that a quotient by it cannot be told."""
    try:
        found = Decimal(text)
        if not found.is_finite() or len(text) > 2 * MOST_DIGITS or not -9 < found.adjusted() < MOST_DIGITS:
            raise NoUsualNumber(text)
    except ArithmeticError:
        raise NoUsualNumber(text) from None
    return int(text) if text.lstrip("-").isdecimal() else found


def _wording(schema: Mapping[str, Any], keyword: str) -> Wording | None:
    """Return a title or description with its English, which stands beside it or, for a choice, alone."""
    text = schema.get(keyword)
    if not isinstance(text, str):
        return None
    match schema.get("en"):
        case str(english):
            return Wording(text, english if keyword == "title" else None)
        case Mapping() as english:
            return Wording(text, english.get(keyword))
    return Wording(text)


def _ui_words(value: Any) -> Wording | None:
    match value:
        case str():
            return Wording(value)
        case {"id": str(text), **rest}:
            english = rest.get("en")
            return Wording(text, english if isinstance(english, str) else None)
    return None


def _sections(schema: Any) -> Iterator[str]:
    """Give the names of sections at the top of a form, those under a condition too."""
    if not isinstance(schema, Mapping):
        return
    for name, own in schema.get("properties", {}).items():
        if isinstance(own, Mapping) and own.get("type") == "object" and own.get("format") != SIGNATURE:
            yield name
    for part in ("then", "else"):
        yield from _sections(schema.get(part))
    every = schema.get("allOf", ())
    for part in every if isinstance(every, list) else ():
        yield from _sections(part)


def _ui_path(path: Path, *more: str) -> Path:
    """Return where the ui file speaks of the field at *path* of the schema."""
    last = len(path) - 1
    named = (part for n, part in enumerate(path) if part != "properties" or n == last)
    return (*(part for part in named if isinstance(part, str) and part not in ("allOf", "then", "else")), *more)


def _listed(value: Any) -> list[str]:
    match value:
        case None:
            return []
        case str():
            return [part.strip() for part in value.split(",") if part.strip()]
        case _:
            return [str(part) for part in value]


def _ending(text: str) -> str:
    return text.lower() if text.startswith(".") else f".{text.lower()}"
