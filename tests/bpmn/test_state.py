"""The codec: types survive, hostile names mean nothing, and states of earlier releases are still read."""

import base64
import json
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import IntEnum
from pathlib import Path

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from SpiffWorkflow.util.task import TaskState

from engine.bpmn import definition, state
from engine.bpmn.executor import Executor, live
from engine.model.process import InstanceStatus, Message, MessageKind, Snapshot, WaitKind
from tests.bpmn.office import NOW, Instance, load

EDGES = Path(__file__).parent / "golden" / "state-1-edges.json"
JOINS = Path(__file__).parent / "golden" / "state-1-joins.json"
GOLDEN = Path(__file__).parent / "golden" / "state-1.json"

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(max_size=40)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.dates()
    | st.datetimes(timezones=st.just(UTC))
    | st.times()
    | st.timedeltas(timedelta(days=-1000), timedelta(days=1000))
    | st.uuids()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)


@given(values)
def test_every_value_that_a_form_yields_comes_back_as_it_was(value):
    back = state.unpack(state.pack(value))
    assert back == value
    assert type(back) is type(value)


class Size(IntEnum):
    LARGE = 3


@pytest.mark.parametrize(("value", "kept"), [(InstanceStatus.RUNNING, "running"), (Size.LARGE, 3)])
def test_of_a_word_of_the_engine_its_text_is_kept(value, kept):
    back = state.unpack(state.pack({"nilai": value}))["nilai"]
    assert (back, type(back)) == (kept, type(kept))


def test_a_value_of_a_later_release_is_refused():
    with pytest.raises(state.UnknownState, match="unknown extension type 9"):
        state.unpack(msgpack.packb(msgpack.ExtType(9, b"")))


@pytest.mark.parametrize("value", [object(), 3 + 2j, datetime(2025, 1, 1), lambda: None])  # noqa: DTZ001
def test_what_no_form_yields_is_refused_by_name(value):
    with pytest.raises(TypeError, match=r"cannot hold|naive"):
        state.pack(value)


@pytest.mark.parametrize("text", [b"", b"\x00", b"\xc1" * 20, b"{}", b"\x95" + b"\x90" * 5])
def test_bytes_that_are_no_state_are_refused(text):
    with pytest.raises((state.UnknownState, ValueError)):
        state.load(load("parallel_branches_join"), text)


def test_a_state_of_a_library_that_is_no_text_is_refused():
    held = state.pack([state.VERSION, 3, [], [], {}])
    with pytest.raises(state.UnknownState, match="library 3"):
        state.load(load("parallel_branches_join"), held)


def test_the_state_holds_no_specification_and_stays_small():
    case = Instance("parallel_items_have_performers").start().complete("tunjuk", orang=[f"o{n}" for n in range(200)])
    assert len(case.step.open_tasks) == 200
    assert len(case.step.state) < 200 * 160
    assert b"conditionExpression" not in case.step.state


orders = st.lists(st.sampled_from(["ulang", "cukup"]), max_size=6)


@settings(deadline=None, max_examples=25)
@given(orders, st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True), st.randoms())
def test_dropping_finished_work_changes_nothing_that_anybody_sees(rounds, people, random):
    """Any number of rounds, any order: live and dropped, restored and not dropped, the same steps."""
    one = Instance("parallel_items_have_performers", live=True).start()
    other = Instance("parallel_items_have_performers", drop_finished=False).start()

    def both(element_id, item=None, **given_values):
        for case in (one, other):
            case.complete(element_id, item, **given_values)
        assert one.open == other.open
        assert one.step.status == other.step.status
        assert [(p.element_id, p.flows) for p in one.step.passed] == [
            (p.element_id, p.flows) for p in other.step.passed
        ]

    both("tunjuk", orang=people)
    for decision in [*rounds, "cukup"]:
        items = [t.item for t in one.step.open_tasks]
        random.shuffle(items)
        for item in items:
            both("isi", item)
        again = random.sample(people, k=random.randint(1, len(people)))
        both("rapikan", putusan=decision, orang=again)
        if decision == "cukup":
            break
    assert one.step.status is InstanceStatus.COMPLETED


def test_after_fifty_loops_the_state_is_as_small_as_after_one():
    case = Instance("parallel_items_have_performers", live=True).start().complete("tunjuk", orang=["ann"])
    sizes = []
    for _ in range(50):
        case.complete("isi").complete("rapikan", putusan="ulang", orang=["ann"])
        sizes.append(len(case.step.state))
    assert max(sizes[1:]) <= sizes[1] * 1.1


def test_a_state_of_an_earlier_release_is_still_read():
    """If this fails, running instances of the offices would not survive the upgrade."""
    golden = json.loads(GOLDEN.read_text())
    for name, held in golden.items():
        case = Instance(name)
        snapshot = Snapshot("i", 1, base64.b64decode(held["state"]))
        step = case.executor.complete(case.definition, snapshot, held["task"], held["values"], {}, NOW)
        assert [t.element_id for t in step.open_tasks] == held["then_open"]


@pytest.mark.parametrize("name", json.loads(JOINS.read_text()))
def test_who_waited_at_a_join_in_an_earlier_release_waits_there_still(name):
    held = json.loads(JOINS.read_text())[name]
    loaded = definition.load({"processes/model/model.bpmn": held["diagram"].encode()}, "model")
    executor = Executor()
    snapshot = Snapshot("i", 1, base64.b64decode(held["state"]))
    [wait] = executor.waits(loaded, snapshot.state)
    assert (wait.kind, wait.since.year, len(wait.missing)) == (WaitKind.BRANCHES, 2026, 1)
    step = executor.complete(loaded, snapshot, held["task"], held["values"], {}, NOW)
    assert ([t.element_id for t in step.open_tasks], step.incidents) == (["task4"], ())
    waiting = [task.task_spec.name for task in live(step).every_task() if task._state == TaskState.WAITING]
    assert waiting == [], "each of the three came once"


def test_the_golden_state_holds_every_type():
    content = base64.b64decode(json.loads(GOLDEN.read_text())["sequential_items_come_one_by_one"]["state"])
    workflow = state.load(load("sequential_items_come_one_by_one"), content)
    kinds = {type(value) for task in workflow.tasks.values() for value in task.data.values()}
    assert {Decimal, date, datetime, time, timedelta, uuid.UUID, tuple, set, list, dict, str, bool} <= kinds


def test_reminders_and_questions_of_an_earlier_release_come_again_and_take_nothing_away():
    held = json.loads(EDGES.read_text())
    loaded = {
        name: definition.load({"processes/uji/uji.bpmn": each["diagram"].encode()}, "uji")
        for name, each in held.items()
    }
    executor = Executor(drop_finished=False)

    def snapshot(name):
        return Snapshot("i", 1, base64.b64decode(held[name]["state"]))

    name = "a reminder that repeats"
    step = executor.fire_timers(loaded[name], snapshot(name), NOW + timedelta(hours=3))
    assert sorted(task.element_id for task in step.open_tasks) == ["uji_a", "uji_c", "uji_c", "uji_c"]
    [at_work] = [task.id for task in step.open_tasks if task.element_id == "uji_a"]
    step = executor.complete(loaded[name], Snapshot("i", 2, step.state), at_work, {}, {}, NOW)
    assert [task.element_id for task in step.open_tasks] == ["uji_c", "uji_c", "uji_c"]
    name = "a question at work"
    step = executor.deliver(loaded[name], snapshot(name), Message("tanya", MessageKind.MESSAGE, {}), NOW)
    assert sorted(task.element_id for task in step.open_tasks) == ["uji_a", "uji_c", "uji_c"]
