"""Whatever a program sends: problem+json that names the field, nothing half done, and no fault of the server."""

import base64
import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from engine.store.tables import metadata
from tests.api.conftest import problem
from tests.office import SOP


def everything(office):
    """How many rows every table of record holds."""
    with office.database.read() as reader:
        return {
            table.name: reader.connection.scalar(select(func.count()).select_from(table))
            for table in metadata.sorted_tables
            if table.info.get("history") or table.info.get("history_line")
        }


def faults(told):
    return {(error["field"], error["code"]) for error in told["errors"]}


# ── tokens ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_token_or_with_one_that_opens_nothing_a_program_is_asked_for_one(app, program, office):
    answer = program().get("/account")
    assert problem(answer, 401, "unauthorized")["reason"] == "missing"
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="alur"'
    for shown in ("Bearer nonsense", "Basic YTpi", "Bearer", "Bearer " + "x" * 5000):
        answer = program().get("/account", headers={"Authorization": shown})
        problem(answer, 401, "unauthorized")


def test_a_token_ends_with_its_time_by_revoking_and_with_its_person_s_account(program, office):
    one = program("sekretaris")
    assert one.get("/account").get_json()["person_id"] == "sekretaris"
    office.services.tokens.revoke(office.actor("sekretaris"), one.token.id, office.now)
    assert problem(one.get("/account"), 401, "unauthorized")["reason"] == "revoked"
    other = program("tim.sakip")
    office.services.people.set_active(office.actor("operator"), "tim.sakip", False, "Mutasi", office.now)
    assert problem(other.get("/account"), 401, "unauthorized")["reason"] == "revoked", "it ended with the account"
    third = program("auditor")
    office.now += timedelta(days=31)
    assert problem(third.get("/account"), 401, "unauthorized")["reason"] == "expired"


def test_a_membership_that_ended_ends_for_programs_too(program, office, started):
    one = program("sekretaris")
    yesterday = office.services.office.today(office.now) - timedelta(days=1)
    operator = office.actor("operator")
    office.services.people.end_membership(
        operator, "sekretaris", "m-sekretaris-sekretaris", yesterday, "Mutasi.", office.now
    )
    assert one.get("/account").get_json()["memberships"] == []
    problem(one.post("/instances", {"process_id": SOP, "values": {}}), 403, "not-permitted")


def test_a_browser_s_cookie_opens_nothing_here(app, office):
    from tests.pages.conftest import Browser

    browser = Browser(app)
    assert browser.sign_in("sekretaris").status_code == 303
    assert browser.get("/tugas").status_code == 200
    problem(browser.get("/api/v1/account"), 401, "unauthorized")
    problem(browser.http.post("/api/v1/tasks/search", json={}), 401, "unauthorized")


# ── bodies ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_fault_of_a_body_is_named_at_once(program):
    body = {"process_id": 7, "values": [], "extra": True}
    told = problem(program("kepala.dinas").post("/instances", body), 422, "invalid-request")
    assert faults(told) == {("process_id", "string_type"), ("values", "dict_type"), ("extra", "extra_forbidden")}


def test_values_of_a_wrong_type_or_name_are_named_by_field(program, started):
    one = program("kepala.dinas")
    [task] = one.post("/tasks/search", {}).get_json()["items"]
    body = {"values": {"disposisi": {"catatan": 12, "tidak_ada": 1}, "perjanjian_kinerja": "teks", "asing": None}}
    told = problem(one.post(f"/tasks/{task['id']}/completion", body), 422, "invalid-form")
    assert {
        ("disposisi.catatan", "type"),
        ("disposisi.tidak_ada", "unknown"),
        ("perjanjian_kinerja", "type"),
    } <= faults(told)


@pytest.mark.parametrize(
    "sent",
    [
        b"{",
        b'{"process_id": "a", "process_id": "b"}',
        b'{"values": {"tahun": NaN}}',
        b'{"values": {"tahun": 1e999999999}}',
        b'{"values": {"tahun": ' + b"9" * 5000 + b"}}",
        b"[" * 100_000,
        b'"\xff"',
        b'{"process_id": "a\\u0000b"}',
        b'{"process_id": "\\ud800"}',
        b'{"process_id"',
        b'{"process_id": "\xed\xa0\x80"}',
    ],
)
def test_what_is_no_json_or_holds_what_nobody_can_store_is_refused(program, office, sent):
    one = program("kepala.dinas")
    before = everything(office)
    answer = one.http.post("/api/v1/instances", data=sent, headers=one.headers, content_type="application/json")
    problem(answer, 400, "bad-request")
    assert everything(office) == before


def test_a_body_of_another_kind_or_a_null_or_a_list_is_refused(program):
    one = program("kepala.dinas")
    answer = one.http.post("/api/v1/instances", data={"process_id": SOP}, headers=one.headers)
    problem(answer, 415, "unsupported-media-type")
    for sent in (None, [], "text", 1):
        answer = one.http.post(
            "/api/v1/instances", data=json.dumps(sent), headers=one.headers, content_type="application/json"
        )
        problem(answer, 422, "invalid-request")


def test_a_body_that_is_too_large_is_refused(program):
    body = {"process_id": SOP, "values": {"catatan": "x" * 5_000_000}}
    problem(program("kepala.dinas").post("/instances", body), 413, "too-large")


NO_ID = base64.urlsafe_b64encode(b"2025-04-11T00:00:00Z").decode()


