"""History lines: an action and a hash each.

Every line belongs to a stream (``instance:<id>``, ``definition:<process_id>``, ``person:<id>``, ``register:<id>``,
``office``) and has the next number in it. Its hash covers the hash of the line before it: to change, remove or insert
a line breaks all later ones. Lines are never rewritten, so their formats stay for ever; ``docs/riwayat.md`` describes
them, with test vectors.

A line has a person's name as a salted commitment. Name and salt are in the table ``personal_value``, where they can be
erased without breaking the hash.

Values are encoded by RFC 8785 (JSON Canonicalization Scheme), and first as text if JSON cannot express them exactly:
Decimal as digits without exponent, dates as ISO 8601, instants as UTC with microseconds and ``Z``. Floats are refused.
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

import rfc8785

GENESIS = "0" * 64
"""The hash before the first line of a stream that began with format 1."""
FORMAT = 2
"""The format of new lines. A stream may begin with an earlier format and never returns to it."""
CLOCKS_DIFFER = timedelta(minutes=1)
"""Allowed difference of the clocks that write a stream. A line that goes back further needs a mark before it."""

_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
_QUOTED: Callable[[str], str] = json.encoder.encode_basestring  # as _JSON does
_BEYOND = re.compile("[\ud800-\udfff\U00010000-\U0010ffff]")


class Action(StrEnum):
    """Every action in history, as ``subject:action``; buttons and services use the same verbs."""

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
    TASK_EXTENDED = "task:extended"
    TASK_VIEWED = "task:viewed"
    TASK_COMPLETED = "task:completed"
    TASK_TAKEN_BACK = "task:taken_back"
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
    ARCHIVE_STORED = "archive:stored"
    ARCHIVE_CORRECTED = "archive:corrected"
    REGISTER_DEFINED = "register:defined"
    REGISTER_CHANGED = "register:changed"
    REGISTER_IMPORTED = "register:imported"
    INCIDENT_OPENED = "incident:opened"
    INCIDENT_RETRIED = "incident:retried"
    INCIDENT_RESOLVED = "incident:resolved"
    COMMENT_ADDED = "comment:added"
    ATTACHMENT_ADDED = "attachment:added"
    PERSON_ADDED = "person:added"
    PERSON_CHANGED = "person:changed"
    PERSON_FORGOTTEN = "person:forgotten"
    PERSON_DEACTIVATED = "person:deactivated"
    PERSON_ACTIVATED = "person:activated"
    PASSWORD_CHANGED = "password:changed"  # noqa: S105 - the name of an action
    PASSWORD_RESET = "password:reset"  # noqa: S105 - the name of an action
    PASSWORD_LINKED = "password:linked"  # noqa: S105 - the name of an action
    IDENTITY_LINKED = "identity:linked"
    SECOND_FACTOR_SET = "second_factor:set"
    SECOND_FACTOR_DROPPED = "second_factor:dropped"
    SECOND_FACTOR_RESET = "second_factor:reset"
    RECOVERY_CODE_USED = "recovery_code:used"
    MEMBERSHIP_ADDED = "membership:added"
    MEMBERSHIP_ENDED = "membership:ended"
    ABSENCE_MARKED = "absence:marked"
    ABSENCE_ENDED = "absence:ended"
    PROPOSAL_MADE = "proposal:made"
    PROPOSAL_DECLINED = "proposal:declined"
    SESSIONS_ENDED = "sessions:ended"
    TOKEN_ISSUED = "token:issued"  # noqa: S105 - the name of an action
    FEED_RENEWED = "feed:renewed"
    TOKEN_REVOKED = "token:revoked"  # noqa: S105 - the name of an action
    SETTING_CHANGED = "setting:changed"
    DOCUMENT_READ = "document:read"
    FILE_READ = "file:read"
    PERSON_READ = "person:read"
    INCIDENT_READ = "incident:read"
    SESSION_OPENED = "session:opened"
    SESSION_ENDED = "session:ended"
    SESSION_LOCKED = "session:locked"
    ATTEMPT_REFUSED = "attempt:refused"
    EXPORT_MADE = "export:made"
    INTEGRITY_CHECKED = "integrity:checked"
    OFFICE_RESTORED = "office:restored"


_SUBJECTS = {  # of actions, by kind of stream
    "instance": "instance correction task timer message document rendering signature number archive incident comment "
    "attachment",
    "definition": "definition element",
    "register": "register",
    "person": "person password identity second_factor recovery_code membership absence proposal sessions session token "
    "attempt file feed",
    "office": "office setting export integrity",
}
_READ = {Action.DOCUMENT_READ, Action.INCIDENT_READ}
_BESIDE = {"person": _READ, "office": {Action.MESSAGE_SENT, Action.NUMBER_VOIDED}}
ACTIONS = {
    kind: frozenset(each for each in Action if each.partition(":")[0] in subjects.split())
    - (_READ if kind == "instance" else set())
    | {Action.CLOCK_SET_BACK, *_BESIDE.get(kind, ())}
    for kind, subjects in _SUBJECTS.items()
}
"""The actions allowed in each kind of stream: all that any release wrote there."""


def misplaced(stream: str, form: int, action: str, instance_id: str | None) -> str:
    """Return the column of a line whose value is not allowed in *stream*; empty if there is none."""
    kind, _, of = stream.partition(":")
    if not 1 <= form <= FORMAT:
        return "format"
    if action not in ACTIONS[kind]:
        return "action"
    return "" if instance_id == (of if kind == "instance" else None) else "instance_id"


def goes_back(at: str, before: str, latest: str, mark: str | None) -> str | None:
    """Return the earlier line's instant if a line is dated too far before it without a mark; else None.

    It is compared with the line *before* and, since small steps add up, with the *latest* one since the last mark.
    *mark* is the change of a line that marks a clock set back; it must name the instant *before*.
    """
    if mark is not None:
        return None if json.loads(mark) == {"before": before} else before
    if at >= latest:
        return None
    until = datetime.fromisoformat(at) + CLOCKS_DIFFER
    return next((each for each in (before, latest) if datetime.fromisoformat(each) > until), None)


def plain(value: Any) -> Any:
    """Return *value* in types that JSON expresses exactly; TypeError for what cannot be recorded."""
    if value is None or type(value) in (str, bool):  # most values are texts in mappings
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
        case Mapping():
            return {str(k): plain(v) for k, v in value.items()}
        case list() | tuple():
            return [plain(v) for v in value]
        case _:
            raise TypeError(f"cannot record a {type(value).__name__}")


def canonical(value: Any) -> str:
    """Return *value* as RFC 8785 text.

    The standard library writes plain values alike and ten times as fast, except for characters beyond the basic plane:
    RFC 8785 sorts keys by UTF-16 code units.
    """
    written = _JSON.encode(plain(value))
    return written if written.isascii() or _BEYOND.search(written) is None else rfc8785.dumps(plain(value)).decode()


def sha256_of(text: str) -> str:
    """Return the SHA-256 of *text*, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def commitment(salt: str, value: str) -> str:
    """Return the commitment to a personal *value*, SHA-256 in hex; the *salt* prevents guessing names."""
    return sha256_of(canonical({"salt": salt, "value": value}))


