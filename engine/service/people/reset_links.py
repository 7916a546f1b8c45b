"""A link in a letter, by which somebody sets a new password: once, within half an hour, at their own confirmed address.

Whoever asks is told nothing of the account, and each name costs the same: asking writes one letter that is due, to an
account that there may be or not, and the worker finds out. A link's secret is reckoned from the letter's id and a key
of the installation; the table holds its hash. So a letter can be sent again as it was, and neither database nor backup
opens anything. People who are taken in from a file get such a link too, which lasts longer and goes where the operator
said.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.model.errors import there
from engine.model.history import Action, sha256_of
from engine.model.people import SYSTEM
from engine.service.people import addresses, attempts, passwords
from engine.service.people.accounts import Accounts, SignInRefused, actor_of, set_password
from engine.store.database import Database
from engine.store.queries import dispatches, people
from engine.store.unit_of_work import Work

FORGOTTEN, FIRST = "lupa", "awal"  # what the id of a letter begins with
LASTS = {FORGOTTEN: timedelta(minutes=30), FIRST: timedelta(days=3)}
MOST = 3  # links of a person that are open at one time
ID_LETTERS = 36  # of a letter's id, and of the part of an account that counts tries


@dataclass(frozen=True)
class ResetLinks:
    """Asking for links, making them, and using them."""

    database: Database
    accounts: Accounts

    def ask(self, account: str, address: str, now: datetime) -> None:
        """Have a letter sent, if there is such an account and it may have one. Raises SignInThrottled."""
        account = account.strip().lower()[:64]
        with self.database.write(actor_of(account), now) as work:
            attempts.admit(work, f"{FORGOTTEN} {account}"[:64], address, None)
            invite(work, account, FORGOTTEN)

    def secret_of(self, letter: str, person_id: str, asked_at: datetime, now: datetime) -> str:
        """Return the secret of a letter's link, which opens from now on; empty if nobody may have one."""
        what = letter.partition("-")[0]
        until = asked_at + LASTS[what]
        secret = hmac.new(self.accounts.second_factor_key, f"link {letter}".encode(), "sha256").hexdigest()
        with self.database.write(SYSTEM, now) as work:
            people.lock(work, person_id)
            if people.link_owner(work, sha256_of(secret), now) is not None:
                return secret  # the letter is sent again
            known = people.credentials(work, person_id)
            may = people.may_have_link(work, person_id, asked_at, MOST) and until > now
            if known is None or not known.active or not may:
                return ""
            if what == FORGOTTEN and not addresses.confirmed(work, person_id):
                return ""
            people.add_link(work, sha256_of(secret), person_id, until)
            work.tell(person_id, Action.PASSWORD_LINKED, until=until)
        return secret

    def owner(self, secret: str, now: datetime) -> str | None:
        """Return whose password a link sets; None if it was used, is too old, or is no link."""
        return self.database.ask(people.link_owner, sha256_of(secret), now)

    def use(self, secret: str, new: str, now: datetime) -> None:
        """Set a new password by a link, which ends with all sessions; WeakPassword, or SignInRefused without a link."""
        person_id = self.owner(secret, now)
        if person_id is None:
            raise SignInRefused
        person = there(self.database.ask(people.by_id, person_id), person_id)
        passwords.check(new, person_id, person.name, self.accounts.office_name)
        hashed = self.accounts.hasher.hash(new)
        with self.database.write(actor_of(person_id), now) as work:
            people.lock(work, person_id)
            if people.link_owner(work, sha256_of(secret), now) is None:
                raise SignInRefused  # another used it at the same moment
            people.take_back(work, account=person_id)  # earlier guesses do not delay the new password
            set_password(work, person_id, hashed, how="mail")


def invite(work: Work, person_id: str, what: str) -> None:
    """Have a letter with a link be due."""
    letter = f"{what}-{secrets.token_hex(ID_LETTERS)}"[:ID_LETTERS]
    facts = {"channel": dispatches.MAIL, "person_id": person_id, "made_at": work.now, "due_at": work.now}
    dispatches.add(work, {letter: facts})
