"""History lines: one name per deed, one hash per line.

Every line belongs to a stream (``instance:<id>``, ``definition:<process_id>``, ``person:<id>``, ``register:<id>``,
``office``) and is numbered in it without gaps. A line's hash covers the hash of the line before it, so that changing,
removing or inserting a line breaks every later one. Lines are never written anew, so their formats stay for ever:
``docs/riwayat.md`` says what each holds, with vectors that the tests compute again.

A person's name stands in a line as a salted commitment, and apart from it (table ``personal_value``) with its salt:
both can be erased there, after which the line tells nobody's name and its hash still holds.

Values are encoded as RFC 8785 (JSON Canonicalization Scheme) text. What JSON cannot say exactly becomes text first:
Decimal as plain digits without exponent, dates as ISO 8601, instants as UTC with microseconds and ``Z``. A float is
refused: nothing in the office is a binary fraction.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID

import rfc8785

GENESIS = "0" * 64
"""The hash that stands before the first line of a stream that began under format 1."""
FORMAT = 2
"""How lines are written today. A stream may begin under an earlier format, and never goes back to one."""
CLOCKS_DIFFER = timedelta(minutes=1)
"""Machines that write one stream may be so far apart; a line that goes back further is marked by one before it."""

_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
_QUOTED: Callable[[str], str] = json.encoder.encode_basestring  # as _JSON does
_BEYOND = re.compile("[\ud800-\udfff\U00010000-\U0010ffff]")


class Action(StrEnum):
    """Every deed that history knows, as ``subject:action``; the same verb stands on the button and in the service."""

    OFFICE_FOUNDED = "office:founded"
    CLOCK_SET_BACK = "clock:set_back"
    DEFINITION_DEPLOYED = "definition:deployed"
    DEFINITION_CONFIRMED = "definition:confirmed"
    INSTANCE_STARTED = "instance:started"
    INSTANCE_COMPLETED = "instance:completed"
    INSTANCE_SUSPENDED = "instance:suspended"
    INSTANCE_RESUMED = "instance:resumed"
    INSTANCE_TERMINATED = "instance:terminated"
    INSTANCE_CORRECTED = "instance:corrected"
    CORRECTION_DROPPED = "correction:dropped"
    TASK_OPENED = "task:opened"
    TASK_CANCELLED = "task:cancelled"
    TASK_RETURNED = "task:returned"
    TASK_CLAIMED = "task:claimed"
    TASK_RELEASED = "task:released"
    TASK_DELEGATED = "task:delegated"
    TASK_REASSIGNED = "task:reassigned"
    TASK_COMPLETED = "task:completed"
    ELEMENT_REASSIGNED = "element:reassigned"
    TIMER_FIRED = "timer:fired"
    MESSAGE_SENT = "message:sent"
    MESSAGE_RECEIVED = "message:received"
    DOCUMENT_SAVED = "document:saved"
    DOCUMENT_ISSUED = "document:issued"
    DOCUMENT_SUBMITTED = "document:submitted"
    DOCUMENT_APPROVED = "document:approved"
    DOCUMENT_RETURNED = "document:returned"
    DOCUMENT_REPLACED = "document:replaced"
    DOCUMENT_VOIDED = "document:voided"
    DOCUMENT_RENDERED = "document:rendered"
    RENDERING_FAILED = "rendering:failed"
    DOCUMENT_SIGNED = "document:signed"
    SIGNATURE_FILED = "signature:filed"
    NUMBER_TAKEN = "number:taken"
    NUMBER_VOIDED = "number:voided"
    INSTANCE_ARCHIVED = "instance:archived"
    ARCHIVE_FAILED = "archive:failed"
    ARCHIVE_CORRECTED = "archive:corrected"
    REGISTER_DEFINED = "register:defined"
    REGISTER_CHANGED = "register:changed"
    REGISTER_IMPORTED = "register:imported"
    INCIDENT_OPENED = "incident:opened"
    INCIDENT_RETRIED = "incident:retried"
    INCIDENT_RESOLVED = "incident:resolved"
    COMMENT_ADDED = "comment:added"
    PERSON_ADDED = "person:added"
    PERSON_CHANGED = "person:changed"
    PERSON_FORGOTTEN = "person:forgotten"
    PERSON_DEACTIVATED = "person:deactivated"
    PERSON_ACTIVATED = "person:activated"
    PASSWORD_CHANGED = "password:changed"  # noqa: S105 - the name of a deed
    PASSWORD_RESET = "password:reset"  # noqa: S105 - the name of a deed
    SECOND_FACTOR_SET = "second_factor:set"
    SECOND_FACTOR_DROPPED = "second_factor:dropped"
    SECOND_FACTOR_RESET = "second_factor:reset"
    RECOVERY_CODE_USED = "recovery_code:used"
    MEMBERSHIP_ADDED = "membership:added"
    MEMBERSHIP_ENDED = "membership:ended"
    PROPOSAL_MADE = "proposal:made"
    PROPOSAL_DECLINED = "proposal:declined"
    SESSIONS_ENDED = "sessions:ended"
    TOKEN_ISSUED = "token:issued"  # noqa: S105 - the name of a deed
    TOKEN_REVOKED = "token:revoked"  # noqa: S105 - the name of a deed
    SETTING_CHANGED = "setting:changed"
    DOCUMENT_READ = "document:read"
    FILE_READ = "file:read"
    PERSON_READ = "person:read"
    SESSION_OPENED = "session:opened"
    SESSION_LOCKED = "session:locked"
    ATTEMPT_REFUSED = "attempt:refused"
    EXPORT_MADE = "export:made"
    INTEGRITY_CHECKED = "integrity:checked"
    OFFICE_RESTORED = "office:restored"


def plain(value: Any) -> Any:
    """Return *value* as JSON can say it exactly; TypeError names what it cannot."""
    if value is None or type(value) in (str, bool):  # nearly all that is recorded: texts in mappings
        return value
    if type(value) is dict:
        return {str(k): plain(v) for k, v in value.items()}
    match value:
        case Enum():
            return plain(value.value)
        case str():
            return str(value)
        case int():
            return value if abs(value) < 2**53 else str(value)
        case Decimal():
            if not value.is_finite():
                raise TypeError(f"{value} is not a number of the office")
            return format(value, "f")
        case datetime():
            if value.tzinfo is None:
                raise TypeError(f"naive instant {value!r}")
            return value.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"
        case date() | time():
            return value.isoformat()
        case timedelta():
            return f"PT{int(value.total_seconds())}S"
        case UUID():
            return str(value)
        case Mapping():
            return {str(k): plain(v) for k, v in value.items()}
        case list() | tuple():
            return [plain(v) for v in value]
        case set() | frozenset():
            return sorted((plain(v) for v in value), key=str)
        case _:
            raise TypeError(f"cannot record a {type(value).__name__}")


def canonical(value: Any) -> str:
    """Return *value* as RFC 8785 text.

    What ``plain`` leaves is written alike by the standard library, ten times as fast; except where texts hold
    characters beyond the basic plane, by whose halves RFC 8785 sorts keys.
    """
    written = _JSON.encode(plain(value))
    return written if written.isascii() or _BEYOND.search(written) is None else rfc8785.dumps(plain(value)).decode()


def sha256_of(text: str) -> str:
    """Return the SHA-256 of *text*, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def commitment(salt: str, value: str) -> str:
    """Return the SHA-256, in hex, by which a line holds a personal *value*; without *salt* nobody can try out names."""
    return sha256_of(canonical({"salt": salt, "value": value}))


