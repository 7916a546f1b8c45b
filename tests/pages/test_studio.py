"""What the server answers a designer: findings, refusals, deployments; the editor itself is tested in a browser."""

import json
import re
from io import BytesIO
from pathlib import Path

import pytest
from lxml import etree
from markupsafe import escape

from engine.cli import CONSOLE
from engine.model.errors import InvalidForm, InvalidProcedure, NotFound, NotPermitted
from engine.model.history import Action, HistoryEvent
from engine.model.work import DefinitionRecord
from engine.service.authoring.checking import read_folder
from engine.service.authoring.starter_diagram import new_procedure
from engine.service.procedures.files import content_hash
from engine.store.queries import definitions
from tests.office import SOP
from tests.pages.conftest import known

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


BARE = re.compile(rb"<bpmndi:BPMNDiagram.*</bpmndi:BPMNDiagram>", re.DOTALL)
PARTLY = re.compile(rb'<bpmndi:BPMNShape id="(langkah_pertama|pelaksana)_di".*?</bpmndi:BPMNShape>', re.DOTALL)
LEAVE = "processes/izin_cuti/izin_cuti.bpmn"


def leave_without(places):
    """A new procedure whose diagram lacks *places*."""
    files = new_procedure("izin_cuti", "Izin cuti")
    files[LEAVE] = places.sub(b"", files[LEAVE])
    return files


@pytest.mark.parametrize("places", [BARE, PARTLY], ids=["nothing is drawn", "a step is not drawn"])
def test_a_diagram_without_places_is_refused_by_name_wherever_it_comes_from(browse, office, places):
    files = leave_without(places)
    texts = {path: content.decode() for path, content in files.items()}
    designer = browse("perancang")
    answer = send(designer, {path.rsplit("/", 1)[1]: content for path, content in files.items()})
    assert "Pasang versi 1</button>" not in answer.text
    assert "tidak mempunyai tempat pada gambar" in answer.text
    assert "Langkah pertama" in answer.text
    assert "tabel langkah" in answer.text, "how it is mended"
    sent = {"dasar": "", "berkas": json.dumps(texts), "catatan": "tanpa gambar"}
    assert designer.post("/studio/izin_cuti/pasang", sent).status_code == 422
    with pytest.raises(InvalidProcedure) as refused:
        office.services.deployments.deploy(CONSOLE, "izin_cuti", files, "tanpa gambar", office.now, at_console=True)
    assert [each.rule for each in refused.value.findings if each.severity == "error"] == ["undrawn"]


@pytest.mark.parametrize("places", [BARE, PARTLY], ids=["nothing is drawn", "a step is not drawn"])
def test_what_an_earlier_version_deployed_without_places_runs_and_says_what_is_not_drawn(browse, office, places):
    files = leave_without(places)
    hashed = content_hash(files)
    record = DefinitionRecord("lama", "izin_cuti", 1, hashed, "Izin cuti", "", office.now, "perancang", False)
    told = {"definition": "lama", "version": 1, "content_hash": hashed, "note": ""}
    with office.database.write(office.actor("perancang"), office.now) as work:
        definitions.add(work, record, files)
        work.record("definition:izin_cuti", HistoryEvent(Action.DEFINITION_DEPLOYED, change=told))
    office.hire("ann", "atasan")
    office.hire("sam", "pelaksana")
    known(office)
    instance = office.services.starts.start(office.actor("ann"), "izin_cuti", {}, office.now)
    task = office.task(instance, "langkah_pertama")
    assert browse("sam").get(f"/tugas/{task}").status_code == 200
    reader = browse("ann")
    for page in ("/sop", "/sop/izin_cuti", "/sop/izin_cuti/lembar", f"/instans/{instance}"):
        assert reader.get(page).status_code == 200, page
    for page in ("/sop/izin_cuti/diagram", f"/instans/{instance}/diagram"):
        assert re.search("Tidak tergambar: .*Langkah pertama", reader.get(page).text), page
    assert browse("perancang").get("/studio/izin_cuti").status_code == 200


def test_the_studio_is_for_designers(browse):
    for account in ("sekretaris", "auditor", "operator"):
        assert browse(account).get("/studio").status_code == 403
    assert 'href="/studio"' in browse("perancang").get("/").text


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
    """The files of the SOP's folder, as ``alur deploy`` reads it: by path, and by name as one picks them."""
    root = Path(__file__).parents[2]
    files = read_folder(root / "processes", root / "forms", SOP)
    return files, {path.rsplit("/", 1)[1]: content for path, content in files.items()}


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
        ({"foto.gif": b"x"}, "foto.gif bukan berkas SOP"),
        ({"mulai.schema.json": b"{}"}, "Tidak ada diagram (.bpmn) di antara berkas ini"),
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
    begun = new_procedure("izin_cuti", "Izin cuti")
    named = {path.rsplit("/", 1)[1]: content for path, content in begun.items()}
    diagram = named.pop("izin_cuti.bpmn")
    assert (
        "Versi 1 terpasang" in deployed_from(designer, send(designer, {"dari surel (1).bpmn": diagram, **named})).text
    )
    answer = send(designer, {"izin_cuti.bpmn": b"<a>\n<b></a>"})
    assert "harus diperbaiki" in answer.text
    assert "baris 2" in answer.text


