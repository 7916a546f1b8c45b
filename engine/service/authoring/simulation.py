"""Simulates instances of a procedure with made-up data before it is deployed.

Rules check an element and its neighbours; only running shows what several elements do together. Forms are filled in
from their schemas, with other choices in each play; timers fire at once, and awaited messages arrive. If a play stops,
its element is reported: as an error if every instance would stop there, as a warning if the made-up data may be the
cause.

The number of plays and moves and the size of the state are limited here, the time of a move by ``validation_worker``.
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
MOST_PASSES = 3  # of one element in one play, which is enough to know a loop
LARGEST_STATE = 4_000_000
SECONDS = 2.0  # of computing, after which no further play begins

PEOPLE = ("contoh.1", "contoh.2")
NUMBERS = (Decimal(1), Decimal(0), Decimal(10), Decimal(100), Decimal(1_000))
FAULTS = {  # errors of the engine, by name in the trace, which stop every instance that gets there
    "EndlessSteps": (
        "trial_endless",
        "Letakkan tugas pengguna atau peristiwa waktu di dalam putaran itu, atau perbaiki syarat keluarnya.",
    ),
    "RecursionError": ("trial_fault", "Bagi alur menjadi beberapa subproses atau call activity."),
    "MemoryError": ("trial_fault", "Kurangi jumlah cabang atau isian yang disiapkan sekaligus."),
}


@dataclass(frozen=True, slots=True)
class SimulationFault:
    """Where and why a play stopped; *certain* if every instance stops there, whatever is filled in."""

    element_id: str
    cause: str
    rule: str
    mend: str
    certain: bool


@dataclass
class Simulation:
    """Plays one definition; *watch* gets the element before each move."""

    definition: Definition
    forms: Mapping[str, Form]
    now: datetime
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)  # of its functions.py
    watch: Callable[[str], None] = lambda element_id: None
    passed: set[str] = field(default_factory=set)  # elements that some play passed
    faults: dict[tuple[str, str], SimulationFault] = field(default_factory=dict)

    def run(self) -> list[SimulationFault]:
        """Play until no new elements are passed; return the faults."""
        began, seen = time.thread_time(), -1
        for number in range(MOST_PLAYS):
            if time.thread_time() - began > SECONDS or (number > 3 and len(self.passed) == seen):
                break
            if number % 3 == 0:
                seen = len(self.passed)
            _Play(self, number).run(began + SECONDS)
        return list(self.faults.values())

    def note(self, step: Transition) -> None:
        """Add the elements that a move passed, and its incidents."""
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
    """One instance, with choices that depend on its number."""

    def __init__(self, simulation: Simulation, number: int) -> None:
        self.on = simulation
        self.number = number
        self.executor = Executor()
        self.revision = 0
        self.now = simulation.now
        self.values: dict[str, Any] = {}
        self.passes: dict[str, int] = {}
        self.counts: dict[str, int] = {}  # of choices and passes, by key
        self.fired: set[str] = set()
        self.refused = False  # a check of a form would have refused these values
        self.way: list[str] = []  # elements in the order in which they were passed

    def run(self, until: float) -> None:
        """Start, and move while anything can move."""
        definition = self.on.definition
        start = definition.outline.start_event
        self.on.watch(start)
        values = self._filled(self.on.forms.get(start), start)
        step = self._noted(self.executor.start(definition, "percobaan", values, self.now, functions=self._functions()))
        for _ in range(MOST_MOVES):
            if len(step.state) > LARGEST_STATE or time.thread_time() > until:
                return
            after = self._next(step)
            if after is None:
                if step.status is not InstanceStatus.COMPLETED and not (
                    step.open_tasks or step.waiting or step.incidents
                ):
                    self._stuck(step)
                return
            step = after

    def _stuck(self, step: Transition) -> None:
        """Report the elements at which a play waits for something that cannot come."""
        definition = self.on.definition
        names = [definition.outline.names.get(each, each) for each in self.way[-SHOWN:]]
        for element_id in joins_that_wait(live(step), definition.kinds) or self.way[-1:]:
            cause = f"di sana ditunggu cabang yang tidak akan datang, sesudah {' → '.join(names)}"
            mend = "Samakan gerbang gabung dengan gerbang pisahnya: eksklusif, paralel, atau inklusif."
            found = SimulationFault(element_id, cause, "trial_deadlock", mend, certain=not self.refused)
            known = self.on.faults.setdefault((element_id, found.rule), found)
            if found.certain and not known.certain:
                self.on.faults[element_id, found.rule] = found

    def _next(self, step: Transition) -> Transition | None:
        ways = [self._complete, self._let_time_pass, self._deliver]
        if self.number % 2:  # in every other play, time and messages are faster than people
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
        return self._noted(self._computed(self.executor.complete, step, task.id, values, documents))

    def _may_pass(self, element_id: str, task: OpenTask) -> bool:
        """Count a pass; return False after MOST_PASSES. Each item of an activity is counted separately."""
        key = element_id if task.item is None else f"{element_id}/{task.item}"
        self.passes[element_id] = self.passes.get(element_id, 0) + 1
        self.counts[f"pass {key}"] = passes = self.counts.get(f"pass {key}", 0) + 1
        return passes <= MOST_PASSES

    def _let_time_pass(self, step: Transition) -> Transition | None:
        timer = next((each for each in step.timers if each.task_id not in self.fired), None)
        if timer is None:
            return None
        self.fired.add(timer.task_id)
        self.on.watch(timer.element_id)
        self.now = max(self.now, timer.due_at) + timedelta(seconds=1)
        return self._noted(self._computed(self.executor.fire_timers, step))

    def _deliver(self, step: Transition) -> Transition | None:
        for each in step.subscribed:
            if each.correlation or each.task_id in self.fired:
                continue  # the values of a correlation cannot be made up
            self.fired.add(each.task_id)
            self.on.watch(each.element_id)
            message = Message(each.name, each.kind, {})
            try:
                after = self._computed(self.executor.deliver, step, message)
            except ValueError:
                continue  # nor can its payload
            if after is not None:
                return self._noted(after)
        return None

    def _computed(self, move: Callable[..., Moved], step: Transition, *given: Any) -> Moved:
        snapshot = Snapshot("percobaan", self.revision, step.state)
        return move(self.on.definition, snapshot, *given, self.now, functions=self._functions())

    def _noted(self, step: Transition) -> Transition:
        self.revision += 1
        self.executor.keep(step, self.revision)
        self.way += (each.element_id for each in step.passed)
        self.on.note(step)
        return step

    def _functions(self) -> dict[str, Callable[..., Any]]:
        """Return the functions of expressions; every day is a working day, and there are no earlier instances."""
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
        """Fill in a form; return the values that the diagram reads."""
        if form is None:
            return {}
        now = self.now.replace(microsecond=0)
        samples = Samples(now.date(), now.time(), PEOPLE, NUMBERS, self._chosen, _length)
        made = {each.name: sample(each, samples, f"{element_id}.{each.name}") for each in form.tree}
        for each in form.tree:
            if each.conditional and not any(all(c.holds(made) for c in way) for way in each.when):
                made[each.name] = None
            elif each.computed is not None:
                made[each.name] = self._evaluated(each.computed, made, made[each.name])
        for each in form.tree:
            given = {**made, VALUE: made[each.name]}
            self.refused |= any(self._evaluated(check.expression, given, True) is False for check in each.checks)
        self.values |= made
        return {name: value for name, value in made.items() if name in self.on.definition.outline.needed_names}

    def _evaluated(self, text: str, made: Mapping[str, Any], otherwise: Any) -> Any:
        """Return the value of a form's expression, or *otherwise* if it fails."""
        names = {**self.values, **made, "hari_ini": self.now.date(), "pelaku": PEOPLE[0], "butir": PEOPLE[0]}
        try:
            return expression.compile(text).evaluate(names, self._functions())
        except expression.ExpressionError:
            return otherwise

    def _chosen(self, options: Sequence[Any], path: str) -> Any:
        """Return one of *options*, another one in other plays and at each pass."""
        if not options:
            return None
        place = self.counts.setdefault(f"choice {path}", len([k for k in self.counts if k.startswith("choice ")]))
        passes = self.counts[f"times {path}"] = self.counts.get(f"times {path}", -1) + 1
        return options[((self.number >> place) + passes) % len(options)]


def _length(each: Field) -> int:
    return min(max(each.min_items, 2), each.max_items if each.max_items is not None else 2)
