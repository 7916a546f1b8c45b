"""The worker checks the record at night, after a start and when asked, in slices; what it found is on the pages."""

import json
import os
import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy import update

from engine import pulse
from engine.model.errors import Busy, NotPermitted
from engine.service.history import integrity
from engine.service.history.integrity import Checks
from engine.service.history.timelines import HistoryFilter
from engine.store import proof
from engine.store.chains import Walk
from engine.store.database import open_database
from engine.store.tables import history
from tests.store.test_history import tampering


def sweeps(office, at, worker="worker:a:1"):
    """Let a worker go on once a second until it has nothing to do; how often."""
    count = 0
    while at.sweep(worker, office.now):
        office.later(seconds=1)
        count += 1
        assert count < 500
    return count


@pytest.fixture
def worker(office, monkeypatch):
    """The part of a worker that checks, in slices of ten lines."""
    monkeypatch.setattr(integrity, "AT_ONCE", 10)
    return Checks(office.database, office.services.office)


def test_the_record_is_checked_after_a_start_at_night_and_when_somebody_asks(office, worker):
    auditor = office.actor("auditor")
    assert worker.last(auditor).report is None
    assert sweeps(office, worker) > 3, "in slices"
    first = worker.last(auditor)
    assert (first.report.sound, first.asked) == (True, False)
    assert first.report.lines > 30
    assert not sweeps(office, worker), "it is not night"
    office.now = office.now.replace(hour=18, minute=30)  # 01.30 in the office, of the next day
    assert sweeps(office, worker)
    assert not sweeps(office, worker), "once a night"
    office.later(hours=10)
    assert not sweeps(office, worker)
    assert sweeps(office, Checks(office.database, office.services.office)), "after a start"
    worker.ask(auditor, office.now)
    assert worker.last(auditor).asked
    assert sweeps(office, worker)
    assert worker.last(auditor).ended_at > first.ended_at


def test_a_check_that_found_faults_stays_in_history_when_a_later_one_finds_none(office, worker):
    auditor, instance = office.actor("auditor"), office.start()
    with tampering(office.database) as connection:
        lines = update(history).where(history.c.instance_id == instance, history.c.seq == 1)
        connection.execute(lines.values(actor="orang.lain"))
    sweeps(office, worker)
    with tampering(office.database) as connection:
        connection.execute(lines.values(actor="kepala.dinas"))
    assert sweeps(office, Checks(office.database, office.services.office)), "after a start, though within the hour"
    for _ in range(12):
        worker.ask(auditor, office.now)
        sweeps(office, worker)
    asked = HistoryFilter(action="integrity:checked")
    lines = office.services.histories.everything(auditor, asked).lines
    assert [json.loads(line.change)["faults"] for line in lines] == [0] * 13 + [1]
    assert json.loads(lines[-1].change)["first"][0]["stream"] == f"instance:{instance}"
    assert len(worker.last(auditor).earlier) == 10


def test_one_worker_checks_at_a_time_and_another_takes_up_what_was_left(office, worker):
    assert worker.sweep("worker:a:1", office.now)
    assert not worker.sweep("worker:b:2", office.now)
    assert worker.last(office.actor("operator")).passed == 10
    office.later(minutes=3)
    assert sweeps(office, worker, "worker:b:2")
    assert worker.last(office.actor("operator")).report.sound


def test_what_was_tampered_with_is_found(office, worker):
    instance = office.start()
    office.tampered = True
    with tampering(office.database) as connection:
        connection.execute(update(history).where(history.c.instance_id == instance).values(actor="orang.lain"))
    sweeps(office, worker)
    found = worker.last(office.actor("auditor"))
    (fault,) = found.report.faults
    [(at, told)] = found.earlier
    assert (at, told["faults"], told["first"][0]["stream"]) == (found.ended_at, 1, fault.stream)
    assert (fault.stream, fault.seq, fault.kind) == (f"instance:{instance}", 1, "content")


def test_only_auditor_and_operator_know_and_ask(office, worker):
    for ask in (worker.last, lambda actor: worker.ask(actor, office.now + timedelta(seconds=1))):
        with pytest.raises(NotPermitted):
            ask(office.actor("sekretaris"))


def test_a_check_says_that_it_lives_while_it_reads_a_stream_however_long(office, worker, monkeypatch, tmp_path):
    """The supervisor kills a worker that is silent for long; one that hears a long stream is not."""
    monkeypatch.setenv(pulse.PLACE, str(tmp_path))
    pulse.beat()
    [file] = tmp_path.glob(str(os.getpid()))
    walk = Walk()
    with office.database.read() as reader:
        while not walk.chained:
            proof.advance(reader, walk, 1_000)
        os.utime(file, (1, 1))
        assert proof.advance(reader, walk, 1_000)
    assert file.stat().st_mtime > 1
    assert walk.report.sound


def test_the_rows_of_few_streams_are_compared_at_once_if_their_lines_are_many(office, worker):
    walk, slices = Walk(), []
    with office.database.read() as reader:
        while not walk.chained:
            proof.advance(reader, walk, 10)
        while not proof.advance(reader, walk, 10):
            slices.append(walk.proved)
    assert len(set(slices)) == len(slices) > 2
    assert walk.report.sound


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)  # one file, which another program can lock
def test_a_check_that_finds_the_database_busy_goes_on_later_and_finds_no_fault(office, worker):
    impatient = open_database(f"sqlite:///{office.database.path}", office.data_dir, busy_timeout=0.1)
    beside = Checks(impatient, office.services.office)
    assert beside.sweep("worker:a:1", office.now)
    other = sqlite3.connect(office.database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy):
        beside.sweep("worker:a:1", office.now)
    other.close()
    sweeps(office, beside)
    impatient.close()
    assert worker.last(office.actor("auditor")).report.sound
