"""People and the roles they work in, with period, capacity and decree."""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from engine.model.errors import Conflict, FieldError, InvalidForm, NotFound, NotPermitted
from engine.model.history import Action, Deed
from engine.model.people import Actor, Capacity, Membership, OfficeRole, Person
from engine.model.work import TaskRecord
from engine.service.accounts import Accounts, end_access, random_password
from engine.service.office import Office
from engine.service.procedures import Procedures
from engine.store.database import Database
from engine.store.queries import Transaction, definitions, people, tasks

ACCOUNT = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
RESERVED = frozenset({"sistem"})
WATCHERS = frozenset({OfficeRole.OPERATOR, OfficeRole.AUDITOR, OfficeRole.DESIGNER})
SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class RoleView:
    """A role, the words for it, the procedures that need it, and who works in it today."""

    role: str
    name: str
    name_en: str | None
    procedures: tuple[str, ...]
    members: Mapping[str, str]  # person id -> name


@dataclass(frozen=True)
class People:
    """Accounts, memberships and the roles they fill."""

    database: Database
    office: Office
    accounts: Accounts
    procedures: Procedures

    def everyone(self, actor: Actor) -> tuple[Person, ...]:
        """Return every person with memberships; for operators and auditors."""
        _need(actor, WATCHERS)
        with self.database.read() as reader:
            return people.everyone(reader)

    def person(self, actor: Actor, person_id: str) -> Person:
        """Return one person; one's own page is open to everybody."""
        if person_id != actor.person_id:
            _need(actor, WATCHERS)
        with self.database.read() as reader:
            found = people.by_id(reader, person_id)
        if found is None:
            raise NotFound(person_id)
        return found

    def names(self) -> dict[str, str]:
        """Return every name by person id."""
        with self.database.read() as reader:
            return people.names(reader)

    def members(self, roles: Sequence[str] | None, now: datetime) -> dict[str, dict[str, str]]:
        """Return the active people of each role today."""
        with self.database.read() as reader:
            return people.members(reader, self.office.today(now), roles)

    def roles(self, now: datetime) -> tuple[RoleView, ...]:
        """Return every role that a deployed procedure or a membership names, with today's members."""
        with self.database.read() as reader:
            members = people.members(reader, self.office.today(now))
            found: dict[str, RoleView] = {}
            for record in definitions.all_latest(reader):
                outline = self.procedures.of(reader, record.id).outline
                for lane in outline.lanes:
                    before = found.get(lane.role)
                    names = (*(before.procedures if before else ()), outline.name)
                    found[lane.role] = RoleView(lane.role, lane.name, lane.name_en, names, members.get(lane.role, {}))
            for role in people.roles_known(reader):
                if role not in found and role not in set(OfficeRole):
                    found[role] = RoleView(role, role, None, (), members.get(role, {}))
        return tuple(found.values())

    def open_tasks(self, actor: Actor, person_id: str) -> tuple[TaskRecord, ...]:
        """Return the open tasks that a person holds; for operators and auditors."""
        _need(actor, WATCHERS)
        with self.database.read() as reader:
            return tasks.open_of_person(reader, person_id)

    def add(
        self, actor: Actor, account: str, name: str, roles: Sequence[str], since: date, now: datetime
    ) -> tuple[Person, str]:
        """Add a person who must change the password at the first sign-in; returns them and that password."""
        _need(actor, {OfficeRole.OPERATOR})
        account, name = account.strip().lower(), " ".join(name.split())
        entries = {"akun": [account], "nama": [name]}
        errors = []
        if not ACCOUNT.fullmatch(account) or account in RESERVED:
            errors.append(FieldError("akun", "account", account, "account"))
        if not 2 <= len(name) <= 120:
            errors.append(FieldError("nama", "name", name, "name"))
        if errors:
            raise InvalidForm(errors, entries)
        held = tuple(
            Membership(str(uuid.uuid4()), account, role, Capacity.DEFINITIVE, since, None, None) for role in roles
        )
        password = random_password()
        new = Person(account, name, active=True, must_change_password=True, locale=None, memberships=held)
        hashed = self.accounts.hasher.hash(password)
        with self.database.write(actor, now) as work:
            if people.credentials(work, account) is not None:
                raise InvalidForm([FieldError("akun", "account", account, "taken")], entries)
            people.add(work, new, hashed, now)
            change = {"name": name, "roles": sorted(roles), "since": since}
            work.record(f"person:{account}", Deed(Action.PERSON_ADDED, change=change))
        return new, password

    def set_active(self, actor: Actor, person_id: str, active: bool, now: datetime) -> None:
        """Switch an account on or off; nobody is ever deleted. The last operator stays."""
        _need(actor, {OfficeRole.OPERATOR})
        with self.database.write(actor, now) as work:
            found = people.by_id(work, person_id)
            if found is None:
                raise NotFound(person_id)
            if not active:
                self._keep_an_operator(work, person_id, now)
            people.change(work, person_id, active=active, deactivated_at=None if active else now)
            ended = {} if active else end_access(work, person_id)
            action = Action.PERSON_ACTIVATED if active else Action.PERSON_DEACTIVATED
            work.record(f"person:{person_id}", Deed(action, change={"old": found.active, "new": active, **ended}))

    def rename(self, actor: Actor, person_id: str, name: str, now: datetime) -> None:
        """Change the name that is shown; the account name never changes."""
        _need(actor, {OfficeRole.OPERATOR})
        name = " ".join(name.split())
        if not 2 <= len(name) <= 120:
            raise InvalidForm([FieldError("nama", "name", name, "name")], {"nama": [name]})
        with self.database.write(actor, now) as work:
            found = people.by_id(work, person_id)
            if found is None:
                raise NotFound(person_id)
            people.change(work, person_id, name=name)
            work.record(
                f"person:{person_id}",
                Deed(Action.PERSON_CHANGED, change={"old": {"name": found.name}, "new": {"name": name}}),
            )

    def add_membership(
        self,
        actor: Actor,
        person_id: str,
        role: str,
        capacity: Capacity,
        since: date,
        until: date | None,
        decree: str | None,
        now: datetime,
    ) -> Membership:
        """Let a person work in *role* from *since* until *until*; acting capacities need a decree."""
        _need(actor, {OfficeRole.OPERATOR})
        entries = {
            "jalur": [role],
            "kapasitas": [capacity.value],
            "mulai": [since.isoformat()],
            "sampai": [until.isoformat() if until else ""],
            "sk": [decree or ""],
        }
        errors = []
        if until is not None and until < since:
            errors.append(FieldError("sampai", "until", "", "before_since"))
        if capacity is not Capacity.DEFINITIVE and not (decree or "").strip():
            errors.append(FieldError("sk", "decree", "", "required"))
        if errors:
            raise InvalidForm(errors, entries)
        held = Membership(str(uuid.uuid4()), person_id, role, capacity, since, until, (decree or "").strip() or None)
        with self.database.write(actor, now) as work:
            found = people.by_id(work, person_id)
            if found is None:
                raise NotFound(person_id)
            clash = next((m for m in found.memberships if m.role == role and _overlap(m, held)), None)
            if clash is not None:
                raise InvalidForm([FieldError("jalur", "role", role, "overlap")], entries)
            people.add_membership(work, held)
            change = {
                "role": role,
                "capacity": capacity,
                "since": since,
                "until": until,
                "decree": held.decree,
            }
            work.record(f"person:{person_id}", Deed(Action.MEMBERSHIP_ADDED, change={"new": change}))
        return held

    def end_membership(self, actor: Actor, person_id: str, membership_id: str, until: date, now: datetime) -> None:
        """End a membership on *until*, that day included; it stays in the record."""
        _need(actor, {OfficeRole.OPERATOR})
        with self.database.write(actor, now) as work:
            found = people.by_id(work, person_id)
            held = next((m for m in found.memberships if m.id == membership_id), None) if found else None
            if found is None or held is None:
                raise NotFound(membership_id)
            if held.role == OfficeRole.OPERATOR and until < self.office.today(now):
                self._keep_an_operator(work, person_id, now)
            people.end_membership(work, membership_id, until)
            work.record(
                f"person:{person_id}",
                Deed(
                    Action.MEMBERSHIP_ENDED,
                    change={"role": held.role, "old": {"until": held.until}, "new": {"until": until}},
                ),
            )

    def _keep_an_operator(self, tx: Transaction, leaving: str, now: datetime) -> None:
        """Refuse to lose the last operator: nobody could let another one in."""
        operators = people.members(tx, self.office.today(now), [OfficeRole.OPERATOR]).get(OfficeRole.OPERATOR, {})
        if not set(operators) - {leaving}:
            raise Conflict("last_operator")


def _overlap(one: Membership, other: Membership) -> bool:
    return one.since <= (other.until or date.max) and other.since <= (one.until or date.max)


def _need(actor: Actor, roles: set[OfficeRole] | frozenset[OfficeRole]) -> None:
    if not actor.roles & roles:
        raise NotPermitted("role", roles=tuple(sorted(roles)))