@pytest.mark.parametrize("cursor", ["", "x", "MjAyNQ==", "é", "ICA=", "////", "OTk5OTktMDEtMDEgeA==", NO_ID])
def test_a_cursor_that_is_none_of_ours_is_refused(program, cursor):
    auditor = program("auditor")
    told = problem(
        auditor.post("/tasks/search", {"filter": {"scope": "completed"}, "page": {"after": cursor}}),
        422,
        "invalid-request",
    )
    assert faults(told) == {("page.after", "cursor")}
    for noun in ("instances", "definitions", "incidents"):
        told = problem(auditor.post(f"/{noun}/search", {"page": {"after": cursor}}), 422, "invalid-request")
        assert faults(told) == {("page.after", "cursor")}


def test_a_language_is_answered_in(program):
    one = program("sekretaris")
    assert one.get("/tasks/x").get_json()["detail"] == "Tidak ada, atau bukan untuk Anda."
    told = one.get("/tasks/x", headers={"Accept-Language": "en-GB,en;q=0.9"}).get_json()
    assert told["detail"] == "There is none, or it is not for you."


# ── other people's things ───────────────────────────────────────────────────────────────────────────────────────────


def test_foreign_ids_and_other_people_s_tasks_change_nothing(program, office, started):
    [task] = program("kepala.dinas").post("/tasks/search", {}).get_json()["items"]
    holder, stranger = program("pemegang.data.1"), "00000000-0000-0000-0000-000000000000"
    auditor = program("auditor")
    before = everything(office)
    for path in (f"/tasks/{task['id']}", f"/tasks/{task['id']}/form"):
        problem(holder.get(path), 403, "not-permitted")
    problem(holder.put(f"/tasks/{task['id']}/assignment"), 403, "not-permitted")
    problem(holder.put(f"/tasks/{task['id']}/draft", {"values": {}}), 403, "not-permitted")
    told = problem(holder.post(f"/tasks/{task['id']}/completion", {}), 403, "not-permitted")
    assert told["reason"] == "lane"
    problem(holder.get(f"/instances/{started}"), 404, "not-found")
    problem(holder.get(f"/instances/{started}/history"), 404, "not-found")
    for path in (f"/tasks/{stranger}", f"/instances/{stranger}", f"/definitions/{stranger}", f"/documents/{stranger}"):
        problem(auditor.get(path), 404, "not-found")
    assert holder.post("/instances/search", {}).get_json()["items"] == []
    problem(holder.post("/tasks/search", {"filter": {"scope": "all"}}), 403, "not-permitted")
    assert everything(office) == before


def test_addresses_and_methods_that_there_are_not_are_answered_in_json(program):
    problem(program("auditor").get("/tidak/ada"), 404, "not-found")
    answer = program("auditor").put("/account")
    problem(answer, 405, "method-not-allowed")
    assert "GET" in answer.headers["Allow"]


def test_a_fault_of_the_server_is_told_by_its_number(app, program, office, monkeypatch):
    monkeypatch.setattr(type(office.services.inbox), "search", lambda *a, **k: 1 / 0)
    told = problem(program("sekretaris").post("/tasks/search", {}), 500, "fault")
    assert told["number"] in told["detail"]


# ── requests that are repeated ──────────────────────────────────────────────────────────────────────────────────────


def test_a_request_that_is_repeated_under_its_key_is_done_once_and_answered_the_same(program, office):
    one = program("kepala.dinas")
    body = {"process_id": SOP, "values": {"tahun": 2025, "periode": "I"}}
    first = one.post("/instances", body, key="mulai-1")
    again = one.post("/instances", body, key="mulai-1")
    assert (first.status_code, first.data, first.headers["Location"]) == (
        again.status_code,
        again.data,
        again.headers["Location"],
    )
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert len(one.post("/instances/search", {}).get_json()["items"]) == 1


def test_a_key_with_another_body_is_refused_and_other_people_s_keys_are_their_own(program, started, values):
    one = program("kepala.dinas")
    [task] = one.post("/tasks/search", {}).get_json()["items"]
    body = {"values": values("kepala.dinas", task["id"])}
    refused = one.post(f"/tasks/{task['id']}/completion", {"values": {}}, key="k")
    assert refused.status_code == 422, "what was refused did nothing, so that its key is free again"
    assert one.post(f"/tasks/{task['id']}/completion", body, key="k").status_code == 200
    assert one.post(f"/tasks/{task['id']}/completion", body, key="k").status_code == 200
    told = problem(one.post(f"/tasks/{task['id']}/completion", {"values": {}}, key="k"), 422, "key-reused")
    assert told["reason"] == "key_reused"
    assert program("sekretaris").delete(f"/tasks/{task['id']}/draft", key="k").status_code == 204


def test_a_key_whose_request_never_came_to_an_end_is_not_run_again(program, office, monkeypatch):
    one = program("kepala.dinas")
    body = {"process_id": SOP, "values": {"tahun": 2025, "periode": "I"}}
    start = type(office.services.starts).start

    def dies(*args, **kwargs):
        start(*args, **kwargs)
        raise RuntimeError("the power fails after the commit")

    with monkeypatch.context() as patched:
        patched.setattr(type(office.services.starts), "start", dies)
        problem(one.post("/instances", body, key="k"), 500, "fault")
    told = problem(one.post("/instances", body, key="k"), 409, "conflict")
    assert told["reason"] == "key_in_use"
    assert len(one.post("/instances/search", {}).get_json()["items"]) == 1


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 201, "é"])
def test_a_key_that_is_none_is_refused(program, key):
    one = program("kepala.dinas")
    told = problem(one.post("/instances", {"process_id": SOP}, key=key), 422, "invalid-request")
    assert faults(told) == {("Idempotency-Key", "pattern")}
