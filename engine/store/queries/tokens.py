"""API tokens, and stored replies for repeated requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, insert, select, update

from engine.model.people import Person
from engine.store.driver_statements import Prepared
from engine.store.queries import Rows, Transaction, changed
from engine.store.queries.people import AWAY, HELD_TODAY, OWNER, owner
from engine.store.tables import api_token, idempotency_key, membership, person


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """The row of a token; the token itself is not stored."""

    id: str
    person_id: str
    name: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    scopes: str  # separated by spaces


@dataclass(frozen=True, slots=True)
class KeptReply:
    """The reply to a request with an idempotency key; *status* is None while the request is running."""

    fingerprint: str
    created_at: datetime
    status: int | None
    headers: Mapping[str, str]
    body: bytes


TOKEN = Rows(TokenRecord, api_token)
REPLY = tuple(idempotency_key.c[name] for name in KeptReply.__dataclass_fields__)


def add(tx: Transaction, new: TokenRecord, sha256: str) -> None:
    """Write the row of a token."""
    tx.connection.execute(insert(api_token), {**TOKEN.written(new), "sha256": sha256})


def of_person(tx: Transaction, person_id: str) -> tuple[TokenRecord, ...]:
    """Return the tokens of a person, newest first."""
    query = TOKEN.query.where(api_token.c.person_id == person_id)
    return TOKEN.every(tx, query.order_by(api_token.c.created_at.desc(), api_token.c.id))


HOLDER = Prepared(  # run by every API request
    select(*(column.label(f"t_{column.name}") for column in TOKEN.columns), *OWNER, AWAY)
    .join(person, person.c.id == api_token.c.person_id)
    .outerjoin(membership, HELD_TODAY)
    .where(api_token.c.sha256 == bindparam("its_hash"))
    .order_by(membership.c.capacity, membership.c.since)
)


def by_hash(tx: Transaction, sha256: str, today: date) -> tuple[TokenRecord, Person] | None:
    """Return a token and its person with the memberships on *today*, by one statement."""
    rows = HOLDER.rows(tx.connection, {"its_hash": sha256, "today": today})
    return (TOKEN.read(rows[0]), owner(rows)) if rows else None


def touch(tx: Transaction, token_id: str, now: datetime) -> None:
    """Record that a token is in use."""
    tx.connection.execute(update(api_token).where(api_token.c.id == token_id).values(last_used_at=now))


def revoke(tx: Transaction, person_id: str, token_id: str, now: datetime) -> bool:
    """Revoke a token of *person_id*; return False if there is none or it is revoked already."""
    its = (api_token.c.id == token_id, api_token.c.person_id == person_id, api_token.c.revoked_at.is_(None))
    return changed(tx, update(api_token).where(*its).values(revoked_at=now)) == 1


def revoke_all(tx: Transaction, person_id: str, now: datetime) -> int:
    """Revoke all valid tokens of *person_id*; return their number."""
    its = (api_token.c.person_id == person_id, api_token.c.revoked_at.is_(None), api_token.c.expires_at > now)
    return changed(tx, update(api_token).where(*its).values(revoked_at=now))


# ── stored replies ──────────────────────────────────────────────────────────────────────────────────────────────────


def kept_reply(tx: Transaction, person_id: str, key: str) -> KeptReply | None:
    """Return the reply stored under a person's key."""
    row = tx.connection.execute(select(*REPLY).where(_of(person_id, key))).one_or_none()
    if row is None:
        return None
    return KeptReply(row.fingerprint, row.created_at, row.status, row.headers or {}, bytes(row.body or b""))


def reserve(tx: Transaction, person_id: str, key: str, fingerprint: str, now: datetime) -> None:
    """Reserve a key for a request; Conflict("duplicate") if it is taken."""
    facts = {"person_id": person_id, "key": key, "fingerprint": fingerprint, "created_at": now}
    tx.connection.execute(insert(idempotency_key), facts)


def keep_reply(tx: Transaction, person_id: str, key: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Store the reply under a reserved key."""
    values: dict[str, Any] = {"status": status, "headers": dict(headers), "body": body}
    tx.connection.execute(update(idempotency_key).where(_of(person_id, key)).values(**values))


def free(tx: Transaction, person_id: str, key: str) -> None:
    """Release a key whose request did nothing."""
    tx.connection.execute(delete(idempotency_key).where(_of(person_id, key)))


def forget_replies(tx: Transaction, before: datetime) -> None:
    """Delete replies stored *before* that instant."""
    tx.connection.execute(delete(idempotency_key).where(idempotency_key.c.created_at < before))


def _of(person_id: str, key: str) -> Any:
    return and_(idempotency_key.c.person_id == person_id, idempotency_key.c.key == key)
