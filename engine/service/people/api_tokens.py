"""Tokens of the API: a person's own, each with a name and an end, and the answers kept for repeated requests.

A token is 32 random bytes; the database holds only its SHA-256, so that a stolen backup opens nothing, and a slow hash
would add nothing (there is nothing to guess). It carries no rights of its own: whoever shows it is its person, with
that person's memberships of today, so that a membership that ended ends for scripts too, and within its scopes, which
each operation of the API states. A token is refused while its person's account is off, must set a new password or
lacks a second factor that their role asks for.

Issuing one asks for the password again. Tokens from before there were scopes were issued without it, and nobody can
tell one from what somebody took from an open browser: they keep all scopes, so that programs go on, and end 30 days
after the migration at the latest.

A write may carry an idempotency key. The key is reserved before the write begins and never runs twice: if the server
stops between a write and keeping its answer, the key stays taken, and whoever repeats the request is told to look
before trying under a new key. That is at most once; at least once is what no key gives.
"""

import hashlib
import secrets
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from engine.model.errors import AlurError, Conflict, FieldError, InvalidForm, NotFound
from engine.model.history import Action, HistoryEvent
from engine.model.people import Actor, Person
from engine.service.office.business_calendar import Office
from engine.service.people.accounts import Accounts, Retyped
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
    """What a token may be used for: each operation of the API is in one of these."""

    READ = "read"
    WORK = "work"
    START = "start"
    DEPLOY = "deploy"
    ADMINISTER = "administer"


class TokenRefused(AlurError):
    """A token opens nothing.

    *reason* is a key: "unknown", "expired", "revoked", "inactive", "password", "second_factor".
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """Who asks by a token."""

    actor: Actor
    person: Person
    token: TokenRecord


@dataclass(frozen=True)
class Tokens:
    """Issuing, showing and revoking tokens; who a token belongs to."""

    database: Database
    office: Office
    accounts: Accounts

    def issue(
        self, actor: Actor, name: str, days: int, scopes: Collection[str], retyped: Retyped, now: datetime
    ) -> tuple[TokenRecord, str]:
        """Return a new token of the actor's own, and its text, which is nowhere else from then on.

        InvalidForm names what is wrong; SignInRefused or SignInThrottled if *retyped* does not prove who asks.
        """
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
            held = [t for t in tokens.of_person(work, actor.person_id) if t.revoked_at is None and t.expires_at > now]
            if len(held) >= MOST_TOKENS:
                raise InvalidForm([FieldError("nama", "name", name, "maxItems")], entries)
            tokens.add(work, new, hash_of(text))
            change = {"token": new.id, "name": name, "expires_at": new.expires_at, "scopes": granted}
            change["sha256"] = hash_of(text)
            work.record(f"person:{actor.person_id}", HistoryEvent(Action.TOKEN_ISSUED, change=change))
        return new, text

    def own(self, actor: Actor) -> tuple[TokenRecord, ...]:
        """Return the actor's tokens, newest first."""
        return self.database.ask(tokens.of_person, actor.person_id)

    def revoke(self, actor: Actor, token_id: str, now: datetime) -> None:
        """End a token of the actor's own, at once and for good."""
        with self.database.write(actor, now) as work:
            if not tokens.revoke(work, actor.person_id, token_id, now):
                raise NotFound(token_id)
            work.record(f"person:{actor.person_id}", HistoryEvent(Action.TOKEN_REVOKED, change={"token": token_id}))

    def holder(self, text: str, now: datetime) -> TokenHolder:
        """Return who shows the token *text*; TokenRefused if it opens nothing."""
        found = self.database.ask(tokens.by_hash, hash_of(text), self.office.today(now))
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
        """Take *key* for a request, or return what the same request was answered before.

        Raises Conflict("key_reused") for a key that another request had, Conflict("key_in_use") while the first
        request under it is under way, or if it never came to an end.
        """
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
            raise Conflict("key_in_use", at=now) from None  # PostgreSQL: another took it at the same moment
        if kept.fingerprint != fingerprint:
            raise Conflict("key_reused", at=kept.created_at)
        if kept.status is None:
            raise Conflict("key_in_use", at=kept.created_at)
        return kept

    def keep(self, actor: Actor, key: str, status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Keep the answer to the request that reserved *key*."""
        with self.database.write(actor, now) as work:
            tokens.keep_reply(work, actor.person_id, key, status, headers, body)

    def free(self, actor: Actor, key: str, now: datetime) -> None:
        """Give *key* back: the request that reserved it did nothing."""
        with self.database.write(actor, now) as work:
            tokens.free(work, actor.person_id, key)


def hash_of(text: str) -> str:
    """Return the hash under which a token is stored."""
    return hashlib.sha256(text.encode()).hexdigest()
