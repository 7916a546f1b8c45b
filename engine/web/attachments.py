"""Files that people handed over, given back as they came, and what was printed for them."""

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

SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'"  # by which browsers fit a picture into the window
SHEETS = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv"}
pages = Pages("attachments", __name__, url_prefix="/lampiran")


SHOWN = {"application/pdf": POLICY, "image/jpeg": SANDBOX, "image/png": SANDBOX}
"""What browsers show, and under which policy: what a file really is was looked at when it came, and no browser guesses
again. PDF viewers are not part of the page and do not start in a sandbox; the others are given to be kept."""


@pages.get("/<attachment_id>", signed_in)
def download(attachment_id: str) -> Response:
    """Give a file: a PDF or a picture is shown by itself, where nothing in it acts in our name; the rest is kept."""
    file, content = services().documents.attachment(actor(), attachment_id)
    if file.instance_id:  # what is only staged is its owner's own, and forgotten if no form takes it
        reading(Action.FILE_READ, file=file.id, file_sha256=file.sha256, instance=file.instance_id)
    keep = "unduh" in request.args or file.media_type not in SHOWN
    response = hand_out(content, file.media_type, file.name, as_attachment=keep)
    response.headers["Content-Security-Policy"] = SHOWN.get(file.media_type, SANDBOX)
    return response


def hand_out(stream: BinaryIO, media_type: str, name: str, *, as_attachment: bool = False) -> Response:
    """Give a file; nothing on the way keeps it."""
    answer = send_file(stream, mimetype=media_type, download_name=name, as_attachment=as_attachment)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def sheet(content: bytes, kind: str, name: str) -> Response:
    """Give a table as a file for a spreadsheet: *kind* is "xlsx" or "csv"."""
    return hand_out(io.BytesIO(content), SHEETS[kind], name, as_attachment=True)
