"""Reads the two files of a form: a JSON Schema 2020-12, and how its fields are shown.

Unknown keywords are refused: the author would rely on a rule that nothing enforces. All faults are reported at once,
each with its line and how to mend it (``sayings.toml``).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from engine.forms import patterns, rules
from engine.forms.field import FILING, LISTS, Condition, Field, Kind, Option, SigningField, Wording
from engine.forms.field_reading import NAME, OBJECT, SIGNATURE, CheckExpression, FieldReader, wording
from engine.forms.form import Form
from engine.forms.form_files import ABOUT, FormFiles, ui_path
from engine.forms.json_positions import Path
from engine.model.errors import InvalidProcedure
from engine.model.signatures import Mode

ROOT = frozenset({"$schema", "$id", "$defs"})
SIGNATURE_OPTIONS = frozenset({"document", "modes", "later"})
GROUP = frozenset({"title", "en", "fields"})
SCANS = (".pdf", ".jpg", ".jpeg", ".png")
MODES = {
    Mode.WET: Wording("Tanda tangan basah", "Wet-ink signature"),
    Mode.CERTIFIED: Wording("TTE tersertifikasi", "Certified electronic signature"),
    Mode.INTERNAL: Wording("Persetujuan elektronik internal", "Internal electronic approval"),
}
DEEPEST = 8


@lru_cache(maxsize=512)
def load(form_id: str, schema: bytes, ui: bytes | None, check: CheckExpression, *, deployed: bool = False) -> Form:
    """Return the form that *schema* and *ui* describe; InvalidProcedure carries every fault of both.

    *check* compiles an expression and raises ValueError with a ``reason`` if that fails. Forms that were *deployed*
    may have patterns that are refused today (``patterns``). Results are cached, because validation against the
    metaschema takes most of the time of loading a procedure.
    """
    files = FormFiles(form_id)
    parsed = files.json(files.schema_file, schema)
    shown = files.json(files.ui_file, ui) if ui is not None else {}
    form = _Reader(form_id, files, check, deployed).form(parsed, shown) if not files.findings else None
    if files.findings or form is None:
        raise InvalidProcedure(files.findings)
    return form


class _Reader:
    """Reads the fields of one form; *files* collects every fault."""

    def __init__(self, form_id: str, files: FormFiles, check: CheckExpression, deployed: bool) -> None:
        self.form_id = form_id
        self.files = files
        self.check = check
        self.deployed = deployed
        self.sections: frozenset[str] = frozenset()  # the top-level sections: documents that the form itself makes

    def form(self, schema: dict[str, Any], ui: dict[str, Any]) -> Form | None:
        for fault in rules.faults_of_schema(schema):
            self.files.refuse("schema_invalid", tuple(fault.absolute_path))
        if self.files.findings:
            return None
        whole = self.resolved(schema, schema.get("$defs", {}), ())
        if self.files.findings:
            return None
        if whole.get("type") != "object":
            self.files.refuse("form_not_object", ("type",))
            return None
        self.files.known_keywords(whole, OBJECT | ABOUT | ROOT, ())
        self.check_patterns(whole, ())
        self.sections = frozenset(_sections(whole))
        fields = self.declared([], whole, ui, (), (), ())
        if self.files.findings:
            return None
        order = ui.get("ui:order")
        self.files.known_ui(ui, (), {field.name for field in fields})
        form = Form(
            id=self.form_id,
            wording=wording(whole, "title") or Wording(self.form_id),
            help=wording(whole, "description"),
            rules=rules.rules_of({k: v for k, v in whole.items() if k != "$defs"}),
            tree=self.ordered(fields, order, ()),
        )
        _check_whole(self.files, form)
        return form

    def resolved(self, schema: Any, defs: Mapping[str, Any], seen: tuple[str, ...], path: Path = ()) -> Any:
        """Return *schema* with every ``$ref`` to ``#/$defs/...`` replaced by its definition."""
        if isinstance(schema, list):
            return [self.resolved(item, defs, seen, (*path, n)) for n, item in enumerate(schema)]
        if not isinstance(schema, dict):
            return schema
        if "$ref" in schema and isinstance(schema["$ref"], str):
            name = schema["$ref"].removeprefix("#/$defs/")
            if name in seen or name not in defs:
                self.files.refuse("reference_unknown", (*path, "$ref"), name=schema["$ref"])
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
        """Return *fields* and those that an object or a branch of its conditions declares, recursively."""
        if when:
            self.files.known_keywords(schema, OBJECT | {"$comment"}, path)
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
                self.files.refuse("all_of_without_if", place)
                continue
            if branch is not schema:
                self.files.known_keywords(branch, frozenset({"if", "then", "else", "$comment"}), place)
            for word, negated in (("then", False), ("else", True)):
                outcome = branch.get(word)
                if isinstance(outcome, Mapping):
                    condition = self.condition(branch["if"], scope, negated)
                    fields = self.declared(fields, outcome, ui, (*place, word), (*when, condition), scope)
                elif outcome is False and "properties" not in path and not self.deployed:  # no field would say it
                    self.files.refuse("outcome_false", (*place, word), word=word)
        if not when and not self.deployed:  # forms of earlier versions may require names that they do not declare
            for name in sorted(_required(schema) - {field.name for field in fields}):
                self.files.refuse("required_unknown", (*path, "required"), name=name)
        return fields

    def condition(self, test: Any, scope: tuple[str, ...], negated: bool) -> Condition:
        """Return an ``if`` as a condition; it has a cause and values if it is about one field."""
        cause, values = None, ()
        if isinstance(test, Mapping):
            match test.get("properties"):
                case {**only} if len(only) == 1:
                    cause, fitting = next(iter(only.items()))
                    if isinstance(fitting, Mapping):
                        values = (fitting["const"],) if "const" in fitting else tuple(fitting.get("enum", ()))
        return Condition(scope, rules.check_of(test), negated, cause if values else None, values)

    def check_patterns(self, schema: Any, path: Path) -> None:
        """Refuse every pattern below *path* that RE2 cannot run, also in conditions."""
        below = schema.items() if isinstance(schema, Mapping) else enumerate(schema) if isinstance(schema, list) else ()
        for name, part in below:
            here = (*path, name)
            if name == "patternProperties":
                self.files.refuse("keyword_refused", here, name=name)
            elif name != "pattern" or not isinstance(part, str) or path[-1:] == ("x-number",):
                self.check_patterns(part, here)
            elif not self.deployed:
                try:
                    patterns.compiled(part, schema.get("maxLength"))
                except patterns.Unsayable as error:
                    self.files.refuse("pattern_unsayable", here, reason=error)

    def ordered(self, fields: Sequence[Field], order: Any, path: Path) -> tuple[Field, ...]:
        """Return the fields in ``ui:order``, which must list each of them once."""
        if order is None:
            return tuple(fields)
        by_name = {field.name: field for field in fields}
        if not isinstance(order, list) or set(order) != set(by_name) or len(order) != len(by_name):
            wrong = sorted(set(map(str, order)) ^ set(by_name)) if isinstance(order, list) else []
            self.files.refuse_ui("order_incomplete", (*ui_path(path), "ui:order"), wrong=", ".join(wrong))
            return tuple(fields)
        return tuple(by_name[name] for name in order)

    # ── one field ───────────────────────────────────────────────────────────────────────────────────────────────────

    def field(
        self, name: str, schema: Any, ui: Any, path: Path, required: bool, scope: tuple[str, ...]
    ) -> Field | None:
        if not NAME.fullmatch(name):
            self.files.refuse("name_unusable", path, name=name)
        elif len(path) > 2 * DEEPEST:
            self.files.refuse("too_deep", path)
        elif not isinstance(schema, Mapping):
            self.files.refuse("field_undescribed", path, name=name)
        elif not isinstance(ui, Mapping):
            self.files.refuse_ui("ui_not_object", (name,))
        else:
            reader = FieldReader(self.files, self.check, name, schema, ui, path)
            field = reader.field(required=required)
            return None if field is None else self.whole(reader, field, scope)
        return None

    def whole(self, reader: FieldReader, field: Field, scope: tuple[str, ...]) -> Field:
        schema, ui, path, below = reader.schema, reader.ui, reader.path, set[str]()
        match field.kind:
            case Kind.SECTION if schema.get("format") == SIGNATURE:
                return self.signature(reader, field, scope)
            case Kind.SECTION:
                inner = self.declared([], schema, ui, path, (), (*scope, field.name))
                below = {each.name for each in inner} | {"ui:groups"}
                ordered, groups = self.ordered(inner, ui.get("ui:order"), path), _groups(ui.get("ui:groups", []))
                field = replace(field, fields=ordered, groups=groups)
            case Kind.TABLE:
                field = self.table(reader, field)
            case Kind.TEXTS:
                item = self.field("isi", schema["items"], ui.get("items", {}), (*path, "items"), True, ())
                field = replace(field, item=item)
        self.files.known_ui(ui, path, below)
        return reader.with_options(field)

    def signature(self, reader: FieldReader, field: Field, scope: tuple[str, ...]) -> Field:
        """Return a signature: a section with two fields of the engine, the way of signing and the signed file."""
        self.files.known_ui(reader.ui, reader.path, set())
        options = reader.options()
        for name in sorted(set(options) - SIGNATURE_OPTIONS):
            known = ", ".join(sorted(SIGNATURE_OPTIONS))
            reader.refuse_ui("signature_option", "ui:options", name, name=name, known=known)
        asked = field.schema.keys() & (OBJECT - {"type"} | {"x-default", "x-computed", "x-number", "readOnly"})
        if asked:
            reader.refuse("signature_fixed", min(asked), name=min(asked))
        if "items" in reader.path:
            reader.refuse("signature_in_table")
        wanted = options.get("modes", [mode.value for mode in Mode])
        fit = isinstance(wanted, list) and all(isinstance(mode, str) and mode in set(Mode) for mode in wanted)
        if not fit or not wanted or len(set(wanted)) < len(wanted):
            reader.refuse_ui("signature_modes", "ui:options", "modes", known=", ".join(Mode))
            return field
        said = options.get("document", scope[0] if scope else None)
        documents = tuple(said) if isinstance(said, list) else (said,)
        if not documents or not all(isinstance(each, str) and NAME.fullmatch(each) for each in documents):
            reader.refuse_ui("signature_document", "ui:options", "document")
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

    def table(self, reader: FieldReader, field: Field) -> Field:
        below = (*reader.path, "items")
        schema, shown = reader.schema["items"], reader.ui.get("items", {})
        self.files.known_keywords(schema, OBJECT | ABOUT, below)
        columns = self.declared([], schema, shown, below, (), ())
        self.files.known_ui(shown, below, {each.name for each in columns})
        for column in columns:
            if column.kind in (Kind.SECTION, Kind.TABLE, Kind.TEXTS):
                self.files.refuse("column_not_plain", (*below, "properties", column.name))
        return replace(field, fields=self.ordered(columns, shown.get("ui:order"), below))


