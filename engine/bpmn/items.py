"""Multi-instance activities and loops, with the data they leave (BPMN 2.0.2, 13.3.6 and 13.3.7).

Upstream accepts any number as a count, adds to the output of an earlier pass, and loses an item if the next one raises.
"""

from collections.abc import Mapping, Sequence, Sized
from copy import copy
from decimal import Decimal
from typing import Any

from SpiffWorkflow.spiff.specs.defaults import ParallelMultiInstanceTask, SequentialMultiInstanceTask, StandardLoopTask
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.joins import merge
from engine.bpmn.limits import MOST_ITEMS


class TooManyItems(ValueError):
    """A multi-instance activity has too many items, or its cardinality is not a whole number."""


class Count(str):
    """The expression of a loop cardinality, whose value must be a whole number within limits.

    Upstream passes the value to ``range``, which refuses Decimal and accepts ten million.
    """

    __slots__ = ()

    def checked(self, value: Any) -> int:
        """Return *value* as int; TooManyItems if it is not a whole number or too large."""
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or value != value // 1 or value < 0:
            raise TooManyItems(f"jumlah pengulangan “{self}” bukan bilangan bulat: {value}")
        return _counted(int(value))


class CompletionCondition(str):
    """The expression of a completion condition, which holds for True only, not for numbers or texts."""

    __slots__ = ()

    def checked(self, value: Any) -> bool:
        """Whether *value* is True."""
        return value is True


def _counted(count: int) -> int:
    if count > MOST_ITEMS:
        raise TooManyItems(f"dikerjakan {count} kali sekaligus; batasnya {MOST_ITEMS}")
    return count


class _ItemsApart:
    """A multi-instance activity that limits its items, and leaves only what they changed.

    A second pass starts with an empty output. A variable of the process with the name of the item is preserved.
    """

    input_item: Any
    output_item: Any
    data_input: Any
    data_output: Any

    def _update_hook(self, my_task: Any) -> Any:
        """Make the items; after a boundary event the task is only predicted, and upstream makes no items then."""
        if my_task.has_state(TaskState.PREDICTED_MASK):
            my_task._set_state(TaskState.FUTURE)
        return super()._update_hook(my_task)  # type: ignore[misc]

    def count_items(self, my_task: Any) -> None:
        held = self.data_input.get(my_task) if self.data_input is not None else ()
        _counted(len(held) if isinstance(held, Sized) else 0)

    def create_child(self, my_task: Any, item: Any, key_or_index: Any = None) -> None:
        """Make the task of one item, hiding variables of the process with the same names."""
        names = {each.bpmn_id for each in (self.input_item, self.output_item) if each is not None}
        hidden = {name: my_task.data.pop(name) for name in names if name in my_task.data}
        super().create_child(my_task, item, key_or_index)  # type: ignore[misc]
        my_task.data.update(hidden)

    def init_data_output_with_cardinality(self, my_task: Any) -> None:
        """Begin with an empty output instead of that of an earlier pass."""
        my_task.data.pop(self.data_output.bpmn_id, None)
        super().init_data_output_with_cardinality(my_task)  # type: ignore[misc]

    def init_data_output_with_input_data(self, my_task: Any, input_data: Any) -> None:
        """Begin with an empty output, unless the input is updated in place."""
        if self.data_output.bpmn_id != self.data_input.bpmn_id:
            my_task.data.pop(self.data_output.bpmn_id, None)
        super().init_data_output_with_input_data(my_task, input_data)  # type: ignore[misc]

    def merge_child(self, workflow: Any, child: Any) -> None:
        """Take over the output of an item, or without one its changes except to the item itself.

        If the next item raises, nothing is taken over, so that it can be tried again.
        """
        around, whole = child.parent, child.data
        before, merged_before = around.data, list(around.internal_data["merged"])
        output = self.data_output.bpmn_id if self.data_output is not None else None
        around.data = {**before, output: copy(before[output])} if output in before else dict(before)
        try:
            if self.data_output is not None and self.output_item is not None:
                super().merge_child(workflow, child)  # type: ignore[misc]
            else:
                item = None if self.input_item is None else self.input_item.bpmn_id
                yielded = {key: value for key, value in whole.items() if key != item}
                merged = dict(before)
                merge(merged, around.parent.data, yielded)
                around.data, child.data = {}, yielded  # for upstream's own merge, which is discarded
                super().merge_child(workflow, child)  # type: ignore[misc]
                around.data, child.data = merged, whole
        except Exception:
            around.data, child.data, around.internal_data["merged"] = before, whole, merged_before
            raise
        _note_whole(around)


def _note_whole(around: Any) -> None:
    top = around.workflow.top_workflow
    if top.watches and around._state == TaskState.READY:
        top.whole.append(around)


class ParallelItems(_ItemsApart, ParallelMultiInstanceTask):  # type: ignore[misc]
    """A parallel multi-instance."""

    def create_children(self, my_task: Any) -> None:
        """Make the tasks of all items."""
        self.count_items(my_task)
        super().create_children(my_task)


class SequentialItems(_ItemsApart, SequentialMultiInstanceTask):  # type: ignore[misc]
    """A sequential multi-instance."""

    def init_remaining_items(self, my_task: Any) -> Any:
        """Return all items, with their keys, as they are at the beginning (13.3.7)."""
        self.count_items(my_task)
        keys, held = super().init_remaining_items(my_task), self.data_input.get(my_task)
        keyed = isinstance(held, Mapping | Sequence)
        return [(key, held[key]) if keyed else (None, key) for key in keys]

    def add_next_child(self, my_task: Any) -> None:
        """Make the task of the next item, which may be None."""
        remaining = my_task.internal_data.get("remaining")
        if not remaining or not isinstance(remaining[0], tuple):  # a cardinality, or begun by an earlier version
            super().add_next_child(my_task)
            return
        my_task.internal_data["remaining"] = remaining[1:]
        key, item = remaining[0]
        self.create_child(my_task, item, key)


class LoopTask(StandardLoopTask):  # type: ignore[misc]
    """A loop; each iteration starts with the data of the one before."""

    def merge_child(self, workflow: Any, child: Any) -> None:
        """Take over the data of an iteration; lists are replaced, not merged."""
        around, merged_before = child.parent, list(child.parent.internal_data["merged"])
        before, around.data = around.data, {}
        try:
            super().merge_child(workflow, child)
        except Exception:
            around.data, around.internal_data["merged"] = before, merged_before
            raise
        _note_whole(around)


ITEMS_APART = {
    ParallelMultiInstanceTask: ParallelItems,
    SequentialMultiInstanceTask: SequentialItems,
    StandardLoopTask: LoopTask,
}
