"""Operations on process instances: start, show, history, suspend, resume, terminate."""

import json
from datetime import date
from typing import Annotated, Any, Literal

from flask import url_for
from pydantic import Field

from engine.model.history import Action
from engine.model.people import OfficeRole
from engine.model.process import WaitKind
from engine.service.people.api_tokens import Scope
from engine.service.procedures.procedure import Values
from engine.service.work.instances import InstanceFilter, ListedInstance
from engine.web.access import only, signed_in
from engine.web.api import cursors, shapes
from engine.web.api.incidents import IncidentGiven
from engine.web.api.operations import Operations
from engine.web.api.tasks import TaskGiven
from engine.web.authentication import actor, now
from engine.web.formatting import words
from engine.web.readings import reading
from engine.web.services import services

operations = Operations("instances", writing=Scope.START)
GOVERNING: dict[str, Any] = {"who": only(OfficeRole.OPERATOR), "scope": Scope.ADMINISTER, "status": 204}

InstanceStatusWord = Literal["running", "waiting", "incident", "suspended", "completed", "terminated", "archived"]


class StartAsked(shapes.Asked):
    """An instance to be started, of the version in force."""

    process_id: shapes.Id
    values: shapes.Values = Field(default_factory=dict)


class InstanceFilterAsked(shapes.Asked):
    """What a search of instances is narrowed to."""

    status: InstanceStatusWord | None = None
    process_id: shapes.Id | None = None
    key: Annotated[str, Field(max_length=200)] | None = Field(None, description="What the procedure says is unique.")
    text: Annotated[str, Field(max_length=100)] | None = Field(None, description="In the title.")
    overdue: bool = False


class InstanceSearch(shapes.SearchAsked):
    """A search of the instances one may see, newest first."""

    filter: InstanceFilterAsked = InstanceFilterAsked()


class InstanceGiven(shapes.Given):
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
    started_at: shapes.Instant
    started_by: str
    changed_at: shapes.Instant
    ended_at: shapes.Instant | None
    ended_by: str | None
    corrects: dict[str, Any] | None = Field(description="Whose `documents` it corrects (`instance`), and the `reason`.")
    corrected_by: str | None = Field(description="Its correction, which runs or is completed.")
    history_seq: int = Field(description="Number of its newest history line.")
    history_hash: str


class ListedInstanceGiven(InstanceGiven):
    """A process instance in a list."""

    overdue: bool
    open_elements: tuple[str, ...] = Field(description="Steps that are open now, each once.")


class InstancesGiven(shapes.PageOf[ListedInstanceGiven]):
    """A page of instances."""


class TimerGiven(shapes.Given):
    """A timer that waits."""

    element_id: str
    due_at: shapes.Instant


class WaitGiven(shapes.Given):
    """One thing that an instance waits for besides its people."""

    element_id: str
    kind: WaitKind
    since: shapes.Instant
    until: shapes.Instant | None = Field(description="When a timer fires.")
    name: str = Field(description="Of the message or signal; of a condition its expression.")
    missing: tuple[str, ...] = Field(
        description="Sequence flows into a gateway that no branch has come by yet, or elements before them."
    )
    hopeless: bool = Field(description="Whether what is missing cannot come any more.")


class DocumentGiven(shapes.Given):
    """One version of a document."""

    id: str
    data_object_id: str
    name: str
    version: int
    status: Literal["draft", "waiting", "returned", "issued", "signed", "replaced", "void"]
    element_id: str
    sha256: str
    created_at: shapes.Instant
    created_by: str
    issued_at: shapes.Instant | None


class DocumentPartGiven(shapes.Given):
    """What one item of a multi-instance task yielded."""

    item: str
    content: Any
    sha256: str
    created_at: shapes.Instant
    created_by: str


class DocumentContentGiven(DocumentGiven):
    """One version of a document with its content."""

    instance_id: str
    content: Any = Field(description="What the form yielded; null if it is the union of parts.")
    parts: tuple[DocumentPartGiven, ...]


class InstanceDetailGiven(InstanceGiven):
    """A process instance with where it stands."""

    values: shapes.Values = Field(description="What its start form yielded.")
    open_tasks: tuple[TaskGiven, ...]
    waiting: tuple[str, ...] = Field(description="Elements that wait for anything but people.")
    waits: tuple[WaitGiven, ...] = Field(description="For what else than people it waits, since when and until when.")
    timers: tuple[TimerGiven, ...]
    documents: tuple[DocumentGiven, ...] = Field(description="The newest version of each.")
    incidents: tuple[IncidentGiven, ...]


class HistoryLineGiven(shapes.Given):
    """One line of an instance's history; its hash covers every field down to ``previous_hash``, as RFC 8785 text.

    ``change`` is covered as the text that it is stored as: RFC 8785 too.
    """

    stream: str
    seq: int
    at: shapes.Instant
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


class HistoryGiven(shapes.LinesOf[HistoryLineGiven]):
    """A part of an instance's history, oldest line first."""


