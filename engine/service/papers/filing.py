"""Filing: writes the output of a step as a version of a document, and finds the documents that the step needs.

A document's content is the section of the form named after the data object, as RFC 8785 text with its SHA-256. A
multi-instance step yields parts: the first item of an activation begins a new version with copies of the earlier
parts, each item replaces its own part, and the version is issued when the last item is done.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engine.model.history import Action, HistoryEvent, canonical, sha256_of
from engine.model.process import DataReference, UserTask
from engine.model.renderings import Rendering
from engine.model.work import DocumentPart, DocumentStatus, DocumentVersion, TaskRecord
from engine.service.procedures.document_templates import printed
from engine.service.procedures.procedure import Procedure
from engine.store.queries import documents
from engine.store.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class Paper:
    """One kelengkapan or output of a step, as shown beside its form."""

    reference: DataReference
    version: DocumentVersion | None
    state: str  # "present", "pending", "missing", "will_be_made", "by_form", "blank"


def union_hash(parts: Sequence[DocumentPart]) -> str:
    """Return the hash of a document that is the union of parts."""
    return sha256_of(canonical({part.item: part.sha256 for part in parts}))


def papers(
    procedure: Procedure, step: UserTask, current: Mapping[str, DocumentVersion], finished: bool
) -> tuple[tuple[Paper, ...], tuple[Paper, ...]]:
    """Return (kelengkapan, output) of a step, each paper with its state."""
    asked = procedure.form_of(step.element_id).objects
    own = {reference.data_object_id for reference in step.outputs}
    needs = []
    for reference in step.inputs:
        version = current.get(reference.data_object_id)
        if version is not None and not version.void:
            state = "pending" if version.pending else "present"
        elif reference.data_object_id in asked and reference.data_object_id not in own:
            state = "by_form"
        elif reference.data_object_id in own:
            state = "blank"  # the blank form that this step fills in
        else:
            state = "missing"
        needs.append(Paper(reference, version, state))
    yields = []
    for reference in step.outputs:
        version = current.get(reference.data_object_id)
        done = version is not None and not version.void and finished
        yields.append(Paper(reference, version if done else None, "present" if done else "will_be_made"))
    return tuple(needs), tuple(yields)


def missing(procedure: Procedure, step: UserTask, current: Mapping[str, DocumentVersion]) -> tuple[Paper, ...]:
    """Return the kelengkapan that is missing or not approved, except that which the step's own form asks for."""
    needs, _ = papers(procedure, step, current, finished=False)
    return tuple(paper for paper in needs if paper.state in ("missing", "pending"))


def yielded_by(procedure: Procedure, step: UserTask, encoded: Mapping[str, Any]) -> dict[str, Any]:
    """Return the documents among a form's encoded values: outputs of the step, and kelengkapan it asks for."""
    wanted = {reference.data_object_id for reference in (*step.outputs, *step.inputs)}
    asked = procedure.form_of(step.element_id).objects
    return {id_: encoded[id_] for id_ in asked if id_ in wanted and encoded.get(id_) is not None}


@dataclass(frozen=True, slots=True)
class Filing:
    """The changes of documents by completing a task: planned before the lock, written inside it."""

    new: tuple[DocumentVersion, ...]  # versions that need approval are here and not in *issued*
    parts: tuple[tuple[DocumentVersion, DocumentPart, bool], ...]  # (version, part, replaces a copied part)
    issued: tuple[DocumentVersion, ...]
    replaced: tuple[DocumentVersion, ...]
    versions: Mapping[str, Mapping[str, int]]  # for the engine's state

    def deeds(self, task: TaskRecord, due: Sequence[Rendering]) -> list[HistoryEvent]:
        """Return the history lines of versions written, issued (with the renderings *due*) or replaced."""
        lines = []
        issued = {version.id for version in self.issued}
        for version in self.new:
            if version.pending:
                lines.append(submitted(version, task.id))
                continue
            own = next((part for part in version.parts if part.task_id == task.id), None)
            of_part = {} if own is None else {"item": own.item, "part_sha256": own.sha256}
            if version.id not in issued or own is not None:
                lines.append(_deed(Action.DOCUMENT_SAVED, version, task, **of_part))
        for version, part, _ in self.parts:
            lines.append(_deed(Action.DOCUMENT_SAVED, version, task, item=part.item, part_sha256=part.sha256))
        lines += [_deed(Action.DOCUMENT_ISSUED, version, task, **printed(version, due)) for version in self.issued]
        newer = {version.data_object_id: version.version for version in self.issued}
        lines += [
            _deed(Action.DOCUMENT_REPLACED, old, task, by_version=newer.get(old.data_object_id))
            for old in self.replaced
        ]
        return lines

    def write(self, work: Work) -> None:
        """Write the rows."""
        documents.add(work, self.new)
        for version, part, replaces in self.parts:
            if replaces:
                documents.drop_part(work, version.id, part.item)
        documents.add_parts(work, [(version, part) for version, part, _ in self.parts])
        now_issued = {"status": DocumentStatus.ISSUED.value, "issued_at": work.now}
        issued = {version.id for version in self.issued}
        for version, _, _ in self.parts:  # new versions are written as issued
            change = now_issued if version.id in issued else {}
            documents.change(work, [version.id], **change, sha256=version.sha256)
        documents.change(work, [version.id for version in self.replaced], status=DocumentStatus.REPLACED.value)


