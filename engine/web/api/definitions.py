"""Operations on process definitions: check files, deploy them, show what is deployed."""

import json
import re
from typing import Annotated, Any, Literal

from flask import Response, url_for
from pydantic import Field

from engine.model.errors import Conflict
from engine.model.people import OfficeRole
from engine.service.people.api_tokens import Scope
from engine.service.procedures.procedure import Procedure
from engine.web.access import only, signed_in
from engine.web.api import cursors, problems, shapes
from engine.web.api.operations import Operations
from engine.web.authentication import actor, now
from engine.web.services import services
from engine.web.texts import gettext

operations = Operations("definitions", writing=Scope.DEPLOY)
NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"


LONGEST_PATH = 200
FilePath = Annotated[str, Field(min_length=1, max_length=LONGEST_PATH)]


class DeploymentAsked(shapes.Asked):
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

    note: shapes.Note
    based_on: shapes.Id | None = Field(
        None, description="The version that was edited; 409 if another one is in force by then. Left out: any."
    )


class DefinitionFilterAsked(shapes.Asked):
    """What a search of definitions is narrowed to."""

    process_id: shapes.Id | None = None


class DefinitionSearch(shapes.SearchAsked):
    """A search of definitions, last deployed first."""

    filter: DefinitionFilterAsked = DefinitionFilterAsked()


class DefinitionGiven(shapes.Given):
    """One deployed version of a process."""

    id: str
    process_id: str
    version: int
    name: str
    note: str
    content_hash: str = Field(description="SHA-256 over every path and content.")
    deployed_at: shapes.Instant
    deployed_by: str


class DefinitionsGiven(shapes.PageOf[DefinitionGiven]):
    """A page of definitions."""


class LaneGiven(shapes.Given):
    """A lane and the role whose people work in it."""

    id: str
    name: str
    role: str


class StepGiven(shapes.Given):
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


class FindingGiven(shapes.Given):
    """One fault or warning in a procedure's files."""

    severity: Literal["error", "warning"]
    file: str
    element_id: str | None
    name: str | None
    line: int | None
    message: str = Field(description="Why.")
    mend: str = Field(description="How to mend it.")
    rule: str


class ValidationGiven(shapes.Given):
    """What is wrong with a procedure's files."""

    deployable: bool
    findings: tuple[FindingGiven, ...]


@operations.operation("POST", "/deployments/validation", only(OfficeRole.DESIGNER), scope=Scope.DEPLOY, writes=False)
def validate_deployment(body: DeploymentAsked) -> ValidationGiven:
    """Say everything that is wrong with a procedure's files at once, as a deployment would; nothing is deployed."""
    found = services().deployments.check(body.process_id, _files(body))
    return ValidationGiven.of(deployable=not any(each.severity == "error" for each in found), findings=found)


@operations.operation("POST", "/deployments", only(OfficeRole.DESIGNER), status=201)
def deploy(body: DeploymentWithNote) -> tuple[DefinitionGiven, dict[str, str]]:
    """Deploy a procedure's files as a new version: new instances take it, running ones stay on theirs.

    422 carries every finding; 409: the files are those of the version in force, or that is no longer `based_on`.
    """
    if body.based_on is not None:
        services().studio.require_in_force(body.process_id, body.based_on)
    record = services().deployments.deploy(actor(), body.process_id, _files(body), body.note, now())
    if record is None:
        raise Conflict("unchanged")
    location = {"Location": url_for("api.show_definition", definition_id=record.id)}
    return DefinitionGiven.of(record), location


@operations.operation("POST", "/definitions/search", signed_in, writes=False)
def search_definitions(body: DefinitionSearch) -> DefinitionsGiven:
    """Find deployed versions, last deployed first: the first one of a process is in force."""
    rows, more = services().deployments.deployed(
        body.filter.process_id, cursors.timed(body.page.after), body.page.limit
    )
    return cursors.page(DefinitionsGiven, rows, more, lambda row: (row.deployed_at, row.id))


@operations.operation("GET", "/definitions/<definition_id>", signed_in)
def show_definition(definition_id: str) -> DefinitionDetailGiven:
    """Show one version: its lanes, steps, start form and files."""
    procedure = services().deployments.version(definition_id)
    outline = procedure.outline
    steps = [
        StepGiven.of(
            task,
            form_id=task.form,
            inputs=[needed.data_object_id for needed in task.inputs],
            outputs=[yielded.data_object_id for yielded in task.outputs],
        )
        for task in outline.tasks
    ]
    return DefinitionDetailGiven.of(
        procedure.record,
        starters=outline.starters,
        start_form=form_file(procedure, outline.start_event, "schema"),
        lanes=outline.lanes,
        steps=steps,
        files=sorted(procedure.files),
    )


@operations.operation("GET", "/definitions/<definition_id>/files/<path:path>", signed_in, media_type="text/plain")
def show_file(definition_id: str, path: str) -> Response:
    """Give one file of a version as it was deployed, byte for byte."""
    content = services().deployments.file(actor(), definition_id, path)
    return Response(content, mimetype="text/plain", headers={"Content-Disposition": "attachment"})


def form_file(procedure: Procedure, form_id: str, kind: str) -> dict[str, Any]:
    """Return a form's ``schema`` or ``ui`` file as it was deployed; empty if it has none."""
    content = procedure.files.get(f"forms/{procedure.outline.process_id}/{form_id}.{kind}.json")
    found: dict[str, Any] = json.loads(content) if content else {}
    return found


def _files(body: DeploymentAsked) -> dict[str, bytes]:
    """Return a deployment's files, binary ones as in force; a Problem names each path that is not this procedure's."""
    ours = re.compile(
        rf"processes/{body.process_id}/{NAME}\.(bpmn|dmn)|forms/{body.process_id}/{NAME}\.json|"
        rf"processes/{body.process_id}/functions\.py|forms/{body.process_id}/documents/{NAME}\.(typ|json|svg)"
    )
    strange = [path for path in body.files if not ours.fullmatch(path)]
    if strange:
        message = gettext("bukan jalur berkas prosedur ini.")
        raise problems.invalid([(f"files.{path[:80]}", "path", message) for path in strange])
    kept = services().deployments.pictures_and_word_files(body.process_id)
    return kept | {path: text.encode() for path, text in body.files.items()}
