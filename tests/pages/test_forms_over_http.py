"""A form posted twice, late, by the wrong person, with the wrong file: words, the right status, nothing lost."""

import io
import re

import pytest


@pytest.fixture
def first(office):
    """The first step of an instance: (instance, task)."""
    instance = office.start()
    return instance, office.task(instance, "perintahkan_pengumpulan_data")


def entries(office, task, account="kepala.dinas", **more):
    return office.filled(account, task, **more)


def test_a_step_is_completed_and_the_receipt_says_who_is_next(office, browse, first):
    head = browse("kepala.dinas")
    answer = head.post(f"/tugas/{first[1]}/selesai", entries(office, first[1]))
    assert answer.status_code == 303
    receipt = head.get(answer.headers["Location"]).text
    assert "Langkah 1 selesai" in receipt
    assert "Mempersiapkan kertas kerja" in receipt


def test_a_form_posted_twice_is_done_once(office, browse, first):
    head, typed = browse("kepala.dinas"), entries(office, first[1])
    assert [head.post(f"/tugas/{first[1]}/selesai", typed).headers["Location"] for _ in range(2)] == [
        f"/tugas/{first[1]}/hasil"
    ] * 2
    assert len(office.page(first[0]).all_documents) == 3


def test_a_form_for_a_finished_task_says_who_and_when_and_keeps_what_was_typed(office, browse):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    task = office.task(instance, "susun_jadwal")
    late, typed = browse("tim.sakip.2"), entries(office, task, "tim.sakip.2")
    office.do("tim.sakip", instance, "susun_jadwal")
    answer = late.post(f"/tugas/{task}/selesai", typed)
    assert answer.status_code == 409
    assert "tim.sakip" in answer.text
    assert "11 April 2025 pukul 10.15 WIB" in answer.text
    assert "Dibahas pembagian" in late.get(f"/tugas/{task}/isian").text


def test_errors_stand_in_a_summary_and_beside_their_fields_with_everything_typed(office, browse, first):
    typed = entries(office, first[1], disposisi__asal_naskah="", disposisi__catatan="Segera <script>x</script>")
    answer = browse("kepala.dinas").post(f"/tugas/{first[1]}/selesai", typed, follow_redirects=True)
    assert answer.request.path == f"/tugas/{first[1]}", "a page that can be gone back to, without sending again"
    assert answer.text.count("Asal naskah: wajib diisi.") >= 2
    assert "Segera &lt;script&gt;" in answer.text
    assert "<script>x" not in answer.text
    assert "<title>Perbaiki:" in answer.text


def test_the_wrong_person_is_told_whose_task_it_is(browse, first):
    answer = browse("sekretaris").post(f"/tugas/{first[1]}/selesai", {})
    assert answer.status_code == 403
    assert "Kepala Dinas" in answer.text


def test_a_suspended_instance_takes_no_form_and_says_why(office, browse, first):
    office.services.control.suspend(office.actor("operator"), first[0], "Menunggu surat", office.now)
    answer = browse("kepala.dinas").post(f"/tugas/{first[1]}/selesai", {"disposisi.catatan": "x"})
    assert answer.status_code == 409
    assert "Menunggu surat" in answer.text


def upload(office, browse, task, name, content, **more):
    head = browse("kepala.dinas")
    typed = entries(office, task, **more) | {"csrf_token": head.token("/akun")}
    typed["perjanjian_kinerja.berkas"] = (io.BytesIO(content), name)
    return head.http.post(
        f"/tugas/{task}/selesai", data=typed, content_type="multipart/form-data", follow_redirects=True
    )


def test_a_program_in_a_pdf_s_clothes_is_refused_and_the_rest_is_kept(office, browse, first):
    answer = upload(office, browse, first[1], "pk.pdf", b"MZ\x90\x00" + b"\0" * 200, disposisi__catatan="jangan hilang")
    assert "pk.pdf sebenarnya program (EXE)" in answer.text
    assert "jangan hilang" in answer.text
    assert len(office.page(first[0]).all_documents) == 0


def test_a_file_over_the_limit_is_named_with_the_limit(office, browse, first):
    answer = upload(office, browse, first[1], "besar.pdf", b"%PDF-1.7\n" + b"x" * 400_000)
    assert "besar.pdf terlalu besar" in answer.text