def genesis(installation: str, stream: str) -> str:
    """Return the hash before a stream's first line, which binds the stream to the *installation* that began it."""
    return sha256_of(canonical({"format": FORMAT, "installation": installation, "stream": stream}))


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """What is about to be recorded: a line without its number and hashes."""

    action: Action
    element_id: str | None = None
    task_id: str | None = None
    change: Mapping[str, Any] | None = None
    actor: str | None = None  # another than who asks (the system, for what followed by itself)
    capacity: str | None = None
    on_behalf_of: str | None = None
    decree: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of history, as stored."""

    stream: str
    seq: int
    at: datetime
    actor: str
    name: str | None  # the actor's, then: a commitment
    capacity: str | None  # in which the actor held the role that the deed is of
    on_behalf_of: str | None  # how the actor was called by it, where it was not definitive
    decree: str | None
    action: str
    element_id: str | None
    task_id: str | None
    instance_id: str | None
    change: str  # RFC 8785 text
    format: int
    previous_hash: str
    hash: str
    called: str | None = None  # what *name* stands for, if it is not erased; no part of the line

    @property
    def concerns(self) -> str | None:
        """The instance that the line is of, or of which a line of another stream tells; an export may name several."""
        change = {} if self.instance_id else json.loads(self.change)
        found = self.instance_id or change.get("instance", change.get("object"))
        return found if isinstance(found, str) else None

    def computed_hash(self) -> str:
        """Return the hash that this line should carry."""
        return sha256_of(self.hashed_text())

    def hashed_text(self) -> str:
        """Return the text that this line's hash is over: whoever has it needs nothing of ours to compute the hash."""
        facts = {each.name: getattr(self, each.name) for each in fields(self)[:-2]}
        return hashed_text(**{**facts, "at": plain(self.at)})


def hashed_text(
    stream: str,
    seq: int,
    at: str,
    actor: str,
    name: str | None,
    capacity: str | None,
    on_behalf_of: str | None,
    decree: str | None,
    action: str,
    element_id: str | None,
    task_id: str | None,
    instance_id: str | None,
    change: str,
    format: int,
    previous_hash: str,
) -> str:
    """Return what ``canonical`` gives for these facts, *at* written as ``plain`` writes it; five times as fast.

    Format 1 knew neither name nor capacity, nor said its number.
    """
    quoted, first = _QUOTED, format == 1
    held = "" if first else f'"capacity":{"null" if capacity is None else quoted(capacity)},'
    said = "" if first else f'"format":{format},'
    called = "" if first else f'"name":{"null" if name is None else quoted(name)},'
    return (
        f'{{"action":{quoted(action)},"actor":{quoted(actor)},"at":{quoted(at)},{held}"change":{quoted(change)},'
        f'"decree":{"null" if decree is None else quoted(decree)},'
        f'"element_id":{"null" if element_id is None else quoted(element_id)},{said}'
        f'"instance_id":{"null" if instance_id is None else quoted(instance_id)},{called}'
        f'"on_behalf_of":{"null" if on_behalf_of is None else quoted(on_behalf_of)},'
        f'"previous_hash":{quoted(previous_hash)},"seq":{seq},"stream":{quoted(stream)},'
        f'"task_id":{"null" if task_id is None else quoted(task_id)}}}'
    )
