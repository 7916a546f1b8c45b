"""What a person reads when something cannot be done: what happened, what of theirs is safe, what to do now."""

import secrets
from collections.abc import Callable
from typing import Any

import structlog
from flask import Flask, Response, current_app, render_template, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from engine.model.errors import Busy, Conflict, Damaged, FunctionFailed, NotFound, NotPermitted, NotPrinted, SetupError
from engine.web import formatting
from engine.web.identity import name_of, now
from engine.web.services import services
from engine.web.texts import gettext

log = structlog.get_logger(__name__)
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def install(app: Flask, for_programs: Callable[[Exception], Response | None]) -> None:
    """Answer every error with a page in words and the right status, or as *for_programs* does where a program asks."""

    def answer(kind: type[Exception], page_of: Callable[[Any], Any]) -> None:
        app.register_error_handler(kind, lambda error: for_programs(error) or page_of(error))

    answer(NotFound, lambda error: page(404))
    answer(NotPermitted, not_permitted)
    answer(Conflict, conflict)
    answer(Busy, busy)
    answer(FunctionFailed, failed_function)
    answer(SetupError, broken_setup)
    answer(Damaged, damaged)
    answer(NotPrinted, not_printed)
    answer(RequestEntityTooLarge, too_large)
    answer(HTTPException, http_error)
    answer(Exception, fault)


def page(status: int, **facts: Any) -> tuple[str, int]:
    """Return the page of an error."""
    known = status if status in (403, 404, 409, 413, 422, 429, 503) else 400
    return render_template(f"errors/{known}.html", status=status, **facts), status


def not_permitted(error: NotPermitted) -> tuple[str, int]:
    """Say whose page it is."""
    return page(403, reason=permission_words(error))


def conflict(error: Conflict) -> tuple[str, int]:
    """Say who was faster, and when."""
    return page(409, reason=conflict_words(error))


def busy(_: Busy) -> tuple[str, int]:
    """Say that trying again helps."""
    return page(503, reason=busy_words())


def busy_words() -> str:
    """Return why nothing was saved, and that trying again helps."""
    return gettext("Basis data sedang sibuk. Perubahan Anda belum tersimpan; coba lagi sebentar lagi.")


def not_printed(error: NotPrinted) -> tuple[str, int]:
    """Say which template failed, and where."""
    return render_template("documents/not_printed.html", fault=error, document_id=None), 503


def failed_function(error: FunctionFailed) -> tuple[str, int]:
    """Say which calculation of the procedure failed."""
    log.error("function", cause=str(error))
    return page(503, reason=function_words(error))


def function_words(error: FunctionFailed) -> str:
    """Return which calculation failed, and that the operator must act."""
    return gettext("Hitungan milik prosedur ini gagal: %(cause)s. Isian Anda aman; beri tahu operator.", cause=error)


def setup_words() -> str:
    """Return that the operator must act."""
    return gettext("Sistem belum dapat menyimpan. Operator sudah diberi tahu lewat catatan sistem.")


def broken_setup(error: SetupError) -> tuple[str, int]:
    """Say that the operator must act; the cause is in the log."""
    log.error("setup", cause=str(error))
    return page(503, reason=setup_words())


def damaged(error: Damaged) -> tuple[str, int]:
    """Say which kept file is not what it was, and that the operator must act."""
    log.error("damaged", path=error.path)
    words = gettext(
        "Berkas %(path)s hilang atau tidak lagi seperti ketika disimpan. Yang lain tidak terganggu; operator perlu "
        "memulihkannya dari cadangan.",
        path=error.path,
    )
    return page(503, reason=words)


def too_large(error: RequestEntityTooLarge) -> tuple[str, int]:
    """Say how large a request may be."""
    return page(413, limit=formatting.size(request.max_content_length or 0))


def http_error(error: HTTPException) -> tuple[str, int] | HTTPException:
    """Answer werkzeug's own errors in our frame; redirects stay what they are."""
    if error.code is None or error.code < 400:
        return error
    if error.code == 405:
        return render_template("errors/404.html", status=405), 405
    return page(error.code) if error.code < 500 else fault(error)


def fault(error: Exception) -> tuple[str, int]:
    """Tell a fault of the system by its number."""
    return current_app.jinja_env.get_template("errors/500.html").render(number=numbered(error)), 500


def numbered(error: Exception) -> str:
    """Return the number of a fault, for the person who calls; the log has it beside the cause."""
    number = "G-" + "".join(secrets.choice(LETTERS) for _ in range(4))
    log.error("fault", number=number, endpoint=request.endpoint, method=request.method, exc_info=error)
    return number


