"""Tasks on documents apart from the steps: approve, correct, file the signed copy, archive the paper.

They have no rows of their own but follow from the states of documents, signatures and berkas.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, literal_column, null, or_, select, union_all

from engine.model.archives import ArchiveStatus
from engine.model.people import Actor
from engine.model.process import InstanceStatus
from engine.model.work import DocumentStatus, DocumentTask
from engine.store.queries import Rows, Transaction, one
from engine.store.queries.documents import LISTED
from engine.store.queries.instances import MOVING
from engine.store.queries.signatures import unfiled
from engine.store.tables import archive, document, instance, signature, task

MOST = 100
ARCHIVIST = archive.c.place["role"].as_string()
"""The role that must still enter where the paper copy of an instance is stored."""
PENDING = document.c.status.in_((DocumentStatus.WAITING.value, DocumentStatus.RETURNED.value))
OPEN = instance.c.status.in_((*MOVING, InstanceStatus.COMPLETED.value))


def _lane(*of: ColumnElement[bool]) -> Any:
    """Return a subquery for the role of a step without a named performer."""
    query = select(task.c.role).where(task.c.performer.is_(None), *of)
    return query.order_by(task.c.history_seq.desc()).limit(1).scalar_subquery()


_its = (document.c.instance_id, instance.c.title, document.c.name, document.c.version, LISTED["number"])
_about = (document.c.id.label("document_id"), *_its)
_waits = document.c.status == DocumentStatus.WAITING.value
_made = (task.c.element_id == document.c.element_id, task.c.activation == document.c.activation)
_papers = select(
    case((_waits, "approve"), else_="mend").label("kind"),
    *_about,
    case((_waits, document.c.approver), else_=_lane(task.c.instance_id == instance.c.id, *_made)).label("role"),
    case((_waits, null()), else_=document.c.created_by).label("person"),
    func.coalesce(document.c.returned_at, document.c.created_at).label("since"),
    func.coalesce(document.c.returned_by, document.c.created_by).label("by"),
    document.c.returned_reason.label("reason"),
    null().label("mode"),
    null().label("signature_id"),
).join(instance, instance.c.id == document.c.instance_id)
_signed = and_(task.c.completed_by == signature.c.signer, task.c.completed_at == signature.c.signed_at)
_of_signature = func.coalesce(document.c.approver, _lane(task.c.instance_id == instance.c.id, _signed))
_by = (signature.c.signer, signature.c.signed_at, signature.c.signer, null(), signature.c.mode, signature.c.id)
_joined = signature.join(document, document.c.id == signature.c.document_id)
_joined = _joined.join(instance, instance.c.id == document.c.instance_id)
_files = select(literal_column("'file'"), *_about, _of_signature, *_by).select_from(_joined)
_paused = instance.c.status == InstanceStatus.SUSPENDED.value  # signed copies can be filed nevertheless
_nothing: ColumnElement[str] = literal_column("''")
_due = select(literal_column("'archive'"), _nothing, archive.c.instance_id, instance.c.title, _nothing)
_due = _due.add_columns(literal_column("0"), null(), ARCHIVIST, null(), archive.c.due_at, instance.c.ended_by)
_due = _due.add_columns(null(), null(), null()).join(instance, instance.c.id == archive.c.instance_id)
_due = _due.where(archive.c.status == ArchiveStatus.DUE.value, ARCHIVIST.is_not(None))
_filed = _files.where(unfiled(), or_(OPEN, _paused))
EVERY = union_all(_papers.where(PENDING, OPEN), _filed, _due).subquery("document_task")
ROWS = Rows(DocumentTask, EVERY)


def of_person(
    tx: Transaction, actor: Actor, *, instance_id: str | None = None, text: str | None = None
) -> tuple[DocumentTask, ...]:
    """Return the document tasks of *actor*, longest waiting first, narrowed to an instance or to *text*."""
    narrowed = [] if instance_id is None else [EVERY.c.instance_id == instance_id]
    if text:
        said = (EVERY.c.title, EVERY.c.name, EVERY.c.number)
        narrowed.append(or_(*(each.icontains(text, autoescape=True) for each in said)))
    return _found(tx, _mine(actor), *narrowed)


def of_instances(tx: Transaction, instance_ids: Sequence[str]) -> dict[str, tuple[DocumentTask, ...]]:
    """Return the document tasks of instances, by instance id."""
    found = _found(tx, EVERY.c.instance_id.in_(instance_ids), most=None)
    return {id_: tuple(each for each in found if each.instance_id == id_) for id_ in instance_ids}


def of_signature(tx: Transaction, signature_id: str) -> DocumentTask | None:
    """Return the task of filing a signature's copy, whether it is filed or not."""
    return one(tx, _files.where(signature.c.id == signature_id), ROWS.read)


def waited_for(tx: Transaction, actor: Actor) -> tuple[DocumentTask, ...]:
    """Return tasks of others on documents that *actor* made, returned or signed, longest waiting first."""
    return _found(tx, _others(actor))


def counted_for_others(actor: Actor) -> ColumnElement[int]:
    """Return a subquery for the number of document tasks of others that *actor* waits for."""
    return select(func.count()).select_from(EVERY).where(_others(actor)).scalar_subquery()


def counted(actor: Actor, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """Return a subquery for the number of document tasks of *actor*."""
    return select(func.count()).select_from(EVERY).where(_mine(actor), *conditions).scalar_subquery()


def _mine(actor: Actor) -> ColumnElement[bool]:
    return or_(EVERY.c.person == actor.person_id, EVERY.c.role.in_(sorted(actor.roles)))


def _others(actor: Actor) -> ColumnElement[bool]:
    return and_(EVERY.c.by == actor.person_id, func.coalesce(_mine(actor), false()).is_(False))


def _found(tx: Transaction, *conditions: ColumnElement[bool], most: int | None = MOST) -> tuple[DocumentTask, ...]:
    return ROWS.every(tx, ROWS.query.where(*conditions).order_by(EVERY.c.since, EVERY.c.name).limit(most))
