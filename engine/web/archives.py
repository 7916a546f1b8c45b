"""The pages of an instance's berkas: whether it is built, what is in it, where its manual copy stands."""

import hashlib
from collections.abc import Mapping, Sequence

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from engine.model.errors import FieldError, InvalidForm
from engine.model.history import Action
from engine.model.people import OfficeRole
from engine.service.work.instances import InstancePage
from engine.web.access import Pages, by_button, only, signed_in
from engine.web.attachments import hand_out
from engine.web.authentication import actor, now, posted_entries
from engine.web.formatting import words
from engine.web.readings import reading
from engine.web.services import services
from engine.web.texts import done, gettext

pages = Pages("archives", __name__, url_prefix="/instans/<instance_id>")
ZIP = "application/zip"


@pages.get("/arsip", signed_in)
def show(instance_id: str) -> str:
    """Show the berkas: not yet due, being built, failed and why, or what is in it."""
    page = services().instances.page(actor(), instance_id, now())
    found = services().archives.page(actor(), instance_id)
    return render_template("instances/archive.html", page=page, tab="arsip", found=found)


@pages.post("/arsip.zip", by_button(signed_in, "archives.show"))
def take(instance_id: str) -> Response:
    """Hand out the berkas; that it was taken is recorded."""
    name, stream = services().archives.take(actor(), instance_id, now())
    return hand_out(stream, ZIP, name, as_attachment=True)


@pages.get("/daftar-isi.pdf", signed_in)
def contents(instance_id: str) -> Response:
    """Hand out the printed list of contents."""
    printed = services().archives.contents_printed(actor(), instance_id)
    reading(Action.FILE_READ, instance=instance_id, format="pdf", file_sha256=hashlib.sha256(printed).hexdigest())
    return hand_out(printed, "application/pdf", f"daftar-isi-{instance_id[:8]}.pdf")


@pages.post("/berkas.zip", by_button(only(OfficeRole.AUDITOR, OfficeRole.OPERATOR), "instances.show"))
def examine(instance_id: str) -> Response:
    """Hand out all that there is of an instance now, for an examination; that it was taken is recorded."""
    name, stream = services().archives.examine(actor(), instance_id, now())
    return hand_out(stream, ZIP, name, as_attachment=True)


@pages.post("/arsip/coba-lagi", only(OfficeRole.OPERATOR))
def retry(instance_id: str) -> Response:
    """Build again what could not be built."""
    if services().archives.retry(actor(), instance_id, now()):
        flash(gettext("Berkas arsip dibuat. Pelaksanaan ini diarsipkan."), "success")
    else:
        flash(gettext("Berkas arsip belum dapat dibuat. Sebabnya tertulis di bawah."), "warning")
    return redirect(url_for("archives.show", instance_id=instance_id), 303)


@pages.get("/arsip/tempat", signed_in)
def ask_place(
    instance_id: str, typed: Mapping[str, Sequence[str]] | None = None, errors: Sequence[FieldError] = ()
) -> str:
    """Ask where the manual copy is stored, or where it stands now and why that changes."""
    today = services().office.today(now())
    form, entries = services().archives.correction(actor(), instance_id, today)
    fields = services().archives.correction_fields(form, typed or entries, errors, words(), today)
    page = services().instances.page(actor(), instance_id, now())
    return render_template("instances/place.html", page=page, fields=fields, errors=errors, first=_awaited(page))


@pages.post("/arsip/tempat", signed_in)
def correct_place(instance_id: str) -> Response | tuple[str, int]:
    """Record where the manual copy stands now; what was recorded before stays in history."""
    entries, first = posted_entries(), _awaited(services().instances.page(actor(), instance_id, now()))
    try:
        services().archives.correct(actor(), instance_id, entries, now(), words())
    except InvalidForm as invalid:
        return ask_place(instance_id, entries, invalid.errors), 422
    said = gettext("Tempat simpan dibetulkan. Yang lama tetap tercatat dalam riwayat.")
    if first:
        said = gettext("Tempat simpan tercatat. Berkas arsip dibuat begitu semua dokumennya ada.")
    return done(said, "archives.show", instance_id=instance_id)


def _awaited(page: InstancePage) -> bool:
    """Whether the place of the manual copy is still to be recorded."""
    return any(each.kind == "archive" for each in page.papers)
