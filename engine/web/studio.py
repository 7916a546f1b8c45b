"""The designer's workshop: the SOPs one may edit, the editor, what is found in a draft, and deploying it.

The editor itself is a script (bpmn-js, ``frontend/js/modeller.js``). It saves its draft here after every change and
asks what is wrong with it; the page that deploys is plain HTML and carries the draft along. Files that are uploaded
are a draft like any other: they are checked and deployed the same way, or opened in the editor.
"""

import json
from dataclasses import asdict
from typing import Any, TypeGuard

from flask import Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from engine.model.errors import Conflict, FieldError, InvalidForm, InvalidProcedure, NotFound
from engine.model.people import OfficeRole
from engine.model.work import Draft
from engine.service.authoring import studio
from engine.service.authoring.studio import ProcedureDraft, Texts
from engine.service.papers.uploads import TooLarge, safe_name
from engine.web import errors, formatting
from engine.web.access import Pages, only
from engine.web.attachments import hand_out
from engine.web.authentication import actor, now
from engine.web.services import dates, services
from engine.web.texts import gettext

LARGEST_UPLOAD = 3_000_000  # bytes, which as base64 and within a form stay below its limit
pages = Pages("studio", __name__, url_prefix="/studio")


@pages.get("", only(OfficeRole.DESIGNER))
def index(*errors: str) -> str:
    """Show every SOP with its version in force and the instances that run on each version."""
    found = [services().deployments.process(p.outline.process_id, now()) for p in services().deployments.all()]
    drafts = {draft.subject: draft for draft in services().studio.drafts(actor())}
    names = services().people.names()
    return render_template(
        "studio/index.html", found=found, drafts=drafts, names=names, errors=errors, entries=request.form
    )


@pages.post("/baru", only(OfficeRole.DESIGNER))
def begin() -> Answer | tuple[str, int]:
    """Begin an SOP from nothing: the editor opens on a template, and nothing exists until it is deployed."""
    process_id, name = request.form.get("id", "").strip(), " ".join(request.form.get("nama", "").split())[:120]
    try:
        services().studio.require_free(process_id, name)
    except InvalidForm as invalid:
        return index(id_words(process_id, invalid)), 422
    return redirect(url_for("studio.edit", process_id=process_id, nama=name), 303)


@pages.get("/unggah-sop", only(OfficeRole.DESIGNER))
def ask_upload(*refused: str) -> str:
    """Ask for a procedure's files."""
    return render_template(
        "studio/upload.html",
        errors=refused,
        chosen=request.form.get("sop") or request.args.get("sop", ""),
        alone=bool(request.form.get("seluruhnya")),
        outlines=[procedure.outline for procedure in services().deployments.all()],
    )


@pages.post("/unggah-sop", only(OfficeRole.DESIGNER))
def upload() -> tuple[str, int]:
    """Show what deploying the uploaded files would mean; nothing is kept here."""
    named = {safe_name(file.filename): file.read() for file in request.files.getlist("berkas") if file.filename}
    if not named:
        return ask_upload(gettext("Pilih berkas.")), 422
    if sum(map(len, named.values())) > LARGEST_UPLOAD:
        return ask_upload(gettext("Berkas-berkas ini terlalu besar: paling besar 3 MB seluruhnya.")), 422
    try:
        process_id, base, texts = services().studio.uploaded(
            named, request.form.get("sop", ""), alone=bool(request.form.get("seluruhnya"))
        )
    except InvalidForm as invalid:
        return ask_upload(*map(_refusal, invalid.errors)), 422
    return _review(process_id, base, json.dumps(texts, ensure_ascii=False), texts, uploaded=True), 200


@pages.get("/<process_id>", only(OfficeRole.DESIGNER))
def edit(process_id: str) -> str:
    """Show the editor over the draft, else the version in force, else a new SOP (``?nama=``, or table ``?tabel=``)."""
    opened = _opened(process_id)
    draft = _told(opened.draft) if opened.draft else None
    zone = str(services().office.zone())
    return render_template("studio/edit.html", opened=opened, files=_texts(opened.files), draft=draft, zone=zone)


def _opened(process_id: str) -> ProcedureDraft:
    try:
        if "tabel" in request.args:
            return services().step_drafts.open(process_id, request.args.get("nama", ""), request.args["tabel"])
        return services().studio.resume(actor(), process_id, request.args.get("nama"))
    except InvalidForm:
        raise NotFound(process_id) from None


