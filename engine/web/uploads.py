"""Files that came with a form: each is kept at once, so that an error elsewhere in the form loses none of them."""

from typing import BinaryIO, cast

from flask import request

from engine.model.errors import Conflict, FieldError, NotPermitted
from engine.model.people import Actor
from engine.service.papers.documents import MOST_STAGED, MOST_STAGED_BYTES
from engine.service.papers.uploads import TooLarge, UploadRefused, safe_name
from engine.service.work.grids import LARGEST
from engine.web import formatting
from engine.web.authentication import actor, now, seal, unseal
from engine.web.errors import conflict_words, permission_words
from engine.web.services import services
from engine.web.texts import gettext


def of_task(task_id: str, **_: str) -> None:
    """Refuse whoever may not see the task's form, before what they send is read."""
    services().tasks.permit(actor(), task_id)


def stage_loose(instance_id: str) -> list[str]:
    """Keep the files of the request in an instance; return why others are not kept."""
    sent, photographs = ([each for each in request.files.getlist(n) if each.filename] for n in ("berkas", "foto"))
    refused = [] if sent or photographs else [gettext("Pilih berkas.")]
    if photographs:
        name = f"foto-{now().astimezone(services().office.zone()):%Y-%m-%d-%H%M}.pdf"
        streams = [cast(BinaryIO, each.stream) for each in photographs]
        try:
            services().documents.add_photographs(actor(), instance_id, name, streams, now())
        except (UploadRefused, TooLarge, Conflict, NotPermitted) as refusal:
            refused.append(refusal_words(name, refusal))
    for uploaded in sent:
        name = safe_name(uploaded.filename or "")
        try:
            services().documents.add(actor(), instance_id, name, cast(BinaryIO, uploaded.stream), now())
        except (UploadRefused, TooLarge, Conflict, NotPermitted) as refusal:
            refused.append(refusal_words(name, refusal))
        finally:
            uploaded.close()
    return refused


def stage_files(actor: Actor, task_id: str, entries: dict[str, list[str]]) -> list[FieldError]:
    """Keep every file of the request and put its id among the entries; what is refused comes back as errors."""
    refused = []
    for path, uploaded in request.files.items(multi=True):
        if not uploaded.filename or path.startswith("_"):
            continue
        name = safe_name(uploaded.filename)
        try:
            staged = services().documents.stage(actor, task_id, name, cast(BinaryIO, uploaded.stream), now())
        except (UploadRefused, TooLarge, Conflict, NotPermitted) as refusal:
            refused.append(FieldError(path, name, refusal_words(name, refusal), "file"))
        else:
            entries.setdefault(path, []).append(staged.id)
        finally:
            uploaded.close()
    for path, values in entries.items():
        if path in request.files:
            entries[path] = [value for value in values if value]
    return refused


def sent_sheet() -> bytes | None:
    """Return the sheet that was sent, or enough of it to see that it is too large; None if no file was chosen."""
    sent = request.files.get("berkas")
    if sent is None or not sent.filename:
        return None
    with sent.stream as stream:
        return stream.read(LARGEST + 1)


def shown_as(sha256: str) -> str:
    """Return a kept sheet's hash, signed for the viewer and this page, for the form that confirms it."""
    return seal(actor().person_id, f"berkas:{request.path}", {"sha256": [sha256]})


def shown_sheet() -> str:
    """Return the hash of the sheet that the viewer was shown on this page; of any other nothing."""
    path, held = unseal(request.form.get("_berkas", ""), actor().person_id) or ("", {})
    return held["sha256"][0] if path == f"berkas:{request.path}" else ""


def refusal_words(name: str, refusal: UploadRefused | TooLarge | Conflict | NotPermitted) -> str:
    """Return why a file is not taken, with its name."""
    if isinstance(refusal, Conflict | NotPermitted):  # not theirs to fill in now: nothing of the file was read
        why = conflict_words(refusal) if isinstance(refusal, Conflict) else permission_words(refusal)
        return gettext("%(name)s tidak disimpan. %(why)s", name=name, why=why)
    if isinstance(refusal, TooLarge):
        return gettext(
            "%(name)s terlalu besar; paling besar %(limit)s. Berkas lain dan isian Anda aman.",
            name=name,
            limit=formatting.size(refusal.limit),
        )
    match refusal.reason:
        case "kind":
            return gettext("%(name)s: jenis berkas ini tidak diterima. Kirim PDF, JPG, PNG, DOCX atau XLSX.", name=name)
        case "empty":
            return gettext("%(name)s kosong.", name=name)
        case "quota":
            most = {"n": MOST_STAGED, "limit": formatting.size(MOST_STAGED_BYTES)}
            why = gettext("Berkas Anda yang belum dipakai sudah %(n)d buah atau %(limit)s.", **most)
            return gettext("%(name)s tidak disimpan. %(why)s", name=name, why=why)
        case "many":
            return gettext("%(name)s tidak disimpan: pelaksanaan ini sudah penuh lampiran.", name=name)
        case "infected":
            return gettext("%(name)s memuat program jahat (%(found)s); tidak disimpan.", name=name, **refusal.facts)
        case "unscanned":
            return gettext("%(name)s tidak disimpan: pemindai virus tidak menjawab. Coba lagi nanti.", name=name)
        case "macros":
            return gettext("%(name)s memuat makro; simpan tanpa makro lalu unggah lagi.", name=name)
        case _:
            return gettext(
                "%(name)s sebenarnya %(found)s; tidak diterima.", name=name, found=_kind(refusal.facts.get("found"))
            )


def _kind(media_type: object) -> str:
    if not isinstance(media_type, str):
        return gettext("berisi hal yang tidak dikenal")
    if "msdownload" in media_type or "executable" in media_type:
        return gettext("program (EXE)")
    return gettext("berkas %(kind)s", kind=media_type.rpartition("/")[2].removeprefix("x-").upper())
