"""The register of numbers: which letter has which, which are void, and moving a series on."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.model.errors import InvalidForm
from engine.model.people import OfficeRole
from engine.web.access import Pages, only, signed_in
from engine.web.authentication import actor, asked_page, now
from engine.web.services import services
from engine.web.texts import gettext

pages = Pages("numbers", __name__, url_prefix="/nomor")


@pages.get("", signed_in)
def index() -> str:
    """Show every series with how far it has come, to who reads everything or works in a lane that takes numbers."""
    return render_template("numbers/index.html", series=services().numbers.series(actor()))


@pages.get("/<series>/<int:year>", signed_in)
def show(series: str, year: int) -> str:
    """Show the numbers of one series in one year, to the same."""
    return _page(series, year)


@pages.post("/<series>/<int:year>", only(OfficeRole.OPERATOR))
def move_on(series: str, year: int) -> Response | tuple[str, int]:
    """Say that numbers were given outside Alur."""
    typed = request.form.get("terakhir", "").strip()
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= 6):
        return _page(series, year, gettext("Nomor terakhir harus angka.")), 422
    reason = request.form.get("alasan", "")
    try:
        services().numbers.move_on(actor(), series, year, int(typed), reason, now())
    except InvalidForm as invalid:
        words = {
            "alasan": gettext("Alasan wajib diisi, 3 sampai 500 huruf."),
            "terakhir": gettext(
                "Nomor terakhir harus di depan nomor yang sudah diberikan, paling jauh %(most)s nomor.", most="5.000"
            ),
        }
        return _page(series, year, words[invalid.errors[0].path]), 422
    flash(gettext("Nomor berikutnya: %(number)s.", number=int(typed) + 1), "success")
    return redirect(url_for("numbers.show", series=series, year=year), 303)


def _page(series: str, year: int, refused: str | None = None) -> str:
    page = asked_page()
    return render_template(
        "numbers/show.html",
        page=services().numbers.page(actor(), series, year, page),
        may_write=actor().has(OfficeRole.OPERATOR),
        refused=refused,
        typed=request.form,
    )
