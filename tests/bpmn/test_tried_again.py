"""What comes again: an incident that is tried again, a reminder that repeats, a condition that turns true once more."""

from datetime import timedelta
from itertools import pairwise

import pytest

from engine.bpmn import definition
from engine.bpmn.executor import live
from engine.model.process import InstanceStatus
from tests.bpmn.office import Instance
from tests.service.drawing import gateway, procedure, process, script, user

MANUAL = ("manualTask", "", "")
REPEATED = "<b:timerEventDefinition><b:timeCycle>{}</b:timeCycle></b:timerEventDefinition>"
AFTER = "<b:timerEventDefinition><b:timeDuration>{}</b:timeDuration></b:timerEventDefinition>"
ONCE_TRUE = "<b:conditionalEventDefinition><b:condition>{}</b:condition></b:conditionalEventDefinition>"
ITEMS = '<b:multiInstanceLoopCharacteristics isSequential="{}">{}</b:multiInstanceLoopCharacteristics>'
OF_A_LIST = '<b:loopDataInputRef>daftar</b:loopDataInputRef><b:inputDataItem id="butir" name="butir"/>'


def edge(on, event, *, ends=False):
    return ("boundaryEvent", f'attachedToRef="uji_{on}" cancelActivity="{str(ends).lower()}"', event)


def count(number, more="", *, in_turn=False):
    return ITEMS.format(str(in_turn).lower(), f"<b:loopCardinality>{number}</b:loopCardinality>{more}")


