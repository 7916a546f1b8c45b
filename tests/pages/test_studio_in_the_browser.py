"""The designer's first workshop in a real browser: draw, describe, check, deploy."""

import json
import re

import pytest
from lxml import etree
from playwright.sync_api import expect

from tests.office import SOP
from tests.pages.test_in_the_browser import CHROMIUM, PHONE, chromium, desk, site  # noqa: F401 - fixtures

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; `make test` as root installs it"),
    pytest.mark.xdist_group("browser"),
]
STEP = "siapkan_kertas_kerja"
PATH = f"processes/{SOP}/{SOP}.bpmn"
BPMN_URI = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CHECKED = re.compile("temuan|kesalahan")
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
    expect(page.locator("#ringkasan")).to_have_text(CHECKED)
    return page


def select(page, element_id):
    script(page, "get('selection').select(element(argument));", element_id)
    page.locator(f'#properti [data-key="id"][data-was="{element_id}"]').wait_for()


def field(page, key):
    return page.locator(f'#properti [data-key="{key}"]')


def enter(page, key, text):
    field(page, key).fill(text)
    field(page, key).press("Tab")


def settled(page):
    """Wait until the last change was kept and checked."""
    with page.expect_response("**/periksa") as answer:
        pass
    findings = answer.value.json()["findings"]
    expect(page.locator("#daftar-temuan > li")).to_have_count(len(findings))
    return findings


def deploy(page, note):
    page.locator("#tombol-pasang").click()
    page.wait_for_url("**/pasang/tinjau")
    page.fill("#catatan", note)
    page.locator("main form .btn-primary").click()
    page.wait_for_load_state()


def facts(xml):
    """Every element with its attributes, text and place, but for the order of siblings and the names of namespaces."""

    def of(element):
        inner = sorted(of(child) for child in element if isinstance(child.tag, str))
        return (element.tag, sorted(element.attrib.items()), (element.text or "").strip(), inner)

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
    written = script(page, "return (await modeler.saveXML({ format: true })).xml;").encode()
    assert facts(written) == facts(before.files[PATH])
    assert office.services.studio.check(SOP, {**before.files, PATH: written}) == ()


def test_what_foreign_editors_wrote_stays_untouched(desk):  # noqa: F811
    page = open_studio(desk("perancang"))
    xml = script(page, "return (await modeler.saveXML({ format: true })).xml;")
    foreign = xml.replace(
        "<bpmn:definitions ",
        '<bpmn:definitions xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" '
        'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" ',
    ).replace(
        '<bpmn:userTask id="susun_jadwal" ',
        '<bpmn:userTask id="susun_jadwal" camunda:assignee="demo" ',
    )
    place = foreign.index("<bpmn:incoming>", foreign.index('id="susun_jadwal"'))
    extension = (
        "<bpmn:extensionElements><spiffworkflow:properties>"
        '<spiffworkflow:property name="formJsonSchemaFilename" value="susun_jadwal.schema.json" />'
        "</spiffworkflow:properties></bpmn:extensionElements>"
    )
    foreign = foreign[:place] + extension + foreign[place:]
    page.set_input_files(
        "#berkas-bpmn", {"name": "lain.bpmn", "mimeType": "application/xml", "buffer": foreign.encode()}
    )
    settled(page)
    assert facts(script(page, "return (await modeler.saveXML({ format: true })).xml;").encode()) == facts(
        foreign.encode()
    )


def test_a_step_is_added_with_its_documents_and_its_form_and_all_of_it_can_be_undone(desk, office):  # noqa: F811
    page = open_studio(desk("perancang"))
    before = facts(script(page, "return (await modeler.saveXML({ format: true })).xml;").encode())
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

    xml = etree.fromstring(script(page, "return (await modeler.saveXML({ format: true })).xml;").encode())
    assert len(xml.findall(f".//{BPMN_URI}dataObject[@id='disposisi']")) == 1, "a reference to it, not another document"
    task = xml.find(f".//{BPMN_URI}userTask[@id='membuat_nota_dinas']")
    assert task.find(f"{BPMN_URI}dataInputAssociation") is not None
    assert xml.find(f".//{BPMN_URI}dataObject[@id='nota_dinas']") is not None

    page.locator('[data-direction="inputs"] button[aria-label="Hapus Disposisi"]').click()
    page.locator('[data-direction="inputs"] li').wait_for(state="detached")
    xml = etree.fromstring(script(page, "return (await modeler.saveXML({ format: true })).xml;").encode())
    assert xml.find(f".//{BPMN_URI}dataObject[@id='disposisi']") is not None, "other references hold it"

    while page.locator("#urungkan").is_enabled():
        page.locator("#urungkan").click()
    assert facts(script(page, "return (await modeler.saveXML({ format: true })).xml;").encode()) == before


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
    written = script(page, "return (await modeler.saveXML({ format: true })).xml;")
    assert 'sop:bukanPelaksana="siapkan_lembar"' in written
    assert STEP + '"' not in written.replace(f'{STEP}_di"', "")


