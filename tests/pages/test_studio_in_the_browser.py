"""The designer's first workshop in a real browser: draw, describe, check, deploy."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from lxml import etree
from playwright.sync_api import expect

from tests.chromium import MARKS
from tests.office import SOP
from tests.pages.conftest import PASSWORD
from tests.pages.test_in_the_browser import PHONE, chromium, desk, site  # noqa: F401 - fixtures

pytestmark = [*MARKS, pytest.mark.xdist_group("studio")]
STEP = "siapkan_kertas_kerja"
NOT_PERFORMER = "{urn:alur:sop:1}bukanPelaksana"
PATH = f"processes/{SOP}/{SOP}.bpmn"
BPMN_URI = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CHECKED = re.compile("temuan|kesalahan|findings|Errors")
PRELUDE = """
const modeler = document.getElementById("kanvas").modeler;
const get = (name) => modeler.get(name);
const element = (id) => get("elementRegistry").get(id);
"""


def script(page, body, argument=None):
    """Run *body* with the modeler's services at hand."""
    return page.evaluate(f"async (argument) => {{ {PRELUDE} {body} }}", argument)


def open_studio(somebody, process_id=SOP):
    """Open the editor and wait until the draft was checked once."""
    page = somebody.open(f"/studio/{process_id}")
    page.wait_for_selector("#kanvas .djs-container")
    expect(page.locator("#ringkasan")).to_have_text(CHECKED)  # templates are printed for proof
    return page


def in_english(page):
    page.locator("button[name=bahasa][value=en]").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def select(page, element_id):
    script(page, "get('selection').select(element(argument));", element_id)
    page.locator(f'#properti [data-key="id"][data-was="{element_id}"]').wait_for()


def field(page, key):
    return page.locator(f'#properti [data-key="{key}"]')


def enter(page, key, text):
    field(page, key).fill(text)
    field(page, key).press("Tab")


def settled(page):
    """Wait until the last change was kept and checked; what was found."""
    page.locator("#temuan:not([aria-busy])").wait_for()
    return page.evaluate("document.getElementById('kanvas').findings.found")


def written(page):
    """The diagram as the modeller writes it."""
    return script(page, "return (await modeler.saveXML({ format: true })).xml;").encode()


def move(page, element_id, x=0, y=0):
    script(page, "get('modeling').moveElements([element(argument[0])], argument[1]);", [element_id, {"x": x, "y": y}])


