"""E-mail addresses, confirmed by their owners or entered by an operator.

An address is a personal value, so history has a commitment to it, and the actor. Links for a new password are sent only
to addresses that their owner confirmed; otherwise an operator could take over any account.
"""

import json
import re
from typing import Any

from engine.model.errors import FieldError, InvalidForm
from engine.model.history import Action
from engine.store.queries import Transaction, histories, notices, people
from engine.store.unit_of_work import Work

ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
LOOKED_AT = 200  # newest history lines that changed a person


def readable(address: str) -> str:
    """Return an address without surrounding spaces, or an empty text; InvalidForm if it is not an address."""
    address = address.strip()
    if address and (not ADDRESS.fullmatch(address) or len(address) > 254):
        raise InvalidForm([FieldError("surel", "email", address, "email")], {"surel": [address]})
    return address


def write(work: Work, person_id: str, address: str, **besides: Any) -> None:
    """Replace a person's address; open links sent to the old one end."""
    exchange(work, person_id, "email", notices.address_of(work, person_id), address, Action.PERSON_CHANGED, **besides)
    people.end_links(work, person_id, work.now)


def exchange(
    work: Work, person_id: str, kind: str, before: str | None, value: str, action: Action, **besides: Any
) -> None:
    """Replace a personal value of a *kind*, erase the old one, and record both commitments."""
    erased = people.erase_values(work, person_id, before) if before else []
    new = people.commit(work, person_id, value) if value else None
    people.change(work, person_id, **{f"{kind}_commitment": new})
    work.tell(person_id, action, new={kind: {"commitment": new} if new else None}, erased=erased, **besides)


def confirmed(tx: Transaction, person_id: str) -> bool:
    """Whether a person has an address that they confirmed themselves."""
    found = histories.newest(tx, f"person:{person_id}", LOOKED_AT, only=(Action.PERSON_CHANGED,))
    by = (line.actor for line in found if "email" in json.loads(line.change)["new"])
    return notices.address_of(tx, person_id) is not None and next(by, None) == person_id
