"""How often somebody may guess: counted before it is checked, and apart for browsers that are known.

Whoever tries a password first writes the try down as a wrong one, in the transaction that counts the others, so that
of sixteen tries at once five are checked; only then does the slow hash run, outside of it, and a right password
takes its try back. Nothing is ever locked: after the free tries each further one waits, twice as long as the one before
and never longer than a quarter of an hour.

Strangers lock nobody out, because they are counted apart (OWASP's *device cookies*): a browser in which this account
signed in before has a lane of its own, and so has a session in which a password is typed again. All other browsers
share the lanes of their account and address (IPv6: its /64), of their account, and of their address, the latter two so
wide that no office behind one address comes near them by mistyping. At the very address from which somebody guesses at
an account, a new browser has to wait even with its right password; a lock of the account was dearer.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from engine.model.errors import AlurError
from engine.store.queries import people
from engine.store.unit_of_work import Work

WINDOW = timedelta(hours=1)
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(minutes=15)
FREE = 5  # of one lane
FREE_OF_ACCOUNT = 50  # of all browsers that are not known
FREE_OF_ADDRESS = 300  # likewise, whichever accounts they try


class SignInThrottled(AlurError):
    """Too many tries; *until* is the instant from which one may try again."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


@dataclass(frozen=True, slots=True)
class Source:
    """Where somebody tries from: an address, and the secret in the browser's cookie, if it has one."""

    address: str
    device: str = ""
    user_agent: str = ""

    @property
    def device_id(self) -> str | None:
        """The id under which the browser is known, if it is."""
        return device_id_of(self.device) if self.device else None


def admit(work: Work, account: str, address: str, device_id: str | None) -> int:
    """Write a try down as a wrong one and return its id; SignInThrottled if there were too many.

    *device_id* is a browser in which the account signed in before, or a session of it; None for all others.
    """
    address = network(address)
    people.one_at_a_time(work, account)
    found = people.wrong_tries(work, account, address, device_id, work.now - WINDOW)
    frees = (FREE,) if device_id else (FREE, FREE_OF_ACCOUNT, FREE_OF_ADDRESS)
    waits = [last + delay(count - free) for (count, last), free in zip(found, frees, strict=True) if count >= free]
    if waits and max(waits) > work.now:
        raise SignInThrottled(max(waits))
    return people.note_attempt(work, account, address, device_id)


def device_id_of(device: str) -> str:
    """Return the id under which the browser with the secret *device* is known."""
    return hashlib.sha256(device.encode()).hexdigest()


def delay(beyond: int) -> timedelta:
    """Return how long to wait after *beyond* wrong tries more than were free."""
    return min(FIRST_DELAY * (1 << min(beyond, 10)), LONGEST_DELAY)


def network(address: str) -> str:
    """Return what counts as one address: of IPv6 the /64, which is a household's."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:64]
    if found.version == 4:
        return str(found)
    return str(found.ipv4_mapped or ip_network((int(found), 64), strict=False))