def every_fault(somebody):
    """What axe finds, however slight."""
    found = Axe().run(somebody.page).response["violations"]
    return [f"{somebody.page.url} {each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]


def deploy(page, note):
    page.locator("#tombol-pasang").click()
    page.wait_for_url("**/pasang/tinjau")
    page.fill("#catatan", note)
    page.locator("main form .btn-primary").click()
    page.wait_for_load_state()


def facts(xml):
    """Every element with its attributes, text and place, but for the order of siblings and the names of namespaces.

    Of a label only where it stands: bpmn-js measures its words anew when it moves, and fonts differ by a pixel.
    """

    def of(element):
        inner = sorted(of(child) for child in element if isinstance(child.tag, str))
        label = element.getparent() is not None and element.getparent().tag.endswith("}BPMNLabel")
        attributes = sorted(pair for pair in element.attrib.items() if not label or pair[0] in "xy")
        return (element.tag, attributes, (element.text or "").strip(), inner)

    return json.dumps(of(etree.fromstring(xml)), indent=1)


def test_a_designer_changes_the_sop_and_deploys_it_while_a_running_instance_stays_on_its_version(desk, office):  # noqa: F811
    running = office.start()
    page = open_studio(desk("perancang"))

    select(page, STEP)
    enter(page, "name", "Menyiapkan kertas kerja")
    enter(page, "time", "2")
    field(page, "lane").select_option("tim_sakip")
    assert not [each for each in settled(page) if each["severity"] == "error"]

    select(page, "data_lengkap_ke_siapkan_data")
    enter(page, "condition", 'hasil_verifikasi == "kembalikan')
    (broken,) = [each for each in settled(page) if each["severity"] == "error"]
    assert broken["element_id"] == "data_lengkap_ke_siapkan_data"
    script(page, "get('selection').select([]);")
    page.locator(".finding-error .finding-show").click()
    assert script(page, "return get('selection').get()[0].id;") == "data_lengkap_ke_siapkan_data"
    assert page.evaluate("document.activeElement.dataset.key") == "condition"
    page.locator("#tombol-pasang").click()
    page.wait_for_url("**/pasang/tinjau")
    assert "harus diperbaiki" in page.inner_text("main")
    assert not page.locator("#catatan").count()
    page.get_by_role("link", name="Kembali menyunting").click()

    page.wait_for_selector("#tawaran button")
    select(page, "data_lengkap_ke_siapkan_data")
    assert field(page, "condition").input_value() == 'hasil_verifikasi == "kembalikan'
    enter(page, "condition", 'hasil_verifikasi == "kembalikan"')
    assert not settled(page)
    deploy(page, "Langkah 2 pindah ke Tim SAKIP, dua hari.")
    assert "Versi 2 terpasang" in page.inner_text("main h1")
    assert "1 tetap pada versi 1" in page.inner_text("main")

    old, new = office.page(running).procedure, office.page(office.start(period="II")).procedure
    assert (old.record.version, new.record.version) == (1, 2)
    assert (old.outline.task(STEP).role, old.outline.task(STEP).standard_time) == ("sekretaris", "P1D")
    step = new.outline.task(STEP)
    assert (step.name, step.role, step.standard_time) == ("Menyiapkan kertas kerja", "tim_sakip", "P2D")
    page = open_studio(desk("perancang"))
    assert "versi 2" in page.inner_text(".studio-state")


def test_what_the_office_drew_goes_through_the_modeller_and_loses_nothing(desk, office):  # noqa: F811
    page = open_studio(desk("perancang"))
    assert page.inner_text("#ringkasan") == "Tidak ada temuan"
    before = office.services.studio.open(SOP)
    assert facts(written(page)) == facts(before.files[PATH])
    assert office.services.deployments.check(SOP, {**before.files, PATH: written(page)}) == ()


FOREIGN = {
    "camunda": "http://camunda.org/schema/1.0/bpmn",
    "spiffworkflow": "http://spiffworkflow.org/bpmn/schema/1.0/core",
    "asing": "urn:penyunting:lain",
}
EXTENSIONS = """<bpmn:extensionElements>
<spiffworkflow:properties><spiffworkflow:property name="formJsonSchemaFilename" value="susun_jadwal.schema.json" />
</spiffworkflow:properties>
<camunda:properties><camunda:property name="a" value="satu &lt; 2" /></camunda:properties>
<asing:catatan warna="merah"><asing:baris>satu</asing:baris><asing:baris /></asing:catatan>
</bpmn:extensionElements>"""


def kept_untouched(xml):
    """What bpmn-js need not understand: extension elements, and attributes of other namespaces, by element."""
    found = {}
    for element in etree.fromstring(xml).iter():
        own = {name: value for name, value in element.attrib.items() if name.startswith("{")}
        extensions = [facts(etree.tostring(each)) for each in element.findall(f"{BPMN_URI}extensionElements")]
        if (own or extensions) and element.get("id"):
            found[element.get("id")] = (own, extensions)
    return found


def test_what_other_editors_and_the_sop_wrote_stays_untouched_when_a_step_is_moved_and_deployed(desk, office):  # noqa: F811
    page = open_studio(desk("perancang"))
    names = "".join(f'xmlns:{prefix}="{uri}" ' for prefix, uri in FOREIGN.items())
    foreign = (
        office.services.studio.open(SOP)
        .files[PATH]
        .decode()
        .replace("<bpmn:definitions ", f"<bpmn:definitions {names}")
    )
    foreign = foreign.replace(
        '<bpmn:userTask id="susun_jadwal" ', '<bpmn:userTask id="susun_jadwal" camunda:assignee="demo" asing:nomor="7" '
    )
    place = foreign.index("<bpmn:incoming>", foreign.index('<bpmn:userTask id="susun_jadwal"'))
    foreign = (foreign[:place] + EXTENSIONS + foreign[place:]).encode()
    assert len(kept_untouched(foreign)) > 10

    page.set_input_files("#berkas-bpmn", {"name": "lain.bpmn", "mimeType": "application/xml", "buffer": foreign})
    expect(page.locator("#tawaran")).to_contain_text("Diagram diganti dengan lain.bpmn.")
    settled(page)
    assert facts(written(page)) == facts(foreign)
    move(page, "susun_jadwal", x=20)
    assert {each["severity"] for each in settled(page)} <= {"warning"}, "that Camunda's assignee is not read"
    deploy(page, "dari penyunting lain")
    assert "Versi 2 terpasang" in page.inner_text("main h1")
    deployed = office.services.studio.open(SOP).files[PATH]
    assert facts(deployed) != facts(foreign)
    assert kept_untouched(deployed) == kept_untouched(foreign)


def test_a_step_is_added_with_its_documents_and_its_form_and_all_of_it_can_be_undone(desk, office):  # noqa: F811
    page = open_studio(desk("perancang"))
    before = facts(written(page))
    select(page, "minta_persetujuan")
    page.get_by_role("button", name="Tambah langkah sesudah ini").click()
    page.locator('#properti [data-key="id"][data-was^="Activity_"]').wait_for()
    enter(page, "name", "Membuat nota dinas")
    page.locator('#properti [data-key="id"][data-was="membuat_nota_dinas"]').wait_for()

    field(page, "choose-inputs").select_option("disposisi")
    field(page, "add-inputs").click()
    page.locator('[data-direction="inputs"] li', has_text="Disposisi").wait_for()
    field(page, "choose-outputs").select_option("")
    field(page, "name-outputs").fill("Nota dinas")
    field(page, "name-outputs").press("Enter")
    page.locator('[data-direction="outputs"] li', has_text="Nota dinas").wait_for()
    found = settled(page)
    assert "form_missing" in {each["rule"] for each in found}
    page.locator(".finding", has_text="tidak mempunyai formulir").get_by_role(
        "button", name="Buat formulir sederhana"
    ).click()
    assert "form_missing" not in {each["rule"] for each in settled(page)}

    xml = etree.fromstring(written(page))
    assert len(xml.findall(f".//{BPMN_URI}dataObject[@id='disposisi']")) == 1, "a reference to it, not another document"
    task = xml.find(f".//{BPMN_URI}userTask[@id='membuat_nota_dinas']")
    assert task.find(f"{BPMN_URI}dataInputAssociation") is not None
    assert xml.find(f".//{BPMN_URI}dataObject[@id='nota_dinas']") is not None

    page.locator('[data-direction="inputs"] button[aria-label="Hapus Disposisi"]').click()
    page.locator('[data-direction="inputs"] li').wait_for(state="detached")
    xml = etree.fromstring(written(page))
    assert xml.find(f".//{BPMN_URI}dataObject[@id='disposisi']") is not None, "other references hold it"

    while page.locator("#urungkan").is_enabled():
        page.locator("#urungkan").click()
    assert facts(written(page)) == before


def test_renaming_a_step_takes_its_form_and_those_who_name_it_along(desk):  # noqa: F811
    page = open_studio(desk("perancang"))
    select(page, "tandatangani_persetujuan")
    field(page, "notPerformer").select_option(STEP)
    select(page, STEP)
    enter(page, "id", "Kertas Kerja")
    page.locator('#properti [role="alert"]', has_text="huruf kecil").wait_for()
    enter(page, "id", "susun_jadwal")
    page.locator('#properti [role="alert"]', has_text="sudah dipakai").wait_for()
    enter(page, "id", "siapkan_lembar")
    assert not [each for each in settled(page) if each["severity"] == "error"]
    tree = etree.fromstring(written(page))
    assert tree.find(f".//{BPMN_URI}userTask[@id='tandatangani_persetujuan']").get(NOT_PERFORMER) == "siapkan_lembar"
    assert not [each for each in tree.iter() if STEP in (each.get("id"), each.get("sourceRef"), each.get("targetRef"))]


def test_fifteen_minutes_are_fifteen_minutes_whichever_is_entered_first(desk):  # noqa: F811
    page = open_studio(desk("perancang"))
    time = "return element(argument).businessObject.get('sop:waktu') ?? null;"
    select(page, STEP)
    field(page, "unit").evaluate("each => each.dataset.here = 'yes'")
    field(page, "time").fill("15")
    field(page, "unit").click()
    assert script(page, time, STEP) == "P15D", "what is typed is kept at once, in the unit that stands beside it"
    move(page, "susun_jadwal", x=10)
    expect(page.locator("#properti [data-here]")).to_have_count(1)  # the list that was opened is not taken away
    field(page, "unit").select_option("minutes")
    assert script(page, time, STEP) == "PT15M"
    enter(page, "time", "")
    assert script(page, time, STEP) is None
    field(page, "unit").select_option("hours")
    select(page, "susun_jadwal")
    select(page, STEP)
    field(page, "unit").select_option("minutes")
    enter(page, "time", "15")
    assert script(page, time, STEP) == "PT15M"


def test_a_draft_outlives_keluar_is_put_aside_and_taken_back(desk):  # noqa: F811
    designer = desk("perancang")
    page = open_studio(designer)
    select(page, STEP)
    enter(page, "name", "Nama lain")
    settled(page)
    expect(page.locator("#keadaan")).to_contain_text("Tersimpan pukul")
    designer.open("/akun")
    page.locator(".sign-out button").click()
    page.wait_for_url("**/masuk**")
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.includes('/studio/'))") == [], "nothing is left"
    designer = desk("perancang")
    page = designer.open("/studio")
    expect(page.locator("main")).to_contain_text("Draf Anda, tersimpan")
    page = open_studio(designer)
    select(page, STEP)
    assert field(page, "name").input_value() == "Nama lain"
    page.get_by_role("button", name="Sisihkan draf").click()
    page.locator("#disisihkan").wait_for()
    page.wait_for_selector("#kanvas .djs-container")
    select(page, STEP)
    assert field(page, "name").input_value() == "Mempersiapkan kertas kerja pengumpulan data"
    page.get_by_role("button", name="Ambil kembali").click()
    expect(page.locator("#tawaran")).to_contain_text("dipasang kembali")
    select(page, STEP)
    assert field(page, "name").input_value() == "Nama lain"


