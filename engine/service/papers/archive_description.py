"""Descriptions in a berkas, for archivists, for the list of contents, and for programs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from engine.forms.field import Wording
from engine.model.archives import Place
from engine.model.history import GENESIS, plain
from engine.model.renderings import Rendering
from engine.model.signatures import Signature
from engine.model.work import Attachment, DocumentVersion, InstanceRecord, TaskRecord
from engine.service.procedures.procedure import Procedure

LEVELS = {"classification": "klasifikasi", "level": "tingkat_perkembangan", "security": "klasifikasi_keamanan"}
RETENTION = {"activeRetention": "aktif_tahun", "inactiveRetention": "inaktif_tahun", "disposition": "nasib_akhir"}


@dataclass(frozen=True, slots=True)
class About:
    """Archive details entered in forms: the storage place, and the other fields under their archival names."""

    place: Place
    place_in_words: tuple[tuple[Wording, str], ...]
    said: Mapping[str, Any]
    shown: Mapping[str, Wording]


@dataclass
class PackageInput:
    """The facts about an instance, as of one moment."""

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
    called: dict[str, Any] = field(default_factory=dict)  # values behind the lines' commitments
    # names at the time, by account and instant
    then: dict[tuple[str | None, datetime | None], str] = field(default_factory=dict)
    seq: int = 0  # like ``hash`` and ``as_of``: of the newest line
    hash: str = GENESIS
    as_of: datetime | None = None


def archival(source: PackageInput, creator: str) -> dict[str, Any]:
    """Return an archivist's description of a berkas; retention stays empty until the office decides it."""
    record, about = source.record, source.about
    return {
        "judul": record.title,
        "sop": source.procedure.outline.name,
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
        "riwayat": {"baris": source.seq, "sidik": source.hash},
    }


def described(source: PackageInput, creator: str) -> list[tuple[str, Any]]:
    """Return the facts above the printed list of contents."""
    about, place = source.about, source.about.place
    filed = "; ".join(f"{label.id} {text.removeprefix(f'{label.id} ')}" for label, text in about.place_in_words)
    by = source.names.get(place.filed_by or "", place.filed_by)
    said = {word: wording.id for word, wording in about.shown.items()}
    empty = "belum ditetapkan"
    return [
        ("SOP", f"{source.procedure.outline.name}, versi {source.record.version}"),
        ("Pencipta arsip", creator),
        ("Kode klasifikasi", said.get("classification", empty)),
        ("Tingkat perkembangan", said.get("level", empty)),
        ("Klasifikasi keamanan", said.get("security", empty)),
        ("Tempat simpan manual", filed or "belum dicatat"),
        ("Disimpan", {"tanggal": place.filed_on, "oleh": by} if place.filed_on and by else "belum dicatat"),
        ("Retensi aktif, inaktif", ", ".join(said.get(w, empty) for w in ("activeRetention", "inactiveRetention"))),
        ("Nasib akhir", said.get("disposition", empty)),
    ]


def course(source: PackageInput) -> dict[str, Any]:
    """Return the course of an instance: its steps with people and times."""
    named = [{"nama": source.then.get((each.completed_by, each.completed_at))} for each in source.tasks]
    rows = [row(each, "instance_status", "title", "process_id") for each in source.tasks]
    steps = [row | name for row, name in zip(rows, named, strict=True)]
    about = row(source.record, "revision", "changed_at", "status_reason")
    content_hash = source.procedure.record.content_hash
    return {**about, "sop_sidik": content_hash, "langkah": steps, "orang": dict(sorted(source.names.items()))}


def row(value: Any, *without: str) -> dict[str, Any]:
    """Return a frozen value as JSON, *without* some of its fields."""
    names = [name for name in value.__dataclass_fields__ if name not in without]
    return {name: plain(kept) for name in names if _sayable(kept := getattr(value, name))}


def _sayable(value: Any) -> bool:
    return not (isinstance(value, tuple) and value and hasattr(value[0], "__dataclass_fields__"))


def size(count: int) -> str:
    """Return a number of bytes in readable form: ``1,2 MB``."""
    for unit, step in (("MB", 1 << 20), ("kB", 1 << 10)):
        if count >= step:
            return f"{count / step:.1f} {unit}".replace(".", ",")
    return f"{count} B"
