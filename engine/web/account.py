"""One's own pages: roles, language, sessions, tokens of the API."""

import pyotp
import segno
from flask import current_app, render_template, request
from werkzeug.wrappers import Response

from engine.model.errors import InvalidForm, NotFound
from engine.service.people.accounts import SignInRefused
from engine.service.people.api_tokens import LONGEST_NAME, MOST_TOKENS, VALIDITY_DAYS, Scope, TokenRecord
from engine.service.people.attempts import SignInThrottled
from engine.web.access import Pages, personally
from engine.web.authentication import actor, now, seal, unseal
from engine.web.services import services
from engine.web.sign_in import retyped, retyped_words
from engine.web.texts import done, gettext

pages = Pages("account", __name__, url_prefix="/akun")


@pages.get("", personally)
def show() -> str:
    """Show one's roles, language and open sessions."""
    roles = {view.role: view for view in services().people.roles(now())}
    return render_template(
        "account.html",
        person=services().people.person(actor(), actor().person_id),
        roles=roles,
        sessions=services().accounts.sessions(actor(), actor().person_id, now()),
        reach=services().reaching.of(actor(), actor().person_id),
        confirmed=services().reaching.confirmed(actor()),
        sign_ins=services().histories.of_person(actor(), actor().person_id, sign_ins=True),
        today=services().office.today(now()),
    )


@pages.post("/sesi/akhiri", personally)
def sign_out_elsewhere() -> Response:
    """End every session but this one."""
    services().accounts.sign_out_elsewhere(actor(), now())
    return done(gettext("Semua sesi lain sudah diakhiri dan token API Anda dicabut."), "account.show")


@pages.post("/sesi/<session_id>/akhiri", personally)
def end_session(session_id: str) -> Response:
    """End one session; this one is ended by signing out."""
    services().accounts.end_session(actor(), session_id, now())
    return done(gettext("Sesi itu sudah diakhiri."), "account.show")


@pages.get("/kode", personally)
def second_factor(*errors: str) -> str:
    """Show one's second factor, and let one set it, change it or switch it off."""
    return render_template("second_factor/index.html", errors=errors)


@pages.post("/kode", personally)
def begin_second_factor() -> str:
    """Show the secret for the phone, as a picture to scan and as text to type."""
    services().accounts.confirm(actor(), retyped(), now(), with_code=True)
    return _secret_page(pyotp.random_base32())


@pages.post("/kode/pasang", personally)
def set_second_factor() -> str | tuple[str, int]:
    """Take the secret into use by a first code, and show the recovery codes once."""
    path, held = unseal(request.form.get("_rahasia", ""), actor().person_id) or ("", {})
    if path != f"kode:{actor().session_id}":
        return second_factor(gettext("Halaman itu sudah kedaluwarsa. Mulai lagi.")), 422
    [secret] = held["secret"]
    try:
        codes = services().accounts.set_second_factor(actor(), secret, request.form.get("kode", ""), now())
    except SignInRefused:
        message = gettext("Kode tidak cocok, atau kode masuk ini sudah terpasang. Ketik kode yang sekarang tampil.")
        return _secret_page(secret, message), 422
    return render_template("second_factor/codes.html", codes=codes)


@pages.post("/kode/lepas", personally)
def drop_second_factor() -> Response:
    """Switch one's second factor off."""
    services().accounts.drop_second_factor(actor(), retyped(), now())
    return done(gettext("Kode masuk dilepas."), "account.second_factor")


def _secret_page(secret: str, *errors: str) -> str:
    sealed = seal(actor().person_id, f"kode:{actor().session_id}", {"secret": [secret]})
    place = pyotp.TOTP(secret).provisioning_uri(
        name=actor().person_id, issuer_name="Alur " + current_app.config["ALUR_OFFICE_NAME"]
    )
    picture = segno.make(place, error="m").svg_inline(scale=4, light="#fff")
    groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return render_template("second_factor/secret.html", errors=errors, sealed=sealed, picture=picture, secret=groups)


@pages.errorhandler(SignInRefused)
@pages.errorhandler(SignInThrottled)
def unproven(refusal: Exception) -> tuple[str, int]:
    """Show the form again whose password, or the code beside it, was wrong."""
    message, status = retyped_words(refusal)
    return (tokens if request.endpoint == "account.issue_token" else second_factor)(message), status


@pages.get("/token", personally)
def tokens(*errors: str) -> str:
    """Show one's tokens, and let one issue another."""
    return render_template(
        "tokens/index.html",
        tokens=services().tokens.own(actor()),
        validities=VALIDITY_DAYS,
        longest=LONGEST_NAME,
        scopes=scope_words(),
        chosen=_scopes() or [Scope.READ],
        errors=errors,
        name=request.form.get("nama", ""),
    )


@pages.post("/token", personally)
def issue_token() -> tuple[str, int]:
    """Issue a token; this answer alone shows its text."""
    name, days, scopes = request.form.get("nama", ""), request.form.get("masa", 0, type=int), _scopes()
    try:
        token, text = services().tokens.issue(actor(), name, days, scopes, retyped(), now())
    except InvalidForm as invalid:
        return tokens(*(_token_words(error.keyword) for error in invalid.errors)), 422
    return render_template("tokens/issued.html", token=token, text=text, scopes=scope_words()), 200


@pages.get("/token/<token_id>/cabut", personally)
def ask_revoke(token_id: str) -> str:
    """Ask before a token is revoked: whatever uses it stops."""
    return render_template("tokens/revoke.html", token=_token(token_id))


@pages.post("/token/<token_id>/cabut", personally)
def revoke_token(token_id: str) -> Response:
    """Revoke a token, at once and for good."""
    services().tokens.revoke(actor(), token_id, now())
    return done(gettext("Token dicabut; program yang memakainya tidak dapat masuk lagi."), "account.tokens")


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
