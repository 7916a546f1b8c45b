"""The sample office of ``alur run``: registers, all procedures of the checkout, sample people and their work."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from functools import reduce

import click

from engine.app import Alur, build
from engine.model.errors import AlurError, SetupError
from engine.model.people import Actor, Capacity, Membership, OfficeRole
from engine.sample_play import Play, Script
from engine.service.authoring.checking import read_folder
from engine.service.office.business_calendar import read_calendar, seeded_calendar
from engine.service.procedures.files import content_hash
from engine.settings import Settings
from engine.store.database import DATABASE_FILE
from engine.store.queries import people
from engine.store.schema import migrate

UNFINISHED = "contoh.db"  # never an office in which people work
NAMED_SAMPLES = 6
OFFICE_SAMPLES = {"perancang": OfficeRole.DESIGNER, "auditor": OfficeRole.AUDITOR, "operator": OfficeRole.OPERATOR}
SAMPLES_SINCE = date(2025, 1, 1)  # first day of the sample rows in registers
CONSOLE = Actor(
    "sistem",
    "Konsol",
    tuple(Membership("-", "sistem", role, Capacity.DEFINITIVE, date.min, None, None) for role in OfficeRole),
)
"""The actor at the console, who has all office roles, as anybody with access to the machine can do everything."""


def define_registers(joined: Alur, at: datetime) -> int:
    """Define the registers under forms/registers; return how many changed."""
    changed = 0
    for path in sorted((joined.settings.forms / "registers").glob("*.schema.json")):
        register_id = path.name.removesuffix(".schema.json")
        shown = path.with_name(f"{register_id}.ui.json")
        files = {"schema.json": path.read_bytes()} | ({"ui.json": shown.read_bytes()} if shown.is_file() else {})
        if joined.services.registers.define(CONSOLE, register_id, files, at):
            click.echo(f"Register {register_id} dipasang.")
            changed += 1
    return changed


def fill_registers(joined: Alur, at: datetime, scripts: Sequence[Script]) -> None:
    """Import sample rows into empty registers, marked as illustration."""
    since = min([SAMPLES_SINCE, *(date(script.years()[0], 1, 1) for script in scripts)])
    registers = joined.services.registers
    for path in sorted((joined.settings.forms / "registers" / "contoh").glob("*.csv")):
        if registers.is_empty(path.stem):
            content = reduce(lambda rows, script: script.rows(rows), scripts, path.read_bytes())
            done = registers.take_in(CONSOLE, path.stem, content, since, at, illustration=True)
            for fault in done.faults:
                click.echo(f"SALAH  {path.name} {fault.at}  {fault.message}", err=True)


def deploy_all(joined: Alur, at: datetime) -> None:
    """Deploy the procedures under processes/, except versions deployed before, so that designers' changes stay."""
    if not (folder := joined.settings.processes).is_dir():
        raise SetupError("procedures_missing", folder=folder)
    for path in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith((".", "_"))):
        files = read_folder(folder, joined.settings.forms, path.name)
        known, _ = joined.services.deployments.deployed(path.name, None, 1000)
        if content_hash(files) in {version.content_hash for version in known}:
            continue
        record = joined.services.deployments.deploy(
            CONSOLE, path.name, files, f"dari {path.name}, {content_hash(files)[:12]}", at, at_console=True
        )
        if record is not None:
            click.echo(f"Prosedur {path.name} versi {record.version} dipasang.")


def hire(joined: Alur, at: datetime) -> list[tuple[str, str, str]]:
    """Add role accounts for all lanes and office roles; return the new ones as [(account, role, password)].

    A lane whose steps name their performer gets several accounts (role.1, role.2, ...), a team (``sop:contohTim`` on
    the lane) two, so that people can try claiming, and any other lane one.
    """
    wanted: dict[str, tuple[str, str]] = {}
    for procedure in joined.services.deployments.all():
        for lane in procedure.outline.lanes:
            account = lane.role.replace("_", ".")
            named = any(task.performer for task in procedure.outline.tasks if task.role == lane.role)
            accounts = [f"{account}.{n}" for n in range(1, NAMED_SAMPLES + 1)] if named else [account]
            if not named and lane.role in procedure.outline.sample_teams:
                accounts.append(f"{account}.2")
            for one in accounts:
                wanted.setdefault(one, (lane.name, lane.role))
    for account, office_role in OFFICE_SAMPLES.items():
        wanted.setdefault(account, (account.capitalize(), office_role.value))
    added = []
    today = joined.services.office.today(at)
    with joined.database.read() as reader:
        known = people.names(reader)
    for account, (lane_name, role) in wanted.items():
        if account not in known:
            name = f"{lane_name} {suffix}" if (suffix := account.rsplit(".", 1)[-1]).isdecimal() else lane_name
            _, password = joined.services.people.add(CONSOLE, account, name, [role], today, "alur run", at, sample=True)
            added.append((account, role, password))
    return added


def prepare(settings: Settings, at: datetime, *, empty: bool) -> list[tuple[str, str, str]]:
    """Open the office of *settings*. A new one has another name until its past is complete: no half of it is served."""
    whole, part = settings.data / DATABASE_FILE, settings.data / UNFINISHED
    new = settings.database_url is None and not whole.exists()
    for left in settings.data.glob(f"{UNFINISHED}*") if new else ():  # of a start that was ended
        left.unlink()
    joined = build(replace(settings, database_url=f"sqlite:///{part}") if new else settings, make=True)
    with closing(joined.database):
        hired = open_office(joined, at, empty=empty)
    if new:
        part.rename(whole)
    return hired


def open_office(joined: Alur, at: datetime, *, empty: bool) -> list[tuple[str, str, str]]:
    """Bring the office up to date, and play the past of a new one; return the accounts that ``hire`` added."""
    migrate(joined.database)
    scripts = () if empty else _scripts(joined, at)
    began = min((script.founded() for script in scripts), default=at)
    joined.prepare(began)
    define_registers(joined, began)
    deploy_all(joined, began)
    hired = hire(joined, began)
    fill_registers(joined, began, scripts)
    passwords = {account: password for account, _, password in hired}
    for script in scripts:
        try:
            Play(script, joined.services, joined.database, passwords)(CONSOLE)
        except AlurError as error:  # the forms may have changed; serve all the same
            click.echo(f"SALAH  {script.folder}: {error}", err=True)
    return hired


def _scripts(joined: Alur, at: datetime) -> tuple[Script, ...]:
    """Return the scripts to play; none if the office has people already."""
    with joined.database.read() as reader:
        if people.names(reader):
            return ()
    calendar, folder = read_calendar(seeded_calendar()), joined.settings.processes
    every = (Script.of(path, calendar, at) for path in sorted(folder.glob("*")))
    return tuple(script for script in every if script is not None)
