"""What goes over the wire: request bodies and answers, as pydantic models.

Bodies are strict and closed: a field that is not known is a fault, and a number is no text. Instants are RFC 3339 in
UTC, days ISO 8601, exact numbers in values text. A field that is not there and one that is null mean the same.
"""

import json
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from engine.model.history import HistoryLine
from engine.model.process import UserTask, WaitKind
from engine.model.work import DocumentVersion, TaskRecord
from engine.service.papers.documents import Paper
from engine.service.procedures.procedure import Procedure
from engine.service.work.instances import ListedInstance
from engine.web.api.problems import instant

LONGEST_PATH = 200
MOST_ROWS = 200

Instant = Annotated[datetime, PlainSerializer(instant, return_type=str, when_used="json")]
Squeezed = BeforeValidator(lambda text: " ".join(text.split()) if isinstance(text, str) else text)
Reason = Annotated[
    str, Squeezed, Field(min_length=3, max_length=500, description="Why; it stands in the history for good.")
]
Note = Annotated[str, Squeezed, Field(min_length=1, max_length=500, description="What this version is for.")]
Id = Annotated[str, Field(min_length=1, max_length=100)]
Values = Annotated[
    dict[str, Any],
    Field(
        description=(
            "By the names of the form's fields: text, true or false, numbers (as JSON numbers or as text with a decimal"
            " point), days as 2025-04-15, times as 09:30, lists, rows as objects, files by the id of an attachment."
        )
    ),
]


class Asked(BaseModel):
    """A request body; models are built when they are first used, since every process pays for its start."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class Given(BaseModel):
    """An answer: what a record holds under the same names, and so its parts."""

    model_config = ConfigDict(
        frozen=True, from_attributes=True, json_schema_serialization_defaults_required=True, defer_build=True
    )

    @classmethod
    def of(cls, record: Any, **more: Any) -> Self:
        """Return the answer that tells of *record*, with *more* that it does not hold, or not so."""
        held = {name: getattr(record, name) for name in cls.model_fields if name not in more and hasattr(record, name)}
        return cls.model_validate({**held, **more})


# ── pages of lists ──────────────────────────────────────────────────────────────────────────────────────────────────


class PageAsked(Asked):
    """Which part of a list is wanted."""

    after: Annotated[str, Field(max_length=200)] | None = Field(
        None, description="The `end_cursor` of the page before."
    )
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 50


class PageGiven(Given):
    """Where a list goes on."""

    end_cursor: str | None = Field(description="Hand it in as `page.after` for what follows; null if nothing is here.")
    has_more: bool


class LinesAsked(BaseModel):
    """Which part of a list by number is wanted, in the address."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: Annotated[int, Field(ge=0, le=2**53)] = Field(0, description="The number of the last line one has.")
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


# ── who asks ────────────────────────────────────────────────────────────────────────────────────────────────────────


class MembershipGiven(Given):
    """One role of a person."""

    id: str
    role: str
    capacity: Literal["definitif", "pj", "plt", "plh"]
    since: date
    until: date | None
    decree: str | None


class AccountGiven(Given):
    """Who shows the token, with the roles that count today."""

    person_id: str
    name: str
    memberships: tuple[MembershipGiven, ...]


# ── tasks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class TaskFilterAsked(Asked):
    """What a search of tasks is narrowed to."""

    scope: Literal["mine", "claimable", "open", "completed", "all"] = Field(
        "open",
        description=(
            "`mine`: in one's hands; `claimable`: what one's lanes may claim; `open`: both; `completed`: by oneself; "
            "`all`: everybody's, for those who see every instance."
        ),
    )
    instance_id: Id | None = None
    process_id: Id | None = None
    element_id: Id | None = None
    status: Literal["ready", "completed", "cancelled"] | None = None
    text: Annotated[str, Field(max_length=100)] | None = Field(None, description="In the instance's title.")


class TaskSearch(Asked):
    """A search of tasks, most urgent first (completed ones: newest first)."""

    filter: TaskFilterAsked = TaskFilterAsked()
    page: PageAsked = PageAsked()


