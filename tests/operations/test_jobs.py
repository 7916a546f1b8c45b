"""What is due is done by whichever worker is there: once, soon, and though others die over it; on each database."""

import signal
from contextlib import suppress
from datetime import UTC, datetime

import psutil
import psycopg
import pytest
from sqlalchemy import select, text

from engine.jobs.worker import Chore
from engine.service.office.monitoring import WORKER
from engine.store.database import POSTGRESQL
from engine.store.queries import jobs
from engine.store.queries import office as marks
from engine.store.tables import history, rendering
from engine.store.unit_of_work import Reader
from tests.office import OfficeAtWork
from tests.operations.harness import PATIENCE, until
from tests.service import test_printing as printing

QUICK = b'#import "/alur/naskah.typ": *\n#show: naskah\n#ambil(data, "isi")'
SLOW = QUICK + b"\n#{let x = 0\nfor i in range(1000) { for j in range(1000) { x = calc.rem(x + i * j, 7) } }\nstr(x)}"
"""A template that keeps the press busy for most of a second; of a function Typst would keep what it gave before."""


class Clerk:
    """Writes letters at an installation, beside its workers."""

    def __init__(self, installation, database):
        self.installation = installation
        self.office = OfficeAtWork(database, installation.data, now=datetime.now(UTC))

    def writes(self):
        """Issue a letter that is to be printed; its id."""
        self.office.now = datetime.now(UTC)
        instance = self.office.services.starts.start(self.office.actor("ann"), printing.PROCESS, {}, self.office.now)
        task = self.office.task(instance, "tulis")
        self.office.services.tasks.complete(self.office.actor("ann"), task, {"surat.isi": ["Halo"]}, self.office.now)
        return printing.document(self.office, instance, "surat").id

    def asked(self, query):
        with self.office.database.read() as reader:
            return reader.connection.scalars(query).all()

    def made(self, letter):
        return set(self.asked(select(rendering.c.status).where(rendering.c.document_id == letter))) == {"made"}

    def lines(self, action):
        """In which instances something was done, as often as it was."""
        return self.asked(select(history.c.instance_id).where(history.c.action == action))

    def waiting(self):
        """What has a job; nothing on SQLite."""
        if self.office.database.dialect != POSTGRESQL:
            return []
        return self.asked(select(jobs.JOBS.c.lock))

    def loses_jobs(self):
        if self.office.database.dialect == POSTGRESQL:
            with self.office.database.unguarded() as connection:
                connection.execute(text("DELETE FROM procrastinate_jobs"))


@pytest.fixture
def write(install, empty_database_url):
    """Make an office on each database that writes letters by a template, and waits for timers."""
    opened = []

    def office(template=QUICK):
        installation = install(url=empty_database_url)
        installation.prepare({"ann": "staf", "sam": "atasan", "auditor": "auditor"}, deploy=("tunggu",))
        opened.append(installation.database())
        clerk = Clerk(installation, opened[-1].__enter__())
        printing.deploy(clerk.office, printing.letter(template))
        return clerk

    yield office
    for each in opened:
        each.__exit__(None, None, None)


def works(server):
    until(lambda: '"worker started"' in server.said, "the worker is at work")
    return server


def at_it(clerk, servers, row, folder):
    """The worker that says that it is at a row."""

    def busy():
        for server in servers:
            said = folder / str(server.process.pid)
            if said.exists() and said.read_text() == row:
                return server
        return None

    return until(busy, "a worker is at the letter", every=0.01)


def test_several_workers_print_every_letter_and_fire_every_timer_once(write):
    clerk = write()
    workers = [clerk.installation.launch("worker") for _ in range(2)]
    letters = [clerk.writes() for _ in range(4)]
    for n in range(4):
        typed = {"nomor": [str(n)], "lama": ["PT1S"]}
        clerk.office.services.starts.start(clerk.office.actor("ann"), "tunggu", typed, datetime.now(UTC))
    until(lambda: all(map(clerk.made, letters)) and len(clerk.lines("timer:fired")) >= 4, "all is done")
    until(lambda: not clerk.waiting(), "no job is left")
    assert len(set(clerk.lines("timer:fired"))) == len(clerk.lines("timer:fired")) == 4
    printed = clerk.lines("document:rendered")
    assert len(printed) == len(clerk.asked(select(rendering.c.document_id)))
    assert [server.stop() for server in workers] == [0, 0]
    assert clerk.installation.command("verify").returncode == 0


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP], ids=["dies", "stands still"])
def test_a_letter_in_the_middle_of_whose_printing_a_worker_ends_is_printed_by_another(write, tmp_path, end):
    clerk = write(SLOW)
    pulses = tmp_path / "pulses"
    pulses.mkdir()
    clerk.installation.settings["ALUR_PULSE"] = str(pulses)
    workers = [works(clerk.installation.launch("worker")) for _ in range(2)]
    letter = clerk.writes()
    first = at_it(clerk, workers, letter, pulses)
    assert not clerk.made(letter)
    psutil.Process(first.process.pid).send_signal(end)
    until(lambda: clerk.made(letter), "the other worker prints it", seconds=2 * PATIENCE)
    if clerk.office.database.dialect == POSTGRESQL:
        [other] = (server for server in workers if server is not first)
        assert other.said.count('"job put back"') == 1, "whose job it was is told"
    until(lambda: not clerk.waiting(), "no job is left")
    assert len(clerk.lines("document:rendered")) == len(clerk.asked(select(rendering.c.document_id)))
    later = clerk.writes()
    until(lambda: clerk.made(later), "and it goes on")


