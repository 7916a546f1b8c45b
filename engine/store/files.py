"""Content-addressed files: stored once under their SHA-256, never changed, and checked against it.

They are at ``files/<aa>/<sha256>`` in the operator's place (``engine.store.places``). A file that no row refers to is
set aside after a day, where it can still be opened, and deleted a day later.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from itertools import islice
from typing import BinaryIO, Protocol

from engine.model.errors import AlurError, Damaged, NotFound
from engine.store.places import DRAFT, FILES, KEPT, TRUST, Place

CHUNK = 1 << 20
STAGED_FOR = timedelta(hours=24)
ASIDE = "tidak-dirujuk"
NAME = re.compile(r"[0-9a-f]{64}")
AT_ONCE = 500


class TooLarge(AlurError):
    """The file is larger than *limit* bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"larger than {limit} bytes")
        self.limit = limit


class Readable(Protocol):
    """A source of bytes, such as an upload."""

    def read(self, size: int, /) -> bytes:
        """Return up to *size* bytes; empty at the end."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The hash and the size, in bytes, of a stored file."""

    sha256: str
    size: int


def named(sha256: str) -> str:
    """Return the name under which a file is stored."""
    return f"{FILES}/{sha256[:2]}/{sha256}"


@dataclass(frozen=True)
class FileStore:
    """The files of one place; safe to share between threads and processes."""

    place: Place

    def put(self, content: Readable, limit: int) -> StoredFile:
        """Store *content*, the same content once; ``TooLarge`` if it has more than *limit* bytes."""
        return self._keep(lambda file: _copy(content, file, limit))

    def put_bytes(self, content: bytes, limit: int) -> StoredFile:
        """Store *content* like ``put``."""
        return self.put(BytesIO(content), limit)

    def put_written(self, write: Callable[[BinaryIO], None]) -> StoredFile:
        """Store what *write* writes into a seekable file; nothing if it raises."""
        return self._keep(lambda file: _written(write, file))

    def scratch(self) -> BinaryIO:
        """Return an unnamed temporary file on the local disk; memory and /tmp may be too small."""
        return self.place.scratch()

    def _keep(self, fill: Callable[[BinaryIO], StoredFile]) -> StoredFile:
        # Even if it exists: this renews its time, so that it is not collected before a row refers to it.
        with self.place.draft() as draft:
            stored = fill(draft)
            self.place.put(named(stored.sha256), draft)
            return stored

    def open(self, sha256: str) -> BinaryIO:
        """Open a file for reading; ``NotFound`` if it is not stored."""
        for name in (named(sha256), f"{ASIDE}/{sha256}") if NAME.fullmatch(sha256) else ():
            with suppress(NotFound):
                return self.place.open(name)
        raise NotFound(sha256)

    def kept(self, sha256: str, name: str) -> BinaryIO:
        """Open a file to serve it as *name*; ``Damaged`` if it is missing or changed.

        The returned file is the one that was checked, even if another replaces it in the meantime.
        """
        try:
            file = self.open(sha256)
        except NotFound:
            raise Damaged(name, sha256) from None
        if _digest(file) != sha256:
            file.close()
            raise Damaged(name, sha256)
        file.seek(0)
        return file

    def content(self, sha256: str) -> bytes:
        """Return the content of a file; ``NotFound`` if it is not stored, ``Damaged`` if it has changed."""
        with self.open(sha256) as file:
            content = file.read()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Damaged(f"{sha256[:12]}…", sha256)
        return content

    def verify(self, sha256: str) -> bool:
        """Whether the file is stored and unchanged."""
        try:
            with self.open(sha256) as file:
                return _digest(file) == sha256
        except (NotFound, OSError):
            return False

    def names(self) -> Iterator[str]:
        """Yield the SHA-256 of every file that is not set aside."""
        return _hashes(name for name, _ in self.place.names(FILES))

    def collect(
        self,
        referenced: Callable[[Collection[str]], Collection[str]],
        now: datetime,
        remembered: Callable[[Collection[str]], Collection[str]] = lambda names: (),
    ) -> int:
        """Set aside unreferenced files older than 24 hours, and return how many; delete those set aside a day ago.

        *referenced* returns which of some names are referenced; *remembered*, which may be slow, is called once for
        the rest. A file that is stored again while it is set aside can still be opened, and moves back a day later, so
        that storing needs no lock.
        """
        before = now - STAGED_FOR

        def unneeded(names: Iterable[str]) -> set[str]:
            left, rest = set[str](), iter(names)
            while some := set(islice(rest, AT_ONCE)):
                left |= some - set(referenced(some))
            return left - set(remembered(left)) if left else left

        def old(folder: str) -> Iterator[str]:
            return (name for name, at in self.place.names(folder) if at < before)

        aside = {name.rpartition("/")[2] for name in old(ASIDE)}
        gone = unneeded(aside)
        for sha256 in aside - gone:
            self.place.move(f"{ASIDE}/{sha256}", named(sha256))
        removed = [f"{ASIDE}/{sha256}" for sha256 in gone]
        removed += [name for name in old(FILES) if name.startswith(DRAFT)]  # of killed processes
        for name in removed:
            self.place.delete(name)
        now_aside = unneeded(_hashes(old(FILES)))
        for sha256 in now_aside:
            self.place.move(named(sha256), f"{ASIDE}/{sha256}")
        return len(now_aside)


def _hashes(names: Iterable[str]) -> Iterator[str]:
    """Yield the hashes in those names that are names of stored files."""
    return (sha256 for name in names if NAME.fullmatch(sha256 := name.rpartition("/")[2]) and name == named(sha256))


def copy(source: Place, target: Place) -> Iterator[tuple[str, bool]]:
    """Copy everything from *source* to *target*; yield each name with whether both contents are equal and valid.

    Existing contents are not replaced, so an interrupted copy can be continued.
    """
    for folder in (*KEPT, TRUST):
        there = {name for name, _ in target.names(folder)}
        for name in sorted(name for name, _ in source.names(folder) if not name.startswith(DRAFT)):
            with source.open(name) as original:
                if name not in there:
                    with target.draft() as draft:
                        _copy(original, draft, 1 << 40)
                        target.put(name, draft)
                    original.seek(0)
                digest = _digest(original)
            with target.open(name) as copied:
                yield name, digest == _digest(copied) and (folder != FILES or name.endswith(digest))


def _digest(file: BinaryIO) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # open for reading and writing


def _copy(content: Readable, file: BinaryIO, limit: int) -> StoredFile:
    digest, size = hashlib.sha256(), 0
    while chunk := content.read(CHUNK):
        size += len(chunk)
        if size > limit:
            raise TooLarge(limit)
        digest.update(chunk)
        file.write(chunk)
    return StoredFile(digest.hexdigest(), size)


def _written(write: Callable[[BinaryIO], None], file: BinaryIO) -> StoredFile:
    write(file)
    file.seek(0)
    return StoredFile(_digest(file), file.tell())
