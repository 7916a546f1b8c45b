"""The command line of operators and designers.

If a command fails, it prints what is wrong and what to do, in a sentence each, and exits with code 2.
"""

import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from engine import __version__, sample_office, serving
from engine.app import Alur, build
from engine.check import main, told
from engine.documents.archive_check import inspect
from engine.jobs.worker import Worker
from engine.model.errors import SetupError, stated
from engine.sample_office import CONSOLE
from engine.service.authoring.checking import read_folder
from engine.service.people import guarded_roles
from engine.settings import read
from engine.store import backup as backups
from engine.store.chains import HistoryReport
from engine.store.files import copy
from engine.store.places import Folder, place_of
from engine.store.proof import prove
from engine.store.queries import people
from engine.store.queries.jobs import PRIORITIES
from engine.store.schema import check_prepared

PROVED = tomllib.loads(Path(__file__).with_name("proved.toml").read_text(encoding="utf-8"))
"""What a check without faults proves, and what it does not."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def now() -> datetime:
    """Return the current instant."""
    return datetime.now(UTC)


@contextmanager
def alur(*, prepared: bool = True, make: bool = False) -> Iterator[Alur]:
    """Yield the parts of Alur; *prepared* migrates the schema, *make* allows a new office."""
    joined = build(read(), make=make)
    try:
        if not make:
            check_prepared(joined.database)
        if prepared:
            joined.prepare(now())
        yield joined
    finally:
        joined.database.close()


@main.command()
@click.option("--empty", is_flag=True, help="Begin without the work of the weeks before.")
@told
def run(*, empty: bool) -> None:
    """Serve on this machine only, with the procedures under processes/, sample people and their past work."""
    settings = read()
    if settings.host not in LOOPBACK:
        raise SetupError("run_is_local", host=settings.host)
    serving.refuse_taken_port(settings.host, settings.port)
    passwords = sample_office.prepare(settings, now(), empty=empty)
    if passwords:
        click.echo("\nAkun contoh (sandi hanya ditampilkan sekali ini; diminta ganti saat pertama masuk):\n")
        for account, roles, password in passwords:
            click.echo(f"  {account:<18} {password:<20} {roles}")
    else:
        click.echo("Akun contoh sudah ada. Sandi lupa? `.venv/bin/python -m engine reset-code AKUN`")
    click.echo(f"\nAlur {__version__}: http://{settings.host}:{settings.port}\n")
    sys.stdout.flush()
    serving.serve(settings, samples=True)


@main.command()
@click.option("--tls-cert", type=FILE, help="Certificate (PEM).")
@click.option("--tls-key", type=FILE, help="Its key (PEM).")
@click.option("--tls-self-signed", is_flag=True, help="Make a certificate and print its fingerprint.")
@click.option("--behind-proxy", metavar="ADDRESSES", help="Trusted proxies in front, comma separated.")
@told
def serve(tls_cert: Path | None, tls_key: Path | None, tls_self_signed: bool, behind_proxy: str | None) -> None:
    """Serve the office."""
    settings = read()
    local = settings.host in LOOPBACK
    if bool(tls_cert) != bool(tls_key):
        raise SetupError("certificate_without_key")
    if not (local or tls_cert or tls_self_signed or behind_proxy):
        raise SetupError("serve_in_the_open", host=settings.host)
    serving.refuse_taken_port(settings.host, settings.port)
    if tls_self_signed:
        tls_cert, tls_key, fingerprint = serving.self_signed(settings.data, [settings.host, "localhost", "127.0.0.1"])
        click.echo(f"Sidik sertifikat (SHA-256): {fingerprint}")
    elif tls_cert and tls_key:
        serving.refuse_bad_certificate(tls_cert, tls_key)
    if behind_proxy:
        os.environ["ALUR_PROXY"] = behind_proxy
    if tls_cert or behind_proxy:
        os.environ["ALUR_SECURE"] = "1"
    with alur() as joined, joined.database.read() as reader:
        if not local and people.sample_people(reader):
            raise SetupError("sample_people_active")
    serving.serve(read(), certificate=tls_cert, key=tls_key)


@main.command()
@click.option("--only", multiple=True, type=click.Choice(list(PRIORITIES)), help="This kind of work alone. Repeatable.")
@told
def worker(only: tuple[str, ...]) -> None:
    """Do background work: timers, messages, printing, notices (`alur serve` starts one; PostgreSQL allows more).

    With `--only cetak` it only prints papers, possibly on a separate machine.
    """
    serving.attach()
    joined = build(read())
    joined.check()
    Worker(joined.services, only).run()


@main.command()
@told
def migrate() -> None:
    """Migrate the database to this version's schema."""
    with alur(make=True):
        click.echo("Skema basis data sudah mutakhir.")


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--note", default="", help="What changed, for the list of versions.")
@told
def deploy(folder: Path, note: str) -> None:
    """Deploy the procedure in FOLDER (processes/<id>) as a new version."""
    with alur() as joined:
        files = read_folder(folder.resolve().parent, joined.settings.forms, folder.resolve().name)
        record = joined.services.deployments.deploy(CONSOLE, folder.resolve().name, files, note, now(), at_console=True)
    if record is None:
        click.echo(f"{folder.name}: tidak berubah sejak versi yang berlaku.")
    else:
        click.echo(f"{folder.name}: versi {record.version} berlaku, sidik {record.content_hash[:12]}.")