class ElementGiven(shapes.Given):
    """An element that an instance completed."""

    seq: int = Field(description="The history line that it stands in.")
    at: shapes.Instant
    element_id: str
    kind: str
    actor: str
    flows: tuple[str, ...] = Field(description="Sequence flows that its token left by.")


class ElementsGiven(shapes.LinesOf[ElementGiven]):
    """A part of the elements that an instance completed, in order."""


@operations.operation("POST", "/instances", signed_in, status=201, unknown=True)
def start_instance(body: StartAsked) -> tuple[InstanceGiven, dict[str, str]]:
    """Start an instance of the version in force. 409: one of the same key runs, or a lane has nobody."""
    id_ = services().starts.start(actor(), body.process_id, Values(body.values), now(), words=words())
    record = services().instances.record(actor(), id_)
    return InstanceGiven.of(record), {"Location": url_for("api.show_instance", instance_id=id_)}


@operations.operation("POST", "/instances/search", signed_in, writes=False)
def search_instances(body: InstanceSearch) -> InstancesGiven:
    """Find the instances that one may see, newest first."""
    wanted = body.filter
    overdue_at, after = now() if wanted.overdue else None, cursors.timed(body.page.after)
    narrowed = InstanceFilter(wanted.status, wanted.process_id, wanted.text or None, overdue_at, wanted.key)
    rows, more = services().instances.search(actor(), narrowed, body.page.limit, now(), after)

    def told(row: ListedInstance) -> ListedInstanceGiven:
        elements = dict.fromkeys(task.element_id for task in row.open_tasks)
        return ListedInstanceGiven.of(row.record, overdue=row.overdue, open_elements=tuple(elements))

    return cursors.page(InstancesGiven, rows, more, lambda row: (row.record.started_at, row.record.id), told)


@operations.operation("GET", "/instances/<instance_id>", signed_in)
def show_instance(instance_id: str) -> InstanceDetailGiven:
    """Show where an instance stands: its open tasks, what it waits for, its documents and incidents."""
    page = services().instances.page(actor(), instance_id, now())
    outline = page.procedure.outline
    return InstanceDetailGiven.of(
        page.record,
        values=dict(page.record.values),
        open_tasks=tuple(TaskGiven.at(outline.task(task.element_id), task) for task in page.open_tasks),
        waiting=tuple(sorted({wait.element_id for wait in page.waits})),
        waits=page.waits,
        timers=page.timers,
        documents=page.documents,
        incidents=page.incidents,
    )


@operations.operation("GET", "/instances/<instance_id>/history", signed_in)
def show_history(instance_id: str, query: shapes.LinesAsked) -> HistoryGiven:
    """Show an instance's history lines, oldest first, each with the hash of the line before it."""
    lines, more = services().histories.lines(actor(), instance_id, query.after, query.limit)
    items = tuple(HistoryLineGiven.of(line, change=json.loads(line.change)) for line in lines)
    return HistoryGiven(items=items, last_seq=items[-1].seq if items else None, has_more=more)


@operations.operation("GET", "/instances/<instance_id>/elements", signed_in)
def show_elements(instance_id: str, query: shapes.LinesAsked) -> ElementsGiven:
    """Show the elements that an instance completed, in order; `after` and `limit` count history lines."""
    lines, more = services().histories.lines(actor(), instance_id, query.after, query.limit)
    items = tuple(
        ElementGiven(
            seq=line.seq,
            at=line.at,
            element_id=passed["element"],
            kind=passed["kind"],
            actor=line.actor,
            flows=tuple(passed["flows"]),
        )
        for line in lines
        for passed in json.loads(line.change).get("passed", ())
    )
    return ElementsGiven(items=items, last_seq=lines[-1].seq if lines else None, has_more=more)


@operations.operation("GET", "/documents/<document_id>", signed_in)
def show_document(document_id: str) -> DocumentContentGiven:
    """Show one version of a document with its content; of a document in parts one sees what one may."""
    version = services().documents.view(actor(), document_id).version
    reading(Action.DOCUMENT_READ, **version.said)
    parts = [DocumentPartGiven.of(part, content=json.loads(part.content)) for part in version.parts]
    content = None if parts else json.loads(version.content)
    return DocumentContentGiven.of(version, content=content, parts=parts)


@operations.operation("POST", "/instances/<instance_id>/suspension", **GOVERNING)
def suspend_instance(instance_id: str, body: shapes.ReasonAsked) -> None:
    """Stop all work on an instance until it is resumed."""
    services().control.suspend(actor(), instance_id, body.reason, now())


@operations.operation("POST", "/instances/<instance_id>/resumption", **GOVERNING)
def resume_instance(instance_id: str, body: shapes.ReasonAsked) -> None:
    """Let work on a suspended instance go on."""
    services().control.resume(actor(), instance_id, body.reason, now())


@operations.operation("POST", "/instances/<instance_id>/termination", **GOVERNING)
def terminate_instance(instance_id: str, body: shapes.ReasonAsked) -> None:
    """End an instance for good before its end event."""
    services().control.terminate(actor(), instance_id, body.reason, now())
