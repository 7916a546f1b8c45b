"""People, memberships, sessions, sign-in attempts, one-time codes and links."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Date, and_, bindparam, delete, func, insert, or_, select, update

from engine.model.history import commitment
from engine.model.people import PROPOSAL_LASTS, Capacity, Membership, Person, Proposal
from engine.store.driver_statements import Prepared
from engine.store.queries import Rows, Transaction, absences, changed, one
from engine.store.tables import (
    membership,
    person,
    personal_value,
    proposal,
    reset_code,
    reset_link,
    second_factor,
    setting,
    sign_in_attempt,
    web_session,
)
from engine.store.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class Credentials:
    """The data for checking a sign-in; only the accounts service uses it."""

    person_id: str
    password_hash: str | None
    active: bool
    must_change_password: bool
    deactivated_at: datetime | None
    second_factor: bool
    password_off: bool


def in_force(day: date | BindParameter[date]) -> ColumnElement[bool]:
    """Return the condition that a membership holds on *day*."""
    return and_(membership.c.since <= day, or_(membership.c.until.is_(None), membership.c.until >= day))


OWN = ("id", "name", "active", "must_change_password", "locale", "sample", "name_commitment")
"""Fields of Person that are columns of the person's row."""
MEMBERSHIP = Rows(Membership, membership)
HAS_SECOND_FACTOR = select(second_factor.c.person_id).where(second_factor.c.person_id == person.c.id).exists()
OWNER = (
    *(person.c[name] for name in OWN),
    membership.c.id.label("m_id"),
    *MEMBERSHIP.columns[2:],
    HAS_SECOND_FACTOR.label("second_factor"),
    select(setting.c.value).where(setting.c.section == "second_factor").scalar_subquery().label("asked"),
)
HELD_TODAY = and_(membership.c.person_id == person.c.id, in_force(bindparam("today", type_=Date)))
"""Join condition for the memberships of a person on the day bound as ``today``."""
AWAY = absences.together(person.c.id, bindparam("today", type_=Date)).label("away")
"""The people for whom the person stands in on that day."""


def owner(rows: Sequence[Any]) -> Person:
    """Return the person in *rows*, one per membership, with the columns of OWNER."""
    first = rows[0]
    held = tuple(
        Membership(row.m_id, first.id, row.role, Capacity(row.capacity), row.since, row.until, row.decree)
        for row in rows
        if row.m_id is not None
    )
    return Person(
        **{name: getattr(first, name) for name in OWN},
        stands_in_for=frozenset((getattr(first, "away", None) or "").split()),
        memberships=held,
        second_factor=first.second_factor,
        must_enrol=not first.second_factor and any(m.role in (first.asked or {}).get("roles", ()) for m in held),
    )


_TRY = sign_in_attempt.c
_LAST = select(_TRY.account, func.max(_TRY.at).label("at")).where(_TRY.succeeded).group_by(_TRY.account).subquery()
_HELD = select(*OWNER, _LAST.c.at).outerjoin(membership, membership.c.person_id == person.c.id)
_HELD = _HELD.outerjoin(_LAST, _LAST.c.account == person.c.id)
EVERYONE = _HELD.order_by(person.c.name, person.c.id, membership.c.since, membership.c.id)
ONE = EVERYONE.where(person.c.id == bindparam("its"))


def everyone(tx: Transaction, person_id: str | None = None) -> tuple[Person, ...]:
    """Return all persons, or the one with *person_id*, with all memberships, ordered by name."""
    asked = (EVERYONE,) if person_id is None else (ONE, {"its": person_id})
    found = groupby(tx.connection.execute(*asked).all(), key=lambda row: row.id)
    whole = [list(rows) for _, rows in found]
    return tuple(replace(owner(rows), last_sign_in_at=rows[0].at) for rows in whole)


def by_id(tx: Transaction, person_id: str) -> Person | None:
    """Return the person with this id."""
    found = everyone(tx, person_id)
    return found[0] if found else None


