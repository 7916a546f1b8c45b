"""People from a sheet: who joins, and in which lanes and roles; the whole file, or nothing of it.

Looking at a file does what taking it does and undoes it, so that the page shows what will be done, and every fault by
its cell. What stands already is left as it is: a file that is taken twice changes nothing the second time. Who is new
gets a first password, shown once, or where the file has an address and the operator wants it, a link by mail.
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
    """A file was only looked at, or has faults."""


@dataclass(frozen=True, slots=True)
class PeopleSheet:
    """A file, why people join, whether the new ones with an address are written to, and the reader's language."""

    content: bytes
    reason: str
    by_mail: bool
    words: Language


@dataclass(frozen=True, slots=True)
class Joining:
    """What a row does: to the account ("new", "known"), and to a membership ("given", "proposed", "there")."""

    person_id: str
    name: str
    account: str
    held: Membership | None
    becomes: str = ""
    address: str = ""  # of a new person


@dataclass
class Joined:
    """What a file does, or its faults, each with the cell; first passwords by account, and who is written to."""

    rows: list[Joining] = field(default_factory=list)
    faults: list[tuple[str, FieldError]] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    written_to: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class PeopleSheets:
    """People as files."""

    people: People
    files: FileStore

    def blank(self, actor: Actor, now: datetime) -> bytes:
        """Return an empty workbook with the columns, and the roles that there are."""
        actor.need(OfficeRole.OPERATOR)
        return spreadsheets.write(form().wording.id, self._columns(now), [], {})

    def keep(self, content: bytes) -> str:
        """Keep a file for a day, until it is confirmed, and return its hash."""
        return self.files.put_bytes(content, spreadsheets.LARGEST).sha256

    def content(self, sha256: str) -> bytes:
        """Return a kept file; NotFound if it is gone."""
        return self.files.content(sha256)

    def look_at(self, actor: Actor, sheet: PeopleSheet, now: datetime) -> Joined:
        """Return what a file would do, or every fault; nothing is changed."""
        return self._done(actor, sheet, now, None)

    def take(self, actor: Actor, sheet: PeopleSheet, now: datetime) -> Joined:
        """Do what a file says, or nothing if anything in it is wrong."""
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
        """Return the columns, of which a file may leave out those that a row may."""
        names = (*(view.name for view in self.people.roles(now)), *OfficeRole)
        columns = {each.name: replace(column_of(each), wanted=each.required) for each in form().tree}
        return list((columns | {"jalur": replace(columns["jalur"], choices=names)}).values())

    def _roles(self, now: datetime) -> dict[str, str]:
        """Return every role by its id and its name, in small letters."""
        known = {role.value: role.value for role in OfficeRole}
        for view in self.people.roles(now):
            known |= {each.casefold(): view.role for each in (view.role, view.name)}
        return known


def _wrong(values: Mapping[str, Any], person: Person | None, roles: Mapping[str, str]) -> Iterator[FieldError]:
    """Yield what no other cell of a row decides: all of it is told at once."""
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
