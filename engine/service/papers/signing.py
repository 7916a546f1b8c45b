"""Signing in three honest ways, and what each of them is worth.

Whoever completes a step whose form asks for a signature signs documents by it: on paper (the scan is filed), with a
certificate elsewhere (the PDF that carries the signature is filed, and validated here), or here, with the password
typed again. The signature's row and its history line are written in the transaction that completes the step; a file
that cannot exist yet, because the step itself yields the document, is filed later, once, by the signer or who has the
step that asked for the signature, and never by somebody else of the instance: a task in their inbox says so. The
document becomes SIGNED when nothing of it is outstanding.

Nothing here makes a certified signature: that needs the signer's key, which is at the certificate's service (PP
71/2019, article 60). So an internal approval says that it is none, and only a file whose signature was found valid
under a root that the operator trusts may be said to carry one.
"""

import hashlib
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from engine.documents.signatures import MOST_SIGNATURES, SignatureRefused, roots, validate
from engine.documents.typst_renderer import PRESS, Order, Press
from engine.forms.field import Field
from engine.forms.form import Form
from engine.model.errors import Conflict, FieldError, InvalidForm, NotPermitted, NotPrinted, there
from engine.model.history import Action, HistoryEvent
from engine.model.people import Actor
from engine.model.renderings import SIGNED, due
from engine.model.signatures import Mode, Signature
from engine.model.work import Attachment, DocumentStatus, DocumentVersion
from engine.service.papers.documents import seen
from engine.service.papers.letter_numbers import of_documents
from engine.service.papers.uploads import TooLarge, media_type_of
from engine.service.people.accounts import Accounts, Retyped, SignInRefused
from engine.service.people.attempts import SignInThrottled
from engine.service.people.permissions import refuse_archived, refuse_terminated
from engine.service.procedures.document_templates import Unreadable, template_of
from engine.service.procedures.procedure import Language, Procedures
from engine.store.database import Database
from engine.store.files import FileStore
from engine.store.queries import Transaction, document_tasks, documents, instances, people, renderings, signatures
from engine.store.retrying import retrying
from engine.store.unit_of_work import Work

PDF = "application/pdf"
SCANS = (PDF, "image/jpeg", "image/png")
END = re.compile(rb"(%%EOF)(?:\r\n|\r|\n)?")
OURS = b"<xmp:CreatorTool>Typst"
"""What the press writes into every PDF, drafts among them: no scanner does."""
TRUST = "trust"
"""The folder of the data directory with the roots that the operator trusts, as PEM or DER."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs, as far as a form's page tells."""

    confirm: Callable[[], None] | None  # proves who it is, or None where nobody could (a program)
    seen: Mapping[str, str]  # by data object: the SHA-256 of the version that the page showed, where it showed one


