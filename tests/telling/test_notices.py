"""What people are told on their page: who hears of what, once, and what becomes of it."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from engine.model.errors import InvalidForm, NotFound
from engine.model.notices import Kind
from engine.model.signatures import Mode
from engine.service.telling.kinds import KINDS
from engine.store.tables import notice, notification
from tests.office import returned
from tests.service.procedures import deploy, form, number, start
from tests.service.test_timers_and_incidents import RAISES


def count(office, table):
    with office.database.read() as reader:
        return reader.connection.scalar(select(func.count()).select_from(table))


def test_whose_lane_gets_a_task_hears_of_it_and_who_did_the_step_before_does_not(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.sweep()
    assert office.told("sekretaris") == [("task", "siapkan_kertas_kerja")]
    assert office.told("tim.sakip") == office.told("auditor") == []
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    office.sweep()
    assert office.told("tim.sakip") == office.told("tim.sakip.2") == [("task", "susun_jadwal")]
    assert office.told("sekretaris")[0] == ("signed", "Undangan"), "the head approved it meanwhile"
    assert office.unread("sekretaris") == 1, "what they did is no news"


def test_a_task_that_a_colleague_took_is_no_news_any_more(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    office.sweep()
    assert (office.unread("tim.sakip"), office.unread("tim.sakip.2")) == (1, 1)
    office.services.assignments.claim(office.actor("tim.sakip"), office.task(instance, "susun_jadwal"), office.now)
    assert (office.unread("tim.sakip"), office.unread("tim.sakip.2")) == (1, 0)
    [told], _ = office.services.notices.list(office.actor("tim.sakip.2"))
    assert told.notice.over


def test_who_is_named_hears_of_it_and_their_colleague_does_not(office):
    instance = office.start()
    office.until_data(instance)
    office.sweep()
    about = {each.task.item for each in office.services.inbox.page(office.actor("pemegang.data.1"), office.now).items}
    assert about == {"pemegang.data.1"}
    assert office.told("pemegang.data.1") == [("task", "siapkan_data")]


def test_what_comes_back_comes_with_its_reason_and_as_no_new_task(office):
    instance = office.start()
    office.until_analysis(instance)
    office.sweep()
    before = len(office.told("pemegang.data.1"))
    office.do("tim.sakip", instance, "susun_analisis", **returned("pemegang.data.1", "Rekap bukan dari periode ini."))
    office.sweep()
    found, _ = office.services.notices.list(office.actor("pemegang.data.1"))
    assert (len(found), found[0].notice.kind) == (before + 1, Kind.RETURNED)
    assert found[0].notice.by == "tim.sakip"
    assert found[0].notice.reason.startswith("Rekap bukan dari periode ini.")


def test_who_is_handed_a_task_hears_from_whom_and_why(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    office.sweep()
    task, assignments = office.task(instance, "susun_jadwal"), office.services.assignments
    assignments.claim(office.actor("tim.sakip"), task, office.now)
    assignments.hand_over(office.actor("tim.sakip"), task, "tim.sakip.2", "Saya dinas luar.", office.now)
    office.sweep()
    assert office.told("tim.sakip.2")[0] == ("handed", "susun_jadwal")
    assert ("handed", "susun_jadwal") not in office.told("tim.sakip")
    assignments.reassign(office.actor("operator"), task, "sekretaris", "Tim penuh", office.now)
    office.sweep()
    assert office.told("sekretaris")[0] == ("task", "susun_jadwal")


def test_the_team_hears_when_the_last_approval_that_it_waits_for_is_given(office):
    office.head_is_in = False
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    office.sweep()
    assert office.told("tim.sakip") == [("task", "susun_jadwal")]
    office.approve(instance)
    office.sweep()
    assert (
        office.told("tim.sakip") == office.told("tim.sakip.2") == [("ready", "susun_jadwal"), ("task", "susun_jadwal")]
    )


def test_whose_task_goes_when_the_step_before_is_taken_back_hears_of_it_and_why(office):
    instance = office.start()
    order = office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.sweep()
    why = "Tanggalnya keliru."
    office.services.taking_back.take_back(office.actor("kepala.dinas"), order, why, office.now)
    office.sweep()
    found, _ = office.services.notices.list(office.actor("sekretaris"))
    assert [(t.notice.kind.value, t.notice.reason, t.step.element_id) for t in found] == [
        ("retracted", why, "siapkan_kertas_kerja"),
        ("task", None, "siapkan_kertas_kerja"),
    ]
    assert not found[0].notice.over
    assert found[0].notice.due_at is None, "a task that is gone is not due"
    assert office.told("tim.sakip") == office.told("kepala.dinas")[1:] == []


def test_a_substitute_hears_that_they_are_one_and_who_is_away_what_they_completed(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    office.services.assignments.claim(office.actor("tim.sakip"), office.task(instance, "susun_jadwal"), office.now)
    office.sweep()
    day, operator = office.now.date(), office.actor("operator")
    office.services.absences.mark(operator, "tim.sakip", "tim.sakip.2", day, day, "Sakit.", office.now)
    office.sweep()
    [told, *_], _ = office.services.notices.list(office.actor("tim.sakip.2"))
    assert (told.notice.kind, told.notice.by) == (Kind.SUBSTITUTE, "tim.sakip")
    assert told.notice.reason == "11/4/2025–11/4/2025: Sakit."
    office.do("tim.sakip.2", instance, "susun_jadwal")
    office.sweep()
    assert office.told("tim.sakip")[0] == ("stood_in", "susun_jadwal")
    assert ("stood_in", "susun_jadwal") not in office.told("tim.sakip.2")


def test_who_has_a_task_hears_that_it_is_due_later_and_why(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.sweep()
    task, day, why = office.task(instance, "siapkan_kertas_kerja"), date(2025, 4, 25), "Menunggu data BPS."
    office.services.assignments.extend(office.actor("kepala.dinas"), task, day, why, office.now)
    office.sweep()
    [told, *_], _ = office.services.notices.list(office.actor("sekretaris"))
    assert (told.notice.kind, told.notice.reason, told.notice.over) == (Kind.EXTENDED, why, False)


def test_a_letter_waits_for_its_approver_comes_back_to_its_author_and_is_signed(office):
    office.head_is_in = False
    instance = office.start("sekretaris")
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    office.sweep()
    assert office.told("kepala.dinas")[0] == ("approve", "Undangan")
    mine = office.services.approvals.of_person(office.actor("kepala.dinas"), instance)
    [letter] = [each for each in mine if each.kind == "approve"]
    office.services.approvals.send_back(office.actor("kepala.dinas"), letter.document_id, "Salah ruang.", office.now)
    office.sweep()
    assert office.told("sekretaris")[0] == ("mend", "Undangan")
    assert office.unread("kepala.dinas") == 0, "what was asked of them is done"


def test_a_paper_that_is_signed_in_ink_is_told_as_signed_once_its_scan_is_here(office):
    office.head_is_in = False
    instance = office.start("sekretaris")
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    office.approve(instance, Mode.WET)
    office.do("tim.sakip", instance, "susun_jadwal")
    office.sweep()
    signed = [name for kind, name in office.told("sekretaris") if kind == "signed"]
    assert signed == ["Undangan"], "approved, and so told; the minutes and the list of who came wait for their scans"
    office.file_scans(instance)
    office.sweep()
    signed = sorted(name for kind, name in office.told("sekretaris") if kind == "signed")
    assert signed == ["Daftar Hadir", "Notula", "Undangan", "Undangan"]


def test_who_started_it_or_worked_in_it_hears_that_it_is_done(office):
    instance = office.start("sekretaris")
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")
    office.sweep()
    assert ("done", "") in office.told("sekretaris")
    for account in ("tim.sakip", "pemegang.data.1", "pemegang.data.2"):
        assert ("done", "") in office.told(account), "whoever worked in it"
    assert ("done", "") not in office.told("kepala.dinas"), "it is their own deed"
    assert ("done", "") not in office.told("tim.sakip.2")
    other = office.start("sekretaris", period="II")
    office.services.control.terminate(office.actor("operator"), other, "Dimulai dua kali.", office.now)
    office.sweep()
    found, _ = office.services.notices.list(office.actor("sekretaris"))
    assert (found[0].notice.kind, found[0].notice.reason) == (Kind.STOPPED, "Dimulai dua kali.")


def test_who_archives_hears_that_the_paper_is_to_be_stored_until_one_of_them_says_where(office):
    instance = office.start("sekretaris")
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    office.sweep()
    for account in ("tim.sakip", "tim.sakip.2"):
        office.services.notices.read_all(office.actor(account), office.now)
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")
    office.sweep()
    for account in ("tim.sakip", "tim.sakip.2"):
        assert ("archive", "") in office.told(account)
    for account in ("sekretaris", "kepala.dinas", "pemegang.data.1"):
        assert ("archive", "") not in office.told(account)
    before = office.unread("tim.sakip.2")
    office.file_papers(instance)
    assert office.unread("tim.sakip.2") == before - 1, "what was asked of them is done"
    found, _ = office.services.notices.list(office.actor("tim.sakip.2"))
    assert [each.notice.over for each in found if each.notice.kind is Kind.ARCHIVE] == [True]


def test_operators_hear_of_an_incident(office):
    office.hire("ann", "staf")
    office.hire("sam", "atasan")
    deploy(office, RAISES, {"tulis": form(angka=number("Angka"), pembagi=number("Pembagi")), "periksa": form()})
    raising = start(office, RAISES)
    typed = {"angka": ["6"], "pembagi": ["0"]}
    office.services.tasks.complete(office.actor("ann"), office.task(raising, "tulis"), typed, office.now)
    office.sweep()
    assert office.told("operator") == [("incident", "")]


def test_two_workers_and_one_that_comes_twice_tell_everybody_once(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    before = count(office, notice)
    assert office.services.telling.do("bagi", office.now)
    assert not office.services.telling.do("bagi", office.now)
    assert count(office, notice) > before
    assert len(office.told("sekretaris")) == 1


def test_what_was_not_written_is_not_told(office):
    before = count(office, notification)
    instance = office.start()
    with pytest.raises(InvalidForm):
        office.services.tasks.complete(
            office.actor("kepala.dinas"), office.task(instance, "perintahkan_pengumpulan_data"), {}, office.now
        )
    assert count(office, notification) == before + 1, "that the first step waits, and no more"


def test_a_task_that_was_over_before_anybody_looked_is_told_to_nobody(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    office.sweep()
    assert ("task", "siapkan_kertas_kerja") not in office.told("sekretaris")


def test_nobody_reads_or_marks_what_others_were_told(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.sweep()
    found, _ = office.services.notices.list(office.actor("sekretaris"))
    with pytest.raises(NotFound):
        office.services.notices.open(office.actor("tim.sakip"), found[0].notice.id, office.now)
    assert office.services.notices.read_all(office.actor("tim.sakip"), office.now) == 0
    assert office.unread("sekretaris") == 1
    assert office.services.notices.open(office.actor("sekretaris"), found[0].notice.id, office.now)
    assert office.unread("sekretaris") == 0


def test_reading_everything_can_be_taken_back(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.sweep()
    at = office.services.notices
    assert at.read_all(office.actor("sekretaris"), office.now) == 1
    read_at = office.now
    office.later(minutes=1)
    at.unread_again(office.actor("sekretaris"), read_at, office.now)
    assert office.unread("sekretaris") == 1


def test_what_was_read_is_forgotten_after_ninety_days_and_what_nobody_read_after_four_hundred(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.sweep()
    office.services.notices.read_all(office.actor("sekretaris"), office.now)
    spreading = office.services.telling.spreading
    for days, left in ((89, 1), (91, 0)):
        spreading.tidy(office.now + timedelta(days=days))
        assert len(office.told("sekretaris")) == left
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    office.sweep()
    for days, left in ((399, 1), (401, 0)):
        spreading.tidy(office.now + timedelta(days=days))
        assert len(office.told("tim.sakip")) == left
    assert count(office, notification) == count(office, notice) == 0


def test_every_kind_has_words():
    assert set(KINDS) == set(Kind)
