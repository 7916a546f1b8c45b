"""People of the office: who they are, in which roles they work, and in which capacity."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from engine.model.errors import NotPermitted


class OfficeRole(StrEnum):
    """Roles beside the lanes; the value is also the word in the database."""

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
        """Return how who holds the role of *lane* is called: "Kepala Dinas", "Plh. Kepala Dinas"."""
        return lane if self is Capacity.DEFINITIVE else f"{self.value.capitalize()}. {lane}"


@dataclass(frozen=True, slots=True)
class Membership:
    """A person works in a lane's role (or an office role) from *since* until *until*, both days included."""

    id: str
    person_id: str
    role: str
    capacity: Capacity
    since: date
    until: date | None
    decree: str | None  # nomor SK

    def holds_on(self, day: date) -> bool:
        """Whether the membership is in force on *day*."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A membership that waits for a second person's word, in a table of its own: no query can take it for one."""

    held: Membership
    reason: str
    proposed_by: str
    proposed_at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """An account. Its id is the account name and never changes, so that history stays readable."""

    id: str
    name: str
    active: bool
    must_change_password: bool
    locale: str | None
    memberships: tuple[Membership, ...] = ()
    last_sign_in_at: datetime | None = None
    sample: bool = False
    second_factor: bool = False
    must_enrol: bool = False  # has a role that asks for a second factor, and none
    name_commitment: str | None = None  # by which history lines hold the name


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, now: a person with the memberships in force today. Services take this, never a request."""

    person_id: str
    name: str
    memberships: tuple[Membership, ...]
    session_id: str | None = None
    name_commitment: str | None = None  # nobody's who has no account

    @classmethod
    def of(cls, person: Person, session_id: str | None = None) -> "Actor":
        """Return a person who asks, with the memberships that were read of them."""
        return cls(person.id, person.name, person.memberships, session_id, person.name_commitment)

    @property
    def roles(self) -> frozenset[str]:
        """Every role held today, lanes' and office's."""
        return frozenset(m.role for m in self.memberships)

    def has(self, role: str) -> bool:
        """Whether *role* is held today."""
        return role in self.roles

    @property
    def reads_everything(self) -> bool:
        """Auditors, designers and operators see every instance."""
        return bool(self.roles & set(OfficeRole))

    def need(self, *roles: str) -> None:
        """Refuse who holds none of *roles* today; of none that are named, who holds no role at all."""
        if not self.roles & set(roles or self.roles):
            raise NotPermitted("role", roles=roles)


SYSTEM = Actor(person_id="sistem", name="Sistem", memberships=())
"""Who acts when nobody does: timers, set-up at the operator's console."""
