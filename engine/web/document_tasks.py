"""Pages for work on documents beside the steps: approval, correction, and filing signed files."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import BinaryIO, cast

import structlog
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.model.errors import Conflict, FieldError, InvalidForm, NotPrinted
from engine.model.signatures import Mode
from engine.service.papers.uploads import TooLarge, UploadRefused, safe_name
from engine.service.people.accounts import Retyped
from engine.web import documents
from engine.web.access import Pages, signed_in, uploading
from engine.web.authentication import actor, now, posted_entries, row_button, typed_again
from engine.web.formatting import words
from engine.web.services import services
from engine.web.texts import done, gettext
from engine.web.uploads import refusal_words

log = structlog.get_logger(__name__)
pages = Pages("document_tasks", __name__)


@pages.post("/dokumen/<document_id>/setujui", signed_in)
def approve(document_id: str) -> Response | tuple[str, int]:
    """Approve a document in the name of one's role."""
    services().approvals.permit_approving(actor(), document_id, now())
    asked = request.form.get("cara", "")
    if asked not in set(Mode):
        return documents.show(document_id, gettext("Pilih cara menandatangani dahulu.")), 422
    if asked == Mode.INTERNAL and not typed_again():
        return documents.show(document_id, gettext("Isi sandi Anda dahulu."), asked), 422
    by = services().signing.signer(actor(), Retyped(typed_again(), request.remote_addr or "-"), now())
    try:
        services().approvals.approve(actor(), document_id, Mode(asked), by, words(), now())
    except InvalidForm as invalid:
        return documents.show(document_id, invalid.errors[0].message, asked), 422
    except NotPrinted as fault:
        log.error("letter not approved", document=document_id, cause=str(fault))
        refused = gettext(
            "Belum dapat disetujui: naskahnya tidak dapat dicetak. Beri tahu operator: %(cause)s.", cause=fault
        )
        return documents.show(document_id, refused, asked), 422
    return done(gettext("Dokumen disetujui dan diterbitkan."), "documents.show", document_id=document_id)


@pages.post("/dokumen/<document_id>/kembalikan", signed_in)
def send_back(document_id: str) -> Response | tuple[str, int]:
    """Send a document back to who made it."""
    reason = request.form.get("alasan", "")
    try:
        services().approvals.send_back(actor(), document_id, reason, now())
    except InvalidForm:
        refused = gettext("Alasan: tulis 3 sampai 500 huruf, supaya pembuatnya tahu yang perlu diperbaiki.")
        return documents.show(document_id, refused, reason=reason), 422
    return done(gettext("Dokumen dikembalikan kepada pembuatnya."), "tasks.inbox")


@pages.post("/dokumen/<document_id>/perbaiki", signed_in)
@pages.get("/dokumen/<document_id>/perbaiki", signed_in)
def mend(document_id: str) -> str | tuple[str, int] | Response:
    """Show a returned document in the form that made it; take the correction, or add, remove or move rows."""
    entries = posted_entries() if request.method == "POST" else None
    errors: tuple[FieldError, ...] = ()
    mending = services().approvals.mending(actor(), document_id, now(), entries)
    row = row_button()
    if entries is not None and row is not None:
        mending = replace(mending, entries=mending.page.form.with_row(entries, *row))
    elif entries is not None:
        try:
            made = services().approvals.mend(actor(), mending, words(), now())
        except InvalidForm as invalid:
            errors = invalid.errors
        else:
            said = gettext("Perbaikan tersimpan sebagai versi baru dan menunggu persetujuan lagi.")
            return done(said, "documents.show", document_id=made)
    around, _ = services().tasks.around(mending.page, mending.entries, words())
    fields = mending.page.form.fields(mending.entries, errors, replace(around, numbers=mending.numbers))
    return render_template("documents/mend.html", mending=mending, fields=fields, errors=errors), 422 if errors else 200


@pages.get("/instans/<instance_id>/pindaian", signed_in)
def scans(instance_id: str, refused: Mapping[str, str] = MappingProxyType({})) -> str:
    """Show the signed files that one may still file for an instance, and why one was *refused*."""
    page = services().instances.page(actor(), instance_id, now())
    return render_template("instances/scans.html", page=page, refused=refused)


@pages.post(
    "/instans/<instance_id>/pindaian",
    uploading(lambda instance_id: services().approvals.permit_filing(actor(), instance_id)),
)
def file_scans(instance_id: str) -> Response | tuple[str, int]:
    """File signed files, each by itself, so that a refused one costs no other."""
    sent, refused = {id_: file for id_, file in request.files.items() if file.filename}, dict[str, str]()
    for id_, file in sent.items():
        name = safe_name(str(file.filename))
        if not request.form.get(f"sudah.{id_}"):
            refused[id_] = gettext("Buka dahulu berkasnya, lalu centang bahwa isinya benar.")
            continue
        try:
            services().signing.file(actor(), id_, name, cast(BinaryIO, file.stream), words(), now())
        except (UploadRefused, TooLarge, Conflict) as refusal:
            refused[id_] = refusal_words(name, refusal)
        except InvalidForm as invalid:
            refused[id_] = invalid.errors[0].message
        finally:
            file.close()
    if len(sent) > len(refused):
        flash(gettext("Berkas bertanda tangan tersimpan."), "success")
    if refused or not sent:
        return scans(instance_id, refused or {"": gettext("Pilih berkasnya dahulu.")}), 422
    left = any(each.kind == "file" for each in services().approvals.of_person(actor(), instance_id))
    return redirect(url_for("document_tasks.scans" if left else "instances.show", instance_id=instance_id), 303)
