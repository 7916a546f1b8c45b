"""E-mails to people, in both languages, as text and as HTML.

They contain titles, due dates, links, and for returned work the reason and its author; no other form data.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime, formataddr
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

UNFOLDED = default.clone(max_line_length=998)  # folding doubles the blank beside an encoded word
if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def pages() -> "Environment":
    """Return the environment of the templates."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape  # noqa: PLC0415 - 60 ms

    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(frozen=True, slots=True)
class Item:
    """One notice in a letter."""

    label: str
    what: str
    title: str
    due: str  # in words; empty for none
    link: str
    why: str = ""  # who sent it back, handed it over or stopped it, and the reason

    @property
    def subject(self) -> str:
        """The notice in one line."""
        return f"{self.label}: {' – '.join(filter(None, (self.what, self.title)))}"


@dataclass(frozen=True, slots=True)
class Envelope:
    """Sender and addressee. A repeated letter keeps its *id*, so that mail programs show it once."""

    id: str
    sender: str
    sender_name: str
    to: str
    at: datetime


def letter(
    envelope: Envelope, subject: str, template: str, gettext: Callable[[str], str], locale: str, **facts: Any
) -> EmailMessage:
    """Return a letter made by the text and HTML templates *template* with *facts*."""
    made = EmailMessage(policy=UNFOLDED)
    made["From"] = formataddr((_line(envelope.sender_name), envelope.sender))
    made["To"] = envelope.to
    made["Subject"] = _line(subject)
    made["Date"] = format_datetime(envelope.at)
    made["Message-ID"] = f"<{envelope.id}@{envelope.sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: prevents automatic replies

    def say(text: str, **names: Any) -> str:
        return gettext(text) % names if names else gettext(text)

    told = facts | {"_": say, "locale": locale, "subject": _line(subject)}
    made.set_content(pages().get_template(f"{template}.txt").render(told))
    made.add_alternative(pages().get_template(f"{template}.html").render(told), subtype="html")
    return made


def _line(text: str) -> str:
    return " ".join(text.split())[:200]
