"""A procedure that was deployed before deadlocks were refused stands still: people read why, the operator is told."""

import pytest

from engine.bpmn import waits
from engine.model.people import SYSTEM
from engine.model.process import InstanceStatus, WaitKind
from engine.service.authoring.deployments import Deployments
from engine.service.history.timelines import HistoryFilter
from engine.service.procedures.procedure import Values
from engine.store.queries import office as office_rows
from tests.service.drawing import gateway, procedure, process, user
from tests.service.procedures import form, number
from tests.service.test_timers_and_incidents import worker_of

STEPS = {"hukum": user(), "keuangan": user()}
NODES = {"pilih": gateway(), **STEPS, "kumpulkan": gateway("parallel")}
WAYS = [
    "mulai > pilih",
    "pilih > hukum: nilai > 10",
    "pilih > keuangan",
    "hukum > kumpulkan",
    "keuangan > kumpulkan",
    "kumpulkan > selesai",
]

WAYS_BESIDE = ["mulai > pisah", "pisah > pilih", "pisah > umum", "umum > selesai", *WAYS[1:]]


def begun(office, monkeypatch, value=20, nodes=NODES, names=(), ways=WAYS):
    """An instance of a version that came past the gate of its time, up to its first step."""
    drawn = process("uji", nodes, ways)
    for id_ in names:
        drawn = drawn.replace(f'name="{id_}"', f'name="{names[id_]}"')
    files = procedure(drawn, forms=["uji_hukum", "uji_keuangan", *(["uji_umum"] if "umum" in nodes else [])])
    files["forms/uji/uji_mulai.schema.json"] = form(nilai=number("Nilai"))
    with monkeypatch.context() as past:
        past.setattr(Deployments, "check", lambda self, *given, **named: ())
        office.services.deployments.deploy(office.actor("perancang"), "uji", files, "dulu", office.now)
    return office.services.starts.start(office.actor("ann"), "uji", Values({"nilai": value}), office.now)


def done(office, instance, element):
    task = office.task(instance, element)
    office.services.tasks.complete(office.actor("ann"), task, Values({}), office.now)


def lines(office, instance, action):
    found = office.services.histories.of_instance(office.actor("auditor"), instance, HistoryFilter(action=action)).lines
    return [(line.actor, line.element_id) for line in found]


def test_the_operator_is_told_and_whoever_looks_reads_which_branch_is_missing(staffed, monkeypatch):
    instance = begun(staffed, monkeypatch)
    done(staffed, instance, "uji_hukum")
    page = staffed.page(instance, "ann")
    assert page.record.status is InstanceStatus.INCIDENT
    [wait] = page.waits
    assert (wait.kind, wait.element_id, wait.missing) == (WaitKind.BRANCHES, "uji_kumpulkan", ("uji_keuangan",))
    services, operator = staffed.services, staffed.actor("operator")
    [told], _ = services.incidents.list(operator)
    assert "“kumpulkan” menunggu cabang yang tidak dapat datang lagi: “keuangan”" in told.cause
    assert lines(staffed, instance, "incident:opened") == [("sistem", "uji_kumpulkan")]
    assert services.incidents.retry(operator, told.id, staffed.now) is False, "trying again finds the same"
    [still], _ = services.incidents.list(operator)
    assert (still.id, still.attempts) == (told.id, told.attempts + 1)
    services.control.terminate(operator, instance, "Diagramnya salah", staffed.now)
    assert services.incidents.list(operator) == ((), False)
    assert staffed.page(instance).waits == ()


@pytest.mark.parametrize("value", [20, 5])
def test_one_that_stood_still_already_when_this_version_starts_is_found_by_the_worker(staffed, monkeypatch, value):
    instance = begun(staffed, monkeypatch, value)
    with monkeypatch.context() as past:
        for judges in ("stuck", "hopeless"):
            past.setattr(waits, judges, lambda *given: ())
        done(staffed, instance, "uji_hukum" if value > 10 else "uji_keuangan")
    page = staffed.page(instance)
    assert (page.record.status, page.incidents) == (InstanceStatus.WAITING, ())
    assert len(page.waits) == 1, "what it waits for is read from what was kept then"
    with staffed.database.write(SYSTEM, staffed.now) as work:
        office_rows.beat(work, office_rows.RESTORED, staffed.now, {})
    worker_of(staffed).sweep(staffed.now)
    assert staffed.page(instance).incidents == (), "in a restored copy nothing happens by itself"
    assert staffed.services.operations.confirm_restore(staffed.now)
    worker_of(staffed).sweep(staffed.now)
    assert staffed.page(instance).record.status is InstanceStatus.INCIDENT
    [told], _ = staffed.services.incidents.list(staffed.actor("operator"))
    assert ("“keuangan”" if value > 10 else "“hukum”") in told.cause
    worker_of(staffed).sweep(staffed.now)
    assert len(lines(staffed, instance, "incident:opened")) == 1, "it is told once"
    assert staffed.services.timers.tell(instance, staffed.now) is False


