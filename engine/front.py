"""The front of a web worker: an event loop reads requests and sends answers, so that slow clients hold no thread.

Granian's WSGI mode runs the application while the body arrives: eight clients that announce a body and send six bytes
would hold eight threads for ever. So this front uses its ASGI mode. It collects the body under a deadline, lets one of
N threads run the application, and sends the answer piece by piece. A slow client holds a socket and some kilobytes.

- *Unfinished headers, idle connections*: the server has a deadline (``serving``).
- *Unfinished bodies*: each STRIDE bytes extend the deadline, so that 25 MB over a slow line arrive. If one address has
  too many, the one nearest to its deadline is dropped; if all together are too large, the largest, which is never a
  form.
- *Answers that nobody reads*: a piece that is not taken in time ends the connection. The last pieces are with the
  server already; for these the kernel decides (``TCP_USER_TIMEOUT``).

Alternatives: gunicorn and waitress read bodies before they take a thread too, but gunicorn has no deadline and waitress
no TLS. Uvicorn and Hypercorn have no deadline for bodies and do not restart processes. Granian's RSGI is 0.1 ms faster,
but buffers all output in memory. A bridge such as ``asgiref`` holds a thread while it sends.
"""

import asyncio
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug.wsgi import FileWrapper

from engine import pulse

GRACE = 20.0  # seconds for the next STRIDE bytes of a body, or its end
STRIDE = 40 * 1024
LONGEST = 3600.0  # seconds for a whole body
IN_MEMORY = 16 * 1024  # bytes of a body; a longer one is on disk
AT_ONCE = 64  # unfinished bodies of one address
READING = 60.0  # seconds in which a client must take one piece of an answer
PIECE = 64 * 1024
LUMP = 4 * PIECE  # bytes of an answer that a thread yields at once
STUCK = 60.0  # seconds; a worker is stuck if each thread has had the same work for longer
BEAT = 0.5
Send = Callable[[Mapping[str, Any]], Any]
Receive = Callable[[], Any]
Part = tuple[int, list[tuple[str, str]], bytes, bool]  # status, headers, part of the body, whether more follows


WORDS = {
    400: b"Permintaan tidak sampai utuh. (The request did not arrive whole.)",
    408: b"Permintaan terlalu lama dikirim. (The request took too long to arrive.)",
    503: b"Alur sedang penuh; coba lagi sebentar. (Alur is full; try again shortly.)",
}


class _Body:
    """The part of a request's body that has arrived."""

    def __init__(self, address: str, folder: Path) -> None:
        self.file = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(folder))  # noqa: SIM115 - closed with its request
        self.address, self.size, self.deadline, self.due = address, 0, asyncio.timeout(GRACE), STRIDE


