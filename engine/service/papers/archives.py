"""The archive: an instance that reached its end becomes one berkas, and is only read from then on.

Due in the transaction that completes the instance, if one of its forms asks where the manual copy is; built by the
worker once its papers are approved and printed and every signed file has come, and stored by hash with a line of
history that carries the hash of the ZIP. That line is the first that the ZIP does not hold. A worker that dies leaves
it due; what cannot be built stays failed with its cause until an operator tries again, and nothing of the instance is
at stake. If somebody left a note while it was built, it is built once more: no line of history is left out.
"""

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, BinaryIO

from engine import pulse
from engine.forms.field import FILING, Field, Kind, Wording
from engine.forms.form import Form
from engine.forms.rules import rules_of
from engine.forms.submission import Surroundings
from engine.model.archives import Archive, ArchiveStatus, Place, place_of
from engine.model.errors import Busy, Damaged, FieldError, NotFound, NotPermitted, NotPrinted, SetupError, there
from engine.model.history import Action, HistoryEvent
from engine.model.people import SYSTEM, Actor, OfficeRole
from engine.model.process import DONE, InstanceStatus
from engine.model.renderings import RenderingStatus
from engine.model.work import DocumentTask, InstanceRecord
from engine.service.office.reading_log import record_export
from engine.service.papers.archive_package import CONTENTS, CONTENTS_PRINTED, About, ArchivePackage, ArchivePackages
from engine.service.papers.documents import reads_parts
from engine.service.procedures.procedure import Language, evaluator
from engine.store.history import HistoryFault
from engine.store.proof import prove
from engine.store.queries import Transaction, archives, document_tasks, histories, instances, people, renderings
from engine.store.queries.histories import HistoryFilter
from engine.store.retrying import retried
from engine.store.unit_of_work import update_instance

AT_A_SWEEP = 5
MOST_LISTED = 100  # of each folder, corrections, and failed ones; the printed list of contents names all
FOLDERS = ("dokumen", "lampiran", "riwayat", "sop", "")
READERS = (OfficeRole.AUDITOR, OfficeRole.OPERATOR)
REASON = Field(
    "alasan_pembetulan",
    Kind.TEXT,
    Wording("Alasan pembetulan", "Reason for the correction"),
    {"type": "string", "minLength": 3, "maxLength": 500},
    required=True,
)


