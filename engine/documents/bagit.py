"""A berkas as one ZIP in BagIt's layout (RFC 8493): what an archive takes in, and anybody can check without Alur.

The library of the same name works on folders: it moves files into one and packs nothing, so a berkas of 1 GB would be
written three times; what it would save is the forty lines below. ``tests/documents/test_bags.py`` reads the RFC anew.

The same files give the same bytes: entries are stored and not compressed (another release of a compressor writes other
bytes, and what is large is compressed already), in the order of their names, all of one instant. Sizes stand before
their files, so that programs which read a ZIP from its beginning read this one too.
"""

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, BinaryIO

from engine import pulse
from engine.model.errors import Damaged

PAYLOAD = "data/"
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
CHUNK = 1 << 20
EARLIEST = datetime(1980, 1, 1)  # noqa: DTZ001 - a ZIP has no zone, and begins here


@dataclass(frozen=True, slots=True)
class BagItem:
    """One file of a bag: *path* as it is named there, without ``data/``."""

    path: str
    sha256: str
    size: int
    open: Callable[[], AbstractContextManager[IO[bytes]]]
    about: str = ""  # for people


def item(path: str, content: bytes, about: str = "") -> BagItem:
    """Return a file that is in memory."""
    return BagItem(path, hashlib.sha256(content).hexdigest(), len(content), lambda: io.BytesIO(content), about)


@dataclass(frozen=True)
class Bag:
    """A bag as it will be written: its payload, what is said of it, and a note for whoever opens it."""

    name: str  # of the folder in the ZIP, and of the ZIP without its ending
    at: datetime  # local; the instant that every entry carries
    info: Mapping[str, str]
    note: tuple[str, bytes]
    payload: tuple[BagItem, ...]

    def tag_files(self) -> tuple[BagItem, ...]:
        """Return the files beside ``data``: declaration, facts, manifests."""
        oxum = f"{sum(each.size for each in self.payload)}.{len(self.payload)}"
        facts = [*self.info.items(), ("Payload-Oxum", oxum)]
        described = "".join(f"{label}: {' '.join(value.split())}\n" for label, value in facts)
        tags = (
            item("bagit.txt", DECLARATION),
            item("bag-info.txt", described.encode()),
            item(*self.note),
            item("manifest-sha256.txt", _manifest([(PAYLOAD + each.path, each.sha256) for each in self.payload])),
        )
        return (*tags, item("tagmanifest-sha256.txt", _manifest([(each.path, each.sha256) for each in tags])))

    def write(self, file: BinaryIO) -> None:
        """Write the ZIP into *file*, which can be moved about in; Damaged names a file that is not what it was."""
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for each in self.tag_files():
                self._add(archive, each.path, each)
            for each in self.payload:
                self._add(archive, PAYLOAD + each.path, each)

    def _add(self, archive: zipfile.ZipFile, path: str, each: BagItem) -> None:
        instant = max(self.at.replace(tzinfo=None), EARLIEST).timetuple()[:6]
        entry = zipfile.ZipInfo(f"{self.name}/{path}", instant)
        entry.create_system, entry.external_attr, entry.file_size = 3, 0o100644 << 16, each.size
        digest = hashlib.sha256()
        with each.open() as source, archive.open(entry, "w") as target:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                target.write(chunk)
                pulse.beat()
        if digest.hexdigest() != each.sha256:
            raise Damaged(each.path, each.sha256)


def _manifest(files: Sequence[tuple[str, str]]) -> bytes:
    return "".join(f"{sha256}  {path}\n" for path, sha256 in sorted(files)).encode()
