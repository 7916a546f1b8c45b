"""A table of a task's form on a page of its own: a grid where scripts run, else fields in pages of 25 rows.

The grid builds itself from the JSON in the page and sends only the cells that were changed; the answer holds the rows
as the server reads them: what is computed, what is wrong. All rows are in the document, also 500 of them: the
browser's own search, printing and screen readers then find every row, and building them takes a tenth of a second.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from engine.model.errors import Conflict, FieldError, InvalidForm, NotFound
from engine.service.work.grids import GridImport, GridPage, GridRequest, RowState
from engine.web import errors
from engine.web.access import Pages, signed_in, uploading
from engine.web.attachments import sheet
from engine.web.authentication import actor, now, posted_entries, row_button, seen_files, tab
from engine.web.formatting import words
from engine.web.services import dates, services
from engine.web.texts import done, gettext
from engine.web.uploads import of_task, sent_sheet, shown_as, shown_sheet, stage_files

pages = Pages("grids", __name__, url_prefix="/tugas/<task_id>/tabel")
PAGE = 25
FILTERS: Mapping[str, tuple[RowState, ...]] = {
    "kosong": (RowState.EMPTY, RowState.INCOMPLETE, RowState.CHANGED, RowState.WAITING),
    "perbaiki": (RowState.FAULTY,),
    "dikembalikan": (RowState.RETURNED,),
    "diperiksa": (RowState.CHANGED,),
}
COLUMN = ("name", "label", "kind", "required", "given", "unit")


@pages.get("/<table>", signed_in)
def show(task_id: str, table: str) -> str:
    """Show a table of a task's form."""
    return _page(services().grids.open(_asked(task_id, table)))


