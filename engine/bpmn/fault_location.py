"""Finds the element of a diagram at which an error happened that does not name it.

A computation that exceeds its time, memory or stack may stop anywhere: in upstream's parser, in a rule, in a move. The
innermost frames there have the task, its specification or the XML element as a local variable.
"""

import traceback
from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.safe_xml import BPMN, Element, local, namespace, nearest_identified

_AROUND = frozenset({"definitions", "process", "collaboration", "laneSet", "lane"})


def element_at(error: BaseException) -> str | None:
    """Return the id of the innermost element in the frames of *error*; None if there is none.

    A process or lane is returned only if no other element is found, as loops over all elements hold one too.
    """
    held = [
        value
        for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__)))
        for value in list(frame.f_locals.values())
    ]
    found = [named for value in held if (named := _named(value)) is not None]
    return next((id_ for id_, around in found if not around), found[0][0] if found else None)


def joins_that_wait(workflow: Any, kinds: Mapping[str, str]) -> list[str]:
    """Return the ids of the joins where tokens of an instance wait; *kinds* are BPMN's types by id."""
    waiting = [task.task_spec for task in workflow.every_task() if task._state == TaskState.WAITING]
    found = [str(spec.bpmn_id) for spec in waiting if kinds.get(spec.bpmn_id, "").endswith("Gateway")]
    return [id_ for id_ in dict.fromkeys(found) if kinds[id_] != "eventBasedGateway"]


def _named(value: Any) -> tuple[str, bool] | None:
    """Return the id of the element that *value* represents, and whether it is a container such as a process."""
    if isinstance(value, Task):
        value = value.task_spec
    if isinstance(value, TaskSpec):
        found = getattr(value, "bpmn_id", None)
        return None if found is None else (str(found), False)
    return _named_element(value) if hasattr(value, "sourceline") and isinstance(value.tag, str) else None


def _named_element(element: Element) -> tuple[str, bool] | None:
    element = nearest_identified(element)
    if element is None or namespace(element) != BPMN:
        return None
    return str(element.get("id")), local(element) in _AROUND
