"""Diagrams on pages: drawn on the server, with states in the reader's words; bpmn-js takes over where it runs."""

from typing import Any

from flask import url_for
from markupsafe import Markup

from engine.service.procedures.procedure import Procedure
from engine.service.work.instance_diagrams import (
    DrawingWords,
    State,
    draw_instance,
    draw_process,
    legend,
    marks_of,
    states_of,
)
from engine.service.work.instances import InstancePage
from engine.web import formatting
from engine.web.texts import gettext


def words() -> DrawingWords:
    """Return the words of the drawing in the reader's language."""
    return DrawingWords(
        title=gettext("Diagram {name}"),
        states=state_words(),
        proposal=gettext("usulan"),
        returned=gettext("Dikembalikan"),
        passes=gettext("{n} kali"),
        taken=gettext("Jalur yang ditempuh"),
        repeated=gettext("Dilalui 2 kali"),
        legend=gettext("Keterangan gambar"),
        undrawn=gettext("Tidak tergambar: {names}"),
        english=formatting.language() == "en",
    )


def state_words() -> dict[State, str]:
    """Return the word of each state."""
    return {
        State.NOT_BEGUN: gettext("Belum"),
        State.ACTIVE: gettext("Sedang dikerjakan"),
        State.WAITING: gettext("Menunggu"),
        State.DONE: gettext("Selesai"),
        State.NOT_TAKEN: gettext("Tidak ditempuh"),
        State.CANCELLED: gettext("Dibatalkan"),
        State.INCIDENT: gettext("Terganggu"),
    }


def of_instance(page: InstancePage) -> Markup:
    """Return an instance's diagram with the state of every element."""

    def link(element_id: str) -> str | None:
        if element_id not in {step.step.element_id for step in page.steps}:
            return None
        return url_for("instances.show", instance_id=page.record.id, _anchor=f"langkah-{element_id}")

    return Markup(draw_instance(page, words(), link, _overdue))  # noqa: S704 - our own drawing, its text escaped


def legend_of(page: InstancePage) -> Markup:
    """Return the legend of the states that occur."""
    return Markup(legend(states_of(page), words(), lines_too=True))  # noqa: S704 - our own drawing, its text escaped


def of_process(procedure: Procedure) -> Markup:
    """Return a procedure's diagram."""
    return Markup(draw_process(procedure, words()))  # noqa: S704 - our own drawing, its text escaped


def marks_json(page: InstancePage) -> dict[str, Any]:
    """Return the marks as the viewer script reads them."""
    named = state_words()
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
