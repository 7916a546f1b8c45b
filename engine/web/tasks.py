"""The pages of the person doing the work: inbox, form, draft, completion, receipt."""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import flash, g, jsonify, redirect, render_template, request, session, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from engine.model.errors import Conflict, FieldError, InvalidForm, NotPermitted
from engine.model.work import Draft
from engine.service.people.accounts import Retyped
from engine.service.work.tasks import TaskPage
from engine.web import diagrams, errors, formatting
from engine.web.access import Pages, signed_in, uploading
from engine.web.attachments import hand_out
from engine.web.authentication import actor, asked_page, name_of, now, posted_entries, tab, typed_again
from engine.web.authentication import signed_in as signed_in_now
from engine.web.formatting import words
from engine.web.services import services
from engine.web.texts import gettext
from engine.web.uploads import of_task, stage_files

SEEN = "_versi."
"""Begins the hidden entries that say which version of a document was before the signer."""

NOT_READ = ("file", "signature", "number_pattern")
"""Faults that only completing a step finds; those of its entries are found again by reading the draft."""

Answer = Response | tuple[Response, int] | tuple[str, int]

pages = Pages("tasks", __name__, url_prefix="/tugas")
TABS = ("saya", "bersama", "selesai")


@pages.get("", signed_in)
def inbox() -> str:
    """Show what I may do now, most urgent first."""
    which = request.args.get("tampil", "saya")
    found = services().tasks.inbox(
        actor(),
        now(),
        which=which if which in TABS else "saya",
        text=request.args.get("cari", "").strip()[:100] or None,
        overdue=request.args.get("waktu") == "terlambat",
        returned=request.args.get("waktu") == "dikembalikan",
        page=asked_page(),
    )
    return render_template(
        "tasks/inbox.html", inbox=found, text=request.args.get("cari", ""), chip=request.args.get("waktu")
    )


@pages.get("/baca", signed_in)
def read_text() -> Response:
    """Say how a day, time or number is read, while somebody types it."""
    found = services().tasks.echo(request.args.get("jenis", ""), request.args.get("teks", ""), words())
    return jsonify({"reading": found.reading, "notice": found.notice})


@pages.get("/<task_id>", signed_in)
def show(task_id: str) -> str | Response:
    """Show one step's form, or with "sisihan" what was put aside of it; a completed one's receipt."""
    page = services().tasks.open(actor(), task_id, now())
    if page.why == "completed":
        return redirect(url_for("tasks.receipt", task_id=task_id), 303)
    if page.aside and "sisihan" in request.args:
        return _form_page(replace(page, may="look"), page.aside.entries, ())
    entries, problems = services().tasks.begun(page), _carried(task_id)
    if "periksa" in request.args and page.may == "fill":
        told = {problem.path for problem in problems}
        found = services().tasks.faults(actor(), task_id, entries, words(), now())
        problems += [problem for problem in found if problem.path not in told]
    return _form_page(page, entries, problems)


@pages.post("/<task_id>/pratinjau/<data_object_id>", uploading(of_task))
def preview(task_id: str, data_object_id: str) -> Response:
    """Show what a document would look like with what was typed; nothing is kept."""
    page = services().tasks.open(actor(), task_id, now())
    entries = services().tasks.with_kept_rows(page, posted_entries())
    reading, _ = services().tasks.reading(page, entries, words())
    content = services().printing.preview(
        page.procedure, page.instance, page.item.task, data_object_id, reading.values, now()
    )
    return hand_out(io.BytesIO(content), "application/pdf", f"{data_object_id}-draf.pdf")


@pages.post("/<task_id>/ambil", signed_in)
def claim(task_id: str) -> Response:
    """Claim a task for oneself."""
    try:
        services().tasks.claim(actor(), task_id, now())
    except Conflict as conflict:
        flash(errors.conflict_words(conflict), "warning")
        return redirect(url_for("tasks.inbox", tampil="bersama"), 303)
    return redirect(url_for("tasks.show", task_id=task_id), 303)


@pages.post("/ambil", signed_in)
def claim_several() -> Response:
    """Claim every ticked task; the answer says which were taken by others."""
    taken = 0
    for task_id in request.form.getlist("tugas")[:100]:
        try:
            services().tasks.claim(actor(), task_id, now())
            taken += 1
        except Conflict as conflict:
            flash(errors.conflict_words(conflict), "warning")
    if taken:
        flash(gettext("%(n)d tugas diambil.", n=taken), "success")
    return redirect(url_for("tasks.inbox"), 303)


