"""The pages by which people are taken in from a sheet: looked at first, then done as a whole."""

from flask import render_template, request
from werkzeug.wrappers import Response as Answer

from engine.model.people import OfficeRole
from engine.service.people.people_sheets import Joined, PeopleSheet
from engine.web.access import Pages, only
from engine.web.attachments import sheet
from engine.web.authentication import actor, now
from engine.web.formatting import words
from engine.web.people import fault_words
from engine.web.services import services
from engine.web.texts import gettext
from engine.web.uploads import sent_sheet, shown_as, shown_sheet

pages = Pages("people_import", __name__, url_prefix="/orang/impor")


@pages.get("", only(OfficeRole.OPERATOR))
def choose(*errors: str) -> str:
    """Show where a file is chosen."""
    return _page(errors)


@pages.get("/kosong.xlsx", only(OfficeRole.OPERATOR))
def blank() -> Answer:
    """Give an empty workbook with the columns."""
    return sheet(services().people_sheets.blank(actor(), now()), "xlsx", "orang.xlsx")


@pages.post("", only(OfficeRole.OPERATOR))
def take() -> str | tuple[str, int]:
    """Show what a file would do; do it on confirmation."""
    content, kept, at = sent_sheet(), shown_sheet(), services().people_sheets
    if not content and not kept:
        return choose(gettext("Pilih berkas XLSX atau CSV.")), 422
    by_mail = bool(request.form.get("surel")) and services().mail.sends_links(now()) is not None
    given = PeopleSheet(content or at.content(kept), request.form.get("alasan", ""), by_mail, words())
    found = at.look_at(actor(), given, now()) if content else at.take(actor(), given, now())
    if found.faults:
        return _page((), found), 422
    return _page((), found, shown_as(at.keep(content))) if content else _page((), found, done=True)


def _page(errors: tuple[str, ...], found: Joined | None = None, kept: str = "", *, done: bool = False) -> str:
    return render_template(
        "people/import.html",
        errors=errors,
        found=found,
        faults=[(cell, fault_words(error)) for cell, error in found.faults] if found else [],
        kept=kept,
        done=done,
        roles={view.role: view for view in services().people.roles(now())},
        sends=services().mail.sends_links(now()) is not None,
    )