def test_a_newer_version_is_seen_before_it_is_replaced(desk, office):  # noqa: F811
    designer = desk("perancang")
    page = open_studio(designer)
    select(page, STEP)
    enter(page, "name", "Punya saya")
    settled(page)
    office.hire("perancang.2", "designer")
    bench = office.services.studio.open(SOP)
    other = {**bench.files, PATH: bench.files[PATH].replace(b'name="Tim SAKIP"', b'name="Tim Sakip"')}
    office.services.deployments.deploy(office.actor("perancang.2"), SOP, other, "punya rekan", office.now)
    page.locator("#tombol-pasang").click()
    page.wait_for_url("**/pasang/tinjau")
    said = page.inner_text("main [role=alert]")
    assert all(word in said for word in ("Versi 2 dipasang", "perancang.2", "punya rekan"))
    page.get_by_role("link", name="Kembali menyunting").click()
    expect(page.locator("main")).to_contain_text("Versi 2 lebih baru daripada draf Anda")
    page.wait_for_selector("#kanvas .djs-container")
    select(page, STEP)
    assert field(page, "name").input_value() == "Punya saya"
    assert "di atas versi 1" in page.inner_text(".studio-state")
    page.locator("#tombol-pasang").click()
    page.wait_for_url("**/pasang/tinjau")
    page.fill("#catatan", "tetap punya saya")
    page.get_by_role("button", name="Pasang versi 3").click()
    assert page.evaluate("document.activeElement.name") == "menggantikan", "nothing is replaced without saying so"
    page.get_by_label("Saya memasang draf ini di atas versi 2 dari Perancang 2").check()
    page.get_by_role("button", name="Pasang versi 3").click()
    expect(page.locator("main h1")).to_have_text("Versi 3 terpasang")


