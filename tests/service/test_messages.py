"""Two procedures that write to each other: messages reach one, signals everybody, nothing is lost or doubled."""

import json
import threading

import pytest

from engine.app import build_services
from engine.bpmn.drawing import State
from engine.jobs.worker import Worker
from engine.model.errors import Conflict, InvalidForm, NotPermitted
from engine.model.process import InstanceStatus, MessageKind
from engine.service.history.timelines import HistoryFilter
from engine.service.work.instance_diagrams import marks_of
from engine.service.work.messages import LONGEST_NAME, MOST_BYTES
from engine.settings import read
from engine.store.proof import prove
from engine.store.queries import jobs
from tests.service.procedures import deploy, files, form, number, start, text

ASKS, ANSWERS = "message_asks_and_waits_for_the_answer", "message_is_waited_for_and_answered"
SIGNAL, OBJECTION = "signal_is_heard_by_everybody", "message_starts_a_side_track"


@pytest.fixture
def staffed(office):
    """An office whose lanes Staf and Atasan have people."""
    office.hire("ann", "staf")
    office.hire("sam", "atasan")
    return office


@pytest.fixture
def bureau(staffed):
    """An office that also has two procedures that write to each other."""
    office = staffed
    deploy(office, ASKS, {"mulai": form(nomor=number("Nomor"), perihal=text("Perihal")), "baca": form()})
    deploy(office, ANSWERS, {"jawab": form(penjawab=text("Penjawab"))})
    return office


def sweep(office):
    """What the worker does every second; how many instances moved."""
    worker = Worker(office.services)
    worker.chores = [chore for chore in worker.chores if chore.kind != jobs.TELLING]
    return worker.sweep(office.now)


def lines(office, instance, action):
    found = office.services.histories.of_instance(office.actor("auditor"), instance, HistoryFilter(action=action)).lines
    return [(line.actor, line.element_id) for line in found]


def test_a_question_finds_who_waits_for_it_and_the_answer_finds_who_asked(bureau):
    answering = start(bureau, ANSWERS)
    asking = start(bureau, ASKS, nomor="7", perihal="Data SPM")
    assert bureau.page(asking).record.status is InstanceStatus.WAITING
    assert marks_of(bureau.page(asking))["tunggu_jawaban"].state is State.WAITING
    assert sweep(bureau) == 1
    assert bureau.open_steps(answering) == ["jawab"]
    task = bureau.task(answering, "jawab")
    bureau.services.tasks.complete(bureau.actor("ann"), task, {"penjawab": ["ann"]}, bureau.now)
    assert bureau.page(answering).record.status is InstanceStatus.COMPLETED
    assert sweep(bureau) == 1
    assert sweep(bureau) == 0, "nothing is delivered twice"
    assert bureau.open_steps(asking) == ["baca"]
    assert bureau.page(asking).steps[0].tasks[0].performer == "ann", "the answer named who reads it"
    assert lines(bureau, asking, "message:sent") == [("sistem", None)]
    assert lines(bureau, asking, "message:received") == [("sistem", "tunggu_jawaban")]
    assert lines(bureau, answering, "message:received") == [("sistem", "tunggu_permintaan")]
    with bureau.database.read() as reader:
        assert prove(reader).sound


def test_an_answer_about_another_letter_is_not_mistaken_for_ours(bureau):
    asking = [start(bureau, ASKS, nomor=nomor, perihal="Data") for nomor in ("7", "8")]
    answering = [start(bureau, ANSWERS) for _ in asking]
    assert sweep(bureau) == 2
    asked = {}
    for instance in answering:
        [line] = bureau.services.histories.of_instance(
            bureau.actor("auditor"), instance, HistoryFilter(action="message:received")
        ).lines
        asked[next(one for one in asking if one in str(line.change))] = instance
    second = asked[asking[1]]
    task = bureau.task(second, "jawab")
    bureau.services.tasks.complete(bureau.actor("ann"), task, {"penjawab": ["sam"]}, bureau.now)
    assert sweep(bureau) == 1
    assert bureau.open_steps(asking[0]) == []
    assert bureau.open_steps(asking[1]) == ["baca"]


def test_a_message_that_no_procedure_waits_for_is_told_before_it_is_deployed_by_its_name(staffed):
    def unheard(name):
        found = staffed.services.deployments.check(name, files_of(name))
        return [(each.severity, each.element_id) for each in found if each.rule == "message_unheard"]

    def files_of(name):
        forms = {ASKS: {"mulai": form(nomor=number("Nomor"), perihal=text("Perihal")), "baca": form()}}
        forms |= {ANSWERS: {"jawab": form(penjawab=text("Penjawab"))}}
        return files(name, forms[name])

    assert unheard(ASKS) == [("warning", "tanya")]
    [told] = [f for f in staffed.services.deployments.check(ASKS, files_of(ASKS)) if f.rule == "message_unheard"]
    assert "Pesan permintaan dari" in told.message
    deploy(staffed, ANSWERS, {"jawab": form(penjawab=text("Penjawab"))})
    assert unheard(ASKS) == [], "another procedure waits for it"


