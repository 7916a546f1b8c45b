"""``python -m benchmarks.load`` (``make load``): a hundred people at work for ten minutes, on each database.

Locust plays the people (``benchmarks.colleagues``), on this machine, against ``alur serve`` with two web workers and a
job worker, on a database that waits for the disk. Asked is: no error, every step that somebody was told is completed
stands so in the database, the rows follow from the history, and the p95 of every page is below 300 ms. Locust was taken
over our own ``servers.Server.ask`` because people wait between their deeds, which that cannot.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

from sqlalchemy import select, update

from benchmarks.host import PASSWORD, PERIODS, STEPS, Bodies, Office, bodies, databases, office_served, planned
from benchmarks.inbox import SEED
from benchmarks.procedure import record
from engine.service.procedures.procedure import Values
from engine.store.proof import prove
from engine.store.tables import person, task
from tests.office import SOP, OfficeAtWork

CREW = {"sekretaris": 4, "tim_sakip": 20, "pemegang_data": 75}
INSTANCES, YEARS = 100, 20
SLOWEST = 300.0  # ms


def people(at_work: OfficeAtWork) -> list[str]:
    """Hire a hundred people with a password each; their accounts."""
    accounts = ["kepala.dinas"]
    for role, many in CREW.items():
        for n in range(1, many + 1):
            accounts.append(f"{role.replace('_', '.')}.rekan.{n}")
            at_work.hire(accounts[-1], role)
    hashed = at_work.services.accounts.hasher.hash(PASSWORD)
    with at_work.database.unguarded() as connection:
        connection.execute(update(person).values(password_hash=hashed))
    return accounts


def assigned(sent: Bodies, holders: tuple[str, ...]) -> Bodies:
    """Return what is sent for each step where *holders* are asked for their data."""
    plan = sent["susun_jadwal", None]
    rows = zip(plan["surat_tugas"]["penugasan"], cycle(holders), strict=False)
    letter = plan["surat_tugas"] | {"penugasan": [row | {"pemegang_data": each} for row, each in rows]}
    return {**sent, ("susun_jadwal", None): plan | {"pemegang_diminta": list(holders), "surat_tugas": letter}}


def begin(at_work: OfficeAtWork, sent: Bodies, accounts: list[str]) -> None:
    """Start the instances and take each to another step."""
    chance = random.Random(SEED)
    holders = [each for each in accounts if each.startswith("pemegang")]
    for n in range(INSTANCES):
        its = assigned(sent, tuple(chance.sample(holders, 2)))
        id_ = at_work.start(year=str(2026 + n // len(PERIODS) % YEARS), period=PERIODS[n % len(PERIODS)])
        for element_id, account, item in STEPS[: n % 4]:
            place = at_work.task(id_, element_id, item)
            at_work.services.tasks.complete(at_work.actor(account), place, Values(its[element_id, item]), at_work.now)
            at_work.approve(id_)


@contextmanager
def approving(at_work: OfficeAtWork) -> Iterator[None]:
    """Have the head approve every few seconds what waits for the head's word, so that nobody waits for long."""
    over = threading.Event()

    def approve() -> None:
        while not over.wait(5):
            at_work.now = datetime.now(UTC)
            with at_work.database.read() as reader:
                waiting = reader.connection.scalars(select(task.c.instance_id).where(task.c.status == "ready"))
                ids = sorted(set(waiting))
            for id_ in ids:
                at_work.approve(id_)

    thread = threading.Thread(target=approve)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def at_work_for(office: Office, sent: Bodies, folder: Path, people_: int, minutes: float) -> list[str]:
    """Let people work; what was wrong."""
    at_work = office.at_work
    accounts = people(at_work)
    begin(at_work, sent, accounts)
    with at_work.database.read() as reader:
        procedure = at_work.services.tasks.procedures.in_force(reader, SOP)
    names = cycle(each for each in accounts if each.startswith("pemegang"))
    forms = {}
    for element_id, _, item in STEPS:
        its = assigned(sent, (next(names), next(names)))
        forms[element_id] = procedure.form_of(element_id).posted(its[element_id, item], "id", str)
    done, crew = folder / "done", folder / "crew.json"
    done.touch()
    crew.write_text(
        json.dumps({"accounts": accounts[:people_], "password": PASSWORD, "forms": forms, "done": str(done)})
    )
    with approving(at_work):
        options = f"--headless --only-summary -u {people_} -r 2 -t {round(minutes * 60)}s --stop-timeout 30"
        to = ("--host", f"http://127.0.0.1:{office.server.port}", "--csv", str(folder / "load"))
        script = ("-f", str(Path(__file__).with_name("colleagues.py")))
        subprocess.run(
            [sys.executable, "-m", "locust", *script, *options.split(), *to],
            env={**os.environ, "ALUR_LOAD": str(crew)},
            stdout=sys.stderr,
            check=False,
        )
    return [*slow_or_wrong(folder / "load_stats.csv"), *lost(at_work, done.read_text().split())]


def slow_or_wrong(path: Path) -> Iterator[str]:
    """Say which pages were slow or answered otherwise than expected."""
    with path.open() as file:
        for row in csv.DictReader(file):
            name, many, faults, p95 = row["Name"], int(row["Request Count"]), int(row["Failure Count"]), row["95%"]
            print(f"{name:28}{many:8}{faults:6}  p50 {row['50%']:>6} ms  p95 {p95:>6} ms  p99 {row['99%']:>6} ms")
            if faults:
                yield f"{name}: {faults} of {many} failed"
            if many and float(p95) > SLOWEST:
                yield f"{name}: p95 {p95} ms"


def lost(at_work: OfficeAtWork, done: list[str]) -> Iterator[str]:
    """Say what people were told is done and is not, and which rows do not follow from the history."""
    with at_work.database.read() as reader:
        stand = reader.connection.execute(select(task.c.id, task.c.status))
        completed = {row.id for row in stand if row.status == "completed"}
        faults = prove(reader).faults
    print(
        f"{len(done)} steps completed, {len(set(done) - completed)} of them lost; {len(faults)} faults of the history"
    )
    if not done:
        yield "nobody completed anything"
    yield from (f"lost: {each}" for each in set(done) - completed)
    yield from map(str, faults)


def main() -> int:
    """Put people to work on each database; 1 if something was wrong."""
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--small", action="store_true", help="on SQLite alone")
    asked = parser.parse_args()
    sent, wrong = bodies(record()), []
    with databases(small=asked.small) as kinds:
        for kind, (maker, folder) in kinds.items():
            print(f"── {kind}: {asked.people} people, {asked.minutes:g} minutes")
            with maker.prepared(planned, folder) as url, office_served(url, folder) as office:
                found = at_work_for(office, sent, folder, asked.people, asked.minutes)
            wrong += [f"{kind}: {each}" for each in found]
    print(*wrong or ["nothing was wrong"], sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