def test_of_two_tabs_one_is_chosen_and_the_other_is_kept(desk, office):  # noqa: F811
    one, two = (open_studio(designer) for designer in (desk("perancang"), desk("perancang")))
    for page, name in ((one, "Dari tab satu"), (two, "Dari tab dua")):
        select(page, STEP)
        enter(page, "name", name)
        settled(page)
    expect(two.locator("#keadaan")).to_contain_text("Belum tersimpan: pilih")
    two.get_by_role("button", name="Pakai yang ada di layar ini").click()
    expect(two.locator("#keadaan")).to_contain_text("Tersimpan pukul")
    bench = office.services.studio.resume(office.actor("perancang"), SOP)
    assert "Dari tab dua" in bench.draft.content["berkas"][PATH]
    assert "Dari tab satu" in bench.aside.content["berkas"][PATH]


def test_what_an_earlier_version_kept_in_this_browser_is_moved_to_the_server_once(desk, office):  # noqa: F811
    designer = desk("perancang")
    page = designer.open("/studio")
    bench = office.services.studio.open(SOP)
    mine = bench.files[PATH].replace(b'name="Tim SAKIP"', b'name="Tim Sakip"').decode()
    kept = {"changes": {PATH: mine}, "version": 1, "at": 1764500000000}
    key = f"alur:perancang:/studio/{SOP}?dasar={bench.record.id}"
    page.evaluate("([key, kept]) => localStorage.setItem(key, JSON.stringify(kept))", [key, kept])
    page = designer.open("/studio")
    expect(page.locator("[data-studio-draft]")).to_be_visible()
    page = open_studio(designer)
    page.get_by_role("button", name="Buka dan simpan di peladen").click()
    expect(page.locator("#tawaran")).to_contain_text("dipasang kembali")
    assert "Tim Sakip" in office.services.studio.resume(office.actor("perancang"), SOP).draft.content["berkas"][PATH]
    assert page.evaluate("key => localStorage.getItem(key)", key) is None


