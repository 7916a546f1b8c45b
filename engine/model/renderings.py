"""Files of a version of a document: due from the moment of issue, made once, kept for ever."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32, which has no letters that look like digits on paper."""
CODE_LENGTH = 16  # 80 bits, so that codes cannot be guessed
WHOLE = ""
"""The part that stands for the whole document."""
SIGNED = "#"
"""Prefix of parts that are the whole document with approvals given after its issue: "#1", "#2"."""
COVER = "png"
"""Format of the first page as a picture, which the document's page shows."""


class RenderingStatus(StrEnum):
    """The state of a rendering."""

    DUE = "due"
    MADE = "made"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Rendering:
    """A file of a version of a document."""

    document_id: str
    format: str  # pdf, docx, xlsx, png
    part: str
    instance_id: str
    code: str  # printed on it as text and QR code
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
        """Whether it is the whole document, as issued or with approvals; the one with the last part is valid."""
        return self.part == WHOLE or self.part.startswith(SIGNED)


def due(document_id: str, instance_id: str, format_: str, part: str, now: datetime) -> Rendering:
    """Return a rendering that is due, with a new code."""
    status = RenderingStatus.DUE
    return Rendering(document_id, format_, part, instance_id, new_code(), status, None, None, None, 0, None, now, None)


def new_code() -> str:
    """Return a random code."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def shown_code(code: str) -> str:
    """Return a code as printed, in groups of four."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def read_code(text: str) -> str | None:
    """Return the code that *text*, typed from paper, stands for; None if it is not a code."""
    code = "".join(filter(str.isalnum, text.upper())).translate(str.maketrans("OIL", "011"))
    return code if len(code) == CODE_LENGTH and set(code) <= set(ALPHABET) else None