def test_a_message_waits_for_somebody_to_wait_for_it_also_through_a_restart(bureau):
    start(bureau, ASKS, nomor="7", perihal="Data SPM")
    assert sweep(bureau) == 0
    [waiting] = bureau.services.messages.undelivered(bureau.actor("operator"))
    assert (waiting.name, waiting.status) == ("permintaan", "waiting")
    bureau.services = build_services(read({"ALUR_DATA": str(bureau.data_dir)}), bureau.database, bureau.data_dir)
    answering = start(bureau, ANSWERS)
    assert sweep(bureau) == 1
    assert bureau.open_steps(answering) == ["jawab"]
    assert not bureau.services.messages.undelivered(bureau.actor("operator"))


def test_of_several_who_wait_the_one_who_waits_longest_receives_it(bureau):
    first = start(bureau, ANSWERS)
    bureau.later(minutes=1)
    second = start(bureau, ANSWERS)
    start(bureau, ASKS, nomor="7", perihal="Data")
    assert sweep(bureau) == 1
    assert (bureau.open_steps(first), bureau.open_steps(second)) == (["jawab"], [])


def test_who_moved_on_in_the_meantime_leaves_the_message_to_the_next_who_waits(bureau):
    first = start(bureau, ANSWERS)
    start(bureau, ASKS, nomor="7", perihal="Data")
    [(message, receiver)] = bureau.services.messages.deliverable()
    publish = bureau.services.messages.publish
    publish(bureau.actor("operator"), "permintaan", MessageKind.MESSAGE, {"nomor": "1"}, {}, bureau.now)
    other = next(m.id for m in bureau.services.messages.undelivered(bureau.actor("operator")) if m.id != message)
    assert bureau.services.messages.deliver(other, first, bureau.now)
    assert not bureau.services.messages.deliver(message, receiver, bureau.now)
    second = start(bureau, ANSWERS)
    assert sweep(bureau) == 1
    assert bureau.open_steps(second) == ["jawab"]


