"""Timers fire by themselves, also those that came due while nothing ran."""

from datetime import UTC, datetime

from sqlalchemy import func, select

from engine.store.tables import history, timer
from tests.operations.harness import until


def ask(installation, query):
    """Return the one value of a query."""
    with installation.database() as database, database.read() as reader:
        return reader.connection.scalar(query)


def fired(installation):
    """How many timers have fired."""
    return ask(installation, select(func.count()).where(history.c.action == "timer:fired"))


def test_a_timer_fires_with_nobody_asking(on_each_database):
    server = on_each_database.serve()
    ani = on_each_database.sign_in("ani")
    assert ani.start("tunggu", nomor="001", lama="PT1S").status == 303
    until(lambda: fired(on_each_database), "the timer fires")
    assert len(ani.tasks("001", "bersama")) == 1, "the step after it is in the inbox"
    assert server.stop() == 0
    assert fired(on_each_database) == 1


def test_a_timer_that_came_due_while_nothing_ran_fires_after_the_start(on_each_database):
    server = on_each_database.serve()
    ani = on_each_database.sign_in("ani")
    assert ani.start("tunggu", nomor="001", lama="PT3S").status == 303
    server.kill()
    due = ask(on_each_database, select(timer.c.due_at))
    assert fired(on_each_database) == 0
    until(lambda: datetime.now(UTC) > due, "the timer comes due")
    on_each_database.serve()
    until(lambda: fired(on_each_database), "the timer fires")
    assert len(ani.tasks("001", "bersama")) == 1
