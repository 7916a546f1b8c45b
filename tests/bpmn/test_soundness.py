"""What a designer hears of branches that never meet, meet unawaited, or go round for ever."""

import random
from datetime import timedelta

import pytest

from engine.bpmn import rules
from engine.model.process import InstanceStatus
from tests.bpmn.test_waits import Play
from tests.service.drawing import gateway, procedure, process

TASK = ("manualTask", "", "")
ONE, ALL, SOME = gateway(), gateway("parallel"), gateway("inclusive")
BRANCHES = ["x > a: n > 1", "x > b", "a > j", "b > j"]
BOTH = [each.partition(":")[0] for each in BRANCHES]
LATE = "<b:timerEventDefinition><b:timeDuration>P3D</b:timeDuration></b:timerEventDefinition>"
EDGE = ("boundaryEvent", 'attachedToRef="uji_a"', LATE)
TWO = {"a": TASK, "b": TASK}
ROUND = ["mulai > m", "m > a", "a > x", "x > m: n > 1", "x > b", "b > selesai"]


KINDS = {"deadlock", "doubled", "no_way_out", "cycle_without_exit"}


def found_in(nodes, ways):
    """Everything that is found in a diagram."""
    return rules.check(procedure(process("uji", nodes, ways)), "uji", None)


def said(nodes, ways):
    """What is said of a diagram's soundness: rule and element."""
    return [(f.rule, f.element_id.removeprefix("uji_")) for f in found_in(nodes, ways) if f.rule in KINDS]


def aside(event):
    """An event sub-process that ends everything else."""
    start = f'<b:startEvent id="bila" name="Dibatalkan">{event}</b:startEvent><b:endEvent id="batal"/>'
    flow = '<b:sequenceFlow id="bila_ke_batal" sourceRef="bila" targetRef="batal"/>'
    return ("subProcess", 'triggeredByEvent="true"', start + flow)


def between(split, join, ways):
    """A diagram that splits, does a or b or both, joins, and does c."""
    return TWO | {"c": TASK, "x": split, "j": join}, ["mulai > x", *ways, "j > c", "c > selesai"]


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        (between(ONE, ONE, BRANCHES), []),
        (between(ALL, ALL, BOTH), []),
        (between(SOME, SOME, BRANCHES), []),
        (between(ALL, SOME, BOTH), []),
        (between(ONE, SOME, BRANCHES), []),
        (between(ONE, ALL, BRANCHES), [("deadlock", "j")]),
        (between(SOME, ALL, BRANCHES), [("deadlock", "j")]),
        (between(ALL, ONE, BOTH), [("doubled", "j")]),
        (between(SOME, ONE, BRANCHES), [("doubled", "j")]),
        (between(ALL, TASK, BOTH), [("doubled", "j")]),
        (  # one of two branches may be skipped
            (
                TWO | {"x": ALL, "y": ONE, "j": ALL},
                ["mulai > x", "x > a", "x > y", "y > b: n > 1", "y > selesai", "a > j", "b > j", "j > selesai"],
            ),
            [("deadlock", "j")],
        ),
        ((TWO | {"m": ONE, "x": ONE}, ROUND), []),
        (  # whoever goes on once comes back whatever happens
            (
                TWO | {"m": ONE, "x": ONE, "y": ONE},
                [*ROUND[:4], "x > y", "y > b", "b > m", "y > m: n > 2", "mulai > selesai"],
            ),
            [("no_way_out", "m")],
        ),
        (  # the other branch ends what goes round
            (
                TWO | {"x": ALL, "m": ONE, "y": ONE, "batal": ("endEvent", "", "<b:terminateEventDefinition/>")},
                ["mulai > x", "x > m", "m > a", "a > y", "y > m: n > 1", "y > a", "x > b", "b > batal", "x > selesai"],
            ),
            [],
        ),
        ((TWO | {"lewat": EDGE}, ["mulai > b", "b > a", "a > selesai", "lewat > b"]), []),
        (  # the engine makes the tasks of a round ahead of the time that ends it, without end
            (TWO | {"lewat": EDGE}, ["mulai > b", "b > a", "a > b", "lewat > selesai"]),
            [("cycle_without_exit", "b")],
        ),
        (  # the first to come ends it
            (
                TWO | {"x": ALL, "j": ONE, "henti": ("endEvent", "", "<b:terminateEventDefinition/>")},
                ["mulai > x", *BOTH[2:], "x > a", "x > b", "j > henti", "x > selesai"],
            ),
            [],
        ),
    ],
)
def test_a_split_that_does_not_fit_its_join_is_named_at_the_join(drawn, expected):
    assert said(*drawn) == expected