@dataclass(frozen=True, slots=True)
class Accepted:
    """A signature that a form asks for and somebody gave: nothing of it is written yet."""

    documents: tuple[str, ...]  # data objects
    mode: Mode
    file: Attachment | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SignatureView:
    """A signature as its document's page shows it."""

    signature: Signature
    may_file: bool
    file: Attachment | None  # what carries it: who filed it, and when


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature with the version that it signs."""

    signature: Signature
    version: DocumentVersion

    def deed(self, action: Action = Action.DOCUMENT_SIGNED) -> HistoryEvent:
        """Return the history line: what was signed by whom, how, and the file that carries it.

        That somebody filed such a file is their own deed, and not one in the signer's capacity.
        """
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
    """Takes signatures, and files what carries them."""

    database: Database
    files: FileStore
    procedures: Procedures
    accounts: Accounts
    trust: Path
    largest_file: int = 25 * 1024 * 1024
    press: Press = PRESS

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
        """Return the signatures among a form's values, files validated and the password found right.

        InvalidForm names field and cause.
        """
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
                if any(_changed(id_, signer.seen, current) for id_ in named):  # nobody signs what they have not read
                    message = gettext("dokumennya berubah sejak halaman ini dibuka. Baca versi barunya dahulu.")
                    raise NotTaken(message, "mode")
                if mode is Mode.INTERNAL:
                    confirmed(signer.confirm, words)
                elif file is not None:
                    own, content = [current[id_] for id_ in named if id_ in current], self.files.content(file.sha256)
                    detail = self._examined(mode, file.media_type, content, own, file.uploaded_by, words, now)
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
        """Return who signs; the password is compared once, however often what they sign is tried."""
        return Signer(cache(lambda: self.accounts.confirm(actor, retyped, now)) if retyped else None, seen or {})

    # ── what carries a signature, filed later ───────────────────────────────────────────────────────────────────────

    def of_document(self, actor: Actor, document_id: str) -> tuple[SignatureView, ...]:
        """Return the signatures of a version, each with whether the actor may file what carries it."""
        with self.database.read() as reader:
            version = seen(reader, actor, document_id)
            found = signatures.of_document(reader, document_id)
            filed = documents.attachments(reader, {each.attachment_id for each in found if each.attachment_id})
            stands = version.status is not DocumentStatus.VOID
            may = [stands and not each.filed and _files(reader, actor, each) for each in found]
        return tuple(SignatureView(*its, filed.get(its[0].attachment_id or "")) for its in zip(found, may, strict=True))

    def permit(self, actor: Actor, signature_id: str) -> tuple[Signature, DocumentVersion]:
        """Return a signature with what it signs, for whoever may file what carries it."""
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
        """File the scan, or the PDF with a certified signature, of a signature that was given without.

        What is not taken leaves nothing: InvalidForm, UploadRefused or TooLarge say why; Conflict("signed") if one was
        filed meanwhile.
        """
        given, version = self.permit(actor, signature_id)
        media_type, content = media_type_of(name, stream), stream.read(self.largest_file + 1)
        if len(content) > self.largest_file:
            raise TooLarge(self.largest_file)
        try:
            detail = self._examined(given.mode, media_type, content, [version], given.signer, words, now)
        except NotTaken as fault:
            raise InvalidForm([FieldError("berkas", name, f"{name}: {fault}", "signature")], {}) from None
        stored = self.files.put_bytes(content, self.largest_file)
        about = (name, media_type, stored.size, actor.person_id, now, None, given.instance_id)
        file = Attachment(str(uuid.uuid4()), stored.sha256, *about)
        filed = replace(given, attachment_id=file.id, file_sha256=file.sha256, detail=detail)

        def attempt() -> None:
            with self.database.write(actor, now) as work:
                record = instances.by_id(work, given.instance_id)
                if record is not None:
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

    def _examined(
        self,
        mode: Mode,
        media_type: str,
        content: bytes,
        own: Sequence[DocumentVersion],
        signer: str,
        words: Language,
        now: datetime,
    ) -> dict[str, Any]:
        """Return what is found of a file that carries the signature of *own*; NotTaken if none of it holds."""
        gettext = words.gettext
        contains_issued = self._of_these(mode, content, own, gettext)
        try:
            if mode is Mode.WET:
                if media_type not in SCANS:
                    raise NotTaken(gettext("pindaian harus PDF, JPG atau PNG."), "file")
                if media_type == PDF:
                    validate(content, None, now)
                else:  # a picture that can be read can be printed
                    files = {"a.typ": b'#set document(title: "a")\n#image("a", alt: "a")', "a": content}
                    self.press.print(Order("a.typ", files, b"{}"))
                return {}
            if media_type != PDF:
                raise SignatureRefused("not_pdf")
            found = validate(content, roots(self.trust), now)
        except NotPrinted:
            raise NotTaken(gettext("gambar ini rusak, tidak dapat dibaca."), "file") from None
        except SignatureRefused as refused:
            raise NotTaken(said(refused.reason, refused.signer, gettext), "file") from None
        holder = self.database.ask(people.names, [signer]).get(signer, signer)
        unlike = None if any(_alike(holder, each["signer"]) for each in found["signatures"]) else holder
        return {**found, "contains_issued": contains_issued, "unlike": unlike}

    def _of_these(
        self, mode: Mode, content: bytes, own: Sequence[DocumentVersion], gettext: Callable[[str], str]
    ) -> bool:
        """Whether a file begins with a paper that was issued of *own*; NotTaken if it is one of another document.

        A signature is appended to what it signs (ISO 32000-2, 7.5.6), so every PDF that was signed begins with the
        bytes before, unless a service wrote it anew. A scan of several papers may be filed for all of one instance.
        """
        digests, mine = _revisions(content), {each.id for each in own}
        with self.database.read() as reader:
            printed = {each.document_id for each in renderings.by_sha256(reader, digests)}
            filed = {each.document_id for each in signatures.by_file(reader, digests)}
            for id_ in sorted((printed | filed) - mine):
                other = there(documents.by_id(reader, id_), id_)
                beside = any(each.instance_id == other.instance_id for each in own)
                if id_ in printed or not beside or other.data_object_id in {each.data_object_id for each in own}:
                    number = of_documents(reader, other.instance_id).get(other.data_object_id, "")
                    message = gettext("berkas ini milik dokumen lain: %(letter)s.")
                    letter = f"{other.name} v{other.version} {number}".strip()
                    raise NotTaken(message % {"letter": letter}, "file")
        if mode is Mode.WET and (printed or OURS in content):
            message = gettext("ini cetakan aplikasi, belum bertanda tangan basah. Pindai lembar yang ditandatangani.")
            raise NotTaken(message, "file")
        return bool(printed)


def _files(reader: Transaction, actor: Actor, given: Signature) -> bool:
    """Whether somebody may file what carries a signature: its signer, or who has the step or role that asked for it.

    Who works elsewhere in the instance may not, whatever they may see of it.
    """
    return there(document_tasks.of_signature(reader, given.id), given.id).belongs_to(actor)


# ── what completing a step writes ───────────────────────────────────────────────────────────────────────────────────


def signed(
    accepted: Sequence[Accepted],
    versions: Mapping[str, DocumentVersion],
    actor: Actor,
    deed: HistoryEvent,
    now: datetime,
) -> tuple[Signed, ...]:
    """Return the signatures as rows, given in the capacity of *deed*: one for each document, of its version."""
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
    """Write signatures, and have a document that was issued before printed again with its internal approval."""
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
        if earlier and any(each.mode is Mode.INTERNAL for each in own) and _prints(process_id, version, files):
            again.append(due(version.id, version.instance_id, "pdf", f"{SIGNED}{len(every)}", work.now))
    if complete:
        documents.change(work, complete, status=DocumentStatus.SIGNED.value)
    if open_again:
        documents.change(work, open_again, status=DocumentStatus.ISSUED.value)
    renderings.add(work, again)


def _prints(process_id: str, version: DocumentVersion, files: Mapping[str, bytes]) -> bool:
    try:
        template = template_of(process_id, version.data_object_id, files)
    except Unreadable:
        return False
    return template is not None and template.typ is not None


# ── words ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class NotTaken(Exception):
    """A signature is not taken: why, and at which of its fields."""

    def __init__(self, message: str, at: str) -> None:
        """Say why."""
        super().__init__(message)
        self.at = at


def confirmed(confirm: Callable[[], None] | None, words: Language) -> None:
    """Let somebody pass who typed their password again; NotTaken says why not."""
    gettext = words.gettext
    if confirm is None:
        raise NotTaken(gettext("persetujuan internal memerlukan sandi yang diketik ulang di halaman tugas."), "mode")
    try:
        confirm()
    except SignInRefused:
        raise NotTaken(gettext("sandi tidak cocok. Ketik ulang; isian lain sudah benar."), "mode") from None
    except SignInThrottled:
        raise NotTaken(gettext("terlalu banyak sandi yang salah. Tunggu sebentar, lalu coba lagi."), "mode") from None


def said(reason: str, signer: str, gettext: Callable[[str], str]) -> str:
    """Return why a PDF is not taken as a signed one, in words that follow a label and a colon."""
    match reason:
        case "not_pdf":
            return gettext("berkas ini bukan PDF.")
        case "encrypted":
            return gettext("PDF ini dikunci dengan sandi. Unggah yang tidak dikunci.")
        case "too_large":
            return gettext("PDF ini lebih besar dari 50 MB.")
        case "unsigned":
            return gettext("PDF ini tidak memuat tanda tangan elektronik.")
        case "changed":
            text = gettext("PDF ini berubah setelah ditandatangani %(signer)s.")
        case "appended":
            text = gettext("ada yang ditambahkan pada PDF ini sesudah ditandatangani %(signer)s.")
        case "revoked":
            text = gettext("sertifikat %(signer)s sudah dicabut.")
        case "exhausting":
            return gettext("PDF ini terlalu rumit untuk diperiksa.")
        case _:
            return gettext("PDF ini rusak, tidak dapat dibaca.")
    return text % {"signer": signer}


def _fault(field: Field, path: str, fault: NotTaken, words: Language) -> FieldError:
    label = field.wording.of(words.locale)
    return FieldError(f"{path}.{fault.at}", label, f"{label}: {fault}", "signature")


def _changed(id_: str, seen: Mapping[str, str], current: Mapping[str, DocumentVersion]) -> bool:
    return id_ in seen and (id_ not in current or current[id_].sha256 != seen[id_])


def _revisions(content: bytes) -> list[str]:
    """Return the SHA-256 of a file and of the first of its beginnings that are whole PDFs."""
    ends = [end for each in islice(END.finditer(content), MOST_SIGNATURES) for end in (each.end(1), each.end())]
    return list({hashlib.sha256(content[:end]).hexdigest(): None for end in (*ends, len(content))})


def _alike(name: str, other: str) -> bool:
    """Whether two names may be one person's: all words of one, titles behind the comma aside, are in the other."""
    one, two = (set(re.findall(r"\w{2,}", each.partition(",")[0].casefold())) for each in (name, other))
    return one <= two or two <= one


def _at(values: Mapping[str, Any], path: str) -> Mapping[str, Any] | None:
    found: Any = values
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else None
