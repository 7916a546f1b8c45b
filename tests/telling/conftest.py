"""An office whose people are told of things, and what its worker does for that."""

import pytest

from tests.telling.office import TellingOffice
from tests.telling.post import PostOffice, certificate


@pytest.fixture
def office(open_office):
    """The office, with a worker at hand."""
    return TellingOffice(open_office.database, open_office.data_dir)


@pytest.fixture
def post(tmp_path, monkeypatch):
    """The office's mail server, answering; the machine trusts its certificate."""
    chain, secret = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    server = PostOffice(chain, secret).open()
    yield server
    server.close()


@pytest.fixture
def by_mail(office, post):
    """The office whose letters go by that server; the secretary and the head have an address."""
    office.uses(post)
    for account in ("sekretaris", "kepala.dinas", "tim.sakip"):
        office.reached(account)
    return office
