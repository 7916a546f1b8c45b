"""The pages of registers: the office's reference tables, row by row and as files."""

from collections.abc import Mapping, Sequence
from datetime import date

from flask import render_template, request
from werkzeug.wrappers import Response as Answer

from engine.model.errors import Conflict, FieldError, InvalidForm
from engine.service.office.registers import RegisterSummary, RowPage
from engine.web import errors as wording
from engine.web import formatting
from engine.web.access import Pages, by_button, signed_in, uploading
from engine.web.attachments import sheet
from engine.web.authentication import actor, now, posted_entries
from engine.web.formatting import words
from engine.web.services import services
from engine.web.texts import done, gettext
from engine.web.uploads import sent_sheet, shown_as, shown_sheet

pages = Pages("registers", __name__, url_prefix="/register")


def today() -> date:
    """Return the office's date."""
    return services().office.today(now())


@pages.get("", signed_in)
def index() -> str:
    """Show every register."""
    return render_template("registers/index.html", found=services().registers.all(actor(), today()), on=today())


@pages.get("/<register_id>", signed_in)
def show(register_id: str) -> str:
    """Show the rows of a register in force on a day."""
    text = request.args.get("cari", "").strip()[:100]
    page = request.args.get("halaman", 1, int)
    found = services().registers.page(actor(), register_id, _day("pada"), words(), text, page)
    return render_template("registers/show.html", page=found, text=text)


@pages.post("/<register_id>/berkas.<any(xlsx, csv):kind>", by_button(signed_in, "registers.show"))
def export(register_id: str, kind: str) -> Answer:
    """Give the rows in force on a day as a file."""
    name, content = services().registers.export(actor(), register_id, _day("pada"), kind, now())
    return sheet(content, kind, name)


@pages.get("/<register_id>/baru", signed_in)
def new(register_id: str) -> str:
    """Show the form of a new row."""
    summary = services().registers.new_row(actor(), register_id, today())
    return _row_page(summary, None, {}, (), today())


@pages.post("/<register_id>/baru", signed_in)
def add(register_id: str) -> Answer | tuple[str, int]:
    """Add a row."""
    entries = posted_entries()
    summary = services().registers.new_row(actor(), register_id, today())
    try:
        added = services().registers.add(actor(), register_id, entries, _wanted_day("_mulai"), now(), words())
    except InvalidForm as invalid:
        errors, status = [_worded(each) for each in invalid.errors], 422
    except Conflict as conflict:
        errors, status = [_conflict(conflict, summary.register.key[0])], 409
    else:
        return done(gettext("Baris disimpan."), "registers.row", register_id=register_id, entry_id=added)
    return _row_page(summary, None, entries, errors, _typed_day("_mulai") or today()), status


@pages.get("/<register_id>/baris/<entry_id>", signed_in)
def row(register_id: str, entry_id: str) -> str:
    """Show one row, its periods, what was changed of it, and its form to those who may edit it."""
    found = services().registers.row(actor(), register_id, entry_id, today(), words())
    return _row_page(found.summary, found, found.entries, (), found.row.entry.since)


@pages.post("/<register_id>/baris/<entry_id>", signed_in)
def save(register_id: str, entry_id: str) -> Answer | tuple[str, int]:
    """Correct a row, let another succeed it, or end it."""
    entries, version = posted_entries(), request.form.get("_versi", 0, int)
    try:
        if request.form.get("_akhiri"):
            until, reason = _wanted_day("_sampai"), request.form.get("_alasan", "")
            services().registers.end(actor(), register_id, entry_id, until, version, reason, now())
            saved = entry_id
        else:
            since = _wanted_day("_mulai")
            saved = services().registers.save(actor(), register_id, entry_id, entries, since, version, now(), words())
    except InvalidForm as invalid:
        errors, status = [_worded(each) for each in invalid.errors], 422
    except Conflict as conflict:
        errors, status = [_conflict(conflict)], 409
    else:
        return done(gettext("Baris disimpan."), "registers.row", register_id=register_id, entry_id=saved)
    found = services().registers.row(actor(), register_id, entry_id, today(), words())
    kept = entries if not request.form.get("_akhiri") else found.entries
    return _row_page(found.summary, found, kept, errors, _typed_day("_mulai") or found.row.entry.since), status


