"""The office behind its API: programs that work in somebody's name, with a token and no browser."""

import json

import pytest

from engine.forms.submission import Surroundings
from engine.service.people.accounts import Retyped
from engine.service.people.api_tokens import Scope
from engine.service.procedures.procedure import evaluator
from tests.office import SOP
from tests.pages.conftest import PASSWORD, app, database_kind, office

__all__ = ["app", "database_kind", "office"]


class Program:
    """A program with a token of *account*."""

    def __init__(self, app, office, account, scopes=tuple(Scope)):
        self.http = app.test_client()
        self.headers = {}
        if account is not None:
            retyped = Retyped(PASSWORD, "-")
            issued = office.services.tokens.issue(office.actor(account), "uji", 30, scopes, retyped, office.now)
            self.token, text = issued
            self.headers = {"Authorization": f"Bearer {text}"}

    def get(self, path, **options):
        return self._ask("GET", path, None, options)

    def post(self, path, body=None, **options):
        return self._ask("POST", path, body, options)

    def put(self, path, body=None, **options):
        return self._ask("PUT", path, body, options)

    def delete(self, path, body=None, **options):
        return self._ask("DELETE", path, body, options)

    def _ask(self, method, path, body, options):
        headers = {**self.headers, **options.pop("headers", {})}
        if "key" in options:
            headers["Idempotency-Key"] = options.pop("key")
        if body is not None:
            options |= {"data": json.dumps(body), "content_type": "application/json"}
        return self.http.open(f"/api/v1{path}", method=method, headers=headers, **options)


def problem(answer, status, kind):
    """The body of a problem, once it is known to be one."""
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text
    told = answer.get_json()
    assert (told["status"], told["type"]) == (status, f"urn:alur:problem:{kind}")
    assert told["detail"]
    return told


@pytest.fixture
def program(app, office):
    """Start a program in somebody's name; without an account it has no token."""
    return lambda account=None, scopes=tuple(Scope): Program(app, office, account, scopes)


@pytest.fixture
def started(program):
    """An instance that a program of the Kepala Dinas started; its id."""
    body = {"process_id": SOP, "values": {"tahun": 2025, "periode": "I"}}
    answer = program("kepala.dinas").post("/instances", body)
    assert answer.status_code == 201
    return answer.get_json()["id"]


@pytest.fixture
def values(office):
    """What somebody would fill into a task's form, as JSON by field."""

    def of(account, task_id):
        page = office.services.tasks.open(office.actor(account), task_id, office.now)
        entries = office.filled(account, task_id)
        accounts = ("sekretaris", "tim.sakip", "pemegang.data.1", "pemegang.data.2", "kepala.dinas", "tim.sakip.2")
        around = Surroundings(
            context=page.context,
            evaluate=evaluator(page.functions),
            people=lambda role: {account: account for account in accounts},
            files=staged(office, entries),
            locale="id",
            gettext=str,
        )
        filled = page.form.accept(entries, around)
        return page.form.encode(filled)

    return of


def staged(office, entries):
    """Files that are named among the entries, by id."""
    from engine.store.queries import documents

    named = {text for texts in entries.values() for text in texts if len(text) == 36}
    with office.database.read() as reader:
        return documents.attachments(reader, named)
