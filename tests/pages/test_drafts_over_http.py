"""What people type outlives errors, tabs, hand-overs and second thoughts; without a script too."""

import io
import re
from datetime import timedelta

import pytest

from engine.model.errors import Conflict
from engine.store.queries import documents
from tests.pages.test_forms_over_http import entries

QUIET = {"X-Alur-Background": "1"}
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\n%%EOF\n"
NOTE = "disposisi.catatan"


@pytest.fixture
def task(office):
    """The head's first step."""
    return office.task(office.start(), "perintahkan_pengumpulan_data")


@pytest.fixture
def head(browse):
    """The head of the office, at a browser."""
    return browse("kepala.dinas")


@pytest.fixture
def schedule(office):
    """A step that the SAKIP team may claim, claimed by one of them."""
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    found = office.task(instance, "susun_jadwal")
    office.services.assignments.claim(office.actor("tim.sakip"), found, office.now)
    return found


def note(page):
    """What the form holds as its note."""
    return re.search(rf'name="{NOTE}"[^>]*>\n?([^<]*)</textarea>', page.text).group(1)


def revision(page):
    return re.search(r'name="_revisi" value="(\d+)"', page.text).group(1)


def test_enter_in_a_field_saves_the_draft_and_in_a_form_without_one_does_nothing(head, task):
    form = re.search(r'<form [^>]*class="card task-form".*', head.get(f"/tugas/{task}").text, re.S).group()
    assert f'formaction="/tugas/{task}/draf"' in re.search(r"<button[^>]*submit[^>]*>", form).group()
    (button,) = re.findall(
        r"<button[^>]*data-enter[^>]*>", head.get("/instans/mulai?sop=pengumpulan_data_kinerja").text
    )
    assert "disabled" in button


def test_a_form_with_errors_is_the_draft_wherever_one_goes_next(office, head, task):
    typed = entries(office, task, disposisi__asal_naskah="", disposisi__catatan="Segera ditindaklanjuti")
    assert head.post(f"/tugas/{task}/selesai", typed).status_code == 303
    head.get("/tugas")
    page = head.get(f"/tugas/{task}")
    assert note(page) == "Segera ditindaklanjuti"
    assert "Asal naskah: wajib diisi." not in page.text, "what is missing is told where one asked to complete"


def test_beginning_anew_can_be_undone_and_looked_at_before(head, task):
    head.post(f"/tugas/{task}/draf", {NOTE: "ditulis sejak pagi"})
    emptied = head.post(f"/tugas/{task}/kosongkan", follow_redirects=True)
    assert note(emptied) != "ditulis sejak pagi"
    assert "Urungkan" in emptied.text
    assert note(head.get(f"/tugas/{task}?sisihan=1")) == "ditulis sejak pagi"
    assert note(head.post(f"/tugas/{task}/draf/pulihkan", follow_redirects=True)) == "ditulis sejak pagi"


def test_two_devices_keep_both_versions_and_the_person_chooses(office, head, task):
    head.post(f"/tugas/{task}/draf", {NOTE: "dari ponsel", "_revisi": "0", "_tab": "ponsel"}, headers=QUIET)
    late = {NOTE: "dari kantor", "_revisi": "0", "_tab": "kantor"}
    told = head.post(f"/tugas/{task}/draf", late, headers=QUIET)
    assert (told.status_code, told.json["at"]) == (409, "10.15")
    assert head.post(f"/tugas/{task}/draf", {**late, "_pilih": "sini"}, headers=QUIET).json["revision"] == 2
    page = head.get(f"/tugas/{task}")
    assert (note(page), note(head.get(f"/tugas/{task}?sisihan=1"))) == ("dari kantor", "dari ponsel")
    office.later(minutes=1)
    head.post(f"/tugas/{task}/draf", {NOTE: "dari rumah", "_revisi": "1", "_pilih": "sana"}, headers=QUIET)
    page = head.get(f"/tugas/{task}")
    assert (note(page), note(head.get(f"/tugas/{task}?sisihan=1"))) == ("dari kantor", "dari rumah")


