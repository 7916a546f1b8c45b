"""The current data of a scope: its initial data with all changes made in it, in order (BPMN 2.0.2, 10.3.1).

Event sub-processes, paths after boundary events, and conditions use it. Upstream gives them the scope's initial data.
"""

from collections.abc import Collection, Iterator, Mapping
from operator import itemgetter
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask, ParallelMultiInstanceTask
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.joins import Meeting, before_told, is_told, merge

ABSENT = object()


def start_of(side: Any) -> Any:
    """Return the task of the start event in an event sub-process; None if it was dropped."""
    inside = side.workflow.top_workflow.subprocesses.get(side.id)
    if inside is None:
        return None
    return next((task for task in inside.tasks.values() if task.task_spec in inside.spec.bpmn_start_events), None)


def known(scope: Any, names: Collection[str] | None = None) -> dict[str, Any]:
    """Return the current data of a scope, all or only *names*."""
    root = scope.task_tree.data
    data = dict(root) if names is None else {name: root[name] for name in names if name in root}
    made = []
    for at, before, after in _changes(scope):
        told = after if names is None else {name: after[name] for name in names if name in after}
        if any(before.get(name, ABSENT) is not value for name, value in told.items()):
            made.append((at, before, told))
    for _, before, told in sorted(made, key=itemgetter(0)):
        merge(data, before, told)
    return data


def visible(scope: Any, names: Collection[str] | None = None) -> dict[str, Any]:
    """Return the data visible in a scope: the current data of the scopes around it, with its own changes on top."""
    around = scope.parent_workflow
    if around is None or scope.spec.io_specification is not None:
        return known(scope, names)
    data = visible(around, names)
    merge(data, scope.task_tree.data, known(scope, names))
    return data


def _changes(scope: Any) -> Iterator[tuple[float, Mapping[str, Any], Mapping[str, Any]]]:
    """Yield the changes in *scope* as (when, data before, data after).

    Joins are skipped, since their branches have the changes. Items of a multi-instance count, unless it has an output;
    then the items keep their data to themselves, and the multi-instance counts.
    """
    latest: dict[Any, Mapping[str, Any]] = {}  # data after the previous item, of sequential ones
    for task in scope.tasks.values():
        parent, spec = task.parent, task.task_spec
        if parent is None or task.has_state(TaskState.PREDICTED_MASK | TaskState.FUTURE):
            continue
        around = parent.task_spec
        if isinstance(around, LoopTask) and around.task_spec == spec.name:
            if not _gathers(around):
                item = getattr(around, "input_item", None)
                after = {name: value for name, value in task.data.items() if item is None or name != item.bpmn_id}
                yield task.last_state_change, latest.get(parent.id, parent.parent.data), after
                if not isinstance(around, ParallelMultiInstanceTask):
                    latest[parent.id] = after
        elif is_told(task):
            yield task.last_state_change, before_told(task), task.data
        elif (changed := changed_aside(task)) is not None:
            yield task.last_state_change, {}, changed
        elif not isinstance(spec, Meeting) and (not isinstance(spec, LoopTask) or _gathers(spec)):
            yield task.last_state_change, parent.data, task.data
        inside = scope.top_workflow.subprocesses.get(task.id)
        if inside is not None and task._state == TaskState.STARTED:
            yield from _changes(inside)


def _gathers(several: Any) -> bool:
    """Whether a multi-instance collects outputs of its items, which keep their other data to themselves."""
    return getattr(several, "data_output", None) is not None and several.output_item is not None


def done_inside(activity: Any) -> dict[str, Any]:
    """Return the changes in a running activity: in its sub-process, or in completed items."""
    found: dict[str, Any] = {}
    if isinstance(activity.task_spec, LoopTask):
        merge(found, activity.parent.data, activity.data)
        parts = activity.children
    else:
        parts = [activity]
    for part in parts:
        inside = activity.workflow.top_workflow.subprocesses.get(part.id)
        if inside is not None and inside.spec.io_specification is None:
            merge(found, part.data, known(inside))
    return found


def changed_aside(task: Any) -> dict[str, Any] | None:
    """Return the changes in an event sub-process; None if *task* is not one."""
    if not isinstance(task.task_spec, SubWorkflowTask) or task.parent is not task.workflow.task_tree:
        return None
    start = start_of(task)
    if start is None:
        return None
    found: dict[str, Any] = {}
    merge(found, before_told(start), task.data)
    return found