@pytest.mark.parametrize(
    "event", [LATE, "<b:conditionalEventDefinition><b:condition>n == 3</b:condition></b:conditionalEventDefinition>"]
)
def test_a_join_that_waits_until_something_ends_everything_is_told_as_well(event):
    nodes, ways = between(ONE, ALL, BRANCHES)
    [found] = [each for each in found_in(nodes | {"sisi": aside(event)}, ways) if each.rule in KINDS]
    assert "“j” dapat menunggu sampai “Dibatalkan” menyelanya: cabang dari “b” tidak datang" in found.message


def test_of_a_branch_that_ends_by_itself_the_mend_speaks_and_not_of_gateways_that_fit_each_other():
    nodes = TWO | {"x": ALL, "lewat": EDGE, "habis": ("endEvent", "", ""), "j": ALL}
    ways = ["mulai > x", "x > a", "x > b", "a > j", "b > j", "lewat > habis", "j > selesai"]
    [found] = [each for each in found_in(nodes, ways) if each.rule in KINDS]
    assert (found.rule, "cabang yang berakhir di “habis” ke gabungan itu" in found.mend) == ("deadlock", True)
    assert "gerbang pisah" not in found.mend


def test_what_branches_do_together_is_told_beside_faults_of_their_words():
    nodes, ways = between(ONE, ALL, BRANCHES)
    rules = [each.rule for each in found_in(nodes, [way.replace("n > 1", "n >") for way in ways])]
    assert sorted(rules) == ["deadlock", "expression"]


def test_a_step_that_its_time_takes_back_comes_again_as_often_as_it_is_late():
    users = {"a": ("userTask", "", ""), "b": ("userTask", "", "")}
    case = Play(users | {"lewat": EDGE}, ["mulai > b", "b > a", "a > selesai", "lewat > b"]).start()
    for _ in range(30):
        case.complete("uji_b")
        case.now += timedelta(days=3)
        assert case.fire().open == ["uji_b"]
    assert case.complete("uji_b").complete("uji_a").step.status is InstanceStatus.COMPLETED


def block(chance, nodes, ways, depth):
    """Draw a piece that is sound, and return where it begins and ends."""

    def new(made):
        nodes[name := f"n{len(nodes)}"] = made
        return name

    kind = chance.choice(("task", "row", "loop", ONE, ALL, SOME)) if depth else "task"
    if kind == "task":
        return (new(TASK),) * 2
    if kind == "row":
        first, second = (block(chance, nodes, ways, depth - 1) for _ in range(2))
        ways.append(f"{first[1]} > {second[0]}")
        return first[0], second[1]
    if kind == "loop":
        into, out, after = new(ONE), new(ONE), new(TASK)
        inner = block(chance, nodes, ways, depth - 1)
        ways += [f"{into} > {inner[0]}", f"{inner[1]} > {out}", f"{out} > {into}: n > 1", f"{out} > {after}"]
        return into, after
    split, join = new(kind), new(kind)
    for number in range(chance.choice((2, 3))):
        inner = block(chance, nodes, ways, depth - 1)
        condition = f": n > {number}" if number and kind != ALL else ""
        ways += [f"{split} > {inner[0]}{condition}", f"{inner[1]} > {join}"]
    return split, join


@pytest.mark.parametrize("seed", range(60))
def test_of_a_diagram_whose_every_split_has_its_join_nothing_is_said(seed):
    nodes, ways = {}, []
    first, last = block(random.Random(seed), nodes, ways, 3)
    assert said(nodes, [f"mulai > {first}", *ways, f"{last} > selesai"]) == []
