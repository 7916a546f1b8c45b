"""The designer's workshop: the SOPs one may edit, the editor, what is found in a draft, and deploying it.

The editor itself is a script (bpmn-js, ``frontend/js/modeller.js``). It keeps its draft in the browser and asks here
what is wrong with it; the page that deploys is plain HTML and carries the draft along. Files that are uploaded are a
draft like any other, so they are checked and deployed the same way.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, TypeGuard

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from engine.model.errors import Conflict, FieldError, InvalidForm, InvalidProcedure, NotFound
from engine.model.people import OfficeRole
from engine.service.uploads import safe_name
from engine.web import errors
from engine.web.access import only
from engine.web.identity import actor, now
from engine.web.services import services
from engine.web.texts import gettext

pages = Blueprint("studio", __name__, url_prefix="/studio")


@pages.get("")
@only(OfficeRole.DESIGNER)
def index() -> str:
    """Show every SOP with its version in force and the instances that run on each version."""
    return _index()


@pages.post("/baru")
@only(OfficeRole.DESIGNER)
def begin() -> Answer | tuple[str, int]:
    """Begin an SOP from nothing: the editor opens on a template, and nothing exists until it is deployed."""
    process_id, name = request.form.get("id", "").strip(), " ".join(request.form.get("nama", "").split())[:120]
    try:
        services().studio.begin(process_id, name)
    except InvalidForm as invalid:
        return _index(id_words(process_id, invalid), {"id": process_id, "nama": name}), 422
    return redirect(url_for("studio.edit", process_id=process_id, nama=name), 303)


@pages.get("/unggah-sop")  # no id has a hyphen
@only(OfficeRole.DESIGNER)
def ask_upload() -> str:
    """Ask for a procedure's files."""
    return _upload_page()


@pages.post("/unggah-sop")
@only(OfficeRole.DESIGNER)
def upload() -> tuple[str, int]:
    """Show what deploying the uploaded files would mean; nothing is kept here."""
    named, refused = {}, []
    for file in request.files.getlist("berkas"):
        name = safe_name(file.filename or "")
        try:
            if file.filename:
                named[name] = file.read().decode()
        except UnicodeDecodeError:
            refused.append(gettext("%(name)s bukan teks UTF-8.", name=name))
    if not named and not refused:
        refused.append(gettext("Pilih berkas."))
    if refused:
        return _upload_page(refused), 422
    try:
        process_id, base, texts = services().studio.uploaded(
            named, request.form.get("sop", ""), alone=bool(request.form.get("seluruhnya"))
        )
    except InvalidForm as invalid:
        return _upload_page([_refusal(error) for error in invalid.errors]), 422
    return _review(process_id, base, json.dumps(texts, ensure_ascii=False), texts, uploaded=True), 200


@pages.get("/<process_id>")
@only(OfficeRole.DESIGNER)
def edit(process_id: str) -> str:
    """Show the editor over the version in force, or over what an SOP begins with that is being begun (``?nama=``).

    That is a template, or the draft of a table of steps that was looked at (``?tabel=``).
    """
    try:
        bench = services().studio.open(process_id)
    except NotFound:
        if "nama" not in request.args:
            raise
        try:
            if "tabel" in request.args:
                bench = services().step_drafts.bench(process_id, request.args["nama"], request.args["tabel"])
            else:
                bench = services().studio.begin(process_id, request.args["nama"])
        except InvalidForm:
            raise NotFound(process_id) from None
    return render_template("studio/edit.html", bench=bench, files=_texts(bench.files))


@pages.get("/<process_id>/diagram.bpmn")
@only(OfficeRole.DESIGNER)
def bpmn(process_id: str) -> Response:
    """Give the diagram of the version in force as a file, for any other BPMN editor."""
    bench = services().studio.open(process_id)
    headers = {"Content-Disposition": f'attachment; filename="{process_id}.bpmn"'}
    return Response(bench.files[bench.diagram], mimetype="application/xml", headers=headers)


@pages.post("/<process_id>/periksa")
@only(OfficeRole.DESIGNER)
def check(process_id: str) -> Response | tuple[Response, int]:
    """Answer what is wrong with a draft: JSON ``{"dasar": version id, "berkas": {path: text or null}}`` in."""
    sent = _loaded(request.get_data(as_text=True))
    base, texts = (sent.get("dasar"), sent.get("berkas")) if isinstance(sent, dict) else (None, None)
    if not isinstance(base, str) or not _are_texts(texts):
        return jsonify({"message": gettext("Draf ini tidak dapat dibaca.")}), 400
    files = services().studio.edited(process_id, base, texts)
    return jsonify({"findings": [asdict(each) for each in services().studio.check(process_id, files)]})


@pages.get("/<process_id>/pasang")
@only(OfficeRole.DESIGNER)
def ask_deploy(process_id: str) -> Answer:
    """Go to the editor: only it knows the draft that would be deployed."""
    return redirect(url_for("studio.edit", process_id=process_id), 303)


