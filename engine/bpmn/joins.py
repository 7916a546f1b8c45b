"""Joins: parallel and inclusive gateways (BPMN 2.0.2, 13.4.1 and 13.4.3), instead of upstream's.

A token that has arrived is a waiting task of the gateway. When the gateway fires, one of the consumed tokens continues
and the others are cancelled. So no token counts twice, and a second one on the same flow waits for the next time.
Upstream cancels tokens on arrival and later searches all cancelled ones, also those of earlier passes of a loop.

Changes of every branch are kept; upstream lets the last branch restore old values that it did not change. Lists are
taken whole, not merged by position.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from SpiffWorkflow.bpmn.exceptions import WorkflowTaskException
from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent, InclusiveGateway, ParallelGateway
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.flow_graph import reached

ALIVE = TaskState.WAITING | TaskState.READY | TaskState.STARTED


class Meeting:
    """A gateway, or the end of a scope, where tokens wait for each other."""

    name: str
    _inputs: list[str]

    def _update_hook(self, my_task: Any) -> bool:
        """Let *my_task* wait, and continue one token if the gateway can fire."""
        my_task._set_state(TaskState.WAITING)
        if any(task.task_spec is self for task in standing(my_task.workflow, TaskState.FUTURE)):
            return False  # another token is just arriving
        taken = self.taken(my_task.workflow, waiting_at(self, my_task.workflow))
        if not taken:
            return False
        first = my_task if my_task in taken else taken[-1]
        self.meet(first, [task for task in taken if task is not first])
        if first is not my_task:
            first._ready()
        return first is my_task

    def meet(self, my_task: Any, others: list[Any]) -> None:
        """Merge the changes of all branches since the split, in order of arrival, into *my_task*; cancel *others*."""
        chains = [{ancestor.id for ancestor in ancestors(task)} for task in others]
        parted = next((task for task in ancestors(my_task) if all(task.id in chain for chain in chains)), None)
        my_task.data = {} if parted is None else dict(parted.data)
        for task in sorted([*others, my_task], key=lambda task: task.last_state_change):
            merge(my_task.data, *self.brought(task.parent, parted))
        for task in others:
            task.cancel()

    def brought(self, task: Any, parted: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return the data of a branch that ends with *task*, at its beginning and now."""
        return changed_since(parted, task)

    def taken(self, workflow: Any, tokens: list[Any]) -> list[Any]:
        """Return those of the waiting *tokens* that are consumed now; none if the gateway cannot fire yet."""
        raise NotImplementedError

    def _one_of_each_flow(self, tokens: Iterable[Any]) -> tuple[list[Any], Counter[str]]:
        """Return the first token of each incoming flow, and the sources of the flows without a token."""
        empty, found = Counter(self._inputs), []
        for task in tokens:
            source = task.parent.task_spec.name
            if empty[source] > 0:
                empty[source] -= 1
                found.append(task)
        return found, +empty

    def _run_hook(self, my_task: Any) -> bool:
        return True


class ParallelJoin(Meeting, ParallelGateway):  # type: ignore[misc]
    """Consumes a token of every incoming flow (13.4.1)."""

    def taken(self, workflow: Any, tokens: list[Any]) -> list[Any]:
        """Return a token of each flow, or none."""
        found, empty = self._one_of_each_flow(tokens)
        return [] if empty else found


class InclusiveJoin(Meeting, InclusiveGateway):  # type: ignore[misc]
    """Consumes a token of every incoming flow that has one, as soon as no other can come (13.4.3).

    The join waits for tokens that can reach an empty flow, but no flow with a token, without passing the join. The path
    may leave an activity by a boundary event.
    """

    def taken(self, workflow: Any, tokens: list[Any]) -> list[Any]:
        """Return a token of each flow that has one, or none."""
        found, empty = self._one_of_each_flow(tokens)
        if not found or not empty:
            return found
        to_empty = self._leading_to(empty)
        awaited = to_empty - self._leading_to({task.parent.task_spec.name for task in found}) if to_empty else to_empty
        return [] if any(task.task_spec.name in awaited for task in standing(workflow)) else found

    def _leading_to(self, sources: Iterable[str]) -> set[str]:
        """Return the names of the specifications from which *sources* are reachable without passing this join."""
        specs = self._wf_spec.task_specs
        return reached(sources, lambda name: () if name == self.name else specs[name]._inputs) - {self.name}

    def _run_hook(self, my_task: Any) -> bool:
        matches, defaults = self._get_matching_outputs(my_task)
        if not matches + defaults:
            raise WorkflowTaskException("No conditions satisfied on gateway", task=my_task)
        my_task._sync_children(matches or defaults, TaskState.FUTURE)
        for child in my_task.children:
            child.task_spec._predict(child, mask=TaskState.FUTURE | TaskState.PREDICTED_MASK)
        return True


JOINS = {ParallelGateway: ParallelJoin, InclusiveGateway: InclusiveJoin}


def waiting_at(spec: Any, workflow: Any) -> list[Any]:
    """Return the tokens that wait at *spec*, in order of arrival."""
    found = [task for task in workflow.in_state(TaskState.WAITING) if task.task_spec is spec]
    return sorted(found, key=lambda task: task.last_state_change)


def standing(workflow: Any, states: int = ALIVE | TaskState.FUTURE) -> Iterator[Any]:
    """Yield the tasks of a scope that hold a token: running, waiting, or just reached."""
    for task in workflow.tasks.values():
        if task._state & states and (task._state != TaskState.FUTURE or task.parent._state == TaskState.COMPLETED):
            yield task


def merge(into: dict[str, Any], base: Mapping[str, Any], branch: Mapping[str, Any]) -> None:
    """Write into *into* the changes of *branch* against *base*; mappings are merged key by key."""
    for key, value in branch.items():
        held = base.get(key)
        if key in base and (held is value or (type(held) is type(value) and held == value)):
            continue
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            into[key] = dict(into[key])
            merge(into[key], held if isinstance(held, dict) else {}, value)
        else:
            into[key] = value


def ancestors(task: Any) -> Iterator[Any]:
    """Yield the ancestors of *task*, the parent first. Not recursive, since the tree may be very deep."""
    while (task := task.parent) is not None:
        yield task


def changed_since(parted: Any, task: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the data of the branch from *parted* to *task* at its beginning and now.

    Data that a non-interrupting boundary event copied from its activity does not count as a change.
    """
    parts, at = [], task
    for each in (task, *ancestors(task)):
        if each is parted:
            break
        if is_told(each):
            parts.append((before_told(each), at.data))
            at = each.parent
    base: Mapping[str, Any] = {} if parted is None else parted.data
    if not parts:
        return base, task.data
    found: dict[str, Any] = {}
    for before, after in [(base, at.data), *reversed(parts)]:
        merge(found, before, after)
    return {}, found


def is_told(task: Any) -> bool:
    """Whether *task* is a non-interrupting boundary event, which gets a copy of its activity's data."""
    return isinstance(task.task_spec, BoundaryEvent) and not task.task_spec.cancel_activity


def before_told(task: Any) -> Mapping[str, Any]:
    """Return the data of an event without the payload that it caught."""
    definition = task.task_spec.event_definition
    heard = getattr(definition, "message_var", None) or getattr(definition, "variable", None)
    return {key: value for key, value in task.data.items() if key != heard}
