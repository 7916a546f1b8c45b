"""What an instance waits for is told from its state, and one that can never go on says so."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.bpmn import definition, waits
from engine.bpmn.causes import in_words
from engine.bpmn.executor import Executor, live
from engine.bpmn.waits import may_wait
from engine.model.process import InstanceStatus, Snapshot, WaitKind
from tests.bpmn.office import NOW, Instance, wiring
from tests.service.drawing import around, gateway, procedure, process, script, several, user

ONE_OF_TWO = {"pilih": gateway(), "a": user(), "b": user(), "gabung": gateway("parallel")}
INTO_ALL = ["mulai > pilih", "pilih > a: x > 1", "pilih > b", "a > gabung", "b > gabung", "gabung > selesai"]


class Play(Instance):
    """An instance of a procedure that is drawn in a few words."""

    def __init__(self, nodes, ways, change=lambda xml: xml, **values):
        files = {name: change(content) for name, content in procedure(process("uji", nodes, ways)).items()}
        self.definition = definition.load(files, "uji")
        self.executor, self.live, self.now, self.functions, self.revision = Executor(), False, NOW, {}, 1
        self.values, self._wired = values, wiring(self.definition)

    @property
    def waits(self):
        return self.executor.waits(self.definition, self.step.state)

    def look_again(self):
        [found] = self.step.stuck
        return self._took(self.executor.retry(self.definition, self.snapshot, found.task_id, self.now))


def test_a_join_names_the_branch_that_has_not_come_and_since_when():
    nodes = {"pisah": gateway("parallel"), "a": user(), "b": user(), "gabung": gateway("parallel")}
    ways = ["mulai > pisah", "pisah > a", "pisah > b", "a > gabung", "b > gabung", "gabung > selesai"]
    case = Play(nodes, ways).start()
    assert case.waits == ()
    [wait] = case.complete("uji_a").waits
    assert (wait.kind, wait.element_id, wait.missing) == (WaitKind.BRANCHES, "uji_gabung", ("uji_b",))
    assert datetime.now(UTC) - wait.since < timedelta(minutes=1)
    assert (case.step.status, case.step.stuck) == (InstanceStatus.RUNNING, ())
    assert case.complete("uji_b").waits == ()


def test_an_exclusive_split_into_a_parallel_join_can_never_go_on_and_says_why():
    case = Play(ONE_OF_TWO, INTO_ALL, x=2).start().complete("uji_a")
    assert (case.step.status, case.step.incidents) == (InstanceStatus.INCIDENT, ())
    [found] = case.step.stuck
    assert found.element_id == "uji_gabung"
    assert "“gabung” menunggu cabang yang tidak dapat datang lagi: “b”." in found.cause
    assert "Hentikan pelaksanaan ini" in found.cause
    again = case.look_again()
    assert (found.data, again.step.stuck) == ({"x": 2}, (found,)), "trying again finds the same"
    assert [wait.missing for wait in again.waits] == [("uji_b",)]


def test_one_that_stood_still_before_moves_told_of_it_is_found_without_moving_it():
    case = Play(ONE_OF_TWO, INTO_ALL, x=0).start().complete("uji_b")
    step = case.executor.unmoved(case.definition, Snapshot("i", case.revision, case.step.state))
    assert (step.stuck, step.state) == (case.step.stuck, case.step.state)
    assert "“a”" in step.stuck[0].cause


def test_what_has_no_name_is_told_by_what_lies_before_it():
    unnamed = lambda xml: xml.replace(b'name="b"', b"").replace(b'name="gabung"', b"")  # noqa: E731
    case = Play(ONE_OF_TWO, INTO_ALL, unnamed, x=2).start().complete("uji_a")
    assert "menunggu cabang yang tidak dapat datang lagi: “pilih”." in case.step.stuck[0].cause


def test_a_branch_with_an_event_on_its_edge_is_named_as_what_it_is():
    late = "<b:timerEventDefinition><b:timeDuration>PT1H</b:timeDuration></b:timerEventDefinition>"
    nodes = {
        "pisah": gateway("parallel"),
        "a": user(),
        "b": user(),
        "lewat": ("boundaryEvent", 'attachedToRef="uji_b"', late),
        "gabung": gateway("parallel"),
    }
    ways = [
        "mulai > pisah",
        "pisah > a",
        "pisah > b",
        "a > gabung",
        "b > gabung",
        "gabung > selesai",
        "lewat > selesai",
    ]
    case = Play(nodes, ways).start().complete("uji_a")
    waits = {wait.kind: wait for wait in case.waits}
    assert waits[WaitKind.BRANCHES].missing == ("uji_b",)
    assert (waits[WaitKind.TIME].element_id, waits[WaitKind.TIME].until) == ("uji_lewat", NOW + timedelta(hours=1))
    case.now += timedelta(hours=1)
    case.fire()
    [found] = case.step.stuck
    assert "“b”" in found.cause, "the time took the only token away that was waited for"


@pytest.mark.parametrize("holds", [False, True])
def test_a_condition_that_nobody_can_change_any_more_is_told_and_tried_again(holds):
    watched = "<b:conditionalEventDefinition><b:condition>cukup()</b:condition></b:conditionalEventDefinition>"
    nodes = {"tunggu": ("intermediateCatchEvent", "", watched), "a": user()}
    case = Play(nodes, ["mulai > tunggu", "tunggu > a", "a > selesai"])
    case.functions = {"cukup": lambda: False}
    case.start()
    [found] = case.step.stuck
    assert (found.element_id, found.cause.count("cukup()")) == ("uji_tunggu", 1)
    [wait] = case.waits
    assert (wait.kind, wait.name) == (WaitKind.CONDITION, "cukup()")
    step = case.executor.retry(case.definition, case.snapshot, found.task_id, NOW, functions={"cukup": lambda: holds})
    assert (step.status is InstanceStatus.RUNNING, bool(step.stuck)) == (holds, not holds)


def test_a_condition_in_a_sub_process_is_tried_again_as_well():
    watched = "<b:conditionalEventDefinition><b:condition>cukup()</b:condition></b:conditionalEventDefinition>"
    inner = around("tunggu", ("intermediateCatchEvent", "", watched))
    case = Play({"dalam": ("subProcess", "", inner), "a": user()}, ["mulai > dalam", "dalam > a", "a > selesai"])
    case.functions = {"cukup": lambda: False}
    case.start()
    [found] = case.step.stuck
    assert found.element_id == "tunggu"
    case.functions = {"cukup": lambda: True}
    step = case.executor.retry(case.definition, case.snapshot, found.task_id, NOW, functions=case.functions)
    assert [task.element_id for task in step.open_tasks] == ["uji_a"]


def test_what_several_wait_for_is_told_once_and_since_the_first_began():
    message = '<b:messageEventDefinition messageRef="kabar"/>'
    inner = several(3) + around("tunggu", ("intermediateCatchEvent", "", message))
    kabar = b'<b:message id="kabar" name="kabar"/><b:process'
    nodes, ways = {"dalam": ("subProcess", "", inner)}, ["mulai > dalam", "dalam > selesai"]
    case = Play(nodes, ways, lambda xml: xml.replace(b"<b:process", kabar, 1)).start()
    assert len(case.step.subscribed) == 3
    [wait] = case.waits
    began = [task.last_state_change for task in live(case.step).every_task() if task.task_spec.bpmn_id == "tunggu"]
    assert (wait.element_id, wait.name, wait.since.timestamp()) == ("tunggu", "kabar", pytest.approx(min(began)))


def test_a_join_that_only_an_event_at_the_edge_can_end_says_which():
    inner = process("dalam", {"pilih": gateway(), "a": user(), "b": user(), "gabung": gateway("parallel")}, INTO_ALL)
    inner = re.sub(r"<b:process[^>]*>|</b:process>|<b:laneSet.*?</b:laneSet>", "", inner)
    late = "<b:timerEventDefinition><b:timeDuration>PT1H</b:timeDuration></b:timerEventDefinition>"
    nodes = {
        "besar": ("subProcess", "", inner),
        "lewat": ("boundaryEvent", 'attachedToRef="uji_besar"', late),
        "ingat": ("boundaryEvent", 'attachedToRef="uji_besar" cancelActivity="false"', late),
    }
    ways = ["mulai > besar", "besar > selesai", "lewat > selesai", "ingat > selesai"]
    case = Play(nodes, ways, x=2).start().complete("dalam_a")
    [(found, may_end)] = waits.hopeless(case.definition, live(case.step))
    assert may_end
    assert found.cause.endswith("Pelaksanaan ini hanya berlanjut bila disela oleh “lewat”.")


@pytest.mark.parametrize(
    ("kind", "part", "text"),
    [("conditionalEventDefinition", "condition", "x &gt; 3"), ("timerEventDefinition", "timeDuration", "hari(x)")],
)
def test_an_event_that_raised_is_an_incident_and_not_waited_for(kind, part, text):
    raising = f"<b:{kind}><b:{part}>{text}</b:{part}></b:{kind}>"
    late = "<b:timerEventDefinition><b:timeDuration>PT1H</b:timeDuration></b:timerEventDefinition>"
    nodes = {
        "pisah": gateway("parallel"),
        "tunggu": ("intermediateCatchEvent", "", raising),
        "surat": ("intermediateCatchEvent", "", late),
    }
    ways = ["mulai > pisah", "pisah > tunggu", "pisah > surat", "tunggu > selesai", "surat > selesai"]
    case = Play(nodes, ways, x="dua").start()
    assert [incident.element_id for incident in case.step.incidents] == ["uji_tunggu"]
    assert [wait.element_id for wait in case.waits] == ["uji_surat"]


@pytest.mark.parametrize(
    ("diagram", "expected"),
    [
        ("event_gateway_takes_what_comes_first", [("dijawab", "jawaban", None), ("lewat_waktu", "", 3)]),
        ("receive_task_waits_for_its_message", [("terima_surat", "surat_masuk", None)]),
        ("message_starts_a_side_track", [("keberatan_masuk", "permintaan", None)]),
        ("boundary_timer_reminds", [("batas", "", 0)]),
        ("parallel_branches_join", []),
    ],
)
def test_events_say_what_they_wait_for_and_until_when(diagram, expected):
    case = Instance(diagram).start()
    found = case.executor.waits(case.definition, case.step.state)
    assert [(wait.element_id, wait.name, wait.until and (wait.until - NOW).days) for wait in found] == expected
    assert may_wait(case.definition)


def test_where_only_people_are_waited_for_no_state_need_be_read():
    assert not may_wait(Instance("script_assigns_names").definition)


LATE = "<b:timerEventDefinition><b:timeDuration>P30D</b:timeDuration></b:timerEventDefinition>"
ANSWER = '<b:messageEventDefinition messageRef="batal"/>'
SPLIT = {"pisah": gateway("parallel"), "c": user()}
BESIDE = ["mulai > pisah", "pisah > pilih", "pisah > c", "c > selesai", *INTO_ALL[1:]]


def with_message(xml):
    return xml.replace(b"<b:process ", b'<b:message id="batal" name="batal"/><b:process ', 1)


def event_sub_process(event, interrupting=True):
    start = f'<b:startEvent id="bila" name="Dibatalkan" isInterrupting="{str(interrupting).lower()}">{event}'
    flow = '<b:sequenceFlow id="bila_ke_henti" sourceRef="bila" targetRef="henti"/>'
    return ("subProcess", 'triggeredByEvent="true"', f'{start}</b:startEvent><b:endEvent id="henti"/>{flow}')


def told(case):
    """Where a branch cannot come any more, each with whether something may still end that."""
    found = waits.hopeless(case.definition, live(case.step))
    return [(incident.element_id.removeprefix("uji_"), may_end) for incident, may_end in found]


def test_a_branch_that_cannot_come_is_told_while_others_still_have_work():
    case = Play(ONE_OF_TWO | SPLIT, BESIDE, x=2).start()
    assert told(case) == [], "nobody waits yet"
    [wait] = case.complete("uji_a").waits
    assert (wait.missing, wait.hopeless, case.step.stuck) == (("uji_b",), True, ())
    assert told(case) == [("gabung", False)]


@pytest.mark.parametrize(
    ("beside", "may_end"),
    [
        (event_sub_process(ANSWER), True),
        (event_sub_process(LATE), True),
        (event_sub_process(ANSWER, interrupting=False), False),
        (event_sub_process(LATE, interrupting=False), False),
    ],
)
def test_what_is_armed_beside_a_join_does_not_hide_that_its_branch_cannot_come(beside, may_end):
    case = Play(ONE_OF_TWO | {"sisi": beside}, INTO_ALL, with_message, x=2).start()
    assert told(case.complete("uji_a")) == [("gabung", may_end)]
    [(found, _)] = waits.hopeless(case.definition, live(case.step))
    assert ("disela oleh “Dibatalkan”" in found.cause) == may_end == ("Hentikan pelaksanaan" not in found.cause)


def test_a_branch_that_can_come_by_the_edge_of_a_step_or_by_way_of_another_join_is_waited_for():
    edge = ("boundaryEvent", 'attachedToRef="uji_c"', LATE)
    nodes = ONE_OF_TWO | SPLIT | {"lewat": edge}
    ways = [way for way in BESIDE if way != "pilih > b"] + ["pilih > selesai", "lewat > b"]
    case = Play(nodes, ways, x=2).start().complete("uji_a")
    assert told(case) == []
    assert [wait.hopeless for wait in case.waits if wait.missing] == [False]
    assert told(case.complete("uji_c")) == [("gabung", False)], "with the step went what was on its edge"


def test_a_branch_that_races_for_the_end_of_everything_is_no_fault_of_the_one_that_waits():
    nodes = ONE_OF_TWO | SPLIT | {"henti": ("endEvent", "", "<b:terminateEventDefinition/>")}
    case = Play(nodes, [*(way for way in BESIDE if way != "c > selesai"), "c > henti"], x=2).start()
    assert told(case.complete("uji_a")) == []
    assert case.complete("uji_c").step.status is InstanceStatus.COMPLETED


def test_a_branch_at_a_step_that_raised_may_still_come():
    nodes = {"pisah": gateway("parallel"), "a": user(), "b": script("y = 1 / x"), "gabung": gateway("parallel")}
    ways = ["mulai > pisah", "pisah > a", "pisah > b", "a > gabung", "b > gabung", "gabung > selesai"]
    case = Play(nodes, ways, x=0).start().complete("uji_a")
    assert len(case.step.incidents) == 1
    assert told(case) == []


def test_an_inclusive_join_names_only_the_branches_that_were_taken():
    nodes = {"pilih": gateway("inclusive"), "a": user(), "b": user(), "c": user(), "gabung": gateway("inclusive")}
    ways = ["pilih > a: x > 1", "pilih > b: x > 2", "pilih > c: x > 3"]
    joined = ["a > gabung", "b > gabung", "c > gabung", "gabung > selesai"]
    case = Play(nodes, ["mulai > pilih", *ways, *joined], x=3).start().complete("uji_a")
    assert [(wait.missing, wait.hopeless) for wait in case.waits] == [(("uji_b",), False)]


@pytest.mark.parametrize("kind", ["exclusive", "inclusive"])
def test_a_decision_that_has_no_way_for_a_value_is_told_by_its_name_and_that_value(kind):
    nodes = {"pilih": gateway(kind), "a": user(), "b": user()}
    ways = ["mulai > pilih", "pilih > a: x > 1", "pilih > b: jenis == 3", "a > selesai", "b > selesai"]
    case = Play(nodes, ways, x=1, jenis="biasa").start()
    [raised] = case.step.incidents
    cause = in_words(case.definition, raised).cause
    assert cause.startswith("Keputusan “pilih” tidak mempunyai jalan untuk jenis = “biasa”, x = 1.")
    assert in_words(case.definition, replace(raised, cause="lain")).cause == "lain"


def test_a_condition_that_raises_once_its_value_is_there_is_an_incident_and_not_waited_for():
    watched = "<b:conditionalEventDefinition><b:condition>x &gt; 3</b:condition></b:conditionalEventDefinition>"
    nodes = {"pisah": gateway("parallel"), "tunggu": ("intermediateCatchEvent", "", watched), "a": user(), "b": user()}
    ways = ["mulai > pisah", "pisah > tunggu", "pisah > a", "a > b", "b > selesai", "tunggu > selesai"]
    case = Play(nodes, ways, x=1).start()
    assert [wait.element_id for wait in case.waits] == ["uji_tunggu"]
    case.complete("uji_a", x="banyak")
    assert ([each.element_id for each in case.step.incidents], case.waits) == (["uji_tunggu"], ())
