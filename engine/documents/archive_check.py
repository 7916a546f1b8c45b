"""Checks that a berkas (a BagIt ZIP) is as archived, from the ZIP alone: no database, key or network.

Nothing of the ZIP is trusted or written to disk. Declared sizes are limited first, and no more is read (ZIP bombs).
"""

import hashlib
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from engine.documents.archive_history import HANDED_OVER, WRONG, Said
from engine.model.history import GENESIS, canonical, commitment, sha256_of
from engine.model.renderings import COVER
from engine.model.testimony import OneOf, Testimony, fits, unfit

MOST_FILES = 200_000
MOST_BYTES = 100 << 30
MOST_EXPANSION = 200  # times; texts shrink to a hundredth at best
SMALL = 1 << 20  # bytes; smaller files may expand any number of times
MOST_TEXT = 64 << 20  # bytes of a manifest
LONGEST_LINE = 32 << 20  # bytes of one line of history
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, NotImplementedError)
"""Errors of the library about bytes that are not a ZIP, or a damaged one."""
HISTORY, HASHES, CALLED = "data/riwayat/riwayat.jsonl", "data/riwayat/sidik.txt", "data/riwayat/nama.json"
SOURCES = "data/sop/"
MANIFEST, TAG_MANIFEST, INFO = "manifest-sha256.txt", "tagmanifest-sha256.txt", "bag-info.txt"
LISTED = re.compile(r"(?P<sha256>[0-9a-fA-F]{64})[ \t]+\*?(?P<path>.+)")
OF_VERSION = re.compile(r"data/dokumen/(?P<folder>(?P<id>[^/]+)/v\d+)/.+")
LIST_OF_IT = HANDED_OVER + "lampiran.json"
DOCUMENTS, COURSE, ABOUT = "data/dokumen/dokumen.json", "data/pelaksanaan.json", "data/arsip.json"
CONTENTS = "data/daftar-isi.json"
PRINTED = re.compile(r"data/daftar-isi(-\d+)?\.pdf")
KNOWN = frozenset({HISTORY, HASHES, CALLED, LIST_OF_IT, DOCUMENTS, COURSE, ABOUT, CONTENTS, "data/diagram.svg"})
TAGS = frozenset({"bagit.txt", INFO, MANIFEST, TAG_MANIFEST, "LIHAT-DAHULU.txt"})
BESIDE = frozenset({"status_before", "status_reason", "signed", "attachment_sha256"})
"""Columns that history lines state and the lists omit."""


