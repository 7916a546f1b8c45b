"""What SpiffWorkflow by itself runs otherwise than BPMN says, and runs rightly here (docs/bpmn.md)."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from engine.bpmn import events
from engine.bpmn.executor import live
from engine.model.process import InstanceStatus, Message, MessageKind
from tests.bpmn.office import NOW, Instance
from tests.bpmn.test_waits import Play
from tests.service.drawing import around, gateway, process, several, user


@pytest.fixture(params=[True, False], ids=["live", "restored"])
def begin(request):
    """Start an instance that lives between moves, or is restored from its bytes for each."""

    def start(name, **values):
        return Instance(name, live=request.param, **values).start()

    return start


def value_at(case, element_id):
    """What the instance knows where *element_id* is open."""
    [task] = [t for t in live(case.step).every_task() if t.id.hex == case.task(element_id).id]
    return task.data


CANCELLED = Message("batal", MessageKind.MESSAGE, {})


def test_an_interrupting_event_sub_process_ends_the_work_and_begins_once(begin):
    case = begin("event_sub_process_interrupts_its_process")
    tulis = case.task("tulis")
    assert [s.name for s in case.step.subscribed] == ["batal"]
    case.receive(CANCELLED)
    assert (case.open, case.step.cancelled) == (["tangani"], (tulis.id,))
    assert [s.name for s in case.step.unsubscribed] == ["batal"]
    assert case.receive(CANCELLED) is None, "nobody listens any more"
    case.complete("tangani")
    assert case.step.status is InstanceStatus.COMPLETED


def test_an_event_sub_process_inside_a_sub_process_ends_only_that(begin):
    case = begin("event_sub_process_ends_its_sub_process_only")
    case.receive(CANCELLED)
    assert case.open == ["tangani"]
    assert case.complete("tangani").open == ["tutup"]
    assert case.receive(CANCELLED) is None, "its sub-process is over"
    assert case.complete("tutup").step.status is InstanceStatus.COMPLETED


def test_a_timer_that_has_not_come_does_not_keep_finished_work_from_ending(begin):
    case = begin("event_sub_process_waits_for_its_time")
    assert [t.element_id for t in case.step.timers] == ["peristiwa"]
    case.complete("tulis")
    assert (case.step.status, case.step.timers) == (InstanceStatus.COMPLETED, ())


def test_a_timer_that_came_opens_its_side_track_and_both_must_be_done(begin):
    case = begin("event_sub_process_waits_for_its_time")
    case.now = case.step.timers[0].due_at
    assert case.fire().open == ["tangani", "tulis"]
    assert case.complete("tulis").step.status is InstanceStatus.RUNNING
    assert case.complete("tangani").step.status is InstanceStatus.COMPLETED


def test_an_interrupting_timer_closes_what_took_too_long(begin):
    case = begin("event_sub_process_ends_its_process_in_time")
    case.now = case.step.timers[0].due_at
    assert case.fire().open == ["tangani"]
    assert case.complete("tangani").step.status is InstanceStatus.COMPLETED


def test_a_side_track_knows_what_was_done_until_it_begins_and_so_does_what_follows_an_edge(begin):
    case = begin("side_tracks_and_edges_know_what_was_done", nilai=1, tetap="ya")
    case.complete("rinci", nilai=6)
    case.now = NOW + timedelta(hours=1)
    assert case.fire().open == ["lanjut", "tangani"]
    assert value_at(case, "tangani")["jumlah"] == 7
    case.complete("tangani")
    case.now = NOW + timedelta(hours=8)
    assert case.fire().open == ["ambil_alih"]
    assert (value_at(case, "ambil_alih")["nilai"], value_at(case, "ambil_alih")["tetap"]) == (6, "ya")


def test_a_side_track_that_ends_last_brings_what_it_changed_and_nothing_old(begin):
    case = begin("side_tracks_and_edges_know_what_was_done", nilai=1).complete("rinci", nilai=6)
    case.now = NOW + timedelta(hours=1)
    case.fire().complete("lanjut", nilai=9)
    assert case.complete("tangani", catatan="x").step.status is InstanceStatus.COMPLETED
    found = live(case.step).data
    assert (found["nilai"], found["catatan"], found["jumlah"]) == (9, "x", 7)


def test_an_error_begins_the_event_sub_process_of_its_scope_and_brings_its_values(begin):
    case = begin("event_sub_process_catches_an_error").complete("hitung", sebab="salah")
    assert case.open == ["tangani"]
    assert case.complete("tangani").step.status is InstanceStatus.COMPLETED


def test_an_escalation_begins_a_side_track_and_the_work_goes_on(begin):
    case = begin("event_sub_process_hears_an_escalation")
    assert case.open == ["tangani", "tulis"]
    assert case.complete("tulis").complete("tangani").step.status is InstanceStatus.COMPLETED


def test_an_error_is_caught_at_the_edge_of_its_own_sub_process_and_nowhere_else(begin):
    case = begin("error_reaches_only_its_own_sub_process").complete("kiri_isi", sebab="salah")
    assert case.open == ["kanan_isi", "kiri_perbaiki"]
    assert value_at(case, "kiri_perbaiki")["sebab"] == "salah", "what was known where it was thrown"
    case.complete("kanan_isi").complete("kanan_perbaiki").complete("kiri_perbaiki")
    assert case.step.status is InstanceStatus.COMPLETED


def test_a_cancellation_leaves_the_transaction_beside_it_alone(begin):
    case = begin("cancellation_reaches_only_its_own_transaction").complete("kiri_isi")
    assert case.open == ["kanan_isi", "kiri_catat"]
    case.complete("kiri_catat").complete("kanan_isi").complete("kanan_catat")
    assert case.step.status is InstanceStatus.COMPLETED


def test_a_signal_end_event_sends_its_signal(begin):
    case = begin("signal_is_sent_at_the_end").complete("tulis")
    assert [(m.kind, m.name) for m in case.step.thrown] == [(MessageKind.SIGNAL, "pengumuman")]
    assert case.step.status is InstanceStatus.COMPLETED


def test_a_message_is_for_one_of_those_who_wait_for_it(begin):
    case = begin("message_reaches_one_of_those_who_wait")
    assert len(case.step.subscribed) == 2
    case.receive(CANCELLED)
    assert (case.open, case.step.caught_by, len(case.step.unsubscribed)) == ([], ("terima",), 1)
    assert case.receive(CANCELLED).open == ["catat"]


def test_an_error_in_a_called_process_ends_all_items_of_the_call(begin):
    case = begin("error_leaves_a_called_process_and_one_of_several_items")
    assert case.open == ["periksa", "periksa"]
    assert case.complete("periksa").open == ["ulangi"]
    assert case.complete("ulangi").step.status is InstanceStatus.COMPLETED


def test_terminating_or_cancelling_sends_nothing_to_the_outside(begin):
    case = begin("terminate_end_cancels_the_rest").complete("batalkan")
    assert case.step.thrown == ()
    assert begin("cancellation_reaches_only_its_own_transaction").complete("kiri_isi").step.thrown == ()


@pytest.mark.parametrize("order", [("tulis", "periksa"), ("periksa", "tulis")])
def test_what_one_branch_changed_stands_whichever_arrives_last(begin, order):
    case = begin("branches_keep_what_each_changed", nilai=1, daftar=[9, 1], tetap="ya")
    changes = {"tulis": {"nilai": 2, "daftar": [5]}, "periksa": {"catatan": {"a": 1}}}
    for element in order:
        case.complete(element, **changes[element])
    found = value_at(case, "baca")
    assert (found["nilai"], found["daftar"], found["tetap"], found["catatan"]) == (2, [5], "ya", {"a": 1})
    case.complete("baca", putusan="ulang")
    for element in order:  # changed back to what it was when the branches parted for the first time
        case.complete(element, **({"nilai": 1, "daftar": [9, 1]} if element == "tulis" else {}))
    assert (value_at(case, "baca")["nilai"], value_at(case, "baca")["daftar"]) == (1, [9, 1])
    assert case.complete("baca", putusan="cukup").step.status is InstanceStatus.COMPLETED


def test_items_gather_their_output_anew_in_a_second_pass(begin):
    case = begin("items_gather_their_output_anew_each_time", hasil=["lama"], nilai="milik proses")
    for _ in range(2):
        assert case.open == ["isi/0", "isi/1"]
        case.complete("isi", "0", nilai=1).complete("isi", "1", nilai=2)
        assert value_at(case, "baca")["hasil"] == [1, 2]
        assert value_at(case, "baca")["nilai"] == "milik proses", "the item's name is the item's alone"
        case.complete("baca", putusan="ulang")


def test_what_one_item_changed_is_not_undone_by_the_next(begin):
    case = begin("items_keep_what_each_changed", siapa="milik proses", nilai=0, rincian={"ann": 0})
    case.complete("tunjuk", orang=["ann", "budi"])
    case.complete("isi", "ann", nilai=5, rincian={"ann": 1}).complete("isi", "budi", rincian={"ann": 0, "budi": 2})
    found = value_at(case, "baca")
    assert (found["nilai"], found["siapa"], found["rincian"]) == (5, "milik proses", {"ann": 1, "budi": 2})


def test_sub_processes_of_items_that_were_interrupted_leave_nothing_open(begin):
    case = begin("items_whose_sub_process_is_interrupted_leave_nothing_open")
    assert case.open == ["rinci", "rinci"]
    case.now = case.step.timers[0].due_at
    assert case.fire().open == ["ambil_alih"]
    assert len(case.step.cancelled) == 2
    assert case.complete("ambil_alih").step.status is InstanceStatus.COMPLETED


@pytest.mark.parametrize(("version", "open_after"), [(1, []), (2, ["catat"])])
def test_a_document_is_read_from_any_depth(begin, version, open_after):
    case = begin("document_of_an_outer_scope_is_read_two_levels_down")
    case.complete("tulis", documents={"surat": {"versi": version}})
    assert value_at(case, "baca")["surat"] == {"versi": version}
    assert case.complete("baca").open == open_after


def test_a_manual_and_an_untyped_task_wait_for_the_people_of_their_lane(begin):
    case = begin("people_confirm_what_needs_no_form")
    assert (case.open, case.task("antar").role) == (["antar"], "staf")
    case.complete("antar")
    assert (case.open, case.task("sesuatu").role) == (["sesuatu"], "atasan")
    assert case.complete("sesuatu").step.status is InstanceStatus.COMPLETED


def test_what_an_activity_declares_to_read_hides_nothing_from_the_steps_behind_it(begin):
    case = begin("data_store_and_declared_inputs_are_only_drawn", nomor="7", nilai=4).complete("tulis")
    assert (value_at(case, "baca")["jumlah"], value_at(case, "baca")["nomor"]) == (5, "7")


def test_a_condition_begins_a_side_track_each_time_it_turns_true_and_not_before_its_value_is_there(begin):
    case = begin("condition_begins_a_side_track")
    assert case.open == ["hitung"]
    assert case.complete("hitung", jumlah=20).open == ["hitung", "tangani"]
    assert case.complete("hitung", jumlah=30).open == ["hitung", "tangani"], "it was true all along"
    assert case.complete("hitung", jumlah=5).complete("hitung", jumlah=40).open == ["hitung", "tangani", "tangani"]
    case.complete("tangani").complete("hitung", jumlah=0).complete("tangani")
    assert case.step.status is InstanceStatus.COMPLETED


def test_who_is_asked_twice_at_work_answers_twice(begin):
    asked = Message("tanya", MessageKind.MESSAGE, {})
    case = begin("boundary_message_is_caught_each_time").receive(asked).receive(asked)
    assert case.open == ["jawab", "jawab", "kerjakan"]
    assert case.complete("kerjakan").receive(asked) is None, "who is done is asked no more"
    assert case.complete("jawab").complete("jawab").step.status is InstanceStatus.COMPLETED


# ── drawn in a few words ────────────────────────────────────────────────────────────────────────────────────────────

SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"


def roots(*carried):
    """The error, escalation and message of a drawing, the error with what it carries and what that is called."""
    said = "".join(f'<x:{word} xmlns:x="{SPIFF}">{text}</x:{word}>' for word, text in carried)
    extensions = f"<b:extensionElements>{said}</b:extensionElements>" if said else ""
    return (
        f'<b:error id="gagal" name="Gagal" errorCode="1">{extensions}</b:error><b:message id="kabar" name="kabar"/>'
        '<b:escalation id="naik" name="Naik" escalationCode="1"/>'
    ).encode()


ERROR = '<b:errorEventDefinition errorRef="gagal"/>'
ESCALATION = '<b:escalationEventDefinition escalationRef="naik"/>'


def inside(nodes, ways):
    """A sub-process of the same kind of drawing; its ids begin with ``dalam``."""
    return re.sub(r"<b:process[^>]*>|</b:process>|<b:laneSet.*?</b:laneSet>", "", process("dalam", nodes, ways))


def play(nodes, ways, *carried, **values):
    change = lambda xml: xml.replace(b"<b:process", roots(*carried) + b"<b:process", 1)  # noqa: E731
    return Play(nodes, ways, change, **values).start()


def test_an_error_that_nobody_catches_is_an_incident_and_an_escalation_goes_unheard():
    raised = play({"a": user(), "selesai": ("endEvent", "", ERROR)}, ["mulai > a", "a > selesai"])
    [incident] = raised.complete("uji_a").step.incidents
    assert "tidak ditangkap siapa pun" in incident.cause
    event = ("intermediateThrowEvent", "", ESCALATION)
    nodes = {"luar": ("subProcess", "", around("isi", ("subProcess", "", around("lebih", event)))), "b": user()}
    assert play(nodes, ["mulai > luar", "luar > b", "b > selesai"]).open == ["uji_b"]


@pytest.mark.parametrize(
    ("carried", "known"),
    [
        ([("payloadExpression", "alasan"), ("variableName", "sebab")], {"sebab": "kurang"}),
        ([("payloadExpression", "alasan")], {}),
        ([("payloadExpression", "3")], {}),
    ],
)
def test_who_catches_an_error_knows_what_it_carried_by_the_name_that_the_diagram_gives(carried, known):
    ways = ["mulai > a", "a > selesai"]
    inner = inside({"a": user(), "selesai": ("endEvent", "", ERROR)}, ways)
    nodes = {
        "dalam": ("subProcess", "", inner),
        "tepi": ("boundaryEvent", 'attachedToRef="uji_dalam"', ERROR),
        "lapor": user(),
    }
    case = play(nodes, ["mulai > dalam", "dalam > selesai", "tepi > lapor", "lapor > selesai"], *carried)
    case.complete("dalam_a", alasan="kurang")
    assert case.open == ["uji_lapor"]
    assert value_at(case, "uji_lapor") == {"alasan": "kurang", **known}


def test_a_condition_whose_value_is_of_another_kind_begins_nothing_and_is_no_incident():
    start = (
        '<b:startEvent id="bila" isInterrupting="false"><b:conditionalEventDefinition><b:condition>x &gt; 3'
        '</b:condition></b:conditionalEventDefinition></b:startEvent><b:userTask id="tangani"/><b:endEvent id="z"/>'
        '<b:sequenceFlow id="s1" sourceRef="bila" targetRef="tangani"/>'
        '<b:sequenceFlow id="s2" sourceRef="tangani" targetRef="z"/>'
    )
    nodes = {"a": user(), "b": user(), "bila_besar": ("subProcess", 'triggeredByEvent="true"', start)}
    case = play(nodes, ["mulai > a", "a > b", "b > selesai"]).complete("uji_a", x="banyak")
    assert (case.open, case.step.incidents) == (["uji_b"], ())
    case = play(nodes, ["mulai > a", "a > b", "b > selesai"]).complete("uji_a", x=4)
    assert case.open == ["tangani", "uji_b"]


def test_a_message_that_the_instance_itself_waits_for_is_not_sent_to_others():
    message = '<b:messageEventDefinition messageRef="kabar"/>'
    nodes = {
        "pisah": gateway("parallel"),
        "tunggu": ("intermediateCatchEvent", "", message),
        "a": user(),
        "kirim": ("intermediateThrowEvent", "", message),
        "b": user(),
    }
    case = play(nodes, ["mulai > pisah", "pisah > tunggu", "pisah > a", "a > kirim", "kirim > selesai", "tunggu > b"])
    case.complete("uji_a")
    assert (case.open, case.step.thrown) == (["uji_b"], ())


@pytest.mark.parametrize("count", ["x", "0 - 1", "1.5", "True"])
def test_how_many_there_are_is_a_whole_number_or_an_incident(count):
    case = play({"a": user(several(count))}, ["mulai > a", "a > selesai"], x="dua")
    [incident] = case.step.incidents
    assert incident.element_id == "uji_a"


def test_a_list_that_items_change_is_the_list_that_they_were_made_of():
    loop = (
        "<b:multiInstanceLoopCharacteristics><b:loopDataInputRef>orang</b:loopDataInputRef>"
        "<b:loopDataOutputRef>orang</b:loopDataOutputRef><b:inputDataItem id='siapa'/><b:outputDataItem id='siapa'/>"
        "</b:multiInstanceLoopCharacteristics>"
    )
    case = play({"a": user(loop), "b": user()}, ["mulai > a", "a > b", "b > selesai"], orang=["ani", "budi"])
    for name in ("ani", "budi"):
        case.complete("uji_a", name, siapa=name.upper())
    assert value_at(case, "uji_b")["orang"] == ["ANI", "BUDI"]


def test_a_document_that_no_diagram_draws_is_kept_by_nobody():
    case = Instance("data_objects_hold_versions").start()
    case.complete("tulis", documents={"surat": {"versi": 1}, "asing": {"versi": 1}})
    assert case.open == ["periksa"]
    assert "asing" not in value_at(case, "periksa")


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [(3, Decimal("3.00"), True), (True, 1, False), ([1, "a"], [Decimal("1.0"), "a"], True), ([1], [True], False)],
)
def test_a_conversation_is_known_by_its_values_however_numbers_are_written(one, other, alike):
    keys = [events.correlation_of("nomor", {"n": value}) for value in (one, other)]
    assert (keys[0] == keys[1]) is alike