def test_a_worker_that_only_prints_prints_and_does_nothing_else(write):
    clerk = write()
    typed = {"nomor": ["1"], "lama": ["PT0S"]}
    clerk.office.services.starts.start(clerk.office.actor("ann"), "tunggu", typed, datetime.now(UTC))
    server = works(clerk.installation.launch("worker", "--only", "cetak"))
    letters = [clerk.writes()]
    until(lambda: clerk.made(letters[0]), "the letter is printed")
    letters.append(clerk.writes())
    until(lambda: clerk.made(letters[1]), "the next one is printed")
    assert clerk.lines("timer:fired") == []
    clerk.office.hire("wati", "operator")
    health = clerk.office.services.operations.health(clerk.office.actor("wati"), datetime.now(UTC))
    assert health.worker_late, "nobody is taken for the worker that the office needs"
    assert [name.partition(":")[0] for name in health.beats if name.startswith((WORKER, "cetak"))] == ["cetak"]
    assert server.stop() == 0


def test_letters_are_printed_though_their_jobs_are_lost_or_come_too_early_or_too_late(write):
    clerk = write()
    lost = clerk.writes()
    clerk.loses_jobs()
    asked_for = clerk.writes()
    clerk.office.services.printing.make(asked_for, datetime.now(UTC))
    with clerk.office.database.unguarded() as connection:
        marks.beat(Reader(connection), marks.RESTORED, datetime.now(UTC), {})
    early = clerk.writes()
    before = clerk.lines("document:rendered")
    server = works(clerk.installation.launch("worker"))
    if clerk.waiting():
        until(lambda: not clerk.waiting(), "a copy's jobs are let go of")
    assert clerk.lines("document:rendered") == before, "a restored copy does nothing before somebody confirms it"
    assert clerk.office.services.operations.confirm_restore(datetime.now(UTC))
    until(lambda: clerk.made(lost) and clerk.made(early), "both are printed")
    until(lambda: not clerk.waiting(), "no job is left")
    assert len(clerk.lines("document:rendered")) == len(clerk.asked(select(rendering.c.document_id)))
    assert server.stop() == 0


def test_a_worker_whose_connections_are_cut_works_on(write):
    clerk = write()
    server = works(clerk.installation.launch("worker"))
    first = clerk.writes()
    until(lambda: clerk.made(first), "it prints")
    if clerk.office.database.dialect == POSTGRESQL:
        others = "pid <> pg_backend_pid() AND datname = current_database()"
        with clerk.office.database.read() as reader:
            reader.connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
    letters = [clerk.writes() for _ in range(2)]
    until(lambda: all(map(clerk.made, letters)), "it prints on")
    until(lambda: not clerk.waiting(), "no job is left")
    assert server.stop() == 0


def test_a_row_that_is_due_has_one_job_whoever_says_so_how_often(write):
    clerk = write()
    letter = clerk.writes()
    database = clerk.office.database
    for _ in range(2):
        with database.write(clerk.office.actor("ann"), datetime.now(UTC)) as work:
            jobs.due(work, jobs.PAPER, [letter, letter])
    assert clerk.waiting() == ([f"cetak:{letter}"] if database.dialect == POSTGRESQL else [])


def test_workers_are_told_of_a_letter_as_soon_as_it_is_issued_and_of_none_that_was_given_up(write):
    clerk = write()
    database = clerk.office.database
    if database.dialect != POSTGRESQL:
        pytest.skip("SQLite tells nobody")
    with psycopg.connect(**database.driver_arguments, autocommit=True) as listener:
        listener.execute('LISTEN "procrastinate_queue_v1#cetak"')
        with suppress(ZeroDivisionError), database.write(clerk.office.actor("ann"), datetime.now(UTC)) as work:
            jobs.due(work, jobs.PAPER, ["tidak jadi"])
            raise ZeroDivisionError
        letter = clerk.writes()
        assert clerk.waiting() == [f"cetak:{letter}"]
        assert len(list(listener.notifies(timeout=1))) == 1


def test_a_row_on_which_workers_died_wherever_they_ran_is_set_aside_and_then_passed_by(people_only):
    said = []
    chore = Chore(jobs.PAPER, lambda now: (), lambda row, now: bool(said.append(printing.pulse.aside())))
    worker = printing_worker(people_only)
    for died in (0, 2, 3):
        worker.do(chore, "surat-1", people_only.now, died)
    assert [bool(each) for each in said] == [False, False, True]
    with pytest.raises(TimeoutError):
        worker.do(chore, "surat-1", people_only.now, 4)
    printing.pulse.at("")


def printing_worker(office):
    from tests.service.test_timers_and_incidents import worker_of

    return worker_of(office)
