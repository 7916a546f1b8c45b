"""The front of a web worker bounds whoever sends or reads slowly, and nobody who is in earnest."""

import asyncio
import threading

import pytest

from engine import front


class Peer:
    """Somebody at the other end of a connection: sends what it is told to, and takes what it may."""

    def __init__(self, announced, *, address="10.0.0.1", takes=None):
        self.scope = {
            "type": "http",
            "http_version": "1.1",
            "scheme": "http",
            "method": "POST",
            "raw_path": b"/a%20b",
            "query_string": b"c=d",
            "server": ("127.0.0.1", "8000"),
            "client": (address, "9"),
            "headers": [(b"host", b"kantor"), (b"content-length", str(announced).encode()), (b"x_forwarded_for", b"x")],
        }
        self.sent, self.answers, self.takes = asyncio.Queue(), [], takes

    def says(self, chunk, more=True):
        self.sent.put_nowait({"type": "http.request", "body": chunk, "more_body": more})

    async def take(self, message):
        if self.takes is not None and len(self.answers) >= self.takes:
            await asyncio.Event().wait()
        self.answers.append(message)

    async def meets(self, office):
        await office(self.scope, self.sent.get, self.take)
        return self

    @property
    def status(self):
        return self.answers[0]["status"]


def echo(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["wsgi.input"].read()]


@pytest.fixture
def office(tmp_path, monkeypatch):
    """An office whose visitors must hurry."""
    for name, value in {"GRACE": 0.2, "READING": 0.2, "AT_ONCE": 3, "STRIDE": 900}.items():
        monkeypatch.setattr(front, name, value)

    def made(application=echo, **facts):
        return front.Front(application, **{"threads": 1, "folder": tmp_path, "largest": 100_000, **facts})

    return made


def test_who_announces_more_than_comes_is_told_so_in_time(office):
    async def story():
        silent, trickling, broken = Peer(1000), Peer(1000), Peer(1000)
        trickling.says(b"a" * 100)
        broken.says(b"a" * 100)
        broken.says(b"", more=False)
        at_work = office()
        return await asyncio.gather(*(peer.meets(at_work) for peer in (silent, trickling, broken)))

    assert [peer.status for peer in asyncio.run(story())] == [408, 408, 400]


def test_a_slow_phone_that_goes_on_sending_is_waited_for(office, monkeypatch):
    monkeypatch.setattr(front, "GRACE", 1.0)

    async def story():
        phone = Peer(6_000)
        met = asyncio.create_task(phone.meets(office()))
        for _ in range(6):
            await asyncio.sleep(0.25)
            phone.says(b"a" * 1_000)
        return await met

    phone = asyncio.run(story())
    assert (phone.status, phone.answers[-1]["body"]) == (200, b"a" * 6_000)


def test_of_too_many_unfinished_bodies_of_one_address_the_laziest_goes(office, monkeypatch):
    monkeypatch.setattr(front, "GRACE", 30.0)

    async def story():
        at_work = office()
        peers = [Peer(1_000) for _ in range(5)]
        running = []
        for peer in peers:
            running.append(asyncio.create_task(peer.meets(at_work)))
            await asyncio.sleep(0.01)
        stranger = Peer(1_000, address="10.0.0.2")
        stranger.says(b"a" * 1_000)
        await stranger.meets(at_work)
        peers[-1].says(b"a" * 1_000)
        await running[-1]
        done = [peer for peer, task in zip(peers, running, strict=True) if task.done()]
        for task in running:
            task.cancel()
        return stranger, done, peers

    stranger, done, peers = asyncio.run(story())
    assert stranger.status == 200
    assert [peer.status for peer in done] == [408, 408, 200]
    assert done[-1] is peers[-1]


def test_what_all_bodies_hold_together_is_bounded(office, monkeypatch):
    monkeypatch.setattr(front, "GRACE", 30.0)

    async def story():
        at_work = office(largest=1_000)  # so that 8,000 bytes have room
        peers = [Peer(1_000, address=f"10.0.0.{n}") for n in range(30)]
        running = [asyncio.create_task(peer.meets(at_work)) for peer in peers]
        for peer in peers:
            peer.says(b"a" * 999)
        await asyncio.sleep(0.2)
        cut = [peer for peer in peers if peer.answers]
        for task in running:
            task.cancel()
        return at_work, cut

    at_work, cut = asyncio.run(story())
    assert len(cut) == 22
    assert {peer.status for peer in cut} == {408}
    assert at_work._held <= 8_000