def _check_whole(files: FormFiles, form: Form) -> None:
    """Check rules about the whole form, such as that it has one decision at most; then each field."""
    every = [each for field in form.tree for each in field.walk()]
    for what, found in (
        ("keputusan", [path for path, field in every if field.decision]),
        ("alasan pengembalian", [path for path, field in every if field.return_reason]),
    ):
        if len(found) > 1:
            files.refuse_ui("only_one", (), count=len(found), what=what, found=", ".join(found))
    _check_archive(files, every)
    for path, field in every:
        _check_field(files, path, field)
        _check_groups(files, path, field)


def _groups(said: Any) -> tuple[tuple[Wording, tuple[str, ...]], ...]:
    """Return ``ui:groups`` of a section as (title, fields); a group of a wrong shape is empty."""
    found = []
    for each in said if isinstance(said, list) else [said]:
        known = each if isinstance(each, Mapping) and each.keys() <= GROUP else {}
        names = known.get("fields", ())
        found.append((wording(known, "title") or Wording(""), tuple(names) if isinstance(names, list) else ()))
    return tuple(found)


def _check_groups(files: FormFiles, path: str, field: Field) -> None:
    """Check that the groups of a section have titles and list each of its fields once."""
    listed = [str(name) for _, names in field.groups for name in names]
    names = [each.name for each in field.fields]
    if field.groups and (sorted(listed) != sorted(names) or not all(words.id for words, _ in field.groups)):
        wrong = ", ".join(sorted({name for name in listed if listed.count(name) > 1} | set(listed) ^ set(names)))
        files.refuse_ui("groups_incomplete", (*path.split("."), "ui:groups"), wrong=wrong or "–")


