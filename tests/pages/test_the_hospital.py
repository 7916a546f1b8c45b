"""People of the hospital at their pages: let in by the console, they lend a record, and anybody checks its slip."""

import io
import re

import pytest

from engine.web.application import create_app
from tests import papers
from tests.hospital.office import PROCESS, Hospital
from tests.pages.conftest import PASSWORD, Browser

TABLE = "lembar_telusur.berkas"


@pytest.fixture
def hospital(database, database_url, data_dir):
    return Hospital(database, data_dir, url=database_url).set_up()


def completed(browser, hospital, instance, element_id, **fields):
    task = hospital.task(instance, element_id)
    if f'action="/tugas/{task}/ambil"' in (inbox := browser.get("/tugas?tampil=bersama").text):
        browser.post(f"/tugas/{task}/ambil")
    assert f"/tugas/{task}" in inbox + browser.get("/tugas").text
    answer = browser.post(f"/tugas/{task}/selesai", fields)
    assert answer.status_code == 303, answer.text
    return browser.get(answer.headers["Location"]).text


def test_a_record_is_lent_over_the_pages_and_anybody_may_check_its_slip(hospital):
    app = create_app(hospital.services, secret_key=b"k" * 32, office_name="RS Contoh", clock=lambda: hospital.now)
    clerk, archive = Browser(app), Browser(app)
    for browser, account, role in (
        (clerk, "poli.bedah", "petugas_poli"),
        (archive, "rekam.medis.2", "petugas_rekam_medis"),
    ):
        browser.sign_in(account, hospital.let_in(account, role))
        browser.post("/sandi", {"baru": PASSWORD, "ulang": PASSWORD}, page="/sandi")
    assert "Peminjaman Rekam Medis" in clerk.get("/instans/mulai", follow_redirects=True).text
    begun = clerk.post(
        f"/instans/mulai?sop={PROCESS}", {"poli": "bedah", "keperluan": "pelayanan", "tanggal_layanan": ""}
    )
    assert begun.status_code == 422
    asked = {"poli": "bedah", "keperluan": "pelayanan", "tanggal_layanan": "14 April 2025"}
    begun = clerk.post(f"/instans/mulai?sop={PROCESS}", asked)
    instance = begun.headers["Location"].rsplit("/", 1)[-1]
    wanted = {"permintaan.berkas.0.nomor": "001240", "permintaan.berkas.0.pasien": "AB"}
    assert "Langkah 1 selesai" in completed(clerk, hospital, instance, "ajukan_peminjaman", **wanted)

    found = {f"{TABLE}.0.nomor": "001240", f"{TABLE}.0.keadaan": "lengkap", f"{TABLE}.0.lembar": "12"}
    task = hospital.task(instance, "cari_berkas")
    sheet = f"/tugas/{task}/tabel/{TABLE}"
    assert "A-01" in archive.get(sheet).text
    archive.post(f"/tugas/{task}/ambil")
    assert archive.post(sheet, {**found, "_revisi": "0"}).status_code == 303
    completed(archive, hospital, instance, "cari_berkas", **found)
    completed(archive, hospital, instance, "serahkan_berkas", **{"bon_pinjam.penerima": "poli.bedah"})

    slip = hospital.document(instance, "bon_pinjam")
    with clerk.get(f"/dokumen/{slip.id}.pdf") as answer:
        paper = answer.data
    [code] = re.findall(r"keaslian: kode (\S+)", papers.text(paper))
    stranger = Browser(app)
    known = stranger.get("/periksa", query_string={"kode": code}, follow_redirects=True).text
    assert "RM/0001/bedah" in known
    same = stranger.post(
        "/periksa", {"berkas": (io.BytesIO(paper), "bon.pdf")}, page="/periksa", content_type="multipart/form-data"
    )
    assert "RM/0001/bedah" in same.text
    assert "sama persis" in same.text