class ReturnedGiven(Given):
    """Who sent a step back, and why."""

    by: str
    reason: str | None
    at: Instant | None


class TaskGiven(Given):
    """A user task."""

    id: str
    instance_id: str
    definition_id: str
    process_id: str
    title: str = Field(description="The instance's.")
    instance_status: str
    element_id: str
    name: str
    number: int = Field(description="The step's number on the SOP sheet.")
    role: str
    status: Literal["ready", "completed", "cancelled"]
    performer: str | None = Field(description="The one person it is for; null if the lane may claim it.")
    assignee: str | None
    item: str | None = Field(description="Of a multi-instance task: which item.")
    created_at: Instant
    standard_time: str | None = Field(description="ISO 8601, working time.")
    due_at: Instant | None
    returned: ReturnedGiven | None
    completed_at: Instant | None
    completed_by: str | None
    capacity: str | None
    decree: str | None

    @classmethod
    def at(cls, step: UserTask, task: TaskRecord) -> Self:
        """Return a task with its step."""
        back = task.returned_by
        returned = ReturnedGiven(by=back, reason=task.returned_reason, at=task.returned_at) if back else None
        return cls.of(task, name=step.name, number=step.number, returned=returned)


class TasksGiven(Given):
    """A page of tasks."""

    items: tuple[TaskGiven, ...]
    page: PageGiven


class PaperGiven(Given):
    """What a step needs (kelengkapan) or yields (output)."""

    data_object_id: str
    name: str
    state: str = Field(
        description="`present`, `pending` (unapproved), `missing`, `will_be_made`, `by_form` (asked there) or `blank`."
    )
    document_id: str | None
    version: int | None

    @classmethod
    def filed(cls, paper: Paper) -> Self:
        """Return a kelengkapan or output with the version that is there."""
        there = {"document_id": paper.version and paper.version.id, "version": paper.version and paper.version.version}
        return cls.of(paper.reference, state=paper.state, **there)


class FormGiven(Given):
    """A task's form: what it asks, what it begins with, what one had typed."""

    form_id: str
    json_schema: dict[str, Any] = Field(description="JSON Schema 2020-12, with Alur's own keywords (docs/formulir.md).")
    ui_schema: dict[str, Any]
    values: Values
    inputs: tuple[PaperGiven, ...]
    outputs: tuple[PaperGiven, ...]
    may: str = Field(description="What the asker may do with it now: `fill`, `claim` or only `read`.")
    draft: "DraftGiven | None"


class DraftGiven(Given):
    """A draft: what its owner had typed, as typed."""

    revision: int
    saved_at: Instant
    entries: dict[str, tuple[str, ...]] = Field(description="Texts by the path of the field.")


class DraftSaved(Given):
    """A draft that was saved."""

    revision: int
    saved_at: Instant


class DraftAsked(Asked):
    """A draft to be kept: values need not be complete or right."""

    values: Values
    revision: Annotated[int, Field(ge=0, le=2**31)] | None = Field(
        None, description="The revision that it was made from; 409 if another device saved since."
    )


class AssignmentAsked(Asked):
    """Whose hands a task goes to: one's own, or with a reason those of another person of its lane."""

    assignee: Id | None = Field(None, description="Left out: oneself.")
    reason: Reason | None = Field(None, description="Demanded where the assignee is somebody else.")


class ReassignmentAsked(Asked):
    """The role that does one open task from now on."""

    role: Id
    reason: Reason


class CompletionAsked(Asked):
    """What completes a task."""

    values: Values = Field(default_factory=dict)
    membership_id: Id | None = Field(
        None, description="In which capacity one acts, where one holds the role more than once (`GET /account`)."
    )


class OpenedGiven(Given):
    """A user task that opened."""

    id: str
    element_id: str
    role: str
    performer: str | None
    item: str | None


class PassedGiven(Given):
    """An element that was completed."""

    element_id: str
    kind: str = Field(description="BPMN's own name of it.")


class RaisedGiven(Given):
    """An element that raised."""

    element_id: str
    cause: str


