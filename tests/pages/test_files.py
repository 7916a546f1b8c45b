"""Files over HTTP: read by whom they concern, shown where they cannot act, taken only where they may be handed in."""

import io
import json
import re
import zipfile

import pytest

from tests.office import STAFF
from tests.pages.test_grid import text_of
from tests.papers import PICTURE
from tests.telling.office import swept

HOLDERS = ("pemegang.data.1", "pemegang.data.2")


@pytest.fixture
def handed_in(office):
    """An instance with the evidence of both holders: its id, and a file of each."""
    instance = office.start()
    office.until_analysis(instance)
    [found] = [each for each in office.page(instance).documents if each.data_object_id == "draft_laporan"]
    files = {part.item: json.loads(part.content)["baris"][0]["bukti"][0] for part in found.parts}
    return instance, files


def status(browser, id_):
    with browser.get(f"/lampiran/{id_}") as answer:
        return answer.status_code


def test_the_head_sees_the_evidence_of_each_row_beside_its_figures(office, browse, handed_in):
    instance, files = handed_in
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    head, task = browse("kepala.dinas"), office.task(instance, "tandatangani_persetujuan")
    for place in ("", "/periksa"):
        page = head.get(f"/tugas/{task}{place}")
        framed = re.findall(r'<iframe src="/lampiran/([0-9a-f-]{36})"', page.text)
        assert set(files.values()) <= set(framed), place or "the form"
        assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    with head.get(f"/lampiran/{framed[0]}") as answer:
        assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]


def test_every_account_opens_the_files_and_papers_that_concern_it_and_no_other(office, browse, handed_in):
    instance, files = handed_in
    papers = [f"/dokumen/{each.id}" for each in office.page(instance).documents]
    for account in STAFF:
        browser = browse(account)
        for holder, id_ in files.items():
            allowed = account not in HOLDERS or account == holder
            assert status(browser, id_) == (200 if allowed else 404), (account, holder)
        for path in papers:
            page = browser.get(path)
            assert page.status_code == 200, (account, path)
            shown = set(re.findall(r"/lampiran/([0-9a-f-]{36})", page.text))
            assert {status(browser, id_) for id_ in shown} <= {200}, (account, path)
    assert {status(browse(), id_) for id_ in files.values()} == {303}


def test_evidence_is_shown_in_the_browser_where_nothing_in_it_can_act_and_kept_by_no_cache(office, browse):
    instance = office.start()
    task, head = office.task(instance, "perintahkan_pengumpulan_data"), browse("kepala.dinas")
    shown = {"surat.pdf": ("inline", "application/pdf"), "foto.png": ("inline", "image/png")}
    for name, content in (("surat.pdf", b"%PDF-1.7\n%%EOF"), ("foto.png", PICTURE), ("isi.docx", docx())):
        stream = io.BytesIO(content)
        staged = office.services.documents.stage(office.actor("kepala.dinas"), task, name, stream, office.now)
        with head.get(f"/lampiran/{staged.id}") as answer:
            how, kind = shown.get(name, ("attachment", staged.media_type))
            assert answer.headers["Content-Disposition"].startswith(how), name
            assert (answer.headers["Content-Type"], answer.data) == (kind, content)
            policy = answer.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'" if kind == "application/pdf" else "sandbox;")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "no-store" in answer.headers["Cache-Control"]
        with head.get(f"/lampiran/{staged.id}?unduh=1") as answer:
            assert answer.headers["Content-Disposition"].startswith("attachment")


def test_a_diagram_is_a_file_and_never_a_page_of_ours(office, browse):
    instance = office.start()
    for path in ("/sop/pengumpulan_data_kinerja/diagram.bpmn", f"/instans/{instance}/diagram.bpmn"):
        with browse("kepala.dinas").get(path) as answer:
            assert answer.headers["Content-Disposition"].startswith("attachment")
            assert b"<bpmn:definitions" in answer.data[:400]


class Unread(io.BytesIO):
    """A body that must not be read."""

    def read(self, *_):
        raise AssertionError("read before anybody asked who sends it")

    readline = readinto = read


@pytest.mark.parametrize("token", ["", "csrf_token=salah"])
def test_nothing_that_a_stranger_sends_is_read_with_or_without_a_token(office, browse, token):
    instance = office.start()
    task = office.task(instance, "perintahkan_pengumpulan_data")
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.later(hours=1)
    stranger = browse("pemegang.data.1")
    wholes = f"/tugas/{task}/selesai", f"/tugas/{task}/draf", f"/tugas/{task}/tabel/x", f"/tugas/{task}/tabel/x/unggah"
    wholes += f"/tugas/{task}/pratinjau/disposisi", "/register/kode_surat/impor"
    for path in wholes:
        answer = stranger.http.post(
            f"{path}?{token}",
            input_stream=Unread(b"x" * 90_000_000),
            content_type="multipart/form-data; boundary=x",
            content_length=90_000_000,
        )
        assert answer.status_code == 403, path
        assert "kepala.dinas" not in answer.text, "nobody is told who did it"
        assert "10.15" not in answer.text, path
    for path in (f"/tugas/{'0' * 32}/selesai", f"/instans/{'0' * 36}/pindaian"):
        answer = stranger.http.post(path, input_stream=Unread(b"x"), content_type="multipart/form-data; boundary=x")
        assert answer.status_code == 404, path


