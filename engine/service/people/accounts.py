"""Signing in, sessions and passwords.

Passwords are hashed with Argon2id (RFC 9106, the library's low-memory profile). A session is a random token in the
cookie; the database holds only its SHA-256, so that a stolen backup opens no session. ``attempts`` limits guessing. A
wrong name and a wrong password get the same answer, and an unknown account costs the same time as a known one.

Access ends with the credential that opened it: a new password, a reset by the operator, *akhiri semua sesi lain* and
deactivation end sessions, API tokens and links in e-mails. After a reset the old password is invalid.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.model.errors import AlurError, NotFound, NotPermitted, stated, there
from engine.model.history import Action, sha256_of
from engine.model.people import Actor, OfficeRole, Person
from engine.service.office.business_calendar import Office
from engine.service.people import attempts, passwords, second_factors
from engine.service.people.attempts import Source
from engine.service.people.passwords import LONGEST, WeakPassword
from engine.service.people.second_factors import random_code
from engine.store.database import Database
from engine.store.queries import people, tokens
from engine.store.queries.office import read_setting, write_setting
from engine.store.queries.people import OpenSession
from engine.store.unit_of_work import Work

CODE_LASTS = timedelta(hours=24)
CODE_WITHIN = timedelta(minutes=10)  # after the password
TOUCH_EVERY = timedelta(seconds=60)


class SignInRefused(AlurError):
    """Name or password is wrong."""


class PasswordOff(AlurError):
    """The password is right, but the account may sign in only through the OpenID provider."""


class AccountInactive(AlurError):
    """The account has been off since *since*."""

    def __init__(self, since: datetime | None) -> None:
        super().__init__()
        self.since = since


@dataclass(frozen=True, slots=True)
class Retyped:
    """The password that a signed-in person typed again, with IP address and code of the second factor."""

    password: str
    address: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A newly opened session, and the secret by which its browser is recognised later."""

    token: str
    device: str
    awaits_code: bool
    strong: bool = False  # the OpenID provider asked for a second factor


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person of a session, and the session."""

    actor: Actor
    person: Person
    session_id: str
    idle_until: datetime
    awaits_code: bool  # the password was right; the code is still missing


def random_password() -> str:
    """Return a password that can be read aloud (74 bits)."""
    return random_code(3)


@dataclass(frozen=True)
class Accounts:
    """Signing in and out, sessions, passwords, second factors."""

    database: Database
    office: Office
    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=12)
    office_name: str = ""
    second_factor_key: bytes = b""
    by_provider: bool = False  # whether there is an OpenID provider
    hasher: PasswordHasher = field(
        default_factory=lambda: PasswordHasher(time_cost=3, memory_cost=65536, parallelism=1)
    )

    def sign_in(self, account: str, password: str, source: Source, now: datetime) -> Opened:
        """Open a session; SignInRefused, SignInThrottled or AccountInactive."""
        account = account.strip().lower()[:64]
        with self.database.write(actor_of(account), now) as work:
            attempt = _admitted(work, account, source)
            known = people.credentials(work, account)
            code = people.reset_code_of(work, account) if known else None
        hashed = known.password_hash if known is not None else None
        accepted = self._matches(hashed or self._decoy_hash, password) and hashed is not None  # the same time for all
        used_code = not accepted and code is not None and code[1] > now and self._matches(code[0], password)
        if known is None or not (accepted or used_code):
            raise SignInRefused
        if not known.active:
            raise AccountInactive(known.deactivated_at)
        if known.password_off and self.by_provider:
            raise PasswordOff
        with self.database.write(actor_of(account), now) as work:
            people.lock(work, account)
            if people.credentials(work, account) != known:
                raise SignInRefused  # the account changed during the check
            if used_code:  # a one-time code opens one session, in which a new password must be set
                if not people.drop_reset_code(work, account):
                    raise SignInRefused  # another request used it first
                work.tell(account, Action.PASSWORD_RESET, by="one-time code")
            how = "one_time_code" if used_code else "password"
            return _opened(work, attempt, account, source, how, awaits_code=known.second_factor)

    def sign_in_sample(self, account: str, source: Source, now: datetime) -> Opened:
        """Open a session of a sample person without a password, for requests from this machine; SignInRefused."""
        with self.database.write(actor_of(account), now) as work:
            known = people.by_id(work, account)
            if known is None or not (known.sample and known.active) or known.second_factor:
                raise SignInRefused
            return _opened(work, _admitted(work, account, source), account, source, "one_click", awaits_code=False)

    def sign_in_named(self, account: str, source: Source, now: datetime, *, strong: bool) -> Opened:
        """Open a session of the person named by the OpenID provider; *strong* replaces the code. AccountInactive."""
        with self.database.write(actor_of(account), now) as work:
            people.lock(work, account)
            known = there(people.credentials(work, account), account)
            if not known.active:
                raise AccountInactive(known.deactivated_at)
            attempt = people.note_attempt(work, account, attempts.network(source.address), None)
            awaits_code = known.second_factor and not strong
            opened = _opened(work, attempt, account, source, "openid", awaits_code=awaits_code)
        return replace(opened, strong=strong)

    def sign_in_with_code(self, waiting: SignedIn, code: str, source: Source, now: datetime) -> Opened:
        """Open the session that waits for a code; SignInRefused or SignInThrottled."""
        account, opened = waiting.actor.person_id, None
        with self.database.write(waiting.actor, now) as work:
            people.lock(work, account)
            attempt = _admitted(work, account, source)
            how = second_factors.accepts(work, self.second_factor_key, account, code)
            if how and people.end_sessions(work, now, id_=waiting.session_id):  # unless it ended meanwhile
                opened = _opened(work, attempt, account, source, how, awaits_code=False)
        if opened is None:
            raise SignInRefused
        return opened

    def confirm(self, actor: Actor, retyped: Retyped, now: datetime, *, with_code: bool = False) -> None:
        """Check the password of a signed-in person again; SignInRefused or SignInThrottled.

        *with_code* also asks people with a second factor for a code. Wrong answers are counted by session, so that an
        open browser allows no faster guessing, and nobody else can lock its owner out.
        """
        if not retyped.password:
            raise SignInRefused
        with self.database.write(actor, now) as work:
            attempt = attempts.admit(work, actor.person_id, retyped.address, actor.session_id)
            known = people.credentials(work, actor.person_id)
        hashed = known.password_hash if known is not None and known.active else None
        if hashed is None or not self._matches(hashed, retyped.password):
            raise SignInRefused
        with self.database.write(actor, now) as work:
            asked = with_code and known is not None and known.second_factor
            right = not asked or second_factors.accepts(work, self.second_factor_key, actor.person_id, retyped.code)
            if right:
                people.take_back(work, attempt=attempt, session_id=actor.session_id)
        if not right:
            raise SignInRefused

    def session(self, token: str, now: datetime, *, seen: bool = True) -> SignedIn | None:
        """Return a session with its person; None if it ended or was idle too long. *seen* restarts the idle time."""
        id_ = sha256_of(token)
        row = self.database.ask(people.session, id_, self.office.today(now))
        if row is None or row.ended_at is not None or not row.person.active:
            return None
        longest = CODE_WITHIN if row.awaits_code else self.longest
        if now - row.last_seen_at > self.idle or now - row.created_at > longest:
            return None
        if seen and now - row.last_seen_at > TOUCH_EVERY:
            with self.database.write(actor_of(row.person.id), now) as work:
                people.touch_session(work, id_, now)
        actor = Actor.of(row.person, id_)
        return SignedIn(actor, row.person, id_, min(now + self.idle, row.created_at + longest), row.awaits_code)

    def owner(self, token: str) -> str | None:
        """Return the person of a session, also after its end; only for returning what they typed."""
        row = self.database.ask(people.session, sha256_of(token), date.min)
        return None if row is None else row.person.id

    def sign_out(self, session_id: str, person_id: str, now: datetime) -> None:
        """End one session."""
        with self.database.write(actor_of(person_id), now) as work:
            people.end_sessions(work, now, id_=session_id)

    def sign_out_elsewhere(self, actor: Actor, now: datetime) -> int:
        """End every other session and every token of the actor; return the number of sessions."""
        with self.database.write(actor, now) as work:
            ended = end_access(work, actor.person_id, actor.session_id)
            work.tell(actor.person_id, Action.SESSIONS_ENDED, **ended)
        return ended["sessions"]

    def end_session(self, actor: Actor, session_id: str, now: datetime) -> None:
        """End one of the actor's sessions."""
        with self.database.write(actor, now) as work:
            if not people.end_sessions(work, now, id_=session_id, person_id=actor.person_id):
                raise NotFound(session_id)
            work.tell(actor.person_id, Action.SESSION_ENDED)

    def end_all(self, actor: Actor, person_id: str, reason: str, now: datetime) -> None:
        """End every session and token of another person, with the reason; for operators."""
        actor.need(OfficeRole.OPERATOR)
        with self.database.write(actor, now) as work:
            there(people.credentials(work, person_id), person_id)
            ended = end_access(work, person_id, actor.session_id)
            work.tell(person_id, Action.SESSIONS_ENDED, reason=stated(reason), **ended)

    def sessions(self, actor: Actor, person_id: str, now: datetime) -> tuple[OpenSession, ...]:
        """Return a person's open sessions; for them, operators and auditors."""
        if person_id != actor.person_id:
            actor.need(OfficeRole.OPERATOR, OfficeRole.AUDITOR)
        found = self.database.ask(people.sessions_of, person_id)
        return tuple(s for s in found if now - s.last_seen_at <= self.idle and now - s.created_at <= self.longest)

    def change_password(self, actor: Actor, old: Retyped | None, new: str, now: datetime) -> None:
        """Set a new password and end other access; *old* only if not demanded. Raises WeakPassword, SignInRefused."""
        known = self.database.ask(people.credentials, actor.person_id)
        if known is None or not known.active:
            raise NotPermitted("inactive")
        if not known.must_change_password:
            try:
                self.confirm(actor, old or Retyped("", ""), now, with_code=True)
            except SignInRefused:
                raise WeakPassword("wrong_old") from None
        passwords.check(new, actor.person_id, actor.name, self.office_name)
        if known.password_hash and self._matches(known.password_hash, new):
            raise WeakPassword("same")
        hashed = self.hasher.hash(new)
        with self.database.write(actor, now) as work:
            still_in(work, actor)
            set_password(work, actor.person_id, hashed, but=actor.session_id)

    def issue_reset_code(self, actor: Actor, person_id: str, reason: str, now: datetime) -> str:
        """Return a one-time code for a new password; old password, sessions and tokens end. For operators."""
        actor.need(OfficeRole.OPERATOR)
        if person_id == actor.person_id:  # else an open browser is enough for it
            raise NotPermitted("self")
        code, reason = random_password(), stated(reason)
        with self.database.write(actor, now) as work:
            people.lock(work, person_id)
            if people.credentials(work, person_id) is None:
                raise NotPermitted("unknown")
            people.set_reset_code(work, person_id, self.hasher.hash(code), now + CODE_LASTS)
            people.change(work, person_id, password_hash=None, must_change_password=True)
            people.take_back(work, account=person_id)  # earlier guesses do not delay the code
            ended = end_access(work, person_id)
            work.tell(person_id, Action.PASSWORD_RESET, by=actor.person_id, reason=reason, **ended)
        return code

    # ── the second factor ───────────────────────────────────────────────────────────────────────────────────────────

    def set_second_factor(self, actor: Actor, secret: str, code: str, now: datetime) -> tuple[str, ...]:
        """Enable *secret*, proved by a first code, and return the recovery codes; SignInRefused if wrong."""
        with self.database.write(actor, now) as work:
            still_in(work, actor)
            codes = second_factors.enrol(work, self.second_factor_key, secret, code)
            if codes is None:
                raise SignInRefused
            people.end_sessions(work, now, person_id=actor.person_id, but=actor.session_id)  # opened without a code
        return codes

    def drop_second_factor(self, actor: Actor, retyped: Retyped, now: datetime) -> None:
        """Switch off one's own second factor, with password and code."""
        self.confirm(actor, retyped, now, with_code=True)
        with self.database.write(actor, now) as work:
            if people.set_second_factor(work, actor.person_id, None):
                work.tell(actor.person_id, Action.SECOND_FACTOR_DROPPED)

    def reset_second_factor(self, actor: Actor, person_id: str, reason: str, now: datetime) -> None:
        """Switch off the second factor of a person who lost phone and codes; for operators."""
        if not actor.has(OfficeRole.OPERATOR) or person_id == actor.person_id:
            raise NotPermitted("role", roles=(OfficeRole.OPERATOR,))
        reason = stated(reason)
        with self.database.write(actor, now) as work:
            people.lock(work, person_id)
            if not people.set_second_factor(work, person_id, None):
                raise NotFound(person_id)
            work.tell(person_id, Action.SECOND_FACTOR_RESET, reason=reason, **end_access(work, person_id))

    def second_factor_roles(self) -> frozenset[str]:
        """Return the roles that require a second factor."""
        found = self.database.ask(read_setting, second_factors.SECTION)
        return frozenset(found[0]["roles"] if found else ())

    def ask_second_factor(self, actor: Actor, roles: Collection[str], now: datetime) -> None:
        """Require a second factor of *roles*; people without one must first set it up."""
        actor.need(OfficeRole.OPERATOR)
        new, section = {"roles": sorted(roles)}, second_factors.SECTION
        with self.database.write(actor, now) as work:
            old, revision = read_setting(work, section) or (None, None)
            write_setting(work, section, new, revision, {"old": old, "new": new})

    def set_locale(self, actor: Actor, locale: str, now: datetime) -> None:
        """Store the actor's language."""
        with self.database.write(actor, now) as work:
            people.change(work, actor.person_id, locale=locale)
            work.tell(actor.person_id, Action.PERSON_CHANGED, new={"locale": locale})

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self.hasher.verify(hashed, password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False

    @cached_property
    def _decoy_hash(self) -> str:
        return self.hasher.hash(secrets.token_urlsafe(16))


def _admitted(work: Work, account: str, source: Source) -> int:
    known = people.known_device(work, account, source.device_id)
    return attempts.admit(work, account, source.address, source.device_id if known else None)


def _opened(work: Work, attempt: int, account: str, source: Source, how: str, *, awaits_code: bool) -> Opened:
    opened = Opened(secrets.token_urlsafe(32), source.device or secrets.token_urlsafe(32), awaits_code)
    if awaits_code:
        people.take_back(work, attempt=attempt)  # right, but the code is still missing
    else:
        refused = people.refused_before(work, account, attempt)
        work.tell(account, Action.SESSION_OPENED, how=how, refused=refused)
        people.note_success(work, attempt, sha256_of(opened.device))
    people.open_session(work, sha256_of(opened.token), account, source.user_agent, source.address, awaits_code)
    return opened


def still_in(work: Work, actor: Actor) -> None:
    """Lock the actor's account for a change of its credentials; SignInRefused if their session has ended."""
    people.lock(work, actor.person_id)
    if actor.session_id not in {None, *(each.id for each in people.sessions_of(work, actor.person_id))}:
        raise SignInRefused


def end_access(work: Work, person_id: str, but: str | None = None) -> dict[str, int]:
    """End a person's sessions (*but* one), tokens and links; return numbers for the history line."""
    people.lock(work, person_id)
    people.end_links(work, person_id, work.now)
    return {
        "sessions": people.end_sessions(work, work.now, person_id=person_id, but=but),
        "tokens": tokens.revoke_all(work, person_id, work.now),
    }


def set_password(work: Work, person_id: str, hashed: str, but: str | None = None, **how: str) -> None:
    """Replace the password and end all access by the old one, *but* one session."""
    people.change(work, person_id, password_hash=hashed, must_change_password=False)
    people.drop_reset_code(work, person_id)
    work.tell(person_id, Action.PASSWORD_CHANGED, **how, **end_access(work, person_id, but))


def actor_of(person_id: str) -> Actor:
    """Return a person without roles, as the actor of a change of their own account."""
    return Actor(person_id, person_id, ())
