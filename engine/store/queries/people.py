"""People, memberships, sessions, sign-in attempts and one-time codes."""

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
from engine.store.queries import Transaction
from engine.store.tables import (
    membership,
    person,
    personal_value,
    proposal,
    reset_code,
    second_factor,
    setting,
    sign_in_attempt,
    web_session,
)
from engine.store.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class Credentials:
    """What signing in compares with; never leaves the accounts service."""

    person_id: str
    password_hash: str | None
    active: bool
    must_change_password: bool
    deactivated_at: datetime | None
    second_factor: bool


def in_force(day: date | BindParameter[date]) -> ColumnElement[bool]:
    """Return the condition under which a membership holds on *day*."""
    return and_(membership.c.since <= day, or_(membership.c.until.is_(None), membership.c.until >= day))


OWN = ("id", "name", "active", "must_change_password", "locale", "sample", "name_commitment")
"""What a person's row says of them."""
HELD = tuple(name for name in Membership.__dataclass_fields__ if name not in ("id", "person_id"))
OWNER = (
    *(person.c[name] for name in OWN),
    membership.c.id.label("m_id"),
    *(membership.c[name] for name in HELD),
    select(second_factor.c.person_id).where(second_factor.c.person_id == person.c.id).exists().label("second_factor"),
    select(setting.c.value).where(setting.c.section == "second_factor").scalar_subquery().label("asked"),
)
HELD_TODAY = and_(membership.c.person_id == person.c.id, in_force(bindparam("today", type_=Date)))
"""Joins what a person holds on the day bound as ``today``."""


def owner(rows: Sequence[Any]) -> Person:
    """Return the person whose rows these are, one for each membership, read with OWNER's columns."""
    first = rows[0]
    held = tuple(
        Membership(row.m_id, first.id, row.role, Capacity(row.capacity), row.since, row.until, row.decree)
        for row in rows
        if row.m_id is not None
    )
    return Person(
        **{name: getattr(first, name) for name in OWN},
        memberships=held,
        second_factor=first.second_factor,
        must_enrol=not first.second_factor and any(m.role in (first.asked or {}).get("roles", ()) for m in held),
    )


def everyone(tx: Transaction, person_id: str | None = None) -> tuple[Person, ...]:
    """Return every person (or the one with *person_id*) with all memberships, by name."""
    last = (
        select(sign_in_attempt.c.account, func.max(sign_in_attempt.c.at).label("at"))
        .where(sign_in_attempt.c.succeeded)
        .group_by(sign_in_attempt.c.account)
        .subquery()
    )
    query = (
        select(*OWNER, last.c.at)
        .outerjoin(membership, membership.c.person_id == person.c.id)
        .outerjoin(last, last.c.account == person.c.id)
        .order_by(person.c.name, person.c.id, membership.c.since, membership.c.id)
    )
    if person_id is not None:
        query = query.where(person.c.id == person_id)
    found = groupby(tx.connection.execute(query).all(), key=lambda row: row.id)
    whole = [list(rows) for _, rows in found]
    return tuple(replace(owner(rows), last_sign_in_at=rows[0].at) for rows in whole)


def by_id(tx: Transaction, person_id: str) -> Person | None:
    """Return one person."""
    found = everyone(tx, person_id)
    return found[0] if found else None


def names(tx: Transaction, ids: Collection[str] | None = None) -> dict[str, str]:
    """Return names by person id."""
    query = select(person.c.id, person.c.name)
    if ids is not None:
        query = query.where(person.c.id.in_(ids))
    return dict(tx.connection.execute(query).all())


def memberships(tx: Transaction, roles: Collection[str]) -> tuple[Membership, ...]:
    """Return who held which of *roles*, past and to come, definitive holders last."""
    columns = [membership.c[name] for name in Membership.__dataclass_fields__]
    query = select(*columns).where(membership.c.role.in_(roles))
    held = (Membership(**{**row._mapping, "capacity": Capacity(row.capacity)}) for row in tx.connection.execute(query))
    return tuple(sorted(held, key=lambda each: (each.capacity is Capacity.DEFINITIVE, each.since, each.id)))


