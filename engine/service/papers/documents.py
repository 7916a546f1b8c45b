"""Documents: what a step yields is written as a version; what it needs is found by looking.

A document's content is the part of the form that carries the data object's id, as RFC 8785 text with its SHA-256. A
multi-instance step yields parts: the first item of an activation begins a new version that starts as a copy of all
parts of the one before, each item replaces its own, and the version is issued when the last item is done.
"""

import json
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, BinaryIO

from engine.forms.values import files_of
from engine.model.errors import NotFound, there
from engine.model.history import Action, HistoryEvent, canonical, sha256_of
from engine.model.people import Actor
from engine.model.process import DataReference, ProcessModel, UserTask
from engine.model.work import Attachment, DocumentPart, DocumentStatus, DocumentVersion, InstanceRecord, TaskRecord
from engine.service.papers.corrections import Standing, standing
from engine.service.papers.differences import Difference, differences
from engine.service.papers.uploads import UploadRefused, media_type_of
from engine.service.people.permissions import permit_filling, refuse_same_eyes
from engine.service.procedures.procedure import Language, Procedure, Procedures
from engine.store.database import Database
from engine.store.files import STAGED_FOR, FileStore
from engine.store.queries import Transaction, documents, histories, instances, people, signatures, tasks
from engine.store.unit_of_work import Work

MOST_STAGED, MOST_STAGED_BYTES = 200, 500 * 1024 * 1024
"""What one person may have handed over that no form was accepted with yet."""
PAGE = 50


@dataclass(frozen=True, slots=True)
class Paper:
    """One kelengkapan or output of a step, as the rail of the form shows it."""

    reference: DataReference
    version: DocumentVersion | None
    state: str  # "present", "pending", "missing", "will_be_made", "by_form", "blank"


def union_hash(parts: Sequence[DocumentPart]) -> str:
    """Return the hash of a document that is the union of parts."""
    return sha256_of(canonical({part.item: part.sha256 for part in parts}))


def papers(
    procedure: Procedure, step: UserTask, current: Mapping[str, DocumentVersion], finished: bool
) -> tuple[tuple[Paper, ...], tuple[Paper, ...]]:
    """Return (kelengkapan, output) of a step: what is there, what is missing, what the form itself will make."""
    asked = procedure.form_of(step.element_id).objects
    own = {reference.data_object_id for reference in step.outputs}
    needs = []
    for reference in step.inputs:
        version = current.get(reference.data_object_id)
        if version is not None:
            state = "pending" if version.pending else "present"
        elif reference.data_object_id in asked and reference.data_object_id not in own:
            state = "by_form"
        elif reference.data_object_id in own:
            state = "blank"  # the blank form that this very step fills in
        else:
            state = "missing"
        needs.append(Paper(reference, version, state))
    yields = []
    for reference in step.outputs:
        version = current.get(reference.data_object_id)
        done = version is not None and finished
        yields.append(Paper(reference, version if done else None, "present" if done else "will_be_made"))
    return tuple(needs), tuple(yields)


def missing(procedure: Procedure, step: UserTask, current: Mapping[str, DocumentVersion]) -> tuple[Paper, ...]:
    """Return the kelengkapan that nobody has yielded, or approved, and that the step's own form does not ask for."""
    needs, _ = papers(procedure, step, current, finished=False)
    return tuple(paper for paper in needs if paper.state in ("missing", "pending"))


def yielded_by(procedure: Procedure, step: UserTask, encoded: Mapping[str, Any]) -> dict[str, Any]:
    """Return the encoded documents among a form's values: the step's outputs, and kelengkapan that it asks for."""
    wanted = {reference.data_object_id for reference in (*step.outputs, *step.inputs)}
    asked = procedure.form_of(step.element_id).objects
    return {id_: encoded[id_] for id_ in asked if id_ in wanted and encoded.get(id_) is not None}


