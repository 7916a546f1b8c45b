"""The supervisor: runs web workers and one background worker as children, which end with it.

Granian serves (in a trial, two to three times the requests of gunicorn), with ``front`` behind it. If its main process
is killed, its web workers go on; so each child asks the kernel for a signal when its parent dies.

Each child reports regularly that it is alive (``pulse``): a web worker from its event loop, the worker with each row.
A silent child is replaced if it is stopped, or if it has used COMPUTING seconds of CPU time, which no healthy child
does without a report, however busy the machine is. A child that uses no CPU time is replaced after SILENT ticks of the
supervisor; ticks are counted, not seconds, so that no child is killed because the machine slept. The row on which a
worker died is remembered: after two deaths the next worker sets it aside as an incident; if that kills it too, the row
is skipped.
"""

import faulthandler
import gc
import multiprocessing
import os
import resource
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine import pulse
from engine.app import build
from engine.model.errors import AlurError, SetupError
from engine.settings import Settings, read
from engine.store.database import check_writable
from engine.store.keys import keys_dir
from engine.store.places import disk_problem

if TYPE_CHECKING:
    from engine.front import Front

log = structlog.get_logger(__name__)
SUPERVISOR, SAMPLES = "ALUR_SUPERVISOR", "ALUR_SAMPLES"  # set by this process for its children
RESTART_SECONDS = 1.0
HEADER_SECONDS = 20  # for a complete header, and for an idle connection
STOP_SECONDS, LAST_SECONDS = 3, 1.5  # for current requests, then for the worker
TICK = 0.5
FROZEN = 10  # ticks that a process may be stopped
SILENT = 240  # ticks without a report
COMPUTING = 6.0  # seconds of CPU time without a report
SAME_SECONDS = 600.0  # a worker that dies sooner may have died because of its row
CERTIFICATE_DAYS = 825
LOADED = ("engine.front", "engine.web.application", "engine.documents.workbooks", "engine.forms.json_schema", "zxcvbn")
"""Modules of web workers, loaded once before they are forked."""


def attach(number: signal.Signals = signal.SIGTERM) -> None:
    """Report to the supervisor, and end with it by signal *number*; enable tracebacks in case this process hangs."""
    faulthandler.enable()
    gc.freeze()
    pulse.beat()
    supervisor = os.environ.get(SUPERVISOR)
    if supervisor is not None:
        pulse.end_with_parent(number)
        if os.getppid() != int(supervisor):  # it died before the line above
            os.kill(os.getpid(), number)


def application() -> "Front":
    """Return the application of one web worker (Granian's factory)."""
    from engine.front import Front  # noqa: PLC0415 - as in ``serve``

    attach(signal.SIGKILL)  # on SIGTERM, Granian would wait for unfinished requests
    settings = read()
    try:
        alur = build(settings)
        alur.check()
    except AlurError as error:
        sys.exit(str(error))
    alur.services.readings.writer = ThreadPoolExecutor(1, "readings")  # finished before the interpreter exits
    return Front(
        alur.wsgi(samples=os.environ.get(SAMPLES) == "1"),
        threads=settings.threads,
        folder=settings.data,
        largest=settings.upload_limit,
        trusted=settings.proxies,
        last=(STOP_SECONDS - 0.5, alur.services.readings.give_up),
    )


def serve(
    settings: Settings, *, certificate: Path | None = None, key: Path | None = None, samples: bool = False
) -> None:
    """Serve until a signal, with sign-in by a click for *samples*; SetupError if the port is taken."""
    from granian import Granian  # noqa: PLC0415 - workers and commands do not need it
    from granian.constants import HTTPModes, Interfaces  # noqa: PLC0415
    from granian.http import HTTP1Settings  # noqa: PLC0415

    for module in LOADED:
        import_module(module)
    refuse_taken_port(settings.host, settings.port)
    if "://" in settings.files:  # open connections do not survive a fork
        multiprocessing.set_start_method("spawn", force=True)
    server = Granian(
        "engine.serving:application",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,  # in HTTP/1 every wait has a deadline
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_SECONDS * 1000, max_buffer_size=64 * 1024),
        workers=settings.workers,
        backpressure=_connections(),
        workers_kill_timeout=STOP_SECONDS,
        respawn_failed_workers=True,
        factory=True,
        log_access=False,
        websockets=False,
        ssl_cert=certificate,
        ssl_key=key,
    )
    children = _Children(server)
    server.on_startup(children.start)
    server.on_shutdown(children.stop)
    os.environ |= {SUPERVISOR: str(os.getpid()), SAMPLES: str(int(samples))}
    gc.freeze()  # garbage collection skips imported modules from now on
    with pulse.provide():
        server.serve()