def lock(tx: Transaction, person_id: str) -> None:
    """Lock a person's row before it is read for a change; on SQLite all writers wait anyway."""
    tx.connection.execute(select(person.c.id).where(person.c.id == person_id).with_for_update(key_share=True))


def names(tx: Transaction, ids: Collection[str] | None = None) -> dict[str, str]:
    """Return names by person id."""
    query = select(person.c.id, person.c.name)
    those = () if ids is None else (person.c.id.in_(ids),)
    return dict(tx.connection.execute(query.where(*those)).all())


def memberships(tx: Transaction, roles: Collection[str]) -> tuple[Membership, ...]:
    """Return all memberships of *roles*, past and future, definitive ones last."""
    held = MEMBERSHIP.every(tx, MEMBERSHIP.query.where(membership.c.role.in_(roles)))
    return tuple(sorted(held, key=lambda each: (each.capacity is Capacity.DEFINITIVE, each.since, each.id)))


MEMBERS = (
    select(membership.c.role, person.c.id, person.c.name)
    .join(person, person.c.id == membership.c.person_id)
    .where(person.c.active, in_force(bindparam("today", type_=Date)))
    .order_by(person.c.name, person.c.id)
)
MEMBERS_IN = MEMBERS.where(membership.c.role.in_(bindparam("roles", expanding=True)))


Members = Mapping[str, Mapping[str, str]]
"""Names of active people by role and person id."""


def members(tx: Transaction, day: date, roles: Collection[str] | None = None) -> dict[str, dict[str, str]]:
    """Return the names of active people on *day*, by role and person id."""
    those = {} if roles is None else {"roles": list(roles)}
    found: dict[str, dict[str, str]] = {}
    for role, id_, name in tx.connection.execute(MEMBERS_IN if those else MEMBERS, {"today": day, **those}):
        found.setdefault(role, {})[id_] = name
    return found


def roles_known(tx: Transaction) -> tuple[str, ...]:
    """Return all roles in memberships."""
    return tuple(tx.connection.scalars(select(membership.c.role).distinct().order_by(membership.c.role)))


def sample_people(tx: Transaction) -> bool:
    """Whether there are active sample people."""
    return tx.connection.scalar(select(person.c.id).where(person.c.sample, person.c.active).limit(1)) is not None


def any_people(tx: Transaction) -> bool:
    """Whether there is an account."""
    return tx.connection.scalar(select(person.c.id).limit(1)) is not None


def commit(tx: Transaction, person_id: str, value: str) -> str:
    """Store a personal value, and return the commitment for history lines."""
    salt = secrets.token_hex(16)
    of = commitment(salt, value)
    kept = {"commitment": of, "person_id": person_id, "salt": salt, "value": value}
    tx.connection.execute(insert(personal_value), kept)
    return of


def values_of(tx: Transaction, commitments: Collection[str]) -> Sequence[Any]:
    """Return the values and salts of commitments; both are None if erased."""
    return tx.connection.execute(select(personal_value).where(personal_value.c.commitment.in_(commitments))).all()


def erase_values(tx: Transaction, person_id: str, *only: str) -> list[str]:
    """Erase the values and salts of a person's commitments, or of some, and return the commitments."""
    its = personal_value.c.commitment.in_(only) if only else personal_value.c.person_id == person_id
    tx.connection.execute(update(personal_value).where(its).values(salt=None, value=None))
    return sorted(tx.connection.scalars(select(personal_value.c.commitment).where(its)))


def add(tx: Transaction, new: Person, password_hash: str | None, now: datetime) -> str:
    """Write a person with memberships; return the commitment to the name."""
    commits = commit(tx, new.id, new.name)
    facts = {"password_hash": password_hash, "created_at": now, "name_commitment": commits}
    tx.connection.execute(insert(person), {name: getattr(new, name) for name in OWN} | facts)
    for held in new.memberships:
        add_membership(tx, held)
    return commits


def change(tx: Transaction, person_id: str, **values: Any) -> None:
    """Change the row of a person."""
    tx.connection.execute(update(person).where(person.c.id == person_id).values(**values))


def add_membership(tx: Transaction, held: Membership) -> None:
    """Write a membership."""
    tx.connection.execute(insert(membership), MEMBERSHIP.written(held))