def plan_filing(
    task: TaskRecord,
    step: UserTask,
    procedure: Procedure,
    yielded: Mapping[str, Any],
    current: Mapping[str, DocumentVersion],
    *,
    by: str,
    now: datetime,
    last_of_activation: bool,
    sent_back: bool = False,
) -> Filing:
    """Return the changes by completing *task* with the encoded documents *yielded*.

    *last_of_activation*: no other item of a multi-instance step is open. A return (*sent_back*) issues nothing, since
    its document may be incomplete, and the next pass continues it.
    """
    outputs = {reference.data_object_id for reference in step.outputs}
    new: list[DocumentVersion] = []
    parts: list[tuple[DocumentVersion, DocumentPart, bool]] = []
    issued: list[DocumentVersion] = []
    replaced: list[DocumentVersion] = []
    versions: dict[str, Mapping[str, int]] = {}
    for id_, value in yielded.items():
        before, content = current.get(id_), canonical(value)
        by_item = step.multi_instance and task.item is not None and id_ in outputs
        own = DocumentPart(str(task.item), content, sha256_of(content), task.id, now, by) if by_item else None
        if own and before is not None and before.activation == task.activation:
            kept = tuple(part for part in before.parts if part.item != own.item)
            version = replace(before, parts=(*kept, own), sha256=union_hash((*kept, own)))
            parts.append((version, own, len(kept) < len(before.parts)))
        else:
            role = None if own or sent_back else procedure.outline.approver_of(id_)
            version = _begun(task, procedure, id_, before, own or content, role, by=by, now=now)
            if not (own or sent_back or role):
                version = replace(version, status=DocumentStatus.ISSUED, issued_at=now)
            new.append(version)
            if before is not None and before.status not in (DocumentStatus.REPLACED, DocumentStatus.VOID):
                replaced.append(before)
        if version.status is DocumentStatus.ISSUED:
            issued.append(version)
        elif own and not sent_back and last_of_activation:
            issued.append(replace(version, status=DocumentStatus.ISSUED, issued_at=now))
        versions[id_] = {"versi": version.version}
    new = [next((i for i in issued if i.id == version.id), version) for version in new]
    return Filing(tuple(new), tuple(parts), tuple(issued), tuple(replaced), versions)


def _begun(
    task: TaskRecord,
    procedure: Procedure,
    id_: str,
    before: DocumentVersion | None,
    own: DocumentPart | str,
    approver: str | None,
    *,
    by: str,
    now: datetime,
) -> DocumentVersion:
    """Return the version after *before*: with *own* content, or with one own part and copies of the others."""
    parts: tuple[DocumentPart, ...] = ()
    if isinstance(own, DocumentPart):
        old = before.parts if before is not None else ()
        parts = (*(replace(part, task_id=None) for part in old if part.item != own.item), own)
    return DocumentVersion(
        id=str(uuid.uuid4()),
        instance_id=task.instance_id,
        data_object_id=id_,
        version=1 if before is None else before.following,
        name=next((each.name for each in procedure.outline.data_objects if each.id == id_), id_),
        status=DocumentStatus.WAITING if approver else DocumentStatus.DRAFT,
        activation=task.activation,
        element_id=task.element_id,
        content=own if isinstance(own, str) else "{}",
        sha256=sha256_of(own) if isinstance(own, str) else union_hash(parts),
        created_at=now,
        created_by=by,
        issued_at=None,
        approver=approver,
        parts=parts,
    )


def submitted(version: DocumentVersion, task_id: str | None = None) -> HistoryEvent:
    """Return the history line of a document that waits for approval."""
    return HistoryEvent(
        Action.DOCUMENT_SUBMITTED, version.element_id, task_id, version.named | {"role": version.approver}
    )


def _deed(action: Action, version: DocumentVersion, task: TaskRecord, **more: Any) -> HistoryEvent:
    return HistoryEvent(action, task.element_id, task.id, version.named | more)
