"""The pages of people and their memberships."""

import json

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.model.errors import InvalidForm
from engine.model.history import Action
from engine.model.people import Capacity, OfficeRole, Proposal
from engine.web.access import Pages, only
from engine.web.authentication import actor, now
from engine.web.formatting import read_day
from engine.web.readings import reading
from engine.web.services import services
from engine.web.texts import gettext

pages = Pages("people", __name__, url_prefix="/orang")
READERS = (OfficeRole.OPERATOR, OfficeRole.AUDITOR)


@pages.get("", only(*READERS))
def index(errors: list[str] | None = None) -> str:
    """Show everybody, what waits for a second person, and the lanes that have nobody."""
    roles, everyone = services().people.roles(now()), services().people.everyone(actor())
    reading(Action.PERSON_READ, rows=len(everyone))
    return render_template(
        "people/index.html",
        everyone=everyone,
        roles=roles,
        today=services().office.today(now()),
        empty=[view for view in roles if view.procedures and not view.members],
        proposals=services().people.proposals(actor(), now()),
        guarded=services().people.guarded(),
        errors=errors or (),
    )


@pages.errorhandler(InvalidForm)
def refused(invalid: InvalidForm) -> tuple[str, int]:
    """Show the page that a form stands on again, with what is wrong with it."""
    errors = [_words(error.path, error.keyword) for error in invalid.errors]
    person_id = (request.view_args or {}).get("person_id")
    return _page(person_id, errors) if person_id else index(errors), 422


@pages.post("/usulan/<proposal_id>/<any(setujui, tolak):deed>", only(*READERS))
def settle(proposal_id: str, deed: str) -> Response:
    """Confirm what somebody proposed, or refuse or withdraw it."""
    if deed == "setujui":
        services().people.confirm(actor(), proposal_id, now())
    else:
        services().people.decline(actor(), proposal_id, request.form.get("alasan", ""), now())
    flash(gettext("Usulan berlaku sekarang.") if deed == "setujui" else gettext("Usulan ditutup."), "success")
    return redirect(url_for("people.index"), 303)


@pages.get("/baru", only(OfficeRole.OPERATOR))
def ask_new() -> str:
    """Ask who joins."""
    return render_template("people/new.html", roles=services().people.roles(now()), errors=(), entries={})


@pages.post("/baru", only(OfficeRole.OPERATOR))
def add() -> tuple[str, int] | str:
    """Add a person; the first password is shown once."""
    entries = {name: request.form.get(name, "") for name in ("akun", "nama", "alasan")}
    chosen = request.form.getlist("peran")
    roles = services().people.roles(now())
    known = {view.role for view in roles} | set(OfficeRole)
    try:
        person, password = services().people.add(
            actor(),
            entries["akun"],
            entries["nama"],
            [role for role in chosen if role in known],
            services().office.today(now()),
            request.form.get("alasan", ""),
            now(),
        )
    except InvalidForm as invalid:
        messages = [_words(error.path, error.keyword) for error in invalid.errors]
        return render_template("people/new.html", roles=roles, errors=messages, entries=entries, chosen=chosen), 422
    return render_template("people/secret.html", person=person, secret=password, kind="first")


@pages.get("/<person_id>", only(*READERS))
def show(person_id: str) -> str:
    """Show one person: account, memberships, open tasks, what was changed, how they signed in."""
    return _page(person_id)


@pages.post("/<person_id>/nama", only(OfficeRole.OPERATOR))
def rename(person_id: str) -> Response:
    """Change the name that is shown."""
    name, reason = (request.form.get(each, "") for each in ("nama", "alasan"))
    services().people.rename(actor(), person_id, name, reason, now())
    return _done(person_id, gettext("Nama diubah."))


@pages.post("/<person_id>/lupakan", only(OfficeRole.OPERATOR))
def forget(person_id: str) -> Response:
    """Erase the names that history holds of a person who left."""
    services().people.forget(actor(), person_id, request.form.get("alasan", ""), now())
    return _done(person_id, gettext("Nama dihapus dari riwayat."))


@pages.post("/<person_id>/keanggotaan", only(OfficeRole.OPERATOR))
def add_membership(person_id: str) -> Response | tuple[str, int]:
    """Let a person work in a role for a time."""
    form = request.form
    since, until = read_day(form.get("mulai")), read_day(form.get("sampai"))
    role, errors = form.get("jalur", ""), []
    known = {view.role for view in services().people.roles(now())} | set(OfficeRole)
    if role not in known:
        errors.append(gettext("Pilih jalur atau peran."))
    if since is None:
        errors.append(gettext("Isi tanggal mulai, misalnya 1/5/2025."))
    if form.get("sampai") and until is None:
        errors.append(gettext("Tanggal selesai tidak terbaca."))
    if since is None or errors:
        return _page(person_id, errors), 422
    capacity = form.get("kapasitas", "")
    given = services().people.add_membership(
        actor(),
        person_id,
        role,
        Capacity(capacity) if capacity in set(Capacity) else Capacity.DEFINITIVE,
        since,
        until,
        form.get("sk"),
        form.get("alasan", ""),
        now(),
    )
    proposed = gettext("Diusulkan; menunggu orang kedua.")
    return _done(person_id, proposed if isinstance(given, Proposal) else gettext("Keanggotaan ditambahkan."))


