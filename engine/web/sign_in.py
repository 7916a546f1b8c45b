"""Signing in and out, the first password, the language."""

import re
from datetime import timedelta

from flask import current_app, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from engine.model.errors import Conflict, NotFound, NotPermitted
from engine.model.history import Action, HistoryEvent
from engine.model.people import SYSTEM
from engine.service.people.accounts import AccountInactive, Opened, PasswordOff, Retyped, SignInRefused
from engine.service.people.attempts import SignInThrottled, Source
from engine.service.people.passwords import WeakPassword
from engine.web import authentication
from engine.web.access import Pages, anyone, personally
from engine.web.authentication import CLICKED, ENROL, OPENID, TOKEN, actor, device_cookie, now, unseal, waiting
from engine.web.authentication import signed_in as current
from engine.web.readings import note_afterwards
from engine.web.services import dates, services
from engine.web.texts import gettext

pages = Pages("sign_in", __name__)
KNOWN_SECONDS = 400 * 24 * 3600  # the longest that browsers keep a cookie
LONGEST_DEVICE = 64
UNFIT = re.compile(r"[\\\x00-\x1f\x7f]")  # browsers read a backslash as a slash and leave tabs and line ends out


@pages.get("/masuk", anyone)
def sign_in() -> str | Response:
    """Ask for name and password."""
    if current() is not None:
        return redirect(url_for("sign_in.home"), 303)
    ended = bool(request.args.get("berakhir"))
    return render_template(
        "sign_in.html", errors=(), ended=ended, account_name="", next=safe_path(request.args.get("lanjut")), sealed=None
    )


@pages.post("/masuk", anyone)
def open_session() -> tuple[str, int] | Response:
    """Sign in; a wrong name and a wrong password get the same answer."""
    account = request.form.get("akun", "")
    sealed = request.form.get("_isian") or None
    following = safe_path(request.form.get("lanjut"))
    try:
        opened = services().accounts.sign_in(account, request.form.get("sandi", ""), source(), now())
    except (SignInRefused, SignInThrottled, AccountInactive, PasswordOff) as refusal:
        _note_lock(refusal, account.strip().lower())
        message, status = refusal_words(refusal)
        page = render_template(
            "sign_in.html", errors=(message,), ended=False, account_name=account, next=following, sealed=sealed
        )
        return page, status
    if opened.awaits_code:
        _keep_session(opened)
        return _code_page(), 200
    return let_in(opened)


@pages.get("/masuk/kode", anyone)
def ask_code() -> str | Response:
    """Ask for the code of the second factor, after the password was right."""
    return _code_page() if waiting() else redirect(url_for("sign_in.sign_in"), 303)


@pages.post("/masuk/kode", anyone)
def open_with_code() -> tuple[str, int] | Response:
    """Sign in by the code."""
    found = waiting()
    if found is None:
        return redirect(url_for("sign_in.sign_in", lanjut=safe_path(request.form.get("lanjut")), berakhir=1), 303)
    try:
        opened = services().accounts.sign_in_with_code(found, request.form.get("kode", ""), source(), now())
    except SignInRefused:
        return _code_page(gettext("Kode salah, sudah dipakai, atau kedaluwarsa. Ketik kode yang sekarang tampil.")), 401
    except SignInThrottled as refusal:
        _note_lock(refusal, found.actor.person_id)
        message, status = refusal_words(refusal)
        return _code_page(message), status
    return let_in(opened)


def _note_lock(refusal: Exception, account: str) -> None:
    """Record that sign-ins to an account must wait; after the answer, so that its time tells nothing."""
    if isinstance(refusal, SignInThrottled):
        note_afterwards(account[:64], HistoryEvent(Action.SESSION_LOCKED, actor=SYSTEM.person_id), 429)


def _code_page(*errors: str) -> str:
    following = safe_path(request.values.get("lanjut"))
    return render_template("code.html", errors=errors, next=following, sealed=request.form.get("_isian") or None)


def let_in(
    opened: Opened, following: str | None = None, *, clicked: bool = False, by_provider: bool = False
) -> Response:
    """Begin the session of whoever was admitted, and lead on; *clicked* asks for no password of their own first."""
    _keep_session(opened, by_provider=by_provider)
    session[CLICKED] = clicked
    following = safe_path(following or request.form.get("lanjut"))
    if opened.awaits_code:
        return redirect(url_for("sign_in.ask_code", lanjut=following or None), 303)
    following = following or url_for("sign_in.home")
    leads_to = _return_entries(opened.token, request.form.get("_isian") or None) or redirect(following, 303)
    return remember(opened, leads_to)


def _keep_session(opened: Opened, *, by_provider: bool = False) -> None:
    by_provider = by_provider or session.get(OPENID) is True  # before the code
    _empty_session()
    session[TOKEN], session[OPENID] = opened.token, by_provider
    found = services().accounts.session(opened.token, now())
    session[ENROL] = found is not None and found.person.must_enrol and not opened.strong


def _empty_session() -> None:
    """Forget who was signed in, but not the language that was chosen."""
    for name in session.keys() - {"bahasa"}:
        del session[name]


@pages.post("/keluar", personally)
def sign_out() -> Response:
    """End this session."""
    found = current()
    if found is not None:
        services().accounts.sign_out(found.session_id, found.actor.person_id, now())
    elsewhere = 1 if session.get(OPENID) is True else None
    _empty_session()
    return redirect(
        url_for("sign_in.sign_in", pemerintah=elsewhere), 303
    )  # drafts.js sends what the browser keeps first


@pages.get("/sandi", personally)
def change_password(*errors: str) -> str:
    """Ask for a new password, and for the old one unless the change is demanded."""
    found, following = current(), safe_path(request.values.get("lanjut"))
    demanded = found is not None and found.person.must_change_password
    return render_template("password.html", demanded=demanded, errors=errors, next=following)


