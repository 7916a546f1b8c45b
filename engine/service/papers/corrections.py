"""Correcting issued documents (*ralat*) by a new instance of the same procedure, whose documents supersede others.

The corrected instance stays completed and unchanged. Each chosen document is valid until the correction has issued its
own, signed if a form asks for a signature; this follows from both instances and is not stored. The correction takes
over the key when it starts. It may itself be corrected; if it is terminated, the superseded documents are valid again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.model.errors import Conflict, there
from engine.model.history import Action, HistoryEvent
from engine.model.process import DONE, OVER
from engine.model.work import DocumentStatus, DocumentVersion, InstanceRecord
from engine.service.procedures.procedure import Procedure, Procedures
from engine.store.queries import Transaction, documents, instances
from engine.store.unit_of_work import Work, update_instance

COUNTING = (DocumentStatus.ISSUED, DocumentStatus.SIGNED)


@dataclass(frozen=True, slots=True)
class Standing:
    """How corrections affect a document."""

    successor: DocumentVersion | None = None  # the newest document that supersedes it
    under_way: InstanceRecord | None = None  # a correction that will supersede it
    instead_of: tuple[DocumentVersion, ...] = ()  # documents that it supersedes


def before(tx: Transaction, record: InstanceRecord) -> Iterator[InstanceRecord]:
    """Yield the instance that this one corrects, then the one corrected by that, and so on."""
    while record.corrects is not None:
        record = there(instances.by_id(tx, record.corrects["instance"]), record.id)
        yield record


def refuse(tx: Transaction, record: InstanceRecord) -> None:
    """Refuse to correct an instance that is not completed or has a correction that was not terminated."""
    if record.status not in DONE:
        raise Conflict("unfinished")
    if record.corrected_by is not None:
        other = there(instances.by_id(tx, record.corrected_by), record.id)
        raise Conflict("corrected", at=other.started_at, title=other.title)


def begin(work: Work, corrects: Mapping[str, Any], by: str) -> None:
    """Record that the starting instance *by* corrects another and takes over its key."""
    old = there(instances.by_id(work, corrects["instance"]), by)
    refuse(work, old)
    work.record_instance(old, [HistoryEvent(Action.INSTANCE_CORRECTED, change={**corrects, "instance": by})])
    update_instance(work, old.id, old.revision, {"corrected_by": by})


def drop(work: Work, record: InstanceRecord, reason: str) -> None:
    """End the correction by a terminated instance: the corrected one is valid again and gets its key back."""
    if (old := next(before(work, record), None)) is not None:
        deed = HistoryEvent(Action.CORRECTION_DROPPED, change={"instance": record.id, "reason": reason})
        work.record_instance(old, [deed])
        update_instance(work, old.id, old.revision, {"corrected_by": None})


def standing(tx: Transaction, procedures: Procedures, record: InstanceRecord, id_: str) -> Standing:
    """Return how corrections affect the document *id_* of an instance."""
    chosen = record.corrects is not None and id_ in record.corrects["documents"]
    earlier = [documents.current(tx, old.id).get(id_) for old in before(tx, record) if chosen]
    successor, under_way = None, None
    while record.corrected_by is not None:
        record = there(instances.by_id(tx, record.corrected_by), record.id)
        if record.corrects is None or id_ not in record.corrects["documents"]:
            continue
        new = documents.current(tx, record.id).get(id_)
        signs = record.status not in DONE and asks_to_sign(procedures.of(tx, record.definition_id), id_)
        if new is not None and new.status in (COUNTING[1:] if signs else COUNTING):
            successor = new
        elif record.status not in OVER or (new is not None and new.pending):
            under_way = record
    return Standing(successor, under_way, tuple(version for version in earlier if version is not None))


def asks_to_sign(procedure: Procedure, id_: str) -> bool:
    """Whether some form asks for a signature on the document *id_*."""
    asked = (field.signing for form in procedure.forms.values() for _, field in form.signatures)
    return any(signing is not None and id_ in signing.documents for signing in asked)
