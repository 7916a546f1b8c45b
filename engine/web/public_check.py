"""Is this paper real? Public pages: a code from a QR or typed from paper, a file, or both.

A file is hashed and compared, and not kept.
"""

from typing import BinaryIO, cast

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.model.errors import NotFound
from engine.service.papers.public_check import FileTooLarge, TooManyQuestions, Verified
from engine.web.access import Pages, anyone, anyone_uploading
from engine.web.authentication import now
from engine.web.services import services
from engine.web.texts import gettext

pages = Pages("verification", __name__)


@pages.get("/v/<code>", anyone)
def show(code: str) -> str | tuple[str, int]:
    """Say what is known of the paper with this code."""
    return _found(code, None)


@pages.get("/periksa", anyone)
def ask() -> str | Response:
    """Ask for a code or a file."""
    code = "".join(request.args.get("kode", "").split())
    return redirect(url_for("verification.show", code=code[:80]), 303) if code else _page(None, "")


@pages.post("/periksa", anyone_uploading)
def check() -> str | tuple[str, int]:
    """Say whether a file is one that was issued here, or the one that a code stands for."""
    sent, code = request.files.get("berkas"), request.form.get("kode", "").strip()[:80]
    if sent is None or not sent.filename:
        return _found(code, None) if code else (_page(None, "", gettext("Pilih berkas yang akan dicocokkan.")), 422)
    try:
        return _found(code, cast(BinaryIO, sent.stream))
    finally:
        sent.close()


def _found(code: str, file: BinaryIO | None) -> str | tuple[str, int]:
    address = request.remote_addr or "-"
    try:
        if code:
            return _page(services().verification.by_code(code, address, now(), file), code)
        if file is not None:
            return _page(services().verification.by_file(file, address, now()), code)
    except NotFound:
        if code:
            return _page(None, code, gettext("Kode tidak ditemukan. Periksa huruf dan angka di kaki halaman.")), 404
        return _page(None, code, gettext("Berkas ini bukan berkas yang diterbitkan aplikasi ini.")), 404
    except FileTooLarge:
        return _page(None, code, gettext("Berkas ini lebih besar daripada 50 MB.")), 413
    except TooManyQuestions:
        return _page(None, code, gettext("Terlalu banyak pertanyaan dari alamat ini. Coba lagi lima menit lagi.")), 429
    return _page(None, code)


def _page(found: Verified | None, code: str, refused: str | None = None) -> str:
    return render_template("documents/verify.html", found=found, code=code, refused=refused)
