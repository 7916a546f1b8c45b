"""Sends e-mail by SMTP (RFC 5321), always encrypted: by TLS from the start (port 465) or by STARTTLS (RFC 3207).

*Away* concerns all letters: the server cannot be reached, does not speak SMTP, rejects the account, or disconnects.
*Refused* concerns one letter. If the connection ends before the server confirms a letter, it is sent again with the
same Message-ID, so that mail programs show it once.
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
FAULTS = (smtplib.SMTPException, OSError, ValueError)  # ValueError: a reply that is not text, or an invalid host name


@dataclass(frozen=True, slots=True)
class Account:
    """The office's account at a mail server."""

    host: str
    port: int
    security: str  # starttls, tls
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Post:
    """An open connection to the server."""

    server: smtplib.SMTP

    def send(self, letter: EmailMessage) -> None:
        """Send one letter; Refused or Away."""
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
    """Connect to the server and sign in; Away if that fails."""
    context, implicit = ssl.create_default_context(), account.security == TLS
    server = smtplib.SMTP_SSL(timeout=TIMEOUT, context=context) if implicit else smtplib.SMTP(timeout=TIMEOUT)
    server._host = account.host  # type: ignore[attr-defined]  # the name in the certificate
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
    """Return an error in one line, in the server's words if there are any."""
    return _line(getattr(error, "smtp_code", ""), getattr(error, "smtp_error", error)) or type(error).__name__


def _refused(code: int, said: object) -> Refused:
    return Refused(_line(code, said), not 400 <= code < 500)


def _line(code: object, said: object) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(f"{code} {text}".split())[:300]
