"""API tokens of people, with name, scopes and expiry; and stored replies for repeated requests.

A token is 32 random bytes; the database holds only its SHA-256, so that a stolen backup opens nothing. A slow hash
is not needed, as random bytes cannot be guessed. A token acts as its person, with their memberships of today, within
the scopes that each operation of the API states. It is refused while the account is inactive, must set a new password,
or lacks a second factor that a role requires.

Issuing a token needs the password again. Tokens from before scopes were issued without it, perhaps by a stranger at an
open browser: they keep all scopes, so that programs continue, but expire at most 30 days after the migration.

A write may have an idempotency key. The key is reserved before the write and never used twice: if the server stops
between the write and storing the reply, the key stays taken, and a repeated request is told to check first and then use
a new key. This guarantees at most once; no key can guarantee at least once.
"""

import secrets
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from engine.model.errors import AlurError, Conflict, FieldError, InvalidForm, NotFound
from engine.model.history import Action, sha256_of
from engine.model.people import Actor, Person
from engine.service.office.business_calendar import Office
from engine.service.people.accounts import Accounts, Retyped, still_in
from engine.store.database import Database
from engine.store.queries import tokens
from engine.store.queries.tokens import KeptReply, TokenRecord

__all__ = ["KeptReply", "TokenHolder", "TokenRecord", "TokenRefused", "Tokens"]

PREFIX = "alur_"
VALIDITY_DAYS = (30, 90, 365)
LONGEST_NAME = 80
MOST_TOKENS = 50
TOUCH_EVERY = timedelta(seconds=60)
KEPT = timedelta(hours=24)


class Scope(StrEnum):
    """A permitted use of a token; each operation of the API requires one."""

    READ = "read"
    WORK = "work"
    START = "start"
    DEPLOY = "deploy"
    ADMINISTER = "administer"


class TokenRefused(AlurError):
    """A token is refused: "unknown", "expired", "revoked", "inactive", "password", "second_factor" or "missing"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """The person who uses a token."""

    actor: Actor
    person: Person
    token: TokenRecord


@dataclass(frozen=True)
class Tokens:
    """Issuing, checking and revoking tokens."""

    database: Database
    office: Office
    accounts: Accounts

    def issue(
        self, actor: Actor, name: str, days: int, scopes: Collection[str], retyped: Retyped, now: datetime
    ) -> tuple[TokenRecord, str]:
        """Return a new token and its text, which is not stored; raises InvalidForm, SignInRefused, SignInThrottled."""
        name = " ".join(name.split())
        entries = {"nama": [name], "masa": [str(days)]}
        errors = []
        if not 1 <= len(name) <= LONGEST_NAME:
            errors.append(FieldError("nama", "name", name, "required"))
        if days not in VALIDITY_DAYS:
            errors.append(FieldError("masa", "days", str(days), "enum"))
        if not scopes or not set(scopes) <= set(Scope):
            errors.append(FieldError("cakupan", "scopes", "", "scopes"))
        if errors:
            raise InvalidForm(errors, entries)
        self.accounts.confirm(actor, retyped, now, with_code=True)
        text = PREFIX + secrets.token_urlsafe(32)
        granted, ends = " ".join(scope for scope in Scope if scope in scopes), now + timedelta(days=days)
        new = TokenRecord(str(uuid.uuid4()), actor.person_id, name, now, ends, None, None, granted)
        with self.database.write(actor, now) as work:
            still_in(work, actor)
            held = [t for t in tokens.of_person(work, actor.person_id) if t.revoked_at is None and t.expires_at > now]
            if len(held) >= MOST_TOKENS:
                raise InvalidForm([FieldError("nama", "name", name, "maxItems")], entries)
            tokens.add(work, new, sha256_of(text))
            change = {"name": name, "expires_at": new.expires_at, "scopes": granted, "sha256": sha256_of(text)}
            work.tell(actor.person_id, Action.TOKEN_ISSUED, token=new.id, **change)
        return new, text

    def own(self, actor: Actor) -> tuple[TokenRecord, ...]:
        """Return the actor's tokens, newest first."""
        return self.database.ask(tokens.of_person, actor.person_id)

    def revoke(self, actor: Actor, token_id: str, now: datetime) -> None:
        """Revoke a token of the actor."""
        with self.database.write(actor, now) as work:
            if not tokens.revoke(work, actor.person_id, token_id, now):
                raise NotFound(token_id)
            work.tell(actor.person_id, Action.TOKEN_REVOKED, token=token_id)

    def holder(self, text: str, now: datetime) -> TokenHolder:
        """Return the person of the token *text*; TokenRefused if it is not accepted."""
        found = self.database.ask(tokens.by_hash, sha256_of(text), self.office.today(now))
        if found is None:
            raise TokenRefused("unknown")
        token, person = found
        if token.revoked_at is not None:
            raise TokenRefused("revoked")
        if token.expires_at <= now:
            raise TokenRefused("expired")
        if not person.active:
            raise TokenRefused("inactive")
        if person.must_change_password:
            raise TokenRefused("password")
        if person.must_enrol:
            raise TokenRefused("second_factor")
        actor = Actor.of(person)
        if token.last_used_at is None or now - token.last_used_at > TOUCH_EVERY:
            with self.database.write(actor, now) as work:
                tokens.touch(work, token.id, now)
        return TokenHolder(actor, person, token)

    # ── requests that are repeated ──────────────────────────────────────────────────────────────────────────────────

    def reserve(self, actor: Actor, key: str, fingerprint: str, now: datetime) -> KeptReply | None:
        """Reserve *key* for a request, or return its stored reply; raises Conflict "key_reused" or "key_in_use"."""
        try:
            with self.database.write(actor, now) as work:
                tokens.forget_replies(work, now - KEPT)
                kept = tokens.kept_reply(work, actor.person_id, key)
                if kept is None:
                    tokens.reserve(work, actor.person_id, key, fingerprint, now)
                    return None
        except Conflict as conflict:
            if conflict.reason != "duplicate":
                raise
            raise Conflict("key_in_use", at=now) from None  # PostgreSQL: another request reserved it first
        if kept.fingerprint != fingerprint:
            raise Conflict("key_reused", at=kept.created_at)
        if kept.status is None:
            raise Conflict("key_in_use", at=kept.created_at)
        return kept

    def keep(self, actor: Actor, key: str, status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Store the reply to the request that reserved *key*."""
        with self.database.write(actor, now) as work:
            tokens.keep_reply(work, actor.person_id, key, status, headers, body)

    def free(self, actor: Actor, key: str, now: datetime) -> None:
        """Release *key*, whose request did nothing."""
        with self.database.write(actor, now) as work:
            tokens.free(work, actor.person_id, key)