def test_a_file_without_a_picture_says_what_is_missing_and_can_be_worked_on(desk, office):  # noqa: F811
    designer = desk("perancang")
    page = open_studio(designer)
    bare = re.sub(
        rb"<bpmndi:BPMNDiagram.*</bpmndi:BPMNDiagram>",
        b"",
        office.services.studio.open(SOP).files[PATH],
        flags=re.DOTALL,
    ).replace(SOP.encode(), b"Process_1abc")
    page.set_input_files("#berkas-bpmn", {"name": "kosong.bpmn", "mimeType": "application/xml", "buffer": bare})
    expect(page.locator("#tanpa-gambar")).to_contain_text("Mempersiapkan kertas kerja pengumpulan data")
    page.get_by_role("button", name=re.compile(f"pakai id {SOP}")).click()
    page.locator(".finding", has_text="tidak mempunyai tempat pada gambar").wait_for()
    script(
        page, "document.getElementById('kanvas').findings.mend({ element_id: argument, rule: 'form_missing' });", STEP
    )
    assert "process_id" not in {each["rule"] for each in settled(page)}
    assert b'"Process_1abc"' not in written(page)
    page.get_by_role("button", name="Kembalikan diagram sebelumnya").click()
    expect(page.locator("#tanpa-gambar")).to_be_hidden()


def test_an_sop_is_begun_from_nothing_deployed_and_started(desk, office):  # noqa: F811
    designer = desk("perancang")
    page = designer.open("/studio")
    page.fill("#nama", "Izin & Cuti")
    page.fill("#id", "izin_cuti")
    page.get_by_role("button", name="Mulai SOP baru").click()
    page.wait_for_selector("#kanvas .djs-container")
    assert page.inner_text("h1") == "Izin & Cuti"
    select(page, "langkah_pertama")
    enter(page, "name", "Mengajukan izin")
    assert not settled(page)
    page.locator("#tombol-pasang").click()
    page.wait_for_url("**/pasang/tinjau")
    assert page.inner_text("main").count("tidak ada orang") == 2, "nobody holds the roles of the template yet"
    page.fill("#catatan", "pertama")
    page.locator("main form .btn-primary").click()
    page.wait_for_load_state()
    assert "Versi 1 terpasang" in page.inner_text("main h1")
    office.hire("atasan.1", "atasan")
    office.hire("staf.1", "pelaksana")
    started = office.services.starts.start(office.actor("atasan.1"), "izin_cuti", {"keterangan": [""]}, office.now)
    assert office.open_steps(started) == ["langkah_pertama"]


def test_a_file_that_cannot_be_opened_changes_nothing_and_says_every_fault(desk):  # noqa: F811
    page = open_studio(desk("perancang"))
    before = written(page)
    page.set_input_files("#berkas-bpmn", {"name": "rusak.bpmn", "mimeType": "text/xml", "buffer": b"<a>\n<b></a>"})
    page.locator(".finding-where", has_text="baris 2").wait_for()
    assert "rusak.bpmn tidak dapat dibuka" in page.inner_text("#keadaan")
    assert written(page) == before


@pytest.mark.parametrize("language", ["id", "en"])
def test_axe_finds_nothing_in_the_studio_in_either_language(desk, office, language):  # noqa: F811
    designer = desk("perancang")
    page = designer.open("/studio")
    if language == "en":
        in_english(page)
    faults = every_fault(designer)
    designer.open("/studio/unggah-sop")
    faults += every_fault(designer)
    page = open_studio(designer)
    for element_id in (STEP, "siapkan_data", "data_lengkap", "kepala_dinas", "mulai", "disposisi_untuk_" + STEP):
        select(page, element_id)
        faults += every_fault(designer)
    select(page, STEP)
    field(page, "act-Edit form" if language == "en" else "act-Sunting formulir").click()
    faults += every_fault(designer)
    page.keyboard.press("Escape")
    enter(page, "performer", "pemegang +")
    assert settled(page)
    faults += every_fault(designer)
    enter(page, "performer", "")
    enter(page, "name", "Lembar disposisi")
    assert not settled(page)
    page.locator("#tombol-pasang").click()
    page.wait_for_url("**/pasang/tinjau")
    faults += every_fault(designer)
    page.fill("#catatan", "nama")
    page.locator("main form .btn-primary").click()
    page.wait_for_url("**/terpasang*")
    faults += every_fault(designer)
    assert not faults, "\n".join(faults)