def test_one_that_waits_for_time_is_left_alone(staffed, monkeypatch):
    late = "<b:timerEventDefinition><b:timeDuration>PT8H</b:timeDuration></b:timerEventDefinition>"
    instance = begun(staffed, monkeypatch, nodes=NODES | {"hukum": ("intermediateCatchEvent", "", late)})
    worker_of(staffed).sweep(staffed.now)
    page = staffed.page(instance)
    assert (page.record.status, page.incidents) == (InstanceStatus.WAITING, ())
    assert [(wait.element_id, wait.until) for wait in page.waits] == [("uji_hukum", page.timers[0].due_at)]
    staffed.later(hours=8)
    worker_of(staffed).sweep(staffed.now)
    assert [told.element_id for told in staffed.page(instance).incidents] == ["uji_kumpulkan"]


def test_while_others_have_work_the_operator_is_told_and_the_instance_goes_on(staffed, monkeypatch):
    nodes = NODES | {"pisah": gateway("parallel"), "umum": user()}
    instance = begun(staffed, monkeypatch, nodes=nodes, ways=WAYS_BESIDE)
    done(staffed, instance, "uji_hukum")
    page, services, operator = staffed.page(instance), staffed.services, staffed.actor("operator")
    assert page.record.status is InstanceStatus.RUNNING
    assert [(wait.missing, wait.hopeless) for wait in page.waits] == [(("uji_keuangan",), True)]
    [told], _ = services.incidents.list(operator)
    assert "“kumpulkan” menunggu cabang yang tidak dapat datang lagi: “keuangan”" in told.cause
    assert services.incidents.retry(operator, told.id, staffed.now) is False, "looking again finds the same"
    done(staffed, instance, "uji_umum")
    assert staffed.page(instance).record.status is InstanceStatus.INCIDENT, "now nobody has anything to do"
    [still], _ = services.incidents.list(operator)
    assert (still.id, lines(staffed, instance, "incident:opened")) == (told.id, [("sistem", "uji_kumpulkan")])


def test_what_may_still_be_broken_off_is_told_and_ends_when_it_is(staffed, monkeypatch):
    late = "<b:timerEventDefinition><b:timeDuration>PT8H</b:timeDuration></b:timerEventDefinition>"
    begin = f'<b:startEvent id="bila" name="Lewat">{late}</b:startEvent><b:endEvent id="henti"/>'
    flow = '<b:sequenceFlow id="bila_ke_henti" sourceRef="bila" targetRef="henti"/>'
    aside = ("subProcess", 'triggeredByEvent="true"', begin + flow)
    instance = begun(staffed, monkeypatch, nodes=NODES | {"sisi": aside})
    done(staffed, instance, "uji_hukum")
    assert staffed.page(instance).record.status is InstanceStatus.WAITING
    [told], _ = staffed.services.incidents.list(staffed.actor("operator"))
    assert "Pelaksanaan ini hanya berlanjut bila disela oleh “Lewat”." in told.cause
    staffed.later(hours=8)
    worker_of(staffed).sweep(staffed.now)
    assert staffed.page(instance).record.status is InstanceStatus.COMPLETED
    assert staffed.services.incidents.list(staffed.actor("operator")) == ((), False)


def test_the_operator_reads_which_decision_has_no_way_for_which_value(staffed, monkeypatch):
    ways = [way.replace("pilih > keuangan", "pilih > keuangan: nilai < 5") for way in WAYS]
    instance = begun(staffed, monkeypatch, 7, ways=[way.replace("<", "&lt;") for way in ways])
    assert staffed.page(instance).record.status is InstanceStatus.INCIDENT
    [told], _ = staffed.services.incidents.list(staffed.actor("operator"))
    assert told.cause.startswith("Keputusan “pilih” tidak mempunyai jalan untuk nilai = 7.")


def test_a_suspended_one_says_what_it_waits_for_and_no_incident_is_made_of_it(staffed, monkeypatch):
    instance = begun(staffed, monkeypatch)
    with monkeypatch.context() as past:
        for judges in ("stuck", "hopeless"):
            past.setattr(waits, judges, lambda *given: ())
        done(staffed, instance, "uji_hukum")
    operator = staffed.actor("operator")
    staffed.services.control.suspend(operator, instance, "Tunggu dulu", staffed.now)
    worker_of(staffed).sweep(staffed.now)
    page = staffed.page(instance)
    assert (page.record.status, page.incidents, len(page.waits)) == (InstanceStatus.SUSPENDED, (), 1)
