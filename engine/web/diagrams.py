"""Diagrams on pages: drawn on the server as SVG, with states in the reader's words; bpmn-js takes over where it runs."""

from collections.abc import Callable


from flask import url_for
from flask_babel import gettext
from markupsafe import Markup

from engine.service.diagrams import Words, draw_instance, draw_process
from engine.service.instances import InstancePage
from engine.service.procedures import Procedure
from engine.web import formatting


def words() -> Words:
    """Return the words of the drawing in the reader's language."""
    return Words(
        english=formatting.language() == "en",
        states={
            "not_begun": gettext("Belum"),
            "active": gettext("Sedang dikerjakan"),
            "waiting": gettext("Menunggu"),
            "done": gettext("Selesai"),
            "not_taken": gettext("Tidak ditempuh"),
            "cancelled": gettext("Dibatalkan"),
            "incident": gettext("Terganggu"),
        },
        returned=gettext("dikembalikan"),
        overdue=gettext("terlambat"),
        proposal=gettext("usulan"),
        title=gettext("Diagram"),
    )


def of_instance(page: InstancePage, focus: str | None = None) -> Markup:
    """Return an instance's diagram with the state of every element."""
    return Markup(draw_instance(page, words(), _link_to(page.record.id)))  # noqa: S704 - our own drawing, text escaped


def of_process(procedure: Procedure) -> Markup:
    """Return a procedure's diagram."""
    return Markup(draw_process(procedure, words()))  # noqa: S704 - our own drawing, text escaped


def _link_to(instance_id: str) -> Callable[[str], str | None]:
    def link(element_id: str) -> str | None:
        return url_for("instances.show", instance_id=instance_id, _anchor=f"langkah-{element_id}")

    return link