@dataclass
class Inspection:
    """The result of a check: *faults* name file and line; without faults the berkas is sound."""

    sha256: str = ""  # of the ZIP
    files: int = 0
    lines: int = 0
    documents: int = 0
    head: str = GENESIS  # hash of the last line of history
    info: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether there are no faults."""
        return not self.faults


class _Unreadable(Exception):
    """The ZIP cannot be checked further; the message says why."""


def inspect(path: Path) -> Inspection:
    """Check the ZIP at *path*: manifests, the chain of history, and that the documents are those in history."""
    found = Inspection()
    with path.open("rb") as file:
        found.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    try:
        with zipfile.ZipFile(path) as archive:
            _Inspector(archive, path.stat().st_size, found).run()
    except BROKEN:
        found.faults.append(f"{path.name}: ZIP rusak atau terpotong; ambil lagi berkasnya dari halaman Arsip.")
    except _Unreadable as error:
        found.faults.append(f"{path.name}: {error}")
    return found


class _Inspector:
    """Checks one berkas; one class, since each check uses the results of those before."""

    def __init__(self, archive: zipfile.ZipFile, size: int, found: Inspection) -> None:
        self._archive, self._found = archive, found
        self._entries = self._checked_entries(size)
        self._payload = {path for path in self._entries if path.startswith("data/")}
        self._hashes: dict[str, str] = {}
        self._allowed: set[str] = set()

    def run(self) -> None:
        declaration = self._text("bagit.txt")
        if "BagIt-Version: 1.0" not in declaration.splitlines():
            self._blame("bagit.txt", "bukan pernyataan BagIt 1.0")
        payload, tags = self._manifest(MANIFEST), self._manifest(TAG_MANIFEST)
        self._found.files = len(self._entries)
        for path in self._entries:
            self._hashes[path] = self._hash(path)
        self._compare(payload, self._payload)
        self._compare(tags, self._entries.keys() - self._payload - {TAG_MANIFEST})
        self._read_info()
        said = self._walk_history()
        if said is not None:
            self._compare_documents(said)
            self._compare_lists(said.testimony)

    # ── the bag ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _checked_entries(self, size: int) -> dict[str, zipfile.ZipInfo]:
        """Return the entries by path in the bag, after a check of their declared sizes and names."""
        entries = [entry for entry in self._archive.infolist() if not entry.is_dir()]
        if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > MOST_BYTES:
            raise _Unreadable("isinya lebih besar daripada sebuah berkas arsip; tidak dibuka (bom ZIP?).")
        if sum(entry.compress_size for entry in entries) > size:
            raise _Unreadable("isinya saling menumpuk; tidak dibuka (bom ZIP?).")
        found: dict[str, zipfile.ZipInfo] = {}
        tops = set()
        for entry in entries:
            name = PurePosixPath(entry.filename)
            if entry.file_size > max(SMALL, entry.compress_size * MOST_EXPANSION):
                raise _Unreadable(f"{entry.filename} mengembang terlalu besar; tidak dibuka (bom ZIP?).")
            if entry.flag_bits & 0x1:
                raise _Unreadable(f"{entry.filename} bersandi; berkas arsip tidak pernah bersandi.")
            if name.is_absolute() or ".." in name.parts or "\\" in entry.filename or len(name.parts) < 2:
                raise _Unreadable(f"{entry.filename!r} bukan tempat di dalam sebuah berkas arsip.")
            path = entry.filename.partition("/")[2]
            if path in found:
                raise _Unreadable(f"{path} ada dua kali.")
            tops.add(name.parts[0])
            found[path] = entry
        if len(tops) != 1:
            raise _Unreadable("bukan berkas arsip: semua isinya harus di dalam satu folder.")
        return found

    def _manifest(self, name: str) -> dict[str, str]:
        listed: dict[str, str] = {}
        for number, line in enumerate(self._text(name).splitlines(), start=1):
            match = LISTED.fullmatch(line)
            if match is None:
                self._blame(f"{name} baris {number}", "tidak terbaca")
                continue
            path = match["path"].replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
            if path in listed:
                self._blame(f"{name} baris {number}", f"menyebut {path} dua kali")
            listed[path] = match["sha256"].lower()
        return listed

    def _compare(self, listed: Mapping[str, str], here: set[str]) -> None:
        for path in sorted(listed.keys() - here):
            self._blame(path, "hilang: disebut dalam daftar, tetapi tidak ada")
        for path in sorted(here - listed.keys()):
            self._blame(path, "ditambahkan: ada, tetapi tidak disebut dalam daftar")
        for path in sorted(here & listed.keys()):
            if not path.startswith("data/") and path not in TAGS:
                self._blame(path, "ditambahkan: bukan bagian berkas arsip")
            if self._hashes[path] != listed[path]:
                self._blame(path, "isinya berubah: SHA-256-nya bukan yang disebut dalam daftar")

    def _read_info(self) -> None:
        for line in self._text(INFO).splitlines():
            label, colon, value = line.partition(":")
            if colon and not line.startswith((" ", "\t")):
                self._found.info[label.strip()] = value.strip()
        oxum = f"{sum(self._entries[path].file_size for path in self._payload)}.{len(self._payload)}"
        if self._found.info.get("Payload-Oxum") != oxum:
            self._blame(INFO, f"menyebut jumlah isi {self._found.info.get('Payload-Oxum')}, yang ada {oxum}")

    # ── history ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _walk_history(self) -> Said | None:
        """Return what history says about documents; None if the chain is broken."""
        if HISTORY not in self._entries or HASHES not in self._entries:
            self._blame(HISTORY, "hilang: tanpa riwayat tidak ada yang dapat dibuktikan")
            return None
        said, info = Said(), self._found.info
        recorded = self._text(HASHES).splitlines()
        fault = said.walk(self._lines(HISTORY), recorded, info.get("Alur-Instalasi", ""))
        if fault is not None:
            self._blame(f"{HISTORY} baris {said.lines + 1}", fault)
            return None
        self._found.lines, self._found.head = said.lines, said.head
        if (info.get("Alur-Riwayat-Baris"), info.get("Alur-Riwayat-Sidik")) != (str(said.lines), said.head):
            self._blame(HISTORY, f"berakhir pada baris {said.lines}, bukan pada baris yang disebut {INFO}")
        return said

    def _compare_documents(self, said: Said) -> None:
        held: dict[str, set[str]] = {}  # by folder
        for path in sorted(self._payload):
            digest, of_version = self._hashes[path], OF_VERSION.fullmatch(path)
            if of_version:
                held.setdefault(of_version["folder"], set()).add(digest)
                held.setdefault(of_version["id"], set()).add(digest)
                told = said.tells_files or "/bagian/" not in path
                if told and digest not in said.known(of_version["folder"], of_version["id"]):
                    self._blame(path, "tidak dikenal riwayat")
            elif path.startswith(HANDED_OVER) and path != LIST_OF_IT:
                held.setdefault(HANDED_OVER, set()).add(digest)
                if digest not in said.handed_over and said.tells_files:
                    self._blame(path, "tidak dikenal riwayat")
        for what, folder, digest in sorted(said.expected()):
            if digest not in held.get(folder, ()):
                self._blame(what, f"menurut riwayat bersidik {digest[:12]}…, tetapi tidak ada isi seperti itu")
        for folder, digest in said.contents.items():
            paths = [f"data/dokumen/{folder}/{name}.json" for name in ("isi", "bagian")]
            if digest not in {self._hashes.get(path) for path in paths}:
                self._blame(paths[0], "bukan isi yang menurut riwayat diterbitkan sebagai versi ini")
        self._found.documents = len(said.documents)
        sources = sorted(path for path in self._payload if path.startswith(SOURCES))
        listed = "".join(f"{self._hashes[path]}  {path.removeprefix(SOURCES)}\n" for path in sources)
        content = hashlib.sha256(listed.encode()).hexdigest()
        if said.content_hash is not None and content != said.content_hash:
            self._blame(SOURCES, "diagram, formulir, atau hitungannya bukan versi yang dijalankan menurut riwayat")

    # ── the lists beside them ───────────────────────────────────────────────────────────────────────────────────────

    def _compare_lists(self, told: Testimony) -> None:
        """Compare each list with history, and require every file to be in a list."""
        self._allowed = {path for path in self._payload if path.startswith(SOURCES) or PRINTED.fullmatch(path)}
        self._allowed |= KNOWN
        lists = ((COURSE, self._read_course), (DOCUMENTS, self._read_versions), (LIST_OF_IT, self._read_handed_over))
        named = ((CALLED, self._read_called),) if told.called or CALLED in self._entries else ()
        for path, read in (*lists, *named, (ABOUT, self._read_about), (CONTENTS, self._read_contents)):
            try:
                read(path, told, json.loads(self._text(path)))
            except WRONG:
                self._blame(path, "tidak terbaca sebagai daftar")
        for path in sorted(self._payload - self._allowed):
            self._blame(path, "ditambahkan: tidak disebut daftar yang terikat pada riwayat")

    def _compare_row(self, path: str, told: Testimony, table: str, key: str, row: Mapping[str, Any]) -> None:
        known, otherwise = told.of(table).get(key), told.otherwise(table)
        if known is None and otherwise is None:
            self._blame(path, f"menyebut {table} {key.strip()}, yang tidak dikenal riwayat")
            return
        facts = known.facts if known else {}  # a berkas of an earlier version lacks empty columns
        lacking = {name for name, fact in facts.items() if fact is not None} - row.keys() - BESIDE
        held = ((name, fact, row[name]) for name, fact in {**(otherwise or {}), **facts}.items() if name in row)
        for name in sorted([*lacking, *(unfit(held) or ())[:1]]):
            self._blame(path, f"{table} {key.strip()}: {name} bukan yang disebut riwayat")

    def _compare_keys(self, path: str, told: Testimony, table: str, keys: list[str]) -> None:
        due = {key for key, row in told.of(table).items() if row.facts.get("status") == "due"}  # not printed yet
        wanted = {key for key in told.of(table) if table != "rendering" or key.split(" ")[1] != COVER} - due
        for key in sorted(wanted - set(keys)):
            self._blame(path, f"tidak menyebut {table} {key.strip()}, yang disebut riwayat")
        for key in sorted({key for key in keys if keys.count(key) > 1}):
            self._blame(path, f"menyebut {table} {key.strip()} dua kali")

    def _compare_file(self, path: str, row: Mapping[str, Any]) -> None:
        file = f"data/{row['berkas']}"
        self._allowed.add(file)
        if self._hashes.get(file) != row["sha256"]:
            self._blame(file, f"bukan isi yang disebut {path}")

    def _read_course(self, path: str, told: Testimony, course: Any) -> None:
        at = (self._found.lines, self._found.head, told.id)
        if (course["history_seq"], course["history_hash"], course["id"]) != at:
            self._blame(path, "bukan milik riwayat ini")
        row = {**course, "content_hash": course["sop_sidik"], "instance_key": course["key"]}
        self._compare_row(path, told, "instance", told.id, row)
        for step in course["langkah"]:
            by = step["returned_by"] and f"{step['returned_at']} {step['returned_by']}"
            self._compare_row(path, told, "task", step["id"], {**step, "returned_by": by})
        self._compare_keys(path, told, "task", [step["id"] for step in course["langkah"]])

    def _read_versions(self, path: str, told: Testimony, versions: Any) -> None:
        papers, signatures = [], []
        for version in versions:
            key, object_id = version["id"], version["data_object_id"]
            self._compare_row(path, told, "document", key, version)
            folder = f"data/dokumen/{object_id}/v{version['version']}"
            self._allowed.add(f"{folder}/{'bagian' if 'bagian' in version else 'isi'}.json")
            parts = version.get("bagian", ())
            if parts and sha256_of(canonical({p["item"]: p["sha256"] for p in parts})) != version["sha256"]:
                self._blame(path, f"document {key}: bagian-bagiannya bukan yang disebut riwayat")
            for part in parts:
                by = told.parts.get(f"{object_id} {part['item']} {part['sha256']}")
                if by and not fits(OneOf(by), f"{part['created_at']} {part['created_by']}"):
                    self._blame(path, f"document {key} bagian {part['item']}: bukan yang disebut riwayat")
            for paper in version["cetakan"]:
                papers.append(f"{key} {paper['format']} {paper['part']}")
                self._compare_row(path, told, "rendering", papers[-1], paper)
            for signature in version["tanda_tangan"]:
                signatures.append(signature["id"])
                self._compare_row(path, told, "signature", signature["id"], {**signature, "document_id": key})
            for each in (*parts, *version["cetakan"]):
                self._compare_file(path, each)
        self._compare_keys(path, told, "document", [version["id"] for version in versions])
        self._compare_keys(path, told, "rendering", papers)
        self._compare_keys(path, told, "signature", signatures)

    def _read_handed_over(self, path: str, told: Testimony, files: Any) -> None:
        signed = {row.facts["file_sha256"] for row in told.of("signature").values()}
        for file in files:
            untold = file["id"] not in told.of("attachment")
            self._compare_row(path, told, "attachment", file["id"], file)
            if untold and told.tells_files and file["sha256"] not in signed:
                self._blame(path, f"menyebut attachment {file['id']}, yang tidak dikenal riwayat")
            self._compare_file(path, file)
        self._compare_keys(path, told, "attachment", [file["id"] for file in files])

    def _read_called(self, path: str, told: Testimony, called: Any) -> None:
        """Compare names with the commitments in history; erased names are empty."""
        for of in sorted(told.called.keys() ^ called.keys()):
            self._blame(path, f"{'menyebut' if of in called else 'tidak menyebut'} {of[:12]}…, lain daripada riwayat")
        for of, value in called.items():
            if value["akun"] != told.called.get(of):
                self._blame(path, f"akun {value['akun']!r} bukan yang disebut riwayat")
            if value["nama"] is not None and commitment(value["garam"], value["nama"]) != of:
                self._blame(path, f"nama {value['nama']!r} bukan yang disebut riwayat")

    def _read_about(self, path: str, told: Testimony, about: Any) -> None:
        facts, last = told.of("instance")[told.id].facts, told.last
        here = (about["judul"], about["tanggal_penciptaan"], about["riwayat"])
        if here != (facts["title"], facts["ended_at"], {"baris": self._found.lines, "sidik": self._found.head}):
            self._blame(path, "judul, tanggal, atau sidiknya bukan yang disebut riwayat")
        info = self._found.info
        if (info.get("External-Identifier"), info.get("Alur-Keadaan-Per")) != (told.id, last and last.at):
            self._blame(INFO, "bukan milik riwayat ini")

    def _read_contents(self, path: str, told: Testimony, listed: Any) -> None:
        here = {each for each in self._payload if each != path and not PRINTED.fullmatch(each)}
        actual = {(each, self._entries[each].file_size, self._hashes[each]) for each in here}
        said = [(f"data/{each['path']}", each["ukuran"], each["sha256"]) for each in listed]
        for each, *_ in sorted(actual ^ set(said)):
            self._blame(path, f"menyebut {each} lain daripada yang ada")

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _blame(self, place: str, fault: str) -> None:
        self._found.faults.append(f"{place}: {fault}.")

    @contextmanager
    def _opened(self, path: str) -> Iterator[IO[bytes]]:
        entry = self._entries.get(path)
        if entry is None:
            raise _Unreadable(f"{path} tidak ada; ini bukan berkas arsip yang lengkap.")
        with self._archive.open(entry) as file:
            yield file

    def _hash(self, path: str) -> str:
        try:
            with self._opened(path) as file:
                return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # ZipExtFile has readinto
        except BROKEN:  # the ZIP's checksum is wrong: report the file, and go on
            return "-"

    def _text(self, path: str) -> str:
        try:
            with self._opened(path) as file:
                content = file.read(MOST_TEXT + 1)
        except BROKEN:
            raise _Unreadable(f"{path} rusak: isinya berubah.") from None
        if len(content) > MOST_TEXT:
            raise _Unreadable(f"{path} terlalu besar untuk sebuah daftar.")
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise _Unreadable(f"{path} bukan teks UTF-8.") from None

    def _lines(self, path: str) -> Iterator[bytes]:
        try:
            with self._opened(path) as file:
                while line := file.readline(LONGEST_LINE + 1):
                    if len(line) > LONGEST_LINE:
                        raise _Unreadable(f"{path} memuat baris yang terlalu panjang.")
                    yield line.removesuffix(b"\n")
        except BROKEN:
            raise _Unreadable(f"{path} rusak: isinya berubah.") from None
