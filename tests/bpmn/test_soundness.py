"""What a designer hears of branches that never meet, meet unawaited, or go round for ever."""

import random

import pytest

from engine.bpmn import rules
from tests.service.drawing import gateway, procedure, process

TASK = ("manualTask", "", "")
ONE, ALL, SOME = gateway(), gateway("parallel"), gateway("inclusive")
BRANCHES = ["x > a: n > 1", "x > b", "a > j", "b > j"]
BOTH = [each.partition(":")[0] for each in BRANCHES]
TWO = {"a": TASK, "b": TASK}
ROUND = ["mulai > m", "m > a", "a > x", "x > m: n > 1", "x > b", "b > selesai"]


def said(nodes, ways):
    """What is said of a diagram's soundness: rule and element."""
    found = rules.check(procedure(process("uji", nodes, ways)), "uji", None)
    kinds = {"deadlock", "doubled", "no_way_out"}
    return [(each.rule, each.element_id.removeprefix("uji_")) for each in found if each.rule in kinds]


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
    ],
)
def test_a_split_that_does_not_fit_its_join_is_named_at_the_join(drawn, expected):
    assert said(*drawn) == expected


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
