"""Drives one small diagram through the executor as the host does: keep, restore, complete."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.bpmn import definition
from engine.bpmn.definition import Definition
from engine.bpmn.executor import Executor
from engine.model.process import Message, OpenTask, Snapshot, Transition

DIAGRAMS = Path(__file__).parent / "diagrams"
NOW = datetime(2025, 4, 11, 3, 15, tzinfo=UTC)


def load(name: str) -> Definition:
    files = {f"processes/{name}/{p.name}": p.read_bytes() for p in DIAGRAMS.glob(f"{name}.*") if p.suffix != ".json"}
    return definition.load(files, name)


def wiring(definition: Definition) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return every connection of a definition's specifications, to compare before and after running instances."""
    specs = [definition.spec, *definition.subprocess_specs.values()]
    return {
        f"{spec.name}/{task_spec.name}": (tuple(task_spec._inputs), tuple(task_spec._outputs))
        for spec in specs
        for task_spec in spec.task_specs.values()
    }


class Instance:
    """An instance that lives between moves only if *live*; else each move restores it from its bytes."""

    def __init__(
        self, name: str | Definition, *, live: bool = False, drop_finished: bool = True, **values: Any
    ) -> None:
        self.definition = load(name) if isinstance(name, str) else name
        self.executor = Executor(drop_finished=drop_finished)
        self.live = live
        self.now = NOW
        self.functions: dict[str, Any] = {}
        self.revision = 1
        self.step: Transition
        self._wired = wiring(self.definition)
        self.values = values

    def start(self) -> "Instance":
        return self._took(self.executor.start(self.definition, "i", self.values, self.now, functions=self.functions))

    def task(self, element_id: str, item: str | None = None) -> OpenTask:
        found = [t for t in self.step.open_tasks if t.element_id == element_id and (item is None or t.item == item)]
        assert found, f"{element_id} is not open; {self.open} are"
        return found[0]

    def complete(self, element_id: str, item: str | None = None, **values: Any) -> "Instance":
        task = self.task(element_id, item)
        documents = values.pop("documents", {})
        return self._took(
            self.executor.complete(
                self.definition, self.snapshot, task.id, values, documents, self.now, functions=self.functions
            )
        )

    def fire(self) -> "Instance":
        return self._took(self.executor.fire_timers(self.definition, self.snapshot, self.now, functions=self.functions))

    def receive(self, message: Message) -> "Instance | None":
        """What *message* moves; None if nobody in the instance waits for it."""
        step = self.executor.deliver(self.definition, self.snapshot, message, self.now, functions=self.functions)
        return None if step is None else self._took(step)

    def retry(self) -> "Instance":
        task_id = self.step.incidents[0].task_id
        return self._took(
            self.executor.retry(self.definition, self.snapshot, task_id, self.now, functions=self.functions)
        )

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot("i", self.revision, self.step.state)

    @property
    def open(self) -> list[str]:
        return sorted(t.element_id + (f"/{t.item}" if t.item else "") for t in self.step.open_tasks)

    @property
    def passed(self) -> list[str]:
        return [p.element_id for p in self.step.passed]

    def _took(self, step: Transition) -> "Instance":
        self.step = step
        self.revision += 1
        if self.live:
            self.executor.keep(step, self.revision)
        assert wiring(self.definition) == self._wired, "running changed the shared specification"
        return self
