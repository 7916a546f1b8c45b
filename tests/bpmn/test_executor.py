"""One behaviour, one diagram: what moves, what waits, what is cancelled, what becomes an incident."""

import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest

from engine.bpmn import definition
from engine.model.errors import Conflict, InvalidProcedure, NotFound
from engine.model.process import InstanceStatus, Snapshot
from tests.bpmn.office import DIAGRAMS, NOW, Instance, load, wiring


@pytest.fixture(params=[True, False], ids=["live", "restored"])
def begin(request):
    """Start an instance that lives between moves, or is restored from its bytes for each."""

    def start(name, **values):
        return Instance(name, live=request.param, **values)

    return start


def test_two_branches_are_open_at_once_and_join(begin):
    case = begin("parallel_branches_join").start()
    assert case.open == ["periksa", "tulis"]
    case.complete("periksa")
    assert (case.open, case.step.status) == (["tulis"], InstanceStatus.RUNNING)
    case.complete("tulis")
    assert case.step.status is InstanceStatus.COMPLETED
    assert case.passed[-2:] == ["gabung", "selesai"]


def test_a_step_says_by_which_arrow_the_token_left(begin):
    case = begin("script_assigns_names", harga=Decimal("10.5"), banyak=Decimal(100)).start()
    flows = {p.element_id: p.flows for p in case.step.passed}
    assert flows["cukup"] == ("cukup_ke_setujui",)
    assert case.open == ["setujui"]


def test_a_boundary_timer_interrupts_when_its_time_is_over_and_not_before(begin):
    case = begin("boundary_timer_interrupts").start()
    tulis = case.task("tulis")
    assert [t.due_at for t in case.step.timers] == [NOW + timedelta(hours=1)]
    case.now = NOW + timedelta(minutes=59)
    assert case.fire().open == ["tulis"]
    case.now = NOW + timedelta(hours=1)
    case.fire()
    assert case.open == ["ingatkan"]
    assert case.step.cancelled == (tulis.id,)
    assert case.complete("ingatkan").step.status is InstanceStatus.COMPLETED


def test_a_reminder_leaves_the_task_open_and_the_instance_waits_for_both(begin):
    case = begin("boundary_timer_reminds").start()
    case.now = NOW + timedelta(hours=2)
    assert case.fire().open == ["ingatkan", "tulis"]
    assert case.complete("tulis").step.status is InstanceStatus.RUNNING
    assert case.complete("ingatkan").step.status is InstanceStatus.COMPLETED


def test_a_timer_waits_until_the_date_that_the_start_form_asked(begin):
    case = begin("timer_waits_until_a_date", tanggal_mulai=date(2025, 4, 14)).start()
    assert case.step.status is InstanceStatus.WAITING
    assert case.step.waiting == ("tunggu",)
    assert case.step.timers[0].due_at.isoformat() == "2025-04-13T17:00:00+00:00"  # midnight in WIB
    case.now = case.step.timers[0].due_at
    assert case.fire().open == ["tulis"]


def test_a_timer_may_ask_the_office_calendar(begin):
    case = begin("timer_waits_working_days")
    case.functions = {"hari_kerja": lambda n: NOW + timedelta(days=int(n) + 2)}
    case.start()
    assert case.step.timers[0].due_at == NOW + timedelta(days=4)


def test_several_people_fill_in_their_own_part_in_any_order(begin):
    case = begin("parallel_items_have_performers").start().complete("tunjuk", orang=["ann", "budi", "cici"])
    assert [(t.item, t.performer) for t in case.step.open_tasks] == [(p, p) for p in ("ann", "budi", "cici")]
    assert len({t.activation for t in case.step.open_tasks}) == 1
    assert case.complete("isi", "budi").open == ["isi/ann", "isi/cici"]
    assert case.complete("isi", "cici").complete("isi", "ann").open == ["rapikan"]


@pytest.mark.parametrize(("condition", "left"), [("len(orang)", ["isi/budi"]), ("len(orang) == 2", ["rapikan"])])
def test_the_other_items_are_ended_by_what_is_true_and_by_no_number(condition, left):
    name = "parallel_items_have_performers"
    ends = f"<bpmn:completionCondition>{condition}</bpmn:completionCondition></bpmn:multiInstance"
    xml = (DIAGRAMS / f"{name}.bpmn").read_text().replace("</bpmn:multiInstance", ends)
    case = Instance(name)
    case.definition = definition.load({f"processes/{name}/{name}.bpmn": xml.encode()}, name)
    case._wired = wiring(case.definition)
    assert case.start().complete("tunjuk", orang=["ann", "budi"]).complete("isi", "ann").open == left


def test_after_a_return_only_the_one_who_was_returned_is_asked_again(begin):
    case = begin("parallel_items_have_performers").start().complete("tunjuk", orang=["ann", "budi"])
    first = case.task("isi", "ann").activation
    case.complete("isi", "ann").complete("isi", "budi").complete("rapikan", putusan="ulang", orang=["budi"])
    assert case.open == ["isi/budi"]
    assert case.task("isi").activation != first
    case.complete("isi").complete("rapikan", putusan="cukup")
    assert case.step.status is InstanceStatus.COMPLETED


