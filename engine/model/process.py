"""Process definitions, and the outcome of moving an instance, as plain values.

Other parts of Alur know processes only through these: objects of SpiffWorkflow never leave ``engine.bpmn``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane of the diagram (BPMN 2.0.2, 10.8.2) and the role whose people work in it."""

    id: str
    name: str
    name_en: str | None
    role: str  # sop:peran, else the lane's id


@dataclass(frozen=True, slots=True)
class DataObject:
    """A document that the procedure reads or makes (BPMN 2.0.2, 10.4.1)."""

    id: str
    name: str
    name_en: str | None = None
    approver: str | None = None  # sop:persetujuan: the role that approves it and in whose name it is issued


@dataclass(frozen=True, slots=True)
class DataReference:
    """A data object as one step names it, at the end of a data association (BPMN 2.0.2, 10.4.2)."""

    data_object_id: str
    name: str  # as in the step's row of the SOP sheet
    name_en: str | None = None
    reference_id: str = ""


@dataclass(frozen=True, slots=True)
class UserTask:
    """A step that a person does, with everything in its row of the SOP sheet."""

    element_id: str
    name: str  # the office's own spelling
    name_plain: str | None  # sop:ejaanBaku, corrected spelling
    name_en: str | None
    number: int  # position in flow order from 1, the sheet's "No"
    role: str
    standard_time: str | None  # sop:waktu, ISO 8601, meaning working time
    performer: str | None  # sop:pelaksana, an expression naming one person
    not_performer_of: str | None  # sop:bukanPelaksana, element_id of an earlier task
    inputs: tuple[DataReference, ...]
    outputs: tuple[DataReference, ...]
    multi_instance: bool
    form: str  # form id: formJsonSchemaFilename's stem if given, else element_id
    documentation: str = ""
    reminder: str | None = None  # sop:pengingat, ISO 8601: how much working time before it is due
    escalation: str | None = None  # sop:eskalasi, a role, perhaps with the working time after it was due: "kepala P1D"
    note: str = ""  # sop:keterangan, the sheet's last column


@dataclass(frozen=True, slots=True)
class ProcessModel:
    """One version of a procedure, as pages and services use it."""

    process_id: str
    name: str
    name_en: str | None
    documentation: str  # may begin with a mark such as "Rekonstruksi - menunggu konfirmasi dinas"
    identity: Mapping[str, Any]  # sop:identitas: the sheet's header; values are texts or lists of texts
    lanes: tuple[Lane, ...]
    tasks: tuple[UserTask, ...]  # in flow order
    data_objects: tuple[DataObject, ...]
    start_event: str  # its element_id
    starters: tuple[str, ...]  # sop:pemulai: roles that may start; else the role of the start event's lane
    archivist: str | None  # sop:arsip: the role that says where the paper copy is stored, in the form "arsip"
    title: str | None  # sop:judul: expression for an instance's title
    key: str | None  # sop:kunci: expression; unique among instances that were not terminated
    reference_date: str | None  # sop:tanggalAcuan: expression, a date
    needed_names: frozenset[str]  # variables that some expression of the diagram reads
    proposals: frozenset[str]  # elements marked sop:usulan
    names: Mapping[str, str]  # element_id -> name of every element
    names_en: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)  # element_id of every element in a lane -> the lane's role
    sample_teams: frozenset[str] = frozenset()  # sop:contohTim: roles with two sample accounts, to show claiming

    @property
    def reconstruction(self) -> bool:
        """Whether the documentation marks the diagram as a reconstruction."""
        return self.documentation.casefold().startswith("rekonstruksi")

    def approver_of(self, data_object_id: str) -> str | None:
        """Return the role that must approve a document before it is issued; None if no approval is needed."""
        return next((each.approver for each in self.data_objects if each.id == data_object_id), None)

    def task(self, element_id: str) -> UserTask:
        """Return the user task *element_id*; KeyError if the diagram has none."""
        return {task.element_id: task for task in self.tasks}[element_id]

    def lane_of_role(self, role: str) -> Lane:
        """Return the lane of *role*; for a role without a lane, one with the role's name."""
        return next((lane for lane in self.lanes if lane.role == role), Lane(role, role, None, role))


