"""What SpiffWorkflow by itself runs otherwise than BPMN says, and runs rightly here (docs/bpmn.md)."""

from datetime import timedelta

import pytest

from engine.model.process import InstanceStatus, Message, MessageKind
from tests.bpmn.office import NOW, Instance


@pytest.fixture(params=[True, False], ids=["live", "restored"])
def begin(request):
    """Start an instance that lives between moves, or is restored from its bytes for each."""

    def start(name, **values):
        return Instance(name, live=request.param, **values).start()

    return start


def value_at(case, element_id):
    """What the instance knows where *element_id* is open."""
    [task] = [t for t in case.step.live.every_task() if t.id.hex == case.task(element_id).id]
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
    found = case.step.live.data
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
