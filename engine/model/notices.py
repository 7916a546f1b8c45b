"""Notifications: which history lines make them, and for whom.

A notification is written in the transaction of its history line (``engine.store.unit_of_work``). The worker later finds
out whom it reaches, and how (``engine.service.telling``).
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from engine.model.history import Action, HistoryEvent
from engine.model.people import OfficeRole
from engine.model.signatures import Mode


class Kind(StrEnum):
    """What a notification is about."""

    TASK = "task"
    RETURNED = "returned"
    HANDED = "handed"
    APPROVE = "approve"
    MEND = "mend"
    ARCHIVE = "archive"
    SOON = "soon"
    LATE = "late"
    ESCALATED = "escalated"
    SIGNED = "signed"
    DONE = "done"
    STOPPED = "stopped"
    INCIDENT = "incident"
    MESSAGE = "message"
    MENTIONED = "mentioned"
    EXTENDED = "extended"
    READY = "ready"
    STOOD_IN = "stood_in"
    RETRACTED = "retracted"
    SUBSTITUTE = "substitute"


OF_TASKS = frozenset({Kind.TASK, Kind.RETURNED, Kind.HANDED, Kind.SOON, Kind.LATE, Kind.ESCALATED})
OF_TASKS |= {Kind.EXTENDED, Kind.READY}
"""Kinds whose subject is a task."""


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification to one person, to all in a role, or to the people concerned by its subject."""

    kind: Kind
    by: str
    instance_id: str | None = None
    subject: str = ""  # id of the task, document, incident or message
    person_id: str | None = None
    role: str | None = None
    reason: str | None = None

    def row(self, at: datetime) -> dict[str, Any]:
        """Return its database row, with a new id."""
        facts = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return facts | {"id": str(uuid.uuid4()), "kind": self.kind.value, "at": at}


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification that a person received, as lists and letters show it."""

    id: str
    kind: Kind
    at: datetime
    by: str
    reason: str | None
    subject: str
    instance_id: str | None
    title: str | None  # of the instance
    definition_id: str | None
    element_id: str | None  # of the task
    document: str | None  # name
    due_at: datetime | None
    over: bool  # what it asks for is done
    read_at: datetime | None = None


def told_by(deeds: Iterable[HistoryEvent], instance_id: str | None, actor: str) -> Iterator[Notification]:
    """Yield the notifications for deeds that are recorded together. A task that comes back makes one, not two."""
    found: dict[object, Notification] = {}
    for place, deed in enumerate(deeds):
        its = Notification(Kind.TASK, actor, instance_id, deed.task_id or "")
        change = deed.change or {}
        made = _of(deed, its, change)
        if deed.action is Action.INSTANCE_COMPLETED and "place" in change:
            yield replace(its, kind=Kind.ARCHIVE, role=change["place"]["role"])
        if made is not None:
            new = made.kind is Kind.RETURNED and found.get(made.subject)
            found[made.subject or place] = replace(new, kind=made.kind, by=made.by, reason=made.reason) if new else made
    yield from found.values()


def _of(deed: HistoryEvent, its: Notification, change: Mapping[str, Any]) -> Notification | None:
    match deed.action:
        case Action.TASK_OPENED:
            named = change.get("performer")
            return replace(its, person_id=named, role=None if named else change["role"])
        case Action.TASK_RETURNED:
            return replace(its, kind=Kind.RETURNED, by=change["by"], reason=change["reason"])
        case Action.TASK_REASSIGNED:
            return replace(its, role=change["new"]["role"], reason=change["reason"])
        case Action.TASK_DELEGATED:
            return replace(its, kind=Kind.HANDED, person_id=change["new"], reason=change["reason"])
        case Action.TASK_COMPLETED if "for" in change:
            return replace(its, kind=Kind.STOOD_IN, person_id=change["for"])
        case Action.DOCUMENT_SUBMITTED:
            return replace(its, kind=Kind.APPROVE, subject=change["document"], role=change["role"])
        case Action.DOCUMENT_RETURNED:
            return replace(its, kind=Kind.MEND, subject=change["document"], reason=change["reason"])
        case Action.DOCUMENT_SIGNED if change["mode"] != Mode.INTERNAL and not change["file_sha256"]:
            return None  # signed on paper or elsewhere: it is not signed before its file is here
        case Action.DOCUMENT_APPROVED | Action.DOCUMENT_SIGNED | Action.SIGNATURE_FILED:
            return replace(its, kind=Kind.SIGNED, subject=change["document"])
        case Action.INSTANCE_COMPLETED:
            return replace(its, kind=Kind.DONE)
        case Action.INSTANCE_TERMINATED:
            return replace(its, kind=Kind.STOPPED, reason=change["reason"])
        case Action.INCIDENT_OPENED:
            return replace(its, kind=Kind.INCIDENT, subject=change["incident"], role=OfficeRole.OPERATOR.value)
    return None
