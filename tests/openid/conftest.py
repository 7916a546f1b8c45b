"""An office whose people may sign in by a real provider, as the government's: oidc-provider with a P-521 key."""

import socket
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from engine.service.people.identities import provider_of
from engine.web.application import create_app
from frontend.build import NODE, ROOT, install
from tests.databases import KINDS
from tests.pages.conftest import Browser, known

BACK, AFTER = "http://localhost/masuk/pemerintah/kembali", "http://localhost/masuk"


class ProviderServer:
    """The provider, answering; *says* who signs in there, and what is wrong with it."""

    def __init__(self):
        install(tools=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.issuer = f"http://127.0.0.1:{self.port}"
        command = [NODE, Path(__file__).with_name("provider.mjs"), str(self.port), BACK, AFTER]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        while self.process.stdout.readline().strip() != b"siap":
            assert self.process.poll() is None, "the provider did not start"

    def says(self, **now):
        requests.get(f"{self.issuer}/uji", params=now, timeout=10).raise_for_status()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="session")
def provider_server():
    server = ProviderServer()
    yield server
    server.stop()


@pytest.fixture
def provider(provider_server):
    provider_server.says(akun="198001012005011001")
    return provider_server


@pytest.fixture
def database_kind():
    """Of both kinds what is stored is asked elsewhere."""
    return KINDS[0]


@pytest.fixture
def office(people_only, provider):
    """The office, today, since the provider's clock is the machine's; the secretary is linked."""
    office = known(people_only)
    office.now = datetime.now(UTC)
    stated = {"issuer": provider.issuer, "client": "alur", "secret": "rahasia-penyedia"}
    stated |= {"scopes": "openid profile", "claim": "sub", "mfa": "otp hwk"}
    services = office.services
    services.accounts = replace(services.accounts, by_provider=True)
    services.identities = replace(services.identities, accounts=services.accounts, provider=provider_of(stated))
    link(office, "sekretaris")
    return office


def link(office, account, value="198001012005011001", *, only=False):
    office.services.identities.link(office.actor("operator"), account, value, only, "Diminta orangnya", office.now)


class AtTheProvider(Browser):
    """A browser that goes to the provider and comes back."""

    def __init__(self, app):
        super().__init__(app)
        self.elsewhere = requests.Session()

    def goes(self, path="/masuk/pemerintah"):
        """Go there; the address by which the provider leads back."""
        sent = self.get(path)
        assert sent.status_code == 303, sent.text
        place = sent.headers["Location"]
        for _ in range(10):
            if place.startswith(BACK):
                return place
            answer = self.elsewhere.get(place, allow_redirects=False, timeout=10)
            assert answer.is_redirect, answer.text
            place = requests.compat.urljoin(place, answer.headers["Location"])
        raise AssertionError("the provider leads nowhere")

    def comes(self, back):
        return self.get(back.removeprefix("http://localhost"))


def asked(place):
    return dict(parse_qsl(urlsplit(place).query))


@pytest.fixture
def browser(office):
    app = create_app(office.services, secret_key=b"k" * 32, office_name="Dinas Contoh", clock=lambda: office.now)
    return AtTheProvider(app)
