"""All that there is of one instance, as a bag: for the archive when it is completed, for an auditor at any time.

What history's hashes cover goes in as the very text that they are over (content of documents, lines of history, files
of the procedure), so that whoever has the ZIP needs nothing of ours to compute them. The state that it shows is that of
the last line of history, which is also the instant on its entries: the same state gives the same bytes.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO

from engine import __version__
from engine.bpmn.drawing import DrawingWords, NoDrawing, draw
from engine.documents.bagit import Bag, BagItem, item
from engine.documents.typst_renderer import PRESS, Order, Press
from engine.forms.field import FILING, Field, Wording
from engine.model.archives import Place
from engine.model.errors import Damaged, NotFound, there
from engine.model.history import GENESIS, canonical, plain
from engine.model.renderings import COVER, SIGNED, Rendering
from engine.model.signatures import Signature
from engine.model.work import Attachment, DocumentVersion, InstanceRecord, TaskRecord
from engine.service.office.business_calendar import Office
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
MOST_PRINTED = 2_000  # files in one printed list: twice as many are more memory than the press gives
CONTENTS, CONTENTS_PRINTED = "daftar-isi.json", "daftar-isi.pdf"
LEVELS = {"classification": "klasifikasi", "level": "tingkat_perkembangan", "security": "klasifikasi_keamanan"}
RETENTION = {"activeRetention": "aktif_tahun", "inactiveRetention": "inaktif_tahun", "disposition": "nasib_akhir"}
UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
NOTE = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class About:
    """What the forms said of the berkas: the place, and by the archive's words all else; as kept, and for people."""

    place: Place
    place_in_words: tuple[tuple[Wording, str], ...]
    said: Mapping[str, Any]
    shown: Mapping[str, Wording]


@dataclass(frozen=True)
class ArchivePackage:
    """The bag of one instance, and what the archive must know of it."""

    record: InstanceRecord
    bag: Bag
    place: Place
    unprinted: tuple[tuple[str, Rendering], ...]  # papers that are not there, with their document's name


