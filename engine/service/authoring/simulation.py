"""A dry run: plays instances with made-up data before anybody works with the procedure.

Rules see one element and its neighbours; only running shows what several do together. Every form is filled in from its
schema, with other choices in every play; timers fire as soon as they can, and awaited messages arrive. What stops a
play is reported with its element: as an error if it would stop every instance, as a warning if the made-up data may be
the cause.

Plays, moves and state are bounded here; the time of a single move is bounded from outside (``validation_worker``).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from engine.bpmn import expression
from engine.bpmn.causes import in_words
from engine.bpmn.decisions import decide
from engine.bpmn.definition import Definition
from engine.bpmn.executor import Executor, live
from engine.bpmn.fault_location import joins_that_wait
from engine.bpmn.rules.soundness import SHOWN
from engine.forms.defaults import VALUE
from engine.forms.field import Field
from engine.forms.form import Form
from engine.forms.handling import Samples
from engine.forms.kinds import sample
from engine.model.process import InstanceStatus, Message, OpenTask, Snapshot, Transition

Moved = TypeVar("Moved", Transition, Transition | None)
MOST_PLAYS = 12
MOST_MOVES = 1_500
MOST_PASSES = 3  # of one element in one play: a loop that returns often enough is known by then
LARGEST_STATE = 4_000_000
SECONDS = 2.0  # of computing, after which no further play begins

PEOPLE = ("contoh.1", "contoh.2")
NUMBERS = (Decimal(1), Decimal(0), Decimal(10), Decimal(100), Decimal(1_000))
FAULTS = {  # of the engine, by their name in the trace: they stop every instance that gets there
    "EndlessSteps": (
        "trial_endless",
        "Letakkan tugas pengguna atau peristiwa waktu di dalam putaran itu, atau perbaiki syarat keluarnya.",
    ),
    "RecursionError": ("trial_fault", "Bagi alur menjadi beberapa subproses atau call activity."),
    "MemoryError": ("trial_fault", "Kurangi jumlah cabang atau isian yang disiapkan sekaligus."),
}


@dataclass(frozen=True, slots=True)
class SimulationFault:
    """Where and why a play stopped."""

    element_id: str
    cause: str
    rule: str
    mend: str
    certain: bool  # it stops every instance, whatever is filled in


@dataclass
class Simulation:
    """Plays one definition; *watch* is told the element before each move."""

    definition: Definition
    forms: Mapping[str, Form]
    now: datetime
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)  # of its functions.py
    watch: Callable[[str], None] = lambda element_id: None
    passed: set[str] = field(default_factory=set)  # elements that some play passed
    faults: dict[tuple[str, str], SimulationFault] = field(default_factory=dict)

    def run(self) -> list[SimulationFault]:
        """Play until nothing new is seen, and return what stopped the plays."""
        began, seen = time.thread_time(), -1
        for number in range(MOST_PLAYS):
            if time.thread_time() - began > SECONDS or (number > 3 and len(self.passed) == seen):
                break
            if number % 3 == 0:
                seen = len(self.passed)
            _Play(self, number).through(began + SECONDS)
        return list(self.faults.values())

    def note(self, step: Transition) -> None:
        """Remember what a move passed and which incidents it raised."""
        self.passed.update(each.element_id for each in step.passed)
        for incident in step.incidents:
            kind = next((name for name in FAULTS if name in incident.trace.rsplit("\n", 2)[-2]), None)
            rule, mend = FAULTS.get(
                kind or "",
                ("trial_incident", "Periksa ungkapan di unsur itu: apakah berjalan untuk semua isian yang mungkin?"),
            )
            cause = in_words(self.definition, incident).cause
            found = SimulationFault(incident.element_id, cause, rule, mend, kind is not None)
            self.faults.setdefault((found.element_id, found.rule), found)


class _Play:
    """One instance from start to end, with the choices of its number."""

    def __init__(self, simulation: Simulation, number: int) -> None:
        self.on = simulation
        self.number = number
        self.executor = Executor()
        self.revision = 0
        self.now = simulation.now
        self.values: dict[str, Any] = {}
        self.passes: dict[str, int] = {}
        self.asked: dict[str, int] = {}  # counts of choices and passes, by key
        self.fired: set[str] = set()
        self.refused = False  # a form's own check would not have let these values pass
        self.way: list[str] = []  # elements in the order in which they were passed

    def through(self, until: float) -> None:
        """Start, and move on while something moves."""
        definition = self.on.definition
        start = definition.outline.start_event
        self.on.watch(start)
        values = self._filled(self.on.forms.get(start), start)
        step = self._took(self.executor.start(definition, "percobaan", values, self.now, functions=self._functions()))
        for _ in range(MOST_MOVES):
            if len(step.state) > LARGEST_STATE or time.thread_time() > until:
                return
            after = self._moved(step)
            if after is None:
                if step.status is not InstanceStatus.COMPLETED and not (
                    step.open_tasks or step.waiting or step.incidents
                ):
                    self._stuck(step)
                return
            step = after

    def _stuck(self, step: Transition) -> None:
        """Note where a play waits for something that cannot come."""
        definition = self.on.definition
        names = [definition.outline.names.get(each, each) for each in self.way[-SHOWN:]]
        for element_id in joins_that_wait(live(step), definition.kinds) or self.way[-1:]:
            cause = f"di sana ditunggu cabang yang tidak akan datang, sesudah {' → '.join(names)}"
            mend = "Samakan gerbang gabung dengan gerbang pisahnya: eksklusif, paralel, atau inklusif."
            found = SimulationFault(element_id, cause, "trial_deadlock", mend, certain=not self.refused)
            known = self.on.faults.setdefault((element_id, found.rule), found)
            if found.certain and not known.certain:
                self.on.faults[element_id, found.rule] = found

    def _moved(self, step: Transition) -> Transition | None:
        """Return the next step; None if nothing moves any more."""
        ways = [self._complete, self._let_time_pass, self._deliver]
        if self.number % 2:  # every other play, time and messages are faster than people
            ways = [self._let_time_pass, self._deliver, self._complete]
        return next((after for way in ways if (after := way(step)) is not None), None)

    def _complete(self, step: Transition) -> Transition | None:
        task = next((each for each in step.open_tasks if self._may_pass(each.element_id, each)), None)
        if task is None:
            return None
        self.on.watch(task.element_id)
        user_task = self.on.definition.outline.task(task.element_id)
        values = self._filled(self.on.forms.get(user_task.form), task.element_id)
        version = self.passes[task.element_id]
        documents = {each.data_object_id: {"versi": version} for each in user_task.outputs}
        return self._took(self._computed(self.executor.complete, step, task.id, values, documents))

    def _may_pass(self, element_id: str, task: OpenTask) -> bool:
        """Whether this element was not passed too often in this play; items of one activity count as one."""
        key = element_id if task.item is None else f"{element_id}/{task.item}"
        self.passes[element_id] = self.passes.get(element_id, 0) + 1
        self.asked[f"pass {key}"] = passes = self.asked.get(f"pass {key}", 0) + 1
        return passes <= MOST_PASSES

    def _let_time_pass(self, step: Transition) -> Transition | None:
        timer = next((each for each in step.timers if each.task_id not in self.fired), None)
        if timer is None:
            return None
        self.fired.add(timer.task_id)
        self.on.watch(timer.element_id)
        self.now = max(self.now, timer.due_at) + timedelta(seconds=1)
        return self._took(self._computed(self.executor.fire_timers, step))

    def _deliver(self, step: Transition) -> Transition | None:
        for each in step.subscribed:
            if each.correlation or each.task_id in self.fired:
                continue  # a conversation's values cannot be made up
            self.fired.add(each.task_id)
            self.on.watch(each.element_id)
            message = Message(each.name, each.kind, {})
            try:
                after = self._computed(self.executor.deliver, step, message)
            except ValueError:
                continue  # its payload cannot be made up either
            if after is not None:
                return self._took(after)
        return None

    def _computed(self, move: Callable[..., Moved], step: Transition, *given: Any) -> Moved:
        """Return what the executor's *move* makes of *step*."""
        snapshot = Snapshot("percobaan", self.revision, step.state)
        return move(self.on.definition, snapshot, *given, self.now, functions=self._functions())

    def _took(self, step: Transition) -> Transition:
        self.revision += 1
        self.executor.keep(step, self.revision)
        self.way += (each.element_id for each in step.passed)
        self.on.note(step)
        return step

    def _functions(self) -> dict[str, Callable[..., Any]]:
        """Return the functions of expressions: calendar days as working days, and no earlier instances."""
        now = self.now
        return {
            "hari_kerja": lambda count: now + timedelta(days=int(count)),
            "hari_kerja_sesudah": lambda day, count: day + timedelta(days=int(count)),
            "putusan": partial(decide, self.on.definition.tables, self.on.functions),
            "register": lambda register_id: [],
            "terdahulu": lambda document, started_with: [],
            **self.on.functions,
        }

    # ── made-up data ────────────────────────────────────────────────────────────────────────────────────────────────

    def _filled(self, form: Form | None, element_id: str) -> dict[str, Any]:
        """Return the values of a form that the diagram reads, as this play fills it in."""
        if form is None:
            return {}
        now = self.now.replace(microsecond=0)
        samples = Samples(now.date(), now.time(), PEOPLE, NUMBERS, self._chosen, _length)
        made = {each.name: sample(each, samples, f"{element_id}.{each.name}") for each in form.tree}
        for each in form.tree:
            if each.conditional and not any(all(c.holds(made) for c in way) for way in each.when):
                made[each.name] = None
            elif each.computed is not None:
                made[each.name] = self._told(each.computed, made, made[each.name])
        for each in form.tree:
            given = {**made, VALUE: made[each.name]}
            self.refused |= any(self._told(check.expression, given, True) is False for check in each.checks)
        self.values |= made
        return {name: value for name, value in made.items() if name in self.on.definition.outline.needed_names}

    def _told(self, text: str, made: Mapping[str, Any], otherwise: Any) -> Any:
        """Return the value of a form's expression, or *otherwise* if it fails."""
        names = {**self.values, **made, "hari_ini": self.now.date(), "pelaku": PEOPLE[0], "butir": PEOPLE[0]}
        try:
            return expression.compile(text).evaluate(names, self._functions())
        except expression.ExpressionError:
            return otherwise

    def _chosen(self, options: Sequence[Any], path: str) -> Any:
        """Return one of *options*: plays differ in their choices, and so does each pass of one play."""
        if not options:
            return None
        place = self.asked.setdefault(f"choice {path}", len([k for k in self.asked if k.startswith("choice ")]))
        passes = self.asked[f"times {path}"] = self.asked.get(f"times {path}", -1) + 1
        return options[((self.number >> place) + passes) % len(options)]


def _length(each: Field) -> int:
    return min(max(each.min_items, 2), each.max_items if each.max_items is not None else 2)
