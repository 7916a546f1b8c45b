"""The processes of one server: what dies or hangs is started again, and nothing outlives the supervisor."""

import signal
import socket

import psutil
import pytest

from tests.operations.harness import AS_PEOPLE_DO, PATIENCE, until

ENDED = PATIENCE
"""Seconds within which processes that lost their supervisor are gone: one may have to load what it is made of first."""
IMPATIENT = ("-c", "from engine import __main__ as alur, serving; serving.COMPUTING = 3.0; alur.main()")
"""Alur, with a supervisor that lets nobody compute for twice as long without a word."""


def worker_of(installation, but=None):
    """Wait for the worker child, another one than *but*, to be at work."""

    def at_work():
        found = installation.child("worker")
        return found if found is not None and found != but else None

    return until(at_work, "a worker child runs")


def web_worker_of(installation, server, but=None):
    """Wait for a web worker, another one than *but*."""
    known = {server.process.pid, but and but.pid}

    def serving():
        every = [p for p, command in installation.commands() if p.pid not in known and "worker" not in command]
        return every[0] if every else None

    return until(serving, "a web worker runs")


def test_a_worker_that_dies_is_started_again_and_does_its_work(installation):
    server = installation.serve(program=AS_PEOPLE_DO)
    ani = installation.sign_in("ani")
    first = worker_of(installation)
    first.kill()
    second = worker_of(installation, but=first)
    assert second.ppid() == server.process.pid
    assert ani.start("tunggu", nomor="001", lama="PT1S").status == 303
    until(lambda: ani.tasks("001", "bersama"), "the new worker fires the timer")
    until(lambda: not first.is_running() or first.status() == psutil.STATUS_ZOMBIE, "the first one is gone")
    assert "worker died, starting it again" in server.said


def test_a_web_worker_that_dies_is_started_again_and_sessions_go_on(installation):
    server = installation.serve(program=AS_PEOPLE_DO)
    ani = installation.sign_in("ani")
    first = web_worker_of(installation, server)
    first.kill()
    web_worker_of(installation, server, but=first)
    until(server.answers, "the new web worker answers")
    assert ani.get("/tugas").status == 200


def test_processes_that_stand_still_are_replaced_and_work_goes_on(installation):
    server = installation.serve(program=AS_PEOPLE_DO)
    ani = installation.sign_in("ani")
    worker, web = worker_of(installation), web_worker_of(installation, server)
    until(lambda: '"worker started"' in server.said, "the worker is at work")
    worker.suspend()
    web.suspend()
    worker_of(installation, but=worker)
    web_worker_of(installation, server, but=web)
    until(server.answers, "the new web worker answers")
    assert ani.start("tunggu", nomor="001", lama="PT1S").status == 303
    until(lambda: ani.tasks("001", "bersama"), "the new worker fires the timer")
    assert server.said.count("process hangs, replacing it") == 2


def test_a_row_on_which_two_workers_ended_is_an_incident_and_everything_else_goes_on(install, empty_database_url):
    office = install(url=empty_database_url)
    office.prepare(deploy=("hitung",))
    server = office.serve(program=IMPATIENT)
    ani = office.sign_in("ani")
    for number in ("tanpa akhir", "007"):
        assert ani.start("hitung", nomor=number, lama="PT1S").status == 303
    until(lambda: ani.tasks("007", "bersama"), "the other timer fires", seconds=5 * PATIENCE)
    operator = office.sign_in("operator")
    until(lambda: "macet dua kali karenanya" in operator.get("/insiden").text, "it is set aside", seconds=5 * PATIENCE)
    assert server.said.count("process hangs, replacing it") == 2
    assert "in hasil_dari" in server.said, "where it hung is told"
    until(lambda: "hidup" in operator.get("/operasi").text, "the worker is said to live")


@pytest.mark.parametrize("moment", ["a visitor never ends a request", "the worker is only starting"])
def test_nothing_outlives_a_supervisor_that_was_killed(installation, moment):
    installation.settings["ALUR_WORKERS"] = "2"
    server = installation.serve(program=AS_PEOPLE_DO)
    if moment != "the worker is only starting":
        until(lambda: '"worker started"' in server.said, "the worker child is at work")
    with socket.create_connection(("127.0.0.1", installation.port)) as visitor:
        visitor.sendall(b"GET /masuk HTTP/1.1\r\nHost: kantor\r\n" + (b"" if "visitor" in moment else b"\r\n"))
        orphans = [p for p in installation.running() if p.pid != server.process.pid]
        assert len(orphans) == 3, orphans
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(ENDED)
        until(lambda: installation.running() == [], "every child is gone", seconds=ENDED)
    until(installation.port_is_free, "the port is free", seconds=ENDED)
    assert "Traceback" not in server.said