@pages.post("/<process_id>/draf", only(OfficeRole.DESIGNER))
def save_draft(process_id: str) -> Response | tuple[Response, int]:
    """Save a draft: JSON ``{"dasar", "berkas", "revisi", "penulis"}`` in, the saved one out; on conflict the other one.

    ``"pilih": "ini"`` saves it over the other, which is put aside; ``"itu"`` puts this one aside.
    """
    sent = _sent()
    if sent is None:
        return jsonify({"message": gettext("Draf ini tidak dapat dibaca.")}), 400
    at, draft = services().studio, (actor(), process_id, sent["dasar"], sent["berkas"], now())
    try:
        if sent.get("pilih") == "itu":
            at.put_aside(*draft)
            return jsonify({})
        chosen = sent.get("pilih") == "ini"
        saved = at.save_draft(*draft, revision=sent.get("revisi"), writer=sent.get("penulis"), chosen=chosen)
        return jsonify(_told(saved))
    except Conflict:
        there = at.resume(actor(), process_id).draft
        return jsonify({"draft": there and _told(there)}), 409
    except TooLarge as error:
        message = gettext("Draf ini terlalu besar: paling besar %(limit)s.", limit=formatting.size(error.limit))
        return jsonify({"message": message}), 413


@pages.post("/<process_id>/draf/<any(sisihkan, ambil, buka):deed>", only(OfficeRole.DESIGNER))
def move_draft(process_id: str, deed: str) -> Answer:
    """Put the draft aside, go on with what was put aside last, or open uploaded files in the editor."""
    at = services().studio
    if deed == "ambil":
        at.take_back(actor(), process_id, now())
    elif deed == "buka":
        base, _, texts = _posted_draft()
        at.save_draft(actor(), process_id, base, texts, now(), chosen=True)
    else:
        at.put_aside(actor(), process_id, "", None, now())
        if not request.form.get("lanjut"):
            return redirect(url_for("studio.index"), 303)
    return redirect(url_for("studio.edit", process_id=process_id), 303)


@pages.post("/<process_id>/id", only(OfficeRole.DESIGNER))
def rename(process_id: str) -> str | Answer | tuple[str, int]:
    """Give the process of uploaded files, or of a new SOP's draft, another id throughout."""
    base, draft, texts = _posted_draft()
    wanted = request.form.get("id", "").strip()
    uploaded = bool(request.form.get("unggahan"))
    try:
        if not uploaded:
            services().studio.require_free(wanted, "")
        found, moved = services().studio.renamed(process_id, texts, request.form.get("proses", process_id), wanted)
    except InvalidForm as invalid:
        return _review(process_id, base, draft, texts, error=id_words(wanted, invalid), uploaded=uploaded), 422
    if uploaded:
        return _review(wanted, found, json.dumps(moved, ensure_ascii=False), moved, uploaded=True)
    services().studio.save_draft(actor(), wanted, found, moved, now(), chosen=True)
    services().studio.put_aside(actor(), process_id, "", None, now())
    return redirect(url_for("studio.edit", process_id=wanted), 303)


@pages.get("/<process_id>/diagram.bpmn", only(OfficeRole.DESIGNER))
def bpmn(process_id: str) -> Answer:
    """Give the diagram of the version in force as a file, for any other BPMN editor."""
    opened = services().studio.open(process_id)
    return hand_out(opened.files[opened.diagram], "application/xml", f"{process_id}.bpmn", as_attachment=True)


@pages.post("/<process_id>/periksa", only(OfficeRole.DESIGNER))
def check(process_id: str) -> Response | tuple[Response, int]:
    """Answer what is wrong with a draft: JSON ``{"dasar": version id, "berkas": {path: text or null}}`` in."""
    sent = _sent()
    if sent is None:
        return jsonify({"message": gettext("Draf ini tidak dapat dibaca.")}), 400
    files = services().studio.edited(process_id, sent["dasar"], sent["berkas"])
    return jsonify({"findings": [asdict(each) for each in services().deployments.check(process_id, files)]})


@pages.get("/<process_id>/pasang", only(OfficeRole.DESIGNER))
def ask_deploy(process_id: str) -> Answer:
    """Go to the editor: only it knows the draft that would be deployed."""
    return redirect(url_for("studio.edit", process_id=process_id), 303)


@pages.post("/<process_id>/pasang/tinjau", only(OfficeRole.DESIGNER))
def review(process_id: str) -> tuple[str, int]:
    """Show what deploying the draft would mean: findings, people in the lanes, instances that stay; ask for a note."""
    base, draft, texts = _posted_draft()
    try:
        services().studio.require_in_force(process_id, base)
    except Conflict as conflict:
        return _review(process_id, base, draft, texts, conflict=conflict), 409
    return _review(process_id, base, draft, texts), 200


