"""Files of documents: due in the transaction that issues the document, printed once, kept for ever.

The row with the content is authoritative; the worker, or the first request, makes its PDF (and DOCX, XLSX), which is
stored by hash with a history line. It is never made again: an issued paper stays the same when template, register or
code change. If printing fails, it stays failed with the cause until an operator retries, since a retry alone does not
mend a template. If the press is busy, the next sweep tries again.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import structlog

from engine import pulse
from engine.documents.typst_renderer import PRESS, Order, Press
from engine.model.errors import AlurError, Busy, NotFound, NotPrinted, there
from engine.model.history import Action, HistoryEvent
from engine.model.people import SYSTEM, Actor, OfficeRole
from engine.model.process import UserTask
from engine.model.renderings import COVER, SIGNED, WHOLE, Rendering, RenderingStatus, due
from engine.model.work import DocumentVersion, InstanceRecord, TaskRecord
from engine.service.office.business_calendar import Office
from engine.service.papers.documents import reads_parts, seen
from engine.service.papers.render_context import RenderContext, RenderInput, coded
from engine.service.papers.uploads import MEDIA_TYPES
from engine.service.procedures.document_templates import Template, prints_pdf
from engine.service.procedures.files import PARTS
from engine.service.procedures.procedure import Procedure, Procedures
from engine.store.database import Database
from engine.store.files import FileStore
from engine.store.queries import Transaction, documents, instances, people, renderings, signatures, tasks
from engine.store.retrying import retried

log = structlog.get_logger(__name__)
LARGEST = 100 * 1024 * 1024
AT_A_SWEEP = 20


@dataclass(frozen=True, slots=True)
class PrintedFile:
    """One file of a version for a page, or the cause of its failure."""

    rendering: Rendering
    name: str
    fault: NotPrinted | None


@dataclass(frozen=True)
class Printing:
    """Prints documents, for people who take part in their instance."""

    database: Database
    files: FileStore
    procedures: Procedures
    office: Office
    public_url: str = ""
    press: Press = PRESS

    # ── for people ──────────────────────────────────────────────────────────────────────────────────────────────────

    def files_of(self, actor: Actor, document_id: str) -> tuple[PrintedFile, ...]:
        """Return the files of a version, made or not; none if the actor sees only a part of it."""
        with self.database.read() as reader:
            version = seen(reader, actor, document_id)
            if not self._whole(reader, version, actor):
                return ()
            found = renderings.of_document(reader, document_id)
        return tuple(
            PrintedFile(each, file_name(version, each), fault_of(each) if each.cause else None) for each in found
        )

    def file(
        self, actor: Actor, document_id: str, kind: str, part: str | None, now: datetime
    ) -> tuple[str, str, BinaryIO, dict[str, Any]]:
        """Return name, media type, content and history facts of one file, which is made now if it is due.

        Without a *part* it is the whole as it stands, with the approvals given since its issue.

        The picture of a first page is no file of its own: whoever sees it reads the document. NotPrinted names
        template, line and cause; the data are safe, and the operator may retry.
        """
        with self.database.read() as reader:
            version = seen(reader, actor, document_id)
            if not self._whole(reader, version, actor):
                raise NotFound(document_id)
        if version.pending and kind == "pdf":
            name = f"{version.data_object_id}-v{version.version}-belum-disetujui.pdf"
            draft = io.BytesIO(self.draft(version))
            return name, MEDIA_TYPES[".pdf"], draft, version.said | {"format": kind, "part": ""}
        part = self._standing(document_id, kind) if part is None else part
        found, sha256 = self._printed(document_id, kind, part, now)
        name = file_name(version, found)
        named = version.said | ({} if kind == COVER else {"format": kind, "part": part, "file_sha256": sha256})
        return name, MEDIA_TYPES[f".{found.format}"], self.files.kept(sha256, name), named

    def draft(self, version: DocumentVersion) -> bytes:
        """Return a PDF of a version that waits for approval, without a code and not stored."""
        with self.database.read() as reader:
            source = self._source(reader, version.instance_id).as_of(version)
        return self.press.print(self._context(source, version, version.created_at).order()).content

    def retry(self, actor: Actor, document_id: str, now: datetime) -> None:
        """Print failed files again; for operators."""
        actor.need(OfficeRole.OPERATOR)
        self.make(document_id, now, again=True)

    def previewable(self, procedure: Procedure, step: UserTask) -> tuple[str, ...]:
        """Return the documents of a step's form that can be previewed while it is filled in."""
        yields = {reference.data_object_id for reference in step.outputs}
        asked, process_id = procedure.form_of(step.element_id).objects, procedure.outline.process_id
        return tuple(id_ for id_ in asked if id_ in yields and prints_pdf(process_id, id_, procedure.files))

    def preview(
        self,
        procedure: Procedure,
        record: InstanceRecord,
        task: TaskRecord,
        data_object_id: str,
        values: Mapping[str, Any],
        now: datetime,
    ) -> bytes:
        """Return a PDF of the entries of a form, marked as a draft and not stored."""
        step = procedure.outline.task(task.element_id)
        source = self.database.ask(self._source, record.id)
        template = source.template(data_object_id)
        if data_object_id not in self.previewable(procedure, step) or template is None:
            raise NotFound(data_object_id)
        typed = {
            id_: values[id_]
            for id_ in procedure.form_of(step.element_id).objects
            if isinstance(values.get(id_), Mapping)
        }
        content: Any = typed.pop(data_object_id, {})
        if step.multi_instance and task.item is not None:
            content = {PARTS: {task.item: content}}
        context = RenderContext(source, template, data_object_id, content, now, self.office, others=typed)
        return self.press.print(context.order()).content

    # ── without a person ────────────────────────────────────────────────────────────────────────────────────────────

    def due(self, now: datetime) -> tuple[str, ...]:
        """Return the documents with due files, longest due first."""
        return self.database.ask(renderings.due, AT_A_SWEEP)

    def print(self, document_id: str, now: datetime) -> bool:
        """Make the due files of a version; an unexpected error is shown on its page."""
        try:
            if pulse.aside():
                raise TimeoutError
            self.make(document_id, now)
        except AlurError:  # such as a busy database: the next sweep tries again
            raise
        except Exception as error:
            log.error("paper not made", document=document_id, cause=str(error), exc_info=error)
            self._give_up(document_id, error, now)
        return True

    def paper(self, document_id: str, now: datetime) -> tuple[str, str]:
        """Return name and SHA-256 of the signed file, or else of the PDF, made now if due. Raises NotPrinted."""
        version = there(self.database.ask(documents.by_id, document_id), document_id)
        carried = [each for each in self.database.ask(signatures.of_document, document_id) if each.file_sha256]
        if carried:
            id_ = str(carried[-1].attachment_id)
            ending = Path(self.database.ask(documents.attachments, [id_])[id_].name).suffix.lower()
            name = f"{version.data_object_id}-v{version.version}-ditandatangani{ending}"
            return name, str(carried[-1].file_sha256)
        found, sha256 = self._printed(document_id, "pdf", self._standing(document_id, "pdf"), now)
        return file_name(version, found), sha256

    def _standing(self, document_id: str, kind: str) -> str:
        """Return the part that is the whole document with every approval."""
        return max((each.part for each in self._of(document_id) if each.format == kind and each.whole), default=WHOLE)

    def _printed(self, document_id: str, kind: str, part: str, now: datetime) -> tuple[Rendering, str]:
        """Return one file of a version and its SHA-256, made now if due; NotPrinted, NotFound, Busy."""
        if any(each.status is RenderingStatus.DUE for each in self._of(document_id)):
            self.make(document_id, now)
        found = there(
            next((each for each in self._of(document_id) if (each.format, each.part) == (kind, part)), None),
            document_id,
        )
        if found.sha256 is None:
            raise fault_of(found) if found.cause else Busy
        return found, found.sha256

    def make(self, document_id: str, now: datetime, *, again: bool = False) -> None:
        """Make every due file of a version; a failure is stored with its cause."""
        with self.database.read() as reader:
            waiting = [
                each
                for each in renderings.of_document(reader, document_id)
                if each.status is RenderingStatus.DUE or (again and each.status is RenderingStatus.FAILED)
            ]
            if not waiting:
                return
            version = there(documents.by_id(reader, document_id), document_id)
            source = self._source(reader, version.instance_id).as_of(version)
        try:
            context = self._context(source, version, version.issued_at or now)
            order = context.order()
        except NotPrinted as fault:
            for each in waiting:
                self._fail(version, each, fault, now)
            return
        for each in waiting:
            try:
                made = self._made(context, order, each, now)
            except NotPrinted as fault:
                self._fail(version, each, fault, now)
            except Busy:
                return  # it stays due
            else:
                self._keep(version, made, now)

    def _give_up(self, document_id: str, error: Exception, now: datetime) -> None:
        """Mark the due files as failed with an unexpected error as the cause."""
        version = there(self.database.ask(documents.by_id, document_id), document_id)
        fault = NotPrinted(version.data_object_id, None, f"gangguan yang tidak terduga ({type(error).__name__})")
        for each in self._of(document_id):
            if each.status is RenderingStatus.DUE:
                self._fail(version, each, fault, now)

    def _made(self, context: RenderContext, order: Order, wanted: Rendering, now: datetime) -> list[Rendering]:
        """Make and store a rendering; for a PDF, also its parts and the picture of its first page."""
        if wanted.format == "xlsx":
            return [self._stored(context.template, wanted, context.workbook(), now)]
        if wanted.format == "docx":
            word = context.in_word(coded(order, wanted.code, self.public_url, WHOLE))
            return [self._stored(context.template, wanted, self.press.print(word).content, now)]
        if wanted.part.startswith(SIGNED):  # the whole document with later approvals
            order = replace(order, data=context.data(context.signatures(wanted.due_at)))
            parts: tuple[str, ...] = (wanted.part,)
        else:
            parts = (WHOLE, *context.parts())
        made = []
        for part in parts:
            one = wanted
            if part != wanted.part:
                one = due(wanted.document_id, wanted.instance_id, wanted.format, part, wanted.due_at)
            whole = coded(order, one.code, self.public_url, part)
            paper = self.press.print(replace(whole, preview=part == wanted.part))
            made.append(self._stored(context.template, one, paper.content, now))
            if paper.preview:
                cover = due(wanted.document_id, wanted.instance_id, COVER, part, wanted.due_at)
                made.append(self._stored(context.template, cover, paper.preview, now))
        return made

    def _stored(self, template: Template, wanted: Rendering, content: bytes, now: datetime) -> Rendering:
        pulse.beat()  # each may have taken long
        stored = self.files.put_bytes(content, LARGEST)
        return replace(
            wanted,
            status=RenderingStatus.MADE,
            sha256=stored.sha256,
            size=stored.size,
            template_sha256=template.sha256,
            attempts=wanted.attempts + 1,
            made_at=now,
            cause=None,
        )

    @retried
    def _keep(self, version: DocumentVersion, made: Sequence[Rendering], now: datetime) -> None:
        with self.database.write(SYSTEM, now) as work:
            if not renderings.change(work, made[0]):
                return  # another process made it meanwhile
            renderings.add(work, made[1:])
            lines = [_deed(Action.DOCUMENT_RENDERED, version, each, file_sha256=each.sha256) for each in made]
            work.record_many(f"instance:{version.instance_id}", lines)

    @retried
    def _fail(self, version: DocumentVersion, wanted: Rendering, fault: NotPrinted, now: datetime) -> None:
        cause = json.dumps([fault.template, fault.line, fault.cause, fault.hint], ensure_ascii=False)
        failed = replace(wanted, status=RenderingStatus.FAILED, attempts=wanted.attempts + 1, cause=cause)
        with self.database.write(SYSTEM, now) as work:
            if renderings.change(work, failed):
                line = _deed(Action.RENDERING_FAILED, version, failed, cause=str(fault))
                work.record(f"instance:{version.instance_id}", line)

    def _context(self, source: RenderInput, version: DocumentVersion, at: datetime) -> RenderContext:
        template = there(source.template(version.data_object_id), version.data_object_id)
        content = source.procedure.content_of(version)
        return RenderContext(source, template, version.data_object_id, content, at, self.office, version)

    def _source(self, reader: Transaction, instance_id: str) -> RenderInput:
        record = there(instances.by_id(reader, instance_id), instance_id)
        procedure = self.procedures.of(reader, record.definition_id)
        return RenderInput(
            record,
            procedure,
            documents.of_instance(reader, instance_id),
            tasks.of_instance(reader, instance_id),
            people.names(reader),
            signatures.of_instance(reader, instance_id),
            people.memberships(reader, [lane.role for lane in procedure.outline.lanes]),
        )

    def _whole(self, reader: Transaction, version: DocumentVersion, actor: Actor) -> bool:
        """Whether the actor may see all parts of a version, as its files show them."""
        record = there(instances.by_id(reader, version.instance_id), version.id)
        return not version.parts or reads_parts(actor, self.procedures.of(reader, record.definition_id).outline)

    def _of(self, document_id: str) -> tuple[Rendering, ...]:
        return self.database.ask(renderings.of_document, document_id)


def file_name(version: DocumentVersion, rendering: Rendering) -> str:
    """Return the name of a file for download."""
    said = rendering.part.replace(SIGNED, "ditandatangani-")
    part = f"-{said}" if said else ""
    return f"{version.data_object_id}-v{version.version}{part}.{rendering.format}"


def fault_of(rendering: Rendering) -> NotPrinted:
    """Return why a rendering could not be made."""
    template, line, cause, hint = json.loads(rendering.cause or '["", null, "belum dibuat", ""]')
    return NotPrinted(template, line, cause, hint)


def _deed(action: Action, version: DocumentVersion, rendering: Rendering, **more: Any) -> HistoryEvent:
    its = {"format": rendering.format, "part": rendering.part, "code": rendering.code}
    change = version.named | its | more
    return HistoryEvent(action, version.element_id, change=change)
