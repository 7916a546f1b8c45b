"""The front of a web worker: a request takes a thread when it has come whole, and leaves it before it is answered.

Granian hands a WSGI application each body while it comes: eight peers who announce one and send six bytes hold eight
threads for ever. Its ASGI side reads and writes on an event loop, and tells how a peer keeps up, so this front takes
the body in, under a deadline, then lets one of N threads run the application, then hands the answer out piece by piece.
Nobody who sends or reads slowly holds more than a socket and some kilobytes.

- *Unfinished headers, idle connections*: the server's own deadline (``serving``).
- *Unfinished bodies*: each has a deadline that moves with what comes, so that 25 MB over a bad line arrive and six
  bytes do not, nor a hundred megabytes that lack the last three. Where one address has too many of them, the one
  nearest to its deadline goes; where all together hold too much, the largest: whoever sends a form is never that one.
- *Answers that nobody reads*: a piece that is not taken in time ends the connection; of the last ones, which the server
  has already, the kernel decides (``TCP_USER_TIMEOUT``).

Weighed: gunicorn's and waitress's threads read bodies first as well, but the former without a deadline and the latter
without TLS. Uvicorn and Hypercorn have neither a deadline for bodies nor processes that are started again; each needs
this front too. Granian's RSGI is faster by a tenth of a millisecond, but its streams take everything that is written
into memory. A bridge like ``asgiref`` holds a thread while it sends.
"""

import asyncio
import os
import socket
import sys
import tempfile
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

GRACE = 20.0  # seconds in which the next STRIDE bytes of a body come, or its end
STRIDE = 40 * 1024
LONGEST = 3600.0  # seconds that any body may take
IN_MEMORY = 16 * 1024  # bytes of one body; what is longer lies on the disk
AT_ONCE = 64  # unfinished bodies of one address
READING = 60.0  # seconds in which one piece of an answer is taken
PIECE = 64 * 1024
LUMP = 4 * PIECE  # what a thread yields at once of a long answer
STUCK = 60.0  # seconds after which threads that are all taken are not merely busy
BEAT = 0.5
Send = Callable[[Mapping[str, Any]], Any]
Receive = Callable[[], Any]
Part = tuple[int, list[tuple[str, str]], bytes, bool]  # status, headers, some of the body, whether more follows


WORDS = {
    400: b"Permintaan tidak sampai utuh. (The request did not arrive whole.)",
    408: b"Permintaan terlalu lama dikirim. (The request took too long to arrive.)",
    503: b"Alur sedang penuh; coba lagi sebentar. (Alur is full; try again shortly.)",
}


class _Body:
    """What has come of a request."""

    def __init__(self, address: str, folder: Path) -> None:
        self.file = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(folder))  # noqa: SIM115 - closed with its request
        self.address, self.size, self.deadline, self.due = address, 0, asyncio.timeout(GRACE), STRIDE


class Front:
    """An ASGI application around a WSGI application."""

    def __init__(
        self, application: Any, *, threads: int, folder: Path, largest: int, trusted: tuple[str, ...] = ()
    ) -> None:
        """Run *application* in *threads*; bodies of up to *largest* bytes wait in *folder* until they are whole.

        Proxies at *trusted* addresses may have as many unfinished as come.
        """
        self._application, self._folder, self._largest, self._trusted = application, folder, largest, trusted
        self._threads, self._most = ThreadPoolExecutor(threads, "request"), threads
        self._closing = ThreadPoolExecutor(1, "closing")  # what an application does afterwards keeps nobody waiting
        self._taken: dict[object, float] = {}  # when a thread began with what it does
        self._held, self._room = 0, 8 * largest
        self._unfinished: defaultdict[str, set[_Body]] = defaultdict(set)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or begin with the worker."""
        if scope["type"] == "lifespan":
            self._beat(asyncio.get_running_loop())
            await send({"type": "lifespan.startup.complete"})
            return
        environ = environ_of(scope)
        body = _Body(environ["REMOTE_ADDR"], self._folder)
        try:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            refused = await self._take_in(body, length, receive) if 0 < length <= self._largest else 0
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

    async def _take_in(self, body: _Body, length: int, receive: Receive) -> int:
        """Take in *length* bytes; the status with which the request is refused, or 0."""
        loop, beside = asyncio.get_running_loop(), self._unfinished[body.address]
        began = loop.time()
        try:
            async with body.deadline:
                beside.add(body)
                if len(beside) > AT_ONCE and body.address not in self._trusted:
                    self._cut(beside - {body}, lambda one: -(one.deadline.when() or 0.0))
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
                        self._cut(set().union(*self._unfinished.values()), lambda one: one.size)
            return 0
        except TimeoutError:
            return 408
        except OSError:  # the disk is full
            return 503
        finally:
            beside.discard(body)
            if not beside:
                self._unfinished.pop(body.address, None)

    def _cut(self, among: set[_Body], worst: Callable[[_Body], float]) -> None:
        """Let one unfinished body go, and what it holds count no more."""
        if there := [body for body in among if not body.deadline.expired()]:
            going = max(there, key=worst)
            self._unfinished[going.address].discard(going)
            going.deadline.reschedule(0)
            self._held, going.size = self._held - going.size, 0

    # ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _answer(self, environ: dict[str, Any], send: Send) -> None:
        """Let a thread run the application, and hand out what it says; a peer that does not take it is left."""
        loop, answer = asyncio.get_running_loop(), self._run(environ)
        began, more = False, True
        with suppress(TimeoutError), ExitStack() as stack:  # the server ends a connection whose answer ends too soon
            stack.callback(self._closing.submit, answer.close)
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
        """Give what the application answers, a lump at a time."""
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
        """Do the next piece of work for an answer, in one of the threads."""
        self._taken[answer] = time.monotonic()
        try:
            return next(answer)
        finally:
            del self._taken[answer]

    # ── life ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _beat(self, loop: asyncio.AbstractEventLoop, bounded: bool = False) -> None:
        """Say again and again that the worker lives, unless every thread has been at one thing for too long."""
        if len(self._taken) < self._most or max(list(self._taken.values()), default=inf) > time.monotonic() - STUCK:
            pulse.beat()
        loop.call_later(BEAT, self._beat, loop, bounded or _bound_readers())


def _bound_readers() -> bool:
    """Let the kernel end connections whose peer takes nothing any more; whether the worker listens by now.

    What listens hands the option on to every connection, and Granian has no setting for it.
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
    """Return the environment of a request (PEP 3333), without its body.

    A header with an underscore is dropped, as proxies do: it would pass for the one with a hyphen.
    """
    environ = {
        "REQUEST_METHOD": scope["method"].upper(),  # "head" is HEAD to all who look at it, or it reads unseen
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
        if b"_" not in raw:
            name = raw.decode("latin-1").replace("-", "_").upper()
            name = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
            text = value.decode("latin-1")
            joined = "; " if name == "HTTP_COOKIE" else ","
            environ[name] = f"{environ[name]}{joined}{text}" if name in environ else text
    return environ
