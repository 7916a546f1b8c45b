"""Who signs a letter stands under it with title, capacity, name, rank and NIP: that makes the paper binding."""

import io
import re
import zipfile
from datetime import date

import pytest

from engine.cli import CONSOLE
from engine.model.people import Capacity
from engine.model.signatures import Mode
from engine.service.authoring.checking import read_folder
from tests.documents.pdf_text import as_drawn, pages_of
from tests.office import ROOT, SOP
from tests.service.test_printing import document, paper

HEAD = "19700101 199001 1 001"


def said(office, instance, name, **more):
    return "".join(pages_of(paper(office, document(office, instance, name), **more)[2]))


def in_word(office, instance, name):
    """What the Word file says, line breaks as spaces."""
    content = paper(office, document(office, instance, name), "docx")[2]
    xml = zipfile.ZipFile(io.BytesIO(content)).read("word/document.xml").decode()
    return " ".join(re.sub(r"<[^>]+>", " ", xml).replace("\u00a0", " ").split())


@pytest.fixture
def mandated(office):
    """An SOP in which the secretary may be mandated to sign letters, which then wait for nobody."""
    files = dict(read_folder(ROOT / "processes", ROOT / "forms", SOP))
    diagram = f"processes/{SOP}/{SOP}.bpmn"
    files[diagram] = files[diagram].replace(b' sop:persetujuan="kepala_dinas"', b"")
    for form in ("siapkan_kertas_kerja", "susun_jadwal"):
        path = f"forms/{SOP}/{form}.ui.json"
        files[path] = files[path].replace(b'["kepala_dinas"]', b'["kepala_dinas", "sekretaris"]')
    office.services.deployments.deploy(CONSOLE, SOP, files, "mandat", office.now, at_console=True)
    return office


def test_the_head_signs_with_rank_and_nip(office):
    office.head_is_in = False
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    office.approve(instance, Mode.WET)
    office.do("tim.sakip", instance, "susun_jadwal")
    office.approve(instance, Mode.WET)
    letter = said(office, instance, "surat_tugas")
    assert "padatanggal11April2025KepalaDinas,KepalaDinas(contoh)PembinaUtamaMuda,IV/cNIP197001011990011001" in letter
    assert "a.n." not in letter
    assert f"Pembina Utama Muda, IV/c NIP {HEAD}" in in_word(office, instance, "surat_tugas")


def test_the_secretary_signs_on_behalf_of_the_head(mandated):
    office = mandated
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja", undangan__penanda_tangan="sekretaris")
    block = "a.n.KepalaDinasSekretaris,Sekretaris(contoh)PembinaTingkatI,IV/bNIP197001011990011002"
    assert block in said(office, instance, "undangan")
    assert "a.n. Kepala Dinas Sekretaris, Sekretaris (contoh)" in in_word(office, instance, "undangan")


def test_who_stands_in_for_the_head_signs_in_that_capacity_and_no_longer_than_it_lasts(mandated):
    office = mandated
    office.gives("sekretaris", "kepala_dinas", date(2025, 4, 1), date(2025, 4, 11), Capacity.ACTING_PLH, "SK 1/2025")
    instance = office.start()
    office.do("sekretaris", instance, "perintahkan_pengumpulan_data")
    assert "Plh.KepalaDinas,paraf/tanggalSekretaris(contoh),11April2025" in said(office, instance, "disposisi")
    office.do("sekretaris", instance, "siapkan_kertas_kerja", undangan__penanda_tangan="sekretaris")
    block = "Plh.KepalaDinas,Sekretaris(contoh)PembinaTingkatI,IV/bNIP197001011990011002"
    office.later(days=30)
    assert block in said(office, instance, "undangan"), "as on the day of issue, however late it is printed"
    assert "Plh. Kepala Dinas, Sekretaris (contoh)" in in_word(office, instance, "undangan")
    another = office.start(period="II")
    office.do("kepala.dinas", another, "perintahkan_pengumpulan_data")
    office.do("sekretaris", another, "siapkan_kertas_kerja", undangan__penanda_tangan="sekretaris")
    assert "a.n.KepalaDinasSekretaris," in said(office, another, "undangan")


def test_the_report_is_signed_by_who_decided_not_by_who_signed_the_letter_of_assignment(office):
    office.gives("sekretaris", "kepala_dinas", date(2025, 4, 1), None, Capacity.ACTING_PLT, "SK 2/2025")
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    office.do("sekretaris", instance, "tandatangani_persetujuan")
    assert "Plt.KepalaDinas,Sekretaris(contoh)" in said(office, instance, "laporan")


def test_a_nip_is_never_broken_over_two_lines(office):
    instance = office.start()
    office.until_data(instance)
    letter = document(office, instance, "surat_tugas")
    drawn = as_drawn(paper(office, letter, part="pemegang.data.1")[2])[0]
    held = {found.replace("\u00a0", " ") for found in re.findall(r"1970[\d\u00a0]{17}", drawn)}
    assert held == {HEAD, "19700101 199001 1 005"}, "signer and holder, each in one piece"