def test_two_workers_at_one_moment_deliver_it_once(bureau):
    answering = start(bureau, ANSWERS)
    start(bureau, ASKS, nomor="7", perihal="Data")
    [(message, receiver)] = bureau.services.messages.deliverable()
    assert receiver == answering
    others = [build_services(read({"ALUR_DATA": str(bureau.data_dir)}), bureau.database, bureau.data_dir) for _ in "ab"]
    outcomes, together = [], threading.Barrier(2)

    def deliver(services):
        together.wait()
        outcomes.append(services.messages.deliver(message, receiver, bureau.now))

    threads = [threading.Thread(target=deliver, args=(services,)) for services in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bureau.services = others[0]
    assert sorted(outcomes) == [False, True]
    assert len(lines(bureau, answering, "message:received")) == 1


def test_a_suspended_instance_receives_nothing_until_it_is_resumed(bureau):
    answering = start(bureau, ANSWERS)
    operator = bureau.actor("operator")
    bureau.services.control.suspend(operator, answering, "Menunggu", bureau.now)
    start(bureau, ASKS, nomor="7", perihal="Data")
    assert sweep(bureau) == 0
    bureau.services.control.resume(operator, answering, "Lanjut", bureau.now)
    assert sweep(bureau) == 1


def test_a_terminated_instance_waits_for_nothing(bureau):
    answering = start(bureau, ANSWERS)
    bureau.services.control.terminate(bureau.actor("operator"), answering, "Tidak perlu", bureau.now)
    start(bureau, ASKS, nomor="7", perihal="Data")
    assert bureau.services.messages.deliverable() == ()


def test_a_signal_is_heard_by_everybody_who_waits_and_by_the_thrower_s_own_branch(staffed):
    office = staffed
    deploy(office, SIGNAL, {"catat": form(), "putuskan": form()})
    announcing, listening = start(office, SIGNAL), start(office, SIGNAL)
    task = office.task(announcing, "putuskan")
    office.services.tasks.complete(office.actor("ann"), task, {}, office.now)
    assert office.open_steps(announcing) == ["catat"]
    assert office.open_steps(listening) == ["putuskan"]
    [told] = office.services.histories.of_instance(
        office.actor("auditor"), announcing, HistoryFilter(action="message:sent")
    ).lines
    assert json.loads(told.change)["to"] == [listening], "the sender needs no message to hear itself"
    assert sweep(office) == 1
    assert office.open_steps(listening) == ["catat", "putuskan"]
    late = start(office, SIGNAL)
    assert sweep(office) == 0
    assert office.open_steps(late) == ["putuskan"], "who did not wait then hears nothing later"


def test_a_terminated_instance_is_not_among_those_who_hear_a_signal(staffed):
    office = staffed
    deploy(office, SIGNAL, {"catat": form(), "putuskan": form()})
    ended, announcing = start(office, SIGNAL), start(office, SIGNAL)
    office.services.control.terminate(office.actor("operator"), ended, "Tidak perlu", office.now)
    office.services.tasks.complete(office.actor("ann"), office.task(announcing, "putuskan"), {}, office.now)
    [told] = office.services.histories.of_instance(
        office.actor("auditor"), announcing, HistoryFilter(action="message:sent")
    ).lines
    assert json.loads(told.change)["to"] == []


def test_every_objection_opens_a_side_track_while_the_work_goes_on(staffed):
    office = staffed
    deploy(office, OBJECTION, {"kerjakan": form(), "tanggapi": form()})
    instance = start(office, OBJECTION)
    publish = office.services.messages.publish
    for _ in range(2):
        publish(office.actor("operator"), "permintaan", MessageKind.MESSAGE, {"dari": "warga"}, {}, office.now)
        assert sweep(office) == 1
    assert office.open_steps(instance) == ["kerjakan", "tanggapi", "tanggapi"]
    while office.open_steps(instance):
        task = office.task(instance, office.open_steps(instance)[0])
        office.services.tasks.complete(office.actor("ann"), task, {}, office.now)
    assert office.page(instance).record.status is InstanceStatus.COMPLETED


def test_a_message_from_outside_is_an_operator_s_to_send_and_stands_in_the_office_s_history(bureau):
    answering = start(bureau, ANSWERS)
    publish = bureau.services.messages.publish
    values = {"nomor": "9", "perihal": "Surat"}
    with pytest.raises(NotPermitted):
        publish(bureau.actor("ann"), "permintaan", MessageKind.MESSAGE, values, {}, bureau.now)
    with pytest.raises(InvalidForm):
        publish(bureau.actor("operator"), " ", MessageKind.MESSAGE, values, {}, bureau.now)
    publish(bureau.actor("operator"), "permintaan", MessageKind.MESSAGE, values, {}, bureau.now)
    assert sweep(bureau) == 1
    assert bureau.open_steps(answering) == ["jawab"]
    with bureau.database.read() as reader:
        assert prove(reader, "office").sound


@pytest.mark.parametrize(
    ("name", "values", "path"),
    [
        ("x" * (LONGEST_NAME + 1), {}, "name"),
        ("permintaan", {"nomor": object()}, "values"),
        ("permintaan", {"perihal": "x" * MOST_BYTES}, "values"),
    ],
    ids=["a long name", "no value", "too much"],
)
def test_a_message_that_cannot_be_kept_is_refused_at_its_place(bureau, name, values, path):
    with pytest.raises(InvalidForm) as refused:
        bureau.services.messages.publish(bureau.actor("operator"), name, MessageKind.MESSAGE, values, {}, bureau.now)
    assert [error.path for error in refused.value.errors] == [path]
    assert bureau.services.messages.undelivered(bureau.actor("operator")) == ()


def test_a_message_whose_content_does_not_fit_is_given_up_with_the_reason_and_the_instance_still_waits(bureau):
    answering = start(bureau, ANSWERS)
    publish = bureau.services.messages.publish
    publish(bureau.actor("operator"), "permintaan", MessageKind.MESSAGE, {"lain": "x"}, {}, bureau.now)
    assert sweep(bureau) == 0
    [failed] = bureau.services.messages.undelivered(bureau.actor("operator"))
    assert failed.status == "failed"
    assert "nomor" in failed.note
    assert bureau.page(answering).record.status is InstanceStatus.WAITING
    publish(bureau.actor("operator"), "permintaan", MessageKind.MESSAGE, {"nomor": "1"}, {}, bureau.now)
    assert sweep(bureau) == 1


def test_receiving_may_raise_and_is_an_incident_then(bureau):
    asking = start(bureau, ASKS, nomor="7", perihal="Data")
    publish = bureau.services.messages.publish
    key = {"surat_menyurat": {"nomor_surat": 7}}
    publish(bureau.actor("operator"), "jawaban", MessageKind.MESSAGE, {"nomor": 7}, key, bureau.now)
    sweep(bureau)
    page = bureau.page(asking)
    assert (page.record.status, page.incidents) == (InstanceStatus.RUNNING, ()), "oleh is empty, so the lane may claim"
    with pytest.raises(Conflict):
        bureau.services.control.resume(bureau.actor("operator"), asking, "Lanjut", bureau.now)