@dataclass(frozen=True, slots=True)
class Filing:
    """What completing a task writes into documents: planned before the lock, written inside it."""

    new: tuple[DocumentVersion, ...]  # those that must be approved are not among the issued
    parts: tuple[tuple[DocumentVersion, DocumentPart, bool], ...]  # (version, part, replaces a copied part)
    issued: tuple[DocumentVersion, ...]
    replaced: tuple[DocumentVersion, ...]
    versions: Mapping[str, Mapping[str, int]]  # what the engine's state keeps

    def deeds(self, task: TaskRecord) -> list[HistoryEvent]:
        """Return one history line for each version written, and one for each issued or replaced."""
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
        lines += [_deed(Action.DOCUMENT_ISSUED, version, task) for version in self.issued]
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
        fresh = {version.id for version in self.new}
        for version in self.issued:
            if version.id not in fresh:
                change = {"status": DocumentStatus.ISSUED.value, "issued_at": work.now}
                documents.change(work, [version.id], **change, sha256=version.sha256)
        for version, _, _ in self.parts:
            if version.id not in {issued.id for issued in self.issued}:
                documents.change(work, [version.id], sha256=version.sha256)
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
    """Return what completing *task* with the encoded documents *yielded* writes.

    *last_of_activation* says that no other item of a multi-instance step is open any more. Of a step that was
    *sent_back* nothing is issued: a return asks for less than a document must say, and the next pass goes on from it.
    """
    names = {data_object.id: data_object.name for data_object in procedure.outline.data_objects}
    outputs = {reference.data_object_id for reference in step.outputs}
    new: list[DocumentVersion] = []
    parts: list[tuple[DocumentVersion, DocumentPart, bool]] = []
    issued: list[DocumentVersion] = []
    replaced: list[DocumentVersion] = []
    versions: dict[str, Mapping[str, int]] = {}
    for id_, value in yielded.items():
        before = current.get(id_)
        content = canonical(value)
        by_item = step.multi_instance and task.item is not None and id_ in outputs
        if by_item and before is not None and before.activation == task.activation:
            part = DocumentPart(str(task.item), content, sha256_of(content), task.id, now, by)
            kept = tuple(p for p in before.parts if p.item != part.item)
            version = replace(before, parts=(*kept, part))
            version = replace(version, sha256=union_hash(sorted(version.parts, key=lambda p: p.item)))
            parts.append((version, part, len(kept) < len(before.parts)))
        else:
            copied: tuple[DocumentPart, ...] = ()
            if by_item:
                old = before.parts if before is not None else ()
                own = DocumentPart(str(task.item), content, sha256_of(content), task.id, now, by)
                copied = (*(replace(p, task_id=None) for p in old if p.item != task.item), own)
            approver = None if by_item or sent_back else procedure.outline.approver_of(id_)
            issues = not (by_item or sent_back or approver)
            status = DocumentStatus.ISSUED if issues else DocumentStatus.WAITING if approver else DocumentStatus.DRAFT
            version = DocumentVersion(
                id=str(uuid.uuid4()),
                instance_id=task.instance_id,
                data_object_id=id_,
                version=1 if before is None else before.version + 1,
                name=names.get(id_, id_),
                status=status,
                activation=task.activation,
                element_id=task.element_id,
                content="{}" if by_item else content,
                sha256=union_hash(sorted(copied, key=lambda p: p.item)) if by_item else sha256_of(content),
                created_at=now,
                created_by=by,
                issued_at=now if issues else None,
                approver=approver,
                parts=copied,
            )
            new.append(version)
            if before is not None and before.status not in (DocumentStatus.REPLACED, DocumentStatus.VOID):
                replaced.append(before)
        if version.status is DocumentStatus.ISSUED:
            issued.append(version)
        elif by_item and not sent_back and last_of_activation:
            issued.append(replace(version, status=DocumentStatus.ISSUED, issued_at=now))
        versions[id_] = {"versi": version.version}
    new = [next((i for i in issued if i.id == version.id), version) for version in new]
    return Filing(tuple(new), tuple(parts), tuple(issued), tuple(replaced), versions)


def named(
    reader: Transaction, actor: Actor, procedure: Procedure, task: TaskRecord, ids: Collection[str]
) -> dict[str, Attachment]:
    """Return those of the files *ids* that somebody may name in a task's form: what they staged for it, what they read.

    Any other id is as unknown as one that nobody gave out: naming a file must not open it.
    """
    found = documents.attachments(reader, ids)
    read = readable(reader, actor, procedure, [f for f in found.values() if f.instance_id == task.instance_id])
    mine = (None, actor.person_id, task.id)
    return {id_: f for id_, f in found.items() if id_ in read or (f.instance_id, f.uploaded_by, f.task_id) == mine}


