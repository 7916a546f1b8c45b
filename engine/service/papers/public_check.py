"""The public check whether a paper is real, by its code or its file.

It shows no more than the paper itself: name, number, version, date and issuing position. A scan or print-out has
another hash than the file, so it is compared by eye with the facts found by its code. Codes have 80 bits and cannot be
guessed; still, an IP address that asks for many unknown codes is slowed down, as at sign-in. Each process counts for
itself, which is enough.
"""

import hashlib
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import BinaryIO

from engine.model.errors import AlurError, NotFound, there
from engine.model.renderings import COVER, WHOLE, Rendering, RenderingStatus, read_code, shown_code
from engine.model.signatures import Signature
from engine.model.work import DocumentVersion, InstanceRecord
from engine.service.papers.corrections import Standing, asks_to_sign, standing
from engine.service.papers.letter_numbers import of_documents
from engine.service.papers.render_context import RenderInput
from engine.service.procedures.procedure import Procedures
from engine.store.database import Database
from engine.store.queries import Transaction, documents, instances, renderings, signatures, tasks

LARGEST = 50 * 1024 * 1024
MOST_MISSES = 20  # of one address in WINDOW
WINDOW = timedelta(minutes=5)
MOST_ADDRESSES = 10_000


class TooManyQuestions(AlurError):
    """An IP address asked for too many unknown papers."""


class FileTooLarge(AlurError):
    """A file is larger than any that Alur prints."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The public facts about a paper."""

    document: DocumentVersion
    newest: DocumentVersion
    instance: InstanceRecord
    number: str | None
    position: str  # who made it, by lane
    approver: str | None  # in whose name it goes out: "Plh. Kepala Dinas"
    file_sha256: str
    code: str
    same_file: bool | None  # None: no file was held against it
    corrections: Standing
    successor: tuple[str | None, str | None]  # number and code of what superseded it
    signatures: tuple[Signature, ...]
    signed_file: bool  # the file that was held against it is one that carries a signature
    unsigned: bool  # a form asks to sign it, and nobody did
    returned_at: datetime | None  # when work went back after it was issued

    @property
    def standing(self) -> str:
        """Status of the paper: "valid", "unsigned", "returned", "superseded", "replaced" or "void"."""
        if self.document.void:
            return "void"
        if self.corrections.successor is not None:
            return "superseded"
        if self.document.version != self.newest.version:
            return "replaced"
        return "valid" if not self.unsigned else "returned" if self.returned_at else "unsigned"


@dataclass(frozen=True)
class Verification:
    """Looks up printed papers."""

    database: Database
    procedures: Procedures
    _misses: dict[str, list[datetime]] = field(default_factory=dict)  # instants of misses, by IP address
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def by_code(self, text: str, address: str, now: datetime, file: BinaryIO | None = None) -> Verified:
        """Return the facts about the paper with a code, and whether *file* is the same; NotFound if unknown."""
        self._slow_down(address, now)
        code = read_code(text)
        held = None if file is None else _sha256(file)
        with self.database.read() as reader:
            found = None if code is None else renderings.by_code(reader, code)
            if found is None or found.status is not RenderingStatus.MADE or found.format == COVER:
                self._miss(address, now)
                raise NotFound(text)
            carried = () if held is None else signatures.by_file(reader, [held])
            signed_file = any(each.document_id == found.document_id for each in carried)
            same = None if held is None else signed_file or held == found.sha256
            return self._verified(reader, found, same, signed_file)

    def by_file(self, file: BinaryIO, address: str, now: datetime) -> Verified:
        """Return the facts about a paper by its file; NotFound if it was not issued here."""
        self._slow_down(address, now)
        held = _sha256(file)
        with self.database.read() as reader:
            found, carried = next(iter(renderings.by_sha256(reader, [held])), None), signatures.by_file(reader, [held])
            if found is None and carried:
                found = _paper_of(reader, carried[0].document_id)
            if found is None:
                self._miss(address, now)
                raise NotFound(held)
            return self._verified(reader, found, True, bool(carried))

    def _verified(self, reader: Transaction, found: Rendering, same: bool | None, signed_file: bool) -> Verified:
        version = there(documents.by_id(reader, found.document_id), found.document_id)
        record = there(instances.by_id(reader, found.instance_id), found.document_id)
        procedure = self.procedures.of(reader, record.definition_id)
        source = RenderInput(record, procedure, documents.of_instance(reader, record.id), (), {})
        role = procedure.outline.task(version.element_id).role
        signed = signatures.of_document(reader, version.id)
        lane = procedure.outline.lane_of_role(version.approver).name if version.approver else None
        back = [each.returned_at for each in tasks.of_instance(reader, record.id) if each.returned_at]
        corrected = standing(reader, self.procedures, record, version.data_object_id)
        if (new := corrected.successor) is not None:
            paper = _paper_of(reader, new.id)
            number = of_documents(reader, new.instance_id).get(new.data_object_id)
            successor = (number, None if paper is None else shown_code(paper.code))
        return Verified(
            document=version,
            newest=source.newest[version.data_object_id],
            instance=record,
            number=source.number_in(version.data_object_id, procedure.content_of(version)),
            position=procedure.outline.lane_of_role(role).name,
            approver=next((each.on_behalf_of for each in signed if each.on_behalf_of), lane) if lane else None,
            file_sha256=there(found.sha256, found.document_id),
            code=shown_code(found.code),
            same_file=same,
            corrections=corrected,
            successor=successor if new else (None, None),
            signatures=signed,
            signed_file=signed_file,
            unsigned=not signed and asks_to_sign(procedure, version.data_object_id),
            returned_at=max((at for at in back if version.issued_at and at > version.issued_at), default=None),
        )

    def _slow_down(self, address: str, now: datetime) -> None:
        if len(self._recent(address, now)) >= MOST_MISSES:
            raise TooManyQuestions(address)

    def _miss(self, address: str, now: datetime) -> None:
        with self._lock:
            missed = [*self._recent(address, now), now]
            self._misses.pop(address, None)  # keeps the addresses ordered by their last miss
            self._misses[address] = missed
            while len(self._misses) > MOST_ADDRESSES:
                del self._misses[next(iter(self._misses))]

    def _recent(self, address: str, now: datetime) -> list[datetime]:
        return [at for at in self._misses.get(address, ()) if at >= now - WINDOW]


def _paper_of(reader: Transaction, document_id: str) -> Rendering | None:
    """Return the PDF of a version, if it was made."""
    made = (r for r in renderings.of_document(reader, document_id) if r.status is RenderingStatus.MADE)
    return next((each for each in made if (each.format, each.part) == ("pdf", WHOLE)), None)


def _sha256(file: BinaryIO) -> str:
    digest, size = hashlib.sha256(), 0
    while block := file.read(1 << 20):
        size += len(block)
        if size > LARGEST:
            raise FileTooLarge(str(LARGEST))
        digest.update(block)
    return digest.hexdigest()
