"""The operator's page of the office's mail account, with a test letter and what was set aside."""

from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response

from engine.model.errors import Conflict, FieldError, InvalidForm
from engine.model.people import OfficeRole
from engine.web import errors as wording
from engine.web.access import Pages, only
from engine.web.authentication import actor, now
from engine.web.services import services
from engine.web.texts import done, gettext, ngettext

pages = Pages("mail", __name__, url_prefix="/pengaturan/surel")


@pages.get("", only(OfficeRole.OPERATOR, OfficeRole.AUDITOR))
def show(*errors: str) -> str:
    """Show the account, how letters do, and which were set aside."""
    value, revision = services().mail.setting(actor())
    typed = {name: request.form[name] for name in value if name in request.form}
    return render_template(
        "operations/mail.html",
        value=value | typed,
        revision=revision,
        state=services().mail.state(actor(), now()),
        linked=bool(services().mail.public_url),
        errors=errors,
    )


@pages.post("", only(OfficeRole.OPERATOR))
def change() -> Response | tuple[str, int]:
    """Write the account; an empty password leaves the one there is."""
    form = request.form
    value: dict[str, Any] = {
        name: form.get(name, "").strip() for name in ("host", "security", "user", "sender", "sender_name")
    }
    value |= {"port": form.get("port", 0, type=int), "on": bool(form.get("on"))}
    try:
        services().mail.change(actor(), value, form.get("sandi_surel", ""), form.get("_revisi", 0, type=int), now())
    except Conflict as conflict:
        return show(wording.conflict_words(conflict)), 409
    except InvalidForm as invalid:
        return show(*map(address_words, invalid.errors)), 422
    return done(gettext("Pengaturan surel disimpan."), "mail.show")


@pages.post("/uji", only(OfficeRole.OPERATOR))
def test() -> Response | tuple[str, int]:
    """Send a test letter."""
    try:
        services().mail.test(actor(), request.form.get("kepada", ""), now())
    except InvalidForm as invalid:
        return show(*map(address_words, invalid.errors)), 422
    return done(gettext("Surel uji diterima peladen. Lihat apakah sampai."), "mail.show")


@pages.post("/ulang", only(OfficeRole.OPERATOR))
def again() -> Response:
    """Let letters that were set aside go once more."""
    count = services().mail.again(actor(), now())
    return done(ngettext("%(num)d dikirim lagi.", "%(num)d dikirim lagi.", count), "mail.show")


def address_words(error: FieldError) -> str:
    """Return what is wrong with an address or an account, or why a letter did not go."""
    words = {
        "email": gettext("Alamat surel tidak terbaca. Contoh: nama@kantor.go.id."),
        "host": gettext("Nama peladen surel, misalnya smtp.kantor.go.id."),
        "sender": gettext("Alamat pengirim tidak terbaca. Contoh: alur@kantor.go.id."),
        "port": gettext("Porta antara 1 dan 65535; biasanya 587 untuk STARTTLS, 465 untuk TLS."),
        "security": gettext("Pilih cara pengamanan."),
        "soon": gettext("Baru saja dikirim. Tunggu semenit sebelum meminta lagi."),
        "off": gettext("Surel belum diatur. Isi dan simpan peladennya dahulu, atau mintalah operator."),
        "required": gettext("Tulis alasan, 3 sampai 500 karakter."),
        "unsent": gettext("Surel tidak terkirim. Jawaban peladen: %(said)s", said=error.message),
    }
    return words.get(error.keyword, gettext("Isian ini terlalu panjang."))