class Front:
    """An ASGI application around a WSGI application."""

    def __init__(
        self,
        application: Any,
        *,
        threads: int,
        folder: Path,
        largest: int,
        trusted: tuple[str, ...] = (),
        last: tuple[float, Callable[[], object]] = (0.0, bool),
    ) -> None:
        """Run *application* in *threads*; *folder* holds unfinished bodies of up to *largest* bytes.

        Proxies at *trusted* addresses may have any number of unfinished bodies. *last* is (seconds, action): the
        action runs that many seconds after SIGTERM, if the worker still runs then.
        """
        self._application, self._folder, self._largest, self._trusted = application, folder, largest, trusted
        self._threads, self._most = ThreadPoolExecutor(threads, "request"), threads
        self._last = last
        self._busy: dict[object, float] = {}  # when each busy thread began its current work
        self._held, self._room = 0, 8 * largest
        self._unfinished: defaultdict[str, set[_Body]] = defaultdict(set)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or start up (ASGI's ``lifespan``)."""
        if scope["type"] == "lifespan":
            self._beat(asyncio.get_running_loop())
            signal.signal(signal.SIGTERM, self._stop)  # in addition to the server's, which the event loop calls
            signal.siginterrupt(signal.SIGTERM, False)
            await send({"type": "lifespan.startup.complete"})
            return
        environ = environ_of(scope)
        body = _Body(environ["REMOTE_ADDR"], self._folder)
        try:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            refused = await self._read_body(body, length, receive) if 0 < length <= self._largest else 0
            if refused:
                headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
                await send({"type": "http.response.start", "status": refused, "headers": headers})
                await send({"type": "http.response.body", "body": WORDS[refused]})
            else:
                body.file.seek(0)
                await self._answer(environ | {"wsgi.input": body.file}, send)
        finally:
            self._held -= body.size
            body.file.close()

    # ── bodies ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _read_body(self, body: _Body, length: int, receive: Receive) -> int:
        """Read *length* bytes of body; return the status to refuse the request with, or 0."""
        loop, beside = asyncio.get_running_loop(), self._unfinished[body.address]
        began = loop.time()
        try:
            async with body.deadline:
                beside.add(body)
                if len(beside) > AT_ONCE and body.address not in self._trusted:
                    self._drop(beside - {body}, lambda one: -(one.deadline.when() or 0.0))
                while body.size < length:
                    message = await receive()
                    chunk = message.get("body", b"")
                    body.file.write(chunk)
                    body.size += len(chunk)
                    self._held += len(chunk)
                    if body.size < length and not message.get("more_body"):
                        return 400
                    if body not in beside:
                        return 408
                    if body.size >= body.due:
                        body.due = body.size + STRIDE
                        body.deadline.reschedule(min(loop.time() + GRACE, began + LONGEST))
                    if self._held > self._room:
                        self._drop(set().union(*self._unfinished.values()), lambda one: one.size)
            return 0
        except TimeoutError:
            return 408
        except OSError:  # the disk is full
            return 503
        finally:
            beside.discard(body)
            if not beside:
                self._unfinished.pop(body.address, None)

    def _drop(self, among: set[_Body], worst: Callable[[_Body], float]) -> None:
        if there := [body for body in among if not body.deadline.expired()]:
            going = max(there, key=worst)
            self._unfinished[going.address].discard(going)
            going.deadline.reschedule(0)
            self._held, going.size = self._held - going.size, 0

    # ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _answer(self, environ: dict[str, Any], send: Send) -> None:
        """Run the application in a thread and send its answer; stop if the client does not read it."""
        loop, answer = asyncio.get_running_loop(), self._run(environ)
        began, more = False, True
        with suppress(TimeoutError), ExitStack() as stack:  # the server closes a connection with an incomplete answer
            stack.callback(self._threads.submit, answer.close)  # in a thread, as it may wait for a file or the database
            while more:
                status, headers, lump, more = await loop.run_in_executor(self._threads, self._next, answer)
                if not began:
                    head = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
                    await send({"type": "http.response.start", "status": status, "headers": head})
                    began = True
                for at in range(0, len(lump) or 1, PIECE):
                    last = not more and at + PIECE >= len(lump)
                    async with asyncio.timeout(READING):
                        await send({"type": "http.response.body", "body": lump[at : at + PIECE], "more_body": not last})

    def _run(self, environ: dict[str, Any]) -> Generator[Part]:
        """Yield the application's answer in lumps."""
        status, headers = 500, list[tuple[str, str]]()

        def start_response(line: str, fields: list[tuple[str, str]], exc_info: object = None) -> None:
            nonlocal status, headers
            status, headers = int(line[:3]), fields

        pieces, lump = self._application(environ, start_response), bytearray()
        try:
            for piece in pieces:
                lump += piece
                if len(lump) >= LUMP:
                    yield status, headers, bytes(lump), True
                    lump.clear()
            yield status, headers, bytes(lump), False
        finally:
            getattr(pieces, "close", bool)()

    def _next(self, answer: Generator[Part]) -> Part:
        """Compute the next lump of an answer, in one of the threads."""
        self._busy[answer] = time.monotonic()
        try:
            return next(answer)
        finally:
            del self._busy[answer]

    # ── life ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _beat(self, loop: asyncio.AbstractEventLoop, bounded: bool = False) -> None:
        """Report regularly that the worker is alive, unless all threads are stuck."""
        if len(self._busy) < self._most or max(list(self._busy.values()), default=inf) > time.monotonic() - STUCK:
            pulse.beat()
        loop.call_later(BEAT, self._beat, loop, bounded or _bound_readers())

    def _stop(self, *_: object) -> None:
        timer = threading.Timer(*self._last)
        timer.daemon = True
        timer.start()


def _bound_readers() -> bool:
    """Let the kernel end connections whose client does not read; return False if the worker does not listen yet.

    Connections inherit the option from the listening socket; Granian has no setting for it.
    """
    found = not sys.platform.startswith("linux")
    for link in [] if found else Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if str(link.readlink()).startswith("socket:"):
                with socket.socket(fileno=os.dup(int(link.name))) as one:
                    if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(READING * 1000))
                        found = True
    return found


def environ_of(scope: Mapping[str, Any]) -> dict[str, Any]:
    """Return the environment of a request (PEP 3333), without its body."""
    environ = {
        "REQUEST_METHOD": scope["method"].upper(),  # else "head" would not be treated as HEAD
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": scope["server"][1],
        "REMOTE_ADDR": scope["client"][0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.file_wrapper": lambda file, _: FileWrapper(file, LUMP),
        **dict.fromkeys(("wsgi.multithread", "wsgi.multiprocess"), True),
        "wsgi.run_once": False,
    }
    for raw, value in scope["headers"]:
        if b"_" not in raw:  # would be read as the header with a hyphen; proxies drop it too
            name = raw.decode("latin-1").replace("-", "_").upper()
            name = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
            text = value.decode("latin-1")
            joined = "; " if name == "HTTP_COOKIE" else ","
            environ[name] = f"{environ[name]}{joined}{text}" if name in environ else text
    return environ
