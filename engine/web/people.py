"""The pages of people and their memberships."""

import json
from contextlib import suppress

from flask import render_template, request
from werkzeug.wrappers import Response

from engine.model.errors import FieldError, InvalidForm, NotFound
from engine.model.history import Action
from engine.model.people import Capacity, OfficeRole, Proposal
from engine.service.history.timelines import PAGE
from engine.web import errors as wording
from engine.web.access import Pages, only
from engine.web.authentication import actor, asked_page, now
from engine.web.formatting import read_day
from engine.web.readings import reading
from engine.web.services import services
from engine.web.texts import done, gettext

pages = Pages("people", __name__, url_prefix="/orang")
READERS = (OfficeRole.OPERATOR, OfficeRole.AUDITOR)


@pages.get("", only(*READERS))
def index(*errors: str) -> str:
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
        errors=errors,
    )


@pages.errorhandler(InvalidForm)
def refused(invalid: InvalidForm) -> tuple[str, int]:
    """Show the page of a refused form again, with its errors."""
    errors = [fault_words(error) for error in invalid.errors]
    person_id = (request.view_args or {}).get("person_id")
    if request.endpoint == "people.add":
        return ask_new(*errors), 422
    with suppress(NotFound):
        return show(person_id, *errors) if person_id else index(*errors), 422
    return wording.page(404)


@pages.post("/usulan/<proposal_id>/<any(setujui, tolak):deed>", only(*READERS))
def settle(proposal_id: str, deed: str) -> Response:
    """Confirm what somebody proposed, or refuse or withdraw it."""
    if deed == "setujui":
        services().people.confirm(actor(), proposal_id, now())
        return done(gettext("Usulan berlaku sekarang."), "people.index")
    services().people.decline(actor(), proposal_id, request.form.get("alasan", ""), now())
    return done(gettext("Usulan ditutup."), "people.index")


@pages.get("/baru", only(OfficeRole.OPERATOR))
def ask_new(*errors: str) -> str:
    """Ask who joins."""
    roles, chosen = services().people.roles(now()), request.form.getlist("peran")
    return render_template("people/new.html", roles=roles, errors=errors, entries=request.form, chosen=chosen)


@pages.post("/baru", only(OfficeRole.OPERATOR))
def add() -> str:
    """Add a person; the first password is shown once."""
    account, name, reason = (request.form.get(each, "") for each in ("akun", "nama", "alasan"))
    known = {view.role for view in services().people.roles(now())} | set(OfficeRole)
    roles = [role for role in request.form.getlist("peran") if role in known]
    today = services().office.today(now())
    person, password = services().people.add(actor(), account, name, roles, today, reason, now())
    return render_template("people/secret.html", person=person, secret=password, kind="first")


@pages.get("/<person_id>", only(*READERS))
def show(person_id: str, *errors: str) -> str:
    """Show one person: account, memberships, open tasks, what was changed, how they signed in."""
    if person_id != actor().person_id:
        reading(Action.PERSON_READ, person=person_id)
    page = asked_page()
    lines = services().histories.of_person(actor(), person_id, page)
    return render_template(
        "people/show.html",
        person=services().people.person(actor(), person_id),
        reach=services().reaching.of(actor(), person_id),
        tasks=services().people.open_tasks(actor(), person_id),
        sessions=services().accounts.sessions(actor(), person_id, now()),
        identity=services().identities.of(actor(), person_id),
        lines=lines,
        page=page,
        more=len(lines) == PAGE,
        sign_ins=services().histories.of_person(actor(), person_id, sign_ins=True),
        details={line.seq: json.loads(line.change) for line in lines},
        roles=services().people.roles(now()),
        today=services().office.today(now()),
        errors=errors,
        form=request.form,
        capacities=tuple(Capacity),
        proposals=[p for p in services().people.proposals(actor(), now()) if p.held.person_id == person_id],
        guarded=services().people.guarded(),
    )


@pages.post("/<person_id>/nama", only(OfficeRole.OPERATOR))
def rename(person_id: str) -> Response:
    """Change the name that is shown."""
    name, reason = (request.form.get(each, "") for each in ("nama", "alasan"))
    services().people.rename(actor(), person_id, name, reason, now())
    return _done(person_id, gettext("Nama diubah."))


@pages.post("/<person_id>/surel", only(OfficeRole.OPERATOR))
def set_address(person_id: str) -> Response:
    """Enter, change or drop somebody's mail address."""
    address, reason = (request.form.get(each, "") for each in ("surel", "alasan"))
    services().reaching.set_address(actor(), person_id, address, now(), reason=reason)
    return _done(person_id, gettext("Alamat surel disimpan."))


