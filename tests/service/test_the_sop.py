"""The seven steps from MULAI to SELESAI, on both databases, as its four roles do them."""

import json

import pytest

from engine.model.errors import Conflict, InvalidForm, NotFound, NotPermitted, NotReady
from engine.model.people import Capacity
from engine.model.process import InstanceStatus
from engine.store.proof import prove
from engine.store.queries import documents, histories
from tests.office import SOP, returned
from tests.statements import counting


def test_the_seven_steps_go_from_the_order_to_the_signed_report(office):
    instance = office.start()
    assert office.page(instance).record.title == "Triwulan I 2025"
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")
    page = office.page(instance)
    assert page.record.status is InstanceStatus.COMPLETED
    assert [view.state for view in page.steps] == ["done"] * 7
    assert {d.data_object_id for d in page.documents} >= {"disposisi", "surat_tugas", "draft_laporan", "laporan"}
    approved = {d.data_object_id for d in page.documents if d.status == "signed"}
    assert approved == {"undangan", "surat_tugas"}, "what goes out in the head's name had the head's word"
    assert all(d.status == "issued" for d in page.documents if d.data_object_id not in approved)
    with office.database.read() as reader:
        report = prove(reader)
    assert report.sound
    assert report.lines > 20


def test_each_holder_hands_in_their_own_part_and_the_draft_is_their_union(office):
    instance = office.start()
    office.until_data(instance)
    assert office.open_steps(instance) == ["siapkan_data/pemegang.data.1", "siapkan_data/pemegang.data.2"]
    office.do("pemegang.data.2", instance, "siapkan_data", "pemegang.data.2")
    draft = next(d for d in office.page(instance).documents if d.data_object_id == "draft_laporan")
    assert (draft.status, [p.item for p in draft.parts]) == ("draft", ["pemegang.data.2"])
    office.do("pemegang.data.1", instance, "siapkan_data", "pemegang.data.1")
    draft = next(d for d in office.page(instance).documents if d.data_object_id == "draft_laporan")
    assert (draft.version, draft.status) == (1, "issued")
    assert {p.item for p in draft.parts} == {"pemegang.data.1", "pemegang.data.2"}


def test_returning_one_holder_leaves_the_other_s_part_as_it_was(office):
    instance = office.start()
    office.until_analysis(instance)
    office.do(
        "tim.sakip",
        instance,
        "susun_analisis",
        **returned("pemegang.data.2"),
    )
    assert office.open_steps(instance) == ["siapkan_data/pemegang.data.2"]
    [view] = office.page(instance).current
    assert [(task.item, task.status) for task in view.tasks] == [
        ("pemegang.data.1", "completed"),
        ("pemegang.data.2", "ready"),
    ], "every holder stands in the list, not only the one who is asked again"
    assert (view.done, view.total) == (1, 2)
    assert view.tasks[1].returned_by == "tim.sakip"
    assert view.tasks[1].returned_reason == "Rekap bukan dari periode ini.\nIKU-02: Lampirkan rekap triwulan ini."
    office.do("pemegang.data.2", instance, "siapkan_data", "pemegang.data.2")
    first, second = [d for d in office.page(instance).all_documents if d.data_object_id == "draft_laporan"]
    assert (first.status, second.status) == ("replaced", "issued")
    kept = {p.item: p for p in first.parts}["pemegang.data.1"]
    copied = {p.item: p for p in second.parts}["pemegang.data.1"]
    assert copied.content == kept.content
    assert copied.task_id is None


def test_the_head_may_return_the_report_to_the_analysis(office):
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    office.later(days=3)
    office.do(
        "kepala.dinas",
        instance,
        "tandatangani_persetujuan",
        keputusan="kembalikan",
        kembali_ke="susun_analisis",
        catatan_keputusan="Analisis IKU-04 belum menyebut penyebab.",
    )
    assert office.open_steps(instance) == ["susun_analisis"]
    task = office.page(instance).current[0].tasks[0]
    assert task.returned_reason.startswith("Analisis")
    assert task.first_due_at < task.due_at, "the first deadline is kept for statistics"
    assert "laporan" not in {d.data_object_id for d in office.page(instance).documents}


