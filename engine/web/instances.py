"""The pages about process instances: lists, starting, one instance for staff and for auditors."""

from collections.abc import Sequence
from typing import Any

from flask import jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.model.errors import Conflict, InvalidForm, NotPermitted, NotReady
from engine.model.history import Action
from engine.model.people import OfficeRole
from engine.service.history.timelines import HistoryFilter
from engine.service.work.instances import InstanceFilter, InstancePage
from engine.web import diagrams, errors
from engine.web.access import Pages, by_button, signed_in, uploading
from engine.web.asked import asked_days, asked_text
from engine.web.attachments import hand_out, sheet
from engine.web.authentication import actor, asked_page, now, posted_entries
from engine.web.formatting import words
from engine.web.ledger import words_of_codes
from engine.web.lists import Filter, asked_filters, asked_place, days_of, listing, offers, periods
from engine.web.services import services
from engine.web.texts import done, gettext
from engine.web.uploads import stage_loose

pages = Pages("instances", __name__, url_prefix="/instans")
ORDERS = {"baru": "new", "lama": "old", "judul": "title"}
STATUSES = ("running", "waiting", "incident", "suspended", "completed", "terminated", "archived")


@pages.get("", signed_in)
def index() -> str:
    """Show the instances I may see, newest first."""
    asked = asked_filters("cari", "status", "sop", "periode", "terlambat", "urut")
    late = bool(asked["terlambat"])
    since, until = days_of(asked["periode"])
    narrowed = InstanceFilter(
        status=asked["status"] if asked["status"] in STATUSES else None,
        process_id=asked["sop"] or None,
        text=asked["cari"] or None,
        overdue_at=now() if late else None,
        sort=ORDERS.get(asked["urut"], "due" if late else "new"),
        since=since,
        until=until,
    )
    found, offered = services().instances.list(actor(), now(), narrowed, asked_place(asked)), offers()
    filters = (
        Filter("cari", gettext("Judul")),
        Filter("status", gettext("Status"), tuple((each, each) for each in STATUSES)),
        Filter("sop", gettext("SOP"), offered.processes),
        Filter("periode", gettext("Periode"), tuple(periods())),
        Filter("terlambat", gettext("Terlambat"), tick=True),
    )
    orders = (("baru", gettext("terbaru")), ("lama", gettext("terlama")), ("judul", gettext("judul")))
    listed = listing(offered, asked, found.page, filters, orders)
    startable = services().starts.startable(actor())
    return render_template("instances/index.html", found=found, list=listed, startable=startable)


@pages.get("/mulai", signed_in)
def ask_start() -> str | Response:
    """Choose a procedure, then show its start form, its readiness and its expected schedule."""
    process_id = request.args.get("sop")
    startable = services().starts.startable(actor())
    if not process_id:
        if len(startable) == 1:
            return redirect(url_for("instances.ask_start", sop=startable[0].outline.process_id), 303)
        return render_template("instances/choose.html", startable=startable)
    ready = services().starts.readiness(actor(), process_id, now())
    fields = services().starts.fields(ready, ready.entries, (), words())
    return render_template("instances/start.html", ready=ready, fields=fields, errors=(), duplicate=None, unmet=())


@pages.post("/mulai", signed_in)
def start() -> Response | tuple[str, int]:
    """Start an instance; what keeps it from starting is said beside the form."""
    process_id = request.args.get("sop", "")
    entries = posted_entries()
    try:
        if not request.form.get("_tetap"):
            unmet = services().starts.unmet(actor(), process_id, entries, now(), words())
            if unmet:
                return _start_again(process_id, entries, None, unmet)
        instance_id = services().starts.start(actor(), process_id, entries, now(), words=words())
    except (InvalidForm, Conflict, NotReady) as problem:
        return _start_again(process_id, entries, problem)
    return redirect(url_for("instances.show", instance_id=instance_id), 303)


@pages.get("/<instance_id>", signed_in)
def show(instance_id: str) -> str:
    """Show one instance: where it is, who has it, what exists."""
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
    name = f"{page.procedure.outline.process_id}.bpmn"
    return hand_out(page.procedure.xml, "application/xml", name, as_attachment=True)


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
    content = services().histories.export(actor(), instance_id, history_filter(), now())
    return sheet(content, "csv", f"riwayat-{instance_id[:8]}.csv")


@pages.get("/<instance_id>/dokumen", signed_in)
def papers(instance_id: str) -> str:
    """Show the documents by version."""
    return _tab("documents", _found(instance_id), "dokumen")


