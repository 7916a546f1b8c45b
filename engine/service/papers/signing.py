"""Signing documents in one of three ways.

The person who completes a step with a signature in its form signs documents: on paper (the scan is filed), with a
certificate elsewhere (the signed PDF is filed, and validated here), or in Alur, by typing the password again. The row
and the history line of the signature are written in the transaction that completes the step. If the step itself makes
the document, the signed file is filed later, once, by the signer or a holder of the step; it is a task in their inbox.
The document becomes SIGNED when no file is missing.

Alur makes no certified signatures: they need the signer's key, which the certificate's service keeps (PP 71/2019,
article 60). So an internal approval states that it is not one, and a file counts as certified only if its signature is
valid under a root certificate that the operator trusts.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, BinaryIO

from engine.forms.field import Field
from engine.forms.form import Form
from engine.model.errors import Conflict, FieldError, InvalidForm, NotPermitted, there
from engine.model.history import Action, HistoryEvent
from engine.model.people import Actor
from engine.model.renderings import SIGNED, due
from engine.model.signatures import Mode, Signature
from engine.model.work import Attachment, DocumentStatus, DocumentVersion
from engine.service.papers.documents import seen
from engine.service.papers.signed_files import NotTaken, SignedFiles
from engine.service.papers.uploads import Gate
from engine.service.people.accounts import Accounts, Retyped, SignInRefused
from engine.service.people.attempts import SignInThrottled
from engine.service.people.permissions import refuse_archived, refuse_terminated
from engine.service.procedures.document_templates import prints_pdf
from engine.service.procedures.procedure import Language
from engine.store.database import Database
from engine.store.files import FileStore
from engine.store.queries import Transaction, document_tasks, documents, instances, renderings, signatures
from engine.store.retrying import retrying
from engine.store.unit_of_work import Work


@dataclass(frozen=True, slots=True)
class Signer:
    """The signer: a proof of identity, and the versions that the page showed."""

    confirm: Callable[[], None] | None  # checks the password; None for a program
    seen: Mapping[str, str]  # SHA-256 of the versions that the page showed, by data object


@dataclass(frozen=True, slots=True)
class Accepted:
    """A signature from a form, not yet written."""

    documents: tuple[str, ...]  # data objects
    mode: Mode
    file: Attachment | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SignatureView:
    """A signature as its document's page shows it."""

    signature: Signature
    may_file: bool
    file: Attachment | None  # the file that carries it


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature with the version that it signs."""

    signature: Signature
    version: DocumentVersion

    def deed(self, action: Action = Action.DOCUMENT_SIGNED) -> HistoryEvent:
        """Return the history line; a file filed later is not filed in the signer's capacity."""
        its, of = self.signature, self.version
        change: dict[str, Any] = {
            **of.named,
            "signature": its.id,
            "sha256": its.document_sha256,
            "mode": its.mode.value,
            "signer": its.signer,
            "file_sha256": its.file_sha256,
        }
        if its.detail:
            change["detail"] = dict(its.detail)
        if action is not Action.DOCUMENT_SIGNED:
            return HistoryEvent(action, of.element_id, change=change)
        return HistoryEvent(action, of.element_id, change=change, on_behalf_of=its.on_behalf_of, decree=its.decree)