def permission_words(error: NotPermitted) -> str:
    """Return why somebody may not."""
    facts = error.facts
    match error.reason:
        case "lane":
            lane = facts.get("lane") or _lane(facts.get("role"))
            return gettext("Tugas ini milik jalur %(lane)s. Jika seharusnya bisa, hubungi operator.", lane=lane)
        case "named":
            return gettext("Tugas ini ditujukan kepada %(who)s.", who=name_of(facts.get("holder")))
        case "four_eyes":
            return gettext("Langkah ini harus dikerjakan orang lain daripada yang mengerjakan langkah sebelumnya.")
        case "start":
            return gettext("Pelaksanaan SOP ini dimulai oleh jalur lain: %(roles)s.", roles=", ".join(facts["roles"]))
        case "read_only":
            return gettext("Peran Anda hanya membaca.")
        case "parts":
            return gettext("Berkas ini memuat bagian orang lain. Mintalah kepada auditor atau operator.")
        case "archive":
            return gettext("Tempat simpan dibetulkan oleh operator atau yang menyelesaikan pelaksanaan ini.")
        case "signature":
            who = name_of(facts["holder"])
            return gettext("Berkas bertanda tangan ini diunggah oleh %(who)s atau sejalurnya.", who=who)
        case "signs":
            return gettext(
                "Langkah yang menandatangani tetap di jalurnya. Beri penggantinya peran itu, misalnya sebagai Plh., di "
                "halaman Orang."
            )
        case "own_role":
            return gettext("Tidak seorang pun memberi peran kepada dirinya sendiri. Mintalah operator lain.")
        case "second_person":
            return gettext(
                "Ini perlu orang lain: bukan pengusul, bukan yang diberi peran, dan tanpa sandi yang baru direset."
            )
        case "inactive":
            return gettext("Akun ini tidak aktif.")
        case _:
            return gettext("Halaman ini untuk peran lain. Jika seharusnya bisa, hubungi operator.")


def conflict_words(error: Conflict) -> str:
    """Return who was faster, what they did and when."""
    dates = formatting.Dates(lambda: services().office.calendar().zone)
    who = name_of(error.who)
    at = dates.long(error.at) if error.at else ""
    match error.reason:
        case "completed":
            return gettext("Langkah ini sudah diselesaikan %(who)s pada %(at)s.", who=who, at=at)
        case "claimed":
            return gettext("Tugas ini sudah diambil %(who)s pada %(at)s.", who=who, at=at)
        case "cancelled":
            return gettext("Langkah ini dibatalkan oleh jalannya proses pada %(at)s.", at=at)
        case "suspended":
            why = error.facts.get("why") or "–"
            return gettext("Pelaksanaan ditangguhkan oleh %(who)s dengan alasan: %(why)s", who=who, why=why)
        case "terminated":
            why = error.facts.get("why") or "–"
            return gettext("Pelaksanaan dihentikan oleh %(who)s dengan alasan: %(why)s", who=who, why=why)
        case "signed":
            return gettext("Berkas tanda tangan ini sudah diunggah orang lain.")
        case "archived":
            return gettext("Pelaksanaan ini sudah diarsipkan dan hanya dapat dibaca. Tidak ada yang berubah.")
        case "ended":
            return gettext("Pelaksanaan ini sudah selesai pada %(at)s.", at=at)
        case "running" | "waiting" | "incident":
            return gettext("Pelaksanaan ini tidak sedang ditangguhkan.")
        case "unchanged":
            return gettext("Berkas-berkas ini sama dengan versi yang berlaku.")
        case "duplicate":
            title = error.facts.get("title")
            return gettext("%(title)s sudah berjalan sejak %(at)s.", title=title, at=at)
        case "last_operator":
            return gettext("Ini operator terakhir. Tambahkan operator lain dahulu.")
        case "deployed":
            version = error.facts.get("version")
            return gettext("Versi %(version)s dipasang %(who)s pada %(at)s.", version=version, who=who, at=at)
        case "draft":
            return gettext("Draf ini juga diubah di tab atau perangkat lain.")
        case "resolved":
            return gettext("Insiden ini sudah selesai ditangani.")
        case "key_reused":
            return gettext("Kunci idempotensi ini sudah dipakai untuk permintaan yang lain isinya.")
        case "key_in_use":
            return gettext(
                "Permintaan dengan kunci idempotensi ini masih berjalan, atau terputus. Periksa hasilnya dahulu."
            )
        case _:
            return gettext("Data ini baru saja diubah orang lain. Muat ulang halaman, lalu coba lagi.")


def _lane(role: str | None) -> str | None:
    found = next((view for view in services().people.roles(now()) if view.role == role), None)
    return formatting.localised(found) if found else role
