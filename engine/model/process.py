"""What a process definition says and what moving an instance yields, as plain values.

Every other part of Alur knows processes only through these values: SpiffWorkflow's objects never leave
``engine.bpmn``, and rows never leave ``engine.store``.
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
    """A document that the procedure reads or yields (BPMN 2.0.2, 10.4.1)."""

    id: str
    name: str
    name_en: str | None = None
    approver: str | None = None  # sop:persetujuan: the role in whose name it goes out, and that approves it first


@dataclass(frozen=True, slots=True)
class DataReference:
    """One data object as one step words it: a data association's end (kelengkapan or output of the SOP sheet)."""

    data_object_id: str
    name: str  # as the step's line of the SOP sheet says it
    name_en: str | None = None
    reference_id: str = ""


@dataclass(frozen=True, slots=True)
class UserTask:
    """A step that a person does: everything the SOP sheet says of it."""

    element_id: str
    name: str  # the office's own spelling
    name_plain: str | None  # sop:ejaanBaku, corrected spelling
    name_en: str | None
    number: int  # 1-based place in flow order, the sheet's "No"
    lane_id: str
    role: str
    standard_time: str | None  # sop:waktu, ISO 8601, meaning working time
    performer: str | None  # sop:pelaksana, an expression naming one person
    not_performer_of: str | None  # sop:bukanPelaksana, element_id of an earlier task
    inputs: tuple[DataReference, ...]
    outputs: tuple[DataReference, ...]
    multi_instance: bool
    form: str  # form id: formJsonSchemaFilename's stem if given, else element_id
    documentation: str = ""
    note: str = ""  # sop:keterangan, the sheet's last column


@dataclass(frozen=True, slots=True)
class ProcessModel:
    """One version of a procedure as the pages and services know it: the diagram without its engine."""

    process_id: str
    name: str
    name_en: str | None
    documentation: str  # carries marks such as "Rekonstruksi - menunggu konfirmasi dinas"
    identity: Mapping[str, Any]  # sop:identitas: the sheet's header; lists stay lists of text
    lanes: tuple[Lane, ...]
    tasks: tuple[UserTask, ...]  # in flow order
    data_objects: tuple[DataObject, ...]
    start_event: str  # its element_id; its form asks what starting needs
    starters: tuple[str, ...]  # sop:pemulai: roles that may start; else the role of the start event's lane
    title: str | None  # sop:judul: expression that names an instance
    key: str | None  # sop:kunci: expression; unique among instances that were not terminated
    reference_date: str | None  # sop:tanggalAcuan: expression, a date
    needed_names: frozenset[str]  # names that some expression of the diagram reads
    proposals: frozenset[str]  # elements marked sop:usulan
    names: Mapping[str, str]  # element_id -> name of every element
    names_en: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)  # element_id of whatever lies in a lane -> the lane's role
    sample_teams: frozenset[str] = frozenset()  # sop:contohTim: roles whose sample has two accounts, to show claiming

    @property
    def reconstruction(self) -> bool:
        """Whether the diagram says of itself that it is a reconstruction: its documentation begins with that word."""
        return self.documentation.casefold().startswith("rekonstruksi")

    def approver_of(self, data_object_id: str) -> str | None:
        """Return the role that must approve a document before it is issued."""
        return next((each.approver for each in self.data_objects if each.id == data_object_id), None)

    def task(self, element_id: str) -> UserTask:
        """Return the user task *element_id*; KeyError if the diagram has none."""
        for task in self.tasks:
            if task.element_id == element_id:
                return task
        raise KeyError(element_id)

    def lane_of_role(self, role: str) -> Lane:
        """Return the lane whose people have *role*; of a role that no lane has, one that is called like it."""
        return next((lane for lane in self.lanes if lane.role == role), Lane(role, role, None, role))


