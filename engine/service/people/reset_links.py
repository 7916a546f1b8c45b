"""Links in e-mails for setting a new password: once, within half an hour, sent to an address confirmed by its owner.

A request reveals nothing about the account, also not by its duration: it always writes one due e-mail, and the worker
later checks whether the account exists. The secret of a link is computed from the e-mail's id and a key of the
installation, and the table has its hash: so an e-mail can be sent again unchanged, and neither database nor backup
opens an account. People imported from a file get such a link too, which is valid longer and goes to the address in the
file.
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

FORGOTTEN, FIRST = "lupa", "awal"  # prefixes of e-mail ids
LASTS = {FORGOTTEN: timedelta(minutes=30), FIRST: timedelta(days=3)}
MOST = 3  # open links of a person at a time
ID_LETTERS = 36  # of an e-mail's id, and of the part of an account by which tries are counted


@dataclass(frozen=True)
class ResetLinks:
    """Requesting links, making them, and using them."""

    database: Database
    accounts: Accounts

    def ask(self, account: str, address: str, now: datetime) -> None:
        """Send an e-mail with a link if the account exists and may have one. Raises SignInThrottled."""
        account = account.strip().lower()[:64]
        with self.database.write(actor_of(account), now) as work:
            attempts.admit(work, f"{FORGOTTEN} {account}"[:64], address, None)
            invite(work, account, FORGOTTEN)

    def secret_of(self, letter: str, person_id: str, asked_at: datetime, now: datetime) -> str:
        """Return the secret of an e-mail's link, which is valid from now on; empty if the person may have none."""
        what = letter.partition("-")[0]
        until = asked_at + LASTS[what]
        secret = hmac.new(self.accounts.second_factor_key, f"link {letter}".encode(), "sha256").hexdigest()
        with self.database.write(SYSTEM, now) as work:
            people.lock(work, person_id)
            if people.link_owner(work, sha256_of(secret), now) is not None:
                return secret  # the e-mail is sent again
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
        """Return the person of a link; None if it was used, is too old, or does not exist."""
        return self.database.ask(people.link_owner, sha256_of(secret), now)

    def use(self, secret: str, new: str, now: datetime) -> None:
        """Set a new password by a link; the link and all sessions end. WeakPassword, or SignInRefused if invalid."""
        person_id = self.owner(secret, now)
        if person_id is None:
            raise SignInRefused
        person = there(self.database.ask(people.by_id, person_id), person_id)
        passwords.check(new, person_id, person.name, self.accounts.office_name)
        hashed = self.accounts.hasher.hash(new)
        with self.database.write(actor_of(person_id), now) as work:
            people.lock(work, person_id)
            if people.link_owner(work, sha256_of(secret), now) is None:
                raise SignInRefused  # another request used it first
            people.take_back(work, account=person_id)  # earlier guesses do not delay the new password
            set_password(work, person_id, hashed, how="mail")


def invite(work: Work, person_id: str, what: str) -> None:
    """Write a due e-mail with a link."""
    letter = f"{what}-{secrets.token_hex(ID_LETTERS)}"[:ID_LETTERS]
    facts = {"channel": dispatches.MAIL, "person_id": person_id, "made_at": work.now, "due_at": work.now}
    dispatches.add(work, {letter: facts})
