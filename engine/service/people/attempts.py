"""Limits for guessing passwords: tries are counted before the check, and separately for known browsers.

Each try is first recorded as wrong, in the transaction that counts the others, so that of sixteen simultaneous tries
only five are checked. Then the slow hash runs outside of the transaction, and a right password removes its try. Nothing
is ever locked: after the free tries each further one must wait twice as long as the one before, at most a quarter of an
hour.

Strangers lock nobody out (OWASP's *device cookies*): a browser in which the account signed in before has its own count,
and so has a session in which the password is typed again. All other browsers share three counts: of account and address
(IPv6: the /64) together, of the account, and of the address; the last two limits are too high for mistyping in one
office. Behind an address from which an account is attacked, its owner must wait in a new browser; locking the account
would be worse.
"""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address, ip_network

from engine.model.errors import TooMany
from engine.model.history import sha256_of
from engine.store.queries import people
from engine.store.unit_of_work import Work

WINDOW = timedelta(hours=1)
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(minutes=15)
FREE = 5  # of one known browser or session
FREE_OF_ACCOUNT = 50  # of all unknown browsers
FREE_OF_ADDRESS = 300  # of all unknown browsers, for any accounts


class SignInThrottled(TooMany):
    """Too many tries."""


@dataclass(frozen=True, slots=True)
class Source:
    """The origin of a sign-in: IP address, and the secret in the browser's cookie, if any."""

    address: str
    device: str = ""
    user_agent: str = ""

    @property
    def device_id(self) -> str | None:
        """The SHA-256 of the cookie; None without one."""
        return sha256_of(self.device) if self.device else None


def admit(work: Work, account: str, address: str, device_id: str | None) -> int:
    """Record a try as wrong and return its id; *device_id* is a known browser or a session. Raises SignInThrottled."""
    address = network(address)
    people.one_at_a_time(work, account)
    found = people.wrong_tries(work, account, address, device_id, work.now - WINDOW)
    frees = (FREE,) if device_id else (FREE, FREE_OF_ACCOUNT, FREE_OF_ADDRESS)
    waits = [last + delay(count - free) for (count, last), free in zip(found, frees, strict=True) if count >= free]
    if waits and max(waits) > work.now:
        raise SignInThrottled(max(waits))
    return people.note_attempt(work, account, address, device_id)


def delay(beyond: int) -> timedelta:
    """Return the wait after *beyond* wrong tries too many."""
    return min(FIRST_DELAY * (1 << min(beyond, 10)), LONGEST_DELAY)


def network(address: str) -> str:
    """Return the counted part of an IP address: of IPv6 the /64, which one household has."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:64]
    if found.version == 4:
        return str(found)
    return str(found.ipv4_mapped or ip_network((int(found), 64), strict=False))
