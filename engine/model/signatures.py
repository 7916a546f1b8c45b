"""Who signed which version of a document, in which of three ways, and what a certified signature was found to be."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Mode(StrEnum):
    """The three ways in which somebody signs."""

    WET = "wet"  # on paper; the scan is filed
    CERTIFIED = "certified"  # elsewhere, with a certificate; the PDF that carries the signature is filed
    INTERNAL = "internal"  # here, with the password typed again

    __hash__ = str.__hash__


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature of one version of a document; without a file while that of its mode is still to be filed."""

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
    detail: Mapping[str, Any]  # of a certified one: what its validation found
    signed_at: datetime

    @property
    def filed(self) -> bool:
        """Whether nothing of it is outstanding."""
        return self.mode is Mode.INTERNAL or self.file_sha256 is not None
