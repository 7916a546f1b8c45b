"""Exports registers to files, imports their rows, and defines registers at the operator's console."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from engine.documents import spreadsheets
from engine.documents.spreadsheets import SheetFault, SheetRead, SheetRow
from engine.forms.form import Form
from engine.forms.grids import cell_texts
from engine.forms.submission import Surroundings
from engine.model.errors import InvalidForm, InvalidProcedure, NotPermitted
from engine.model.history import Action, HistoryEvent, sha256_of
from engine.model.people import SYSTEM, Actor
from engine.service.office.reading_log import record_export
from engine.service.office.register_schema import Register, finding, read_register
from engine.service.office.registers import DAY, Registers, begun, change_of
from engine.service.procedures.procedure import INDONESIAN, Language
from engine.store.files import FileStore
from engine.store.queries import Transaction, registers
from engine.store.queries.registers import Entry, RegisterRecord


@dataclass(frozen=True, slots=True)
class Import:
    """The result of an import: numbers of rows, or all faults by cell."""

    faults: tuple[SheetFault, ...]
    new: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class _Planned:
    """One row of a file, and the row in force that it would replace."""

    key: str
    content: str
    known: Entry | None


@dataclass(frozen=True)
class RegisterFiles(Registers):
    """Registers with imports and exports."""

    files: FileStore

    def export(self, actor: Actor, register_id: str, on: date, kind: str, now: datetime) -> tuple[str, bytes]:
        """Return name and content of a file ("xlsx" or "csv") of the rows in force on a day; the export is recorded."""
        with self.database.read() as reader:
            _, register = self._defined(reader, actor, register_id)
            rows = [register.values(entry) for entry in registers.in_force(reader, register_id, on)]
        title = register.form.wording.id
        if kind == "csv":
            content = spreadsheets.write_csv(register.columns, rows)
        else:
            about = {"register": register_id, "tanggal": on.isoformat()}
            content = spreadsheets.write(title, register.columns, rows, about)
        change = {"register": register_id, "on": on, "rows": len(rows), "kind": kind}
        record_export(self.database, actor, io.BytesIO(content), change, now)
        return f"{register_id}-{on.isoformat()}.{kind}", content

    def look_at(self, actor: Actor, register_id: str, content: bytes, since: date, words: Language) -> Import:
        """Return the result that importing a file would have, without importing it."""
        with self.database.read() as reader:
            register = self._editable(reader, actor, register_id)
            planned, faults = self._planned(reader, register, content, since, words)
        return _import(planned, faults)

    def keep(self, content: bytes) -> str:
        """Keep a file for a day, until its import is confirmed; return its hash."""
        return self.files.put_bytes(content, spreadsheets.LARGEST).sha256

    def take_kept(
        self, actor: Actor, register_id: str, sha256: str, since: date, now: datetime, words: Language
    ) -> Import:
        """Import a kept file; NotFound if it is gone."""
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
        """Import the rows of a file as of a day, or none if the file has a fault. Other rows stay."""
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
                entry = begun(work, register, each.key, each.content, since, illustration=illustration)
                if known is not None and known.since == since:
                    entry = replace(entry, id=known.id, version=known.version + 1, until=known.until)
                    facts = {name: getattr(entry, name) for name in ("content", "sha256", "illustration")}
                    self._write(work, known, facts)
                else:
                    if known is not None:
                        self._write(work, known, {"until": since - DAY})
                        entry = replace(entry, until=known.until)
                    new.append(entry)
                lines.append(HistoryEvent(Action.REGISTER_IMPORTED, change=change_of(entry, known)))
            registers.add(work, new)
            registers.touch(work, register_id, actor.person_id, now)
            work.record_many(f"register:{register_id}", lines)
        return done

    # ── defining ────────────────────────────────────────────────────────────────────────────────────────────────────

    def define(self, actor: Actor, register_id: str, files: Mapping[str, bytes], now: datetime) -> bool:
        """Define or change a register, only at the console; return whether it changed. InvalidProcedure with faults."""
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
                try:
                    register.form.accept(register.form.entries(register.values(entry)), self._around(INDONESIAN))
                except InvalidForm as invalid:
                    misfits += [finding(register_id, f"Baris {entry.key}: {each.message}") for each in invalid.errors]
            if misfits:
                raise InvalidProcedure(misfits)
            revision = 1 if known is None else known.revision + 1
            sha256 = sha256_of(text)
            record = RegisterRecord(register_id, text, sha256, revision, now, actor.person_id)
            registers.define(work, record, known is not None)
            change = {"register": register_id, "sha256": sha256, "old": None if known is None else known.sha256}
            work.record(f"register:{register_id}", HistoryEvent(Action.REGISTER_DEFINED, change=change))
        return True

    def _planned(
        self, reader: Transaction, register: Register, content: bytes, since: date, words: Language
    ) -> tuple[list[_Planned], list[SheetFault]]:
        found = spreadsheets.read(content, register.columns)
        rows, faults = accepted_rows(register.form, found, self._around(words))
        about = found.about.get("register")
        if about is not None and about != register.id:
            faults.append(SheetFault("", f"Berkas ini milik register lain: {about}."))
        said: dict[str, tuple[int, str]] = {}  # by key: the number of its row, and its content
        for row, values in rows:
            key = register.key_of(values)
            if key in said:
                faults.append(SheetFault(f"A{row.number}", f"{key} sudah ada di baris {said[key][0]}."))
                continue
            said[key] = row.number, register.content(values)
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


def accepted_rows(
    form: Form, found: SheetRead, around: Surroundings
) -> tuple[list[tuple[SheetRow, dict[str, Any]]], list[SheetFault]]:
    """Return the rows of a file that *form* accepts, with their values, and all faults by cell."""
    fields, told = {each.name: each for each in form.tree}, {fault.at for fault in found.faults}
    rows, faults = [], list(found.faults)
    for row in found.rows:
        texts = {name: cell_texts(fields[name], value, {}) for name, value in row.values.items()}
        try:
            rows.append((row, form.accept(texts, around)))
        except InvalidForm as invalid:
            cells = [(row.cells.get(e.path.partition(".")[0], f"A{row.number}"), e.message) for e in invalid.errors]
            # a cell that is faulty already is not reported as missing too
            faults += [SheetFault(cell, message) for cell, message in cells if cell not in told]
    return rows, faults


def _import(planned: Sequence[_Planned], faults: Sequence[SheetFault]) -> Import:
    new = sum(each.known is None for each in planned)
    same = sum(each.known is not None and each.known.content == each.content for each in planned)
    return Import(tuple(faults), new, len(planned) - new - same, same)