def _connections() -> int:
    """Return the most connections of a web worker; each may need a file too, and other files are open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some systems have a limit that they do not report
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return max(128, min(8192, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 256) // 2))


def refuse_taken_port(host: str, port: int) -> None:
    """Raise SetupError if another process listens on the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SetupError("address_taken", host=host, port=port, reason=error.strerror) from None


def refuse_bad_certificate(certificate: Path, key: Path) -> None:
    """Raise SetupError if the server cannot use the certificate with the key."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except OSError as error:  # ssl.SSLError is one
        facts = {"certificate": certificate, "key": key, "reason": error.strerror or error}
        raise SetupError("certificate_unusable", **facts) from None


class _Children:
    """Restarts the worker when it ends, and watches it and the web workers."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._hung: list[str] = []  # rows on which workers died, repeated for each death
        self._seen: dict[int, tuple[float, float, int]] = {}  # last report, CPU seconds by then, ticks since
        self._stopping = threading.Event()

    def start(self) -> None:
        """Start the worker, and watch all children."""
        self._spawn()
        threading.Thread(target=self._keep_alive, name="watch", daemon=True).start()

    def stop(self) -> None:
        """Stop the worker; kill it after LAST_SECONDS."""
        self._stopping.set()
        self._process.terminate()
        try:
            self._process.wait(LAST_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _keep_alive(self) -> None:
        while not self._stopping.wait(TICK):
            if self._server.interrupt_signal:  # the worker finishes at the same time as the web workers
                self._process.terminate()
                return
            said = pulse.read()
            for pid in (self._process.pid, *(child.inner.pid for child in list(self._server.wrks))):
                self._kill_if_hung(pid, *said.get(pid, (0.0, "")))
            if self._process.poll() is not None and time.monotonic() > self._born + RESTART_SECONDS:
                self._replace(said.get(self._process.pid, (0.0, ""))[1])

    def _kill_if_hung(self, pid: int, said: float, row: str) -> None:
        """Kill a process that hangs, first by SIGABRT, so that it prints a traceback if it can."""
        with suppress(OSError):  # it has ended, or this system has no /proc
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
            computed = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            before, since, ticks = self._seen.get(pid, (-1.0, computed, 0))
            since, ticks = (since, ticks + 1) if before == said else (computed, 0)
            self._seen[pid] = (said, since, ticks)
            frozen, computing = fields[0] == "T" and ticks >= FROZEN, said > 0 and computed - since >= COMPUTING
            if frozen or computing or ticks >= SILENT:
                log.error("process hangs, replacing it", process=pid, row=row, frozen=frozen, computed=computed - since)
                os.kill(pid, signal.SIGABRT)
                time.sleep(TICK)
                os.kill(pid, signal.SIGKILL)

    def _replace(self, row: str) -> None:
        """Restart the worker, with the rows on which others died: the last one, and those to be skipped."""
        recent = row if time.monotonic() < self._born + SAME_SECONDS else ""
        self._hung = [r for r in self._hung if r == recent or self._hung.count(r) >= pulse.PASSED_BY]
        self._hung += [row] if row else []
        log.warning("worker died, starting it again", code=self._process.returncode, row=row)
        self._spawn()

    def _spawn(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "engine", "worker"], env=os.environ | {pulse.HUNG: " ".join(self._hung)}
        )
        self._born = time.monotonic()


def self_signed(data_dir: Path, names: Sequence[str]) -> tuple[Path, Path, str]:
    """Return files and SHA-256 fingerprint of our self-signed certificate, which the first call makes."""
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
    draft.rename(certificate)  # last and at once, so that a certificate always has its key


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
