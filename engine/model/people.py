"""People of the office, their roles and capacities."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from engine.model.errors import NotPermitted


class OfficeRole(StrEnum):
    """Roles that belong to no lane; the database stores the values."""

    DESIGNER = "designer"
    AUDITOR = "auditor"
    OPERATOR = "operator"


PROPOSAL_LASTS = timedelta(days=14)


class Capacity(StrEnum):
    """How a person holds a role (Definitif, Pj., Plt., Plh.)."""

    DEFINITIVE = "definitif"
    ACTING_PJ = "pj"
    ACTING_PLT = "plt"
    ACTING_PLH = "plh"

    def titled(self, lane: str) -> str:
        """Return the title of a holder of the role of *lane*: "Kepala Dinas", "Plh. Kepala Dinas"."""
        return lane if self is Capacity.DEFINITIVE else f"{self.value.capitalize()}. {lane}"


@dataclass(frozen=True, slots=True)
class Membership:
    """A person holds the role of a lane or an office role from *since* to *until*, both days included."""

    id: str
    person_id: str
    role: str
    capacity: Capacity
    since: date
    until: date | None
    decree: str | None  # nomor SK

    def holds_on(self, day: date) -> bool:
        """Whether the membership holds on *day*."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Absence:
    """A person is away from *since* to *until*, both days included, and another of the same lane stands in."""

    id: str
    person_id: str
    substitute_id: str
    since: date
    until: date  # before *since* if it was ended before it began
    reason: str

    def meets(self, since: date, until: date) -> bool:
        """Whether it shares a day with these, both included."""
        return max(self.since, since) <= min(self.until, until)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A membership that waits for a second person to confirm it. It has its own table, so no query mistakes it."""

    held: Membership
    reason: str
    proposed_by: str
    proposed_at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """An account. Its id is the account name and never changes, for the sake of history."""

    id: str
    name: str
    active: bool
    must_change_password: bool
    locale: str | None
    memberships: tuple[Membership, ...] = ()
    last_sign_in_at: datetime | None = None
    sample: bool = False
    second_factor: bool = False
    must_enrol: bool = False  # a role requires a second factor, and there is none
    name_commitment: str | None = None  # to the name, in history lines
    stands_in_for: frozenset[str] = frozenset()  # who is away today, by id; read with sessions and tokens


@dataclass(frozen=True, slots=True)
class Actor:
    """The person who asks, with the memberships of today. Services take this, never a request."""

    person_id: str
    name: str
    memberships: tuple[Membership, ...]
    session_id: str | None = None
    name_commitment: str | None = None  # None without an account
    stands_in_for: frozenset[str] = frozenset()  # people who are away today

    @classmethod
    def of(cls, person: Person, session_id: str | None = None) -> "Actor":
        """Return *person* as an actor."""
        its = (person.memberships, session_id, person.name_commitment, person.stands_in_for)
        return cls(person.id, person.name, *its)

    @property
    def roles(self) -> frozenset[str]:
        """Every role held today, of lanes and of the office."""
        return frozenset(m.role for m in self.memberships)

    def has(self, role: str) -> bool:
        """Whether the actor holds *role* today."""
        return role in self.roles

    @property
    def reads_everything(self) -> bool:
        """Whether the actor sees every instance: auditors, designers and operators do."""
        return bool(self.roles & set(OfficeRole))

    def need(self, *roles: str) -> None:
        """Raise NotPermitted unless the actor holds one of *roles* today, or any role if none are named."""
        if not self.roles & set(roles or self.roles):
            raise NotPermitted("role", roles=roles)


SYSTEM = Actor(person_id="sistem", name="Sistem", memberships=())
"""The actor of automatic work, such as timers, and of commands on the operator's console."""
