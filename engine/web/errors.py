"""What a person reads when something cannot be done: what happened, what of theirs is safe, what to do now."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, cast

import structlog
from flask import Flask, Response, current_app, render_template, request, url_for
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from engine.model.errors import (
    AlurError,
    Busy,
    Conflict,
    Damaged,
    FunctionFailed,
    NotFound,
    NotPermitted,
    NotPrinted,
    SetupError,
    StoreAway,
    TooMany,
)
from engine.web import formatting
from engine.web.access import access_of
from engine.web.authentication import name_of, now
from engine.web.services import dates, services
from engine.web.texts import gettext

log = structlog.get_logger(__name__)
STATUS = {NotPermitted: 403, Conflict: 409, Busy: 503, FunctionFailed: 503, SetupError: 503, Damaged: 503}
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def install(app: Flask, for_programs: Callable[[Exception], Response | None]) -> None:
    """Answer every error with a page in words and the right status, or as *for_programs* does where a program asks."""

    def answer(kind: type[Exception], page_of: Callable[[Any], Any]) -> None:
        app.register_error_handler(kind, lambda error: for_programs(error) or page_of(error))

    answer(NotFound, lambda error: page(404))
    for kind, status in STATUS.items():
        answer(kind, partial(told, status))
    answer(NotPrinted, not_printed)
    answer(TooMany, too_many)
    answer(RequestEntityTooLarge, too_large)
    answer(HTTPException, http_error)
    answer(Exception, fault)


def page(status: int, **facts: Any) -> tuple[str, int]:
    """Return the page of an error."""
    known = status if status in (403, 404, 409, 413, 422, 429, 503) else 400
    return render_template(f"errors/{known}.html", status=status, **facts), status


def told(status: int, error: Exception) -> tuple[str, int]:
    """Say why something cannot be done."""
    title = gettext("Berkas ini tidak diberikan") if isinstance(error, Damaged) else None
    return page(status, reason=words_of(error), title=title)


def words_of(error: Exception) -> str:
    """Return an error in words; one that the operator must act on is logged too."""
    match error:
        case NotPermitted():
            return permission_words(error)
        case Conflict():
            return conflict_words(error)
        case StoreAway():
            log.error("store", cause=str(error))
            return gettext(
                "Tempat simpan berkas sedang tidak dapat dihubungi. Yang baru Anda kirim belum tersimpan; coba lagi "
                "sebentar lagi. Operator sudah diberi tahu lewat catatan sistem."
            )
        case Busy():
            return gettext("Basis data sedang sibuk. Perubahan Anda belum tersimpan; coba lagi sebentar lagi.")
        case FunctionFailed():
            log.error("function", cause=str(error))
            return gettext(
                "Hitungan milik prosedur ini gagal: %(cause)s. Isian Anda aman; beri tahu operator.", cause=error
            )
        case Damaged():
            log.error("damaged", path=error.path, sha256=error.sha256)
            if error.sha256:
                with suppress(AlurError):  # the person is told in any case
                    services().operations.damaged(error.sha256, error.path, now())
            return gettext(
                "Berkas %(path)s hilang atau tidak lagi seperti ketika disimpan. Yang lain tidak terganggu; operator "
                "sudah diberi tahu dan perlu memulihkannya dari cadangan.",
                path=error.path,
            )
    log.error("setup", cause=str(error))
    return gettext("Sistem belum dapat menyimpan. Operator sudah diberi tahu lewat catatan sistem.")


def not_printed(error: NotPrinted) -> tuple[str, int]:
    """Say which template failed, and where."""
    return render_template("documents/not_printed.html", fault=error, document_id=None), 503


def too_many(error: TooMany) -> tuple[str, int]:
    """Say when the next export is possible."""
    at = dates().clock(error.until + timedelta(seconds=59))
    return page(429, reason=gettext("Terlalu banyak ekspor dalam satu jam. Berikutnya dapat pukul %(at)s.", at=at))


def too_large(error: RequestEntityTooLarge) -> tuple[str, int]:
    """Say how large a request may be."""
    return page(413, limit=formatting.size(request.max_content_length or 0))


def http_error(error: HTTPException) -> tuple[str, int] | tuple[str, int, dict[str, str]] | HTTPException:
    """Answer werkzeug's own errors with our pages; redirects pass."""
    if error.code is None or error.code < 400:
        return error
    if error.code == 405:
        allowed = {name: text for name, text in error.get_headers() if name == "Allow"}
        return render_template("errors/405.html", button=_button()), 405, allowed
    return page(error.code) if error.code < 500 else fault(error)


