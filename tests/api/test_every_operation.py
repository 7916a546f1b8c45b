"""One test walks all operations: each asks for a token, lets in whom it says, and answers nobody with a fault."""

import pytest
from openapi_spec_validator import validate

from engine.service.people.api_tokens import Scope
from engine.web.access import access_of
from engine.web.api import openapi
from engine.web.api.operations import operation_of
from tests.api.conftest import problem
from tests.api.test_bad_requests import everything
from tests.pages.test_every_route_says_who import address, ids

__all__ = ["ids"]
WRITES = {"reason": "Uji coba", "name": "uji", "values": {}, "role": "sekretaris", "note": "Uji", "revision": 0}
WRITES |= {"substitute": "tim.sakip.2", "since": "2025-04-14", "until": "2025-04-15"}


def operations(app):
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("api."):
            method = next(iter(rule.methods - {"HEAD", "OPTIONS"}))
            yield rule, method, app.view_functions[rule.endpoint]


def body_of(view):
    model = operation_of(view).body
    return None if model is None else {k: v for k, v in WRITES.items() if k in model.model_fields}


def asked(program, app, rule, method, view, ids):
    path = address(app, rule, ids).removeprefix("/api/v1")
    return program._ask(method, path, body_of(view), {})


def test_every_operation_asks_for_a_token_unless_it_says_that_anybody_may(app, program, ids):
    stranger = program()
    for rule, method, view in operations(app):
        answer = asked(stranger, app, rule, method, view, ids)
        if access_of(view).open:
            assert answer.status_code == 200, rule.rule
        else:
            problem(answer, 401, "unauthorized")


@pytest.mark.parametrize("account", ["kepala.dinas", "pemegang.data.1", "perancang", "auditor"])
def test_everybody_s_program_gets_what_their_roles_may_and_nobody_a_fault(app, program, office, ids, account):
    one, roles = program(account), office.actor(account).roles
    for rule, method, view in operations(app):
        answer = asked(one, app, rule, method, view, ids)
        assert answer.status_code < 500, f"{account}: {rule.rule} {answer.text}"
        if answer.status_code >= 400:
            assert answer.mimetype == "application/problem+json", rule.rule
        if not access_of(view).admits(roles):
            assert answer.status_code == 403, f"{account}: {rule.rule}"


@pytest.mark.parametrize("account", ["operator", "perancang", "pemegang.data.1"])
def test_every_operation_states_the_scope_that_it_asks_of_a_token(app, program, ids, account):
    by_scope = {scope: program(account, [scope]) for scope in Scope}
    all_but = {scope: program(account, set(Scope) - {scope}) for scope in Scope}
    for rule, method, view in operations(app):
        needed, access = operation_of(view).scope, access_of(view)
        if access.open or not access.admits(frozenset({account, "designer" if account == "perancang" else account})):
            continue
        if access.permit is not None and account != "pemegang.data.1":
            continue  # who may hand nothing over hears that first
        told = problem(asked(all_but[needed], app, rule, method, view, ids), 403, "insufficient-scope")
        assert told["scope"] == needed
        answer = asked(by_scope[needed], app, rule, method, view, ids)
        assert "insufficient-scope" not in answer.text, rule.rule
        assert answer.status_code < 500
        writes = operation_of(view).writes
        assert (needed is not Scope.READ) if writes else (needed in (Scope.READ, Scope.DEPLOY)), rule.rule


def test_a_token_without_the_scope_is_told_which_one_is_missing(program):
    answer = program("operator", ["read"]).post("/messages", {"name": "surat", "reason": "uji coba"})
    assert answer.headers["WWW-Authenticate"].endswith('error="insufficient_scope", scope="administer"')
    assert "administer" in problem(answer, 403, "insufficient-scope")["detail"]


def test_a_program_of_who_only_reads_changes_nothing_whatever_it_asks(app, program, office, ids):
    auditor = program("auditor")
    before = everything(office)
    for rule, method, view in operations(app):
        answer = asked(auditor, app, rule, method, view, ids)
        assert answer.status_code < 500, rule.rule
    assert everything(office) == before


def test_the_description_is_openapi_3_1_and_tells_every_operation_with_every_answer(app, program):
    document = program().get("/openapi.json").get_json()
    validate(document)
    assert document["openapi"] == "3.1.0"
    told = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert told == {(each.method, each.path) for each in openapi.described(app)}
    assert len(told) == len(list(operations(app)))
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], path
            assert operation["security"] == [] or operation["security"][0]["token"][0] in operation["description"]
            wanted = {"401", "403"} if operation.get("security") != [] else set()
            assert wanted <= operation["responses"].keys(), (method, path)


def test_the_page_that_explains_it_is_open_to_anybody_and_names_every_operation(app, browse_page):
    page = browse_page("/api")
    for each in openapi.described(app):
        assert each.path.replace("<", "&lt;") in page
        assert f'id="{each.name}"' in page


@pytest.fixture
def browse_page(app):
    def get(path):
        answer = app.test_client().get(path)
        assert answer.status_code == 200
        return answer.text

    return get
