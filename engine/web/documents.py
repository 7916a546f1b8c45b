"""The pages of a document: its versions, its content, its proof."""

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.model.errors import NotPrinted
from engine.model.history import Action
from engine.model.people import OfficeRole
from engine.model.renderings import COVER
from engine.model.work import DocumentStatus
from engine.web.access import Pages, only, signed_in
from engine.web.attachments import hand_out
from engine.web.authentication import actor, now
from engine.web.formatting import words
from engine.web.lists import Filter, asked_filters, asked_place, listing, offers
from engine.web.readings import reading
from engine.web.services import services
from engine.web.texts import gettext

ORDERS = {"baru": "new", "lama": "old", "nama": "name"}
pages = Pages("documents", __name__, url_prefix="/dokumen")


def file_link(attachment_id: str) -> str:
    """Return where a file is fetched."""
    return url_for("attachments.download", attachment_id=attachment_id)


@pages.get("", signed_in)
def index() -> str:
    """List the documents that one may see, newest first."""
    asked = asked_filters("cari", "jenis", "status", "sop", "urut")
    narrowed = {"text": asked["cari"], "name": asked["jenis"], "status": asked["status"], "process_id": asked["sop"]}
    narrowed["sort"] = ORDERS.get(asked["urut"], "new")
    found, offered = services().documents.search(actor(), narrowed, asked_place(asked)), offers()
    filters = (
        Filter("cari", gettext("Nomor atau pelaksanaan")),
        Filter("jenis", gettext("Jenis"), tuple((name, name) for name in found.names)),
        Filter("status", gettext("Status"), tuple((each.value, each.value) for each in DocumentStatus)),
        Filter("sop", gettext("SOP"), offered.processes),
    )
    orders = (("baru", gettext("terbaru")), ("lama", gettext("terlama")), ("nama", gettext("nama")))
    listed = listing(offered, asked, found.page, filters, orders)
    readable = services().numbers.readable(actor())
    return render_template("documents/index.html", found=found.page.rows, list=listed, numbers=readable)


@pages.get("/<document_id>", signed_in)
def show(document_id: str, refused: str = "", mode: str = "", reason: str = "") -> str:
    """Show one version; *refused* says why it was not approved by *mode*, or not sent back for *reason*."""
    view = services().documents.view(actor(), document_id)
    reading(Action.DOCUMENT_READ, **view.version.said)
    own = services().approvals.of_person(actor(), view.version.instance_id)
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
        task=next((one for one in own if one.document_id == document_id and one.kind != "file"), None),
        refused=refused,
        mode=mode,
        reason=reason,
    )


@pages.get("/<document_id>.<any(pdf, docx, xlsx, png):ending>", signed_in)
def file(document_id: str, ending: str) -> Response | tuple[str, int]:
    """Hand out a version as a file; it is printed now if it was not yet."""
    part = request.args.get("bagian")
    try:
        name, media_type, stream, named = services().printing.file(actor(), document_id, ending, part, now())
    except NotPrinted as fault:
        return render_template("documents/not_printed.html", fault=fault, document_id=document_id), 503
    reading(Action.DOCUMENT_READ if ending == COVER else Action.FILE_READ, **named)
    return hand_out(stream, media_type, name, as_attachment="unduh" in request.args or ending in ("docx", "xlsx"))


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