class MoveGiven(Given):
    """How an instance moved."""

    instance_id: str
    instance_status: str
    passed: tuple[PassedGiven, ...] = Field(description="In order.")
    opened: tuple[OpenedGiven, ...]
    incidents: tuple[RaisedGiven, ...]


class AttachmentGiven(Given):
    """A file that was handed over; its id is the value of a file field."""

    id: str
    name: str
    media_type: str
    size: int
    sha256: str


# ── instances ───────────────────────────────────────────────────────────────────────────────────────────────────────

InstanceStatusWord = Literal["running", "waiting", "incident", "suspended", "completed", "terminated", "archived"]


class StartAsked(Asked):
    """An instance to be started, of the version in force."""

    process_id: Id
    values: Values = Field(default_factory=dict)


class ReasonAsked(Asked):
    """An administrative deed."""

    reason: Reason


class InstanceFilterAsked(Asked):
    """What a search of instances is narrowed to."""

    status: InstanceStatusWord | None = None
    process_id: Id | None = None
    key: Annotated[str, Field(max_length=200)] | None = Field(None, description="What the procedure says is unique.")
    text: Annotated[str, Field(max_length=100)] | None = Field(None, description="In the title.")
    overdue: bool = False


class InstanceSearch(Asked):
    """A search of the instances one may see, newest first."""

    filter: InstanceFilterAsked = InstanceFilterAsked()
    page: PageAsked = PageAsked()


class InstanceGiven(Given):
    """A process instance."""

    id: str
    process_id: str
    definition_id: str
    version: int
    title: str
    key: str | None
    reference_date: date | None
    status: InstanceStatusWord
    status_reason: str | None
    started_at: Instant
    started_by: str
    changed_at: Instant
    ended_at: Instant | None
    ended_by: str | None
    corrects: dict[str, Any] | None = Field(description="Whose `documents` it corrects (`instance`), and the `reason`.")
    corrected_by: str | None = Field(description="Its correction, which runs or is completed.")
    history_seq: int = Field(description="Number of its newest history line.")
    history_hash: str


class ListedInstanceGiven(InstanceGiven):
    """A process instance in a list."""

    overdue: bool
    open_elements: tuple[str, ...] = Field(description="Steps that are open now, each once.")

    @classmethod
    def listed(cls, found: ListedInstance) -> Self:
        """Return an instance of a list."""
        elements = tuple(dict.fromkeys(t.element_id for t in found.open_tasks))
        return cls.of(found.record, overdue=found.overdue, open_elements=elements)


class InstancesGiven(Given):
    """A page of instances."""

    items: tuple[ListedInstanceGiven, ...]
    page: PageGiven


class TimerGiven(Given):
    """A timer that waits."""

    element_id: str
    due_at: Instant


class WaitGiven(Given):
    """One thing that an instance waits for besides its people."""

    element_id: str
    kind: WaitKind
    since: Instant
    until: Instant | None = Field(description="When a timer fires.")
    name: str = Field(description="Of the message or signal; of a condition its expression.")
    missing: tuple[str, ...] = Field(
        description="Sequence flows into a gateway that no branch has come by yet, or elements before them."
    )
    hopeless: bool = Field(description="Whether what is missing cannot come any more.")


class DocumentGiven(Given):
    """One version of a document."""

    id: str
    data_object_id: str
    name: str
    version: int
    status: Literal["draft", "waiting", "returned", "issued", "signed", "replaced", "void"]
    element_id: str
    sha256: str
    created_at: Instant
    created_by: str
    issued_at: Instant | None


class DocumentPartGiven(Given):
    """What one item of a multi-instance task yielded."""

    item: str
    content: Any
    sha256: str
    created_at: Instant
    created_by: str


class DocumentContentGiven(DocumentGiven):
    """One version of a document with its content."""

    instance_id: str
    content: Any = Field(description="What the form yielded; null if it is the union of parts.")
    parts: tuple[DocumentPartGiven, ...]

    @classmethod
    def whole(cls, version: DocumentVersion) -> Self:
        """Return a document's version with its content."""
        parts = tuple(DocumentPartGiven.of(part, content=json.loads(part.content)) for part in version.parts)
        return cls.of(version, content=None if version.parts else json.loads(version.content), parts=parts)


