"""Translates errors of the databases: try again, somebody was faster, or the operator must act."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from engine.model.errors import AlurError, Busy, Conflict, SetupError

LINE_EXISTS = "alur: history line exists"
"""Message of the trigger that refuses a second line with the same number (``engine.store.triggers``)."""

PG_BUSY = {
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
    "55P03",  # lock_not_available
    "57014",  # query_canceled, by statement_timeout
    "53300",  # too_many_connections
    "25P03",  # idle_in_transaction_session_timeout
}
PG_FULL = {"53100", "53200"}  # disk_full, out_of_memory
PG_READ_ONLY = {"25006", "42501"}  # read_only_sql_transaction, insufficient_privilege
PG_GONE = {"57P01", "57P02", "57P03", "57P05"}
PG_UNIQUE = "23505"


@contextmanager
def in_words(place: str) -> Iterator[None]:
    """Raise errors of the database as those of ``engine.model.errors``; *place* names the database.

    Others (a foreign key, a missing value, wrong SQL) are programming errors and are raised unchanged.
    """
    try:
        yield
    except (exc.SQLAlchemyError, sqlite3.Error) as error:
        meant = meaning(error, place)
        if meant is None:
            raise
        raise meant from error


def meaning(error: Exception, place: str) -> AlurError | None:
    """Return the translation of *error*; None if it is a programming error."""
    if isinstance(error, exc.TimeoutError):  # no free connection in the pool
        return Busy("pool")
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _meaning_on_sqlite(cause, place)
    if isinstance(error, exc.DBAPIError):
        return _meaning_on_postgresql(error, place)
    return None


def _meaning_on_sqlite(cause: sqlite3.Error, place: str) -> AlurError | None:
    code = getattr(cause, "sqlite_errorname", "")
    match code.split("_")[1] if "_" in code else "":
        case "BUSY" | "LOCKED":
            return Busy("locked")
        case "FULL":
            return SetupError("disk_full", place=place)
        case "READONLY" | "PERM":
            return SetupError("database_not_writable", place=place)
        case "CANTOPEN":
            return SetupError("database_closed_to_us", place=place)
        case "IOERR":
            return SetupError("disk_fails", place=place)
        case "CORRUPT" | "NOTADB":
            return SetupError("database_damaged", place=place)
        case "CONSTRAINT":
            text = str(cause)
            if LINE_EXISTS in text:
                return Conflict("stale")
            if code in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"):
                return _duplicate(text.rpartition(": ")[2].partition(".")[0])
    return None


def _meaning_on_postgresql(error: exc.DBAPIError, place: str) -> AlurError | None:
    state = getattr(error.orig, "sqlstate", None)
    if state == PG_UNIQUE:
        return _duplicate(getattr(getattr(error.orig, "diag", None), "table_name", None) or "")
    if state in PG_BUSY:
        return Busy("locked")
    if state in PG_FULL:
        return SetupError("disk_full", place=place)
    if state in PG_READ_ONLY:
        return SetupError("database_not_writable", place=place)
    lost = error.connection_invalidated or state in PG_GONE or (state or "").startswith("08")
    if lost or (isinstance(error, exc.OperationalError) and state is None):
        reason = str(error.orig).strip().splitlines()[0].rstrip(".") if str(error.orig).strip() else "tanpa keterangan"
        return SetupError("database_not_reached", place=place, reason=reason)
    return None


def _duplicate(table: str) -> Conflict:
    return Conflict("stale") if table == "history" else Conflict("duplicate", table=table)
