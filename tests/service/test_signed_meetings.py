"""Attendance lists and minutes are signed on paper: their scans have a place, and the berkas waits for them."""

from engine.service.people.guarded_roles import guarded
from tests.swept import swept


def of_meetings(office, account, instance):
    at = office.services.approvals.of_person(office.actor(account), instance)
    return [each.name for each in at if each.kind == "file"]


def test_whoever_writes_the_minutes_is_asked_for_the_scans_and_the_berkas_waits_for_them(office):
    instance = office.start()
    office.until_data(instance)
    assert sorted(of_meetings(office, "tim.sakip", instance)) == ["Daftar Hadir", "Notula"]
    for holder in ("pemegang.data.1", "pemegang.data.2"):
        office.do(holder, instance, "siapkan_data", holder)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")
    office.file_papers(instance)
    swept(office.services.printing, office.now)
    assert swept(office.services.archives, office.now) == 0, "papers are out that nobody has seen signed"
    office.file_scans(instance)
    assert of_meetings(office, "tim.sakip", instance) == []
    assert swept(office.services.archives, office.now) == 1
    assert all(d.status == "signed" for d in office.page(instance).documents if "daftar_hadir" in d.data_object_id)


def test_signing_on_paper_makes_no_lane_guarded(office):
    with office.database.read() as reader:
        assert "tim_sakip" not in guarded(reader, office.services.tasks.procedures)
