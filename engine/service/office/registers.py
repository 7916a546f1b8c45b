"""Registers: the reference tables that an office keeps, each made by a JSON Schema and nothing else.

A register is a form for one row (docs/formulir.md), the columns that tell its rows apart (``x-key``), who may edit it
beside operators and designers (``x-editors``, roles) and, unless that is everybody with a role today, who reads it
(``x-readers``). Rows are in force from one day to another and never deleted: a row is *corrected* in place, *succeeded*
by another from a later day on, or *ended*. Every change is a line of the stream ``register:<id>`` with old and new
values. Expressions read ``register("id")``, whoever asks, as of the instance's reference date, so that a report on last
year finds last year's targets.
"""

import io
import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from engine.bpmn import expression
from engine.documents import spreadsheets
from engine.documents.spreadsheets import Column, SheetFault
from engine.forms.field import NUMERIC, Field, Kind
from engine.forms.form import Form
from engine.forms.loading import load
from engine.forms.submission import Surroundings
from engine.model.errors import (
    Conflict,
    FieldError,
    Finding,
    InvalidForm,
    InvalidProcedure,
    NotFound,
    NotPermitted,
    there,
)
from engine.model.history import Action, HistoryEvent, HistoryLine, canonical, sha256_of
from engine.model.people import SYSTEM, Actor, OfficeRole
from engine.service.office.reading_log import record_export
from engine.service.procedures.procedure import INDONESIAN, Entries, Language, evaluator
from engine.store.database import Database
from engine.store.files import FileStore
from engine.store.queries import Transaction, histories, people, registers
from engine.store.queries.registers import Entry, RegisterRecord
from engine.store.unit_of_work import Work

OWN_KEYWORDS = ("x-key", "x-editors", "x-readers")
NOT_IN_ROWS = frozenset({Kind.SECTION, Kind.TABLE, Kind.TEXTS, Kind.FILE, Kind.FILES})
PAGE = 100
MOST_KEPT = 200
SHOWN_HISTORY = 50
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Register:
    """A register as it is defined: a form for a row, its key, its editors."""

    id: str
    form: Form
    key: tuple[str, ...]
    editors: frozenset[str]
    readers: frozenset[str]  # none: everybody with a role

    def key_of(self, values: Mapping[str, Any]) -> str:
        """Return what tells a row apart, as one text."""
        return " · ".join(expression_text(values.get(name)) for name in self.key)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of its sheets."""
        return tuple(_column(each) for each in self.form.tree)


@dataclass(frozen=True, slots=True)
class RegisterSummary:
    """A register in the list: how many rows are in force, who changed it last."""

    register: Register
    record: RegisterRecord
    rows: int
    may_edit: bool
    editors: tuple[str, ...] = ()  # names of the people whose register it is, else of the operators, where asked for


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One row as shown: its values as text by column."""

    entry: Entry
    shown: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RegisterPage:
    """One page of a register as of a day."""

    summary: RegisterSummary
    on: date
    rows: tuple[RegisterRow, ...]
    total: int
    page: int
    pages: int
    illustrated: bool


@dataclass(frozen=True, slots=True)
class RowPage:
    """One row with every period of its key and what was changed of them."""

    summary: RegisterSummary
    row: RegisterRow
    periods: tuple[RegisterRow, ...]
    lines: tuple[HistoryLine, ...]
    entries: Entries


@dataclass(frozen=True, slots=True)
class Import:
    """What a file would change: the texts of each row, or every fault by cell."""

    faults: tuple[SheetFault, ...]
    new: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class _Planned:
    """One row of a file against what is in force."""

    key: str
    content: str
    known: Entry | None