@dataclass
class _PackageInput:
    """What was read of an instance, as of one moment."""

    record: InstanceRecord
    procedure: Procedure
    versions: tuple[DocumentVersion, ...]
    renderings: tuple[Rendering, ...]
    attachments: tuple[Attachment, ...]
    signatures: tuple[Signature, ...]
    tasks: tuple[TaskRecord, ...]
    names: Mapping[str, str]
    about: About
    lines: BinaryIO  # history as JSON lines
    hashes: bytes
    installation: str = ""
    called: dict[str, Any] = field(default_factory=dict)  # what lines' commitments stand for
    # names as they were, by account and instant
    then: dict[tuple[str | None, datetime | None], str] = field(default_factory=dict)
    seq: int = 0  # of its newest line, which is of what hash
    hash: str = GENESIS
    as_of: datetime | None = None  # when that was written


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
        """Give the bag of an instance, *kind* being "arsip" or "pemeriksaan"; it can be written while this is open.

        NotFound if there is no such instance, Busy if others are printed.
        """
        with self.files.scratch() as lines:
            ground = self.database.ask(self._read, instance_id, lines)
            unprinted = tuple(
                (version.name, each)
                for version in ground.versions
                for each in ground.renderings
                if each.document_id == version.id and each.sha256 is None
            )
            bag = self._bag(ground, kind)
            yield ArchivePackage(ground.record, bag, ground.about.place, unprinted)

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def about(self, reader: Transaction, record: InstanceRecord) -> About:
        """Return what the forms of an instance said of its berkas."""
        procedure = self.procedures.of(reader, record.definition_id)
        return self._about(reader, record, procedure, documents.of_instance(reader, record.id))

    def _read(self, reader: Transaction, instance_id: str, lines: BinaryIO) -> _PackageInput:
        record = there(instances.by_id(reader, instance_id), instance_id)
        procedure = self.procedures.of(reader, record.definition_id)
        versions = documents.of_instance(reader, instance_id)
        ground = _PackageInput(
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
        actors = _copy_history(reader, ground)
        ground.names = people.names(reader, actors) | {str(who): name for (who, _), name in ground.then.items()}
        return ground

    def _about(
        self, reader: Transaction, record: InstanceRecord, procedure: Procedure, versions: Sequence[DocumentVersion]
    ) -> About:
        """Return what the newest version of each document said; a later correction of the place is the archive's."""
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
        kept = archives.by_id(reader, record.id)
        filed_on = said.get(FILING[1])
        parts = {name: str(text) for name, text in (said.get(FILING[0]) or {}).items() if text}
        place = Place(parts, datetime.fromisoformat(filed_on).date() if filed_on else None, said.get(FILING[2]))
        if kept is not None and kept.place != Place():
            place = kept.place
        return About(place, procedure.place_in_words(place), said, shown)

    # ── the bag ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _bag(self, ground: _PackageInput, kind: str) -> Bag:
        record, outline = ground.record, ground.procedure.outline
        at, seq = ground.as_of or record.started_at, ground.seq
        local = at.astimezone(self.office.calendar().zone)
        creator = str(identity(self.office, ground.procedure, at).get("nama") or "")
        payload = sorted(self._payload(ground, creator), key=lambda each: each.path)
        listed = [{"path": e.path, "keterangan": e.about, "ukuran": e.size, "sha256": e.sha256} for e in payload]
        payload.append(_json(CONTENTS, listed, "Daftar isi, untuk program"))
        printed: list[BagItem] = []
        sheets = range(0, len(payload), MOST_PRINTED)
        for number, begin in enumerate(sheets, start=1):
            order = self._contents(ground, payload[begin : begin + MOST_PRINTED], begin, at, creator)
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
            "Alur-Instalasi": ground.installation,
            "Alur-Riwayat-Baris": str(seq),
            "Alur-Riwayat-Sidik": ground.hash,
        }
        until = {"seq": seq, "at": local.strftime("%Y-%m-%d %H.%M"), "version": __version__}
        note = NOTE.format(record=record, sop=outline.name, installation=ground.installation, **until)
        return Bag(
            f"{named}-r{seq}",
            local,
            {label: value for label, value in info.items() if value},
            ("LIHAT-DAHULU.txt", note.encode()),
            tuple(sorted(payload, key=lambda each: each.path)),
        )

    def _payload(self, ground: _PackageInput, creator: str) -> list[BagItem]:
        procedure = ground.procedure
        size = ground.lines.seek(0, 2)
        ground.lines.seek(0)
        sha256 = hashlib.file_digest(ground.lines, "sha256").hexdigest()  # type: ignore[arg-type]
        found = [
            _json("arsip.json", _archival(ground, creator), "Keterangan arsip"),
            _json("pelaksanaan.json", _course(ground), "Pelaksanaan: langkah, pelaksana, waktu"),
            BagItem("riwayat/riwayat.jsonl", sha256, size, lambda: _rewound(ground.lines), "Riwayat, baris demi baris"),
            item("riwayat/sidik.txt", ground.hashes, "Sidik tiap baris riwayat, seperti tercatat"),
            _json("riwayat/nama.json", ground.called, "Nama pelaku ketika itu, dengan garamnya"),
        ]
        for path, content in procedure.files.items():
            found.append(item(f"sop/{path}", content, f"SOP versi {ground.record.version}: {path.rsplit('/', 1)[-1]}"))
        with suppress(NoDrawing):
            found.append(item("diagram.svg", draw(procedure.xml, words=DrawingWords()).encode(), "Diagram SOP, gambar"))
        index = []
        for version in ground.versions:
            items, entry = self._of_version(version, ground)
            found += items
            index.append(entry)
        found.append(_json("dokumen/dokumen.json", index, "Daftar dokumen dan versinya"))
        index = []
        named = {version.id: f" ({version.name} v{version.version}, bertanda tangan)" for version in ground.versions}
        signed = {each.attachment_id: named.get(each.document_id, "") for each in ground.signatures}
        for number, each in enumerate(ground.attachments, start=1):
            path = f"lampiran/{number:03}-{_safe(each.name)}"
            found.append(self._kept(path, each.sha256, each.size, f"Lampiran: {each.name}{signed.get(each.id, '')}"))
            index.append({**_row(each), "berkas": path})
        found.append(_json("lampiran/lampiran.json", index, "Daftar lampiran"))
        return found

    def _of_version(self, version: DocumentVersion, ground: _PackageInput) -> tuple[list[BagItem], dict[str, Any]]:
        folder, name = f"dokumen/{version.data_object_id}/v{version.version}", f"{version.name} v{version.version}"
        found = []
        entry = _row(version, "content", "parts", "instance_id")
        if version.parts:
            union = canonical({part.item: part.sha256 for part in version.parts}).encode()
            found.append(item(f"{folder}/bagian.json", union, f"{name}: sidik bagian-bagiannya"))
            entry["bagian"] = []
            for number, part in enumerate(version.parts, start=1):
                path = f"{folder}/bagian/{number:03}-{_safe(part.item)}.json"
                found.append(item(path, part.content.encode(), f"{name}: isi bagian {part.item}"))
                entry["bagian"].append({**_row(part, "content"), "berkas": path})
        else:
            found.append(item(f"{folder}/isi.json", version.content.encode(), f"{name}: isi"))
        entry["cetakan"] = []
        printed = [each for each in ground.renderings if each.document_id == version.id and each.format != COVER]
        for number, each in enumerate(printed, start=1):
            if each.sha256 is None:
                continue
            ending = f"-{number:03}-{_safe(each.part)}" if each.part else ""
            path = f"{folder}/{version.data_object_id}-v{version.version}{ending}.{each.format}"
            for_whom = f" untuk {each.part}" if each.part else ""
            if each.part.startswith(SIGNED):
                for_whom = " dengan persetujuan elektronik internal"
            found.append(self._kept(path, each.sha256, each.size or 0, f"{name}{for_whom} ({each.format.upper()})"))
            entry["cetakan"].append({**_row(each), "berkas": path})
        entry["tanda_tangan"] = [_row(each) for each in ground.signatures if each.document_id == version.id]
        return found, entry

    def _kept(self, path: str, sha256: str, size: int, about: str) -> BagItem:
        def opened() -> BinaryIO:
            try:
                return self.files.open(sha256)
            except NotFound:
                raise Damaged(path, sha256) from None

        return BagItem(path, sha256, size, opened, about)

    def _contents(
        self, ground: _PackageInput, listed: Sequence[BagItem], before: int, at: datetime, creator: str
    ) -> Order:
        """Return the order of the printed list of contents, or of a part of a long one, *before* which others stand."""
        local = at.astimezone(self.office.calendar().zone).strftime("%Y-%m-%dT%H:%M")
        data = {
            "data": {
                "keterangan": _described(ground, creator),
                "berkas": [
                    {"path": e.path, "keterangan": e.about, "ukuran": _size(e.size), "sha256": e.sha256} for e in listed
                ],
                "mulai": before + 1,
                "baris": str(ground.seq),
                "sidik": ground.hash,
            },
            "dokumen": {"nama": "Daftar Isi Berkas", "nomor": None, "versi": 1, "diterbitkan": local, "sha256": None},
            "instansi": identity(self.office, ground.procedure, at),
            "orang": {},
            "pelaksanaan": {"judul": ground.record.title, "sop": ground.procedure.outline.name},
            "dokumen_lain": {},
            "nilai": {},
        }
        content = json.dumps(data, ensure_ascii=False, default=str).encode()
        main = b'#include "/alur/daftar-isi.typ"\n'
        return Order("berkas.typ", {"berkas.typ": main}, content, timestamp=int(at.timestamp()))


