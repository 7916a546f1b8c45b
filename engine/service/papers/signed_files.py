"""Checks signed files: scans must be readable, and signatures in PDFs valid."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from engine.documents.signatures import MOST_SIGNATURES, SignatureRefused, roots, validate
from engine.documents.typst_renderer import PRESS, Order, Press
from engine.model.errors import NotPrinted, there
from engine.model.signatures import Mode
from engine.model.work import DocumentVersion
from engine.service.papers.letter_numbers import of_documents
from engine.service.procedures.procedure import Language
from engine.store.database import Database
from engine.store.files import FileStore
from engine.store.places import TRUST, read
from engine.store.queries import documents, people, renderings, signatures

PDF = "application/pdf"
SCANS = (PDF, "image/jpeg", "image/png")
END = re.compile(rb"(%%EOF)(?:\r\n|\r|\n)?")
OURS = b"<xmp:CreatorTool>Typst"  # in every PDF of the press, drafts included, and in no scan


class NotTaken(Exception):
    """A signature is refused; names the reason and its field."""

    def __init__(self, message: str, at: str) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True)
class SignedFiles:
    """Checks signed files."""

    database: Database
    files: FileStore  # with the trusted roots beside them
    press: Press = PRESS

    def examined(
        self,
        mode: Mode,
        media_type: str,
        content: bytes,
        own: Sequence[DocumentVersion],
        signer: str,
        words: Language,
        now: datetime,
    ) -> dict[str, Any]:
        """Return the validation result of a file with the signature of *own*; NotTaken if it is not acceptable."""
        gettext = words.gettext
        contains_issued = self._of_these(mode, content, own, gettext)
        try:
            if mode is Mode.WET:
                if media_type not in SCANS:
                    raise NotTaken(gettext("pindaian harus PDF, JPG atau PNG."), "file")
                if media_type == PDF:
                    validate(content, None, now)
                else:  # a readable picture can be printed
                    files = {"a.typ": b'#set document(title: "a")\n#image("a", alt: "a")', "a": content}
                    self.press.print(Order("a.typ", files, b"{}"))
                return {}
            if media_type != PDF:
                raise SignatureRefused("not_pdf")
            place = self.files.place
            found = validate(content, roots((name for name, _ in place.names(TRUST)), partial(read, place)), now)
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
        """Whether a file begins with an issued PDF of *own*; NotTaken if it belongs to another document.

        A signature is appended to the signed bytes (ISO 32000-2, 7.5.6), so a signed PDF begins with the original one,
        unless a service rewrote it. A scan of several papers may be filed for all of them in one instance.
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


def said(reason: str, signer: str, gettext: Callable[[str], str]) -> str:
    """Return why a PDF is refused, as a message after a label and a colon."""
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


def _revisions(content: bytes) -> list[str]:
    """Return the SHA-256 of a file and of its first prefixes that are complete PDFs."""
    ends = [end for each in islice(END.finditer(content), MOST_SIGNATURES) for end in (each.end(1), each.end())]
    return list({hashlib.sha256(content[:end]).hexdigest(): None for end in (*ends, len(content))})


def _alike(name: str, other: str) -> bool:
    """Whether two names may be one person's: without titles after a comma, the words of one contain the other's."""
    one, two = (set(re.findall(r"\w{2,}", each.partition(",")[0].casefold())) for each in (name, other))
    return one <= two or two <= one
