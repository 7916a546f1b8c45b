"""Is a berkas what was archived? Checked with the ZIP alone: no database, no key, no network.

What the ZIP says of itself is believed nowhere. Nothing of it is written to the disk, and no more is read than it
declares; what it declares is limited first, so that a few kilobytes cannot ask for hours (a ZIP bomb).
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

from engine.model.history import GENESIS, canonical, commitment, genesis, sha256_of
from engine.model.renderings import COVER
from engine.model.testimony import Line, OneOf, Testimony, fits

MOST_FILES = 200_000
MOST_BYTES = 100 << 30
MOST_EXPANSION = 200  # times; what people write shrinks to a hundredth at best
SMALL = 1 << 20  # bytes that no file is refused for, however well it was compressed
MOST_TEXT = 64 << 20  # bytes of a manifest
LONGEST_LINE = 32 << 20  # bytes of one line of history
CHUNK = 1 << 20
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, NotImplementedError)
"""What the library raises on bytes that are no ZIP, or none any more."""
HISTORY, HASHES, CALLED = "data/riwayat/riwayat.jsonl", "data/riwayat/sidik.txt", "data/riwayat/nama.json"
SOURCES = "data/sop/"
MANIFEST, TAG_MANIFEST, INFO = "manifest-sha256.txt", "tagmanifest-sha256.txt", "bag-info.txt"
LISTED = re.compile(r"(?P<sha256>[0-9a-fA-F]{64})[ \t]+\*?(?P<path>.+)")
OF_VERSION = re.compile(r"data/dokumen/(?P<folder>(?P<id>[^/]+)/v\d+)/.+")
HANDED_OVER, LIST_OF_IT = "data/lampiran/", "data/lampiran/lampiran.json"
DOCUMENTS, COURSE, ABOUT = "data/dokumen/dokumen.json", "data/pelaksanaan.json", "data/arsip.json"
CONTENTS = "data/daftar-isi.json"
PRINTED = re.compile(r"data/daftar-isi(-\d+)?\.pdf")
KNOWN = frozenset({HISTORY, HASHES, CALLED, LIST_OF_IT, DOCUMENTS, COURSE, ABOUT, CONTENTS, "data/diagram.svg"})
TAGS = frozenset({"bagit.txt", INFO, MANIFEST, TAG_MANIFEST, "LIHAT-DAHULU.txt"})
BESIDE = frozenset({"status_before", "status_reason", "signed", "attachment_sha256"})
"""What lines say of rows and the lists do not."""
WRONG = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What a list raises that is not as it was written."""