class InstanceStatus(StrEnum):
    """Where a process instance stands (pages.md, 1.4)."""

    RUNNING = "running"
    WAITING = "waiting"  # nothing for a person: a timer or message must come first
    INCIDENT = "incident"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    TERMINATED = "terminated"
    ARCHIVED = "archived"  # completed, and its berkas built: only read from then on


DONE = (InstanceStatus.COMPLETED, InstanceStatus.ARCHIVED)
"""Those that reached their end."""
OVER = (*DONE, InstanceStatus.TERMINATED)


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A user task that a person may now do."""

    id: str  # 32 hex digits
    element_id: str
    role: str
    performer: str | None  # person id, if sop:pelaksana named one
    item: str | None  # key of a multi-instance item as text, else None
    activation: str  # id shared by all items of one multi-instance activation; else the task's own id


@dataclass(frozen=True, slots=True)
class PassedElement:
    """An element that was completed in a step, and the sequence flows its token left by."""

    element_id: str
    kind: str  # BPMN's name: userTask, exclusiveGateway, startEvent ...
    task_id: str
    flows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A timer event that waits, with the instant (UTC) it fires."""

    task_id: str
    element_id: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Incident:
    """An element that raised: where, why, and what it was given."""

    task_id: str
    element_id: str
    cause: str  # one sentence
    trace: str  # technical
    data: Mapping[str, Any] = field(default_factory=dict)


class MessageKind(StrEnum):
    """How an event travels: a message to one, a signal to everybody who waits."""

    MESSAGE = "message"
    SIGNAL = "signal"


@dataclass(frozen=True, slots=True)
class Message:
    """A message or signal thrown to the outside."""

    name: str
    kind: MessageKind
    payload: Any = None
    correlations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # key -> property -> value


@dataclass(frozen=True, slots=True)
class Subscription:
    """One message or signal that an element of an instance waits for."""

    task_id: str
    element_id: str
    kind: MessageKind
    name: str
    correlation: str = ""  # hash of one key of its conversation; empty if any message of that name will do


class WaitKind(StrEnum):
    """For what an instance waits besides its people."""

    TIME = "time"
    MESSAGE = "message"
    SIGNAL = "signal"
    CONDITION = "condition"
    BRANCHES = "branches"  # the other branches that a gateway joins


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing that an instance waits for, and since when."""

    task_id: str
    element_id: str
    kind: WaitKind
    since: datetime
    until: datetime | None = None  # when a timer fires
    name: str = ""  # of the message or signal; a condition's expression
    missing: tuple[str, ...] = ()  # sequence flows into a join that have no token, or elements before them
    hopeless: bool = False  # what is missing cannot come any more


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An instance's state as the store holds it."""

    instance_id: str
    revision: int
    state: bytes


@dataclass(frozen=True, slots=True)
class Transition:
    """What one move of an instance yields; nothing is written until a service writes it."""

    instance_id: str
    state: bytes
    status: InstanceStatus  # RUNNING, WAITING, INCIDENT or COMPLETED
    open_tasks: tuple[OpenTask, ...]  # every user task that is open after the step
    opened: tuple[OpenTask, ...]  # those of them that were not open before it
    passed: tuple[PassedElement, ...]  # completed in this step, in order
    cancelled: tuple[str, ...]  # ids of user tasks that the step cancelled
    timers: tuple[DueTimer, ...]  # every timer that waits after the step
    incidents: tuple[Incident, ...]  # every incident that is open after the step
    waiting: tuple[str, ...] = ()  # element ids of events that wait (timer, message ...)
    thrown: tuple[Message, ...] = ()
    subscribed: frozenset[Subscription] = frozenset()  # waited for now, and not before the step
    unsubscribed: frozenset[Subscription] = frozenset()  # waited for before the step, and not now
    caught_by: tuple[str, ...] = ()  # element ids that caught what was delivered
    stuck: tuple[Incident, ...] = ()  # where it waits for what cannot come any more: it is an INCIDENT as well
    live: Any = field(default=None, repr=False, compare=False)  # for the executor's own cache
