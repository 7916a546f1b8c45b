"""Operations on user tasks: find, claim, release, hand over, draft, complete."""

from typing import Annotated, Any, BinaryIO, Literal, Self, cast

from flask import request
from pydantic import Field

from engine.model.errors import InvalidForm
from engine.model.people import OfficeRole
from engine.model.process import UserTask
from engine.model.work import TaskRecord
from engine.service.papers.filing import Paper
from engine.service.papers.uploads import TooLarge, UploadRefused, safe_name
from engine.service.people.api_tokens import Scope
from engine.service.procedures.procedure import Values
from engine.service.work.inbox import FoundTask, TaskFilter
from engine.web.access import only, signed_in, uploading
from engine.web.api import cursors, problems, shapes
from engine.web.api.definitions import form_file
from engine.web.api.operations import Operations
from engine.web.authentication import actor, now
from engine.web.formatting import words
from engine.web.services import services
from engine.web.texts import gettext
from engine.web.uploads import of_task, refusal_words

operations = Operations("tasks", writing=Scope.WORK)


class TaskFilterAsked(shapes.Asked):
    """What a search of tasks is narrowed to."""

    scope: Literal["mine", "claimable", "open", "completed", "all"] = Field(
        "open",
        description=(
            "`mine`: in one's hands; `claimable`: what one's lanes may claim; `open`: both; `completed`: by oneself; "
            "`all`: everybody's, for those who see every instance."
        ),
    )
    instance_id: shapes.Id | None = None
    process_id: shapes.Id | None = None
    element_id: shapes.Id | None = None
    status: Literal["ready", "completed", "cancelled"] | None = None
    text: Annotated[str, Field(max_length=100)] | None = Field(None, description="In the instance's title.")


class TaskSearch(shapes.SearchAsked):
    """A search of tasks, most urgent first (completed ones: newest first)."""

    filter: TaskFilterAsked = TaskFilterAsked()


class ReturnedGiven(shapes.Given):
    """Who sent a step back, and why."""

    by: str
    reason: str | None
    at: shapes.Instant | None


class TaskGiven(shapes.Given):
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
    created_at: shapes.Instant
    standard_time: str | None = Field(description="ISO 8601, working time.")
    due_at: shapes.Instant | None
    returned: ReturnedGiven | None
    completed_at: shapes.Instant | None
    completed_by: str | None
    capacity: str | None
    decree: str | None

    @classmethod
    def at(cls, step: UserTask, task: TaskRecord) -> Self:
        """Return a task with its step."""
        back = task.returned_by
        returned = ReturnedGiven(by=back, reason=task.returned_reason, at=task.returned_at) if back else None
        return cls.of(task, name=step.name, number=step.number, returned=returned)


class TasksGiven(shapes.PageOf[TaskGiven]):
    """A page of tasks."""


class PaperGiven(shapes.Given):
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


class DraftSaved(shapes.Given):
    """A draft that was saved."""

    revision: int
    saved_at: shapes.Instant


class DraftGiven(DraftSaved):
    """A draft: what its owner had typed, as typed."""

    entries: dict[str, tuple[str, ...]] = Field(description="Texts by the path of the field.")


class FormGiven(shapes.Given):
    """A task's form: what it asks, what it begins with, what one had typed."""

    form_id: str
    json_schema: dict[str, Any] = Field(description="JSON Schema 2020-12, with Alur's own keywords (docs/formulir.md).")
    ui_schema: dict[str, Any]
    values: shapes.Values
    inputs: tuple[PaperGiven, ...]
    outputs: tuple[PaperGiven, ...]
    may: str = Field(description="What the asker may do with it now: `fill`, `claim` or only `read`.")
    draft: DraftGiven | None


class DraftAsked(shapes.Asked):
    """A draft to be kept: values need not be complete or right."""

    values: shapes.Values
    revision: Annotated[int, Field(ge=0, le=2**31)] | None = Field(
        None, description="The revision that it was made from; 409 if another device saved since."
    )


