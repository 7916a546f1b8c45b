"""Signatures of versions of documents, in one of three modes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Mode(StrEnum):
    """A way of signing."""

    WET = "wet"  # on paper; the scan is filed
    CERTIFIED = "certified"  # elsewhere, with a certificate; the signed PDF is filed
    INTERNAL = "internal"  # in Alur, by typing the password again

    __hash__ = str.__hash__


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature of a version of a document. It has no file until the scan or PDF is filed."""

    id: str
    document_id: str
    instance_id: str
    mode: Mode
    signer: str
    on_behalf_of: str | None
    decree: str | None
    document_sha256: str
    attachment_id: str | None
    file_sha256: str | None
    detail: Mapping[str, Any]  # of a certified one: the result of its validation
    signed_at: datetime

    @property
    def filed(self) -> bool:
        """Whether the signature is complete: no file is missing."""
        return self.mode is Mode.INTERNAL or self.file_sha256 is not None
