"""A document's version as a file: due from the moment it is issued, made once, kept for ever."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter is mistaken for a digit when a code is read from paper."""
CODE_LENGTH = 16  # 80 bits: nobody finds another document's code by trying
WHOLE = ""
"""The part that is the whole document."""
SIGNED = "#"
"""Begins the part that is the whole document again, with the approvals it was given after it was issued: "#1", "#2"."""
COVER = "png"
"""The format of the first page as a picture, which the document's page shows."""


class RenderingStatus(StrEnum):
    """Where a rendering stands."""

    DUE = "due"
    MADE = "made"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Rendering:
    """One file of one version of a document."""

    document_id: str
    format: str  # pdf, docx, xlsx, png
    part: str
    instance_id: str
    code: str  # printed on it, and in its QR
    status: RenderingStatus
    sha256: str | None
    size: int | None
    template_sha256: str | None
    attempts: int
    cause: str | None
    due_at: datetime
    made_at: datetime | None

    @property
    def whole(self) -> bool:
        """Whether it is the whole document, as issued or with approvals; of several the last by part stands."""
        return self.part == WHOLE or self.part.startswith(SIGNED)


def due(document_id: str, instance_id: str, format_: str, part: str, now: datetime) -> Rendering:
    """Return a rendering that is to be made, with a code of its own."""
    status = RenderingStatus.DUE
    return Rendering(document_id, format_, part, instance_id, new_code(), status, None, None, None, 0, None, now, None)


def new_code() -> str:
    """Return a code that nobody can guess."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def shown_code(code: str) -> str:
    """Return a code as it is printed: in fours."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def read_code(text: str) -> str | None:
    """Return the code that somebody typed from paper, or None if it is none."""
    code = "".join(filter(str.isalnum, text.upper())).translate(str.maketrans("OIL", "011"))
    return code if len(code) == CODE_LENGTH and set(code) <= set(ALPHABET) else None
