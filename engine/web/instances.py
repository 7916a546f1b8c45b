"""The pages about process instances: lists, starting, one instance for staff and for auditors."""

import io
from collections.abc import Sequence
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.model.errors import Conflict, InvalidForm, NotPermitted, NotReady
from engine.model.history import Action
from engine.model.people import OfficeRole
from engine.service.history.timelines import HistoryFilter
from engine.service.work.instances import InstancePage
from engine.web import diagrams, errors, formatting
from engine.web.access import Pages, by_button, signed_in
from engine.web.attachments import hand_out, sheet
from engine.web.authentication import actor, asked_page, now, posted_entries
from engine.web.formatting import words
from engine.web.ledger import words_of_codes
from engine.web.services import services
from engine.web.texts import gettext

pages = Pages("instances", __name__, url_prefix="/instans")
STATUSES = ("running", "waiting", "incident", "suspended", "completed", "terminated", "archived")


@pages.get("", signed_in)
def index() -> str:
    """Show the instances I may see, newest first."""
    status = request.args.get("status")
    found = services().instances.list(
        actor(),
        now(),
        status=status if status in STATUSES else None,
        process_id=request.args.get("sop") or None,
        text=request.args.get("cari", "").strip()[:100] or None,
        overdue=bool(request.args.get("terlambat")),
        page=asked_page(),
    )
    startable = services().instances.startable(actor())
    return render_template("instances/index.html", found=found, statuses=STATUSES, startable=startable)


@pages.get("/mulai", signed_in)
def ask_start() -> str | Response:
    """Choose a procedure, then show its start form, its readiness and its expected schedule."""
    process_id = request.args.get("sop")
    startable = services().instances.startable(actor())
    if not process_id:
        if len(startable) == 1:
            return redirect(url_for("instances.ask_start", sop=startable[0].outline.process_id), 303)
        return render_template("instances/choose.html", startable=startable)
    ready = services().instances.readiness(actor(), process_id, now())
    fields = services().instances.fields(ready, ready.entries, (), words(), now())
    return render_template("instances/start.html", ready=ready, fields=fields, errors=(), duplicate=None, unmet=())


@pages.post("/mulai", signed_in)
def start() -> Response | tuple[str, int]:
    """Start an instance; what keeps it from starting is said beside the form."""
    process_id = request.args.get("sop", "")
    entries = posted_entries()
    try:
        if not request.form.get("_tetap"):
            unmet = services().instances.unmet(actor(), process_id, entries, now(), words())
            if unmet:
                return _start_again(process_id, entries, None, unmet)
        instance_id = services().instances.start(actor(), process_id, entries, now(), words=words())
    except (InvalidForm, Conflict, NotReady) as problem:
        return _start_again(process_id, entries, problem)
    return redirect(url_for("instances.show", instance_id=instance_id), 303)


@pages.get("/<instance_id>", signed_in)
def show(instance_id: str) -> str:
    """Show where it is, who has it, what exists."""
    return _tab("show", _found(instance_id), "langkah")


@pages.get("/<instance_id>/diagram", signed_in)
def diagram(instance_id: str) -> str:
    """Show the diagram with the state of every element."""
    page = _found(instance_id)
    drawn = {"drawing": diagrams.of_instance(page), "legend": diagrams.legend_of(page)}
    return _tab("diagram", page, "diagram", **drawn)


@pages.get("/<instance_id>/diagram.bpmn", signed_in)
def bpmn(instance_id: str) -> Response:
    """Give the BPMN of the instance's version as a file."""
    page = _found(instance_id)
    content, name = io.BytesIO(page.procedure.xml), f"{page.procedure.outline.process_id}.bpmn"
    return hand_out(content, "application/xml", name, as_attachment=True)


@pages.get("/<instance_id>/tanda.json", signed_in)
def marks(instance_id: str) -> Response:
    """Give the state of every element, for the diagram viewer."""
    return jsonify(diagrams.marks_json(_found(instance_id)))


@pages.get("/<instance_id>/riwayat", signed_in)
def history(instance_id: str) -> str:
    """Show who did what, when, for whom, with which change."""
    page = _found(instance_id)
    narrowed = history_filter()
    timeline = services().histories.of_instance(actor(), instance_id, narrowed, page=asked_page())
    earlier = (Action.TASK_RETURNED,) if Action.TASK_COMPLETED in timeline.actions else ()
    actions = tuple(dict.fromkeys((*earlier, *timeline.actions)))
    return _tab("history", page, "riwayat", timeline=timeline, narrowed=narrowed, actions=actions)


@pages.post("/<instance_id>/riwayat.csv", by_button(signed_in, "instances.history"))
def history_file(instance_id: str) -> Response:
    """Give the history as a file for a spreadsheet; that it was taken is recorded."""
    days = formatting.asked_days(request.args.get("dari"), request.args.get("sampai"))
    if days.refused:
        return redirect(url_for("instances.history", instance_id=instance_id), 303)
    content = services().histories.export(actor(), instance_id, _filter(days), now())
    return sheet(content, "csv", f"riwayat-{instance_id[:8]}.csv")


@pages.get("/<instance_id>/dokumen", signed_in)
def papers(instance_id: str) -> str:
    """Show the documents by version."""
    return _tab("documents", _found(instance_id), "dokumen")


@pages.get("/<instance_id>/catatan", signed_in)
def comments(instance_id: str) -> str:
    """Show the notes that people left."""
    return _tab("comments", _found(instance_id), "catatan", errors=())


