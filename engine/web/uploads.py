"""Files that came with a form: each is kept at once, so that an error elsewhere in the form loses none of them."""

from typing import BinaryIO, cast

from flask import request

from engine.model.errors import FieldError
from engine.model.people import Actor
from engine.service.uploads import TooLarge, UploadRefused, safe_name
from engine.web import formatting
from engine.web.identity import now
from engine.web.services import services
from engine.web.texts import gettext


def stage_files(actor: Actor, task_id: str | None, entries: dict[str, list[str]]) -> list[FieldError]:
    """Keep every file of the request and put its id among the entries; what is refused comes back as errors."""
    refused = []
    for path, uploaded in request.files.items(multi=True):
        if not uploaded.filename or path.startswith("_"):
            continue
        name = safe_name(uploaded.filename)
        try:
            staged = services().documents.stage(actor, task_id, name, cast(BinaryIO, uploaded.stream), now())
        except (UploadRefused, TooLarge) as refusal:
            refused.append(FieldError(path, name, refusal_words(name, refusal), "file"))
        else:
            entries.setdefault(path, []).append(staged.id)
        finally:
            uploaded.close()
    for path, values in entries.items():
        if path in request.files:
            entries[path] = [value for value in values if value]
    return refused


def refusal_words(name: str, refusal: UploadRefused | TooLarge) -> str:
    """Return why a file is not taken, with its name."""
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
        case "macros":
            return gettext("%(name)s memuat makro; simpan tanpa makro lalu unggah lagi.", name=name)
        case _:
            return gettext(
                "%(name)s sebenarnya %(found)s; tidak diterima.", name=name, found=_kind(refusal.facts.get("found"))
            )


def _kind(media_type: object) -> str:
    """Return what a file is, in a word that people know."""
    if not isinstance(media_type, str):
        return gettext("berisi hal yang tidak dikenal")
    if "msdownload" in media_type or "executable" in media_type:
        return gettext("program (EXE)")
    return gettext("berkas %(kind)s", kind=media_type.rpartition("/")[2].removeprefix("x-").upper())