@pages.post("/<task_id>/lepaskan", signed_in)
def release(task_id: str) -> Response:
    """Give a claimed task back to the lane."""
    services().tasks.release(actor(), task_id, now())
    flash(gettext("Tugas dilepaskan. Draf Anda tersimpan dan ditawarkan bila Anda mengambilnya lagi."), "success")
    return redirect(url_for("tasks.inbox"), 303)


@pages.get("/<task_id>/serahkan", signed_in)
def ask_hand_over(task_id: str) -> str:
    """Ask to whom in the lane the task goes, and why."""
    page = services().tasks.open(actor(), task_id, now())
    return render_template("tasks/hand_over.html", page=page, errors=(), entries={})


@pages.post("/<task_id>/serahkan", signed_in)
def hand_over(task_id: str) -> tuple[str, int] | Response:
    """Give the task to another person of the lane."""
    to, reason = request.form.get("kepada", ""), request.form.get("alasan", "")
    try:
        services().tasks.hand_over(actor(), task_id, to, reason, now())
    except InvalidForm as invalid:
        page = services().tasks.open(actor(), task_id, now())
        return (
            render_template(
                "tasks/hand_over.html", page=page, errors=invalid.errors, entries={"kepada": to, "alasan": reason}
            ),
            422,
        )
    flash(gettext("Tugas diserahkan kepada %(who)s.", who=name_of(to)), "success")
    return redirect(url_for("tasks.inbox"), 303)


@pages.post("/<task_id>/draf", uploading(of_task))
def save_draft(task_id: str) -> Answer:
    """Save what was typed: from the button, or in the background as JSON.

    Who chose between two versions says which ("_pilih"): "sini" the one that is sent, "sana" the one that is saved.
    """
    background = bool(request.headers.get("X-Alur-Background"))
    entries = posted_entries()
    refused = stage_files(actor(), task_id, entries)
    pick = request.form.get("_pilih")
    try:
        if pick == "sana":
            services().tasks.keep_entries(actor(), task_id, entries, now())
            return jsonify({})
        saved = _save(task_id, entries, over=pick == "sini") if background else _save_seen(task_id, entries)
    except Conflict as conflict:
        if background and conflict.reason == "draft":
            return jsonify({"message": errors.conflict_words(conflict), "at": _clock(conflict.at or now())}), 409
        return _too_late(task_id, entries, conflict)
    if background:
        return jsonify({"revision": saved.revision, "saved_at": _clock(saved.saved_at)})
    table = request.form.get("_tabel")
    if table and not refused:
        return redirect(url_for("grids.show", task_id=task_id, table=table), 303)
    if not refused:
        flash(gettext("Draf tersimpan %(at)s.", at=_clock(now())), "success")
    return _again(task_id, refused)


@pages.post("/<task_id>/berkas", uploading(of_task))
def stage(task_id: str) -> Answer:
    """Keep one file as soon as it is chosen; the draft that is saved next holds its id."""
    entries: dict[str, list[str]] = {}
    refused = stage_files(actor(), task_id, entries)
    if refused or not entries:
        return jsonify({"message": " ".join(problem.message for problem in refused)}), 422
    return jsonify({"id": next(iter(entries.values()))[0]})


@pages.post("/<task_id>/draf/pulihkan", signed_in)
def restore_draft(task_id: str) -> Response:
    """Take up again what was put aside; what is there now is put aside instead."""
    services().tasks.restore_draft(actor(), task_id, now())
    return redirect(url_for("tasks.show", task_id=task_id), 303)


@pages.post("/<task_id>/kosongkan", signed_in)
def drop_draft(task_id: str) -> Response:
    """Begin again with the form as it was prefilled; the page offers the draft again."""
    services().tasks.drop_draft(actor(), task_id, now())
    return redirect(url_for("tasks.show", task_id=task_id), 303)


