"""Places for named contents: a folder, or a bucket that several machines share.

Files (``files/<aa>/<sha256>``), functions, keys and trusted roots go through the same methods, so that one setting
moves them all. Contents are stored atomically; readers check hashes themselves.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from engine.model.errors import NotFound, SetupError

KEPT = FILES, FUNCTIONS, KEYS = "files", "functions", "keys"
TRUST = "trust"
"""The folder of the certificates (PEM or DER) that the operator trusts."""
DRAFT = f"{FILES}/tulis-"


class Place(Protocol):
    """Stores contents by name; ``StoreAway`` if it is unreachable, SetupError if the local disk fails."""

    def scratch(self) -> BinaryIO:
        """Return an unnamed temporary file on the local disk; memory and /tmp may be too small."""

    def draft(self) -> AbstractContextManager[BinaryIO]:
        """Give a file to fill; it is discarded unless it is put."""

    def put(self, name: str, draft: BinaryIO, *, once: bool = False) -> None:
        """Store a draft under *name*, replacing what is there; with *once*, keep what is there."""

    def open(self, name: str) -> BinaryIO:
        """Open a content for reading; ``NotFound`` if there is none."""

    def names(self, folder: str) -> Iterator[tuple[str, datetime]]:
        """Yield the names in *folder*, in no particular order, each with the time when it was last put."""

    def move(self, name: str, to: str) -> None:
        """Rename a content, if it exists, and renew its time."""

    def delete(self, name: str) -> None:
        """Delete a content, if it exists."""


class Folder:
    """A local or shared folder; safe to share between threads and processes."""

    def __init__(self, root: Path) -> None:
        """Store contents under *root*; its folders are made when needed."""
        self.root = root

    def __str__(self) -> str:
        return str(self.root)

    def path(self, name: str) -> Path:
        """Return the path of a content."""
        return self.root / name

    def scratch(self) -> BinaryIO:
        """Return an unnamed temporary file on this disk."""
        with disk_problems(self.root):
            _make_folder(self.path(FILES))
            return cast(BinaryIO, tempfile.TemporaryFile(dir=self.path(FILES)))

    @contextmanager
    def draft(self) -> Iterator[BinaryIO]:
        """Give a file on this disk, which ``put`` renames."""
        with disk_problems(self.root):
            _make_folder(self.path(FILES))
            descriptor, name = tempfile.mkstemp(prefix=DRAFT.rpartition("/")[2], dir=self.path(FILES))
            os.close(descriptor)
            try:
                with Path(name).open("w+b") as file:
                    yield file
            finally:
                Path(name).unlink(missing_ok=True)

    def put(self, name: str, draft: BinaryIO, *, once: bool = False) -> None:
        """Flush a draft to the disk and rename it; with *once*, link it if nothing is there."""
        path = self.path(name)
        draft.flush()
        os.fsync(draft.fileno())
        _make_folder(path.parent)
        if once:
            with suppress(FileExistsError):
                path.hardlink_to(draft.name)
        else:
            shutil.move(draft.name, path)  # a backup may be on another disk
        flush_folder(path.parent)

    def open(self, name: str) -> BinaryIO:
        """Open a file."""
        try:
            return self.path(name).open("rb")
        except FileNotFoundError:
            raise NotFound(name) from None

    def names(self, folder: str) -> Iterator[tuple[str, datetime]]:
        """Yield the files in a folder and its subfolders, including drafts."""
        for path in self.path(folder).rglob("*"):
            if path.is_file():
                with suppress(FileNotFoundError):  # deleted in the meantime
                    put_at = path.stat().st_mtime
                    yield path.relative_to(self.root).as_posix(), datetime.fromtimestamp(put_at, UTC)

    def move(self, name: str, to: str) -> None:
        """Rename a file."""
        target = self.path(to)
        with disk_problems(self.root), suppress(FileNotFoundError):
            _make_folder(target.parent)
            os.utime(self.path(name))
            self.path(name).replace(target)

    def delete(self, name: str) -> None:
        """Remove a file."""
        self.path(name).unlink(missing_ok=True)


def place_of(where: str, data_dir: Path) -> Place:
    """Return the place that ``ALUR_FILES`` names: ``s3://bucket/prefix`` or a folder, by default *data_dir*."""
    if "://" not in where:
        return Folder(Path(where).resolve() if where else data_dir)
    from engine.store.bucket import Bucket  # noqa: PLC0415 - slow to load, and rarely used

    return Bucket(where, data_dir)


def create(place: Place, name: str, content: bytes) -> None:
    """Store a small content under *name* unless there is one."""
    with place.draft() as draft:
        draft.write(content)
        place.put(name, draft, once=True)


def read(place: Place, name: str) -> bytes:
    """Return a small content; ``NotFound`` if there is none."""
    with place.open(name) as file:
        return file.read()


def disk_problem(path: Path, error: OSError) -> SetupError:
    """Return the error for the operator when *path* cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return SetupError("path_full", path=path)
    return SetupError("path_not_writable", path=path, reason=error.strerror or error)


@contextmanager
def disk_problems(path: Path) -> Iterator[None]:
    """Raise SetupError if the body cannot write *path*."""
    try:
        yield
    except OSError as error:
        raise disk_problem(path, error) from error


def flush_folder(path: Path) -> None:
    """Flush the names in a folder to the disk; flushing the files does not do so."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_folder(path: Path) -> None:
    if not path.is_dir():
        path.mkdir(mode=0o700, exist_ok=True)
        flush_folder(path.parent)