LOGO = b"\x89PNG\r\n\x1a\n\x00\xff"


def save(browser_, texts, base="", **more):
    """Save a draft of ``izin_cuti`` (or of the *path* given) as the editor does."""
    path = more.pop("path", "/studio/izin_cuti/draf")
    headers = {"X-CSRFToken": browser_.token("/akun")}
    sent = {"dasar": base, "berkas": texts, "revisi": 0, "penulis": "tab", **more}
    return browser_.http.post(path, json=sent, headers=headers)


def drawn(name="Izin cuti", process_id="izin_cuti"):
    """The texts of a draft of a new procedure."""
    return {path: content.decode() for path, content in new_procedure(process_id, name).items()}


def test_a_draft_is_on_the_server_whatever_becomes_of_the_browser(browse, office):
    texts = drawn()
    designer = browse("perancang")
    saved = save(designer, texts).json
    assert (saved["revision"], saved["base"]) == (1, "")
    there = office.now.astimezone(office.services.office.zone())
    assert saved["saved_at"] == f"{there:%H.%M}", "the office's time, wherever the browser believes to be"
    assert saved["at"].endswith(f"{there:%Y %H.%M}")
    designer.post("/keluar")
    elsewhere = browse("perancang")
    listed = elsewhere.get("/studio").text
    assert "/studio/izin_cuti" in listed
    assert "tersimpan" in listed
    page = etree.HTML(elsewhere.get("/studio/izin_cuti").text)
    [bench] = page.xpath("//script[@id='bengkel']/text()")
    assert json.loads(bench)["draft"]["changes"] == texts
    office.hire("perancang.2", "designer")
    known(office)
    colleague = browse("perancang.2")
    assert "/studio/izin_cuti" not in colleague.get("/studio").text
    assert colleague.get("/studio/izin_cuti").status_code == 404, "a draft is its designer's own"
    with pytest.raises(NotPermitted):
        office.services.studio.save_draft(office.actor("auditor"), "izin_cuti", "", texts, office.now)
    with pytest.raises(NotPermitted):
        office.services.studio.resume(office.actor("auditor"), SOP)


def test_two_tabs_of_one_designer_choose_and_what_was_not_chosen_can_be_taken_back(browse, office):
    designer = browse("perancang")
    one, two = drawn("Satu"), drawn("Dua")
    assert save(designer, one, penulis="satu").json["revision"] == 1
    refused = save(designer, two, penulis="dua")
    assert (refused.status_code, refused.json["draft"]["changes"]) == (409, one)
    assert save(designer, two, penulis="dua", revisi=1, pilih="ini").json["revision"] == 2
    assert save(designer, one, penulis="satu", revisi=1).status_code == 409, "nor is the other overwritten now"
    bench = office.services.studio.resume(office.actor("perancang"), "izin_cuti")
    assert (bench.draft.content["berkas"], bench.aside.content["berkas"]) == (two, one)
    assert designer.post("/studio/izin_cuti/draf/ambil").status_code == 303
    bench = office.services.studio.resume(office.actor("perancang"), "izin_cuti")
    assert (bench.draft.content["berkas"], bench.aside.content["berkas"]) == (one, two)
    assert save(designer, two, pilih="itu").json == {}, "kept beside, as what was in the browser of a lost network"
    assert office.services.studio.resume(office.actor("perancang"), "izin_cuti").draft.content["berkas"] == one


def test_a_new_sop_that_was_put_aside_is_listed_and_taken_back(browse, office):
    designer, texts = browse("perancang"), drawn()
    save(designer, texts)
    page = designer.get("/studio/izin_cuti").text
    assert "Sisihkan draf ini" in page
    assert "versi yang berlaku" not in page, "none is in force"
    assert designer.post("/studio/izin_cuti/draf/sisihkan").headers["Location"] == "/studio"
    for place in ("/studio", "/studio/izin_cuti", "/studio/izin_cuti?nama=Lagi"):
        answer = designer.get(place)
        assert answer.status_code == 200
        assert etree.HTML(answer.text).xpath("//form[@action='/studio/izin_cuti/draf/ambil']"), place
    assert "Lagi" in answer.text
    assert designer.get("/studio/tidak_ada").status_code == 404
    designer.post("/studio/izin_cuti/draf/ambil")
    assert office.services.studio.resume(office.actor("perancang"), "izin_cuti").draft.content["berkas"] == texts


