"""People and their roles, with period, capacity and decree.

Nobody gives himself a role. A guarded role (``guarded_roles``) needs two people: an operator proposes it, and another
operator or an auditor, who is not its future holder, confirms. A proposal lapses after two weeks. An office with one
operator and no auditor confirms at the machine's console, and history records that.
"""

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from engine.model.errors import Conflict, FieldError, InvalidForm, NotFound, NotPermitted, stated, there
from engine.model.history import Action
from engine.model.people import PROPOSAL_LASTS, SYSTEM, Actor, Capacity, Membership, OfficeRole, Person, Proposal
from engine.model.process import UserTask
from engine.model.work import TaskRecord
from engine.service.office.business_calendar import Office
from engine.service.people import guarded_roles
from engine.service.people.accounts import Accounts, end_access, random_password
from engine.service.procedures.procedure import Procedures
from engine.store.database import Database
from engine.store.queries import Transaction, definitions, histories, people, tasks
from engine.store.unit_of_work import Work

ACCOUNT = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
RESERVED = frozenset({"sistem"})
SECOND = (OfficeRole.OPERATOR, OfficeRole.AUDITOR)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RoleView:
    """A role with its name, the procedures that need it, and today's members."""

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
        actor.need(*OfficeRole)
        return self.database.ask(people.everyone)

    def person(self, actor: Actor, person_id: str) -> Person:
        """Return one person; one's own page is open to everybody."""
        if person_id != actor.person_id:
            actor.need(*OfficeRole)
        return self.database.ask(self._found, person_id)

    def samples(self) -> tuple[Person, ...]:
        """Return the sample people who may sign in without a password."""
        every = self.database.ask(people.everyone)
        return tuple(each for each in every if each.sample and each.active and not each.second_factor)

    def names(self) -> dict[str, str]:
        """Return every name by person id."""
        return self.database.ask(people.names)

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

    def open_tasks(self, actor: Actor, person_id: str) -> list[tuple[TaskRecord, UserTask]]:
        """Return the open tasks that a person holds, with their steps; for operators, auditors and designers."""
        actor.need(*OfficeRole)
        with self.database.read() as reader:
            held = tasks.open_of_person(reader, person_id)
            return [(t, self.procedures.of(reader, t.definition_id).outline.task(t.element_id)) for t in held]

    def add(
        self,
        actor: Actor,
        account: str,
        name: str,
        roles: Sequence[str],
        since: date,
        reason: str,
        now: datetime,
        *,
        sample: bool = False,
    ) -> tuple[Person, str]:
        """Add a person, and return them with their first password; *roles* need a reason, guarded ones are proposed."""
        actor.need(OfficeRole.OPERATOR)
        password = random_password()
        hashed = self.accounts.hasher.hash(password)
        with self.database.write(actor, now) as work:
            new = self.enter(work, account, name, hashed, sample=sample)
            for role in sorted(set(roles)):
                self.give(work, new, role, Capacity.DEFINITIVE, since, None, None, stated(reason))
        return new, password

    def enter(self, work: Work, account: str, name: str, hashed: str | None, *, sample: bool = False) -> Person:
        """Write a new account; InvalidForm says why not."""
        account, name = account.strip().lower(), " ".join(name.split())
        errors = []
        if not ACCOUNT.fullmatch(account) or account in RESERVED:
            errors.append(FieldError("akun", "account", account, "account"))
        elif people.credentials(work, account) is not None:
            errors.append(FieldError("akun", "account", account, "taken"))
        if not 2 <= len(name) <= 120:
            errors.append(FieldError("nama", "name", name, "name"))
        if errors:
            raise InvalidForm(errors, {"akun": [account], "nama": [name]})
        new = Person(account, name, active=True, must_change_password=True, locale=None, sample=sample)
        called = {"commitment": people.add(work, new, hashed, work.now)}
        work.tell(account, Action.PERSON_ADDED, name=called, sample=sample)
        return new

    def set_active(self, actor: Actor, person_id: str, active: bool, reason: str, now: datetime) -> None:
        """Switch an account on or off; nobody is ever deleted. The last operator stays."""
        actor.need(OfficeRole.OPERATOR)
        reason = stated(reason)
        with self.database.write(actor, now) as work:
            found = self._found(work, person_id)
            if not active:
                self._keep_an_operator(work, person_id, self.office.today(now))
            people.change(work, person_id, active=active, deactivated_at=None if active else now)
            besides: dict[str, Any] = {} if active else end_access(work, person_id)
            if active and found.name_commitment is None:  # it was erased; later lines need a name again
                besides = {"name": {"commitment": people.commit(work, person_id, found.name)}}
                people.change(work, person_id, name_commitment=besides["name"]["commitment"])
            action = Action.PERSON_ACTIVATED if active else Action.PERSON_DEACTIVATED
            work.tell(person_id, action, old=found.active, new=active, reason=reason, **besides)

    def rename(self, actor: Actor, person_id: str, name: str, reason: str, now: datetime) -> None:
        """Change the displayed name; the account name never changes, and history keeps the old name."""
        actor.need(OfficeRole.OPERATOR)
        reason = stated(reason)
        name = " ".join(name.split())
        if not 2 <= len(name) <= 120:
            raise InvalidForm([FieldError("nama", "name", name, "name")], {"nama": [name]})
        with self.database.write(actor, now) as work:
            found = self._found(work, person_id)
            new = people.commit(work, person_id, name)
            people.change(work, person_id, name=name, name_commitment=new)
            old, named = ({"name": {"commitment": each}} for each in (found.name_commitment, new))
            work.tell(person_id, Action.PERSON_CHANGED, old=old, new=named, reason=reason)

    def forget(self, actor: Actor, person_id: str, reason: str, now: datetime) -> None:
        """Erase a former member's names from history (UU 27/2022); history lines and documents stay."""
        actor.need(OfficeRole.OPERATOR)
        reason = stated(reason)
        with self.database.write(actor, now) as work:
            if self._found(work, person_id).active:
                raise Conflict("still_active")
            erased = people.erase_values(work, person_id)
            people.change(
                work, person_id, name=person_id, name_commitment=None, email_commitment=None, identity_commitment=None
            )
            work.tell(person_id, Action.PERSON_FORGOTTEN, commitments=erased, reason=reason)

    # ── giving roles ────────────────────────────────────────────────────────────────────────────────────────────────

    def add_membership(
        self,
        actor: Actor,
        person_id: str,
        role: str,
        capacity: Capacity,
        since: date,
        until: date | None,
        decree: str | None,
        reason: str,
        now: datetime,
    ) -> Membership | Proposal:
        """Give a person *role* from *since* to *until*, or propose it; acting capacities need a decree."""
        actor.need(OfficeRole.OPERATOR)
        with self.database.write(actor, now) as work:
            person = self._found(work, person_id)
            return self.give(work, person, role, capacity, since, until, decree, stated(reason))

    def give(
        self,
        work: Work,
        person: Person,
        role: str,
        capacity: Capacity,
        since: date,
        until: date | None,
        decree: str | None,
        reason: str,
    ) -> Membership | Proposal:
        """Write a membership, or propose it if its role is guarded; InvalidForm says why not."""
        decree = (decree or "").strip() or None
        errors = []
        if until is not None and until < since:
            errors.append(FieldError("sampai", "until", "", "period"))
        if capacity is not Capacity.DEFINITIVE and decree is None:
            errors.append(FieldError("sk", "decree", "", "required"))
        if errors:
            raise InvalidForm(errors, {})
        held = Membership(str(uuid.uuid4()), person.id, role, capacity, since, until, decree)
        return self._give(work, person, held, reason)

    def end_membership(
        self, actor: Actor, person_id: str, membership_id: str, until: date, reason: str, now: datetime
    ) -> None:
        """Make *until* the last day of a membership; neither before it began nor after its present end."""
        actor.need(OfficeRole.OPERATOR)
        with self.database.write(actor, now) as work:
            held = there(
                next((m for m in self._found(work, person_id).memberships if m.id == membership_id), None),
                membership_id,
            )
            if not held.since <= until <= (held.until or date.max):
                raise InvalidForm([FieldError("sampai", "until", "", "period")], {})
            if held.role == OfficeRole.OPERATOR:
                self._keep_an_operator(work, person_id, max(min(until, date.max - DAY) + DAY, self.office.today(now)))
            people.end_membership(work, membership_id, until)
            changed = {"old": {"until": held.until}, "new": {"until": until}}
            work.tell(person_id, Action.MEMBERSHIP_ENDED, role=held.role, reason=stated(reason), **changed)

    def guarded(self) -> frozenset[str]:
        """Return the guarded roles."""
        return self.database.ask(guarded_roles.guarded, self.procedures)

    def proposals(self, actor: Actor, now: datetime) -> tuple[Proposal, ...]:
        """Return the open proposals, oldest first; for those who may confirm them."""
        actor.need(*SECOND)
        return self.database.ask(people.proposals, now)

    def confirm(self, actor: Actor, proposal_id: str, now: datetime) -> None:
        """Confirm a proposal, as a second person.

        This must not be the proposer, the future holder, or a person who recently got a password from somebody else or
        gave one to the proposer, since both accounts may then belong to one person. A password set by a link in an
        e-mail counts as given by everybody who ever set the mail server, since they can read its e-mails. The console
        may always confirm.
        """
        actor.need(*SECOND)
        with self.database.write(actor, now) as work:
            found, person = self._taken(work, proposal_id)
            own, theirs = (_passwords_from(work, each, now) for each in (actor.person_id, found.proposed_by))
            if actor.person_id in {found.proposed_by, found.held.person_id, *theirs} or own:
                raise NotPermitted("second_person")
            facts = {"reason": found.reason, "proposed_by": found.proposed_by, "proposed_at": found.proposed_at}
            _refuse_overlap(person, found.held)
            self._write(work, found.held, facts)

    def decline(self, actor: Actor, proposal_id: str, reason: str, now: datetime) -> None:
        """Refuse a proposal, or withdraw one's own, with a reason."""
        actor.need(*SECOND)
        with self.database.write(actor, now) as work:
            found, _ = self._taken(work, proposal_id)
            _tell(work, Action.PROPOSAL_DECLINED, found.held, {"reason": stated(reason)})

    def _give(self, work: Work, person: Person, held: Membership, reason: str) -> Membership | Proposal:
        """Write a membership, or propose it if its role is guarded and the actor is not the console."""
        by = work.actor.person_id
        if held.person_id == by:
            raise NotPermitted("own_role")
        _refuse_overlap(person, held)
        if by == SYSTEM.person_id or held.role not in guarded_roles.guarded(work, self.procedures):
            return self._write(work, held, {"reason": reason})
        for each in people.proposals(work, work.now):
            if (each.held.person_id, each.held.role) == (held.person_id, held.role):
                raise InvalidForm([FieldError("jalur", "role", held.role, "proposed")], {})
        people.propose(work, proposed := Proposal(held, reason, by, work.now))
        _tell(work, Action.PROPOSAL_MADE, held, {"reason": reason})
        return proposed

    def _write(self, work: Work, held: Membership, facts: Mapping[str, Any]) -> Membership:
        people.add_membership(work, held)
        _tell(work, Action.MEMBERSHIP_ADDED, held, facts)
        return held

    def _taken(self, work: Work, proposal_id: str) -> tuple[Proposal, Person]:
        found = there(
            next((each for each in people.proposals(work, work.now) if each.held.id == proposal_id), None), proposal_id
        )
        person = self._found(work, found.held.person_id)
        if not people.settle(work, proposal_id):
            raise NotFound(proposal_id)
        return found, person

    def _found(self, tx: Transaction, person_id: str) -> Person:
        """Return a person; in a transaction that writes, locked until it ends."""
        if isinstance(tx, Work):
            people.lock(tx, person_id)
        return there(people.by_id(tx, person_id), person_id)

    def _keep_an_operator(self, tx: Transaction, leaving: str, day: date) -> None:
        """Refuse if only *leaving* is an operator on *day*: nobody could appoint another."""
        people.one_at_a_time(tx, "the last operator")  # two may leave at the same moment
        operators = people.members(tx, day, [OfficeRole.OPERATOR]).get(OfficeRole.OPERATOR, {})
        if not set(operators) - {leaving}:
            raise Conflict("last_operator")


