"""How often somebody may guess a password: counted before the check, and separately for known browsers.

Each try is first recorded as a wrong one, in the transaction that counts the others, so that of sixteen simultaneous
tries five are checked; only then the slow hash runs, outside of it, and a right password removes its try. Nothing is
ever locked: after the free tries each further one waits, twice as long as the one before, at most a quarter of an
hour.

Strangers lock nobody out, because tries are counted apart (OWASP's *device cookies*): a browser in which this account
signed in before has its own count, and so has a session in which the password is retyped. All other browsers share the
counts of account and address together (IPv6: the /64), of the account, and of the address; the latter two are so high
that no office behind one address reaches them by mistyping. At the very address from which somebody guesses at an
account, a new browser has to wait even with its right password; locking the account would cost more.
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
FREE_OF_ADDRESS = 300  # likewise, whichever accounts they try


class SignInThrottled(TooMany):
    """Too many tries."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a sign-in comes from: address, and the secret in the browser's cookie, if any."""

    address: str
    device: str = ""
    user_agent: str = ""

    @property
    def device_id(self) -> str | None:
        """The id of a browser with a cookie."""
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
    """Return the wait after *beyond* wrong tries more than are free."""
    return min(FIRST_DELAY * (1 << min(beyond, 10)), LONGEST_DELAY)


def network(address: str) -> str:
    """Return what counts as one address: for IPv6 the /64, which is one household's."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:64]
    if found.version == 4:
        return str(found)
    return str(found.ipv4_mapped or ip_network((int(found), 64), strict=False))
