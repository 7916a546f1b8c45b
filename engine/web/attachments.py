"""Files that people handed over, given back as they came, and what was printed for them."""

from typing import BinaryIO

from flask import Blueprint, send_file
from werkzeug.wrappers import Response

from engine.web.access import signed_in
from engine.web.identity import actor
from engine.web.services import services

pages = Blueprint("attachments", __name__, url_prefix="/lampiran")


@pages.get("/<attachment_id>")
@signed_in
def download(attachment_id: str) -> Response:
    """Give a file; never shown in the page, so that what is in it cannot act in our name."""
    file, content = services().documents.attachment(actor(), attachment_id)
    response = send_file(content, mimetype=file.media_type, as_attachment=True, download_name=file.name, max_age=0)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def hand_out(stream: BinaryIO, media_type: str, name: str, *, as_attachment: bool = False) -> Response:
    """Give a file that was printed here; nothing on the way keeps it."""
    answer = send_file(stream, mimetype=media_type, download_name=name, as_attachment=as_attachment)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