def _copy_history(reader: Transaction, ground: _PackageInput) -> set[str]:
    """Write the instance's lines into the ground, each as the text that its hash is over; everybody who acted."""
    stream, actors, hashes = f"instance:{ground.record.id}", {ground.record.started_by}, []
    more = True
    ground.installation = installation_of(reader.connection) or ""
    while more:
        lines, more = histories.after(reader, stream, ground.seq, LINES_AT_ONCE)
        for line in lines:
            ground.lines.write(line.hashed_text().encode() + b"\n")
            hashes.append(f"{line.hash}  {line.seq}\n")
            ground.seq, ground.hash, ground.as_of = line.seq, line.hash, line.at
            actors.add(line.actor)
            if line.called is not None:
                ground.then[line.actor, line.at] = line.called
            if line.name is not None:
                ground.called[line.name] = {"akun": line.actor}
    for each in people.values_of(reader, ground.called):
        ground.called[each.commitment] |= {"garam": each.salt, "nama": each.value}
    ground.hashes = "".join(hashes).encode()
    return actors


@contextmanager
def _rewound(file: BinaryIO) -> Iterator[IO[bytes]]:
    file.seek(0)
    yield file


def _archival(ground: _PackageInput, creator: str) -> dict[str, Any]:
    """Return what an archivist asks of a berkas; retention stays empty until the office says it."""
    record, about = ground.record, ground.about
    return {
        "judul": record.title,
        "sop": ground.procedure.outline.name,
        "pencipta": creator,
        "tanggal_penciptaan": plain(record.ended_at),
        **{name: about.shown[word].id if word in about.shown else None for word, name in LEVELS.items()},
        "retensi": {name: about.said.get(word) for word, name in RETENTION.items()},
        "tempat_simpan_manual": {
            **{label.id: text for label, text in about.place_in_words},
            "tanggal_simpan": plain(about.place.filed_on),
            "petugas": about.place.filed_by,
        },
        "meralat": record.corrects,
        "riwayat": {"baris": ground.seq, "sidik": ground.hash},
    }


