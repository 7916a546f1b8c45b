"""Programs of designers and operators: deploying, messages from outside, incidents."""

import json

from engine.service.authoring.checking import read_folder
from engine.service.history.timelines import HistoryFilter
from tests.office import ROOT, SOP
from tests.pages.conftest import known
from tests.service import procedures


def texts(change=lambda text: text):
    files = read_folder(ROOT / "processes", ROOT / "forms", SOP)
    return {path: change(content.decode()) for path, content in files.items() if not path.endswith(".docx")}


def renamed(text):
    return text.replace('name="Pengumpulan Data Kinerja"', 'name="Pengumpulan Data"')


def test_a_designer_s_program_checks_deploys_and_running_instances_stay_on_their_version(program, started, office):
    designer = program("perancang")
    body = {"process_id": SOP, "files": texts(renamed)}
    checked = designer.post("/deployments/validation", body).get_json()
    assert checked["deployable"], checked
    deployed = designer.post("/deployments", {**body, "note": "Nama dipendekkan"})
    assert deployed.status_code == 201, deployed.text
    record = deployed.get_json()
    assert (record["version"], record["note"], record["deployed_by"]) == (2, "Nama dipendekkan", "perancang")
    shown = designer.get(deployed.headers["Location"].removeprefix("/api/v1")).get_json()
    assert shown["steps"][0]["element_id"] == "perintahkan_pengumpulan_data"
    path = f"processes/{SOP}/{SOP}.bpmn"
    assert designer.get(f"/definitions/{record['id']}/files/{path}").data.decode() == body["files"][path]
    assert program("auditor").get(f"/instances/{started}").get_json()["version"] == 1
    letters = {path for path in office.services.studio.open(SOP).files if path.endswith(".docx")}
    assert letters, "which are no text, and stay as the operator brought them"
    newer = program("kepala.dinas").post("/instances", {"process_id": SOP, "values": {"tahun": 2025, "periode": "II"}})
    assert newer.get_json()["version"] == 2
    again = designer.post("/deployments", {**body, "note": "Sekali lagi"})
    assert (again.status_code, again.get_json()["reason"]) == (409, "unchanged")


def test_who_edited_a_version_that_is_no_longer_in_force_is_told_who_deployed(program, office):
    designer = program("perancang")
    first = designer.post("/definitions/search", {}).get_json()["items"][0]["id"]
    body = {"process_id": SOP, "files": texts(renamed), "note": "Nama", "based_on": first}
    assert designer.post("/deployments", body).status_code == 201
    late = designer.post("/deployments", {**body, "files": texts(), "note": "Kembali"})
    assert (late.status_code, late.get_json()["reason"], late.get_json()["who"]) == (409, "deployed", "perancang")


def test_a_broken_diagram_is_refused_with_every_finding_and_nothing_is_deployed(program):
    designer = program("perancang")
    files = texts(lambda text: text.replace('sop:waktu="PT15M"', 'sop:waktu="sebentar"'))
    refused = designer.post("/deployments", {"process_id": SOP, "files": files, "note": "Salah"})
    assert refused.status_code == 422
    [finding] = [f for f in refused.get_json()["findings"] if f["severity"] == "error"]
    assert (finding["rule"], finding["element_id"]) == ("standard_time", "perintahkan_pengumpulan_data")
    assert finding["line"]
    assert finding["mend"]
    assert len(designer.post("/definitions/search", {}).get_json()["items"]) == 1


def test_files_of_another_place_are_refused_by_name(program):
    body = {"process_id": SOP, "files": {"../../etc/passwd": "x", f"forms/{SOP}/a.json": "{}"}, "note": "Coba"}
    refused = program("perancang").post("/deployments", body).get_json()
    assert [e["field"] for e in refused["errors"]] == ["files.../../etc/passwd"]


def test_an_operator_s_program_sends_a_message_and_sees_what_nobody_received(program, office):
    operator = program("operator")
    sent = operator.post(
        "/messages", {"name": "tak_ditunggu", "values": {"a": 10**40, "b": -1.5}, "reason": "Uji coba"}
    )
    assert sent.status_code == 202
    [waiting] = operator.get("/messages/undelivered").get_json()["items"]
    assert (waiting["id"], waiting["name"], waiting["sent_by"]) == (
        sent.get_json()["ids"][0],
        "tak_ditunggu",
        "operator",
    )
    assert program("sekretaris").post("/messages", {"name": "x", "reason": "Uji coba"}).status_code == 403


def test_an_incident_is_found_shown_and_retried_with_a_reason(program, office):
    office.hire("ann", "staf")
    office.hire("bos", "atasan")
    name = "script_that_raises_is_an_incident"
    numbers = {"angka": procedures.number("Angka"), "pembagi": procedures.number("Pembagi")}
    forms = {"tulis": procedures.form(**numbers), "periksa": procedures.form()}
    procedures.deploy(office, name, forms)
    instance = procedures.start(office, name)
    known(office)
    ann, operator = program("ann"), program("operator")
    [task] = ann.post("/tasks/search", {}).get_json()["items"]
    moved = ann.post(f"/tasks/{task['id']}/completion", {"values": {"angka": 6, "pembagi": 0}}).get_json()
    assert moved["instance_status"] == "incident"
    assert [raised["element_id"] for raised in moved["incidents"]] == ["hitung"]
    [incident] = operator.post("/incidents/search", {"filter": {"instance_id": instance}}).get_json()["items"]
    shown = operator.get(f"/incidents/{incident['id']}", buffered=True)
    assert shown.get_json()["data"]["pembagi"] == "0"
    [read] = office.services.histories.everything(office.actor("auditor"), HistoryFilter(action="incident:read")).lines
    assert (read.actor, json.loads(read.change)["token"]) == ("operator", operator.token.id)
    assert operator.post(f"/incidents/{incident['id']}/retry").status_code == 422, "a reason is missing"
    answer = operator.post(f"/incidents/{incident['id']}/retry", {"reason": "Pembagi diperbaiki"})
    assert answer.get_json() == {"resolved": False}
    lines = operator.get(f"/instances/{instance}/history").get_json()["items"]
    [retried] = [line for line in lines if line["action"] == "incident:retried"]
    assert retried["change"]["reason"] == "Pembagi diperbaiki"
