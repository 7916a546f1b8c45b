"""Database triggers that keep history append-only for all clients.

Alembic's batch mode drops them when it rebuilds the table, so they are created after every migration and verified at
every start. The owner of the database can disable them; only the hash chain reveals changes then.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from engine.model.errors import SetupError
from engine.store.database_errors import LINE_EXISTS

APPEND_ONLY = "alur: history is append-only"

# Without recursive_triggers, REPLACE deletes the old line without firing a DELETE trigger. It replaces by any unique
# key, including the hidden rowid; NEW.rowid is -1 if the statement does not name it.
SQLITE = {
    "history_no_update": f"""CREATE TRIGGER history_no_update BEFORE UPDATE ON history
BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY}'); END""",
    "history_no_delete": f"""CREATE TRIGGER history_no_delete BEFORE DELETE ON history
BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY}'); END""",
    "history_no_replace": f"""CREATE TRIGGER history_no_replace BEFORE INSERT ON history
WHEN EXISTS (SELECT 1 FROM history WHERE stream = NEW.stream AND seq = NEW.seq)
OR EXISTS (SELECT 1 FROM history WHERE rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, '{LINE_EXISTS}'); END""",  # noqa: S608 (our own constant)
}

FUNCTION = "alur_refuse_history_change"
FUNCTION_BODY = f"BEGIN RAISE EXCEPTION '{APPEND_ONLY}'; END"
POSTGRESQL = {
    "history_no_change": "BEFORE DELETE OR UPDATE ON history FOR EACH ROW",
    "history_no_truncate": "BEFORE TRUNCATE ON history FOR EACH STATEMENT",
}


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger as stored in the database."""

    definition: str
    always: bool = True  # fires in every session_replication_role


def create_triggers(connection: Connection) -> None:
    """Create all triggers, replacing others on history; after each migration, in its transaction."""
    execute = connection.exec_driver_sql
    for name in _found(connection):
        execute(f'DROP TRIGGER "{name}"' + ("" if _on_sqlite(connection) else " ON history"))
    if _on_sqlite(connection):
        for definition in SQLITE.values():
            execute(definition)
        return
    execute(f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $${FUNCTION_BODY}$$")
    for name, when in POSTGRESQL.items():
        execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {FUNCTION}()")
        execute(f"ALTER TABLE history ENABLE ALWAYS TRIGGER {name}")


def verify_triggers(connection: Connection) -> None:
    """Raise SetupError unless history is protected exactly as expected."""
    found, expected = _found(connection), _expected(connection)
    wrong = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    wrong += _beside(connection)
    if wrong or not _function_is_ours(connection):
        raise SetupError("triggers_changed", names=", ".join(wrong) or FUNCTION)


def _on_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _expected(connection: Connection) -> Mapping[str, Trigger]:
    if _on_sqlite(connection):
        return {name: Trigger(definition) for name, definition in SQLITE.items()}
    return {
        name: Trigger(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {FUNCTION}()")
        for name, when in POSTGRESQL.items()
    }


def _found(connection: Connection) -> Mapping[str, Trigger]:
    if _on_sqlite(connection):
        rows = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = 'history'"
        )
        return {name: Trigger(sql) for name, sql in rows}
    rows = connection.exec_driver_sql(
        "SELECT tgname, pg_get_triggerdef(oid, true), tgenabled = 'A' FROM pg_trigger "
        "WHERE tgrelid = to_regclass('history') AND NOT tgisinternal"
    )
    return {name: Trigger(definition, always) for name, definition, always in rows}


def _beside(connection: Connection) -> list[str]:
    """Return what can bypass the triggers on PostgreSQL: rules, row level security, inheriting tables."""
    if _on_sqlite(connection):
        return []
    rules = "SELECT rulename::text FROM pg_rewrite WHERE ev_class = to_regclass('history')"
    hidden = "SELECT 'row level security' FROM pg_class WHERE oid = to_regclass('history') AND relrowsecurity"
    heirs = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = to_regclass('history')"
    return list(connection.exec_driver_sql(f"{rules} UNION {hidden} UNION {heirs} ORDER BY 1").scalars())


def _function_is_ours(connection: Connection) -> bool:
    if _on_sqlite(connection):
        return True
    query = text("SELECT prosrc FROM pg_proc WHERE oid = to_regproc(:name)")
    return bool(connection.scalar(query, {"name": FUNCTION}) == FUNCTION_BODY)