class InstanceDetailGiven(InstanceGiven):
    """A process instance with where it stands."""

    values: Values = Field(description="What its start form yielded.")
    open_tasks: tuple[TaskGiven, ...]
    waiting: tuple[str, ...] = Field(description="Elements that wait for anything but people.")
    waits: tuple[WaitGiven, ...] = Field(description="For what else than people it waits, since when and until when.")
    timers: tuple[TimerGiven, ...]
    documents: tuple[DocumentGiven, ...] = Field(description="The newest version of each.")
    incidents: tuple["IncidentGiven", ...]


class HistoryLineGiven(Given):
    """One line of an instance's history; its hash covers every field down to ``previous_hash``, as RFC 8785 text.

    ``change`` is covered as the text that it is stored as: RFC 8785 too.
    """

    stream: str
    seq: int
    at: Instant
    actor: str
    name: str | None = Field(description="Commitment to the actor's name as it was; not in format 1.")
    capacity: str | None = Field(description="In which the actor held the step's role; not in format 1.")
    on_behalf_of: str | None
    decree: str | None
    action: str
    element_id: str | None
    task_id: str | None
    instance_id: str | None
    change: Any
    format: int
    previous_hash: str
    hash: str
    called: str | None = Field(description="The name behind the commitment, unless erased; the hash is not over it.")

    @classmethod
    def read(cls, line: HistoryLine) -> Self:
        """Return a history line with its change as what its text says."""
        return cls.of(line, change=json.loads(line.change))


class HistoryGiven(Given):
    """A part of an instance's history, oldest line first."""

    items: tuple[HistoryLineGiven, ...]
    last_seq: int | None
    has_more: bool


class ElementGiven(Given):
    """An element that an instance completed."""

    seq: int = Field(description="The history line that it stands in.")
    at: Instant
    element_id: str
    kind: str
    actor: str
    flows: tuple[str, ...] = Field(description="Sequence flows that its token left by.")


class ElementsGiven(Given):
    """A part of the elements that an instance completed, in order."""

    items: tuple[ElementGiven, ...]
    last_seq: int | None
    has_more: bool


# ── definitions ─────────────────────────────────────────────────────────────────────────────────────────────────────

FilePath = Annotated[str, Field(min_length=1, max_length=LONGEST_PATH)]


class DeploymentAsked(Asked):
    """A procedure's files."""

    process_id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=60)]
    files: Annotated[dict[FilePath, str], Field(min_length=1, max_length=300)] = Field(
        description=(
            "Texts by path as in a checkout: `processes/<process_id>/<process_id>.bpmn`, `…/*.dmn`, "
            "`forms/<process_id>/<user_task_id>.schema.json` and `.ui.json`."
        )
    )


class DeploymentWithNote(DeploymentAsked):
    """A procedure's files, to be deployed."""

    note: Note
    based_on: Id | None = Field(
        None, description="The version that was edited; 409 if another one is in force by then. Left out: any."
    )


class DefinitionFilterAsked(Asked):
    """What a search of definitions is narrowed to."""

    process_id: Id | None = None


class DefinitionSearch(Asked):
    """A search of definitions, last deployed first."""

    filter: DefinitionFilterAsked = DefinitionFilterAsked()
    page: PageAsked = PageAsked()


class DefinitionGiven(Given):
    """One deployed version of a process."""

    id: str
    process_id: str
    version: int
    name: str
    note: str
    content_hash: str = Field(description="SHA-256 over every path and content.")
    deployed_at: Instant
    deployed_by: str


class DefinitionsGiven(Given):
    """A page of definitions."""

    items: tuple[DefinitionGiven, ...]
    page: PageGiven


class LaneGiven(Given):
    """A lane and the role whose people work in it."""

    id: str
    name: str
    role: str