def test_who_sent_much_and_stopped_is_let_go_before_whoever_sends_a_form(office, monkeypatch):
    monkeypatch.setattr(front, "GRACE", 30.0)

    async def story():
        at_work = office(largest=1_000)
        crowd = [Peer(1_000, address=f"10.0.0.{n}") for n in range(8)]
        running = [asyncio.create_task(peer.meets(at_work)) for peer in crowd]
        for peer in crowd:
            peer.says(b"a" * 999)
        clerk = Peer(400, address="10.0.1.1")
        met = asyncio.create_task(clerk.meets(at_work))
        for _ in range(4):
            await asyncio.sleep(0.01)
            clerk.says(b"a" * 100)
        await met
        for task in running:
            task.cancel()
        return clerk, [peer for peer in crowd if peer.answers]

    clerk, gone = asyncio.run(story())
    assert (clerk.status, len(gone)) == (200, 1)


def test_a_body_that_lacks_its_last_bytes_is_not_waited_for_longer_than_its_first(office):
    async def story():
        lazy = Peer(50_000)
        lazy.says(b"a" * 49_990)
        return await asyncio.wait_for(lazy.meets(office()), 60)

    assert asyncio.run(story()).status == 408


def test_a_body_that_is_too_large_is_the_applications_to_refuse(office):
    async def story():
        return await Peer(10_000_000).meets(office())

    peer = asyncio.run(story())
    assert (peer.status, peer.answers[-1]["body"]) == (200, b"")


def test_whoever_does_not_read_holds_no_thread_and_is_left(office, monkeypatch):
    monkeypatch.setattr(front, "READING", 2.0)
    closed = threading.Event()

    class Large:
        def __iter__(self):
            return iter([b"a" * front.LUMP] * 50)

        def close(self):
            closed.set()

    def large(environ, start_response):
        start_response("200 OK", [])
        return Large() if environ["REMOTE_ADDR"] == "10.0.0.1" else [b"ya"]

    async def story():
        at_work = office(large)
        lazy, other = Peer(0, takes=2), Peer(0, address="10.0.0.2")
        left = asyncio.create_task(lazy.meets(at_work))
        while len(lazy.answers) < 2:
            await asyncio.sleep(0.01)
        await asyncio.wait_for(other.meets(at_work), 1.5)  # the one thread is free
        await left
        return lazy, other

    lazy, other = asyncio.run(story())
    assert other.answers[-1]["body"] == b"ya"
    assert lazy.answers[-1]["more_body"], "the server sees that it is not all, and ends the connection"
    assert closed.wait(5)


def test_what_an_application_does_afterwards_keeps_no_visitor_waiting_whom_another_thread_can_serve(office):
    done, may_end = threading.Event(), threading.Event()

    class Answer(list):
        def close(self):
            may_end.wait(10)
            done.set()

    def application(environ, start_response):
        start_response("200 OK", [])
        return Answer([b"selesai"])

    async def story():
        at_work = office(application, threads=2)
        return [await asyncio.wait_for(Peer(0).meets(at_work), 5) for _ in range(2)]

    first, second = asyncio.run(story())
    assert [peer.answers[-1]["body"] for peer in (first, second)] == [b"selesai", b"selesai"]
    assert not done.is_set()
    may_end.set()
    assert done.wait(5)


def test_the_application_is_told_what_was_asked(office):
    def telling(environ, start_response):
        start_response("200 OK", [])
        told = ("PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "HTTP_HOST", "CONTENT_LENGTH", "HTTP_X_FORWARDED_FOR")
        return [repr([environ.get(name) for name in told]).encode()]

    async def story():
        return await Peer(0).meets(office(telling))

    told = asyncio.run(story()).answers[-1]["body"].decode()
    assert told == "['/a b', 'c=d', '10.0.0.1', 'kantor', '0', None]", "a header that only looks like a proxy's is none"


def test_a_method_in_small_letters_is_the_one_that_it_means(office):
    def says(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["REQUEST_METHOD"].encode()]

    visitor = Peer(0)
    visitor.scope["method"] = "head"
    visitor.says(b"", more=False)
    asyncio.run(visitor.meets(office(says)))
    assert b"".join(each.get("body", b"") for each in visitor.answers) == b"HEAD"