MEMBERS = (
    select(membership.c.role, person.c.id, person.c.name)
    .join(person, person.c.id == membership.c.person_id)
    .where(person.c.active, in_force(bindparam("today", type_=Date)))
    .order_by(person.c.name, person.c.id)
)
MEMBERS_IN = MEMBERS.where(membership.c.role.in_(bindparam("roles", expanding=True)))


Members = Mapping[str, Mapping[str, str]]
"""Active people by role: {role: {person id: name}}."""


def members(tx: Transaction, day: date, roles: Collection[str] | None = None) -> dict[str, dict[str, str]]:
    """Return active people by role on *day*: {role: {person id: name}}."""
    if roles is None:
        rows = tx.connection.execute(MEMBERS, {"today": day})
    else:
        rows = tx.connection.execute(MEMBERS_IN, {"today": day, "roles": list(roles)})
    found: dict[str, dict[str, str]] = {}
    for role, id_, name in rows:
        found.setdefault(role, {})[id_] = name
    return found


def roles_known(tx: Transaction) -> tuple[str, ...]:
    """Return every role that some membership names."""
    return tuple(tx.connection.scalars(select(membership.c.role).distinct().order_by(membership.c.role)))


def sample_people(tx: Transaction) -> bool:
    """Whether sample people exist and are active."""
    return tx.connection.scalar(select(person.c.id).where(person.c.sample, person.c.active).limit(1)) is not None


def any_people(tx: Transaction) -> bool:
    """Whether anybody has an account yet."""
    return tx.connection.scalar(select(person.c.id).limit(1)) is not None


def commit(tx: Transaction, person_id: str, value: str) -> str:
    """Keep a personal value apart from history, and return the commitment by which a line holds it."""
    salt = secrets.token_hex(16)
    of = commitment(salt, value)
    kept = {"commitment": of, "person_id": person_id, "salt": salt, "value": value}
    tx.connection.execute(insert(personal_value), kept)
    return of


def values_of(tx: Transaction, commitments: Collection[str]) -> Sequence[Any]:
    """Return what some commitments stand for, with their salts; both are None where they were erased."""
    return tx.connection.execute(select(personal_value).where(personal_value.c.commitment.in_(commitments))).all()


def erase_values(tx: Transaction, person_id: str) -> list[str]:
    """Erase what a person's commitments stand for, with the salts, and return them."""
    its = personal_value.c.person_id == person_id
    tx.connection.execute(update(personal_value).where(its).values(salt=None, value=None))
    return sorted(tx.connection.scalars(select(personal_value.c.commitment).where(its)))


def add(tx: Transaction, new: Person, password_hash: str | None, now: datetime) -> str:
    """Write a person and their memberships; the commitment to the name."""
    commits = commit(tx, new.id, new.name)
    facts = {"password_hash": password_hash, "created_at": now, "name_commitment": commits}
    tx.connection.execute(insert(person), {name: getattr(new, name) for name in OWN} | facts)
    for held in new.memberships:
        add_membership(tx, held)
    return commits


def change(tx: Transaction, person_id: str, **values: Any) -> None:
    """Change a person's row."""
    tx.connection.execute(update(person).where(person.c.id == person_id).values(**values))


def add_membership(tx: Transaction, held: Membership) -> None:
    """Write a membership."""
    tx.connection.execute(insert(membership), {**asdict(held), "capacity": held.capacity.value})


def end_membership(tx: Transaction, membership_id: str, until: date) -> None:
    """End a membership on *until*, that day included."""
    tx.connection.execute(update(membership).where(membership.c.id == membership_id).values(until=until))


def second_factor_of(tx: Transaction, person_id: str) -> bytes | None:
    """Return a person's second factor as it is stored."""
    return tx.connection.scalar(select(second_factor.c.sealed).where(second_factor.c.person_id == person_id))


def set_second_factor(tx: Transaction, person_id: str, sealed: bytes | None) -> bool:
    """Write a person's second factor in place of the one before, or none; whether there was one."""
    had = tx.connection.execute(delete(second_factor).where(second_factor.c.person_id == person_id)).rowcount == 1
    if sealed is not None:
        tx.connection.execute(insert(second_factor), {"person_id": person_id, "sealed": sealed})
    return had


# ── proposals ───────────────────────────────────────────────────────────────────────────────────────────────────────


