"""Signing in and out, the first password, the language."""

import re
from datetime import timedelta

from flask import current_app, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from engine.model.errors import Conflict, NotFound, NotPermitted
from engine.model.history import Action, HistoryEvent
from engine.model.people import SYSTEM
from engine.service.people.accounts import AccountInactive, Opened, Retyped, SignInRefused
from engine.service.people.attempts import SignInThrottled, Source
from engine.service.people.passwords import WeakPassword
from engine.web import formatting, navigation
from engine.web.access import Pages, anyone, personally
from engine.web.authentication import ENROL, TOKEN, actor, now, unseal, waiting
from engine.web.authentication import signed_in as current
from engine.web.readings import note_afterwards
from engine.web.services import services
from engine.web.texts import gettext

pages = Pages("sign_in", __name__)
KNOWN_SECONDS = 400 * 24 * 3600  # the longest that browsers keep a cookie
LONGEST_DEVICE = 64
UNFIT = re.compile(r"[\\\x00-\x1f\x7f]")  # browsers read a backslash as a slash and leave tabs and line ends out


@pages.get("/", personally)
def home() -> Response:
    """Go where one's work is."""
    return redirect(url_for(navigation.landing(actor())), 303)


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
    """Sign in; a name or password that is wrong comes back with one text for both."""
    account = request.form.get("akun", "")
    sealed = request.form.get("_isian") or None
    following = safe_path(request.form.get("lanjut"))
    try:
        opened = services().accounts.sign_in(account, request.form.get("sandi", ""), source(), now())
    except (SignInRefused, SignInThrottled, AccountInactive) as refusal:
        _note_lock(refusal, account.strip().lower())
        message, status = refusal_words(refusal)
        page = render_template(
            "sign_in.html", errors=(message,), ended=False, account_name=account, next=following, sealed=sealed
        )
        return page, status
    if opened.awaits_code:
        _keep_session(opened)
        return _code_page(), 200
    return _let_in(opened)


@pages.get("/masuk/kode", anyone)
def ask_code() -> str | Response:
    """Ask whose password was right for a code of the second factor."""
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
    return _let_in(opened)


def _note_lock(refusal: Exception, account: str) -> None:
    """Record that tries at an account have to wait; afterwards, so that no stranger can time whether there is one."""
    if isinstance(refusal, SignInThrottled):
        note_afterwards(account[:64], HistoryEvent(Action.SESSION_LOCKED, actor=SYSTEM.person_id), 429)


def _code_page(*errors: str) -> str:
    following = safe_path(request.values.get("lanjut"))
    return render_template("code.html", errors=errors, next=following, sealed=request.form.get("_isian") or None)


def _let_in(opened: Opened) -> Response:
    _keep_session(opened)
    following = safe_path(request.form.get("lanjut")) or url_for("sign_in.home")
    leads_to = _return_entries(opened.token, request.form.get("_isian") or None) or redirect(following, 303)
    return remember(opened, leads_to)


def _keep_session(opened: Opened) -> None:
    _empty_session()
    session[TOKEN] = opened.token
    found = services().accounts.session(opened.token, now())
    session[ENROL] = found is not None and found.person.must_enrol


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
    _empty_session()
    return redirect(url_for("sign_in.sign_in"), 303)  # what the browser keeps the script sends first (drafts.js)


@pages.get("/sandi", personally)
def change_password() -> str:
    """Ask for a new password; the old one only if nobody demanded the change."""
    found = current()
    demanded = found is not None and found.person.must_change_password
    return render_template("password.html", demanded=demanded, errors=(), next=safe_path(request.args.get("lanjut")))


@pages.post("/sandi", personally)
def set_password() -> tuple[str, int] | Response:
    """Set a new password and end every other session of this person."""
    found = current()
    demanded = found is not None and found.person.must_change_password
    following = safe_path(request.form.get("lanjut"))
    new = request.form.get("baru", "")
    try:
        if new != request.form.get("ulang", ""):
            raise WeakPassword("unlike")
        services().accounts.change_password(actor(), retyped("lama"), new, now())
    except (WeakPassword, SignInThrottled) as refusal:
        message, status = refusal_words(refusal)
        return render_template("password.html", demanded=demanded, errors=(message,), next=following), status
    flash(gettext("Sandi baru berlaku. Sesi lain Anda sudah ditutup dan token API Anda dicabut."), "success")
    return redirect(following or url_for("sign_in.home"), 303)


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
    if not path or not path.startswith("/") or path.startswith("//") or UNFIT.search(path):
        return ""
    return path


def source() -> Source:
    """Return where this request comes from."""
    device = request.cookies.get(device_cookie(), "")[:LONGEST_DEVICE]
    return Source(request.remote_addr or "-", device, request.headers.get("User-Agent", ""))


def retyped(field: str = "sandi") -> Retyped:
    """Return the password that was typed again into *field*, and the code beside it."""
    return Retyped(request.form.get(field, ""), request.remote_addr or "-", request.form.get("kode", ""))


def retyped_words(refusal: Exception) -> tuple[str, int]:
    """Return why a password that was typed again proves nothing, and the status that says so."""
    if not isinstance(refusal, SignInRefused):
        return refusal_words(refusal)
    found = current()
    with_code = found is not None and found.person.second_factor
    return gettext("Sandi atau kode tidak cocok.") if with_code else gettext("Sandi tidak cocok."), 422


def remember(opened: Opened, response: Response) -> Response:
    """Let the browser be known at the next sign-in; it says who may guess on, never who somebody is."""
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.set_cookie(
        device_cookie(), opened.device, max_age=KNOWN_SECONDS, secure=secure, httponly=True, samesite="Lax"
    )
    return response


def device_cookie() -> str:
    """Return the name of the cookie by which a browser is known."""
    return f"{current_app.config['SESSION_COOKIE_NAME']}-peramban"


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
    """Return why somebody is not let in, or a password not taken, and the status that says so."""
    dates = formatting.Dates(lambda: services().office.calendar().zone)
    match refusal:
        case WeakPassword():
            return password_words(refusal.reason), 422
        case SignInThrottled():
            at = dates.clock(refusal.until + timedelta(seconds=59))
            return gettext("Terlalu banyak percobaan. Coba lagi pukul %(at)s.", at=at), 429
        case AccountInactive():
            if refusal.since is None:
                return gettext("Akun ini tidak aktif. Hubungi operator."), 403
            since = dates.day(refusal.since)
            return gettext("Akun ini tidak aktif sejak %(since)s. Hubungi operator.", since=since), 403
        case _:
            return gettext("Nama pengguna atau sandi salah."), 401


def _return_entries(token: str, sealed: str | None) -> Response | None:
    """Put what was typed before the session ended back as the draft of the same account."""
    found = services().accounts.session(token, now())
    held = unseal(sealed, found.actor.person_id) if sealed and found else None
    if held is None or found is None:
        return None
    path, entries = held
    try:
        task_id = path.rstrip("/").rsplit("/", 1)[-1]
        services().tasks.save_draft(found.actor, task_id, entries, now(), -1, over=True)
    except (Conflict, NotFound, NotPermitted):
        flash(
            gettext("Isian Anda tidak dapat dipasang kembali karena tugas itu sudah tidak terbuka bagi Anda."),
            "warning",
        )
        return redirect(url_for("tasks.inbox"), 303)
    flash(gettext("Anda masuk kembali. Isian Anda yang belum terkirim ada di bawah ini."), "success")
    return redirect(path, 303)