def readable(reader: Transaction, actor: Actor, procedure: Procedure, files: Collection[Attachment]) -> set[str]:
    """Return those of an instance's files that somebody handed over, or may see what holds: all of it if it is signed.

    A file is held by a field for files of a document or a part, whatever ids stand in texts.
    """
    whole = reads_parts(actor, procedure.outline)
    found = {file.id for file in files if whole or file.uploaded_by == actor.person_id}
    for instance_id in {file.instance_id for file in files if file.id not in found and file.instance_id}:
        signed = signatures.of_instance(reader, instance_id)
        for version in documents.of_instance(reader, instance_id):
            shown, fields = visible(version, actor, procedure.outline), procedure.form_of(version.element_id).tree
            for content in [part.content for part in shown.parts] or [shown.content]:
                found |= files_of(fields, {version.data_object_id: json.loads(content)})
            if shown == version:
                found |= {str(each.attachment_id) for each in signed if each.document_id == version.id}
    return found


@dataclass(frozen=True, slots=True)
class DocumentView:
    """One version of a document with its values, its neighbours and the files it holds."""

    version: DocumentVersion
    instance: InstanceRecord
    procedure: Procedure
    content: Any
    versions: tuple[DocumentVersion, ...]  # of the same data object, newest first
    files: Mapping[str, Attachment]
    corrections: Standing