@dataclass
class Inspection:
    """What was found: *faults* name file and line; without any, the berkas is what it says it is."""

    sha256: str = ""  # of the ZIP
    files: int = 0
    lines: int = 0
    documents: int = 0
    head: str = GENESIS  # hash of the last line of history
    info: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether everything fits."""
        return not self.faults


class _Unreadable(Exception):
    """The ZIP cannot be checked further; says why."""


def inspect(path: Path) -> Inspection:
    """Check the ZIP at *path*: every manifest, the chain of history, and that documents are those history names."""
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
    def __init__(self, archive: zipfile.ZipFile, size: int, found: Inspection) -> None:
        self._archive, self._found = archive, found
        self._entries = self._known(size)
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

    def _known(self, size: int) -> dict[str, zipfile.ZipInfo]:
        """Return the entries by their path in the bag, after a look at what they declare."""
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

    def _walk_history(self) -> "_Said | None":
        """Return what history says of documents; None if the chain does not fit."""
        if HISTORY not in self._entries or HASHES not in self._entries:
            self._blame(HISTORY, "hilang: tanpa riwayat tidak ada yang dapat dibuktikan")
            return None
        said, recorded = _Said(), self._text(HASHES).splitlines()
        head, number = GENESIS, 0
        for number, text in enumerate(self._lines(HISTORY), start=1):
            place = f"{HISTORY} baris {number}"
            digest = hashlib.sha256(text).hexdigest()
            if number > len(recorded) or recorded[number - 1].split() != [digest, str(number)]:
                self._blame(place, "isinya bukan yang ditulis semula: sidiknya lain daripada yang tercatat")
                return None
            try:
                line = json.loads(text)
                if number == 1 and line.get("format", 1) > 1:
                    head = genesis(self._found.info.get("Alur-Instalasi", ""), line["stream"])
                fits = (line["seq"], line["previous_hash"]) == (number, head)
                said.hear(line)
            except WRONG:
                self._blame(place, "tidak terbaca sebagai baris riwayat")
                return None
            if not fits:
                fault = "tidak menyambung ke baris sebelumnya: ada baris yang diubah, dihapus, atau disisipkan"
                self._blame(place, fault)
                return None
            if said.testimony.contradiction:
                self._blame(place, "mencatat sidik yang bukan sidik baris di depannya: riwayat dihitung ulang")
                return None
            head = digest
        self._found.lines, self._found.head = number, head
        info = self._found.info
        if (info.get("Alur-Riwayat-Baris"), info.get("Alur-Riwayat-Sidik")) != (str(number), head):
            self._blame(HISTORY, f"berakhir pada baris {number}, bukan pada baris yang disebut {INFO}")
        return said

    def _compare_documents(self, said: "_Said") -> None:
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
        """Hold each list to what history says of its rows, and every file to a list."""
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

    def _row(self, path: str, told: Testimony, table: str, key: str, row: Mapping[str, Any]) -> None:
        """Hold a row of a list to what history says of it."""
        known = told.of(table).get(key)
        try:
            differs = told.differs(table, key, row)
        except LookupError:
            self._blame(path, f"menyebut {table} {key}, yang tidak dikenal riwayat")
            return
        facts = known.facts if known else {}  # a berkas of an earlier version lacks columns that hold nothing
        lacking = {name for name, fact in facts.items() if fact is not None} - row.keys() - BESIDE
        for name in sorted([*lacking, *(differs or ())[:1]]):
            self._blame(path, f"{table} {key}: {name} bukan yang disebut riwayat")

    def _all_told(self, path: str, told: Testimony, table: str, keys: list[str]) -> None:
        wanted = {key for key in told.of(table) if table != "rendering" or key.split(" ")[1] != COVER}
        for key in sorted(wanted - set(keys)):
            self._blame(path, f"tidak menyebut {table} {key}, yang disebut riwayat")
        for key in sorted({key for key in keys if keys.count(key) > 1}):
            self._blame(path, f"menyebut {table} {key} dua kali")

    def _kept(self, path: str, row: Mapping[str, Any]) -> None:
        """Hold a file that a list names to the hash beside it."""
        file = f"data/{row['berkas']}"
        self._allowed.add(file)
        if self._hashes.get(file) != row["sha256"]:
            self._blame(file, f"bukan isi yang disebut {path}")

    def _read_course(self, path: str, told: Testimony, course: Any) -> None:
        at = (self._found.lines, self._found.head, told.id)
        if (course["history_seq"], course["history_hash"], course["id"]) != at:
            self._blame(path, "bukan milik riwayat ini")
        self._row(
            path,
            told,
            "instance",
            told.id,
            {**course, "content_hash": course["sop_sidik"], "instance_key": course["key"]},
        )
        for step in course["langkah"]:
            by = step["returned_by"] and f"{step['returned_at']} {step['returned_by']}"
            self._row(path, told, "task", step["id"], {**step, "returned": by})
        self._all_told(path, told, "task", [step["id"] for step in course["langkah"]])

    def _read_versions(self, path: str, told: Testimony, versions: Any) -> None:
        papers, signatures = [], []
        for version in versions:
            key, object_id = version["id"], version["data_object_id"]
            self._row(path, told, "document", key, version)
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
                papers.append(f"{key} {paper['format']} {paper['part']}".strip())
                self._row(path, told, "rendering", papers[-1], paper)
            for signature in version["tanda_tangan"]:
                signatures.append(signature["id"])
                self._row(path, told, "signature", signature["id"], {**signature, "document_id": key})
            for each in (*parts, *version["cetakan"]):
                self._kept(path, each)
        self._all_told(path, told, "document", [version["id"] for version in versions])
        self._all_told(path, told, "rendering", papers)
        self._all_told(path, told, "signature", signatures)

    def _read_handed_over(self, path: str, told: Testimony, files: Any) -> None:
        signed = {row.facts["file_sha256"] for row in told.of("signature").values()}
        for file in files:
            untold = file["id"] not in told.of("attachment")
            self._row(path, told, "attachment", file["id"], file)
            if untold and told.tells_files and file["sha256"] not in signed:
                self._blame(path, f"menyebut attachment {file['id']}, yang tidak dikenal riwayat")
            self._kept(path, file)
        self._all_told(path, told, "attachment", [file["id"] for file in files])

    def _read_called(self, path: str, told: Testimony, called: Any) -> None:
        """Hold names to the commitments in the lines; one that was erased is there without."""
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
        digest = hashlib.sha256()
        try:
            with self._opened(path) as file:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
        except BROKEN:  # its own checksum does not fit: say which file, and go on
            return "-"
        return digest.hexdigest()

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


class _Said:
    """What history says that must be in the berkas, and in which folder: the last word on each version and paper."""

    def __init__(self) -> None:
        self.documents: set[str] = set()
        self.contents: dict[str, str] = {}  # by folder of the version
        self.handed_over: set[str] = set()  # evidence, scans, signed PDFs
        self.testimony = Testimony("instance:")
        self.tells_files = True  # lines of earlier releases do not say what was handed over, nor the first part's hash
        self.content_hash: str | None = None
        self._parts: dict[tuple[str, str], tuple[str, str, str]] = {}
        self._all_parts: dict[str, set[str]] = {}  # by data object: a version copies those of the one before
        self._papers: dict[str, set[tuple[str, str]]] = {}  # by folder
        self._expected: set[tuple[str, str, str]] = set()

    def hear(self, line: Mapping[str, Any]) -> None:
        action, change = line["action"], json.loads(line["change"])
        self.testimony.stream = line["stream"]
        said = {name: line[name] for name in Line._fields if name in line}  # format 1 says less
        self.testimony.hear(Line(**{**said, "change": change}))
        if action == "instance:started":
            self.content_hash = str(change["content_hash"])
        if action == "task:completed":
            self.tells_files &= "files" in change
            for digest in change.get("files", {}).values():
                self._hand_over(f"lampiran dari {line['element_id']}", str(digest))
        if "document" not in change or "data_object" not in change:
            return
        object_id, folder = change["data_object"], f"{change['data_object']}/v{change['version']}"
        named = f"{object_id} v{change['version']}"
        if action in ("document:saved", "document:submitted", "document:issued", "document:replaced"):
            self.documents.add(change["document"])
            self.contents[folder] = str(change["sha256"])
        if "part_sha256" in change:
            digest = str(change["part_sha256"])
            self._parts[(change["document"], change["item"])] = (f"{named} bagian {change['item']}", object_id, digest)
            self._all_parts.setdefault(object_id, set()).add(digest)
        if action == "document:rendered" and change["format"] != COVER:  # the picture of a first page is no paper
            part = f" {change['part']}" if change.get("part") else ""
            paper = (f"{named} ({change['format']}{part})", str(change["file_sha256"]))
            self._papers.setdefault(folder, set()).add(paper)
        if action in ("document:signed", "signature:filed") and change.get("file_sha256"):
            self._hand_over(f"{named} (bertanda tangan)", str(change["file_sha256"]))

    def known(self, folder: str, object_id: str) -> set[str]:
        """Return every hash that a file of a version may have."""
        papers = {digest for _, digest in self._papers.get(folder, ())}
        return {self.contents.get(folder, ""), *papers, *self._all_parts.get(object_id, ())}

    def expected(self) -> set[tuple[str, str, str]]:
        """Return what must be there beside contents: (what it is, its folder, its hash)."""
        papers = {(what, folder, digest) for folder, of in self._papers.items() for what, digest in of}
        return {*self._parts.values(), *papers, *self._expected}

    def _hand_over(self, what: str, digest: str) -> None:
        self.handed_over.add(digest)
        self._expected.add((what, HANDED_OVER, digest))