def test_a_good_file_is_kept_by_its_hash_and_given_back_as_it_came(office, browse, first):
    content = b"%PDF-1.7\n1 0 obj<<>>endobj\n%%EOF\n"
    assert upload(office, browse, first[1], "pk.pdf", content).request.path == f"/tugas/{first[1]}/hasil"
    auditor = browse("auditor")
    document = next(d for d in office.page(first[0]).documents if d.data_object_id == "perjanjian_kinerja")
    link = re.search(r"/lampiran/[0-9a-f-]{36}", auditor.get(f"/dokumen/{document.id}").text).group()
    with auditor.get(link) as answer:
        assert answer.data == content
        assert answer.headers["Content-Disposition"].startswith("inline")


def test_a_request_over_all_limits_is_413_in_words(browse, first):
    head = browse("sekretaris")
    answer = head.http.post("/bahasa", data={"bahasa": "x" * (5 * 1024 * 1024)})
    assert answer.status_code == 413
    assert "Berkas terlalu besar" in answer.text


def test_a_page_open_too_long_comes_back_with_what_was_typed(office, browse, first):
    head = browse("kepala.dinas")
    answer = head.http.post(
        f"/tugas/{first[1]}/selesai",
        data={**entries(office, first[1], disposisi__catatan="masih ada"), "csrf_token": "lama"},
    )
    assert answer.status_code == 403
    assert "masih ada" in answer.text
    assert "kirim ulang" in answer.text


def test_what_was_typed_survives_the_end_of_the_session_for_the_same_account_alone(office, browse, first):
    head, typed = browse("kepala.dinas"), entries(office, first[1], disposisi__catatan="kalimat khas saya")
    token = head.token("/akun")
    office.later(hours=2)
    answer = head.http.post(f"/tugas/{first[1]}/selesai", data={**typed, "csrf_token": token})
    assert answer.status_code == 401
    sealed = re.search(r'name="_isian" value="([^"]+)"', answer.text).group(1)
    other = browse()
    other.sign_in("tim.sakip", _isian=sealed)
    assert "kalimat khas saya" not in other.get("/tugas").text
    again = head.sign_in("kepala.dinas", _isian=sealed)
    assert again.headers["Location"] == f"/tugas/{first[1]}"
    assert "kalimat khas saya" in head.get(f"/tugas/{first[1]}").text


def test_a_file_that_the_lost_page_did_not_show_stays_in_the_draft(office, browse, first):
    task, path = first[1], "perjanjian_kinerja.berkas"
    head, typed = browse("kepala.dinas"), entries(office, first[1], perjanjian_kinerja__berkas="")
    token, actor = head.token("/akun"), office.actor("kepala.dinas")
    staged = office.services.documents.stage(actor, task, "pk.pdf", io.BytesIO(b"%PDF-1.7\n%%EOF"), office.now)
    office.services.tasks.save_draft(actor, task, {**typed, path: ["", staged.id]}, office.now)
    office.later(hours=2)
    answer = head.http.post(f"/tugas/{task}/selesai", data={**typed, "csrf_token": token})
    sealed = re.search(r'name="_isian" value="([^"]+)"', answer.text).group(1)
    head.sign_in("kepala.dinas", _isian=sealed)
    assert staged.id in office.services.tasks.draft(office.actor("kepala.dinas"), task).entries[path]


def test_what_was_typed_comes_back_also_when_another_tab_signed_out(office, browse, first):
    head, path = browse("kepala.dinas"), f"/tugas/{first[1]}"
    form = head.get(path).text
    mark = re.search(r'name="_milik" value="([^"]+)"', form).group(1)
    typed = {**entries(office, first[1], disposisi__catatan="kalimat khas saya"), "_milik": mark}
    head.post("/keluar")
    answer = head.http.post(f"{path}/selesai", data=typed)
    assert answer.status_code == 401
    assert "Sesi Anda berakhir. Isian Anda aman" in answer.text
    sealed = re.search(r'name="_isian" value="([^"]+)"', answer.text).group(1)
    assert head.sign_in("kepala.dinas", _isian=sealed).headers["Location"] == path
    again = head.get(path).text
    assert "kalimat khas saya" in again
    assert "Anda masuk kembali" in again


