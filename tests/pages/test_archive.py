"""The archive's page: where the berkas stands, what is in it, who may take it, where its paper is."""

import hashlib
import io
import re
import zipfile

import pytest
from sqlalchemy import select, update

from engine.store.files import named
from engine.store.tables import person
from tests.service import archiving
from tests.service.archiving import EVIDENCE, PLACE
from tests.service.procedures import PEOPLE
from tests.swept import swept


@pytest.fixture
def bureau(office):
    """The office with a small procedure that archives; its people know their passwords too."""
    for role, account in PEOPLE.items():
        office.hire(account, role)
    with office.database.unguarded() as connection:
        known = connection.scalar(select(person.c.password_hash).where(person.c.id == "auditor"))
        connection.execute(update(person).values(password_hash=known))
        connection.commit()
    archiving.deploy(office)
    return office


@pytest.fixture
def instance(bureau):
    """An instance whose berkas is built."""
    return archiving.archived(bureau)


def words(html):
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_an_archived_instance_says_so_with_the_place_of_its_paper_and_offers_nothing_to_write(browse, instance):
    page = browse("sam").get(f"/instans/{instance}")
    assert "Diarsipkan: hanya dapat dibaca Salinan manual: Ruang Arsip, Boks 14" in words(page.text)
    assert 'name="catatan"' not in browse("sam").get(f"/instans/{instance}/catatan").text
    listed = browse("auditor").get("/instans?status=archived").text
    assert f"/instans/{instance}" in listed
    answer = browse("sam").post(f"/instans/{instance}/catatan", {"catatan": "Terlambat"})
    assert answer.status_code == 409
    assert "sudah diarsipkan dan hanya dapat dibaca" in answer.text


def test_an_archived_instance_is_among_the_completed_ones(browse, instance):
    assert f"/instans/{instance}" in browse("auditor").get("/instans?status=completed").text


def test_the_berkas_is_listed_taken_and_printed(browse, instance):
    browser = browse("auditor")
    page = browser.get(f"/instans/{instance}/arsip").text
    assert "dokumen/surat/v2/surat-v2.pdf" in page
    assert "Unduhan dicatat" in page
    taken = browser.post(f"/instans/{instance}/arsip.zip")
    assert taken.headers["Content-Disposition"].startswith("attachment; filename=arsip-")
    assert taken.headers["Cache-Control"] == "private, no-store"
    assert zipfile.ZipFile(io.BytesIO(taken.data)).testzip() is None
    sha256 = re.search(r'id="sidik-arsip">([0-9a-f]{64})<', page).group(1)
    assert sha256 in browser.get(f"/instans/{instance}/riwayat?jenis=instance:archived").text
    assert browser.get(f"/instans/{instance}/daftar-isi.pdf").data.startswith(b"%PDF-")
    assert "export:made" in browser.get("/audit/jejak?jenis=export:made").text


def test_the_page_in_english_has_the_form_s_own_english_and_nothing_untranslated(browse, office):
    instance = office.start()
    browser = browse("auditor")
    browser.post("/bahasa", {"bahasa": "en", "lanjut": "/"})
    page = words(browser.get(f"/instans/{instance}/arsip").text)
    assert "Not completed yet" in page
    assert "Belum selesai" not in page


def test_before_and_while_it_is_built_the_page_says_what_it_waits_for(browse, bureau):
    running = bureau.services.starts.start(bureau.actor("ann"), archiving.PROCESS, {}, bureau.now)
    assert "Belum selesai" in browse("ann").get(f"/instans/{running}/arsip").text
    waiting = archiving.completed(bureau)
    page = browse("sam").get(f"/instans/{waiting}/arsip").text
    assert "Berkas arsip sedang dibuat" in page
    assert browse("sam").post(f"/instans/{waiting}/arsip.zip").status_code == 404
    bureau.services.control.terminate(bureau.actor("operator"), running, "Salah mulai", bureau.now)
    assert "dihentikan tidak diarsipkan" in browse("ann").get(f"/instans/{running}/arsip").text


def test_what_could_not_be_built_says_why_and_the_operator_alone_tries_again(browse, bureau):
    instance = archiving.completed(bureau)
    swept(bureau.services.printing, bureau.now)
    files = bureau.services.archives.packages.files
    path = files.place.path(named(hashlib.sha256(EVIDENCE).hexdigest()))
    path.unlink()
    swept(bureau.services.archives, bureau.now)
    for account, may in (("sam", False), ("operator", True)):
        page = browse(account).get(f"/instans/{instance}/arsip").text
        assert "lampiran/001-bukti-1.pdf hilang" in page
        assert ("Coba lagi" in page) is may
    operator = browse("operator")
    assert instance in operator.get("/insiden").text
    assert "lampiran/001-bukti-1.pdf hilang" in operator.post(f"/instans/{instance}/berkas.zip").text
    address = f"/instans/{instance}/arsip/coba-lagi"
    assert browse("sam").post(address).status_code == 403
    assert "belum dapat dibuat. Sebabnya" in operator.post(address, follow_redirects=True).text
    path.write_bytes(EVIDENCE)
    assert "Pelaksanaan ini diarsipkan" in operator.post(address, follow_redirects=True).text


def test_the_place_is_corrected_with_a_reason_and_nothing_typed_is_lost(browse, instance):
    operator = browse("operator")
    address = f"/instans/{instance}/arsip/tempat"
    asked = operator.get(address).text
    assert 'value="14"' in asked
    refused = operator.post(address, PLACE | {"simpan.boks": "15"})
    assert refused.status_code == 422
    assert 'value="15"' in refused.text
    assert "Alasan pembetulan" in refused.text
    done = operator.post(
        address, PLACE | {"simpan.boks": "15", "alasan_pembetulan": "Boks 14 penuh"}, follow_redirects=True
    )
    assert "Ruang Arsip, Boks 14 → Ruang Arsip, Boks 15 “Boks 14 penuh”" in words(done.text)
    stranger = browse("auditor")
    assert stranger.get(address).status_code == 403
    assert "Betulkan tempat simpan" not in stranger.get(f"/instans/{instance}/arsip").text


def test_only_auditors_and_operators_take_all_there_is_of_an_instance(browse, instance):
    assert browse("sam").post(f"/instans/{instance}/berkas.zip").status_code == 403
    taken = browse("auditor").post(f"/instans/{instance}/berkas.zip")
    assert taken.headers["Content-Disposition"].startswith("attachment; filename=pemeriksaan-")
