"""Calls of the webhook, to a real receiver that checks, redirects, refuses, hangs or lies inside."""

import base64
import hashlib
import hmac
import json
import ssl
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import select

from engine.channels import http_exchange
from engine.model.errors import Conflict, InvalidForm
from engine.store.tables import dispatch, history, secret
from tests.databases import KINDS
from tests.telling.post import certificate


@pytest.fixture
def database_kind():
    """No question of its own to a database."""
    return KINDS[0]


class Receiver:
    """A receiver over HTTPS; what came is in *calls*."""

    def __init__(self, chain, key):
        self.calls, self.status, self.headers, self.hangs = [], 204, {}, 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.calls.append((self.path, dict(self.headers), body))
                threading.Event().wait(outer.hangs)
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *said):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(chain, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.handle_error = lambda *came: None  # whoever hangs up on it
        self.url = f"https://localhost:{self.server.server_port}/kait?kanal=umum"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver(tmp_path, monkeypatch):
    chain, key = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    made = Receiver(chain, key)
    yield made
    made.close()


@pytest.fixture
def calling(office, receiver):
    """An office whose webhook is called with every new task; its environment allows the machine itself."""
    services = office.services
    services.webhook = replace(services.webhook, inside=True)
    services.telling = replace(services.telling, webhook=services.webhook)
    value = {"on": True, "url": receiver.url, "kinds": ["task", "late", "bukan"]}
    office.secret = services.webhook.change(office.actor("operator"), value, 0, office.now)
    return office


def begun(office, **more):
    office.do("kepala.dinas", office.start(**more), "perintahkan_pengumpulan_data")


def rows(office):
    with office.database.read() as reader:
        return reader.connection.execute(select(dispatch)).all()


def test_a_call_is_signed_says_what_is_to_be_done_and_names_nobody(calling, receiver):
    begun(calling)
    calling.sweep()
    [(path, headers, body)] = receiver.calls
    said = json.loads(body)
    assert (path, said["type"]) == ("/kait?kanal=umum", "task")
    assert "Triwulan I 2025" in said["text"]
    assert said["data"]["due_at"].startswith("2025-04-14")
    assert "Sekretaris" not in body.decode()
    key = base64.b64decode(calling.secret.removeprefix("whsec_"))
    proved = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = base64.b64encode(hmac.new(key, proved, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    calling.sweep()
    assert len(receiver.calls) == 1


def test_a_redirect_is_not_followed_and_nothing_is_lost(calling, receiver):
    receiver.status, receiver.headers = 307, {"Location": receiver.url + "&lagi"}
    begun(calling)
    calling.sweep()
    state = calling.services.webhook.state(calling.actor("operator"), calling.now)
    assert (len(receiver.calls), state.counts) == (1, {"due": 1})
    assert "pengalihan tidak diikuti" in state.cause
    receiver.status = 200
    calling.later(minutes=2)
    calling.sweep()
    assert [row.status for row in rows(calling)] == ["sent"]
    first, second = receiver.calls
    assert first[1]["webhook-id"] == second[1]["webhook-id"], "by which a receiver knows a double"


def test_a_receiver_that_hangs_or_is_gone_delays_only(calling, receiver, monkeypatch):
    monkeypatch.setattr(http_exchange, "TIMEOUT", 0.3)
    receiver.hangs = 1.0
    begun(calling)
    calling.sweep()
    assert "timed out" in calling.services.webhook.state(calling.actor("operator"), calling.now).cause
    receiver.hangs, receiver.status = 0.0, 503
    calling.later(minutes=3)
    calling.sweep()
    state = calling.services.webhook.state(calling.actor("operator"), calling.now)
    assert (state.cause, state.counts) == ("HTTP 503", {"due": 1})
    receiver.status = 200
    calling.later(minutes=10)
    calling.sweep()
    assert [row.status for row in rows(calling)] == ["sent"]


def test_a_call_that_the_receiver_cannot_read_is_set_aside_until_somebody_asks(calling, receiver):
    receiver.status = 422
    begun(calling)
    calling.sweep()
    [failed] = calling.services.webhook.state(calling.actor("operator"), calling.now).failed
    assert failed.cause == "HTTP 422"
    receiver.status = 200
    assert calling.services.webhook.again(calling.actor("operator"), calling.now) == 1
    calling.sweep()
    assert [row.status for row in rows(calling)] == ["sent"]


INSIDE = """localhost 127.0.0.1 2130706433 0x7f.1 [::1] [::ffff:127.0.0.1] 10.0.0.7 192.168.1.1 169.254.169.254
    100.64.0.1 0.0.0.0 [fe80::1] [fd00::1] 224.0.0.1 [64:ff9b::7f00:1] [2002:7f00:1::1]"""


@pytest.mark.parametrize("host", INSIDE.split())
def test_nobody_is_led_inside(office, receiver, host):
    at, operator = office.services.webhook, office.actor("operator")
    value = {"on": True, "url": f"https://{host}:{receiver.server.server_port}/", "kinds": ["task"]}
    at.change(operator, value, 0, office.now)
    with pytest.raises(InvalidForm) as told:
        at.test(operator, office.now)
    assert "bukan alamat internet umum" in told.value.errors[0].message, told.value
    assert receiver.calls == []


@pytest.mark.parametrize(
    "url",
    [
        "http://contoh.go.id/",
        "ftp://contoh.go.id",
        "https://",
        "contoh.go.id",
        "https://a:b@contoh.go.id/",
        "file:///etc",
    ],
)
def test_only_https_is_an_address(office, url):
    with pytest.raises(InvalidForm):
        office.services.webhook.change(office.actor("operator"), {"on": True, "url": url, "kinds": []}, 0, office.now)


def test_the_secret_is_shown_once_and_another_takes_its_place(calling, receiver):
    operator = calling.actor("operator")
    key = base64.b64decode(calling.secret.removeprefix("whsec_"))
    with calling.database.read() as reader:
        assert key not in reader.connection.scalar(select(secret.c.sealed))
        assert calling.secret not in str(reader.connection.scalars(select(history.c.change)).all())
    value, revision = calling.services.webhook.setting(operator)
    assert value["kinds"] == ["task", "late"]
    assert calling.services.webhook.change(operator, value, revision, calling.now) is None
    with pytest.raises(Conflict):
        calling.services.webhook.change(operator, value, revision, calling.now)
    assert calling.services.webhook.renew(operator, calling.now) != calling.secret


def test_switched_off_it_is_called_no_more(calling, receiver):
    receiver.status = 503
    begun(calling)
    calling.sweep()
    value, revision = calling.services.webhook.setting(calling.actor("operator"))
    calling.services.webhook.change(calling.actor("operator"), {**value, "on": False}, revision, calling.now)
    calling.later(hours=1)
    begun(calling, period="II")
    calling.sweep()
    assert (len(receiver.calls), [row.status for row in rows(calling)]) == (1, ["dropped"])
