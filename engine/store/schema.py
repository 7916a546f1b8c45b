"""The schema's version: migrating a database to it, and refusing one that stands elsewhere."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from engine.model.errors import SetupError
from engine.store.database import Database
from engine.store.tables import metadata
from engine.store.triggers import create_triggers, verify_triggers

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(database: Database) -> str:
    """Bring *database* to this release's schema, all or nothing, and return the version; a second caller waits."""
    with database.unguarded(foreign_keys=False) as connection:
        found = version_of(connection)
        _refuse_unknown(found, database.place)
        upgrade(connection, "head")
        create_triggers(connection)
    return latest_version()


def upgrade(connection: Connection, version: str) -> None:
    """Run the revisions up to *version* in the open transaction; the triggers are the caller's."""
    configuration = _configuration()
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, version)


def latest_version() -> str:
    """Return the version that this release works with."""
    head = ScriptDirectory.from_config(_configuration()).get_current_head()
    if head is None:
        raise RuntimeError(f"no revisions in {MIGRATIONS}")
    return head


def versions() -> tuple[str, ...]:
    """Return every version that this release knows, oldest first."""
    revisions = ScriptDirectory.from_config(_configuration()).walk_revisions()
    return tuple(revision.revision for revision in revisions)[::-1]


def schema_version(database: Database) -> str | None:
    """Return the version at which *database* stands; None if it has no schema yet."""
    with database.read() as reader:
        return version_of(reader.connection)


def version_of(connection: Connection) -> str | None:
    """Return the version of the schema behind *connection*."""
    return MigrationContext.configure(connection).get_current_revision()


def check_schema(database: Database) -> None:
    """Refuse a database that is not at this release's schema, or whose history is not protected; at every start."""
    with database.read() as reader:
        found = version_of(reader.connection)
        _refuse_unprepared(found, database.place)
        _refuse_unknown(found, database.place)
        if found != latest_version():
            raise SetupError("database_older", place=database.place, found=found)
        verify_triggers(reader.connection)


def check_prepared(database: Database) -> None:
    """Refuse a database without a schema, whatever the version and the triggers of one that has it."""
    _refuse_unprepared(schema_version(database), database.place)


def comparison() -> dict[str, Any]:
    """Return how revisions are run and how the schema is compared with the tables of ``engine.store.tables``."""
    return {
        "target_metadata": metadata,
        "render_as_batch": True,  # SQLite cannot alter a column: Alembic copies the table
        "compare_type": True,
        "transactional_ddl": True,
    }


def _refuse_unprepared(found: str | None, place: str) -> None:
    if found is None:
        raise SetupError("database_empty", place=place)


def _refuse_unknown(found: str | None, place: str) -> None:
    if found is not None and found not in versions():
        raise SetupError("database_newer", place=place, found=found)


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    configuration.set_main_option("path_separator", "os")
    return configuration
