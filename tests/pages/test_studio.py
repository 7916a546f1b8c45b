"""What the server answers a designer: findings, refusals, deployments; the editor itself is tested in a browser."""

import json

import pytest

from tests.office import SOP

STEP = "siapkan_kertas_kerja"
PATH = f"processes/{SOP}/{SOP}.bpmn"


def draft_of(office, xml=None):
    bench = office.services.studio.open(SOP)
    return bench.record.id, {PATH: (xml or bench.files[PATH]).decode()}


def ask(browser_, texts, base):
    headers = {"X-CSRFToken": browser_.token("/akun")}
    return browser_.http.post(f"/studio/{SOP}/periksa", json={"dasar": base, "berkas": texts}, headers=headers)


def test_a_check_answers_every_finding_with_element_line_and_how_to_mend(browse, office):
    designer = browse("perancang")
    base, texts = draft_of(office)
    assert ask(designer, texts, base).json == {"findings": []}
    texts[PATH] = texts[PATH].replace('sop:waktu="P1D"', 'sop:waktu="sehari"')
    found = ask(designer, texts, base).json["findings"]
    assert {each["element_id"] for each in found} >= {STEP, "susun_jadwal"}
    assert all(each["line"] and each["message"] and each["mend"] and each["file"] == PATH for each in found)


@pytest.mark.parametrize(
    "sent",
    ["", "[]", "null", '{"dasar": 1, "berkas": {}}', '{"dasar": "", "berkas": {"x": 3}}', "[" * 100_000],
    ids=["nothing", "list", "null", "wrong types", "a number as text", "too deep"],
)
def test_what_is_no_draft_is_refused_in_words(browse, sent):
    designer = browse("perancang")
    headers = {"X-CSRFToken": designer.token("/akun"), "Content-Type": "application/json"}
    answer = designer.http.post(f"/studio/{SOP}/periksa", data=sent, headers=headers)
    assert answer.status_code == 400
    assert "tidak dapat dibaca" in answer.json["message"]


@pytest.mark.parametrize("path", ["processes/lain/lain.bpmn", f"processes/{SOP}/functions.py", "../etc/passwd"])
def test_only_the_diagram_and_forms_of_the_procedure_can_be_edited(browse, office, path):
    base, _ = draft_of(office)
    assert ask(browse("perancang"), {path: "x"}, base).status_code == 404


def test_a_start_event_without_a_form_is_found_before_somebody_starts_it(browse, office):
    base, texts = draft_of(office)
    texts[f"forms/{SOP}/mulai.schema.json"] = None
    found = ask(browse("perancang"), texts, base).json["findings"]
    assert ("mulai", "form_missing") in {(each["element_id"], each["rule"]) for each in found}


def test_deploying_asks_for_a_note_and_refuses_what_did_not_change(browse, office):
    designer = browse("perancang")
    base, texts = draft_of(office)
    same = {"dasar": base, "berkas": json.dumps(texts), "catatan": "sama saja"}
    answer = designer.post(f"/studio/{SOP}/pasang", same)
    assert answer.status_code == 409
    assert "Tidak ada perubahan" in answer.text
    texts[PATH] = texts[PATH].replace('name="Sekretaris"', 'name="Sekretaris Dinas"')
    answer = designer.post(f"/studio/{SOP}/pasang", {"dasar": base, "berkas": json.dumps(texts), "catatan": " "})
    assert answer.status_code == 422
    assert "Tulis catatan versi" in answer.text
    assert "Sekretaris Dinas" in answer.text, "the draft travels along"
    assert office.services.studio.open(SOP).record.version == 1


@pytest.mark.parametrize(("id_", "word"), [("Izin Cuti", "huruf kecil"), (SOP, "sudah ada"), ("", "huruf kecil")])
def test_an_id_that_is_none_or_taken_begins_no_sop(browse, id_, word):
    answer = browse("perancang").post("/studio/baru", {"id": id_, "nama": "Apa saja"})
    assert answer.status_code == 422
    assert word in answer.text
    assert "Apa saja" in answer.text


def test_the_studio_is_for_designers(browse):
    for account in ("sekretaris", "auditor", "operator"):
        assert browse(account).get("/studio").status_code == 403
    assert browse("perancang").get("/").headers["Location"] == "/studio"
