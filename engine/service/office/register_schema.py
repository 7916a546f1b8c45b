"""Registers: reference tables of the office, each defined by a JSON Schema.

The schema has a form for one row (docs/formulir.md), the key columns (``x-key``), roles that may edit rows besides
operators and designers (``x-editors``), and roles that may read them (``x-readers``; by default everybody with a role
today). A row is in force from one day to another and is never deleted: it is *corrected* in place, *succeeded* by
another from a later day on, or *ended*. Each change is a line of the stream ``register:<id>`` with old and new values.
Expressions read ``register("id")`` as of the instance's reference date, whoever the actor is, so that a report on last
year finds last year's targets.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from engine.bpmn import expression
from engine.documents.spreadsheets import Column
from engine.forms.field import NUMERIC, Field, Kind
from engine.forms.form import Form
from engine.forms.loading import load
from engine.model.errors import Finding, InvalidProcedure, NotPermitted
from engine.model.history import canonical
from engine.model.people import Actor, OfficeRole
from engine.store.queries.registers import Entry

OWN_KEYWORDS = ("x-key", "x-editors", "x-readers")
NOT_IN_ROWS = frozenset({Kind.SECTION, Kind.TABLE, Kind.TEXTS, Kind.FILE, Kind.FILES})


@dataclass(frozen=True, slots=True)
class Register:
    """A definition: the form of a row, the key columns, and the roles of editors and readers."""

    id: str
    form: Form
    key: tuple[str, ...]
    editors: frozenset[str]
    readers: frozenset[str]  # empty: everybody with a role

    def key_of(self, values: Mapping[str, Any]) -> str:
        """Return the key of a row as text."""
        named = (values[name] for name in self.key)
        return " · ".join(format(each, "f") if isinstance(each, Decimal) else str(each) for each in named)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of its files."""
        return tuple(column_of(each) for each in self.form.tree)

    def content(self, values: Mapping[str, Any]) -> str:
        """Return a row as stored; numbers are normalized, so that 1.50 and 1.5 are stored alike."""
        plain = {
            name: value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()
            for name, value in values.items()
            if isinstance(value, Decimal)
        }
        return canonical(self.form.encode({**values, **plain}))

    def values(self, entry: Entry) -> dict[str, Any]:
        """Return the values of a stored row."""
        return self.form.decode(json.loads(entry.content))

    def read_by(self, actor: Actor) -> bool:
        """Whether *actor* may read its rows."""
        named = self.readers | self.editors if self.readers else actor.roles
        return actor.reads_everything or bool(actor.roles & named)

    def edited_by(self, actor: Actor) -> bool:
        """Whether *actor* may change its rows."""
        return bool(actor.roles & ({OfficeRole.OPERATOR, OfficeRole.DESIGNER} | self.editors))

    def permit_editing(self, actor: Actor) -> None:
        """Raise NotPermitted unless *actor* may change its rows."""
        if not self.edited_by(actor):
            raise NotPermitted("role", roles=(OfficeRole.OPERATOR, OfficeRole.DESIGNER))


@lru_cache(maxsize=64)
def read_register(register_id: str, text: str, *, deployed: bool = True) -> Register:
    """Return the register defined by its stored files; InvalidProcedure with all their faults."""
    files: dict[str, str] = json.loads(text)
    schema = files.get("schema.json", "")
    try:
        parsed = json.loads(schema)
    except ValueError as error:
        raise InvalidProcedure([finding(register_id, f"Skema ini bukan JSON: {error}.")]) from None
    own = {name: parsed.pop(name) for name in OWN_KEYWORDS if name in parsed} if isinstance(parsed, dict) else {}
    shown = files.get("ui.json")
    plain = json.dumps(parsed, ensure_ascii=False, indent=2).encode() if own else schema.encode()
    form = load(register_id, plain, shown.encode() if shown else None, expression.compile, deployed=deployed)
    key = own.get("x-key") or []
    faults = [
        finding(register_id, f"Kolom kunci {name} tidak ada atau tidak diwajibkan.")
        for name in key
        if not any(each.name == name and each.required for each in form.tree)
    ]
    if not key:
        faults.append(finding(register_id, "Register tanpa x-key: barisnya tidak dapat dibedakan."))
    faults += [
        finding(register_id, f"Kolom {each.name} berjenis {each.kind.value}; baris register datar.")
        for each in form.tree
        if each.kind in NOT_IN_ROWS
    ]
    if faults:
        raise InvalidProcedure(faults)
    editors, readers = (frozenset(own.get(keyword) or ()) for keyword in ("x-editors", "x-readers"))
    return Register(register_id, form, tuple(key), editors, readers)


def finding(register_id: str, message: str) -> Finding:
    """Return a finding about a register's files, or about a row that does not fit them."""
    path = f"forms/registers/{register_id}.schema.json"
    return Finding(path, message, "Lihat docs/formulir.md.", "register")


def column_of(each: Field) -> Column:
    """Return the column of a file for a field."""
    decimals = None
    if each.kind in NUMERIC:
        step = each.schema.get("multipleOf")
        decimals = 0 if each.kind is Kind.INTEGER else max(0, -int(Decimal(str(step or "0.01")).as_tuple().exponent))
    choices = tuple(option.value for option in each.options) if each.kind is Kind.CHOICE else ()
    width = 40 if each.kind is Kind.LONG_TEXT else 18
    return Column(each.name, each.wording.id, decimals, choices, width)
