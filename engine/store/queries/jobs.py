"""Jobs of Procrastinate (PostgreSQL) for rows that are due, written in the transaction that makes them due.

A trigger notifies the workers on commit. A job only wakes a worker; one that finds the row no longer due does nothing.
A row has one waiting job at most (queueing lock) and one running (lock), and none is added while there is one. The
worker's sweep adds jobs for due rows without one. On SQLite there are no jobs, only the sweep.

The insert is our own, because ``procrastinate_defer_jobs_v1`` raises an error if a job waits already.
"""

from collections.abc import Iterable

from sqlalchemy import Column, Integer, MetaData, String, Table, bindparam, exists, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert

from engine.store.driver_statements import Prepared
from engine.store.queries import Transaction

TIMER, MESSAGE, PAPER, BERKAS, TELLING = "timer", "pesan", "cetak", "berkas", "kabar"
PRIORITIES = {TIMER: 30, MESSAGE: 20, PAPER: 10, BERKAS: 0, TELLING: -10}
"""Initial priorities. Each worker that dies on a job lowers its priority by one, which counts these workers."""
NAMES = ("queue_name", "task_name", "lock", "queueing_lock")
JOBS = Table(
    "procrastinate_jobs",
    MetaData(),  # not that of the office, so never in a backup
    *(Column(name, String) for name in NAMES),
    Column("priority", Integer),
    Column("args", JSONB),
)
NEW = select(*(bindparam(f"its_{column.name}", type_=column.type) for column in JOBS.c))
DEFER = Prepared(
    insert(JOBS)
    .from_select(list(JOBS.c), NEW.where(~exists().where(JOBS.c.lock == bindparam("its_lock"))))
    .on_conflict_do_nothing(index_elements=["queueing_lock"], index_where=text("status = 'todo'"))
)


def due(tx: Transaction, kind: str, ids: Iterable[str]) -> None:
    """Add jobs for rows, to be done in this order after the commit."""
    rows = tuple(dict.fromkeys(ids))
    if rows and tx.connection.dialect.name == "postgresql":
        its = {"its_queue_name": kind, "its_task_name": kind, "its_priority": PRIORITIES[kind]}
        locks = [(row, f"{kind}:{row}") for row in rows]
        new = [its | {"its_args": {"row": row}, "its_lock": lock, "its_queueing_lock": lock} for row, lock in locks]
        DEFER.run(tx.connection, new)