def genesis(installation: str, stream: str) -> str:
    """Return the hash before the first line of *stream*, which binds the stream to the *installation*."""
    return sha256_of(canonical({"format": FORMAT, "installation": installation, "stream": stream}))


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """A line to be recorded, without number and hashes."""

    action: Action
    element_id: str | None = None
    task_id: str | None = None
    change: Mapping[str, Any] | None = None
    actor: str | None = None  # None: the person who asks; the system for automatic consequences
    capacity: str | None = None
    on_behalf_of: str | None = None
    decree: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """A line of history as stored."""

    stream: str
    seq: int
    at: datetime
    actor: str
    name: str | None  # commitment to the actor's name at the time
    capacity: str | None  # the actor's, in the role
    on_behalf_of: str | None  # title of the actor in that capacity, unless definitive
    decree: str | None
    action: str
    element_id: str | None
    task_id: str | None
    instance_id: str | None
    change: str  # RFC 8785 text
    format: int
    previous_hash: str
    hash: str
    called: str | None = None  # the name behind *name*, unless erased; not part of the line

    @property
    def concerns(self) -> str | None:
        """The instance of the line's stream, or the one that a line of another stream names."""
        change = {} if self.instance_id else json.loads(self.change)
        found = self.instance_id or change.get("instance", change.get("object"))
        return found if isinstance(found, str) else None

    def computed_hash(self) -> str:
        """Return the hash that this line should carry."""
        return sha256_of(self.hashed_text())

    def hashed_text(self) -> str:
        """Return the text over which this line's hash is computed."""
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
    """Return ``canonical`` of these facts, with *at* as ``plain`` gives it, five times as fast.

    Format 1 has neither name nor capacity nor its own number.
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
