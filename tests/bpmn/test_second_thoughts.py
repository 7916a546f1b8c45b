"""Completions that are taken back and done again: random models run as if nobody had hesitated."""

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from engine.model.process import Snapshot
from tests.bpmn.models import FEATURES, drawings, models, scope_of
from tests.bpmn.reference import TooManyWorlds
from tests.bpmn.test_differential import FOUND, MODES, EngineSide, moderate, play, plays


class Hesitant(EngineSide):
    """An engine side on which whoever completes a task takes that back once, and does it again."""

    def complete(self, element, name, value):
        before = self.step
        awaited, told = set(self.awaited), (before.timers, before.open_tasks, before.status)
        ids = {task.id for task in before.open_tasks}
        super().complete(element, name, value)
        given_out = {task.id for task in self.step.opened}
        now_open = frozenset(task.id for task in self.step.open_tasks)
        at = Snapshot("i", self.revision, before.state)
        back = self.executor.restore(self.definition, at, now_open, frozenset(self.awaited), self.now)
        assert not back.passed
        assert not back.thrown
        assert {task.id for task in back.opened} == ids - now_open
        assert set(back.cancelled) == given_out - {each.task_id for each in back.incidents}
        self.took(back)
        assert (sorted(map(repr, back.timers)), {t.id for t in back.open_tasks}, back.status) == (
            sorted(map(repr, told[0])),
            {t.id for t in told[1]},
            told[2],
        )
        assert self.awaited == awaited
        seen = super().complete(element, name, value)
        assert not given_out & {task.id for task in self.step.opened}, "an id is given out once"
        return seen


def hesitate(process, moves, mode):
    live, drop_finished = mode
    try:
        return play(process, moves, engine=Hesitant(process, live, drop_finished))
    except TooManyWorlds:
        reject()


few = settings(moderate, max_examples=moderate.max_examples // 2)


@few
@given(models(FEATURES), plays, st.sampled_from(MODES))
def test_blocks_in_blocks_run_as_the_standard_says(model, moves, mode):
    hesitate(scope_of(*model), [*moves, *[(0, 0)] * 10], mode)


@few
@given(drawings(FEATURES), plays, st.sampled_from(MODES))
def test_free_drawings_run_as_the_standard_says(drawing, moves, mode):
    hesitate(drawing.scope(), [*moves, *[(0, 0)] * 10], mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_runs_as_the_standard_says(name, mode):
    found = FOUND[name]
    process = found.body.scope() if hasattr(found.body, "scope") else scope_of(found.body, found.sides)
    assert hesitate(process, found.moves, mode)