@pages.get("/<instance_id>/catatan", signed_in)
def comments(instance_id: str) -> str:
    """Show the notes that people left."""
    return _tab("comments", _found(instance_id), "catatan", errors=(), task_id=request.args.get("tugas", ""))


@pages.post("/<instance_id>/catatan", signed_in)
def comment(instance_id: str) -> Response | tuple[str, int]:
    """Add a note."""
    text, task_id = request.form.get("catatan", ""), request.form.get("tugas", "")
    try:
        unseen = services().control.comment(actor(), instance_id, text, now(), task_id or None)
    except InvalidForm:
        message = gettext("Tulis catatan, paling banyak 4.000 karakter.")
        return _tab("comments", _found(instance_id), "catatan", errors=(message,), text=text, task_id=task_id), 422
    said = gettext("Catatan tersimpan.")
    if unseen:
        who = ", ".join(f"@{each}" for each in unseen)
        why = gettext("%(who)s tidak diberi tahu: bukan akun yang dapat melihat pelaksanaan ini.", who=who)
        said = f"{said} {why}"
    return done(said, "instances.comments", instance_id=instance_id)


def adding(instance_id: str, **_: str) -> None:
    """Refuse whoever may not add files to an instance, before what they send is read."""
    services().documents.permit_adding(actor(), instance_id)


@pages.post("/<instance_id>/lampiran", uploading(adding))
def add_files(instance_id: str) -> Response | tuple[str, int]:
    """Keep files of an instance outside its forms; what is refused is said, and the others are kept."""
    refused = stage_loose(instance_id)
    if refused:
        return _tab("documents", _found(instance_id), "dokumen", refused=refused), 422
    return done(gettext("Berkas tersimpan."), "instances.papers", instance_id=instance_id)


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
        "tangguhkan": services().control.suspend,
        "lanjutkan": services().control.resume,
        "hentikan": services().control.terminate,
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
    services().starts.correctable(actor(), instance_id)
    return _correction(instance_id)


@pages.post("/<instance_id>/ralat", signed_in)
def correct(instance_id: str) -> Response | tuple[str, int]:
    """Start the correction of a completed instance."""
    chosen, reason = request.form.getlist("_dokumen"), request.form.get("_alasan", "")
    try:
        new = services().starts.correct(actor(), instance_id, chosen, reason, now())
    except InvalidForm as problem:
        return _correction(instance_id, faults=problem.errors), 422
    except NotReady as problem:
        return _correction(instance_id, lacking=[name for _, _, name in problem.missing]), 409
    return redirect(url_for("instances.show", instance_id=new), 303)


def _correction(instance_id: str, **refused: Any) -> str:
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
    ready = services().starts.readiness(actor(), process_id, now(), entries)
    problems = problem.errors if isinstance(problem, InvalidForm) else ()
    duplicate = None
    if isinstance(problem, Conflict):
        if problem.reason != "duplicate":
            raise problem
        duplicate = (errors.conflict_words(problem), problem.facts["instance_id"])
    fields = services().starts.fields(ready, entries, problems, words())
    page = render_template(
        "instances/start.html", ready=ready, fields=fields, errors=problems, duplicate=duplicate, unmet=unmet
    )
    return page, 422 if isinstance(problem, InvalidForm) else 409


def _tab(template: str, page: InstancePage, tab: str, **facts: Any) -> str:
    may_write = actor().roles - {OfficeRole.AUDITOR, OfficeRole.DESIGNER} and page.record.ended_at is None
    return render_template(f"instances/{template}.html", page=page, tab=tab, may_write=may_write, **facts)


def history_filter() -> HistoryFilter:
    """Return the history filter that the address states."""
    since, until = asked_days().bounds(services().office.calendar().zone)
    asked = {name: asked_text(name) for name in ("cari", "pelaku", "unsur", "jenis", "tentang")}
    text, who = asked["cari"], asked["pelaku"]
    named = (id_ for id_, name in services().people.names().items() if who in (name, f"{name} ({id_})"))
    return HistoryFilter(
        actor=next(named, who) or None,
        element_id=asked["unsur"] or None,
        action=asked["jenis"] or None,
        since=since,
        until=until,
        text=text or None,
        codes=services().histories.codes(text, words_of_codes(), words().locale) if text else frozenset(),
        about=asked["tentang"] or None,
    )
