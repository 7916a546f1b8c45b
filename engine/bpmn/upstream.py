"""Every place where SpiffWorkflow's own code is changed, and why. Nothing else of the project changes it.

``apply`` changes what is common to all: once, and only of the version that this was read in; another version must be
read again first. ``freeze`` changes one procedure's specifications, which every instance of its version shares: their
classes become ours, and what upstream would wire into them while instances run is wired at load.
``tests/bpmn/test_upstream.py`` tells for each what upstream does without it.

Overridden by inheritance, in their own modules: the parser (``engine.bpmn.parsing``), joins (``engine.bpmn.joins``),
events and what leaves a scope (``engine.bpmn.bpmn_semantics``), timers (``engine.bpmn.timers``), multi-instances,
loops, the stepping loop and how expressions are evaluated (``engine.bpmn.running_instance``). Written besides those:
the tree of tasks, by ``engine.bpmn.state`` when it restores one and by the executor when it drops finished work.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from SpiffWorkflow import version
from SpiffWorkflow.bpmn.parser.node_parser import NodeParser
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent, EventBasedGateway
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.bpmn.util.task import BpmnTaskIterator
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskIterator

from engine.bpmn import bpmn_semantics, expression
from engine.bpmn.joins import JOINS
from engine.bpmn.running_instance import ITEMS_APART, CompletionCondition, Count, guarded_update
from engine.bpmn.safe_xml import Element
from engine.bpmn.timers import CLOCKED

LIBRARY = "3.2.0"
DEEPEST = 1_000_000
SPECIFICATIONS = {
    **ITEMS_APART,
    **JOINS,
    BoundaryEvent: bpmn_semantics.ScopedBoundaryEvent,
    EventBasedGateway: bpmn_semantics.Choice,
}
EVENTS = {**CLOCKED, **bpmn_semantics.EVENTS}


def apply() -> None:
    """Change what is common to all procedures."""
    if version.__version__ != LIBRARY:
        raise ImportError(f"SpiffWorkflow {version.__version__}: its code was read, and is changed, in {LIBRARY} only")
    for iterator in (TaskIterator, BpmnTaskIterator):  # stops silently at 1000, and reports the instance as completed
        defaults = iterator.__init__.__defaults__ or ()
        iterator.__init__.__defaults__ = tuple(DEEPEST if each == 1000 else each for each in defaults)
    Task._set_state = _set_state
    Task.collect_log_extras = lambda task, more=None: dict(more or {})
    NodeParser._resolve_data_object_ref = _data_object


def _names_of(condition: str) -> frozenset[str]:
    try:
        return frozenset(expression.compile(condition).names) or frozenset((condition,))
    except expression.ExpressionError:  # the rules name it; an instance meets it as an incident
        return frozenset((condition,))


def _set_state(task: Any, state: int) -> None:
    """Set a task's state as upstream does, without gathering a dozen facts each time for a log that nobody reads."""
    if state != task._state:
        task.last_state_change = time.time()
        task._state = state


def _data_object(self: Any, reference: Element | None) -> Any:
    """Return the data object that *reference* stands for, from the nearest scope that holds it; None if none does.

    Upstream looks one scope outwards again and again, for ever if it is not there.
    """
    scope = self.process_parser
    while scope is not None and reference is not None:
        found = scope.spec.data_objects.get(reference.get("dataObjectRef"))
        if found is not None:
            return found
        scope = scope.parent
    return None


def freeze(specs: Iterable[Any], sides: Mapping[str, bool]) -> None:
    """Make the specifications ours, and wire into them all that instances would otherwise wire into them.

    *sides* are the start events of event sub-processes, and whether they end the rest of their scope.
    """
    for spec in specs:
        spec.watches = frozenset()
        spec.end.__class__ = bpmn_semantics.End
        for start in spec.bpmn_start_events:
            if start.bpmn_id in sides:
                start.__class__ = bpmn_semantics.InterruptingStart if sides[start.bpmn_id] else bpmn_semantics.SideStart
        for task_spec in list(spec.task_specs.values()):
            task_spec.__class__ = SPECIFICATIONS.get(type(task_spec), type(task_spec))
            if isinstance(task_spec, LoopTask):
                spec.task_specs[task_spec.task_spec].completed_event.connect(task_spec.merge_child)
            if getattr(task_spec, "cardinality", None) is not None:
                task_spec.cardinality = Count(task_spec.cardinality)
            if hasattr(task_spec, "cardinality") and task_spec.condition is not None:
                task_spec.condition = CompletionCondition(task_spec.condition)
            event = getattr(task_spec, "event_definition", None)
            for each in (event, *getattr(event, "event_definitions", ())):
                if type(each) in EVENTS:
                    each.__class__ = EVENTS[type(each)]
                    if isinstance(each, bpmn_semantics.Watched):
                        spec.watches |= _names_of(each.expression)
            update: Callable[[Any], Any] = task_spec._update
            task_spec._update = partial(guarded_update, update)
        spec.start.side_tracks, spec.start.trigger_specs = tuple(spec.start.trigger_specs), []
        for name in spec.start.side_tracks:
            triggered = spec.task_specs[name]
            if spec.start.name not in triggered._inputs:
                triggered._inputs.append(spec.start.name)
                triggered.connect(spec.end)


apply()
