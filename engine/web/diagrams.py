"""Diagrams on pages: drawn on the server, with states in the reader's words; bpmn-js takes over where it runs."""

from typing import Any

from flask import url_for
from markupsafe import Markup

from engine.service.procedures.procedure import Procedure
from engine.service.work.instance_diagrams import DrawingWords, draw, drawing_words, legend, marks_of, states_of
from engine.service.work.instances import InstancePage
from engine.web import formatting
from engine.web.texts import gettext


def words() -> DrawingWords:
    """Return the words of the drawing in the reader's language."""
    return drawing_words(gettext, english=formatting.language() == "en")


def of_instance(page: InstancePage) -> Markup:
    """Return an instance's diagram with the state of every element."""

    def link(element_id: str) -> str | None:
        if element_id not in {step.step.element_id for step in page.steps}:
            return None
        return url_for("instances.show", instance_id=page.record.id, _anchor=f"langkah-{element_id}")

    drawing = draw(page.procedure.xml, marks_of(page, _overdue), page.flows, words=words(), href=link)
    return Markup(drawing)  # noqa: S704 - our own drawing, its text escaped


def legend_of(page: InstancePage) -> Markup:
    """Return the legend of the states that occur."""
    return Markup(legend(states_of(page), words(), lines_too=True))  # noqa: S704 - our own drawing, its text escaped


def of_process(procedure: Procedure) -> Markup:
    """Return a procedure's diagram."""
    return Markup(draw(procedure.xml, words=words()))  # noqa: S704 - our own drawing, its text escaped


def marks_json(page: InstancePage) -> dict[str, Any]:
    """Return the marks as the viewer script reads them."""
    named = words().states
    return {
        "elements": {
            element_id: {
                "state": mark.state.value,
                "word": named[mark.state],
                "badge": mark.badge or (f"{mark.passes}×" if mark.passes > 1 else ""),
                "returned": mark.returned,
                "overdue": mark.overdue,
            }
            for element_id, mark in marks_of(page, _overdue).items()
        },
        "flows": page.flows,
        "proposals": sorted(page.procedure.outline.proposals),
        "current": [view.step.element_id for view in page.current],
    }


def _overdue(seconds: int, day_seconds: int) -> str:
    return gettext("terlambat %(time)s", time=formatting.working(seconds, day_seconds))
