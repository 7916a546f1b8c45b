"""What stands in an inbox and on an instance's page: tasks, documents, clocks, drafts, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from engine.model.people import Actor
from engine.model.process import InstanceStatus, MessageKind


class TaskStatus(StrEnum):
    """Where a user task stands."""

    READY = "ready"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class DocumentStatus(StrEnum):
    """Where a version of a document stands (pages.md, 1.4)."""

    DRAFT = "draft"
    WAITING = "waiting"  # for whom it goes out in the name of
    RETURNED = "returned"  # by them, to who made it
    ISSUED = "issued"
    SIGNED = "signed"
    REPLACED = "replaced"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """A user task's row, with what of its instance every page shows beside it."""

    id: str
    instance_id: str
    definition_id: str
    process_id: str
    title: str
    instance_status: InstanceStatus
    element_id: str
    role: str
    performer: str | None
    item: str | None
    activation: str
    status: TaskStatus
    assignee: str | None
    assigned_at: datetime | None
    created_at: datetime
    standard_time: str | None
    due_at: datetime | None
    first_due_at: datetime | None
    returned_by: str | None
    returned_reason: str | None
    returned_at: datetime | None
    completed_at: datetime | None
    completed_by: str | None
    capacity: str | None
    decree: str | None
    history_seq: int | None

    @property
    def holder(self) -> str | None:
        """Who has the task in hand: the named performer, else who claimed it."""
        return self.performer or self.assignee

    def late(self, now: datetime) -> bool:
        """Whether the task was completed after it was due, or is open at *now* and due before; a cancelled one never.

        The one answer to it: pages and reports count the same.
        """
        if self.due_at is None or self.status is TaskStatus.CANCELLED:
            return False
        return (self.completed_at or now) > self.due_at


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    """An instance's row without its state."""

    id: str
    definition_id: str
    process_id: str
    version: int
    title: str
    key: str | None
    reference_date: date | None
    values: Mapping[str, Any]  # as encoded by the start form
    status: InstanceStatus
    revision: int
    history_seq: int
    history_hash: str
    history_at: datetime | None
    step_count: int
    started_at: datetime
    started_by: str
    changed_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    status_reason: str | None
    corrects: Mapping[str, Any] | None  # the "instance" that it corrects, its "documents" that are wrong, the "reason"
    corrected_by: str | None  # the correction that runs or is completed


@dataclass(frozen=True, slots=True)
class DocumentPart:
    """What one item of a multi-instance task yielded."""

    item: str
    content: str
    sha256: str
    task_id: str | None
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class DocumentVersion:
    """One version of a document of an instance; *content* is RFC 8785 text."""

    id: str
    instance_id: str
    data_object_id: str
    version: int
    name: str
    status: DocumentStatus
    activation: str
    element_id: str
    content: str
    sha256: str
    created_at: datetime
    created_by: str
    issued_at: datetime | None
    approver: str | None = None  # role that must approve it
    returned_by: str | None = None
    returned_at: datetime | None = None
    returned_reason: str | None = None
    parts: tuple[DocumentPart, ...] = ()

    @property
    def pending(self) -> bool:
        """Whether it is made and not yet approved: nothing may rest on it."""
        return self.status in (DocumentStatus.WAITING, DocumentStatus.RETURNED)

    @property
    def named(self) -> dict[str, str | int]:
        """How a line of history names this version."""
        return {"document": self.id, "data_object": self.data_object_id, "version": self.version, "sha256": self.sha256}

    @property
    def said(self) -> dict[str, str | int]:
        """How a line of another stream names this version."""
        return {**self.named, "instance": self.instance_id}


@dataclass(frozen=True, slots=True)
class DocumentTask:
    """What a document waits for beside the steps: approval, correction, or the file that carries its signature."""

    kind: str  # "approve", "mend", "file"
    document_id: str
    instance_id: str
    title: str
    name: str
    version: int
    number: str | None
    role: str | None  # whose people may do it
    person: str | None  # who may do it as well: made it, or signed it
    since: datetime
    by: str  # who made it, sent it back, or signed it
    reason: str | None
    mode: str | None  # how it was signed
    signature_id: str | None

    def belongs_to(self, actor: Actor) -> bool:
        """Whether somebody may do it."""
        return actor.person_id == self.person or (self.role is not None and actor.has(self.role))


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that somebody handed over; its bytes are found by *sha256*."""

    id: str
    sha256: str
    name: str
    media_type: str
    size: int
    uploaded_by: str
    uploaded_at: datetime
    task_id: str | None
    instance_id: str | None


class DraftKind(StrEnum):
    """What a draft is of."""

    TASK = "task"
    STUDIO = "studio"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person typed into a task's form, or drew in the studio, and has not handed in."""

    id: str
    kind: DraftKind
    subject: str
    person_id: str
    base: str | None
    writer: str | None  # the tab that saved last
    revision: int
    content: Mapping[str, Any]
    saved_at: datetime
    dropped_at: datetime | None = None

    @property
    def entries(self) -> Mapping[str, tuple[str, ...]]:
        """What was typed into a form, by the path of the field."""
        return {path: tuple(texts) for path, texts in self.content.items()}


class ClockState(StrEnum):
    """How a task stands against its standard time."""

    ON_TIME = "on_time"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    PAUSED = "paused"
    NONE = "none"  # the step has no standard time


@dataclass(frozen=True, slots=True)
class Clock:
    """How much of a step's standard time is gone at *now*, in seconds of working time."""

    state: ClockState
    due_at: datetime | None
    first_due_at: datetime | None
    share: int  # percent of the standard time that is gone, 0 and up
    left_seconds: int
    overdue_seconds: int
    day_seconds: int
    open_now: bool
    opens_at: datetime | None
    standard_time: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class IncidentRecord:
    """An incident's row, with its instance's title."""

    id: str
    instance_id: str
    process_id: str
    title: str
    task_id: str
    element_id: str
    cause: str
    trace: str
    data: Mapping[str, Any]
    attempts: int
    status: str
    created_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None

    @property
    def stuck(self) -> bool:
        """Whether nothing raised: the instance waits there for what cannot come any more."""
        return not self.trace


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A message or signal on its way; *content* is what the engine packed."""

    id: str
    kind: MessageKind
    name: str
    content: bytes
    from_instance: str | None
    to_instance: str | None
    sent_at: datetime
    sent_by: str
    status: str  # waiting, delivered, failed, expired
    delivered_to: str | None
    delivered_at: datetime | None
    note: str | None


@dataclass(frozen=True, slots=True)
class DefinitionRecord:
    """One deployed version of a procedure."""

    id: str
    process_id: str
    version: int
    content_hash: str
    name: str
    note: str
    deployed_at: datetime
    deployed_by: str
    confirmed: bool