def test_due_dates_follow_the_office_calendar(office):
    instance = office.start()
    office.until_data(instance)
    due = {view.step.number: view.tasks[0].due_at for view in office.page(instance).steps if view.tasks}
    assert [due[n].strftime("%d %H.%M") for n in (1, 2, 3, 4)] == ["11 03.30", "14 03.15", "14 03.15", "15 03.15"]


def test_only_people_of_the_lane_see_and_complete_a_task(office):
    instance = office.start()
    task = office.task(instance, "perintahkan_pengumpulan_data")
    for stranger in ("sekretaris", "auditor", "operator", "perancang"):
        with pytest.raises(NotPermitted):
            office.services.tasks.open(office.actor(stranger), task, office.now)
        with pytest.raises(NotPermitted):
            office.services.tasks.complete(office.actor(stranger), task, {}, office.now)
    assert office.open_steps(instance) == ["perintahkan_pengumpulan_data"]


def test_one_holder_cannot_open_the_other_s_task_nor_read_the_other_s_part(office):
    instance = office.start()
    office.until_data(instance)
    other = office.task(instance, "siapkan_data", "pemegang.data.1")
    with pytest.raises(NotPermitted):
        office.services.tasks.open(office.actor("pemegang.data.2"), other, office.now)
    office.do("pemegang.data.1", instance, "siapkan_data", "pemegang.data.1")
    office.do("pemegang.data.2", instance, "siapkan_data", "pemegang.data.2")
    draft = next(d for d in office.page(instance).documents if d.data_object_id == "draft_laporan")
    seen = office.services.documents.view(office.actor("pemegang.data.2"), draft.id)
    assert list(seen.content["bagian"]) == ["pemegang.data.2"]
    assert len(office.services.documents.view(office.actor("auditor"), draft.id).content["bagian"]) == 2


def test_a_membership_that_ended_yesterday_opens_nothing_today(office):
    office.hire("bekas", "sekretaris", until=office.now.date().replace(day=10))
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    with pytest.raises(NotPermitted):
        office.services.tasks.open(office.actor("bekas"), office.task(instance, "siapkan_kertas_kerja"), office.now)


def test_an_acting_official_acts_in_that_capacity_and_history_says_so(office):
    office.hire("plh", "kepala_dinas", capacity=Capacity.ACTING_PLH, decree="SK 800/12/2025")
    instance = office.start()
    task = office.task(instance, "perintahkan_pengumpulan_data")
    office.services.assignments.claim(office.actor("plh"), task, office.now)
    office.services.tasks.complete(office.actor("plh"), task, office.filled("plh", task), office.now)
    with office.database.read() as reader:
        lines, _ = histories.timeline(
            reader, f"instance:{instance}", histories.HistoryFilter(action="task:completed"), limit=5
        )
    assert (lines[0].actor, lines[0].on_behalf_of, lines[0].decree) == ("plh", "Plh. Kepala Dinas", "SK 800/12/2025")


def test_whatever_the_acting_head_does_says_so_starting_and_sending_back_included(office):
    office.hire("plh", "kepala_dinas", capacity=Capacity.ACTING_PLH, decree="SK 800/12/2025")
    instance = office.start("plh")
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    office.do(
        "plh",
        instance,
        "tandatangani_persetujuan",
        keputusan="kembalikan",
        kembali_ke="susun_analisis",
        catatan_keputusan="Belum jelas.",
    )
    own = histories.HistoryFilter(actor="plh")
    lines = office.services.histories.of_instance(office.actor("auditor"), instance, own).lines
    assert {"instance:started", "task:completed", "task:returned"} <= {line.action for line in lines}
    said = {(line.capacity, line.on_behalf_of, line.decree) for line in lines}
    assert said == {("plh", "Plh. Kepala Dinas", "SK 800/12/2025")}