@pages.post("/<person_id>/lupakan", only(OfficeRole.OPERATOR))
def forget(person_id: str) -> Response | tuple[str, int]:
    """Erase the names that history holds of a person who left, once the account was typed: nothing brings them back."""
    if request.form.get("akun", "").strip() != person_id:
        return show(person_id, gettext("Ketik akun orang ini persis untuk menegaskan. Tidak ada yang dihapus.")), 422
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
        return show(person_id, *errors), 422
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
        return show(person_id, gettext("Isi tanggal selesai, misalnya 30/4/2025.")), 422
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


@pages.post("/<person_id>/identitas", only(OfficeRole.OPERATOR))
def link_identity(person_id: str) -> Response:
    """Say whom the OpenID provider names for a person, and whether that is their only way in."""
    value, reason, only_way = (request.form.get(each, "") for each in ("identitas", "alasan", "hanya"))
    services().identities.link(actor(), person_id, value, bool(only_way), reason, now())
    return _done(person_id, gettext("Akun pemerintah disimpan."))


@pages.post("/<person_id>/sesi", only(OfficeRole.OPERATOR))
def end_sessions(person_id: str) -> Response:
    """End every session and token of somebody."""
    services().accounts.end_all(actor(), person_id, request.form.get("alasan", ""), now())
    return _done(person_id, gettext("Semua sesi orang ini diakhiri dan token API-nya dicabut."))


@pages.post("/<person_id>/kode-masuk", only(OfficeRole.OPERATOR))
def reset_second_factor(person_id: str) -> Response:
    """Switch off the second factor of somebody who lost phone and recovery codes."""
    services().accounts.reset_second_factor(actor(), person_id, request.form.get("alasan", ""), now())
    return _done(person_id, gettext("Kode masuk dilepas. Orang ini masuk dengan sandi saja, lalu memasangnya lagi."))


@pages.get("/tugas/<task_id>/pelaksana", only(OfficeRole.OPERATOR))
def ask_reassign(task_id: str, *errors: str) -> str:
    """Ask which role takes over one open task, and why."""
    found = services().inbox.task(actor(), task_id)
    return render_template(
        "people/reassign.html",
        task=found.task,
        step=found.step,
        roles=services().people.roles(now()),
        errors=errors,
        reason=request.form.get("alasan", ""),
    )


@pages.post("/tugas/<task_id>/pelaksana", only(OfficeRole.OPERATOR))
def reassign(task_id: str) -> Response | tuple[str, int]:
    """Give one open task to another role."""
    role, reason = request.form.get("peran", ""), request.form.get("alasan", "")
    if role not in {view.role for view in services().people.roles(now())}:
        return ask_reassign(task_id, gettext("Pilih peran.")), 422
    try:
        task = services().assignments.reassign(actor(), task_id, role, reason, now())
    except InvalidForm:
        return ask_reassign(task_id, gettext("Tulis alasan, 3 sampai 500 karakter.")), 422
    return done(gettext("Pelaksana diganti."), "instances.show", instance_id=task.instance_id)


def _done(person_id: str, said: str) -> Response:
    return done(said, "people.show", person_id=person_id)


def fault_words(error: FieldError) -> str:
    """Return what is wrong with somebody's data, in words."""
    return {
        ("akun", "account"): gettext("Nama akun: huruf kecil, angka, titik, garis; misalnya tim.sakip.3."),
        ("akun", "taken"): gettext("Nama akun ini sudah dipakai."),
        ("nama", "name"): gettext("Nama: 2 sampai 120 karakter."),
        ("identitas", "identity"): gettext(
            "Identitas ini milik akun lain, terlalu panjang, atau kosong bagi orang yang hanya masuk lewat itu."
        ),
        ("surel", "email"): gettext("Alamat surel tidak terbaca. Contoh: nama@kantor.go.id."),
        ("alasan", "required"): gettext("Tulis alasan, 3 sampai 500 karakter."),
        ("sampai", "period"): gettext("Tanggal selesai tidak boleh mendahului tanggal mulai atau menambah masa."),
        ("akun", "left"): gettext("Akun ini nonaktif. Aktifkan dahulu di halaman orangnya."),
        ("nama", "other"): gettext("Akun ini sudah ada dengan nama %(name)s. Samakan namanya.", name=error.message),
        ("jalur", "unknown"): gettext("Tidak ada jalur atau peran bernama %(role)s.", role=error.message),
        ("jalur", "own_role"): gettext("Tidak seorang pun memberi peran kepada diri sendiri."),
        ("jalur", "proposed"): gettext("Ini sudah diusulkan dan menunggu orang kedua."),
        ("sk", "required"): gettext("Pj., Plt. dan Plh. memerlukan nomor surat keputusan."),
        ("jalur", "overlap"): gettext("Orang ini sudah menjadi anggota jalur itu pada masa yang sama."),
    }.get((error.path, error.keyword), error.message)