def _button() -> str | None:
    """Return the page with the button of an export whose address was opened as a link."""
    with suppress(HTTPException):
        endpoint, parts = cast(Any, current_app.create_url_adapter(request)).match(method="POST")
        access = access_of(current_app.view_functions[endpoint])
        if access and access.button:
            asked = next(current_app.url_map.iter_rules(access.button)).arguments
            return url_for(access.button, **{name: parts[name] for name in asked})
    return None


def fault(error: Exception) -> tuple[str, int]:
    """Show the number under which an unexpected error is logged."""
    return current_app.jinja_env.get_template("errors/500.html").render(number=numbered(error)), 500


def numbered(error: Exception) -> str:
    """Log an unexpected error and return its number, which the person can quote."""
    number = "G-" + "".join(secrets.choice(LETTERS) for _ in range(4))
    log.error("fault", number=number, endpoint=request.endpoint, method=request.method, exc_info=error)
    return number


def permission_words(error: NotPermitted) -> str:
    """Return why somebody may not."""
    facts = {
        "lane": error.facts.get("lane") or _lane(error.facts.get("role")),
        "who": name_of(error.facts.get("holder")),
        "roles": ", ".join(error.facts.get("roles", ())),
    }
    words = {
        "lane": gettext("Tugas ini milik jalur %(lane)s. Jika seharusnya bisa, hubungi operator.", **facts),
        "named": gettext("Tugas ini ditujukan kepada %(who)s.", **facts),
        "four_eyes": gettext("Langkah ini harus dikerjakan orang lain daripada yang mengerjakan langkah sebelumnya."),
        "extend": gettext(
            "Tenggat diperpanjang oleh yang memulai SOP ini, oleh peran yang diberi tahu bila terlambat, atau oleh "
            "operator; bukan oleh yang mengerjakannya."
        ),
        "completer": gettext("Hanya %(who)s, yang menyelesaikan langkah ini, dapat menariknya kembali.", **facts),
        "start": gettext("Pelaksanaan SOP ini dimulai oleh jalur lain: %(roles)s.", **facts),
        "read_only": gettext("Peran Anda hanya membaca."),
        "parts": gettext("Berkas ini memuat bagian orang lain. Mintalah kepada auditor atau operator."),
        "archive": gettext(
            "Tempat simpan dicatat oleh yang mengarsipkan, dan dibetulkan olehnya, oleh operator atau oleh yang "
            "menyelesaikan pelaksanaan ini."
        ),
        "signature": gettext("Berkas bertanda tangan ini diunggah oleh %(who)s atau sejalurnya.", **facts),
        "signs": gettext(
            "Langkah yang menandatangani tetap di jalurnya. Beri penggantinya peran itu, misalnya sebagai Plh., di "
            "halaman Orang."
        ),
        "self": gettext(
            "Sandi dan alamat surel sendiri diganti di Akun saya, dengan sandi; bila lupa, oleh operator lain."
        ),
        "own_role": gettext("Tidak seorang pun memberi peran kepada dirinya sendiri. Mintalah operator lain."),
        "second_person": gettext(
            "Ini perlu orang lain: bukan pengusul, bukan yang diberi peran, dan tanpa sandi yang baru direset."
        ),
        "inactive": gettext("Akun ini tidak aktif."),
    }
    others = gettext("Halaman ini untuk peran lain. Jika seharusnya bisa, hubungi operator.")
    return words.get(error.reason, others)