@pages.post("/<person_id>/keanggotaan/<membership_id>/akhiri", only(OfficeRole.OPERATOR))
def end_membership(person_id: str, membership_id: str) -> Response | tuple[str, int]:
    """End a membership on a day; it stays in the record."""
    until = read_day(request.form.get("sampai"))
    if until is None:
        return _page(person_id, [gettext("Isi tanggal selesai, misalnya 30/4/2025.")]), 422
    reason = request.form.get("alasan", "")
    services().people.end_membership(actor(), person_id, membership_id, until, reason, now())
    return _done(person_id, gettext("Keanggotaan diakhiri."))


@pages.post("/<person_id>/<any(aktifkan, nonaktifkan):deed>", only(OfficeRole.OPERATOR))
def set_active(person_id: str, deed: str) -> Response:
    """Switch an account on or off."""
    services().people.set_active(actor(), person_id, deed == "aktifkan", request.form.get("alasan", ""), now())
    return _done(person_id, gettext("Akun diaktifkan.") if deed == "aktifkan" else gettext("Akun dinonaktifkan."))


@pages.post("/<person_id>/sandi", only(OfficeRole.OPERATOR))
def reset(person_id: str) -> str:
    """Give a one-time code, shown once."""
    person = services().people.person(actor(), person_id)
    code = services().accounts.issue_reset_code(actor(), person_id, request.form.get("alasan", ""), now())
    return render_template("people/secret.html", person=person, secret=code, kind="reset")


@pages.post("/<person_id>/kode-masuk", only(OfficeRole.OPERATOR))
def reset_second_factor(person_id: str) -> Response:
    """Switch off the second factor of somebody who lost phone and recovery codes."""
    services().accounts.reset_second_factor(actor(), person_id, request.form.get("alasan", ""), now())
    return _done(person_id, gettext("Kode masuk dilepas. Orang ini masuk dengan sandi saja, lalu memasangnya lagi."))


@pages.get("/tugas/<task_id>/pelaksana", only(OfficeRole.OPERATOR))
def ask_reassign(task_id: str) -> str:
    """Ask which role takes over one open task, and why."""
    return _reassign_page(task_id)


@pages.post("/tugas/<task_id>/pelaksana", only(OfficeRole.OPERATOR))
def reassign(task_id: str) -> Response | tuple[str, int]:
    """Give one open task to another role."""
    role, reason = request.form.get("peran", ""), request.form.get("alasan", "")
    if role not in {view.role for view in services().people.roles(now())}:
        return _reassign_page(task_id, gettext("Pilih peran."), reason), 422
    try:
        task = services().tasks.reassign(actor(), task_id, role, reason, now())
    except InvalidForm:
        return _reassign_page(task_id, gettext("Tulis alasan, 3 sampai 500 karakter."), reason), 422
    flash(gettext("Pelaksana diganti."), "success")
    return redirect(url_for("instances.show", instance_id=task.instance_id), 303)


def _done(person_id: str, said: str) -> Response:
    """Go back to a person's page, which says what was done."""
    flash(said, "success")
    return redirect(url_for("people.show", person_id=person_id), 303)


def _page(person_id: str, errors: list[str] | None = None) -> str:
    if person_id != actor().person_id:
        reading(Action.PERSON_READ, person=person_id)
    lines = services().histories.of_person(actor(), person_id)
    return render_template(
        "people/show.html",
        person=services().people.person(actor(), person_id),
        tasks=services().people.open_tasks(actor(), person_id),
        lines=lines,
        sign_ins=services().histories.of_person(actor(), person_id, sign_ins=True),
        details={line.seq: json.loads(line.change) for line in lines},
        roles=services().people.roles(now()),
        today=services().office.today(now()),
        errors=errors or (),
        form=request.form,
        capacities=tuple(Capacity),
        proposals=[p for p in services().people.proposals(actor(), now()) if p.held.person_id == person_id],
        guarded=services().people.guarded(),
    )


def _reassign_page(task_id: str, error: str | None = None, reason: str = "") -> str:
    task, step = services().tasks.task_and_step(actor(), task_id)
    return render_template(
        "people/reassign.html",
        task=task,
        step=step,
        roles=services().people.roles(now()),
        errors=(error,) if error else (),
        reason=reason,
    )


def _words(path: str, keyword: str) -> str:
    return {
        ("akun", "account"): gettext("Nama akun: huruf kecil, angka, titik, garis; misalnya tim.sakip.3."),
        ("akun", "taken"): gettext("Nama akun ini sudah dipakai."),
        ("nama", "name"): gettext("Nama: 2 sampai 120 karakter."),
        ("alasan", "required"): gettext("Tulis alasan, 3 sampai 500 karakter."),
        ("sampai", "period"): gettext("Tanggal selesai tidak boleh mendahului tanggal mulai atau menambah masa."),
        ("jalur", "proposed"): gettext("Ini sudah diusulkan dan menunggu orang kedua."),
        ("sk", "required"): gettext("Pj., Plt. dan Plh. memerlukan nomor surat keputusan."),
        ("jalur", "overlap"): gettext("Orang ini sudah menjadi anggota jalur itu pada masa yang sama."),
    }[path, keyword]
