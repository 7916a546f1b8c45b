"""Signing in through an OpenID provider, with accounts that an operator linked beforehand.

The provider identifies a person; roles are given only here, and no account is created automatically. Linking gives
access, so for a while the operator who did it cannot confirm that person's proposals (``people``). Removing a link ends
the sessions opened by it. The password remains, unless an operator switches signing in with it off; then it is only
typed again at signing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import structlog

from engine.channels.faults import Away, Refused
from engine.channels.openid import Provider
from engine.model.errors import AlurError, FieldError, InvalidForm, NotPermitted, stated, there
from engine.model.history import Action
from engine.model.people import Actor, OfficeRole
from engine.service.people import addresses
from engine.service.people.accounts import Accounts, Opened, end_access
from engine.service.people.attempts import Source
from engine.store.database import Database
from engine.store.queries import people

log = structlog.get_logger(__name__)
Answer = TypeVar("Answer")
LONGEST = 200


class ProviderFailed(AlurError):
    """Signing in through the provider failed; the reason: away, state, issuer, denied, answer, proof, claim."""

    def __init__(self, reason: str, cause: str = "") -> None:
        super().__init__(f"{reason} {cause}".strip())
        self.reason, self.cause = reason, cause


class NotLinked(AlurError):
    """The identity *value* from the provider is linked with no account."""

    def __init__(self, value: str) -> None:
        super().__init__()
        self.value = value


@dataclass(frozen=True)
class Identities:
    """The OpenID provider, if the office has one, and the linked accounts."""

    database: Database
    accounts: Accounts
    provider: Provider | None

    @property
    def offered(self) -> bool:
        """Whether the office has a provider."""
        return self.provider is not None

    def begin(self, back: str) -> tuple[str, dict[str, str]]:
        """Return the provider's URL for signing in, and the state to keep in the browser. Raises ProviderFailed."""
        return _asked(lambda: self._provider().begin(back))

    def leave(self, back: str) -> str:
        """Return the provider's URL for signing out; empty if it has none. Raises ProviderFailed."""
        return _asked(lambda: self._provider().leave(back))

    def sign_in(
        self, said: Mapping[str, str], held: Mapping[str, str], back: str, source: Source, now: datetime
    ) -> Opened:
        """Open a session from the provider's answer; ProviderFailed, NotLinked or AccountInactive."""
        identity = _asked(lambda: self._provider().finish(said, held, back, now))
        account = self.database.ask(people.identified, identity.value)
        if account is None:
            raise NotLinked(identity.value)
        return self.accounts.sign_in_named(account, source, now, strong=identity.strong)

    def of(self, actor: Actor, person_id: str) -> tuple[str, bool]:
        """Return a person's identity at the provider, and whether they may sign in only through it."""
        actor.need(OfficeRole.OPERATOR, OfficeRole.AUDITOR)
        with self.database.read() as reader:
            found = people.identity_of(reader, person_id)
            known = there(people.credentials(reader, person_id), person_id)
        return found[0] if found else "", known.password_off

    def link(self, actor: Actor, person_id: str, value: str, only: bool, reason: str, now: datetime) -> None:
        """Link a person with the identity *value* (empty: unlink); *only* switches signing in with the password off."""
        actor.need(OfficeRole.OPERATOR)
        value, reason = value.strip(), stated(reason)
        if person_id == actor.person_id:
            raise NotPermitted("own_role")
        with self.database.write(actor, now) as work:
            people.one_at_a_time(work, "identities")
            people.lock(work, person_id)
            known, before = there(people.credentials(work, person_id), person_id), people.identity_of(work, person_id)
            if len(value) > LONGEST or people.identified(work, value) not in {None, person_id} or (only and not value):
                raise InvalidForm([FieldError("identitas", "", value, "identity")], {"identitas": [value]})
            if value != (before[0] if before else ""):
                of, action = before[1] if before else None, Action.IDENTITY_LINKED
                besides: dict[str, Any] = end_access(work, person_id) if of else {}
                addresses.exchange(work, person_id, "identity", of, value, action, reason=reason, **besides)
            if only != known.password_off:
                people.change(work, person_id, password_off=only)
                besides = end_access(work, person_id) if only else {}
                work.tell(person_id, Action.PERSON_CHANGED, new={"password_off": only}, reason=reason, **besides)

    def _provider(self) -> Provider:
        return there(self.provider, "openid")


def provider_of(stated: Mapping[str, str]) -> Provider:
    """Return the provider configured by environment variables."""
    issuer, client, scopes, claim = (stated[name] for name in ("issuer", "client", "scopes", "claim"))
    return Provider(issuer, client, stated["secret"], scopes, claim, frozenset(stated["mfa"].split()))


def _asked(ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except Refused as refused:
        raise ProviderFailed(str(refused)) from None
    except (Away, KeyError) as away:  # no answer, or incomplete discovery
        raise ProviderFailed("away", str(away)) from None
    except (AttributeError, IndexError, RecursionError, TypeError, ValueError) as odd:  # JSON of a wrong shape
        log.warning("provider not understood", cause=str(odd)[:200], exc_info=odd)
        raise ProviderFailed("answer", type(odd).__name__) from None