@dataclass(frozen=True)
class Signing:
    """Accepts signatures and signed files."""

    database: Database
    files: FileStore
    accounts: Accounts
    examiner: SignedFiles
    gate: Gate
    largest_file: int = 25 * 1024 * 1024

    # ── while a step is completed ───────────────────────────────────────────────────────────────────────────────────

    def accept(
        self,
        form: Form,
        values: Mapping[str, Any],
        attached: Mapping[str, Attachment],
        current: Mapping[str, DocumentVersion],
        signer: Signer,
        entries: Mapping[str, Sequence[str]],
        words: Language,
        now: datetime,
    ) -> tuple[Accepted, ...]:
        """Return the signatures in a form's values, files and password checked; InvalidForm names field and cause."""
        found, faults, gettext = [], [], words.gettext
        for path, field in form.signatures:
            value = _at(values, path)
            if field.signing is None or not value or value.get("mode") is None:
                continue
            named, mode = field.signing.documents, Mode(value["mode"])
            file = attached.get(str(value.get("file")))
            detail: Mapping[str, Any] = {}
            try:
                if any(id_ not in current and values.get(id_) is None for id_ in named):
                    raise NotTaken(gettext("belum ada dokumen yang ditandatangani."), "mode")
                if any(_changed(id_, signer.seen, current) for id_ in named):  # nobody signs an unread version
                    message = gettext("dokumennya berubah sejak halaman ini dibuka. Baca versi barunya dahulu.")
                    raise NotTaken(message, "mode")
                if mode is Mode.INTERNAL:
                    confirmed(signer.confirm, words)
                elif file is not None:
                    own, content = [current[id_] for id_ in named if id_ in current], self.files.content(file.sha256)
                    detail = self.examiner.examined(mode, file.media_type, content, own, file.uploaded_by, words, now)
            except NotTaken as fault:
                faults.append(_fault(field, path, fault, words))
            else:
                found.append(Accepted(named, mode, file, detail))
        if faults:
            raise InvalidForm(faults, entries)
        return tuple(found)

    def signer(
        self, actor: Actor, retyped: Retyped | None, now: datetime, seen: Mapping[str, str] | None = None
    ) -> Signer:
        """Return the signer; the password is checked only once, also if completing is retried."""
        return Signer(cache(lambda: self.accounts.confirm(actor, retyped, now)) if retyped else None, seen or {})

    # ── what carries a signature, filed later ───────────────────────────────────────────────────────────────────────

    def of_document(self, actor: Actor, document_id: str) -> tuple[SignatureView, ...]:
        """Return the signatures of a version, each with whether the actor may file the signed file."""
        with self.database.read() as reader:
            version = seen(reader, actor, document_id)
            found = signatures.of_document(reader, document_id)
            filed = documents.attachments(reader, {each.attachment_id for each in found if each.attachment_id})
            stands = not version.void
            may = [stands and not each.filed and _files(reader, actor, each) for each in found]
        return tuple(SignatureView(*its, filed.get(its[0].attachment_id or "")) for its in zip(found, may, strict=True))

    def permit(self, actor: Actor, signature_id: str) -> tuple[Signature, DocumentVersion]:
        """Return a signature and its document, if the actor may file the signed file."""
        with self.database.read() as reader:
            given = there(signatures.by_id(reader, signature_id), signature_id)
            version = seen(reader, actor, given.document_id)
            may = _files(reader, actor, given)
        if given.filed:
            raise Conflict("signed")
        if not may:
            raise NotPermitted("signature", holder=given.signer)
        return given, version

    def file(
        self, actor: Actor, signature_id: str, name: str, stream: BinaryIO, words: Language, now: datetime
    ) -> Signature:
        """File the scan or certified PDF of a signature; InvalidForm, UploadRefused, TooLarge or Conflict("signed")."""
        given, version = self.permit(actor, signature_id)
        media_type = self.gate.admit(actor, name, stream, self.largest_file, now)
        content = stream.read()
        try:
            detail = self.examiner.examined(given.mode, media_type, content, [version], given.signer, words, now)
        except NotTaken as fault:
            raise InvalidForm([FieldError("berkas", name, f"{name}: {fault}", "signature")], {}) from None
        stored = self.files.put_bytes(content, self.largest_file)
        about = (name, media_type, stored.size, actor.person_id, now, None, given.instance_id)
        file = Attachment(str(uuid.uuid4()), stored.sha256, *about)
        filed = replace(given, attachment_id=file.id, file_sha256=file.sha256, detail=detail)

        def attempt() -> None:
            with self.database.write(actor, now) as work:
                record = there(instances.by_id(work, given.instance_id), signature_id)
                refuse_archived(record)
                refuse_terminated(record)
                documents.stage(work, file)
                if not signatures.file(work, filed):
                    raise Conflict("signed")
                every = signatures.of_document(work, version.id)
                newest = documents.current(work, version.instance_id).get(version.data_object_id)
                if all(each.filed for each in every) and newest is not None and newest.id == version.id:
                    documents.change(work, [version.id], status=DocumentStatus.SIGNED.value)
                work.record(f"instance:{given.instance_id}", Signed(filed, version).deed(Action.SIGNATURE_FILED))

        retrying(attempt)
        return filed


