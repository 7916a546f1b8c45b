"""Asks ClamAV's daemon whether an uploaded file is infected. Without its answer no file is accepted.

The file is sent to ``clamd`` by its command INSTREAM, over a Unix socket (``/run/clamav/clamd.ctl``) or TCP
(``host:port``). All of it must take less than LONGEST seconds.
"""

import socket
import struct
from contextlib import ExitStack, closing
from typing import BinaryIO

from engine.channels.deadlines import deadline
from engine.channels.faults import Away

TIMEOUT, LONGEST = 5.0, 30.0
CHUNK, LONGEST_REPLY = 64 * 1024, 4096


def scan(address: str, stream: BinaryIO, longest: float = LONGEST) -> str | None:
    """Return the name of the virus in a file, None if it is clean; Away if the daemon does not answer."""
    stream.seek(0)
    try:
        with closing(_connected(address)) as daemon, deadline(lambda: daemon, longest):
            daemon.settimeout(longest)
            reply = _asked(daemon, stream)
    except OSError as error:
        raise Away(str(error) or type(error).__name__) from None
    finally:
        stream.seek(0)
    said = reply.rstrip(b"\0\n").decode(errors="replace").removeprefix("stream: ")
    if said.endswith(" FOUND"):
        return said.removesuffix(" FOUND")
    if said != "OK":
        raise Away(said or "no answer")
    return None


def _connected(address: str) -> socket.socket:
    if address.startswith("/"):
        with ExitStack() as stack:
            local = stack.enter_context(socket.socket(socket.AF_UNIX))
            local.settimeout(TIMEOUT)
            local.connect(address)
            stack.pop_all()
            return local
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), TIMEOUT)


def _asked(daemon: socket.socket, stream: BinaryIO) -> bytes:
    try:
        daemon.sendall(b"zINSTREAM\0")
        while part := stream.read(CHUNK):
            daemon.sendall(struct.pack("!I", len(part)) + part)
        daemon.sendall(struct.pack("!I", 0))
    except (BrokenPipeError, ConnectionResetError):  # the file is larger than clamd accepts; the reply says so
        pass
    reply = b""
    while b"\0" not in reply and len(reply) < LONGEST_REPLY and (part := daemon.recv(LONGEST_REPLY)):
        reply += part
    return reply
