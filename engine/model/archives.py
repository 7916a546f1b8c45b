"""The berkas (archive) of a completed instance, built once and kept for ever, and the place of its paper copy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

ARCHIVE_FORM = "arsip"
"""Id of the form that asks where the paper copy of a completed instance is stored. It belongs to no step."""


class ArchiveStatus(StrEnum):
    """The state of an instance's berkas."""

    DUE = "due"
    MADE = "made"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the paper copy is stored, who filed it and when; empty if unknown. *role*: who is still to file it."""

    parts: Mapping[str, str] = field(default_factory=dict)  # by field of the form: room, shelf, box ...
    filed_on: date | None = None
    filed_by: str | None = None  # person id
    details: Mapping[str, Any] = field(default_factory=dict)  # entered at filing, by key of forms.field.ARCHIVE
    role: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the place as rows and history lines store it."""
        filed_on = self.filed_on.isoformat() if self.filed_on else None
        more = {name: kept for name, kept in (("details", dict(self.details)), ("role", self.role)) if kept}
        return {"parts": dict(self.parts), "filed_on": filed_on, "filed_by": self.filed_by, **more}


def place_of(kept: Mapping[str, Any]) -> Place:
    """Return the place from the form that :meth:`Place.as_json` gives."""
    filed_on = kept.get("filed_on")
    day = date.fromisoformat(filed_on) if filed_on else None
    return Place(kept.get("parts") or {}, day, kept.get("filed_by"), kept.get("details") or {}, kept.get("role"))


@dataclass(frozen=True, slots=True)
class Archive:
    """The berkas of one instance."""

    instance_id: str
    status: ArchiveStatus
    place: Place
    due_at: datetime
    attempts: int = 0
    cause: str | None = None  # why building failed
    sha256: str | None = None  # of the ZIP
    size: int | None = None  # bytes
    archived_at: datetime | None = None
