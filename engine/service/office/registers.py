"""Reads the rows of registers as of a day, and adds, corrects, succeeds and ends them; each change is recorded."""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from engine.forms.submission import Surroundings
from engine.model.errors import Conflict, FieldError, InvalidForm, NotFound, NotPermitted, there
from engine.model.history import Action, HistoryEvent, HistoryLine, sha256_of
from engine.model.people import Actor, OfficeRole
from engine.service.office.register_schema import Register, read_register
from engine.service.procedures.procedure import INDONESIAN, Entries, Language, evaluator
from engine.store.database import Database
from engine.store.queries import Transaction, histories, people, registers
from engine.store.queries.registers import Entry, RegisterRecord
from engine.store.unit_of_work import Work

PAGE = 100
MOST_KEPT = 200
SHOWN_HISTORY = 50
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RegisterSummary:
    """A register in the list, with its number of rows in force."""

    register: Register
    record: RegisterRecord
    rows: int
    may_edit: bool
    editors: tuple[str, ...] = ()  # names of its editors, else of operators; only from ``sources``


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """A row, with its values as text by column."""

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
    """A row, all periods of its key, and their changes."""

    summary: RegisterSummary
    row: RegisterRow
    periods: tuple[RegisterRow, ...]
    lines: tuple[HistoryLine, ...]
    entries: Entries


