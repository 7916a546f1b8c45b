"""The second factor: a code that changes every 30 seconds (TOTP, RFC 6238), and recovery codes for a lost phone.

What is stored is encrypted with a key of the installation and bound to its person: a stolen database gives no codes,
and neither does a row that somebody exchanged. A code is taken one step early or late and never twice: the last step
taken is kept. Recovery codes are random beyond guessing (124 bits), so a plain hash is enough (OWASP ASVS 5.0, 6.5.2);
each opens once. Passkeys, which no forged page can ask for, lost: the shared computers of an office hold none.
"""

import hashlib
import json
import re
import secrets
from typing import Any

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pyotp.utils import strings_equal

from engine.model.history import Action, HistoryEvent
from engine.store.queries import people
from engine.store.unit_of_work import Work

SECTION = "second_factor"  # the setting that says which roles must have one
RECOVERY_CODES = 10
NONCE = 12


def enrol(work: Work, key: bytes, secret: str, code: str) -> tuple[str, ...] | None:
    """Give the actor a second factor and return the recovery codes, unless *code* is not the phone's for *secret*."""
    step, there = _step(work, secret, code), _held(work, key, work.actor.person_id)
    if step is None or (there and there["secret"] == secret):  # a page that is loaded again makes no new codes
        return None
    codes = tuple(random_code(5) for _ in range(RECOVERY_CODES))
    _write(work, key, work.actor.person_id, {"secret": secret, "step": step, "codes": [_hash(each) for each in codes]})
    work.record(f"person:{work.actor.person_id}", HistoryEvent(Action.SECOND_FACTOR_SET))
    return codes


def accepts(work: Work, key: bytes, person_id: str, code: str) -> str:
    """Take a code of the phone, or a recovery code, which is then used up; return which it was, "" if neither."""
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
        change = {"left": len(held["codes"])}
        work.record(f"person:{person_id}", HistoryEvent(Action.RECOVERY_CODE_USED, change=change))
    else:
        return ""
    _write(work, key, person_id, held)
    return kind


def random_code(groups: int) -> str:
    """Return a code that can be read aloud: groups of five, without look-alikes (25 bits each)."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(groups))


def _write(work: Work, key: bytes, person_id: str, held: dict[str, Any]) -> None:
    nonce = secrets.token_bytes(NONCE)
    sealed = nonce + AESGCM(key).encrypt(nonce, json.dumps(held).encode(), person_id.encode())
    people.set_second_factor(work, person_id, sealed)


def _held(work: Work, key: bytes, person_id: str) -> dict[str, Any] | None:
    sealed = people.second_factor_of(work, person_id) or b""
    try:
        held: dict[str, Any] = json.loads(AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], person_id.encode()))
    except (InvalidTag, ValueError):
        return None  # none, or the row was exchanged, or the key: then only the operator's reset helps
    return held


def _step(work: Work, secret: str, code: str) -> int | None:
    totp, code = pyotp.TOTP(secret), re.sub(r"\s", "", code)  # phones show it in two groups
    now = totp.timecode(work.now)
    return next((step for step in (now, now - 1, now + 1) if strings_equal(totp.generate_otp(step), code)), None)


def _hash(code: str) -> str:
    return hashlib.sha256(re.sub(r"[\s-]", "", code).lower().encode()).hexdigest()
