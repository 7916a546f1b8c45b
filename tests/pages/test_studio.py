"""What the server answers a designer: findings, refusals, deployments; the editor itself is tested in a browser."""

import json
from io import BytesIO
from pathlib import Path

import pytest
from lxml import etree
from markupsafe import escape

from engine.model.errors import InvalidProcedure
from engine.service.deployments import read_folder
from engine.service.procedure_files import content_hash
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


@pytest.mark.parametrize("path", ["processes/lain/lain.bpmn", f"processes/{SOP}/lain.py", "../etc/passwd"])
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


def send(browser_, files, **more):
    """Upload *files* by name as the page does."""
    texts = [(BytesIO(content), name) for name, content in files.items()]
    return browser_.post("/studio/unggah-sop", {"berkas": texts, **more}, page="/studio/unggah-sop")


def deployed_from(browser_, answer, note="dari berkas"):
    """Deploy what an answer reviews; the form's hidden fields travel along."""
    form = etree.HTML(answer.text).xpath("//main//form[.//button]")[-1]
    hidden = {field.get("name"): field.get("value") for field in form.xpath(".//input[@type='hidden']")}
    return browser_.http.post(form.get("action"), data={**hidden, "catatan": note}, follow_redirects=True)


def folder_of(office):
    """The files of the SOP's folder, as ``alur deploy`` reads it: by path, and by name as one picks them.

    Word templates are no text: they come by the console, and stay as they are.
    """
    root = Path(__file__).parents[2]
    files = read_folder(root / "processes", root / "forms", SOP)
    named = {path.rsplit("/", 1)[1]: content for path, content in files.items() if not path.endswith(".docx")}
    return files, named


def test_uploading_a_folders_files_does_what_alur_deploy_does(browse, office):
    designer = browse("perancang")
    files, named = folder_of(office)
    named[f"{SOP}.bpmn"] = files[PATH] = files[PATH].replace(b'name="Sekretaris"', b'name="Sekretariat"')
    answer = deployed_from(designer, send(designer, named, seluruhnya="1"))
    assert "Versi 2 terpasang" in answer.text
    assert "data-arrived" not in answer.text, "the draft in the browser is another one"
    bench = office.services.studio.open(SOP)
    assert bench.files == files
    assert bench.record.content_hash == content_hash(files)
    assert office.services.deployments.deploy(office.actor("perancang"), SOP, files, "sama", office.now) is None


def test_uploading_and_alur_deploy_find_the_same_faults(browse, office):
    files, named = folder_of(office)
    named[f"{SOP}.bpmn"] = files[PATH] = files[PATH].replace(b'sop:waktu="P1D"', b'sop:waktu="sehari"')
    del files[f"forms/{SOP}/mulai.schema.json"], named["mulai.schema.json"]
    answer = send(browse("perancang"), named, seluruhnya="1")
    with pytest.raises(InvalidProcedure) as refused:
        office.services.deployments.deploy(office.actor("perancang"), SOP, files, "rusak", office.now)
    assert len(refused.value.findings) > 3
    assert all(str(escape(each.message)) in answer.text for each in refused.value.findings)
    assert "mulai.schema.json" in answer.text
    assert "Pasang versi 2</button>" not in answer.text


def test_one_changed_form_is_enough_and_the_rest_of_the_version_stays(browse, office):
    designer = browse("perancang")
    before = office.services.studio.open(SOP).files
    path = f"forms/{SOP}/mulai.schema.json"
    changed = before[path].replace(b'"title": "', b'"title": "Baru: ', 1)
    answer = send(designer, {"mulai.schema.json": changed}, sop=SOP)
    assert "Versi 2 terpasang" in deployed_from(designer, answer).text
    assert office.services.studio.open(SOP).files == {**before, path: changed}


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ({}, "Pilih berkas"),
        ({"foto.jpg": b"x"}, "foto.jpg bukan berkas SOP"),
        ({"mulai.schema.json": b"{}"}, "Pilih SOP yang memakai"),
        ({"satu.bpmn": b"<a/>", "dua.bpmn": b"<a/>"}, "satu diagram saja"),
        ({f"{SOP}.bpmn": b"\xff\xfe"}, "bukan teks UTF-8"),
    ],
    ids=["nothing", "a picture", "a form of nobody", "two diagrams", "no text"],
)
def test_what_is_no_file_of_an_sop_is_refused_in_words(browse, files, word):
    answer = send(browse("perancang"), files)
    assert answer.status_code == 422
    assert word in answer.text


def test_a_new_sop_and_one_that_is_no_xml_are_reviewed_from_their_file(browse, office):
    designer = browse("perancang")
    begun = office.services.studio.begin("izin_cuti", "Izin cuti").files
    named = {path.rsplit("/", 1)[1]: content for path, content in begun.items()}
    diagram = named.pop("izin_cuti.bpmn")
    assert (
        "Versi 1 terpasang" in deployed_from(designer, send(designer, {"dari surel (1).bpmn": diagram, **named})).text
    )
    answer = send(designer, {"izin_cuti.bpmn": b"<a>\n<b></a>"})
    assert "harus diperbaiki" in answer.text
    assert "baris 2" in answer.text