def end_membership(tx: Transaction, membership_id: str, until: date) -> None:
    """End a membership after the day *until*."""
    tx.connection.execute(update(membership).where(membership.c.id == membership_id).values(until=until))


def second_factor_of(tx: Transaction, person_id: str) -> bytes | None:
    """Return the encrypted second factor of a person."""
    return tx.connection.scalar(select(second_factor.c.sealed).where(second_factor.c.person_id == person_id))


def set_second_factor(tx: Transaction, person_id: str, sealed: bytes | None) -> bool:
    """Replace the second factor of a person, or delete it; return whether there was one."""
    had = changed(tx, delete(second_factor).where(second_factor.c.person_id == person_id)) == 1
    if sealed is not None:
        tx.connection.execute(insert(second_factor), {"person_id": person_id, "sealed": sealed})
    return had


# ── proposals ───────────────────────────────────────────────────────────────────────────────────────────────────────


def propose(tx: Transaction, new: Proposal) -> None:
    """Write a proposal."""
    facts = asdict(new)
    tx.connection.execute(insert(proposal), {**facts.pop("held"), **facts})


def proposals(tx: Transaction, now: datetime) -> tuple[Proposal, ...]:
    """Return the proposals that have not expired, oldest first."""
    query = select(proposal).where(proposal.c.proposed_at > now - PROPOSAL_LASTS)
    return tuple(
        Proposal(Membership(row.id, row.person_id, row.role, Capacity(row.capacity), *row[4:7]), *row[7:])
        for row in tx.connection.execute(query.order_by(proposal.c.proposed_at, proposal.c.id))
    )


def settle(tx: Transaction, id_: str) -> bool:
    """Delete a proposal; return False if somebody was faster."""
    return changed(tx, delete(proposal).where(proposal.c.id == id_)) == 1


# ── sign-in ─────────────────────────────────────────────────────────────────────────────────────────────────────────


CREDENTIALS = Rows(Credentials, person, person_id=person.c.id, second_factor=HAS_SECOND_FACTOR)


def credentials(tx: Transaction, person_id: str) -> Credentials | None:
    """Return the credentials of *person_id*."""
    return CREDENTIALS.one(tx, CREDENTIALS.query.where(person.c.id == person_id))


def one_at_a_time(tx: Transaction, account: str) -> None:
    """Let attempts for one account, or another key, wait for each other; on SQLite all writers wait anyway."""
    if tx.connection.dialect.name == "postgresql":
        lock = func.pg_advisory_xact_lock(func.hashtext("alur.sign_in"), func.hashtext(account))
        tx.connection.execute(select(lock))


def known_device(tx: Transaction, account: str, device: str | None) -> bool:
    """Whether *account* has signed in from *device*."""
    right = select(sign_in_attempt.c.id).where(*_of_device(account, device), sign_in_attempt.c.succeeded)
    return device is not None and tx.connection.scalar(right.limit(1)) is not None


def note_attempt(work: Work, account: str, address: str, device: str | None) -> int:
    """Write an attempt, as a failed one, and return its id; *device* is None unless it is known."""
    facts = {"account": account, "address": address, "device": device, "at": work.now, "succeeded": False}
    return int(work.connection.execute(insert(sign_in_attempt).returning(sign_in_attempt.c.id), facts).scalar_one())


def take_back(
    tx: Transaction, *, attempt: int | None = None, session_id: str | None = None, account: str | None = None
) -> None:
    """Delete a failed attempt by id, or those of a session or an account."""
    its = sign_in_attempt.c
    given = ((its.id, attempt), (its.device, session_id), (its.account, account))
    which = or_(*(column == value for column, value in given if value is not None))
    tx.connection.execute(delete(sign_in_attempt).where(which, its.succeeded.is_(False)))