def propose(tx: Transaction, new: Proposal) -> None:
    """Write a proposal."""
    facts = asdict(new)
    tx.connection.execute(insert(proposal), {**facts.pop("held"), **facts})


def proposals(tx: Transaction, now: datetime) -> tuple[Proposal, ...]:
    """Return the proposals that did not lapse, oldest first."""
    query = select(proposal).where(proposal.c.proposed_at > now - PROPOSAL_LASTS)
    return tuple(
        Proposal(Membership(row.id, row.person_id, row.role, Capacity(row.capacity), *row[4:7]), *row[7:])
        for row in tx.connection.execute(query.order_by(proposal.c.proposed_at, proposal.c.id))
    )


def settle(tx: Transaction, id_: str) -> bool:
    """Delete a proposal; False if somebody else was first."""
    return tx.connection.execute(delete(proposal).where(proposal.c.id == id_)).rowcount == 1


# ── sign-in ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def credentials(tx: Transaction, person_id: str) -> Credentials | None:
    """Return what signing in as *person_id* compares with."""
    row = tx.connection.execute(
        select(
            person.c.id,
            person.c.password_hash,
            person.c.active,
            person.c.must_change_password,
            person.c.deactivated_at,
            select(second_factor.c.person_id).where(second_factor.c.person_id == person.c.id).exists(),
        ).where(person.c.id == person_id)
    ).one_or_none()
    return None if row is None else Credentials(*row)


def one_at_a_time(tx: Transaction, account: str) -> None:
    """Let tries for one account wait for each other until they commit; on SQLite every write does."""
    if tx.connection.dialect.name == "postgresql":
        lock = func.pg_advisory_xact_lock(func.hashtext("alur.sign_in"), func.hashtext(account))
        tx.connection.execute(select(lock))


def known_device(tx: Transaction, account: str, device: str | None) -> bool:
    """Whether *account* signed in from *device* before."""
    right = select(sign_in_attempt.c.id).where(*_of_device(account, device), sign_in_attempt.c.succeeded)
    return device is not None and tx.connection.scalar(right.limit(1)) is not None


def note_attempt(work: Work, account: str, address: str, device: str | None) -> int:
    """Write a try down as a wrong one and return its id; *device* if it is a known one."""
    facts = {"account": account, "address": address, "device": device, "at": work.now, "succeeded": False}
    return int(work.connection.execute(insert(sign_in_attempt).returning(sign_in_attempt.c.id), facts).scalar_one())


def take_back(
    tx: Transaction, *, attempt: int | None = None, session_id: str | None = None, account: str | None = None
) -> None:
    """Delete a try that was right and is no sign-in, or the wrong ones of a session, or those for an account."""
    its = sign_in_attempt.c
    given = ((its.id, attempt), (its.device, session_id), (its.account, account))
    which = or_(*(column == value for column, value in given if value is not None))
    tx.connection.execute(delete(sign_in_attempt).where(which, its.succeeded.is_(False)))


def wrong_tries(
    tx: Transaction, account: str, address: str, device: str | None, since: datetime
) -> tuple[tuple[int, datetime], ...]:
    """Return how many wrong tries there were since then, and the last of them.

    Of the account from *device* after its last right one there; without a device those of all devices that were not
    known: of the account from *address*, of the account, and from *address*.
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
    """Return how many tries for an account were wrong since its last right one, *attempt* aside."""
    its = sign_in_attempt.c
    right = select(func.coalesce(func.max(its.id), 0)).where(its.account == account, its.succeeded).scalar_subquery()
    wrong = select(func.count()).where(its.account == account, its.succeeded.is_(False), its.id > right)
    return tx.connection.scalar(wrong.where(its.id != attempt)) or 0


def note_success(tx: Transaction, attempt: int, device: str) -> None:
    """Turn a try into a sign-in from *device*, which is known from then on."""
    right = update(sign_in_attempt).where(sign_in_attempt.c.id == attempt)
    tx.connection.execute(right.values(succeeded=True, device=device))


def _of_device(account: str, device: str | None) -> tuple[ColumnElement[bool], ...]:
    return sign_in_attempt.c.account == account, sign_in_attempt.c.device == device


def open_session(tx: Transaction, id_: str, person_id: str, now: datetime, user_agent: str, awaits_code: bool) -> None:
    """Write a session."""
    facts = {"id": id_, "person_id": person_id, "created_at": now, "last_seen_at": now, "awaits_code": awaits_code}
    tx.connection.execute(insert(web_session), {**facts, "user_agent": user_agent[:300]})


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session with the person it belongs to and the memberships in force."""

    id: str
    created_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None
    awaits_code: bool
    person: Person


