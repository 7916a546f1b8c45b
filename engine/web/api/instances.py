"""Operations on process instances: start, show, history, suspend, resume, terminate."""

import json

from flask import url_for

from engine.model.history import Action
from engine.model.people import OfficeRole
from engine.service.people.api_tokens import Scope
from engine.service.procedures.procedure import Values
from engine.service.work.instances import InstanceFilter
from engine.web.access import only, signed_in
from engine.web.api import cursors, shapes
from engine.web.api.operations import Operations
from engine.web.authentication import actor, now
from engine.web.formatting import words
from engine.web.readings import reading
from engine.web.services import services

operations = Operations("instances", writing=Scope.START)


@operations.operation("POST", "/instances", signed_in, status=201, unknown=True)
def start_instance(body: shapes.StartAsked) -> tuple[shapes.InstanceGiven, dict[str, str]]:
    """Start an instance of the version in force. 409: one of the same key runs, or a lane has nobody."""
    id_ = services().instances.start(actor(), body.process_id, Values(body.values), now(), words=words())
    record = services().instances.record(actor(), id_)
    return shapes.InstanceGiven.of(record), {"Location": url_for("api.show_instance", instance_id=id_)}


@operations.operation("POST", "/instances/search", signed_in, writes=False)
def search_instances(body: shapes.InstanceSearch) -> shapes.InstancesGiven:
    """Find the instances that one may see, newest first."""
    wanted = body.filter
    narrowed = InstanceFilter(
        status=wanted.status,
        process_id=wanted.process_id,
        text=wanted.text or None,
        overdue_at=now() if wanted.overdue else None,
        key=wanted.key,
        after=cursors.timed(body.page.after),
    )
    rows, more = services().instances.search(actor(), narrowed, body.page.limit, now())
    return shapes.InstancesGiven(
        items=tuple(shapes.ListedInstanceGiven.listed(row) for row in rows),
        page=cursors.page(rows, more, lambda row: (row.record.started_at, row.record.id)),
    )


@operations.operation("GET", "/instances/<instance_id>", signed_in)
def show_instance(instance_id: str) -> shapes.InstanceDetailGiven:
    """Show where an instance stands: its open tasks, what it waits for, its documents and incidents."""
    page = services().instances.page(actor(), instance_id, now())
    outline = page.procedure.outline
    return shapes.InstanceDetailGiven.of(
        page.record,
        values=dict(page.record.values),
        open_tasks=tuple(shapes.TaskGiven.at(outline.task(task.element_id), task) for task in page.open_tasks),
        waiting=tuple(sorted({wait.element_id for wait in page.waits})),
        waits=page.waits,
        timers=page.timers,
        documents=page.documents,
        incidents=page.incidents,
    )


@operations.operation("GET", "/instances/<instance_id>/history", signed_in)
def show_history(instance_id: str, query: shapes.LinesAsked) -> shapes.HistoryGiven:
    """Show an instance's history lines, oldest first, each with the hash of the line before it."""
    lines, more = services().histories.lines(actor(), instance_id, query.after, query.limit)
    items = tuple(shapes.HistoryLineGiven.read(line) for line in lines)
    return shapes.HistoryGiven(items=items, last_seq=items[-1].seq if items else None, has_more=more)


@operations.operation("GET", "/instances/<instance_id>/elements", signed_in)
def show_elements(instance_id: str, query: shapes.LinesAsked) -> shapes.ElementsGiven:
    """Show the elements that an instance completed, in order; `after` and `limit` count history lines."""
    lines, more = services().histories.lines(actor(), instance_id, query.after, query.limit)
    items = tuple(
        shapes.ElementGiven(
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
    return shapes.ElementsGiven(items=items, last_seq=lines[-1].seq if lines else None, has_more=more)


@operations.operation("GET", "/documents/<document_id>", signed_in)
def show_document(document_id: str) -> shapes.DocumentContentGiven:
    """Show one version of a document with its content; of a document in parts one sees what one may."""
    version = services().documents.view(actor(), document_id).version
    reading(Action.DOCUMENT_READ, **version.said)
    return shapes.DocumentContentGiven.whole(version)


@operations.operation(
    "POST", "/instances/<instance_id>/suspension", only(OfficeRole.OPERATOR), scope=Scope.ADMINISTER, status=204
)
def suspend_instance(instance_id: str, body: shapes.ReasonAsked) -> None:
    """Stop all work on an instance until it is resumed."""
    services().instances.suspend(actor(), instance_id, body.reason, now())


@operations.operation(
    "POST", "/instances/<instance_id>/resumption", only(OfficeRole.OPERATOR), scope=Scope.ADMINISTER, status=204
)
def resume_instance(instance_id: str, body: shapes.ReasonAsked) -> None:
    """Let work on a suspended instance go on."""
    services().instances.resume(actor(), instance_id, body.reason, now())


@operations.operation(
    "POST", "/instances/<instance_id>/termination", only(OfficeRole.OPERATOR), scope=Scope.ADMINISTER, status=204
)
def terminate_instance(instance_id: str, body: shapes.ReasonAsked) -> None:
    """End an instance for good before its end event."""
    services().instances.terminate(actor(), instance_id, body.reason, now())