@pages.post("/sandi", personally)
def set_password() -> tuple[str, int] | Response:
    """Set a new password and end every other session of this person."""
    new = request.form.get("baru", "")
    try:
        if new != request.form.get("ulang", ""):
            raise WeakPassword("unlike")
        services().accounts.change_password(actor(), retyped("lama"), new, now())
    except (WeakPassword, SignInRefused, SignInThrottled) as refusal:
        message, status = refusal_words(refusal)
        return change_password(message), status
    flash(gettext("Sandi baru berlaku; sesi lain dan token API Anda, bila ada, sudah ditutup."), "success")
    return redirect(safe_path(request.form.get("lanjut")) or url_for("sign_in.home"), 303)


@pages.post("/bahasa", anyone)
def language() -> Response:
    """Choose the language; remembered with the account."""
    chosen = request.form.get("bahasa", "id")
    if chosen in ("id", "en"):
        session["bahasa"] = chosen
        found = current()
        if found is not None and found.person.locale != chosen:
            services().accounts.set_locale(found.actor, chosen, now())
    return redirect(safe_path(request.form.get("lanjut")) or url_for("sign_in.home"), 303)


@pages.get("/sehat", anyone)
def healthy() -> tuple[str, int]:
    """Say that the server and its database answer (for a load balancer)."""
    services().operations.ready()
    return "ok\n", 200


def safe_path(path: str | None) -> str:
    """Return *path* if it leads to this server, else nothing: a sign-in must not send people elsewhere."""
    path = path or ""
    fits = path.startswith("/") and not path.startswith("//") and not UNFIT.search(path)
    return path if fits and len(path) <= authentication.LONGEST_PATH else ""


def source() -> Source:
    """Return where this request comes from."""
    device = request.cookies.get(device_cookie(), "")[:LONGEST_DEVICE]
    return Source(request.remote_addr or "-", device, request.headers.get("User-Agent", ""))


def retyped(field: str = "sandi") -> Retyped:
    """Return the password that was typed again into *field*, and the code beside it."""
    return Retyped(request.form.get(field, ""), request.remote_addr or "-", request.form.get("kode", ""))


def retyped_words(refusal: Exception) -> tuple[str, int]:
    """Return message and status for a retyped password that proves nothing."""
    if not isinstance(refusal, SignInRefused):
        return refusal_words(refusal)
    found = current()
    with_code = found is not None and found.person.second_factor
    return gettext("Sandi atau kode tidak cocok.") if with_code else gettext("Sandi tidak cocok."), 422


def remember(opened: Opened, response: Response) -> Response:
    """Let the browser be known at the next sign-in: it then has tries of its own. It signs nobody in."""
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.set_cookie(
        device_cookie(), opened.device, max_age=KNOWN_SECONDS, secure=secure, httponly=True, samesite="Lax"
    )
    return response


def password_words(reason: str) -> str:
    """Return why a password cannot be taken."""
    hint = gettext("Pakai beberapa kata yang tidak berhubungan, misalnya empat.")
    return {
        "short": gettext("Sandi paling sedikit 10 karakter."),
        "long": gettext("Sandi paling banyak 200 karakter."),
        "common": gettext("Sandi ini termasuk yang paling dahulu ditebak. %(hint)s", hint=hint),
        "name": gettext("Sandi ini terlalu dekat dengan nama Anda, akun Anda, atau kantor. %(hint)s", hint=hint),
        "pattern": gettext("Pengulangan, urutan, letak di papan ketik, dan tanggal mudah ditebak. %(hint)s", hint=hint),
        "same": gettext("Sandi baru harus berbeda dari yang lama."),
        "wrong_old": gettext("Sandi lama, atau kode yang diminta bersamanya, tidak cocok."),
        "unlike": gettext("Kedua isian sandi baru tidak sama."),
    }[reason]


def refusal_words(refusal: Exception) -> tuple[str, int]:
    """Return message and status for a refused sign-in or new password."""
    match refusal:
        case WeakPassword():
            return password_words(refusal.reason), 422
        case SignInThrottled():
            at = dates().clock(refusal.until + timedelta(seconds=59))
            return gettext("Terlalu banyak percobaan. Coba lagi pukul %(at)s.", at=at), 429
        case PasswordOff():
            return gettext("Akun ini hanya masuk dengan akun pemerintah. Pakai tombol di bawah."), 403
        case AccountInactive():
            if refusal.since is None:
                return gettext("Akun ini tidak aktif. Hubungi operator."), 403
            since = dates().day(refusal.since)
            return gettext("Akun ini tidak aktif sejak %(since)s. Hubungi operator.", since=since), 403
        case _:
            return gettext("Nama pengguna atau sandi salah."), 401


def _return_entries(token: str, sealed: str | None) -> Response | None:
    """Restore what was typed before the session ended, as the draft of the same account."""
    found = services().accounts.session(token, now())
    held = unseal(sealed, found.actor.person_id) if sealed and found else None
    if held is None or found is None:
        return None
    path, entries = held
    try:
        task_id = path.rstrip("/").rsplit("/", 1)[-1]
        services().tasks.save_draft(found.actor, task_id, entries, now(), -1, over=True, files=())
    except (Conflict, NotFound, NotPermitted):
        flash(
            gettext("Isian Anda tidak dapat dipasang kembali karena tugas itu sudah tidak terbuka bagi Anda."),
            "warning",
        )
        return redirect(url_for("tasks.inbox"), 303)
    flash(gettext("Anda masuk kembali. Isian Anda yang belum terkirim ada di bawah ini."), "success")
    return redirect(path, 303)