def test_a_phone_looks_at_the_diagram_and_edits_nothing(desk):  # noqa: F811
    phone = desk("perancang", viewport=PHONE)
    page = open_studio(phone)
    assert page.get_by_text("Menyunting diagram memerlukan layar lebar.").is_visible()
    assert not page.locator(".djs-palette, #properti, #tombol-pasang").filter(visible=True).count()
    assert page.locator(".bjs-powered-by").is_visible()
    assert phone.fits()
    assert not every_fault(phone)
    for path in ("/studio", "/studio/unggah-sop"):
        phone.open(path)
        assert phone.fits()


def words_of(page):
    """Every word that bpmn-js shows: tools, what can be appended, what an element can become."""
    words = {"palette": page.eval_on_selector_all(".djs-palette .entry", "all => all.map((each) => each.title)")}
    parent = "get('canvas').getRootElement().children[0]"
    added = f"get('modeling').createShape({{ type: argument }}, {{ x: 900, y: 300 }}, {parent})"
    kinds = ["bpmn:SubProcess", "bpmn:IntermediateCatchEvent", "bpmn:ParallelGateway", "bpmn:EventBasedGateway"]
    ids = [script(page, f"return ({added}).id;", kind) for kind in kinds]
    places = [
        *kinds,
        "kepala_dinas",
        "mulai",
        "selesai",
        STEP,
        "data_lengkap",
        "data_lengkap_ke_siapkan_data",
    ]
    page.locator("#muat").click()
    for place, element_id in zip(places, [*ids, *places[len(kinds) :]], strict=True):
        script(page, "get('selection').select(element(argument));", element_id)
        pad = page.locator(".djs-context-pad.open .entry")
        pad.first.wait_for()
        words[place] = pad.evaluate_all("all => all.map((each) => each.title)")
        if page.locator('.djs-context-pad.open [data-action="replace"]').count():
            page.locator('.djs-context-pad.open [data-action="replace"]').click()
            menu = page.locator(".djs-popup")
            menu.wait_for()
            words[place] += menu.locator(".djs-popup-title, .djs-popup-label").all_inner_texts()
            words[place] += menu.locator("[title]").evaluate_all("all => all.map((each) => each.title)")
            for _ in range(100):  # it hears keys only a moment after it is drawn
                page.keyboard.press("Escape")
                page.wait_for_timeout(100)
                if not menu.count():
                    break
            menu.wait_for(state="detached")
    return words


def test_what_bpmn_js_says_is_in_the_readers_language(desk):  # noqa: F811
    designer = desk("perancang")
    indonesian = words_of(open_studio(designer))
    in_english(designer.page)
    english = words_of(open_studio(designer))
    for place, words in english.items():
        assert len(words) == len(indonesian[place]) > 0
        for word, kata in zip(words, indonesian[place], strict=True):
            assert word
            assert kata != word, place
    everything = " ".join(word for words in english.values() for word in words)
    assert not re.search("(?i)ad-hoc|complex|compensation|service task|data store", everything), "refused by the rules"


def test_without_scripts_the_studio_says_so_and_an_sop_is_deployed_from_its_file(desk, office, tmp_path):  # noqa: F811
    page = desk("perancang", java_script_enabled=False).open(f"/studio/{SOP}")
    assert page.locator("noscript .notice-title").is_visible()
    assert not page.locator("#kanvas").is_visible()
    page.locator("noscript a", has_text="Unggah SOP").click()
    path = tmp_path / f"{SOP}.bpmn"
    path.write_bytes(office.services.studio.open(SOP).files[PATH].replace(b'name="Sekretaris"', b'name="Sekretariat"'))
    page.set_input_files("#berkas", path)
    page.locator("main form .btn-primary").click()
    page.fill("#catatan", "nama jalur")
    page.locator("main form .btn-primary").click()
    assert "Versi 2 terpasang" in page.inner_text("main h1")