@pages.post("/<process_id>/pasang", only(OfficeRole.DESIGNER))
def deploy(process_id: str) -> Answer | tuple[str, int]:
    """Deploy the draft as a new version; instances that run stay on theirs."""
    base, draft, texts = _posted_draft()
    note, uploaded = request.form.get("catatan", ""), bool(request.form.get("unggahan"))
    over = request.form.get("atas", "") if request.form.get("menggantikan") else ""
    files = services().studio.edited(process_id, base, texts)
    try:
        record = services().studio.deploy(actor(), process_id, base, files, note, now(), over=over, drawn=not uploaded)
    except InvalidForm:
        error = gettext("Tulis catatan versi, paling banyak 500 karakter.")
        return _review(process_id, base, draft, texts, note, error, uploaded=uploaded), 422
    except InvalidProcedure:
        return _review(process_id, base, draft, texts, note, uploaded=uploaded), 422
    except Conflict as conflict:
        return _review(process_id, base, draft, texts, note, conflict=conflict, uploaded=uploaded), 409
    drawn = None if uploaded else 1  # lets the browser drop its copy of the draft
    return redirect(url_for("studio.deployed", process_id=process_id, versi=record.version, draf=drawn), 303)


@pages.get("/<process_id>/terpasang", only(OfficeRole.DESIGNER))
def deployed(process_id: str) -> str:
    """Show the version that was just deployed, and let the browser forget its draft."""
    found = services().deployments.process(process_id, now(), request.args.get("versi", type=int))
    return render_template("studio/deployed.html", found=found, drawn="draf" in request.args)


def id_words(process_id: str, invalid: InvalidForm) -> str:
    """Return why a new SOP cannot have an id."""
    if invalid.errors[0].keyword == "taken":
        return gettext("SOP dengan id %(id)s sudah ada. Pilih id lain, atau buka SOP itu.", id=process_id)
    return gettext("Id SOP terdiri atas huruf kecil, angka dan garis bawah, misalnya izin_cuti.")


def _review(
    process_id: str,
    base: str,
    draft: str,
    texts: Texts,
    note: str = "",
    error: str | None = None,
    conflict: Conflict | None = None,
    *,
    uploaded: bool = False,
) -> str:
    files = services().studio.edited(process_id, base, texts)
    lost = errors.conflict_words(conflict) if conflict and conflict.reason == "deployed" else None
    diagram = f"processes/{process_id}/{process_id}.bpmn"
    processes = studio.processes_of(files.get(diagram, b""))
    ours = studio.PROCESS_ID.fullmatch(process_id)
    return render_template(
        "studio/deploy.html",
        process_id=process_id,
        base=base,
        draft=draft,
        note=note,
        errors=(error,) if error else (),
        conflict=lost,
        uploaded=uploaded,
        processes=processes if uploaded and not base and (not ours or len(processes) > 1) else {},
        proposed=process_id if ours else studio.spelled(processes.get(process_id) or process_id),
        review=services().studio.review(process_id, files, now()),
    )


def _refusal(error: FieldError) -> str:
    match error.keyword:
        case "several":
            return gettext("%(name)s: unggah satu diagram saja.", name=error.label)
        case "procedure":
            return gettext("Tidak ada diagram (.bpmn) di antara berkas ini: pilih di bawah SOP yang memakainya.")
        case "text":
            return gettext("%(name)s bukan teks UTF-8.", name=error.label)
        case _:
            return gettext(
                "%(name)s bukan berkas SOP: kirim .bpmn, .dmn, id_langkah.schema.json, id_langkah.ui.json, "
                "atau templat dokumen .typ, .docx dan .json dengan gambarnya (.svg, .png, .jpg).",
                name=error.label,
            )


def _posted_draft() -> tuple[str, str, Texts]:
    """Return the version edited, the draft as it came, and its texts by path; 400 if it is none."""
    draft = request.form.get("berkas", "")
    texts = _loaded(draft)
    if not _are_texts(texts):
        abort(400)
    return request.form.get("dasar", ""), draft, texts


def _sent() -> dict[str, Any] | None:
    """Return the draft that a script sent; None if it is none."""
    sent = _loaded(request.get_data(as_text=True))
    kinds = {"dasar": str, "revisi": int | None, "penulis": str | None}
    if not isinstance(sent, dict) or not _are_texts(sent.get("berkas")):
        return None
    return sent if all(isinstance(sent.get(name), kind) for name, kind in kinds.items()) else None


def _told(draft: Draft) -> dict[str, Any]:
    said = {"at": dates().short(draft.saved_at), "saved_at": dates().clock(draft.saved_at)}
    return {"changes": draft.content["berkas"], "revision": draft.revision, "base": draft.base or "", **said}


def _loaded(text: str) -> Any:
    """Return what a JSON text holds; None if it is none, or nested deeper than any draft."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _are_texts(texts: Any) -> TypeGuard[Texts]:
    return isinstance(texts, dict) and all(text is None or isinstance(text, str) for text in texts.values())


def _texts(files: Any) -> dict[str, str]:
    """Return the files that the editor shows: the diagram and the forms."""
    return {
        path: content.decode()
        for path, content in files.items()
        if path.endswith((".bpmn", ".json")) and "/documents/" not in path
    }