def test_a_refused_scan_leaves_no_file_and_the_page_says_who_may_hand_it_in(office, browse):
    instance = office.start()
    office.until_analysis(instance)
    for account, step in (("tim.sakip", "susun_analisis"), ("sekretaris", "minta_persetujuan")):
        office.do(account, instance, step)
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")
    office.file_scans(instance, "tim.sakip")  # of the meetings
    [report] = [each for each in office.page(instance).documents if each.data_object_id == "laporan"]
    [view] = office.services.signing.of_document(office.actor("auditor"), report.id)
    path, files = f"/dokumen/{report.id}", office.services.documents.files
    before, scans = set(files.names()), f"/instans/{instance}/pindaian"

    def send(browser, content, **looked):
        looked = looked or {f"sudah.{view.signature.id}": "ya"}
        data = {"csrf_token": browser.token("/akun"), view.signature.id: (io.BytesIO(content), "ttd.png"), **looked}
        return browser.http.post(scans, data=data, content_type="multipart/form-data")

    team, head = browse("tim.sakip"), browse("kepala.dinas")
    page = team.get(path).text
    assert scans not in page
    assert 'type="file"' not in team.get(scans).text
    assert "diunggah oleh Kepala Dinas (kepala.dinas) atau sejalurnya" in page
    refused = send(team, PICTURE)
    assert (refused.status_code, set(files.names())) == (403, before)
    assert "diunggah oleh Kepala Dinas" in refused.text
    assert scans in head.get(path).text
    assert head.get(scans).text.count('type="file"') == 2, "the report's and the approval sheet's, on one page"
    refused = send(head, PICTURE[:70])
    assert (refused.status_code, set(files.names())) == (422, before)
    assert "gambar ini rusak" in refused.text
    unseen = send(head, PICTURE, lain="ya")
    assert (unseen.status_code, set(files.names())) == (422, before)
    assert "Buka dahulu berkasnya" in unseen.text, "what cannot be replaced is looked at first"
    assert send(head, PICTURE).status_code == 303
    assert "Diunggah oleh Kepala Dinas (kepala.dinas)" in team.get(path).text
    team.post("/bahasa", {"bahasa": "en"})
    assert "Filed by Kepala Dinas (kepala.dinas)" in team.get(path).text
    again = send(head, PICTURE)
    assert again.status_code == 422
    assert "sudah diunggah orang lain" in again.text


def test_lists_and_receipts_tell_a_letter_by_its_number_and_date(office, browse):
    instance = office.start()
    task = office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    letter = office.services.documents
    [invitation] = [each for each in office.page(instance).documents if each.data_object_id == "undangan"]
    number = letter.view(office.actor("auditor"), invitation.id).content["nomor"]
    head = browse("kepala.dinas")
    for path in ("/dokumen", f"/instans/{instance}/dokumen"):
        page = head.get(path).text
        assert number in page, path
        assert "11 Apr 2025" in page, path
    agenda = letter.view(
        office.actor("auditor"), next(d.id for d in office.page(instance).documents if d.data_object_id == "disposisi")
    ).content["nomor_agenda"]
    receipt = head.get(f"/tugas/{task}/hasil").text
    assert f"nomor {agenda}" in receipt
    assert "11 April 2025" in receipt or "11 Apr 2025" in receipt


def docx():
    held = io.BytesIO()
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    with zipfile.ZipFile(held, "w") as parts:
        parts.writestr("[Content_Types].xml", f'<T><O ContentType="{kind}"/></T>')
        parts.writestr("word/document.xml", "<w/>")
    return held.getvalue()


def test_a_file_is_added_to_an_instance_in_its_documents_and_what_is_refused_is_said(office, browse):
    instance = office.start()
    office.until_data(instance)
    team = browse("tim.sakip")
    sent = [(io.BytesIO(b"%PDF-1.7\n%%EOF\n"), "notulen rapat.pdf"), (io.BytesIO(b"MZ\x90\0"), "laporan.pdf")]
    answer = team.post(f"/instans/{instance}/lampiran", {"berkas": sent}, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "laporan.pdf sebenarnya" in text_of(answer)
    said = browse("pemegang.data.2").get(f"/instans/{instance}/dokumen").text
    assert "notulen rapat.pdf" in said
    assert "Lampiran ditambahkan nama: notulen rapat.pdf" in text_of(
        browse("auditor").get(f"/instans/{instance}/riwayat")
    )
    taken = [(io.BytesIO(PICTURE), "1.png"), (io.BytesIO(PICTURE), "2.png")]
    answer = team.post(
        f"/instans/{instance}/lampiran", {"foto": taken}, content_type="multipart/form-data", follow_redirects=True
    )
    assert "foto-2025-04-11-1015.pdf" in text_of(answer)
    assert 'name="berkas"' not in browse("auditor").get(f"/instans/{instance}/dokumen").text


def test_a_note_tells_whom_it_mentions_and_says_whom_it_could_not(office, browse):
    instance = office.start()
    office.until_data(instance)
    team = browse("tim.sakip")
    note = {
        "catatan": "Mohon @sekretaris dan @bukan.siapa",
        "tugas": office.task(instance, "siapkan_data", "pemegang.data.1"),
    }
    said = text_of(team.post(f"/instans/{instance}/catatan", note, follow_redirects=True))
    assert "@bukan.siapa tidak diberi tahu" in said
    assert 'data-account="pemegang.data.1"' in team.get(f"/instans/{instance}/catatan").text
    swept(office)
    assert "Anda disebut dalam catatan" in text_of(browse("sekretaris").get("/pemberitahuan"))