def test_f6_walks_from_palette_to_canvas_to_properties_to_findings(desk):  # noqa: F811
    page = open_studio(desk("perancang"))
    visited = []
    for _ in range(4):
        page.keyboard.press("F6")
        regions = "'.djs-palette, #properti, #temuan, svg'"
        visited.append(page.evaluate(f"document.activeElement.closest({regions}).className"))
    assert [str(each).split()[0] if isinstance(each, str) else "svg" for each in visited] == [
        "djs-palette",
        "svg",
        "studio-panel",
        "studio-findings",
    ]


def test_the_keyboard_undoes_and_deletes_wherever_the_hands_are(desk):  # noqa: F811
    page = open_studio(desk("perancang"))
    select(page, STEP)
    enter(page, "name", "Nama lain")
    field(page, "lane").focus()
    page.keyboard.press("Control+z")
    expect(field(page, "name")).to_have_value("Mempersiapkan kertas kerja pengumpulan data")
    page.keyboard.press("Control+y")
    expect(field(page, "name")).to_have_value("Nama lain")
    field(page, "name").press_sequentially("x")
    page.keyboard.press("Control+z")
    expect(field(page, "name")).to_have_value("Nama lain")

    page.locator("#kanvas svg[tabindex]").focus()
    page.keyboard.press("Delete")
    assert not script(page, "return Boolean(element(argument));", STEP)
    assert settled(page), "a gap in the flow is found"
    page.keyboard.press("Control+z")
    assert script(page, "return Boolean(element(argument));", STEP)
    assert not settled(page)


def test_every_mistake_is_found_and_its_finding_leads_to_the_field(desk):  # noqa: F811
    page = open_studio(desk("perancang"))
    select(page, "siapkan_data")
    enter(page, "performer", "pemegang +")
    enter(page, "items", "entah_apa")
    enter(page, "items", "")
    enter(page, "time", "")
    select(page, "data_lengkap_ke_siapkan_data")
    enter(page, "condition", 'hasil_yang_tak_ada == "ya"')
    select(page, "susun_jadwal")
    field(page, "unit").select_option("iso")
    enter(page, "time", "sehari")
    found = settled(page)
    assert {each["element_id"] for each in found} >= {"siapkan_data", "data_lengkap_ke_siapkan_data", "susun_jadwal"}
    assert all(each["mend"] for each in found)
    fields = {}
    for row in page.locator(".finding-show").all():
        script(page, "get('selection').select([]);")
        row.click()
        chosen = script(page, "return get('selection').get()[0].id;")
        fields.setdefault(chosen, set()).add(page.evaluate("document.activeElement.dataset.key"))
    assert fields["siapkan_data"] == {"performer", "items"}
    assert fields["data_lengkap_ke_siapkan_data"] == {"condition"}
    assert fields["susun_jadwal"] == {"time"}
    while page.locator("#urungkan").is_enabled():
        page.locator("#urungkan").click()
    assert not settled(page)


def test_a_lost_network_and_a_reload_lose_nothing(desk, office):  # noqa: F811
    designer = desk("perancang")
    page = open_studio(designer)
    select(page, STEP)
    designer.context.set_offline(True)
    enter(page, "name", "Tanpa jaringan")
    settled(page)
    expect(page.locator("#ringkasan")).to_contain_text("sambungan terputus")
    expect(page.locator("#keadaan")).to_contain_text("Belum tersimpan di peladen")
    designer.context.set_offline(False)
    designer.complaints = [each for each in designer.complaints if "ERR_INTERNET_DISCONNECTED" not in each]
    page = open_studio(designer)
    expect(page.locator("#tawaran")).to_contain_text("dipasang kembali")
    expect(page.locator("#keadaan")).to_contain_text("Tersimpan pukul")
    select(page, STEP)
    expect(field(page, "name")).to_have_value("Tanpa jaringan")
    kept = office.services.studio.resume(office.actor("perancang"), SOP).draft
    assert "Tanpa jaringan" in kept.content["berkas"][PATH]