@pages.get("/<register_id>/impor", signed_in)
def choose_file(register_id: str) -> str:
    """Show where a file is chosen."""
    summary = services().registers.new_row(actor(), register_id, today())
    return _import_page(summary, today())


@pages.post(
    "/<register_id>/impor", uploading(lambda register_id: services().registers.new_row(actor(), register_id, today()))
)
def take_file(register_id: str) -> Answer | tuple[str, int]:
    """Show what a file would change; import it on confirmation."""
    summary = services().registers.new_row(actor(), register_id, today())
    since, kept = _typed_day("_mulai") or today(), shown_sheet()
    content = sent_sheet()
    if kept and content is None:
        taken = services().registers.take_kept(actor(), register_id, kept, since, now(), words())
        if taken.faults:
            return _import_page(summary, since, taken), 422
        facts = {"new": taken.new, "changed": taken.changed, "same": taken.unchanged}
        said = gettext("%(new)s baris baru, %(changed)s berubah, %(same)s tetap.", **facts)
        return done(said, "registers.show", register_id=register_id, pada=since.isoformat())
    if not content:
        return _import_page(summary, since, refused=gettext("Pilih berkas XLSX atau CSV.")), 422
    found = services().registers.look_at(actor(), register_id, content, since, words())
    kept = "" if found.faults else shown_as(services().registers.keep(content))
    return _import_page(summary, since, found, kept), 422 if found.faults else 200


def _import_page(summary: object, since: date, found: object = None, kept: str = "", refused: str | None = None) -> str:
    about = {"summary": summary, "since": since, "found": found, "kept": kept, "refused": refused}
    return render_template("registers/import.html", **about)


def _row_page(
    summary: RegisterSummary,
    row: RowPage | None,
    entries: Mapping[str, Sequence[str]],
    errors: Sequence[FieldError],
    since: date,
) -> str:
    fields = services().registers.fields(summary.register, entries, errors, words())
    about = {"summary": summary, "row": row, "fields": fields, "errors": errors, "since": since}
    return render_template("registers/row.html", **about)


def _day(name: str) -> date:
    return formatting.read_day(request.args.get(name)) or today()


def _typed_day(name: str) -> date | None:
    return formatting.read_day(request.form.get(name))


def _wanted_day(name: str) -> date:
    if (found := _typed_day(name)) is None:
        lacking = FieldError(name, gettext("Tanggal"), gettext("Isi tanggal berlakunya."), "required")
        raise InvalidForm([lacking], {})
    return found


def _worded(error: FieldError) -> FieldError:
    message = {
        "register_key": gettext("Kunci baris (%(key)s) tidak dapat diubah; akhiri baris ini dan buat yang baru."),
        "register_since": gettext("Tanggal mulai harus dalam masa berlaku baris %(key)s."),
        "register_until": gettext("Tanggal akhir tidak boleh sebelum baris %(key)s mulai berlaku."),
    }.get(error.keyword)
    if message is not None:
        return FieldError(error.path, error.label, message % {"key": error.label}, error.keyword)
    if error.path == "_alasan":
        return FieldError(error.path, error.label, gettext("Alasan wajib diisi, 3 sampai 500 huruf."), error.keyword)
    return error


def _conflict(conflict: Conflict, path: str = "") -> FieldError:
    if conflict.reason == "duplicate":
        message = gettext(
            "%(key)s masih berlaku pada tanggal itu. Ubah atau akhiri baris itu.", key=conflict.facts.get("title")
        )
        return FieldError(path, "", message, "duplicate")
    return FieldError(path, "", wording.conflict_words(conflict), "stale")
