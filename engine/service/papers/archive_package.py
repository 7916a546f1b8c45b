"""Everything about one instance as a BagIt bag: for the archive at completion, for an auditor at any time.

Hashed content (documents, history lines, the procedure's files) is included exactly as it was hashed, so that the ZIP
can be verified without Alur. It shows the state at the last history line, whose instant is also the date of the ZIP's
entries: the same state gives the same bytes.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO

from engine import __version__
from engine.bpmn.drawing import NoDrawing, draw, drawing_words
from engine.documents.bagit import Bag, BagItem, item
from engine.documents.typst_renderer import PRESS, Order, Press
from engine.forms.field import FILING, Field, Wording
from engine.model.archives import ARCHIVE_FORM, Place
from engine.model.errors import Damaged, NotFound, there
from engine.model.history import canonical, plain
from engine.model.renderings import COVER, SIGNED, Rendering
from engine.model.work import DocumentVersion, InstanceRecord
from engine.service.office.business_calendar import Office
from engine.service.papers.archive_description import About, PackageInput, archival, course, described, row, size
from engine.service.papers.render_context import identity
from engine.service.procedures.procedure import Procedure, Procedures
from engine.store.database import Database
from engine.store.files import FileStore
from engine.store.history import installation_of
from engine.store.queries import (
    Transaction,
    archives,
    documents,
    histories,
    instances,
    people,
    renderings,
    signatures,
    tasks,
)

LINES_AT_ONCE = 500
MOST_PRINTED = 2_000  # files in one printed list: the press has not enough memory for twice as many
CONTENTS, CONTENTS_PRINTED = "daftar-isi.json", "daftar-isi.pdf"
UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
NOTE = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")


@dataclass(frozen=True)
class ArchivePackage:
    """The bag of one instance, with facts for the archive."""

    record: InstanceRecord
    bag: Bag
    place: Place
    unprinted: tuple[tuple[str, Rendering], ...]  # renderings that are not made, with their document's name


@dataclass(frozen=True)
class ArchivePackages:
    """Makes bags of instances."""

    database: Database
    files: FileStore
    procedures: Procedures
    office: Office
    press: Press = PRESS

    @contextmanager
    def gathered(self, instance_id: str, kind: str) -> Iterator[ArchivePackage]:
        """Yield the bag of an instance, to be written while open; *kind*: "arsip", "pemeriksaan". Raises Busy."""
        with self.files.scratch() as lines:
            source = self.database.ask(self._read, instance_id, lines)
            unprinted = tuple(
                (version.name, each)
                for version in source.versions
                for each in source.renderings
                if each.document_id == version.id and each.sha256 is None
            )
            bag = self._bag(source, kind)
            yield ArchivePackage(source.record, bag, source.about.place, unprinted)

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def about(self, reader: Transaction, record: InstanceRecord) -> About:
        """Return the archive details that an instance's forms hold."""
        procedure = self.procedures.of(reader, record.definition_id)
        return self._about(reader, record, procedure, documents.of_instance(reader, record.id))

    def _read(self, reader: Transaction, instance_id: str, lines: BinaryIO) -> PackageInput:
        record = there(instances.by_id(reader, instance_id), instance_id)
        procedure = self.procedures.of(reader, record.definition_id)
        versions = documents.of_instance(reader, instance_id)
        source = PackageInput(
            record=record,
            procedure=procedure,
            versions=versions,
            renderings=renderings.of_instance(reader, instance_id),
            attachments=documents.attachments_of(reader, instance_id),
            signatures=signatures.of_instance(reader, instance_id),
            tasks=tasks.of_instance(reader, instance_id),
            names={},
            about=self._about(reader, record, procedure, versions),
            lines=lines,
            hashes=b"",
        )
        actors = _copy_history(reader, source)
        source.names = people.names(reader, actors) | {str(who): name for (who, _), name in source.then.items()}
        return source

    def _about(
        self, reader: Transaction, record: InstanceRecord, procedure: Procedure, versions: Sequence[DocumentVersion]
    ) -> About:
        """Return the newest entries of each archive detail; a corrected place overrides the entered one."""
        newest = {each.data_object_id: each for each in versions}
        shown: dict[str, Wording] = {}
        said: dict[str, Any] = {}
        for step in procedure.outline.tasks:
            for word, (path, asked) in procedure.form_of(step.element_id).archive.items():
                names = path.split(".")
                version = newest.get(names[0])
                value: Any = (
                    {names[0]: json.loads(version.content)}
                    if version
                    else histories.last_values(reader, record.id, step.element_id)
                )
                for name in names:
                    value = value.get(name) if isinstance(value, Mapping) else None
                if value is not None:
                    said[word], shown[word] = value, _shown(asked, value)
        kept, last = archives.by_id(reader, record.id), procedure.forms.get(ARCHIVE_FORM)
        if kept is not None and last is not None:
            for word, value in kept.place.details.items():
                said[word], shown[word] = value, _shown(last.archive[word][1], value)
        filed_on = said.get(FILING[1])
        parts = {name: str(text) for name, text in (said.get(FILING[0]) or {}).items() if text}
        place = Place(parts, datetime.fromisoformat(filed_on).date() if filed_on else None, said.get(FILING[2]))
        if kept is not None and kept.place != Place():
            place = kept.place
        return About(place, procedure.place_in_words(place), said, shown)

    # ── the bag ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _bag(self, source: PackageInput, kind: str) -> Bag:
        record, outline = source.record, source.procedure.outline
        at, seq = source.as_of or record.started_at, source.seq
        local = at.astimezone(self.office.calendar().zone)
        creator = str(identity(self.office, source.procedure, at).get("nama") or "")
        payload = sorted(self._payload(source, creator), key=lambda each: each.path)
        listed = [{"path": e.path, "keterangan": e.about, "ukuran": e.size, "sha256": e.sha256} for e in payload]
        payload.append(_json(CONTENTS, listed, "Daftar isi, untuk program"))
        printed: list[BagItem] = []
        sheets = range(0, len(payload), MOST_PRINTED)
        for number, begin in enumerate(sheets, start=1):
            order = self._contents(source, payload[begin : begin + MOST_PRINTED], begin, at, creator)
            path = CONTENTS_PRINTED if number == 1 else f"daftar-isi-{number}.pdf"
            about = f"Daftar isi berkas, {number} dari {len(sheets)}" if len(sheets) > 1 else "Daftar isi berkas"
            printed.append(item(path, self.press.print(order).content, about))
        payload += printed
        named = f"{kind}-{outline.process_id}-{_safe(record.title).lower()}-{record.id[:8]}"
        info = {
            "Source-Organization": creator,
            "Bag-Software-Agent": f"Alur {__version__}",
            "Bagging-Date": local.date().isoformat(),
            "External-Identifier": record.id,
            "External-Description": f"{record.title} · {outline.name}",
            "Alur-Jenis": kind,
            "Alur-Meralat": record.corrects and record.corrects["instance"],
            "Alur-Keadaan-Per": plain(at),
            "Alur-Instalasi": source.installation,
            "Alur-Riwayat-Baris": str(seq),
            "Alur-Riwayat-Sidik": source.hash,
        }
        until = {"seq": seq, "at": local.strftime("%Y-%m-%d %H.%M"), "version": __version__}
        note = NOTE.format(record=record, sop=outline.name, installation=source.installation, **until)
        return Bag(
            f"{named}-r{seq}",
            local,
            {label: value for label, value in info.items() if value},
            ("LIHAT-DAHULU.txt", note.encode()),
            tuple(sorted(payload, key=lambda each: each.path)),
        )

    def _payload(self, source: PackageInput, creator: str) -> list[BagItem]:
        procedure = source.procedure
        size = source.lines.seek(0, 2)
        source.lines.seek(0)
        sha256 = hashlib.file_digest(source.lines, "sha256").hexdigest()  # type: ignore[arg-type]
        found = [
            _json("arsip.json", archival(source, creator), "Keterangan arsip"),
            _json("pelaksanaan.json", course(source), "Pelaksanaan: langkah, pelaksana, waktu"),
            BagItem("riwayat/riwayat.jsonl", sha256, size, lambda: _rewound(source.lines), "Riwayat, baris demi baris"),
            item("riwayat/sidik.txt", source.hashes, "Sidik tiap baris riwayat, seperti tercatat"),
            _json("riwayat/nama.json", source.called, "Nama pelaku ketika itu, dengan garamnya"),
        ]
        for path, content in procedure.files.items():
            found.append(item(f"sop/{path}", content, f"SOP versi {source.record.version}: {path.rsplit('/', 1)[-1]}"))
        with suppress(NoDrawing):
            drawing = draw(procedure.xml, words=drawing_words())
            found.append(item("diagram.svg", drawing.encode(), "Diagram SOP, gambar"))
        index = []
        for version in source.versions:
            items, entry = self._of_version(version, source)
            found += items
            index.append(entry)
        found.append(_json("dokumen/dokumen.json", index, "Daftar dokumen dan versinya"))
        index = []
        named = {version.id: f" ({version.name} v{version.version}, bertanda tangan)" for version in source.versions}
        signed = {each.attachment_id: named.get(each.document_id, "") for each in source.signatures}
        for number, each in enumerate(source.attachments, start=1):
            path = f"lampiran/{number:03}-{_safe(each.name)}"
            found.append(self._kept(path, each.sha256, each.size, f"Lampiran: {each.name}{signed.get(each.id, '')}"))
            index.append({**row(each), "berkas": path})
        found.append(_json("lampiran/lampiran.json", index, "Daftar lampiran"))
        return found

    def _of_version(self, version: DocumentVersion, source: PackageInput) -> tuple[list[BagItem], dict[str, Any]]:
        folder, name = f"dokumen/{version.data_object_id}/v{version.version}", f"{version.name} v{version.version}"
        found = []
        entry = row(version, "content", "parts", "instance_id")
        if version.parts:
            union = canonical({part.item: part.sha256 for part in version.parts}).encode()
            found.append(item(f"{folder}/bagian.json", union, f"{name}: sidik bagian-bagiannya"))
            entry["bagian"] = []
            for number, part in enumerate(version.parts, start=1):
                path = f"{folder}/bagian/{number:03}-{_safe(part.item)}.json"
                found.append(item(path, part.content.encode(), f"{name}: isi bagian {part.item}"))
                entry["bagian"].append({**row(part, "content"), "berkas": path})
        else:
            found.append(item(f"{folder}/isi.json", version.content.encode(), f"{name}: isi"))
        entry["cetakan"] = []
        printed = [each for each in source.renderings if each.document_id == version.id and each.format != COVER]
        for number, each in enumerate(printed, start=1):
            if each.sha256 is None:
                continue
            ending = f"-{number:03}-{_safe(each.part)}" if each.part else ""
            path = f"{folder}/{version.data_object_id}-v{version.version}{ending}.{each.format}"
            for_whom = f" untuk {each.part}" if each.part else ""
            if each.part.startswith(SIGNED):
                for_whom = " dengan persetujuan elektronik internal"
            found.append(self._kept(path, each.sha256, each.size or 0, f"{name}{for_whom} ({each.format.upper()})"))
            entry["cetakan"].append({**row(each), "berkas": path})
        entry["tanda_tangan"] = [row(each) for each in source.signatures if each.document_id == version.id]
        return found, entry

    def _kept(self, path: str, sha256: str, size: int, about: str) -> BagItem:
        def opened() -> BinaryIO:
            try:
                return self.files.open(sha256)
            except NotFound:
                raise Damaged(path, sha256) from None

        return BagItem(path, sha256, size, opened, about)

    def _contents(
        self, source: PackageInput, listed: Sequence[BagItem], before: int, at: datetime, creator: str
    ) -> Order:
        """Return the print order of the list of contents, or of one part, with *before* entries in earlier parts."""
        local = at.astimezone(self.office.calendar().zone).strftime("%Y-%m-%dT%H:%M")
        data = {
            "data": {
                "keterangan": described(source, creator),
                "berkas": [
                    {"path": e.path, "keterangan": e.about, "ukuran": size(e.size), "sha256": e.sha256} for e in listed
                ],
                "mulai": before + 1,
                "baris": str(source.seq),
                "sidik": source.hash,
            },
            "dokumen": {"nama": "Daftar Isi Berkas", "nomor": None, "versi": 1, "diterbitkan": local, "sha256": None},
            "instansi": identity(self.office, source.procedure, at),
            "orang": {},
            "pelaksanaan": {"judul": source.record.title, "sop": source.procedure.outline.name},
            "dokumen_lain": {},
            "nilai": {},
        }
        content = json.dumps(data, ensure_ascii=False, default=str).encode()
        main = b'#include "/alur/daftar-isi.typ"\n'
        return Order("berkas.typ", {"berkas.typ": main}, content, timestamp=int(at.timestamp()))