@dataclass(frozen=True, slots=True)
class DocumentList:
    """One page of documents, and the names to narrow it by."""

    versions: tuple[documents.Listed, ...]
    names: tuple[str, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions of one document."""

    old: DocumentView
    new: DocumentView
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Documents:
    """Documents and files, for those who take part in their instance."""

    database: Database
    files: FileStore
    procedures: Procedures
    today: Callable[[datetime], date]  # the office's day
    largest_file: int = 25 * 1024 * 1024

    def view(self, actor: Actor, document_id: str) -> DocumentView:
        """Return one version of a document."""
        with self.database.read() as reader:
            version = seen(reader, actor, document_id)
            record = there(instances.by_id(reader, version.instance_id), document_id)
            procedure = self.procedures.of(reader, record.definition_id)
            every = documents.of_instance(reader, version.instance_id)
            attached = {a.id: a for a in documents.attachments_of(reader, version.instance_id)}
            corrected = standing(reader, self.procedures, record, version.data_object_id)
        same = tuple(v for v in reversed(every) if v.data_object_id == version.data_object_id)
        version = visible(version, actor, procedure.outline)
        return DocumentView(version, record, procedure, procedure.content_of(version), same, attached, corrected)

    def shown(self, view: DocumentView, words: Language) -> Any:
        """Return a version's values with their labels, in the reader's language."""
        form = view.procedure.form_of(view.version.element_id)
        names = self.database.ask(people.names)
        return form.show_part(view.version.data_object_id, view.content, words.locale, names, view.files)

    def search(self, actor: Actor, text: str, name: str, status: str, page: int) -> DocumentList:
        """Return one page of the documents that somebody may see, newest first."""
        with self.database.read() as reader:
            seen = None if actor.reads_everything else instances.takes_part(actor)
            narrowed = {"text": text, "name": name, "status": status}
            found, more = documents.search(reader, seen, narrowed, limit=PAGE, offset=(page - 1) * PAGE)
            return DocumentList(found, documents.kinds(reader), more)

    def compare(self, actor: Actor, old_id: str, new_id: str, words: Language) -> Comparison:
        """Return two versions of one document side by side, value by value."""
        old, new = self.view(actor, old_id), self.view(actor, new_id)
        if (old.version.instance_id, old.version.data_object_id) != (
            new.version.instance_id,
            new.version.data_object_id,
        ):
            raise NotFound(old_id)
        return Comparison(old, new, tuple(differences(self.shown(old, words), self.shown(new, words))))

    def stage(self, actor: Actor, task_id: str, name: str, stream: BinaryIO, now: datetime) -> Attachment:
        """Keep an uploaded file for a task that somebody may fill in or left a draft of, until it is completed.

        UploadRefused or TooLarge if it is too large, not what its name says, or one too many: nothing of it stays.
        """
        with self.database.read() as reader:
            found = there(tasks.context(reader, task_id, actor.person_id, self.today(now)), task_id)
            if not found.drafted:
                permit_filling(actor, found)
            step = self.procedures.of(reader, found.task.definition_id).outline.task(found.task.element_id)
            refuse_same_eyes(actor, step, lambda id_: tasks.performer_of(reader, found.task.instance_id, id_))
            count, size = documents.staged_by(reader, actor.person_id)
        if count >= MOST_STAGED or size >= MOST_STAGED_BYTES:
            raise UploadRefused("quota", name)
        media_type = media_type_of(name, stream)
        stored = self.files.put(stream, limit=self.largest_file)
        staged = Attachment(
            id=str(uuid.uuid4()),
            sha256=stored.sha256,
            name=name,
            media_type=media_type,
            size=stored.size,
            uploaded_by=actor.person_id,
            uploaded_at=now,
            task_id=task_id,
            instance_id=None,
        )
        with self.database.write(actor, now) as work:
            documents.stage(work, staged)
        return staged

    def attachment(self, actor: Actor, attachment_id: str) -> tuple[Attachment, BinaryIO]:
        """Return a file's row and its bytes to whoever may see what holds it; a staged one to its owner alone."""
        with self.database.read() as reader:
            found = documents.attachments(reader, [attachment_id]).get(attachment_id)
            if found is None or not self._may_read(reader, actor, found):
                raise NotFound(attachment_id)
        return found, self.files.kept(found.sha256, found.name)

    def _may_read(self, reader: Transaction, actor: Actor, file: Attachment) -> bool:
        record = instances.by_id(reader, file.instance_id) if file.instance_id else None
        if record is None:
            return file.uploaded_by == actor.person_id
        procedure = self.procedures.of(reader, record.definition_id)
        return instances.may_see(reader, actor, record.id) and file.id in readable(reader, actor, procedure, [file])

    def forget_staged(self, now: datetime) -> int:
        """Delete files staged over a day ago that no form was accepted with; how many.

        What a line of history names by its hash is no such file, whatever the rows say: it is what proves them wrong.
        """
        with self.database.write(_SWEEPER, now) as work:
            documents.forget_staged(work, now - STAGED_FOR)
        ask = self.database.ask
        return self.files.collect(
            lambda names: ask(documents.hashes_held, names), now, lambda names: ask(histories.hashes_named, names)
        )


def seen(reader: Transaction, actor: Actor, document_id: str) -> DocumentVersion:
    """Return a version whose instance somebody may see; NotFound also for whoever may not know of it."""
    version = documents.by_id(reader, document_id)
    if version is None or not instances.may_see(reader, actor, version.instance_id):
        raise NotFound(document_id)
    return version


def reads_parts(actor: Actor, outline: ProcessModel) -> bool:
    """Whether somebody reads the parts of others (pages.md, 3.8): not who only yields parts, by lane or by name."""
    return actor.reads_everything or any(
        actor.has(step.role) for step in outline.tasks if not step.multi_instance and step.role
    )


def visible(version: DocumentVersion, actor: Actor, outline: ProcessModel) -> DocumentVersion:
    """Return a version as somebody may see it: of one made of parts, who does not read the others' sees their own."""
    if not version.parts or reads_parts(actor, outline):
        return version
    return replace(version, parts=tuple(p for p in version.parts if p.item == actor.person_id))


def voided(version: DocumentVersion, reason: str) -> HistoryEvent:
    """Return the line that says that a document, in all its versions, is void, and why."""
    return HistoryEvent(Action.DOCUMENT_VOIDED, version.element_id, change=version.named | {"reason": reason})


def submitted(version: DocumentVersion, task_id: str | None = None) -> HistoryEvent:
    """Return the line that says that a document waits for who must approve it."""
    return HistoryEvent(
        Action.DOCUMENT_SUBMITTED, version.element_id, task_id, version.named | {"role": version.approver}
    )


def _deed(action: Action, version: DocumentVersion, task: TaskRecord, **more: Any) -> HistoryEvent:
    return HistoryEvent(action, task.element_id, task.id, version.named | more)


_SWEEPER = Actor("sistem", "Sistem", ())