def wrong_tries(
    tx: Transaction, account: str, address: str, device: str | None, since: datetime
) -> tuple[tuple[int, datetime], ...]:
    """Return the number and the last instant of failed attempts since an instant, for each of some limits.

    With a *device*: those of the account from it, after its last success there. Without: from unknown devices, those of
    the account from *address*, of the account, and from *address*.
    """
    its = sign_in_attempt.c
    if device is not None:
        right = select(func.max(its.id)).where(*_of_device(account, device), its.succeeded).scalar_subquery()
        lanes: tuple[Any, ...] = (and_(its.account == account, its.id > func.coalesce(right, 0)),)
        whose: Any = its.device == device
    else:
        lanes = (and_(its.account == account, its.address == address), its.account == account, its.address == address)
        whose = and_(its.device.is_(None), or_(its.account == account, its.address == address))
    columns = [column for lane in lanes for column in (func.count().filter(lane), func.max(its.at).filter(lane))]
    row = tx.connection.execute(select(*columns).where(its.at > since, its.succeeded.is_(False), whose)).one()
    return tuple((count, last) for count, last in zip(row[::2], row[1::2], strict=True))


def refused_before(tx: Transaction, account: str, attempt: int) -> int:
    """Return the number of failed attempts for an account since its last success, without *attempt*."""
    its = sign_in_attempt.c
    right = select(func.coalesce(func.max(its.id), 0)).where(its.account == account, its.succeeded).scalar_subquery()
    wrong = select(func.count()).where(its.account == account, its.succeeded.is_(False), its.id > right)
    return tx.connection.scalar(wrong.where(its.id != attempt)) or 0


def note_success(tx: Transaction, attempt: int, device: str) -> None:
    """Mark an attempt as successful from *device*, which is known from then on."""
    right = update(sign_in_attempt).where(sign_in_attempt.c.id == attempt)
    tx.connection.execute(right.values(succeeded=True, device=device))


def _of_device(account: str, device: str | None) -> tuple[ColumnElement[bool], ...]:
    return sign_in_attempt.c.account == account, sign_in_attempt.c.device == device


def open_session(work: Work, id_: str, person_id: str, user_agent: str, address: str, awaits_code: bool) -> None:
    """Write a session."""
    facts = {"id": id_, "person_id": person_id, "created_at": work.now, "last_seen_at": work.now}
    seen = {"user_agent": user_agent[:300], "address": address[:64], "awaits_code": awaits_code}
    work.connection.execute(insert(web_session), facts | seen)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its owner sees it."""

    id: str
    created_at: datetime
    last_seen_at: datetime
    user_agent: str | None
    address: str | None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session with its person and the memberships of the day."""

    id: str
    created_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None
    awaits_code: bool
    person: Person


SESSIONS = Rows(OpenSession, web_session)
SESSION = Prepared(  # run by every request
    select(
        web_session.c.id.label("session_id"),
        *(web_session.c[name] for name in ("created_at", "last_seen_at", "ended_at", "awaits_code")),
        *OWNER,
        AWAY,
    )
    .join(person, person.c.id == web_session.c.person_id)
    .outerjoin(membership, HELD_TODAY)
    .where(web_session.c.id == bindparam("its_id"))
    .order_by(membership.c.capacity, membership.c.since)
)


def session(tx: Transaction, id_: str, today: date) -> SessionRow | None:
    """Return a session with its person and the memberships on *today*, by one statement."""
    rows = SESSION.rows(tx.connection, {"its_id": id_, "today": today})
    if not rows:
        return None
    first = rows[0]
    facts = (first.session_id, first.created_at, first.last_seen_at, first.ended_at, first.awaits_code)
    return SessionRow(*facts, owner(rows))


def touch_session(tx: Transaction, id_: str, now: datetime) -> None:
    """Record that a session is in use."""
    tx.connection.execute(update(web_session).where(web_session.c.id == id_).values(last_seen_at=now))


def end_sessions(
    tx: Transaction, now: datetime, *, id_: str | None = None, person_id: str | None = None, but: str | None = None
) -> int:
    """End one session, or all sessions of a person *but* one; return their number."""
    its = web_session.c
    given = ((its.id == id_, id_), (its.person_id == person_id, person_id), (its.id != but, but))
    which = [condition for condition, value in given if value is not None]
    return changed(tx, update(web_session).where(its.ended_at.is_(None), *which).values(ended_at=now))


