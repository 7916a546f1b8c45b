"""The pages of a document: its versions, its content, its proof."""

from typing import BinaryIO, cast

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.model.errors import Conflict, InvalidForm, NotPrinted
from engine.model.history import Action
from engine.model.people import OfficeRole
from engine.model.renderings import COVER
from engine.service.uploads import TooLarge, UploadRefused, safe_name
from engine.web import errors as wording
from engine.web.access import Pages, only, signed_in, uploading
from engine.web.attachments import hand_out
from engine.web.formatting import words
from engine.web.identity import actor, asked_page, now
from engine.web.readings import reading
from engine.web.services import services
from engine.web.texts import gettext
from engine.web.uploads import refusal_words

pages = Pages("documents", __name__, url_prefix="/dokumen")


def file_link(attachment_id: str) -> str:
    """Return where a file is fetched."""
    return url_for("attachments.download", attachment_id=attachment_id)


@pages.get("", signed_in)
def index() -> str:
    """List the documents that one may see, newest first."""
    asked = {name: request.args.get(name, "").strip()[:100] for name in ("cari", "jenis", "status")}
    page = asked_page()
    found = services().documents.search(actor(), asked["cari"], asked["jenis"], asked["status"], page)
    return render_template("documents/index.html", found=found, asked=asked, page=page)


@pages.get("/<document_id>", signed_in)
def show(document_id: str) -> str:
    """Show one version with its content, its files, its signatures, its hash and its sisters."""
    return _page(document_id)


def _page(document_id: str, refused: str = "", at: str = "") -> str:
    """Return a version's page; *refused* says why the file of the signature *at* was not taken."""
    view = services().documents.view(actor(), document_id)
    reading(Action.DOCUMENT_READ, **view.version.said)
    files = services().printing.files_of(actor(), document_id)
    printed = sorted(files, key=lambda one: one.rendering.part if one.rendering.whole else "", reverse=True)
    cover = next((one for one in printed if one.rendering.format == COVER and one.rendering.sha256), None)
    return render_template(
        "documents/show.html",
        view=view,
        sections=services().documents.shown(view, words()),
        file_link=file_link,
        printed=[one for one in printed if one.rendering.format != COVER],
        cover=cover,
        signatures=services().signing.of_document(actor(), document_id),
        refused=refused,
        refused_at=at,
    )


@pages.get("/<document_id>.<any(pdf, docx, xlsx, png):ending>", signed_in)
def file(document_id: str, ending: str) -> Response | tuple[str, int]:
    """Hand out a version as a file; it is printed now if it was not yet."""
    part = request.args.get("bagian", "")
    try:
        name, media_type, stream, named = services().printing.file(actor(), document_id, ending, part, now())
    except NotPrinted as fault:
        return render_template("documents/not_printed.html", fault=fault, document_id=document_id), 503
    reading(Action.DOCUMENT_READ if ending == COVER else Action.FILE_READ, **named)
    return hand_out(stream, media_type, name, as_attachment="unduh" in request.args or ending in ("docx", "xlsx"))


@pages.post(
    "/<document_id>/tanda-tangan/<signature_id>",
    uploading(lambda document_id, signature_id: services().signing.permit(actor(), signature_id)),
)
def file_signature(document_id: str, signature_id: str) -> Response | tuple[str, int]:
    """File the scan or the signed PDF of a signature that was given before its document existed."""
    sent = request.files.get("berkas")
    if sent is None or not sent.filename:
        return _page(document_id, gettext("Pilih berkasnya dahulu."), signature_id), 422
    name = safe_name(sent.filename)
    try:
        services().signing.file(actor(), signature_id, name, cast(BinaryIO, sent.stream), words(), now())
    except (UploadRefused, TooLarge) as refusal:
        return _page(document_id, refusal_words(name, refusal), signature_id), 422
    except InvalidForm as invalid:
        return _page(document_id, " ".join(error.message for error in invalid.errors), signature_id), 422
    except Conflict as conflict:
        return _page(document_id, wording.conflict_words(conflict), signature_id), 409
    finally:
        sent.close()
    flash(gettext("Berkas bertanda tangan tersimpan."))
    return redirect(url_for("documents.show", document_id=document_id), 303)


@pages.post("/<document_id>/cetak-ulang", only(OfficeRole.OPERATOR))
def retry(document_id: str) -> Response:
    """Print again what could not be printed."""
    services().printing.retry(actor(), document_id, now())
    return redirect(url_for("documents.show", document_id=document_id), 303)


@pages.get("/<document_id>/banding", signed_in)
def compare(document_id: str) -> str | Response:
    """Show what changed between two versions of a document, field by field."""
    other = request.args.get("dengan")
    if not other:
        return redirect(url_for("documents.show", document_id=document_id), 303)
    comparison = services().documents.compare(actor(), other, document_id, words())
    for version in (comparison.old.version, comparison.new.version):
        reading(Action.DOCUMENT_READ, **version.said)
    return render_template("documents/compare.html", comparison=comparison)
