"""What an instance waits for besides its people, and whether it can go on at all.

All of it is read from the state: what waits is a task that says since when, whichever version it began to wait on.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from SpiffWorkflow.bpmn.specs.defaults import EventBasedGateway
from SpiffWorkflow.bpmn.specs.event_definitions import (
    ConditionalEventDefinition,
    MessageEventDefinition,
    SignalEventDefinition,
)
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.definition import Definition
from engine.bpmn.joins import JOINS, waiting_at
from engine.bpmn.semantics import listening
from engine.bpmn.timers import due_of
from engine.bpmn.workflow import INCIDENT
from engine.model.process import Incident, Wait, WaitKind

EVENTS = {
    TimerEventDefinition: WaitKind.TIME,
    MessageEventDefinition: WaitKind.MESSAGE,
    SignalEventDefinition: WaitKind.SIGNAL,
    ConditionalEventDefinition: WaitKind.CONDITION,
}
GATEWAYS = tuple(JOINS.values())
NO_WAY_ON = "Mencoba lagi tidak mengubahnya. Hentikan pelaksanaan ini, perbaiki diagramnya, lalu mulai lagi."


def may_wait(definition: Definition) -> bool:
    """Whether instances may wait for anything but people; of others no state need be read to tell."""
    scopes = (definition.spec, *definition.subprocess_specs.values())
    return any(
        (isinstance(spec, GATEWAYS) and len(spec._inputs) > 1) or any(_events(spec))
        for scope in scopes
        for spec in scope.task_specs.values()
    )


def waits(definition: Definition, workflow: Any) -> tuple[Wait, ...]:
    """Return what the instance waits for; what several items of one activity wait for, once."""
    found: dict[tuple[Any, ...], Wait] = {}
    for _, wait in _waiting(definition, workflow):
        key = (wait.kind, wait.element_id, wait.name, wait.missing)
        if key not in found or (wait.until or wait.since) < (found[key].until or found[key].since):
            found[key] = wait
    return tuple(found.values())


def stuck(definition: Definition, workflow: Any) -> tuple[Incident, ...]:
    """Return where and why an instance cannot go on in which no task is open and no time or message is waited for.

    As nobody changes its data any more, no condition turns true, and no token goes where a join waits for one.
    """
    found = [
        (task, wait.element_id, _why_not(definition, wait))
        for task, wait in _waiting(definition, workflow)
        if wait.kind in (WaitKind.BRANCHES, WaitKind.CONDITION)
    ] or [(workflow.task_tree, definition.outline.start_event, "Tidak ada lagi yang dikerjakan atau ditunggu.")]
    return tuple(
        Incident(task.id.hex, at, f"{why} {NO_WAY_ON}", "", {k: v for k, v in data.items() if not k.startswith("_")})
        for task, at, why in found
        for data in [(task.parent or task).data]  # a token that waits has not taken over what it brings
    )


def _why_not(definition: Definition, wait: Wait) -> str:
    names = definition.outline.names
    at = names.get(wait.element_id, wait.element_id)
    if wait.kind is WaitKind.CONDITION:
        return f"“{at}” menunggu syarat yang tidak dapat terpenuhi lagi: {wait.name}."
    missing = ", ".join(f"“{names.get(id_, id_)}”" for id_ in wait.missing)
    return f"“{at}” menunggu cabang yang tidak dapat datang lagi: {missing}."


def _waiting(definition: Definition, workflow: Any) -> Iterator[tuple[Any, Wait]]:
    for scope in (workflow, *workflow.subprocesses.values()):
        joins = set()
        for task in scope.in_state(TaskState.WAITING):
            spec = task.task_spec
            if INCIDENT in task.internal_data:
                continue
            if isinstance(spec, GATEWAYS) and spec not in joins:
                joins.add(spec)
                missing = _missing(definition, spec, waiting_at(spec, scope))
                yield (
                    task,
                    Wait(task.id.hex, str(task.task_spec.bpmn_id), WaitKind.BRANCHES, _since(task), missing=missing),
                )
            for element_id, kind, event in _events(spec):
                until = due_of(task) if kind is WaitKind.TIME else None
                yield task, Wait(task.id.hex, element_id, kind, _since(task), until, _said(event))
    for scope, _, start in listening(workflow):
        for element_id, kind, event in _events(start):
            root = scope.task_tree
            yield root, Wait(root.id.hex, element_id, kind, _since(root), None, _said(event))


def _events(spec: Any) -> Iterator[tuple[str, WaitKind, Any]]:
    """Yield the element, the kind and the definition of everything that a specification waits for."""
    event = getattr(spec, "event_definition", None)
    for number, each in enumerate(getattr(event, "event_definitions", (event,))):
        at = spec.outputs[number] if isinstance(spec, EventBasedGateway) else spec
        for base, kind in EVENTS.items():
            if isinstance(each, base):
                yield str(at.bpmn_id), kind, each


def _said(event: Any) -> str:
    """Return the name of a message or signal, or the expression of a condition."""
    if isinstance(event, TimerEventDefinition):
        return ""
    return str(event.expression if isinstance(event, ConditionalEventDefinition) else event.name)


def _missing(definition: Definition, spec: Any, tokens: list[Any]) -> tuple[str, ...]:
    """Return the sequence flows into a join that have no token, or what lies before them, whichever has a name."""
    names, ways = definition.outline.names, definition.course.ways
    found: list[str] = []
    for source in spec._one_of_each_flow(tokens)[1]:
        ahead = [source.split(".Boundary")[0]]  # where an activity has events on its edge, its ways meet again first
        flows = definition.flows.get((ahead[0], str(spec.bpmn_id)), ())
        named = [flow for flow in flows if flow in names]
        seen: set[str] = set()
        for id_ in ahead if not named else ():  # grows: backwards to what has a name
            if id_ in names:
                named.append(id_)
            elif id_ not in seen:
                seen.add(id_)
                ahead.extend(way.source for way in ways if way.target == id_)
        found.extend(named or [ahead[0]])
    return tuple(dict.fromkeys(found))


def _since(task: Any) -> datetime:
    return datetime.fromtimestamp(task.last_state_change, UTC)