@dataclass(frozen=True, slots=True)
class Content:
    """One file of a berkas, for its page."""

    path: str
    about: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction of the place of the manual copy."""

    seq: int
    at: datetime
    by: str
    old: tuple[tuple[Wording, str], ...]  # the place in words
    new: tuple[tuple[Wording, str], ...]
    reason: str


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """The berkas of an instance as its page shows it."""

    archive: Archive | None
    about: About
    contents: tuple[Content, ...]
    may_take: bool
    may_correct: bool
    corrections: tuple[Correction, ...]
    awaited: tuple[DocumentTask, ...] = ()

    @property
    def folders(self) -> dict[str, tuple[Content, ...]]:
        """The files by the folder they are in, those beside folders under ""; documents first."""
        found: dict[str, list[Content]] = {name: [] for name in FOLDERS}
        for each in self.contents:
            found.setdefault(each.path.rpartition("/")[0].partition("/")[0], []).append(each)
        return {name: tuple(files) for name, files in found.items()}


@dataclass(frozen=True)
class Archives:
    """Builds berkas and hands them out."""

    dossiers: ArchivePackages

    # ── for people ──────────────────────────────────────────────────────────────────────────────────────────────────

    def page(self, actor: Actor, instance_id: str) -> ArchivePage:
        """Return the berkas of an instance, for those who may see the instance."""
        with self.dossiers.database.read() as reader:
            record = self._seen(reader, actor, instance_id)
            archive = archives.by_id(reader, instance_id)
            about = self.dossiers.about(reader, record)
            may_take = self._whole(reader, actor, record)
            procedure = self.dossiers.procedures.of(reader, record.definition_id)
            corrected = HistoryFilter(action=Action.ARCHIVE_CORRECTED.value)
            lines, _ = histories.timeline(reader, f"instance:{instance_id}", corrected, limit=MOST_LISTED)
            awaited = document_tasks.of_instances(reader, [instance_id])[instance_id]
        corrections = []
        for line in lines:
            said = json.loads(line.change)
            old, new = (procedure.place_in_words(place_of(said[which])) for which in ("old", "new"))
            corrections.append(Correction(line.seq, line.at, line.actor, old, new, said["reason"]))
        contents: tuple[Content, ...] = ()
        if archive is not None and archive.sha256 is not None and may_take:
            with suppress(Damaged):  # the page is shown all the same; whoever takes the ZIP is told
                listed = json.loads(self._member(archive.sha256, CONTENTS))
                contents = tuple(Content(e["path"], e["keterangan"], e["ukuran"], e["sha256"]) for e in listed)
        may_correct = archive is not None and self._may_correct(actor, record)
        return ArchivePage(archive, about, contents, may_take, may_correct, tuple(corrections), awaited)

    def take(self, actor: Actor, instance_id: str, now: datetime) -> tuple[str, BinaryIO]:
        """Return the berkas as a ZIP with its name; that it was taken is recorded."""
        archive = self._made(actor, instance_id)
        sha256 = str(archive.sha256)
        with self._opened(sha256) as opened:
            name = _top(opened)
        stream = self.dossiers.files.kept(sha256, f"{name}.zip")
        record_export(self.dossiers.database, actor, stream, {"instance": instance_id}, now)
        return f"{name}.zip", stream

    def contents_printed(self, actor: Actor, instance_id: str) -> bytes:
        """Return the printed list of contents (PDF)."""
        return self._member(str(self._made(actor, instance_id).sha256), CONTENTS_PRINTED)

    def examine(self, actor: Actor, instance_id: str, now: datetime) -> tuple[str, BinaryIO]:
        """Return all that there is of an instance now, as a ZIP of the same make; for auditors and operators, recorded.

        Damaged names a kept file that is gone or changed, Busy says that others are printed.
        """
        actor.need(*READERS)
        with self.dossiers.gathered(instance_id, "pemeriksaan") as dossier:
            file = self.dossiers.files.scratch()
            try:
                dossier.bag.write(file)
                taken = {"instance": instance_id, "examined": dossier.record.history_seq}
                record_export(self.dossiers.database, actor, file, taken, now)
            except BaseException:
                file.close()
                raise
        return f"{dossier.bag.name}.zip", file

    def retry(self, actor: Actor, instance_id: str, now: datetime) -> bool:
        """Build again what could not be built, for operators; whether it is built now."""
        actor.need(OfficeRole.OPERATOR)
        return self.make(instance_id, now, again=True)

    def failed(self, actor: Actor) -> tuple[tuple[InstanceRecord, Archive], ...]:
        """Return berkas that could not be built, longest due first; for auditors and operators."""
        actor.need(*READERS)
        with self.dossiers.database.read() as reader:
            found = archives.standing(reader, ArchiveStatus.FAILED, MOST_LISTED)
            records = [instances.by_id(reader, each.instance_id) for each in found]
        return tuple((record, each) for record, each in zip(records, found, strict=True) if record is not None)

    # ── the place of the manual copy ────────────────────────────────────────────────────────────────────────────────

    def correction(self, actor: Actor, instance_id: str) -> tuple[Form, dict[str, list[str]]]:
        """Return the form that corrects where the manual copy stands, and what it begins with."""
        with self.dossiers.database.read() as reader:
            record = self._seen(reader, actor, instance_id)
            there(archives.by_id(reader, instance_id), instance_id)
            if not self._may_correct(actor, record):
                raise NotPermitted("archive")
            place = self.dossiers.about(reader, record).place
            form = self._form(reader, record)
        held = dict(zip(FILING, (dict(place.parts), place.filed_on, place.filed_by), strict=True))
        return form, form.entries({field.name: held[field.archive] for field in form.tree if field.archive})

    def correction_fields(
        self,
        form: Form,
        entries: Mapping[str, Sequence[str]],
        problems: Sequence[FieldError],
        words: Language,
        day: date,
    ) -> Any:
        """Return the tree of fields that the page shows."""
        return form.fields(entries, problems, self._around(day, entries, words))

    @retried
    def correct(
        self, actor: Actor, instance_id: str, entries: Mapping[str, Sequence[str]], now: datetime, words: Language
    ) -> None:
        """Record where the manual copy stands now, with the reason; what was recorded before stays in history.

        For operators and whoever completed the instance. InvalidForm carries every error.
        """
        form, form_entries = self.correction(actor, instance_id)
        around = self._around(self.dossiers.office.today(now), form_entries, words)
        values = form.accept(entries, around)
        by_word = {field.archive: values.get(field.name) for field in form.tree if field.archive}
        parts = {name: text for name, text in (by_word["place"] or {}).items() if text}
        new = Place(parts, by_word["filedOn"], by_word["filedBy"])
        with self.dossiers.database.write(actor, now) as work:
            record, archive = instances.by_id(work, instance_id), archives.by_id(work, instance_id)
            if record is None or archive is None:
                raise NotFound(instance_id)
            old = self.dossiers.about(work, record).place
            change = {"old": old.as_json(), "new": new.as_json(), "reason": values[REASON.name]}
            archives.change(work, replace(archive, place=new), archive.status)
            work.record_instance(record, [HistoryEvent(Action.ARCHIVE_CORRECTED, change=change)])

    # ── without a person ────────────────────────────────────────────────────────────────────────────────────────────

    def sweep(self, now: datetime) -> int:
        """Build what is due; how many were built."""
        due = self.dossiers.database.ask(archives.buildable, AT_A_SWEEP)
        made = 0
        for each in due:
            if not pulse.at(each.instance_id):
                continue
            if pulse.aside():
                self._fail(each, pulse.aside(), now)
            else:
                made += self.make(each.instance_id, now)
        return made

    @retried
    def make(self, instance_id: str, now: datetime, *, again: bool = False) -> bool:
        """Build the berkas of an instance if it is due, or failed and tried *again*; whether it was built."""
        with self.dossiers.database.read() as reader:
            archive, record = archives.by_id(reader, instance_id), instances.by_id(reader, instance_id)
            papers = renderings.of_instance(reader, instance_id)
            awaited = document_tasks.of_instances(reader, [instance_id])[instance_id]
            untrue = prove(reader, f"instance:{instance_id}").faults
        wanted = (ArchiveStatus.DUE, ArchiveStatus.FAILED) if again else (ArchiveStatus.DUE,)
        if archive is None or record is None or archive.status not in wanted or record.status not in DONE:
            return False
        if any(paper.status is RenderingStatus.DUE for paper in papers):
            return False  # the worker prints it first
        if awaited:
            return False  # what is approved, and what carries a signature, is part of the berkas
        try:
            with self.dossiers.gathered(instance_id, "arsip") as dossier:
                fault = _fault(dossier, untrue)
                stored = None if fault else self.dossiers.files.put_written(dossier.bag.write)
        except Damaged as damaged:
            fault, stored = f"berkas {damaged.path} hilang atau tidak lagi seperti ketika disimpan", None
        except NotPrinted as unprinted:
            fault, stored = f"daftar isinya tidak dapat dicetak: {unprinted}", None
        except SetupError as problem:
            fault, stored = str(problem).rstrip("."), None
        except Busy:
            return False  # it stays due
        if stored is None or fault is not None:
            self._fail(archive, str(fault), now)
            return False
        made = replace(
            archive,
            status=ArchiveStatus.MADE,
            place=dossier.place,
            attempts=archive.attempts + 1,
            cause=None,
            sha256=stored.sha256,
            size=stored.size,
            archived_at=now,
        )
        deed = HistoryEvent(
            Action.INSTANCE_ARCHIVED,
            change={
                "sha256": stored.sha256,
                "size": stored.size,
                "files": len(dossier.bag.payload),
                "lines": dossier.record.history_seq,
                "head": dossier.record.history_hash,
                "place": dossier.place.as_json(),
            },
        )
        with self.dossiers.database.write(SYSTEM, now) as work:
            if not archives.change(work, made, archive.status):
                return False  # another worker was faster
            work.record_instance(dossier.record, [deed])
            archived = {"status": InstanceStatus.ARCHIVED.value, "changed_at": now}
            update_instance(work, instance_id, dossier.record.revision, archived)
        return True

    def _fail(self, archive: Archive, cause: str, now: datetime) -> None:
        failed = replace(archive, status=ArchiveStatus.FAILED, attempts=archive.attempts + 1, cause=cause)
        with self.dossiers.database.write(SYSTEM, now) as work:
            record = instances.by_id(work, archive.instance_id)
            if record is not None and archives.change(work, failed, archive.status):
                work.record_instance(record, [HistoryEvent(Action.ARCHIVE_FAILED, change={"cause": cause})])

    # ── parts ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _seen(self, tx: Transaction, actor: Actor, instance_id: str) -> InstanceRecord:
        return there(instances.seen(tx, actor, instance_id), instance_id)

    def _made(self, actor: Actor, instance_id: str) -> Archive:
        with self.dossiers.database.read() as reader:
            record = self._seen(reader, actor, instance_id)
            archive = archives.by_id(reader, instance_id)
            if archive is None or archive.sha256 is None:
                raise NotFound(instance_id)
            if not self._whole(reader, actor, record):
                raise NotPermitted("parts")
        return archive

    def _whole(self, tx: Transaction, actor: Actor, record: InstanceRecord) -> bool:
        """Whether somebody may see all that a berkas holds, the parts of everybody among it."""
        return reads_parts(actor, self.dossiers.procedures.of(tx, record.definition_id).outline)

    def _may_correct(self, actor: Actor, record: InstanceRecord) -> bool:
        return actor.has(OfficeRole.OPERATOR) or actor.person_id == record.ended_by

    @contextmanager
    def _opened(self, sha256: str) -> Iterator[zipfile.ZipFile]:
        """Give a stored berkas for reading; Damaged if it is gone, or not the one that was stored."""
        name = f"{sha256[:12]}….zip"
        with self.dossiers.files.kept(sha256, name) as stream, zipfile.ZipFile(stream) as opened:
            yield opened

    def _member(self, sha256: str, path: str) -> bytes:
        with self._opened(sha256) as opened:
            return opened.read(f"{_top(opened)}/data/{path}")

    def _form(self, reader: Transaction, record: InstanceRecord) -> Form:
        """Return the form that asks for the place alone, as the procedure's own form asks for it, and why."""
        procedure = self.dossiers.procedures.of(reader, record.definition_id)
        asked = next((form.archive for form in procedure.forms.values() if form.archive), {})
        fields = [replace(asked[word][1], when=(), default=None, constant=None) for word in FILING if word in asked]
        tree = (*fields, REASON)
        schema = {
            "type": "object",
            "properties": {field.name: field.schema for field in tree},
            "required": [field.name for field in tree],
        }
        return Form("tempat_simpan", Wording("Tempat simpan manual", "Manual copy"), None, rules_of(schema), tree)

    def _around(self, day: date, entries: Mapping[str, Sequence[str]], words: Language) -> Surroundings:
        """Return what the form is read with; whoever is recorded as having filed it may stay, though they left."""
        with self.dossiers.database.read() as reader:
            members = people.members(reader, day)
            recorded = people.names(reader, {text for texts in entries.values() for text in texts})
        everybody = recorded | {id_: name for of_role in members.values() for id_, name in of_role.items()}

        def known(roles: tuple[str, ...]) -> Mapping[str, str]:
            return recorded | {k: v for of in roles for k, v in members.get(of, {}).items()} if roles else everybody

        return Surroundings({}, evaluator({}), known, {}, words.locale, words.gettext)


def _top(opened: zipfile.ZipFile) -> str:
    """Return the folder in which a bag's files are."""
    return opened.namelist()[0].partition("/")[0]


def _fault(dossier: ArchivePackage, untrue: Sequence[HistoryFault]) -> str | None:
    """Return why a berkas must not be built as it is: never of rows that do not follow from history."""
    for fault in untrue:
        return f"riwayatnya tidak utuh (baris {fault.seq}): {fault}"
    for name, paper in dossier.unprinted:
        return f"{name} ({paper.format.upper()}) belum dapat dicetak; cetak ulang di halaman dokumennya dahulu"
    return None
