"""A power cut at any moment: what people were told is done is done, once, and work goes on.

People work through real pages while the whole server is killed again and again. Whoever loses the connection sends the
same form again, as people do. ``ALUR_KILLS`` says how often per database, ``ALUR_SEED`` repeats a run's moments.
"""

import json
import os
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest
from sqlalchemy import func, select

from engine.store.tables import history, instance, task, timer
from tests.operations.harness import AS_PEOPLE_DO, CONNECTION_LOST, Answer, Browser, Installation, until
from tests.patience import PATIENCE

KILLS = int(os.environ.get("ALUR_KILLS", "3"))
PAIRS = 3
"""How many pairs of a clerk and a head work at a time."""


@dataclass
class Load:
    """Pairs of people who write and check letters, one after the other, until they are told to go home."""

    installation: Installation
    deadline: float
    up: threading.Event = field(default_factory=threading.Event)
    going_home: threading.Event = field(default_factory=threading.Event)
    letters: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)  # instances with a timer whose start was acknowledged
    completed: list[tuple[str, str, str]] = field(default_factory=list)  # task, account, text
    broken: Counter[str] = field(default_factory=Counter)

    def work(self, pair: int) -> None:
        """Write letter after letter; each is checked by the head before the next."""
        clerk, head = (self._sign_in(f"{name}.{pair}") for name in ("staf", "atasan"))
        while not self.going_home.is_set():
            number = f"{pair}-{len(self.letters)}"
            self.letters.append(number)
            self._start(clerk, "surat", nomor=number)
            self._complete(clerk, f"staf.{pair}", number, isi=f"Isi {number}")
            self._complete(head, f"atasan.{pair}", number, catatan=f"Catatan {number}")
            waits = self._start(clerk, "tunggu", nomor=number, lama="PT1S")
            if waits.status == 303:
                self.waits.append(waits.location.rpartition("/")[2])

    def _sign_in(self, account: str) -> Browser:
        browser = Browser(self.installation.port)
        assert self._insist(lambda: browser.sign_in(account)).status == 303
        return browser

    def _start(self, browser: Browser, process_id: str, **entries: str) -> Answer:
        answer = self._insist(lambda: browser.start(process_id, **entries))
        # Whoever sends the start again after losing the answer may hear that it runs already.
        assert answer.status == 303 or (answer.status == 409 and "sudah berjalan" in answer.text), answer
        return answer

    def _complete(self, browser: Browser, account: str, number: str, **entries: str) -> None:
        found = self._insist(lambda: browser.find_task(f"Surat {number}"))
        assert found, f"{account} finds no task of letter {number}"
        answer = self._insist(lambda: browser.complete(found, **entries))
        assert (answer.status, answer.location) == (303, f"/tugas/{found}/hasil"), answer
        self.completed.append((found, account, *entries.values()))

    def _insist(self, deed):
        while True:
            assert time.monotonic() < self.deadline, "the load did not end in time"
            try:
                return deed()
            except CONNECTION_LOST as lost:
                self.broken[type(lost).__name__] += 1
                self.up.wait(PATIENCE)


def keep_killing(office: Installation, load: Load, moments: random.Random) -> None:
    """Cut the power again and again; at the end the server runs."""
    for _ in range(KILLS):
        if moments.random() < 0.3:
            starting = office.launch("serve", program=AS_PEOPLE_DO)
            time.sleep(moments.uniform(0.2, 3))
            starting.kill()
        server = office.serve()
        load.up.set()
        before = len(load.completed)
        until(lambda before=before: len(load.completed) > before, "people work")
        time.sleep(moments.uniform(0, 1.2))
        load.up.clear()
        server.kill()
        until(lambda: office.running() == [], "every process is gone")
    office.serve()
    load.up.set()


@pytest.mark.crash
def test_power_cuts_lose_nothing_that_was_acknowledged_and_do_nothing_twice(on_an_office_of_pairs):
    office = on_an_office_of_pairs
    seed = int(os.environ.get("ALUR_SEED") or random.SystemRandom().randrange(2**32))
    print(f"ALUR_SEED={seed}")
    load = Load(office, deadline=time.monotonic() + PATIENCE * (KILLS + 1))
    problems = []

    def work(pair):
        try:
            load.work(pair)
        except BaseException as problem:
            problems.append(problem)

    people = [threading.Thread(target=work, args=[pair], daemon=True) for pair in range(PAIRS)]
    for person in people:
        person.start()
    try:
        keep_killing(office, load, random.Random(seed))
        done = len(load.completed)
        until(lambda: problems or len(load.completed) >= done + PAIRS, "people go on working")
    finally:
        load.going_home.set()
    for person in people:
        person.join(PATIENCE)
    assert not problems, problems
    assert not any(person.is_alive() for person in people)
    print(f"{len(load.letters)} letters, {len(load.completed)} completions, lost connections: {dict(load.broken)}")
    assert load.broken, "no kill met anybody at work"

    until(lambda: waiting(office) == 0, "every timer fires")
    office.end()
    assert office.running() == []
    verified = office.command("verify")
    assert verified.returncode == 0, verified
    assert_all_is_there_once(office, load)


def waiting(office):
    """How many timers wait."""
    with office.database() as database, database.read() as reader:
        return reader.connection.scalar(select(func.count()).select_from(timer))


def assert_all_is_there_once(office, load):
    with office.database() as database, database.read() as reader:
        rows = reader.connection.execute(select(task)).all()
        lines = reader.connection.execute(
            select(history.c.action, history.c.task_id, history.c.instance_id, history.c.actor, history.c.change)
        ).all()
        instances = reader.connection.execute(select(instance)).all()
    tasks = {row.id: row for row in rows}
    completions = [line for line in lines if line.action == "task:completed"]
    said = {line.task_id: (line.actor, *json.loads(line.change)["values"].values()) for line in completions}

    lost = [done for done in load.completed if tasks[done[0]].status != "completed" or said.get(done[0]) != done[1:]]
    assert not lost, "acknowledged, but not kept"
    assert len(said) == len(completions), "a completion was recorded twice"
    assert said.keys() == {row.id for row in rows if row.status == "completed"}
    twice = [key for key, n in Counter((row.instance_id, row.element_id) for row in rows).items() if n > 1]
    assert not twice, "a step was opened twice"

    letters = [row for row in instances if row.process_id == "surat"]
    assert Counter(row.title for row in letters) == Counter(f"Surat {number}" for number in load.letters)
    assert {row.status for row in letters} == {"completed"}
    fired = Counter(line.instance_id for line in lines if line.action == "timer:fired")
    waits = {row.id for row in instances if row.process_id == "tunggu"}
    assert set(load.waits) <= waits
    assert fired == dict.fromkeys(waits, 1), "each timer fires once"


@pytest.fixture
def on_an_office_of_pairs(install, empty_database_url):
    """An office on each database with a clerk and a head for each pair, served by two web workers."""
    office = install(url=empty_database_url, settings={"ALUR_WORKERS": "2"})
    office.prepare({f"{role}.{pair}": role for role in ("staf", "atasan") for pair in range(PAIRS)})
    return office
