"""Finds the type of an uploaded file by its content, not by its name alone.

The ``filetype`` library was chosen over python-magic, which needs libmagic on the machine. Word and Excel files are ZIP
archives, recognised by the declared types of their parts; files with macros are refused.
"""

import os
import struct
import zipfile
import zlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import BinaryIO

import filetype
import structlog

from engine.bpmn import safe_xml
from engine.channels import clamd
from engine.channels.faults import Away
from engine.model.errors import AlurError
from engine.model.history import Action
from engine.model.people import Actor
from engine.store.database import Database
from engine.store.files import TooLarge
from engine.store.queries import people

__all__ = ["Gate", "TooLarge", "UploadRefused", "media_type_of", "safe_name"]

log = structlog.get_logger(__name__)
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES = {
    ".pdf": "application/pdf",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".docx": DOCX,
    ".xlsx": XLSX,
}
MACROS = ("vbaproject", "vbadata", "macroenabled", "macrosheet")
"""Words in names or types of parts with programs in Word and Excel files."""
TYPES = "[Content_Types].xml"
LONGEST_NAME = 180
HEAD = 8192
LARGEST_EXPANDED = 200 * 1024 * 1024
LARGEST_DIRECTORY = 500_000  # bytes of a ZIP's directory
DIRECTORY_END = struct.Struct("<4s8xI6x")  # end of a ZIP, with the size of its directory


class UploadRefused(AlurError):
    """A refused file; *reason* is a key: "kind", "content", "empty", "macros", "quota", "infected" ..."""

    def __init__(self, reason: str, name: str, **facts: object) -> None:
        super().__init__(f"{name}: {reason}")
        self.reason = reason
        self.name = name
        self.facts = facts


@dataclass(frozen=True)
class Gate:
    """Checks every uploaded file before it is stored."""

    database: Database
    clamd: str = ""  # the daemon's address; without it nothing is scanned

    def admit(self, actor: Actor, name: str, stream: BinaryIO, limit: int, now: datetime) -> str:
        """Return a file's media type. UploadRefused, TooLarge; an infected file is recorded in history."""
        media_type = media_type_of(name, stream)
        if stream.seek(0, os.SEEK_END) > limit:
            raise TooLarge(limit)
        stream.seek(0)
        try:
            found = clamd.scan(self.clamd, stream) if self.clamd else None
        except Away as fault:
            log.error("not scanned", cause=str(fault))
            raise UploadRefused("unscanned", name) from None
        if found is not None:
            with self.database.write(actor, now) as work:
                people.one_at_a_time(work, actor.person_id)
                work.tell(actor.person_id, Action.ATTEMPT_REFUSED, address="clamd", object=name, found=found)
            raise UploadRefused("infected", name, found=found)
        return media_type


def safe_name(name: str) -> str:
    """Return a file name without folders or control characters, shortened in the middle."""
    plain = PurePosixPath(name.replace("\\", "/")).name
    plain = "".join(c for c in plain if c.isprintable()).strip() or "berkas"
    if len(plain) <= LONGEST_NAME:
        return plain
    stem, suffix = PurePosixPath(plain).stem, PurePosixPath(plain).suffix[:10]
    return f"{stem[: LONGEST_NAME - len(suffix) - 1]}…{suffix}"


def media_type_of(name: str, stream: BinaryIO) -> str:
    """Return the media type that *name* promises, if the content keeps the promise; UploadRefused if not."""
    suffix = PurePosixPath(name).suffix.lower()
    promised = MEDIA_TYPES.get(suffix)
    if promised is None:
        raise UploadRefused("kind", name, suffix=suffix)
    head = stream.read(HEAD)
    stream.seek(0)
    if not head:
        raise UploadRefused("empty", name)
    if promised in (DOCX, XLSX):
        found = _office_type(name, stream)
    else:
        guess = filetype.guess(head)
        found = None if guess is None else guess.mime
    stream.seek(0)
    if found != promised:
        raise UploadRefused("content", name, found=found)
    return promised


def _office_type(name: str, stream: BinaryIO) -> str | None:
    _refuse_long_directory(name, stream)
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > LARGEST_EXPANDED:
                raise UploadRefused("content", name, found="zip bomb")
            if TYPES not in archive.namelist():
                return "application/zip"
            with archive.open(TYPES) as part:
                root = safe_xml.read(part.read(safe_xml.MAX_BYTES + 1))
            said = [each.get("ContentType", "").lower() for each in root.iter()]
    except zipfile.BadZipFile:
        stream.seek(0)
        guess = filetype.guess(stream.read(HEAD))
        return None if guess is None or guess.mime in (DOCX, XLSX) else guess.mime
    except (safe_xml.Unreadable, RuntimeError, EOFError, zlib.error):  # no XML, or unknown compression
        raise UploadRefused("content", name) from None
    if any(word in text for text in (*said, *(each.filename.lower() for each in members)) for word in MACROS):
        raise UploadRefused("macros", name)
    return next((kind for kind in (DOCX, XLSX) if f"{kind}.main+xml" in said), "application/zip")


def _refuse_long_directory(name: str, stream: BinaryIO) -> None:
    """Refuse a ZIP with very many members, whose listing takes seconds; office files have dozens."""
    stream.seek(max(0, stream.seek(0, os.SEEK_END) - 2**16 - DIRECTORY_END.size))
    tail = stream.read()
    stream.seek(0)
    at = tail.rfind(b"PK\5\6", 0, max(0, len(tail) - DIRECTORY_END.size + 4))
    if b"PK\6\7" in tail or (at >= 0 and DIRECTORY_END.unpack_from(tail, at)[1] > LARGEST_DIRECTORY):
        raise UploadRefused("content", name, found="zip bomb")
