"""Tokens of the API, and the answers kept for requests that are repeated."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, insert, select, update

from engine.model.people import Person
from engine.store.driver_statements import Prepared
from engine.store.queries import Transaction
from engine.store.queries.people import HELD_TODAY, OWNER, owner
from engine.store.tables import api_token, idempotency_key, membership, person


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A token's row; the token itself is nowhere but with who holds it."""

    id: str
    person_id: str
    name: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    scopes: str  # words with spaces between


@dataclass(frozen=True, slots=True)
class KeptReply:
    """What a request with an idempotency key was answered; *status* is None while it is under way."""

    fingerprint: str
    created_at: datetime
    status: int | None
    headers: Mapping[str, str]
    body: bytes


COLUMNS = tuple(api_token.c[name] for name in TokenRecord.__dataclass_fields__)
REPLY = tuple(idempotency_key.c[name] for name in KeptReply.__dataclass_fields__)


def add(tx: Transaction, new: TokenRecord, sha256: str) -> None:
    """Write a token's row."""
    facts = {column.name: getattr(new, column.name) for column in COLUMNS}
    tx.connection.execute(insert(api_token), {**facts, "sha256": sha256})


def of_person(tx: Transaction, person_id: str) -> tuple[TokenRecord, ...]:
    """Return a person's tokens, newest first."""
    query = select(*COLUMNS).where(api_token.c.person_id == person_id)
    rows = tx.connection.execute(query.order_by(api_token.c.created_at.desc(), api_token.c.id))
    return tuple(TokenRecord(*row) for row in rows)


HOLDER = Prepared(  # every request of a program asks it
    select(*(column.label(f"t_{column.name}") for column in COLUMNS), *OWNER)
    .join(person, person.c.id == api_token.c.person_id)
    .outerjoin(membership, HELD_TODAY)
    .where(api_token.c.sha256 == bindparam("its_hash"))
    .order_by(membership.c.capacity, membership.c.since)
)


def by_hash(tx: Transaction, sha256: str, today: date) -> tuple[TokenRecord, Person] | None:
    """Return the token with its person and the memberships in force *today*, in one statement."""
    rows = HOLDER.rows(tx.connection, {"its_hash": sha256, "today": today})
    return (TokenRecord(*rows[0][: len(COLUMNS)]), owner(rows)) if rows else None


def touch(tx: Transaction, token_id: str, now: datetime) -> None:
    """Note that a token is in use."""
    tx.connection.execute(update(api_token).where(api_token.c.id == token_id).values(last_used_at=now))


def revoke(tx: Transaction, person_id: str, token_id: str, now: datetime) -> bool:
    """Revoke a token of *person_id*; False if they have no such token that is not revoked."""
    result = tx.connection.execute(
        update(api_token)
        .where(api_token.c.id == token_id, api_token.c.person_id == person_id, api_token.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    return result.rowcount == 1


def revoke_all(tx: Transaction, person_id: str, now: datetime) -> int:
    """Revoke every token of *person_id* that would open something; how many there were."""
    its = (api_token.c.person_id == person_id, api_token.c.revoked_at.is_(None), api_token.c.expires_at > now)
    return tx.connection.execute(update(api_token).where(*its).values(revoked_at=now)).rowcount


# ── answers kept ────────────────────────────────────────────────────────────────────────────────────────────────────


def kept_reply(tx: Transaction, person_id: str, key: str) -> KeptReply | None:
    """Return what is kept under a person's key."""
    row = tx.connection.execute(select(*REPLY).where(_of(person_id, key))).one_or_none()
    if row is None:
        return None
    return KeptReply(row.fingerprint, row.created_at, row.status, row.headers or {}, bytes(row.body or b""))


def reserve(tx: Transaction, person_id: str, key: str, fingerprint: str, now: datetime) -> None:
    """Take a key for the request that begins; Conflict("duplicate") if another just did."""
    tx.connection.execute(
        insert(idempotency_key), {"person_id": person_id, "key": key, "fingerprint": fingerprint, "created_at": now}
    )


def keep_reply(tx: Transaction, person_id: str, key: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Write the answer under a key that was reserved."""
    values: dict[str, Any] = {"status": status, "headers": dict(headers), "body": body}
    tx.connection.execute(update(idempotency_key).where(_of(person_id, key)).values(**values))


def free(tx: Transaction, person_id: str, key: str) -> None:
    """Give a key back under which nothing was done."""
    tx.connection.execute(delete(idempotency_key).where(_of(person_id, key)))


def forget_replies(tx: Transaction, before: datetime) -> None:
    """Delete what was kept *before* that instant."""
    tx.connection.execute(delete(idempotency_key).where(idempotency_key.c.created_at < before))


def _of(person_id: str, key: str) -> Any:
    return and_(idempotency_key.c.person_id == person_id, idempotency_key.c.key == key)
