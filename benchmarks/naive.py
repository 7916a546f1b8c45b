"""The naive way: SpiffWorkflow as its documentation shows it, the whole workflow loaded and saved as JSON each time.

It holds what the forms yield in its state, since nothing else keeps it; Alur keeps documents by id and version. It runs
in a process of its own, on the library as it comes: ours changes a few of its functions when it is imported.
"""

import copy
import gc
import time
import tracemalloc
from collections.abc import Sequence
from io import BytesIO
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser
from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG
from SpiffWorkflow.util.task import TaskState

from benchmarks.figures import Row

SERIALIZER = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(SPIFF_CONFIG))
ITEM = "pemegang"


def parse(xml: bytes, process_id: str) -> tuple[Any, dict[str, Any]]:
    """Return the specification of a diagram and of its sub-processes."""
    parser = SpiffBpmnParser()
    parser.add_bpmn_xml(etree.parse(BytesIO(xml)))
    return parser.get_spec(process_id), parser.get_subprocess_specs(process_id)


def begin(specification: tuple[Any, dict[str, Any]], values: dict[str, Any]) -> BpmnWorkflow:
    """Start an instance."""
    workflow = BpmnWorkflow(*specification)
    workflow.task_tree.data.update(values)
    workflow.do_engine_steps()
    return workflow


def complete(workflow: BpmnWorkflow, element_id: str, item: str | None, data: dict[str, Any]) -> None:
    """Complete the ready task of an element, and let the engine run on."""
    task = next(t for t in ready(workflow) if t.task_spec.bpmn_id == element_id and item in (None, t.data.get(ITEM)))
    task.data.update(data)
    if item is None:
        task.data.pop(ITEM, None)  # merged back by the multi-instance; it would refuse a second pass
    task.run()
    workflow.refresh_waiting_tasks()
    workflow.do_engine_steps()


def ready(workflow: BpmnWorkflow) -> list[Any]:
    """Return the tasks that people may do."""
    return list(workflow.get_tasks(state=TaskState.READY, manual=True))


def save(workflow: BpmnWorkflow) -> str:
    """Return the whole workflow as JSON, specification included."""
    return str(SERIALIZER.serialize_json(workflow))


def load(text: str) -> BpmnWorkflow:
    """Return the workflow from JSON."""
    return SERIALIZER.deserialize_json(text)


# ── in a process of its own ─────────────────────────────────────────────────────────────────────────────────────────


class Child:
    """The naive way in a process of its own, asked through a pipe."""

    def __init__(self, xml: bytes, process_id: str) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, xml, process_id), daemon=True)
        self._process.start()

    def begin(self, values: dict[str, Any]) -> None:
        """Start an instance anew."""
        self._ask("begin", values)

    def hurry(self, element_id: str, item: str | None, data: dict[str, Any]) -> None:
        """Complete a task that nobody measures, without loading or saving."""
        self._ask("hurry", element_id, item, data)

    def complete(self, element_id: str, item: str | None, data: dict[str, Any]) -> tuple[float, int]:
        """Load, complete, save; CPU milliseconds and the bytes of what was saved."""
        return self._ask("complete", element_id, item, data)

    def weigh(self, values: dict[str, Any], moves: Sequence[tuple[Any, ...]], count: int) -> int:
        """Return the bytes that each of *count* instances takes after *moves*; one specification serves all."""
        return self._ask("weigh", values, moves, count)

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join(10)

    def _ask(self, *question: Any) -> Any:
        self._pipe.send(question)
        return self._pipe.recv()


def _serve(pipe: Connection, xml: bytes, process_id: str) -> None:
    specification, row = parse(xml, process_id), Row()
    workflow: Any = None
    gc.collect()
    gc.freeze()
    while True:
        try:
            deed, *facts = pipe.recv()
        except EOFError:
            return
        if deed == "begin":
            workflow = begin(specification, *facts)
            pipe.send(None)
        elif deed == "weigh":
            pipe.send(_weighed(specification, *facts))
        elif deed == "hurry":
            workflow = workflow or load(row.load())
            complete(workflow, *facts)
            pipe.send(None)
        else:
            if workflow is not None:
                row.save(save(workflow))
                workflow = None
            begun = time.process_time()
            loaded = load(row.load())
            complete(loaded, *facts)
            row.save(save(loaded))
            took = (time.process_time() - begun) * 1000
            del loaded
            pipe.send((took, len(row.load().encode())))


def _weighed(
    specification: tuple[Any, dict[str, Any]], values: dict[str, Any], moves: Sequence[tuple[Any, ...]], count: int
) -> int:
    def kept() -> BpmnWorkflow:
        workflow = begin(specification, values)
        for element_id, item, data in moves:
            complete(workflow, element_id, item, copy.deepcopy(data))
        return workflow

    kept()  # what the first leaves behind for all is not counted
    tracemalloc.start()
    held = [kept() for _ in range(count)]
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size // len(held)