@main.command("registers")
@told
def define_registers() -> None:
    """Create or change the registers under forms/registers by their schemas."""
    with alur() as joined:
        changed = sample_office.define_registers(joined, now())
    click.echo("Register tidak berubah." if not changed else f"{changed} register dibuat atau diubah.")


@main.command("register-import")
@click.argument("register_id")
@click.argument("file", type=FILE)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), required=True, help="First day the rows are in force.")
@click.option("--illustration", is_flag=True, help="Mark the rows as sample figures wherever they are shown.")
@told
def import_register(register_id: str, file: Path, since: datetime, *, illustration: bool) -> None:
    """Import the rows of an XLSX or CSV FILE into a register, or nothing if the file has a fault."""
    with alur() as joined:
        done = joined.services.registers.take_in(
            CONSOLE, register_id, file.read_bytes(), since.date(), now(), illustration=illustration
        )
    for fault in done.faults:
        click.echo(f"SALAH  {file.name} {fault.at}  {fault.message}", err=True)
    if done.faults:
        sys.exit(2)
    click.echo(f"{register_id}: {done.new} baris baru, {done.changed} berubah, {done.unchanged} tetap.")


@main.command()
@click.option("--stream", help="Only this stream, for instance instance:<id>.")
@click.option("--archive", type=FILE, help="A berkas (ZIP) instead of the database: needs nothing but the file.")
@told
def verify(stream: str | None, archive: Path | None) -> None:
    """Recompute all history hashes and compare tables and files with history; or check a single berkas."""
    if archive is not None:
        _verify_archive(archive)
        return
    with alur(prepared=False) as joined, joined.database.read() as reader:
        report = prove(reader, stream, joined.services.documents.files)
    if stream is not None and not report.lines:
        raise SetupError("stream_missing", stream=stream)
    click.echo(
        f"{report.lines} baris dalam {report.streams} rantai diperiksa, dengan tabel dan berkas yang disebutnya."
    )
    if report.heads:
        click.echo("Ujung {1} rantai dengan {0} baris, sidiknya: {2}".format(*report.heads))
    for remark in report.remarks:
        click.echo(f"PERLU DILIHAT  {remark.stream} baris {remark.seq}: {remark}", err=True)
    if report.sound:
        click.echo(PROVED["database"])
        return
    _print_faults(report)
    sys.exit(1)


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@told
def backup(file: Path) -> None:
    """Back up everything to FILE: database, files, and keys encrypted by a passphrase."""
    with alur(prepared=False) as joined:
        report = backups.backup(
            joined.database, joined.services.documents.files, file, _passphrase(confirm=True), now()
        )
    click.echo(f"Cadangan tersimpan: {file} ({_amounts(report.rows, report.files)}).")
    for name in report.damaged:
        click.echo(f"RUSAK   {name}: isinya bukan lagi yang disimpan dahulu.", err=True)
    for name in report.missing:
        click.echo(f"HILANG  {name}: basis data menyebutnya, tetapi berkasnya tidak ada.", err=True)
    if report.damaged or report.missing:
        click.echo("Cadangan ini tidak lengkap. Pulihkan berkas itu dari cadangan lama, lalu cadangkan lagi.", err=True)
        sys.exit(1)


@main.command()
@click.argument("file", type=FILE)
@told
def restore(file: Path) -> None:
    """Restore FILE into an empty ALUR_DATA and database; jobs stay off until confirm-restore."""
    settings = read()
    place = place_of(settings.files, settings.data)
    report = backups.restore(file, settings.database_url, settings.data, place, _passphrase(confirm=False), now())
    made = datetime.fromisoformat(report.made_at).strftime("%Y-%m-%d %H:%M UTC")
    click.echo(f"Cadangan tanggal {made} dipulihkan ({_amounts(report.rows, report.files)}).")
    click.echo("Timer tetap diam sampai `alur confirm-restore`.")
    if not report.history.sound:
        _print_faults(report.history)
        click.echo("Riwayat sudah tidak utuh ketika dicadangkan. Bandingkan dengan cadangan yang lebih lama.", err=True)
        sys.exit(1)


