"""Every kind of field: what is typed, kept, sent by a program, put into a sheet or made up comes back as it was."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from engine.bpmn import expression
from engine.documents import spreadsheets
from engine.documents.spreadsheets import Column
from engine.forms import kinds
from engine.forms.defaults import Defaults
from engine.forms.field import FILES, LISTS, NUMERIC, Field, Kind
from engine.forms.form import Form
from engine.forms.grids import cell_texts, in_sheets, sheet_value
from engine.forms.handling import Samples
from engine.forms.loading import load
from engine.model.errors import InvalidForm
from tests.forms.office import Desk, attachment

CHOICES = [{"const": "sesuai", "title": "Sesuai"}, {"const": "tidak", "title": "Tidak sesuai", "en": "Does not fit"}]
COLUMNS = {"type": "object", "properties": {"nama": {"type": "string"}, "jumlah": {"type": "integer"}}}
PEOPLE = {"sakip.1": "Anggota SAKIP 1", "sakip.2": "Anggota SAKIP 2"}
FORMS: Mapping[Kind, tuple[dict[str, Any], dict[str, Any]]] = {
    Kind.SECTION: (COLUMNS, {}),
    Kind.TABLE: ({"type": "array", "items": COLUMNS}, {}),
    Kind.TEXTS: ({"type": "array", "items": {"type": "string"}}, {}),
    Kind.TEXT: ({"type": "string"}, {}),
    Kind.LONG_TEXT: ({"type": "string"}, {"ui:widget": "textarea"}),
    Kind.NUMBER: ({"type": "number", "multipleOf": Decimal("0.25")}, {"ui:options": {"unit": "kg"}}),
    Kind.INTEGER: ({"type": "integer", "minimum": 3}, {}),
    Kind.MONEY: ({"type": "number", "minimum": 1_000_000}, {"ui:widget": "money"}),
    Kind.PERCENT: ({"type": "number", "maximum": 100}, {"ui:widget": "percent"}),
    Kind.DATE: ({"type": "string", "format": "date"}, {}),
    Kind.TIME: ({"type": "string", "format": "time"}, {}),
    Kind.CHOICE: ({"type": "string", "oneOf": CHOICES}, {}),
    Kind.CHOICES: ({"type": "array", "uniqueItems": True, "items": {"type": "string", "oneOf": CHOICES}}, {}),
    Kind.BOOLEAN: ({"type": "boolean"}, {}),
    Kind.FILE: ({"type": "string", "format": "file"}, {}),
    Kind.FILES: ({"type": "array", "items": {"type": "string", "format": "file"}}, {}),
    Kind.PERSON: ({"type": "string", "format": "person"}, {"ui:options": {"role": "tim_sakip"}}),
    Kind.PEOPLE: ({"type": "array", "items": {"type": "string", "format": "person"}}, {}),
}
SAMPLES = Samples(
    day=date(2025, 4, 15),
    time=time(9, 30),
    people=tuple(PEOPLE),
    numbers=(Decimal("1234.25"), Decimal(1234), Decimal(50)),
    choose=lambda options, path: options[0],
    rows=lambda field: 2,
)
IN_SHEETS = sorted(set(Kind) - FILES - {Kind.SECTION, Kind.TABLE, Kind.TEXTS})


def form_with(kind: Kind) -> tuple[Form, Field]:
    """Return a form that asks for one field of *kind*, and a table with a column of it."""
    schema, ui = FORMS[kind]
    properties = {"isian": schema}
    shown = {"isian": ui}
    if kind in IN_SHEETS:
        properties["tabel"] = {"type": "array", "items": {"type": "object", "properties": {"isian": schema}}}
        shown["tabel"] = {"items": {"isian": ui}}
    whole = json.dumps({"type": "object", "properties": properties}, default=float)
    form = load("coba", whole.encode(), json.dumps(shown).encode(), expression.compile)
    return form, form.tree[0]


def desk(form: Form) -> Desk:
    return Desk(form, files={"contoh": attachment("contoh")})


def test_every_kind_has_its_record_and_is_tried_here() -> None:
    assert set(kinds.KINDS) == set(FORMS) == set(Kind)


@pytest.mark.parametrize("kind", Kind)
def test_a_form_asks_for_a_field_of_each_kind(kind: Kind) -> None:
    assert form_with(kind)[1].kind is kind


@pytest.mark.parametrize("kind", Kind)
def test_what_is_made_up_for_a_trial_is_accepted_as_somebody_would_type_it(kind: Kind) -> None:
    form, field = form_with(kind)
    value = kinds.sample(field, SAMPLES)
    assert value not in (None, [], {})
    typed = form.entries({"isian": value})
    assert desk(form).accept(typed)["isian"] == value
    assert desk(form).view(typed).fields[0].problems == ()


@pytest.mark.parametrize("kind", Kind)
def test_what_is_kept_is_json_and_comes_back_as_it_was(kind: Kind) -> None:
    form, field = form_with(kind)
    value = kinds.sample(field, SAMPLES)
    kept = json.loads(json.dumps(form.encode({"isian": value})))
    assert form.decode(kept) == {"isian": value}
    assert kinds.typed(field, value) == value


@pytest.mark.parametrize("kind", Kind)
def test_a_program_that_sends_what_was_kept_says_the_same(kind: Kind) -> None:
    form, field = form_with(kind)
    value = kinds.sample(field, SAMPLES)
    sent = form.encode({"isian": value})
    assert desk(form).accept(form.posted(sent, "id", str))["isian"] == value


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("locale", ["id", "en"])
def test_every_value_is_shown_to_whoever_reads_it(kind: Kind, locale: str) -> None:
    form, field = form_with(kind)
    value = kinds.sample(field, SAMPLES)
    (shown,) = form.show({"isian": value}, locale, PEOPLE, {"contoh": attachment("contoh")})[:1]
    assert not shown.is_empty


@pytest.mark.parametrize("kind", sorted({Kind.NUMBER, Kind.INTEGER, Kind.MONEY, Kind.PERCENT, Kind.DATE, Kind.TIME}))
def test_what_is_shown_can_be_typed_again(kind: Kind) -> None:
    form, field = form_with(kind)
    value = kinds.sample(field, SAMPLES)
    (shown,) = form.show({"isian": value}, "id", {}, {})[:1]
    text = shown.text.removesuffix(" kg")  # the unit stands beside the field
    assert desk(form).accept({"isian": [text]})["isian"] == value


@pytest.mark.parametrize("kind", IN_SHEETS)
@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_a_column_comes_back_from_a_sheet_as_it_went(kind: Kind, ending: str) -> None:
    form, field = form_with(kind)
    table = form.table("tabel")
    (column,) = in_sheets(table)
    handled = kinds.of(column)
    head = Column("isian", "Isian", handled.decimals(column), width=handled.width, kind=handled.sheet)
    value = kinds.sample(field, SAMPLES)
    rows = [{"isian": sheet_value(column, value, (), PEOPLE)}]
    content = spreadsheets.write("Coba", [head], rows, {}) if ending == "xlsx" else spreadsheets.write_csv([head], rows)
    found = spreadsheets.read(content, [head])
    assert not found.faults
    texts = cell_texts(column, found.rows[0].values["isian"], PEOPLE)
    assert desk(form).accept({"tabel": [""], "tabel.0.isian": texts})["tabel"] == [{"isian": value}]


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.SECTION}))
def test_a_trial_may_leave_any_field_empty_but_goes_into_every_section(kind: Kind) -> None:
    samples = replace(SAMPLES, leaves_empty=lambda field: True)
    assert kinds.sample(form_with(kind)[1], samples) is None
    assert kinds.sample(form_with(Kind.SECTION)[1], samples) == {"nama": None, "jumlah": None}


TEXTS = {"TEXT", "LONG_TEXT", "CHOICE", "FILE", "PERSON"}


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.SECTION, Kind.TABLE, Kind.TEXTS, *LISTS}))
@pytest.mark.parametrize("value", [True, [1], {"a": 1}, "besok pagi"])
def test_a_default_that_does_not_fit_leaves_its_field_empty(kind: Kind, value: Any) -> None:
    field = form_with(kind)[1]
    fits = isinstance(value, bool) if kind is Kind.BOOLEAN else isinstance(value, str) and kind.name in TEXTS
    begun = Defaults({}, lambda text, names: value).of(replace(field, default="terdahulu"))
    assert begun == (value if fits else None)


@pytest.mark.parametrize("kind", sorted(NUMERIC))
def test_a_default_that_no_field_can_show_is_left_out(kind: Kind) -> None:
    field = replace(form_with(kind)[1], default="1")
    assert Defaults({}, lambda text, names: Decimal("1e40")).of(field) is None


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("sent", [True, 7, [7], {"nama": 7}])
def test_a_program_that_sends_another_type_is_told_at_the_field(kind: Kind, sent: Any) -> None:
    form, _ = form_with(kind)
    fits = {Kind.BOOLEAN: bool, **dict.fromkeys(NUMERIC, int)}.get(kind, type(None))
    if type(sent) is fits:
        assert form.posted({"isian": sent}, "id", str)
        return
    with pytest.raises(InvalidForm) as refused:
        form.posted({"isian": sent}, "id", str)
    assert all(each.path.startswith("isian") and each.keyword == "type" for each in refused.value.errors)


@pytest.mark.parametrize(
    ("kind", "cell", "typed"),
    [
        (Kind.TEXT, Decimal("12.5"), "12.5"),
        (Kind.TEXT, True, "ya"),
        (Kind.TEXT, False, ""),
        (Kind.TEXT, date(2025, 4, 15), "15/4/2025"),
        (Kind.NUMBER, date(2025, 4, 15), "15/4/2025"),
        (Kind.NUMBER, True, "ya"),
        (Kind.DATE, Decimal(45_000), "45000"),
    ],
)
def test_a_cell_of_another_type_is_typed_into_its_field_as_it_reads(kind: Kind, cell: Any, typed: str) -> None:
    (column,) = in_sheets(form_with(kind)[0].table("tabel"))
    assert cell_texts(column, cell, {}) == [typed]


def test_only_a_list_has_items_and_only_an_item_belongs_to_a_list() -> None:
    assert {handled.many for handled in kinds.KINDS.values() if handled.many} == LISTS - {Kind.TABLE}
