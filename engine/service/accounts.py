"""Signing in, sessions and passwords.

Passwords are hashed with Argon2id (RFC 9106, the library's low-memory profile). A session is a random token in the
cookie; the database holds only its SHA-256, so that a stolen backup opens no session. Failed tries are counted in the
database, per account and per address, because web workers share nothing else. One text answers a wrong name and a
wrong password alike, and an unknown account costs the same time as a known one.

What a credential opened ends with it: a new password, a reset by the operator, *keluar dari semua sesi* and an account
that is switched off end sessions and API tokens alike, and after a reset the old password opens nothing.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.model.errors import AlurError, NotPermitted
from engine.model.history import Action, Deed
from engine.model.people import Actor, OfficeRole, Person
from engine.service.office import Office
from engine.store.database import Database
from engine.store.queries import people, tokens
from engine.store.unit_of_work import Work

WINDOW = timedelta(minutes=15)
TRIES_PER_ACCOUNT = 5
TRIES_PER_ADDRESS = 40
CODE_LASTS = timedelta(hours=24)
CODE_TRIES = 5
TOUCH_EVERY = timedelta(seconds=60)
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


class SignInRefused(AlurError):
    """Name or password is wrong."""


class SignInThrottled(AlurError):
    """Too many tries; *until* is the instant from which one may try again."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


class AccountInactive(AlurError):
    """The account is off since *since*."""

    def __init__(self, since: datetime | None) -> None:
        super().__init__()
        self.since = since


class WeakPassword(AlurError):
    """The new password cannot be taken; *reason* is a key: "short", "long", "name", "same", "wrong_old"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who asks, with the session they ask under."""

    actor: Actor
    person: Person
    session_id: str
    idle_until: datetime


