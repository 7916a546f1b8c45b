"""Documents and files of instances: permissions to see them, comparing versions, uploading and downloading files."""

import json
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, BinaryIO

from engine.forms.values import files_of
from engine.model.errors import NotFound, NotPrinted, there
from engine.model.history import Action, HistoryEvent
from engine.model.lists import Page, Place
from engine.model.people import SYSTEM, Actor
from engine.model.process import ProcessModel
from engine.model.work import Attachment, DocumentVersion, InstanceRecord, TaskRecord
from engine.service.papers.corrections import Standing, standing
from engine.service.papers.differences import Difference, differences
from engine.service.papers.photographs import MOST, joined
from engine.service.papers.uploads import Gate, UploadRefused
from engine.service.people.permissions import permit_filling, permit_writing, refuse_same_eyes
from engine.service.procedures.procedure import Entries, Language, Procedure, Procedures
from engine.store.database import Database
from engine.store.files import STAGED_FOR, FileStore
from engine.store.queries import Transaction, documents, histories, instances, people, signatures, tasks
from engine.store.retrying import retried

MOST_STAGED, MOST_STAGED_BYTES = 200, 500 * 1024 * 1024  # uploads of one person outside of accepted forms
MOST_LOOSE = 200  # files of one instance outside its forms
PAGE = 50


def named(
    reader: Transaction, actor: Actor, procedure: Procedure, task: TaskRecord, entries: Entries
) -> dict[str, Attachment]:
    """Return the files named in *entries* of a task's form: those uploaded for it, and those that the actor may read.

    Other ids are treated as unknown, so that naming a file does not open it.
    """
    found = documents.attachments(reader, file_ids(entries))
    read = readable(reader, actor, procedure, [f for f in found.values() if f.instance_id == task.instance_id])
    mine = (None, actor.person_id, task.id)
    return {id_: f for id_, f in found.items() if id_ in read or (f.instance_id, f.uploaded_by, f.task_id) == mine}


def file_ids(entries: Entries) -> set[str]:
    """Return the texts that could be file ids: 36 characters, as UUIDs have."""
    return {text for texts in entries.values() for text in texts if len(text) == 36}


def readable(reader: Transaction, actor: Actor, procedure: Procedure, files: Collection[Attachment]) -> set[str]:
    """Return the ids of an instance's files that the actor uploaded, or that a visible document or part holds.

    Only fields for files hold files, not ids in texts. A signed document holds its signed file.
    """
    whole = reads_parts(actor, procedure.outline)
    found = {file.id for file in files if whole or file.uploaded_by == actor.person_id}
    for instance_id in {file.instance_id for file in files if file.id not in found and file.instance_id}:
        found |= {file.id for file in documents.loose(reader, instance_id)}
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
    """One version of a document with its values, the other versions, and its files."""

    version: DocumentVersion
    instance: InstanceRecord
    procedure: Procedure
    content: Any
    versions: tuple[DocumentVersion, ...]  # of the same data object, newest first, void ones last
    files: Mapping[str, Attachment]
    corrections: Standing
    returned: TaskRecord | None  # a step that was sent back between this version and the next