def test_a_draft_survives_leaving_the_page_and_is_gone_when_thrown_away(desk):  # noqa: F811
    designer = desk("perancang")
    page = open_studio(designer)
    select(page, STEP)
    enter(page, "name", "Nama lain")
    settled(page)
    designer.open("/studio")
    assert page.locator("[data-studio-draft]").is_visible()
    page = open_studio(designer)
    select(page, STEP)
    assert field(page, "name").input_value() == "Nama lain"
    page.get_by_role("button", name="Buang draf").click()
    page.wait_for_load_state()
    page = open_studio(designer)
    select(page, STEP)
    assert field(page, "name").input_value() == "Mempersiapkan kertas kerja pengumpulan data"


def test_who_edited_a_version_that_is_no_longer_in_force_hears_who_deployed_and_keeps_the_draft(desk, office):  # noqa: F811
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
    assert "Versi 2 dipasang" in page.inner_text("main [role=alert]")
    assert "perancang.2" in page.inner_text("main [role=alert]")
    assert not page.locator("#catatan").count()
    page.get_by_role("link", name="Buka studio").click()
    page.get_by_role("button", name="Buka draf itu").click()
    page.wait_for_load_state()
    page.wait_for_selector("#kanvas .djs-container")
    select(page, STEP)
    assert field(page, "name").input_value() == "Punya saya"


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
    started = office.services.instances.start(office.actor("atasan.1"), "izin_cuti", {"keterangan": [""]}, office.now)
    assert office.open_steps(started) == ["langkah_pertama"]


def test_a_file_that_cannot_be_opened_changes_nothing_and_says_every_fault(desk):  # noqa: F811
    page = open_studio(desk("perancang"))
    before = script(page, "return (await modeler.saveXML({ format: true })).xml;")
    page.set_input_files("#berkas-bpmn", {"name": "rusak.bpmn", "mimeType": "text/xml", "buffer": b"<a>\n<b></a>"})
    page.locator(".finding-where", has_text="baris 2").wait_for()
    assert "rusak.bpmn tidak dapat dibuka" in page.inner_text("#keadaan")
    assert script(page, "return (await modeler.saveXML({ format: true })).xml;") == before


def test_axe_finds_nothing_serious_in_the_studio_and_a_phone_only_looks(desk, office):  # noqa: F811
    designer = desk("perancang")
    designer.open("/studio")
    faults = designer.faults()
    page = open_studio(designer)
    for element_id in (STEP, "data_lengkap", "kepala_dinas", "mulai", "disposisi_untuk_siapkan_kertas_kerja"):
        select(page, element_id)
        faults += designer.faults()
    for _ in range(4):
        page.keyboard.press("F6")
    enter(page, "name", "Lembar disposisi")
    settled(page)
    page.locator("#tombol-pasang").click()
    page.wait_for_url("**/pasang/tinjau")
    faults += designer.faults()
    assert not faults, "\n".join(faults)

    phone = desk("perancang", viewport=PHONE)
    page = open_studio(phone)
    assert page.get_by_text("Menyunting diagram memerlukan layar lebar.").is_visible()
    assert not page.locator(".djs-palette, #properti, #tombol-pasang").filter(visible=True).count()
    assert phone.fits()
    assert not phone.faults()
    phone.open("/studio")
    assert phone.fits()


def test_without_scripts_the_studio_says_so_and_offers_the_file(desk):  # noqa: F811
    page = desk("perancang", java_script_enabled=False).open(f"/studio/{SOP}")
    assert page.get_by_text("Menyunting diagram memerlukan skrip peramban.").is_visible()
    assert page.get_by_role("link", name="Unduh .bpmn").is_visible()
    assert not page.locator("#kanvas").is_visible()


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
