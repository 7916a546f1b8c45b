"""Where in a diagram the engine was when something went wrong: for faults that do not say it themselves.

A computation that runs out of time, memory or stack is stopped anywhere: in upstream's parser, in a rule, in a move.
What is common to all of these places is that the innermost frames hold the task, its specification or the XML element
that is worked on.
"""

import traceback
from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.safe_xml import BPMN, Element, local, namespace

_AROUND = frozenset({"definitions", "process", "collaboration", "laneSet", "lane"})


def element_at(error: BaseException) -> str | None:
    """Return the id of the innermost element that was worked on when *error* was raised; None if there was none.

    A process or lane is named only if no element in one is: what goes through all of them stands at each for a while.
    """
    held = [
        value
        for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__)))
        for value in list(frame.f_locals.values())
    ]
    found = [named for value in held if (named := _named(value)) is not None]
    return next((id_ for id_, around in found if not around), found[0][0] if found else None)


def joins_that_wait(workflow: Any, kinds: Mapping[str, str]) -> list[str]:
    """Return the ids of the gateways where tokens of an instance wait for others; *kinds* are BPMN's, by id."""
    waiting = [task.task_spec for task in workflow.every_task() if task._state == TaskState.WAITING]
    found = [str(spec.bpmn_id) for spec in waiting if kinds.get(spec.bpmn_id, "").endswith("Gateway")]
    return [id_ for id_ in dict.fromkeys(found) if kinds[id_] != "eventBasedGateway"]


def _named(value: Any) -> tuple[str, bool] | None:
    """Return the id of the element that *value* is or stands for, and whether it only lies around others."""
    if isinstance(value, Task):
        value = value.task_spec
    if isinstance(value, TaskSpec):
        found = getattr(value, "bpmn_id", None)
        return None if found is None else (str(found), False)
    return _named_element(value) if hasattr(value, "sourceline") and isinstance(value.tag, str) else None


def _named_element(element: Element) -> tuple[str, bool] | None:
    while element is not None and not element.get("id"):  # a condition, say, has none of its own
        element = element.getparent()
    if element is None or namespace(element) != BPMN:
        return None
    return str(element.get("id")), local(element) in _AROUND