def random_password() -> str:
    """Return a password that can be read aloud: three groups of five, without look-alikes (74 bits)."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(3))


@dataclass(frozen=True)
class Accounts:
    """Signing in and out; who a session belongs to."""

    database: Database
    office: Office
    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=12)
    hasher: PasswordHasher = field(
        default_factory=lambda: PasswordHasher(time_cost=3, memory_cost=65536, parallelism=1)
    )
    _decoy: list[str] = field(default_factory=list)

    def sign_in(self, account: str, password: str, address: str, user_agent: str, now: datetime) -> str:
        """Open a session and return its token; SignInRefused, SignInThrottled or AccountInactive."""
        account = account.strip().lower()[:64]
        with self.database.read() as reader:
            for_account, from_address, last = people.failures(reader, account, address, now - WINDOW)
            known = people.credentials(reader, account)
            code = people.reset_code_of(reader, account) if known else None
        if last is not None and (for_account >= TRIES_PER_ACCOUNT or from_address >= TRIES_PER_ADDRESS):
            raise SignInThrottled(last + WINDOW)
        used_code = accepted = False
        if known is None or known.password_hash is None:
            self._matches(self._decoy_hash(), password)  # the same time as for a known account
        else:
            accepted = self._matches(known.password_hash, password)
        if known is not None and not accepted and code is not None and code[1] > now and code[2] < CODE_TRIES:
            accepted = used_code = self._matches(code[0], password)
        with self.database.write(_actor(account), now) as work:
            people.note_attempt(work, account, address, now, accepted)
            if known is None or not accepted:
                if code is not None:
                    people.note_reset_try(work, account)
            elif known.active:
                token = secrets.token_urlsafe(32)
                people.open_session(work, session_id_of(token), account, now, user_agent)
                if used_code:  # a one-time code opens one session, in which a new password must be set
                    people.drop_reset_code(work, account)
                    people.change(work, account, must_change_password=True)
                    work.record(f"person:{account}", Deed(Action.PASSWORD_RESET, change={"by": "one-time code"}))
        if known is None or not accepted:
            raise SignInRefused
        if not known.active:
            raise AccountInactive(known.deactivated_at)
        return token

    def confirm(self, actor: Actor, password: str, address: str, now: datetime) -> None:
        """Let somebody who is signed in prove again that it is they; SignInRefused or SignInThrottled.

        A wrong password counts as a failed try to sign in: who found an open browser guesses no faster here. A right
        one is no sign-in and is not noted.
        """
        if not password:
            raise SignInRefused
        with self.database.read() as reader:
            for_account, from_address, last = people.failures(reader, actor.person_id, address, now - WINDOW)
            known = people.credentials(reader, actor.person_id)
        if last is not None and (for_account >= TRIES_PER_ACCOUNT or from_address >= TRIES_PER_ADDRESS):
            raise SignInThrottled(last + WINDOW)
        hashed = known.password_hash if known is not None and known.active else None
        if hashed is not None and self._matches(hashed, password):
            return
        with self.database.write(actor, now) as work:
            people.note_attempt(work, actor.person_id, address, now, False)
        raise SignInRefused

    def session(self, token: str, now: datetime) -> SignedIn | None:
        """Return who the session belongs to, or None if it ended, was idle too long, or never was."""
        id_ = session_id_of(token)
        with self.database.read() as reader:
            row = people.session(reader, id_, self.office.today(now))
        if row is None or row.ended_at is not None or not row.person.active:
            return None
        if now - row.last_seen_at > self.idle or now - row.created_at > self.longest:
            return None
        if now - row.last_seen_at > TOUCH_EVERY:
            with self.database.write(_actor(row.person.id), now) as work:
                people.touch_session(work, id_, now)
        actor = Actor(row.person.id, row.person.name, row.person.memberships, id_)
        return SignedIn(actor, row.person, id_, min(now + self.idle, row.created_at + self.longest))

    def owner(self, token: str) -> str | None:
        """Return whose session this is or was, also after it ended; only to give them back what they typed."""
        with self.database.read() as reader:
            row = people.session(reader, session_id_of(token), date.min)
        return None if row is None else row.person.id

    def sign_out(self, session_id: str, person_id: str, now: datetime) -> None:
        """End one session."""
        with self.database.write(_actor(person_id), now) as work:
            people.end_sessions(work, now, id_=session_id)

    def sign_out_everywhere(self, actor: Actor, now: datetime) -> int:
        """End every session and token of the actor; how many sessions there were."""
        with self.database.write(actor, now) as work:
            ended = end_access(work, actor.person_id)
            work.record(f"person:{actor.person_id}", Deed(Action.SESSIONS_ENDED, change=ended))
        return ended["sessions"]

    def sessions(self, actor: Actor) -> tuple[tuple[str, datetime, datetime, str], ...]:
        """Return the actor's open sessions: (id, begun, last seen, browser)."""
        with self.database.read() as reader:
            return people.sessions_of(reader, actor.person_id)

    def change_password(self, actor: Actor, old: str | None, new: str, now: datetime) -> None:
        """Set a new password; *old* may be None only while a change is demanded.

        Ends every other session, and every token.
        """
        with self.database.read() as reader:
            known = people.credentials(reader, actor.person_id)
        if known is None or not known.active:
            raise NotPermitted("inactive")
        if not known.must_change_password and not (
            known.password_hash and self._matches(known.password_hash, old or "")
        ):
            raise WeakPassword("wrong_old")
        check_password(actor.person_id, new)
        if known.password_hash and self._matches(known.password_hash, new):
            raise WeakPassword("same")
        hashed = self.hasher.hash(new)
        with self.database.write(actor, now) as work:
            people.change(work, actor.person_id, password_hash=hashed, must_change_password=False)
            people.drop_reset_code(work, actor.person_id)
            ended = end_access(work, actor.person_id, but=actor.session_id)
            work.record(f"person:{actor.person_id}", Deed(Action.PASSWORD_CHANGED, change=ended))

    def issue_reset_code(self, actor: Actor, person_id: str, now: datetime) -> str:
        """Return a one-time code that lets *person_id* sign in once and set a new password; for operators.

        The old password, sessions and tokens end at once: whoever asks for a code may have lost them to somebody.
        """
        if not actor.has(OfficeRole.OPERATOR):
            raise NotPermitted("role", roles=(OfficeRole.OPERATOR,))
        code = random_password()
        with self.database.write(actor, now) as work:
            if people.credentials(work, person_id) is None:
                raise NotPermitted("unknown")
            people.set_reset_code(work, person_id, self.hasher.hash(code), now + CODE_LASTS)
            people.change(work, person_id, password_hash=None, must_change_password=True)
            ended = end_access(work, person_id)
            work.record(f"person:{person_id}", Deed(Action.PASSWORD_RESET, change={"by": actor.person_id, **ended}))
        return code

    def set_locale(self, actor: Actor, locale: str, now: datetime) -> None:
        """Remember the language a person reads in."""
        with self.database.write(actor, now) as work:
            people.change(work, actor.person_id, locale=locale)
            work.record(f"person:{actor.person_id}", Deed(Action.PERSON_CHANGED, change={"new": {"locale": locale}}))

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self.hasher.verify(hashed, password[: LONGEST_PASSWORD + 1])
        except (VerificationError, InvalidHashError):
            return False

    def _decoy_hash(self) -> str:
        if not self._decoy:
            self._decoy.append(self.hasher.hash(secrets.token_urlsafe(16)))
        return self._decoy[0]


def end_access(work: Work, person_id: str, but: str | None = None) -> dict[str, int]:
    """End a person's sessions (*but* one) and tokens; how many, for the history line of what ended them."""
    return {
        "sessions": people.end_sessions(work, work.now, person_id=person_id, but=but),
        "tokens": tokens.revoke_all(work, person_id, work.now),
    }


def check_password(person_id: str, password: str) -> None:
    """Refuse a password that is too short, too long, or the account's own name (NIST SP 800-63B, 5.1.1.2)."""
    if len(password) < SHORTEST_PASSWORD:
        raise WeakPassword("short")
    if len(password) > LONGEST_PASSWORD:
        raise WeakPassword("long")
    if person_id.casefold() in password.casefold() or len(set(password)) < 5:
        raise WeakPassword("name")


def session_id_of(token: str) -> str:
    """Return the id under which the session of *token* is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def _actor(person_id: str) -> Actor:
    return Actor(person_id, person_id, ())
