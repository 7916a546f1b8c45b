"""The page on which somebody marks when they are away and who stands in; operators have it for everybody."""

from flask import render_template, request
from werkzeug.wrappers import Response

from engine.model.errors import InvalidForm
from engine.web.access import Pages, signed_in
from engine.web.authentication import actor, now
from engine.web.formatting import read_day
from engine.web.services import services
from engine.web.texts import done, gettext

pages = Pages("absences", __name__, url_prefix="/cuti")


@pages.get("/<person_id>", signed_in)
def show(person_id: str, *errors: str) -> str:
    """Show when somebody is away or stands in, and ask for the next time."""
    return render_template(
        "people/absences.html",
        person=services().people.person(actor(), person_id),
        absences=[each for each in services().absences.of(actor(), person_id) if each.since <= each.until],
        colleagues=services().absences.colleagues(actor(), person_id, now()),
        today=services().office.today(now()),
        errors=errors,
        form=request.form,
    )


@pages.post("/<person_id>", signed_in)
def mark(person_id: str) -> tuple[str, int] | Response:
    """Record that somebody is away."""
    form = request.form
    since, until = read_day(form.get("mulai")), read_day(form.get("sampai"))
    given = (form.get("pengganti", ""), since, until, form.get("alasan", ""))
    try:
        services().absences.mark(actor(), person_id, *given, now())
    except InvalidForm as invalid:
        return show(person_id, *(words_of(error.keyword) for error in invalid.errors)), 422
    said = gettext("Cuti tercatat. Penggantinya melihat tugas-tugasnya selama itu.")
    return done(said, "absences.show", person_id=person_id)


@pages.post("/<person_id>/<absence_id>/akhiri", signed_in)
def end(person_id: str, absence_id: str) -> Response:
    """Let somebody be back from today on."""
    services().absences.end(actor(), person_id, absence_id, now())
    services().assignments.give_back(now())
    return done(gettext("Cuti diakhiri mulai hari ini."), "absences.show", person_id=person_id)


def words_of(keyword: str) -> str:
    """Return what speaks against an absence, in words."""
    other = " " + gettext("Pilih orang lain, atau hari yang lain.")
    return {
        "required": gettext("Tulis alasan, 3 sampai 500 karakter."),
        "away_period": gettext("Isi hari pertama dan terakhir, misalnya 1/5/2025: mulai hari ini atau sesudahnya."),
        "not_in_lane": gettext("Pilih pengganti yang aktif dari jalur yang sama."),
        "away_already": gettext("Pada hari-hari itu sudah ada cuti yang tercatat. Akhiri dahulu yang itu."),
        "each_other": gettext("Orang itu juga cuti pada hari itu, dan yang cuti ini penggantinya.") + other,
        "substitute_away": gettext("Orang itu juga cuti pada hari itu; pengganti tidak digantikan.") + other,
        "stands_in": gettext(
            "Yang cuti ini pengganti orang lain pada hari itu. Orang itu perlu memilih pengganti baru dahulu."
        ),
    }[keyword]
