"""The archive: a completed instance becomes one berkas and is read-only from then on.

The completing transaction makes it due, if a form asks for the place of the paper copy. The worker builds it when all
documents are approved and printed and all signed files are filed. It is stored by hash; the history line with the hash
of the ZIP is the first one that is not in it. If a worker dies, it stays due; if building fails, it stays failed with
the cause until an operator retries, and the instance is not affected. If a line was added meanwhile, it is built again,
so that no line is missing.
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
from engine.model.archives import ARCHIVE_FORM, Archive, ArchiveStatus, place_of
from engine.model.errors import Busy, Damaged, FieldError, NotFound, NotPermitted, NotPrinted, SetupError, stated, there
from engine.model.history import Action, HistoryEvent
from engine.model.people import SYSTEM, Actor, OfficeRole
from engine.model.process import DONE, InstanceStatus
from engine.model.renderings import RenderingStatus
from engine.model.work import DocumentTask, InstanceRecord
from engine.service.office.reading_log import record_export
from engine.service.papers.archive_description import About
from engine.service.papers.archive_package import CONTENTS, CONTENTS_PRINTED, ArchivePackage, ArchivePackages
from engine.service.papers.documents import reads_parts
from engine.service.procedures.procedure import Language, Procedure, evaluator
from engine.store.chains import HistoryFault
from engine.store.files import StoredFile
from engine.store.proof import prove
from engine.store.queries import Transaction, archives, document_tasks, histories, instances, people, renderings
from engine.store.queries.histories import HistoryFilter
from engine.store.queries.notices import settle
from engine.store.retrying import retried
from engine.store.unit_of_work import update_instance

AT_A_SWEEP = 5
MOST_LISTED = 100  # corrections and failed berkas
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
class Correction:
    """A correction of the place of the paper copy."""

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
    contents: Sequence[Mapping[str, Any]]  # as in its list of contents
    may_take: bool
    may_correct: bool
    corrections: tuple[Correction, ...]
    awaited: tuple[DocumentTask, ...] = ()

    @property
    def folders(self) -> dict[str, list[Mapping[str, Any]]]:
        """The files by top folder, documents first; files outside of folders are under ""."""
        found: dict[str, list[Mapping[str, Any]]] = {name: [] for name in FOLDERS}
        for each in self.contents:
            found.setdefault(each["path"].rpartition("/")[0].partition("/")[0], []).append(each)
        return found


@dataclass(frozen=True)
class Archives:
    """Builds berkas and returns them: one class, since people, worker and console need the same steps."""

    packages: ArchivePackages

    # ── for people ──────────────────────────────────────────────────────────────────────────────────────────────────

    def page(self, actor: Actor, instance_id: str) -> ArchivePage:
        """Return the berkas of an instance, for those who may see the instance."""
        with self.packages.database.read() as reader:
            record = there(instances.seen(reader, actor, instance_id), instance_id)
            archive = archives.by_id(reader, instance_id)
            about = self.packages.about(reader, record)
            may_take = self._whole(reader, actor, record)
            procedure = self.packages.procedures.of(reader, record.definition_id)
            corrected = HistoryFilter(action=Action.ARCHIVE_CORRECTED.value)
            lines, _ = histories.timeline(reader, f"instance:{instance_id}", corrected, limit=MOST_LISTED)
            awaited = document_tasks.of_instances(reader, [instance_id])[instance_id]
        corrections = []
        for line in lines:
            said = json.loads(line.change)
            old, new = (procedure.place_in_words(place_of(said[which])) for which in ("old", "new"))
            corrections.append(Correction(line.seq, line.at, line.actor, old, new, said["reason"]))
        contents: Sequence[Mapping[str, Any]] = ()
        if archive is not None and archive.sha256 is not None and may_take:
            with suppress(Damaged):  # the page is shown anyway; a download reports it
                contents = json.loads(self._member(archive.sha256, CONTENTS))
        may_correct = self._may_correct(actor, record, procedure, archive)
        return ArchivePage(archive, about, contents, may_take, may_correct, tuple(corrections), awaited)

    def take(self, actor: Actor, instance_id: str, now: datetime) -> tuple[str, BinaryIO]:
        """Return name and content of the berkas, a ZIP; recorded."""
        archive = self._made(actor, instance_id)
        sha256 = str(archive.sha256)
        with self._opened(sha256) as opened:
            name = _top(opened)
        stream = self.packages.files.kept(sha256, f"{name}.zip")
        record_export(self.packages.database, actor, stream, {"instance": instance_id}, now)
        return f"{name}.zip", stream

    def contents_printed(self, actor: Actor, instance_id: str) -> bytes:
        """Return the printed list of contents (PDF)."""
        return self._member(str(self._made(actor, instance_id).sha256), CONTENTS_PRINTED)

    def examine(self, actor: Actor, instance_id: str, now: datetime) -> tuple[str, BinaryIO]:
        """Return everything about an instance now, as a ZIP; for auditors and operators, recorded. Damaged, Busy."""
        actor.need(*READERS)
        with self.packages.gathered(instance_id, "pemeriksaan") as package:
            file = self.packages.files.scratch()
            try:
                package.bag.write(file)
                taken = {"instance": instance_id, "examined": package.record.history_seq}
                record_export(self.packages.database, actor, file, taken, now)
            except BaseException:
                file.close()
                raise
        return f"{package.bag.name}.zip", file

    def retry(self, actor: Actor, instance_id: str, now: datetime) -> bool:
        """Build a failed berkas again, for operators; return whether that succeeded."""
        actor.need(OfficeRole.OPERATOR)
        return self.make(instance_id, now, again=True)

    def failed(self, actor: Actor) -> tuple[tuple[InstanceRecord, Archive], ...]:
        """Return failed berkas, longest due first; for auditors and operators."""
        actor.need(*READERS)
        with self.packages.database.read() as reader:
            found = archives.standing(reader, ArchiveStatus.FAILED, MOST_LISTED)
            records = [instances.by_id(reader, each.instance_id) for each in found]
        return tuple((record, each) for record, each in zip(records, found, strict=True) if record is not None)

    # ── the place of the manual copy ────────────────────────────────────────────────────────────────────────────────

    def correction(self, actor: Actor, instance_id: str, day: date) -> tuple[Form, dict[str, list[str]]]:
        """Return the form for recording or correcting the place of the paper copy, and its entries."""
        with self.packages.database.read() as reader:
            record = there(instances.seen(reader, actor, instance_id), instance_id)
            archive = there(archives.by_id(reader, instance_id), instance_id)
            procedure = self.packages.procedures.of(reader, record.definition_id)
            if not self._may_correct(actor, record, procedure, archive):
                raise NotPermitted("archive")
            place = self.packages.about(reader, record).place
        first = archive.place.role is not None
        form = _form(procedure, first=first)
        held = (dict(place.parts), place.filed_on or (day if first else None), place.filed_by or actor.person_id)
        known = {**place.details, **dict(zip(FILING, held, strict=True))}
        return form, form.entries({field.name: known.get(field.archive) for field in form.tree if field.archive})

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
        """Record the place of the paper copy; for the archivist, the completer and operators. Raises InvalidForm."""
        today = self.packages.office.today(now)
        form, form_entries = self.correction(actor, instance_id, today)
        around = self._around(today, form_entries, words)
        values = form.accept(entries, around)
        encoded = form.encode(values)
        by_word = {field.archive: encoded.get(field.name) for field in form.tree if field.archive}
        parts = {name: text for name, text in (by_word.pop("place") or {}).items() if text}
        filed = {"filed_on": by_word.pop("filedOn", None), "filed_by": by_word.pop("filedBy", None)}
        said = {word: value for word, value in by_word.items() if value is not None}
        new = place_of({"parts": parts, "details": said, **filed})
        with self.packages.database.write(actor, now) as work:
            record = there(instances.by_id(work, instance_id), instance_id)
            archive = there(archives.by_id(work, instance_id), instance_id)
            old = self.packages.about(work, record).place
            deed = HistoryEvent(Action.ARCHIVE_STORED, change={"new": new.as_json()})
            if archive.place.role is None:
                change = {"old": old.as_json(), "new": new.as_json(), "reason": stated(values.get(REASON.name) or "")}
                deed = HistoryEvent(Action.ARCHIVE_CORRECTED, change=change)
            archives.change(work, replace(archive, place=new), archive.status)
            work.record_instance(record, [deed])
            settle(work, {instance_id}, now)

    # ── without a person ────────────────────────────────────────────────────────────────────────────────────────────

    def due(self, now: datetime) -> tuple[str, ...]:
        """Return the instances whose berkas is due and can be built, longest due first."""
        return tuple(each.instance_id for each in self.packages.database.ask(archives.buildable, AT_A_SWEEP))

    @retried
    def make(self, instance_id: str, now: datetime, *, again: bool = False) -> bool:
        """Build the berkas of an instance if it is due, or failed and *again*; return whether it was built."""
        with self.packages.database.read() as reader:
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
            return False  # approved documents and signed files are part of the berkas
        if pulse.aside():
            self._fail(archive, pulse.aside(), now)
            return False
        try:
            with self.packages.gathered(instance_id, "arsip") as package:
                fault = _fault(package, untrue)
                stored = None if fault else self.packages.files.put_written(package.bag.write)
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
        return self._write(package, archive, stored, now)

    def _write(self, package: ArchivePackage, archive: Archive, stored: StoredFile, now: datetime) -> bool:
        """Record the *stored* berkas and archive its instance; False if another worker was faster."""
        made = replace(
            archive,
            status=ArchiveStatus.MADE,
            place=package.place,
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
                "files": len(package.bag.payload),
                "lines": package.record.history_seq,
                "head": package.record.history_hash,
                "place": package.place.as_json(),
            },
        )
        with self.packages.database.write(SYSTEM, now) as work:
            if not archives.change(work, made, archive.status):
                return False
            work.record_instance(package.record, [deed])
            archived = {"status": InstanceStatus.ARCHIVED.value, "changed_at": now}
            update_instance(work, package.record.id, package.record.revision, archived)
        return True

    def _fail(self, archive: Archive, cause: str, now: datetime) -> None:
        failed = replace(archive, status=ArchiveStatus.FAILED, attempts=archive.attempts + 1, cause=cause)
        with self.packages.database.write(SYSTEM, now) as work:
            record = instances.by_id(work, archive.instance_id)
            if record is not None and archives.change(work, failed, archive.status):
                work.record_instance(record, [HistoryEvent(Action.ARCHIVE_FAILED, change={"cause": cause})])

    def _made(self, actor: Actor, instance_id: str) -> Archive:
        with self.packages.database.read() as reader:
            record = there(instances.seen(reader, actor, instance_id), instance_id)
            archive = archives.by_id(reader, instance_id)
            if archive is None or archive.sha256 is None:
                raise NotFound(instance_id)
            if not self._whole(reader, actor, record):
                raise NotPermitted("parts")
        return archive

    def _whole(self, tx: Transaction, actor: Actor, record: InstanceRecord) -> bool:
        """Whether the actor may see all of a berkas, including all parts of documents."""
        return reads_parts(actor, self.packages.procedures.of(tx, record.definition_id).outline)

    def _may_correct(self, actor: Actor, record: InstanceRecord, procedure: Procedure, archive: Archive | None) -> bool:
        archives_it = actor.has(OfficeRole.OPERATOR) or bool(procedure.archivist and actor.has(procedure.archivist))
        return archive is not None and (archives_it or (not archive.place.role and actor.person_id == record.ended_by))

    @contextmanager
    def _opened(self, sha256: str) -> Iterator[zipfile.ZipFile]:
        """Open a stored berkas for reading; Damaged if it is missing or changed."""
        name = f"{sha256[:12]}….zip"
        with self.packages.files.kept(sha256, name) as stream, zipfile.ZipFile(stream) as opened:
            yield opened

    def _member(self, sha256: str, path: str) -> bytes:
        with self._opened(sha256) as opened:
            return opened.read(f"{_top(opened)}/data/{path}")

    def _around(self, day: date, entries: Mapping[str, Sequence[str]], words: Language) -> Surroundings:
        """Return the form's surroundings; the person who filed the copy can be chosen even after leaving."""
        with self.packages.database.read() as reader:
            members = people.members(reader, day)
            recorded = people.names(reader, {text for texts in entries.values() for text in texts})
        everybody = recorded | {id_: name for of_role in members.values() for id_, name in of_role.items()}

        def known(roles: tuple[str, ...]) -> Mapping[str, str]:
            return recorded | {k: v for of in roles for k, v in members.get(of, {}).items()} if roles else everybody

        return Surroundings({}, evaluator({}), known, {}, words.locale, words.gettext)


