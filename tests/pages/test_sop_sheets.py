"""The sheet's files, and a new SOP from a table of steps, as a browser without scripts gets them."""

import io

from lxml import etree

from engine.service.procedures import step_spreadsheet
from tests.documents.pdf_text import pages_of
from tests.office import SOP
from tests.pages.test_studio import deployed_from
from tests.service.test_step_tables import GOOD, workbook

TABLE = "/studio/tabel-langkah"


def send(designer, content, name="langkah.xlsx", **more):
    data = {"nama": "Pelayanan Izin", "id": "pelayanan_izin", "berkas": (io.BytesIO(content), name), **more}
    return designer.post(TABLE, data, page=TABLE)


def texts(page, path):
    return [" ".join("".join(each.itertext()).split()) for each in etree.HTML(page).xpath(path)]


def test_the_sheet_is_everybody_s_and_so_are_its_files(browse):
    for account in ("pemegang.data.1", "auditor", "operator", "perancang"):
        reader = browse(account)
        page = reader.get(f"/sop/{SOP}").text
        assert f'href="/sop/{SOP}/lembar"' in page, "its overview leads to it"
        assert reader.get(f"/sop/{SOP}/lembar").status_code == 200
    for kind, start in (("pdf", b"%PDF-"), ("xlsx", b"PK"), ("csv", b"\xef\xbb\xbfNo;Kegiatan;")):
        answer = reader.get(f"/sop/{SOP}/lembar.{kind}")
        assert answer.data.startswith(start)
        assert answer.headers["Content-Disposition"].endswith(f"-v1.{kind}")
    assert reader.get(f"/sop/{SOP}/lembar.docx").status_code == 404
    assert reader.get(f"/sop/{SOP}/lembar?versi=9").status_code == 404


def test_the_tabs_of_an_older_version_stay_on_it_and_say_so(browse, office):
    before = office.services.studio.open(SOP)
    files = {
        path: content.replace(b'name="Sekretaris"', b'name="Sekretariat"') for path, content in before.files.items()
    }
    office.services.deployments.deploy(office.actor("perancang"), SOP, files, "nama jalur", office.now, at_console=True)
    reader = browse("auditor")
    page = etree.HTML(reader.get(f"/sop/{SOP}?versi=1").text)
    tabs = page.xpath("//nav[@class='tabs']//a/@href")
    assert len(tabs) == 5
    for tab in tabs:
        old = reader.get(tab).text
        assert "versi 1 · dipasang" in old, tab
        assert "Versi 1 tidak berlaku lagi." in old
    assert "Sekretariat" not in reader.get(f"/sop/{SOP}/diagram?versi=1").text
    [newest] = page.xpath("//*[contains(@class, 'notice')]//a[contains(., 'Lihat versi 2')]/@href")
    assert newest == f"/sop/{SOP}"
    for tab in etree.HTML(reader.get(newest).text).xpath("//nav[@class='tabs']//a/@href"):
        assert "versi=" not in tab


def test_a_table_is_looked_at_drawn_and_deployed_and_its_sheet_says_what_it_said(browse):
    designer = browse("perancang")
    answer = send(designer, workbook())
    assert answer.status_code == 200
    assert texts(answer.text, "//section[@aria-labelledby='terbaca']//tbody/tr/td[2]") == [row[1] for row in GOOD]
    assert "Memeriksa permohonan" in "".join(texts(answer.text, "//figure//*[local-name()='svg']"))
    review = etree.HTML(answer.text).xpath("//form[contains(@action, 'tinjau')]")[0]
    hidden = {field.get("name"): field.get("value") for field in review.xpath(".//input[@type='hidden']")}
    looked = designer.http.post(review.get("action"), data=hidden)
    assert "Tidak ada temuan" in looked.text
    assert "terpasang" in deployed_from(designer, looked, "dari tabel").text
    sheet = designer.get("/sop/pelayanan_izin/lembar.csv").data
    assert [step.activity for step in step_spreadsheet.read(sheet).steps] == [row[1] for row in GOOD]
    [*_, table] = pages_of(designer.get("/sop/pelayanan_izin/lembar.pdf").data)
    assert "Selesaihariitu" in table, "the remark of a row is in the last column"
    assert "sudah ada" in send(designer, workbook()).text, "an id belongs to one SOP"


def test_the_draft_of_a_table_is_what_the_editor_opens_on(browse):
    designer = browse("perancang")
    page = etree.HTML(send(designer, workbook()).text)
    [opened] = page.xpath("//main//a[contains(@href, 'tabel=')]/@href")
    editor = designer.get(opened)
    assert editor.status_code == 200
    assert "menyerahkan_hasil" in editor.text
    assert designer.get(opened[:-4] + "0000").status_code == 404


def test_faults_of_a_table_stand_by_their_cells_and_what_was_typed_stays(browse):
    designer = browse("perancang")
    rows = [list(row) for row in GOOD]
    rows[1][4], rows[2][8] = "lama sekali", 7
    answer = send(designer, workbook(rows))
    assert answer.status_code == 422
    assert set(texts(answer.text, "//section[@role='alert']//tbody/tr/td[1]")) == {"E3", "I4"}
    assert 'value="Pelayanan Izin"' in answer.text
    assert "Buka draf" not in answer.text
    assert "Pilih berkas" in designer.post(TABLE, {"nama": "x", "id": "pelayanan_izin"}, page=TABLE).text
    assert "huruf kecil" in send(designer, workbook(), id="Pelayanan Izin").text


def test_the_sample_table_is_one_that_is_taken_and_only_designers_draw(browse):
    designer = browse("perancang")
    assert send(designer, designer.get(f"{TABLE}/contoh.xlsx").data).status_code == 200
    assert browse("sekretaris").get(TABLE).status_code == 403
