"""Tasks, instances, documents, clocks and drafts, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from engine.model.people import Actor
from engine.model.process import InstanceStatus, MessageKind


class TaskStatus(StrEnum):
    """The state of a user task."""

    READY = "ready"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class DocumentStatus(StrEnum):
    """The state of a version of a document."""

    DRAFT = "draft"
    WAITING = "waiting"  # for its approver
    RETURNED = "returned"  # by the approver to the maker
    ISSUED = "issued"
    SIGNED = "signed"
    REPLACED = "replaced"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """The row of a user task, with the facts of its instance that every page shows."""

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
    acts_for: str | None  # the absent person for whom the assignee has it, or the completer did it

    @property
    def holder(self) -> str | None:
        """The person who has the task: the named performer, else the one who claimed it."""
        return self.performer or self.assignee

    def late(self, now: datetime) -> bool:
        """Whether the task was completed after it was due, or is open and overdue at *now*; never if cancelled."""
        if self.due_at is None or self.status is TaskStatus.CANCELLED:
            return False
        return (self.completed_at or now) > self.due_at


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    """The row of an instance, without its state."""

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
    corrects: Mapping[str, Any] | None  # the corrected "instance", its wrong "documents", the "reason"
    corrected_by: str | None  # the correcting instance, unless terminated


@dataclass(frozen=True, slots=True)
class DocumentPart:
    """The part of a document from one item of a multi-instance task."""

    item: str
    content: str
    sha256: str
    task_id: str | None
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class DocumentVersion:
    """A version of a document; *content* is RFC 8785 text."""

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
    last: int = 0  # the highest version of its document, void ones included; 0: not read

    @property
    def following(self) -> int:
        """The number of the version after it."""
        return max(self.version, self.last) + 1

    @property
    def void(self) -> bool:
        """Whether it does not count: its instance was terminated, or its step was taken back."""
        return self.status is DocumentStatus.VOID

    @property
    def pending(self) -> bool:
        """Whether it awaits approval or correction, so that nothing may depend on it."""
        return self.status in (DocumentStatus.WAITING, DocumentStatus.RETURNED)

    @property
    def named(self) -> dict[str, str | int]:
        """The facts that name this version in a history line of its instance."""
        return {"document": self.id, "data_object": self.data_object_id, "version": self.version, "sha256": self.sha256}

    @property
    def said(self) -> dict[str, str | int]:
        """The facts that name this version in a history line of another stream."""
        return {**self.named, "instance": self.instance_id}


@dataclass(frozen=True, slots=True)
class DocumentTask:
    """A task outside the steps: approve or correct a document, file its signed copy, or archive the paper."""

    kind: str  # "approve", "mend", "file"; "archive" is of all documents, and names none
    document_id: str
    instance_id: str
    title: str
    name: str
    version: int
    number: str | None
    role: str | None  # whose holders may do it
    person: str | None  # who may do it as well: its maker or signer
    since: datetime
    by: str  # who made it, returned it, or signed it
    reason: str | None
    mode: str | None  # of the signature
    signature_id: str | None

    def belongs_to(self, actor: Actor) -> bool:
        """Whether *actor* may do it."""
        return actor.person_id == self.person or (self.role is not None and actor.has(self.role))


@dataclass(frozen=True, slots=True)
class Attachment:
    """An uploaded file; its bytes are stored under *sha256*."""

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
    """The kind of a draft."""

    TASK = "task"
    STUDIO = "studio"


@dataclass(frozen=True, slots=True)
class Draft:
    """Unsubmitted entries of a task's form, or an unsubmitted diagram from the studio."""

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
        """The entries of a form by path of the field."""
        return {path: tuple(texts) for path, texts in self.content.items()}


class ClockState(StrEnum):
    """The state of a task against its standard time."""

    ON_TIME = "on_time"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    PAUSED = "paused"
    NONE = "none"  # the step has no standard time


@dataclass(frozen=True, slots=True)
class Clock:
    """How much of a step's standard time has passed at *now*, in seconds of working time."""

    state: ClockState
    due_at: datetime | None
    first_due_at: datetime | None
    share: int  # percent of the standard time that has passed; may exceed 100
    left_seconds: int
    overdue_seconds: int
    day_seconds: int
    opens_at: datetime | None
    standard_time: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class IncidentRecord:
    """The row of an incident, with the title of its instance."""

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
        """Whether the instance waits in vain there, and nothing raised an error."""
        return not self.trace


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A sent message or signal; *content* is packed by the engine."""

    id: str
    kind: MessageKind
    name: str
    content: bytes
    from_instance: str | None
    to_instance: str | None
    sent_at: datetime
    sent_by: str
    status: str  # waiting, delivered, failed, expired
    note: str | None = None


@dataclass(frozen=True, slots=True)
class DefinitionRecord:
    """A deployed version of a procedure."""

    id: str
    process_id: str
    version: int
    content_hash: str
    name: str
    note: str
    deployed_at: datetime
    deployed_by: str
    confirmed: bool
