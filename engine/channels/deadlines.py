"""Limits the total time of a connection; a socket's timeout alone begins anew with every byte that arrives."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def deadline(connection: Callable[[], socket.socket | None], seconds: float) -> Iterator[None]:
    """Shut the connection down if the block takes longer than *seconds*; its reads and writes then raise OSError."""

    def end() -> None:
        with suppress(OSError):
            if open_now := connection():
                open_now.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
