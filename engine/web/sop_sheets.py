"""The sheet of an SOP: as the office prints it, as an accessible table, as PDF and as a file of its steps."""

from flask import current_app, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from engine.model.errors import NotFound
from engine.service.authoring.deployments import DeployedProcess
from engine.service.papers.sop_sheet import PAPERS, SheetWords, remarks
from engine.web.access import Pages, signed_in
from engine.web.attachments import hand_out, sheet
from engine.web.authentication import now
from engine.web.services import services
from engine.web.texts import gettext

pages = Pages("sheets", __name__, url_prefix="/sop")


@pages.get("/<process_id>/lembar", signed_in)
def show(process_id: str) -> str:
    """Show the sheet of a version, on a kind of paper, in the office's spelling or the corrected one."""
    found, paper, plain = _asked(process_id)
    shown = services().sheets.sheet(found.procedure)
    drawn = services().sheets.pictures(found.procedure, paper, plain=plain)
    return render_template(
        "processes/sheet.html",
        found=found,
        tab="lembar",
        sheet=shown,
        pictures=[Markup(each) for each in drawn],  # noqa: S704 - our own drawing, its text escaped
        remarks={row.number: remarks(row, words()) for row in shown.rows},
        papers=tuple(PAPERS),
        paper=paper,
        plain=plain,
        link=lambda **other: url_for("sheets.show", process_id=process_id, **{**_query(), **other}),
        query=_query(),
    )


@pages.get("/<process_id>/lembar.pdf", signed_in)
def pdf(process_id: str) -> Response:
    """Give the sheet as PDF."""
    found, paper, plain = _asked(process_id)
    content = services().sheets.pdf(found.procedure, paper, current_app.config["ALUR_OFFICE_NAME"], plain=plain)
    name = f"lembar_{process_id}-v{found.procedure.record.version}.pdf"
    return hand_out(content, "application/pdf", name, as_attachment=True)


@pages.get("/<process_id>/lembar.<any(xlsx, csv):kind>", signed_in)
def table(process_id: str, kind: str) -> Response:
    """Give the steps of the sheet as a file that the studio can turn into a diagram again."""
    found, _, _ = _asked(process_id)
    name, content = services().sheets.table(found.procedure, kind)
    return sheet(content, kind, name)


def words() -> SheetWords:
    """Return what the sheet says of decisions in the reader's language."""
    return SheetWords(
        end=gettext("selesai"),
        back=gettext("kembali ke langkah {n}"),
        on=gettext("langkah {n}"),
        proposal=gettext("usulan"),
    )


def _asked(process_id: str) -> tuple[DeployedProcess, str, bool]:
    """Return the version, the paper and whether the corrected spelling is asked for."""
    found = services().deployments.process(process_id, now(), request.args.get("versi", type=int))
    paper = request.args.get("kertas", "F4").upper()
    spelling = request.args.get("ejaan", "asli")
    if paper not in PAPERS or spelling not in ("asli", "baku"):
        raise NotFound(paper if paper not in PAPERS else spelling)
    return found, paper, spelling == "baku"


def _query() -> dict[str, str]:
    return {name: request.args[name] for name in ("versi", "kertas", "ejaan") if request.args.get(name)}