def test_a_draft_that_is_too_large_or_none_is_refused_in_words(browse, office):
    designer = browse("perancang")
    assert save(designer, {"processes/lain/lain.bpmn": "x"}).status_code == 404
    assert save(designer, {"forms/izin_cuti/documents/logo.png": "bukan base64!"}).status_code == 404
    assert save(designer, "x").status_code == 400
    assert save(designer, {}, revisi="x").status_code == 400


def test_deploying_puts_the_draft_aside_and_a_file_that_was_uploaded_leaves_it(browse, office):
    designer = browse("perancang")
    texts = drawn()
    save(designer, texts)
    sent = {"dasar": "", "berkas": json.dumps(texts), "catatan": "pertama"}
    answer = designer.post("/studio/izin_cuti/pasang", sent, follow_redirects=True)
    assert 'data-arrived="/studio/izin_cuti"' in answer.text
    bench = office.services.studio.resume(office.actor("perancang"), "izin_cuti")
    assert (bench.draft, bench.aside) == (None, None), "nothing is offered that is in force"
    office.services.studio.take_back(office.actor("perancang"), "izin_cuti", office.now)
    bench = office.services.studio.resume(office.actor("perancang"), "izin_cuti")
    assert bench.draft.content["berkas"] == texts, "it is kept for a while all the same, in case it is missed"


def test_a_newer_version_is_replaced_only_by_who_says_so_and_the_history_keeps_it(browse, office):
    designer, base = browse("perancang"), office.services.studio.open(SOP).record.id
    _, texts = draft_of(office)
    mine = {PATH: texts[PATH].replace('name="Sekretaris"', 'name="Sekretariat"')}
    save(designer, mine, base, path=f"/studio/{SOP}/draf")
    office.hire("perancang.2", "designer")
    theirs = office.services.studio.open(SOP).files | {PATH: texts[PATH].replace('"P1D"', '"P2D"').encode()}
    deploy = office.services.deployments.deploy
    newer = deploy(office.actor("perancang.2"), SOP, theirs, "dua hari", office.now, at_console=True)

    page = designer.get(f"/studio/{SOP}").text
    assert "Versi 2 lebih baru daripada draf Anda" in page
    assert "Perancang 2" in page
    assert "dua hari" in page
    [bench] = etree.HTML(page).xpath("//script[@id='bengkel']/text()")
    assert json.loads(bench)["version"] == 1, "the draft goes on from where it began"
    sent = {"dasar": base, "berkas": json.dumps(mine), "catatan": "nama jalur"}
    for more in ({}, {"atas": newer.id}, {"atas": base, "menggantikan": "1"}):
        answer = designer.post(f"/studio/{SOP}/pasang", {**sent, **more})
        assert answer.status_code == 409
        assert "Perancang 2" in answer.text
        assert office.services.studio.open(SOP).record.version == 2
    form = etree.HTML(answer.text).xpath("//input[@name='menggantikan']/ancestor::form")[0]
    hidden = {field.get("name"): field.get("value") for field in form.xpath(".//input[@type='hidden']")}
    answer = designer.http.post(form.get("action"), data={**hidden, "menggantikan": "1", "catatan": "nama jalur"})
    assert answer.status_code == 303
    change = json.loads(office.services.histories.of_process(SOP)[0].change)
    assert change["instead_of"] == 2
    assert (change["deployed_by"], change["began_from"]) == ("perancang.2", base)


def test_who_begins_anew_from_the_newer_version_keeps_the_draft_aside(browse, office):
    designer, (base, texts) = browse("perancang"), draft_of(office)
    save(designer, texts, base, path=f"/studio/{SOP}/draf")
    office.later(minutes=5)
    answer = designer.post(f"/studio/{SOP}/draf/sisihkan", {"lanjut": "1"})
    assert answer.headers["Location"] == f"/studio/{SOP}"
    bench = office.services.studio.resume(office.actor("perancang"), SOP)
    assert (bench.draft, bench.aside.content["berkas"]) == (None, texts)


FOREIGN = Path(__file__).parents[1] / "bpmn" / "foreign"
CUTI = "Process_permohonan_cuti_x7k2m9"


