"""The version of the database schema: migration to it, and checks of it."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from engine.model.errors import SetupError
from engine.store.database import Database
from engine.store.tables import metadata
from engine.store.triggers import create_triggers, verify_triggers

MIGRATIONS = Path(__file__).parent / "migrations"
BESIDE = ("procrastinate_", "search_")
"""Tables that are not part of the office's record: jobs, and the index of the search."""


def migrate(database: Database) -> str:
    """Migrate *database* to the schema of this release, in one transaction, and return the version."""
    with database.unguarded(foreign_keys=False) as connection:
        found = version_of(connection)
        _refuse_unknown(found, database.place)
        if found != latest_version():
            upgrade(connection, "head")
        create_triggers(connection)
    return latest_version()


def upgrade(connection: Connection, version: str) -> None:
    """Run the revisions up to *version* in the open transaction; the caller makes the triggers."""
    from alembic import command  # noqa: PLC0415 - as slow to load as half of what most starts need without it
    from alembic.config import Config  # noqa: PLC0415

    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    configuration.set_main_option("path_separator", "os")
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, version)


def latest_version() -> str:
    """Return the version of this release."""
    return versions()[-1]


def versions() -> tuple[str, ...]:
    """Return all versions that this release knows, oldest first, by the names of the revision files."""
    return tuple(sorted(path.name.partition("_")[0] for path in MIGRATIONS.glob("versions/0*.py")))


def schema_version(database: Database) -> str | None:
    """Return the schema version of *database*; None if it has no schema yet."""
    with database.read() as reader:
        return version_of(reader.connection)


def version_of(connection: Connection) -> str | None:
    """Return the schema version; None if there is no schema yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def check_schema(database: Database) -> None:
    """Raise SetupError unless *database* has the schema and the history triggers of this release; at every start."""
    with database.read() as reader:
        found = version_of(reader.connection)
        _refuse_unprepared(found, database.place)
        _refuse_unknown(found, database.place)
        if found != latest_version():
            raise SetupError("database_older", place=database.place, found=found)
        verify_triggers(reader.connection)


def check_prepared(database: Database) -> None:
    """Raise SetupError if *database* has no schema; check neither version nor triggers."""
    _refuse_unprepared(schema_version(database), database.place)


def comparison() -> dict[str, Any]:
    """Return the options of Alembic for running revisions, and for comparing the schema with the tables."""
    return {
        "target_metadata": metadata,
        "render_as_batch": True,  # SQLite cannot alter a column: Alembic copies the table
        "compare_type": True,
        "include_object": lambda _, name, kind, *__: not (kind == "table" and name.startswith(BESIDE)),
        "transactional_ddl": True,
    }


def _refuse_unprepared(found: str | None, place: str) -> None:
    if found is None:
        raise SetupError("database_empty", place=place)


def _refuse_unknown(found: str | None, place: str) -> None:
    if found is not None and found not in versions():
        raise SetupError("database_newer", place=place, found=found)
