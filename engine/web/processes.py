"""The pages of an SOP: identity, steps, diagram, versions, people."""

from urllib.parse import urlencode

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from engine.model.errors import InvalidForm, NotFound
from engine.model.people import OfficeRole
from engine.service.authoring.deployments import step_of
from engine.service.people.permissions import may_start
from engine.web import diagrams, formatting
from engine.web.access import Pages, by_button, only, signed_in
from engine.web.attachments import hand_out
from engine.web.authentication import actor, now
from engine.web.services import services
from engine.web.texts import done, gettext

pages = Pages("processes", __name__, url_prefix="/sop")


@pages.get("", signed_in)
def index() -> str:
    """Show every SOP in force."""
    found = [services().deployments.process(p.outline.process_id, now()) for p in services().deployments.all()]
    return render_template("processes/index.html", found=found)


@pages.get("/<process_id>", signed_in)
def show(process_id: str) -> str:
    """Show an SOP: identity, steps, people, versions."""
    found = services().deployments.process(process_id, now(), request.args.get("versi", type=int))
    startable = may_start(actor(), found.procedure)
    return render_template("processes/show.html", found=found, tab="ikhtisar", startable=startable)


@pages.get("/<process_id>/diagram", signed_in)
def diagram(process_id: str) -> str:
    """Show an SOP's diagram."""
    found = services().deployments.process(process_id, now(), request.args.get("versi", type=int))
    return render_template(
        "processes/diagram.html", found=found, tab="diagram", drawing=diagrams.of_process(found.procedure)
    )


@pages.get("/<process_id>/diagram.bpmn", signed_in)
def bpmn(process_id: str) -> Answer:
    """Give the BPMN of a version as a file: a browser would open it as a page of ours."""
    found = services().deployments.process(process_id, now(), request.args.get("versi", type=int))
    return hand_out(found.procedure.xml, "application/xml", f"{process_id}.bpmn", as_attachment=True)


@pages.get("/<process_id>/versi", signed_in)
def versions(process_id: str) -> str:
    """Show every version, what it was deployed for, and what was done to the SOP."""
    found = services().deployments.process(process_id, now(), request.args.get("versi", type=int))
    return render_template(
        "processes/versions.html", found=found, tab="versi", lines=services().histories.of_process(process_id)
    )


@pages.get("/<process_id>/laporan", signed_in)
def reports(process_id: str) -> str:
    """Show the reports over many instances that one may ask for."""
    found = services().deployments.process(process_id, now(), request.args.get("versi", type=int))
    offered = services().reports.offered(actor(), process_id)
    return render_template("processes/reports.html", found=found, tab="laporan", offered=offered)


@pages.post("/<process_id>/laporan/<report_id>.<any(pdf, xlsx, zip):ending>", by_button(signed_in, "processes.reports"))
def report(process_id: str, report_id: str, ending: str) -> Answer:
    """Make a report from current data; that it was made is recorded."""
    chosen = {name: text[:100] for name, text in request.form.items() if name != "csrf_token"}
    period = formatting.asked_days(chosen.get("_dari"), chosen.get("_sampai"))
    again = redirect(f"{url_for('processes.reports', process_id=process_id)}?{urlencode(chosen)}", 303)
    for fault in period.faults:
        flash(fault, "warning")
    if period.faults:
        return again
    days = (period.first, period.last)
    try:
        name, media_type, stream = services().reports.make(actor(), process_id, report_id, chosen, ending, now(), days)
    except NotFound:
        if not any(days):
            raise
        named = " ".join(text for name, text in chosen.items() if name[0] != "_") or gettext("pilihan ini")
        both = gettext("Tidak ada pelaksanaan yang cocok dengan %(chosen)s dan dimulai dalam masa itu.", chosen=named)
        flash(both, "warning")
        return again
    return hand_out(stream, media_type, name, as_attachment=ending != "pdf")


@pages.get("/<process_id>/pelaksana/<element_id>", only(OfficeRole.OPERATOR))
def ask_reassign(process_id: str, element_id: str, *errors: str) -> str:
    """Ask which role takes over a step of all running instances, and why."""
    found = services().deployments.process(process_id, now())
    return render_template(
        "processes/reassign.html",
        found=found,
        step=step_of(found, element_id),
        roles=services().people.roles(now()),
        errors=errors,
        reason=request.form.get("alasan", ""),
    )


@pages.post("/<process_id>/pelaksana/<element_id>", only(OfficeRole.OPERATOR))
def reassign(process_id: str, element_id: str) -> Answer | tuple[str, int]:
    """Give a step of all running instances, and of those to come, to another role."""
    role, reason = request.form.get("peran", ""), request.form.get("alasan", "")
    if role not in {view.role for view in services().people.roles(now())}:
        return ask_reassign(process_id, element_id, gettext("Pilih peran.")), 422
    try:
        moved = services().assignments.reassign_element(actor(), process_id, element_id, role, reason, now())
    except InvalidForm:
        return ask_reassign(process_id, element_id, gettext("Tulis alasan, 3 sampai 500 karakter.")), 422
    said = gettext("Pelaksana diganti; %(n)d tugas terbuka ikut berpindah.", n=moved)
    return done(said, "processes.show", process_id=process_id)


@pages.post("/<process_id>/konfirmasi", only(OfficeRole.OPERATOR))
def confirm(process_id: str) -> Answer:
    """Note that the office confirmed the reconstruction of the version in force."""
    reason = request.form.get("alasan", "")
    found = services().deployments.process(process_id, now())
    try:
        services().deployments.confirm(actor(), found.procedure.record.id, reason, now())
        flash(gettext("Konfirmasi dinas tercatat."), "success")
    except InvalidForm:
        flash(gettext("Tulis dasar konfirmasi, 3 sampai 500 karakter."), "danger")
    return redirect(url_for("processes.show", process_id=process_id), 303)
