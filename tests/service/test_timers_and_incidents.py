"""Other procedures through the host: timers without a person, incidents, four eyes, versions side by side."""

import io
import json
import os
import time
from datetime import date, datetime

import pytest

from engine import pulse
from engine.app import build_services
from engine.bpmn.drawing import State
from engine.jobs.worker import Worker
from engine.model.errors import Conflict, InvalidProcedure, NotPermitted
from engine.model.process import InstanceStatus
from engine.service.history.timelines import HistoryFilter
from engine.service.procedures.procedure import Values
from engine.service.work.instance_diagrams import marks_of
from engine.service.work.transitions import plain_data
from engine.settings import read
from engine.store.proof import prove
from tests.service.drawing import gateway, procedure, process, user
from tests.service.procedures import deploy, form, number, start, text

RAISES = "script_that_raises_is_an_incident"


@pytest.fixture
def clinic(office):
    """An office that also has procedures of other shapes: their lanes are Staf and Atasan."""
    office.hire("ann", "staf")
    office.hire("sam", "atasan")
    return office


def test_a_timer_fires_without_a_person_and_after_a_restart(clinic):
    deploy(clinic, "boundary_timer_interrupts", {"tulis": form(), "ingatkan": form()})
    instance = start(clinic, "boundary_timer_interrupts")
    timers = clinic.services.timers
    clinic.later(minutes=59)
    assert timers.due(clinic.now) == ()
    clinic.later(minutes=1)
    again = build_services(read({"ALUR_DATA": str(clinic.data_dir)}), clinic.database, clinic.data_dir)
    assert again.timers.due(clinic.now) == (instance,)
    assert again.timers.fire(instance, clinic.now)
    assert not timers.fire(instance, clinic.now), "a doubled wake-up fires nothing twice"
    clinic.services = again
    assert clinic.open_steps(instance) == ["ingatkan"]
    lines = clinic.services.histories.of_instance(
        clinic.actor("auditor"), instance, HistoryFilter(action="timer:fired")
    ).lines
    assert [(line.actor, line.element_id) for line in lines] == [("sistem", "batas")]


def test_completing_in_time_takes_the_timer_away(clinic):
    deploy(clinic, "boundary_timer_interrupts", {"tulis": form(), "ingatkan": form()})
    instance = start(clinic, "boundary_timer_interrupts")
    task = clinic.task(instance, "tulis")
    clinic.services.tasks.complete(clinic.actor("ann"), task, {}, clinic.now)
    clinic.later(hours=5)
    assert clinic.services.timers.due(clinic.now) == ()


def test_suspended_instances_fire_nothing_until_they_are_resumed(clinic):
    deploy(clinic, "boundary_timer_interrupts", {"tulis": form(), "ingatkan": form()})
    instance = start(clinic, "boundary_timer_interrupts")
    operator = clinic.actor("operator")
    clinic.services.control.suspend(operator, instance, "Menunggu", clinic.now)
    clinic.later(hours=2)
    assert clinic.services.timers.due(clinic.now) == ()
    clinic.services.control.resume(operator, instance, "Lanjut", clinic.now)
    assert clinic.services.timers.due(clinic.now) == (instance,)


def test_a_terminated_instance_has_no_timer_left(clinic):
    deploy(clinic, "boundary_timer_interrupts", {"tulis": form(), "ingatkan": form()})
    instance = start(clinic, "boundary_timer_interrupts")
    assert len(clinic.page(instance).timers) == 1
    clinic.services.control.terminate(clinic.actor("operator"), instance, "Tidak perlu", clinic.now)
    assert clinic.page(instance).timers == ()


