"""Diagrams with the state of an instance on them."""

from collections.abc import Callable

from engine.bpmn.drawing import DrawingWords, Mark, State, draw, drawing_words, legend
from engine.model.process import DONE, OVER
from engine.service.work.instances import InstancePage

__all__ = ["DrawingWords", "draw", "drawing_words", "legend", "marks_of", "states_of"]


def marks_of(page: InstancePage, overdue: Callable[[int, int], str] = lambda seconds, day: "") -> dict[str, Mark]:
    """Return the mark of every element; *overdue* words working seconds beyond a deadline."""
    marks: dict[str, Mark] = {}
    over = page.record.status in OVER
    outline = page.procedure.outline
    references = {reference.reference_id for task in outline.tasks for reference in (*task.inputs, *task.outputs)}
    places = {lane.id for lane in outline.lanes} | {document.id for document in outline.data_objects} | references
    for element_id in outline.names.keys() - places:  # lanes and documents are not passed
        passes = page.passes.get(element_id, 0)
        if passes:
            marks[element_id] = Mark(State.DONE, passes=passes)
        elif over:
            marks[element_id] = Mark(State.NOT_TAKEN)
    for wait in page.waits:
        marks[wait.element_id] = Mark(State.WAITING, passes=page.passes.get(wait.element_id, 0))
    for view in page.steps:
        late = max((clock.overdue_seconds for id_, clock in view.clocks.items() if _open(page, id_)), default=0)
        first = next((clock for id_, clock in view.clocks.items() if _open(page, id_)), None)
        badge = f"{view.done}/{view.total}" if view.step.multi_instance and view.state == "active" else ""
        marks[view.step.element_id] = Mark(
            State(view.state),
            passes=max(0, view.passes - (view.state != "done")),
            badge=badge,
            returned=view.step.element_id in page.returned,
            overdue=overdue(late, first.day_seconds) if late and first else "",
            time_used=min(first.share, 100) / 100 if first else None,
        )
    for incident in page.incidents:
        marks[incident.element_id] = Mark(State.INCIDENT)
    if page.record.status in DONE:
        return {id_: mark for id_, mark in marks.items() if mark.state is not State.NOT_BEGUN}
    return marks


def states_of(page: InstancePage) -> frozenset[State]:
    """Return the states that occur, for the legend."""
    return frozenset(mark.state for mark in marks_of(page).values())


def _open(page: InstancePage, task_id: str) -> bool:
    return any(task.id == task_id and task.status == "ready" for view in page.steps for task in view.tasks)