class InstanceStatus(StrEnum):
    """The state of a process instance."""

    RUNNING = "running"
    WAITING = "waiting"  # for a timer or message; no task is open
    INCIDENT = "incident"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    TERMINATED = "terminated"
    ARCHIVED = "archived"  # completed, with its berkas built: read-only


DONE = (InstanceStatus.COMPLETED, InstanceStatus.ARCHIVED)
"""States of instances that reached their end."""
OVER = (*DONE, InstanceStatus.TERMINATED)


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A user task that is open."""

    id: str  # 32 hex digits
    element_id: str
    role: str
    performer: str | None  # person id, if sop:pelaksana named one
    item: str | None  # key of a multi-instance item as text, else None
    activation: str  # id shared by all items of one multi-instance activation; else the task's own id


@dataclass(frozen=True, slots=True)
class PassedElement:
    """An element completed in a step, and the sequence flows by which its token left."""

    element_id: str
    kind: str  # BPMN's name: userTask, exclusiveGateway, startEvent ...
    task_id: str
    flows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A waiting timer event, with the instant (UTC) at which it fires."""

    task_id: str
    element_id: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Incident:
    """An element that raised an error: where, why, and with which data."""

    task_id: str
    element_id: str
    cause: str  # one sentence
    trace: str  # technical
    data: Mapping[str, Any] = field(default_factory=dict)


class MessageKind(StrEnum):
    """Whether one receiver gets the event (message) or all who wait (signal)."""

    MESSAGE = "message"
    SIGNAL = "signal"


@dataclass(frozen=True, slots=True)
class Message:
    """A message or signal that an instance sends."""

    name: str
    kind: MessageKind
    payload: Any = None
    correlations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # key -> property -> value


@dataclass(frozen=True, slots=True)
class Subscription:
    """A message or signal for which an element of an instance waits."""

    task_id: str
    element_id: str
    kind: MessageKind
    name: str
    correlation: str = ""  # hash of a correlation key; empty if any message of that name matches


class WaitKind(StrEnum):
    """What an instance waits for besides people."""

    TIME = "time"
    MESSAGE = "message"
    SIGNAL = "signal"
    CONDITION = "condition"
    BRANCHES = "branches"  # the other branches that a gateway joins


@dataclass(frozen=True, slots=True)
class Wait:
    """Something that an instance waits for, and since when."""

    task_id: str
    element_id: str
    kind: WaitKind
    since: datetime
    until: datetime | None = None  # when a timer fires
    name: str = ""  # of the message or signal; a condition's expression
    missing: tuple[str, ...] = ()  # sequence flows into a join without a token, or the elements before them
    hopeless: bool = False  # the missing tokens can no longer come


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of an instance as stored."""

    instance_id: str
    revision: int
    state: bytes


@dataclass(frozen=True, slots=True)
class Transition:
    """The outcome of one move of an instance; a service writes it."""

    instance_id: str
    state: bytes
    status: InstanceStatus  # RUNNING, WAITING, INCIDENT or COMPLETED
    open_tasks: tuple[OpenTask, ...]  # every user task that is open after the step
    opened: tuple[OpenTask, ...]  # those that were not open before
    passed: tuple[PassedElement, ...]  # completed in this step, in order
    cancelled: tuple[str, ...]  # ids of user tasks that the step cancelled
    timers: tuple[DueTimer, ...]  # every timer that waits after the step
    incidents: tuple[Incident, ...]  # every incident that is open after the step
    waiting: tuple[str, ...] = ()  # element ids of events that wait (timer, message ...)
    thrown: tuple[Message, ...] = ()
    subscribed: frozenset[Subscription] = frozenset()  # new since before the step
    unsubscribed: frozenset[Subscription] = frozenset()  # gone since before the step
    caught_by: tuple[str, ...] = ()  # element ids that caught the delivered message
    stuck: tuple[Incident, ...] = ()  # elements that wait in vain; the status is INCIDENT