def test_two_of_a_team_cannot_hold_one_task(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    office.do("sekretaris", instance, "siapkan_kertas_kerja")
    task = office.task(instance, "susun_jadwal")
    office.services.assignments.claim(office.actor("tim.sakip"), task, office.now)
    with pytest.raises(Conflict) as taken:
        office.services.assignments.claim(office.actor("tim.sakip.2"), task, office.now)
    assert (taken.value.reason, taken.value.who) == ("claimed", "tim.sakip")
    with pytest.raises(Conflict):
        office.services.tasks.complete(office.actor("tim.sakip.2"), task, {}, office.now)
    office.services.assignments.hand_over(office.actor("tim.sakip"), task, "tim.sakip.2", "Saya dinas luar", office.now)
    page = office.services.tasks.open(office.actor("tim.sakip.2"), task, office.now)
    assert page.may == "fill"
    office.services.assignments.release(office.actor("tim.sakip.2"), task, office.now)
    assert office.services.tasks.open(office.actor("tim.sakip"), task, office.now).may == "claim"


def test_a_task_posted_twice_is_done_once_and_the_second_is_told_who(office):
    instance = office.start()
    task = office.task(instance, "perintahkan_pengumpulan_data")
    entries = office.filled("kepala.dinas", task)
    office.services.tasks.complete(office.actor("kepala.dinas"), task, entries, office.now)
    with pytest.raises(Conflict) as twice:
        office.services.tasks.complete(office.actor("kepala.dinas"), task, entries, office.now)
    assert (twice.value.reason, twice.value.who, twice.value.at) == ("completed", "kepala.dinas", office.now)
    assert len(office.page(instance).all_documents) == 3


def test_an_empty_form_says_everything_at_once_and_leaves_no_trace(office):
    instance = office.start()
    task = office.task(instance, "perintahkan_pengumpulan_data")
    before = office.page(instance).line_count
    with pytest.raises(InvalidForm) as refused:
        office.services.tasks.complete(office.actor("kepala.dinas"), task, {}, office.now)
    assert len(refused.value.errors) == 9
    assert office.page(instance).line_count == before


def test_the_same_period_starts_once(office):
    first = office.start()
    with pytest.raises(Conflict) as again:
        office.start("sekretaris")
    assert (again.value.reason, again.value.facts["instance_id"]) == ("duplicate", first)
    office.services.control.terminate(office.actor("operator"), first, "Salah periode", office.now)
    assert office.start("sekretaris") != first


def test_an_instance_cannot_start_while_a_lane_has_nobody(database, data_dir):
    from tests.office import STAFF, OfficeAtWork

    office = OfficeAtWork(database, data_dir).open({k: v for k, v in STAFF.items() if v != "pemegang_data"})
    with pytest.raises(NotReady) as refused:
        office.start()
    assert refused.value.missing == (("lane", "pemegang_data", "Pemegang Data"),)


def test_suspended_work_stands_still_and_goes_on_where_it_was(office):
    instance = office.start()
    task = office.task(instance, "perintahkan_pengumpulan_data")
    office.services.control.suspend(office.actor("operator"), instance, "Menunggu surat", office.now)
    with pytest.raises(Conflict) as stopped:
        office.services.tasks.complete(office.actor("kepala.dinas"), task, {}, office.now)
    assert (stopped.value.reason, stopped.value.facts["why"]) == ("suspended", "Menunggu surat")
    office.services.control.resume(office.actor("operator"), instance, "Surat sudah ada", office.now)
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")


def test_the_operator_gives_a_step_to_another_lane_without_a_new_version(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    task = office.task(instance, "siapkan_kertas_kerja")
    office.services.assignments.reassign(office.actor("operator"), task, "tim_sakip", "Sekretaris cuti", office.now)
    with pytest.raises(NotPermitted):
        office.services.tasks.open(office.actor("sekretaris"), task, office.now)
    office.do("tim.sakip", instance, "siapkan_kertas_kerja")
    moved = office.services.assignments.reassign_element(
        office.actor("operator"),
        "pengumpulan_data_kinerja",
        "susun_jadwal",
        "sekretaris",
        "Tim belum dibentuk",
        office.now,
    )
    assert moved == 1
    office.do("sekretaris", instance, "susun_jadwal")


def test_nobody_alone_moves_a_step_that_signs_to_people_of_their_choice(office):
    instance = office.start()
    office.until_analysis(instance)
    office.do("tim.sakip", instance, "susun_analisis")
    office.do("sekretaris", instance, "minta_persetujuan")
    task = office.task(instance, "tandatangani_persetujuan")
    operator, tasks, why = office.actor("operator"), office.services.assignments, "Kepala cuti"
    for move in (
        lambda: tasks.reassign(operator, task, "pemegang_data", why, office.now),
        lambda: tasks.reassign_element(operator, SOP, "tandatangani_persetujuan", "pemegang_data", why, office.now),
    ):
        with pytest.raises(NotPermitted) as refused:
            move()
        assert refused.value.reason == "signs"
    office.do("kepala.dinas", instance, "tandatangani_persetujuan")


def test_an_auditor_reads_everything_and_can_change_nothing(office):
    instance = office.start()
    auditor, services, now = office.actor("auditor"), office.services, office.now
    assert services.instances.page(auditor, instance, now).record.id == instance
    assert services.histories.of_instance(auditor, instance, histories.HistoryFilter()).total == 2
    task = office.task(instance, "perintahkan_pengumpulan_data")
    for attempt in (
        lambda: services.starts.start(auditor, "pengumpulan_data_kinerja", {}, now),
        lambda: services.assignments.claim(auditor, task, now),
        lambda: services.tasks.complete(auditor, task, {}, now),
        lambda: services.assignments.reassign(auditor, task, "sekretaris", "alasan", now),
        lambda: services.control.comment(auditor, instance, "catatan", now),
        lambda: services.control.suspend(auditor, instance, "alasan", now),
        lambda: services.control.terminate(auditor, instance, "alasan", now),
        lambda: services.people.set_active(auditor, "sekretaris", False, "Mutasi", now),
        lambda: services.accounts.issue_reset_code(auditor, "sekretaris", "Lupa sandi", now),
    ):
        with pytest.raises(NotPermitted):
            attempt()


def test_strangers_do_not_even_learn_that_an_instance_exists(office):
    office.hire("tamu", "jalur_lain")
    instance = office.start()
    with pytest.raises(NotFound):
        office.services.instances.page(office.actor("tamu"), instance, office.now)
    assert office.services.instances.list(office.actor("tamu"), office.now).items == ()


def test_a_completion_takes_few_statements_and_one_commit(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    task = office.task(instance, "siapkan_kertas_kerja")
    actor, entries = office.actor("sekretaris"), office.filled("sekretaris", task)
    with counting(office.database) as counted:
        office.services.tasks.complete(actor, task, entries, office.now)
    assert counted.commits == 1
    job_of_the_paper = office.database.dialect == "postgresql"
    assert len(counted.writes) <= 9 + job_of_the_paper
    assert len(counted) <= 17


def test_a_step_of_a_procedure_that_nobody_deployed_is_given_to_nobody(office):
    with pytest.raises(NotFound):
        office.services.assignments.reassign_element(
            office.actor("operator"), "tidak_ada", "tidak_ada", "sekretaris", "Cuti", office.now
        )
    assert not office.services.histories.of_process("tidak_ada")


def test_what_history_keeps_of_a_completion_names_documents_by_hash(office):
    instance = office.start()
    office.do("kepala.dinas", instance, "perintahkan_pengumpulan_data")
    with office.database.read() as reader:
        [disposisi] = [d for d in documents.of_instance(reader, instance) if d.data_object_id == "disposisi"]
        lines, _ = histories.timeline(reader, f"instance:{instance}", histories.HistoryFilter(), limit=50)
    issued = [json.loads(line.change) for line in lines if line.action == "document:issued"]
    said = {"data_object": "disposisi", "version": 1, "sha256": disposisi.sha256, "document": disposisi.id}
    [told] = [each for each in issued if each["document"] == disposisi.id]
    assert told.pop("printed").keys() == {"pdf"}, "and the code of the paper that will be printed of it"
    assert told == said