def inside(*steps, before="", name="isi"):
    """A sub-process with *steps* one after another."""
    ids = [f"{name}_mulai", *steps, f"{name}_selesai"]
    flows = [f'<b:sequenceFlow id="{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in pairwise(ids)]
    tasks = [f'<b:userTask id="{step}"/>' for step in steps]
    drawn = [f'<b:startEvent id="{ids[0]}"/>', *tasks, f'<b:endEvent id="{ids[-1]}"/>', *flows]
    return ("subProcess", "", before + "".join(drawn))


def side(event, name="samping"):
    """An event sub-process that does not interrupt, with one step."""
    start = f'<b:startEvent id="{name}_mulai" isInterrupting="false">{event}</b:startEvent>'
    _, _, steps = inside(f"{name}_kerja", name=name)
    return ("subProcess", 'triggeredByEvent="true"', start + steps.removeprefix(f'<b:startEvent id="{name}_mulai"/>'))


@pytest.fixture(params=[True, False], ids=["live", "restored"])
def begin(request):
    """Start an instance of what is drawn, that lives between moves or is restored for each."""

    def start(nodes, *ways, **values):
        files = procedure(process("uji", nodes, ways))
        return Instance(definition.load(files, "uji"), live=request.param, **values)

    return start


def later(case, **time):
    case.now += timedelta(**time)
    return case.fire()


def test_trying_again_opens_the_task_that_nobody_has_done_yet(begin):
    case = begin(
        {"a": ("userTask", 's:pelaksana="gabung(1 / n)"', ""), "k": user()}, "mulai > a", "a > k", "k > selesai", n=0
    )
    assert [each.element_id for each in case.start().step.incidents] == ["uji_a"]
    assert (case.retry().open, case.passed) == ([], []), "the name of who does it cannot be computed still"
    assert case.step.status is InstanceStatus.INCIDENT


def test_a_reminder_whose_time_could_not_be_computed_comes_when_it_can(begin):
    nodes = {"a": user(), "b": edge("a", AFTER.format("lama()")), "c": user()}
    case = begin(nodes, "mulai > a", "a > selesai", "b > c", "c > selesai")
    case.functions["lama"] = lambda: 1 / 0
    case.start()
    case.functions["lama"] = lambda: "PT1H"
    assert [timer.element_id for timer in case.retry().step.timers] == ["uji_b"]
    assert later(case, hours=2).open == ["uji_a", "uji_c"]


def test_a_condition_that_raised_waits_on_when_it_is_tried_again(begin):
    nodes = {"f": gateway("parallel"), "p": user(), "q": user(), "c": user()}
    nodes["w"] = ("intermediateCatchEvent", "", ONCE_TRUE.format("n &gt; 1"))
    ways = ["mulai > f", "f > p", "p > q", "q > selesai", "f > w", "w > c", "c > selesai"]
    case = begin(nodes, *ways).start().complete("uji_p", n="x")
    assert [each.element_id for each in case.step.incidents] == ["uji_w"]
    assert case.complete("uji_q", n=3).retry().open == ["uji_c"]


def test_a_reminder_brings_back_nothing_old(begin):
    nodes = {"s": inside("u", "v"), "b": edge("s", AFTER.format("PT1H")), "c": user(), "k": user()}
    nodes |= {"j": gateway("inclusive")}
    case = begin(nodes, "mulai > s", "s > j", "b > c", "c > j", "j > k", "k > selesai").start()
    later(case.complete("u", n=1), hours=2).complete("v", n=9)
    assert case.complete("uji_c").open == ["uji_k"]
    [task] = [t for t in live(case.step).every_task() if t.id.hex == case.task("uji_k").id]
    assert task.data["n"] == 9


def test_what_a_repeated_reminder_opened_stays_when_its_task_is_done(begin):
    nodes = {"s": inside("u", "v"), "b": edge("s", REPEATED.format("R3/PT1H")), "h": script("r = n"), "c": user()}
    case = begin(nodes, "mulai > s", "s > selesai", "b > h", "h > c", "c > selesai").start().complete("u", n=4)
    later(case, hours=1, minutes=1)
    assert (case.passed, case.open) == (["uji_b", "uji_h"], ["uji_c", "v"])
    later(case, hours=1)
    assert case.complete("v").open == ["uji_c", "uji_c"]
    assert case.step.timers == (), "nobody is reminded of what is done"
    assert case.complete("uji_c").complete("uji_c").step.status is InstanceStatus.COMPLETED


def test_a_reminder_that_was_missed_for_days_comes_as_often_as_it_was_due(begin):
    nodes = {"a": user(), "b": edge("a", REPEATED.format("R3/PT1H")), "c": user()}
    case = begin(nodes, "mulai > a", "a > selesai", "b > c", "c > selesai").start()
    later(case, days=2)
    for _ in range(3):
        case.fire()
    assert (case.open, case.step.timers) == (["uji_a", "uji_c", "uji_c", "uji_c"], ())


@pytest.mark.parametrize("in_turn", [True, False])
def test_a_condition_on_what_items_set_turns_true_once(begin, in_turn):
    kind, attributes, steps = inside("u")
    nodes = {"s": (kind, attributes, steps + count(3, in_turn=in_turn)), "p": side(ONCE_TRUE.format("n &gt; 1"))}
    case = begin(nodes, "mulai > s", "s > selesai").start().complete("u", n=2)
    assert case.open.count("samping_kerja") == 1
    assert case.complete("u", n=0).open.count("samping_kerja") == 1
    assert case.complete("u", n=5).open.count("samping_kerja") == 2


def test_what_an_item_sets_is_seen_beside_it(begin):
    nodes = {"f": gateway("parallel"), "a": user(count(2)), "b": user(), "c": user()}
    nodes["w"] = ("intermediateCatchEvent", "", ONCE_TRUE.format("n &gt; 1"))
    ways = ["mulai > f", "f > a", "a > selesai", "f > b", "b > selesai", "f > w", "w > c", "c > selesai"]
    assert "uji_c" in begin(nodes, *ways).start().complete("uji_b", n=0).complete("uji_a", n=2).open


def test_what_follows_the_edge_of_several_items_knows_what_they_set(begin):
    nodes = {
        "a": user(count(2)),
        "b": edge("a", ONCE_TRUE.format("n &gt; 1"), ends=True),
        "h": script("r = n"),
        "c": user(),
    }
    case = begin(nodes, "mulai > a", "a > selesai", "b > h", "h > c", "c > selesai").start().complete("uji_a", n=2)
    assert (case.open, case.step.incidents) == (["uji_c"], ())


def test_after_hundreds_of_rounds_the_end_of_the_year_still_interrupts():
    year = (
        '<b:startEvent id="t">'
        + AFTER.format("PT9000H")
        + '</b:startEvent><b:userTask id="tutup"/><b:endEvent id="e"/>'
    )
    for number, (a, b) in enumerate([("t", "tutup"), ("tutup", "e")]):
        year += f'<b:sequenceFlow id="t_{number}" sourceRef="{a}" targetRef="{b}"/>'
    nodes = {"m": gateway(), "a": user(), "x": gateway(), "p": ("subProcess", 'triggeredByEvent="true"', year)}
    ways = ["mulai > m", "m > a", "a > x", "x > m: lagi", "x > selesai"]
    case = Instance(definition.load(procedure(process("uji", nodes, ways)), "uji"), live=True).start()
    for _ in range(350):
        case.complete("uji_a", lagi=True)
    assert later(case, hours=9001).open == ["tutup"]


def test_an_item_that_is_tried_again_counts_once(begin):
    output = OF_A_LIST.replace("<b:inputData", "<b:loopDataOutputRef>hasil</b:loopDataOutputRef><b:inputData")
    output += '<b:outputDataItem id="jawab" name="jawab"/><b:completionCondition>cukup() &gt; 1</b:completionCondition>'
    case = begin({"a": user(ITEMS.format("false", output))}, "mulai > a", "a > selesai", daftar=["x", "y"])
    case.functions["cukup"] = lambda: 1 / 0
    case.start().complete("uji_a", jawab="X")
    case.functions["cukup"] = lambda: 1
    case.retry().complete("uji_a", jawab="Y")
    assert live(case.step).data["hasil"] == ["X", "Y"]


def test_a_turn_that_is_tried_again_counts_once(begin):
    again = "<b:loopCondition>lagi() &gt; 0</b:loopCondition>"
    turns = f'<b:standardLoopCharacteristics loopMaximum="3">{again}</b:standardLoopCharacteristics>'
    case = begin({"a": user(turns), "k": user()}, "mulai > a", "a > k", "k > selesai")
    case.functions["lagi"] = lambda: 1 / 0
    case.start().complete("uji_a")
    case.functions["lagi"] = lambda: 1
    assert case.retry().complete("uji_a").open == ["uji_a"]
    assert case.complete("uji_a").open == ["uji_k"]


def test_items_in_turn_are_those_of_when_it_began_and_may_be_nothing(begin):
    case = begin(
        {"a": user(ITEMS.format("true", OF_A_LIST)), "k": user()},
        "mulai > a",
        "a > k",
        "k > selesai",
        daftar=["x", None, "y"],
    )
    assert case.start().open == ["uji_a/x"]
    assert case.complete("uji_a", daftar=["p"]).open == ["uji_a/None"]
    assert case.complete("uji_a").open == ["uji_a/y"]
    assert case.complete("uji_a").open == ["uji_k"]


def test_of_a_document_that_nobody_has_given_nothing_is_true(begin):
    document = '<b:dataObject id="surat"/><b:dataObjectReference id="surat_acuan" dataObjectRef="surat"/>'
    given = '<b:dataOutputAssociation id="keluar"><b:targetRef>surat_acuan</b:targetRef></b:dataOutputAssociation>'
    nodes = {"f": gateway("parallel"), "a": user(given), "c": user()}
    nodes["w"] = ("intermediateCatchEvent", "", ONCE_TRUE.format("surat.versi &gt; 1"))
    drawn = process("uji", nodes, ["mulai > f", "f > a", "a > selesai", "f > w", "w > c", "c > selesai"])
    files = procedure(drawn.replace("</b:process>", f"{document}</b:process>"))
    case = Instance(definition.load(files, "uji")).start()
    assert (case.open, case.step.incidents) == (["uji_a"], ())
    assert case.complete("uji_a", documents={"surat": {"versi": 2}}).open == ["uji_c"]