def test_what_was_an_incident_is_none_once_it_goes_through(clinic):
    rows = len(clinic.services.registers.as_of(clinic.services.office.today(clinic.now))("kode_surat"))
    forms = {"tulis": form(angka=number("Angka"), pembagi=number("Pembagi")), "periksa": form()}
    reading = f'hasil = register("kode_surat")[{rows}]["kode"]'
    deploy(clinic, RAISES, forms, lambda xml: xml.replace("hasil = angka / pembagi", reading))
    instance, operator = start(clinic, RAISES), clinic.actor("operator")
    task = clinic.task(instance, "tulis")
    clinic.services.tasks.complete(clinic.actor("ann"), task, {"angka": ["6"], "pembagi": ["2"]}, clinic.now)
    [raised] = clinic.services.incidents.list(operator)[0]
    entries = {"jenis": ["zzz"], "kode": ["000.9.9"], "pola": ["{urut}"], "unit": ["DINAS"]}
    clinic.services.registers.add(operator, "kode_surat", entries, date(2025, 1, 1), clinic.now)
    assert clinic.services.incidents.retry(operator, raised.id, clinic.now)
    assert clinic.services.incidents.list(operator)[0] == ()
    record = clinic.services.incidents.view(operator, raised.id).record
    assert (record.status, record.resolved_by) == ("resolved", "operator")
    with pytest.raises(Conflict) as late:
        clinic.services.incidents.retry(operator, raised.id, clinic.now)
    assert (late.value.reason, late.value.who) == ("resolved", "operator")
    assert clinic.page(instance).record.status is InstanceStatus.RUNNING
    narrowed = HistoryFilter(action="incident:resolved")
    assert len(clinic.services.histories.of_instance(clinic.actor("auditor"), instance, narrowed).lines) == 1
    assert clinic.open_steps(instance) == ["periksa"]
    clinic.services.control.terminate(operator, instance, "Tidak perlu", clinic.now)
    record = clinic.services.incidents.view(operator, raised.id).record
    assert (record.status, record.resolved_by) == ("resolved", "operator"), "it was resolved before the end"
    with clinic.database.read() as reader:
        assert prove(reader).faults == ()


def test_a_step_that_leads_back_to_itself_says_who_sent_it_back_and_why(clinic):
    asked = form(lagi={"type": "boolean", "title": "Lagi"}, sebab=text("Sebab"))
    nodes = {"tulis": user(), "pilih": gateway()}
    ways = ["mulai > tulis", "tulis > pilih", "pilih > tulis: lagi", "pilih > selesai"]
    shown = {"sebab": {"ui:options": {"returnReason": True}}}
    files = procedure(process("uji", nodes, ways), uji_tulis=asked) | {
        "forms/uji/uji_tulis.ui.json": json.dumps(shown).encode()
    }
    clinic.services.deployments.deploy(clinic.actor("perancang"), "uji", files, "uji", clinic.now)
    instance = start(clinic, "uji")
    sent = Values({"lagi": True, "sebab": "Belum lengkap."})
    clinic.services.tasks.complete(clinic.actor("ann"), clinic.task(instance, "uji_tulis"), sent, clinic.now)
    [again] = clinic.page(instance).open_tasks
    assert (again.returned_by, again.returned_reason) == ("ann", "Belum lengkap.")


def test_who_chose_the_way_back_is_named_and_not_who_came_last(clinic):
    """Of two who judge beside each other, one sends back; the other completes last and lets the instance go on."""
    shown = json.dumps({"sebab": {"ui:options": {"returnReason": True}}}).encode()
    both = {"pisah": gateway("parallel"), "gabung": gateway("parallel"), "pilih": gateway()}
    nodes = {"tulis": user(), "nilai": user(), "hitung": user(), "simpan": user(), **both}
    ways = ["mulai > tulis", "tulis > pisah", "pisah > nilai", "pisah > hitung", "nilai > gabung", "hitung > gabung"]
    ways += ["gabung > pilih", "pilih > tulis: lagi", "pilih > simpan", "simpan > selesai"]
    asked = form(lagi={"type": "boolean", "title": "Lagi"}, sebab=text("Sebab"))
    rest = ("uji_tulis", "uji_hitung", "uji_simpan")
    files = procedure(process("uji", nodes, ways), forms=rest, uji_nilai=asked)
    files["forms/uji/uji_nilai.ui.json"] = shown
    clinic.services.deployments.deploy(clinic.actor("perancang"), "uji", files, "uji", clinic.now)
    clinic.hire("budi", "staf")
    instance = start(clinic, "uji")
    complete = clinic.services.tasks.complete
    following = clinic.services.tasks.open(
        clinic.actor("ann"), clinic.task(instance, "uji_tulis"), clinic.now
    ).next_steps
    assert [step.element_id for step in following] == ["uji_nilai", "uji_hitung"]
    complete(clinic.actor("ann"), clinic.task(instance, "uji_tulis"), Values({}), clinic.now)
    assert [step.element_id for step in clinic.page(instance).following] == ["uji_simpan"], "and not the way back"
    sent = Values({"lagi": True, "sebab": "Belum lengkap."})
    complete(clinic.actor("budi"), clinic.task(instance, "uji_nilai"), sent, clinic.now)
    chosen = clinic.now
    clinic.later(hours=1)
    complete(clinic.actor("ann"), clinic.task(instance, "uji_hitung"), Values({}), clinic.now)
    [again] = clinic.page(instance).open_tasks
    assert (again.returned_by, again.returned_reason, again.returned_at) == ("budi", "Belum lengkap.", chosen)


