"""Imports people and their roles from a sheet: the whole file, or nothing of it.

The preview runs the import and rolls it back, so the page shows the exact effect, and every fault by its cell. Existing
rows stay unchanged, so importing a file twice changes nothing. New people get a first password, which is shown once,
or, if the file has an address and the operator chooses it, a link by e-mail.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from engine.bpmn import expression
from engine.documents import spreadsheets
from engine.forms.form import Form
from engine.forms.loading import load
from engine.forms.submission import Surroundings
from engine.model.errors import FieldError, InvalidForm, NotPermitted, stated
from engine.model.people import Actor, Capacity, Membership, OfficeRole, Person, Proposal
from engine.service.office.register_files import accepted_rows
from engine.service.office.register_schema import column_of
from engine.service.people import addresses
from engine.service.people.accounts import random_password
from engine.service.people.people import People
from engine.service.people.reset_links import FIRST, invite
from engine.service.procedures.procedure import Language, evaluator
from engine.store.files import FileStore
from engine.store.queries import people
from engine.store.unit_of_work import Work

SCHEMA = Path(__file__).with_name("people_sheet.schema.json")
MOST = 500


class _Undone(Exception):
    """Rolls back a preview, or an import with faults."""


@dataclass(frozen=True, slots=True)
class PeopleSheet:
    """A file to import, with the reason, whether new people get a link by e-mail, and the reader's language."""

    content: bytes
    reason: str
    by_mail: bool
    words: Language


@dataclass(frozen=True, slots=True)
class Joining:
    """The effect of a row: on the account ("new", "known"), and on a membership ("given", "proposed", "there")."""

    person_id: str
    name: str
    account: str
    held: Membership | None
    becomes: str = ""
    address: str = ""  # of a new person


