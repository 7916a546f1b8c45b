"""What SpiffWorkflow does without each of our changes (``engine.bpmn.upstream``): if one fails, that change may go.

The models run as upstream's parser made them, by upstream's own stepping. That ours runs them rightly is tested in
``test_differential.py`` and ``test_semantics.py``.
"""

import importlib.util
import logging

import pytest
from SpiffWorkflow import version
from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.bpmn.util.task import BpmnTaskIterator
from SpiffWorkflow.exceptions import WorkflowException
from SpiffWorkflow.spiff.specs.event_definitions import MessageEventDefinition
from SpiffWorkflow.task import Task as SpiffTask
from SpiffWorkflow.util.task import TaskIterator, TaskState

from engine.bpmn import definition, upstream
from engine.bpmn.running_instance import ENGINE
from engine.bpmn.timers import moment
from tests.bpmn.models import Choose, Edge, End, Fork, Include, Repeat, Send, Side, Sub, Task, Throw, scope_of, xml_of
from tests.bpmn.office import NOW, wiring
from tests.bpmn.reference import Event, Several

MESSAGE, ESCALATION, ERROR = Event("message", "m1"), Event("escalation", "esc"), Event("error", "err")


class Plain:
    """An instance as upstream runs it."""

    def __init__(self, *body, sides=()):
        model = scope_of(list(body), list(sides))
        files = {f"processes/{model.id}/{model.id}.bpmn": xml_of(model)}
        self.definition = definition.load(files, model.id)
        self.workflow = BpmnWorkflow(self.definition.spec, self.definition.subprocess_specs, script_engine=ENGINE)
        self.workflow.task_tree.data.update({f"task{n}": 0 for n in range(9)} | {"x": 0, "w": 0})
        self.go_on()

    def go_on(self):
        with moment(NOW, {}):
            self.workflow.do_engine_steps()

    def complete(self, *names, **values):
        for name in names:
            task = next(t for t in self.ready() if t.task_spec.name.removesuffix(" [child]") == name)
            task.data.update(values)
            with moment(NOW, {}):
                task.run()
            self.go_on()
        return self

    def hear(self):
        self.workflow.catch(BpmnEvent(MessageEventDefinition("m1"), {}))
        self.go_on()
        return self

    def ready(self):
        return [t for t in self.workflow.get_tasks(state=TaskState.READY) if t.task_spec.manual]

    @property
    def open(self):
        return sorted(t.task_spec.name.removesuffix(" [child]") for t in self.ready())

    @property
    def sent(self):
        return [e.event_definition.name for e in self.workflow.bpmn_events]


@pytest.fixture(autouse=True)
def as_upstream_made_them(monkeypatch):
    """Leave the specifications as they are."""
    monkeypatch.setattr(definition, "freeze", lambda specs, sides: None)


def test_a_join_in_a_loop_counts_who_came_in_the_pass_before():
    case = Plain(Repeat([Fork([[Task()], [Task()]]), Task()]))
    case.complete("task1", "task2", "task3").complete("task4", task4=1)
    assert case.complete("task2").open == ["task1", "task3"], "one approval passes for two"


def test_an_inclusive_join_follows_one_way_back_only():
    later = Choose([[Task()], [Choose([[Task()], [Task()]])]])
    case = Plain(Include([[Task()], [later]]), Task())
    case.complete("task1", task1=2).complete("task3", task3=1).complete("task5", task5=1)
    [last] = {"task7"} & set(case.open)
    assert last in case.complete("task2").open
    assert "task8" in case.open, "what is behind the join is open, though task7 is still to come"


def test_a_sub_process_sends_on_after_what_ended_it():
    case = Plain(Sub([Task(), Throw(ESCALATION), Send()], edges=[Edge(ESCALATION, [Task()])]))
    assert case.complete("task1").sent == ["sent"]


def test_an_event_sub_process_does_not_end_what_it_interrupts():
    assert Plain(Task(), sides=[Side(MESSAGE, [Task()])]).hear().open == ["task1", "task2"]


def test_an_error_ends_every_activity_that_waits_for_one():
    caught = [Edge(ERROR, [])]
    case = Plain(Fork([[Sub([Task(), End(ERROR)], edges=caught)], [Sub([Task()], edges=caught)]]))
    assert case.complete("task1").open == [], "the other one as well"


def test_a_boundary_event_that_does_not_interrupt_catches_once():
    case = Plain(Task(edges=[Edge(MESSAGE, [Task()], interrupting=False)])).hear().hear()
    assert case.open == ["task1", "task2"]


def test_items_behind_a_boundary_event_cannot_be_made():
    case = Plain(Task(edges=[Edge(MESSAGE, [Task(several=Several("parallel", 2))])]))
    with pytest.raises((WorkflowException, TypeError)):
        case.hear()


def test_how_many_items_there_are_must_be_what_python_calls_a_whole_number():
    with pytest.raises(TypeError):
        Plain(Task(several=Several("parallel", 2)), Task())


def test_running_an_instance_changes_what_all_instances_share():
    case = Plain(Task(), sides=[Side(MESSAGE, [Task()], interrupting=False)])
    before = wiring(case.definition)
    assert wiring(case.hear().definition) != before


def fresh(module):
    """Return a copy of a module of upstream's that nothing has changed."""
    spec = importlib.util.find_spec(module)
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    return copy


def test_a_tree_deeper_than_a_thousand_is_over_before_its_end(monkeypatch):
    workflow = Plain(Task()).workflow
    [task] = workflow.get_tasks(state=TaskState.READY, manual=True)
    task._set_state(TaskState.COMPLETED)
    for _ in range(1001):
        task = task._add_child(task.task_spec, TaskState.FUTURE)
        task._set_state(TaskState.COMPLETED)
    task._set_state(TaskState.WAITING)
    for other in workflow.tasks.values():
        other._state = TaskState.COMPLETED if other is not task else TaskState.WAITING
    assert not workflow.is_completed()
    for iterator in (TaskIterator, BpmnTaskIterator):
        defaults = tuple(1000 if each == upstream.DEEPEST else each for each in iterator.__init__.__defaults__)
        monkeypatch.setattr(iterator.__init__, "__defaults__", defaults)
    assert workflow.is_completed()


def test_each_change_of_state_gathers_facts_for_a_log(caplog):
    [task] = Plain(Task()).ready()
    caplog.set_level(logging.INFO, "spiff.task")
    task._set_state(TaskState.STARTED)
    assert not caplog.records
    original = fresh("SpiffWorkflow.task").Task
    original._set_state.__get__(task)(TaskState.WAITING)
    assert caplog.records
    assert SpiffTask.collect_log_extras is not original.collect_log_extras


def test_a_document_that_no_scope_holds_is_looked_for_without_end():
    class Scope:
        looks = 0

        @property
        def parent(self):
            Scope.looks += 1
            if Scope.looks > 1000:
                raise TimeoutError
            return self

        spec = type("spec", (), {"data_objects": {}})

    parser = type("Parser", (), {"process_parser": Scope()})()
    with pytest.raises(TimeoutError):
        fresh("SpiffWorkflow.bpmn.parser.node_parser").NodeParser._resolve_data_object_ref(parser, {})


def test_another_version_has_to_be_read_before_it_is_changed(monkeypatch):
    monkeypatch.setattr(version, "__version__", "3.3.0")
    with pytest.raises(ImportError, match=r"SpiffWorkflow 3\.3\.0"):
        upstream.apply()