def _check_archive(files: FormFiles, every: Sequence[tuple[str, Field]]) -> None:
    """Check that a form has each archive detail once at most, and either all or none of a place's details."""
    said = [(field.archive, path, field) for path, field in every if field.archive]
    words = [word for word, _, _ in said]
    for word, path, _ in said:
        if words.count(word) > 1 or "[]" in path:
            files.refuse_ui("archive_word_twice", (), path=path, word=word)
    lacking = [word for word in FILING if word not in words]
    if 0 < len(lacking) < len(FILING):
        files.refuse_ui("archive_word_lacking", (), lacking=", ".join(lacking), words=", ".join(FILING))
    for word, path, field in said:
        if word in FILING and not field.required:
            files.refuse("archive_not_required", (), path=path)


def _check_field(files: FormFiles, path: str, field: Field) -> None:
    def blame(saying: str, **facts: Any) -> None:
        files.refuse(saying, (path,), **facts)

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


def _required(schema: Mapping[str, Any]) -> set[str]:
    """Return the names that an object requires, also under conditions."""
    parts = (schema.get("then"), schema.get("else"), *schema.get("allOf", ()))
    return set(schema.get("required", ())).union(*(_required(each) for each in parts if isinstance(each, Mapping)))


def _sections(schema: Any) -> Iterator[str]:
    """Yield the names of the top-level sections, including conditional ones."""
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