@dataclass
class Joined:
    """The effect of a file, or its faults by cell; first passwords by account, and the people who get a link."""

    rows: list[Joining] = field(default_factory=list)
    faults: list[tuple[str, FieldError]] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    written_to: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class PeopleSheets:
    """Importing people."""

    people: People
    files: FileStore

    def blank(self, actor: Actor, now: datetime) -> bytes:
        """Return an empty workbook with the columns and the known roles."""
        actor.need(OfficeRole.OPERATOR)
        return spreadsheets.write(form().wording.id, self._columns(now), [], {})

    def keep(self, content: bytes) -> str:
        """Store a file until it is confirmed, for a day, and return its hash."""
        return self.files.put_bytes(content, spreadsheets.LARGEST).sha256

    def content(self, sha256: str) -> bytes:
        """Return a stored file; NotFound if it is gone."""
        return self.files.content(sha256)

    def look_at(self, actor: Actor, sheet: PeopleSheet, now: datetime) -> Joined:
        """Return the effect of an import, or every fault, without changing anything."""
        return self._done(actor, sheet, now, None)

    def take(self, actor: Actor, sheet: PeopleSheet, now: datetime) -> Joined:
        """Import a file, or nothing of it if it has a fault."""
        new = {row.person_id for row in self.look_at(actor, sheet, now).rows if row.account == "new"}
        passwords = {account: random_password() for account in sorted(new)}
        hashed = {account: self.people.accounts.hasher.hash(each) for account, each in passwords.items()}
        done = self._done(actor, sheet, now, hashed)
        joined = {row.person_id for row in done.rows if row.account == "new" and not done.faults}
        done.passwords = {one: passwords[one] for one in sorted(joined - set(done.written_to))}
        return done

    def _done(self, actor: Actor, sheet: PeopleSheet, now: datetime, hashed: Mapping[str, str] | None) -> Joined:
        actor.need(OfficeRole.OPERATOR)
        done = Joined()
        around = Surroundings({}, evaluator({}), lambda _: {}, {}, sheet.words.locale, sheet.words.gettext)
        read = spreadsheets.read(sheet.content, self._columns(now), most_rows=MOST, gettext=sheet.words.gettext)
        rows, faults = accepted_rows(form(), read, around)
        done.faults = [(each.at, FieldError("", "", each.message)) for each in faults]
        roles, sound = self._roles(now), {row.number: values for row, values in rows}
        try:
            sheet = replace(sheet, reason=stated(sheet.reason))
        except InvalidForm as invalid:
            done.faults += [("", error) for error in invalid.errors]
        told = {cell for cell, _ in done.faults}
        with suppress(_Undone), self.people.database.write(actor, now) as work:
            for row in read.rows:
                values = sound.get(row.number, {n: str(v or "").replace("\0", "") for n, v in row.values.items()})
                person = people.by_id(work, values.get("akun") or "")
                try:
                    if wrong := [*_wrong(values, person, roles)]:
                        raise InvalidForm(wrong, {})
                    if row.number in sound:
                        done.rows.append(self._join(work, values, person, roles, sheet, hashed or {}, done.written_to))
                except InvalidForm as invalid:
                    found = [(row.cells.get(e.path, f"A{row.number}"), e) for e in invalid.errors]
                    done.faults += [each for each in found if each[0] not in told]
                except NotPermitted as refused:
                    cell = row.cells.get("jalur", f"A{row.number}")
                    done.faults.append((cell, FieldError("jalur", "", "", refused.reason)))
            if done.faults or hashed is None:
                raise _Undone
        return done

    def _join(
        self,
        work: Work,
        values: Mapping[str, Any],
        person: Person | None,
        roles: Mapping[str, str],
        sheet: PeopleSheet,
        hashed: Mapping[str, str],
        written_to: list[str],
    ) -> Joining:
        account, address = values["akun"], addresses.readable(values.get("surel") or "")
        new = person is None
        if person is None:
            first = None if address and sheet.by_mail else hashed.get(account)
            person = self.people.enter(work, account, values["nama"], first)
            if address:
                addresses.write(work, account, address, reason=sheet.reason)
            if address and sheet.by_mail:
                invite(work, account, FIRST)
                written_to.append(account)
        joined = Joining(account, person.name, "new" if new else "known", None, address=address if new else "")
        if not values.get("jalur"):
            return joined
        held, becomes = self._given(work, person, roles[values["jalur"].casefold()], values, sheet.reason)
        return replace(joined, held=held, becomes=becomes)

    def _given(
        self, work: Work, person: Person, role: str, values: Mapping[str, Any], reason: str
    ) -> tuple[Membership, str]:
        since, until = values.get("mulai"), values.get("sampai")
        capacity = Capacity(values.get("kapasitas") or Capacity.DEFINITIVE)
        for m in person.memberships:
            if (m.role, m.capacity, m.until) == (role, capacity, until) and since in {None, m.since}:
                return m, "there"
        for p in people.proposals(work, work.now):
            if (p.held.person_id, p.held.role) == (person.id, role):
                return p.held, "proposed"
        since = since or self.people.office.today(work.now)
        given = self.people.give(work, person, role, capacity, since, until, values.get("sk"), reason)
        return (given.held, "proposed") if isinstance(given, Proposal) else (given, "given")

    def _columns(self, now: datetime) -> list[spreadsheets.Column]:
        """Return the columns; optional ones may be missing in a file."""
        names = (*(view.name for view in self.people.roles(now)), *OfficeRole)
        columns = {each.name: replace(column_of(each), wanted=each.required) for each in form().tree}
        return list((columns | {"jalur": replace(columns["jalur"], choices=names)}).values())

    def _roles(self, now: datetime) -> dict[str, str]:
        """Return every role by its id and by its name, in lower case."""
        known = {role.value: role.value for role in OfficeRole}
        for view in self.people.roles(now):
            known |= {each.casefold(): view.role for each in (view.role, view.name, view.name_en) if each}
        return known


def _wrong(values: Mapping[str, Any], person: Person | None, roles: Mapping[str, str]) -> Iterator[FieldError]:
    """Yield the errors of single cells, so that all are reported at once."""
    try:
        addresses.readable(values.get("surel") or "")
    except InvalidForm as invalid:
        yield from invalid.errors
    if person and not person.active:
        yield FieldError("akun", "", person.name, "left")
    elif person and person.name != " ".join((values.get("nama") or "").split()):
        yield FieldError("nama", "", person.name, "other")
    if (lane := values.get("jalur") or "") and lane.casefold() not in roles:
        yield FieldError("jalur", "", lane, "unknown")


@cache
def form() -> Form:
    """Return the form of a row."""
    return load("orang", SCHEMA.read_bytes(), None, expression.compile)