SESSION = Prepared(  # every request asks it
    select(
        web_session.c.id.label("session_id"),
        web_session.c.created_at,
        web_session.c.last_seen_at,
        web_session.c.ended_at,
        web_session.c.awaits_code,
        *OWNER,
    )
    .join(person, person.c.id == web_session.c.person_id)
    .outerjoin(membership, HELD_TODAY)
    .where(web_session.c.id == bindparam("its_id"))
    .order_by(membership.c.capacity, membership.c.since)
)


def session(tx: Transaction, id_: str, today: date) -> SessionRow | None:
    """Return the session with its person and the memberships in force *today*, in one statement."""
    rows = SESSION.rows(tx.connection, {"its_id": id_, "today": today})
    if not rows:
        return None
    first = rows[0]
    facts = (first.session_id, first.created_at, first.last_seen_at, first.ended_at, first.awaits_code)
    return SessionRow(*facts, owner(rows))


def touch_session(tx: Transaction, id_: str, now: datetime) -> None:
    """Note that a session is in use."""
    tx.connection.execute(update(web_session).where(web_session.c.id == id_).values(last_seen_at=now))


def end_sessions(
    tx: Transaction, now: datetime, *, id_: str | None = None, person_id: str | None = None, but: str | None = None
) -> int:
    """End one session, or every session of a person (*but* one); how many ended."""
    query = update(web_session).where(web_session.c.ended_at.is_(None)).values(ended_at=now)
    if id_ is not None:
        query = query.where(web_session.c.id == id_)
    if person_id is not None:
        query = query.where(web_session.c.person_id == person_id)
    if but is not None:
        query = query.where(web_session.c.id != but)
    return tx.connection.execute(query).rowcount


def forget_sessions(tx: Transaction, before: datetime) -> None:
    """Delete sessions and failed tries last seen *before* that instant."""
    tx.connection.execute(delete(web_session).where(web_session.c.last_seen_at < before))
    tx.connection.execute(
        delete(sign_in_attempt).where(sign_in_attempt.c.at < before, sign_in_attempt.c.succeeded.is_(False))
    )


def sessions_of(tx: Transaction, person_id: str) -> tuple[tuple[str, datetime, datetime, str], ...]:
    """Return (id, begun, last seen, browser) of a person's open sessions."""
    query = (
        select(web_session.c.id, web_session.c.created_at, web_session.c.last_seen_at, web_session.c.user_agent)
        .where(web_session.c.person_id == person_id, web_session.c.ended_at.is_(None), ~web_session.c.awaits_code)
        .order_by(web_session.c.last_seen_at.desc())
    )
    return tuple((a, b, c, d or "") for a, b, c, d in tx.connection.execute(query))


def set_reset_code(tx: Transaction, person_id: str, code_hash: str, expires_at: datetime) -> None:
    """Write a one-time code in place of an earlier one."""
    tx.connection.execute(delete(reset_code).where(reset_code.c.person_id == person_id))
    facts = {"person_id": person_id, "code_hash": code_hash, "expires_at": expires_at}
    tx.connection.execute(insert(reset_code), facts)


def reset_code_of(tx: Transaction, person_id: str) -> tuple[str, datetime] | None:
    """Return (hash, expiry) of a person's one-time code."""
    row = tx.connection.execute(
        select(reset_code.c.code_hash, reset_code.c.expires_at).where(reset_code.c.person_id == person_id)
    ).one_or_none()
    return None if row is None else (row.code_hash, row.expires_at)


def drop_reset_code(tx: Transaction, person_id: str) -> bool:
    """Delete a one-time code; False if there is none."""
    return tx.connection.execute(delete(reset_code).where(reset_code.c.person_id == person_id)).rowcount == 1