def test_a_button_pressed_in_a_tab_left_behind_loses_neither_version(office, head, task):
    seen = revision(head.get(f"/tugas/{task}"))
    head.post(f"/tugas/{task}/draf", {NOTE: "tab kedua", "_revisi": seen})
    typed = entries(office, task, disposisi__catatan="tab pertama")
    page = head.post(f"/tugas/{task}/selesai", {**typed, "_revisi": seen}, follow_redirects=True)
    assert "juga diubah di tab atau perangkat lain" in page.text
    assert (note(page), note(head.get(f"/tugas/{task}?sisihan=1"))) == ("tab pertama", "tab kedua")
    done = head.post(f"/tugas/{task}/selesai", {**typed, "_revisi": revision(page)})
    assert done.headers["Location"] == f"/tugas/{task}/hasil"


def test_a_second_tab_with_other_values_is_not_told_that_they_were_taken(office, head, task):
    typed = entries(office, task, disposisi__catatan="yang tercatat")
    assert head.post(f"/tugas/{task}/selesai", typed).status_code == 303
    late = head.post(f"/tugas/{task}/selesai", {**typed, NOTE: "yang terlambat"})
    assert late.status_code == 409
    assert "Isian dari kiriman ini tidak dipakai" in late.text
    assert "yang terlambat" in head.get(f"/tugas/{task}/isian").text


def test_a_file_is_sent_as_soon_as_it_is_chosen_and_outlives_the_day(office, head, task):
    sent = {"csrf_token": head.token("/akun"), "perjanjian_kinerja.berkas": (io.BytesIO(PDF), "pk.pdf")}
    kept = head.http.post(f"/tugas/{task}/berkas", data=sent, headers=QUIET).json["id"]
    head.post(f"/tugas/{task}/draf", {"perjanjian_kinerja.berkas": ["", kept]}, headers=QUIET)
    office.services.documents.forget_staged(office.now + timedelta(days=7))
    with office.database.read() as reader:
        assert documents.attachments(reader, [kept])[kept].name == "pk.pdf"


def test_who_receives_a_task_goes_on_from_its_draft_and_reads_why(office, browse, schedule):
    giver, receiver = browse("tim.sakip"), browse("tim.sakip.2")
    giver.post(f"/tugas/{schedule}/draf", {"notula.pembahasan": "Sudah dibahas dua dari tiga"}, headers=QUIET)
    told = {"kepada": "tim.sakip.2", "alasan": "Saya dinas luar sampai Senin"}
    giver.post(f"/tugas/{schedule}/serahkan", told)
    page = receiver.get(f"/tugas/{schedule}").text
    assert "Diserahkan oleh" in page
    assert "Saya dinas luar sampai Senin" in page
    assert "Sudah dibahas dua dari tiga" in page
    late = giver.post(f"/tugas/{schedule}/draf", {"notula.pembahasan": "masih mengetik"}, headers=QUIET)
    assert late.status_code == 409
    assert "masih mengetik" in giver.get(f"/tugas/{schedule}/isian").text, "the giver has it as text"
    assert "Sudah dibahas dua dari tiga" in receiver.get(f"/tugas/{schedule}").text


def test_files_of_a_draft_go_with_the_task(office, schedule):
    giver, receiver = office.actor("tim.sakip"), office.actor("tim.sakip.2")
    staged = office.services.documents.stage(giver, schedule, "bukti.pdf", io.BytesIO(PDF), office.now)
    office.services.tasks.save_draft(giver, schedule, {"x": [staged.id]}, office.now)
    office.services.assignments.hand_over(giver, schedule, "tim.sakip.2", "Cuti tiga hari", office.now)
    with office.database.read() as reader:
        assert documents.attachments(reader, [staged.id])[staged.id].uploaded_by == receiver.person_id
    with pytest.raises(Conflict):
        office.services.tasks.save_draft(giver, schedule, {"x": [""]}, office.now)