class StepGiven(Given):
    """A user task of a definition."""

    element_id: str
    number: int
    name: str
    role: str
    standard_time: str | None
    performer: str | None
    not_performer_of: str | None
    multi_instance: bool
    form_id: str
    inputs: tuple[str, ...] = Field(description="Data objects that it needs.")
    outputs: tuple[str, ...] = Field(description="Data objects that it yields.")


class DefinitionDetailGiven(DefinitionGiven):
    """One deployed version of a process with what its diagram says."""

    starters: tuple[str, ...] = Field(description="Roles that may start an instance.")
    start_form: dict[str, Any] = Field(description="JSON Schema of what starting asks.")
    lanes: tuple[LaneGiven, ...]
    steps: tuple[StepGiven, ...]
    files: tuple[str, ...]

    @classmethod
    def whole(cls, procedure: Procedure) -> Self:
        """Return a version with its outline."""
        outline = procedure.outline
        steps = tuple(
            StepGiven.of(
                task,
                form_id=task.form,
                inputs=tuple(needed.data_object_id for needed in task.inputs),
                outputs=tuple(yielded.data_object_id for yielded in task.outputs),
            )
            for task in outline.tasks
        )
        return cls.of(
            procedure.record,
            starters=outline.starters,
            start_form=form_file(procedure, outline.start_event, "schema"),
            lanes=outline.lanes,
            steps=steps,
            files=tuple(sorted(procedure.files)),
        )


def form_file(procedure: Procedure, form_id: str, kind: str) -> dict[str, Any]:
    """Return a form's ``schema`` or ``ui`` file as it was deployed; empty if it has none."""
    content = procedure.files.get(f"forms/{procedure.outline.process_id}/{form_id}.{kind}.json")
    found: dict[str, Any] = json.loads(content) if content else {}
    return found


class FindingGiven(Given):
    """One fault or warning in a procedure's files."""

    severity: Literal["error", "warning"]
    file: str
    element_id: str | None
    name: str | None
    line: int | None
    message: str = Field(description="Why.")
    mend: str = Field(description="How to mend it.")
    rule: str


class ValidationGiven(Given):
    """What is wrong with a procedure's files."""

    deployable: bool
    findings: tuple[FindingGiven, ...]


# ── messages and incidents ──────────────────────────────────────────────────────────────────────────────────────────


class MessageAsked(Asked):
    """A message or signal from outside."""

    name: Annotated[str, Squeezed, Field(min_length=1, max_length=200)] = Field(description="As the diagram names it.")
    kind: Literal["message", "signal"] = "message"
    values: Values = Field(default_factory=dict)
    correlations: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="By correlation key: its properties' values. Without: any conversation."
    )
    reason: Reason


class MessageSent(Given):
    """What is on its way."""

    ids: tuple[str, ...]


class MessageGiven(Given):
    """A message or signal that nobody received yet, or could receive."""

    id: str
    kind: Literal["message", "signal"]
    name: str
    status: str
    from_instance: str | None
    to_instance: str | None
    sent_at: Instant
    sent_by: str
    note: str | None


class MessagesGiven(Given):
    """Messages that nobody received, newest first."""

    items: tuple[MessageGiven, ...]


class IncidentFilterAsked(Asked):
    """What a search of incidents is narrowed to."""

    status: Literal["open", "resolved"] | None = "open"
    instance_id: Id | None = None


class IncidentSearch(Asked):
    """A search of incidents, newest first."""

    filter: IncidentFilterAsked = IncidentFilterAsked()
    page: PageAsked = PageAsked()


class IncidentGiven(Given):
    """An element that raised."""

    id: str
    instance_id: str
    process_id: str
    title: str
    element_id: str
    cause: str
    attempts: int
    status: str
    created_at: Instant
    resolved_at: Instant | None
    resolved_by: str | None


class IncidentsGiven(Given):
    """A page of incidents."""

    items: tuple[IncidentGiven, ...]
    page: PageGiven


class IncidentDetailGiven(IncidentGiven):
    """An element that raised, with what it was given and where it raised."""

    trace: str
    data: dict[str, Any]


class RetryGiven(Given):
    """Whether trying again went through."""

    resolved: bool