@pages.post("/<task_id>/selesai", uploading(of_task))
def complete(task_id: str) -> Answer:
    """Accept the form and move the instance on; or keep it as the draft, and show that with every error."""
    entries = posted_entries()
    refused = stage_files(actor(), task_id, entries)
    sent = hashlib.sha256(json.dumps(entries).encode()).hexdigest()
    try:
        edited = _edit_rows(task_id, entries)
        if edited is not None:
            _save_seen(task_id, edited[0])
            return _again(task_id, refused, _anchor=edited[1])
        if refused:
            raise InvalidForm(refused, entries)
        services().tasks.complete(
            actor(),
            task_id,
            entries,
            now(),
            words=words(),
            membership_id=request.form.get("_kapasitas"),
            draft_revision=request.form.get("_revisi", type=int),
            writer=tab(),
            retyped=Retyped(typed_again(), request.remote_addr or "-"),
            seen={key.removeprefix(SEEN): text for key, text in request.form.items() if key.startswith(SEEN)},
        )
    except InvalidForm as invalid:
        _save_seen(task_id, entries)
        unread = [_worded(problem) for problem in invalid.errors if problem.keyword in NOT_READ]
        return _again(task_id, unread, periksa=1)
    except Conflict as conflict:
        if conflict.reason == "draft":
            _save_seen(task_id, entries)
            return _again(task_id)
        if conflict.reason == "completed" and session.get("selesai") == [task_id, sent]:
            return redirect(url_for("tasks.receipt", task_id=task_id), 303)  # posted twice: done once
        return _too_late(task_id, entries, conflict)
    except NotPermitted:
        services().tasks.keep_entries(actor(), task_id, entries, now())
        raise
    session["selesai"] = [task_id, sent]
    return redirect(url_for("tasks.receipt", task_id=task_id), 303)


@pages.get("/<task_id>/hasil", signed_in)
def receipt(task_id: str) -> str:
    """Say that it worked and who has it now."""
    return render_template("tasks/receipt.html", done=services().tasks.receipt(actor(), task_id, now()))


@pages.get("/<task_id>/isian", signed_in)
def entries_text(task_id: str) -> Response:
    """Give back what one typed, as a file, when it could not be sent."""
    draft = services().tasks.draft(actor(), task_id)
    lines = [f"{path}: {' | '.join(texts)}" for path, texts in sorted(draft.entries.items()) if any(texts)]
    response = Response("\n".join(lines) + "\n", mimetype="text/plain")
    response.headers["Content-Disposition"] = f'attachment; filename="isian-{task_id[:8]}.txt"'
    return response


@pages.get("/<task_id>/diagram", signed_in)
def diagram(task_id: str) -> str:
    """Show where in the instance this step stands."""
    page = services().tasks.open(actor(), task_id, now())
    instance = services().instances.page(actor(), page.instance.id, now())
    return render_template(
        "tasks/diagram.html",
        page=page,
        instance=instance,
        drawing=diagrams.of_instance(instance),
        legend=diagrams.legend_of(instance),
    )


def stale_page(_: CSRFError) -> tuple[str, int]:
    """Say that the page was open too long; a form comes back with what was typed."""
    g.stale = True
    if request.endpoint == "tasks.complete" and signed_in_now() is not None:
        page = services().tasks.open(actor(), str((request.view_args or {})["task_id"]), now())
        entries = services().tasks.with_kept_rows(page, posted_entries())
        alert = gettext(
            "Halaman terlalu lama terbuka, jadi kiriman ini belum diterima. Isian Anda masih ada: kirim ulang."
        )
        return _form_page(page, entries, (), alert), 403
    return errors.page(
        403,
        title=gettext("Halaman terlalu lama terbuka"),
        reason=gettext("Kiriman ini belum diterima. Kembali, muat ulang halaman, lalu kirim lagi."),
    )


def _form_page(
    page: TaskPage, entries: Mapping[str, Sequence[str]], problems: Sequence[FieldError], alert: str | None = None
) -> str:
    shown = services().tasks.fields(page, entries, problems, words())
    kept = {view.path: view for view in _tables(shown.fields) if view.grid is not None and view.grid.kept}
    tables = [view for view in _tables(shown.fields) if view.grid is not None]
    return render_template(
        "tasks/form.html",
        page=page,
        fields=shown,
        errors=_first_of_tables([_worded(problem) for problem in problems], kept),
        kept_tables=list(kept),
        has_tables=bool(tables),
        tables_at=f"{url_for('tasks.show', task_id=page.item.task.id)}/tabel/",
        alert_text=alert,
        previews=services().printing.previewable(page.procedure, page.instance, page.item.step),
        sources={
            unmet: services().registers.sources(actor(), unmet.registers, services().office.today(now()))
            for unmet in (shown.unmet if page.may == "fill" else ())
        },
    )


def _tables(fields: Sequence[Any]) -> Iterator[Any]:
    """Return every table among the fields as shown, also those in sections."""
    for field in fields:
        if field.kind == "table":
            yield field
        yield from _tables(field.fields)


