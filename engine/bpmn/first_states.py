"""Converts states of version 1, from releases before our own joins (``engine.bpmn.state``)."""

from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.bpmn_semantics import AT_WORK, TRUE_BEFORE, ScopedBoundaryEvent
from engine.bpmn.joins import Meeting, ancestors, is_told
from engine.bpmn.timers import ClockedCycle


def revive(workflow: Any) -> None:
    """Convert a scope of a state of version 1.

    In version 1 all tokens that wait at a join but one are cancelled; those that arrived in the same pass wait again.
    Non-interrupting boundary events caught once; they are armed again. The tasks that a repeated timer opened are its
    children and would be cancelled with it; they are moved.
    """
    joins = [task for task in workflow.tasks.values() if isinstance(task.task_spec, Meeting)]

    def passage(task: Any) -> Any:
        return next((each for each in ancestors(task) if each.task_spec is task.task_spec), None)

    for alive in joins:
        spec = alive.task_spec
        if not alive.has_state(TaskState.WAITING | TaskState.READY):
            continue
        ended = [task for task in joins if task.task_spec is spec and task._state == TaskState.CANCELLED]
        came = [t for t in ended if t.parent._state == TaskState.COMPLETED and passage(t) is passage(alive)]
        if alive._state == TaskState.READY:
            spec.meet(alive, came)
        for task in came if alive._state == TaskState.WAITING else ():
            task._state = TaskState.WAITING
    for task in list(workflow.tasks.values()):
        spec = task.task_spec
        if isinstance(getattr(spec, "event_definition", None), ClockedCycle) and task._state == TaskState.WAITING:
            opened = [child for child in task.children if not child.has_state(TaskState.PREDICTED_MASK)]
            if opened:
                done = Task(workflow, spec, task.parent, TaskState.COMPLETED)
                done.data = dict(task.data)
                for child in opened:
                    child.parent = done
                done.children, task.children = opened, [c for c in task.children if c not in opened]
            spec._predict(task, mask=TaskState.PREDICTED_MASK | TaskState.FUTURE | TaskState.WAITING)
        elif (
            is_told(task)
            and task._state == TaskState.COMPLETED
            and isinstance(task.parent.task_spec, BoundaryEventSplit)
        ):
            beside = task.parent.children
            at_work = any(not isinstance(t.task_spec, ScopedBoundaryEvent) and t._state in AT_WORK for t in beside)
            deaf = not any(t.task_spec is spec and t._state == TaskState.WAITING for t in beside)
            if at_work and deaf and not isinstance(spec.event_definition, TimerEventDefinition):
                spec._update(spec.arm(task.parent, **{TRUE_BEFORE: True}))
