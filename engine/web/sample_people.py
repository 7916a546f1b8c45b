"""Signing in as a sample person by one click: on this machine alone, and only where ``alur run`` serves.

Whoever can send such a request sits at this machine: it comes from loopback, to a name of loopback (no site that had
its own name resolved to 127.0.0.1 is answered), and no proxy says that it forwards for somebody.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import abort, current_app, request
from werkzeug.wrappers import Response

from engine.model.people import OfficeRole
from engine.model.process import UserTask
from engine.service.people.accounts import SignInRefused
from engine.service.people.attempts import SignInThrottled
from engine.web.access import Pages, anyone
from engine.web.authentication import now
from engine.web.services import services
from engine.web.sign_in import let_in, source

pages = Pages("sample_people", __name__)
LOOPBACK = ("127.0.0.1", "::1", "localhost")
FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")


@dataclass(frozen=True, slots=True)
class Choice:
    """A role that somebody may try, and who works in it."""

    account: str
    name: str
    role: str
    steps: tuple[tuple[int, UserTask], ...]  # of a lane: what it does, by its number


def choices() -> tuple[Choice, ...]:
    """Return one sample person for each role, lanes in the order of their diagrams; none where no click is taken."""
    host = urlsplit(f"//{request.host}").hostname
    here = current_app.config["ALUR_SAMPLES"] and request.remote_addr in LOOPBACK and host in LOOPBACK
    return tuple(_found()) if here and not any(name in request.headers for name in FORWARDED) else ()


def _found() -> Iterator[Choice]:
    today, samples = services().office.today(now()), services().people.samples()
    steps: dict[str, tuple[tuple[int, UserTask], ...]] = {}
    for procedure in services().deployments.all():
        for lane in procedure.outline.lanes:
            own = ((n, step) for n, step in enumerate(procedure.outline.tasks, 1) if step.role == lane.role)
            steps[lane.role] = (*steps.get(lane.role, ()), *own)
    for role in (*steps, *OfficeRole):
        its = (each for each in samples if any(m.role == role and m.holds_on(today) for m in each.memberships))
        if first := min(its, key=lambda each: each.id, default=None):
            yield Choice(first.id, first.name, role, steps.get(role, ()))


@pages.post("/masuk/contoh", anyone)
def open_session() -> Response:
    """Sign in as one of the sample people that the sign-in page offers."""
    account = request.form.get("akun", "")
    if account not in {each.account for each in choices()}:
        abort(404)
    try:
        return let_in(services().accounts.sign_in_sample(account, source(), now()), clicked=True)
    except (SignInRefused, SignInThrottled):
        abort(404)