def _top(opened: zipfile.ZipFile) -> str:
    return opened.namelist()[0].partition("/")[0]


def _form(procedure: Procedure, *, first: bool) -> Form:
    """Return a form with the procedure's fields for the place, and a reason unless this is the *first* entry.

    A procedure with an archivist has a form of its own for this, which is used as a whole.
    """
    every = [form.archive for name, form in sorted(procedure.forms.items(), key=lambda each: each[0] != ARCHIVE_FORM)]
    asked = next((each for each in every if FILING[0] in each), {})
    words = asked if procedure.archivist else [word for word in FILING if word in asked]
    fields = [replace(asked[word][1], when=(), default=None, constant=None) for word in words]
    tree = (*fields, *([] if first else [REASON]))
    required = [field.name for field in tree if field.required]
    schema = {"type": "object", "properties": {field.name: field.schema for field in tree}, "required": required}
    return Form("tempat_simpan", Wording("Tempat simpan manual", "Manual copy"), None, rules_of(schema), tree)


def _fault(package: ArchivePackage, untrue: Sequence[HistoryFault]) -> str | None:
    """Return why a berkas must not be built: rows contradict history, or a paper is not printed."""
    for fault in untrue:
        return f"riwayatnya tidak utuh (baris {fault.seq}): {fault}"
    for name, paper in package.unprinted:
        return f"{name} ({paper.format.upper()}) belum dapat dicetak; cetak ulang di halaman dokumennya dahulu"
    return None