def _described(ground: _PackageInput, creator: str) -> list[tuple[str, Any]]:
    """Return the facts above the printed list."""
    about, place = ground.about, ground.about.place
    filed = "; ".join(f"{label.id} {text.removeprefix(f'{label.id} ')}" for label, text in about.place_in_words)
    by = ground.names.get(place.filed_by or "", place.filed_by)
    said = {word: wording.id for word, wording in about.shown.items()}
    empty = "belum ditetapkan"
    return [
        ("SOP", f"{ground.procedure.outline.name}, versi {ground.record.version}"),
        ("Pencipta arsip", creator),
        ("Kode klasifikasi", said.get("classification", empty)),
        ("Tingkat perkembangan", said.get("level", empty)),
        ("Klasifikasi keamanan", said.get("security", empty)),
        ("Tempat simpan manual", filed or "belum dicatat"),
        ("Disimpan", {"tanggal": place.filed_on, "oleh": by} if place.filed_on and by else "belum dicatat"),
        ("Retensi aktif, inaktif", ", ".join(said.get(w, empty) for w in ("activeRetention", "inactiveRetention"))),
        ("Nasib akhir", said.get("disposition", empty)),
    ]


def _course(ground: _PackageInput) -> dict[str, Any]:
    named = [{"nama": ground.then.get((each.completed_by, each.completed_at))} for each in ground.tasks]
    rows = [_row(each, "instance_status", "title", "process_id") for each in ground.tasks]
    steps = [row | name for row, name in zip(rows, named, strict=True)]
    about = _row(ground.record, "revision", "changed_at", "status_reason")
    content_hash = ground.procedure.record.content_hash
    return {**about, "sop_sidik": content_hash, "langkah": steps, "orang": dict(sorted(ground.names.items()))}


def _row(value: Any, *without: str) -> dict[str, Any]:
    """Return a frozen value as JSON can say it, *without* some of its fields."""
    names = [name for name in value.__dataclass_fields__ if name not in without]
    return {name: plain(kept) for name in names if _sayable(kept := getattr(value, name))}


def _sayable(value: Any) -> bool:
    return not (isinstance(value, tuple) and value and hasattr(value[0], "__dataclass_fields__"))


def _json(path: str, value: Any, about: str) -> BagItem:
    text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, default=str)
    return item(path, f"{text}\n".encode(), about)


def _shown(field: Field, value: Any) -> Wording:
    """Return a value in the form's own words."""
    return next((option.wording for option in field.options if option.value == value), Wording(str(value)))


def _safe(name: str) -> str:
    """Return a name that every system can keep: what else people call a file stands in its list."""
    stem, point, ending = name.rpartition(".")
    text = UNSAFE.sub("-", name).strip("-.") or "berkas"
    if len(text) <= 80:
        return text
    return UNSAFE.sub("-", stem)[:60].strip("-.") + point + UNSAFE.sub("-", ending)[:10]


def _size(count: int) -> str:
    for unit, step in (("MB", 1 << 20), ("kB", 1 << 10)):
        if count >= step:
            return f"{count / step:.1f} {unit}".replace(".", ",")
    return f"{count} B"