def test_items_in_sequence_come_one_by_one(begin):
    case = begin("sequential_items_come_one_by_one").start().complete("tunjuk", orang=["ann", "budi"])
    assert case.open == ["isi/ann"]
    assert case.complete("isi").open == ["isi/budi"]
    assert case.complete("isi").step.status is InstanceStatus.COMPLETED


def test_a_task_in_a_sub_process_belongs_to_the_sub_process_s_lane(begin):
    case = begin("sub_process_hands_its_lane_on").start().complete("tulis")
    assert case.task("rinci").role == "staf"
    assert case.complete("rinci").open == ["periksa"]
    assert case.complete("periksa").step.status is InstanceStatus.COMPLETED


def test_a_terminate_end_cancels_what_others_were_doing(begin):
    case = begin("terminate_end_cancels_the_rest").start()
    tulis = case.task("tulis")
    case.complete("batalkan")
    assert (case.step.status, case.step.cancelled) == (InstanceStatus.COMPLETED, (tulis.id,))


def test_gateways_read_which_version_a_document_has(begin):
    case = begin("data_objects_hold_versions").start()
    for version in (1, 2):
        assert case.complete("tulis", documents={"surat": {"versi": version}}).open == ["periksa"]
        case.complete("periksa", baik_sekali=True)
    assert case.step.status is InstanceStatus.COMPLETED


def test_a_script_that_raises_is_an_incident_and_the_work_before_it_is_kept(begin):
    case = begin("script_that_raises_is_an_incident").start()
    case.complete("tulis", angka=Decimal(6), pembagi=Decimal(0))
    [incident] = case.step.incidents
    assert case.step.status is InstanceStatus.INCIDENT
    assert incident.element_id == "hitung"
    assert "hitungan tidak dapat dilakukan: pembaginya nol" in incident.cause
    assert incident.data["angka"] == 6
    assert "tulis" in case.passed
    assert case.retry().step.status is InstanceStatus.INCIDENT, "nothing changed, so it fails again"


def test_an_incident_that_can_be_mended_goes_on_when_tried_again(begin):
    case = begin("timer_waits_working_days")
    case.functions = {}
    case.start()
    assert case.step.status is InstanceStatus.INCIDENT
    assert "hari_kerja" in case.step.incidents[0].cause
    case.functions = {"hari_kerja": lambda n: NOW + timedelta(days=1)}
    assert case.retry().step.status is InstanceStatus.WAITING
    case.now = NOW + timedelta(days=1)
    assert case.fire().open == ["tulis"]


def test_people_who_are_not_there_are_an_incident_at_the_multi_instance(begin):
    case = begin("parallel_items_have_performers").start().complete("tunjuk")
    assert [i.element_id for i in case.step.incidents] == ["isi"]


def test_a_loop_of_engine_tasks_without_end_is_stopped_as_an_incident():
    [incident] = Instance("endless_engine_loop").start().step.incidents
    assert incident.element_id in ("hitung", "ulang")
    assert "tanpa menunggu siapa pun" in incident.cause, "its steps or its seconds were spent"


def test_a_task_is_completed_once(begin):
    case = begin("parallel_branches_join").start()
    tulis, snapshot = case.task("tulis"), case.snapshot
    case.complete("tulis")
    with pytest.raises(Conflict):
        case.executor.complete(case.definition, case.snapshot, tulis.id, {}, {}, NOW)
    with pytest.raises(NotFound):
        case.executor.complete(case.definition, snapshot, uuid.uuid4().hex, {}, {}, NOW)
    with pytest.raises(NotFound):
        case.executor.complete(case.definition, snapshot, "../etc", {}, {}, NOW)


def test_a_live_instance_is_used_only_at_the_revision_it_was_kept_as():
    case = Instance("parallel_branches_join", live=True).start()
    old = case.snapshot
    case.complete("tulis")
    step = case.executor.complete(case.definition, old, case.task("periksa").id, {}, {}, NOW)
    assert [t.element_id for t in step.open_tasks] == ["tulis"], "computed on the old state, not on the live one"


def test_of_two_moves_that_end_at_once_the_later_one_stays_at_hand():
    case = Instance("parallel_branches_join").start()
    earlier, later = (case.executor.start(case.definition, "i", {}, NOW) for _ in range(2))
    case.executor.keep(later, 3)
    case.executor.keep(earlier, 2)
    assert case.executor._live["i"].revision == 3


def test_the_cache_of_live_instances_is_bounded_in_bytes():
    case = Instance("parallel_branches_join").start()
    case.executor._limit = 3 * 25_000
    for number in range(20):
        step = case.executor.start(case.definition, f"i{number}", {}, NOW)
        case.executor.keep(step, 1)
    assert 0 < case.executor._bytes <= 3 * 25_000


