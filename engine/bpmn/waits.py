"""What an instance waits for besides people, and whether it can continue at all, read from its state."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any

from SpiffWorkflow.bpmn.specs.defaults import EndEvent, EventBasedGateway
from SpiffWorkflow.bpmn.specs.event_definitions import (
    CancelEventDefinition,
    ConditionalEventDefinition,
    ErrorEventDefinition,
    MessageEventDefinition,
    SignalEventDefinition,
    TerminateEventDefinition,
)
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.bpmn_semantics import InterruptingStart, ScopedBoundaryEvent, listening
from engine.bpmn.definition import Definition
from engine.bpmn.joins import JOINS, ParallelJoin, standing, waiting_at
from engine.bpmn.running_instance import INCIDENT
from engine.bpmn.timers import due_of
from engine.model.process import Incident, Wait, WaitKind

ENDING = (TerminateEventDefinition, ErrorEventDefinition, CancelEventDefinition)
EVENTS = {
    TimerEventDefinition: WaitKind.TIME,
    MessageEventDefinition: WaitKind.MESSAGE,
    SignalEventDefinition: WaitKind.SIGNAL,
    ConditionalEventDefinition: WaitKind.CONDITION,
}
GATEWAYS = tuple(JOINS.values())
NO_WAY_ON = "Mencoba lagi tidak mengubahnya. Hentikan pelaksanaan ini, perbaiki diagramnya, lalu mulai lagi."


def may_wait(definition: Definition) -> bool:
    """Whether instances may wait for anything besides people; for others the state need not be read."""
    scopes = (definition.spec, *definition.subprocess_specs.values())
    return any(
        (isinstance(spec, GATEWAYS) and len(spec._inputs) > 1) or any(_events(spec))
        for scope in scopes
        for spec in scope.task_specs.values()
    )


def waits(definition: Definition, workflow: Any) -> tuple[Wait, ...]:
    """Return what the instance waits for; equal waits of several items count once."""
    found: dict[tuple[Any, ...], Wait] = {}
    for _, wait in _waiting(definition, workflow):
        key = (wait.kind, wait.element_id, wait.name, wait.missing)
        if key not in found or (wait.until or wait.since) < (found[key].until or found[key].since):
            found[key] = wait
    return tuple(found.values())


def stuck(definition: Definition, workflow: Any) -> tuple[Incident, ...]:
    """Return where and why an instance is stuck in which no task is open and no timer or message is awaited.

    Its data no longer changes, so no condition becomes true, and no token moves to a join.
    """
    found = [
        (task, wait.element_id, _why_stuck(definition, wait))
        for task, wait in _waiting(definition, workflow)
        if wait.kind in (WaitKind.BRANCHES, WaitKind.CONDITION)
    ] or [(workflow.task_tree, definition.outline.start_event, "Tidak ada lagi yang dikerjakan atau ditunggu.")]
    return tuple(Incident(task.id.hex, at, f"{why} {NO_WAY_ON}", "", _plain(task)) for task, at, why in found)


def hopeless(definition: Definition, workflow: Any) -> tuple[tuple[Incident, bool], ...]:
    """Return the joins that wait for a token that can no longer come, each with whether an event may interrupt it.

    Scopes that one of their own tokens can end are left out, such as two branches racing for a terminate end event.
    """
    names, found = definition.outline.names, []
    for scope in (workflow, *workflow.subprocesses.values()):
        waiting = list(_waiting_at_joins(scope))
        reached = _reached(scope) if waiting else set[str]()
        ends = (spec for name in reached if isinstance(spec := scope.spec.task_specs[name], EndEvent))
        if any(isinstance(end.event_definition, ENDING) for end in ends):
            continue
        for task, tokens in waiting:
            if not _tokens_can_come(task.task_spec, _sources_without_token(task.task_spec, tokens), reached):
                wait = _awaited(definition, task, tokens, reached)
                breaking = list(dict.fromkeys(_interrupting(workflow, scope)))
                by = " atau ".join(f"“{names.get(id_, id_)}”" for id_ in breaking)
                way_on = f"Pelaksanaan ini hanya berlanjut bila disela oleh {by}." if by else NO_WAY_ON
                why = f"{_why_stuck(definition, wait)} {way_on}"
                found.append((Incident(task.id.hex, wait.element_id, why, "", _plain(task)), bool(breaking)))
    return tuple(found)


def _plain(task: Any) -> dict[str, Any]:
    """Return the data of the token at *task*; a waiting task has not received it from its parent yet."""
    return {key: value for key, value in (task.parent or task).data.items() if not key.startswith("_")}


def _interrupting(workflow: Any, scope: Any) -> Iterator[str]:
    """Yield the boundary events and event sub-processes that may interrupt *scope* or a scope around it."""
    for armed, _, start in listening(workflow):
        if armed is scope and isinstance(start, InterruptingStart):
            yield str(start.bpmn_id)
    for inside in workflow.subprocesses.values():  # an event sub-process whose timer runs exists already
        start = next((task.task_spec for task in inside.in_state(TaskState.WAITING)), None)
        if inside.parent_workflow is scope and isinstance(start, InterruptingStart):
            yield str(start.bpmn_id)
    if scope.parent_task_id is not None:
        activity = workflow.get_task_from_id(scope.parent_task_id)
        activity = activity.parent if isinstance(activity.parent.task_spec, LoopTask) else activity
        for task in activity.parent.children:
            if (
                isinstance(task.task_spec, ScopedBoundaryEvent)
                and task.task_spec.cancel_activity
                and task._state == TaskState.WAITING
            ):
                yield str(task.task_spec.bpmn_id)
        yield from _interrupting(workflow, activity.workflow)


def _reached(scope: Any) -> set[str]:
    """Return the specifications that tokens of *scope* can still pass, at best.

    A parallel join is passable if tokens can come on all empty flows, an inclusive one if one can. Boundary events of
    running activities count as tokens.
    """
    held: dict[str, list[Any]] = {}
    ahead: list[str] = []
    raised = (task for task in scope.tasks.values() if INCIDENT in task.internal_data)
    for task in (*standing(scope), *raised):
        if task._state == TaskState.WAITING and isinstance(task.task_spec, GATEWAYS):
            held.setdefault(task.task_spec.name, []).append(task)
        else:
            ahead.append(task.task_spec.name)
    found: set[str] = set()
    empty: dict[str, Collection[str]] = {}
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            for after in scope.spec.task_specs[name].outputs:
                if isinstance(after, GATEWAYS) and after.name not in empty:
                    empty[after.name] = _sources_without_token(after, held.get(after.name, []))
                if not isinstance(after, GATEWAYS) or _tokens_can_come(after, empty[after.name], found):
                    ahead.append(after.name)
    return found


def _sources_without_token(join: Any, tokens: list[Any]) -> Collection[str]:
    return list(join._one_of_each_flow(tokens)[1])


def _tokens_can_come(join: Any, empty: Collection[str], reached: set[str]) -> bool:
    return (all if isinstance(join, ParallelJoin) else any)(source in reached for source in empty)


def _why_stuck(definition: Definition, wait: Wait) -> str:
    names = definition.outline.names
    at = names.get(wait.element_id, wait.element_id)
    if wait.kind is WaitKind.CONDITION:
        return f"“{at}” menunggu syarat yang tidak dapat terpenuhi lagi: {wait.name}."
    missing = ", ".join(f"“{names.get(id_, id_)}”" for id_ in wait.missing)
    return f"“{at}” menunggu cabang yang tidak dapat datang lagi: {missing}."


def _waiting(definition: Definition, workflow: Any) -> Iterator[tuple[Any, Wait]]:
    for scope in (workflow, *workflow.subprocesses.values()):
        reached = _reached(scope)
        yield from ((task, _awaited(definition, task, tokens, reached)) for task, tokens in _waiting_at_joins(scope))
        for task in scope.in_state(TaskState.WAITING):
            spec = task.task_spec
            if INCIDENT in task.internal_data:
                continue
            for element_id, kind, event in _events(spec):
                until = due_of(task) if kind is WaitKind.TIME else None
                yield task, Wait(task.id.hex, element_id, kind, _since(task), until, _name_or_condition(event))
    for scope, _, start in listening(workflow):
        for element_id, kind, event in _events(start):
            root = scope.task_tree
            yield root, Wait(root.id.hex, element_id, kind, _since(root), None, _name_or_condition(event))


def _waiting_at_joins(scope: Any) -> Iterator[tuple[Any, list[Any]]]:
    """Yield the waiting tokens of each join in *scope*, as (first to arrive, all)."""
    joins = [task.task_spec for task in scope.in_state(TaskState.WAITING) if isinstance(task.task_spec, GATEWAYS)]
    for spec in dict.fromkeys(joins):
        tokens = waiting_at(spec, scope)
        if INCIDENT not in tokens[0].internal_data:
            yield tokens[0], tokens


def _awaited(definition: Definition, first: Any, tokens: list[Any], reached: set[str]) -> Wait:
    spec, what = first.task_spec, (first.id.hex, str(first.task_spec.bpmn_id), WaitKind.BRANCHES, _since(first))
    empty = _sources_without_token(spec, tokens)
    missing = _missing(definition, spec, empty, reached)
    return Wait(*what, missing=missing, hopeless=not _tokens_can_come(spec, empty, reached))


def _events(spec: Any) -> Iterator[tuple[str, WaitKind, Any]]:
    """Yield (element, kind, definition) of every event that a specification waits for."""
    event = getattr(spec, "event_definition", None)
    for number, each in enumerate(getattr(event, "event_definitions", (event,))):
        at = spec.outputs[number] if isinstance(spec, EventBasedGateway) else spec
        for base, kind in EVENTS.items():
            if isinstance(each, base):
                yield str(at.bpmn_id), kind, each


def _name_or_condition(event: Any) -> str:
    if isinstance(event, TimerEventDefinition):
        return ""
    return str(event.expression if isinstance(event, ConditionalEventDefinition) else event.name)


def _missing(definition: Definition, spec: Any, empty: Collection[str], reached: set[str]) -> tuple[str, ...]:
    """Return the sequence flows into a join that lack a token, or the elements before them, whichever have names.

    Of a parallel join return the flows on which no token can come, if there are any; of an inclusive one, those on
    which one still can.
    """
    names, ways = definition.outline.names, definition.course.ways
    found: list[str] = []
    told = [source for source in empty if (source in reached) != isinstance(spec, ParallelJoin)]
    for source in told or empty:
        ahead = [source.split(".Boundary")[0]]  # the internal join after an activity with boundary events
        flows = definition.flows.get((ahead[0], str(spec.bpmn_id)), ())
        named = [flow for flow in flows if flow in names]
        seen: set[str] = set()
        for id_ in ahead if not named else ():  # grows backwards to elements with a name
            if id_ in names:
                named.append(id_)
            elif id_ not in seen:
                seen.add(id_)
                ahead.extend(way.source for way in ways if way.target == id_)
        found.extend(named or [ahead[0]])
    return tuple(dict.fromkeys(found))


def _since(task: Any) -> datetime:
    return datetime.fromtimestamp(task.last_state_change, UTC)