def _refuse_overlap(person: Person, held: Membership) -> None:
    for each in person.memberships:
        if each.role == held.role and each.since <= (held.until or date.max) and held.since <= (each.until or date.max):
            raise InvalidForm([FieldError("jalur", "role", held.role, "overlap")], {})


def _tell(work: Work, action: Action, held: Membership, facts: Mapping[str, Any]) -> None:
    new = {name: getattr(held, name) for name in ("role", "capacity", "since", "until", "decree")}
    work.tell(held.person_id, action, new=new, **facts)


def _passwords_from(tx: Transaction, person_id: str, now: datetime) -> set[str]:
    """Return who, except the console, gave a person a password or another way in during a proposal's lifetime."""
    given = (Action.PERSON_ADDED, Action.PASSWORD_RESET, Action.IDENTITY_LINKED, Action.PASSWORD_CHANGED)
    found = histories.newest(tx, f"person:{person_id}", 100, histories.DEEDS, given)
    lately = [line for line in found if line.at >= now - PROPOSAL_LASTS]
    givers = {line.actor for line in lately if line.action != Action.PASSWORD_CHANGED}
    if any(line.action == Action.PASSWORD_CHANGED and json.loads(line.change).get("how") == "mail" for line in lately):
        settings = histories.newest(tx, "office", 1000, only=(Action.SETTING_CHANGED,))
        givers |= {line.actor for line in settings if json.loads(line.change)["section"] == "mail"}
    return givers - {SYSTEM.person_id}
