"""A person's mail address: written by themselves, who showed that it is theirs, or by an operator.

The address is a personal value that history holds by a commitment. Who wrote it is in the line: a link that sets a
password goes only to an address that its owner confirmed, or an operator could become anybody.
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
LOOKED_AT = 200  # lines that changed a person


def readable(address: str) -> str:
    """Return an address without spaces around it; InvalidForm if it is none. An empty one passes."""
    address = address.strip()
    if address and (not ADDRESS.fullmatch(address) or len(address) > 254):
        raise InvalidForm([FieldError("surel", "email", address, "email")], {"surel": [address]})
    return address


def write(work: Work, person_id: str, address: str, **besides: Any) -> None:
    """Put an address in place of the one before; links that went there end."""
    exchange(work, person_id, "email", notices.address_of(work, person_id), address, Action.PERSON_CHANGED, **besides)
    people.end_links(work, person_id, work.now)


def exchange(
    work: Work, person_id: str, kind: str, before: str | None, value: str, action: Action, **besides: Any
) -> None:
    """Put a personal value of a *kind* in place of the one before, by its commitment, which is erased."""
    erased = people.erase_values(work, person_id, before) if before else []
    new = people.commit(work, person_id, value) if value else None
    people.change(work, person_id, **{f"{kind}_commitment": new})
    work.tell(person_id, action, new={kind: {"commitment": new} if new else None}, erased=erased, **besides)


def confirmed(tx: Transaction, person_id: str) -> bool:
    """Whether a person has an address that they wrote themselves."""
    found = histories.newest(tx, f"person:{person_id}", LOOKED_AT, only=(Action.PERSON_CHANGED,))
    by = (line.actor for line in found if "email" in json.loads(line.change)["new"])
    return notices.address_of(tx, person_id) is not None and next(by, None) == person_id