def test_a_session_that_ends_while_one_draws_goes_on_after_signing_in_beside(desk, office):  # noqa: F811
    designer = desk("perancang", timezone_id="America/Lima")
    page = open_studio(designer)

    def sign_in_beside():
        beside = designer.context.new_page()
        beside.goto(designer.site + "/masuk")
        beside.fill("#akun", "perancang")
        beside.fill("#sandi", PASSWORD)
        beside.click("main .btn-primary")
        beside.get_by_role("heading", name="Beranda").wait_for()
        beside.close()

    def change(name):
        select(page, STEP)
        enter(page, "name", name)
        settled(page)

    office.later(hours=2)
    change("Sesudah sesi berakhir")
    for said in ("#keadaan", "#ringkasan", "#bar-session"):
        expect(page.locator(said)).to_contain_text("Sesi Anda berakhir")
    page.locator("#tombol-pasang").click()
    expect(page.locator("#keadaan")).to_contain_text("Sesi Anda berakhir")
    sign_in_beside()
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator("#keadaan")).to_contain_text("Tersimpan pukul")
    expect(page.locator("#ringkasan")).not_to_contain_text("berakhir")
    office.later(hours=2)
    sign_in_beside()
    change("Di sesi yang lain")
    kept = office.services.studio.resume(office.actor("perancang"), SOP).draft
    assert "Di sesi yang lain" in kept.content["berkas"][PATH]
    at = kept.saved_at.astimezone(office.services.office.zone())
    expect(page.locator("#keadaan")).to_have_text(f"Tersimpan pukul {at:%H.%M}")
    assert not page.locator("#bar-session").count()
    designer.complaints.clear()  # the browser names each 401 and 403


def test_files_are_opened_over_the_draft_and_what_was_there_before_comes_back(desk, office):  # noqa: F811
    page = open_studio(desk("perancang"))
    files = office.services.studio.open(SOP).files
    schema = files[f"forms/{SOP}/mulai.schema.json"].decode()
    diagram = files[PATH].replace(b'name="Sekretaris"', b'name="Sekretariat"')
    page.set_input_files(
        "#berkas-bpmn",
        [
            {"name": "mulai.schema.json", "mimeType": "application/json", "buffer": schema[:-4].encode()},
            {"name": f"{SOP}.bpmn", "mimeType": "application/xml", "buffer": diagram},
        ],
    )
    page.locator(".finding-error", has_text="mulai.schema.json").first.wait_for()
    assert facts(written(page)) == facts(diagram)
    page.locator("#urungkan").click()
    assert not settled(page)
    page.get_by_role("button", name="Kembalikan diagram sebelumnya").click()
    expect(page.locator("#tawaran")).to_be_hidden()
    assert facts(written(page)) == facts(files[PATH])


def test_a_step_added_after_another_stands_between_it_and_what_followed(desk):  # noqa: F811
    page = open_studio(desk("perancang"))
    before = facts(written(page))
    select(page, "minta_persetujuan")
    page.get_by_role("button", name="Tambah langkah sesudah ini").click()
    enter(page, "name", "Membuat nota dinas")
    flows = {
        (flow.get("sourceRef"), flow.get("targetRef"))
        for flow in etree.fromstring(written(page)).iter(f"{BPMN_URI}sequenceFlow")
    }
    assert flows >= {("minta_persetujuan", "membuat_nota_dinas"), ("membuat_nota_dinas", "layak_diajukan")}
    assert ("minta_persetujuan", "layak_diajukan") not in flows
    assert {each["rule"] for each in settled(page)} == {"form_missing"}
    ends = "return argument.flatMap((id) => [element(id).x, element(id).x + element(id).width]);"
    places = script(page, ends, ["minta_persetujuan", "membuat_nota_dinas", "layak_diajukan"])
    assert places == sorted(places), "what followed made room"
    page.locator("#urungkan").click()
    page.locator("#urungkan").click()
    assert facts(written(page)) == before


def test_messages_scripts_and_calls_are_described_in_the_panel(desk):  # noqa: F811
    page = open_studio(desk("perancang"))
    become = "get('selection').select(get('bpmnReplace').replaceElement(element(argument[0]), argument[1]));"
    script(page, become, ["susun_jadwal", {"type": "bpmn:ScriptTask"}])
    enter(page, "script", "total = 1 + 1")
    script(page, become, ["minta_persetujuan", {"type": "bpmn:SendTask"}])
    enter(page, "reference", "Undangan rapat")
    script(page, become, [STEP, {"type": "bpmn:CallActivity"}])
    enter(page, "called", "izin_cuti")
    tree = etree.fromstring(written(page))
    assert tree.findtext(f".//{BPMN_URI}scriptTask/{BPMN_URI}script") == "total = 1 + 1"
    message = tree.find(f"{BPMN_URI}message")
    assert (message.get("id"), message.get("name")) == ("undangan_rapat", "Undangan rapat")
    assert tree.find(f".//{BPMN_URI}sendTask").get("messageRef") == "undangan_rapat"
    assert tree.find(f".//{BPMN_URI}callActivity").get("calledElement") == "izin_cuti"
    for _ in range(6):
        page.locator("#urungkan").click()
    assert not settled(page)
