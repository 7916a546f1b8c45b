"""Alur's engine against the standard: models are played on both sides, move for move (see ``reference``).

After every move of the engine the reference tells everything that the standard allows, and what the engine shows must
be among it: the open tasks, timers and awaited messages by element, what was passed and sent in that move and how
often, and whether the instance is over. Nothing may become an incident.

The engine runs in one of four modes: its instance lives on between moves or is restored from its bytes before each, and
finished work is dropped or kept.
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from engine.bpmn import definition
from engine.bpmn.executor import Executor
from engine.model.process import InstanceStatus, Message, MessageKind, Snapshot, Subscription, Transition
from tests.bpmn.models import (
    FEATURES,
    Catch,
    Choose,
    Drawing,
    Edge,
    Fork,
    Include,
    Leave,
    Repeat,
    Script,
    Send,
    Side,
    Sub,
    Task,
    Throw,
    condition,
    drawings,
    models,
    scope_of,
    xml_of,
)
from tests.bpmn.office import NOW
from tests.bpmn.reference import Event, Reference, Scope, Seen, Several, TooManyWorlds

NOT_COMPARED = {"subProcess", "callActivity", "multiInstance", "eventBasedGateway", "process"}
MODES = [(live, drop) for live in (True, False) for drop in (True, False)]


@dataclass(repr=False)
class EngineSide:
    """The engine, seen as the reference is."""

    process: Scope
    live: bool = True
    drop_finished: bool = True
    minute: int = 0
    revision: int = 1
    awaited: set[Subscription] = field(default_factory=set)
    step: Transition = None

    def __post_init__(self) -> None:
        files = {f"processes/{self.process.id}/{self.process.id}.bpmn": xml_of(self.process)}
        self.definition = definition.load(files, self.process.id)
        self.executor = Executor(drop_finished=self.drop_finished)

    @property
    def now(self):
        return NOW + timedelta(minutes=self.minute)

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot("i", self.revision, self.step.state)

    def start(self, names) -> Seen:
        return self.took(self.executor.start(self.definition, "i", dict.fromkeys(names, 0), self.now))

    def complete(self, element: str, name: str, value: int) -> Seen:
        task = next(task for task in self.step.open_tasks if task.element_id == element)
        return self.took(self.executor.complete(self.definition, self.snapshot, task.id, {name: value}, {}, self.now))

    def fire(self, minute: int) -> Seen:
        self.minute = minute
        return self.took(self.executor.fire_timers(self.definition, self.snapshot, self.now))

    def deliver(self, kind: str, name: str) -> Seen:
        message = Message(name, MessageKind(kind))
        step = self.executor.deliver(self.definition, self.snapshot, message, self.now)
        assert step is not None, f"{kind} {name} is awaited, yet nobody caught it"
        return self.took(step)

    def took(self, step: Transition) -> Seen:
        __tracebackhide__ = True
        self.step = step
        self.revision += 1
        self.awaited = (self.awaited | step.subscribed) - step.unsubscribed
        if self.live:
            self.executor.keep(step, self.revision)
        assert not step.incidents, step.incidents[0].trace
        return Seen(
            open=Counter(task.element_id for task in step.open_tasks),
            timers=Counter((t.element_id, round((t.due_at - NOW).total_seconds() / 60)) for t in step.timers),
            awaited=Counter((each.element_id, each.name) for each in self.awaited),
            passed=Counter(p.element_id for p in step.passed if p.kind not in NOT_COMPARED),
            sent=Counter((message.kind.value, message.name) for message in step.thrown),
            completed=step.status is InstanceStatus.COMPLETED,
        )


def play(process: Scope, moves, *, live=True, drop_finished=True, engine=None) -> list[Seen]:
    """Play *process* on both sides; each move is a pair of numbers: which of those that are possible, and the value.

    A move may also be written out: ``("task1", 1)``, ``("message", "m")``, ``("signal", "s")``, ``"time"``.
    """
    __tracebackhide__ = True
    standard = Reference(process)
    engine = engine or EngineSide(process, live, drop_finished)
    told, moved = [], []

    def compare(move, allowed: list[Seen], shown: Seen) -> None:
        __tracebackhide__ = True
        told.append(shown)
        moved.append(f"{move}\n    {_brief(shown)}")
        if shown not in allowed:
            lines = [*moved, "but the standard allows", *(f"    {_brief(each)}" for each in allowed[:5])]
            raise AssertionError("\n".join(lines))
        standard.keep(shown)

    names = {"w", "x", *(node.id for node in standard.nodes.values() if node.kind == "userTask")}
    compare("start", standard.start(), engine.start(names))
    for move in moves:
        possible = _possible(told[-1])
        if not possible:
            break
        if isinstance(move, tuple) and isinstance(move[0], int):
            kind, what = possible[move[0] % len(possible)]
            value = move[1]
        else:
            kind, what, value = _written(move, possible)
        match kind:
            case "complete":
                name = what
                if standard.nodes[what].sets:
                    name, value = "w", value + 10 * len(told)
                allowed, shown = standard.complete(what, value), engine.complete(what, name, value)
            case "time":
                allowed, shown = standard.fire(what), engine.fire(what)
            case _:
                allowed, shown = standard.deliver(kind, what), engine.deliver(kind, what)
        compare((kind, what, value), allowed, shown)
    return told


def _possible(seen: Seen) -> list[tuple[str, object]]:
    """Return the moves that are possible: completing first, so that a play shrinks to that."""
    found = [("complete", element) for element in sorted(seen.open)]
    found += sorted({("message" if name.startswith("m") else "signal", name) for _, name in seen.awaited})
    return found + ([("time", min(due for _, due in seen.timers))] if seen.timers else [])


def _written(move, possible):
    if move == "time":
        return (*next(each for each in possible if each[0] == "time"), 0)
    if move[0] in {"message", "signal"}:
        return (*move, 0)
    return "complete", *move


def _brief(seen: Seen) -> str:
    def told(counts):
        return " ".join(
            f"{n if n > 1 else ''}{'/'.join(map(str, key)) if isinstance(key, tuple) else key}"
            for key, n in sorted(counts.items())
        )

    parts = {name: told(getattr(seen, name)) for name in ("open", "timers", "awaited", "passed", "sent")}
    return "; ".join(f"{name}: {text}" for name, text in parts.items() if text) + ("; over" if seen.completed else "")


# ── random models ───────────────────────────────────────────────────────────────────────────────────────────────────

MODELS = 3000 if os.environ.get("HYPOTHESIS_PROFILE") == "endurance" else 150
plays = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 3)), max_size=12)
moderate = settings(
    max_examples=int(os.environ.get("ALUR_MODELS_COUNT", MODELS)),
    derandomize=MODELS < 1000,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@moderate
@given(models(FEATURES), plays, st.sampled_from(MODES))
def test_blocks_in_blocks_run_as_the_standard_says(model, moves, mode):
    _play_on(scope_of(*model), moves, mode)


@moderate
@given(drawings(FEATURES), plays, st.sampled_from(MODES))
def test_free_drawings_run_as_the_standard_says(drawing, moves, mode):
    _play_on(drawing.scope(), moves, mode)


def _play_on(process, moves, mode):
    """Play the drawn moves, and then on by what is first each time, so that a short play reaches the end as well."""
    live, drop_finished = mode
    try:
        play(process, [*moves, *[(0, 0)] * 10], live=live, drop_finished=drop_finished)
    except TooManyWorlds:
        reject()


# ── what was found ──────────────────────────────────────────────────────────────────────────────────────────────────

TIMER = Event("timer", minutes=10)
MESSAGE = Event("message", "m1")
SIGNAL = Event("signal", "s1")
ESCALATION = Event("escalation", "esc")
ERROR = Event("error", "err")
TURNS_ONE = Event("conditional", condition=condition("w", 1))
TWO_TASKS = [[Task()], [Task()]]


@dataclass
class Found:
    """A model on which a version of the engine, or one with a small fault put into it, differed from the standard."""

    body: list | Drawing
    moves: list
    sides: list = field(default_factory=list)


FOUND = {
    # joins in loops
    "two approvals, again in the other order": Found(
        [Repeat([Fork(TWO_TASKS), Task()])],
        [("task1", 0), ("task2", 0), ("task3", 0), ("task4", 1), ("task2", 0), ("task1", 0), ("task3", 0)],
    ),
    "two approvals and a letter, again in the other order": Found(
        [Repeat([Fork([[Task(), Send()], [Task(), Send()]]), Send()])],
        [("task1", 0), ("task2", 0), ("task3", 1), ("task2", 0), ("task1", 0), ("task3", 1), ("task1", 0)],
    ),
    "two approvals in a loop in a sub-process": Found(
        [Sub([Repeat([Fork(TWO_TASKS)])])],
        [("task1", 0), ("task2", 0), ("task3", 1), ("task2", 0), ("task1", 0), ("task3", 1), ("task1", 0)],
    ),
    "two chosen approvals, again in the other order": Found(
        [Repeat([Include(TWO_TASKS)])],
        [("task1", 2), ("task2", 0), ("task3", 0), ("task4", 1), ("task1", 2), ("task3", 0), ("task2", 0)],
    ),
    # inclusive joins
    "an inclusive join waits for a branch that stands behind a second choice": Found(
        [Include([[Task()], [Choose([[Task()], [Choose([[Task()], [Task()]])]])]])],
        [("task1", 2), ("task3", 1), ("task5", 1), ("task2", 0)],
    ),
    "an inclusive pair inside another": Found(
        [Include([[Include(TWO_TASKS)], [Task()]])],
        [("task1", 2), ("task2", 2), ("task5", 0), ("task3", 0), ("task4", 0)],
    ),
    "an inclusive join does not wait for who may come by a flow that has a token already": Found(
        Drawing(
            (
                ("and", (1, 2)),
                ("send", (3,)),
                ("xor", (3, 4)),
                ("merge", (5,)),
                ("send", (5,)),
                ("join", (6,)),
                ("task", (7,)),
            )
        ),
        [("task1", 1), ("task2", 0), ("task2", 0)],
    ),
    "a join that one branch leads straight into waits for the branch beside it": Found(
        Drawing((("and", (1, 2)), ("join", (3,)), ("task", (1,)), ("task", (4,)))), [("task1", 0), ("task2", 0)]
    ),
    "two flows from a choice straight into its join are joined": Found(
        Drawing((("or", (1, 1)), ("join", (2,)), ("task", (3,)))), [("task1", 2), ("task2", 0)]
    ),
    # interruptions are instant
    "an escalation ends its sub-process before the next step": Found(
        [Sub([Task(), Throw(ESCALATION), Script(), Send()], edges=[Edge(ESCALATION, [Task()])])],
        [("task1", 0), ("task2", 0)],
    ),
    "a signal ends the sub-process that threw it": Found(
        [Sub([Task(), Throw(SIGNAL), Script(), Send()], edges=[Edge(SIGNAL, [Task()])])],
        [("task1", 0), ("task2", 0)],
    ),
    "a value ends the sub-process in which it is set": Found(
        [Sub([Task(), Script(1), Send()], edges=[Edge(TURNS_ONE, [Task()])])],
        [("task1", 0), ("task2", 0)],
    ),
    "an escalation begins an event sub-process before the next step": Found(
        [Task(), Throw(ESCALATION), Send()], [("task1", 0), ("task2", 0)], [Side(ESCALATION, [Task()])]
    ),
    "a signal begins an event sub-process before the next step": Found(
        [Task(), Throw(SIGNAL), Script(), Send()], [("task1", 0), ("task2", 0)], [Side(SIGNAL, [Task()])]
    ),
    "a value begins an event sub-process before the next step": Found(
        [Task(sets=True), Script(), Send()], [("task1", 1), ("task2", 0)], [Side(TURNS_ONE, [Task()])]
    ),
    "an error in one branch ends the other": Found(
        [
            Sub([Fork([[Leave(ERROR)], [Task(), Script(), Send()]])], edges=[Edge(ERROR, [Task()])]),
        ],
        [("task1", 1), ("task3", 0)],
    ),
    "a signal of one sub-process ends another at once": Found(
        [
            Fork(
                [
                    [Sub([Task(), Throw(SIGNAL), Send()])],
                    [Sub([Catch(SIGNAL), Script(), Send(), Task()], edges=[Edge(SIGNAL, [Task()])])],
                ]
            )
        ],
        [("task1", 0)],
    ),
    "a signal from outside ends a sub-process in which it is waited for": Found(
        [Sub([Catch(SIGNAL), Send()], edges=[Edge(SIGNAL)])], [("signal", "s1")]
    ),
    # several tokens on one flow
    "a join does not take two tokens of one branch for two branches": Found(
        [Fork([[Send()], [Task(edges=[Edge(TIMER, interrupting=False, joins=True)])]])], ["time", ("task1", 0)]
    ),
    "what is too much at a join stays there": Found(
        [Fork([[Task(edges=[Edge(TIMER, interrupting=False, joins=True)])], [Task()]]), Task()],
        ["time", ("task1", 0), ("task2", 0), ("task3", 0)],
    ),
    "a fork that is passed twice opens its ways twice": Found(
        [Task(edges=[Edge(TIMER, interrupting=False, joins=True)]), Fork(TWO_TASKS)],
        ["time", ("task1", 0), ("task2", 0), ("task3", 0), ("task3", 0), ("task2", 0)],
    ),
    "a join that is passed twice opens the step behind it twice": Found(
        Drawing(
            (
                ("and", (1, 2)),
                ("task", (3,)),
                ("task", (3,)),
                ("merge", (4,)),
                ("and", (5, 6)),
                ("task", (7,)),
                ("send", (7,)),
            )
        ),
        [("task1", 0), ("task2", 0), ("task3", 0), ("task3", 0)],
    ),
    "a parallel gateway waits for the way back that leads into it": Found(
        Drawing((("and", (1,)), ("xor", (2, 0)))), []
    ),
    # multi-instances behind boundary events
    "several in parallel behind a boundary event": Found(
        [Task(edges=[Edge(TIMER, [Task(several=Several("parallel", 2))])])],
        ["time", ("task2", 0), ("task2", 0)],
    ),
    "several in turn behind a boundary event": Found(
        [Task(edges=[Edge(TIMER, [Task(several=Several("sequential", 2))])])],
        ["time", ("task2", 0), ("task2", 0)],
    ),
    "several in parallel behind a task with a boundary event": Found(
        [Task(edges=[Edge(TIMER)]), Task(several=Several("parallel", 2))],
        [("task1", 0), ("task2", 0), ("task2", 0)],
    ),
    "several in turn behind a task with a boundary event": Found(
        [Task(edges=[Edge(TIMER)]), Task(several=Several("sequential", 2))],
        [("task1", 0), ("task2", 0), ("task2", 0)],
    ),
    "an error of one item ends them all": Found(
        [Sub([Leave(ERROR), Task()], several=Several("parallel", 2), edges=[Edge(ERROR, [Task()])])],
        [("task1", 0), ("task1", 1), ("task3", 0)],
    ),
    "an escalation of each item is caught at their common edge": Found(
        [
            Sub(
                [Throw(ESCALATION), Task()],
                several=Several("parallel", 2),
                edges=[Edge(ESCALATION, [Task()], interrupting=False)],
            )
        ],
        [("task1", 0), ("task2", 0), ("task2", 0), ("task1", 0)],
    ),
    "an item that terminates ends only itself": Found(
        [Sub([Leave(Event("terminate")), Task()], several=Several("parallel", 2)), Task()],
        [("task1", 1), ("task1", 0), ("task2", 0), ("task3", 0)],
    ),
    "nothing to do several times is done at once": Found(
        [Task(several=Several("parallel", 0)), Task(several=Several("sequential", 0)), Task()], [("task3", 0)]
    ),
    "a condition that holds before the last item ends the rest": Found(
        [Task(several=Several("parallel", 3, condition("", 1))), Task()], [("task1", 0), ("task1", 1), ("task2", 0)]
    ),
    "a loop that tests before may never begin": Found(
        [Task(several=Several("loop", 3, condition("", 1), test_before=True)), Task()], [("task2", 0)]
    ),
    # boundary events that do not interrupt
    "a boundary message that comes twice": Found(
        [Task(edges=[Edge(MESSAGE, [Task()], interrupting=False)])],
        [("message", "m1"), ("message", "m1"), ("task2", 0), ("task2", 0), ("task1", 0)],
    ),
    "a boundary signal that comes twice": Found(
        [Task(edges=[Edge(SIGNAL, [Task()], interrupting=False)])],
        [("signal", "s1"), ("task2", 0), ("signal", "s1"), ("task2", 0), ("task1", 0)],
    ),
    "a boundary signal that is thrown twice": Found(
        [Sub([Throw(SIGNAL), Task(), Throw(SIGNAL), Task()], edges=[Edge(SIGNAL, [Task()], interrupting=False)])],
        [("task1", 0), ("task3", 0), ("task3", 0), ("task2", 0)],
    ),
    "an escalation that is thrown twice": Found(
        [
            Sub(
                [Throw(ESCALATION), Task(), Throw(ESCALATION), Task()],
                edges=[Edge(ESCALATION, [Task()], interrupting=False)],
            )
        ],
        [("task1", 0), ("task3", 0), ("task3", 0), ("task2", 0)],
    ),
    # boundary events at the same time
    "of two boundary timers that are due at once, one takes the token": Found(
        [Task(edges=[Edge(TIMER, [Send()]), Edge(TIMER, [Task()])])], ["time"]
    ),
    "of two boundary events that hear one signal, one takes the token": Found(
        [Task(edges=[Edge(SIGNAL, [Send()]), Edge(SIGNAL, [Task()])])], [("signal", "s1")]
    ),
    "a timer of a sub-process ends it together with the timer at its edge": Found(
        [Sub([Task()], edges=[Edge(TIMER, [Task()])], sides=[Side(TIMER, [Send()])])], ["time"]
    ),
    # event sub-processes
    "an event sub-process that names the code is nearer than one for every code": Found(
        [Throw(ESCALATION), Task()],
        [("task1", 0), ("task2", 0)],
        [Side(Event("escalation"), [Send()], interrupting=False), Side(ESCALATION, [Task()], interrupting=False)],
    ),
    "a task in an event sub-process of a called process is open": Found(
        [Sub([Task()], called=True, sides=[Side(MESSAGE, [Task()], interrupting=False)])],
        [("message", "m1"), ("task2", 0), ("message", "m1"), ("task1", 0), ("task2", 0)],
    ),
    # conditional events
    "a condition sees what is set inside its activity": Found(
        [Sub([Task(sets=True), Task()], edges=[Edge(TURNS_ONE, [Task()])])], [("task1", 1), ("task3", 0)]
    ),
    "a condition at an edge sees what another branch sets": Found(
        [Fork([[Task(sets=True)], [Task(edges=[Edge(TURNS_ONE, [Task()])])]])], [("task1", 1), ("task3", 0)]
    ),
    "a condition that is waited for sees what another branch sets": Found(
        [Fork([[Task(sets=True)], [Catch(TURNS_ONE), Task()]])], [("task1", 1), ("task2", 0)]
    ),
    "a condition that turns true twice": Found(
        [Repeat([Task(sets=True)])],
        [("task1", 1), ("task2", 1), ("task1", 0), ("task2", 1), ("task1", 1), ("task3", 0), ("task3", 0)],
        [Side(TURNS_ONE, [Task()], interrupting=False)],
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_stays_right(name):
    found = FOUND[name]
    for live, drop_finished in MODES:
        model = found.body.scope() if isinstance(found.body, Drawing) else scope_of(found.body, found.sides)
        play(model, found.moves, live=live, drop_finished=drop_finished)