@pages.post("/<table>", uploading(of_task))
def save(task_id: str, table: str) -> Answer | tuple[Response, int] | tuple[str, int]:
    """Write cells over the draft: from a button, or in the background as JSON."""
    background = bool(request.headers.get("X-Alur-Background"))
    cells = posted_entries()
    refused = stage_files(actor(), task_id, cells)
    seen = request.form.get("_revisi", 0, int), tab()
    asked, undo = _asked(task_id, table), dict[str, list[str]]()
    deed, index = _deed(table)
    try:
        if "_kembalikan" in request.form:
            return _send_back(asked, cells, seen)
        if request.form.get("_terima_semua"):
            services().grids.save(asked, cells, seen)
            seen = services().tasks.draft(actor(), task_id).revision, tab()
            saved, undo = services().grids.accept_all(asked, seen)
        elif deed:
            saved = services().grids.edit_rows(asked, cells, deed, index, seen)
        else:
            saved = services().grids.save(asked, cells, seen)
    except Conflict as conflict:
        return _conflict(task_id, table, conflict, cells, background=background)
    if background:
        places = {name.removeprefix(f"{table}.").partition(".")[0] for name in cells}
        touched = {int(place) for place in places if _is_index(place)}
        rows = [_row(saved, n) for n in sorted(touched) if n < len(saved.grid.rows)]
        told = {"rows": rows, "facts": _facts(saved), "refused": [problem.message for problem in refused]}
        return jsonify({"revision": saved.revision, "saved_at": dates().clock(now()), **told})
    if refused or undo:
        return _page(saved, problems=refused, undo=undo), 422 if refused else 200
    flash(gettext("Draf tersimpan %(at)s.", at=dates().clock(now())), "success")
    page = request.args.get("halaman", 1, int) + bool(request.form.get("_lanjut"))
    if deed == "tambah":
        page = -(-len(saved.grid.rows) // PAGE)
    return redirect(_address(task_id, table, halaman=page), 303)


@pages.get("/<table>/berkas.<any(xlsx, csv):kind>", signed_in)
def download(task_id: str, table: str, kind: str) -> Answer:
    """Give the table as a file, to be filled in without a connection."""
    name, content = services().grids.sheet(_asked(task_id, table), kind)
    return sheet(content, kind, name)


@pages.get("/<table>/unggah", signed_in)
def choose_file(task_id: str, table: str) -> str:
    """Show where a file is chosen."""
    return _import_page(services().grids.open(_asked(task_id, table)))


@pages.post("/<table>/unggah", uploading(of_task))
def take_file(task_id: str, table: str) -> Answer | tuple[str, int]:
    """Show what a file would change, cell by cell; on confirmation take what can be taken."""
    content, kept = sent_sheet(), shown_sheet()
    if kept and content is None:
        seen = request.form.get("_revisi", 0, int), tab()
        try:
            taken = services().grids.take_in(_asked(task_id, table), kept, seen)
        except Conflict as conflict:
            flash(errors.conflict_words(conflict), "warning")
            return redirect(url_for("grids.choose_file", task_id=task_id, table=table), 303)
        said = gettext("%(n)s sel dari berkas masuk ke draf.", n=len(taken.changes))
        return done(said, "grids.show", task_id=task_id, table=table)
    if not content:
        page = services().grids.open(_asked(task_id, table))
        return _import_page(page, refused=gettext("Pilih berkas XLSX atau CSV.")), 422
    page, found = services().grids.look_at(_asked(task_id, table), content)
    kept = shown_as(services().grids.keep(content)) if found.changes else ""
    return _import_page(page, found, kept), 422 if found.faults or found.refusals else 200


def _asked(task_id: str, table: str) -> GridRequest:
    return GridRequest(actor(), task_id, table, words(), now(), seen_files())


# ── pages ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _page(
    page: GridPage,
    *,
    problems: Sequence[FieldError] = (),
    undo: Mapping[str, Sequence[str]] | None = None,
    alert: str | None = None,
) -> str:
    """Return the page of a table: the rows that the filters leave, 25 at a time, and all of them as JSON."""
    form_view = request.args.get("tampilan") == "formulir"
    rows = _filtered(page)
    pages_ = max(1, -(-len(rows) // PAGE))
    number = min(max(1, request.args.get("halaman", 1, int)), pages_)
    shown = page.rows([row.index for row in rows[(number - 1) * PAGE : number * PAGE]])
    grid = page.grid
    filling = page.task.may == "fill"
    same = {name: getattr(grid, name) for name in ("path", "label", "help", "problems", "columns", "fixed_rows")}
    view = same | {"id": "f-" + page.path.replace(".", "-"), "kind": "table", "rows": shown, "blank": None, "picks": ()}
    view |= {"asked": page.task.form.table(page.path), "can_add": grid.can_add and filling}
    view["returns"] = filling and bool(_returning(page))
    return render_template(
        "tasks/grid.html",
        page=page,
        grid=grid,
        view=view,
        filling=filling,
        form_view=form_view,
        facts=_facts(page),
        data=None if form_view else _data(page),
        **{"number": number, "pages": pages_, "found": len(rows)},
        **{"errors": list(problems), "undo": undo or {}, "alert_text": alert},
        holders=_holders(page),
        address=lambda **args: _address(page.task.item.task.id, page.path, **args),
        here=_address(page.task.item.task.id, page.path, halaman=number),
    )


def _import_page(page: GridPage, found: GridImport | None = None, kept: str = "", refused: str | None = None) -> str:
    return render_template("tasks/grid_import.html", page=page, found=found, kept=kept, refused=refused, errors=())


def _returning(page: GridPage) -> dict[str, list[str]]:
    """Return the entry by which the form's decision sends work back; none if nothing here is decided."""
    form = page.task.form
    answers = [choice for choice, verb in form.buttons.items() if verb == "kembalikan"]
    return {form.decision: answers[:1]} if form.decision and answers and page.grid.decides else {}


def _send_back(
    asked: GridRequest, cells: dict[str, list[str]], seen: tuple[int, str | None]
) -> Answer | tuple[str, int]:
    """Return one row, and whatever else is marked so: the step is completed by that alone."""
    page, index = services().grids.open(asked), request.form.get("_kembalikan", -1, int)
    verify, decision = page.grid.verify, _returning(page)
    if verify is None or not decision:
        raise NotFound(asked.path)
    cells[f"{asked.path}.{index}.{verify.column}"] = [verify.refuse]
    saved = services().grids.save(asked, cells, seen)
    entries = {**saved.entries, **decision}
    try:
        services().tasks.complete(actor(), asked.task_id, entries, now(), words=words())
    except InvalidForm:  # the form says what is missing
        services().tasks.save_draft(actor(), asked.task_id, entries, now(), over=True)
        return redirect(url_for("tasks.show", task_id=asked.task_id, periksa=1), 303)
    return redirect(url_for("tasks.receipt", task_id=asked.task_id), 303)


def _conflict(
    task_id: str, table: str, conflict: Conflict, cells: Mapping[str, Sequence[str]], *, background: bool
) -> tuple[Response, int] | tuple[str, int]:
    """Answer cells that meet a draft saved elsewhere meanwhile: write nothing, show both sides."""
    if conflict.reason != "draft":
        if background:
            return jsonify({"message": errors.conflict_words(conflict)}), 409
        raise conflict
    there = services().grids.open(_asked(task_id, table))
    saved_at = there.task.draft.saved_at if there.task.draft else now()
    message = gettext("Tabel ini diubah di tab atau perangkat lain pukul %(at)s.", at=dates().clock(saved_at))
    if background:
        return jsonify({"message": message, "revision": there.revision, "data": _data(there)}), 409
    alert = gettext(
        "%(what)s Isian Anda ada di bawah, belum disimpan. Simpan sekali lagi bila isian Anda yang benar.", what=message
    )
    shown = services().grids.preview(_asked(task_id, table), cells)
    return _page(replace(shown, revision=there.revision), alert=alert), 409


def _filtered(page: GridPage) -> list[Any]:
    rows = list(page.grid.rows)
    states = FILTERS.get(request.args.get("saring", ""))
    if states is not None:
        rows = [row for row in rows if row.state in states]
    wanted = request.args.get("cari", "").strip().casefold()
    if wanted:
        rows = [row for row in rows if any(wanted in text.casefold() for text in _texts(row))]
    holder, column = request.args.get("pemegang", ""), page.grid.verify and page.grid.verify.holder
    if holder and column:
        rows = [row for row in rows if _cell(row, column) == holder]
    return rows


def _holders(page: GridPage) -> list[str]:
    column = page.grid.verify and page.grid.verify.holder
    return sorted({_cell(row, column) for row in page.grid.rows} - {""}) if column else []


def _texts(row: Any) -> tuple[str, ...]:
    return (*row.shown.values(), *sum(row.texts.values(), ()))


def _cell(row: Any, column: str) -> str:
    return str(row.shown.get(column) or "; ".join(row.texts.get(column, ())))


def _deed(table: str) -> tuple[str, int]:
    verb, place = row_button() or ("", "")
    if place == table and verb == "tambah":
        return verb, 0
    index = place.removeprefix(f"{table}.")
    return (verb, int(index)) if _is_index(index) else ("", 0)


def _is_index(text: str) -> bool:
    return text.isdecimal() and len(text) < 7


def _address(task_id: str, table: str, **args: object) -> str:
    """Return the address of the table's page with the filters of this request."""
    kept = {name: request.args[name] for name in ("saring", "cari", "pemegang", "tampilan") if name in request.args}
    wanted: dict[str, Any] = {**kept, **args}  # None removes a filter: url_for leaves it out
    return url_for("grids.show", task_id=task_id, table=table, **wanted)


# ── as JSON, for the script ─────────────────────────────────────────────────────────────────────────────────────────


def _facts(page: GridPage) -> dict[str, int]:
    grid = page.grid
    return {
        "rows": len(grid.rows),
        "filled": grid.filled,
        "accepted": grid.count(RowState.ACCEPTED),
        "acceptable": sum(row.acceptable for row in grid.rows),
        **{name: grid.count(*states) for name, states in FILTERS.items()},
    }


def _data(page: GridPage) -> dict[str, Any]:
    grid, task_id = page.grid, page.task.item.task.id
    return {
        **{"path": page.path, "key": grid.key, "revision": page.revision, "filling": page.task.may == "fill"},
        "url": url_for("grids.save", task_id=task_id, table=page.path),
        "evidence": page.task.form.table(page.path).evidence is not None,
        "verify": {**asdict(grid.verify), "decides": grid.decides, "sends": bool(_returning(page))}
        if grid.verify
        else None,
        "columns": [
            {name: getattr(column, name) for name in COLUMN}
            | {"computed": column.asked.computed is not None, "derived": column.asked.derived is not None}
            | {"aside": column.asked.aside, "accept": ",".join(column.asked.accept), "help": column.help or ""}
            | {"options": [[option.value, option.label] for option in column.options]}
            | {"limit": " ".join(each for each in (column.kinds, column.max_size) if each)}
            for column in grid.columns
        ],
        "rows": [_row(page, n) for n in range(len(grid.rows))],
        "facts": _facts(page),
    }


def _row(page: GridPage, index: int) -> dict[str, Any]:
    row = page.grid.rows[index]
    return {
        "i": row.index,
        "k": row.key,
        "v": {name: list(texts) for name, texts in row.texts.items() if texts},
        "s": {name: text for name, text in row.shown.items() if text},
        "e": {
            name: [
                {"m": each.message, "r": each.keyword == "required", "c": [list(choice) for choice in each.choices]}
                for each in those
            ]
            for name, those in row.problems.items()
        },
        "h": sorted(row.hidden),
        "f": {name: [[f.id, f.name, f.size] for f in files] for name, files in row.files.items() if files},
        **{"st": row.state.value, "n": row.note, "ok": row.acceptable, "l": row.locked, "g": sorted(row.derived)},
        "b": [[f.id, f.name, f.size] for f in page.evidence.get(str(row.key), ())],
    }
