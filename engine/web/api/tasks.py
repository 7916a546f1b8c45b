"""Operations on user tasks: find, claim, release, hand over, draft, complete."""

from typing import BinaryIO, cast

from flask import request

from engine.model.errors import InvalidForm
from engine.model.people import OfficeRole
from engine.service.papers.uploads import TooLarge, UploadRefused, safe_name
from engine.service.people.api_tokens import Scope
from engine.service.procedures.procedure import Values
from engine.service.work.tasks import TaskFilter, TaskPlace
from engine.web.access import only, signed_in, uploading
from engine.web.api import cursors, problems, shapes
from engine.web.api.operations import Operations
from engine.web.authentication import actor, now
from engine.web.formatting import words
from engine.web.services import services
from engine.web.texts import gettext
from engine.web.uploads import of_task, refusal_words

operations = Operations("tasks", writing=Scope.WORK)


@operations.operation("POST", "/tasks/search", signed_in, writes=False)
def search_tasks(body: shapes.TaskSearch) -> shapes.TasksGiven:
    """Find tasks: in one's hands, open to one's lanes, completed by oneself; or all, for who sees every instance."""
    wanted = body.filter
    narrowed = TaskFilter(wanted.instance_id, wanted.process_id, wanted.element_id, wanted.text or None, wanted.status)
    completed = wanted.scope == "completed"
    found = cursors.timed(body.page.after) if completed else cursors.place(body.page.after)
    after = TaskPlace(*found) if found else None
    rows, more = services().tasks.search(actor(), wanted.scope, narrowed, after=after, limit=body.page.limit)
    page = cursors.page(rows, more, lambda row: (row.task.completed_at if completed else row.task.due_at, row.task.id))
    return shapes.TasksGiven(items=tuple(shapes.TaskGiven.at(row.step, row.task) for row in rows), page=page)


@operations.operation("GET", "/tasks/<task_id>", signed_in)
def show_task(task_id: str) -> shapes.TaskGiven:
    """Show one task, to people of its lane and to those who see every instance."""
    if actor().reads_everything:
        task, step = services().tasks.task_and_step(actor(), task_id)
        return shapes.TaskGiven.at(step, task)
    item = services().tasks.open(actor(), task_id, now()).item
    return shapes.TaskGiven.at(item.step, item.task)


@operations.operation("GET", "/tasks/<task_id>/form", signed_in)
def show_form(task_id: str) -> shapes.FormGiven:
    """Show what a task asks: its form, what that begins with, its kelengkapan and output, and one's draft."""
    page = services().tasks.open(actor(), task_id, now())
    form_id = page.item.step.form
    draft = page.draft
    return shapes.FormGiven(
        form_id=form_id,
        json_schema=shapes.form_file(page.procedure, form_id, "schema"),
        ui_schema=shapes.form_file(page.procedure, form_id, "ui"),
        values=dict(services().tasks.begins_with(page)),
        inputs=tuple(shapes.PaperGiven.filed(paper) for paper in page.needs),
        outputs=tuple(shapes.PaperGiven.filed(paper) for paper in page.yields),
        may=page.may,
        draft=shapes.DraftGiven.of(draft) if draft else None,
    )


@operations.operation("PUT", "/tasks/<task_id>/assignment", signed_in, status=204)
def assign_task(task_id: str, body: shapes.AssignmentAsked) -> None:
    """Claim a task, or hand it over to another person of its lane. 409 names who holds it already."""
    if body.assignee in (None, actor().person_id):
        services().tasks.claim(actor(), task_id, now())
        return
    if body.reason is None:
        raise problems.invalid([("reason", "missing", gettext("wajib diisi."))])
    try:
        services().tasks.hand_over(actor(), task_id, str(body.assignee), body.reason, now())
    except InvalidForm:
        message = gettext("bukan orang yang bekerja di jalur tugas ini.")
        raise problems.invalid([("assignee", "not_in_lane", message)]) from None


@operations.operation("DELETE", "/tasks/<task_id>/assignment", signed_in, status=204)
def release_task(task_id: str) -> None:
    """Give a claimed task back to its lane."""
    services().tasks.release(actor(), task_id, now())


@operations.operation(
    "POST", "/tasks/<task_id>/reassignment", only(OfficeRole.OPERATOR), scope=Scope.ADMINISTER, status=204
)
def reassign_task(task_id: str, body: shapes.ReassignmentAsked) -> None:
    """Give one open task to another role (*ganti pelaksana*), without a new version."""
    if body.role not in {view.role for view in services().people.roles(now())}:
        raise problems.invalid([("role", "unknown", gettext("bukan peran yang dipakai prosedur mana pun."))])
    services().tasks.reassign(actor(), task_id, body.role, body.reason, now())


@operations.operation("PUT", "/tasks/<task_id>/draft", signed_in)
def save_draft(task_id: str, body: shapes.DraftAsked) -> shapes.DraftSaved:
    """Keep what is filled in so far, for oneself; it need not be complete or right."""
    saved = services().tasks.save_draft(actor(), task_id, Values(body.values), now(), body.revision, words=words())
    return shapes.DraftSaved(revision=saved.revision, saved_at=saved.saved_at)


@operations.operation("DELETE", "/tasks/<task_id>/draft", signed_in, status=204, unknown=False)
def drop_draft(task_id: str) -> None:
    """Put one's draft aside."""
    services().tasks.drop_draft(actor(), task_id, now())


@operations.operation("POST", "/tasks/<task_id>/attachments", uploading(of_task), status=201, files=True)
def attach_file(task_id: str) -> shapes.AttachmentGiven:
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
    return shapes.AttachmentGiven.of(staged)


@operations.operation("POST", "/tasks/<task_id>/completion", signed_in)
def complete_task(task_id: str, body: shapes.CompletionAsked) -> shapes.MoveGiven:
    """Complete a task with the values of its form, and move its instance on.

    422 names every field that does not fit, at once; 409 names who was faster. A step that raised afterwards is told
    under `incidents`: the completion is saved all the same.
    """
    step = services().tasks.complete(
        actor(), task_id, Values(body.values), now(), words=words(), membership_id=body.membership_id
    )
    return shapes.MoveGiven.of(step, instance_status=step.status)
