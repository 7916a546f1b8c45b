"""Files by what they hold: written once under their SHA-256, never changed, found by it.

``files/<aa>/<sha256>`` under the data folder. A file is whole or absent: it is written beside, flushed to the disk and
renamed. Who refers to a file is the database's business; what nobody refers to is collected a day later.
"""

import errno
import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from engine.model.errors import AlurError, Damaged, NotFound, SetupError

FILES = "files"
CHUNK = 1 << 20
STAGED_FOR = timedelta(hours=24)
NAME = re.compile(r"[0-9a-f]{64}")
DRAFT = "tulis-"


class TooLarge(AlurError):
    """The file is larger than it may be."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"larger than {limit} bytes")
        self.limit = limit


class Readable(Protocol):
    """Whatever bytes can be read from, such as an upload."""

    def read(self, size: int, /) -> bytes:
        """Return up to *size* bytes; none at the end."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What a file is known by."""

    sha256: str
    size: int


class FileStore:
    """The files of one data folder; safe to share between threads and processes."""

    def __init__(self, data_dir: Path) -> None:
        """Keep files under *data_dir*; folders are made when the first file comes."""
        self._root = data_dir / FILES

    def put(self, content: Readable, limit: int) -> StoredFile:
        """Keep *content*, of at most *limit* bytes (else ``TooLarge``, and nothing stays); the same content once."""
        return self._keep(lambda file: _copy(content, file, limit))

    def put_bytes(self, content: bytes, limit: int) -> StoredFile:
        """Keep *content* like ``put``."""
        return self.put(BytesIO(content), limit)

    def put_written(self, write: Callable[[BinaryIO], None]) -> StoredFile:
        """Keep what *write* writes into a file that it may move about in; if it raises, nothing stays."""
        return self._keep(lambda file: _written(write, file))

    def scratch(self) -> BinaryIO:
        """Return a file without a name, gone once it is closed, on this disk: memory and /tmp may be too small."""
        with disk_problems(self._root):
            _make_folder(self._root)
            return cast(BinaryIO, tempfile.TemporaryFile(dir=self._root))

    def _keep(self, fill: Callable[[BinaryIO], StoredFile]) -> StoredFile:
        with disk_problems(self._root), self._collecting(fcntl.LOCK_SH):
            descriptor, name = tempfile.mkstemp(prefix=DRAFT, dir=self._root)
            draft = Path(name)
            try:
                with os.fdopen(descriptor, "w+b") as file:
                    stored = fill(file)
                    path = self._path(stored.sha256)
                    if path.exists():
                        os.utime(path)  # young again: not to be collected before somebody refers to it
                        return stored
                    file.flush()
                    os.fsync(file.fileno())
                _make_folder(path.parent)
                draft.rename(path)
                flush_folder(path.parent)
                return stored
            finally:
                draft.unlink(missing_ok=True)

    def open(self, sha256: str) -> BufferedReader:
        """Open a file for reading; ``NotFound`` if it is not kept here."""
        try:
            return self._path(sha256).open("rb")
        except FileNotFoundError:
            raise NotFound(sha256) from None

    def kept(self, sha256: str, name: str) -> BufferedReader:
        """Open a file to hand it out as *name*; ``Damaged`` if it is gone or no longer what it was when it was kept.

        What is handed out is what was looked at: who puts another file in its place afterwards changes this one not.
        """
        try:
            file = self.open(sha256)
        except NotFound:
            raise Damaged(name, sha256) from None
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            file.close()
            raise Damaged(name, sha256)
        file.seek(0)
        return file

    def content(self, sha256: str) -> bytes:
        """Return what a file holds; ``NotFound`` if it is not kept here, ``Damaged`` if it is not what it was."""
        with self.open(sha256) as file:
            content = file.read()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Damaged(f"{sha256[:12]}…", sha256)
        return content

    def path(self, sha256: str) -> Path:
        """Return where a file is; ``NotFound`` if it is not kept here."""
        path = self._path(sha256)
        if not path.exists():
            raise NotFound(sha256)
        return path

    def verify(self, sha256: str) -> bool:
        """Whether the file is there and still what its name says."""
        try:
            with self.open(sha256) as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except NotFound:
            return False

    def names(self) -> Iterator[str]:
        """Give the SHA-256 of every file, in no particular order."""
        for folder in self._root.glob("[0-9a-f][0-9a-f]"):
            yield from (entry.name for entry in folder.iterdir() if NAME.fullmatch(entry.name))

    def collect(
        self,
        referenced: Callable[[Collection[str]], Collection[str]],
        now: datetime,
        named: Callable[[Collection[str]], Collection[str]] = lambda names: (),
    ) -> int:
        """Remove files older than 24 hours that nobody refers to, and return how many.

        *referenced* is asked which of some names are referred to, last while nobody can put a file. *named*, which may
        take its time, is asked once, about those that were not: a file that is referred to since was put again, or was
        referred to before.
        """
        before = (now - STAGED_FOR).timestamp()
        removed = 0
        with disk_problems(self._root):
            folders = sorted(self._root.glob("[0-9a-f][0-9a-f]"))
            suspects: set[str] = set()
            for folder in folders:
                with self._collecting(fcntl.LOCK_SH):
                    suspects |= self._unreferenced(folder, before, referenced)
            suspects -= set(named(suspects)) if suspects else set()
            for folder in sorted({self._root / name[:2] for name in suspects}):
                with self._collecting(fcntl.LOCK_EX):
                    garbage = self._unreferenced(folder, before, referenced) & suspects
                    for name in garbage:
                        (folder / name).unlink()
                    removed += len(garbage)
            for draft in self._root.glob(f"{DRAFT}*"):  # of a process that was killed while it wrote
                if draft.stat().st_mtime < before:
                    draft.unlink(missing_ok=True)
        return removed

    def _unreferenced(
        self, folder: Path, before: float, referenced: Callable[[Collection[str]], Collection[str]]
    ) -> set[str]:
        old = {entry.name for entry in folder.iterdir() if entry.stat().st_mtime < before}
        return old - set(referenced(old)) if old else set()

    def _path(self, sha256: str) -> Path:
        if not NAME.fullmatch(sha256):
            raise NotFound(sha256)
        return self._root / sha256[:2] / sha256

    @contextmanager
    def _collecting(self, how: int) -> Iterator[None]:
        # Who puts a file shares this lock, who collects has it alone: no file goes that was just put again.
        _make_folder(self._root)
        descriptor = os.open(self._root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, how)
            yield
        finally:
            os.close(descriptor)


def disk_problem(path: Path, error: OSError) -> SetupError:
    """Return what the operator is told when *path* cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return SetupError("path_full", path=path)
    return SetupError("path_not_writable", path=path, reason=error.strerror or error)


@contextmanager
def disk_problems(path: Path) -> Iterator[None]:
    """Tell the operator what is wrong where the work inside cannot write *path*."""
    try:
        yield
    except OSError as error:
        raise disk_problem(path, error) from error


def flush_folder(path: Path) -> None:
    """Have the disk keep the names of a folder, which flushing the files in it does not."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
    digest = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]  # a file that is open for both
    return StoredFile(digest.hexdigest(), file.tell())


def _make_folder(path: Path) -> None:
    if not path.is_dir():
        path.mkdir(mode=0o700, exist_ok=True)
        flush_folder(path.parent)