@pages.post("/<instance_id>/catatan", signed_in)
def comment(instance_id: str) -> Response | tuple[str, int]:
    """Add a note."""
    text = request.form.get("catatan", "")
    try:
        services().instances.comment(actor(), instance_id, text, now())
    except InvalidForm:
        message = gettext("Tulis catatan, paling banyak 4.000 karakter.")
        return _tab("comments", _found(instance_id), "catatan", errors=(message,), text=text), 422
    flash(gettext("Catatan tersimpan."), "success")
    return redirect(url_for("instances.comments", instance_id=instance_id), 303)


@pages.get("/<instance_id>/keutuhan", signed_in)
def integrity(instance_id: str) -> str:
    """Compute every hash of the instance's history again, now."""
    report = services().histories.verify(actor(), instance_id)
    return _tab(
        "integrity", _found(instance_id), "keutuhan", report=report, blamed=services().histories.blamed(report.faults)
    )


@pages.get("/<instance_id>/<any(tangguhkan, lanjutkan, hentikan):deed>", signed_in)
def ask_govern(instance_id: str, deed: str) -> str:
    """Ask why an instance is to be suspended, resumed or terminated."""
    page = _found(instance_id)
    if not (page.may_terminate if deed == "hentikan" else actor().has(OfficeRole.OPERATOR)):
        raise NotPermitted("role", roles=(OfficeRole.OPERATOR,))
    return render_template("instances/govern.html", page=page, deed=deed, errors=(), reason="")


@pages.post("/<instance_id>/<any(tangguhkan, lanjutkan, hentikan):deed>", signed_in)
def govern(instance_id: str, deed: str) -> Response | tuple[str, int]:
    """Suspend, resume or terminate an instance."""
    reason = request.form.get("alasan", "")
    do = {
        "tangguhkan": services().instances.suspend,
        "lanjutkan": services().instances.resume,
        "hentikan": services().instances.terminate,
    }[deed]
    page = _found(instance_id)
    message = gettext("Ketik judul pelaksanaan persis seperti tertulis untuk menghentikannya.")
    if deed != "hentikan" or request.form.get("judul", "").strip() == page.record.title:
        try:
            do(actor(), instance_id, reason, now())
            return redirect(url_for("instances.show", instance_id=instance_id), 303)
        except InvalidForm:
            message = gettext("Tulis alasan, 3 sampai 500 karakter.")
    return render_template("instances/govern.html", page=page, deed=deed, errors=(message,), reason=reason), 422


@pages.get("/<instance_id>/ralat", signed_in)
def ask_correction(instance_id: str) -> str:
    """Ask which documents of a completed instance are wrong, and why."""
    services().instances.correctable(actor(), instance_id)
    return _correction(instance_id)


@pages.post("/<instance_id>/ralat", signed_in)
def correct(instance_id: str) -> Response | tuple[str, int]:
    """Start the correction of a completed instance."""
    chosen, reason = request.form.getlist("_dokumen"), request.form.get("_alasan", "")
    try:
        new = services().instances.correct(actor(), instance_id, chosen, reason, now())
    except InvalidForm as problem:
        return _correction(instance_id, faults=problem.errors), 422
    except NotReady as problem:
        return _correction(instance_id, lacking=[name for _, _, name in problem.missing]), 409
    return redirect(url_for("instances.show", instance_id=new), 303)


def _correction(instance_id: str, **refused: Any) -> str:
    """Return the page that asks for a correction, and says what it was *refused* for."""
    page = _found(instance_id)
    start = page.procedure.form_of(page.procedure.outline.start_event)
    said = start.show(page.start_values, words().locale, page.names, {})
    return render_template("instances/correct.html", page=page, started=said, **refused)


def _found(instance_id: str) -> InstancePage:
    return services().instances.page(actor(), instance_id, now())


def _start_again(
    process_id: str,
    entries: dict[str, list[str]],
    problem: InvalidForm | Conflict | NotReady | None,
    unmet: Sequence[Any] = (),
) -> tuple[str, int]:
    ready = services().instances.readiness(actor(), process_id, now(), entries)
    problems = problem.errors if isinstance(problem, InvalidForm) else ()
    duplicate = None
    if isinstance(problem, Conflict):
        if problem.reason != "duplicate":
            raise problem
        duplicate = (errors.conflict_words(problem), problem.facts["instance_id"])
    fields = services().instances.fields(ready, entries, problems, words(), now())
    page = render_template(
        "instances/start.html", ready=ready, fields=fields, errors=problems, duplicate=duplicate, unmet=unmet
    )
    return page, 422 if isinstance(problem, InvalidForm) else 409


def _tab(template: str, page: InstancePage, tab: str, **facts: Any) -> str:
    """Return one of the pages about an instance."""
    return render_template(f"instances/{template}.html", page=page, tab=tab, may_write=_may_write(page), **facts)


def _may_write(page: InstancePage) -> bool:
    return bool(actor().roles - {OfficeRole.AUDITOR, OfficeRole.DESIGNER}) and page.record.ended_at is None


def history_filter() -> HistoryFilter:
    """Return what the request narrows lines of history to."""
    return _filter(formatting.asked_days(request.args.get("dari"), request.args.get("sampai")))


def _filter(days: formatting.AskedDays) -> HistoryFilter:
    since, until = days.bounds(services().office.calendar().zone)
    text, who = (request.args.get(name, "").strip()[:100] for name in ("cari", "pelaku"))
    named = (id_ for id_, name in services().people.names().items() if who in (name, f"{name} ({id_})"))
    return HistoryFilter(
        actor=next(named, who) or None,
        element_id=request.args.get("unsur") or None,
        action=request.args.get("jenis") or None,
        since=since,
        until=until,
        text=text or None,
        codes=services().histories.codes(text, words_of_codes(), words().locale) if text else frozenset(),
        about=request.args.get("tentang") or None,
    )
