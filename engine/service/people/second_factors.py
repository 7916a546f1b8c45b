"""The second factor: a code that changes every 30 seconds (TOTP, RFC 6238), and recovery codes for a lost phone.

The secret is encrypted with a key of the installation and bound to its person, so that neither a stolen database nor an
exchanged row gives codes. A code is accepted one step early or late and never twice; the last accepted step is stored.
Recovery codes have 124 random bits, so a plain hash is enough (OWASP ASVS 5.0, 6.5.2); each works once. Passkeys, which
resist forged pages, are not used, since shared computers of an office cannot store them.
"""

import json
import re
import secrets
from typing import Any

import pyotp
from pyotp.utils import strings_equal

from engine.model.history import Action, sha256_of
from engine.service.office.sealing import seal, unseal
from engine.store.queries import people
from engine.store.unit_of_work import Work

SECTION = "second_factor"  # the setting with the roles that require one
RECOVERY_CODES = 10


def enrol(work: Work, key: bytes, secret: str, code: str) -> tuple[str, ...] | None:
    """Give the actor a second factor and return the recovery codes; None if *code* is not right for *secret*."""
    step, there = _step(work, secret, code), _held(work, key, work.actor.person_id)
    if step is None or (there and there["secret"] == secret):  # a reloaded page makes no new codes
        return None
    codes = tuple(random_code(5) for _ in range(RECOVERY_CODES))
    _write(work, key, work.actor.person_id, {"secret": secret, "step": step, "codes": [_hash(each) for each in codes]})
    work.tell(work.actor.person_id, Action.SECOND_FACTOR_SET)
    return codes


def accepts(work: Work, key: bytes, person_id: str, code: str) -> str:
    """Accept a code of the phone, or use up a recovery code; return which it was, "" if neither."""
    people.one_at_a_time(work, person_id)
    held = _held(work, key, person_id)
    if held is None:
        return ""
    step, hashed = _step(work, held["secret"], code), _hash(code)
    if step is not None and step > held["step"]:
        held["step"], kind = step, "second_factor"
    elif hashed in held["codes"]:
        held["codes"].remove(hashed)
        kind = "recovery_code"
        work.tell(person_id, Action.RECOVERY_CODE_USED, left=len(held["codes"]))
    else:
        return ""
    _write(work, key, person_id, held)
    return kind


def random_code(groups: int) -> str:
    """Return a code that can be read aloud: groups of five characters without look-alikes (25 bits each)."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(groups))


def _write(work: Work, key: bytes, person_id: str, held: dict[str, Any]) -> None:
    people.set_second_factor(work, person_id, seal(key, person_id, json.dumps(held).encode()))


def _held(work: Work, key: bytes, person_id: str) -> dict[str, Any] | None:
    found = unseal(key, person_id, people.second_factor_of(work, person_id))
    held: dict[str, Any] | None = json.loads(found) if found else None  # if unreadable, only the operator's reset helps
    return held


def _step(work: Work, secret: str, code: str) -> int | None:
    totp, code = pyotp.TOTP(secret), re.sub(r"\s", "", code)  # phones show it in two groups
    now = totp.timecode(work.now)
    return next((step for step in (now, now - 1, now + 1) if strings_equal(totp.generate_otp(step), code)), None)


def _hash(code: str) -> str:
    return sha256_of(re.sub(r"[\s-]", "", code).lower())