@dataclass(frozen=True)
class Registers:
    """Reads and changes rows."""

    database: Database
    _kept: dict[tuple[str, date], tuple[int, list[dict[str, Any]]]] = field(default_factory=dict, kw_only=True)

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def all(self, actor: Actor, on: date) -> tuple[RegisterSummary, ...]:
        """Return the registers that the actor may read, sorted by title."""
        with self.database.read() as reader:
            found = _readable(reader, actor, on).values()
        return tuple(sorted(found, key=lambda each: each.register.form.wording.id))

    def page(
        self, actor: Actor, register_id: str, on: date, words: Language, text: str = "", page: int = 1
    ) -> RegisterPage:
        """Return one page of the rows that are in force on a day and contain *text*."""
        with self.database.read() as reader:
            summary = self._summary(reader, actor, register_id, on)
            names = people.names(reader)
            entries = registers.in_force(reader, register_id, on)
        rows = [self._shown(summary.register, entry, names, words) for entry in entries]
        if wanted := text.casefold():
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
        """Return a row with all periods of its key and their history."""
        with self.database.read() as reader:
            summary = self._summary(reader, actor, register_id, on)
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
            entries=summary.register.form.entries(summary.register.values(entry)),
        )

    def sources(self, actor: Actor, ids: Iterable[str], on: date) -> tuple[RegisterSummary, ...]:
        """Return those of the registers *ids* that exist, with the names of their editors, for a page with links."""
        with self.database.read() as reader:
            known, members = _readable(reader, actor, on), people.members(reader, on)
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
        """Return the function ``register`` of expressions, which returns the rows of a register in force on a day.

        The first call reads the revisions of all registers, so that a form sees one state with one query. Rows are
        cached by revision. An unknown register has no rows.
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
        revision, rows = self._kept.get((record.id, on), (None, []))
        if revision == record.revision:
            return rows
        register = read_register(record.id, record.schema)
        rows = [register.values(entry) for entry in registers.in_force(reader, record.id, on)]
        if len(self._kept) > MOST_KEPT:
            self._kept.clear()
        self._kept[record.id, on] = (record.revision, rows)
        return rows

    def new_row(self, actor: Actor, register_id: str, on: date) -> RegisterSummary:
        """Return the register for a new row; NotPermitted if the actor may not add one."""
        with self.database.read() as reader:
            summary = self._summary(reader, actor, register_id, on)
        summary.register.permit_editing(actor)
        return summary

    def fields(self, register: Register, entries: Entries, problems: Sequence[FieldError], words: Language) -> Any:
        """Return the fields of a row's form."""
        return register.form.fields(entries, problems, self._around(words))

    # ── changing rows ───────────────────────────────────────────────────────────────────────────────────────────────

    def add(
        self, actor: Actor, register_id: str, entries: Entries, since: date, now: datetime, words: Language = INDONESIAN
    ) -> str:
        """Add a row from a day on; return its id. InvalidForm, or Conflict("duplicate") if the key is in force."""
        with self.database.write(actor, now) as work:
            register = self._editable(work, actor, register_id)
            values = register.form.accept(entries, self._around(words))
            key = register.key_of(values)
            others = registers.of_keys(work, register_id, [key])[key]
            if any(each.until is None or each.until >= since for each in others):
                raise Conflict("duplicate", title=key, at=others[-1].changed_at)
            entry = begun(work, register, key, register.content(values), since)
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
        """Correct a row, or let another succeed it if *since* is a later day; return the row's id.

        InvalidForm also for a changed key or an earlier day; Conflict("stale") if it was changed since *version*.
        """
        with self.database.write(actor, now) as work:
            register = self._editable(work, actor, register_id)
            old = self._at(work, register_id, entry_id, version)
            values = register.form.accept(entries, self._around(words))
            content = register.content(values)
            if register.key_of(values) != old.key:
                raise InvalidForm([FieldError(register.key[0], old.key, "", "register_key")], entries)
            if since < old.since or (old.until is not None and since > old.until):
                raise InvalidForm([FieldError("_mulai", old.key, "", "register_since")], entries)
            if since == old.since:
                new = replace(old, content=content, sha256=sha256_of(content), version=version + 1, illustration=False)
                self._write(work, old, {"content": content, "sha256": new.sha256, "illustration": False})
            else:
                self._write(work, old, {"until": since - DAY})
                new = replace(begun(work, register, old.key, content, since), until=old.until)
                registers.add(work, [new])
            self._record_change(work, register_id, new, old)
        return new.id

    def end(
        self, actor: Actor, register_id: str, entry_id: str, until: date, version: int, reason: str, now: datetime
    ) -> None:
        """End a row on a day, with a reason; InvalidForm if the row begins later."""
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

    def _defined(self, reader: Transaction, actor: Actor, register_id: str) -> tuple[RegisterRecord, Register]:
        """Return a register that the actor may read; NotFound or NotPermitted."""
        record = there(registers.by_id(reader, register_id), register_id)
        register = read_register(record.id, record.schema)
        if not register.read_by(actor):
            raise NotPermitted("role", roles=tuple(sorted(register.readers)))
        return record, register

    def _editable(self, tx: Transaction, actor: Actor, register_id: str) -> Register:
        """Return a register that the actor may edit; if *tx* writes, lock its rows."""
        if isinstance(tx, Work):
            registers.lock(tx, register_id)
        _, register = self._defined(tx, actor, register_id)
        register.permit_editing(actor)
        return register

    def _summary(self, reader: Transaction, actor: Actor, register_id: str, on: date) -> RegisterSummary:
        record, register = self._defined(reader, actor, register_id)
        rows = registers.counts(reader, on).get(record.id, 0)
        return RegisterSummary(register, record, rows, register.edited_by(actor))

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
        registers.change(work, old.id, old.version, {**values, **by})

    def _record_change(self, work: Work, register_id: str, new: Entry, old: Entry | None, **more: str) -> None:
        registers.touch(work, register_id, work.actor.person_id, work.now)
        work.record(f"register:{register_id}", HistoryEvent(Action.REGISTER_CHANGED, change=change_of(new, old) | more))

    def _around(self, words: Language) -> Surroundings:
        names = self.database.ask(people.names)
        return Surroundings({}, evaluator({}), lambda role: names, {}, words.locale, words.gettext)

    def _shown(self, register: Register, entry: Entry, names: Mapping[str, str], words: Language) -> RegisterRow:
        shown = register.form.show(register.values(entry), words.locale, names, {})
        return RegisterRow(entry, {each.path: each.text or "; ".join(each.lines) for each in shown})


def _readable(reader: Transaction, actor: Actor, on: date) -> dict[str, RegisterSummary]:
    counted = registers.counts(reader, on)
    every = {record: read_register(record.id, record.schema) for record in registers.all_of(reader)}
    return {
        record.id: RegisterSummary(register, record, counted.get(record.id, 0), register.edited_by(actor))
        for record, register in every.items()
        if register.read_by(actor)
    }


def begun(work: Work, register: Register, key: str, content: str, since: date, *, illustration: bool = False) -> Entry:
    """Return a new row that is in force from a day on."""
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
        changed_at=work.now,
        changed_by=work.actor.person_id,
    )


def change_of(new: Entry, old: Entry | None) -> dict[str, Any]:
    """Return the change of a row for a history line, with old and new values of the changed columns."""
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
