"""A thousand sockets of somebody who is not signed in keep nobody else waiting, without a proxy in front."""

import resource
import socket
import threading
import time
from contextlib import ExitStack, contextmanager, suppress

from tests.office import ROOT
from tests.operations.harness import CONNECTION_LOST, Browser, until

SOCKETS = 1_000
LARGEST = max((ROOT / "engine/web/static/dist").glob("*.js"), key=lambda path: path.stat().st_size)
FORM = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000000\r\n\r\nakun=a"
BODY = b"POST /masuk HTTP/1.1\r\nHost: kantor\r\n" + FORM
KINDS = {
    "silent": b"",
    "half a header": b"GET /masuk HTTP/1.1\r\nHost: kan",
    "half a body": BODY,
    "a body that trickles": BODY,
    "idle": b"GET /sehat HTTP/1.1\r\nHost: kantor\r\n\r\n",
    "not reading": f"GET /static/dist/{LARGEST.name} HTTP/1.1\r\nHost: kantor\r\n\r\n".encode(),
}


@contextmanager
def held(port, said, count=SOCKETS):
    """Keep *count* sockets open that said *said* and read as little as a socket may."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, most))
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in found:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            one.settimeout(5)
            with suppress(OSError):  # a server that takes no more is found out by who asks it next
                one.connect(("127.0.0.1", port))
                one.sendall(said)
        yield found


@contextmanager
def trickling(sockets):
    """Send one more byte on each of *sockets* again and again."""
    over = threading.Event()

    def trickle():
        while not over.wait(0.5):
            for one in sockets:
                with suppress(OSError):
                    one.send(b"a")

    thread = threading.Thread(target=trickle, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join()


def seconds(port, path):
    """How long an answer takes; for ever if none comes within a few seconds."""
    began = time.monotonic()
    with suppress(*CONNECTION_LOST, TimeoutError):
        if Browser(port, timeout=5).get(path).status == 200:
            return time.monotonic() - began
    return float("inf")


def served(port):
    """Whether somebody else is answered in under a second: a probe, and the page to sign in."""
    return seconds(port, "/sehat") < 1 and seconds(port, "/masuk") < 1


def open_sockets(office):
    """How many sockets the processes of an office hold."""
    return sum(len(process.net_connections("tcp")) for process in office.running())


def test_others_are_answered_within_a_second_beside_a_thousand_sockets_of_any_kind(installation):
    installation.serve()
    for kind, said in KINDS.items():
        with held(installation.port, said) as sockets, trickling(sockets if "trickles" in kind else []):
            until(lambda: served(installation.port), f"an answer within a second beside 1,000 sockets, {kind}")
    ani = installation.sign_in("ani")
    assert ani.start("surat", nomor="001").status == 303, "and work goes on"


def test_whoever_sends_in_earnest_is_heard_beside_those_of_the_same_address_who_do_not(installation):
    installation.serve()
    ani = installation.sign_in("ani")
    with held(installation.port, BODY, 200):
        assert ani.start("surat", nomor="001").status == 303


def test_a_server_lets_go_of_whoever_does_not_end_what_they_began(installation):
    installation.serve()
    before = open_sockets(installation)
    unfinished = (KINDS[kind] for kind in ("silent", "half a header", "half a body", "idle"))
    with ExitStack() as stack:
        for said in unfinished:
            stack.enter_context(held(installation.port, said, 20))
        with held(installation.port, BODY, 20) as sockets, trickling(sockets):
            until(lambda: open_sockets(installation) >= before + 90, "all of them are taken")
            until(lambda: open_sockets(installation) <= before + 2, "their connections are ended", every=1.0)
