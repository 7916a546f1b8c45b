"""The state of an instance: open tasks, incidents, timers, and finished work that can be dropped.

Tasks of SpiffWorkflow are identified by their BPMN element; internal ones (joins, splits, starts) by the one before.
"""

import uuid
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask
from SpiffWorkflow.util.task import TaskState

from engine.bpmn import events, expression, waits
from engine.bpmn.definition import Definition
from engine.bpmn.flow_graph import reached
from engine.bpmn.running_instance import INCIDENT, InstanceWorkflow, note_incident
from engine.bpmn.timers import Functions, due_of
from engine.model.process import DueTimer, Incident, OpenTask

PERFORMER = "performer"
ALIVE = (TaskState.WAITING, TaskState.READY, TaskState.STARTED)


def open_tasks(workflow: InstanceWorkflow, definition: Definition, functions: Functions | None) -> tuple[OpenTask, ...]:
    """Return the open user tasks. The performer is evaluated once; if that fails, the task becomes an incident."""
    found = {}
    for task in ready_for_people(workflow, definition):
        if task.id in workflow.open_tasks:  # a move changes few of many tasks
            found[task.id] = workflow.open_tasks[task.id]
            continue
        user_task = definition.outline.task(task.task_spec.bpmn_id)
        if user_task.performer is not None and PERFORMER not in task.internal_data:
            try:
                names = {**workflow.data_objects, **task.data}
                named = expression.compile(user_task.performer).evaluate(names, functions)
                task.internal_data[PERFORMER] = None if named in (None, "") else str(named)
            except expression.ExpressionError as error:
                note_incident(task, error, opened=False)
                continue
        is_item = _is_item_or_iteration(task)
        found[task.id] = OpenTask(
            id=task.id.hex,
            element_id=user_task.element_id,
            role=user_task.role,
            performer=task.internal_data.get(PERFORMER),
            item=_item_of(task) if is_item else None,
            activation=task.parent.id.hex if is_item else task.id.hex,
        )
    workflow.open_tasks = found
    return tuple(found.values())


def element_of(spec: Any) -> str | None:
    """Return the BPMN element of a specification; None for internal ones (joins, splits, start, end)."""
    if spec.bpmn_id is not None:
        return str(spec.bpmn_id)
    return str(spec.name) if isinstance(spec, LoopTask) else None


def _is_item_or_iteration(task: Any) -> bool:
    parent = task.parent
    return (
        parent is not None
        and isinstance(parent.task_spec, LoopTask)
        and parent.task_spec.task_spec == task.task_spec.name
    )


def _item_of(task: Any) -> str | None:
    spec = task.parent.task_spec
    item = getattr(spec, "input_item", None)
    if item is not None and item.exists(task):
        return str(item.get(task))
    value = task.internal_data.get("item", task.internal_data.get("key_or_index"))
    return None if value is None else str(value)


def find(workflow: InstanceWorkflow, task_id: str) -> Any:
    """Return the task with an id in hex, in any scope; None if there is none."""
    try:
        wanted = uuid.UUID(hex=task_id)
    except ValueError:
        return None
    if wanted in workflow.tasks:
        return workflow.tasks[wanted]
    return next((sub.tasks[wanted] for sub in workflow.subprocesses.values() if wanted in sub.tasks), None)


def ready_for_people(workflow: InstanceWorkflow, definition: Definition) -> list[Any]:
    """Return the user tasks that are ready, except incidents."""
    known = {task.element_id for task in definition.outline.tasks}
    return [
        task
        for task in workflow.every_task()
        if task._state == TaskState.READY
        and task.task_spec.manual
        and task.task_spec.bpmn_id in known
        and INCIDENT not in task.internal_data
    ]


def incidents(workflow: InstanceWorkflow) -> list[Incident]:
    """Return the open incidents."""
    found = []
    for task in workflow.every_task():
        raised = task.internal_data.get(INCIDENT)
        if raised is not None and task._state not in (TaskState.COMPLETED, TaskState.CANCELLED):
            found.append(
                Incident(task.id.hex, _element_or_prior(task), raised["cause"], raised["trace"], raised["data"])
            )
    return found


def stuck(workflow: InstanceWorkflow, definition: Definition) -> tuple[Incident, ...]:
    """Return where an instance is stuck; empty if a person, time, a message or an operator can move it."""
    if workflow.completed or ready_for_people(workflow, definition) or incidents(workflow) or timers(workflow):
        return ()
    return () if events.subscriptions(workflow) else waits.stuck(definition, workflow)


def _element_or_prior(task: Any) -> str:
    led: Any = task
    while led is not None and element_of(led.task_spec) is None:
        caller = led.workflow.parent_task_id if led.workflow.parent_workflow is not None else None
        led = led.parent or (led.workflow.top_workflow.get_task_from_id(caller) if caller else None)
    element = element_of(led.task_spec) if led is not None else None
    return (element or str(task.task_spec.name)).removesuffix(" [child]").split(".Boundary")[0]


def timers(workflow: InstanceWorkflow) -> list[DueTimer]:
    """Return the waiting timers, the next one first."""
    found = []
    for task in workflow.every_task():
        if task._state == TaskState.WAITING and (due := due_of(task)) is not None:
            found.append(DueTimer(task.id.hex, element_of(task.task_spec) or task.task_spec.name, due))
    return sorted(found, key=lambda timer: timer.due_at)


def drop_finished(workflow: InstanceWorkflow, open_id: str) -> None:
    """If only the task *open_id*, at top level, is alive, attach it to the root and drop the rest."""
    task = workflow.tasks.get(uuid.UUID(hex=open_id))
    if task is None or workflow.get_active_subprocesses() or workflow.event_manager.tasks:
        return
    if f"{task.task_spec.bpmn_id}.BoundaryEventJoin" in workflow.spec.task_specs or _is_item_or_iteration(task):
        return
    if sum(t._state in ALIVE for t in workflow.tasks.values()) != 1:
        return
    root = workflow.task_tree
    below = reached([task.id], lambda id_: workflow.tasks[id_]._children)
    kept = {id_: each for id_, each in workflow.tasks.items() if each is root or id_ in below}
    if any(t._state == TaskState.FUTURE and t.id not in kept for t in workflow.tasks.values()):
        return
    task._parent = root.id
    root._children = [task.id]
    root.data = {}
    root.internal_data = {}
    workflow.tasks = kept
    workflow.subprocesses = {}
    workflow.last_task = None
