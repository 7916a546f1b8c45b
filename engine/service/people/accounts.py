"""Signing in, sessions and passwords.

Passwords are hashed with Argon2id (RFC 9106, the library's low-memory profile). A session is a random token in the
cookie; the database holds only its SHA-256, so that a stolen backup opens no session. How often one may guess is said
in ``attempts``. One text answers a wrong name and a wrong password alike, and an unknown account costs the same time
as a known one.

What a credential opened ends with it: a new password, a reset by the operator, *keluar dari semua sesi* and an account
that is switched off end sessions and API tokens alike, and after a reset the old password opens nothing.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.model.errors import AlurError, NotFound, NotPermitted, stated
from engine.model.history import Action, HistoryEvent
from engine.model.people import Actor, OfficeRole, Person
from engine.service.office.business_calendar import Office
from engine.service.people import attempts, passwords, second_factors
from engine.service.people.attempts import Source
from engine.service.people.passwords import LONGEST, WeakPassword
from engine.service.people.second_factors import random_code
from engine.store.database import Database
from engine.store.queries import people, tokens
from engine.store.queries.office import read_setting, write_setting
from engine.store.unit_of_work import Work

CODE_LASTS = timedelta(hours=24)
CODE_WITHIN = timedelta(minutes=10)  # after the password
TOUCH_EVERY = timedelta(seconds=60)


class SignInRefused(AlurError):
    """Name or password is wrong."""


class AccountInactive(AlurError):
    """The account is off since *since*."""

    def __init__(self, since: datetime | None) -> None:
        super().__init__()
        self.since = since


@dataclass(frozen=True, slots=True)
class Retyped:
    """A password that somebody who is signed in typed again, where from, and a code of the second factor."""

    password: str
    address: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that was opened, and the secret by which its browser is known from then on."""

    token: str
    device: str
    awaits_code: bool


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who asks, with the session they ask under."""

    actor: Actor
    person: Person
    session_id: str
    idle_until: datetime
    awaits_code: bool  # the password was right, and nothing is open yet


def random_password() -> str:
    """Return a password that can be read aloud (74 bits)."""
    return random_code(3)


@dataclass(frozen=True)
class Accounts:
    """Signing in and out; who a session belongs to."""

    database: Database
    office: Office
    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=12)
    office_name: str = ""
    second_factor_key: bytes = b""
    hasher: PasswordHasher = field(
        default_factory=lambda: PasswordHasher(time_cost=3, memory_cost=65536, parallelism=1)
    )
    _decoy: list[str] = field(default_factory=list)

    def sign_in(self, account: str, password: str, source: Source, now: datetime) -> Opened:
        """Open a session; SignInRefused, SignInThrottled or AccountInactive."""
        account = account.strip().lower()[:64]
        with self.database.write(_actor(account), now) as work:
            attempt = _admitted(work, account, source)
            known = people.credentials(work, account)
            code = people.reset_code_of(work, account) if known else None
        hashed = known.password_hash if known is not None else None
        accepted = self._matches(hashed or self._decoy_hash(), password) and hashed is not None  # the same time for all
        used_code = not accepted and code is not None and code[1] > now and self._matches(code[0], password)
        if known is None or not (accepted or used_code):
            raise SignInRefused
        if not known.active:
            raise AccountInactive(known.deactivated_at)
        with self.database.write(_actor(account), now) as work:
            if people.credentials(work, account) != known:
                raise SignInRefused  # the password was changed, or the account switched off, while this one was checked
            if used_code:  # a one-time code opens one session, in which a new password must be set
                if not people.drop_reset_code(work, account):
                    raise SignInRefused  # another used it at the same moment
                work.record(f"person:{account}", HistoryEvent(Action.PASSWORD_RESET, change={"by": "one-time code"}))
            how = "one_time_code" if used_code else "password"
            return _opened(work, attempt, account, source, how, awaits_code=known.second_factor)

    def sign_in_with_code(self, waiting: SignedIn, code: str, source: Source, now: datetime) -> Opened:
        """Open the session that waits for a code; SignInRefused or SignInThrottled."""
        account, opened = waiting.actor.person_id, None
        with self.database.write(waiting.actor, now) as work:
            attempt = _admitted(work, account, source)
            how = second_factors.accepts(work, self.second_factor_key, account, code)
            if how and people.end_sessions(work, now, id_=waiting.session_id):  # unless it ended meanwhile
                opened = _opened(work, attempt, account, source, how, awaits_code=False)
        if opened is None:
            raise SignInRefused
        return opened

    def confirm(self, actor: Actor, retyped: Retyped, now: datetime, *, with_code: bool = False) -> None:
        """Let somebody who is signed in prove again that it is they; SignInRefused or SignInThrottled.

        *with_code* asks those who have a second factor for a code too. Wrong answers are counted for the session: who
        found an open browser guesses no faster here, and nobody else can keep its owner from it.
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

    def session(self, token: str, now: datetime) -> SignedIn | None:
        """Return who the session belongs to, or None if it ended, was idle too long, or never was."""
        id_ = session_id_of(token)
        row = self.database.ask(people.session, id_, self.office.today(now))
        if row is None or row.ended_at is not None or not row.person.active:
            return None
        longest = CODE_WITHIN if row.awaits_code else self.longest
        if now - row.last_seen_at > self.idle or now - row.created_at > longest:
            return None
        if now - row.last_seen_at > TOUCH_EVERY:
            with self.database.write(_actor(row.person.id), now) as work:
                people.touch_session(work, id_, now)
        actor = Actor.of(row.person, id_)
        return SignedIn(actor, row.person, id_, min(now + self.idle, row.created_at + longest), row.awaits_code)

    def owner(self, token: str) -> str | None:
        """Return whose session this is or was, also after it ended; only to give them back what they typed."""
        row = self.database.ask(people.session, session_id_of(token), date.min)
        return None if row is None else row.person.id

    def sign_out(self, session_id: str, person_id: str, now: datetime) -> None:
        """End one session."""
        with self.database.write(_actor(person_id), now) as work:
            people.end_sessions(work, now, id_=session_id)

    def sign_out_everywhere(self, actor: Actor, now: datetime) -> int:
        """End every session and token of the actor; how many sessions there were."""
        with self.database.write(actor, now) as work:
            ended = end_access(work, actor.person_id)
            work.record(f"person:{actor.person_id}", HistoryEvent(Action.SESSIONS_ENDED, change=ended))
        return ended["sessions"]

    def sessions(self, actor: Actor) -> tuple[tuple[str, datetime, datetime, str], ...]:
        """Return the actor's open sessions: (id, begun, last seen, browser)."""
        return self.database.ask(people.sessions_of, actor.person_id)

    def change_password(self, actor: Actor, old: Retyped | None, new: str, now: datetime) -> None:
        """Set a new password; *old* may be None only while a change is demanded.

        Ends every other session, and every token.
        """
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
            people.change(work, actor.person_id, password_hash=hashed, must_change_password=False)
            people.drop_reset_code(work, actor.person_id)
            ended = end_access(work, actor.person_id, but=actor.session_id)
            work.record(f"person:{actor.person_id}", HistoryEvent(Action.PASSWORD_CHANGED, change=ended))

    def issue_reset_code(self, actor: Actor, person_id: str, reason: str, now: datetime) -> str:
        """Return a one-time code that lets *person_id* sign in once and set a new password; for operators.

        The old password, sessions and tokens end at once: whoever asks for a code may have lost them to somebody.
        """
        actor.need(OfficeRole.OPERATOR)
        code, reason = random_password(), stated(reason)
        with self.database.write(actor, now) as work:
            if people.credentials(work, person_id) is None:
                raise NotPermitted("unknown")
            people.set_reset_code(work, person_id, self.hasher.hash(code), now + CODE_LASTS)
            people.change(work, person_id, password_hash=None, must_change_password=True)
            people.take_back(work, account=person_id)  # the code opens, however often somebody guessed before
            ended = end_access(work, person_id)
            change = {"by": actor.person_id, "reason": reason, **ended}
            work.record(f"person:{person_id}", HistoryEvent(Action.PASSWORD_RESET, change=change))
        return code

    # ── the second factor ───────────────────────────────────────────────────────────────────────────────────────────

    def set_second_factor(self, actor: Actor, secret: str, code: str, now: datetime) -> tuple[str, ...]:
        """Take *secret* into use by a first code of the phone and return the recovery codes; SignInRefused if wrong."""
        with self.database.write(actor, now) as work:
            codes = second_factors.enrol(work, self.second_factor_key, secret, code)
            if codes is None:
                raise SignInRefused
            people.end_sessions(work, now, person_id=actor.person_id, but=actor.session_id)  # opened without a code
        return codes

    def drop_second_factor(self, actor: Actor, retyped: Retyped, now: datetime) -> None:
        """Switch one's own second factor off, by password and code."""
        self.confirm(actor, retyped, now, with_code=True)
        with self.database.write(actor, now) as work:
            if people.set_second_factor(work, actor.person_id, None):
                work.record(f"person:{actor.person_id}", HistoryEvent(Action.SECOND_FACTOR_DROPPED))

    def reset_second_factor(self, actor: Actor, person_id: str, reason: str, now: datetime) -> None:
        """Switch off the second factor of somebody else, who lost phone and codes; for operators."""
        if not actor.has(OfficeRole.OPERATOR) or person_id == actor.person_id:
            raise NotPermitted("role", roles=(OfficeRole.OPERATOR,))
        reason = stated(reason)
        with self.database.write(actor, now) as work:
            if not people.set_second_factor(work, person_id, None):
                raise NotFound(person_id)
            change = {"reason": reason, **end_access(work, person_id)}
            work.record(f"person:{person_id}", HistoryEvent(Action.SECOND_FACTOR_RESET, change=change))

    def second_factor_roles(self) -> frozenset[str]:
        """Return the roles that ask for a second factor."""
        found = self.database.ask(read_setting, second_factors.SECTION)
        return frozenset(found[0]["roles"] if found else ())

    def ask_second_factor(self, actor: Actor, roles: Collection[str], now: datetime) -> None:
        """Ask for a second factor of whoever works in *roles*; who has none sets it before anything else."""
        actor.need(OfficeRole.OPERATOR)
        new, section = {"roles": sorted(roles)}, second_factors.SECTION
        with self.database.write(actor, now) as work:
            old, revision = read_setting(work, section) or (None, None)
            write_setting(work, section, new, revision, {"old": old, "new": new})

    def set_locale(self, actor: Actor, locale: str, now: datetime) -> None:
        """Remember the language a person reads in."""
        with self.database.write(actor, now) as work:
            people.change(work, actor.person_id, locale=locale)
            work.record(
                f"person:{actor.person_id}", HistoryEvent(Action.PERSON_CHANGED, change={"new": {"locale": locale}})
            )

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self.hasher.verify(hashed, password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False

    def _decoy_hash(self) -> str:
        if not self._decoy:
            self._decoy.append(self.hasher.hash(secrets.token_urlsafe(16)))
        return self._decoy[0]


def _admitted(work: Work, account: str, source: Source) -> int:
    known = people.known_device(work, account, source.device_id)
    return attempts.admit(work, account, source.address, source.device_id if known else None)


def _opened(work: Work, attempt: int, account: str, source: Source, how: str, *, awaits_code: bool) -> Opened:
    opened = Opened(secrets.token_urlsafe(32), source.device or secrets.token_urlsafe(32), awaits_code)
    if awaits_code:
        people.take_back(work, attempt=attempt)  # not wrong, and no sign-in yet
    else:
        change = {"how": how, "refused": people.refused_before(work, account, attempt)}
        work.record(f"person:{account}", HistoryEvent(Action.SESSION_OPENED, change=change))
        people.note_success(work, attempt, attempts.device_id_of(opened.device))
    people.open_session(work, session_id_of(opened.token), account, work.now, source.user_agent, awaits_code)
    return opened


def end_access(work: Work, person_id: str, but: str | None = None) -> dict[str, int]:
    """End a person's sessions (*but* one) and tokens; how many, for the history line of what ended them."""
    return {
        "sessions": people.end_sessions(work, work.now, person_id=person_id, but=but),
        "tokens": tokens.revoke_all(work, person_id, work.now),
    }


def session_id_of(token: str) -> str:
    """Return the id under which the session of *token* is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def _actor(person_id: str) -> Actor:
    return Actor(person_id, person_id, ())