def test_who_chose_the_way_back_is_found_behind_those_who_went_on_after_them(clinic):
    nodes = {"tulis": user(), "nilai": user(), "hitung": user(), "simpan": user(), "pilih": gateway()}
    ways = ["mulai > tulis", "tulis > nilai", "nilai > hitung", "hitung > simpan", "simpan > pilih"]
    asked = form(lagi={"type": "boolean", "title": "Lagi"}, sebab=text("Sebab"))
    rest = ("uji_tulis", "uji_hitung", "uji_simpan")
    drawn = process("uji", nodes, [*ways, "pilih > tulis: lagi", "pilih > selesai"])
    files = procedure(drawn, forms=rest, uji_nilai=asked)
    files["forms/uji/uji_nilai.ui.json"] = json.dumps({"sebab": {"ui:options": {"returnReason": True}}}).encode()
    clinic.services.deployments.deploy(clinic.actor("perancang"), "uji", files, "uji", clinic.now)
    clinic.hire("budi", "staf")
    instance = start(clinic, "uji")
    chosen = Values({"lagi": True, "sebab": "Belum lengkap."})
    for account, step, values in (
        ("ann", "uji_tulis", Values({})),
        ("budi", "uji_nilai", chosen),
        ("ann", "uji_hitung", Values({})),
        ("ann", "uji_simpan", Values({})),
    ):
        clinic.services.tasks.complete(clinic.actor(account), clinic.task(instance, step), values, clinic.now)
    [again] = clinic.page(instance).open_tasks
    assert (again.element_id, again.returned_by, again.returned_reason) == ("uji_tulis", "budi", "Belum lengkap.")


def test_an_element_that_raises_is_an_incident_and_the_work_before_it_is_saved(clinic):
    forms = {"tulis": form(angka=number("Angka"), pembagi=number("Pembagi")), "periksa": form()}
    deploy(clinic, "script_that_raises_is_an_incident", forms)
    instance = start(clinic, "script_that_raises_is_an_incident")
    task = clinic.task(instance, "tulis")
    clinic.services.tasks.complete(clinic.actor("ann"), task, {"angka": ["6"], "pembagi": ["0"]}, clinic.now)
    receipt = clinic.services.tasks.receipt(clinic.actor("ann"), task, clinic.now)
    assert receipt.stopped
    assert clinic.page(instance).record.status is InstanceStatus.INCIDENT
    operator = clinic.actor("operator")
    [incident] = clinic.services.incidents.list(operator)[0]
    assert incident.element_id == "hitung"
    assert marks_of(clinic.page(instance))["hitung"].state is State.INCIDENT
    assert incident.data["pembagi"] == "0"
    assert not clinic.services.incidents.retry(operator, incident.id, clinic.now)
    assert clinic.services.incidents.view(operator, incident.id).record.attempts == 2
    with pytest.raises(NotPermitted):
        clinic.services.incidents.retry(clinic.actor("auditor"), incident.id, clinic.now)
    with clinic.database.read() as reader:
        assert prove(reader).sound


def test_an_incident_that_raises_otherwise_when_tried_again_is_the_same_one_with_the_new_cause(clinic):
    rows = len(clinic.services.registers.as_of(clinic.services.office.today(clinic.now))("kode_surat"))
    forms = {"tulis": form(angka=number("Angka"), pembagi=number("Pembagi")), "periksa": form()}
    reading = f'hasil = angka / pembagi * register("kode_surat")[{rows}]["kode"]'
    deploy(clinic, RAISES, forms, lambda xml: xml.replace("hasil = angka / pembagi", reading))
    instance, operator = start(clinic, RAISES), clinic.actor("operator")
    task = clinic.task(instance, "tulis")
    clinic.services.tasks.complete(clinic.actor("ann"), task, {"angka": ["6"], "pembagi": ["2"]}, clinic.now)
    [raised] = clinic.services.incidents.list(operator)[0]
    entries = {"jenis": ["zzz"], "kode": ["000.9.9"], "pola": ["{urut}"], "unit": ["DINAS"]}
    clinic.services.registers.add(operator, "kode_surat", entries, date(2025, 1, 1), clinic.now)
    assert not clinic.services.incidents.retry(operator, raised.id, clinic.now)
    [still] = clinic.services.incidents.list(operator)[0]
    assert (still.id, still.attempts) == (raised.id, 2)
    assert still.cause != raised.cause


