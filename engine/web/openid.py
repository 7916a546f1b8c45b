"""Signing in by the office's OpenID provider: there, back, and out of it again.

What must come back with the browser (state, nonce, verifier of PKCE) is in its own signed cookie, and is used once.
"""

from typing import Any

from flask import redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from engine.service.people.accounts import AccountInactive
from engine.service.people.identities import NotLinked, ProviderFailed
from engine.web.access import Pages, anyone
from engine.web.authentication import now
from engine.web.services import services
from engine.web.sign_in import let_in, refusal_words, safe_path, source
from engine.web.texts import gettext

pages = Pages("openid", __name__, url_prefix="/masuk/pemerintah")
Answer = Response | tuple[str, int]
ASKED = "asked"  # what must come back with the browser


@pages.get("", anyone)
def begin() -> Answer:
    """Send the browser to the provider."""
    if not services().identities.offered:
        return redirect(url_for("sign_in.sign_in"), 303)
    try:
        place, held = services().identities.begin(_address("openid.finish"))
    except ProviderFailed as failed:
        return _failed(failed)
    session[ASKED] = {**held, "lanjut": safe_path(request.args.get("lanjut"))}
    return redirect(place, 303)


@pages.get("/kembali", anyone)
def finish() -> Answer:
    """Sign in by what the provider answered."""
    if not services().identities.offered:
        return redirect(url_for("sign_in.sign_in"), 303)
    held: dict[str, str] = session.pop(ASKED, {})
    try:
        opened = services().identities.sign_in(request.args, held, _address("openid.finish"), source(), now())
    except (ProviderFailed, NotLinked, AccountInactive) as failed:
        return _failed(failed)
    return let_in(opened, held.get("lanjut"), by_provider=True)


@pages.get("/keluar", anyone)
def leave() -> Response:
    """Send who signed out here to where they sign out of the provider too."""
    place = ""
    if services().identities.offered:
        try:
            place = services().identities.leave(_address("sign_in.sign_in"))
        except ProviderFailed:
            place = ""  # away: there is nothing to sign out of now
    return redirect(place or url_for("sign_in.sign_in"), 303)


def _address(endpoint: str) -> str:
    """Return a page's address as the provider knows it."""
    public: str = services().mail.public_url
    return f"{public}{url_for(endpoint)}" if public else url_for(endpoint, _external=True)


def _failed(failed: Exception) -> tuple[str, int]:
    facts: dict[str, Any] = {"ended": False, "account_name": "", "next": "", "sealed": None}
    message, status = _words(failed)
    return render_template("sign_in.html", errors=(message,), **facts), status


def _words(failed: Exception) -> tuple[str, int]:
    if isinstance(failed, NotLinked):
        said = gettext("Akun pemerintah ini belum dihubungkan dengan akun Alur. Mintalah operator menghubungkannya.")
        return f"{said} {gettext('Sebutkan kepadanya: %(identity)s', identity=failed.value)}", 403
    if not isinstance(failed, ProviderFailed):
        return refusal_words(failed)
    words = {
        "away": gettext("Penyedia akun pemerintah tidak menjawab. Masuk dengan sandi, atau coba lagi nanti."),
        "state": gettext("Proses masuk itu terlalu lama, diulang, atau dimulai di peramban lain. Mulai lagi."),
        "issuer": gettext("Jawaban datang dari penyedia lain dan ditolak. Beri tahu operator."),
        "denied": gettext("Anda membatalkan masuk dengan akun pemerintah."),
        "answer": gettext("Penyedia akun pemerintah menolak. Coba lagi; bila berulang, beri tahu operator."),
        "proof": gettext("Bukti dari penyedia tidak sah (tanda tangan, masa atau penerimanya). Beri tahu operator."),
        "claim": gettext("Penyedia tidak menyebut identitas yang disepakati. Beri tahu operator."),
    }
    return words[failed.reason], 503 if failed.reason == "away" else 401