def test_a_diagram_of_another_editor_opens_under_its_own_id_and_takes_ours_when_its_designer_says_so(browse, office):
    designer = browse("perancang")
    content = (FOREIGN / f"{CUTI}.bpmn").read_bytes()
    answer = send(designer, {"dari camunda.bpmn": content})
    assert answer.status_code == 200
    assert "tidak mempunyai formulir" in answer.text, "what does not run yet is said, and the door is open"
    [opening] = etree.HTML(answer.text).xpath("//form[contains(@action, '/draf/buka')]")
    assert opening.get("action") == f"/studio/{CUTI}/draf/buka"
    [naming] = etree.HTML(answer.text).xpath("//form[contains(@action, '/id')]")
    hidden = {field.get("name"): field.get("value") for field in naming.xpath(".//input")}
    assert hidden["id"] == "permohonan_cuti", "from the name of the process"
    wrong = designer.http.post(naming.get("action"), data={**hidden, "id": "Izin Cuti"})
    assert (wrong.status_code, "huruf kecil" in wrong.text) == (422, True)
    answer = designer.http.post(naming.get("action"), data=hidden)
    [opening] = etree.HTML(answer.text).xpath("//form[contains(@action, '/draf/buka')]")
    hidden = {field.get("name"): field.get("value") for field in opening.xpath(".//input")}
    assert designer.http.post(opening.get("action"), data=hidden).headers["Location"] == "/studio/permohonan_cuti"
    bench = office.services.studio.resume(office.actor("perancang"), "permohonan_cuti")
    diagram = bench.draft.content["berkas"]["processes/permohonan_cuti/permohonan_cuti.bpmn"]
    assert CUTI not in diagram
    root = etree.fromstring(diagram.encode())
    assert root.xpath("//@processRef") == ["permohonan_cuti"]
    assert root.xpath("//*[local-name()='process']/@isExecutable") == ["true"]


def test_of_several_processes_one_is_chosen(browse, office):
    designer = browse("perancang")
    pool = b'<bpmn:process id="Process_2" name="Pemohon"><bpmn:startEvent id="m2"/></bpmn:process></bpmn:definitions>'
    content = (FOREIGN / f"{CUTI}.bpmn").read_bytes().replace(b"</bpmn:definitions>", pool)
    answer = send(designer, {"dua.bpmn": content})
    [naming] = etree.HTML(answer.text).xpath("//form[contains(@action, '/id')]")
    assert naming.xpath(".//option/@value") == [CUTI, "Process_2"], "what is to run stands first"
    hidden = {field.get("name"): field.get("value") for field in naming.xpath(".//input")}
    answer = designer.http.post(naming.get("action"), data={**hidden, "proses": "Process_2", "id": "pemohon"})
    assert "/studio/pemohon/pasang" in answer.text


def test_templates_and_pictures_are_uploaded_as_they_are(browse, office):
    designer = browse("perancang")
    letters = [path for path in office.services.studio.open(SOP).files if path.endswith(".docx")]
    named = {letters[0].rsplit("/", 1)[1]: office.services.studio.open(SOP).files[letters[0]], "logo.png": LOGO}
    answer = send(designer, named, sop=SOP)
    assert "Versi 2 terpasang" in deployed_from(designer, answer).text
    files = office.services.studio.open(SOP).files
    assert files[f"forms/{SOP}/documents/logo.png"] == LOGO
    assert files[letters[0]] == named[letters[0].rsplit("/", 1)[1]]


def test_a_new_sop_begins_empty_under_an_id_that_it_can_have(office):
    studio, designer = office.services.studio, office.actor("perancang")
    assert studio.resume(designer, "izin_cuti", "Izin cuti").files == new_procedure("izin_cuti", "Izin cuti")
    with pytest.raises(InvalidForm):
        studio.resume(designer, "Izin Cuti", "Izin cuti")


def test_a_draft_is_not_laid_over_a_version_of_another_procedure(office):
    base, _ = draft_of(office)
    with pytest.raises(NotFound):
        office.services.studio.edited("izin_cuti", base, {})


def test_a_diagram_whose_id_is_too_long_is_opened_under_a_shorter_one(office):
    long = "izin_" + "cuti" * 20
    diagram = new_procedure("izin_cuti", "Izin cuti")[LEAVE].replace(
        b'process id="izin_cuti"', f'process id="{long}"'.encode()
    )
    process_id, base, draft = office.services.studio.uploaded({"cuti.bpmn": diagram}, "", alone=True)
    assert (process_id, base) == (long[:60], "")
    assert f'id="{process_id}"' in draft[f"processes/{process_id}/{process_id}.bpmn"]
    assert long not in draft[f"processes/{process_id}/{process_id}.bpmn"]


def test_a_diagram_whose_id_is_as_long_as_ids_may_be_keeps_it(office):
    long = "Process_" + "x" * 52
    diagram = new_procedure("izin_cuti", "Izin cuti")[LEAVE].replace(
        b'process id="izin_cuti"', f'process id="{long}"'.encode()
    )
    assert office.services.studio.uploaded({"cuti.bpmn": diagram}, "", alone=True)[0] == long


def test_only_a_table_that_was_looked_at_becomes_a_draft(office):
    other = office.services.documents.files.put_bytes(b"%PDF-1.7 lain", 100).sha256
    with pytest.raises(NotFound):
        office.services.step_drafts.open("izin_cuti", "Izin cuti", other)