def _copy_history(reader: Transaction, source: PackageInput) -> set[str]:
    """Copy the instance's lines into *source* as they were hashed; return the ids of their actors."""
    stream, actors, hashes = f"instance:{source.record.id}", {source.record.started_by}, []
    more = True
    source.installation = installation_of(reader.connection) or ""
    while more:
        lines, more = histories.after(reader, stream, source.seq, LINES_AT_ONCE)
        for line in lines:
            source.lines.write(line.hashed_text().encode() + b"\n")
            hashes.append(f"{line.hash}  {line.seq}\n")
            source.seq, source.hash, source.as_of = line.seq, line.hash, line.at
            actors.add(line.actor)
            if line.called is not None:
                source.then[line.actor, line.at] = line.called
            if line.name is not None:
                source.called[line.name] = {"akun": line.actor}
    for each in people.values_of(reader, source.called):
        source.called[each.commitment] |= {"garam": each.salt, "nama": each.value}
    source.hashes = "".join(hashes).encode()
    return actors


@contextmanager
def _rewound(file: BinaryIO) -> Iterator[IO[bytes]]:
    file.seek(0)
    yield file


def _json(path: str, value: Any, about: str) -> BagItem:
    text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, default=str)
    return item(path, f"{text}\n".encode(), about)


def _shown(field: Field, value: Any) -> Wording:
    return next((option.wording for option in field.options if option.value == value), Wording(str(value)))


def _safe(name: str) -> str:
    """Return a file name that every system can store; the original name is in the list of files."""
    stem, point, ending = name.rpartition(".")
    text = UNSAFE.sub("-", name).strip("-.") or "berkas"
    if len(text) <= 80:
        return text
    return UNSAFE.sub("-", stem)[:60].strip("-.") + point + UNSAFE.sub("-", ending)[:10]