@main.command("confirm-restore")
@told
def confirm_restore() -> None:
    """Let timers run again on a restored copy."""
    with alur() as joined:
        confirmed = joined.services.operations.confirm_restore(now())
    went_on = "Pemulihan dikonfirmasi; timer berjalan lagi."
    click.echo(went_on if confirmed else "Tidak ada pemulihan yang menunggu konfirmasi.")


@main.command("copy-files")
@told
def copy_files() -> None:
    """Copy files, functions, keys and trusted roots from ALUR_DATA to ALUR_FILES, and compare their hashes."""
    settings = read()
    compared = dict(copy(Folder(settings.data), place_of(settings.files, settings.data)))
    unlike = [name for name, same in compared.items() if not same]
    for name in unlike:
        click.echo(f"TIDAK SAMA  {name}: rusak di sini, atau lain isinya di sana.", err=True)
    click.echo(f"{len(compared)} berkas dibandingkan, {len(compared) - len(unlike)} sama di {settings.files}.")
    sys.exit(1 if unlike else 0)


@main.command("add-person")
@click.argument("account")
@click.argument("name")
@click.option("--role", "roles", multiple=True, help="A lane's role, or designer, auditor, operator. Repeatable.")
@click.option("--reason", default="alur add-person", show_default=True, help="Why, for the history.")
@told
def add_person(account: str, name: str, roles: tuple[str, ...], reason: str) -> None:
    """Add a person (the first operator, for instance) and print the first password."""
    with alur(make=True) as joined:
        today = joined.services.office.today(now())
        person, password = joined.services.people.add(CONSOLE, account, name, roles, today, reason, now())
    click.echo(f"{person.id}: sandi pertama {password}")


@main.command("confirm-role")
@click.argument("proposal_id", required=False)
@told
def confirm_role(proposal_id: str | None) -> None:
    """List proposed roles that wait for a second person, or confirm one if nobody else may."""
    with alur() as joined:
        if proposal_id is not None:
            joined.services.people.confirm(CONSOLE, proposal_id, now())
        for each in joined.services.people.proposals(CONSOLE, now()):
            held = each.held
            click.echo(f"{held.id}  {held.role}: {held.person_id}, diusulkan {each.proposed_by}: {each.reason}")


@main.command("guard-role")
@click.argument("role")
@click.option("--off", is_flag=True, help="One person gives it again.")
@click.option("--reason", required=True, help="Why, for the history.")
@told
def guard_role(role: str, reason: str, *, off: bool) -> None:
    """Require two people for giving ROLE from now on: one proposes, another confirms."""
    with alur() as joined, joined.database.write(CONSOLE, now()) as work:
        guarded_roles.put(work, [role], not off, stated(reason))


@main.command("reset-code")
@click.argument("account")
@click.option("--second-factor", metavar="REASON", help="Switch the second factor off too, because of REASON.")
@told
def reset_code(account: str, second_factor: str | None) -> None:
    """Print a one-time code with which ACCOUNT can sign in and set a new password."""
    with alur() as joined:
        with joined.database.read() as reader:
            if people.by_id(reader, account) is None:
                raise SetupError("account_unknown", account=account)
        if second_factor is not None:
            joined.services.accounts.reset_second_factor(CONSOLE, account, second_factor, now())
        code = joined.services.accounts.issue_reset_code(CONSOLE, account, "konsol", now())
    click.echo(f"{account}: kode sekali pakai {code} (berlaku 24 jam)")


def _verify_archive(path: Path) -> None:
    found = inspect(path)
    click.echo(f"{path.name}: {found.files} berkas, {found.lines} baris riwayat, {found.documents} versi dokumen.")
    click.echo(f"SHA-256 ZIP: {found.sha256}")
    if not found.sound:
        for fault in found.faults:
            click.echo(f"SALAH  {fault}", err=True)
        click.echo("Berkas ini tidak seperti ketika dibuat. Minta salinan lain, dan simpan yang ini.", err=True)
        sys.exit(1)
    click.echo(PROVED["archive"].format(lines=found.lines))


def _passphrase(*, confirm: bool) -> str:
    text = os.environ.get("ALUR_PASSPHRASE")
    return text or str(click.prompt("Frasa sandi cadangan", hide_input=True, confirmation_prompt=confirm))


def _print_faults(report: HistoryReport) -> None:
    for fault in report.faults:
        line = f" baris {fault.seq}" if fault.seq else ""
        click.echo(f"TIDAK UTUH  {fault.stream}{line}: {fault}", err=True)
        if fault.expected or fault.found:
            click.echo(f"            seharusnya {fault.expected or '-'}, ditemukan {fault.found or '-'}", err=True)
    if report.fault_count > len(report.faults):
        click.echo(f"            dan {report.fault_count - len(report.faults)} rantai lain.", err=True)


def _amounts(rows: Mapping[str, int], files: int) -> str:
    return f"{sum(rows.values())} baris, {rows['instance']} pelaksanaan, {files} berkas"