def forget_sessions(tx: Transaction, before: datetime) -> None:
    """Delete sessions last used, links that ended, and failed attempts made, *before* that instant."""
    tx.connection.execute(delete(web_session).where(web_session.c.last_seen_at < before))
    tx.connection.execute(delete(reset_link).where(reset_link.c.until < before))
    wrong = (sign_in_attempt.c.at < before, sign_in_attempt.c.succeeded.is_(False))
    tx.connection.execute(delete(sign_in_attempt).where(*wrong))


def sessions_of(tx: Transaction, person_id: str) -> tuple[OpenSession, ...]:
    """Return a person's sessions that were not ended, the last used one first."""
    its = web_session.c
    open_now = SESSIONS.query.where(its.person_id == person_id, its.ended_at.is_(None), ~its.awaits_code)
    return SESSIONS.every(tx, open_now.order_by(its.last_seen_at.desc()))


def set_reset_code(tx: Transaction, person_id: str, code_hash: str, expires_at: datetime) -> None:
    """Replace the one-time code of a person."""
    tx.connection.execute(delete(reset_code).where(reset_code.c.person_id == person_id))
    facts = {"person_id": person_id, "code_hash": code_hash, "expires_at": expires_at}
    tx.connection.execute(insert(reset_code), facts)


def reset_code_of(tx: Transaction, person_id: str) -> tuple[str, datetime] | None:
    """Return the one-time code of a person as (hash, expiry)."""
    query = select(reset_code.c.code_hash, reset_code.c.expires_at).where(reset_code.c.person_id == person_id)
    return one(tx, query, lambda row: (row.code_hash, row.expires_at))


def drop_reset_code(tx: Transaction, person_id: str) -> bool:
    """Delete the one-time code of a person; return False if there is none."""
    return changed(tx, delete(reset_code).where(reset_code.c.person_id == person_id)) == 1


def identity_of(tx: Transaction, person_id: str) -> tuple[str, str] | None:
    """Return a person's identity at the OpenID provider, with the commitment to it."""
    query = select(personal_value.c.value, personal_value.c.commitment).join_from(personal_value, person, _NAMED)
    return one(tx, query.where(person.c.id == person_id), lambda row: (row.value, row.commitment))


def identified(tx: Transaction, value: str) -> str | None:
    """Return the person whose identity at the OpenID provider is *value*."""
    query = select(person.c.id).join_from(person, personal_value, _NAMED)
    return tx.connection.scalar(query.where(personal_value.c.value == value))


_NAMED = personal_value.c.commitment == person.c.identity_commitment


# ── links in letters ────────────────────────────────────────────────────────────────────────────────────────────────


def may_have_link(tx: Transaction, person_id: str, asked_at: datetime, most: int) -> bool:
    """Whether a person has fewer than *most* open links, and none ended after *asked_at*."""
    its = reset_link.c
    open_now = func.count().filter(its.ended_at.is_(None), its.until > asked_at)
    query = select(open_now, func.max(its.ended_at)).where(its.person_id == person_id)
    count, ended = tx.connection.execute(query).one()
    return int(count) < most and (ended is None or ended <= asked_at)


def add_link(tx: Transaction, sha256: str, person_id: str, until: datetime) -> None:
    """Write a link."""
    tx.connection.execute(insert(reset_link), {"sha256": sha256, "person_id": person_id, "until": until})


def link_owner(tx: Transaction, sha256: str, now: datetime) -> str | None:
    """Return the owner of an open link; None if it ended, or there is none."""
    its = reset_link.c
    query = select(its.person_id).join(person).where(person.c.active, its.ended_at.is_(None), its.until > now)
    return tx.connection.scalar(query.where(its.sha256 == sha256))


def end_links(tx: Transaction, person_id: str, now: datetime) -> None:
    """End all links of a person."""
    its = reset_link.c
    which = (its.person_id == person_id, its.ended_at.is_(None))
    tx.connection.execute(update(reset_link).where(*which).values(ended_at=now))
