"""One's own pages: roles, language, sessions, tokens of the API."""

import pyotp
import segno
from flask import current_app, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from engine.model.errors import InvalidForm, NotFound
from engine.service.people.accounts import SignInRefused
from engine.service.people.api_tokens import LONGEST_NAME, MOST_TOKENS, VALIDITY_DAYS, Scope, TokenRecord
from engine.service.people.attempts import SignInThrottled
from engine.web.access import Pages, personally
from engine.web.authentication import actor, now, seal, unseal
from engine.web.services import services
from engine.web.sign_in import retyped, retyped_words
from engine.web.texts import gettext

pages = Pages("account", __name__, url_prefix="/akun")


@pages.get("", personally)
def show() -> str:
    """Show one's roles, language and open sessions."""
    roles = {view.role: view for view in services().people.roles(now())}
    return render_template(
        "account.html",
        person=services().people.person(actor(), actor().person_id),
        roles=roles,
        sessions=services().accounts.sessions(actor()),
        sign_ins=services().histories.of_person(actor(), actor().person_id, sign_ins=True),
        today=services().office.today(now()),
    )


@pages.post("/keluar-semua", personally)
def sign_out_everywhere() -> Response:
    """End every session, this one too."""
    services().accounts.sign_out_everywhere(actor(), now())
    session.clear()
    flash(gettext("Semua sesi Anda sudah ditutup dan token API Anda dicabut."), "success")
    return redirect(url_for("sign_in.sign_in"), 303)


@pages.get("/kode", personally)
def second_factor() -> str:
    """Show one's second factor, and let one set it, change it or switch it off."""
    return _second_factor_page()


@pages.post("/kode", personally)
def begin_second_factor() -> str | tuple[str, int]:
    """Show the secret for the phone, as a picture to scan and as text to type."""
    try:
        services().accounts.confirm(actor(), retyped(), now(), with_code=True)
    except (SignInRefused, SignInThrottled) as refusal:
        message, status = retyped_words(refusal)
        return _second_factor_page(message), status
    return _secret_page(pyotp.random_base32())


@pages.post("/kode/pasang", personally)
def set_second_factor() -> str | tuple[str, int]:
    """Take the secret into use by a first code, and show the recovery codes once."""
    path, held = unseal(request.form.get("_rahasia", ""), actor().person_id) or ("", {})
    if path != f"kode:{actor().session_id}":
        return _second_factor_page(gettext("Halaman itu sudah kedaluwarsa. Mulai lagi.")), 422
    [secret] = held["secret"]
    try:
        codes = services().accounts.set_second_factor(actor(), secret, request.form.get("kode", ""), now())
    except SignInRefused:
        message = gettext("Kode tidak cocok, atau kode masuk ini sudah terpasang. Ketik kode yang sekarang tampil.")
        return _secret_page(secret, message), 422
    return render_template("second_factor/codes.html", codes=codes)


@pages.post("/kode/lepas", personally)
def drop_second_factor() -> Response | tuple[str, int]:
    """Switch one's second factor off."""
    try:
        services().accounts.drop_second_factor(actor(), retyped(), now())
    except (SignInRefused, SignInThrottled) as refusal:
        message, status = retyped_words(refusal)
        return _second_factor_page(message), status
    flash(gettext("Kode masuk dilepas."), "success")
    return redirect(url_for("account.second_factor"), 303)


def _second_factor_page(*errors: str) -> str:
    return render_template("second_factor/index.html", errors=errors)


def _secret_page(secret: str, *errors: str) -> str:
    sealed = seal(actor().person_id, f"kode:{actor().session_id}", {"secret": [secret]})
    place = pyotp.TOTP(secret).provisioning_uri(
        name=actor().person_id, issuer_name="Alur " + current_app.config["ALUR_OFFICE_NAME"]
    )
    picture = segno.make(place, error="m").svg_inline(scale=4, light="#fff")
    groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return render_template("second_factor/secret.html", errors=errors, sealed=sealed, picture=picture, secret=groups)


@pages.get("/token", personally)
def tokens() -> str:
    """Show one's tokens, and let one issue another."""
    return _tokens_page()


@pages.post("/token", personally)
def issue_token() -> tuple[str, int]:
    """Issue a token; its text is on this answer and nowhere else from then on."""
    name, days, scopes = request.form.get("nama", ""), request.form.get("masa", 0, type=int), _scopes()
    try:
        token, text = services().tokens.issue(actor(), name, days, scopes, retyped(), now())
    except InvalidForm as invalid:
        return _tokens_page([_token_words(error.keyword) for error in invalid.errors], name), 422
    except (SignInRefused, SignInThrottled) as refusal:
        message, status = retyped_words(refusal)
        return _tokens_page([message], name), status
    return render_template("tokens/issued.html", token=token, text=text, scopes=scope_words()), 200


@pages.get("/token/<token_id>/cabut", personally)
def ask_revoke(token_id: str) -> str:
    """Ask before a token is revoked: whatever uses it stops."""
    return render_template("tokens/revoke.html", token=_token(token_id))


@pages.post("/token/<token_id>/cabut", personally)
def revoke_token(token_id: str) -> Response:
    """Revoke a token, at once and for good."""
    services().tokens.revoke(actor(), token_id, now())
    flash(gettext("Token dicabut; program yang memakainya tidak dapat masuk lagi."), "success")
    return redirect(url_for("account.tokens"), 303)


def _tokens_page(errors: list[str] | None = None, name: str = "") -> str:
    return render_template(
        "tokens/index.html",
        tokens=services().tokens.own(actor()),
        validities=VALIDITY_DAYS,
        longest=LONGEST_NAME,
        scopes=scope_words(),
        chosen=_scopes() or [Scope.READ],
        errors=errors or (),
        name=name,
    )


def scope_words() -> dict[str, str]:
    """Return what each scope lets a token do."""
    return {
        Scope.READ: gettext("Membaca tugas, pelaksanaan, dokumen dan riwayat"),
        Scope.WORK: gettext("Mengerjakan tugas: mengambil, mengisi, menyelesaikan"),
        Scope.START: gettext("Memulai pelaksanaan"),
        Scope.DEPLOY: gettext("Memasang prosedur"),
        Scope.ADMINISTER: gettext("Mengelola: menghentikan pelaksanaan, mengganti pelaksana, mengirim pesan, insiden"),
    }


def _scopes() -> list[str]:
    return request.form.getlist("cakupan")


def _token(token_id: str) -> TokenRecord:
    found = next((each for each in services().tokens.own(actor()) if each.id == token_id), None)
    if found is None or found.revoked_at is not None:
        raise NotFound(token_id)
    return found


def _token_words(keyword: str) -> str:
    match keyword:
        case "maxItems":
            return gettext("Anda sudah mempunyai %(n)d token yang berlaku. Cabut yang tidak dipakai.", n=MOST_TOKENS)
        case "enum":
            return gettext("Pilih masa berlaku dari daftar.")
        case "scopes":
            return gettext("Pilih paling sedikit satu cakupan: apa yang boleh dilakukan dengan token ini.")
    return gettext("Tulis nama token, paling banyak %(n)d karakter: untuk program apa token ini.", n=LONGEST_NAME)