class AssignmentAsked(shapes.Asked):
    """Whose hands a task goes to: one's own, or with a reason those of another person of its lane."""

    assignee: shapes.Id | None = Field(None, description="Left out: oneself.")
    reason: shapes.Reason | None = Field(None, description="Demanded where the assignee is somebody else.")


class ReassignmentAsked(shapes.Asked):
    """The role that does one open task from now on."""

    role: shapes.Id
    reason: shapes.Reason


class DueDateAsked(shapes.Asked):
    """The working day at whose end a task is due now, later than it was to be due."""

    until: shapes.Day
    reason: shapes.Reason


class CompletionAsked(shapes.Asked):
    """What completes a task."""

    values: shapes.Values = Field(default_factory=dict)


class OpenedGiven(shapes.Given):
    """A user task that opened."""

    id: str
    element_id: str
    role: str
    performer: str | None
    item: str | None


class PassedGiven(shapes.Given):
    """An element that was completed."""

    element_id: str
    kind: str = Field(description="BPMN's own name of it.")


class RaisedGiven(shapes.Given):
    """An element that raised."""

    element_id: str
    cause: str


class MoveGiven(shapes.Given):
    """How an instance moved."""

    instance_id: str
    instance_status: str
    passed: tuple[PassedGiven, ...] = Field(description="In order.")
    opened: tuple[OpenedGiven, ...]
    incidents: tuple[RaisedGiven, ...]


class AttachmentGiven(shapes.Given):
    """A file that was handed over; its id is the value of a file field."""

    id: str
    name: str
    media_type: str
    size: int
    sha256: str


@operations.operation("POST", "/tasks/search", signed_in, writes=False)
def search_tasks(body: TaskSearch) -> TasksGiven:
    """Find tasks: in one's hands, open to one's lanes, completed by oneself; or all, for who sees every instance."""
    wanted = body.filter
    narrowed = TaskFilter(wanted.instance_id, wanted.process_id, wanted.element_id, wanted.text or None, wanted.status)
    completed = wanted.scope == "completed"
    after = cursors.timed(body.page.after) if completed else cursors.place(body.page.after)
    rows, more = services().inbox.search(actor(), wanted.scope, narrowed, after=after, limit=body.page.limit)

    def place(row: FoundTask) -> cursors.Place:
        return (row.task.completed_at if completed else row.task.due_at, row.task.id)

    return cursors.page(TasksGiven, rows, more, place, lambda row: TaskGiven.at(row.step, row.task))


@operations.operation("GET", "/tasks/<task_id>", signed_in)
def show_task(task_id: str) -> TaskGiven:
    """Show one task, to people of its lane and to those who see every instance."""
    if actor().reads_everything:
        found = services().inbox.task(actor(), task_id)
        return TaskGiven.at(found.step, found.task)
    page = services().tasks.open(actor(), task_id, now())
    return TaskGiven.at(page.step, page.found.task)


@operations.operation("GET", "/tasks/<task_id>/form", signed_in)
def show_form(task_id: str) -> FormGiven:
    """Show what a task asks: its form, what that begins with, its kelengkapan and output, and one's draft."""
    page = services().tasks.open(actor(), task_id, now())
    form_id = page.item.step.form
    return FormGiven.of(
        form_id=form_id,
        json_schema=form_file(page.procedure, form_id, "schema"),
        ui_schema=form_file(page.procedure, form_id, "ui"),
        values=dict(services().tasks.begins_with(page)),
        inputs=[PaperGiven.filed(paper) for paper in page.needs],
        outputs=[PaperGiven.filed(paper) for paper in page.yields],
        may=page.may,
        draft=page.draft,
    )


@operations.operation("PUT", "/tasks/<task_id>/assignment", signed_in, status=204)
def assign_task(task_id: str, body: AssignmentAsked) -> None:
    """Claim a task, or hand it over to another person of its lane. 409 names who holds it already."""
    if body.assignee in (None, actor().person_id):
        services().assignments.claim(actor(), task_id, now())
        return
    if body.reason is None:
        raise problems.invalid([("reason", "missing", gettext("wajib diisi."))])
    try:
        services().assignments.hand_over(actor(), task_id, str(body.assignee), body.reason, now())
    except InvalidForm:
        message = gettext("bukan orang yang bekerja di jalur tugas ini.")
        raise problems.invalid([("assignee", "not_in_lane", message)]) from None


