"""The pages of a document: its versions, its content, its proof."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.web.access import signed_in
from engine.web.identity import actor
from engine.web.services import services
from engine.web.tasks import words

pages = Blueprint("documents", __name__, url_prefix="/dokumen")


def file_link(attachment_id: str) -> str:
    """Return where a file is fetched."""
    return url_for("attachments.download", attachment_id=attachment_id)


@pages.get("/<document_id>")
@signed_in
def show(document_id: str) -> str:
    """Show one version with its content, hash and sisters."""
    view = services().documents.view(actor(), document_id)
    return render_template(
        "documents/show.html", view=view, sections=services().documents.shown(view, words()), file_link=file_link
    )


@pages.get("/<document_id>/banding")
@signed_in
def compare(document_id: str) -> str | Response:
    """Show what changed between two versions of a document, field by field."""
    other = request.args.get("dengan")
    if not other:
        return redirect(url_for("documents.show", document_id=document_id), 303)
    comparison = services().documents.compare(actor(), other, document_id, words())
    return render_template("documents/compare.html", comparison=comparison)
