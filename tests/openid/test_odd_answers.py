"""What a provider answers may be of any shape: whatever cannot be read is a refusal in words, never a fault."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from engine.channels.openid import Provider
from engine.web.application import create_app
from tests.databases import KINDS
from tests.openid.conftest import link
from tests.pages.conftest import Browser, known

KEY = ECKey.generate_key("P-256", {"kid": "a", "use": "sig", "alg": "ES256"})
NIP, BACK = "198001012005011001", "/masuk/pemerintah/kembali"
ODD = [None, [], {}, 7, "x", True, [[]], [{}], {"a": []}, ["otp", 1, None], "\0", "\ud800"]


class OddProvider(ThreadingHTTPServer):
    """A provider that answers what it is told: *claims* of its proof, and whole *answers* by path."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), partial(_Asked))
        self.issuer = f"http://127.0.0.1:{self.server_port}"
        self.claims, self.answers, self.nonce = {}, {}, ""
        Thread(target=self.serve_forever, daemon=True).start()

    def says(self, path):
        places = {name: f"{self.issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
        now = int(datetime.now(UTC).timestamp())
        proof = {"iss": self.issuer, "aud": "alur", "sub": NIP, "exp": now + 60, "iat": now, "nonce": self.nonce}
        held = {"alg": "ES256", "kid": "a"}
        usual = {
            "openid-configuration": {"issuer": self.issuer, **places},
            "jwks_uri": {"keys": [KEY.as_dict(private=False)]},
            "token_endpoint": {
                "token_type": "Bearer",
                "access_token": "a",
                "id_token": jws.serialize_compact(held, json.dumps({**proof, **self.claims}).encode(), KEY),
            },
        }
        name = path.rpartition("/")[2]
        said = self.answers.get(name, usual.get(name))
        return said if isinstance(said, bytes) else json.dumps(said).encode()


class _Asked(BaseHTTPRequestHandler):
    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = self.server.says(urlsplit(self.path).path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_POST = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def database_kind():
    return KINDS[0]


@pytest.fixture
def odd():
    server = OddProvider()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def comes_back(people_only, odd):
    """Go to the provider and come back; the answer."""
    office = known(people_only)
    office.now = datetime.now(UTC)
    services = office.services
    app = create_app(services, secret_key=b"k" * 32, office_name="Dinas", clock=lambda: office.now)

    def comes():
        asked = Provider(odd.issuer, "alur", "rahasia", "openid", "sub", frozenset({"otp"}))
        services.identities = replace(services.identities, provider=asked)
        browser = Browser(app)
        sent = browser.get("/masuk/pemerintah")
        if sent.status_code != 303:
            return sent
        facts = dict(parse_qsl(urlsplit(sent.headers["Location"]).query))
        odd.nonce = facts["nonce"]
        return browser.get(f"{BACK}?code=x&state={facts['state']}&iss={odd.issuer}")

    link(office, "sekretaris", NIP)
    return comes


@pytest.mark.parametrize("claim", ["amr", "acr"])
def test_a_proof_that_says_oddly_how_somebody_signed_in_there_lets_them_in(odd, comes_back, claim):
    for value in ODD:
        odd.claims = {claim: value}
        assert comes_back().status_code in (303, 401), ascii(value)


@pytest.mark.parametrize("claim", ["sub", "aud", "exp", "iat", "nonce", "azp", "at_hash", "auth_time"])
def test_a_claim_of_any_shape_is_a_refusal_in_words(odd, comes_back, claim):
    for value in (*ODD, 10**400):
        odd.claims = {claim: value}
        assert comes_back().status_code in (303, 401, 403), ascii(value)


@pytest.mark.parametrize("place", ["openid-configuration", "jwks_uri", "token_endpoint"])
def test_an_answer_of_any_shape_is_a_refusal_in_words(odd, comes_back, place):
    keys = [{"keys": value} for value in ODD] + [{"token_type": "Bearer", "id_token": value} for value in ODD]
    named = [{"issuer": odd.issuer, "authorization_endpoint": v, "token_endpoint": v, "jwks_uri": v} for v in ODD]
    proof = base64.urlsafe_b64encode(b'{"alg":[]}').decode()
    for value in [*ODD, *keys, *named, b"", b"\xff", b"{", b"[" * 200_000, {"id_token": f"{proof}.e30.AA"}]:
        odd.answers = {place: value}
        answer = comes_back()
        assert answer.status_code in (303, 401, 403, 503), ascii(value)
        assert answer.status_code != 303 or answer.headers["Location"] != "/", ascii(value)


def test_what_it_is_told_rightly_it_says_rightly(odd, comes_back):
    assert comes_back().headers["Location"] == "/"
