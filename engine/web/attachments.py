"""Downloads: files that people uploaded, as they came, and files that were printed for them."""

import io
from typing import BinaryIO

from flask import request, send_file
from werkzeug.wrappers import Response

from engine.model.history import Action
from engine.web.access import Pages, signed_in
from engine.web.authentication import actor
from engine.web.readings import reading
from engine.web.security import POLICY
from engine.web.services import services

SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"  # to fit a picture in
SHEETS = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv"}
pages = Pages("attachments", __name__, url_prefix="/lampiran")


FRAMED = POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
SHOWN = {"application/pdf": FRAMED, "image/jpeg": SANDBOX, "image/png": SANDBOX}
"""Types that browsers show, in a frame of our own pages too, each with its policy: the content was checked on upload,
and no browser guesses again. PDF viewers are not part of the page and do not start in a sandbox."""


@pages.get("/<attachment_id>", signed_in)
def download(attachment_id: str) -> Response:
    """Give a file: PDF and pictures are shown, where nothing in them acts in our name; all others are downloaded."""
    file, content = services().documents.attachment(actor(), attachment_id)
    if file.instance_id:  # a staged file is its owner's own, and deleted if no form takes it
        reading(Action.FILE_READ, file=file.id, file_sha256=file.sha256, instance=file.instance_id)
    keep = "unduh" in request.args or file.media_type not in SHOWN
    response = hand_out(content, file.media_type, file.name, as_attachment=keep)
    response.headers["Content-Security-Policy"] = SHOWN.get(file.media_type, SANDBOX)
    return response


def hand_out(content: bytes | BinaryIO, media_type: str, name: str, *, as_attachment: bool = False) -> Response:
    """Give a file as an answer that no cache keeps."""
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    answer = send_file(stream, mimetype=media_type, download_name=name, as_attachment=as_attachment)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def sheet(content: bytes, kind: str, name: str) -> Response:
    """Give a table as a file for a spreadsheet: *kind* is "xlsx" or "csv"."""
    return hand_out(content, SHEETS[kind], name, as_attachment=True)
