"""The pages of the person doing the work: form, draft, completion, receipt; the inbox is in ``inbox``."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import flash, g, jsonify, redirect, render_template, request, session, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from engine.model.errors import Conflict, FieldError, InvalidForm, NotPermitted
from engine.model.work import Draft
from engine.service.people.accounts import Retyped
from engine.service.work.task_form import TaskPage
from engine.web import diagrams, errors
from engine.web.access import Pages, signed_in, uploading
from engine.web.attachments import hand_out
from engine.web.authentication import actor, name_of, now, posted_entries, row_button, seen_files, tab, typed_again
from engine.web.authentication import signed_in as signed_in_now
from engine.web.formatting import read_day, words
from engine.web.services import dates, services
from engine.web.texts import done, gettext
from engine.web.uploads import of_task, stage_files

SEEN = "_versi."  # prefix of hidden fields that say which version of a document the signer saw

NOT_READ = ("file", "signature", "number_pattern")
"""Errors found only on completion; the others are found again by reading the draft."""

Answer = Response | tuple[Response, int] | tuple[str, int]

pages = Pages("tasks", __name__, url_prefix="/tugas")


@pages.get("/baca", signed_in)
def read_text() -> Response:
    """Say how a day, time or number is read, while somebody types it."""
    found = services().tasks.echo(request.args.get("jenis", ""), request.args.get("teks", ""), words())
    wrong = " ".join(problem.message.removeprefix(": ") for problem in found.problems)
    return jsonify({"reading": found.reading, "notice": found.notice or wrong})


@pages.get("/libur", signed_in)
def days_off() -> Response:
    """Say on which days of a month the office does not work, and why."""
    return jsonify(services().tasks.days_off(request.args.get("bulan", "")))


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


@pages.get("/<task_id>/periksa", signed_in)
def check(task_id: str) -> str:
    """Show what is answered in each part of a form, to be read before it is handed in."""
    page = services().tasks.open(actor(), task_id, now())
    entries = services().tasks.begun(page)
    return _form_page(page, entries, (), answers=services().tasks.answers(page, entries, words()))


@pages.post("/<task_id>/pratinjau/<data_object_id>", uploading(of_task))
def preview(task_id: str, data_object_id: str) -> Response:
    """Show what a document would look like with what was typed; nothing is kept."""
    page = services().tasks.open(actor(), task_id, now())
    entries = services().tasks.with_kept_rows(page, posted_entries())
    reading, _ = services().tasks.reading(page, entries, words())
    its = (page.procedure, page.instance, page.found.task)
    content = services().printing.preview(*its, data_object_id, reading.values, now())
    return hand_out(content, "application/pdf", f"{data_object_id}-draf.pdf")


@pages.post("/<task_id>/ambil", signed_in)
def claim(task_id: str) -> Response:
    """Claim a task for oneself."""
    try:
        services().assignments.claim(actor(), task_id, now())
    except Conflict as conflict:
        flash(errors.conflict_words(conflict), "warning")
        return redirect(url_for("tasks.inbox"), 303)
    return redirect(url_for("tasks.show", task_id=task_id), 303)


@pages.post("/<task_id>/lepaskan", signed_in)
def release(task_id: str) -> Response:
    """Give a claimed task back to the lane."""
    services().assignments.release(actor(), task_id, now())
    said = gettext("Tugas dilepaskan. Draf Anda tersimpan dan ditawarkan bila Anda mengambilnya lagi.")
    return done(said, "tasks.inbox")


@pages.get("/<task_id>/serahkan", signed_in)
def ask_hand_over(task_id: str, errors: Sequence[FieldError] = ()) -> str:
    """Ask to whom in the lane the task goes, and why."""
    page = services().tasks.open(actor(), task_id, now())
    return render_template("tasks/hand_over.html", page=page, errors=errors, entries=request.form)


@pages.post("/<task_id>/serahkan", signed_in)
def hand_over(task_id: str) -> tuple[str, int] | Response:
    """Give the task to another person of the lane."""
    to, reason = request.form.get("kepada", ""), request.form.get("alasan", "")
    try:
        services().assignments.hand_over(actor(), task_id, to, reason, now())
    except InvalidForm as invalid:
        return ask_hand_over(task_id, invalid.errors), 422
    return done(gettext("Tugas diserahkan kepada %(who)s.", who=name_of(to)), "tasks.inbox")


@pages.get("/<task_id>/tenggat", signed_in)
def ask_extend(task_id: str, *errors: str) -> str:
    """Ask until when a task may take, and why."""
    task, step = services().assignments.extending(actor(), task_id, now())
    return render_template("tasks/extend.html", task=task, step=step, errors=errors, form=request.form)


@pages.post("/<task_id>/tenggat", signed_in)
def extend(task_id: str) -> tuple[str, int] | Response:
    """Put off a task's due date."""
    until, reason = read_day(request.form.get("sampai")), request.form.get("alasan", "")
    task, _ = services().assignments.extending(actor(), task_id, now())
    try:
        services().assignments.extend(actor(), task_id, until, reason, now())
    except InvalidForm:
        said = gettext(
            "Pilih hari kerja sesudah tenggat sekarang, dalam dua tahun ini, dan tulis alasan, 3 sampai 500 karakter."
        )
        return ask_extend(task_id, said), 422
    return done(gettext("Tenggat diperpanjang."), "instances.show", instance_id=task.instance_id)