def _files(reader: Transaction, actor: Actor, given: Signature) -> bool:
    """Whether the actor may file a signed file: as the signer, or in the role of the step or of the approval."""
    return there(document_tasks.of_signature(reader, given.id), given.id).belongs_to(actor)


# ── what completing a step writes ───────────────────────────────────────────────────────────────────────────────────


def signed(
    accepted: Sequence[Accepted],
    versions: Mapping[str, DocumentVersion],
    actor: Actor,
    deed: HistoryEvent,
    now: datetime,
) -> tuple[Signed, ...]:
    """Return the signatures as rows, one for each document, in the capacity of *deed*."""
    found = []
    for each in accepted:
        for data_object_id in each.documents:
            version = versions[data_object_id]
            its = Signature(
                id=str(uuid.uuid4()),
                document_id=version.id,
                instance_id=version.instance_id,
                mode=each.mode,
                signer=actor.person_id,
                on_behalf_of=deed.on_behalf_of,
                decree=deed.decree,
                document_sha256=version.sha256,
                attachment_id=each.file.id if each.file else None,
                file_sha256=each.file.sha256 if each.file else None,
                detail=each.detail,
                signed_at=now,
            )
            found.append(Signed(its, version))
    return tuple(found)


def write(work: Work, given: Sequence[Signed], process_id: str, files: Mapping[str, bytes]) -> None:
    """Write signatures, and print issued documents again with internal approvals."""
    if not given:
        return
    signatures.add(work, [each.signature for each in given])
    complete, open_again, again = [], [], []
    for version in {each.version.id: each.version for each in given}.values():
        own = [each.signature for each in given if each.version.id == version.id]
        earlier = version.issued_at is not None and version.issued_at < work.now
        every = signatures.of_document(work, version.id) if earlier else own
        if all(each.filed for each in every):
            complete.append(version.id)
        elif version.status is DocumentStatus.SIGNED:
            open_again.append(version.id)
        internal = any(each.mode is Mode.INTERNAL for each in own)
        if earlier and internal and prints_pdf(process_id, version.data_object_id, files):
            again.append(due(version.id, version.instance_id, "pdf", f"{SIGNED}{len(every)}", work.now))
    if complete:
        documents.change(work, complete, status=DocumentStatus.SIGNED.value)
    if open_again:
        documents.change(work, open_again, status=DocumentStatus.ISSUED.value)
    renderings.add(work, again)


# ── words ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def confirmed(confirm: Callable[[], None] | None, words: Language) -> None:
    """Check the password by *confirm*; NotTaken says why not."""
    gettext = words.gettext
    if confirm is None:
        raise NotTaken(gettext("persetujuan internal memerlukan sandi yang diketik ulang di halaman tugas."), "mode")
    try:
        confirm()
    except SignInRefused:
        raise NotTaken(gettext("sandi tidak cocok. Ketik ulang; isian lain sudah benar."), "mode") from None
    except SignInThrottled:
        raise NotTaken(gettext("terlalu banyak sandi yang salah. Tunggu sebentar, lalu coba lagi."), "mode") from None


def _fault(field: Field, path: str, fault: NotTaken, words: Language) -> FieldError:
    label = field.wording.of(words.locale)
    return FieldError(f"{path}.{fault.at}", label, f"{label}: {fault}", "signature")


def _changed(id_: str, seen: Mapping[str, str], current: Mapping[str, DocumentVersion]) -> bool:
    return id_ in seen and (id_ not in current or current[id_].sha256 != seen[id_])


def _at(values: Mapping[str, Any], path: str) -> Mapping[str, Any] | None:
    found: Any = values
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else None
