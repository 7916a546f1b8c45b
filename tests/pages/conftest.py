"""The office behind its pages: a WSGI application with a clock that stands still, and people signed in over HTTP."""

import re
from copy import copy
from dataclasses import replace

import pytest
from sqlalchemy import update

from engine.store.tables import person
from engine.web.application import create_app
from tests.databases import KINDS

PASSWORD = "kuda-baterai-staples"


class Browser:
    """What a person without scripts does: open pages, send their forms with the token that stands in them."""

    def __init__(self, app, account=None):
        self.http = app.test_client()
        self.account = account

    def get(self, path, **options):
        return self.http.get(path, buffered=True, **options)  # read to its end and closed, as a server does

    def token(self, path="/masuk"):
        return re.search(r'name="csrf_token" value="([^"]+)"', self.http.get(path).text).group(1)

    def post(self, path, data=None, *, page="/akun", **options):
        return self.http.post(path, data={"csrf_token": self.token(page), **(data or {})}, buffered=True, **options)

    def sign_in(self, account, password=PASSWORD, **more):
        return self.http.post(
            "/masuk", data={"csrf_token": self.token(), "akun": account, "sandi": password, **more}, buffered=True
        )


def known(at_work):
    """Let everybody of an office know their password."""
    hashed = at_work.services.accounts.hasher.hash(PASSWORD)
    with at_work.database.unguarded() as connection:
        connection.execute(update(person).values(password_hash=hashed))
        connection.commit()
    return at_work


@pytest.fixture
def database_kind():
    """Pages do not care which database; stories of services run on both."""
    return KINDS[0]


@pytest.fixture
def office(open_office):
    """The office, whose people all know their password."""
    return known(open_office)


@pytest.fixture
def app(office):
    """The application over the office, which takes files up to 300 kB."""
    services = copy(office.services)
    services.documents = replace(services.documents, largest_file=300_000)
    return create_app(services, secret_key=b"k" * 32, office_name="Dinas Contoh", clock=lambda: office.now)


@pytest.fixture
def browse(app):
    """Sit somebody down at a browser, signed in."""

    def sit(account=None):
        browser = Browser(app, account)
        if account is not None:
            assert browser.sign_in(account).status_code == 303
        return browser

    return sit