@dataclass
class _Kept:
    rows: dict[tuple[str, date], tuple[int, list[dict[str, Any]]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Registers:
    """Reading and changing registers."""

    database: Database
    files: FileStore
    _kept: _Kept = field(default_factory=_Kept)

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def all(self, actor: Actor, on: date) -> tuple[RegisterSummary, ...]:
        """Return every register that the actor reads, by its title."""
        with self.database.read() as reader:
            counted = registers.counts(reader, on)
            found = [self._summary(actor, record, counted) for record in _readable_of(reader, actor)]
        return tuple(sorted(found, key=lambda each: each.register.form.wording.id))

    def page(
        self, actor: Actor, register_id: str, on: date, words: Language, text: str = "", page: int = 1
    ) -> RegisterPage:
        """Return one page of a register's rows in force on a day, narrowed to those that hold *text*."""
        with self.database.read() as reader:
            summary = self._summary(actor, self._record(reader, register_id), registers.counts(reader, on))
            names = people.names(reader)
            entries = registers.in_force(reader, register_id, on)
        rows = [self._shown(summary.register, entry, names, words) for entry in entries]
        wanted = text.casefold()
        if wanted:
            rows = [row for row in rows if any(wanted in shown.casefold() for shown in row.shown.values())]
        pages = max(1, -(-len(rows) // PAGE))
        page = min(max(1, page), pages)
        return RegisterPage(
            summary=summary,
            on=on,
            rows=tuple(rows[(page - 1) * PAGE : page * PAGE]),
            total=len(rows),
            page=page,
            pages=pages,
            illustrated=any(row.entry.illustration for row in rows),
        )

    def row(self, actor: Actor, register_id: str, entry_id: str, on: date, words: Language) -> RowPage:
        """Return one row with its periods and their history."""
        with self.database.read() as reader:
            summary = self._summary(actor, self._record(reader, register_id), registers.counts(reader, on))
            entry = self._entry(reader, register_id, entry_id)
            every = registers.of_keys(reader, register_id, [entry.key])[entry.key]
            names = people.names(reader)
            lines = histories.newest(reader, f"register:{register_id}", 2_000)
        own = {f'"entry":"{each.id}"' for each in every}
        return RowPage(
            summary=summary,
            row=self._shown(summary.register, entry, names, words),
            periods=tuple(self._shown(summary.register, each, names, words) for each in reversed(every)),
            lines=tuple(line for line in lines if any(part in line.change for part in own))[:SHOWN_HISTORY],
            entries=summary.register.form.entries(_values(summary.register, entry)),
        )

    def sources(self, actor: Actor, ids: Iterable[str], on: date) -> tuple[RegisterSummary, ...]:
        """Return those of some registers that there are, with who fills them in, for a page that leads to them."""
        with self.database.read() as reader:
            counted, members = registers.counts(reader, on), people.members(reader, on)
            known = {record.id: self._summary(actor, record, counted) for record in _readable_of(reader, actor)}
        found = []
        for each in (known[id_] for id_ in dict.fromkeys(ids) if id_ in known):
            held = [members[role] for role in each.register.editors if role in members]
            names = {name for of in held or [members.get(OfficeRole.OPERATOR, {})] for name in of.values()}
            found.append(replace(each, editors=tuple(sorted(names))))
        return tuple(found)

    def is_empty(self, register_id: str) -> bool:
        """Whether a register never had a row; False if there is no such register."""
        with self.database.read() as reader:
            known = registers.by_id(reader, register_id)
            return known is not None and not registers.in_force(reader, register_id, None)

    def as_of(self, on: date) -> Callable[[Any], list[dict[str, Any]]]:
        """Return what expressions call ``register``: the rows of a register in force on a day, by its id.

        All registers' revisions are read at the first call, so that the looks of one form cost one statement together
        and see one moment; rows are kept while their register stands at its revision. An unknown register has none.
        """
        known: dict[str, RegisterRecord] = {}

        def rows_of(register_id: Any) -> list[dict[str, Any]]:
            with self.database.read() as reader:
                if not known:
                    known.update({record.id: record for record in registers.all_of(reader)})
                record = known.get(str(register_id))
                return [] if record is None else self._rows(reader, record, on)

        return rows_of

    def _rows(self, reader: Transaction, record: RegisterRecord, on: date) -> list[dict[str, Any]]:
        kept = self._kept.rows.get((record.id, on))
        if kept is not None and kept[0] == record.revision:
            return kept[1]
        register = read_register(record.id, record.schema)
        rows = [_values(register, entry) for entry in registers.in_force(reader, record.id, on)]
        if len(self._kept.rows) > MOST_KEPT:
            self._kept.rows.clear()
        self._kept.rows[record.id, on] = (record.revision, rows)
        return rows

    def new_row(self, actor: Actor, register_id: str, on: date) -> RegisterSummary:
        """Return the register whose row somebody begins; NotPermitted if they may not."""
        with self.database.read() as reader:
            summary = self._summary(actor, self._record(reader, register_id), registers.counts(reader, on))
        _permit(actor, summary.register)
        return summary

    def fields(self, register: Register, entries: Entries, problems: Sequence[FieldError], words: Language) -> Any:
        """Return the fields of a row's form."""
        return register.form.fields(entries, problems, self._around(words))

    # ── changing rows ───────────────────────────────────────────────────────────────────────────────────────────────

    def add(
        self,
        actor: Actor,
        register_id: str,
        entries: Entries,
        since: date,
        now: datetime,
        words: Language = INDONESIAN,
    ) -> str:
        """Add a row in force from a day on and return its id.

        InvalidForm carries every fault; Conflict("duplicate") if a row of its key is in force then or later.
        """
        with self.database.write(actor, now) as work:
            register = self._editable(work, actor, register_id)
            values = register.form.accept(entries, self._around(words))
            key = register.key_of(values)
            others = registers.of_keys(work, register_id, [key])[key]
            if any(each.until is None or each.until >= since for each in others):
                raise Conflict("duplicate", title=key, at=others[-1].changed_at)
            entry = _entry(register, key, _content(register, values), since, actor, now)
            registers.add(work, [entry])
            self._record_change(work, register_id, entry, None)
        return entry.id

    def save(
        self,
        actor: Actor,
        register_id: str,
        entry_id: str,
        entries: Entries,
        since: date,
        version: int,
        now: datetime,
        words: Language = INDONESIAN,
    ) -> str:
        """Correct a row (*since* as it is), or let another succeed it from a later day on; return the row's id.

        InvalidForm carries every fault, also a changed key or a day before the row's own. Conflict("stale") if
        somebody changed it since *version*.
        """
        with self.database.write(actor, now) as work:
            register = self._editable(work, actor, register_id)
            old = self._at(work, register_id, entry_id, version)
            values = register.form.accept(entries, self._around(words))
            content = _content(register, values)
            if register.key_of(values) != old.key:
                raise InvalidForm([FieldError(register.key[0], old.key, "", "register_key")], entries)
            if since < old.since or (old.until is not None and since > old.until):
                raise InvalidForm([FieldError("_mulai", old.key, "", "register_since")], entries)
            if since == old.since:
                new = replace(old, content=content, sha256=sha256_of(content), version=version + 1, illustration=False)
                self._write(work, old, {"content": content, "sha256": new.sha256, "illustration": False})
            else:
                self._write(work, old, {"until": since - DAY})
                new = replace(_entry(register, old.key, content, since, actor, now), until=old.until)
                registers.add(work, [new])
            self._record_change(work, register_id, new, old)
        return new.id

    def end(
        self, actor: Actor, register_id: str, entry_id: str, until: date, version: int, reason: str, now: datetime
    ) -> None:
        """Say until when a row is in force, with a reason; InvalidForm if that is before it began."""
        reason = " ".join(reason.split())
        with self.database.write(actor, now) as work:
            self._editable(work, actor, register_id)
            old = self._at(work, register_id, entry_id, version)
            if until < old.since:
                raise InvalidForm([FieldError("_sampai", old.key, "", "register_until")], {})
            if not 3 <= len(reason) <= 500:
                raise InvalidForm([FieldError("_alasan", old.key, "", "required")], {})
            self._write(work, old, {"until": until})
            new = replace(old, until=until, version=version + 1)
            self._record_change(work, register_id, new, old, reason=reason)

    # ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def export(self, actor: Actor, register_id: str, on: date, kind: str, now: datetime) -> tuple[str, bytes]:
        """Return the rows in force on a day as a file ("xlsx" or "csv") with its name; that it was made is recorded."""
        with self.database.read() as reader:
            register = self._readable(actor, self._record(reader, register_id))
            rows = [_values(register, entry) for entry in registers.in_force(reader, register_id, on)]
        title = register.form.wording.id
        if kind == "csv":
            content = spreadsheets.write_csv(register.columns, rows)
        else:
            content = spreadsheets.write(
                title, register.columns, rows, {"register": register_id, "tanggal": on.isoformat()}
            )
        change = {"register": register_id, "on": on, "rows": len(rows), "kind": kind}
        record_export(self.database, actor, io.BytesIO(content), change, now)
        return f"{register_id}-{on.isoformat()}.{kind}", content

    def look_at(self, actor: Actor, register_id: str, content: bytes, since: date, words: Language) -> Import:
        """Return what importing a file would change, or every fault by cell; nothing is changed."""
        with self.database.read() as reader:
            register = self._editable(reader, actor, register_id)
            planned, faults = self._planned(reader, register, content, since, words)
        return _import(planned, faults)

    def keep(self, content: bytes) -> str:
        """Keep a file until its import is confirmed and return its hash; what is not confirmed goes after a day."""
        return self.files.put_bytes(content, spreadsheets.LARGEST).sha256

    def take_kept(
        self, actor: Actor, register_id: str, sha256: str, since: date, now: datetime, words: Language
    ) -> Import:
        """Import a file that was kept; NotFound if it is not there any more."""
        return self.take_in(actor, register_id, self.files.content(sha256), since, now, words)

    def take_in(
        self,
        actor: Actor,
        register_id: str,
        content: bytes,
        since: date,
        now: datetime,
        words: Language = INDONESIAN,
        *,
        illustration: bool = False,
    ) -> Import:
        """Import a file whole, from a day on; nothing if anything in it is wrong. Rows it does not name stay."""
        with self.database.write(actor, now) as work:
            register = self._editable(work, actor, register_id)
            planned, faults = self._planned(work, register, content, since, words)
            done = _import(planned, faults)
            if faults or not (done.new or done.changed):
                return done
            new, lines = [], []
            for each in planned:
                known = each.known
                if known is not None and known.content == each.content:
                    continue
                entry = _entry(register, each.key, each.content, since, actor, now, illustration=illustration)
                if known is not None and known.since == since:
                    entry = replace(entry, id=known.id, version=known.version + 1, until=known.until)
                    facts = {name: getattr(entry, name) for name in ("content", "sha256", "illustration")}
                    self._write(work, known, facts)
                else:
                    if known is not None:
                        self._write(work, known, {"until": since - DAY})
                        entry = replace(entry, until=known.until)
                    new.append(entry)
                lines.append(HistoryEvent(Action.REGISTER_IMPORTED, change=_change(entry, known)))
            registers.add(work, new)
            registers.touch(work, register_id, actor.person_id, now)
            work.record_many(f"register:{register_id}", lines)
        return done

    # ── defining ────────────────────────────────────────────────────────────────────────────────────────────────────

    def define(self, actor: Actor, register_id: str, files: Mapping[str, bytes], now: datetime) -> bool:
        """Make or change a register by its files; whether anything changed. At the operator's console alone.

        InvalidProcedure carries every fault of the schema, and every row that would not fit it any more.
        """
        if actor.person_id != SYSTEM.person_id:
            raise NotPermitted("role")
        text = json.dumps({name: content.decode("utf-8", "replace") for name, content in sorted(files.items())})
        register = read_register(register_id, text, deployed=False)
        with self.database.write(actor, now) as work:
            known = registers.by_id(work, register_id)
            if known is not None and known.schema == text:
                return False
            misfits = []
            for entry in registers.in_force(work, register_id, None):
                values = register.form.decode(json.loads(entry.content))
                try:
                    register.form.accept(register.form.entries(values), self._around(INDONESIAN))
                except InvalidForm as invalid:
                    misfits += [_finding(register_id, f"Baris {entry.key}: {each.message}") for each in invalid.errors]
            if misfits:
                raise InvalidProcedure(misfits)
            revision = 1 if known is None else known.revision + 1
            sha256 = sha256_of(text)
            record = RegisterRecord(register_id, text, sha256, revision, now, actor.person_id)
            registers.define(work, record, known is not None)
            change = {"register": register_id, "sha256": sha256, "old": None if known is None else known.sha256}
            work.record(f"register:{register_id}", HistoryEvent(Action.REGISTER_DEFINED, change=change))
        return True

    # ── parts ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _record(self, reader: Transaction, register_id: str) -> RegisterRecord:
        return there(registers.by_id(reader, register_id), register_id)

    def _readable(self, actor: Actor, record: RegisterRecord) -> Register:
        register = read_register(record.id, record.schema)
        if not _may_read(actor, register):
            raise NotPermitted("role", roles=tuple(sorted(register.readers)))
        return register

    def _editable(self, reader: Transaction, actor: Actor, register_id: str) -> Register:
        register = self._readable(actor, self._record(reader, register_id))
        _permit(actor, register)
        return register

    def _summary(self, actor: Actor, record: RegisterRecord, counted: Mapping[str, int]) -> RegisterSummary:
        register = self._readable(actor, record)
        return RegisterSummary(register, record, counted.get(record.id, 0), _may_edit(actor, register))

    def _entry(self, tx: Transaction, register_id: str, entry_id: str) -> Entry:
        entry = registers.entry(tx, entry_id)
        if entry is None or entry.register_id != register_id:
            raise NotFound(entry_id)
        return entry

    def _at(self, work: Work, register_id: str, entry_id: str, version: int) -> Entry:
        entry = self._entry(work, register_id, entry_id)
        if entry.version != version:
            raise Conflict("stale", who=entry.changed_by, at=entry.changed_at)
        return entry

    def _write(self, work: Work, old: Entry, values: Mapping[str, Any]) -> None:
        by = {"changed_at": work.now, "changed_by": work.actor.person_id}
        if not registers.change(work, old.id, old.version, {**values, **by}):
            raise Conflict("stale", who=old.changed_by, at=old.changed_at)

    def _record_change(self, work: Work, register_id: str, new: Entry, old: Entry | None, **more: str) -> None:
        registers.touch(work, register_id, work.actor.person_id, work.now)
        work.record(f"register:{register_id}", HistoryEvent(Action.REGISTER_CHANGED, change=_change(new, old) | more))

    def _around(self, words: Language) -> Surroundings:
        names = self.database.ask(people.names)
        return Surroundings({}, evaluator({}), lambda role: names, {}, words.locale, words.gettext)

    def _shown(self, register: Register, entry: Entry, names: Mapping[str, str], words: Language) -> RegisterRow:
        shown = register.form.show(_values(register, entry), words.locale, names, {})
        return RegisterRow(entry, {each.path: each.text or "; ".join(each.lines) for each in shown})

    def _planned(
        self, reader: Transaction, register: Register, content: bytes, since: date, words: Language
    ) -> tuple[list[_Planned], list[SheetFault]]:
        found = spreadsheets.read(content, register.columns)
        faults = list(found.faults)
        about = found.about.get("register")
        if about is not None and about != register.id:
            faults.append(SheetFault("", f"Berkas ini milik register lain: {about}."))
        around = self._around(words)
        said: dict[str, tuple[int, str]] = {}  # by key: the number of its row, and its content
        for row in found.rows:
            texts = {name: [_typed(value)] for name, value in row.values.items()}
            try:
                values = register.form.accept(texts, around)
            except InvalidForm as invalid:
                told = {fault.at for fault in found.faults}
                for error in invalid.errors:
                    cell = row.cells.get(error.path.partition(".")[0], f"A{row.number}")
                    if cell not in told:  # a formula that was refused is no missing value besides
                        faults.append(SheetFault(cell, error.message))
                continue
            key = register.key_of(values)
            if key in said:
                faults.append(SheetFault(f"A{row.number}", f"{key} sudah ada di baris {said[key][0]}."))
                continue
            said[key] = row.number, _content(register, values)
        every = registers.of_keys(reader, register.id, list(said))
        planned = []
        for key, (number, text) in said.items():
            known = every[key][-1] if every[key] else None
            if known is not None and known.until is not None and known.until < since:
                known = None
            if known is not None and known.since > since:
                message = f"{key} sudah berlaku mulai {known.since.isoformat()}, sesudahnya."
                faults.append(SheetFault(f"A{number}", message))
            planned.append(_Planned(key, text, known))
        return planned, faults


def expression_text(value: Any) -> str:
    """Return a value as the text of a key."""
    match value:
        case None:
            return ""
        case Decimal():
            return format(value, "f")
        case date() | time():
            return value.isoformat()
    return str(value)


@lru_cache(maxsize=64)
def read_register(register_id: str, text: str, *, deployed: bool = True) -> Register:
    """Return a register by its stored files; InvalidProcedure carries every fault of them."""
    files: dict[str, str] = json.loads(text)
    schema = files.get("schema.json", "")
    try:
        parsed = json.loads(schema)
    except ValueError as error:
        raise InvalidProcedure([_finding(register_id, f"Skema ini bukan JSON: {error}.")]) from None
    own = {name: parsed.pop(name) for name in OWN_KEYWORDS if name in parsed} if isinstance(parsed, dict) else {}
    shown = files.get("ui.json")
    plain = json.dumps(parsed, ensure_ascii=False, indent=2).encode() if own else schema.encode()
    form = load(register_id, plain, shown.encode() if shown else None, expression.compile, deployed=deployed)
    key = own.get("x-key") or []
    faults = [
        _finding(register_id, f"Kolom kunci {name} tidak ada atau tidak diwajibkan.")
        for name in key
        if not any(each.name == name and each.required for each in form.tree)
    ]
    if not key:
        faults.append(_finding(register_id, "Register tanpa x-key: barisnya tidak dapat dibedakan."))
    faults += [
        _finding(register_id, f"Kolom {each.name} berjenis {each.kind.value}; baris register datar.")
        for each in form.tree
        if each.kind in NOT_IN_ROWS
    ]
    if faults:
        raise InvalidProcedure(faults)
    editors, readers = (frozenset(own.get(keyword) or ()) for keyword in ("x-editors", "x-readers"))
    return Register(register_id, form, tuple(key), editors, readers)


def _finding(register_id: str, message: str) -> Finding:
    path = f"forms/registers/{register_id}.schema.json"
    return Finding(path, message, "Lihat docs/formulir.md.", "register")


def _may_read(actor: Actor, register: Register) -> bool:
    named = register.readers | register.editors if register.readers else actor.roles
    return actor.reads_everything or bool(actor.roles & named)


def _readable_of(reader: Transaction, actor: Actor) -> list[RegisterRecord]:
    return [each for each in registers.all_of(reader) if _may_read(actor, read_register(each.id, each.schema))]


def _may_edit(actor: Actor, register: Register) -> bool:
    return bool(actor.roles & ({OfficeRole.OPERATOR, OfficeRole.DESIGNER} | register.editors))


def _permit(actor: Actor, register: Register) -> None:
    if not _may_edit(actor, register):
        raise NotPermitted("role", roles=(OfficeRole.OPERATOR, OfficeRole.DESIGNER))


def _content(register: Register, values: Mapping[str, Any]) -> str:
    """Return a row as it is kept: a number is the same however many zeros a file writes behind it."""
    plain = {
        name: value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()
        for name, value in values.items()
        if isinstance(value, Decimal)
    }
    return canonical(register.form.encode({**values, **plain}))


def _values(register: Register, entry: Entry) -> dict[str, Any]:
    return register.form.decode(json.loads(entry.content))


def _entry(
    register: Register, key: str, content: str, since: date, actor: Actor, now: datetime, *, illustration: bool = False
) -> Entry:
    return Entry(
        id=str(uuid.uuid4()),
        register_id=register.id,
        key=key,
        since=since,
        until=None,
        content=content,
        sha256=sha256_of(content),
        version=1,
        illustration=illustration,
        changed_at=now,
        changed_by=actor.person_id,
    )


def _change(new: Entry, old: Entry | None) -> dict[str, Any]:
    after = json.loads(new.content)
    before = {} if old is None else json.loads(old.content)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {
        "entry": new.id,
        "key": new.key,
        "since": new.since,
        "until": new.until,
        "sha256": new.sha256,
        "illustration": new.illustration,
        "old": None if old is None else {"since": old.since, "until": old.until, **{n: before.get(n) for n in names}},
        "new": {name: after.get(name) for name in names},
    }


def _import(planned: Sequence[_Planned], faults: Sequence[SheetFault]) -> Import:
    new = sum(each.known is None for each in planned)
    same = sum(each.known is not None and each.known.content == each.content for each in planned)
    return Import(tuple(faults), new, len(planned) - new - same, same)


def _column(each: Field) -> Column:
    decimals = None
    if each.kind in NUMERIC:
        step = each.schema.get("multipleOf")
        decimals = 0 if each.kind is Kind.INTEGER else max(0, -int(Decimal(str(step or "0.01")).as_tuple().exponent))
    choices = tuple(option.value for option in each.options) if each.kind is Kind.CHOICE else ()
    width = 40 if each.kind is Kind.LONG_TEXT else 18
    return Column(each.name, each.wording.id, decimals, choices, width)


def _typed(value: Any) -> str:
    """Return a cell as a person would have typed it: a number of a workbook is no text with a point."""
    match value:
        case None:
            return ""
        case bool():
            return "ya" if value else ""
        case int() | float() | Decimal():
            return format(Decimal(str(value)), "f").replace(".", ",")
        case datetime():
            return value.date().isoformat()
        case date():
            return value.isoformat()
        case time():
            return value.strftime("%H:%M")
    return str(value)