@pytest.mark.parametrize("key", ["data_objects", "typename", "_rahasia", "len"])
def test_no_field_name_means_anything_to_the_engine(begin, key):
    case = begin("data_objects_hold_versions").start()
    case.complete("tulis", documents={"surat": {"versi": 1}}, **{key: {"surat": {"versi": 9}}})
    case.complete("periksa", baik_sekali=True)
    assert case.open == ["tulis"], "version 1 is not yet good enough, whatever was posted"


def test_a_diagram_that_the_engine_cannot_read_names_file_and_element():
    xml = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p" isExecutable="true">
      <startEvent id="a"/><sequenceFlow id="f" sourceRef="a" targetRef="b"/><complexGateway id="b"/>
      </process></definitions>"""
    with pytest.raises(InvalidProcedure) as raised:
        definition.load({"processes/p/p.bpmn": xml}, "p")
    [found] = raised.value.findings
    assert (found.file, found.element_id) == ("processes/p/p.bpmn", "b")
    assert found.message == "Mesin tidak dapat membaca unsur b."


READING = "<userTask id='b'><dataInputAssociation id='i'><sourceRef>r</sourceRef></dataInputAssociation></userTask>"
TABLE = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"><decision id="skala"/></definitions>"""


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "Berkas diagram tidak ada."),
        ({"p.bpmn": b"<definitions>"}, "Berkas ini tidak terbaca: tidak utuh, terlalu dalam, atau salah tata tulis."),
        ({"p.bpmn": b"<definitions/>"}, "Mesin tidak dapat membaca diagram ini."),
        ({"skala.dmn": TABLE}, "keputusan ini bukan tabel; hanya tabel yang dijalankan"),
        ({"skala.dmn": b"<"}, "Berkas ini tidak terbaca: tidak utuh, terlalu dalam, atau salah tata tulis."),
        ({"p.bpmn": "<businessRuleTask id='b'/>"}, "Mesin tidak dapat membaca unsur b."),
        ({"q.bpmn": "<userTask id='b'/>"}, "Mesin tidak dapat membaca unsur p."),
        ({"p.bpmn": READING}, "Mesin tidak dapat membaca unsur b."),
        ({"p.bpmn": READING + "<dataObjectReference id='r' dataObjectRef='o'/>"}, "Mesin tidak dapat membaca unsur b."),
    ],
)
def test_a_version_that_can_no_longer_be_read_says_where_and_why(files, said):
    every = files and {"p.bpmn": "<userTask id='b'/>", **files}
    drawn = {name: body if isinstance(body, bytes) else drawing(body) for name, body in every.items()}
    with pytest.raises(InvalidProcedure) as raised:
        definition.load({f"processes/p/{name}": content for name, content in drawn.items()}, "p")
    [found] = raised.value.findings
    assert found.message == said
    assert found.mend


def drawing(body, flows="<sequenceFlow id='f' sourceRef='a' targetRef='b'/>", start=""):
    """A process that starts at ``a``."""
    process = f"<process id='p' isExecutable='true'><startEvent id='a'>{start}</startEvent>{body}{flows}</process>"
    return f"<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'>{process}</definitions>".encode()


def test_what_an_earlier_version_draws_and_nobody_runs_any_more_keeps_nobody_from_working():
    body = """<laneSet id="l"><lane id="dinas"><childLaneSet id="k"><lane id="staf"><flowNodeRef>b</flowNodeRef></lane>
      </childLaneSet></lane></laneSet><dataObject id="surat"/>
      <userTask id="b"/><callActivity id="e" calledElement="hilang"/>
      <scriptTask id="c"><script>import os</script></scriptTask><endEvent id="d"/>
      <sequenceFlow id="g" sourceRef="b" targetRef="c"/><sequenceFlow id="h" sourceRef="c" targetRef="d"/>"""
    xml = drawing(body, start="<messageEventDefinition/>")
    case = Instance(definition.load({"processes/p/p.bpmn": xml}, "p")).start()
    assert case.open == ["b"], "it is started by a person, whatever its start waits for"
    assert [lane.id for lane in case.definition.outline.lanes] == ["staf"], "work is done in the innermost lanes"
    assert [each.element_id for each in case.complete("b").step.incidents] == ["c"]


def test_the_outline_says_what_the_sheet_says():
    outline = load("parallel_items_have_performers").outline
    assert [t.element_id for t in outline.tasks] == ["tunjuk", "isi", "rapikan"]
    assert outline.task("isi").multi_instance
    assert outline.task("isi").role == "atasan"
    assert outline.needed_names == {"orang", "siapa", "putusan"}
    assert outline.starters == ("staf",)


def test_a_snapshot_of_another_library_is_refused_in_words(begin):
    from engine.bpmn.state import UnknownState

    case = begin("parallel_branches_join").start()
    with pytest.raises(UnknownState):
        Instance("parallel_branches_join").executor.complete(
            case.definition, Snapshot("i", 1, b"\x93\x09\xa30.1\x90"), case.task("tulis").id, {}, {}, NOW
        )
    assert case.executor.waits(case.definition, b"\x93\x09\xa30.1\x90") == (), "its page says nothing of waiting"
