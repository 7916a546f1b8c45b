"""The supervisor: web workers and one worker child under one process that they never outlive.

Granian serves (in a trial, two to three times the requests of gunicorn). Killing its main process left web workers
behind that kept answering on the port, so every child asks the kernel to be told when its parent dies.
"""

import ctypes
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from granian import Granian
from granian.constants import Interfaces

from engine.app import build
from engine.model.errors import SetupError
from engine.settings import Settings, read
from engine.store.database import check_writable
from engine.store.files import disk_problem
from engine.store.keys import keys_dir

log = structlog.get_logger(__name__)
SUPERVISOR = "ALUR_SUPERVISOR"
PR_SET_PDEATHSIG = 1
RESTART_SECONDS = 1.0
STOP_SECONDS = 15
CERTIFICATE_DAYS = 825


def die_with_parent(number: signal.Signals = signal.SIGTERM) -> None:
    """Let the kernel send this process a signal when its supervisor dies (Linux: prctl(2), PR_SET_PDEATHSIG)."""
    supervisor = os.environ.get(SUPERVISOR)
    if supervisor is None or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != int(supervisor):  # it died before we asked
        os.kill(os.getpid(), number)


def application() -> Any:
    """Return the WSGI application of one web worker (Granian's factory)."""
    die_with_parent(signal.SIGKILL)  # asked to stop, Granian waits for a visitor who never ends a request
    alur = build(read())
    alur.check()
    return alur.wsgi()


def serve(settings: Settings, *, certificate: Path | None = None, key: Path | None = None) -> None:
    """Serve until told to stop; SetupError if the port is taken."""
    refuse_taken_port(settings.host, settings.port)
    os.environ[SUPERVISOR] = str(os.getpid())
    server = Granian(
        "engine.serving:application",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=settings.threads,
        backpressure=settings.threads * 16,
        workers_kill_timeout=STOP_SECONDS,
        respawn_failed_workers=True,
        factory=True,
        log_access=False,
        websockets=False,
        ssl_cert=certificate,
        ssl_key=key,
    )
    child = _WorkerChild()
    server.on_startup(child.start)
    server.on_shutdown(child.stop)
    server.serve()


def refuse_taken_port(host: str, port: int) -> None:
    """Raise SetupError if somebody else listens on the address already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SetupError(
                f"Alamat {host}:{port} tidak dapat dipakai ({error.strerror}). "
                "Hentikan program yang memakainya, atau pilih port lain dengan ALUR_PORT."
            ) from None


def refuse_bad_certificate(certificate: Path, key: Path) -> None:
    """Raise SetupError if the server could not encrypt with these files."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except OSError as error:  # ssl.SSLError is one
        raise SetupError(
            f"Sertifikat {certificate} dengan kunci {key} tidak dapat dipakai ({error.strerror or error}). Sebutkan "
            "berkas PEM yang berpasangan, kuncinya tanpa kata sandi, dengan --tls-cert dan --tls-key."
        ) from None


class _WorkerChild:
    """The worker process beside the web workers, started again when it dies."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._keep_alive, name="worker watch", daemon=True)

    def start(self) -> None:
        """Start the worker and watch it."""
        self._process = self._spawn()
        self._watch.start()

    def stop(self) -> None:
        """Tell the worker to finish, and wait."""
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def _keep_alive(self) -> None:
        while not self._stopping.wait(RESTART_SECONDS):
            if self._process is not None and self._process.poll() is not None and not self._stopping.is_set():
                log.warning("worker died, starting it again", code=self._process.returncode)
                self._process = self._spawn()

    def _spawn(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "engine", "worker"])


def self_signed(data_dir: Path, names: Sequence[str]) -> tuple[Path, Path, str]:
    """Return certificate, key and SHA-256 fingerprint of a certificate that we signed ourselves, made once."""
    check_writable(data_dir)
    folder = keys_dir(data_dir)
    certificate, key = folder / "tls.crt", folder / "tls.key"
    if not (certificate.exists() and key.exists()):
        try:
            _sign(certificate, key, names)
        except OSError as error:
            raise disk_problem(folder, error) from error
    refuse_bad_certificate(certificate, key)
    read_back = x509.load_pem_x509_certificate(certificate.read_bytes())
    return certificate, key, read_back.fingerprint(hashes.SHA256()).hex(":").upper()


def _sign(certificate: Path, key: Path, names: Sequence[str]) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=CERTIFICATE_DAYS))
        .add_extension(x509.SubjectAlternativeName([_alternative(n) for n in names]), critical=False)
        .sign(private, hashes.SHA256())
    )
    descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(
            private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    draft = certificate.with_suffix(".tulis")
    draft.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    draft.rename(certificate)  # last and whole: where it is, its key is too


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