@operations.operation("DELETE", "/tasks/<task_id>/assignment", signed_in, status=204)
def release_task(task_id: str) -> None:
    """Give a claimed task back to its lane."""
    services().assignments.release(actor(), task_id, now())


@operations.operation(
    "POST", "/tasks/<task_id>/reassignment", only(OfficeRole.OPERATOR), scope=Scope.ADMINISTER, status=204
)
def reassign_task(task_id: str, body: ReassignmentAsked) -> None:
    """Give one open task to another role (*ganti pelaksana*), without a new version."""
    if body.role not in {view.role for view in services().people.roles(now())}:
        raise problems.invalid([("role", "unknown", gettext("bukan peran yang dipakai prosedur mana pun."))])
    services().assignments.reassign(actor(), task_id, body.role, body.reason, now())


@operations.operation("PUT", "/tasks/<task_id>/due-date", signed_in, status=204)
def extend_task(task_id: str, body: DueDateAsked) -> None:
    """Let a task be due later; for who starts the procedure, who hears when it is late, and operators."""
    try:
        services().assignments.extend(actor(), task_id, body.until, body.reason, now())
    except InvalidForm:
        message = gettext("bukan hari kerja sesudah tenggat sekarang, dalam dua tahun ini.")
        raise problems.invalid([("until", "extension", message)]) from None


@operations.operation("POST", "/tasks/<task_id>/taking-back", signed_in, status=204)
def take_back_task(task_id: str, body: shapes.ReasonAsked) -> None:
    """Take back one's own completion while nobody began what follows; 409 says what came of it since."""
    services().taking_back.take_back(actor(), task_id, body.reason, now())


@operations.operation("PUT", "/tasks/<task_id>/draft", signed_in)
def save_draft(task_id: str, body: DraftAsked) -> DraftSaved:
    """Keep what is filled in so far, for oneself; it need not be complete or right."""
    saved = services().tasks.save_draft(actor(), task_id, Values(body.values), now(), body.revision, words=words())
    return DraftSaved.of(saved)


@operations.operation("DELETE", "/tasks/<task_id>/draft", signed_in, status=204, unknown=False)
def drop_draft(task_id: str) -> None:
    """Put one's draft aside."""
    services().tasks.drop_draft(actor(), task_id, now())


@operations.operation("POST", "/tasks/<task_id>/attachments", uploading(of_task), status=201, files=True)
def attach_file(task_id: str) -> AttachmentGiven:
    """Hand over a file (PDF, JPG, PNG, DOCX, XLSX; by content, not by name) for a field of the task's form.

    It is kept for 24 hours; the completion that names its id makes it part of the instance.
    """
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise problems.invalid([("file", "missing", gettext("wajib diisi."))])
    name = safe_name(sent.filename)
    try:
        staged = services().documents.stage(actor(), task_id, name, cast(BinaryIO, sent.stream), now())
    except TooLarge as refusal:
        raise problems.Problem(413, "too-large", refusal_words(name, refusal)) from None
    except UploadRefused as refusal:
        raise problems.invalid([("file", refusal.reason, refusal_words(name, refusal))]) from None
    finally:
        sent.close()
    return AttachmentGiven.of(staged)


@operations.operation("POST", "/tasks/<task_id>/completion", signed_in)
def complete_task(task_id: str, body: CompletionAsked) -> MoveGiven:
    """Complete a task with the values of its form, and move its instance on.

    422 names every field that does not fit, at once; 409 names who was faster. A step that raised afterwards is told
    under `incidents`: the completion is saved all the same.
    """
    step = services().tasks.complete(actor(), task_id, Values(body.values), now(), words=words())
    return MoveGiven.of(step, instance_status=step.status)
