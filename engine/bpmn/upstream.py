"""All patches of SpiffWorkflow, with reasons. No other module patches it.

``apply`` patches code, once, for one version of the library; before an upgrade, that code must be read again.
``freeze`` changes the specifications of a procedure, which all instances of its version share: it replaces their
classes by ours, and makes the connections that upstream would make while instances run.
``tests/bpmn/test_upstream.py`` shows, for each patch, what upstream does without it.

Overridden by inheritance: the parser (``parsing``), joins (``joins``), events (``bpmn_semantics``), timers
(``timers``), multi-instances and loops (``items``), stepping and evaluation (``running_instance``). Besides, ``state``
and ``open_work`` write the tree of tasks.
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
from engine.bpmn.items import ITEMS_APART, CompletionCondition, Count
from engine.bpmn.joins import JOINS
from engine.bpmn.running_instance import guarded_update
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
    """Patch the library; ImportError if it has another version."""
    if version.__version__ != LIBRARY:
        raise ImportError(f"SpiffWorkflow {version.__version__}: its code was read, and is changed, in {LIBRARY} only")
    for iterator in (TaskIterator, BpmnTaskIterator):  # stops silently at 1000, and reports the instance as completed
        defaults = iterator.__init__.__defaults__ or ()
        iterator.__init__.__defaults__ = tuple(DEEPEST if each == 1000 else each for each in defaults)
    Task._set_state = _set_state
    Task.collect_log_extras = lambda task, more=None: dict(more or {})
    NodeParser._resolve_data_object_ref = _data_object


def _names_of(condition: str) -> frozenset[str]:
    compiled = expression.if_readable(condition)  # in an earlier version it may not be, and raises an incident
    return (compiled.names if compiled else frozenset()) or frozenset((condition,))


def _set_state(task: Any, state: int) -> None:
    """Set the state of a task as upstream does, but without collecting facts for a log that nobody reads."""
    if state != task._state:
        task.last_state_change = time.time()
        task._state = state


def _data_object(self: Any, reference: Element | None) -> Any:
    """Return the data object of *reference* from the nearest scope that has it; None if none does.

    Upstream loops for ever if the data object is not one scope outwards.
    """
    scope = self.process_parser
    while scope is not None and reference is not None:
        found = scope.spec.data_objects.get(reference.get("dataObjectRef"))
        if found is not None:
            return found
        scope = scope.parent
    return None


def freeze(specs: Iterable[Any], sides: Mapping[str, bool]) -> None:
    """Replace the classes of the specifications by ours, and make all connections in advance.

    *sides* are the start events of event sub-processes, and whether they interrupt.
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
            triggered._inputs.append(spec.start.name)
            triggered.connect(spec.end)


apply()
