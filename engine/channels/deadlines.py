"""A limit on everything that is said over a connection: a timeout alone starts anew with every byte that drips in."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def deadline(connection: Callable[[], socket.socket | None], seconds: float) -> Iterator[None]:
    """Shut a connection down once the block took *seconds*; whatever reads or writes it then fails (OSError)."""

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
