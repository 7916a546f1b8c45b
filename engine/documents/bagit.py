"""A berkas as a ZIP in BagIt layout (RFC 8493), which archives accept and anybody can check without Alur.

The library ``bagit`` moves files into a folder and packs nothing, so a berkas of 1 GB would be written three times to
save the forty lines below.

The same files give the same bytes: entries are in the order of their names, of one instant, and uncompressed, because
compressors differ by release and large files are compressed already. Sizes precede the files, for streaming readers.
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
EARLIEST = datetime(1980, 1, 1)  # noqa: DTZ001 - the epoch of ZIP, which has no time zone


@dataclass(frozen=True, slots=True)
class BagItem:
    """A file of a bag; *path* is without ``data/``."""

    path: str
    sha256: str
    size: int
    open: Callable[[], AbstractContextManager[IO[bytes]]]
    about: str = ""  # description for people


def item(path: str, content: bytes, about: str = "") -> BagItem:
    """Return a file with *content* from memory."""
    return BagItem(path, hashlib.sha256(content).hexdigest(), len(content), lambda: io.BytesIO(content), about)


@dataclass(frozen=True)
class Bag:
    """A bag to be written."""

    name: str  # of the folder in the ZIP, and of the ZIP without its ending
    at: datetime  # local instant of every entry
    info: Mapping[str, str]  # for bag-info.txt
    note: tuple[str, bytes]  # file name and text of the note for readers
    payload: tuple[BagItem, ...]

    def tag_files(self) -> tuple[BagItem, ...]:
        """Return the tag files: declaration, bag-info, note and manifests."""
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
        """Write the ZIP into the seekable *file*; Damaged names a file that does not have its hash."""
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
