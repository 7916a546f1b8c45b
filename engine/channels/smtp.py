"""Letters by SMTP (RFC 5321), always under TLS: from the first byte (port 465) or by STARTTLS (RFC 3207).

What goes wrong is one of two things. *Away* concerns all letters: the server cannot be reached, does not speak SMTP,
lets nobody in, or ends in the middle; nothing is known to have been taken. *Refused* concerns one letter. Between the
server's taking a letter and our hearing of it lies an instant that nobody can close: a letter that is sent again then
has the Message-ID that it had, by which mail systems show it once.
"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage

from engine.channels.deadlines import deadline
from engine.channels.faults import Away, Refused

STARTTLS, TLS = "starttls", "tls"
TIMEOUT, LONGEST = 10.0, 30.0
FAULTS = (smtplib.SMTPException, OSError, ValueError)  # the last: replies that are no text, a host that is no name


@dataclass(frozen=True, slots=True)
class Account:
    """By which server letters go, and in whose name there."""

    host: str
    port: int
    security: str  # starttls, tls
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Post:
    """An open way to the server."""

    server: smtplib.SMTP

    def send(self, letter: EmailMessage) -> None:
        """Hand one letter over; Refused or Away."""
        try:
            self.server.send_message(letter)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise _refused(code, said) from None
        except (smtplib.SMTPDataError, smtplib.SMTPNotSupportedError) as error:
            raise _refused(getattr(error, "smtp_code", 550), getattr(error, "smtp_error", error)) from None
        except FAULTS as error:
            raise Away(words(error)) from None


@contextmanager
def connected(account: Account) -> Iterator[Post]:
    """Give a way to the server, signed in; Away says why there is none."""
    context, implicit = ssl.create_default_context(), account.security == TLS
    server = smtplib.SMTP_SSL(timeout=TIMEOUT, context=context) if implicit else smtplib.SMTP(timeout=TIMEOUT)
    server._host = account.host  # type: ignore[attr-defined]  # to which the certificate is held
    with closing(server), deadline(lambda: server.sock, LONGEST):
        try:
            code, said = server.connect(account.host, account.port)
            if code != 220:
                raise smtplib.SMTPConnectError(code, said)
            if not implicit:
                server.starttls(context=context)
            if account.user:
                server.login(account.user, account.password)
        except FAULTS as error:
            raise Away(words(error)) from None
        yield Post(server)
        with suppress(*FAULTS):
            server.quit()


def words(error: Exception) -> str:
    """Return what went wrong in a line, in the server's words where it has any."""
    code, said = getattr(error, "smtp_code", ""), getattr(error, "smtp_error", str(error))
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(f"{code} {text}".split())[:300] or type(error).__name__


def _refused(code: int, said: object) -> Refused:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return Refused(" ".join(f"{code} {text}".split())[:300], not 400 <= code < 500)