def test_a_form_that_says_not_whose_it_is_leads_back_to_its_page_all_the_same(browse, first):
    head, path = browse("kepala.dinas"), f"/tugas/{first[1]}"
    head.post("/keluar")
    for data in ({}, {"_milik": "dibuat-buat"}):
        answer = head.http.post(f"{path}/selesai", data=data, headers={"Referer": f"http://localhost{path}"})
        asked = head.get(answer.headers["Location"]).text
        assert "Sesi Anda berakhir. Setelah masuk, Anda kembali ke halaman semula." in asked
        assert f'name="lanjut" value="{path}"' in asked
    other = head.http.post(f"{path}/selesai", headers={"Referer": "https://evil.example/tugas"})
    assert "evil" not in other.headers["Location"]
    assert "tugas" not in other.headers["Location"]


def test_a_page_that_is_opened_after_the_session_ended_says_so(browse, first):
    head, path = browse("kepala.dinas"), f"/tugas/{first[1]}"
    head.post("/keluar")
    asked = head.get(head.get(path).headers["Location"]).text
    assert "Sesi Anda berakhir. Setelah masuk, Anda kembali ke halaman semula." in asked
    assert "berakhir" not in browse().get(path).headers["Location"]


def test_rows_are_added_and_removed_by_buttons_and_nothing_typed_is_lost(office, browse):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    task, page = office.task(instance, "siapkan_kertas_kerja"), browse("sekretaris")
    typed = entries(office, task, "sekretaris", undangan__tempat="TEMPAT-KU")
    before = page.get(f"/tugas/{task}").text.count('name="undangan.yth.')
    added = page.post(f"/tugas/{task}/selesai", {**typed, "_tambah": "undangan.yth"}, follow_redirects=True)
    assert added.request.path == f"/tugas/{task}"
    assert added.text.count('name="undangan.yth.') > before
    assert "TEMPAT-KU" in added.text
    removed = page.post(f"/tugas/{task}/selesai", {**typed, "_hapus": "undangan.yth.0"}, follow_redirects=True)
    assert removed.text.count('name="undangan.yth.') < before
    assert office.open_steps(instance) == ["siapkan_kertas_kerja"]


@pytest.mark.parametrize(
    "path", ["/tugas/" + "0" * 32, "/tugas/%00", "/instans/x", "/dokumen/x", "/lampiran/x", "/sop/x", "/x"]
)
def test_what_is_not_there_is_404_in_our_frame(browse, path):
    answer = browse("kepala.dinas").get(path)
    assert answer.status_code == 404
    assert "Halaman tidak ditemukan" in answer.text


def test_drafts_save_in_the_background_and_two_devices_do_not_overwrite_each_other(office, browse, first):
    head = browse("kepala.dinas")
    headers = {"X-Alur-Background": "1"}
    saved = head.post(f"/tugas/{first[1]}/draf", {"disposisi.catatan": "satu"}, headers=headers)
    assert saved.json == {"revision": 1, "saved_at": "10.15"}
    assert (
        head.post(f"/tugas/{first[1]}/draf", {"disposisi.catatan": "dua", "_revisi": "1"}, headers=headers).json[
            "revision"
        ]
        == 2
    )
    stale = head.post(f"/tugas/{first[1]}/draf", {"disposisi.catatan": "tiga", "_revisi": "1"}, headers=headers)
    assert stale.status_code == 409
    assert "perangkat lain" in stale.json["message"]
    assert ">dua</textarea>" in head.get(f"/tugas/{first[1]}").text.replace("\n", "")


def test_an_instance_cannot_start_without_people_and_the_page_says_which_lane(office, browse):
    for holder in ("pemegang.data.1", "pemegang.data.2"):
        office.services.people.set_active(office.actor("operator"), holder, False, "Mutasi", office.now)
    head = browse("kepala.dinas")
    answer = head.post("/instans/mulai?sop=pengumpulan_data_kinerja", {"tahun": "2025", "periode": "I"})
    assert answer.status_code == 409
    assert "Jalur Pemegang Data tidak punya anggota aktif" in answer.text


def test_the_same_period_is_refused_with_a_link_to_the_one_that_runs(office, browse, first):
    answer = browse("sekretaris").post("/instans/mulai?sop=pengumpulan_data_kinerja", {"tahun": "2025", "periode": "I"})
    assert answer.status_code == 409
    assert f"/instans/{first[0]}" in answer.text


def test_whether_all_is_ready_is_said_in_the_reader_s_language(browse):
    head = browse("kepala.dinas")
    head.post("/bahasa", {"bahasa": "en"})
    shown = head.get("/instans/mulai?sop=pengumpulan_data_kinerja").text
    assert "Lane Head of Office: 1 person" in shown
    assert "Lane SAKIP Team: 2 people" in shown