def conflict_words(error: Conflict) -> str:
    """Return who was faster, what they did and when."""
    facts = {
        "who": name_of(error.who),
        "at": dates().long(error.at) if error.at else "",
        "why": error.facts.get("why") or "–",
        "title": error.facts.get("title"),
        "version": error.facts.get("version"),
    }
    way = " " + gettext("Mintalah langkah ini dikembalikan lewat alurnya, atau tulis catatan pada pelaksanaannya.")
    words = {
        "completed": gettext("Langkah ini sudah diselesaikan %(who)s pada %(at)s.", **facts),
        "claimed": gettext("Tugas ini sudah diambil %(who)s pada %(at)s.", **facts),
        "free": gettext("Tugas ini tidak dipegang siapa pun; anggota jalurnya dapat mengambilnya."),
        "back": gettext("Cuti %(who)s sudah berakhir, jadi tugas ini kembali kepadanya. Isian Anda ikut.", **facts),
        "cancelled": gettext(
            "Langkah ini batal pada %(at)s: oleh jalannya proses, atau karena langkah sebelumnya ditarik kembali.",
            **facts,
        ),
        "suspended": gettext("Pelaksanaan ditangguhkan oleh %(who)s dengan alasan: %(why)s", **facts),
        "terminated": gettext("Pelaksanaan dihentikan oleh %(who)s dengan alasan: %(why)s", **facts),
        "stands_in": gettext("Tugas ini ada di tangan Anda selama pemegangnya cuti: selesaikan atau lepaskan."),
        "open_no_more": gettext("Langkah ini tidak terbuka lagi, jadi tenggatnya tidak dapat diperpanjang."),
        "open_again": gettext("Langkah ini sudah terbuka lagi. Tidak ada yang perlu ditarik kembali."),
        "begun": gettext("%(who)s sudah membuka langkah berikutnya pada %(at)s.", **facts) + way,
        "moved": gettext("Pelaksanaan ini sudah berjalan lebih lanjut sejak %(at)s.", **facts) + way,
        "left": gettext("Surel, pesan atau tanda tangannya sudah keluar pada %(at)s.", **facts) + way,
        "over": gettext("Pelaksanaan ini sudah selesai pada %(at)s. Yang keliru diperbaiki dengan ralat.", **facts),
        "settled": gettext("Dokumen ini sudah disetujui, dikembalikan atau digantikan. Buka versi terbarunya."),
        "signed": gettext("Berkas tanda tangan ini sudah diunggah orang lain."),
        "archived": gettext("Pelaksanaan ini sudah diarsipkan dan hanya dapat dibaca. Tidak ada yang berubah."),
        "ended": gettext("Pelaksanaan ini sudah selesai pada %(at)s.", **facts),
        "unfinished": gettext("Hanya pelaksanaan yang sudah selesai dapat diralat."),
        "corrected": gettext("Pelaksanaan ini sudah diralat sejak %(at)s: %(title)s.", **facts),
        "unchanged": gettext("Berkas-berkas ini sama dengan versi yang berlaku."),
        "duplicate": gettext("%(title)s sudah dimulai pada %(at)s, dan hanya dimulai satu kali.", **facts),
        "still_active": gettext("Akun ini masih aktif. Nonaktifkan dahulu."),
        "last_operator": gettext("Ini operator terakhir. Tambahkan operator lain dahulu."),
        "deployed": gettext("Versi %(version)s dipasang %(who)s pada %(at)s.", **facts),
        "draft": gettext("Draf ini juga diubah di tab atau perangkat lain."),
        "resolved": gettext("Insiden ini sudah selesai ditangani."),
        "key_reused": gettext("Kunci idempotensi ini sudah dipakai untuk permintaan yang lain isinya."),
        "key_in_use": gettext(
            "Permintaan dengan kunci idempotensi ini masih berjalan, atau terputus. Periksa hasilnya dahulu."
        ),
        **dict.fromkeys(("running", "waiting", "incident"), gettext("Pelaksanaan ini tidak sedang ditangguhkan.")),
    }
    changed = gettext("Data ini baru saja diubah orang lain. Muat ulang halaman, lalu coba lagi.")
    return words.get(error.reason, changed)


def _lane(role: str | None) -> str | None:
    roles = services().people.roles(now()) if role else ()
    found = next((view for view in roles if view.role == role), None)
    return formatting.localised(found) if found else role
