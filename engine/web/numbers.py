"""The register of numbers: which letter has which, which are void, and moving a series on."""

from flask import render_template, request
from werkzeug.wrappers import Response

from engine.model.errors import InvalidForm
from engine.model.people import OfficeRole
from engine.service.papers.letter_numbers import AgendaFilter
from engine.web.access import Pages, by_button, only, signed_in
from engine.web.asked import asked_days as readable_days
from engine.web.asked import asked_text
from engine.web.attachments import sheet
from engine.web.authentication import actor, asked_page, now
from engine.web.formatting import AskedDays, asked_days, words
from engine.web.services import services
from engine.web.texts import done, gettext

pages = Pages("numbers", __name__, url_prefix="/nomor")


@pages.get("", signed_in)
def index() -> str:
    """Show every series with its last number, to those who read everything or take numbers."""
    return render_template("numbers/index.html", series=services().numbers.series(actor()))


@pages.get("/<series>/<int:year>", signed_in)
def show(series: str, year: int, refused: str | None = None) -> str:
    """Show the numbers of one series in one year, to the same people."""
    return render_template(
        "numbers/show.html",
        page=services().numbers.page(actor(), series, year, asked_page()),
        may_write=actor().has(OfficeRole.OPERATOR),
        refused=refused,
        typed=request.form,
    )


@pages.get("/agenda", signed_in)
def agenda() -> tuple[str, int]:
    """Show the letters of all series by number, date, subject and addressee, to the same people."""
    days, series = asked_days(request.args.get("dari"), request.args.get("sampai")), services().numbers.series(actor())
    lines, more = ((), False) if days.faults else services().numbers.agenda(actor(), _narrowed(days), asked_page())
    facts = {"lines": lines, "more": more, "page": asked_page(), "series": series, "errors": days.faults}
    return render_template("numbers/agenda.html", **facts), 422 if days.faults else 200


@pages.post("/agenda.<any(xlsx, csv):kind>", by_button(signed_in, "numbers.agenda"))
def agenda_file(kind: str) -> Response:
    """Give the agenda as a file for a spreadsheet; that it was taken is recorded."""
    told, asked = {name: text for name, text in request.args.items() if text}, _narrowed(readable_days())
    return sheet(services().numbers.agenda_file(actor(), asked, kind, told, words(), now()), kind, f"agenda.{kind}")


def _narrowed(days: AskedDays) -> AgendaFilter:
    since, until = days.bounds(services().office.zone())
    year = asked_text("tahun")
    number = int(year) if year.isascii() and year.isdecimal() and len(year) == 4 else None
    return AgendaFilter(
        asked_text("deret") or None, number, asked_text("cari") or None, days.first, days.last, since, until
    )


@pages.post("/<series>/<int:year>", only(OfficeRole.OPERATOR))
def move_on(series: str, year: int) -> Response | tuple[str, int]:
    """Record that numbers were given outside Alur."""
    typed = request.form.get("terakhir", "").strip()
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= 6):
        return show(series, year, gettext("Nomor terakhir harus angka.")), 422
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
        return show(series, year, words[invalid.errors[0].path]), 422
    return done(
        gettext("Nomor berikutnya: %(number)s.", number=int(typed) + 1), "numbers.show", series=series, year=year
    )
