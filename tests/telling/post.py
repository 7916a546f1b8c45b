"""A real SMTP server with a certificate, as the office's: it takes letters, or refuses, lies, hangs, and goes away."""

import ipaddress
import socket
import ssl
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "alur", "rahasia-surel"


def certificate(folder):
    """Write a certificate of localhost, which is its own authority, with its key; the two files."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "uji")])
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
    made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    made = made.sign(key, hashes.SHA256())
    chain, secret = folder / "surel.pem", folder / "surel.key"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    kind = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret.write_bytes(key.private_bytes(*kind))
    return chain, secret


class PostOffice:
    """The server; what it took is in *letters*."""

    def __init__(self, chain, secret, implicit=False):
        self.letters, self.refuses, self.says, self.hangs = [], {}, "250 OK", 0
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(chain, secret)
        self.implicit, self.running = implicit, None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    def open(self):
        """Answer, at the port where it answered before."""
        known = {"hostname": "127.0.0.1", "port": self.port, "authenticator": self._known}
        if self.implicit:
            running = Controller(self, **known, ssl_context=self.context, auth_require_tls=False)
        else:
            running = Controller(self, **known, tls_context=self.context, require_starttls=True, auth_required=True)
        self.running = running
        running.start()
        return self

    def close(self):
        """Answer nobody any more."""
        if self.running:
            with suppress(Exception):
                self.running.stop()
            self.running = None

    def _known(self, server, session, envelope, mechanism, data):
        right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        time.sleep(self.hangs)
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.says

    @property
    def said(self):
        """To whom letters went, and their subjects."""
        return [(each["To"], each["Subject"]) for each in self.letters]
