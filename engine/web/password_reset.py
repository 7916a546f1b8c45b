"""A forgotten password: a letter is asked for, and its link sets a new one. The answer is the same for any account."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.service.people.accounts import SignInRefused
from engine.service.people.attempts import SignInThrottled
from engine.service.people.passwords import WeakPassword
from engine.web.access import Pages, anyone
from engine.web.authentication import now
from engine.web.services import services
from engine.web.sign_in import refusal_words, source
from engine.web.texts import done, gettext

pages = Pages("password_reset", __name__, url_prefix="/sandi")


@pages.get("/lupa", anyone)
def ask(*errors: str) -> str:
    """Ask whose password is forgotten, or say whom to ask where no letter goes out."""
    return render_template("password_reset/ask.html", errors=errors, sends=services().mail.sends_links(now()))


@pages.post("/lupa", anyone)
def send() -> str | tuple[str, int]:
    """Have a letter sent, if the account may have one."""
    if services().mail.sends_links(now()) is None:
        return ask(), 422
    try:
        services().reset_links.ask(request.form.get("akun", ""), source().address, now())
    except SignInThrottled as refusal:
        message, status = refusal_words(refusal)
        return ask(message), status
    return render_template("password_reset/asked.html")


@pages.get("/baru/<secret>", anyone)
def choose(secret: str, *errors: str) -> str | Response:
    """Ask for the new password; looking uses no link up, since programs look at links in letters too."""
    if (owner := services().reset_links.owner(secret, now())) is None:
        flash(gettext("Tautan itu tidak berlaku: sudah dipakai, sudah lewat, atau terpotong. Minta lagi."), "warning")
        return redirect(url_for("password_reset.ask"), 303)
    return render_template("password_reset/choose.html", owner=owner, errors=errors)


@pages.post("/baru/<secret>", anyone)
def set_password(secret: str) -> str | Response | tuple[str, int]:
    """Set the new password; with it, and with the code of those who have a second factor, one signs in."""
    new = request.form.get("baru", "")
    try:
        if new != request.form.get("ulang", ""):
            raise WeakPassword("unlike")
        services().reset_links.use(secret, new, now())
    except WeakPassword as refusal:
        page = choose(secret, refusal_words(refusal)[0])
        return (page, 422) if isinstance(page, str) else page
    except SignInRefused:
        return choose(secret)
    said = gettext("Sandi baru berlaku; semua sesi dan token API Anda sudah ditutup. Masuklah dengan sandi itu.")
    return done(said, "sign_in.sign_in")