def test_an_incident_of_a_suspended_instance_is_tried_again_only_after_it_is_resumed(clinic):
    forms = {"tulis": form(angka=number("Angka"), pembagi=number("Pembagi")), "periksa": form()}
    deploy(clinic, RAISES, forms)
    instance, operator = start(clinic, RAISES), clinic.actor("operator")
    task = clinic.task(instance, "tulis")
    clinic.services.tasks.complete(clinic.actor("ann"), task, {"angka": ["6"], "pembagi": ["0"]}, clinic.now)
    [raised] = clinic.services.incidents.list(operator)[0]
    clinic.services.control.suspend(operator, instance, "Menunggu", clinic.now)
    with pytest.raises(Conflict) as refused:
        clinic.services.incidents.retry(operator, raised.id, clinic.now)
    assert (refused.value.reason, refused.value.who) == ("suspended", "operator")
    assert clinic.page(instance).record.status is InstanceStatus.SUSPENDED
    clinic.services.control.resume(operator, instance, "Lanjut", clinic.now)
    assert not clinic.services.incidents.retry(operator, raised.id, clinic.now)
    assert clinic.page(instance).record.status is InstanceStatus.INCIDENT


def test_data_that_no_line_can_hold_is_named_by_its_kind():
    held = {"hari": date(2025, 4, 11), "kapan": datetime(2025, 4, 11), "lain": object()}  # noqa: DTZ001
    assert plain_data(held) == {"hari": "2025-04-11", "kapan": "<datetime>", "lain": "<object>"}


def test_an_incident_that_was_mended_goes_on_when_tried_again(clinic):
    deploy(clinic, "timer_waits_working_days", {"tulis": form()})
    broken = clinic.services.office
    instance = start(clinic, "timer_waits_working_days")
    assert clinic.page(instance).record.status is InstanceStatus.WAITING
    [timer] = clinic.page(instance).timers
    assert timer.due_at == broken.calendar().due(clinic.now, "P2D")
    clinic.now = timer.due_at
    clinic.services.timers.fire(instance, clinic.now)
    assert clinic.open_steps(instance) == ["tulis"]


def test_four_eyes_the_one_who_wrote_may_not_check(clinic):
    def four_eyes(xml):
        return xml.replace(
            '<bpmn:userTask id="periksa" name="periksa" >',
            '<bpmn:userTask id="periksa" name="periksa" sop:bukanPelaksana="tulis">',
        )

    forms = {"tulis": form(angka=number("Angka"), pembagi=number("Pembagi")), "periksa": form()}
    deploy(clinic, "script_that_raises_is_an_incident", forms, four_eyes)
    clinic.hire("budi", "staf")
    instance = start(clinic, "script_that_raises_is_an_incident")
    clinic.services.tasks.complete(
        clinic.actor("ann"), clinic.task(instance, "tulis"), {"angka": ["6"], "pembagi": ["2"]}, clinic.now
    )
    check = clinic.task(instance, "periksa")
    with pytest.raises(NotPermitted) as refused:
        clinic.services.tasks.complete(clinic.actor("ann"), check, {}, clinic.now)
    assert refused.value.reason == "four_eyes"
    kept = set(clinic.services.documents.files.names())
    with pytest.raises(NotPermitted):
        clinic.services.documents.stage(clinic.actor("ann"), check, "pindaian.pdf", io.BytesIO(b"%PDF-1.7"), clinic.now)
    assert set(clinic.services.documents.files.names()) == kept, "a scan of who may not is not kept either"
    clinic.services.tasks.complete(clinic.actor("budi"), check, {}, clinic.now)