@pages.post("/<process_id>/pasang/tinjau")
@only(OfficeRole.DESIGNER)
def review(process_id: str) -> tuple[str, int]:
    """Show what deploying the draft would mean: findings, people in the lanes, instances that stay; ask for a note."""
    base, draft, texts = _posted_draft()
    try:
        services().studio.require_in_force(process_id, base)
    except Conflict as conflict:
        return _review(process_id, base, draft, texts, conflict=conflict), 409
    return _review(process_id, base, draft, texts), 200


@pages.post("/<process_id>/pasang")
@only(OfficeRole.DESIGNER)
def deploy(process_id: str) -> Answer | tuple[str, int]:
    """Deploy the draft as a new version; instances that run stay on theirs."""
    base, draft, texts = _posted_draft()
    note, uploaded = request.form.get("catatan", ""), bool(request.form.get("unggahan"))
    files = services().studio.edited(process_id, base, texts)
    try:
        record = services().studio.deploy(actor(), process_id, base, files, note, now())
    except InvalidForm:
        error = gettext("Tulis catatan versi, paling banyak 500 karakter.")
        return _review(process_id, base, draft, texts, note, error, uploaded=uploaded), 422
    except InvalidProcedure:
        return _review(process_id, base, draft, texts, note, uploaded=uploaded), 422
    except Conflict as conflict:
        return _review(process_id, base, draft, texts, note, conflict=conflict, uploaded=uploaded), 409
    drawn = None if uploaded else base  # whose draft the browser may forget
    return redirect(url_for("studio.deployed", process_id=process_id, versi=record.version, dasar=drawn), 303)


@pages.get("/<process_id>/terpasang")
@only(OfficeRole.DESIGNER)
def deployed(process_id: str) -> str:
    """Show the version that was just deployed, and let the browser forget its draft."""
    found = services().deployments.process(process_id, now(), request.args.get("versi", type=int))
    return render_template("studio/deployed.html", found=found, base=request.args.get("dasar"))


def id_words(process_id: str, invalid: InvalidForm) -> str:
    """Return why a new SOP cannot have an id."""
    if invalid.errors[0].keyword == "taken":
        return gettext("SOP dengan id %(id)s sudah ada. Pilih id lain, atau buka SOP itu.", id=process_id)
    return gettext("Id SOP terdiri atas huruf kecil, angka dan garis bawah, misalnya izin_cuti.")


def _index(error: str | None = None, entries: dict[str, str] | None = None) -> str:
    found = [services().deployments.process(p.outline.process_id, now()) for p in services().deployments.all()]
    names = services().people.names()
    return render_template(
        "studio/index.html", found=found, names=names, errors=(error,) if error else (), entries=entries or {}
    )


def _review(
    process_id: str,
    base: str,
    draft: str,
    texts: dict[str, str | None],
    note: str = "",
    error: str | None = None,
    conflict: Conflict | None = None,
    *,
    uploaded: bool = False,
) -> str:
    files = services().studio.edited(process_id, base, texts)
    lost = errors.conflict_words(conflict) if conflict and conflict.reason == "deployed" else None
    return render_template(
        "studio/deploy.html",
        process_id=process_id,
        base=base,
        draft=draft,
        note=note,
        errors=(error,) if error else (),
        conflict=lost,
        uploaded=uploaded,
        review=services().studio.review(process_id, files, now()),
    )


def _upload_page(refused: Sequence[str] = ()) -> str:
    return render_template(
        "studio/upload.html",
        errors=refused,
        chosen=request.form.get("sop") or request.args.get("sop", ""),
        alone=bool(request.form.get("seluruhnya")),
        outlines=[procedure.outline for procedure in services().deployments.all()],
    )


def _refusal(error: FieldError) -> str:
    match error.keyword:
        case "several":
            return gettext("%(name)s: unggah satu diagram saja.", name=error.label)
        case "procedure":
            return gettext("Pilih SOP yang memakai berkas ini, atau sertakan diagramnya dengan id proses yang benar.")
        case _:
            return gettext(
                "%(name)s bukan berkas SOP: kirim .bpmn, .dmn, id_langkah.schema.json, id_langkah.ui.json, "
                "atau templat dokumen .typ dan .json.",
                name=error.label,
            )


def _posted_draft() -> tuple[str, str, dict[str, str | None]]:
    """Return the version edited, the draft as it came, and its texts by path; 400 if it is none."""
    draft = request.form.get("berkas", "")
    texts = _loaded(draft)
    if not _are_texts(texts):
        abort(400)
    return request.form.get("dasar", ""), draft, texts


def _loaded(text: str) -> Any:
    """Return what a JSON text holds; None if it is none, or nested deeper than any draft."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _are_texts(texts: Any) -> TypeGuard[dict[str, str | None]]:
    return isinstance(texts, dict) and all(text is None or isinstance(text, str) for text in texts.values())


def _texts(files: Any) -> dict[str, str]:
    """Return the files that the editor shows: the diagram and the forms."""
    return {
        path: content.decode()
        for path, content in files.items()
        if path.endswith((".bpmn", ".json")) and "/documents/" not in path
    }
