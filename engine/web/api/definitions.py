"""Operations on process definitions: check files, deploy them, show what is deployed."""

import re
from dataclasses import asdict

from flask import Response, url_for

from engine.model.errors import Conflict
from engine.model.people import OfficeRole
from engine.service.people.api_tokens import Scope
from engine.web.access import only, signed_in
from engine.web.api import cursors, problems, shapes
from engine.web.api.operations import Operations
from engine.web.authentication import actor, now
from engine.web.services import services
from engine.web.texts import gettext

operations = Operations("definitions", writing=Scope.DEPLOY)
NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"


@operations.operation("POST", "/deployments/validation", only(OfficeRole.DESIGNER), scope=Scope.DEPLOY, writes=False)
def validate_deployment(body: shapes.DeploymentAsked) -> shapes.ValidationGiven:
    """Say everything that is wrong with a procedure's files at once, as a deployment would; nothing is deployed."""
    found = services().deployments.check(body.process_id, _files(body))
    return shapes.ValidationGiven(
        deployable=not any(each.severity == "error" for each in found),
        findings=tuple(shapes.FindingGiven(**asdict(each)) for each in found),
    )


@operations.operation("POST", "/deployments", only(OfficeRole.DESIGNER), status=201)
def deploy(body: shapes.DeploymentWithNote) -> tuple[shapes.DefinitionGiven, dict[str, str]]:
    """Deploy a procedure's files as a new version: new instances take it, running ones stay on theirs.

    422 carries every finding; 409: the files are those of the version in force, or that is no longer `based_on`.
    """
    if body.based_on is not None:
        services().studio.require_in_force(body.process_id, body.based_on)
    record = services().deployments.deploy(actor(), body.process_id, _files(body), body.note, now())
    if record is None:
        raise Conflict("unchanged")
    location = {"Location": url_for("api.show_definition", definition_id=record.id)}
    return shapes.DefinitionGiven.of(record), location


@operations.operation("POST", "/definitions/search", signed_in, writes=False)
def search_definitions(body: shapes.DefinitionSearch) -> shapes.DefinitionsGiven:
    """Find deployed versions, last deployed first: the first one of a process is in force."""
    rows, more = services().deployments.deployed(
        body.filter.process_id, cursors.timed(body.page.after), body.page.limit
    )
    return shapes.DefinitionsGiven(
        items=tuple(shapes.DefinitionGiven.of(row) for row in rows),
        page=cursors.page(rows, more, lambda row: (row.deployed_at, row.id)),
    )


@operations.operation("GET", "/definitions/<definition_id>", signed_in)
def show_definition(definition_id: str) -> shapes.DefinitionDetailGiven:
    """Show one version: its lanes, steps, start form and files."""
    return shapes.DefinitionDetailGiven.whole(services().deployments.version(definition_id))


@operations.operation("GET", "/definitions/<definition_id>/files/<path:path>", signed_in, media_type="text/plain")
def show_file(definition_id: str, path: str) -> Response:
    """Give one file of a version as it was deployed, byte for byte."""
    content = services().deployments.file(actor(), definition_id, path)
    return Response(content, mimetype="text/plain", headers={"Content-Disposition": "attachment"})


def _files(body: shapes.DeploymentAsked) -> dict[str, bytes]:
    """Return the files of a deployment; a Problem names every path that is not one of this procedure.

    What is no text (Word templates, pictures) comes by the operator's console and stays as the version in force has it.
    """
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