@dataclass(frozen=True, slots=True)
class DocumentList:
    """One page of documents, and the choices of its filter."""

    page: Page[documents.Listed]
    names: tuple[str, ...]


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
    gate: Gate
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
            back = _sent_back(reader, version, every)
        same = [v for v in reversed(every) if v.data_object_id == version.data_object_id]
        same.sort(key=lambda each: each.void)
        version = visible(version, actor, procedure.outline)
        content = procedure.content_of(version)
        return DocumentView(version, record, procedure, content, tuple(same), attached, corrected, back)

    def shown(self, view: DocumentView, words: Language) -> Any:
        """Return a version's values with their labels, in the reader's language."""
        form = view.procedure.form_of(view.version.element_id)
        names = self.database.ask(people.names)
        return form.show_part(view.version.data_object_id, view.content, words.locale, names, view.files)

    def search(self, actor: Actor, narrowed: Mapping[str, str], place: Place | None = None) -> DocumentList:
        """Return one page of the documents that the actor may see."""
        with self.database.read() as reader:
            seen = None if actor.reads_everything else instances.takes_part(actor)
            found = documents.search(reader, seen, narrowed, place=place, limit=PAGE)
            return DocumentList(found, documents.kinds(reader))

    def compare(self, actor: Actor, old_id: str, new_id: str, words: Language) -> Comparison:
        """Return two versions of one document side by side, value by value."""
        old, new = self.view(actor, old_id), self.view(actor, new_id)
        if len({(each.version.instance_id, each.version.data_object_id) for each in (old, new)}) > 1:
            raise NotFound(old_id)
        return Comparison(old, new, tuple(differences(self.shown(old, words), self.shown(new, words))))

    def stage(self, actor: Actor, task_id: str, name: str, stream: BinaryIO, now: datetime) -> Attachment:
        """Store a file for a task that the actor may fill in or has a draft of; raises UploadRefused, TooLarge."""
        with self.database.read() as reader:
            found = there(tasks.context(reader, task_id, actor.person_id, self.today(now)), task_id)
            if not found.drafted:
                permit_filling(actor, found)
            step = self.procedures.of(reader, found.task.definition_id).outline.task(found.task.element_id)
            refuse_same_eyes(actor, found.task, step, lambda id_: tasks.eyes_on(reader, found.task.instance_id, id_))
            count, size = documents.staged_by(reader, actor.person_id)
        if count >= MOST_STAGED or size >= MOST_STAGED_BYTES:
            raise UploadRefused("quota", name)
        staged = self._stored(actor, name, stream, now, task_id)
        with self.database.write(actor, now) as work:
            documents.stage(work, staged)
        return staged

    def permit_adding(self, actor: Actor, instance_id: str) -> InstanceRecord:
        """Return an instance to which the actor may add files."""
        with self.database.read() as reader:
            record = there(instances.seen(reader, actor, instance_id), instance_id)
            permit_writing(actor, record)
            if len(documents.loose(reader, instance_id)) >= MOST_LOOSE:
                raise UploadRefused("many", record.title)
        return record

    def add(self, actor: Actor, instance_id: str, name: str, stream: BinaryIO, now: datetime) -> Attachment:
        """Add a file to an instance outside its forms, for all who see it; raises UploadRefused, TooLarge."""
        self.permit_adding(actor, instance_id)
        return self._add(actor, instance_id, self._stored(actor, name, stream, now), now)

    def add_photographs(
        self, actor: Actor, instance_id: str, name: str, photographs: Sequence[BinaryIO], now: datetime
    ) -> Attachment:
        """Add a paper's photographs to an instance as one PDF; raises UploadRefused, TooLarge."""
        self.permit_adding(actor, instance_id)
        if len(photographs) > MOST:
            raise UploadRefused("many", name)
        taken = []
        for each in photographs:
            promised = "foto.png" if _is_png(each) else "foto.jpg"
            taken.append((self.gate.admit(actor, promised, each, self.largest_file, now), each))
        try:
            return self.add(actor, instance_id, name, joined(taken), now)
        except NotPrinted:
            raise UploadRefused("content", name) from None

    @retried
    def _add(self, actor: Actor, instance_id: str, file: Attachment, now: datetime) -> Attachment:
        added = replace(file, instance_id=instance_id)
        with self.database.write(actor, now) as work:
            record = there(instances.seen(work, actor, instance_id), instance_id)
            permit_writing(actor, record)
            documents.stage(work, added)
            said = {name: getattr(added, name) for name in ("sha256", "name", "media_type", "size")}
            work.record_instance(record, [HistoryEvent(Action.ATTACHMENT_ADDED, change={"file": added.id, **said})])
        return added

    def _stored(
        self, actor: Actor, name: str, stream: BinaryIO, now: datetime, task_id: str | None = None
    ) -> Attachment:
        media_type = self.gate.admit(actor, name, stream, self.largest_file, now)
        stored = self.files.put(stream, limit=self.largest_file)
        about = (name, media_type, stored.size, actor.person_id, now, task_id, None)
        return Attachment(str(uuid.uuid4()), stored.sha256, *about)

    def attachment(self, actor: Actor, attachment_id: str) -> tuple[Attachment, BinaryIO]:
        """Return a file's row and content, if the actor may see its holder, or uploaded it and no form has it yet."""
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
        """Delete uploads older than a day that are in no form, unless history has their hash; return how many."""
        with self.database.write(SYSTEM, now) as work:
            documents.forget_staged(work, now - STAGED_FOR)
        ask = self.database.ask
        return self.files.collect(
            lambda names: ask(documents.hashes_held, names), now, lambda names: ask(histories.hashes_named, names)
        )


def _is_png(stream: BinaryIO) -> bool:
    head = stream.read(4)
    stream.seek(0)
    return head == b"\x89PNG"


def _sent_back(tx: Transaction, version: DocumentVersion, every: Collection[DocumentVersion]) -> TaskRecord | None:
    """Return the step that was sent back between *version* and the next one, if any."""
    its = (version.data_object_id, version.version + 1)
    after = [each.created_at for each in every if (each.data_object_id, each.version) == its]
    steps = tasks.of_instance(tx, version.instance_id) if after else ()
    return next((t for t in steps if t.returned_at and version.created_at <= t.returned_at <= after[0]), None)


def seen(reader: Transaction, actor: Actor, document_id: str) -> DocumentVersion:
    """Return a version whose instance the actor may see; NotFound also without permission."""
    version = documents.by_id(reader, document_id)
    if version is None or not instances.may_see(reader, actor, version.instance_id):
        raise NotFound(document_id)
    return version


def reads_parts(actor: Actor, outline: ProcessModel) -> bool:
    """Whether the actor sees others' parts, that is, does more than contribute a part."""
    return actor.reads_everything or bool(actor.roles & part_readers(outline))


def part_readers(outline: ProcessModel) -> set[str]:
    """Return the roles that read every part: those with a step that is not multi-instance."""
    return {step.role for step in outline.tasks if not step.multi_instance and step.role}


def visible(version: DocumentVersion, actor: Actor, outline: ProcessModel) -> DocumentVersion:
    """Return a version without the parts that the actor may not see."""
    if not version.parts or reads_parts(actor, outline):
        return version
    return replace(version, parts=tuple(p for p in version.parts if p.item == actor.person_id))


def voided(version: DocumentVersion, reason: str) -> HistoryEvent:
    """Return the history line of a document whose versions all became void."""
    return HistoryEvent(Action.DOCUMENT_VOIDED, version.element_id, change=version.named | {"reason": reason})