@pages.post("/<task_id>/draf", uploading(of_task))
def save_draft(task_id: str) -> Answer:
    """Save what was typed, by button or script; "_pilih" chooses the version sent ("sini") or saved ("sana")."""
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
            return jsonify({"message": errors.conflict_words(conflict), "at": dates().clock(conflict.at or now())}), 409
        return _too_late(task_id, entries, conflict)
    if background:
        return jsonify({"revision": saved.revision, "saved_at": dates().clock(saved.saved_at)})
    table = request.form.get("_tabel")
    if table and not refused:
        return redirect(url_for("grids.show", task_id=task_id, table=table), 303)
    if not refused:
        flash(gettext("Draf tersimpan %(at)s.", at=dates().clock(now())), "success")
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
            _save_seen(task_id, edited[0], edited=True)
            return _again(task_id, refused, _anchor=edited[1])
        if refused:
            raise InvalidForm(refused, entries)
        services().tasks.complete(
            actor(),
            task_id,
            entries,
            now(),
            words=words(),
            draft_revision=request.form.get("_revisi", type=int),
            writer=tab(),
            files=seen_files(),
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
def receipt(task_id: str, *errors: str) -> str:
    """Say that it worked and who has it now; while nobody built on it, offer to take it back."""
    found = services().tasks.receipt(actor(), task_id, now())
    mine = services().taking_back.may(actor(), [found.task], now())
    return render_template("tasks/receipt.html", done=found, may_take_back=task_id in mine, errors=errors)


@pages.post("/<task_id>/tarik", signed_in)
def take_back(task_id: str) -> Response | tuple[str, int]:
    """Take a completion back: its form is open again, with what was handed in."""
    try:
        services().taking_back.take_back(actor(), task_id, request.form.get("alasan", ""), now())
    except InvalidForm:
        return receipt(task_id, gettext("Tulis alasan, 3 sampai 500 karakter.")), 422
    return done(gettext("Ditarik kembali. Isian Anda ada di bawah ini."), "tasks.show", task_id=task_id)


@pages.get("/<task_id>/isian", signed_in)
def entries_text(task_id: str) -> Response:
    """Give back what one typed, as a file, when it could not be sent."""
    draft = services().tasks.draft(actor(), task_id)
    lines = [f"{path}: {' | '.join(texts)}" for path, texts in sorted(draft.entries.items()) if any(texts)]
    text = "\n".join(lines) + "\n"
    return hand_out(text.encode(), "text/plain", f"isian-{task_id[:8]}.txt", as_attachment=True)


@pages.get("/<task_id>/diagram", signed_in)
def diagram(task_id: str) -> str:
    """Show where in the instance this step stands."""
    page = services().tasks.open(actor(), task_id, now())
    instance = services().instances.page(actor(), page.instance.id, now())
    drawn = {"drawing": diagrams.of_instance(instance), "legend": diagrams.legend_of(instance)}
    return render_template("tasks/diagram.html", page=page, instance=instance, **drawn)


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
    reason = gettext("Kiriman ini belum diterima. Kembali, muat ulang halaman, lalu kirim lagi.")
    return errors.page(403, title=gettext("Halaman terlalu lama terbuka"), reason=reason)


def _form_page(
    page: TaskPage,
    entries: Mapping[str, Sequence[str]],
    problems: Sequence[FieldError],
    alert: str | None = None,
    answers: Any = None,
) -> str:
    today, shown = services().office.today(now()), services().tasks.fields(page, entries, problems, words())
    tables = [view for view in _tables(shown.fields) if view.grid is not None]
    kept = {view.path: view for view in tables if view.grid.kept}
    proofs = {view.path: _proofs(page, view) for view in _tables(shown.fields) if view.asked.evidence and view.given}
    return render_template(
        "tasks/form.html" if answers is None else "tasks/check.html",
        page=page,
        **{"answers": answers, "fields": shown, "proofs": proofs, "kept_tables": list(kept), "alert_text": alert},
        errors=_first_of_tables(list(map(_worded, problems)), kept),
        tables_at=f"{url_for('tasks.show', task_id=page.item.task.id)}/tabel/",
        previews=services().printing.previewable(page.procedure, page.item.step),
        sources={
            unmet: services().registers.sources(actor(), unmet.registers, today)
            for unmet in (shown.unmet if page.may == "fill" else ())
        },
    )


def _tables(fields: Sequence[Any]) -> Iterator[Any]:
    for field in fields:
        if field.kind == "table":
            yield field
        yield from _tables(field.fields)


def _proofs(page: TaskPage, view: Any) -> list[Any]:
    found, names = services().tasks.evidence(page, view.asked), [column.name for column in view.columns]
    return [found.get(row[names.index(view.asked.key)], ()) for row in view.shown_rows]


def _first_of_tables(problems: Sequence[FieldError], kept: Mapping[str, Any]) -> list[FieldError]:
    """Return the problems; of a table with its own page only the first: nobody reads five hundred lines."""
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
    match problem.keyword:
        case "kelengkapan":
            said = gettext("%(name)s belum ada. Isian dapat dibuat, tetapi langkah belum dapat diselesaikan.")
        case "pending":
            said = gettext(
                "%(name)s belum disetujui %(lane)s. Isian dapat dibuat, tetapi langkah belum dapat diselesaikan."
            )
        case "number_pattern":
            said = gettext("%(name)s: nomor tidak dapat disusun. Periksa pola nomor di register; isian ini aman.")
        case _:
            return problem
    return replace(problem, message=said % {"name": problem.label, "lane": problem.message})


def _edit_rows(task_id: str, entries: dict[str, list[str]]) -> tuple[dict[str, list[str]], str] | None:
    """Return the entries with a row added, removed or moved, and its table's place, if such a button was pressed."""
    if (pressed := row_button()) is None:
        return None
    verb, place = pressed
    table = place if verb == "tambah" else place.rpartition(".")[0]
    edited = services().tasks.edit_rows(actor(), task_id, entries, verb, place, now(), seen_files())
    return edited, f"f-{table.replace('.', '-')}"


def _save(task_id: str, entries: Mapping[str, Sequence[str]], *, over: bool = False, edited: bool = False) -> Draft:
    """Save a page's entries; of *edited* rows the files have been looked after before they were numbered anew."""
    seen: dict[str, Any] = {"revision": request.form.get("_revisi", type=int), "writer": tab(), "over": over}
    files = None if edited else seen_files()
    return services().tasks.save_draft(actor(), task_id, entries, now(), **seen, files=files)


def _save_seen(task_id: str, entries: Mapping[str, Sequence[str]], *, edited: bool = False) -> Draft:
    """Save what the person has before them; what was saved elsewhere meanwhile is put aside, and the page says so."""
    try:
        return _save(task_id, entries, edited=edited)
    except Conflict as conflict:
        if conflict.reason != "draft":
            raise
        flash(
            gettext(
                "Draf tugas ini juga diubah di tab atau perangkat lain pukul %(at)s. Di bawah ini isian yang baru Anda "
                "kirim; tabel yang diisi di halamannya sendiri seperti yang terbaru. Belum ada yang diselesaikan, dan "
                "isian yang lain disisihkan. Periksa, lalu kirim lagi.",
                at=dates().clock(conflict.at or now()),
            ),
            "warning",
        )
        return _save(task_id, entries, over=True, edited=edited)


def _again(task_id: str, problems: Sequence[FieldError] = (), **where: Any) -> Response:
    """Redirect to the form, which shows the draft; *problems* that it does not find again are shown once."""
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