def test_running_instances_stay_on_their_version_and_new_ones_take_the_new(clinic):
    name = "parallel_branches_join"
    first = deploy(clinic, name, {"tulis": form(), "periksa": form()})
    old = start(clinic, name)
    assert deploy(clinic, name, {"tulis": form(), "periksa": form()}) is None, "nothing changed, nothing deployed"
    second = deploy(
        clinic,
        name,
        {"tulis": form(), "periksa": form()},
        lambda xml: xml.replace('name="tulis"', 'name="Tulis surat"'),
    )
    new = start(clinic, name)
    assert (first.version, second.version) == (1, 2)
    assert clinic.page(old).procedure.outline.task("tulis").name == "tulis"
    assert clinic.page(new).procedure.outline.task("tulis").name == "Tulis surat"


def test_a_broken_procedure_says_everything_at_once_and_deploys_nothing(clinic):
    def broken(xml):
        return xml.replace("<bpmn:flowNodeRef>periksa</bpmn:flowNodeRef>", "").replace(
            'id="gabung"/>', 'id="gabung" name="Gabung"/>'
        )

    with pytest.raises(InvalidProcedure) as refused:
        deploy(clinic, "parallel_branches_join", {"tulis": b"{"}, broken)
    rules = {(f.file.rsplit("/", 1)[-1], f.element_id) for f in refused.value.findings}
    assert ("parallel_branches_join.bpmn", "periksa") in rules
    assert any(file == "tulis.schema.json" for file, _ in rules)
    assert all(f.message and f.mend for f in refused.value.findings)
    assert [p.outline.process_id for p in clinic.services.deployments.all()] == ["pengumpulan_data_kinerja"]


def test_only_designers_deploy(clinic):
    for account in ("ann", "auditor", "operator"):
        with pytest.raises(NotPermitted):
            clinic.services.deployments.deploy(clinic.actor(account), "x", {}, "", clinic.now)


def test_a_start_that_lost_the_race_for_a_period_is_told_who_has_it(clinic):
    first = clinic.start()
    with pytest.raises(Conflict):
        clinic.start("sekretaris")
    assert clinic.page(first).record.started_at == clinic.now


# ── what a worker ended on ──────────────────────────────────────────────────────────────────────────────────────────


def worker_of(office):
    """The worker that comes next."""
    return Worker(office.services)


@pytest.fixture
def late_writer(clinic):
    """An instance whose timer is due."""
    deploy(clinic, "boundary_timer_interrupts", {"tulis": form(), "ingatkan": form()})
    instance = start(clinic, "boundary_timer_interrupts")
    clinic.later(hours=2)
    return instance


def test_an_instance_on_which_two_workers_ended_is_set_aside_until_the_operator_tries_it_again(
    clinic, late_writer, monkeypatch
):
    monkeypatch.setenv("ALUR_HUNG", f"{late_writer} {late_writer}")
    worker_of(clinic).sweep(clinic.now)
    operator = clinic.actor("operator")
    [incident] = clinic.services.incidents.list(operator)[0]
    assert (incident.element_id, incident.cause) == ("batas", "pekerja latar macet dua kali karenanya")
    assert clinic.services.timers.due(clinic.now) == ()
    assert clinic.services.incidents.retry(operator, incident.id, clinic.now)
    assert clinic.open_steps(late_writer) == ["ingatkan"]
    with clinic.database.read() as reader:
        assert prove(reader).sound


def test_an_instance_that_cannot_even_be_set_aside_is_passed_by_and_the_operator_reads_so(
    clinic, late_writer, monkeypatch
):
    monkeypatch.setenv("ALUR_HUNG", " ".join([late_writer] * 3))
    worker_of(clinic).sweep(clinic.now)
    assert clinic.page(late_writer).record.status is InstanceStatus.RUNNING
    health = clinic.services.operations.health(clinic.actor("operator"), clinic.now)
    assert health.passed_by == (late_writer,)


def test_a_worker_that_hangs_is_not_said_to_live(clinic, monkeypatch):
    worker = worker_of(clinic)
    worker.sweep(clinic.now)
    operator = clinic.actor("operator")
    assert not clinic.services.operations.health(operator, clinic.now).worker_late
    for silent_for, late in ((1.0, False), (11.0, True)):
        said = {os.getpid(): (time.time() - silent_for, "")}
        monkeypatch.setattr(pulse, "read", lambda said=said: said)
        assert clinic.services.operations.health(operator, clinic.now).worker_late is late