def _first_of_tables(problems: Sequence[FieldError], kept: Mapping[str, Any]) -> list[FieldError]:
    """Return the problems, of each table with a page of its own only the first: nobody reads five hundred lines."""
    found: list[FieldError] = []
    for path, view in kept.items():
        faults = [each for each in problems if each.path.startswith(f"{path}.")]
        found += faults[: len(view.grid.faults)]
        if view.grid.more:
            more = gettext("%(table)s: %(n)s isian lain perlu diperbaiki.", table=view.label, n=view.grid.more)
            found.append(FieldError(path, view.label, more, "more"))
    mine = {id(each) for each in found}
    inside = tuple(f"{path}." for path in kept)
    whole = [each for each in problems if not each.path.startswith(inside) or id(each) in mine]
    return [*whole, *(each for each in found if each.keyword == "more")] if inside else list(problems)


def _worded(problem: FieldError) -> FieldError:
    if problem.keyword == "kelengkapan":
        message = gettext(
            "%(name)s belum ada. Isian dapat dibuat, tetapi langkah belum dapat diselesaikan.", name=problem.label
        )
        return FieldError(problem.path, problem.label, message, problem.keyword)
    if problem.keyword == "pending":
        message = gettext(
            "%(name)s belum disetujui %(lane)s. Isian dapat dibuat, tetapi langkah belum dapat diselesaikan.",
            name=problem.label,
            lane=problem.message,
        )
        return FieldError(problem.path, problem.label, message, problem.keyword)
    if problem.keyword == "number_pattern":
        message = gettext(
            "%(name)s: nomor tidak dapat disusun. Periksa pola nomor di register; isian ini aman.", name=problem.label
        )
        return FieldError(problem.path, problem.label, message, problem.keyword)
    return problem


def _edit_rows(task_id: str, entries: dict[str, list[str]]) -> tuple[dict[str, list[str]], str] | None:
    """Return the entries with a row added, removed or moved, and its table's place, if such a button was pressed."""
    for deed in ("tambah", "hapus", "naik", "turun"):
        place = request.form.get(f"_{deed}")
        if place:
            table = place if deed == "tambah" else place.rpartition(".")[0]
            edited = services().tasks.edit_rows(actor(), task_id, entries, deed, place, now())
            return edited, f"f-{table.replace('.', '-')}"
    return None


def _save(task_id: str, entries: Mapping[str, Sequence[str]], *, over: bool = False) -> Draft:
    revision = request.form.get("_revisi", type=int)
    return services().tasks.save_draft(actor(), task_id, entries, now(), revision, writer=tab(), over=over)


def _save_seen(task_id: str, entries: Mapping[str, Sequence[str]]) -> Draft:
    """Save what the person has before them; what was saved elsewhere meanwhile is put aside, and the page says so."""
    try:
        return _save(task_id, entries)
    except Conflict as conflict:
        if conflict.reason != "draft":
            raise
        flash(
            gettext(
                "Draf tugas ini juga diubah di tab atau perangkat lain pukul %(at)s. Di bawah ini isian yang baru Anda "
                "kirim; tabel yang diisi di halamannya sendiri seperti yang terbaru. Belum ada yang diselesaikan, dan "
                "isian yang lain disisihkan. Periksa, lalu kirim lagi.",
                at=_clock(conflict.at or now()),
            ),
            "warning",
        )
        return _save(task_id, entries, over=True)


def _again(task_id: str, problems: Sequence[FieldError] = (), **where: Any) -> Response:
    """Lead back to the form, which shows the draft; *problems* that reading it does not find go along, once."""
    if problems:
        told = [[each.path, each.label, each.message[:300], each.keyword] for each in problems[:8]]
        session["kesalahan"] = [task_id, told]
    return redirect(url_for("tasks.show", task_id=task_id, **where), 303)


def _carried(task_id: str) -> list[FieldError]:
    for_task, told = session.pop("kesalahan", (None, ()))
    return [FieldError(*each) for each in told] if for_task == task_id else []


def _too_late(task_id: str, entries: Mapping[str, Sequence[str]], conflict: Conflict) -> Answer:
    """Say who was faster; what was typed is put aside, and can be read as text."""
    services().tasks.keep_entries(actor(), task_id, entries, now())
    reason = errors.conflict_words(conflict)
    if request.headers.get("X-Alur-Background"):
        return jsonify({"message": reason, "kept": url_for("tasks.entries_text", task_id=task_id)}), 409
    return render_template("tasks/conflict.html", conflict=conflict, reason=reason, task_id=task_id), 409


def _clock(at: datetime) -> str:
    return formatting.Dates(lambda: services().office.calendar().zone).clock(at)
